"""Access logs: what stands in them, and whose right it is to deliver them."""
import json
import re
import urllib.error
import urllib.request

import pytest
from botocore.exceptions import ClientError

ACCOUNT = "000000000000"
HOUR = 3600000
FIELDS = ("owner bucket time ip requester request operation key uri status error sent size total turn referer agent version host_id signature "
          "cipher auth host tls arn acl region").split()
LINE = re.compile(r'\[[^]]*\]|"[^"]*"|\S+')


class World:
    def __init__(self, server):
        self.server, self.s3 = server, server.client("s3")
        for bucket in ("watched", "logs"):
            self.s3.create_bucket(Bucket=bucket)

    def allow(self, **condition):
        self.s3.put_bucket_policy(Bucket="logs", Policy=json.dumps({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "logging.s3.amazonaws.com"}, "Action": "s3:PutObject", "Resource": "arn:aws:s3:::logs/*",
             "Condition": condition or {"ArnLike": {"aws:SourceArn": "arn:aws:s3:::watched"}, "StringEquals": {"aws:SourceAccount": ACCOUNT}}}]}))

    def watch(self, **more):
        self.s3.put_bucket_logging(Bucket="watched", BucketLoggingStatus={"LoggingEnabled": {"TargetBucket": "logs", "TargetPrefix": "log/", **more}})

    def keys(self):
        return [o["Key"] for o in self.s3.list_objects_v2(Bucket="logs").get("Contents", [])]

    def records(self):
        """After the next hour: all that was delivered."""
        self.server.advance_clock(HOUR)
        text = "".join(self.s3.get_object(Bucket="logs", Key=k)["Body"].read().decode() for k in self.keys())
        return [dict(zip(FIELDS, LINE.findall(line), strict=True)) for line in text.splitlines()]


@pytest.fixture
def world(start_brume):
    return World(start_brume())


@pytest.mark.as_root  # is written as its canonical id
def test_what_stands_in_a_log(world):
    w = world
    w.allow()
    w.watch()
    w.s3.put_object(Bucket="watched", Key="a b", Body=b"hello")
    w.s3.get_object(Bucket="watched", Key="a b")["Body"].read()
    w.s3.head_object(Bucket="watched", Key="a b")
    w.s3.list_objects_v2(Bucket="watched")
    with pytest.raises(ClientError):
        w.s3.get_object(Bucket="watched", Key="none")
    w.s3.copy_object(Bucket="watched", Key="copy", CopySource="watched/a b")
    w.s3.delete_objects(Bucket="watched", Delete={"Objects": [{"Key": "x"}, {"Key": "y"}]})
    w.s3.get_bucket_versioning(Bucket="watched")
    with pytest.raises(urllib.error.HTTPError):
        urllib.request.urlopen(w.server.url + "/watched/a%20b")
    link = w.s3.generate_presigned_url("get_object", Params={"Bucket": "watched", "Key": "copy"})
    urllib.request.urlopen(link).read()
    records = w.records()
    assert [r["operation"] for r in records] == [
        "REST.PUT.OBJECT", "REST.GET.OBJECT", "REST.HEAD.OBJECT", "REST.GET.BUCKET", "REST.GET.OBJECT", "REST.COPY.OBJECT",
        "REST.POST.MULTI_OBJECT_DELETE", "BATCH.DELETE.OBJECT", "BATCH.DELETE.OBJECT", "REST.GET.VERSIONING", "REST.GET.OBJECT", "REST.GET.OBJECT"]
    put, got, head, listed, missed, copied = records[:6]
    owner = w.s3.get_bucket_acl(Bucket="logs")["Owner"]["ID"]
    assert put["owner"] == put["requester"] == owner and put["bucket"] == "watched" and put["key"] == "a%2520b"
    assert put["uri"] == '"PUT /watched/a%20b HTTP/1.1"' and put["status"] == "200" and put["error"] == "-" and put["size"] == "5"
    assert got["sent"] == got["size"] == "5" and head["sent"] == "-" and head["size"] == "5"
    assert missed["status"] == "404" and missed["error"] == "NoSuchKey"
    assert put["signature"] == "SigV4" and put["auth"] == "AuthHeader" and "Boto3" in put["agent"] and put["region"] == "us-east-1"
    assert re.match(r"\[\d\d/[A-Z][a-z][a-z]/\d{4}:\d\d:\d\d:\d\d \+0000\]$", put["time"])
    assert [r["key"] for r in records if r["operation"] == "BATCH.DELETE.OBJECT"] == ["x", "y"]
    unsigned, presigned = records[-2:]
    assert unsigned["requester"] == "-" and unsigned["status"] == "403" and unsigned["error"] == "AccessDenied"
    assert unsigned["signature"] == "-" and presigned["auth"] == "QueryString" and presigned["status"] == "200"
    assert all(re.match(r"log/\d{4}-\d\d-\d\d-\d\d-\d\d-\d\d-[0-9A-F]{16}$", k) for k in w.keys())
    # An hour without requests brings no file; one after logging was turned off neither.
    before = len(w.keys())
    w.server.advance_clock(HOUR)
    assert len(w.keys()) == before
    w.s3.get_bucket_versioning(Bucket="watched")
    w.server.advance_clock(HOUR)
    assert len(w.keys()) == before + 1
    w.s3.put_bucket_logging(Bucket="watched", BucketLoggingStatus={})
    w.s3.get_bucket_versioning(Bucket="watched")
    w.server.advance_clock(HOUR)
    assert len(w.keys()) == before + 1


def test_simple_prefix(world):
    w = world
    w.allow()
    w.watch(TargetObjectKeyFormat={"SimplePrefix": {}})
    assert w.s3.get_bucket_logging(Bucket="watched")["LoggingEnabled"]["TargetObjectKeyFormat"] == {"SimplePrefix": {}}


@pytest.mark.parametrize("source", ["EventTime", "DeliveryTime"])
def test_partitioned_prefixes(world, source):
    w = world
    w.allow()
    w.watch(TargetObjectKeyFormat={"PartitionedPrefix": {"PartitionDateSource": source}})
    w.s3.list_objects_v2(Bucket="watched")
    assert len(w.records()) == 1
    day = r"(\d{4})/(\d\d)/(\d\d)/\1-\2-\3-"
    time = "00-00-00" if source == "EventTime" else r"\d\d-\d\d-\d\d"
    assert re.match(f"log/{ACCOUNT}/us-east-1/watched/{day}{time}-[0-9A-F]{{16}}$", w.keys()[0])


def test_only_with_the_right(world):
    """The policy of the target decides, by the source; in the old way its list of rights does."""
    w = world
    w.watch()
    w.s3.list_objects_v2(Bucket="watched")
    assert w.records() == []
    w.allow(ArnLike={"aws:SourceArn": "arn:aws:s3:::other"})
    w.s3.list_objects_v2(Bucket="watched")
    assert w.records() == []
    w.allow(StringEquals={"aws:SourceAccount": ACCOUNT})
    w.s3.list_objects_v2(Bucket="watched")
    assert [r["operation"] for r in w.records()] == ["REST.GET.BUCKET"]
    w.s3.delete_bucket_policy(Bucket="logs")
    w.s3.put_bucket_ownership_controls(Bucket="logs", OwnershipControls={"Rules": [{"ObjectOwnership": "ObjectWriter"}]})
    group = 'uri="http://acs.amazonaws.com/groups/s3/LogDelivery"'
    w.s3.put_bucket_acl(Bucket="logs", GrantWrite=group, GrantReadACP=group)
    w.s3.head_bucket(Bucket="watched")
    assert [r["operation"] for r in w.records()] == ["REST.GET.BUCKET", "REST.HEAD.BUCKET"]


def test_who_else_may_read_the_logs(world):
    w, friend = world, world.server.client("s3", account="222222222222")
    friend.create_bucket(Bucket="friends")
    grants = [{"Grantee": {"Type": "CanonicalUser", "ID": friend.get_bucket_acl(Bucket="friends")["Owner"]["ID"]}, "Permission": "READ"}]
    with pytest.raises(ClientError) as error:
        w.watch(TargetGrants=grants)
    assert error.value.response["Error"]["Code"] == "AccessControlListNotSupported"
    w.s3.put_bucket_ownership_controls(Bucket="logs", OwnershipControls={"Rules": [{"ObjectOwnership": "ObjectWriter"}]})
    w.allow()
    w.watch(TargetGrants=grants)
    w.s3.put_object(Bucket="watched", Key="a", Body=b"")
    w.server.advance_clock(HOUR)
    key, = w.keys()
    assert b"REST.PUT.OBJECT" in friend.get_object(Bucket="logs", Key=key)["Body"].read()
    shown = w.s3.get_object_acl(Bucket="logs", Key=key)
    assert [(g["Grantee"]["ID"], g["Permission"]) for g in shown["Grants"]] == [(shown["Owner"]["ID"], "FULL_CONTROL"), (grants[0]["Grantee"]["ID"], "READ")]


def test_a_crash_keeps_the_lines(world):
    w = world
    w.allow()
    w.watch()
    for _ in range(5):
        w.s3.list_objects_v2(Bucket="watched")
    w.server.kill()
    w.server.start()
    w = World.__new__(World)
    w.server, w.s3 = world.server, world.server.client("s3")
    assert len(w.records()) == 5
