"""Requests as no SDK would send them: what S3 answers to headers, parameters and bodies that are off."""
import base64
import hashlib
import hmac
import json
import re
from datetime import datetime, timedelta, timezone

import pytest
from botocore.exceptions import ClientError
from s3_requests import ask


@pytest.fixture(scope="module")
def bucket(s3):
    name = "requests-test"
    s3.create_bucket(Bucket=name)
    return name


def test_ids_of_an_answer(brume, bucket):
    for target in (f"/{bucket}?location", f"/{bucket}/absent"):
        answer = ask(brume, "GET", target)
        names = [name.lower() for name, _ in answer.headers]
        assert names.count("x-amz-request-id") == 1 and names.count("x-amz-id-2") == 1
    assert answer["HostId"] == dict(answer.headers)["x-amz-id-2"]
    assert answer["RequestId"] == dict(answer.headers)["x-amz-request-id"]


def test_body_of_unknown_length(brume, s3, bucket):
    answer = ask(brume, "PUT", f"/{bucket}/length", length=False)
    assert (answer.status, answer["Code"]) == (411, "MissingContentLength")
    answer = ask(brume, "PUT", f"/{bucket}/length", b"3\r\nabc\r\n0\r\n\r\n", length=False,
                 headers={"x-amz-content-sha256": "UNSIGNED-PAYLOAD"}, unsigned={"Transfer-Encoding": "chunked"})
    assert (answer.status, answer["Code"], answer["Header"]) == (501, "NotImplemented", "Transfer-Encoding")
    assert s3.list_objects_v2(Bucket=bucket, Prefix="length")["KeyCount"] == 0


def test_trailer_in_transfer_chunks(brume, s3, bucket):
    """A stream of unknown end, as JS v3 and boto3 send it: aws-chunked inside of HTTP's chunks."""
    body = b"3\r\nabc\r\n0\r\nx-amz-checksum-crc32:NSRBwg==\r\n\r\n"
    headers = {"x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER", "x-amz-trailer": "x-amz-checksum-crc32",
               "x-amz-decoded-content-length": "3", "content-encoding": "aws-chunked"}
    wrapped = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    answer = ask(brume, "PUT", f"/{bucket}/trailer", wrapped, headers, {"Transfer-Encoding": "chunked"}, length=False)
    assert answer.status == 200
    got = s3.get_object(Bucket=bucket, Key="trailer", ChecksumMode="ENABLED")
    assert (got["Body"].read(), got["ChecksumCRC32"], got.get("ContentEncoding")) == (b"abc", "NSRBwg==", None)
    wrong = ask(brume, "PUT", f"/{bucket}/trailer", wrapped.replace(b"NSRB", b"NSRA"), headers,
                {"Transfer-Encoding": "chunked"}, length=False)
    assert (wrong.status, wrong["Code"]) == (400, "BadDigest")


@pytest.mark.parametrize("target, name, value", [
    ("?max-keys=many", "max-keys", "many"), ("?max-keys=99999999999", "max-keys", "99999999999"),
    ("?list-type=2&max-keys=", "max-keys", ""), ("/k?partNumber=first", "partNumber", "first")])
def test_numbers_that_are_none(brume, bucket, target, name, value):
    answer = ask(brume, "GET", f"/{bucket}{target}")
    assert (answer.status, answer["Code"]) == (400, "InvalidArgument")
    assert (answer["ArgumentName"], answer["ArgumentValue"]) == (name, value)
    assert answer["Message"] == f"Provided {name} not an integer or within integer range"


@pytest.mark.parametrize("method, rest, kind", [
    ("DELETE", "", "SERVICE"), ("PATCH", "/{}", "BUCKET"), ("POST", "/{}/k", "OBJECT"),
    # of the bucket or the object, what is asked for is a part that the method does not fit
    ("DELETE", "/{}?uploads", "BUCKET"), ("PUT", "/{}?uploads", "BUCKET"), ("DELETE", "/{}?acl", "BUCKET"), ("DELETE", "/{}/k?acl", "OBJECT"),
    ("PUT", "/{}/k?restore", "OBJECT")])
def test_method_that_does_not_fit(brume, bucket, method, rest, kind):
    answer = ask(brume, method, rest.format(bucket) or "/")
    assert (answer.status, answer["Code"]) == (405, "MethodNotAllowed")
    assert (answer["Method"], answer["ResourceType"]) == (method, kind)


@pytest.mark.parametrize("headers", [{}, {"Content-Type": "application/x-www-form-urlencoded"}, {"Content-Type": "multipart/form-data"}])
def test_a_post_that_is_no_form(brume, bucket, headers):
    answer = ask(brume, "POST", f"/{bucket}", b"key=a", headers)
    assert (answer.status, answer["Code"]) == (412, "PreconditionFailed")
    assert answer["Condition"] == "Bucket POST must be of the enclosure-type multipart/form-data"


def test_key_that_is_no_text(brume, bucket):
    answer = ask(brume, "PUT", f"/{bucket}/%FF%FE", b"x")
    assert (answer.status, answer["Code"]) == (400, "InvalidURI")
    assert answer["Message"] == "Couldn't parse the specified URI."


def test_the_clock_is_judged_first(brume, bucket):
    now = datetime.now(timezone.utc)
    old = now - timedelta(hours=1)
    skewed = old if old.date() == now.date() else now + timedelta(hours=1)  # of the day of the credential's scope
    old = old.strftime("%Y%m%dT%H%M%SZ")
    answer = ask(brume, "GET", f"/{bucket}", unsigned={"X-Amz-Date": skewed.strftime("%Y%m%dT%H%M%SZ")})
    assert (answer.status, answer["Code"]) == (403, "RequestTimeTooSkewed")
    target = (f"/{bucket}/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=test%2F{old[:8]}%2Fus-east-1%2Fs3%2Faws4_request"
              f"&X-Amz-Date={old}&X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Signature={'0' * 64}")
    answer = ask(brume, "GET", target, account=None)
    assert (answer.status, answer["Code"], answer["Message"]) == (403, "AccessDenied", "Request has expired")


def test_refused_before_the_body(brume, s3, bucket):
    """A client that waits to be asked for its body hears the refusal instead."""
    s3.put_object(Bucket=bucket, Key="taken", Body=b"")
    for target, account, headers, status in (
            ("/taken", None, {}, 403), ("/taken", "222222222222", {}, 403), ("/taken", "test", {"If-None-Match": "*"}, 412),
            ("/new", "test", {"x-amz-storage-class": "BEST"}, 400)):
        waiting = {"Content-Length": str(1 << 30), "Expect": "100-continue"}
        headers = {**headers, "x-amz-content-sha256": "UNSIGNED-PAYLOAD"}
        assert ask(brume, "PUT", f"/{bucket}{target}", b"", headers, waiting, account=account).status == status


def test_the_client_goes_on_after_a_refusal(s3, bucket):
    """Also where the refused body was empty: botocore waits to be asked for it."""
    s3.put_object(Bucket=bucket, Key="taken", Body=b"")
    for _ in range(3):
        with pytest.raises(ClientError):
            s3.put_object(Bucket=bucket, Key="taken", Body=b"", IfNoneMatch="*")
        s3.put_object(Bucket=bucket, Key="next", Body=b"")


def test_content_encoding_to_the_letter(s3, bucket):
    for sent, kept in (("deflate, gzip", "deflate, gzip"), ("gzip, aws-chunked", "gzip"), ("aws-chunked", None)):
        s3.put_object(Bucket=bucket, Key="encoding", Body=b"", ContentEncoding=sent)
        assert s3.head_object(Bucket=bucket, Key="encoding").get("ContentEncoding") == kept


def test_metadata_beyond_ascii(brume, bucket):
    """S3 answers RFC 2047 words; the bytes that came are read as Latin-1."""
    sent = {"x-amz-meta-plain": "a=b", "x-amz-meta-words": "Wörter"}
    assert ask(brume, "PUT", f"/{bucket}/words", headers=sent).status == 200
    for method in ("GET", "HEAD"):
        headers = dict(ask(brume, method, f"/{bucket}/words").headers)
        assert headers["x-amz-meta-plain"] == "a=b"
        word = re.fullmatch(r"=\?UTF-8\?B\?(.*)\?=", headers["x-amz-meta-words"])
        assert base64.b64decode(word[1]).decode() == "Wörter".encode().decode("latin-1")


def test_deleting_without_a_key(brume, s3, bucket):
    s3.put_object(Bucket=bucket, Key="stays", Body=b"")
    for entry in ("<Object></Object>", "<Object><Key></Key></Object>"):
        body = f"<Delete><Object><Key>stays</Key></Object>{entry}</Delete>".encode()
        md5 = base64.b64encode(hashlib.md5(body).digest()).decode()
        answer = ask(brume, "POST", f"/{bucket}?delete", body, {"Content-MD5": md5})
        assert (answer.status, answer["Code"]) == (400, "MalformedXML")
    s3.head_object(Bucket=bucket, Key="stays")


@pytest.mark.parametrize("target, root", [("?delete", "Remove"), ("/k?tagging", "Tags"), ("/k?uploadId=x", "Complete")])
def test_document_of_another_name(brume, bucket, target, root):
    body = f"<{root}><Object><Key>k</Key></Object><TagSet/></{root}>".encode()
    md5 = base64.b64encode(hashlib.md5(body).digest()).decode()
    answer = ask(brume, "PUT" if "tagging" in target else "POST", f"/{bucket}{target}", body, {"Content-MD5": md5})
    assert (answer.status, answer["Code"]) == (400, "MalformedXML")


def test_nobody_and_strangers(brume, s3, bucket):
    s3.put_object(Bucket=bucket, Key="mine", Body=b"mine")
    for method, target in (("GET", "/mine"), ("HEAD", "/mine"), ("PUT", "/mine"), ("DELETE", "/mine"), ("GET", "?list-type=2")):
        answer = ask(brume, method, f"/{bucket}{target}", account=None)
        assert answer.status == 403 and answer["Code"] in ("AccessDenied", None)
        answer = ask(brume, method, f"/{bucket}{target}", account="222222222222")
        assert answer.status == 403 and answer["Code"] in ("AccessDenied", None)
    assert s3.get_object(Bucket=bucket, Key="mine")["Body"].read() == b"mine"


def form(brume, bucket, conditions, fields, leave_out=()):
    expires = (datetime.now(timezone.utc) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    policy = base64.b64encode(json.dumps({"expiration": expires, "conditions": conditions}).encode())
    signature = base64.b64encode(hmac.new(b"test", policy, hashlib.sha1).digest())
    fields = {**fields, "AWSAccessKeyId": "test", "policy": policy.decode(), "signature": signature.decode()}
    body = "".join(f'--cut\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
                   for name, value in fields.items() if name not in leave_out)
    body += '--cut\r\nContent-Disposition: form-data; name="file"; filename="photo.jpg"\r\n\r\nbytes\r\n--cut--\r\n'
    return ask(brume, "POST", f"/{bucket}", body.encode(), account=None,
               unsigned={"Content-Type": "multipart/form-data; boundary=cut"})


def test_form_policy_sees_the_file_name(brume, s3, bucket):
    conditions = [{"bucket": bucket}, ["starts-with", "$key", "photo"]]
    assert form(brume, bucket, conditions, {"key": "${filename}"}).status == 204
    assert s3.get_object(Bucket=bucket, Key="photo.jpg")["Body"].read() == b"bytes"


@pytest.mark.parametrize("field, named", [("signature", "Signature"), ("AWSAccessKeyId", "AWSAccessKeyId")])
def test_form_with_half_a_signature(brume, bucket, field, named):
    answer = form(brume, bucket, [["starts-with", "$key", ""]], {"key": "half"}, leave_out=(field,))
    assert (answer.status, answer["Code"], answer["ArgumentName"]) == (400, "InvalidArgument", named)


def test_form_condition_of_no_property(brume, bucket):
    for condition in ({}, {"bucket": bucket, "key": "two"}, {"bucket": "another", "key": "two"}):
        answer = form(brume, bucket, [condition], {"key": "two"})
        assert (answer.status, answer["Code"]) == (400, "InvalidPolicyDocument")
