"""What an organization is for, as a user does it: members entered by a role, limits that come down the tree,
and buckets open to an organization, to a unit, to a team."""
import itertools
import json
import time
import urllib.error
import urllib.request

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from organization_kit import Organization, refusal

ALLOW_ALL = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
names = (f"catalogue-{i}" for i in itertools.count())


def client(server, service, credentials, region="us-east-1"):
    return boto3.client(service, endpoint_url=server.url, region_name=region, aws_access_key_id=credentials["AccessKeyId"],
                        aws_secret_access_key=credentials["SecretAccessKey"], aws_session_token=credentials.get("SessionToken"),
                        config=Config(retries={"max_attempts": 0}))


def user(server, account, tags=(), policy=ALLOW_ALL):
    iam, name = server.client("iam", account=account), next(names)
    iam.create_user(UserName=name, Tags=[{"Key": k, "Value": v} for k, v in tags])
    iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=json.dumps(policy))
    return iam.create_access_key(UserName=name)["AccessKey"]


def allowed(call, **arguments):
    try:
        call(**arguments)
        return True
    except ClientError as error:
        assert error.response["Error"]["Code"] in ("AccessDenied", "AccessDeniedException", "403"), error
        return False


def enter(org, account, credentials, role="OrganizationAccountAccessRole"):
    sts = client(org.server, "sts", credentials)
    return sts.assume_role(RoleArn=f"arn:aws:iam::{account}:role/{role}", RoleSessionName="enter")["Credentials"]


def test_members_are_entered_by_their_role(org):
    """Two accounts, a unit, a move; an administrator of the management account works in both members."""
    first, second = org.account("first"), org.account("second", RoleName="Door")
    dev = org.unit("dev")["Id"]
    org.move(first, org.root, dev)
    admin = user(org.server, org.management)
    inside = enter(org, first, admin)
    assert client(org.server, "sts", inside).get_caller_identity()["Arn"] == f"arn:aws:sts::{first}:assumed-role/OrganizationAccountAccessRole/enter"
    client(org.server, "sqs", inside).create_queue(QueueName="jobs")
    assert len(org.of(first, "sqs").list_queues()["QueueUrls"]) == 1
    client(org.server, "s3", enter(org, second, admin, "Door")).create_bucket(Bucket=f"bucket-{second}")
    outsider = user(org.server, first)
    assert refusal(client(org.server, "sts", outsider).assume_role, RoleArn=f"arn:aws:iam::{second}:role/Door", RoleSessionName="x1")[0] == "AccessDenied"


def test_service_control_policy(org):
    """s3:* denied outside ap-northeast-2, on a unit: its member's root and administrator, and nobody else."""
    member, unit = org.account(), org.unit("asia")["Id"]
    org.move(member, org.root, unit)
    content = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "s3:*", "Resource": "*", "Condition": {
        "StringNotEquals": {"aws:RequestedRegion": "ap-northeast-2"}}}]}
    policy = org.client.create_policy(Name="asia", Description="", Type="SERVICE_CONTROL_POLICY", Content=json.dumps(content))
    policy = policy["Policy"]["PolicySummary"]["Id"]
    admin = user(org.server, member)

    def lists(region):
        root = org.of(member, "s3", region=region)
        return allowed(root.list_buckets), allowed(client(org.server, "s3", admin, region).list_buckets)

    assert lists("us-east-1") == (True, True)
    org.client.attach_policy(PolicyId=policy, TargetId=unit)
    assert lists("us-east-1") == (False, False)
    assert lists("ap-northeast-2") == (True, True)
    assert allowed(client(org.server, "iam", admin).list_users)  # other services are free
    assert allowed(org.of(org.management, "s3").list_buckets)
    org.client.attach_policy(PolicyId=policy, TargetId=org.root)  # even there the management account is free
    assert allowed(org.of(org.management, "s3").list_buckets)
    org.client.detach_policy(PolicyId=policy, TargetId=org.root)
    org.client.detach_policy(PolicyId=policy, TargetId=unit)
    assert lists("us-east-1") == (True, True)


def test_every_level_must_allow(org):
    """Without FullAWSAccess a unit passes on only what its own SCPs allow; the words name the SCP."""
    member, unit = org.account(), org.unit("narrow")["Id"]
    org.move(member, org.root, unit)
    content = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["sqs:*", "sts:*"], "Resource": "*"}]}
    policy = org.client.create_policy(Name="sqs", Description="", Type="SERVICE_CONTROL_POLICY", Content=json.dumps(content))
    org.client.attach_policy(PolicyId=policy["Policy"]["PolicySummary"]["Id"], TargetId=unit)
    assert allowed(org.of(member, "iam").list_users)
    org.client.detach_policy(PolicyId="p-FullAWSAccess", TargetId=unit)
    assert allowed(org.of(member, "sqs").list_queues)
    assert "because no service control policy allows the iam:ListUsers action" in refusal(org.of(member, "iam").list_users)[1]
    org.client.disable_policy_type(RootId=org.root, PolicyType="SERVICE_CONTROL_POLICY")
    assert allowed(org.of(member, "iam").list_users)


def test_resource_control_policy(org):
    """A queue open to all is closed to those outside the organization by an RCP at the root."""
    member, outsider = org.account(), "450000000001"
    sqs = org.of(member, "sqs")
    queue = sqs.create_queue(QueueName="open")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": arn}]})})
    send = {"QueueUrl": queue, "MessageBody": "m"}
    outside, inside = org.of(outsider, "sqs"), org.of(org.management, "sqs")
    assert allowed(outside.send_message, **send) and allowed(inside.send_message, **send)
    org.client.enable_policy_type(RootId=org.root, PolicyType="RESOURCE_CONTROL_POLICY")
    content = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Principal": "*", "Action": "sqs:*", "Resource": "*", "Condition": {
        "StringNotEqualsIfExists": {"aws:PrincipalOrgID": org.made["Id"]}}}]}
    policy = org.client.create_policy(Name="ours", Description="", Type="RESOURCE_CONTROL_POLICY", Content=json.dumps(content))
    org.client.attach_policy(PolicyId=policy["Policy"]["PolicySummary"]["Id"], TargetId=org.root)
    assert not allowed(outside.send_message, **send)
    assert allowed(inside.send_message, **send)


@pytest.fixture
def buckets(org):
    """A: the organization. B: a unit and below. C: who has the tag team=blue."""
    s3, made, dev = org.of(org.management, "s3"), {}, org.unit("dev")["Id"]
    inner = org.unit("inner", dev)["Id"]
    conditions = {"a": {"StringEquals": {"aws:PrincipalOrgID": org.made["Id"]}},
                  "b": {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": f"{org.made['Id']}/{org.root}/{dev}/*"}},
                  "c": {"StringEquals": {"aws:PrincipalTag/team": "blue"}}}
    for letter, condition in conditions.items():
        bucket = made[letter] = f"{letter}-{org.management}"
        s3.create_bucket(Bucket=bucket)
        s3.put_object(Bucket=bucket, Key="key", Body=b"x")
        s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration={"BlockPublicPolicy": False, "RestrictPublicBuckets": False})
        s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/*", "Condition": condition}]}))
    return made, dev, inner


def test_condition_keys(org, buckets):
    made, dev, inner = buckets
    member, in_unit, outsider = org.account("member"), org.account("unit"), "450000000002"
    org.move(in_unit, org.root, inner)
    callers = {"outside": user(org.server, outsider), "in the organization": user(org.server, member),
               "in the unit": user(org.server, in_unit), "tagged": user(org.server, outsider, [("team", "blue")])}

    def row(caller):
        s3 = client(org.server, "s3", callers[caller])
        return [allowed(s3.get_object, Bucket=made[letter], Key="key") for letter in "abc"]

    assert {caller: row(caller) for caller in callers} == {
        "outside": [False, False, False], "in the organization": [True, False, False],
        "in the unit": [True, True, False], "tagged": [False, False, True]}
    org.move(in_unit, inner, org.root)  # column B follows at once
    org.move(member, org.root, dev)
    assert row("in the unit") == [True, False, False]
    assert row("in the organization") == [True, True, False]


def test_least_rights_of_an_administrator_of_units(org):
    """organizations:* itself is asked like any other right, on the ARN of what it is about."""
    unit, other = org.unit("one"), org.unit("two")
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "organizations:DescribeOrganizationalUnit", "Resource": unit["Arn"]}]}
    mine = client(org.server, "organizations", user(org.server, org.management, policy=policy))
    assert mine.describe_organizational_unit(OrganizationalUnitId=unit["Id"])["OrganizationalUnit"] == unit
    code, message, _ = refusal(mine.describe_organizational_unit, OrganizationalUnitId=other["Id"])
    assert code == "AccessDeniedException" and f"on resource: {other['Arn']}" in message
    assert refusal(mine.list_accounts)[0] == "AccessDeniedException"


def test_resource_policy_delegates(org):
    member = org.account()
    assert refusal(org.of(member).list_accounts)[0] == "AccessDeniedException"
    org.client.put_resource_policy(Content=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{member}:root"}, "Action": "organizations:ListAccounts", "Resource": "*"}]}))
    assert len(org.of(member).list_accounts()["Accounts"]) == 2
    assert refusal(org.of(member).list_roots)[0] == "AccessDeniedException"


def root_sessions(org):
    iam = org.of(org.management, "iam")
    org.client.enable_aws_service_access(ServicePrincipal="iam.amazonaws.com")
    iam.enable_organizations_root_sessions()
    return iam


def test_root_features(org):
    member, delegate = org.account(), org.account("delegate")
    iam = org.of(org.management, "iam")
    assert refusal(org.of("450000000004", "iam").list_organizations_features)[0] == "OrganizationNotFoundException"
    assert refusal(iam.enable_organizations_root_sessions)[0] == "ServiceAccessNotEnabledException"
    org.client.enable_aws_service_access(ServicePrincipal="iam.amazonaws.com")
    assert iam.list_organizations_features()["EnabledFeatures"] == []
    assert iam.enable_organizations_root_sessions()["EnabledFeatures"] == ["RootSessions"]
    got = iam.enable_organizations_root_credentials_management()
    assert (got["OrganizationId"], got["EnabledFeatures"]) == (org.made["Id"], ["RootCredentialsManagement", "RootSessions"])
    assert refusal(org.of(member, "iam").list_organizations_features)[0] == "AccountNotManagementOrDelegatedAdministratorException"
    org.client.register_delegated_administrator(AccountId=delegate, ServicePrincipal="iam.amazonaws.com")
    administrator = org.of(delegate, "iam")
    assert administrator.list_organizations_features()["EnabledFeatures"] == got["EnabledFeatures"]
    assert refusal(administrator.enable_organizations_root_sessions)[0] == "CallerIsNotManagementAccountException"
    assert administrator.disable_organizations_root_credentials_management()["EnabledFeatures"] == ["RootSessions"]
    assert iam.disable_organizations_root_sessions()["EnabledFeatures"] == []


def test_assume_root_needs_root_sessions(org):
    member = org.account()
    admin = client(org.server, "sts", user(org.server, org.management))
    task = {"arn": "arn:aws:iam::aws:policy/root-task/IAMAuditRootUserCredentials"}
    assert refusal(admin.assume_root, TargetPrincipal=member, TaskPolicyArn=task)[0] == "AccessDenied"
    iam = root_sessions(org)
    assert admin.assume_root(TargetPrincipal=member, TaskPolicyArn=task)["Credentials"]
    iam.disable_organizations_root_sessions()
    assert refusal(admin.assume_root, TargetPrincipal=member, TaskPolicyArn=task)[0] == "AccessDenied"


def test_root_tasks_of_queues_and_buckets(org):
    """What a policy locked away from everybody of a member, the administrator unlocks as its root."""
    member = org.account()
    root_sessions(org)
    admin = client(org.server, "sts", user(org.server, org.management))
    locked = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}]}

    def as_root(service, task):
        arn = {"arn": f"arn:aws:iam::aws:policy/root-task/{task}"}
        return client(org.server, service, admin.assume_root(TargetPrincipal=member, TaskPolicyArn=arn)["Credentials"])

    theirs = client(org.server, "sqs", user(org.server, member))
    queue = theirs.create_queue(QueueName="locked")["QueueUrl"]
    theirs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": json.dumps({**locked, "Statement": [{**locked["Statement"][0], "Action": "sqs:*"}]})})
    assert not allowed(theirs.get_queue_attributes, QueueUrl=queue)
    root = as_root("sqs", "SQSUnlockQueuePolicy")
    assert not allowed(root.send_message, QueueUrl=queue, MessageBody="no")
    root.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": ""})
    assert allowed(theirs.get_queue_attributes, QueueUrl=queue)

    s3 = client(org.server, "s3", user(org.server, member))
    bucket = f"locked-{member}"
    s3.create_bucket(Bucket=bucket)
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({**locked, "Statement": [
        {**locked["Statement"][0], "Action": "s3:*", "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]}]}))
    assert not allowed(s3.list_objects_v2, Bucket=bucket)
    as_root("s3", "S3UnlockBucketPolicy").delete_bucket_policy(Bucket=bucket)
    assert allowed(s3.list_objects_v2, Bucket=bucket)


def access_report(iam, path, **options):
    job = iam.generate_organizations_access_report(EntityPath=path, **options)["JobId"]
    for _ in range(200):
        got = iam.get_organizations_access_report(JobId=job, MaxItems=1000)
        if got["JobStatus"] != "IN_PROGRESS":
            return got, job
        time.sleep(0.02)
    raise AssertionError("the report is never made")


def test_access_report(org):
    member, iam = org.account(), org.of(org.management, "iam")
    unit = org.unit("one")
    org.move(member, org.root, unit["Id"])
    path = f"{org.made['Id']}/{org.root}/{unit['Id']}"
    client(org.server, "sqs", user(org.server, member)).list_queues()
    for _ in range(200):
        got, job = access_report(iam, path)
        if any(d["TotalAuthenticatedEntities"] for d in got["AccessDetails"] if d["ServiceNamespace"] == "sqs"):
            break
        time.sleep(0.02)
    details = {d["ServiceNamespace"]: d for d in got["AccessDetails"]}
    assert got["JobStatus"] == "COMPLETED" and got["NumberOfServicesAccessible"] == len(details) > 300
    assert got["NumberOfServicesNotAccessed"] == sum("LastAuthenticatedTime" not in d for d in details.values()) < len(details)
    assert (details["sqs"]["EntityPath"], details["sqs"]["Region"], details["sqs"]["TotalAuthenticatedEntities"]) == (f"{path}/{member}", "us-east-1", 1)
    latest = iam.get_organizations_access_report(JobId=job, SortKey="LAST_AUTHENTICATED_TIME_DESCENDING", MaxItems=2)
    assert latest["IsTruncated"] and latest["AccessDetails"][0] == details["sqs"] and "EntityPath" not in latest["AccessDetails"][1]

    # An SCP of the unit alone: what it lets.
    only = org.client.create_policy(Name="only", Description="", Type="SERVICE_CONTROL_POLICY", Content=json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["sqs:*", "sns:*"], "Resource": "*"}]}))["Policy"]["PolicySummary"]["Id"]
    got, _ = access_report(iam, path, OrganizationsPolicyId=only)
    assert [d["ServiceNamespace"] for d in got["AccessDetails"]] == ["sns", "sqs"]
    org.client.attach_policy(PolicyId=only, TargetId=unit["Id"])
    org.client.detach_policy(PolicyId="p-FullAWSAccess", TargetId=unit["Id"])
    assert [d["ServiceNamespace"] for d in access_report(iam, f"{path}/{member}")[0]["AccessDetails"]] == ["sns", "sqs"]
    denying = [{"Effect": "Deny", "Action": ["sns:*", "sqs:DeleteQueue"], "Resource": "*"},  # SQS is not taken away whole
               {"Effect": "Deny", "Action": "sqs:*", "Resource": "*", "Condition": {"StringNotEquals": {"aws:RequestedRegion": "us-east-1"}}}]
    deny = org.client.create_policy(Name="deny", Description="", Type="SERVICE_CONTROL_POLICY", Content=json.dumps(
        {"Version": "2012-10-17", "Statement": denying}))["Policy"]["PolicySummary"]["Id"]
    org.client.attach_policy(PolicyId=deny, TargetId=member)
    assert [d["ServiceNamespace"] for d in access_report(iam, f"{path}/{member}")[0]["AccessDetails"]] == ["sqs"]
    org.client.update_policy(PolicyId=deny, Content=json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "NotAction": ["sns:Publish", "iam:*"], "Resource": "*"}]}))
    assert [d["ServiceNamespace"] for d in access_report(iam, f"{path}/{member}")[0]["AccessDetails"]] == ["sns"]
    failed, _ = access_report(iam, path, OrganizationsPolicyId="p-aaaaaaaa")
    assert failed["JobStatus"] == "FAILED" and failed["ErrorDetails"]["Message"]
    assert refusal(org.of(member, "iam").generate_organizations_access_report, EntityPath=path)[0] == "AccessDenied"


def test_assume_root(org):
    member = org.account()
    root_sessions(org)
    admin = client(org.server, "sts", user(org.server, org.management))
    task = {"arn": "arn:aws:iam::aws:policy/root-task/IAMAuditRootUserCredentials"}
    session = admin.assume_root(TargetPrincipal=member, TaskPolicyArn=task)["Credentials"]
    assert client(org.server, "sts", session).get_caller_identity()["Arn"] == f"arn:aws:iam::{member}:root"
    assert not allowed(client(org.server, "sqs", session).list_queues)  # the task, and no more
    root = client(org.server, "iam", session)
    assert root.list_access_keys()["AccessKeyMetadata"] == [] and not allowed(root.list_users)
    assert refusal(org.of(org.management, "sts").assume_root, TargetPrincipal=member, TaskPolicyArn=task)[0] == "AccessDenied"  # a root
    assert refusal(admin.assume_root, TargetPrincipal="450000000003", TaskPolicyArn=task)[0] == "AccessDenied"
    assert refusal(admin.assume_root, TargetPrincipal=member, TaskPolicyArn={"arn": "arn:aws:iam::aws:policy/ReadOnlyAccess"})[0] == "ValidationError"


def test_who_may_assume_root(org):
    member, delegate = org.account(), org.account("delegate")
    root_sessions(org)
    task = {"arn": "arn:aws:iam::aws:policy/root-task/IAMAuditRootUserCredentials"}

    def delegated(service):
        org.client.enable_aws_service_access(ServicePrincipal=service)
        org.client.register_delegated_administrator(AccountId=delegate, ServicePrincipal=service)

    key = user(org.server, delegate)
    delegated("config.amazonaws.com")
    assert refusal(client(org.server, "sts", key).assume_root, TargetPrincipal=member, TaskPolicyArn=task)[0] == "AccessDenied"
    delegated("iam.amazonaws.com")
    session = client(org.server, "sts", key).assume_root(TargetPrincipal=member, TaskPolicyArn=task)["Credentials"]
    assert refusal(client(org.server, "sts", key).assume_root, TargetPrincipal=org.management, TaskPolicyArn=task)[0] == "AccessDenied"

    # A task is not the rule over the cloud.
    request = AWSRequest("GET", f"{org.server.url}/_brume/status")
    SigV4Auth(Credentials(session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"]), "brume", "us-east-1").add_auth(request)
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(urllib.request.Request(request.url, headers=dict(request.headers)))
    assert refused.value.code == 403
