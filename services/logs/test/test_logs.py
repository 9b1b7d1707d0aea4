"""CloudWatch Logs through the front door: groups, streams, events put and read."""
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
    group = name("/t/group")
    logs.create_log_group(logGroupName=group)
    logs.create_log_stream(logGroupName=group, logStreamName="s")
    yield group
    logs.delete_log_group(logGroupName=group)


def put(logs, group, events, stream="s"):
    return logs.put_log_events(logGroupName=group, logStreamName=stream,
                               logEvents=[{"timestamp": at, "message": message} for at, message in events])


def messages(answer):
    return [e["message"] for e in answer["events"]]


# ---- groups ----


def test_groups_are_described(logs):
    prefix = name("/d")
    for i in range(3):
        logs.create_log_group(logGroupName=f"{prefix}/{i}", tags={"n": str(i)})
    one = logs.describe_log_groups(logGroupNamePrefix=prefix)["logGroups"]
    assert [g["logGroupName"] for g in one] == [f"{prefix}/{i}" for i in range(3)]
    assert one[0].keys() == {"arn", "creationTime", "deletionProtectionEnabled", "logGroupArn", "logGroupClass", "logGroupName", "metricFilterCount", "storedBytes"}
    assert one[0]["arn"] == one[0]["logGroupArn"] + ":*"
    assert one[0]["logGroupArn"] == f"arn:aws:logs:us-east-1:000000000000:log-group:{prefix}/0"
    pages = list(logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=prefix, PaginationConfig={"PageSize": 2}))
    assert [len(p["logGroups"]) for p in pages] == [2, 1]
    assert len(logs.describe_log_groups(logGroupNamePattern=prefix.upper())["logGroups"]) == 3
    assert [g["logGroupName"] for g in logs.list_log_groups(logGroupNamePattern=f"^{prefix[:20]}|nothing")["logGroups"]] == [f"{prefix}/{i}" for i in range(3)]
    assert logs.list_log_groups(logGroupNamePattern="nothing-at-all")["logGroups"] == []
    tagged = logs.list_log_groups(logGroupNamePattern=f"^{prefix[:20]}", logGroupTags=[{"key": "n", "values": ["!1"]}])["logGroups"]
    assert [g["logGroupName"] for g in tagged] == [f"{prefix}/0", f"{prefix}/2"]
    found = logs.describe_log_groups(logGroupIdentifiers=[f"{prefix}/1", one[2]["logGroupArn"]])["logGroups"]
    assert [g["logGroupName"] for g in found] == [f"{prefix}/1", f"{prefix}/2"]
    assert refused("ResourceAlreadyExistsException", logs.create_log_group, logGroupName=f"{prefix}/0") == "The specified log group already exists"
    logs.delete_log_group(logGroupName=f"{prefix}/0")
    assert refused("ResourceNotFoundException", logs.delete_log_group, logGroupName=f"{prefix}/0") == "The specified log group does not exist."


def test_deletion_protection(logs):
    group = name()
    logs.create_log_group(logGroupName=group, deletionProtectionEnabled=True, logGroupClass="INFREQUENT_ACCESS")
    refused("ValidationException", logs.delete_log_group, logGroupName=group)
    logs.put_log_group_deletion_protection(logGroupIdentifier=group, deletionProtectionEnabled=False)
    shown = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"][0]
    assert (shown["deletionProtectionEnabled"], shown["logGroupClass"]) == (False, "INFREQUENT_ACCESS")
    logs.delete_log_group(logGroupName=group)


def test_tags_old_and_new(logs):
    group = name()
    logs.create_log_group(logGroupName=group, tags={"env": "testing1"})
    arn = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"][0]["logGroupArn"]
    logs.tag_resource(resourceArn=arn, tags={"test1": "val1", "test2": "val2"})
    assert logs.list_tags_log_group(logGroupName=group)["tags"] == {"env": "testing1", "test1": "val1", "test2": "val2"}
    logs.tag_log_group(logGroupName=group, tags={"test1": "val1", "test3": "val3"})
    assert logs.list_tags_for_resource(resourceArn=arn)["tags"] == {"env": "testing1", "test1": "val1", "test2": "val2", "test3": "val3"}
    logs.untag_log_group(logGroupName=group, tags=["test1"])
    logs.untag_resource(resourceArn=arn, tagKeys=["env", "test3"])
    assert logs.list_tags_for_resource(resourceArn=arn)["tags"] == {"test2": "val2"}
    refused("ResourceNotFoundException", logs.list_tags_for_resource, resourceArn=arn + "x")
    refused("TooManyTagsException", logs.tag_resource, resourceArn=arn, tags={f"k{i}": "v" for i in range(50)})


# ---- streams ----


def test_streams_are_described(logs):
    group = name()
    logs.create_log_group(logGroupName=group)
    for stream in ("b", "a", "c"):
        logs.create_log_stream(logGroupName=group, logStreamName=stream)
    assert refused("ResourceAlreadyExistsException", logs.create_log_stream, logGroupName=group, logStreamName="a") == "The specified log stream already exists"
    one = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix="a")["logStreams"]
    assert one[0].keys() == {"arn", "creationTime", "logStreamName", "storedBytes"}
    assert one[0]["arn"].endswith(f":log-group:{group}:log-stream:a")
    at = now()
    put(logs, group, [(at - 5000, "x"), (at - 2000, "y")], "b")
    put(logs, group, [(at - 3000, "x")], "c")
    shown = logs.describe_log_streams(logGroupName=group, orderBy="LastEventTime", descending=True)["logStreams"]
    assert [s["logStreamName"] for s in shown] == ["b", "c", "a"]
    assert (shown[0]["firstEventTimestamp"], shown[0]["lastEventTimestamp"]) == (at - 5000, at - 2000)
    assert shown[0]["uploadSequenceToken"].isdigit() and abs(shown[0]["lastIngestionTime"] - at) < 60000
    for how in ({}, {"descending": True}, {"orderBy": "LastEventTime"}, {"orderBy": "LastEventTime", "descending": True}):
        whole = [s["logStreamName"] for s in logs.describe_log_streams(logGroupName=group, **how)["logStreams"]]
        pages = list(logs.get_paginator("describe_log_streams").paginate(logGroupName=group, PaginationConfig={"PageSize": 1}, **how))
        assert [s["logStreamName"] for p in pages for s in p["logStreams"]] == whole and len(whole) == 3
    refused("InvalidParameterException", logs.describe_log_streams, logGroupName=group, orderBy="LastEventTime", logStreamNamePrefix="a")
    logs.delete_log_stream(logGroupName=group, logStreamName="b")
    assert [s["logStreamName"] for s in logs.describe_log_streams(logGroupIdentifier=group)["logStreams"]] == ["a", "c"]
    refused("ResourceNotFoundException", logs.get_log_events, logGroupName=group, logStreamName="b")
    logs.create_log_stream(logGroupName=group, logStreamName="b")
    assert messages(logs.get_log_events(logGroupName=group, logStreamName="b")) == []


# ---- put ----


def test_what_is_put_is_read(logs, group):
    at = now()
    answer = put(logs, group, [(at - 2, "one"), (at - 1, "two\nlines \u2603"), (at - 1, "three")])
    assert "rejectedLogEventsInfo" not in answer and answer["nextSequenceToken"].isdigit()
    events = logs.get_log_events(logGroupName=group, logStreamName="s")["events"]
    assert [(e["timestamp"], e["message"]) for e in events] == [(at - 2, "one"), (at - 1, "two\nlines \u2603"), (at - 1, "three")]
    assert abs(events[0]["ingestionTime"] - at) < 60000
    assert logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"][0]["storedBytes"] == 3 * 26 + 3 + 13 + 5


def test_sequence_tokens_are_taken_and_ignored(logs, group):
    for _ in range(2):
        logs.put_log_events(logGroupName=group, logStreamName="s", logEvents=[{"timestamp": now(), "message": "m"}], sequenceToken="whatever")
    assert len(logs.get_log_events(logGroupName=group, logStreamName="s")["events"]) == 2


def test_too_old_too_new_expired(logs, group):
    at = now()
    answer = put(logs, group, [(at - 15 * DAY, "old"), (at - 15 * DAY + 1, "old")])
    assert answer["rejectedLogEventsInfo"] == {"tooOldLogEventEndIndex": 2}
    answer = put(logs, group, [(at, "good"), (at + 3 * DAY // 24, "new")])
    assert answer["rejectedLogEventsInfo"] == {"tooNewLogEventStartIndex": 1}
    logs.put_retention_policy(logGroupName=group, retentionInDays=1)
    answer = put(logs, group, [(at - DAY - 60000, "expired"), (at - 60000, "good")])
    assert answer["rejectedLogEventsInfo"] == {"expiredLogEventEndIndex": 1}
    assert messages(logs.get_log_events(logGroupName=group, logStreamName="s")) == ["good", "good"]


def test_limits_of_an_upload(logs, group):
    at = now()
    assert refused("InvalidParameterException", put, logs=logs, group=group, events=[(at, "b"), (at - 1, "a")]) == \
        "Log events in a single PutLogEvents request must be in chronological order."
    assert refused("InvalidParameterException", put, logs=logs, group=group, events=[(at - DAY - 1, "a"), (at, "b")]) == \
        "The batch of log events in a single PutLogEvents request cannot span more than 24 hours."
    assert refused("InvalidParameterException", put, logs=logs, group=group, events=[(at, "x" * (1 << 20))]) == \
        "Upload too large: 1048602 bytes exceeds limit of 1048576"
    assert "failed to satisfy constraint" in refused("InvalidParameterException", put, logs=logs, group=group, events=[(at, "x")] * 10001)
    put(logs, group, [(at, "y" * ((1 << 20) - 26))])
    put(logs, group, [(at, str(i)) for i in range(10000)])
    assert refused("ResourceNotFoundException", put, logs=logs, group=group, events=[(at, "b")], stream="absent") == "The specified log stream does not exist."
    refused("ResourceNotFoundException", put, logs=logs, group=group + "x", events=[(at, "b")])


# ---- read ----


def test_pages_forward_and_backward(logs, group):
    at = now() - 100000
    for batch in range(5):
        put(logs, group, [(at + batch * 1000 + i // 2, f"{batch * 20 + i}") for i in range(20)])
    everything = [str(i) for i in range(100)]
    read = lambda **more: logs.get_log_events(logGroupName=group, logStreamName="s", **more)
    assert messages(read()) == everything
    assert messages(read(limit=7)) == everything[-7:]
    assert messages(read(limit=7, startFromHead=True)) == everything[:7]
    assert messages(read(startTime=at + 1000, endTime=at + 2000, startFromHead=True)) == everything[20:40]
    got, answer = [], read(limit=30, startFromHead=True)
    while answer["events"]:
        got += messages(answer)
        token = answer["nextForwardToken"]
        answer = read(limit=30, nextToken=token, startFromHead=True)
    assert got == everything and answer["nextForwardToken"] == token
    back, answer = [], read(limit=30)
    while answer["events"]:
        back = messages(answer) + back
        token = answer["nextBackwardToken"]
        answer = read(limit=30, nextToken=token)
    assert back == everything and answer["nextBackwardToken"] == token
    # A tail goes on where it ended.
    end = read(limit=1)["nextForwardToken"]
    assert messages(read(nextToken=end)) == []
    put(logs, group, [(at + 50000, "more")])
    assert messages(read(nextToken=end)) == ["more"]
    assert refused("InvalidParameterException", read, nextToken="nonsense") == "The specified nextToken is invalid."
    refused("InvalidParameterException", read, startTime=2, endTime=1)


def test_late_events_stand_where_their_time_is(logs, group):
    at = now() - 50000
    put(logs, group, [(at, "a"), (at + 10000, "e")])
    put(logs, group, [(at + 2000, "b"), (at + 12000, "f")])
    put(logs, group, [(at + 3000, "c"), (at + 4000, "d")])
    assert messages(logs.get_log_events(logGroupName=group, logStreamName="s")) == list("abcdef")
    assert messages(logs.get_log_events(logGroupName=group, logStreamName="s", limit=3)) == list("def")
    assert messages(logs.get_log_events(logGroupName=group, logStreamName="s", startTime=at + 2500, endTime=at + 11000)) == list("cde")


def test_a_page_is_a_megabyte(logs, group):
    at = now() - 50000
    for i in range(3):
        put(logs, group, [(at + i * 10 + j, f"{i}{j}" + "x" * 300000) for j in range(3)])
    answer = logs.get_log_events(logGroupName=group, logStreamName="s", startFromHead=True)
    assert [m[:2] for m in messages(answer)] == ["00", "01", "02"]
    answer = logs.get_log_events(logGroupName=group, logStreamName="s")
    assert [m[:2] for m in messages(answer)] == ["20", "21", "22"]
    answer = logs.get_log_events(logGroupName=group, logStreamName="s", nextToken=answer["nextBackwardToken"])
    assert [m[:2] for m in messages(answer)] == ["10", "11", "12"]
