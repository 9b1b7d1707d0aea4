"""Batches: many operations, each for itself. Transactions: many, all or none."""
import json
import threading
import urllib.request

import pytest
from botocore.exceptions import ClientError

from services.dynamodb.test.ddb_tables import index, refusal, signed


def item(p, **more):
    return {"p": {"S": p}, **{k: {"S": v} for k, v in more.items()}}


def keys(client, name):
    return sorted(i["p"]["S"] for i in client.scan(TableName=name)["Items"])


def test_a_batch_over_two_tables(dynamodb, table):
    one, two = table(), table()
    dynamodb.put_item(TableName=two, Item=item("old"))
    answer = dynamodb.batch_write_item(RequestItems={
        one: [{"PutRequest": {"Item": item(str(i))}} for i in range(20)],
        two: [{"PutRequest": {"Item": item("new")}}, {"DeleteRequest": {"Key": item("old")}}]}, ReturnConsumedCapacity="TOTAL")
    assert answer["UnprocessedItems"] == {} and sorted(u["CapacityUnits"] for u in answer["ConsumedCapacity"]) == [2, 20]
    assert len(keys(dynamodb, one)) == 20 and keys(dynamodb, two) == ["new"]
    got = dynamodb.batch_get_item(RequestItems={one: {"Keys": [item("3"), item("4"), item("none")], "ConsistentRead": True},
                                                two: {"Keys": [item("none")]}}, ReturnConsumedCapacity="TOTAL")
    assert sorted(i["p"]["S"] for i in got["Responses"][one]) == ["3", "4"] and got["Responses"][two] == [] and got["UnprocessedKeys"] == {}
    assert {u["TableName"]: u["CapacityUnits"] for u in got["ConsumedCapacity"]} == {one: 3, two: 0.5}


def test_what_is_no_batch(dynamodb, table):
    name = table()
    duplicates = ("ValidationException", "Provided list of item keys contains duplicates")
    put, delete = {"PutRequest": {"Item": item("x")}}, {"DeleteRequest": {"Key": item("x")}}
    assert refusal(dynamodb.batch_write_item, RequestItems={name: [put, delete]}) == duplicates
    assert refusal(dynamodb.batch_get_item, RequestItems={name: {"Keys": [item("x"), item("x")]}}) == duplicates
    assert refusal(dynamodb.batch_write_item, RequestItems={name: [{"PutRequest": {"Item": {"q": {"S": "x"}}}}]}) == (
        "ValidationException", "The provided key element does not match the schema")
    assert refusal(dynamodb.batch_get_item, RequestItems={"absent": {"Keys": [item("x")]}}) == (
        "ResourceNotFoundException", "Requested resource not found")
    assert refusal(dynamodb.batch_write_item, RequestItems={name: [{"PutRequest": {"Item": item(str(i))}} for i in range(26)]})[0] == "ValidationException"
    assert keys(dynamodb, name) == []


def test_keys_of_a_table_in_a_batch(brume, table):
    name, dynamodb = table(), brume.client("dynamodb", config={"parameter_validation": False})
    told = f"1 validation error detected: Value at 'RequestItems.{name}.member.Keys' failed to satisfy constraint: Member must have length "
    assert refusal(dynamodb.batch_get_item, RequestItems={name: {"Keys": [item(str(i)) for i in range(101)]}}) == (
        "ValidationException", told + "less than or equal to 100")
    assert refusal(dynamodb.batch_get_item, RequestItems={name: {"Keys": []}}) == ("ValidationException", told + "greater than or equal to 1")


def test_old_and_new_parameters_do_not_mix_over_tables(dynamodb, table):
    one, two = table(), table()
    asked = {one: {"Keys": [item("x")], "ProjectionExpression": "p"}, two: {"Keys": [item("x")], "AttributesToGet": ["p"]}}
    assert refusal(dynamodb.batch_get_item, RequestItems=asked) == (
        "ValidationException", "Can not use both expression and non-expression parameters in the same request: "
                               "Non-expression parameters: {AttributesToGet} Expression parameters: {ProjectionExpression}")


def test_an_empty_batch(dynamodb):
    assert refusal(dynamodb.batch_get_item, RequestItems={}) == (
        "ValidationException", "1 validation error detected: Value at 'RequestItems' failed to satisfy constraint: Member must have length "
                               "greater than or equal to 1")
    assert refusal(dynamodb.batch_write_item, RequestItems={}) == ("ValidationException", "The requestItems parameter is required for BatchWriteItem")


def test_a_batch_get_is_cut_at_16_megabytes(dynamodb, table):
    name = table()
    for i in range(45):
        dynamodb.put_item(TableName=name, Item=item(str(i), pad="x" * 400_000))
    wanted, seen, rounds = {name: {"Keys": [item(str(i)) for i in range(45)]}}, [], 0
    while wanted:
        answer = dynamodb.batch_get_item(RequestItems=wanted)
        seen += [i["p"]["S"] for i in answer["Responses"][name]]
        wanted, rounds = answer["UnprocessedKeys"], rounds + 1
    assert sorted(seen) == sorted(map(str, range(45))) and rounds == 2


# ---- transactions ----

def cancelled(client, items, **options):
    with pytest.raises(ClientError) as error:
        client.transact_write_items(TransactItems=items, **options)
    assert error.value.response["Error"]["Code"] == "TransactionCanceledException", error.value
    return error.value.response["Error"]["Message"], error.value.response["CancellationReasons"]


def test_all_or_none(dynamodb, table):
    name = table()
    dynamodb.put_item(TableName=name, Item=item("held", v="1"))
    items = [{"Put": {"TableName": name, "Item": item("new")}},
             {"Update": {"TableName": name, "Key": item("held"), "UpdateExpression": "SET v = :v", "ConditionExpression": "v = :old",
                         "ExpressionAttributeValues": {":v": {"S": "2"}, ":old": {"S": "0"}}, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}},
             {"ConditionCheck": {"TableName": name, "Key": item("absent"), "ConditionExpression": "attribute_exists(p)"}},
             {"Delete": {"TableName": name, "Key": item("other")}}]
    message, reasons = cancelled(dynamodb, items)
    assert message == ("Transaction cancelled, please refer cancellation reasons for specific reasons "
                       "[None, ConditionalCheckFailed, ConditionalCheckFailed, None]")
    failed = {"Code": "ConditionalCheckFailed", "Message": "The conditional request failed"}
    assert reasons == [{"Code": "None"}, {**failed, "Item": item("held", v="1")}, failed, {"Code": "None"}]
    assert keys(dynamodb, name) == ["held"]
    items[1]["Update"]["ExpressionAttributeValues"][":old"] = {"S": "1"}
    answer = dynamodb.transact_write_items(TransactItems=items[:2] + items[3:], ReturnConsumedCapacity="TOTAL")
    assert answer["ConsumedCapacity"] == [{"TableName": name, "CapacityUnits": 6.0, "WriteCapacityUnits": 6.0}]
    got = dynamodb.transact_get_items(TransactItems=[{"Get": {"TableName": name, "Key": item(k)}} for k in ("new", "none", "held")],
                                      ReturnConsumedCapacity="TOTAL")
    assert got["Responses"] == [{"Item": item("new")}, {}, {"Item": item("held", v="2")}]
    assert got["ConsumedCapacity"] == [{"TableName": name, "CapacityUnits": 6.0, "ReadCapacityUnits": 6.0}]


def test_a_token_makes_it_happen_once(dynamodb, table):
    name = table()

    def add(by, token):
        return dynamodb.transact_write_items(ClientRequestToken=token, ReturnConsumedCapacity="TOTAL", TransactItems=[
            {"Update": {"TableName": name, "Key": item("x"), "UpdateExpression": "ADD n :n", "ExpressionAttributeValues": {":n": {"N": by}}}}])

    assert "WriteCapacityUnits" in add("1", "t1")["ConsumedCapacity"][0]
    assert "ReadCapacityUnits" in add("1", "t1")["ConsumedCapacity"][0]
    add("1", "t2")
    assert dynamodb.get_item(TableName=name, Key=item("x"))["Item"]["n"] == {"N": "2"}
    assert refusal(add, by="2", token="t1")[0] == "IdempotentParameterMismatchException"


def test_a_token_knows_its_placeholders_in_any_order(dynamodb, table):
    name = table()
    names, values = [("#a", "a"), ("#b", "b")], [(":a", {"S": "1"}), (":b", {"S": "2"})]

    def update(names, values):
        return dynamodb.transact_write_items(ClientRequestToken="ordered", TransactItems=[{"Update": {
            "TableName": name, "Key": item("x"), "UpdateExpression": "SET #a = :a, #b = :b", "ExpressionAttributeNames": dict(names),
            "ExpressionAttributeValues": dict(values)}}])
    update(names, values)
    update(names[::-1], values[::-1])
    assert refusal(update, names=names, values=[(":a", {"S": "2"}), (":b", {"S": "1"})])[0] == "IdempotentParameterMismatchException"


def test_placeholders_without_an_expression_in_a_transaction(dynamodb, table):
    name = table()
    spare = {"ExpressionAttributeNames": {"#n": "n"}}
    dynamodb.transact_write_items(TransactItems=[
        {"Put": {"TableName": name, "Item": item("x"), **spare, "ExpressionAttributeValues": {":v": {"S": "v"}}}},
        {"Delete": {"TableName": name, "Key": item("y"), **spare}}])
    assert dynamodb.transact_get_items(TransactItems=[{"Get": {"TableName": name, "Key": item("x"), **spare}}])["Responses"] == [{"Item": item("x")}]
    assert refusal(dynamodb.put_item, TableName=name, Item=item("x"), **spare) == (
        "ValidationException", "ExpressionAttributeNames can only be specified when using expressions")


def test_a_repeated_deletion_costs_reading_what_was_deleted(dynamodb, table):
    name = table()
    dynamodb.put_item(TableName=name, Item=item("x", big="x" * 9000))
    ask = dict(ClientRequestToken="once", ReturnConsumedCapacity="TOTAL", TransactItems=[{"Delete": {"TableName": name, "Key": item("x")}}])
    assert dynamodb.transact_write_items(**ask)["ConsumedCapacity"][0]["WriteCapacityUnits"] == 18
    assert dynamodb.transact_write_items(**ask)["ConsumedCapacity"][0]["ReadCapacityUnits"] == 6


def test_a_transaction_doubles_what_the_table_costs_alone(dynamodb, table):
    name = table("p:S g:S", GlobalSecondaryIndexes=[index("gsi", "g")])
    answer = dynamodb.transact_write_items(TransactItems=[{"Put": {"TableName": name, "Item": item("x", g="y")}}], ReturnConsumedCapacity="INDEXES")
    assert answer["ConsumedCapacity"] == [{
        "TableName": name, "CapacityUnits": 3, "WriteCapacityUnits": 3, "Table": {"CapacityUnits": 2, "WriteCapacityUnits": 2},
        "GlobalSecondaryIndexes": {"gsi": {"CapacityUnits": 1, "WriteCapacityUnits": 1}}}]


def test_who_names_a_table_by_its_arn_is_told_the_arn(dynamodb, table):
    """The API reference of ConsumedCapacity: "you'll see the table ARN in the response"."""
    name = table("p:S l:S s:S", ("p", "s"), LocalSecondaryIndexes=[index("lsi", "p", "l")])
    arn = dynamodb.describe_table(TableName=name)["Table"]["TableArn"]
    key = {"p": {"S": "x"}, "s": {"S": "y"}}
    units, sizes = {"ReturnConsumedCapacity": "TOTAL"}, {"ReturnItemCollectionMetrics": "SIZE"}
    for of in (name, arn):
        assert dynamodb.put_item(TableName=of, Item=key, **units)["ConsumedCapacity"]["TableName"] == of
        assert dynamodb.scan(TableName=of, **units)["ConsumedCapacity"]["TableName"] == of
        assert dynamodb.batch_get_item(RequestItems={of: {"Keys": [key]}}, **units)["ConsumedCapacity"][0]["TableName"] == of
        wrote = dynamodb.transact_write_items(TransactItems=[{"Put": {"TableName": of, "Item": key}}], **units, **sizes)
        assert (wrote["ConsumedCapacity"][0]["TableName"], list(wrote["ItemCollectionMetrics"])) == (of, [of])
        asked = dynamodb.execute_statement(Statement=f"SELECT * FROM \"{of}\"", **units)
        assert (asked["Items"], asked["ConsumedCapacity"]["TableName"]) == ([key], of)


def test_a_collection_is_told_of_once(brume, dynamodb, table):
    name = table("p:S l:S s:S", ("p", "s"), LocalSecondaryIndexes=[index("lsi", "p", "l")])
    first, more = ([{"PutRequest": {"Item": item(p, s=s)}} for p, s in of] for of in ([("a", "1")], [("a", "2")] + [("b", str(i)) for i in range(10)] + [("c", "1")]))
    body = f'{{"RequestItems": {{"{name}": {json.dumps(first)}, "{name}": {json.dumps(more)}}}, "ReturnItemCollectionMetrics": "SIZE"}}'  # the table twice
    with urllib.request.urlopen(signed(brume.url, body, "BatchWriteItem")) as answer:
        told = json.load(answer)["ItemCollectionMetrics"]
    assert {t: [m["ItemCollectionKey"]["p"]["S"] for m in of] for t, of in told.items()} == {name: ["a", "b", "c"]}
    wrote = dynamodb.transact_write_items(TransactItems=[{"Put": {"TableName": name, "Item": item(p, s="9")}} for p in "da"] + [
        {"Put": {"TableName": name, "Item": item("d", s="8")}}], ReturnItemCollectionMetrics="SIZE")
    assert [m["ItemCollectionKey"]["p"]["S"] for m in wrote["ItemCollectionMetrics"][name]] == ["d", "a"]


def test_what_is_no_transaction(dynamodb, table):
    name = table()
    put = {"Put": {"TableName": name, "Item": item("x")}}
    assert refusal(dynamodb.transact_write_items, TransactItems=[put, put]) == (
        "ValidationException", "Transaction request cannot include multiple operations on one item")
    message, reasons = cancelled(dynamodb, [put, {"Delete": {"TableName": name, "Key": {"q": {"S": "x"}}}}])
    assert message.endswith("[None, ValidationError]")
    assert reasons[1] == {"Code": "ValidationError", "Message": "The provided key element does not match the schema"}
    assert refusal(dynamodb.transact_write_items, TransactItems=[put, {"Put": {"TableName": "absent", "Item": item("x")}}])[0] == "ResourceNotFoundException"
    assert keys(dynamodb, name) == []


def test_wrong_keys_in_a_transaction(dynamodb, table):
    """The first that does not fit its table is named; an empty one fails the request, wherever it stands."""
    name = table()
    wrong, missing, empty = [{"Put": {"TableName": name, "Item": i}} for i in ({"p": {"N": "1"}}, {"q": {"S": "x"}}, item(""))]
    assert cancelled(dynamodb, [wrong, missing])[1] == [
        {"Code": "ValidationError", "Message": "One or more parameter values were invalid: Type mismatch for key p expected: S actual: N"},
        {"Code": "None"}]
    assert refusal(dynamodb.transact_write_items, TransactItems=[wrong, empty]) == (
        "ValidationException", "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty "
                               "string value. Key: p")
    reads = [{"Get": {"TableName": name, "Key": k}} for k in ({"p": {"N": "1"}}, item(""))]
    assert refusal(dynamodb.transact_get_items, TransactItems=reads) == (
        "ValidationException", "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty "
                               "string value. Key: p")


def test_a_projection_of_nothing(dynamodb, table):
    name = table()
    dynamodb.put_item(TableName=name, Item=item("x"))
    one = {"TableName": name, "Key": item("x"), "ProjectionExpression": "aside"}
    assert dynamodb.transact_get_items(TransactItems=[{"Get": one}])["Responses"] == [{}]
    assert dynamodb.get_item(**one)["Item"] == {}


def test_transfers_keep_their_sum(brume, dynamodb, table):
    """Many clients move amounts between accounts; every moment that a transaction reads has the same sum."""
    name, accounts = table(), [str(i) for i in range(4)]
    for a in accounts:
        dynamodb.put_item(TableName=name, Item={"p": {"S": a}, "n": {"N": "100"}})
    wrong = []

    def work(seed):
        client = brume.client("dynamodb")
        for i in range(25):
            source, target = accounts[(seed + i) % 4], accounts[(seed * 3 + i + 1) % 4]
            if source != target:
                try:
                    client.transact_write_items(TransactItems=[
                        {"Update": {"TableName": name, "Key": item(a), "UpdateExpression": "ADD n :n", "ConditionExpression": "n > :floor",
                                    "ExpressionAttributeValues": {":n": {"N": by}, ":floor": {"N": "5"}}}}
                        for a, by in ((source, "-5"), (target, "5"))])
                except client.exceptions.TransactionCanceledException:
                    pass
            got = client.transact_get_items(TransactItems=[{"Get": {"TableName": name, "Key": item(a)}} for a in accounts])
            total = sum(int(r["Item"]["n"]["N"]) for r in got["Responses"])
            if total != 400:
                wrong.append(total)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert wrong == []


def test_a_transaction_in_the_stream(dynamodb, streams, table):
    name = table("p:S g:S", StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}, GlobalSecondaryIndexes=[index("gsi", "g")])
    dynamodb.transact_write_items(TransactItems=[{"Put": {"TableName": name, "Item": item(k, g="g")}} for k in "abc"])
    arn = dynamodb.describe_table(TableName=name)["Table"]["LatestStreamArn"]
    shard = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"][0]["ShardId"]
    iterator = streams.get_shard_iterator(StreamArn=arn, ShardId=shard, ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
    assert [r["dynamodb"]["Keys"]["p"]["S"] for r in streams.get_records(ShardIterator=iterator)["Records"]] == ["a", "b", "c"]
    assert dynamodb.scan(TableName=name, IndexName="gsi")["Count"] == 3


def test_keys_are_scalars_to_whoever_reads_them(dynamodb, table):
    name = table("p:S g:N", GlobalSecondaryIndexes=[index("by-g", "g")])
    told = "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: "
    for path, which in [("p[0]", "Key: p"), ("a, g.x", "IndexKey: g")]:
        assert refusal(dynamodb.get_item, TableName=name, Key=item("x"), ProjectionExpression=path) == ("ValidationException", told + which)
        assert refusal(dynamodb.batch_get_item, RequestItems={name: {"Keys": [item("x")], "ProjectionExpression": path}}) == ("ValidationException", told + which)
        with pytest.raises(ClientError) as error:
            dynamodb.transact_get_items(TransactItems=[{"Get": {"TableName": name, "Key": item("x"), "ProjectionExpression": path}}])
        assert error.value.response["CancellationReasons"] == [{"Code": "ValidationError", "Message": told + which}]
        assert refusal(dynamodb.update_item, TableName=name, Key=item("x"), UpdateExpression=f"SET b = {path.split(', ')[-1]}") == (
            "ValidationException", told + which)
