"""Pipes by way of API destinations: as target, and as enrichment before one."""
import json

import pytest
from kit import make_queue, name, receive, refused, until
from pipes_kit import bodies, counts, make_destination, make_pipe, make_role, settled

ACCOUNT = "000000000000"
MINUTE = 60_000
VISIBLE = 31_000  # a message that was refused can be received again, once


def role_of(brume):
    return make_role(brume, "sqs:*", "dynamodb:*", "events:InvokeApiDestination")


def sent(endpoint):
    return [json.loads(g[4]) for g in endpoint.got]


# ---- as target ----

def test_a_message_reaches_an_endpoint(brume, sqs, endpoint):
    url, source = make_queue(sqs, VisibilityTimeout="600")
    http = {"PathParameterValues": ["$.body.id"], "HeaderParameters": {"x-kind": "$.body.kind", "x-plain": "p"}, "QueryStringParameters": {"q": "$.body.none"}}
    pipe = make_pipe(brume, source, make_destination(brume, endpoint.url + "/orders/*"), role_of(brume),
                     TargetParameters={"InputTemplate": '{"n": <$.body.n>}', "HttpParameters": http})
    assert brume.client("pipes").describe_pipe(Name=pipe)["TargetParameters"]["HttpParameters"] == http
    sqs.send_message(QueueUrl=url, MessageBody=json.dumps({"id": "a b", "kind": "order", "n": 1}))
    until(lambda: endpoint.got)
    [(method, path, query, headers, body)] = endpoint.got
    assert (method, path, query, json.loads(body)) == ("POST", "/orders/a%20b", {}, {"n": 1})
    assert (headers["x-key"], headers["x-kind"], headers["x-plain"]) == ("s3cret", "order", "p")
    until(lambda: counts(sqs, url) == (0, 0))


def test_an_endpoint_that_refuses_sees_the_message_again(start_brume, endpoint):
    brume = start_brume()
    sqs = brume.client("sqs")
    dead, dead_arn = make_queue(sqs)
    url, source = make_queue(sqs, VisibilityTimeout="30", RedrivePolicy=json.dumps({"deadLetterTargetArn": dead_arn, "maxReceiveCount": 2}))
    make_pipe(brume, source, make_destination(brume, endpoint.url), role_of(brume), TargetParameters={"InputTemplate": "<$.body>"})
    endpoint.answers[:] = [500]
    sqs.send_message(QueueUrl=url, MessageBody="1")
    until(lambda: len(endpoint.got) == 1)
    brume.advance_clock(VISIBLE)
    until(lambda: counts(sqs, url) == (0, 0))
    assert sent(endpoint) == [1, 1]
    endpoint.answers[:] = [400, 400]
    sqs.send_message(QueueUrl=url, MessageBody="2")
    for n in (3, 4):
        until(lambda: len(endpoint.got) == n)
        brume.advance_clock(VISIBLE)
    assert [m["Body"] for m in receive(sqs, dead)] == ["2"]


def test_a_token_that_has_passed_is_fetched(start_brume, endpoint):
    brume = start_brume()
    sqs = brume.client("sqs")
    url, source = make_queue(sqs)
    auth = {"OAuthParameters": {"ClientParameters": {"ClientID": "i", "ClientSecret": "s"}, "AuthorizationEndpoint": endpoint.url + "/token", "HttpMethod": "POST"}}
    make_pipe(brume, source, make_destination(brume, endpoint.url, auth, "OAUTH_CLIENT_CREDENTIALS"), role_of(brume), TargetParameters={"InputTemplate": "<$.body>"})
    until(lambda: endpoint.token_calls)
    brume.advance_clock(20 * MINUTE)
    sqs.send_message(QueueUrl=url, MessageBody="1")
    until(lambda: len(endpoint.token_calls) == 2)
    brume.advance_clock(5000)  # the call is made again a second later
    assert len(endpoint.got) == 1
    assert endpoint.got[0][3]["Authorization"] == "Bearer t2"
    until(lambda: counts(sqs, url) == (0, 0))


def test_a_fifo_queue_keeps_the_order_of_its_groups(brume, sqs, endpoint):
    url, source = make_queue(sqs, FifoQueue="true", ContentBasedDeduplication="true", VisibilityTimeout="600")
    make_pipe(brume, source, make_destination(brume, endpoint.url), role_of(brume), TargetParameters={"InputTemplate": "<$.body>"})
    for i in range(12):
        sqs.send_message(QueueUrl=url, MessageGroupId="ab"[i % 2], MessageBody=json.dumps([i % 2, i]))
    until(lambda: len(endpoint.got) == 12, 30)
    for group in (0, 1):
        assert [n for g, n in sent(endpoint) if g == group] == list(range(group, 12, 2))


def test_many_messages_go_once(brume, sqs, endpoint):
    url, source = make_queue(sqs, VisibilityTimeout="600")
    make_pipe(brume, source, make_destination(brume, endpoint.url), role_of(brume), TargetParameters={"InputTemplate": "<$.body>"})
    for i in range(0, 60, 10):
        sqs.send_message_batch(QueueUrl=url, Entries=[{"Id": str(j), "MessageBody": str(i + j)} for j in range(10)])
    until(lambda: len(endpoint.got) == 60, 30)
    assert sorted(sent(endpoint)) == list(range(60))
    until(lambda: counts(sqs, url) == (0, 0))


@pytest.mark.as_root
def test_the_role_needs_the_right(brume, sqs, endpoint):
    url, source = make_queue(sqs, VisibilityTimeout="600")
    make_pipe(brume, source, make_destination(brume, endpoint.url), make_role(brume, "sqs:*"))
    sqs.send_message(QueueUrl=url, MessageBody="1")
    until(lambda: counts(sqs, url) == (0, 1))
    assert not endpoint.got


def make_table(brume):
    dynamodb, table = brume.client("dynamodb"), name("table")
    made = dynamodb.create_table(TableName=table, KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}], BillingMode="PAY_PER_REQUEST",
                                 AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}], StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"})
    until(lambda: dynamodb.describe_table(TableName=table)["Table"]["TableStatus"] == "ACTIVE")
    return made["TableDescription"]["LatestStreamArn"], lambda id: dynamodb.put_item(TableName=table, Item={"id": {"S": id}})


def test_records_of_a_stream_go_in_order_and_are_given_up(start_brume, endpoint):
    brume = start_brume()
    sqs = brume.client("sqs")
    dead, dead_arn = make_queue(sqs)
    stream, put = make_table(brume)
    for i in range(25):
        put(f"r{i:02}")
    put("no")
    make_pipe(brume, stream, make_destination(brume, endpoint.url), role_of(brume), TargetParameters={"InputTemplate": "<$.dynamodb.Keys.id.S>"},
              SourceParameters={"FilterCriteria": {"Filters": [{"Pattern": '{"dynamodb": {"Keys": {"id": {"S": [{"prefix": "r"}]}}}}'}]},
                                "DynamoDBStreamParameters": {"StartingPosition": "TRIM_HORIZON", "MaximumRetryAttempts": 1, "DeadLetterConfig": {"Arn": dead_arn}}})
    until(lambda: len(endpoint.got) == 25, 30)
    assert sent(endpoint) == [f"r{i:02}" for i in range(25)]
    endpoint.answers[:] = [500, 500]
    put("r-bad")
    put("r-good")
    until(lambda: len(endpoint.got) == 26)
    brume.advance_clock(MINUTE)
    until(lambda: len(endpoint.got) == 28)
    assert sent(endpoint)[25:] == ["r-bad", "r-bad", "r-good"]
    [letter] = bodies(sqs, dead)
    assert letter["context"]["condition"] == "RetryAttemptsExhausted" and letter["DDBStreamBatchInfo"]["batchSize"] == 1


# ---- as enrichment ----

def test_a_target_gets_what_the_enrichment_answers(brume, sqs, endpoint):
    (url, source), (out, target) = make_queue(sqs, VisibilityTimeout="600"), make_queue(sqs)
    destination = make_destination(brume, endpoint.url + "/*")
    enrichment = {"InputTemplate": '{"id": <$.body.id>, "by": <aws.pipes.enrichment-arn>}', "HttpParameters": {"PathParameterValues": ["$.body.id"]}}
    pipe = make_pipe(brume, source, target, role_of(brume), Enrichment=destination, EnrichmentParameters=enrichment,
                     TargetParameters={"InputTemplate": '{"name": <$.name>, "from": "<aws.pipes.pipe-name>"}'})
    shown = brume.client("pipes").describe_pipe(Name=pipe)
    assert (shown["Enrichment"], shown["EnrichmentParameters"]) == (destination, enrichment)
    assert brume.client("pipes").list_pipes(NamePrefix=pipe)["Pipes"][0]["Enrichment"] == destination
    endpoint.answers[:] = [(200, '{"name": "one"}')]
    sqs.send_message(QueueUrl=url, MessageBody='{"id": "x1"}')
    assert bodies(sqs, out) == [{"name": "one", "from": pipe}]
    assert endpoint.got[0][1] == "/x1" and sent(endpoint) == [{"id": "x1", "by": destination}]
    until(lambda: counts(sqs, url) == (0, 0))
    endpoint.answers[:] = [(200, '[{"name": "two"}, {"name": "three"}]')]  # several events of one
    sqs.send_message(QueueUrl=url, MessageBody='{"id": "x2"}')
    assert sorted(b["name"] for b in bodies(sqs, out, 2)) == ["three", "two"]
    for nothing in ('""', "{}", "[]", ""):  # the enrichment as filter
        endpoint.answers[:] = [(200, nothing)]
        sqs.send_message(QueueUrl=url, MessageBody='{"id": "x3"}')
        until(lambda: not endpoint.answers and counts(sqs, url) == (0, 0))
    assert counts(sqs, out) == (0, 0)
    pipes = brume.client("pipes")
    pipes.update_pipe(Name=pipe, RoleArn=shown["RoleArn"], Enrichment="", TargetParameters={"InputTemplate": "<$.body.id>"})
    assert "Enrichment" not in settled(pipes, pipe)
    sqs.send_message(QueueUrl=url, MessageBody='{"id": 4}')
    assert bodies(sqs, out) == [4]


def test_from_an_enrichment_to_an_endpoint(brume, sqs, endpoint):
    url, source = make_queue(sqs, VisibilityTimeout="600")
    make_pipe(brume, source, make_destination(brume, endpoint.url + "/target"), role_of(brume), Enrichment=make_destination(brume, endpoint.url + "/enrich"),
              EnrichmentParameters={"InputTemplate": "<$.body>"}, TargetParameters={"InputTemplate": '{"got": <$.v>}', "HttpParameters": {"HeaderParameters": {"x-v": "$.v"}}})
    endpoint.answers[:] = [(200, '[{"v": "7"}]')]
    sqs.send_message(QueueUrl=url, MessageBody='{"n": 1}')
    until(lambda: len(endpoint.got) == 2 and counts(sqs, url) == (0, 0))
    assert [(g[1], json.loads(g[4])) for g in endpoint.got] == [("/enrich", {"n": 1}), ("/target", {"got": "7"})] and endpoint.got[1][3]["x-v"] == "7"


def test_an_enrichment_that_fails(start_brume, endpoint):
    brume = start_brume()
    sqs = brume.client("sqs")
    (url, source), (out, target) = make_queue(sqs), make_queue(sqs)
    make_pipe(brume, source, target, role_of(brume), Enrichment=make_destination(brume, endpoint.url), TargetParameters={"InputTemplate": "<$.v>"})
    endpoint.answers[:] = [503, (200, "no JSON"), (200, json.dumps([{"v": 0}] * 11)), (200, '{"v": 1}')]
    sqs.send_message(QueueUrl=url, MessageBody="m")
    for n in (1, 2, 3):
        until(lambda: len(endpoint.got) == n)
        until(lambda: counts(sqs, url) == (0, 1))
        brume.advance_clock(VISIBLE)
    assert bodies(sqs, out) == [1] and counts(sqs, out) == (0, 0)


def test_an_enrichment_may_answer_much_but_not_more_than_6_mb(brume, sqs, endpoint):
    (url, source), (out, target) = make_queue(sqs, VisibilityTimeout="600"), make_queue(sqs)
    make_pipe(brume, source, target, role_of(brume), Enrichment=make_destination(brume, endpoint.url))
    endpoint.answers[:] = [(200, json.dumps([str(i) * 700_000 for i in range(2)]))]
    sqs.send_message(QueueUrl=url, MessageBody="m")
    assert sorted((b[0], len(b)) for b in bodies(sqs, out, 2)) == [(str(i), 700_000) for i in range(2)]
    until(lambda: counts(sqs, url) == (0, 0))
    endpoint.answers[:] = [(200, json.dumps(["x" * 700_000] * 9))]
    sqs.send_message(QueueUrl=url, MessageBody="m")
    until(lambda: len(endpoint.got) == 2 and not endpoint.answers)
    assert counts(sqs, url) == (0, 1) and counts(sqs, out) == (0, 0)  # refused, it waits for its next turn


def test_a_pipe_loses_its_enrichment_while_events_are_away(start_brume, endpoint):
    brume = start_brume()
    sqs, pipes, role = brume.client("sqs"), brume.client("pipes"), role_of(brume)
    (url, source), (out, target) = make_queue(sqs, VisibilityTimeout="600"), make_queue(sqs)
    pipe = make_pipe(brume, source, target, role, Enrichment=make_destination(brume, endpoint.url, InvocationRateLimitPerSecond=1))
    endpoint.answers[:] = [(200, '{"v": 1}')] * 20
    for i in range(0, 20, 10):
        sqs.send_message_batch(QueueUrl=url, Entries=[{"Id": str(j), "MessageBody": str(i + j)} for j in range(10)])
    until(lambda: endpoint.got and not counts(sqs, url)[0])  # one has had its turn, the others wait for theirs
    pipes.update_pipe(Name=pipe, RoleArn=role, Enrichment="")
    settled(pipes, pipe)
    brume.advance_clock(30_000)
    assert bodies(sqs, out, 20) == [{"v": 1}] * 20 and counts(sqs, out) == counts(sqs, url) == (0, 0)


def test_a_pipe_ends_while_its_event_is_away(brume, sqs, endpoint):
    url, source = make_queue(sqs, VisibilityTimeout="600")
    pipes, gone = brume.client("pipes"), make_destination(brume, "http://127.0.0.1:9/nobody", InvocationRateLimitPerSecond=1)
    pipe = make_pipe(brume, source, gone, role_of(brume))
    for n in range(5):
        sqs.send_message(QueueUrl=url, MessageBody=str(n))
    until(lambda: counts(sqs, url) == (0, 5))
    pipes.delete_pipe(Name=pipe)
    until(lambda: not pipes.list_pipes(NamePrefix=pipe)["Pipes"])
    assert counts(sqs, url) == (0, 5)  # they come back when their time is over


def test_nothing_is_lost_when_the_power_fails(start_brume, endpoint):
    brume = start_brume()
    sqs = brume.client("sqs")
    (url, source), (out, target) = make_queue(sqs, VisibilityTimeout="600"), make_queue(sqs)
    make_pipe(brume, source, target, role_of(brume), Enrichment=make_destination(brume, endpoint.url), EnrichmentParameters={"InputTemplate": "<$.body>"})
    endpoint.answers[:] = [(200, json.dumps({"n": n})) for n in range(500)]
    for i in range(0, 40, 10):
        sqs.send_message_batch(QueueUrl=url, Entries=[{"Id": str(j), "MessageBody": str(i + j)} for j in range(10)])
    brume.kill()
    brume.start()
    sqs = brume.client("sqs")
    assert len(receive(sqs, out, 40, 30)) == 40
    assert counts(sqs, url) == (0, 0) and counts(sqs, out) == (0, 0) and set(sent(endpoint)) == set(range(40))


def test_what_is_refused(brume, sqs):
    pipes, (_, source), (_, target) = brume.client("pipes"), make_queue(sqs), make_queue(sqs)
    good = {"Name": name(), "Source": source, "Target": target, "RoleArn": role_of(brume)}
    destination = make_destination(brume, "http://127.0.0.1:9")
    refused("ValidationException", pipes.create_pipe, **good, TargetParameters={"HttpParameters": {"HeaderParameters": {"a": "b"}}})
    refused("ValidationException", pipes.create_pipe, **good, EnrichmentParameters={"InputTemplate": "<$.body>"})
    refused("ValidationException", pipes.create_pipe, **good, Enrichment=destination, EnrichmentParameters={"InputTemplate": "<aws.pipes.nonsense>"})
    for absent in (f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:f", f"arn:aws:states:us-east-1:{ACCOUNT}:stateMachine:m"):
        assert absent in refused("NotImplemented", pipes.create_pipe, **good, Enrichment=absent)
