"""Buckets: names, regions, existence, accounts apart, tags, what tools ask at their start."""
import pytest
from botocore.exceptions import ClientError


def failure(call, **arguments):
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return caught.value.response["Error"]


def test_life(s3):
    made = s3.create_bucket(Bucket="life-test")
    assert made["Location"] == "/life-test" and made["BucketArn"] == "arn:aws:s3:::life-test"
    head = s3.head_bucket(Bucket="life-test")
    assert head["BucketRegion"] == "us-east-1" and head["BucketArn"] == "arn:aws:s3:::life-test"
    assert s3.get_bucket_location(Bucket="life-test")["LocationConstraint"] is None
    s3.create_bucket(Bucket="life-test")  # us-east-1 takes it again
    s3.put_object(Bucket="life-test", Key="k", Body=b"")
    assert failure(s3.delete_bucket, Bucket="life-test")["Code"] == "BucketNotEmpty"
    s3.delete_object(Bucket="life-test", Key="k")
    s3.delete_bucket(Bucket="life-test")
    assert failure(s3.head_bucket, Bucket="life-test")["Code"] == "404"
    assert failure(s3.delete_bucket, Bucket="life-test")["Code"] == "NoSuchBucket"


def test_regions(brume):
    frankfurt, home = brume.client("s3", region="eu-central-1"), brume.client("s3")
    there = dict(CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    made = frankfurt.create_bucket(Bucket="region-test", **there)
    assert made["Location"].startswith("http://region-test.")
    assert frankfurt.get_bucket_location(Bucket="region-test")["LocationConstraint"] == "eu-central-1"
    assert failure(frankfurt.create_bucket, Bucket="region-test", **there)["Code"] == "BucketAlreadyOwnedByYou"
    assert failure(frankfurt.create_bucket, Bucket="region-two")["Code"] == "IllegalLocationConstraintException"
    other = dict(CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    assert failure(frankfurt.create_bucket, Bucket="region-two", **other)["Code"] == "IllegalLocationConstraintException"
    bad = dict(CreateBucketConfiguration={"LocationConstraint": "foo"})
    assert failure(home.create_bucket, Bucket="region-two", **bad)["Code"] == "InvalidLocationConstraint"
    home.create_bucket(Bucket="region-eu", CreateBucketConfiguration={"LocationConstraint": "EU"})
    assert home.get_bucket_location(Bucket="region-eu")["LocationConstraint"] == "EU"
    assert home.head_bucket(Bucket="region-eu")["BucketRegion"] == "eu-west-1"


@pytest.mark.parametrize("name", ["ab", "Upper-case", "a..b", "192.168.0.1", "-abc", "abc-", "xn--abc", "abc-s3alias", "under_score"])
def test_bad_names(s3, name):
    from botocore.handlers import validate_bucket_name
    s3.meta.events.unregister("before-parameter-build.s3", validate_bucket_name)
    assert failure(s3.create_bucket, Bucket=name)["Code"] == "InvalidBucketName"


def test_accounts_apart(brume):
    one, two = brume.client("s3", account="111111111111"), brume.client("s3", account="222222222222")
    for client, body in ((one, b"one"), (two, b"two")):
        client.create_bucket(Bucket="same-name")
        client.put_object(Bucket="same-name", Key="k", Body=body)
    assert one.get_object(Bucket="same-name", Key="k")["Body"].read() == b"one"
    assert two.get_object(Bucket="same-name", Key="k")["Body"].read() == b"two"
    assert one.list_buckets()["Owner"] != two.list_buckets()["Owner"]


def test_list_buckets(brume):
    client = brume.client("s3", account="333333333333")
    for name in ("list-c", "list-a", "other", "list-b"):
        client.create_bucket(Bucket=name)
    brume.client("s3", account="333333333333", region="eu-west-1").create_bucket(
        Bucket="list-eu", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    assert [b["Name"] for b in client.list_buckets()["Buckets"]] == ["list-a", "list-b", "list-c", "list-eu", "other"]
    assert [b["Name"] for b in client.list_buckets(Prefix="list-", BucketRegion="us-east-1")["Buckets"]] == ["list-a", "list-b", "list-c"]
    names = [b["Name"] for page in client.get_paginator("list_buckets").paginate(Prefix="list-", PaginationConfig=dict(PageSize=2))
             for b in page["Buckets"]]
    assert names == ["list-a", "list-b", "list-c", "list-eu"]
    assert failure(client.list_buckets, BucketRegion="eu-east-1")["ArgumentName"] == "bucket-region"


def test_tags(s3):
    s3.create_bucket(Bucket="tags-test", CreateBucketConfiguration={"Tags": [{"Key": "born", "Value": "with"}]})
    assert s3.get_bucket_tagging(Bucket="tags-test")["TagSet"] == [{"Key": "born", "Value": "with"}]
    s3.put_bucket_tagging(Bucket="tags-test", Tagging={"TagSet": [{"Key": "a", "Value": ""}, {"Key": "b", "Value": "2"}]})
    assert s3.get_bucket_tagging(Bucket="tags-test")["TagSet"] == [{"Key": "a", "Value": ""}, {"Key": "b", "Value": "2"}]
    s3.delete_bucket_tagging(Bucket="tags-test")
    error = failure(s3.get_bucket_tagging, Bucket="tags-test")
    assert (error["Code"], error["BucketName"]) == ("NoSuchTagSet", "tags-test")


def test_what_tools_ask(s3):
    s3.create_bucket(Bucket="tools-test")
    assert "Status" not in s3.get_bucket_versioning(Bucket="tools-test")
    acl = s3.get_bucket_acl(Bucket="tools-test")
    assert [g["Permission"] for g in acl["Grants"]] == ["FULL_CONTROL"]
    assert acl["Grants"][0]["Grantee"]["ID"] == acl["Owner"]["ID"] == s3.list_buckets()["Owner"]["ID"]
    rules = s3.get_bucket_encryption(Bucket="tools-test")["ServerSideEncryptionConfiguration"]["Rules"]
    assert rules[0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"


def test_expected_owner(s3):
    s3.create_bucket(Bucket="owner-test")
    s3.head_bucket(Bucket="owner-test", ExpectedBucketOwner="000000000000")
    assert failure(s3.list_objects_v2, Bucket="owner-test", ExpectedBucketOwner="111111111111")["Code"] == "AccessDenied"
    error = failure(s3.list_objects_v2, Bucket="owner-test", ExpectedBucketOwner="abcd")
    assert error["Code"] == "InvalidBucketOwnerAWSAccountID" and error["Message"].endswith("[abcd]")
