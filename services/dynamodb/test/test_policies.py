"""Resource policies of tables: kept with a revision, and asked when another account comes."""
import json

from services.dynamodb.test.ddb_tables import refusal


def test_a_policy_has_a_revision(dynamodb, table):
    name = table()
    arn = dynamodb.describe_table(TableName=name)["Table"]["TableArn"]
    assert refusal(dynamodb.get_resource_policy, ResourceArn=arn)[0] == "PolicyNotFoundException"
    policy = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::444455556666:root"},
                                                                 "Action": "dynamodb:GetItem", "Resource": arn}]})
    revision = dynamodb.put_resource_policy(ResourceArn=arn, Policy=policy, ExpectedRevisionId="NO_POLICY")["RevisionId"]
    assert dynamodb.get_resource_policy(ResourceArn=arn)["Policy"] == policy
    assert refusal(dynamodb.put_resource_policy, ResourceArn=arn, Policy=policy, ExpectedRevisionId="1")[0] == "PolicyNotFoundException"
    assert dynamodb.delete_resource_policy(ResourceArn=arn)["RevisionId"] == revision
    assert refusal(dynamodb.get_resource_policy, ResourceArn=arn)[0] == "PolicyNotFoundException"


def test_another_account_needs_the_policy(brume, dynamodb, table):
    name = table()
    arn = dynamodb.describe_table(TableName=name)["Table"]["TableArn"]
    dynamodb.put_item(TableName=arn, Item={"p": {"S": "x"}})
    stranger = brume.client("dynamodb", account="444455556666")
    ask = dict(TableName=arn, Key={"p": {"S": "x"}})
    assert refusal(stranger.get_item, **ask)[0] == "AccessDeniedException"
    dynamodb.put_resource_policy(ResourceArn=arn, Policy=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::444455556666:root"}, "Action": "dynamodb:GetItem", "Resource": arn}]}))
    assert stranger.get_item(**ask)["Item"] == {"p": {"S": "x"}}
    assert refusal(stranger.put_item, TableName=arn, Item={"p": {"S": "y"}})[0] == "AccessDeniedException"
