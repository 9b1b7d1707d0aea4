"""Partner event sources: offered, taken up by a bus, fed by the partner's calls or its signed webhook."""
import hashlib
import hmac
import json
import subprocess
import time
import urllib.error
import urllib.request
import uuid

import pytest
from kit import refused

import conftest


class Pair:
    """A partner and an account that it offers a source to."""

    def __init__(self, brume):
        self.brume, self.source = brume, f"aws.partner/example.com/{uuid.uuid4().hex[:8]}/orders"
        self.partner_id, self.account = (f"{uuid.uuid4().int % 10**12:012}" for _ in range(2))
        self.partner, self.events, self.sqs = brume.client("events", account=self.partner_id), brume.client("events", account=self.account), brume.client("sqs", account=self.account)

    def offer(self):
        return self.partner.create_partner_event_source(Name=self.source, Account=self.account)["EventSourceArn"]

    def take_up(self):
        """A bus for the source, whose events go to a queue."""
        self.events.create_event_bus(Name=self.source, EventSourceName=self.source)
        self.url = self.sqs.create_queue(QueueName="q")["QueueUrl"]
        arn = f"arn:aws:sqs:us-east-1:{self.account}:q"
        self.sqs.set_queue_attributes(QueueUrl=self.url, Attributes={"Policy": json.dumps({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": arn}]})})
        self.events.put_rule(Name="r", EventBusName=self.source, EventPattern=json.dumps({"source": [{"prefix": "aws.partner/example.com"}]}))
        self.events.put_targets(Rule="r", EventBusName=self.source, Targets=[{"Id": "q", "Arn": arn}])

    def put(self, detail="{}", **entry):
        return self.partner.put_partner_events(Entries=[{"Source": self.source, "DetailType": "Order", "Detail": detail, **entry}])

    def received(self):
        found = self.sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10).get("Messages", [])
        for m in found:
            self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=m["ReceiptHandle"])
        return [json.loads(m["Body"]) for m in found]

    def state(self):
        return self.events.describe_event_source(Name=self.source)["State"]


@pytest.fixture
def pair(brume):
    return Pair(brume)


def test_a_source_is_offered_and_taken_up(pair):
    assert pair.offer() == f"arn:aws:events:us-east-1::event-source/{pair.source}"
    refused("ResourceAlreadyExistsException", pair.partner.create_partner_event_source, Name=pair.source, Account=pair.account)
    shown = pair.events.list_event_sources(NamePrefix="aws.partner/example.com")["EventSources"]
    assert [(s["Name"], s["State"], s["CreatedBy"]) for s in shown] == [(pair.source, "PENDING", "example.com")]
    assert (shown[0]["ExpirationTime"] - shown[0]["CreationTime"]).days == 14
    assert pair.partner.describe_partner_event_source(Name=pair.source)["Name"] == pair.source
    refused("ResourceNotFoundException", pair.events.describe_partner_event_source, Name=pair.source)
    refused("InvalidStateException", pair.events.activate_event_source, Name=pair.source)
    refused("ValidationException", pair.events.create_event_bus, Name="other", EventSourceName=pair.source)
    refused("ValidationException", pair.events.create_event_bus, Name=pair.source)
    refused("ResourceNotFoundException", pair.events.create_event_bus, Name=pair.source + "x", EventSourceName=pair.source + "x")

    pair.put()  # nobody has taken the source up yet
    pair.take_up()
    assert pair.state() == "ACTIVE"
    sent = pair.put('{"n": 1}', Resources=["arn:of:mine"])
    assert sent["FailedEntryCount"] == 0
    event, = pair.received()
    assert (event["id"], event["source"], event["account"], event["detail-type"]) == (sent["Entries"][0]["EventId"], pair.source, pair.account, "Order")
    assert event["detail"] == {"n": 1} and event["resources"] == ["arn:of:mine"]
    accounts = pair.partner.list_partner_event_source_accounts(EventSourceName=pair.source)["PartnerEventSourceAccounts"]
    assert [(a["Account"], a["State"]) for a in accounts] == [(pair.account, "ACTIVE")]

    pair.events.deactivate_event_source(Name=pair.source)
    assert pair.state() == "PENDING"
    refused("InvalidStateException", pair.events.deactivate_event_source, Name=pair.source)
    pair.put()
    pair.events.activate_event_source(Name=pair.source)
    pair.put('{"n": 2}')
    assert [e["detail"] for e in pair.received()] == [{"n": 2}]


def test_what_partners_cannot_put(pair):
    pair.offer()
    pair.take_up()
    entries = [{"Source": pair.source + "/other", "DetailType": "t", "Detail": "{}"}, {"Source": pair.source, "DetailType": "t", "Detail": "["}, {"Source": pair.source, "Detail": "{}"}]
    result = pair.partner.put_partner_events(Entries=entries)
    assert result["FailedEntryCount"] == 3
    assert [e["ErrorCode"] for e in result["Entries"]] == ["NotAuthorizedForSourceException", "MalformedDetail", "InvalidArgument"]
    # nor does the account itself
    assert pair.events.put_partner_events(Entries=[{"Source": pair.source, "DetailType": "t", "Detail": "{}"}])["FailedEntryCount"] == 1
    assert pair.received() == []


def test_a_source_is_withdrawn(pair):
    pair.offer()
    other = f"{uuid.uuid4().int % 10**12:012}"
    pair.partner.create_partner_event_source(Name=pair.source, Account=other)
    assert len(pair.partner.list_partner_event_source_accounts(EventSourceName=pair.source)["PartnerEventSourceAccounts"]) == 2
    assert [s["Name"] for s in pair.partner.list_partner_event_sources(NamePrefix="aws.partner/example.com/")["PartnerEventSources"]] == [pair.source]
    pair.partner.delete_partner_event_source(Name=pair.source, Account=other)
    assert pair.brume.client("events", account=other).list_event_sources()["EventSources"] == []
    pair.take_up()
    pair.partner.delete_partner_event_source(Name=pair.source, Account=pair.account)
    assert pair.state() == "DELETED"
    refused("InvalidStateException", pair.events.activate_event_source, Name=pair.source)
    pair.events.remove_targets(Rule="r", EventBusName=pair.source, Ids=["q"])
    pair.events.delete_rule(Name="r", EventBusName=pair.source)
    pair.events.delete_event_bus(Name=pair.source)
    refused("ResourceNotFoundException", pair.events.describe_event_source, Name=pair.source)


def test_an_offer_ends_after_two_weeks(start_brume):
    pair, kept = Pair(start_brume()), None
    kept = Pair(pair.brume)
    pair.offer()
    kept.offer()
    kept.take_up()
    pair.brume.advance_clock(13 * 86400 * 1000)
    assert pair.state() == "PENDING"
    pair.brume.advance_clock(2 * 86400 * 1000)
    refused("ResourceNotFoundException", pair.events.describe_event_source, Name=pair.source)
    assert kept.state() == "ACTIVE"


# ---- the webhook ----

def post(url, body, **headers):
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data=body, headers=headers, method="POST")) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def sign(secret, text):
    return hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()


def webhook(pair, *secret):
    shown = subprocess.run([conftest.BINARY, "webhook", pair.partner_id, "us-east-1", pair.source, *secret, "--data", str(pair.brume.data)],
                           capture_output=True, text=True, check=True).stdout
    values = dict(line.split(None, 1) for line in shown.splitlines())
    return pair.brume.url + values["path"], values["secret"]


def test_a_signed_webhook_becomes_an_event(pair):
    pair.offer()
    pair.take_up()
    url, secret = webhook(pair)
    assert webhook(pair) == (url, secret)
    body = json.dumps({"action": "opened", "n": [1, 2]}).encode()
    assert post(url, body, **{"X-Hub-Signature-256": "sha256=" + sign(secret, body), "X-GitHub-Event": "issues"}) == 200
    event, = pair.received()
    assert (event["source"], event["detail-type"], event["account"], event["detail"]) == (pair.source, "issues", pair.account, json.loads(body))
    # as Stripe signs, with a secret of its own choice
    url, secret = webhook(pair, "whsec_of_theirs")
    assert secret == "whsec_of_theirs"
    body, now = b'{"type": "charge.succeeded"}', str(int(time.time()))
    good = sign(secret, now.encode() + b"." + body)
    assert post(url, body, **{"Stripe-Signature": f"t={now},v1={'0' * 64},v1={good},v0=x"}) == 200
    assert [e["detail-type"] for e in pair.received()] == ["charge.succeeded"]


def test_webhooks_that_are_refused(pair):
    pair.offer()
    pair.take_up()
    url, secret = webhook(pair)
    body = b'{"n": 1}'
    good = "sha256=" + sign(secret, body)
    assert post(url, body) == 403
    assert post(url, body, **{"X-Hub-Signature-256": "sha256=" + sign("other", body)}) == 403
    assert post(url, body + b" ", **{"X-Hub-Signature-256": good}) == 403
    late = str(int(time.time()) - 600)
    assert post(url, body, **{"Stripe-Signature": f"t={late},v1={sign(secret, late.encode() + b'.' + body)}"}) == 403
    assert post(url, b"text", **{"X-Hub-Signature-256": "sha256=" + sign(secret, b"text")}) == 400
    assert post(url + "x", body, **{"X-Hub-Signature-256": good}) == 404
    assert post(pair.brume.url + "/_brume/webhook/000/us-east-1/x", body) == 404
    assert pair.received() == []
    pair.partner.delete_partner_event_source(Name=pair.source, Account=pair.account)
    assert post(url, body, **{"X-Hub-Signature-256": good}) == 404
