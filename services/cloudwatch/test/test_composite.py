"""Composite alarms: rules over other alarms, in the transaction of their change; suppressors and their periods."""
import json

import pytest
from botocore.exceptions import ClientError

from alarm_kit import child, topic_into_queue, turn


def composite(cw, name):
    return cw.describe_alarms(AlarmNames=[name], AlarmTypes=["CompositeAlarm"])["CompositeAlarms"][0]


def refused(call, **arguments):
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    assert caught.value.response["Error"]["Code"] == "ValidationError"
    return caught.value.response["Error"]["Message"]


def test_a_rule_follows_its_alarms(own, cw):
    topic, received = topic_into_queue(own)
    arn = child(cw, "a")
    child(cw, "b")
    cw.put_composite_alarm(AlarmName="both", AlarmRule=f'ALARM("{arn}") AND NOT OK(b)', AlarmActions=[topic], Tags=[{"Key": "k", "Value": "v"}])
    cw.put_composite_alarm(AlarmName="over", AlarmRule="ALARM(both) OR FALSE")
    own.advance_clock(1000)
    first = composite(cw, "both")
    assert first["StateValue"] == "OK" and first["StateReason"] == f"{first['AlarmArn']} was created and its alarm rule evaluates to OK"
    assert cw.list_tags_for_resource(ResourceARN=first["AlarmArn"])["Tags"] == [{"Key": "k", "Value": "v"}]
    turn(cw, "a", "ALARM")
    hot = composite(cw, "both")
    assert hot["StateValue"] == "ALARM" and hot["StateReason"].startswith(f"{arn} transitioned to ALARM at ")
    assert json.loads(hot["StateReasonData"])["triggeringAlarms"][0]["arn"] == arn
    assert composite(cw, "over")["StateValue"] == "ALARM"
    [message] = received()
    assert message["AlarmName"] == "both" and message["AlarmRule"] == hot["AlarmRule"] and message["OldStateValue"] == "OK"
    assert message["TriggeringChildren"][0]["Arn"] == arn and message["TriggeringChildren"][0]["State"]["Value"] == "ALARM" and "Trigger" not in message
    turn(cw, "b", "OK")
    assert composite(cw, "both")["StateValue"] == composite(cw, "over")["StateValue"] == "OK"
    history = cw.describe_alarm_history(AlarmName="both", AlarmTypes=["CompositeAlarm"])["AlarmHistoryItems"]
    assert [h["HistoryItemType"] for h in history] == ["StateUpdate", "Action", "StateUpdate", "StateUpdate", "ConfigurationUpdate"]
    assert {h["AlarmType"] for h in history} == {"CompositeAlarm"}


def test_described_as_family(own, cw):
    child(cw, "a")
    child(cw, "b")
    cw.put_composite_alarm(AlarmName="mid", AlarmRule="ALARM(b) OR ALARM(a) OR OK(b)")
    cw.put_composite_alarm(AlarmName="top", AlarmRule="ALARM(mid) OR AT_LEAST(1, OK, (a))")
    assert [a["AlarmName"] for a in cw.describe_alarms()["MetricAlarms"]] == ["a", "b"] and cw.describe_alarms()["CompositeAlarms"] == []
    both = cw.describe_alarms(AlarmTypes=["CompositeAlarm", "MetricAlarm"])
    assert [a["AlarmName"] for a in both["CompositeAlarms"]] == ["mid", "top"] and len(both["MetricAlarms"]) == 2
    children = cw.describe_alarms(ChildrenOfAlarmName="top")
    assert [a["AlarmName"] for a in children["CompositeAlarms"]] == ["mid"] and [a["AlarmName"] for a in children["MetricAlarms"]] == ["a"]
    assert set(children["MetricAlarms"][0]) == {"AlarmName", "AlarmArn", "StateValue", "StateUpdatedTimestamp"}
    assert [a["AlarmName"] for a in cw.describe_alarms(ParentsOfAlarmName="a")["CompositeAlarms"]] == ["mid", "top"]
    assert refused(cw.delete_alarms, AlarmNames=["a"]) == "Cannot delete a as there are composite alarm(s) depending on it."
    assert refused(cw.delete_alarms, AlarmNames=["a", "b"]) == "Cannot delete a,b as there are composite alarm(s) depending on them."
    cw.delete_alarms(AlarmNames=["top"])
    cw.delete_alarms(AlarmNames=["mid"])
    cw.delete_alarms(AlarmNames=["a", "b"])
    assert cw.describe_alarms()["MetricAlarms"] == []


def test_what_is_no_rule(cw):
    child(cw, "a")
    assert refused(cw.put_composite_alarm, AlarmName="c", AlarmRule="ALARM(a) ALARM(a)").startswith("AlarmRule must not contain invalid expressions")
    assert refused(cw.put_composite_alarm, AlarmName="c", AlarmRule="ALARM(x) OR ALARM(a)") == \
        "Could not save the composite alarm as alarms [x] in the alarm rule do not exist"
    assert "another type" in refused(cw.put_composite_alarm, AlarmName="a", AlarmRule="TRUE")
    assert "require ActionsSuppressor" in refused(cw.put_composite_alarm, AlarmName="c", AlarmRule="ALARM(a)", ActionsSuppressorWaitPeriod=1)


def test_a_circle_ends(own, cw):
    """AWS lets a circle be made and then stops to evaluate it; a rule of FALSE breaks it."""
    child(cw, "a")
    cw.put_composite_alarm(AlarmName="x", AlarmRule="ALARM(a)")
    cw.put_composite_alarm(AlarmName="y", AlarmRule="NOT ALARM(x)")
    cw.put_composite_alarm(AlarmName="x", AlarmRule="ALARM(y) OR ALARM(a)")
    turn(cw, "a", "ALARM")
    assert composite(cw, "x")["StateValue"] in ("OK", "ALARM")
    assert "Cannot delete x" in refused(cw.delete_alarms, AlarmNames=["x"])
    cw.put_composite_alarm(AlarmName="y", AlarmRule="FALSE")
    cw.delete_alarms(AlarmNames=["x"])


def test_a_suppressor_holds_actions_back(own, cw):
    topic, received = topic_into_queue(own)
    child(cw, "a")
    child(cw, "quiet")
    cw.put_composite_alarm(AlarmName="c", AlarmRule="ALARM(a)", AlarmActions=[topic], OKActions=[topic], ActionsSuppressor="quiet",
                           ActionsSuppressorWaitPeriod=60, ActionsSuppressorExtensionPeriod=120)
    own.advance_clock(70000)  # OK, and told so after the wait
    assert [m["NewStateValue"] for m in received()] == ["OK"]
    turn(cw, "a", "ALARM")
    assert (composite(cw, "c")["ActionsSuppressedBy"], composite(cw, "c")["ActionsSuppressedReason"]) == ("WaitPeriod", "Actions suppressed by WaitPeriod")
    own.advance_clock(30000)
    turn(cw, "quiet", "ALARM")
    assert composite(cw, "c")["ActionsSuppressedBy"] == "Alarm"
    own.advance_clock(600000)
    assert received(0) == []
    turn(cw, "quiet", "OK")
    assert composite(cw, "c")["ActionsSuppressedBy"] == "ExtensionPeriod"
    own.advance_clock(60000)
    assert received(0) == []
    own.advance_clock(61000)
    assert [m["NewStateValue"] for m in received()] == ["ALARM"] and "ActionsSuppressedBy" not in composite(cw, "c")
    turn(cw, "a", "OK")  # nothing suppresses: the wait goes by, then it is told
    own.advance_clock(61000)
    assert [m["NewStateValue"] for m in received()] == ["OK"]
