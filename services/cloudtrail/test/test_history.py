"""Event history: who did what, from where, with which answer."""
import datetime
import json

import pytest
from botocore.exceptions import ClientError

from kit import until


def events(client, **attributes):
    lookup = [{"AttributeKey": k, "AttributeValue": v} for k, v in attributes.items()]
    pages = client.get_paginator("lookup_events").paginate(LookupAttributes=lookup)
    return [e for page in pages for e in page["Events"]]


def detail(event):
    return json.loads(event["CloudTrailEvent"])


def refused(error, code):
    assert error.value.response["Error"]["Code"] == code


@pytest.mark.as_root
def test_a_change_is_an_event(brume, account, trail):
    sqs = brume.client("sqs", account=account)
    answer = sqs.create_queue(QueueName="recorded", Attributes={"VisibilityTimeout": "7"})
    event, = events(trail, EventName="CreateQueue")
    assert event["EventSource"] == "sqs.amazonaws.com" and event["ReadOnly"] == "false" and event["Username"] == "root"
    assert event["Resources"] == [{"ResourceType": "AWS::SQS::Queue", "ResourceName": "recorded"}]
    e = detail(event)
    assert e["eventVersion"] == "1.11" and e["eventID"] == event["EventId"] and e["awsRegion"] == "us-east-1"
    assert e["userIdentity"] == {"type": "Root", "principalId": account, "arn": f"arn:aws:iam::{account}:root", "accountId": account, "accessKeyId": account}
    assert e["sourceIPAddress"] in ("127.0.0.1", "::1") and e["userAgent"].startswith("Boto3/")
    assert e["requestParameters"] == {"queueName": "recorded", "attributes": {"VisibilityTimeout": "7"}}
    assert e["responseElements"] == {"queueUrl": answer["QueueUrl"]} and e["requestID"] == answer["ResponseMetadata"]["RequestId"]
    assert e["readOnly"] is False and e["managementEvent"] is True and e["eventCategory"] == "Management" and e["eventType"] == "AwsApiCall"
    assert e["recipientAccountId"] == account and e["eventTime"].endswith("Z")
    for key, value in [("Username", "root"), ("EventId", e["eventID"]), ("ResourceType", "AWS::SQS::Queue"), ("ResourceName", "recorded")]:
        assert e["eventID"] in [found["EventId"] for found in events(trail, **{key: value})], key


def test_reads_and_refusals_are_events_too(brume, account, trail):
    sqs = brume.client("sqs", account=account)
    with pytest.raises(ClientError):
        sqs.get_queue_url(QueueName="absent")
    sqs.list_queues()
    names = [(e["EventName"], detail(e).get("errorCode"), detail(e)["responseElements"]) for e in events(trail, EventSource="sqs.amazonaws.com")]
    assert names == [("ListQueues", None, None), ("GetQueueUrl", "QueueDoesNotExist", None)]
    assert {e["EventName"] for e in events(trail, ReadOnly="true")} >= {"ListQueues", "GetQueueUrl"}


def test_an_error_has_the_name_of_its_description(brume, account, trail):
    with pytest.raises(ClientError) as error:
        brume.client("iam", account=account).get_role(RoleName="nobody")
    refused(error, "NoSuchEntity")
    event, = events(trail, EventName="GetRole")
    assert detail(event)["errorCode"] == "NoSuchEntityException"


def test_parameters_of_s3_have_the_names_of_the_wire(brume, account, trail):
    s3, bucket = brume.client("s3", account=account), f"parameters-{account}"
    s3.create_bucket(Bucket=bucket, ACL="private")
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    created, = events(trail, EventName="CreateBucket")
    assert detail(created)["requestParameters"] == {"bucketName": bucket, "x-amz-acl": "private"}
    changed, = events(trail, EventName="PutBucketVersioning")
    parameters = detail(changed)["requestParameters"]
    assert parameters["bucketName"] == bucket and parameters["VersioningConfiguration"] == {"Status": "Enabled"}


@pytest.mark.as_root
def test_what_a_task_calls_is_on_record(brume, account, trail):
    """An import reads objects on a worker, with its caller's rights; S3 opens them by KMS."""
    s3, dynamodb, bucket = brume.client("s3", account=account), brume.client("dynamodb", account=account), f"import-{account}"
    key = brume.client("kms", account=account).create_key()["KeyMetadata"]["Arn"]
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="a.csv", Body="p\nx\n", ServerSideEncryption="aws:kms", SSEKMSKeyId=key)
    table = {"TableName": "imported", "KeySchema": [{"AttributeName": "p", "KeyType": "HASH"}], "BillingMode": "PAY_PER_REQUEST",
             "AttributeDefinitions": [{"AttributeName": "p", "AttributeType": "S"}]}
    begun = dynamodb.import_table(S3BucketSource={"S3Bucket": bucket}, InputFormat="CSV", TableCreationParameters=table)["ImportTableDescription"]["ImportArn"]
    until(lambda: dynamodb.describe_import(ImportArn=begun)["ImportTableDescription"]["ImportStatus"] == "COMPLETED")
    opened = [detail(e) for e in events(trail, EventName="Decrypt")]
    assert opened and all(e["userIdentity"]["type"] == "Root" and e["userIdentity"]["invokedBy"] == e["sourceIPAddress"] == "s3.amazonaws.com" for e in opened)


def test_denied_calls_of_a_user(brume, account, trail):
    iam = brume.client("iam", account=account)
    iam.create_user(UserName="mallory")
    key = iam.create_access_key(UserName="mallory")["AccessKey"]
    with pytest.raises(ClientError):
        brume.client("kms", account=key["AccessKeyId"], secret=key["SecretAccessKey"]).create_key()
    event, = events(trail, Username="mallory")
    e = detail(event)
    assert event["EventName"] == "CreateKey" and e["errorCode"] == "AccessDenied" and "not authorized to perform: kms:CreateKey" in e["errorMessage"]
    assert e["userIdentity"]["type"] == "IAMUser" and e["userIdentity"]["userName"] == "mallory" and e["userIdentity"]["accessKeyId"] == key["AccessKeyId"]
    assert [x["EventId"] for x in events(trail, AccessKeyId=key["AccessKeyId"])] == [event["EventId"]]


@pytest.mark.as_root
def test_secrets_are_not_on_record(brume, account, trail):
    iam = brume.client("iam", account=account)
    iam.create_user(UserName="bob")
    secret = iam.create_access_key(UserName="bob")["AccessKey"]["SecretAccessKey"]
    kms = brume.client("kms", account=account)
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.encrypt(KeyId=key, Plaintext=b"top secret", EncryptionContext={"purpose": "tests"})
    texts = [e["CloudTrailEvent"] for e in events(trail)]
    assert not any(secret in t or "dG9wIHNlY3JldA" in t for t in texts)
    event, = events(trail, EventName="Encrypt")
    assert detail(event)["requestParameters"] == {"keyId": key, "encryptionContext": {"purpose": "tests"}} and detail(event)["readOnly"] is True
    made, = events(trail, EventName="CreateAccessKey")
    assert detail(made)["responseElements"]["accessKey"]["secretAccessKey"] == "HIDDEN_DUE_TO_SECURITY_REASONS"


def test_a_session_has_its_context(brume, account, trail):
    iam, sts = brume.client("iam", account=account), brume.client("sts", account=account)
    trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account}:root"}, "Action": "sts:AssumeRole"}]}
    role = iam.create_role(RoleName="r", AssumeRolePolicyDocument=json.dumps(trust))["Role"]
    iam.put_role_policy(RoleName="r", PolicyName="p", PolicyDocument=json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}]}))
    iam.create_user(UserName="u")
    key = iam.create_access_key(UserName="u")["AccessKey"]
    iam.put_user_policy(UserName="u", PolicyName="p", PolicyDocument=json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}]}))
    user_sts = brume.client("sts", account=key["AccessKeyId"], secret=key["SecretAccessKey"])
    session = user_sts.assume_role(RoleArn=role["Arn"], RoleSessionName="nightly")["Credentials"]
    brume.client("sqs", account=session["AccessKeyId"], secret=session["SecretAccessKey"], aws_session_token=session["SessionToken"]).create_queue(QueueName="q")
    event, = events(trail, Username="nightly")
    identity = detail(event)["userIdentity"]
    assert identity["type"] == "AssumedRole" and identity["arn"] == f"arn:aws:sts::{account}:assumed-role/r/nightly"
    assert identity["sessionContext"]["sessionIssuer"] == {"type": "Role", "principalId": role["RoleId"], "arn": role["Arn"], "accountId": account, "userName": "r"}
    assert identity["sessionContext"]["attributes"]["mfaAuthenticated"] == "false"


def test_data_calls_are_no_history(brume, account, trail):
    sqs = brume.client("sqs", account=account)
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="x")
    assert [e["EventName"] for e in events(trail) if e["EventSource"] == "sqs.amazonaws.com"] == ["CreateQueue"]


def test_twenty_calls_in_pages(brume, account, trail):
    sqs = brume.client("sqs", account=account)
    for i in range(20):
        sqs.create_queue(QueueName=f"q{i}") if i % 2 else sqs.list_queues(QueueNamePrefix=f"p{i}")
    pages, token = [], {}
    while True:
        page = trail.lookup_events(MaxResults=7, LookupAttributes=[{"AttributeKey": "EventSource", "AttributeValue": "sqs.amazonaws.com"}], **token)
        pages.append([e["EventId"] for e in page["Events"]])
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    assert [len(p) for p in pages] == [7, 7, 6] and len({e for p in pages for e in p}) == 20
    found = events(trail, ResourceName="q3")
    assert [e["EventName"] for e in found] == ["CreateQueue"]
    assert len(events(trail, ResourceType="AWS::SQS::Queue")) >= 10


def test_time_and_mistakes(brume, account, trail):
    brume.client("sqs", account=account).list_queues()
    now = datetime.datetime.now(datetime.timezone.utc)
    assert trail.lookup_events(EndTime=now - datetime.timedelta(hours=1))["Events"] == []
    assert trail.lookup_events(StartTime=now - datetime.timedelta(minutes=5))["Events"]
    with pytest.raises(ClientError) as error:
        trail.lookup_events(StartTime=now, EndTime=now - datetime.timedelta(hours=1))
    refused(error, "InvalidTimeRangeException")
    with pytest.raises(ClientError) as error:
        trail.lookup_events(NextToken="nonsense")
    refused(error, "InvalidNextTokenException")


def test_ninety_days(start_brume):
    server = start_brume()
    sqs, trail = server.client("sqs"), server.client("cloudtrail")
    sqs.create_queue(QueueName="old")
    sqs.list_queues()
    server.advance_clock(91 * 24 * 3600 * 1000)
    sqs.create_queue(QueueName="new")
    assert [e["EventName"] for e in events(trail) if e["EventSource"] == "sqs.amazonaws.com"] == ["CreateQueue"]


def test_a_change_survives_a_crash_with_its_event(start_brume):
    server = start_brume()
    sqs = server.client("sqs")
    for i in range(10):
        sqs.create_queue(QueueName=f"q{i}")
    sqs.list_queues()
    server.kill()
    server.start()
    found = [e["EventName"] for e in events(server.client("cloudtrail")) if e["EventSource"] == "sqs.amazonaws.com"]
    assert found == ["ListQueues"] + ["CreateQueue"] * 10
