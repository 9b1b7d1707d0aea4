"""Topics under a customer's key: what waits in them stands sealed in its rows, and opens with the publisher's rights."""
import json
import time
import urllib.request

import pytest

MINUTE = 60 * 1000
SECRET = "nobody finds this text in a row"

pytestmark = pytest.mark.as_root  # a user of SNS alone has no rights in KMS: that is what these tests are about


@pytest.fixture
def world(start_brume):
    server = start_brume()
    key = server.client("kms").create_key()["KeyMetadata"]
    server.key, server.account = key["Arn"], key["AWSAccountId"]
    return server


def publisher(server, *actions):
    iam = server.client("iam")
    iam.create_user(UserName="publisher")
    allow = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["sns:Publish", *actions], "Resource": "*"}]}
    iam.put_user_policy(UserName="publisher", PolicyName="p", PolicyDocument=json.dumps(allow))
    key = iam.create_access_key(UserName="publisher")["AccessKey"]
    return server.client("sns", account=key["AccessKeyId"], secret=key["SecretAccessKey"])


def queue(server, name, **attributes):
    sqs, arn = server.client("sqs"), f"arn:aws:sqs:us-east-1:{server.account}:{name}"
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": arn}]}
    return sqs.create_queue(QueueName=name, Attributes={"Policy": json.dumps(policy), **attributes})["QueueUrl"], arn


def trust_topics(server):
    """The key lets SNS send to queues that are under it."""
    kms = server.client("kms")
    policy = json.loads(kms.get_key_policy(KeyId=server.key, PolicyName="default")["Policy"])
    policy["Statement"].append({"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": ["kms:GenerateDataKey*", "kms:Decrypt"], "Resource": "*"})
    kms.put_key_policy(KeyId=server.key, PolicyName="default", Policy=json.dumps(policy))


def received(server, url):
    return [m["Body"] for m in server.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=20).get("Messages", [])]


def on_disk(server, text):
    """Does a copy of the data directory tell it?"""
    return any(text.encode() in path.read_bytes() for path in server.data.rglob("*") if path.is_file())


def archiving(server, name, **attributes):
    return server.client("sns").create_topic(Name=name, Attributes={"FifoTopic": "true", "ContentBasedDeduplication": "true",
                                                                     "ArchivePolicy": '{"MessageRetentionPeriod": "30"}', **attributes})["TopicArn"]


def replay(server, topic, arn):
    """The subscription, and how the replay of all that there is ended."""
    sns = server.client("sns")
    policy = {"PointType": "Timestamp", "StartingPoint": time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(time.time() - 60))}
    subscription = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, ReturnSubscriptionArn=True,
                                 Attributes={"RawMessageDelivery": "true", "ReplayPolicy": json.dumps(policy)})["SubscriptionArn"]
    for _ in range(500):
        status = sns.get_subscription_attributes(SubscriptionArn=subscription)["Attributes"]["ReplayStatus"]
        if status not in ("Pending", "In progress"):
            return status
        time.sleep(0.02)
    raise AssertionError("the replay does not end")


def test_the_archive_is_sealed_and_replayed(world):
    topic, open_topic = archiving(world, "sealed.fifo", KmsMasterKeyId=world.key), archiving(world, "open.fifo")
    url, arn = queue(world, "q.fifo", FifoQueue="true", KmsMasterKeyId=world.key)
    trust_topics(world)
    sns = publisher(world, "kms:GenerateDataKey", "kms:Decrypt")
    sns.publish(TopicArn=topic, Message=SECRET, MessageGroupId="g", Subject=f"a subject: {SECRET}")
    sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=[{"Id": "a", "Message": SECRET * 2, "MessageGroupId": "g"}])
    sns.publish(TopicArn=open_topic, Message="everybody finds this one", MessageGroupId="g")
    assert on_disk(world, "everybody finds this one") and not on_disk(world, SECRET)
    world.kill()
    world.start()  # no data key is in memory any more
    assert replay(world, topic, arn) == "Completed"
    assert received(world, url) == [SECRET, SECRET * 2]
    assert not on_disk(world, SECRET)
    trail = world.client("cloudtrail").lookup_events(LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "Decrypt"}])["Events"]
    asked = [json.loads(e["CloudTrailEvent"]) for e in trail]
    assert any(e["requestParameters"]["encryptionContext"] == {"aws:sns:topicArn": topic} and e["userIdentity"].get("userName") == "publisher" for e in asked)


def test_a_replay_needs_the_publishers_right(world):
    topic = archiving(world, "t.fifo", KmsMasterKeyId=world.key)
    sns = publisher(world, "kms:GenerateDataKey", "kms:Decrypt")
    sns.publish(TopicArn=topic, Message="m", MessageGroupId="g")
    world.client("iam").delete_user_policy(UserName="publisher", PolicyName="p")
    world.advance_clock(6 * MINUTE)
    url, arn = queue(world, "q.fifo", FifoQueue="true")
    assert replay(world, topic, arn) == "Failed"
    world.client("iam").put_user_policy(UserName="publisher", PolicyName="again", PolicyDocument=json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "*"}]}))
    assert replay(world, topic, queue(world, "q2.fifo", FifoQueue="true")[1]) == "Completed"


def hooked(world, endpoint, **attributes):
    """A topic under the key, and an endpoint that gets its messages raw."""
    sns = world.client("sns")
    topic = sns.create_topic(Name="t", Attributes={"KmsMasterKeyId": world.key})["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=endpoint.url, Attributes={"RawMessageDelivery": "true", **attributes})
    with urllib.request.urlopen(json.loads(endpoint.wait(1).body)["SubscribeURL"]) as answer:
        assert answer.status == 200
    return topic


def test_what_an_endpoint_did_not_take_waits_sealed(world, endpoint):
    topic = hooked(world, endpoint)
    endpoint.answers = [500]
    world.client("sns").publish(TopicArn=topic, Message=SECRET, MessageAttributes={"a": {"DataType": "String", "StringValue": f"attribute: {SECRET}"}})
    assert endpoint.wait(2).body == SECRET
    assert not on_disk(world, SECRET)
    world.kill()
    world.start()
    assert endpoint.wait_moving(3, world).body == SECRET


def test_an_endpoint_hears_nothing_while_the_key_is_disabled(world, endpoint):
    dead_url, dead = queue(world, "dead")
    topic = hooked(world, endpoint, RedrivePolicy=json.dumps({"deadLetterTargetArn": dead}),
                   DeliveryPolicy=json.dumps({"healthyRetryPolicy": {"minDelayTarget": 300, "maxDelayTarget": 300, "numRetries": 2, "numNoDelayRetries": 0, "numMinDelayRetries": 0,
                                                                     "numMaxDelayRetries": 0, "backoffFunction": "linear"}}))
    endpoint.answers = [500]
    world.client("sns").publish(TopicArn=topic, Message="late")
    endpoint.wait(2)
    world.client("kms").disable_key(KeyId=world.key)
    world.kill()
    world.start()
    world.advance_clock(6 * MINUTE)  # the first repetition has no key
    assert len(endpoint.got) == 2
    world.client("kms").enable_key(KeyId=world.key)
    assert endpoint.wait_moving(3, world).body == "late"
    endpoint.answers = [400]
    world.client("sns").publish(TopicArn=topic, Message="refused")
    assert received(world, dead_url) == ["refused"]


def test_a_job_s_message_is_sealed(world):
    """Five times 256 KB are too much for the publisher's transaction."""
    sns = world.client("sns")
    topic = sns.create_topic(Name="t", Attributes={"KmsMasterKeyId": world.key})["TopicArn"]
    trust_topics(world)
    urls = []
    for i in range(5):
        url, arn = queue(world, f"q{i}", KmsMasterKeyId=world.key)
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
        urls.append(url)
    text = (SECRET * 10000)[:255 << 10]
    sns.publish(TopicArn=topic, Message=text)
    assert [received(world, url) for url in urls] == [[text]] * 5
    assert not on_disk(world, SECRET)


def test_a_key_of_another_region_is_none(world):
    foreign = world.client("kms", region="eu-west-1").create_key()["KeyMetadata"]["Arn"]
    sns, sqs = world.client("sns"), world.client("sqs")
    topic = sns.create_topic(Name="abroad", Attributes={"KmsMasterKeyId": foreign})["TopicArn"]
    with pytest.raises(sns.exceptions.KMSNotFoundException, match="Invalid arn eu-west-1"):
        sns.publish(TopicArn=topic, Message="m")
    url = sqs.create_queue(QueueName="abroad", Attributes={"KmsMasterKeyId": foreign})["QueueUrl"]
    with pytest.raises(sqs.exceptions.KmsNotFound, match="Invalid arn eu-west-1"):
        sqs.send_message(QueueUrl=url, MessageBody="m")
