"""PartiQL's grammar at its edges: what is a statement, and AWS's words (of October 2026) for what is none."""
import pytest

from services.dynamodb.test.ddb_tables import make_table, refusal

BAD = "Statement wasn't well formed, can't be processed: "
LEFT = BAD + "Unexpected token after expression"
OVER = "Number overflow. Attempting to store a number with magnitude larger than supported range under root"
UNDER = "Number underflow. Attempting to store a number with magnitude smaller than supported range under root"
LONG = "Attempting to store more than 38 significant digits in a Number under root"


@pytest.fixture(scope="module")
def numbers(dynamodb):
    name = make_table(dynamodb, "p:N")
    dynamodb.put_item(TableName=name, Item={"p": {"N": "7310000"}, "ss": {"SS": ["a", "b"]}, "s": {"S": "text"}, "m": {"M": {"k": {"N": "1"}}}})
    dynamodb.put_item(TableName=name, Item={"p": {"N": "-7.3"}})
    return name


@pytest.mark.parametrize("statement, found", [
    ("SELECT * FROM {} WHERE p = 7.31e6", "7310000"), ("SELECT * FROM {} WHERE p = 731E+4", "7310000"), ("SELECT * FROM {} WHERE p = -.73e1", "-7.3"),
    ("-- first\nSELECT * FROM {} -- then\nWHERE p = 7.31e6 -- last", "7310000"), ("SELECT * FROM {} /* a -- b */ WHERE p = 7.31e6 /**/", "7310000"),
    ("SELECT * FROM {} WHERE p = 7310000 AND attribute_exists(m.k) AND NOT Attribute_Exists(x)", "7310000"),
    ("SELECT * FROM {} WHERE p = 7310000 AND attribute_not_exists(x)", "7310000"), ("SELECT * FROM {} WHERE p = 7310000 AND attribute_not_exists(ss)", None)])
def test_what_is_found(dynamodb, numbers, statement, found):
    items = dynamodb.execute_statement(Statement=statement.format(f'"{numbers}"'))["Items"]
    assert [i["p"]["N"] for i in items] == [found] * (found is not None)


@pytest.mark.parametrize("statement, message", [
    ("SELECT * FROM {} WHERE p = 1 foo", LEFT), ("SELECT * FROM {} WHERE p = 1 e5", LEFT), ("INSERT INTO {} VALUE {{'p': 1}} foo", LEFT),
    ("UPDATE {} SET a = 9 WHERE p = 2 foo", LEFT), ("SELECT * FROM {} WHERE p = 1)", LEFT), ("DELETE FROM {} WHERE p = 4 ORDER BY p", LEFT),
    ("SELECT * FROM {} ORDER BY p WHERE p = 1", LEFT), ("INSERT INTO {} t VALUE {{'p': 1}}", LEFT),
    ("SELECT * FROM {} t WHERE p = 1", "Aliasing is not supported"), ("SELECT * FROM {} AS t WHERE p = 1", "Aliasing is not supported"),
    ("UPDATE {} t SET a = 3 WHERE p = 1", "Aliasing is not supported"), ("DELETE FROM {} t WHERE p = 1", "Aliasing is not supported"),
    ("SELECT * FROM {} WHERE", BAD + "Unexpected term"),
    ("SELECT * FROM {} WHERE p = 1 # note", BAD), ("SELECT * FROM {} WHERE p = 1 /* note", BAD),
    ("SELECT * FROM {} WHERE p = 1e2147483648", BAD), ("SELECT * FROM {} WHERE p = 1e99999999999", BAD), ("SELECT * FROM {} WHERE p = 1.5e-2147483647", BAD),
    ("SELECT * FROM {} WHERE p = 1e126", OVER), ("SELECT * FROM {} WHERE p = 1e-131", UNDER), ("SELECT * FROM {} WHERE p = " + "1" * 39, LONG),
    ("INSERT INTO {} VALUE {{'p': 1e126}}", OVER), ("UPDATE {} SET a = 1e-131 WHERE p = 5", UNDER),
    ("INSERT INTO {} VALUE {{'p': 6, 'm': {{'x': 1e126}}}}", OVER + ".x"), ("INSERT INTO {} VALUE {{'p': 7, 'l': [1, 1e126]}}", OVER + "[1]"),
    ("SELECT * FROM {} WHERE attribute_exists('ss')", "Operator or function requires a document path; operator or function: attribute_exists"),
    ("SELECT * FROM {} WHERE attribute_exists()",
     "Incorrect number of operands for operator or function; operator or function: attribute_exists, number of operands: 0"),
    ("SELECT * FROM {} WHERE attribute_exists(ss, s, m)",
     "Incorrect number of operands for operator or function; operator or function: attribute_exists, number of operands: 3"),
    ("UPDATE {} SET ss = set_add(ss, <<>>) WHERE p = 7310000", "Empty bags are not supported"),
    ("UPDATE {} SET ss = set_add(ss, <<1>>) WHERE p = 7310000", "An operand in the update expression has an incorrect data type")])
def test_what_is_no_statement(dynamodb, numbers, statement, message):
    assert refusal(dynamodb.execute_statement, Statement=statement.format(f'"{numbers}"')) == ("ValidationException", message)


@pytest.mark.parametrize("statement, message, token, length", [
    ("SELECT attribute_exists(ss) FROM {}", "Unexpected path component", "attribute_exists", 16),
    ("SELECT * FROM {}\nWHERE EXISTS(ss)", "Unrecognized function: exists", "EXISTS", 6),
    ("SELECT * FROM {} WHERE set_add(ss, <<'x'>>) = ss", "Unrecognized function: set_add", "set_add", 7),
    ("INSERT INTO {} VALUE {{'p': 1, 'ss': set_add(<<'a'>>, <<'b'>>)}}", "Unsupported data type: set_add under key root", "set_add", 7),
    ("UPDATE {} SET t = set_add(ss, <<'x'>>) WHERE p = 1", "The first argument to SET_ADD must equal the assignment value", "set_add", 7),
    ("UPDATE {} SET ss = set_delete(<<'a'>>, <<'b'>>) WHERE p = 1", "The first argument to SET_DELETE must equal the assignment value", "set_delete", 10),
    ("UPDATE {} SET ss = set_add(ss, ['x']) WHERE p = 1", "The second argument to SET_ADD must be a value with type SET", "ss, [", 2),
    ("UPDATE {} SET ss = set_delete(ss) WHERE p = 1", "SET_DELETE must have exactly two arguments", "set_delete", 10),
    ("UPDATE {} SET ss = set_add(ss, <<'x'>>, <<'y'>>) WHERE p = 1", "SET_ADD must have exactly two arguments", "set_add", 7)])
def test_where_it_is_wrong(dynamodb, numbers, statement, message, token, length):
    text = statement.format(f'"{numbers}"')
    before = text[:text.index(token)]
    place = f"{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}:{length}"
    assert refusal(dynamodb.execute_statement, Statement=text) == ("ValidationException", f"{message} at {place}")
