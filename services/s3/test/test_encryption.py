"""Encryption at rest: SSE-S3, SSE-KMS, what a bucket says of new objects."""
import base64
import hashlib
import json
import random
import urllib.error
import urllib.request
import uuid

import pytest
from botocore.exceptions import ClientError

BODY = b"The plaintext of this object stands nowhere."


@pytest.fixture
def account():
    return f"{random.randrange(1, 10**12):012}"


def administrator(server, account):
    """client(service) of somebody who may do all: S3 calls KMS with the rights of its caller."""
    iam = server.client("iam", account=account)
    iam.create_user(UserName="administrator")
    iam.put_user_policy(UserName="administrator", PolicyName="all", PolicyDocument=document(allow("*")))
    keys = iam.create_access_key(UserName="administrator")["AccessKey"]
    return lambda service, **more: server.client(service, account=keys["AccessKeyId"], secret=keys["SecretAccessKey"], **more)


@pytest.fixture
def client(brume, account):
    return administrator(brume, account)


@pytest.fixture
def s3(client):
    return client("s3", config={"signature_version": "s3v4"})


@pytest.fixture
def kms(client):
    return client("kms")


@pytest.fixture
def key(kms):
    return kms.create_key()["KeyMetadata"]["Arn"]


@pytest.fixture
def bucket(s3):
    name = f"sealed-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=name)
    return name


@pytest.fixture
def user(brume, account):
    """user(name, statements...) -> its client of S3."""
    iam = brume.client("iam", account=account)

    def make(name, *statements):
        iam.create_user(UserName=name)
        iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=document(*statements))
        keys = iam.create_access_key(UserName=name)["AccessKey"]
        return brume.client("s3", account=keys["AccessKeyId"], secret=keys["SecretAccessKey"], config={"signature_version": "s3v4"})

    return make


def document(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(*actions, resource="*", effect="Allow", **more):
    return {"Effect": effect, "Action": list(actions), "Resource": resource, **more}


def under(key, **more):
    return {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key, **more}


def refused(code, call, message=None):
    with pytest.raises(ClientError) as error:
        call()
    assert error.value.response["Error"]["Code"] == code, error.value.response["Error"]
    if message is not None:
        assert error.value.response["Error"]["Message"] == message
    return error.value.response["Error"]["Message"]


def read(s3, bucket, name, **more):
    return s3.get_object(Bucket=bucket, Key=name, **more)["Body"].read()


def shown(answer):
    return answer.get("ServerSideEncryption"), answer.get("SSEKMSKeyId"), answer.get("BucketKeyEnabled")


def calls(client):
    """What CloudTrail has of KMS, oldest first: the name and the encryption context of each call."""
    pages = client("cloudtrail").get_paginator("lookup_events").paginate(LookupAttributes=[{"AttributeKey": "EventSource", "AttributeValue": "kms.amazonaws.com"}])
    found = [json.loads(e["CloudTrailEvent"]) for page in pages for e in page["Events"]]
    return [(e["eventName"], e["requestParameters"]["encryptionContext"]["aws:s3:arn"]) for e in reversed(found)
            if e["eventName"] in ("Decrypt", "GenerateDataKey")]


def test_a_key_decides_who_reads(brume, account, client, s3, bucket, key, user):
    """The row's demonstration, as a user would do it."""
    bob = user("bob", allow("s3:*"), allow("kms:*", resource=key))
    assert shown(bob.put_object(Bucket=bucket, Key="plain", Body=BODY)) == ("AES256", None, None)
    assert shown(bob.put_object(Bucket=bucket, Key="secret", Body=BODY, **under(key))) == ("aws:kms", key, None)
    before = calls(client)
    assert before == [("GenerateDataKey", f"arn:aws:s3:::{bucket}/secret")]
    assert read(bob, bucket, "plain") == BODY and calls(client) == before
    for n in (1, 2):
        assert read(bob, bucket, "secret") == BODY
        assert calls(client) == before + n * [("Decrypt", f"arn:aws:s3:::{bucket}/secret")]
    iam = brume.client("iam", account=account)
    iam.put_user_policy(UserName="bob", PolicyName="no", PolicyDocument=document(allow("kms:Decrypt", resource=key, effect="Deny")))
    message = refused("AccessDenied", lambda: read(bob, bucket, "secret"))
    assert message == f"User: arn:aws:iam::{account}:user/bob is not authorized to perform: kms:Decrypt on resource: {key} with an explicit deny in an identity-based policy"
    assert read(bob, bucket, "plain") == BODY
    assert read(s3, bucket, "secret") == BODY


def test_no_plaintext_on_disk(start_brume):
    server = start_brume()
    client = administrator(server, "000000000042")
    s3, key = client("s3"), client("kms").create_key()["KeyMetadata"]["Arn"]
    s3.create_bucket(Bucket="disk")
    small, large = b"small and very secret " * 2, b"large and very secret " * 200000
    for name, options in (("s3", {}), ("kms", under(key))):
        s3.put_object(Bucket="disk", Key="small-" + name, Body=small, **options)
        s3.put_object(Bucket="disk", Key="large-" + name, Body=large, **options)
        assert read(s3, "disk", "large-" + name) == large
    files = [f for f in server.data.rglob("*") if f.is_file()]
    assert sum(f.stat().st_size for f in files) > len(large)
    assert not [f for f in files if b"very secret" in f.read_bytes()]


def test_the_right_to_write(bucket, key, user):
    carol = user("carol", allow("s3:*"))
    message = refused("AccessDenied", lambda: carol.put_object(Bucket=bucket, Key="k", Body=BODY, **under(key)))
    assert "is not authorized to perform: kms:GenerateDataKey on resource: " + key in message
    refused("AccessDenied", lambda: carol.create_multipart_upload(Bucket=bucket, Key="k", **under(key)))
    assert carol.list_objects_v2(Bucket=bucket)["KeyCount"] == 0


def test_a_key_of_the_right_kind(account, client, s3, kms, bucket, key):
    def put(key_id):
        return lambda: s3.put_object(Bucket=bucket, Key="k", Body=BODY, **under(key_id))
    refused("KMS.NotFoundException", put("fake-key-id"), "Invalid keyId 'fake-key-id'")
    absent = "134f2428-cec1-4b25-a1ae-9048164dba47"
    arn = f"arn:aws:kms:us-east-1:{account}:key/{absent}"
    refused("KMS.NotFoundException", put(absent), f"Key '{arn}' does not exist")
    refused("KMS.NotFoundException", put(arn), f"Key '{arn}' does not exist")
    abroad = client("kms", region="eu-west-1").create_key()["KeyMetadata"]["Arn"]
    refused("KMS.NotFoundException", put(abroad), "Invalid arn eu-west-1")
    refused("KMS.NotFoundException", lambda: s3.create_multipart_upload(Bucket=bucket, Key="k", **under("fake-key-id")), "Invalid keyId 'fake-key-id'")
    signing = kms.create_key(KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["Arn"]
    refused("KMS.InvalidKeyUsageException", put(signing))
    kms.create_alias(AliasName="alias/mine", TargetKeyId=key)
    for name in (key, key.rsplit("/")[-1], "alias/mine", f"arn:aws:kms:us-east-1:{account}:alias/mine"):
        assert shown(put(name)()) == ("aws:kms", key, None)
        assert read(s3, bucket, "k") == BODY


def test_the_state_of_the_key(s3, kms, bucket, key):
    s3.put_object(Bucket=bucket, Key="k", Body=BODY, **under(key))
    kms.disable_key(KeyId=key)
    refused("KMS.DisabledException", lambda: read(s3, bucket, "k"), f"{key} is disabled.")
    refused("KMS.DisabledException", lambda: s3.put_object(Bucket=bucket, Key="n", Body=BODY, **under(key)), f"{key} is disabled.")
    refused("KMS.DisabledException", lambda: s3.copy_object(Bucket=bucket, Key="n", CopySource=f"{bucket}/k"))
    kms.enable_key(KeyId=key)
    assert read(s3, bucket, "k") == BODY
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    refused("KMS.KMSInvalidStateException", lambda: read(s3, bucket, "k"), f"{key} is pending deletion.")
    s3.delete_object(Bucket=bucket, Key="k")


def test_what_heads_tell(client, s3, bucket, key, user):
    """Headers are not encrypted; a checksum, which tells of the bytes, needs the key."""
    put = s3.put_object(Bucket=bucket, Key="k", Body=BODY, ChecksumAlgorithm="CRC32", **under(key))
    dave = user("dave", allow("s3:*"))
    head = dave.head_object(Bucket=bucket, Key="k")
    assert shown(head) == ("aws:kms", key, None) and head["ETag"] == put["ETag"] and head["ContentLength"] == len(BODY)
    assert put["ETag"].strip('"') != hashlib.md5(BODY).hexdigest() and len(put["ETag"]) == 34
    refused("403", lambda: dave.head_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED"))
    assert s3.head_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")["ChecksumCRC32"] == put["ChecksumCRC32"]
    refused("AccessDenied", lambda: dave.get_object_attributes(Bucket=bucket, Key="k", ObjectAttributes=["Checksum"]))
    assert dave.get_object_attributes(Bucket=bucket, Key="k", ObjectAttributes=["ObjectSize"])["ObjectSize"] == len(BODY)
    refused("304", lambda: dave.get_object(Bucket=bucket, Key="k", IfNoneMatch=put["ETag"]))
    assert [name for name, arn in calls(client)] == ["GenerateDataKey", "Decrypt", "Decrypt", "Decrypt"]


def test_ranges_and_presigned(s3, bucket, key, user):
    s3.put_object(Bucket=bucket, Key="k", Body=BODY, **under(key))
    assert read(s3, bucket, "k", Range="bytes=4-12") == BODY[4:13]
    url = s3.generate_presigned_url("get_object", {"Bucket": bucket, "Key": "k"})
    assert urllib.request.urlopen(url).read() == BODY
    erin = user("erin", allow("s3:*"))
    with pytest.raises(urllib.error.HTTPError) as error:
        urllib.request.urlopen(erin.generate_presigned_url("get_object", {"Bucket": bucket, "Key": "k"}))
    assert error.value.code == 403 and b"kms:Decrypt" in error.value.read()
    put = s3.generate_presigned_url("put_object", {"Bucket": bucket, "Key": "p", **under(key)})
    headers = {"x-amz-server-side-encryption": "aws:kms", "x-amz-server-side-encryption-aws-kms-key-id": key}
    urllib.request.urlopen(urllib.request.Request(put, BODY, headers, method="PUT"))
    assert shown(s3.head_object(Bucket=bucket, Key="p")) == ("aws:kms", key, None)


def test_form_upload(s3, bucket, key):
    fields = {"x-amz-server-side-encryption": "aws:kms", "x-amz-server-side-encryption-aws-kms-key-id": key}
    form = s3.generate_presigned_post(bucket, "form", Fields=dict(fields), Conditions=[{k: v} for k, v in fields.items()])
    boundary = uuid.uuid4().hex
    parts = [f'--{boundary}\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n' for k, v in form["fields"].items()]
    parts.append(f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n{BODY.decode()}\r\n--{boundary}--\r\n')
    request = urllib.request.Request(form["url"], "".join(parts).encode(), {"Content-Type": f"multipart/form-data; boundary={boundary}"})
    with urllib.request.urlopen(request) as answer:
        assert answer.headers["x-amz-server-side-encryption"] == "aws:kms"
        assert answer.headers["x-amz-server-side-encryption-aws-kms-key-id"] == key
    assert shown(s3.head_object(Bucket=bucket, Key="form")) == ("aws:kms", key, None) and read(s3, bucket, "form") == BODY


def test_multipart(client, s3, bucket, key, user):
    first = bytes(5 << 20)
    upload = s3.create_multipart_upload(Bucket=bucket, Key="k", **under(key))
    assert shown(upload) == ("aws:kms", key, None)
    where = {"Bucket": bucket, "Key": "k", "UploadId": upload["UploadId"]}
    frank = user("frank", allow("s3:*"))
    assert "kms:Decrypt" in refused("AccessDenied", lambda: frank.upload_part(**where, PartNumber=1, Body=b"x"))
    s3.put_object(Bucket=bucket, Key="source", Body=BODY, **under(key))
    parts = [s3.upload_part(**where, PartNumber=1, Body=first),
             s3.upload_part_copy(**where, PartNumber=2, CopySource=f"{bucket}/source", CopySourceRange="bytes=0-2")]
    assert [shown(p) for p in parts] == 2 * [("aws:kms", key, None)]
    assert parts[0]["ETag"].strip('"') != hashlib.md5(first).hexdigest()
    tags = [parts[0]["ETag"], parts[1]["CopyPartResult"]["ETag"]]
    done = s3.complete_multipart_upload(**where, MultipartUpload={"Parts": [{"PartNumber": i + 1, "ETag": t} for i, t in enumerate(tags)]})
    assert shown(done) == ("aws:kms", key, None) and done["ETag"].endswith('-2"')
    assert read(s3, bucket, "k", PartNumber=2) == BODY[:3]
    refused("AccessDenied", lambda: read(frank, bucket, "k"))
    of_k = [name for name, arn in calls(client) if arn.endswith("/k")]
    assert of_k == ["GenerateDataKey", "Decrypt", "Decrypt", "Decrypt", "Decrypt", "Decrypt"]


def test_copies_between_encryptions(s3, kms, bucket, key, user):
    other = kms.create_key()["KeyMetadata"]["Arn"]
    md5 = f'"{hashlib.md5(BODY).hexdigest()}"'
    s3.put_object(Bucket=bucket, Key="plain", Body=BODY)

    def copy(by, source, name, **more):
        answer = by.copy_object(Bucket=bucket, Key=name, CopySource=f"{bucket}/{source}", **more)
        assert read(s3, bucket, name) == BODY
        return shown(answer), answer["CopyObjectResult"]["ETag"]
    seen, etag = copy(s3, "plain", "one", **under(key))
    assert seen == ("aws:kms", key, None) and etag != md5
    seen, again = copy(s3, "one", "two", **under(other))
    assert seen == ("aws:kms", other, None) and again not in (md5, etag)
    assert copy(s3, "two", "three") == (("AES256", None, None), md5)
    one = user("grace", allow("s3:*"), allow("kms:*", resource=key))
    refused("AccessDenied", lambda: copy(one, "two", "four"))
    refused("AccessDenied", lambda: copy(one, "one", "four", **under(other)))
    assert copy(one, "one", "four", **under(key))[0][0] == "aws:kms"
    illegal = refused("InvalidRequest", lambda: copy(s3, "plain", "plain"))
    assert illegal.startswith("This copy request is illegal")
    assert copy(s3, "plain", "plain", **under(key))[0] == ("aws:kms", key, None)


def test_a_bucket_says_how(client, s3, bucket, key):
    def says():
        return s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]

    def say(default, **more):
        s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [{"ApplyServerSideEncryptionByDefault": default, **more}]})
    plain = [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": False}]
    assert says() == plain
    s3.put_object(Bucket=bucket, Key="before", Body=BODY)
    say({"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key.rsplit("/")[-1]}, BucketKeyEnabled=True)
    assert says() == [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key.rsplit("/")[-1]}, "BucketKeyEnabled": True}]
    assert shown(s3.put_object(Bucket=bucket, Key="k", Body=BODY)) == ("aws:kms", key, True)
    assert shown(s3.get_object(Bucket=bucket, Key="k")) == shown(s3.head_object(Bucket=bucket, Key="k")) == ("aws:kms", key, True)
    assert calls(client) == [("GenerateDataKey", f"arn:aws:s3:::{bucket}")]
    assert shown(s3.put_object(Bucket=bucket, Key="k", Body=BODY, BucketKeyEnabled=False)) == ("aws:kms", key, None)
    assert shown(s3.put_object(Bucket=bucket, Key="k", Body=BODY, ServerSideEncryption="AES256")) == ("AES256", None, None)
    assert shown(s3.copy_object(Bucket=bucket, Key="before", CopySource=f"{bucket}/before")) == ("aws:kms", key, True)
    assert shown(s3.create_multipart_upload(Bucket=bucket, Key="m")) == ("aws:kms", key, True)
    s3.delete_bucket_encryption(Bucket=bucket)
    assert says() == plain and shown(s3.put_object(Bucket=bucket, Key="k", Body=BODY)) == ("AES256", None, None)
    refused("MalformedXML", lambda: say({"SSEAlgorithm": "ROT13"}))
    refused("InvalidArgument", lambda: say({"SSEAlgorithm": "AES256", "KMSMasterKeyID": key}))
    refused("MalformedXML", lambda: s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": []}))


def test_the_managed_key(s3, kms, bucket, user):
    """alias/aws/s3 is made at its first use, serves whoever may use S3, and S3 alone."""
    assert "TargetKeyId" not in next(a for a in kms.list_aliases()["Aliases"] if a["AliasName"] == "alias/aws/s3")
    henry = user("henry", allow("s3:*"))  # its policy needs no right to KMS
    arn = henry.put_object(Bucket=bucket, Key="k", Body=BODY, ServerSideEncryption="aws:kms")["SSEKMSKeyId"]
    key = kms.describe_key(KeyId="alias/aws/s3")["KeyMetadata"]
    assert key["Arn"] == arn and key["KeyManager"] == "AWS" and key["KeyState"] == "Enabled"
    assert key["Description"] == "Default key that protects my S3 objects when no other key is defined"
    assert read(henry, bucket, "k") == BODY
    assert henry.put_object(Bucket=bucket, Key="l", Body=BODY, ServerSideEncryption="aws:kms")["SSEKMSKeyId"] == arn
    with pytest.raises(ClientError) as error:  # nor is it for anybody directly
        kms.generate_data_key(KeyId=arn, KeySpec="AES_256")
    assert error.value.response["Error"]["Code"] == "AccessDeniedException"
    for change in (kms.disable_key, kms.schedule_key_deletion):
        with pytest.raises(ClientError) as error:
            change(KeyId=arn)
        assert error.value.response["Error"]["Code"] == "AccessDeniedException"
    assert kms.get_key_rotation_status(KeyId=arn)["KeyRotationEnabled"] is True
    ibsen = user("ibsen", allow("s3:*"), allow("kms:*", effect="Deny"))
    refused("AccessDenied", lambda: read(ibsen, bucket, "k"))


def test_encryption_context(s3, bucket, key, user):
    context = base64.b64encode(json.dumps({"team": "red"}).encode()).decode()
    put = s3.put_object(Bucket=bucket, Key="k", Body=BODY, SSEKMSEncryptionContext=context, **under(key))
    assert put["SSEKMSEncryptionContext"] == context
    red = user("red", allow("s3:*"), allow("kms:Decrypt", Condition={"StringEquals": {"kms:EncryptionContext:team": "red"}}))
    blue = user("blue", allow("s3:*"), allow("kms:Decrypt", Condition={"StringEquals": {"kms:EncryptionContext:team": "blue"}}))
    assert read(red, bucket, "k") == BODY
    refused("AccessDenied", lambda: read(blue, bucket, "k"))
    for bad in ("%%%", base64.b64encode(b"[1]").decode(), base64.b64encode(b'{"a": 1}').decode(), base64.b64encode(b'{"a": "b"} x').decode()):
        refused("InvalidArgument", lambda: s3.put_object(Bucket=bucket, Key="n", Body=BODY, SSEKMSEncryptionContext=bad, **under(key)))


def test_a_policy_wants_encryption(s3, bucket, key, user):
    s3.put_bucket_policy(Bucket=bucket, Policy=document(
        allow("s3:PutObject", effect="Deny", Principal="*", resource=f"arn:aws:s3:::{bucket}/*",
              Condition={"StringNotEquals": {"s3:x-amz-server-side-encryption-aws-kms-key-id": key}})))
    julia = user("julia", allow("s3:*", "kms:*"))
    refused("AccessDenied", lambda: julia.put_object(Bucket=bucket, Key="k", Body=BODY))
    refused("AccessDenied", lambda: julia.put_object(Bucket=bucket, Key="k", Body=BODY, ServerSideEncryption="aws:kms"))
    julia.put_object(Bucket=bucket, Key="k", Body=BODY, **under(key))


def test_what_is_refused(s3, bucket, key):
    def put(**more):
        return lambda: s3.put_object(Bucket=bucket, Key="k", Body=BODY, **more)
    refused("InvalidArgument", put(ServerSideEncryption="AES256", SSEKMSKeyId=key),
            "Server Side Encryption with AWS KMS managed key requires HTTP header x-amz-server-side-encryption : aws:kms")
    refused("InvalidArgument", put(SSEKMSKeyId=key))
    for unknown in ("aes256", "ROT13"):  # letters count; another code than for a customer's key (test_customer_key.py)
        refused("InvalidArgument", put(ServerSideEncryption=unknown), "The encryption method specified is not supported")
    refused("NoSuchKey", lambda: read(s3, bucket, "k"))


def test_nobody_reads_without_a_name(s3, bucket, key):
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration={"BlockPublicPolicy": False, "RestrictPublicBuckets": False})
    s3.put_bucket_policy(Bucket=bucket, Policy=document(allow("s3:GetObject", Principal="*", resource=f"arn:aws:s3:::{bucket}/*")))
    s3.put_object(Bucket=bucket, Key="plain", Body=BODY)
    s3.put_object(Bucket=bucket, Key="secret", Body=BODY, **under(key))
    url = f"{s3.meta.endpoint_url}/{bucket}/"
    assert urllib.request.urlopen(url + "plain").read() == BODY
    with pytest.raises(urllib.error.HTTPError) as error:
        urllib.request.urlopen(url + "secret")
    assert error.value.code == 400 and b"require AWS Signature Version 4" in error.value.read()


@pytest.mark.parametrize("operation", ["get_object", "head_object"])
def test_a_reader_names_no_encryption(s3, bucket, operation):
    s3.put_object(Bucket=bucket, Key="read", Body=BODY)
    name = operation.title().replace("_", "")
    s3.meta.events.register(f"before-call.s3.{name}", lambda params, **_: params["headers"].update({"x-amz-server-side-encryption": "AES256"}))
    with pytest.raises(ClientError) as refused:
        getattr(s3, operation)(Bucket=bucket, Key="read")
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    if operation == "get_object":
        assert refused.value.response["Error"]["Code"] == "InvalidArgument"
