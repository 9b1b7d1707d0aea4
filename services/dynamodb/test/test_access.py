"""Fine-grained access control: what policies may say about keys, attributes and forms of a request."""
import json

import pytest

from services.dynamodb.test.ddb_tables import index, make_table, refusal

DENIED = "AccessDeniedException"


@pytest.fixture(scope="module")
def scores(dynamodb):
    """A table as the guide's example has it: (name, ARN), with two users' items."""
    name = make_table(dynamodb, "UserId:S Game:S", ("UserId", "Game"), GlobalSecondaryIndexes=[index("by-game", "Game", "UserId")])
    for user in ("ann", "bob"):
        dynamodb.put_item(TableName=name, Item={"UserId": {"S": user}, "Game": {"S": "chess"}, "Top": {"N": "1"}, "Note": {"S": "x"}})
    return name, dynamodb.describe_table(TableName=name)["Table"]["TableArn"]


@pytest.fixture
def user(user_with):
    """user(arn, condition, actions, effect) -> a DynamoDB client of a new user with that statement."""
    def make(arn, condition, actions="dynamodb:*", effect="Allow"):
        statements = [{"Effect": effect, "Action": actions, "Resource": "*" if arn == "*" else [arn, f"{arn}/index/*"], "Condition": condition}]
        if effect == "Deny":
            statements.append({"Effect": "Allow", "Action": "dynamodb:*", "Resource": "*"})
        return user_with(*statements)
    return make


def key(who):
    return {"UserId": {"S": who}, "Game": {"S": "chess"}}


def test_leading_keys(scores, user):
    name, arn = scores
    ann = user(arn, {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["ann"]}, "Null": {"dynamodb:LeadingKeys": "false"}})
    assert ann.get_item(TableName=name, Key=key("ann"))["Item"]["UserId"] == {"S": "ann"}
    ann.update_item(TableName=name, Key=key("ann"), UpdateExpression="SET Seen = :t", ExpressionAttributeValues={":t": {"BOOL": True}})
    assert refusal(ann.get_item, TableName=name, Key=key("bob"))[0] == DENIED
    assert refusal(ann.put_item, TableName=name, Item={**key("bob"), "Top": {"N": "9"}})[0] == DENIED
    assert refusal(ann.delete_item, TableName=name, Key=key("bob"))[0] == DENIED
    assert refusal(ann.scan, TableName=name)[0] == DENIED  # a scan has no leading key

    def query(who, **more):
        return dict(TableName=name, KeyConditionExpression="#u = :u", ExpressionAttributeNames={"#u": "UserId"},
                    ExpressionAttributeValues={":u": {"S": who}}, **more)
    assert ann.query(**query("ann"))["Count"] == 1
    assert refusal(ann.query, **query("bob"))[0] == DENIED
    older = {"UserId": {"AttributeValueList": [{"S": "bob"}], "ComparisonOperator": "EQ"}}
    assert refusal(ann.query, TableName=name, KeyConditions=older)[0] == DENIED
    # of an index it is the index's key
    of_game = dict(TableName=name, IndexName="by-game", KeyConditionExpression="Game = :g", ExpressionAttributeValues={":g": {"S": "chess"}})
    assert refusal(ann.query, **of_game)[0] == DENIED


def test_leading_keys_of_each_entry(scores, user):
    name, arn = scores
    ann = user(arn, {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["ann"]}, "Null": {"dynamodb:LeadingKeys": "false"}})
    assert ann.batch_get_item(RequestItems={name: {"Keys": [key("ann")]}})["Responses"][name]
    assert refusal(ann.batch_get_item, RequestItems={name: {"Keys": [key("ann"), key("bob")]}})[0] == DENIED
    put = {"PutRequest": {"Item": {**key("bob"), "Top": {"N": "9"}}}}
    assert refusal(ann.batch_write_item, RequestItems={name: [put]})[0] == DENIED
    ann.transact_write_items(TransactItems=[{"Put": {"TableName": name, "Item": {**key("ann"), "Top": {"N": "2"}}}}])
    check = {"ConditionCheck": {"TableName": name, "Key": key("bob"), "ConditionExpression": "attribute_exists(Game)"}}
    assert refusal(ann.transact_write_items, TransactItems=[check])[0] == DENIED
    assert refusal(ann.transact_get_items, TransactItems=[{"Get": {"TableName": name, "Key": key("bob")}}])[0] == DENIED
    mine = f"SELECT * FROM \"{name}\" WHERE UserId = 'ann'"
    assert len(ann.execute_statement(Statement=mine)["Items"]) == 1
    assert refusal(ann.execute_statement, Statement=mine.replace("ann", "bob"))[0] == DENIED
    assert refusal(ann.execute_statement, Statement=f"SELECT * FROM \"{name}\" WHERE UserId IN ['ann', 'bob']")[0] == DENIED
    assert refusal(ann.execute_statement, Statement=f"INSERT INTO \"{name}\" VALUE {{'UserId': 'bob', 'Game': 'go'}}")[0] == DENIED


def test_attributes_and_select(scores, user):
    name, arn = scores
    reader = user(arn, {"ForAllValues:StringEquals": {"dynamodb:Attributes": ["UserId", "Game", "Top"]},
                        "StringEqualsIfExists": {"dynamodb:Select": "SPECIFIC_ATTRIBUTES", "dynamodb:ReturnValues": ["NONE", "UPDATED_NEW"]}})
    one = dict(TableName=name, Key=key("bob"))
    assert reader.get_item(**one, ProjectionExpression="UserId, Top")["Item"] == {"UserId": {"S": "bob"}, "Top": {"N": "1"}}
    assert reader.get_item(**one, AttributesToGet=["Top"])["Item"] == {"Top": {"N": "1"}}
    for more in ({}, {"ProjectionExpression": "Note"}, {"ProjectionExpression": "#n", "ExpressionAttributeNames": {"#n": "Note"}}):
        assert refusal(reader.get_item, **one, **more)[0] == DENIED
    scan = dict(TableName=name, ProjectionExpression="Top")
    assert reader.scan(**scan)["Count"] == 2
    assert refusal(reader.scan, **scan, FilterExpression="attribute_exists(Note)")[0] == DENIED
    assert refusal(reader.scan, TableName=name, Select="COUNT")[0] == DENIED
    assert refusal(reader.scan, TableName=name, IndexName="by-game")[0] == DENIED
    assert refusal(reader.scan, TableName=name)[0] == DENIED
    top = dict(**one, ExpressionAttributeValues={":v": {"N": "1"}})
    reader.update_item(**top, UpdateExpression="SET Top = :v", ReturnValues="UPDATED_NEW")
    assert refusal(reader.update_item, **top, UpdateExpression="SET Top = :v", ReturnValues="ALL_NEW")[0] == DENIED
    assert refusal(reader.update_item, **top, UpdateExpression="SET Top = :v, Note = :v")[0] == DENIED
    assert refusal(reader.update_item, **top, UpdateExpression="SET Top = if_not_exists(Note, :v)")[0] == DENIED
    assert refusal(reader.update_item, **top, UpdateExpression="SET Top = :v", ConditionExpression="size(Note) > :v")[0] == DENIED
    assert refusal(reader.put_item, TableName=name, Item={**key("bob"), "Note": {"S": "x"}})[0] == DENIED
    assert refusal(reader.execute_statement, Statement=f"SELECT Note FROM \"{name}\" WHERE UserId = 'bob'")[0] == DENIED
    assert reader.execute_statement(Statement=f"SELECT Top FROM \"{name}\" WHERE UserId = 'bob'")["Items"] == [{"Top": {"N": "1"}}]


def test_consumed_capacity(scores, user):
    name, arn = scores
    reader = user(arn, {"StringEqualsIfExists": {"dynamodb:ReturnConsumedCapacity": "NONE"}})
    assert reader.get_item(TableName=name, Key=key("bob"))["Item"]
    assert refusal(reader.get_item, TableName=name, Key=key("bob"), ReturnConsumedCapacity="TOTAL")[0] == DENIED


def test_enclosing_operation(scores, user):
    name, arn = scores
    only = user(arn, {"StringEquals": {"dynamodb:EnclosingOperation": ["TransactWriteItems", "TransactGetItems"]}})
    item = {**key("cat"), "Top": {"N": "3"}}
    assert refusal(only.put_item, TableName=name, Item=item)[0] == DENIED
    only.transact_write_items(TransactItems=[{"Put": {"TableName": name, "Item": item}}])
    assert only.transact_get_items(TransactItems=[{"Get": {"TableName": name, "Key": key("cat")}}])["Responses"][0]["Item"] == item
    delete = f"DELETE FROM \"{name}\" WHERE UserId = 'cat' AND Game = 'chess'"
    assert refusal(only.execute_transaction, TransactStatements=[{"Statement": delete}])[0] == DENIED
    no_transaction = user(arn, {"StringEquals": {"dynamodb:EnclosingOperation": "ExecuteTransaction"}}, effect="Deny")
    assert refusal(no_transaction.execute_transaction, TransactStatements=[{"Statement": delete}])[0] == DENIED
    no_transaction.execute_statement(Statement=delete)


def test_full_table_scan(scores, user):
    name, arn = scores
    no_scan = user(arn, {"Bool": {"dynamodb:FullTableScan": ["true"]}}, "dynamodb:PartiQLSelect", effect="Deny")
    for statement in (f'SELECT * FROM "{name}"', f'SELECT * FROM "{name}" WHERE Top = 1', f"SELECT * FROM \"{name}\".\"by-game\" WHERE UserId = 'bob'"):
        assert refusal(no_scan.execute_statement, Statement=statement)[0] == DENIED
    assert no_scan.execute_statement(Statement=f"SELECT * FROM \"{name}\" WHERE UserId = 'bob'")["Items"]
    assert no_scan.execute_statement(Statement=f"SELECT * FROM \"{name}\".\"by-game\" WHERE Game = 'chess'")["Items"]


def test_a_table_policy_speaks_of_every_operation(brume, dynamodb, table, user):
    """A deny on the table holds for its control operations as for its items."""
    name = table()
    arn = dynamodb.describe_table(TableName=name)["Table"]["TableArn"]
    admin = user("*", {}, "dynamodb:*")
    denied = {"delete_table": {}, "update_table": {"DeletionProtectionEnabled": True}, "describe_time_to_live": {},
              "update_time_to_live": {"TimeToLiveSpecification": {"Enabled": True, "AttributeName": "t"}}, "describe_continuous_backups": {},
              "update_continuous_backups": {"PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True}},
              "create_backup": {"BackupName": "abc"}}
    dynamodb.put_resource_policy(ResourceArn=arn, Policy=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Deny", "Principal": "*", "Resource": arn, "Action": [
            "dynamodb:" + "".join(part.title() for part in call.split("_")) for call in denied]}]}))
    for call, arguments in denied.items():
        assert refusal(getattr(admin, call), TableName=name, **arguments)[0] == DENIED, call
    assert admin.describe_table(TableName=name)["Table"]["TableStatus"] == "ACTIVE"
