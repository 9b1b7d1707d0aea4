"""Transformers: events become JSON as they come; queries, metrics and indexes see that, reading sees the original."""
import json
import random
import time

import pytest

from kit import refused, until
from services.logs.test.log_queries import ask_all, made

PARSE = {"parseJSON": {}}
ACCESS = [{"grok": {"match": "%{IP:client.ip} %{WORD:method} %{NOTSPACE:path} %{NUMBER:status}"}}, {"typeConverter": {"entries": [{"key": "status", "type": "integer"}]}},
          {"addKeys": {"entries": [{"key": "env", "value": "prod"}]}}]


@pytest.fixture
def account():
    return str(random.randrange(10**11, 10**12))


@pytest.fixture
def logs(brume, account):
    """An account of one's own: its policies are for all of its groups."""
    return brume.client("logs", account=account)


def put(logs, group, *messages):
    """Each in a put of its own, and so in a block."""
    for message in messages:
        logs.put_log_events(logGroupName=group, logStreamName="s", logEvents=[{"timestamp": int(time.time() * 1000), "message": message}])


def ask(logs, query, *groups):
    return ask_all(logs, query, *groups)[0]


def test_a_transformer_is_kept(logs):
    made(logs, "app")
    refused("ResourceNotFoundException", logs.get_transformer, logGroupIdentifier="app")
    refused("ResourceNotFoundException", logs.delete_transformer, logGroupIdentifier="app")
    refused("ResourceNotFoundException", logs.put_transformer, logGroupIdentifier="none", transformerConfig=ACCESS)
    logs.put_transformer(logGroupIdentifier="app", transformerConfig=[PARSE])
    first = logs.get_transformer(logGroupIdentifier="app")
    assert first["transformerConfig"] == [PARSE] and first["creationTime"] == first["lastModifiedTime"]
    config = ACCESS + [{"dateTimeConverter": {"source": "at", "target": "at", "matchPatterns": ["yyyy-MM-dd HH:mm:ss"], "sourceTimezone": "UTC", "locale": "en"}},
                       {"listToMap": {"source": "list", "key": "k", "flatten": True, "flattenedElement": "last"}}]
    logs.put_transformer(logGroupIdentifier="app", transformerConfig=config)
    second = logs.get_transformer(logGroupIdentifier="app")
    assert second["transformerConfig"] == config
    assert second["creationTime"] == first["creationTime"] <= second["lastModifiedTime"]
    logs.delete_transformer(logGroupIdentifier="app")
    refused("ResourceNotFoundException", logs.get_transformer, logGroupIdentifier="app")


def test_what_stood_when_goes_with_its_group(start_brume):
    """However often it was changed: a slice at a time."""
    brume = start_brume()
    logs = brume.client("logs")
    made(logs, "app")
    put(logs, "app", "{}")  # an event keeps all changes after it
    for i in range(1100):  # more than one function may write
        logs.put_transformer(logGroupIdentifier="app", transformerConfig=[PARSE, {"deleteKeys": {"withKeys": [f"key{i}"]}}])

    def rows_written():
        return brume.admin("GET", "status")["store"]["entries"]
    before = rows_written()
    logs.delete_log_group(logGroupName="app")
    until(lambda: rows_written() - before > 1100)


def test_what_no_event_needs_is_forgotten(start_brume):
    """With the last event that a change may be for its row goes, when the group looks for what has expired."""
    brume = start_brume()
    logs = brume.client("logs")
    made(logs, "app")
    put(logs, "app", "{}")
    for i in range(400):
        logs.put_transformer(logGroupIdentifier="app", transformerConfig=[PARSE, {"deleteKeys": {"withKeys": [f"key{i}"]}}])

    def rows_written():
        return brume.admin("GET", "status")["store"]["entries"]
    logs.put_retention_policy(logGroupName="app", retentionInDays=1)
    brume.advance_clock(60_000)
    before = rows_written()
    brume.advance_clock(2 * 86_400_000)
    until(lambda: rows_written() - before > 400)
    assert logs.get_transformer(logGroupIdentifier="app")["transformerConfig"][1] == {"deleteKeys": {"withKeys": ["key399"]}}


@pytest.mark.parametrize("config", [
    [{"addKeys": {"entries": [{"key": "a", "value": "b"}]}}, PARSE],
    [PARSE, {"parseVPC": {}}],
    [PARSE] * 6,
    [{"grok": {"match": "%{WORD:a}"}}, {"grok": {"match": "%{WORD:b}", "source": "a"}}],
    [{"grok": {"match": "%{NOSUCH:a}"}}],
    [{}],
    [PARSE, {"substituteString": {"entries": [{"source": "a", "from": "(", "to": "b"}]}}],
    [PARSE, {"deleteKeys": {"withKeys": ["a.b.c.d"]}}],
    [PARSE, {"typeConverter": {"entries": [{"key": "a", "type": "date"}]}}],
    [PARSE, {"dateTimeConverter": {"source": "a", "target": "b", "matchPatterns": ["yyyy"], "locale": "en", "targetTimezone": "Mars"}}],
])
def test_what_is_no_transformer(logs, config):
    made(logs, "app")
    refused("InvalidParameterException", logs.put_transformer, logGroupIdentifier="app", transformerConfig=config)
    refused("InvalidParameterException", logs.test_transformer, transformerConfig=config, logEventMessages=["x"])
    refused("InvalidParameterException", logs.put_account_policy, policyName="p", policyType="TRANSFORMER_POLICY", policyDocument=json.dumps(config))


def test_infrequent_access_has_none(logs):
    made(logs, "app", logGroupClass="INFREQUENT_ACCESS")
    refused("InvalidParameterException", logs.put_transformer, logGroupIdentifier="app", transformerConfig=ACCESS)


def test_a_transformer_is_tried(logs):
    tried = logs.test_transformer(transformerConfig=ACCESS, logEventMessages=["192.0.2.1 GET /a 200", "something else"])["transformedLogs"]
    assert [t["eventNumber"] for t in tried] == [1, 2] and [t["eventMessage"] for t in tried] == ["192.0.2.1 GET /a 200", "something else"]
    assert json.loads(tried[0]["transformedEventMessage"]) == {"client": {"ip": "192.0.2.1"}, "method": "GET", "path": "/a", "status": 200, "env": "prod"}
    assert "transformedEventMessage" not in tried[1]


def test_dates_of_zones(logs):
    config = [PARSE, {"dateTimeConverter": {"source": "t", "target": "t", "locale": "de", "matchPatterns": ["EEEE dd. MMMM yyyy HH:mm:ss"], "sourceTimezone": "Europe/Berlin",
                                            "targetTimezone": "America/New_York", "targetFormat": "yyyy-MM-dd'T'HH:mm:ssXXX"}}]
    tried = logs.test_transformer(transformerConfig=config, logEventMessages=[json.dumps({"t": "Samstag 05. Dezember 1998 11:00:00"})])["transformedLogs"]
    assert json.loads(tried[0]["transformedEventMessage"]) == {"t": "1998-12-05T05:00:00-05:00"}


def test_queries_see_what_was_made_and_reading_the_original(logs):
    made(logs, "app")
    put(logs, "app", "192.0.2.1 GET /before 200")
    logs.put_transformer(logGroupIdentifier="app", transformerConfig=ACCESS)
    put(logs, "app", "192.0.2.2 GET /while 200", "192.0.2.3 PUT /while 500", "out of order")
    logs.delete_transformer(logGroupIdentifier="app")
    put(logs, "app", "192.0.2.4 GET /after 200")
    assert ask(logs, 'fields client.ip, @message | filter env = "prod" | sort status', "app") == [
        {"client.ip": "192.0.2.2", "@message": "192.0.2.2 GET /while 200"}, {"client.ip": "192.0.2.3", "@message": "192.0.2.3 PUT /while 500"}]
    assert ask(logs, "stats count(*) as n by status | sort status desc | filter ispresent(status)", "app") == [{"status": "500", "n": "1"}, {"status": "200", "n": "1"}]
    failed = ask(logs, "fields @message, @transformationError | filter ispresent(@transformationError)", "app")
    assert failed == [{"@message": "out of order", "@transformationError": "grok: the text does not match."}]
    originals = ["192.0.2.1 GET /before 200", "192.0.2.2 GET /while 200", "192.0.2.3 PUT /while 500", "out of order", "192.0.2.4 GET /after 200"]
    assert [e["message"] for e in logs.filter_log_events(logGroupName="app")["events"]] == originals
    assert [e["message"] for e in logs.get_log_events(logGroupName="app", logStreamName="s", startFromHead=True)["events"]] == originals
    assert logs.filter_log_events(logGroupName="app", filterPattern="prod")["events"] == []


def test_fields_of_a_record_and_of_a_group(logs):
    made(logs, "app")
    logs.put_transformer(logGroupIdentifier="app", transformerConfig=ACCESS)
    put(logs, "app", "192.0.2.2 GET /a 200")
    now = int(time.time())
    started = logs.start_query(logGroupNames=["app"], startTime=now - 3600, endTime=now + 60, queryString="fields @ptr")["queryId"]
    for _ in range(1200):
        answer = logs.get_query_results(queryId=started)
        if answer["status"] == "Complete":
            break
        time.sleep(0.05)
    pointer = next(f["value"] for f in answer["results"][0] if f["field"] == "@ptr")
    record = logs.get_log_record(logRecordPointer=pointer)["logRecord"]
    assert record["@message"] == "192.0.2.2 GET /a 200" and (record["client.ip"], record["status"], record["env"]) == ("192.0.2.2", "200", "prod")
    assert {"client.ip", "status", "env"} <= {f["name"] for f in logs.get_log_group_fields(logGroupName="app", time=int(time.time()))["logGroupFields"]}


def test_metadata_is_copied(logs, account):
    made(logs, "app")
    logs.put_transformer(logGroupIdentifier="app", transformerConfig=[PARSE, {"copyValue": {"entries": [
        {"source": "@logGroupName", "target": "meta.group"}, {"source": "@logGroupStream", "target": "meta.stream"}, {"source": "@accountId", "target": "meta.account"},
        {"source": "@regionName", "target": "meta.region"}]}}])
    put(logs, "app", "{}")
    assert ask(logs, "fields meta.group, meta.stream, meta.account, meta.region", "app") == [
        {"meta.group": "app", "meta.stream": "s", "meta.account": account, "meta.region": logs.meta.region_name}]


def total(cloudwatch, space, metric, **more):
    now = time.time()
    points = cloudwatch.get_metric_statistics(Namespace=space, MetricName=metric, StartTime=now - 7200, EndTime=now + 7200, Period=3600, Statistics=["Sum"], **more)["Datapoints"]
    return sum(p["Sum"] for p in points)


def test_metric_filters_on_what_was_made(brume, logs, account):
    made(logs, "app")
    logs.put_transformer(logGroupIdentifier="app", transformerConfig=ACCESS)
    pattern = '{ $.env = "prod" && $.status >= 200 }'
    for name, transformed in (("Made", True), ("Original", False)):
        logs.put_metric_filter(logGroupName="app", filterName=name, filterPattern=pattern, applyOnTransformedLogs=transformed,
                               metricTransformations=[{"metricName": name, "metricNamespace": "Own", "metricValue": "$.status"}])
    assert {f["filterName"]: f["applyOnTransformedLogs"] for f in logs.describe_metric_filters(logGroupName="app")["metricFilters"]} == {"Made": True, "Original": False}
    put(logs, "app", "192.0.2.2 GET /a 200", "192.0.2.2 GET /a 404", "none")
    assert total(brume.client("cloudwatch", account=account), "Own", "Made") == 604
    assert total(brume.client("cloudwatch", account=account), "Own", "Original") == 0


@pytest.mark.as_root  # of a server of its own, whose clock is put forward: a minute's counts are a metric when it is over
def test_transformations_are_counted(start_brume):
    brume = start_brume()
    logs = brume.client("logs")
    made(logs, "app")
    logs.put_transformer(logGroupIdentifier="app", transformerConfig=ACCESS)
    put(logs, "app", "192.0.2.2 GET /a 200", "192.0.2.2 GET /a 404", "none")
    brume.advance_clock(180000)
    counted = {m: total(brume.client("cloudwatch"), "AWS/Logs", m, Dimensions=[{"Name": "LogGroupName", "Value": "app"}])
               for m in ("TransformationErrors", "TransformedLogEvents", "TransformedBytes")}
    assert (counted["TransformationErrors"], counted["TransformedLogEvents"]) == (1, 2) and counted["TransformedBytes"] > 100


def test_indexes_over_what_was_made(logs):
    made(logs, "app")
    logs.put_transformer(logGroupIdentifier="app", transformerConfig=ACCESS)
    logs.put_index_policy(logGroupIdentifier="app", policyDocument=json.dumps({"Fields": ["client.ip", "env"]}))
    put(logs, "app", *[f"192.0.2.{i} GET /a 200" for i in range(70)])  # at 64 they are joined, and indexed anew
    for _ in range(400):
        rows, statistics = ask_all(logs, 'fields status | filter client.ip = "192.0.2.7" and env = "prod"', "app")
        assert rows == [{"status": "200"}]
        if statistics["recordsScanned"] >= 60:  # the joined one is read whole
            break
        time.sleep(0.05)
    assert statistics["recordsScanned"] >= 60
    rows, statistics = ask_all(logs, 'filter client.ip = "198.51.100.1"', "app")
    assert rows == [] and statistics["recordsScanned"] < 70
    assert {f["fieldIndexName"] for f in logs.describe_field_indexes(logGroupIdentifiers=["app"])["fieldIndexes"]} == {"client.ip", "env"}


def test_policies_of_the_account(logs):
    made(logs, "prod-a", "prod-own", "test-a")
    kind = {"policyType": "TRANSFORMER_POLICY"}
    add = lambda value: [PARSE, {"addKeys": {"entries": [{"key": "by", "value": value}]}}]
    document = json.dumps(add("account"))
    put_ = logs.put_account_policy(policyName="prod", policyDocument=document, selectionCriteria='LogGroupNamePrefix IN ["prod-"]', **kind)["accountPolicy"]
    assert put_["policyDocument"] == document and put_["selectionCriteria"] == 'LogGroupNamePrefix IN ["prod-"]'
    for criteria in ({}, {"selectionCriteria": 'LogGroupNamePrefix IN ["prod-a"]'}):
        refused("InvalidParameterException", logs.put_account_policy, policyName="other", policyDocument=document, **criteria, **kind)
    for document in ("x", "{}", "[]", json.dumps([{"parseJSON": {"destination": "d" * 129}}]), json.dumps([{"grok": {}}])):
        refused("InvalidParameterException", logs.put_account_policy, policyName="prod", policyDocument=document, **kind)
    logs.put_transformer(logGroupIdentifier="prod-own", transformerConfig=add("group"))
    refused("ResourceNotFoundException", logs.get_transformer, logGroupIdentifier="prod-a")  # it is not the group's
    for group in ("prod-a", "prod-own", "test-a"):
        put(logs, group, '{"n": 1}')
    logs.put_account_policy(policyName="prod", policyDocument=json.dumps(add("anew")), selectionCriteria='LogGroupNamePrefix IN ["prod-", "x"]', **kind)
    logs.delete_transformer(logGroupIdentifier="prod-own")
    for group in ("prod-a", "prod-own"):
        put(logs, group, '{"n": 2}')
    logs.delete_account_policy(policyName="prod", **kind)
    assert logs.describe_account_policies(**kind)["accountPolicies"] == []
    put(logs, "prod-a", '{"n": 3}')
    assert [r.get("by") for r in ask(logs, "fields n, by | sort n", "prod-a")] == ["account", "anew", None]
    assert [r.get("by") for r in ask(logs, "fields n, by | sort n", "prod-own")] == ["group", "anew"]
    assert [r.get("by") for r in ask(logs, "fields n, by", "test-a")] == [None]


def test_what_is_sensitive_is_masked_in_what_was_made(logs):
    made(logs, "app")
    names = ["arn:aws:dataprotection::aws:data-identifier/EmailAddress"]
    logs.put_data_protection_policy(logGroupIdentifier="app", policyDocument=json.dumps({"Name": "n", "Version": "2021-06-01", "Statement": [
        {"Sid": "a", "DataIdentifier": names, "Operation": {"Audit": {"FindingsDestination": {}}}},
        {"Sid": "b", "DataIdentifier": names, "Operation": {"Deidentify": {"MaskConfig": {}}}}]}))
    logs.put_transformer(logGroupIdentifier="app", transformerConfig=[{"csv": {"columns": ["who", "what"]}}])
    put(logs, "app", "ann@example.com,in")
    assert ask(logs, "fields who, what", "app") == [{"who": "*" * 15, "what": "in"}]


def test_rights(brume, account):
    root, iam = brume.client("logs", account=account), brume.client("iam", account=account)
    made(root, "app")
    iam.create_user(UserName="u")
    iam.put_user_policy(UserName="u", PolicyName="p", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": ["logs:PutAccountPolicy", "logs:GetTransformer", "logs:DeleteAccountPolicy"], "Resource": "*"}]}))
    key = iam.create_access_key(UserName="u")["AccessKey"]
    user = brume.client("logs", account=key["AccessKeyId"], secret=key["SecretAccessKey"])
    refused("AccessDeniedException", user.put_transformer, logGroupIdentifier="app", transformerConfig=[PARSE])
    refused("AccessDeniedException", user.put_account_policy, policyName="p", policyType="TRANSFORMER_POLICY", policyDocument=json.dumps([PARSE]))
    refused("AccessDeniedException", user.test_transformer, transformerConfig=[PARSE], logEventMessages=["{}"])
    root.put_account_policy(policyName="p", policyType="TRANSFORMER_POLICY", policyDocument=json.dumps([PARSE]))
    refused("AccessDeniedException", user.delete_account_policy, policyName="p", policyType="TRANSFORMER_POLICY")
    refused("ResourceNotFoundException", user.get_transformer, logGroupIdentifier="app")
