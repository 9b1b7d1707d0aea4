"""Who may what, as a client meets it: users and their policies, boundaries, conditions, policies of queues
and buckets, other accounts, nobody at all. Messages are AWS's."""
import json
import random
import threading
import time
import urllib.error
import urllib.request

import pytest
from botocore.exceptions import ClientError


def policy(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action, resource="*", **more):
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action, resource="*", **more):
    return {"Effect": "Deny", "Action": action, "Resource": resource, **more}


class Account:
    """An account of its own, as its root sees it."""

    def __init__(self, brume):
        self.brume = brume
        self.id = f"{random.randrange(10**11, 10**12):012}"
        self.iam = self.client("iam")

    def client(self, service, **options):
        return self.brume.client(service, account=self.id, **options)

    def user(self, name, *statements, boundary=None):
        options = {"PermissionsBoundary": boundary} if boundary else {}
        self.iam.create_user(UserName=name, **options)
        if statements:
            self.iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=policy(*statements))
        return User(self, name, self.iam.create_access_key(UserName=name)["AccessKey"])


class User:
    def __init__(self, account, name, key):
        self.account, self.name = account, name
        self.arn = f"arn:aws:iam::{account.id}:user/{name}"
        self.key, self.secret = key["AccessKeyId"], key["SecretAccessKey"]

    def client(self, service, **options):
        return self.account.brume.client(service, account=self.key, secret=self.secret, **options)


@pytest.fixture
def home(brume):
    return Account(brume)


@pytest.fixture
def abroad(brume):
    return Account(brume)


def refusal(call, **arguments):
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    error = caught.value.response
    return error["Error"]["Code"], error["Error"]["Message"], error["ResponseMetadata"]["HTTPStatusCode"]


def name():
    return f"r{random.randrange(16**10):010x}"


# ---- users and their policies ----

def test_without_policy_nothing_is_allowed_and_the_message_says_so(home):
    user = home.user("bob")
    queue = home.client("sqs").create_queue(QueueName="q")["QueueUrl"]
    assert refusal(user.client("sqs").send_message, QueueUrl=queue, MessageBody="x") == (
        "AccessDenied", f"User: {user.arn} is not authorized to perform: sqs:sendmessage on resource: arn:aws:sqs:us-east-1:{home.id}:q"
        " because no identity-based policy allows the sqs:sendmessage action", 403)
    bucket = name()
    home.client("s3").create_bucket(Bucket=bucket)
    assert refusal(user.client("s3").list_objects_v2, Bucket=bucket) == (
        "AccessDenied", f'User: {user.arn} is not authorized to perform: s3:ListBucket on resource: "arn:aws:s3:::{bucket}"'
        " because no identity-based policy allows the s3:ListBucket action", 403)
    assert refusal(user.client("iam").get_user, UserName="bob") == (
        "AccessDenied", f"User: {user.arn} is not authorized to perform: iam:GetUser on resource: {user.arn}"
        " because no identity-based policy allows the iam:GetUser action", 403)
    assert refusal(user.client("dynamodb").list_tables)[0::2] == ("AccessDeniedException", 400)
    assert user.client("sts").get_caller_identity()["Arn"] == user.arn  # asks no right


def test_a_policy_allows_what_it_names_and_a_deny_wins(home):
    sqs = home.client("sqs")
    mine, other = (sqs.create_queue(QueueName=n)["QueueUrl"] for n in ("mine", "other"))
    user = home.user("bob", allow("sqs:*", f"arn:aws:sqs:*:{home.id}:mine"), deny("sqs:PurgeQueue"))
    client = user.client("sqs")
    client.send_message(QueueUrl=mine, MessageBody="x")
    assert client.receive_message(QueueUrl=mine)["Messages"][0]["Body"] == "x"
    assert "no identity-based policy" in refusal(client.send_message, QueueUrl=other, MessageBody="x")[1]
    assert refusal(client.purge_queue, QueueUrl=mine)[1].endswith(
        f"sqs:purgequeue on resource: arn:aws:sqs:us-east-1:{home.id}:mine with an explicit deny in an identity-based policy")
    # Group policies count too, and a change counts at once.
    home.iam.create_group(GroupName="g")
    home.iam.put_group_policy(GroupName="g", PolicyName="p", PolicyDocument=policy(allow("sqs:SendMessage")))
    home.iam.add_user_to_group(GroupName="g", UserName="bob")
    client.send_message(QueueUrl=other, MessageBody="x")
    home.iam.remove_user_from_group(GroupName="g", UserName="bob")
    refusal(client.send_message, QueueUrl=other, MessageBody="x")


def test_conditional_rights_are_asked_too(home):
    user = home.user("bob", allow("sqs:CreateQueue"))
    user.client("sqs").create_queue(QueueName="plain")
    assert "sqs:tagqueue" in refusal(user.client("sqs").create_queue, QueueName="tagged", tags={"a": "b"})[1]


def test_a_boundary_is_the_most_there_can_be(home):
    boundary = home.iam.create_policy(PolicyName="b", PolicyDocument=policy(allow("sqs:ListQueues")))["Policy"]["Arn"]
    user = home.user("bob", allow("*"), boundary=boundary)
    user.client("sqs").list_queues()
    assert refusal(user.client("sqs").create_queue, QueueName="q")[1].endswith("because no permissions boundary allows the sqs:createqueue action")


# ---- keys ----

def test_a_key_that_is_switched_off_is_none(home):
    user = home.user("bob", allow("*"))
    user.client("sqs").list_queues()
    home.iam.update_access_key(UserName="bob", AccessKeyId=user.key, Status="Inactive")
    assert refusal(user.client("sqs").list_queues)[0] == "InvalidClientTokenId"
    assert refusal(user.client("s3").list_buckets)[0] == "InvalidAccessKeyId"
    home.iam.update_access_key(UserName="bob", AccessKeyId=user.key, Status="Active")
    user.client("sqs").list_queues()
    home.iam.delete_access_key(UserName="bob", AccessKeyId=user.key)
    assert refusal(user.client("sqs").list_queues)[0] == "InvalidClientTokenId"


def test_a_key_knows_when_and_where_it_was_used_last(home):
    user = home.user("bob", allow("*"))
    user.client("sqs", region="eu-west-1").list_queues()
    for _ in range(100):
        used = home.iam.get_access_key_last_used(AccessKeyId=user.key)["AccessKeyLastUsed"]
        if used.get("ServiceName") == "sqs":
            break
        time.sleep(0.05)
    assert (used["ServiceName"], used["Region"]) == ("sqs", "eu-west-1")


def test_a_wait_ends_with_its_right(home):
    queue = home.client("sqs").create_queue(QueueName="q")["QueueUrl"]
    user = home.user("bob", allow("sqs:ReceiveMessage"))
    answers = []

    def receive():
        try:
            answers.append(user.client("sqs").receive_message(QueueUrl=queue, WaitTimeSeconds=20))
        except ClientError as e:
            answers.append(e.response["Error"]["Code"])
    waiting = [threading.Thread(target=receive), threading.Thread(
        target=lambda: answers.append(home.client("sqs").receive_message(QueueUrl=queue, WaitTimeSeconds=20)["Messages"][0]["Body"]))]
    waiting[0].start()
    time.sleep(0.5)  # the first in the row of those who wait
    waiting[1].start()
    time.sleep(0.5)
    home.iam.delete_user_policy(UserName="bob", PolicyName="p")
    home.client("sqs").send_message(QueueUrl=queue, MessageBody="x")
    for thread in waiting:
        thread.join(15)
    assert sorted(answers) == ["AccessDenied", "x"]  # the wake was passed on to who may take it


# ---- conditions ----

@pytest.mark.parametrize("condition, holds", [
    ({"IpAddress": {"aws:SourceIp": ["127.0.0.0/8", "::1/128"]}}, True),
    ({"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}, False),
    ({"Bool": {"aws:SecureTransport": "false"}}, True),
    ({"StringEquals": {"aws:RequestedRegion": "us-east-1"}}, True),
    ({"StringNotEquals": {"aws:RequestedRegion": "us-east-1"}}, False),
    ({"StringEquals": {"aws:username": "bob"}}, True),
    ({"StringLike": {"aws:userid": "AIDA*"}}, True),
    ({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/bob"}}, True),
    ({"StringEquals": {"aws:PrincipalType": "User"}}, True),
    ({"StringEquals": {"aws:PrincipalTag/team": "red"}}, True),
    ({"StringEquals": {"aws:PrincipalTag/team": "blue"}}, False),
    ({"Null": {"aws:MultiFactorAuthPresent": "true"}}, True),
    ({"Bool": {"aws:PrincipalIsAWSService": "false", "aws:ViaAWSService": "false"}}, True),
    ({"DateLessThan": {"aws:CurrentTime": "2000-01-01T00:00:00Z"}}, False),
    ({"NumericGreaterThan": {"aws:EpochTime": "1700000000"}}, True),
    ({"StringLike": {"aws:UserAgent": "*Boto3*"}}, True),
    ({"Null": {"aws:SourceVpce": "false"}}, False),  # no call comes through an endpoint
    ({"StringEquals": {"aws:SourceVpce": "vpce-1"}}, False),
    ({"StringNotEquals": {"aws:SourceVpce": "vpce-1"}}, True),
    ({"StringEqualsIfExists": {"aws:SourceVpce": "vpce-1", "aws:SourceVpc": "vpc-1"}}, True),
    ({"Null": {"aws:PrincipalOrgID": "false"}}, False),
], ids=lambda v: next(iter(next(iter(v.values())))) if isinstance(v, dict) else str(v))
def test_global_condition_keys(home, condition, holds):
    user = home.user("bob", allow("sqs:ListQueues", Condition=condition))
    home.iam.tag_user(UserName="bob", Tags=[{"Key": "team", "Value": "red"}])
    if holds:
        user.client("sqs").list_queues()
    else:
        refusal(user.client("sqs").list_queues)


def test_tags_of_request_and_resource(home):
    user = home.user("bob", allow(["sqs:CreateQueue", "sqs:TagQueue"], Condition={
        "StringEquals": {"aws:RequestTag/team": "red"}, "ForAllValues:StringEquals": {"aws:TagKeys": ["team", "stage"]}}),
        allow("sqs:PurgeQueue", Condition={"StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"}}))
    home.iam.tag_user(UserName="bob", Tags=[{"Key": "team", "Value": "red"}])
    client = user.client("sqs")
    refusal(client.create_queue, QueueName="q", tags={"team": "blue"})
    refusal(client.create_queue, QueueName="q", tags={"team": "red", "owner": "x"})
    red = client.create_queue(QueueName="q", tags={"team": "red", "stage": "x"})["QueueUrl"]
    blue = home.client("sqs").create_queue(QueueName="b", tags={"team": "blue"})["QueueUrl"]
    client.purge_queue(QueueUrl=red)
    refusal(client.purge_queue, QueueUrl=blue)


def test_keys_of_s3(home):
    bucket = name()
    s3 = home.client("s3")
    s3.create_bucket(Bucket=bucket)
    arn = f"arn:aws:s3:::{bucket}"
    user = home.user("bob",
                     allow("s3:ListBucket", arn, Condition={"StringLike": {"s3:prefix": "home/${aws:username}/*"}, "NumericLessThanEquals": {"s3:max-keys": 10}}),
                     allow("s3:PutObject", f"{arn}/*", Condition={"StringEquals": {"s3:x-amz-server-side-encryption": "AES256", "s3:signatureversion": "AWS4-HMAC-SHA256"}}),
                     allow("s3:GetObject", f"{arn}/*", Condition={"StringEquals": {"s3:ExistingObjectTag/public": "yes"}}),
                     allow("s3:GetObject", f"{arn}/signed", Condition={"StringEquals": {"s3:authType": "REST-QUERY-STRING"}}),
                     allow("s3:DeleteObject", f"{arn}/home/${{aws:username}}/*"))
    client = user.client("s3")
    client.list_objects_v2(Bucket=bucket, Prefix="home/bob/", MaxKeys=10)
    refusal(client.list_objects_v2, Bucket=bucket, Prefix="home/eve/", MaxKeys=10)
    refusal(client.list_objects_v2, Bucket=bucket, Prefix="home/bob/", MaxKeys=11)
    refusal(client.put_object, Bucket=bucket, Key="k", Body=b"x")
    client.put_object(Bucket=bucket, Key="k", Body=b"x", ServerSideEncryption="AES256")
    assert refusal(client.get_object, Bucket=bucket, Key="k")[0] == "AccessDenied"
    s3.put_object_tagging(Bucket=bucket, Key="k", Tagging={"TagSet": [{"Key": "public", "Value": "yes"}]})
    assert client.get_object(Bucket=bucket, Key="k")["Body"].read() == b"x"
    s3.put_object(Bucket=bucket, Key="signed", Body=b"s")
    refusal(client.get_object, Bucket=bucket, Key="signed")
    url = client.generate_presigned_url("get_object", {"Bucket": bucket, "Key": "signed"})
    assert urllib.request.urlopen(url).read() == b"s"
    client.delete_object(Bucket=bucket, Key="home/bob/x")
    refusal(client.delete_object, Bucket=bucket, Key="home/eve/x")


def test_without_the_right_to_list_an_absent_object_is_forbidden(home):
    bucket = name()
    home.client("s3").create_bucket(Bucket=bucket)
    user = home.user("bob", allow("s3:GetObject"))
    assert refusal(user.client("s3").get_object, Bucket=bucket, Key="absent")[0] == "AccessDenied"
    home.iam.put_user_policy(UserName="bob", PolicyName="l", PolicyDocument=policy(allow("s3:ListBucket")))
    assert refusal(user.client("s3").get_object, Bucket=bucket, Key="absent")[0] == "NoSuchKey"


# ---- policies of resources ----

def test_a_queue_s_policy_lets_in_who_it_names(home, abroad):
    sqs = home.client("sqs")
    queue = sqs.create_queue(QueueName="q")["QueueUrl"]
    own, eve = home.user("bob"), abroad.user("eve", allow("sqs:*"))
    send = {"QueueUrl": queue, "MessageBody": "x"}
    assert "no identity-based policy" in refusal(own.client("sqs").send_message, **send)[1]
    assert "no resource-based policy allows the sqs:sendmessage action" in refusal(eve.client("sqs").send_message, **send)[1]
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy(
        allow("sqs:SendMessage", f"arn:aws:sqs:us-east-1:{home.id}:q", Principal={"AWS": [own.arn, abroad.id]}))})
    own.client("sqs").send_message(**send)  # in the account the queue's policy is enough
    eve.client("sqs").send_message(**send)
    abroad.client("sqs").send_message(**send)  # its root
    refusal(eve.client("sqs").receive_message, QueueUrl=queue)
    abroad.iam.delete_user_policy(UserName="eve", PolicyName="p")
    assert "no identity-based policy" in refusal(eve.client("sqs").send_message, **send)[1]  # across accounts both must allow
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy(deny("sqs:SendMessage", Principal="*"))})
    assert refusal(sqs.send_message, **send)[1].endswith("with an explicit deny in a resource-based policy")  # root too
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": ""})
    sqs.send_message(**send)


def test_a_queue_s_policy_may_let_in_everybody(home):
    sqs = home.client("sqs")
    queue = sqs.create_queue(QueueName="q")["QueueUrl"]

    def unsigned(body):
        try:
            return urllib.request.urlopen(f"{queue}?Action=SendMessage&MessageBody={body}&Version=2012-11-05").status
        except urllib.error.HTTPError as e:
            return e.code, e.read().decode()
    status, text = unsigned("a")
    assert status == 403 and "MissingAuthenticationToken" in text
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy(allow("sqs:SendMessage", Principal="*"))})
    assert unsigned("b") == 200
    assert sqs.receive_message(QueueUrl=queue)["Messages"][0]["Body"] == "b"


def test_strangers_learn_nothing_from_a_bucket_s_refusal(home, abroad):
    bucket = name()
    home.client("s3").create_bucket(Bucket=bucket)
    eve = abroad.user("eve", allow("s3:*"))
    assert refusal(eve.client("s3").list_objects_v2, Bucket=bucket) == ("AccessDenied", "Access Denied", 403)
    bob = home.user("bob")
    assert refusal(bob.client("s3").list_buckets)[1] == (
        f"User: {bob.arn} is not authorized to perform: s3:ListAllMyBuckets because no identity-based policy allows the s3:ListAllMyBuckets action")


def test_add_permission_lets_an_account_in(home, abroad):
    sqs = home.client("sqs")
    queue = sqs.create_queue(QueueName="q")["QueueUrl"]
    refusal(abroad.client("sqs").send_message, QueueUrl=queue, MessageBody="x")
    sqs.add_permission(QueueUrl=queue, Label="l", AWSAccountIds=[abroad.id], Actions=["SendMessage"])
    abroad.client("sqs").send_message(QueueUrl=queue, MessageBody="x")
    sqs.remove_permission(QueueUrl=queue, Label="l")
    refusal(abroad.client("sqs").send_message, QueueUrl=queue, MessageBody="x")


def test_a_policy_that_is_none_is_refused(home):
    sqs = home.client("sqs")
    queue = sqs.create_queue(QueueName="q")["QueueUrl"]
    for document in ("{", policy({"Effect": "Allow", "Principal": "*"}), policy(allow("sqs:*", Principal={"Nobody": "x"}))):
        assert refusal(sqs.set_queue_attributes, QueueUrl=queue, Attributes={"Policy": document})[0] == "InvalidAttributeValue"


def test_a_bucket_s_policy_lets_in_other_accounts_and_everybody(home, abroad):
    bucket = name()
    s3 = home.client("s3")
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    eve = abroad.user("eve", allow("s3:*"))
    url = f"{home.brume.url}/{bucket}/k"

    def anonymous():
        try:
            return urllib.request.urlopen(url).status
        except urllib.error.HTTPError as e:
            return e.code
    assert refusal(eve.client("s3").get_object, Bucket=bucket, Key="k")[0] == "AccessDenied"
    assert anonymous() == 403
    s3.put_bucket_policy(Bucket=bucket, Policy=policy(allow("s3:GetObject", f"arn:aws:s3:::{bucket}/*", Principal={"AWS": eve.arn})))
    assert eve.client("s3").get_object(Bucket=bucket, Key="k")["Body"].read() == b"x"
    assert anonymous() == 403
    s3.delete_public_access_block(Bucket=bucket)
    s3.put_bucket_policy(Bucket=bucket, Policy=policy(allow("s3:GetObject", f"arn:aws:s3:::{bucket}/*", Principal="*",
                                                            Condition={"StringEquals": {"aws:PrincipalType": "Anonymous"}})))
    assert anonymous() == 200
    refusal(eve.client("s3").get_object, Bucket=bucket, Key="k")


# ---- what a call names beside its own account ----

def test_a_table_s_arn_names_its_account(home, abroad):
    theirs = abroad.client("dynamodb")
    arn = theirs.create_table(TableName="things", BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
                              AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}])["TableDescription"]["TableArn"]
    theirs.get_waiter("table_exists").wait(TableName="things", WaiterConfig={"Delay": 1})
    for client in (home.client("dynamodb"), home.user("bob", allow("dynamodb:*")).client("dynamodb")):
        for call, more in ((client.describe_time_to_live, {}), (client.describe_continuous_backups, {}),
                           (client.update_table, {"DeletionProtectionEnabled": True}), (client.delete_table, {})):
            assert refusal(call, TableName=arn, **more)[0].startswith("AccessDenied")
    assert not theirs.describe_table(TableName="things")["Table"]["DeletionProtectionEnabled"]


def test_a_condition_on_the_boundary_is_about_the_one_that_is_asked_for(home):
    allowed, wide = (home.iam.create_policy(PolicyName=n, PolicyDocument=policy(allow(a)))["Policy"]["Arn"] for n, a in (("narrow", "sqs:*"), ("wide", "*")))
    home.user("limited", boundary=allowed)
    keeper = home.user("keeper", allow("iam:PutUserPermissionsBoundary", Condition={"StringEquals": {"iam:PermissionsBoundary": allowed}})).client("iam")
    keeper.put_user_permissions_boundary(UserName="limited", PermissionsBoundary=allowed)
    assert refusal(keeper.put_user_permissions_boundary, UserName="limited", PermissionsBoundary=wide)[0] == "AccessDenied"


def test_a_federated_session_ends_with_its_user(home):
    def federated():
        user = home.user("fed", allow("*"))
        session = user.client("sts").get_federation_token(Name="fx", Policy=policy(allow("sqs:ListQueues")))["Credentials"]
        return home.brume.client("sqs", account=session["AccessKeyId"], secret=session["SecretAccessKey"], aws_session_token=session["SessionToken"])
    old = federated()
    for key in home.iam.list_access_keys(UserName="fed")["AccessKeyMetadata"]:
        home.iam.delete_access_key(UserName="fed", AccessKeyId=key["AccessKeyId"])
    home.iam.delete_user_policy(UserName="fed", PolicyName="p")
    home.iam.delete_user(UserName="fed")
    new = federated()
    for _ in range(8):  # whichever thread answers
        new.list_queues()
        assert refusal(old.list_queues)[0] == "AccessDenied"


def test_moved_messages_go_only_where_the_mover_may_send(home, abroad):
    sqs, theirs = home.client("sqs"), abroad.client("sqs")
    arn = f"arn:aws:sqs:us-east-1:{home.id}:dead"
    dead = sqs.create_queue(QueueName="dead")["QueueUrl"]
    sqs.create_queue(QueueName="alive", Attributes={"RedrivePolicy": json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": "1"})})
    theirs.create_queue(QueueName="target")
    sqs.send_message(QueueUrl=dead, MessageBody="m")
    foreign = f"arn:aws:sqs:us-east-1:{abroad.id}:target"
    assert "sqs:sendmessage" in refusal(sqs.start_message_move_task, SourceArn=arn, DestinationArn=foreign)[1]
    mover = home.user("mover", allow("sqs:StartMessageMoveTask")).client("sqs")
    assert "sqs:receivemessage" in refusal(mover.start_message_move_task, SourceArn=arn)[1]
    reader = home.user("reader", allow(["sqs:StartMessageMoveTask", "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"])).client("sqs")
    own = f"arn:aws:sqs:us-east-1:{home.id}:alive"
    assert "sqs:sendmessage" in refusal(reader.start_message_move_task, SourceArn=arn, DestinationArn=own)[1]
    assert "sqs:sendmessage" in refusal(reader.start_message_move_task, SourceArn=arn)[1]
    sqs.start_message_move_task(SourceArn=arn, DestinationArn=own)


def role_for(account, service, *statements):
    role = name()
    trust = policy({"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"})
    arn = account.iam.create_role(RoleName=role, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    account.iam.put_role_policy(RoleName=role, PolicyName="p", PolicyDocument=policy(*statements))
    return arn


def test_a_role_is_given_to_a_service_by_who_may_pass_it(home, abroad):
    arn = role_for(home, "events.amazonaws.com", allow("*"))
    queue = f"arn:aws:sqs:us-east-1:{home.id}:q"

    def put(client, role=arn):
        return client.put_targets(Rule="r", Targets=[{"Id": "t", "Arn": queue, "RoleArn": role}])

    home.client("events").put_rule(Name="r", ScheduleExpression="rate(1 day)")
    plain = home.user("plain", allow("events:*")).client("events")
    assert refusal(put, client=plain)[1] == (f"User: arn:aws:iam::{home.id}:user/plain is not authorized to perform: iam:PassRole on resource: {arn} "
                                             "because no identity-based policy allows the iam:PassRole action")
    assert refusal(plain.put_rule, Name="r", ScheduleExpression="rate(1 day)", RoleArn=arn)[0] == "AccessDeniedException"

    def passes(service):
        return allow("iam:PassRole", arn, Condition={"StringEquals": {"iam:PassedToService": service}})

    assert refusal(put, client=home.user("other", allow("events:*"), passes("ec2.amazonaws.com")).client("events"))[0] == "AccessDeniedException"
    put(home.user("passer", allow("events:*"), passes("events.amazonaws.com")).client("events"))
    foreign = role_for(abroad, "events.amazonaws.com", allow("*"))
    assert refusal(put, client=home.client("events"), role=foreign)[0] == "AccessDeniedException"


def test_rules_of_another_account_s_bus_are_not_listed(home, abroad):
    bus = abroad.client("events").create_event_bus(Name="theirs")["EventBusArn"]
    abroad.client("events").put_rule(Name="secret", EventBusName="theirs", EventPattern='{"source": ["s"]}')
    mine = home.client("events")
    assert refusal(mine.list_rules, EventBusName=bus)[0] == "AccessDeniedException"
    assert refusal(mine.list_rule_names_by_target, TargetArn=f"arn:aws:sqs:us-east-1:{home.id}:q", EventBusName=bus)[0] == "AccessDeniedException"
    for arn in (bus, bus + "-not"):
        assert refusal(mine.create_archive, ArchiveName="a", EventSourceArn=arn)[0] == "ResourceNotFoundException"


def test_a_bus_delivers_in_its_own_account_s_name(home, abroad):
    """Who puts an event on another account's bus lends its rules nothing."""
    mine, theirs, sqs = home.client("events"), abroad.client("events"), home.client("sqs")
    trap = theirs.create_event_bus(Name="trap")["EventBusArn"]
    theirs.put_permission(EventBusName="trap", Action="events:PutEvents", Principal=home.id, StatementId="s")
    own = mine.create_event_bus(Name="own")["EventBusArn"]
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    queue = f"arn:aws:sqs:us-east-1:{home.id}:q"
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy(allow("sqs:SendMessage", queue, Principal={"Service": "events.amazonaws.com"},
                                                                             Condition={"StringEquals": {"aws:SourceAccount": home.id}}))})
    mine.put_rule(Name="r", EventBusName="own", EventPattern='{"source": ["s"]}')
    mine.put_targets(Rule="r", EventBusName="own", Targets=[{"Id": "q", "Arn": queue, "Input": '"by the own bus"'}])
    theirs.put_rule(Name="r", EventBusName="trap", EventPattern='{"source": ["s"]}')
    theirs.put_targets(Rule="r", EventBusName="trap", Targets=[{"Id": "bus", "Arn": own}, {"Id": "q", "Arn": queue, "Input": '"by the trap"'}])
    mine.put_events(Entries=[{"EventBusName": trap, "Source": "s", "DetailType": "d", "Detail": "{}"}])
    assert not sqs.receive_message(QueueUrl=url).get("Messages")
    mine.put_permission(EventBusName="own", Action="events:PutEvents", Principal=abroad.id, StatementId="s")
    mine.put_events(Entries=[{"EventBusName": trap, "Source": "s", "DetailType": "d", "Detail": "{}"}])
    assert [m["Body"] for m in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])] == ['"by the own bus"']
