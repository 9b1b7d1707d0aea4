"""What tests of pipes share: queues, roles, pipes that run."""
import json
import time
import uuid

import pytest
from botocore.exceptions import ClientError

API_KEY = {"ApiKeyAuthParameters": {"ApiKeyName": "x-key", "ApiKeyValue": "s3cret"}}


def name(prefix="p"):
    return f"{prefix}-{uuid.uuid4().hex[:12]}"


def refused(code, call, **arguments):
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    assert caught.value.response["Error"]["Code"] == code
    return caught.value.response["Error"]["Message"]


def make_role(brume, *actions, trusts="pipes.amazonaws.com"):
    iam, role = brume.client("iam"), name("role")
    trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": trusts}, "Action": "sts:AssumeRole"}]}
    arn = iam.create_role(RoleName=role, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": "*"}]}
    iam.put_role_policy(RoleName=role, PolicyName="p", PolicyDocument=json.dumps(policy))
    return arn


def make_queue(sqs, **attributes):
    url = sqs.create_queue(QueueName=name("q") + (".fifo" if "FifoQueue" in attributes else ""), Attributes=attributes)["QueueUrl"]
    return url, sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


def receive(sqs, url, n=1, seconds=10):
    found, end = [], time.time() + seconds
    while len(found) < n and time.time() < end:
        got = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1, AttributeNames=["All"]).get("Messages", [])
        found += got
        for m in got:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=m["ReceiptHandle"])
    return found


def bodies(sqs, url, n=1):
    return [json.loads(m["Body"]) for m in receive(sqs, url, n)]


def until(look, seconds=10):
    end = time.time() + seconds
    while not look() and time.time() < end:
        time.sleep(0.02)
    assert look()


def counts(sqs, url):
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    return int(attributes["ApproximateNumberOfMessages"]), int(attributes["ApproximateNumberOfMessagesNotVisible"])


def settled(pipes, pipe):
    until(lambda: not pipes.describe_pipe(Name=pipe)["CurrentState"].endswith(("TING", "PPING")) or pipes.describe_pipe(Name=pipe)["CurrentState"] == "RUNNING")
    return pipes.describe_pipe(Name=pipe)


def make_pipe(brume, source, target, role, **more):
    pipes, pipe = brume.client("pipes"), name()
    pipes.create_pipe(**{"Name": pipe, "Source": source, "Target": target, "RoleArn": role, **more})
    assert settled(pipes, pipe)["CurrentState"] == "RUNNING", pipes.describe_pipe(Name=pipe)
    return pipe


def make_destination(brume, url, auth=API_KEY, kind="API_KEY", **more):
    events = brume.client("events")
    connection = events.create_connection(Name=name("c"), AuthorizationType=kind, AuthParameters=auth)["ConnectionArn"]
    return events.create_api_destination(Name=name("d"), ConnectionArn=connection, InvocationEndpoint=url, HttpMethod="POST", **more)["ApiDestinationArn"]
