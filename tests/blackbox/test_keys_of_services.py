"""Condition keys that belong to one service: each refuses or lets in by the value that it has in a request."""
import datetime
import json
import random
import ssl
import urllib.error
import urllib.request

import pytest
from botocore.exceptions import ClientError


class Home:
    def __init__(self, brume, **options):
        self.brume, self.options, self.account = brume, options, f"{random.randrange(10**11, 10**12):012}"
        self.iam = self.client("iam")

    def client(self, service):
        return self.brume.client(service, account=self.account, **self.options)

    def user(self, *statements):
        name = f"u{random.randrange(16**10):010x}"
        self.iam.create_user(UserName=name)
        self.iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": list(statements)}))
        key = self.iam.create_access_key(UserName=name)["AccessKey"]
        return lambda service: self.brume.client(service, account=key["AccessKeyId"], secret=key["SecretAccessKey"], **self.options)


def allow(*actions, **conditions):
    return {"Effect": "Allow", "Action": list(actions), "Resource": "*", **({"Condition": conditions} if conditions else {})}


def deny(*actions, **conditions):
    return {**allow(*actions, **conditions), "Effect": "Deny"}


@pytest.fixture
def home(brume):
    return Home(brume)


def denied(call, **arguments):
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return caught.value.response["Error"]["Code"] in ("AccessDenied", "AccessDeniedException")


def bucket_of(home, **options):
    name = f"b{random.randrange(16**10):010x}"
    home.client("s3").create_bucket(Bucket=name, **options)
    return name


# ---- S3 ----

@pytest.mark.as_root  # the clients of the users know nothing of the certificate
def test_the_version_of_tls(start_brume):
    """As the S3 user guide requires TLS 1.3 of a bucket's clients."""
    server = start_brume("--tls")
    home = Home(server, verify=f"{server.data}/tls/ca.pem")
    bucket = bucket_of(home)
    home.client("s3").put_object(Bucket=bucket, Key="k", Body=b"x")
    user = home.user(allow("s3:GetObject"), deny("s3:*", NumericLessThan={"s3:TlsVersion": "1.3"}))("s3")
    url = user.generate_presigned_url("get_object", {"Bucket": bucket, "Key": "k"})

    def status(version):
        context = ssl.create_default_context(cafile=f"{server.data}/tls/ca.pem")
        context.minimum_version = context.maximum_version = version
        try:
            with urllib.request.urlopen(url, context=context) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code

    assert (status(ssl.TLSVersion.TLSv1_3), status(ssl.TLSVersion.TLSv1_2)) == (200, 403)


def test_days_of_retention(home):
    """As the S3 user guide bounds the retention that users may set."""
    bucket = bucket_of(home, ObjectLockEnabledForBucket=True)
    s3 = home.user(allow("s3:*"), deny("s3:PutObjectRetention", "s3:PutObject", NumericGreaterThan={"s3:object-lock-remaining-retention-days": "10"}))("s3")
    until = lambda days: datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=days)
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    assert denied(s3.put_object_retention, Bucket=bucket, Key="k", Retention={"Mode": "GOVERNANCE", "RetainUntilDate": until(12)})
    s3.put_object_retention(Bucket=bucket, Key="k", Retention={"Mode": "GOVERNANCE", "RetainUntilDate": until(5)})
    assert denied(s3.put_object, Bucket=bucket, Key="k", Body=b"x", ObjectLockMode="GOVERNANCE", ObjectLockRetainUntilDate=until(12))
    s3.put_object(Bucket=bucket, Key="k", Body=b"x", ObjectLockMode="GOVERNANCE", ObjectLockRetainUntilDate=until(5))


def test_only_conditional_writes(home):
    """As the S3 user guide enforces conditional writes, uploads in parts included."""
    bucket = bucket_of(home)
    s3 = home.user(allow("s3:*"), deny("s3:PutObject", Null={"s3:if-none-match": "true"}, Bool={"s3:ObjectCreationOperation": "true"}))("s3")
    assert denied(s3.put_object, Bucket=bucket, Key="k", Body=b"x")
    s3.put_object(Bucket=bucket, Key="k", Body=b"x", IfNoneMatch="*")
    upload = {"Bucket": bucket, "Key": "parts"}
    upload["UploadId"] = s3.create_multipart_upload(**upload)["UploadId"]
    part = {"PartNumber": 1, "ETag": s3.upload_part(**upload, PartNumber=1, Body=b"x")["ETag"]}
    assert denied(s3.complete_multipart_upload, **upload, MultipartUpload={"Parts": [part]})
    s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": [part]}, IfNoneMatch="*")


def test_fields_of_an_inventory(home):
    bucket = bucket_of(home)
    s3 = home.user(allow("s3:PutInventoryConfiguration", **{"ForAllValues:StringEquals": {"s3:InventoryAccessibleOptionalFields": ["Size", "ETag"]}}))("s3")

    def put(*fields):
        destination = {"S3BucketDestination": {"Bucket": f"arn:aws:s3:::{bucket}", "Format": "CSV"}}
        s3.put_bucket_inventory_configuration(Bucket=bucket, Id="i", InventoryConfiguration={
            "Id": "i", "IsEnabled": True, "IncludedObjectVersions": "All", "Schedule": {"Frequency": "Daily"}, "Destination": destination, "OptionalFields": fields})

    put("Size", "ETag")
    put()
    assert denied(lambda: put("Size", "ObjectAccessControlList"))


# ---- KMS ----

def test_re_encryption_under_the_same_key(home):
    kms = home.client("kms")
    one, two = (kms.create_key()["KeyMetadata"]["KeyId"] for _ in range(2))
    sealed = kms.encrypt(KeyId=one, Plaintext=b"x")["CiphertextBlob"]
    user = home.user(allow("kms:ReEncrypt*", Bool={"kms:ReEncryptOnSameKey": "true"}))("kms")
    user.re_encrypt(CiphertextBlob=sealed, DestinationKeyId=one, DestinationEncryptionContext={"a": "b"})
    assert denied(user.re_encrypt, CiphertextBlob=sealed, DestinationKeyId=two)


def test_days_without_use(start_brume):
    """Only keys that nobody has used for a while may be switched off."""
    server = start_brume()
    home = Home(server)
    kms = home.client("kms")
    used, unused = (kms.create_key()["KeyMetadata"]["KeyId"] for _ in range(2))
    user = home.user(allow("kms:DisableKey", "kms:ScheduleKeyDeletion", NumericGreaterThanEquals={"kms:TrailingDaysWithoutKeyUsage": "90"}))("kms")
    assert denied(user.disable_key, KeyId=unused)  # it was made just now
    server.advance_clock(91 * 86400000)
    kms.encrypt(KeyId=used, Plaintext=b"x")
    assert denied(user.disable_key, KeyId=used) and denied(user.schedule_key_deletion, KeyId=used)
    user.disable_key(KeyId=unused)
    user.schedule_key_deletion(KeyId=unused)


# ---- IAM and Account ----

def test_the_age_of_a_service_s_credentials(home):
    home.iam.create_user(UserName="robot")
    iam = home.user(allow("iam:CreateServiceSpecificCredential", NumericLessThanEquals={"iam:ServiceSpecificCredentialAgeDays": "30"}))("iam")
    make = lambda **more: iam.create_service_specific_credential(UserName="robot", ServiceName="bedrock.amazonaws.com", **more)
    assert make(CredentialAgeDays=30)
    assert denied(make, CredentialAgeDays=31) and denied(make)


def test_regions_and_contacts(home):
    user = home.user(allow("account:EnableRegion", "account:GetRegionOptStatus", StringEquals={"account:TargetRegion": "af-south-1"}),
                     allow("account:PutAlternateContact", StringEquals={"account:AlternateContactTypes": ["BILLING", "SECURITY"]}))("account")
    user.enable_region(RegionName="af-south-1")
    assert denied(user.enable_region, RegionName="ap-east-1") and denied(user.get_region_opt_status, RegionName="ap-east-1")
    contact = {"EmailAddress": "a@example.com", "Name": "A", "PhoneNumber": "+1 555", "Title": "T"}
    user.put_alternate_contact(AlternateContactType="BILLING", **contact)
    assert denied(user.put_alternate_contact, AlternateContactType="OPERATIONS", **contact)


# ---- EventBridge ----

def test_events_of_one_source_are_put(home):
    user = home.user(allow("events:PutEvents", StringEquals={"events:source": "app.orders", "events:detail-type": "Order"}))("events")
    entry = {"Source": "app.orders", "DetailType": "Order", "Detail": "{}"}
    assert user.put_events(Entries=[entry])["FailedEntryCount"] == 0
    assert denied(user.put_events, Entries=[{**entry, "Source": "app.bills"}])
    assert denied(user.put_events, Entries=[{**entry, "DetailType": "Bill"}])
    forwarded = home.user(allow("events:PutEvents", StringEquals={"events:eventBusInvocation": "true"}))("events")
    assert denied(forwarded.put_events, Entries=[entry])


def test_rules_ask_for_what_their_maker_may_see(home):
    """As the user guide lets somebody see one source alone: each value of the pattern counts, and that there is one."""
    user = home.user(allow("events:PutRule", **{"ForAllValues:StringEquals": {"events:source": "aws.ec2"}, "Null": {"events:source": "false"}}))("events")

    def rule(pattern):
        return user.put_rule(Name="r", EventPattern=json.dumps(pattern))

    assert rule({"source": ["aws.ec2"], "detail-type": ["x"]})["RuleArn"].endswith("rule/r")
    for wider in ({"source": ["aws.ec2", "aws.s3"]}, {"detail-type": ["aws.ec2"]}, {"detail": {"source": ["aws.ec2"]}}, {"source": [{"prefix": ""}]},
                  {"source": ["aws.ec2", {"anything-but": "aws.s3"}]}, {"$or": [{"source": ["aws.ec2"]}, {"detail-type": ["x"]}]},
                  {"source": [{"equals-ignore-case": "aws.ec2"}]}):
        with pytest.raises(ClientError) as caught:
            rule(wider)
        assert caught.value.response["Error"]["Code"] == "AccessDeniedException", wider


def test_rules_on_one_detail(home):
    user = home.user(allow("events:PutRule", StringEquals={"events:detail.service": "EC2", "events:detail.userIdentity.principalId": "AIDA1"}))("events")
    pattern = {"detail": {"service": ["EC2"], "userIdentity": {"principalId": ["AIDA1"]}}}
    assert user.put_rule(Name="r", EventPattern=json.dumps(pattern))
    pattern["detail"]["userIdentity"]["principalId"] = ["AIDA2"]
    assert denied(user.put_rule, Name="r", EventPattern=json.dumps(pattern))
    assert denied(user.put_rule, Name="r", EventPattern=json.dumps({"service": ["EC2"], "userIdentity": {"principalId": ["AIDA1"]}}))


def test_targets_that_a_rule_may_have(home):
    events, queue = home.client("events"), f"arn:aws:sqs:us-east-1:{home.account}:"
    events.put_rule(Name="r", ScheduleExpression="rate(1 day)")
    user = home.user(allow("events:PutTargets", **{"ForAllValues:ArnEquals": {"events:TargetArn": queue + "allowed"}}))("events")
    assert user.put_targets(Rule="r", Targets=[{"Id": "1", "Arn": queue + "allowed"}])["FailedEntryCount"] == 0
    assert denied(user.put_targets, Rule="r", Targets=[{"Id": "1", "Arn": queue + "allowed"}, {"Id": "2", "Arn": queue + "other"}])


def test_guests_leave_other_rules_alone(home, brume):
    """A bus's policy that lets another account manage the rules which it made there, as the user guide has it."""
    guest, events = Home(brume), home.client("events")
    bus = events.create_event_bus(Name="shared")["EventBusArn"]
    rules = f"arn:aws:events:us-east-1:{home.account}:rule/shared/*"
    events.put_permission(EventBusName="shared", Policy=json.dumps({"Version": "2012-10-17", "Statement": {
        "Sid": "rules", "Effect": "Allow", "Principal": {"AWS": guest.account}, "Action": ["events:PutRule", "events:DeleteRule", "events:DescribeRule"],
        "Resource": rules, "Condition": {"StringEqualsIfExists": {"events:creatorAccount": "${aws:PrincipalAccount}"}}}}))
    events.put_rule(Name="ours", EventBusName="shared", EventPattern='{"source":["x"]}')
    stranger = guest.client("events")
    assert stranger.put_rule(Name="theirs", EventBusName=bus, EventPattern='{"source":["x"]}')
    assert stranger.describe_rule(Name="theirs", EventBusName=bus)["CreatedBy"] == guest.account
    assert denied(stranger.describe_rule, Name="ours", EventBusName=bus)
    assert denied(stranger.put_rule, Name="ours", EventBusName=bus, EventPattern='{"source":["y"]}')
    assert denied(stranger.delete_rule, Name="ours", EventBusName=bus)
    stranger.delete_rule(Name="theirs", EventBusName=bus)
