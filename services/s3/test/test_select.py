"""SelectObjectContent, as SDKs see it: records, events, and the dialect."""
import bz2
import gzip
import json

import duck
import pytest
from botocore.exceptions import ClientError, EventStreamError

PEOPLE = "name,city,age\nAda,London,36\nBo,Oslo,7\n\"Cy, the 3rd\",Rome,61\nDee,,\n"
ORDERS = [{"id": 1, "total": 9.5, "tags": ["a", "b"], "who": {"name": "Ada", "Zip": None}},
          {"id": 2, "total": 20, "tags": [], "who": {"name": "Bo"}, "at": "2024-02-29T10:00:00Z"},
          {"id": 3, "total": 0.1, "tags": ["b"], "who": {"name": "cy"}, "done": True}]
HEADED = {"CSV": {"FileHeaderInfo": "USE"}}
LINES = {"JSON": {"Type": "LINES"}}


@pytest.fixture(scope="module")
def bucket(brume):
    s3 = brume.client("s3")
    s3.create_bucket(Bucket="select")
    put = lambda key, body: s3.put_object(Bucket="select", Key=key, Body=body)
    put("people.csv", PEOPLE)
    put("people.gz", gzip.compress(PEOPLE.encode()[:30]) + gzip.compress(PEOPLE.encode()[30:]))
    put("people.bz2", bz2.compress(PEOPLE.encode()))
    put("orders.jsonl", "".join(json.dumps(order) + "\n" for order in ORDERS))
    put("orders.json", json.dumps({"orders": ORDERS, "next": [[1, 2], [3]]}, indent=1))
    put("one", '{"n": 5}')
    put("empty", b"")
    return s3


def events(s3, key, sql, source=HEADED, output=None, **more):
    answer = s3.select_object_content(Bucket="select", Key=key, ExpressionType="SQL", Expression=sql, InputSerialization=source,
                                      OutputSerialization=output or {"JSON": {}}, **more)
    return list(answer["Payload"])


def select(s3, key, sql, source=HEADED, output=None, **more):
    found = events(s3, key, sql, source, output, **more)
    assert "End" in found[-1] and "Stats" in found[-2]
    text = b"".join(event["Records"]["Payload"] for event in found if "Records" in event).decode()
    return text if output else [json.loads(line) for line in text.splitlines()]


def refused(s3, sql, key="people.csv", source=HEADED, output=None, **more):
    with pytest.raises((ClientError, EventStreamError)) as error:
        select(s3, key, sql, source, output, **more)
    return error.value.response["Error"]["Code"]


def value(s3, expression):
    """Of an expression alone."""
    found = select(s3, "one", f"SELECT {expression} AS v FROM S3Object", LINES)
    return found[0].get("v", "MISSING")


def test_csv_with_and_without_a_header(bucket):
    assert select(bucket, "people.csv", "SELECT name, s.age FROM S3Object s WHERE s.city = 'Oslo'") == [{"name": "Bo", "age": "7"}]
    assert select(bucket, "people.csv", "SELECT * FROM S3Object s LIMIT 1") == [{"name": "Ada", "city": "London", "age": "36"}]
    assert select(bucket, "people.csv", "SELECT * FROM S3Object LIMIT 1", {"CSV": {}}) == [{"_1": "name", "_2": "city", "_3": "age"}]
    ignored = {"CSV": {"FileHeaderInfo": "IGNORE"}}
    assert select(bucket, "people.csv", "SELECT s._2, s._9 FROM S3Object[*] AS s LIMIT 2", ignored) == [{"_2": "London"}, {"_2": "Oslo"}]
    assert select(bucket, "people.csv", 'SELECT s."name" AS n FROM S3Object s WHERE s.AGE IS NOT NULL AND s.age <> \'\' LIMIT 1') == [{"n": "Ada"}]


def test_csv_out(bucket):
    out = {"CSV": {}}
    assert select(bucket, "people.csv", "SELECT s.* FROM s3object s", output=out) == PEOPLE.split("\n", 1)[1]
    quoted = {"CSV": {"QuoteFields": "ALWAYS", "FieldDelimiter": ";", "RecordDelimiter": "|", "QuoteCharacter": "'", "QuoteEscapeCharacter": "\\"}}
    assert select(bucket, "people.csv", "SELECT name, 'it''s' FROM S3Object LIMIT 1", output=quoted) == "'Ada';'it\\'s'|"
    assert select(bucket, "orders.jsonl", "SELECT * FROM S3Object LIMIT 1", LINES, out) == '1,9.5,"[""a"",""b""]","{""name"":""Ada"",""Zip"":null}"\n'


def test_dialects_of_csv(bucket):
    odd = {"CSV": {"FieldDelimiter": ";", "RecordDelimiter": "|", "QuoteCharacter": "'", "QuoteEscapeCharacter": "\\", "Comments": "#"}}
    bucket.put_object(Bucket="select", Key="odd", Body="#none|a;'x;y';'it\\'s'|b;'1\n2';3||c;4")
    assert select(bucket, "odd", "SELECT * FROM S3Object", odd, {"JSON": {}}) == '{"_1":"a","_2":"x;y","_3":"it\'s"}\n{"_1":"b","_2":"1\\n2","_3":"3"}\n{"_1":"c","_2":"4"}\n'
    bucket.put_object(Bucket="select", Key="quoted", Body='a,"1|~2"|~b,"say ""no"""|~')
    within = {"CSV": {"RecordDelimiter": "|~", "AllowQuotedRecordDelimiter": True}}
    assert select(bucket, "quoted", "SELECT s._2 FROM S3Object s", within) == [{"_2": "1|~2"}, {"_2": 'say "no"'}]


@pytest.mark.parametrize("key,packing", [("people.gz", "GZIP"), ("people.bz2", "BZIP2")])
def test_packed(bucket, key, packing):
    source = {**HEADED, "CompressionType": packing}
    assert [r["name"] for r in select(bucket, key, "SELECT name FROM S3Object", source)] == ["Ada", "Bo", "Cy, the 3rd", "Dee"]
    stats = events(bucket, key, "SELECT name FROM S3Object", source)[-2]["Stats"]["Details"]
    assert stats["BytesScanned"] == bucket.head_object(Bucket="select", Key=key)["ContentLength"] and stats["BytesProcessed"] == len(PEOPLE)
    assert refused(bucket, "SELECT * FROM S3Object", source=source) == "InvalidCompressionFormat"
    whole = bucket.get_object(Bucket="select", Key=key)["Body"].read()
    bucket.put_object(Bucket="select", Key="cut", Body=whole[:-9])
    with pytest.raises((ClientError, EventStreamError)) as error:
        select(bucket, "cut", "SELECT COUNT(*) FROM S3Object", source)
    assert error.value.response["Error"]["Code"] == "TruncatedInput"


def test_paths_into_json(bucket):
    assert select(bucket, "orders.jsonl", "SELECT s.who.name, s.tags[0] AS t FROM S3Object s", LINES) == [
        {"name": "Ada", "t": "a"}, {"name": "Bo"}, {"name": "cy", "t": "b"}]
    assert select(bucket, "orders.jsonl", "SELECT s.\"who\".\"Name\" FROM S3Object s", LINES) == [{}, {}, {}]
    assert select(bucket, "orders.jsonl", "SELECT * FROM S3Object[*] s WHERE s.done", LINES) == ORDERS[2:]
    document = {"JSON": {"Type": "DOCUMENT"}}
    assert [r["id"] for r in select(bucket, "orders.json", "SELECT o.id FROM S3Object[*].orders[*] o", document)] == [1, 2, 3]
    assert select(bucket, "orders.json", "SELECT * FROM S3Object[*].next[*][*]", document) == [{"_1": 1}, {"_1": 2}, {"_1": 3}]
    assert select(bucket, "orders.json", "SELECT n._1 AS x FROM S3Object.next[1] n", document) == [{"x": [3]}]
    assert select(bucket, "orders.json", "SELECT s.orders[2].who FROM S3Object s", document) == [{"who": {"name": "cy"}}]


def test_missing_and_null(bucket):
    ids = lambda where: [r["id"] for r in select(bucket, "orders.jsonl", f"SELECT s.id FROM S3Object s WHERE {where}", LINES)]
    assert ids("s.who.Zip IS MISSING") == [2, 3]
    assert ids("s.who.Zip IS NULL") == [1, 2, 3]
    assert ids("s.at IS NOT MISSING") == [2]
    assert ids("s.at = NULL") == [] and ids("NOT s.nothing = 1") == []
    assert ids("s.nothing = 1 OR s.id = 3") == [3]


def test_aggregates(bucket):
    assert select(bucket, "orders.jsonl", "SELECT COUNT(*) AS n, SUM(s.id), MIN(s.total), MAX(s.id) AS m, AVG(s.id) FROM S3Object s", LINES) == [
        {"n": 3, "_2": 6, "_3": 0.1, "m": 3, "_5": 2.0}]
    assert select(bucket, "orders.jsonl", "SELECT COUNT(s.at) + 1 AS n FROM S3Object s", LINES) == [{"n": 2}]
    assert select(bucket, "orders.jsonl", "SELECT SUM(s.id) AS n, COUNT(*) AS c FROM S3Object s WHERE s.id > 9", LINES) == [{"n": None, "c": 0}]
    assert select(bucket, "people.csv", "SELECT SUM(CAST(CASE s.age WHEN '' THEN '0' ELSE s.age END AS INT)) AS years FROM S3Object s") == [{"years": 104}]
    assert refused(bucket, "SELECT name, COUNT(*) FROM S3Object") == "UnsupportedSqlStructure"


@pytest.mark.parametrize("expression,expected", [
    ("1 + 2 * 3", 7), ("(1 + 2) * 3", 9), ("7 / 2", 3), ("7 % 4", 3), ("-7 + 2.5", -4.5), ("1e3", 1000.0), ("5 - -5", 10),
    ("1 = 1.0", True), ("'a' < 'b'", True), ("1 <> 2 AND 2 != 3", True), ("NOT TRUE OR FALSE", False), ("NULL", None), ("MISSING", "MISSING"),
    ("2 BETWEEN 1 AND 3", True), ("2 NOT BETWEEN 1 AND 3", False), ("3 IN (1, 2, 3)", True), ("3 NOT IN (1, 2)", True), ("3 IN (1, NULL)", None),
    ("'abc' LIKE 'a%'", True), ("'abc' LIKE '_b_'", True), ("'abc' LIKE 'a'", False), ("'a%c' LIKE 'a\\%c' ESCAPE '\\'", True),
    ("'abc' LIKE 'a\\%c' ESCAPE '\\'", False), ("'aXbXc' LIKE '%X%c'", True), ("'ünï' LIKE '_n_'", True), ("'abc' NOT LIKE '%d%'", True),
    ("CASE WHEN 1 > 2 THEN 'a' WHEN 2 > 1 THEN 'b' END", "b"), ("CASE 5 WHEN 4 THEN 'x' END", None),
    ("COALESCE(NULL, MISSING, 3)", 3), ("NULLIF(1, 1)", None), ("NULLIF(1, 2)", 1),
    ("CAST('12' AS INT)", 12), ("CAST('1.5' AS FLOAT)", 1.5), ("CAST(2.9 AS INTEGER)", 2), ("CAST(5 AS STRING)", "5"), ("CAST('TRUE' AS BOOL)", True),
    ("CAST('1.50' AS DECIMAL(5, 2))", 1.5), ("CAST(TRUE AS STRING)", "true"), ("CAST('2020-01-02T' AS TIMESTAMP)", "2020-01-02"),
    ("CHAR_LENGTH('über')", 4), ("CHARACTER_LENGTH('')", 0), ("UPPER('abC')", "ABC"), ("LOWER('ABC')", "abc"), ("'a' || 'b'", "ab"),
    ("SUBSTRING('123456789', 0)", "123456789"), ("SUBSTRING('123456789', 2, 4)", "2345"), ("SUBSTRING('123456789', -1, 4)", "12"),
    ("SUBSTRING('über' FROM 2 FOR 2)", "be"), ("TRIM('  x ')", "x"), ("TRIM(LEADING '12' FROM '1112x22')", "x22"),
    ("TRIM(TRAILING FROM ' x ')", " x"), ("TRIM(BOTH 'ab' FROM 'abxba')", "x"),
    ("DATE_ADD(year, 5, `2010-01-01T`)", "2015-01-01"), ("DATE_ADD(month, 1, `2010T`)", "2010-02T"), ("DATE_ADD(month, 13, `2010T`)", "2011-02T"),
    ("DATE_ADD(day, -1, `2017-01-10T`)", "2017-01-09"), ("DATE_ADD(hour, 1, `2017T`)", "2017-01-01T01:00-00:00"),
    ("DATE_ADD(hour, 1, `2017-01-02T03:04Z`)", "2017-01-02T04:04Z"), ("DATE_ADD(minute, 1, `2017-01-02T03:04:05.006Z`)", "2017-01-02T03:05:05.006Z"),
    ("DATE_ADD(year, 1, `2024-02-29T`)", "2025-02-28"),
    ("DATE_DIFF(year, `2010-01-01T`, `2011-01-01T`)", 1), ("DATE_DIFF(month, `2010T`, `2010-05T`)", 4), ("DATE_DIFF(month, `2011T`, `2010T`)", -12),
    ("DATE_DIFF(day, `2010-01-01T23:00Z`, `2010-01-02T01:00Z`)", 0),
    ("EXTRACT(YEAR FROM `2010-01-01T`)", 2010), ("EXTRACT(HOUR FROM `2017-01-02T03:04:05+07:08`)", 3), ("EXTRACT(TIMEZONE_MINUTE FROM `2017-01-02T03:04:05+07:08`)", 8),
    ("TO_TIMESTAMP('2007-02-23T12:14:33.079-08:00')", "2007-02-23T12:14:33.079-08:00"), ("TO_TIMESTAMP('2007T')", "2007T"),
    ("TO_STRING(`1969-07-20T20:18Z`, 'MMMM d, y')", "July 20, 1969"), ("TO_STRING(`1969-07-20T20:18Z`, 'MM/dd/yy h:m a')", "07/20/69 8:18 PM"),
    ("TO_STRING(`1969-07-20T20:18:13+08:00`, 'y-MM-dd''T''H:m:ssXXX')", "1969-07-20T20:18:13+08:00"),
    ("`2007-01-01T` < `2007-01-02T`", True), ("UTCNOW() > `2020T`", True), ("-- a comment\n 4", 4)])
def test_expressions(bucket, expression, expected):
    assert value(bucket, expression) == expected


@pytest.mark.parametrize("sql,code", [
    ("", "ParseExpectedKeyword"), ("DELETE FROM S3Object", "ParseUnsupportedSelect"), ("SELECT FROM S3Object", "ParseEmptySelect"), ("SELECT 1", "ParseSelectMissingFrom"),
    ("SELECT * FROM people", "InvalidTableAlias"), ("SELECT *, name FROM S3Object", "ParseAsteriskIsNotAloneInSelectList"),
    ("SELECT * FROM S3Object ORDER BY name", "UnsupportedSqlStructure"), ("SELECT * FROM S3Object GROUP BY name", "UnsupportedSqlStructure"),
    ("SELECT SQRT(4) FROM S3Object", "UnsupportedFunction"), ("SELECT CAST(name AS INT) FROM S3Object", "CastFailed"), ("SELECT CAST(name AS BLOB) FROM S3Object", "InvalidDataType"),
    ("SELECT name FROM S3Object LIMIT x", "ParseExpectedNumber"), ("SELECT name FROM S3Object WHERE", "ParseExpectedExpression"), ("SELECT nowhere FROM S3Object", "MissingHeaders"),
    ("SELECT name FROM S3Object WHERE name LIKE 3", "LikeInvalidInputs"), ("SELECT DATE_ADD(eon, 1, `2010T`) FROM S3Object", "ParseExpectedDatePart"),
    ("SELECT 'open FROM S3Object", "LexerInvalidLiteral"), ("SELECT ? FROM S3Object", "LexerInvalidChar"), ("SELECT `never` FROM S3Object", "LexerInvalidIONLiteral"),
    ("SELECT LOWER(name, city) FROM S3Object", "EvaluatorInvalidArguments"), ("SELECT MAX(age, 2) FROM S3Object", "ParseNonUnaryAgregateFunctionCall"),
    ("SELECT SUM(*) FROM S3Object", "ParseUnsupportedCallWithStar"), ("SELECT 9223372036854775807 + 1 FROM S3Object", "IntegerOverflow"),
    ("SELECT " + "(" * 200 + "1" + ")" * 200 + " FROM S3Object", "UnsupportedSqlStructure"), ("SELECT name FROM S3Object -- " + "x" * (256 << 10), "ExpressionTooLong")])
def test_what_is_no_query(bucket, sql, code):
    assert refused(bucket, sql) == code


@duck.wanted
def test_parquet(bucket, tmp_path):
    query = """SELECT * FROM (VALUES (1, 'Ada', 9.5::DOUBLE, true, {'zip': 'N1', 'tags': ['a', 'b']}), (2, 'Bo', NULL, false, {'zip': NULL, 'tags': []}),
               (3000000000, 'Cé "x"', 0.25, NULL, NULL)) AS t(id, name, total, done, place)"""
    body, source = duck.parquet(query, tmp_path / "t.parquet"), {"Parquet": {}}
    bucket.put_object(Bucket="select", Key="t.parquet", Body=body)
    ask = lambda sql, **more: select(bucket, "t.parquet", sql, source, **more)
    assert ask("SELECT s.name, s.id FROM S3Object s WHERE s.id > 1") == [{"name": "Bo", "id": 2}, {"name": 'Cé "x"', "id": 3000000000}]
    assert ask("SELECT * FROM S3Object LIMIT 1") == [{"id": 1, "name": "Ada", "total": 9.5, "done": True, "place": {"zip": "N1", "tags": ["a", "b"]}}]
    assert ask("SELECT s.place.zip, s.place.tags[1] AS t FROM S3Object s WHERE s.done") == [{"zip": "N1", "t": "b"}]
    assert ask("SELECT COUNT(*) AS n, SUM(s.total) AS t FROM S3Object s WHERE s.total IS NOT NULL") == [{"n": 2, "t": 9.75}]
    assert ask("SELECT s.id, s.name FROM S3Object s", output={"CSV": {}}) == '1,Ada\n2,Bo\n3000000000,"Cé ""x"""\n'
    many = duck.parquet("SELECT range AS n, 'a row that is long enough ' || range AS text FROM range(50000)", tmp_path / "many.parquet")
    bucket.put_object(Bucket="select", Key="many.parquet", Body=many)
    assert select(bucket, "many.parquet", "SELECT COUNT(*) AS n, MAX(s.n) AS m FROM S3Object s", source) == [{"n": 50000, "m": 49999}]
    assert len(select(bucket, "many.parquet", "SELECT s.text FROM S3Object s WHERE s.n < 20000", source)) == 20000
    every = "SELECT * FROM S3Object"
    assert refused(bucket, every, "people.csv", source) == refused(bucket, every, "empty", source) == "ParquetParsingError"
    assert refused(bucket, every, "t.parquet", {"Parquet": {}, "CompressionType": "GZIP"}) == "InvalidRequestParameter"
    assert refused(bucket, every, "t.parquet", source, ScanRange={"Start": 1, "End": 5}) == "NotImplemented"


def test_parquet_needs_an_engine(start_brume):
    s3 = start_brume("--duckdb", "/nonexistent/libduckdb.so").client("s3")
    s3.create_bucket(Bucket="select")
    s3.put_object(Bucket="select", Key="k", Body=b"PAR1")
    assert refused(s3, "SELECT * FROM S3Object", "k", {"Parquet": {}}) == "NotImplemented"


def test_what_is_no_request(bucket):
    every = "SELECT * FROM S3Object"
    assert refused(bucket, every, source={"CSV": {}, "JSON": {"Type": "LINES"}}) == "ObjectSerializationConflict"
    assert refused(bucket, every, source={}) == "InvalidDataSource"
    assert refused(bucket, every, source={"CSV": {"FileHeaderInfo": "SOME"}}) == "InvalidFileHeaderInfo"
    assert refused(bucket, every, source={"JSON": {"Type": "BLOB"}}) == "InvalidJsonType"
    assert refused(bucket, every, source={**HEADED, "CompressionType": "LZ4"}) == "InvalidCompressionFormat"
    assert refused(bucket, every, output={"CSV": {"QuoteFields": "SOME"}}) == "InvalidQuoteFields"
    assert refused(bucket, every, source=LINES) == "JSONParsingError"
    assert refused(bucket, every, key="nothing") == "NoSuchKey"
    bucket.put_object(Bucket="select", Key="latin", Body="name\nJos\xe9\n".encode("latin-1"))
    assert refused(bucket, every, key="latin") == "InvalidTextEncoding"
    bucket.put_object(Bucket="select", Key="wide", Body=b"x" * (1 << 20) + b"y\n")
    assert refused(bucket, every, key="wide", source={"CSV": {}}) == "OverMaxRecordSize"
    bucket.put_object(Bucket="select", Key="cold", Body="a\n", StorageClass="GLACIER")
    assert refused(bucket, every, key="cold") == "InvalidObjectState"


def test_an_empty_object(bucket):
    assert select(bucket, "empty", "SELECT * FROM S3Object") == []
    assert select(bucket, "empty", "SELECT COUNT(*) AS n FROM S3Object") == [{"n": 0}]


def test_scan_ranges(bucket):
    lines = [f"{n:04d}" for n in range(1000)]
    bucket.put_object(Bucket="select", Key="numbers", Body="\n".join(lines) + "\n")
    some = lambda **r: [x["_1"] for x in select(bucket, "numbers", "SELECT * FROM S3Object", {"CSV": {}}, ScanRange=r)]
    assert some(Start=0, End=4) == ["0000"] and some(Start=0, End=5) == ["0000", "0001"]
    assert some(Start=4, End=9) == ["0001"] and some(Start=5, End=9) == ["0001"] and some(Start=6, End=9) == []
    assert some(End=10) == ["0998", "0999"] and some(Start=4990) == ["0998", "0999"]
    assert sum((some(Start=at, End=at + 6) for at in range(0, 5000, 7)), []) == lines # each once
    refusal = lambda source, **r: refused(bucket, "SELECT * FROM S3Object", key="numbers", source=source, ScanRange=r)
    assert refusal({"CSV": {}}, Start=9, End=3) == "InvalidScanRange"
    assert refusal({"CSV": {}, "CompressionType": "GZIP"}, Start=0, End=3) == "UnsupportedScanRangeInput"
    assert refusal({"JSON": {"Type": "DOCUMENT"}}, Start=0, End=3) == "UnsupportedScanRangeInput"


def test_a_long_answer_comes_in_pieces(bucket):
    row = "x" * 90
    body = "".join(f"{n},{row}\n" for n in range(120_000))
    bucket.put_object(Bucket="select", Key="long", Body=body)
    found = events(bucket, "long", "SELECT * FROM S3Object", {"CSV": {}}, {"CSV": {}}, RequestProgress={"Enabled": True})
    assert b"".join(e["Records"]["Payload"] for e in found if "Records" in e).decode() == body
    assert sum("Records" in e for e in found) > 10
    progress = [e["Progress"]["Details"]["BytesScanned"] for e in found if "Progress" in e]
    assert progress == sorted(progress) and progress[-1] == len(body)
    assert found[-2]["Stats"]["Details"]["BytesReturned"] == len(body)
    quiet = events(bucket, "long", "SELECT * FROM S3Object WHERE _1 = '119999'", {"CSV": {}}, {"CSV": {}})
    assert "Cont" in quiet[0] and [e for e in quiet if "Records" in e][0]["Records"]["Payload"].decode() == f"119999,{row}\n"


def test_what_breaks_on_the_way_is_an_event(bucket):
    bucket.put_object(Bucket="select", Key="breaks", Body="1\n" * 200_000 + "x\n")
    with pytest.raises(EventStreamError) as error:
        events(bucket, "breaks", "SELECT CAST(_1 AS INT) FROM S3Object", {"CSV": {}})
    assert error.value.response["Error"]["Code"] == "CastFailed"


def test_who_may_read_may_select(bucket, brume):
    other = brume.client("s3", account="222222222222")
    assert refused(other, "SELECT * FROM S3Object") == "AccessDenied"
    bucket.put_bucket_policy(Bucket="select", Policy=json.dumps({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"AWS": "222222222222"}, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::select/people.csv"}]}))
    assert len(select(other, "people.csv", "SELECT * FROM S3Object")) == 4


def test_encrypted_objects(bucket):
    bucket.put_object(Bucket="select", Key="sealed", Body=PEOPLE, ServerSideEncryption="aws:kms")
    assert len(select(bucket, "sealed", "SELECT * FROM S3Object")) == 4
    key = {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": "k" * 32}
    bucket.put_object(Bucket="select", Key="own", Body=PEOPLE, **key)
    assert len(select(bucket, "own", "SELECT * FROM S3Object", **key)) == 4
    assert refused(bucket, "SELECT * FROM S3Object", key="own") == "InvalidRequest"
