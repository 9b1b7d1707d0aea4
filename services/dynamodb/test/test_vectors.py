"""Vector indexes and SearchVectors: what is nearest, in each measure; partitions and filters; what a write may bring. The words of
refusals are AWS's where its documentation, or its own public guide for DynamoDB, quotes them."""
import math
import random

import pytest
from botocore.exceptions import ClientError

from services.dynamodb.test.ddb_tables import make_table, refusal

ITEMS = {"a": [1, 0, 0, 0], "b": [10, 0, 0, 0], "c": [0.5, 0.5, 0, 0], "d": [0, 1, 0, 0], "e": [-1, 0, 0, 0]}
INVALID = "One or more parameter values were invalid: "
QUERY = [1, 0, 0, 0]


def plain(numbers):
    return [{"N": str(x)} for x in numbers]


def vector(numbers):
    return {"L": plain(numbers)}


def index(name="near", distance="COSINE", dimensions=4, projection=None, schema=None):
    made = {"IndexName": name, "VectorAttribute": {"AttributeName": "v"}, "Projection": projection or {"ProjectionType": "ALL"},
            "Dimensions": dimensions, "DistanceFunction": distance}
    return {**made, "SearchSchema": [{"AttributeName": a, "SearchSchemaElementType": t} for a, t in schema.items()]} if schema else made


def names(answer):
    return "".join(r["Item"]["id"]["S"] for r in answer["SearchResults"])


class Things:
    """A table with vector indexes."""

    def __init__(self, dynamodb, *indexes, attributes="id:S"):
        self.dynamodb = dynamodb
        self.name = make_table(dynamodb, attributes, ("id",), **({"VectorIndexes": list(indexes)} if indexes else {}))

    def put(self, name, numbers, **more):
        return self.dynamodb.put_item(TableName=self.name, Item={"id": {"S": name}, "v": vector(numbers), **more}, ReturnConsumedCapacity="INDEXES")

    def put_all(self):
        for name, numbers in ITEMS.items():
            self.put(name, numbers)

    def update(self, expression, **values):
        given = {"ExpressionAttributeValues": {f":{n}": v for n, v in values.items()}} if values else {}
        return dict(TableName=self.name, Key={"id": {"S": "a"}}, UpdateExpression=expression, **given)

    def asks(self, numbers=QUERY, k=10, index="near", condition=None, names=None, **values):
        given = {"SearchConditionExpression": condition} if condition else {}
        if values:
            given["ExpressionAttributeValues"] = {f":{n}": v for n, v in values.items()}
        if names:
            given["ExpressionAttributeNames"] = names
        return dict(TableName=self.name, IndexName=index, SearchVector=plain(numbers), TopK=k, **given)

    def search(self, *args, **kwargs):
        return self.dynamodb.search_vectors(**self.asks(*args, **kwargs))

    def refused(self, *args, **kwargs):
        return refusal(self.dynamodb.search_vectors, **self.asks(*args, **kwargs))

    def described(self, name="near"):
        """The index, once nothing is under way; None: it is gone."""
        while True:
            table = self.dynamodb.describe_table(TableName=self.name)["Table"]
            indexes = table.get("VectorIndexes", [])
            if table["TableStatus"] == "ACTIVE" and all(i["IndexStatus"] == "ACTIVE" for i in indexes):
                return next((i for i in indexes if i["IndexName"] == name), None)


def test_the_nearest_in_each_measure(dynamodb):
    things = Things(dynamodb, *[index(d.lower(), d) for d in ("COSINE", "EUCLIDEAN", "DOT_PRODUCT")])
    things.put_all()
    found = {d: {r["Item"]["id"]["S"]: r["Score"] for r in things.search(index=d)["SearchResults"]} for d in ("cosine", "euclidean", "dot_product")}
    assert found["cosine"] == pytest.approx({"a": 0, "b": 0, "c": 1 - math.sqrt(0.5), "d": 1, "e": 2}, abs=1e-6)
    assert found["euclidean"] == pytest.approx({"a": 0, "c": math.sqrt(0.5), "d": math.sqrt(2), "e": 2, "b": 9}, abs=1e-6)
    assert found["dot_product"] == pytest.approx({"b": 10, "a": 1, "c": 0.5, "d": 0, "e": -1}, abs=1e-6)
    assert "".join(found["cosine"])[2:] == "cde"
    assert "".join(found["euclidean"]) == "acdeb"
    assert "".join(found["dot_product"]) == "bacde"
    assert names(things.search(k=2, index="euclidean")) == "ac"


def test_many_against_a_plain_sort(dynamodb):
    things = Things(dynamodb, index(distance="EUCLIDEAN", dimensions=19))
    r = random.Random(7)
    all_ = {f"{i:03}": [round(r.uniform(-1, 1), 3) for _ in range(19)] for i in range(300)}
    for name, numbers in all_.items():
        things.put(name, numbers)
    query = [round(r.uniform(-1, 1), 3) for _ in range(19)]
    expected = sorted(all_, key=lambda n: math.dist(all_[n], query))[:25]
    assert [x["Item"]["id"]["S"] for x in things.search(query, 25)["SearchResults"]] == expected


def test_what_no_float_can_hold_squared(dynamodb):
    things = Things(dynamodb, *[index(d.lower(), d, 2) for d in ("COSINE", "EUCLIDEAN", "DOT_PRODUCT")])
    for name, numbers in {"a": [3e38, 3e38], "b": [-3e38, -3e38], "c": [3e38, -3e38], "d": [1e-30, 1e-30], "e": [1, 1], "f": [0, 0]}.items():
        things.put(name, numbers)
    for query in ([3e38, 3e38], [2e-30, 2e-30]):
        found = {d: {r["Item"]["id"]["S"]: r["Score"] for r in things.search(query, index=d)["SearchResults"]} for d in ("cosine", "euclidean", "dot_product")}
        assert found["cosine"] == pytest.approx({"a": 0, "d": 0, "e": 0, "c": 1, "f": 1, "b": 2}, abs=1e-6)
        assert found["cosine"]["b"] == max(found["cosine"].values())
        for name, numbers in {"a": [3e38, 3e38], "b": [-3e38, -3e38], "c": [3e38, -3e38], "e": [1, 1], "f": [0, 0]}.items():
            assert found["euclidean"][name] == pytest.approx(math.dist(query, numbers), rel=1e-6)
            assert found["dot_product"][name] == pytest.approx(sum(x * y for x, y in zip(query, numbers)), rel=1e-6)
    assert found["euclidean"]["d"] == pytest.approx(math.sqrt(2) * 1e-30, rel=1e-6)


@pytest.fixture(scope="module")
def parted(dynamodb):
    """Items in two partitions; f without its key, g without the attribute that is filtered by."""
    things = Things(dynamodb, index(schema={"kind": "HASH", "brand": "INLINE_FILTER"}, projection={"ProjectionType": "INCLUDE", "NonKeyAttributes": ["title"]}),
                    attributes="id:S kind:S brand:N")
    for i, (name, numbers) in enumerate(ITEMS.items()):
        things.put(name, numbers, kind={"S": "x" if i < 3 else "y"}, brand={"N": str(i % 2)}, title={"S": name * 2}, hidden={"S": "?"})
    things.put("f", QUERY)
    things.put("g", QUERY, kind={"S": "y"})
    return things


def test_partitions_and_filters(parted):
    of_x = parted.search(condition="kind = :p", p={"S": "x"})
    assert sorted(names(of_x)) == ["a", "b", "c"]
    assert of_x["SearchResults"][0]["Item"].keys() == {"id", "kind", "brand", "title"}
    assert names(parted.search(condition="#k = :p AND :b = brand", names={"#k": "kind"}, p={"S": "x"}, b={"N": "1"})) == "b"
    assert names(parted.search([0, 1, 0, 0], condition="kind = :p", p={"S": "y"})) == "dge"  # f is in no partition


def test_what_is_no_search_condition(parted):
    x = {"S": "x"}
    missing = ("ValidationException", "SearchConditionExpression must be provided when SearchSchema has a HASH key")
    assert parted.refused() == missing
    assert parted.refused(condition="brand = :b", b={"N": "1"}) == missing
    for text in ("kind > :p", "kind <> :p", "kind IN (:p)", "begins_with(kind, :p)", "kind = :p OR brand = :p", "NOT kind = :p"):
        assert parted.refused(condition=text, p=x)[1] == "Invalid SearchConditionExpression: Invalid comparator used in SearchConditionExpression"
    assert "title" in parted.refused(condition="kind = :p AND title = :p", p=x)[1]
    assert parted.refused(condition="kind = :p", p={"N": "1"})[1].endswith("Condition parameter type does not match schema type")
    assert parted.refused(condition="kind = :p", p=x, j=x)[1] == "Value provided in ExpressionAttributeValues unused in expressions: keys: {:j}"
    assert "Syntax error" in parted.refused(condition="kind = ", names={"#k": "kind"})[1]


def test_what_is_told(dynamodb):
    things = Things(dynamodb, index())
    things.put("a", [0.1, 2, -3, 1e20], title={"S": "t"})
    whole = dynamodb.search_vectors(**things.asks(), ReturnConsumedCapacity="TOTAL")
    assert whole["SearchResults"][0]["Item"] == {"id": {"S": "a"}, "title": {"S": "t"}}  # the vector only to who names it
    assert whole["ConsumedCapacity"] == {"VectorSearchRequestBytes": 1024.0}
    asked = dynamodb.search_vectors(**things.asks(), ProjectionExpression="v, title, nothing")
    assert asked["SearchResults"][0]["Item"] == {"v": vector(["0.1", "2", "-3", "100000000000000000000"]), "title": {"S": "t"}}
    assert "ConsumedCapacity" not in asked


def test_what_is_no_vector(dynamodb):
    things = Things(dynamodb, index(schema={"kind": "HASH"}), attributes="id:S kind:S")

    def write(value, **more):
        code, message = refusal(dynamodb.put_item, TableName=things.name, Item={"id": {"S": "a"}, "v": value, **more})
        assert code == "ValidationException"
        return message
    assert write(vector([1, 2])) == INVALID + "Invalid size for parameter v, Expected: 4, Actual: 2. IndexName: near"
    assert write({"S": "1"}) == INVALID + "Invalid type for parameter v, Expected: L, Actual: S. IndexName: near"
    assert write({"L": [*plain([1, 2]), {"S": "3"}, {"N": "4"}]}) == INVALID + "Invalid type for parameter v[2], Expected: N, Actual: S. IndexName: near"
    assert "contains duplicates" in write({"NS": ["1", "1", "0", "0"]})
    assert write(vector(["1", "1e39", "0", "0"])).startswith(INVALID + "Invalid value for parameter v[1]")
    assert write(vector([1, 2, 3, 4]), kind={"N": "1"}) == INVALID + "Type mismatch for Index Key kind Expected: S Actual: N IndexName: near"
    assert "empty string value" in write(vector([1, 2, 3, 4]), kind={"S": ""})
    assert dynamodb.scan(TableName=things.name)["Count"] == 0
    things.put("a", [1, 2, 3, 4], kind={"S": "x"})
    assert refusal(dynamodb.update_item, **things.update("SET v = :v", v=vector([1])))[1] == INVALID + (
        "Invalid size for parameter v, Expected: 4, Actual: 1. IndexName: near")


def test_writes_keep_the_index_in_step(dynamodb):
    things = Things(dynamodb, index(schema={"kind": "HASH"}), attributes="id:S kind:S")

    def found(kind="x"):
        return names(things.search(condition="kind = :p", p={"S": kind}))

    def update(expression, **values):
        dynamodb.update_item(**things.update(expression, **values))
    capacity = things.put("a", ITEMS["a"], kind={"S": "x"})["ConsumedCapacity"]
    assert capacity["VectorIndexes"] == {"near": {"VectorWriteRequestBytes": 1024.0}} and capacity["CapacityUnits"] == 1.0
    things.put("b", ITEMS["d"], kind={"S": "x"})
    assert found() == "ab"
    update("SET v = :v", v=vector([-1, 0, 0, 0]))
    assert found() == "ba"
    update("SET kind = :k", k={"S": "y"})
    assert (found(), found("y")) == ("b", "a")
    update("REMOVE kind")
    assert found("y") == ""
    update("SET kind = :k", k={"S": "x"})
    assert found() == "ba"
    update("REMOVE v")
    assert found() == "b"
    dynamodb.transact_write_items(TransactItems=[{"Delete": {"TableName": things.name, "Key": {"id": {"S": "b"}}}}])
    assert found() == ""
    assert things.described()["ItemCount"] == things.described()["IndexSizeBytes"] == 0


def test_an_index_comes_later_and_goes(dynamodb):
    things = Things(dynamodb)
    things.put_all()
    things.put("x", [1, 2])  # nobody asks for four yet
    change = dict(TableName=things.name)
    made = dynamodb.update_table(**change, VectorIndexUpdates=[{"Create": index()}])["TableDescription"]
    assert (made["TableStatus"], made["VectorIndexes"][0]["IndexStatus"], made["VectorIndexes"][0]["Backfilling"]) == ("UPDATING", "CREATING", False)
    of = things.described()
    assert of == {**index(), "IndexStatus": "ACTIVE", "ItemCount": 5, "IndexSizeBytes": of["IndexSizeBytes"], "IndexArn": made["TableArn"] + "/index/near"}
    assert sorted(names(things.search())) == list(ITEMS)
    assert refusal(dynamodb.update_table, **change, VectorIndexUpdates=[{"Create": index("one")}, {"Create": index("two")}]) == (
        "LimitExceededException", "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table")
    units = {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}
    assert refusal(dynamodb.update_table, **change, BillingMode="PROVISIONED", ProvisionedThroughput=units)[0] == "ValidationException"
    dynamodb.update_table(**change, VectorIndexUpdates=[{"Delete": {"IndexName": "near"}}])
    assert things.described() is None
    assert things.refused() == ("ValidationException", "The table does not have the specified index: near")
    assert dynamodb.scan(**change, Select="COUNT")["Count"] == 6


def test_what_is_no_search(dynamodb):
    things = Things(dynamodb, index())
    assert things.refused([1, 2, 3]) == ("ValidationException", "Input search vector dimension 3 does not match vector index dimension 4")
    assert things.refused(k=101)[1] == "Provided TopK value '101' is out of valid range. The value must be between 1 and 100 inclusive"
    assert things.refused(index="other")[1] == "The table does not have the specified index: other"
    assert refusal(dynamodb.search_vectors, TableName="nothing", IndexName="near", SearchVector=plain([1]), TopK=1)[0] == "ResourceNotFoundException"
    query = dict(TableName=things.name, IndexName="near", KeyConditionExpression="id = :i", ExpressionAttributeValues={":i": {"S": "a"}})
    assert refusal(dynamodb.query, **query) == ("ValidationException", "Query operation not supported on this index type.")
    assert refusal(dynamodb.scan, TableName=things.name, IndexName="near") == ("ValidationException", "Scan operation not supported on this index type.")
    assert refusal(dynamodb.execute_statement, Statement=f'SELECT * FROM "{things.name}"."near"')[0] == "ValidationException"


def test_what_is_no_vector_index(dynamodb):
    def create(*indexes, attributes="id:S", **more):
        definitions = [{"AttributeName": a[:-2], "AttributeType": a[-1]} for a in attributes.split()]
        return refusal(dynamodb.create_table, **{"TableName": "no-vectors", "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
                                                 "BillingMode": "PAY_PER_REQUEST", "AttributeDefinitions": definitions, "VectorIndexes": list(indexes), **more})[1]
    kind = {"kind": "HASH"}
    assert create(index(schema=kind)) == INVALID + "One element in SearchSchema is not defined in attribute definitions"
    assert "Some AttributeDefinitions are not used" in create(index(schema=kind), attributes="id:S kind:S other:S")
    assert "4096" in create(index(dimensions=4097))
    assert "per-table limit of 5" in create(*[index(f"near{i}") for i in range(6)])
    assert "Duplicate index name: near" in create(index(), index())
    assert "same dimensions" in create(index(), index("far", dimensions=5))
    assert "more than one HASH" in create(index(schema={**kind, "id": "HASH"}), attributes="id:S kind:S")
    units = {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}
    assert "PAY_PER_REQUEST" in create(index(), BillingMode="PROVISIONED", ProvisionedThroughput=units)
    assert refusal(dynamodb.describe_table, TableName="no-vectors")[0] == "ResourceNotFoundException"


def test_backups_keep_it(dynamodb):
    made = index(schema={"id": "INLINE_FILTER"})
    things = Things(dynamodb, made)
    things.put_all()
    arn = dynamodb.create_backup(TableName=things.name, BackupName="kept")["BackupDetails"]["BackupArn"]
    while (backup := dynamodb.describe_backup(BackupArn=arn)["BackupDescription"])["BackupDetails"]["BackupStatus"] != "AVAILABLE":
        pass
    assert backup["SourceTableFeatureDetails"]["VectorIndexes"] == [made]
    again = dict(BackupArn=arn, TargetTableName=things.name + "-again")
    assert refusal(dynamodb.restore_table_from_backup, **again, VectorIndexOverride=[index()])[0] == "ValidationException"
    dynamodb.restore_table_from_backup(**again, VectorIndexOverride=[{**made, "IndexName": "other"}])
    things.name += "-again"
    assert things.described("other")["ItemCount"] == 5
    assert names(things.search([0, 1, 0, 0], 1, "other")) == "d"


def test_replicas_have_it(brume, dynamodb):
    things = Things(dynamodb, index())
    things.put("a", ITEMS["a"])
    dynamodb.update_table(TableName=things.name, ReplicaUpdates=[{"Create": {"RegionName": "eu-west-1"}}])
    assert things.described()
    ireland = Things.__new__(Things)
    ireland.dynamodb, ireland.name = brume.client("dynamodb", region="eu-west-1"), things.name
    assert ireland.described()["ItemCount"] == 1
    things.put("b", ITEMS["d"])
    assert names(ireland.search([0, 1, 0, 0])) == "ba"
    dynamodb.update_table(TableName=things.name, VectorIndexUpdates=[{"Create": index("more", "EUCLIDEAN")}])
    assert things.described("more") and ireland.described("more")
    assert names(ireland.search([0, 1, 0, 0], 1, "more")) == "b"


def test_the_right_to_search(dynamodb, user_with):
    things = Things(dynamodb, index(), index("other"))
    arn = dynamodb.describe_table(TableName=things.name)["Table"]["TableArn"]

    def searchable(resource, **condition):
        client, found = user_with({"Effect": "Allow", "Action": "dynamodb:SearchVectors", "Resource": resource, **condition}), []
        for name in ("near", "other"):
            try:
                client.search_vectors(**things.asks(index=name))
                found.append(name)
            except ClientError as error:
                assert error.response["Error"]["Code"] == "AccessDeniedException"
        return found
    assert searchable(arn + "/index/near") == ["near"]
    assert searchable(arn) == []
    # the keys of fine-grained access are not there: a statement that asks for one does not match
    assert searchable(arn + "/index/*", Condition={"ForAnyValue:StringEquals": {"dynamodb:Attributes": ["id"]}}) == []
