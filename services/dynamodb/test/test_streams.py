"""Streams: every change once and in order, as its view type says, for 24 hours."""
import pytest
from services.dynamodb.test.ddb_tables import make_table, refusal, wait_active

HOUR = 3600 * 1000


def stream_of(client, name):
    return client.describe_table(TableName=name)["Table"]["LatestStreamArn"]


def shards_of(streams, arn):
    return streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]


def read(streams, arn, kind="TRIM_HORIZON", shard=None, **more):
    shard = shard or shards_of(streams, arn)[0]["ShardId"]
    iterator = streams.get_shard_iterator(StreamArn=arn, ShardId=shard, ShardIteratorType=kind, **more)["ShardIterator"]
    return streams.get_records(ShardIterator=iterator)["Records"]


def with_stream(table, view, **options):
    return table(StreamSpecification={"StreamEnabled": True, "StreamViewType": view}, **options)


@pytest.mark.parametrize("view, images", [("KEYS_ONLY", set()), ("NEW_IMAGE", {"NewImage"}), ("OLD_IMAGE", {"OldImage"}),
                                          ("NEW_AND_OLD_IMAGES", {"NewImage", "OldImage"})])
def test_view_types(dynamodb, streams, table, view, images):
    name = with_stream(table, view)
    old, new = ({"p": {"S": "x"}, "v": {"N": n}} for n in "12")
    dynamodb.put_item(TableName=name, Item=old)
    dynamodb.put_item(TableName=name, Item=new)
    dynamodb.put_item(TableName=name, Item=new)  # no change, no record
    dynamodb.delete_item(TableName=name, Key={"p": {"S": "x"}})
    dynamodb.delete_item(TableName=name, Key={"p": {"S": "x"}})
    records = read(streams, stream_of(dynamodb, name))
    assert [r["eventName"] for r in records] == ["INSERT", "MODIFY", "REMOVE"]
    modify = records[1]["dynamodb"]
    assert {k for k in modify if k.endswith("Image")} == images
    assert modify["Keys"] == {"p": {"S": "x"}} and modify["StreamViewType"] == view
    assert modify.get("OldImage", old) == old and modify.get("NewImage", new) == new
    assert len({r["eventID"] for r in records}) == 3
    numbers = [r["dynamodb"]["SequenceNumber"] for r in records]
    assert numbers == sorted(numbers, key=int) and all(21 <= len(n) <= 40 for n in numbers)


def test_iterators(dynamodb, streams, table):
    name = with_stream(table, "KEYS_ONLY")
    for i in range(5):
        dynamodb.put_item(TableName=name, Item={"p": {"S": str(i)}})
    arn = stream_of(dynamodb, name)
    shard = shards_of(streams, arn)[0]["ShardId"]
    numbers = [r["dynamodb"]["SequenceNumber"] for r in read(streams, arn)]
    assert len(read(streams, arn, "AT_SEQUENCE_NUMBER", SequenceNumber=numbers[2])) == 3
    assert len(read(streams, arn, "AFTER_SEQUENCE_NUMBER", SequenceNumber=numbers[2])) == 2
    latest = streams.get_shard_iterator(StreamArn=arn, ShardId=shard, ShardIteratorType="LATEST")["ShardIterator"]
    dynamodb.put_item(TableName=name, Item={"p": {"S": "later"}})
    answer = streams.get_records(ShardIterator=latest)
    assert [r["dynamodb"]["Keys"]["p"]["S"] for r in answer["Records"]] == ["later"]
    assert streams.get_records(ShardIterator=answer["NextShardIterator"])["Records"] == []
    iterator, seen = streams.get_shard_iterator(StreamArn=arn, ShardId=shard, ShardIteratorType="TRIM_HORIZON")["ShardIterator"], []
    for _ in range(4):
        answer = streams.get_records(ShardIterator=iterator, Limit=2)
        seen += answer["Records"]
        iterator = answer["NextShardIterator"]
    assert len(seen) == 6


def test_what_is_wrong_with_an_iterator(dynamodb, streams, table):
    arn = stream_of(dynamodb, with_stream(table, "KEYS_ONLY"))
    shard = shards_of(streams, arn)[0]["ShardId"]
    absent = "shardId-00000000000000000000-00000000"
    ask = streams.get_shard_iterator
    assert refusal(ask, StreamArn=arn, ShardId=absent, ShardIteratorType="LATEST")[0] == "ResourceNotFoundException"
    assert refusal(ask, StreamArn=arn, ShardId=shard, ShardIteratorType="AT_SEQUENCE_NUMBER")[0] == "ValidationException"
    assert refusal(ask, StreamArn=arn + "x", ShardId=shard, ShardIteratorType="LATEST")[0] == "ResourceNotFoundException"
    assert refusal(streams.get_records, ShardIterator="nonsense")[0] == "ValidationException"


def test_limits(dynamodb, streams, table):
    arn = stream_of(dynamodb, with_stream(table, "KEYS_ONLY"))
    words = "1 validation error detected: Value '{}' at 'limit' failed to satisfy constraint: Member must have value less than or equal to {}"
    assert refusal(streams.list_streams, Limit=101) == ("ValidationException", words.format(101, 100))
    assert refusal(streams.describe_stream, StreamArn=arn, Limit=101) == ("ValidationException", words.format(101, 100))
    iterator = streams.get_shard_iterator(StreamArn=arn, ShardId=shards_of(streams, arn)[0]["ShardId"], ShardIteratorType="LATEST")
    assert refusal(streams.get_records, **{"ShardIterator": iterator["ShardIterator"], "Limit": 1001}) == ("ValidationException", words.format(1001, 1000))


def test_from_a_time_on(start_brume):
    brume = start_brume()
    dynamodb, streams = brume.client("dynamodb"), brume.client("dynamodbstreams")
    name = make_table(dynamodb, StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"})
    arn = stream_of(dynamodb, name)
    for i in range(3):
        dynamodb.put_item(TableName=name, Item={"p": {"S": str(i)}})
        brume.advance_clock(10_000)
    times = [r["dynamodb"]["ApproximateCreationDateTime"] for r in read(streams, arn)]

    def keys(time):
        return [r["dynamodb"]["Keys"]["p"]["S"] for r in read(streams, arn, "AT_TIMESTAMP", Timestamp=time)]

    assert keys(times[1]) == ["1", "2"] and keys(times[1].timestamp() + 0.001) == ["2"] and keys(times[2].timestamp() + 1) == []
    assert keys(0) == ["0", "1", "2"]
    shard = shards_of(streams, arn)[0]["ShardId"]
    for wrong in ({"ShardIteratorType": "AT_TIMESTAMP"}, {"ShardIteratorType": "LATEST", "Timestamp": times[0]},
                  {"ShardIteratorType": "AT_TIMESTAMP", "Timestamp": times[2].timestamp() + 3600}):
        assert refusal(streams.get_shard_iterator, StreamArn=arn, ShardId=shard, **wrong)[0] == "ValidationException"


def test_a_stream_is_switched_off_and_on(dynamodb, streams, table):
    name = with_stream(table, "KEYS_ONLY")
    dynamodb.put_item(TableName=name, Item={"p": {"S": "x"}})
    first = stream_of(dynamodb, name)
    dynamodb.update_table(TableName=name, StreamSpecification={"StreamEnabled": False})
    wait_active(dynamodb, name)
    dynamodb.put_item(TableName=name, Item={"p": {"S": "unseen"}})
    description = streams.describe_stream(StreamArn=first)["StreamDescription"]
    assert description["StreamStatus"] == "DISABLED" and "EndingSequenceNumber" in description["Shards"][0]["SequenceNumberRange"]
    iterator = streams.get_shard_iterator(StreamArn=first, ShardId=description["Shards"][0]["ShardId"], ShardIteratorType="TRIM_HORIZON")
    answer = streams.get_records(ShardIterator=iterator["ShardIterator"])
    assert len(answer["Records"]) == 1 and "NextShardIterator" not in answer
    dynamodb.update_table(TableName=name, StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"})
    wait_active(dynamodb, name)
    assert stream_of(dynamodb, name) != first
    assert len(streams.list_streams(TableName=name)["Streams"]) == 2


def test_shards_follow_each_other_and_records_live_a_day(start_brume):
    brume = start_brume()
    dynamodb, streams = brume.client("dynamodb"), brume.client("dynamodbstreams")
    name = make_table(dynamodb, StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"})
    arn = stream_of(dynamodb, name)
    dynamodb.put_item(TableName=name, Item={"p": {"S": "first"}})
    old_iterator = streams.get_shard_iterator(StreamArn=arn, ShardId=shards_of(streams, arn)[0]["ShardId"], ShardIteratorType="TRIM_HORIZON")
    brume.advance_clock(5 * HOUR)
    assert refusal(streams.get_records, **{"ShardIterator": old_iterator["ShardIterator"]})[0] == "ExpiredIteratorException"
    dynamodb.put_item(TableName=name, Item={"p": {"S": "second"}})
    parent, child = shards_of(streams, arn)
    assert child["ParentShardId"] == parent["ShardId"]
    assert [r["dynamodb"]["Keys"]["p"]["S"] for s in (parent, child) for r in read(streams, arn, shard=s["ShardId"])] == ["first", "second"]
    number = read(streams, arn)[0]["dynamodb"]["SequenceNumber"]
    brume.advance_clock(20 * HOUR)
    assert read(streams, arn, shard=parent["ShardId"]) == []
    assert [r["dynamodb"]["Keys"]["p"]["S"] for r in read(streams, arn, shard=child["ShardId"])] == ["second"]
    for kind in ("AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER"):
        assert refusal(streams.get_shard_iterator, StreamArn=arn, ShardId=parent["ShardId"], ShardIteratorType=kind, SequenceNumber=number) == (
            "TrimmedDataAccessException", "The data you are trying to access has been trimmed")
    brume.advance_clock(30 * HOUR)
    assert read(streams, arn) == []
