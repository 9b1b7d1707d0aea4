"""Invitations and the consent to all features: between accounts, on the clock."""
from organization_kit import Organization, refusal

DAY = 86400000


def invite(org, account, **options):
    return org.client.invite_account_to_organization(Target={"Id": account, "Type": "ACCOUNT"}, **options)["Handshake"]


def test_invite_and_accept(brume):
    org, guest = Organization(brume), "210000000001"
    handshake = invite(org, guest, Notes="come in", Tags=[{"Key": "from", "Value": "outside"}])
    assert handshake["State"] == "OPEN" and handshake["Action"] == "INVITE"
    assert handshake["Arn"] == f"arn:aws:organizations::{org.management}:handshake/{org.made['Id']}/invite/{handshake['Id']}"
    assert {p["Type"] for p in handshake["Parties"]} == {"ORGANIZATION", "ACCOUNT"}
    assert {r["Type"]: r["Value"] for r in handshake["Resources"]}["NOTES"] == "come in"
    assert (handshake["ExpirationTimestamp"] - handshake["RequestedTimestamp"]).days == 15
    assert refusal(org.client.invite_account_to_organization, Target={"Id": guest, "Type": "ACCOUNT"})[0] == "DuplicateHandshakeException"
    client = org.of(guest)
    assert [h["Id"] for h in client.list_handshakes_for_account()["Handshakes"]] == [handshake["Id"]]
    assert refusal(org.client.accept_handshake, HandshakeId=handshake["Id"])[0] == "AccessDeniedException"
    assert client.accept_handshake(HandshakeId=handshake["Id"])["Handshake"]["State"] == "ACCEPTED"
    joined = org.client.describe_account(AccountId=guest)["Account"]
    assert joined["JoinedMethod"] == "INVITED"
    assert org.client.list_tags_for_resource(ResourceId=guest)["Tags"] == [{"Key": "from", "Value": "outside"}]
    assert refusal(client.accept_handshake, HandshakeId=handshake["Id"])[0] == "HandshakeAlreadyInStateException"
    assert refusal(client.decline_handshake, HandshakeId=handshake["Id"])[0] == "InvalidHandshakeTransitionException"
    assert refusal(org.client.invite_account_to_organization, Target={"Id": guest, "Type": "ACCOUNT"})[0] == "HandshakeConstraintViolationException"


def test_decline_and_cancel(brume):
    org = Organization(brume)
    first = invite(org, "210000000002")
    assert refusal(org.client.decline_handshake, HandshakeId=first["Id"])[0] == "AccessDeniedException"
    assert org.of("210000000002").decline_handshake(HandshakeId=first["Id"])["Handshake"]["State"] == "DECLINED"
    second = invite(org, "210000000002")
    assert refusal(org.of("210000000002").cancel_handshake, HandshakeId=second["Id"])[0] == "AccessDeniedException"
    assert org.client.cancel_handshake(HandshakeId=second["Id"])["Handshake"]["State"] == "CANCELED"
    assert refusal(org.of("210000000002").accept_handshake, HandshakeId=second["Id"])[0] == "InvalidHandshakeTransitionException"
    assert refusal(org.of("210000000003").describe_handshake, HandshakeId=second["Id"])[0] == "HandshakeNotFoundException"
    states = {h["Id"]: h["State"] for h in org.client.list_handshakes_for_organization()["Handshakes"]}
    assert states == {first["Id"]: "DECLINED", second["Id"]: "CANCELED"}


def test_by_address(brume):
    org = Organization(brume)
    handshake = org.client.invite_account_to_organization(Target={"Id": "210000000004@example.com", "Type": "EMAIL"})["Handshake"]
    org.of("210000000004").accept_handshake(HandshakeId=handshake["Id"])
    assert org.client.describe_account(AccountId="210000000004")["Account"]["Email"] == "210000000004@example.com"
    nobody = {"Id": "nobody@example.net", "Type": "EMAIL"}
    assert refusal(org.client.invite_account_to_organization, Target=nobody)[2] == "INVALID_EMAIL_ADDRESS_TARGET"


def test_expires_on_the_clock(start_brume):
    server = start_brume()
    org = Organization(server)
    handshake = invite(org, "210000000005")
    server.advance_clock(16 * DAY)
    assert org.client.describe_handshake(HandshakeId=handshake["Id"])["Handshake"]["State"] == "EXPIRED"
    assert refusal(org.of("210000000005").accept_handshake, HandshakeId=handshake["Id"])[0] == "InvalidHandshakeTransitionException"
    server.advance_clock(31 * DAY)
    assert refusal(org.client.describe_handshake, HandshakeId=handshake["Id"])[0] == "HandshakeNotFoundException"


def test_all_features_need_consent(brume):
    org, guest = Organization(brume, "CONSOLIDATED_BILLING"), "210000000006"
    assert refusal(org.client.enable_policy_type, RootId=org.root,
                   PolicyType="TAG_POLICY")[0] == "PolicyTypeNotAvailableForOrganizationException"
    org.of(guest).accept_handshake(HandshakeId=invite(org, guest)["Id"])
    whole = org.client.enable_all_features()["Handshake"]
    assert whole["Action"] == "ENABLE_ALL_FEATURES" and whole["State"] == "REQUESTED"
    assert refusal(org.client.invite_account_to_organization,
                   Target={"Id": "210000000007", "Type": "ACCOUNT"})[2] == "INVITE_DISABLED_DURING_ENABLE_ALL_FEATURES"
    asked = org.of(guest).list_handshakes_for_account(Filter={"ActionType": "ENABLE_ALL_FEATURES"})["Handshakes"]
    assert len(asked) == 1 and asked[0]["State"] == "OPEN"
    approvals = {"ActionType": "APPROVE_ALL_FEATURES"}
    assert org.client.list_handshakes_for_organization(Filter=approvals)["Handshakes"] == []
    org.of(guest).accept_handshake(HandshakeId=asked[0]["Id"])
    [approval] = org.client.list_handshakes_for_organization(Filter=approvals)["Handshakes"]
    org.client.accept_handshake(HandshakeId=approval["Id"])
    assert org.client.describe_organization()["Organization"]["FeatureSet"] == "ALL"
    assert org.client.describe_handshake(HandshakeId=whole["Id"])["Handshake"]["State"] == "ACCEPTED"
    org.client.enable_policy_type(RootId=org.root, PolicyType="TAG_POLICY")
    assert refusal(org.client.enable_all_features)[2] == "ORGANIZATION_ALREADY_HAS_ALL_FEATURES"
