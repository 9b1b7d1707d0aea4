"""Versioning: ids, delete markers, the null version, and the listing of all versions."""
import pytest
from botocore.exceptions import ClientError


def code_of(error):
    return error.value.response["Error"]["Code"]


@pytest.fixture
def bucket(s3, request):
    name = "v-" + request.node.name.lower().replace("_", "-").replace("[", "-").replace("]", "")[-55:].strip("-")
    s3.create_bucket(Bucket=name)
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return name


def put(s3, bucket, body, key="k"):
    return s3.put_object(Bucket=bucket, Key=key, Body=body).get("VersionId")


def read(s3, bucket, version=None, key="k"):
    more = {"VersionId": version} if version else {}
    return s3.get_object(Bucket=bucket, Key=key, **more)["Body"].read()


def shown(s3, bucket, **more):
    page = s3.list_object_versions(Bucket=bucket, **more)
    entries = [(v["Key"], v["VersionId"], v["IsLatest"], "object") for v in page.get("Versions", [])]
    entries += [(m["Key"], m["VersionId"], m["IsLatest"], "marker") for m in page.get("DeleteMarkers", [])]
    return entries


def test_overwritten_versions_stay_readable(s3, bucket):
    first, second = put(s3, bucket, b"one"), put(s3, bucket, b"two" * 40000)
    assert first != second and len(first) == 32
    assert read(s3, bucket) == b"two" * 40000
    assert read(s3, bucket, first) == b"one"
    assert s3.head_object(Bucket=bucket, Key="k", VersionId=first)["ContentLength"] == 3
    assert shown(s3, bucket) == [("k", second, True, "object"), ("k", first, False, "object")]


def test_a_delete_marker_hides_and_is_removable(s3, bucket):
    version = put(s3, bucket, b"kept")
    deleted = s3.delete_object(Bucket=bucket, Key="k")
    assert deleted["DeleteMarker"] is True
    marker = deleted["VersionId"]
    with pytest.raises(ClientError) as error:
        s3.get_object(Bucket=bucket, Key="k")
    headers = error.value.response["ResponseMetadata"]["HTTPHeaders"]
    assert code_of(error) == "NoSuchKey"
    assert headers["x-amz-delete-marker"] == "true" and headers["x-amz-version-id"] == marker
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)
    with pytest.raises(ClientError) as error:
        s3.get_object(Bucket=bucket, Key="k", VersionId=marker)
    assert code_of(error) == "MethodNotAllowed"
    assert error.value.response["Error"]["ResourceType"] == "DeleteMarker"
    assert error.value.response["ResponseMetadata"]["HTTPHeaders"]["allow"] == "DELETE"
    assert read(s3, bucket, version) == b"kept"
    gone = s3.delete_object(Bucket=bucket, Key="k", VersionId=marker)
    assert gone["DeleteMarker"] is True and gone["VersionId"] == marker
    assert read(s3, bucket) == b"kept"


def test_deleting_the_current_version_brings_the_one_before(s3, bucket):
    versions = [put(s3, bucket, b"%d" % i) for i in range(4)]
    s3.delete_object(Bucket=bucket, Key="k", VersionId=versions[1])
    s3.delete_object(Bucket=bucket, Key="k", VersionId=versions[3])
    assert read(s3, bucket) == b"2"
    s3.delete_object(Bucket=bucket, Key="k", VersionId=versions[2])
    assert read(s3, bucket) == b"0"
    s3.delete_object(Bucket=bucket, Key="k", VersionId=versions[0])
    assert shown(s3, bucket) == []
    s3.delete_bucket(Bucket=bucket)


def test_ids_that_are_none(s3, bucket):
    put(s3, bucket, b"x")
    gone = put(s3, bucket, b"y")
    s3.delete_object(Bucket=bucket, Key="k", VersionId=gone)
    with pytest.raises(ClientError) as error:
        read(s3, bucket, gone)
    assert code_of(error) == "NoSuchVersion"
    assert s3.delete_object(Bucket=bucket, Key="k", VersionId=gone)["VersionId"] == gone
    for wrong in ("nonsense", "A" * 32):
        with pytest.raises(ClientError) as error:
            s3.delete_object(Bucket=bucket, Key="k", VersionId=wrong)
        assert code_of(error) == "InvalidArgument"


def test_the_null_version(s3, request):
    name = "v-null-version"
    s3.create_bucket(Bucket=name)
    assert put(s3, name, b"before") is None
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    first = put(s3, name, b"first")
    assert read(s3, name, "null") == b"before"
    second = put(s3, name, b"second")
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Suspended"})
    assert put(s3, name, b"suspended") is None
    assert s3.get_object(Bucket=name, Key="k")["VersionId"] == "null"
    assert [e[1] for e in shown(s3, name)] == ["null", second, first]  # the old null version is gone
    put(s3, name, b"again")
    assert [e[1] for e in shown(s3, name)] == ["null", second, first]
    marker = s3.delete_object(Bucket=name, Key="k")
    assert marker["DeleteMarker"] is True and marker["VersionId"] == "null"
    assert sorted(shown(s3, name)) == sorted([("k", "null", True, "marker"), ("k", second, False, "object"),
                                              ("k", first, False, "object")])
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    third = put(s3, name, b"third")
    s3.delete_object(Bucket=name, Key="k", VersionId="null")
    assert [e[1] for e in shown(s3, name)] == [third, second, first]


def test_listing_page_by_page(s3, bucket):
    for key in ("a/1", "a/2", "b", "c"):
        for body in (b"1", b"2", b"3"):
            put(s3, bucket, body, key)
    s3.delete_object(Bucket=bucket, Key="b")
    everything = [(v["Key"], v["VersionId"]) for v in s3.list_object_versions(Bucket=bucket)["Versions"]]
    for size in (1, 2, 5):
        pages, markers = [], 0
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket, PaginationConfig={"PageSize": size}):
            entries = page.get("Versions", []) + page.get("DeleteMarkers", [])
            assert len(entries) <= size
            pages += [(v["Key"], v["VersionId"]) for v in page.get("Versions", [])]
            markers += len(page.get("DeleteMarkers", []))
        assert pages == everything and markers == 1
    page = s3.list_object_versions(Bucket=bucket, Delimiter="/")
    assert [p["Prefix"] for p in page["CommonPrefixes"]] == ["a/"] and len(page["Versions"]) == 6


def test_a_page_goes_on_behind_a_version_that_is_gone(s3, bucket):
    versions = [put(s3, bucket, b"%d" % i) for i in range(5)][::-1]
    s3.delete_object(Bucket=bucket, Key="k", VersionId=versions[1])
    assert [e[1] for e in shown(s3, bucket, KeyMarker="k", VersionIdMarker=versions[1])] == versions[2:]


def test_listing_refuses_a_version_marker_alone(s3, bucket):
    for more, in (({"VersionIdMarker": "null"},), ({"KeyMarker": "k", "VersionIdMarker": ""},)):
        with pytest.raises(ClientError) as error:
            s3.list_object_versions(Bucket=bucket, **more)
        assert code_of(error) == "InvalidArgument"


def test_delete_objects_with_versions(s3, bucket):
    version = put(s3, bucket, b"x")
    answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "k"}, {"Key": "absent"}]})
    markers = [d["DeleteMarkerVersionId"] for d in answer["Deleted"]]
    assert all(d["DeleteMarker"] and "VersionId" not in d for d in answer["Deleted"])
    answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": [
        {"Key": "k", "VersionId": markers[0]}, {"Key": "k", "VersionId": version},
        {"Key": "absent", "VersionId": markers[1]}, {"Key": "k", "VersionId": "wrong"}]})
    assert [d.get("DeleteMarker", False) for d in answer["Deleted"]] == [True, False, True]
    assert [e["Code"] for e in answer["Errors"]] == ["NoSuchVersion"]
    assert shown(s3, bucket) == []


def test_tags_attributes_and_copies_by_version(s3, bucket):
    first, second = put(s3, bucket, b"first"), put(s3, bucket, b"second")
    tags = {"TagSet": [{"Key": "is", "Value": "old"}]}
    assert s3.put_object_tagging(Bucket=bucket, Key="k", VersionId=first, Tagging=tags)["VersionId"] == first
    assert s3.get_object_tagging(Bucket=bucket, Key="k", VersionId=first)["TagSet"] == tags["TagSet"]
    assert s3.get_object_tagging(Bucket=bucket, Key="k") ["TagSet"] == []
    answer = s3.get_object_attributes(Bucket=bucket, Key="k", VersionId=first, ObjectAttributes=["ObjectSize"])
    assert answer["ObjectSize"] == 5 and answer["VersionId"] == first
    source = {"Bucket": bucket, "Key": "k", "VersionId": first}
    copy = s3.copy_object(Bucket=bucket, Key="k", CopySource=source)
    assert copy["CopySourceVersionId"] == first and copy["VersionId"] not in (first, second)
    assert read(s3, bucket) == b"first"
    s3.delete_object(Bucket=bucket, Key="k")
    with pytest.raises(ClientError) as error:
        s3.get_object_tagging(Bucket=bucket, Key="k")
    assert code_of(error) == "MethodNotAllowed"


def test_parts_of_a_version_stay_with_it(s3, bucket):
    upload = s3.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]
    parts = [{"PartNumber": n, "ETag": s3.upload_part(Bucket=bucket, Key="k", UploadId=upload, PartNumber=n,
                                                      Body=b"p" * (5 << 20 if n == 1 else 10))["ETag"]} for n in (1, 2)]
    done = s3.complete_multipart_upload(Bucket=bucket, Key="k", UploadId=upload, MultipartUpload={"Parts": parts})
    put(s3, bucket, b"over it")
    part = s3.get_object(Bucket=bucket, Key="k", VersionId=done["VersionId"], PartNumber=2)
    assert part["Body"].read() == b"p" * 10 and part["PartsCount"] == 2


def test_versioning_states(s3):
    s3.create_bucket(Bucket="v-states")
    assert "Status" not in s3.get_bucket_versioning(Bucket="v-states")
    for status in ("Enabled", "Suspended"):
        s3.put_bucket_versioning(Bucket="v-states", VersioningConfiguration={"Status": status})
        assert s3.get_bucket_versioning(Bucket="v-states")["Status"] == status
    with pytest.raises(ClientError) as error:
        s3.put_bucket_versioning(Bucket="v-states", VersioningConfiguration={})
    assert code_of(error) == "IllegalVersioningConfigurationException"


def test_a_bucket_with_markers_is_not_empty(s3, bucket):
    marker = s3.delete_object(Bucket=bucket, Key="never")["VersionId"]
    with pytest.raises(ClientError) as error:
        s3.delete_bucket(Bucket=bucket)
    assert code_of(error) == "BucketNotEmpty"
    s3.delete_object(Bucket=bucket, Key="never", VersionId=marker)
    s3.delete_bucket(Bucket=bucket)


def test_versions_survive_a_kill(start_brume):
    server = start_brume()
    s3 = server.client("s3")
    s3.create_bucket(Bucket="kept")
    s3.put_bucket_versioning(Bucket="kept", VersioningConfiguration={"Status": "Enabled"})
    versions = [put(s3, "kept", b"%d" % i) for i in range(20)]
    server.kill()
    server.start()
    s3 = server.client("s3")
    assert [e[1] for e in shown(s3, "kept")] == versions[::-1]
    assert [read(s3, "kept", v) for v in versions] == [b"%d" % i for i in range(20)]
