"""Event notifications: what a bucket may be configured to, and what its queues, topics and buses are told."""
import json
import time
import urllib.request
import uuid

import pytest
from botocore.exceptions import ClientError

ACCOUNT = "000000000000"
MINUTE, HOUR, DAY = 60000, 3600000, 86400000


class World:
    """A bucket in a cloud, and queues that say what arrived."""

    def __init__(self, server):
        self.server = server
        self.s3, self.sqs, self.sns = (server.client(s) for s in ("s3", "sqs", "sns"))
        self.bucket = name("bucket")
        self.s3.create_bucket(Bucket=self.bucket)

    def queue(self, service="s3.amazonaws.com", condition=None):
        url = self.sqs.create_queue(QueueName=name("queue"))["QueueUrl"]
        arn = f"arn:aws:sqs:us-east-1:{ACCOUNT}:{url.rsplit('/', 1)[1]}"
        if service:
            self.sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy(service, "sqs:SendMessage", arn, condition or self.mine())})
        return url, arn

    def mine(self):
        return {"ArnLike": {"aws:SourceArn": f"arn:aws:s3:::{self.bucket}"}, "StringEquals": {"aws:SourceAccount": ACCOUNT}}

    def configure(self, skip=False, **configuration):
        self.s3.put_bucket_notification_configuration(Bucket=self.bucket, NotificationConfiguration=configuration, SkipDestinationValidation=skip)

    def listen(self, *events, rules=()):
        """A queue that is told of them; the test event is read away."""
        url, arn = self.queue()
        self.configure(QueueConfigurations=[destination(arn, *events, rules=rules)])
        assert [e["Event"] for e in self.bodies(url, 1)] == ["s3:TestEvent"]
        return url

    def bus(self):
        """A queue that a rule of EventBridge tells of the bucket's events."""
        events, rule = self.server.client("events"), name("rule")
        url, arn = self.queue("events.amazonaws.com", {"StringEquals": {"aws:SourceAccount": ACCOUNT}})
        events.put_rule(Name=rule, EventPattern=json.dumps({"source": ["aws.s3"], "detail": {"bucket": {"name": [self.bucket]}}}))
        events.put_targets(Rule=rule, Targets=[{"Id": "q", "Arn": arn}])
        return url

    def bodies(self, url, count):
        found, deadline = [], time.monotonic() + 10
        while len(found) < count and time.monotonic() < deadline:
            for m in self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1).get("Messages", []):
                found.append(json.loads(m["Body"]))
                self.sqs.delete_message(QueueUrl=url, ReceiptHandle=m["ReceiptHandle"])
        assert len(found) == count
        return found

    def records(self, url, count):
        """In the order of the events, which queues need not keep."""
        found = [r for b in self.bodies(url, count) for r in b["Records"]]
        return sorted(found, key=lambda r: r["s3"]["object"].get("sequencer", r["eventTime"]))

    def silent(self, url):
        return "Messages" not in self.sqs.receive_message(QueueUrl=url)


def name(prefix):
    return f"{prefix}-{uuid.uuid4().hex[:12]}"


def policy(service, action, resource, condition):
    return json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": service}, "Action": action, "Resource": resource, "Condition": condition}]})


def destination(arn, *events, rules=(), kind="QueueArn", **more):
    made = {kind: arn, "Events": list(events), **more}
    if rules:
        made["Filter"] = {"Key": {"FilterRules": [{"Name": n, "Value": v} for n, v in rules]}}
    return made


def refused(call, *arguments, **named):
    with pytest.raises(ClientError) as error:
        call(*arguments, **named)
    return error.value.response["Error"]


@pytest.fixture
def world(brume):
    return World(brume)


@pytest.fixture
def own_world(start_brume):
    """With a clock that others do not share."""
    return World(start_brume())


# ---- what arrives ----

def test_prefix_and_suffix_choose(own_world):
    """The row's demonstration: a queue, and a topic in place of a function; then a delete and a restore."""
    w, rules = own_world, [("prefix", "in/"), ("suffix", ".jpg")]
    topic = w.sns.create_topic(Name=name("topic"))["TopicArn"]
    w.sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy",
                               AttributeValue=policy("s3.amazonaws.com", "sns:Publish", topic, w.mine()))
    behind, behind_arn = w.queue("sns.amazonaws.com", {"ArnEquals": {"aws:SourceArn": topic}})
    w.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=behind_arn)
    url, arn = w.queue()
    w.configure(QueueConfigurations=[destination(arn, "s3:ObjectCreated:*", "s3:ObjectRestore:*", rules=rules)],
                TopicConfigurations=[destination(topic, "s3:ObjectRemoved:*", rules=rules, kind="TopicArn")])
    assert w.bodies(url, 1)[0]["Event"] == "s3:TestEvent"
    first = w.bodies(behind, 1)[0]
    assert first["Subject"] == "Amazon S3 Notification" and json.loads(first["Message"])["Bucket"] == w.bucket
    for key in ("in/a.jpg", "in/a.txt", "a.txt", "out/a.jpg"):
        w.s3.put_object(Bucket=w.bucket, Key=key, Body=b"x", StorageClass="GLACIER")
    made = w.records(url, 1)[0]
    assert made["eventName"] == "ObjectCreated:Put" and made["s3"]["object"]["key"] == "in/a.jpg"
    w.s3.restore_object(Bucket=w.bucket, Key="in/a.jpg", RestoreRequest={"Days": 1, "GlacierJobParameters": {"Tier": "Expedited"}})
    assert w.records(url, 1)[0]["eventName"] == "ObjectRestore:Post"
    w.server.advance_clock(6 * MINUTE)
    done = w.records(url, 1)[0]
    assert done["eventName"] == "ObjectRestore:Completed"
    assert done["glacierEventData"]["restoreEventData"]["lifecycleRestoreStorageClass"] == "GLACIER"
    w.server.advance_clock(3 * DAY)
    assert w.records(url, 1)[0]["eventName"] == "ObjectRestore:Delete"
    for key in ("in/a.jpg", "in/a.txt"):
        w.s3.delete_object(Bucket=w.bucket, Key=key)
    gone = json.loads(w.bodies(behind, 1)[0]["Message"])["Records"][0]
    assert gone["eventName"] == "ObjectRemoved:Delete" and gone["s3"]["object"]["key"] == "in/a.jpg"
    assert w.silent(url) and w.silent(behind)


@pytest.mark.as_root  # the record names the root
def test_the_record(world):
    url, arn = world.queue()
    world.configure(QueueConfigurations=[destination(arn, "s3:ObjectCreated:Put", Id="mine")])
    test = world.bodies(url, 1)[0]
    assert sorted(test) == ["Bucket", "Event", "HostId", "RequestId", "Service", "Time"] and test["Service"] == "Amazon S3"
    answer = world.s3.put_object(Bucket=world.bucket, Key="a b/ü+(1).txt", Body=b"something")["ResponseMetadata"]["HTTPHeaders"]
    record = world.records(url, 1)[0]
    sequencer = record["s3"]["object"].pop("sequencer")
    assert len(sequencer) == 18 and int(sequencer, 16)
    assert record.pop("eventTime").endswith("Z")
    assert record == {
        "eventVersion": "2.1", "eventSource": "aws:s3", "awsRegion": "us-east-1", "eventName": "ObjectCreated:Put",
        "userIdentity": {"principalId": f"AWS:{ACCOUNT}"}, "requestParameters": {"sourceIPAddress": "127.0.0.1"},
        "responseElements": {"x-amz-request-id": answer["x-amz-request-id"], "x-amz-id-2": answer["x-amz-id-2"]},
        "s3": {"s3SchemaVersion": "1.0", "configurationId": "mine",
               "bucket": {"name": world.bucket, "ownerIdentity": {"principalId": ACCOUNT}, "arn": f"arn:aws:s3:::{world.bucket}"},
               "object": {"key": "a+b/%C3%BC%2B%281%29.txt", "size": 9, "eTag": "437b930db84b8079c2dd804a71936b5f"}}}


def test_ways_to_create(world):
    url = world.listen("s3:ObjectCreated:*")
    s3, bucket = world.s3, world.bucket
    s3.put_object(Bucket=bucket, Key="put", Body=b"x")
    s3.copy_object(Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": "put"})
    upload = s3.create_multipart_upload(Bucket=bucket, Key="parts")["UploadId"]
    part = s3.upload_part(Bucket=bucket, Key="parts", UploadId=upload, PartNumber=1, Body=b"xyz")["ETag"]
    s3.complete_multipart_upload(Bucket=bucket, Key="parts", UploadId=upload, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part}]})
    form = s3.generate_presigned_post(bucket, "form")
    fields = "".join(f'--b\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n{v}\r\n' for n, v in form["fields"].items())
    body = fields + '--b\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\nx\r\n--b--\r\n'
    request = urllib.request.Request(form["url"], body.encode(), {"Content-Type": "multipart/form-data; boundary=b"})
    assert urllib.request.urlopen(request, timeout=10).status == 204
    found = world.records(url, 4)
    assert [(r["s3"]["object"]["key"], r["eventName"]) for r in found] == [
        ("put", "ObjectCreated:Put"), ("copy", "ObjectCreated:Copy"), ("parts", "ObjectCreated:CompleteMultipartUpload"),
        ("form", "ObjectCreated:Post")]
    assert found[2]["s3"]["object"]["size"] == 3 and found[2]["s3"]["object"]["eTag"].endswith("-1")


def test_versions_and_markers(world):
    s3, where = world.s3, {"Bucket": world.bucket, "Key": "k"}
    s3.put_bucket_versioning(Bucket=world.bucket, VersioningConfiguration={"Status": "Enabled"})
    url = world.listen("s3:ObjectRemoved:*")
    version = s3.put_object(**where, Body=b"x")["VersionId"]
    marker = s3.delete_object(**where)["VersionId"]
    s3.delete_object(**where, VersionId=version)
    made, gone = world.records(url, 2)
    assert made["eventName"] == "ObjectRemoved:DeleteMarkerCreated" and gone["eventName"] == "ObjectRemoved:Delete"
    assert made["s3"]["object"].pop("sequencer") and gone["s3"]["object"].pop("sequencer")
    assert made["s3"]["object"] == {"key": "k", "versionId": marker, "eTag": "d41d8cd98f00b204e9800998ecf8427e"}
    assert gone["s3"]["object"] == {"key": "k", "versionId": version}


def test_delete_objects_and_what_is_absent(world):
    url = world.listen("s3:ObjectRemoved:Delete")
    for key in "abc":
        world.s3.put_object(Bucket=world.bucket, Key=key, Body=b"x")
    world.s3.delete_objects(Bucket=world.bucket, Delete={"Objects": [{"Key": k} for k in ("a", "b", "c", "never")]})
    assert [r["s3"]["object"]["key"] for r in world.records(url, 3)] == ["a", "b", "c"]
    assert world.silent(url)


def test_tags_and_rights(world):
    s3, where = world.s3, {"Bucket": world.bucket, "Key": "k"}
    s3.put_bucket_ownership_controls(Bucket=world.bucket, OwnershipControls={"Rules": [{"ObjectOwnership": "ObjectWriter"}]})
    s3.delete_public_access_block(Bucket=world.bucket)
    s3.put_object(**where, Body=b"something")
    url = world.listen("s3:ObjectTagging:*", "s3:ObjectAcl:Put")
    expected = {"key": "k", "eTag": "437b930db84b8079c2dd804a71936b5f"}

    def only(event):
        record = world.records(url, 1)[0]
        assert (record["eventName"], record["eventVersion"], record["s3"]["object"]) == (event, "2.3", expected)

    s3.put_object_tagging(**where, Tagging={"TagSet": [{"Key": "a", "Value": "b"}]})
    only("ObjectTagging:Put")
    s3.delete_object_tagging(**where)
    only("ObjectTagging:Delete")
    s3.put_object_acl(**where, ACL="public-read")
    only("ObjectAcl:Put")
    s3.put_object_acl(**where, ACL="public-read")  # nothing changed
    assert world.silent(url)


def test_rules_tell_what_they_did(own_world):
    w = own_world
    url = w.listen("s3:LifecycleExpiration:*", "s3:LifecycleTransition", "s3:ObjectRemoved:*")
    w.s3.put_bucket_lifecycle_configuration(Bucket=w.bucket, LifecycleConfiguration={"Rules": [
        {"ID": "e", "Status": "Enabled", "Filter": {"Prefix": "old/"}, "Expiration": {"Days": 1}},
        {"ID": "t", "Status": "Enabled", "Filter": {"Prefix": "cold/"}, "Transitions": [{"Days": 1, "StorageClass": "GLACIER"}]}]})
    w.s3.put_object(Bucket=w.bucket, Key="old/a", Body=b"x")
    w.s3.put_object(Bucket=w.bucket, Key="cold/a", Body=b"x" * (130 << 10))
    w.server.advance_clock(3 * DAY)
    found = {r["eventName"]: r for r in w.records(url, 2)}
    assert set(found) == {"LifecycleExpiration:Delete", "LifecycleTransition"}
    assert found["LifecycleExpiration:Delete"]["userIdentity"]["principalId"] == "s3.amazonaws.com"
    assert found["LifecycleTransition"]["lifecycleEventData"] == {"transitionEventData": {"destinationStorageClass": "GLACIER"}}


def test_archive_tiers_tell_when_they_begin(own_world):
    """Once each, to queues and on the bus; and again for an object that came back and went again."""
    w = own_world
    url, bus = w.listen("s3:IntelligentTiering"), w.bus()
    queue = w.s3.get_bucket_notification_configuration(Bucket=w.bucket)["QueueConfigurations"]
    w.configure(QueueConfigurations=queue, EventBridgeConfiguration={})
    w.bodies(url, 1)  # the test event of a configuration
    w.s3.put_object(Bucket=w.bucket, Key="it", Body=b"x" * (130 << 10), StorageClass="INTELLIGENT_TIERING")
    w.s3.put_object(Bucket=w.bucket, Key="small", Body=b"x", StorageClass="INTELLIGENT_TIERING")
    w.bodies(bus, 2)

    def told(tier):
        record, event = w.records(url, 1)[0], w.bodies(bus, 1)[0]
        assert (record["eventName"], record["eventVersion"], record["s3"]["object"]["key"]) == ("IntelligentTiering", "2.3", "it")
        assert record["intelligentTieringEventData"] == {"destinationAccessTier": tier}
        assert (event["detail-type"], event["detail"]["object"]["key"]) == ("Object Access Tier Changed", "it")
        assert event["detail"]["destination-access-tier"] == tier

    w.server.advance_clock(100 * DAY, coalesce=True)  # idle long enough, but nobody asked for archives
    w.s3.put_bucket_intelligent_tiering_configuration(Bucket=w.bucket, Id="a", IntelligentTieringConfiguration={
        "Id": "a", "Status": "Enabled", "Tierings": [{"Days": 90, "AccessTier": "ARCHIVE_ACCESS"}, {"Days": 180, "AccessTier": "DEEP_ARCHIVE_ACCESS"}]})
    w.server.advance_clock(DAY)
    told("ARCHIVE_ACCESS")
    w.server.advance_clock(80 * DAY, coalesce=True)  # queues keep what they were told for four days
    told("DEEP_ARCHIVE_ACCESS")
    w.s3.restore_object(Bucket=w.bucket, Key="it", RestoreRequest={"GlacierJobParameters": {"Tier": "Standard"}})
    w.server.advance_clock(13 * HOUR)
    assert sorted(e["detail-type"] for e in w.bodies(bus, 2)) == ["Object Restore Completed", "Object Restore Initiated"]
    w.server.advance_clock(91 * DAY, coalesce=True)
    told("ARCHIVE_ACCESS")
    assert w.silent(url) and w.silent(bus)


def test_a_lost_destination_never_fails_the_put(world):
    url = world.listen("s3:ObjectCreated:*")
    world.sqs.delete_queue(QueueUrl=url)
    world.s3.put_object(Bucket=world.bucket, Key="k", Body=b"x")
    assert world.s3.get_object(Bucket=world.bucket, Key="k")["Body"].read() == b"x"


@pytest.mark.as_root  # the record names the root
def test_another_account_s_put_is_told_for_the_owner(world):
    """The queue lets the owner's account in, and the record says who it was."""
    world.s3.put_bucket_policy(Bucket=world.bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": "222222222222"}, "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{world.bucket}/*"}]}))
    url = world.listen("s3:ObjectCreated:*")
    world.server.client("s3", account="222222222222").put_object(Bucket=world.bucket, Key="k", Body=b"x")
    record = world.records(url, 1)[0]
    assert record["userIdentity"]["principalId"] == "AWS:222222222222"
    assert record["s3"]["bucket"]["ownerIdentity"]["principalId"] == ACCOUNT


def test_event_bridge_is_asked_for(world):
    url = world.bus()
    where = {"Bucket": world.bucket, "Key": "k"}
    world.s3.put_object(**where, Body=b"unheard")
    world.configure(EventBridgeConfiguration={})
    assert world.s3.get_bucket_notification_configuration(Bucket=world.bucket)["EventBridgeConfiguration"] == {}
    world.s3.put_object(**where, Body=b"data")
    made = world.bodies(url, 1)[0]
    assert made["detail"].pop("request-id") and made["detail"]["object"].pop("sequencer")
    assert made["detail-type"] == "Object Created" and made["resources"] == [f"arn:aws:s3:::{world.bucket}"]
    assert made["detail"] == {"version": "0", "bucket": {"name": world.bucket}, "reason": "PutObject", "requester": ACCOUNT,
                              "source-ip-address": "127.0.0.1", "object": {"key": "k", "size": 4, "etag": "8d777f385d3dfec8815d20f7496026dc"}}
    world.s3.put_object_tagging(**where, Tagging={"TagSet": [{"Key": "a", "Value": "b"}]})
    assert world.bodies(url, 1)[0]["detail-type"] == "Object Tags Added"
    world.s3.delete_object(**where)
    gone = world.bodies(url, 1)[0]
    assert gone["detail-type"] == "Object Deleted" and gone["detail"]["deletion-type"] == "Permanently Deleted"
    world.configure()
    world.s3.put_object(**where, Body=b"unheard")
    assert world.silent(url)


# ---- what may be configured ----

def test_a_configuration_comes_back(world):
    url, arn = world.queue()
    assert "QueueConfigurations" not in world.s3.get_bucket_notification_configuration(Bucket=world.bucket)
    world.configure(QueueConfigurations=[destination(arn, "s3:ObjectCreated:*", rules=[("prefix", "notif-"), ("SUFFIX", "")])])
    got = world.s3.get_bucket_notification_configuration(Bucket=world.bucket)["QueueConfigurations"][0]
    assert got.pop("Id")
    assert got == destination(arn, "s3:ObjectCreated:*", rules=[("Prefix", "notif-"), ("Suffix", "")])
    world.configure()
    assert "QueueConfigurations" not in world.s3.get_bucket_notification_configuration(Bucket=world.bucket)
    assert refused(world.s3.get_bucket_notification_configuration, Bucket=name("none"))["Code"] == "NoSuchBucket"


def test_destinations_must_let_s3_in(world):
    _, closed = world.queue(service=None)
    _, other = world.queue(condition={"ArnLike": {"aws:SourceArn": "arn:aws:s3:::another"}})
    _, abroad = world.queue(condition={"StringEquals": {"aws:SourceAccount": "111111111111"}})
    says = "Permissions on the destination queue do not allow S3 to publish notifications from this bucket"
    for arn, why in ((closed, says), (other, says), (abroad, says),
                     (f"arn:aws:sqs:us-east-1:{ACCOUNT}:none", "The destination queue does not exist")):
        error = refused(world.configure, QueueConfigurations=[destination(arn, "s3:ObjectCreated:*")])
        assert (error["Code"], error["Message"]) == ("InvalidArgument", "Unable to validate the following destination configurations")
        assert (error["ArgumentName1"], error["ArgumentValue1"]) == (f"{arn}, null", why)
    topic = f"arn:aws:sns:us-east-1:{ACCOUNT}:none"
    error = refused(world.configure, TopicConfigurations=[destination(topic, "s3:ObjectCreated:*", kind="TopicArn")])
    assert error["ArgumentValue1"] == "The destination topic does not exist"
    none = [destination(f"arn:aws:sqs:us-east-1:{ACCOUNT}:none{i}", "s3:ObjectCreated:*", rules=[("prefix", f"{i}/")]) for i in range(5)]
    assert refused(world.configure, QueueConfigurations=none)["ArgumentName2"].endswith(":none1, null")
    world.configure(skip=True, QueueConfigurations=[destination(closed, "s3:ObjectCreated:*")])  # then it is simply not told
    world.s3.put_object(Bucket=world.bucket, Key="k", Body=b"x")


def test_configurations_that_are_none(world):
    _, arn = world.queue()
    _, second = world.queue()

    def message(*queues, **more):
        error = refused(world.configure, QueueConfigurations=list(queues), **more)
        return error["Code"], error["Message"]

    assert message(destination("invalid-queue", "s3:ObjectCreated:*")) == ("InvalidArgument", "The ARN could not be parsed")
    assert message(destination(arn.replace("us-east-1", "eu-west-1"), "s3:ObjectCreated:*"))[1].startswith("The notification destination service region")
    assert message(destination(arn + ".fifo", "s3:ObjectCreated:*"))[1] == "Unable to validate the following destination configurations"
    assert message(destination(arn, "s3:ObjectEaten:*")) == ("InvalidArgument", "The event is not supported for notifications")
    assert message(destination(arn, "s3:ObjectCreated:*", rules=[("INVALID", "x")])) == ("InvalidArgument", "filter rule name must be either prefix or suffix")
    assert message(destination(arn, "s3:ObjectCreated:*", rules=[("prefix", "x"), ("Prefix", "y")]))[1].startswith("Cannot specify more than one prefix rule")
    assert message(destination(arn, "s3:ObjectCreated:Put", Id="a"), destination(second, "s3:ObjectCreated:Copy", Id="a"))[1].startswith("Same ID used")
    overlap = "Configurations overlap. Configurations on the same bucket cannot share a common event type."
    assert message(destination(arn, "s3:ObjectCreated:*"), destination(second, "s3:ObjectCreated:Put")) == ("InvalidArgument", overlap)
    assert "ambiguously" in message(destination(arn, "s3:ObjectCreated:Put", rules=[("prefix", "a"), ("suffix", ".jpg")]),
                                    destination(second, "s3:ObjectCreated:*", rules=[("prefix", "ab"), ("suffix", "jpg")]))[1]
    world.configure(QueueConfigurations=[destination(arn, "s3:ObjectCreated:*", rules=[("prefix", "a"), ("suffix", ".jpg")]),
                                         destination(second, "s3:ObjectCreated:*", rules=[("prefix", "a"), ("suffix", ".png")])])


def test_what_is_absent_says_so(world):
    function = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:f"

    def asked(arn):
        return refused(world.configure, LambdaFunctionConfigurations=[destination(arn, "s3:ObjectCreated:*", kind="LambdaFunctionArn")])

    error = asked("invalid-queue")
    assert (error["Message"], error["ArgumentName"]) == ("The ARN could not be parsed", "CloudFunction")
    error = asked(function)
    assert error["Code"] == "NotImplemented" and "Lambda" in error["Message"]
