"""Backups and the way back in time: what comes back is one moment, whatever is written meanwhile."""
import threading
import time

from services.dynamodb.test.ddb_tables import index, make_table, refusal, wait_active, wait_gone, wait_until


def item(p, **more):
    return {"p": {"S": p}, **{k: {"S": v} for k, v in more.items()}}


def contents(client, name):
    return {i["p"]["S"]: i.get("v", {}).get("S") for page in client.get_paginator("scan").paginate(TableName=name) for i in page["Items"]}


def wait_available(client, arn):
    wait_until(lambda: client.describe_backup(BackupArn=arn)["BackupDescription"]["BackupDetails"]["BackupStatus"] == "AVAILABLE")


def test_a_backup_is_one_moment(dynamodb, table):
    name = table("p:S v:S", GlobalSecondaryIndexes=[index("by-v", "v")])
    for start in range(0, 500, 25):
        dynamodb.batch_write_item(RequestItems={name: [{"PutRequest": {"Item": item(str(i), v="before")}} for i in range(start, start + 25)]})
    details = dynamodb.create_backup(TableName=name, BackupName="first")["BackupDetails"]
    assert details["BackupStatus"] == "CREATING" and details["BackupType"] == "USER"
    for i in range(0, 500, 7):  # while the copy is made
        dynamodb.put_item(TableName=name, Item=item(str(i), v="after"))
        dynamodb.delete_item(TableName=name, Key=item(str(i + 1)))
        dynamodb.put_item(TableName=name, Item=item(f"new{i}", v="after"))
    arn = details["BackupArn"]
    wait_available(dynamodb, arn)
    source = dynamodb.describe_backup(BackupArn=arn)["BackupDescription"]["SourceTableDetails"]
    assert (source["ItemCount"], source["TableName"]) == (500, name)
    restored = dynamodb.restore_table_from_backup(TargetTableName=name + "-back", BackupArn=arn)["TableDescription"]
    assert restored["TableStatus"] == "CREATING" and restored["RestoreSummary"]["RestoreInProgress"] is True
    wait_active(dynamodb, name + "-back")
    assert contents(dynamodb, name + "-back") == {str(i): "before" for i in range(500)}
    found = dynamodb.query(TableName=name + "-back", IndexName="by-v", Select="COUNT", KeyConditionExpression="v = :v",
                           ExpressionAttributeValues={":v": {"S": "before"}})
    assert found["Count"] == 500
    assert dynamodb.list_backups(TableName=name)["BackupSummaries"][0]["BackupArn"] == arn
    dynamodb.delete_backup(BackupArn=arn)
    assert refusal(dynamodb.describe_backup, BackupArn=arn)[0] == "BackupNotFoundException"
    assert dynamodb.list_backups(TableName=name)["BackupSummaries"] == []


def test_continuous_backups_come_by_themselves(start_brume):
    brume = start_brume()
    dynamodb = brume.client("dynamodb")
    name = make_table(dynamodb)

    def status():
        told = dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
        return told["ContinuousBackupsStatus"], told["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"]
    assert status() == ("DISABLED", "DISABLED")
    brume.advance_clock(4000)
    assert status() == ("ENABLED", "DISABLED")
    name = make_table(dynamodb)
    for on in (True, False):
        dynamodb.update_continuous_backups(TableName=name, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": on})
    assert status() == ("ENABLED", "DISABLED")


def test_a_backup_outlives_its_table(dynamodb, table):
    """Even where the table is deleted while the backup is made. A backup is found by its ARN, whatever region that names."""
    name = table()
    for start in range(0, 500, 25):
        dynamodb.batch_write_item(RequestItems={name: [{"PutRequest": {"Item": item(str(i), v="x" * 999)}} for i in range(start, start + 25)]})
    arn = dynamodb.create_backup(TableName=name, BackupName="last")["BackupDetails"]["BackupArn"]
    assert dynamodb.delete_table(TableName=name)["TableDescription"]["TableStatus"] == "DELETING"
    wait_gone(dynamodb, name)
    wait_available(dynamodb, arn)
    assert dynamodb.describe_backup(BackupArn=arn)["BackupDescription"]["SourceTableDetails"]["ItemCount"] == 500
    abroad = arn.replace("us-east-1", "eu-west-1")
    assert dynamodb.describe_backup(BackupArn=abroad)["BackupDescription"]["BackupDetails"]["BackupArn"] == abroad
    of_table = arn.split("/backup/")[0]
    assert [b["BackupArn"] for b in dynamodb.list_backups(TableName=of_table)["BackupSummaries"]] == [arn]
    assert refusal(dynamodb.list_backups, TableName=of_table.replace("us-east-1", "eu-west-1"))[0] == "ValidationException"
    dynamodb.restore_table_from_backup(TargetTableName=name, BackupArn=arn)
    wait_active(dynamodb, name)
    assert len(contents(dynamodb, name)) == 500


def test_back_to_a_moment(start_brume):
    brume = start_brume()
    dynamodb = brume.client("dynamodb")
    name = make_table(dynamodb)
    dynamodb.put_item(TableName=name, Item=item("kept", v="1"))
    dynamodb.put_item(TableName=name, Item=item("changed", v="1"))
    answer = dynamodb.update_continuous_backups(TableName=name, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True})
    recovery = answer["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
    assert recovery["PointInTimeRecoveryStatus"] == "ENABLED" and recovery["RecoveryPeriodInDays"] == 35
    brume.advance_clock(60_000)
    moment = time.time() + 60
    brume.advance_clock(60_000)
    dynamodb.put_item(TableName=name, Item=item("changed", v="2"))
    dynamodb.put_item(TableName=name, Item=item("changed", v="3"))
    dynamodb.put_item(TableName=name, Item=item("added", v="1"))
    dynamodb.delete_item(TableName=name, Key=item("kept"))
    restore = dict(SourceTableName=name, TargetTableName="back")
    dynamodb.restore_table_to_point_in_time(**restore, RestoreDateTime=moment + 1)
    dynamodb.restore_table_to_point_in_time(SourceTableName=name, TargetTableName="latest", UseLatestRestorableTime=True)
    wait_active(dynamodb, "back")
    wait_active(dynamodb, "latest")
    assert contents(dynamodb, "back") == {"kept": "1", "changed": "1"}
    assert contents(dynamodb, "latest") == {"changed": "3", "added": "1"}
    assert refusal(dynamodb.restore_table_to_point_in_time, SourceTableName=name, TargetTableName="never", RestoreDateTime=moment - 4000)[0] == (
        "InvalidRestoreTimeException")
    assert refusal(dynamodb.restore_table_to_point_in_time, **restore, UseLatestRestorableTime=True)[0] == "TableAlreadyExistsException"
    assert refusal(dynamodb.restore_table_to_point_in_time, SourceTableName="back", TargetTableName="never", UseLatestRestorableTime=True)[0] == (
        "PointInTimeRecoveryUnavailableException")


def test_a_restore_under_writes(dynamodb, brume, table):
    """A point-in-time copy of a table that eight writers change all the while holds a sum that was true."""
    name = table()
    dynamodb.update_continuous_backups(TableName=name, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True})
    for i in range(40):
        dynamodb.put_item(TableName=name, Item={"p": {"S": str(i)}, "n": {"N": "10"}})
    stop = threading.Event()

    def move(seed):
        client, i = brume.client("dynamodb"), seed
        while not stop.is_set():
            i += 1
            if i * 7 % 40 != i % 40:
                client.transact_write_items(TransactItems=[
                    {"Update": {"TableName": name, "Key": item(str(a)), "UpdateExpression": "ADD n :n", "ExpressionAttributeValues": {":n": {"N": by}}}}
                    for a, by in ((i % 40, "1"), (i * 7 % 40, "-1"))])

    threads = [threading.Thread(target=move, args=(i,)) for i in range(4)]
    for t in threads:
        t.start()
    try:
        for target in (f"{name}-{i}" for i in range(3)):
            dynamodb.restore_table_to_point_in_time(SourceTableName=name, TargetTableName=target, UseLatestRestorableTime=True)
            wait_active(dynamodb, target)
            items = dynamodb.scan(TableName=target)["Items"]
            assert sum(int(i["n"]["N"]) for i in items) == 400
    finally:
        stop.set()
        for t in threads:
            t.join()
