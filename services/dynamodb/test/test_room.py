"""How many tables, and units of them all, an account may have in a region: whichever way a table is made."""
import pytest

from services.dynamodb.test.ddb_tables import exists, make_table, refusal, scale_writes, wait_active, wait_gone, wait_until

FULL = ("LimitExceededException", "Subscriber limit exceeded: There is a limit of 2 tables per subscriber")


def units(n):
    return {"ReadCapacityUnits": n, "WriteCapacityUnits": 1}


def ways(ddb, name):
    """Of making one more table after this one."""
    backup = ddb.create_backup(TableName=name, BackupName="one")["BackupDetails"]["BackupArn"]
    wait_until(lambda: ddb.describe_backup(BackupArn=backup)["BackupDescription"]["BackupDetails"]["BackupStatus"] == "AVAILABLE")
    ddb.update_continuous_backups(TableName=name, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True})
    return {"backup": lambda **more: ddb.restore_table_from_backup(BackupArn=backup, TargetTableName="more", **more),
            "moment": lambda **more: ddb.restore_table_to_point_in_time(SourceTableName=name, TargetTableName="more", UseLatestRestorableTime=True, **more)}


def test_tables(start_brume):
    brume = start_brume()
    east, west = (brume.client("dynamodb", region=r) for r in ("us-east-1", "us-west-2"))
    for region in ("us-east-1", "us-west-2"):
        brume.admin("POST", "quota", account="000000000000", region=region, service="dynamodb", code="L-F98FE922", value=2)
    names = [make_table(client) for client in (east, east, west, west)]
    assert refusal(make_table, client=east) == FULL
    for way in ways(east, names[0]).values():
        assert refusal(way) == FULL
    replica = {"TableName": names[0], "ReplicaUpdates": [{"Create": {"RegionName": "us-west-2"}}]}
    assert refusal(east.update_table, **replica) == FULL
    assert not exists(west, names[0]) and "Replicas" not in east.describe_table(TableName=names[0])["Table"]
    west.delete_table(TableName=names[2])
    wait_gone(west, names[2])
    east.update_table(**replica)
    wait_active(west, names[0])
    brume.admin("POST", "quota", account="000000000000", region="us-east-1", service="dynamodb", code="L-F98FE922", value=3)
    make_table(east)


@pytest.mark.as_root  # a group of provisioned units scales, in another service
def test_units(start_brume):
    brume = start_brume()
    east, west = (brume.client("dynamodb", region=r) for r in ("us-east-1", "us-west-2"))
    name = make_table(east, ProvisionedThroughput=units(30_000))
    for client, most in ((east, 40_000), (west, 40_000), (west, 20_000)):
        make_table(client, ProvisionedThroughput=units(most))

    def beyond(region, reserved, requested):
        return ("LimitExceededException",
                f"This request would have caused the ReadCapacityUnits limit to be exceeded for the account in {region}. Current ReadCapacityUnits reserved by the "
                f"account: {reserved}. Limit: 80000. Requested: {requested}. Refer to the Amazon DynamoDB Developer Guide for current limits and how to request "
                "higher limits.")
    for way in ways(east, name).values():
        assert refusal(way) == beyond("us-east-1", 70_000, 30_000)
        assert refusal(way, ProvisionedThroughputOverride=units(10_001)) == beyond("us-east-1", 70_000, 10_001)
    scale_writes(brume, name)
    create = {"RegionName": "us-west-2"}
    assert refusal(east.update_table, TableName=name, ReplicaUpdates=[{"Create": create}]) == beyond("us-west-2", 60_000, 30_000)
    create["ProvisionedThroughputOverride"] = {"ReadCapacityUnits": 20_000}
    east.update_table(TableName=name, ReplicaUpdates=[{"Create": create}])
    wait_active(west, name)
