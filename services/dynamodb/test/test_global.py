"""Global tables: one table in several regions, each of them written to."""
from services.dynamodb.test.ddb_tables import index, make_table, refusal, wait_active, wait_until


def contents(client, name):
    return {i["p"]["S"]: i["v"]["S"] for page in client.get_paginator("scan").paginate(TableName=name) for i in page["Items"]}


def test_replicas_have_what_each_writes(brume, dynamodb):
    name = make_table(dynamodb, "p:S v:S", GlobalSecondaryIndexes=[index("by-v", "v")])
    ireland, tokyo = (brume.client("dynamodb", region=r) for r in ("eu-west-1", "ap-northeast-1"))
    for i in range(300):
        dynamodb.put_item(TableName=name, Item={"p": {"S": str(i)}, "v": {"S": "old"}})
    dynamodb.update_table(TableName=name, ReplicaUpdates=[{"Create": {"RegionName": r}} for r in ("eu-west-1", "ap-northeast-1")])
    dynamodb.put_item(TableName=name, Item={"p": {"S": "meanwhile"}, "v": {"S": "new"}})
    dynamodb.delete_item(TableName=name, Key={"p": {"S": "299"}})
    for client in (dynamodb, ireland, tokyo):
        wait_active(client, name)
    ireland.put_item(TableName=name, Item={"p": {"S": "0"}, "v": {"S": "from ireland"}})
    tokyo.update_item(TableName=name, Key={"p": {"S": "1"}}, UpdateExpression="SET v = :v", ExpressionAttributeValues={":v": {"S": "from tokyo"}})
    wanted = {str(i): "old" for i in range(2, 299)} | {"meanwhile": "new", "0": "from ireland", "1": "from tokyo"}
    for client in (dynamodb, ireland, tokyo):
        assert contents(client, name) == wanted
    found = dynamodb.query(TableName=name, IndexName="by-v", KeyConditionExpression="v = :v", ExpressionAttributeValues={":v": {"S": "from tokyo"}})
    assert found["Count"] == 1
    table = dynamodb.describe_table(TableName=name)["Table"]
    assert table["GlobalTableVersion"] == "2019.11.21"
    assert {(r["RegionName"], r["ReplicaStatus"]) for r in table["Replicas"]} == {("eu-west-1", "ACTIVE"), ("ap-northeast-1", "ACTIVE")}
    assert table["StreamSpecification"]["StreamViewType"] == "NEW_AND_OLD_IMAGES"


def test_a_replica_leaves(brume, dynamodb):
    name = make_table(dynamodb)
    ireland = brume.client("dynamodb", region="eu-west-1")
    create = {"TableName": name, "ReplicaUpdates": [{"Create": {"RegionName": "eu-west-1"}}]}
    dynamodb.update_table(**create)
    wait_active(ireland, name)
    wait_active(dynamodb, name)
    assert refusal(dynamodb.update_table, **create)[0] == "ValidationException"
    dynamodb.update_table(TableName=name, ReplicaUpdates=[{"Delete": {"RegionName": "eu-west-1"}}])
    wait_until(lambda: name not in ireland.list_tables()["TableNames"])
    wait_active(dynamodb, name)
    assert "Replicas" not in dynamodb.describe_table(TableName=name)["Table"]
    dynamodb.put_item(TableName=name, Item={"p": {"S": "x"}})


def test_indexes_and_billing_are_carried_to_replicas(brume, dynamodb):
    name = make_table(dynamodb, "p:S")
    ireland = brume.client("dynamodb", region="eu-west-1")
    for i in range(20):
        dynamodb.put_item(TableName=name, Item={"p": {"S": str(i)}, "v": {"S": "x"}})
    dynamodb.update_table(TableName=name, ReplicaUpdates=[{"Create": {"RegionName": "eu-west-1"}}])
    wait_active(ireland, name)
    wait_active(dynamodb, name)
    ireland.update_table(TableName=name, AttributeDefinitions=[{"AttributeName": "v", "AttributeType": "S"}],
                         GlobalSecondaryIndexUpdates=[{"Create": index("by-v", "v")}])
    for client in (dynamodb, ireland):
        wait_active(client, name)
        assert client.query(TableName=name, IndexName="by-v", KeyConditionExpression="v = :v", ExpressionAttributeValues={":v": {"S": "x"}})["Count"] == 20
    dynamodb.update_table(TableName=name, GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "by-v"}}])
    for client in (dynamodb, ireland):
        wait_until(lambda: "GlobalSecondaryIndexes" not in client.describe_table(TableName=name)["Table"])
        wait_active(client, name)
    dynamodb.update_table(TableName=name, BillingMode="PROVISIONED", ProvisionedThroughput={"ReadCapacityUnits": 7, "WriteCapacityUnits": 3})
    for client in (dynamodb, ireland):
        wait_active(client, name)
        assert client.describe_table(TableName=name)["Table"]["ProvisionedThroughput"]["ReadCapacityUnits"] == 7


def test_what_is_nowhere(dynamodb, table):
    """Global tables of 2017 and Kinesis streams: nobody can have one."""
    assert dynamodb.list_global_tables()["GlobalTables"] == []
    assert refusal(dynamodb.describe_global_table, GlobalTableName="absent")[0] == "GlobalTableNotFoundException"
    name, stream = table(), "arn:aws:kinesis:us-east-1:000000000000:stream/absent"
    assert dynamodb.describe_kinesis_streaming_destination(TableName=name)["KinesisDataStreamDestinations"] == []
    assert refusal(dynamodb.enable_kinesis_streaming_destination, TableName=name, StreamArn=stream)[0] == "ResourceNotFoundException"
    assert refusal(dynamodb.disable_kinesis_streaming_destination, TableName=name, StreamArn=stream)[0] == "ValidationException"
    assert refusal(dynamodb.enable_kinesis_streaming_destination, TableName="bad-table", StreamArn=stream) == (
        "ResourceNotFoundException", "Requested resource not found: Table: bad-table not found")
    update = dynamodb.update_kinesis_streaming_destination
    assert refusal(update, TableName=name, StreamArn=stream)[1].startswith("Streaming destination cannot be updated with given parameters")
    said = refusal(update, TableName=name, StreamArn=stream, UpdateKinesisStreamingConfiguration={"ApproximateCreationDateTimePrecision": "MICROSECOND"})[1]
    assert said == ("Table is not in a valid state to enable Kinesis Streaming Destination: No streaming destination with streamArn: "
                    f"{stream} found for table with tableName: {name}")
