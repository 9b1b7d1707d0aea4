"""What a batch says of items that a table's units do not suffice for."""
import datetime
import json
import urllib.request

import pytest
from botocore.exceptions import ClientError

from services.dynamodb.test.ddb_tables import make_table, signed

UNITS = {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}


@pytest.fixture
def drained(start_brume):
    """A table whose saved units are used up, for reading and for writing; another that has all of its own."""
    server = start_brume()
    server.ddb = server.client("dynamodb")
    server.name = make_table(server.ddb, ProvisionedThroughput=UNITS)
    server.other = make_table(server.ddb)
    item = {"p": {"S": "big"}, "v": {"S": "x" * 390_000}}
    server.ddb.put_item(TableName=server.name, Item=item)
    with pytest.raises(ClientError):
        for _ in range(20):
            server.ddb.get_item(TableName=server.name, Key={"p": {"S": "big"}}, ConsistentRead=True)
    return server


def puts(*keys):
    return [{"PutRequest": {"Item": {"p": {"S": key}}}} for key in keys]


def refused(call, **arguments):
    """The error and its reasons: what was used up."""
    with pytest.raises(ClientError) as error:
        call(**arguments)
    assert error.value.response["Error"] == {
        "Code": "ProvisionedThroughputExceededException",
        "Message": "The level of configured provisioned throughput for the table was exceeded. Consider increasing your provisioning level with the UpdateTable API."}
    return [(reason["reason"], reason["resource"].split("/")[-1]) for reason in error.value.response["ThrottlingReasons"]]


def test_reads(drained):
    """What was not read is handed back; where nothing could be read the request is refused."""
    keys = {drained.name: {"Keys": [{"p": {"S": "big"}}, {"p": {"S": "none"}}]}}
    assert refused(drained.ddb.batch_get_item, RequestItems=keys) == [("TableReadProvisionedThroughputExceeded", drained.name)]
    answer = drained.ddb.batch_get_item(RequestItems={**keys, drained.other: {"Keys": [{"p": {"S": "none"}}]}})
    assert answer["UnprocessedKeys"] == keys and answer["Responses"] == {drained.name: [], drained.other: []}


def test_writes(drained):
    assert refused(drained.ddb.batch_write_item, RequestItems={drained.name: puts("a", "b")}) == [("TableWriteProvisionedThroughputExceeded", drained.name)]
    left = {drained.name: puts("a", "b")}
    assert drained.ddb.batch_write_item(RequestItems={**left, drained.other: puts("a")})["UnprocessedItems"] == left


def test_a_refused_batch_is_one_request(drained):
    """But as many events as items."""
    refused(drained.ddb.batch_write_item, RequestItems={drained.name: puts("a", "b", "c")})
    drained.advance_clock(61_000)
    now = datetime.datetime.now(datetime.timezone.utc)

    def counted(metric, **dimensions):
        points = drained.client("cloudwatch").get_metric_statistics(
            Namespace="AWS/DynamoDB", MetricName=metric, Dimensions=[{"Name": k, "Value": v} for k, v in dimensions.items()], Period=60, Statistics=["Sum"],
            StartTime=now - datetime.timedelta(hours=1), EndTime=now + datetime.timedelta(hours=1))["Datapoints"]
        return sum(point["Sum"] for point in points)
    assert counted("ThrottledRequests", TableName=drained.name, Operation="BatchWriteItem") == 1
    assert counted("WriteThrottleEvents", TableName=drained.name) == 3


def test_a_table_that_is_named_twice(drained):
    """No client of AWS's makes such a text; it hands back what it could not write all the same."""
    more = [str(i) for i in range(22)]
    tables = [(drained.name, puts("a")), (drained.name, puts(*more)), (drained.other, puts("a"))]
    body = '{"RequestItems": {%s}}' % ", ".join(f'"{name}": {json.dumps(items)}' for name, items in tables)
    with urllib.request.urlopen(signed(drained.url, body, "BatchWriteItem")) as answer:
        assert json.load(answer)["UnprocessedItems"] == {drained.name: puts("a", *more)}
