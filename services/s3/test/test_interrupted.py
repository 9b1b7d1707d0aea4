"""Uploads that break off, lengths that lie, connections that half close: nothing is seen, nothing is left behind."""
import time

import pytest
from s3_requests import Wire

MIB = 1 << 20


@pytest.fixture(scope="module")
def bucket(s3):
    name = "interrupted-test"
    s3.create_bucket(Bucket=name)
    return name


def length(n):
    return [f"Content-Length: {n}"]


def keys(s3, bucket):
    return [o["Key"] for o in s3.list_objects_v2(Bucket=bucket).get("Contents", [])]


def staged(server):
    """What bodies have a file of their own take on disk."""
    return sum(f.stat().st_size for f in server.data.glob("zones/*/files/**/*") if f.is_file())


def wait(condition, seconds=20):
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    return condition()


def begin(s3, bucket, key="parts"):
    return s3.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"]


@pytest.fixture(params=["object", "part", "overwrite"])
def target(request, s3, bucket):
    """Where an upload goes, and how to see that nothing came of it."""
    key = f"cut-{request.param}"
    if request.param == "part":
        upload = begin(s3, bucket, key)
        return f"/{bucket}/{key}?partNumber=1&uploadId={upload}", lambda: "Parts" not in s3.list_parts(Bucket=bucket, Key=key, UploadId=upload)
    if request.param == "overwrite":
        s3.put_object(Bucket=bucket, Key=key, Body=b"before")
        return f"/{bucket}/{key}", lambda: s3.get_object(Bucket=bucket, Key=key)["Body"].read() == b"before"
    return f"/{bucket}/{key}", lambda: key not in keys(s3, bucket)


@pytest.mark.parametrize("sent", [0, 3, 300_000])
def test_a_body_that_ends_early(brume, target, sent):
    where, nothing_came = target
    for close in (True, False):
        wire = Wire(brume).head("PUT", where, length(sent + 1)).send(b"x" * sent)
        if close:
            wire.socket.close()
            continue
        answer = wire.end().answer()  # half closed: who still listens hears of no success
        assert answer is None or answer.status == 400
    assert nothing_came()


def test_bytes_of_a_broken_upload_are_freed(start_brume):
    server = start_brume()
    server.client("s3").create_bucket(Bucket="freed")
    wires = [Wire(server).head("PUT", f"/freed/{i}", length(40 * MIB)).send(b"x" * 8 * MIB) for i in range(3)]
    assert wait(lambda: staged(server) > 12 * MIB)
    for wire in wires:
        wire.socket.close()
    assert wait(lambda: staged(server) == 0)
    assert keys(server.client("s3"), "freed") == []


def test_bytes_of_a_killed_upload_are_freed(start_brume):
    server = start_brume()
    s3 = server.client("s3")
    s3.create_bucket(Bucket="freed")
    s3.put_object(Bucket="freed", Key="whole", Body=b"w" * MIB)
    whole = staged(server)
    upload = begin(s3, "freed")
    wires = [Wire(server).head("PUT", target, length(40 * MIB)).send(b"x" * 8 * MIB)
             for target in ("/freed/cut", f"/freed/parts?partNumber=1&uploadId={upload}")]
    assert wait(lambda: staged(server) > whole + 8 * MIB)
    server.kill()
    del wires
    server.start()
    s3 = server.client("s3")
    assert keys(s3, "freed") == ["whole"] and "Parts" not in s3.list_parts(Bucket="freed", Key="parts", UploadId=upload)
    assert wait(lambda: staged(server) == whole)
    assert s3.get_object(Bucket="freed", Key="whole")["Body"].read() == b"w" * MIB


def test_an_aborted_upload_frees_its_parts(start_brume):
    server = start_brume()
    s3 = server.client("s3")
    s3.create_bucket(Bucket="freed")
    upload = begin(s3, "freed")
    for number in (1, 2):
        s3.upload_part(Bucket="freed", Key="parts", UploadId=upload, PartNumber=number, Body=b"p" * 6 * MIB)
    s3.upload_part(Bucket="freed", Key="parts", UploadId=upload, PartNumber=1, Body=b"again")  # what was there goes
    assert wait(lambda: 6 * MIB <= staged(server) < 7 * MIB)
    s3.abort_multipart_upload(Bucket="freed", Key="parts", UploadId=upload)
    assert wait(lambda: staged(server) == 0)


def test_more_than_was_announced_is_another_request(brume, s3, bucket):
    """The bytes behind a body are the next request's, which they cannot be."""
    wire = Wire(brume).head("PUT", f"/{bucket}/long", length(3)).send(b"abcdef")
    assert wire.answer().status == 200
    assert s3.get_object(Bucket=bucket, Key="long")["Body"].read() == b"abc"


@pytest.mark.parametrize("lines", [
    ["Content-Length: -1"], ["Content-Length: +3"], ["Content-Length: abc"], ["Content-Length: "], ["Content-Length: 3, 3"],
    ["Content-Length: 0x3"], ["Content-Length: 99999999999999999999999"], ["Content-Length: 3", "Content-Length: 4"],
    ["Content-Length: 3", "Transfer-Encoding: chunked"], ["Transfer-Encoding: gzip, chunked", "Content-Length: 3"]])
def test_lengths_that_are_none(brume, s3, bucket, lines):
    answer = Wire(brume).head("PUT", f"/{bucket}/length", lines).send(b"abc").end().answer()
    assert answer.status in (400, 501)
    assert "length" not in keys(s3, bucket)


def test_no_length(brume, s3, bucket):
    answer = Wire(brume).head("PUT", f"/{bucket}/length").end().answer()
    assert (answer.status, answer["Code"]) == (411, "MissingContentLength")
    assert "length" not in keys(s3, bucket)


def test_more_than_5_gib_is_refused_before_it_comes(brume, s3, bucket):
    """By what was announced: no byte of the body is sent."""
    upload = begin(s3, bucket)
    for target in (f"/{bucket}/huge", f"/{bucket}/parts?partNumber=1&uploadId={upload}"):
        answer = Wire(brume).head("PUT", target, length((5 << 30) + 1)).answer()
        assert (answer.status, answer["Code"], answer["Message"]) == (400, "EntityTooLarge", "Your proposed upload exceeds the maximum allowed size")
        assert (answer["ProposedSize"], answer["MaxSizeAllowed"]) in ((None, None), (str((5 << 30) + 1), str(5 << 30)))
    wire = Wire(brume).head("PUT", f"/{bucket}/largest", length(5 << 30), headers={"Expect": "100-continue"})
    assert wire.socket.recv(100).startswith(b"HTTP/1.1 100")  # 5 GiB itself may come
    wire.socket.close()
    assert keys(s3, bucket).count("largest") == 0


def test_a_half_closed_connection_hears_its_answer(brume, s3, bucket):
    s3.put_object(Bucket=bucket, Key="heard", Body=b"h" * 3 * MIB)
    got = Wire(brume).head("GET", f"/{bucket}/heard").end().answer()
    assert (got.status, len(got.bytes)) == (200, 3 * MIB)
    put = Wire(brume).head("PUT", f"/{bucket}/half", length(3)).send(b"abc").end().answer()
    assert put.status == 200 and s3.get_object(Bucket=bucket, Key="half")["Body"].read() == b"abc"


def test_a_reader_that_leaves_holds_nothing(start_brume):
    """The bytes of a deleted object go although a reader left in the middle of them."""
    server = start_brume()
    s3 = server.client("s3")
    s3.create_bucket(Bucket="left")
    s3.put_object(Bucket="left", Key="large", Body=b"l" * 20 * MIB)
    wire = Wire(server).head("GET", "/left/large")
    assert wire.socket.recv(1000)
    s3.delete_object(Bucket="left", Key="large")
    wire.socket.close()
    assert wait(lambda: staged(server) == 0)
