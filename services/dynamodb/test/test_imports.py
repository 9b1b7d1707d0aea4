"""Imports from S3 into a new table: three formats, three ways to pack, errors counted and logged, rights."""
import gzip
import json
import subprocess
import uuid

import pytest

from services.dynamodb.test.ddb_tables import index, key_schema, refusal, wait_active, wait_gone, wait_until

pytestmark = pytest.mark.as_root  # the objects are read with the caller's rights: a user of DynamoDB alone has none in S3


@pytest.fixture
def s3(brume):
    return brume.client("s3")


@pytest.fixture
def bucket(s3):
    name = f"imports-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=name)
    return name


def parameters(name, attributes="p:S", keys=("p",), **more):
    return {"TableName": name, "KeySchema": key_schema(*keys), "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [dict(zip(("AttributeName", "AttributeType"), a.split(":"))) for a in attributes.split()], **more}


def imported(dynamodb, bucket, form, attributes="p:S", keys=("p",), prefix=None, table=None, client=None, **more):
    """What DescribeImport says when it is over, and the items."""
    name = f"import-{uuid.uuid4().hex[:12]}"
    source = {"S3Bucket": bucket, **({"S3KeyPrefix": prefix} if prefix else {})}
    begun = (client or dynamodb).import_table(S3BucketSource=source, InputFormat=form,
                                              TableCreationParameters=parameters(name, attributes, keys, **(table or {})), **more)["ImportTableDescription"]
    assert begun["ImportStatus"] == "IN_PROGRESS" and begun["TableArn"].endswith(f"table/{name}")
    described = {}

    def over():
        described.update(dynamodb.describe_import(ImportArn=begun["ImportArn"])["ImportTableDescription"])
        return described["ImportStatus"] != "IN_PROGRESS"
    wait_until(over)
    if described.get("FailureCode", "").startswith("S3"):  # nothing could be read: there is no table
        wait_gone(dynamodb, name)
        return described, None
    wait_active(dynamodb, name)
    return described, dynamodb.scan(TableName=name)["Items"]


def test_dynamodb_json(dynamodb, s3, bucket):
    lines = [json.dumps({"Item": {"p": {"S": f"k{i}"}, "n": {"N": str(i)}, "b": {"B": "AP8="}, "l": {"L": [{"M": {"x": {"NULL": True}}}]}}}) for i in range(700)]
    s3.put_object(Bucket=bucket, Key="in/1.json", Body="\n".join(lines[:300]) + "\n")
    s3.put_object(Bucket=bucket, Key="in/2.json", Body="\n".join(lines[300:]))
    s3.put_object(Bucket=bucket, Key="other.json", Body="no item")
    described, items = imported(dynamodb, bucket, "DYNAMODB_JSON", prefix="in/", attributes="p:S n:N",
                                table={"GlobalSecondaryIndexes": [index("by-n", "n")]})
    assert described["ImportStatus"] == "COMPLETED", described
    assert (described["ProcessedItemCount"], described["ImportedItemCount"], described["ErrorCount"]) == (700, 700, 0)
    assert described["ProcessedSizeBytes"] == sum(len(line) + 1 for line in lines) - 1
    assert len(items) == 700 and {"p": {"S": "k7"}, "n": {"N": "7"}, "b": {"B": b"\x00\xff"}, "l": {"L": [{"M": {"x": {"NULL": True}}}]}} in items
    name = described["TableCreationParameters"]["TableName"]
    found = dynamodb.query(TableName=name, IndexName="by-n", KeyConditionExpression="n = :n", ExpressionAttributeValues={":n": {"N": "650"}})
    assert found["Items"][0]["p"] == {"S": "k650"}
    assert dynamodb.list_imports(TableArn=described["TableArn"])["ImportSummaryList"][0]["ImportStatus"] == "COMPLETED"


def test_ion_packed(dynamodb, s3, bucket, tmp_path):
    text = '$ion_1_0 {Item:{p:"x",n:6d2,ss:$dynamodb_SS::["a"],b:{{AP8=}},m:{\'a b\':null,t:true}}}\n{Item:{p:"y"}}\n'
    (tmp_path / "t").write_text(text)
    subprocess.run(["zstd", "-q", tmp_path / "t", "-o", tmp_path / "t.zst"], check=True)
    want = [{"p": {"S": "x"}, "n": {"N": "600"}, "ss": {"SS": ["a"]}, "b": {"B": b"\x00\xff"}, "m": {"M": {"a b": {"NULL": True}, "t": {"BOOL": True}}}},
            {"p": {"S": "y"}}]
    for kind, body in (("GZIP", gzip.compress(text.encode())), ("ZSTD", (tmp_path / "t.zst").read_bytes())):
        s3.put_object(Bucket=bucket, Key=f"{kind}/a.ion", Body=body)
        described, items = imported(dynamodb, bucket, "ION", prefix=kind, InputCompressionType=kind)
        assert described["ImportStatus"] == "COMPLETED", described
        assert sorted(items, key=lambda i: i["p"]["S"]) == want
        assert described["ProcessedSizeBytes"] == len(text)


def test_csv(dynamodb, s3, bucket):
    s3.put_object(Bucket=bucket, Key="h.csv", Body='p,n,note\r\na,1,"say ""hi"",\nthen go"\r\nb,2,plain\r\n')
    described, items = imported(dynamodb, bucket, "CSV", attributes="p:S n:N", keys=("p", "n"), prefix="h")
    assert described["ImportStatus"] == "COMPLETED", described
    assert sorted(items, key=lambda i: i["p"]["S"]) == [{"p": {"S": "a"}, "n": {"N": "1"}, "note": {"S": 'say "hi",\nthen go'}},
                                                        {"p": {"S": "b"}, "n": {"N": "2"}, "note": {"S": "plain"}}]
    s3.put_object(Bucket=bucket, Key="d.csv", Body="c;3\n")
    options = {"Csv": {"Delimiter": ";", "HeaderList": ["p", "count"]}}
    described, items = imported(dynamodb, bucket, "CSV", prefix="d", InputFormatOptions=options)
    assert items == [{"p": {"S": "c"}, "count": {"S": "3"}}] and described["InputFormatOptions"] == options


def test_errors_are_counted_and_logged(brume, dynamodb, s3, bucket):
    lines = ['{"Item":{"p":{"S":"good"}}}', '{"Item":{"q":{"S":"no key"}}}', "{broken", '{"Item":{"p":{"N":"1"}}}', '{"Item":{"p":{"S":"fine"}}}']
    s3.put_object(Bucket=bucket, Key="bad.json", Body="\n".join(lines))
    described, items = imported(dynamodb, bucket, "DYNAMODB_JSON")
    assert (described["ImportStatus"], described["FailureCode"]) == ("FAILED", "ItemValidationError")
    assert (described["ProcessedItemCount"], described["ImportedItemCount"], described["ErrorCount"]) == (5, 2, 3)
    assert sorted(i["p"]["S"] for i in items) == ["fine", "good"]
    group = described["CloudWatchLogGroupArn"].split(":")[-2]
    assert group == "/aws-dynamodb/imports"
    stream = described["ImportArn"].rsplit("/", 1)[1] + "/error"
    events = brume.client("logs").get_log_events(logGroupName=group, logStreamName=stream)["events"]
    logged = [json.loads(event["message"]) for event in events]
    assert [entry["itemS3Pointer"]["itemIndex"] for entry in logged] == [1, 2, 3]
    assert all(entry["importArn"] == described["ImportArn"] and entry["errorMessages"] for entry in logged)


def test_what_is_refused(brume, dynamodb, s3, bucket, table):
    source = {"S3Bucket": bucket}
    assert refusal(dynamodb.import_table, S3BucketSource=source, InputFormat="CSV", TableCreationParameters=parameters(table()))[0] == "ResourceInUseException"
    assert refusal(dynamodb.describe_import, ImportArn="arn:aws:dynamodb:us-east-1:000000000000:table/x/import/0123456789")[0] == "ImportNotFoundException"
    described, _ = imported(dynamodb, bucket + "-absent", "CSV")
    assert (described["ImportStatus"], described["FailureCode"]) == ("FAILED", "S3NoSuchBucket")
    described, items = imported(dynamodb, bucket, "CSV", prefix="nothing/")  # an import of nothing is one
    assert described["ImportStatus"] == "COMPLETED" and items == []
    s3.put_object(Bucket=bucket, Key="plain", Body="not packed")
    described, _ = imported(dynamodb, bucket, "CSV", InputCompressionType="GZIP")
    assert (described["ImportStatus"], described["FailureCode"]) == ("FAILED", "ItemValidationError")
    iam = brume.client("iam")
    user = f"importer-{uuid.uuid4().hex[:8]}"
    iam.create_user(UserName=user)
    rights = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "dynamodb:*", "Resource": "*"}]}
    iam.put_user_policy(UserName=user, PolicyName="p", PolicyDocument=json.dumps(rights))
    key = iam.create_access_key(UserName=user)["AccessKey"]
    client = brume.client("dynamodb", account=key["AccessKeyId"], secret=key["SecretAccessKey"])
    described, _ = imported(dynamodb, bucket, "CSV", client=client)
    assert described["FailureCode"] == "S3AccessDenied" and described["FailureMessage"].startswith(f"User: arn:aws:iam::000000000000:user/{user} is not authorized to perform: s3:")


def test_parameters_are_told_as_they_were_asked_for(brume, dynamodb, bucket):
    """The key by its alias, though the table tells its ARN; and another region knows no such import."""
    asked = {"SSESpecification": {"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": "alias/aws/dynamodb"},
             "OnDemandThroughput": {"MaxReadRequestUnits": 100, "MaxWriteRequestUnits": 100}}
    described, _ = imported(dynamodb, bucket, "CSV", prefix="nothing/", table=asked)
    told = described["TableCreationParameters"]
    assert {k: told[k] for k in asked} == asked
    table = dynamodb.describe_table(TableName=told["TableName"])["Table"]
    assert table["SSEDescription"]["KMSMasterKeyArn"].startswith("arn:aws:kms:")
    described, _ = imported(dynamodb, bucket, "CSV", prefix="nothing/")
    assert "SSESpecification" not in described["TableCreationParameters"]
    there = brume.client("dynamodb", region="eu-west-1")
    assert refusal(there.describe_import, ImportArn=described["ImportArn"])[0] == "ImportNotFoundException"


def test_a_token_is_for_one_table(dynamodb, s3, bucket):
    s3.put_object(Bucket=bucket, Key="a.csv", Body="p\nx\n")

    def begin(name, prefix):
        return dict(S3BucketSource={"S3Bucket": bucket, "S3KeyPrefix": prefix}, InputFormat="CSV", ClientToken=bucket, TableCreationParameters=parameters(name))
    name = f"import-{bucket}"
    first = dynamodb.import_table(**begin(name, "a"))["ImportTableDescription"]
    assert first["S3BucketSource"]["S3BucketOwner"] == first["TableArn"].split(":")[4]
    assert dynamodb.import_table(**begin(name, "b"))["ImportTableDescription"]["ImportArn"] == first["ImportArn"]
    assert refusal(dynamodb.import_table, **begin(name + "x", "a")) == ("ImportConflictException", "Import conflict: Duplicate request detected with conflicting parameters")
    wait_active(dynamodb, name)


def test_imports_in_pages_of_one(brume, bucket):
    account, arns, pages = str(uuid.uuid4().int)[:12], set(), []  # whose imports are these alone
    dynamodb = brume.client("dynamodb", account=account)
    brume.client("s3", account=account).create_bucket(Bucket=f"own-{bucket}")
    for _ in range(3):
        asked = dynamodb.import_table(S3BucketSource={"S3Bucket": f"own-{bucket}"}, InputFormat="CSV", TableCreationParameters=parameters(f"t-{uuid.uuid4().hex[:8]}"))
        arns.add(asked["ImportTableDescription"]["ImportArn"])
    more = {}
    while more is not None and len(pages) < 9:
        page = dynamodb.list_imports(PageSize=1, **more)
        pages.append([one["ImportArn"] for one in page["ImportSummaryList"]])
        more = {"NextToken": page["NextToken"]} if "NextToken" in page else None
    assert all(len(page) == 1 for page in pages) and {page[0] for page in pages} == arns and len(pages) == 3
    assert refusal(dynamodb.list_imports, NextToken="0123456789abcdef" * 8)[0] == "ValidationException"


def test_what_lists_refuse(dynamodb, table):
    arn = dynamodb.describe_table(TableName=table())["Table"]["TableArn"]
    for listed in (dynamodb.list_imports, dynamodb.list_exports):
        assert refusal(listed, TableArn="x" * 40) == ("ValidationException", "One or more parameter values were invalid: tableArn is not a valid ARN")
        assert refusal(listed, TableArn=arn + "/index/i") == ("ValidationException", "Invalid Request: Table ARN is invalid.")
        token = "0" * 112
        assert refusal(listed, NextToken=token) == ("ValidationException", f"Invalid Request: Provided nextToken is invalid: {token}")
    assert refusal(dynamodb.describe_import, ImportArn=arn) == ("ValidationException", "Invalid Import ARN")
    assert refusal(dynamodb.describe_export, ExportArn=arn) == ("ValidationException", "Invalid Export ARN")
    assert dynamodb.list_imports(TableArn=arn)["ImportSummaryList"] == dynamodb.list_exports(TableArn=arn)["ExportSummaries"] == []


def test_an_export_comes_back(dynamodb, s3, bucket, table):
    name = table()
    dynamodb.update_continuous_backups(TableName=name, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True})
    items = [{"p": {"S": f"k{i}"}, "v": {"NS": [str(i), "-0.5"]}} for i in range(40)]
    for item in items:
        dynamodb.put_item(TableName=name, Item=item)
    arn = dynamodb.describe_table(TableName=name)["Table"]["TableArn"]
    for form in ("DYNAMODB_JSON", "ION"):
        export = dynamodb.export_table_to_point_in_time(TableArn=arn, S3Bucket=bucket, S3Prefix=form, ExportFormat=form)["ExportDescription"]["ExportArn"]
        wait_until(lambda: dynamodb.describe_export(ExportArn=export)["ExportDescription"]["ExportStatus"] == "COMPLETED")
        data = f"{form}/AWSDynamoDB/{export.rsplit('/', 1)[1]}/data/"
        described, found = imported(dynamodb, bucket, form, prefix=data, InputCompressionType="GZIP")
        assert described["ImportStatus"] == "COMPLETED", described
        assert sorted(i["p"]["S"] for i in found) == sorted(i["p"]["S"] for i in items) and described["ErrorCount"] == 0
