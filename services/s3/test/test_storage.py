"""Storage classes on the cloud's clock: rules, restores, tiers, and what is counted."""
import json
import urllib.request
from datetime import datetime, timedelta, timezone

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

MINUTE, HOUR, DAY = 60000, 3600000, 86400000
BIG = b"z" * (130 << 10)


def refused(call, **arguments):
    with pytest.raises(ClientError) as error:
        call(**arguments)
    return error.value.response["Error"]["Code"]


def usage(server):
    """{usage type: quantity} of everything so far."""
    url = f"{server.url}/_brume/usage"
    request = AWSRequest("GET", url)
    SigV4Auth(Credentials("test", "test"), "brume", "us-east-1").add_auth(request)
    with urllib.request.urlopen(urllib.request.Request(url, headers=dict(request.headers))) as answer:
        text = answer.read().decode()
    totals = {}

    def gather(value):
        if isinstance(value, dict):
            kind = value.get("usage_type") or value.get("type") or value.get("usage")
            if kind and "quantity" in value:
                totals[kind] = totals.get(kind, 0) + value["quantity"]
            for inner in value.values():
                gather(inner)
        elif isinstance(value, list):
            for inner in value:
                gather(inner)
    gather(json.loads(text))
    return totals


@pytest.fixture
def cloud(start_brume):
    server = start_brume()
    s3 = server.client("s3")
    s3.create_bucket(Bucket="storage")
    return server, s3


def put(s3, key, storage_class, body=BIG):
    s3.put_object(Bucket="storage", Key=key, Body=body, StorageClass=storage_class)


def rule(**more):
    return {"ID": "r", "Status": "Enabled", "Filter": {"Prefix": ""}, **more}


def lifecycle(s3, *rules, bucket="storage", **more):
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": list(rules)}, **more)


def keys(s3):
    return [o["Key"] for o in s3.list_objects_v2(Bucket="storage").get("Contents", [])]


def test_classes_come_back(cloud):
    _, s3 = cloud
    for name in ("STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER", "DEEP_ARCHIVE", "GLACIER_IR", "REDUCED_REDUNDANCY"):
        put(s3, name, name)
        assert s3.head_object(Bucket="storage", Key=name)["StorageClass"] == name
    put(s3, "plain", "STANDARD")
    assert "StorageClass" not in s3.head_object(Bucket="storage", Key="plain")
    listed = {o["Key"]: o["StorageClass"] for o in s3.list_objects_v2(Bucket="storage")["Contents"]}
    assert listed.pop("plain") == "STANDARD" and all(key == value for key, value in listed.items())
    assert refused(s3.put_object, Bucket="storage", Key="x", StorageClass="BEST") == "InvalidStorageClass"
    s3.copy_object(Bucket="storage", Key="copy", CopySource="storage/STANDARD_IA")
    assert "StorageClass" not in s3.head_object(Bucket="storage", Key="copy")
    assert refused(s3.copy_object, Bucket="storage", Key="copy", CopySource="storage/GLACIER") == "InvalidObjectState"


def test_infrequent_access_reads_at_once_and_costs(cloud):
    server, s3 = cloud
    put(s3, "ia", "STANDARD_IA")
    put(s3, "small", "STANDARD_IA", b"x")
    assert s3.get_object(Bucket="storage", Key="ia")["Body"].read() == BIG
    assert usage(server)["Retrieval-SIA"] == len(BIG)
    server.advance_clock(2 * DAY)
    stored = usage(server)["TimedStorage-SIA-ByteHrs"]
    assert stored == 2 * 24 * (len(BIG) + (128 << 10))  # nothing counts less than 128 KB
    s3.delete_object(Bucket="storage", Key="ia")
    assert 27 * 24 * len(BIG) < usage(server)["EarlyDelete-SIA"] <= 28 * 24 * len(BIG)
    server.advance_clock(40 * DAY)
    before = usage(server)["EarlyDelete-SIA"]
    s3.delete_object(Bucket="storage", Key="small")  # older than 30 days
    assert usage(server)["EarlyDelete-SIA"] == before


def test_glacier_instant_retrieval(cloud):
    server, s3 = cloud
    put(s3, "gir", "GLACIER_IR")
    assert s3.get_object(Bucket="storage", Key="gir")["Body"].read() == BIG
    assert usage(server)["Retrieval-GIR"] == len(BIG)
    assert refused(s3.restore_object, Bucket="storage", Key="gir", RestoreRequest={"Days": 1}) == "InvalidObjectState"
    server.advance_clock(60 * DAY)
    s3.delete_object(Bucket="storage", Key="gir")
    assert 29 * 24 * len(BIG) < usage(server)["EarlyDelete-GIR"] <= 30 * 24 * len(BIG)


@pytest.mark.parametrize("storage_class,tier,takes", [
    ("GLACIER", "Expedited", 5 * MINUTE), ("GLACIER", "Standard", 5 * HOUR), ("GLACIER", "Bulk", 12 * HOUR),
    ("DEEP_ARCHIVE", "Standard", 12 * HOUR), ("DEEP_ARCHIVE", "Bulk", 48 * HOUR)])
def test_restore_from_an_archive(cloud, storage_class, tier, takes):
    server, s3 = cloud
    put(s3, "cold", storage_class)
    where = {"Bucket": "storage", "Key": "cold"}
    assert refused(s3.get_object, **where) == "InvalidObjectState"
    request = {"Days": 2, "GlacierJobParameters": {"Tier": tier}}
    assert s3.restore_object(**where, RestoreRequest=request)["ResponseMetadata"]["HTTPStatusCode"] == 202
    assert s3.head_object(**where)["Restore"] == 'ongoing-request="true"'
    assert refused(s3.restore_object, **where, RestoreRequest=request) == "RestoreAlreadyInProgress"
    server.advance_clock(takes - 2 * MINUTE)
    assert refused(s3.get_object, **where) == "InvalidObjectState"
    server.advance_clock(2 * MINUTE)
    assert 'ongoing-request="false", expiry-date=' in s3.head_object(**where)["Restore"]
    assert s3.get_object(**where)["Body"].read() == BIG
    assert s3.restore_object(**where, RestoreRequest=request)["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert usage(server)[f"{tier}-Retrieval-Bytes"] == len(BIG)
    server.advance_clock(3 * DAY)
    assert "Restore" not in s3.head_object(**where)
    assert refused(s3.get_object, **where) == "InvalidObjectState"


def test_listings_tell_of_restores(cloud):
    """To who asks for it; versions too."""
    server, s3 = cloud
    put(s3, "cold", "GLACIER")
    put(s3, "warm", "STANDARD")

    def listed(call, of, **more):
        found = call(Bucket="storage", **more)[of]
        return [e.get("RestoreStatus") for e in found]
    lists = ((s3.list_objects_v2, "Contents"), (s3.list_objects, "Contents"), (s3.list_object_versions, "Versions"))
    asked = {"OptionalObjectAttributes": ["RestoreStatus"]}
    for call, of in lists:
        assert listed(call, of, **asked) == [None, None]
    s3.restore_object(Bucket="storage", Key="cold", RestoreRequest={"Days": 2, "GlacierJobParameters": {"Tier": "Expedited"}})
    for call, of in lists:
        assert listed(call, of) == [None, None] and listed(call, of, **asked) == [{"IsRestoreInProgress": True}, None]
    server.advance_clock(10 * MINUTE)
    for call, of in lists:
        cold = listed(call, of, **asked)[0]
        assert cold["IsRestoreInProgress"] is False and cold["RestoreExpiryDate"]
    assert refused(s3.list_objects_v2, Bucket="storage", OptionalObjectAttributes=["Colour"]) == "InvalidArgument"


def test_deep_archive_has_no_hurry(cloud):
    server, s3 = cloud
    put(s3, "cold", "DEEP_ARCHIVE")
    request = {"Days": 1, "GlacierJobParameters": {"Tier": "Expedited"}}
    assert refused(s3.restore_object, Bucket="storage", Key="cold", RestoreRequest=request) == "InvalidArgument"
    s3.delete_object(Bucket="storage", Key="cold")
    assert 179 * 24 * len(BIG) < usage(server)["EarlyDelete-GDA"] <= 180 * 24 * len(BIG)


def test_intelligent_tiering_by_days_without_a_read(cloud):
    server, s3 = cloud
    put(s3, "it", "INTELLIGENT_TIERING")
    put(s3, "tiny", "INTELLIGENT_TIERING", b"x")
    day = 24 * len(BIG)
    server.advance_clock(29 * DAY)
    assert "TimedStorage-INT-IA-ByteHrs" not in usage(server)
    server.advance_clock(3 * DAY)
    assert usage(server)["TimedStorage-INT-IA-ByteHrs"] in (day, 2 * day, 3 * day)
    assert usage(server)["Monitoring-Automation-INT"] >= 1  # of the one that is large enough
    infrequent = usage(server)["TimedStorage-INT-IA-ByteHrs"]
    s3.get_object(Bucket="storage", Key="it")["Body"].read()
    server.advance_clock(5 * DAY)
    assert usage(server)["TimedStorage-INT-IA-ByteHrs"] == infrequent
    server.advance_clock(90 * DAY)
    assert usage(server)["TimedStorage-INT-AIA-ByteHrs"] >= day
    assert s3.get_object(Bucket="storage", Key="it")["Body"].read() == BIG


def test_intelligent_tiering_into_the_archive(cloud):
    server, s3 = cloud
    configuration = {"Id": "a", "Status": "Enabled", "Tierings": [{"Days": 90, "AccessTier": "ARCHIVE_ACCESS"},
                                                                  {"Days": 180, "AccessTier": "DEEP_ARCHIVE_ACCESS"}]}
    s3.put_bucket_intelligent_tiering_configuration(Bucket="storage", Id="a", IntelligentTieringConfiguration=configuration)
    listed = s3.list_bucket_intelligent_tiering_configurations(Bucket="storage")["IntelligentTieringConfigurationList"]
    assert listed == [configuration]
    put(s3, "it", "INTELLIGENT_TIERING")
    where = {"Bucket": "storage", "Key": "it"}
    server.advance_clock(91 * DAY)
    assert s3.head_object(**where)["ArchiveStatus"] == "ARCHIVE_ACCESS"
    assert refused(s3.get_object, **where) == "InvalidObjectState"
    server.advance_clock(90 * DAY)
    assert s3.head_object(**where)["ArchiveStatus"] == "DEEP_ARCHIVE_ACCESS"
    s3.restore_object(**where, RestoreRequest={"GlacierJobParameters": {"Tier": "Standard"}})
    server.advance_clock(12 * HOUR)
    assert s3.get_object(**where)["Body"].read() == BIG
    assert "ArchiveStatus" not in s3.head_object(**where)


def test_rules_expire_objects(cloud):
    server, s3 = cloud
    lifecycle(s3, rule(Filter={"Prefix": "tmp/"}, Expiration={"Days": 3}))
    answer = s3.put_object(Bucket="storage", Key="tmp/a", Body=b"x")
    assert 'rule-id="r"' in answer["Expiration"]
    expiry = datetime.strptime(answer["Expiration"].split('"')[1], "%a, %d %b %Y %H:%M:%S GMT").replace(tzinfo=timezone.utc)
    assert (expiry.hour, expiry.minute) == (0, 0) and expiry - datetime.now(timezone.utc) > timedelta(days=3) - timedelta(minutes=5)
    s3.put_object(Bucket="storage", Key="kept", Body=b"x")
    server.advance_clock(2 * DAY)
    assert keys(s3) == ["kept", "tmp/a"]
    server.advance_clock(2 * DAY)
    assert keys(s3) == ["kept"]


def test_rules_by_tag_and_size(cloud):
    server, s3 = cloud
    both = {"And": {"Prefix": "", "Tags": [{"Key": "old", "Value": "yes"}], "ObjectSizeGreaterThan": 5}}
    lifecycle(s3, rule(Filter=both, Expiration={"Days": 1}))
    s3.put_object(Bucket="storage", Key="match", Body=b"long enough", Tagging="old=yes")
    s3.put_object(Bucket="storage", Key="small", Body=b"x", Tagging="old=yes")
    s3.put_object(Bucket="storage", Key="untagged", Body=b"long enough")
    server.advance_clock(2 * DAY)
    assert keys(s3) == ["small", "untagged"]


def test_rules_move_objects(cloud):
    server, s3 = cloud
    lifecycle(s3, rule(Transitions=[{"Days": 30, "StorageClass": "STANDARD_IA"}, {"Days": 60, "StorageClass": "GLACIER"}]))
    put(s3, "big", "STANDARD")
    put(s3, "small", "STANDARD", b"x")
    server.advance_clock(31 * DAY)
    assert s3.head_object(Bucket="storage", Key="big")["StorageClass"] == "STANDARD_IA"
    assert "StorageClass" not in s3.head_object(Bucket="storage", Key="small")  # 128 KB by default
    server.advance_clock(30 * DAY)
    assert s3.head_object(Bucket="storage", Key="big")["StorageClass"] == "GLACIER"
    assert refused(s3.get_object, Bucket="storage", Key="big") == "InvalidObjectState"


def test_rules_for_versions_and_markers(cloud):
    server, s3 = cloud
    s3.put_bucket_versioning(Bucket="storage", VersioningConfiguration={"Status": "Enabled"})
    lifecycle(s3, rule(Expiration={"ExpiredObjectDeleteMarker": True},
                       NoncurrentVersionExpiration={"NoncurrentDays": 5, "NewerNoncurrentVersions": 1}),
              rule(ID="hide", Filter={"Prefix": "hide"}, Expiration={"Days": 2}))
    for _ in range(4):
        s3.put_object(Bucket="storage", Key="k", Body=b"x")
    s3.put_object(Bucket="storage", Key="hide", Body=b"x")
    marker = s3.delete_object(Bucket="storage", Key="nothing")["VersionId"]
    server.advance_clock(3 * DAY)
    page = s3.list_object_versions(Bucket="storage")
    assert [m["Key"] for m in page["DeleteMarkers"]] == ["hide"] and marker  # the lonely one went
    assert len([v for v in page["Versions"] if v["Key"] == "k"]) == 4
    server.advance_clock(4 * DAY)
    page = s3.list_object_versions(Bucket="storage", Prefix="k")
    assert [v["IsLatest"] for v in page["Versions"]] == [True, False]


def test_rules_end_uploads(cloud):
    server, s3 = cloud
    lifecycle(s3, rule(AbortIncompleteMultipartUpload={"DaysAfterInitiation": 3}))
    upload = s3.create_multipart_upload(Bucket="storage", Key="m")["UploadId"]
    s3.upload_part(Bucket="storage", Key="m", UploadId=upload, PartNumber=1, Body=BIG)
    server.advance_clock(5 * DAY)
    assert "Uploads" not in s3.list_multipart_uploads(Bucket="storage")


def test_rules_leave_locked_versions(start_brume):
    server = start_brume()
    s3 = server.client("s3")
    s3.create_bucket(Bucket="storage", ObjectLockEnabledForBucket=True)
    lifecycle(s3, rule(NoncurrentVersionExpiration={"NoncurrentDays": 1}))
    kept = s3.put_object(Bucket="storage", Key="k", Body=b"x", ObjectLockMode="COMPLIANCE",
                         ObjectLockRetainUntilDate=datetime.now(timezone.utc) + timedelta(days=30))["VersionId"]
    s3.put_object(Bucket="storage", Key="k", Body=b"y")
    server.advance_clock(10 * DAY)
    assert s3.get_object(Bucket="storage", Key="k", VersionId=kept)["Body"].read() == b"x"
    server.advance_clock(22 * DAY)
    assert refused(s3.get_object, Bucket="storage", Key="k", VersionId=kept) == "NoSuchVersion"


def test_many_objects_expire_in_slices(cloud):
    server, s3 = cloud
    for i in range(700):
        s3.put_object(Bucket="storage", Key=f"{i:04}", Body=b"x")
    lifecycle(s3, rule(Expiration={"Days": 1}))
    server.advance_clock(2 * DAY)
    assert keys(s3) == []


def test_rules_that_are_none(cloud):
    _, s3 = cloud
    nothing = {"Days": 5}
    for bad, code in (({"Status": "On", "Expiration": nothing}, "MalformedXML"),
                      ({"Expiration": {"Days": 0}}, "InvalidArgument"),
                      ({"Expiration": {"Days": 1, "ExpiredObjectDeleteMarker": True}}, "MalformedXML"),
                      ({}, "InvalidRequest"),
                      ({"Transitions": [{"Days": 10, "StorageClass": "STANDARD_IA"}]}, "InvalidArgument"),
                      ({"Transitions": [{"Days": 10, "StorageClass": "BEST"}]}, "MalformedXML"),
                      ({"Expiration": {"Date": datetime(2030, 1, 1, 5, tzinfo=timezone.utc)}}, "InvalidArgument"),
                      ({"Filter": {"And": {"Prefix": "x"}}, "Expiration": nothing}, "MalformedXML"),
                      ({"Filter": {"Tag": {"Key": "a", "Value": "b"}}, "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1}}, "InvalidRequest"),
                      ({"Filter": {"ObjectSizeGreaterThan": 9}, "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1}}, "InvalidRequest"),
                      ({"Transitions": [{"Days": 30, "StorageClass": "GLACIER"}, {"Days": 90, "StorageClass": "GLACIER"}]}, "InvalidRequest"),
                      ({"Transitions": [{"Days": 59, "StorageClass": "GLACIER"}, {"Days": 30, "StorageClass": "ONEZONE_IA"}]}, "InvalidArgument"),
                      ({"NoncurrentVersionExpiration": {"NoncurrentDays": 1, "NewerNoncurrentVersions": 101}}, "InvalidArgument")):
        with pytest.raises(ClientError) as error:
            lifecycle(s3, rule(**bad))
        assert error.value.response["Error"]["Code"] == code, bad
    assert refused(s3.get_bucket_lifecycle_configuration, Bucket="storage") == "NoSuchLifecycleConfiguration"
    lifecycle(s3, rule(Transitions=[{"Days": 30, "StorageClass": "ONEZONE_IA"}, {"Days": 60, "StorageClass": "GLACIER"}]))
