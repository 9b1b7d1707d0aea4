"""All that is granted, and the credential report."""
import csv
import io
import time

import pytest
from policies import document, statement, trust

EC2 = trust({"Service": "ec2.amazonaws.com"})


def test_authorization_details(iam, account):
    own = iam.create_policy(PolicyName="p", PolicyDocument=document())["Policy"]["Arn"]
    aws = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    iam.create_user(UserName="u", Tags=[{"Key": "a", "Value": "1"}], PermissionsBoundary=own)
    iam.create_group(GroupName="g")
    iam.add_user_to_group(UserName="u", GroupName="g")
    iam.put_group_policy(GroupName="g", PolicyName="inline", PolicyDocument=document())
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=EC2)
    iam.attach_role_policy(RoleName="r", PolicyArn=aws)
    iam.attach_user_policy(UserName="u", PolicyArn=own)
    iam.create_instance_profile(InstanceProfileName="i")
    iam.add_role_to_instance_profile(InstanceProfileName="i", RoleName="r")
    all_of_it = iam.get_account_authorization_details()
    user, group, role = all_of_it["UserDetailList"][0], all_of_it["GroupDetailList"][0], all_of_it["RoleDetailList"][0]
    assert (user["GroupList"], user["AttachedManagedPolicies"], user["Tags"]) == (["g"], [{"PolicyName": "p", "PolicyArn": own}], [{"Key": "a", "Value": "1"}])
    assert user["PermissionsBoundary"]["PermissionsBoundaryArn"] == own
    assert group["GroupPolicyList"][0]["PolicyName"] == "inline" and group["GroupPolicyList"][0]["PolicyDocument"]["Statement"]
    assert role["AttachedManagedPolicies"][0]["PolicyArn"] == aws and role["InstanceProfileList"][0]["InstanceProfileName"] == "i"
    policies = {p["Arn"]: p for p in all_of_it["Policies"]}
    assert set(policies) == {own, aws} and policies[own]["PolicyVersionList"][0]["IsDefaultVersion"]
    assert policies[own]["PermissionsBoundaryUsageCount"] == policies[aws]["AttachmentCount"] == 1
    only = iam.get_account_authorization_details(Filter=["Role", "LocalManagedPolicy"])
    assert [len(only[k]) for k in ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies")] == [0, 0, 1, 1]


def test_details_in_pages(iam):
    for i in range(5):
        iam.create_user(UserName=f"u{i}")
        iam.create_role(RoleName=f"r{i}", AssumeRolePolicyDocument=EC2)
        iam.create_policy(PolicyName=f"p{i}", PolicyDocument=document())
    pages = list(iam.get_paginator("get_account_authorization_details").paginate(PaginationConfig={"PageSize": 4}))
    assert len(pages) == 4
    for key, name, letter in (("UserDetailList", "UserName", "u"), ("RoleDetailList", "RoleName", "r"), ("Policies", "PolicyName", "p")):
        assert [x[name] for p in pages for x in p[key]] == [f"{letter}{i}" for i in range(5)]


def report_of(iam):
    state = iam.generate_credential_report()["State"]
    for _ in range(400):
        if state == "COMPLETE":
            break
        time.sleep(0.02)
        state = iam.generate_credential_report()["State"]
    got = iam.get_credential_report()
    assert got["ReportFormat"] == "text/csv"
    return list(csv.DictReader(io.StringIO(got["Content"].decode())))


def test_credential_report(iam, brume, account, refused):
    with refused("ReportNotPresent") as r:
        iam.get_credential_report()
    assert r.status == 410
    iam.update_account_password_policy(MaxPasswordAge=10)
    iam.create_user(UserName="a")
    iam.create_login_profile(UserName="a", Password="Correct-horse-1")
    key = iam.create_access_key(UserName="a")["AccessKey"]
    other = iam.create_access_key(UserName="a")["AccessKey"]["AccessKeyId"]
    iam.update_access_key(UserName="a", AccessKeyId=other, Status="Inactive")
    iam.create_user(UserName="b")
    brume.client("sts", account=key["AccessKeyId"], secret=key["SecretAccessKey"], region="eu-west-1").get_caller_identity()
    for _ in range(200):
        used = iam.get_access_key_last_used(AccessKeyId=key["AccessKeyId"])["AccessKeyLastUsed"]
        if "LastUsedDate" in used:
            break
        time.sleep(0.02)
    assert (used["ServiceName"], used["Region"]) == ("sts", "eu-west-1")
    root, a, b = report_of(iam)
    assert (root["user"], root["arn"], root["password_enabled"]) == ("<root_account>", f"arn:aws:iam::{account}:root", "not_supported")
    assert len(root) == 22 and (b["user"], b["password_enabled"], b["access_key_1_active"], b["cert_1_active"]) == ("b", "false", "false", "false")
    assert (a["arn"], a["password_enabled"], a["mfa_active"]) == (f"arn:aws:iam::{account}:user/a", "true", "false")
    assert a["password_next_rotation"] > a["password_last_changed"] and a["user_creation_time"].endswith("+00:00")
    states = {(a[f"access_key_{i}_active"], a[f"access_key_{i}_last_used_service"], a[f"access_key_{i}_last_used_region"]) for i in (1, 2)}
    assert states == {("true", "sts", "eu-west-1"), ("false", "N/A", "N/A")}


def test_report_in_slices_and_its_age(start_brume, refused):
    server = start_brume()
    iam = server.client("iam")
    for i in range(450):
        iam.create_user(UserName=f"u{i:03}")
    rows = report_of(iam)
    assert [r["user"] for r in rows[1:]] == [f"u{i:03}" for i in range(450)]
    iam.delete_user(UserName="u000")
    assert len(report_of(iam)) == 451  # it is fresh for four hours
    server.advance_clock(4 * 3600 * 1000 + 1000)
    with refused("ReportExpired"):
        iam.get_credential_report()
    assert len(report_of(iam)) == 450


def advice(iam, arn, **options):
    job = iam.generate_service_last_accessed_details(Arn=arn, **options)["JobId"]
    for _ in range(200):
        got = iam.get_service_last_accessed_details(JobId=job, MaxItems=1000)
        if got["JobStatus"] != "IN_PROGRESS":
            break
        time.sleep(0.02)
    assert got["JobStatus"] == "COMPLETED" and not got["IsTruncated"]
    return job, {s["ServiceNamespace"]: s for s in got["ServicesLastAccessed"]}


def test_access_advisor(iam, brume):
    user = iam.create_user(UserName="u")["User"]["Arn"]
    iam.create_group(GroupName="g")
    iam.add_user_to_group(GroupName="g", UserName="u")
    iam.put_user_policy(UserName="u", PolicyName="p", PolicyDocument=document(statement(action=["sqs:ListQueues", "S3:*"]), statement("Deny", "kms:*")))
    managed = iam.create_policy(PolicyName="m", PolicyDocument=document(statement(action="iam:List*")))["Policy"]["Arn"]
    iam.attach_group_policy(GroupName="g", PolicyArn=managed)
    key = iam.create_access_key(UserName="u")["AccessKey"]
    brume.client("sqs", account=key["AccessKeyId"], secret=key["SecretAccessKey"], region="eu-north-1").list_queues()
    for _ in range(200):
        job, services = advice(iam, user)
        if services["sqs"]["TotalAuthenticatedEntities"]:
            break
        time.sleep(0.02)
    assert set(services) == {"sqs", "s3", "iam"}
    assert (services["sqs"]["ServiceName"], services["sqs"]["LastAuthenticatedEntity"], services["sqs"]["LastAuthenticatedRegion"],
            services["sqs"]["TotalAuthenticatedEntities"]) == ("Amazon SQS", user, "eu-north-1", 1)
    assert "LastAuthenticated" not in services["s3"] and services["s3"]["TotalAuthenticatedEntities"] == 0
    entities = iam.get_service_last_accessed_details_with_entities(JobId=job, ServiceNamespace="sqs")["EntityDetailsList"]
    assert [(e["EntityInfo"]["Arn"], e["EntityInfo"]["Type"]) for e in entities] == [(user, "USER")]
    assert entities[0]["LastAuthenticated"] == services["sqs"]["LastAuthenticated"]
    assert set(advice(iam, managed)[1]) == {"iam"}
    granting = iam.list_policies_granting_service_access(Arn=user, ServiceNamespaces=["iam", "sqs", "kms"])["PoliciesGrantingServiceAccess"]
    assert [[(p["PolicyName"], p["PolicyType"]) for p in e["Policies"]] for e in granting] == [[("m", "MANAGED")], [("p", "INLINE")], []]
    assert granting[0]["Policies"][0]["EntityName"] == "g"


def test_access_advisor_by_action(iam, brume):
    user = iam.create_user(UserName="u")["User"]["Arn"]
    iam.put_user_policy(UserName="u", PolicyName="p", PolicyDocument=document(statement(action="sqs:*")))
    key = iam.create_access_key(UserName="u")["AccessKey"]
    brume.client("sqs", account=key["AccessKeyId"], secret=key["SecretAccessKey"], region="eu-north-1").list_queues()
    for _ in range(200):
        services = advice(iam, user, Granularity="ACTION_LEVEL")[1]
        actions = {a["ActionName"]: a for a in services["sqs"]["TrackedActionsLastAccessed"]}
        if "LastAccessedTime" in actions["ListQueues"]:
            break
        time.sleep(0.02)
    assert (actions["ListQueues"]["LastAccessedEntity"], actions["ListQueues"]["LastAccessedRegion"]) == (user, "eu-north-1")
    assert set(actions["CreateQueue"]) == {"ActionName"}  # never used: what may be taken away
    assert "SendMessage" not in actions  # of the data plane
    assert "TrackedActionsLastAccessed" not in advice(iam, user)[1]["sqs"]


def test_last_use_of_a_role(iam, brume, account):
    trusts = trust({"AWS": f"arn:aws:iam::{account}:root"})
    arn = iam.create_role(RoleName="r", AssumeRolePolicyDocument=trusts)["Role"]["Arn"]
    iam.create_user(UserName="u")
    iam.put_user_policy(UserName="u", PolicyName="p", PolicyDocument=document())
    key = iam.create_access_key(UserName="u")["AccessKey"]
    session = brume.client("sts", account=key["AccessKeyId"], secret=key["SecretAccessKey"]).assume_role(RoleArn=arn, RoleSessionName="session")["Credentials"]
    brume.client("sts", account=session["AccessKeyId"], secret=session["SecretAccessKey"], aws_session_token=session["SessionToken"],
                 region="ap-south-1").get_caller_identity()
    for _ in range(200):
        used = iam.get_role(RoleName="r")["Role"]["RoleLastUsed"]
        if used:
            break
        time.sleep(0.02)
    assert used["Region"] == "ap-south-1" and abs(used["LastUsedDate"].timestamp() - time.time()) < 60
