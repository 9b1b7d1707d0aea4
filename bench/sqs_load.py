"""Durable SendMessage, ReceiveMessage, DeleteMessage per second and server CPU per call, over real connections.

usage: sqs_load.py BINARY [connections] [seconds] [body bytes]"""
import hashlib
import hmac
import json
import os
import selectors
import socket
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timezone

BINARY = sys.argv[1]
CONNECTIONS = int(sys.argv[2]) if len(sys.argv) > 2 else 32
SECONDS = float(sys.argv[3]) if len(sys.argv) > 3 else 4
BODY = int(sys.argv[4]) if len(sys.argv) > 4 else 200


def derive(day):
    key = b"AWS4test"
    for part in (day, "us-east-1", "sqs", "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


class Signer:
    def __init__(self, host):
        self.host, self.now = host, datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%SZ")
        self.day = self.now[:8]
        self.key = derive(self.day)

    def request(self, op, members):
        body = json.dumps(members).encode()
        target = f"AmazonSQS.{op}"
        signed = "content-type;host;x-amz-date;x-amz-target"
        canonical = (f"POST\n/\n\ncontent-type:application/x-amz-json-1.0\nhost:{self.host}\nx-amz-date:{self.now}\nx-amz-target:{target}\n\n"
                     f"{signed}\n{hashlib.sha256(body).hexdigest()}")
        scope = f"{self.day}/us-east-1/sqs/aws4_request"
        text = f"AWS4-HMAC-SHA256\n{self.now}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        signature = hmac.new(self.key, text.encode(), "sha256").hexdigest()
        return (f"POST / HTTP/1.1\r\nHost: {self.host}\r\nContent-Type: application/x-amz-json-1.0\r\nX-Amz-Date: {self.now}\r\nX-Amz-Target: {target}\r\n"
                f"Authorization: AWS4-HMAC-SHA256 Credential=test/{scope}, SignedHeaders={signed}, Signature={signature}\r\n"
                f"Content-Length: {len(body)}\r\n\r\n").encode() + body


def answers(host, port, connections, next_request, on_answer, seconds):
    """Keeps one request in flight on each connection; next_request() None ends. Returns calls, seconds."""
    select = selectors.DefaultSelector()
    calls, start = 0, time.monotonic()
    open_ = 0
    for _ in range(connections):
        first = next_request()
        if first is None:
            break
        s = socket.create_connection((host, port))
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        select.register(s, selectors.EVENT_READ, bytearray())
        s.sendall(first)
        open_ += 1
    while open_:
        for key, _ in select.select():
            buffer = key.data
            buffer += key.fileobj.recv(1 << 16)
            at = buffer.find(b"\r\n\r\n")
            if at < 0:
                continue
            head = bytes(buffer[:at]).lower()
            length = int(head.split(b"content-length:")[1].split(b"\r\n")[0])
            if len(buffer) < at + 4 + length:
                continue
            assert b" 200 " in head.split(b"\r\n")[0], bytes(buffer)
            on_answer(bytes(buffer[at + 4:at + 4 + length]))
            del buffer[:at + 4 + length]
            calls += 1
            more = next_request() if time.monotonic() - start < seconds else None
            if more is None:
                select.unregister(key.fileobj)
                key.fileobj.close()
                open_ -= 1
            else:
                key.fileobj.sendall(more)
    return calls, time.monotonic() - start


def main():
    with tempfile.TemporaryDirectory() as data:
        server = subprocess.Popen([BINARY, "serve", "--port", "0", "--data", data], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            measure(server)
        finally:
            server.terminate()
            server.wait()


def measure(server):
    port = int(server.stdout.readline().rsplit(":", 1)[1])
    signer = Signer(f"127.0.0.1:{port}")
    made = []
    answers("127.0.0.1", port, 1, iter([signer.request("CreateQueue", {"QueueName": "load"}), None]).__next__, made.append, 9)
    url = json.loads(made[0])["QueueUrl"]

    def cpu():
        fields = open(f"/proc/{server.pid}/stat").read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def show(what, next_request, on_answer):
        before = cpu()
        calls, took = answers("127.0.0.1", port, CONNECTIONS, next_request, on_answer, SECONDS)
        print(f"{what:16} {calls / took:8.0f} calls/s  {(cpu() - before) / calls * 1e6:6.1f} us CPU a call  ({calls} calls, {CONNECTIONS} connections, {BODY} B)")

    send = signer.request("SendMessage", {"QueueUrl": url, "MessageBody": "x" * BODY})
    show("SendMessage", lambda: send, lambda _: None)
    handles = []
    receive = signer.request("ReceiveMessage", {"QueueUrl": url, "VisibilityTimeout": 600})
    show("ReceiveMessage", lambda: receive, lambda b: handles.extend(m["ReceiptHandle"] for m in json.loads(b).get("Messages", [])))
    deletes = iter([signer.request("DeleteMessage", {"QueueUrl": url, "ReceiptHandle": h}) for h in handles[:20000]])
    show("DeleteMessage", lambda: next(deletes, None), lambda _: None)


main()
