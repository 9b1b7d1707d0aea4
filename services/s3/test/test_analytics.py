"""Storage class analysis: how old the objects are that are read, in a file that grows by a day at a time."""
import csv
import io
import json

import pytest
from botocore.exceptions import ClientError

ACCOUNT = "000000000000"
DAY = 86400000
MB = 1 << 20
COLUMNS = ("Date ConfigId Filter StorageClass ObjectAge ObjectCount DataUploaded_MB Storage_MB DataRetrieved_MB GetRequestCount CumulativeAccessRatio "
           "ObjectAgeForSIATransition RecommendedObjectAgeForSIATransition").split()


def configuration(name, filters=None, export=True, **to):
    destination = {"Format": "CSV", "Bucket": "arn:aws:s3:::reports", "Prefix": "to", **to}
    analysis = {"DataExport": {"OutputSchemaVersion": "V_1", "Destination": {"S3BucketDestination": destination}}} if export else {}
    return {"Id": name, **({"Filter": filters} if filters else {}), "StorageClassAnalysis": analysis}


class World:
    def __init__(self, server):
        self.server, self.s3 = server, server.client("s3")
        for bucket in ("source", "reports"):
            self.s3.create_bucket(Bucket=bucket)

    def allow(self):
        self.s3.put_bucket_policy(Bucket="reports", Policy=json.dumps({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "s3:PutObject", "Resource": "arn:aws:s3:::reports/*",
             "Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:s3:::source"}, "StringEquals": {"aws:SourceAccount": ACCOUNT}}}]}))

    def configure(self, made):
        self.s3.put_bucket_analytics_configuration(Bucket="source", Id=made["Id"], AnalyticsConfiguration=made)

    def rows(self, name):
        try:
            text = self.s3.get_object(Bucket="reports", Key=f"to/source/{name}.csv")["Body"].read().decode()
        except ClientError:
            return None
        found = csv.DictReader(io.StringIO(text))
        rows = list(found)
        assert found.fieldnames == COLUMNS
        return rows


@pytest.fixture
def world(start_brume):
    return World(start_brume())


def refused(call, *arguments, **named):
    with pytest.raises(ClientError) as error:
        call(*arguments, **named)
    return error.value.response["Error"]["Code"]


def test_what_is_stored_and_read_by_age(world):
    w = world
    w.allow()
    w.configure(configuration("all"))
    w.configure(configuration("logs", {"And": {"Prefix": "logs/", "Tags": [{"Key": "team", "Value": "red"}]}}))
    w.s3.put_object(Bucket="source", Key="logs/old", Body=b"x" * MB, Tagging="team=red")
    for _ in range(16):
        w.server.advance_clock(DAY)
    w.s3.put_object(Bucket="source", Key="logs/new", Body=b"x" * (MB // 2))
    w.s3.put_object(Bucket="source", Key="small", Body=b"x" * 1024)  # too small for an age group
    w.s3.put_object(Bucket="source", Key="rare", Body=b"x" * MB, StorageClass="STANDARD_IA")
    w.s3.put_object(Bucket="source", Key="cold", Body=b"x" * MB, StorageClass="GLACIER")  # not analysed
    for key in ("logs/old", "logs/old", "logs/new", "small"):
        w.s3.get_object(Bucket="source", Key=key)["Body"].read()
    w.s3.head_object(Bucket="source", Key="logs/old")
    w.server.advance_clock(DAY)
    rows = w.rows("all")
    days = sorted({r["Date"] for r in rows})
    assert len(days) == 17
    today = {(r["StorageClass"], r["ObjectAge"]): r for r in rows[-5:]}
    assert {r["Date"] for r in today.values()} == {rows[-1]["Date"]} and set(today) == {
        ("STANDARD", "000-014"), ("STANDARD", "015-029"), ("STANDARD", "ALL"), ("STANDARD_IA", "000-014"), ("STANDARD_IA", "ALL")}
    shown = lambda kind, age: [float(today[kind, age][c] or -1) for c in ("ObjectCount", "DataUploaded_MB", "Storage_MB", "DataRetrieved_MB", "GetRequestCount")]
    assert shown("STANDARD", "000-014") == [1, -1, 0.5, 0.5, 1]
    assert shown("STANDARD", "015-029") == [1, -1, 1, 2, 2]
    assert shown("STANDARD", "ALL") == pytest.approx([3, 0.5 + 1 / 1024, 1.5 + 1 / 1024, 2.5 + 1 / 1024, 4], abs=1e-5)
    assert shown("STANDARD_IA", "ALL") == [1, 1, 1, 0, 0]
    red = [r for r in w.rows("logs") if r["Date"] == rows[-1]["Date"]]
    assert [(r["ObjectAge"], r["Filter"], r["GetRequestCount"]) for r in red] == [("015-029", "logs/;team:red", "2"), ("ALL", "logs/;team:red", "2")]
    assert not rows[-1]["RecommendedObjectAgeForSIATransition"]


def test_a_recommendation_after_thirty_days(world):
    w = world
    w.allow()
    w.configure(configuration("all"))
    w.s3.put_object(Bucket="source", Key="idle", Body=b"x" * MB)
    for _ in range(29):
        w.server.advance_clock(DAY)
    assert {r["RecommendedObjectAgeForSIATransition"] for r in w.rows("all")} == {""}
    for _ in range(3):
        w.server.advance_clock(DAY)
    last = w.rows("all")[-1]
    assert (last["ObjectAge"], last["ObjectAgeForSIATransition"], last["RecommendedObjectAgeForSIATransition"]) == ("ALL", "30", "30")
    for _ in range(10):
        w.s3.get_object(Bucket="source", Key="idle")["Body"].read()
    w.server.advance_clock(DAY)
    last = w.rows("all")[-1]
    assert last["RecommendedObjectAgeForSIATransition"] == "" and float(last["CumulativeAccessRatio"]) > 1


def test_only_with_the_right_and_while_it_is_configured(world):
    w = world
    w.configure(configuration("all"))
    w.configure(configuration("unseen", export=False))
    w.s3.put_object(Bucket="source", Key="a", Body=b"x" * MB)
    w.server.advance_clock(DAY)
    assert w.rows("all") is None
    w.allow()
    w.server.advance_clock(DAY)
    assert len({r["Date"] for r in w.rows("all")}) == 2 and w.rows("unseen") is None  # the day before was not lost
    w.s3.delete_bucket_analytics_configuration(Bucket="source", Id="all")
    w.server.advance_clock(DAY)
    assert len({r["Date"] for r in w.rows("all")}) == 2
    w.configure(configuration("all"))
    w.server.advance_clock(DAY)
    assert len({r["Date"] for r in w.rows("all")}) == 1  # begins anew


def test_configurations(world):
    w = world
    assert refused(w.s3.get_bucket_analytics_configuration, Bucket="source", Id="a") == "NoSuchConfiguration"
    made = configuration("a", {"And": {"Prefix": "p", "Tags": [{"Key": "k", "Value": "v"}]}}, BucketAccountId=ACCOUNT)
    w.configure(made)
    w.configure(configuration("b", {"Tag": {"Key": "k", "Value": "v"}}, export=False))
    assert w.s3.get_bucket_analytics_configuration(Bucket="source", Id="a")["AnalyticsConfiguration"] == made
    listed = w.s3.list_bucket_analytics_configurations(Bucket="source")
    assert [a["Id"] for a in listed["AnalyticsConfigurationList"]] == ["a", "b"] and not listed["IsTruncated"]
    w.s3.delete_bucket_analytics_configuration(Bucket="source", Id="a")
    assert refused(w.s3.delete_bucket_analytics_configuration, Bucket="source", Id="a") == "NoSuchConfiguration"
    assert refused(w.configure, configuration("no spaces")) == "InvalidArgument"
    assert refused(w.configure, configuration("c", {"And": {"Prefix": "one"}})) == "MalformedXML"
    assert refused(w.configure, configuration("c", Format="Parquet")) == "MalformedXML"
    assert refused(w.configure, configuration("c", Bucket="reports")) == "InvalidArgument"
    w.s3.delete_bucket(Bucket="source")
