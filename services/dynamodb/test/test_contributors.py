"""Contributor insights: the keys that are used and throttled most, as rules of CloudWatch."""
import datetime
import json

import pytest
from botocore.exceptions import ClientError


@pytest.fixture
def own(start_brume):
    return start_brume()


def make(ddb, name="orders", **more):
    ddb.create_table(**{"TableName": name, "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}, {"AttributeName": "at", "KeyType": "RANGE"}],
                        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}, {"AttributeName": "at", "AttributeType": "N"}], "BillingMode": "PAY_PER_REQUEST", **more})
    ddb.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 0.05})


def rules(ddb, **of):
    return {r.split("-")[1]: r for r in ddb.describe_contributor_insights(**of).get("ContributorInsightsRuleList", [])}


def top(cw, rule, hours=2, **more):
    now = datetime.datetime.now(datetime.timezone.utc)
    report = cw.get_insight_rule_report(RuleName=rule, StartTime=now - datetime.timedelta(hours=1), EndTime=now + datetime.timedelta(hours=hours), Period=60, **more)
    return [(c["Keys"], c["ApproximateAggregateValue"]) for c in report["Contributors"]]


def test_the_top_keys_of_a_table(own):
    ddb, cw = own.client("dynamodb"), own.client("cloudwatch")
    make(ddb)
    assert ddb.describe_contributor_insights(TableName="orders")["ContributorInsightsStatus"] == "DISABLED"
    ddb.put_item(TableName="orders", Item={"id": {"S": "unseen"}, "at": {"N": "1"}})
    assert ddb.update_contributor_insights(TableName="orders", ContributorInsightsAction="ENABLE")["ContributorInsightsStatus"] == "ENABLING"
    shown = ddb.describe_contributor_insights(TableName="orders")
    assert shown["ContributorInsightsStatus"] == "ENABLED" and shown["ContributorInsightsMode"] == "ACCESSED_AND_THROTTLED_KEYS"
    names = rules(ddb, TableName="orders")
    assert set(names) == {"PKC", "SKC", "PKT", "SKT"} and all(n.startswith(f"DynamoDBContributorInsights-{k}-orders-1") for k, n in names.items())
    for i in range(300):  # more keys than are counted: the large ones stay
        ddb.put_item(TableName="orders", Item={"id": {"S": f"k{i}"}, "at": {"N": "1"}})
    for _ in range(20):
        ddb.put_item(TableName="orders", Item={"id": {"S": "hot"}, "at": {"N": "7"}})
    for _ in range(30):
        ddb.get_item(TableName="orders", Key={"id": {"S": "warm"}, "at": {"N": "1"}}, ConsistentRead=True)
    ddb.query(TableName="orders", KeyConditionExpression="id = :i", ExpressionAttributeValues={":i": {"S": "warm"}})
    live = top(cw, names["PKC"], MaxContributorCount=2)
    assert [k for k, _ in live] == [["warm"], ["hot"]] and 30.5 <= live[0][1] <= 33 and 20 <= live[1][1] <= 23
    own.advance_clock(62000)  # the minute is over: the same out of its row
    assert top(cw, names["PKC"], MaxContributorCount=2) == live
    assert [k for k, _ in top(cw, names["SKC"], MaxContributorCount=2)] == [["warm", "1"], ["hot", "7"]]
    assert top(cw, names["PKT"]) == []
    report = cw.describe_insight_rules()["InsightRules"]
    assert {r["Name"] for r in report} == set(names.values()) and all(r["ManagedRule"] for r in report)
    assert cw.delete_insight_rules(RuleNames=[names["PKC"]])["Failures"][0]["FailureResource"] == names["PKC"]
    ddb.update_contributor_insights(TableName="orders", ContributorInsightsAction="DISABLE")
    assert rules(ddb, TableName="orders") == {} and cw.describe_insight_rules()["InsightRules"] == []


def test_throttled_keys(own):
    ddb, cw = own.client("dynamodb"), own.client("cloudwatch")
    make(ddb, BillingMode="PROVISIONED", ProvisionedThroughput={"ReadCapacityUnits": 1, "WriteCapacityUnits": 1})
    assert ddb.update_contributor_insights(TableName="orders", ContributorInsightsAction="ENABLE", ContributorInsightsMode="THROTTLED_KEYS")["ContributorInsightsMode"] == "THROTTLED_KEYS"
    names = rules(ddb, TableName="orders")
    assert set(names) == {"PKT", "SKT"}
    throttled = 0
    for _ in range(6):
        try:
            ddb.put_item(TableName="orders", Item={"id": {"S": "big"}, "at": {"N": "1"}, "x": {"S": "x" * 200 * 1024}})
        except ClientError as e:
            assert e.response["Error"]["Code"] == "ProvisionedThroughputExceededException"
            throttled += 1
    assert throttled >= 3 and top(cw, names["PKT"]) == [(["big"], throttled)]
    assert top(cw, names["SKT"]) == [(["big", "1"], throttled)]
    for told in (ddb.update_contributor_insights(TableName="orders", ContributorInsightsAction="DISABLE"), ddb.describe_contributor_insights(TableName="orders")):
        assert told["ContributorInsightsMode"] == "THROTTLED_KEYS"  # what it was
    ddb.update_contributor_insights(TableName="orders", ContributorInsightsAction="ENABLE")
    assert set(rules(ddb, TableName="orders")) == {"PKC", "SKC", "PKT", "SKT"}


def test_indexes_are_told_apart_and_listed(own):
    ddb, cw = own.client("dynamodb"), own.client("cloudwatch")
    make(ddb, AttributeDefinitions=[{"AttributeName": n, "AttributeType": t} for n, t in (("id", "S"), ("at", "N"), ("who", "S"))],
         GlobalSecondaryIndexes=[{"IndexName": "by-who", "KeySchema": [{"AttributeName": "who", "KeyType": "HASH"}], "Projection": {"ProjectionType": "ALL"}}])
    make(ddb, "other")
    ddb.update_contributor_insights(TableName="orders", IndexName="by-who", ContributorInsightsAction="ENABLE")
    ddb.put_item(TableName="orders", Item={"id": {"S": "a"}, "at": {"N": "1"}, "who": {"S": "eve"}})
    for _ in range(3):
        ddb.query(TableName="orders", IndexName="by-who", KeyConditionExpression="who = :w", ExpressionAttributeValues={":w": {"S": "eve"}})
    names = rules(ddb, TableName="orders", IndexName="by-who")
    assert set(names) == {"PKC", "PKT"} and "-orders-by-who-" in names["PKC"]
    assert top(cw, names["PKC"]) == [(["eve"], 1.5)]
    assert rules(ddb, TableName="orders") == {}
    ddb.update_contributor_insights(TableName="other", ContributorInsightsAction="ENABLE")
    page = ddb.list_contributor_insights(MaxResults=1)
    rest = ddb.list_contributor_insights(NextToken=page["NextToken"])
    summaries = page["ContributorInsightsSummaries"] + rest["ContributorInsightsSummaries"]
    assert [(s["TableName"], s.get("IndexName"), s["ContributorInsightsStatus"]) for s in summaries] == [("orders", "by-who", "ENABLED"), ("other", None, "ENABLED")]
    assert len(ddb.list_contributor_insights(TableName="other")["ContributorInsightsSummaries"]) == 1
    with pytest.raises(ClientError) as error:
        ddb.describe_contributor_insights(TableName="orders", IndexName="none")
    assert error.value.response["Error"]["Code"] == "ResourceNotFoundException"
    assert json.loads(cw.describe_insight_rules()["InsightRules"][0]["Definition"])["Contribution"]["Keys"] == ["$.who"]


def test_what_changes_nothing(own):
    """What is off is not listed; what is asked for again is told as it is."""
    ddb = own.client("dynamodb")
    make(ddb)
    assert ddb.update_contributor_insights(TableName="orders", ContributorInsightsAction="DISABLE")["ContributorInsightsStatus"] == "DISABLED"
    assert "LastUpdateDateTime" not in ddb.describe_contributor_insights(TableName="orders")
    ddb.update_contributor_insights(TableName="orders", ContributorInsightsAction="ENABLE", ContributorInsightsMode="THROTTLED_KEYS")
    again = ddb.update_contributor_insights(TableName="orders", ContributorInsightsAction="ENABLE")
    assert (again["ContributorInsightsStatus"], again["ContributorInsightsMode"]) == ("ENABLING", "ACCESSED_AND_THROTTLED_KEYS")
    assert ddb.update_contributor_insights(TableName="orders", ContributorInsightsAction="ENABLE")["ContributorInsightsStatus"] == "ENABLED"
    ddb.update_contributor_insights(TableName="orders", ContributorInsightsAction="DISABLE")
    assert ddb.list_contributor_insights()["ContributorInsightsSummaries"] == []
    with pytest.raises(ClientError) as error:
        ddb.describe_contributor_insights(TableName="orders", IndexName="no-such")
    assert error.value.response["Error"]["Message"] == "Requested resource not found: Index: no-such not found for table: orders"
