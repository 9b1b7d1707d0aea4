"""Parts that are copies of whole objects take no bytes of their own, and outlive their source."""
import base64
import hashlib
import os
import time
import zlib

MIB = 1 << 20
SIZE, COPIES = 5 * MIB, 12


def on_disk(server):
    """What bodies have a file of their own take."""
    return sum(f.stat().st_size for f in server.data.glob("zones/*/files/**/*") if f.is_file())


def wait(condition, seconds=20):
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    return condition()


def put_together(s3, key, source, numbers, **asked):
    """Each part a copy of the source. The answers to its parts, and to its completion."""
    upload = s3.create_multipart_upload(Bucket="shared", Key=key, **asked)
    where = {"Bucket": "shared", "Key": key, "UploadId": upload["UploadId"]}
    parts = [s3.upload_part_copy(**where, PartNumber=n, CopySource=f"shared/{source}")["CopyPartResult"] for n in numbers]
    listed = [{"PartNumber": n, **{k: v for k, v in part.items() if k != "LastModified"}} for n, part in zip(numbers, parts)]
    return parts, s3.complete_multipart_upload(**where, MultipartUpload={"Parts": listed})


def test_copies_share_the_bytes_of_their_source(start_brume):
    server = start_brume()
    s3 = server.client("s3")
    s3.create_bucket(Bucket="shared")
    piece = os.urandom(SIZE)
    s3.put_object(Bucket="shared", Key="piece", Body=piece)
    one = on_disk(server)
    assert one >= SIZE

    parts, done = put_together(s3, "large", "piece", [*range(1, COPIES + 1), 10_000])
    md5 = hashlib.md5(piece)
    assert {p["ETag"] for p in parts} == {f'"{md5.hexdigest()}"'}
    assert done["ETag"] == f'"{hashlib.md5(md5.digest() * (COPIES + 1)).hexdigest()}-{COPIES + 1}"'
    # another checksum than the source has: its bytes are read for it, and shared all the same
    parts, _ = put_together(s3, "summed", "piece", [1, 2], ChecksumAlgorithm="CRC32", ChecksumType="COMPOSITE")
    crc = base64.b64encode(zlib.crc32(piece).to_bytes(4, "big")).decode()
    assert {p["ChecksumCRC32"] for p in parts} == {crc}
    assert on_disk(server) == one

    s3.delete_object(Bucket="shared", Key="piece")
    server.kill()
    server.start()
    s3 = server.client("s3")
    assert s3.get_object(Bucket="shared", Key="large")["Body"].read() == piece * (COPIES + 1)
    assert s3.get_object(Bucket="shared", Key="summed", PartNumber=2)["Body"].read() == piece
    assert on_disk(server) == one
    for key in ("large", "summed"):
        s3.delete_object(Bucket="shared", Key=key)
    assert wait(lambda: on_disk(server) == 0)


def test_what_is_not_shared(start_brume):
    """Ranges, sources that were put together themselves, and replaced and abandoned parts."""
    server = start_brume()
    s3 = server.client("s3")
    s3.create_bucket(Bucket="shared")
    piece = os.urandom(SIZE)
    s3.put_object(Bucket="shared", Key="piece", Body=piece)
    one = on_disk(server)
    put_together(s3, "double", "piece", [1, 2])
    _, done = put_together(s3, "again", "double", [1, 2])
    assert done["ETag"].endswith('-2"') and on_disk(server) > one + 4 * SIZE - MIB
    assert s3.get_object(Bucket="shared", Key="again")["Body"].read() == piece * 4
    for key in ("double", "again"):
        s3.delete_object(Bucket="shared", Key=key)
    assert wait(lambda: on_disk(server) == one)

    upload = s3.create_multipart_upload(Bucket="shared", Key="left")["UploadId"]
    where = {"Bucket": "shared", "Key": "left", "UploadId": upload, "CopySource": "shared/piece", "PartNumber": 1}
    s3.upload_part_copy(**where)
    s3.upload_part_copy(**where)  # the same bytes in the place of the same
    ranged = s3.upload_part_copy(**where, CopySourceRange="bytes=1-1048576")["CopyPartResult"]
    assert ranged["ETag"] == f'"{hashlib.md5(piece[1:MIB + 1]).hexdigest()}"'
    assert on_disk(server) > one
    s3.upload_part_copy(**where)
    assert wait(lambda: on_disk(server) == one)
    s3.abort_multipart_upload(Bucket="shared", Key="left", UploadId=upload)
    assert s3.get_object(Bucket="shared", Key="piece")["Body"].read() == piece
