"""EventBridge Pipes through the front door: sources, filters, templates, targets, states, retries."""
import json
import time

import pytest
from kit import make_queue, name, receive, refused, until
from pipes_kit import bodies, counts, make_pipe, make_role, settled

ACCOUNT = "000000000000"
MINUTE, HOUR = 60_000, 3_600_000


@pytest.fixture
def pipes(brume):
    return brume.client("pipes")


@pytest.fixture
def role(brume):
    return make_role(brume, "sqs:*", "sns:*", "events:PutEvents", "dynamodb:*")


@pytest.fixture
def ends(sqs):
    """A queue to take from and one to send to."""
    class Ends:
        def __init__(self):
            self.url, self.source = make_queue(sqs)
            self.out, self.target = make_queue(sqs)
    return Ends()


# ---- life ----

def test_a_pipe_is_made_shown_changed_stopped_started_and_ended(brume, pipes, role, ends, sqs):
    pipe = name()
    made = pipes.create_pipe(Name=pipe, Source=ends.source, Target=ends.target, RoleArn=role, Description="d", Tags={"a": "1"},
                             SourceParameters={"FilterCriteria": {"Filters": [{"Pattern": '{"body": {"n": [1]}}'}]}, "SqsQueueParameters": {"BatchSize": 5}},
                             TargetParameters={"InputTemplate": '{"n": <$.body.n>}'})
    arn = f"arn:aws:pipes:us-east-1:{ACCOUNT}:pipe/{pipe}"
    assert (made["Arn"], made["Name"], made["DesiredState"], made["CurrentState"]) == (arn, pipe, "RUNNING", "CREATING")
    shown = settled(pipes, pipe)
    for member in ("ResponseMetadata", "CreationTime", "LastModifiedTime"):
        shown.pop(member)
    assert shown == {"Arn": arn, "Name": pipe, "Description": "d", "DesiredState": "RUNNING", "CurrentState": "RUNNING", "Source": ends.source, "Target": ends.target,
                     "SourceParameters": {"FilterCriteria": {"Filters": [{"Pattern": '{"body": {"n": [1]}}'}]}, "SqsQueueParameters": {"BatchSize": 5}},
                     "TargetParameters": {"InputTemplate": '{"n": <$.body.n>}'}, "RoleArn": role, "Tags": {"a": "1"}}
    refused("ConflictException", pipes.create_pipe, Name=pipe, Source=ends.source, Target=ends.target, RoleArn=role)
    refused("ConflictException", pipes.start_pipe, Name=pipe)
    assert pipes.stop_pipe(Name=pipe)["CurrentState"] == "STOPPING"
    until(lambda: pipes.describe_pipe(Name=pipe)["CurrentState"] == "STOPPED")
    refused("ConflictException", pipes.stop_pipe, Name=pipe)
    sqs.send_message(QueueUrl=ends.url, MessageBody='{"n": 1}')
    pipes.update_pipe(Name=pipe, RoleArn=role, TargetParameters={"InputTemplate": '{"m": <$.body.n>}'})
    until(lambda: pipes.describe_pipe(Name=pipe)["CurrentState"] == "STOPPED")
    assert counts(sqs, ends.url) == (1, 0)
    assert pipes.start_pipe(Name=pipe)["CurrentState"] == "STARTING"
    assert bodies(sqs, ends.out) == [{"m": 1}]
    assert [p["Name"] for p in pipes.list_pipes(NamePrefix=pipe, SourcePrefix=ends.source, CurrentState="RUNNING")["Pipes"]] == [pipe]
    assert pipes.list_pipes(NamePrefix=pipe, DesiredState="STOPPED")["Pipes"] == []
    pipes.tag_resource(resourceArn=arn, tags={"b": "2"})
    pipes.untag_resource(resourceArn=arn, tagKeys=["a"])
    assert pipes.list_tags_for_resource(resourceArn=arn)["tags"] == {"b": "2"}
    assert pipes.delete_pipe(Name=pipe)["CurrentState"] == "DELETING"

    def gone():
        try:
            return pipes.describe_pipe(Name=pipe) and False
        except pipes.exceptions.NotFoundException:
            return True
    until(gone)
    assert refused("NotFoundException", pipes.delete_pipe, Name=pipe) == f"Pipe {pipe} does not exist."
    sqs.send_message(QueueUrl=ends.url, MessageBody='{"n": 1}')
    assert counts(sqs, ends.out) == (0, 0) and counts(sqs, ends.url) == (1, 0)


def test_pages(pipes, role, ends):
    prefix = name("page")
    for i in range(5):
        pipes.create_pipe(Name=f"{prefix}-{i}", Source=ends.source, Target=ends.target, RoleArn=role, DesiredState="STOPPED")
    pages = list(pipes.get_paginator("list_pipes").paginate(NamePrefix=prefix, PaginationConfig={"PageSize": 2}))
    assert [p["Name"] for page in pages for p in page["Pipes"]] == [f"{prefix}-{i}" for i in range(5)] and len(pages) == 3


def test_what_is_refused(brume, pipes, role, ends):
    good = {"Name": name(), "Source": ends.source, "Target": ends.target, "RoleArn": role}

    def bad(code="ValidationException", **change):
        return refused(code, pipes.create_pipe, **{**good, **change})
    assert "Event pattern is not valid" in bad(SourceParameters={"FilterCriteria": {"Filters": [{"Pattern": '{"a": 1}'}]}})
    bad(TargetParameters={"InputTemplate": "<aws.pipes.nonsense>"})
    bad(SourceParameters={"SqsQueueParameters": {"BatchSize": 100}})
    bad(SourceParameters={"DynamoDBStreamParameters": {"StartingPosition": "LATEST"}})
    bad(Target=ends.target + ".fifo")
    bad(Target=f"arn:aws:sns:us-east-1:{ACCOUNT}:t", TargetParameters={"SqsQueueParameters": {"MessageGroupId": "g"}})
    bad(Source=ends.source.replace(ACCOUNT, "111122223333"))
    bad(RoleArn="arn:aws:iam::111122223333:role/r")
    for absent in ({"Source": f"arn:aws:kinesis:us-east-1:{ACCOUNT}:stream/s"}, {"Target": f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:f"},
                   {"Enrichment": f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:f"}, {"KmsKeyIdentifier": "k"}):
        assert "brume does not have" in bad("NotImplemented", **absent)


@pytest.mark.as_root
def test_the_role_must_have_the_rights(brume, pipes, ends, sqs):
    untrusting, blind = make_role(brume, "sqs:*", trusts="events.amazonaws.com"), make_role(brume, "sqs:SendMessage")
    for role, reason in ((untrusting, "trust policy"), (blind, "sqs:getqueueattributes")):
        pipe = name()
        pipes.create_pipe(Name=pipe, Source=ends.source, Target=ends.target, RoleArn=role)
        shown = settled(pipes, pipe)
        assert shown["CurrentState"] == "CREATE_FAILED" and reason in shown["StateReason"].lower()
    missing = name()
    pipes.create_pipe(Name=missing, Source=ends.source + "x", Target=ends.target, RoleArn=make_role(brume, "sqs:*"))
    assert "not exist" in settled(pipes, missing)["StateReason"]
    reader = make_role(brume, "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")  # may not send
    make_pipe(brume, ends.source, ends.target, reader)
    sqs.send_message(QueueUrl=ends.url, MessageBody="m")
    until(lambda: counts(sqs, ends.url) == (0, 1))
    assert counts(sqs, ends.out) == (0, 0)
    iam = brume.client("iam")
    iam.create_user(UserName=pipe)
    iam.put_user_policy(UserName=pipe, PolicyName="p", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "pipes:*", "Resource": "*"}]}))
    key = iam.create_access_key(UserName=pipe)["AccessKey"]
    mine = brume.client("pipes", account=key["AccessKeyId"], secret=key["SecretAccessKey"])
    assert "iam:PassRole" in refused("AccessDeniedException", mine.create_pipe, Name=name(), Source=ends.source, Target=ends.target, RoleArn=reader)


# ---- from a queue ----

def test_a_message_as_event(brume, role, ends, sqs):
    make_pipe(brume, ends.source, ends.target, role)
    sent = sqs.send_message(QueueUrl=ends.url, MessageBody="plain words", MessageAttributes={"color": {"DataType": "String", "StringValue": "red"}})
    [event] = bodies(sqs, ends.out)
    assert event.pop("receiptHandle") and event["attributes"]["ApproximateReceiveCount"] == "1" and event["attributes"]["SentTimestamp"]
    event.pop("attributes")
    assert event == {"messageId": sent["MessageId"], "body": "plain words", "md5OfBody": sent["MD5OfMessageBody"], "eventSource": "aws:sqs", "eventSourceARN": ends.source,
                     "awsRegion": "us-east-1",
                     "messageAttributes": {"color": {"stringValue": "red", "stringListValues": [], "binaryListValues": [], "dataType": "String"}}}
    until(lambda: counts(sqs, ends.url) == (0, 0))


def test_filters_and_templates_see_the_json_in_a_body(brume, role, ends, sqs):
    pipe = make_pipe(brume, ends.source, ends.target, role,
                     SourceParameters={"FilterCriteria": {"Filters": [{"Pattern": '{"body": {"kind": ["order"], "total": [{"numeric": [">", 10]}]}}'}, {"Pattern": '{"body": ["words"]}'}]}},
                     TargetParameters={"InputTemplate": '{"id": <$.body.id>, "first": <$.body.items[0].name>, "text": "got <$.body.id> of <aws.pipes.pipe-name>", '
                                                        '"from": <aws.pipes.source-arn>, "none": <$.body.nothing>, "all": <aws.pipes.event.json>}'})
    for body in ({"kind": "order", "total": 5}, {"kind": "order", "total": 50, "id": "a", "items": [{"name": "x"}]}, {"kind": "other", "total": 50}):
        sqs.send_message(QueueUrl=ends.url, MessageBody=json.dumps(body))
    sqs.send_message(QueueUrl=ends.url, MessageBody="words")
    sqs.send_message(QueueUrl=ends.url, MessageBody="other words")
    got = bodies(sqs, ends.out, 2)
    order = next(g for g in got if g["id"])
    assert (order["id"], order["first"], order["text"], order["from"], order["none"]) == ("a", "x", f"got a of {pipe}", ends.source, "")
    assert isinstance(order["all"]["body"], str) and [g["all"]["body"] for g in got if not g["id"]] == ["words"]
    until(lambda: counts(sqs, ends.url) == (0, 0))  # what does not pass is taken, too
    assert counts(sqs, ends.out) == (0, 0)


def test_many_messages_go_through_once(brume, role, ends, sqs):
    make_pipe(brume, ends.source, ends.target, role, TargetParameters={"InputTemplate": "<$.body.n>"})
    for i in range(0, 300, 10):
        sqs.send_message_batch(QueueUrl=ends.url, Entries=[{"Id": str(j), "MessageBody": json.dumps({"n": i + j})} for j in range(10)])
    assert sorted(bodies(sqs, ends.out, 300)) == list(range(300))
    until(lambda: counts(sqs, ends.url) == (0, 0))


def test_a_fifo_queue_to_a_fifo_queue_keeps_order(brume, role, sqs):
    fifo = {"FifoQueue": "true", "ContentBasedDeduplication": "true"}
    (url, source), (out, target) = make_queue(sqs, **fifo), make_queue(sqs, **fifo)
    make_pipe(brume, source, target, role, TargetParameters={"InputTemplate": "<$.body.n>", "SqsQueueParameters": {"MessageGroupId": "$.body.group"}})
    for i in range(20):
        sqs.send_message(QueueUrl=url, MessageGroupId="in", MessageBody=json.dumps({"n": i, "group": "ab"[i % 2]}))
    got = receive(sqs, out, 20)
    for group, numbers in (("a", range(0, 20, 2)), ("b", range(1, 20, 2))):
        assert [int(m["Body"]) for m in got if m["Attributes"]["MessageGroupId"] == group] == list(numbers)


def test_a_topic_and_a_bus(brume, role, ends, sqs):
    sns, events = brume.client("sns"), brume.client("events")
    sqs.set_queue_attributes(QueueUrl=ends.out, Attributes={"Policy": json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": ["events.amazonaws.com", "sns.amazonaws.com"]}, "Action": "sqs:SendMessage", "Resource": ends.target}]})})
    topic = sns.create_topic(Name=name("t"))["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=ends.target, Attributes={"RawMessageDelivery": "true"})
    pipe = make_pipe(brume, ends.source, topic, role, TargetParameters={"InputTemplate": "<$.body>"})
    sqs.send_message(QueueUrl=ends.url, MessageBody='{"n": 1}')
    assert bodies(sqs, ends.out) == [{"n": 1}]
    bus = events.create_event_bus(Name=name("bus"))["EventBusArn"]
    events.put_rule(Name="r", EventBusName=bus, EventPattern='{"account": ["' + ACCOUNT + '"]}')
    events.put_targets(Rule="r", EventBusName=bus, Targets=[{"Id": "t", "Arn": ends.target}])
    brume.client("pipes").update_pipe(Name=pipe, RoleArn=role, Target=bus, TargetParameters={"InputTemplate": '{"n": <$.body.n>}'})
    settled(brume.client("pipes"), pipe)
    sqs.send_message(QueueUrl=ends.url, MessageBody='{"n": 2}')
    [event] = bodies(sqs, ends.out)
    assert (event["source"], event["detail-type"], event["detail"]) == (f"Pipe {pipe}", "Event from aws:sqs", {"n": 2})
    brume.client("pipes").update_pipe(Name=pipe, RoleArn=role, TargetParameters={"InputTemplate": '{"n": <$.body.n>}', "EventBridgeEventBusParameters": {
        "Source": "$.body.from", "DetailType": "Typed", "Resources": ["$.body.from"], "Time": "$.body.at"}})
    settled(brume.client("pipes"), pipe)
    sqs.send_message(QueueUrl=ends.url, MessageBody='{"n": 3, "from": "shop", "at": "2026-01-02T03:04:05Z"}')
    [event] = bodies(sqs, ends.out)
    assert (event["source"], event["detail-type"], event["resources"], event["time"], event["detail"]) == ("shop", "Typed", ["shop"], "2026-01-02T03:04:05Z", {"n": 3})


def test_a_log_group(brume, ends, sqs):
    logs, group, role = brume.client("logs"), name("/group"), make_role(brume, "sqs:*", "logs:PutLogEvents")
    logs.create_log_group(logGroupName=group)
    logs.create_log_stream(logGroupName=group, logStreamName="stream-a")
    make_pipe(brume, ends.source, f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:{group}", role, TargetParameters={
        "InputTemplate": "line <$.body.n>", "CloudWatchLogsParameters": {"LogStreamName": "$.body.stream", "Timestamp": "$.body.at"}})
    at = int(time.time() * 1000) - 5000
    sqs.send_message(QueueUrl=ends.url, MessageBody=json.dumps({"n": 1, "stream": "stream-a", "at": at}))
    until(lambda: logs.filter_log_events(logGroupName=group)["events"])
    [event] = logs.filter_log_events(logGroupName=group)["events"]
    assert (event["logStreamName"], event["timestamp"], event["message"]) == ("stream-a", at, "line 1")


def test_what_the_target_refuses_ends_in_the_sources_dead_letter_queue(start_brume):
    brume = start_brume()
    sqs, role = brume.client("sqs"), make_role(brume, "sqs:*")
    dead, dead_arn = make_queue(sqs)
    url, source = make_queue(sqs, VisibilityTimeout="30", RedrivePolicy=json.dumps({"deadLetterTargetArn": dead_arn, "maxReceiveCount": 2}))
    make_pipe(brume, source, f"arn:aws:sqs:us-east-1:{ACCOUNT}:not-there", role)
    sqs.send_message(QueueUrl=url, MessageBody="m")
    until(lambda: counts(sqs, url) == (0, 1))
    brume.advance_clock(MINUTE)
    brume.advance_clock(MINUTE)
    assert [m["Body"] for m in receive(sqs, dead)] == ["m"]


def test_a_delayed_message_and_a_window_are_waited_for(start_brume):
    brume = start_brume()
    sqs, role = brume.client("sqs"), make_role(brume, "sqs:*")
    (url, source), (out, target) = make_queue(sqs), make_queue(sqs)
    make_pipe(brume, source, target, role, TargetParameters={"InputTemplate": "<$.body>"},
              SourceParameters={"SqsQueueParameters": {"MaximumBatchingWindowInSeconds": 60, "BatchSize": 100}})
    sqs.send_message(QueueUrl=url, MessageBody="1", DelaySeconds=600)
    brume.advance_clock(10 * MINUTE + 1000)
    assert counts(sqs, out) == (0, 0)
    brume.advance_clock(MINUTE)
    assert bodies(sqs, out) == [1]


def test_nothing_is_lost_or_doubled_when_the_power_fails(start_brume):
    brume = start_brume()
    sqs, role = brume.client("sqs"), make_role(brume, "sqs:*")
    (url, source), (out, target) = make_queue(sqs), make_queue(sqs)
    make_pipe(brume, source, target, role, TargetParameters={"InputTemplate": "<$.body>"})
    for i in range(0, 100, 10):
        sqs.send_message_batch(QueueUrl=url, Entries=[{"Id": str(j), "MessageBody": str(i + j)} for j in range(10)])
    brume.kill()
    brume.start()
    sqs = brume.client("sqs")
    assert sorted(bodies(sqs, out, 100)) == list(range(100))
    assert counts(sqs, url) == (0, 0)


# ---- from a table's stream ----

def make_table(brume, view="NEW_AND_OLD_IMAGES"):
    dynamodb, table = brume.client("dynamodb"), name("table")
    made = dynamodb.create_table(TableName=table, KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}], BillingMode="PAY_PER_REQUEST",
                                 AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}], StreamSpecification={"StreamEnabled": True, "StreamViewType": view})
    until(lambda: dynamodb.describe_table(TableName=table)["Table"]["TableStatus"] == "ACTIVE")

    def put(id, **more):
        dynamodb.put_item(TableName=table, Item={"id": {"S": id}, **more})
    return made["TableDescription"]["LatestStreamArn"], put


def test_changes_of_a_table(brume, role, sqs):
    stream, put = make_table(brume)
    put("before")
    out, target = make_queue(sqs)
    make_pipe(brume, stream, target, role, SourceParameters={"DynamoDBStreamParameters": {"StartingPosition": "TRIM_HORIZON"},
                                                             "FilterCriteria": {"Filters": [{"Pattern": '{"eventName": ["INSERT"], "dynamodb": {"Keys": {"id": {"S": [{"anything-but": "no"}]}}}}'}]}})
    [event] = bodies(sqs, out)
    assert event["eventSource"] == "aws:dynamodb" and event["eventSourceARN"] == stream and event["dynamodb"]["NewImage"] == {"id": {"S": "before"}}
    assert event["eventName"] == "INSERT" and event["awsRegion"] == "us-east-1" and event["eventID"] and event["dynamodb"]["StreamViewType"] == "NEW_AND_OLD_IMAGES"
    put("no")
    put("before", n={"N": "1"})  # a change, not an insertion
    put("after")
    assert [e["dynamodb"]["Keys"]["id"]["S"] for e in bodies(sqs, out)] == ["after"]


def test_from_the_latest_and_on_after_a_stop(brume, pipes, role, sqs):
    stream, put = make_table(brume)
    put("old")
    out, target = make_queue(sqs)
    pipe = make_pipe(brume, stream, target, role, SourceParameters={"DynamoDBStreamParameters": {"StartingPosition": "LATEST"}},
                     TargetParameters={"InputTemplate": "<$.dynamodb.Keys.id.S>"})
    put("a")
    assert bodies(sqs, out) == ["a"]
    pipes.stop_pipe(Name=pipe)
    until(lambda: pipes.describe_pipe(Name=pipe)["CurrentState"] == "STOPPED")
    put("b")
    pipes.start_pipe(Name=pipe)
    put("c")
    assert bodies(sqs, out, 2) == ["b", "c"]


def test_a_pipe_that_waits_at_the_latest_for_long_and_over_shards(start_brume):
    brume = start_brume()
    sqs, role = brume.client("sqs"), make_role(brume, "sqs:*", "dynamodb:*")
    stream, put = make_table(brume)
    out, target = make_queue(sqs)
    make_pipe(brume, stream, target, role, SourceParameters={"DynamoDBStreamParameters": {"StartingPosition": "LATEST"}},
              TargetParameters={"InputTemplate": "<$.dynamodb.Keys.id.S>"})
    brume.advance_clock(3 * HOUR)
    put("a")
    assert bodies(sqs, out) == ["a"]
    for i in range(4):
        brume.advance_clock(5 * HOUR)  # a new shard
        put(f"s{i}")
        assert bodies(sqs, out) == [f"s{i}"]


@pytest.mark.parametrize("bisect", [False, True])
def test_a_record_that_the_target_refuses(start_brume, bisect):
    brume = start_brume()
    sqs, role = brume.client("sqs"), make_role(brume, "sqs:*", "dynamodb:*")
    stream, put = make_table(brume)
    out, target = make_queue(sqs, FifoQueue="true", ContentBasedDeduplication="true")
    dead, dead_arn = make_queue(sqs)
    for id in ("a", "b", "bad", "c"):
        put(id, **({} if id == "bad" else {"group": {"S": "g"}}))  # a message of no group is refused
    parameters = {"StartingPosition": "TRIM_HORIZON", "MaximumRetryAttempts": 2, "DeadLetterConfig": {"Arn": dead_arn}}
    if bisect:
        parameters["OnPartialBatchItemFailure"] = "AUTOMATIC_BISECT"
    make_pipe(brume, stream, target, role, SourceParameters={"DynamoDBStreamParameters": parameters},
              TargetParameters={"InputTemplate": "<$.dynamodb.Keys.id.S>", "SqsQueueParameters": {"MessageGroupId": "$.dynamodb.NewImage.group.S"}})
    brume.advance_clock(MINUTE)
    put("d", group={"S": "g"})
    wanted = ["a", "b", "c", "d"] if bisect else ["d"]
    assert bodies(sqs, out, len(wanted)) == wanted
    assert [m["DDBStreamBatchInfo"]["batchSize"] for m in bodies(sqs, dead)] == [1 if bisect else 4]


def test_a_dead_target_of_a_stream(start_brume):
    brume = start_brume()
    sqs, role = brume.client("sqs"), make_role(brume, "sqs:*", "dynamodb:*")
    stream, put = make_table(brume)
    late = name("late")
    dead, dead_arn = make_queue(sqs)
    for id in ("a", "b", "c"):
        put(id)
    pipe = make_pipe(brume, stream, f"arn:aws:sqs:us-east-1:{ACCOUNT}:{late}", role, TargetParameters={"InputTemplate": "<$.dynamodb.Keys.id.S>"},
                     SourceParameters={"DynamoDBStreamParameters": {"StartingPosition": "TRIM_HORIZON", "MaximumRetryAttempts": 2, "DeadLetterConfig": {"Arn": dead_arn}}})
    brume.advance_clock(MINUTE)
    [letter] = bodies(sqs, dead)
    info = letter["DDBStreamBatchInfo"]
    assert letter["context"] == {"partnerResourceArn": f"arn:aws:pipes:us-east-1:{ACCOUNT}:pipe/{pipe}", "condition": "RetryAttemptsExhausted"}
    assert (info["batchSize"], info["streamArn"]) == (3, stream) and info["startSequenceNumber"] < info["endSequenceNumber"] and info["shardId"].startswith("shardId-")
    put("d")
    brume.advance_clock(1000)
    url = sqs.create_queue(QueueName=late)["QueueUrl"]
    brume.advance_clock(MINUTE)
    assert bodies(sqs, url) == ["d"]  # tried again, with its target there
