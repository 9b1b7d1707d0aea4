"""Field indexes: queries for a value of an indexed field pass over blocks of events that cannot have it."""
import json
import random
import time

import pytest

from kit import refused
from services.logs.test.log_queries import ask_all as ask, made


@pytest.fixture
def logs(brume):
    """An account of one's own: its policies are for all of its groups."""
    return brume.client("logs", account=str(random.randrange(10**11, 10**12)))


def put(logs, group, *events):
    """Each event in a put of its own, and so in a block."""
    for event in events:
        logs.put_log_events(logGroupName=group, logStreamName="s", logEvents=[{"timestamp": int(time.time() * 1000), "message": json.dumps(event)}])


def fields(*names):
    return json.dumps({"Fields": list(names)})


def test_a_policy_is_kept(logs):
    made(logs, "app")
    assert logs.describe_index_policies(logGroupIdentifiers=["app"])["indexPolicies"] == []
    document = json.dumps({"Fields": ["requestId"], "FieldsV2": {"level": {"type": "FACET"}}})
    put_ = logs.put_index_policy(logGroupIdentifier="app", policyDocument=document)["indexPolicy"]
    assert put_["source"] == "LOG_GROUP" and put_["policyDocument"] == document and put_["logGroupIdentifier"].endswith(":log-group:app")
    assert logs.describe_index_policies(logGroupIdentifiers=[put_["logGroupIdentifier"]])["indexPolicies"] == [put_]
    assert [g["logGroupName"] for g in logs.list_log_groups(fieldIndexNames=["requestId", "level"])["logGroups"]] == ["app"]
    assert logs.list_log_groups(fieldIndexNames=["other"])["logGroups"] == []
    logs.delete_index_policy(logGroupIdentifier="app")
    assert logs.describe_index_policies(logGroupIdentifiers=["app"])["indexPolicies"] == []
    refused("ResourceNotFoundException", logs.delete_index_policy, logGroupIdentifier="app")


@pytest.mark.parametrize("document", ["x", "[]", "{}", fields(), fields("a" * 101), fields(*[f"f{i}" for i in range(21)]), fields("a", "a"),
                                      json.dumps({"FieldsV2": {"a": {"type": "TREE"}}})])
def test_what_is_no_policy(logs, document):
    made(logs, "app")
    refused("InvalidParameterException", logs.put_index_policy, logGroupIdentifier="app", policyDocument=document)


def test_infrequent_access_has_none(logs):
    made(logs, "app", logGroupClass="INFREQUENT_ACCESS")
    refused("InvalidParameterException", logs.put_index_policy, logGroupIdentifier="app", policyDocument=fields("a"))


def test_blocks_are_passed_over(logs):
    made(logs, "app")
    logs.put_index_policy(logGroupIdentifier="app", policyDocument=fields("requestId", "user.id"))
    put(logs, "app", *[{"requestId": f"r{i}", "user": {"id": i + 10}} for i in range(10)])
    for query in ('filter requestId = "r7"', 'filter requestId in ["r7", "none"]', "filter user.id = 17 and ispresent(requestId)", 'filter user.id = "17"',
                  'filterIndex requestId = "r7"', 'filter "r7" = requestId | filter user.id > 1'):
        rows, statistics = ask(logs, f"fields requestId, user.id | {query}", "app")
        assert rows == [{"requestId": "r7", "user.id": "17"}], query
        # nearly all: an index says yes wrongly for one value in a hundred
        assert statistics["estimatedRecordsSkipped"] >= 5 and statistics["recordsScanned"] + statistics["estimatedRecordsSkipped"] == 10, query
        assert statistics["bytesScanned"] > 0 and statistics["estimatedBytesSkipped"] > 0
    rows, statistics = ask(logs, 'fields requestId | filter requestId = "none"', "app")
    assert rows == [] and statistics["estimatedRecordsSkipped"] >= 7


def test_what_an_index_cannot_tell_is_looked_at(logs):
    made(logs, "app")
    put(logs, "app", {"requestId": "before"})
    logs.put_index_policy(logGroupIdentifier="app", policyDocument=fields("requestId"))
    put(logs, "app", {"requestId": "after", "flag": True}, {"requestid": "after", "flag": 1})
    assert len(ask(logs, 'fields flag | filter requestId = "before"', "app")[0]) == 1  # came before the policy
    for query, n in (('requestId like /aft/', 1), ('requestId != "x"', 3), ('requestId = "after" or flag = 1', 2), ("flag = 1", 2), ('requestid = "after"', 1)):
        rows, statistics = ask(logs, f"fields flag | filter {query}", "app")
        assert statistics["estimatedRecordsSkipped"] == 0 and len(rows) == n, query


def test_filter_index_is_for_groups_that_have_it(logs):
    made(logs, "with", "without")
    logs.put_index_policy(logGroupIdentifier="with", policyDocument=fields("requestId"))
    for group in ("with", "without"):
        put(logs, group, {"requestId": "r1"})
    assert len(ask(logs, 'filter requestId = "r1"', "with", "without")[0]) == 2
    assert len(ask(logs, 'filterIndex requestId = "r1"', "with", "without")[0]) == 1
    logs.delete_index_policy(logGroupIdentifier="with")
    assert len(ask(logs, 'filterIndex requestId = "r1"', "with", "without")[0]) == 1  # what was indexed stays so


def test_fields_that_were_found(logs):
    made(logs, "app")
    logs.put_index_policy(logGroupIdentifier="app", policyDocument=json.dumps({"Fields": ["a", "never"], "FieldsV2": {"b": {"type": "FACET"}}}))
    assert logs.describe_field_indexes(logGroupIdentifiers=["app"])["fieldIndexes"] == []
    before = int(time.time() * 1000)
    put(logs, "app", {"a": 1}, {"a": 2, "b": 3})
    found = {f["fieldIndexName"]: f for f in logs.describe_field_indexes(logGroupIdentifiers=["app"])["fieldIndexes"]}
    assert set(found) == {"a", "b"} and (found["a"]["type"], found["b"]["type"]) == ("FIELD_INDEX", "FACET")
    assert before - 1000 <= found["a"]["firstEventTime"] <= found["b"]["firstEventTime"] == found["b"]["lastEventTime"] == found["a"]["lastEventTime"]
    assert found["a"]["lastScanTime"] >= before - 1000 and found["a"]["indexCategory"] == "CUSTOM"
    logs.put_index_policy(logGroupIdentifier="app", policyDocument=fields("a"))
    assert [f["fieldIndexName"] for f in logs.describe_field_indexes(logGroupIdentifiers=["app"], indexCategories=["INACTIVE"])["fieldIndexes"]] == ["b"]


def test_policies_of_the_account(logs):
    made(logs, "prod-a", "prod-own", "test-a")
    kind = {"policyType": "FIELD_INDEX_POLICY"}
    put_ = logs.put_account_policy(policyName="prod", policyDocument=fields("requestId"), selectionCriteria='LogGroupNamePrefix IN ["prod-"]', **kind)["accountPolicy"]
    assert put_["selectionCriteria"] == 'LogGroupNamePrefix IN ["prod-"]'
    for name, criteria in (("all", {}), ("narrow", {"selectionCriteria": 'LogGroupNamePrefix IN ["x", "prod-a"]'}), ("odd", {"selectionCriteria": 'LogGroupName IN ["x"]'})):
        refused("InvalidParameterException", logs.put_account_policy, policyName=name, policyDocument=fields("a"), **criteria, **kind)
    logs.put_account_policy(policyName="test", policyDocument=fields("other"), selectionCriteria='LogGroupNamePrefix IN ["test-", "dev-"]', **kind)
    assert [p["policyName"] for p in logs.describe_account_policies(**kind)["accountPolicies"]] == ["prod", "test"]
    logs.put_index_policy(logGroupIdentifier="prod-own", policyDocument=fields("own"))
    held = {g: logs.describe_index_policies(logGroupIdentifiers=[g])["indexPolicies"][0] for g in ("prod-a", "prod-own", "test-a")}
    assert [(held[g]["source"], held[g].get("policyName")) for g in held] == [("ACCOUNT", "prod"), ("LOG_GROUP", None), ("ACCOUNT", "test")]
    for group in held:
        put(logs, group, *[{"requestId": f"r{i}"} for i in range(10)])
    rows, statistics = ask(logs, 'fields requestId | filter requestId = "r3"', *held)
    assert len(rows) == 3 and 20 <= statistics["recordsScanned"] <= 25  # of one group nearly all are passed over
    logs.delete_account_policy(policyName="prod", **kind)
    assert logs.describe_index_policies(logGroupIdentifiers=["prod-a"])["indexPolicies"] == []


def test_merged_blocks_are_indexed(logs):
    made(logs, "app")
    logs.put_index_policy(logGroupIdentifier="app", policyDocument=fields("requestId"))
    put(logs, "app", *[{"requestId": f"r{i}"} for i in range(70)])  # at 64 they are joined
    for _ in range(400):
        rows, statistics = ask(logs, 'fields requestId | filter requestId = "r11"', "app")
        assert rows == [{"requestId": "r11"}]
        if statistics["recordsScanned"] >= 60:  # the joined one is read whole
            break
        time.sleep(0.05)
    assert statistics["recordsScanned"] >= 60 and statistics["recordsScanned"] + statistics["estimatedRecordsSkipped"] == 70
    rows, statistics = ask(logs, 'fields requestId | filter requestId = "r69"', "app")
    assert rows == [{"requestId": "r69"}]


def test_a_masked_group_is_read_whole(logs):
    made(logs, "app")
    names = ["arn:aws:dataprotection::aws:data-identifier/EmailAddress"]
    logs.put_data_protection_policy(logGroupIdentifier="app", policyDocument=json.dumps({"Name": "n", "Version": "2021-06-01", "Statement": [
        {"Sid": "a", "DataIdentifier": names, "Operation": {"Audit": {"FindingsDestination": {}}}},
        {"Sid": "b", "DataIdentifier": names, "Operation": {"Deidentify": {"MaskConfig": {}}}}]}))
    logs.put_index_policy(logGroupIdentifier="app", policyDocument=fields("user"))
    put(logs, "app", {"user": "ann@example.com"})
    assert len(ask(logs, 'filter user = "***************"', "app")[0]) == 1
    assert ask(logs, 'filter user = "ann@example.com"', "app")[0] == []
    assert len(ask(logs, 'fields unmask(user) | filter user = "ann@example.com"', "app")[0]) == 1
