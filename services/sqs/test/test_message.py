"""Messages: contents, digests, receiving, hiding, deleting, batches."""
import hashlib
import threading
import time

import pytest


def receive_one(sqs, queue, **more):
    messages = sqs.receive_message(QueueUrl=queue, **more).get("Messages", [])
    return messages[0] if messages else None


def test_send_and_receive(sqs, queue):
    sent = sqs.send_message(QueueUrl=queue, MessageBody="hällo\n")
    got = receive_one(sqs, queue)
    assert got["Body"] == "hällo\n" and got["MessageId"] == sent["MessageId"]
    assert got["MD5OfBody"] == sent["MD5OfMessageBody"] == hashlib.md5("hällo\n".encode()).hexdigest()
    assert set(got) == {"Body", "MessageId", "MD5OfBody", "ReceiptHandle"}
    assert receive_one(sqs, queue) is None
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=got["ReceiptHandle"])
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=got["ReceiptHandle"])


@pytest.mark.parametrize("size", [1, 1023, 1024, 5000, 262144, 1048576])
def test_sizes(sqs, queue, size):
    sqs.send_message(QueueUrl=queue, MessageBody="x" * size)
    got = receive_one(sqs, queue)
    assert got["Body"] == "x" * size
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=got["ReceiptHandle"])


def test_limits_of_contents(sqs, make, refused):
    queue = make(MaximumMessageSize="1024")
    with refused("InvalidParameterValue") as r:
        sqs.send_message(QueueUrl=queue, MessageBody="x" * 1025)
    assert r.message == "One or more parameters are invalid. Reason: Message must be shorter than 1024 bytes."
    with refused("InvalidParameterValue"):
        sqs.send_message(QueueUrl=queue, MessageBody="x" * 1020, MessageAttributes={"a": {"DataType": "String", "StringValue": "b"}})
    with refused("MissingParameter") as r:
        sqs.send_message(QueueUrl=queue, MessageBody="")
    assert r.message == "The request must contain the parameter MessageBody."
    for bad in ("\x00", "a\x0b", "\ufffe"):
        with refused("InvalidMessageContents") as r:
            sqs.send_message(QueueUrl=queue, MessageBody=bad)
        assert r.message.startswith("Invalid characters found.")
    for delay in (-1, 901):
        with refused("InvalidParameterValue") as r:
            sqs.send_message(QueueUrl=queue, MessageBody="x", DelaySeconds=delay)
        assert r.message == f"Value {delay} for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900."


def test_recorded_digest_of_binary_attribute(sqs, queue):
    value = b"traceparent\x1e00-774062d6c37081a5a0b9b5b88e30627c-2d2482211f6489da-01"
    sent = sqs.send_message(QueueUrl=queue, MessageBody="test", MessageAttributes={"attr1": {"DataType": "Binary", "BinaryValue": value}})
    assert sent["MD5OfMessageAttributes"] == "8cbe4db156db8a94db8b801b7addb984"
    got = receive_one(sqs, queue, MessageAttributeNames=["All"])
    assert got["MD5OfMessageAttributes"] == "8cbe4db156db8a94db8b801b7addb984"
    assert got["MessageAttributes"] == {"attr1": {"DataType": "Binary", "BinaryValue": value}}


def test_attribute_filters(sqs, queue):
    attributes = {"Help.Me": "Me", "Hello": "There", "General": "Kenobi"}
    given = {n: {"DataType": "String", "StringValue": v} for n, v in attributes.items()}
    sent = sqs.send_message(QueueUrl=queue, MessageBody="msg", MessageAttributes=given)
    assert sent["MD5OfMessageAttributes"] == "4c360f3fdafd970e05fae2f149d997f5"

    def names(*asked):
        got = receive_one(sqs, queue, MessageAttributeNames=list(asked), VisibilityTimeout=0)
        return set(got.get("MessageAttributes", {})), got.get("MD5OfMessageAttributes")

    for everything in ("All", ".*"):
        assert names(everything) == (set(attributes), "4c360f3fdafd970e05fae2f149d997f5")
    assert names("Hello")[0] == {"Hello"}
    assert names("Hel.*")[0] == {"Hello", "Help.Me"}
    assert names("Hello", "General")[0] == {"Hello", "General"}
    assert names("absent") == (set(), None)
    assert names() == (set(), None)


@pytest.mark.parametrize("attributes", [
    {"a b": {"DataType": "String", "StringValue": "x"}}, {"AWS.x": {"DataType": "String", "StringValue": "x"}},
    {".x": {"DataType": "String", "StringValue": "x"}}, {"x..y": {"DataType": "String", "StringValue": "x"}},
    {"x": {"DataType": "Stringy", "StringValue": "x"}}, {"x": {"DataType": "Number", "StringValue": "one"}},
    {"x": {"DataType": "", "StringValue": "x"}}, {"x": {"DataType": "Binary", "BinaryValue": b""}},
    {f"n{i}": {"DataType": "String", "StringValue": "x"} for i in range(11)},
])
def test_invalid_attributes(sqs, queue, refused, attributes):
    with refused("InvalidParameterValue"):
        sqs.send_message(QueueUrl=queue, MessageBody="x", MessageAttributes=attributes)
    assert receive_one(sqs, queue) is None


def test_empty_attribute(sqs, queue, refused):
    with refused("InvalidParameterValue") as r:
        sqs.send_message(QueueUrl=queue, MessageBody="x", MessageAttributes={"ErrorDetails": {"DataType": "String", "StringValue": ""}})
    assert r.message == "Message (user) attribute 'ErrorDetails' must contain a non-empty value of type 'String'."


def test_labelled_types_and_trace_header(sqs, queue):
    given = {"n": {"DataType": "Number.int", "StringValue": "12"}, "p": {"DataType": "Binary.png", "BinaryValue": b"\0\1"},
             "s": {"DataType": "String.name", "StringValue": "v"}}
    trace = "Root=1-3152b799-8954dae64eda91bc9a23a7e8;Parent=7fa8c0f79203be72;Sampled=1"
    sent = sqs.send_message(QueueUrl=queue, MessageBody="x", MessageAttributes=given,
                            MessageSystemAttributes={"AWSTraceHeader": {"DataType": "String", "StringValue": trace}})
    assert sent["MD5OfMessageSystemAttributes"]
    got = receive_one(sqs, queue, MessageAttributeNames=["All"], AttributeNames=["AWSTraceHeader"])
    assert got["MessageAttributes"] == given and got["Attributes"] == {"AWSTraceHeader": trace}


def test_system_attributes(brume, sqs, queue):
    sender = brume.identity_of(sqs)["UserId"]
    before = int(time.time() * 1000) - 1000
    sqs.send_message(QueueUrl=queue, MessageBody="x")
    first = receive_one(sqs, queue, MessageSystemAttributeNames=["All"], VisibilityTimeout=0)["Attributes"]
    assert set(first) == {"SenderId", "SentTimestamp", "ApproximateReceiveCount", "ApproximateFirstReceiveTimestamp"}
    assert first["ApproximateReceiveCount"] == "1" and int(first["SentTimestamp"]) >= before
    again = receive_one(sqs, queue, MessageSystemAttributeNames=["ApproximateReceiveCount"], AttributeNames=["SenderId"])["Attributes"]
    assert again == {"ApproximateReceiveCount": "2", "SenderId": sender}


@pytest.mark.parametrize("parameter,values", [("MaxNumberOfMessages", (0, 11)), ("WaitTimeSeconds", (-1, 21)), ("VisibilityTimeout", (-1, 43201))])
def test_ranges_of_receive(sqs, queue, refused, parameter, values):
    for value in values:
        with refused("InvalidParameterValue") as r:
            sqs.receive_message(QueueUrl=queue, **{parameter: value})
        assert r.message.startswith(f"Value {value} for parameter {parameter} is invalid.")


def test_message_comes_back(start_brume, refused):
    server = start_brume()
    sqs = server.client("sqs")
    queue = sqs.create_queue(QueueName="back")["QueueUrl"]
    sqs.send_message(QueueUrl=queue, MessageBody="x")
    first = receive_one(sqs, queue)
    server.advance_clock(10_000)
    assert receive_one(sqs, queue) is None
    server.advance_clock(20_500)
    counts = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]
    assert (counts["ApproximateNumberOfMessages"], counts["ApproximateNumberOfMessagesNotVisible"]) == ("1", "0")
    with refused("InvalidParameterValue") as r:
        sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle=first["ReceiptHandle"], VisibilityTimeout=10)
    assert r.message.endswith("Reason: Message does not exist or is not available for visibility timeout change.")
    second = receive_one(sqs, queue)
    assert second["MessageId"] == first["MessageId"] and second["ReceiptHandle"] != first["ReceiptHandle"]
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=first["ReceiptHandle"])  # stale: succeeds, deletes nothing
    server.advance_clock(31_000)
    third = receive_one(sqs, queue)
    server.advance_clock(31_000)
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=third["ReceiptHandle"])  # late, but still the newest
    assert receive_one(sqs, queue) is None


def test_change_visibility(start_brume, refused):
    server = start_brume()
    sqs = server.client("sqs")
    queue = sqs.create_queue(QueueName="change")["QueueUrl"]
    sqs.send_message(QueueUrl=queue, MessageBody="x")
    handle = receive_one(sqs, queue, VisibilityTimeout=20)["ReceiptHandle"]
    for seconds in (100, 30, 90):
        sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle=handle, VisibilityTimeout=seconds)
    server.advance_clock(50_000)
    assert receive_one(sqs, queue) is None
    with refused("InvalidParameterValue") as r:
        sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle=handle, VisibilityTimeout=43200)
    assert r.message == "Value 43200 for parameter VisibilityTimeout is invalid. Reason: Total VisibilityTimeout for the message is beyond the limit [43200 seconds]."
    sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle=handle, VisibilityTimeout=0)
    handle = receive_one(sqs, queue)["ReceiptHandle"]
    sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle=handle, VisibilityTimeout=1)
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=handle)
    server.advance_clock(100_000)
    assert receive_one(sqs, queue) is None


def test_bad_handles(sqs, queue, make, refused):
    for bad in ("garbage", "AAAA"):
        with refused("ReceiptHandleIsInvalid") as r:
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=bad)
        assert r.status == 404
    sqs.send_message(QueueUrl=queue, MessageBody="x")
    handle = receive_one(sqs, queue)["ReceiptHandle"]
    sqs.delete_message(QueueUrl=make(), ReceiptHandle=handle)  # of another queue: nothing is deleted
    sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle=handle, VisibilityTimeout=0)
    assert receive_one(sqs, queue)["Body"] == "x"


def test_delay(start_brume):
    server = start_brume()
    sqs = server.client("sqs")
    queue = sqs.create_queue(QueueName="delay", Attributes={"DelaySeconds": "100"})["QueueUrl"]
    sqs.send_message(QueueUrl=queue, MessageBody="of the queue")
    sqs.send_message(QueueUrl=queue, MessageBody="its own", DelaySeconds=15)
    sqs.send_message(QueueUrl=queue, MessageBody="none", DelaySeconds=0)
    assert receive_one(sqs, queue)["Body"] == "none"
    counts = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["ApproximateNumberOfMessagesDelayed"])["Attributes"]
    assert counts == {"ApproximateNumberOfMessagesDelayed": "2"}
    server.advance_clock(15_500)
    assert receive_one(sqs, queue)["Body"] == "its own"
    assert receive_one(sqs, queue) is None
    server.advance_clock(90_000)
    assert "of the queue" in [m["Body"] for m in sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]]


def test_retention(start_brume):
    server = start_brume()
    sqs = server.client("sqs")
    queue = sqs.create_queue(QueueName="old", Attributes={"MessageRetentionPeriod": "60", "VisibilityTimeout": "200"})["QueueUrl"]
    for body in ("held", "waiting"):
        sqs.send_message(QueueUrl=queue, MessageBody=body)
    receive_one(sqs, queue)
    server.advance_clock(61_000)
    counts = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]
    assert counts["ApproximateNumberOfMessages"] == "0"
    server.advance_clock(200_000)
    assert receive_one(sqs, queue) is None
    counts = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]
    assert counts["ApproximateNumberOfMessagesNotVisible"] == "0"


def test_long_poll_returns_at_once(sqs, queue):
    answers = []

    def poll():
        start = time.monotonic()
        answer = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=20)
        answers.append((time.monotonic() - start, answer))

    thread = threading.Thread(target=poll)
    thread.start()
    time.sleep(1)
    sqs.send_message(QueueUrl=queue, MessageBody="x")
    thread.join()
    took, answer = answers[0]
    assert took < 15 and answer["Messages"][0]["Body"] == "x"


def test_long_poll_ends_empty(sqs, make):
    queue = make(ReceiveMessageWaitTimeSeconds="1")
    start = time.monotonic()
    assert "Messages" not in sqs.receive_message(QueueUrl=queue)
    assert time.monotonic() - start > 0.9
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"ReceiveMessageWaitTimeSeconds": "20"})
    start = time.monotonic()
    assert "Messages" not in sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=0)
    assert time.monotonic() - start < 15


def test_long_poll_gets_what_comes_back(sqs, queue):
    sqs.send_message(QueueUrl=queue, MessageBody="delayed", DelaySeconds=1)
    assert receive_one(sqs, queue, WaitTimeSeconds=10)["Body"] == "delayed"
    sqs.send_message(QueueUrl=queue, MessageBody="hidden")
    receive_one(sqs, queue, VisibilityTimeout=1)
    assert receive_one(sqs, queue, WaitTimeSeconds=10)["Body"] == "hidden"


def test_batches(sqs, queue):
    sent = sqs.send_message_batch(QueueUrl=queue, Entries=[{"Id": f"e{i}", "MessageBody": f"m{i}"} for i in range(10)])
    assert [e["Id"] for e in sent["Successful"]] == [f"e{i}" for i in range(10)] and "Failed" not in sent
    got = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
    assert sorted(m["Body"] for m in got) == [f"m{i}" for i in range(10)]
    changed = sqs.change_message_visibility_batch(QueueUrl=queue, Entries=[
        {"Id": "a", "ReceiptHandle": got[0]["ReceiptHandle"], "VisibilityTimeout": 0},
        {"Id": "b", "ReceiptHandle": "garbage", "VisibilityTimeout": 0},
        {"Id": "c", "ReceiptHandle": got[1]["ReceiptHandle"], "VisibilityTimeout": 50000}])
    assert [e["Id"] for e in changed["Successful"]] == ["a"]
    assert [(e["Id"], e["Code"], e["SenderFault"]) for e in changed["Failed"]] == [("b", "ReceiptHandleIsInvalid", True), ("c", "InvalidParameterValue", True)]
    gone = sqs.delete_message_batch(QueueUrl=queue, Entries=[{"Id": str(i), "ReceiptHandle": m["ReceiptHandle"]} for i, m in enumerate(got)])
    assert len(gone["Successful"]) == 10
    assert receive_one(sqs, queue) is None  # the newest handle deletes also what is visible again


def test_batch_entries_fail_alone(sqs, queue):
    answer = sqs.send_message_batch(QueueUrl=queue, Entries=[{"Id": "good", "MessageBody": "x"}, {"Id": "bad", "MessageBody": "\x00"},
                                                             {"Id": "late", "MessageBody": "x", "DelaySeconds": 1000}])
    assert [e["Id"] for e in answer["Successful"]] == ["good"]
    assert [(e["Id"], e["Code"]) for e in answer["Failed"]] == [("bad", "InvalidMessageContents"), ("late", "InvalidParameterValue")]


def test_each_entry_has_the_queues_maximum(sqs, make):
    queue = make(MaximumMessageSize="2048")
    full = {"Id": "full", "MessageBody": "a" * 2040, "MessageAttributes": {"k": {"DataType": "String", "StringValue": "x"}}}
    answer = sqs.send_message_batch(QueueUrl=queue, Entries=[full, {"Id": "one", "MessageBody": "a"}, {"Id": "over", "MessageBody": "a" * 2049}])
    assert [(e["Id"], e["MD5OfMessageBody"]) for e in answer["Successful"]] == [
        ("full", "f44facf5a7ee0af446ecf3e0f854441e"), ("one", "0cc175b9c0f1b6a831c399e269772661")]
    assert [(e["Id"], e["Code"], e["Message"]) for e in answer["Failed"]] == [
        ("over", "InvalidParameterValue", "One or more parameters are invalid. Reason: Message must be shorter than 2048 bytes.")]


def test_batches_refused_whole(sqs, queue, refused):
    entries = [{"Id": str(i), "MessageBody": "x"} for i in range(20)]
    with refused("AWS.SimpleQueueService.TooManyEntriesInBatchRequest") as r:
        sqs.send_message_batch(QueueUrl=queue, Entries=entries)
    assert r.message == "Maximum number of entries per request are 10. You have sent 20."
    with refused("AWS.SimpleQueueService.EmptyBatchRequest"):
        sqs.send_message_batch(QueueUrl=queue, Entries=[])
    with refused("AWS.SimpleQueueService.BatchEntryIdsNotDistinct") as r:
        sqs.send_message_batch(QueueUrl=queue, Entries=[{"Id": "a", "MessageBody": "x"}] * 2)
    assert r.message == "Id a repeated."
    for bad in ("", "invalid:id", "x" * 81):
        with refused("AWS.SimpleQueueService.InvalidBatchEntryId") as r:
            sqs.delete_message_batch(QueueUrl=queue, Entries=[{"Id": bad, "ReceiptHandle": "x"}])
        assert r.message == "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long."
    with refused("AWS.SimpleQueueService.BatchRequestTooLong") as r:
        sqs.send_message_batch(QueueUrl=queue, Entries=[{"Id": "a", "MessageBody": "x" * 1048576}, {"Id": "b", "MessageBody": "y"}])
    assert r.message == "Batch requests cannot be longer than 1048576 bytes. You have sent 1048577 bytes."


def test_fair_queue(sqs, queue):
    for i in range(20):
        sqs.send_message(QueueUrl=queue, MessageBody=f"noisy{i}", MessageGroupId="noisy")
    sqs.send_message(QueueUrl=queue, MessageBody="quiet", MessageGroupId="quiet")
    got = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=5)["Messages"]
    assert "quiet" in [m["Body"] for m in got]


def test_shorter_retention_counts_at_once(start_brume):
    server = start_brume()
    sqs = server.client("sqs")
    queue = sqs.create_queue(QueueName="shorter")["QueueUrl"]
    sqs.send_message(QueueUrl=queue, MessageBody="x")
    server.advance_clock(100_000)
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"MessageRetentionPeriod": "60"})
    server.advance_clock(1)
    counts = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["ApproximateNumberOfMessages"])["Attributes"]
    assert counts == {"ApproximateNumberOfMessages": "0"}
