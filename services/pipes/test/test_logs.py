"""What a pipe tells of itself in a log group."""
import json

import pytest
from kit import make_queue, name, refused, until
from pipes_kit import make_destination, make_pipe, make_role, settled

ACCOUNT = "000000000000"


class Log:
    def __init__(self, brume):
        self.logs, self.group = brume.client("logs"), name("/aws/vendedlogs/pipes")
        self.logs.create_log_group(logGroupName=self.group)
        self.arn = f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:{self.group}"

    def to(self, level, **more):
        return {"LogConfiguration": {"Level": level, "CloudwatchLogsLogDestination": {"LogGroupArn": self.arn}, **more}}

    def records(self):
        return [json.loads(e["message"]) for e in self.logs.filter_log_events(logGroupName=self.group)["events"]]

    def until(self, last, n=1):
        until(lambda: [r["messageType"] for r in self.records()].count(last) == n)
        return self.records()


@pytest.fixture
def log(brume):
    return Log(brume)


@pytest.fixture
def role(brume):
    return make_role(brume, "sqs:*", "logs:*", "events:InvokeApiDestination")


def steps(records):
    return [(r["logLevel"], r["messageType"]) for r in records]


def test_every_step_with_its_data(brume, sqs, log, role):
    (url, source), (_, target) = make_queue(sqs, VisibilityTimeout="600"), make_queue(sqs)
    pipe = make_pipe(brume, source, target, role, TargetParameters={"InputTemplate": "<$.body.n>"}, **log.to("TRACE", IncludeExecutionData=["ALL"]))
    shown = brume.client("pipes").describe_pipe(Name=pipe)["LogConfiguration"]
    assert shown == log.to("TRACE", IncludeExecutionData=["ALL"])["LogConfiguration"]
    sqs.send_message(QueueUrl=url, MessageBody='{"n": 7}')
    records = log.until("EXECUTION_SUCCEEDED")
    assert steps(records) == [("INFO", "EXECUTION_STARTED"), ("INFO", "TARGET_STAGE_ENTERED"), ("TRACE", "TARGET_TRANSFORMATION_STARTED"), ("TRACE", "TARGET_TRANSFORMATION_SUCCEEDED"),
                              ("TRACE", "TARGET_INVOCATION_STARTED"), ("TRACE", "TARGET_INVOCATION_SUCCEEDED"), ("INFO", "TARGET_STAGE_SUCCEEDED"), ("INFO", "EXECUTION_SUCCEEDED")]
    assert len({r["executionId"] for r in records}) == 1 and {r["resourceArn"] for r in records} == {f"arn:aws:pipes:us-east-1:{ACCOUNT}:pipe/{pipe}"}
    assert json.loads(records[0]["payload"])["body"] == '{"n": 7}' and records[3]["payload"] == "7" and isinstance(records[0]["timestamp"], int)


def test_levels_and_failures(brume, sqs, log, role):
    (url, source), info, failures = make_queue(sqs, VisibilityTimeout="600"), log, Log(brume)
    pipe = make_pipe(brume, source, f"arn:aws:sqs:us-east-1:{ACCOUNT}:not-there", role, **failures.to("ERROR"))
    sqs.send_message(QueueUrl=url, MessageBody="m")
    records = failures.until("EXECUTION_FAILED")
    assert steps(records) == [("ERROR", "TARGET_INVOCATION_FAILED"), ("ERROR", "TARGET_STAGE_FAILED"), ("ERROR", "EXECUTION_FAILED")]
    assert records[0]["error"]["awsService"] == "sqs" and records[0]["error"]["httpStatusCode"] == 400 and "not exist" in records[0]["error"]["message"]
    pipes, (_, target) = brume.client("pipes"), make_queue(sqs)
    pipes.update_pipe(Name=pipe, RoleArn=role, Target=target, **info.to("INFO"))
    settled(pipes, pipe)
    sqs.send_message(QueueUrl=url, MessageBody="secret")
    records = info.until("EXECUTION_SUCCEEDED")
    assert steps(records) == [("INFO", m) for m in ("EXECUTION_STARTED", "TARGET_STAGE_ENTERED", "TARGET_STAGE_SUCCEEDED", "EXECUTION_SUCCEEDED")]
    assert not any("payload" in r for r in records)  # data was not asked for
    pipes.update_pipe(Name=pipe, RoleArn=role, LogConfiguration={"Level": "OFF"})
    assert settled(pipes, pipe)["LogConfiguration"] == {"Level": "OFF"}


def test_an_execution_by_way_of_an_enrichment(brume, sqs, log, role, endpoint):
    (url, source), (_, target) = make_queue(sqs, VisibilityTimeout="600"), make_queue(sqs)
    endpoint.answers[:] = [(200, '{"v": 1}'), (200, "{}"), 500]
    make_pipe(brume, source, target, role, Enrichment=make_destination(brume, endpoint.url), **log.to("TRACE"))
    sqs.send_message(QueueUrl=url, MessageBody="m")
    whole = log.until("EXECUTION_SUCCEEDED")
    sqs.send_message(QueueUrl=url, MessageBody="m")
    filtered = log.until("EXECUTION_SUCCEEDED", 2)[len(whole):]
    sqs.send_message(QueueUrl=url, MessageBody="m")
    failed = log.until("EXECUTION_FAILED")[len(whole) + len(filtered):]
    begun = ["EXECUTION_STARTED", "ENRICHMENT_STAGE_ENTERED", "ENRICHMENT_INVOCATION_STARTED"]
    enriched = begun + ["ENRICHMENT_INVOCATION_SUCCEEDED", "ENRICHMENT_STAGE_SUCCEEDED"]
    assert [r["messageType"] for r in whole] == enriched + ["TARGET_STAGE_ENTERED", "TARGET_INVOCATION_STARTED", "TARGET_INVOCATION_SUCCEEDED", "TARGET_STAGE_SUCCEEDED",
                                                            "EXECUTION_SUCCEEDED"]
    assert [r["messageType"] for r in filtered] == enriched + ["TARGET_STAGE_SKIPPED", "EXECUTION_SUCCEEDED"]
    assert [r["messageType"] for r in failed] == begun + ["ENRICHMENT_INVOCATION_FAILED", "ENRICHMENT_STAGE_FAILED", "EXECUTION_FAILED"]
    assert failed[-1]["error"]["message"] == "The endpoint answered with status 500."
    assert [len({r["executionId"] for r in records}) for records in (whole, filtered, failed)] == [1, 1, 1]


def test_a_long_event_is_cut(brume, sqs, log, role):
    (url, source), (_, target) = make_queue(sqs, VisibilityTimeout="600"), make_queue(sqs)
    make_pipe(brume, source, target, role, **log.to("INFO", IncludeExecutionData=["ALL"]), TargetParameters={"InputTemplate": "x"})
    sqs.send_message(QueueUrl=url, MessageBody="ü\"" * 60000)
    record = log.until("EXECUTION_SUCCEEDED")[0]
    assert record["truncatedFields"] == ["payload"] and 40000 < len(record["payload"]) < 200000 and "ü" in record["payload"]


def test_what_is_refused(brume, sqs, log, role):
    pipes, (_, source), (_, target) = brume.client("pipes"), make_queue(sqs), make_queue(sqs)
    good = {"Name": name(), "Source": source, "Target": target, "RoleArn": role}
    refused("ValidationException", pipes.create_pipe, **good, LogConfiguration={"Level": "INFO"})
    for absent in ({"FirehoseLogDestination": {"DeliveryStreamArn": f"arn:aws:firehose:us-east-1:{ACCOUNT}:deliverystream/d"}},
                   {"S3LogDestination": {"BucketName": "bucket-of-logs", "BucketOwner": ACCOUNT}}):
        assert list(absent)[0] in refused("NotImplemented", pipes.create_pipe, **good, LogConfiguration={"Level": "INFO", **absent})
