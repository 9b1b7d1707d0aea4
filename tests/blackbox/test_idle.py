"""What a server costs that nobody asks anything."""
import os
import time
from pathlib import Path

import pytest

IDLE_MIB, WITHIN_S = 6, 60  # every 5 s it is looked at


def resident_mib(server):
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")) / 1024


@pytest.mark.skipif(bool({"ASAN_OPTIONS", "TSAN_OPTIONS"} & set(os.environ)), reason="a sanitizer's own memory is larger")
def test_an_idle_server_is_small_and_wakes(start_brume):
    server = start_brume()
    sqs = server.client("sqs")
    url = sqs.create_queue(QueueName="idle")["QueueUrl"]
    for service, ask in (("s3", "list_buckets"), ("dynamodb", "list_tables"), ("iam", "list_users"), ("sns", "list_topics"), ("logs", "describe_log_groups")):
        getattr(server.client(service), ask)()
    sqs.send_message(QueueUrl=url, MessageBody="awake?")
    deadline = time.monotonic() + WITHIN_S
    while resident_mib(server) > IDLE_MIB and time.monotonic() < deadline:
        time.sleep(0.5)
    assert resident_mib(server) <= IDLE_MIB
    assert sqs.receive_message(QueueUrl=url)["Messages"][0]["Body"] == "awake?"
