"""Which of several faults AWS names, and how many."""
import pytest

from services.dynamodb.test.ddb_tables import refusal

LENGTH = "1 validation error detected: Value '{}' at 'tableName' failed to satisfy constraint: Member must have length greater than or equal to {}"
CHOICE = "Value 'x' at '{}' failed to satisfy constraint: Member must satisfy enum value set: "
KEY = {"p": {"S": "x"}}


@pytest.mark.parametrize("name, least", [("ab", 3), ("", 1)])
def test_the_tables_name_comes_before_expressions(brume, name, least):
    dynamodb = brume.client("dynamodb", config={"parameter_validation": False})
    told = ("ValidationException", LENGTH.format(name, least))
    wrong = {"ConditionExpression": "a ="}
    assert refusal(dynamodb.put_item, TableName=name, Item=KEY, **wrong) == told
    assert refusal(dynamodb.delete_item, TableName=name, Key=KEY, **wrong) == told
    assert refusal(dynamodb.update_item, TableName=name, Key=KEY, **wrong) == told
    assert refusal(dynamodb.get_item, TableName=name, Key=KEY, ProjectionExpression="a,") == told
    assert refusal(dynamodb.query, TableName=name, KeyConditionExpression="p") == told
    assert refusal(dynamodb.scan, TableName=name, FilterExpression="p") == told
    assert refusal(dynamodb.transact_write_items, TransactItems=[{"Put": {"TableName": name, "Item": KEY, **wrong}}]) == told
    assert refusal(dynamodb.transact_get_items, TransactItems=[{"Get": {"TableName": name, "Key": KEY, "ProjectionExpression": "a,"}}]) == told


def test_the_tables_name_comes_before_choices(dynamodb):
    told = ("ValidationException", LENGTH.format("ab", 3))
    assert refusal(dynamodb.put_item, TableName="ab", Item=KEY, ReturnValues="x") == told
    assert refusal(dynamodb.update_item, TableName="ab", Key=KEY, ReturnValues="x", ReturnConsumedCapacity="x") == told


def test_how_many_choices_are_told(dynamodb):
    units, select, values = CHOICE.format("returnConsumedCapacity"), CHOICE.format("select"), CHOICE.format("returnValues")
    _, message = refusal(dynamodb.query, TableName="abc", KeyConditionExpression="p = :p", Select="x", ReturnConsumedCapacity="x")
    assert message.startswith("1 validation error detected: " + units) and select not in message
    _, message = refusal(dynamodb.update_item, TableName="abc", Key=KEY, ReturnValues="x", ReturnConsumedCapacity="x")
    assert message.startswith("1 validation error detected: ")
    _, message = refusal(dynamodb.scan, TableName="abc", Select="x", ReturnConsumedCapacity="x")
    assert message.startswith("2 validation errors detected: ") and units in message and select in message
    _, message = refusal(dynamodb.put_item, TableName="abc", Item=KEY, ReturnValues="x", ReturnConsumedCapacity="x")
    assert message.startswith("2 validation errors detected: ") and units in message and values in message


def test_a_projection_against_select_comes_before_the_index(dynamodb, table):
    def refused(**more):
        code, message = refusal(dynamodb.scan, TableName=name, **more)
        asked = {"KeyConditionExpression": "p = :p", "ExpressionAttributeValues": {":p": {"S": "x"}}}
        if "AttributesToGet" in more:
            asked = {"KeyConditions": {"p": {"ComparisonOperator": "EQ", "AttributeValueList": [{"S": "x"}]}}}
        of_query = refusal(dynamodb.query, TableName=name, **asked, **more)
        assert code == "ValidationException" and of_query in [(code, message), (code, "1 validation error detected: " + message)]
        return message, of_query[1] != message
    name = table()
    for select, what in [("ALL_PROJECTED_ATTRIBUTES",) * 2, ("ALL_ATTRIBUTES",) * 2, ("COUNT", "only the Count")]:
        for given in ({"ProjectionExpression": "p"}, {"AttributesToGet": ["p"]}):
            assert refused(Select=select, **given) == (f"Cannot specify the {list(given)[0]} when choosing to get {what}", True)
    assert refused(Select="ALL_PROJECTED_ATTRIBUTES") == ("ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName", False)
    assert refused(Select="SPECIFIC_ATTRIBUTES") == (
        "Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES", True)


def test_how_long_a_placeholder_is_comes_before_how_it_is_written(dynamodb):
    told = "{} contains invalid key: The expression attribute map contains a key that is too long;{}"
    asked = {"TableName": "abc", "FilterExpression": "a = :v"}
    for key in ("#" + "a" * 255, "#" + "-" * 255):
        assert refusal(dynamodb.scan, **asked, ExpressionAttributeNames={key: "a"}) == (
            "ValidationException", told.format("ExpressionAttributeNames", " size of key: 256"))
    assert refusal(dynamodb.scan, **asked, ExpressionAttributeValues={":" + "a" * 255: {"S": "x"}}) == (
        "ValidationException", told.format("ExpressionAttributeValues", ""))
    longest = ":" + "a" * 254
    assert refusal(dynamodb.scan, TableName="abc", FilterExpression="a = " + longest, ExpressionAttributeValues={longest: {"S": "x"}})[0] == (
        "ResourceNotFoundException")


def test_values_of_in(dynamodb, table):
    asked = {"TableName": table()}

    def filtered(n):
        places = [f":v{i}" for i in range(n)]
        return {**asked, "FilterExpression": f"p IN ({', '.join(places)})", "ExpressionAttributeValues": {p: {"S": p} for p in places}}
    assert dynamodb.scan(**filtered(100))["Count"] == 0
    assert refusal(dynamodb.scan, **filtered(101)) == (
        "ValidationException", "Invalid FilterExpression: The IN operator is provided with too many operands; number of operands: 101")
