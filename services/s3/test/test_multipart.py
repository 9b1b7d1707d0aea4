"""Multipart uploads: assembly, order, sizes, checksums, listing, copying parts, abort."""
import base64
import hashlib
import io
import zlib

import pytest
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError

MIB = 1 << 20


def failure(call, **arguments):
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return caught.value.response["Error"]


@pytest.fixture(scope="module")
def bucket(s3):
    name = "multipart-test"
    s3.create_bucket(Bucket=name)
    return name


def pattern(size, seed=0):
    block = b"".join(hashlib.sha256(f"{seed}/{i}".encode()).digest() for i in range(2048))
    return (block * (size // len(block) + 1))[:size]


def begin(s3, bucket, key, **arguments):
    answer = s3.create_multipart_upload(Bucket=bucket, Key=key, **arguments)
    return dict(Bucket=bucket, Key=key, UploadId=answer["UploadId"])


def send(s3, upload, number, body, **arguments):
    answer = s3.upload_part(**upload, PartNumber=number, Body=body, **arguments)
    part = {"PartNumber": number, "ETag": answer["ETag"]}
    part.update({k: v for k, v in answer.items() if k.startswith("Checksum")})
    return part


def bare(part):
    return {k: part[k] for k in ("PartNumber", "ETag")}


def complete(s3, upload, parts, **arguments):
    return s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts}, **arguments)


def test_whole_way(s3, bucket):
    upload = begin(s3, bucket, "way", ContentType="text/w", Metadata={"m": "1"}, Tagging="t=1")
    bodies = [pattern(5 * MIB, 1), pattern(6 * MIB, 2), b"tail"]
    parts = [bare(send(s3, upload, n + 1, body)) for n, body in enumerate(bodies)]
    assert failure(s3.get_object, Bucket=bucket, Key="way")["Code"] == "NoSuchKey"
    done = complete(s3, upload, parts)
    md5s = b"".join(hashlib.md5(body).digest() for body in bodies)
    assert done["ETag"] == '"%s-3"' % hashlib.md5(md5s).hexdigest()
    assert done["ChecksumType"] == "FULL_OBJECT" and "ChecksumCRC64NVME" in done
    got = s3.get_object(Bucket=bucket, Key="way")
    assert got["Body"].read() == b"".join(bodies)
    assert (got["ContentType"], got["Metadata"], got["TagCount"]) == ("text/w", {"m": "1"}, 1)
    # Part by part; a range over the seam.
    offset = 0
    for n, body in enumerate(bodies):
        part = s3.get_object(Bucket=bucket, Key="way", PartNumber=n + 1)
        assert part["Body"].read() == body and part["PartsCount"] == 3
        assert part["ContentRange"] == f"bytes {offset}-{offset + len(body) - 1}/{11 * MIB + 4}"
        offset += len(body)
    seam = s3.get_object(Bucket=bucket, Key="way", Range=f"bytes={5 * MIB - 2}-{5 * MIB + 1}")["Body"].read()
    assert seam == bodies[0][-2:] + bodies[1][:2]
    error = failure(s3.get_object, Bucket=bucket, Key="way", PartNumber=4)
    assert (error["Code"], error["ActualPartCount"]) == ("InvalidPartNumber", "3")
    # Completing again answers the same; after that the id is gone.
    assert complete(s3, upload, parts)["ETag"] == done["ETag"]
    s3.put_object(Bucket=bucket, Key="way", Body=b"new")
    assert failure(s3.complete_multipart_upload, **upload, MultipartUpload={"Parts": parts})["Code"] == "NoSuchUpload"
    assert s3.get_object(Bucket=bucket, Key="way")["Body"].read() == b"new"


def test_parts_replaced_left_out_and_with_holes(s3, bucket):
    upload = begin(s3, bucket, "holes")
    send(s3, upload, 2, b"old")
    two = send(s3, upload, 2, pattern(5 * MIB, 3))
    send(s3, upload, 3, b"left out")
    seven = send(s3, upload, 7, b"end")
    done = complete(s3, upload, [bare(two), bare(seven)])
    assert done["ETag"].endswith('-2"')
    assert s3.get_object(Bucket=bucket, Key="holes")["Body"].read() == pattern(5 * MIB, 3) + b"end"
    assert s3.get_object(Bucket=bucket, Key="holes", PartNumber=2)["Body"].read() == b"end"


def test_rules_of_completion(s3, bucket):
    upload = begin(s3, bucket, "rules")
    one, two = send(s3, upload, 1, b"small"), send(s3, upload, 2, b"end")
    one, two = bare(one), bare(two)

    def refused(parts, **arguments):
        return failure(s3.complete_multipart_upload, **upload, MultipartUpload={"Parts": parts}, **arguments)

    error = refused([one, two])
    assert (error["Code"], error["MinSizeAllowed"], error["ProposedSize"], error["PartNumber"]) == \
        ("EntityTooSmall", "5242880", "5", "1")
    assert refused([two, one])["Code"] == "InvalidPartOrder"
    assert refused([one, one])["Code"] == "InvalidPartOrder"
    error = refused([{"PartNumber": 1, "ETag": '"d41d8cd98f00b204e9800998ecf8427e"'}])
    assert (error["Code"], error["PartNumber"], error["ETag"]) == ("InvalidPart", "1", "d41d8cd98f00b204e9800998ecf8427e")
    assert refused([two, {"PartNumber": 9, "ETag": two["ETag"]}])["Code"] in ("InvalidPart", "EntityTooSmall")
    assert refused([])["Code"] == "MalformedXML"
    assert refused([two], MpuObjectSize=99)["Code"] == "InvalidRequest"
    assert refused([two], IfNoneMatch="bad")["Code"] == "NotImplemented"
    # Nothing of that has harmed the upload.
    complete(s3, upload, [two], MpuObjectSize=3)
    assert s3.get_object(Bucket=bucket, Key="rules")["Body"].read() == b"end"


def test_conditions(s3, bucket):
    where = dict(Bucket=bucket, Key="mcond")
    etag = s3.put_object(**where, Body=b"there")["ETag"]
    upload = begin(s3, bucket, "mcond")
    parts = [bare(send(s3, upload, 1, b"new"))]
    assert failure(s3.complete_multipart_upload, **upload, MultipartUpload={"Parts": parts}, IfNoneMatch="*")["Code"] == "PreconditionFailed"
    assert failure(s3.complete_multipart_upload, **upload, MultipartUpload={"Parts": parts}, IfMatch="x")["Code"] == "PreconditionFailed"
    s3.put_object(**where, Body=b"there")
    error = failure(s3.complete_multipart_upload, **upload, MultipartUpload={"Parts": parts}, IfMatch=etag)
    assert (error["Code"], error["Condition"], error["Key"]) == ("ConditionalRequestConflict", "If-Match", "mcond")
    s3.delete_object(**where)
    assert failure(s3.complete_multipart_upload, **upload, MultipartUpload={"Parts": parts}, IfMatch=etag)["Code"] == "NoSuchKey"
    complete(s3, upload, parts, IfNoneMatch="*")


def test_composite_checksum(s3, bucket):
    upload = begin(s3, bucket, "composite", ChecksumAlgorithm="SHA256")
    bodies = [pattern(5 * MIB, 4), b"tail"]
    parts = [send(s3, upload, n + 1, body, ChecksumAlgorithm="SHA256") for n, body in enumerate(bodies)]
    assert parts[1]["ChecksumSHA256"] == base64.b64encode(hashlib.sha256(b"tail").digest()).decode()
    error = failure(s3.complete_multipart_upload, **upload, MultipartUpload={"Parts": [bare(p) for p in parts]})
    assert error["Code"] == "InvalidRequest" and "missing for part 1" in error["Message"]
    listed = s3.list_parts(**upload)
    assert listed["ChecksumAlgorithm"] == "SHA256" and listed["ChecksumType"] == "COMPOSITE"
    assert [p["ChecksumSHA256"] for p in listed["Parts"]] == [p["ChecksumSHA256"] for p in parts]
    done = complete(s3, upload, parts)
    raw = hashlib.sha256(b"".join(hashlib.sha256(b).digest() for b in bodies)).digest()
    assert done["ChecksumSHA256"] == base64.b64encode(raw).decode() + "-2" and done["ChecksumType"] == "COMPOSITE"
    head = s3.head_object(Bucket=bucket, Key="composite", ChecksumMode="ENABLED")
    assert head["ChecksumSHA256"] == done["ChecksumSHA256"]
    part = s3.head_object(Bucket=bucket, Key="composite", ChecksumMode="ENABLED", PartNumber=2)
    assert part["ChecksumSHA256"] == parts[1]["ChecksumSHA256"]
    attributes = s3.get_object_attributes(Bucket=bucket, Key="composite", ObjectAttributes=["ObjectParts", "Checksum"], MaxParts=1)
    assert attributes["ObjectParts"]["TotalPartsCount"] == 2 and attributes["ObjectParts"]["IsTruncated"]
    assert [p["PartNumber"] for p in attributes["ObjectParts"]["Parts"]] == [1]
    assert attributes["Checksum"]["ChecksumSHA256"] == base64.b64encode(raw).decode()


def test_full_object_checksum(s3, bucket):
    bodies = [pattern(5 * MIB, 5), pattern(5 * MIB + 77, 6), b"tail"]
    crc = base64.b64encode(zlib.crc32(b"".join(bodies)).to_bytes(4, "big")).decode()
    upload = begin(s3, bucket, "full", ChecksumAlgorithm="CRC32", ChecksumType="FULL_OBJECT")
    parts = [send(s3, upload, n + 1, body, ChecksumAlgorithm="CRC32") for n, body in enumerate(bodies)]
    assert failure(s3.complete_multipart_upload, **upload, MultipartUpload={"Parts": parts}, ChecksumCRC32="AAAAAA==")["Code"] == "BadDigest"
    done = complete(s3, upload, parts, ChecksumCRC32=crc, ChecksumType="FULL_OBJECT")
    assert (done["ChecksumCRC32"], done["ChecksumType"]) == (crc, "FULL_OBJECT")
    # A copy has no parts: its ETag is that of the bytes.
    copied = s3.copy_object(Bucket=bucket, Key="full-copy", CopySource=f"{bucket}/full")["CopyObjectResult"]
    assert copied["ETag"] == '"%s"' % hashlib.md5(b"".join(bodies)).hexdigest() and copied["ChecksumCRC32"] == crc
    s3.delete_object(Bucket=bucket, Key="full")
    assert s3.get_object(Bucket=bucket, Key="full-copy")["Body"].read() == b"".join(bodies)


def test_checksum_refusals(brume, s3, bucket):
    create = s3.create_multipart_upload
    assert failure(create, Bucket=bucket, Key="k", ChecksumAlgorithm="SHA256", ChecksumType="FULL_OBJECT")["Code"] == "InvalidRequest"
    assert failure(create, Bucket=bucket, Key="k", ChecksumAlgorithm="CRC64NVME", ChecksumType="COMPOSITE")["Code"] == "InvalidRequest"
    upload = begin(s3, bucket, "mismatch", ChecksumAlgorithm="SHA256")
    assert failure(s3.upload_part, **upload, PartNumber=1, Body=b"x", ChecksumAlgorithm="CRC32")["Code"] == "InvalidRequest"
    bare_client = brume.client("s3", config={"request_checksum_calculation": "when_required"})
    refused = failure(bare_client.upload_part, **upload, PartNumber=1, Body=b"x")
    assert refused["Message"] == "Checksum Type mismatch occurred, expected checksum Type: sha256, actual checksum Type: null"
    sent = send(s3, upload, 1, b"x", ChecksumAlgorithm="SHA256")
    refused = failure(complete, s3=s3, upload=upload, parts=[bare(sent)])
    assert refused["Message"].startswith("The upload was created using a sha256 checksum.")
    assert failure(s3.upload_part, **upload, PartNumber=0, Body=b"x")["Code"] == "InvalidArgument"
    assert failure(s3.upload_part, **upload, PartNumber=10001, Body=b"x")["Code"] == "InvalidArgument"
    s3.abort_multipart_upload(**upload)


def test_list_parts(s3, bucket):
    upload = begin(s3, bucket, "parts")
    for number in (1, 2, 5, 9):
        send(s3, upload, number, b"x" * number)
    page = s3.list_parts(**upload)
    assert [(p["PartNumber"], p["Size"]) for p in page["Parts"]] == [(1, 1), (2, 2), (5, 5), (9, 9)]
    assert (page["NextPartNumberMarker"], page["IsTruncated"], page["MaxParts"]) == (9, False, 1000)
    page = s3.list_parts(**upload, MaxParts=2, PartNumberMarker=1)
    assert [p["PartNumber"] for p in page["Parts"]] == [2, 5] and page["IsTruncated"] and page["NextPartNumberMarker"] == 5
    assert "Parts" not in s3.list_parts(**upload, PartNumberMarker=10)
    s3.abort_multipart_upload(**upload)
    assert failure(s3.list_parts, **upload)["Code"] == "NoSuchUpload"
    assert failure(s3.abort_multipart_upload, **upload)["Code"] == "NoSuchUpload"


def test_list_uploads(s3):
    bucket = "uploads-test"
    s3.create_bucket(Bucket=bucket)
    ids = {}
    for key in ("k1", "k1", "k2", "d/a", "d/b", "k3", "k1"):
        ids.setdefault(key, []).append(begin(s3, bucket, key)["UploadId"])
    want = [(key, upload_id) for key in sorted(ids) for upload_id in ids[key]]
    page = s3.list_multipart_uploads(Bucket=bucket)
    assert [(u["Key"], u["UploadId"]) for u in page["Uploads"]] == want and page["NextKeyMarker"] == "k3"
    for size in (1, 2, 3):
        got, marker = [], {}
        while True:
            page = s3.list_multipart_uploads(Bucket=bucket, MaxUploads=size, **marker)
            got += [(u["Key"], u["UploadId"]) for u in page.get("Uploads", [])]
            if not page["IsTruncated"]:
                break
            marker = dict(KeyMarker=page["NextKeyMarker"], UploadIdMarker=page["NextUploadIdMarker"])
        assert got == want
    page = s3.list_multipart_uploads(Bucket=bucket, Delimiter="/")
    assert [p["Prefix"] for p in page["CommonPrefixes"]] == ["d/"] and len(page["Uploads"]) == 5
    # Open uploads do not keep a bucket, and its successor sees nothing of them.
    s3.delete_bucket(Bucket=bucket)
    s3.create_bucket(Bucket=bucket)
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket)


def test_copied_parts(s3, bucket):
    source = pattern(6 * MIB, 7)
    s3.put_object(Bucket=bucket, Key="from", Body=source)
    upload = begin(s3, bucket, "to")
    where = dict(**upload, CopySource=dict(Bucket=bucket, Key="from"))
    one = s3.upload_part_copy(**where, PartNumber=1, CopySourceRange=f"bytes=0-{5 * MIB - 1}")["CopyPartResult"]
    two = s3.upload_part_copy(**where, PartNumber=2, CopySourceRange=f"bytes={5 * MIB}-{6 * MIB - 1}")["CopyPartResult"]
    three = s3.upload_part_copy(**where, PartNumber=3)["CopyPartResult"]
    assert one["ETag"] == '"%s"' % hashlib.md5(source[:5 * MIB]).hexdigest()
    assert failure(s3.upload_part_copy, **where, PartNumber=4, CopySourceRange="bytes=0-")["Code"] == "InvalidArgument"
    assert failure(s3.upload_part_copy, **where, PartNumber=4, CopySourceRange=f"bytes=0-{6 * MIB}")["Code"] == "InvalidArgument"
    assert failure(s3.upload_part_copy, **where, PartNumber=4, CopySourceIfMatch="no")["Code"] == "PreconditionFailed"
    complete(s3, upload, [{"PartNumber": 1, "ETag": one["ETag"]}])
    s3.delete_object(Bucket=bucket, Key="from")
    assert s3.get_object(Bucket=bucket, Key="to")["Body"].read() == source[:5 * MIB]
    assert two["ETag"] != three["ETag"]


def test_transfer_manager(s3, bucket):
    body = pattern(20 * MIB + 5, 8)
    config = TransferConfig(multipart_threshold=5 * MIB, multipart_chunksize=5 * MIB, max_concurrency=4)
    s3.upload_fileobj(io.BytesIO(body), bucket, "managed", Config=config)
    assert s3.head_object(Bucket=bucket, Key="managed")["ETag"].endswith('-5"')
    out = io.BytesIO()
    s3.download_fileobj(bucket, "managed", out, Config=config)
    assert out.getvalue() == body
    s3.copy(dict(Bucket=bucket, Key="managed"), bucket, "managed-copy", Config=config)
    assert s3.get_object(Bucket=bucket, Key="managed-copy")["Body"].read() == body
