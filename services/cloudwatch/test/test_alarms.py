"""CloudWatch's alarms on the cloud's clock: states, reasons, history, messages to topics."""
import datetime
import json

import pytest
from botocore.exceptions import ClientError


def alarm(cw, **more):
    cw.put_metric_alarm(**{"AlarmName": "a", "MetricName": "m", "Namespace": "n", "Statistic": "Average", "Period": 60, "EvaluationPeriods": 1, "Threshold": 21.0,
                           "ComparisonOperator": "GreaterThanThreshold", **more})


def put(cw, value):
    cw.put_metric_data(Namespace="n", MetricData=[{"MetricName": "m", "Value": value}])


def now(cw):
    return cw.describe_alarms(AlarmNames=["a"])["MetricAlarms"][0]


def test_alarm_to_topic_to_queue(own, cw):
    sns, sqs = own.client("sns"), own.client("sqs")
    topic = sns.create_topic(Name="t")["TopicArn"]
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "cloudwatch.amazonaws.com"}, "Action": "sns:Publish", "Resource": topic}]}))
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    queue = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": queue}]})})
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)
    alarm(cw, AlarmActions=[topic], OKActions=[topic], TreatMissingData="ignore", AlarmDescription="hot")
    first = now(cw)
    assert first["StateValue"] == "INSUFFICIENT_DATA" and first["StateReason"] == "Unchecked: Initial alarm creation"
    put(cw, 20.0)
    put(cw, 23.0)
    own.advance_clock(61000)
    hot = now(cw)
    assert hot["StateValue"] == "ALARM"
    data = json.loads(hot["StateReasonData"])
    at = datetime.datetime.strptime(data["evaluatedDatapoints"][0]["timestamp"], "%Y-%m-%dT%H:%M:%S.%f%z")
    assert hot["StateReason"] == f"Threshold Crossed: 1 datapoint [21.5 ({at:%d/%m/%y %H:%M:%S})] was greater than the threshold (21.0)."
    assert data["recentDatapoints"] == [21.5] and data["evaluatedDatapoints"][0]["sampleCount"] == 2 and data["threshold"] == 21
    sent = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=5)["Messages"][0]
    envelope = json.loads(sent["Body"])
    assert envelope["Subject"] == 'ALARM: "a" in US East (N. Virginia)'
    message = json.loads(envelope["Message"])
    assert (message["NewStateValue"], message["OldStateValue"], message["Region"], message["AlarmDescription"]) == ("ALARM", "INSUFFICIENT_DATA", "US East (N. Virginia)", "hot")
    assert message["Trigger"]["Statistic"] == "AVERAGE" and message["Trigger"]["TreatMissingData"] == "ignore" and message["AlarmArn"] == hot["AlarmArn"]
    history = cw.describe_alarm_history(AlarmName="a")["AlarmHistoryItems"]
    assert [h["HistoryItemType"] for h in history] == ["Action", "StateUpdate", "ConfigurationUpdate"]
    assert history[0]["HistorySummary"] == f"Successfully executed action {topic}"
    assert history[1]["HistorySummary"] == "Alarm updated from INSUFFICIENT_DATA to ALARM"
    assert json.loads(history[1]["HistoryData"])["newState"]["stateReasonData"]["recentDatapoints"] == [21.5]


@pytest.mark.parametrize("treatment,state,reason", [
    ("missing", "INSUFFICIENT_DATA", "Unchecked: Initial alarm creation"), ("ignore", "INSUFFICIENT_DATA", "Unchecked: Initial alarm creation"),
    ("breaching", "ALARM", "Threshold Crossed: no datapoints were received for 2 periods and 2 missing datapoints were treated as [Breaching]."),
    ("notBreaching", "OK", "Threshold Crossed: no datapoints were received for 2 periods and 2 missing datapoints were treated as [NonBreaching].")])
def test_missing_data(own, cw, treatment, state, reason):
    alarm(cw, EvaluationPeriods=2, TreatMissingData=treatment)
    own.advance_clock(61000)
    seen = now(cw)
    assert (seen["StateValue"], seen["StateReason"]) == (state, reason)


def test_m_of_n_and_back(own, cw):
    alarm(cw, EvaluationPeriods=3, DatapointsToAlarm=2, Statistic="Maximum")
    states = []
    for value in (1.0, 30.0, 1.0, 40.0, 1.0, 1.0):
        put(cw, value)
        own.advance_clock(60000)
        states.append(now(cw)["StateValue"])
        if len(states) == 4:
            assert now(cw)["StateReason"].startswith("Threshold Crossed: 2 out of the last 3 datapoints [40.0 (")
            assert now(cw)["StateReason"].endswith("were greater than the threshold (21.0) (minimum 2 datapoints for OK -> ALARM transition).")
    assert states[3] == "ALARM" and states[5] == "OK"
    own.advance_clock(6 * 60000)
    assert now(cw)["StateValue"] == "INSUFFICIENT_DATA"
    assert now(cw)["StateReason"] == "Insufficient Data: 3 datapoints were unknown."


def test_set_switched_tagged_deleted(own, cw):
    alarm(cw, Tags=[{"Key": "team", "Value": "blue"}], Dimensions=[{"Name": "d", "Value": "1"}])
    arn = now(cw)["AlarmArn"]
    assert cw.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "team", "Value": "blue"}]
    cw.tag_resource(ResourceARN=arn, Tags=[{"Key": "x", "Value": "1"}])
    cw.untag_resource(ResourceARN=arn, TagKeys=["team"])
    assert cw.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "x", "Value": "1"}]
    cw.disable_alarm_actions(AlarmNames=["a"])
    assert now(cw)["ActionsEnabled"] is False
    cw.enable_alarm_actions(AlarmNames=["a"])
    assert now(cw)["ActionsEnabled"] is True
    cw.set_alarm_state(AlarmName="a", StateValue="ALARM", StateReason="testing")
    assert cw.describe_alarms(StateValue="ALARM", AlarmNamePrefix="a")["MetricAlarms"][0]["StateReason"] == "testing"
    assert not cw.describe_alarms(StateValue="OK")["MetricAlarms"]
    assert len(cw.describe_alarms_for_metric(Namespace="n", MetricName="m", Dimensions=[{"Name": "d", "Value": "1"}])["MetricAlarms"]) == 1
    assert not cw.describe_alarms_for_metric(Namespace="n", MetricName="m")["MetricAlarms"]
    with pytest.raises(ClientError) as caught:
        cw.set_alarm_state(AlarmName="absent", StateValue="OK", StateReason="x")
    assert caught.value.response["Error"]["Code"] == "ResourceNotFound" and caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404
    cw.delete_alarms(AlarmNames=["a", "absent"])
    assert cw.describe_alarms()["MetricAlarms"] == [] and cw.list_tags_for_resource(ResourceARN=arn)["Tags"] == []
    own.advance_clock(120000)
    pages = cw.get_paginator("describe_alarm_history").paginate(AlarmName="a", PaginationConfig={"PageSize": 1})
    summaries = [h["HistorySummary"] for page in pages for h in page["AlarmHistoryItems"]]
    assert summaries == ['Alarm "a" deleted', "Alarm updated from INSUFFICIENT_DATA to ALARM", 'Alarm "a" created']


def test_tags_of_what_other_services_keep(own, cw):
    topics = own.client("sns")
    topic = topics.create_topic(Name="t", Tags=[{"Key": "a", "Value": "b"}])["TopicArn"]
    assert cw.list_tags_for_resource(ResourceARN=topic)["Tags"] == []
    for call, arguments in ((cw.tag_resource, {"Tags": [{"Key": "a", "Value": "c"}]}), (cw.untag_resource, {"TagKeys": ["a"]})):
        with pytest.raises(ClientError, match="Unable to find resource"):
            call(ResourceARN=topic, **arguments)
    assert topics.list_tags_for_resource(ResourceArn=topic)["Tags"] == [{"Key": "a", "Value": "b"}]


def test_a_summary_ends_after_255_characters(own, cw):
    name = "\u00e9" * 250
    cw.put_metric_alarm(AlarmName=name, Namespace="N", MetricName="m", Statistic="Sum", Period=60, EvaluationPeriods=1, Threshold=1, ComparisonOperator="GreaterThanThreshold")
    [created] = cw.describe_alarm_history(AlarmName=name, HistoryItemType="ConfigurationUpdate")["AlarmHistoryItems"]
    assert created["HistorySummary"] == f'Alarm "{name}" created'[:255]


def test_a_state_change_is_an_event(own, cw):
    events, sqs = own.client("events"), own.client("sqs")
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    queue = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": queue}]})})
    events.put_rule(Name="r", EventPattern=json.dumps({"detail-type": ["CloudWatch Alarm State Change"], "source": ["aws.cloudwatch"]}))
    events.put_targets(Rule="r", Targets=[{"Id": "q", "Arn": queue}])
    alarm(cw)
    cw.set_alarm_state(AlarmName="a", StateValue="ALARM", StateReason="testing")
    event = json.loads(sqs.receive_message(QueueUrl=url, WaitTimeSeconds=5)["Messages"][0]["Body"])
    assert event["detail"]["state"]["value"] == "ALARM" and event["detail"]["previousState"]["value"] == "INSUFFICIENT_DATA"
    assert event["detail"]["configuration"]["metrics"][0]["metricStat"]["metric"] == {"namespace": "n", "name": "m", "dimensions": {}}


def test_a_change_of_configuration_is_an_event(own, cw):
    events, sqs = own.client("events"), own.client("sqs")
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    queue = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": queue}]})})
    events.put_rule(Name="r", EventPattern=json.dumps({"detail-type": ["CloudWatch Alarm Configuration Change"], "source": ["aws.cloudwatch"]}))
    events.put_targets(Rule="r", Targets=[{"Id": "q", "Arn": queue}])

    def told():
        message, = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=5)["Messages"]
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return json.loads(message["Body"])["detail"]
    alarm(cw)
    made = told()
    assert (made["alarmName"], made["operation"], made["state"]["value"]) == ("a", "create", "INSUFFICIENT_DATA") and "previousConfiguration" not in made
    assert made["configuration"]["metrics"][0]["metricStat"]["metric"]["name"] == "m" and made["configuration"]["actionsEnabled"] is True
    alarm(cw, Threshold=77.0, AlarmDescription="new")
    changed = told()
    assert changed["operation"] == "update" and changed["configuration"]["threshold"] == 77 and changed["configuration"]["description"] == "new"
    assert {**changed["previousConfiguration"], "metrics": []} == {**made["configuration"], "metrics": []}  # the ids of metrics are made each time
    cw.delete_alarms(AlarmNames=["a"])
    assert told()["operation"] == "delete"


def test_an_alarm_on_metric_math(own, cw):
    def metric(id, name):
        return {"Id": id, "MetricStat": {"Metric": {"Namespace": "n", "MetricName": name}, "Period": 60, "Stat": "Sum"}, "ReturnData": False}
    account = own.client("sts").get_caller_identity()["Account"]
    math = {"AlarmName": "a", "EvaluationPeriods": 2, "DatapointsToAlarm": 1, "Threshold": 50.0, "ComparisonOperator": "GreaterThanThreshold",
            "Metrics": [{**metric("errors", "e"), "AccountId": account}, metric("all", "m"), {"Id": "rate", "Expression": "100 * errors / all", "Label": "Error rate"}]}
    cw.put_metric_alarm(**math)
    shown = now(cw)
    assert shown["Metrics"] == [{**m, "ReturnData": m.get("ReturnData", True)} if "Expression" in m else
                                {**m, "MetricStat": {**m["MetricStat"], "Metric": {**m["MetricStat"]["Metric"], "Dimensions": []}}} for m in math["Metrics"]]
    assert "MetricName" not in shown and "Period" not in shown and shown["Threshold"] == 50
    put(cw, 4.0)
    cw.put_metric_data(Namespace="n", MetricData=[{"MetricName": "e", "Value": 3.0}])
    own.advance_clock(61000)
    assert now(cw)["StateValue"] == "ALARM" and "1 out of the last 2 datapoints [75.0 (" in now(cw)["StateReason"]
    own.advance_clock(300000)
    assert now(cw)["StateValue"] == "INSUFFICIENT_DATA"
    for wrong, told in (({"Metrics": math["Metrics"][:2]}, "Exactly one element of the metrics list should return data."), ({"MetricName": "m"}, "Metrics list must not"),
                        ({"Metrics": [metric("m", "m"), {"Id": "e", "Expression": "m +"}]}, "Error in expression 'e'")):
        with pytest.raises(ClientError) as caught:
            cw.put_metric_alarm(**{**math, **wrong})
        assert caught.value.response["Error"]["Code"] == "ValidationError" and told in caught.value.response["Error"]["Message"]


def test_a_long_period_is_looked_at_each_minute(own, cw):
    alarm(cw, Period=300, Statistic="Maximum", TreatMissingData="ignore")
    put(cw, 30.0)
    own.advance_clock(62000)  # its five minutes end now, whatever the hour
    assert now(cw)["StateValue"] == "ALARM"
    own.advance_clock(60000 * 6)
    put(cw, 1.0)
    own.advance_clock(62000)
    assert now(cw)["StateValue"] == "OK"
