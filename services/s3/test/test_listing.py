"""Listings against a model: order, prefixes, delimiters, pages of every size."""
import random

import pytest
from botocore.exceptions import ClientError

KEYS = ["a", "a/", "a/b", "a/b/c", "a/b/d", "a/c", "a0", "b", "b//x", "b/y", "\u00e9/x", "\uffff", "\U0001f600/z", "Z", "z/1",
        "z/2", "z/3/4", "with space/x", "plus+x", "per%cent", "dir/sub/deep/file", "dir/sub2", "dir.txt", "<&>\"'"]


@pytest.fixture(scope="module")
def bucket(s3):
    name = "listing-test"
    s3.create_bucket(Bucket=name)
    for key in KEYS:
        s3.put_object(Bucket=name, Key=key, Body=key.encode())
    return name


def model(prefix, delimiter, after):
    """What S3 shows: keys and groups in byte order."""
    shown = []
    for key in sorted(KEYS, key=lambda k: k.encode()):
        if not key.startswith(prefix):
            continue
        at = key.find(delimiter, len(prefix)) if delimiter else -1
        group = key[:at + len(delimiter)] if at >= 0 else None
        if after and (key.encode() <= after.encode() or group == after):
            continue
        entry = ("group", group) if group else ("key", key)
        if entry not in shown:
            shown.append(entry)
    return shown


def shown_by(page):
    entries = [("key", o["Key"]) for o in page.get("Contents", [])] + \
              [("group", p["Prefix"]) for p in page.get("CommonPrefixes", [])]
    return sorted(entries, key=lambda e: e[1].encode())


@pytest.mark.parametrize("prefix", ["", "a", "a/", "a/b", "b/", "z/", "dir", "nothing", "\u00e9"])
@pytest.mark.parametrize("delimiter", ["", "/", "b", "//"])
def test_pages_v2(s3, bucket, prefix, delimiter):
    want = model(prefix, delimiter, "")
    for size in (1, 2, 3, 1000):
        got, token = [], {}
        while True:
            page = s3.list_objects_v2(Bucket=bucket, Prefix=prefix, Delimiter=delimiter, MaxKeys=size, **token)
            entries = shown_by(page)
            assert page["KeyCount"] == len(entries) <= size
            got += entries
            assert page["IsTruncated"] == ("NextContinuationToken" in page)
            if not page["IsTruncated"]:
                break
            assert len(entries) == size
            token = dict(ContinuationToken=page["NextContinuationToken"])
        assert got == want


@pytest.mark.parametrize("delimiter", ["", "/"])
def test_pages_v1(s3, bucket, delimiter):
    want = model("", delimiter, "")
    for size in (1, 4, 1000):
        got, marker = [], ""
        while True:
            page = s3.list_objects(Bucket=bucket, Delimiter=delimiter, MaxKeys=size, Marker=marker)
            entries = shown_by(page)
            got += entries
            assert ("NextMarker" in page) == (page["IsTruncated"] and bool(delimiter))
            if not page["IsTruncated"]:
                break
            marker = entries[-1][1]
        assert got == want


@pytest.mark.parametrize("after", ["a", "a/", "a/b/c", "b/", "m", "\uffff", "zzz", "a/b"])
def test_start_after(s3, bucket, after):
    for delimiter in ("", "/"):
        page = s3.list_objects_v2(Bucket=bucket, StartAfter=after, Delimiter=delimiter)
        assert shown_by(page) == model("", delimiter, after)


def test_members(s3, bucket):
    page = s3.list_objects_v2(Bucket=bucket, Prefix="dir.txt", FetchOwner=True)
    entry = page["Contents"][0]
    assert (entry["Size"], entry["StorageClass"], entry["ChecksumAlgorithm"], entry["ChecksumType"]) == \
        (7, "STANDARD", ["CRC32"], "FULL_OBJECT")
    assert len(entry["Owner"]["ID"]) == 64
    assert page["Name"] == bucket and page["Prefix"] == "dir.txt" and page["MaxKeys"] == 1000
    assert "Owner" not in s3.list_objects_v2(Bucket=bucket, Prefix="dir.txt")["Contents"][0]
    assert "Owner" in s3.list_objects(Bucket=bucket, Prefix="dir.txt")["Contents"][0]
    assert s3.list_objects_v2(Bucket=bucket, MaxKeys=0)["IsTruncated"] is False


def test_bad_arguments(s3, bucket):
    for arguments, name in ((dict(MaxKeys=-1), "max-keys"), (dict(ContinuationToken="foreign"), "continuation-token"),
                            (dict(EncodingType="xml"), "encoding-type")):
        with pytest.raises(ClientError) as caught:
            s3.list_objects_v2(Bucket=bucket, **arguments)
        error = caught.value.response["Error"]
        assert (error["Code"], error["ArgumentName"]) == ("InvalidArgument", name)


def test_many_keys_with_delimiter(s3):
    """A thousand keys under each of a few prefixes; the listing sees only the prefixes."""
    name = "listing-many"
    s3.create_bucket(Bucket=name)
    rng = random.Random(1)
    keys = [f"{top}/{rng.randrange(1 << 30):x}" for top in "pqr" for _ in range(100)]
    for key in keys:
        s3.put_object(Bucket=name, Key=key, Body=b"")
    page = s3.list_objects_v2(Bucket=name, Delimiter="/")
    assert [p["Prefix"] for p in page["CommonPrefixes"]] == ["p/", "q/", "r/"] and page["KeyCount"] == 3
    listed = [o["Key"] for p in s3.get_paginator("list_objects_v2").paginate(Bucket=name, PaginationConfig=dict(PageSize=7))
              for o in p["Contents"]]
    assert listed == sorted(set(keys))
