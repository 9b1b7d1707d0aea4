import pytest
from web_endpoint import Endpoint


@pytest.fixture
def endpoint():
    e = Endpoint()
    yield e
    e.close()
