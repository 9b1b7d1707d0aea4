"""Statements of docs/SECURITY.md that a running brume can be held to."""
import base64
import json
import os
import stat
from pathlib import Path

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError


def test_nobody_else_reads_the_data_directory(start_brume):
    server = start_brume("--tls")
    server.stop()
    for path in [server.data, *Path(server.data).rglob("*")]:
        mode = stat.S_IMODE(path.stat().st_mode)
        if path.suffix == ".pem" and "ca" in path.name and "key" not in path.name:
            continue  # the authority's certificate, which clients shall read
        assert not mode & 0o077 or path == server.data, f"{path} {mode:o}"
    assert stat.S_IMODE(os.stat(server.data).st_mode) & 0o077 == 0


def test_a_crash_leaves_no_core(start_brume):
    server = start_brume()
    limits = Path(f"/proc/{server.process.pid}/limits").read_text()
    assert next(line for line in limits.splitlines() if line.startswith("Max core file size")).split()[4] == "0"


LONG, ESCAPED = "x" * 5000, "\x01" * 1400  # what no row is named by, as it stands or once it is escaped


def json64(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


TOKEN = ".".join((json64({"alg": "RS256"}), json64({"iss": "https://" + LONG, "sub": "s", "aud": "a", "exp": 9e9}), "AAAA"))
ROLE = "arn:aws:iam::000000000000:role/x"
OVERLONG = [
    ("sts", "assume_role_with_web_identity", {"RoleArn": ROLE, "RoleSessionName": "xx", "WebIdentityToken": TOKEN}),
    ("sts", "assume_role_with_saml", {"RoleArn": ROLE, "PrincipalArn": "arn:aws:iam::000000000000:saml-provider/" + LONG[:1950], "SAMLAssertion": "AAAA"}),
    ("sqs", "get_queue_url", {"QueueName": "q", "QueueOwnerAWSAccountId": LONG}),
    ("sqs", "start_message_move_task", {"SourceArn": f"arn:aws:sqs:us-east-1:{LONG}:q"}),
    ("sqs", "untag_queue", {"QueueUrl": "overlong", "TagKeys": [LONG]}),
    ("sns", "publish", {"TopicArn": f"arn:aws:sns:us-east-1:{LONG}:t", "Message": "m"}),
    ("kms", "describe_key", {"KeyId": "alias/" + LONG[:2000]}),
    ("iam", "get_policy", {"PolicyArn": "arn:aws:iam::000000000000:policy/" + LONG[:2000]}),
    ("iam", "get_open_id_connect_provider", {"OpenIDConnectProviderArn": "arn:aws:iam::000000000000:oidc-provider/" + LONG[:1990]}),
    ("iam", "simulate_principal_policy", {"PolicySourceArn": "arn:aws:iam::000000000000:user/" + LONG[:1990], "ActionNames": ["a:b"]}),
    ("cloudtrail", "get_trail", {"Name": f"arn:aws:cloudtrail:{LONG}:000000000000:trail/abc"}),
    ("events", "put_targets", {"Rule": "overlong", "Targets": [{"Id": "t", "Arn": f"arn:aws:events:us-east-1:{ESCAPED}:event-bus/x"}]}),
]


@pytest.mark.parametrize("service, operation, arguments", OVERLONG, ids=[o for _, o, _ in OVERLONG])
def test_a_name_longer_than_any_names_nothing(brume, service, operation, arguments):
    """Some of it reached brume unsigned, and each of it ended the process."""
    client = brume.client(service)
    if operation.startswith("assume_role"):
        client = boto3.client("sts", endpoint_url=brume.url, region_name="us-east-1", config=Config(signature_version=UNSIGNED))
    if "QueueUrl" in arguments:
        client.create_queue(QueueName="overlong")
    if "Targets" in arguments:
        client.put_rule(Name="overlong", EventPattern=json.dumps({"source": ["overlong"]}))
    try:
        getattr(client, operation)(**arguments)
    except ClientError as error:
        assert error.response["ResponseMetadata"]["HTTPStatusCode"] < 500
    if "Targets" in arguments:
        client.put_events(Entries=[{"Source": "overlong", "DetailType": "d", "Detail": "{}"}])
    assert brume.client("sqs").list_queues()
