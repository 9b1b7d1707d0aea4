"""Data protection policies of topics, and what delivery status logs tell."""
import json
import re

import pytest
from kit import let_send, make_queue, make_role, name, refused, until

SNS = "sns.amazonaws.com"
IDENTIFIER = "arn:aws:dataprotection::aws:data-identifier/"


def policy(direction, operation, *identifiers):
    return json.dumps({"Name": "data_protection_policy", "Description": "Test Policy", "Version": "2021-06-01", "Statement": [
        {"Sid": "one", "DataDirection": direction, "Principal": ["*"], "DataIdentifier": [IDENTIFIER + i for i in identifiers], "Operation": operation}]})


@pytest.fixture
def sns(brume):
    return brume.client("sns")


@pytest.fixture
def topic(sns):
    return sns.create_topic(Name=name())["TopicArn"]


@pytest.fixture
def queue(brume, sns, topic):
    """What a subscribed queue gets."""
    sqs = brume.client("sqs")
    url, arn = make_queue(sqs, SNS)
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)

    def received(n):
        """The first n, and whatever came with them: the first message of all may wait for the signing key."""
        bodies = []
        while len(bodies) < n:
            for m in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=5)["Messages"]:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=m["ReceiptHandle"])
                bodies.append(json.loads(m["Body"])["Message"])
        return bodies
    return received


def test_policy_is_kept(sns, topic):
    assert sns.get_data_protection_policy(ResourceArn=topic)["DataProtectionPolicy"] == ""
    text = policy("Inbound", {"Deny": {}}, "EmailAddress")
    sns.put_data_protection_policy(ResourceArn=topic, DataProtectionPolicy=text)
    assert json.loads(sns.get_data_protection_policy(ResourceArn=topic)["DataProtectionPolicy"]) == json.loads(text)
    sns.put_data_protection_policy(ResourceArn=topic, DataProtectionPolicy="")
    assert sns.get_data_protection_policy(ResourceArn=topic)["DataProtectionPolicy"] == ""


def test_inbound_deny(sns, topic, queue):
    sns.put_data_protection_policy(ResourceArn=topic, DataProtectionPolicy=policy("Inbound", {"Deny": {}}, "EmailAddress"))
    refused("AuthorizationError", sns.publish, TopicArn=topic, Message="write to ann@example.com")
    sns.publish(TopicArn=topic, Message="write to nobody")
    batch = sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=[{"Id": "a", "Message": "x@example.com"}, {"Id": "b", "Message": "fine"}])
    assert [e["Id"] for e in batch["Successful"]] == ["b"] and [e["Id"] for e in batch["Failed"]] == ["a"]
    assert sorted(queue(2)) == ["fine", "write to nobody"]


@pytest.mark.parametrize("identifier,text,masked", [
    ("EmailAddress", "to ann.b+c@mail.example.com now", "to " + "#" * 24 + " now"),
    ("CreditCardNumber", "card 4111 1111 1111 1111, order 4111111111111112", "card ###################, order 4111111111111112"),
    ("Ssn-US", "ssn 536-90-4399 or 000-12-3456", "ssn ########### or 000-12-3456"),
    ("IpAddress", "from 10.0.0.1 and 999.1.1.1", "from ######## and 999.1.1.1"),
    ("PhoneNumber-US", "call (212) 555-0100", "call ##############"),
    ("AwsSecretKey", "key wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY.", "key " + "#" * 40 + "."),
])
def test_inbound_mask(sns, topic, queue, identifier, text, masked):
    sns.put_data_protection_policy(ResourceArn=topic, DataProtectionPolicy=policy("Inbound", {"Deidentify": {"MaskConfig": {"MaskWithCharacter": "#"}}}, identifier))
    sns.publish(TopicArn=topic, Message=text)
    assert queue(1) == [masked]


def test_outbound_redact_and_deny(sns, topic, queue):
    sns.put_data_protection_policy(ResourceArn=topic, DataProtectionPolicy=policy("Outbound", {"Deidentify": {"RedactConfig": {}}}, "EmailAddress"))
    sns.publish(TopicArn=topic, Message="to ann@example.com.")
    assert queue(1) == ["to ."]
    sns.put_data_protection_policy(ResourceArn=topic, DataProtectionPolicy=policy("Outbound", {"Deny": {}}, "EmailAddress"))
    sns.publish(TopicArn=topic, Message="to ann@example.com.")
    sns.publish(TopicArn=topic, Message="plain")
    assert queue(1) == ["plain"]


def audit(found=None, nothing=None, rate="99"):
    to = {"FindingsDestination": found, "NoFindingsDestination": nothing}
    return {"Audit": {"SampleRate": rate, **{name: {"CloudWatchLogs": {"LogGroup": group}} for name, group in to.items() if group}}}


@pytest.mark.as_root  # needs rights of Logs besides those of SNS
def test_audits_are_told_in_log_groups(brume, sns, topic):
    logs, found, clean = brume.client("logs"), name("/aws/vendedlogs/found"), name("/aws/vendedlogs/clean")
    with_groups = policy("Inbound", audit(found, clean), "EmailAddress", "IpAddress")
    assert refused("InvalidParameter", sns.put_data_protection_policy, ResourceArn=topic, DataProtectionPolicy=with_groups).endswith("the LogGroup does not exist")
    for group in (found, clean):
        logs.create_log_group(logGroupName=group)
    sns.put_data_protection_policy(ResourceArn=topic, DataProtectionPolicy=with_groups)
    # 99 of 100 messages are looked at, chosen by their ids: of ten at least one
    sent = {sns.publish(TopicArn=topic, Message="ann@example.com from 10.0.0.1, bob@example.com")["MessageId"] for _ in range(10)}
    quiet = {sns.publish(TopicArn=topic, Message="nothing")["MessageId"] for _ in range(10)}
    told = [json.loads(e["message"]) for e in logged(logs, found)]
    assert {t.pop("messageId") for t in told} <= sent and all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", t.pop("auditTimestamp")) for t in told)
    assert told[0] == {"callerPrincipal": brume.identity_of(sns)["Arn"], "resourceArn": topic, "dataIdentifiers": [
        {"name": "EmailAddress", "count": 2, "detections": [{"start": 1, "end": 15}, {"start": 32, "end": 46}]},
        {"name": "IpAddress", "count": 1, "detections": [{"start": 22, "end": 29}]}]}
    told = [json.loads(e["message"]) for e in logged(logs, clean)]
    assert {t["messageId"] for t in told} <= quiet and told[0]["dataIdentifiers"] == []


@pytest.mark.as_root
def test_audits_that_look_at_nothing_or_have_no_place(brume, sns, topic):
    logs, group = brume.client("logs"), name("/aws/vendedlogs/never")
    logs.create_log_group(logGroupName=group)
    sns.put_data_protection_policy(ResourceArn=topic, DataProtectionPolicy=policy("Inbound", audit(group, rate=0), "EmailAddress"))
    sns.publish(TopicArn=topic, Message="ann@example.com")
    assert logs.filter_log_events(logGroupName=group)["events"] == []
    sns.put_data_protection_policy(ResourceArn=topic, DataProtectionPolicy=policy("Inbound", audit(group), "EmailAddress"))
    logs.delete_log_group(logGroupName=group)
    assert sns.publish(TopicArn=topic, Message="ann@example.com")["MessageId"]  # nobody hears of it
    for wrong in (audit(), audit(group, rate="100"), audit(group, rate="x"), audit("/elsewhere")):
        refused("InvalidParameter", sns.put_data_protection_policy, ResourceArn=topic, DataProtectionPolicy=policy("Inbound", wrong, "EmailAddress"))
    to_bucket = {"Audit": {"SampleRate": "99", "FindingsDestination": {"S3": {"Bucket": "b"}}}}
    assert "S3" in refused("NotImplemented", sns.put_data_protection_policy, ResourceArn=topic, DataProtectionPolicy=policy("Inbound", to_bucket, "EmailAddress"))


@pytest.mark.parametrize("text", [
    "x", '{"Name":"n","Version":"2021-06-01","Statement":[]}', policy("Sideways", {"Deny": {}}, "EmailAddress"), policy("Inbound", {}, "EmailAddress"),
    policy("Inbound", {"Deny": {}}, "Nothing"), policy("Inbound", {"Deidentify": {}}, "EmailAddress"), policy("Outbound", {"Audit": {}}, "EmailAddress")])
def test_what_is_no_policy(sns, topic, text):
    refused("InvalidParameter", sns.put_data_protection_policy, ResourceArn=topic, DataProtectionPolicy=text)


# ---- delivery status ----

def logged(logs, group):
    """The group's events; what delivers writes them a little later."""
    def events():
        try:
            return logs.filter_log_events(logGroupName=group)["events"]
        except logs.exceptions.ResourceNotFoundException:
            return []
    return until(events)


@pytest.mark.as_root
def test_deliveries_are_logged_in_the_role(brume):
    logs, sns, sqs = (brume.client(s) for s in ("logs", "sns", "sqs"))
    role, topic_name = make_role(brume, "logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents", trusts=SNS), name()
    topic = sns.create_topic(Name=topic_name, Attributes={"SQSSuccessFeedbackRoleArn": role, "SQSFailureFeedbackRoleArn": role, "SQSSuccessFeedbackSampleRate": "100"})["TopicArn"]
    url, arn = make_queue(sqs)
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})  # unsigned: no first delivery waits for the key
    first = sns.publish(TopicArn=topic, Message="refused")["MessageId"]
    let_send(sqs, url, arn, SNS)
    second = sns.publish(TopicArn=topic, Message="taken")["MessageId"]
    group = f"sns/us-east-1/{topic.split(':')[4]}/{topic_name}"
    for suffix, message, status in (("/Failure", first, "FAILURE"), ("", second, "SUCCESS")):
        told = [json.loads(e["message"]) for e in logged(logs, group + suffix)]
        assert [(t["notification"]["messageId"], t["notification"]["topicArn"], t["delivery"]["destination"], t["status"]) for t in told] == [(message, topic, arn, status)]
