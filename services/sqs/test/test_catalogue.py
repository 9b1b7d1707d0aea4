"""The demonstrations of the catalogue, each under its row's name."""
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from botocore.exceptions import ClientError, ConnectionError as Broken, HTTPClientError


def client_of(server):
    return server.client("sqs", config={"connect_timeout": 2, "read_timeout": 30})


def produce(server, queue, who, n, sent, batch=10):
    """Sends n messages in batches; `sent` gets those that were acknowledged."""
    sqs = client_of(server)
    for first in range(0, n, batch):
        names = [f"{who}-{i}" for i in range(first, min(first + batch, n))]
        try:
            answer = sqs.send_message_batch(QueueUrl=queue, Entries=[{"Id": str(i), "MessageBody": m} for i, m in enumerate(names)])
        except (Broken, HTTPClientError):
            return
        sent.update(names[int(e["Id"])] for e in answer["Successful"])


def consume(server, queue, got, enough):
    """Receives until `enough()`; `got` gets each body in the order of its coming."""
    sqs = client_of(server)
    while not enough():
        try:
            messages = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=1).get("Messages", [])
            if messages:
                got.extend(m["Body"] for m in messages)
                sqs.delete_message_batch(QueueUrl=queue, Entries=[{"Id": str(i), "ReceiptHandle": m["ReceiptHandle"]} for i, m in enumerate(messages)])
        except (Broken, HTTPClientError):
            return


def test_sqs_std_10000_messages_by_8_senders_and_8_receivers(brume, make):
    queue, sent, got = make(), set(), []
    with ThreadPoolExecutor(16) as pool:
        work = [pool.submit(produce, brume, queue, who, 1250, sent) for who in range(8)]
        work += [pool.submit(consume, brume, queue, got, lambda: len(got) >= 10_000) for _ in range(8)]
        for one in work:
            one.result()
    assert len(sent) == 10_000 and set(got) == sent and len(got) == 10_000


def test_sqs_std_undeleted_message_comes_back(sqs, queue):
    sqs.send_message(QueueUrl=queue, MessageBody="x")
    assert sqs.receive_message(QueueUrl=queue, VisibilityTimeout=4)["Messages"]
    assert "Messages" not in sqs.receive_message(QueueUrl=queue)
    assert sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=20)["Messages"][0]["Body"] == "x"


def test_sqs_std_long_poll_returns_the_instant_one_is_sent(brume, sqs, queue):
    came = []

    def poll():
        client_of(brume).receive_message(QueueUrl=queue, WaitTimeSeconds=20)
        came.append(time.monotonic())

    thread = threading.Thread(target=poll)
    thread.start()
    time.sleep(1)
    sqs.send_message(QueueUrl=queue, MessageBody="x")
    sent = time.monotonic()
    thread.join()
    assert came[0] - sent < 10  # not at the end of its wait


def test_sqs_std_kill_9_loses_none(start_brume):
    first = start_brume()
    queue = client_of(first).create_queue(QueueName="crash", Attributes={"VisibilityTimeout": "2"})["QueueUrl"]
    sent, got = set(), []
    with ThreadPoolExecutor(16) as pool:
        for who in range(8):
            pool.submit(produce, first, queue, who, 2000, sent)
        for _ in range(8):
            pool.submit(consume, first, queue, got, lambda: False)
        while len(got) < 1500:
            time.sleep(0.05)
        first.kill()
    assert 1500 <= len(sent) < 16_000, "the kill came in the middle"
    second = start_brume(data=first.data)
    sqs = client_of(second)
    deadline = time.monotonic() + 60
    while not sent <= set(got) and time.monotonic() < deadline:
        consume(second, queue, got, lambda: sent <= set(got) or time.monotonic() > deadline)
    assert sent <= set(got)
    time.sleep(2.2)  # what was in flight at the end is visible again
    drained = False
    while not drained:
        before = len(got)
        consume(second, queue, got, iter([False, True]).__next__)
        drained = len(got) == before
    counts = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]
    assert (counts["ApproximateNumberOfMessages"], counts["ApproximateNumberOfMessagesNotVisible"]) == ("0", "0")


def test_sqs_fifo_order_blocking_and_parallel_groups(sqs, make):
    queue = make(FifoQueue="true", ContentBasedDeduplication="true")
    for body in ("a1", "a2", "a3", "a1"):
        sqs.send_message(QueueUrl=queue, MessageBody=body, MessageGroupId="a")
    first = sqs.receive_message(QueueUrl=queue)["Messages"]
    assert [m["Body"] for m in first] == ["a1"]
    assert "Messages" not in sqs.receive_message(QueueUrl=queue)
    sqs.send_message(QueueUrl=queue, MessageBody="b1", MessageGroupId="b")
    assert sqs.receive_message(QueueUrl=queue)["Messages"][0]["Body"] == "b1"
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=first[0]["ReceiptHandle"])
    rest = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
    assert [m["Body"] for m in rest] == ["a2", "a3"]


def throttled(server, queue, calls):
    """How many of the calls were refused, and how long they took."""
    clients = [client_of(server) for _ in range(8)]

    def call(i):
        try:
            clients[i % 8].send_message(QueueUrl=queue, MessageBody=str(i), MessageGroupId=str(i % 8), MessageDeduplicationId=str(i))
        except ClientError as error:
            assert error.response["Error"]["Code"] == "ThrottlingException"
            return 1
        return 0

    start = time.monotonic()
    with ThreadPoolExecutor(8) as pool:
        refused = sum(pool.map(call, range(calls)))
    return refused, time.monotonic() - start


def test_sqs_fifo_300_calls_a_second(start_brume):
    server = start_brume()
    sqs = client_of(server)
    limited = sqs.create_queue(QueueName="limited.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    refused, seconds = throttled(server, limited, 2000)
    assert 2000 - refused <= 300 * (int(seconds) + 2)
    assert refused > 0 or seconds > 5
    free = sqs.create_queue(QueueName="free.fifo", Attributes={"FifoQueue": "true", "DeduplicationScope": "messageGroup",
                                                               "FifoThroughputLimit": "perMessageGroupId"})["QueueUrl"]
    assert throttled(server, free, 1000)[0] == 0


def test_sqs_dlq_poison_message(start_brume, refused):
    server = start_brume()
    sqs = client_of(server)
    dlq = sqs.create_queue(QueueName="dlq")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dlq, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 3})
    source = sqs.create_queue(QueueName="source", Attributes={"RedrivePolicy": policy, "VisibilityTimeout": "1"})["QueueUrl"]
    given = {"kind": {"DataType": "String", "StringValue": "poison"}}
    sqs.send_message(QueueUrl=source, MessageBody="poison", MessageAttributes=given)
    for _ in range(3):
        assert sqs.receive_message(QueueUrl=source)["Messages"][0]["Body"] == "poison"
        server.advance_clock(1_500)
    assert "Messages" not in sqs.receive_message(QueueUrl=source)
    dead = sqs.receive_message(QueueUrl=dlq, AttributeNames=["All"], MessageAttributeNames=["All"], VisibilityTimeout=0)["Messages"][0]
    assert dead["Body"] == "poison" and dead["MessageAttributes"] == given
    assert dead["Attributes"]["DeadLetterQueueSourceArn"] == arn.replace(":dlq", ":source")

    sqs.start_message_move_task(SourceArn=arn)
    server.advance_clock(1)
    back = sqs.receive_message(QueueUrl=source, AttributeNames=["ApproximateReceiveCount"], WaitTimeSeconds=5)["Messages"][0]
    assert back["Body"] == "poison" and back["Attributes"] == {"ApproximateReceiveCount": "1"}

    for allow in ({"redrivePermission": "denyAll"}, {"redrivePermission": "byQueue", "sourceQueueArns": [arn]}):
        sqs.set_queue_attributes(QueueUrl=dlq, Attributes={"RedriveAllowPolicy": json.dumps(allow, indent=2)})
        shown = sqs.get_queue_attributes(QueueUrl=dlq, AttributeNames=["RedriveAllowPolicy"])["Attributes"]["RedriveAllowPolicy"]
        assert shown == json.dumps(allow, separators=(",", ":"))
        with refused("InvalidParameterValue"):
            sqs.create_queue(QueueName="other", Attributes={"RedrivePolicy": policy})
    sqs.set_queue_attributes(QueueUrl=dlq, Attributes={"RedriveAllowPolicy": json.dumps(
        {"redrivePermission": "byQueue", "sourceQueueArns": [arn.replace(":dlq", ":other")]})})
    sqs.create_queue(QueueName="other", Attributes={"RedrivePolicy": policy})
