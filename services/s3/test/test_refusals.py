"""What is not for general purpose buckets is refused by name, and nothing of it is done."""
import pytest
from botocore.exceptions import ClientError

DIRECTORY = {"Location": {"Type": "AvailabilityZone", "Name": "use1-az1"}, "Bucket": {"Type": "Directory", "DataRedundancy": "SingleAvailabilityZone"}}


def refused(call, **arguments):
    with pytest.raises(ClientError) as error:
        call(**arguments)
    return error.value.response["Error"]["Code"], error.value.response["ResponseMetadata"]["HTTPStatusCode"]


@pytest.fixture
def bucket(s3):
    s3.create_bucket(Bucket="refusals")
    s3.put_object(Bucket="refusals", Key="k", Body=b"x")
    yield "refusals"
    s3.delete_object(Bucket="refusals", Key="k")
    s3.delete_bucket(Bucket="refusals")


def test_objects_are_not_renamed(s3, bucket):
    assert refused(s3.rename_object, Bucket=bucket, Key="new", RenameSource="k") == ("NotImplemented", 501)
    assert [o["Key"] for o in s3.list_objects_v2(Bucket=bucket)["Contents"]] == ["k"]


def test_torrents_are_gone(s3, bucket):
    assert refused(s3.get_object_torrent, Bucket=bucket, Key="k") == ("MethodNotAllowed", 405)


def test_directory_buckets(s3, bucket):
    assert refused(s3.create_bucket, Bucket="refusals-directory", CreateBucketConfiguration=DIRECTORY) == ("NotImplemented", 501)
    assert "refusals-directory" not in [b["Name"] for b in s3.list_buckets()["Buckets"]]
    assert refused(s3.create_session, Bucket=bucket) == ("NotImplemented", 501)
    assert refused(s3.list_directory_buckets)[1] == 501
