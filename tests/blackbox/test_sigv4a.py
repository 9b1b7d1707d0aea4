"""Version 4A signatures, made here by another library: in the header, in the query, over chunks and trailers."""
import base64
import hashlib
import hmac
import http.client
import urllib.parse
import zlib
from datetime import datetime, timezone

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

ALGORITHM = "AWS4-ECDSA-P256-SHA256"
ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551
EMPTY = hashlib.sha256(b"").hexdigest()


def key_pair(access_key, secret):
    for counter in range(1, 255):
        fixed = b"\0\0\0\1" + ALGORITHM.encode() + b"\0" + access_key.encode() + bytes([counter]) + b"\0\0\1\0"
        drawn = int.from_bytes(hmac.digest(b"AWS4A" + secret.encode(), fixed, "sha256"), "big")
        if drawn <= ORDER - 2:
            return ec.derive_private_key(drawn + 1, ec.SECP256R1())


class Signer:
    def __init__(self, secret="test", region_set="us-east-1"):
        self.key, self.region_set = key_pair("test", secret), region_set
        self.at = datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%SZ")
        self.scope = f"{self.at[:8]}/s3/aws4_request"

    def sign(self, text):
        return self.key.sign(text.encode(), ec.ECDSA(hashes.SHA256())).hex()

    def request(self, method, path, query, headers, payload):
        canonical = "\n".join([method, path, query, *(f"{k}:{v}" for k, v in sorted(headers.items())), "",
                               ";".join(sorted(headers)), payload])
        return self.sign("\n".join([ALGORITHM, self.at, self.scope, hashlib.sha256(canonical.encode()).hexdigest()]))

    def by_header(self, port, method, path, payload, **more):
        headers = {"host": f"localhost:{port}", "x-amz-content-sha256": payload, "x-amz-date": self.at,
                   "x-amz-region-set": self.region_set, **{k.replace("_", "-"): v for k, v in more.items()}}
        signature = self.request(method, path, "", headers, payload)
        headers["Authorization"] = (f"{ALGORITHM} Credential=test/{self.scope}, SignedHeaders={';'.join(sorted(headers))}, "
                                    f"Signature={signature}")
        return headers, signature

    def chunk(self, bytes_, previous):
        signature = self.sign("\n".join([f"{ALGORITHM}-PAYLOAD", self.at, self.scope, previous, EMPTY, hashlib.sha256(bytes_).hexdigest()]))
        return f"{len(bytes_):x};chunk-signature={signature.ljust(144, '*')}\r\n".encode() + bytes_ + b"\r\n", signature

    def trailer(self, line, previous):
        return self.sign("\n".join([f"{ALGORITHM}-TRAILER", self.at, self.scope, previous, hashlib.sha256(line.encode()).hexdigest()]))


def send(port, method, path, headers, body=b""):
    connection = http.client.HTTPConnection("localhost", port, timeout=20)
    connection.request(method, path, body=body, headers=headers)
    answer = connection.getresponse()
    return answer.status, answer.read()


@pytest.fixture
def bucket(brume):
    brume.client("s3").create_bucket(Bucket="pairs")
    return brume.client("s3")


def put(brume, signer, body=b"body"):
    headers, _ = signer.by_header(brume.port, "PUT", "/pairs/key", hashlib.sha256(body).hexdigest())
    return send(brume.port, "PUT", "/pairs/key", headers, body)


@pytest.mark.parametrize("region_set", ["us-east-1", "*", "eu-*,us-east-*", "eu-west-1"])
def test_header(brume, bucket, region_set):
    assert put(brume, Signer(region_set=region_set))[0] == 200
    assert bucket.get_object(Bucket="pairs", Key="key")["Body"].read() == b"body"


def test_wrong_secret_and_region(brume, bucket):
    status, answer = put(brume, Signer(secret="other"))
    assert status == 403 and b"<Code>SignatureDoesNotMatch</Code>" in answer
    status, answer = put(brume, Signer(region_set="moon-1"))
    assert status == 400 and b"<Code>AuthorizationHeaderMalformed</Code>" in answer


def test_query(brume, bucket):
    assert put(brume, Signer())[0] == 200
    signer = Signer(region_set="*")
    query = urllib.parse.urlencode(sorted({"X-Amz-Algorithm": ALGORITHM, "X-Amz-Credential": f"test/{signer.scope}", "X-Amz-Date": signer.at,
                                           "X-Amz-Expires": "60", "X-Amz-Region-Set": "*", "X-Amz-SignedHeaders": "host"}.items()),
                                   quote_via=urllib.parse.quote, safe="")
    signature = signer.request("GET", "/pairs/key", query, {"host": f"localhost:{brume.port}"}, "UNSIGNED-PAYLOAD")
    assert send(brume.port, "GET", f"/pairs/key?{query}&X-Amz-Signature={signature}", {}) == (200, b"body")
    assert send(brume.port, "GET", f"/pairs/other?{query}&X-Amz-Signature={signature}", {})[0] == 403


@pytest.mark.parametrize("trailer", [False, True])
@pytest.mark.parametrize("spoil", [False, True])
def test_chunks(brume, bucket, trailer, spoil):
    body, signer, more = b"0123456789abcdef" * 5000, Signer(), {}
    if trailer:
        more = {"x_amz_trailer": "x-amz-checksum-crc32"}
    headers, previous = signer.by_header(brume.port, "PUT", "/pairs/chunks", f"STREAMING-{ALGORITHM}-PAYLOAD" + ("-TRAILER" if trailer else ""),
                                         x_amz_decoded_content_length=str(len(body)), content_encoding="aws-chunked", **more)
    sent = b""
    for piece in (body[:65536], body[65536:], b""):
        framed, previous = signer.chunk(piece, previous)
        sent += framed if piece or not trailer else framed[:-2]
    if trailer:
        line = "x-amz-checksum-crc32:" + base64.b64encode(zlib.crc32(body).to_bytes(4, "big")).decode()
        sent += f"{line}\r\nx-amz-trailer-signature:{signer.trailer(line + chr(10), previous)}\r\n\r\n".encode()
    if spoil:
        sent = sent.replace(b"0123456789abcdef", b"0123456789abcdeF", 1)
    status, answer = send(brume.port, "PUT", "/pairs/chunks", headers, sent)
    if spoil:
        assert status == 403 and b"SignatureDoesNotMatch" in answer
    else:
        assert status == 200, answer
        assert bucket.get_object(Bucket="pairs", Key="chunks")["Body"].read() == body
