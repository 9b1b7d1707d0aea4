"""32 clients over few items: transactions, conditional writes, reads. One order must explain all that they saw."""
import json
import os
import random
import threading
import time
import urllib.request

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from history_check import Wrong, check
from services.dynamodb.test.ddb_tables import make_table

CLIENTS, KEYS = 32, 6
SECONDS = float(os.environ.get("BRUME_CHECK_SECONDS", "4"))


class Client(threading.Thread):
    """Does one random thing after the other and writes down what it saw."""

    def __init__(self, brume, name, number, until, ids):
        super().__init__()
        self.brume, self.name_, self.until, self.ids = brume, name, until, ids
        self.random = random.Random(number * 7919 + 13)
        self.history, self.refused, self.broken = [], 0, None

    def call(self, operation, **arguments):
        body = json.dumps(arguments).encode()
        request = AWSRequest("POST", f"{self.brume.url}/", data=body, headers={"X-Amz-Target": f"DynamoDB_20120810.{operation}",
                                                                              "Content-Type": "application/x-amz-json-1.0"})
        SigV4Auth(Credentials("test", "test"), "dynamodb", "us-east-1").add_auth(request)
        try:
            with urllib.request.urlopen(urllib.request.Request(f"{self.brume.url}/", data=body, headers=dict(request.headers))) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            refusal = json.load(error)
            assert refusal["__type"].split("#")[1] in ("ConditionalCheckFailedException", "TransactionCanceledException"), refusal
            self.refused += 1
            return None

    def event(self, reads=(), appends=()):
        self.ids[0] += 1  # only unique together with the client's name
        return {"id": f"{self.name}-{len(self.history)}-{self.refused}", "begun": time.monotonic(), "ended": None, "reads": dict(reads), "appends": dict(appends)}

    def done(self, event):
        event["ended"] = time.monotonic()
        self.history.append(event)

    def value(self):
        self.made = getattr(self, "made", 0) + 1
        return f"{self.name}.{self.made}"

    def key(self, k):
        return {"p": {"S": k}}

    @staticmethod
    def seen(item):
        return [v["S"] for v in item.get("log", {"L": []})["L"]]

    def append(self, k, value):
        return {"TableName": self.name_, "Key": self.key(k), "UpdateExpression": "SET #l = list_append(if_not_exists(#l, :none), :v) ADD n :one",
                "ExpressionAttributeNames": {"#l": "log"},
                "ExpressionAttributeValues": {":none": {"L": []}, ":v": {"L": [{"S": value}]}, ":one": {"N": "1"}}}

    def read_one(self, keys):
        k = keys[0]
        event = self.event()
        event["reads"][k] = self.seen(self.call("GetItem", TableName=self.name_, Key=self.key(k), ConsistentRead=True).get("Item", {}))
        self.done(event)

    def read_many(self, keys):
        event = self.event()
        found = self.call("TransactGetItems", TransactItems=[{"Get": {"TableName": self.name_, "Key": self.key(k)}} for k in keys])
        for k, one in zip(keys, found["Responses"]):
            event["reads"][k] = self.seen(one.get("Item", {}))
        self.done(event)

    def append_one(self, keys):
        k, value = keys[0], self.value()
        event = self.event(appends={k: value})
        old = self.call("UpdateItem", **self.append(k, value), ReturnValues="ALL_NEW")["Attributes"]
        event["reads"][k] = self.seen(old)
        self.done(event)

    def append_many(self, keys):
        values = {k: self.value() for k in keys}
        event = self.event(appends=values)
        self.call("TransactWriteItems", TransactItems=[{"Update": self.append(k, v)} for k, v in values.items()])
        self.done(event)

    def compare_and_append(self, keys):
        """Reads one item, then appends to it and another if the first is still as it was."""
        first, second = keys[:2]
        item = self.call("GetItem", TableName=self.name_, Key=self.key(first), ConsistentRead=True).get("Item", {})
        value, other = self.value(), self.value()
        event = self.event(reads={first: self.seen(item)}, appends={first: value, second: other})
        update = self.append(first, value)
        update["ConditionExpression"] = "n = :n" if "n" in item else "attribute_not_exists(p)"
        if "n" in item:
            update["ExpressionAttributeValues"][":n"] = item["n"]
        if self.call("TransactWriteItems", TransactItems=[{"Update": update}, {"Update": self.append(second, other)}]) is not None:
            self.done(event)

    def check_and_append(self, keys):
        """A condition on one item guards the append to another: write skew would show here."""
        first, second = keys[:2]
        item = self.call("GetItem", TableName=self.name_, Key=self.key(first), ConsistentRead=True).get("Item", {})
        value = self.value()
        event = self.event(reads={first: self.seen(item)}, appends={second: value})
        guard = {"TableName": self.name_, "Key": self.key(first), "ConditionExpression": "attribute_not_exists(n)"}
        if "n" in item:
            guard.update(ConditionExpression="n = :n", ExpressionAttributeValues={":n": item["n"]})
        if self.call("TransactWriteItems", TransactItems=[{"ConditionCheck": guard}, {"Update": self.append(second, value)}]) is not None:
            self.done(event)

    def run(self):
        kinds = [self.read_one, self.read_many, self.append_one, self.append_many, self.compare_and_append, self.check_and_append]
        try:
            while time.monotonic() < self.until:
                self.random.choice(kinds)([f"k{n}" for n in self.random.sample(range(KEYS), self.random.choice((2, 2, 3, 4)))])
        except Exception as error:  # told by the test, in its own thread
            self.broken = error


def run_clients(brume, seconds):
    """Rounds on fresh items, so that the lists stay short: reads of all of them are what is checked."""
    events = refused = 0
    dynamodb, ids, end = brume.client("dynamodb"), [0], time.monotonic() + seconds
    while time.monotonic() < end:
        name = make_table(dynamodb)
        until = min(end, time.monotonic() + 4)
        clients = [Client(brume, name, n, until, ids) for n in range(CLIENTS)]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
        broken = [c.broken for c in clients if c.broken]
        assert not broken, broken[0]
        last = Client(brume, name, CLIENTS, until, ids)
        last.read_many([f"k{n}" for n in range(KEYS)])
        history = [event for client in [*clients, last] for event in client.history]
        n, missing = check(history)
        assert not missing, f"acknowledged, but in no item: {missing}"
        events += n
        refused += sum(c.refused for c in clients)
        dynamodb.delete_table(TableName=name)
    return events, refused


@pytest.mark.as_root
def test_one_order_explains_what_32_clients_saw(start_brume):
    events, refused = run_clients(start_brume(), SECONDS)
    print(f"{events} events, {refused} refused by their conditions")
    assert events > CLIENTS and refused


def history(*events):
    return [{"id": n, "begun": begun, "ended": ended, "reads": reads, "appends": appends} for n, (begun, ended, reads, appends) in enumerate(events)]


@pytest.mark.parametrize("events", [
    # write skew: each saw the other's item empty
    [(0, 9, {"a": [], "b": []}, {"a": 1}), (0, 9, {"a": [], "b": []}, {"b": 2}), (10, 11, {"a": [1], "b": [2]}, {})],
    # a read that is older than what ended before it began
    [(0, 1, {}, {"a": 1}), (2, 3, {"a": []}, {}), (4, 5, {"a": [1]}, {})],
    # two readers who saw two appends in different orders
    [(0, 9, {}, {"a": 1}), (0, 9, {}, {"b": 2}), (0, 9, {"a": [1], "b": []}, {}), (0, 9, {"a": [], "b": [2]}, {}), (10, 11, {"a": [1], "b": [2]}, {})],
    # half of a transaction
    [(0, 9, {}, {"a": 1, "b": 2}), (0, 9, {"a": [1], "b": []}, {}), (10, 11, {"a": [1], "b": [2]}, {})],
    # an append that is lost from the middle
    [(0, 1, {}, {"a": 1}), (2, 3, {"a": [1]}, {}), (4, 5, {}, {"a": 2}), (6, 7, {"a": [2]}, {})],
])
def test_the_checker_sees_what_is_wrong(events):
    with pytest.raises(Wrong):
        check(history(*events))


def test_the_checker_lets_a_good_history_pass():
    good = history((0, 5, {"a": []}, {"a": 1}), (1, 6, {"a": [1]}, {"b": 2}), (2, 9, {"a": [1], "b": []}, {}), (7, 9, {"b": [2]}, {}))
    assert check(good) == (4, set())
