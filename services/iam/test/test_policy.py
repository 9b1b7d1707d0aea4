"""Roles, managed policies and their versions, inline policies, attachments, boundaries."""
import json
import re

import pytest
from policies import document, statement, trust

EC2 = trust({"Service": "ec2.amazonaws.com"})


def test_role(iam, account, refused):
    role = iam.create_role(RoleName="r", Path="/p/", AssumeRolePolicyDocument=EC2, Description="d", MaxSessionDuration=7200)["Role"]
    assert re.fullmatch(r"AROA[A-Z2-7]{17}", role["RoleId"])
    assert (role["Arn"], role["AssumeRolePolicyDocument"]) == (f"arn:aws:iam::{account}:role/p/r", json.loads(EC2))
    got = iam.get_role(RoleName="r")["Role"]
    assert (got["Description"], got["MaxSessionDuration"], got["RoleLastUsed"]) == ("d", 7200, {})
    with refused("EntityAlreadyExists") as r:
        iam.create_role(RoleName="R", AssumeRolePolicyDocument=EC2)
    assert r.message == "Role with name R already exists."
    iam.update_role(RoleName="r", Description="e", MaxSessionDuration=3600)
    iam.update_assume_role_policy(RoleName="r", PolicyDocument=trust({"Service": "lambda.amazonaws.com"}))
    got = iam.list_roles()["Roles"][0]
    assert (got["Description"], got["MaxSessionDuration"]) == ("e", 3600)
    assert got["AssumeRolePolicyDocument"]["Statement"][0]["Principal"] == {"Service": "lambda.amazonaws.com"}
    iam.delete_role(RoleName="r")
    with refused("NoSuchEntity") as r:
        iam.get_role(RoleName="r")
    assert r.message == "The role with name r cannot be found."


def test_trust_must_be_a_policy(iam, refused):
    with refused("MalformedPolicyDocument") as r:
        iam.create_role(RoleName="r", AssumeRolePolicyDocument='{"Version": "2012-10-17" "x"}')
    assert (r.message, r.status) == ("This policy contains invalid Json", 400)


def test_defaults_of_a_role(iam):
    created = iam.create_role(RoleName="r", AssumeRolePolicyDocument=EC2)["Role"]
    assert set(created) == {"Path", "RoleName", "RoleId", "Arn", "CreateDate", "AssumeRolePolicyDocument"}
    assert iam.get_role(RoleName="r")["Role"]["MaxSessionDuration"] == 3600


def test_percent_signs_in_documents(iam):
    text = document(statement(action="apigateway:PUT", resource=["arn:aws:apigateway:us-east-1::/tags/arn%3Aaws%3Aapigateway"]))
    iam.create_user(UserName="u")
    iam.put_user_policy(UserName="u", PolicyName="p", PolicyDocument=text)
    assert iam.get_user_policy(UserName="u", PolicyName="p")["PolicyDocument"] == json.loads(text)


def test_managed_policy(iam, account, refused):
    policy = iam.create_policy(PolicyName="p", Path="/x/", PolicyDocument=document(), Description="d")["Policy"]
    arn = f"arn:aws:iam::{account}:policy/x/p"
    assert (policy["Arn"], policy["DefaultVersionId"], policy["AttachmentCount"], policy["PermissionsBoundaryUsageCount"],
            policy["IsAttachable"]) == (arn, "v1", 0, 0, True)
    got = iam.get_policy(PolicyArn=arn)["Policy"]
    assert (got["Description"], got["Tags"], got["PolicyId"]) == ("d", [], policy["PolicyId"])
    with refused("EntityAlreadyExists") as r:
        iam.create_policy(PolicyName="P", PolicyDocument=document())
    assert r.message == "A policy called P already exists. Duplicate names are not allowed."
    with refused("NoSuchEntity") as r:
        iam.get_policy(PolicyArn=f"arn:aws:iam::{account}:policy/p")
    assert r.message == f"Policy arn:aws:iam::{account}:policy/p was not found."
    iam.delete_policy(PolicyArn=arn)
    with refused("NoSuchEntity"):
        iam.get_policy(PolicyArn=arn)


def test_listed_by_use(iam):
    """Any policy may give permissions, so the filter leaves out none; a boundary is one that is used as such."""
    arns = {name: iam.create_policy(PolicyName=name, Path="/use/", PolicyDocument=document())["Policy"]["Arn"] for name in ("given", "limits", "unused")}
    iam.create_user(UserName="u", PermissionsBoundary=arns["limits"])
    iam.attach_user_policy(UserName="u", PolicyArn=arns["given"])

    def listed(**ask):
        return {p["PolicyName"] for p in iam.list_policies(Scope="Local", PathPrefix="/use/", **ask)["Policies"]}

    assert listed(PolicyUsageFilter="PermissionsPolicy") == {"given", "limits", "unused"}
    assert listed(PolicyUsageFilter="PermissionsPolicy", OnlyAttached=True) == {"given"}
    assert listed(PolicyUsageFilter="PermissionsBoundary") == listed(PolicyUsageFilter="PermissionsBoundary", OnlyAttached=True) == {"limits"}
    assert listed(OnlyAttached=True) == {"given", "limits"}


def test_five_versions(iam, refused):
    arn = iam.create_policy(PolicyName="p", PolicyDocument=document(statement(action="s3:v1")))["Policy"]["Arn"]
    for i in range(2, 6):
        new = iam.create_policy_version(PolicyArn=arn, PolicyDocument=document(statement(action=f"s3:v{i}")), SetAsDefault=i == 5)
        assert (new["PolicyVersion"]["VersionId"], new["PolicyVersion"]["IsDefaultVersion"]) == (f"v{i}", i == 5)
    with refused("LimitExceeded") as r:
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=document())
    assert r.message.startswith("A managed policy can have up to 5 versions.")
    assert [v["VersionId"] for v in iam.list_policy_versions(PolicyArn=arn)["Versions"]] == ["v5", "v4", "v3", "v2", "v1"]
    with refused("DeleteConflict") as r:
        iam.delete_policy_version(PolicyArn=arn, VersionId="v5")
    assert r.message == "Cannot delete the default version of a policy."
    iam.set_default_policy_version(PolicyArn=arn, VersionId="v2")
    iam.delete_policy_version(PolicyArn=arn, VersionId="v5")
    with refused("NoSuchEntity"):
        iam.get_policy_version(PolicyArn=arn, VersionId="v5")
    assert iam.create_policy_version(PolicyArn=arn, PolicyDocument=document())["PolicyVersion"]["VersionId"] == "v6"
    got = iam.get_policy_version(PolicyArn=arn, VersionId="v2")["PolicyVersion"]
    assert got["Document"]["Statement"][0]["Action"] == "s3:v2" and got["IsDefaultVersion"]
    with refused("DeleteConflict") as r:
        iam.delete_policy(PolicyArn=arn)
    assert r.message.startswith("This policy has more than one version.")


def test_attach_and_detach(iam, account, refused):
    arn = iam.create_policy(PolicyName="p", PolicyDocument=document())["Policy"]["Arn"]
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=EC2)
    iam.create_user(UserName="u")
    iam.create_group(GroupName="g")
    iam.attach_role_policy(RoleName="r", PolicyArn=arn)
    iam.attach_role_policy(RoleName="r", PolicyArn=arn)
    iam.attach_user_policy(UserName="u", PolicyArn=arn)
    iam.attach_group_policy(GroupName="g", PolicyArn=arn)
    assert iam.get_policy(PolicyArn=arn)["Policy"]["AttachmentCount"] == 3
    entities = iam.list_entities_for_policy(PolicyArn=arn)
    assert ([e["RoleName"] for e in entities["PolicyRoles"]], [e["UserName"] for e in entities["PolicyUsers"]],
            [e["GroupName"] for e in entities["PolicyGroups"]]) == (["r"], ["u"], ["g"])
    assert iam.list_entities_for_policy(PolicyArn=arn, EntityFilter="User")["PolicyRoles"] == []
    assert iam.list_attached_role_policies(RoleName="r")["AttachedPolicies"] == [{"PolicyName": "p", "PolicyArn": arn}]
    with refused("DeleteConflict") as r:
        iam.delete_policy(PolicyArn=arn)
    assert r.message == "Cannot delete a policy attached to entities."
    with refused("DeleteConflict") as r:
        iam.delete_role(RoleName="r")
    assert r.message == "Cannot delete entity, must detach all policies first."
    iam.detach_role_policy(RoleName="r", PolicyArn=arn)
    with refused("NoSuchEntity") as r:
        iam.detach_role_policy(RoleName="r", PolicyArn=arn)
    assert r.message == f"Policy {arn} was not found."


def test_bad_arns(iam, account, refused):
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=EC2)
    with refused("ValidationError") as r:
        iam.attach_role_policy(RoleName="r", PolicyArn="longer-than-twenty-characters")
    assert r.message == "Invalid ARN:  Could not be parsed!"
    arn = f"arn:aws:iam::{account}:policy/absent"
    with refused("NoSuchEntity") as r:
        iam.attach_role_policy(RoleName="r", PolicyArn=arn)
    assert r.message == f"Policy {arn} does not exist or is not attachable."
    with refused("NoSuchEntity") as r:
        iam.delete_policy(PolicyArn=arn)
    assert r.message == f"Policy {arn} was not found."


def test_ten_policies(iam, refused):
    iam.create_user(UserName="u")
    for i in range(11):
        arn = iam.create_policy(PolicyName=f"p{i}", PolicyDocument=document())["Policy"]["Arn"]
        if i < 10:
            iam.attach_user_policy(UserName="u", PolicyArn=arn)
    with refused("LimitExceeded") as r:
        iam.attach_user_policy(UserName="u", PolicyArn=arn)
    assert r.message == "Cannot exceed quota for PoliciesPerUser: 10"


@pytest.mark.parametrize("kind,limit", [("user", 2048), ("group", 5120), ("role", 10240)])
def test_size_of_inline_policies(iam, refused, kind, limit):
    owner = {f"{kind.title()}Name": "o"}
    getattr(iam, f"create_{kind}")(**owner, **({"AssumeRolePolicyDocument": EC2} if kind == "role" else {}))
    put = getattr(iam, f"put_{kind}_policy")
    empty = len(document(statement(sid="")).replace(" ", ""))
    padded = json.dumps(json.loads(document(statement(resource="arn:aws:s3:::" + "x" * (limit - 200)))), indent=8)
    put(**owner, PolicyName="a", PolicyDocument=padded)
    put(**owner, PolicyName="a", PolicyDocument=padded)
    with refused("LimitExceeded") as r:
        put(**owner, PolicyName="b", PolicyDocument=document(statement(resource="arn:aws:s3:::" + "x" * 200)))
    assert (r.message, r.status) == (f"Maximum policy size of {limit} bytes exceeded for {kind} o", 409)
    assert empty and getattr(iam, f"list_{kind}_policies")(**owner)["PolicyNames"] == ["a"]


def test_size_of_managed_policies_and_trust(iam, refused):
    with refused("LimitExceeded") as r:
        iam.create_policy(PolicyName="p", PolicyDocument=document(statement(resource="arn:aws:s3:::" + "x" * 6144)))
    assert r.message == "Cannot exceed quota for PolicySize: 6144"
    with refused("LimitExceeded") as r:
        iam.create_role(RoleName="r", AssumeRolePolicyDocument=trust({"Service": [f"s{i}.amazonaws.com" for i in range(120)]}))
    assert r.message == "Cannot exceed quota for ACLSizePerRole: 2048"


def test_inline(iam, refused):
    iam.create_group(GroupName="g")
    with refused("NoSuchEntity") as r:
        iam.get_group_policy(GroupName="g", PolicyName="p")
    assert r.message == "The group policy with name p cannot be found."
    for name in "cab":
        iam.put_group_policy(GroupName="g", PolicyName=name, PolicyDocument=document())
    pages = iam.get_paginator("list_group_policies").paginate(GroupName="g", PaginationConfig={"PageSize": 2})
    assert [n for p in pages for n in p["PolicyNames"]] == ["a", "b", "c"]
    for name in "cab":
        iam.delete_group_policy(GroupName="g", PolicyName=name)
    with refused("NoSuchEntity"):
        iam.delete_group_policy(GroupName="g", PolicyName="a")


def test_a_document_is_checked(iam, refused):
    iam.create_user(UserName="u")
    with refused("MalformedPolicyDocument"):
        iam.put_user_policy(UserName="u", PolicyName="p", PolicyDocument='{"Version": "2012-10-17"}')
    with refused("MalformedPolicyDocument"):
        iam.create_policy(PolicyName="p", PolicyDocument=EC2)


def test_boundary(iam, refused):
    one, two = (iam.create_policy(PolicyName=n, PolicyDocument=document())["Policy"]["Arn"] for n in ("one", "two"))
    user = iam.create_user(UserName="u", PermissionsBoundary=one)["User"]
    assert user["PermissionsBoundary"] == {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": one}
    assert iam.get_policy(PolicyArn=one)["Policy"]["PermissionsBoundaryUsageCount"] == 1
    iam.put_user_permissions_boundary(UserName="u", PermissionsBoundary=two)
    assert iam.get_policy(PolicyArn=one)["Policy"]["PermissionsBoundaryUsageCount"] == 0
    with refused("DeleteConflict"):
        iam.delete_policy(PolicyArn=two)
    assert [u["UserName"] for u in iam.list_entities_for_policy(PolicyArn=two, PolicyUsageFilter="PermissionsBoundary")["PolicyUsers"]] == ["u"]
    iam.delete_user_permissions_boundary(UserName="u")
    with refused("NoSuchEntity"):
        iam.delete_user_permissions_boundary(UserName="u")
    assert "PermissionsBoundary" not in iam.get_user(UserName="u")["User"]
    iam.put_user_permissions_boundary(UserName="u", PermissionsBoundary=two)
    iam.delete_user(UserName="u")
    iam.delete_policy(PolicyArn=two)


def test_list_policies(iam):
    for i in range(5):
        iam.create_policy(PolicyName=f"p{i}", PolicyDocument=document(), Path="/even/" if i % 2 == 0 else "/odd/")
    iam.create_user(UserName="u")
    local = iam.get_paginator("list_policies").paginate(Scope="Local", PaginationConfig={"PageSize": 2})
    policies = [p for page in local for p in page["Policies"]]
    assert [p["PolicyName"] for p in policies] == [f"p{i}" for i in range(5)]
    iam.attach_user_policy(UserName="u", PolicyArn=policies[3]["Arn"])
    assert [p["PolicyName"] for p in iam.list_policies(Scope="Local", OnlyAttached=True)["Policies"]] == ["p3"]
    assert [p["PolicyName"] for p in iam.list_policies(Scope="Local", PathPrefix="/odd/")["Policies"]] == ["p1", "p3"]


def test_policy_tags(iam):
    arn = iam.create_policy(PolicyName="p", PolicyDocument=document(), Tags=[{"Key": "a", "Value": "1"}])["Policy"]["Arn"]
    iam.tag_policy(PolicyArn=arn, Tags=[{"Key": "b", "Value": "2"}])
    iam.untag_policy(PolicyArn=arn, TagKeys=["a"])
    assert iam.list_policy_tags(PolicyArn=arn)["Tags"] == [{"Key": "b", "Value": "2"}]


def test_policies_of_aws(iam, brume, refused):
    arn = "arn:aws:iam::aws:policy/AdministratorAccess"
    policy = iam.get_policy(PolicyArn=arn)["Policy"]
    assert (policy["Path"], policy["DefaultVersionId"], policy["AttachmentCount"]) == ("/", "v1", 0)
    got = iam.get_policy_version(PolicyArn=arn, VersionId="v1")["PolicyVersion"]
    assert got["Document"]["Statement"] == [{"Effect": "Allow", "Action": "*", "Resource": "*"}] and got["IsDefaultVersion"]
    iam.create_user(UserName="u")
    iam.attach_user_policy(UserName="u", PolicyArn=arn)
    assert iam.get_policy(PolicyArn=arn)["Policy"]["AttachmentCount"] == 1
    assert [u["UserName"] for u in iam.list_entities_for_policy(PolicyArn=arn)["PolicyUsers"]] == ["u"]
    assert [p["PolicyName"] for p in iam.list_policies(Scope="AWS", OnlyAttached=True)["Policies"]] == ["AdministratorAccess"]
    assert brume.client("iam", account="000000000002").get_policy(PolicyArn=arn)["Policy"]["AttachmentCount"] == 0
    with refused("AccessDenied"):
        iam.delete_policy(PolicyArn=arn)
    with refused("NoSuchEntity"):
        iam.get_policy(PolicyArn="arn:aws:iam::aws:policy/service-role/AdministratorAccess")
    iam.detach_user_policy(UserName="u", PolicyArn=arn)


def test_all_of_them_in_pages(iam):
    iam.create_policy(PolicyName="own", PolicyDocument=document())
    names = [p["PolicyName"] for page in iam.get_paginator("list_policies").paginate(PaginationConfig={"PageSize": 400})
             for p in page["Policies"]]
    assert len(names) > 1500 and names[0] == "own"
    assert {"ReadOnlyAccess", "AmazonS3ReadOnlyAccess", "PowerUserAccess", "AWSLambdaBasicExecutionRole"} <= set(names)
    assert len(set(names)) == len(names) and names[1:] == sorted(names[1:], key=str.lower)
