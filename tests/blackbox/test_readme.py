"""The README's commands are run, in its order, against a brume; what it shows is what comes out."""
import json
import re
import shutil
import subprocess
import urllib.request
from pathlib import Path

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import pytest
from readme_kit import README, first_five_minutes

ROOT = Path(__file__).resolve().parents[2]
CLIS = {"current": ROOT / ".deps/venv/bin/aws", "debian": Path("/usr/bin/aws")}


@pytest.mark.parametrize("generation", CLIS)
def test_first_five_minutes(start_brume, tmp_path, generation):
    aws = CLIS[generation]
    if not aws.exists():
        pytest.skip(f"{aws} is not installed")
    first_five_minutes(start_brume().url, aws, tmp_path)


def test_state_table_claims_no_more_than_there_is(brume):
    request = botocore.awsrequest.AWSRequest("GET", f"{brume.url}/_brume/coverage")
    botocore.auth.SigV4Auth(botocore.credentials.Credentials("test", "test"), "brume", "us-east-1").add_auth(request)
    answer = urllib.request.urlopen(urllib.request.Request(request.url, headers=dict(request.headers)))
    coverage = json.load(answer)
    rows = re.findall(r"^\| (\w+) \| (\d+) of (\d+) \|", README, re.M)
    assert {name for name, _, _ in rows} == set(coverage)
    for name, there, all_ in rows:
        assert int(there) <= sum(coverage[name].values()), name
        assert int(all_) == len(coverage[name]), name


def test_make_has_the_two_commands():
    dry = subprocess.run([shutil.which("make"), "-n", "run", "test"], cwd=ROOT, capture_output=True, text=True)
    assert dry.returncode == 0 and "serve" in dry.stdout and "tests/run" in dry.stdout


def test_make_run_serves(tmp_path):
    process = subprocess.Popen(["make", "-s", "run", f"ARGS=--port 0 --data {tmp_path}"], cwd=ROOT, text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        lines = iter(process.stdout.readline, "")
        ready = next((line for line in lines if line.startswith("brume ready ")), None)
        assert ready, "make run did not come to the ready line"
        with urllib.request.urlopen(ready.split()[2] + "/_brume/ready") as answer:
            assert json.load(answer) == {"ready": True}
    finally:
        process.terminate()
        process.wait(20)
