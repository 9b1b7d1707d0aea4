"""EventBridge Scheduler through the front door: schedules, groups, time zones, targets, retries, dead letters."""
import datetime
import json
import time
import uuid

import pytest
import kit
from kit import make_queue, name, receive, refused

ACCOUNT = "000000000000"
OFF = {"Mode": "OFF"}
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000


def make_role(brume, *actions, trusts="scheduler.amazonaws.com", **more):
    return kit.make_role(brume, *actions, trusts=trusts, **more)


def waiting(sqs, url):
    return int(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])["Attributes"]["ApproximateNumberOfMessages"])


def nothing(sqs, url):
    return waiting(sqs, url) == 0


@pytest.fixture
def scheduler(brume):
    return brume.client("scheduler")


@pytest.fixture
def role(brume):
    return make_role(brume, "sqs:SendMessage", "sns:Publish", "events:PutEvents")


@pytest.fixture
def own(start_brume):
    """A cloud whose clock may be moved, at the first of next January."""
    class Own:
        def __init__(self):
            self.brume = start_brume()
            self.scheduler, self.sqs = self.brume.client("scheduler"), self.brume.client("sqs")
            self.role = make_role(self.brume, "sqs:*", "sns:*", "events:*")
            self.now = datetime.datetime.now(datetime.timezone.utc)
            self.move_to(datetime.datetime(self.now.year + 1, 1, 1, tzinfo=datetime.timezone.utc))

        def move_to(self, when):
            self.brume.advance_clock((when - self.now).total_seconds() * 1000)
            self.now = when

        def move(self, ms):
            self.move_to(self.now + datetime.timedelta(milliseconds=ms))

        def queue_schedule(self, expression, **options):
            url, arn = make_queue(self.sqs)
            schedule = name()
            target = {"Arn": arn, "RoleArn": self.role, "Input": "<aws.scheduler.scheduled-time>", **options.pop("Target", {})}
            self.scheduler.create_schedule(**{"Name": schedule, "ScheduleExpression": expression, "FlexibleTimeWindow": OFF, "Target": target, **options})
            return schedule, url

        def times(self, url, n):
            got = sorted(m["Body"] for m in receive(self.sqs, url, n))
            assert nothing(self.sqs, url)
            return got
    return Own()


# ---- life ----

def test_a_schedule_is_made_shown_changed_and_ended(scheduler, role, sqs):
    schedule, (_, queue) = name(), make_queue(sqs)
    arn = scheduler.create_schedule(Name=schedule, ScheduleExpression="cron(0 12 * * ? *)", FlexibleTimeWindow={"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 15},
                                    Target={"Arn": queue, "RoleArn": role, "Input": "tick"}, ScheduleExpressionTimezone="Europe/Berlin", Description="noon")["ScheduleArn"]
    assert arn == f"arn:aws:scheduler:us-east-1:{ACCOUNT}:schedule/default/{schedule}"
    shown = scheduler.get_schedule(Name=schedule)
    assert isinstance(shown.pop("CreationDate"), datetime.datetime) and isinstance(shown.pop("LastModificationDate"), datetime.datetime)
    shown.pop("ResponseMetadata")
    assert shown == {"Arn": arn, "GroupName": "default", "Name": schedule, "ScheduleExpression": "cron(0 12 * * ? *)", "ScheduleExpressionTimezone": "Europe/Berlin",
                     "Description": "noon", "State": "ENABLED", "ActionAfterCompletion": "NONE", "FlexibleTimeWindow": {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 15},
                     "Target": {"Arn": queue, "RoleArn": role, "Input": "tick", "RetryPolicy": {"MaximumRetryAttempts": 185, "MaximumEventAgeInSeconds": 86400}}}
    assert refused("ConflictException", scheduler.create_schedule, Name=schedule, ScheduleExpression="rate(1 day)", FlexibleTimeWindow=OFF,
                   Target={"Arn": queue, "RoleArn": role}) == f"Schedule {schedule} already exists."
    scheduler.update_schedule(Name=schedule, ScheduleExpression="rate(2 days)", FlexibleTimeWindow=OFF, Target={"Arn": queue, "RoleArn": role}, State="DISABLED")
    shown = scheduler.get_schedule(Name=schedule)  # all is replaced
    assert (shown["ScheduleExpression"], shown["State"], shown["ScheduleExpressionTimezone"], shown["FlexibleTimeWindow"]) == ("rate(2 days)", "DISABLED", "UTC", OFF)
    assert "Description" not in shown and "Input" not in shown["Target"]
    scheduler.delete_schedule(Name=schedule)
    assert refused("ResourceNotFoundException", scheduler.get_schedule, Name=schedule) == f"Schedule {schedule} does not exist."
    refused("ResourceNotFoundException", scheduler.delete_schedule, Name=schedule)


@pytest.mark.parametrize("expression", ["cron(0-15/1 8-8 ? * 2,3,4,5,6,7 *)", "cron(30-30 13-13 ? * 2,4,6 *)", "cron(1-31/30 1-1 ? * 1,7 *)", "cron(0 18 ? * MON-FRI *)",
                                        "cron(*/15 * * * ? *)", "cron(0-59/10 0-23/2 ? * * *)", "rate(1 minute)", "rate(5 days)", "at(2099-12-31T23:59:59)"])
def test_expressions_that_aws_takes(scheduler, role, sqs, expression):
    schedule = name()
    scheduler.create_schedule(Name=schedule, ScheduleExpression=expression, FlexibleTimeWindow=OFF, Target={"Arn": make_queue(sqs)[1], "RoleArn": role}, State="DISABLED")
    assert scheduler.get_schedule(Name=schedule)["ScheduleExpression"] == expression


def test_what_is_refused(brume, scheduler, role, sqs):
    _, queue = make_queue(sqs)
    good = {"Name": name(), "ScheduleExpression": "rate(1 day)", "FlexibleTimeWindow": OFF, "Target": {"Arn": queue, "RoleArn": role}}

    def bad(code="ValidationException", **change):
        return refused(code, scheduler.create_schedule, **{**good, **change})
    for expression in ("rate(5 seconds)", "rate(1 days)", "cron(0 12 * * * *)", "at(2099-12-31)", "at(31-12-2099 10:00:00)", "daily"):
        assert bad(ScheduleExpression=expression) == f"Invalid Schedule Expression {expression}."
    assert "Europe/Atlantis" in bad(ScheduleExpressionTimezone="Europe/Atlantis")
    bad(ScheduleExpressionTimezone="../../../etc/passwd")
    bad(FlexibleTimeWindow={"Mode": "FLEXIBLE"})
    bad(FlexibleTimeWindow={"Mode": "OFF", "MaximumWindowInMinutes": 5})
    long_ago = datetime.datetime(2020, 1, 1)
    assert bad(StartDate=long_ago) == "The StartDate you specify cannot be earlier than 5 minutes ago."
    bad(EndDate=long_ago)
    untrusting = make_role(brume, "sqs:*", trusts="events.amazonaws.com")
    assert bad(Target={"Arn": queue, "RoleArn": untrusting}) == "The execution role you provide must allow AWS EventBridge Scheduler to assume the role."
    bad(Target={"Arn": queue, "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/{name()}"})
    bad(Target={"Arn": queue, "RoleArn": "arn:aws:iam::111122223333:role/other"})
    bad(Target={"Arn": queue + ".fifo", "RoleArn": role})
    bus = f"arn:aws:events:us-east-1:{ACCOUNT}:event-bus/default"
    bad(Target={"Arn": bus, "RoleArn": role})
    bad(Target={"Arn": bus, "RoleArn": role, "EventBridgeParameters": {"Source": "s", "DetailType": "d"}, "Input": "no json"})
    bad(Target={"Arn": bus, "RoleArn": role, "EventBridgeParameters": {"Source": "aws.ec2", "DetailType": "d"}})
    bad(Target={"Arn": "arn:aws:scheduler:::aws-sdk:sqs:getQueueUrl", "RoleArn": role})  # only reads
    bad(Target={"Arn": "arn:aws:scheduler:::aws-sdk:sqs:sendMessage", "RoleArn": role, "Input": "{"})
    bad(Target={"Arn": "arn:aws:scheduler:::aws-sdk:sqs:sendMessage", "RoleArn": role, "Input": '{"MessageBody": 5}'})
    bad(Target={"Arn": queue, "RoleArn": role, "Input": "x" * (256 * 1024 + 1)})
    bad(GroupName=name(), code="ResourceNotFoundException")
    bad(code="NotImplemented", Target={"Arn": f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:f", "RoleArn": role})
    bad(code="NotImplemented", Target={"Arn": "arn:aws:scheduler:::aws-sdk:sqs:sendPigeon", "RoleArn": role})
    bad(code="NotImplemented", Target={"Arn": "arn:aws:scheduler:::aws-sdk:s3:putObject", "RoleArn": role})
    refused("ResourceNotFoundException", scheduler.get_schedule, Name=good["Name"])


def test_client_tokens(scheduler, role, sqs):
    same = {"Name": name(), "ScheduleExpression": "rate(1 day)", "FlexibleTimeWindow": OFF, "Target": {"Arn": make_queue(sqs)[1], "RoleArn": role}, "ClientToken": uuid.uuid4().hex}
    assert scheduler.create_schedule(**same)["ScheduleArn"] == scheduler.create_schedule(**same)["ScheduleArn"]
    refused("ConflictException", scheduler.create_schedule, **{**same, "ScheduleExpression": "rate(2 days)"})
    token = uuid.uuid4().hex
    scheduler.delete_schedule(Name=same["Name"], ClientToken=token)
    scheduler.delete_schedule(Name=same["Name"], ClientToken=token)
    group = {"Name": name("g"), "ClientToken": uuid.uuid4().hex}
    assert scheduler.create_schedule_group(**group) ["ScheduleGroupArn"] == scheduler.create_schedule_group(**group)["ScheduleGroupArn"]


# ---- groups ----

def test_a_group_and_all_in_it_is_deleted(brume, scheduler, role, sqs):
    group, (_, queue) = name("g"), make_queue(sqs)
    arn = scheduler.create_schedule_group(Name=group, Tags=[{"Key": "team", "Value": "a"}])["ScheduleGroupArn"]
    assert arn == f"arn:aws:scheduler:us-east-1:{ACCOUNT}:schedule-group/{group}"
    assert refused("ConflictException", scheduler.create_schedule_group, Name=group) == f"Schedule group {group} already exists."
    for i in range(150):
        scheduler.create_schedule(Name=f"s-{i:03}", GroupName=group, ScheduleExpression="rate(1 day)", FlexibleTimeWindow=OFF, Target={"Arn": queue, "RoleArn": role}, State="DISABLED")
    assert scheduler.get_schedule_group(Name=group)["State"] == "ACTIVE"
    pages = list(scheduler.get_paginator("list_schedules").paginate(GroupName=group, PaginationConfig={"PageSize": 60}))
    assert [s["Name"] for p in pages for s in p["Schedules"]] == [f"s-{i:03}" for i in range(150)] and len(pages) == 3
    assert len(scheduler.list_schedules(GroupName=group, NamePrefix="s-01")["Schedules"]) == 10
    assert scheduler.list_schedules(GroupName=group, State="ENABLED")["Schedules"] == []
    assert scheduler.list_schedules(GroupName=group, MaxResults=1)["Schedules"][0]["Target"] == {"Arn": queue}
    scheduler.delete_schedule_group(Name=group)
    deadline = time.time() + 20
    while time.time() < deadline:
        try:
            assert scheduler.get_schedule_group(Name=group)["State"] == "DELETING"
        except scheduler.exceptions.ResourceNotFoundException:
            break
        time.sleep(0.02)
    assert refused("ResourceNotFoundException", scheduler.list_schedules, GroupName=group) == f"Schedule group {group} does not exist."
    refused("ResourceNotFoundException", scheduler.list_tags_for_resource, ResourceArn=arn)
    scheduler.create_schedule_group(Name=group)  # a new one has nothing of the old
    assert scheduler.list_schedules(GroupName=group)["Schedules"] == []


def test_groups_are_listed_and_tagged(scheduler):
    prefix = name("dee")  # before "default"
    arns = [scheduler.create_schedule_group(Name=f"{prefix}-{i}")["ScheduleGroupArn"] for i in range(3)]
    listed = scheduler.list_schedule_groups(NamePrefix=prefix, MaxResults=2)
    rest = scheduler.list_schedule_groups(NamePrefix=prefix, MaxResults=2, NextToken=listed["NextToken"])
    assert [g["Arn"] for g in listed["ScheduleGroups"] + rest["ScheduleGroups"]] == arns and "NextToken" not in rest
    all_of_them = [g["Name"] for p in scheduler.get_paginator("list_schedule_groups").paginate() for g in p["ScheduleGroups"]]
    assert all_of_them == sorted(all_of_them) and all_of_them.count("default") == 1
    assert scheduler.get_schedule_group(Name="default")["State"] == "ACTIVE"
    refused("ValidationException", scheduler.delete_schedule_group, Name="default")
    scheduler.tag_resource(ResourceArn=arns[0], Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    scheduler.untag_resource(ResourceArn=arns[0], TagKeys=["a"])
    assert scheduler.list_tags_for_resource(ResourceArn=arns[0])["Tags"] == [{"Key": "b", "Value": "2"}]
    refused("ResourceNotFoundException", scheduler.tag_resource, ResourceArn=arns[0] + "x", Tags=[{"Key": "a", "Value": "1"}])


# ---- when ----

def test_rates(own):
    start = own.now + datetime.timedelta(minutes=30)
    _, at_once = own.queue_schedule("rate(10 minutes)")
    _, later = own.queue_schedule("rate(10 minutes)", StartDate=start, EndDate=start + datetime.timedelta(minutes=25))
    own.move(HOUR + 5 * MINUTE)
    assert len(own.times(at_once, 7)) == 7
    year = own.now.year
    assert own.times(later, 3) == [f"{year}-01-01T00:{m}:00Z" for m in (30, 40, 50)]


def test_hours_of_a_time_zone_with_its_summer_time(own):
    year = own.now.year
    _, url = own.queue_schedule("cron(0 9 1 * ? *)", ScheduleExpressionTimezone="Europe/Berlin")
    for month in range(1, 8):
        own.move_to(datetime.datetime(year, month, 2, tzinfo=datetime.timezone.utc))
        assert own.times(url, 1) == [f"{year}-{month:02}-01T0{8 if month < 4 else 7}:00:00Z"]


def test_an_hour_that_clocks_leave_out_is_skipped_and_one_twice_shown_comes_once(own):
    year = own.now.year
    march = next(d for d in range(8, 15) if datetime.date(year, 3, d).weekday() == 6)
    november = next(d for d in range(1, 8) if datetime.date(year, 11, d).weekday() == 6)
    own.move_to(datetime.datetime(year, 3, march - 1, 12, tzinfo=datetime.timezone.utc))
    _, left_out = own.queue_schedule("cron(30 2 * * ? *)", ScheduleExpressionTimezone="America/New_York")
    own.move(2 * DAY)
    assert own.times(left_out, 1) == [f"{year}-03-{march + 1:02}T06:30:00Z"]
    own.move_to(datetime.datetime(year, 11, november, 0, tzinfo=datetime.timezone.utc))
    _, twice = own.queue_schedule("cron(30 1 * * ? *)", ScheduleExpressionTimezone="America/New_York")
    own.move(DAY)
    assert own.times(twice, 1) == [f"{year}-11-{november:02}T05:30:00Z"]


def test_once_and_then_it_is_gone(own):
    moment = f"{own.now.year}-01-01T10:00:00"
    kept, url = own.queue_schedule(f"at({moment})")
    gone, other = own.queue_schedule(f"at({moment})", ActionAfterCompletion="DELETE", ScheduleExpressionTimezone="Asia/Tokyo")
    assert gone in [s["Name"] for s in own.scheduler.list_schedules()["Schedules"]]
    own.move(2 * HOUR)
    assert own.times(other, 1) == [f"{own.now.year}-01-01T01:00:00Z"]
    own.move(DAY)
    assert own.times(url, 1) == [f"{moment}Z"]
    assert [s["Name"] for s in own.scheduler.list_schedules()["Schedules"]] == [kept]


def test_a_flexible_window(own):
    year, urls = own.now.year, []
    for _ in range(8):
        urls.append(own.queue_schedule(f"at({year}-01-01T10:00:00)", FlexibleTimeWindow={"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 60}, ActionAfterCompletion="DELETE")[1])
    own.move(10 * HOUR + 61 * MINUTE)
    sent = []
    for url in urls:
        [message] = receive(own.sqs, url)
        assert message["Body"] == f"{year}-01-01T10:00:00Z"
        sent.append(datetime.datetime.fromtimestamp(int(message["Attributes"]["SentTimestamp"]) / 1000, datetime.timezone.utc))
    assert all(s.hour == 10 for s in sent) and len(set(sent)) > 4
    assert own.scheduler.list_schedules()["Schedules"] == []


def test_a_disabled_schedule_rests_and_an_update_takes_hold(own):
    schedule, url = own.queue_schedule("rate(1 hour)", State="DISABLED")
    own.move(3 * HOUR)
    assert nothing(own.sqs, url)
    target = own.scheduler.get_schedule(Name=schedule)["Target"]
    own.scheduler.update_schedule(Name=schedule, ScheduleExpression="cron(0 12 * * ? *)", FlexibleTimeWindow=OFF, Target=target)
    own.move(2 * DAY)
    assert len(own.times(url, 2)) == 2


def test_nothing_is_lost_or_doubled_when_the_power_fails(own):
    _, url = own.queue_schedule("rate(1 hour)")
    own.move(2 * HOUR)
    own.brume.kill()
    own.brume.start()
    own.sqs = own.brume.client("sqs")
    own.brume.advance_clock(2 * HOUR)
    assert len(set(own.times(url, 5))) == 5


# ---- targets ----

def test_a_fifo_queue_a_topic_and_a_bus(own):
    brume, sqs, events, sns = own.brume, own.sqs, own.brume.client("events"), own.brume.client("sns")
    fifo, fifo_arn = make_queue(sqs, FifoQueue="true", ContentBasedDeduplication="true")
    url, arn = make_queue(sqs)
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": ["events.amazonaws.com", "sns.amazonaws.com"]}, "Action": "sqs:SendMessage", "Resource": arn}]})})
    topic = sns.create_topic(Name="t")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
    events.put_rule(Name="r", EventPattern='{"source": ["own"], "detail": {"n": [1]}}')
    events.put_targets(Rule="r", Targets=[{"Id": "t", "Arn": arn}])

    def once(**target):
        own.scheduler.create_schedule(Name=name(), ScheduleExpression="rate(1 day)", FlexibleTimeWindow=OFF, Target={"RoleArn": own.role, **target})
    once(Arn=fifo_arn, SqsParameters={"MessageGroupId": "g"}, Input="ordered")
    [message] = receive(sqs, fifo)
    assert (message["Body"], message["Attributes"]["MessageGroupId"]) == ("ordered", "g")
    once(Arn=topic, Input="published")
    assert [m["Body"] for m in receive(sqs, url)] == ["published"]
    once(Arn=f"arn:aws:events:us-east-1:{ACCOUNT}:event-bus/default", EventBridgeParameters={"Source": "own", "DetailType": "Tick"}, Input='{"n": 1}')
    [event] = [json.loads(m["Body"]) for m in receive(sqs, url)]
    assert (event["source"], event["detail-type"], event["detail"]) == ("own", "Tick", {"n": 1})
    once(Arn=arn)  # says nothing: the target is told that it was due
    [event] = [json.loads(m["Body"]) for m in receive(sqs, url)]
    assert (event["source"], event["detail-type"], event["detail"], event["account"]) == ("aws.scheduler", "Scheduled Event", "{}", ACCOUNT)
    assert brume.client("scheduler").list_schedules()["Schedules"][0]["Arn"] and event["resources"][0].startswith(f"arn:aws:scheduler:us-east-1:{ACCOUNT}:schedule/default/")


def test_any_operation_and_context_attributes(own):
    url, _ = make_queue(own.sqs)
    arn = own.scheduler.create_schedule(Name="u", ScheduleExpression="rate(1 day)", FlexibleTimeWindow=OFF, Target={
        "Arn": "arn:aws:scheduler:::aws-sdk:sqs:sendMessage", "RoleArn": own.role,
        "Input": json.dumps({"QueueUrl": url, "MessageBody": "<aws.scheduler.schedule-arn> <aws.scheduler.scheduled-time> <aws.scheduler.execution-id> "
                             "<aws.scheduler.attempt-number> <aws.scheduler.other>"})})["ScheduleArn"]
    own.move(MINUTE)
    [body] = [m["Body"].split() for m in receive(own.sqs, url)]
    assert body[0] == arn and body[1].startswith(f"{own.now.year}-01-01T00:0") and len(body[2]) == 16 and body[3:] == ["1", "<aws.scheduler.other>"]
    dynamodb = own.brume.client("dynamodb")
    dynamodb.create_table(TableName="table", KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}], AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
                          BillingMode="PAY_PER_REQUEST")
    role = make_role(own.brume, "dynamodb:PutItem", "iam:CreateUser")
    own.scheduler.create_schedule(Name="d", ScheduleExpression="rate(1 day)", FlexibleTimeWindow=OFF, Target={
        "Arn": "arn:aws:scheduler:::aws-sdk:dynamodb:putItem", "RoleArn": role, "Input": json.dumps({"TableName": "table", "Item": {"id": {"S": "<aws.scheduler.execution-id>"}}})})
    own.scheduler.create_schedule(Name="i", ScheduleExpression="rate(1 day)", FlexibleTimeWindow=OFF, Target={
        "Arn": "arn:aws:scheduler:::aws-sdk:iam:createUser", "RoleArn": role, "Input": '{"UserName": "made-on-time"}'})
    own.move(MINUTE)
    assert dynamodb.scan(TableName="table")["Count"] == 1
    assert own.brume.client("iam").get_user(UserName="made-on-time")


def test_the_role_decides_and_who_may_give_it(own):
    url, arn = make_queue(own.sqs)
    dead, dead_arn = make_queue(own.sqs)
    role = make_role(own.brume, "sqs:SendMessage", resource=dead_arn)  # not the queue
    own.scheduler.create_schedule(Name="s", ScheduleExpression="rate(1 day)", FlexibleTimeWindow=OFF,
                                  Target={"Arn": arn, "RoleArn": role, "Input": "x", "RetryPolicy": {"MaximumRetryAttempts": 0}, "DeadLetterConfig": {"Arn": dead_arn}})
    [message] = receive(own.sqs, dead)
    said = {k: v["StringValue"] for k, v in message["MessageAttributes"].items()}
    assert message["Body"] == "x" and "AccessDenied" in said["ERROR_CODE"] and "is not authorized to perform: sqs:sendmessage" in said["ERROR_MESSAGE"].lower()
    assert nothing(own.sqs, url)
    iam = own.brume.client("iam")
    iam.create_user(UserName="u")
    iam.put_user_policy(UserName="u", PolicyName="p", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "scheduler:*", "Resource": f"arn:aws:scheduler:us-east-1:{ACCOUNT}:schedule/default/mine-*"}]}))
    key = iam.create_access_key(UserName="u")["AccessKey"]
    mine = own.brume.client("scheduler", account=key["AccessKeyId"], secret=key["SecretAccessKey"])
    target = {"Arn": arn, "RoleArn": own.role}
    assert "iam:PassRole" in refused("AccessDeniedException", mine.create_schedule, Name="mine-1", ScheduleExpression="rate(1 day)", FlexibleTimeWindow=OFF, Target=target)
    refused("AccessDeniedException", mine.create_schedule, Name="other", ScheduleExpression="rate(1 day)", FlexibleTimeWindow=OFF, Target=target)
    iam.put_user_policy(UserName="u", PolicyName="q", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "iam:PassRole", "Resource": own.role}]}))
    mine.create_schedule(Name="mine-1", ScheduleExpression="rate(1 day)", FlexibleTimeWindow=OFF, Target=target)


def test_retries_then_the_dead_letter_queue(own):
    dead, dead_arn = make_queue(own.sqs)
    missing = f"{own.brume.url}/{ACCOUNT}/not-there"
    arn = own.scheduler.create_schedule(Name="s", ScheduleExpression=f"at({own.now.year}-01-01T01:00:00)", FlexibleTimeWindow=OFF, ActionAfterCompletion="DELETE", Target={
        "Arn": "arn:aws:scheduler:::aws-sdk:sqs:sendMessage", "RoleArn": own.role, "Input": json.dumps({"QueueUrl": missing, "MessageBody": "<aws.scheduler.attempt-number>"}),
        "RetryPolicy": {"MaximumRetryAttempts": 3}, "DeadLetterConfig": {"Arn": dead_arn}})["ScheduleArn"]
    own.move(HOUR + MINUTE)
    [message] = receive(own.sqs, dead)
    said = {k: v["StringValue"] for k, v in message["MessageAttributes"].items()}
    assert json.loads(message["Body"]) == {"QueueUrl": missing, "MessageBody": "4"}
    assert len(said.pop("EXECUTION_ID")) == 16 and "not exist" in said.pop("ERROR_MESSAGE")
    assert said == {"ERROR_CODE": "QueueDoesNotExist", "EXHAUSTED_RETRY_CONDITION": "MaximumRetryAttempts", "IS_PAYLOAD_TRUNCATED": "false", "RETRY_ATTEMPTS": "3",
                    "SCHEDULED_TIME": f"{own.now.year}-01-01T01:00:00Z", "SCHEDULE_ARN": arn, "TARGET_ARN": "arn:aws:scheduler:::aws-sdk:sqs:sendMessage"}
    assert own.scheduler.list_schedules()["Schedules"] == []  # it had its end


def test_a_target_that_comes_late_is_reached_and_an_old_event_is_given_up(own):
    dead, dead_arn = make_queue(own.sqs)
    late = name("late")
    target = {"Arn": f"arn:aws:sqs:us-east-1:{ACCOUNT}:{late}", "RoleArn": own.role, "Input": "<aws.scheduler.attempt-number>"}
    own.scheduler.create_schedule(Name="s", ScheduleExpression="rate(365 days)", FlexibleTimeWindow=OFF, Target=target)
    own.scheduler.create_schedule(Name="short", ScheduleExpression="rate(365 days)", FlexibleTimeWindow=OFF,
                                  Target={**target, "RetryPolicy": {"MaximumEventAgeInSeconds": 60}, "DeadLetterConfig": {"Arn": dead_arn}})
    own.move(5 * MINUTE)
    [message] = receive(own.sqs, dead)
    assert message["MessageAttributes"]["EXHAUSTED_RETRY_CONDITION"]["StringValue"] == "MaximumEventAgeInSeconds"
    url = own.sqs.create_queue(QueueName=late)["QueueUrl"]
    own.move(10 * MINUTE)
    [message] = receive(own.sqs, url)
    assert 8 <= int(message["Body"]) <= 11


@pytest.mark.as_root  # who makes such a schedule uses the key himself
def test_an_input_under_a_key_of_kms(own):
    kms, iam = own.brume.client("kms"), own.brume.client("iam")
    key = kms.create_key()["KeyMetadata"]["Arn"]
    role = make_role(own.brume, "sqs:SendMessage", "kms:Decrypt")
    url, arn = make_queue(own.sqs)
    own.scheduler.create_schedule(Name="s", ScheduleExpression="rate(1 day)", FlexibleTimeWindow=OFF, KmsKeyArn=key, Target={"Arn": arn, "RoleArn": role, "Input": "secret words"})
    assert [m["Body"] for m in receive(own.sqs, url)] == ["secret words"]
    assert own.scheduler.get_schedule(Name="s")["Target"]["Input"] == "secret words"
    assert not any(b"secret words" in f.read_bytes() for f in own.brume.data.glob("rows/*") if f.is_file())
    kms.disable_key(KeyId=key)
    own.move(DAY)
    assert nothing(own.sqs, url)
    kms.enable_key(KeyId=key)
    own.move(HOUR)  # tried again
    assert [m["Body"] for m in receive(own.sqs, url)] == ["secret words"]
    iam.delete_role_policy(RoleName=role.rsplit("/", 1)[1], PolicyName="p")
    own.move(DAY)
    assert nothing(own.sqs, url)
