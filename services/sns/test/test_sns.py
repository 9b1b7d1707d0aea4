"""SNS through the front door: topics, subscriptions, publishing to queues and over HTTP."""
import base64
import json
import urllib.parse
import urllib.request
import xml.etree.ElementTree as ElementTree

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
import kit
from kit import let_send, name, nothing, receive, refused

ACCOUNT = "000000000000"


@pytest.fixture
def sns(brume):
    return brume.client("sns")


@pytest.fixture
def brume_of_own(start_brume):
    return start_brume()


@pytest.fixture
def topic(sns):
    return sns.create_topic(Name=name())["TopicArn"]


def let_topic_send(sqs, url, arn, topic_arn):
    let_send(sqs, url, arn, "sns.amazonaws.com", Condition={"ArnEquals": {"aws:SourceArn": topic_arn}})


@pytest.fixture
def make_queue(sqs):
    def make(topic_arn, fifo=False, **attributes):
        if fifo:
            attributes["FifoQueue"] = "true"
        url, arn = kit.make_queue(sqs, **attributes)
        let_topic_send(sqs, url, arn, topic_arn)
        return url, arn
    return make


# ---- topics ----

def test_topic_life(sns):
    topic_name = name()
    arn = sns.create_topic(Name=topic_name, Attributes={"DisplayName": "Shown"}, Tags=[{"Key": "team", "Value": "blue"}])["TopicArn"]
    assert arn == f"arn:aws:sns:us-east-1:{ACCOUNT}:{topic_name}"
    assert sns.create_topic(Name=topic_name, Attributes={"DisplayName": "Shown"})["TopicArn"] == arn
    assert refused("InvalidParameter", sns.create_topic, Name=topic_name, Attributes={"DisplayName": "Other"}) == \
        "Invalid parameter: Attributes Reason: Topic already exists with different attributes"
    assert refused("InvalidParameter", sns.create_topic, Name=topic_name, Tags=[{"Key": "team", "Value": "red"}]) == \
        "Invalid parameter: Tags Reason: Topic already exists with different tags"
    attributes = sns.get_topic_attributes(TopicArn=arn)["Attributes"]
    assert attributes["Owner"] == ACCOUNT and attributes["SubscriptionsConfirmed"] == "0"
    assert json.loads(attributes["Policy"])["Statement"][0]["Sid"] == "__default_statement_ID"
    assert json.loads(attributes["EffectiveDeliveryPolicy"])["http"]["defaultHealthyRetryPolicy"]["numRetries"] == 3
    assert arn in [t["TopicArn"] for page in sns.get_paginator("list_topics").paginate() for t in page["Topics"]]
    assert sns.list_tags_for_resource(ResourceArn=arn)["Tags"] == [{"Key": "team", "Value": "blue"}]
    sns.tag_resource(ResourceArn=arn, Tags=[{"Key": "x", "Value": "1"}])
    sns.untag_resource(ResourceArn=arn, TagKeys=["team"])
    assert sns.list_tags_for_resource(ResourceArn=arn)["Tags"] == [{"Key": "x", "Value": "1"}]
    sns.delete_topic(TopicArn=arn)
    sns.delete_topic(TopicArn=arn)
    assert refused("NotFound", sns.get_topic_attributes, TopicArn=arn) == "Topic does not exist"


@pytest.mark.parametrize("bad", ["", "a b", "x" * 257, "a.fifo", "ä"])
def test_bad_topic_names(sns, bad):
    assert refused("InvalidParameter", sns.create_topic, Name=bad) == "Invalid parameter: Topic Name"


def test_bad_arns(sns, topic):
    assert refused("InvalidParameter", sns.publish, TopicArn="nonsense", Message="x") == \
        "Invalid parameter: TopicArn Reason: An ARN must have at least 6 elements, not 1"
    assert refused("NotFound", sns.publish, TopicArn=topic + "x", Message="x") == "Topic does not exist"
    assert refused("InvalidParameter", sns.publish, TopicArn=topic.replace("us-east-1", "eu-west-1"), Message="x") == "Invalid parameter: TopicArn"


def test_permissions(sns, topic):
    sns.add_permission(TopicArn=topic, Label="test", AWSAccountId=["111122223333"], ActionName=["Publish", "Subscribe"])
    assert refused("InvalidParameter", sns.add_permission, TopicArn=topic, Label="test", AWSAccountId=["111122223333"], ActionName=["Publish"]) == \
        "Invalid parameter: Statement already exists"
    assert refused("InvalidParameter", sns.add_permission, TopicArn=topic, Label="b", AWSAccountId=["111122223333"], ActionName=["Nonsense"]) == \
        "Invalid parameter: Policy statement action out of service scope!"
    statement = json.loads(sns.get_topic_attributes(TopicArn=topic)["Attributes"]["Policy"])["Statement"][1]
    assert statement == {"Sid": "test", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:root"},
                         "Action": ["SNS:Publish", "SNS:Subscribe"], "Resource": topic}
    sns.remove_permission(TopicArn=topic, Label="test")
    assert len(json.loads(sns.get_topic_attributes(TopicArn=topic)["Attributes"]["Policy"])["Statement"]) == 1


def test_a_policy_of_too_many_statements(sns, topic):
    """One that AddPermission could not read is refused when it is set, and the server stays."""
    many = [{"Sid": str(i), "Effect": "Allow", "Principal": "*", "Action": "sns:Publish", "Resource": topic} for i in range(101)]
    refused("InvalidParameter", sns.set_topic_attributes, TopicArn=topic, AttributeName="Policy",
            AttributeValue=json.dumps({"Version": "2012-10-17", "Statement": many}))
    sns.add_permission(TopicArn=topic, Label="l", AWSAccountId=["111122223333"], ActionName=["Publish"])


def test_an_endpoint_of_control_bytes(sns, topic):
    endpoint = f"arn:aws:sqs:us-east-1:{ACCOUNT}:" + "\x01" * 980
    assert refused("InvalidParameter", sns.subscribe, TopicArn=topic, Protocol="sqs", Endpoint=endpoint) == "Invalid parameter: Endpoint"


# ---- subscriptions ----

def test_subscription_life(brume, sns, topic, make_queue):
    _, queue = make_queue(topic)
    arn = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue, Attributes={"RawMessageDelivery": "true"})["SubscriptionArn"]
    assert arn.startswith(topic + ":")
    assert sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)["SubscriptionArn"] == arn
    attributes = sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
    assert attributes == {"ConfirmationWasAuthenticated": "true", "Endpoint": queue, "Owner": ACCOUNT, "PendingConfirmation": "false", "Protocol": "sqs",
                          "RawMessageDelivery": "true", "SubscriptionArn": arn, "TopicArn": topic,
                          "SubscriptionPrincipal": brume.identity_of(sns)["Arn"]}
    assert [s["SubscriptionArn"] for s in sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]] == [arn]
    assert arn in [s["SubscriptionArn"] for page in sns.get_paginator("list_subscriptions").paginate() for s in page["Subscriptions"]]
    assert sns.get_topic_attributes(TopicArn=topic)["Attributes"]["SubscriptionsConfirmed"] == "1"
    sns.unsubscribe(SubscriptionArn=arn)
    sns.unsubscribe(SubscriptionArn=arn)
    assert refused("NotFound", sns.get_subscription_attributes, SubscriptionArn=arn) == "Subscription does not exist"
    assert sns.get_topic_attributes(TopicArn=topic)["Attributes"]["SubscriptionsDeleted"] == "1"


def test_what_cannot_be_subscribed(sns, topic):
    def why(protocol, endpoint, **more):
        return refused("InvalidParameter", sns.subscribe, TopicArn=topic, Protocol=protocol, Endpoint=endpoint, **more)
    assert why("test-protocol", "x") == "Invalid parameter: Amazon SNS does not support this protocol string: test-protocol"
    assert why("sqs", "http://localhost/q") == "Invalid parameter: SQS endpoint ARN"
    assert why("sms", "+15--551234567") == "Invalid SMS endpoint: +15--551234567"
    assert why("sqs", "arn:aws:sqs:us-east-1:000000000000:q.fifo").endswith("FIFO SQS Queues can not be subscribed to standard SNS topics")
    assert why("http", "https://x/") == "Invalid parameter: Endpoint must match the specified protocol"
    queue = "arn:aws:sqs:us-east-1:000000000000:q"
    assert why("sqs", queue, Attributes={"RawMessageDelivery": "wrongvalue"}) == \
        "Invalid parameter: Attributes Reason: RawMessageDelivery: Invalid value [wrongvalue]. Must be true or false."
    many = json.dumps({f"k{i}": ["v"] for i in range(6)})
    assert why("sqs", queue, Attributes={"FilterPolicy": many}) == "Invalid parameter: Attributes Reason: FilterPolicy: Filter policy can not have more than 5 keys"
    assert why("sqs", queue, Attributes={"FilterPolicy": json.dumps({"k": [str(i) for i in range(151)]})}).endswith("Filter policy is too complex")
    assert refused("NotImplemented", sns.subscribe, TopicArn=topic, Protocol="firehose", Endpoint="arn:aws:firehose:us-east-1:000000000000:deliverystream/d")


def test_subscription_attribute_refusals(sns, topic, make_queue):
    arn = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=make_queue(topic)[1])["SubscriptionArn"]

    def why(attribute, value):
        return refused("InvalidParameter", sns.set_subscription_attributes, SubscriptionArn=arn, AttributeName=attribute, AttributeValue=value)
    assert why("FakeAttribute", "x") == "Invalid parameter: AttributeName"
    assert why("RawMessageDelivery", "test-ValUe") == "Invalid parameter: RawMessageDelivery: Invalid value [test-ValUe]. Must be true or false."
    assert why("RedrivePolicy", json.dumps({"deadLetterTargetArn": "fake"})) == "Invalid parameter: RedrivePolicy: deadLetterTargetArn is an invalid arn"
    assert why("RedrivePolicy", "{invalidjson}").startswith(
        "Invalid parameter: RedrivePolicy: failed to parse JSON. Unexpected character ('i' (code 105)): was expecting double-quote to start field name")
    assert why("FilterPolicyScope", "RandomValue") == \
        "Invalid parameter: FilterPolicyScope: Invalid value [RandomValue]. Please use either MessageBody or MessageAttributes"
    assert why("FilterPolicy", json.dumps({"a": {"b": ["c"]}})) == "Invalid parameter: Filter policy scope MessageAttributes does not support nested filter policy"


# ---- publishing ----

def certificate_of(url):
    with urllib.request.urlopen(url) as answer:
        return x509.load_pem_x509_certificate(answer.read())


def signature_holds(message, names):
    text = "".join(f"{n}\n{message[n]}\n" for n in names if n in message)
    digest = hashes.SHA1() if message["SignatureVersion"] == "1" else hashes.SHA256()
    certificate_of(message["SigningCertURL"]).public_key().verify(base64.b64decode(message["Signature"]), text.encode(), padding.PKCS1v15(), digest)
    return True


NOTIFICATION = ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"]
CONFIRMATION = ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"]


@pytest.mark.parametrize("version", ["1", "2"])
def test_to_a_queue_wrapped_and_signed(sns, sqs, topic, make_queue, version):
    sns.set_topic_attributes(TopicArn=topic, AttributeName="SignatureVersion", AttributeValue=version)
    url, queue = make_queue(topic)
    subscription = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)["SubscriptionArn"]
    published = sns.publish(TopicArn=topic, Message="This is a test message", Subject="About it", MessageAttributes={
        "attr1": {"DataType": "Number", "StringValue": "99.12"}, "attr2": {"DataType": "Binary", "BinaryValue": b"\x02\x03\x04"}})
    [message] = receive(sqs, url)
    body = json.loads(message["Body"])
    assert body["MessageId"] == published["MessageId"]
    assert (body["Type"], body["TopicArn"], body["Message"], body["Subject"]) == ("Notification", topic, "This is a test message", "About it")
    assert body["MessageAttributes"] == {"attr1": {"Type": "Number", "Value": "99.12"}, "attr2": {"Type": "Binary", "Value": "AgME"}}
    assert body["SignatureVersion"] == version and signature_holds(body, NOTIFICATION)
    assert body["UnsubscribeURL"].endswith(f"/?Action=Unsubscribe&SubscriptionArn={subscription}")
    assert "MessageAttributes" not in message
    urllib.request.urlopen(body["UnsubscribeURL"]).read()
    refused("NotFound", sns.get_subscription_attributes, SubscriptionArn=subscription)


@pytest.mark.as_root
def test_the_signing_key_is_sealed(start_brume):
    server = start_brume()
    sns, sqs = server.client("sns"), server.client("sqs")
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    queue = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": queue}]})})
    topic = sns.create_topic(Name="t")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)
    sns.publish(TopicArn=topic, Message="m")
    [message] = receive(sqs, url)
    body = json.loads(message["Body"])
    assert signature_holds(body, NOTIFICATION)
    rows = b"".join(path.read_bytes() for path in server.data.rglob("*") if path.is_file())
    assert b"-----BEGIN CERTIFICATE-----" in rows  # it stands beside the key
    assert b"\x02\x01\x00\x02\x82\x01\x01\x00" not in rows  # PKCS #1, also within PKCS #8: version 0, modulus


def test_to_a_queue_raw(sns, sqs, topic, make_queue):
    url, queue = make_queue(topic)
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue, Attributes={"RawMessageDelivery": "true"})
    sns.publish(TopicArn=topic, Message="bare", MessageAttributes={"attr1": {"DataType": "Number", "StringValue": "99.12"}})
    [message] = receive(sqs, url)
    assert message["Body"] == "bare"
    assert message["MessageAttributes"] == {"attr1": {"DataType": "Number", "StringValue": "99.12"}}


def test_a_queue_that_does_not_allow_it_gets_nothing(sns, sqs, topic):
    url = sqs.create_queue(QueueName=name("q"))["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
    sns.publish(TopicArn=topic, Message="kept out")
    assert nothing(sqs, url)


def test_message_by_protocol(sns, sqs, topic, make_queue):
    url, queue = make_queue(topic)
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue, Attributes={"RawMessageDelivery": "true"})
    sns.publish(TopicArn=topic, MessageStructure="json", Message=json.dumps({"default": "for all", "sqs": "for queues"}))
    assert receive(sqs, url)[0]["Body"] == "for queues"
    assert refused("InvalidParameter", sns.publish, TopicArn=topic, MessageStructure="json", Message="{") == \
        "Invalid parameter: Message Structure - JSON message body failed to parse"
    assert refused("InvalidParameter", sns.publish, TopicArn=topic, MessageStructure="json", Message='{"default": {"a": 1}}') == \
        "Invalid parameter: Message Structure - No default entry in JSON message body"


def test_what_cannot_be_published(sns, topic):
    def why(code="InvalidParameter", **arguments):
        return refused(code, sns.publish, TopicArn=topic, **arguments)
    assert why(Message="") == "Invalid parameter: Empty message"
    assert why(Message="x", Subject="") == "Invalid parameter: Subject"
    assert why(Message="x", Subject="a\nb") == "Invalid parameter: Subject"
    assert why(Message="x" * 262145) == "Invalid parameter: Message too long"
    assert why("ParameterValueInvalid", Message="x", MessageAttributes={"attr1": {"DataType": "Stringish", "StringValue": "x"}}) == \
        "The message attribute 'attr1' has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String."
    for name_of_attribute, message in ((".a", "Invalid message attribute name starting with character '.' was found."), ("a.", "Invalid message attribute name ending with character '.' was found."),
                                       ("a..b", "Message attribute name can not have successive '.' character."),
                                       ("a b", "Invalid non-alphanumeric character '#x20' was found in the message attribute name. "
                                               "Can only include alphanumeric characters, hyphens, underscores, or dots.")):
        assert why("ParameterValueInvalid", Message="x", MessageAttributes={name_of_attribute: {"DataType": "String", "StringValue": "x"}}) == message
    assert sns.publish(TopicArn=topic, Message="x", MessageAttributes={"a.b_c-D1": {"DataType": "String", "StringValue": "x"}})["MessageId"]
    assert refused("InvalidParameter", sns.publish, Message="x")


def test_batch(sns, sqs, topic, make_queue):
    url, queue = make_queue(topic)
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue, Attributes={"RawMessageDelivery": "true"})
    answer = sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=[
        {"Id": "1", "Message": "one"}, {"Id": "2", "Message": "two", "Subject": "x" * 101}, {"Id": "3", "Message": "three"}])
    assert [e["Id"] for e in answer["Successful"]] == ["1", "3"]
    assert [(e["Id"], e["Code"], e["SenderFault"]) for e in answer["Failed"]] == [("2", "InvalidParameter", True)]
    assert sorted(m["Body"] for m in receive(sqs, url, 2)) == ["one", "three"]

    def why(code, entries):
        return refused(code, sns.publish_batch, TopicArn=topic, PublishBatchRequestEntries=entries)
    why("EmptyBatchRequest", [])
    why("TooManyEntriesInBatchRequest", [{"Id": str(i), "Message": "x"} for i in range(11)])
    why("BatchEntryIdsNotDistinct", [{"Id": "1", "Message": "x"}] * 2)
    assert why("InvalidBatchEntryId", [{"Id": "message.id", "Message": "x"}]) == \
        "The Id of a batch entry in the batch request contains an impermissible character: message.id"


# ---- filters: the developer guide's examples ----

@pytest.mark.parametrize("policy, attributes, wanted", [
    ({"store": ["example_corp"]}, {"store": ("String", "example_corp")}, True),
    ({"store": ["example_corp"]}, {"store": ("String", "other")}, False),
    ({"store": ["example_corp"]}, {}, False),
    ({"interests": ["rugby", "tennis"]}, {"interests": ("String.Array", '["soccer", "rugby"]')}, True),
    ({"interests": [{"anything-but": ["rugby", "tennis"]}]}, {"interests": ("String.Array", '["rugby", "baseball"]')}, True),
    ({"price": [{"numeric": [">=", 100]}]}, {"price": ("Number", "210.75")}, True),
    ({"price": [100]}, {"price": ("Number", "100.0")}, True),
    ({"price": ["100"]}, {"price": ("Number", "100")}, False),
    ({"encrypted": [{"exists": False}]}, {}, True),
    ({"ip": [{"cidr": "10.0.0.0/24"}]}, {"ip": ("String", "10.0.0.7")}, True),
    ({"$or": [{"a": ["1"]}, {"b": ["2"]}]}, {"b": ("String", "2")}, True),
])
def test_filter_by_attributes(sns, sqs, topic, make_queue, policy, attributes, wanted):
    url, queue = make_queue(topic)
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue, Attributes={"RawMessageDelivery": "true", "FilterPolicy": json.dumps(policy)})
    sns.publish(TopicArn=topic, Message="m", MessageAttributes={k: {"DataType": t, "StringValue": v} for k, (t, v) in attributes.items()})
    assert nothing(sqs, url) != wanted


def test_filter_by_body(sns, sqs, topic, make_queue):
    url, queue = make_queue(topic)
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue, Attributes={
        "RawMessageDelivery": "true", "FilterPolicy": json.dumps({"object": {"key": [{"prefix": "auto-"}]}}), "FilterPolicyScope": "MessageBody"})
    for body in ('{"object": {"key": "manual-1"}}', '{"object": [{"key": "auto-0"}]}', "no json", '"text"'):
        sns.publish(TopicArn=topic, Message=body)
    assert [m["Body"] for m in receive(sqs, url, 2, seconds=1)] == ['{"object": [{"key": "auto-0"}]}']


# ---- FIFO ----

def test_fifo(sns, sqs, make_queue):
    topic = sns.create_topic(Name=name() + ".fifo", Attributes={"FifoTopic": "true", "ContentBasedDeduplication": "true"})["TopicArn"]
    url, queue = make_queue(topic, fifo=True)
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)
    assert refused("InvalidParameter", sns.publish, TopicArn=topic, Message="x") == "Invalid parameter: The MessageGroupId parameter is required for FIFO topics"
    first = sns.publish(TopicArn=topic, Message="one", MessageGroupId="g")
    assert sns.publish(TopicArn=topic, Message="one", MessageGroupId="g")["SequenceNumber"] == first["SequenceNumber"]
    second = sns.publish(TopicArn=topic, Message="two", MessageGroupId="g")
    assert len(first["SequenceNumber"]) == 20 and second["SequenceNumber"] > first["SequenceNumber"]
    bodies = [json.loads(m["Body"]) for m in receive(sqs, url, 2)]
    assert [b["Message"] for b in bodies] == ["one", "two"]
    assert bodies[0]["SequenceNumber"] == first["SequenceNumber"] and "Signature" not in bodies[0]
    assert nothing(sqs, url)


# ---- many, and failures ----

def test_fan_out_to_many(sns, sqs, topic, make_queue):
    """More than are served in the publisher's transaction."""
    urls = []
    for _ in range(110):
        url, queue = make_queue(topic)
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue, Attributes={"RawMessageDelivery": "true"})
        urls.append(url)
    sns.publish(TopicArn=topic, Message="to all")
    for url in urls:
        assert [m["Body"] for m in receive(sqs, url)] == ["to all"]
    assert all(nothing(sqs, url) for url in urls[:5])


def test_dead_letters(sns, sqs, topic, make_queue):
    dead_url, dead = make_queue(topic)
    url, queue = make_queue(topic)
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue, Attributes={
        "RawMessageDelivery": "true", "RedrivePolicy": json.dumps({"deadLetterTargetArn": dead})})
    sqs.delete_queue(QueueUrl=url)
    sns.publish(TopicArn=topic, Message="stray", MessageAttributes={"a": {"DataType": "String", "StringValue": "1"}})
    [message] = receive(sqs, dead_url)
    assert message["Body"] == "stray" and message["MessageAttributes"]["a"]["StringValue"] == "1"


# ---- over HTTP ----

def confirm(endpoint):
    _, _, _, headers, body = endpoint.wait(1)
    message = json.loads(body)
    assert message["Type"] == "SubscriptionConfirmation" == headers["x-amz-sns-message-type"]
    assert headers["Content-Type"] == "text/plain; charset=UTF-8" and headers["User-Agent"] == "Amazon Simple Notification Service Agent"
    assert signature_holds(message, CONFIRMATION)
    with urllib.request.urlopen(message["SubscribeURL"]) as answer:
        root = ElementTree.fromstring(answer.read())
    return root.find(".//{*}SubscriptionArn").text


def test_http_confirmation_and_delivery(sns, topic, endpoint):
    assert sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=endpoint.url)["SubscriptionArn"] == "pending confirmation"
    sns.publish(TopicArn=topic, Message="too early")
    arn = confirm(endpoint)
    assert sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]["ConfirmationWasAuthenticated"] == "false"
    published = sns.publish(TopicArn=topic, Message="on time")
    _, _, _, headers, body = endpoint.wait(2)
    message = json.loads(body)
    assert message["Message"] == "on time" and headers["x-amz-sns-message-id"] == published["MessageId"]
    assert headers["x-amz-sns-subscription-arn"] == arn and headers["x-amz-sns-topic-arn"] == topic
    assert signature_holds(message, NOTIFICATION)
    assert len(endpoint.got) == 2
    assert refused("InvalidParameter", sns.confirm_subscription, TopicArn=topic, Token="randomtoken") == "Invalid token"
    assert refused("InvalidParameter", sns.confirm_subscription, TopicArn=topic, Token="0" * 256) == "Invalid parameter: Token"


def test_http_is_tried_again_on_the_clock(brume_of_own, endpoint):
    sns, sqs = brume_of_own.client("sns"), brume_of_own.client("sqs")
    topic = sns.create_topic(Name="t")["TopicArn"]
    dead_url = sqs.create_queue(QueueName="dead")["QueueUrl"]
    dead = f"arn:aws:sqs:us-east-1:{ACCOUNT}:dead"
    let_topic_send(sqs, dead_url, dead, topic)
    sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=endpoint.url, Attributes={
        "RawMessageDelivery": "true", "RedrivePolicy": json.dumps({"deadLetterTargetArn": dead})})
    confirm(endpoint)
    endpoint.answers = [500, 503]
    sns.publish(TopicArn=topic, Message="again")
    endpoint.wait(2)
    for n in (3, 4):
        _, _, _, headers, body = endpoint.wait_moving(n, brume_of_own)
        assert body == "again" and headers["x-amz-sns-rawdelivery"] == "true"
    endpoint.answers = [400]
    sns.publish(TopicArn=topic, Message="never")
    endpoint.wait(5)
    assert [m["Body"] for m in receive(sqs, dead_url)] == ["never"]


def test_an_unconfirmed_subscription_goes_after_two_days(brume_of_own, endpoint):
    sns = brume_of_own.client("sns")
    topic = sns.create_topic(Name="t")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=endpoint.url)
    endpoint.wait(1)
    assert sns.get_topic_attributes(TopicArn=topic)["Attributes"]["SubscriptionsPending"] == "1"
    brume_of_own.advance_clock((48 * 3600 + 1) * 1000)
    assert sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"] == []


# ---- durability ----

def test_kill_9_loses_nothing_published(start_brume):
    server = start_brume()
    sns, sqs = server.client("sns"), server.client("sqs")
    topic = sns.create_topic(Name="t")["TopicArn"]
    urls = []
    for i in range(3):
        url = sqs.create_queue(QueueName=f"q{i}")["QueueUrl"]
        arn = f"arn:aws:sqs:us-east-1:{ACCOUNT}:q{i}"
        let_topic_send(sqs, url, arn, topic)
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
        urls.append(f"/{ACCOUNT}/q{i}")
    for i in range(20):
        sns.publish(TopicArn=topic, Message=str(i))
    server.kill()
    server.start()
    sqs = server.client("sqs")
    for url in urls:
        assert sorted(int(m["Body"]) for m in receive(sqs, server.url + url, 20)) == list(range(20))
