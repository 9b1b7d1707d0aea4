"""What a client that waits for 100 Continue hears: the refusal itself, before it has sent a byte of its body."""
import socket

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials


class Waiting:
    """A PUT whose head is sent and whose body waits."""

    def __init__(self, brume, path, secret="test", expect="100-continue", length=5):
        address = f"localhost:{brume.port}"
        request = AWSRequest("PUT", f"http://{address}{path}", data=b"bytes", headers={"Host": address, "Content-Length": str(length)})
        S3SigV4Auth(Credentials("test", secret), "s3", "us-east-1").add_auth(request)
        lines = [f"PUT {path} HTTP/1.1", *(f"{k}: {v}" for k, v in request.headers.items()), f"Expect: {expect}"]
        self.socket = socket.create_connection(("localhost", brume.port), timeout=10)
        self.socket.sendall("\r\n".join([*lines, "", ""]).encode())
        self.answers = self.socket.makefile("rb")

    def status(self):
        return int(self.answers.readline().split()[1])

    def skip_head(self):
        while self.answers.readline().strip():
            pass


@pytest.fixture
def bucket(brume):
    brume.client("s3").create_bucket(Bucket="waited")
    return brume.client("s3")


def test_wanted_body(brume, bucket):
    waiting = Waiting(brume, "/waited/key")
    assert waiting.status() == 100
    waiting.skip_head()
    waiting.socket.sendall(b"bytes")
    assert waiting.status() == 200
    assert bucket.get_object(Bucket="waited", Key="key")["Body"].read() == b"bytes"


@pytest.mark.parametrize("path,secret,length,status", [
    ("/waited/key", "wrong", 5, 403),
    ("/absent-bucket/key", "test", 5, 404),
    ("/waited/" + "k" * 1025, "test", 5, 400),
    ("/waited/key", "test", 6 << 30, 400),
])
def test_refused(brume, bucket, path, secret, length, status):
    assert Waiting(brume, path, secret, length=length).status() == status


def test_other_expectations_are_none(brume, bucket):
    waiting = Waiting(brume, "/waited/other", expect="200")
    waiting.socket.sendall(b"bytes")
    assert waiting.status() == 200
