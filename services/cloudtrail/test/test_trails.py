"""Trails: what they are, what they deliver, and the stock CLI that checks it."""
import datetime
import gzip
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

MINUTE, HOUR = 60 * 1000, 3600 * 1000
ACCOUNT = "000000000000"


def refused(error, code, message=None):
    assert error.value.response["Error"]["Code"] == code, error.value.response["Error"]
    if message is not None:
        assert error.value.response["Error"]["Message"] == message


def policy(bucket):
    service = {"Service": "cloudtrail.amazonaws.com"}
    return json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": service, "Action": "s3:GetBucketAcl", "Resource": f"arn:aws:s3:::{bucket}"},
        {"Effect": "Allow", "Principal": service, "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{bucket}/*",
         "Condition": {"StringEquals": {"s3:x-amz-acl": "bucket-owner-full-control"}}}]})


def make_bucket(server, bucket="logs", **options):
    s3 = server.client("s3", **options)
    s3.create_bucket(Bucket=bucket)
    s3.put_bucket_policy(Bucket=bucket, Policy=policy(bucket))
    return s3


def objects(s3, part, bucket="logs"):
    keys = [o["Key"] for p in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket) for o in p.get("Contents", [])]
    return [k for k in keys if part in k and k.endswith(".json.gz")]


def records(s3, keys, bucket="logs"):
    bodies = [s3.get_object(Bucket=bucket, Key=k)["Body"].read() for k in keys]
    return [r for b in bodies for r in json.loads(gzip.decompress(b))["Records"]]


def test_a_trail_is_described_as_it_was_made(brume, account, trail):
    make_bucket(brume, f"logs-{account}", account=account)
    made = trail.create_trail(Name="all-calls", S3BucketName=f"logs-{account}", S3KeyPrefix="p", EnableLogFileValidation=True, TagsList=[{"Key": "a", "Value": "b"}])
    arn = f"arn:aws:cloudtrail:us-east-1:{account}:trail/all-calls"
    assert made["TrailARN"] == arn and made["LogFileValidationEnabled"] and made["IncludeGlobalServiceEvents"] and not made["IsMultiRegionTrail"]
    shown = trail.get_trail(Name="all-calls")["Trail"]
    assert shown["HomeRegion"] == "us-east-1" and shown["S3KeyPrefix"] == "p" and trail.describe_trails()["trailList"] == [shown]
    assert trail.list_trails()["Trails"] == [{"TrailARN": arn, "Name": "all-calls", "HomeRegion": "us-east-1"}]
    assert trail.list_tags(ResourceIdList=[arn])["ResourceTagList"][0]["TagsList"] == [{"Key": "a", "Value": "b"}]
    assert trail.get_trail_status(Name=arn)["IsLogging"] is False
    trail.start_logging(Name=arn)
    assert trail.get_trail_status(Name=arn)["IsLogging"] is True
    trail.update_trail(Name="all-calls", IsMultiRegionTrail=True)
    assert [t["Name"] for t in _client(brume, account, "eu-west-1").describe_trails()["trailList"]] == ["all-calls"]
    with pytest.raises(ClientError) as error:
        _client(brume, account, "eu-west-1").stop_logging(Name=arn)
    refused(error, "InvalidHomeRegionException")
    trail.delete_trail(Name="all-calls")
    with pytest.raises(ClientError) as error:
        trail.get_trail(Name="all-calls")
    refused(error, "TrailNotFoundException", f"Unknown trail: all-calls for the user: {account}")


def _client(brume, account, region):
    return brume.client("cloudtrail", account=account, region=region)


def test_what_cannot_be_made(brume, account, trail):
    s3 = brume.client("s3", account=account)
    s3.create_bucket(Bucket=f"closed-{account}")
    for name, bucket, code in [("all-calls", f"absent-{account}", "S3BucketDoesNotExistException"), ("all-calls", f"closed-{account}", "InsufficientS3BucketPolicyException"),
                               ("a", f"closed-{account}", "InvalidTrailNameException")]:
        with pytest.raises(ClientError) as error:
            trail.create_trail(Name=name, S3BucketName=bucket)
        refused(error, code)


def test_selectors_are_kept(brume, account, trail):
    make_bucket(brume, f"logs-{account}", account=account)
    trail.create_trail(Name="all-calls", S3BucketName=f"logs-{account}")
    assert trail.get_event_selectors(TrailName="all-calls")["EventSelectors"] == [
        {"ReadWriteType": "All", "IncludeManagementEvents": True, "DataResources": [], "ExcludeManagementEventSources": []}]
    basic = [{"ReadWriteType": "WriteOnly", "IncludeManagementEvents": True, "DataResources": [{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3:::b/"]}],
              "ExcludeManagementEventSources": ["kms.amazonaws.com"]}]
    trail.put_event_selectors(TrailName="all-calls", EventSelectors=basic)
    assert trail.get_event_selectors(TrailName="all-calls")["EventSelectors"] == basic
    advanced = [{"Name": "puts", "FieldSelectors": [{"Field": "eventCategory", "Equals": ["Data"]}, {"Field": "eventName", "StartsWith": ["Put"]}]}]
    trail.put_event_selectors(TrailName="all-calls", AdvancedEventSelectors=advanced)
    assert trail.get_event_selectors(TrailName="all-calls")["AdvancedEventSelectors"] == advanced
    with pytest.raises(ClientError) as error:
        trail.put_event_selectors(TrailName="all-calls", AdvancedEventSelectors=[{"FieldSelectors": [{"Field": "eventName", "Equals": ["x"]}]}])
    refused(error, "InvalidEventSelectorsException")


def test_management_events_reach_the_bucket(start_brume):
    server = start_brume()
    s3, trail, sqs = make_bucket(server), server.client("cloudtrail"), server.client("sqs")
    trail.create_trail(Name="all-calls", S3BucketName="logs", IsMultiRegionTrail=True)
    trail.start_logging(Name="all-calls")
    sqs.create_queue(QueueName="q")
    sqs.list_queues()
    server.client("sqs", region="eu-west-1").create_queue(QueueName="far")
    server.advance_clock(5 * MINUTE)
    here, far = objects(s3, "/CloudTrail/us-east-1/"), objects(s3, "/CloudTrail/eu-west-1/")
    assert len(here) == 1 and here[0].startswith(f"AWSLogs/{ACCOUNT}/CloudTrail/us-east-1/") and f"/{ACCOUNT}_CloudTrail_us-east-1_" in here[0]
    names = [r["eventName"] for r in records(s3, here)]
    assert "CreateQueue" in names and "ListQueues" in names and "PutObject" not in names
    assert [r["eventName"] for r in records(s3, far)] == ["CreateQueue"]
    status = trail.get_trail_status(Name="all-calls")
    assert status["LatestDeliveryTime"] and not status.get("LatestDeliveryError")
    server.advance_clock(30 * MINUTE)
    again = [r["eventID"] for r in records(s3, objects(s3, "/CloudTrail/"))]
    assert len(again) == len(set(again))
    trail.stop_logging(Name="all-calls")
    sqs.create_queue(QueueName="unseen")
    server.advance_clock(10 * MINUTE)
    assert not any(r["requestParameters"] == {"queueName": "unseen"} for r in records(s3, objects(s3, "/CloudTrail/")))


def test_data_events_where_they_are_selected(start_brume):
    server = start_brume()
    s3, trail = make_bucket(server), server.client("cloudtrail")
    s3.create_bucket(Bucket="watched")
    s3.create_bucket(Bucket="other")
    trail.create_trail(Name="all-calls", S3BucketName="logs")
    trail.put_event_selectors(TrailName="all-calls", EventSelectors=[
        {"ReadWriteType": "All", "IncludeManagementEvents": False, "DataResources": [{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3:::watched/"]}]}])
    s3.put_object(Bucket="watched", Key="before", Body=b"x")
    trail.start_logging(Name="all-calls")
    s3.put_object(Bucket="watched", Key="k", Body=b"x")
    s3.get_object(Bucket="watched", Key="k")
    s3.put_object(Bucket="other", Key="k", Body=b"x")
    server.advance_clock(5 * MINUTE)
    found = records(s3, objects(s3, "/CloudTrail/"))
    assert [(r["eventName"], r["eventCategory"], r["managementEvent"]) for r in found] == [("PutObject", "Data", False), ("GetObject", "Data", False)]
    assert {x["type"]: x["ARN"] for x in found[0]["resources"]} == {"AWS::S3::Object": "arn:aws:s3:::watched/k", "AWS::S3::Bucket": "arn:aws:s3:::watched"}
    assert trail.lookup_events(LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "GetObject"}])["Events"] == []


def test_a_bucket_that_closes_delays_and_loses_nothing(start_brume):
    server = start_brume()
    s3, trail = make_bucket(server), server.client("cloudtrail")
    trail.create_trail(Name="all-calls", S3BucketName="logs")
    trail.start_logging(Name="all-calls")
    s3.delete_bucket_policy(Bucket="logs")
    server.client("sqs").create_queue(QueueName="q")
    server.advance_clock(5 * MINUTE)
    assert objects(s3, "/CloudTrail/") == [] and trail.get_trail_status(Name="all-calls")["LatestDeliveryError"] == "AccessDenied"
    s3.put_bucket_policy(Bucket="logs", Policy=policy("logs"))
    server.advance_clock(5 * MINUTE)
    assert "CreateQueue" in [r["eventName"] for r in records(s3, objects(s3, "/CloudTrail/"))]


def cli(server, *arguments):
    command = [str(Path(sys.executable).parent / "aws"), "--endpoint-url", server.url, *arguments]
    environment = dict(os.environ, AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test", AWS_DEFAULT_REGION="us-east-1", AWS_ENDPOINT_URL=server.url)
    return subprocess.run(command, capture_output=True, text=True, env=environment)


def test_the_stock_cli_validates_and_finds_an_edited_file(start_brume):
    server = start_brume()
    s3, trail, sqs = make_bucket(server), server.client("cloudtrail"), server.client("sqs")
    arn = trail.create_trail(Name="all-calls", S3BucketName="logs", EnableLogFileValidation=True)["TrailARN"]
    trail.start_logging(Name="all-calls")
    start = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=1)
    for hour in range(3):
        sqs.create_queue(QueueName=f"q{hour}")
        server.advance_clock(HOUR)
    sqs.list_queues()
    server.advance_clock(HOUR)
    key, = trail.list_public_keys()["PublicKeyList"]
    assert len(key["Fingerprint"]) == 32
    end = start + datetime.timedelta(hours=8)
    arguments = ["cloudtrail", "validate-logs", "--trail-arn", arn, "--start-time", start.strftime("%Y-%m-%dT%H:%M:%SZ"),
                 "--end-time", end.strftime("%Y-%m-%dT%H:%M:%SZ"), "--verbose"]
    answer = cli(server, *arguments)
    digests, logs = objects(s3, "/CloudTrail-Digest/"), objects(s3, "/CloudTrail/")
    assert answer.returncode == 0, answer.stdout + answer.stderr
    found = re.search(r"(\d+)/(\d+) log files valid", answer.stdout)  # the latest files are in no digest yet
    assert f"{len(digests)}/{len(digests)} digest files valid" in answer.stdout and found[1] == found[2]
    assert len(digests) >= 4 and int(found[2]) >= 3
    edited = gzip.compress(gzip.decompress(s3.get_object(Bucket="logs", Key=logs[0])["Body"].read()).replace(b"CreateQueue", b"CreateQuark"))
    s3.put_object(Bucket="logs", Key=logs[0], Body=edited)
    answer = cli(server, *arguments)
    assert f"{logs[0]}\tINVALID: hash value doesn't match" in answer.stdout + answer.stderr
    assert f"{int(found[2]) - 1}/{found[2]} log files valid, 1/{found[2]} log files INVALID" in answer.stdout
    s3.delete_object(Bucket="logs", Key=digests[1])
    answer = cli(server, *arguments)
    assert answer.returncode == 1 and f"{digests[1]}\tINVALID: not found" in answer.stdout + answer.stderr


def trust(service):
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}]})


def allow(*actions):
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": "*"}]})


def test_events_reach_cloudwatch_logs(start_brume):
    server = start_brume()
    s3, trail, iam, logs = make_bucket(server), server.client("cloudtrail"), server.client("iam"), server.client("logs")
    logs.create_log_group(logGroupName="trail")
    group = f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:trail:*"
    role = iam.create_role(RoleName="r", AssumeRolePolicyDocument=trust("cloudtrail.amazonaws.com"))["Role"]["Arn"]
    wanted = {"Name": "all-calls", "S3BucketName": "logs", "IsMultiRegionTrail": True, "CloudWatchLogsLogGroupArn": group}
    for options in ({}, {"CloudWatchLogsRoleArn": role}, {"CloudWatchLogsRoleArn": f"arn:aws:iam::{ACCOUNT}:role/absent"}):
        with pytest.raises(ClientError) as error:
            trail.create_trail(**wanted, **options)
        refused(error, "InvalidCloudWatchLogsRoleArnException")
    iam.put_role_policy(RoleName="r", PolicyName="p", PolicyDocument=allow("logs:CreateLogStream", "logs:PutLogEvents"))
    with pytest.raises(ClientError) as error:
        trail.create_trail(**{**wanted, "CloudWatchLogsLogGroupArn": group.replace("trail", "absent")}, CloudWatchLogsRoleArn=role)
    refused(error, "InvalidCloudWatchLogsLogGroupArnException")
    trail.create_trail(**wanted, CloudWatchLogsRoleArn=role)
    assert trail.get_trail(Name="all-calls")["Trail"]["CloudWatchLogsLogGroupArn"] == group
    trail.start_logging(Name="all-calls")
    server.client("sqs").create_queue(QueueName="q")
    server.client("sqs", region="eu-west-1").create_queue(QueueName="far")
    server.advance_clock(5 * MINUTE)

    def names(region):
        found = logs.get_log_events(logGroupName="trail", logStreamName=f"{ACCOUNT}_CloudTrail_{region}", startFromHead=True)["events"]
        return [json.loads(e["message"])["eventName"] for e in found]

    assert "CreateQueue" in names("us-east-1") and names("eu-west-1") == ["CreateQueue"]
    assert trail.get_trail_status(Name="all-calls")["LatestCloudWatchLogsDeliveryTime"]
    iam.delete_role_policy(RoleName="r", PolicyName="p")
    server.client("sqs").create_queue(QueueName="q2")
    server.advance_clock(5 * MINUTE)
    assert trail.get_trail_status(Name="all-calls")["LatestCloudWatchLogsDeliveryError"] == "AccessDenied"
    assert any(r["requestParameters"] == {"queueName": "q2"} for r in records(s3, objects(s3, "/CloudTrail/us-east-1/")))  # the bucket has it all the same


def test_a_topic_hears_of_each_file(start_brume):
    server = start_brume()
    s3, trail, sns, sqs = make_bucket(server), server.client("cloudtrail"), server.client("sns"), server.client("sqs")
    topic, queue = sns.create_topic(Name="files")["TopicArn"], sqs.create_queue(QueueName="files")["QueueUrl"]
    with pytest.raises(ClientError) as error:
        trail.create_trail(Name="all-calls", S3BucketName="logs", SnsTopicName="files")
    refused(error, "InsufficientSnsTopicPolicyException")
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"}, "Action": "SNS:Publish", "Resource": topic}]}))
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": arn}]})})
    trail.create_trail(Name="all-calls", S3BucketName="logs", SnsTopicName="files")
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
    trail.start_logging(Name="all-calls")
    sqs.list_queues()
    server.advance_clock(5 * MINUTE)
    message, = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=5)["Messages"]
    notice = json.loads(message["Body"])
    assert notice["s3Bucket"] == "logs" and notice["s3ObjectKey"] == objects(s3, "/CloudTrail/us-east-1/")
