"""Every operation of every service is refused whatever it is that keeps a caller from it: that nobody signed, that her rights
are to other things, her boundary, what her session was given, her organization; that another account has what she asks
for. And each refusal is on record."""
import json

import pytest
from botocore import UNSIGNED
from botocore.exceptions import ClientError

from every_operation import BARE, DENIED, User, calls, client_of, of_the_data_plane, rooms
from organization_kit import Organization
from policies import document, statement

OF_NOTHING = document(statement(action="none:None"))
# Who does not sign is refused so; where the address alone says which service is meant, by the service that has the rest: S3.
UNKNOWN = {"MissingAuthenticationToken", "MissingAuthenticationTokenException", "AccessDenied", "403", "404", "405", "412"}
# Who brings a token or the address of a subscription's own message needs no signature; and the front page is for everybody.
BROUGHT = {("sns", "ConfirmSubscription"), ("sns", "Unsubscribe"), ("s3", "ListBuckets")}

FREE = {("sts", "GetCallerIdentity"), ("sts", "GetSessionToken")}  # of everybody who signs


@pytest.fixture(scope="module")
def owner(brume):
    return User(brume, "246813579246")


def first_refusal(answer):
    """Of a call on many things, of which each is refused by itself."""
    codes = [error["Code"] for error in answer.get("Errors", [])]
    codes += [entry["ErrorCode"] for entry in answer.get("Entries", []) if "ErrorCode" in entry]
    codes += [one["Error"]["Code"] for one in answer.get("Responses", []) if "Error" in one]
    return (codes or [None])[0], ""


def answers(brume, room, key, named, **options):
    """(operation, its arguments, its actions, code and message of the refusal: no code where there was none)"""
    for operation, actions, arguments, call in calls(client_of(brume, room, key, **options), room, named):
        try:
            code, message = first_refusal(call())
            yield operation, arguments, actions, code, message
        except ClientError as e:
            yield operation, arguments, actions, e.response["Error"]["Code"], e.response["Error"]["Message"]
        except Exception as e:  # botocore's own: what came was no answer that it knows
            yield operation, arguments, actions, type(e).__name__, str(e)


def not_denied(brume, room, key, named, words=""):
    """STS does not say why, nor are they the gate's words where each of many things is refused by itself."""
    return [f"{operation}: {code}: {message[:200]}" for operation, _, actions, code, message in answers(brume, room, key, named)
            if (code not in DENIED or words not in message and actions and room != "sts") and (room, operation) not in BARE | FREE]


@pytest.mark.parametrize("room", rooms())
def test_nobody_who_does_not_sign(brume, owner, room):
    nobody = {"AccessKeyId": "x", "SecretAccessKey": "x"}
    let_in = [f"{operation}: {code} {message}" for operation, _, _, code, message
              in answers(brume, room, nobody, owner.named, config={"signature_version": UNSIGNED})
              if code not in UNKNOWN and (room, operation) not in BROUGHT]
    assert let_in == []


@pytest.mark.parametrize("room", rooms())
def test_nobody_with_rights_to_other_things(brume, owner, room):
    owner.may("*", ["arn:aws:sqs:*:*:other", "arn:aws:s3:::other", "arn:aws:iam::*:user/other", "arn:aws:kms:*:*:key/other"])
    assert [] == not_denied(brume, room, owner.key, owner.named)


@pytest.mark.parametrize("room", rooms())
def test_nobody_beyond_her_boundary(brume, owner, room):
    bounded(owner)
    try:
        assert [] == not_denied(brume, room, owner.key, owner.named, "because no permissions boundary allows")
    finally:
        owner.iam.delete_user_permissions_boundary(UserName="nobody")


def bounded(owner):
    owner.may("*")
    arn = f"arn:aws:iam::{owner.account}:policy/nothing"
    try:
        owner.iam.create_policy(PolicyName="nothing", PolicyDocument=OF_NOTHING)
    except owner.iam.exceptions.EntityAlreadyExistsException:
        pass
    owner.iam.put_user_permissions_boundary(UserName="nobody", PermissionsBoundary=arn)


@pytest.fixture(scope="module")
def session(owner):
    """Of a role that may everything, which was given nothing."""
    owner.iam.put_role_policy(RoleName="guarded", PolicyName="p", PolicyDocument=document())
    sts = owner.brume.client("sts", account=owner.account)
    owner.may("*")
    sts = owner.brume.client("sts", account=owner.key["AccessKeyId"], secret=owner.key["SecretAccessKey"])
    return sts.assume_role(RoleArn=owner.named["RoleArn"], RoleSessionName="guarded", Policy=OF_NOTHING)["Credentials"]


@pytest.mark.parametrize("room", rooms())
def test_nobody_beyond_what_her_session_was_given(brume, owner, session, room):
    assert [] == not_denied(brume, room, session, owner.named, "because no session policy allows")


@pytest.fixture(scope="module")
def member(brume):
    """A user of a member account, who may everything."""
    organization = Organization(brume)
    organization.client.enable_policy_type(RootId=organization.root, PolicyType="RESOURCE_CONTROL_POLICY")
    user = User(brume, organization.account())
    user.may("*")
    user.organization = organization
    return user


def attached(member, kind, content):
    client = member.organization.client
    made = client.create_policy(Content=content, Description="", Name=kind, Type=kind)["Policy"]["PolicySummary"]["Id"]
    client.attach_policy(PolicyId=made, TargetId=member.account)
    yield
    client.detach_policy(PolicyId=made, TargetId=member.account)
    client.delete_policy(PolicyId=made)


@pytest.fixture
def service_control(member):
    yield from attached(member, "SERVICE_CONTROL_POLICY", document(statement("Deny")))


@pytest.mark.parametrize("room", rooms())
def test_nobody_beyond_her_organization(brume, member, service_control, room):
    assert [] == not_denied(brume, room, member.key, member.named, "with an explicit deny in a service control policy")


@pytest.fixture
def resource_control(member):
    yield from attached(member, "RESOURCE_CONTROL_POLICY", document({**statement("Deny"), "Principal": "*"}))


@pytest.mark.parametrize("room", ["dynamodb", "dynamodbstreams", "kms", "logs", "s3", "s3control", "sqs", "sts"])
def test_nobody_beyond_the_resource_s_organization(brume, member, resource_control, room):
    let_in = not_denied(brume, room, member.key, member.named, "with an explicit deny in a resource control policy")
    assert [found for found in let_in if not found.startswith("RetireGrant:")] == []  # that a grant is given back they never stop


@pytest.fixture(scope="module")
def stranger(brume):
    """Of another account, where she may everything."""
    iam = brume.client("iam", account="246813579357")
    iam.create_user(UserName="stranger")
    iam.put_user_policy(UserName="stranger", PolicyName="p", PolicyDocument=document())
    return iam.create_access_key(UserName="stranger")["AccessKey"]


@pytest.mark.parametrize("room", rooms())
def test_nobody_of_another_account(brume, owner, stranger, room):
    """What names a thing of the owner's account is refused, before anything is done."""
    key = f"arn:aws:kms:us-east-1:{owner.account}:key/{owner.named['KeyId']}"
    named = {**owner.named, **{name: key for name in ("KeyId", "TargetKeyId", "SourceKeyId", "DestinationKeyId")}}
    let_in = []
    for operation, actions, arguments, call in calls(client_of(brume, room, stranger), room, named):
        if owner.account not in repr(arguments) or (room, operation) == ("s3", "CreateBucket"):
            continue  # each account has bucket names of its own
        try:
            code, message = first_refusal(call())
            let_in += [] if code else [operation]
        except ClientError:
            pass
    assert let_in == []


@pytest.mark.parametrize("room", rooms())
def test_each_refusal_is_on_record(brume, owner, room):
    user = f"refused-{room}"
    owner.iam.create_user(UserName=user)
    key = owner.iam.create_access_key(UserName=user)["AccessKey"]
    asked = {operation for operation, *_ in answers(brume, room, key, owner.named)}
    trail = brume.client("cloudtrail", account=owner.account).get_paginator("lookup_events")
    pages = trail.paginate(LookupAttributes=[{"AttributeKey": "AccessKeyId", "AttributeValue": key["AccessKeyId"]}])
    events = [json.loads(event["CloudTrailEvent"]) for page in pages for event in page["Events"]]
    assert asked - of_the_data_plane(room) - {operation for service, operation in FREE if service == room} <= {event["eventName"] for event in events if "errorCode" in event}
