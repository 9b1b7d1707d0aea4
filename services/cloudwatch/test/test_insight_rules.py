"""Contributor Insights: rules over log groups, their reports, their values in metric math."""
import datetime
import json

import pytest
from botocore.exceptions import ClientError


def rule(groups=("api",), keys=("$.ip",), **more):
    contribution = {"Keys": list(keys), "Filters": more.pop("filters", [])}
    if "value" in more:
        contribution["ValueOf"] = more.pop("value")
    return json.dumps({"Schema": {"Name": "CloudWatchLogRule", "Version": 1}, "LogGroupNames": list(groups), "LogFormat": "JSON", "Contribution": contribution, "AggregateOn": "Count", **more})


class World:
    def __init__(self, server):
        self.server, self.cw, self.logs = server, server.client("cloudwatch"), server.client("logs")
        self.start = server.now()

    def group(self, name):
        self.logs.create_log_group(logGroupName=name)
        self.logs.create_log_stream(logGroupName=name, logStreamName="s")

    def put(self, name, *lines):
        now = self.now()
        self.logs.put_log_events(logGroupName=name, logStreamName="s", logEvents=[
            {"timestamp": int(now.timestamp() * 1000), "message": line if isinstance(line, str) else json.dumps(line)} for line in lines])

    def now(self):
        return self.server.now() + datetime.timedelta(seconds=1)

    def minute(self):
        self.server.advance_clock(60000)

    def report(self, name, **more):
        return self.cw.get_insight_rule_report(**{"RuleName": name, "StartTime": self.start - datetime.timedelta(minutes=1), "EndTime": self.now() + datetime.timedelta(minutes=2), "Period": 60, **more})

    def totals(self, name, **more):
        return [(*c["Keys"], c["ApproximateAggregateValue"]) for c in self.report(name, **more)["Contributors"]]


@pytest.fixture
def world(start_brume):
    world = World(start_brume())
    world.group("api")
    return world


def code(call, **arguments):
    with pytest.raises(ClientError) as error:
        call(**arguments)
    return error.value.response["Error"]["Code"]


def test_who_contributes_most(world):
    cw = world.cw
    cw.put_insight_rule(RuleName="hits", RuleState="ENABLED", RuleDefinition=rule())
    cw.put_insight_rule(RuleName="bytes", RuleDefinition=rule(value="$.sent.bytes", AggregateOn="Sum", keys=["$.ip", "$.path"], filters=[{"Match": "$.status", "LessThan": 400}]))
    lines = [{"ip": "10.0.0.1", "path": "/a", "status": 200, "sent": {"bytes": 100}}] * 3 + [{"ip": "10.0.0.2", "path": "/b", "status": 200, "sent": {"bytes": 1000}}]
    world.put("api", *lines, {"ip": "10.0.0.2", "status": 500, "path": "/b", "sent": {"bytes": 7}}, "no json", {"other": 1})
    report = world.report("hits", Metrics=["UniqueContributors", "MaxContributorValue", "SampleCount", "Sum"])
    assert report["KeyLabels"] == ["$.ip"] and report["AggregationStatistic"] == "SampleCount"
    assert report["AggregateValue"] == 5 and report["ApproximateUniqueCount"] == 2
    assert [(c["Keys"], c["ApproximateAggregateValue"]) for c in report["Contributors"]] == [(["10.0.0.1"], 3), (["10.0.0.2"], 2)]
    assert sum(d["ApproximateValue"] for d in report["Contributors"][0]["Datapoints"]) == 3
    point = report["MetricDatapoints"][0]
    assert (point["UniqueContributors"], point["MaxContributorValue"], point["SampleCount"], point["Sum"]) == (2, 3, 5, 5) and "Average" not in point
    assert world.totals("bytes") == [("10.0.0.2", "/b", 1000), ("10.0.0.1", "/a", 300)]
    assert world.totals("bytes", MaxContributorCount=1) == [("10.0.0.2", "/b", 1000)]


def test_periods_and_order_by_maximum(world):
    world.cw.put_insight_rule(RuleName="r", RuleDefinition=rule())
    for ip in ("a", "b", "a"):
        world.put("api", *[{"ip": ip}] * (2 if ip == "a" else 3))
        world.minute()
    assert world.totals("r") == [("a", 4), ("b", 3)] and world.totals("r", OrderBy="Maximum") == [("b", 3), ("a", 4)]
    times = [d["Timestamp"] for d in world.report("r")["Contributors"][0]["Datapoints"]]
    assert len(times) == 2 and (times[1] - times[0]).total_seconds() == 120


def test_only_what_comes_while_it_is_enabled(world):
    cw = world.cw
    world.put("api", {"ip": "before"})
    world.minute()
    cw.put_insight_rule(RuleName="r", RuleDefinition=rule())
    world.minute()
    world.put("api", {"ip": "on"})
    world.minute()
    assert cw.disable_insight_rules(RuleNames=["r", "none"])["Failures"][0]["ExceptionType"] == "ResourceNotFoundException"
    assert cw.describe_insight_rules()["InsightRules"][0]["State"] == "DISABLED"
    world.minute()
    world.put("api", {"ip": "off"})
    world.minute()
    cw.enable_insight_rules(RuleNames=["r"])
    world.minute()
    world.put("api", {"ip": "again"})
    assert sorted(world.totals("r")) == [("again", 1), ("on", 1)]


def test_filters_wildcards_and_common_log_format(world):
    world.group("api-two")
    world.group("other")
    lines = [{"ip": "1", "m": "GET", "n": 1, "l": ["x", "y"]}, {"ip": "2", "m": "PUT", "n": 2, "l": ["x", "z"]}, {"ip": "3", "n": 3.5, "ok": True}]
    put = world.cw.put_insight_rule
    filters = {"in": {"In": ["GET"]}, "not": {"NotIn": ["GET"]}, "starts": {"StartsWith": ["P", "Q"]}, "without": {"IsPresent": False}, "with": {"IsPresent": True}}
    for name, condition in filters.items():
        put(RuleName=name, RuleDefinition=rule(["api*"], filters=[{"Match": "$.m", **condition}]))
    put(RuleName="more", RuleDefinition=rule(filters=[{"Match": "$.n", "GreaterThan": 1}, {"Match": "$.n", "NotEqualTo": 2}]))
    put(RuleName="list", RuleDefinition=rule(keys=["$.l[1]"]))
    clf = {"Schema": {"Name": "CloudWatchLogRule", "Version": 1}, "LogGroupNames": ["other"], "LogFormat": "CLF", "Fields": {"4": "When", "5": "Request", "7": "Bytes"},
           "Contribution": {"Keys": ["1", "Request"], "ValueOf": "Bytes", "Filters": [{"Match": "Request", "StartsWith": ["GET "]}]}, "AggregateOn": "Sum"}
    put(RuleName="clf", RuleDefinition=json.dumps(clf))
    world.put("api", *lines)
    world.put("api-two", {"ip": "4", "m": "GET"})
    world.put("other", '10.0.0.9 - frank [10/Oct/2026:13:55:36 -0700] "GET /a.gif HTTP/1.0" 200 2326', '10.0.0.9 - - [x] "PUT /a HTTP/1.0" 200 1')
    ips = {name: sorted(t[0] for t in world.totals(name)) for name in [*filters, "more", "list"]}
    assert ips == {"in": ["1", "4"], "not": ["2"], "starts": ["2"], "without": ["3"], "with": ["1", "2", "4"], "more": ["3"], "list": ["y", "z"]}
    assert world.totals("clf") == [("10.0.0.9", "GET /a.gif HTTP/1.0", 2326)]


def test_in_metric_math_and_an_alarm(world):
    world.cw.put_insight_rule(RuleName="r", RuleDefinition=rule())
    query = {"Id": "q", "Expression": "INSIGHT_RULE_METRIC('r', 'UniqueContributors') * 10", "Period": 60}
    world.cw.put_metric_alarm(AlarmName="many", EvaluationPeriods=1, Threshold=15, ComparisonOperator="GreaterThanThreshold", Metrics=[query])
    world.put("api", {"ip": "1"}, {"ip": "2"}, {"ip": "2"})
    answer = world.cw.get_metric_data(StartTime=world.start - datetime.timedelta(minutes=2), EndTime=world.now() + datetime.timedelta(minutes=2), MetricDataQueries=[query])
    assert sum(answer["MetricDataResults"][0]["Values"]) == 20
    world.minute()
    world.server.advance_clock(2000)
    assert world.cw.describe_alarms(AlarmNames=["many"])["MetricAlarms"][0]["StateValue"] == "ALARM"
    bad = {**query, "Expression": "INSIGHT_RULE_METRIC('r', 'Nothing')"}
    assert code(world.cw.get_metric_data, StartTime=world.start, EndTime=world.now() + datetime.timedelta(minutes=2), MetricDataQueries=[bad]) == "ValidationError"


def test_listed_tagged_deleted(world):
    cw = world.cw
    for name in "abc":
        cw.put_insight_rule(RuleName=name, RuleDefinition=rule(), Tags=[{"Key": "team", "Value": name}])
    page = cw.describe_insight_rules(MaxResults=2)
    rest = cw.describe_insight_rules(NextToken=page["NextToken"])
    assert [r["Name"] for r in page["InsightRules"] + rest["InsightRules"]] == ["a", "b", "c"]
    shown = page["InsightRules"][0]
    assert json.loads(shown["Schema"]) == {"Name": "CloudWatchLogRule", "Version": 1} and shown["Definition"] == rule() and shown["ManagedRule"] is False
    arn = world.server.client("sts").get_caller_identity()["Account"]
    assert cw.list_tags_for_resource(ResourceARN=f"arn:aws:cloudwatch:us-east-1:{arn}:insight-rule/a")["Tags"] == [{"Key": "team", "Value": "a"}]
    assert cw.delete_insight_rules(RuleNames=["a", "none"]).get("Failures", []) == []
    assert [r["Name"] for r in cw.describe_insight_rules()["InsightRules"]] == ["b", "c"]
    assert code(world.report, name="a") == "ResourceNotFoundException"


@pytest.mark.parametrize("definition", ["{", "{}", rule(groups=[]), rule(keys=[]), rule(keys=["ip"]), rule(keys=["$.a"] * 5), rule(AggregateOn="Sum"), rule(AggregateOn="Most"), rule(LogFormat="XML"),
                                        rule(filters=[{"Match": "$.a"}]), rule(filters=[{"Match": "$.a", "In": []}]), rule(filters=[{"Match": "$.a", "In": ["x"], "NotIn": ["y"]}]),
                                        rule(filters=[{"Match": "$.a", "EqualTo": "1"}]), rule(Schema={"Name": "Other", "Version": 1}), rule(Fields={"1": "a"})])
def test_what_is_no_rule(brume, definition):
    assert code(brume.client("cloudwatch").put_insight_rule, RuleName="r", RuleDefinition=definition) == "InvalidParameterValue"


def test_what_a_report_refuses(world):
    world.cw.put_insight_rule(RuleName="r", RuleDefinition=rule())
    for wrong in ({"Period": 30}, {"MaxContributorCount": 101}, {"OrderBy": "Name"}, {"Metrics": ["Nothing"]}, {"StartTime": world.start - datetime.timedelta(days=2)}, {"EndTime": world.start - datetime.timedelta(hours=1)}):
        assert code(world.report, name="r", **wrong) == "InvalidParameterValue"
