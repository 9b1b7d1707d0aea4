"""Time to live: what has expired goes when the clock passes, and the stream says by whom."""
import time

from services.dynamodb.test.ddb_tables import make_table, refusal, wait_active, wait_gone, wait_until


def keys(client, name):
    return sorted(i["p"]["S"] for i in client.scan(TableName=name)["Items"])


def test_items_expire_on_the_clock(start_brume):
    brume = start_brume()
    dynamodb, streams = brume.client("dynamodb"), brume.client("dynamodbstreams")
    name = make_table(dynamodb, StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"})
    now = int(time.time())

    def put(key, expiry):
        dynamodb.put_item(TableName=name, Item={"p": {"S": key}, "until": expiry})

    put("before", {"N": str(now + 1000)})
    put("old", {"N": str(now - 6 * 365 * 86400)})
    dynamodb.update_time_to_live(TableName=name, TimeToLiveSpecification={"Enabled": True, "AttributeName": "until"})
    put("soon", {"N": str(now + 1000)})
    put("later", {"N": str(now + 5000)})
    put("text", {"S": str(now + 1000)})
    put("moved", {"N": str(now + 1000)})
    put("moved", {"N": str(now + 9000)})
    put("past", {"N": str(now - 10)})
    wait_until(lambda: "past" not in keys(dynamodb, name))
    brume.advance_clock(2000 * 1000)
    assert keys(dynamodb, name) == ["later", "moved", "old", "text"]
    brume.advance_clock(4000 * 1000)
    assert keys(dynamodb, name) == ["moved", "old", "text"]
    arn = dynamodb.describe_table(TableName=name)["Table"]["LatestStreamArn"]
    shard = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"][0]["ShardId"]
    iterator = streams.get_shard_iterator(StreamArn=arn, ShardId=shard, ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
    removed = [r for r in streams.get_records(ShardIterator=iterator)["Records"] if r["eventName"] == "REMOVE"]
    assert sorted(r["dynamodb"]["Keys"]["p"]["S"] for r in removed) == ["before", "later", "past", "soon"]
    assert all(r["userIdentity"] == {"PrincipalId": "dynamodb.amazonaws.com", "Type": "Service"} for r in removed)


def test_times_that_no_clock_tells(start_brume):
    """What somebody meant as never, or gave in nanoseconds."""
    brume = start_brume()
    dynamodb = brume.client("dynamodb")
    name = make_table(dynamodb)
    dynamodb.update_time_to_live(TableName=name, TimeToLiveSpecification={"Enabled": True, "AttributeName": "until"})
    items = {"most": 2**63 - 1, "beyond": 10**30, "nanoseconds": int(time.time()) * 10**9, "soon": int(time.time()) + 1000}
    for key, expiry in items.items():
        dynamodb.put_item(TableName=name, Item={"p": {"S": key}, "until": {"N": str(expiry)}})
    brume.advance_clock(2000 * 1000)
    assert keys(dynamodb, name) == ["beyond", "most", "nanoseconds"]
    dynamodb.delete_item(TableName=name, Key={"p": {"S": "most"}})
    assert keys(dynamodb, name) == ["beyond", "nanoseconds"]


def test_settings(start_brume):
    brume = start_brume()
    dynamodb = brume.client("dynamodb")
    name = make_table(dynamodb)
    assert dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"] == {"TimeToLiveStatus": "DISABLED"}
    on, off = ({"Enabled": flag, "AttributeName": "until"} for flag in (True, False))
    update = dynamodb.update_time_to_live
    assert refusal(update, TableName=name, TimeToLiveSpecification=off) == ("ValidationException", "TimeToLive is already disabled")
    assert update(TableName=name, TimeToLiveSpecification=on)["TimeToLiveSpecification"] == on
    assert refusal(update, TableName=name, TimeToLiveSpecification=on) == ("ValidationException", "TimeToLive is already enabled")
    assert refusal(update, TableName=name, TimeToLiveSpecification={"Enabled": True, "AttributeName": "x"}) == (
        "ValidationException", "TimeToLive is active on a different AttributeName: current AttributeName is until")
    assert refusal(update, TableName=name, TimeToLiveSpecification={"Enabled": False, "AttributeName": "x"}) == (
        "ValidationException", "TimeToLive is active on a different AttributeName: current AttributeName is until")
    assert refusal(update, TableName=name, TimeToLiveSpecification=off) == (
        "ValidationException", "Time to live has been modified multiple times within a fixed interval")
    brume.advance_clock(3600 * 1000)
    update(TableName=name, TimeToLiveSpecification=off)
    assert dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]["TimeToLiveStatus"] == "DISABLED"


def test_regions_have_the_setting_of_one(start_brume):
    """It is set in any region, for all; a new replica has it, and what it holds expires there too."""
    brume = start_brume()
    regions = [brume.client("dynamodb", region=r) for r in ("us-east-1", "eu-west-1", "ap-northeast-1")]
    east, ireland, tokyo = regions
    name = make_table(east)
    now = int(time.time())

    def replicate(region):
        east.update_table(TableName=name, ReplicaUpdates=[{"Create": {"RegionName": region}}])
        for client in regions[:1] + [regions[1] if region == "eu-west-1" else regions[2]]:
            wait_active(client, name)

    def setting(client):
        return client.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    replicate("eu-west-1")
    east.put_item(TableName=name, Item={"p": {"S": "before"}, "until": {"N": str(now + 10_000)}})
    ireland.update_time_to_live(TableName=name, TimeToLiveSpecification={"Enabled": True, "AttributeName": "until"})
    replicate("ap-northeast-1")
    assert [setting(client) for client in regions] == 3 * [{"TimeToLiveStatus": "ENABLED", "AttributeName": "until"}]
    tokyo.put_item(TableName=name, Item={"p": {"S": "after"}, "until": {"N": str(now + 10_000)}})
    east.put_item(TableName=name, Item={"p": {"S": "stays"}})
    east.update_table(TableName=name, ReplicaUpdates=[{"Delete": {"RegionName": "eu-west-1"}}])
    wait_gone(ireland, name)
    brume.advance_clock(11_000 * 1000)
    assert keys(east, name) == keys(tokyo, name) == ["stays"]
    east.update_time_to_live(TableName=name, TimeToLiveSpecification={"Enabled": False, "AttributeName": "until"})
    assert setting(east) == setting(tokyo) == {"TimeToLiveStatus": "DISABLED"}
