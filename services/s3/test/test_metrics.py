"""What CloudWatch hears of buckets: requests by filter, every minute; what is stored, every day."""
import json
import os
import subprocess

import pytest
from botocore.exceptions import ClientError

from conftest import BINARY

OTHER = "222222222222"
MINUTE, DAY = 60000, 86400000


class World:
    def __init__(self, server):
        self.server = server
        self.s3, self.cloudwatch = (server.client(s) for s in ("s3", "cloudwatch"))
        self.s3.create_bucket(Bucket="measured")

    def measure(self, name, **filters):
        self.s3.put_bucket_metrics_configuration(Bucket="measured", Id=name, MetricsConfiguration={"Id": name, **({"Filter": filters} if filters else {})})

    def metric(self, name, statistic="Sum", **dimensions):
        dimensions = [{"Name": k, "Value": v} for k, v in {"BucketName": "measured", **dimensions}.items()]
        clock = self.server.advance_clock(0)["now_ms"] // 1000
        answer = self.cloudwatch.get_metric_data(StartTime=clock - 3 * 86400, EndTime=clock + 86400, MetricDataQueries=[{"Id": "m", "MetricStat": {
            "Metric": {"Namespace": "AWS/S3", "MetricName": name, "Dimensions": dimensions}, "Period": 60, "Stat": statistic}}])
        return sum(answer["MetricDataResults"][0]["Values"])


@pytest.fixture
def world(start_brume):
    return World(start_brume())


def refused(call, *arguments, **named):
    with pytest.raises(ClientError) as error:
        call(*arguments, **named)
    return error.value.response["Error"]["Code"]


def usage(server):
    """(account, service, usage type) -> quantity, as `brume usage` prints it."""
    command = [BINARY, "usage", "--port", str(server.port), "--data", str(server.data)]
    lines = subprocess.run(command, check=True, capture_output=True, text=True, env=dict(os.environ)).stdout.splitlines()
    return {(account, service, kind): float(n) for account, service, kind, n in (line.split() for line in lines[1:])}


def test_requests_by_filter(world):
    w = world
    w.measure("images", Prefix="images/")
    w.measure("red", Tag={"Key": "team", "Value": "red"})
    w.measure("all")
    w.s3.put_object(Bucket="measured", Key="images/a", Body=b"x" * 1000)
    w.s3.put_object(Bucket="measured", Key="b", Body=b"x" * 10, Tagging="team=red")
    for key in ("images/a", "images/a", "b"):
        w.s3.get_object(Bucket="measured", Key=key)["Body"].read()
    w.s3.head_object(Bucket="measured", Key="b")
    assert refused(w.s3.get_object, Bucket="measured", Key="images/none") == "NoSuchKey"
    w.s3.list_objects_v2(Bucket="measured")
    w.s3.delete_object(Bucket="measured", Key="b")
    w.server.advance_clock(2 * MINUTE)
    everything = {n: w.metric(n, FilterId="all") for n in ("AllRequests", "GetRequests", "PutRequests", "HeadRequests", "ListRequests", "DeleteRequests",
                                                         "4xxErrors", "5xxErrors", "BytesUploaded", "BytesDownloaded")}
    assert everything["AllRequests"] == 9 and everything["GetRequests"] == 4 and everything["PutRequests"] == 2
    assert everything["HeadRequests"] == everything["ListRequests"] == everything["DeleteRequests"] == everything["4xxErrors"] == 1
    assert everything["5xxErrors"] == 0 and everything["BytesUploaded"] == 1010 and everything["BytesDownloaded"] > 2010
    assert w.metric("GetRequests", FilterId="images") == 3 and w.metric("AllRequests", FilterId="images") == 4
    assert w.metric("GetRequests", FilterId="red") == 1 and w.metric("PutRequests", FilterId="red") == 0  # the tags that are there
    assert w.metric("TotalRequestLatency", "Maximum", FilterId="all") > 0 and w.metric("FirstByteLatency", "SampleCount", FilterId="all") == 9


def test_what_is_stored_every_day(world):
    w = world
    for i in range(3):
        w.s3.put_object(Bucket="measured", Key=f"k{i}", Body=b"x" * 100)
    w.s3.put_object(Bucket="measured", Key="cold", Body=b"x" * 7, StorageClass="GLACIER")
    w.server.advance_clock(DAY)
    w.server.advance_clock(2 * MINUTE)
    assert w.metric("BucketSizeBytes", StorageType="StandardStorage") == 300
    assert w.metric("BucketSizeBytes", StorageType="GlacierStorage") == 7
    assert w.metric("NumberOfObjects", StorageType="AllStorageTypes") == 4


def test_what_is_stored_is_used(world):
    w = world
    w.s3.put_object(Bucket="measured", Key="k", Body=b"x" * 1000)
    w.s3.put_object(Bucket="measured", Key="rare", Body=b"x" * 1000, StorageClass="STANDARD_IA")
    w.server.advance_clock(DAY)
    used = usage(w.server)
    assert used["000000000000", "s3", "TimedStorage-ByteHrs"] == 24 * 1000
    assert used["000000000000", "s3", "TimedStorage-SIA-ByteHrs"] == 24 * (128 << 10)  # at least that much is billed of each
    w.s3.delete_object(Bucket="measured", Key="k")
    w.server.advance_clock(DAY)
    assert usage(w.server)["000000000000", "s3", "TimedStorage-ByteHrs"] == 24 * 1000


def test_the_requester_pays(world):
    w, other = world, world.server.client("s3", account=OTHER)
    w.s3.put_bucket_policy(Bucket="measured", Policy=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": OTHER}, "Action": "s3:*", "Resource": "arn:aws:s3:::measured/*"}]}))
    w.s3.put_object(Bucket="measured", Key="k", Body=b"x" * 1000)
    other.get_object(Bucket="measured", Key="k")["Body"].read()
    assert not [kind for account, _, kind in usage(w.server) if account == OTHER]  # the owner does
    w.s3.put_bucket_request_payment(Bucket="measured", RequestPaymentConfiguration={"Payer": "Requester"})
    before = usage(w.server)
    other.get_object(Bucket="measured", Key="k", RequestPayer="requester")["Body"].read()
    other.put_object(Bucket="measured", Key="theirs", Body=b"x" * 10, RequestPayer="requester")
    after = usage(w.server)
    assert {kind: n for (account, _, kind), n in after.items() if account == OTHER} == {
        "Requests-Tier1": 1, "Requests-Tier2": 1, "DataTransfer-In-Bytes": 10, "DataTransfer-Out-Bytes": 1000}
    assert {k: n for k, n in after.items() if k[0] != OTHER} == before


def test_configurations(world):
    w = world
    assert refused(w.s3.get_bucket_metrics_configuration, Bucket="measured", Id="a") == "NoSuchConfiguration"
    both = {"And": {"Prefix": "p", "Tags": [{"Key": "k", "Value": "v"}]}}
    w.measure("a", **both)
    w.measure("b")
    assert w.s3.get_bucket_metrics_configuration(Bucket="measured", Id="a")["MetricsConfiguration"] == {"Id": "a", "Filter": both}
    assert [m["Id"] for m in w.s3.list_bucket_metrics_configurations(Bucket="measured")["MetricsConfigurationList"]] == ["a", "b"]
    w.s3.delete_bucket_metrics_configuration(Bucket="measured", Id="a")
    assert refused(w.s3.delete_bucket_metrics_configuration, Bucket="measured", Id="a") == "NoSuchConfiguration"
    assert refused(w.measure, "no spaces") == "InvalidArgument"
    assert refused(w.measure, "c", And={"Prefix": "one"}) == "MalformedXML"
    for i in range(101):
        w.measure(f"m{i:03}")
    page = w.s3.list_bucket_metrics_configurations(Bucket="measured")
    assert page["IsTruncated"] and len(page["MetricsConfigurationList"]) == 100
    rest = w.s3.list_bucket_metrics_configurations(Bucket="measured", ContinuationToken=page["NextContinuationToken"])
    assert not rest["IsTruncated"] and [m["Id"] for m in rest["MetricsConfigurationList"]] == ["m099", "m100"]


def test_what_s3_delivers_is_a_put(world):
    w = world
    w.server.advance_clock((10 - w.server.now().minute) % 60 * MINUTE)  # the hour, when logs come, does not end meanwhile
    w.s3.create_bucket(Bucket="logs")
    w.s3.put_bucket_policy(Bucket="logs", Policy=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "logging.s3.amazonaws.com"}, "Action": "s3:PutObject", "Resource": "arn:aws:s3:::logs/*"}]}))
    w.s3.put_bucket_logging(Bucket="measured", BucketLoggingStatus={"LoggingEnabled": {"TargetBucket": "logs", "TargetPrefix": "log/"}})
    w.s3.put_object(Bucket="measured", Key="k", Body=b"x")
    which = ("000000000000", "s3", "Requests-Tier1")
    before = usage(w.server)[which]
    w.server.advance_clock(60 * MINUTE)
    counted = usage(w.server)[which] - before
    assert counted == len(w.s3.list_objects_v2(Bucket="logs")["Contents"]) == 1
