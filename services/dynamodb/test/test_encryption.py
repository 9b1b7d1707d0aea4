"""Tables under a key of KMS: the key decides, besides the table's own policy, who works with the items, and until when."""
import json
import time

import pytest
from botocore.exceptions import ClientError

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
    assert closed(ddb.get_item, TableName="sealed", Key=ITEM)
    assert closed(ddb.put_item, TableName="sealed", Item=ITEM)
    assert closed(ddb.create_backup, TableName="sealed", BackupName="another")
    assert closed(ddb.restore_table_from_backup, TargetTableName="restored", BackupArn=backup)
    shard = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"][0]["ShardId"]
    iterator = streams.get_shard_iterator(StreamArn=arn, ShardId=shard, ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
    assert closed(streams.get_records, ShardIterator=iterator)
    world.kms.enable_key(KeyId=world.key)
    assert ddb.get_item(TableName="sealed", Key=ITEM)["Item"] == ITEM
    assert "InaccessibleEncryptionDateTime" not in until_status(ddb, "sealed", "ACTIVE")["SSEDescription"]
    assert len(streams.get_records(ShardIterator=iterator)["Records"]) == 1
    world.kms.schedule_key_deletion(KeyId=world.key, PendingWindowInDays=7)
    world.advance_clock(5 * MINUTES)
    until_status(ddb, "sealed", "INACCESSIBLE_ENCRYPTION_CREDENTIALS")


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
    until_status(ddb, "sealed", "ACTIVE")
    assert world.kms.list_grants(KeyId=world.key)["Grants"] == []
    world.kms.disable_key(KeyId=world.key)
    world.advance_clock(5 * MINUTES)
    ddb.put_item(TableName="sealed", Item=ITEM)
    ddb.update_table(TableName="sealed", SSESpecification={"Enabled": False})
    assert "SSEDescription" not in until_status(ddb, "sealed", "ACTIVE")
    assert closed(ddb.create_table, TableName="absent", BillingMode="PAY_PER_REQUEST", AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
                  KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}], SSESpecification={"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": "alias/absent"})
