"""Bytes that do not match what was said of them are refused, however it was said, and nothing changes."""
import base64
import hashlib
import hmac
import re
import zlib

import pytest
from botocore.exceptions import ClientError
from s3_requests import ask, signed_headers

BODY = b"123456789"
# The published check values of each algorithm for "123456789" (SHA and MD5 by hashlib).
SUMS = {
    "crc32": "cbf43926", "crc32c": "e3069283", "crc64nvme": "ae8b14860a799888",
    "sha1": hashlib.sha1(BODY).hexdigest(), "sha256": hashlib.sha256(BODY).hexdigest(), "sha512": hashlib.sha512(BODY).hexdigest(),
    "md5": hashlib.md5(BODY).hexdigest(),
    "xxhash64": None, "xxhash3": None, "xxhash128": None,  # their values are learnt from an answer, and verified by sending them
}
NO_TRAILER = "The request contained trailing data that was not well-formed or did not conform to our published schema."
CUT = "The request body terminated unexpectedly"


@pytest.fixture(scope="module")
def bucket(s3):
    name = "integrity-test"
    s3.create_bucket(Bucket=name)
    return name


@pytest.fixture
def unchanged(s3, bucket):
    """The object "k", which no refused request may change."""
    s3.put_object(Bucket=bucket, Key="k", Body=b"before")
    yield f"/{bucket}/k"
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"before"


def text(hexadecimal):
    return base64.b64encode(bytes.fromhex(hexadecimal)).decode()


def sum_of(brume, bucket, algorithm):
    if SUMS[algorithm]:
        return text(SUMS[algorithm])
    s3 = brume.client("s3")
    upload = s3.create_multipart_upload(Bucket=bucket, Key="learnt", ChecksumAlgorithm=algorithm.upper())["UploadId"]
    s3.abort_multipart_upload(Bucket=bucket, Key="learnt", UploadId=upload)
    s3.put_object(Bucket=bucket, Key="learnt", Body=BODY)
    copied = s3.copy_object(Bucket=bucket, Key="learnt-too", CopySource=f"{bucket}/learnt", ChecksumAlgorithm=algorithm.upper())
    return copied["CopyObjectResult"][f"Checksum{algorithm.upper()}"]


@pytest.mark.parametrize("algorithm", SUMS)
def test_every_algorithm(brume, bucket, unchanged, algorithm):
    """In a header and in a trailer, right, wrong, and what is none; as an object and as a part."""
    name, right = f"x-amz-checksum-{algorithm}", sum_of(brume, bucket, algorithm)
    wrong = base64.b64encode(bytes(len(base64.b64decode(right)))).decode()
    assert ask(brume, "PUT", f"/{bucket}/right", BODY, {name: right}).status == 200
    got = ask(brume, "GET", f"/{bucket}/right", headers={"x-amz-checksum-mode": "ENABLED"})
    assert (got.bytes, got.header(name), got.header("x-amz-checksum-type")) == (BODY, right, "FULL_OBJECT")
    assert trailed(brume, f"/{bucket}/right", BODY, name, right).status == 200
    upload = brume.client("s3").create_multipart_upload(Bucket=bucket, Key="parts", ChecksumAlgorithm=algorithm.upper())["UploadId"]
    part = f"/{bucket}/parts?partNumber=1&uploadId={upload}"
    for target in (unchanged, part):
        refused = ask(brume, "PUT", target, BODY, {name: wrong})
        assert (refused.status, refused["Code"]) == (400, "BadDigest")
        assert refused["Message"] == f"The {algorithm.upper()} you specified did not match the calculated checksum."
        for none in ("", "AAAA", "not base64!", right + "AAAA"):
            refused = ask(brume, "PUT", target, BODY, {name: none})
            assert (refused["Code"], refused["Message"]) == ("InvalidRequest", f"Value for {name} header is invalid.")
        refused = trailed(brume, target, BODY, name, wrong)
        assert (refused.status, refused["Code"]) == (400, "BadDigest")
        assert trailed(brume, target, BODY, name, "AA")["Message"] == f"Value for {name} trailing header is invalid."
    assert "Parts" not in brume.client("s3").list_parts(Bucket=bucket, Key="parts", UploadId=upload)


def test_content_md5(brume, bucket, unchanged):
    right = base64.b64encode(hashlib.md5(BODY).digest()).decode()
    wrong = base64.b64encode(hashlib.md5(b"other").digest()).decode()
    assert ask(brume, "PUT", f"/{bucket}/md5", BODY, {"Content-MD5": right}).status == 200
    refused = ask(brume, "PUT", unchanged, BODY, {"Content-MD5": wrong})
    assert (refused["Code"], refused["Message"]) == ("BadDigest", "The Content-MD5 you specified did not match what we received.")
    assert (refused["ExpectedDigest"], refused["CalculatedDigest"]) == (hashlib.md5(b"other").hexdigest(), right)
    for none in ("", "AAAA", "not base64!", hashlib.md5(BODY).hexdigest()):
        refused = ask(brume, "PUT", unchanged, BODY, {"Content-MD5": none})
        assert (refused["Code"], refused["Message"]) == ("InvalidDigest", "The Content-MD5 you specified was invalid.")


def test_hash_of_the_signature(brume, unchanged):
    """It is judged before the checksum."""
    refused = ask(brume, "PUT", unchanged, BODY, {"x-amz-content-sha256": "0" * 64, "x-amz-checksum-crc32": "AAAAAA=="})
    assert (refused.status, refused["Code"]) == (400, "XAmzContentSHA256Mismatch")
    assert (refused["ClientComputedContentSHA256"], refused["S3ComputedContentSHA256"]) == ("0" * 64, hashlib.sha256(BODY).hexdigest())
    for none in ("invalid", "unsigned-payload", "STREAMING-NOTHING"):
        refused = ask(brume, "PUT", unchanged, BODY, {"x-amz-content-sha256": none})
        assert (refused["Code"], refused["ArgumentName"], refused["ArgumentValue"]) == ("InvalidArgument", "x-amz-content-sha256", none)


CRC32, CRC32C, SHA1 = text(SUMS["crc32"]), text(SUMS["crc32c"]), text(SUMS["sha1"])
SINGLE = "Expecting a single x-amz-checksum- header"


@pytest.mark.parametrize("headers, code, message", [
    ({"x-amz-checksum-crc32": CRC32, "x-amz-checksum-sha1": SHA1}, "InvalidRequest", SINGLE + ". Multiple checksum Types are not allowed."),
    ({"x-amz-checksum-crc99": CRC32}, "InvalidRequest", "The algorithm type you specified in x-amz-checksum- header is invalid."),
    ({"x-amz-sdk-checksum-algorithm": "CRC32"}, "InvalidRequest",
     "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found."),
    ({"x-amz-sdk-checksum-algorithm": "CRC32C", "x-amz-checksum-crc32": CRC32}, "InvalidRequest",
     "Value for x-amz-sdk-checksum-algorithm header is invalid."),
    ({"x-amz-checksum-crc32": CRC32, "x-amz-trailer": "x-amz-checksum-crc32"}, "InvalidRequest", SINGLE),
    ({"x-amz-checksum-crc32": CRC32, "x-amz-trailer": "x-amz-checksum-crc32c"}, "InvalidRequest", SINGLE),
    ({"x-amz-trailer": "x-amz-checksum-crc32, x-amz-checksum-crc32c"}, "InvalidRequest", SINGLE + ". Multiple checksum Types are not allowed."),
    ({"x-amz-trailer": "x-amz-checksum-crc32"}, "MalformedTrailerError", NO_TRAILER),  # a body that has no trailers
    ({"x-amz-trailer": "x-amz-meta-a"}, "InvalidRequest", "The value specified in the x-amz-trailer header is not supported"),
])
def test_declarations_that_do_not_fit(brume, unchanged, headers, code, message):
    refused = ask(brume, "PUT", unchanged, BODY, headers)
    assert (refused.status, refused["Code"], refused["Message"]) == (400, code, message)


def test_declarations_that_fit(brume, bucket):
    for headers in ({"x-amz-sdk-checksum-algorithm": "crc32", "x-amz-checksum-crc32": CRC32}, {"x-amz-checksum-crc32": CRC32, "x-amz-checksum-type": "COMPOSITE"},
                    {"x-amz-checksum-crc32": CRC32, "x-amz-checksum-algorithm": "CRC32"}):
        assert ask(brume, "PUT", f"/{bucket}/fits", BODY, headers).status == 200


# ---- aws-chunked ----

def chunks(*bodies):
    return b"".join(b"%x\r\n%s\r\n" % (len(body), body) for body in bodies)


def chunked(brume, target, framed, decoded=len(BODY), trailer="x-amz-checksum-crc32", payload="STREAMING-UNSIGNED-PAYLOAD-TRAILER"):
    headers = {"x-amz-content-sha256": payload, "content-encoding": "aws-chunked"}
    if decoded is not None:
        headers["x-amz-decoded-content-length"] = str(decoded)
    if trailer:
        headers["x-amz-trailer"] = trailer
    return ask(brume, "PUT", target, framed, headers)


def trailed(brume, target, body, name, value):
    return chunked(brume, target, chunks(body) + b"0\r\n%s:%s\r\n\r\n" % (name.encode(), value.encode()), len(body), name)


LAST = b"0\r\nx-amz-checksum-crc32:%s\r\n\r\n" % CRC32.encode()


def test_chunks_that_are_right(brume, s3, bucket):
    for framed in (chunks(BODY) + LAST, chunks(BODY) + LAST[:-2], chunks(BODY) + LAST.replace(b":", b": ")):
        assert chunked(brume, f"/{bucket}/chunks", framed).status == 200
    assert chunked(brume, f"/{bucket}/chunks", chunks(BODY) + LAST, trailer="x-amz-checksum-crc32,").status == 200
    assert chunked(brume, f"/{bucket}/chunks", chunks(BODY) + b"0\r\n\r\n", trailer=None).status == 200
    body = b"a" * 8192 + b"b" * 70_000 + b"c"
    crc = base64.b64encode(zlib.crc32(body).to_bytes(4, "big"))
    framed = chunks(b"a" * 8192, b"b" * 70_000, b"c") + LAST.replace(CRC32.encode(), crc)
    assert chunked(brume, f"/{bucket}/chunks", framed, len(body)).status == 200
    got = s3.get_object(Bucket=bucket, Key="chunks")
    assert got["Body"].read() == body and "ContentEncoding" not in got


@pytest.mark.parametrize("framed, named", [
    (b"", {}), (chunks(BODY), {}), (BODY, {}), (b"9\r\n1234", {}), (b"zz\r\n" + BODY + b"\r\n" + LAST, {}), (b"\r\n" + chunks(BODY) + LAST, {}),
    (b"-9\r\n" + BODY + b"\r\n" + LAST, {}), (b"9 \r\n" + BODY + b"\r\n" + LAST, {}), (b"f" * 18 + b"\r\n" + BODY + b"\r\n" + LAST, {}),
    (b"9\n" + BODY + b"\n" + LAST, {}), (b"9\r\n" + BODY + b"X\r\n" + LAST, {}), (b"9\r\n" + BODY + LAST, {}), (b"8\r\n" + BODY + b"\r\n" + LAST, {}),
    (chunks(BODY) + LAST + b"behind", {}), (chunks(BODY) + LAST, {"decoded": 8}), (chunks(BODY) + LAST, {"decoded": 10}),
    (b"9;chunk-signature=" + b"0" * 64 + b"\r\n" + BODY + b"\r\n" + LAST, {})])
def test_chunks_that_are_broken(brume, unchanged, framed, named):
    refused = chunked(brume, unchanged, framed, **named)
    assert (refused.status, refused["Code"], refused["Message"]) == (400, "IncompleteBody", CUT)


def test_only_the_last_chunk_may_be_small(brume, unchanged):
    refused = chunked(brume, unchanged, chunks(BODY[:4], BODY[4:]) + LAST)
    assert (refused.status, refused["Code"]) == (400, "InvalidChunkSizeError")
    assert refused["Message"] == "Only the last chunk is allowed to have a size less than 8192 bytes"


@pytest.mark.parametrize("end, trailer", [
    (b"0\r\n\r\n", "x-amz-checksum-crc32"), (LAST.replace(b"crc32", b"crc32c"), "x-amz-checksum-crc32"), (LAST, None),
    (b"0\r\nx-amz-checksum-crc32\r\n\r\n", "x-amz-checksum-crc32"), (LAST[:-2] + LAST[3:], "x-amz-checksum-crc32"), (b"0\r\n:value\r\n\r\n", None)])
def test_trailers_that_are_broken(brume, unchanged, end, trailer):
    refused = chunked(brume, unchanged, chunks(BODY) + end, trailer=trailer)
    assert (refused.status, refused["Code"], refused["Message"]) == (400, "MalformedTrailerError", NO_TRAILER)


@pytest.mark.parametrize("decoded", [None, "x", "-1", ""])
def test_chunks_of_no_length(brume, unchanged, decoded):
    refused = chunked(brume, unchanged, chunks(BODY) + LAST, decoded)
    assert (refused.status, refused["Code"]) == (411, "MissingContentLength")


def test_chunks_above_5_gib(brume, unchanged):
    assert chunked(brume, unchanged, chunks(BODY) + LAST, (5 << 30) + 1)["Code"] == "EntityTooLarge"


class SignedChunks:
    """A body each of whose chunks signs the one before it."""

    def __init__(self, brume, target, size, trailer=False):
        self.payload = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" + ("-TRAILER" if trailer else "")
        self.headers = {"x-amz-content-sha256": self.payload, "x-amz-decoded-content-length": str(size), "content-encoding": "aws-chunked"}
        if trailer:
            self.headers["x-amz-trailer"] = "x-amz-checksum-crc32"
        self.headers = signed_headers(brume, "PUT", target, headers=self.headers)
        self.signature = re.search("Signature=([0-9a-f]+)", self.headers["Authorization"])[1]
        self.scope = re.search("Credential=test/([^,]+)", self.headers["Authorization"])[1]
        self.key = b"AWS4test"
        for word in self.scope.split("/"):
            self.key = hmac.new(self.key, word.encode(), hashlib.sha256).digest()

    def sign(self, kind, *hashes):
        lines = [f"AWS4-HMAC-SHA256-{kind}", self.headers["X-Amz-Date"], self.scope, self.signature, *hashes]
        self.signature = hmac.new(self.key, "\n".join(lines).encode(), hashlib.sha256).hexdigest()
        return self.signature.encode()

    def chunk(self, body):
        signature = self.sign("PAYLOAD", hashlib.sha256(b"").hexdigest(), hashlib.sha256(body).hexdigest())
        return b"%x;chunk-signature=%s\r\n%s" % (len(body), signature, body + b"\r\n" if body else b"")

    def trailer(self, line):
        return line + b"\r\nx-amz-trailer-signature:" + self.sign("TRAILER", hashlib.sha256(line + b"\n").hexdigest()) + b"\r\n\r\n"


def send_signed(brume, target, damage=lambda framed: framed, trailer=False):
    body = b"s" * 9000
    signed = SignedChunks(brume, target, len(body), trailer)
    framed = signed.chunk(body) + signed.chunk(b"")
    framed += signed.trailer(b"x-amz-checksum-crc32:" + base64.b64encode(zlib.crc32(body).to_bytes(4, "big"))) if trailer else b"\r\n"
    return ask(brume, "PUT", target, damage(framed), account=None, unsigned=signed.headers)


def test_signed_chunks(brume, s3, bucket, unchanged):
    for trailer in (False, True):
        assert send_signed(brume, f"/{bucket}/signed", trailer=trailer).status == 200
        assert s3.get_object(Bucket=bucket, Key="signed")["Body"].read() == b"s" * 9000
        for damage in (lambda framed: framed.replace(b"s" * 9000, b"s" * 8999 + b"t"),  # another byte
                       lambda framed: re.sub(b"signature=[0-9a-f]{4}", b"signature=0000", framed, count=1),
                       lambda framed: re.sub(b"(0;chunk-signature=)[0-9a-f]{4}", rb"\g<1>0000", framed)):  # the end's own
            refused = send_signed(brume, unchanged, damage, trailer)
            assert (refused.status, refused["Code"]) == (403, "SignatureDoesNotMatch")
    refused = send_signed(brume, unchanged, lambda framed: re.sub(b"(trailer-signature:)[0-9a-f]{4}", rb"\g<1>0000", framed), True)
    assert (refused.status, refused["Code"]) == (403, "SignatureDoesNotMatch")
    refused = send_signed(brume, unchanged, lambda framed: framed.replace(b";chunk-signature", b";signature"))
    assert (refused.status, refused["Code"]) == (400, "IncompleteBody")


def test_a_client_that_says_nothing_is_given_a_checksum(brume, bucket):
    ask(brume, "PUT", f"/{bucket}/said-nothing", BODY)
    got = ask(brume, "HEAD", f"/{bucket}/said-nothing", headers={"x-amz-checksum-mode": "ENABLED"})
    assert got.header("x-amz-checksum-crc64nvme") == text(SUMS["crc64nvme"])


def test_sdk_hears_of_damage_on_its_way(brume, bucket):
    """A client that announces what it will send, and sends another byte."""
    s3 = brume.client("s3")
    s3.meta.events.register("before-sign.s3.PutObject", lambda request, **_: request.headers.replace_header("x-amz-checksum-crc32", "AAAAAA=="))
    with pytest.raises(ClientError) as refused:
        s3.put_object(Bucket=bucket, Key="damaged", Body=BODY)
    assert refused.value.response["Error"]["Code"] == "BadDigest"


def test_an_empty_body_needs_no_checksum(brume, s3):
    """A canned ACL comes without a document, and Go's and older SDKs send no sum then; a document needs one."""
    s3.create_bucket(Bucket="canned", ObjectOwnership="BucketOwnerPreferred")
    assert ask(brume, "PUT", "/canned?acl", headers={"x-amz-acl": "log-delivery-write"}).status == 200
    assert len(s3.get_bucket_acl(Bucket="canned")["Grants"]) == 3
    refused = ask(brume, "PUT", "/canned?acl", b"<AccessControlPolicy/>")
    assert (refused.status, refused["Code"]) == (400, "InvalidRequest")
