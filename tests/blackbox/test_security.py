"""Statements of docs/SECURITY.md that a running brume can be held to."""
import base64
import json
import os
import stat
import subprocess
from pathlib import Path

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding


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


def test_a_passphrase_seals_the_root_key(start_brume, tmp_path):
    """Set at any start, needed from then on; without it, or with another, nothing is opened and nothing is lost."""
    server = start_brume(data=tmp_path / "sealed")
    server.client("s3").create_bucket(Bucket="sealed")
    server.client("s3").put_object(Bucket="sealed", Key="k", Body=b"x" * 100000)
    server.stop()
    key_file = server.data / "root.key"
    plain = key_file.read_text().split()[-1]
    server.environment["BRUME_ROOT_PASSPHRASE"] = "correct horse"
    server.start()
    server.stop()
    assert key_file.read_text().startswith("brume root key 2 ") and plain not in key_file.read_text()
    assert key_file.stat().st_mode & 0o777 == 0o600
    for phrase in ("", "wrong horse"):
        environment = {**os.environ, "BRUME_ROOT_PASSPHRASE": phrase}
        refused = subprocess.run([server.process.args[0], "serve", "--port", "0", "--data", str(server.data)], capture_output=True, text=True, env=environment, timeout=30)
        assert refused.returncode and "BRUME_ROOT_PASSPHRASE" in refused.stderr
    server.start()
    assert server.client("s3").get_object(Bucket="sealed", Key="k")["Body"].read() == b"x" * 100000


def test_no_key_material_in_the_data_directory(start_brume):
    """Known material, imported, is nowhere on disk: not in rows, blobs, journals."""
    server = start_brume()
    kms = server.client("kms")
    material = bytes(range(7, 39))
    key = kms.create_key(Origin="EXTERNAL")["KeyMetadata"]["KeyId"]
    wrapping = kms.get_parameters_for_import(KeyId=key, WrappingAlgorithm="RSAES_OAEP_SHA_256", WrappingKeySpec="RSA_2048")
    public = serialization.load_der_public_key(wrapping["PublicKey"])
    wrapped = public.encrypt(material, padding.OAEP(mgf=padding.MGF1(hashes.SHA256()), algorithm=hashes.SHA256(), label=None))
    kms.import_key_material(KeyId=key, ImportToken=wrapping["ImportToken"], EncryptedKeyMaterial=wrapped, ExpirationModel="KEY_MATERIAL_DOES_NOT_EXPIRE")
    plain = kms.generate_data_key(KeyId=key, KeySpec="AES_256")["Plaintext"]
    assert kms.decrypt(CiphertextBlob=kms.encrypt(KeyId=key, Plaintext=b"a secret of mine")["CiphertextBlob"])["Plaintext"] == b"a secret of mine"
    server.stop()
    files = [p.read_bytes() for p in server.data.rglob("*") if p.is_file()]
    assert any(key.encode() in f for f in files)  # the search finds what is there
    for secret in (material, plain, b"a secret of mine"):
        assert not any(form in f for f in files for form in (secret, secret.hex().encode(), base64.b64encode(secret)))
