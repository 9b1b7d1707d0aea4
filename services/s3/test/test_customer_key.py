"""SSE-C: the client brings the key with every request, and nobody keeps it."""
import base64
import hashlib
import urllib.error
import urllib.request
import uuid

import pytest
from botocore.exceptions import ClientError

BODY = b"Under a key that the server forgets."
KEY, OTHER = b"0123456789abcdef0123456789abcdeF", b"another key, of thirty-two bytes"
MINE = {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": KEY}
THEIRS = {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": OTHER}
SOURCE = {"CopySourceSSECustomerAlgorithm": "AES256", "CopySourceSSECustomerKey": KEY}
MD5 = base64.b64encode(hashlib.md5(KEY).digest()).decode()
SPELT = {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": base64.b64encode(KEY).decode(), "SSECustomerKeyMD5": MD5}  # as it goes over the wire
WRONG = "Requests specifying Server Side Encryption with Customer provided keys must provide the correct secret key."
MISSING = "The object was stored using a form of Server Side Encryption. The correct parameters must be provided to retrieve the object."


@pytest.fixture
def bucket(s3):
    name = f"own-key-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=name)
    return name


def refused(code, message, call):
    with pytest.raises(ClientError) as error:
        call()
    e = error.value.response["Error"]
    assert e["Code"] == code and message in (None, e["Message"]), e


def shown(answer):
    return answer.get("SSECustomerAlgorithm"), answer.get("SSECustomerKeyMD5"), answer.get("ServerSideEncryption")


def test_only_the_key_reads(s3, bucket):
    where = {"Bucket": bucket, "Key": "k"}
    put = s3.put_object(**where, Body=BODY, **MINE)
    assert shown(put) == ("AES256", MD5, None) and put["ETag"].strip('"') != hashlib.md5(BODY).hexdigest()
    got = s3.get_object(**where, **MINE)
    assert got["Body"].read() == BODY and shown(got) == shown(s3.head_object(**where, **MINE)) == ("AES256", MD5, None)
    assert s3.get_object(**where, **MINE, Range="bytes=6-8")["Body"].read() == BODY[6:9]
    refused("InvalidRequest", MISSING, lambda: s3.get_object(**where))
    refused("AccessDenied", WRONG, lambda: s3.get_object(**where, **THEIRS))
    refused("400", None, lambda: s3.head_object(**where))
    refused("403", None, lambda: s3.head_object(**where, **THEIRS))
    refused("InvalidRequest", MISSING, lambda: s3.get_object_attributes(**where, ObjectAttributes=["ETag"]))
    assert s3.get_object_attributes(**where, ObjectAttributes=["ObjectSize"], **SPELT)["ObjectSize"] == len(BODY)
    s3.put_object(Bucket=bucket, Key="plain", Body=BODY)
    refused("InvalidRequest", None, lambda: s3.get_object(Bucket=bucket, Key="plain", **MINE))
    s3.delete_object(**where)


def test_the_form_of_a_key(s3, bucket):
    def put(message, code="InvalidArgument", **more):
        refused(code, message, lambda: s3.put_object(Bucket=bucket, Key="k", Body=BODY, **more))
    put("The Encryption request you specified is not valid. Supported value: AES256.", "InvalidEncryptionAlgorithmError", SSECustomerAlgorithm="KMS", SSECustomerKey=KEY)
    put("Requests specifying Server Side Encryption with Customer provided keys must provide a valid encryption algorithm.", SSECustomerKey=KEY)
    put("Requests specifying Server Side Encryption with Customer provided keys must provide an appropriate secret key.", SSECustomerAlgorithm="AES256")
    put("The secret key was invalid for the specified algorithm.", SSECustomerAlgorithm="AES256", SSECustomerKey=b"short")
    put("The calculated MD5 hash of the key did not match the hash that was provided.", **{**SPELT, "SSECustomerKeyMD5": base64.b64encode(bytes(16)).decode()})
    put("Server Side Encryption with Customer provided key is incompatible with the encryption method specified", **MINE, ServerSideEncryption="AES256")


def test_headers_as_they_are(s3, bucket):
    """A presigned request brings the key in its headers; one without the MD5 of its key reads nothing."""
    s3.put_object(Bucket=bucket, Key="k", Body=BODY, **MINE)
    name = "x-amz-server-side-encryption-customer-"
    url = s3.generate_presigned_url("get_object", {"Bucket": bucket, "Key": "k", **MINE})
    headers = {name + "algorithm": "AES256", name + "key": base64.b64encode(KEY).decode(), name + "key-MD5": MD5}
    assert urllib.request.urlopen(urllib.request.Request(url, headers=headers)).read() == BODY
    with pytest.raises(urllib.error.HTTPError) as error:
        urllib.request.urlopen(url)
    assert error.value.code in (400, 403)


def test_multipart(s3, bucket):
    where = {"Bucket": bucket, "Key": "k"}
    upload = s3.create_multipart_upload(**where, **MINE)
    assert shown(upload) == ("AES256", MD5, None)
    part = {**where, "UploadId": upload["UploadId"]}
    refused("InvalidRequest", None, lambda: s3.upload_part(**part, PartNumber=1, Body=BODY))
    refused("InvalidRequest", None, lambda: s3.upload_part(**part, PartNumber=1, Body=BODY, **THEIRS))
    s3.put_object(Bucket=bucket, Key="source", Body=BODY, **MINE)
    one = s3.upload_part(**part, PartNumber=1, Body=bytes(5 << 20), **MINE)
    refused("InvalidRequest", MISSING, lambda: s3.upload_part_copy(**part, PartNumber=2, CopySource=f"{bucket}/source", **MINE))
    two = s3.upload_part_copy(**part, PartNumber=2, CopySource=f"{bucket}/source", **MINE, **SOURCE)
    assert shown(one) == shown(two) == ("AES256", MD5, None)
    tags = [one["ETag"], two["CopyPartResult"]["ETag"]]
    s3.complete_multipart_upload(**part, MultipartUpload={"Parts": [{"PartNumber": i + 1, "ETag": t} for i, t in enumerate(tags)]})
    refused("InvalidRequest", MISSING, lambda: s3.get_object(**where))
    assert s3.get_object(**where, PartNumber=2, **MINE)["Body"].read() == BODY
    plain = s3.create_multipart_upload(Bucket=bucket, Key="plain")
    refused("InvalidRequest", None, lambda: s3.upload_part(Bucket=bucket, Key="plain", UploadId=plain["UploadId"], PartNumber=1, Body=BODY, **MINE))


def test_copies(s3, bucket):
    def copy(source, name, **more):
        return s3.copy_object(Bucket=bucket, Key=name, CopySource=f"{bucket}/{source}", **more)
    s3.put_object(Bucket=bucket, Key="mine", Body=BODY, **MINE)
    refused("InvalidRequest", MISSING, lambda: copy("mine", "plain"))
    refused("AccessDenied", WRONG, lambda: copy("mine", "plain", **{**SOURCE, "CopySourceSSECustomerKey": OTHER}))
    answer = copy("mine", "plain", **SOURCE)
    assert shown(answer) == (None, None, "AES256") and answer["CopyObjectResult"]["ETag"].strip('"') == hashlib.md5(BODY).hexdigest()
    assert s3.get_object(Bucket=bucket, Key="plain")["Body"].read() == BODY
    copy("mine", "mine", **SOURCE, **THEIRS)  # another key
    refused("AccessDenied", WRONG, lambda: s3.get_object(Bucket=bucket, Key="mine", **MINE))
    assert s3.get_object(Bucket=bucket, Key="mine", **THEIRS)["Body"].read() == BODY


def test_the_key_is_not_kept(start_brume):
    server = start_brume()
    s3 = server.client("s3")
    s3.create_bucket(Bucket="disk")
    s3.put_object(Bucket="disk", Key="k", Body=BODY, **MINE)
    assert s3.get_object(Bucket="disk", Key="k", **MINE)["Body"].read() == BODY
    server.stop()
    kept = b"".join(f.read_bytes() for f in server.data.rglob("*") if f.is_file())
    assert kept and not any(form in kept for form in (KEY, base64.b64encode(KEY), KEY.hex().encode(), MD5.encode(), hashlib.md5(KEY).digest(), BODY))
