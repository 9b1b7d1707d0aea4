"""What tests of several rooms need of Organizations: one of their own, and how a call is refused."""
import time

import pytest
from botocore.exceptions import ClientError


def refusal(call, **arguments):
    with pytest.raises(ClientError) as error:
        call(**arguments)
    return error.value.response["Error"]["Code"], error.value.response["Error"]["Message"], error.value.response.get("Reason")


def wait_created(client, status):
    for _ in range(200):
        if status["State"] != "IN_PROGRESS":
            return status
        time.sleep(0.02)
        status = client.describe_create_account_status(CreateAccountRequestId=status["Id"])["CreateAccountStatus"]
    raise AssertionError("the account is never made")


def create_account(client, name, email, **options):
    status = client.create_account(AccountName=name, Email=email, **options)["CreateAccountStatus"]
    assert status["State"] == "IN_PROGRESS" and status["Id"].startswith("car-")
    return wait_created(client, status)


class Organization:
    """An organization of a number of its own, with SCPs where it has all features, and clients of any account."""

    counter = 100000000000

    def __init__(self, server, feature_set="ALL"):
        Organization.counter += 1000
        self.management = str(Organization.counter)
        self.server = server
        self.client = self.of(self.management)
        self.made = self.client.create_organization(FeatureSet=feature_set)["Organization"]
        [root] = self.client.list_roots()["Roots"]
        assert root["PolicyTypes"] == []
        self.root = root["Id"]
        if feature_set == "ALL":
            self.client.enable_policy_type(RootId=self.root, PolicyType="SERVICE_CONTROL_POLICY")

    def of(self, account, service="organizations", **options):
        return self.server.client(service, account=account, **options)

    def unit(self, name, parent=None):
        return self.client.create_organizational_unit(ParentId=parent or self.root, Name=name)["OrganizationalUnit"]

    def account(self, name="member", **options):
        status = create_account(self.client, name, f"{name}.{self.management}@example.org", **options)
        assert status["State"] == "SUCCEEDED", status
        return status["AccountId"]

    def move(self, account, source, destination):
        self.client.move_account(AccountId=account, SourceParentId=source, DestinationParentId=destination)
