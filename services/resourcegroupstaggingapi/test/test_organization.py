"""Compliance with tag policies over all accounts and regions of an organization: its numbers, and the report."""
import csv
import io
import json
import re
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.exceptions import ClientError
from organization_kit import Organization

TRUSTED = "tagpolicies.tag.amazonaws.com"
pytestmark = pytest.mark.as_root  # a user needs rights in several services


class Tagged:
    """An organization whose tag policy knows cost centers 100 and 2*, with a unit, a member in it and tagged resources."""

    def __init__(self, brume):
        self.org = Organization(brume)
        self.management = self.org.management
        self.org.client.enable_aws_service_access(ServicePrincipal=TRUSTED)
        self.org.client.enable_policy_type(RootId=self.org.root, PolicyType="TAG_POLICY")
        self.member = self.org.account()
        self.unit = self.org.unit("unit")["Id"]
        self.org.move(self.member, self.org.root, self.unit)
        content = {"tags": {"CostCenter": {"tag_key": {"@@assign": "CostCenter"}, "tag_value": {"@@assign": ["100", "2*"]}}}}
        self.policy = self.org.client.create_policy(Content=json.dumps(content), Name="tags", Description="", Type="TAG_POLICY")["Policy"]["PolicySummary"]["Id"]

    def attach(self, target=None):
        self.org.client.attach_policy(PolicyId=self.policy, TargetId=target or self.org.root)
        return self

    def client(self, service, account=None, region="us-east-1"):
        return self.org.of(account or self.management, service, region=region)

    def queue(self, account, name, region="us-east-1", **tags):
        self.client("sqs", account, region).create_queue(QueueName=name, tags=tags)
        return f"arn:aws:sqs:{region}:{account}:{name}"

    def topic(self, account, name, **tags):
        return self.client("sns", account).create_topic(Name=name, Tags=[{"Key": k, "Value": v} for k, v in tags.items()])["TopicArn"]

    def summary(self, **question):
        """Pages of rows, each without when and with None for what it does not tell."""
        pages = self.client("resourcegroupstaggingapi").get_paginator("get_compliance_summary").paginate(**question)
        return [[(r["TargetId"], r.get("Region"), r.get("ResourceType"), r["NonCompliantResources"]) for r in p["SummaryList"]] for p in pages]

    def report(self, bucket):
        """Starts it and waits until it is done."""
        tagging = self.client("resourcegroupstaggingapi")
        tagging.start_report_creation(S3Bucket=bucket)
        until = time.monotonic() + 20
        while (told := tagging.describe_report_creation())["Status"] == "RUNNING" and time.monotonic() < until:
            time.sleep(0.02)
        return told

    def lines(self, told, owner=None):
        place = re.fullmatch(r"s3://([^/]+)/(AwsTagPolicies/(o-[a-z0-9]+)/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/report\.csv)", told["S3Location"])
        assert place and place[3] == self.org.made["Id"]
        got = self.client("s3", owner).get_object(Bucket=place[1], Key=place[2])
        assert got["ContentType"] == "text/csv"
        return list(csv.DictReader(io.StringIO(got["Body"].read().decode())))


@pytest.fixture
def tagged(brume):
    return Tagged(brume)


def refused(code, call, **arguments):
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    assert caught.value.response["Error"]["Code"] == code
    return caught.value.response["Error"]["Message"]


def bucket_of(tagged, account):
    name = f"reports-{uuid.uuid4().hex[:20]}"
    tagged.client("s3", account).create_bucket(Bucket=name)
    return name


def populate(tagged):
    """Five that do not comply, among others that do."""
    management, member = tagged.management, tagged.member
    tagged.queue(management, "good", CostCenter="100")
    tagged.queue(management, "other", team="blue")
    tagged.queue(management, "none")
    return [tagged.queue(management, "value", CostCenter="300", team="blue"), tagged.queue(management, "case", costcenter="100"),
            tagged.topic(management, "value", CostCenter="1"), tagged.queue(member, "value", CostCenter="301"),
            tagged.queue(member, "far", "eu-west-1", CostCenter="302", team="red")]


def test_summary_counts_accounts_regions_and_types(tagged):
    populate(tagged)
    tagged.attach()
    root, management, member = tagged.org.root, tagged.management, tagged.member
    assert tagged.summary() == [[(root, None, None, 5)]]
    assert tagged.summary(GroupBy=["TARGET_ID"]) == [sorted([(management, None, None, 3), (member, None, None, 2)])]
    assert tagged.summary(GroupBy=["REGION"]) == [[(root, "eu-west-1", None, 1), (root, "us-east-1", None, 4)]]
    assert tagged.summary(GroupBy=["RESOURCE_TYPE"]) == [[(root, None, "sns:topic", 1), (root, None, "sqs:queue", 4)]]
    rows = sorted([(management, "us-east-1", "sns:topic", 1), (management, "us-east-1", "sqs:queue", 2),
                   (member, "eu-west-1", "sqs:queue", 1), (member, "us-east-1", "sqs:queue", 1)])
    everything = ["TARGET_ID", "REGION", "RESOURCE_TYPE"]
    assert tagged.summary(GroupBy=everything) == [rows]
    assert tagged.summary(GroupBy=everything, MaxResults=3) == [rows[:3], rows[3:]]
    row = tagged.client("resourcegroupstaggingapi").get_compliance_summary(GroupBy=["TARGET_ID"], TargetIdFilters=[member])["SummaryList"][0]
    assert row["TargetIdType"] == "ACCOUNT" and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", row["LastUpdated"])


def test_summary_filters(tagged):
    populate(tagged)
    tagged.attach()

    def number(**filters):
        [[(_, _, _, n)]] = tagged.summary(**filters)
        return n
    assert number(TargetIdFilters=[tagged.member]) == number(TargetIdFilters=[tagged.unit]) == 2
    assert number(TargetIdFilters=[tagged.org.root]) == number(TargetIdFilters=[tagged.member, tagged.management]) == 5
    assert number(RegionFilters=["eu-west-1", "eu-central-1"]) == 1 and number(RegionFilters=["eu-central-1"]) == 0
    assert number(ResourceTypeFilters=["sqs"]) == 4 and number(ResourceTypeFilters=["sns:topic"]) == 1
    assert number(TagKeyFilters=["team"]) == 2 and number(TagKeyFilters=["team"], RegionFilters=["us-east-1"]) == 1
    assert number(TagKeyFilters=["absent"]) == 0


def test_each_account_has_its_own_policy(tagged):
    populate(tagged)
    tagged.attach(tagged.member)
    assert tagged.summary(GroupBy=["TARGET_ID"]) == [[(tagged.member, None, None, 2)]]


def test_summary_tokens_serve_their_question_alone(tagged):
    populate(tagged)
    tagged.attach()
    tagging = tagged.client("resourcegroupstaggingapi")
    token = tagging.get_compliance_summary(GroupBy=["REGION"], MaxResults=1)["PaginationToken"]
    last = tagging.get_compliance_summary(GroupBy=["REGION"], MaxResults=1, PaginationToken=token)
    assert [r["Region"] for r in last["SummaryList"]] == ["us-east-1"] and not last.get("PaginationToken")
    refused("InvalidParameterException", tagging.get_compliance_summary, GroupBy=["RESOURCE_TYPE"], PaginationToken=token)


def test_who_may_ask_and_when(tagged, brume):
    bucket = bucket_of(tagged, tagged.management)

    def asked(client, code="ConstraintViolationException"):
        told = {refused(code, client.get_compliance_summary), refused(code, client.start_report_creation, S3Bucket=bucket)}
        assert len(told) == 1
        return told.pop()
    tagging = tagged.client("resourcegroupstaggingapi")
    assert "must have a tag policy attached" in asked(tagging)
    assert tagging.describe_report_creation()["Status"] == "NO REPORT"
    tagged.attach()
    assert tagged.summary() == [[(tagged.org.root, None, None, 0)]]
    outsider = f"{uuid.uuid4().int % 10**12:012}"
    for elsewhere in (tagged.client("resourcegroupstaggingapi", tagged.member), tagged.client("resourcegroupstaggingapi", outsider),
                      tagged.client("resourcegroupstaggingapi", region="eu-west-1")):
        assert "management account and from the us-east-1 Region" in asked(elsewhere)
        refused("ConstraintViolationException", elsewhere.describe_report_creation)
    tagged.org.client.disable_aws_service_access(ServicePrincipal=TRUSTED)
    assert TRUSTED in asked(tagging)


def test_report_lists_the_tagged_resources_of_all_accounts(tagged):
    bad = populate(tagged)
    tagged.attach()
    told = tagged.report(bucket_of(tagged, tagged.management))
    assert told["Status"] == "SUCCEEDED" and "ErrorMessage" not in told
    lines = {line["ResourceARN"]: line for line in tagged.lines(told)}
    good = [f"arn:aws:sqs:us-east-1:{tagged.management}:{name}" for name in ("good", "other")]
    assert set(lines) == {*bad, *good}
    assert {arn for arn, line in lines.items() if line["ComplianceStatus"] == "false"} == set(bad)
    assert lines[bad[1]] == {"AccountId": tagged.management, "Region": "us-east-1", "ResourceARN": bad[1], "ComplianceStatus": "false",
                             "NoncompliantKeys": "costcenter", "KeysWithNoncompliantValues": "CostCenter"}
    assert lines[bad[4]] == {"AccountId": tagged.member, "Region": "eu-west-1", "ResourceARN": bad[4], "ComplianceStatus": "false",
                             "NoncompliantKeys": "", "KeysWithNoncompliantValues": "CostCenter"}
    assert lines[good[0]]["ComplianceStatus"] == "true"


def test_report_into_another_accounts_bucket_needs_its_policy(tagged):
    tagged.attach()
    tagged.queue(tagged.management, "q", CostCenter="100")
    bucket = bucket_of(tagged, tagged.member)
    told = tagged.report(bucket)
    assert told["Status"] == "FAILED" and told["ErrorMessage"] and "S3Location" not in told
    source = {"StringLike": {"aws:SourceAccount": tagged.management, "aws:SourceArn": f"arn:aws:tag:us-east-1:{tagged.management}:*"}}
    folder = f"arn:aws:s3:::{bucket}/AwsTagPolicies/{tagged.org.made['Id']}/*"
    statements = [{"Effect": "Allow", "Principal": {"Service": [TRUSTED]}, "Action": action, "Resource": resource, "Condition": source}
                  for action, resource in (("s3:GetBucketAcl", f"arn:aws:s3:::{bucket}"), ("s3:PutObject", folder))]
    tagged.client("s3", tagged.member).put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": statements}))
    told = tagged.report(bucket)
    assert told["Status"] == "SUCCEEDED", told
    assert [line["ResourceARN"] for line in tagged.lines(told, tagged.member)] == [f"arn:aws:sqs:us-east-1:{tagged.management}:q"]


def test_one_report_at_a_time(tagged):
    """Of many that start at once some meet one that is being made: if not the first time, then soon."""
    tagging, bucket = tagged.attach().client("resourcegroupstaggingapi"), bucket_of(tagged, tagged.management)

    def start(_):
        try:
            tagging.start_report_creation(S3Bucket=bucket)
        except ClientError as e:
            return e.response["Error"]["Code"]
        return "started"
    seen, until = set(), time.monotonic() + 20
    with ThreadPoolExecutor(8) as threads:
        while len(seen) < 2 and time.monotonic() < until:
            seen |= set(threads.map(start, range(16)))
    assert seen == {"started", "ConcurrentModificationException"}


def test_report_without_a_bucket_fails(tagged):
    told = tagged.attach().report(f"absent-{uuid.uuid4().hex}")
    assert told["Status"] == "FAILED" and "bucket does not exist" in told["ErrorMessage"]


def test_a_report_is_known_for_90_days(start_brume):
    brume = start_brume()
    tagged = Tagged(brume).attach()
    assert tagged.report(bucket_of(tagged, tagged.management))["Status"] == "SUCCEEDED"
    day = 24 * 3600 * 1000
    status = lambda: tagged.client("resourcegroupstaggingapi").describe_report_creation()["Status"]  # noqa: E731
    brume.advance_clock(89 * day)
    assert status() == "SUCCEEDED"
    brume.advance_clock(1 * day)
    assert status() == "NO REPORT"
