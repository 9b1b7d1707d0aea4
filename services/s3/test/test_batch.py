"""S3 Batch Operations: a job does one thing to every object of its manifest, in a role, and reports."""
import base64
import csv
import gzip
import hashlib
import io
import json
import zlib
from datetime import datetime
from urllib.parse import quote, quote_plus

import pytest
from botocore.exceptions import ClientError

from policies import document, statement, trust
from replication_kit import World, arn, fault, name, rule, until

pytestmark = pytest.mark.as_root  # roles are made and passed
ACCOUNT = "000000000000"
DAY = 86400000
ENDS = ("Complete", "Failed", "Cancelled", "Suspended")


class Jobs:
    """A bucket, a bucket for manifests and reports, and a role that batch operations take."""

    def __init__(self, server, lock=False):
        self.server = server
        self.s3, self.iam, self.control = (server.client(s) for s in ("s3", "iam", "s3control"))
        self.bucket, self.desk, self.role_name = name("batch"), name("desk"), name("role")
        self.s3.create_bucket(Bucket=self.bucket, ObjectLockEnabledForBucket=lock)
        self.s3.create_bucket(Bucket=self.desk)
        self.role = self.iam.create_role(RoleName=self.role_name, AssumeRolePolicyDocument=trust({"Service": "batchoperations.s3.amazonaws.com"}))["Role"]["Arn"]
        self.allow(["s3:*"])

    def allow(self, actions, resource="*"):
        self.iam.put_role_policy(RoleName=self.role_name, PolicyName="batch", PolicyDocument=document(statement(action=actions, resource=resource)))

    def manifest(self, rows, fields=("Bucket", "Key"), text=None):
        text = text or "".join(",".join([self.bucket, quote_plus(key), *more]) + "\n" for key, *more in rows)
        etag = self.s3.put_object(Bucket=self.desk, Key="manifest.csv", Body=text.encode())["ETag"]
        return {"Spec": {"Format": "S3BatchOperations_CSV_20180820", "Fields": list(fields)},
                "Location": {"ObjectArn": f"{arn(self.desk)}/manifest.csv", "ETag": etag.strip('"')}}

    def begin(self, operation, manifest, scope="AllTasks", confirm=False, **more):
        report = {"Enabled": True, "Bucket": arn(self.desk), "Prefix": "reports", "Format": "Report_CSV_20180820", "ReportScope": scope}
        more = {**({"Manifest": manifest} if manifest else {}), **more}
        return self.control.create_job(**{"AccountId": ACCOUNT, "Operation": operation, "Priority": 10, "RoleArn": self.role,
                                          "ConfirmationRequired": confirm, "Report": report, "ClientRequestToken": name("token"), **more})["JobId"]

    def look(self, job):
        return self.control.describe_job(AccountId=ACCOUNT, JobId=job)["Job"]

    def ended(self, job):
        return until(lambda: self.look(job), lambda j: j["Status"] in ENDS, 20)

    def run(self, operation, rows, **more):
        fields = more.pop("fields", ("Bucket", "Key"))
        return self.ended(self.begin(operation, self.manifest(rows, fields), **more))

    def report(self, job):
        """Lines by 'succeeded' and 'failed', as its manifest names them."""
        folder = f"reports/job-{job['JobId']}/"
        text = self.s3.get_object(Bucket=self.desk, Key=folder + "manifest.json")["Body"].read()
        assert self.s3.get_object(Bucket=self.desk, Key=folder + "manifest.json.md5")["Body"].read().decode() == hashlib.md5(text).hexdigest()
        made = json.loads(text)
        assert made["Format"] == "Report_CSV_20180820"
        assert made["ReportSchema"] == "Bucket, Key, VersionId, TaskStatus, ErrorCode, HTTPStatusCode, ResultMessage"
        lines = {}
        for file in made["Results"]:
            body = self.s3.get_object(Bucket=file["Bucket"], Key=file["Key"])["Body"].read()
            assert hashlib.md5(body).hexdigest() == file["MD5Checksum"] and file["Key"].startswith(folder + "results/")
            lines.setdefault(file["TaskExecutionStatus"], []).extend(csv.reader(io.StringIO(body.decode())))
        return lines


def counts(job):
    progress = job["ProgressSummary"]
    return progress["TotalNumberOfTasks"], progress["NumberOfTasksSucceeded"], progress["NumberOfTasksFailed"]


def refused(call, **arguments):
    with pytest.raises(ClientError) as error:
        call(**arguments)
    return error.value.response["Error"]["Code"]


@pytest.fixture
def jobs(brume):
    return Jobs(brume)


TAG = {"S3PutObjectTagging": {"TagSet": [{"Key": "team", "Value": "red"}]}}


def test_tags_and_a_report(jobs):
    for key in ("a b", "c+d", "e"):
        jobs.s3.put_object(Bucket=jobs.bucket, Key=key, Body=b"x")
    job = jobs.run(TAG, [("a b",), ("c+d",), ("missing",), ("e",)], Description="red", Tags=[{"Key": "k", "Value": "v"}])
    assert job["Status"] == "Complete" and counts(job) == (4, 3, 1) and job["TerminationDate"] >= job["CreationTime"]
    assert job["Operation"] == TAG and job["RoleArn"] == jobs.role and job["JobArn"] == f"arn:aws:s3:us-east-1:{ACCOUNT}:job/{job['JobId']}"
    for key in ("a b", "c+d", "e"):
        assert jobs.s3.get_object_tagging(Bucket=jobs.bucket, Key=key)["TagSet"] == TAG["S3PutObjectTagging"]["TagSet"]
    lines = jobs.report(job)
    assert lines["succeeded"] == [[jobs.bucket, key, "", "succeeded", "200", "", "Successful"] for key in ("a%20b", "c%2Bd", "e")]
    assert [line[:6] for line in lines["failed"]] == [[jobs.bucket, "missing", "", "failed", "404", "NoSuchKey"]]
    job = jobs.run({"S3DeleteObjectTagging": {}}, [("e",), ("missing",)], scope="FailedTasksOnly")
    assert jobs.s3.get_object_tagging(Bucket=jobs.bucket, Key="e")["TagSet"] == []
    assert list(jobs.report(job)) == ["failed"] and counts(job) == (2, 1, 1)


def test_copies(jobs):
    target = name("target")
    jobs.s3.create_bucket(Bucket=target)
    jobs.s3.put_object(Bucket=jobs.bucket, Key="plain", Body=b"plain", Metadata={"kept": "yes"})
    jobs.s3.put_object(Bucket=jobs.bucket, Key="sealed", Body=b"sealed" * 1000, ServerSideEncryption="aws:kms")
    upload = jobs.s3.create_multipart_upload(Bucket=jobs.bucket, Key="parts")["UploadId"]
    part = jobs.s3.upload_part(Bucket=jobs.bucket, Key="parts", UploadId=upload, PartNumber=1, Body=b"one part")["ETag"]
    jobs.s3.complete_multipart_upload(Bucket=jobs.bucket, Key="parts", UploadId=upload, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part}]})
    jobs.allow(["s3:*", "kms:*"])
    operation = {"S3PutObjectCopy": {"TargetResource": arn(target), "TargetKeyPrefix": "in", "StorageClass": "STANDARD_IA"}}
    job = jobs.run(operation, [("plain",), ("sealed",), ("parts",)])
    assert job["Status"] == "Complete" and counts(job) == (3, 3, 0), jobs.report(job)
    assert job["Operation"] == operation
    for key, body in (("plain", b"plain"), ("sealed", b"sealed" * 1000), ("parts", b"one part")):
        there = jobs.s3.get_object(Bucket=target, Key=f"in/{key}")
        assert there["Body"].read() == body and there["StorageClass"] == "STANDARD_IA"
    assert jobs.s3.head_object(Bucket=target, Key="in/plain")["Metadata"] == {"kept": "yes"}
    assert jobs.s3.head_object(Bucket=target, Key="in/parts")["ETag"] == f'"{hashlib.md5(b"one part").hexdigest()}"'


def test_locks_rights_and_restores(brume):
    jobs = Jobs(brume, lock=True)
    version = jobs.s3.put_object(Bucket=jobs.bucket, Key="k", Body=b"1")["VersionId"]
    jobs.s3.put_object(Bucket=jobs.bucket, Key="k", Body=b"2")
    rows, fields = [("k", version)], ("Bucket", "Key", "VersionId")
    assert counts(jobs.run({"S3PutObjectLegalHold": {"LegalHold": {"Status": "ON"}}}, rows, fields=fields)) == (1, 1, 0)
    assert jobs.s3.get_object_legal_hold(Bucket=jobs.bucket, Key="k", VersionId=version)["LegalHold"]["Status"] == "ON"
    assert "ObjectLockLegalHoldStatus" not in jobs.s3.head_object(Bucket=jobs.bucket, Key="k")
    until_when = "2099-01-01T00:00:00Z"
    assert counts(jobs.run({"S3PutObjectRetention": {"Retention": {"Mode": "GOVERNANCE", "RetainUntilDate": until_when}}}, rows, fields=fields)) == (1, 1, 0)
    assert jobs.s3.get_object_retention(Bucket=jobs.bucket, Key="k", VersionId=version)["Retention"]["RetainUntilDate"].year == 2099
    plain = Jobs(brume)
    plain.s3.put_bucket_ownership_controls(Bucket=plain.bucket, OwnershipControls={"Rules": [{"ObjectOwnership": "ObjectWriter"}]})
    plain.s3.put_object(Bucket=plain.bucket, Key="cold", Body=b"x", StorageClass="GLACIER")
    canned = {"S3PutObjectAcl": {"AccessControlPolicy": {"CannedAccessControlList": "bucket-owner-full-control"}}}
    assert counts(plain.run(canned, [("cold",)])) == (1, 1, 0)
    job = plain.run({"S3InitiateRestoreObject": {"ExpirationInDays": 2, "GlacierJobTier": "STANDARD"}}, [("cold",)])
    assert counts(job) == (1, 1, 0), plain.report(job)
    assert plain.s3.head_object(Bucket=plain.bucket, Key="cold")["Restore"].startswith('ongoing-request="true"')


def sums(jobs, job, bad=()):
    """What the report of a checksum job says, by key."""
    report = jobs.report(job)
    assert [(line[1], line[5]) for line in report.get("failed", [])] == list(bad)
    return {(line[1], line[2]): json.loads(line[6]) for line in report.get("succeeded", [])}


def crc32(*parts):
    return zlib.crc32(b"".join(parts)).to_bytes(4, "big")


def test_checksums_of_what_is_stored(jobs):
    s3, b = jobs.s3, jobs.bucket
    s3.put_bucket_versioning(Bucket=b, VersioningConfiguration={"Status": "Enabled"})
    old = s3.put_object(Bucket=b, Key="a b", Body=b"the first")["VersionId"]
    s3.put_object(Bucket=b, Key="a b", Body=b"the second")
    s3.put_object(Bucket=b, Key="none", Body=b"")
    s3.put_object(Bucket=b, Key="cold", Body=b"in an archive", StorageClass="GLACIER")
    s3.put_object(Bucket=b, Key="hidden", Body=b"under a key", ServerSideEncryption="aws:kms")
    s3.put_object(Bucket=b, Key="theirs", Body=b"under a customer's key", SSECustomerAlgorithm="AES256", SSECustomerKey="k" * 32)
    parts = [b"1" * (5 << 20), b"2" * 9]
    upload = {"Bucket": b, "Key": "parts", "UploadId": s3.create_multipart_upload(Bucket=b, Key="parts", ServerSideEncryption="aws:kms")["UploadId"]}
    etags = [{"PartNumber": i, "ETag": s3.upload_part(**upload, PartNumber=i, Body=p)["ETag"]} for i, p in enumerate(parts, 1)]
    s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": etags})

    def of(data, algorithm="SHA256"):
        digest = hashlib.new(algorithm, data).digest()
        return {"checksum_base64": base64.b64encode(digest).decode(), "checksum_hex": digest.hex().upper(), "checksumAlgorithm": algorithm,
                "checksumType": "FULL_OBJECT"}

    rows = [("a b", old), ("a b", ""), ("none", ""), ("cold", ""), ("hidden", ""), ("parts", ""), ("theirs", ""), ("missing", "")]
    job = jobs.run({"S3ComputeObjectChecksum": {"ChecksumAlgorithm": "SHA256", "ChecksumType": "FULL_OBJECT"}}, rows, fields=("Bucket", "Key", "VersionId"))
    assert counts(job) == (8, 6, 2)
    found = sums(jobs, job, [("theirs", "InvalidRequest"), ("missing", "NoSuchKey")])
    assert found["a%20b", ""].pop("etag") == hashlib.md5(b"the second").hexdigest()
    assert found["parts", ""].pop("etag").endswith("-2")
    for row in found.values():
        row.pop("etag", None)
    assert found == {("a%20b", old): of(b"the first"), ("a%20b", ""): of(b"the second"), ("none", ""): of(b""), ("cold", ""): of(b"in an archive"),
                     ("hidden", ""): of(b"under a key"), ("parts", ""): of(b"".join(parts))}
    asked = jobs.server.client("cloudtrail")  # KMS was, in the role, and that is on record
    page = [{"AttributeKey": "EventName", "AttributeValue": "Decrypt"}]
    until(lambda: [e for e in asked.lookup_events(LookupAttributes=page)["Events"] if jobs.role in e["CloudTrailEvent"] and f"{b}/hidden" in e["CloudTrailEvent"]], bool)
    job = jobs.run({"S3ComputeObjectChecksum": {"ChecksumAlgorithm": "CRC32", "ChecksumType": "COMPOSITE"}}, [("parts",), ("hidden",)])
    found = sums(jobs, job)
    for key, pieces in (("parts", parts), ("hidden", [b"under a key"])):
        raw = crc32(*[crc32(p) for p in pieces])
        assert found[key, ""]["checksum_base64"] == f"{base64.b64encode(raw).decode()}-{len(pieces)}"
        assert (found[key, ""]["checksum_hex"], found[key, ""]["checksumType"]) == (raw.hex().upper(), "COMPOSITE")
    job = jobs.run({"S3ComputeObjectChecksum": {}}, [("cold",)])  # S3's own: CRC64NVME of the whole
    s3.put_object(Bucket=b, Key="warm", Body=b"in an archive")
    theirs = s3.copy_object(Bucket=b, Key="copy", CopySource={"Bucket": b, "Key": "warm"}, ChecksumAlgorithm="CRC64NVME")["CopyObjectResult"]["ChecksumCRC64NVME"]
    assert sums(jobs, job)["cold", ""]["checksum_base64"] == theirs
    code = refused(jobs.begin, operation={"S3ComputeObjectChecksum": {"ChecksumAlgorithm": "CRC64NVME", "ChecksumType": "COMPOSITE"}},
                    manifest=jobs.manifest([("cold",)]))
    assert code == "InvalidRequest"
    jobs.allow(["s3:PutObject"], f"{arn(jobs.desk)}/*")
    jobs.iam.put_role_policy(RoleName=jobs.role_name, PolicyName="manifest", PolicyDocument=document(statement(action=["s3:GetObject"], resource=f"{arn(jobs.desk)}/*")))
    job = jobs.run({"S3ComputeObjectChecksum": {}}, [("cold",)])
    assert sums(jobs, job, [("cold", "AccessDenied")]) == {}


def test_objects_go_under_another_key(jobs):
    s3, b, kms = jobs.s3, jobs.bucket, jobs.server.client("kms")
    first, second = (kms.create_key()["KeyMetadata"]["Arn"] for _ in range(2))
    s3.put_object(Bucket=b, Key="plain", Body=b"of S3's own", Metadata={"k": "v"})
    s3.put_object(Bucket=b, Key="none", Body=b"")
    s3.put_object(Bucket=b, Key="first", Body=b"under the first", ServerSideEncryption="aws:kms", SSEKMSKeyId=first)
    s3.put_object(Bucket=b, Key="theirs", Body=b"under a customer's key", SSECustomerAlgorithm="AES256", SSECustomerKey="k" * 32)
    jobs.allow(["s3:*", "kms:*"])
    change = {"S3UpdateObjectEncryption": {"ObjectEncryption": {"SSEKMS": {"KMSKeyArn": second, "BucketKeyEnabled": True}}}}
    job = jobs.run(change, [("plain",), ("none",), ("first",), ("theirs",)])
    assert counts(job) == (4, 3, 1) and job["Operation"] == change
    assert [(line[1], line[5]) for line in jobs.report(job)["failed"]] == [("theirs", "InvalidRequest")]
    kms.disable_key(KeyId=first)  # nothing needs it any more
    for key, data in (("plain", b"of S3's own"), ("none", b""), ("first", b"under the first")):
        have = s3.get_object(Bucket=b, Key=key)
        assert have["Body"].read() == data and (have["SSEKMSKeyId"], have["BucketKeyEnabled"]) == (second, True)
    assert s3.head_object(Bucket=b, Key="plain")["Metadata"] == {"k": "v"}
    code = refused(jobs.begin, operation={"S3UpdateObjectEncryption": {"ObjectEncryption": {"SSEKMS": {"KMSKeyArn": second.replace("key/", "alias/")}}}},
                    manifest=jobs.manifest([("plain",)]))
    assert code == "InvalidRequest"
    jobs.allow(["s3:GetObject", "s3:PutObject", "kms:*"])  # not s3:UpdateObjectEncryption
    job = jobs.run(change, [("plain",)])
    assert [(line[1], line[5]) for line in jobs.report(job)["failed"]] == [("plain", "AccessDenied")]


def test_existing_objects_are_replicated(brume):
    world = World(brume)
    world.put("before", b"old bytes")
    target = world.bucket()
    world.replicate(rule(target))
    assert world.status("before") is None
    jobs = Jobs(brume)
    jobs.bucket = world.source
    jobs.allow(["s3:InitiateReplication", "s3:GetObject", "s3:PutObject", "s3:GetObjectVersion"])
    job = jobs.run({"S3ReplicateObject": {}}, [("before",)])
    assert job["Status"] == "Complete" and counts(job) == (1, 1, 0), jobs.report(job)
    assert world.settled("before") == "COMPLETED"
    assert brume.client("s3").get_object(Bucket=target, Key="before")["Body"].read() == b"old bytes"


def test_the_report_waits_for_replicas(start_brume):
    server = start_brume()
    world = World(server)
    for key in ("early", "late"):
        world.put(key)
    near, far = world.bucket(), world.bucket("eu-west-1")
    world.replicate(rule(near, prefix="early"), rule(far, 2, prefix="late"))
    jobs = Jobs(server)
    jobs.bucket = world.source
    fault(server, "link", "us-east-1", "eu-west-1", "down")
    job = jobs.begin({"S3ReplicateObject": {}}, jobs.manifest([("early",), ("late",), ("none",)]))
    half = until(lambda: jobs.look(job), lambda j: j["ProgressSummary"]["NumberOfTasksSucceeded"] == 1, 10)
    assert half["Status"] == "Active" and counts(half) == (3, 1, 1)
    fault(server, "link", "us-east-1", "eu-west-1", "up")
    server.advance_clock(2 * 60000)
    job = jobs.ended(job)
    assert job["Status"] == "Complete" and counts(job) == (3, 2, 1)
    assert sorted(line[1] for line in jobs.report(job)["succeeded"]) == ["early", "late"] and world.status("late") == "COMPLETED"
    world.s3.put_bucket_versioning(Bucket=near, VersioningConfiguration={"Status": "Suspended"})
    world.put("early/failing")
    assert world.settled("early/failing") == "FAILED"
    job = jobs.run({"S3ReplicateObject": {}}, [("early/failing",)])
    assert counts(job) == (1, 0, 1) and jobs.report(job)["failed"][0][1] == "early/failing"


def test_higher_priorities_go_first(start_brume):
    server = start_brume()
    world = World(server)
    world.put("stuck")
    world.replicate(rule(world.bucket("eu-west-1")))
    jobs = Jobs(server)
    jobs.bucket = world.source
    fault(server, "link", "us-east-1", "eu-west-1", "down")  # a replica that is waited for keeps a job on its way
    high = jobs.begin({"S3ReplicateObject": {}}, jobs.manifest([("stuck",)]), Priority=500)
    until(lambda: jobs.look(high), lambda j: j["Status"] == "Active", 10)
    low = jobs.begin(TAG, jobs.manifest([("stuck",)]), Priority=400)
    until(lambda: jobs.look(low), lambda j: j["Status"] == "Ready", 10)
    first = jobs.ended(jobs.begin(TAG, jobs.manifest([("stuck",)]), Priority=600))
    assert first["Status"] == "Complete" and jobs.look(low)["Status"] == "Ready"
    jobs.control.update_job_priority(AccountId=ACCOUNT, JobId=low, Priority=501)
    assert jobs.ended(low)["Status"] == "Complete" and jobs.look(high)["Status"] in ("Active", "Paused")
    fault(server, "link", "us-east-1", "eu-west-1", "up")
    server.advance_clock(2 * 60000)
    assert jobs.ended(high)["Status"] == "Complete"


def test_a_manifest_of_an_inventory(start_brume):
    jobs = Jobs(start_brume())
    jobs.s3.put_bucket_versioning(Bucket=jobs.bucket, VersioningConfiguration={"Status": "Enabled"})
    old = jobs.s3.put_object(Bucket=jobs.bucket, Key='a, "b"/é', Body=b"1")["VersionId"]
    new = jobs.s3.put_object(Bucket=jobs.bucket, Key='a, "b"/é', Body=b"2")["VersionId"]
    jobs.s3.put_bucket_policy(Bucket=jobs.desk, Policy=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "s3:PutObject", "Resource": f"{arn(jobs.desk)}/*"}]}))
    jobs.s3.put_bucket_inventory_configuration(Bucket=jobs.bucket, Id="all", InventoryConfiguration={
        "Id": "all", "IsEnabled": True, "IncludedObjectVersions": "All", "Schedule": {"Frequency": "Daily"}, "OptionalFields": ["Size"],
        "Destination": {"S3BucketDestination": {"Bucket": arn(jobs.desk), "Format": "CSV"}}})
    jobs.server.advance_clock(DAY)
    manifest, = [o for o in jobs.s3.list_objects_v2(Bucket=jobs.desk)["Contents"] if o["Key"].endswith("manifest.json")]
    location = {"ObjectArn": f"{arn(jobs.desk)}/{manifest['Key']}", "ETag": manifest["ETag"]}
    spec = {"Format": "S3InventoryReport_CSV_20161130"}
    job = jobs.ended(jobs.begin(TAG, {"Spec": spec, "Location": location}))
    assert job["Status"] == "Complete" and counts(job) == (2, 2, 0), job
    assert [line[1:4] for line in jobs.report(job)["succeeded"]] == [[quote('a, "b"/é'), version, "succeeded"] for version in (new, old)]
    assert jobs.s3.get_object_tagging(Bucket=jobs.bucket, Key='a, "b"/é', VersionId=old)["TagSet"] == TAG["S3PutObjectTagging"]["TagSet"]
    job = jobs.ended(jobs.begin(TAG, {"Spec": spec, "Location": {**location, "ETag": "0" * 32}}))
    assert job["Status"] == "Failed" and job["FailureReasons"][0]["FailureCode"] == "ManifestETagMismatch"
    job = jobs.ended(jobs.begin(TAG, {"Spec": spec, "Location": jobs.manifest([("a",)])["Location"]}))
    assert job["Status"] == "Failed" and job["FailureReasons"][0]["FailureCode"] == "InvalidManifestContent"
    assert refused(jobs.begin, operation=TAG, manifest={"Spec": {**spec, "Fields": ["Bucket", "Key"]}, "Location": location}) == "InvalidRequest"


def generator(jobs, save=False, **filters):
    made = {"SourceBucket": arn(jobs.bucket), "EnableManifestOutput": save, "Filter": filters}
    if save:
        made["ManifestOutputLocation"] = {"Bucket": arn(jobs.desk), "ManifestPrefix": "made", "ManifestFormat": "S3InventoryReport_CSV_20211130"}
    return {"ManifestGenerator": {"S3JobManifestGenerator": made}}


def test_manifests_that_a_job_makes(jobs):
    long_ago, soon = datetime(2020, 1, 1), datetime(2099, 1, 1)
    for key, more in (("logs/a.txt", {}), ("logs/b.csv", {"StorageClass": "STANDARD_IA"}), ("data/c.txt", {}), ("logs/large.txt", {})):
        jobs.s3.put_object(Bucket=jobs.bucket, Key=key, Body=b"x" * (5000 if "large" in key else 10), **more)

    def found(**filters):
        job = jobs.ended(jobs.begin(TAG, None, **generator(jobs, **filters)))
        if job["Status"] == "Failed":
            assert job["FailureReasons"][0]["FailureCode"] == "InvalidManifestContent"  # no objects at all
            return []
        assert job["ManifestGenerator"]["S3JobManifestGenerator"]["SourceBucket"] == arn(jobs.bucket)
        return sorted(line[1] for line in jobs.report(job)["succeeded"])

    assert found() == ["data/c.txt", "logs/a.txt", "logs/b.csv", "logs/large.txt"]
    assert found(KeyNameConstraint={"MatchAnyPrefix": ["logs/", "none/"], "MatchAnySuffix": [".txt"]}) == ["logs/a.txt", "logs/large.txt"]
    assert found(KeyNameConstraint={"MatchAnySubstring": ["a/"]}, ObjectSizeLessThanBytes=100) == ["data/c.txt"]
    assert found(ObjectSizeGreaterThanBytes=10) == ["logs/large.txt"]
    assert found(MatchAnyStorageClass=["STANDARD_IA"]) == ["logs/b.csv"]
    assert len(found(CreatedAfter=long_ago, CreatedBefore=soon)) == 4 and found(CreatedAfter=soon) == []
    assert len(found(MatchAnyObjectEncryption=[{"SSES3": {}}])) == 4 and found(MatchAnyObjectEncryption=[{"SSEC": {}}]) == []
    assert found(EligibleForReplication=True) == []
    job = jobs.ended(jobs.begin({"S3DeleteObjectTagging": {}}, None, **generator(jobs, save=True, MatchAnyStorageClass=["STANDARD_IA"])))
    saved = job["GeneratedManifestDescriptor"]
    assert saved["Format"] == "S3InventoryReport_CSV_20211130"
    answer = jobs.s3.get_object(Bucket=jobs.desk, Key=saved["Location"]["ObjectArn"].split(":::")[1].split("/", 1)[1])
    assert answer["ETag"].strip('"') == saved["Location"]["ETag"]
    file, = json.loads(answer["Body"].read())["files"]
    lines = gzip.decompress(jobs.s3.get_object(Bucket=jobs.desk, Key=file["key"])["Body"].read()).decode()
    assert lines == f"{jobs.bucket},logs/b.csv,\n"
    jobs.allow(["s3:GetObject", "s3:PutObject", "s3:PutObjectTagging"])
    job = jobs.ended(jobs.begin(TAG, None, **generator(jobs)))
    assert job["Status"] == "Failed" and job["FailureReasons"][0]["FailureReason"].startswith("AccessDenied")
    assert refused(jobs.begin, operation=TAG, manifest=jobs.manifest([("a",)]), **generator(jobs)) == "InvalidRequest"


def test_what_replication_missed(brume):
    world = World(brume)
    world.put("before/1")
    world.put("other")
    target = world.bucket()
    world.replicate(rule(target, prefix="before/"))
    jobs = Jobs(brume)
    jobs.bucket = world.source
    job = jobs.ended(jobs.begin({"S3ReplicateObject": {}}, None, **generator(jobs, EligibleForReplication=True, ObjectReplicationStatuses=["NONE", "FAILED"])))
    assert job["Status"] == "Complete" and counts(job) == (1, 1, 0), job
    assert world.status("before/1") == "COMPLETED" and world.status("other") is None
    assert world.head(target, "before/1")


def test_rights_are_the_roles(jobs):
    jobs.s3.put_object(Bucket=jobs.bucket, Key="k", Body=b"x")
    jobs.allow(["s3:GetObject", "s3:PutObject"], f"{arn(jobs.desk)}/*")
    job = jobs.run(TAG, [("k",)])
    assert job["Status"] == "Complete" and counts(job) == (1, 0, 1)
    assert jobs.report(job)["failed"][0][3:6] == ["failed", "403", "AccessDenied"]
    jobs.allow(["s3:PutObject"])
    job = jobs.run(TAG, [("k",)])
    assert job["Status"] == "Failed" and job["FailureReasons"][0]["FailureReason"].startswith("Reading the manifest failed: AccessDenied")
    jobs.allow(["s3:GetObject", "s3:PutObjectTagging"])
    job = jobs.run(TAG, [("k",)])
    assert job["Status"] == "Failed" and "report could not be written" in job["FailureReasons"][0]["FailureReason"]
    jobs.iam.update_assume_role_policy(RoleName=jobs.role_name, PolicyDocument=trust({"Service": "s3.amazonaws.com"}))
    assert jobs.run(TAG, [("k",)])["Status"] == "Failed"


def test_what_is_no_manifest(jobs):
    jobs.s3.put_object(Bucket=jobs.bucket, Key="k", Body=b"x")
    stale = jobs.manifest([("k",)])
    stale["Location"]["ETag"] = "0" * 32
    job = jobs.ended(jobs.begin(TAG, stale))
    assert job["Status"] == "Failed" and "ETag" in job["FailureReasons"][0]["FailureReason"]
    for text in (f"{jobs.bucket}\n", f"{jobs.bucket},a,b\n", f'{jobs.bucket},"a\n', f"{jobs.bucket},a\nother,b\n", "\n"):
        job = jobs.ended(jobs.begin(TAG, jobs.manifest([], text=text)))
        assert job["Status"] == "Failed" and counts(job)[1:] == (0, 0), text


def test_confirmed_or_cancelled(jobs):
    jobs.s3.put_object(Bucket=jobs.bucket, Key="k", Body=b"x")
    job = jobs.run(TAG, [("k",)], confirm=True)
    assert job["Status"] == "Suspended" and job["SuspendedCause"] == "AWAITING_CONFIRMATION" and counts(job) == (1, 0, 0)
    named = {"AccountId": ACCOUNT, "JobId": job["JobId"]}
    assert jobs.control.update_job_priority(**named, Priority=77)["Priority"] == 77
    unchecked = jobs.server.client("s3control", config={"parameter_validation": False, "inject_host_prefix": False})
    with pytest.raises(ClientError, match="Priority"):
        unchecked.update_job_priority(**named, Priority=-1)
    jobs.control.put_job_tagging(**named, Tags=[{"Key": "a", "Value": "b"}])
    assert jobs.control.get_job_tagging(**named)["Tags"] == [{"Key": "a", "Value": "b"}]
    jobs.control.delete_job_tagging(**named)
    assert jobs.control.get_job_tagging(**named)["Tags"] == []
    assert jobs.control.update_job_status(**named, RequestedJobStatus="Ready", StatusUpdateReason="go")["StatusUpdateReason"] == "go"
    done = jobs.ended(job["JobId"])
    assert done["Status"] == "Complete" and done["Priority"] == 77 and counts(done) == (1, 1, 0)
    assert refused(jobs.control.update_job_status, **named, RequestedJobStatus="Cancelled") == "JobStatusException"
    other = jobs.run(TAG, [("k",)], confirm=True)["JobId"]
    jobs.control.update_job_status(AccountId=ACCOUNT, JobId=other, RequestedJobStatus="Cancelled")
    assert until(lambda: jobs.look(other)["Status"], lambda s: s == "Cancelled") == "Cancelled"
    assert refused(jobs.control.describe_job, AccountId=ACCOUNT, JobId="no-such-job") == "NoSuchJob"
    listed = jobs.control.list_jobs(AccountId=ACCOUNT, JobStatuses=["Cancelled"], MaxResults=1)
    assert listed["Jobs"][0]["JobId"] == other and listed["Jobs"][0]["Operation"] == "S3PutObjectTagging"


def test_cancelled_on_its_way(jobs):
    jobs.s3.put_object(Bucket=jobs.bucket, Key="k", Body=b"x")
    job = jobs.begin(TAG, jobs.manifest([("k",)] * 20000))
    until(lambda: counts(jobs.look(job))[1], lambda n: n > 0, 20)
    assert jobs.control.update_job_status(AccountId=ACCOUNT, JobId=job, RequestedJobStatus="Cancelled")["Status"] == "Cancelling"
    done = jobs.ended(job)
    total, succeeded, failed = counts(done)
    assert done["Status"] == "Cancelled" and total == 20000 and 0 < succeeded < total and failed == 0
    assert len(jobs.report(done)["succeeded"]) == succeeded


def test_a_token_makes_one_job(jobs):
    jobs.s3.put_object(Bucket=jobs.bucket, Key="k", Body=b"x")
    manifest, token = jobs.manifest([("k",)]), name("token")
    job = jobs.begin(TAG, manifest, ClientRequestToken=token)
    assert jobs.begin(TAG, manifest, ClientRequestToken=token) == job
    with pytest.raises(ClientError) as error:
        jobs.begin(TAG, manifest, ClientRequestToken=token, Priority=11)
    assert error.value.response["Error"]["Code"] == "IdempotencyException"
    with pytest.raises(ClientError) as error:
        jobs.begin({"LambdaInvoke": {"FunctionArn": f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:f"}}, manifest)
    assert error.value.response["Error"]["Code"] == "NotImplemented"
    jobs.ended(job)


def test_half_failed_ends_it(jobs):
    job = jobs.run(TAG, [(f"missing-{i}",) for i in range(1200)], scope="FailedTasksOnly")
    assert job["Status"] == "Failed" and counts(job) == (1200, 0, 1000)
    assert len(jobs.report(job)["failed"]) == 1000


def test_a_killed_job_goes_on(start_brume):
    server = start_brume()
    jobs = Jobs(server)
    keys = [f"k{i:04}" for i in range(400)]
    for key in keys:
        jobs.s3.put_object(Bucket=jobs.bucket, Key=key, Body=b"x")
    job = jobs.begin(TAG, jobs.manifest([(key,) for key in keys]))
    until(lambda: counts(jobs.look(job))[1], lambda n: n > 0)
    server.kill()
    again = start_brume(data=server.data)
    jobs.s3, jobs.control = again.client("s3"), again.client("s3control")
    done = jobs.ended(job)
    assert done["Status"] == "Complete" and counts(done) == (400, 400, 0)
    assert sorted(line[1] for line in jobs.report(done)["succeeded"]) == keys
    assert jobs.s3.get_object_tagging(Bucket=jobs.bucket, Key=keys[-1])["TagSet"] == TAG["S3PutObjectTagging"]["TagSet"]
