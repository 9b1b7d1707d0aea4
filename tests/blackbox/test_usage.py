"""What a cloud counts of its use: once for each call that succeeded, shown by `brume usage`."""
import concurrent.futures
import os
import subprocess

import pytest
from botocore.exceptions import ClientError

from conftest import BINARY


def usage(server):
    """(account, service, usage type) -> quantity, as the command prints it."""
    command = [BINARY, "usage", "--port", str(server.port), "--data", str(server.data)]
    lines = subprocess.run(command, check=True, capture_output=True, text=True, env=dict(os.environ)).stdout.splitlines()
    assert lines[0].split() == ["ACCOUNT", "SERVICE", "USAGE", "TYPE", "QUANTITY"]
    rows = [line.split() for line in lines[1:]]
    return {(account, service, kind): float(quantity) for account, service, kind, quantity in rows}


@pytest.fixture
def server(start_brume):
    return start_brume()


def test_s3(server):
    s3 = server.client("s3")
    assert usage(server) == {}
    s3.create_bucket(Bucket="metered")
    s3.put_object(Bucket="metered", Key="k", Body=b"x" * 300_000)
    for _ in range(3):
        s3.get_object(Bucket="metered", Key="k")["Body"].read()
    s3.get_object(Bucket="metered", Key="k", Range="bytes=0-99")["Body"].read()
    s3.head_object(Bucket="metered", Key="k")
    with pytest.raises(ClientError):
        s3.get_object(Bucket="metered", Key="absent")
    assert usage(server) == {
        ("000000000000", "s3", "Requests-Tier1"): 2,
        ("000000000000", "s3", "Requests-Tier2"): 5,
        ("000000000000", "s3", "DataTransfer-In-Bytes"): 300_000,
        ("000000000000", "s3", "DataTransfer-Out-Bytes"): 900_100,
    }


def test_accounts_and_sizes_apart(server):
    mine, other = server.client("sqs"), server.client("sqs", account="111111111111")
    url = mine.create_queue(QueueName="q")["QueueUrl"]
    mine.send_message(QueueUrl=url, MessageBody="x" * 100_000)  # two begun chunks of 64 KiB
    mine.receive_message(QueueUrl=url)
    fifo = other.create_queue(QueueName="q.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    other.send_message(QueueUrl=fifo, MessageBody="x", MessageGroupId="g", MessageDeduplicationId="d")
    got = usage(server)
    assert got["000000000000", "sqs", "Requests-Tier1"] == 1 + 2 + 2
    assert got["111111111111", "sqs", "Requests-FIFO-Tier1"] == 2
    assert len(got) == 2


def test_parked_and_concurrent_calls_count_once(server):
    sqs = server.client("sqs", config={"max_pool_connections": 20})
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        polls = [pool.submit(sqs.receive_message, QueueUrl=url, WaitTimeSeconds=5) for _ in range(6)]
        list(pool.map(lambda i: sqs.send_message(QueueUrl=url, MessageBody=str(i)), range(40)))
        assert all(poll.result()["Messages"] for poll in polls)
    assert usage(server)["000000000000", "sqs", "Requests-Tier1"] == 1 + 40 + 6


def test_usage_outlives_a_kill(server, start_brume):
    sqs = server.client("sqs")
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="x")
    server.kill()
    again = start_brume(data=server.data)
    assert usage(again) == {("000000000000", "sqs", "Requests-Tier1"): 2}
