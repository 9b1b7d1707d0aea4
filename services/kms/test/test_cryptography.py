"""What KMS computes, checked by another implementation: the cryptography package."""
import hashlib
import hmac
import os

import pytest
from botocore.exceptions import ClientError
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

HASHES = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}


def make(kms, spec, usage):
    return kms.create_key(KeySpec=spec, KeyUsage=usage)["KeyMetadata"]["KeyId"]


def public_key(kms, key):
    return serialization.load_der_public_key(kms.get_public_key(KeyId=key)["PublicKey"])


def refused(error, code, message=None):
    assert error.value.response["Error"]["Code"] == code
    if message is not None:
        assert error.value.response["Error"]["Message"] == message


@pytest.mark.parametrize("spec, algorithm", [
    ("RSA_2048", "RSASSA_PSS_SHA_256"), ("RSA_2048", "RSASSA_PSS_SHA_384"), ("RSA_2048", "RSASSA_PSS_SHA_512"),
    ("RSA_3072", "RSASSA_PKCS1_V1_5_SHA_256"), ("RSA_2048", "RSASSA_PKCS1_V1_5_SHA_512"),
    ("ECC_NIST_P256", "ECDSA_SHA_256"), ("ECC_NIST_P384", "ECDSA_SHA_384"), ("ECC_NIST_P521", "ECDSA_SHA_512"),
    ("ECC_SECG_P256K1", "ECDSA_SHA_256")])
def test_signatures(kms, spec, algorithm):
    key = make(kms, spec, "SIGN_VERIFY")
    public, hashed = public_key(kms, key), HASHES[algorithm[-3:]]
    message = b"signed"
    answer = kms.sign(KeyId=key, Message=message, SigningAlgorithm=algorithm)
    assert answer["KeyId"].endswith(key) and answer["SigningAlgorithm"] == algorithm
    if spec.startswith("ECC"):
        check = lambda signature: public.verify(signature, message, ec.ECDSA(hashed))
    else:
        scheme = padding.PSS(padding.MGF1(hashed), padding.PSS.DIGEST_LENGTH) if "PSS" in algorithm else padding.PKCS1v15()
        check = lambda signature: public.verify(signature, message, scheme, hashed)
    check(answer["Signature"])
    digest = hashes.Hash(hashed)
    digest.update(message)
    digest = digest.finalize()
    of_digest = kms.sign(KeyId=key, Message=digest, MessageType="DIGEST", SigningAlgorithm=algorithm)["Signature"]
    check(of_digest)
    assert kms.verify(KeyId=key, Message=message, Signature=of_digest, SigningAlgorithm=algorithm)["SignatureValid"] is True
    with pytest.raises(ClientError) as error:
        kms.verify(KeyId=key, Message=b"other", Signature=of_digest, SigningAlgorithm=algorithm)
    refused(error, "KMSInvalidSignatureException", "")
    with pytest.raises(ClientError) as error:
        kms.sign(KeyId=key, Message=digest[1:], MessageType="DIGEST", SigningAlgorithm=algorithm)
    refused(error, "ValidationException", f"Digest is invalid length for algorithm {algorithm}.")


def test_ed25519(kms):
    key = make(kms, "ECC_NIST_EDWARDS25519", "SIGN_VERIFY")
    signature = kms.sign(KeyId=key, Message=b"signed", SigningAlgorithm="ED25519_SHA_512")["Signature"]
    public = public_key(kms, key)
    public.verify(signature, b"signed")
    with pytest.raises(InvalidSignature):
        public.verify(signature, b"other")
    assert kms.verify(KeyId=key, Message=b"signed", Signature=signature, SigningAlgorithm="ED25519_SHA_512")["SignatureValid"]


def test_an_algorithm_of_another_spec(kms):
    key = make(kms, "ECC_NIST_P256", "SIGN_VERIFY")
    with pytest.raises(ClientError) as error:
        kms.sign(KeyId=key, Message=b"x", SigningAlgorithm="ECDSA_SHA_384")
    refused(error, "InvalidKeyUsageException", "Algorithm ECDSA_SHA_384 is incompatible with key spec ECC_NIST_P256.")
    arn = kms.describe_key(KeyId=key)["KeyMetadata"]["Arn"]
    with pytest.raises(ClientError) as error:
        kms.encrypt(KeyId=key, Plaintext=b"x")
    refused(error, "InvalidKeyUsageException", f"{arn} key usage is SIGN_VERIFY which is not valid for Encrypt.")


@pytest.mark.parametrize("algorithm, hashed, most", [("RSAES_OAEP_SHA_1", hashes.SHA1(), 214), ("RSAES_OAEP_SHA_256", hashes.SHA256(), 190)])
def test_what_is_encrypted_outside_is_decrypted_inside(kms, algorithm, hashed, most):
    key = make(kms, "RSA_2048", "ENCRYPT_DECRYPT")
    blob = public_key(kms, key).encrypt(b"secret", padding.OAEP(padding.MGF1(hashed), hashed, None))
    assert kms.decrypt(KeyId=key, CiphertextBlob=blob, EncryptionAlgorithm=algorithm)["Plaintext"] == b"secret"
    blob = kms.encrypt(KeyId=key, Plaintext=b"x" * most, EncryptionAlgorithm=algorithm)["CiphertextBlob"]
    assert kms.decrypt(KeyId=key, CiphertextBlob=blob, EncryptionAlgorithm=algorithm)["Plaintext"] == b"x" * most
    with pytest.raises(ClientError) as error:
        kms.encrypt(KeyId=key, Plaintext=b"x" * (most + 1), EncryptionAlgorithm=algorithm)
    refused(error, "ValidationException", f"Algorithm {algorithm} and key spec RSA_2048 cannot encrypt data larger than {most} bytes.")
    with pytest.raises(ClientError) as error:
        kms.decrypt(KeyId=key, CiphertextBlob=blob[:-1] + bytes([blob[-1] ^ 1]), EncryptionAlgorithm=algorithm)
    refused(error, "InvalidCiphertextException", "")


@pytest.mark.parametrize("bits", [224, 256, 384, 512])
def test_macs(kms, bits):
    """Imported, so that we know the key."""
    made = kms.create_key(KeySpec=f"HMAC_{bits}", KeyUsage="GENERATE_VERIFY_MAC", Origin="EXTERNAL")["KeyMetadata"]["KeyId"]
    secret = os.urandom(bits // 8)
    parameters = kms.get_parameters_for_import(KeyId=made, WrappingAlgorithm="RSAES_OAEP_SHA_256", WrappingKeySpec="RSA_2048")
    wrapped = serialization.load_der_public_key(parameters["PublicKey"]).encrypt(secret, padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None))
    kms.import_key_material(KeyId=made, ImportToken=parameters["ImportToken"], EncryptedKeyMaterial=wrapped, ExpirationModel="KEY_MATERIAL_DOES_NOT_EXPIRE")
    mac = kms.generate_mac(KeyId=made, Message=b"message", MacAlgorithm=f"HMAC_SHA_{bits}")["Mac"]
    assert mac == hmac.new(secret, b"message", getattr(hashlib, f"sha{bits}")).digest()
    assert kms.verify_mac(KeyId=made, Message=b"message", Mac=mac, MacAlgorithm=f"HMAC_SHA_{bits}")["MacValid"] is True
    with pytest.raises(ClientError) as error:
        kms.verify_mac(KeyId=made, Message=b"other", Mac=mac, MacAlgorithm=f"HMAC_SHA_{bits}")
    refused(error, "KMSInvalidMacException", "")


@pytest.mark.parametrize("spec, curve", [("ECC_NIST_P256", ec.SECP256R1()), ("ECC_NIST_P521", ec.SECP521R1())])
def test_shared_secrets(kms, spec, curve):
    key = make(kms, spec, "KEY_AGREEMENT")
    mine = ec.generate_private_key(curve)
    der = mine.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    answer = kms.derive_shared_secret(KeyId=key, KeyAgreementAlgorithm="ECDH", PublicKey=der)
    assert answer["SharedSecret"] == mine.exchange(ec.ECDH(), public_key(kms, key)) and answer["KeyOrigin"] == "AWS_KMS"
    with pytest.raises(ClientError) as error:
        kms.derive_shared_secret(KeyId=key, KeyAgreementAlgorithm="ECDH", PublicKey=der[:-1])
    refused(error, "ValidationException")


def test_data_keys(kms, key):
    context = {"purpose": "tests", "a": "b"}
    answer = kms.generate_data_key(KeyId=key, KeySpec="AES_128", EncryptionContext=context)
    assert len(answer["Plaintext"]) == 16
    assert kms.decrypt(CiphertextBlob=answer["CiphertextBlob"], EncryptionContext=context)["Plaintext"] == answer["Plaintext"]
    blob = kms.generate_data_key_without_plaintext(KeyId=key, NumberOfBytes=99)["CiphertextBlob"]
    assert len(kms.decrypt(CiphertextBlob=blob)["Plaintext"]) == 99
    with pytest.raises(ClientError) as error:
        kms.generate_data_key(KeyId=key)
    refused(error, "ValidationException", "Please specify either number of bytes or key spec.")


@pytest.mark.parametrize("spec", ["RSA_2048", "ECC_NIST_P384", "ECC_SECG_P256K1"])
def test_data_key_pairs(kms, key, spec):
    answer = kms.generate_data_key_pair(KeyId=key, KeyPairSpec=spec)
    private = serialization.load_der_private_key(answer["PrivateKeyPlaintext"], None)
    public = private.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    assert public == answer["PublicKey"] and answer["KeyPairSpec"] == spec
    assert kms.decrypt(CiphertextBlob=answer["PrivateKeyCiphertextBlob"])["Plaintext"] == answer["PrivateKeyPlaintext"]
    sealed = kms.generate_data_key_pair_without_plaintext(KeyId=key, KeyPairSpec=spec)
    assert "PrivateKeyPlaintext" not in sealed
    private = serialization.load_der_private_key(kms.decrypt(CiphertextBlob=sealed["PrivateKeyCiphertextBlob"])["Plaintext"], None)
    assert private.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo) == sealed["PublicKey"]


def test_a_ciphertext_is_authentic(kms, key):
    blob = kms.encrypt(KeyId=key, Plaintext=b"x" * 4096, EncryptionContext={"a": "1", "b": "2"})["CiphertextBlob"]
    assert kms.decrypt(CiphertextBlob=blob, EncryptionContext={"b": "2", "a": "1"})["Plaintext"] == b"x" * 4096
    for context in [{}, {"a": "1"}, {"a": "1", "b": "3"}, {"a": "12", "b": ""}]:
        with pytest.raises(ClientError) as error:
            kms.decrypt(CiphertextBlob=blob, EncryptionContext=context)
        refused(error, "InvalidCiphertextException", "")
    for at in [0, 30, 60, 75, 90, 100, len(blob) - 1]:
        with pytest.raises(ClientError) as error:
            kms.decrypt(CiphertextBlob=blob[:at] + bytes([blob[at] ^ 1]) + blob[at + 1:], EncryptionContext={"a": "1", "b": "2"})
        refused(error, "InvalidCiphertextException", "")


def test_a_ciphertext_of_nobody(kms, brume, key):
    blob = kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    with pytest.raises(ClientError) as error:
        brume.client("kms", region="eu-west-1").decrypt(CiphertextBlob=blob)
    refused(error, "AccessDeniedException",
            "The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access.")
    with pytest.raises(ClientError) as error:
        kms.decrypt(CiphertextBlob=b"nonsense")
    refused(error, "InvalidCiphertextException", "")


def test_re_encrypt(kms, key):
    other = kms.create_key()["KeyMetadata"]["Arn"]
    blob = kms.encrypt(KeyId=key, Plaintext=b"x", EncryptionContext={"a": "1"})["CiphertextBlob"]
    answer = kms.re_encrypt(CiphertextBlob=blob, SourceEncryptionContext={"a": "1"}, DestinationKeyId=other, DestinationEncryptionContext={"b": "2"})
    assert answer["SourceKeyId"].endswith(key) and answer["KeyId"] == other
    assert kms.decrypt(CiphertextBlob=answer["CiphertextBlob"], EncryptionContext={"b": "2"})["KeyId"] == other
    with pytest.raises(ClientError) as error:
        kms.re_encrypt(CiphertextBlob=blob, SourceKeyId=other, SourceEncryptionContext={"a": "1"}, DestinationKeyId=key)
    refused(error, "IncorrectKeyException", "The key ID in the request does not identify a CMK that can perform this operation.")


def test_random(kms):
    assert len(kms.generate_random(NumberOfBytes=1024)["Plaintext"]) == 1024
    assert kms.generate_random(NumberOfBytes=32)["Plaintext"] != kms.generate_random(NumberOfBytes=32)["Plaintext"]
    with pytest.raises(ClientError) as error:
        kms.generate_random()
    refused(error, "ValidationException", "NumberOfBytes is required.")
    with pytest.raises(ClientError) as error:
        kms.generate_random(NumberOfBytes=1025)
    refused(error, "ValidationException",
            "1 validation error detected: Value '1025' at 'numberOfBytes' failed to satisfy constraint: Member must have value less than or equal to 1024")


def test_a_dry_run_changes_nothing_and_says_so(kms, key):
    with pytest.raises(ClientError) as error:
        kms.generate_data_key_pair(KeyId=key, KeyPairSpec="RSA_2048", DryRun=True)
    refused(error, "DryRunOperationException", "The request would have succeeded, but the DryRun option is set.")
