"""STS through the front door: who calls, temporary credentials, and what a wrong signature meets."""
import boto3
import pytest
from botocore.exceptions import ClientError


def code_of(error):
    return error.value.response["Error"]["Code"], error.value.response["ResponseMetadata"]["HTTPStatusCode"]


def test_caller_is_root_of_its_account(brume):
    for key, account in (("test", "000000000000"), ("123456789012", "123456789012")):
        answer = brume.client("sts", account=key).get_caller_identity()
        assert answer["Account"] == account
        assert answer["Arn"] == f"arn:aws:iam::{account}:root"
        assert answer["UserId"] == account


def test_wrong_secret(brume):
    with pytest.raises(ClientError) as error:
        brume.client("sts", secret="wrong").get_caller_identity()
    assert code_of(error) == ("SignatureDoesNotMatch", 403)


def test_unknown_key(brume):
    with pytest.raises(ClientError) as error:
        brume.client("sts", account="AKIAIOSFODNN7EXAMPLE").get_caller_identity()
    assert code_of(error) == ("InvalidClientTokenId", 403)


def session_client(brume, credentials, token=None):
    return boto3.client("sts", endpoint_url=brume.url, region_name="us-east-1",
                        aws_access_key_id=credentials["AccessKeyId"],
                        aws_secret_access_key=credentials["SecretAccessKey"],
                        aws_session_token=token or credentials["SessionToken"])


def test_session_token_signs(brume, sts):
    credentials = sts.get_session_token(DurationSeconds=900)["Credentials"]
    assert credentials["AccessKeyId"].startswith("ASIA")
    client = session_client(brume, credentials)
    assert client.get_caller_identity()["Arn"] == "arn:aws:iam::000000000000:root"
    with pytest.raises(ClientError) as error:
        client.get_session_token()
    assert code_of(error) == ("AccessDenied", 403)


def test_forged_session_token(brume, sts):
    credentials = sts.get_session_token()["Credentials"]
    token = credentials["SessionToken"]
    forged = token[:40] + ("A" if token[40] != "A" else "B") + token[41:]
    with pytest.raises(ClientError) as error:
        session_client(brume, credentials, forged).get_caller_identity()
    assert code_of(error) == ("InvalidClientTokenId", 403)


def test_session_survives_restart(start_brume):
    first = start_brume()
    credentials = first.client("sts").get_session_token()["Credentials"]
    first.kill()
    second = start_brume(data=first.data)
    assert session_client(second, credentials).get_caller_identity()["Account"] == "000000000000"


def test_duration_is_validated(brume):
    sts = brume.client("sts", config={"parameter_validation": False})
    with pytest.raises(ClientError) as error:
        sts.get_session_token(DurationSeconds=1)
    code, status = code_of(error)
    assert (code, status) == ("ValidationError", 400)
    assert "1 validation error detected" in error.value.response["Error"]["Message"]


def test_absent_operation_names_itself(sts):
    with pytest.raises(ClientError) as error:
        sts.get_delegated_access_token(TradeInToken="token")
    assert code_of(error) == ("NotImplemented", 501)
    assert "sts:GetDelegatedAccessToken" in error.value.response["Error"]["Message"]
