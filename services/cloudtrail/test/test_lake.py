"""Event data stores, and what is asked of them in SQL by DuckDB's library."""
import csv
import gzip
import io
import json
import time
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

MINUTE, HOUR, DAY = 60 * 1000, 3600 * 1000, 24 * 3600 * 1000
LIBRARY = Path(__file__).resolve().parents[3] / ".deps/duckdb/libduckdb.so"
asked_in_sql = pytest.mark.skipif(not LIBRARY.exists(), reason="DuckDB's library is not there")


def refused(call, **options):
    with pytest.raises(ClientError) as error:
        call(**options)
    return error.value.response["Error"]["Code"]


def make(trail, name="store", **options):
    return trail.create_event_data_store(Name=name, TerminationProtectionEnabled=False, **options)["EventDataStoreArn"]


def id_of(arn):
    return arn.rsplit("/", 1)[1]


def finished(trail, query):
    for _ in range(500):
        got = trail.describe_query(QueryId=query)
        if got["QueryStatus"] != "RUNNING":
            return got
        time.sleep(0.02)
    raise AssertionError("the query never ends")


def ask(trail, statement, **options):
    query = trail.start_query(QueryStatement=statement, **options)["QueryId"]
    got = finished(trail, query)
    assert got["QueryStatus"] == "FINISHED", got
    rows = trail.get_query_results(QueryId=query)["QueryResultRows"]
    return [{k: v for column in row for k, v in column.items()} for row in rows]


def test_a_store_is_described_as_it_was_made(trail, account):
    made = trail.create_event_data_store(Name="store", TagsList=[{"Key": "a", "Value": "b"}])
    arn = made["EventDataStoreArn"]
    assert arn.startswith(f"arn:aws:cloudtrail:us-east-1:{account}:eventdatastore/") and made["Status"] == "CREATED"
    shown = trail.get_event_data_store(EventDataStore=arn)
    assert (shown["Status"], shown["RetentionPeriod"], shown["TerminationProtectionEnabled"], shown["MultiRegionEnabled"], shown["OrganizationEnabled"],
            shown["BillingMode"]) == ("ENABLED", 366, True, True, False, "EXTENDABLE_RETENTION_PRICING")
    assert shown["AdvancedEventSelectors"] == [
        {"Name": "Default management events", "FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]}]}]
    assert [s["EventDataStoreArn"] for s in trail.list_event_data_stores()["EventDataStores"]] == [arn]
    trail.add_tags(ResourceId=arn, TagsList=[{"Key": "c", "Value": "d"}])
    trail.remove_tags(ResourceId=arn, TagsList=[{"Key": "a"}])
    assert trail.list_tags(ResourceIdList=[arn])["ResourceTagList"] == [{"ResourceId": arn, "TagsList": [{"Key": "c", "Value": "d"}]}]
    assert refused(trail.list_tags, ResourceIdList=[arn + "0"]) == "EventDataStoreNotFoundException"
    assert refused(trail.create_event_data_store, Name="store") == "EventDataStoreAlreadyExistsException"
    assert refused(trail.create_event_data_store, Name="long", BillingMode="FIXED_RETENTION_PRICING", RetentionPeriod=3000) == "InvalidParameterException"
    trail.update_event_data_store(EventDataStore=id_of(arn), Name="other", RetentionPeriod=7)
    assert trail.get_event_data_store(EventDataStore=id_of(arn))["Name"] == "other"
    trail.stop_event_data_store_ingestion(EventDataStore=arn)
    assert trail.get_event_data_store(EventDataStore=arn)["Status"] == "STOPPED_INGESTION"
    assert refused(trail.stop_event_data_store_ingestion, EventDataStore=arn) == "InvalidEventDataStoreStatusException"
    trail.start_event_data_store_ingestion(EventDataStore=arn)


def test_deleted_after_a_wait_and_restored_within_it(start_brume):
    server = start_brume()
    trail = server.client("cloudtrail")
    arn = trail.create_event_data_store(Name="store")["EventDataStoreArn"]
    assert refused(trail.delete_event_data_store, EventDataStore=arn) == "EventDataStoreTerminationProtectedException"
    trail.update_event_data_store(EventDataStore=arn, TerminationProtectionEnabled=False)
    trail.delete_event_data_store(EventDataStore=arn)
    assert trail.get_event_data_store(EventDataStore=arn)["Status"] == "PENDING_DELETION"
    assert refused(trail.update_event_data_store, EventDataStore=arn, Name="other") == "InactiveEventDataStoreException"
    assert trail.restore_event_data_store(EventDataStore=arn)["Status"] == "ENABLED"
    assert refused(trail.restore_event_data_store, EventDataStore=arn) == "InvalidEventDataStoreStatusException"
    trail.delete_event_data_store(EventDataStore=arn)
    server.advance_clock(7 * DAY + MINUTE)
    assert refused(trail.get_event_data_store, EventDataStore=arn) == "EventDataStoreNotFoundException"


@asked_in_sql
@pytest.mark.as_root
def test_who_did_what(brume, account, trail):
    arn = make(trail)
    brume.client("sqs", account=account).create_queue(QueueName="q")
    brume.client("sqs", account=account, region="eu-west-1").create_queue(QueueName="far")
    store = id_of(arn)
    rows = ask(trail, f"""SELECT eventName, awsRegion, userIdentity.arn AS who, element_at(requestParameters, 'queueName') AS queue, eventTime, errorCode
                          FROM {store} WHERE eventSource = 'sqs.amazonaws.com' AND eventTime > '2020-01-01 00:00:00' ORDER BY queue""")
    assert [(r["eventName"], r["awsRegion"], r["who"], r["queue"], r["errorCode"]) for r in rows] == [
        ("CreateQueue", "eu-west-1", f"arn:aws:iam::{account}:root", "far", ""), ("CreateQueue", "us-east-1", f"arn:aws:iam::{account}:root", "q", "")]
    assert len(rows[0]["eventTime"]) == len("2026-01-01 00:00:00.000")
    assert ask(trail, f"SELECT eventName, count(*) AS n FROM {store} WHERE eventName = ? GROUP BY eventName", QueryParameters=["CreateQueue"]) == [{"eventName": "CreateQueue", "n": "2"}]
    json_row, = ask(trail, f"SELECT eventJson FROM {store} WHERE awsRegion = 'eu-west-1'")
    assert json.loads(json_row["eventJson"])["requestParameters"] == {"queueName": "far"}
    mixed, = ask(trail, f"-- {store}'s own\nSELECT '{store}' AS text, date_add('day', -1, TIMESTAMP '2026-01-02 00:00:00') AS t, approx_distinct(eventName) > 0 AS some FROM {store}")
    assert mixed == {"text": store, "t": "2026-01-01 00:00:00.000", "some": "true"}


@asked_in_sql
def test_what_is_refused(brume, trail):
    store = id_of(make(trail))
    bad = "InvalidQueryStatementException"
    for statement in (f"SELEKT * FROM {store}", f"SELECT absent FROM {store}", f"DELETE FROM {store}", f"SELECT * FROM {store}; DROP TABLE {store}", "SELECT 1",
                      f"SELECT * FROM {store}, read_csv('/etc/passwd')", f"SELECT * FROM {store}, '/etc/passwd'", f"COPY {store} TO '/tmp/x'", f"SELECT '{store}'"):
        assert refused(trail.start_query, QueryStatement=statement) == bad, statement
    absent = "11111111-2222-3333-4444-555555555555"
    assert refused(trail.start_query, QueryStatement=f"SELECT 1 FROM {absent}") == "EventDataStoreNotFoundException"
    assert refused(trail.describe_query, QueryId=absent) == refused(trail.get_query_results, QueryId=absent) == "QueryIdNotFoundException"
    trail.delete_event_data_store(EventDataStore=store)
    assert refused(trail.start_query, QueryStatement=f"SELECT 1 FROM {store}") == "InactiveEventDataStoreException"


@asked_in_sql
def test_results_come_in_pages(brume, account, trail):
    store = id_of(make(trail))
    query = trail.start_query(QueryStatement=f"SELECT range AS n FROM range(2500), (SELECT count(*) FROM {store}) ORDER BY n")["QueryId"]
    got = finished(trail, query)
    assert got["QueryStatistics"]["EventsMatched"] == 2500 and got["QueryStatistics"]["BytesScanned"] > 0 and got["QueryStatistics"]["EventsScanned"] > 0
    token, seen = {}, []
    while token is not None:
        page = trail.get_query_results(QueryId=query, **token)
        seen += [row[0]["n"] for row in page["QueryResultRows"]]
        assert page["QueryStatistics"]["TotalResultsCount"] == 2500
        token = {"NextToken": page["NextToken"]} if "NextToken" in page else None
    assert seen == [str(i) for i in range(2500)]
    assert trail.list_queries(EventDataStore=store)["Queries"][0]["QueryId"] == query
    assert trail.list_queries(EventDataStore=store, QueryStatus="FAILED")["Queries"] == []
    assert refused(trail.cancel_query, QueryId=query) == "InactiveQueryException"


@asked_in_sql
def test_a_long_query_is_cancelled(trail):
    store = id_of(make(trail))
    query = trail.start_query(QueryStatement=f"SELECT count(*) FROM range(10000000) a, range(10000000) b, {store} WHERE a.range + b.range = 7")["QueryId"]
    assert trail.describe_query(QueryId=query)["QueryStatus"] == "RUNNING"
    assert trail.cancel_query(QueryId=query)["QueryStatus"] == "CANCELLED"
    assert trail.get_query_results(QueryId=query)["QueryStatus"] == "CANCELLED"
    assert len(ask(trail, f"SELECT 1 AS one FROM {store} LIMIT 1")) <= 1  # its worker is free again


@asked_in_sql
def test_kept_and_forgotten_on_the_clock(start_brume):
    """Events older than the history's 90 days stand in the store; past its retention they go."""
    server = start_brume()
    trail = server.client("cloudtrail")
    long, short = id_of(make(trail, "long", RetentionPeriod=400)), id_of(make(trail, "short", RetentionPeriod=7))
    server.client("sqs").create_queue(QueueName="old")
    count = "SELECT count(*) AS n FROM {} WHERE eventName = 'CreateQueue'"
    server.advance_clock(5 * MINUTE)
    assert ask(trail, count.format(long)) == ask(trail, count.format(short)) == [{"n": "1"}]
    server.stop()
    trail = server.start().client("cloudtrail")
    assert ask(trail, count.format(long)) == [{"n": "1"}]
    server.advance_clock(8 * DAY, coalesce=True)
    server.client("sqs").create_queue(QueueName="new")
    server.advance_clock(10 * MINUTE)
    for _ in range(100):  # the rounds run behind the clock
        left = [ask(trail, count.format(store))[0]["n"] for store in (long, short)]
        if left == ["2", "1"]:
            break
        time.sleep(0.2)
    assert left == ["2", "1"]


@asked_in_sql
def test_delivered_to_a_bucket(brume, account, trail):
    s3 = brume.client("s3", account=account)
    bucket = f"results-{account}"
    s3.create_bucket(Bucket=bucket)
    store = id_of(make(trail))
    statement = f"SELECT 1 AS one, 'a \"b\"' AS two FROM {store} LIMIT 1"
    query = trail.start_query(QueryStatement=statement, DeliveryS3Uri=f"s3://{bucket}/here")["QueryId"]
    assert finished(trail, query)["DeliveryStatus"] == "ACCESS_DENIED"
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"}, "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{bucket}/*"}]}))
    query = trail.start_query(QueryStatement=statement, DeliveryS3Uri=f"s3://{bucket}/here")["QueryId"]
    assert finished(trail, query)["DeliveryStatus"] == "SUCCESS"
    key, = [o["Key"] for o in s3.list_objects_v2(Bucket=bucket, Prefix="here/AWSLogs/")["Contents"]]
    assert f"/{account}/CloudTrail-Lake/Query/" in key and key.endswith(f"/{query}/result_1.csv.gz")
    text = gzip.decompress(s3.get_object(Bucket=bucket, Key=key)["Body"].read()).decode()
    assert list(csv.reader(io.StringIO(text))) == [["one", "two"], ["1", 'a "b"']]


def test_without_the_library_the_error_names_it(start_brume):
    server = start_brume("--duckdb", "/nonexistent/libduckdb.so")
    trail = server.client("cloudtrail")
    store = id_of(make(trail))
    with pytest.raises(ClientError) as error:
        trail.start_query(QueryStatement=f"SELECT 1 FROM {store}")
    assert error.value.response["Error"]["Code"] == "UnsupportedOperationException" and "DuckDB" in error.value.response["Error"]["Message"]


@asked_in_sql
def test_rights_to_a_store(brume, account, trail):
    """A user may ask the store that its policy names; the store's own policy grants and denies too."""
    iam = brume.client("iam", account=account)
    mine, other = make(trail, "mine"), make(trail, "other")
    iam.create_user(UserName="analyst")
    iam.put_user_policy(UserName="analyst", PolicyName="p", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": ["cloudtrail:StartQuery", "cloudtrail:GetQueryResults", "cloudtrail:DescribeQuery"], "Resource": mine}]}))
    key = iam.create_access_key(UserName="analyst")["AccessKey"]
    user = brume.client("cloudtrail", account=key["AccessKeyId"], secret=key["SecretAccessKey"])
    assert ask(user, f"SELECT count(*) > 0 AS some FROM {id_of(mine)}") == [{"some": "true"}]
    assert refused(user.start_query, QueryStatement=f"SELECT 1 FROM {id_of(other)}") == "AccessDeniedException"
    assert refused(user.start_query, QueryStatement=f"SELECT 1 FROM {id_of(mine)}, {id_of(other)}") == "AccessDeniedException"
    assert refused(user.get_event_data_store, EventDataStore=mine) == "AccessDeniedException"

    def policy(effect, arn, action):
        return json.dumps({"Version": "2012-10-17", "Statement": [
            {"Effect": effect, "Principal": {"AWS": f"arn:aws:iam::{account}:user/analyst"}, "Action": action, "Resource": arn}]})

    assert refused(trail.get_resource_policy, ResourceArn=other) == "ResourcePolicyNotFoundException"
    trail.put_resource_policy(ResourceArn=other, ResourcePolicy=policy("Allow", other, "cloudtrail:StartQuery"))
    assert user.start_query(QueryStatement=f"SELECT 1 FROM {id_of(other)}")["QueryId"]
    trail.put_resource_policy(ResourceArn=mine, ResourcePolicy=policy("Deny", mine, "cloudtrail:StartQuery"))
    assert refused(user.start_query, QueryStatement=f"SELECT 1 FROM {id_of(mine)}") == "AccessDeniedException"
    trail.delete_resource_policy(ResourceArn=mine)
    assert user.start_query(QueryStatement=f"SELECT 1 FROM {id_of(mine)}")["QueryId"]
    assert refused(trail.put_resource_policy, ResourceArn=mine, ResourcePolicy="{}") == "ResourcePolicyNotValidException"


@asked_in_sql
@pytest.mark.as_root
def test_an_emptied_account_keeps_no_bytes(start_brume):
    """What a query found is long enough for a file of its own."""
    server = start_brume()
    trail = server.client("cloudtrail")
    server.client("sqs").create_queue(QueueName="q")
    store = id_of(make(trail))
    query = trail.start_query(QueryStatement=f"SELECT md5(eventID || CAST(n.i AS VARCHAR)) AS digest FROM {store}, range(20000) AS n(i) LIMIT 20000")["QueryId"]
    assert finished(trail, query)["QueryStatus"] == "FINISHED"

    def files():
        return [p for p in (server.data / "zones").rglob("files/**/*") if p.is_file()]

    assert files()
    server.admin("POST", "reset", account="000000000000")
    end = time.monotonic() + 20
    while files() and time.monotonic() < end:
        time.sleep(0.02)
    assert not files()
