"""Grants: made, listed, constrained, retired. Who may use one is in test_rights.py."""
import pytest
from botocore.exceptions import ClientError

ALICE, BOB = "arn:aws:iam::000000000000:user/alice", "arn:aws:iam::000000000000:user/bob"


@pytest.fixture(autouse=True, scope="module")
def people(brume):
    """Whom the grants are for: KMS takes nobody who is not there."""
    iam = brume.client("iam")
    for name in ["alice", "bob", "bob-pages", *(f"alice{i}" for i in range(5))]:
        try:
            iam.create_user(UserName=name)
        except iam.exceptions.EntityAlreadyExistsException:
            pass


def refused(error, code, message=None):
    assert error.value.response["Error"]["Code"] == code
    if message is not None:
        assert error.value.response["Error"]["Message"] == message


def test_a_grant_is_listed_as_it_was_made(kms, key):
    made = kms.create_grant(KeyId=key, GranteePrincipal=ALICE, RetiringPrincipal=BOB, Operations=["Decrypt", "Encrypt"], Name="one",
                            Constraints={"EncryptionContextSubset": {"team": "red"}})
    assert len(made["GrantId"]) == 64
    grant, = kms.list_grants(KeyId=key)["Grants"]
    assert grant["KeyId"].endswith(key) and grant["GrantId"] == made["GrantId"] and grant["Name"] == "one"
    assert grant["GranteePrincipal"] == ALICE and grant["RetiringPrincipal"] == BOB and grant["Operations"] == ["Decrypt", "Encrypt"]
    assert grant["Constraints"] == {"EncryptionContextSubset": {"team": "red"}} and grant["IssuingAccount"] == "arn:aws:iam::000000000000:root"
    again = kms.create_grant(KeyId=key, GranteePrincipal=ALICE, RetiringPrincipal=BOB, Operations=["Decrypt", "Encrypt"], Name="one",
                             Constraints={"EncryptionContextSubset": {"team": "red"}})
    assert again["GrantId"] == made["GrantId"]
    other = kms.create_grant(KeyId=key, GranteePrincipal=BOB, Operations=["Decrypt"])["GrantId"]
    assert [g["GrantId"] for g in kms.list_grants(KeyId=key, GranteePrincipal=BOB)["Grants"]] == [other]
    assert [g["GrantId"] for g in kms.list_grants(KeyId=key, GrantId=made["GrantId"])["Grants"]] == [made["GrantId"]]


def test_pages_of_grants(kms, key):
    made = {kms.create_grant(KeyId=key, GranteePrincipal=f"{ALICE}{i}", RetiringPrincipal=f"{BOB}-pages", Operations=["Decrypt"])["GrantId"] for i in range(5)}
    first = kms.list_grants(KeyId=key, Limit=3)
    rest = kms.list_grants(KeyId=key, Limit=3, Marker=first["NextMarker"])
    assert first["Truncated"] and not rest["Truncated"]
    assert {g["GrantId"] for g in first["Grants"] + rest["Grants"]} == made
    retirable = kms.list_retirable_grants(RetiringPrincipal=f"{BOB}-pages")["Grants"]
    assert {g["GrantId"] for g in retirable} == made


def test_grants_end(kms, key):
    made = [kms.create_grant(KeyId=key, GranteePrincipal=ALICE, Operations=["Decrypt"]) for _ in range(3)]
    kms.revoke_grant(KeyId=key, GrantId=made[0]["GrantId"])
    kms.retire_grant(GrantToken=made[1]["GrantToken"])
    arn = kms.describe_key(KeyId=key)["KeyMetadata"]["Arn"]
    kms.retire_grant(KeyId=arn, GrantId=made[2]["GrantId"])
    assert kms.list_grants(KeyId=key)["Grants"] == []
    with pytest.raises(ClientError) as error:
        kms.revoke_grant(KeyId=key, GrantId=made[0]["GrantId"])
    refused(error, "NotFoundException", f"Grant ID {made[0]['GrantId']} not found")


def test_a_service_is_named_with_its_region(kms, key):
    service = "dynamodb.us-west-1.amazonaws.com"
    kms.create_grant(KeyId=key, GranteePrincipal=service, RetiringPrincipal=service, Operations=["Decrypt"])
    [grant] = kms.list_grants(KeyId=key)["Grants"]
    assert (grant["GranteePrincipal"], grant["RetiringPrincipal"]) == (service, service)
    with pytest.raises(ClientError) as error:
        kms.create_grant(KeyId=key, GranteePrincipal="dynamodb.example.com", Operations=["Decrypt"])
    refused(error, "InvalidArnException", "Invalid arn dynamodb.example.com")


def test_grants_of_a_key_that_will_go_are_told(kms, key):
    """As Terraform's provider asks when it has destroyed all."""
    grant = kms.create_grant(KeyId=key, GranteePrincipal=ALICE, Operations=["Decrypt"])["GrantId"]
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    assert [g["GrantId"] for g in kms.list_grants(KeyId=key)["Grants"]] == [grant]


def test_tokens_are_checked(kms, key):
    token = kms.create_grant(KeyId=key, GranteePrincipal=ALICE, Operations=["Encrypt"])["GrantToken"]
    kms.encrypt(KeyId=key, Plaintext=b"x", GrantTokens=[token])
    for broken in ["nonsense", token[:-8] + "AAAAAAA="]:
        with pytest.raises(ClientError) as error:
            kms.encrypt(KeyId=key, Plaintext=b"x", GrantTokens=[broken])
        refused(error, "InvalidGrantTokenException")


def test_what_is_no_grant(kms, key):
    for arguments, code in [({"GranteePrincipal": "alice"}, "InvalidArnException"), ({}, "ValidationException"),
                            ({"GranteePrincipal": ALICE, "Operations": []}, "ValidationException")]:
        with pytest.raises(ClientError) as error:
            kms.create_grant(**{"KeyId": key, "Operations": ["Decrypt"], **arguments})
        refused(error, code)


def test_a_grant_is_for_what_its_key_can_do(kms, key):
    signs = kms.create_key(KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    opens = kms.create_key(KeySpec="RSA_2048", KeyUsage="ENCRYPT_DECRYPT")["KeyMetadata"]["KeyId"]
    macs = kms.create_key(KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")["KeyMetadata"]["KeyId"]
    for of, operations in ((key, ["Encrypt", "GenerateDataKeyPair", "ReEncryptTo", "CreateGrant"]), (signs, ["Sign", "GetPublicKey"]),
                           (opens, ["Decrypt", "ReEncryptFrom", "DescribeKey"]), (macs, ["VerifyMac", "RetireGrant"])):
        assert kms.create_grant(KeyId=of, GranteePrincipal=ALICE, Operations=operations)["GrantId"]
    for of, operation in ((key, "Sign"), (key, "GetPublicKey"), (signs, "Encrypt"), (opens, "GenerateDataKey"), (opens, "Verify"), (macs, "GetPublicKey"),
                          (macs, "Decrypt"), (signs, "DeriveSharedSecret")):
        with pytest.raises(ClientError) as error:
            kms.create_grant(KeyId=of, GranteePrincipal=ALICE, Operations=["DescribeKey", operation])
        refused(error, "ValidationException")
        assert f"Operation {operation} is not valid" in error.value.response["Error"]["Message"]
    with pytest.raises(ClientError) as error:
        kms.create_grant(KeyId=key, GranteePrincipal=ALICE, Operations=["CreateGrant"])
    refused(error, "ValidationException", "Grants must not contain only the CreateGrant operation.")
