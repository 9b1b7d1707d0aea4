"""UpdateTable: what goes together, and how often; the words are those that AWS gave in October 2026."""
import http.client
import json
import socket
import urllib.parse

import pytest

from services.dynamodb.test.ddb_tables import index, make_table, refusal, signed, wait_active

INVALID = "One or more parameter values were invalid: "
G = [{"AttributeName": "g", "AttributeType": "S"}]
MINUTE, DAY = 60_000, 86_400_000


def units(read, write):
    return {"ReadCapacityUnits": read, "WriteCapacityUnits": write}


def read_units(client, name):
    return client.describe_table(TableName=name)["Table"]["ProvisionedThroughput"]["ReadCapacityUnits"]


def update(client, name, **change):
    client.update_table(TableName=name, **change)
    wait_active(client, name)


def global_index(name, **more):
    return {**index(name, "g"), **more}


def on_index(name, **change):
    return [{"Update": {"IndexName": name, **change}}]


@pytest.fixture
def indexed(table):
    return table("p:S g:S", GlobalSecondaryIndexes=[index("gsi", "g")])


def test_a_table_with_an_index_becomes_provisioned(dynamodb, indexed):
    change = {"BillingMode": "PROVISIONED", "ProvisionedThroughput": units(3, 2)}
    assert refusal(dynamodb.update_table, TableName=indexed, **change) == (
        "ValidationException", INVALID + "ProvisionedThroughput must be specified for index: gsi")
    update(dynamodb, indexed, **change, GlobalSecondaryIndexUpdates=on_index("gsi", ProvisionedThroughput=units(2, 1)))
    told = dynamodb.describe_table(TableName=indexed)["Table"]
    assert told["BillingModeSummary"]["BillingMode"] == "PROVISIONED"
    assert [(t["ProvisionedThroughput"]["ReadCapacityUnits"], t["ProvisionedThroughput"]["WriteCapacityUnits"])
            for t in (told, told["GlobalSecondaryIndexes"][0])] == [(3, 2), (2, 1)]
    assert (told["WarmThroughput"]["ReadUnitsPerSecond"], told["WarmThroughput"]["WriteUnitsPerSecond"]) == (12000, 4000)  # it stays warm
    update(dynamodb, indexed, BillingMode="PAY_PER_REQUEST")
    assert read_units(dynamodb, indexed) == 0


TOGETHER = {
    "nothing": ({}, "At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates, SSESpecification, "
                "ReplicaUpdates, MultiAccountReplicaReady, ReplicaTransitRoleArn, MultiRegionConsistency, DeletionProtectionEnabled, "
                "OnDemandThroughput, WarmThroughput or TableClass is required"),
    "encryption": ({"SSESpecification": {"Enabled": True}, "DeletionProtectionEnabled": True},
                   INVALID + "Server-Side Encryption modification must be the only operation in the request"),
    "class": ({"TableClass": "STANDARD", "BillingMode": "PAY_PER_REQUEST"}, INVALID + "TableClass modification must be the only operation in the request"),
    "protection": ({"DeletionProtectionEnabled": True, "BillingMode": "PAY_PER_REQUEST"},
                   INVALID + "DeletionProtection modification must be the only operation in the request"),
    "replicas": ({"ReplicaUpdates": [{"Create": {"RegionName": "eu-west-1"}}], "BillingMode": "PAY_PER_REQUEST"},
                 INVALID + "Replica modification must be the only operation in the request"),
    "replicas before all": ({"ReplicaUpdates": [{"Create": {"RegionName": "eu-west-1"}}], "DeletionProtectionEnabled": True, "TableClass": "STANDARD"},
                            INVALID + "Replica modification must be the only operation in the request"),
    "no index": ({"GlobalSecondaryIndexUpdates": [], "BillingMode": "PAY_PER_REQUEST"}, INVALID + "List of GlobalSecondaryIndexUpdates is empty"),
    "most of an index": ({"GlobalSecondaryIndexUpdates": on_index("gsi", OnDemandThroughput={"MaxReadRequestUnits": 0})},
                         INVALID + "Requested MaxReadRequestUnits for OnDemandThroughput for index : gsi is outside of valid range"),
    "warm": ({"WarmThroughput": {"ReadUnitsPerSecond": 13000}, "BillingMode": "PAY_PER_REQUEST"},
             INVALID + "WarmThroughput must be the only operation in the request"),
    "on demand": ({"OnDemandThroughput": {"MaxReadRequestUnits": 5}, "StreamSpecification": {"StreamEnabled": False}},
                  INVALID + "OnDemandThroughput can only be combined with BillingMode in an UpdateTable request"),
    "units and stream": ({"ProvisionedThroughput": units(2, 2), "StreamSpecification": {"StreamEnabled": False}},
                         INVALID + "You cannot modify stream status while updating table IOPS"),
    "units and index": ({"ProvisionedThroughput": units(2, 2), "GlobalSecondaryIndexUpdates": [{"Delete": {"IndexName": "gsi"}}]},
                        INVALID + "You cannot create or delete index while updating table IOPS"),
    "stream and index": ({"StreamSpecification": {"StreamEnabled": False}, "GlobalSecondaryIndexUpdates": [{"Delete": {"IndexName": "gsi"}}]},
                         INVALID + "You cannot create or delete index while changing stream status"),
    "view type": ({"StreamSpecification": {"StreamEnabled": True}}, INVALID + "If stream is being enabled then UpdateViewType is required"),
    "no stream": ({"StreamSpecification": {"StreamEnabled": False}}, "Table has no stream to disable: TableName: {}"),
    "already there": ({"AttributeDefinitions": G, "GlobalSecondaryIndexUpdates": [{"Create": index("gsi", "g")}]},
                      "Attempting to create an index which already exists"),
    "no definitions": ({"GlobalSecondaryIndexUpdates": [{"Create": index("new", "g")}]}, INVALID + "AttributeDefinitions is not specified for index: new"),
    "index units": ({"GlobalSecondaryIndexUpdates": on_index("gsi", ProvisionedThroughput=units(1, 1))},
                    INVALID + "The only Updates for index: gsi when TableThroughputMode is PAY_PER_REQUEST can be to OnDemandThroughput, WarmThroughput"),
    "new index units": ({"AttributeDefinitions": G, "GlobalSecondaryIndexUpdates": [{"Create": {**index("new", "g"), "ProvisionedThroughput": units(1, 1)}}]},
                        INVALID + "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified for index: new when BillingMode is PAY_PER_REQUEST"),
    "class": ({"TableClass": "LUXURY"}, "Invalid table-class parameter provided. Please try again with a valid table-class value: [STANDARD, "
                                        "STANDARD_INFREQUENT_ACCESS]."),
    "index without": ({"GlobalSecondaryIndexUpdates": on_index("gsi")},
                      INVALID + "The only Updates for index: gsi when TableThroughputMode is PAY_PER_REQUEST can be to OnDemandThroughput, WarmThroughput"),
    "cold": ({"WarmThroughput": {"ReadUnitsPerSecond": 100}},
             INVALID + "Requested ReadUnitsPerSecond for WarmThroughput for table is lower than current WarmThroughput, decreasing WarmThroughput is "
             "not supported"),
    "default key": ({"SSESpecification": {"Enabled": False}}, INVALID + "Table is already encrypted by default"),
    "key without type": ({"SSESpecification": {"Enabled": True, "KMSMasterKeyId": "alias/a"}},
                         INVALID + "SSEType KMS is required if KMSMasterKeyId is specified"),
}


@pytest.mark.parametrize("change, message", TOGETHER.values(), ids=TOGETHER)
def test_what_does_not_go(dynamodb, indexed, change, message):
    assert refusal(dynamodb.update_table, TableName=indexed, **change) == ("ValidationException", message.format(indexed))


def test_the_answer_tells_what_was_until_it_is_done(dynamodb, table):
    """Of units, warmth, class and key the answer has the old ones; of the way to pay the new one, but not yet since when."""
    name = table("p:S g:S", ProvisionedThroughput=units(1, 1), GlobalSecondaryIndexes=[{**index("gsi", "g"), "ProvisionedThroughput": units(1, 1)}])

    def change(**asked):
        told = dynamodb.update_table(TableName=name, **asked)["TableDescription"]
        wait_active(dynamodb, name)
        return told, dynamodb.describe_table(TableName=name)["Table"]
    warm = lambda read, status="ACTIVE": {"ReadUnitsPerSecond": read, "WriteUnitsPerSecond": 1, "Status": status}
    told, then = change(WarmThroughput={"ReadUnitsPerSecond": 50})
    assert (told["TableStatus"], told["WarmThroughput"], then["WarmThroughput"]) == ("ACTIVE", warm(1, "UPDATING"), warm(50))
    told, then = change(GlobalSecondaryIndexUpdates=on_index("gsi", WarmThroughput={"ReadUnitsPerSecond": 70}))
    (told,), (then,) = told["GlobalSecondaryIndexes"], then["GlobalSecondaryIndexes"]
    assert (told["IndexStatus"], told["WarmThroughput"], then["WarmThroughput"]) == ("ACTIVE", warm(1, "UPDATING"), warm(70))
    told, then = change(TableClass="STANDARD_INFREQUENT_ACCESS")
    assert told["TableStatus"] == "UPDATING" and "TableClassSummary" not in told and then["TableClassSummary"]["TableClass"] == "STANDARD_INFREQUENT_ACCESS"
    first = then["TableClassSummary"]
    told, then = change(TableClass="STANDARD")
    assert told["TableClassSummary"] == first and then["TableClassSummary"]["TableClass"] == "STANDARD"
    assert then["TableClassSummary"]["LastUpdateDateTime"] > first["LastUpdateDateTime"]
    told, then = change(SSESpecification={"Enabled": True})
    assert told["SSEDescription"] == {"Status": "UPDATING"} and then["SSEDescription"]["Status"] == "ENABLED"
    key = {"SSEType": "KMS", "KMSMasterKeyArn": then["SSEDescription"]["KMSMasterKeyArn"]}
    told, then = change(SSESpecification={"Enabled": True})  # by no ARN it is a change
    assert told["SSEDescription"] == {"Status": "UPDATING", **key} and then["SSEDescription"] == {"Status": "ENABLED", **key}
    told, then = change(SSESpecification={"Enabled": False})
    assert told["SSEDescription"] == {"Status": "UPDATING", **key} and "SSEDescription" not in then
    told, then = change(BillingMode="PAY_PER_REQUEST", OnDemandThroughput={"MaxReadRequestUnits": 9})
    assert told["BillingModeSummary"] == {"BillingMode": "PAY_PER_REQUEST"} and told["WarmThroughput"]["ReadUnitsPerSecond"] == 50
    assert told["ProvisionedThroughput"].pop("LastDecreaseDateTime") and told["ProvisionedThroughput"] == then["ProvisionedThroughput"]
    assert set(then["BillingModeSummary"]) == {"BillingMode", "LastUpdateToPayPerRequestDateTime"} and then["WarmThroughput"]["ReadUnitsPerSecond"] == 12000
    since = then["BillingModeSummary"]["LastUpdateToPayPerRequestDateTime"]
    told, then = change(BillingMode="PROVISIONED", ProvisionedThroughput=units(5, 5), GlobalSecondaryIndexUpdates=on_index("gsi", ProvisionedThroughput=units(6, 6)))
    of = {"NumberOfDecreasesToday": 0, "ReadCapacityUnits": 5, "WriteCapacityUnits": 5}
    assert told["ProvisionedThroughput"] == then["ProvisionedThroughput"] == of and "OnDemandThroughput" not in then
    assert then["BillingModeSummary"] == {"BillingMode": "PROVISIONED", "LastUpdateToPayPerRequestDateTime": since}
    assert told["GlobalSecondaryIndexes"][0]["ProvisionedThroughput"]["ReadCapacityUnits"] == 6
    told, then = change(ProvisionedThroughput=units(4, 4))
    assert told["ProvisionedThroughput"]["ReadCapacityUnits"] == 5 and then["ProvisionedThroughput"]["ReadCapacityUnits"] == 4


def test_units_of_an_index_that_do_not_go(dynamodb, table):
    name = table("p:S g:S", ProvisionedThroughput=units(1, 1), GlobalSecondaryIndexes=[{**index("gsi", "g"), "ProvisionedThroughput": units(2, 2)}])
    cases = [(on_index("gsi", OnDemandThroughput={"MaxReadRequestUnits": 9}),
              INVALID + "MaxReadRequestUnits for OnDemandThroughput for index : gsi cannot be specified when the table BillingMode is PROVISIONED"),
             ([{"Create": index("new", "g")}], INVALID + "Both ReadCapacityUnits and WriteCapacityUnits must be specified for index: new"),
             (on_index("gsi", ProvisionedThroughput=units(2, 2)),
              "The provisioned throughput for the index gsi will not change. The requested value equals the current value. Current ReadCapacityUnits "
              "provisioned for index gsi: 2. Requested ReadCapacityUnits: 2. Current WriteCapacityUnits provisioned for index gsi: 2. Requested "
              "WriteCapacityUnits: 2. Refer to the Amazon DynamoDB Developer Guide for current limits and how to request higher limits.")]
    for change, message in cases:
        assert refusal(dynamodb.update_table, TableName=name, AttributeDefinitions=G, GlobalSecondaryIndexUpdates=change) == ("ValidationException", message)


def test_an_index_that_is_not_there(dynamodb, indexed):
    assert refusal(dynamodb.update_table, TableName=indexed, GlobalSecondaryIndexUpdates=on_index("no-such", OnDemandThroughput={"MaxReadRequestUnits": 1})) == (
        "ResourceNotFoundException", f"Requested resource not found: Index no-such for table {indexed}")


def test_most_on_demand(dynamodb, table):
    name = table(OnDemandThroughput={"MaxReadRequestUnits": 7, "MaxWriteRequestUnits": 8})
    update(dynamodb, name, OnDemandThroughput={"MaxReadRequestUnits": -1})
    assert dynamodb.describe_table(TableName=name)["Table"]["OnDemandThroughput"] == {"MaxWriteRequestUnits": 8}
    change = {"BillingMode": "PROVISIONED", "ProvisionedThroughput": units(1, 1)}
    update(dynamodb, name, **change)
    assert refusal(dynamodb.update_table, TableName=name, OnDemandThroughput={"MaxReadRequestUnits": 7}) == (
        "ValidationException", INVALID + "MaxReadRequestUnits for OnDemandThroughput cannot be specified when the table BillingMode is PROVISIONED")


def test_what_is_bought_takes_the_place_of_the_most(dynamodb, indexed):
    """The change of the mode tells the new units at once, and no maximum is left, of the table or of its index."""
    most = {"OnDemandThroughput": {"MaxReadRequestUnits": 7}}
    update(dynamodb, indexed, **most)
    update(dynamodb, indexed, GlobalSecondaryIndexUpdates=on_index("gsi", **most))
    bought = {"ProvisionedThroughput": units(5, 6)}
    told = dynamodb.update_table(TableName=indexed, BillingMode="PROVISIONED", **bought, GlobalSecondaryIndexUpdates=on_index("gsi", **bought))["TableDescription"]
    wait_active(dynamodb, indexed)
    for table in (told, dynamodb.describe_table(TableName=indexed)["Table"]):
        for described in (table, table["GlobalSecondaryIndexes"][0]):
            assert "OnDemandThroughput" not in described
            assert units(5, 6).items() <= described["ProvisionedThroughput"].items()
    assert refusal(dynamodb.update_table, TableName=indexed, GlobalSecondaryIndexUpdates=on_index("gsi", **bought, **most)) == (
        "ValidationException", INVALID + "MaxReadRequestUnits for OnDemandThroughput for index : gsi cannot be specified when the table BillingMode is PROVISIONED")


def test_what_leaves_a_table_active(dynamodb, indexed):
    """Only some changes take the table; of an index that comes the answer says that it is not being filled yet."""
    for change in ({"OnDemandThroughput": {"MaxReadRequestUnits": 9}}, {"WarmThroughput": {"ReadUnitsPerSecond": 13000}}, {"SSESpecification": {"Enabled": True}},
                   {"GlobalSecondaryIndexUpdates": on_index("gsi", OnDemandThroughput={"MaxReadRequestUnits": 5})}):
        assert dynamodb.update_table(TableName=indexed, **change)["TableDescription"]["TableStatus"] == "ACTIVE"
        wait_active(dynamodb, indexed)
    told = dynamodb.update_table(TableName=indexed, OnDemandThroughput={"MaxReadRequestUnits": -1})["TableDescription"]
    assert told["OnDemandThroughput"] == {"MaxReadRequestUnits": -1} and "OnDemandThroughput" not in dynamodb.describe_table(TableName=indexed)["Table"]
    told = dynamodb.update_table(TableName=indexed, SSESpecification={"Enabled": False})["TableDescription"]
    assert told["SSEDescription"]["Status"] == "UPDATING"
    wait_active(dynamodb, indexed)
    assert "SSEDescription" not in dynamodb.describe_table(TableName=indexed)["Table"]
    told = dynamodb.update_table(TableName=indexed, AttributeDefinitions=G, GlobalSecondaryIndexUpdates=[{"Create": index("new", "g")}])["TableDescription"]
    [made] = [i for i in told["GlobalSecondaryIndexes"] if i["IndexName"] == "new"]
    assert (told["TableStatus"], made["IndexStatus"], made["Backfilling"]) == ("UPDATING", "CREATING", False)


def test_one_index_too_many(dynamodb, table):
    name = table("p:S g:S", GlobalSecondaryIndexes=[index(f"index-{i}", "g") for i in range(20)])
    assert refusal(dynamodb.update_table, TableName=name, AttributeDefinitions=G, GlobalSecondaryIndexUpdates=[{"Create": index("more", "g")}]) == (
        "LimitExceededException", "Subscriber limit exceeded: Number of global secondary indexes exceeds per-table limit of 20")


def test_protection_changes_while_the_table_does(dynamodb, table):
    name = table(ProvisionedThroughput=units(1, 1))
    dynamodb.update_table(TableName=name, DeletionProtectionEnabled=True)  # and it is active all the time
    assert dynamodb.describe_table(TableName=name)["Table"]["TableStatus"] == "ACTIVE"


def test_decreases_of_a_day(start_brume):
    """Four, and one an hour after the last; a table and its index each by itself, and again from midnight of UTC."""
    brume = start_brume()
    dynamodb = brume.client("dynamodb")
    name = make_table(dynamodb, "p:S g:S", ProvisionedThroughput=units(20, 20),
                      GlobalSecondaryIndexes=[global_index("gsi", ProvisionedThroughput=units(20, 20))])
    now = dynamodb.describe_table(TableName=name)["Table"]["CreationDateTime"]
    brume.advance_clock(DAY + MINUTE - int(now.timestamp() * 1000) % DAY)  # a minute after midnight
    for i in range(4):  # dated in the answer, counted when it is done
        told = dynamodb.update_table(TableName=name, ProvisionedThroughput=units(19 - i, 20))["TableDescription"]["ProvisionedThroughput"]
        assert (told["NumberOfDecreasesToday"], "LastDecreaseDateTime" in told) == (i, True)
        wait_active(dynamodb, name)
        assert dynamodb.describe_table(TableName=name)["Table"]["ProvisionedThroughput"]["NumberOfDecreasesToday"] == i + 1
    code, message = refusal(dynamodb.update_table, TableName=name, ProvisionedThroughput=units(1, 20))
    assert code == "LimitExceededException"
    assert message.startswith("Subscriber limit exceeded: Provisioned throughput decreases are limited within a given UTC day. After the first 4 "
                              "decreases, each subsequent decrease in the same UTC day can be performed at most once every 3600 seconds. "
                              "Number of decreases today: 4. Last decrease at ")
    assert " at 12:01:" in message and message.endswith(" AM Coordinated Universal Time")
    update(dynamodb, name, GlobalSecondaryIndexUpdates=on_index("gsi", ProvisionedThroughput=units(10, 10)))
    assert "for the index gsi will not change" in refusal(
        dynamodb.update_table, TableName=name, GlobalSecondaryIndexUpdates=on_index("gsi", ProvisionedThroughput=units(10, 10)))[1]
    brume.advance_clock(60 * MINUTE)
    update(dynamodb, name, ProvisionedThroughput=units(10, 20))
    assert refusal(dynamodb.update_table, TableName=name, ProvisionedThroughput=units(1, 20))[0] == "LimitExceededException"
    brume.advance_clock(DAY)
    update(dynamodb, name, ProvisionedThroughput=units(1, 20))
    told = dynamodb.describe_table(TableName=name)["Table"]
    assert told["ProvisionedThroughput"]["NumberOfDecreasesToday"] == 1
    assert told["WarmThroughput"]["ReadUnitsPerSecond"] == 20  # what was provisioned once stays warm
    brume.advance_clock(22 * 60 * MINUTE + 30 * MINUTE)  # half past eleven in the evening: midnight comes before the hour is over
    for i in range(3):
        update(dynamodb, name, ProvisionedThroughput=units(1, 19 - i))
    code, message = refusal(dynamodb.update_table, TableName=name, ProvisionedThroughput=units(1, 1))
    assert code == "LimitExceededException" and message.endswith(" at 12:00:00 AM Coordinated Universal Time")
    brume.advance_clock(30 * MINUTE)
    update(dynamodb, name, ProvisionedThroughput=units(1, 1))


def test_a_switch_to_on_demand_lowers_indexes_alone(dynamodb, table):
    """AWS counts it as a decrease of each global index, and as none of the table."""
    name = table("p:S g:S", ProvisionedThroughput=units(5, 5), GlobalSecondaryIndexes=[global_index("gsi", ProvisionedThroughput=units(5, 5))])
    assert refusal(dynamodb.update_table, TableName=name, BillingMode="PAY_PER_REQUEST", ProvisionedThroughput=units(1, 1)) == (
        "ValidationException", INVALID + "ProvisionedThroughput cannot be specified when BillingMode is PAY_PER_REQUEST")
    update(dynamodb, name, BillingMode="PAY_PER_REQUEST")
    told = dynamodb.describe_table(TableName=name)["Table"]
    assert [t["ProvisionedThroughput"]["NumberOfDecreasesToday"] for t in (told, told["GlobalSecondaryIndexes"][0])] == [0, 1]
    assert refusal(dynamodb.update_table, TableName=name, ProvisionedThroughput=units(1, 1)) == (
        "ValidationException", INVALID + "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST")


def two_at_once(brume, first, second):
    """The answers to two UpdateTables that are sent together over one connection."""
    requests = [signed(brume.url, json.dumps(body), "UpdateTable") for body in (first, second)]
    where = urllib.parse.urlsplit(brume.url)
    answers = []
    with socket.create_connection((where.hostname, where.port)) as connection, connection.makefile("rb") as stream:
        connection.sendall(b"".join(
            b"POST / HTTP/1.1\r\n" + b"".join(f"{k}: {v}\r\n".encode() for k, v in {**dict(r.header_items()), "Host": where.netloc, "Content-Length": len(r.data)}.items())
            + b"\r\n" + r.data for r in requests))
        for _ in requests:
            status = int(stream.readline().split()[1])
            length = int(http.client.parse_headers(stream)["Content-Length"])
            answers.append((status, json.loads(stream.read(length))))
    return answers


def test_a_switch_is_not_taken_back(brume, dynamodb, table):
    """On demand again while the table becomes provisioned: AWS answers as if it were to be, and the table becomes provisioned."""
    for _ in range(200):
        name = table()
        (first, _), (second, told) = two_at_once(
            brume, {"TableName": name, "BillingMode": "PROVISIONED", "ProvisionedThroughput": units(1, 1)}, {"TableName": name, "BillingMode": "PAY_PER_REQUEST"})
        assert (first, second) == (200, 200), told
        told = told["TableDescription"]
        assert (told["TableStatus"], told["BillingModeSummary"]["BillingMode"], told["ProvisionedThroughput"]["ReadCapacityUnits"]) == ("UPDATING", "PAY_PER_REQUEST", 0)
        wait_active(dynamodb, name)
        if read_units(dynamodb, name) == 1:  # otherwise the first was done already
            return
    raise AssertionError("the second was never the faster one")


def test_classes_of_a_month(start_brume):
    brume = start_brume()
    dynamodb = brume.client("dynamodb")
    name = make_table(dynamodb)
    for kind in ("STANDARD", "STANDARD_INFREQUENT_ACCESS", "STANDARD_INFREQUENT_ACCESS", "STANDARD"):  # two changes
        update(dynamodb, name, TableClass=kind)
    assert refusal(dynamodb.update_table, TableName=name, TableClass="STANDARD") == (
        "LimitExceededException", "Subscriber limit exceeded: Updates to TableClass are limited to 2 times in 30 day(s).")
    brume.advance_clock(30 * DAY)
    update(dynamodb, name, TableClass="STANDARD_INFREQUENT_ACCESS")


def test_encryptions_of_a_day(start_brume):
    brume = start_brume()
    dynamodb = brume.client("dynamodb")
    name = make_table(dynamodb)
    for on in (True, False, True, False):
        update(dynamodb, name, SSESpecification={"Enabled": on})
    code, message = refusal(dynamodb.update_table, TableName=name, SSESpecification={"Enabled": True})
    assert code == "LimitExceededException" and "After the first 4 change, each subsequent change in the same window can be performed at most " \
        "once every 21600 seconds. Number of updates today: 4. Last change at 20" in message
    brume.advance_clock(6 * 60 * MINUTE)
    update(dynamodb, name, SSESpecification={"Enabled": True})
    assert refusal(dynamodb.update_table, TableName=name, SSESpecification={"Enabled": False})[0] == "LimitExceededException"
    brume.advance_clock(18 * 60 * MINUTE)
    update(dynamodb, name, SSESpecification={"Enabled": False})


def test_a_table_is_active_while_it_fills_an_index(dynamodb):
    """First there is no room for the index yet, and the table is UPDATING; then it is filled, and only other indexes have to wait."""
    name = make_table(dynamodb)
    for start in range(0, 8000, 25):
        dynamodb.batch_write_item(RequestItems={name: [{"PutRequest": {"Item": {"p": {"S": str(i)}, "g": {"S": "x"}}}} for i in range(start, start + 25)]})
    create = {"AttributeDefinitions": [{"AttributeName": "g", "AttributeType": "S"}], "GlobalSecondaryIndexUpdates": [{"Create": index("late", "g")}]}
    refused, seen = 0, set()

    def state(table):
        late = next((i for i in table.get("GlobalSecondaryIndexes", []) if i["IndexName"] == "late"), {})
        return table["TableStatus"], late.get("IndexStatus"), late.get("Backfilling")
    filling = ("ACTIVE", "CREATING", True)
    assert state(dynamodb.update_table(TableName=name, **create)["TableDescription"]) == ("UPDATING", "CREATING", False)
    while (now := state(dynamodb.describe_table(TableName=name)["Table"])) != ("ACTIVE", "ACTIVE", None):
        seen.add(now)
        if now != filling or refused:
            continue
        others = {"GlobalSecondaryIndexUpdates": [{"Create": index("other", "p")}], "AttributeDefinitions": [{"AttributeName": "p", "AttributeType": "S"}]}
        said = refusal(dynamodb.update_table, TableName=name, **others), refusal(dynamodb.delete_table, TableName=name)
        assert said == (("LimitExceededException", "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table"),
                        ("ResourceInUseException", "Attempt to change a resource which is still in use: Cannot delete table while indexes are being created, updated, or deleted."))
        dynamodb.update_table(TableName=name, DeletionProtectionEnabled=False)
        dynamodb.update_table(TableName=name, StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"})
        refused += 1
    assert refused and seen <= {("UPDATING", "CREATING", False), ("UPDATING", "CREATING", True), filling}
    found = dynamodb.query(TableName=name, IndexName="late", Select="COUNT", KeyConditionExpression="g = :g", ExpressionAttributeValues={":g": {"S": "x"}})
    assert found["Count"] == 8000
