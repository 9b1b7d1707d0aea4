"""Global indexes whose keys have several attributes. What AWS promises of them: its developer guide, "Multi-attribute
key schema" (GSI.html) and "Multi-attribute keys pattern", whose example this is."""
import pytest

from services.dynamodb.test.ddb_tables import make_table, refusal, wait_active

HASH = ["tournament", "region"]
RANGE = ["round", "bracket", "match"]
INDEX = {"IndexName": "rounds", "Projection": {"ProjectionType": "ALL"},
         "KeySchema": [{"AttributeName": n, "KeyType": "HASH"} for n in HASH] + [{"AttributeName": n, "KeyType": "RANGE"} for n in RANGE]}
ATTRIBUTES = "id:S tournament:S region:S round:N bracket:S match:S"


def match(tournament, region, round_, bracket, name):
    return {"id": {"S": f"{tournament},{region},{round_},{bracket},{name}"}, "tournament": {"S": tournament}, "region": {"S": region},
            "round": {"N": str(round_)}, "bracket": {"S": bracket}, "match": {"S": name}}


MATCHES = [match(t, r, n, b, m) for t in ("WINTER", "WINTERNA") for r in ("EU", "NA-EU", "NAEU") for n in (1, 2, 10) for b in ("LOWER", "UPPER")
           for m in ("a", "b")]


@pytest.fixture(scope="module")
def matches(dynamodb):
    name = make_table(dynamodb, ATTRIBUTES, ("id",), GlobalSecondaryIndexes=[INDEX])
    for at in range(0, len(MATCHES), 25):
        dynamodb.batch_write_item(RequestItems={name: [{"PutRequest": {"Item": i}} for i in MATCHES[at:at + 25]]})
    return name


def ask(dynamodb, table, condition, **options):
    """`condition`: "tournament=WINTER region=EU round>1": names with an operator and a value."""
    names, values, parts = {}, {}, []
    for i, part in enumerate(condition.split()):
        sign = next(s for s in (">=", "<=", ">", "<", "^", "=") if s in part)
        name, value = part.split(sign)
        names[f"#{i}"], values[f":{i}"] = name, {"N" if name == "round" else "S": value}
        parts.append(f"begins_with(#{i}, :{i})" if sign == "^" else f"#{i} {sign} :{i}")
    return dict(TableName=table, IndexName="rounds", KeyConditionExpression=" AND ".join(parts), ExpressionAttributeNames=names,
                ExpressionAttributeValues=values, **options)


def found(dynamodb, table, condition, **options):
    return [i["id"]["S"] for i in dynamodb.query(**ask(dynamodb, table, condition, **options))["Items"]]


def ids(test):
    return [m["id"]["S"] for m in MATCHES if test({k: next(iter(v.values())) for k, v in m.items()})]


def of(m, tournament, region):
    return m["tournament"] == tournament and m["region"] == region


def test_what_the_index_is(dynamodb, matches):
    table = dynamodb.describe_table(TableName=matches)["Table"]
    assert table["GlobalSecondaryIndexes"][0]["KeySchema"] == INDEX["KeySchema"]


@pytest.mark.parametrize("condition, test", [
    ("tournament=WINTER region=EU", lambda m: True),
    ("region=EU tournament=WINTER round=2", lambda m: m["round"] == "2"),
    ("tournament=WINTER region=EU round>1", lambda m: m["round"] != "1"),
    ("tournament=WINTER region=EU round<=2", lambda m: m["round"] != "10"),
    ("tournament=WINTER region=EU round=10 bracket^U", lambda m: m["round"] == "10" and m["bracket"] == "UPPER"),
    ("tournament=WINTER region=EU round=10 bracket<UPPER", lambda m: m["round"] == "10" and m["bracket"] == "LOWER"),
    ("tournament=WINTER region=EU bracket=UPPER round=10 match>=b", lambda m: (m["round"], m["bracket"], m["match"]) == ("10", "UPPER", "b")),
])
def test_range_attributes_from_the_left(dynamodb, matches, condition, test):
    wanted = ids(lambda m: of(m, "WINTER", "EU") and test(m))  # made in the order of the index: numbers as numbers
    assert wanted and found(dynamodb, matches, condition) == wanted
    assert found(dynamodb, matches, condition, ScanIndexForward=False) == wanted[::-1]


def test_parts_of_a_partition_key_do_not_run_together(dynamodb, matches):
    """WINTER + NAEU is not WINTERNA + EU."""
    assert found(dynamodb, matches, "tournament=WINTER region=NAEU") == ids(lambda m: of(m, "WINTER", "NAEU"))
    assert found(dynamodb, matches, "tournament=WINTERNA region=EU") == ids(lambda m: of(m, "WINTERNA", "EU"))


def test_older_conditions(dynamodb, matches):
    """scylladb's issue 31393 has seen that AWS takes them, too."""
    conditions = {n: {"ComparisonOperator": "EQ", "AttributeValueList": [v]} for n, v in
                  (("tournament", {"S": "WINTER"}), ("region", {"S": "EU"}), ("round", {"N": "2"}))}
    got = dynamodb.query(TableName=matches, IndexName="rounds", KeyConditions=conditions)["Items"]
    assert [i["id"]["S"] for i in got] == ids(lambda m: of(m, "WINTER", "EU") and m["round"] == "2")


def test_pages(dynamodb, matches):
    asked, got = ask(dynamodb, matches, "tournament=WINTER region=EU round>1", Limit=3), []
    while True:
        page = dynamodb.query(**asked)
        got += [i["id"]["S"] for i in page["Items"]]
        if "LastEvaluatedKey" not in page:
            break
        assert set(page["LastEvaluatedKey"]) == {"id", *HASH, *RANGE}
        asked["ExclusiveStartKey"] = page["LastEvaluatedKey"]
    assert got == ids(lambda m: of(m, "WINTER", "EU") and m["round"] != "1")
    short = {k: v for k, v in page["Items"][0].items() if k != "bracket"}
    assert refusal(dynamodb.query, **dict(asked, ExclusiveStartKey=short)) == ("ValidationException", "The provided starting key is invalid")


@pytest.mark.parametrize("condition", [
    "tournament=WINTER", "region=EU", "tournament=WINTER round=1",          # each hash attribute must be there
    "tournament=WINTER region=EU bracket=UPPER",                             # none may be left out
    "tournament=WINTER region=EU round=1 match=a",
    "tournament=WINTER region=EU round>1 bracket=UPPER",                     # an inequality is the last
    "tournament=WINTER region=EU round=1 bracket^U match=a",
    "tournament=WINTER region>EU", "tournament=WINTER region=EU other=x"])
def test_what_is_no_condition(dynamodb, matches, condition):
    assert refusal(dynamodb.query, **ask(dynamodb, matches, condition))[0] == "ValidationException"


def test_a_filter_names_no_key(dynamodb, matches):
    asked = ask(dynamodb, matches, "tournament=WINTER region=EU")
    asked["ExpressionAttributeNames"]["#f"] = "match"
    asked["ExpressionAttributeValues"][":f"] = {"S": "a"}
    assert refusal(dynamodb.query, **asked, FilterExpression="#f = :f") == (
        "ValidationException", "Filter Expression can only contain non-primary key attributes: Primary key attribute: match")


@pytest.mark.parametrize("condition, missing, present", [
    ("tournament=WINTER region=EU bracket=UPPER", "round", "bracket"),
    ("tournament=WINTER region=EU match=a", "round, bracket", "match"),
    ("tournament=WINTER region=EU round>1 bracket=UPPER", "round", "bracket")])
def test_what_is_left_out_is_told(dynamodb, matches, condition, missing, present):
    """In AWS's words of October 2026."""
    assert refusal(dynamodb.query, **ask(dynamodb, matches, condition)) == (
        "ValidationException", f"RANGE key attributes {missing} must have equality conditions specified in the query because a condition is "
                               f"present on key attribute {present}")


def test_no_statement_reads_it(dynamodb, matches):
    """PartiQL knows keys of one attribute in each half; of a batch the one statement alone fails."""
    words = "PartiQL statements cannot be executed on tables with multi-attribute HASH keys or multi-attribute RANGE keys."
    statement = f"SELECT id FROM \"{matches}\".\"rounds\" WHERE tournament = 'WINTER' AND region = 'EU' AND round = 2"
    assert refusal(dynamodb.execute_statement, Statement=statement) == ("ValidationException", words)
    answers = dynamodb.batch_execute_statement(Statements=[{"Statement": statement}, {"Statement": f"SELECT * FROM \"{matches}\" WHERE id = 'none'"}])
    first, second = answers["Responses"]
    assert first["Error"] == {"Code": "ValidationError", "Message": words} and "Error" not in second


def test_an_item_is_there_with_all_attributes(dynamodb):
    """Sparse: an item that lacks one is not in the index; one that changes moves. An index that comes later does the same."""
    name = make_table(dynamodb, "id:S", ("id",))
    item = match("SPRING", "EU", 1, "UPPER", "a")
    dynamodb.put_item(TableName=name, Item=item)
    dynamodb.put_item(TableName=name, Item=dict(match("SPRING", "EU", 1, "UPPER", "b"), bracket={"BOOL": True}))
    dynamodb.put_item(TableName=name, Item=dict(match("SPRING", "EU", 1, "x" * 600, "y" * 600)))  # longer than a sort key may be
    dynamodb.update_table(TableName=name, GlobalSecondaryIndexUpdates=[{"Create": INDEX}],
                          AttributeDefinitions=[dict(zip(("AttributeName", "AttributeType"), a.split(":"))) for a in ATTRIBUTES.split()])
    wait_active(dynamodb, name)
    assert found(dynamodb, name, "tournament=SPRING region=EU") == [item["id"]["S"]]
    dynamodb.update_item(TableName=name, Key={"id": item["id"]}, UpdateExpression="REMOVE bracket")
    assert found(dynamodb, name, "tournament=SPRING region=EU") == []
    dynamodb.update_item(TableName=name, Key={"id": item["id"]}, UpdateExpression="SET bracket = :b, #r = :r",
                         ExpressionAttributeNames={"#r": "region"}, ExpressionAttributeValues={":b": {"S": "LOWER"}, ":r": {"S": "NA"}})
    assert found(dynamodb, name, "tournament=SPRING region=NA round=1 bracket=LOWER") == [item["id"]["S"]]
    code, message = refusal(dynamodb.put_item, TableName=name, Item=dict(item, match={"N": "1"}))
    assert (code, message) == ("ValidationException", "One or more parameter values were invalid: Type mismatch for Index Key match Expected: S "
                                                      "Actual: N IndexName: rounds")
    code, message = refusal(dynamodb.put_item, TableName=name, Item=match("SPRING", "EU", 1, "x" * 600, "y" * 600))
    assert (code, message) == ("ValidationException", "One or more parameter values were invalid: Aggregated size of all range keys has exceeded "
                                                      "the size limit of 1024 bytes")


def schema(*parts):
    return [dict(zip(("AttributeName", "KeyType"), (p[1:], {"h": "HASH", "r": "RANGE"}[p[0]]))) for p in parts]


@pytest.mark.parametrize("parts", [("ha", "hb", "hc", "hd", "he"), ("ha", "rb", "rc", "rd", "re", "rf"), ("ha", "rb", "hc"), ("ra", "hb"),
                                   ("ha", "hb", "ha"), ("ha", "rb", "rb")])
def test_what_is_no_key(dynamodb, parts):
    definitions = [{"AttributeName": n, "AttributeType": "S"} for n in sorted({p[1:] for p in parts} | {"p"})]
    code, _ = refusal(dynamodb.create_table, TableName="never-made", BillingMode="PAY_PER_REQUEST", KeySchema=schema("hp"), AttributeDefinitions=definitions,
                      GlobalSecondaryIndexes=[dict(INDEX, KeySchema=schema(*parts))])
    assert code == "ValidationException"


@pytest.mark.parametrize("parts", [("hp", "ha"), ("hp", "ra", "rb"), ("hp", "ha", "rb")])
def test_a_table_has_one_and_one(dynamodb, parts):
    definitions = [{"AttributeName": p[1:], "AttributeType": "S"} for p in parts]
    code, _ = refusal(dynamodb.create_table, TableName="never-made", BillingMode="PAY_PER_REQUEST", KeySchema=schema(*parts), AttributeDefinitions=definitions)
    assert code == "ValidationException"
