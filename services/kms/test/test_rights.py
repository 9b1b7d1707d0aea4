"""Who may use a key: its policy, IAM where the policy opens to it, grants, AWS managed keys."""
import json
import random

import pytest
from botocore.exceptions import ClientError


def refused(error, code, message=None):
    assert error.value.response["Error"]["Code"] == code, error.value.response["Error"]
    if message is not None:
        assert error.value.response["Error"]["Message"] == message


def denied(call, *words):
    with pytest.raises(ClientError) as error:
        call()
    refused(error, "AccessDeniedException")
    for word in words:
        assert word in error.value.response["Error"]["Message"]


@pytest.fixture
def account():
    return f"{random.randrange(1, 10**12):012}"


@pytest.fixture
def root(brume, account):
    return brume.client("kms", account=account)


@pytest.fixture
def user(brume, account):
    """user(name, statements...) -> its client for a service; its ARN is user.arn(name)."""
    iam = brume.client("iam", account=account)

    def make(name, *statements, service="kms"):
        iam.create_user(UserName=name)
        if statements:
            iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=document(*statements))
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return brume.client(service, account=key["AccessKeyId"], secret=key["SecretAccessKey"])

    make.arn = lambda name: f"arn:aws:iam::{account}:user/{name}"
    return make


def allow(*actions, resource="*", **more):
    return {"Effect": "Allow", "Action": list(actions), "Resource": resource, **more}


def document(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def test_the_default_policy_lets_iam_decide(root, user):
    key = root.create_key()["KeyMetadata"]["Arn"]
    alice = user("alice", allow("kms:Encrypt", resource=key))
    bob = user("bob")
    blob = alice.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    denied(lambda: alice.decrypt(CiphertextBlob=blob), "alice is not authorized to perform: kms:Decrypt", f"on resource: {key}",
           "because no identity-based policy allows the kms:Decrypt action")
    denied(lambda: bob.encrypt(KeyId=key, Plaintext=b"x"))
    assert root.decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"


def test_a_policy_that_does_not_open_to_iam_rules_alone(root, user, account):
    admin = user("admin", allow("kms:*"))
    alice = user("alice", allow("kms:*"))
    policy = document(allow("kms:*", Principal={"AWS": user.arn("admin")}))
    key = admin.create_key(Policy=policy)["KeyMetadata"]["Arn"]
    admin.encrypt(KeyId=key, Plaintext=b"x")
    denied(lambda: alice.encrypt(KeyId=key, Plaintext=b"x"), "no resource-based policy allows the kms:Encrypt action")
    denied(lambda: root.encrypt(KeyId=key, Plaintext=b"x"))


def test_nobody_locks_himself_out_unawares(root, user):
    policy = document(allow("kms:*", Principal={"AWS": user.arn("somebody")}))
    user("somebody")
    with pytest.raises(ClientError) as error:
        root.create_key(Policy=policy)
    refused(error, "MalformedPolicyDocumentException", "The new key policy will not allow you to update the key policy in the future.")
    key = root.create_key()["KeyMetadata"]["Arn"]
    with pytest.raises(ClientError) as error:
        root.put_key_policy(KeyId=key, Policy=policy)
    refused(error, "MalformedPolicyDocumentException")
    root.put_key_policy(KeyId=key, Policy=policy, BypassPolicyLockoutSafetyCheck=True)
    denied(lambda: root.get_key_policy(KeyId=key))


def test_the_encryption_context_is_a_condition(root, user):
    key = root.create_key()["KeyMetadata"]["Arn"]
    alice = user("alice", allow("kms:Encrypt", Condition={"StringEquals": {"kms:EncryptionContext:team": "red"}}),
                 allow("kms:GenerateDataKey", Condition={"ForAllValues:StringEquals": {"kms:EncryptionContextKeys": ["team", "stage"]}}))
    alice.encrypt(KeyId=key, Plaintext=b"x", EncryptionContext={"team": "red", "stage": "one"})
    denied(lambda: alice.encrypt(KeyId=key, Plaintext=b"x", EncryptionContext={"team": "blue"}))
    denied(lambda: alice.encrypt(KeyId=key, Plaintext=b"x"))
    alice.generate_data_key(KeyId=key, KeySpec="AES_256", EncryptionContext={"team": "blue"})
    denied(lambda: alice.generate_data_key(KeyId=key, KeySpec="AES_256", EncryptionContext={"other": "1"}))


def test_aliases_and_specs_are_conditions(root, user):
    key = root.create_key()["KeyMetadata"]["Arn"]
    root.create_alias(AliasName="alias/for-alice", TargetKeyId=key)
    alice = user("alice", allow("kms:Encrypt", Condition={"StringEquals": {"kms:RequestAlias": "alias/for-alice"}}),
                 allow("kms:DescribeKey", Condition={"ForAnyValue:StringLike": {"kms:ResourceAliases": "alias/for-*"}}),
                 allow("kms:CreateKey", Condition={"StringEquals": {"kms:KeySpec": "SYMMETRIC_DEFAULT", "kms:KeyUsage": "ENCRYPT_DECRYPT"}}))
    alice.encrypt(KeyId="alias/for-alice", Plaintext=b"x")
    denied(lambda: alice.encrypt(KeyId=key, Plaintext=b"x"))
    assert alice.describe_key(KeyId=key)["KeyMetadata"]["Arn"] == key
    alice.create_key()
    denied(lambda: alice.create_key(KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY"))


def test_re_encrypting_needs_a_right_on_both_keys(root, user):
    here, there = (root.create_key()["KeyMetadata"]["Arn"] for _ in range(2))
    blob = root.encrypt(KeyId=here, Plaintext=b"x")["CiphertextBlob"]
    both = user("both", allow("kms:ReEncryptFrom", resource=here), allow("kms:ReEncryptTo", resource=there))
    one = user("one", allow("kms:ReEncryptTo", resource="*"))
    both.re_encrypt(CiphertextBlob=blob, DestinationKeyId=there)
    denied(lambda: both.re_encrypt(CiphertextBlob=blob, DestinationKeyId=here), "kms:ReEncryptTo")
    denied(lambda: one.re_encrypt(CiphertextBlob=blob, DestinationKeyId=there), "kms:ReEncryptFrom")


def test_an_alias_leaves_a_key_by_a_right_on_it(root, user):
    mine, other = (root.create_key()["KeyMetadata"] for _ in range(2))
    name = f"alias/left-{random.randrange(10**9)}"
    root.create_alias(AliasName=name, TargetKeyId=other["KeyId"])
    alias = mine["Arn"].rsplit(":", 1)[0] + ":" + name
    client = user("one", allow("kms:UpdateAlias", resource=[mine["Arn"], alias]))
    denied(lambda: client.update_alias(AliasName=name, TargetKeyId=mine["KeyId"]), other["Arn"])
    client = user("both", allow("kms:UpdateAlias", resource=[mine["Arn"], other["Arn"], alias]))
    client.update_alias(AliasName=name, TargetKeyId=mine["KeyId"])


def test_a_grant_allows_one_operation(root, user):
    key = root.create_key()["KeyMetadata"]["Arn"]
    alice = user("alice")
    blob = root.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    denied(lambda: alice.decrypt(CiphertextBlob=blob))
    grant = root.create_grant(KeyId=key, GranteePrincipal=user.arn("alice"), Operations=["Decrypt"])
    assert alice.decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"
    denied(lambda: alice.encrypt(KeyId=key, Plaintext=b"x"))
    root.revoke_grant(KeyId=key, GrantId=grant["GrantId"])
    denied(lambda: alice.decrypt(CiphertextBlob=blob))


@pytest.mark.parametrize("constraint, fits, misfits", [
    ("EncryptionContextSubset", [{"team": "red"}, {"team": "red", "more": "1"}], [{}, {"team": "blue"}]),
    ("EncryptionContextEquals", [{"team": "red"}], [{}, {"team": "red", "more": "1"}])])
def test_a_grant_has_constraints(root, user, constraint, fits, misfits):
    key = root.create_key()["KeyMetadata"]["Arn"]
    alice = user("alice")
    root.create_grant(KeyId=key, GranteePrincipal=user.arn("alice"), Operations=["GenerateDataKey"], Constraints={constraint: {"team": "red"}})
    for context in fits:
        alice.generate_data_key(KeyId=key, KeySpec="AES_256", EncryptionContext=context)
    for context in misfits:
        denied(lambda: alice.generate_data_key(KeyId=key, KeySpec="AES_256", EncryptionContext=context))


def test_who_may_retire_a_grant(root, user):
    key = root.create_key()["KeyMetadata"]["Arn"]
    alice, bob, carol = user("alice"), user("bob"), user("carol")
    grants = [root.create_grant(KeyId=key, GranteePrincipal=user.arn("alice"), RetiringPrincipal=user.arn("bob"), Operations=["Decrypt", "RetireGrant"])
              for _ in range(2)]
    denied(lambda: carol.retire_grant(GrantToken=grants[0]["GrantToken"]))
    bob.retire_grant(GrantToken=grants[0]["GrantToken"])
    alice.retire_grant(KeyId=key, GrantId=grants[1]["GrantId"])
    assert root.list_grants(KeyId=key)["Grants"] == []


def test_another_account_needs_both_sides(brume, root, user, account):
    key = root.create_key()["KeyMetadata"]["Arn"]
    other = f"{random.randrange(1, 10**12):012}"
    iam = brume.client("iam", account=other)
    iam.create_user(UserName="dora")
    made = iam.create_access_key(UserName="dora")["AccessKey"]
    dora = brume.client("kms", account=made["AccessKeyId"], secret=made["SecretAccessKey"])
    root.put_key_policy(KeyId=key, Policy=document(allow("kms:*", Principal={"AWS": f"arn:aws:iam::{account}:root"}),
                                                   allow("kms:Encrypt", Principal={"AWS": f"arn:aws:iam::{other}:root"})))
    denied(lambda: dora.encrypt(KeyId=key, Plaintext=b"x"))
    iam.put_user_policy(UserName="dora", PolicyName="p", PolicyDocument=document(allow("kms:Encrypt", resource=key)))
    assert dora.encrypt(KeyId=key, Plaintext=b"x")["KeyId"] == key
    denied(lambda: dora.generate_data_key(KeyId=key, KeySpec="AES_256"))
