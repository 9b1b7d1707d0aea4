"""Many targets, and targets that are dead: what a publisher and the others notice of it."""
import collections
import json
import re
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from web_endpoint import Endpoint

QUEUES, RULES, MESSAGES = 100, 1000, 3000
ACCOUNT = "000000000000"


def own_memory(server):
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(re.search(r"RssAnon:\s+(\d+) kB", status)[1]) << 10


def queue_for(server, name, *services):
    sqs = server.client("sqs")
    url = sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "3600"})["QueueUrl"]
    arn = f"arn:aws:sqs:us-east-1:{ACCOUNT}:{name}"
    statement = {"Effect": "Allow", "Principal": {"Service": list(services)}, "Action": "sqs:SendMessage", "Resource": arn}
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps({"Version": "2012-10-17", "Statement": [statement]})})
    return url, arn


def bodies(sqs, url, least):
    """At least so many, and what comes within two seconds after."""
    found = []
    while True:
        more = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=20 if len(found) < least else 2).get("Messages", [])
        found += [m["Body"] for m in more]
        if not more:
            return found


def test_1000_rules_and_100_queues_over_a_kill(start_brume):
    server = start_brume()
    server.admin("POST", "quota", account=ACCOUNT, region="us-east-1", service="events", code="rules", value=RULES + 1)
    sns, events = server.client("sns"), server.client("events")
    topic = sns.create_topic(Name="t")["TopicArn"]
    queues = [queue_for(server, f"q{i}", "sns.amazonaws.com", "events.amazonaws.com") for i in range(QUEUES)]
    for _, arn in queues:
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
    for i in range(RULES):
        events.put_rule(Name=f"r{i}", EventPattern=json.dumps({"source": ["shop"], "detail": {"kind": [{"prefix": "o"}]}}))
        events.put_targets(Rule=f"r{i}", Targets=[{"Id": "q", "Arn": queues[i % QUEUES][1], "Input": json.dumps(i)}])
    sns.publish(TopicArn=topic, Message="to all")
    assert events.put_events(Entries=[{"Source": "shop", "DetailType": "d", "Detail": '{"kind": "order"}'}])["FailedEntryCount"] == 0
    server.kill()
    again = start_brume(data=server.data)
    with ThreadPoolExecutor(8) as pool:
        got = list(pool.map(lambda q: bodies(again.client("sqs"), again.url + "/" + q[0].split("/", 3)[3], 1 + RULES // QUEUES), queues))
    for i, found in enumerate(got):
        assert collections.Counter(found) == collections.Counter(["to all", *map(str, range(i, RULES, QUEUES))]), f"queue {i}"


def test_a_dead_endpoint_holds_up_nobody(start_brume):
    server = start_brume()
    sns = server.client("sns")
    topic = sns.create_topic(Name="t")["TopicArn"]
    url, arn = queue_for(server, "alive", "sns.amazonaws.com")
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
    endpoint = Endpoint()
    sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=endpoint.url)
    sns.confirm_subscription(TopicArn=topic, Token=json.loads(endpoint.wait(1).body)["Token"])
    endpoint.close()
    with socket.create_server(("127.0.0.1", int(endpoint.url.rsplit(":", 1)[1])), backlog=4):  # nobody ever answers there
        def publish(n):
            server.client("sns").publish(TopicArn=topic, Message=str(n))
        publish(0)
        before = own_memory(server)
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(publish, range(1, MESSAGES)))
            found = sum(pool.map(lambda _: bodies(server.client("sqs"), url, 1), range(8)), [])
        assert sorted(map(int, found)) == list(range(MESSAGES))
        assert own_memory(server) - before < 16 << 20
