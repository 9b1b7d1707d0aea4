"""What the tests of STS share: users and roles of an account, clients with temporary credentials."""
import itertools
import json

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

ACCOUNT = "440000000001"
ALLOW_ALL = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
names = (f"n{i}" for i in itertools.count())


def refusal(call, **arguments):
    with pytest.raises(ClientError) as error:
        call(**arguments)
    return error.value.response["Error"]["Code"], error.value.response["Error"]["Message"]


def client(server, service, credentials, region="us-east-1"):
    return boto3.client(service, endpoint_url=server.url, region_name=region, aws_access_key_id=credentials["AccessKeyId"],
                        aws_secret_access_key=credentials["SecretAccessKey"], aws_session_token=credentials.get("SessionToken"),
                        config=Config(retries={"max_attempts": 0}))


class Realm:
    """Users and roles of one account, made by its root."""

    def __init__(self, server, account=ACCOUNT):
        self.server, self.account = server, account
        self.iam = server.client("iam", account=account)

    def user(self, policy=ALLOW_ALL):
        name = next(names)
        self.iam.create_user(UserName=name)
        if policy:
            self.iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=json.dumps(policy))
        return self.iam.create_access_key(UserName=name)["AccessKey"]

    def arn(self, user):
        return f"arn:aws:iam::{self.account}:user/{user['UserName']}"

    def role(self, principal=None, action="sts:AssumeRole", condition=None, policy=ALLOW_ALL, **options):
        name = next(names)
        statement = {"Effect": "Allow", "Principal": principal or {"AWS": self.account}, "Action": action}
        if condition:
            statement["Condition"] = condition
        trust = {"Version": "2012-10-17", "Statement": [statement]}
        arn = self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust), **options)["Role"]["Arn"]
        if policy:
            self.iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=json.dumps(policy))
        return arn

    def sts(self, credentials):
        return client(self.server, "sts", credentials)
