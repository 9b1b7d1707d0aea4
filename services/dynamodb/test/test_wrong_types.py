"""Values of types that the API does not have there: SerializationException, in the words of AWS's older reader."""
import json
import urllib.error
import urllib.request

import pytest

from services.dynamodb.test.ddb_tables import signed


def refused(brume, body, operation="PutItem", api="DynamoDB_20120810"):
    """The status and the whole answer."""
    with pytest.raises(urllib.error.HTTPError) as error:
        urllib.request.urlopen(signed(brume.url, body, operation, api))
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


def test_streams_have_the_same_reader(brume):
    assert refused(brume, '{"ShardIterator": 5}', "GetRecords", "DynamoDBStreams_20120810") == serialization("NUMBER_VALUE cannot be converted to String")


def test_types_of_attributes_have_awss_order(brume):
    asked = {"TableName": "abc", "AttributeDefinitions": [{"AttributeName": "p", "AttributeType": "SS"}]}
    _, answer = refused(brume, json.dumps(asked), "CreateTable")
    assert "Value 'SS' at 'attributeDefinitions.1.member.attributeType' failed to satisfy constraint: Member must satisfy enum value set: [B, N, S]" in answer["message"]


@pytest.mark.parametrize("operation, asked, order", [
    ("PutItem", {"ReturnValues": "x"}, "[ALL_NEW, UPDATED_OLD, ALL_OLD, NONE, UPDATED_NEW]"),
    ("PutItem", {"ReturnConsumedCapacity": "x"}, "[INDEXES, TOTAL, NONE]"),
    ("Scan", {"Select": "x"}, "[SPECIFIC_ATTRIBUTES, COUNT, ALL_ATTRIBUTES, ALL_PROJECTED_ATTRIBUTES]"),
    ("Scan", {"ScanFilter": {"a": {"ComparisonOperator": "x"}}},
     "[IN, NULL, BETWEEN, LT, NOT_CONTAINS, EQ, GT, NOT_NULL, NE, LE, BEGINS_WITH, GE, CONTAINS]"),
    ("UpdateItem", {"AttributeUpdates": {"a": {"Action": "x"}}}, "[ADD, DELETE, PUT]"),
    ("Scan", {"ConditionalOperator": "x"}, "[OR, AND]"),
])
def test_choices_have_awss_order(brume, operation, asked, order):
    _, answer = refused(brume, json.dumps({"TableName": "abc", **asked}), operation)
    assert "Member must satisfy enum value set: " + order in answer["message"]
