"""The query protocol, by a client old enough to speak it, and by hand where even that is too new."""
import json
import os
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

OLD_PYTHON = os.environ.get("BRUME_OLD_PYTHON", "/usr/bin/python3")


def speaks_query():
    check = "import boto3; assert boto3.client('sqs', region_name='us-east-1').meta.service_model.metadata['protocol'] == 'query'"
    return subprocess.run([OLD_PYTHON, "-c", check], capture_output=True, check=False).returncode == 0


def test_old_boto3(brume, name):
    if not speaks_query():
        pytest.skip("no Python with a boto3 of the query protocol: set BRUME_OLD_PYTHON")
    script = Path(__file__).with_name("query_client.py")
    done = subprocess.run([OLD_PYTHON, str(script), brume.url, name], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    invalid = "InvalidParameterValue"
    assert seen == {
        "url": f"{brume.url}/000000000000/{name}", "tags": {"a": "b"},
        "attributes": {"VisibilityTimeout": "7", "QueueArn": f"arn:aws:sqs:us-east-1:000000000000:{name}"},
        "body": "<&>", "same_digests": [True, True], "binary": [0, 1], "count": "1",
        "batch": [["x"], [["y", "InvalidMessageContents", True]]], "deleted": 2, "empty": False, "listed": True, "policy": True,
        "absent": ["AWS.SimpleQueueService.NonExistentQueue", "The specified queue does not exist for this wsdl version.", 400],
        "deleted_recently": ["AWS.SimpleQueueService.QueueDeletedRecently",
                             "You must wait 60 seconds after deleting a queue before you can create another with the same name.", 400],
        "no_group": ["MissingParameter", "The request must contain the parameter MessageGroupId.", 400],
        "no_dedup": [invalid, "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly", 400],
        "empty_batch": ["AWS.SimpleQueueService.InvalidBatchEntryId",
                        "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.", 400],
    }


def post(url, form):
    body = urllib.parse.urlencode(form).encode()
    request = AWSRequest("POST", url, data=body, headers={"Content-Type": "application/x-www-form-urlencoded"})
    SigV4Auth(Credentials("test", "test"), "sqs", "us-east-1").add_auth(request)
    call = urllib.request.Request(url, data=body, headers=dict(request.headers), method="POST")
    with urllib.request.urlopen(call) as answer:
        return answer.read().decode()


def test_queue_of_the_path(sqs, queue):
    answer = post(queue, {"Action": "SendMessage", "Version": "2012-11-05", "MessageBody": "by path"})
    assert "<SendMessageResponse" in answer and "<MD5OfMessageBody>" in answer
    assert sqs.receive_message(QueueUrl=queue)["Messages"][0]["Body"] == "by path"
