"""Channels: events from outside of AWS, put by cloudtrail-data, asked for in SQL."""
import base64
import hashlib
import json
import time
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

MINUTE, DAY = 60 * 1000, 24 * 3600 * 1000
LIBRARY = Path(__file__).resolve().parents[3] / ".deps/duckdb/libduckdb.so"
asked_in_sql = pytest.mark.skipif(not LIBRARY.exists(), reason="DuckDB's library is not there")
ACTIVITY = [{"Name": "external", "FieldSelectors": [{"Field": "eventCategory", "Equals": ["ActivityAuditLog"]}]}]


def refused(call, **options):
    with pytest.raises(ClientError) as error:
        call(**options)
    return error.value.response["Error"]["Code"]


def make_store(trail, name="external", selectors=ACTIVITY):
    return trail.create_event_data_store(Name=name, TerminationProtectionEnabled=False, AdvancedEventSelectors=selectors)["EventDataStoreArn"]


def make_channel(trail, *stores, name="channel", source="Custom", **options):
    return trail.create_channel(Name=name, Source=source, Destinations=[{"Type": "EVENT_DATA_STORE", "Location": s} for s in stores], **options)["ChannelArn"]


def event(account, name="Login", **more):
    data = {"version": "1.0", "userIdentity": {"type": "Person", "principalId": "anna", "details": {"team": "blue"}}, "eventSource": "shop.example.com", "eventName": name,
            "eventTime": "2026-01-02T03:04:05Z", "UID": "u-1", "recipientAccountId": account, "requestParameters": {"from": "here"}, **more}
    return json.dumps({k: v for k, v in data.items() if v is not None}, indent=1)


def ask(trail, statement):
    query = trail.start_query(QueryStatement=statement)["QueryId"]
    until = time.monotonic() + 30
    while (got := trail.describe_query(QueryId=query))["QueryStatus"] in ("QUEUED", "RUNNING") and time.monotonic() < until:
        time.sleep(0.02)
    assert got["QueryStatus"] == "FINISHED", got
    return [{k: v for column in row for k, v in column.items()} for row in trail.get_query_results(QueryId=query)["QueryResultRows"]]


def test_a_channel_is_described_as_it_was_made(trail, account):
    store, other = make_store(trail), make_store(trail, "other")
    own = make_store(trail, "own", [{"FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]}]}])
    made = trail.create_channel(Name="shop", Source="Custom", Destinations=[{"Type": "EVENT_DATA_STORE", "Location": store}], Tags=[{"Key": "a", "Value": "b"}])
    arn = made["ChannelArn"]
    assert arn.startswith(f"arn:aws:cloudtrail:us-east-1:{account}:channel/") and made["Tags"] == [{"Key": "a", "Value": "b"}]
    shown = trail.get_channel(Channel=arn.rsplit("/", 1)[1])
    assert (shown["ChannelArn"], shown["Name"], shown["Source"], shown["Destinations"]) == (arn, "shop", "Custom", [{"Type": "EVENT_DATA_STORE", "Location": store}])
    assert "IngestionStatus" not in shown
    assert trail.list_tags(ResourceIdList=[arn])["ResourceTagList"][0]["TagsList"] == [{"Key": "a", "Value": "b"}]
    okta = make_channel(trail, other, name="okta", source="OktaSystemLogEvents")
    first = trail.list_channels(MaxResults=1)
    second = trail.list_channels(MaxResults=1, NextToken=first["NextToken"])
    assert {c["Name"]: c["ChannelArn"] for c in first["Channels"] + second["Channels"]} == {"shop": arn, "okta": okta} and "NextToken" not in second
    to = lambda *stores: [{"Type": "EVENT_DATA_STORE", "Location": s} for s in stores]
    for code, options in (("ChannelAlreadyExistsException", {"Name": "shop", "Source": "GitHub"}), ("ChannelAlreadyExistsException", {"Source": "Custom"}),
                          ("InvalidSourceException", {"Source": "Unheard"}), ("InvalidEventDataStoreCategoryException", {"Destinations": to(own)}),
                          ("EventDataStoreNotFoundException", {"Destinations": to(store[:-4] + "0000")}), ("InvalidParameterException", {"Destinations": to(store, store)})):
        assert refused(trail.create_channel, **{"Name": "new", "Source": "GitHub", "Destinations": to(store), **options}) == code, options
    assert refused(trail.delete_event_data_store, EventDataStore=store) == "ChannelExistsForEDSException"
    assert refused(trail.stop_event_data_store_ingestion, EventDataStore=store) == "InvalidEventDataStoreCategoryException"
    assert trail.update_channel(Channel=arn, Name="shop2", Destinations=to(other))["Destinations"] == to(other)
    trail.delete_event_data_store(EventDataStore=store)
    trail.delete_channel(Channel=arn)
    assert refused(trail.get_channel, Channel=arn) == refused(trail.delete_channel, Channel=arn) == "ChannelNotFoundException"
    assert refused(trail.get_channel, Channel=f"arn:aws:cloudtrail:us-east-1:{account}:trail/x") == "ChannelARNInvalidException"


@asked_in_sql
def test_events_of_an_application_are_asked_for(brume, account, trail):
    store, second = make_store(trail), make_store(trail, "second")
    arn = make_channel(trail, store, second)
    data = brume.client("cloudtrail-data", account=account)
    login = event(account, additionalEventData={"text": "two\nlines"})
    checksum = base64.b64encode(hashlib.sha256(login.encode()).digest()).decode()
    put = data.put_audit_events(channelArn=arn, auditEvents=[
        {"id": "a", "eventData": login, "eventDataChecksum": checksum}, {"id": "b", "eventData": event(account, "Logout")},
        {"id": "c", "eventData": login, "eventDataChecksum": "wrong"}, {"id": "d", "eventData": event(account, UID=None)}, {"id": "e", "eventData": event("111122223333")},
        {"id": "f", "eventData": event(account, userAgent="x" * 1025)}, {"id": "g", "eventData": "no JSON"}, {"id": "h", "eventData": event(account, eventTime="soon")},
        {"id": "i", "eventData": event(account, userIdentity={"type": "Person"})}])
    assert [e["id"] for e in put["successful"]] == ["a", "b"]
    assert [(e["id"], e["errorCode"]) for e in put["failed"]] == [
        ("c", "InvalidChecksum"), ("d", "FieldNotFound"), ("e", "InvalidRecipient"), ("f", "FieldTooLong"), ("g", "InvalidData"), ("h", "InvalidData"), ("i", "FieldNotFound")]
    for one in (store, second):
        rows = ask(trail, f"""SELECT eventCategory, eventID, eventData.eventName AS name, eventData.userIdentity.principalId AS who, element_at(eventData.userIdentity.details, 'team') AS team,
                              element_at(eventData.additionalEventData, 'text') AS text, metadata.channelARN AS channel, eventTime
                              FROM {one.rsplit('/', 1)[1]} WHERE eventData.eventSource = 'shop.example.com' AND eventTime > '2026-01-01 00:00:00' ORDER BY name""")
        assert [(r["eventCategory"], r["eventID"], r["name"], r["who"], r["team"], r["text"], r["channel"], r["eventTime"]) for r in rows] == [
            ("ActivityAuditLog", put["successful"][0]["eventID"], "Login", "anna", "blue", "two\nlines", arn, "2026-01-02 03:04:05.000"),
            ("ActivityAuditLog", put["successful"][1]["eventID"], "Logout", "anna", "blue", "", arn, "2026-01-02 03:04:05.000")]
    status = trail.get_channel(Channel=arn)["IngestionStatus"]
    assert status["LatestIngestionSuccessEventID"] == put["successful"][1]["eventID"] and status["LatestIngestionErrorCode"] == "FieldNotFound"
    same = {"id": "a", "eventData": login}
    assert refused(data.put_audit_events, channelArn=arn, auditEvents=[same, same]) == "DuplicatedAuditEventId"
    assert refused(data.put_audit_events, channelArn=arn + "0", auditEvents=[same]) == "ChannelNotFound"
    assert refused(data.put_audit_events, channelArn=f"arn:aws:sqs:us-east-1:{account}:q", auditEvents=[same]) == "InvalidChannelARN"


@asked_in_sql
def test_events_are_taken_in_and_forgotten_on_the_clock(start_brume):
    server = start_brume()
    trail, data = server.client("cloudtrail"), server.client("cloudtrail-data")
    account = server.identity_of(trail)["Account"]
    store = trail.create_event_data_store(Name="short", RetentionPeriod=7, TerminationProtectionEnabled=False, AdvancedEventSelectors=ACTIVITY)["EventDataStoreArn"]
    arn, count = make_channel(trail, store), f"SELECT count(DISTINCT eventID) AS n, count(*) AS all FROM {store.rsplit('/', 1)[1]}"
    for i in range(120):  # more than one round takes
        data.put_audit_events(channelArn=arn, auditEvents=[{"id": "a", "eventData": event(account)}, {"id": "b", "eventData": event(account)}])
    assert ask(trail, count) == [{"n": "240", "all": "240"}]
    server.advance_clock(6 * MINUTE)
    data.put_audit_events(channelArn=arn, auditEvents=[{"id": "a", "eventData": event(account)}])
    assert ask(trail, count) == [{"n": "241", "all": "241"}]
    server.kill()
    trail = server.start().client("cloudtrail")
    assert ask(trail, count) == [{"n": "241", "all": "241"}]
    server.advance_clock(8 * DAY, coalesce=True)
    until = time.monotonic() + 60
    while ask(trail, count) != [{"n": "0", "all": "0"}]:  # the round is under way on a worker
        assert time.monotonic() < until
        time.sleep(0.1)


@pytest.mark.as_root
def test_who_may_put_events(brume, account, trail):
    store, other = make_store(trail), f"{(int(account) + 1) % 10**12:012}"
    arn = make_channel(trail, store)
    entry = [{"id": "a", "eventData": event(account)}]
    own, foreign = brume.client("cloudtrail-data", account=account), brume.client("cloudtrail-data", account=other)
    assert refused(foreign.put_audit_events, channelArn=arn, auditEvents=entry) == "AccessDeniedException"
    assert len(own.put_audit_events(channelArn=arn, auditEvents=entry)["successful"]) == 1
    assert refused(trail.get_resource_policy, ResourceArn=arn) == "ResourcePolicyNotFoundException"

    def policy(**more):
        return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{other}:root"}, "Action": "cloudtrail-data:PutAuditEvents", "Resource": arn,
                                                                  "Condition": {"StringEquals": {"cloudtrail:ExternalId": "secret-word"}}, **more}]})
    for wrong in (policy(Action="cloudtrail:*"), policy(Resource="*"), "{}"):
        assert refused(trail.put_resource_policy, ResourceArn=arn, ResourcePolicy=wrong) == "ResourcePolicyNotValidException", wrong
    trail.put_resource_policy(ResourceArn=arn, ResourcePolicy=policy())
    assert json.loads(trail.get_resource_policy(ResourceArn=arn)["ResourcePolicy"]) == json.loads(policy())
    assert refused(foreign.put_audit_events, channelArn=arn, auditEvents=entry) == "AccessDeniedException"
    assert len(foreign.put_audit_events(channelArn=arn, auditEvents=entry, externalId="secret-word")["successful"]) == 1
    trail.delete_resource_policy(ResourceArn=arn)
    assert refused(foreign.put_audit_events, channelArn=arn, auditEvents=entry, externalId="secret-word") == "AccessDeniedException"


@asked_in_sql
@pytest.mark.as_root
def test_a_store_under_a_key_of_kms(start_brume):
    """What lies on the disk is sealed; a disabled key stops events, questions, and the reading of answers."""
    server = start_brume()
    trail, data, kms = server.client("cloudtrail"), server.client("cloudtrail-data"), server.client("kms")
    account = server.identity_of(trail)["Account"]
    options = {"Name": "sealed", "TerminationProtectionEnabled": False, "AdvancedEventSelectors": ACTIVITY}
    key = kms.create_key()["KeyMetadata"]["Arn"]
    assert refused(trail.create_event_data_store, KmsKeyId=key, **options) == "InsufficientEncryptionPolicyException"
    assert refused(trail.create_event_data_store, KmsKeyId="alias/absent", **options) == "KmsKeyNotFoundException"
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": account}, "Action": "kms:*", "Resource": "*"},
        {"Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"}, "Action": ["kms:GenerateDataKey", "kms:Decrypt"], "Resource": "*"}]}))
    store = trail.create_event_data_store(KmsKeyId=key, **options)["EventDataStoreArn"]
    assert trail.get_event_data_store(EventDataStore=store)["KmsKeyId"] == key
    other = kms.create_key(Policy=kms.get_key_policy(KeyId=key)["Policy"])["KeyMetadata"]["Arn"]
    assert refused(trail.update_event_data_store, EventDataStore=store, KmsKeyId=other) == "InvalidParameterException"
    open_store = trail.create_event_data_store(**{**options, "Name": "open"})["EventDataStoreArn"]
    own = trail.create_event_data_store(Name="own", KmsKeyId=key, TerminationProtectionEnabled=False)["EventDataStoreArn"]
    sealed, plain = make_channel(trail, store), make_channel(trail, open_store, name="plain", source="GitHub")

    def names(of, arn):
        return [r["name"] for r in ask(trail, f"SELECT {of} AS name FROM {arn.rsplit('/', 1)[1]} ORDER BY name")]

    def on_disk(word):
        return any(word in f.read_bytes() for f in server.data.rglob("*") if f.is_file())
    data.put_audit_events(channelArn=sealed, auditEvents=[{"id": "a", "eventData": event(account, "hidden-word-1")}])
    data.put_audit_events(channelArn=plain, auditEvents=[{"id": "a", "eventData": event(account, "plain-word-1")}])
    assert on_disk(b"plain-word-1") and not on_disk(b"hidden-word-1")
    assert names("eventData.eventName", store) == ["hidden-word-1"]
    server.advance_clock(6 * MINUTE)
    data.put_audit_events(channelArn=sealed, auditEvents=[{"id": "a", "eventData": event(account, "hidden-word-2")}])
    query = trail.start_query(QueryStatement=f"SELECT eventData.eventName FROM {store.rsplit('/', 1)[1]}")["QueryId"]
    assert names("eventData.eventName", store) == ["hidden-word-1", "hidden-word-2"] and not on_disk(b"hidden-word-")
    assert "CreateChannel" in names("eventName", own)
    kms.disable_key(KeyId=key)
    stopped = "InsufficientEncryptionPolicyException"
    assert refused(trail.start_query, QueryStatement=f"SELECT 1 FROM {store.rsplit('/', 1)[1]}") == refused(trail.get_query_results, QueryId=query) == stopped
    failed = data.put_audit_events(channelArn=sealed, auditEvents=[{"id": "a", "eventData": event(account, "late")}])["failed"]
    assert [e["errorCode"] for e in failed] == ["AccountNotSubscribed"]
    trail.create_event_data_store(**{**options, "Name": "while-disabled"})
    server.advance_clock(30 * MINUTE)
    kms.enable_key(KeyId=key)
    assert names("eventData.eventName", store) == ["hidden-word-1", "hidden-word-2"]
    assert len(trail.get_query_results(QueryId=query)["QueryResultRows"]) == 2
    assert names("eventName", own).count("CreateEventDataStore") == 2  # its own, and what came while it could not be sealed
    user = server.client("iam").create_user(UserName="anna")["User"]["UserName"]
    server.client("iam").put_user_policy(UserName=user, PolicyName="lake", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "cloudtrail:*", "Resource": "*"}]}))
    keys = server.client("iam").create_access_key(UserName=user)["AccessKey"]
    anna = server.client("cloudtrail", account=keys["AccessKeyId"], secret=keys["SecretAccessKey"])
    assert refused(anna.start_query, QueryStatement=f"SELECT 1 FROM {store.rsplit('/', 1)[1]}") == refused(anna.get_query_results, QueryId=query) == stopped
