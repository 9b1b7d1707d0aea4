"""Organizations: a tree of accounts, who may act in it, and what is refused in AWS's words."""
from organization_kit import Organization, create_account, refusal


def test_create_and_describe(org):
    made = org.made
    assert made["Id"].startswith("o-") and len(made["Id"]) == 12
    assert made["Arn"] == f"arn:aws:organizations::{org.management}:organization/{made['Id']}"
    assert made["MasterAccountArn"] == f"arn:aws:organizations::{org.management}:account/{made['Id']}/{org.management}"
    assert made["FeatureSet"] == "ALL"
    assert made["AvailablePolicyTypes"] == [{"Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED"}]
    assert org.client.describe_organization()["Organization"] == made
    root = org.client.list_roots()["Roots"][0]
    assert root["Arn"] == f"arn:aws:organizations::{org.management}:root/{made['Id']}/{root['Id']}"
    assert root["PolicyTypes"] == [{"Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED"}]
    assert refusal(org.client.create_organization)[0] == "AlreadyInOrganizationException"


def test_outside_and_member_callers(org):
    outsider = org.of("999999999901")
    assert refusal(outsider.describe_organization)[:2] == ("AWSOrganizationsNotInUseException",
                                                           "Your account is not a member of an organization.")
    member = org.of(org.account())
    assert member.describe_organization()["Organization"]["Id"] == org.made["Id"]
    for call in (member.list_accounts, member.list_roots):
        assert refusal(call)[:2] == ("AccessDeniedException", "You don't have permissions to access this resource.")


def test_accounts_and_units(org):
    first, second = org.account("first"), org.account("second")
    described = org.client.describe_account(AccountId=first)["Account"]
    assert described["Name"] == "first" and described["JoinedMethod"] == "CREATED" and described["Status"] == "ACTIVE"
    assert described["Email"] == f"first.{org.management}@example.org"
    dev, prod = org.unit("dev"), org.unit("prod")
    inner = org.unit("inner", dev["Id"])
    assert dev["Arn"] == f"arn:aws:organizations::{org.management}:ou/{org.made['Id']}/{dev['Id']}"
    assert refusal(org.client.create_organizational_unit, ParentId=org.root, Name="dev")[0] == "DuplicateOrganizationalUnitException"
    org.move(first, org.root, inner["Id"])
    org.move(second, org.root, prod["Id"])
    assert org.client.list_parents(ChildId=first)["Parents"] == [{"Id": inner["Id"], "Type": "ORGANIZATIONAL_UNIT"}]
    assert org.client.list_parents(ChildId=dev["Id"])["Parents"] == [{"Id": org.root, "Type": "ROOT"}]
    assert [a["Id"] for a in org.client.list_accounts_for_parent(ParentId=inner["Id"])["Accounts"]] == [first]
    children = org.client.list_children(ParentId=org.root, ChildType="ORGANIZATIONAL_UNIT")["Children"]
    assert {c["Id"] for c in children} == {dev["Id"], prod["Id"]}
    path = org.client.describe_account(AccountId=first)["Account"]["Paths"]
    assert path == [f"{org.made['Id']}/{org.root}/{dev['Id']}/{inner['Id']}/{first}/"]
    assert {a["Id"] for a in org.client.list_accounts()["Accounts"]} == {org.management, first, second}
    move = org.client.move_account
    assert refusal(move, AccountId=first, SourceParentId=org.root, DestinationParentId=prod["Id"])[0] == "AccountNotFoundException"
    assert refusal(move, AccountId=first, SourceParentId=inner["Id"], DestinationParentId=inner["Id"])[0] == "DuplicateAccountException"
    assert refusal(org.client.delete_organizational_unit, OrganizationalUnitId=dev["Id"])[0] == "OrganizationalUnitNotEmptyException"
    org.move(first, inner["Id"], prod["Id"])
    org.client.delete_organizational_unit(OrganizationalUnitId=inner["Id"])
    org.client.delete_organizational_unit(OrganizationalUnitId=dev["Id"])
    assert refusal(org.client.describe_organizational_unit, OrganizationalUnitId=dev["Id"])[0] == "OrganizationalUnitNotFoundException"
    org.client.update_organizational_unit(OrganizationalUnitId=prod["Id"], Name="production")
    assert org.client.describe_organizational_unit(OrganizationalUnitId=prod["Id"])["OrganizationalUnit"]["Name"] == "production"


def test_units_are_five_deep(org):
    parent = org.root
    for depth in range(5):
        parent = org.unit(f"level{depth}", parent)["Id"]
    code, _, reason = refusal(org.client.create_organizational_unit, ParentId=parent, Name="six")
    assert (code, reason) == ("ConstraintViolationException", "OU_DEPTH_LIMIT_EXCEEDED")


def test_an_address_is_used_once(org):
    org.account("twin")
    again = create_account(org.client, "other", f"TWIN.{org.management}@example.org")
    assert again["State"] == "FAILED" and again["FailureReason"] == "EMAIL_ALREADY_EXISTS"
    failed = org.client.list_create_account_status(States=["FAILED"])["CreateAccountStatuses"]
    assert [s["Id"] for s in failed] == [again["Id"]]
    assert refusal(org.client.create_account, AccountName="x", Email="x@example.org", RoleName="AWSServiceRoleForX")[2] == "INVALID_ROLE_NAME"


def test_ten_accounts(org):
    for number in range(9):
        org.account(f"a{number}")
    code, message, reason = refusal(org.client.create_account, AccountName="more", Email="more@example.org")
    assert (code, reason) == ("ConstraintViolationException", "ACCOUNT_NUMBER_LIMIT_EXCEEDED")
    assert message == "You have exceeded the allowed number of AWS Accounts."


def test_pages(org):
    for number in range(5):
        org.unit(f"u{number}")
    seen, token = [], {}
    while True:
        page = org.client.list_organizational_units_for_parent(ParentId=org.root, MaxResults=2, **token)
        assert len(page["OrganizationalUnits"]) <= 2
        seen += [u["Name"] for u in page["OrganizationalUnits"]]
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    assert sorted(seen) == [f"u{n}" for n in range(5)]
    assert refusal(org.client.list_accounts, NextToken="made up")[0] == "InvalidInputException"


def test_wrong_values(org):
    client = org.of(org.management, config={"parameter_validation": False})
    assert refusal(client.describe_account, AccountId="12")[:2] == (
        "InvalidInputException", "You provided a value that does not match the required pattern.")
    assert refusal(client.describe_account, AccountId="999999999999")[:2] == (
        "AccountNotFoundException", "You specified an account that doesn't exist.")


def test_leave_remove_delete(org):
    first, second = org.account("first"), org.account("second")
    assert refusal(org.client.delete_organization)[0] == "OrganizationNotEmptyException"
    org.of(first).leave_organization()
    org.client.remove_account_from_organization(AccountId=second)
    assert refusal(org.of(first).describe_organization)[0] == "AWSOrganizationsNotInUseException"
    assert refusal(org.client.remove_account_from_organization, AccountId=org.management)[0] == "MasterCannotLeaveOrganizationException"
    org.unit("left behind")
    org.client.delete_organization()
    assert refusal(org.client.describe_organization)[0] == "AWSOrganizationsNotInUseException"
    again = org.client.create_organization()["Organization"]
    assert again["Id"] != org.made["Id"]
    root = org.client.list_roots()["Roots"][0]["Id"]
    assert org.client.list_organizational_units_for_parent(ParentId=root)["OrganizationalUnits"] == []


def test_tags(org):
    unit = org.unit("tagged")["Id"]
    account = org.account("tagged", Tags=[{"Key": "team", "Value": "blue"}])
    assert org.client.list_tags_for_resource(ResourceId=account)["Tags"] == [{"Key": "team", "Value": "blue"}]
    org.client.tag_resource(ResourceId=unit, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    org.client.untag_resource(ResourceId=unit, TagKeys=["a"])
    assert org.client.list_tags_for_resource(ResourceId=unit)["Tags"] == [{"Key": "b", "Value": "2"}]
    assert refusal(org.client.tag_resource, ResourceId=unit, Tags=[{"Key": "aws:x", "Value": ""}])[2] == "INVALID_SYSTEM_TAGS_PARAMETER"
    many = [{"Key": f"k{n}", "Value": ""} for n in range(51)]
    assert refusal(org.client.tag_resource, ResourceId=unit, Tags=many)[2] == "MAX_TAG_LIMIT_EXCEEDED"
    twice = [{"Key": "a", "Value": "1"}, {"Key": "a", "Value": "2"}]
    assert refusal(org.client.tag_resource, ResourceId=unit, Tags=twice)[2] == "DUPLICATE_TAG_KEY"


def test_services_and_delegated_administrators(org):
    member, service = org.account(), "config.amazonaws.com"
    client = org.client
    assert refusal(client.register_delegated_administrator, AccountId=member, ServicePrincipal=service)[2] == "SERVICE_ACCESS_NOT_ENABLED"
    client.enable_aws_service_access(ServicePrincipal=service)
    assert [s["ServicePrincipal"] for s in client.list_aws_service_access_for_organization()["EnabledServicePrincipals"]] == [service]
    assert refusal(client.register_delegated_administrator, AccountId=org.management,
                   ServicePrincipal=service)[2] == "CANNOT_REGISTER_MASTER_AS_DELEGATED_ADMINISTRATOR"
    client.register_delegated_administrator(AccountId=member, ServicePrincipal=service)
    assert refusal(client.register_delegated_administrator, AccountId=member, ServicePrincipal=service)[0] == "AccountAlreadyRegisteredException"
    assert [a["Id"] for a in client.list_delegated_administrators()["DelegatedAdministrators"]] == [member]
    assert [s["ServicePrincipal"] for s in client.list_delegated_services_for_account(AccountId=member)["DelegatedServices"]] == [service]
    delegate = org.of(member)
    assert len(delegate.list_accounts()["Accounts"]) == 2  # may look
    assert refusal(delegate.create_organizational_unit, ParentId=org.root, Name="x")[0] == "AccessDeniedException"  # and no more
    assert refusal(client.remove_account_from_organization, AccountId=member)[2] == "CANNOT_REMOVE_DELEGATED_ADMINISTRATOR_FROM_ORG"
    client.deregister_delegated_administrator(AccountId=member, ServicePrincipal=service)
    assert refusal(delegate.list_accounts)[0] == "AccessDeniedException"
    assert refusal(client.list_delegated_services_for_account, AccountId=member)[0] == "AccountNotRegisteredException"


def test_close_account(start_brume):
    server = start_brume()
    org = Organization(server)
    member = org.account()
    assert refusal(org.client.close_account, AccountId=org.management)[2] == "CANNOT_CLOSE_MANAGEMENT_ACCOUNT"
    org.client.close_account(AccountId=member)
    server.advance_clock(1000)
    assert org.client.describe_account(AccountId=member)["Account"]["Status"] == "SUSPENDED"
    assert refusal(org.of(member, "sqs").list_queues)[0].startswith("AccessDenied")
    assert refusal(org.client.close_account, AccountId=member)[0] == "AccountAlreadyClosedException"
    server.advance_clock(91 * 86400000)
    assert refusal(org.client.describe_account, AccountId=member)[0] == "AccountNotFoundException"


def test_organization_survives_a_crash(start_brume):
    first = start_brume()
    org = Organization(first)
    member = org.account()
    first.kill()
    second = start_brume(data=first.data)
    client = second.client("organizations", account=org.management)
    assert client.describe_account(AccountId=member)["Account"]["Id"] == member
