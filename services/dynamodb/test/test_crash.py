"""Killed in the middle of it all: transactions hold whole or not at all, indexes and streams agree with the items."""
import random
import threading
import time

from botocore.exceptions import ClientError, EndpointConnectionError, HTTPClientError

from services.dynamodb.test.ddb_tables import index, make_table, wait_active, wait_until

ROUNDS, ACCOUNTS = 2, 12


def shards(streams, arn):
    return [s["ShardId"] for s in streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]]


def records(streams, arn):
    for shard in shards(streams, arn):
        iterator = streams.get_shard_iterator(StreamArn=arn, ShardId=shard, ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
        while iterator:
            answer = streams.get_records(ShardIterator=iterator)
            yield from answer["Records"]
            iterator = answer.get("NextShardIterator") if answer["Records"] else None


def transfer(url_of, name, seed, stop, acknowledged):
    rng = random.Random(seed)
    client = url_of()
    while not stop.is_set():
        a, b = rng.sample(range(ACCOUNTS), 2)
        token = f"{seed}-{rng.random()}"
        try:
            client.transact_write_items(TransactItems=[
                {"Update": {"TableName": name, "Key": {"p": {"S": str(k)}}, "UpdateExpression": "ADD n :n SET g = :g",
                            "ExpressionAttributeValues": {":n": {"N": by}, ":g": {"S": rng.choice("xyz")}}}} for k, by in ((a, "-1"), (b, "1"))]
                + [{"Put": {"TableName": name, "Item": {"p": {"S": token}, "g": {"S": "log"}}}}])
            acknowledged.append(token)
        except (ClientError, EndpointConnectionError, HTTPClientError):
            return


def test_killed_while_it_works(start_brume, tmp_path):
    data = tmp_path / "data"
    brume = start_brume(data=data)
    dynamodb = brume.client("dynamodb")
    name = make_table(dynamodb, "p:S g:S", GlobalSecondaryIndexes=[index("by-g", "g")],
                      StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"})
    dynamodb.update_time_to_live(TableName=name, TimeToLiveSpecification={"Enabled": True, "AttributeName": "until"})
    for i in range(ACCOUNTS):
        dynamodb.put_item(TableName=name, Item={"p": {"S": str(i)}, "n": {"N": "100"}, "g": {"S": "x"}})
    acknowledged = []
    for round_ in range(ROUNDS):
        stop = threading.Event()
        threads = [threading.Thread(target=transfer, args=(lambda b=brume: b.client("dynamodb"), name, f"{round_}-{i}", stop, acknowledged))
                   for i in range(6)]
        for t in threads:
            t.start()
        make_index = round_ == 1
        if make_index:  # an index is filled, items expire and a backup is made when the power goes
            dynamodb.update_table(TableName=name, AttributeDefinitions=[{"AttributeName": "h", "AttributeType": "S"}],
                                  GlobalSecondaryIndexUpdates=[{"Create": index("late", "h")}])
            dynamodb.create_backup(TableName=name, BackupName="meanwhile")
        for i in range(60):
            dynamodb.put_item(TableName=name, Item={"p": {"S": f"gone-{round_}-{i}"}, "h": {"S": "h"}, "until": {"N": str(int(time.time()) + 3600)}})
        brume.kill()
        stop.set()
        for t in threads:
            t.join()
        brume = start_brume(data=data)
        dynamodb = brume.client("dynamodb")
    wait_active(dynamodb, name)
    brume.advance_clock(7200 * 1000)
    check(brume, dynamodb, name, acknowledged)


def check(brume, dynamodb, name, acknowledged):
    items = {i["p"]["S"]: i for page in dynamodb.get_paginator("scan").paginate(TableName=name) for i in page["Items"]}
    assert sum(int(items[str(i)]["n"]["N"]) for i in range(ACCOUNTS)) == ACCOUNTS * 100
    assert set(acknowledged) <= set(items), "an answered transaction is lost"
    assert not [p for p in items if p.startswith("gone-")], "expired items are still there"
    for place, attribute in (("by-g", "g"), ("late", "h")):
        entries = [i for page in dynamodb.get_paginator("scan").paginate(TableName=name, IndexName=place) for i in page["Items"]]
        assert {i["p"]["S"]: i for i in entries} == {p: i for p, i in items.items() if attribute in i}
    table = dynamodb.describe_table(TableName=name)["Table"]
    assert table["ItemCount"] == len(items)
    wait_until(lambda: dynamodb.list_backups(TableName=name)["BackupSummaries"][0]["BackupStatus"] == "AVAILABLE")


def test_the_stream_has_each_change_once(start_brume, tmp_path):
    data = tmp_path / "data"
    brume = start_brume(data=data)
    dynamodb = brume.client("dynamodb")
    name = make_table(dynamodb, "p:S g:S", GlobalSecondaryIndexes=[index("by-g", "g")],
                      StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"})
    for i in range(ACCOUNTS):
        dynamodb.put_item(TableName=name, Item={"p": {"S": str(i)}, "n": {"N": "100"}, "g": {"S": "x"}})
    acknowledged = []
    for round_ in range(2):
        stop = threading.Event()
        threads = [threading.Thread(target=transfer, args=(lambda b=brume: b.client("dynamodb"), name, f"{round_}-{i}", stop, acknowledged))
                   for i in range(6)]
        for t in threads:
            t.start()
        wait_until(lambda n=len(acknowledged): len(acknowledged) > n + 60)
        brume.kill()
        stop.set()
        for t in threads:
            t.join()
        brume = start_brume(data=data)
        dynamodb = brume.client("dynamodb")
    streams = brume.client("dynamodbstreams")
    arn = dynamodb.describe_table(TableName=name)["Table"]["LatestStreamArn"]
    seen, state = set(), {}
    for record in records(streams, arn):
        assert record["eventID"] not in seen
        seen.add(record["eventID"])
        change = record["dynamodb"]
        key = change["Keys"]["p"]["S"]
        assert change.get("OldImage") == state.get(key), "a change follows another one than it says"
        state[key] = change.get("NewImage")
    items = {i["p"]["S"]: i for page in dynamodb.get_paginator("scan").paginate(TableName=name) for i in page["Items"]}
    assert {k: v for k, v in state.items() if v} == items
    assert set(acknowledged) <= set(items)
