"""Items through the front door: written, read, walked, and what each costs."""
import zlib

import pytest
from botocore.exceptions import ClientError

from services.dynamodb.test.ddb_tables import index, refusal, wait_active


def item(p, s=None, **more):
    values = {"p": {"S": p}, **({} if s is None else {"s": {"N": str(s)}})}
    return {**values, **{k: {"S": v} if isinstance(v, str) else v for k, v in more.items()}}


def test_all_ten_types_come_back(dynamodb, table):
    name = table()
    full = {"p": {"S": "x"}, "s": {"S": ""}, "n": {"N": "-1.5"}, "b": {"B": b"\0\xff"}, "ss": {"SS": ["a", "b"]}, "ns": {"NS": ["1", "20"]},
            "bs": {"BS": [b"\0", b"\1"]}, "null": {"NULL": True}, "bool": {"BOOL": False},
            "l": {"L": [{"S": "deep"}, {"L": []}, {"M": {"k": {"N": "1"}}}]}, "m": {"M": {"a": {"M": {}}}}}
    dynamodb.put_item(TableName=name, Item=full)
    assert dynamodb.get_item(TableName=name, Key={"p": {"S": "x"}})["Item"] == full


def test_a_lost_race_fails(dynamodb, table):
    name = table()
    create = dict(TableName=name, Item=item("x", v="1"), ConditionExpression="attribute_not_exists(p)")
    dynamodb.put_item(**create)
    with pytest.raises(ClientError) as error:
        dynamodb.put_item(**create, ReturnValuesOnConditionCheckFailure="ALL_OLD")
    assert error.value.response["Error"] == {"Code": "ConditionalCheckFailedException", "Message": "The conditional request failed"}
    assert error.value.response["Item"] == item("x", v="1")


def test_update_makes_changes_and_returns_them(dynamodb, table):
    name = table()
    ask = dict(TableName=name, Key=item("x"), UpdateExpression="ADD n :one SET t = :t", ExpressionAttributeValues={":one": {"N": "1"}, ":t": {"S": "a"}})
    assert dynamodb.update_item(**ask, ReturnValues="ALL_NEW")["Attributes"] == item("x", n={"N": "1"}, t="a")
    assert dynamodb.update_item(**ask, ReturnValues="UPDATED_OLD")["Attributes"] == {"n": {"N": "1"}, "t": {"S": "a"}}
    assert dynamodb.update_item(**ask, ReturnValues="UPDATED_NEW")["Attributes"] == {"n": {"N": "3"}, "t": {"S": "a"}}
    assert "Attributes" not in dynamodb.update_item(**ask)
    dynamodb.update_item(TableName=name, Key=item("never"), UpdateExpression="REMOVE n")
    assert "Item" not in dynamodb.get_item(TableName=name, Key=item("never"))


@pytest.mark.parametrize("values, message", [
    ({"s": {"N": "1"}}, "One or more parameter values were invalid: Missing the key p in the item"),
    ({"p": {"N": "1"}, "s": {"N": "1"}}, "One or more parameter values were invalid: Type mismatch for key p expected: S actual: N"),
    ({"p": {"S": ""}, "s": {"N": "1"}},
     "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: p"),
    ({"p": {"S": "x" * 2049}, "s": {"N": "1"}},
     "One or more parameter values were invalid: Size of hashkey has exceeded the maximum size limit of2048 bytes"),
    ({"p": {"S": "x"}, "s": {"N": "1"}, "g": {"N": "1"}},
     "One or more parameter values were invalid: Type mismatch for Index Key g Expected: S Actual: N IndexName: gsi"),
    ({"p": {"S": "x"}, "s": {"N": "1"}, "g": {"S": "x" * 2175}},
     "One or more parameter values were invalid: Size limit exceeded for Index Key g Actual Size: 2175 bytes Max Size: 2048 bytes IndexName: gsi"),
    ({"p": {"S": "x"}, "s": {"N": "1"}, "l": {"B": b"x" * 1025}},
     "One or more parameter values were invalid: Size limit exceeded for Index Key l Actual Size: 1025 bytes Max Size: 1024 bytes IndexName: lsi"),
    ({"p": {"S": "x"}, "s": {"N": "1"}, "big": {"S": "x" * (400 << 10)}}, "Item size has exceeded the maximum allowed size"),
])
def test_what_is_no_item(dynamodb, wide_table, values, message):
    assert refusal(dynamodb.put_item, TableName=wide_table, Item=values) == ("ValidationException", message)


def test_what_is_no_key(dynamodb, wide_table):
    wrong = ("ValidationException", "The provided key element does not match the schema")
    for key in ({"p": {"S": "x"}}, {"p": {"S": "x"}, "s": {"S": "1"}}, {"p": {"S": "x"}, "q": {"N": "1"}}):
        assert refusal(dynamodb.get_item, TableName=wide_table, Key=key) == wrong
        assert refusal(dynamodb.delete_item, TableName=wide_table, Key=key) == wrong
    empty = ("ValidationException", "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty "
                                    "string value. Key: p")
    for call in (dynamodb.get_item, dynamodb.delete_item, dynamodb.update_item):
        assert refusal(call, TableName=wide_table, Key=item("", 1)) == empty


@pytest.mark.parametrize("change, value, message", [
    ("g = :v", {"S": ""}, "One or more parameter values are not valid. The update expression attempted to update a secondary index key to a value that "
                "is not supported. The AttributeValue for a key attribute cannot contain an empty string value."),
    ("g = :v", {"N": "1"}, "One or more parameter values were invalid: Type mismatch for Index Key g Expected: S Actual: N IndexName: gsi"),
    ("g = if_not_exists(n, :v)", {"N": "1"}, "The update expression attempted to update the secondary index key to unsupported type"),
    ("g = :v", {"S": "x" * 2049}, "One or more parameter values were invalid: Size limit exceeded for Index Key g Actual Size: 2049 bytes Max Size: 2048 "
                                  "bytes IndexName: gsi"),
    ("g = if_not_exists(n, :v)", {"S": "x" * 2049}, "The update expression attempted to update the secondary index key beyond allowed size limits"),
])
def test_an_update_makes_no_wrong_index_key(dynamodb, wide_table, change, value, message):
    ask = dict(TableName=wide_table, Key=item("wrong", 1), UpdateExpression="SET " + change, ExpressionAttributeValues={":v": value})
    assert refusal(dynamodb.update_item, **ask) == ("ValidationException", message)


def test_of_several_indexes_the_first_by_name_is_told(dynamodb, table):
    name = table("p:S s:N g:S h:S", ("p", "s"), LocalSecondaryIndexes=[index("local", "p", "g")],
                 GlobalSecondaryIndexes=[index("zebra", "g"), index("early", "h", "g"), index("later", "h")])
    code, message = refusal(dynamodb.put_item, TableName=name, Item=item("x", 1, g={"N": "1"}))
    assert (code, message.split("IndexName: ")[1]) == ("ValidationException", "early")


def test_an_item_and_its_entry_in_a_local_index_fit_together(dynamodb, table):
    """The guide's "Constraints": 400 KB for the item and what a local index holds of it. A global index does not count."""
    name = table("p:S s:N l:S", ("p", "s"), LocalSecondaryIndexes=[index("keys", "p", "l", "KEYS_ONLY"), index("all", "p", "l")])
    large = "x" * (205 << 10)
    dynamodb.put_item(TableName=name, Item=item("x", 1, big=large))  # it is in no index
    assert refusal(dynamodb.put_item, TableName=name, Item=item("x", 2, l="a", big=large)) == (
        "ValidationException", "Item size has exceeded the maximum allowed size")
    ask = dict(Key=item("x", 1), UpdateExpression="SET l = :l", ExpressionAttributeValues={":l": {"S": "a"}})
    assert refusal(dynamodb.update_item, TableName=name, **ask) == (
        "ValidationException", "Item size to update has exceeded the maximum allowed size")
    dynamodb.put_item(TableName=name, Item=item("x", 2, l="a", big="x" * (195 << 10)))
    small = table("p:S s:N l:S", ("p", "s"), LocalSecondaryIndexes=[index("keys", "p", "l", "KEYS_ONLY")],
                  GlobalSecondaryIndexes=[index("everything", "l")])
    dynamodb.put_item(TableName=small, Item=item("x", 1, l="a", big=large))


@pytest.mark.parametrize("p, s, message", [
    ("x" * 2049, "1", "Size of hashkey has exceeded the maximum size limit of2048 bytes"),
    ("x", "1" * 1025, "Aggregated size of all range keys has exceeded the size limit of 1024 bytes"),
])
def test_a_query_for_a_key_that_cannot_be(dynamodb, table, p, s, message):
    name = table("p:S s:S", ("p", "s"), GlobalSecondaryIndexes=[index("turned", "s", "p")])
    values = {":p": {"S": p}, ":s": {"S": s}}
    for condition in ("p = :p AND s = :s", "p = :p AND begins_with(s, :s)", "p = :p AND s BETWEEN :s AND :s"):
        assert refusal(dynamodb.query, TableName=name, KeyConditionExpression=condition, ExpressionAttributeValues=values) == (
            "ValidationException", "One or more parameter values were invalid: " + message)
    if len(p) > 2048:
        assert refusal(dynamodb.query, TableName=name, IndexName="turned", KeyConditionExpression="s = :p",
                       ExpressionAttributeValues={":p": {"S": p}}) == ("ValidationException", "One or more parameter values were invalid: " + message)


def test_an_update_leaves_alone_what_no_index_takes(dynamodb, table):
    """An item from before the index, with a value that is no key of it."""
    name = table()
    dynamodb.put_item(TableName=name, Item={"p": {"S": "x"}, "g": {"N": "1"}})
    dynamodb.update_table(TableName=name, AttributeDefinitions=[{"AttributeName": "g", "AttributeType": "S"}],
                          GlobalSecondaryIndexUpdates=[{"Create": index("gsi", "g")}])
    wait_active(dynamodb, name)
    ask = dict(TableName=name, Key={"p": {"S": "x"}}, ExpressionAttributeValues={":v": {"S": "1"}})
    dynamodb.update_item(**ask, UpdateExpression="SET aside = :v")
    assert dynamodb.scan(TableName=name, IndexName="gsi")["Count"] == 0
    dynamodb.update_item(**ask, UpdateExpression="SET g = :v")
    assert dynamodb.scan(TableName=name, IndexName="gsi")["Count"] == 1


@pytest.fixture(scope="module")
def wide_table(table):
    """p and s, a global index on g, a local one on l."""
    return table("p:S s:N g:S l:B", ("p", "s"), GlobalSecondaryIndexes=[index("gsi", "g", "s", "INCLUDE", ["kept"])],
                 LocalSecondaryIndexes=[index("lsi", "p", "l", "KEYS_ONLY")])


def test_indexes_follow_the_items(dynamodb, table):
    name = table("p:S s:N g:S l:B", ("p", "s"), GlobalSecondaryIndexes=[index("gsi", "g", None, "INCLUDE", ["kept"])],
                 LocalSecondaryIndexes=[index("lsi", "p", "l", "KEYS_ONLY")])

    def by_gsi(g):
        return dynamodb.query(TableName=name, IndexName="gsi", KeyConditionExpression="g = :g", ExpressionAttributeValues={":g": {"S": g}})["Items"]

    for n in range(3):
        dynamodb.put_item(TableName=name, Item=item("x", n, g="a", kept="k", dropped="d", l={"B": bytes([9 - n])}))
    dynamodb.put_item(TableName=name, Item=item("x", 3))
    assert sorted(i["s"]["N"] for i in by_gsi("a")) == ["0", "1", "2"]
    assert all(set(i) == {"p", "s", "g", "kept"} for i in by_gsi("a"))
    dynamodb.update_item(TableName=name, Key=item("x", 1), UpdateExpression="SET g = :b", ExpressionAttributeValues={":b": {"S": "b"}})
    dynamodb.update_item(TableName=name, Key=item("x", 2), UpdateExpression="REMOVE g")
    dynamodb.delete_item(TableName=name, Key=item("x", 0))
    assert by_gsi("a") == [] and [i["s"]["N"] for i in by_gsi("b")] == ["1"]
    local = dict(TableName=name, IndexName="lsi", KeyConditionExpression="p = :p", ExpressionAttributeValues={":p": {"S": "x"}})
    assert [i["s"]["N"] for i in dynamodb.query(**local)["Items"]] == ["2", "1"]
    assert "dropped" in dynamodb.query(**local, Select="ALL_ATTRIBUTES")["Items"][0]
    counts = {i["IndexName"]: i["ItemCount"] for k in ("Global", "Local")
              for i in dynamodb.describe_table(TableName=name)["Table"][f"{k}SecondaryIndexes"]}
    assert counts == {"gsi": 1, "lsi": 2}


def test_an_index_comes_later(dynamodb, table):
    name = table()
    for i in range(450):  # more than one slice of the job
        dynamodb.put_item(TableName=name, Item=item(str(i), g="even" if i % 2 == 0 else {"N": "1"}))
    dynamodb.update_table(TableName=name, AttributeDefinitions=[{"AttributeName": "g", "AttributeType": "S"}],
                          GlobalSecondaryIndexUpdates=[{"Create": index("late", "g")}])
    dynamodb.put_item(TableName=name, Item=item("meanwhile", g="even"))

    def count():
        return dynamodb.query(TableName=name, IndexName="late", Select="COUNT", KeyConditionExpression="g = :g",
                              ExpressionAttributeValues={":g": {"S": "even"}})["Count"]
    wait_active(dynamodb, name)
    assert count() == 226
    assert dynamodb.describe_table(TableName=name)["Table"]["GlobalSecondaryIndexes"][0]["ItemCount"] == 226
    dynamodb.update_table(TableName=name, GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "late"}}])
    wait_active(dynamodb, name)
    assert refusal(dynamodb.scan, TableName=name, IndexName="late") == (
        "ValidationException", "The table does not have the specified index: late")


# ---- Query and Scan ----

@pytest.mark.parametrize("kind, values", [
    ("S", ["", "a", "a\0", "a\0\0", "a\1", "aa", "b", "b" * 8, "b" * 9, "é"]),
    ("N", ["-1E+125", "-10", "-9.99", "-1E-130", "0", "1E-130", "0.5", "9", "10", "1E+125"]),
    ("B", [b"\0", b"\0\0", b"\0\1", b"\1", b"\1\0", b"\x7f", b"\xff", b"\xff" * 1024]),
])
def test_sort_keys_are_in_order(dynamodb, table, kind, values):
    name = table(f"p:S s:{kind}", ("p", "s"))
    values = [v for v in values if v != ""]
    for v in reversed(values):
        dynamodb.put_item(TableName=name, Item={"p": {"S": "x"}, "s": {kind: v}})
    ask = dict(TableName=name, KeyConditionExpression="p = :p", ExpressionAttributeValues={":p": {"S": "x"}})
    stored = [i["s"] for i in dynamodb.query(**ask)["Items"]]
    got = [float(v["N"]) if kind == "N" else v[kind] for v in stored]
    assert got == [float(v) if kind == "N" else v for v in values]
    assert [i["s"] for i in dynamodb.query(**ask, ScanIndexForward=False)["Items"]] == stored[::-1]
    for operator, wanted in (("<", range(0, 3)), ("<=", range(0, 4)), (">", range(4, len(values))), (">=", range(3, len(values))), ("=", [3])):
        answer = dynamodb.query(TableName=name, KeyConditionExpression=f"p = :p AND s {operator} :s",
                                ExpressionAttributeValues={":p": {"S": "x"}, ":s": stored[3]})
        assert [i["s"] for i in answer["Items"]] == [stored[i] for i in wanted]
    between = dynamodb.query(TableName=name, KeyConditionExpression="p = :p AND s BETWEEN :l AND :h",
                             ExpressionAttributeValues={":p": {"S": "x"}, ":l": stored[1], ":h": stored[4]})
    assert [i["s"] for i in between["Items"]] == stored[1:5]


def test_prefixes_of_sort_keys(dynamodb, table):
    name = table("p:S s:S", ("p", "s"))
    for s in ("a", "ab", "abcdefgh", "abcdefghi", "abd", "b"):
        dynamodb.put_item(TableName=name, Item={"p": {"S": "x"}, "s": {"S": s}})
    for prefix, count in (("a", 5), ("ab", 4), ("abcdefgh", 2), ("abcdefghi", 1), ("c", 0)):
        answer = dynamodb.query(TableName=name, KeyConditionExpression="p = :p AND begins_with(s, :s)",
                                ExpressionAttributeValues={":p": {"S": "x"}, ":s": {"S": prefix}})
        assert answer["Count"] == count, prefix


def test_the_longest_keys_in_every_index(dynamodb, table):
    name = table("p:B s:B g:B h:B", ("p", "s"), GlobalSecondaryIndexes=[index("gsi", "g", "h")], LocalSecondaryIndexes=[index("lsi", "p", "h")])
    for last in (b"\0", b"\1"):
        dynamodb.put_item(TableName=name, Item={"p": {"B": b"\0" * 2048}, "s": {"B": b"\0" * 1023 + last}, "g": {"B": b"\0" * 2048},
                                                "h": {"B": b"\0" * 1024}})
    for where in ({}, {"IndexName": "gsi"}, {"IndexName": "lsi"}):
        hash_name = "g" if where.get("IndexName") == "gsi" else "p"
        pages = dynamodb.get_paginator("query").paginate(
            TableName=name, **where, KeyConditionExpression=f"{hash_name} = :h", ExpressionAttributeValues={":h": {"B": b"\0" * 2048}},
            PaginationConfig={"PageSize": 1})
        assert sum(p["Count"] for p in pages) == 2


def test_pages_and_segments_cover_all_once(dynamodb, table):
    name = table("p:S s:N g:S", ("p", "s"), GlobalSecondaryIndexes=[index("gsi", "g")])
    wanted = {(str(p), str(s)) for p in range(20) for s in range(5)}
    for p, s in wanted:
        dynamodb.put_item(TableName=name, Item=item(p, s, g=p[-1]))

    def scan(**options):
        pages = dynamodb.get_paginator("scan").paginate(TableName=name, **options)
        return [(i["p"]["S"], i["s"]["N"]) for page in pages for i in page["Items"]]

    whole = scan()
    assert set(whole) == wanted and len(whole) == 100
    assert scan(Limit=7) == whole
    assert set(scan(Limit=7, IndexName="gsi")) == wanted
    for total in (1, 2, 3, 7, 5000):
        parts = [scan(Segment=i, TotalSegments=total, Limit=9) for i in range(min(total, 7))]
        seen = [k for part in parts for k in part]
        assert len(seen) == len(set(seen)) and (total > 7 or seen == whole)
    answer = dynamodb.scan(TableName=name, Limit=10, FilterExpression="s = :s", ExpressionAttributeValues={":s": {"N": "0"}})
    assert answer["ScannedCount"] == 10 and answer["Count"] == 2 and "LastEvaluatedKey" in answer


def test_hash_order_is_awss(dynamodb, table):
    """The order in which AWS scans small keys, as seen there: MD5 over a word and the key."""
    import hashlib
    name = table()
    keys = [str(i) for i in range(50)]
    for key in keys:
        dynamodb.put_item(TableName=name, Item=item(key))
    order = sorted(keys, key=lambda k: hashlib.md5(b"Outliers" + k.encode()).digest())
    assert [i["p"]["S"] for i in dynamodb.scan(TableName=name)["Items"]] == order


def test_a_page_ends_at_a_megabyte(dynamodb, table):
    name = table("p:S s:N", ("p", "s"))
    for s in range(30):
        dynamodb.put_item(TableName=name, Item=item("x", s, pad="x" * 99_990))
    ask = dict(TableName=name, KeyConditionExpression="p = :p", ExpressionAttributeValues={":p": {"S": "x"}}, ReturnConsumedCapacity="TOTAL")
    page = dynamodb.query(**ask)
    assert page["Count"] == 11 and page["LastEvaluatedKey"] == item("x", 10)
    assert page["ConsumedCapacity"]["CapacityUnits"] == 134.5
    count = sum(p["Count"] for p in dynamodb.get_paginator("query").paginate(**ask, Select="COUNT"))
    assert count == 30


@pytest.mark.parametrize("change, message", [
    ({"IndexName": "none"}, "The table does not have the specified index: none"),
    ({"IndexName": "gsi", "ConsistentRead": True}, "Consistent reads are not supported on global secondary indexes"),
    ({"IndexName": "gsi", "Select": "ALL_ATTRIBUTES"},
     "One or more parameter values were invalid: Select type ALL_ATTRIBUTES is not supported for global secondary index gsi because its "
     "projection type is not ALL"),
    ({"Segment": 1}, "The TotalSegments parameter is required but was not present in the request when Segment parameter is present"),
    ({"Segment": 4, "TotalSegments": 4}, "The Segment parameter is zero-based and must be less than parameter TotalSegments: Segment: 4 is "
                                         "not less than TotalSegments: 4"),
    ({"ExclusiveStartKey": {"p": {"S": "x"}}},
     "The provided starting key is invalid: The provided key element does not match the schema"),
    ({"IndexName": "gsi", "ExclusiveStartKey": {"p": {"S": "x"}}}, "The provided starting key is invalid"),
])
def test_what_is_no_scan(dynamodb, wide_table, change, message):
    assert refusal(dynamodb.scan, TableName=wide_table, **change) == ("ValidationException", message)


# ---- what it costs ----

def test_capacity_is_counted_as_aws_does(dynamodb, wide_table):
    name = wide_table

    def put(**values):
        answer = dynamodb.put_item(TableName=name, Item=item("cost", 1, **values), ReturnConsumedCapacity="INDEXES")["ConsumedCapacity"]
        return (answer["CapacityUnits"], answer["Table"]["CapacityUnits"],
                answer.get("GlobalSecondaryIndexes", {}).get("gsi", {}).get("CapacityUnits"),
                answer.get("LocalSecondaryIndexes", {}).get("lsi", {}).get("CapacityUnits"))

    assert put() == (1, 1, None, None)
    assert put(g="a") == (2, 1, 1, None)
    assert put(g="a", dropped="x") == (1, 1, None, None)
    assert put(g="a", kept="x") == (2, 1, 1, None)
    assert put(g="b", kept="x") == (3, 1, 2, None)
    assert put(g="b", kept="x", l={"B": b"1"}) == (2, 1, None, 1)
    assert put(pad="x" * 3000) == (5, 3, 1, 1)
    read = dict(TableName=name, Key=item("cost", 1), ReturnConsumedCapacity="TOTAL")
    assert dynamodb.get_item(**read)["ConsumedCapacity"]["CapacityUnits"] == 0.5
    assert dynamodb.get_item(**read, ConsistentRead=True)["ConsumedCapacity"]["CapacityUnits"] == 1


def test_item_collections_are_measured(dynamodb, wide_table):
    metrics = dynamodb.put_item(TableName=wide_table, Item=item("m", 1), ReturnItemCollectionMetrics="SIZE")["ItemCollectionMetrics"]
    assert metrics == {"ItemCollectionKey": {"p": {"S": "m"}}, "SizeEstimateRangeGB": [0.0, 1.0]}


def test_answers_carry_their_checksum(dynamodb, wide_table):
    answer = dynamodb.get_item(TableName=wide_table, Key=item("none", 1))
    assert answer["ResponseMetadata"]["HTTPHeaders"]["x-amz-crc32"] == str(zlib.crc32(b"{}"))
