"""EventBridge through the front door: buses, rules, patterns, targets, transformers, schedules, archives."""
import datetime
import json

import pytest
from kit import let_send, make_queue, name, nothing, receive, refused

ACCOUNT = "000000000000"
EVENTS = "events.amazonaws.com"
PATTERN = {"source": ["core.update-account-command"], "detail-type": ["core.update-account-command"], "detail": {"command": ["update-account"]}}
DETAIL = {"command": "update-account", "payload": {"acc_id": "0a787ecb-4015", "sf_id": "baz"}}
ENTRY = {"Source": "core.update-account-command", "DetailType": "core.update-account-command", "Detail": json.dumps(DETAIL)}


@pytest.fixture
def events(brume):
    return brume.client("events")


@pytest.fixture
def bus(events):
    bus = name("bus")
    events.create_event_bus(Name=bus)
    return bus


def rule_to_queue(events, sqs, bus, pattern=PATTERN, **target):
    url, arn = make_queue(sqs, EVENTS)
    rule = name()
    events.put_rule(Name=rule, EventBusName=bus, EventPattern=json.dumps(pattern))
    events.put_targets(Rule=rule, EventBusName=bus, Targets=[{"Id": "t", "Arn": arn, **target}])
    return rule, url


# ---- buses ----

def test_bus_life(events):
    bus = name("bus")
    arn = events.create_event_bus(Name=bus, Description="test bus", Tags=[{"Key": "a", "Value": "1"}])["EventBusArn"]
    assert arn == f"arn:aws:events:us-east-1:{ACCOUNT}:event-bus/{bus}"
    refused("ResourceAlreadyExistsException", events.create_event_bus, Name=bus)
    shown = events.describe_event_bus(Name=bus)
    assert (shown["Name"], shown["Arn"], shown["Description"]) == (bus, arn, "test bus")
    assert [b["Name"] for b in events.list_event_buses(NamePrefix=bus)["EventBuses"]] == [bus]
    assert "default" in [b["Name"] for b in events.list_event_buses(Limit=100)["EventBuses"]]
    assert events.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "a", "Value": "1"}]
    events.delete_event_bus(Name=bus)
    assert refused("ResourceNotFoundException", events.describe_event_bus, Name=bus) == f"Event bus {bus} does not exist."
    assert refused("ValidationException", events.delete_event_bus, Name="default") == "Cannot delete event bus default."


def test_bus_pages(events):
    prefix = name("page")
    for i in range(5):
        events.create_event_bus(Name=f"{prefix}-{i}")
    first = events.list_event_buses(NamePrefix=prefix, Limit=3)
    rest = events.list_event_buses(NamePrefix=prefix, Limit=3, NextToken=first["NextToken"])
    assert [b["Name"] for b in first["EventBuses"] + rest["EventBuses"]] == [f"{prefix}-{i}" for i in range(5)]
    assert "NextToken" not in rest


def test_permissions(events, bus):
    events.put_permission(EventBusName=bus, Action="events:PutEvents", Principal="111122223333", StatementId="a")
    [statement] = json.loads(events.describe_event_bus(Name=bus)["Policy"])["Statement"]
    assert statement["Principal"] == {"AWS": "arn:aws:iam::111122223333:root"} and statement["Sid"] == "a"
    assert refused("ResourceNotFoundException", events.remove_permission, EventBusName=bus, StatementId="b") == "Statement with the provided id does not exist."
    events.remove_permission(EventBusName=bus, StatementId="a")
    assert "Policy" not in events.describe_event_bus(Name=bus)


def test_a_policy_of_too_many_statements(events, bus):
    arn = events.describe_event_bus(Name=bus)["Arn"]
    many = [{"Sid": str(i), "Effect": "Allow", "Principal": "*", "Action": "events:PutEvents", "Resource": arn} for i in range(101)]
    refused("PolicyLengthExceededException", events.put_permission, EventBusName=bus, Policy=json.dumps({"Version": "2012-10-17", "Statement": many}))
    events.put_permission(EventBusName=bus, Action="events:PutEvents", Principal="111122223333", StatementId="a")
    events.remove_permission(EventBusName=bus, StatementId="a")


# ---- rules and targets ----

@pytest.mark.parametrize("custom", [False, True])
def test_rule_life(events, bus, custom):
    bus = bus if custom else "default"
    rule = name()
    arn = events.put_rule(Name=rule, EventBusName=bus, EventPattern=json.dumps(PATTERN))["RuleArn"]
    assert arn == f"arn:aws:events:us-east-1:{ACCOUNT}:rule/" + (f"{bus}/{rule}" if custom else rule)
    shown = events.describe_rule(Name=rule, EventBusName=bus)
    assert json.loads(shown["EventPattern"]) == PATTERN
    assert (shown["State"], shown["CreatedBy"], shown["EventBusName"]) == ("ENABLED", ACCOUNT, bus)
    events.disable_rule(Name=rule, EventBusName=bus)
    assert events.list_rules(NamePrefix=rule, EventBusName=bus)["Rules"][0]["State"] == "DISABLED"
    queue = f"arn:aws:sqs:us-east-1:{ACCOUNT}:x"
    assert events.put_targets(Rule=rule, EventBusName=bus, Targets=[{"Id": "t", "Arn": queue}])["FailedEntryCount"] == 0
    assert events.list_targets_by_rule(Rule=rule, EventBusName=bus)["Targets"] == [{"Id": "t", "Arn": queue}]
    assert rule in events.list_rule_names_by_target(TargetArn=queue, EventBusName=bus)["RuleNames"]
    assert refused("ValidationException", events.delete_rule, Name=rule, EventBusName=bus) == "Rule can't be deleted since it has targets."
    events.remove_targets(Rule=rule, EventBusName=bus, Ids=["t"])
    events.delete_rule(Name=rule, EventBusName=bus)
    assert refused("ResourceNotFoundException", events.describe_rule, Name=rule, EventBusName=bus) == f"Rule {rule} does not exist on EventBus {bus}."


def test_what_a_rule_cannot_be(events, bus):
    assert refused("InvalidEventPatternException", events.put_rule, Name=name(), EventPattern='{"resources": []}') == \
        'Event pattern is not valid. Reason: Empty arrays are not allowed\n at [Source: (String)"{"resources": []}"; line: 1, column: 17]'
    assert refused("ValidationException", events.put_rule, Name=name(), EventBusName=bus, ScheduleExpression="rate(1 minute)") == \
        "ScheduleExpression is supported only on the default event bus."
    assert refused("ValidationException", events.put_rule, Name=name(), ScheduleExpression="rate(1 minutes)") == "Parameter ScheduleExpression is not valid."
    refused("ValidationException", events.put_rule, Name=name())


def test_what_targets_cannot_be(events, bus):
    rule = name()
    events.put_rule(Name=rule, EventBusName=bus, EventPattern=json.dumps(PATTERN))

    def why(code, **target):
        return refused(code, events.put_targets, Rule=rule, EventBusName=bus, Targets=[{"Id": "t", "Arn": f"arn:aws:sqs:us-east-1:{ACCOUNT}:x", **target}])
    assert why("ValidationException", InputTransformer={"InputPathsMap": {"a": "$.a"}, "InputTemplate": '"<notdefinedkey>"'}) == \
        "InputTemplate for target t contains invalid placeholder notdefinedkey."
    assert why("ValidationException", Id="!@#$@!#$") == "1 validation error detected: Value '!@#$@!#$' at 'targets.1.member.id' failed to satisfy " \
        "constraint: Member must satisfy regular expression pattern: [\\.\\-_A-Za-z0-9]+"
    assert why("ValidationException", Arn=f"arn:aws:sqs:us-east-1:{ACCOUNT}:x.fifo") == "Parameter(s) MessageGroupId must be specified for target: t."
    six = [{"Id": str(i), "Arn": f"arn:aws:sqs:us-east-1:{ACCOUNT}:x"} for i in range(6)]
    assert refused("LimitExceededException", events.put_targets, Rule=rule, EventBusName=bus, Targets=six) == \
        "The requested resource exceeds the maximum number allowed."


# ---- events ----

def test_to_a_queue(events, sqs, bus):
    _, url = rule_to_queue(events, sqs, bus)
    answer = events.put_events(Entries=[{**ENTRY, "EventBusName": bus, "Resources": ["arn:x"]}, {**ENTRY, "EventBusName": bus, "Source": "other"}])
    assert answer["FailedEntryCount"] == 0
    [message] = receive(sqs, url)
    body = json.loads(message["Body"])
    assert datetime.datetime.fromisoformat(body.pop("time"))
    assert body == {"version": "0", "id": answer["Entries"][0]["EventId"], "detail-type": "core.update-account-command", "source": "core.update-account-command",
                    "account": ACCOUNT, "region": "us-east-1", "resources": ["arn:x"], "detail": DETAIL}
    assert nothing(sqs, url)


@pytest.mark.parametrize("detail", ['["a"]', '"text"', "text", "{"])
def test_malformed_details(events, detail):
    answer = events.put_events(Entries=[{**ENTRY, "Detail": detail}])
    assert answer["Entries"] == [{"ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed."}] and answer["FailedEntryCount"] == 1


def test_missing_parts(events):
    answer = events.put_events(Entries=[{"Source": "a", "DetailType": "b"}, {"Detail": "{}", "DetailType": "b"}])
    assert [e["ErrorMessage"] for e in answer["Entries"]] == [
        "Parameter Detail is not valid. Reason: Detail is a required argument.", "Parameter Source is not valid. Reason: Source is a required argument."]


@pytest.mark.parametrize("seconds", [253402300800, -62135596801, 1e15])
def test_times_that_no_event_can_say(brume, bus, seconds):
    """Archived and replayed, such an event would end the process, and again at each start."""
    events = brume.client("events")

    def altered(params, **_):
        body = json.loads(params["body"])
        body["Entries"][0]["Time"] = seconds
        params["body"] = json.dumps(body).encode()

    events.meta.events.register("before-call.events.PutEvents", altered)
    assert refused("SerializationException", events.put_events, Entries=[{**ENTRY, "EventBusName": bus}]).endswith("can not be converted to a timestamp")


def test_an_unknown_bus_takes_events_in(events):
    assert events.put_events(Entries=[{**ENTRY, "EventBusName": name("nobody")}])["FailedEntryCount"] == 0


def test_events_of_a_megabyte(events, sqs, bus):
    _, url = rule_to_queue(events, sqs, bus)
    long = {**ENTRY, "EventBusName": bus, "Detail": json.dumps({**DETAIL, "text": "x" * 1_000_000})}
    assert events.put_events(Entries=[long])["FailedEntryCount"] == 0
    [message] = receive(sqs, url)
    assert len(json.loads(message["Body"])["detail"]["text"]) == 1_000_000
    assert refused("ValidationException", events.put_events, Entries=[long, {**long, "Detail": json.dumps({**DETAIL, "text": "x" * 50_000})}]) == \
        "Total size of the entries in the request is over the limit."


def test_from_bus_to_bus(events, sqs, bus):
    second = name("bus")
    arn = events.create_event_bus(Name=second)["EventBusArn"]
    rule = name()
    events.put_rule(Name=rule, EventBusName=bus, EventPattern=json.dumps(PATTERN))
    events.put_targets(Rule=rule, EventBusName=bus, Targets=[{"Id": "t", "Arn": arn}])
    _, url = rule_to_queue(events, sqs, second)
    events.put_events(Entries=[{**ENTRY, "EventBusName": bus}])
    assert json.loads(receive(sqs, url)[0]["Body"])["detail"] == DETAIL


def test_to_a_topic(brume, events, sqs, bus):
    sns = brume.client("sns")
    topic = sns.create_topic(Name=name("t"))["TopicArn"]
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sns:Publish", "Resource": topic}]}))
    url, queue = make_queue(sqs)
    let_send(sqs, url, queue, "sns.amazonaws.com")
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue, Attributes={"RawMessageDelivery": "true"})
    rule = name()
    events.put_rule(Name=rule, EventBusName=bus, EventPattern=json.dumps(PATTERN))
    events.put_targets(Rule=rule, EventBusName=bus, Targets=[{"Id": "t", "Arn": topic}])
    events.put_events(Entries=[{**ENTRY, "EventBusName": bus}])
    assert json.loads(receive(sqs, url)[0]["Body"])["detail"] == DETAIL


@pytest.mark.as_root  # makes groups
def test_to_a_log_group(brume, events, sqs, bus):
    logs, group, rule = brume.client("logs"), name("/aws/events/g"), name()
    dead_url, dead = make_queue(sqs, EVENTS)
    logs.create_log_group(logGroupName=group)
    arn = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"][0]["logGroupArn"]
    events.put_rule(Name=rule, EventBusName=bus, EventPattern=json.dumps(PATTERN))
    events.put_targets(Rule=rule, EventBusName=bus, Targets=[{"Id": "t", "Arn": arn, "DeadLetterConfig": {"Arn": dead}}])
    events.put_events(Entries=[{**ENTRY, "EventBusName": bus}])
    assert receive(sqs, dead_url)[0]["MessageAttributes"]["ERROR_CODE"]["StringValue"] == "NO_PERMISSIONS"
    logs.put_resource_policy(policyName=name(), policyDocument=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": ["events.amazonaws.com", "delivery.logs.amazonaws.com"]}, "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": f"{arn}:*"}]}))
    for _ in range(2):
        events.put_events(Entries=[{**ENTRY, "EventBusName": bus}])
    found = logs.filter_log_events(logGroupName=group)["events"]
    assert [json.loads(e["message"])["detail"] for e in found] == [DETAIL, DETAIL]
    assert {e["logStreamName"].split("/")[0] for e in found} == {rule}


def test_a_target_without_permission_goes_to_the_dead_letter_queue(events, sqs, bus):
    url, queue = make_queue(sqs)
    dead_url, dead = make_queue(sqs, EVENTS)
    rule = name()
    rule_arn = events.put_rule(Name=rule, EventBusName=bus, EventPattern=json.dumps(PATTERN))["RuleArn"]
    events.put_targets(Rule=rule, EventBusName=bus, Targets=[{"Id": "t", "Arn": queue, "DeadLetterConfig": {"Arn": dead}}])
    events.put_events(Entries=[{**ENTRY, "EventBusName": bus}])
    [message] = receive(sqs, dead_url)
    attributes = {k: v["StringValue"] for k, v in message["MessageAttributes"].items()}
    assert (attributes["RULE_ARN"], attributes["TARGET_ARN"], attributes["ERROR_CODE"]) == (rule_arn, queue, "NO_PERMISSIONS")
    assert json.loads(message["Body"])["detail"] == DETAIL
    assert nothing(sqs, url)


def test_of_many_rules_those_that_match(events, sqs, bus):
    urls = {}
    for kind, pattern in {"id": {"detail": {"id": ["17"]}}, "other id": {"detail": {"id": ["18"]}}, "any": {"source": [{"prefix": ""}]},
                          "list": {"detail": {"tags": ["x", "y"]}}, "number": {"detail": {"n": [{"numeric": [">", 5]}]}},
                          "absent": {"detail": {"gone": [{"exists": False}]}}, "or": {"$or": [{"source": ["no"]}, {"detail": {"id": ["17"]}}]}}.items():
        urls[kind] = rule_to_queue(events, sqs, bus, pattern)[1]
    events.put_events(Entries=[{"EventBusName": bus, "Source": "s", "DetailType": "d", "Detail": json.dumps({"id": "17", "tags": ["x", "y"], "n": 6})}])
    assert {kind for kind, url in urls.items() if len(receive(sqs, url, 2, 1)) == 1} == {"id", "any", "list", "number", "absent", "or"}


# ---- what a target gets: as AWS was recorded ----

TRANSFORM_DETAIL = {"command": "update-account", "payload": {"acc_id": "0a787ecb-4015", "sf_id": "baz"}, "listsingle": ["HIGH"], "listmulti": ["ACTIVE", "INACTIVE"], "valid": True}
PATHS = {"userId": "$.detail.payload.acc_id", "payload": "$.detail.payload", "listsingle": "$.detail.listsingle", "listmulti": "$.detail.listmulti", "valid": "$.detail.valid",
         "systemstring": "$.detail.missing", "first": "$.detail.listmulti[0]"}


@pytest.mark.parametrize("template, body", [
    ('"<listsingle> single list item <listmulti> multiple list items <systemstring> system account id <payload> payload <userId> user id"',
     '"[HIGH] single list item [ACTIVE,INACTIVE] multiple list items  system account id {acc_id:0a787ecb-4015,sf_id:baz} payload 0a787ecb-4015 user id"'),
    ('"Command is <valid>!"', '"Command is true!"'),
    ('{"id" : <userId>}', '{"id" : "0a787ecb-4015"}'),
    ('{"id" : "<userId>"}', '{"id" : "0a787ecb-4015"}'),
    ('{"singlelistitem": <listsingle>}', '{"singlelistitem": ["HIGH"]}'),
    ('{"path": "users/<userId>/second/<userId>", "bod": <payload>}',
     '{"path": "users/0a787ecb-4015/second/0a787ecb-4015", "bod": {"acc_id": "0a787ecb-4015", "sf_id": "baz"}}'),
    ('{"bod": [<userId>, "hardcoded"]}', '{"bod": ["0a787ecb-4015", "hardcoded"]}'),
    ('{"command": <systemstring>}', '{"command": ""}'),
    ('"<listsingle> one"\n"<first> two"', '"[HIGH] one"\n"ACTIVE two"'),
    ('"{[/Check with special starting characters for <first>"', '"{[/Check with special starting characters for ACTIVE"'),
])
def test_transformers(events, sqs, bus, template, body):
    _, url = rule_to_queue(events, sqs, bus, {"source": ["s"]}, InputTransformer={"InputPathsMap": PATHS, "InputTemplate": template})
    events.put_events(Entries=[{"EventBusName": bus, "Source": "s", "DetailType": "d", "Detail": json.dumps(TRANSFORM_DETAIL)}])
    assert receive(sqs, url)[0]["Body"] == body


def test_predefined_names(events, sqs, bus):
    rule, url = rule_to_queue(events, sqs, bus, {"source": ["s"]}, InputTransformer={"InputTemplate": '{"a": <aws.events.event>, "j": <aws.events.event.json>, '
                              '"t": "<aws.events.rule-name> <aws.events.rule-arn> <aws.events.event.ingestion-time>"}'})
    events.put_events(Entries=[{"EventBusName": bus, "Source": "s", "DetailType": "d", "Detail": '{"x": 1}'}])
    body = json.loads(receive(sqs, url)[0]["Body"])
    assert body["j"]["detail"] == {"x": 1} and body["a"]["detailType"] == "d" and "detail" not in body["a"]
    assert body["t"].split()[:2] == [rule, f"arn:aws:events:us-east-1:{ACCOUNT}:rule/{bus}/{rule}"]


def test_input_and_input_path(events, sqs, bus):
    _, fixed = rule_to_queue(events, sqs, bus, Input='{"custom-value": "x"}')
    _, part = rule_to_queue(events, sqs, bus, InputPath="$.detail")
    events.put_events(Entries=[{**ENTRY, "EventBusName": bus}])
    assert receive(sqs, fixed)[0]["Body"] == '{"custom-value": "x"}'
    assert json.loads(receive(sqs, part)[0]["Body"]) == DETAIL


# ---- TestEventPattern ----

def test_pattern_by_itself(events):
    event = json.dumps({"id": "1", "source": "s", "detail-type": "d", "account": ACCOUNT, "time": "2026-11-22T00:00:00Z", "region": "us-east-1", "resources": [], "detail": {"a": 1}})
    assert events.test_event_pattern(EventPattern='{"detail": {"a": [1]}}', Event=event)["Result"] is True
    assert events.test_event_pattern(EventPattern='{"detail": {"a": [2]}}', Event=event)["Result"] is False
    assert refused("ValidationException", events.test_event_pattern, EventPattern='{"a": [1]}', Event="[]") == "Parameter Event is not valid."


# ---- the clock ----

def test_schedules(start_brume):
    brume = start_brume()
    events, sqs = brume.client("events"), brume.client("sqs")
    url, arn = make_queue(sqs, EVENTS)
    rule_arn = events.put_rule(Name="tick", ScheduleExpression="rate(5 minutes)")["RuleArn"]
    events.put_targets(Rule="tick", Targets=[{"Id": "t", "Arn": arn}])
    brume.advance_clock(11 * 60000)
    bodies = [json.loads(m["Body"]) for m in receive(sqs, url, 2)]
    assert [(b["source"], b["detail-type"], b["resources"], b["detail"]) for b in bodies] == [("aws.events", "Scheduled Event", [rule_arn], {})] * 2
    assert nothing(sqs, url)
    events.disable_rule(Name="tick")
    brume.advance_clock(11 * 60000)
    assert nothing(sqs, url)
    events.put_rule(Name="tick", ScheduleExpression="cron(0 12 * * ? *)")
    brume.advance_clock(24 * 3600000)
    [message] = receive(sqs, url)
    assert json.loads(message["Body"])["time"].endswith("T12:00:00Z")


def test_archive_and_replay(start_brume):
    brume = start_brume()
    events, sqs = brume.client("events"), brume.client("sqs")
    bus = events.create_event_bus(Name="b")["EventBusArn"]
    events.create_archive(ArchiveName="a", EventSourceArn=bus, EventPattern=json.dumps({"detail": {"keep": [True]}}), RetentionDays=1)
    assert refused("ResourceAlreadyExistsException", events.create_archive, ArchiveName="a", EventSourceArn=bus) == "Archive a already exists."
    before = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(minutes=1)
    for i in range(120):
        events.put_events(Entries=[{"EventBusName": "b", "Source": "s", "DetailType": "d", "Detail": json.dumps({"n": i, "keep": i % 2 == 0})}])
    shown = events.describe_archive(ArchiveName="a")
    assert shown["EventCount"] == 60 and shown["SizeBytes"] > 60 * 100
    rule, url = rule_to_queue(events, sqs, "b", {"source": ["s"]})
    arn = f"arn:aws:events:us-east-1:{ACCOUNT}:archive/a"
    after = before + datetime.timedelta(hours=1)
    assert refused("ValidationException", events.start_replay, ReplayName="r", EventSourceArn=arn, EventStartTime=after, EventEndTime=before, Destination={"Arn": bus}) == \
        "Parameter EventEndTime is not valid. Reason: EventStartTime must be before EventEndTime."
    events.start_replay(ReplayName="r", EventSourceArn=arn, EventStartTime=before, EventEndTime=after, Destination={"Arn": bus})
    messages = [json.loads(m["Body"]) for m in receive(sqs, url, 60)]
    assert sorted(m["detail"]["n"] for m in messages) == list(range(0, 120, 2))
    assert {m["replay-name"] for m in messages} == {"r"}
    assert events.describe_replay(ReplayName="r")["State"] == "COMPLETED"
    assert events.describe_archive(ArchiveName="a")["EventCount"] == 60  # a replayed event is not archived again
    brume.advance_clock(25 * 3600000)
    assert events.describe_archive(ArchiveName="a")["EventCount"] == 0


# ---- from services, and durability ----

def test_state_changes_of_services(brume, events, sqs):
    s3 = brume.client("s3")
    bucket = name("bucket")
    s3.create_bucket(Bucket=bucket)
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={"EventBridgeConfiguration": {}})
    _, url = rule_to_queue(events, sqs, "default", {"source": ["aws.s3"], "detail": {"bucket": {"name": [bucket]}}})
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    body = json.loads(receive(sqs, url)[0]["Body"])
    assert body["detail-type"] == "Object Created" and body["detail"]["object"]["key"] == "k"


def test_api_calls_are_events(brume, events, sqs):
    queue = name("watched")
    _, url = rule_to_queue(events, sqs, "default", {"source": ["aws.sqs"], "detail-type": ["AWS API Call via CloudTrail"],
                                                    "detail": {"eventName": ["CreateQueue"], "requestParameters": {"queueName": [queue]}}})
    sqs.create_queue(QueueName=queue)
    body = json.loads(receive(sqs, url)[0]["Body"])
    assert body["detail"]["eventSource"] == "sqs.amazonaws.com" and body["detail"]["userIdentity"]["accountId"] == ACCOUNT
    assert nothing(sqs, url)


def test_kill_9_loses_no_event(start_brume):
    brume = start_brume()
    events, sqs = brume.client("events"), brume.client("sqs")
    events.create_event_bus(Name="b")
    _, url = rule_to_queue(events, sqs, "b", {"source": ["s"]})
    for i in range(30):
        events.put_events(Entries=[{"EventBusName": "b", "Source": "s", "DetailType": "d", "Detail": json.dumps({"n": i})}])
    brume.kill()
    brume.start()
    messages = receive(brume.client("sqs"), brume.url + "/" + url.split("/", 3)[3], 30)
    assert sorted(json.loads(m["Body"])["detail"]["n"] for m in messages) == list(range(30))
