"""Conditions in combination, and ranges of all kinds: which one decides, and what then comes."""
import pytest
from s3_requests import ask

BODY = b"0123456789"
PAST, FUTURE = "Thu, 01 Jan 2015 00:00:00 GMT", "Fri, 01 Jan 2100 00:00:00 GMT"


@pytest.fixture(scope="module")
def objects(s3):
    """The bucket's name and the ETag of its object "ten"."""
    s3.create_bucket(Bucket="conditions-test")
    s3.put_object(Bucket="conditions-test", Key="empty", Body=b"")
    return "conditions-test", s3.put_object(Bucket="conditions-test", Key="ten", Body=BODY)["ETag"]


# {} is the ETag. RFC 9110, 13.2.2: If-Match, else If-Unmodified-Since; then If-None-Match, else If-Modified-Since; then the range.
@pytest.mark.parametrize("conditions, status, which", [
    ({"If-Match": "*"}, 200, None), ({"If-None-Match": "*"}, 304, None),
    ({"If-Match": '"a", {}'}, 200, None), ({"If-None-Match": '"a", {}'}, 304, None), ({"If-Match": '"a", "b"'}, 412, "If-Match"),
    ({"If-Match": "{}", "If-None-Match": "{}"}, 304, None), ({"If-Match": "x", "If-None-Match": "{}"}, 412, "If-Match"),
    ({"If-Match": "x", "If-None-Match": "x"}, 412, "If-Match"), ({"If-Match": "{}", "If-None-Match": "x"}, 200, None),
    ({"If-Match": "{}", "If-Unmodified-Since": PAST}, 200, None), ({"If-Match": "x", "If-Unmodified-Since": FUTURE}, 412, "If-Match"),
    ({"If-None-Match": "{}", "If-Modified-Since": PAST}, 304, None), ({"If-None-Match": "x", "If-Modified-Since": FUTURE}, 200, None),
    ({"If-None-Match": "x", "If-Unmodified-Since": PAST}, 412, "If-Unmodified-Since"), ({"If-None-Match": "{}", "If-Unmodified-Since": FUTURE}, 304, None),
    ({"If-Modified-Since": PAST, "If-Unmodified-Since": PAST}, 412, "If-Unmodified-Since"),
    ({"If-Match": "{}", "If-None-Match": "x", "If-Modified-Since": PAST, "If-Unmodified-Since": PAST}, 200, None),
    ({"If-Modified-Since": "nonsense"}, 200, None), ({"If-Unmodified-Since": "nonsense"}, 200, None),  # no date asks for nothing
    ({"If-Match": "x", "Range": "bytes=100-"}, 412, "If-Match"), ({"If-None-Match": "{}", "Range": "bytes=0-1"}, 304, None),
    ({"If-Match": "{}", "Range": "bytes=0-1"}, 206, None), ({"If-Match": "{}", "Range": "bytes=100-"}, 416, None)])
def test_which_condition_decides(brume, objects, conditions, status, which):
    bucket, etag = objects
    headers = {name: value.replace("{}", etag) for name, value in conditions.items()}
    got = ask(brume, "GET", f"/{bucket}/ten", headers=headers)
    assert (got.status, got["Condition"]) == (status, which)
    assert got.bytes == {200: BODY, 206: b"01", 304: b""}.get(status, got.bytes)
    if status == 304:
        assert got.header("etag") == etag
    assert ask(brume, "HEAD", f"/{bucket}/ten", headers=headers).status == status


@pytest.mark.parametrize("conditions, status, which", [
    ({"match": "*"}, 200, None), ({"match": "{}", "unmodified-since": PAST}, 200, None), ({"none-match": "x", "modified-since": FUTURE}, 200, None),
    ({"match": "x"}, 412, "If-Match"), ({"match": "x", "unmodified-since": FUTURE}, 412, "If-Match"),
    ({"none-match": "{}", "modified-since": PAST}, 412, "If-None-Match"), ({"unmodified-since": PAST}, 412, "If-Unmodified-Since"),
    ({"match": "{}", "none-match": "{}"}, 412, "If-None-Match")])
def test_conditions_of_a_copy(brume, s3, objects, conditions, status, which):
    """As of a read, but that what was not modified is refused, too."""
    bucket, etag = objects
    s3.delete_object(Bucket=bucket, Key="copy")
    headers = {f"x-amz-copy-source-if-{name}": value.replace("{}", etag) for name, value in conditions.items()}
    for target in (f"/{bucket}/copy", part_target(s3, bucket)):
        got = ask(brume, "PUT", target, headers={"x-amz-copy-source": f"/{bucket}/ten", **headers})
        assert (got.status, got["Condition"]) == (status, which and f"x-amz-copy-source-{which}")
    assert s3.list_objects_v2(Bucket=bucket, Prefix="copy")["KeyCount"] == (1 if status == 200 else 0)


def part_target(s3, bucket):
    upload = s3.create_multipart_upload(Bucket=bucket, Key="parts")["UploadId"]
    return f"/{bucket}/parts?partNumber=1&uploadId={upload}"


@pytest.mark.parametrize("wanted, got", [
    ("bytes=0-0", b"0"), ("bytes=9-9", b"9"), ("bytes=9-10", b"9"), ("bytes=0-", BODY), ("bytes=-1", b"9"), ("bytes=-10", BODY), ("bytes=-11", BODY),
    ("bytes=00-01", b"01"), ("bytes= 0-1", b"01"), ("bytes=0-1 ", b"01"), ("bytes=5-4", None), ("bytes=0-1,", None), ("bytes=0-1,3-4", None),
    ("bytes=0 - 1", None), ("bytes=a-b", None), ("bytes=", None), ("bytes", None), ("bytes=0-1-2", None), ("bytes=+0-1", None), ("bytes=--1", None),
    ("bytes=0x0-0x1", None), ("lines=0-1", None), ("0-1", None), ("", None), ("bytes=0-99999999999999999999", None)])
def test_ranges_by_hand(brume, objects, wanted, got):
    """What is no range is passed over: all comes. One range alone is served."""
    answer = ask(brume, "GET", f"/{objects[0]}/ten", headers={"Range": wanted})
    if got is None:
        assert (answer.status, answer.bytes, answer.header("content-range")) == (200, BODY, None)
        return
    at = BODY.index(got)
    assert (answer.status, answer.bytes) == (206, got)
    assert answer.header("content-range") == f"bytes {at}-{at + len(got) - 1}/10" and answer.header("content-length") == str(len(got))


@pytest.mark.parametrize("key, wanted", [("ten", "bytes=10-"), ("ten", "bytes=10-20"), ("ten", "bytes=-0"), ("empty", "bytes=0-0"), ("empty", "bytes=0-"), ("empty", "bytes=-1")])
def test_ranges_out_of_reach(brume, objects, key, wanted):
    answer = ask(brume, "GET", f"/{objects[0]}/{key}", headers={"Range": wanted})
    assert (answer.status, answer["Code"], answer["Message"]) == (416, "InvalidRange", "The requested range is not satisfiable")
    assert (answer["RangeRequested"], answer["ActualObjectSize"]) == (wanted, "10" if key == "ten" else "0")
    assert ask(brume, "HEAD", f"/{objects[0]}/{key}", headers={"Range": wanted}).status == 416


def test_range_and_part(brume, objects):
    bucket, etag = objects
    answer = ask(brume, "GET", f"/{bucket}/ten?partNumber=1", headers={"Range": "bytes=0-1"})
    assert (answer.status, answer["Code"], answer["Message"]) == (400, "InvalidRequest", "Cannot specify both Range header and partNumber query parameter")
    answer = ask(brume, "GET", f"/{bucket}/ten?partNumber=1", headers={"If-Match": etag})
    assert (answer.status, answer.bytes, answer.header("content-range")) == (206, BODY, "bytes 0-9/10")
    assert ask(brume, "GET", f"/{bucket}/ten?partNumber=1", headers={"If-Match": "x"}).status == 412
    assert ask(brume, "GET", f"/{bucket}/ten?partNumber=2")["Code"] == "InvalidPartNumber"
    for number in ("0", "-1", "10001", "1.5"):
        assert ask(brume, "GET", f"/{bucket}/ten?partNumber={number}")["Code"] == "InvalidArgument"
