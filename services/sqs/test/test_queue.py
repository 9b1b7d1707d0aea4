"""Queues: names, attributes, finding, deleting, purging, tags."""
import json
import time

import pytest

DEFAULTS = {
    "VisibilityTimeout": "30", "MaximumMessageSize": "1048576", "MessageRetentionPeriod": "345600", "DelaySeconds": "0",
    "ReceiveMessageWaitTimeSeconds": "0", "SqsManagedSseEnabled": "true", "ApproximateNumberOfMessages": "0",
    "ApproximateNumberOfMessagesNotVisible": "0", "ApproximateNumberOfMessagesDelayed": "0",
}


def test_create_and_defaults(brume, sqs, name, of):
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    assert url == f"{brume.url}/000000000000/{name}"
    got = of.attributes(url)
    assert got.pop("QueueArn") == f"arn:aws:sqs:us-east-1:000000000000:{name}"
    assert abs(int(got.pop("CreatedTimestamp")) - time.time()) < 60
    assert abs(int(got.pop("LastModifiedTimestamp")) - time.time()) < 60
    assert got == DEFAULTS


def test_create_is_idempotent(sqs, name, refused):
    first = sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "7"})
    assert sqs.create_queue(QueueName=name)["QueueUrl"] == first["QueueUrl"]
    assert sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "7"})["QueueUrl"] == first["QueueUrl"]
    with refused("QueueAlreadyExists") as r:
        sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "8"})
    assert r.message == "A queue already exists with the same name and a different value for attribute VisibilityTimeout"


@pytest.mark.parametrize("bad", ["a" * 81, "a b", "a.fifo", "ä", "a/b"])
def test_bad_names(sqs, refused, bad):
    with refused("InvalidParameterValue") as r:
        sqs.create_queue(QueueName=bad)
    assert r.message == "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"


def test_fifo_needs_its_suffix(sqs, refused):
    with refused("InvalidParameterValue") as r:
        sqs.create_queue(QueueName="no-suffix", Attributes={"FifoQueue": "true"})
    assert "must end with .fifo suffix" in r.message


@pytest.mark.parametrize("attribute,value", [
    ("VisibilityTimeout", "43201"), ("VisibilityTimeout", "-1"), ("VisibilityTimeout", "x"), ("MaximumMessageSize", "1023"),
    ("MaximumMessageSize", "1048577"), ("MessageRetentionPeriod", "59"), ("MessageRetentionPeriod", "1209601"), ("DelaySeconds", "901"),
    ("ReceiveMessageWaitTimeSeconds", "21"), ("KmsDataKeyReusePeriodSeconds", "59"), ("SqsManagedSseEnabled", "maybe"), ("Policy", "{"),
    ("Policy", "{}"),
])
def test_invalid_attribute_values(sqs, name, refused, attribute, value):
    with refused("InvalidAttributeValue") as r:
        sqs.create_queue(QueueName=name, Attributes={attribute: value})
    assert r.message == f"Invalid value for the parameter {attribute}."
    with refused("AWS.SimpleQueueService.NonExistentQueue"):
        sqs.get_queue_url(QueueName=name)


@pytest.mark.parametrize("attribute,value,message", [
    ("FifoQueue", "false", "Unknown Attribute FifoQueue."),
    ("ContentBasedDeduplication", "true", "Unknown Attribute ContentBasedDeduplication."),
    ("DeduplicationScope", "queue", "You can specify the DeduplicationScope only when FifoQueue is set to true."),
    ("FifoThroughputLimit", "perQueue", "You can specify the FifoThroughputLimit only when FifoQueue is set to true."),
    ("Nonsense", "1", "Unknown Attribute Nonsense."),
    ("ApproximateNumberOfMessages", "1", "Unknown Attribute ApproximateNumberOfMessages."),
])
def test_unknown_attributes_of_a_standard_queue(sqs, name, refused, attribute, value, message):
    with refused("InvalidAttributeName") as r:
        sqs.create_queue(QueueName=name, Attributes={attribute: value})
    assert r.message == message


def test_queue_type_is_for_life(sqs, make, refused):
    fifo = make(FifoQueue="true")
    sqs.set_queue_attributes(QueueUrl=fifo, Attributes={"FifoQueue": "true"})
    with refused("InvalidAttributeValue") as r:
        sqs.set_queue_attributes(QueueUrl=fifo, Attributes={"FifoQueue": "false"})
    assert r.message == "Invalid value for the parameter FifoQueue. Reason: Modifying queue type is not supported."
    with refused("InvalidAttributeName"):
        sqs.set_queue_attributes(QueueUrl=make(), Attributes={"FifoQueue": "true"})


def test_set_attributes_and_back_to_defaults(sqs, queue, of):
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"DelaySeconds": "42", "VisibilityTimeout": "69", "MaximumMessageSize": "2048",
                                                         "KmsMasterKeyId": "testKeyId", "KmsDataKeyReusePeriodSeconds": "6000"})
    got = of.attributes(queue)
    assert (got["DelaySeconds"], got["VisibilityTimeout"], got["MaximumMessageSize"]) == ("42", "69", "2048")
    assert (got["KmsMasterKeyId"], got["KmsDataKeyReusePeriodSeconds"], got["SqsManagedSseEnabled"]) == ("testKeyId", "6000", "false")
    empty = ["DelaySeconds", "VisibilityTimeout", "MaximumMessageSize", "KmsMasterKeyId", "KmsDataKeyReusePeriodSeconds"]
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={n: "" for n in empty})
    got = of.attributes(queue)
    assert "KmsMasterKeyId" not in got and "KmsDataKeyReusePeriodSeconds" not in got
    assert {n: got[n] for n in DEFAULTS} == dict(DEFAULTS, SqsManagedSseEnabled="false")


def test_one_encryption_at_a_time(sqs, make, refused):
    url = make(KmsMasterKeyId="key")
    with refused("InvalidAttributeName") as r:
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"SqsManagedSseEnabled": "true"})
    assert r.message == "You can use one type of server-side encryption (SSE) at one time. You can either enable KMS SSE or SQS SSE."


def test_get_chosen_attributes(sqs, queue, of, refused):
    assert set(of.attributes(queue, "DelaySeconds", "QueueArn", "Policy")) == {"DelaySeconds", "QueueArn"}
    assert "Attributes" not in sqs.get_queue_attributes(QueueUrl=queue)
    with refused("InvalidAttributeName") as r:
        of.attributes(queue, "Nonsense")
    assert r.message == "Unknown Attribute Nonsense."


def test_absent_queue(sqs, refused):
    for call in (lambda: sqs.get_queue_url(QueueName="absent"),
                 lambda: sqs.send_message(QueueUrl="http://localhost:4566/000000000000/absent", MessageBody="x"),
                 lambda: sqs.receive_message(QueueUrl="http://localhost:4566/000000000000/absent")):
        with refused("AWS.SimpleQueueService.NonExistentQueue") as r:
            call()
        assert (r.message, r.status) == ("The specified queue does not exist.", 400)


@pytest.mark.parametrize("form", ["https://sqs.us-east-1.amazonaws.com/000000000000/{}", "https://queue.amazonaws.com/000000000000/{}",
                                  "http://localhost:4566/queue/us-east-1/000000000000/{}", "{}"])
def test_any_host_and_the_old_forms_of_urls(sqs, queue, of, form):
    name = queue.rsplit("/", 1)[1]
    assert of.arn(form.format(name)).endswith(name)


def test_wrong_url(sqs, refused):
    with refused("InvalidAddress"):
        sqs.get_queue_attributes(QueueUrl="http://localhost:4566/nobody/queue")


def test_region_is_of_the_credential(brume, sqs, queue, refused):
    other = brume.client("sqs", region="eu-west-1")
    with refused("AWS.SimpleQueueService.NonExistentQueue"):
        other.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])


def test_foreign_root_is_denied(brume, queue, refused):
    foreign = brume.client("sqs", account="123456789012")
    for call in (lambda: foreign.send_message(QueueUrl=queue, MessageBody="x"), lambda: foreign.delete_queue(QueueUrl=queue),
                 lambda: foreign.get_queue_url(QueueName=queue.rsplit("/", 1)[1], QueueOwnerAWSAccountId="000000000000")):
        with pytest.raises(Exception) as error:
            call()
        answer = error.value.response
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 403 and "AccessDenied" in answer["Error"]["Code"]


def test_get_queue_url_of_owner(sqs, queue):
    name = queue.rsplit("/", 1)[1]
    assert sqs.get_queue_url(QueueName=name, QueueOwnerAWSAccountId="000000000000")["QueueUrl"] == queue


def test_list_queues_in_pages(brume, refused):
    client = brume.client("sqs", account="210987654321")
    for i in range(5):
        client.create_queue(QueueName=f"page-{i}")
    client.create_queue(QueueName="other")
    pages = client.get_paginator("list_queues").paginate(QueueNamePrefix="page-", PaginationConfig={"PageSize": 2})
    sizes = [[u.rsplit("/", 1)[1] for u in p["QueueUrls"]] for p in pages]
    assert sizes == [["page-0", "page-1"], ["page-2", "page-3"], ["page-4"]]
    assert len(client.list_queues()["QueueUrls"]) == 6
    assert "QueueUrls" not in client.list_queues(QueueNamePrefix="absent")
    with refused("InvalidParameterValue"):
        client.list_queues(MaxResults=2, NextToken="forged")
    with refused("InvalidParameterValue"):
        client.list_queues(MaxResults=1001)


def test_delete_then_wait_60_seconds(start_brume, refused):
    server = start_brume()
    client = server.client("sqs")
    url = client.create_queue(QueueName="again")["QueueUrl"]
    client.send_message(QueueUrl=url, MessageBody="old")
    client.delete_queue(QueueUrl=url)
    with refused("AWS.SimpleQueueService.NonExistentQueue"):
        client.send_message(QueueUrl=url, MessageBody="x")
    with refused("AWS.SimpleQueueService.QueueDeletedRecently") as r:
        client.create_queue(QueueName="again")
    assert r.message == "You must wait 60 seconds after deleting a queue before you can create another with the same name."
    server.advance_clock(60_000)
    client.create_queue(QueueName="again")
    assert "Messages" not in client.receive_message(QueueUrl=url)


def test_purge(start_brume, refused):
    server = start_brume()
    client = server.client("sqs")
    url = client.create_queue(QueueName="purged")["QueueUrl"]
    for i in range(250):
        client.send_message_batch(QueueUrl=url, Entries=[{"Id": str(j), "MessageBody": f"{i}-{j}"} for j in range(10)])
    held = client.receive_message(QueueUrl=url)["Messages"][0]
    client.purge_queue(QueueUrl=url)
    client.send_message(QueueUrl=url, MessageBody="new")
    client.delete_message(QueueUrl=url, ReceiptHandle=held["ReceiptHandle"])
    assert client.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"][0]["Body"] == "new"
    counts = client.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert (counts["ApproximateNumberOfMessages"], counts["ApproximateNumberOfMessagesNotVisible"]) == ("0", "1")
    with refused("AWS.SimpleQueueService.PurgeQueueInProgress") as r:
        client.purge_queue(QueueUrl=url)
    assert (r.status, r.message) == (403, "Only one PurgeQueue operation on purged is allowed every 60 seconds.")
    server.advance_clock(60_000)
    client.purge_queue(QueueUrl=url)


def test_tags(sqs, queue, refused, name):
    assert "Tags" not in sqs.list_queue_tags(QueueUrl=queue)
    sqs.tag_queue(QueueUrl=queue, Tags={"tag1": "value1", "tag2": "value2", "tag3": ""})
    assert sqs.list_queue_tags(QueueUrl=queue)["Tags"] == {"tag1": "value1", "tag2": "value2", "tag3": ""}
    sqs.untag_queue(QueueUrl=queue, TagKeys=["tag1", "tag3"])
    assert sqs.list_queue_tags(QueueUrl=queue)["Tags"] == {"tag2": "value2"}
    with refused("InvalidParameterValue"):
        sqs.tag_queue(QueueUrl=queue, Tags={"aws:mine": "x"})
    with refused("OverLimit"):
        sqs.tag_queue(QueueUrl=queue, Tags={f"k{i}": "v" for i in range(50)})
    tagged = sqs.create_queue(QueueName=name, tags={"born": "with"})["QueueUrl"]
    assert sqs.list_queue_tags(QueueUrl=tagged)["Tags"] == {"born": "with"}


def test_policy_and_permissions(sqs, queue, of, refused):
    arn = of.arn(queue)
    sqs.add_permission(QueueUrl=queue, Label="one", AWSAccountIds=["668614515564", "111111111111"], Actions=["ReceiveMessage"])
    policy = json.loads(of.attributes(queue, "Policy")["Policy"])
    assert policy == {"Version": "2008-10-17", "Id": f"{arn}/SQSDefaultPolicy", "Statement": [{
        "Sid": "one", "Effect": "Allow", "Principal": {"AWS": ["arn:aws:iam::668614515564:root", "arn:aws:iam::111111111111:root"]},
        "Action": "SQS:ReceiveMessage", "Resource": arn}]}
    with refused("InvalidParameterValue") as r:
        sqs.add_permission(QueueUrl=queue, Label="one", AWSAccountIds=["111111111111"], Actions=["ReceiveMessage"])
    assert r.message == "Value one for parameter Label is invalid. Reason: Already exists."
    sqs.add_permission(QueueUrl=queue, Label="two", AWSAccountIds=["111111111111"], Actions=["SendMessage", "DeleteMessage"])
    sqs.remove_permission(QueueUrl=queue, Label="one")
    statements = json.loads(of.attributes(queue, "Policy")["Policy"])["Statement"]
    assert [s["Sid"] for s in statements] == ["two"] and statements[0]["Action"] == ["SQS:SendMessage", "SQS:DeleteMessage"]
    with refused("InvalidParameterValue") as r:
        sqs.remove_permission(QueueUrl=queue, Label="one")
    assert r.message == "Value one for parameter Label is invalid. Reason: can't find label."
    sqs.remove_permission(QueueUrl=queue, Label="two")
    assert "Policy" not in of.attributes(queue)
    with refused("InvalidParameterValue"):
        sqs.add_permission(QueueUrl=queue, Label="x", AWSAccountIds=["111111111111"], Actions=["Fly"])
    with refused("OverLimit"):
        sqs.add_permission(QueueUrl=queue, Label="x", AWSAccountIds=["111111111111"], Actions=["SendMessage"] * 8)
