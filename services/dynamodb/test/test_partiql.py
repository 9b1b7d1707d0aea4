"""PartiQL: the statements of the developer guide's chapter, their refusals, paging, batches and transactions."""
import json

import pytest
from botocore.exceptions import ClientError


@pytest.fixture(scope="module")
def ddb(brume):
    return brume.client("dynamodb")


@pytest.fixture(scope="module")
def music(ddb):
    ddb.create_table(TableName="Music", BillingMode="PAY_PER_REQUEST",
                     KeySchema=[{"AttributeName": "Artist", "KeyType": "HASH"}, {"AttributeName": "SongTitle", "KeyType": "RANGE"}],
                     AttributeDefinitions=[{"AttributeName": n, "AttributeType": "S"} for n in ("Artist", "SongTitle", "Genre")],
                     GlobalSecondaryIndexes=[{"IndexName": "by-genre", "KeySchema": [{"AttributeName": "Genre", "KeyType": "HASH"}],
                                              "Projection": {"ProjectionType": "ALL"}}])
    ddb.get_waiter("table_exists").wait(TableName="Music", WaiterConfig={"Delay": 0.05})
    yield "Music"
    ddb.delete_table(TableName="Music")


@pytest.fixture
def run(ddb, music):
    def statement(text, *parameters, **options):
        if parameters:
            options["Parameters"] = list(parameters)
        return ddb.execute_statement(Statement=text, **options)
    yield statement
    for item in ddb.scan(TableName="Music")["Items"]:
        ddb.delete_item(TableName="Music", Key={"Artist": item["Artist"], "SongTitle": item["SongTitle"]})


def refused(call, *arguments, **options):
    with pytest.raises(ClientError) as error:
        call(*arguments, **options)
    answer = error.value.response["Error"]
    return answer["Code"], answer["Message"]


def titles(answer):
    return [item["SongTitle"]["S"] for item in answer["Items"]]


def fill(run, n, artist="Acme Band"):
    for i in range(n):
        run('INSERT INTO "Music" VALUE {\'Artist\': ?, \'SongTitle\': ?, \'Year\': ?, \'Genre\': \'rock\'}',
            {"S": artist}, {"S": f"song {i:02}"}, {"N": str(1990 + i)})


def test_insert_select_update_delete(run):
    item = "{'Artist': 'Acme Band', 'SongTitle': 'PartiQL Rocks', 'AwardsWon': 1, 'Tags': <<'a', 'b'>>, 'Nothing': NULL, 'Live': true, 'List': [1, -2.5e1, {'x': 'It''s'}]}"
    assert run(f'INSERT INTO "Music" VALUE {item}')["Items"] == []
    where = "WHERE Artist='Acme Band' AND SongTitle='PartiQL Rocks'"
    [stored] = run(f'SELECT * FROM "Music" {where}')["Items"]
    assert stored["Tags"] == {"SS": ["a", "b"]} and stored["Nothing"] == {"NULL": True} and stored["Live"] == {"BOOL": True}
    assert stored["List"] == {"L": [{"N": "1"}, {"N": "-25"}, {"M": {"x": {"S": "It's"}}}]}
    answer = run(f"UPDATE \"Music\" SET AwardsWon=AwardsWon + 2 SET AwardDetail={{'Grammys':[2020, 2018]}} SET Tags=set_add(Tags, <<'c'>>) "
                 f"REMOVE Live REMOVE Nothing {where} RETURNING ALL NEW *")
    [new] = answer["Items"]
    assert new["AwardsWon"] == {"N": "3"} and new["Tags"] == {"SS": ["a", "b", "c"]} and "Live" not in new and "Nothing" not in new
    answer = run(f"UPDATE Music SET AwardDetail.Grammys[2] = 2016, \"List\"=list_append(\"List\", ?), Tags=set_delete(Tags, <<'a'>>) {where} RETURNING MODIFIED OLD *",
                 {"L": [{"S": "end"}]})
    assert answer["Items"] == [{"List": stored["List"], "Tags": {"SS": ["a", "b", "c"]}}]
    [now] = run(f"SELECT AwardDetail, \"List\", Tags FROM Music {where}")["Items"]
    assert now["AwardDetail"] == {"M": {"Grammys": {"L": [{"N": "2020"}, {"N": "2018"}, {"N": "2016"}]}}}
    assert now["List"]["L"][-1] == {"S": "end"} and now["Tags"] == {"SS": ["b", "c"]}
    assert run(f'SELECT AwardDetail.Grammys, SongTitle FROM "Music" {where}')["Items"] == [
        {"Grammys": now["AwardDetail"]["M"]["Grammys"], "SongTitle": {"S": "PartiQL Rocks"}}]
    [old] = run(f'DELETE FROM "Music" {where} RETURNING ALL OLD *')["Items"]
    assert old["AwardsWon"] == {"N": "3"}
    assert run(f'DELETE FROM "Music" {where}')["Items"] == []
    assert run(f'SELECT * FROM "Music" {where}')["Items"] == []


def test_what_where_finds(run):
    fill(run, 6)
    fill(run, 2, "No One")
    for where, found in {
        "Artist = 'Acme Band' AND SongTitle > 'song 03'": ["song 04", "song 05"],
        "Artist = 'Acme Band' AND SongTitle BETWEEN 'song 01' AND 'song 02'": ["song 01", "song 02"],
        "Artist = 'Acme Band' AND begins_with(SongTitle, 'song 05')": ["song 05"],
        "Artist = 'Acme Band' AND \"Year\" >= 1995": ["song 05"],
        "Artist = 'Acme Band' AND (\"Year\" = 1990 OR \"Year\" = 1992)": ["song 00", "song 02"],
        "Artist IN ['No One', 'Acme Band'] AND SongTitle <= 'song 01'": ["song 00", "song 01", "song 00", "song 01"],
        "Artist = 'No One' AND NOT \"Year\" = 1990": ["song 01"],
        "Artist = 'No One' AND Album IS MISSING AND Genre IS NOT MISSING AND NOT contains(Genre, 'jazz')": ["song 00", "song 01"],
        "Artist = 'No One' AND attribute_type(\"Year\", 'N') AND size(Genre) = 4 AND \"Year\" <> 1991": ["song 00"],
    }.items():
        assert titles(run(f'SELECT * FROM "Music" WHERE {where}')) == found, where
    everything = run('SELECT SongTitle FROM "Music"')["Items"]
    assert len(everything) == 8 and all(set(item) == {"SongTitle"} for item in everything)
    assert len(run('SELECT * FROM "Music"."by-genre" WHERE Genre = \'rock\'')["Items"]) == 8
    assert titles(run("SELECT * FROM Music WHERE Artist = 'Acme Band' ORDER BY SongTitle DESC"))[0] == "song 05"


def test_pages(run, ddb):
    fill(run, 7)
    statement = "SELECT SongTitle FROM Music WHERE Artist IN ['No One', 'Acme Band']"
    fill(run, 2, "No One")
    found, token = [], {}
    while True:
        page = run(statement, Limit=3, **token)
        found += titles(page)
        assert ("LastEvaluatedKey" in page) == ("NextToken" in page)
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    assert found == ["song 00", "song 01"] + [f"song {i:02}" for i in range(7)]
    page = run(statement, Limit=3)
    assert refused(run, "SELECT * FROM Music", Limit=3, NextToken=page["NextToken"]) == (
        "ValidationException", "NextToken does not match request")


def test_what_select_names(run):
    run("INSERT INTO Music VALUE {'Artist': 'a', 'SongTitle': 's', 'm': {'k': ['one', 'two'], 'z': 1}, 'l': [3, {'z': 4}]}")
    where = "FROM Music WHERE Artist = 'a' AND SongTitle = 's'"
    assert run(f"SELECT m.k[1], l[0], m.z, nothing.here {where}")["Items"] == [{"k[1]": {"S": "two"}, "l[0]": {"N": "3"}, "z": {"N": "1"}}]
    for columns, twice in {"m.z, l[1].z": "z", "l, m, l": "l", "m.k[0], Artist, m.k[0]": "k[0]"}.items():
        assert refused(run, f"SELECT {columns} {where}") == ("ValidationException", f"Duplicate identifiers in select clause: {twice}")
    for wrong, key in {"Artist = 5": "Artist", "Artist IN ['a', 5]": "Artist", "Artist = 'a' AND SongTitle > 5": "SongTitle"}.items():
        assert refused(run, f"SELECT * FROM Music WHERE {wrong}") == (
            "ValidationException", f"Key attribute's data type should match its data type in table's schema: Key {key}")


def pages_of(call, **options):
    sizes, token = [], {}
    while True:
        page = call(**options, **token)
        sizes.append(len(page["Items"]))
        if "NextToken" not in page:
            return sizes
        token = {"NextToken": page["NextToken"]}


def test_several_partitions(dynamodb, table):
    """As documented: IN takes up to 50 partition keys, and gives pages of up to 10 items; OR of partition keys is IN."""
    name, run = table(), dynamodb.execute_statement
    for i in range(20):
        dynamodb.put_item(TableName=name, Item={"p": {"S": str(i)}, "n": {"N": str(i)}})

    def among(n):
        return f'SELECT * FROM "{name}" WHERE p IN [' + ", ".join(f"'{i}'" for i in range(n)) + "]"

    assert pages_of(run, Statement=among(10)) == [10] and pages_of(run, Statement=among(15)) == [10, 5]
    assert sum(pages_of(run, Statement=among(50))) == 20 and pages_of(run, Statement=among(15), Limit=12) == [10, 5]
    assert pages_of(run, Statement=among(5), Limit=2) == [2, 2, 1]
    assert refused(run, Statement=among(51))[0] == "ValidationException"
    either = f"SELECT * FROM \"{name}\" WHERE p = '2' OR p = '1' OR p IN ('0', '2')"
    assert [i["p"]["S"] for i in run(Statement=either)["Items"]] == ["2", "1", "0"]
    assert run(Statement=either, ReturnConsumedCapacity="TOTAL")["ConsumedCapacity"]["CapacityUnits"] == 1.5
    for order, found in {"": "123", "DESC": "321"}.items():
        items = run(Statement=f"SELECT * FROM \"{name}\" WHERE p IN ['3', '1', '2', '1'] ORDER BY p {order}")["Items"]
        assert "".join(i["p"]["S"] for i in items) == found
    assert pages_of(run, Statement=f'SELECT * FROM "{name}" WHERE n IN (' + ", ".join(map(str, range(100))) + ")") == [20]


def test_refusals(run):
    fill(run, 1)
    key = "Artist='Acme Band' AND SongTitle='song 00'"
    assert refused(run, "INSERT INTO Music VALUE {'Artist':'Acme Band','SongTitle':'song 00'}") == (
        "DuplicateItemException", "Duplicate primary key exists in table")
    mandatory = ("ValidationException", "Where clause does not contain a mandatory equality on all key attributes")
    assert refused(run, "UPDATE Music SET x=1 WHERE Artist='Acme Band'") == mandatory
    assert refused(run, "DELETE FROM Music WHERE Artist='Acme Band' OR SongTitle='song 00'") == mandatory
    assert refused(run, f"UPDATE Music SET x=1 WHERE {key} AND \"Year\" > 2000") == ("ConditionalCheckFailedException", "The conditional request failed")
    assert refused(run, "UPDATE Music SET x=1 WHERE Artist='nobody' AND SongTitle='x'")[0] == "ConditionalCheckFailedException"
    assert refused(run, f"DELETE FROM Music WHERE {key} AND \"Year\" > 2000")[0] == "ConditionalCheckFailedException"
    assert refused(run, "SELECT * FROM Music WHERE Artist = ?") == (
        "ValidationException", "Number of parameters in request and statement don't match.")
    assert refused(run, "SELECT * FROM Music", {"S": "x"})[1] == "Number of parameters in request and statement don't match."
    assert refused(run, "SELECT * FROM Nowhere")[0] == "ResourceNotFoundException"
    assert refused(run, f"UPDATE Music SET SongTitle='other' WHERE {key}")[1].endswith("Cannot update attribute SongTitle. This attribute is part of the key")
    assert refused(run, "SELECT * FROM Music ORDER BY SongTitle")[1] == "Must have WHERE clause in the statement when using ORDER BY clause."
    for text in ["SELECT", "SELEC * FROM Music", "SELECT * FROM Music WHERE", "SELECT * FROM Music WHERE Artist ~ 1",
                 "UPDATE Music WHERE " + key, "SELECT * FROM Music WHERE a = 'open"]:
        code, message = refused(run, text)
        assert code == "ValidationException" and message.startswith("Statement wasn't well formed, can't be processed: "), text


def test_batch(run, ddb):
    fill(run, 3)
    answer = ddb.batch_execute_statement(Statements=[
        {"Statement": "INSERT INTO Music VALUE {'Artist':'Acme Band','SongTitle':'song 00'}"},
        {"Statement": "INSERT INTO Music VALUE {'Artist':'Acme Band','SongTitle':'new'}"},
        {"Statement": "UPDATE Music SET x=1 WHERE Artist='Acme Band' AND SongTitle='song 01' RETURNING ALL NEW *"},
        {"Statement": "UPDATE Music SET x=1 WHERE Artist='Acme Band' AND SongTitle='song 02' AND x = 7", "ReturnValuesOnConditionCheckFailure": "ALL_OLD"},
        {"Statement": "nonsense"}])["Responses"]
    assert [r.get("Error", {}).get("Code") for r in answer] == ["DuplicateItem", None, None, "ConditionalCheckFailed", "ValidationError"]
    assert answer[2]["Item"]["x"] == {"N": "1"} and answer[3]["Error"]["Item"]["Year"] == {"N": "1992"}
    answer = ddb.batch_execute_statement(Statements=[
        {"Statement": "SELECT * FROM Music WHERE Artist='Acme Band' AND SongTitle='new'"},
        {"Statement": "SELECT * FROM Music WHERE Artist='Acme Band' AND SongTitle='no such'"},
        {"Statement": "SELECT * FROM Music WHERE Artist='Acme Band'"}])["Responses"]
    assert answer[0]["Item"]["SongTitle"] == {"S": "new"} and "Item" not in answer[1] and answer[1]["TableName"] == "Music"
    assert answer[2]["Error"] == {"Code": "ValidationError",
                                  "Message": "Select statements within BatchExecuteStatement must specify the primary key in the where clause."}
    assert refused(ddb.batch_execute_statement, Statements=[{"Statement": "SELECT * FROM Music"}, {"Statement": "DELETE FROM Music WHERE a=1"}])[0] == "ValidationException"


def test_transaction(run, ddb):
    fill(run, 2)
    insert = "INSERT INTO Music VALUE {'Artist':'Acme Band','SongTitle':?}"
    exists = "EXISTS(SELECT * FROM Music WHERE Artist='Acme Band' AND SongTitle='song 00' AND \"Year\" = ?)"
    ddb.execute_transaction(TransactStatements=[
        {"Statement": exists, "Parameters": [{"N": "1990"}]},
        {"Statement": insert, "Parameters": [{"S": "third"}]},
        {"Statement": "DELETE FROM Music WHERE Artist='Acme Band' AND SongTitle='song 01'"}])
    assert titles(run("SELECT * FROM Music WHERE Artist='Acme Band'")) == ["song 00", "third"]
    with pytest.raises(ClientError) as error:
        ddb.execute_transaction(TransactStatements=[
            {"Statement": exists, "Parameters": [{"N": "1"}]},
            {"Statement": insert, "Parameters": [{"S": "third"}]},
            {"Statement": insert, "Parameters": [{"S": "fourth"}]}])
    answer = error.value.response
    assert answer["Error"]["Code"] == "TransactionCanceledException"
    assert [r["Code"] for r in answer["CancellationReasons"]] == ["ConditionalCheckFailed", "DuplicateItem", "None"]
    assert len(run("SELECT * FROM Music")["Items"]) == 2
    answer = ddb.execute_transaction(TransactStatements=[
        {"Statement": "SELECT * FROM Music WHERE Artist='Acme Band' AND SongTitle='third'"},
        {"Statement": "SELECT * FROM Music WHERE Artist='Acme Band' AND SongTitle='no such'"}])["Responses"]
    assert answer[0]["Item"]["SongTitle"] == {"S": "third"} and "Item" not in answer[1]
    assert refused(ddb.execute_transaction, TransactStatements=[
        {"Statement": "SELECT * FROM Music WHERE Artist='Acme Band' AND SongTitle='third'"}, {"Statement": insert, "Parameters": [{"S": "x"}]}]) == (
        "ValidationException", "ExecuteTransaction API does not support both read and write operations in the same request.")
    assert refused(run, exists, {"N": "1"})[0] == "ValidationException"
    same = {"TransactStatements": [{"Statement": insert, "Parameters": [{"S": "once"}]}], "ClientRequestToken": "token"}
    first, again = (ddb.execute_transaction(**same, ReturnConsumedCapacity="TOTAL") for _ in range(2))
    assert first["Responses"] == again["Responses"] == []
    assert first["ConsumedCapacity"][0]["WriteCapacityUnits"] == again["ConsumedCapacity"][0]["ReadCapacityUnits"] == 2
    same["TransactStatements"][0]["Parameters"] = [{"S": "other"}]
    assert refused(ddb.execute_transaction, **same)[0] == "IdempotentParameterMismatchException"


def test_units(run, ddb):
    fill(run, 3)
    assert run("SELECT * FROM Music WHERE Artist='Acme Band'", ReturnConsumedCapacity="TOTAL")["ConsumedCapacity"]["CapacityUnits"] == 0.5
    assert run("SELECT * FROM Music WHERE Artist='Acme Band'", ReturnConsumedCapacity="TOTAL", ConsistentRead=True)["ConsumedCapacity"]["CapacityUnits"] == 1.0
    assert run("DELETE FROM Music WHERE Artist='Acme Band' AND SongTitle='song 00'", ReturnConsumedCapacity="TOTAL")["ConsumedCapacity"]["CapacityUnits"] == 2.0


def test_rights(run, brume):
    fill(run, 1)
    iam = brume.client("iam")
    iam.create_user(UserName="reader")
    iam.put_user_policy(UserName="reader", PolicyName="select", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "dynamodb:PartiQLSelect", "Resource": "arn:aws:dynamodb:us-east-1:*:table/Music"}]}))
    key = iam.create_access_key(UserName="reader")["AccessKey"]
    reader = brume.client("dynamodb", account=key["AccessKeyId"], secret=key["SecretAccessKey"])
    assert titles(reader.execute_statement(Statement="SELECT * FROM Music WHERE Artist = 'Acme Band'")) == ["song 00"]
    for statement in ["DELETE FROM Music WHERE Artist='Acme Band' AND SongTitle='song 00'", "SELECT * FROM Music.\"by-genre\" WHERE Genre = 'rock'",
                      "INSERT INTO Music VALUE {'Artist':'a','SongTitle':'b'}"]:
        assert refused(reader.execute_statement, Statement=statement)[0] == "AccessDeniedException"
    [one] = reader.batch_execute_statement(Statements=[{"Statement": "INSERT INTO Music VALUE {'Artist':'a','SongTitle':'b'}"}])["Responses"]
    assert one["Error"]["Code"] == "AccessDenied"
    assert len(run("SELECT * FROM Music")["Items"]) == 1
