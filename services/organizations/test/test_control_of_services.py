"""Service control policies limit each service; resource control policies those that AWS's user guide lists, and no
other: in each room of the list one call that a policy denies to the member's own administrator and root."""
import json

import pytest
from organization_kit import refusal

BY_RESOURCE = "with an explicit deny in a resource control policy"
BY_SERVICE = "with an explicit deny in a service control policy"


def s3(org, account):
    client, bucket = org.of(account, "s3"), f"controlled-{account}"
    client.create_bucket(Bucket=bucket)
    return lambda: client.list_objects_v2(Bucket=bucket)


def sqs(org, account):
    client = org.of(account, "sqs")
    queue = client.create_queue(QueueName="controlled")["QueueUrl"]
    return lambda: client.send_message(QueueUrl=queue, MessageBody="m")


def kms(org, account):
    client = org.of(account, "kms")
    key = client.create_key()["KeyMetadata"]["KeyId"]
    return lambda: client.encrypt(KeyId=key, Plaintext=b"x")


def sts(org, account):
    """By a user: no root takes a role."""
    trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account}:root"}, "Action": "sts:AssumeRole"}]}
    allow = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    iam = org.of(account, "iam")
    role = iam.create_role(RoleName="controlled", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    iam.create_user(UserName="u")
    iam.put_user_policy(UserName="u", PolicyName="p", PolicyDocument=json.dumps(allow))
    key = iam.create_access_key(UserName="u")["AccessKey"]
    client = org.of(key["AccessKeyId"], "sts", secret=key["SecretAccessKey"])
    return lambda: client.assume_role(RoleArn=role, RoleSessionName="controlled")


def dynamodb(org, account):
    client = org.of(account, "dynamodb")
    client.create_table(TableName="controlled", BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
                        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}])
    client.get_waiter("table_exists").wait(TableName="controlled", WaiterConfig={"Delay": 1})
    return lambda: client.put_item(TableName="controlled", Item={"k": {"S": "k"}})


def logs(org, account):
    client = org.of(account, "logs")
    client.create_log_group(logGroupName="controlled")
    return lambda: client.put_retention_policy(logGroupName="controlled", retentionInDays=7)


def sns(org, account):
    client = org.of(account, "sns")
    topic = client.create_topic(Name="controlled")["TopicArn"]
    return lambda: client.publish(TopicArn=topic, Message="m")


def events(org, account):
    client = org.of(account, "events")
    client.put_rule(Name="controlled", EventPattern='{"source": ["s"]}')
    return lambda: client.disable_rule(Name="controlled")


def scheduler(org, account):
    client = org.of(account, "scheduler")
    client.create_schedule_group(Name="controlled")
    return lambda: client.get_schedule_group(Name="controlled")


def cloudwatch(org, account):
    client = org.of(account, "cloudwatch")
    return lambda: client.put_metric_data(Namespace="controlled", MetricData=[{"MetricName": "m", "Value": 1}])


def iam(org, account):
    client = org.of(account, "iam")
    return lambda: client.list_users()


CONTROLLED = [s3, sqs, kms, sts, dynamodb, logs]
OTHERS = [sns, events, scheduler, cloudwatch, iam]


def deny(org, kind, actions, target):
    """Attaches a policy that denies; what is returned takes it away."""
    statement = {"Effect": "Deny", "Action": actions, "Resource": "*"}
    if kind == "RESOURCE_CONTROL_POLICY":
        statement["Principal"] = "*"
    content = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    policy = org.client.create_policy(Name=f"deny {len(org.client.list_policies(Filter=kind)['Policies'])}", Description="", Type=kind, Content=content)
    policy = policy["Policy"]["PolicySummary"]["Id"]
    org.client.attach_policy(PolicyId=policy, TargetId=target)
    return lambda: org.client.detach_policy(PolicyId=policy, TargetId=target)


@pytest.mark.parametrize("service", CONTROLLED + OTHERS, ids=lambda f: f.__name__)
def test_each_service_is_limited_as_on_aws(org, service):
    org.client.enable_policy_type(RootId=org.root, PolicyType="RESOURCE_CONTROL_POLICY")
    member, action = org.account(), [f"{service.__name__}:*"]
    call = service(org, member)
    call()
    lift = deny(org, "RESOURCE_CONTROL_POLICY", action, member)
    if service in CONTROLLED:
        code, message, _ = refusal(call)
        assert code in ("AccessDenied", "AccessDeniedException") and BY_RESOURCE in message
    else:
        call()
    lift()
    call()
    lift = deny(org, "SERVICE_CONTROL_POLICY", action, member)
    code, message, _ = refusal(call)
    assert code in ("AccessDenied", "AccessDeniedException", "AuthorizationError") and BY_SERVICE in message
    lift()
    call()


def test_the_management_account_s_resources_are_free(org):
    org.client.enable_policy_type(RootId=org.root, PolicyType="RESOURCE_CONTROL_POLICY")
    call, of_member = sqs(org, org.management), sqs(org, org.account())
    deny(org, "RESOURCE_CONTROL_POLICY", ["sqs:*"], org.root)
    call()
    assert BY_RESOURCE in refusal(of_member)[1]


def test_keys_of_aws_are_beyond_resource_control(org):
    """Customers' keys are limited, AWS's own are not; and a grant can always be given back."""
    org.client.enable_policy_type(RootId=org.root, PolicyType="RESOURCE_CONTROL_POLICY")
    member = org.account()
    keys, queues = org.of(member, "kms"), org.of(member, "sqs")
    own = keys.create_key()["KeyMetadata"]["Arn"]
    grant = keys.create_grant(KeyId=own, GranteePrincipal=f"arn:aws:iam::{member}:root", RetiringPrincipal=f"arn:aws:iam::{member}:root", Operations=["Decrypt"])
    under = {key: queues.create_queue(QueueName=name, Attributes={"KmsMasterKeyId": key})["QueueUrl"] for name, key in (("own", own), ("aws", "alias/aws/sqs"))}
    deny(org, "RESOURCE_CONTROL_POLICY", ["kms:*"], member)
    queues.send_message(QueueUrl=under["alias/aws/sqs"], MessageBody="m")
    assert refusal(queues.send_message, QueueUrl=under[own], MessageBody="m")[0] == "KMS.AccessDeniedException"
    assert BY_RESOURCE in refusal(keys.list_grants, KeyId=own)[1]
    keys.retire_grant(KeyId=own, GrantId=grant["GrantId"])
