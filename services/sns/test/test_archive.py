"""FIFO topics that keep what was published, and subscriptions that get it once more."""
import json
import time
import uuid

import pytest
from botocore.exceptions import ClientError
from kit import refused

DAY = 86400000


def stamp(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(seconds))


class Setup:
    def __init__(self, server, **attributes):
        self.sns, self.sqs = server.client("sns"), server.client("sqs")
        self.topic = self.sns.create_topic(Name=f"t-{uuid.uuid4().hex[:8]}.fifo", Attributes={
            "FifoTopic": "true", "ContentBasedDeduplication": "true", **attributes})["TopicArn"]

    def queue(self):
        url = self.sqs.create_queue(QueueName=f"q-{uuid.uuid4().hex[:8]}.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
        arn = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        self.sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": arn}]})})
        return url, arn

    def publish(self, *texts):
        return [self.sns.publish(TopicArn=self.topic, Message=t, MessageGroupId="g")["MessageId"] for t in texts]

    def replay(self, arn, start, end=None):
        policy = {"PointType": "Timestamp", "StartingPoint": stamp(start), **({"EndingPoint": stamp(end)} if end else {})}
        return self.sns.subscribe(TopicArn=self.topic, Protocol="sqs", Endpoint=arn, ReturnSubscriptionArn=True, Attributes={"ReplayPolicy": json.dumps(policy)})["SubscriptionArn"]

    def completed(self, subscription):
        for _ in range(200):
            if self.sns.get_subscription_attributes(SubscriptionArn=subscription)["Attributes"]["ReplayStatus"] == "Completed":
                return
            time.sleep(0.02)
        raise AssertionError("the replay does not end")

    def received(self, url):
        bodies = []
        while True:
            got = self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
            if not got:
                return bodies
            for m in got:
                bodies.append(json.loads(m["Body"]))
                self.sqs.delete_message(QueueUrl=url, ReceiptHandle=m["ReceiptHandle"])


ARCHIVE = {"ArchivePolicy": json.dumps({"MessageRetentionPeriod": "30"})}


def test_a_late_subscriber_gets_it_all_in_order(brume):
    s = Setup(brume, **ARCHIVE)
    began = time.time() - 60
    ids = s.publish(*[f"m{i}" for i in range(120)])
    url, arn = s.queue()
    subscription = s.replay(arn, began)
    s.completed(subscription)
    got = s.received(url)
    assert [m["Message"] for m in got] == [f"m{i}" for i in range(120)]
    assert [m["MessageId"] for m in got] == ids and all(m["Replayed"] for m in got)
    s.publish("live")
    assert ["Replayed" in m for m in s.received(url)] == [False]


def test_replay_between_two_points(start_brume):
    server = start_brume()
    s = Setup(server, **ARCHIVE)
    began = time.time()
    s.publish("first")
    server.advance_clock(DAY)
    s.publish("second")
    server.advance_clock(DAY)
    s.publish("third")
    url, arn = s.queue()
    s.completed(s.replay(arn, began + 3600, began + 86400 + 3600))
    assert [m["Message"] for m in s.received(url)] == ["second"]


def test_retention(start_brume):
    server = start_brume()
    s = Setup(server, ArchivePolicy=json.dumps({"MessageRetentionPeriod": "2"}))
    began = time.time() - 60
    s.publish("old")
    server.advance_clock(3 * DAY)
    s.publish("new")
    server.advance_clock(DAY)
    url, arn = s.queue()
    s.completed(s.replay(arn, began))
    assert [m["Message"] for m in s.received(url)] == ["new"]


def test_policies(brume):
    s = Setup(brume)
    plain = s.sns.create_topic(Name=f"t-{uuid.uuid4().hex[:8]}")["TopicArn"]
    refused("InvalidParameter", s.sns.set_topic_attributes, TopicArn=plain, AttributeName="ArchivePolicy", AttributeValue=ARCHIVE["ArchivePolicy"])
    refused("InvalidParameter", s.sns.set_topic_attributes, TopicArn=s.topic, AttributeName="ArchivePolicy", AttributeValue='{"MessageRetentionPeriod":"366"}')
    url, arn = s.queue()
    with pytest.raises(ClientError):
        s.replay(arn, time.time())  # nothing is archived
    s.sns.set_topic_attributes(TopicArn=s.topic, AttributeName="ArchivePolicy", AttributeValue=ARCHIVE["ArchivePolicy"])
    shown = s.sns.get_topic_attributes(TopicArn=s.topic)["Attributes"]
    assert shown["ArchivePolicy"] == ARCHIVE["ArchivePolicy"] and shown["BeginningArchiveTime"]
    refused("InvalidState", s.sns.delete_topic, TopicArn=s.topic)
    s.sns.set_topic_attributes(TopicArn=s.topic, AttributeName="ArchivePolicy", AttributeValue="{}")
    assert "ArchivePolicy" not in s.sns.get_topic_attributes(TopicArn=s.topic)["Attributes"]
    s.sns.delete_topic(TopicArn=s.topic)
