"""What restores refuse, in AWS's words and order, and what they bring back."""
import time

import pytest
from botocore.exceptions import ClientError
from services.dynamodb.test.ddb_tables import index, make_table, refusal, wait_active, wait_until

UNITS = {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}


def invalid(text):
    return "ValidationException", "Invalid Request: " + text


def arn_of(client, name):
    return client.describe_table(TableName=name)["Table"]["TableArn"]


@pytest.fixture
def backup(dynamodb, table):
    """Of an empty table on demand with an index of each kind."""
    name = table("p:S s:S v:S", ("p", "s"), GlobalSecondaryIndexes=[index("by-v", "v")], LocalSecondaryIndexes=[index("by-s", "p", "v")])
    arn = dynamodb.create_backup(TableName=name, BackupName="one")["BackupDetails"]["BackupArn"]
    wait_until(lambda: dynamodb.describe_backup(BackupArn=arn)["BackupDescription"]["BackupDetails"]["BackupStatus"] == "AVAILABLE")
    return name, arn


def test_the_order_of_refusals(dynamodb, table):
    """The request's shape comes first, then recovery, the moment, and last the name of the target."""
    name = table()
    off = ("PointInTimeRecoveryUnavailableException", f"Point in time recovery is not enabled for table '{name}'")
    both = invalid("Both RestoreDateTime and UseLatestRestorableTime cannot be set for point-in-time restore request. "
                   "Please specify either RestoreDateTime time or UseLatestRestorableTime")
    neither = invalid("Either one of RestoreDateTime or UseLatestRestorableTime must be specified, but not both")

    def refused(source=name, target=name, **more):
        return refusal(dynamodb.restore_table_to_point_in_time, SourceTableName=source, TargetTableName=target, **more)
    old = time.time() - 5000
    assert refused(UseLatestRestorableTime=True) == refused(RestoreDateTime=old) == off
    for _ in range(2):
        assert refused(UseLatestRestorableTime=True, RestoreDateTime=old) == both
        assert refused() == refused(UseLatestRestorableTime=False) == neither
        assert refused("missing", UseLatestRestorableTime=True) == ("TableNotFoundException", "Table not found: missing")
        dynamodb.update_continuous_backups(TableName=name, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True})
    code, text = refused(RestoreDateTime=old)
    assert code == "InvalidRestoreTimeException" and text.startswith("RestoreDateTime '") and "must be within EarliestRestorableDateTime '" in text
    assert refused(UseLatestRestorableTime=True) == ("TableAlreadyExistsException", f"Table already exists: {name}")
    assert refused(target="bad name!", UseLatestRestorableTime=True)[1].startswith("1 validation error detected: Value 'bad name!' at 'targetTableName'")


def test_one_source(dynamodb, table):
    arn = arn_of(dynamodb, table())

    def refused(**more):
        return refusal(dynamodb.restore_table_to_point_in_time, TargetTableName="never", UseLatestRestorableTime=True, **more)
    assert refused(SourceTableName="missing", SourceTableArn=arn)[1].endswith("Must provide exactly one of: sourceTableArn, sourceTableName")
    assert refused() == ("ValidationException", "The parameter 'TableName' is required but was not present in the request")
    assert refused(SourceTableArn="x" * 40)[1].endswith("sourceTableArn is not a valid ARN")
    assert refused(SourceTableArn=arn.replace("us-east-1", "us-west-2")) == invalid("sseSpecificationOverride must be provided for cross-region restores")
    assert refused(SourceTableArn=arn + "x") == ("TableNotFoundException", "Table not found")


def test_overrides_fit_the_billing_mode(dynamodb, backup):
    name, arn = backup

    def refused(**more):
        return refusal(dynamodb.restore_table_from_backup, TargetTableName=name, BackupArn=arn, **more)
    assert refused(ProvisionedThroughputOverride=UNITS) == invalid("Cannot override ProvisionedThroughput unless BillingMode is PROVISIONED")
    assert refused(ProvisionedThroughputOverride=UNITS, BillingModeOverride="PAY_PER_REQUEST") == (
        invalid("Cannot override ProvisionedThroughput if BillingMode is overridden to PAY_PER_REQUEST"))
    assert refused(BillingModeOverride="PROVISIONED") == invalid("Must override ProvisionedThroughput if BillingMode is overridden to PROVISIONED")
    assert refused(OnDemandThroughputOverride={"MaxReadRequestUnits": 0}) == (
        invalid("Requested MaxReadRequestUnits for OnDemandThroughput is outside of valid range"))
    provisioned = dict(BillingModeOverride="PROVISIONED", ProvisionedThroughputOverride=UNITS)
    assert refused(**provisioned, OnDemandThroughputOverride={"MaxReadRequestUnits": 5}) == (
        invalid("Cannot override MaxReadRequestUnits for OnDemandThroughput unless BillingModeOverride is PAY_PER_REQUEST"))
    assert refused(**provisioned, GlobalSecondaryIndexOverride=[index("by-v", "v")]) == invalid("Must specify provisioned throughput for index by-v")
    assert refused(GlobalSecondaryIndexOverride=[{**index("by-v", "v"), "ProvisionedThroughput": UNITS}]) == (
        invalid("Cannot override ProvisionedThroughput if BillingMode is overridden to PAY_PER_REQUEST for index by-v"))
    assert refused() == ("TableAlreadyExistsException", f"Table already exists: {name}")


def test_a_backup_keeps_what_requests_may_use_at_most(dynamodb, table):
    most = {"MaxReadRequestUnits": 100, "MaxWriteRequestUnits": 50}
    for options, told in (({"OnDemandThroughput": most}, most), ({}, None)):
        arn = dynamodb.create_backup(TableName=table(**options), BackupName="one")["BackupDetails"]["BackupArn"]
        source = dynamodb.describe_backup(BackupArn=arn)["BackupDescription"]["SourceTableDetails"]
        assert source.get("OnDemandThroughput") == told and source["ProvisionedThroughput"] == {"ReadCapacityUnits": 0, "WriteCapacityUnits": 0}


def test_indexes_are_those_that_were_there(dynamodb, backup):
    name, arn = backup
    absent = invalid("Index other does not match a secondary index that existed in the source table and cannot be created during the restore operation")
    for more in ({"GlobalSecondaryIndexOverride": [index("other", "s")]}, {"GlobalSecondaryIndexOverride": [index("other", "v", projection="KEYS_ONLY")]},
                 {"LocalSecondaryIndexOverride": [index("other", "p", "s")]}):
        assert refusal(dynamodb.restore_table_from_backup, TargetTableName=f"{name}-b", BackupArn=arn, **more) == absent
    dynamodb.restore_table_from_backup(TargetTableName=f"{name}-b", BackupArn=arn, GlobalSecondaryIndexOverride=[index("renamed", "v")],
                                       LocalSecondaryIndexOverride=[])
    wait_active(dynamodb, f"{name}-b")
    restored = dynamodb.describe_table(TableName=f"{name}-b")["Table"]
    assert [i["IndexName"] for i in restored["GlobalSecondaryIndexes"]] == ["renamed"]
    assert "LocalSecondaryIndexes" not in restored and "RestoreSummary" not in restored
    item = {"p": {"S": "1"}, "s": {"S": "1"}, "v": {"S": "x"}}
    dynamodb.put_item(TableName=f"{name}-b", Item=item)
    assert dynamodb.query(TableName=f"{name}-b", IndexName="renamed", KeyConditionExpression="v = :v", ExpressionAttributeValues={":v": {"S": "x"}})["Items"] == [item]


def test_one_table_at_a_time_of_a_backup(start_brume):
    dynamodb = start_brume().client("dynamodb")
    name = make_table(dynamodb)
    for start in range(0, 3000, 25):
        dynamodb.batch_write_item(RequestItems={name: [{"PutRequest": {"Item": {"p": {"S": str(i)}}}} for i in range(start, start + 25)]})
    arn = dynamodb.create_backup(TableName=name, BackupName="one")["BackupDetails"]["BackupArn"]
    wait_until(lambda: dynamodb.describe_backup(BackupArn=arn)["BackupDescription"]["BackupDetails"]["BackupStatus"] == "AVAILABLE")

    def restore(target):
        try:
            return dynamodb.restore_table_from_backup(TargetTableName=target, BackupArn=arn)["TableDescription"]["TableStatus"]
        except ClientError as error:
            return error.response["Error"]["Code"], error.response["Error"]["Message"]
    assert restore("first") == "CREATING"
    again, second = restore("first"), restore("second")  # the first may be there by now
    assert again in (("TableInUseException", f"Table: first is already being restored from backup: {arn}"),
                     ("TableAlreadyExistsException", "Table already exists: first"))
    assert second in ("CREATING", ("BackupInUseException", f"Backup is being used to restore another table: {arn}"))
    for made in ["first"] + ["second"] * (second == "CREATING"):
        wait_active(dynamodb, made)
    assert restore("third") == "CREATING"
    wait_active(dynamodb, "third")
    dynamodb.delete_backup(BackupArn=arn)


def test_what_is_kept_of_a_deleted_table(start_brume):
    """A table with point-in-time recovery leaves a backup behind that nobody asked for, for 35 days."""
    brume = start_brume()
    dynamodb = brume.client("dynamodb")
    for name, recoverable in (("kept", True), ("lost", False)):
        make_table(dynamodb, "p:S v:S", name=name, GlobalSecondaryIndexes=[index("by-v", "v")])
        dynamodb.update_continuous_backups(TableName=name, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": recoverable})
        dynamodb.put_item(TableName=name, Item={"p": {"S": "1"}, "v": {"S": "x"}})
        dynamodb.delete_table(TableName=name)
    wait_until(lambda: dynamodb.list_tables()["TableNames"] == [])
    assert dynamodb.list_backups()["BackupSummaries"] == []
    [backup] = dynamodb.list_backups(BackupType="SYSTEM")["BackupSummaries"]
    arn = backup["BackupArn"]
    assert (backup["BackupName"], backup["BackupType"], backup["BackupStatus"]) == ("kept$DeletedTableBackup", "SYSTEM", "AVAILABLE")
    assert (backup["BackupExpiryDateTime"] - backup["BackupCreationDateTime"]).days == 35 and arn.endswith("-00000000")
    code, text = refusal(dynamodb.delete_backup, BackupArn=arn)
    assert code == "ValidationException" and text.startswith(f"Invalid Request: User is not allowed to delete the system backup with arn {arn}. ")
    dynamodb.restore_table_from_backup(TargetTableName="kept", BackupArn=arn)
    wait_active(dynamodb, "kept")
    assert dynamodb.scan(TableName="kept", IndexName="by-v")["Items"] == [{"p": {"S": "1"}, "v": {"S": "x"}}]
    brume.advance_clock(35 * 24 * 3600 * 1000)
    wait_until(lambda: dynamodb.list_backups(BackupType="ALL")["BackupSummaries"] == [])
    assert refusal(dynamodb.describe_backup, BackupArn=arn) == ("BackupNotFoundException", f"Backup not found: {arn}")


def test_what_lists_of_backups_refuse(dynamodb, backup):
    name, arn = backup
    account = arn.split(":")[4]
    now = time.time()
    assert refusal(dynamodb.list_backups, TimeRangeLowerBound=now, TimeRangeUpperBound=now - 9) == (
        "ValidationException", "One or more parameter values were invalid: Time range lower bound must be less than or equal to upper bound")
    assert refusal(dynamodb.list_backups, ExclusiveStartBackupArn=arn.replace("us-east-1", "us-west-2")) == (
        invalid("The supplied ExclusiveStartBackupArn does not match the region"))
    assert dynamodb.list_backups(TableName=name, ExclusiveStartBackupArn=arn[:-8] + "ffffffff")["BackupSummaries"] == []
    assert dynamodb.list_backups(TableName="missing")["BackupSummaries"] == []
    table = f"arn:aws:dynamodb:us-east-1:{account}:table/{name}"
    assert refusal(dynamodb.describe_backup, BackupArn=table) == refusal(dynamodb.describe_backup, BackupArn="x" * 48) == ("ValidationException", "Invalid Backup ARN")
    for wrong in (arn.replace("us-east-1", "xx-fake-1"), arn.replace(":dynamodb:", ":s3:"), arn.replace("arn:aws:", "arn:aws-cn:")):
        assert refusal(dynamodb.describe_backup, BackupArn=wrong) == invalid("BackupArn is not valid")
    assert refusal(dynamodb.describe_backup, BackupArn=arn.replace(":us-east-1:", "::")) == ("AccessDeniedException", "Access is denied")
    assert refusal(dynamodb.create_backup, TableName="missing", BackupName="one") == ("TableNotFoundException", "Table not found: missing")


def test_while_it_is_restored(start_brume):
    """Only who describes or deletes a table finds it before its items are there, and nobody may delete it."""
    dynamodb = start_brume().client("dynamodb")
    name = make_table(dynamodb)
    for start in range(0, 5000, 25):
        dynamodb.batch_write_item(RequestItems={name: [{"PutRequest": {"Item": {"p": {"S": str(i)}}}} for i in range(start, start + 25)]})
    backup = dynamodb.create_backup(TableName=name, BackupName="one")["BackupDetails"]["BackupArn"]
    wait_until(lambda: dynamodb.describe_backup(BackupArn=backup)["BackupDescription"]["BackupDetails"]["BackupStatus"] == "AVAILABLE")
    hidden = "Requested resource not found: Table: {} not found"
    arn = "arn:aws:dynamodb:us-east-1:000000000000:table/{}"
    calls = {
        "list_tags_of_resource": (lambda t: dict(ResourceArn=arn.format(t)), "ResourceNotFoundException", hidden),
        "describe_time_to_live": (lambda t: dict(TableName=t), "ResourceNotFoundException", hidden),
        "update_table": (lambda t: dict(TableName=t, DeletionProtectionEnabled=True), "ResourceNotFoundException", hidden),
        "get_resource_policy": (lambda t: dict(ResourceArn=arn.format(t)), "ResourceNotFoundException", hidden),
        "describe_contributor_insights": (lambda t: dict(TableName=t), "ResourceNotFoundException", hidden),
        "describe_continuous_backups": (lambda t: dict(TableName=t), "TableNotFoundException", "Table not found: {}"),
        "delete_table": (lambda t: dict(TableName=t), "ResourceInUseException", "Attempt to change a resource which is still in use: Table is being created: {}"),
    }
    seen = 0
    for i, (call, (arguments, code, message)) in enumerate(calls.items()):
        target = f"again-{i}"
        wait_until(lambda: dynamodb.describe_backup(BackupArn=backup)["BackupDescription"]["BackupDetails"]["BackupStatus"] == "AVAILABLE")
        dynamodb.restore_table_from_backup(TargetTableName=target, BackupArn=backup)
        try:
            getattr(dynamodb, call)(**arguments(target))
            said = None
        except ClientError as error:
            said = error.response["Error"]["Code"], error.response["Error"]["Message"]
        table = dynamodb.describe_table(TableName=target)["Table"]
        if table["TableStatus"] == "CREATING":  # and was when it was asked
            assert table["RestoreSummary"]["RestoreInProgress"] is True
            assert said == (code, message.format(target)), call
            seen += 1
        if said or call != "delete_table":
            wait_active(dynamodb, target)
    assert seen > 0
