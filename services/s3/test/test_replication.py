"""Replication: what is carried to other buckets, in whose rights, and what the source is told of it."""
import json
import os

import pytest
from botocore.exceptions import ClientError

from replication_kit import SOURCE_RIGHTS, TARGET_RIGHTS, World, arn, fault, grant, name, rule, until

pytestmark = pytest.mark.as_root  # roles are made and passed
ACCOUNT, OTHER = "000000000000", "222222222222"
MINUTE = 60000


@pytest.fixture
def world(brume):
    return World(brume)


@pytest.fixture
def own_world(start_brume):
    """With a clock and a network that others do not share."""
    return World(start_brume())


def refused(call, *arguments, **named):
    with pytest.raises(ClientError) as error:
        call(*arguments, **named)
    return error.value.response["Error"]


def listener(world, *events):
    """A queue that is told of the source's events; reads away the test event."""
    sqs = world.server.client("sqs")
    url = sqs.create_queue(QueueName=name("queue"))["QueueUrl"]
    queue = f"arn:aws:sqs:us-east-1:{ACCOUNT}:{url.rsplit('/', 1)[1]}"
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": queue}]})})
    world.s3.put_bucket_notification_configuration(Bucket=world.source, NotificationConfiguration={
        "QueueConfigurations": [{"QueueArn": queue, "Events": list(events)}]}, SkipDestinationValidation=True)

    def receive():
        for message in sqs.receive_message(QueueUrl=url, WaitTimeSeconds=5).get("Messages", []):
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            return json.loads(message["Body"])["Records"][0]

    return receive


# ---- the row's demonstration ----

def test_the_rows_demonstration(own_world):
    """Target without versioning is refused; with it an object of us-east-1 is read in another region and account."""
    w = own_world
    there = w.server.client("s3", account=OTHER, region="ap-northeast-2")
    target = w.bucket("ap-northeast-2", OTHER, versions=False)
    grant(w.server, OTHER, target, w.role)
    measured = {"Account": OTHER, "AccessControlTranslation": {"Owner": "Destination"}, "Metrics": {"Status": "Enabled"}}
    timed = {**measured, "Metrics": {"Status": "Enabled", "EventThreshold": {"Minutes": 15}}, "ReplicationTime": {"Status": "Enabled", "Time": {"Minutes": 15}}}
    error = refused(w.replicate, rule(target, to=measured))
    assert error["Code"] == "InvalidRequest" and error["Message"] == "Destination bucket must have versioning enabled."
    there.put_bucket_versioning(Bucket=target, VersioningConfiguration={"Status": "Enabled"})
    w.replicate(rule(target, to=timed, markers="Enabled"))
    heard = listener(w, "s3:Replication:*")
    # The link is cut: the object waits, and everything else goes on.
    fault(w.server, "link", "us-east-1", "ap-northeast-2", "down")
    assert "us-east-1" in fault(w.server, "link")
    version = w.put("a", b"far away", ContentType="text/x-test", Metadata={"k": "v"}, Tagging="team=red")
    assert w.status("a") == "PENDING"
    w.server.advance_clock(16 * MINUTE)
    missed = heard()
    assert missed["eventName"] == "Replication:OperationMissedThreshold" and missed["eventVersion"] == "2.2"
    assert missed["replicationEventData"]["destinationBucket"] == arn(target) and missed["replicationEventData"]["replicationRuleId"] == "rule-1"
    assert w.status("a") == "PENDING"
    fault(w.server, "link", "ap-northeast-2", "us-east-1", "up")
    w.server.advance_clock(2 * MINUTE)
    assert w.settled("a") == "COMPLETED"
    assert heard()["eventName"] == "Replication:OperationReplicatedAfterThreshold"
    copy = there.get_object(Bucket=target, Key="a")
    assert copy["Body"].read() == b"far away" and copy["VersionId"] == version and copy["ReplicationStatus"] == "REPLICA"
    assert copy["ContentType"] == "text/x-test" and copy["Metadata"] == {"k": "v"}
    assert copy["LastModified"] == w.head(w.source, "a")["LastModified"]
    assert there.get_object_tagging(Bucket=target, Key="a")["TagSet"] == [{"Key": "team", "Value": "red"}]
    marker = w.s3.delete_object(Bucket=w.source, Key="a")["VersionId"]
    gone = until(lambda: there.list_object_versions(Bucket=target).get("DeleteMarkers", []), bool)
    assert gone[0]["VersionId"] == marker and gone[0]["IsLatest"]
    measures = {m["MetricName"] for m in w.server.client("cloudwatch").list_metrics(Namespace="AWS/S3", Dimensions=[{"Name": "RuleId", "Value": "rule-1"}])["Metrics"]}
    assert measures >= {"ReplicationLatency", "OperationsPendingReplication", "BytesPendingReplication", "OperationsFailedReplication"}
    # No right any more: FAILED, with the reason.
    there.delete_bucket_policy(Bucket=target)
    w.put("b")
    assert w.settled("b") == "FAILED"
    failed = heard()
    assert failed["eventName"] == "Replication:OperationFailedReplication"
    assert failed["replicationEventData"]["failureReason"] == "DstPutObjectNotPermitted"
    assert failed["userIdentity"] == {"principalId": "s3.amazonaws.com"}


def test_who_waits_under_a_rule_that_goes_is_not_tracked(own_world):
    w = own_world
    target = w.bucket("eu-west-1", ACCOUNT)
    metrics = {"Metrics": {"Status": "Enabled", "EventThreshold": {"Minutes": 15}}}
    w.replicate(rule(target, to=metrics))
    heard = listener(w, "s3:Replication:OperationNotTracked")
    fault(w.server, "link", "us-east-1", "eu-west-1", "down")
    w.put("a", b"waits")
    w.server.advance_clock(2 * MINUTE)  # it was tried, and waits
    assert w.status("a") == "PENDING"
    w.replicate(rule(target))  # the same rule, no longer measured
    w.server.advance_clock(2 * MINUTE)
    told = heard()
    assert (told["eventName"], told["s3"]["object"]["key"]) == ("Replication:OperationNotTracked", "a")
    assert told["replicationEventData"].pop("requestTime")
    assert told["replicationEventData"] == {"replicationRuleId": "rule-1", "destinationBucket": arn(target), "s3Operation": "OBJECT_PUT"}
    fault(w.server, "link", "us-east-1", "eu-west-1", "up")
    w.server.advance_clock(2 * MINUTE)
    assert w.settled("a") == "COMPLETED"
    assert heard() is None  # once


# ---- what is carried ----

def test_what_is_carried(world):
    w, target = world, world.bucket()
    before = w.put("before")
    w.replicate(rule(target, prefix="in/"), rule(target, priority=2, prefix="in/cold/", to={"StorageClass": "STANDARD_IA"}))
    first, second = w.put("in/a", b"1"), w.put("in/a", b"2")
    w.put("out")
    w.put("in/cold/a")
    w.s3.copy_object(Bucket=w.source, Key="in/copy", CopySource={"Bucket": w.source, "Key": "before", "VersionId": before})
    for key in ("in/a", "in/cold/a", "in/copy"):
        assert w.settled(key) == "COMPLETED"
    assert w.settled("in/a", VersionId=first) == "COMPLETED"
    assert w.status("out") is None and w.status("before") is None
    shown = w.s3.list_object_versions(Bucket=target)["Versions"]
    assert [(v["Key"], v["VersionId"]) for v in shown if v["Key"] == "in/a"] == [("in/a", second), ("in/a", first)]
    assert sorted(v["Key"] for v in shown) == ["in/a", "in/a", "in/cold/a", "in/copy"]
    assert w.head(target, "in/cold/a")["StorageClass"] == "STANDARD_IA"
    # Deleting a version stays here; a marker that nobody asked to carry stays here.
    w.s3.delete_object(Bucket=w.source, Key="in/a", VersionId=first)
    w.s3.delete_object(Bucket=w.source, Key="in/copy")
    w.put("in/after")
    assert w.settled("in/after") == "COMPLETED"
    assert w.head(target, "in/a", VersionId=first) and w.head(target, "in/copy")


def test_object_of_parts(world):
    w, target = world, world.bucket()
    w.replicate(rule(target))
    part = os.urandom(5 << 20)
    upload = w.s3.create_multipart_upload(Bucket=w.source, Key="big")["UploadId"]
    parts = [{"PartNumber": n, "ETag": w.s3.upload_part(Bucket=w.source, Key="big", UploadId=upload, PartNumber=n, Body=body)["ETag"]}
             for n, body in ((1, part), (2, b"tail"))]
    made = w.s3.complete_multipart_upload(Bucket=w.source, Key="big", UploadId=upload, MultipartUpload={"Parts": parts})
    assert w.settled("big") == "COMPLETED"
    copy = w.s3.get_object(Bucket=target, Key="big")
    assert copy["ETag"] == made["ETag"] and copy["ETag"].endswith('-2"') and copy["Body"].read() == part + b"tail"
    assert w.s3.get_object(Bucket=target, Key="big", PartNumber=2)["Body"].read() == b"tail"
    # The copy stands for itself.
    w.s3.delete_object(Bucket=w.source, Key="big", VersionId=made["VersionId"])
    assert w.s3.get_object(Bucket=target, Key="big", PartNumber=1)["Body"].read() == part


def test_object_of_hundreds_of_parts(world):
    """More than one run of its task carries: their table goes before the object, which then is there whole."""
    w, target, count = world, world.bucket(), 510
    piece = os.urandom(5 << 20)
    w.put("piece", piece)
    where = {"Bucket": w.source, "Key": "big"}
    where["UploadId"] = w.s3.create_multipart_upload(**where, ChecksumAlgorithm="CRC32", ChecksumType="FULL_OBJECT")["UploadId"]
    parts = [{"PartNumber": n, "ETag": w.s3.upload_part_copy(**where, PartNumber=n, CopySource=f"{w.source}/piece")["CopyPartResult"]["ETag"]}
             for n in range(1, count + 1)]
    w.replicate(rule(target))
    made = w.s3.complete_multipart_upload(**where, MultipartUpload={"Parts": parts})
    assert w.settled("big") == "COMPLETED"
    w.s3.delete_object(Bucket=w.source, Key="big", VersionId=made["VersionId"])
    copy = w.s3.get_object(Bucket=target, Key="big", PartNumber=count)
    assert (copy["ETag"], copy["PartsCount"], copy["Body"].read()) == (made["ETag"], count, piece)
    head = w.s3.head_object(Bucket=target, Key="big", ChecksumMode="ENABLED")
    assert (head["ContentLength"], head["ChecksumCRC32"]) == (count * len(piece), made["ChecksumCRC32"])
    w.s3.delete_object(Bucket=target, Key="big", VersionId=head["VersionId"])


def test_tags_rights_and_locks_follow(brume):
    w = World(brume, lock=True)
    target = w.bucket(lock=True)
    w.replicate(rule(target))
    w.put("a", Tagging="one=1")
    assert w.settled("a") == "COMPLETED"
    w.s3.put_object_tagging(Bucket=w.source, Key="a", Tagging={"TagSet": [{"Key": "two", "Value": "2"}]})
    w.s3.put_object_legal_hold(Bucket=w.source, Key="a", LegalHold={"Status": "ON"})
    until_date = "2099-01-01T00:00:00Z"
    w.s3.put_object_retention(Bucket=w.source, Key="a", Retention={"Mode": "GOVERNANCE", "RetainUntilDate": until_date})
    assert w.settled("a") == "COMPLETED"
    copy = w.head(target, "a")
    assert copy["ObjectLockLegalHoldStatus"] == "ON" and copy["ObjectLockMode"] == "GOVERNANCE"
    assert w.s3.get_object_tagging(Bucket=target, Key="a")["TagSet"] == [{"Key": "two", "Value": "2"}]
    assert refused(w.s3.delete_object, Bucket=target, Key="a", VersionId=copy["VersionId"])["Code"] == "AccessDenied"
    # A destination that cannot lock is refused, as AWS refuses it.
    assert "object lock" in refused(w.replicate, rule(w.bucket()))["Message"].lower()


def test_changes_of_a_copy_that_is_gone(world):
    w, target = world, world.bucket()
    w.replicate(rule(target, to={"Metrics": {"Status": "Enabled"}}))
    version = w.put("a")
    assert w.settled("a") == "COMPLETED"
    w.s3.delete_object(Bucket=target, Key="a", VersionId=version)
    heard = listener(w, "s3:Replication:OperationFailedReplication")
    w.s3.put_object_tagging(Bucket=w.source, Key="a", Tagging={"TagSet": []})
    assert w.settled("a") == "FAILED" and heard()["replicationEventData"]["failureReason"] == "DstVersionNotFound"
    assert w.head(target, "a") is None


def test_no_chains_and_both_ways(world):
    """Replicas are not replicated on; their changes go back only where that is asked for."""
    w, b, c = world, world.bucket(), world.bucket()
    back = {"SourceSelectionCriteria": {"ReplicaModifications": {"Status": "Enabled"}}}
    w.replicate(rule(b))
    w.s3.put_bucket_replication(Bucket=b, ReplicationConfiguration={"Role": w.role, "Rules": [rule(c), rule(w.source, priority=2, **back)]})
    w.put("a")
    assert w.settled("a") == "COMPLETED"
    assert w.head(b, "a")["ReplicationStatus"] == "REPLICA"
    w.s3.put_object_tagging(Bucket=b, Key="a", Tagging={"TagSet": [{"Key": "by", "Value": "b"}]})
    until(lambda: w.s3.get_object_tagging(Bucket=w.source, Key="a")["TagSet"], lambda t: t == [{"Key": "by", "Value": "b"}])
    assert w.head(c, "a") is None and w.status("a") == "COMPLETED"
    w.s3.put_object(Bucket=b, Key="own", Body=b"b")
    until(lambda: w.head(c, "own"), bool)
    assert w.head(w.source, "own")["ReplicationStatus"] == "REPLICA"


def test_several_destinations(world):
    w, good, bad = world, world.bucket(), world.bucket()
    w.replicate(rule(good, to={"Metrics": {"Status": "Enabled"}}), rule(bad, priority=2, to={"Metrics": {"Status": "Enabled"}}))
    w.put("a")
    assert w.settled("a") == "COMPLETED" and w.head(good, "a") and w.head(bad, "a")
    w.allow(SOURCE_RIGHTS + TARGET_RIGHTS, [f"{arn(w.source)}/*", f"{arn(good)}/*"])
    w.put("b")
    assert w.settled("b") == "FAILED" and w.head(good, "b") and not w.head(bad, "b")


def test_rules_by_tags(world):
    w, target = world, world.bucket()
    both = {"And": {"Prefix": "p/", "Tags": [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]}}
    w.replicate(rule(target, filter=both), rule(target, priority=2, filter={"Tag": {"Key": "all", "Value": "yes"}}))
    w.put("p/1", Tagging="a=1")
    w.put("p/2", Tagging="a=1&b=2&c=3")
    w.put("q", Tagging="all=yes")
    assert w.status("p/1") is None and w.settled("p/2") == "COMPLETED" and w.settled("q") == "COMPLETED"


def test_the_first_schema_carries_markers(world):
    w, target = world, world.bucket()
    w.replicate({"ID": "old", "Prefix": "", "Status": "Enabled", "Destination": {"Bucket": arn(target)}})
    w.put("a")
    assert w.settled("a") == "COMPLETED"
    w.s3.delete_object(Bucket=w.source, Key="a")
    until(lambda: w.head(target, "a"), lambda h: h is None)


def test_owner_of_a_copy_elsewhere(world):
    """With lists of rights a copy in another account is the source's, unless the rule says otherwise."""
    w = world
    target = w.bucket(account=OTHER)
    there = w.server.client("s3", account=OTHER)
    there.put_bucket_ownership_controls(Bucket=target, OwnershipControls={"Rules": [{"ObjectOwnership": "ObjectWriter"}]})
    grant(w.server, OTHER, target, w.role)
    w.replicate(rule(target))
    w.put("a")
    assert w.settled("a") == "COMPLETED"
    assert refused(there.get_object, Bucket=target, Key="a")["Code"] == "AccessDenied"
    w.replicate(rule(target, to={"Account": OTHER, "AccessControlTranslation": {"Owner": "Destination"}}))
    w.put("b")
    assert w.settled("b") == "COMPLETED" and there.get_object(Bucket=target, Key="b")["Body"].read() == b"x"


def test_encrypted_under_keys(world):
    w, target = world, world.bucket("eu-west-1")
    kms, far = w.server.client("kms"), w.server.client("kms", region="eu-west-1")
    here, there = kms.create_key()["KeyMetadata"]["Arn"], far.create_key()["KeyMetadata"]["Arn"]
    w.replicate(rule(target))
    under = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": here}
    w.put("not asked for", **under)
    assert w.status("not asked for") is None
    w.replicate(rule(target, to={"EncryptionConfiguration": {"ReplicaKmsKeyID": there}},
                     SourceSelectionCriteria={"SseKmsEncryptedObjects": {"Status": "Enabled"}}))
    w.put("a", b"secret", **under)
    assert w.settled("a") == "FAILED"  # the role may not use the keys
    w.allow(SOURCE_RIGHTS + TARGET_RIGHTS + ["kms:Decrypt", "kms:Encrypt"])
    w.put("b", b"secret", **under)
    assert w.settled("b") == "COMPLETED"
    copy = w.s3.get_object(Bucket=target, Key="b")
    assert copy["SSEKMSKeyId"] == there and copy["Body"].read() == b"secret"
    kms.disable_key(KeyId=here)
    assert w.s3.get_object(Bucket=target, Key="b")["Body"].read() == b"secret"
    far.disable_key(KeyId=there)
    assert refused(w.s3.get_object, Bucket=target, Key="b")["Code"] == "KMS.DisabledException"


# ---- in whose rights ----

@pytest.mark.parametrize("lacks,reason", [
    ("s3:GetObjectVersionForReplication", "SrcGetObjectNotPermitted"), ("s3:GetObjectVersionAcl", "SrcGetAclNotPermitted"),
    ("s3:GetObjectVersionTagging", "SrcGetTaggingNotPermitted"), ("s3:ReplicateObject", "DstPutObjectNotPermitted"),
    ("s3:ReplicateTags", "DstPutTaggingNotPermitted")])
def test_rights_of_the_role(world, lacks, reason):
    w, target = world, world.bucket()
    w.replicate(rule(target, to={"Metrics": {"Status": "Enabled"}}))
    heard = listener(w, "s3:Replication:OperationFailedReplication")
    w.allow([a for a in SOURCE_RIGHTS + TARGET_RIGHTS if a != lacks])
    w.put("a", Tagging="t=1")
    assert w.settled("a") == "FAILED" and heard()["replicationEventData"]["failureReason"] == reason
    assert w.head(target, "a") is None


def test_a_role_that_is_not_lent(world):
    w, target = world, world.bucket()
    w.replicate(rule(target, to={"Metrics": {"Status": "Enabled"}}))
    heard = listener(w, "s3:Replication:*")
    w.iam.update_assume_role_policy(RoleName=w.role_name, PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]}))
    w.put("a")
    assert w.settled("a") == "FAILED" and heard()["replicationEventData"]["failureReason"] == "AssumeRoleNotPermitted"


def test_destination_that_went(world):
    w, target = world, world.bucket()
    w.replicate(rule(target))
    w.s3.delete_bucket(Bucket=target)
    w.put("a")
    assert w.settled("a") == "FAILED"


# ---- it is durable ----

def test_a_crash_loses_none(start_brume):
    w = World(start_brume())
    target = w.bucket("eu-west-1")
    w.replicate(rule(target))
    fault(w.server, "link", "us-east-1", "eu-west-1", "down")
    for i in range(20):
        w.put(f"k{i}", str(i).encode())
    w.server.kill()
    w.server.start()
    again = World(w.server)
    fault(w.server, "link", "us-east-1", "eu-west-1", "up")
    w.server.advance_clock(2 * MINUTE)
    for i in range(20):
        until(lambda i=i: again.head(w.source, f"k{i}")["ReplicationStatus"], lambda s: s == "COMPLETED")
        assert again.s3.get_object(Bucket=target, Key=f"k{i}")["Body"].read() == str(i).encode()


# ---- the configuration ----

def test_configuration_is_kept(world):
    w, target = world, world.bucket()
    error = refused(w.s3.get_bucket_replication, Bucket=w.source)
    assert error["Code"] == "ReplicationConfigurationNotFoundError" and error["Message"] == "The replication configuration was not found"
    full = rule(target, filter={"And": {"Prefix": "p", "Tags": [{"Key": "k", "Value": "v"}]}}, SourceSelectionCriteria={
        "SseKmsEncryptedObjects": {"Status": "Enabled"}, "ReplicaModifications": {"Status": "Disabled"}},
        to={"Account": ACCOUNT, "StorageClass": "GLACIER_IR", "AccessControlTranslation": {"Owner": "Destination"},
            "EncryptionConfiguration": {"ReplicaKmsKeyID": "arn:aws:kms:us-east-1:000000000000:key/k"},
            "ReplicationTime": {"Status": "Enabled", "Time": {"Minutes": 15}},
            "Metrics": {"Status": "Enabled", "EventThreshold": {"Minutes": 15}}})
    w.replicate(full)
    kept = w.s3.get_bucket_replication(Bucket=w.source)["ReplicationConfiguration"]
    assert kept == {"Role": w.role, "Rules": [full]}
    error = refused(w.s3.put_bucket_versioning, Bucket=w.source, VersioningConfiguration={"Status": "Suspended"})
    assert error["Code"] == "InvalidBucketState"
    w.s3.delete_bucket_replication(Bucket=w.source)
    w.s3.delete_bucket_replication(Bucket=w.source)
    w.s3.put_bucket_versioning(Bucket=w.source, VersioningConfiguration={"Status": "Suspended"})


@pytest.mark.parametrize("change,code,message", [
    (lambda r: r.pop("Priority"), "InvalidRequest", "Priority must be specified"),
    (lambda r: r.pop("DeleteMarkerReplication"), "InvalidRequest", "DeleteMarkerReplication must be specified"),
    (lambda r: r.update(Filter={"Tag": {"Key": "a", "Value": "b"}}, DeleteMarkerReplication={"Status": "Enabled"}), "InvalidRequest",
     "Delete marker replication is not supported if any Tag filter is specified"),
    (lambda r: r["Destination"].update(Bucket="arn:aws:s3:::not-there-at-all"), "InvalidRequest", "Destination bucket must exist."),
    (lambda r: r["Destination"].update(Bucket="not an arn"), "InvalidArgument", "Invalid bucket ARN."),
    (lambda r: r["Destination"].update(EncryptionConfiguration={"ReplicaKmsKeyID": "k"}), "InvalidRequest", "SseKmsEncryptedObjects must be specified"),
    (lambda r: r.update(SourceSelectionCriteria={"SseKmsEncryptedObjects": {"Status": "Enabled"}}), "InvalidRequest", "ReplicaKmsKeyID must be specified"),
    (lambda r: r["Destination"].update(ReplicationTime={"Status": "Enabled", "Time": {"Minutes": 10}}), "InvalidArgument", ""),
    (lambda r: r.update(Prefix="both"), "MalformedXML", ""),
    (lambda r: r.update(Filter={"And": {"Prefix": "one"}}), "MalformedXML", ""),
    (lambda r: r.update(Status="On"), "MalformedXML", ""),
    (lambda r: r.update(ID="x" * 256), "InvalidArgument", ""),
])
def test_rules_that_are_refused(world, change, code, message):
    made = rule(world.bucket())
    change(made)
    error = refused(world.replicate, made)
    assert error["Code"] == code and message in error["Message"]


def test_configurations_that_are_refused(world):
    w, target = world, world.bucket()
    assert refused(w.replicate, rule(target), rule(target, id="b"))["Message"] == "Found duplicate priority 1."
    assert refused(w.replicate, rule(target, id="a"), rule(target, priority=2, id="a"))["Message"] == "Rule Id must be unique"
    assert refused(w.replicate, rule(w.source))["Message"] == "Destination bucket cannot be the same as the source bucket."
    w.source = w.bucket(versions=False)
    error = refused(w.replicate, rule(target))
    assert error["Message"] == "Versioning must be 'Enabled' on the bucket to apply a replication configuration"


def test_only_who_may_pass_the_role_configures(world):
    w, target = world, world.bucket()
    user = name("user")
    w.iam.create_user(UserName=user)
    w.iam.put_user_policy(UserName=user, PolicyName="s3", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}))
    key = w.iam.create_access_key(UserName=user)["AccessKey"]
    w.s3 = w.server.client("s3", account=key["AccessKeyId"], secret=key["SecretAccessKey"])
    error = refused(w.replicate, rule(target))
    assert error["Code"] == "AccessDenied" and "iam:PassRole" in error["Message"]
