"""Dead-letter queues and message move tasks."""
import json

import pytest


class Cloud:
    """A server of one's own, since most of these tests move the clock."""

    def __init__(self, server):
        self.server = server
        self.sqs = server.client("sqs")

    def queue(self, name, **attributes):
        if name.endswith(".fifo"):
            attributes["FifoQueue"] = "true"
        return self.sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]

    def arn(self, url):
        return f"arn:aws:sqs:us-east-1:000000000000:{url.rsplit('/', 1)[1]}"

    def source(self, name, dlq, count=1, **attributes):
        policy = json.dumps({"deadLetterTargetArn": self.arn(dlq), "maxReceiveCount": count})
        return self.queue(name, RedrivePolicy=policy, VisibilityTimeout="0", **attributes)

    def receive(self, url, n=10, **more):
        return self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=n, AttributeNames=["All"], MessageAttributeNames=["All"], **more).get("Messages", [])

    def count(self, url):
        names = ["ApproximateNumberOfMessages"]
        return int(self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"][names[0]])

    def tasks(self, url, n=10):
        return self.sqs.list_message_move_tasks(SourceArn=self.arn(url), MaxResults=n).get("Results", [])

    def fill(self, source, dlq, n):
        for i in range(n):
            self.sqs.send_message(QueueUrl=source, MessageBody=str(i))
        while self.count(dlq) < n:
            self.receive(source)


@pytest.fixture
def cloud(start_brume):
    return Cloud(start_brume())


def test_redrive_policy_is_checked(cloud, refused):
    dlq = cloud.queue("dlq")
    for policy in ("[]", "{", json.dumps({"deadLetterTargetArn": cloud.arn(dlq)}), json.dumps({"maxReceiveCount": 1}),
                   json.dumps({"deadLetterTargetArn": cloud.arn(dlq), "maxReceiveCount": 0}),
                   json.dumps({"deadLetterTargetArn": cloud.arn(dlq), "maxReceiveCount": 1001}),
                   json.dumps({"deadLetterTargetArn": cloud.arn(dlq), "maxReceiveCount": 1, "more": 1}),
                   json.dumps({"deadLetterTargetArn": "arn:aws:sns:us-east-1:000000000000:dlq", "maxReceiveCount": 1}),
                   json.dumps({"deadLetterTargetArn": cloud.arn("/absent"), "maxReceiveCount": 1})):
        with refused("InvalidParameterValue"):
            cloud.queue("source", RedrivePolicy=policy)
    with refused("InvalidParameterValue"):
        cloud.source("source.fifo", dlq)
    source = cloud.queue("source", RedrivePolicy=json.dumps({"deadLetterTargetArn": cloud.arn(dlq), "maxReceiveCount": "5"}))
    got = cloud.sqs.get_queue_attributes(QueueUrl=source, AttributeNames=["RedrivePolicy"])["Attributes"]
    assert json.loads(got["RedrivePolicy"]) == {"deadLetterTargetArn": cloud.arn(dlq), "maxReceiveCount": 5}
    cloud.sqs.set_queue_attributes(QueueUrl=source, Attributes={"RedrivePolicy": ""})
    assert "Attributes" not in cloud.sqs.get_queue_attributes(QueueUrl=source, AttributeNames=["RedrivePolicy"])
    assert "queueUrls" in cloud.sqs.list_dead_letter_source_queues(QueueUrl=dlq)


def test_fifo_order_is_kept(cloud):
    dlq = cloud.queue("dlq.fifo")
    source = cloud.source("source.fifo", dlq)
    for i in range(3):
        cloud.sqs.send_message(QueueUrl=source, MessageBody=str(i), MessageGroupId="g", MessageDeduplicationId=str(i))
    assert [m["Body"] for m in cloud.receive(source)] == ["0", "1", "2"]
    assert cloud.receive(source) == []
    got = cloud.receive(dlq)
    assert [m["Body"] for m in got] == ["0", "1", "2"]
    assert {m["Attributes"]["DeadLetterQueueSourceArn"] for m in got} == {cloud.arn(source)}


def test_source_queues_in_pages(cloud):
    dlq = cloud.queue("dlq")
    assert cloud.sqs.list_dead_letter_source_queues(QueueUrl=dlq)["queueUrls"] == []
    urls = [cloud.source(f"source-{i}", dlq) for i in range(5)]
    pages = cloud.sqs.get_paginator("list_dead_letter_source_queues").paginate(QueueUrl=dlq, PaginationConfig={"PageSize": 2})
    assert [len(p["queueUrls"]) for p in pages] == [2, 2, 1]
    cloud.sqs.delete_queue(QueueUrl=urls[0])
    assert cloud.sqs.list_dead_letter_source_queues(QueueUrl=dlq)["queueUrls"] == urls[1:]


def test_move_back_to_the_sources(cloud):
    dlq = cloud.queue("dlq")
    one, two = cloud.source("one", dlq), cloud.source("two", dlq)
    cloud.fill(one, dlq, 2)
    for i in range(2):
        cloud.sqs.send_message(QueueUrl=two, MessageBody=f"two{i}")
    while cloud.count(dlq) < 4:
        cloud.receive(two)
    cloud.sqs.start_message_move_task(SourceArn=cloud.arn(dlq))
    cloud.server.advance_clock(1)
    task = cloud.tasks(dlq)[0]
    assert (task["Status"], task["ApproximateNumberOfMessagesMoved"], task["ApproximateNumberOfMessagesToMove"]) == ("COMPLETED", 4, 4)
    assert "TaskHandle" not in task and "DestinationArn" not in task
    assert sorted(m["Body"] for m in cloud.receive(one)) == ["0", "1"]
    moved = cloud.receive(two)
    assert sorted(m["Body"] for m in moved) == ["two0", "two1"]
    assert cloud.count(dlq) <= 4


def test_rate_and_cancel(cloud, refused):
    dlq, target = cloud.queue("dlq"), cloud.queue("target")
    source = cloud.source("source", dlq)
    cloud.fill(source, dlq, 30)
    handle = cloud.sqs.start_message_move_task(SourceArn=cloud.arn(dlq), DestinationArn=cloud.arn(target), MaxNumberOfMessagesPerSecond=1)["TaskHandle"]
    with refused("InvalidParameterValue") as r:
        cloud.sqs.start_message_move_task(SourceArn=cloud.arn(dlq))
    assert r.message.startswith("There is already a task running.")
    cloud.server.advance_clock(3_000)
    task = cloud.tasks(dlq)[0]
    assert task["Status"] == "RUNNING" and task["TaskHandle"] == handle and task["MaxNumberOfMessagesPerSecond"] == 1
    assert 3 <= task["ApproximateNumberOfMessagesMoved"] < 20
    moved = cloud.sqs.cancel_message_move_task(TaskHandle=handle)["ApproximateNumberOfMessagesMoved"]
    cloud.server.advance_clock(5_000)
    assert cloud.tasks(dlq)[0]["Status"] == "CANCELLED"
    assert cloud.count(target) == moved


def test_destination_deleted_while_running(cloud):
    dlq, target = cloud.queue("dlq"), cloud.queue("target")
    cloud.fill(cloud.source("source", dlq), dlq, 10)
    cloud.sqs.start_message_move_task(SourceArn=cloud.arn(dlq), DestinationArn=cloud.arn(target), MaxNumberOfMessagesPerSecond=1)
    cloud.server.advance_clock(2_000)
    cloud.sqs.delete_queue(QueueUrl=target)
    cloud.server.advance_clock(2_000)
    task = cloud.tasks(dlq)[0]
    assert (task["Status"], task["FailureReason"]) == ("FAILED", "AWS.SimpleQueueService.NonExistentQueue")


def test_move_task_errors(cloud, refused):
    dlq = cloud.queue("dlq")
    with refused("InvalidParameterValue") as r:
        cloud.sqs.start_message_move_task(SourceArn=cloud.arn(dlq))
    assert r.message == "Source queue must be configured as a Dead Letter Queue."
    cloud.source("source", dlq)
    with refused("ResourceNotFoundException") as r:
        cloud.sqs.start_message_move_task(SourceArn=cloud.arn(dlq), DestinationArn=cloud.arn("/absent"))
    assert (r.status, r.message) == (404, "The resource that you specified for the DestinationArn parameter doesn't exist.")
    with refused("ResourceNotFoundException"):
        cloud.sqs.list_message_move_tasks(SourceArn=cloud.arn("/absent"))
    with refused("InvalidParameterValue") as r:
        cloud.sqs.cancel_message_move_task(TaskHandle="foobared")
    assert r.message == "Value for parameter TaskHandle is invalid."
