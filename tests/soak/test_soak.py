"""What takes longer than `make test` allows."""
import hashlib
import itertools
import os
import random
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import crash
import pytest
import tree
from client_kit import DEPS, client_environment, run

KILLS = 200
FILES = 20_000
MESSAGES = 100_000


def aws(server, *words):
    return run(DEPS / "venv/bin/aws", *words, env=client_environment(server.url), timeout=3600)


def sha256(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def test_sync_of_20000_real_files_up_and_down(start_brume, tmp_path):
    server = start_brume()
    assert tree.plant(tmp_path / "up", FILES) >= FILES * 9 // 10
    aws(server, "s3", "mb", "s3://tree")
    aws(server, "s3", "sync", "--only-show-errors", tmp_path / "up", "s3://tree")
    aws(server, "s3", "sync", "--only-show-errors", "s3://tree", tmp_path / "down")
    run("diff", "-r", tmp_path / "up", tmp_path / "down", timeout=600)


def test_6_gib_without_holes_by_multipart(start_brume, tmp_path):
    server = start_brume()
    with open(tmp_path / "up", "wb") as file:
        for _ in range(6 << 6):
            file.write(os.urandom(16 << 20))
    s3, where = server.client("s3"), {"Bucket": "large", "Key": "six"}
    aws(server, "s3", "mb", "s3://large")
    s3.put_bucket_versioning(Bucket="large", VersioningConfiguration={"Status": "Enabled"})
    aws(server, "s3", "cp", "--only-show-errors", tmp_path / "up", "s3://large/six")
    digest = sha256(tmp_path / "up")
    (tmp_path / "up").unlink()
    # Another version over it, and a marker over that: it is there by its id, and again when they are gone.
    first = s3.head_object(**where)["VersionId"]
    second = s3.put_object(**where, Body=b"small")["VersionId"]
    marker = s3.delete_object(**where)["VersionId"]
    assert s3.get_object(**where, VersionId=second)["Body"].read() == b"small"
    last = s3.get_object(**where, VersionId=first, Range="bytes=-1048576")
    assert last["ContentRange"] == f"bytes {(6 << 30) - (1 << 20)}-{(6 << 30) - 1}/{6 << 30}" and len(last["Body"].read()) == 1 << 20
    for version in (marker, second):
        s3.delete_object(**where, VersionId=version)
    aws(server, "s3", "cp", "--only-show-errors", "s3://large/six", tmp_path / "down")
    assert sha256(tmp_path / "down") == digest
    (tmp_path / "down").unlink()


def test_200_kills_of_a_mixed_load(start_brume):
    server = start_brume()
    server.client("s3").create_bucket(Bucket="load")
    server.client("sqs").create_queue(QueueName="load", Attributes={"VisibilityTimeout": "3600"})
    messages = set()
    for round_ in range(KILLS):
        load = crash.Load(server, "load", lambda: f"{server.url}/000000000000/load", uploaders=5, senders=3)
        load.serial = round_ * 100_000
        load.run_until_killed(random.uniform(0.05, 1.5))
        server.start()
        s3 = server.client("s3")
        crash.check_objects(s3, "load", load.objects)
        for key in [o["Key"] for page in s3.get_paginator("list_objects_v2").paginate(Bucket="load") for o in page.get("Contents", [])]:
            s3.delete_object(Bucket="load", Key=key)
        messages |= load.messages
    got = crash.drain(server.client("sqs"), f"{server.url}/000000000000/load", receivers=4)
    assert messages <= got, f"lost: {sorted(messages - got)[:5]}"


def test_100000_messages_by_8_senders_to_8_receivers_with_a_kill(start_brume):
    """A sender repeats what was not acknowledged; receivers delete what they got. None may be lost."""
    server = start_brume()
    server.client("sqs").create_queue(QueueName="many", Attributes={"VisibilityTimeout": "20"})
    batches, lock = iter(range(MESSAGES // 10)), threading.Lock()
    got = set()

    def patiently(call):
        """Repeats while the server is away; the address may have changed."""
        for attempt in itertools.count():
            try:
                return call(server.client("sqs") if attempt else client_of_thread(), f"{server.url}/000000000000/many")
            except Exception:
                local.client = None
                assert attempt < 600
                time.sleep(0.1)

    local = threading.local()

    def client_of_thread():
        if getattr(local, "client", None) is None or local.url != server.url:
            local.client, local.url = server.client("sqs"), server.url
        return local.client

    def send():
        while True:
            with lock:
                batch = next(batches, None)
            if batch is None:
                return
            entries = [{"Id": str(i), "MessageBody": str(batch * 10 + i)} for i in range(10)]
            answer = patiently(lambda sqs, queue: sqs.send_message_batch(QueueUrl=queue, Entries=entries))
            assert not answer.get("Failed")

    def receive():
        while len(got) < MESSAGES and time.monotonic() < deadline:
            messages = patiently(lambda sqs, queue: sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=1)).get("Messages", [])
            if not messages:
                continue
            with lock:
                got.update(int(m["Body"]) for m in messages)
            doomed = [{"Id": str(i), "ReceiptHandle": m["ReceiptHandle"]} for i, m in enumerate(messages)]
            patiently(lambda sqs, queue: sqs.delete_message_batch(QueueUrl=queue, Entries=doomed))

    deadline = time.monotonic() + 1800
    threads = [threading.Thread(target=work) for work in [send, receive] * 8]
    for thread in threads:
        thread.start()
    while len(got) < MESSAGES // 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    server.kill()
    server.start()
    for thread in threads:
        thread.join()
    assert got == set(range(MESSAGES)), f"{MESSAGES - len(got)} lost"


def test_the_stores_own_kills():
    """The store's crash and power-cut tests with their long setting."""
    root = DEPS.parent
    run("meson", "test", "-C", root / "build", "--no-rebuild", "-t", "40", "store/crash", "store/power", cwd=root, env=dict(os.environ, BRUME_SOAK="1"), timeout=3600)


def test_two_evaluators_agree_on_100000_cases():
    """Policies and requests that no run has drawn before."""
    seed = str(random.randrange(1 << 32))
    run(sys.executable, "-m", "pytest", "-q", DEPS.parent / "tests/policy", cwd=DEPS.parent, timeout=3600,
        env=dict(os.environ, BRUME_POLICY_CASES="100000", BRUME_POLICY_SEED=seed))


def test_an_object_of_10000_parts(start_brume):
    """50 GB of parts of the least size, by copies of one of them, which take no bytes of their own."""
    server, size = start_brume(), 5 << 20
    s3 = server.client("s3")
    s3.create_bucket(Bucket="parts")
    piece = os.urandom(size)
    s3.put_object(Bucket="parts", Key="piece", Body=piece)
    # with the checksum that clients gave the piece: nothing has to be read to know that of a part
    upload = s3.create_multipart_upload(Bucket="parts", Key="large", ChecksumAlgorithm="CRC32", ChecksumType="FULL_OBJECT")["UploadId"]

    def copy(number):
        return s3.upload_part_copy(Bucket="parts", Key="large", UploadId=upload, PartNumber=number, CopySource="parts/piece")["CopyPartResult"]["ETag"]

    with ThreadPoolExecutor(8) as threads:
        etags = list(threads.map(copy, range(1, 10_001)))
    parts = [{"PartNumber": i, "ETag": etag} for i, etag in enumerate(etags, 1)]
    done = s3.complete_multipart_upload(Bucket="parts", Key="large", UploadId=upload, MultipartUpload={"Parts": parts})
    assert done["ETag"].endswith('-10000"') and s3.head_object(Bucket="parts", Key="large")["ContentLength"] == 10_000 * size
    for number in (1, 5000, 10_000):
        assert s3.get_object(Bucket="parts", Key="large", PartNumber=number)["Body"].read() == piece
    seam = s3.get_object(Bucket="parts", Key="large", Range=f"bytes={9_999 * size - 3}-{9_999 * size + 2}")["Body"].read()
    assert seam == piece[-3:] + piece[:3]
    assert sum(f.stat().st_size for f in server.data.glob("zones/*/files/**/*") if f.is_file()) < 2 * size
    server.kill()
    server.start()
    s3 = server.client("s3")
    assert s3.get_object(Bucket="parts", Key="large", PartNumber=10_000)["Body"].read() == piece
    for key in ("piece", "large"):
        s3.delete_object(Bucket="parts", Key=key)
    s3.delete_bucket(Bucket="parts")
