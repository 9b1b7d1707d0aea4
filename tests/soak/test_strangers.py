"""Calls that nobody meant: whatever they are, they are answered, in a form that SDKs read.

BRUME_STRANGERS has the seeds, 1 to 4 if it is not there."""
import os
import subprocess

import pytest
from stranger import Stranger

NAMES = {"application-autoscaling": "applicationautoscaling", "cloudtrail-data": "cloudtrail_data"}
SERVICES = ["account", "application-autoscaling", "cloudtrail", "cloudtrail-data", "cloudwatch", "dynamodb", "dynamodbstreams", "events", "iam", "kms", "logs", "organizations",
            "pipes", "resourcegroupstaggingapi", "s3", "s3control", "scheduler", "schemas", "sns", "sqs", "sts"]


def operations(program):
    """What the program says it has."""
    found = {}
    for service in SERVICES:
        said = subprocess.run([program, "coverage", NAMES.get(service, service)], capture_output=True, text=True, check=True).stdout
        found[service] = {line.split()[1] for line in said.splitlines() if line.startswith("done")}
        assert found[service], said
    return found


@pytest.mark.parametrize("seed", os.environ.get("BRUME_STRANGERS", "1 2 3 4").split())
def test_calls_that_nobody_meant(start_brume, seed):
    server = start_brume()
    stranger = Stranger(seed, operations(server.process.args[0]), server.client)
    for n in range(8000):
        stranger.step()
        if n % 1000 == 500:
            server.advance_clock(stranger.rng.choice([1000, 61000, 3601000, 86400000]), coalesce=True)
        if n % 2000 == 1999:
            stranger.turn_pages()
            server.kill()
            server.start()
            stranger.forget_clients()
    assert not stranger.found, "\n".join(stranger.found)
    assert stranger.counts["accepted"] > 500 and stranger.counts["lists"] > 100, stranger.counts
    assert not [line for line in server.log if " error " in line]
