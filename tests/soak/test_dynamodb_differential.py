"""The same requests to brume and to DynamoDB Local, whose half that computes is AWS's: what is accepted, what is answered, and what the tables
hold then. BRUME_DIFFERENTIAL has the seeds, 1 to 4 if it is not there, BRUME_DIFFERENTIAL_REQUESTS how many of each, 3000.

Not compared are words of refusals (of several faults DynamoDB Local tells another first), capacity, the order of a Scan and of equal keys in an
index, and PartiQL. Where it is DynamoDB Local that differs from the service, `is_known` says how that is known."""
import json
import os
import random
import re
import shutil
import socket
import subprocess
import time
from base64 import b64decode
from decimal import Context, Decimal
from pathlib import Path

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from dynamodb_requests import Requests

WHERE = Path(__file__).resolve().parents[2] / ".deps/bench/DynamoDB-Local"
EXACT = Context(prec=60)
REQUESTS = int(os.environ.get("BRUME_DIFFERENTIAL_REQUESTS", "3000"))


@pytest.fixture(scope="module")
def local():
    if not (WHERE / "classpath").exists() or not shutil.which("java"):
        pytest.skip("DynamoDB Local is not installed: bench/dynamodb fetches it")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(["java", "-Xmx400m", f"-Djava.library.path={WHERE}/lib", "-cp", (WHERE / "classpath").read_text().strip(),
                                "com.amazonaws.services.dynamodbv2.local.main.ServerRunner", "-port", str(port), "-inMemory", "-sharedDb", "-disableTelemetry"],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    client = boto3.client("dynamodb", endpoint_url=f"http://127.0.0.1:{port}", region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test",
                          config=Config(retries={"max_attempts": 60}))
    client.list_tables()
    yield client
    process.terminate()
    process.wait(30)


def plain(value):
    """With numbers as Decimals and sets in order: DynamoDB Local writes 1E+2 into sets."""
    if isinstance(value, dict):
        kind, inner = next(iter(value.items())) if len(value) == 1 else ("", None)
        if kind == "N" and isinstance(inner, str):
            return {"N": str(Decimal(inner).normalize(EXACT))}
        if kind in ("SS", "BS", "NS") and isinstance(inner, list):
            return {kind: sorted(map(str, (Decimal(i).normalize(EXACT) for i in inner) if kind == "NS" else inner))}
        return {k: plain(v) for k, v in value.items()}
    return [plain(v) for v in value] if isinstance(value, list) else value.hex() if isinstance(value, bytes) else value


def ask(client, operation, body):
    """What is accepted: the answer's members but capacity. What is refused: code, message and members."""
    try:
        answer = getattr(client, re.sub("(?<!^)([A-Z])", r"_\1", operation).lower())(**body)
    except ClientError as error:
        more = {k: plain(error.response[k]) for k in ("Item", "CancellationReasons") if k in error.response}
        return {"refused": error.response["Error"]["Code"], "message": error.response["Error"]["Message"], **more}
    return plain({k: v for k, v in answer.items() if k not in ("ResponseMetadata", "ConsumedCapacity")})


def read_all(client, operation, body):
    """Every page, as one; in order where an order is promised."""
    whole, start = [], {}
    while True:
        page = ask(client, operation, {**body, **start})
        if "refused" in page:
            return page
        whole += page.get("Items", [None] * page["Count"])
        if "LastEvaluatedKey" not in page:
            break
        start = {"ExclusiveStartKey": to_wire(page["LastEvaluatedKey"])}
    return {"all": whole if operation == "Query" and "IndexName" not in body else sorted(whole, key=lambda i: json.dumps(i, sort_keys=True))}


def to_wire(key):
    return {k: {kind: bytes.fromhex(v) if kind == "B" else v} for k, one in key.items() for kind, v in one.items()}


def from_base64(value):
    """As boto3 takes binaries."""
    if isinstance(value, dict):
        return {k: b64decode(v) if k == "B" and isinstance(v, str) else [b64decode(i) for i in v] if k == "BS" else from_base64(v) for k, v in value.items()}
    return [from_base64(v) for v in value] if isinstance(value, list) else value


def is_known(ours, theirs):
    """dynalite's recorded refusals of keys of indexes that an update makes of another type, which DynamoDB Local writes; the reasons for which a
    transaction is cancelled, as the API reference lists them, of which DynamoDB Local makes faults of the request; the service tells all
    actions' wrong keys before it looks at a condition (scylladb's test_transact.py, verified on AWS); where DynamoDB Local fails itself."""
    index_key = "ndex Key " in str(ours) or "secondary index key" in str(ours) or "IndexKey" in str(ours)
    order = "refused" in ours and "refused" in theirs and {ours["refused"], theirs["refused"]} <= {"ValidationException", "TransactionCanceledException", "ConditionalCheckFailedException"}
    return "refused" in ours and index_key or order and ours["refused"] != theirs["refused"] or theirs.get("refused") == "InternalFailure"


class Pair:
    def __init__(self, ours, theirs, seed):
        self.clients, self.rng, self.found, self.accepted = (ours, theirs), random.Random(seed), [], 0
        self.requests = Requests(self.rng)

    def both(self, operation, body):
        return [ask(client, operation, body) for client in self.clients]

    def new_tables(self):
        for table in self.requests.tables:
            self.both("DeleteTable", {"TableName": table["TableName"]})
        for client in self.clients:
            while client.list_tables()["TableNames"]:
                time.sleep(0.01)
        self.requests.new_tables()
        for table in self.requests.tables:
            assert not any("refused" in answer for answer in self.both("CreateTable", table))
            for client in self.clients:
                client.get_waiter("table_exists").wait(TableName=table["TableName"], WaiterConfig={"Delay": 0.01})

    def compare(self, operation, body):
        body = from_base64(body)
        if operation in ("Query", "Scan"):
            ours, theirs = [read_all(client, operation, body) for client in self.clients]
        else:
            ours, theirs = self.both(operation, body)
        self.accepted += "refused" not in ours
        told = [{k: v for k, v in one.items() if k not in ("message", "CancellationReasons")} for one in (ours, theirs)]
        if told[0] == told[1] and [r["Code"] for r in ours.get("CancellationReasons", [])] == [r["Code"] for r in theirs.get("CancellationReasons", [])]:
            return
        if not is_known(ours, theirs):
            self.found.append(f"{operation} {body}\n  brume {ours}\n  local {theirs}")
        if operation not in ("Query", "Scan", "GetItem"):
            self.new_tables()  # they may hold other things now

    def look(self):
        for table in self.requests.tables:
            ours, theirs = [read_all(client, "Scan", {"TableName": table["TableName"], "ConsistentRead": True}) for client in self.clients]
            if ours != theirs:
                self.found.append(f"{table}\n  brume {ours}\n  local {theirs}")


@pytest.mark.parametrize("seed", os.environ.get("BRUME_DIFFERENTIAL", "1 2 3 4").split())
def test_the_same_as_dynamodb_local(start_brume, local, seed):
    for name in local.list_tables()["TableNames"]:
        local.delete_table(TableName=name)
    pair = Pair(start_brume().client("dynamodb"), local, seed)
    for n in range(REQUESTS):
        if n % 500 == 0:
            pair.new_tables()
        pair.compare(*pair.requests.next())
        if n % 50 == 49:
            pair.look()
    assert not pair.found, f"{len(pair.found)} differ:\n" + "\n".join(pair.found[:20])
    assert pair.accepted > REQUESTS // 4, pair.accepted
