import pytest
from organization_kit import Organization


@pytest.fixture
def org(brume):
    return Organization(brume)
