"""What an account blocks, access points and their tags: S3 Control's API, and S3 through what it made."""
import json
import re
import urllib.request
from urllib.error import HTTPError

import pytest
from botocore.exceptions import ClientError

from kit import make_queue

ACCOUNT, OTHER = "000000000000", "222222222222"


@pytest.fixture
def control(brume):
    return brume.client("s3control")


def refused(call, **arguments):
    with pytest.raises(ClientError) as error:
        call(**arguments)
    return error.value.response["Error"]


def nobody(brume, path, host=None):
    request = urllib.request.Request(f"{brume.url}/{path}", headers={"Host": host} if host else {})
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status
    except HTTPError as error:
        return error.code


def policy(principal, *resources, action="s3:GetObject", effect="Allow", **more):
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": effect, "Principal": principal, "Action": action, "Resource": list(resources), **more}]})


@pytest.fixture
def bucket(s3, request):
    name = "ap-" + re.sub("[^a-z0-9]+", "-", request.node.name.lower())[-40:].strip("-")
    s3.create_bucket(Bucket=name)
    s3.put_object(Bucket=name, Key="k", Body=b"bytes")
    return name


def make(control, bucket, name, **more):
    made = control.create_access_point(AccountId=ACCOUNT, Name=name, Bucket=bucket, **more)
    return made["AccessPointArn"], made["Alias"]


def test_what_an_account_blocks(brume, s3, control, bucket):
    assert refused(control.get_public_access_block, AccountId=ACCOUNT) == {
        "AccountId": ACCOUNT, "Code": "NoSuchPublicAccessBlockConfiguration", "Message": "The public access block configuration was not found"}
    s3.delete_public_access_block(Bucket=bucket)
    public = policy("*", f"arn:aws:s3:::{bucket}/*")
    s3.put_bucket_policy(Bucket=bucket, Policy=public)
    assert nobody(brume, f"{bucket}/k") == 200
    wanted = {"BlockPublicAcls": False, "IgnorePublicAcls": False, "BlockPublicPolicy": True, "RestrictPublicBuckets": True}
    control.put_public_access_block(AccountId=ACCOUNT, PublicAccessBlockConfiguration=wanted)
    try:
        assert control.get_public_access_block(AccountId=ACCOUNT)["PublicAccessBlockConfiguration"] == wanted
        assert nobody(brume, f"{bucket}/k") == 403
        assert refused(s3.put_bucket_policy, Bucket=bucket, Policy=public)["Code"] == "AccessDenied"
        assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"bytes" # the owner
    finally:
        control.delete_public_access_block(AccountId=ACCOUNT)
    control.delete_public_access_block(AccountId=ACCOUNT)
    assert nobody(brume, f"{bucket}/k") == 200
    assert refused(control.get_public_access_block, AccountId=OTHER)["Code"] == "AccessDenied"


def test_public_lists_are_ignored(brume, s3, control, bucket):
    s3.put_bucket_ownership_controls(Bucket=bucket, OwnershipControls={"Rules": [{"ObjectOwnership": "ObjectWriter"}]})
    s3.delete_public_access_block(Bucket=bucket)
    s3.put_object_acl(Bucket=bucket, Key="k", ACL="public-read")
    assert nobody(brume, f"{bucket}/k") == 200
    control.put_public_access_block(AccountId=ACCOUNT, PublicAccessBlockConfiguration={"IgnorePublicAcls": True, "BlockPublicAcls": True})
    try:
        assert nobody(brume, f"{bucket}/k") == 403
        assert refused(s3.put_object_acl, Bucket=bucket, Key="k", ACL="public-read")["Code"] == "AccessDenied"
    finally:
        control.delete_public_access_block(AccountId=ACCOUNT)


def test_an_access_point_comes_and_goes(s3, control, bucket):
    arn, alias = make(control, bucket, "my-point")
    assert arn == f"arn:aws:s3:us-east-1:{ACCOUNT}:accesspoint/my-point"
    assert re.fullmatch(r"my-point-[a-z0-9]{34}-s3alias", alias)
    shown = control.get_access_point(AccountId=ACCOUNT, Name="my-point")
    assert (shown["Bucket"], shown["BucketAccountId"], shown["NetworkOrigin"], shown["Alias"]) == (bucket, ACCOUNT, "Internet", alias)
    assert set(shown["PublicAccessBlockConfiguration"].values()) == {True}
    assert shown["Endpoints"]["fips_dualstack"] == "s3-accesspoint-fips.dualstack.us-east-1.amazonaws.com"
    assert refused(control.create_access_point, AccountId=ACCOUNT, Name="my-point", Bucket=bucket)["Code"] == "AccessPointAlreadyOwnedByYou"
    s3.delete_object(Bucket=bucket, Key="k")
    assert refused(s3.delete_bucket, Bucket=bucket)["Code"] == "BucketHasAccessPointsAttached"
    control.delete_access_point(AccountId=ACCOUNT, Name="my-point")
    gone = {"AccessPointName": "my-point", "Code": "NoSuchAccessPoint", "Message": "The specified accesspoint does not exist"}
    assert refused(control.get_access_point, AccountId=ACCOUNT, Name="my-point") == gone
    assert refused(control.delete_access_point, AccountId=ACCOUNT, Name="my-point") == gone
    assert refused(s3.get_object, Bucket=alias, Key="k")["Code"] == "NoSuchBucket"
    s3.delete_bucket(Bucket=bucket)


@pytest.mark.parametrize("name", ["sa", "xn-_test-alias", "Upper", "-edge", "edge-", "dot.ted", "x" * 51])
def test_names_that_are_none(brume, bucket, name):
    control = brume.client("s3control", config={"parameter_validation": False})
    assert refused(control.create_access_point, AccountId=ACCOUNT, Name=name, Bucket=bucket) == {
        "Code": "InvalidURI", "Message": "Couldn't parse the specified URI.", "URI": f"accesspoint/{name}"}


def test_pages(s3, control, bucket):
    s3.create_bucket(Bucket=f"{bucket}-2")
    names = [f"page-{n}" for n in range(4)]
    for n, name in enumerate(names):
        make(control, bucket if n < 3 else f"{bucket}-2", name)
    seen, token = [], {}
    while True:
        page = control.list_access_points(AccountId=ACCOUNT, MaxResults=1, **token)
        seen += [p["Name"] for p in page["AccessPointList"]]
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    assert [name for name in seen if name.startswith("page-")] == names
    assert [p["Name"] for p in control.list_access_points(AccountId=ACCOUNT, Bucket=bucket)["AccessPointList"]] == names[:3]


def test_requests_by_arn_alias_and_host(brume, s3, control, bucket):
    arn, alias = make(control, bucket, "ways")
    for way in (arn, alias):
        assert s3.get_object(Bucket=way, Key="k")["Body"].read() == b"bytes"
        s3.put_object(Bucket=way, Key=f"new/{way[:3]}", Body=b"x")
        assert s3.head_object(Bucket=way, Key=f"new/{way[:3]}")["ContentLength"] == 1
    assert [o["Key"] for o in s3.list_objects_v2(Bucket=arn)["Contents"]] == ["k", "new/arn", "new/way"]
    assert [d["Key"] for d in s3.delete_objects(Bucket=alias, Delete={"Objects": [{"Key": "new/arn"}]})["Deleted"]] == ["new/arn"]
    assert refused(s3.get_object, Bucket=arn, Key="none")["Code"] == "NoSuchKey"
    assert refused(s3.put_bucket_versioning, Bucket=alias, VersioningConfiguration={"Status": "Enabled"})["Code"] == "MethodNotAllowed"
    upload = s3.create_multipart_upload(Bucket=arn, Key="parts")["UploadId"]
    part = s3.upload_part(Bucket=arn, Key="parts", UploadId=upload, PartNumber=1, Body=b"part")
    s3.complete_multipart_upload(Bucket=arn, Key="parts", UploadId=upload, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]})
    assert s3.get_object(Bucket=bucket, Key="parts")["Body"].read() == b"part"
    host = f"ways-{ACCOUNT}.s3-accesspoint.us-east-1.localhost"
    assert nobody(brume, "k", host) == 403 and nobody(brume, "k", f"none-{host}") == 404


def test_other_accounts_need_both_policies(brume, s3, control, bucket):
    arn, alias = make(control, bucket, "shared")
    other = brume.client("s3", account=OTHER)
    control.put_access_point_policy(AccountId=ACCOUNT, Name="shared", Policy=policy({"AWS": OTHER}, f"{arn}/object/*"))
    assert json.loads(control.get_access_point_policy(AccountId=ACCOUNT, Name="shared")["Policy"])["Statement"][0]["Effect"] == "Allow"
    assert control.get_access_point_policy_status(AccountId=ACCOUNT, Name="shared")["PolicyStatus"]["IsPublic"] is False
    assert refused(other.get_object, Bucket=arn, Key="k")["Code"] == "AccessDenied" # the bucket says nothing yet
    s3.put_bucket_policy(Bucket=bucket, Policy=policy({"AWS": "*"}, f"arn:aws:s3:::{bucket}/*", action="*",
                                                      Condition={"StringEquals": {"s3:DataAccessPointAccount": ACCOUNT}}))
    assert other.get_object(Bucket=arn, Key="k")["Body"].read() == b"bytes"
    assert other.get_object(Bucket=alias, Key="k")["Body"].read() == b"bytes"
    assert refused(other.get_object, Bucket=bucket, Key="k")["Code"] == "AccessDenied" # not by the access point
    assert refused(other.put_object, Bucket=arn, Key="x")["Code"] == "AccessDenied" # not in its policy
    control.delete_access_point_policy(AccountId=ACCOUNT, Name="shared")
    assert refused(control.get_access_point_policy, AccountId=ACCOUNT, Name="shared")["Code"] == "NoSuchAccessPointPolicy"
    assert refused(other.get_object, Bucket=arn, Key="k")["Code"] == "AccessDenied"


def test_denials_on_either_side(s3, control, bucket):
    arn, _ = make(control, bucket, "denied")
    control.put_access_point_policy(AccountId=ACCOUNT, Name="denied", Policy=policy("*", f"{arn}/object/secret*", effect="Deny"))
    s3.put_object(Bucket=bucket, Key="secret", Body=b"")
    assert refused(s3.get_object, Bucket=arn, Key="secret")["Code"] == "AccessDenied"
    s3.get_object(Bucket=bucket, Key="secret")
    s3.put_bucket_policy(Bucket=bucket, Policy=policy("*", f"arn:aws:s3:::{bucket}/k", effect="Deny", Condition={"StringLike": {"s3:DataAccessPointArn": "*/denied"}}))
    assert refused(s3.get_object, Bucket=arn, Key="k")["Code"] == "AccessDenied"
    s3.get_object(Bucket=bucket, Key="k")


def test_copies_from_an_access_point(brume, s3, control, bucket):
    arn, alias = make(control, bucket, "source")
    for key, source in (("by-arn", f"{arn}/object/k"), ("by-alias", f"{alias}/k"), ("by-name", {"Bucket": arn, "Key": "k"})):
        s3.copy_object(Bucket=bucket, Key=key, CopySource=source)
        assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == b"bytes"
    assert refused(s3.copy_object, Bucket=bucket, Key="k", CopySource=f"{arn}/object/k")["Code"] == "InvalidRequest"  # onto itself
    upload = s3.create_multipart_upload(Bucket=bucket, Key="parts")["UploadId"]
    part = s3.upload_part_copy(Bucket=bucket, Key="parts", UploadId=upload, PartNumber=1, CopySource=f"{arn}/object/k")["CopyPartResult"]
    s3.complete_multipart_upload(Bucket=bucket, Key="parts", UploadId=upload, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]})
    assert s3.get_object(Bucket=bucket, Key="parts")["Body"].read() == b"bytes"
    control.put_access_point_policy(AccountId=ACCOUNT, Name="source", Policy=policy("*", f"{arn}/object/*", effect="Deny"))
    for source in (f"{arn}/object/k", f"{alias}/k"):
        assert refused(s3.copy_object, Bucket=bucket, Key="x", CopySource=source)["Code"] == "AccessDenied"
    s3.copy_object(Bucket=bucket, Key="x", CopySource=f"{bucket}/k")
    assert refused(s3.copy_object, Bucket=bucket, Key="x", CopySource=arn.replace("source", "none") + "/object/k")["Code"] == "NoSuchBucket"


def test_deletions_ask_the_access_point_for_each_key(brume, s3, control, bucket):
    arn, _ = make(control, bucket, "deleting")
    other = brume.client("s3", account=OTHER)
    s3.put_bucket_policy(Bucket=bucket, Policy=policy({"AWS": "*"}, f"arn:aws:s3:::{bucket}/*", f"arn:aws:s3:::{bucket}", action="*",
                                                      Condition={"StringEquals": {"s3:DataAccessPointAccount": ACCOUNT}}))
    control.put_access_point_policy(AccountId=ACCOUNT, Name="deleting", Policy=policy({"AWS": OTHER}, arn, f"{arn}/object/theirs/*", action="s3:*"))
    for key in ("theirs/a", "ours/a"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"")
    answer = other.delete_objects(Bucket=arn, Delete={"Objects": [{"Key": "theirs/a"}, {"Key": "ours/a"}]})
    assert [d["Key"] for d in answer["Deleted"]] == ["theirs/a"]
    assert [(e["Key"], e["Code"]) for e in answer["Errors"]] == [("ours/a", "AccessDenied")]
    assert [o["Key"] for o in s3.list_objects_v2(Bucket=bucket)["Contents"]] == ["k", "ours/a"]


def test_public_access_points(brume, s3, control, bucket):
    s3.delete_public_access_block(Bucket=bucket)
    s3.put_bucket_policy(Bucket=bucket, Policy=policy("*", f"arn:aws:s3:::{bucket}/*", Condition={"StringEquals": {"s3:DataAccessPointAccount": ACCOUNT}}))
    closed, _ = make(control, bucket, "closed")
    assert refused(control.put_access_point_policy, AccountId=ACCOUNT, Name="closed", Policy=policy("*", f"{closed}/object/*"))["Code"] == "AccessDenied"
    arn, alias = make(control, bucket, "open", PublicAccessBlockConfiguration={"BlockPublicAcls": False})
    assert nobody(brume, f"{alias}/k") == 403
    control.put_access_point_policy(AccountId=ACCOUNT, Name="open", Policy=policy("*", f"{arn}/object/*"))
    assert control.get_access_point_policy_status(AccountId=ACCOUNT, Name="open")["PolicyStatus"]["IsPublic"] is True
    assert nobody(brume, f"{alias}/k") == 200 and nobody(brume, f"{bucket}/k") == 403
    assert nobody(brume, "k", f"open-{ACCOUNT}.s3-accesspoint.us-east-1.localhost") == 200
    assert refused(control.put_access_point_policy, AccountId=ACCOUNT, Name="open", Policy="{")["Code"] == "MalformedPolicy"
    assert refused(control.put_access_point_policy, AccountId=ACCOUNT, Name="open", Policy=policy("*", "arn:aws:s3:::elsewhere/*"))["Code"] == "MalformedPolicy"


def test_of_a_vpc(s3, control, bucket):
    arn, _ = make(control, bucket, "inside", VpcConfiguration={"VpcId": "vpc-0123456789abcdef0"})
    shown = control.get_access_point(AccountId=ACCOUNT, Name="inside")
    assert (shown["NetworkOrigin"], shown["VpcConfiguration"]) == ("VPC", {"VpcId": "vpc-0123456789abcdef0"})
    assert refused(s3.get_object, Bucket=arn, Key="k")["Code"] == "AccessDenied"


def test_tags_of_what_other_services_keep(control, sqs):
    url, arn = make_queue(sqs)
    sqs.tag_queue(QueueUrl=url, Tags={"a": "b"})
    for call, arguments in ((control.list_tags_for_resource, {}), (control.tag_resource, {"Tags": [{"Key": "a", "Value": "c"}]}), (control.untag_resource, {"TagKeys": ["a"]})):
        assert refused(call, AccountId=ACCOUNT, ResourceArn=arn, **arguments)["Code"] == "NoSuchResource"
    assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"a": "b"}


def test_tags(s3, control, bucket):
    arn, _ = make(control, bucket, "tagged", Tags=[{"Key": "at", "Value": "birth"}])
    for resource, before in ((f"arn:aws:s3:::{bucket}", []), (arn, [{"Key": "at", "Value": "birth"}])):
        tags = lambda: control.list_tags_for_resource(AccountId=ACCOUNT, ResourceArn=resource)["Tags"]
        assert tags() == before
        control.tag_resource(AccountId=ACCOUNT, ResourceArn=resource, Tags=[{"Key": "key1", "Value": "value1"}, {"Key": "key2", "Value": "value2"}])
        control.tag_resource(AccountId=ACCOUNT, ResourceArn=resource, Tags=[{"Key": "key2", "Value": "again"}])
        assert tags() == before + [{"Key": "key1", "Value": "value1"}, {"Key": "key2", "Value": "again"}]
        control.untag_resource(AccountId=ACCOUNT, ResourceArn=resource, TagKeys=["key1", "none"])
        assert tags() == before + [{"Key": "key2", "Value": "again"}]
    assert s3.get_bucket_tagging(Bucket=bucket)["TagSet"] == [{"Key": "key2", "Value": "again"}]
    assert refused(control.list_tags_for_resource, AccountId=ACCOUNT, ResourceArn="arn:aws:s3:::ap-nowhere") == {
        "Code": "NoSuchResource", "Message": "The specified resource doesn't exist."}
