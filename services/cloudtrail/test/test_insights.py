"""Insights: a burst of calls or errors that the account is not used to."""
import gzip
import json
import time

import pytest
from botocore.exceptions import ClientError

MINUTE, HOUR = 60 * 1000, 3600 * 1000
ACCOUNT = "000000000000"


def policy(bucket):
    return json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"}, "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{bucket}/*"}]})


@pytest.fixture
def server(start_brume):
    server = start_brume()
    s3 = server.client("s3")
    s3.create_bucket(Bucket="logs")
    s3.put_bucket_policy(Bucket="logs", Policy=policy("logs"))
    trail = server.client("cloudtrail")
    trail.create_trail(Name="watch", S3BucketName="logs")
    trail.start_logging(Name="watch")
    return server


def watch(server, *types):
    server.client("cloudtrail").put_insight_selectors(TrailName="watch", InsightSelectors=[{"InsightType": t} for t in types])


def found(server, expected=0, **options):
    """The rounds that look for insights run behind the clock: waits for so many."""
    for _ in range(200):
        events = server.client("cloudtrail").lookup_events(EventCategory="insight", **options)["Events"]
        if len(events) >= expected:
            break
        time.sleep(0.1)
    return [json.loads(e["CloudTrailEvent"]) for e in events]


def burst(server, n=30, start=0):
    sqs = server.client("sqs")
    for i in range(start, start + n):
        sqs.create_queue(QueueName=f"q{i}")


@pytest.mark.as_root
def test_bursts_of_calls_and_of_errors_are_insights(server):
    watch(server, "ApiCallRateInsight", "ApiErrorRateInsight")
    burst(server, 1)
    server.advance_clock(37 * HOUR)
    burst(server, start=100)
    sqs = server.client("sqs")
    for _ in range(30):
        with pytest.raises(ClientError):
            sqs.get_queue_url(QueueName="absent")
    server.advance_clock(5 * MINUTE)
    by_type = {e["insightDetails"]["insightType"]: e for e in found(server, 2)}
    assert set(by_type) == {"ApiCallRateInsight", "ApiErrorRateInsight"}
    details = by_type["ApiErrorRateInsight"]["insightDetails"]
    assert (details["eventName"], details["errorCode"], details["insightContext"]["statistics"]["baseline"]["average"]) == ("GetQueueUrl", "QueueDoesNotExist", 0)
    start = by_type["ApiCallRateInsight"]
    details = start["insightDetails"]
    assert (start["eventType"], start["eventCategory"], start["recipientAccountId"]) == ("AwsCloudTrailInsight", "Insight", ACCOUNT)
    assert (details["state"], details["eventSource"], details["eventName"], details["insightType"]) == (
        "Start", "sqs.amazonaws.com", "CreateQueue", "ApiCallRateInsight")
    statistics = details["insightContext"]["statistics"]
    assert 0 < statistics["baseline"]["average"] < 0.01 and statistics["insight"]["average"] >= 10 and statistics["baselineDuration"] >= 37 * 60 - 5
    who = {a["attribute"]: a for a in details["insightContext"]["attributions"]}
    assert who["userIdentityArn"]["insight"][0]["value"] == f"arn:aws:iam::{ACCOUNT}:root" and who["errorCode"]["insight"][0]["value"] == "null"
    server.advance_clock(10 * MINUTE)
    assert len(found(server, 4)) == 4
    end, = found(server, LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "CreateQueue"}], MaxResults=1)
    assert end["insightDetails"]["state"] == "End" and end["sharedEventID"] == start["sharedEventID"]
    assert found(server, LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "CreateTopic"}]) == []
    s3 = server.client("s3")
    keys = [o["Key"] for o in s3.list_objects_v2(Bucket="logs", Prefix=f"AWSLogs/{ACCOUNT}/CloudTrail-Insight/us-east-1/")["Contents"]]
    records = [r for k in keys for r in json.loads(gzip.decompress(s3.get_object(Bucket="logs", Key=k)["Body"].read()))["Records"]]
    assert [r["insightDetails"]["state"] for r in records] == ["Start", "Start", "End", "End"] and f"/{ACCOUNT}_CloudTrail-Insight_us-east-1_" in keys[0]


def test_without_history_nothing_is_unusual(server):
    watch(server, "ApiCallRateInsight")
    burst(server)
    server.advance_clock(5 * MINUTE)
    assert found(server) == []


def test_selectors(server):
    trail = server.client("cloudtrail")
    with pytest.raises(ClientError) as error:
        trail.get_insight_selectors(TrailName="watch")
    assert error.value.response["Error"]["Code"] == "InsightNotEnabledException"
    assert not trail.get_trail(Name="watch")["Trail"]["HasInsightSelectors"]
    watch(server, "ApiErrorRateInsight")
    assert trail.get_insight_selectors(TrailName="watch")["InsightSelectors"] == [{"InsightType": "ApiErrorRateInsight"}]
    assert trail.get_trail(Name="watch")["Trail"]["HasInsightSelectors"]
    trail.put_insight_selectors(TrailName="watch", InsightSelectors=[])
    with pytest.raises(ClientError) as error:
        trail.get_insight_selectors(TrailName="watch")
    assert error.value.response["Error"]["Code"] == "InsightNotEnabledException"
