"""Rotation, imported material, multi-region keys: what changes under a key that stays."""
import datetime
import json
import os

import pytest
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives import hashes, keywrap, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

DAY = 24 * 3600 * 1000


def refused(error, code, message=None):
    assert error.value.response["Error"]["Code"] == code
    if message is not None:
        assert error.value.response["Error"]["Message"] == message


# ---- rotation ----

def test_a_rotated_key_reads_what_it_wrote(start_brume):
    server = start_brume()
    kms = server.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.enable_key_rotation(KeyId=key, RotationPeriodInDays=90)
    status = kms.get_key_rotation_status(KeyId=key)
    assert status["KeyRotationEnabled"] and status["RotationPeriodInDays"] == 90
    blobs = [kms.encrypt(KeyId=key, Plaintext=b"0")["CiphertextBlob"]]
    for i in range(1, 4):
        server.advance_clock(90 * DAY)
        blobs.append(kms.encrypt(KeyId=key, Plaintext=str(i).encode())["CiphertextBlob"])
    materials = [kms.decrypt(CiphertextBlob=b) for b in blobs]
    assert [m["Plaintext"] for m in materials] == [b"0", b"1", b"2", b"3"]
    assert len({m["KeyMaterialId"] for m in materials}) == 4
    assert materials[3]["KeyMaterialId"] == kms.describe_key(KeyId=key)["KeyMetadata"]["CurrentKeyMaterialId"]
    rotations = kms.list_key_rotations(KeyId=key)["Rotations"]
    assert [r["RotationType"] for r in rotations] == ["AUTOMATIC"] * 3 and [r["KeyMaterialState"] for r in rotations] == ["NON_CURRENT"] * 2 + ["CURRENT"]
    assert rotations[1]["RotationDate"] - rotations[0]["RotationDate"] == datetime.timedelta(days=90)
    assert len(kms.list_key_rotations(KeyId=key, IncludeKeyMaterial="ALL_KEY_MATERIAL")["Rotations"]) == 4
    kms.disable_key_rotation(KeyId=key)
    server.advance_clock(400 * DAY)
    assert len(kms.list_key_rotations(KeyId=key)["Rotations"]) == 3


def test_a_disabled_key_rotates_when_it_is_enabled(start_brume):
    server = start_brume()
    kms = server.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.enable_key_rotation(KeyId=key)
    kms.disable_key(KeyId=key)
    assert kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"]
    server.advance_clock(366 * DAY)
    assert kms.list_key_rotations(KeyId=key)["Rotations"] == []
    kms.enable_key(KeyId=key)
    server.advance_clock(1000)
    assert len(kms.list_key_rotations(KeyId=key)["Rotations"]) == 1


@pytest.mark.parametrize("spec, usage", [("ECC_NIST_P256", "SIGN_VERIFY"), ("RSA_2048", "ENCRYPT_DECRYPT"), ("HMAC_256", "GENERATE_VERIFY_MAC")])
def test_what_cannot_rotate_tells_that_it_does_not(kms, spec, usage):
    key = kms.create_key(KeySpec=spec, KeyUsage=usage)["KeyMetadata"]["KeyId"]
    assert kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"] is False


def test_rotation_on_demand(kms, key):
    blob = kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    arn = kms.describe_key(KeyId=key)["KeyMetadata"]["Arn"]
    before = kms.describe_key(KeyId=key)["KeyMetadata"]["CurrentKeyMaterialId"]
    for _ in range(25):
        assert kms.rotate_key_on_demand(KeyId=key)["KeyId"] == arn
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["CurrentKeyMaterialId"] != before
    assert kms.decrypt(CiphertextBlob=blob)["KeyMaterialId"] == before
    first = kms.list_key_rotations(KeyId=key, Limit=20)
    assert len(first["Rotations"]) == 20 and first["Truncated"]
    assert len(kms.list_key_rotations(KeyId=key, Marker=first["NextMarker"])["Rotations"]) == 5
    with pytest.raises(ClientError) as error:
        kms.rotate_key_on_demand(KeyId=key)
    refused(error, "LimitExceededException", "The on-demand rotations limit has been reached for the given keyId. "
            f"No more on-demand rotations can be performed for this key: {arn}")


def test_what_cannot_rotate(kms, key):
    kms.disable_key(KeyId=key)
    arn = kms.describe_key(KeyId=key)["KeyMetadata"]["Arn"]
    with pytest.raises(ClientError) as error:
        kms.rotate_key_on_demand(KeyId=key)
    refused(error, "DisabledException", f"{arn} is disabled.")
    ecc = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    with pytest.raises(ClientError) as error:
        kms.enable_key_rotation(KeyId=ecc)
    refused(error, "UnsupportedOperationException", "")
    external = kms.create_key(Origin="EXTERNAL")["KeyMetadata"]["Arn"]
    with pytest.raises(ClientError) as error:
        kms.rotate_key_on_demand(KeyId=external)
    refused(error, "KMSInvalidStateException", f"{external} is pending import.")


# ---- imported material ----

def wrap(parameters, algorithm, material):
    hashed = hashes.SHA1() if algorithm.endswith("SHA_1") else hashes.SHA256()
    oaep = padding.OAEP(padding.MGF1(hashed), hashed, None)
    public = serialization.load_der_public_key(parameters["PublicKey"])
    if algorithm.startswith("RSAES"):
        return public.encrypt(material, oaep)
    aes = os.urandom(32)
    return public.encrypt(aes, oaep) + keywrap.aes_key_wrap_with_padding(aes, material)


def bring(kms, key, material, algorithm="RSAES_OAEP_SHA_256", spec="RSA_2048", **options):
    parameters = kms.get_parameters_for_import(KeyId=key, WrappingAlgorithm=algorithm, WrappingKeySpec=spec)
    options.setdefault("ExpirationModel", "KEY_MATERIAL_DOES_NOT_EXPIRE")
    return kms.import_key_material(KeyId=key, ImportToken=parameters["ImportToken"], EncryptedKeyMaterial=wrap(parameters, algorithm, material), **options)


def external(kms, **options):
    made = kms.create_key(Origin="EXTERNAL", **options)["KeyMetadata"]
    assert made["KeyState"] == "PendingImport" and made["Enabled"] is False and "ExpirationModel" not in made
    return made["Arn"]


@pytest.mark.parametrize("algorithm, spec", [("RSAES_OAEP_SHA_1", "RSA_2048"), ("RSA_AES_KEY_WRAP_SHA_256", "RSA_3072"), ("RSA_AES_KEY_WRAP_SHA_1", "RSA_2048")])
def test_imported_material_comes_goes_and_comes_back(kms, algorithm, spec):
    arn, material = external(kms), os.urandom(32)
    with pytest.raises(ClientError) as error:
        kms.encrypt(KeyId=arn, Plaintext=b"x")
    refused(error, "KMSInvalidStateException", f"{arn} is pending import.")
    material_id = bring(kms, arn, material, algorithm, spec)["KeyMaterialId"]
    made = kms.describe_key(KeyId=arn)["KeyMetadata"]
    assert made["KeyState"] == "Enabled" and made["ExpirationModel"] == "KEY_MATERIAL_DOES_NOT_EXPIRE" and made["CurrentKeyMaterialId"] == material_id
    blob = kms.encrypt(KeyId=arn, Plaintext=b"x")["CiphertextBlob"]
    kms.delete_imported_key_material(KeyId=arn)
    assert kms.describe_key(KeyId=arn)["KeyMetadata"]["KeyState"] == "PendingImport"
    with pytest.raises(ClientError) as error:
        bring(kms, arn, os.urandom(32))
    refused(error, "IncorrectKeyMaterialException")
    assert bring(kms, arn, material)["KeyMaterialId"] == material_id
    assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"


def test_imported_material_expires_on_the_clock(start_brume):
    server = start_brume()
    kms = server.client("kms")
    arn, material = external(kms), os.urandom(32)
    until = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=10)
    bring(kms, arn, material, ExpirationModel="KEY_MATERIAL_EXPIRES", ValidTo=until)
    blob = kms.encrypt(KeyId=arn, Plaintext=b"x")["CiphertextBlob"]
    server.advance_clock(11 * DAY)
    assert kms.describe_key(KeyId=arn)["KeyMetadata"]["KeyState"] == "PendingImport"
    with pytest.raises(ClientError) as error:
        kms.decrypt(CiphertextBlob=blob)
    refused(error, "KMSInvalidStateException", f"{arn} is pending import.")
    bring(kms, arn, material)
    assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"


def test_import_tokens(start_brume):
    server = start_brume()
    kms = server.client("kms")
    arn, other = external(kms), external(kms)
    parameters = kms.get_parameters_for_import(KeyId=arn, WrappingAlgorithm="RSAES_OAEP_SHA_256", WrappingKeySpec="RSA_2048")
    arguments = dict(EncryptedKeyMaterial=wrap(parameters, "RSAES_OAEP_SHA_256", os.urandom(32)), ExpirationModel="KEY_MATERIAL_DOES_NOT_EXPIRE")
    with pytest.raises(ClientError) as error:
        kms.import_key_material(KeyId=other, ImportToken=parameters["ImportToken"], **arguments)
    refused(error, "InvalidImportTokenException")
    with pytest.raises(ClientError) as error:
        kms.import_key_material(KeyId=arn, ImportToken=parameters["ImportToken"], **dict(arguments, EncryptedKeyMaterial=b"x" * 256))
    refused(error, "InvalidCiphertextException")
    server.advance_clock(DAY + 1)
    with pytest.raises(ClientError) as error:
        kms.import_key_material(KeyId=arn, ImportToken=parameters["ImportToken"], **arguments)
    refused(error, "ExpiredImportTokenException")
    native = kms.create_key()["KeyMetadata"]["Arn"]
    with pytest.raises(ClientError) as error:
        kms.get_parameters_for_import(KeyId=native, WrappingAlgorithm="RSAES_OAEP_SHA_256", WrappingKeySpec="RSA_2048")
    refused(error, "UnsupportedOperationException", f"{native} origin is AWS_KMS which is not valid for this operation.")


def test_an_imported_private_key_signs(kms):
    arn = external(kms, KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")
    mine = ec.generate_private_key(ec.SECP256R1())
    bring(kms, arn, mine.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    signature = kms.sign(KeyId=arn, Message=b"m", SigningAlgorithm="ECDSA_SHA_256")["Signature"]
    mine.public_key().verify(signature, b"m", ec.ECDSA(hashes.SHA256()))
    rsa_arn = external(kms, KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY")
    der = rsa.generate_private_key(65537, 2048).private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    assert bring(kms, rsa_arn, der, "RSA_AES_KEY_WRAP_SHA_256", "RSA_4096")["KeyId"] == rsa_arn
    with pytest.raises(ClientError) as error:
        bring(kms, external(kms, KeySpec="ECC_NIST_P384", KeyUsage="SIGN_VERIFY"), b"no key at all")
    refused(error, "IncorrectKeyMaterialException")


def test_imported_material_rotates_on_demand(kms):
    arn = external(kms)
    first = bring(kms, arn, os.urandom(32))["KeyMaterialId"]
    with pytest.raises(ClientError) as error:
        kms.rotate_key_on_demand(KeyId=arn)
    refused(error, "KMSInvalidStateException", f"No available key material pending rotation for the key: {arn}.")
    blob = kms.encrypt(KeyId=arn, Plaintext=b"x")["CiphertextBlob"]
    second = bring(kms, arn, os.urandom(32), ImportType="NEW_KEY_MATERIAL", KeyMaterialDescription="second")["KeyMaterialId"]
    states = [(r["KeyMaterialId"], r["KeyMaterialState"]) for r in kms.list_key_rotations(KeyId=arn, IncludeKeyMaterial="ALL_KEY_MATERIAL")["Rotations"]]
    assert states == [(first, "CURRENT"), (second, "PENDING_ROTATION")]
    kms.rotate_key_on_demand(KeyId=arn)
    assert kms.describe_key(KeyId=arn)["KeyMetadata"]["CurrentKeyMaterialId"] == second
    assert kms.decrypt(CiphertextBlob=blob)["KeyMaterialId"] == first


# ---- multi-region keys ----

def test_a_multi_region_key_decrypts_in_the_other_region(start_brume):
    server = start_brume()
    here, there = server.client("kms"), server.client("kms", region="eu-west-1")
    primary = here.create_key(MultiRegion=True, Description="primary")["KeyMetadata"]
    key = primary["KeyId"]
    assert key.startswith("mrk-") and primary["MultiRegionConfiguration"] == {
        "MultiRegionKeyType": "PRIMARY", "PrimaryKey": {"Arn": primary["Arn"], "Region": "us-east-1"}, "ReplicaKeys": []}
    blob = here.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    with pytest.raises(ClientError):
        there.decrypt(CiphertextBlob=blob)
    answer = here.replicate_key(KeyId=key, ReplicaRegion="eu-west-1", Tags=[{"TagKey": "a", "TagValue": "b"}])
    replica = answer["ReplicaKeyMetadata"]
    assert replica["Arn"] == primary["Arn"].replace("us-east-1", "eu-west-1") and answer["ReplicaTags"] == [{"TagKey": "a", "TagValue": "b"}]
    assert replica["MultiRegionConfiguration"]["MultiRegionKeyType"] == "REPLICA" and replica["Description"] == ""
    assert there.decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"
    with pytest.raises(ClientError) as error:
        there.replicate_key(KeyId=key, ReplicaRegion="us-west-2")
    refused(error, "UnsupportedOperationException", f"{replica['Arn']} is not a multi-region primary key.")
    # Rotation is the primary's and reaches the replica.
    here.rotate_key_on_demand(KeyId=key)
    fresh = here.encrypt(KeyId=key, Plaintext=b"y")["CiphertextBlob"]
    assert there.decrypt(CiphertextBlob=fresh)["Plaintext"] == b"y"
    # The primary moves.
    here.enable_key_rotation(KeyId=key)
    here.update_primary_region(KeyId=key, PrimaryRegion="eu-west-1")
    assert there.describe_key(KeyId=key)["KeyMetadata"]["MultiRegionConfiguration"]["MultiRegionKeyType"] == "PRIMARY"
    assert there.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"] and here.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"]
    server.advance_clock(366 * DAY)
    assert [r["RotationType"] for r in here.list_key_rotations(KeyId=key)["Rotations"]] == ["ON_DEMAND", "AUTOMATIC"]
    # A primary goes after its replicas.
    assert there.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)["KeyState"] == "PendingReplicaDeletion"
    here.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    server.advance_clock(7 * DAY)
    assert there.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "PendingDeletion"
    server.advance_clock(7 * DAY)
    with pytest.raises(ClientError) as error:
        there.describe_key(KeyId=key)
    refused(error, "NotFoundException")


# ---- what is told to EventBridge ----

def test_deletion_rotation_and_expiration_are_events(start_brume):
    server = start_brume()
    kms, events, sqs = (server.client(service) for service in ("kms", "events", "sqs"))
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    arn = "arn:aws:sqs:us-east-1:000000000000:q"
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": arn}]})})
    events.put_rule(Name="r", EventPattern=json.dumps({"source": ["aws.kms"], "detail-type": [{"prefix": "KMS "}]}))
    events.put_targets(Rule="r", Targets=[{"Id": "q", "Arn": arn}])

    def told(key):
        messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=5).get("Messages", [])
        for message in messages:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        found = [json.loads(message["Body"]) for message in messages]
        return [(e["detail-type"], e["resources"], e["detail"]) for e in found] == [
            (kind, [key], {"key-id": key.split("/")[1]}) for kind in kinds]

    rotated = kms.create_key()["KeyMetadata"]["Arn"]
    kms.rotate_key_on_demand(KeyId=rotated)
    kinds = ["KMS CMK Rotation"]
    assert told(rotated)
    imported = external(kms)
    bring(kms, imported, os.urandom(32), ExpirationModel="KEY_MATERIAL_EXPIRES", ValidTo=datetime.datetime.now() + datetime.timedelta(hours=1))
    server.advance_clock(2 * 3600 * 1000)
    kinds = ["KMS Imported Key Material Expiration"]
    assert told(imported)
    kms.schedule_key_deletion(KeyId=rotated, PendingWindowInDays=7)
    server.advance_clock(7 * DAY)
    kinds = ["KMS CMK Deletion"]
    assert told(rotated)
