"""How events are kept: retention, keys of KMS, power cuts, exports, and who may write."""
import gzip
import json
import threading
import time
import uuid

import pytest
from botocore.exceptions import ClientError
from kit import name, refused

DAY = 86400000
ACCOUNT = "000000000000"


def now():
    return int(time.time() * 1000)


def put(logs, group, events, stream="s"):
    return logs.put_log_events(logGroupName=group, logStreamName=stream,
                               logEvents=[{"timestamp": at, "message": message} for at, message in events])


def messages(logs, group, **more):
    return [e["message"] for page in logs.get_paginator("filter_log_events").paginate(logGroupName=group, **more) for e in page["events"]]


def made(logs, group, *streams, **more):
    logs.create_log_group(logGroupName=group, **more)
    for stream in streams or ("s",):
        logs.create_log_stream(logGroupName=group, logStreamName=stream)


def until(condition, seconds=20):
    end = time.time() + seconds
    while not condition():
        assert time.time() < end
        time.sleep(0.05)


# ---- retention ----


def test_retention_takes_events_away(start_brume):
    brume = start_brume()
    logs = brume.client("logs")
    made(logs, "g")
    refused("InvalidParameterException", logs.put_retention_policy, logGroupName="g", retentionInDays=2)
    at = now()
    put(logs, "g", [(at - 2 * DAY, "old"), (at - DAY - 1000, "older than a day")])
    put(logs, "g", [(at - 1000, "new" * 1000)])
    stored = lambda: logs.describe_log_groups()["logGroups"][0]["storedBytes"]
    logs.put_retention_policy(logGroupName="g", retentionInDays=1)
    assert logs.describe_log_groups()["logGroups"][0]["retentionInDays"] == 1
    assert messages(logs, "g") == ["new" * 1000]
    until(lambda: stored() == 26 + 3000)
    logs.delete_retention_policy(logGroupName="g")
    brume.advance_clock(3 * DAY)
    assert messages(logs, "g") == ["new" * 1000]
    logs.put_retention_policy(logGroupName="g", retentionInDays=3)
    brume.advance_clock(DAY)
    assert messages(logs, "g") == []
    brume.advance_clock(2 * DAY)
    assert stored() == 0
    assert "retentionInDays" in logs.describe_log_groups()["logGroups"][0]


# ---- KMS ----


def key_for_logs(kms, arn):
    statements = [{"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "kms:*", "Resource": "*"},
                  {"Effect": "Allow", "Principal": {"Service": "logs.us-east-1.amazonaws.com"}, "Action": ["kms:Encrypt*", "kms:Decrypt*", "kms:GenerateDataKey*"], "Resource": "*",
                   "Condition": {"ArnEquals": {"kms:EncryptionContext:aws:logs:arn": arn}}}]
    return kms.create_key(Policy=json.dumps({"Version": "2012-10-17", "Statement": statements}))["KeyMetadata"]["Arn"]


@pytest.mark.as_root  # makes keys
def test_a_group_with_a_key_is_read_only_with_it(brume):
    logs, kms, group = brume.client("logs"), brume.client("kms"), name("kms")
    key = key_for_logs(kms, f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:{group}")
    refused("AccessDeniedException", logs.create_log_group, logGroupName=group + "-other", kmsKeyId=key)
    refused("InvalidParameterException", logs.create_log_group, logGroupName=group, kmsKeyId="nonsense")
    made(logs, group, kmsKeyId=key)
    assert logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"][0]["kmsKeyId"] == key
    secret = f"very secret {uuid.uuid4().hex}"
    put(logs, group, [(now(), secret)])
    assert messages(logs, group) == [secret]
    rows = (brume.data / "rows").read_bytes() if (brume.data / "rows").is_file() else b"".join(p.read_bytes() for p in (brume.data / "rows").glob("*"))
    assert secret.encode() not in rows
    kms.disable_key(KeyId=key)
    for call, more in ((logs.filter_log_events, {}), (logs.get_log_events, {"logStreamName": "s"})):
        assert "is not allowed to be used with Arn" in refused("AccessDeniedException", call, logGroupName=group, **more)
    refused("AccessDeniedException", put, logs=logs, group=group, events=[(now(), "x")])
    kms.enable_key(KeyId=key)
    assert messages(logs, group) == [secret]
    logs.disassociate_kms_key(logGroupName=group)
    put(logs, group, [(now(), "open")])
    assert messages(logs, group) == [secret, "open"]
    kms.disable_key(KeyId=key)
    refused("AccessDeniedException", logs.filter_log_events, logGroupName=group)
    kms.enable_key(KeyId=key)
    logs.associate_kms_key(resourceIdentifier=f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:{group}", kmsKeyId=key)
    assert logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"][0]["kmsKeyId"] == key
    for i in range(70):  # merging keeps what is under one key apart from what is not
        put(logs, group, [(now(), f"{i}")])
    assert messages(logs, group) == [secret, "open"] + [str(i) for i in range(70)]


# ---- power ----


def test_what_was_acknowledged_is_there_once(start_brume):
    """kill -9 under load: every acknowledged event once, no event twice."""
    brume = start_brume()
    made(brume.client("logs"), "g", *"abcd")
    acknowledged, tried, stop = set(), set(), threading.Event()

    def write(stream):
        logs, i = brume.client("logs"), 0
        while not stop.is_set():
            batch = [f"{stream} {i} {j} " + "x" * (i % 7 * 300) for j in range(1 + i % 40)]
            tried.update(batch)
            try:
                put(logs, "g", [(now(), m) for m in batch], stream)
            except Exception:  # the connection broke
                return
            acknowledged.update(batch)
            i += 1

    for _ in range(2):
        stop.clear()
        threads = [threading.Thread(target=write, args=(s,)) for s in "abcd"]
        for t in threads:
            t.start()
        before = len(acknowledged)
        until(lambda: len(acknowledged) > before + 6000)
        brume.kill()
        stop.set()
        for t in threads:
            t.join()
        brume.start()
        there = messages(brume.client("logs"), "g")
        assert acknowledged <= set(there) <= tried
        assert len([m for m in there if m in acknowledged]) >= len(acknowledged)
        ids = [e["eventId"] for page in brume.client("logs").get_paginator("filter_log_events").paginate(logGroupName="g") for e in page["events"]]
        assert len(ids) == len(set(ids))
        logs = brume.client("logs")
        for s in "abcd":
            logs.delete_log_stream(logGroupName="g", logStreamName=s)
            logs.create_log_stream(logGroupName="g", logStreamName=s)
        acknowledged.clear()
        tried.clear()


# ---- exports ----


@pytest.mark.as_root  # makes buckets
def test_exports_to_a_bucket(brume):
    logs, s3, group, bucket = brume.client("logs"), brume.client("s3"), name("/ex"), name("bucket")
    made(logs, group, "a/1", "b", "empty")
    at = now() - 100000
    put(logs, group, [(at + i, f"line {i}") for i in range(500)], "a/1")
    put(logs, group, [(at, "early"), (at + 50, "other")], "b")
    task = dict(logGroupName=group, to=at + 400, destination=bucket, taskName="t", **{"from": at + 1})
    assert "given bucket does not exist" in refused("InvalidParameterException", logs.create_export_task, **task)
    s3.create_bucket(Bucket=bucket)
    assert refused("InvalidParameterException", logs.create_export_task, **task) == \
        "GetBucketAcl call on the given bucket failed. Please check if CloudWatch Logs has been granted permission to perform this operation."
    allow = lambda action, resource: {"Effect": "Allow", "Principal": {"Service": "logs.us-east-1.amazonaws.com"}, "Action": action, "Resource": resource,
                                      "Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT}}}
    policy = lambda *statements: s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": statements}))
    policy(allow("s3:GetBucketAcl", f"arn:aws:s3:::{bucket}"))
    assert refused("InvalidParameterException", logs.create_export_task, **task).startswith("PutObject call on the given bucket failed.")
    policy(allow("s3:GetBucketAcl", f"arn:aws:s3:::{bucket}"), allow("s3:PutObject", f"arn:aws:s3:::{bucket}/*"))
    started = logs.create_export_task(**task)["taskId"]
    status = lambda: logs.describe_export_tasks(taskId=started)["exportTasks"][0]
    until(lambda: status()["status"]["code"] not in ("PENDING", "RUNNING"))
    shown = status()
    assert shown["status"] == {"code": "COMPLETED", "message": "Completed successfully"}
    assert (shown["destinationPrefix"], shown["from"], shown["to"], shown["taskName"]) == ("exportedlogs", at + 1, at + 400, "t")
    assert shown["executionInfo"]["completionTime"] >= shown["executionInfo"]["creationTime"]
    keys = [o["Key"] for o in s3.list_objects_v2(Bucket=bucket)["Contents"]]
    assert keys == sorted([f"exportedlogs/{started}/a-1/000000.gz", f"exportedlogs/{started}/b/000000.gz", "exportedlogs/aws-logs-write-test"])
    text = gzip.decompress(s3.get_object(Bucket=bucket, Key=f"exportedlogs/{started}/a-1/000000.gz")["Body"].read()).decode().splitlines()
    assert len(text) == 399 and text[0].endswith("Z line 1") and text[0].startswith(time.strftime("%Y-%m-%dT%H:%M:", time.gmtime(at / 1000)))
    assert gzip.decompress(s3.get_object(Bucket=bucket, Key=f"exportedlogs/{started}/b/000000.gz")["Body"].read()).decode().endswith("Z other\n")
    refused("InvalidOperationException", logs.cancel_export_task, taskId=started)
    assert refused("ResourceNotFoundException", logs.cancel_export_task, taskId="unknown") == "The specified export task does not exist."
    assert logs.describe_export_tasks(taskId="unknown")["exportTasks"] == []
    assert [t["taskId"] for t in logs.describe_export_tasks(statusCode="COMPLETED")["exportTasks"]].count(started) == 1


# ---- who may ----


def test_resource_policies_are_kept(start_brume):
    logs = start_brume().client("logs")
    document = json.dumps({"Version": "2012-10-17", "Statement": [{"Sid": "Route53LogsToCloudWatchLogs", "Effect": "Allow", "Principal": {"Service": ["route53.amazonaws.com"]},
                                                                  "Action": "logs:PutLogEvents", "Resource": "*"}]})
    made_policy = logs.put_resource_policy(policyName="p0", policyDocument=document)["resourcePolicy"]
    assert made_policy == {"policyName": "p0", "policyDocument": document, "lastUpdatedTime": made_policy["lastUpdatedTime"], "policyScope": "ACCOUNT"}
    refused("InvalidParameterException", logs.put_resource_policy, policyName="p1", policyDocument="{}")
    for i in range(1, 10):
        logs.put_resource_policy(policyName=f"p{i}", policyDocument=document)
    assert refused("LimitExceededException", logs.put_resource_policy, policyName="p10", policyDocument=document) == "Resource limit exceeded."
    pages = list(logs.get_paginator("describe_resource_policies").paginate(PaginationConfig={"PageSize": 4}))
    assert [p["policyName"] for page in pages for p in page["resourcePolicies"]] == [f"p{i}" for i in range(10)]
    logs.delete_resource_policy(policyName="p0")
    assert refused("ResourceNotFoundException", logs.delete_resource_policy, policyName="non-existent") == "Policy with name [non-existent] does not exist."
    made(logs, "g")
    arn = logs.describe_log_groups()["logGroups"][0]["logGroupArn"]
    revision = logs.put_resource_policy(resourceArn=arn, policyDocument=document)["revisionId"]
    assert [p["resourceArn"] for p in logs.describe_resource_policies(resourceArn=arn, policyScope="RESOURCE")["resourcePolicies"]] == [arn]
    refused("OperationAbortedException", logs.delete_resource_policy, resourceArn=arn, expectedRevisionId="other")
    logs.delete_resource_policy(resourceArn=arn, expectedRevisionId=revision)


@pytest.mark.as_root  # makes users
def test_rights_on_groups_and_streams(brume):
    logs, iam, group, user = brume.client("logs"), brume.client("iam"), name("/r"), name("user")
    made(logs, group, "s", "t")
    arn = f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:{group}"
    iam.create_user(UserName=user)
    iam.put_user_policy(UserName=user, PolicyName="p", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "logs:PutLogEvents", "Resource": f"{arn}:log-stream:s"},
        {"Effect": "Allow", "Action": "logs:FilterLogEvents", "Resource": f"{arn}:*"}]}))
    key = iam.create_access_key(UserName=user)["AccessKey"]
    theirs = brume.client("logs", account=key["AccessKeyId"], secret=key["SecretAccessKey"])
    put(theirs, group, [(now(), "x")])
    assert messages(theirs, group) == ["x"]
    assert len(theirs.filter_log_events(logGroupIdentifier=arn)["events"]) == 1
    text = refused("AccessDeniedException", put, logs=theirs, group=group, events=[(now(), "x")], stream="t")
    assert f"is not authorized to perform: logs:PutLogEvents on resource: {arn}:log-stream:t" in text
    text = refused("AccessDeniedException", theirs.describe_log_streams, logGroupName=group)
    assert f"on resource: {arn}:log-stream:" in text
    # A policy of the account speaks for a user too.
    logs.put_resource_policy(policyName=name(), policyDocument=json.dumps({"Version": "2012-10-17", "Statement": {
        "Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:user/{user}"}, "Action": "logs:PutLogEvents", "Resource": f"{arn}:*"}}))
    put(theirs, group, [(now(), "x")], "t")


@pytest.mark.as_root
def test_destinations_and_subscriptions(brume):
    logs, group, destination = brume.client("logs"), name("/sub"), name("d")
    made(logs, group)
    role = brume.client("iam").create_role(RoleName=name("r"), AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": {
        "Effect": "Allow", "Principal": {"Service": "logs.amazonaws.com"}, "Action": "sts:AssumeRole"}}))["Role"]["Arn"]
    target = f"arn:aws:kinesis:us-east-1:{ACCOUNT}:stream/s"
    shown = logs.put_destination(destinationName=destination, targetArn=target, roleArn=role, tags={"a": "b"})["destination"]
    assert shown["arn"] == f"arn:aws:logs:us-east-1:{ACCOUNT}:destination:{destination}"
    assert logs.list_tags_for_resource(resourceArn=shown["arn"])["tags"] == {"a": "b"}
    refused("InvalidParameterException", logs.put_destination, destinationName=destination, targetArn="arn:aws:sqs:us-east-1:1:q", roleArn=role)
    subscribe = lambda client, arn, **more: refused_with(client.put_subscription_filter, logGroupName=group, filterName="f", filterPattern="", destinationArn=arn, **more)
    assert subscribe(logs, target) == ("InvalidParameterException", "destinationArn for vendor kinesis cannot be used without roleArn")
    assert subscribe(logs, target, roleArn=role)[1].startswith("Could not deliver test message to specified Kinesis stream.")
    assert subscribe(logs, f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:f")[1].startswith("Could not execute the lambda function.")
    assert subscribe(logs, "arn:aws:lambda:us-east-1:111111111111:function:f")[0] == "AccessDeniedException"
    other = brume.client("logs", account="111111111111")
    made(other, group)
    assert subscribe(other, shown["arn"])[0] == "AccessDeniedException"
    logs.put_destination_policy(destinationName=destination, accessPolicy=json.dumps({"Version": "2012-10-17", "Statement": {
        "Effect": "Allow", "Principal": {"AWS": "111111111111"}, "Action": "logs:PutSubscriptionFilter", "Resource": shown["arn"]}}))
    assert subscribe(other, shown["arn"])[1].startswith("Could not deliver test message to specified destination.")
    found = logs.describe_destinations(DestinationNamePrefix=destination)["destinations"]
    assert [d["destinationName"] for d in found] == [destination] and "accessPolicy" in found[0]
    assert logs.describe_subscription_filters(logGroupName=group)["subscriptionFilters"] == []
    refused("ResourceNotFoundException", logs.delete_subscription_filter, logGroupName=group, filterName="f")
    logs.delete_destination(destinationName=destination)
    refused("ResourceNotFoundException", logs.delete_destination, destinationName=destination)


def refused_with(call, **arguments):
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return caught.value.response["Error"]["Code"], caught.value.response["Error"]["Message"]
