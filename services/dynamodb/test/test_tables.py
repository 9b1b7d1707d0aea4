"""Tables: made, described, changed, listed, deleted, and what is wrong with a request for one."""
import json
import urllib.request

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from services.dynamodb.test.ddb_tables import index, key_schema, make_table, refusal, wait_active, wait_gone

THROUGHPUT = {"ReadCapacityUnits": 5, "WriteCapacityUnits": 5}


def test_a_table_is_made_and_described(dynamodb):
    made = dynamodb.create_table(TableName="made", KeySchema=key_schema("id"), ProvisionedThroughput=THROUGHPUT,
                                 AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}])["TableDescription"]
    assert made["TableStatus"] == "CREATING" and made["TableArn"].endswith(":table/made")
    wait_active(dynamodb, "made")
    table = dynamodb.describe_table(TableName="made")["Table"]
    assert table["KeySchema"] == [{"AttributeName": "id", "KeyType": "HASH"}]
    assert table["ProvisionedThroughput"] == {"NumberOfDecreasesToday": 0, **THROUGHPUT}
    assert table["WarmThroughput"] == {"ReadUnitsPerSecond": 5, "WriteUnitsPerSecond": 5, "Status": "ACTIVE"}
    assert (table["ItemCount"], table["TableSizeBytes"], table["DeletionProtectionEnabled"]) == (0, 0, False)
    assert dynamodb.describe_table(TableName=table["TableArn"])["Table"]["TableId"] == made["TableId"]


def test_a_name_is_taken_until_its_table_is_gone(dynamodb, table):
    name = table()
    again = dict(TableName=name, KeySchema=key_schema("p"), BillingMode="PAY_PER_REQUEST",
                 AttributeDefinitions=[{"AttributeName": "p", "AttributeType": "S"}])
    assert refusal(dynamodb.create_table, **again) == ("ResourceInUseException", f"Table already exists: {name}")
    assert dynamodb.delete_table(TableName=name)["TableDescription"]["TableStatus"] == "DELETING"
    wait_gone(dynamodb, name)
    make_table(dynamodb, name=name)
    assert dynamodb.scan(TableName=name)["Count"] == 0


def test_settings_of_a_later_global_table(dynamodb):
    one = dict(KeySchema=key_schema("p"), BillingMode="PAY_PER_REQUEST", AttributeDefinitions=[{"AttributeName": "p", "AttributeType": "S"}])
    told = dynamodb.create_table(TableName="settings-told", GlobalTableSettingsReplicationMode="DISABLED", **one)["TableDescription"]
    assert told["GlobalTableSettingsReplicationMode"] == "DISABLED"
    assert "GlobalTableSettingsReplicationMode" not in dynamodb.create_table(TableName="settings-untold", **one)["TableDescription"]
    code, message = refusal(dynamodb.create_table, TableName="settings-of-many", GlobalTableSettingsReplicationMode="ENABLED_WITH_OVERRIDES", **one)
    assert code == "ValidationException" and message.endswith("DISABLED settings replication are supported for a Regional Table.")
    code, message = refusal(dynamodb.create_table, TableName="of-another", GlobalTableSourceArn="arn:aws:dynamodb:us-east-1:111111111111:table/t", **one)
    assert code == "NotImplemented" and "GlobalTableSourceArn" in message
    assert refusal(dynamodb.describe_table, TableName="of-another")[0] == "ResourceNotFoundException"


@pytest.mark.parametrize("change, message", [
    ({"TableName": "ab"}, "TableName must be at least 3 characters long and at most 255 characters long"),
    ({"TableName": "a;b"}, "1 validation error detected: Value 'a;b' at 'tableName' failed to satisfy constraint: Member must satisfy "
                           "regular expression pattern: [a-zA-Z0-9_.-]+"),
    ({"AttributeDefinitions": []}, "Invalid KeySchema: Some index key attribute have no definition"),
    ({"AttributeDefinitions": [{"AttributeName": "x", "AttributeType": "S"}]},
     "One or more parameter values were invalid: Some index key attributes are not defined in AttributeDefinitions. Keys: [p], "
     "AttributeDefinitions: [x]"),
    ({"AttributeDefinitions": [{"AttributeName": n, "AttributeType": "S"} for n in "px"]},
     "One or more parameter values were invalid: Number of attributes in KeySchema does not exactly match number of attributes defined in "
     "AttributeDefinitions"),
    ({"KeySchema": [{"AttributeName": "p", "KeyType": "RANGE"}]}, "Invalid KeySchema: The first KeySchemaElement is not a HASH key type"),
    ({"KeySchema": key_schema("p", "x") + key_schema("y")},
     "1 validation error detected: Value '[KeySchemaElement(attributeName=p, keyType=HASH), KeySchemaElement(attributeName=x, keyType=RANGE), "
     "KeySchemaElement(attributeName=y, keyType=HASH)]' at 'keySchema' failed to satisfy constraint: Member must have length less than or "
     "equal to 2"),
    ({"OnDemandThroughput": {"MaxReadRequestUnits": 5, "MaxWriteRequestUnits": 0}},
     "One or more parameter values were invalid: Requested MaxWriteRequestUnits for OnDemandThroughput for table is outside of valid range"),
    ({"BillingMode": "PROVISIONED"},
     "One or more parameter values were invalid: ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED"),
    ({"ProvisionedThroughput": THROUGHPUT},
     "One or more parameter values were invalid: Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is "
     "PAY_PER_REQUEST"),
    ({"LocalSecondaryIndexes": [index("lsi", "p", "x")]},
     "One or more parameter values were invalid: Table KeySchema does not have a range key, which is required when specifying a "
     "LocalSecondaryIndex"),
    ({"GlobalSecondaryIndexes": []}, "One or more parameter values were invalid: List of GlobalSecondaryIndexes is empty"),
    ({"GlobalSecondaryIndexes": [index("gsi", "p"), index("gsi", "p")]},
     "One or more parameter values were invalid: Duplicate index name: gsi"),
    ({"GlobalSecondaryIndexes": [index(f"gsi{i}", "p") for i in range(21)]},
     "One or more parameter values were invalid: GlobalSecondaryIndex count exceeds the per-table limit of 20"),
])
def test_what_is_no_table(dynamodb, change, message):
    table = dict(TableName="never", KeySchema=key_schema("p"), BillingMode="PAY_PER_REQUEST",
                 AttributeDefinitions=[{"AttributeName": "p", "AttributeType": "S"}])
    assert refusal(dynamodb.create_table, **{**table, **change}) == ("ValidationException", message)


def test_the_write_units_are_named_first(brume):
    """As AWS has it where both are out of range."""
    dynamodb = brume.client("dynamodb", config={"parameter_validation": False})
    table = dict(TableName="never", KeySchema=key_schema("p"), AttributeDefinitions=[{"AttributeName": "p", "AttributeType": "S"}])
    faults = [f"Value '0' at 'provisionedThroughput.{units}CapacityUnits' failed to satisfy constraint: Member must have value greater than or equal to 1"
              for units in ("write", "read")]
    assert refusal(dynamodb.create_table, **table, ProvisionedThroughput={"ReadCapacityUnits": 0, "WriteCapacityUnits": 0}) == (
        "ValidationException", "2 validation errors detected: " + "; ".join(faults))


def test_tables_are_listed_in_pages(brume):
    client = brume.client("dynamodb", account="111122223333")
    names = [make_table(client, name=f"list-{i}") for i in range(5)]
    pages = list(client.get_paginator("list_tables").paginate(PaginationConfig={"PageSize": 2}))
    assert [p["TableNames"] for p in pages] == [names[:2], names[2:4], names[4:]]


def test_a_protected_table_stays(dynamodb, table):
    name = table(DeletionProtectionEnabled=True)
    assert refusal(dynamodb.delete_table, TableName=name)[0] == "ValidationException"
    dynamodb.update_table(TableName=name, DeletionProtectionEnabled=False)
    wait_active(dynamodb, name)
    dynamodb.delete_table(TableName=name)


def test_throughput_changes(dynamodb, table):
    name = table(ProvisionedThroughput=THROUGHPUT)
    same = refusal(dynamodb.update_table, TableName=name, ProvisionedThroughput=THROUGHPUT)
    assert same[0] == "ValidationException" and "will not change" in same[1]
    answer = dynamodb.update_table(TableName=name, ProvisionedThroughput={"ReadCapacityUnits": 10, "WriteCapacityUnits": 1})["TableDescription"]
    assert answer["TableStatus"] == "UPDATING" and answer["ProvisionedThroughput"]["ReadCapacityUnits"] == 5
    wait_active(dynamodb, name)
    changed = dynamodb.describe_table(TableName=name)["Table"]["ProvisionedThroughput"]
    assert (changed["ReadCapacityUnits"], changed["WriteCapacityUnits"], changed["NumberOfDecreasesToday"]) == (10, 1, 1)
    dynamodb.update_table(TableName=name, BillingMode="PAY_PER_REQUEST")
    wait_active(dynamodb, name)
    assert dynamodb.describe_table(TableName=name)["Table"]["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"


def test_tags(dynamodb, table):
    name = table(Tags=[{"Key": "team", "Value": "blue"}])
    arn = dynamodb.describe_table(TableName=name)["Table"]["TableArn"]
    dynamodb.tag_resource(ResourceArn=arn, Tags=[{"Key": "cost", "Value": "low"}])
    dynamodb.untag_resource(ResourceArn=arn, TagKeys=["team"])
    assert dynamodb.list_tags_of_resource(ResourceArn=arn)["Tags"] == [{"Key": "cost", "Value": "low"}]


def test_an_absent_table(dynamodb):
    assert refusal(dynamodb.describe_table, TableName="absent") == (
        "ResourceNotFoundException", "Requested resource not found: Table: absent not found")
    assert refusal(dynamodb.get_item, TableName="absent", Key={"p": {"S": "x"}}) == (
        "ResourceNotFoundException", "Requested resource not found")


@pytest.mark.as_root  # it takes the user with it
def test_a_reset_leaves_no_rows(start_brume):
    brume = start_brume()
    dynamodb = brume.client("dynamodb")
    name = make_table(dynamodb, "p:S g:S", GlobalSecondaryIndexes=[index("gsi", "g")],
                      StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"})
    for i in range(50):
        dynamodb.put_item(TableName=name, Item={"p": {"S": str(i)}, "g": {"S": "g"}})
    url = f"{brume.url}/_brume/reset?account=000000000000"
    request = AWSRequest("POST", url, data=b"")
    SigV4Auth(Credentials("test", "test"), "brume", "us-east-1").add_auth(request)
    with urllib.request.urlopen(urllib.request.Request(url, data=b"", headers=dict(request.headers), method="POST")) as answer:
        assert json.load(answer)["rows"] >= 3 * 50  # items, entries of the index, records of the stream
    assert dynamodb.list_tables()["TableNames"] == []
    make_table(dynamodb, name=name)
    assert dynamodb.scan(TableName=name)["Count"] == 0


def test_definitions_go_with_the_last_key_that_used_them(dynamodb):
    """UpdateTable takes definitions that no key uses, and shows none of them (as acceptance tests of Terraform's provider see it at AWS)."""
    name = make_table(dynamodb, "p:S a:S b:N", GlobalSecondaryIndexes=[index("one", "a", "b"), index("two", "a")])

    def defined():
        return {d["AttributeName"]: d["AttributeType"] for d in dynamodb.describe_table(TableName=name)["Table"]["AttributeDefinitions"]}
    dynamodb.update_table(TableName=name, GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "one"}}])
    wait_active(dynamodb, name)
    assert defined() == {"p": "S", "a": "S"}
    given = [{"AttributeName": n, "AttributeType": t} for n, t in (("p", "S"), ("a", "S"), ("b", "S"), ("unused", "S"))]
    dynamodb.update_table(TableName=name, AttributeDefinitions=given, GlobalSecondaryIndexUpdates=[{"Create": index("three", "b")}])
    assert defined() == {"p": "S", "a": "S", "b": "S"}


HELP = "Refer to the Amazon DynamoDB Developer Guide for current limits and how to request higher limits."


@pytest.mark.parametrize("shape, message", [
    ({"ProvisionedThroughput": {"ReadCapacityUnits": 40001, "WriteCapacityUnits": 1}},
     f"The requested ReadCapacityUnits, 40001, is above the per table maximum for the account in us-east-1. Per table maximum: 40000. {HELP}"),
    ({"ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}, "GlobalSecondaryIndexes": [
        dict(index("by-p", "p"), ProvisionedThroughput={"ReadCapacityUnits": 1, "WriteCapacityUnits": 45000})]},
     f"The requested WriteCapacityUnits for index by-p, 45000, is above the per index maximum for the account in us-east-1. Per index maximum: 40000. {HELP}"),
    ({"BillingMode": "PAY_PER_REQUEST", "OnDemandThroughput": {"MaxReadRequestUnits": 40001}},
     "Subscriber limit exceeded: Requested MaxReadRequestUnits for OnDemandThroughput for table exceeds TableMaxReadCapacityUnits of the account in "
     "region us-east-1"),
    ({"BillingMode": "PAY_PER_REQUEST", "WarmThroughput": {"ReadUnitsPerSecond": 12000, "WriteUnitsPerSecond": 40001}},
     "Subscriber limit exceeded: Requested WriteUnitsPerSecond for WarmThroughput for table exceeds TableMaxWriteCapacityUnits of the account in region "
     "us-east-1"),
])
def test_most_of_a_table(dynamodb, shape, message):
    assert refusal(dynamodb.create_table, TableName="never-made", KeySchema=key_schema("p"),
                   AttributeDefinitions=[{"AttributeName": "p", "AttributeType": "S"}], **shape) == ("LimitExceededException", message)


INVALID = "One or more parameter values were invalid: "


@pytest.mark.parametrize("of_index, message", [
    ({"KeySchema": [*key_schema("a", "b"), *key_schema("c")]}, INVALID + "All HASH key attributes must precede RANGE key attributes in the KeySchema"),
    ({"KeySchema": [k for n in "abcdp" for k in key_schema(n)]}, INVALID + "The KeySchema exceeds the maximum allowed number of HASH key attributes"),
    ({"KeySchema": [*key_schema("a"), *key_schema("b", "a")]}, "The KeySchema contains multiple key attributes with the same name"),
    ({"Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["x", "x"]}}, INVALID + "Duplicate element in NonKeyAttributes: x"),
    ({"OnDemandThroughput": {"MaxReadRequestUnits": 0}}, INVALID + "Requested MaxReadRequestUnits for OnDemandThroughput for index : gsi is outside of valid range"),
])
def test_what_is_no_index(dynamodb, of_index, message):
    """A definition that no key uses is found before what else is wrong with the index."""
    given = {**index("gsi", "a"), **of_index}
    names = sorted({"p"} | {k["AttributeName"] for k in given["KeySchema"]})
    table = dict(TableName="never-made", KeySchema=key_schema("p"), BillingMode="PAY_PER_REQUEST", GlobalSecondaryIndexes=[given])
    assert refusal(dynamodb.create_table, **table, AttributeDefinitions=[{"AttributeName": n, "AttributeType": "S"} for n in names]) == ("ValidationException", message)
    if "KeySchema" not in of_index:
        told = refusal(dynamodb.create_table, **table, AttributeDefinitions=[{"AttributeName": n, "AttributeType": "S"} for n in [*names, "unused"]])
        assert told[1].startswith(INVALID + "Some AttributeDefinitions are not used. AttributeDefinitions: [a, p, unused], keys used: [")


def test_a_name_that_is_none(brume):
    """Of a table that is not to be made, in the words of every constraint."""
    dynamodb = brume.client("dynamodb", config={"parameter_validation": False})
    what = "Value '{}' at 'tableName' failed to satisfy constraint: Member must "
    short, letters = "have length greater than or equal to 3", "satisfy regular expression pattern: [a-zA-Z0-9_.-]+"
    for operation, more in ((dynamodb.describe_table, {}), (dynamodb.update_table, {"DeletionProtectionEnabled": True})):
        assert refusal(operation, TableName="ab", **more)[1] == "1 validation error detected: " + what.format("ab") + short
        assert refusal(operation, TableName="", **more)[1] == "2 validation errors detected: " + what.format("") + short + "; " + what.format("") + letters


def test_an_index_of_a_provisioned_table(dynamodb):
    units = {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}
    table = dict(TableName="never-made", KeySchema=key_schema("p"), AttributeDefinitions=[{"AttributeName": "p", "AttributeType": "S"}], ProvisionedThroughput=units)
    for more, message in (({}, "ProvisionedThroughput is not specified for index: gsi"),
                          ({"ProvisionedThroughput": units, "OnDemandThroughput": {"MaxReadRequestUnits": 5}},
                           "MaxReadRequestUnits for OnDemandThroughput for index: gsi cannot be specified when table BillingMode is PROVISIONED.")):
        assert refusal(dynamodb.create_table, **table, GlobalSecondaryIndexes=[{**index("gsi", "p"), **more}]) == ("ValidationException", INVALID + message)


def test_a_table_by_its_arn(brume, dynamodb, table):
    """A name may be an ARN, of the region that is asked."""
    name = table()
    arn = dynamodb.describe_table(TableName=name)["Table"]["TableArn"]
    assert dynamodb.describe_table(TableName=arn)["Table"]["TableName"] == name
    ireland = brume.client("dynamodb", region="eu-west-1")
    wrong = ("ValidationException", f"1 validation error detected: Invalid AWS region in '{arn}'")
    for operation in (ireland.describe_table, ireland.describe_time_to_live, ireland.describe_continuous_backups, ireland.describe_contributor_insights):
        assert refusal(operation, TableName=arn) == wrong
    china = arn.replace("arn:aws:", "arn:aws-cn:")
    assert refusal(dynamodb.describe_table, TableName=china) == ("ValidationException", f"1 validation error detected: Invalid AWS partition in '{china}'")


def test_a_table_does_not_grow_beyond_its_most(dynamodb, table):
    name = table(ProvisionedThroughput={"ReadCapacityUnits": 1, "WriteCapacityUnits": 40000})
    code, message = refusal(dynamodb.update_table, TableName=name, ProvisionedThroughput={"ReadCapacityUnits": 1, "WriteCapacityUnits": 40001})
    assert code == "LimitExceededException" and message.startswith("The requested WriteCapacityUnits, 40001, is above the per table maximum")
    assert dynamodb.describe_table(TableName=name)["Table"]["ProvisionedThroughput"]["WriteCapacityUnits"] == 40000


def test_most_of_an_account(brume):
    """80,000 units of all tables and their global indexes together, in a region."""
    ddb = brume.client("dynamodb", account="210987654321", region="eu-north-1")
    of = {"attributes": "p:S g:S", "ProvisionedThroughput": {"ReadCapacityUnits": 40000, "WriteCapacityUnits": 1}}
    by_g = {**index("by-g", "g"), "ProvisionedThroughput": {"ReadCapacityUnits": 39990, "WriteCapacityUnits": 1}}
    make_table(ddb, name="large", GlobalSecondaryIndexes=[by_g], **of)
    beyond = ("This request would have caused the ReadCapacityUnits limit to be exceeded for the account in eu-north-1. Current ReadCapacityUnits reserved "
              f"by the account: 79990. Limit: 80000. Requested: {{}}. {HELP}")
    small = {"KeySchema": key_schema("p"), "AttributeDefinitions": [{"AttributeName": "p", "AttributeType": "S"}]}
    assert refusal(ddb.create_table, TableName="small", ProvisionedThroughput={"ReadCapacityUnits": 11, "WriteCapacityUnits": 1}, **small) == (
        "LimitExceededException", beyond.format(11))
    make_table(ddb, name="small", ProvisionedThroughput={"ReadCapacityUnits": 10, "WriteCapacityUnits": 1})
    code, message = refusal(ddb.update_table, TableName="small", ProvisionedThroughput={"ReadCapacityUnits": 11, "WriteCapacityUnits": 1})
    assert code == "LimitExceededException" and "by the account: 80000. Limit: 80000. Requested: 1. " in message
    make_table(ddb, name="on-demand")
    assert refusal(ddb.update_table, TableName="on-demand", BillingMode="PROVISIONED", ProvisionedThroughput={"ReadCapacityUnits": 1, "WriteCapacityUnits": 1})[1] == message
    ddb.update_table(TableName="small", ProvisionedThroughput={"ReadCapacityUnits": 10, "WriteCapacityUnits": 2})  # writes are another sum
    ddb.update_table(TableName="large", ProvisionedThroughput={"ReadCapacityUnits": 1000, "WriteCapacityUnits": 1})
    wait_active(ddb, "large")
    make_table(ddb, name="another", ProvisionedThroughput={"ReadCapacityUnits": 39000, "WriteCapacityUnits": 1})
    brume.client("dynamodb", account="210987654321", region="eu-west-3").create_table(  # another region has its own
        TableName="small", ProvisionedThroughput={"ReadCapacityUnits": 40000, "WriteCapacityUnits": 1}, **small)


@pytest.mark.parametrize("kind", ["S", "N"])
def test_an_attribute_is_defined_once(dynamodb, kind):
    definitions = [{"AttributeName": "p", "AttributeType": "S"}, {"AttributeName": "p", "AttributeType": kind}]
    assert refusal(dynamodb.create_table, TableName="never-made", KeySchema=key_schema("p"), AttributeDefinitions=definitions,
                   BillingMode="PAY_PER_REQUEST") == ("ValidationException", "Attribute Name is duplicated: p")
