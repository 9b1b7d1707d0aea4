"""Policies of all types: documents, attachments with their least and most, and what they come to."""
import json

from organization_kit import refusal

ALLOW_S3 = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]})


def create(org, name, content=ALLOW_S3, kind="SERVICE_CONTROL_POLICY", **options):
    content = content if isinstance(content, str) else json.dumps(content)
    made = org.client.create_policy(Name=name, Description=f"about {name}", Type=kind, Content=content, **options)["Policy"]
    return made["PolicySummary"]["Id"]


def attached(org, target, kind="SERVICE_CONTROL_POLICY"):
    return [p["Name"] for p in org.client.list_policies_for_target(TargetId=target, Filter=kind)["Policies"]]


def test_create_update_delete(org):
    policy = create(org, "first", Tags=[{"Key": "a", "Value": "b"}])
    described = org.client.describe_policy(PolicyId=policy)["Policy"]
    assert described["Content"] == ALLOW_S3
    assert described["PolicySummary"] == {
        "Id": policy, "Arn": f"arn:aws:organizations::{org.management}:policy/{org.made['Id']}/service_control_policy/{policy}",
        "Name": "first", "Description": "about first", "Type": "SERVICE_CONTROL_POLICY", "AwsManaged": False}
    assert org.client.list_tags_for_resource(ResourceId=policy)["Tags"] == [{"Key": "a", "Value": "b"}]
    assert refusal(org.client.create_policy, Name="first", Description="", Type="SERVICE_CONTROL_POLICY",
                   Content=ALLOW_S3)[0] == "DuplicatePolicyException"
    updated = org.client.update_policy(PolicyId=policy, Name="second")["Policy"]["PolicySummary"]
    assert (updated["Name"], updated["Description"]) == ("second", "about first")
    names = [p["Name"] for p in org.client.list_policies(Filter="SERVICE_CONTROL_POLICY")["Policies"]]
    assert names == ["FullAWSAccess", "second"]
    org.client.delete_policy(PolicyId=policy)
    assert refusal(org.client.describe_policy, PolicyId=policy)[:2] == ("PolicyNotFoundException", "You specified a policy that doesn't exist.")


def test_documents_are_checked(org):
    def of(content, kind="SERVICE_CONTROL_POLICY"):
        return refusal(org.client.create_policy, Name="x", Description="", Type=kind, Content=content)

    assert of("no json")[:2] == ("MalformedPolicyDocumentException",
                                 "The provided policy document does not meet the requirements of the specified policy type.")
    assert of('{"Version": "2012-10-17"}')[0] == "MalformedPolicyDocumentException"
    assert of('{"tags": {"a": "no operator"}}', "TAG_POLICY")[0] == "MalformedPolicyDocumentException"
    assert of('{"plans": {}}', "TAG_POLICY")[0] == "MalformedPolicyDocumentException"
    code, message, reason = of(json.dumps({"tags": {"x" * 10000: {"tag_key": {"@@assign": "x"}}}}), "TAG_POLICY")
    assert (code, message, reason) == ("ConstraintViolationException", "You have exceeded the maximum policy size.", "POLICY_CONTENT_LIMIT_EXCEEDED")


def test_aws_own_policy(org):
    full = org.client.describe_policy(PolicyId="p-FullAWSAccess")["Policy"]
    assert full["PolicySummary"]["AwsManaged"] is True
    assert full["PolicySummary"]["Arn"] == "arn:aws:organizations::aws:policy/service_control_policy/p-FullAWSAccess"
    assert json.loads(full["Content"])["Statement"] == [{"Effect": "Allow", "Action": "*", "Resource": "*"}]
    assert refusal(org.client.delete_policy, PolicyId="p-FullAWSAccess")[2] == "IMMUTABLE_POLICY"


def test_attach_and_detach(org):
    unit = org.unit("dev")["Id"]
    account = org.account()
    for target in (org.root, unit, account):
        assert attached(org, target) == ["FullAWSAccess"]
    targets = org.client.list_targets_for_policy(PolicyId="p-FullAWSAccess")["Targets"]
    assert {t["TargetId"] for t in targets} == {org.root, unit, account, org.management}
    code, _, reason = refusal(org.client.detach_policy, PolicyId="p-FullAWSAccess", TargetId=unit)
    assert (code, reason) == ("ConstraintViolationException", "MIN_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED")
    policy = create(org, "s3 only")
    assert refusal(org.client.detach_policy, PolicyId=policy, TargetId=unit)[0] == "PolicyNotAttachedException"
    org.client.attach_policy(PolicyId=policy, TargetId=unit)
    assert refusal(org.client.attach_policy, PolicyId=policy, TargetId=unit)[0] == "DuplicatePolicyAttachmentException"
    assert refusal(org.client.delete_policy, PolicyId=policy)[0] == "PolicyInUseException"
    org.client.detach_policy(PolicyId="p-FullAWSAccess", TargetId=unit)
    assert attached(org, unit) == ["s3 only"]
    assert [t["TargetId"] for t in org.client.list_targets_for_policy(PolicyId=policy)["Targets"]] == [unit]
    org.client.attach_policy(PolicyId="p-FullAWSAccess", TargetId=unit)
    assert sorted(attached(org, unit)) == ["FullAWSAccess", "s3 only"]
    org.client.delete_organizational_unit(OrganizationalUnitId=unit)
    org.client.delete_policy(PolicyId=policy)
    assert refusal(org.client.attach_policy, PolicyId="p-FullAWSAccess", TargetId=unit)[0] == "TargetNotFoundException"


def test_ten_on_a_target(org):
    for number in range(9):
        org.client.attach_policy(PolicyId=create(org, f"p{number}"), TargetId=org.root)
    code, message, reason = refusal(org.client.attach_policy, PolicyId=create(org, "more"), TargetId=org.root)
    assert (code, reason) == ("ConstraintViolationException", "MAX_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED")
    assert message == "You have attached the maximum number of policies to the specified target."


def test_types_are_enabled_and_disabled(org):
    policy = create(org, "tags", {"tags": {"a": {"tag_key": {"@@assign": "a"}}}}, "TAG_POLICY")
    assert refusal(org.client.attach_policy, PolicyId=policy, TargetId=org.root)[:2] == (
        "PolicyTypeNotEnabledException", "This operation can be performed only for enabled policy types.")
    org.client.enable_policy_type(RootId=org.root, PolicyType="TAG_POLICY")
    assert refusal(org.client.enable_policy_type, RootId=org.root, PolicyType="TAG_POLICY")[0] == "PolicyTypeAlreadyEnabledException"
    org.client.attach_policy(PolicyId=policy, TargetId=org.root)
    org.client.disable_policy_type(RootId=org.root, PolicyType="TAG_POLICY")
    org.client.enable_policy_type(RootId=org.root, PolicyType="TAG_POLICY")
    assert attached(org, org.root, "TAG_POLICY") == []  # disabling lets go of all
    org.client.disable_policy_type(RootId=org.root, PolicyType="SERVICE_CONTROL_POLICY")
    assert attached(org, org.root) == []
    assert refusal(org.client.disable_policy_type, RootId=org.root, PolicyType="SERVICE_CONTROL_POLICY")[0] == "PolicyTypeNotEnabledException"
    assert refusal(org.client.disable_policy_type, RootId="r-zzzz", PolicyType="TAG_POLICY")[0] == "RootNotFoundException"


def test_rcp_default_stays(org):
    org.client.enable_policy_type(RootId=org.root, PolicyType="RESOURCE_CONTROL_POLICY")
    assert attached(org, org.root, "RESOURCE_CONTROL_POLICY") == ["RCPFullAWSAccess"]
    assert refusal(org.client.detach_policy, PolicyId="p-RCPFullAWSAccess", TargetId=org.root)[2] == "NON_DETACHABLE_POLICY"


def test_every_type_is_stored(org):
    kinds = org.client.meta.service_model.shape_for("PolicyType").enum
    documents = {"TAG_POLICY": {"tags": {}}, "BACKUP_POLICY": {"plans": {}}, "AISERVICES_OPT_OUT_POLICY": {"services": {}},
                 "DECLARATIVE_POLICY_EC2": {"ec2_attributes": {}}, "SECURITYHUB_POLICY": {"securityhub": {}},
                 "INSPECTOR_POLICY": {"inspector": {}}, "UPGRADE_ROLLOUT_POLICY": {"upgrade_rollout": {}},
                 "SERVICE_CONTROL_POLICY": json.loads(ALLOW_S3),
                 "RESOURCE_CONTROL_POLICY": {"Version": "2012-10-17", "Statement": [
                     {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"}]}}
    for kind in kinds:
        policy = create(org, kind, documents.get(kind, {}), kind)
        assert policy in [p["Id"] for p in org.client.list_policies(Filter=kind)["Policies"]]


def test_effective_policy(org):
    """The first inheritance example of the user guide: root sets two tags, the unit adds and removes values."""
    org.client.enable_policy_type(RootId=org.root, PolicyType="TAG_POLICY")
    unit, account = org.unit("dev")["Id"], org.account()
    org.move(account, org.root, unit)
    root_policy = {"tags": {"CostCenter": {"tag_key": {"@@assign": "CostCenter"}, "tag_value": {"@@assign": ["Production", "Test"]}},
                            "Project": {"tag_key": {"@@assign": "Project"}, "tag_value": {"@@assign": ["A", "B"]}}}}
    unit_policy = {"tags": {"CostCenter": {"tag_value": {"@@append": ["Sandbox"]}},
                            "Project": {"tag_key": {"@@assign": "PROJECT"}, "tag_value": {"@@remove": ["B"]}}}}
    org.client.attach_policy(PolicyId=create(org, "r", root_policy, "TAG_POLICY"), TargetId=org.root)
    org.client.attach_policy(PolicyId=create(org, "u", unit_policy, "TAG_POLICY"), TargetId=unit)
    member = org.of(account)
    effective = member.describe_effective_policy(PolicyType="TAG_POLICY")["EffectivePolicy"]
    assert effective["TargetId"] == account
    assert json.loads(effective["PolicyContent"]) == {"tags": {
        "CostCenter": {"tag_key": "CostCenter", "tag_value": ["Production", "Test", "Sandbox"]},
        "Project": {"tag_key": "PROJECT", "tag_value": ["A"]}}}
    assert org.client.describe_effective_policy(PolicyType="TAG_POLICY", TargetId=account)["EffectivePolicy"] == effective
    own = json.loads(org.client.describe_effective_policy(PolicyType="TAG_POLICY")["EffectivePolicy"]["PolicyContent"])
    assert own["tags"]["Project"] == {"tag_key": "Project", "tag_value": ["A", "B"]}
    assert refusal(member.describe_effective_policy, PolicyType="BACKUP_POLICY")[0] == "EffectivePolicyNotFoundException"


def test_resource_policy(org):
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{org.management}:root"},
                                                      "Action": "organizations:ListAccounts", "Resource": "*"}]}
    assert refusal(org.client.describe_resource_policy)[0] == "ResourcePolicyNotFoundException"
    assert refusal(org.client.put_resource_policy, Content="{")[2] == "INVALID_RESOURCE_POLICY_JSON"
    made = org.client.put_resource_policy(Content=json.dumps(policy))["ResourcePolicy"]
    assert org.client.describe_resource_policy()["ResourcePolicy"] == made
    assert made["ResourcePolicySummary"]["Arn"].startswith(f"arn:aws:organizations::{org.management}:resourcepolicy/{org.made['Id']}/rp-")
    org.client.delete_resource_policy()
    assert refusal(org.client.delete_resource_policy)[0] == "ResourcePolicyNotFoundException"
