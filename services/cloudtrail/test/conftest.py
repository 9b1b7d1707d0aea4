"""Each test has an account of its own: what it did is all that stands there."""
import random

import pytest


@pytest.fixture
def account():
    return f"{random.randrange(1, 10**12):012}"


@pytest.fixture
def trail(brume, account):
    return brume.client("cloudtrail", account=account)
