"""PartiQL's grammar at its edges: what is a statement, and AWS's words for what is none: as measured in October 2026, and as PartiQL's
published parser (partiql-lang-kotlin, SqlParser) has them, which says the same wherever both are known."""
import pytest

from services.dynamodb.test.ddb_tables import index, make_table, refusal

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
    ("SELECT * FROM {} WHERE p = 7310000 AND attribute_not_exists(\"user\") AND size(ss) = 2", "7310000"),
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
    # as people quote it (PyDynamoDB, issue 26), and as PartiQL's published grammar has it of every word of SQL-92
    ("INSERT INTO {} (key, secret_key) VALUES (?, ?)", BAD + "Unexpected keyword"), ("INSERT INTO {} (p, q) VALUES (1, 2)", LEFT),
    ("SELECT * FROM {} WHERE user = 'x'", BAD + "Unexpected keyword"), ("SELECT p, Timestamp FROM {}", BAD + "Unexpected keyword"),
    ("UPDATE {} SET a = level + 1 WHERE p = 1", BAD + "Unexpected keyword"),
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


INFIX = "Missing right-hand side expression of infix operator"
RETURNING = "Expected ( MODIFIED | ALL ) ( NEW | OLD ) in each returning element."


@pytest.mark.parametrize("statement, message", [
    ("SELECT a", "Expected FROM after SELECT list"), ("SELECT", "Unexpected term"), ("SELECT FROM {}", "Expected data manipulation"),
    ("SELECT a, FROM {}", "Expected data manipulation"), ("SELECT , a FROM {}", "Unexpected term"),
    ("SELECT a, * FROM {}", "Other expressions may not be present in the select list when '*' is used without dot notation."),
    ("SELECT m.size FROM {}", "Invalid path dot component"), ("SELECT * FROM {}.", "Invalid path dot component"),  # PyDynamoDB, issue 28
    ("SELECT a.b[0 FROM {}", "Expected RIGHT_BRACKET"), ("SELECT a AS 5 FROM {}", "Expected identifier for AS-alias"),
    ("SELECT * FROM {} WHERE p = 1 ORDER p", "Expected BY"), ("SELECT * FROM {} ORDER BY", "Unexpected term"),
    ("SELECT * FROM {} WHERE p =", INFIX),
    ("SELECT * FROM {} WHERE p = 1 AND", INFIX),
    ("SELECT * FROM {} WHERE p IN", INFIX),
    ("SELECT * FROM {} WHERE p = = 1", "Unexpected operator"), ("SELECT * FROM {} WHERE AND p = 1", "Unexpected operator"),
    ("SELECT * FROM {} WHERE (p = 1", "Expected RIGHT_PAREN"), ("SELECT * FROM {} WHERE contains(s, 'a'", "Expected RIGHT_PAREN"),
    ("SELECT * FROM {} WHERE p IN (1, 2", "Expected RIGHT_PAREN"), ("SELECT * FROM {} WHERE p IN [1", "Expected RIGHT_BRACKET"),
    ("SELECT * FROM {} WHERE p BETWEEN 1", "Expected AND keyword"), ("SELECT * FROM {} WHERE p BETWEEN 1 AND", "Expected expression after AND"),
    ("SELECT * FROM {} WHERE p IS", "Expected type name"), ("SELECT * FROM {} WHERE p IS 5", "Expected type name"),
    ("SELECT * FROM {} WHERE index = 1", "Unexpected keyword"), ("SELECT count() FROM {}", "Aggregate functions are always unary"),
    ("SELECT size(*) FROM {}", "size(*) is not allowed"), ("SELECT * FROM {} WHERE p = 1e", ""), ("SELECT * FROM {} WHERE = ~", ""),
    ("SELECT * FROM {}; SELECT * FROM {}", "Unexpected token after semicolon. (Only one query is allowed.)"),
    ("INSERT {} VALUE {{'p': 1}}", "Unexpected keyword"), ("INSERT INTO {} VALUES {{'p': 1}}", "Expected LEFT_PAREN for row value constructor"),
    ("INSERT INTO {} VALUE {{'p' 1}}", "Expected COLON"), ("INSERT INTO {} VALUE {{'p': 1", "Expected RIGHT_CURLY"),
    ("INSERT INTO {} VALUE {{'p': 1, 's': <<1, 2}}", "Expected RIGHT_DOUBLE_ANGLE_BRACKET"), ("INSERT INTO {} VALUE {{'p': [1,]}}", "Unexpected term"),
    ("INSERT INTO 'a' VALUE {{'p': 1}}", "Expected identifier for simple path"),
    ("UPDATE {} SET a 1 WHERE p = 1", "Expected '='"), ("UPDATE {} SET 5 = 1 WHERE p = 1", "Expected identifier for simple path"),
    ("UPDATE {} REMOVE a, b WHERE p = 1", "Unexpected token after expression"), ("UPDATE {} SET a = 1, WHERE p = 1", "Expected identifier for simple path"),
    ("DELETE {} WHERE p = 1", "Expected FROM after DELETE"), ("DELETE FROM {} WHERE p = 1 RETURNING", RETURNING),
    ("DELETE FROM {} WHERE p = 1 RETURNING ALL *", RETURNING), ("ALTER TABLE {}", "Unexpected keyword"),
    ("SELEC * FROM {}", "Expected data manipulation"), ("SELEC a FROM {}", "Unexpected token after expression"),
    # what is no syntax is said before anything else that is wrong
    ("SELECT size(a), count(b) FROM {} t WHERE p = 1 foo", "Unexpected token after expression"),
    ("SELECT * FROM {} WHERE p = ? AND exists(a) AND", INFIX)])
def test_words_of_the_grammar(dynamodb, numbers, statement, message):
    assert refusal(dynamodb.execute_statement, Statement=statement.format(*[f'"{numbers}"'] * 2)) == ("ValidationException", BAD + message)


BOUNDS = "The BETWEEN operator requires {}; lower bound operand: AttributeValue: {{{}}}, upper bound operand: AttributeValue: {{{}}}"
OPERAND = "Incorrect operand type for operator or function; operator or function: {}, operand type: {}"
OPERATOR = "Unsupported operator in {} Expression. Operator: {}"
BOOLEAN, TERMS = "WHERE clause must contain an expression that resolves to a boolean", "The arguments to AND/OR must be Expressions"
LIST = "IN operator must have a left hand argument of type Variable Reference and right hand argument of type Seq with at least one member"
SCALAR = "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: Key: p"


@pytest.mark.parametrize("where, message", [
    ("s BETWEEN 10 AND 1", BOUNDS.format("upper bound to be greater than or equal to lower bound", "N:10", "N:1")),
    ("p BETWEEN 1 AND 'a'", BOUNDS.format("same data type for lower and upper bounds", "N:1", "S:a")),
    ("NOT begins_with(s, 1)", OPERAND.format("begins_with", "N")), ("size(1) = 1", OPERAND.format("size", "N")), ("size(size(s)) = 1", OPERAND.format("size", "N")),
    ("attribute_type(s, 1)", OPERAND.format("attribute_type", "N")), ("s < true", OPERAND.format("<", "BOOL")),
    ("attribute_type(s, 'X')", "Invalid attribute type name found; type: X, valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}"),
    ("p = 1 AND m.k = m.k", "The first operand must be distinct from the remaining operands for this operator or function; operator: =, first operand: [m, k]"),
    ("p", BOOLEAN), ("(1)", BOOLEAN), ("NOT p", "The argument to NOT must be a Type or Expression"), ("p = 1 AND s", TERMS), ("s OR p = 1", TERMS),
    ("p = 1 + 2", OPERATOR.format("Condition", "+")), ("p = -m.k", OPERATOR.format("Condition", "-")), ("s || 'x' = 'xx'", OPERATOR.format("Condition", "||")),
    ("s LIKE 't%'", OPERATOR.format("Condition", "like")), ("s NOT LIKE 't%'", OPERATOR.format("Condition", "like")),
    ("p IN []", LIST), ("p IN s", LIST), ("p[0] = 1", SCALAR), ("s = 'x' OR p.a = 1", SCALAR)])
def test_trees_that_no_table_runs(dynamodb, numbers, where, message):
    assert refusal(dynamodb.execute_statement, Statement=f'SELECT * FROM "{numbers}" WHERE {where}') == ("ValidationException", message)


TUPLE = "Duplicate keys in tuple. Key: "
BAG = "Unsupported data type in Bag. DynamoDB only supports either numbers or strings in bags"
STRUCT = "Unsupported format in item expression. Please use struct format {...} to express item values for insert statement."


@pytest.mark.parametrize("statement, message", [
    ("UPDATE {} SET a = 'x' + 1 WHERE p = 7310000", OPERAND.format("+", "S")), ("UPDATE {} SET a = m.k * 2 WHERE p = 7310000", OPERATOR.format("Update", "*")),
    ("UPDATE {} SET a = list_append(s, 1) WHERE p = 7310000", OPERAND.format("list_append", "N")),
    ("UPDATE {} SET a = p.x WHERE p = 7310000", SCALAR), ("SELECT s, p.x FROM {}", SCALAR), ("SELECT s FROM {} WHERE s = {{'x': {{'y': 1, 'y': 2}}}}", TUPLE + "y under root.x at 1:{}:1"),
    ("INSERT INTO {} VALUE {{'p': 1, 'a': 1, 'a': 2}}", TUPLE + "a under root at 1:{}:3"), ("INSERT INTO {} VALUE {{'p': 1, 's': <<1, 'x'>>}}", BAG),
    ("INSERT INTO {} VALUE [1]", STRUCT + " at 1:{}:1"), ("INSERT INTO {} VALUE 'text'", STRUCT + " at 1:{}:6")])
def test_values_that_no_table_holds(dynamodb, numbers, statement, message):
    text = statement.format(f'"{numbers}"')
    column = {"y": text.find("{'y'"), "a": text.rfind("'a'")}.get(message[len(TUPLE)], text.find("VALUE ") + 6) + 1
    assert refusal(dynamodb.execute_statement, Statement=text) == ("ValidationException", message.replace("{}", str(column)))


@pytest.mark.parametrize("statement", [
    "SELECT * FROM {} WHERE contains(s = 'text', 'x')", "SELECT * FROM {} WHERE (p = 1) = (s = 'x')", "SELECT * FROM {} WHERE p IN (1, p = 1)",
    "UPDATE {} SET a = p = 1 WHERE p = 7310000", "UPDATE {} SET a = 1 + 2 + 3 WHERE p = 7310000", "UPDATE {} SET a = -m.k WHERE p = 7310000",
    "UPDATE {} SET a = list_append(m.k + 1, [1]) WHERE p = 7310000"])
def test_what_the_grammar_has_and_a_table_not(dynamodb, numbers, statement):
    """AWS's words for these are not known."""
    assert refusal(dynamodb.execute_statement, Statement=statement.format(f'"{numbers}"'))[0] == "ValidationException"


@pytest.mark.parametrize("where, found", [
    ("p NOT IN [1, 7310000]", ["-7.3"]), ("p NOT BETWEEN 0 AND 9e9", ["-7.3"]), ("NOT p > 0 AND p < 0 OR p = 1", ["-7.3"]), ("(p) = (7310000)", ["7310000"]),
    ("p = 1 OR (p < 0 AND (s IS MISSING))", ["-7.3"]), ("p = + 7310000", ["7310000"]), ("m.k = 1 AND \"s\" = 'text'", ["7310000"]), ("size(\"s\") >= 4", ["7310000"]),
    ("\"s\" IS STRING AND p IS NUMERIC AND m IS STRUCT", ["7310000"]), ("m IS NOT LIST AND p < 0", ["-7.3"])])
def test_operators_bind_as_the_grammar_says(dynamodb, numbers, where, found):
    items = dynamodb.execute_statement(Statement=f'SELECT * FROM "{numbers}" WHERE {where};')["Items"]
    assert [i["p"]["N"] for i in items] == found


@pytest.mark.parametrize("statement, message, token, length", [
    ("SELECT * FROM {} LIMIT 5;", "Unsupported clause: LIMIT", "5;", 1), ("SELECT * FROM {} WHERE p = 1 ORDER BY p LIMIT 10;", "Unsupported clause: LIMIT", "10;", 2),
    ("SELECT COUNT(*) FROM {} WHERE p = 1", "Unexpected path component", "COUNT", 5), ("SELECT p, 5 FROM {}", "Unexpected path component", "5 FROM", 1),
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


@pytest.fixture(scope="module")
def indexed(dynamodb):
    name = make_table(dynamodb, "p:S s:N g:S l:S", ("p", "s"),
                      GlobalSecondaryIndexes=[index("all", "g"), index("global", "g", None, "INCLUDE", ["x"])],
                      LocalSecondaryIndexes=[index("local", "p", "l", "KEYS_ONLY")])
    dynamodb.put_item(TableName=name, Item={"p": {"S": "a"}, "s": {"N": "1"}, "g": {"S": "g"}, "l": {"S": "l"}, "t": {"S": "t"}, "x": {"S": "x"}})
    return name


def of_type(operator, kind):
    return f"Incorrect operand type for operator or function; operator or function: {operator}, operand type: {kind}"


def not_held(name, *attributes):
    return f"One or more parameter values were invalid: Secondary index {name} does not project one or more filter attributes: [{', '.join(attributes)}]"


RETURNS = "Invalid returning clause: RETURNING {} *. Only RETURNING ALL OLD * is allowed in DELETE statements."
KEY = "WHERE p='a' AND s=1"


@pytest.mark.parametrize("statement, message", [
    ("SELECT * FROM {}.\"none\"", "The table does not have the specified index"),
    ("SELECT * FROM {}.\"all\".\"x\"", "A path may contain at most 2 components in the FROM clause"),
    ("SELECT * FROM {}.\"\"", "Path component cannot be an empty string"), ("SELECT * FROM \"\"", "Path component cannot be an empty string"),
    ("UPDATE {}.\"all\" SET x=1 " + KEY, "This operation is not supported on an index"),
    ("DELETE FROM Nowhere.\"all\" " + KEY, "This operation is not supported on an index"),
    ("INSERT INTO {}.\"all\" VALUE {{'p': 'b', 's': 1}}", "This operation is not supported on an index"),
    ("DELETE FROM {} " + KEY + " RETURNING MODIFIED OLD *", RETURNS.format("MODIFIED OLD")),
    ("DELETE FROM {} " + KEY + " RETURNING ALL NEW *", RETURNS.format("ALL NEW")),
    ("DELETE FROM {} " + KEY + " RETURNING MODIFIED NEW *", RETURNS.format("MODIFIED NEW")),
    ("SELECT * FROM Nowhere WHERE t < true", of_type("<", "BOOL")), ("SELECT * FROM {} WHERE p='a' AND NOT t >= [1]", of_type(">=", "L")),
    ("SELECT * FROM {} WHERE t BETWEEN 1 AND NULL", of_type("BETWEEN", "NULL")), ("DELETE FROM {} " + KEY + " AND t > {{'a': 1}}", of_type(">", "M")),
    ("SELECT p FROM {}.\"global\" WHERE g='g' AND t='t' AND x='x' AND m.k=1", not_held("global", "m", "t")),
    ("SELECT p FROM {}.\"local\" WHERE p='a' AND x='x'", not_held("local", "x")),
    ("SELECTED * FROM {}", BAD + "Expected data manipulation"), ("DROP", BAD + "Expected data manipulation"),
    ("UPDATE {} WHERE p = 1", BAD + "Expected data manipulation"), ("UPDATE a-b SET x = 1 WHERE p = 1", BAD + "Expected data manipulation")])
def test_what_a_statement_cannot_do(dynamodb, indexed, statement, message):
    assert refusal(dynamodb.execute_statement, Statement=statement.format(f'"{indexed}"')) == ("ValidationException", message)


def test_what_an_index_can(dynamodb, indexed):
    run = dynamodb.execute_statement
    assert refusal(run, Statement=f'SELECT * FROM "{indexed}"."all"', ConsistentRead=True) == (
        "ValidationException", "Strongly consistent read is not supported on Global Secondary Indexes")
    assert len(run(Statement=f'SELECT * FROM "{indexed}"."local" WHERE p=\'a\'', ConsistentRead=True)["Items"]) == 1
    assert len(run(Statement=f'SELECT p FROM "{indexed}"."global" WHERE g=\'g\' AND x=\'x\' AND s=1')["Items"]) == 1
    assert run(Statement=f'SELECT p FROM "{indexed}"."global" WHERE t=\'t\'')["Items"] == []  # a scan finds nothing by what is not there
    assert run(Statement=f'SELECT p FROM "{indexed}"."local" WHERE t=\'t\'')["Items"] == []


def statements(name, *texts):
    return [{"Statement": text.format(f'"{name}"')} for text in texts]


@pytest.mark.parametrize("texts, message", [
    (("SELECT * FROM {} " + KEY, "DELETE FROM {} WHERE p='b' AND s=1"), "Read and write requests together in the same batch is not supported."),
    (("SELECT * FROM {} " + KEY, "SELECT t FROM {} " + KEY), "Provided list of item keys contains duplicates"),
    (("INSERT INTO {} VALUE {{'p': 'n', 's': 2}}", "not one", "DELETE FROM {} WHERE s=2.0 AND p='n'"), "Provided list of item keys contains duplicates")])
def test_what_is_no_batch(dynamodb, indexed, texts, message):
    assert refusal(dynamodb.batch_execute_statement, Statements=statements(indexed, *texts)) == ("ValidationException", message)
    assert dynamodb.scan(TableName=indexed)["Count"] == 1


def test_which_answers_of_a_batch_name_their_table(dynamodb, indexed):
    answers = dynamodb.batch_execute_statement(Statements=statements(
        indexed, "INSERT INTO {} VALUE {{'p': 'a', 's': 1}}", "UPDATE {} SET x='y' WHERE p='none' AND s=1", "DELETE FROM {} WHERE p='c'",
        "DELETE FROM {} WHERE p='d' AND s=1 RETURNING ALL NEW *", "not one", "DELETE FROM {} WHERE p='e' AND s=1"))["Responses"]
    assert [(a.get("Error", {}).get("Code"), "TableName" in a) for a in answers] == [
        ("DuplicateItem", True), ("ConditionalCheckFailed", True), ("ValidationError", False), ("ValidationError", False), ("ValidationError", False),
        (None, True)]


NOT_HERE = "Validation failed in TransactStatements[1]: "


@pytest.mark.parametrize("texts, message", [
    (("SELECT * FROM {} " + KEY, "SELECT * FROM {}.\"all\" WHERE g='g' AND p='a' AND s=1"), NOT_HERE + "Reads on indices are not supported within transactions."),
    (("DELETE FROM {} WHERE p='b' AND s=1", "DELETE FROM {} " + KEY + " RETURNING ALL NEW *"), NOT_HERE + "RETURNING clause is not supported in ExecuteTransaction."),
    (("DELETE FROM {} " + KEY, "UPDATE {} SET x='y' WHERE p='b' AND s=1 RETURNING ALL OLD *"), NOT_HERE + "RETURNING clause is not supported in ExecuteTransaction."),
    (("SELECT * FROM {} " + KEY, "SELECT t FROM {} " + KEY), "Transaction request cannot include multiple operations on one item"),
    (("SELECT * FROM {} " + KEY, "DELETE FROM {} WHERE p='b' AND s=1"),
     "ExecuteTransaction API does not support both read and write operations in the same request.")])
def test_what_is_no_transaction(dynamodb, indexed, texts, message):
    assert refusal(dynamodb.execute_transaction, TransactStatements=statements(indexed, *texts)) == ("ValidationException", message)
    assert dynamodb.scan(TableName=indexed)["Count"] == 1


@pytest.mark.parametrize("asked, message", [
    ({"IndexName": "global", "KeyConditionExpression": "g = :g", "FilterExpression": "x = :g OR t = :g OR b = :g"}, not_held("global", "b", "t")),
    ({"IndexName": "local", "KeyConditionExpression": "p = :g", "FilterExpression": "t = :g"}, not_held("local", "t")),
    ({"IndexName": "global", "KeyConditions": {"g": {"ComparisonOperator": "EQ", "AttributeValueList": [{"S": "g"}]}},
      "QueryFilter": {"t": {"ComparisonOperator": "NOT_NULL"}}}, not_held("global", "t"))])
def test_a_query_filters_by_what_its_index_holds(dynamodb, indexed, asked, message):
    if "KeyConditionExpression" in asked:
        asked = {**asked, "ExpressionAttributeValues": {":g": {"S": "g"}}}
    assert refusal(dynamodb.query, TableName=indexed, **asked) == ("ValidationException", message)
