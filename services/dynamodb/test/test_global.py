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
