"""SNS to people and devices: email, text messages, pushes. What is sent is seen in brume's outbox."""
import json
import random
import re
import urllib.parse
import urllib.request
import uuid

import pytest
from kit import refused


class Account:
    """One's own, so that what others send is not seen."""

    def __init__(self, brume):
        self.brume, self.id = brume, str(random.randrange(10**11, 10**12))
        self.sns = brume.client("sns", account=self.id)

    def outbox(self, **wanted):
        return self.brume.admin("GET", "outbox", account=self.id, **wanted)

    def stop(self, number):
        self.brume.admin("POST", "outbox/stop", account=self.id, region="us-east-1", number=number)

    def topic(self):
        return self.sns.create_topic(Name=f"t-{uuid.uuid4().hex[:8]}")["TopicArn"]

    def verify(self, number):
        self.sns.create_sms_sandbox_phone_number(PhoneNumber=number)
        code = re.search(r"\d{6}", self.outbox(to=number)[0]["body"])[0]
        self.sns.verify_sms_sandbox_phone_number(PhoneNumber=number, OneTimePassword=code)


@pytest.fixture
def account(brume):
    return Account(brume)


# ---- email ----

def confirm(account, address):
    link = re.search(r"http\S+ConfirmSubscription\S+", account.outbox(to=address)[0]["body"])[0]
    with urllib.request.urlopen(link.rstrip('"')) as answer:
        assert answer.status == 200


def test_email_is_confirmed_by_its_link(account):
    topic = account.topic()
    assert account.sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="ann@example.com")["SubscriptionArn"] == "pending confirmation"
    assert account.sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"][0]["SubscriptionArn"] == "PendingConfirmation"
    account.sns.publish(TopicArn=topic, Message="too early")
    confirm(account, "ann@example.com")
    assert account.sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"][0]["SubscriptionArn"].startswith(topic)
    sent = account.sns.publish(TopicArn=topic, Subject="Hello", Message="the text")
    mails = account.outbox(kind="email", to="ann@example.com")
    assert len(mails) == 2
    assert (mails[0]["subject"], mails[0]["id"], mails[0]["outcome"]) == ("Hello", sent["MessageId"], "delivered")
    assert mails[0]["body"].startswith("the text\n") and "Action=Unsubscribe" in mails[0]["body"]


def test_unsubscribe_by_the_mails_link(account):
    topic = account.topic()
    account.sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="bob@example.com")
    confirm(account, "bob@example.com")
    account.sns.publish(TopicArn=topic, Message="x")
    link = re.search(r"http\S+Unsubscribe\S+", account.outbox(to="bob@example.com")[0]["body"])[0]
    with urllib.request.urlopen(link) as answer:
        assert answer.status == 200
    assert account.sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"] == []


def test_email_json(account):
    topic = account.topic()
    account.sns.subscribe(TopicArn=topic, Protocol="email-json", Endpoint="ci@example.com")
    invitation = json.loads(account.outbox(to="ci@example.com")[0]["body"])
    assert invitation["Type"] == "SubscriptionConfirmation"
    account.sns.confirm_subscription(TopicArn=topic, Token=invitation["Token"])
    account.sns.publish(TopicArn=topic, MessageStructure="json", Message=json.dumps({"default": "plain", "email-json": "for machines"}),
                        MessageAttributes={"n": {"DataType": "Number", "StringValue": "5"}})
    mail = json.loads(account.outbox(to="ci@example.com")[0]["body"])
    assert mail["Message"] == "for machines" and mail["MessageAttributes"] == {"n": {"Type": "Number", "Value": "5"}}


def test_what_is_no_address(account):
    for address in ("ann", "@b", "a b@c", "a@b@c"):
        refused("InvalidParameter", account.sns.subscribe, TopicArn=account.topic(), Protocol="email", Endpoint=address)


# ---- text messages ----

def test_text_reaches_a_verified_number(account):
    assert account.sns.get_sms_sandbox_account_status()["IsInSandbox"]
    account.verify("+15550100")
    assert account.sns.list_sms_sandbox_phone_numbers()["PhoneNumbers"] == [{"PhoneNumber": "+15550100", "Status": "Verified"}]
    sent = account.sns.publish(PhoneNumber="+1555-0100", Message="hello", MessageAttributes={
        "AWS.SNS.SMS.SenderID": {"DataType": "String", "StringValue": "Shop"}, "AWS.SNS.SMS.SMSType": {"DataType": "String", "StringValue": "Transactional"}})
    text = account.outbox(to="+15550100")[0]
    assert (text["id"], text["body"], text["from"], text["outcome"]) == (sent["MessageId"], "hello", "Shop", "delivered")
    assert text["details"] == {"parts": 1, "type": "Transactional"}


def test_the_sandbox_holds_back(account):
    account.sns.publish(PhoneNumber="+15550101", Message="hello")
    assert account.outbox(to="+15550101")[0]["outcome"] == "The number is not verified in the SMS sandbox"
    account.sns.create_sms_sandbox_phone_number(PhoneNumber="+15550101")
    refused("VerificationException", account.sns.verify_sms_sandbox_phone_number, PhoneNumber="+15550101", OneTimePassword="00000")
    assert account.sns.list_sms_sandbox_phone_numbers()["PhoneNumbers"][0]["Status"] == "Pending"
    refused("ResourceNotFound", account.sns.verify_sms_sandbox_phone_number, PhoneNumber="+15550109", OneTimePassword="123456")
    account.sns.delete_sms_sandbox_phone_number(PhoneNumber="+15550101")
    assert account.sns.list_sms_sandbox_phone_numbers()["PhoneNumbers"] == []
    for i in range(10):
        account.sns.create_sms_sandbox_phone_number(PhoneNumber=f"+1555020{i}")
    refused("UserError", account.sns.create_sms_sandbox_phone_number, PhoneNumber="+15550210")
    page = account.sns.list_sms_sandbox_phone_numbers(MaxResults=6)
    assert len(page["PhoneNumbers"]) == 6
    assert len(account.sns.list_sms_sandbox_phone_numbers(NextToken=page["NextToken"])["PhoneNumbers"]) == 4


def test_who_answers_stop_gets_no_more(account):
    account.verify("+15550102")
    account.stop("+15550102")
    assert account.sns.check_if_phone_number_is_opted_out(phoneNumber="+15550102")["isOptedOut"]
    assert account.sns.list_phone_numbers_opted_out()["phoneNumbers"] == ["+15550102"]
    account.sns.publish(PhoneNumber="+15550102", Message="x")
    assert account.outbox(to="+15550102")[0]["outcome"] == "Phone number is opted out"
    account.sns.opt_in_phone_number(phoneNumber="+15550102")
    assert not account.sns.check_if_phone_number_is_opted_out(phoneNumber="+15550102")["isOptedOut"]
    account.sns.publish(PhoneNumber="+15550102", Message="x")
    assert account.outbox(to="+15550102")[0]["outcome"] == "delivered"


def test_spend_limit(account):
    account.verify("+15550103")
    account.sns.set_sms_attributes(attributes={"MonthlySpendLimit": "0.02"})  # three parts
    for outcome in ("delivered", "No quota left for account"):
        account.sns.publish(PhoneNumber="+15550103", Message="x" * 300)  # two parts
        assert account.outbox(to="+15550103")[0]["outcome"] == outcome


def test_sms_attributes(account):
    assert account.sns.get_sms_attributes()["attributes"] == {"MonthlySpendLimit": "1"}
    account.sns.set_sms_attributes(attributes={"DefaultSMSType": "Promotional", "DefaultSenderID": "LSTest"})
    account.sns.set_sms_attributes(attributes={"DefaultSMSType": "Transactional", "UsageReportS3Bucket": "reports"})
    assert account.sns.get_sms_attributes()["attributes"]["UsageReportS3Bucket"] == "reports"
    account.sns.set_sms_attributes(attributes={"UsageReportS3Bucket": "", "DefaultSenderID": "LSTest"})  # nothing: no longer set
    assert account.sns.get_sms_attributes(attributes=["DefaultSMSType"])["attributes"] == {"DefaultSMSType": "Transactional"}
    refused("InvalidParameter", account.sns.set_sms_attributes, attributes={"MonthlySpendLimit": "100"})
    refused("InvalidParameter", account.sns.set_sms_attributes, attributes={"Nothing": "1"})
    for name, value in (("UsageReportS3Bucket", "a\0b"), ("UsageReportS3Bucket", "no/bucket"), ("DefaultSenderID", "twelve-signs"), ("DefaultSenderID", "a b"), ("DeliveryStatusIAMRole", "role")):
        refused("InvalidParameter", account.sns.set_sms_attributes, attributes={name: value})
    assert account.sns.list_origination_numbers()["PhoneNumbers"] == []


@pytest.mark.parametrize("number", ["+1a234", "NAA+15551234567"])
def test_what_is_no_number(account, number):
    assert refused("InvalidParameter", account.sns.publish, PhoneNumber=number, Message="x") == f"Invalid parameter: PhoneNumber Reason: {number} is not valid to publish to"
    assert refused("InvalidParameter", account.sns.opt_in_phone_number, phoneNumber=number) == "Invalid parameter: PhoneNumber Reason: input incorrectly formatted"


def test_a_topic_texts_its_subscribers(account):
    topic = account.topic()
    account.verify("+15550104")
    assert account.sns.subscribe(TopicArn=topic, Protocol="sms", Endpoint="+15550104")["SubscriptionArn"].startswith(topic)
    account.sns.publish(TopicArn=topic, MessageStructure="json", Message=json.dumps({"default": "long text", "sms": "short"}))
    assert account.outbox(to="+15550104")[0]["body"] == "short"


# ---- pushes ----

def application(account, platform="GCM", **attributes):
    return account.sns.create_platform_application(Name=f"app-{uuid.uuid4().hex[:8]}", Platform=platform,
                                                   Attributes={"PlatformCredential": "secret", **attributes})["PlatformApplicationArn"]


def test_push_to_an_endpoint(account):
    app = application(account)
    endpoint = account.sns.create_platform_endpoint(PlatformApplicationArn=app, Token="token-1", CustomUserData="ann")["EndpointArn"]
    assert endpoint.startswith(app.replace(":app/", ":endpoint/") + "/")
    assert account.sns.get_endpoint_attributes(EndpointArn=endpoint)["Attributes"] == {"CustomUserData": "ann", "Enabled": "true", "Token": "token-1"}
    sent = account.sns.publish(TargetArn=endpoint, Message="hi")
    push = account.outbox(kind="push")[0]
    assert (push["id"], push["to"], json.loads(push["body"])) == (sent["MessageId"], "token-1", {"data": {"default": "hi"}})
    native = json.dumps({"notification": {"title": "hi"}})
    account.sns.publish(TargetArn=endpoint, MessageStructure="json", Message=json.dumps({"default": "x", "GCM": native, "APNS": "{}"}))
    assert account.outbox(kind="push")[0]["body"] == native


def test_apples_form(account):
    endpoint = account.sns.create_platform_endpoint(PlatformApplicationArn=application(account, "APNS", PlatformPrincipal="certificate"), Token="t")["EndpointArn"]
    account.sns.publish(TargetArn=endpoint, Message="hi")
    assert json.loads(account.outbox(kind="push")[0]["body"]) == {"aps": {"alert": "hi"}}


def test_a_device_that_is_gone_is_disabled(account):
    topic = account.topic()
    queue = account.brume.client("sqs", account=account.id).create_queue(QueueName="events")["QueueUrl"]
    sqs = account.brume.client("sqs", account=account.id)
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": arn}]})})
    events = account.topic()
    account.sns.set_topic_attributes(TopicArn=events, AttributeName="Policy", AttributeValue=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sns:Publish", "Resource": events}]}))
    account.sns.subscribe(TopicArn=events, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
    app = application(account, EventDeliveryFailure=events, EventEndpointCreated=events)
    endpoint = account.sns.create_platform_endpoint(PlatformApplicationArn=app, Token="token-2")["EndpointArn"]
    account.sns.subscribe(TopicArn=topic, Protocol="application", Endpoint=endpoint)
    account.stop("token-2")
    account.sns.publish(TopicArn=topic, Message="x")
    assert account.outbox(kind="push")[0]["outcome"] == "The device is not registered"
    assert account.sns.get_endpoint_attributes(EndpointArn=endpoint)["Attributes"]["Enabled"] == "false"
    assert "disabled" in refused("EndpointDisabled", account.sns.publish, TargetArn=endpoint, Message="x")
    account.sns.set_endpoint_attributes(EndpointArn=endpoint, Attributes={"Enabled": "true"})
    account.sns.publish(TargetArn=endpoint, Message="again")
    assert account.sns.get_endpoint_attributes(EndpointArn=endpoint)["Attributes"]["Enabled"] == "false"
    seen = [json.loads(m["Body"])["EventType"] for m in sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]]
    assert sorted(seen) == ["DeliveryFailure", "DeliveryFailure", "EndpointCreated"]


def test_applications_and_endpoints(account):
    sns = account.sns
    app = application(account, SuccessFeedbackSampleRate="50")
    assert sns.get_platform_application_attributes(PlatformApplicationArn=app)["Attributes"] == {"Enabled": "true", "SuccessFeedbackSampleRate": "50"}
    assert [a["PlatformApplicationArn"] for a in sns.list_platform_applications()["PlatformApplications"]] == [app]
    first = sns.create_platform_endpoint(PlatformApplicationArn=app, Token="token_1")["EndpointArn"]
    assert sns.create_platform_endpoint(PlatformApplicationArn=app, Token="token_1")["EndpointArn"] == first
    assert refused("InvalidParameter", sns.create_platform_endpoint, PlatformApplicationArn=app, Token="token_1", CustomUserData="foo") == \
        f"Invalid parameter: Token Reason: Endpoint {first} already exists with the same Token, but different attributes."
    assert sns.list_endpoints_by_platform_application(PlatformApplicationArn=app)["Endpoints"] == [{"EndpointArn": first, "Attributes": {"Enabled": "true", "Token": "token_1"}}]
    sns.set_platform_application_attributes(PlatformApplicationArn=app, Attributes={"Enabled": "false"})
    refused("PlatformApplicationDisabled", sns.publish, TargetArn=first, Message="x")
    sns.delete_endpoint(EndpointArn=first)
    assert sns.list_endpoints_by_platform_application(PlatformApplicationArn=app)["Endpoints"] == []
    assert refused("NotFound", sns.get_endpoint_attributes, EndpointArn=first) == "Endpoint does not exist"
    refused("InvalidParameter", sns.publish, TargetArn=first, Message="x")
    sns.delete_platform_application(PlatformApplicationArn=app)
    assert refused("NotFound", sns.list_endpoints_by_platform_application, PlatformApplicationArn=app) == "PlatformApplication does not exist"


def test_what_is_no_application(account):
    sns, given = account.sns, {"PlatformCredential": "x"}
    assert refused("InvalidParameter", sns.create_platform_application, Name="a", Platform="AAA", Attributes=given) == "Invalid parameter: Platform Reason: AAA is not supported"
    assert refused("InvalidParameter", sns.create_platform_application, Name="", Platform="GCM", Attributes=given) == "Invalid parameter:  Reason: cannot be empty"
    assert "must contain only" in refused("InvalidParameter", sns.create_platform_application, Name="@name", Platform="GCM", Attributes=given)
    assert refused("InvalidParameter", sns.get_platform_application_attributes, PlatformApplicationArn="x") == \
        "Invalid parameter: PlatformApplicationArn Reason: An ARN must have at least 6 elements, not 1"
    app = application(account)
    for name in ("InvalidKey", "PlatformCredential"):
        assert refused("InvalidParameter", sns.create_platform_endpoint, PlatformApplicationArn=app, Token="t", Attributes={name: "x"}) == \
            f"Invalid parameter: Attributes Reason: Invalid attribute name: {name}"
    assert "at most 2048 bytes" in refused("InvalidParameter", sns.create_platform_endpoint, PlatformApplicationArn=app, Token="t", Attributes={"CustomUserData": "x" * 2049})
    assert refused("InvalidParameter", sns.set_endpoint_attributes, EndpointArn=app, Attributes={"Enabled": "true"}) == \
        "Invalid parameter: EndpointArn Reason: Wrong number of slashes in relative portion of the ARN."
