"""Requests for every operation of every service that brume has, made from botocore's descriptions: what is required, in a
form that passes validation, about things that are there. A row of the overlay without an action (`iam none`) says that AWS
asks no right."""
import functools
import json
import re
import subprocess

from conftest import BINARY, ROOT

NAMES = re.compile(r"is not authorized to perform: (\S+)")
# Denials that say no more than that, as AWS's do.
BARE = {("s3", "HeadBucket"), ("s3", "HeadObject")}
# What the room itself asks beside the operation's own.
OWN = {("kms", "ReEncrypt"): ["kms:ReEncryptFrom"]}
# Refused by what is not a matter of actions.
OTHERWISE = {("account", "GetPrimaryEmail"): "only of members of an organization", ("iam", "GenerateOrganizationsAccessReport"): "only in a management account",
             ("s3", "HeadObject"): "DeleteObject came before it, and who may not list is not told that there is none"}
DENIED = {"AccessDenied", "AccessDeniedException", "AuthorizationError", "403"}
ACCOUNT = "246813579135"
ARN = f"arn:aws:sqs:us-east-1:{ACCOUNT}:guarded"

BOTOCORE = {"applicationautoscaling": "application-autoscaling", "cloudtrail_data": "cloudtrail-data"}  # rooms that it calls otherwise

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
         "{}", "x" * 40, "1" * 64, "AKIAIOSFODNN7EXAMPLE", "guarded.amazonaws.com", "aws:guarded", "v1", "+1 555 0100", "car-" + "1" * 32, "aws.partner/guarded.example/guarded"]

# What a request needs beyond what its description calls required.
FURTHER = {("kms", "Decrypt"): ["CiphertextBlob"], ("kms", "ReEncrypt"): ["CiphertextBlob"], ("kms", "RetireGrant"): ["KeyId", "GrantId"]}
# Calls on many things, of which each is decided by itself, when it is known what they are.
ITEM = {"id": {"S": "x"}}
OF_MANY = {
    ("dynamodb", "BatchGetItem"): {"RequestItems": {"guarded": {"Keys": [ITEM]}}},
    ("dynamodb", "BatchWriteItem"): {"RequestItems": {"guarded": [{"PutRequest": {"Item": ITEM}}]}},
    ("dynamodb", "TransactGetItems"): {"TransactItems": [{"Get": {"TableName": "guarded", "Key": ITEM}}]},
    ("dynamodb", "TransactWriteItems"): {"TransactItems": [{"Put": {"TableName": "guarded", "Item": ITEM}}]},
    ("dynamodb", "ExecuteStatement"): {"Statement": "SELECT * FROM guarded"},
    ("dynamodb", "BatchExecuteStatement"): {"Statements": [{"Statement": "SELECT * FROM guarded WHERE id = 'x'"}]},
    ("dynamodb", "ExecuteTransaction"): {"TransactStatements": [{"Statement": "SELECT * FROM guarded WHERE id = 'x'"}]},
    ("events", "PutEvents"): {"Entries": [{"Source": "guarded", "DetailType": "guarded", "Detail": "{}"}]},
    ("logs", "StartLiveTail"): {"logGroupIdentifiers": [f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:guarded"]},
}


def overlay_actions(room):
    """operation -> the actions that it asks, in the overlay's order; the generator has held them against the reference."""
    actions, operation = {}, None
    for line in (ROOT / f"api/overlay/{room}.overlay").read_text().splitlines():
        if line.startswith("operation "):
            operation = line.split()[1]
            actions[operation] = []
        elif line.startswith("  iam ") and operation:
            actions[operation] += [] if line.split()[1] == "none" else [line.split()[1]]
        elif not line.startswith(" "):
            operation = None
    return actions


def of_the_data_plane(room):
    """The operations that the trail keeps only for who selects them."""
    found, operation = set(), None
    for line in (ROOT / f"api/overlay/{room}.overlay").read_text().splitlines():
        operation = line.split()[1] if line.startswith("operation ") else operation
        if line.split()[:1] == ["data"]:
            found.add(operation)
    return found


def pattern_fits(pattern, text):
    try:
        return re.fullmatch(pattern, text) is not None or re.search("^(?:" + pattern + ")$", text) is not None
    except re.error:
        return True


def text_for(name, shape, named):
    meta = shape.metadata
    if getattr(shape, "enum", None):
        return shape.enum[0]
    low, high = meta.get("min", 0), meta.get("max", 10**9)
    for text in ([named[name]] if name in named else []) + [t.replace(ACCOUNT, named["AccountId"]) for t in TEXTS]:
        if low <= len(text) <= high and ("pattern" not in meta or pattern_fits(meta["pattern"], text)):
            return text
    return ("g" * max(low, 1))[:high]


def value_for(name, shape, named, depth=0):
    kind = shape.type_name
    if kind == "structure" and name in named:
        return named[name]
    if kind == "structure":
        if getattr(shape, "is_tagged_union", False):
            first = next(iter(shape.members))
            return {first: value_for(first, shape.members[first], named, depth + 1)}
        return {m: value_for(m, shape.members[m], named, depth + 1) for m in shape.required_members}
    if kind == "list":
        return [value_for(name, shape.member, named, depth + 1)] * max(1, shape.metadata.get("min", 1)) if depth < 6 else []
    if kind == "map":
        return {text_for("", shape.key, named): value_for("", shape.value, named, depth + 1)} if depth < 6 else {}
    if kind in ("integer", "long", "float", "double"):
        return max(1, shape.metadata.get("min", 1))
    if kind == "boolean":
        return True
    if kind == "timestamp":
        return 1700000000
    if kind == "blob":
        return named.get(name, b"guarded")
    return text_for(name, shape, named)


def operations(room):
    lines = subprocess.run([BINARY, "coverage", room], capture_output=True, text=True, check=True).stdout.splitlines()
    return [line.split()[1] for line in lines if line.startswith("done")]


def rooms():
    lines = subprocess.run([BINARY, "coverage"], capture_output=True, text=True, check=True).stdout.splitlines()[1:]
    return [line.split()[0] for line in lines]


def populate(brume, account):
    """Things for requests to be about: their names."""
    named = dict(NAMED, AccountId=account, ResourceArn=f"arn:aws:dynamodb:us-east-1:{account}:table/guarded", Bucket=f"guarded-{account}", QueueUrl=f"http://localhost/{account}/guarded", TopicArn=f"arn:aws:sns:us-east-1:{account}:guarded",
                 CopySource=f"guarded-{account}/k", RoleArn=f"arn:aws:iam::{account}:role/guarded")
    trust = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": {"AWS": account}, "Action": "sts:AssumeRole"}}
    brume.client("iam", account=account).create_role(RoleName="guarded", AssumeRolePolicyDocument=json.dumps(trust))
    brume.client("s3", account=account).create_bucket(Bucket=named["Bucket"])
    brume.client("s3", account=account).put_object(Bucket=named["Bucket"], Key="k", Body=b"x")
    brume.client("sqs", account=account).create_queue(QueueName="guarded")
    brume.client("sns", account=account).create_topic(Name="guarded")
    kms = brume.client("kms", account=account)
    key_id = kms.create_key()["KeyMetadata"]["KeyId"]
    grant = kms.create_grant(KeyId=key_id, GranteePrincipal=f"arn:aws:iam::{account}:root", Operations=["Decrypt"])
    named.update(GrantId=grant["GrantId"], CiphertextBlob=kms.encrypt(KeyId=key_id, Plaintext=b"x")["CiphertextBlob"])
    named.update({name: key_id for name in ("KeyId", "TargetKeyId", "SourceKeyId", "DestinationKeyId")})
    return named


def client_of(brume, room, key, **options):
    """Of a service, as botocore calls it; what is wrong with a request the cloud shall say."""
    config = {"parameter_validation": False, "inject_host_prefix": False, "read_timeout": 5, **options.pop("config", {})}
    return brume.client(BOTOCORE.get(room, room), account=key["AccessKeyId"], secret=key["SecretAccessKey"],
                        aws_session_token=key.get("SessionToken"), config=config, **options)


def calls(client, room, named):
    """(operation, its actions, what is asked of it, a function that calls it) of all that need a signature."""
    methods = {api: method for method, api in client.meta.method_to_api_mapping.items()}
    actions = overlay_actions(room)
    for operation in operations(room):
        model = client.meta.service_model.operation_model(operation)
        if model.auth_type == "none":
            continue  # what the request brings is the proof (AssumeRoleWithSAML)
        shape = model.input_shape
        arguments = value_for("", shape, named) if shape else {}
        arguments.update(json.loads(json.dumps(OF_MANY.get((room, operation), {})).replace(ACCOUNT, named["AccountId"])))
        arguments.update({m: value_for(m, shape.members[m], named) for m in FURTHER.get((room, operation), [])})
        call = functools.partial(getattr(client, methods[operation]), **arguments)
        yield operation, actions[operation] + OWN.get((room, operation), []), arguments, call


class User:
    """A user of an account where some things are, with the rights that she is given and no other."""

    def __init__(self, brume, account):
        self.account, self.brume, self.named, self.iam = account, brume, populate(brume, account), brume.client("iam", account=account)
        self.iam.create_user(UserName="nobody")
        self.key = self.iam.create_access_key(UserName="nobody")["AccessKey"]

    def may(self, actions, resource="*"):
        document = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": actions, "Resource": resource}}
        self.iam.put_user_policy(UserName="nobody", PolicyName="p", PolicyDocument=json.dumps(document))

    def calls(self, room):
        """(operation, its actions, a function that calls it) of all that ask a right."""
        for operation, actions, _, call in calls(client_of(self.brume, room, self.key), room, self.named):
            if actions:
                yield operation, actions, call


def named_action(message):
    """In lower case: SQS and SNS spell theirs in ways of their own."""
    found = NAMES.search(message)
    return found and found[1].lower()
