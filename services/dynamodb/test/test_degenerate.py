"""Requests that are empty where something should be: AWS refuses them in several styles. Each as a public lab measured it there
in October 2026; what the description's own rules say of them in the usual words is not repeated here."""
import pytest
from botocore.exceptions import ClientError

from services.dynamodb.test.ddb_tables import index, make_table

INVALID = "One or more parameter values were invalid"
NAME = "TableName must be at least 3 characters long and at most 255 characters long"
INDEX = "IndexName must be at least 3 characters long and at most 255 characters long"
ARN = "arn:aws:dynamodb:us-east-1:000000000000:table/{}"
NULL = "Value null at '{}' failed to satisfy constraint: Member must not be null"
SHORT = "Value '' at '{}' failed to satisfy constraint: Member must have length greater than or equal to 3"
UNLIKE = "Value '' at '{}' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+"
KEY = {"KeySchema": [{"AttributeName": "p", "KeyType": "HASH"}], "AttributeDefinitions": [{"AttributeName": "p", "AttributeType": "S"}],
       "BillingMode": "PAY_PER_REQUEST"}
NO_TABLE_CHANGES = "At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates, SSESpecification, "


def two(first, second, member):
    return f"2 validation errors detected: {first.format(member)}; {second.format(member)}"


def of_index(name, **update):
    return {"GlobalSecondaryIndexUpdates": [{"Update": {"IndexName": name, **update}}]}


CASES = [
    ("create_backup", {"BackupName": ""}, two(UNLIKE, SHORT, "backupName")),
    ("describe_table", {"TableName": ""}, two(SHORT, UNLIKE, "tableName")),
    ("create_table", {**KEY, "TableName": "new", "GlobalSecondaryIndexes": [index("", "p")]}, two(SHORT, UNLIKE, "globalSecondaryIndexes.1.member.indexName")),
    ("create_table", {**KEY, "TableName": "new", "Tags": [{}]}, "The Tag Key provided is invalid, Key: null"),
    ("update_table", {"GlobalSecondaryIndexUpdates": [{"Create": index("", "p")}]}, two(SHORT, UNLIKE, "globalSecondaryIndexUpdates.1.member.create.indexName")),
    ("update_table", of_index("ghost", WarmThroughput={}), INVALID + ": WarmThroughput must have at least one of ReadUnitsPerSecond or WriteUnitsPerSecond specified for index: ghost"),
    ("update_table", {"ReplicaUpdates": [{"Create": {}}]}, INVALID),
    ("update_table", {"ReplicaUpdates": [{"Update": {}}]}, "1 validation error detected: " + NULL.format("replicaUpdates.1.member.update.regionName")),
    ("update_table", {"GlobalTableWitnessUpdates": [{}]}, NO_TABLE_CHANGES),
    ("update_table", {"WarmThroughput": {"ReadUnitsPerSecond": 0, "WriteUnitsPerSecond": 0}},
     INVALID + ": Requested ReadUnitsPerSecond for WarmThroughput for table is lower than current WarmThroughput, decreasing WarmThroughput is not supported"),
    ("describe_contributor_insights", {"IndexName": ""}, INDEX),
    ("update_contributor_insights", {"IndexName": "", "ContributorInsightsAction": "ENABLE"}, INDEX),
    ("describe_global_table", {"GlobalTableName": ""}, NAME),
    ("describe_global_table_settings", {"GlobalTableName": ""}, NAME),
    ("update_global_table", {"GlobalTableName": "a-table", "ReplicaUpdates": [{}]}, INVALID),
    ("restore_table_from_backup", {"TargetTableName": "", "BackupArn": ARN.format("a-table/backup/01234567890123-a1b2c3d4")}, NAME),
    ("describe_backup", {"BackupArn": ""}, "Invalid Backup ARN"),
    ("export_table_to_point_in_time", {"TableArn": "", "S3Bucket": "a-bucket"}, "Invalid TableArn: Invalid Table ARN"),
    ("tag_resource", {"Tags": [{}]}, "The Tag Key provided is invalid, Key: null"),
    ("tag_resource", {"Tags": [{"Key": "k"}]}, "The Tag Value provided is invalid, Value: null"),
    ("tag_resource", {"Tags": [{"Value": "v"}]}, "The Tag Key provided is invalid, Key: null"),
    ("untag_resource", {"TagKeys": [""]}, "The Tag Key provided is invalid, Key: "),
    ("untag_resource", {"TagKeys": []}, "Atleast one Tag Key needs to be provided as Input."),
    ("put_resource_policy", {"Policy": "{}"}, INVALID + ": Invalid policy document: Syntax error at position (1,3)"),
    ("put_resource_policy", {"Policy": "null"}, INVALID + ": Invalid policy document: This text appears not to be a policy"),
]


@pytest.fixture(scope="module")
def unchecked(brume):
    """A client that sends what is asked of it; and a table."""
    client = brume.client("dynamodb", config={"parameter_validation": False})
    return client, make_table(client)


@pytest.mark.parametrize("operation, arguments, message", CASES, ids=[f"{i}-{c[0]}" for i, c in enumerate(CASES)])
def test_what_is_empty(unchecked, operation, arguments, message):
    client, name = unchecked
    members = client.meta.service_model.operation_model(client.meta.method_to_api_mapping[operation]).input_shape.members
    of = {"TableName": name} if "TableName" in members else {"ResourceArn": ARN.format(name)} if "ResourceArn" in members else {}
    with pytest.raises(ClientError) as error:
        getattr(client, operation)(**{**of, **arguments})
    said = error.value.response["Error"]
    assert said["Code"] == "ValidationException"
    assert said["Message"].startswith(message) if message == NO_TABLE_CHANGES else said["Message"] == message
