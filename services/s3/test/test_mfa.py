"""MFA delete: a code of the root's device before a version goes for good."""
import base64
import hashlib
import hmac
import struct
import time

import pytest
from botocore.exceptions import ClientError


def code(seed, offset):
    """RFC 6238."""
    counter = struct.pack(">Q", int(time.time()) // 30 + offset)
    digest = hmac.new(base64.b32decode(seed), counter, hashlib.sha1).digest()
    at = digest[-1] & 15
    return f"{(int.from_bytes(digest[at:at + 4], 'big') & 0x7fffffff) % 1000000:06}"


def refused(call, **arguments):
    with pytest.raises(ClientError) as error:
        call(**arguments)
    return error.value.response["Error"]["Code"]


@pytest.mark.as_root
def test_mfa_delete(brume):
    account = "777777777777"
    s3, iam = brume.client("s3", account=account), brume.client("iam", account=account)
    device = iam.create_virtual_mfa_device(VirtualMFADeviceName="root-device")["VirtualMFADevice"]
    serial, seed = device["SerialNumber"], device["Base32StringSeed"]
    iam.enable_mfa_device(UserName="root", SerialNumber=serial, AuthenticationCode1=code(seed, -1), AuthenticationCode2=code(seed, 0))
    s3.create_bucket(Bucket="mfa-delete")
    on = {"Status": "Enabled", "MFADelete": "Enabled"}
    assert refused(s3.put_bucket_versioning, Bucket="mfa-delete", VersioningConfiguration=on) == "InvalidRequest"
    s3.put_bucket_versioning(Bucket="mfa-delete", VersioningConfiguration=on, MFA=f"{serial} {code(seed, 1)}")
    assert s3.get_bucket_versioning(Bucket="mfa-delete")["MFADelete"] == "Enabled"
    version = s3.put_object(Bucket="mfa-delete", Key="k", Body=b"x")["VersionId"]
    where = {"Bucket": "mfa-delete", "Key": "k", "VersionId": version}
    assert refused(s3.delete_object, **where) == "AccessDenied"
    assert refused(s3.delete_object, **where, MFA=f"{serial} 000000") == "AccessDenied"
    assert refused(s3.put_bucket_versioning, Bucket="mfa-delete", VersioningConfiguration={"Status": "Suspended"}) == "AccessDenied"
    assert s3.delete_object(Bucket="mfa-delete", Key="k")["DeleteMarker"] is True  # a marker needs none
    # A code counts once; instead of waiting for the next the device is set forward.
    iam.resync_mfa_device(UserName="root", SerialNumber=serial, AuthenticationCode1=code(seed, 2), AuthenticationCode2=code(seed, 3))
    s3.delete_object(**where, MFA=f"{serial} {code(seed, 4)}")
    assert refused(s3.get_object, **where) == "NoSuchVersion"


def test_that_it_is_off_is_told_where_somebody_said_so(s3):
    s3.create_bucket(Bucket="mfa-unsaid")
    s3.put_bucket_versioning(Bucket="mfa-unsaid", VersioningConfiguration={"Status": "Enabled"})
    assert "MFADelete" not in s3.get_bucket_versioning(Bucket="mfa-unsaid")
    s3.put_bucket_versioning(Bucket="mfa-unsaid", VersioningConfiguration={"Status": "Enabled", "MFADelete": "Disabled"})
    s3.put_bucket_versioning(Bucket="mfa-unsaid", VersioningConfiguration={"Status": "Suspended"})  # keeps it
    said = s3.get_bucket_versioning(Bucket="mfa-unsaid")
    assert (said["Status"], said["MFADelete"]) == ("Suspended", "Disabled")
