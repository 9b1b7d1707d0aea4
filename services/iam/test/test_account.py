"""Instance profiles, roles that services are linked to, the account's alias and numbers."""
import re
import time

import pytest
from policies import document, trust

EC2 = trust({"Service": "ec2.amazonaws.com"})


def test_instance_profile(iam, account, refused):
    profile = iam.create_instance_profile(InstanceProfileName="p", Path="/x/", Tags=[{"Key": "a", "Value": "1"}])["InstanceProfile"]
    assert re.fullmatch(r"AIPA[A-Z2-7]{17}", profile["InstanceProfileId"])
    assert (profile["Arn"], profile["Roles"]) == (f"arn:aws:iam::{account}:instance-profile/x/p", [])
    for name in ("r", "s"):
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=EC2)
    iam.add_role_to_instance_profile(InstanceProfileName="p", RoleName="r")
    with refused("LimitExceeded") as r:
        iam.add_role_to_instance_profile(InstanceProfileName="p", RoleName="s")
    assert r.message == "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1"
    assert [x["RoleName"] for x in iam.get_instance_profile(InstanceProfileName="p")["InstanceProfile"]["Roles"]] == ["r"]
    assert [x["InstanceProfileName"] for x in iam.list_instance_profiles_for_role(RoleName="r")["InstanceProfiles"]] == ["p"]
    with refused("DeleteConflict") as r:
        iam.delete_role(RoleName="r")
    assert r.message == "Cannot delete entity, must remove roles from instance profile first."
    with refused("DeleteConflict"):
        iam.delete_instance_profile(InstanceProfileName="p")
    iam.remove_role_from_instance_profile(InstanceProfileName="p", RoleName="r")
    iam.delete_role(RoleName="r")
    iam.delete_instance_profile(InstanceProfileName="p")
    assert iam.list_instance_profiles()["InstanceProfiles"] == []
    with refused("NoSuchEntity") as r:
        iam.get_instance_profile(InstanceProfileName="p")
    assert r.message == "Instance Profile p cannot be found."


def deleted(iam, task):
    for _ in range(200):
        status = iam.get_service_linked_role_deletion_status(DeletionTaskId=task)["Status"]
        if status not in ("NOT_STARTED", "IN_PROGRESS"):
            return status
        time.sleep(0.02)
    return status


@pytest.mark.parametrize("service,name,policy", [
    ("batch", "Batch", "BatchServiceRolePolicy"),
    ("custom-resource.application-autoscaling", "ApplicationAutoScaling_CustomResource", "AWSApplicationAutoScalingCustomResourcePolicy"),
    ("ecs.application-autoscaling", "ApplicationAutoScaling_ECSService", "AWSApplicationAutoscalingECSServicePolicy"),
])
def test_service_linked_role(iam, account, refused, service, name, policy):
    principal, name = f"{service}.amazonaws.com", f"AWSServiceRoleFor{name}"
    role = iam.create_service_linked_role(AWSServiceName=principal)["Role"]
    assert role["Arn"] == f"arn:aws:iam::{account}:role/aws-service-role/{principal}/{name}"
    assert role["AssumeRolePolicyDocument"]["Statement"][0]["Principal"] == {"Service": principal}
    assert [p["PolicyArn"] for p in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]] == [
        f"arn:aws:iam::aws:policy/aws-service-role/{policy}"]
    with refused("InvalidInput") as r:
        iam.create_service_linked_role(AWSServiceName=principal)
    assert r.message == f"Service role name {name} has been taken in this account, please try a different suffix."
    for attempt in (lambda: iam.delete_role(RoleName=name), lambda: iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=document())):
        with refused("UnmodifiableEntity") as r:
            attempt()
        assert r.message == f"Cannot perform the operation on the protected role '{name}' - this role is only modifiable by AWS"
    iam.update_role(RoleName=name, Description="other")  # and that is all, with its tags
    iam.tag_role(RoleName=name, Tags=[{"Key": "a", "Value": "b"}])
    shown = iam.get_role(RoleName=name)["Role"]
    assert shown["Description"] == "other" and shown["Tags"] == [{"Key": "a", "Value": "b"}]
    with refused("UnmodifiableEntity"):
        iam.update_role(RoleName=name, MaxSessionDuration=7200)
    task = iam.delete_service_linked_role(RoleName=name)["DeletionTaskId"]
    assert task.startswith(f"task/aws-service-role/{principal}/{name}/")
    assert deleted(iam, task) == "SUCCEEDED"
    with refused("NoSuchEntity"):
        iam.get_role(RoleName=name)
    iam.create_service_linked_role(AWSServiceName=principal)


def test_suffix(iam, refused):
    role = iam.create_service_linked_role(AWSServiceName="autoscaling.amazonaws.com", CustomSuffix="two")["Role"]
    assert role["RoleName"] == "AWSServiceRoleForAutoScaling_two"
    with refused("InvalidInput") as r:
        iam.create_service_linked_role(AWSServiceName="lightsail.amazonaws.com", CustomSuffix="two")
    assert r.message == "Custom suffix is not allowed for lightsail.amazonaws.com"
    with refused("InvalidInput"):
        iam.create_service_linked_role(AWSServiceName="nothing.example.com")


def test_alias(iam, brume, account, refused):
    alias = f"alias-{account}"
    iam.create_account_alias(AccountAlias=alias)
    assert iam.list_account_aliases()["AccountAliases"] == [alias]
    other = brume.client("iam", account="000000000003")
    with refused("EntityAlreadyExists") as r:
        other.create_account_alias(AccountAlias=alias)
    assert r.message == f"The account alias {alias} already exists."
    iam.create_account_alias(AccountAlias=alias + "-b")
    assert iam.list_account_aliases()["AccountAliases"] == [alias + "-b"]
    other.create_account_alias(AccountAlias=alias)
    with refused("NoSuchEntity"):
        iam.delete_account_alias(AccountAlias=alias)
    iam.delete_account_alias(AccountAlias=alias + "-b")
    assert iam.list_account_aliases()["AccountAliases"] == []


def test_summary(iam):
    before = iam.get_account_summary()["SummaryMap"]
    assert (before["Users"], before["UsersQuota"], before["RolesQuota"], before["GlobalEndpointTokenVersion"]) == (0, 5000, 1000, 1)
    assert len(before) == 34
    iam.create_user(UserName="u")
    iam.create_group(GroupName="g")
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=EC2)
    arn = iam.create_policy(PolicyName="p", PolicyDocument=document())["Policy"]["Arn"]
    iam.attach_user_policy(UserName="u", PolicyArn=arn)
    iam.create_access_key()
    iam.create_virtual_mfa_device(VirtualMFADeviceName="m")
    iam.set_security_token_service_preferences(GlobalEndpointTokenVersion="v2Token")
    after = iam.get_account_summary()["SummaryMap"]
    changed = {k: after[k] - before[k] for k in after if after[k] != before[k]}
    assert changed == {"Users": 1, "Groups": 1, "Roles": 1, "Policies": 1, "PolicyVersionsInUse": 1, "AccountAccessKeysPresent": 1,
                       "MFADevices": 1, "GlobalEndpointTokenVersion": 1}
    iam.detach_user_policy(UserName="u", PolicyArn=arn)
    iam.delete_user(UserName="u")
    after = iam.get_account_summary()["SummaryMap"]
    assert (after["Users"], after["PolicyVersionsInUse"]) == (0, 0)
