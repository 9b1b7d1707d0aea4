"""Data protection: what is sensitive in events is masked when they are read, and reported when they come."""
import gzip
import json
import random
import time
import uuid

import pytest

from kit import refused
from services.logs.test.log_queries import wait

IDENTIFIER = "arn:aws:dataprotection::aws:data-identifier/"


def policy(*identifiers, destination=None, custom=None):
    names = [i if custom and i in custom else IDENTIFIER + i for i in identifiers]
    document = {"Name": "protect", "Version": "2021-06-01", "Statement": [
        {"Sid": "audit", "DataIdentifier": names, "Operation": {"Audit": {"FindingsDestination": destination or {}}}},
        {"Sid": "mask", "DataIdentifier": names, "Operation": {"Deidentify": {"MaskConfig": {}}}}]}
    if custom:
        document["Configuration"] = {"CustomDataIdentifier": [{"Name": n, "Regex": r} for n, r in custom.items()]}
    return json.dumps(document)


class Account:
    """An account of one's own: a policy of the account is for all of its groups."""

    def __init__(self, brume):
        self.id = str(random.randrange(10**11, 10**12))
        self.brume = brume
        self.logs = brume.client("logs", account=self.id)

    def group(self, name="app", **more):
        self.logs.create_log_group(logGroupName=name, **more)
        self.logs.create_log_stream(logGroupName=name, logStreamName="s")

    def put(self, *messages, group="app"):
        at = int(time.time() * 1000)
        self.logs.put_log_events(logGroupName=group, logStreamName="s", logEvents=[{"timestamp": at, "message": m} for m in messages])

    def read(self, group="app", **more):
        return [e["message"] for e in self.logs.get_log_events(logGroupName=group, logStreamName="s", startFromHead=True, **more)["events"]]

    def found(self, group="app", **more):
        return [e["message"] for e in self.logs.filter_log_events(logGroupName=group, **more)["events"]]

    def ask(self, query, group="app"):
        now = int(time.time())
        started = self.logs.start_query(logGroupName=group, startTime=now - 600, endTime=now + 60, queryString=query)["queryId"]
        return [{f["field"]: f["value"] for f in row} for row in wait(self.logs, started)["results"]]


def until(look, good, seconds=60):
    end = time.time() + seconds
    while not good(seen := look()):
        assert time.time() < end
        time.sleep(0.05)
    return seen


@pytest.fixture
def own(brume):
    return Account(brume)


def test_a_policy_is_kept(own):
    own.group()
    assert "policyDocument" not in own.logs.get_data_protection_policy(logGroupIdentifier="app")
    assert "dataProtectionStatus" not in own.logs.describe_log_groups()["logGroups"][0]
    document = policy("EmailAddress")
    put = own.logs.put_data_protection_policy(logGroupIdentifier="app", policyDocument=document)
    got = own.logs.get_data_protection_policy(logGroupIdentifier="app")
    assert put["policyDocument"] == got["policyDocument"] == document and got["logGroupIdentifier"] == "app"
    assert put["lastUpdatedTime"] == got["lastUpdatedTime"]
    assert own.logs.describe_log_groups()["logGroups"][0]["dataProtectionStatus"] == "ACTIVATED"
    own.logs.delete_data_protection_policy(logGroupIdentifier="app")
    assert "policyDocument" not in own.logs.get_data_protection_policy(logGroupIdentifier="app")
    assert own.logs.describe_log_groups()["logGroups"][0]["dataProtectionStatus"] == "DELETED"
    refused("ResourceNotFoundException", own.logs.put_data_protection_policy, logGroupIdentifier="none", policyDocument=document)


def changed(change):
    document = json.loads(policy("EmailAddress"))
    change(document)
    return json.dumps(document)


@pytest.mark.parametrize("document", [
    "no json",
    changed(lambda d: d.update(Version="2012-10-17")),
    changed(lambda d: d.pop("Name")),
    changed(lambda d: d["Statement"].pop()),
    changed(lambda d: d["Statement"][0].update(DataIdentifier=[IDENTIFIER + "ShoeSize"])),
    changed(lambda d: d["Statement"][0].update(DataIdentifier=[IDENTIFIER + "IpAddress"])),
    changed(lambda d: d["Statement"][0]["Operation"].update(Audit={})),
    changed(lambda d: d["Statement"][1]["Operation"].update(Deidentify={"MaskConfig": {"MaskWithCharacter": "#"}})),
    policy("Staff", custom={"Staff": "("}),
])
def test_what_is_no_policy(own, document):
    own.group()
    refused("InvalidParameterException", own.logs.put_data_protection_policy, logGroupIdentifier="app", policyDocument=document)


def test_infrequent_access_has_none(own):
    own.group(logGroupClass="INFREQUENT_ACCESS")
    refused("InvalidParameterException", own.logs.put_data_protection_policy, logGroupIdentifier="app", policyDocument=policy("EmailAddress"))


def test_events_are_masked_wherever_they_are_read(own):
    own.group()
    own.put("before ann@example.com")
    own.logs.put_data_protection_policy(logGroupIdentifier="app", policyDocument=policy("EmailAddress", "Staff", custom={"Staff": r"staff-\d{3}"}))
    own.put('{"user":"bob@example.com","n":1}', "staff-123 and nothing")
    masked = ["before ann@example.com", '{"user":"***************","n":1}', "********* and nothing"]
    assert own.read() == own.found() == masked
    assert [e["message"] for e in own.logs.get_log_events(logGroupName="app", logStreamName="s", limit=1)["events"]] == masked[2:]
    assert own.found(filterPattern='"bob@example.com"') == [] and own.found(filterPattern='"****"') == masked[1:]
    assert sorted(r["@message"] for r in own.ask("fields @message")) == sorted(masked)
    row, = own.ask("fields user | filter n = 1")
    assert row["user"] == "***************"
    assert own.logs.get_log_record(logRecordPointer=row["@ptr"])["logRecord"]["user"] == "***************"
    # who has the right and asks for it sees all
    raw = ["before ann@example.com", '{"user":"bob@example.com","n":1}', "staff-123 and nothing"]
    assert own.read(unmask=True) == own.found(unmask=True) == raw
    assert own.found(filterPattern='"bob@example.com"', unmask=True) == raw[1:2]
    assert sorted(r["@message"] for r in own.ask("fields @timestamp | unmask @message")) == sorted(raw)
    assert own.logs.get_log_record(logRecordPointer=row["@ptr"], unmask=True)["logRecord"]["user"] == "bob@example.com"


def test_what_came_under_a_policy_stays_masked(own):
    own.group()
    own.logs.put_data_protection_policy(logGroupIdentifier="app", policyDocument=policy("EmailAddress"))
    own.put("1 ann@example.com 10.0.0.1")
    own.logs.put_data_protection_policy(logGroupIdentifier="app", policyDocument=policy("IpAddress"))
    own.put("2 ann@example.com 10.0.0.1")
    own.logs.delete_data_protection_policy(logGroupIdentifier="app")
    own.put("3 ann@example.com 10.0.0.1")
    assert own.read() == ["1 *************** 10.0.0.1", "2 ann@example.com ********", "3 ann@example.com 10.0.0.1"]


def test_metric_filters_see_what_is_masked(own):
    own.group()
    own.logs.put_data_protection_policy(logGroupIdentifier="app", policyDocument=policy("EmailAddress"))
    for name, pattern in (("raw", '"ann@example.com"'), ("masked", '"*****"')):
        own.logs.put_metric_filter(logGroupName="app", filterName=name, filterPattern=pattern,
                                   metricTransformations=[{"metricName": name, "metricNamespace": "T", "metricValue": "1"}])
    own.put("from ann@example.com")
    cloudwatch = own.brume.client("cloudwatch", account=own.id)
    assert [m["MetricName"] for m in cloudwatch.list_metrics(Namespace="T")["Metrics"]] == ["masked"]


def test_unmasking_needs_the_right(own):
    own.group()
    own.logs.put_data_protection_policy(logGroupIdentifier="app", policyDocument=policy("EmailAddress"))
    own.put("ann@example.com")
    iam = own.brume.client("iam", account=own.id)
    iam.create_user(UserName="u")
    iam.put_user_policy(UserName="u", PolicyName="p", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "logs:*", "Resource": "*"}, {"Effect": "Deny", "Action": "logs:Unmask", "Resource": "*"}]}))
    key = iam.create_access_key(UserName="u")["AccessKey"]
    user = own.brume.client("logs", account=key["AccessKeyId"], secret=key["SecretAccessKey"])
    now = int(time.time())
    assert [e["message"] for e in user.get_log_events(logGroupName="app", logStreamName="s")["events"]] == ["***************"]
    for call, arguments in ((user.get_log_events, {"logStreamName": "s", "unmask": True}), (user.filter_log_events, {"unmask": True}),
                            (user.start_query, {"startTime": now - 60, "endTime": now, "queryString": "fields unmask(@message)"})):
        message = refused("AccessDeniedException", call, logGroupName="app", **arguments)
        assert "logs:Unmask" in message


def test_a_policy_of_the_account(own):
    own.group("old")
    own.group("cheap", logGroupClass="INFREQUENT_ACCESS")
    document = policy("EmailAddress")
    put = own.logs.put_account_policy(policyName="all", policyType="DATA_PROTECTION_POLICY", policyDocument=document, scope="ALL")["accountPolicy"]
    assert put["accountId"] == own.id and put["scope"] == "ALL"
    assert own.logs.describe_account_policies(policyType="DATA_PROTECTION_POLICY")["accountPolicies"] == [put]
    assert own.logs.describe_account_policies(policyType="DATA_PROTECTION_POLICY", policyName="other")["accountPolicies"] == []
    refused("LimitExceededException", own.logs.put_account_policy, policyName="second", policyType="DATA_PROTECTION_POLICY", policyDocument=document)
    own.group("new")
    own.logs.put_data_protection_policy(logGroupIdentifier="new", policyDocument=policy("IpAddress"))
    for group in ("old", "new", "cheap"):
        own.put("ann@example.com 10.0.0.1", group=group)
    assert own.read("old") == ["*************** 10.0.0.1"]
    assert own.read("new") == ["*************** ********"]  # both hold
    assert own.read("cheap") == ["ann@example.com 10.0.0.1"]
    inherited = {g["logGroupName"]: g.get("inheritedProperties", []) for g in own.logs.describe_log_groups()["logGroups"]}
    assert inherited == {"old": ["ACCOUNT_DATA_PROTECTION"], "new": ["ACCOUNT_DATA_PROTECTION"], "cheap": []}
    own.logs.delete_account_policy(policyName="all", policyType="DATA_PROTECTION_POLICY")
    refused("ResourceNotFoundException", own.logs.delete_account_policy, policyName="all", policyType="DATA_PROTECTION_POLICY")
    own.put("bob@example.com", group="old")
    assert own.read("old") == ["*************** 10.0.0.1", "bob@example.com"]


def report(own, group, *identifiers):
    return {"resourceArn": f"arn:aws:logs:us-east-1:{own.id}:log-group:{group}:*", "dataIdentifiers": list(identifiers)}


def test_findings_into_a_group(own):
    own.group()
    own.logs.create_log_group(logGroupName="/aws/vendedlogs/audit")
    to = {"CloudWatchLogs": {"LogGroup": "/aws/vendedlogs/audit"}}
    refused("ResourceNotFoundException", own.logs.put_data_protection_policy, logGroupIdentifier="app",
            policyDocument=policy("EmailAddress", destination={"CloudWatchLogs": {"LogGroup": "none"}}))
    own.logs.put_data_protection_policy(logGroupIdentifier="app", policyDocument=policy("EmailAddress", "IpAddress", destination=to))
    own.put("ann@example.com and bob@example.com", "nothing", "10.0.0.1 is zoë's: zoe@example.com")
    reports = [json.loads(m) for m in own.found("/aws/vendedlogs/audit")]
    assert all(time.strptime(r.pop("auditTimestamp"), "%Y-%m-%dT%H:%M:%SZ") for r in reports)
    assert reports == [
        report(own, "app", {"name": "EmailAddress", "count": 2, "detections": [{"start": 1, "end": 15}, {"start": 21, "end": 35}]}),
        report(own, "app", {"name": "EmailAddress", "count": 1, "detections": [{"start": 20, "end": 34}]},
               {"name": "IpAddress", "count": 1, "detections": [{"start": 1, "end": 8}]})]


@pytest.mark.as_root  # needs rights of the bucket besides those of Logs
def test_findings_into_a_bucket(own):
    own.group()
    s3 = own.brume.client("s3", account=own.id)
    bucket = f"b-{uuid.uuid4().hex}"
    document = policy("EmailAddress", destination={"S3": {"Bucket": bucket}})
    refused("InvalidParameterException", own.logs.put_data_protection_policy, logGroupIdentifier="app", policyDocument=document)
    s3.create_bucket(Bucket=bucket)
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "logs.us-east-1.amazonaws.com"}, "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{bucket}/*"}]}))
    own.logs.put_data_protection_policy(logGroupIdentifier="app", policyDocument=document)
    own.put("ann@example.com", "bob@example.com")
    objects = until(lambda: s3.list_objects_v2(Bucket=bucket, Prefix=f"AWSLogs/{own.id}/").get("Contents", []), bool)
    text = gzip.decompress(s3.get_object(Bucket=bucket, Key=objects[0]["Key"])["Body"].read()).decode()
    reports = [json.loads(line) for line in text.splitlines()]
    assert len(objects) == 1 and [r["dataIdentifiers"][0]["count"] for r in reports] == [1, 1]


def test_findings_are_counted(start_brume):
    brume = start_brume()
    own = Account(brume)
    own.group()
    own.logs.put_data_protection_policy(logGroupIdentifier="app", policyDocument=policy("EmailAddress", "IpAddress"))
    own.put("ann@example.com 10.0.0.1", "bob@example.com", "nothing")
    brume.advance_clock(120000)
    cloudwatch = brume.client("cloudwatch", account=own.id)

    def counted():
        now = time.time() + 120
        return cloudwatch.get_metric_statistics(Namespace="AWS/Logs", MetricName="LogEventsWithFindings", Dimensions=[{"Name": "LogGroupName", "Value": "app"}],
                                                StartTime=now - 600, EndTime=now + 600, Period=3600, Statistics=["Sum"])["Datapoints"]
    assert sum(p["Sum"] for p in until(counted, bool)) == 2  # events, not what was found in them
