import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))  # organization_kit.py, beside the tests

from organization_kit import Organization  # noqa: E402


@pytest.fixture
def org(brume):
    return Organization(brume)
