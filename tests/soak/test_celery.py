"""An application of others, as its registry has it: Celery with its SQS transport and its DynamoDB result backend. It does
not know where it is."""
import json
import subprocess
import time
import venv
from pathlib import Path

from client_kit import DEPS, client_environment, run

APPLICATION = Path(__file__).resolve().parent / "celery"
RELEASE = {"celery": "5.7.0", "kombu": "5.7.0", "boto3": "1.44.5", "pycurl": "7.49.0"}


def installed():
    folder = (DEPS / f"celery-{RELEASE['celery']}").resolve()  # its programs' first lines name it
    if not (folder / "ready").exists():
        venv.create(folder, with_pip=True, clear=True)
        run(folder / "bin/pip", "install", "-q", "--disable-pip-version-check", *(f"{name}=={version}" for name, version in RELEASE.items()))
        (folder / "ready").touch()
    return folder / "bin"


def test_celery_carries_its_work(start_brume, tmp_path):
    server, programs = start_brume(), installed()
    environment = client_environment(BRUME_HOST=server.url.removeprefix("http://"))
    dynamodb, sqs, workers = server.client("dynamodb"), server.client("sqs"), []
    with open(tmp_path / "workers", "w") as log:
        try:
            for n in range(2):
                # threads: forked workers of Celery share a connection to its backend, which no server can tell apart
                workers.append(subprocess.Popen([programs / "celery", "-A", "shop", "worker", "-P", "threads", "-c", "4", "-n", f"worker{n}"],
                                                cwd=APPLICATION, env=environment, stdout=log, stderr=log))
                dynamodb.get_waiter("table_exists").wait(TableName="results", WaiterConfig={"Delay": 1})  # the first one makes it
            answers = json.loads(run(programs / "python", "customer.py", cwd=APPLICATION, env=environment))
        finally:
            for worker in workers:
                worker.terminate()
            ends = [worker.wait(60) for worker in workers]
    assert answers == {"squares": [n * n for n in range(300)], "chain": 6561, "group": [n * n for n in range(20)],
                       "chord": sum(n * n for n in range(50)), "stubborn": [[n, 2] for n in range(5)], "broken": ["KeyError('no 7')", "FAILURE"]}
    assert ends == [0, 0], (tmp_path / "workers").read_text()[-3000:]
    items = [item for page in dynamodb.get_paginator("scan").paginate(TableName="results") for item in page["Items"]]
    results = [item for item in items if "chord" not in item["id"]["S"] and "group" not in item["id"]["S"]]
    assert len(results) == 300 + 3 + 20 + 50 + 1 + 5 + 1
    assert all(int(item["ttl"]["N"]) > time.time() for item in results)
    assert dynamodb.describe_time_to_live(TableName="results")["TimeToLiveDescription"]["AttributeName"] == "ttl"
    queue = sqs.get_queue_url(QueueName="shop")["QueueUrl"]
    left = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"])["Attributes"]
    assert set(left.values()) == {"0"}
