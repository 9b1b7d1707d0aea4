"""Tables under a key of KMS: the key decides, besides the table's own policy, who works with the items, and until when."""
import json
import time

import pytest
from botocore.exceptions import ClientError

from services.dynamodb.test.ddb_tables import wait_active, wait_until

pytestmark = pytest.mark.as_root  # the rights in KMS are what these tests are about
MINUTES = 60 * 1000
ITEM = {"id": {"S": "a"}}


def refused(call, **options):
    with pytest.raises(ClientError) as error:
        call(**options)
    return error.value.response["Error"]


def closed(call, **options):
    error = refused(call, **options)
    assert error["Code"] == "AccessDeniedException" and error["Message"].startswith("KMS key access denied error: ")
    return True


def shut(kind, call, **options):
    """Refused with KMS's own words about the key inside of DynamoDB's."""
    error = refused(call, **options)
    what, kms = {"disabled": ("key disabled", "DisabledException"), "pending": ("validation", "KMSInvalidStateException"),
                 "absent": ("validation", "NotFoundException")}[kind]
    assert error["Code"] == "ValidationException"
    assert error["Message"].startswith(f"KMS {what} error: com.amazonaws.services.kms.model.{kms}: ") and f"Error Code: {kms}; " in error["Message"]
    return True


def user(server, name, *actions):
    iam = server.client("iam")
    iam.create_user(UserName=name)
    iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": "*"}]}))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return server.client("dynamodb", account=key["AccessKeyId"], secret=key["SecretAccessKey"])


def make(ddb, name, **more):
    ddb.create_table(TableName=name, BillingMode="PAY_PER_REQUEST", AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
                     KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}], **more)
    ddb.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 0.05})


def until_status(ddb, name, status):
    deadline = time.monotonic() + 20
    while True:
        table = ddb.describe_table(TableName=name)["Table"]
        if table["TableStatus"] == status:
            return table
        assert time.monotonic() < deadline, table["TableStatus"]
        time.sleep(0.05)


@pytest.fixture
def world(start_brume):
    server = start_brume()
    server.ddb, server.kms = server.client("dynamodb"), server.client("kms")
    server.key = server.kms.create_key()["KeyMetadata"]["Arn"]
    make(server.ddb, "sealed", SSESpecification={"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": server.key.split("/")[1]},
         StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"})
    return server


def test_who_works_with_items_needs_the_key(world):
    world.ddb.put_item(TableName="sealed", Item=ITEM)
    without = user(world, "without", "dynamodb:*")
    assert closed(without.put_item, TableName="sealed", Item=ITEM)
    assert closed(without.get_item, TableName="sealed", Key=ITEM)
    assert closed(without.scan, TableName="sealed")
    assert closed(without.transact_get_items, TransactItems=[{"Get": {"TableName": "sealed", "Key": ITEM}}])
    assert closed(without.execute_statement, Statement="SELECT * FROM sealed")
    assert closed(without.create_backup, TableName="sealed", BackupName="backup")
    assert closed(without.update_table, TableName="sealed", SSESpecification={"Enabled": False})
    make(without, "open")
    without.put_item(TableName="open", Item=ITEM)
    by_the_key = user(world, "holder", "dynamodb:*", "kms:Decrypt")
    assert by_the_key.get_item(TableName="sealed", Key=ITEM)["Item"] == ITEM


def test_the_key_is_used_as_documented(world):
    table = world.ddb.describe_table(TableName="sealed")["Table"]
    assert table["SSEDescription"] == {"Status": "ENABLED", "SSEType": "KMS", "KMSMasterKeyArn": world.key}
    context = {"aws:dynamodb:tableName": "sealed", "aws:dynamodb:subscriberId": world.key.split(":")[4]}
    for _ in range(3):
        world.ddb.put_item(TableName="sealed", Item=ITEM)
    trail = world.client("cloudtrail")

    def recorded(name):
        found = trail.lookup_events(LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": name}])["Events"]
        return [json.loads(e["CloudTrailEvent"]) for e in found]
    assert [e["requestParameters"]["encryptionContext"] for e in recorded("GenerateDataKey")] == [context]
    assert [e["requestParameters"]["encryptionContext"] for e in recorded("Decrypt")] == [context]  # once in five minutes
    [grant] = world.kms.list_grants(KeyId=world.key)["Grants"]
    assert grant["Constraints"] == {"EncryptionContextSubset": context}
    world.ddb.delete_table(TableName="sealed")
    deadline = time.monotonic() + 20
    while world.kms.list_grants(KeyId=world.key)["Grants"]:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_disabled_key_closes_the_table(world):
    ddb, streams = world.ddb, world.client("dynamodbstreams")
    ddb.put_item(TableName="sealed", Item=ITEM)
    backup = ddb.create_backup(TableName="sealed", BackupName="backup")["BackupDetails"]["BackupArn"]
    arn = ddb.describe_table(TableName="sealed")["Table"]["LatestStreamArn"]
    world.kms.disable_key(KeyId=world.key)
    ddb.get_item(TableName="sealed", Key=ITEM)  # within five minutes
    world.advance_clock(5 * MINUTES)
    table = until_status(ddb, "sealed", "INACCESSIBLE_ENCRYPTION_CREDENTIALS")
    assert "InaccessibleEncryptionDateTime" in table["SSEDescription"]
    assert shut("disabled", ddb.get_item, TableName="sealed", Key=ITEM)
    assert shut("disabled", ddb.put_item, TableName="sealed", Item=ITEM)
    assert shut("disabled", ddb.create_backup, TableName="sealed", BackupName="another")
    assert shut("disabled", ddb.restore_table_from_backup, TargetTableName="restored", BackupArn=backup)
    shard = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"][0]["ShardId"]
    iterator = streams.get_shard_iterator(StreamArn=arn, ShardId=shard, ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
    assert shut("disabled", streams.get_records, ShardIterator=iterator)
    world.kms.enable_key(KeyId=world.key)
    assert ddb.get_item(TableName="sealed", Key=ITEM)["Item"] == ITEM
    assert "InaccessibleEncryptionDateTime" not in until_status(ddb, "sealed", "ACTIVE")["SSEDescription"]
    assert len(streams.get_records(ShardIterator=iterator)["Records"]) == 1
    world.kms.schedule_key_deletion(KeyId=world.key, PendingWindowInDays=7)
    world.advance_clock(5 * MINUTES)
    until_status(ddb, "sealed", "INACCESSIBLE_ENCRYPTION_CREDENTIALS")


def test_whatever_takes_the_key_away_is_noticed(world):
    """A policy that denies it to DynamoDB, a grant that is revoked: five minutes later, without anybody asking for an item."""
    policy = world.kms.get_key_policy(KeyId=world.key)["Policy"]
    denial = {"Effect": "Deny", "Principal": {"Service": "dynamodb.amazonaws.com"}, "Action": "kms:Decrypt", "Resource": "*"}
    denying = json.loads(policy)
    denying["Statement"].append(denial)
    world.kms.put_key_policy(KeyId=world.key, Policy=json.dumps(denying))
    assert world.ddb.describe_table(TableName="sealed")["Table"]["TableStatus"] == "ACTIVE"
    world.advance_clock(5 * MINUTES)
    until_status(world.ddb, "sealed", "INACCESSIBLE_ENCRYPTION_CREDENTIALS")
    world.kms.put_key_policy(KeyId=world.key, Policy=policy)
    world.advance_clock(5 * MINUTES)
    until_status(world.ddb, "sealed", "ACTIVE")
    [grant] = world.kms.list_grants(KeyId=world.key)["Grants"]
    world.kms.revoke_grant(KeyId=world.key, GrantId=grant["GrantId"])
    world.advance_clock(5 * MINUTES)
    until_status(world.ddb, "sealed", "INACCESSIBLE_ENCRYPTION_CREDENTIALS")


def test_a_key_that_nobody_changes_is_left_alone(world):
    """DynamoDB looks at a key when keys, grants or policies have changed, not from time to time: each look is in CloudTrail."""
    def looks():
        pages = world.client("cloudtrail").get_paginator("lookup_events").paginate(LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "Decrypt"}])
        events = [json.loads(e["CloudTrailEvent"]) for page in pages for e in page["Events"]]
        return sum(e["userIdentity"].get("invokedBy") == "dynamodb.amazonaws.com" for e in events)
    world.advance_clock(5 * MINUTES)
    wait_until(lambda: looks() == 1)  # the table's own grant was a change
    world.advance_clock(24 * 60 * MINUTES)
    assert looks() == 1
    world.kms.disable_key(KeyId=world.key)
    world.advance_clock(5 * MINUTES)
    until_status(world.ddb, "sealed", "INACCESSIBLE_ENCRYPTION_CREDENTIALS")
    assert looks() == 2


def test_awss_own_key_serves_everybody_of_the_account(world):
    plain = user(world, "plain", "dynamodb:*")
    make(plain, "managed", SSESpecification={"Enabled": True})
    plain.put_item(TableName="managed", Item=ITEM)
    assert plain.get_item(TableName="managed", Key=ITEM)["Item"] == ITEM
    own = world.kms.describe_key(KeyId="alias/aws/dynamodb")["KeyMetadata"]
    assert plain.describe_table(TableName="managed")["Table"]["SSEDescription"]["KMSMasterKeyArn"] == own["Arn"]


def test_keys_are_changed(world):
    ddb = world.ddb
    again = refused(ddb.update_table, TableName="sealed", SSESpecification={"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": world.key})
    assert again["Message"] == ("One or more parameter values were invalid: Table is already encrypted with given KMSMasterKeyId. "
                                "Use KMSMasterKeyId parameter if you want to change Master Key")
    other = world.kms.create_key()["KeyMetadata"]["Arn"]
    ddb.update_table(TableName="sealed", SSESpecification={"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": other})
    wait_active(ddb, "sealed")
    assert world.kms.list_grants(KeyId=world.key)["Grants"] == []
    world.kms.disable_key(KeyId=world.key)
    world.advance_clock(5 * MINUTES)
    ddb.put_item(TableName="sealed", Item=ITEM)
    ddb.update_table(TableName="sealed", SSESpecification={"Enabled": False})
    wait_active(ddb, "sealed")
    assert "SSEDescription" not in until_status(ddb, "sealed", "ACTIVE")
    assert shut("absent", ddb.create_table, TableName="absent", BillingMode="PAY_PER_REQUEST", AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
                  KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}], SSESpecification={"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": "alias/absent"})


def test_keys_that_seal_no_table(world):
    """Each trouble with a key in the words that AWS has for it; no table is left behind."""
    kms, arn = world.kms, world.key

    def make_with(key):
        return dict(TableName="none", BillingMode="PAY_PER_REQUEST", AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
                    KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}], SSESpecification={"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": key})
    disabled, pending = (kms.create_key()["KeyMetadata"]["Arn"] for _ in range(2))
    kms.disable_key(KeyId=disabled)
    kms.schedule_key_deletion(KeyId=pending)
    assert shut("disabled", world.ddb.create_table, **make_with(disabled))
    assert shut("pending", world.ddb.create_table, **make_with(pending))
    assert shut("absent", world.ddb.create_table, **make_with(arn.replace("us-east-1", "us-west-2")))
    other = kms.create_key(KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")["KeyMetadata"]["Arn"]
    error = refused(world.ddb.create_table, **make_with(other))
    assert error["Code"] == "InternalServerError" and error["Message"].startswith(
        "KMS internal error: com.amazonaws.services.kms.model.AWSKMSException: EncryptionContext is supported only when creating a grant for a symmetric")
    assert world.ddb.list_tables()["TableNames"] == ["sealed"]


def test_a_table_without_its_key_is_archived(world):
    """After seven days its items are a backup, which needs the key as well; the table is a name that can be deleted."""
    ddb = world.ddb
    ddb.put_item(TableName="sealed", Item=ITEM)
    world.kms.disable_key(KeyId=world.key)
    world.advance_clock(5 * MINUTES)
    until_status(ddb, "sealed", "INACCESSIBLE_ENCRYPTION_CREDENTIALS")
    world.advance_clock(7 * 24 * 60 * MINUTES)
    table = until_status(ddb, "sealed", "ARCHIVED")
    summary = table["ArchivalSummary"]
    assert summary["ArchivalReason"] == "INACCESSIBLE_ENCRYPTION_CREDENTIALS" and table["ItemCount"] == 0
    backup = summary["ArchivalBackupArn"]
    assert [b["BackupArn"] for b in ddb.list_backups(TableName="sealed")["BackupSummaries"]] == [backup]
    assert ddb.describe_backup(BackupArn=backup)["BackupDescription"]["SourceTableDetails"]["ItemCount"] == 1
    assert shut("disabled", ddb.restore_table_from_backup, TargetTableName="back", BackupArn=backup)
    world.kms.enable_key(KeyId=world.key)
    assert refused(ddb.get_item, TableName="sealed", Key=ITEM)["Code"] == "ResourceNotFoundException"
    ddb.delete_table(TableName="sealed")
    ddb.get_waiter("table_not_exists").wait(TableName="sealed", WaiterConfig={"Delay": 0.05})
    ddb.restore_table_from_backup(TargetTableName="sealed", BackupArn=backup)
    until_status(ddb, "sealed", "ACTIVE")
    assert ddb.get_item(TableName="sealed", Key=ITEM)["Item"] == ITEM


def test_an_archived_replica_is_told_as_one(world):
    """The key of one region is lost: its replica is archived, the others go on."""
    ireland, keys = world.client("dynamodb", region="eu-west-1"), world.client("kms", region="eu-west-1")
    theirs = keys.create_key()["KeyMetadata"]["Arn"]
    world.ddb.update_table(TableName="sealed", ReplicaUpdates=[{"Create": {"RegionName": "eu-west-1", "KMSMasterKeyId": theirs}}])
    for ddb in (world.ddb, ireland):
        until_status(ddb, "sealed", "ACTIVE")
    keys.disable_key(KeyId=theirs)
    world.advance_clock(5 * MINUTES)
    until_status(ireland, "sealed", "INACCESSIBLE_ENCRYPTION_CREDENTIALS")
    since = ireland.describe_table(TableName="sealed")["Table"]["SSEDescription"]["InaccessibleEncryptionDateTime"]
    (replica,) = world.ddb.describe_table(TableName="sealed")["Table"]["Replicas"]
    assert (replica["ReplicaStatus"], replica["ReplicaInaccessibleDateTime"]) == ("INACCESSIBLE_ENCRYPTION_CREDENTIALS", since)
    scaling = world.ddb.describe_table_replica_auto_scaling(TableName="sealed")["TableAutoScalingDescription"]
    assert {r["RegionName"]: r["ReplicaStatus"] for r in scaling["Replicas"]} == {"us-east-1": "ACTIVE", "eu-west-1": "INACCESSIBLE_ENCRYPTION_CREDENTIALS"}
    assert ireland.describe_table_replica_auto_scaling(TableName="sealed")["TableAutoScalingDescription"]["TableStatus"] == "INACCESSIBLE_ENCRYPTION_CREDENTIALS"
    world.advance_clock(7 * 24 * 60 * MINUTES)
    until_status(ireland, "sealed", "ARCHIVED")
    world.ddb.put_item(TableName="sealed", Item=ITEM)
    table = world.ddb.describe_table(TableName="sealed")["Table"]
    assert [(r["RegionName"], r["ReplicaStatus"]) for r in table["Replicas"]] == [("eu-west-1", "ARCHIVED")]
