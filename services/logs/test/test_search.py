"""FilterLogEvents, metric filters, fields: what is found in log events."""
import json
import time

import pytest
from kit import name, refused

DAY = 86400000


def now():
    return int(time.time() * 1000)


@pytest.fixture
def logs(brume):
    return brume.client("logs")


@pytest.fixture
def group(logs):
    group = name("/t/search")
    logs.create_log_group(logGroupName=group)
    for stream in ("a", "b", "other"):
        logs.create_log_stream(logGroupName=group, logStreamName=stream)
    yield group
    logs.delete_log_group(logGroupName=group)


def put(logs, group, events, stream="a"):
    return logs.put_log_events(logGroupName=group, logStreamName=stream,
                               logEvents=[{"timestamp": at, "message": message} for at, message in events])


def found(logs, group, pattern="", **more):
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group, filterPattern=pattern, **more)
    return [e["message"] for page in pages for e in page["events"]]


def test_streams_are_united_by_time(logs, group):
    at = now() - 10000
    put(logs, group, [(at + i, f"{i}") for i in range(0, 30, 3)], "a")
    put(logs, group, [(at + i, f"{i}") for i in range(1, 30, 3)], "b")
    put(logs, group, [(at + i, f"{i}") for i in range(2, 30, 3)], "other")
    everything = [str(i) for i in range(30)]
    assert found(logs, group) == everything
    assert found(logs, group, PaginationConfig={"PageSize": 7}) == everything
    assert found(logs, group, startFromHead=False, startTime=at) == everything[::-1]
    assert found(logs, group, startFromHead=False, startTime=at + 3, PaginationConfig={"PageSize": 4}) == everything[:2:-1]
    assert found(logs, group, startTime=at + 5, endTime=at + 10) == everything[5:11]
    assert found(logs, group, logStreamNames=["a", "other"]) == [m for m in everything if int(m) % 3 != 1]
    assert found(logs, group, logStreamNamePrefix="o") == [m for m in everything if int(m) % 3 == 2]
    answer = logs.filter_log_events(logGroupName=group, limit=2)
    assert answer["searchedLogStreams"] == []
    assert [e["logStreamName"] for e in answer["events"]] == ["a", "b"]
    assert len({e["eventId"] for e in answer["events"]}) == 2 and all(len(e["eventId"]) == 56 and e["eventId"].isdigit() for e in answer["events"])
    assert abs(answer["events"][0]["ingestionTime"] - at) < 60000


def test_patterns_find(logs, group):
    at = now() - 10000
    lines = ["[ERROR 400] BAD REQUEST", "[ERROR 401] UNAUTHORIZED REQUEST", "[WARN] all", '{"level": "ERROR", "size": 12}', '{"level": "INFO", "size": 120}',
             '127.0.0.1 - frank [10/Oct/2000:13:25:15 -0700] "GET /apache_pb.gif HTTP/1.0" 200 1534']
    put(logs, group, [(at + i, line) for i, line in enumerate(lines)])
    assert found(logs, group, "ERROR") == lines[:2] + [lines[3]]
    assert found(logs, group, "ERROR -UNAUTHORIZED REQUEST") == [lines[0]]
    assert found(logs, group, "?WARN ?UNAUTHORIZED") == [lines[1], lines[2]]
    assert found(logs, group, '"BAD REQUEST"') == [lines[0]]
    assert found(logs, group, "%40[01]%") == lines[:2]
    assert found(logs, group, '{ $.level = "ERROR" || $.size > 100 }') == lines[3:5]
    assert found(logs, group, "[ip, ..., status = 2*, size > 1000]") == [lines[5]]
    assert found(logs, group, "ERROR", startFromHead=False, startTime=at) == [lines[3], lines[1], lines[0]]
    assert refused("InvalidParameterException", logs.filter_log_events, logGroupName=group, filterPattern="a-b") == "Invalid character(s) in term 'a-b'"


def test_what_a_search_refuses(logs, group):
    call = logs.filter_log_events
    assert refused("InvalidParameterException", call, logGroupName=group, limit=10001) == \
        "1 validation error detected: Value '10001' at 'limit' failed to satisfy constraint: Member must have value less than or equal to 10000"
    assert refused("InvalidParameterException", call, logGroupName=group, nextToken="unknown") == "The specified nextToken is invalid."
    refused("InvalidParameterException", call, logGroupName=group, logStreamNames=["a"], logStreamNamePrefix="a")
    refused("ResourceNotFoundException", call, logGroupName=group, logStreamNames=["absent"])
    refused("ResourceNotFoundException", call, logGroupName=group + "x")
    refused("InvalidParameterException", call, logGroupName=group, logGroupIdentifier=group)
    refused("InvalidParameterException", call)
    refused("InvalidParameterException", call, logGroupName=group, startFromHead=False, startTime=1)


def test_a_page_is_a_megabyte(logs, group):
    at = now() - 50000
    for i in range(3):
        put(logs, group, [(at + i * 10 + j, f"{i}{j}" + "x" * 300000) for j in range(3)])
    answer = logs.filter_log_events(logGroupName=group)
    assert [e["message"][:2] for e in answer["events"]] == ["00", "01", "02"] and answer["nextToken"]
    whole = ["00", "01", "02", "10", "11", "12", "20", "21", "22"]
    assert [m[:2] for m in found(logs, group)] == whole
    assert [m[:2] for m in found(logs, group, startFromHead=False, startTime=at)] == whole[::-1]


def test_many_small_puts_are_merged_and_all_there(logs, group):
    """64 blocks of a stream are joined by a task; reading meanwhile shows each event once."""
    at = now() - 100000
    for i in range(150):
        put(logs, group, [(at + (i * 37) % 150 * 10 + j, f"{(i * 37) % 150 * 2 + j}") for j in range(2)])
    everything = [str(i) for i in range(300)]
    ids = set()
    for _ in range(5):
        assert found(logs, group) == everything
        events = logs.get_log_events(logGroupName=group, logStreamName="a")["events"]
        assert [e["message"] for e in events] == everything
        ids.add(tuple(e["eventId"] for e in logs.filter_log_events(logGroupName=group)["events"]))
    assert len(ids) == 1  # an event keeps its name


# ---- metric filters ----


def test_metric_filters_are_described(logs, group):
    metric = {"metricName": name("m"), "metricNamespace": name("n"), "metricValue": "1", "defaultValue": 0.0}
    logs.put_metric_filter(logGroupName=group, filterName="f1", filterPattern=" ", metricTransformations=[metric])
    logs.put_metric_filter(logGroupName=group, filterName="f2", filterPattern="pattern",
                           metricTransformations=[{"metricName": "x", "metricNamespace": metric["metricNamespace"], "metricValue": "$.size", "unit": "Bytes", "dimensions": {"D": "$.d"}}])
    shown = logs.describe_metric_filters(logGroupName=group)["metricFilters"]
    assert [f["filterName"] for f in shown] == ["f1", "f2"]
    assert shown[0] == {"filterName": "f1", "filterPattern": " ", "metricTransformations": [metric], "creationTime": shown[0]["creationTime"], "logGroupName": group,
                        "applyOnTransformedLogs": False}
    assert shown[1]["metricTransformations"][0]["dimensions"] == {"D": "$.d"}
    assert [f["filterName"] for f in logs.describe_metric_filters(metricName=metric["metricName"], metricNamespace=metric["metricNamespace"])["metricFilters"]] == ["f1"]
    assert [f["filterName"] for f in logs.describe_metric_filters(logGroupName=group, filterNamePrefix="f2")["metricFilters"]] == ["f2"]
    pages = list(logs.get_paginator("describe_metric_filters").paginate(logGroupName=group, PaginationConfig={"PageSize": 1}))
    assert [f["filterName"] for p in pages for f in p["metricFilters"]] == ["f1", "f2"]
    assert logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"][0]["metricFilterCount"] == 2
    logs.delete_metric_filter(logGroupName=group, filterName="f1")
    assert logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"][0]["metricFilterCount"] == 1
    refused("ResourceNotFoundException", logs.delete_metric_filter, logGroupName=group, filterName="f1")
    put = logs.put_metric_filter
    base = {"logGroupName": group, "filterName": "f3", "filterPattern": "x"}
    assert refused("InvalidParameterException", put, **base, metricTransformations=[dict(metric, dimensions={"D": "$.d"})]) == \
        "Invalid metric transformation: dimensions and default value are mutually exclusive properties."
    assert "at 'filterName' failed to satisfy constraint: Member must have length less than or equal to 512" in \
        refused("InvalidParameterException", put, **dict(base, filterName="X" * 513), metricTransformations=[metric])
    refused("InvalidParameterException", put, **dict(base, filterPattern="{ $.a }"), metricTransformations=[metric])
    refused("InvalidParameterException", put, **base, metricTransformations=[dict(metric, metricValue="many")])
    refused("InvalidParameterException", logs.describe_metric_filters, logGroupName=group, metricName="x")
    for i in range(5):
        put(**dict(base, filterName=f"r{i}", filterPattern="%x%"), metricTransformations=[metric])
    assert refused("LimitExceededException", put, **dict(base, filterName="r5", filterPattern="%x%"), metricTransformations=[metric]) == "Resource limit exceeded."


def statistics(brume, space, metric, dimensions=(), unit=None):
    client = brume.client("cloudwatch", account="test")
    answer = client.get_metric_statistics(Namespace=space, MetricName=metric, Dimensions=[{"Name": n, "Value": v} for n, v in dimensions], StartTime=(now() - 600000) / 1000,
                                          EndTime=(now() + 600000) / 1000, Period=3600, Statistics=["Sum", "SampleCount", "Maximum"], **({"Unit": unit} if unit else {}))
    points = answer["Datapoints"]
    return (sum(p["Sum"] for p in points), sum(p["SampleCount"] for p in points)) if points else None


@pytest.mark.as_root  # reads the metrics too
def test_what_matches_is_put_as_metrics(brume, logs, group):
    space = name("Space")
    metric = lambda metric, value, **more: [dict(metricName=metric, metricNamespace=space, metricValue=value, **more)]
    logs.put_metric_filter(logGroupName=group, filterName="count", filterPattern="ERROR", metricTransformations=metric("Errors", "1"))
    logs.put_metric_filter(logGroupName=group, filterName="size", filterPattern="{ $.size > 1 }", metricTransformations=metric("Size", "$.size", unit="Bytes", dimensions={"Who": "$.who"}))
    logs.put_metric_filter(logGroupName=group, filterName="bytes", filterPattern="[ip, ..., bytes]", metricTransformations=metric("Bytes", "$bytes"))
    at = now()
    put(logs, group, [(at, "ERROR one"), (at, "fine"), (at, '{"size": 10, "who": "a", "x": "ERROR"}'), (at, '{"size": 20, "who": "b"}'), (at, '{"size": 30, "who": "a"}'),
                      (at, "1.2.3.4 GET 77")])
    assert statistics(brume, space, "Errors") == (2, 2)
    assert statistics(brume, space, "Size", [("Who", "a")], "Bytes") == (40, 2)
    assert statistics(brume, space, "Size", [("Who", "b")], "Bytes") == (20, 1)
    assert statistics(brume, space, "Bytes") == (77, 1)


@pytest.mark.as_root
def test_the_default_is_for_minutes_without_a_match(start_brume):
    brume = start_brume()
    logs = brume.client("logs")
    logs.create_log_group(logGroupName="g")
    logs.create_log_stream(logGroupName="g", logStreamName="a")
    logs.put_metric_filter(logGroupName="g", filterName="f", filterPattern="ERROR", metricTransformations=[{"metricName": "m", "metricNamespace": "n", "metricValue": "5", "defaultValue": 1}])
    put(logs, "g", [(now() - 120000, "fine"), (now() - 120000, "fine")])
    put(logs, "g", [(now() - 60000, "ERROR"), (now() - 60000, "fine")])
    brume.advance_clock(120000)
    assert statistics(brume, "n", "m") == (6, 2)


@pytest.mark.as_root
def test_errors_in_a_log_raise_an_alarm(start_brume):
    """Log lines -> metric filter -> alarm, as it is set up in most accounts."""
    brume = start_brume()
    logs, cloudwatch = brume.client("logs"), brume.client("cloudwatch")
    logs.create_log_group(logGroupName="/aws/lambda/shop")
    logs.create_log_stream(logGroupName="/aws/lambda/shop", logStreamName="a")
    logs.put_metric_filter(logGroupName="/aws/lambda/shop", filterName="errors", filterPattern="ERROR",
                           metricTransformations=[{"metricName": "Errors", "metricNamespace": "Shop", "metricValue": "1", "defaultValue": 0}])
    cloudwatch.put_metric_alarm(AlarmName="errors", Namespace="Shop", MetricName="Errors", Statistic="Sum", Period=60, EvaluationPeriods=1, Threshold=2,
                                ComparisonOperator="GreaterThanOrEqualToThreshold", TreatMissingData="ignore")
    state = lambda: cloudwatch.describe_alarms(AlarmNames=["errors"])["MetricAlarms"][0]["StateValue"]
    put(logs, "/aws/lambda/shop", [(now(), "START"), (now(), "fine")])
    brume.advance_clock(120000)
    assert state() == "OK"
    at = now() + 120000
    put(logs, "/aws/lambda/shop", [(at, "ERROR one"), (at, "ERROR two"), (at, "ERROR three")])
    brume.advance_clock(120000)
    assert state() == "ALARM"


@pytest.mark.as_root
def test_metrics_embedded_in_events(brume, logs, group):
    space = name("Emf")
    at = now()
    event = {"_aws": {"Timestamp": at, "CloudWatchMetrics": [{"Namespace": space, "Dimensions": [["Function"], []], "Metrics": [
        {"Name": "Time", "Unit": "Milliseconds"}, {"Name": "Sizes", "Unit": "Bytes", "StorageResolution": 1}, {"Name": "absent"}]}]},
        "Function": "f", "Time": 100, "Sizes": [1, 2, 3], "requestId": "r"}
    put(logs, group, [(at, json.dumps(event)), (at, json.dumps(dict(event, Time=50))), (at, '{"_aws": {"CloudWatchMetrics": 1}}'), (at, "plain")])
    assert statistics(brume, space, "Time", [("Function", "f")], "Milliseconds") == (150, 2)
    assert statistics(brume, space, "Time", [], "Milliseconds") == (150, 2)
    assert statistics(brume, space, "Sizes", [("Function", "f")], "Bytes") == (12, 6)
    assert len(found(logs, group)) == 4


@pytest.mark.as_root
def test_what_comes_in_is_counted(start_brume):
    brume = start_brume()
    logs = brume.client("logs")
    logs.create_log_group(logGroupName="g")
    logs.create_log_stream(logGroupName="g", logStreamName="a")
    put(logs, "g", [(now(), "x" * 10), (now(), "y" * 4)])
    brume.advance_clock(180000)
    assert statistics(brume, "AWS/Logs", "IncomingBytes", [("LogGroupName", "g")])[0] == 14 + 52
    assert statistics(brume, "AWS/Logs", "IncomingLogEvents", [("LogGroupName", "g")])[0] == 2


def test_filters_are_tried(logs):
    line = '127.0.0.1 - frank [10/Oct/2000:13:25:15 -0700] "GET /apache_pb.gif HTTP/1.0" 200 1534'
    test = lambda pattern, *messages: [(m["eventNumber"], m["extractedValues"]) for m in logs.test_metric_filter(filterPattern=pattern, logEventMessages=list(messages))["matches"]]
    assert test("[]", line) == [(1, {"$1": "127.0.0.1", "$2": "-", "$3": "frank", "$4": "10/Oct/2000:13:25:15 -0700", "$5": "GET /apache_pb.gif HTTP/1.0", "$6": "200", "$7": "1534"})]
    assert test("[..., status_code, size > 1000]", "a b 1 2", line)[0][0] == 2
    assert test('{ $.a.b = "x" }', '{"a": {"b": "y"}}', '{"a": {"b": "x"}}') == [(2, {"$.a.b": "x"})]
    assert test("ERROR", "fine", "an ERROR") == [(2, {})]
    refused("InvalidParameterException", logs.test_metric_filter, filterPattern="{", logEventMessages=["x"])


def test_fields_of_a_group(logs, group):
    at = now() - 1000
    put(logs, group, [(at, '{"a": 1, "b": {"c": 2}}'), (at, '{"a": 1}'), (at, "plain"), (at, '{"a": 2}')])
    fields = {f["name"]: f["percent"] for f in logs.get_log_group_fields(logGroupName=group)["logGroupFields"]}
    assert (fields["a"], fields["b.c"], fields["@message"]) == (75, 25, 100)


# ---- Live Tail ----


def test_live_tail_tells_what_comes(brume, group):
    logs = brume.client("logs", config={"inject_host_prefix": False})
    arn = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"][0]["logGroupArn"]
    put(logs, group, [(now(), "ERROR before")])
    stream = logs.start_live_tail(logGroupIdentifiers=[arn], logEventFilterPattern="ERROR")["responseStream"]
    seen = []
    for event in stream:
        if "sessionStart" in event:
            assert event["sessionStart"]["logGroupIdentifiers"] == [arn] and event["sessionStart"]["sessionId"]
            put(logs, group, [(now(), "ERROR one"), (now(), "fine")], "a")
            put(logs, group, [(now() - 3600000, "ERROR late")], "b")
            continue
        assert event["sessionUpdate"]["sessionMetadata"] == {"sampled": False}
        seen += event["sessionUpdate"]["sessionResults"]
        if len(seen) == 2:
            put(logs, group, [(now(), "ERROR two")], "a")
        if len(seen) >= 3:
            break
    stream.close()
    assert [(e["message"], e["logStreamName"]) for e in seen] == [("ERROR late", "b"), ("ERROR one", "a"), ("ERROR two", "a")]
    assert seen[0]["logGroupIdentifier"] == f"000000000000:{group}" or seen[0]["logGroupIdentifier"].endswith(f":{group}")
    refused("InvalidParameterException", logs.start_live_tail, logGroupIdentifiers=[group])
    refused("ResourceNotFoundException", logs.start_live_tail, logGroupIdentifiers=[arn + "x"])
    refused("InvalidParameterException", logs.start_live_tail, logGroupIdentifiers=[arn], logEventFilterPattern="a-b")
