"""Fixtures of the client tests."""
from pathlib import Path

import pytest
from client_kit import DEPS, client_environment, run


@pytest.fixture
def cli(brume):
    """cli(*words) runs the current AWS CLI against the session's brume."""
    return lambda *words, **options: run(DEPS / "venv/bin/aws", *words, env=client_environment(brume.url), **options)


@pytest.fixture
def old_cli(brume):
    """Debian's AWS CLI 2.9, which knows no AWS_ENDPOINT_URL."""
    if not Path("/usr/bin/aws").exists():
        pytest.skip("Debian's awscli is not installed")
    return lambda *words, **options: run("/usr/bin/aws", "--endpoint-url", brume.url, *words, env=client_environment(brume.url), **options)


@pytest.fixture
def bucket(brume, s3, request):
    """A bucket of the test's own."""
    name = "t-" + request.node.name.lower().replace("_", "-").translate({ord(c): "-" for c in "[]"})[:55].strip("-")
    s3.create_bucket(Bucket=name)
    return name
