"""Alarm mute rules on the cloud's clock: windows in which alarms take no actions, and what follows them."""
import datetime

import pytest
from botocore.exceptions import ClientError

from alarm_kit import child, topic_into_queue, turn


def window(cw, expression, duration, name="quiet", **more):
    cw.put_alarm_mute_rule(Name=name, Rule={"Schedule": {"Expression": expression, "Duration": duration, **more.pop("schedule", {})}}, MuteTargets={"AlarmNames": ["a"]}, **more)


def status(cw, name="quiet"):
    return cw.get_alarm_mute_rule(AlarmMuteRuleName=name)["Status"]


def test_actions_wait_for_the_end_of_the_window(own, cw):
    topic, received = topic_into_queue(own)
    child(cw, "a")
    cw.put_metric_alarm(AlarmName="a", MetricName="m", Namespace="n", Statistic="Average", Period=86400, EvaluationPeriods=1, Threshold=1, ComparisonOperator="GreaterThanThreshold",
                        TreatMissingData="ignore", AlarmActions=[topic], OKActions=[topic])
    soon = own.now() + datetime.timedelta(minutes=2)
    window(cw, f"at({soon:%Y-%m-%dT%H:%M})", "PT30M")
    assert status(cw) == "SCHEDULED"
    turn(cw, "a", "OK")
    assert [m["NewStateValue"] for m in received()] == ["OK"]
    own.advance_clock(180000)
    assert status(cw) == "ACTIVE" and cw.list_alarm_mute_rules(AlarmName="a", Statuses=["ACTIVE"])["AlarmMuteRuleSummaries"][0]["MuteType"] == "ONE_TIME"
    turn(cw, "a", "ALARM")
    own.advance_clock(60000)
    assert received(0) == []
    own.advance_clock(1800000)
    assert [m["NewStateValue"] for m in received()] == ["ALARM"] and status(cw) == "EXPIRED"
    window(cw, "cron(* * * * *)", "PT5M", name="always")
    turn(cw, "a", "OK")
    turn(cw, "a", "ALARM")  # as before: nobody needs to know
    own.advance_clock(60000)
    cw.delete_alarm_mute_rule(AlarmMuteRuleName="always")
    own.advance_clock(1000)
    assert received(0) == []


def test_windows_recur_in_their_zone(own, cw):
    now = own.now()
    hour = (now + datetime.timedelta(hours=2)).hour
    window(cw, f"cron(0 {hour} * * {(now + datetime.timedelta(hours=2)).isoweekday() % 7})", "PT1H", Description="d", Tags=[{"Key": "k", "Value": "v"}])
    rule = cw.get_alarm_mute_rule(AlarmMuteRuleName="quiet")
    assert rule["Description"] == "d" and rule["MuteType"] == "RECURRING" and rule["MuteTargets"] == {"AlarmNames": ["a"]}
    assert cw.list_tags_for_resource(ResourceARN=rule["AlarmMuteRuleArn"])["Tags"] == [{"Key": "k", "Value": "v"}]
    to_window = (now + datetime.timedelta(hours=2)).replace(minute=0, second=0, microsecond=0) - now
    own.advance_clock(to_window.total_seconds() * 1000 - 300000)
    assert status(cw) == "SCHEDULED"
    own.advance_clock(600000)
    assert status(cw) == "ACTIVE"
    own.advance_clock(3600000)
    assert status(cw) == "SCHEDULED"
    own.advance_clock(7 * 86400000 - 3600000)
    assert status(cw) == "ACTIVE"


@pytest.mark.parametrize("expression,duration,more", [("cron(0 1 * *)", "PT1H", {}), ("rate(1 hour)", "PT1H", {}), ("cron(0 1 * * *)", "1h", {}), ("cron(0 1 * * *)", "P16D", {}),
                                                      ("cron(0 1 1 * 1)", "PT1H", {}), ("cron(0 1 * * *)", "PT1H", {"schedule": {"Timezone": "Middle/Earth"}}),
                                                      ("cron(0 1 * * *)", "PT1H", {"ExpireDate": datetime.datetime(2020, 1, 1)})])
def test_what_is_no_window(cw, expression, duration, more):
    with pytest.raises(ClientError) as caught:
        window(cw, expression, duration, **more)
    assert caught.value.response["Error"]["Code"] == "ValidationError"
