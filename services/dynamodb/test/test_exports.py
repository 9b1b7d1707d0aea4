"""Exports to S3: the objects as AWS lays them out, of a moment or of a window of time, and their rights."""
import base64
import datetime
import gzip
import hashlib
import json
import uuid

import pytest

from services.dynamodb.test.ddb_tables import make_table, refusal, wait_gone, wait_until


@pytest.fixture
def s3(brume):
    return brume.client("s3")


@pytest.fixture
def bucket(s3):
    name = f"exports-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=name)
    return name


@pytest.fixture
def recoverable(dynamodb):
    """recoverable(...) -> (name, ARN) of a table with point-in-time recovery."""
    def make(*arguments, **options):
        name = make_table(dynamodb, *arguments, **options)
        dynamodb.update_continuous_backups(TableName=name, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True})
        return name, dynamodb.describe_table(TableName=name)["Table"]["TableArn"]
    return make


def finished(dynamodb, arn):
    described = {}

    def done():
        described.update(dynamodb.describe_export(ExportArn=arn)["ExportDescription"])
        return described["ExportStatus"] != "IN_PROGRESS"
    wait_until(done)
    return described


def exported(s3, bucket, described):
    """The lines of all data files that the manifests name; checksums are held against the objects."""
    def read(key):
        return s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    summary_key = described["ExportManifest"]
    summary = json.loads(read(summary_key))
    files = read(summary["manifestFilesS3Key"])
    for key, content in ((summary_key, read(summary_key)), (summary["manifestFilesS3Key"], files)):
        assert read(key.replace(".json", ".checksum")).decode() == base64.b64encode(hashlib.md5(content).digest()).decode()
    lines, items = [], 0
    for entry in map(json.loads, files.splitlines()):
        packed = read(entry["dataFileS3Key"])
        assert entry["md5Checksum"] == base64.b64encode(hashlib.md5(packed).digest()).decode()
        assert entry["etag"] == s3.head_object(Bucket=bucket, Key=entry["dataFileS3Key"])["ETag"].strip('"')
        found = gzip.decompress(packed).decode().splitlines()
        assert entry["itemCount"] == len(found)
        items += len(found)
        lines += found
    assert summary["itemCount"] == items == described["ItemCount"]
    return summary, lines


pytestmark = pytest.mark.as_root  # the objects are put with the caller's rights: a user of DynamoDB alone has none in S3
ITEM = {"p": {"S": "x"}, "n": {"N": "600"}, "d": {"N": "1.5"}, "b": {"B": b"\x00\xff"}, "ss": {"SS": ["a", "b"]}, "ns": {"NS": ["1", "20"]},
        "bs": {"BS": [b"q"]}, "l": {"L": [{"S": 'say "hi"\n'}, {"NULL": True}]}, "m": {"M": {"a b": {"BOOL": True}}}}


def test_a_full_export(dynamodb, s3, bucket, recoverable):
    name, arn = recoverable()
    dynamodb.put_item(TableName=name, Item=ITEM)
    for i in range(30):
        dynamodb.put_item(TableName=name, Item={"p": {"S": f"item-{i}"}})
    begun = dynamodb.export_table_to_point_in_time(TableArn=arn, S3Bucket=bucket, S3Prefix="a/b", ClientToken="once")["ExportDescription"]
    dynamodb.put_item(TableName=name, Item={"p": {"S": "later"}})
    dynamodb.delete_item(TableName=name, Key={"p": {"S": "item-0"}})
    assert begun["ExportStatus"] == "IN_PROGRESS" and begun["TableArn"] == arn and begun["S3SseAlgorithm"] == "AES256"
    assert "ExportType" not in begun  # a full one says so in lists alone
    described = finished(dynamodb, begun["ExportArn"])
    assert described["ExportStatus"] == "COMPLETED", described
    export_id = begun["ExportArn"].rsplit("/", 1)[1]
    assert described["ExportManifest"] == f"a/b/AWSDynamoDB/{export_id}/manifest-summary.json"
    assert s3.head_object(Bucket=bucket, Key=f"a/b/AWSDynamoDB/{export_id}/_started")["ContentLength"] == 0
    summary, lines = exported(s3, bucket, described)
    assert summary["exportArn"] == begun["ExportArn"] and summary["outputFormat"] == "DYNAMODB_JSON" and summary["s3Prefix"] == "a/b"
    items = {json.loads(line)["Item"]["p"]["S"]: json.loads(line)["Item"] for line in lines}
    assert set(items) == {"x"} | {f"item-{i}" for i in range(30)}
    assert items["x"]["b"] == {"B": base64.b64encode(ITEM["b"]["B"]).decode()} and items["x"]["l"] == ITEM["l"]
    again = dynamodb.export_table_to_point_in_time(TableArn=arn, S3Bucket=bucket, S3Prefix="a/b", ClientToken="once")["ExportDescription"]
    assert again["ExportArn"] == begun["ExportArn"]
    for other in ({"S3Prefix": "c"}, {"ExportFormat": "ION"}, {"S3BucketOwner": "0" * 12}, {"S3SseAlgorithm": "KMS"}):
        assert refusal(dynamodb.export_table_to_point_in_time, **{"TableArn": arn, "S3Bucket": bucket, "S3Prefix": "a/b", "ClientToken": "once", **other}) == (
            "ExportConflictException", "Export conflict: Duplicate request detected with conflicting parameters")
    listed = dynamodb.list_exports(TableArn=arn)["ExportSummaries"]
    assert listed == [{"ExportArn": begun["ExportArn"], "ExportStatus": "COMPLETED", "ExportType": "FULL_EXPORT"}]
    dynamodb.delete_table(TableName=name)  # nothing holds the table any more
    wait_gone(dynamodb, name)
    for make in (lambda: None, lambda: make_table(dynamodb, name=name)):  # the export outlives its table; a list of the table's does not
        make()
        assert dynamodb.list_exports(TableArn=arn)["ExportSummaries"] == []
        assert dynamodb.describe_export(ExportArn=begun["ExportArn"])["ExportDescription"]["TableArn"] == arn


def test_an_export_as_ion(dynamodb, s3, bucket, recoverable):
    name, arn = recoverable()
    dynamodb.put_item(TableName=name, Item=ITEM)
    begun = dynamodb.export_table_to_point_in_time(TableArn=arn, S3Bucket=bucket, ExportFormat="ION", S3SseAlgorithm="AES256", S3Prefix="ion/")["ExportDescription"]
    described = finished(dynamodb, begun["ExportArn"])
    assert described["S3Prefix"] == "ion/" and described["ExportManifest"].startswith("ion/AWSDynamoDB/")
    summary, (line,) = exported(s3, bucket, described)
    assert summary["outputFormat"] == "ION" and summary["s3SseAlgorithm"] == "AES256"
    for part in ("$ion_1_0 {Item:{", "n:6d2", "d:1.5", "b:{{AP8=}}", 'ss:$dynamodb_SS::["a","b"]', "ns:$dynamodb_NS::[1.,2d1]",
                 'l:["say \\"hi\\"\\n",null]', "m:{'a b':true}"):
        assert part in line, line


def test_an_export_of_the_past(start_brume):
    """Of a moment that lies behind: what was changed and deleted since stands in it as it was."""
    brume = start_brume()
    dynamodb, s3 = brume.client("dynamodb"), brume.client("s3")
    s3.create_bucket(Bucket="past")
    name = make_table(dynamodb)
    arn = dynamodb.describe_table(TableName=name)["Table"]["TableArn"]
    dynamodb.update_continuous_backups(TableName=name, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True})

    def put(key, v):
        dynamodb.put_item(TableName=name, Item={"p": {"S": key}, "v": {"N": str(v)}})

    def pass_by():
        """Ten minutes, in the middle of which nothing happens."""
        brume.advance_clock(600_000)
        backup = dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
        brume.advance_clock(600_000)
        return backup["LatestRestorableDateTime"]
    put("kept", 1), put("changed", 1), put("gone", 1)
    moment = pass_by()
    put("changed", 2), put("came-and-went", 1), put("new", 1)
    dynamodb.delete_item(TableName=name, Key={"p": {"S": "gone"}})
    dynamodb.delete_item(TableName=name, Key={"p": {"S": "came-and-went"}})
    until = pass_by()
    put("changed", 3), put("kept", 3)
    begun = dynamodb.export_table_to_point_in_time(TableArn=arn, S3Bucket="past", ExportTime=moment)["ExportDescription"]
    _, lines = exported(s3, "past", finished(dynamodb, begun["ExportArn"]))
    assert sorted((i["p"]["S"], i["v"]["N"]) for i in (json.loads(line)["Item"] for line in lines)) == [("changed", "1"), ("gone", "1"), ("kept", "1")]

    window = {"ExportFromTime": moment, "ExportToTime": until}
    begun = dynamodb.export_table_to_point_in_time(TableArn=arn, S3Bucket="past", ExportType="INCREMENTAL_EXPORT",
                                                   IncrementalExportSpecification=window)["ExportDescription"]
    described = finished(dynamodb, begun["ExportArn"])
    assert described["BilledSizeBytes"] == 10_000_000  # the least that is billed of changes
    summary, lines = exported(s3, "past", described)
    assert summary["outputView"] == "NEW_AND_OLD_IMAGES" and summary["exportType"] == "INCREMENTAL_EXPORT"
    changes = {json.loads(line)["Keys"]["p"]["S"]: json.loads(line) for line in lines}
    assert set(changes) == {"changed", "gone", "new"}
    assert changes["changed"]["OldImage"]["v"] == {"N": "1"} and changes["changed"]["NewImage"]["v"] == {"N": "2"}
    assert "NewImage" not in changes["gone"] and changes["gone"]["OldImage"]["v"] == {"N": "1"}
    assert "OldImage" not in changes["new"]
    stamp = int(changes["new"]["Metadata"]["WriteTimestampMicros"]["N"]) / 1e6
    assert moment.timestamp() < stamp < until.timestamp()
    begun = dynamodb.export_table_to_point_in_time(TableArn=arn, S3Bucket="past", ExportType="INCREMENTAL_EXPORT", ExportFormat="ION",
                                                   IncrementalExportSpecification={**window, "ExportViewType": "NEW_IMAGE"})["ExportDescription"]
    _, lines = exported(s3, "past", finished(dynamodb, begun["ExportArn"]))
    assert len(lines) == 3 and not any("OldImage" in line for line in lines) and all(line.startswith("$ion_1_0 {Record:{") for line in lines)


def test_another_region_knows_no_export(brume, dynamodb, bucket, recoverable):
    _, arn = recoverable()
    there = brume.client("dynamodb", region="eu-west-1")
    export = dynamodb.export_table_to_point_in_time(TableArn=arn, S3Bucket=bucket)["ExportDescription"]["ExportArn"]
    absent = ("ExportNotFoundException", "Export not found: Invalid export arn")
    assert refusal(there.describe_export, ExportArn=export) == refusal(dynamodb.describe_export, ExportArn=export.replace("us-east-1", "eu-west-1")) == absent
    for client, named in ((there, arn), (dynamodb, arn.replace("us-east-1", "eu-west-1"))):
        assert refusal(client.export_table_to_point_in_time, TableArn=named, S3Bucket=bucket) == ("TableNotFoundException", f"Table not found: {named}")


def test_what_is_refused(dynamodb, s3, bucket, recoverable, table):
    plain = dynamodb.describe_table(TableName=table())["Table"]["TableArn"]
    export = dynamodb.export_table_to_point_in_time
    assert refusal(export, TableArn=plain, S3Bucket=bucket)[0] == "PointInTimeRecoveryUnavailableException"
    assert refusal(export, TableArn=plain + "x", S3Bucket=bucket)[0] == "TableNotFoundException"
    _, arn = recoverable()
    old = datetime.datetime(2020, 1, 1)
    assert refusal(export, TableArn=arn, S3Bucket=bucket, ExportTime=old)[0] == "InvalidExportTimeException"
    assert refusal(export, TableArn=arn, S3Bucket=bucket, ExportType="INCREMENTAL_EXPORT",
                   IncrementalExportSpecification={"ExportFromTime": old})[0] == "InvalidExportTimeException"
    assert refusal(dynamodb.describe_export, ExportArn=arn + "/export/01234567890123-a1b2c3d4")[0] == "ExportNotFoundException"
    begun = export(TableArn=arn, S3Bucket=bucket + "-absent")["ExportDescription"]
    described = finished(dynamodb, begun["ExportArn"])
    assert (described["ExportStatus"], described["FailureCode"]) == ("FAILED", "S3NoSuchBucket")
    assert described["FailureMessage"].startswith("The specified bucket does not exist (Service: Amazon S3; Status Code: 404; Error Code: NoSuchBucket; Request ID: ")
    abroad = "arn:aws:kms:eu-west-1:000000000000:key/3b1a7419-d170-49d4-9a64-59dee41e3eea"
    begun = export(TableArn=arn, S3Bucket=bucket, S3SseAlgorithm="KMS", S3SseKmsKeyId=abroad)["ExportDescription"]
    described = finished(dynamodb, begun["ExportArn"])
    assert (described["ExportStatus"], described["FailureCode"]) == ("FAILED", "KmsNotFoundException")
    assert described["FailureMessage"].startswith("Invalid arn eu-west-1 (Service: Amazon S3; Status Code: 400; Error Code: KMS.NotFoundException; ")
    foreign = arn.replace("000000000000", "111111111111")
    for call, arguments in ((export, {"TableArn": foreign, "S3Bucket": bucket}), (dynamodb.describe_export, {"ExportArn": begun["ExportArn"].replace("000000000000", "111111111111")})):
        assert refusal(call, **arguments) == ("AccessDeniedException", "Access is denied")


def test_types_and_times_that_do_not_go(dynamodb, s3, bucket, recoverable, table):
    """In AWS's words; the times of an incremental export are looked at before the table's recovery."""
    plain = dynamodb.describe_table(TableName=table())["Table"]["TableArn"]
    _, arn = recoverable()
    now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
    spec = {"ExportFromTime": now}

    def refused(**more):
        return refusal(dynamodb.export_table_to_point_in_time, **{"TableArn": arn, "S3Bucket": bucket, **more})

    def invalid(text):
        return "ValidationException", "Invalid Request: " + text
    incremental = {"ExportType": "INCREMENTAL_EXPORT"}
    assert refused(IncrementalExportSpecification=spec) == invalid("Export Type expected to be Incremental Export when incremental export specification is provided")
    assert refused(IncrementalExportSpecification=spec, ExportType="FULL_EXPORT") == (
        invalid("When Export Type is Full Export , Incremental Export Specification should not be provided"))
    assert refused(**incremental) == invalid("Incremental Export Specification expected when export type is set as Incremental Export")
    assert refused(**incremental, IncrementalExportSpecification={}) == invalid("ExportFromTime must be provided in IncrementalExportSpecification")
    assert refused(FilterSpecification={}) == invalid("Invalid FilterSpecification: The specification can not be empty")
    assert refused(S3SseKmsKeyId="alias/x") == refused(S3SseKmsKeyId="alias/x", S3SseAlgorithm="AES256") == invalid("KMS Key Id is not supported for this encryption type")
    assert refused(TableArn="a-table") == ("ValidationException", "One or more parameter values were invalid: tableArn is not a valid ARN")
    early = now - datetime.timedelta(hours=3)
    words = ("InvalidExportTimeException", "Incremental export period from time cannot be less than the table creation time : " + early.strftime("%Y-%m-%dT%H:%M:%SZ"))
    assert refused(**incremental, IncrementalExportSpecification={"ExportFromTime": early}) == words
    assert refused(TableArn=plain, **incremental, IncrementalExportSpecification={"ExportFromTime": early}) == words
    assert refused(**incremental, IncrementalExportSpecification={"ExportFromTime": now + datetime.timedelta(seconds=1)})[0] == "InvalidExportTimeException"
    assert refused(ExportTime=early) == refused(ExportTime=now + datetime.timedelta(hours=1)) == ("InvalidExportTimeException", "Export Time is invalid")


def test_objects_are_put_with_the_rights_of_who_asked(brume, dynamodb, bucket, recoverable):
    _, arn = recoverable()
    iam = brume.client("iam")
    user = f"exporter-{uuid.uuid4().hex[:8]}"
    iam.create_user(UserName=user)
    statements = [{"Effect": "Allow", "Action": "dynamodb:ExportTableToPointInTime", "Resource": arn}]

    def allow():
        iam.put_user_policy(UserName=user, PolicyName="p", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": statements}))
    allow()
    key = iam.create_access_key(UserName=user)["AccessKey"]
    client = brume.client("dynamodb", account=key["AccessKeyId"], secret=key["SecretAccessKey"])
    begun = client.export_table_to_point_in_time(TableArn=arn, S3Bucket=bucket)["ExportDescription"]
    described = finished(dynamodb, begun["ExportArn"])
    assert (described["ExportStatus"], described["FailureCode"]) == ("FAILED", "S3AccessDenied")
    assert described["FailureMessage"].startswith(f"User: arn:aws:iam::000000000000:user/{user} is not authorized to perform: s3:PutObject on resource: \"arn:aws:s3:::{bucket}/")
    assert " (Service: Amazon S3; Status Code: 403; Error Code: AccessDenied; " in described["FailureMessage"]
    begun = dynamodb.export_table_to_point_in_time(TableArn=arn, S3Bucket=bucket, S3BucketOwner="111122223333")["ExportDescription"]
    described = finished(dynamodb, begun["ExportArn"])  # no policy says so: nor does S3 say who
    assert described["FailureMessage"].startswith("Access Denied (Service: Amazon S3; Status Code: 403; Error Code: AccessDenied; ")
    statements.append({"Effect": "Allow", "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{bucket}/*"})
    allow()
    begun = client.export_table_to_point_in_time(TableArn=arn, S3Bucket=bucket)["ExportDescription"]
    assert finished(dynamodb, begun["ExportArn"])["ExportStatus"] == "COMPLETED"


def test_a_filtered_export(dynamodb, s3, bucket, recoverable):
    """By the three expressions of Query; what is told of it is what was asked for."""
    name, arn = recoverable("p:S s:N", ("p", "s"))
    for i in range(40):
        dynamodb.put_item(TableName=name, Item={"p": {"S": "ab"[i % 2]}, "s": {"N": str(i)}, "v": {"N": str(i * i)}, "name": {"S": f"n{i}"}})

    def found(**filter):
        begun = dynamodb.export_table_to_point_in_time(TableArn=arn, S3Bucket=bucket, FilterSpecification=filter)["ExportDescription"]
        assert begun["FilterSpecification"] == filter
        described = finished(dynamodb, begun["ExportArn"])
        assert described["ExportStatus"] == "COMPLETED" and described["FilterSpecification"] == filter, described
        return [json.loads(line)["Item"] for line in exported(s3, bucket, described)[1]]
    of_a = found(KeyConditionExpression="p = :p AND s BETWEEN :l AND :h", ExpressionAttributeValues={":p": {"S": "a"}, ":l": {"N": "4"}, ":h": {"N": "9"}})
    assert [i["s"]["N"] for i in of_a] == ["4", "6", "8"] and set(of_a[0]) == {"p", "s", "v", "name"}
    by_filter = found(FilterExpression="v > :v OR p = :p AND s < :s", ExpressionAttributeValues={":v": {"N": "1400"}, ":p": {"S": "b"}, ":s": {"N": "3"}})
    assert sorted(int(i["s"]["N"]) for i in by_filter) == [1, 38, 39]
    assert found(ProjectionExpression="#n", KeyConditionExpression="p = :p", FilterExpression="v = :v", ExpressionAttributeNames={"#n": "name"},
                 ExpressionAttributeValues={":p": {"S": "b"}, ":v": {"N": "25"}}) == [{"name": {"S": "n5"}}]
    assert found(FilterExpression="attribute_exists(nothing)") == []


def test_filters_that_are_none(dynamodb, bucket, recoverable):
    name, arn = recoverable()

    def refused(**filter):
        return refusal(dynamodb.export_table_to_point_in_time, TableArn=arn, S3Bucket=bucket, FilterSpecification=filter)
    assert refused(FilterExpression="v = :v") == ("ValidationException", "Invalid FilterExpression: An expression attribute value used in expression is not defined; attribute value: :v")
    assert refused(KeyConditionExpression="v = :v", ExpressionAttributeValues={":v": {"S": "x"}})[1] == "Query condition missed key schema element: p"
    assert refused(KeyConditionExpression="p = :v", FilterExpression="p = :v", ExpressionAttributeValues={":v": {"S": "x"}})[1].startswith("Filter Expression can only contain non-primary key attributes")
    token = uuid.uuid4().hex
    dynamodb.export_table_to_point_in_time(TableArn=arn, S3Bucket=bucket, ClientToken=token)
    assert refusal(dynamodb.export_table_to_point_in_time, TableArn=arn, S3Bucket=bucket, ClientToken=token, FilterSpecification={"FilterExpression": "attribute_exists(v)"})[0] == "ExportConflictException"


def test_a_filtered_export_of_a_window(start_brume):
    """The filter is for what an item is now, or was, if it is gone."""
    brume = start_brume()
    dynamodb, s3 = brume.client("dynamodb"), brume.client("s3")
    s3.create_bucket(Bucket="exports")
    name = make_table(dynamodb)
    dynamodb.update_continuous_backups(TableName=name, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True})
    for p, v in (("new", 1), ("changed", 1), ("other", 5), ("gone", 1)):
        dynamodb.put_item(TableName=name, Item={"p": {"S": p}, "v": {"N": str(v)}, "w": {"N": "7"}})
    brume.advance_clock(1000)
    start = brume.now()
    dynamodb.put_item(TableName=name, Item={"p": {"S": "changed"}, "v": {"N": "2"}, "w": {"N": "7"}})
    dynamodb.put_item(TableName=name, Item={"p": {"S": "other"}, "v": {"N": "1"}})
    dynamodb.delete_item(TableName=name, Key={"p": {"S": "gone"}})
    brume.advance_clock(20 * 60_000)
    arn = dynamodb.describe_table(TableName=name)["Table"]["TableArn"]
    begun = dynamodb.export_table_to_point_in_time(TableArn=arn, S3Bucket="exports", ExportType="INCREMENTAL_EXPORT", IncrementalExportSpecification={
        "ExportFromTime": start, "ExportToTime": brume.now()}, FilterSpecification={"FilterExpression": "v = :v", "ProjectionExpression": "v", "ExpressionAttributeValues": {":v": {"N": "1"}}})
    described = finished(dynamodb, begun["ExportDescription"]["ExportArn"])
    lines = {line["Keys"]["p"]["S"]: line for line in map(json.loads, exported(s3, "exports", described)[1])}
    assert set(lines) == {"other", "gone"} and lines["other"]["NewImage"] == {"v": {"N": "1"}} and lines["gone"]["OldImage"] == {"v": {"N": "1"}}
