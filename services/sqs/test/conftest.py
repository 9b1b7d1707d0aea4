"""Helpers of the SQS tests. Every test names its own queue: they run side by side on one server."""
import uuid

import pytest
from botocore.exceptions import ClientError


class Refusal:
    """What a call was refused with: filled when the block of `refused` ends."""

    code = message = status = None


class refused:
    """with refused("AWS.SimpleQueueService.NonExistentQueue") as r: sqs.call(); then r.message"""

    def __init__(self, code):
        self.code = code
        self.refusal = Refusal()

    def __enter__(self):
        return self.refusal

    def __exit__(self, kind, error, trace):
        assert error is not None, f"not refused with {self.code}"
        if not isinstance(error, ClientError):
            return False
        answer = error.response
        self.refusal.code = answer["Error"]["Code"]
        self.refusal.message = answer["Error"]["Message"]
        self.refusal.status = answer["ResponseMetadata"]["HTTPStatusCode"]
        assert self.refusal.code == self.code, f"{self.refusal.code}: {self.refusal.message}"
        return True


@pytest.fixture(name="refused")
def refused_fixture():
    return refused


def new_name(suffix=""):
    return f"q-{uuid.uuid4().hex[:12]}{suffix}"


@pytest.fixture
def name():
    return new_name()


@pytest.fixture
def make(sqs):
    """make(Attribute="value", ...) -> URL of a new queue; FIFO when FifoQueue is given."""

    def make_queue(client=sqs, **attributes):
        suffix = ".fifo" if attributes.get("FifoQueue") == "true" else ""
        return client.create_queue(QueueName=new_name(suffix), Attributes=attributes)["QueueUrl"]

    return make_queue


@pytest.fixture
def queue(make):
    return make()


def attributes_of(client, url, *names):
    return client.get_queue_attributes(QueueUrl=url, AttributeNames=list(names) or ["All"]).get("Attributes", {})


def arn_of(client, url):
    return attributes_of(client, url, "QueueArn")["QueueArn"]


def bodies(answer):
    return [m["Body"] for m in answer.get("Messages", [])]


@pytest.fixture
def of(sqs):
    """of.arn(url), of.attributes(url, name...), of.bodies(answer); `client` when it is not the shared one."""

    class Of:
        @staticmethod
        def arn(url, client=sqs):
            return arn_of(client, url)

        @staticmethod
        def attributes(url, *names, client=sqs):
            return attributes_of(client, url, *names)

        @staticmethod
        def bodies(answer):
            return bodies(answer)

    return Of
