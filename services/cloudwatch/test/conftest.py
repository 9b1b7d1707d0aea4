import pytest


@pytest.fixture
def own(start_brume):
    """A cloud whose clock may be moved."""
    return start_brume()


@pytest.fixture
def cw(own):
    return own.client("cloudwatch")
