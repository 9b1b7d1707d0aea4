"""Requests to S3 as no SDK would send them: signed by hand, then sent to the letter."""
import http.client
import re
import socket

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials


class Answer:
    def __init__(self, response):
        self.status, self.headers, self.bytes = response.status, response.getheaders(), response.read()
        self.body = self.bytes.decode(errors="replace")

    def __getitem__(self, element):
        found = re.search(f"<{element}>(.*?)</{element}>", self.body, re.S)
        return found and found[1]

    def header(self, name):
        return next((value for key, value in self.headers if key.lower() == name), None)


class Signer(S3SigV4Auth):
    """Leaves the payload's hash as the request has it."""

    def __init__(self, account, payload):
        super().__init__(Credentials(account, "test"), "s3", "us-east-1")
        self.given = payload

    def payload(self, request):
        return self.given or super().payload(request)


def signed_headers(brume, method, target, body=b"", headers=None, account="test"):
    request = AWSRequest(method, brume.url + target, data=body, headers=dict(headers or {}))
    if account:
        Signer(account, request.headers.get("x-amz-content-sha256")).add_auth(request)
    return dict(request.headers)


def ask(brume, method, target, body=b"", headers=None, unsigned=None, length=True, account="test"):
    """Sends exactly this: `unsigned` headers are added behind the signature, no length unless asked."""
    sent = {**signed_headers(brume, method, target, body, headers, account), **(unsigned or {})}
    if length and method in ("PUT", "POST"):
        sent.setdefault("Content-Length", str(len(body)))
    connection = http.client.HTTPConnection("localhost", brume.port, timeout=10)
    connection.putrequest(method, target, skip_accept_encoding=True)
    for name, value in sent.items():
        connection.putheader(name, value.encode() if isinstance(value, str) else value)
    connection.endheaders()
    connection.send(body)
    answer = Answer(connection.getresponse())
    connection.close()
    return answer


class Wire:
    """A connection of one's own: a head whose lines are as given, a body that may stop anywhere."""

    def __init__(self, brume, timeout=10):
        self.brume = brume
        self.socket = socket.create_connection(("localhost", brume.port), timeout)

    def head(self, method, target, lines=(), headers=None):
        """Signs for an unsigned payload; `lines` are added as they are (lengths, what is twice)."""
        headers = signed_headers(self.brume, method, target, headers={"x-amz-content-sha256": "UNSIGNED-PAYLOAD", **(headers or {})})
        headers["Host"] = f"localhost:{self.brume.port}"
        text = [f"{method} {target} HTTP/1.1", *(f"{k}: {v}" for k, v in headers.items()), *lines, "", ""]
        self.socket.sendall("\r\n".join(text).encode())
        return self

    def send(self, data):
        self.socket.sendall(data)
        return self

    def end(self):
        """Half-closes: no byte will follow, but an answer is waited for."""
        self.socket.shutdown(socket.SHUT_WR)
        return self

    def answer(self):
        """The Answer, or None where the connection ends without one."""
        response = http.client.HTTPResponse(self.socket)
        try:
            response.begin()
            return Answer(response)
        except (http.client.BadStatusLine, ConnectionError):
            return None
        finally:
            self.socket.close()
