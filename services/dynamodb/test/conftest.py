"""Tables and users for the tests of this room."""
import json
import uuid

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


@pytest.fixture(scope="session")
def user_with(brume):
    """user_with(statement, ...) -> a DynamoDB client of a new user whose policy has these statements."""
    iam = brume.client("iam")

    def make(*statements):
        name = f"user-{uuid.uuid4().hex[:8]}"
        iam.create_user(UserName=name)
        iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": statements}))
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return brume.client("dynamodb", account=key["AccessKeyId"], secret=key["SecretAccessKey"])
    return make
