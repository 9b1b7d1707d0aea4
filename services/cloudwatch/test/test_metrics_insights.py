"""Metrics Insights: SELECT over all metrics of a namespace, in GetMetricData and in alarms."""
import datetime

import pytest
from botocore.exceptions import ClientError


@pytest.fixture
def cw(own):
    cw = own.client("cloudwatch")
    data = {("a", "eu"): [1, 3], ("b", "eu"): [10], ("c", "us"): [5, 5, 5]}
    cw.put_metric_data(Namespace="My App", MetricData=[{"MetricName": "load", "Dimensions": [{"Name": "Host", "Value": host}, {"Name": "Zone", "Value": zone}], "Values": values}
                                                       for (host, zone), values in data.items()] + [{"MetricName": "load", "Value": 1000}])
    return cw


def select(cw, text, **more):
    now = datetime.datetime.now(datetime.timezone.utc)
    answer = cw.get_metric_data(StartTime=now - datetime.timedelta(minutes=10), EndTime=now + datetime.timedelta(minutes=10), MetricDataQueries=[{"Id": "q", "Expression": text, "Period": 300, **more}])
    return [(r["Label"], *r["Values"]) for r in answer["MetricDataResults"]]


def test_groups_conditions_and_order(cw):
    of = 'FROM SCHEMA("My App", Host, Zone)'
    assert select(cw, f"SELECT SUM(load) {of}") == [("q", 29)]
    assert select(cw, 'SELECT MAX(load) FROM "My App"') == [("q", 1000)]  # whatever the dimensions are
    assert select(cw, 'SELECT MAX(load) FROM SCHEMA("My App")') == [("q", 1000)]
    assert select(cw, f"SELECT AVG(load) {of} GROUP BY Zone") == [("eu", 14 / 3), ("us", 5)]
    assert select(cw, f"SELECT COUNT(load) {of} GROUP BY Host ORDER BY COUNT() DESC LIMIT 2") == [("c", 3), ("a", 2)]
    assert select(cw, f"SELECT MIN(load) {of} GROUP BY Host, Zone ORDER BY MIN()") == [("a eu", 1), ("c us", 5), ("b eu", 10)]
    assert select(cw, f"SELECT SUM(load) {of} WHERE Zone = 'eu' AND Host != 'a'") == [("q", 10)]
    assert select(cw, f"SELECT SUM(load) {of} WHERE Zone = 'nowhere'") == [("q",)]


def test_with_metric_math(cw):
    now = datetime.datetime.now(datetime.timezone.utc)
    answer = cw.get_metric_data(StartTime=now - datetime.timedelta(minutes=10), EndTime=now + datetime.timedelta(minutes=10), MetricDataQueries=[
        {"Id": "q", "Expression": "SELECT SUM(load) FROM SCHEMA(\"My App\", Host, Zone) GROUP BY Zone", "Period": 300, "ReturnData": False}, {"Id": "e", "Expression": "MAX(q) * 2"}])
    assert answer["MetricDataResults"][0]["Values"] == [] or max(v for r in answer["MetricDataResults"] for v in r["Values"]) == 30


def test_an_alarm_on_a_query(own, cw):
    query = {"Id": "q", "Expression": 'SELECT MAX(load) FROM SCHEMA("My App", Host, Zone)', "Period": 60}
    cw.put_metric_alarm(AlarmName="high", EvaluationPeriods=1, Threshold=9, ComparisonOperator="GreaterThanThreshold", Metrics=[query])
    own.advance_clock(61000)
    assert cw.describe_alarms(AlarmNames=["high"])["MetricAlarms"][0]["StateValue"] == "ALARM"


@pytest.mark.parametrize("text", ["SELECT load FROM x", "SELECT AVG(load)", 'SELECT AVG(load) FROM "x" WHERE a > 1', 'SELECT AVG(load) FROM "x" LIMIT 0'])
def test_what_is_no_query(brume, text):
    with pytest.raises(ClientError) as error:
        select(brume.client("cloudwatch"), text)
    assert error.value.response["Error"]["Code"] == "ValidationError" and "expected at" in error.value.response["Error"]["Message"]
