"""Account Management: contacts, names and regions, one's own and those of members."""
import time

import pytest
from botocore.exceptions import ClientError

CONTACT = {"FullName": "Ada Lovelace", "AddressLine1": "1 Street", "City": "London", "PostalCode": "W1", "CountryCode": "GB",
           "PhoneNumber": "+441234567"}


def refusal(call, **arguments):
    with pytest.raises(ClientError) as error:
        call(**arguments)
    return error.value.response["Error"]["Code"], error.value.response["ResponseMetadata"]["HTTPStatusCode"]


@pytest.fixture
def account(brume):
    return brume.client("account", account="330000000001")


def test_contact_information(account, brume):
    other = brume.client("account", account="330000000002")
    assert refusal(other.get_contact_information) == ("ResourceNotFoundException", 404)
    account.put_contact_information(ContactInformation=CONTACT)
    assert account.get_contact_information()["ContactInformation"] == CONTACT
    assert refusal(other.get_contact_information) == ("ResourceNotFoundException", 404)


def test_alternate_contacts(account):
    contact = {"AlternateContactType": "SECURITY", "Name": "Grace", "Title": "Admiral", "EmailAddress": "grace@example.com",
               "PhoneNumber": "+1 555"}
    assert refusal(account.get_alternate_contact, AlternateContactType="SECURITY") == ("ResourceNotFoundException", 404)
    account.put_alternate_contact(**contact)
    assert account.get_alternate_contact(AlternateContactType="SECURITY")["AlternateContact"] == contact
    account.delete_alternate_contact(AlternateContactType="SECURITY")
    assert refusal(account.delete_alternate_contact, AlternateContactType="SECURITY") == ("ResourceNotFoundException", 404)


def test_regions(account):
    status = {r["RegionName"]: r["RegionOptStatus"] for r in account.list_regions()["Regions"]}
    assert status["us-east-1"] == "ENABLED_BY_DEFAULT" and status["af-south-1"] == "DISABLED"
    account.enable_region(RegionName="af-south-1")
    for _ in range(200):
        if account.get_region_opt_status(RegionName="af-south-1")["RegionOptStatus"] == "ENABLED":
            break
        time.sleep(0.02)
    assert [r["RegionName"] for r in account.list_regions(RegionOptStatusContains=["ENABLED"])["Regions"]] == ["af-south-1"]
    assert refusal(account.disable_region, RegionName="us-east-1") == ("ValidationException", 400)
    assert refusal(account.enable_region, RegionName="xx-north-9") == ("ValidationException", 400)
    first = account.list_regions(MaxResults=30)
    rest = account.list_regions(MaxResults=30, NextToken=first["NextToken"])
    assert len(first["Regions"]) == 30 and "NextToken" not in rest
    assert len({r["RegionName"] for r in first["Regions"] + rest["Regions"]}) == len(status)


def test_name_of_a_member(brume):
    management, guest = "330000000003", "330000000004"
    organizations = brume.client("organizations", account=management)
    organizations.create_organization()
    handshake = organizations.invite_account_to_organization(Target={"Id": guest, "Type": "ACCOUNT"})["Handshake"]
    brume.client("organizations", account=guest).accept_handshake(HandshakeId=handshake["Id"])
    account = brume.client("account", account=management)
    account.put_account_name(AccountName="guest", AccountId=guest)
    assert brume.client("account", account=guest).get_account_information()["AccountName"] == "guest"
    assert organizations.describe_account(AccountId=guest)["Account"]["Name"] == "guest"
    assert account.get_primary_email(AccountId=guest)["PrimaryEmail"] == f"{guest}@example.com"
    for own, asked in ((management, management), (guest, management), (management, "330000000001")):
        client = brume.client("account", account=own)
        assert refusal(client.get_primary_email, AccountId=asked) == ("AccessDeniedException", 403)
