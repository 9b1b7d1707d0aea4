"""The policy simulator, and that it says what live calls say."""
import itertools
import json
import random

import pytest
from botocore.exceptions import ClientError
from policies import document, statement, trust

BUCKET = "arn:aws:s3:::bucket"


def decisions(answer):
    return [(r["EvalActionName"], r["EvalResourceName"], r["EvalDecision"]) for r in answer["EvaluationResults"]]


@pytest.mark.parametrize("kind", ["user", "group", "role"])
def test_principal_as_recorded(iam, kind):
    text = '{"Version": "2012-10-17", "Statement": [{"Sid": "", "Effect": "Allow", "Action": "s3:PutObject", "Resource": "*"}]}'
    more = {"AssumeRolePolicyDocument": trust({"Service": "ec2.amazonaws.com"})} if kind == "role" else {}
    arn = getattr(iam, f"create_{kind}")(**{f"{kind.title()}Name": "x"}, **more)[kind.title()]["Arn"]
    policy = iam.create_policy(PolicyName="p", PolicyDocument=text)["Policy"]["Arn"]
    getattr(iam, f"attach_{kind}_policy")(**{f"{kind.title()}Name": "x"}, PolicyArn=policy)
    answer = iam.simulate_principal_policy(PolicySourceArn=arn, ActionNames=["s3:PutObject", "s3:GetObjectVersion"], ResourceArns=[BUCKET])
    allowed, denied = answer["EvaluationResults"]
    matched = [{"SourcePolicyId": "p", "SourcePolicyType": "IAM Policy", "StartPosition": {"Line": 1, "Column": 41},
                "EndPosition": {"Line": 1, "Column": 113}}]
    assert allowed == {
        "EvalActionName": "s3:PutObject", "EvalResourceName": BUCKET, "EvalDecision": "allowed", "MatchedStatements": matched,
        "MissingContextValues": [], "EvalDecisionDetails": {},
        "ResourceSpecificResults": [{"EvalResourceName": BUCKET, "EvalResourceDecision": "allowed", "MatchedStatements": matched,
                                     "MissingContextValues": []}]}
    assert (denied["EvalDecision"], denied["MatchedStatements"]) == ("implicitDeny", [])
    assert not answer["IsTruncated"]


def test_deny_wins_and_is_named(iam):
    two = document(statement(action="s3:*"), statement("Deny", "s3:DeleteObject", BUCKET + "/keep/*"))
    answer = iam.simulate_custom_policy(PolicyInputList=[two], ActionNames=["s3:DeleteObject"], ResourceArns=[BUCKET + "/keep/a", BUCKET + "/b"])
    assert [d[2] for d in decisions(answer)] == ["explicitDeny", "allowed"]
    assert len(answer["EvaluationResults"][0]["MatchedStatements"]) == 1


def test_missing_and_given_context(iam):
    text = document(statement(action="s3:GetObject", Condition={"StringEquals": {"aws:PrincipalTag/Team": "red"}, "Bool": {"aws:SecureTransport": "true"}}))
    ask = {"PolicyInputList": [text], "ActionNames": ["s3:GetObject"]}
    result = iam.simulate_custom_policy(**ask)["EvaluationResults"][0]
    assert result["EvalDecision"] == "implicitDeny" and set(result["MissingContextValues"]) <= {"aws:PrincipalTag/Team", "aws:SecureTransport"}
    assert result["MissingContextValues"]
    entries = [{"ContextKeyName": "aws:PrincipalTag/Team", "ContextKeyValues": ["red"], "ContextKeyType": "string"},
               {"ContextKeyName": "aws:SecureTransport", "ContextKeyValues": ["true"], "ContextKeyType": "boolean"}]
    result = iam.simulate_custom_policy(**ask, ContextEntries=entries)["EvaluationResults"][0]
    assert (result["EvalDecision"], result["MissingContextValues"]) == ("allowed", [])


def test_boundary(iam):
    narrow = document(statement(action="s3:GetObject"))
    answer = iam.simulate_custom_policy(PolicyInputList=[document()], PermissionsBoundaryPolicyInputList=[narrow],
                                        ActionNames=["s3:GetObject", "s3:PutObject"])
    assert [d[2] for d in decisions(answer)] == ["allowed", "implicitDeny"]
    assert [r["PermissionsBoundaryDecisionDetail"]["AllowedByPermissionsBoundary"] for r in answer["EvaluationResults"]] == [True, False]


def test_resource_policy_of_another_account(iam):
    arn = iam.create_user(UserName="u")["User"]["Arn"]
    policy = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": arn}, "Action": "s3:GetObject", "Resource": "*"}]})
    ask = {"ActionNames": ["s3:GetObject"], "ResourcePolicy": policy, "CallerArn": arn, "ResourceOwner": "arn:aws:iam::999999999999:root"}
    answer = iam.simulate_custom_policy(PolicyInputList=[document(statement(action="sqs:*"))], **ask)["EvaluationResults"][0]
    assert (answer["EvalDecision"], answer["EvalDecisionDetails"]) == ("implicitDeny", {"IAM Policy": "implicitDeny", "Resource Policy": "allowed"})
    answer = iam.simulate_custom_policy(PolicyInputList=[document()], **ask)["EvaluationResults"][0]
    assert answer["EvalDecision"] == "allowed"


def test_service_control_policies_given(iam):
    levels = [{"ServiceControlPolicyInputList": [document()]}, {"ServiceControlPolicyInputList": [document(statement(action="s3:*"))]}]
    answer = iam.simulate_custom_policy(PolicyInputList=[document()], OrderedOrganizationPolicyInputList=levels, ActionNames=["s3:ListBucket", "sqs:SendMessage"])
    assert [d[2] for d in decisions(answer)] == ["allowed", "implicitDeny"]
    assert [r["OrganizationsDecisionDetail"]["AllowedByOrganizations"] for r in answer["EvaluationResults"]] == [True, False]


def test_pages(iam):
    actions, resources = [f"s3:Act{i}" for i in range(7)], [f"{BUCKET}/{i}" for i in range(3)]
    pages = iam.get_paginator("simulate_custom_policy").paginate(PolicyInputList=[document()], ActionNames=actions, ResourceArns=resources,
                                                                 PaginationConfig={"PageSize": 4})
    seen = [(r["EvalActionName"], r["EvalResourceName"]) for p in pages for r in p["EvaluationResults"]]
    assert seen == list(itertools.product(actions, resources))


def test_bad_input(iam, account, refused):
    with refused("NoSuchEntity"):
        iam.simulate_principal_policy(PolicySourceArn=f"arn:aws:iam::{account}:user/nobody", ActionNames=["s3:GetObject"])
    with refused("InvalidInput"):
        iam.simulate_custom_policy(PolicyInputList=["{"], ActionNames=["s3:GetObject"])
    with refused("InvalidInput"):
        iam.simulate_custom_policy(PolicyInputList=[document()], ActionNames=["nonsense"])


def test_context_keys(iam, account):
    text = document(statement(action="s3:GetObject", resource="arn:aws:s3:::b/${aws:username}/*",
                              Condition={"StringLike": {"s3:prefix": ["${aws:PrincipalTag/Team, 'none'}/*"]}, "Null": {"aws:TokenIssueTime": "false"}}))
    keys = {"aws:username", "s3:prefix", "aws:PrincipalTag/Team", "aws:TokenIssueTime"}
    assert set(iam.get_context_keys_for_custom_policy(PolicyInputList=[text])["ContextKeyNames"]) == keys
    iam.create_user(UserName="u")
    iam.create_group(GroupName="g")
    iam.add_user_to_group(GroupName="g", UserName="u")
    iam.put_group_policy(GroupName="g", PolicyName="p", PolicyDocument=text)
    own = iam.get_context_keys_for_principal_policy(PolicySourceArn=f"arn:aws:iam::{account}:user/u")
    assert set(own["ContextKeyNames"]) == keys


# ---- against live calls ----

ACTIONS = ["GetUser", "ListUserTags", "ListGroupsForUser", "ListAccessKeys", "ListAttachedUserPolicies"]
PATTERNS = ["iam:*", "iam:Get*", "iam:List*", "iam:ListUserTags", "iam:ListA*", "iam:*s", "iam:GetUser", "s3:*", "*"]


def some_policy(rng, users):
    def resource():
        arn = rng.choice(users)
        return rng.choice([arn, arn[:-1] + "*", arn.rsplit("/", 1)[0] + "/*", "*", arn.replace(":user/", ":user/?"), arn[:-1] + "?"])

    def one():
        s = statement(rng.choice(["Allow", "Allow", "Allow", "Deny"]))
        negated = rng.random() < 0.15
        s["NotAction" if negated else "Action"] = rng.sample(PATTERNS, rng.randint(1, 3))
        if negated:
            del s["Action"]
        s["Resource"] = [resource() for _ in range(rng.randint(1, 2))]
        if rng.random() < 0.3:
            name, value = rng.choice([("aws:username", "caller"), ("aws:username", "c*r"), ("aws:PrincipalTag/team", "red"),
                                      ("aws:ResourceTag/team", "red"), ("aws:PrincipalTag/none", "x")])
            s["Condition"] = {rng.choice(["StringEquals", "StringLike", "StringNotLike", "StringEqualsIfExists"]): {name: value}}
        return s

    return document(*[one() for _ in range(rng.randint(1, 3))])


def live(client, action, name):
    method = {"GetUser": "get_user", "ListUserTags": "list_user_tags", "ListGroupsForUser": "list_groups_for_user",
              "ListAccessKeys": "list_access_keys", "ListAttachedUserPolicies": "list_attached_user_policies"}[action]
    try:
        getattr(client, method)(UserName=name)
        return "allowed"
    except ClientError as error:
        assert error.response["Error"]["Code"] == "AccessDenied", error
        return "explicitDeny" if "explicit deny" in str(error) else "implicitDeny"


def test_agrees_with_live_calls(iam, brume, account):
    """Generated policies, groups and boundaries; each decision asked of the simulator and made by a call."""
    rng = random.Random(20261122)
    targets = {name: iam.create_user(UserName=name, Path=path, Tags=[{"Key": "team", "Value": team}])["User"]["Arn"]
               for name, path, team in (("ann", "/", "red"), ("bob", "/x/", "blue"), ("cy", "/x/y/", "red"))}
    caller = iam.create_user(UserName="caller", Tags=[{"Key": "team", "Value": "red"}])["User"]["Arn"]
    iam.create_group(GroupName="g")
    iam.add_user_to_group(GroupName="g", UserName="caller")
    key = iam.create_access_key(UserName="caller")["AccessKey"]
    client = brume.client("iam", account=key["AccessKeyId"], secret=key["SecretAccessKey"])
    boundary = iam.create_policy(PolicyName="boundary", PolicyDocument=document())["Policy"]["Arn"]
    compared, seen = 0, set()
    for round_ in range(120):
        iam.put_user_policy(UserName="caller", PolicyName="p", PolicyDocument=some_policy(rng, list(targets.values())))
        iam.put_group_policy(GroupName="g", PolicyName="p", PolicyDocument=some_policy(rng, list(targets.values())))
        if round_ % 6 == 0:
            iam.create_policy_version(PolicyArn=boundary, PolicyDocument=some_policy(rng, list(targets.values())), SetAsDefault=True)
            for old in iam.list_policy_versions(PolicyArn=boundary)["Versions"][1:]:
                iam.delete_policy_version(PolicyArn=boundary, VersionId=old["VersionId"])
        if round_ % 3 == 0:
            iam.put_user_permissions_boundary(UserName="caller", PermissionsBoundary=boundary)
        elif round_ % 3 == 1:
            iam.delete_user_permissions_boundary(UserName="caller")
        for name, arn in targets.items():
            tag = "blue" if name == "bob" else "red"
            answer = iam.simulate_principal_policy(
                PolicySourceArn=caller, ActionNames=[f"iam:{a}" for a in ACTIONS], ResourceArns=[arn],
                ContextEntries=[{"ContextKeyName": "aws:ResourceTag/team", "ContextKeyValues": [tag], "ContextKeyType": "string"}])
            simulated = {r["EvalActionName"].removeprefix("iam:"): r["EvalDecision"] for r in answer["EvaluationResults"]}
            for action in ACTIONS:
                said = live(client, action, name)
                assert said == simulated[action], (action, name, iam.get_user_policy(UserName="caller", PolicyName="p")["PolicyDocument"])
                seen.add(said)
                compared += 1
    assert compared == 1800 and seen == {"allowed", "explicitDeny", "implicitDeny"}
