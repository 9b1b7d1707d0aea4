"""What the bytes of SSE-KMS and SSE-C are hidden under: who has the data directory with its root key still lacks a key."""
import json
import os
import subprocess
import uuid

import pytest
from botocore.exceptions import ClientError
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from conftest import BINARY
from replication_kit import until

pytestmark = pytest.mark.as_root  # uses keys of KMS
MINE = {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": b"0123456789abcdef0123456789abcdeF"}
SOURCE = {"CopySource" + k: v for k, v in MINE.items()}
PART = 5 << 20
MINUTE = 60000


def varint(n):
    out = b""
    while n >= 0x80:
        out += bytes([n & 0x7f | 0x80])
        n >>= 7
    return out + bytes([n])


def opened_by_root(data, length):
    """What the root key alone makes of every large blob of this length: the first chunk, as src/store/BLOBS.md says."""
    root = AESGCM(bytes.fromhex((data / "root.key").read_text().split()[-1]))
    rows = next(f for f in (data / "rows").rglob("*") if f.stat().st_size > 8192 and "lock" not in f.name) if (data / "rows").is_dir() else data / "rows"
    rows, found = rows.read_bytes(), []
    for file in (data / "zones").rglob("*"):
        if not file.is_file() or "files" not in file.parts:
            continue
        blob_id, at = int(file.name, 16), -1
        while (at := rows.find(varint(length), at + 1)) >= 0:
            wrapped = rows[at + len(varint(length)):][:60]
            try:
                key = root.decrypt(wrapped[:12], wrapped[12:], blob_id.to_bytes(8, "big") + length.to_bytes(8, "big"))
            except (InvalidTag, ValueError):
                continue
            found.append(AESGCM(key).decrypt(bytes(12), file.read_bytes()[:65536 + 16], None))
            break
    return found


@pytest.fixture
def bucket(s3):
    name = f"hidden-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=name)
    return name


@pytest.fixture
def key(brume):
    return brume.client("kms").create_key()["KeyMetadata"]["Arn"]


def under(key, **more):
    return {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key, **more}


def twice(key, **more):
    return {"ServerSideEncryption": "aws:kms:dsse", "SSEKMSKeyId": key, **more}


@pytest.mark.parametrize("kind", ["s3", "kms", "two layers", "customer", "parts", "copy to kms"])
def test_the_root_key_alone_opens_only_sse_s3(start_brume, kind):
    server = start_brume()
    s3, key = server.client("s3"), server.client("kms").create_key()["KeyMetadata"]["Arn"]
    s3.create_bucket(Bucket="sealed")
    body = b"very secret " * 20000
    if kind == "parts":
        upload = s3.create_multipart_upload(Bucket="sealed", Key="k", **under(key))["UploadId"]
        etag = s3.upload_part(Bucket="sealed", Key="k", UploadId=upload, PartNumber=1, Body=body)["ETag"]
        s3.complete_multipart_upload(Bucket="sealed", Key="k", UploadId=upload, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": etag}]})
    else:
        s3.put_object(Bucket="sealed", Key="k", Body=body, **{"kms": under(key), "two layers": twice(key), "customer": MINE}.get(kind, {}))
    if kind == "copy to kms":
        s3.copy_object(Bucket="sealed", Key="k", CopySource="sealed/k", **under(key))
    assert s3.get_object(Bucket="sealed", Key="k", **(MINE if kind == "customer" else {}))["Body"].read() == body
    server.stop()
    seen = opened_by_root(server.data, len(body))
    hidden = [b"very secret" not in chunk for chunk in seen]
    assert seen and (any(hidden) if kind == "copy to kms" else all(hidden) != (kind == "s3"))  # a copy's source may still be there


def test_what_services_put_is_hidden_too(start_brume):
    """An access log in a bucket whose default key is KMS's."""
    server = start_brume()
    s3, kms = server.client("s3"), server.client("kms")
    key = kms.create_key()["KeyMetadata"]["Arn"]
    rules = json.loads(kms.get_key_policy(KeyId=key)["Policy"])
    rules["Statement"].append({"Effect": "Allow", "Principal": {"Service": "logging.s3.amazonaws.com"}, "Action": ["kms:GenerateDataKey*", "kms:Decrypt"],
                               "Resource": "*"})
    kms.put_key_policy(KeyId=key, Policy=json.dumps(rules))
    for name in ("watched", "logs"):
        s3.create_bucket(Bucket=name)
    s3.put_bucket_encryption(Bucket="logs", ServerSideEncryptionConfiguration={"Rules": [{"ApplyServerSideEncryptionByDefault": {
        "SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}}]})
    s3.put_bucket_policy(Bucket="logs", Policy=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "logging.s3.amazonaws.com"}, "Action": "s3:PutObject", "Resource": "arn:aws:s3:::logs/*"}]}))
    s3.put_bucket_logging(Bucket="watched", BucketLoggingStatus={"LoggingEnabled": {"TargetBucket": "logs", "TargetPrefix": ""}})
    for n in range(60):
        s3.list_objects_v2(Bucket="watched", Prefix="very secret" * 500 + str(n))  # a log that is a file on disk
    server.advance_clock(60 * MINUTE)
    log, = s3.list_objects_v2(Bucket="logs")["Contents"]
    answer = s3.get_object(Bucket="logs", Key=log["Key"])
    assert answer["ServerSideEncryption"] == "aws:kms" and answer["Body"].read().count(b"REST.GET.BUCKET") == 60
    seen = until(lambda: opened_by_root(server.data, log["Size"]), lambda chunks: chunks and not any(b"REST.GET" in chunk for chunk in chunks))
    assert seen
    assert s3.get_object(Bucket="logs", Key=log["Key"])["Body"].read().count(b"very%20secret") >= 60
    s3.copy_object(Bucket="watched", Key="copy", CopySource={"Bucket": "logs", "Key": log["Key"]})
    assert s3.get_object(Bucket="watched", Key="copy")["Body"].read().count(b"REST.GET.BUCKET") == 60
    kms.disable_key(KeyId=key)
    with pytest.raises(ClientError) as error:
        s3.get_object(Bucket="logs", Key=log["Key"])
    assert error.value.response["Error"]["Code"] == "KMS.DisabledException"


@pytest.mark.parametrize("size", [0, 1, 15, 1000, 1025, 65536, 70001, 3 << 20])
def test_every_range_opens(s3, bucket, key, size):
    body = os.urandom(size)
    for name, options in (("kms", under(key)), ("customer", MINE)):
        reading = MINE if name == "customer" else {}
        s3.put_object(Bucket=bucket, Key=name, Body=body, **options)
        assert s3.get_object(Bucket=bucket, Key=name, **reading)["Body"].read() == body
        for first, last in ((0, 0), (1, 17), (size // 2, size - 1), (size - 1, size + 5)):
            if 0 <= first < size and first <= last:
                got = s3.get_object(Bucket=bucket, Key=name, Range=f"bytes={first}-{last}", **reading)["Body"].read()
                assert got == body[first:last + 1]


@pytest.mark.parametrize("sizes", [(PART, PART, 7), (PART + 3, PART + 1, 0)])
@pytest.mark.parametrize("kind", ["kms", "customer"])
def test_parts_have_keys_of_their_own(s3, bucket, key, kind, sizes):
    options, reading = (under(key), {}) if kind == "kms" else (MINE, MINE)
    bodies = [os.urandom(n) for n in sizes]
    s3.put_object(Bucket=bucket, Key="source", Body=bodies[1], **options)
    upload = {"Bucket": bucket, "Key": "k", "UploadId": s3.create_multipart_upload(Bucket=bucket, Key="k", **options)["UploadId"]}
    etags = [s3.upload_part(**upload, PartNumber=1, Body=bodies[0], **reading)["ETag"],
             s3.upload_part_copy(**upload, PartNumber=2, CopySource=f"{bucket}/source", **reading, **(SOURCE if reading else {}))["CopyPartResult"]["ETag"],
             s3.upload_part(**upload, PartNumber=3, Body=bodies[2], **reading)["ETag"]]
    s3.complete_multipart_upload(**upload, **reading, MultipartUpload={"Parts": [{"PartNumber": n + 1, "ETag": e} for n, e in enumerate(etags)]})
    whole = b"".join(bodies)
    assert s3.get_object(Bucket=bucket, Key="k", **reading)["Body"].read() == whole
    for first, last in ((sizes[0] - 10, sizes[0] + 10), (sizes[0] + sizes[1] - 1, len(whole) - 1), (5, 2 * PART - 3)):
        assert s3.get_object(Bucket=bucket, Key="k", Range=f"bytes={first}-{last}", **reading)["Body"].read() == whole[first:last + 1]
    assert s3.get_object(Bucket=bucket, Key="k", PartNumber=2, **reading)["Body"].read() == bodies[1]
    # A copy of it, to and fro.
    s3.copy_object(Bucket=bucket, Key="open", CopySource=f"{bucket}/k", **(SOURCE if reading else {}))
    assert s3.get_object(Bucket=bucket, Key="open")["Body"].read() == whole
    s3.copy_object(Bucket=bucket, Key="again", CopySource=f"{bucket}/open", **options)
    assert s3.get_object(Bucket=bucket, Key="again", **reading)["Body"].read() == whole


def test_two_layers(s3, bucket, key):
    """aws:kms:dsse, of a request and of a bucket; there are no bucket keys for it."""
    def shown(answer):
        return answer.get("ServerSideEncryption"), answer.get("SSEKMSKeyId"), answer.get("BucketKeyEnabled")
    assert shown(s3.put_object(Bucket=bucket, Key="a", Body=b"twice", **twice(key, BucketKeyEnabled=True))) == ("aws:kms:dsse", key, None)
    got = s3.get_object(Bucket=bucket, Key="a")
    assert shown(got) == ("aws:kms:dsse", key, None) and got["Body"].read() == b"twice"
    default = {"SSEAlgorithm": "aws:kms:dsse", "KMSMasterKeyID": key}
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [{"ApplyServerSideEncryptionByDefault": default}]})
    rule = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"][0]
    assert rule["ApplyServerSideEncryptionByDefault"] == default
    assert shown(s3.put_object(Bucket=bucket, Key="b", Body=b"by default")) == ("aws:kms:dsse", key, None)
    assert shown(s3.copy_object(Bucket=bucket, Key="c", CopySource=f"{bucket}/a", **under(key)))[0] == "aws:kms"
    assert s3.get_object(Bucket=bucket, Key="c")["Body"].read() == b"twice"


def test_a_bucket_key_asks_kms_once(start_brume):
    """Many objects, one GenerateDataKey in CloudTrail; after some minutes KMS is asked again, and refuses."""
    server = start_brume()
    s3, kms = server.client("s3"), server.client("kms")
    key = kms.create_key()["KeyMetadata"]["Arn"]

    def calls(name):
        events = server.client("cloudtrail").lookup_events(LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": name}])["Events"]
        return [json.loads(e["CloudTrailEvent"])["requestParameters"]["encryptionContext"] for e in events]

    s3.create_bucket(Bucket="sealed")
    for i in range(10):
        s3.put_object(Bucket="sealed", Key=f"k{i}", Body=b"x%d" % i, BucketKeyEnabled=True, **under(key))
    for i in range(10):
        assert s3.get_object(Bucket="sealed", Key=f"k{i}")["Body"].read() == b"x%d" % i
    assert calls("GenerateDataKey") == [{"aws:s3:arn": "arn:aws:s3:::sealed"}] and not calls("Decrypt")
    server.advance_clock(6 * MINUTE)
    for i in range(10):
        assert s3.get_object(Bucket="sealed", Key=f"k{i}")["Body"].read() == b"x%d" % i
    assert calls("Decrypt") == [{"aws:s3:arn": "arn:aws:s3:::sealed"}]
    kms.disable_key(KeyId=key)
    server.advance_clock(6 * MINUTE)
    with pytest.raises(ClientError) as error:
        s3.get_object(Bucket="sealed", Key="k0")
    assert error.value.response["Error"]["Code"] == "KMS.DisabledException"
    # Without one each object is asked for.
    kms.enable_key(KeyId=key)
    s3.put_object(Bucket="sealed", Key="own", Body=b"x", **under(key))
    assert {"aws:s3:arn": "arn:aws:s3:::sealed/own"} in calls("GenerateDataKey")


def test_a_bucket_key_does_not_outlive_a_reset(start_brume):
    """The key of KMS goes with the account: what is written afterwards is under a key that is there."""
    server = start_brume()
    s3 = server.client("s3")
    for body in (b"before", b"behind"):
        s3.create_bucket(Bucket="sealed")
        s3.put_object(Bucket="sealed", Key="k", Body=body, BucketKeyEnabled=True, ServerSideEncryption="aws:kms")
        if body == b"before":
            subprocess.run([BINARY, "reset", "--data", str(server.data)], check=True, timeout=60, stdout=subprocess.DEVNULL)
    server.advance_clock(6 * MINUTE)  # nothing is kept any longer
    assert s3.get_object(Bucket="sealed", Key="k")["Body"].read() == b"behind"


@pytest.mark.parametrize("parts", [False, True])
def test_an_object_goes_under_another_key(brume, s3, bucket, key, parts):
    """UpdateObjectEncryption: from SSE-S3 and from key to key, and the object stays what it is."""
    other = brume.client("kms").create_key()["KeyMetadata"]["Arn"]
    body = os.urandom(PART) + b"tail"
    if parts:
        upload = {"Bucket": bucket, "Key": "k", "UploadId": s3.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]}
        etags = [s3.upload_part(**upload, PartNumber=n, Body=b)["ETag"] for n, b in ((1, body[:PART]), (2, body[PART:]))]
        s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": [{"PartNumber": n + 1, "ETag": e} for n, e in enumerate(etags)]})
    else:
        s3.put_object(Bucket=bucket, Key="k", Body=body)
    before = s3.head_object(Bucket=bucket, Key="k")
    for arn, shared in ((key, False), (other, True)):
        s3.update_object_encryption(Bucket=bucket, Key="k", ObjectEncryption={"SSEKMS": {"KMSKeyArn": arn, "BucketKeyEnabled": shared}})
        now = s3.get_object(Bucket=bucket, Key="k")
        assert now["SSEKMSKeyId"] == arn and now.get("BucketKeyEnabled", False) == shared and now["Body"].read() == body
        assert (now["ETag"], now["LastModified"]) == (before["ETag"], before["LastModified"])
        assert s3.get_object(Bucket=bucket, Key="k", Range=f"bytes={PART - 3}-{PART + 1}")["Body"].read() == body[PART - 3:PART + 2]
    if parts:
        assert s3.get_object(Bucket=bucket, Key="k", PartNumber=2)["Body"].read() == b"tail"
    s3.put_object(Bucket=bucket, Key="mine", Body=b"x", **MINE)
    with pytest.raises(ClientError) as error:
        s3.update_object_encryption(Bucket=bucket, Key="mine", ObjectEncryption={"SSEKMS": {"KMSKeyArn": key}})
    assert error.value.response["Error"]["Code"] == "InvalidRequest"
