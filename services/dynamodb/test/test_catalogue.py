"""What DynamoDB is for, as its users do it: row DDB of the catalogue."""
import time

import boto3
import pytest
from boto3.dynamodb.conditions import Attr, Key
from botocore.exceptions import ClientError

from services.dynamodb.test.ddb_tables import index, make_table, refusal, wait_active


def resource(brume):
    return boto3.resource("dynamodb", endpoint_url=brume.url, aws_access_key_id="test", aws_secret_access_key="test", region_name="us-east-1")


def test_put_get_query_on_an_index(brume, dynamodb, table):
    orders = resource(brume).Table(table("id:S customer:S day:S", ("id",), GlobalSecondaryIndexes=[index("by-customer", "customer", "day")]))
    with orders.batch_writer() as batch:
        for i in range(30):
            batch.put_item(Item={"id": f"o{i}", "customer": f"c{i % 3}", "day": f"2026-11-{i + 1:02}", "total": i})
    assert orders.get_item(Key={"id": "o7"})["Item"]["total"] == 7
    found = orders.query(IndexName="by-customer", KeyConditionExpression=Key("customer").eq("c1") & Key("day").between("2026-11-05", "2026-11-20"),
                         FilterExpression=Attr("total").gt(10))
    assert [i["id"] for i in found["Items"]] == ["o13", "o16", "o19"]


def test_the_lost_race(dynamodb, table):
    name = table()
    first = dict(TableName=name, Item={"p": {"S": "seat"}, "who": {"S": "ann"}}, ConditionExpression="attribute_not_exists(p)")
    dynamodb.put_item(**first)
    assert refusal(dynamodb.put_item, **{**first, "Item": {"p": {"S": "seat"}, "who": {"S": "bob"}}}) == (
        "ConditionalCheckFailedException", "The conditional request failed")


def test_throttled_by_its_units(start_brume):
    brume = start_brume()
    dynamodb = brume.client("dynamodb")
    name = make_table(dynamodb, ProvisionedThroughput={"ReadCapacityUnits": 1, "WriteCapacityUnits": 1})
    done = 0
    with pytest.raises(ClientError) as error:
        for done in range(2000):  # 300 saved up, one more each second that passes
            dynamodb.put_item(TableName=name, Item={"p": {"S": str(done)}})
    assert error.value.response["Error"]["Code"] == "ProvisionedThroughputExceededException"
    assert 300 <= done <= 420
    assert dynamodb.scan(TableName=name, Select="COUNT")["Count"] == done  # what was refused was not written
    brume.advance_clock(10_000)
    for i in range(5):
        dynamodb.put_item(TableName=name, Item={"p": {"S": f"later-{i}"}})
    left = dynamodb.batch_write_item(RequestItems={name: [{"PutRequest": {"Item": {"p": {"S": f"b{i}"}}}} for i in range(25)]})
    assert 0 < len(left["UnprocessedItems"][name]) < 25
    brume.advance_clock(3600_000)
    dynamodb.update_table(TableName=name, BillingMode="PAY_PER_REQUEST")
    wait_active(dynamodb, name)
    for i in range(50):
        dynamodb.put_item(TableName=name, Item={"p": {"S": str(i)}})


def test_throttled_by_an_index(dynamodb):
    name = make_table(dynamodb, "p:S g:S", ProvisionedThroughput={"ReadCapacityUnits": 1000, "WriteCapacityUnits": 1000},
                      GlobalSecondaryIndexes=[dict(index("gsi", "g"), ProvisionedThroughput={"ReadCapacityUnits": 1, "WriteCapacityUnits": 1})])
    with pytest.raises(ClientError) as error:
        for n in range(200):
            dynamodb.put_item(TableName=name, Item={"p": {"S": str(n)}, "g": {"S": "x"}, "more": {"S": "x" * 5000}})
    assert error.value.response["Error"] == {
        "Code": "ProvisionedThroughputExceededException",
        "Message": "The level of configured provisioned throughput for one or more global secondary indexes of the table was exceeded. Consider "
                   "increasing your provisioning level for the under-provisioned global secondary indexes with the UpdateTable API."}
    arn = dynamodb.describe_table(TableName=name)["Table"]["GlobalSecondaryIndexes"][0]["IndexArn"]
    assert error.value.response["ThrottlingReasons"] == [{"reason": "IndexWriteProvisionedThroughputExceeded", "resource": arn}]


def test_items_expire(start_brume):
    brume = start_brume()
    dynamodb = brume.client("dynamodb")
    name = make_table(dynamodb)
    dynamodb.update_time_to_live(TableName=name, TimeToLiveSpecification={"Enabled": True, "AttributeName": "until"})
    for p, seconds in (("soon", 60), ("later", 6000)):
        dynamodb.put_item(TableName=name, Item={"p": {"S": p}, "until": {"N": str(int(time.time()) + seconds)}})
    brume.advance_clock(120_000)
    assert [i["p"]["S"] for i in dynamodb.scan(TableName=name)["Items"]] == ["later"]


def test_back_to_a_point_in_time(start_brume):
    brume = start_brume()
    dynamodb = brume.client("dynamodb")
    name = make_table(dynamodb)
    dynamodb.update_continuous_backups(TableName=name, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True})
    dynamodb.put_item(TableName=name, Item={"p": {"S": "x"}, "v": {"S": "good"}})
    brume.advance_clock(60_000)
    good = time.time() + 60
    brume.advance_clock(60_000)
    dynamodb.put_item(TableName=name, Item={"p": {"S": "x"}, "v": {"S": "bad"}})
    dynamodb.restore_table_to_point_in_time(SourceTableName=name, TargetTableName="back", RestoreDateTime=good + 1)
    wait_active(dynamodb, "back")
    assert dynamodb.get_item(TableName="back", Key={"p": {"S": "x"}})["Item"]["v"] == {"S": "good"}
