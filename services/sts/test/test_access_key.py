"""Which account a key belongs to, read from the key."""
import pytest
from botocore.exceptions import ClientError


def test_key_names_its_account(sts):
    assert sts.get_access_key_info(AccessKeyId="ASIAQNZGKIQY56JQ7WML")["Account"] == "029608264753"


def test_own_keys_name_their_account(brume):
    sts = brume.client("sts", account="123456789012")
    key = sts.get_session_token()["Credentials"]["AccessKeyId"]
    assert sts.get_access_key_info(AccessKeyId=key)["Account"] == "123456789012"


@pytest.mark.parametrize("key", ["AKIA1111111111111111", "short"])
def test_what_is_no_key(brume, key):
    client = brume.client("sts", config={"parameter_validation": False})
    with pytest.raises(ClientError) as error:
        client.get_access_key_info(AccessKeyId=key)
    assert error.value.response["Error"]["Code"] == "ValidationError"
