"""Connections and API destinations: what reaches an endpoint over HTTP, how it is authorised, tried again, given up."""
import base64
import json

import pytest
from kit import make_queue, make_role, name, refused, until

ACCOUNT = "000000000000"
EVENTS = "events.amazonaws.com"
API_KEY = {"ApiKeyAuthParameters": {"ApiKeyName": "x-key", "ApiKeyValue": "s3cret"}}


def set_up(brume, url, auth=API_KEY, kind="API_KEY", method="POST", rate=None, role=None, **target):
    """A bus whose events go to that URL; a function that puts one."""
    events, bus = brume.client("events"), name("bus")
    connection = events.create_connection(Name=name("c"), AuthorizationType=kind, AuthParameters=auth)["ConnectionArn"]
    more = {"InvocationRateLimitPerSecond": rate} if rate else {}
    destination = events.create_api_destination(Name=name(), ConnectionArn=connection, InvocationEndpoint=url, HttpMethod=method, **more)["ApiDestinationArn"]
    events.create_event_bus(Name=bus)
    events.put_rule(Name="r", EventBusName=bus, EventPattern='{"source": ["s"]}')
    events.put_targets(Rule="r", EventBusName=bus, Targets=[{"Id": "t", "Arn": destination, "RoleArn": role or make_role(brume, "events:InvokeApiDestination", trusts=EVENTS), **target}])

    def put(**detail):
        events.put_events(Entries=[{"EventBusName": bus, "Source": "s", "DetailType": "d", "Detail": json.dumps(detail)}])
    return put


# ---- connections: as AWS was recorded ----

@pytest.mark.parametrize("kind, auth, shown", [
    ("BASIC", {"BasicAuthParameters": {"Username": "user", "Password": "pass"}}, {"BasicAuthParameters": {"Username": "user"}}),
    ("API_KEY", {**API_KEY, "InvocationHttpParameters": {}}, {"ApiKeyAuthParameters": {"ApiKeyName": "x-key"}, "InvocationHttpParameters": {}})])
def test_a_connection_keeps_its_secrets(brume, kind, auth, shown):
    events, connection = brume.client("events"), name("c")
    made = events.create_connection(Name=connection, AuthorizationType=kind, AuthParameters=auth)
    assert made["ConnectionState"] == "AUTHORIZED" and made["ConnectionArn"].startswith(f"arn:aws:events:us-east-1:{ACCOUNT}:connection/{connection}/")
    found = events.describe_connection(Name=connection)
    assert (found["AuthParameters"], found["AuthorizationType"], found["ConnectionState"]) == (shown, kind, "AUTHORIZED") and found["LastAuthorizedTime"]
    refused("ResourceAlreadyExistsException", events.create_connection, Name=connection, AuthorizationType=kind, AuthParameters=auth)
    assert [c["Name"] for c in events.list_connections(NamePrefix=connection, ConnectionState="AUTHORIZED")["Connections"]] == [connection]
    assert events.deauthorize_connection(Name=connection)["ConnectionState"] == "DEAUTHORIZING"
    assert events.describe_connection(Name=connection)["ConnectionState"] == "DEAUTHORIZED" and "AuthParameters" not in events.describe_connection(Name=connection)
    events.update_connection(Name=connection, AuthParameters=auth)
    assert events.describe_connection(Name=connection)["ConnectionState"] == "AUTHORIZED"
    assert not any(b"s3cret" in f.read_bytes() or b'"pass"' in f.read_bytes() for f in brume.data.glob("rows/*") if f.is_file())
    assert events.delete_connection(Name=connection)["ConnectionState"] == "DELETING"
    assert refused("ResourceNotFoundException", events.describe_connection, Name=connection) == f"Failed to describe the connection(s). Connection '{connection}' does not exist."


def test_what_connections_and_destinations_cannot_be(brume):
    events = brume.client("events")
    message = refused("ValidationException", events.create_connection, Name="This should fail with two errors 123467890123412341234123412341234", AuthorizationType="INVALID",
                      AuthParameters={"BasicAuthParameters": {"Username": "user", "Password": "pass"}})
    assert message.startswith("3 validation errors detected: ") and "[BASIC, OAUTH_CLIENT_CREDENTIALS, API_KEY]" in message
    refused("ValidationException", events.create_connection, Name=name(), AuthorizationType="BASIC", AuthParameters=API_KEY)
    connection = events.create_connection(Name=name(), AuthorizationType="API_KEY", AuthParameters=API_KEY)["ConnectionArn"]
    good = {"Name": name(), "ConnectionArn": connection, "InvocationEndpoint": "https://example.com", "HttpMethod": "POST"}
    assert refused("ValidationException", events.create_api_destination, **{**good, "ConnectionArn": "invalid-connection-arn", "HttpMethod": "INVALID_METHOD"}) \
        .startswith("2 validation errors detected: Value 'invalid-connection-arn' at 'connectionArn'")
    refused("ResourceNotFoundException", events.create_api_destination, **{**good, "ConnectionArn": connection[:-1] + "x"})
    refused("ValidationException", events.create_api_destination, **{**good, "InvocationEndpoint": "ftp://example.com"})
    arn = events.create_api_destination(**good)["ApiDestinationArn"]
    refused("ResourceAlreadyExistsException", events.create_api_destination, **good)
    shown = events.describe_api_destination(Name=good["Name"])
    assert (shown["ApiDestinationArn"], shown["ApiDestinationState"], shown["InvocationRateLimitPerSecond"]) == (arn, "ACTIVE", 300)
    events.update_api_destination(Name=good["Name"], HttpMethod="PUT", InvocationRateLimitPerSecond=5)
    assert [(d["HttpMethod"], d["InvocationRateLimitPerSecond"]) for d in events.list_api_destinations(ConnectionArn=connection)["ApiDestinations"]] == [("PUT", 5)]
    events.deauthorize_connection(Name=connection.split("/")[1])
    assert events.describe_api_destination(Name=good["Name"])["ApiDestinationState"] == "INACTIVE"
    events.put_rule(Name=good["Name"], EventPattern='{"source": ["s"]}')
    refused("ValidationException", events.put_targets, Rule=good["Name"], Targets=[{"Id": "t", "Arn": arn}])
    events.delete_api_destination(Name=good["Name"])
    assert refused("ResourceNotFoundException", events.describe_api_destination, Name=good["Name"]).endswith(f"An api-destination '{good['Name']}' does not exist.")


# ---- over HTTP ----

def test_an_event_reaches_an_endpoint(brume, endpoint):
    parameters = {"HeaderParameters": [{"Key": "x-from", "Value": "connection"}, {"Key": "x-hidden", "Value": "h", "IsValueSecret": True}],
                  "QueryStringParameters": [{"Key": "q", "Value": "a b&c"}], "BodyParameters": [{"Key": "added", "Value": "by \"us\""}]}
    put = set_up(brume, endpoint.url + "/orders/*/lines/*", {**API_KEY, "InvocationHttpParameters": parameters}, method="PUT",
                 HttpParameters={"PathParameterValues": ["$.detail.id", "fixed"], "HeaderParameters": {"x-from": "rule", "x-id": "$.detail.id"}, "QueryStringParameters": {"r": "1"}},
                 InputPath="$.detail")
    put(id="a/b\r\nx: y", n=1)
    until(lambda: endpoint.got)
    [(method, path, query, headers, body)] = endpoint.got
    assert (method, path, query) == ("PUT", "/orders/a%2Fb%0D%0Ax%3A%20y/lines/fixed", {"q": "a b&c", "r": "1"})
    assert json.loads(body) == {"id": "a/b\r\nx: y", "n": 1, "added": 'by "us"'}
    assert (headers["x-key"], headers["x-from"], headers["x-hidden"], headers["x-id"]) == ("s3cret", "connection", "h", "a/b  x: y")
    assert headers["Content-Type"] == "application/json; charset=utf-8" and headers["User-Agent"] == "Amazon/EventBridge/ApiDestinations"


def test_basic_authorization(brume, endpoint):
    put = set_up(brume, endpoint.url, {"BasicAuthParameters": {"Username": "user", "Password": "pass"}}, "BASIC")
    put(n=1)
    until(lambda: endpoint.got)
    assert endpoint.got[0][3]["Authorization"] == "Basic " + base64.b64encode(b"user:pass").decode() and json.loads(endpoint.got[0][4])["detail"] == {"n": 1}


def test_tokens_of_oauth_are_fetched_used_and_renewed(start_brume, endpoint):
    brume = start_brume()
    auth = {"OAuthParameters": {"ClientParameters": {"ClientID": "me", "ClientSecret": "s3cret"}, "AuthorizationEndpoint": endpoint.url + "/token", "HttpMethod": "POST",
                                "OAuthHttpParameters": {"BodyParameters": [{"Key": "scope", "Value": "all", "IsValueSecret": False}]}}}
    put = set_up(brume, endpoint.url, auth, "OAUTH_CLIENT_CREDENTIALS")
    events = brume.client("events")
    [connection] = events.list_connections()["Connections"]
    until(lambda: events.describe_connection(Name=connection["Name"])["ConnectionState"] == "AUTHORIZED")
    assert endpoint.token_calls[0][:2] == ("POST", {"grant_type": "client_credentials", "client_id": "me", "client_secret": "s3cret", "scope": "all"})
    assert events.describe_connection(Name=connection["Name"])["AuthParameters"]["OAuthParameters"]["ClientParameters"] == {"ClientID": "me"}
    put(n=1)
    until(lambda: len(endpoint.got) == 1)
    endpoint.answers.append(401)  # it does not like the token any more
    put(n=2)
    until(lambda: len(endpoint.got) == 2)
    until(lambda: len(endpoint.token_calls) == 2)
    brume.advance_clock(2000)
    until(lambda: len(endpoint.got) == 3)
    brume.advance_clock(3600_000)  # the token has passed
    put(n=3)
    until(lambda: len(endpoint.token_calls) == 3)
    brume.advance_clock(2000)
    until(lambda: len(endpoint.got) == 4)
    assert [(g[3]["Authorization"], json.loads(g[4])["detail"]["n"]) for g in endpoint.got] == [("Bearer t1", 1), ("Bearer t1", 2), ("Bearer t2", 2), ("Bearer t3", 3)]
    events.update_connection(Name=connection["Name"], Description="and now there are no tokens left")
    until(lambda: len(endpoint.token_calls) > 3)
    brume.advance_clock(60_000)
    until(lambda: events.describe_connection(Name=connection["Name"])["ConnectionState"] == "DEAUTHORIZED")
    assert "403" in events.describe_connection(Name=connection["Name"])["StateReason"]


def test_retries_and_the_dead_letter_queue(start_brume, endpoint):
    brume = start_brume()
    sqs = brume.client("sqs")
    url, arn = make_queue(sqs, sender=EVENTS)
    put = set_up(brume, endpoint.url, RetryPolicy={"MaximumRetryAttempts": 2, "MaximumEventAgeInSeconds": 3600}, DeadLetterConfig={"Arn": arn})
    endpoint.answers[:] = [503, 429, 200]
    put(n=1)
    until(lambda: len(endpoint.got) == 1)
    brume.advance_clock(10_000)
    until(lambda: len(endpoint.got) == 3)
    endpoint.answers[:] = [500] * 3
    put(n=2)
    until(lambda: len(endpoint.got) == 4)
    brume.advance_clock(10_000)
    endpoint.answers[:] = [400]  # refused for good
    put(n=3)
    until(lambda: len(endpoint.got) == 7)
    letters = []
    until(lambda: letters.extend(sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"], MaxNumberOfMessages=10, WaitTimeSeconds=1).get("Messages", [])) or len(letters) == 2)
    said = {json.loads(m["Body"])["detail"]["n"]: {k: v["StringValue"] for k, v in m["MessageAttributes"].items()} for m in letters}
    assert said[2]["EXHAUSTED_RETRY_CONDITION"] == "MaximumRetryAttempts" and said[2]["RETRY_ATTEMPTS"] == "2" and "status 500" in said[2]["ERROR_MESSAGE"]
    assert said[3]["ERROR_CODE"] == "SDK_CLIENT_ERROR" and "RETRY_ATTEMPTS" not in said[3] and said[3]["RULE_ARN"].endswith("/r") and ":api-destination/" in said[3]["TARGET_ARN"]


def test_a_rate_and_a_dead_endpoint(start_brume, endpoint):
    brume = start_brume()
    put = set_up(brume, endpoint.url, rate=1)
    dead = set_up(brume, "http://127.0.0.1:9/nobody")
    for n in range(5):
        dead(n=n)
        put(n=n)
    until(lambda: len(endpoint.got) == 1)
    assert len(endpoint.got) == 1  # the others have their turns
    brume.advance_clock(10_000)
    until(lambda: len(endpoint.got) == 5)
    assert sorted(json.loads(g[4])["detail"]["n"] for g in endpoint.got) == list(range(5))


def test_the_role_of_the_target_needs_the_right(brume, endpoint, sqs):
    url, arn = make_queue(sqs, sender=EVENTS)
    put = set_up(brume, endpoint.url, role=make_role(brume, "events:PutEvents", trusts=EVENTS), DeadLetterConfig={"Arn": arn})
    put(n=1)
    [letter] = sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"], WaitTimeSeconds=5)["Messages"]
    assert letter["MessageAttributes"]["ERROR_CODE"]["StringValue"] == "NO_PERMISSIONS" and "events:InvokeApiDestination" in letter["MessageAttributes"]["ERROR_MESSAGE"]["StringValue"]
    assert not endpoint.got


# ---- quotas ----

def test_quotas_of_rules_and_buses(start_brume):
    events = start_brume().client("events")
    for i in range(99):
        events.create_event_bus(Name=f"b{i}")
    assert refused("LimitExceededException", events.create_event_bus, Name="one-more") == "The requested resource exceeds the maximum number allowed."
    for i in range(300):
        events.put_rule(Name=f"r{i}", EventBusName="b0", EventPattern='{"source": ["s"]}')
    refused("LimitExceededException", events.put_rule, Name="one-more", EventBusName="b0", EventPattern='{"source": ["s"]}')
    events.put_rule(Name="r7", EventBusName="b0", EventPattern='{"source": ["t"]}')  # a change is no further one
    events.delete_rule(Name="r8", EventBusName="b0")
    events.put_rule(Name="one-more", EventBusName="b0", EventPattern='{"source": ["s"]}')
