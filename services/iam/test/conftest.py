"""Each test has an account of its own: names may repeat, quotas are not shared."""
import contextlib
import random

import pytest
from botocore.exceptions import ClientError


@pytest.fixture
def account():
    return f"{random.randrange(1, 10**12):012}"


@pytest.fixture
def iam(brume, account):
    return brume.client("iam", account=account)


@pytest.fixture
def refused():
    """with refused("NoSuchEntity") as r: ...; then r.message, r.status."""

    class Refusal:
        message = status = None

    @contextlib.contextmanager
    def expect(code):
        refusal = Refusal()
        with pytest.raises(ClientError) as caught:
            yield refusal
        answer = caught.value.response
        refusal.message, refusal.status = answer["Error"]["Message"], answer["ResponseMetadata"]["HTTPStatusCode"]
        assert answer["Error"]["Code"] == code, refusal.message

    return expect
