"""What tests of pipes share: roles, pipes that run, API destinations."""
import json

import kit
from kit import name, receive, until

API_KEY = {"ApiKeyAuthParameters": {"ApiKeyName": "x-key", "ApiKeyValue": "s3cret"}}


def make_role(brume, *actions, trusts="pipes.amazonaws.com"):
    return kit.make_role(brume, *actions, trusts=trusts)


def bodies(sqs, url, n=1):
    return [json.loads(m["Body"]) for m in receive(sqs, url, n)]


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
