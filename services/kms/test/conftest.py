"""What the tests of KMS share."""
import pytest


@pytest.fixture(scope="session")
def kms(brume):
    return brume.client("kms")


@pytest.fixture
def key(kms):
    return kms.create_key()["KeyMetadata"]["KeyId"]
