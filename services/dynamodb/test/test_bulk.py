"""Bulk operations: items of S3's objects put into a table that is there, under conditions, with reports of what was not written."""
import gzip
import json
import subprocess
import uuid

import pytest
from services.dynamodb.test.ddb_tables import index, make_table, refusal, wait_active, wait_until

pytestmark = pytest.mark.as_root  # the objects are read with the caller's rights: a user of DynamoDB alone has none in S3
BOTH = ["ERROR", "CONDITION_CHECK_FAILURE"]
PACK = {"GZIP": gzip.compress, "NONE": bytes, "ZSTD": lambda text: subprocess.run(["zstd", "-qc"], input=text, stdout=subprocess.PIPE, check=True).stdout}
OVER = ("COMPLETED", "COMPLETED_WITH_ERRORS", "CANCELLED", "FAILED")


@pytest.fixture
def s3(brume):
    return brume.client("s3")


@pytest.fixture
def bucket(s3):
    name = f"bulk-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=name)
    return name


def line(p, condition=None, names=None, values=None, **more):
    record = {"Item": {"p": {"S": p}, **more}}
    for key, value in (("ConditionExpression", condition), ("ExpressionAttributeNames", names), ("ExpressionAttributeValues", values)):
        if value is not None:
            record[key] = value
    return json.dumps(record)


def start(client, TableName, bucket, prefix="in/", form="DYNAMODB_JSON", packing=None, types=BOTH, output=None, **more):
    source = {"S3Bucket": bucket, "S3KeyPrefix": prefix, "InputFormat": form, **({"InputCompressionType": packing} if packing else {})}
    return client.start_bulk_put_items(TableName=TableName, InputS3Configuration=source, OutputS3Configuration={
        "S3Bucket": bucket, "S3KeyPrefix": "out", "OutputType": types, **(output or {})}, **more)["BulkOperationDescription"]


def refused(*what, **more):
    return refusal(lambda: start(*what, **more))


def described(client, operation):
    return client.describe_bulk_operation(BulkOperationArn=operation["BulkOperationArn"])["BulkOperationDescription"]


def ended(client, operation):
    wait_until(lambda: described(client, operation)["BulkOperationStatus"] in OVER)
    return described(client, operation)


def reports(s3, bucket, operation):
    """{kind: lines}, and the manifest."""
    prefix = f"out/AWSDynamoDB/{operation['BulkOperationArn'].rpartition('/')[2]}/"
    keys = [o["Key"] for o in s3.list_objects_v2(Bucket=bucket, Prefix=prefix)["Contents"]]
    read = {key: s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode() for key in keys}
    manifest = json.loads(read[prefix + "manifest-summary.json"])
    assert {f["dataFileS3Key"] for f in manifest["files"]} == {key for key in keys if key.count("/") > prefix.count("/")}
    found = {}
    for f in manifest["files"]:
        lines = [json.loads(text) for text in read[f["dataFileS3Key"]].splitlines()]
        assert len(lines) == f["itemCount"]
        found.setdefault(f["outputType"], []).extend(lines)
    return found, manifest


def keys_of(client, table):
    return sorted(i["p"]["S"] for i in client.scan(TableName=table)["Items"])


def stream_keys(streams, client, table):
    arn = client.describe_table(TableName=table)["Table"]["LatestStreamArn"]
    [shard] = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
    at = streams.get_shard_iterator(StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
    found = []
    while records := (answer := streams.get_records(ShardIterator=at))["Records"]:
        found += [r["dynamodb"]["Keys"]["p"]["S"] for r in records]
        at = answer["NextShardIterator"]
    return found


def test_items_are_put_everywhere(dynamodb, s3, bucket, table):
    name = table("p:S n:N", GlobalSecondaryIndexes=[index("by-n", "n")])
    dynamodb.put_item(TableName=name, Item={"p": {"S": "k1"}, "old": {"S": "x"}})
    texts = ["\n".join(line(f"k{i}", n={"N": str(i)}) for i in part) + "\n" for part in (range(300), range(300, 500))]
    for i, text in enumerate(texts):
        s3.put_object(Bucket=bucket, Key=f"in/{i}.json", Body=text)
    begun = start(dynamodb, name, bucket)
    assert begun["BulkOperationStatus"] == "IN_PROGRESS" and begun["PerformanceTier"] == "STANDARD" and "EndTime" not in begun
    over = ended(dynamodb, begun)
    assert (over["BulkOperationStatus"], over["ProcessedItemCount"], over["FailedItemCount"]) == ("COMPLETED", 500, 0)
    assert over["ProcessedInputBytes"] == over["TotalInputBytes"] == sum(map(len, texts)) and over["EndTime"] >= over["StartTime"]
    table_id = dynamodb.describe_table(TableName=name)["Table"]["TableId"]
    assert over["TableDetails"] == [{"TableName": name, "TableId": table_id}]
    [used] = over["BulkOperationUsage"]
    assert used["Table"] == {"BulkPutBytes": 500 * 1024} and used["GlobalSecondaryIndexes"] == {"by-n": {"BulkPutBytes": 500 * 1024}}
    assert used["BulkPutBytes"] == 1000 * 1024
    assert dynamodb.get_item(TableName=name, Key={"p": {"S": "k1"}})["Item"] == {"p": {"S": "k1"}, "n": {"N": "1"}}
    found = dynamodb.query(TableName=name, IndexName="by-n", KeyConditionExpression="n = :n", ExpressionAttributeValues={":n": {"N": "450"}})
    assert [i["p"]["S"] for i in found["Items"]] == ["k450"] and dynamodb.scan(TableName=name, Select="COUNT")["Count"] == 500
    lines, manifest = reports(s3, bucket, over)
    assert lines == {} and manifest["bulkOperationStatus"] == "COMPLETED"


def test_a_stream_has_each_item_once(brume, dynamodb, s3, bucket):
    streams = brume.client("dynamodbstreams")
    name = make_table(dynamodb, StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"})
    s3.put_object(Bucket=bucket, Key="in/a", Body="\n".join(line(f"k{i}") for i in range(50)))
    assert ended(dynamodb, start(dynamodb, name, bucket))["BulkOperationStatus"] == "COMPLETED"
    assert stream_keys(streams, dynamodb, name) == [f"k{i}" for i in range(50)]


def test_conditions(dynamodb, s3, bucket, table):
    name = table()
    dynamodb.put_item(TableName=name, Item={"p": {"S": "there"}, "v": {"N": "5"}})
    s3.put_object(Bucket=bucket, Key="in/a", Body="\n".join([
        line("there", "attribute_not_exists(p)"), line("new", "attribute_not_exists(#p)", names={"#p": "p"}),
        line("there", "v < :v", values={":v": {"N": "9"}}, v={"N": "9"}), line("there", "v < :v", values={":v": {"N": "9"}}, v={"N": "8"})]))
    over = ended(dynamodb, start(dynamodb, name, bucket))
    assert (over["BulkOperationStatus"], over["ProcessedItemCount"], over["FailedItemCount"]) == ("COMPLETED", 4, 0)
    assert keys_of(dynamodb, name) == ["new", "there"] and dynamodb.get_item(TableName=name, Key={"p": {"S": "there"}})["Item"]["v"] == {"N": "9"}
    found, manifest = reports(s3, bucket, over)
    assert list(found) == ["CONDITION_CHECK_FAILURE"] and manifest["conditionCheckFailureCount"] == 2
    first, last = found["CONDITION_CHECK_FAILURE"]
    assert first["Item"] == {"p": {"S": "there"}} and first["ExistingItem"] == {"p": {"S": "there"}, "v": {"N": "5"}}
    assert last["itemS3Pointer"] == {"bucketName": bucket, "objectKey": "in/a", "itemIndex": 3} and last["ExistingItem"]["v"] == {"N": "9"}


def test_errors_are_reported(dynamodb, s3, bucket, table):
    name = table()
    s3.put_object(Bucket=bucket, Key="in/a", Body="\n".join([
        line("good"), json.dumps({"Item": {"q": {"S": "no key"}}}), json.dumps({"Item": {"p": {"N": "1"}}}), line("large", v={"S": "x" * 410_000}),
        line("wrong", "v = :v", values={}), line("unused", "attribute_not_exists(p)", names={"#x": "x"}), line("fine")]))
    s3.put_object(Bucket=bucket, Key="in/b", Body=line("before") + "\nno record\n" + line("behind") + "\n")
    s3.put_object(Bucket=bucket, Key="in/c", Body=line("next"))
    over = ended(dynamodb, start(dynamodb, name, bucket))
    assert (over["BulkOperationStatus"], over["ProcessedItemCount"], over["FailedItemCount"]) == ("COMPLETED_WITH_ERRORS", 10, 6)
    assert keys_of(dynamodb, name) == ["before", "fine", "good", "next"]  # what is no record ends its object
    found, _ = reports(s3, bucket, over)
    messages = [e["errorMessage"] for e in found["ERROR"]]
    assert messages[0] == "One or more parameter values were invalid: Missing the key p in the item"
    assert messages[1] == "One or more parameter values were invalid: Type mismatch for key p expected: S actual: N"
    assert messages[2] == "Item size has exceeded the maximum allowed size" and found["ERROR"][2]["Item"]["p"] == {"S": "large"}
    assert messages[3].startswith("ExpressionAttributeValues must not be empty") and "unused in expressions" in messages[4]
    assert found["ERROR"][5]["record"] == "no record" and found["ERROR"][5]["itemS3Pointer"] == {"bucketName": bucket, "objectKey": "in/b", "itemIndex": 1}


def test_what_is_not_asked_for_is_not_reported(dynamodb, s3, bucket, table):
    s3.put_object(Bucket=bucket, Key="in/a", Body=line("x", "attribute_exists(p)") + '\n{"Item":{}}\n')
    for types, kinds in ((["ERROR"], {"ERROR"}), (["CONDITION_CHECK_FAILURE"], {"CONDITION_CHECK_FAILURE"})):
        over = ended(dynamodb, start(dynamodb, table(), bucket, types=types))
        assert over["BulkOperationStatus"] == "COMPLETED_WITH_ERRORS" and set(reports(s3, bucket, over)[0]) == kinds
        assert over["OutputS3Configuration"]["OutputType"] == types


@pytest.mark.parametrize("form, packing", [("DYNAMODB_JSON", "GZIP"), ("DYNAMODB_JSON", "ZSTD"), ("ION", "NONE"), ("ION", "GZIP")])
def test_formats(dynamodb, s3, bucket, table, form, packing):
    name = table()
    text = line("a", v={"N": "1"}) + "\n" + line("b", "attribute_not_exists(#k)", names={"#k": "p"}) if form == "DYNAMODB_JSON" else (
        '$ion_1_0 {Item:{p:"a",v:1}}\n{Item:{p:"b"},ConditionExpression:"attribute_not_exists(#k)",ExpressionAttributeNames:{\'#k\':"p"}}\n'
        '{Item:{p:"a"},ConditionExpression:"v > :v",ExpressionAttributeValues:{\':v\':1}}')
    body = PACK[packing](text.encode())
    s3.put_object(Bucket=bucket, Key="in/a", Body=body)
    over = ended(dynamodb, start(dynamodb, name, bucket, form=form, packing=packing))
    assert (over["BulkOperationStatus"], over["FailedItemCount"]) == ("COMPLETED", 0)
    assert dynamodb.get_item(TableName=name, Key={"p": {"S": "a"}})["Item"]["v"] == {"N": "1"} and keys_of(dynamodb, name) == ["a", "b"]
    assert over["InputS3Configuration"] == {"S3Bucket": bucket, "S3KeyPrefix": "in/", "InputFormat": form, "InputCompressionType": packing}
    assert over["ProcessedInputBytes"] == over["TotalInputBytes"] == len(body)  # as they are in S3


@pytest.mark.parametrize("text", ["\x01" * 3_000_000, '{"Item":{"p":{"S":"long"},"v":{"S":"' + "x" * 9_000_000 + '"}}}'], ids=["no record", "no item"])
def test_what_is_too_long_for_a_report_is_named(dynamodb, s3, bucket, table, text):
    s3.put_object(Bucket=bucket, Key="in/a", Body=text)
    over = ended(dynamodb, start(dynamodb, table(), bucket))
    assert (over["BulkOperationStatus"], over["FailedItemCount"]) == ("COMPLETED_WITH_ERRORS", 1)
    [found] = reports(s3, bucket, over)[0]["ERROR"]
    assert found["itemS3Pointer"] == {"bucketName": bucket, "objectKey": "in/a", "itemIndex": 0}
    assert set(found) == {"itemS3Pointer", "errorCode", "errorMessage"}


def test_an_object_that_cannot_be_read_is_passed_over(dynamodb, s3, bucket, table):
    name = table()
    for key, body in (("a", gzip.compress(line("first").encode())), ("b", b"not packed"), ("c", gzip.compress(b"x" * (17 << 20))), ("d", gzip.compress(line("last").encode()))):
        s3.put_object(Bucket=bucket, Key=f"in/{key}", Body=body)
    over = ended(dynamodb, start(dynamodb, name, bucket, packing="GZIP"))
    assert (over["BulkOperationStatus"], over["ProcessedItemCount"], over["FailedItemCount"]) == ("COMPLETED_WITH_ERRORS", 4, 2)
    assert keys_of(dynamodb, name) == ["first", "last"]
    assert [e["itemS3Pointer"]["objectKey"] for e in reports(s3, bucket, over)[0]["ERROR"]] == ["in/b", "in/c"]


def test_local_indexes_and_sealed_reports(brume, dynamodb, s3, bucket, table):
    name = table("p:S r:S n:N", ("p", "r"), LocalSecondaryIndexes=[index("by-n", "p", "n")])
    key = brume.client("kms").create_key()["KeyMetadata"]["Arn"]
    s3.put_object(Bucket=bucket, Key="in/a", Body="\n".join([line("a", r={"S": "1"}, n={"N": n}) for n in "12"] + [line("no range key")]))
    over = ended(dynamodb, start(dynamodb, name, bucket, output={"S3SseAlgorithm": "KMS", "S3SseKmsKeyId": key}))
    assert (over["ProcessedItemCount"], over["FailedItemCount"]) == (3, 1)
    found = dynamodb.query(TableName=name, IndexName="by-n", KeyConditionExpression="p = :p", ExpressionAttributeValues={":p": {"S": "a"}})
    assert found["Items"] == [{"p": {"S": "a"}, "r": {"S": "1"}, "n": {"N": "2"}}]  # the later of two
    [used] = over["BulkOperationUsage"]
    assert used["LocalSecondaryIndexes"].keys() == {"by-n"} and used["BulkPutBytes"] > used["Table"]["BulkPutBytes"] == 2 * 1024
    kept = [s3.head_object(Bucket=bucket, Key=o["Key"]) for o in s3.list_objects_v2(Bucket=bucket, Prefix="out/")["Contents"]]
    assert len(kept) == 3 and {(o["ServerSideEncryption"], o["SSEKMSKeyId"]) for o in kept} == {("aws:kms", key)}


def test_cancelled(start_brume):
    brume = start_brume()
    dynamodb, s3 = brume.client("dynamodb"), brume.client("s3")
    name = make_table(dynamodb)
    s3.create_bucket(Bucket="bulk")
    s3.put_object(Bucket="bulk", Key="in/a", Body="\n".join(line(f"k{i}") for i in range(20_000)))
    begun = start(dynamodb, name, "bulk", MaxWriteRequestUnits=1024)
    wait_until(lambda: described(dynamodb, begun)["ProcessedItemCount"] > 0)
    answer = dynamodb.cancel_bulk_operation(BulkOperationArn=begun["BulkOperationArn"])
    assert (answer["BulkOperationArn"], answer["BulkOperationStatus"]) == (begun["BulkOperationArn"], "CANCELLING")
    over = ended(dynamodb, begun)
    assert over["BulkOperationStatus"] == "CANCELLED" and over["FailureCode"] and over["MaxWriteRequestUnits"] == 1024
    assert 0 < over["ProcessedItemCount"] < 20_000 and dynamodb.scan(TableName=name, Select="COUNT")["Count"] == over["ProcessedItemCount"]
    assert dynamodb.cancel_bulk_operation(BulkOperationArn=begun["BulkOperationArn"])["BulkOperationStatus"] == "CANCELLED"


def test_a_kill_loses_and_repeats_nothing(start_brume):
    brume = start_brume()
    dynamodb, s3 = brume.client("dynamodb"), brume.client("s3")
    name = make_table(dynamodb, StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"})
    s3.create_bucket(Bucket="bulk")
    for i in range(4):
        s3.put_object(Bucket="bulk", Key=f"in/{i}", Body="\n".join(line(f"{i}-{j}", "attribute_not_exists(p)") for j in range(1000)))
    begun = start(dynamodb, name, "bulk")
    for at in (1, 1500, 3000):
        wait_until(lambda: described(dynamodb, begun)["ProcessedItemCount"] >= at)
        brume.kill()
        brume.start()
        dynamodb, s3 = brume.client("dynamodb"), brume.client("s3")
    over = ended(dynamodb, begun)
    assert (over["BulkOperationStatus"], over["ProcessedItemCount"]) == ("COMPLETED", 4000)
    assert reports(s3, "bulk", over)[0] == {} and dynamodb.scan(TableName=name, Select="COUNT")["Count"] == 4000
    keys = stream_keys(brume.client("dynamodbstreams"), dynamodb, name)
    assert len(keys) == len(set(keys)) == 4000


def test_a_token_starts_one(dynamodb, s3, bucket, table):
    name, token = table(), uuid.uuid4().hex
    s3.put_object(Bucket=bucket, Key="in/a", Body=line("x"))
    one = start(dynamodb, name, bucket, ClientToken=token)
    assert start(dynamodb, name, bucket, ClientToken=token)["BulkOperationArn"] == one["BulkOperationArn"] and one["ClientToken"] == token
    code, _ = refused(dynamodb, name, bucket, prefix="other/", ClientToken=token)
    assert code == "IdempotentParameterMismatchException"


def test_lists(start_brume):
    brume = start_brume()
    dynamodb, s3 = brume.client("dynamodb"), brume.client("s3")
    name = make_table(dynamodb)
    s3.create_bucket(Bucket="bulk")
    begun = []
    for _ in range(12):
        brume.advance_clock(1000)
        begun.insert(0, ended(dynamodb, start(dynamodb, name, "bulk"))["BulkOperationArn"])
    first = dynamodb.list_bulk_operations()
    assert [s["BulkOperationArn"] for s in first["BulkOperationsSummaryList"]] == begun[:10]
    rest = dynamodb.list_bulk_operations(NextToken=first["NextToken"], MaxResults=25)
    assert [s["BulkOperationArn"] for s in rest["BulkOperationsSummaryList"]] == begun[10:] and "NextToken" not in rest
    assert set(first["BulkOperationsSummaryList"][0]) == {"BulkOperationArn", "BulkOperationStatus", "StartTime", "EndTime"}
    brume.advance_clock(91 * 86_400_000)
    assert dynamodb.list_bulk_operations()["BulkOperationsSummaryList"] == []


def test_what_is_refused(brume, dynamodb, s3, bucket, table):
    name = table()
    assert refused(dynamodb, "absent", bucket)[0] == "ResourceNotFoundException"
    assert refused(dynamodb, name, bucket, types=[])[0] == "ValidationException"
    assert refused(dynamodb, name, bucket, output={"S3SseKmsKeyId": "x"})[0] == "ValidationException"
    unchecked = brume.client("dynamodb", config={"parameter_validation": False})
    assert "greater than or equal to 1024" in refused(unchecked, name, bucket, MaxWriteRequestUnits=1000)[1]
    arn = dynamodb.describe_table(TableName=name)["Table"]["TableArn"]
    assert refusal(dynamodb.describe_bulk_operation, BulkOperationArn=arn + "/bulk-operation/x")[0] == "ResourceNotFoundException"
    assert refusal(dynamodb.cancel_bulk_operation, BulkOperationArn=arn + "/import/x")[0] == "ValidationException"
    assert refusal(dynamodb.list_bulk_operations, NextToken="0123456789abcdef")[0] == "ValidationException"


def test_buckets_that_are_not_there(dynamodb, s3, bucket, table):
    over = ended(dynamodb, start(dynamodb, table(), "no-such-bucket-" + uuid.uuid4().hex[:8], output={"S3Bucket": bucket}))
    assert (over["BulkOperationStatus"], over["FailureCode"]) == ("FAILED", "S3NoSuchBucket") and "TotalInputBytes" not in over
    over = ended(dynamodb, start(dynamodb, table(), bucket, output={"S3Bucket": "no-such-bucket-" + uuid.uuid4().hex[:8]}))
    assert (over["BulkOperationStatus"], over["FailureCode"]) == ("FAILED", "S3NoSuchBucket")


def test_a_table_that_goes(start_brume):
    brume = start_brume()
    dynamodb, s3 = brume.client("dynamodb"), brume.client("s3")
    name = make_table(dynamodb, StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"})
    s3.create_bucket(Bucket="bulk")
    s3.put_object(Bucket="bulk", Key="in/a", Body="\n".join(line(f"k{i}") for i in range(20_000)))
    begun = start(dynamodb, name, "bulk", MaxWriteRequestUnits=1024)
    wait_until(lambda: described(dynamodb, begun)["ProcessedItemCount"] > 0)
    code, message = refusal(dynamodb.update_table, TableName=name, ReplicaUpdates=[{"Create": {"RegionName": "eu-west-1"}}])
    assert code == "ResourceInUseException" and "bulk operation" in message
    dynamodb.delete_table(TableName=name)
    brume.advance_clock(60_000)
    assert (ended(dynamodb, begun)["BulkOperationStatus"], ended(dynamodb, begun)["FailureCode"]) == ("FAILED", "TableNotFound")


def test_a_global_table_takes_none(start_brume):
    brume = start_brume()
    dynamodb = brume.client("dynamodb")
    name = make_table(dynamodb, StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"})
    dynamodb.update_table(TableName=name, ReplicaUpdates=[{"Create": {"RegionName": "eu-west-1"}}])
    wait_active(dynamodb, name)
    code, message = refused(dynamodb, name, "bulk")
    assert code == "ValidationException" and "global table" in message


def test_rights(brume, s3, bucket, table):
    """Who may start one needs the right for the table, and his own rights in S3."""
    iam, name = brume.client("iam"), table()
    user = f"bulk-{uuid.uuid4().hex[:8]}"
    iam.create_user(UserName=user)
    key = iam.create_access_key(UserName=user)["AccessKey"]
    own = brume.client("dynamodb", account=key["AccessKeyId"], secret=key["SecretAccessKey"])
    s3.put_object(Bucket=bucket, Key="in/a", Body=line("x"))

    def allow(*statements):
        iam.put_user_policy(UserName=user, PolicyName="p", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": action, "Resource": "*"} for action in statements]}))
    code, message = refused(own, name, bucket, types=[])  # before anything else is said
    assert code == "AccessDeniedException" and "dynamodb:StartBulkPutItems" in message
    allow("dynamodb:StartBulkPutItems", "dynamodb:DescribeBulkOperation", "s3:ListBucket", "s3:PutObject")
    over = ended(own, start(own, name, bucket))
    assert (over["BulkOperationStatus"], over["FailureCode"]) == ("FAILED", "S3AccessDenied")
    allow("dynamodb:StartBulkPutItems", "dynamodb:DescribeBulkOperation", "s3:ListBucket", "s3:PutObject", "s3:GetObject")
    assert ended(own, start(own, name, bucket))["BulkOperationStatus"] == "COMPLETED"
