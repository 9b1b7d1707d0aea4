"""Queues and topics under a key of KMS: the key decides, besides the queue's own policy, who sends and receives."""
import json

import pytest
from botocore.exceptions import ClientError

MINUTE = 60 * 1000


def refused(call, **options):
    with pytest.raises(ClientError) as error:
        call(**options)
    return error.value.response["Error"]["Code"]


def user(server, name, *actions):
    iam = server.client("iam")
    iam.create_user(UserName=name)
    iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": "*"}]}))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return lambda service: server.client(service, account=key["AccessKeyId"], secret=key["SecretAccessKey"])

pytestmark = pytest.mark.as_root  # a user of SQS or SNS alone has no rights in KMS: that is what these tests are about


@pytest.fixture
def world(start_brume):
    server = start_brume()
    server.key = server.client("kms").create_key()["KeyMetadata"]["Arn"]
    server.queue = server.client("sqs").create_queue(QueueName="q", Attributes={"KmsMasterKeyId": server.key, "KmsDataKeyReusePeriodSeconds": "300"})["QueueUrl"]
    return server


def test_a_sender_needs_the_key(world):
    without = user(world, "without", "sqs:*")("sqs")
    assert refused(without.send_message, QueueUrl=world.queue, MessageBody="m") == "KMS.AccessDeniedException"
    assert refused(without.send_message_batch, QueueUrl=world.queue, Entries=[{"Id": "a", "MessageBody": "m"}]) == "KMS.AccessDeniedException"
    half = user(world, "half", "sqs:*", "kms:GenerateDataKey")("sqs")
    assert refused(half.send_message, QueueUrl=world.queue, MessageBody="m") == "KMS.AccessDeniedException"
    user(world, "sender", "sqs:SendMessage", "kms:GenerateDataKey", "kms:Decrypt")("sqs").send_message(QueueUrl=world.queue, MessageBody="m")
    assert refused(without.receive_message, QueueUrl=world.queue) == "KMS.AccessDeniedException"
    receiver = user(world, "receiver", "sqs:ReceiveMessage", "kms:Decrypt")("sqs")
    assert [m["Body"] for m in receiver.receive_message(QueueUrl=world.queue)["Messages"]] == ["m"]


def test_a_disabled_key_closes_the_queue_when_its_data_key_is_used_up(world):
    sqs, kms = world.client("sqs"), world.client("kms")
    sqs.send_message(QueueUrl=world.queue, MessageBody="one")
    kms.disable_key(KeyId=world.key)
    sqs.send_message(QueueUrl=world.queue, MessageBody="two")  # within the reuse period
    world.advance_clock(5 * MINUTE)
    assert refused(sqs.send_message, QueueUrl=world.queue, MessageBody="three") == "KMS.DisabledException"
    assert refused(sqs.receive_message, QueueUrl=world.queue) == "KMS.DisabledException"
    kms.enable_key(KeyId=world.key)
    assert sorted(m["Body"] for m in sqs.receive_message(QueueUrl=world.queue, MaxNumberOfMessages=10)["Messages"]) == ["one", "two"]
    kms.schedule_key_deletion(KeyId=world.key, PendingWindowInDays=7)
    world.advance_clock(5 * MINUTE)
    assert refused(sqs.send_message, QueueUrl=world.queue, MessageBody="four") == "KMS.InvalidStateException"
    absent = sqs.create_queue(QueueName="absent", Attributes={"KmsMasterKeyId": "alias/absent"})["QueueUrl"]
    assert refused(sqs.send_message, QueueUrl=absent, MessageBody="m") == "KMS.NotFoundException"


def test_awss_own_key_serves_everybody_of_the_account(world):
    queue = world.client("sqs").create_queue(QueueName="managed", Attributes={"KmsMasterKeyId": "alias/aws/sqs"})["QueueUrl"]
    plain = user(world, "plain", "sqs:*")("sqs")
    plain.send_message(QueueUrl=queue, MessageBody="m")
    assert len(plain.receive_message(QueueUrl=queue)["Messages"]) == 1
    assert "alias/aws/sqs" in [a["AliasName"] for a in world.client("kms").list_aliases()["Aliases"] if "TargetKeyId" in a]


def test_uses_are_on_the_trail_once_a_period(world):
    sqs = world.client("sqs")
    for i in range(5):
        sqs.send_message(QueueUrl=world.queue, MessageBody=str(i))
    events = world.client("cloudtrail").lookup_events(LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "GenerateDataKey"}])["Events"]
    assert len(events) == 1
    event = json.loads(events[0]["CloudTrailEvent"])
    assert event["requestParameters"]["encryptionContext"] == {"aws:sqs:arn": sqs.get_queue_attributes(QueueUrl=world.queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]}


def test_a_look_at_a_key_has_no_answer_on_record(world):
    world.client("kms").describe_key(KeyId=world.key)
    [event] = world.client("cloudtrail").lookup_events(LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "DescribeKey"}])["Events"]
    event = json.loads(event["CloudTrailEvent"])
    assert event["readOnly"] is True and event["responseElements"] is None and event["requestParameters"] == {"keyId": world.key}


def test_a_publisher_needs_the_topics_key(world):
    sns = world.client("sns")
    topic = sns.create_topic(Name="t", Attributes={"KmsMasterKeyId": world.key})["TopicArn"]
    without = user(world, "without", "sns:*")("sns")
    assert refused(without.publish, TopicArn=topic, Message="m") == "KMSAccessDenied"
    sns.publish(TopicArn=topic, Message="m")
    world.client("kms").disable_key(KeyId=world.key)
    world.advance_clock(5 * MINUTE)
    assert refused(sns.publish, TopicArn=topic, Message="m") == "KMSDisabled"


def test_a_topic_delivers_to_a_queue_whose_key_trusts_it(world):
    sns, sqs, kms = world.client("sns"), world.client("sqs"), world.client("kms")
    topic = sns.create_topic(Name="t")["TopicArn"]
    arn = sqs.get_queue_attributes(QueueUrl=world.queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sqs.set_queue_attributes(QueueUrl=world.queue, Attributes={"Policy": json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": arn}]})})
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
    policy = json.loads(kms.get_key_policy(KeyId=world.key, PolicyName="default")["Policy"])
    policy["Statement"].append({"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": ["kms:GenerateDataKey*", "kms:Decrypt"], "Resource": "*"})
    kms.put_key_policy(KeyId=world.key, PolicyName="default", Policy=json.dumps(policy))
    sns.publish(TopicArn=topic, Message="hello")
    assert [m["Body"] for m in sqs.receive_message(QueueUrl=world.queue, WaitTimeSeconds=5)["Messages"]] == ["hello"]



def on_disk(server, secret):
    """Does a copy of the data directory tell it?"""
    return any(secret in path.read_bytes() for path in server.data.rglob("*") if path.is_file())


def test_bodies_are_sealed_under_the_queues_key(world):
    sqs = world.client("sqs")
    plain = sqs.create_queue(QueueName="plain")["QueueUrl"]
    sqs.send_message(QueueUrl=plain, MessageBody="everybody reads this")
    sqs.send_message(QueueUrl=world.queue, MessageBody="nobody reads that")
    sqs.send_message_batch(QueueUrl=world.queue, Entries=[{"Id": "long", "MessageBody": "nobody reads that either" * 100}])
    assert on_disk(world, b"everybody reads this")
    assert not on_disk(world, b"nobody reads that")
    messages = sqs.receive_message(QueueUrl=world.queue, MaxNumberOfMessages=10)["Messages"]
    assert {m["Body"] for m in messages} == {"nobody reads that", "nobody reads that either" * 100}


def test_what_was_sealed_stays_so_where_it_goes(world):
    sqs, kms = world.client("sqs"), world.client("kms")
    dead = sqs.create_queue(QueueName="dead")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sqs.set_queue_attributes(QueueUrl=world.queue, Attributes={"VisibilityTimeout": "0", "RedrivePolicy": json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": "1"})})
    sqs.send_message(QueueUrl=world.queue, MessageBody="m")
    assert len(sqs.receive_message(QueueUrl=world.queue)["Messages"]) == 1
    assert "Messages" not in sqs.receive_message(QueueUrl=world.queue)
    without = user(world, "without", "sqs:*")("sqs")
    assert refused(without.receive_message, QueueUrl=dead) == "KMS.AccessDeniedException"
    kms.disable_key(KeyId=world.key)
    world.advance_clock(5 * MINUTE)
    assert refused(sqs.receive_message, QueueUrl=dead) == "KMS.DisabledException"
    kms.enable_key(KeyId=world.key)
    assert [m["Body"] for m in sqs.receive_message(QueueUrl=dead)["Messages"]] == ["m"]


def test_a_queue_without_its_key_keeps_what_was_sealed(world):
    sqs = world.client("sqs")
    sqs.send_message(QueueUrl=world.queue, MessageBody="sealed")
    sqs.set_queue_attributes(QueueUrl=world.queue, Attributes={"KmsMasterKeyId": ""})
    sqs.send_message(QueueUrl=world.queue, MessageBody="plain")
    world.kill()
    world.start()
    messages = world.client("sqs").receive_message(QueueUrl=world.queue, MaxNumberOfMessages=10)["Messages"]
    assert {m["Body"] for m in messages} == {"sealed", "plain"}
