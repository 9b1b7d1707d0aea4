"""Values of types that the API does not have there: SerializationException, in the words of AWS's older reader."""
import json
import urllib.error
import urllib.request

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials


CAST = ("class sun.reflect.generics.reflectiveObjects.ParameterizedTypeImpl cannot be cast to class java.lang.Class "
        "(sun.reflect.generics.reflectiveObjects.ParameterizedTypeImpl and java.lang.Class are in module java.base of loader 'bootstrap')")


def refused(brume, body, operation="PutItem", api="DynamoDB_20120810"):
    """The status and the whole answer."""
    headers = {"X-Amz-Target": f"{api}.{operation}", "Content-Type": "application/x-amz-json-1.0"}
    request = AWSRequest("POST", brume.url, data=body.encode(), headers=headers)
    SigV4Auth(Credentials("test", "test"), "dynamodb", "us-east-1").add_auth(request)
    call = urllib.request.Request(brume.url, data=body.encode(), headers=dict(request.headers), method="POST")
    with pytest.raises(urllib.error.HTTPError) as error:
        urllib.request.urlopen(call)
    return error.value.code, json.load(error.value)


def serialization(message):
    return 400, {"__type": "com.amazon.coral.service#SerializationException", "Message": message}


@pytest.mark.parametrize("member, message", [
    ('"TableName": 5', "NUMBER_VALUE cannot be converted to String"),
    ('"TableName": 5.5', "DECIMAL_VALUE cannot be converted to String"),
    ('"TableName": true', "TRUE_VALUE cannot be converted to String"),
    ('"TableName": []', "Unrecognized collection type class java.lang.String"),
    ('"TableName": {}', "Start of structure or map found where not expected"),
    ('"Item": 5', "Unexpected field type"),
    ('"Item": "x"', "Unexpected field type"),
    ('"Item": []', "Unrecognized collection type java.util.Map<java.lang.String, com.amazonaws.dynamodb.v20120810.AttributeValue>"),
    ('"Item": {"a": "x"}', "Unexpected value type in payload"),
    ('"Item": {"a": []}', "Unrecognized collection type class com.amazonaws.dynamodb.v20120810.AttributeValue"),
    ('"Item": {"a": {"N": 123}}', "NUMBER_VALUE cannot be converted to String"),
    ('"Item": {"a": {"S": false}}', "FALSE_VALUE cannot be converted to String"),
    ('"Item": {"a": {"B": 1}}', "only base-64-encoded strings are convertible to bytes"),
    ('"Item": {"a": {"B": "abc"}}', "Base64 encoded length is expected a multiple of 4 bytes but found: 3"),
    ('"Item": {"a": {"B": "ab=c"}}', "Invalid last non-pad Base64 character dectected"),
    ('"Item": {"a": {"BOOL": "maybe"}}', "Unexpected token received from parser"),
    ('"Item": {"a": {"BOOL": 1}}', "NUMBER_VALUE cannot be converted to Boolean"),
    ('"Item": {"a": {"SS": "x"}}', "Unexpected field type"),
    ('"Item": {"a": {"SS": [1]}}', "NUMBER_VALUE cannot be converted to String"),
    ('"Item": {"a": {"L": {}}}', "Start of structure or map found where not expected"),
    ('"Item": {"a": {"M": [1]}}', "Unrecognized collection type java.util.Map<java.lang.String, com.amazonaws.dynamodb.v20120810.AttributeValue>"),
])
def test_wrong_type(brume, member, message):
    assert refused(brume, "{" + member + "}") == serialization(message)


@pytest.mark.parametrize("operation, member, message", [
    ("PutItem", '"Expected": {"a": "x"}', "Unexpected value type in payload"),
    ("PutItem", '"Expected": {"a": {"Value": "x"}}', "Unexpected field type"),
    ("CreateTable", '"ProvisionedThroughput": "x"', "Unexpected field type"),
    ("CreateTable", '"KeySchema": ["x"]', "Unexpected value type in payload"),
    ("BatchGetItem", '"RequestItems": {"a": {"Keys": ["x"]}}', CAST),
    ("BatchWriteItem", '"RequestItems": {"a": 5}', CAST),
    ("BatchWriteItem", '"RequestItems": []', "Unrecognized collection type java.util.Map<java.lang.String, "
     "java.util.List<com.amazonaws.dynamodb.v20120810.WriteRequest>>"),
    ("GetItem", '"ConsistentRead": "maybe"', "Unexpected token received from parser"),
    ("Scan", '"Limit": "1"', "STRING_VALUE cannot be converted to Integer"),
])
def test_where_the_wrong_type_stands(brume, operation, member, message):
    """A member is a field; what stands in a list or map is a value; a list or map in one of them is not read at all."""
    assert refused(brume, "{" + member + "}", operation) == serialization(message)


@pytest.mark.parametrize("word, value", [("true", True), ("YES", True), ("1", True), ("False", False), ("no", False), ("0", False)])
def test_words_for_booleans(brume, dynamodb, table, word, value):
    code, answer = refused(brume, json.dumps({"TableName": table(), "Item": {"p": {"S": "x"}, "flag": {"NULL": word}, "n": {"N": "x"}}}))
    assert answer["message"] == ("The parameter cannot be converted to a numeric value: x" if value else
                                 "One or more parameter values were invalid: Null attribute value types must have the value of true")


def test_streams_have_the_same_reader(brume):
    assert refused(brume, '{"ShardIterator": 5}', "GetRecords", "DynamoDBStreams_20120810") == serialization("NUMBER_VALUE cannot be converted to String")


@pytest.mark.parametrize("body", ["", "hi", '{"a":}', '{"TableName": "x"', "{} x"])
def test_what_is_no_json(brume, body):
    assert refused(brume, body) == (400, {"__type": "com.amazon.coral.service#SerializationException"})


def test_an_operation_that_is_none(brume):
    assert refused(brume, "{}", "PutItems") == (400, {"__type": "com.amazon.coral.service#UnknownOperationException"})


def test_only_whole_numbers_count(brume, dynamodb, table):
    """A limit of 1.5 is 1; nobody is told."""
    _, answer = refused(brume, '{"TableName": "abc", "Limit": 0.5}', "Scan")
    assert answer["message"] == "1 validation error detected: Value '0' at 'limit' failed to satisfy constraint: Member must have value greater than or equal to 1"


@pytest.mark.parametrize("operation, asked, message", [
    ("CreateTable", {"AttributeDefinitions": [{"AttributeName": "p", "AttributeType": "SS"}]},
     "Value 'SS' at 'attributeDefinitions.1.member.attributeType' failed to satisfy constraint: Member must satisfy enum value set: [B, N, S]"),
    ("Query", {"Select": "x"}, "Value 'x' at 'select' failed to satisfy constraint: Member must satisfy enum value set: [SPECIFIC_ATTRIBUTES, COUNT, "
     "ALL_ATTRIBUTES, ALL_PROJECTED_ATTRIBUTES]"),
    ("Scan", {"ConditionalOperator": "x"}, "Value 'x' at 'conditionalOperator' failed to satisfy constraint: Member must satisfy enum value set: [OR, AND]"),
    ("DeleteItem", {"Key": {}, "ReturnValues": "x"}, "Value 'x' at 'returnValues' failed to satisfy constraint: Member must satisfy enum value set: [ALL_NEW, "
     "UPDATED_OLD, ALL_OLD, NONE, UPDATED_NEW]"),
])
def test_values_have_awss_order(brume, operation, asked, message):
    _, answer = refused(brume, json.dumps(dict(asked, TableName="abc")), operation)
    assert answer["message"] == "1 validation error detected: " + message


def test_ten_faults_are_told(brume):
    _, answer = refused(brume, json.dumps({"TransactItems": [{"Get": {}} for _ in range(9)]}), "TransactGetItems")
    assert answer["message"].startswith("10 validation errors detected: ") and answer["message"].count("Value null at") == 10
