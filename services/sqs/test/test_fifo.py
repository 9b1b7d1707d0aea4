"""FIFO queues: order, blocking, deduplication, attempts, the limit."""
import time

import pytest


def send(client, queue, body, group="g", dedup=None):
    return client.send_message(QueueUrl=queue, MessageBody=body, MessageGroupId=group, MessageDeduplicationId=dedup or f"{group}-{body}")


def receive(client, queue, n=10, **more):
    return client.receive_message(QueueUrl=queue, MaxNumberOfMessages=n, **more).get("Messages", [])


def bodies(messages):
    return [m["Body"] for m in messages]


@pytest.fixture
def fifo(make):
    return make(FifoQueue="true")


def test_attributes(sqs, fifo, of):
    got = of.attributes(fifo)
    assert {n: got[n] for n in ("FifoQueue", "ContentBasedDeduplication", "DeduplicationScope", "FifoThroughputLimit")} == {
        "FifoQueue": "true", "ContentBasedDeduplication": "false", "DeduplicationScope": "queue", "FifoThroughputLimit": "perQueue"}


def test_required_parameters(sqs, fifo, refused):
    with refused("MissingParameter") as r:
        sqs.send_message(QueueUrl=fifo, MessageBody="x")
    assert r.message == "The request must contain the parameter MessageGroupId."
    with refused("InvalidParameterValue") as r:
        sqs.send_message(QueueUrl=fifo, MessageBody="x", MessageGroupId="g")
    assert r.message == "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly"
    with refused("InvalidParameterValue") as r:
        sqs.send_message(QueueUrl=fifo, MessageBody="x", MessageGroupId="g", MessageDeduplicationId="d", DelaySeconds=2)
    assert r.message == "Value 2 for parameter DelaySeconds is invalid. Reason: The request include parameter that is not valid for this queue type."
    for bad in ("", "group 123", "a" * 129):
        with refused("InvalidParameterValue") as r:
            sqs.send_message(QueueUrl=fifo, MessageBody="x", MessageGroupId="g", MessageDeduplicationId=bad)
        assert r.message == (f"Value {bad} for parameter MessageDeduplicationId is invalid. Reason: MessageDeduplicationId can only include "
                             "alphanumeric and punctuation characters. 1 to 128 in length.")


def test_sequence_numbers_grow(sqs, fifo):
    numbers = [send(sqs, fifo, str(i))["SequenceNumber"] for i in range(3)]
    assert numbers == sorted(numbers) and {len(n) for n in numbers} == {20}
    got = receive(sqs, fifo, AttributeNames=["All"])
    assert [m["Attributes"]["SequenceNumber"] for m in got] == numbers
    assert {m["Attributes"]["MessageGroupId"] for m in got} == {"g"}
    assert [m["Attributes"]["MessageDeduplicationId"] for m in got] == ["g-0", "g-1", "g-2"]


def test_group_hands_out_up_to_its_first_hidden_message(sqs, fifo):
    for body in ("foo", "bar", "baz", "later"):
        send(sqs, fifo, body)
    first = receive(sqs, fifo, 3)
    assert bodies(first) == ["foo", "bar", "baz"]
    assert receive(sqs, fifo) == []
    for message in first[:2]:
        sqs.change_message_visibility(QueueUrl=fifo, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0)
    again = receive(sqs, fifo)
    assert bodies(again) == ["foo", "bar"]
    for message in again + first[2:]:
        sqs.delete_message(QueueUrl=fifo, ReceiptHandle=message["ReceiptHandle"])
    assert bodies(receive(sqs, fifo)) == ["later"]


def test_blocked_group_wakes_its_waiter(sqs, fifo):
    import threading
    send(sqs, fifo, "1")
    send(sqs, fifo, "2")
    first = receive(sqs, fifo, 1)
    got = []
    thread = threading.Thread(target=lambda: got.extend(receive(sqs, fifo, WaitTimeSeconds=20)))
    thread.start()
    time.sleep(0.5)
    assert got == []
    start = time.monotonic()
    sqs.delete_message(QueueUrl=fifo, ReceiptHandle=first[0]["ReceiptHandle"])
    thread.join()
    assert bodies(got) == ["2"] and time.monotonic() - start < 15


def test_stale_handle(start_brume, refused):
    server = start_brume()
    client = server.client("sqs")
    queue = client.create_queue(QueueName="stale.fifo", Attributes={"FifoQueue": "true", "VisibilityTimeout": "1"})["QueueUrl"]
    send(client, queue, "foobar")
    handle = receive(client, queue)[0]["ReceiptHandle"]
    server.advance_clock(2_000)
    with refused("InvalidParameterValue") as r:
        client.delete_message(QueueUrl=queue, ReceiptHandle=handle)
    assert r.message == f"Value {handle} for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired."
    handle = receive(client, queue)[0]["ReceiptHandle"]
    client.change_message_visibility(QueueUrl=queue, ReceiptHandle=handle, VisibilityTimeout=60)
    server.advance_clock(2_000)
    client.delete_message(QueueUrl=queue, ReceiptHandle=handle)
    server.advance_clock(100_000)
    assert receive(client, queue) == []


@pytest.mark.parametrize("by_content", [True, False])
def test_deduplication_for_five_minutes(start_brume, by_content):
    server = start_brume()
    client = server.client("sqs")
    queue = client.create_queue(QueueName="once.fifo", Attributes={"FifoQueue": "true", "ContentBasedDeduplication": str(by_content).lower()})["QueueUrl"]
    more = {} if by_content else {"MessageDeduplicationId": "d"}

    def again():
        return client.send_message(QueueUrl=queue, MessageBody="same", MessageGroupId="g", **more)

    first = again()
    message = receive(client, queue)[0]
    client.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    second = again()
    assert (second["MessageId"], second["SequenceNumber"]) == (first["MessageId"], first["SequenceNumber"])
    assert receive(client, queue) == []
    server.advance_clock(290_000)
    again()
    assert receive(client, queue) == []
    server.advance_clock(20_000)
    assert again()["MessageId"] != first["MessageId"]
    assert bodies(receive(client, queue)) == ["same"]


def test_deduplication_scope(sqs, make):
    whole = make(FifoQueue="true")
    send(sqs, whole, "one", "a", "d")
    send(sqs, whole, "two", "b", "d")
    assert bodies(receive(sqs, whole)) == ["one"]
    each = make(FifoQueue="true", DeduplicationScope="messageGroup")
    send(sqs, each, "one", "a", "d")
    send(sqs, each, "two", "b", "d")
    send(sqs, each, "three", "b", "d")
    assert sorted(bodies(receive(sqs, each))) == ["one", "two"]


def test_receive_request_attempt(start_brume, refused, make):
    server = start_brume()
    client = server.client("sqs")
    queue = client.create_queue(QueueName="attempt.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    for i in range(3):
        send(client, queue, str(i))
    first = receive(client, queue, 2, ReceiveRequestAttemptId="try")
    again = receive(client, queue, 2, ReceiveRequestAttemptId="try")
    assert bodies(first) == bodies(again) == ["0", "1"]
    assert first[0]["ReceiptHandle"] != again[0]["ReceiptHandle"]
    assert receive(client, queue, 2, ReceiveRequestAttemptId="other") == []
    for message in again:
        client.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    assert bodies(receive(client, queue, 2, ReceiveRequestAttemptId="try")) == ["2"]
    standard = client.create_queue(QueueName="standard")["QueueUrl"]
    with refused("InvalidParameterValue"):
        client.receive_message(QueueUrl=standard, ReceiveRequestAttemptId="x")


def test_delay_of_the_queue(start_brume):
    server = start_brume()
    client = server.client("sqs")
    queue = client.create_queue(QueueName="delayed.fifo", Attributes={"FifoQueue": "true", "DelaySeconds": "5"})["QueueUrl"]
    send(client, queue, "1")
    server.advance_clock(2_000)
    send(client, queue, "2")
    assert receive(client, queue) == []
    server.advance_clock(3_500)
    assert bodies(receive(client, queue)) == ["1"]


def test_high_throughput_needs_the_scope(sqs, name, refused):
    with refused("InvalidAttributeValue"):
        sqs.create_queue(QueueName=f"{name}.fifo", Attributes={"FifoQueue": "true", "FifoThroughputLimit": "perMessageGroupId"})
