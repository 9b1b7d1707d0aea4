"""Object lock: what cannot be deleted, by whom, until when."""
from datetime import datetime, timedelta, timezone

import pytest
from botocore.exceptions import ClientError

DAY = 86400000


def refused(call, **arguments):
    with pytest.raises(ClientError) as error:
        call(**arguments)
    return error.value.response["Error"]["Code"]


@pytest.fixture
def locked(s3, request):
    name = "l-" + request.node.name.lower().replace("_", "-")[-55:].strip("-")
    s3.create_bucket(Bucket=name, ObjectLockEnabledForBucket=True)
    return name


def in_days(n):
    return datetime.now(timezone.utc) + timedelta(days=n)


def test_compliance_binds_root_until_the_date_passes(start_brume):
    server = start_brume()
    s3 = server.client("s3")
    s3.create_bucket(Bucket="boxes", ObjectLockEnabledForBucket=True)
    assert s3.get_bucket_versioning(Bucket="boxes")["Status"] == "Enabled"
    version = s3.put_object(Bucket="boxes", Key="k", Body=b"x", ObjectLockMode="COMPLIANCE",
                            ObjectLockRetainUntilDate=in_days(30))["VersionId"]
    where = {"Bucket": "boxes", "Key": "k", "VersionId": version}
    assert refused(s3.delete_object, **where) == "AccessDenied"
    assert refused(s3.delete_object, **where, BypassGovernanceRetention=True) == "AccessDenied"
    assert refused(s3.put_object_retention, **where, BypassGovernanceRetention=True,
                   Retention={"Mode": "COMPLIANCE", "RetainUntilDate": in_days(3)}) == "AccessDenied"
    answer = s3.delete_objects(Bucket="boxes", Delete={"Objects": [{"Key": "k", "VersionId": version}]})
    assert answer["Errors"][0]["Code"] == "AccessDenied"
    assert s3.delete_object(Bucket="boxes", Key="k")["DeleteMarker"] is True  # a marker hides, and nothing is lost
    server.advance_clock(29 * DAY)
    assert refused(s3.delete_object, **where) == "AccessDenied"
    server.advance_clock(2 * DAY)
    s3.delete_object(**where)


def test_governance_needs_the_bypass(s3, locked):
    version = s3.put_object(Bucket=locked, Key="k", Body=b"x", ObjectLockMode="GOVERNANCE",
                            ObjectLockRetainUntilDate=in_days(30))["VersionId"]
    where = {"Bucket": locked, "Key": "k", "VersionId": version}
    assert s3.head_object(Bucket=locked, Key="k")["ObjectLockMode"] == "GOVERNANCE"
    assert refused(s3.delete_object, **where) == "AccessDenied"
    s3.put_object_retention(**where, Retention={"Mode": "GOVERNANCE", "RetainUntilDate": in_days(40)})
    shorter = {"Mode": "GOVERNANCE", "RetainUntilDate": in_days(2)}
    assert refused(s3.put_object_retention, **where, Retention=shorter) == "AccessDenied"
    s3.put_object_retention(**where, Retention=shorter, BypassGovernanceRetention=True)
    s3.delete_object(**where, BypassGovernanceRetention=True)


def test_the_bypass_is_a_right(brume, locked, s3):
    """A user who may do all but bypass."""
    iam = brume.client("iam")
    iam.create_user(UserName="s3-no-bypass")
    iam.put_user_policy(UserName="s3-no-bypass", PolicyName="p", PolicyDocument="""{"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "s3:*", "Resource": "*"},
        {"Effect": "Deny", "Action": "s3:BypassGovernanceRetention", "Resource": "*"}]}""")
    key = iam.create_access_key(UserName="s3-no-bypass")["AccessKey"]
    user = brume.client("s3", account=key["AccessKeyId"], secret=key["SecretAccessKey"])
    version = s3.put_object(Bucket=locked, Key="k", Body=b"x", ObjectLockMode="GOVERNANCE",
                            ObjectLockRetainUntilDate=in_days(30))["VersionId"]
    where = {"Bucket": locked, "Key": "k", "VersionId": version}
    assert refused(user.delete_object, **where, BypassGovernanceRetention=True) == "AccessDenied"
    s3.delete_object(**where, BypassGovernanceRetention=True)


def test_legal_hold_blocks_by_itself(s3, locked):
    version = s3.put_object(Bucket=locked, Key="k", Body=b"x")["VersionId"]
    where = {"Bucket": locked, "Key": "k", "VersionId": version}
    assert refused(s3.get_object_legal_hold, **where) == "NoSuchObjectLockConfiguration"
    s3.put_object_legal_hold(**where, LegalHold={"Status": "ON"})
    assert refused(s3.delete_object, **where, BypassGovernanceRetention=True) == "AccessDenied"
    s3.put_object_legal_hold(**where, LegalHold={"Status": "OFF"})
    assert s3.head_object(**where)["ObjectLockLegalHoldStatus"] == "OFF"
    s3.delete_object(**where)


def test_default_retention(s3, locked):
    rule = {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 10}}
    s3.put_object_lock_configuration(Bucket=locked, ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": rule})
    assert s3.get_object_lock_configuration(Bucket=locked)["ObjectLockConfiguration"]["Rule"] == rule
    s3.put_object(Bucket=locked, Key="k", Body=b"x")
    upload = s3.create_multipart_upload(Bucket=locked, Key="m")["UploadId"]
    part = s3.upload_part(Bucket=locked, Key="m", UploadId=upload, PartNumber=1, Body=b"x")["ETag"]
    s3.complete_multipart_upload(Bucket=locked, Key="m", UploadId=upload,
                                 MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part}]})
    for key in ("k", "m"):
        kept = s3.get_object_retention(Bucket=locked, Key=key)["Retention"]
        assert kept["Mode"] == "GOVERNANCE"
        assert abs((kept["RetainUntilDate"] - in_days(10)).total_seconds()) < 600


def test_what_lock_refuses(s3, locked):
    s3.create_bucket(Bucket="l-plain")
    s3.put_object(Bucket="l-plain", Key="k", Body=b"x")
    s3.put_object(Bucket=locked, Key="k", Body=b"x")
    enabled = {"ObjectLockEnabled": "Enabled"}
    assert refused(s3.put_object_lock_configuration, Bucket="l-plain", ObjectLockConfiguration=enabled) == "InvalidBucketState"
    assert refused(s3.get_object_lock_configuration, Bucket="l-plain") == "ObjectLockConfigurationNotFoundError"
    assert refused(s3.put_object_legal_hold, Bucket="l-plain", Key="k", LegalHold={"Status": "ON"}) == "InvalidRequest"
    assert refused(s3.put_object, Bucket="l-plain", Key="k", ObjectLockMode="GOVERNANCE",
                   ObjectLockRetainUntilDate=in_days(1)) == "InvalidRequest"
    assert refused(s3.put_object, Bucket=locked, Key="k", ObjectLockMode="GOVERNANCE") == "InvalidArgument"
    assert refused(s3.put_object_retention, Bucket=locked, Key="k",
                   Retention={"Mode": "GOVERNANCE", "RetainUntilDate": in_days(-1)}) == "InvalidArgument"
    assert refused(s3.put_bucket_versioning, Bucket=locked, VersioningConfiguration={"Status": "Suspended"}) == "InvalidBucketState"
    s3.put_bucket_versioning(Bucket="l-plain", VersioningConfiguration={"Status": "Enabled"})
    s3.put_object_lock_configuration(Bucket="l-plain", ObjectLockConfiguration=enabled)
