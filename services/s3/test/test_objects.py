"""Objects through a stock client: bytes, headers, ranges, conditions, copies, tags, errors."""
import base64
import hashlib
import http.client
import urllib.parse
import zlib
from datetime import datetime, timedelta, timezone

import pytest
from botocore.exceptions import ClientError


def failure(call, **arguments):
    """The error that a call must end in: its code, HTTP status and body elements."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return caught.value.response


@pytest.fixture(scope="module")
def bucket(s3):
    name = "objects-test"
    s3.create_bucket(Bucket=name)
    return name


def test_put_and_get_whole(s3, bucket):
    body = b"hello" * 1000
    put = s3.put_object(Bucket=bucket, Key="a/b c+d%/\u00e9\U0001f600", Body=body, ContentType="text/x", CacheControl="no-store",
                        ContentDisposition="inline", ContentEncoding="identity", ContentLanguage="de",
                        Metadata={"One": "1", "two": "zwei"})
    assert put["ETag"] == '"%s"' % hashlib.md5(body).hexdigest()
    assert put["ServerSideEncryption"] == "AES256"
    assert put["ChecksumCRC32"] == base64.b64encode(zlib.crc32(body).to_bytes(4, "big")).decode()
    got = s3.get_object(Bucket=bucket, Key="a/b c+d%/\u00e9\U0001f600")
    assert got["Body"].read() == body
    assert got["ContentLength"] == 5000 and got["ContentType"] == "text/x"
    assert got["CacheControl"] == "no-store" and got["ContentDisposition"] == "inline"
    assert got["ContentEncoding"] == "identity" and got["ContentLanguage"] == "de"
    assert got["Metadata"] == {"one": "1", "two": "zwei"}
    assert got["AcceptRanges"] == "bytes" and got["ETag"] == put["ETag"]
    assert abs(got["LastModified"] - datetime.now(timezone.utc)) < timedelta(minutes=1)
    head = s3.head_object(Bucket=bucket, Key="a/b c+d%/\u00e9\U0001f600", ChecksumMode="ENABLED")
    assert head["ContentLength"] == 5000 and head["ChecksumCRC32"] == put["ChecksumCRC32"]
    assert head["ChecksumType"] == "FULL_OBJECT"


@pytest.mark.parametrize("size", [0, 1, 1023, 1024, 1025, 65536, 65537, 1 << 20, 9 << 20])
def test_sizes_round_trip(s3, bucket, size):
    body = hashlib.sha256(str(size).encode()).digest() * (size // 32 + 1)
    body = body[:size]
    put = s3.put_object(Bucket=bucket, Key=f"size-{size}", Body=body)
    assert put["ETag"].strip('"') == hashlib.md5(body).hexdigest()
    assert s3.get_object(Bucket=bucket, Key=f"size-{size}")["Body"].read() == body


def test_overwrite_replaces(s3, bucket):
    s3.put_object(Bucket=bucket, Key="again", Body=b"first", Metadata={"m": "1"}, Tagging="a=1")
    s3.put_object(Bucket=bucket, Key="again", Body=b"second")
    got = s3.get_object(Bucket=bucket, Key="again")
    assert got["Body"].read() == b"second" and got["Metadata"] == {}
    assert s3.get_object_tagging(Bucket=bucket, Key="again")["TagSet"] == []


@pytest.mark.parametrize("range_, want, content_range", [
    ("bytes=0-8", b"012345678", "bytes 0-8/10"),
    ("bytes=1-", b"123456789", "bytes 1-9/10"),
    ("bytes=-2", b"89", "bytes 8-9/10"),
    ("bytes=-15", b"0123456789", "bytes 0-9/10"),
    ("bytes=0-100", b"0123456789", "bytes 0-9/10"),
    ("bytes=1-1", b"1", "bytes 1-1/10"),
    ("bytes=1-0", b"0123456789", None),
    ("bytes=0--1", b"0123456789", None),
    ("bytes=-1-", b"0123456789", None),
    ("bytes=-", b"0123456789", None),
    ("bytes=0-1,3-4", b"0123456789", None),
    ("bits=0-1", b"0123456789", None),
])
def test_ranges(s3, bucket, range_, want, content_range):
    s3.put_object(Bucket=bucket, Key="ten", Body=b"0123456789")
    for call in (s3.get_object, s3.head_object):
        got = call(Bucket=bucket, Key="ten", Range=range_, ChecksumMode="ENABLED")
        assert got["ContentLength"] == len(want)
        assert got.get("ContentRange") == content_range
        assert got["ResponseMetadata"]["HTTPStatusCode"] == (206 if content_range else 200)
        assert ("ChecksumCRC32" in got) == (len(want) == 10)
        if "Body" in got:
            assert got["Body"].read() == want


@pytest.mark.parametrize("range_", ["bytes=-0", "bytes=100-200", "bytes=10-"])
def test_ranges_out_of_reach(s3, bucket, range_):
    s3.put_object(Bucket=bucket, Key="ten", Body=b"0123456789")
    error = failure(s3.get_object, Bucket=bucket, Key="ten", Range=range_)["Error"]
    assert error.items() >= {"Code": "InvalidRange", "Message": "The requested range is not satisfiable",
                             "ActualObjectSize": "10", "RangeRequested": range_}.items()


def test_read_conditions(s3, bucket):
    put = s3.put_object(Bucket=bucket, Key="cond", Body=b"data")
    etag, where = put["ETag"], dict(Bucket=bucket, Key="cond")
    past = datetime(2015, 1, 1, tzinfo=timezone.utc)
    now = s3.head_object(**where)["LastModified"]
    future = datetime(2099, 1, 1, tzinfo=timezone.utc)
    for call in (s3.get_object, s3.head_object):
        assert call(**where, IfMatch=etag)["ETag"] == etag
        assert call(**where, IfMatch=etag, IfUnmodifiedSince=past)["ETag"] == etag
        assert call(**where, IfNoneMatch="x", IfModifiedSince=now)["ETag"] == etag
        assert call(**where, IfModifiedSince=future)["ETag"] == etag
        assert call(**where, IfModifiedSince=past, IfUnmodifiedSince=now)["ETag"] == etag
        for condition in (dict(IfNoneMatch=etag), dict(IfNoneMatch=etag.strip('"')), dict(IfModifiedSince=now),
                          dict(IfNoneMatch=etag, IfModifiedSince=past)):
            assert failure(call, **where, **condition)["ResponseMetadata"]["HTTPStatusCode"] == 304
        for condition in (dict(IfMatch="x"), dict(IfUnmodifiedSince=past)):
            assert failure(call, **where, **condition)["ResponseMetadata"]["HTTPStatusCode"] == 412
    assert failure(s3.get_object, **where, IfMatch="x")["Error"]["Condition"] == "If-Match"
    assert failure(s3.get_object, **where, IfUnmodifiedSince=past)["Error"]["Condition"] == "If-Unmodified-Since"


def test_write_conditions(s3, bucket):
    where = dict(Bucket=bucket, Key="write-cond")
    s3.delete_object(**where)
    assert failure(s3.put_object, **where, Body=b"x", IfMatch='"abc"')["Error"]["Code"] == "NoSuchKey"
    etag = s3.put_object(**where, Body=b"one", IfNoneMatch="*")["ETag"]
    error = failure(s3.put_object, **where, Body=b"two", IfNoneMatch="*")["Error"]
    assert (error["Code"], error["Condition"]) == ("PreconditionFailed", "If-None-Match")
    error = failure(s3.put_object, **where, Body=b"two", IfMatch='"other"')["Error"]
    assert (error["Code"], error["Condition"]) == ("PreconditionFailed", "If-Match")
    assert s3.get_object(**where)["Body"].read() == b"one"
    s3.put_object(**where, Body=b"two", IfMatch=etag)
    assert failure(s3.put_object, **where, Body=b"", IfNoneMatch="bad")["Error"]["Code"] == "NotImplemented"
    assert failure(s3.put_object, **where, Body=b"", IfNoneMatch="*", IfMatch="x")["Error"]["Code"] == "NotImplemented"
    assert failure(s3.delete_object, **where, IfMatch=etag)["Error"]["Code"] == "PreconditionFailed"
    s3.delete_object(**where, IfMatch=s3.head_object(**where)["ETag"])
    assert failure(s3.get_object, **where)["Error"]["Code"] == "NoSuchKey"


def test_response_overrides(s3, bucket):
    s3.put_object(Bucket=bucket, Key="over", Body=b"x", ContentType="text/plain")
    got = s3.get_object(Bucket=bucket, Key="over", ResponseContentType="image/x", ResponseCacheControl="c",
                        ResponseContentDisposition="attachment", ResponseContentLanguage="fr")
    assert (got["ContentType"], got["CacheControl"], got["ContentDisposition"], got["ContentLanguage"]) == \
        ("image/x", "c", "attachment", "fr")


@pytest.mark.parametrize("algorithm, digest", [
    ("CRC32", lambda b: zlib.crc32(b).to_bytes(4, "big")),
    ("SHA1", lambda b: hashlib.sha1(b).digest()),
    ("SHA256", lambda b: hashlib.sha256(b).digest()),
])
def test_checksums(s3, bucket, algorithm, digest):
    body, member = b"checksum me", f"Checksum{algorithm}"
    right = base64.b64encode(digest(body)).decode()
    assert s3.put_object(Bucket=bucket, Key="sum", Body=body, ChecksumAlgorithm=algorithm)[member] == right
    assert s3.get_object(Bucket=bucket, Key="sum", ChecksumMode="ENABLED")[member] == right
    assert member not in s3.head_object(Bucket=bucket, Key="sum")
    wrong = base64.b64encode(digest(b"other")).decode()
    error = failure(s3.put_object, Bucket=bucket, Key="sum", Body=b"changed", **{member: wrong})["Error"]
    assert error["Code"] == "BadDigest"
    assert s3.get_object(Bucket=bucket, Key="sum")["Body"].read() == body
    attributes = s3.get_object_attributes(Bucket=bucket, Key="sum",
                                          ObjectAttributes=["ETag", "Checksum", "ObjectSize", "StorageClass", "ObjectParts"])
    assert attributes["ETag"] == hashlib.md5(body).hexdigest()
    assert attributes["Checksum"] == {member: right, "ChecksumType": "FULL_OBJECT"}
    assert attributes["ObjectSize"] == len(body) and attributes["StorageClass"] == "STANDARD"
    assert "ObjectParts" not in attributes


def test_default_checksum_is_crc64nvme(brume, bucket):
    plain = brume.client("s3", config=dict(request_checksum_calculation="when_required"))
    put = plain.put_object(Bucket=bucket, Key="default-sum", Body=b"123456789")
    assert put["ChecksumCRC64NVME"] == "rosUhgp5mIg="  # the published check value, ae8b14860a799888
    assert put["ChecksumType"] == "FULL_OBJECT"


def test_wrong_md5_changes_nothing(s3, bucket):
    s3.put_object(Bucket=bucket, Key="md5", Body=b"right")
    md5 = base64.b64encode(hashlib.md5(b"other").digest()).decode()
    assert failure(s3.put_object, Bucket=bucket, Key="md5", Body=b"wrong", ContentMD5=md5)["Error"]["Code"] == "BadDigest"
    assert failure(s3.put_object, Bucket=bucket, Key="md5", Body=b"wrong", ContentMD5="000")["Error"]["Code"] == "InvalidDigest"
    assert s3.get_object(Bucket=bucket, Key="md5")["Body"].read() == b"right"


def test_metadata_limit(s3, bucket):
    s3.put_object(Bucket=bucket, Key="meta", Body=b"", Metadata={"k": "v" * 2047})
    error = failure(s3.put_object, Bucket=bucket, Key="meta", Body=b"", Metadata={"k": "v" * 2048})["Error"]
    assert (error["Code"], error["Size"], error["MaxSizeAllowed"]) == ("MetadataTooLarge", "2049", "2048")


@pytest.mark.parametrize("byte", ["\x00", "\x01"])
def test_keys_whose_bytes_take_two_in_a_row(s3, bucket, byte):
    """Both are escaped where keys are kept: what then is too long is refused, and the server stays."""
    for call in (s3.put_object, s3.create_multipart_upload):
        assert failure(call, Bucket=bucket, Key=byte * 1000)["ResponseMetadata"]["HTTPStatusCode"] == 400
    s3.put_object(Bucket=bucket, Key=byte * 500, Body=b"short enough")
    assert s3.get_object(Bucket=bucket, Key=byte * 500)["Body"].read() == b"short enough"
    s3.delete_object(Bucket=bucket, Key=byte * 500)


def test_key_limit(s3, bucket):
    s3.put_object(Bucket=bucket, Key="k" * 1024, Body=b"long")
    assert s3.get_object(Bucket=bucket, Key="k" * 1024)["Body"].read() == b"long"
    assert failure(s3.put_object, Bucket=bucket, Key="k" * 1025, Body=b"")["Error"]["Code"] == "KeyTooLongError"


def test_what_is_absent_is_refused(s3, bucket):
    where = dict(Bucket=bucket, Key="absent", Body=b"")
    assert failure(s3.put_object, **where, StorageClass="EXPRESS_ONEZONE")["Error"]["Code"] == "InvalidStorageClass"
    assert failure(s3.put_object, **where, StorageClass="NONSENSE")["Error"]["Code"] == "InvalidStorageClass"
    assert failure(s3.put_object, **where, ACL="public-read")["Error"]["Code"] == "AccessControlListNotSupported"
    assert failure(s3.put_object, **where, ObjectLockLegalHoldStatus="ON")["Error"]["Code"] == "InvalidRequest"
    assert failure(s3.get_object, Bucket=bucket, Key="absent")["Error"].items() >= {
        "Code": "NoSuchKey", "Message": "The specified key does not exist.", "Key": "absent"}.items()
    assert failure(s3.head_object, Bucket=bucket, Key="absent")["Error"]["Code"] == "404"
    error = failure(s3.get_object, Bucket="no-such-bucket-here", Key="k")["Error"]
    assert (error["Code"], error["BucketName"]) == ("NoSuchBucket", "no-such-bucket-here")


def test_delete_many(s3, bucket):
    for key in ("d1", "d2", "d3"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"x")
    answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "d1"}, {"Key": "never"}, {"Key": "d2", "ETag": "wrong"}]})
    assert answer["Deleted"] == [{"Key": "d1"}, {"Key": "never"}]
    assert [(e["Key"], e["Code"]) for e in answer["Errors"]] == [("d2", "PreconditionFailed")]
    answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "d2"}, {"Key": "d3"}], "Quiet": True})
    assert "Deleted" not in answer and "Errors" not in answer
    keys = [o["Key"] for o in s3.list_objects_v2(Bucket=bucket, Prefix="d").get("Contents", [])]
    assert not {"d1", "d2", "d3"} & set(keys)


def test_copy(s3, bucket):
    s3.create_bucket(Bucket="copies-test")
    s3.put_object(Bucket=bucket, Key="src key+1", Body=b"copy me" * 3000, ContentType="text/a", Metadata={"m": "1"}, Tagging="t=1")
    source = dict(Bucket=bucket, Key="src key+1")
    copied = s3.copy_object(Bucket="copies-test", Key="dst", CopySource=source)["CopyObjectResult"]
    assert copied["ETag"] == s3.head_object(**source)["ETag"] and "ChecksumCRC32" in copied
    got = s3.get_object(Bucket="copies-test", Key="dst")
    assert got["Body"].read() == b"copy me" * 3000
    assert (got["ContentType"], got["Metadata"], got["TagCount"]) == ("text/a", {"m": "1"}, 1)
    s3.copy_object(Bucket="copies-test", Key="dst", CopySource=source, MetadataDirective="REPLACE", Metadata={"n": "2"},
                   TaggingDirective="REPLACE", Tagging="u=2&v=3")
    got = s3.head_object(Bucket="copies-test", Key="dst")
    assert (got["ContentType"], got["Metadata"]) == ("binary/octet-stream", {"n": "2"})
    assert {t["Key"] for t in s3.get_object_tagging(Bucket="copies-test", Key="dst")["TagSet"]} == {"u", "v"}
    # the copy has its own life
    s3.delete_object(**source)
    assert s3.get_object(Bucket="copies-test", Key="dst")["Body"].read() == b"copy me" * 3000


def test_copy_another_checksum(s3, bucket):
    s3.put_object(Bucket=bucket, Key="resum", Body=b"z" * 100000)
    copied = s3.copy_object(Bucket=bucket, Key="resum2", CopySource=f"{bucket}/resum", ChecksumAlgorithm="SHA256")
    assert copied["CopyObjectResult"]["ChecksumSHA256"] == base64.b64encode(hashlib.sha256(b"z" * 100000).digest()).decode()
    assert s3.get_object(Bucket=bucket, Key="resum2")["Body"].read() == b"z" * 100000


def test_copy_refusals(s3, bucket):
    s3.put_object(Bucket=bucket, Key="self", Body=b"s")
    source = dict(Bucket=bucket, Key="self")
    assert failure(s3.copy_object, **source, CopySource=source)["Error"]["Code"] == "InvalidRequest"
    s3.copy_object(**source, CopySource=source, MetadataDirective="REPLACE", Metadata={"a": "b"})
    s3.copy_object(**source, CopySource=source, StorageClass="STANDARD")
    assert s3.get_object(**source)["Body"].read() == b"s"
    error = failure(s3.copy_object, Bucket=bucket, Key="x", CopySource=source, CopySourceIfMatch="no")["Error"]
    assert (error["Code"], error["Condition"]) == ("PreconditionFailed", "x-amz-copy-source-If-Match")
    error = failure(s3.copy_object, Bucket=bucket, Key="x", CopySource=f"{bucket}/nothing")["Error"]
    assert (error["Code"], error["Key"]) == ("NoSuchKey", "nothing")


def test_object_tags(s3, bucket):
    where = dict(Bucket=bucket, Key="tagged")
    s3.put_object(**where, Body=b"t", Tagging="a=1&b=two%20words")
    assert s3.get_object_tagging(**where)["TagSet"] == [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "two words"}]
    assert s3.head_object(**where)["TagCount"] == 2
    s3.put_object_tagging(**where, Tagging={"TagSet": [{"Key": "c", "Value": ""}]})
    assert s3.get_object_tagging(**where)["TagSet"] == [{"Key": "c", "Value": ""}]
    many = [{"Key": f"k{i}", "Value": ""} for i in range(11)]
    assert failure(s3.put_object_tagging, **where, Tagging={"TagSet": many})["Error"]["Code"] == "BadRequest"
    for bad in ([{"Key": "x,y", "Value": ""}], [{"Key": "aws:x", "Value": ""}], [{"Key": "k", "Value": "v" * 257}],
                [{"Key": "k", "Value": ""}, {"Key": "k", "Value": ""}]):
        assert failure(s3.put_object_tagging, **where, Tagging={"TagSet": bad})["Error"]["Code"] == "InvalidTag"
    s3.delete_object_tagging(**where)
    assert s3.get_object_tagging(**where)["TagSet"] == []


@pytest.mark.parametrize("version", ["s3", "s3v4"])
def test_presigned(brume, bucket, version):
    s3 = brume.client("s3", config=dict(signature_version=version))

    def fetch(url, method="GET", body=None):
        parts = urllib.parse.urlsplit(url)
        connection = http.client.HTTPConnection(parts.hostname, parts.port)
        connection.request(method, f"{parts.path}?{parts.query}", body)  # adds no Content-Type
        answer = connection.getresponse()
        return answer.status, answer.getheader("Content-Type"), answer.read()

    s3.put_object(Bucket=bucket, Key="pre signed", Body=b"signed")
    url = s3.generate_presigned_url("get_object", Params=dict(Bucket=bucket, Key="pre signed", ResponseContentType="text/q"))
    assert fetch(url) == (200, "text/q", b"signed")
    assert fetch(url.replace("text%2Fq", "text%2Fz"))[0] == 403
    url = s3.generate_presigned_url("put_object", Params=dict(Bucket=bucket, Key="pre put"))
    assert fetch(url, "PUT", b"by url")[0] == 200
    assert s3.get_object(Bucket=bucket, Key="pre put")["Body"].read() == b"by url"


def test_absurd_lengths_are_only_refused(brume, s3, bucket):
    """No length that fits a request may reach the end of a row's key."""
    def ask(path):
        connection = http.client.HTTPConnection("localhost", brume.port)
        parts = urllib.parse.urlsplit(s3.generate_presigned_url("list_buckets"))
        connection.request("GET", path + "?" + parts.query)
        return connection.getresponse().status

    assert ask("/" + "b" * 3000 + "/k") >= 400
    nulls = "\x00" * 700
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket, KeyMarker=nulls, UploadIdMarker="i" * 700, EncodingType="url")
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket, Prefix="p" * 3000)
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket, StartAfter="\uffff" * 1000)
    assert s3.list_buckets(Prefix="p" * 3000)["Buckets"] == []
    for key in ("k" * 3000, nulls + "k" * 300, "\x00" * 1024):
        for call in (s3.get_object, s3.head_object):
            assert failure(call, Bucket=bucket, Key=key)["ResponseMetadata"]["HTTPStatusCode"] in (400, 404)
        assert failure(s3.delete_object, Bucket=bucket, Key="k" * 1500)["Error"]["Code"] == "KeyTooLongError"
    assert failure(s3.copy_object, Bucket=bucket, Key="x", CopySource="b" * 3000 + "/k")["Error"]["Code"] == "NoSuchBucket"
    assert failure(s3.list_parts, Bucket=bucket, Key="k", UploadId="\x00" * 64)["ResponseMetadata"]["HTTPStatusCode"] == 404
