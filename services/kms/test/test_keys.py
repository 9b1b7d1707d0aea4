"""Keys: made, found, described, disabled, deleted."""
import json
import uuid

import pytest
from botocore.exceptions import ClientError

DAY = 24 * 3600 * 1000


def refused(error, code, message=None):
    assert error.value.response["Error"]["Code"] == code
    if message is not None:
        assert error.value.response["Error"]["Message"] == message


def test_a_key_is_what_was_asked_for(kms):
    made = kms.create_key(Description="of tests", Tags=[{"TagKey": "team", "TagValue": "red"}])["KeyMetadata"]
    assert made["Arn"] == f"arn:aws:kms:us-east-1:000000000000:key/{made['KeyId']}"
    assert made["KeyState"] == "Enabled" and made["Enabled"] is True and made["MultiRegion"] is False
    assert made["KeySpec"] == made["CustomerMasterKeySpec"] == "SYMMETRIC_DEFAULT" and made["Origin"] == "AWS_KMS"
    assert made["EncryptionAlgorithms"] == ["SYMMETRIC_DEFAULT"] and len(made["CurrentKeyMaterialId"]) == 64
    assert kms.describe_key(KeyId=made["KeyId"])["KeyMetadata"] == made
    assert kms.describe_key(KeyId=made["Arn"])["KeyMetadata"] == made
    assert kms.list_resource_tags(KeyId=made["KeyId"])["Tags"] == [{"TagKey": "team", "TagValue": "red"}]


@pytest.mark.parametrize("spec, usage, member, algorithms", [
    ("RSA_2048", "ENCRYPT_DECRYPT", "EncryptionAlgorithms", ["RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"]),
    ("ECC_NIST_P384", "SIGN_VERIFY", "SigningAlgorithms", ["ECDSA_SHA_384"]),
    ("ECC_SECG_P256K1", "SIGN_VERIFY", "SigningAlgorithms", ["ECDSA_SHA_256"]),
    ("ECC_NIST_P256", "KEY_AGREEMENT", "KeyAgreementAlgorithms", ["ECDH"]),
    ("HMAC_512", "GENERATE_VERIFY_MAC", "MacAlgorithms", ["HMAC_SHA_512"]),
])
def test_a_spec_has_its_algorithms(kms, spec, usage, member, algorithms):
    made = kms.create_key(KeySpec=spec, KeyUsage=usage)["KeyMetadata"]
    assert made[member] == algorithms and "CurrentKeyMaterialId" not in made


@pytest.mark.parametrize("arguments, code, message", [
    ({"KeySpec": "RSA_2048", "KeyUsage": "KEY_AGREEMENT"}, "ValidationException", "KeyUsage KEY_AGREEMENT is not compatible with KeySpec RSA_2048"),
    ({"KeySpec": "ECC_NIST_P256"}, "ValidationException", "You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys."),
    ({"Tags": [{"TagKey": "aws:x", "TagValue": ""}]}, "TagException", "Tags beginning with aws: are reserved"),
    ({"Tags": [{"TagKey": "x", "TagValue": ""}, {"TagKey": "x", "TagValue": ""}]}, "TagException", "Duplicate tag keys"),
    ({"Policy": "{"}, "MalformedPolicyDocumentException", None),
])
def test_what_cannot_be_made(kms, arguments, code, message):
    with pytest.raises(ClientError) as error:
        kms.create_key(**arguments)
    refused(error, code, message)


def test_a_key_that_is_not_there(kms, brume):
    absent = "12345678-1234-1234-1234-123456789012"
    for name, message in [(absent, f"Key 'arn:aws:kms:us-east-1:000000000000:key/{absent}' does not exist"),
                          ("foo", "Invalid keyId 'foo'"),
                          ("alias/none", "Alias arn:aws:kms:us-east-1:000000000000:alias/none is not found."),
                          (f"arn:aws:kms:eu-west-1:000000000000:key/{absent}", "Invalid arn eu-west-1")]:
        with pytest.raises(ClientError) as error:
            kms.describe_key(KeyId=name)
        refused(error, "NotFoundException", message)


def test_the_pages_of_keys_are_all_keys(brume):
    kms = brume.client("kms", account="210000000001")
    made = {kms.create_key()["KeyMetadata"]["KeyId"] for _ in range(5)}
    pages = list(kms.get_paginator("list_keys").paginate(PaginationConfig={"PageSize": 2}))
    assert [len(p["Keys"]) for p in pages] == [2, 2, 1] and [p["Truncated"] for p in pages] == [True, True, False]
    assert {k["KeyId"] for p in pages for k in p["Keys"]} == made
    with pytest.raises(ClientError) as error:
        kms.list_keys(Marker="nonsense")
    refused(error, "InvalidMarkerException")


def test_a_disabled_key_does_nothing(kms, key):
    blob = kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    kms.disable_key(KeyId=key)
    arn = kms.describe_key(KeyId=key)["KeyMetadata"]["Arn"]
    for use in (lambda: kms.encrypt(KeyId=key, Plaintext=b"x"), lambda: kms.decrypt(CiphertextBlob=blob),
                lambda: kms.generate_data_key(KeyId=key, KeySpec="AES_256")):
        with pytest.raises(ClientError) as error:
            use()
        refused(error, "DisabledException", f"{arn} is disabled.")
    kms.enable_key(KeyId=key)
    assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"


def test_deletion_waits_on_the_clock(start_brume):
    server = start_brume()
    kms = server.client("kms")
    arn = kms.create_key()["KeyMetadata"]["Arn"]
    kms.create_alias(AliasName="alias/short-lived", TargetKeyId=arn)
    blob = kms.encrypt(KeyId=arn, Plaintext=b"x")["CiphertextBlob"]
    with pytest.raises(ClientError) as error:
        kms.schedule_key_deletion(KeyId=arn, PendingWindowInDays=6)
    refused(error, "ValidationException")
    kms.schedule_key_deletion(KeyId=arn)
    assert kms.cancel_key_deletion(KeyId=arn)["KeyId"] == arn
    assert kms.describe_key(KeyId=arn)["KeyMetadata"]["KeyState"] == "Disabled"
    answer = kms.schedule_key_deletion(KeyId=arn, PendingWindowInDays=7)
    assert answer["KeyId"] == arn and answer["KeyState"] == "PendingDeletion" and answer["PendingWindowInDays"] == 7
    with pytest.raises(ClientError) as error:
        kms.decrypt(CiphertextBlob=blob)
    refused(error, "KMSInvalidStateException", f"{arn} is pending deletion.")
    server.advance_clock(7 * DAY - 60000)
    assert kms.describe_key(KeyId=arn)["KeyMetadata"]["KeyState"] == "PendingDeletion"
    server.advance_clock(60000)
    with pytest.raises(ClientError) as error:
        kms.describe_key(KeyId=arn)
    refused(error, "NotFoundException", f"Key '{arn}' does not exist")
    assert not [a for a in kms.list_aliases()["Aliases"] if "TargetKeyId" in a]


def test_what_a_key_that_waits_for_its_deletion_still_lets(kms):
    """By the table of key states: the policy, grants that end, and aliases that go. What adds to it does not."""
    arn = kms.create_key()["KeyMetadata"]["Arn"]
    name = f"alias/{uuid.uuid4()}"
    kms.create_alias(AliasName=name, TargetKeyId=arn)
    policy = json.loads(kms.get_key_policy(KeyId=arn)["Policy"])
    who = policy["Statement"][0]["Principal"]["AWS"]
    grants = [kms.create_grant(KeyId=arn, GranteePrincipal=who, RetiringPrincipal=who, Operations=["Decrypt"])["GrantId"] for _ in range(2)]
    kms.schedule_key_deletion(KeyId=arn, PendingWindowInDays=7)
    policy["Statement"][0]["Sid"] = "Changed"
    kms.put_key_policy(KeyId=arn, Policy=json.dumps(policy))
    assert '"Changed"' in kms.get_key_policy(KeyId=arn)["Policy"]
    kms.revoke_grant(KeyId=arn, GrantId=grants[0])
    kms.retire_grant(KeyId=arn, GrantId=grants[1])
    assert kms.list_grants(KeyId=arn)["Grants"] == []
    kms.delete_alias(AliasName=name)
    for call in (lambda: kms.create_alias(AliasName=name, TargetKeyId=arn), lambda: kms.create_grant(KeyId=arn, GranteePrincipal=who, Operations=["Decrypt"]),
                 lambda: kms.tag_resource(KeyId=arn, Tags=[{"TagKey": "a", "TagValue": "b"}]), lambda: kms.update_key_description(KeyId=arn, Description="x")):
        with pytest.raises(ClientError) as error:
            call()
        refused(error, "KMSInvalidStateException", f"{arn} is pending deletion.")


def test_predefined_aliases_get_their_key_when_described(brume):
    kms = brume.client("kms", account="210000000003")  # where no other test has made such a key
    listed = [a for page in kms.get_paginator("list_aliases").paginate(PaginationConfig={"PageSize": 3}) for a in page["Aliases"]]
    assert listed == kms.list_aliases()["Aliases"] and {a["AliasName"] for a in listed} >= {"alias/aws/s3", "alias/aws/ebs", "alias/aws/ssm"}
    assert all(set(a) == {"AliasName", "AliasArn"} for a in listed)
    made = kms.describe_key(KeyId="alias/aws/s3")["KeyMetadata"]
    assert made["KeyManager"] == "AWS" and kms.describe_key(KeyId=made["Arn"])["KeyMetadata"] == made
    after = kms.list_aliases()["Aliases"]
    assert len(after) == len(listed) and [a["TargetKeyId"] for a in after if "TargetKeyId" in a] == [made["KeyId"]]
    with pytest.raises(ClientError) as error:
        kms.describe_key(KeyId="alias/aws/none")
    assert error.value.response["Error"]["Code"] == "NotFoundException"


def test_aliases_name_keys(kms, key):
    other = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName="alias/of-tests", TargetKeyId=key)
    blob = kms.encrypt(KeyId="alias/of-tests", Plaintext=b"x")["CiphertextBlob"]
    entry, = kms.list_aliases(KeyId=key)["Aliases"]
    assert entry["AliasName"] == "alias/of-tests" and entry["TargetKeyId"] == key
    assert entry["AliasArn"] == "arn:aws:kms:us-east-1:000000000000:alias/of-tests"
    with pytest.raises(ClientError) as error:
        kms.create_alias(AliasName="alias/of-tests", TargetKeyId=other)
    refused(error, "AlreadyExistsException", f"An alias with the name {entry['AliasArn']} already exists")
    kms.update_alias(AliasName="alias/of-tests", TargetKeyId=other)
    assert kms.describe_key(KeyId=entry["AliasArn"])["KeyMetadata"]["KeyId"] == other
    assert kms.list_aliases(KeyId=key)["Aliases"] == []
    assert kms.decrypt(CiphertextBlob=blob, KeyId=key)["Plaintext"] == b"x"
    with pytest.raises(ClientError) as error:
        kms.decrypt(CiphertextBlob=blob, KeyId="alias/of-tests")
    refused(error, "IncorrectKeyException", "The key ID in the request does not identify a CMK that can perform this operation.")
    kms.delete_alias(AliasName="alias/of-tests")
    with pytest.raises(ClientError) as error:
        kms.delete_alias(AliasName="alias/of-tests")
    refused(error, "NotFoundException", "Alias arn:aws:kms:us-east-1:000000000000:alias/of-tests is not found.")


@pytest.mark.parametrize("name, code", [("of-tests", "ValidationException"), ("alias/aws/mine", "NotAuthorizedException"), ("alias/a b", "ValidationException")])
def test_names_that_are_no_aliases(kms, key, name, code):
    with pytest.raises(ClientError) as error:
        kms.create_alias(AliasName=name, TargetKeyId=key)
    refused(error, code)


def test_tags_come_and_go(kms, key):
    kms.tag_resource(KeyId=key, Tags=[{"TagKey": f"k{i}", "TagValue": str(i)} for i in range(3)])
    kms.untag_resource(KeyId=key, TagKeys=["k1"])
    first = kms.list_resource_tags(KeyId=key, Limit=1)
    assert first["Tags"] == [{"TagKey": "k0", "TagValue": "0"}] and first["Truncated"]
    assert kms.list_resource_tags(KeyId=key, Marker=first["NextMarker"])["Tags"] == [{"TagKey": "k2", "TagValue": "2"}]


def test_the_default_policy_opens_to_iam(kms, key):
    import json
    answer = kms.get_key_policy(KeyId=key)
    statement, = json.loads(answer["Policy"])["Statement"]
    assert statement["Principal"] == {"AWS": "arn:aws:iam::000000000000:root"} and statement["Action"] == "kms:*"
    assert kms.list_key_policies(KeyId=key)["PolicyNames"] == ["default"] and answer["PolicyName"] == "default"
    statement["Sid"] = "another"
    kms.put_key_policy(KeyId=key, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    assert "another" in kms.get_key_policy(KeyId=key)["Policy"]
    twice = [statement, statement | {"Effect": "Deny", "Principal": "*", "Action": "kms:Encrypt"}]  # of one Sid: IAM would refuse it
    kms.put_key_policy(KeyId=key, Policy=json.dumps({"Version": "2012-10-17", "Statement": twice}))
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["Enabled"]
    with pytest.raises(ClientError, match="AccessDenied"):
        kms.encrypt(KeyId=key, Plaintext=b"x")


def test_an_account_does_not_see_anothers_key(brume, key):
    other = brume.client("kms", account="210000000002")
    with pytest.raises(ClientError) as error:
        other.describe_key(KeyId=f"arn:aws:kms:us-east-1:000000000000:key/{key}")
    refused(error, "AccessDeniedException")


def test_keys_survive_a_crash(start_brume):
    server = start_brume()
    kms = server.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    rsa = kms.create_key(KeySpec="RSA_2048", KeyUsage="ENCRYPT_DECRYPT")["KeyMetadata"]["KeyId"]
    blob = kms.encrypt(KeyId=key, Plaintext=b"kept")["CiphertextBlob"]
    other = kms.encrypt(KeyId=rsa, Plaintext=b"kept too", EncryptionAlgorithm="RSAES_OAEP_SHA_256")["CiphertextBlob"]
    server.kill()
    kms = server.start().client("kms")
    assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"kept"
    assert kms.decrypt(CiphertextBlob=other, KeyId=rsa, EncryptionAlgorithm="RSAES_OAEP_SHA_256")["Plaintext"] == b"kept too"


def test_when_a_key_was_last_used(start_brume):
    server = start_brume()
    kms = server.client("kms")
    key = kms.create_key()["KeyMetadata"]
    never = kms.get_key_last_usage(KeyId=key["KeyId"])
    assert (never["KeyLastUsage"], never["KeyCreationDate"], never["TrackingStartDate"]) == ({}, key["CreationDate"], key["CreationDate"])
    sealed = kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x")["CiphertextBlob"]
    assert kms.get_key_last_usage(KeyId=key["KeyId"])["KeyLastUsage"]["Operation"] == "Encrypt"
    answer = kms.decrypt(CiphertextBlob=sealed)["ResponseMetadata"]
    with pytest.raises(ClientError):
        kms.decrypt(CiphertextBlob=sealed, EncryptionContext={"not": "this"})
    use = kms.get_key_last_usage(KeyId=key["Arn"])["KeyLastUsage"]
    assert use["Operation"] == "Decrypt" and use["KmsRequestId"] == answer["RequestId"]
    found = server.client("cloudtrail").lookup_events(LookupAttributes=[{"AttributeKey": "EventId", "AttributeValue": use["CloudTrailEventId"]}])
    assert [e["EventName"] for e in found["Events"]] == ["Decrypt"]
    with pytest.raises(ClientError) as error:
        kms.get_key_last_usage(KeyId="alias/none")
    assert error.value.response["Error"]["Code"] == "NotFoundException"
    server.advance_clock(60 * 1000)  # what is due is done when it answers
    server.kill()
    server.start()
    assert server.client("kms").get_key_last_usage(KeyId=key["KeyId"])["KeyLastUsage"] == use
