"""Global tables: one table in several regions, each of them written to."""
import pytest

from services.dynamodb.test.ddb_tables import index, make_table, refusal, scale_writes, wait_active, wait_gone, wait_until


def contents(client, name):
    return {i["p"]["S"]: i["v"]["S"] for page in client.get_paginator("scan").paginate(TableName=name) for i in page["Items"]}


def test_replicas_have_what_each_writes(brume, dynamodb):
    name = make_table(dynamodb, "p:S v:S", GlobalSecondaryIndexes=[index("by-v", "v")])
    ireland, tokyo = (brume.client("dynamodb", region=r) for r in ("eu-west-1", "ap-northeast-1"))
    for i in range(300):
        dynamodb.put_item(TableName=name, Item={"p": {"S": str(i)}, "v": {"S": "old"}})
    for region, client in (("eu-west-1", ireland), ("ap-northeast-1", tokyo)):  # one a call, as AWS wants it
        dynamodb.update_table(TableName=name, ReplicaUpdates=[{"Create": {"RegionName": region}}])
        for each in (dynamodb, client):
            wait_active(each, name)
    dynamodb.put_item(TableName=name, Item={"p": {"S": "meanwhile"}, "v": {"S": "new"}})
    dynamodb.delete_item(TableName=name, Key={"p": {"S": "299"}})
    for client in (dynamodb, ireland, tokyo):
        wait_active(client, name)
    ireland.put_item(TableName=name, Item={"p": {"S": "0"}, "v": {"S": "from ireland"}})
    tokyo.update_item(TableName=name, Key={"p": {"S": "1"}}, UpdateExpression="SET v = :v", ExpressionAttributeValues={":v": {"S": "from tokyo"}})
    wanted = {str(i): "old" for i in range(2, 299)} | {"meanwhile": "new", "0": "from ireland", "1": "from tokyo"}
    for client in (dynamodb, ireland, tokyo):
        assert contents(client, name) == wanted
    found = dynamodb.query(TableName=name, IndexName="by-v", KeyConditionExpression="v = :v", ExpressionAttributeValues={":v": {"S": "from tokyo"}})
    assert found["Count"] == 1
    table = dynamodb.describe_table(TableName=name)["Table"]
    assert table["GlobalTableVersion"] == "2019.11.21"
    assert {(r["RegionName"], r["ReplicaStatus"]) for r in table["Replicas"]} == {("eu-west-1", "ACTIVE"), ("ap-northeast-1", "ACTIVE")}
    assert table["StreamSpecification"]["StreamViewType"] == "NEW_AND_OLD_IMAGES"


def test_a_replica_leaves(brume, dynamodb):
    name = make_table(dynamodb)
    ireland = brume.client("dynamodb", region="eu-west-1")
    create = {"TableName": name, "ReplicaUpdates": [{"Create": {"RegionName": "eu-west-1"}}]}
    dynamodb.update_table(**create)
    wait_active(ireland, name)
    wait_active(dynamodb, name)
    assert refusal(dynamodb.update_table, **create) == (
        "ValidationException", f"Failed to create a the new replica of table with name: ‘{name}’ because one or more replicas already existed as tables.")
    dynamodb.update_table(TableName=name, ReplicaUpdates=[{"Delete": {"RegionName": "eu-west-1"}}])
    wait_gone(ireland, name)
    wait_active(dynamodb, name)
    assert "Replicas" not in dynamodb.describe_table(TableName=name)["Table"]
    dynamodb.put_item(TableName=name, Item={"p": {"S": "x"}})


def replica_of(client, name):
    return client.describe_table(TableName=name)["Table"]["Replicas"][0]


@pytest.mark.as_root
def test_a_replica_has_its_own_key_and_class(brume, dynamodb):
    """A key of KMS is a key of its region, so each replica has one; they are changed together (API_CreateReplicationGroupMemberAction)."""
    ireland = brume.client("dynamodb", region="eu-west-1")
    keys, theirs = ([brume.client("kms", region=r).create_key()["KeyMetadata"]["Arn"] for _ in range(2)] for r in ("us-east-1", "eu-west-1"))
    name = make_table(dynamodb, SSESpecification={"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": keys[0]})

    def update(**changes):
        dynamodb.update_table(TableName=name, ReplicaUpdates=[{kind: change} for kind, all in changes.items() for change in all])
        for client in (dynamodb, ireland):
            wait_active(client, name)
    wanted = ("ValidationException", "One or more parameter values were invalid: KMSMasterKeyId must be specified for each replica.")
    assert refusal(update, Create=[{"RegionName": "eu-west-1"}]) == wanted
    assert refusal(update, Create=[{"RegionName": "eu-west-1", "KMSMasterKeyId": "alias/aws/dynamodb"}]) == (
        "ValidationException", "One or more parameter values were invalid: All replica keys must either be Customer Managed CMK or AWS Managed CMK.")
    assert refusal(update, Create=[{"RegionName": "eu-west-1", "KMSMasterKeyId": keys[0].split("/")[1]}])[1].startswith("KMS validation error for region eu-west-1: com.amazonaws.services.kms.model.NotFoundException: ")
    update(Create=[{"RegionName": "eu-west-1", "KMSMasterKeyId": theirs[0], "TableClassOverride": "STANDARD_INFREQUENT_ACCESS"}])
    told = replica_of(dynamodb, name)
    assert (told["RegionName"], told["KMSMasterKeyId"], told["ReplicaTableClassSummary"]["TableClass"]) == ("eu-west-1", theirs[0], "STANDARD_INFREQUENT_ACCESS")
    table = ireland.describe_table(TableName=name)["Table"]
    assert (table["SSEDescription"]["KMSMasterKeyArn"], table["TableClassSummary"]["TableClass"]) == (theirs[0], "STANDARD_INFREQUENT_ACCESS")
    assert "ReplicaTableClassSummary" not in replica_of(ireland, name)
    assert refusal(update, Update=[{"RegionName": "eu-west-1", "KMSMasterKeyId": theirs[1]}]) == wanted
    update(Update=[{"RegionName": r, "KMSMasterKeyId": k} for r, k in (("eu-west-1", theirs[1]), ("us-east-1", keys[1]))])
    assert (replica_of(dynamodb, name)["KMSMasterKeyId"], replica_of(ireland, name)["KMSMasterKeyId"]) == (theirs[1], keys[1])
    update(Update=[{"RegionName": "eu-west-1", "TableClassOverride": "STANDARD"}])
    assert replica_of(dynamodb, name)["ReplicaTableClassSummary"]["TableClass"] == "STANDARD"
    assert refusal(dynamodb.update_table, TableName=name, SSESpecification={"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": keys[0]})[1].startswith(
        "Invalid operation: Customer Managed CMKs on Global Table Version 2019.11.21 replicas cannot be updated through SSESpecification")
    dynamodb.put_item(TableName=name, Item={"p": {"S": "x"}, "v": {"S": "y"}})
    assert contents(ireland, name) == {"x": "y"}
    for kind in ("Update", "Delete"):
        change = {"RegionName": "us-west-2"} | ({"TableClassOverride": "STANDARD"} if kind == "Update" else {})
        assert refusal(update, **{kind: [change]}) == (
            "ValidationException", "Update global table operation failed because one or more replicas were not part of the global table. Please retry the request "
            "without these replicas: [us-west-2].")


@pytest.mark.as_root
def test_encryption_is_carried_to_replicas(brume, dynamodb):
    """By the key of DynamoDB, which is another one in each region; back again, too."""
    name = make_table(dynamodb)
    ireland = brume.client("dynamodb", region="eu-west-1")
    dynamodb.update_table(TableName=name, ReplicaUpdates=[{"Create": {"RegionName": "eu-west-1"}}])
    for client in (dynamodb, ireland):
        wait_active(client, name)
    dynamodb.update_table(TableName=name, SSESpecification={"Enabled": True, "SSEType": "KMS"})
    for client, region, other in ((dynamodb, "us-east-1", "eu-west-1"), (ireland, "eu-west-1", "us-east-1")):
        wait_active(client, name)
        told = client.describe_table(TableName=name)["Table"]
        assert told["SSEDescription"]["KMSMasterKeyArn"].startswith(f"arn:aws:kms:{region}:") and replica_of(client, name)["KMSMasterKeyId"].startswith(f"arn:aws:kms:{other}:")
    dynamodb.update_table(TableName=name, SSESpecification={"Enabled": False})
    for client in (dynamodb, ireland):
        wait_active(client, name)
        assert "SSEDescription" not in client.describe_table(TableName=name)["Table"] and "KMSMasterKeyId" not in replica_of(client, name)


def test_indexes_and_billing_are_carried_to_replicas(brume, dynamodb):
    name = make_table(dynamodb, "p:S")
    ireland = brume.client("dynamodb", region="eu-west-1")
    for i in range(20):
        dynamodb.put_item(TableName=name, Item={"p": {"S": str(i)}, "v": {"S": "x"}})
    dynamodb.update_table(TableName=name, ReplicaUpdates=[{"Create": {"RegionName": "eu-west-1"}}])
    wait_active(ireland, name)
    wait_active(dynamodb, name)
    ireland.update_table(TableName=name, AttributeDefinitions=[{"AttributeName": "v", "AttributeType": "S"}],
                         GlobalSecondaryIndexUpdates=[{"Create": index("by-v", "v")}])
    for client in (dynamodb, ireland):
        wait_active(client, name)
        assert client.query(TableName=name, IndexName="by-v", KeyConditionExpression="v = :v", ExpressionAttributeValues={":v": {"S": "x"}})["Count"] == 20
    dynamodb.update_table(TableName=name, GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "by-v"}}])
    for client in (dynamodb, ireland):
        wait_until(lambda: "GlobalSecondaryIndexes" not in client.describe_table(TableName=name)["Table"])
        wait_active(client, name)
    dynamodb.update_table(TableName=name, BillingMode="PROVISIONED", ProvisionedThroughput={"ReadCapacityUnits": 7, "WriteCapacityUnits": 3})
    for client in (dynamodb, ireland):
        wait_active(client, name)
        assert client.describe_table(TableName=name)["Table"]["ProvisionedThroughput"]["ReadCapacityUnits"] == 7


def test_what_is_nowhere(dynamodb, table):
    """A global table that nobody made, and Kinesis streams."""
    assert refusal(dynamodb.describe_global_table, GlobalTableName="absent")[0] == "GlobalTableNotFoundException"
    name, stream = table(), "arn:aws:kinesis:us-east-1:000000000000:stream/absent"
    assert dynamodb.describe_kinesis_streaming_destination(TableName=name)["KinesisDataStreamDestinations"] == []
    assert refusal(dynamodb.disable_kinesis_streaming_destination, TableName=name, StreamArn=stream) == (
        "ValidationException", "Table is not in a valid state to enable Kinesis Streaming Destination: KinesisStreamingDestination must be ACTIVE to perform "
        "DISABLE operation.")
    assert refusal(dynamodb.enable_kinesis_streaming_destination, TableName="bad-table", StreamArn=stream) == (
        "ResourceNotFoundException", "Requested resource not found: Table: bad-table not found")
    update = dynamodb.update_kinesis_streaming_destination
    assert refusal(update, TableName=name, StreamArn=stream)[1].startswith("Streaming destination cannot be updated with given parameters")
    said = refusal(update, TableName=name, StreamArn=stream, UpdateKinesisStreamingConfiguration={"ApproximateCreationDateTimePrecision": "MICROSECOND"})[1]
    assert said == ("Table is not in a valid state to enable Kinesis Streaming Destination: No streaming destination with streamArn: "
                    f"{stream} found for table with tableName: {name}")
    for _ in range(2):  # as on AWS nobody looks before the answer; a second failure of one stream is no second destination
        assert dynamodb.enable_kinesis_streaming_destination(TableName=name, StreamArn=stream)["DestinationStatus"] == "ENABLING"
    [failed] = dynamodb.describe_kinesis_streaming_destination(TableName=name)["KinesisDataStreamDestinations"]
    assert failed == {"StreamArn": stream, "DestinationStatus": "ENABLE_FAILED", "DestinationStatusDescription": "User does not have a permission to use kinesis stream"}
    belongs = "The kinesis Arn used to enable kinesis replication belongs to a stream which is not in "
    for other, why in ((stream.replace("us-east-1", "eu-west-1"), belongs + "the current region"), (stream.replace("000000000000", "111122223333"), belongs + "Active state"),
                       (stream.replace("kinesis", "firehose"), belongs + "Active state"), (stream.upper().replace("ARN:AWS:KINESIS:US-EAST-1", "arn:aws:kinesis:us-east-1"), failed["DestinationStatusDescription"])):
        dynamodb.enable_kinesis_streaming_destination(TableName=name, StreamArn=other)
        assert dynamodb.describe_kinesis_streaming_destination(TableName=name)["KinesisDataStreamDestinations"][0]["DestinationStatusDescription"] == why
    assert refusal(update, TableName=name, StreamArn=stream, UpdateKinesisStreamingConfiguration={"ApproximateCreationDateTimePrecision": "MICROSECOND"})[1] == (
        "Table is not in a valid state to enable Kinesis Streaming Destination: Kinesis streaming is not in ACTIVE state. Updates are only allowed in ACTIVE "
        f"state. TableName: {name}, kdsArn: {stream}")


def test_global_tables_of_2017_are_made_no_more(brume, dynamodb):
    """The words are those that AWS gave in October 2026, of tables of one region, of several and of none."""
    ireland = brume.client("dynamodb", region="eu-west-1")
    stream = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
    name, group = make_table(dynamodb, StreamSpecification=stream), make_table(dynamodb)
    make_table(ireland, name=name, StreamSpecification=stream)
    dynamodb.update_table(TableName=group, ReplicaUpdates=[{"Create": {"RegionName": "eu-west-1"}}])
    no_more = ("ValidationException", "One or more parameter values were invalid: DynamoDB global tables version 2017.11.29 is not supported. We recommend using "
               "DynamoDB global tables version 2019.11.21, instead of version 2017.11.29 (Legacy).")
    for each in (name, group, "nowhere"):
        absent = ("GlobalTableNotFoundException", f"Global table with name: '{each}' does not exist.")
        in_full = (absent[0], "Global table not found: " + absent[1])

        def update(*changes):
            return refusal(dynamodb.update_global_table, GlobalTableName=each, ReplicaUpdates=[*changes])
        assert refusal(dynamodb.create_global_table, GlobalTableName=each, ReplicationGroup=[{"RegionName": r} for r in ("us-east-1", "eu-west-1")]) == no_more
        assert update({"Create": {"RegionName": "us-west-2"}}) == no_more
        assert update({"Delete": {"RegionName": "eu-west-1"}}) == in_full
        assert update() == update({}) == ("ValidationException", "One or more parameter values were invalid")
        assert refusal(dynamodb.describe_global_table, GlobalTableName=each) == in_full
        assert refusal(dynamodb.describe_global_table_settings, GlobalTableName=each) == absent
        assert refusal(dynamodb.update_global_table_settings, GlobalTableName=each, GlobalTableBillingMode="PROVISIONED") == absent
    for asked in ({}, {"Limit": 1}, {"RegionName": "us-east-1"}):
        answer = dynamodb.list_global_tables(**asked)
        assert answer["GlobalTables"] == [] and "LastEvaluatedGlobalTableName" not in answer


@pytest.mark.as_root  # scaling is read and set by the rights of who asks
def test_a_replica_reads_with_its_own_units(start_brume):
    """API_UpdateReplicationGroupMemberAction: a replica's own units, of the table and of indexes; the others' changes leave them as they are."""
    brume = start_brume()
    home, ireland = (brume.client("dynamodb", region=r) for r in ("us-east-1", "eu-west-1"))
    units = {"ReadCapacityUnits": 5, "WriteCapacityUnits": 50}
    name = make_table(home, "p:S g:S", ProvisionedThroughput=units, GlobalSecondaryIndexes=[{**index("gsi", "g"), "ProvisionedThroughput": units}])
    home.put_item(TableName=name, Item={"p": {"S": "x"}, "pad": {"S": "p" * 40_000}})
    scale_writes(brume, name, "gsi")

    def update(**change):
        home.update_table(TableName=name, **change)
        for client in (home, ireland):
            wait_active(client, name)

    def provisioned(client):
        told = client.describe_table(TableName=name)["Table"]
        return [(t["ProvisionedThroughput"]["ReadCapacityUnits"], t["ProvisionedThroughput"]["WriteCapacityUnits"])
                for t in (told, told["GlobalSecondaryIndexes"][0])]

    def read(client, times):
        for _ in range(times):
            client.get_item(TableName=name, Key={"p": {"S": "x"}}, ConsistentRead=True)  # ten units
    own = {"ReadCapacityUnits": 1}
    update(ReplicaUpdates=[{"Create": {"RegionName": "eu-west-1", "ProvisionedThroughputOverride": own, "GlobalSecondaryIndexes": [
        {"IndexName": "gsi", "ProvisionedThroughputOverride": {"ReadCapacityUnits": 2}}]}}])
    assert provisioned(ireland) == [(1, 50), (2, 50)] and provisioned(home) == [(5, 50), (5, 50)]
    told = replica_of(home, name)
    assert told["ProvisionedThroughputOverride"] == own
    [told_index] = told["GlobalSecondaryIndexes"]
    assert told_index.pop("WarmThroughput")["Status"] == "ACTIVE"
    assert told_index == {"IndexName": "gsi", "ProvisionedThroughputOverride": {"ReadCapacityUnits": 2}}
    assert "ProvisionedThroughputOverride" not in replica_of(ireland, name)
    read(home, 60)
    with pytest.raises(ireland.exceptions.ProvisionedThroughputExceededException):
        read(ireland, 60)  # 300 are saved up, of one a second
    update(ProvisionedThroughput={"ReadCapacityUnits": 8, "WriteCapacityUnits": 60})
    assert provisioned(ireland)[0] == (1, 60) and provisioned(home)[0] == (8, 60)
    update(ReplicaUpdates=[{"Update": {"RegionName": "eu-west-1", "ProvisionedThroughputOverride": {"ReadCapacityUnits": 9}}}])
    assert provisioned(ireland)[0] == (9, 60)
    assert refusal(home.update_table, TableName=name, ReplicaUpdates=[{"Update": {
        "RegionName": "eu-west-1", "OnDemandThroughputOverride": {"MaxReadRequestUnits": 3}}}])[0] == "ValidationException"
    update(BillingMode="PAY_PER_REQUEST")
    assert "ProvisionedThroughputOverride" not in replica_of(home, name)
    update(ReplicaUpdates=[{"Update": {"RegionName": "eu-west-1", "OnDemandThroughputOverride": {"MaxReadRequestUnits": 3}}}])
    update(OnDemandThroughput={"MaxReadRequestUnits": 7})
    most = [c.describe_table(TableName=name)["Table"]["OnDemandThroughput"]["MaxReadRequestUnits"] for c in (home, ireland)]
    assert most == [7, 3] and replica_of(home, name)["OnDemandThroughputOverride"] == {"MaxReadRequestUnits": 3}


EAST = {"RegionName": "us-east-1"}
STRONG = {"MultiRegionConsistency": "STRONG"}


def witness(kind, region):
    return {"GlobalTableWitnessUpdates": [{kind: {"RegionName": region}}]}


def at_rest(name, *clients):
    for client in clients:
        wait_active(client, name)


SHAPES = {
    "no replica": ({**STRONG}, "At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates, SSESpecification, ReplicaUpdates, "
                   "MultiAccountReplicaReady, ReplicaTransitRoleArn, DeletionProtectionEnabled, OnDemandThroughput, WarmThroughput or TableClass is required"),
    "one replica": ({**STRONG, "ReplicaUpdates": [{"Create": EAST}]}, "Unsupported replica count for global tables with MultiRegionConsistency set to STRONG."),
    "no consistency": ({"ReplicaUpdates": [{"Create": EAST}], **witness("Create", "us-east-2")},
                       "MultiRegionConsistency must be set as STRONG when GlobalTableWitnessUpdates parameter is present."),
    "a witness leaves": ({**STRONG, "ReplicaUpdates": [{"Create": {"RegionName": r}} for r in ("us-east-1", "us-east-2")], **witness("Delete", "eu-west-1")},
                         "Only Replica Create actions are supported when MultiRegionConsistency parameter is provided."),
    "one region": ({**STRONG, "ReplicaUpdates": [{"Create": EAST}], **witness("Create", "us-east-1")}, "Cannot target multiple regions with the same action"),
    "own region": ({**STRONG, "ReplicaUpdates": [{"Create": EAST}], **witness("Create", "us-west-2")},
                   "Cannot add a witness in the same region as an existing replica when creating a global table with MultiRegionConsistency set to STRONG."),
    "which region": ({**STRONG, "ReplicaUpdates": [{"Create": EAST}], **witness("Create", "us-west-1")},
                     "Unsupported Region(s) specified for global tables with MultiRegionConsistency set to STRONG: [us-west-1]."),
    "and more": ({**STRONG, "ReplicaUpdates": [{"Create": EAST}], **witness("Create", "us-east-2"), "DeletionProtectionEnabled": True},
                 "One or more parameter values were invalid: Requests that modify replicas or witnesses must not also modify other fields"),
    "two": ({"ReplicaUpdates": [{"Create": {"RegionName": r}} for r in ("us-east-1", "us-east-2")]},
            "Update table operation with more than one create or delete replica actions not allowed"),
    "two kinds": ({"ReplicaUpdates": [{"Create": EAST, "Delete": EAST}]}, "Update table operation with more than one type of replica actions not allowed."),
    "no kind": ({"ReplicaUpdates": [{}]}, "There are no actions specified in the Replica Update Action of the request."),
    "no change": ({"ReplicaUpdates": [{"Update": EAST}]}, "There are no actions specified in the Replica Update Action of the request."),
    "itself": ({"ReplicaUpdates": [{"Create": {"RegionName": "us-west-2"}}]},
               "Cannot add or delete the local region through ReplicaUpdates. Use CreateTable, DeleteTable, or UpdateTable as required."),
    "settings": ({"GlobalTableSettingsReplicationMode": "ENABLED_WITH_OVERRIDES"},
                 "Value 'ENABLED_WITH_OVERRIDES' at 'GlobalTableSettingsReplicationMode' failed to satisfy constraint: Only ENABLED and DISABLED settings replication "
                 "are supported for a Regional Table."),
}


def test_what_is_asked_of_replicas(brume):
    """The words are those that AWS gave in October 2026."""
    west = brume.client("dynamodb", region="us-west-2")
    name = make_table(west)
    for change, message in SHAPES.values():
        assert refusal(west.update_table, TableName=name, **change) == ("ValidationException", message)
    said = refusal(west.update_table, TableName=name, ReplicaUpdates=[{"Create": {"RegionName": "us-fake-1"}}])[1]
    assert said.startswith("Region us-fake-1 is not supported. The latest version of global tables are only supported in the following regions: [")
    told = west.update_table(TableName=name, GlobalTableSettingsReplicationMode="DISABLED")["TableDescription"]
    assert (told["TableStatus"], told["GlobalTableSettingsReplicationMode"]) == ("ACTIVE", "DISABLED")


def test_a_consistency_without_replicas_changes_nothing(brume):
    """Beside another change, too, and with a witness that comes or goes; of a group that is there already neither."""
    west, east = (brume.client("dynamodb", region=r) for r in ("us-west-2", "us-east-1"))
    name = make_table(west)
    change = {"TableName": name, "OnDemandThroughput": {"MaxReadRequestUnits": 9}, **STRONG}
    for kind in ("Create", "Delete"):
        west.update_table(**change, **witness(kind, "us-east-2"))
        at_rest(name, west)
    west.update_table(TableName=name, ReplicaUpdates=[{"Create": EAST}])
    at_rest(name, west, east)
    west.update_table(**change, **witness("Create", "us-east-2"))
    at_rest(name, west, east)
    for client in (west, east):
        told = client.describe_table(TableName=name)["Table"]
        assert told["OnDemandThroughput"] == {"MaxReadRequestUnits": 9} and not {"MultiRegionConsistency", "GlobalTableWitnesses"} & set(told)


def test_a_region_that_is_named_twice_is_one(brume):
    west, east = (brume.client("dynamodb", region=r) for r in ("us-west-2", "us-east-1"))
    name = make_table(west)
    for kind in ("Create", "Delete"):
        west.update_table(TableName=name, ReplicaUpdates=2 * [{kind: EAST}])
        if kind == "Create":
            at_rest(name, west, east)
    wait_gone(east, name)
    at_rest(name, west)
    assert "Replicas" not in west.describe_table(TableName=name)["Table"]


def test_a_group_of_strong_consistency(brume):
    """It is made as a whole, with a witness that is no table, and goes as a whole."""
    west, east, ohio = (brume.client("dynamodb", region=r) for r in ("us-west-2", "us-east-1", "us-east-2"))
    name = make_table(west)
    told = west.update_table(TableName=name, **STRONG, ReplicaUpdates=[{"Create": EAST}], **witness("Create", "us-east-2"))["TableDescription"]
    assert (told["TableStatus"], told["MultiRegionConsistency"]) == ("UPDATING", "STRONG")
    at_rest(name, west, east)
    for client, other in ((west, "us-east-1"), (east, "us-west-2")):
        told = client.describe_table(TableName=name)["Table"]
        assert (told["MultiRegionConsistency"], told["GlobalTableWitnesses"]) == ("STRONG", [{"RegionName": "us-east-2", "WitnessStatus": "ACTIVE"}])
        assert told["Replicas"] == [{"RegionName": other, "ReplicaStatus": "ACTIVE", "GlobalTableSettingsReplicationMode": "ENABLED_WITH_OVERRIDES",
                                     "WarmThroughput": {"ReadUnitsPerSecond": 12000, "WriteUnitsPerSecond": 4000, "Status": "ACTIVE"}}]
    assert refusal(ohio.describe_table, TableName=name)[0] == "ResourceNotFoundException"
    west.put_item(TableName=name, Item={"p": {"S": "x"}, "v": {"S": "y"}})
    assert contents(east, name) == {"x": "y"}
    one = "Deletion of only one table replica is not supported for global tables with MultiRegionConsistency set to STRONG."
    more = [{"Create": {"RegionName": "eu-west-1"}}]
    for change, message in (({"ReplicaUpdates": more}, "Cannot add replicas to a global table with strong MultiRegionConsistency"),
                            ({"ReplicaUpdates": more, "MultiRegionConsistency": "EVENTUAL"}, "MultiRegionConsistency parameter is unsupported on existing global table"),
                            ({"ReplicaUpdates": [{"Delete": EAST}]}, "Update table delete operation does not include all witnesses."),
                            ({"ReplicaUpdates": [{"Delete": EAST}], **STRONG},
                             "Only Replica Create actions are supported when MultiRegionConsistency parameter is provided."),
                            ({"ReplicaUpdates": [{"Delete": EAST}], **witness("Delete", "eu-west-1")},
                             "Update global table operation failed because one or more witnesses were not part of the global table. Please retry the request without "
                             "these witnesses: [eu-west-1]."),
                            ({"StreamSpecification": {"StreamEnabled": False}},
                             "One or more parameter values were invalid: Disabling Stream is not allowed for a Global Table replica.")):
        assert refusal(west.update_table, TableName=name, **change) == ("ValidationException", message)
    for client in (west, east):
        assert refusal(client.delete_table, TableName=name) == ("ValidationException", one)
    west.update_table(TableName=name, ReplicaUpdates=[{"Delete": EAST}], **witness("Delete", "us-east-2"))
    at_rest(name, west)
    wait_gone(east, name)
    told = west.describe_table(TableName=name)["Table"]
    assert not {"MultiRegionConsistency", "GlobalTableWitnesses", "Replicas", "GlobalTableVersion"} & set(told)
    filled = make_table(west)
    west.put_item(TableName=filled, Item={"p": {"S": "x"}})
    both = {"ReplicaUpdates": [{"Create": {"RegionName": r}} for r in ("us-east-1", "us-east-2")]}
    assert refusal(west.update_table, TableName=filled, **STRONG, **both)[0] == "ValidationException"
    west.delete_item(TableName=filled, Key={"p": {"S": "x"}})
    west.update_table(TableName=filled, **STRONG, **both)
    at_rest(filled, west, east, ohio)
    assert refusal(west.update_table, TableName=filled, ReplicaUpdates=[{"Delete": EAST}]) == ("ValidationException", one)


def test_who_made_a_replica_stays(start_brume):
    """A day long; and a replica that is protected stays, too, whoever is asked."""
    brume = start_brume()
    west, east = (brume.client("dynamodb", region=r) for r in ("us-west-2", "us-east-1"))
    name = make_table(west, StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"})
    west.update_table(TableName=name, ReplicaUpdates=[{"Create": EAST}])
    at_rest(name, west, east)
    assert east.describe_table(TableName=name)["Table"]["StreamSpecification"]["StreamViewType"] == "KEYS_ONLY"
    source = ("ValidationException", "Replica cannot be deleted because it has acted as a source region for new replica(s) being added to the table in the last 24 hours.")
    assert refusal(west.delete_table, TableName=name) == source
    assert refusal(east.update_table, TableName=name, ReplicaUpdates=[{"Delete": {"RegionName": "us-west-2"}}]) == source
    east.update_table(TableName=name, DeletionProtectionEnabled=True)
    at_rest(name, west, east)
    protected = ("ValidationException", f"Cannot delete table {name} in region us-east-1 because it has deletion protection enabled. Disable deletion protection first.")
    assert refusal(west.update_table, TableName=name, ReplicaUpdates=[{"Delete": EAST}]) == protected
    assert refusal(east.delete_table, TableName=name) == protected
    brume.advance_clock(86_400_000)
    west.delete_table(TableName=name)
    wait_gone(west, name)
    assert "Replicas" not in east.describe_table(TableName=name)["Table"]


def test_each_region_of_a_group_has_room_for_its_units(brume):
    """Units that UpdateTable gives to all replicas are held against what the account has left in each of their regions."""
    home, ireland = (brume.client("dynamodb", account="210987654322", region=r) for r in ("eu-north-1", "eu-west-1"))
    units = lambda read: {"ReadCapacityUnits": read, "WriteCapacityUnits": 1}
    name = make_table(home)
    home.update_table(TableName=name, ReplicaUpdates=[{"Create": {"RegionName": "eu-west-1"}}])
    for client in (home, ireland):
        wait_active(client, name)
    for read in (40000, 39990):
        make_table(ireland, ProvisionedThroughput=units(read))
    code, message = refusal(home.update_table, TableName=name, BillingMode="PROVISIONED", ProvisionedThroughput=units(11))
    assert code == "LimitExceededException" and "exceeded for the account in eu-west-1. Current ReadCapacityUnits reserved by the account: 79990. Limit: 80000. Requested: 11." in message
    home.update_table(TableName=name, BillingMode="PROVISIONED", ProvisionedThroughput=units(10))
    for client in (home, ireland):
        wait_active(client, name)
        assert client.describe_table(TableName=name)["Table"]["ProvisionedThroughput"]["ReadCapacityUnits"] == 10
