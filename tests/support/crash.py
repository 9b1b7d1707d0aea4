"""Load that remembers what was acknowledged, kills without warning, and the count afterwards."""
import hashlib
import os
import random
import threading
import time

ERRORS = (Exception,)  # a client whose server is killed sees any of a dozen errors; none is an acknowledgement


class Load:
    """Uploaders and senders against `server`. What was answered with success is in `objects` and `messages`."""

    def __init__(self, server, bucket, queue=None, uploaders=8, senders=0):
        self.server, self.bucket, self.queue = server, bucket, queue
        self.objects, self.messages = {}, set()
        self.stopping = threading.Event()
        self.lock = threading.Lock()
        self.serial = 0
        self.threads = [threading.Thread(target=self._upload, daemon=True) for _ in range(uploaders)]
        self.threads += [threading.Thread(target=self._send, daemon=True) for _ in range(senders)]

    def _next(self):
        with self.lock:
            self.serial += 1
            return self.serial

    def _upload(self):
        s3 = self.server.client("s3")
        while not self.stopping.is_set():
            key, body = f"{self._next():08}", os.urandom(random.choice([10, 1000, 70_000, 600_000]))
            try:
                s3.put_object(Bucket=self.bucket, Key=key, Body=body)
            except ERRORS:
                return
            self.objects[key] = hashlib.sha256(body).digest()

    def _send(self):
        sqs = self.server.client("sqs")
        while not self.stopping.is_set():
            body = f"m{self._next()}"
            try:
                sqs.send_message(QueueUrl=self.queue(), MessageBody=body)
            except ERRORS:
                return
            self.messages.add(body)

    def run_until_killed(self, seconds):
        for thread in self.threads:
            thread.start()
        time.sleep(seconds)
        self.server.kill()
        self.stopping.set()
        for thread in self.threads:
            thread.join(60)
            assert not thread.is_alive()


def check_objects(s3, bucket, acknowledged):
    """Every acknowledged object is there, whole; what else is listed (killed before its answer) is whole too."""
    listed = {o["Key"] for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket) for o in page.get("Contents", [])}
    assert acknowledged.keys() <= listed, f"lost: {sorted(acknowledged.keys() - listed)[:5]}"
    for key in listed:
        got = s3.get_object(Bucket=bucket, Key=key)
        body = got["Body"].read()
        assert got["ETag"] == f'"{hashlib.md5(body).hexdigest()}"', key
        if key in acknowledged:
            assert hashlib.sha256(body).digest() == acknowledged[key], key


def drain(sqs, queue, receivers=1):
    """Receives and deletes until nothing comes any more; the bodies."""
    bodies, lock = set(), threading.Lock()

    def receive():
        while messages := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=2).get("Messages"):
            with lock:
                bodies.update(m["Body"] for m in messages)
            sqs.delete_message_batch(QueueUrl=queue, Entries=[{"Id": str(i), "ReceiptHandle": m["ReceiptHandle"]} for i, m in enumerate(messages)])

    threads = [threading.Thread(target=receive) for _ in range(receivers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return bodies
