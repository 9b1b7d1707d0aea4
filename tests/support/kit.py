"""What tests of many services share: names, refusals, waiting, roles, queues."""
import json
import time
import uuid

import pytest
from botocore.exceptions import ClientError


def name(prefix="t"):
    return f"{prefix}-{uuid.uuid4().hex[:12]}"


def refused(code, call, **arguments):
    """The message of the refusal."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    assert caught.value.response["Error"]["Code"] == code
    return caught.value.response["Error"]["Message"]


def until(look, seconds=20):
    """What `look` finds, as soon as it is something."""
    end = time.monotonic() + seconds
    while not (found := look()) and time.monotonic() < end:
        time.sleep(0.02)
    assert found, "nothing came of it in time"
    return found


def document(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def make_role(brume, *actions, trusts, resource="*"):
    iam, role = brume.client("iam"), name("role")
    trust = document({"Effect": "Allow", "Principal": {"Service": trusts}, "Action": "sts:AssumeRole"})
    arn = iam.create_role(RoleName=role, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    if actions:
        iam.put_role_policy(RoleName=role, PolicyName="p", PolicyDocument=document({"Effect": "Allow", "Action": list(actions), "Resource": resource}))
    return arn


def let_send(sqs, url, arn, service, **more):
    """The queue takes messages from that service; `more` of the statement, a Condition."""
    allow = document({"Effect": "Allow", "Principal": {"Service": service}, "Action": "sqs:SendMessage", "Resource": arn, **more})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": allow})


def make_queue(sqs, sender=None, **attributes):
    """A queue's URL and ARN; a service may send to it. With FifoQueue="true" it is one."""
    url = sqs.create_queue(QueueName=name("q") + (".fifo" if "FifoQueue" in attributes else ""), Attributes=attributes)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    if sender:
        let_send(sqs, url, arn, sender)
    return url, arn


def receive(sqs, url, n=1, seconds=20):
    """Up to n messages, or a few more that came with them, with all that is known of them; they are deleted."""
    found, end = [], time.monotonic() + seconds
    while len(found) < n and time.monotonic() < end:
        got = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1, MessageAttributeNames=["All"], MessageSystemAttributeNames=["All"]).get("Messages", [])
        found += got
        for m in got:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=m["ReceiptHandle"])
    return found


def nothing(sqs, url):
    return not sqs.receive_message(QueueUrl=url).get("Messages")
