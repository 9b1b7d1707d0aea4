"""Changes of tags reach EventBridge, whichever service's operation makes them."""
import json
import time
import uuid

import boto3
import pytest


class Listener:
    """An account of its own with a rule that puts every change of a tag into a queue."""

    def __init__(self, brume):
        self.brume, self.account = brume, f"{uuid.uuid4().int % 10**12:012}"
        self.sqs = self.client("sqs")
        self.url = self.sqs.create_queue(QueueName="heard")["QueueUrl"]
        arn = f"arn:aws:sqs:us-east-1:{self.account}:heard"
        allow = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": arn}
        self.sqs.set_queue_attributes(QueueUrl=self.url, Attributes={"Policy": json.dumps({"Version": "2012-10-17", "Statement": [allow]})})
        events = self.client("events")
        events.put_rule(Name="r", EventPattern=json.dumps({"source": ["aws.tag"], "detail-type": ["Tag Change on Resource"]}))
        events.put_targets(Rule="r", Targets=[{"Id": "q", "Arn": arn}])

    def client(self, service):
        return boto3.client(service, endpoint_url=self.brume.url, aws_access_key_id=self.account, aws_secret_access_key="test", region_name="us-east-1")

    def hear(self):
        """The next one."""
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            for message in self.sqs.receive_message(QueueUrl=self.url, WaitTimeSeconds=5).get("Messages", []):
                self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
                return json.loads(message["Body"])
        raise AssertionError("no change was told")

    def heard(self, arn, changed, tags):
        event = self.hear()
        assert (event["source"], event["account"], event["region"], event["resources"]) == ("aws.tag", self.account, "us-east-1", [arn])
        assert (sorted(event["detail"]["changed-tag-keys"]), event["detail"]["tags"]) == (changed, tags)
        return event["detail"]


@pytest.fixture
def listener(brume):
    return Listener(brume)


def test_what_is_added_changed_and_removed(listener):
    sqs, arn = listener.sqs, f"arn:aws:sqs:us-east-1:{listener.account}:orders"
    url = sqs.create_queue(QueueName="orders", tags={"team": "red", "cost": "1"})["QueueUrl"]
    detail = listener.heard(arn, ["cost", "team"], {"team": "red", "cost": "1"})
    assert (detail["service"], detail["resource-type"], detail["version"]) == ("sqs", "queue", 1)
    sqs.tag_queue(QueueUrl=url, Tags={"team": "blue", "cost": "1", "new": "x"})
    assert listener.heard(arn, ["new", "team"], {"team": "blue", "cost": "1", "new": "x"})["version"] == 2
    listener.client("resourcegroupstaggingapi").untag_resources(ResourceARNList=[arn], TagKeys=["cost", "absent"])
    assert listener.heard(arn, ["cost"], {"team": "blue", "new": "x"})["version"] == 3


def test_what_changes_nothing_is_not_told(listener):
    """S3 has a bucket's tags as one document; and what is deleted has no tags to tell of."""
    s3, arn = listener.client("s3"), f"arn:aws:s3:::tags-{listener.account}"
    bucket = arn.removeprefix("arn:aws:s3:::")
    put = lambda **tags: s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": [{"Key": k, "Value": v} for k, v in tags.items()]})
    s3.create_bucket(Bucket=bucket)
    put(a="1", b="2")
    assert listener.heard(arn, ["a", "b"], {"a": "1", "b": "2"})["resource-type"] == "bucket"
    put(a="1", b="2")
    put(a="1", c="3")
    listener.heard(arn, ["b", "c"], {"a": "1", "c": "3"})
    s3.delete_bucket(Bucket=bucket)
    topic = listener.client("sns").create_topic(Name="t", Tags=[{"Key": "k", "Value": "v"}])["TopicArn"]
    assert listener.heard(topic, ["k"], {"k": "v"})["version"] == 1


def test_nobody_listens(brume, listener):
    """Rules of one account hear nothing of another's resources."""
    other = Listener(brume)
    other.sqs.tag_queue(QueueUrl=other.url, Tags={"who": "other"})
    listener.sqs.tag_queue(QueueUrl=listener.url, Tags={"who": "mine"})
    listener.heard(f"arn:aws:sqs:us-east-1:{listener.account}:heard", ["who"], {"who": "mine"})
