"""Inventories: lists of a bucket's objects, written into another on the clock."""
import csv
import gzip
import hashlib
import io
import json
import urllib.parse
from datetime import datetime, timezone

import duck
import pyorc
import pytest
from botocore.exceptions import ClientError

from replication_kit import until

ACCOUNT = "000000000000"
DAY = 86400000
FIELDS = ["Size", "LastModifiedDate", "ETag", "StorageClass", "IsMultipartUploaded", "ReplicationStatus", "EncryptionStatus", "ObjectLockMode",
          "BucketKeyStatus", "ChecksumAlgorithm", "ObjectOwner"]


def configuration(name="daily", frequency="Daily", versions="Current", fields=("Size",), prefix=None, enabled=True, **to):
    made = {"Id": name, "IsEnabled": enabled, "IncludedObjectVersions": versions, "Schedule": {"Frequency": frequency}, "OptionalFields": list(fields),
            "Destination": {"S3BucketDestination": {"Bucket": "arn:aws:s3:::lists", "Format": "CSV", "Prefix": "to", **to}}}
    if prefix is not None:
        made["Filter"] = {"Prefix": prefix}
    return made


class World:
    def __init__(self, server):
        self.server, self.s3 = server, server.client("s3")
        for bucket in ("source", "lists"):
            self.s3.create_bucket(Bucket=bucket)

    def allow(self):
        self.s3.put_bucket_policy(Bucket="lists", Policy=json.dumps({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "s3:PutObject", "Resource": "arn:aws:s3:::lists/*",
             "Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:s3:::source"}, "StringEquals": {"aws:SourceAccount": ACCOUNT}}}]}))

    def configure(self, made):
        self.s3.put_bucket_inventory_configuration(Bucket="source", Id=made["Id"], InventoryConfiguration=made)

    def keys(self, ends=""):
        return [o["Key"] for o in self.s3.list_objects_v2(Bucket="lists").get("Contents", []) if o["Key"].endswith(ends)]

    def body(self, key):
        return self.s3.get_object(Bucket="lists", Key=key)["Body"].read()

    def rows(self, manifest):
        """What a manifest leads to, each row by the names of the schema."""
        names, found = manifest["fileSchema"].split(", "), []
        for file in manifest["files"]:
            packed = self.body(file["key"])
            assert len(packed) == file["size"] and hashlib.md5(packed).hexdigest() == file["MD5checksum"]
            found += [dict(zip(names, row, strict=True)) for row in csv.reader(io.StringIO(gzip.decompress(packed).decode()))]
        return found


@pytest.fixture
def world(start_brume):
    return World(start_brume())


def refused(call, *arguments, **named):
    with pytest.raises(ClientError) as error:
        call(*arguments, **named)
    return error.value.response["Error"]["Code"]


def test_a_list_every_day(world):
    w = world
    w.allow()
    w.configure(configuration(fields=FIELDS))
    w.s3.put_object(Bucket="source", Key='a "b", c/é', Body=b"12345")
    w.s3.put_object(Bucket="source", Key="cold", Body=b"x", StorageClass="STANDARD_IA")
    w.server.advance_clock(DAY)
    manifests = w.keys("manifest.json")
    assert len(manifests) == 1 and manifests[0].startswith("to/source/daily/2") and manifests[0].endswith("T00-00Z/manifest.json")
    text = w.body(manifests[0])
    assert w.body(w.keys("manifest.checksum")[0]).decode() == hashlib.md5(text).hexdigest()
    manifest = json.loads(text)
    assert manifest["sourceBucket"] == "source" and manifest["destinationBucket"] == "arn:aws:s3:::lists" and manifest["version"] == "2016-11-30"
    assert manifest["fileFormat"] == "CSV" and manifest["fileSchema"] == "Bucket, Key, " + ", ".join(FIELDS)
    assert int(manifest["creationTimestamp"]) % DAY == 0
    first, cold = w.rows(manifest)
    assert urllib.parse.unquote(first["Key"]) == 'a "b", c/é' and first["Bucket"] == "source" and first["Size"] == "5"
    assert first["ETag"] == hashlib.md5(b"12345").hexdigest() and first["EncryptionStatus"] == "SSE-S3" and first["IsMultipartUploaded"] == "false"
    assert cold["StorageClass"] == "STANDARD_IA" and cold["ObjectOwner"] == w.s3.get_bucket_acl(Bucket="source")["Owner"]["ID"]
    assert w.body(w.keys("symlink.txt")[0]).decode() == f"s3://lists/{manifest['files'][0]['key']}\n"
    w.server.advance_clock(DAY)
    assert len(w.keys("manifest.json")) == 2
    w.configure(configuration(enabled=False))
    w.server.advance_clock(2 * DAY)
    assert len(w.keys("manifest.json")) == 2


def test_versions_and_prefix_every_week(world):
    w = world
    w.allow()
    w.s3.put_bucket_versioning(Bucket="source", VersioningConfiguration={"Status": "Enabled"})
    w.configure(configuration("weekly", "Weekly", "All", prefix="in/"))
    first = w.s3.put_object(Bucket="source", Key="in/a", Body=b"1")["VersionId"]
    marker = w.s3.delete_object(Bucket="source", Key="in/a")["VersionId"]
    w.s3.put_object(Bucket="source", Key="out", Body=b"1")
    for _ in range(7):
        w.server.advance_clock(DAY)
    manifests = w.keys("manifest.json")
    assert len(manifests) == 1
    manifest = json.loads(w.body(manifests[0]))
    assert manifest["fileSchema"] == "Bucket, Key, VersionId, IsLatest, IsDeleteMarker, Size"
    rows = w.rows(manifest)
    assert [(r["Key"], r["VersionId"], r["IsLatest"], r["IsDeleteMarker"], r["Size"]) for r in rows] == [
        ("in/a", marker, "true", "true", ""), ("in/a", first, "false", "false", "1")]


@duck.wanted
def test_parquet(world, tmp_path):
    w = world
    w.allow()
    w.s3.put_bucket_versioning(Bucket="source", VersioningConfiguration={"Status": "Enabled"})
    w.configure(configuration(versions="All", fields=FIELDS, Format="Parquet"))
    first = w.s3.put_object(Bucket="source", Key='a "b", c/é+', Body=b"12345")["VersionId"]
    marker = w.s3.delete_object(Bucket="source", Key="gone")["VersionId"]
    w.server.advance_clock(DAY)
    manifest = json.loads(w.body(w.keys("manifest.json")[0]))
    assert manifest["fileFormat"] == "Parquet" and manifest["fileSchema"].startswith(
        "message s3.inventory {  required binary bucket (UTF8); required binary key (UTF8); optional binary version_id (UTF8); optional boolean is_latest;"
        " optional boolean is_delete_marker; optional int64 size; optional int64 last_modified_date (TIMESTAMP_MILLIS); optional binary e_tag (UTF8);")
    file, = manifest["files"]
    body = w.body(file["key"])
    assert file["key"].endswith(".parquet") and body[:4] == body[-4:] == b"PAR1" and hashlib.md5(body).hexdigest() == file["MD5checksum"]
    path = tmp_path / "list.parquet"
    path.write_bytes(body)
    columns = "bucket, key, version_id, is_latest, is_delete_marker, size, e_tag, encryption_status, is_multipart_uploaded"
    assert duck.ask(f"SELECT {columns} FROM '{path}' ORDER BY key") == [
        ["source", 'a "b", c/é+', first, "true", "false", "5", hashlib.md5(b"12345").hexdigest(), "SSE-S3", "false"],
        ["source", "gone", marker, "true", "true", None, None, None, None]]
    types = dict(duck.ask(f"SELECT name, type || ' ' || coalesce(converted_type, '') FROM parquet_schema('{path}') WHERE type IS NOT NULL"))
    assert types["key"] == "BYTE_ARRAY UTF8" and types["last_modified_date"] == "INT64 TIMESTAMP_MILLIS" and types["is_latest"].startswith("BOOLEAN")
    modified, = duck.ask(f"SELECT last_modified_date FROM '{path}' WHERE key LIKE 'a%'")
    assert modified[0].startswith(w.s3.head_object(Bucket="source", Key='a "b", c/é+')["LastModified"].strftime("%Y-%m-%d %H:%M:%S"))


def test_parquet_needs_an_engine(start_brume):
    w = World(start_brume("--duckdb", "/nonexistent/libduckdb.so"))
    assert refused(w.configure, configuration(Format="Parquet")) == "NotImplemented"
    w.configure(configuration())
    w.configure(configuration("other", Format="ORC"))


def orc_value(kind, text):
    """What stands in a list of CSV, as ORC's reader tells it."""
    if not text:
        return None
    if kind == "timestamp":
        return datetime.fromisoformat(text.replace("Z", "+00:00"))
    return {"string": str, "bigint": int, "boolean": lambda text: text == "true"}[kind](text)


def test_orc(start_brume):
    """Of the same night, as CSV and as ORC, where there is no engine: the same rows, but empty is null."""
    w, fields = World(start_brume("--duckdb", "/nonexistent/libduckdb.so")), FIELDS[:7] + ["ObjectLockRetainUntilDate"] + FIELDS[7:]
    w.allow()
    w.s3.put_bucket_versioning(Bucket="source", VersioningConfiguration={"Status": "Enabled"})
    for key, body in (('a "b", c/é+%41 💧', b"12345"), ("a/100%", b""), ("twice", b"1"), ("twice", b"22")):
        w.s3.put_object(Bucket="source", Key=key, Body=body)
    w.s3.put_object(Bucket="source", Key="summed", Body=b"x", ChecksumAlgorithm="SHA256", StorageClass="STANDARD_IA")
    w.s3.put_object_lock_configuration(Bucket="source", ObjectLockConfiguration={"ObjectLockEnabled": "Enabled"})
    w.s3.put_object(Bucket="source", Key="kept", Body=b"x", ObjectLockMode="GOVERNANCE", ObjectLockRetainUntilDate="2099-12-31T23:59:59Z")
    w.s3.delete_object(Bucket="source", Key="gone")
    w.configure(configuration("rows", versions="All", fields=fields))
    w.configure(configuration("columns", versions="All", fields=fields, Format="ORC"))
    w.server.advance_clock(DAY)
    made = until(lambda: w.keys("manifest.json"), lambda keys: len({key.split("/")[2] for key in keys}) == 2)
    columns, rows = (json.loads(w.body(next(key for key in made if key.startswith(f"to/source/{name}/")))) for name in ("columns", "rows"))
    assert columns["fileFormat"] == "ORC" and columns["fileSchema"] == (
        "struct<bucket:string,key:string,version_id:string,is_latest:boolean,is_delete_marker:boolean,size:bigint,last_modified_date:timestamp,e_tag:string,"
        "storage_class:string,is_multipart_uploaded:boolean,replication_status:string,encryption_status:string,object_lock_retain_until_date:timestamp,object_lock_mode:string,"
        "bucket_key_status:string,checksum_algorithm:string,object_owner:string>")
    file, = columns["files"]
    body = w.body(file["key"])
    assert file["key"].endswith(".orc") and len(body) == file["size"] and hashlib.md5(body).hexdigest() == file["MD5checksum"]
    made = pyorc.Reader(io.BytesIO(body))
    assert str(made.schema) == columns["fileSchema"] and made.compression == pyorc.CompressionKind.ZLIB
    kinds = [column.split(":")[1] for column in columns["fileSchema"][len("struct<"):-1].split(",")]
    wanted = [{**row, "Key": urllib.parse.unquote(row["Key"])}.values() for row in w.rows(rows)]
    found = list(made)
    assert found == [tuple(orc_value(kind, text) for kind, text in zip(kinds, row, strict=True)) for row in wanted]
    assert [(row[1], row[3], row[4], row[5]) for row in found] == [
        ('a "b", c/é+%41 💧', True, False, 5), ("a/100%", True, False, 0), ("gone", True, True, None), ("kept", True, False, 1), ("summed", True, False, 1),
        ("twice", True, False, 2), ("twice", False, False, 1)]
    assert [row[12] for row in found if row[1] == "kept"] == [datetime(2099, 12, 31, 23, 59, 59, tzinfo=timezone.utc)]


@pytest.mark.parametrize("form", ["CSV", "ORC", pytest.param("Parquet", marks=duck.wanted)])
def test_a_list_of_several_files(world, tmp_path, form):
    """More than a slice: delete markers are cheap, and their keys are three times as long in a list."""
    w, made = world, 3_000
    w.allow()
    w.s3.put_bucket_versioning(Bucket="source", VersioningConfiguration={"Status": "Enabled"})
    w.configure(configuration(versions="All", fields=[], Format=form))
    for start in range(0, made, 500):
        w.s3.delete_objects(Bucket="source", Delete={"Quiet": True, "Objects": [{"Key": f"{n:06}" + "é" * 500} for n in range(start, start + 500)]})
    w.server.advance_clock(DAY)
    manifest = json.loads(w.body(until(lambda: w.keys("manifest.json"), bool)[0]))
    assert len(manifest["files"]) == 2
    if form == "CSV":
        keys = [urllib.parse.unquote(r["Key"]) for r in w.rows(manifest)]
    elif form == "ORC":
        files = [pyorc.Reader(io.BytesIO(w.body(file["key"])), column_names=["key"]) for file in manifest["files"]]
        assert files[0].num_of_stripes > 1
        keys = [key for file in files for key, in file]
    else:
        for n, file in enumerate(manifest["files"]):
            (tmp_path / f"{n}.parquet").write_bytes(w.body(file["key"]))
        keys = [key for n in range(2) for key, in duck.ask(f"SELECT key FROM '{tmp_path}/{n}.parquet'")]
    assert keys == [f"{n:06}" + "é" * 500 for n in range(made)]


def test_under_the_keys_of_s3(world):
    """SSES3 is more than the bucket's default, which is another key here."""
    w = world
    w.allow()
    w.s3.put_bucket_encryption(Bucket="lists", ServerSideEncryptionConfiguration={"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}]})
    w.configure(configuration(Encryption={"SSES3": {}}))
    w.s3.put_object(Bucket="source", Key="k", Body=b"1")
    w.server.advance_clock(DAY)
    assert w.s3.head_object(Bucket="lists", Key=w.keys("manifest.json")[0])["ServerSideEncryption"] == "AES256"


def test_only_with_the_right(world):
    w = world
    w.configure(configuration())
    w.s3.put_object(Bucket="source", Key="a", Body=b"1")
    w.server.advance_clock(DAY)
    assert w.keys() == []
    w.allow()
    w.server.advance_clock(DAY)
    assert len(w.keys("manifest.json")) == 1 and len(w.keys(".csv.gz")) == 1


def test_configurations(world):
    w, both = world, configuration(fields=FIELDS, prefix="p", AccountId=ACCOUNT, Encryption={"SSEKMS": {"KeyId": "arn:aws:kms:us-east-1:000000000000:key/k"}})
    assert refused(w.s3.get_bucket_inventory_configuration, Bucket="source", Id="daily") == "NoSuchConfiguration"
    w.configure(both)
    w.configure(configuration("other"))
    assert w.s3.get_bucket_inventory_configuration(Bucket="source", Id="daily")["InventoryConfiguration"] == both
    assert [i["Id"] for i in w.s3.list_bucket_inventory_configurations(Bucket="source")["InventoryConfigurationList"]] == ["daily", "other"]
    w.configure(under_s3 := configuration(Encryption={"SSES3": {}}))
    assert w.s3.get_bucket_inventory_configuration(Bucket="source", Id="daily")["InventoryConfiguration"] == under_s3
    w.s3.delete_bucket_inventory_configuration(Bucket="source", Id="daily")
    assert refused(w.s3.delete_bucket_inventory_configuration, Bucket="source", Id="daily") == "NoSuchConfiguration"
    assert refused(w.configure, configuration(Format="Avro")) == "MalformedXML"
    assert refused(w.configure, configuration(frequency="Hourly")) == "MalformedXML"
    assert refused(w.configure, configuration(versions="Some")) == "MalformedXML"
    assert refused(w.configure, configuration(Bucket="lists")) == "InvalidArgument"
    assert refused(w.configure, configuration("no spaces")) == "InvalidArgument"
    assert refused(w.configure, configuration(fields=["ObjectAccessControlList"])) == "NotImplemented"
