"""Tables for the tests of this room."""
import pytest
from services.dynamodb.test.ddb_tables import make_table


@pytest.fixture(scope="session")
def dynamodb(brume):
    return brume.client("dynamodb")


@pytest.fixture(scope="session")
def streams(brume):
    return brume.client("dynamodbstreams")


@pytest.fixture(scope="session")
def table(dynamodb):
    """table(attributes, keys, ...) -> the name of a new table."""
    return lambda *arguments, **options: make_table(dynamodb, *arguments, **options)
