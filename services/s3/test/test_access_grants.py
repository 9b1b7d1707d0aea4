"""Access grants: a user asks for a prefix that he was granted and gets credentials that reach no further."""
import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from policies import document, statement, trust

pytestmark = pytest.mark.as_root  # users and roles are made
ACCOUNT = "000000000000"
INSTANCE = f"arn:aws:s3:us-east-1:{ACCOUNT}:access-grants/default"


class World:
    """A bucket, a role over all of it, and a user who may only ask for what he was granted."""

    def __init__(self, server):
        self.server = server
        self.s3, self.iam, self.control = (server.client(s) for s in ("s3", "iam", "s3control"))
        self.s3.create_bucket(Bucket="shared")
        for key in ("team/a", "team/b/c", "other/a"):
            self.s3.put_object(Bucket="shared", Key=key, Body=key.encode())
        self.role = self.make_role("locations", "access-grants.s3.amazonaws.com")
        self.user = self.iam.create_user(UserName="ada")["User"]["Arn"]
        self.iam.put_user_policy(UserName="ada", PolicyName="ask", PolicyDocument=document(statement(
            action=["s3:GetDataAccess", "s3:ListCallerAccessGrants", "s3:GetAccessGrantsInstanceForPrefix"], resource="*")))
        key = self.iam.create_access_key(UserName="ada")["AccessKey"]
        self.ada = self.as_key("s3control", key)
        self.ada_s3 = self.as_key("s3", key)

    def make_role(self, name, service):
        role = self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust({"Service": service}))["Role"]["Arn"]
        self.iam.put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=document(statement(action=["s3:*"], resource="*")))
        return role

    def as_key(self, service, key):
        return boto3.client(service, endpoint_url=self.server.url, region_name="us-east-1", aws_access_key_id=key["AccessKeyId"],
                            aws_secret_access_key=key["SecretAccessKey"], aws_session_token=key.get("SessionToken"),
                            config=Config(retries={"max_attempts": 0}, s3={"addressing_style": "path"}))

    def location(self, scope, role=None):
        return self.control.create_access_grants_location(AccountId=ACCOUNT, LocationScope=scope, IAMRoleArn=role or self.role)["AccessGrantsLocationId"]

    def grant(self, location, sub, permission="READ", **more):
        return self.control.create_access_grant(AccountId=ACCOUNT, AccessGrantsLocationId=location, Permission=permission,
                                                AccessGrantsLocationConfiguration={"S3SubPrefix": sub},
                                                Grantee={"GranteeType": "IAM", "GranteeIdentifier": self.user}, **more)

    def ask(self, target, permission="READ", **more):
        return self.ada.get_data_access(AccountId=ACCOUNT, Target=target, Permission=permission, **more)

    def with_grant(self, target, permission="READ", **more):
        return self.as_key("s3", self.ask(target, permission, **more)["Credentials"])


@pytest.fixture
def world(start_brume):
    made = World(start_brume())
    made.control.create_access_grants_instance(AccountId=ACCOUNT)
    return made


def refused(call, *arguments, **named):
    with pytest.raises(ClientError) as error:
        call(*arguments, **named)
    return error.value.response["Error"]["Code"]


def test_credentials_reach_as_far_as_the_grant(world):
    w = world
    made = w.grant(w.location("s3://shared"), "team/*")
    assert made["GrantScope"] == "s3://shared/team/*"
    assert refused(w.ada_s3.get_object, Bucket="shared", Key="team/a") == "AccessDenied"
    answer = w.ask("s3://shared/team/*", DurationSeconds=900)
    assert answer["MatchedGrantTarget"] == "s3://shared/team/*" and answer["Grantee"] == {"GranteeType": "IAM", "GranteeIdentifier": w.user}
    s3 = w.as_key("s3", answer["Credentials"])
    assert s3.get_object(Bucket="shared", Key="team/a")["Body"].read() == b"team/a"
    assert [o["Key"] for o in s3.list_objects_v2(Bucket="shared", Prefix="team/")["Contents"]] == ["team/a", "team/b/c"]
    for call, more in ((s3.get_object, {"Key": "other/a"}), (s3.list_objects_v2, {"Prefix": "other/"}), (s3.list_objects_v2, {}),
                       (s3.put_object, {"Key": "team/a"}), (s3.delete_object, {"Key": "team/a"})):
        assert refused(call, Bucket="shared", **more) == "AccessDenied"
    narrow = w.with_grant("s3://shared/team/b/*", Privilege="Minimal")
    assert narrow.get_object(Bucket="shared", Key="team/b/c")["Body"].read() == b"team/b/c"
    assert refused(narrow.get_object, Bucket="shared", Key="team/a") == "AccessDenied"
    assert w.with_grant("s3://shared/team/b/*").get_object(Bucket="shared", Key="team/a")  # by default as wide as the grant
    for target, permission in (("s3://shared/*", "READ"), ("s3://shared/other/*", "READ"), ("s3://shared/team/*", "WRITE"), ("s3://shared/team/*", "READWRITE")):
        assert refused(w.ask, target, permission) == "AccessDenied"
    w.server.advance_clock(901_000)
    assert refused(s3.get_object, Bucket="shared", Key="team/a") == "ExpiredToken"


def test_writing_objects_and_the_most_specific_grant(world):
    w = world
    location = w.location("s3://")
    assert location == "default"
    w.grant(location, "shared/team/*", "READWRITE")
    w.grant(location, "shared/team/b/*", "READ")
    one = w.grant(location, "shared/other/a", "WRITE", S3PrefixType="Object")
    assert one["GrantScope"] == "s3://shared/other/a"
    both = w.with_grant("s3://shared/team/*", "READWRITE")
    both.put_object(Bucket="shared", Key="team/new", Body=b"new")
    both.delete_object(Bucket="shared", Key="team/new")
    assert w.ask("s3://shared/team/b/*", "READ")["MatchedGrantTarget"] == "s3://shared/team/b/*"
    assert w.ask("s3://shared/team/b/*", "WRITE")["MatchedGrantTarget"] == "s3://shared/team/*"
    writer = w.with_grant("s3://shared/other/a", "WRITE", TargetType="Object")
    writer.put_object(Bucket="shared", Key="other/a", Body=b"anew")
    for key in ("other/ab", "other/b"):
        assert refused(writer.put_object, Bucket="shared", Key=key) == "AccessDenied"
    assert refused(writer.get_object, Bucket="shared", Key="other/a") == "AccessDenied"
    listed = w.ada.list_caller_access_grants(AccountId=ACCOUNT)["CallerAccessGrantsList"]
    assert sorted((g["GrantScope"], g["Permission"]) for g in listed) == [
        ("s3://shared/other/a", "WRITE"), ("s3://shared/team/*", "READWRITE"), ("s3://shared/team/b/*", "READ")]
    assert w.control.list_caller_access_grants(AccountId=ACCOUNT)["CallerAccessGrantsList"] == []
    assert w.ada.get_access_grants_instance_for_prefix(AccountId=ACCOUNT, S3Prefix="s3://shared/x*")["AccessGrantsInstanceArn"] == INSTANCE
    w.control.delete_access_grant(AccountId=ACCOUNT, AccessGrantId=one["AccessGrantId"])
    assert refused(w.ask, "s3://shared/other/a", "WRITE", TargetType="Object") == "AccessDenied"


def test_roles_are_grantees_and_must_be_trusted(world):
    w = world
    location = w.location("s3://shared", w.make_role("untrusting", "ec2.amazonaws.com"))
    w.grant(location, "*")
    assert refused(w.ask, "s3://shared/*") == "StsNotAuthorizedError"
    w.control.update_access_grants_location(AccountId=ACCOUNT, AccessGrantsLocationId=location, IAMRoleArn=w.role)
    assert w.with_grant("s3://shared/*").get_object(Bucket="shared", Key="other/a")
    worker = w.iam.create_role(RoleName="worker", AssumeRolePolicyDocument=trust({"AWS": w.user}))["Role"]["Arn"]
    w.iam.put_role_policy(RoleName="worker", PolicyName="ask", PolicyDocument=document(statement(action=["s3:GetDataAccess"], resource="*")))
    w.control.create_access_grant(AccountId=ACCOUNT, AccessGrantsLocationId=location, Permission="READ",
                                  AccessGrantsLocationConfiguration={"S3SubPrefix": "team/*"}, Grantee={"GranteeType": "IAM", "GranteeIdentifier": worker})
    w.iam.put_user_policy(UserName="ada", PolicyName="be", PolicyDocument=document(statement(action=["sts:AssumeRole"], resource=worker)))
    key = w.iam.create_access_key(UserName="ada")["AccessKey"]
    session = w.as_key("sts", key).assume_role(RoleArn=worker, RoleSessionName="shift")["Credentials"]
    answer = w.as_key("s3control", session).get_data_access(AccountId=ACCOUNT, Target="s3://shared/team/*", Permission="READ")
    assert w.as_key("s3", answer["Credentials"]).get_object(Bucket="shared", Key="team/a")


def test_instances_locations_and_grants(start_brume):
    w = World(start_brume())
    call = dict(AccountId=ACCOUNT)
    assert refused(w.control.get_access_grants_instance, **call) == "AccessGrantsInstanceNotExistsError"
    assert refused(w.location, "s3://shared") == "AccessGrantsInstanceNotExistsError"
    made = w.control.create_access_grants_instance(**call, Tags=[{"Key": "k", "Value": "v"}])
    assert (made["AccessGrantsInstanceId"], made["AccessGrantsInstanceArn"]) == ("default", INSTANCE)
    assert w.control.list_tags_for_resource(**call, ResourceArn=INSTANCE)["Tags"] == [{"Key": "k", "Value": "v"}]
    assert refused(w.control.create_access_grants_instance, **call) == "AccessGrantsInstanceAlreadyExists"
    assert [i["AccessGrantsInstanceArn"] for i in w.control.list_access_grants_instances(**call)["AccessGrantsInstancesList"]] == [INSTANCE]
    for scope in ("shared", "s3://none", "s3://shared/prefix"):
        assert refused(w.location, scope) == "InvalidAccessGrantsLocation"
    assert refused(w.location, "s3://shared", "arn:aws:iam::000000000000:user/ada") == "InvalidIamRole"
    first, second = w.location("s3://shared"), w.location("s3://shared/team/*")
    assert refused(w.location, "s3://shared") == "AccessGrantsLocationAlreadyExistsError"
    shown = w.control.get_access_grants_location(**call, AccessGrantsLocationId=second)
    assert (shown["LocationScope"], shown["IAMRoleArn"], shown["AccessGrantsLocationArn"]) == ("s3://shared/team/*", w.role, f"{INSTANCE}/location/{second}")
    listed = w.control.list_access_grants_locations(**call)["AccessGrantsLocationsList"]
    assert {l["AccessGrantsLocationId"] for l in listed} == {first, second}
    for sub, more in (("no-star", {}), ("a*", {"S3PrefixType": "Object"})):
        assert refused(w.grant, first, sub, **more) == "InvalidAccessGrant"
    assert refused(w.grant, "none", "a*") == "NoSuchAccessGrantsLocationError"
    grants = [w.grant(second, f"{n}/*") for n in range(3)]
    assert grants[0]["GrantScope"] == "s3://shared/team/0/*"
    assert refused(w.grant, second, "0/*") == "AccessGrantAlreadyExists"
    assert refused(w.control.create_access_grant, **call, AccessGrantsLocationId=first, Permission="READ", AccessGrantsLocationConfiguration={"S3SubPrefix": "*"},
                   Grantee={"GranteeType": "DIRECTORY_USER", "GranteeIdentifier": "x"}) == "NotImplemented"
    seen, token = [], {}
    while True:
        page = w.control.list_access_grants(**call, MaxResults=2, **token)
        seen += [g["AccessGrantId"] for g in page["AccessGrantsList"]]
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    assert sorted(seen) == sorted(g["AccessGrantId"] for g in grants)
    one = w.control.get_access_grant(**call, AccessGrantId=seen[0])
    assert one["AccessGrantArn"] == f"{INSTANCE}/grant/{seen[0]}" and one["Permission"] == "READ" and one["Grantee"]["GranteeIdentifier"] == w.user
    assert len(w.control.list_access_grants(**call, GrantScope=one["GrantScope"])["AccessGrantsList"]) == 1
    assert refused(w.control.delete_access_grants_location, **call, AccessGrantsLocationId=second) == "AccessGrantsLocationNotEmptyError"
    for grant in seen:
        w.control.delete_access_grant(**call, AccessGrantId=grant)
    assert refused(w.control.get_access_grant, **call, AccessGrantId=seen[0]) == "NoSuchAccessGrantError"
    w.control.delete_access_grants_location(**call, AccessGrantsLocationId=second)
    assert refused(w.control.delete_access_grants_instance, **call) == "AccessGrantsInstanceNotEmptyError"
    w.control.delete_access_grants_location(**call, AccessGrantsLocationId=first)
    w.control.delete_access_grants_instance(**call)
    assert w.control.list_access_grants_instances(**call)["AccessGrantsInstancesList"] == []
