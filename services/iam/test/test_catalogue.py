"""IAM and STS as a user meets them: rights on a prefix, a deny that wins, a session that ends, and the
simulator agreeing; by boto3 and by the stock command line."""
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from policies import document, statement


def refused_code(call, **arguments):
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return caught.value.response["Error"]["Code"]


def test_iam_prefix_deny_session_and_simulator(start_brume):
    server = start_brume()
    account, bucket = "210987654321", "prefix-bucket"
    root, iam = server.client("s3", account=account), server.client("iam", account=account)
    root.create_bucket(Bucket=bucket)
    for key in ("in/a", "in/secret", "out/a"):
        root.put_object(Bucket=bucket, Key=key, Body=b"x")
    user = iam.create_user(UserName="reader")["User"]["Arn"]
    allow = statement(action="s3:GetObject", resource=f"arn:aws:s3:::{bucket}/in/*")
    iam.put_user_policy(UserName="reader", PolicyName="p", PolicyDocument=document(allow))
    key = iam.create_access_key(UserName="reader")["AccessKey"]
    credentials = {"account": key["AccessKeyId"], "secret": key["SecretAccessKey"]}
    s3 = server.client("s3", **credentials)

    def agrees(expected):
        keys = ["in/a", "in/secret", "out/a"]
        live = []
        for name in keys:
            try:
                live.append(s3.get_object(Bucket=bucket, Key=name)["Body"].read() == b"x")
            except ClientError as error:
                assert error.response["Error"]["Code"] == "AccessDenied"
                live.append(False)
        results = iam.simulate_principal_policy(PolicySourceArn=user, ActionNames=["s3:GetObject"],
                                                ResourceArns=[f"arn:aws:s3:::{bucket}/{k}" for k in keys])["EvaluationResults"]
        assert live == [r["EvalDecision"] == "allowed" for r in results] == expected

    agrees([True, True, False])
    deny = statement("Deny", "s3:*", f"arn:aws:s3:::{bucket}/in/secret")
    iam.put_user_policy(UserName="reader", PolicyName="q", PolicyDocument=document(deny))
    agrees([True, False, False])
    iam.delete_user_policy(UserName="reader", PolicyName="q")
    agrees([True, True, False])

    trust = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": user}, "Action": "sts:AssumeRole"}]})
    role = iam.create_role(RoleName="writer", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    iam.put_role_policy(RoleName="writer", PolicyName="p", PolicyDocument=document(statement(action="s3:PutObject", resource=f"arn:aws:s3:::{bucket}/*")))
    sts = server.client("sts", **credentials)
    session = sts.assume_role(RoleArn=role, RoleSessionName="work", DurationSeconds=900)["Credentials"]
    as_role = server.client("s3", account=session["AccessKeyId"], secret=session["SecretAccessKey"], aws_session_token=session["SessionToken"])
    as_role.put_object(Bucket=bucket, Key="in/new", Body=b"y")
    assert refused_code(as_role.get_object, Bucket=bucket, Key="in/new") == "AccessDenied"
    server.advance_clock(901_000)
    assert refused_code(as_role.put_object, Bucket=bucket, Key="in/late", Body=b"z") == "ExpiredToken"
    assert s3.get_object(Bucket=bucket, Key="in/new")["Body"].read() == b"y"

    session = sts.assume_role(RoleArn=role, RoleSessionName="again")["Credentials"]
    as_role = server.client("s3", account=session["AccessKeyId"], secret=session["SecretAccessKey"], aws_session_token=session["SessionToken"])
    as_role.put_object(Bucket=bucket, Key="in/new", Body=b"y")
    iam.delete_role_policy(RoleName="writer", PolicyName="p")
    iam.delete_role(RoleName="writer")
    iam.create_role(RoleName="writer", AssumeRolePolicyDocument=trust)
    iam.put_role_policy(RoleName="writer", PolicyName="p", PolicyDocument=document())
    # Another role of the same name is not the one that was assumed.
    assert refused_code(as_role.put_object, Bucket=bucket, Key="in/new", Body=b"y") == "AccessDenied"


def test_inactive_and_deleted_keys(brume, iam):
    iam.create_user(UserName="u")
    key = iam.create_access_key(UserName="u")["AccessKey"]
    sts = brume.client("sts", account=key["AccessKeyId"], secret=key["SecretAccessKey"])
    assert sts.get_caller_identity()["Arn"].endswith(":user/u")
    iam.update_access_key(UserName="u", AccessKeyId=key["AccessKeyId"], Status="Inactive")
    assert refused_code(sts.get_caller_identity) == "InvalidClientTokenId"
    iam.update_access_key(UserName="u", AccessKeyId=key["AccessKeyId"], Status="Active")
    assert sts.get_caller_identity()["Arn"].endswith(":user/u")
    iam.delete_access_key(UserName="u", AccessKeyId=key["AccessKeyId"])
    assert refused_code(sts.get_caller_identity) == "InvalidClientTokenId"


def test_boundary_narrows(brume, iam):
    boundary = iam.create_policy(PolicyName="b", PolicyDocument=document(statement(action="iam:List*")))["Policy"]["Arn"]
    iam.create_user(UserName="u", PermissionsBoundary=boundary)
    iam.attach_user_policy(UserName="u", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    key = iam.create_access_key(UserName="u")["AccessKey"]
    own = brume.client("iam", account=key["AccessKeyId"], secret=key["SecretAccessKey"])
    assert len(own.list_users()["Users"]) == 1
    assert refused_code(own.create_user, UserName="v") == "AccessDenied"
    iam.delete_user_permissions_boundary(UserName="u")
    own.create_user(UserName="v")


def test_pass_role(brume, iam, account):
    trusts = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}'
    role = iam.create_role(RoleName="r", AssumeRolePolicyDocument=trusts)["Role"]["Arn"]
    iam.create_instance_profile(InstanceProfileName="p")
    iam.create_user(UserName="u")
    key = iam.create_access_key(UserName="u")["AccessKey"]
    own = brume.client("iam", account=key["AccessKeyId"], secret=key["SecretAccessKey"])
    may_add = statement(action="iam:AddRoleToInstanceProfile")
    iam.put_user_policy(UserName="u", PolicyName="p", PolicyDocument=document(may_add))
    assert refused_code(own.add_role_to_instance_profile, InstanceProfileName="p", RoleName="r") == "AccessDenied"
    iam.put_user_policy(UserName="u", PolicyName="p", PolicyDocument=document(may_add, statement(action="iam:PassRole", resource=role)))
    own.add_role_to_instance_profile(InstanceProfileName="p", RoleName="r")


def test_stock_command_line(brume, iam, account, tmp_path):
    aws = Path(sys.executable).with_name("aws")
    if not aws.exists():
        pytest.skip("no aws command line beside this Python")

    def run(*arguments, key=account, secret="test"):
        environment = dict(os.environ, AWS_ACCESS_KEY_ID=key, AWS_SECRET_ACCESS_KEY=secret, AWS_DEFAULT_REGION="us-east-1", AWS_PAGER="")
        done = subprocess.run([aws, "--endpoint-url", brume.url, "--output", "json", *arguments], env=environment, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    def fine(*arguments, **options):
        status, text = run(*arguments, **options)
        assert status == 0, text
        return json.loads(text) if text.strip() else None

    policy = tmp_path / "policy.json"
    policy.write_text(document(statement(action="iam:ListUsers")))
    iam.create_user(UserName="cli")
    fine("iam", "put-user-policy", "--user-name", "cli", "--policy-name", "p", "--policy-document", f"file://{policy}")
    key = iam.create_access_key(UserName="cli")["AccessKey"]
    own = {"key": key["AccessKeyId"], "secret": key["SecretAccessKey"]}
    assert fine("iam", "list-users", **own)["Users"][0]["UserName"] == "cli"
    status, text = run("iam", "delete-user", "--user-name", "cli", **own)
    assert status != 0 and "AccessDenied" in text and f"arn:aws:iam::{account}:user/cli is not authorized to perform: iam:DeleteUser" in text
    assert fine("iam", "simulate-principal-policy", "--policy-source-arn", f"arn:aws:iam::{account}:user/cli",
                "--action-names", "iam:ListUsers", "iam:DeleteUser", "--query", "EvaluationResults[].EvalDecision") == ["allowed", "implicitDeny"]


def test_what_is_absent_is_listed():
    """Each operation that brume does not have stands in the room's README, with what it would need."""
    root = Path(__file__).resolve().parents[3]
    binary = os.environ.get("BRUME_BINARY", str(root / "build/src/front/brume"))
    lines = subprocess.run([binary, "coverage", "iam"], capture_output=True, text=True, check=True).stdout.split("\n")
    absent = {line.split()[1] for line in lines if line.startswith("absent")}
    section = (root / "services/iam/README.md").read_text().split("## Absent")[1].split("\n## ")[0]
    listed = {word for row in section.split("\n") if row.startswith("| ") for word in row.split("|")[1].replace(",", " ").split()}
    assert absent == listed - {"Operations"}
