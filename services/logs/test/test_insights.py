"""Queries of Insights, as a user asks them."""
import json
import random
import time

import pytest
from botocore.exceptions import ClientError

from kit import refused
from services.logs.test.log_queries import rows, wait


@pytest.fixture
def logs(brume):
    """An account of one's own: names are free, and queries are not others'."""
    return brume.client("logs", account=str(random.randrange(10**11, 10**12)))


def fill(logs, group, messages, stream="one", step=1000):
    """Events that end now, `step` milliseconds apart."""
    logs.create_log_group(logGroupName=group)
    logs.create_log_stream(logGroupName=group, logStreamName=stream)
    now = int(time.time() * 1000)
    events = [{"timestamp": now - step * (len(messages) - i), "message": m} for i, m in enumerate(messages)]
    logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)
    return events


def start(logs, group, query, **more):
    now = int(time.time())
    target = {} if "logGroupIdentifiers" in more or "logGroupNames" in more else {"logGroupName": group}
    return logs.start_query(**{"startTime": now - 3600, "endTime": now + 60, "queryString": query, **target, **more})["queryId"]


def ask(logs, group, query, **more):
    return wait(logs, start(logs, group, query, **more))


def test_fields_newest_first_with_pointers(logs):
    events = fill(logs, "app", ["one", "two", "three"])
    answer = ask(logs, "app", "fields @timestamp, @message, @logStream, @log | limit 2")
    assert answer["status"] == "Complete" and answer["queryLanguage"] == "CWLI"
    assert [r["@message"] for r in rows(answer)] == ["three", "two"]
    assert rows(answer)[0]["@log"].endswith(":app") and rows(answer)[0]["@logStream"] == "one"
    moment = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(events[2]["timestamp"] // 1000))
    assert rows(answer)[0]["@timestamp"] == f"{moment}.{events[2]['timestamp'] % 1000:03}"
    pointer = answer["results"][0][-1]
    assert pointer["field"] == "@ptr"
    record = logs.get_log_record(logRecordPointer=pointer["value"])["logRecord"]
    assert record["@message"] == "three" and record["@timestamp"] == str(events[2]["timestamp"])


def test_statistics_count_what_was_scanned(logs):
    fill(logs, "app", ["error 1", "fine", "error 2"])
    found = ask(logs, "app", "filter @message like /error/ | stats count(*) as n")["statistics"]
    assert (found["recordsMatched"], found["recordsScanned"], found["bytesScanned"]) == (2, 3, 18)
    assert found["logGroupsScanned"] == 1 and found["resultCount"] == 1


def test_errors_per_five_minutes(logs):
    """The row of the catalogue: a query counts errors per 5 minutes."""
    events = fill(logs, "app", [f"{'ERROR' if i % 3 == 0 else 'INFO'} request {i}" for i in range(60)], step=30000)
    answer = ask(logs, "app", "filter @message like /ERROR/ | stats count(*) as errors by bin(5m)")
    want = {}
    for event in events:
        if event["message"].startswith("ERROR"):
            begin = event["timestamp"] // 300000 * 300
            want[time.strftime("%Y-%m-%d %H:%M:%S.000", time.gmtime(begin))] = want.get(time.strftime("%Y-%m-%d %H:%M:%S.000", time.gmtime(begin)), 0) + 1
    assert {r["bin(5m)"]: int(r["errors"]) for r in rows(answer)} == want
    assert [r["bin(5m)"] for r in rows(answer)] == sorted(want, reverse=True)


def test_fields_of_json(logs):
    fill(logs, "app", ['{"user":{"name":"Ann"},"ms":12}', '{"user":{"name":"Bob"},"ms":30}', '{"user":{"name":"Ann"},"ms":20}'])
    answer = ask(logs, "app", "stats avg(ms) as mean, count(*) as n by user.name | sort mean desc")
    assert rows(answer) == [{"user.name": "Bob", "mean": "30", "n": "1"}, {"user.name": "Ann", "mean": "16", "n": "2"}]


def test_several_groups(logs):
    fill(logs, "app-a", ["x 1"])
    fill(logs, "app-b", ["x 2", "y 3"])
    arn = logs.describe_log_groups(logGroupNamePrefix="app-b")["logGroups"][0]["logGroupArn"]
    both = ask(logs, None, "filter @message like 'x' | fields @message | sort @message", logGroupNames=["app-a", "app-b"])
    assert [r["@message"] for r in rows(both)] == ["x 1", "x 2"]
    assert both["statistics"]["logGroupsScanned"] == 2
    assert len(ask(logs, None, "fields @message", logGroupIdentifiers=[arn])["results"]) == 2


def test_groups_by_source(logs):
    for name, text in (("prod-a", "x 1"), ("prod-b", "x 2"), ("test-a", "x 3")):
        fill(logs, name, [text])
    now = int(time.time())
    query = logs.start_query(startTime=now - 600, endTime=now + 60, queryString="SOURCE logGroups(namePrefix: ['prod-']) | fields @message | sort @message")["queryId"]
    assert [r["@message"] for r in rows(wait(logs, query))] == ["x 1", "x 2"]
    assert [a.split(":log-group:")[1] for a in logs.list_log_groups_for_query(queryId=query)["logGroupIdentifiers"]] == ["prod-a", "prod-b"]
    with pytest.raises(ClientError) as error:
        logs.start_query(startTime=now - 600, endTime=now + 60, queryString="SOURCE logGroups(namePrefix: ['none']) | fields @message")
    assert error.value.response["Error"]["Code"] == "InvalidParameterException"


def test_a_query_within_a_query(logs):
    fill(logs, "api", [f'{{"requestId": "r{i}", "status": {500 + i}, "latency": {10 * i}}}' for i in range(1, 5)])
    fill(logs, "/aws/lambda/f", ['{"requestId": "r1", "duration": 9}', '{"requestId": "r3", "duration": 7}', '{"requestId": "r3", "duration": 8}'])
    found = ask(logs, "api", "filter requestId in (SOURCE '/aws/lambda/f' | stats count(*) as n by requestId | filter n > 1 | fields requestId) | fields requestId, latency")
    assert rows(found) == [{"requestId": "r3", "latency": "30"}]
    assert found["statistics"]["recordsScanned"] == 7
    joined = ask(logs, "api", "filter status > 501 | join type=left left=a right=f where a.requestId = f.requestId (SOURCE '/aws/lambda/f')"
                              " | fields a.requestId, f.duration | sort a.requestId, f.duration")
    assert rows(joined) == [{"a.requestId": "r2"}, {"a.requestId": "r3", "f.duration": "7"}, {"a.requestId": "r3", "f.duration": "8"}, {"a.requestId": "r4"}]
    now = int(time.time())
    message = refused("ResourceNotFoundException", logs.start_query, logGroupName="api", startTime=now - 60, endTime=now, queryString="filter x in (SOURCE 'absent' | fields x)")
    assert message.startswith("Log group 'absent' does not exist")


@pytest.mark.as_root
def test_a_query_within_needs_its_own_right(start_brume):
    brume = start_brume()
    logs, iam = brume.client("logs"), brume.client("iam")
    fill(logs, "mine", ['{"x": "1"}'])
    fill(logs, "theirs", ['{"x": "1"}'])
    iam.create_user(UserName="u")
    groups = "arn:aws:logs:us-east-1:*:log-group:mine:*"
    iam.put_user_policy(UserName="u", PolicyName="p", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "logs:StartQuery", "Resource": groups}, {"Effect": "Allow", "Action": "logs:GetQueryResults", "Resource": "*"}]}))
    key = iam.create_access_key(UserName="u")["AccessKey"]
    user = brume.client("logs", account=key["AccessKeyId"], secret=key["SecretAccessKey"])
    assert len(ask(user, "mine", "filter x in (SOURCE 'mine' | fields x)")["results"]) == 1
    with pytest.raises(ClientError) as error:
        start(user, "mine", "filter x in (SOURCE 'theirs' | fields x)")
    assert error.value.response["Error"]["Code"] == "AccessDeniedException"


def test_range_of_time(logs):
    events = fill(logs, "app", ["old", "new"], step=60000)
    at = events[0]["timestamp"] // 1000
    assert [r["@message"] for r in rows(ask(logs, "app", "fields @message", startTime=at, endTime=at))] == ["old"]
    assert [r["@message"] for r in rows(ask(logs, "app", "fields @message", startTime=events[1]["timestamp"], endTime=events[1]["timestamp"]))] == ["new"]


def test_pages_of_results(logs):
    fill(logs, "app", [str(i) for i in range(25)], step=1)
    query = start(logs, "app", "fields @message | sort @timestamp")
    wait(logs, query)
    seen, token = [], {}
    while True:
        page = logs.get_query_results(queryId=query, maxItems=10, **token)
        seen += [r["@message"] for r in rows(page)]
        if "nextToken" not in page:
            break
        token = {"nextToken": page["nextToken"]}
    assert seen == [str(i) for i in range(25)]
    assert len(ask(logs, "app", "fields @message", limit=7)["results"]) == 7


@pytest.mark.parametrize("query,start_at,end_at,message", [
    ("fields @message | count()", 18, 23, "unexpected symbol found count at line 1 and position 18"),
    ("stats count(*) by a | fields b", 29, 30, "Unknown symbols found in or after stats: b"),
])
def test_what_is_no_query(logs, query, start_at, end_at, message):
    fill(logs, "app", ["x"])
    with pytest.raises(ClientError) as error:
        start(logs, "app", query)
    assert error.value.response["Error"] == {"Code": "MalformedQueryException", "Message": message}
    assert error.value.response["queryCompileError"] == {"location": {"startCharOffset": start_at, "endCharOffset": end_at}, "message": message}


def test_what_cannot_be_asked(logs):
    fill(logs, "app", ["x"])
    now = int(time.time())
    given = {"startTime": now - 60, "endTime": now, "queryString": "fields @message"}
    assert "does not exist for account ID" in refused("ResourceNotFoundException", logs.start_query, **given, logGroupName="absent")
    refused("InvalidParameterException", logs.start_query, **given)
    refused("InvalidParameterException", logs.start_query, **given, logGroupName="app", logGroupNames=["app"])
    refused("InvalidParameterException", logs.start_query, **{**given, "endTime": now - 120}, logGroupName="app")
    refused("MalformedQueryException", logs.start_query, **{**given, "startTime": 1, "endTime": 2}, logGroupName="app")
    refused("ResourceNotFoundException", logs.get_query_results, queryId="00000000-0000-4000-8000-000000000000")
    done = start(logs, "app", "fields @message")
    wait(logs, done)
    refused("InvalidParameterException", logs.stop_query, queryId=done)


def test_queries_are_described(logs):
    fill(logs, "app", ["x"])
    fill(logs, "other", ["x"])
    first = start(logs, "app", "fields @message")
    wait(logs, first)
    second = start(logs, "other", "fields @timestamp")
    wait(logs, second)
    found = logs.describe_queries()["queries"]
    assert [q["queryId"] for q in found] == [second, first]
    assert found[1]["queryString"].startswith('SOURCE "app" START=') and found[1]["queryString"].endswith("999 | fields @message")
    assert found[1]["status"] == "Complete" and found[1]["logGroupName"] == "app"
    assert [q["queryId"] for q in logs.describe_queries(logGroupName="app")["queries"]] == [first]
    assert logs.describe_queries(status="Scheduled")["queries"] == []
    page = logs.describe_queries(maxResults=1)
    assert [q["queryId"] for q in logs.describe_queries(nextToken=page["nextToken"])["queries"]] == [first]


SLOW = "filter @message like /(a+)+(a+)+(a+)+[bc]/ | stats count(*)"


def start_slow(logs):
    """A query that takes its time, ten times that of the test: an expression that goes to its limit on each event."""
    events = fill(logs, "app", ["a" * 500] * 1900, step=1)
    for _ in range(3):
        logs.put_log_events(logGroupName="app", logStreamName="one", logEvents=events)
    query = start(logs, "app", SLOW)
    while logs.get_query_results(queryId=query)["status"] == "Scheduled":
        time.sleep(0.05)
    return query


def test_a_query_is_stopped(logs):
    query = start_slow(logs)
    assert logs.get_query_results(queryId=query)["status"] == "Running"
    assert 0 < logs.get_query_results(queryId=query)["statistics"]["recordsScanned"] < 4 * 1900
    assert logs.stop_query(queryId=query)["success"]
    assert logs.get_query_results(queryId=query)["status"] == "Cancelled"
    assert [q["status"] for q in logs.describe_queries(logGroupName="app")["queries"]] == ["Cancelled"]


def test_a_query_survives_stop_and_crash(start_brume, tmp_path):
    server = start_brume(data=tmp_path / "data")
    logs = server.client("logs")
    fill(logs, "quick", ["x", "y"])
    slow, quick = start_slow(logs), start(logs, "quick", "fields @message")
    assert wait(logs, quick)["status"] == "Complete"
    server.stop()
    server = start_brume(data=tmp_path / "data")
    logs = server.client("logs")
    assert logs.get_query_results(queryId=slow)["status"] == "Running"
    again = start(logs, "quick", "fields @message")
    server.kill()
    logs = start_brume(data=tmp_path / "data").client("logs")
    assert [r["@message"] for r in rows(wait(logs, again))] == ["y", "x"]
    assert len(logs.get_query_results(queryId=quick)["results"]) == 2
    assert logs.get_query_results(queryId=slow)["status"] == "Running"
    logs.stop_query(queryId=slow)


def test_results_are_forgotten_after_a_week(start_brume):
    server = start_brume()
    logs = server.client("logs")
    fill(logs, "app", ["x"])
    query = start(logs, "app", "fields @message")
    wait(logs, query)
    server.advance_clock(8 * 86400 * 1000)
    with pytest.raises(ClientError):
        logs.get_query_results(queryId=query)
    assert logs.describe_queries()["queries"] == []


def test_query_definitions(logs):
    made = logs.put_query_definition(name="team/errors", queryString="filter @message like /x/", logGroupNames=["a", "b"])["queryDefinitionId"]
    logs.put_query_definition(name="other", queryString="fields @message")
    found = logs.describe_query_definitions(queryDefinitionNamePrefix="team/")["queryDefinitions"]
    assert [(q["queryDefinitionId"], q["name"], q["queryString"], q["logGroupNames"]) for q in found] == [(made, "team/errors", "filter @message like /x/", ["a", "b"])]
    assert logs.put_query_definition(queryDefinitionId=made, name="team/all", queryString="fields @message")["queryDefinitionId"] == made
    assert logs.describe_query_definitions(queryDefinitionNamePrefix="team/")["queryDefinitions"][0]["logGroupNames"] == []
    assert logs.delete_query_definition(queryDefinitionId=made)["success"]
    with pytest.raises(ClientError) as error:
        logs.delete_query_definition(queryDefinitionId=made)
    assert error.value.response["Error"]["Code"] == "ResourceNotFoundException"
