"""Resource policies of tables: kept with a revision, and asked when another account comes."""
import json

from services.dynamodb.test.ddb_tables import index, refusal


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


def test_each_entry_asks_its_right(brume, dynamodb, streams, table):
    """A user who may read one table: batches and transactions are asked table by table."""
    open_, closed = (table(StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"}) for _ in range(2))
    iam = brume.client("iam")
    user = f"reader-{open_}"
    iam.create_user(UserName=user)
    arn = dynamodb.describe_table(TableName=open_)["Table"]["TableArn"]
    iam.put_user_policy(UserName=user, PolicyName="read", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": ["dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:GetRecords"], "Resource": [arn, arn + "/stream/*"]}]}))
    key = iam.create_access_key(UserName=user)["AccessKey"]
    reader = brume.client("dynamodb", account=key["AccessKeyId"], secret=key["SecretAccessKey"])
    item = {"p": {"S": "x"}}
    for name in (open_, closed):
        dynamodb.put_item(TableName=name, Item=item)
    assert reader.batch_get_item(RequestItems={open_: {"Keys": [item]}})["Responses"][open_] == [item]
    assert reader.transact_get_items(TransactItems=[{"Get": {"TableName": open_, "Key": item}}])["Responses"] == [{"Item": item}]
    denied = "AccessDeniedException"
    assert refusal(reader.batch_get_item, RequestItems={n: {"Keys": [item]} for n in (open_, closed)})[0] == denied
    assert refusal(reader.transact_get_items, TransactItems=[{"Get": {"TableName": closed, "Key": item}}])[0] == denied
    assert refusal(reader.batch_write_item, RequestItems={open_: [{"PutRequest": {"Item": item}}]})[0] == denied
    assert refusal(reader.transact_write_items, TransactItems=[{"Put": {"TableName": open_, "Item": item}}])[0] == denied
    stream_reader = brume.client("dynamodbstreams", account=key["AccessKeyId"], secret=key["SecretAccessKey"])
    for name, allowed in ((open_, True), (closed, False)):
        stream = dynamodb.describe_table(TableName=name)["Table"]["LatestStreamArn"]
        shard = streams.describe_stream(StreamArn=stream)["StreamDescription"]["Shards"][0]["ShardId"]
        iterator = streams.get_shard_iterator(StreamArn=stream, ShardId=shard, ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
        if allowed:
            assert len(stream_reader.get_records(ShardIterator=iterator)["Records"]) == 1
        else:
            assert refusal(stream_reader.get_records, ShardIterator=iterator)[0] == denied


def test_a_policy_of_a_table_holds_for_its_indexes_and_stream(brume, dynamodb, streams, table):
    """The table's own policy names the index; the stream has a policy of its own."""
    name = table("p:S g:S", ("p",), GlobalSecondaryIndexes=[index("by-g", "g")],
                 StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"})
    described = dynamodb.describe_table(TableName=name)["Table"]
    arn, stream = described["TableArn"], described["LatestStreamArn"]
    dynamodb.put_item(TableName=name, Item={"p": {"S": "x"}, "g": {"S": "y"}})
    stranger = brume.client("dynamodb", account="444455556666")
    abroad = brume.client("dynamodbstreams", account="444455556666")
    ask = dict(TableName=arn, IndexName="by-g", KeyConditionExpression="g = :g", ExpressionAttributeValues={":g": {"S": "y"}})
    assert refusal(stranger.query, **ask)[0] == "AccessDeniedException"
    assert refusal(abroad.describe_stream, StreamArn=stream)[0] == "AccessDeniedException"
    for resource, action in ((arn, "Query"), (stream, "DescribeStream")):
        dynamodb.put_resource_policy(ResourceArn=resource, Policy=json.dumps({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::444455556666:root"}, "Action": f"dynamodb:{action}",
             "Resource": [resource, f"{resource}/index/*"]}]}))
    assert stranger.query(**ask)["Count"] == 1
    assert abroad.describe_stream(StreamArn=stream)["StreamDescription"]["StreamArn"] == stream
    assert refusal(abroad.get_shard_iterator, StreamArn=stream, ShardId="shardId-00000000000000000001-00000001",
                   ShardIteratorType="LATEST")[0] == "AccessDeniedException"
