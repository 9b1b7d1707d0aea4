"""10,000 parts, as many as an upload may have; and what becomes of many parts."""
import base64
import hashlib
import hmac
import http.client
import re
import socket
import time
import urllib.parse

import pytest

PARTS, CONNECTIONS = 10_000, 32
BODY = b"x"
ETAG = hashlib.md5(BODY).hexdigest()


@pytest.fixture(scope="module")
def bucket(s3):
    s3.create_bucket(Bucket="many-parts")


@pytest.fixture(scope="module")
def upload(brume, s3, bucket):
    upload = s3.create_multipart_upload(Bucket="many-parts", Key="k")["UploadId"]
    send_parts(brume, upload, PARTS)
    return upload


def part_request(brume, upload, number, expires):
    """Presigned with version 2, which costs least to sign."""
    resource = f"/many-parts/k?partNumber={number}&uploadId={upload}"
    signature = base64.b64encode(hmac.new(b"test", f"PUT\n\n\n{expires}\n{resource}".encode(), hashlib.sha1).digest()).decode()
    query = urllib.parse.urlencode({"AWSAccessKeyId": "test", "Expires": expires, "Signature": signature})
    return f"PUT {resource}&{query} HTTP/1.1\r\nHost: localhost:{brume.port}\r\nContent-Length: {len(BODY)}\r\n\r\n".encode() + BODY


def send_parts(brume, upload, count):
    """All at once on each of some connections, then all their answers; out of order."""
    wires = [socket.create_connection(("localhost", brume.port), 60) for _ in range(CONNECTIONS)]
    expires = int(time.time()) + 600
    numbers = list(range(count, 0, -1))
    for at in range(0, count, CONNECTIONS):
        busy = list(zip(wires, numbers[at:at + CONNECTIONS]))
        for wire, number in busy:
            wire.sendall(part_request(brume, upload, number, expires))
        for wire, _ in busy:
            answer = http.client.HTTPResponse(wire)
            answer.begin()
            assert (answer.status, answer.read()) == (200, b"")
    for wire in wires:
        wire.close()


def complete(s3, upload, numbers):
    """The error's members, or the answer."""
    parts = {"Parts": [{"PartNumber": n, "ETag": ETAG} for n in numbers]}
    try:
        return s3.complete_multipart_upload(Bucket="many-parts", Key="k", UploadId=upload, MultipartUpload=parts)
    except s3.exceptions.ClientError as error:
        return error.response["Error"]


def test_ten_thousand_parts(s3, upload):
    pages = list(s3.get_paginator("list_parts").paginate(Bucket="many-parts", Key="k", UploadId=upload))
    assert len(pages) == 10 and [p["PartNumber"] for page in pages for p in page["Parts"]] == list(range(1, PARTS + 1))
    assert complete(s3, upload, range(1, PARTS + 2))["Code"] == "MalformedXML"  # 10,001 are no document
    refused = complete(s3, upload, range(1, PARTS + 1))
    assert (refused["Code"], refused["PartNumber"], refused["ProposedSize"]) == ("EntityTooSmall", "1", "1")
    assert complete(s3, upload, list(range(1, PARTS - 1)) + [PARTS, PARTS - 1])["Code"] == "InvalidPartOrder"
    done = complete(s3, upload, [PARTS])  # the last one may be small; the others go
    assert re.fullmatch('"[0-9a-f]{32}-1"', done["ETag"])
    assert s3.get_object(Bucket="many-parts", Key="k")["Body"].read() == BODY
    assert "Uploads" not in s3.list_multipart_uploads(Bucket="many-parts")


def test_many_parts_swept(brume, s3, bucket):
    """More parts than one transaction deletes: the rest goes by a job."""
    where = {"Bucket": "many-parts", "Key": "k", "UploadId": s3.create_multipart_upload(Bucket="many-parts", Key="k")["UploadId"]}
    send_parts(brume, where["UploadId"], 601)
    assert len(s3.list_parts(**where)["Parts"]) == 601
    s3.abort_multipart_upload(**where)
    for call in (lambda: s3.list_parts(**where), lambda: s3.upload_part(**where, PartNumber=1, Body=BODY)):
        with pytest.raises(s3.exceptions.ClientError) as error:
            call()
        assert error.value.response["Error"]["Code"] == "NoSuchUpload"
