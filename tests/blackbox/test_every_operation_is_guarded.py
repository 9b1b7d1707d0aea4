"""Every operation of every service that brume has is refused to a user without rights.

Requests are made from botocore's descriptions: what is required, in a form that passes validation. A row of
the overlay without an action (`iam none`) says that AWS asks no right; such an operation is left out, and so is
one that needs no signature."""
import re
import subprocess

import pytest
from botocore.exceptions import ClientError

from conftest import BINARY, ROOT

DENIED = {"AccessDenied", "AccessDeniedException", "AuthorizationError", "403"}
ACCOUNT = "246813579135"
ARN = f"arn:aws:sqs:us-east-1:{ACCOUNT}:guarded"

BOTOCORE = {"applicationautoscaling": "application-autoscaling"}  # rooms that it calls otherwise

# What fits where the name alone tells it; the things named here exist.
NAMED = {"Bucket": "guarded-246813579135", "Key": "k", "QueueUrl": f"http://localhost/{ACCOUNT}/guarded", "QueueName": "guarded",
         "TableName": "guarded", "TopicArn": f"arn:aws:sns:us-east-1:{ACCOUNT}:guarded", "CopySource": "guarded-246813579135/k",
         "TaskPolicyArn": {"arn": "arn:aws:iam::aws:policy/root-task/IAMAuditRootUserCredentials"}, "KeyId": "alias/aws/s3", "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/guarded", "UploadId": "u", "PolicyDocument": '{"Version":"2012-10-17","Statement":[]}'}
# In this order: the first that fits length and pattern.
TEXTS = ["guarded", "guarded00000000000000000", ARN, f"arn:aws:iam::{ACCOUNT}:role/guarded", f"arn:aws:iam::{ACCOUNT}:policy/guarded",
         f"arn:aws:kms:us-east-1:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555", f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/guarded",
         f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/guarded/stream/2020-01-01T00:00:00.000", f"arn:aws:events:us-east-1:{ACCOUNT}:event-bus/guarded", f"arn:aws:scheduler:us-east-1:{ACCOUNT}:schedule-group/guarded", f"arn:aws:pipes:us-east-1:{ACCOUNT}:pipe/guarded",
         f"arn:aws:application-autoscaling:us-east-1:{ACCOUNT}:scalable-target/guarded", f"arn:aws:events:us-east-1:{ACCOUNT}:archive/guarded", f"arn:aws:events:us-east-1:{ACCOUNT}:connection/guarded/11111111-2222-3333-4444-555555555555",
         "11111111-2222-3333-4444-555555555555", "o-abcdefghij/r-abcd/", "123456789012", "123456", "o-abcdefghij",
         "r-abcd", "ou-abcd-12345678", "p-12345678", "h-12345678", "a@example.com", "alias/guarded", "us-east-1", "/guarded/", "http://example.com/",
         "{}", "x" * 40, "1" * 64, "AKIAIOSFODNN7EXAMPLE", "guarded.amazonaws.com", "aws:guarded", "v1", "+1 555 0100", "car-" + "1" * 32]

# What a request needs beyond what its description calls required.
FURTHER = {("kms", "Decrypt"): ["CiphertextBlob"], ("kms", "ReEncrypt"): ["CiphertextBlob"], ("kms", "RetireGrant"): ["KeyId", "GrantId"]}


def overlay_rights(room):
    """operation -> whether it asks a right."""
    rights, operation = {}, None
    for line in (ROOT / f"api/overlay/{room}.overlay").read_text().splitlines():
        if line.startswith("operation "):
            operation = line.split()[1]
        elif line.startswith("  iam ") and operation:
            rights[operation] = rights.get(operation, False) or line.split()[1] != "none"
        elif not line.startswith(" "):
            operation = None
    return rights


def pattern_fits(pattern, text):
    try:
        return re.fullmatch(pattern, text) is not None or re.search("^(?:" + pattern + ")$", text) is not None
    except re.error:
        return True


def text_for(name, shape):
    meta = shape.metadata
    if getattr(shape, "enum", None):
        return shape.enum[0]
    low, high = meta.get("min", 0), meta.get("max", 10**9)
    for text in ([NAMED[name]] if name in NAMED else []) + TEXTS:
        if low <= len(text) <= high and ("pattern" not in meta or pattern_fits(meta["pattern"], text)):
            return text
    return ("g" * max(low, 1))[:high]


def value_for(name, shape, depth=0):
    kind = shape.type_name
    if kind == "structure" and name in NAMED:
        return NAMED[name]
    if kind == "structure":
        if getattr(shape, "is_tagged_union", False):
            first = next(iter(shape.members))
            return {first: value_for(first, shape.members[first], depth + 1)}
        return {m: value_for(m, shape.members[m], depth + 1) for m in shape.required_members}
    if kind == "list":
        return [value_for(name, shape.member, depth + 1)] * max(1, shape.metadata.get("min", 1)) if depth < 6 else []
    if kind == "map":
        return {text_for("", shape.key): value_for("", shape.value, depth + 1)} if depth < 6 else {}
    if kind in ("integer", "long", "float", "double"):
        return max(1, shape.metadata.get("min", 1))
    if kind == "boolean":
        return True
    if kind == "timestamp":
        return 1700000000
    if kind == "blob":
        return NAMED.get(name, b"guarded")
    return text_for(name, shape)


def operations(room):
    lines = subprocess.run([BINARY, "coverage", room], capture_output=True, text=True, check=True).stdout.splitlines()
    return [line.split()[1] for line in lines if line.startswith("done")]


def rooms():
    lines = subprocess.run([BINARY, "coverage"], capture_output=True, text=True, check=True).stdout.splitlines()[1:]
    return [line.split()[0] for line in lines]


@pytest.fixture(scope="module")
def nobody(brume):
    """A user without any policy, in an account where some things are."""
    brume.client("s3", account=ACCOUNT).create_bucket(Bucket=NAMED["Bucket"])
    brume.client("s3", account=ACCOUNT).put_object(Bucket=NAMED["Bucket"], Key="k", Body=b"x")
    brume.client("sqs", account=ACCOUNT).create_queue(QueueName="guarded")
    brume.client("sns", account=ACCOUNT).create_topic(Name="guarded")
    kms = brume.client("kms", account=ACCOUNT)
    key_id = kms.create_key()["KeyMetadata"]["KeyId"]
    grant = kms.create_grant(KeyId=key_id, GranteePrincipal=f"arn:aws:iam::{ACCOUNT}:root", Operations=["Decrypt"])
    NAMED.update(GrantId=grant["GrantId"], CiphertextBlob=kms.encrypt(KeyId=key_id, Plaintext=b"x")["CiphertextBlob"])
    NAMED.update({name: key_id for name in ("KeyId", "TargetKeyId", "SourceKeyId", "DestinationKeyId")})
    iam = brume.client("iam", account=ACCOUNT)
    iam.create_user(UserName="nobody")
    key = iam.create_access_key(UserName="nobody")["AccessKey"]
    return lambda service: brume.client(service, account=key["AccessKeyId"], secret=key["SecretAccessKey"], config={"parameter_validation": False, "inject_host_prefix": False})


@pytest.mark.parametrize("room", rooms())
def test_a_user_without_rights_may_nothing(nobody, room):
    try:
        client = nobody(BOTOCORE.get(room, room))
    except Exception as e:  # a room whose name is not botocore's
        pytest.fail(f"no client for {room}: {e}")
    rights = overlay_rights(room)
    methods = client.meta.method_to_api_mapping
    names = {api: method for method, api in methods.items()}
    let_in, unclear = [], []
    for operation in operations(room):
        if not rights[operation]:
            continue
        if operation not in names:
            unclear.append(f"{operation}: no method in botocore")
            continue
        model = client.meta.service_model.operation_model(operation)
        if model.auth_type == "none":
            continue  # needs no signature: what the request brings is the proof (AssumeRoleWithSAML)
        shape = model.input_shape
        arguments = value_for("", shape) if shape else {}
        arguments.update({m: value_for(m, shape.members[m]) for m in FURTHER.get((room, operation), [])})
        try:
            getattr(client, names[operation])(**arguments)
            let_in.append(operation)
        except ClientError as e:
            code = e.response["Error"]["Code"]
            if code not in DENIED:
                unclear.append(f"{operation}: {code}: {e.response['Error']['Message'][:160]}")
        except Exception as e:  # botocore's own: it could not make the request
            unclear.append(f"{operation}: {type(e).__name__}: {str(e)[:160]}")
    assert not let_in, f"{room} let a user without rights do {let_in}"
    assert not unclear, "did not come to the gate:\n" + "\n".join(unclear)
