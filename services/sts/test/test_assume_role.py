"""AssumeRole: trust, conditions on it, what a session may and how long, chains, tags, policies of sessions."""
import base64
import hashlib
import hmac
import json
import time

import pytest
from sts_kit import ACCOUNT, ALLOW_ALL, Realm, client, names, refusal

UNKNOWN_TO_IAM = "InvalidClientTokenId", "The security token included in the request is invalid."


@pytest.fixture(scope="module")
def realm(brume):
    return Realm(brume)


@pytest.fixture(scope="module")
def sts(realm):
    return realm.sts(realm.user())


def test_session_in_a_role(realm, sts):
    role = realm.role()
    answer = sts.assume_role(RoleArn=role, RoleSessionName="session-1")
    name = role.rsplit("/", 1)[1]
    arn = f"arn:aws:sts::{ACCOUNT}:assumed-role/{name}/session-1"
    assert answer["AssumedRoleUser"]["Arn"] == arn
    assert answer["AssumedRoleUser"]["AssumedRoleId"] == realm.iam.get_role(RoleName=name)["Role"]["RoleId"] + ":session-1"
    assert answer["Credentials"]["AccessKeyId"].startswith("ASIA") and "PackedPolicySize" not in answer
    inside = client(realm.server, "sts", answer["Credentials"]).get_caller_identity()
    assert (inside["Arn"], inside["UserId"], inside["Account"]) == (arn, answer["AssumedRoleUser"]["AssumedRoleId"], ACCOUNT)


def test_who_may(realm, sts):
    other = realm.user()
    role = realm.role({"AWS": realm.arn(other)})
    mine = sts.get_caller_identity()["Arn"]
    code, message = refusal(sts.assume_role, RoleArn=role, RoleSessionName="s1")
    assert (code, message) == ("AccessDenied", f"User: {mine} is not authorized to perform: sts:AssumeRole on resource: {role}")
    realm.sts(other).assume_role(RoleArn=role, RoleSessionName="s1")
    missing = f"arn:aws:iam::{ACCOUNT}:role/missing"
    assert refusal(sts.assume_role, RoleArn=missing, RoleSessionName="s1") == (
        "AccessDenied", f"User: {mine} is not authorized to perform: sts:AssumeRole on resource: {missing}")
    powerless = realm.user(policy=None)  # a trust that names the account leaves it to the account's policies
    assert refusal(realm.sts(powerless).assume_role, RoleArn=realm.role(), RoleSessionName="s1")[0] == "AccessDenied"
    realm.sts(powerless).assume_role(RoleArn=realm.role({"AWS": realm.arn(powerless)}), RoleSessionName="s1")
    root = realm.server.client("sts", account=ACCOUNT)
    assert refusal(root.assume_role, RoleArn=role, RoleSessionName="s1") == ("AccessDenied", "Roles may not be assumed by root accounts.")


def test_across_accounts(realm):
    there = Realm(realm.server, "440000000002")
    user = realm.user()
    role = there.role({"AWS": f"arn:aws:iam::{ACCOUNT}:root"})
    answer = realm.sts(user).assume_role(RoleArn=role, RoleSessionName="visit")
    assert client(realm.server, "sts", answer["Credentials"]).get_caller_identity()["Account"] == "440000000002"
    powerless = realm.user(policy=None)
    assert refusal(realm.sts(powerless).assume_role, RoleArn=there.role({"AWS": realm.arn(powerless)}),
                   RoleSessionName="visit")[0] == "AccessDenied"  # both sides must allow


def test_external_id(realm, sts):
    role = realm.role(condition={"StringEquals": {"sts:ExternalId": "the secret word"}})
    for options in ({}, {"ExternalId": "guess"}):
        assert refusal(sts.assume_role, RoleArn=role, RoleSessionName="s1", **options)[0] == "AccessDenied"
    role = realm.role(condition={"StringEquals": {"sts:ExternalId": "word"}})
    sts.assume_role(RoleArn=role, RoleSessionName="s1", ExternalId="word")
    role = realm.role(condition={"StringLike": {"sts:RoleSessionName": "ops-*"}})
    sts.assume_role(RoleArn=role, RoleSessionName="ops-1")
    assert refusal(sts.assume_role, RoleArn=role, RoleSessionName="dev-1")[0] == "AccessDenied"


@pytest.mark.parametrize("arn", ["nothing-valid-in-here", "arn:a::::something/test-role", "arn:a:a::aaaaaaaaaa:",
                                 "arn::b:::something/test-role", "arn:a:::something/test-role"])
def test_what_is_no_arn(sts, arn):
    assert refusal(sts.assume_role, RoleArn=arn, RoleSessionName="s1") == ("ValidationError", f"{arn} is invalid")


def test_session_names(realm, sts):
    assert refusal(sts.assume_role, RoleArn=realm.role(), RoleSessionName="Session1:2") == (
        "ValidationError", "1 validation error detected: Value 'Session1:2' at 'roleSessionName' failed to satisfy constraint: "
        "Member must satisfy regular expression pattern: [\\w+=,.@-]*")


def test_durations(realm, sts):
    role = realm.role(MaxSessionDuration=7200)
    sts.assume_role(RoleArn=role, RoleSessionName="s1", DurationSeconds=7200)
    assert refusal(sts.assume_role, RoleArn=role, RoleSessionName="s1", DurationSeconds=7201) == (
        "ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
    first = sts.assume_role(RoleArn=role, RoleSessionName="s1")["Credentials"]
    chained = client(realm.server, "sts", first)
    assert refusal(chained.assume_role, RoleArn=role, RoleSessionName="s2", DurationSeconds=3601) == (
        "ValidationError", "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.")
    chained.assume_role(RoleArn=role, RoleSessionName="s2", DurationSeconds=3600)


def test_expires_on_the_clock_and_survives_a_restart(start_brume):
    first = start_brume()
    realm = Realm(first)
    session = realm.sts(realm.user()).assume_role(RoleArn=realm.role(), RoleSessionName="s1", DurationSeconds=900)["Credentials"]
    first.kill()
    second = start_brume(data=first.data)
    assert client(second, "sts", session).get_caller_identity()["Account"] == ACCOUNT
    second.advance_clock(899 * 1000)
    second.advance_clock(2 * 1000)
    assert refusal(client(second, "sts", session).get_caller_identity)[0] == "ExpiredToken"


def test_session_of_a_deleted_role(realm, sts):
    role = realm.role()
    session = client(realm.server, "iam", sts.assume_role(RoleArn=role, RoleSessionName="s1")["Credentials"])
    session.list_users()
    name = role.rsplit("/", 1)[1]
    realm.iam.delete_role_policy(RoleName=name, PolicyName="p")
    assert refusal(session.list_users)[0] == "AccessDenied"
    realm.iam.delete_role(RoleName=name)
    realm.iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}]}))
    realm.iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=json.dumps(ALLOW_ALL))
    assert refusal(session.list_users)[0] == "AccessDenied"  # another role of that name


def test_session_policies_narrow(realm, sts):
    role = realm.role()
    only_users = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "iam:ListUsers", "Resource": "*"}]})
    answer = sts.assume_role(RoleArn=role, RoleSessionName="s1", Policy=only_users)
    assert 1 <= answer["PackedPolicySize"] <= 10
    iam = client(realm.server, "iam", answer["Credentials"])
    iam.list_users()
    assert "no session policy allows" in refusal(iam.list_roles)[1]
    managed = sts.assume_role(RoleArn=role, RoleSessionName="s1", PolicyArns=[{"arn": "arn:aws:iam::aws:policy/AmazonSQSFullAccess"}])
    assert refusal(client(realm.server, "iam", managed["Credentials"]).list_users)[0] == "AccessDenied"
    client(realm.server, "sqs", managed["Credentials"]).list_queues()
    assert refusal(sts.assume_role, RoleArn=role, RoleSessionName="s1", Policy="{}")[0] == "MalformedPolicyDocument"
    wide = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::" + "b" * 5000}]})
    code, message = refusal(sts.assume_role, RoleArn=role, RoleSessionName="s1", Policy=wide)
    assert code == "PackedPolicyTooLarge" and message.endswith("of allotted space, please use smaller policy.")


def test_tags(realm, sts):
    role = realm.role(action=["sts:AssumeRole", "sts:TagSession"], policy={"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "sts:*", "Resource": "*"},
        {"Effect": "Allow", "Action": "iam:ListUsers", "Resource": "*", "Condition": {"StringEquals": {"aws:PrincipalTag/team": "blue"}}}]})

    def assume(by, **options):
        return by.assume_role(RoleArn=role, RoleSessionName="s1", **options)["Credentials"]

    blue = [{"Key": "team", "Value": "blue"}]
    client(realm.server, "iam", assume(sts, Tags=blue)).list_users()
    assert refusal(client(realm.server, "iam", assume(sts)).list_users)[0] == "AccessDenied"
    handed_on = client(realm.server, "sts", assume(sts, Tags=blue, TransitiveTagKeys=["team"]))
    client(realm.server, "iam", assume(handed_on)).list_users()
    kept = client(realm.server, "sts", assume(sts, Tags=blue))
    assert refusal(client(realm.server, "iam", assume(kept)).list_users)[0] == "AccessDenied"
    wrong = {"RoleArn": role, "RoleSessionName": "s1"}
    assert refusal(handed_on.assume_role, Tags=blue, **wrong)[1].startswith("One of the specified transitive tag keys can't be set")
    assert refusal(sts.assume_role, TransitiveTagKeys=["x"], **wrong) == (
        "InvalidParameterValue", "The specified transitive tag key must be included in the requested tags.")
    assert refusal(sts.assume_role, Tags=blue + [{"Key": "Team", "Value": "x"}], **wrong) == (
        "InvalidParameterValue", "Duplicate tag keys found. Please note that Tag keys are case insensitive.")
    untaggable = realm.role()  # its trust does not let it be tagged
    assert "sts:TagSession" in refusal(sts.assume_role, RoleArn=untaggable, RoleSessionName="s1", Tags=blue)[1]
    many = [{"Key": f"k{n}", "Value": "v" * 200} for n in range(50)]
    assert refusal(sts.assume_role, Tags=many, **wrong)[0] == "PackedPolicyTooLarge"


def test_source_identity(realm, sts):
    role = realm.role(action=["sts:AssumeRole", "sts:SetSourceIdentity"])
    answer = sts.assume_role(RoleArn=role, RoleSessionName="s1", SourceIdentity="ada")
    assert answer["SourceIdentity"] == "ada"
    chained = client(realm.server, "sts", answer["Credentials"])
    assert chained.assume_role(RoleArn=role, RoleSessionName="s2")["SourceIdentity"] == "ada"
    assert refusal(chained.assume_role, RoleArn=role, RoleSessionName="s2", SourceIdentity="eve")[0] == "AccessDenied"
    plain = realm.role()
    assert "sts:SetSourceIdentity" in refusal(sts.assume_role, RoleArn=plain, RoleSessionName="s1", SourceIdentity="ada")[1]
    assert refusal(chained.assume_role, RoleArn=plain, RoleSessionName="s2")[0] == "AccessDenied"


def test_federation_token(realm, sts):
    policy = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sqs:ListQueues", "Resource": "*"}]})
    answer = sts.get_federation_token(Name="bob", Policy=policy)
    assert answer["FederatedUser"] == {"FederatedUserId": f"{ACCOUNT}:bob", "Arn": f"arn:aws:sts::{ACCOUNT}:federated-user/bob"}
    assert client(realm.server, "sts", answer["Credentials"]).get_caller_identity()["Arn"] == answer["FederatedUser"]["Arn"]
    client(realm.server, "sqs", answer["Credentials"]).list_queues()
    assert refusal(client(realm.server, "iam", answer["Credentials"]).list_users) == UNKNOWN_TO_IAM
    bare = sts.get_federation_token(Name="bob")
    assert bare["PackedPolicySize"] == 0
    assert refusal(client(realm.server, "sqs", bare["Credentials"]).list_queues)[0] == "AccessDenied"
    assert refusal(client(realm.server, "sts", bare["Credentials"]).get_federation_token, Name="x1") == (
        "AccessDenied", "Cannot call GetFederationToken with session credentials")


def test_session_token_of_a_user(realm):
    user = realm.user()
    answer = realm.sts(user).get_session_token()["Credentials"]
    assert client(realm.server, "sts", answer).get_caller_identity()["Arn"] == realm.arn(user)
    client(realm.server, "sqs", answer).list_queues()
    assert refusal(client(realm.server, "iam", answer).list_users) == UNKNOWN_TO_IAM
    root = realm.server.client("sts", account=ACCOUNT).get_session_token()["Credentials"]
    assert refusal(client(realm.server, "iam", root).list_users) == UNKNOWN_TO_IAM


def test_managed_session_policies_are_there(realm, sts):
    role = realm.role()
    arn = realm.iam.create_policy(PolicyName=next(names), PolicyDocument=json.dumps(ALLOW_ALL))["Policy"]["Arn"]
    assume = {"RoleArn": role, "RoleSessionName": "s1"}
    session = sts.assume_role(**assume, PolicyArns=[{"arn": arn}])["Credentials"]
    client(realm.server, "sqs", session).list_queues()
    for missing in (f"arn:aws:iam::{ACCOUNT}:policy/none", "arn:aws:iam::440000000009:policy/none", "arn:aws:iam::aws:policy/none"):
        assert refusal(sts.assume_role, **assume, PolicyArns=[{"arn": missing}])[0] == "ValidationError"
    realm.iam.delete_policy(PolicyArn=arn)  # what is deleted later allows nothing
    assert refusal(client(realm.server, "sqs", session).list_queues)[0] == "AccessDenied"


def test_wrong_device(realm, sts):
    device = {"SerialNumber": f"arn:aws:iam::{ACCOUNT}:mfa/none", "TokenCode": "123456"}
    assert "MultiFactorAuthentication failed" in refusal(sts.get_session_token, **device)[1]
    role = realm.role(condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}})
    assert "is not authorized" in refusal(sts.assume_role, RoleArn=role, RoleSessionName="s1")[1]
    assert "MultiFactorAuthentication failed" in refusal(sts.assume_role, RoleArn=role, RoleSessionName="s1", **device)[1]


def test_messages_are_decoded_if_they_are_ours(sts):
    assert refusal(sts.decode_authorization_message, EncodedMessage="made up")[0] == "InvalidAuthorizationMessageException"


def code_of(seed, at):
    """RFC 6238 with AWS's parameters: SHA-1, 30 seconds, six digits."""
    key = base64.b32decode(seed)
    digest = hmac.new(key, int(at // 30).to_bytes(8, "big"), hashlib.sha1).digest()
    offset = digest[-1] & 15
    return f"{(int.from_bytes(digest[offset:offset + 4], 'big') & 0x7fffffff) % 1000000:06d}"


def with_device(realm):
    """A user with a virtual device: her keys, its number, and a code that is good now."""
    user = realm.user()
    device = realm.iam.create_virtual_mfa_device(VirtualMFADeviceName=user["UserName"])["VirtualMFADevice"]
    seed, serial, now = device["Base32StringSeed"], device["SerialNumber"], time.time()
    realm.iam.enable_mfa_device(UserName=user["UserName"], SerialNumber=serial, AuthenticationCode1=code_of(seed, now - 60),
                                AuthenticationCode2=code_of(seed, now - 30))
    return realm.sts(user), {"SerialNumber": serial, "TokenCode": code_of(seed, now)}


def test_second_factor(realm):
    role = realm.role(condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}})
    assume = {"RoleArn": role, "RoleSessionName": "s1"}
    sts, factor = with_device(realm)
    assert "is not authorized" in refusal(sts.assume_role, **assume)[1]
    inside = client(realm.server, "sts", sts.assume_role(**assume, **factor)["Credentials"])
    assert "is not authorized" in refusal(inside.assume_role, **assume)[1]  # a role's session does not carry it on
    assert "MultiFactorAuthentication failed" in refusal(sts.assume_role, **assume, **factor)[1]  # a code counts once
    sts, factor = with_device(realm)
    session = sts.get_session_token(**factor)["Credentials"]
    client(realm.server, "sts", session).assume_role(**assume)  # a user's does
    client(realm.server, "iam", session).list_users()
    plain = sts.get_session_token()["Credentials"]
    assert "is not authorized" in refusal(client(realm.server, "sts", plain).assume_role, **assume)[1]
