"""The common client program in Python; see README.md for its steps. Runs under any boto3 since 1.26."""
import hashlib
import io
import sys
import threading
import time
import urllib.request
from decimal import Decimal

import boto3
from boto3.dynamodb.conditions import Attr, Key
import botocore
from botocore.config import Config
from botocore.exceptions import ClientError

MIB = 1 << 20
STREAM = bytes((i * 31 + (i >> 8)) & 255 for i in range(1 << 16)) * (12 * MIB >> 16)


def say(*words):
    """One line of the report, in the same words in every language."""
    flat = [w for word in words for w in (word if isinstance(word, list) else [word])]
    print(*(str(w).lower() if isinstance(w, bool) else w for w in flat), flush=True)


def client(service, endpoint, **config):
    return boto3.client(service, endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="test",
                        aws_secret_access_key="test", config=Config(retries={"max_attempts": 0}, **config))


def http(method, url, body=None):
    request = urllib.request.Request(url, data=body, method=method)
    with urllib.request.urlopen(request) as answer:
        return answer.status, answer.read().decode()


def s3_steps(endpoint, bucket):
    say("identity", client("sts", endpoint).get_caller_identity()["Arn"])
    s3 = client("s3", endpoint, signature_version="s3v4")
    s3.create_bucket(Bucket=bucket)

    # Clients since 1.36 send a CRC32 unasked; older ones are asked to.
    modern = tuple(map(int, botocore.__version__.split(".")[:2])) >= (1, 36)
    asked = {} if modern else {"ChecksumAlgorithm": "CRC32"}
    s3.put_object(Bucket=bucket, Key="a/hello +%.txt", Body=b"hello, cloud", ContentType="text/plain",
                  Metadata={"colour": "deep blue"}, **asked)
    got = s3.get_object(Bucket=bucket, Key="a/hello +%.txt", ChecksumMode="ENABLED")
    say("object", got["Body"].read().decode(), got["ContentType"], got["Metadata"]["colour"], got["ETag"], got["ChecksumCRC32"])

    s3.upload_fileobj(io.BytesIO(STREAM), bucket, "stream",
                      Config=boto3.s3.transfer.TransferConfig(multipart_threshold=5 * MIB, multipart_chunksize=5 * MIB))
    got = s3.get_object(Bucket=bucket, Key="stream")
    say("stream", got["ETag"], hashlib.sha256(got["Body"].read()).hexdigest())

    got = s3.get_object(Bucket=bucket, Key="a/hello +%.txt", Range="bytes=7-")
    say("range", got["ContentRange"], got["Body"].read().decode())

    url = s3.generate_presigned_url("put_object", {"Bucket": bucket, "Key": "presigned"}, ExpiresIn=60)
    say("presigned put", http("PUT", url, b"by a plain client")[0])
    url = s3.generate_presigned_url("get_object", {"Bucket": bucket, "Key": "presigned"}, ExpiresIn=60)
    say("presigned get", *http("GET", url))

    for i in range(25):
        s3.put_object(Bucket=bucket, Key=f"list/{i:02}", Body=b"")
    pages = list(s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix="list/", PaginationConfig={"PageSize": 10}))
    keys = [o["Key"] for page in pages for o in page["Contents"]]
    say("list", [len(page["Contents"]) for page in pages], keys[0], keys[-1], keys == sorted(keys))

    s3.copy_object(Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": "a/hello +%.txt"})
    head = s3.head_object(Bucket=bucket, Key="copy")
    say("copy", head["ContentLength"], head["Metadata"]["colour"], head["ETag"])

    answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": k} for k in keys]})
    say("deleted", len(answer["Deleted"]), "left", s3.list_objects_v2(Bucket=bucket)["KeyCount"])

    try:
        s3.get_object(Bucket=bucket, Key="list/00")
    except s3.exceptions.NoSuchKey as e:
        say("missing", e.response["Error"]["Code"], e.response["ResponseMetadata"]["HTTPStatusCode"])


def sqs_steps(endpoint, name):
    sqs = client("sqs", endpoint)
    url = sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "45"})["QueueUrl"]
    say("queue", sqs.get_queue_url(QueueName=name)["QueueUrl"] == url, url.split("/")[-2])
    say("attributes", sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])["Attributes"]["VisibilityTimeout"])

    sent = sqs.send_message(QueueUrl=url, MessageBody="hello, queue",
                            MessageAttributes={"colour": {"DataType": "String", "StringValue": "blue"},
                                               "weight": {"DataType": "Number", "StringValue": "12.5"},
                                               "bytes": {"DataType": "Binary", "BinaryValue": b"\x00\xff"}})
    say("sent", sent["MD5OfMessageBody"], sent["MD5OfMessageAttributes"])
    m = sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"], AttributeNames=["ApproximateReceiveCount"])["Messages"][0]
    a = m["MessageAttributes"]
    say("received", m["Body"], a["colour"]["StringValue"], a["weight"]["StringValue"], a["bytes"]["BinaryValue"].hex(),
          m["Attributes"]["ApproximateReceiveCount"])
    sqs.delete_message(QueueUrl=url, ReceiptHandle=m["ReceiptHandle"])

    # The receiver waits before there is anything: long polling must wake up.
    threading.Timer(0.7, lambda: client("sqs", endpoint).send_message(QueueUrl=url, MessageBody="late")).start()
    begun = time.time()
    m = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=10)["Messages"][0]
    say("waited", m["Body"], 0.5 < time.time() - begun < 9)
    sqs.delete_message(QueueUrl=url, ReceiptHandle=m["ReceiptHandle"])

    answer = sqs.send_message_batch(QueueUrl=url, Entries=[
        {"Id": "good", "MessageBody": "one"}, {"Id": "bad", "MessageBody": "two", "DelaySeconds": 1000}, {"Id": "fine", "MessageBody": "three"}])
    failed = answer["Failed"][0]
    say("batch", sorted(e["Id"] for e in answer["Successful"]), failed["Id"], failed["Code"], failed["SenderFault"])
    got = {}
    while len(got) < 2:
        for m in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=2).get("Messages", []):
            got[m["Body"]] = m["ReceiptHandle"]
    gone = sqs.delete_message_batch(QueueUrl=url, Entries=[{"Id": body, "ReceiptHandle": handle} for body, handle in got.items()])
    say("batch deleted", sorted(e["Id"] for e in gone["Successful"]))

    sqs.delete_queue(QueueUrl=url)
    try:
        sqs.get_queue_url(QueueName=name + "-never")
    except sqs.exceptions.QueueDoesNotExist as e:
        say("missing", e.response["Error"]["Code"], e.response["ResponseMetadata"]["HTTPStatusCode"])


def dynamodb_steps(endpoint, name):
    """By boto3's resource, which speaks Python's own types."""
    resource = boto3.resource("dynamodb", endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test",
                              config=Config(retries={"max_attempts": 0}))
    table = resource.create_table(TableName=name, BillingMode="PAY_PER_REQUEST",
                                  AttributeDefinitions=[{"AttributeName": "p", "AttributeType": "S"}, {"AttributeName": "s", "AttributeType": "N"}],
                                  KeySchema=[{"AttributeName": "p", "KeyType": "HASH"}, {"AttributeName": "s", "KeyType": "RANGE"}])
    while table.table_status != "ACTIVE":  # the waiter's first look again comes after 20 seconds
        table.reload()
    say("table", table.table_status)
    table.put_item(Item={"p": "user", "s": 1, "name": "Ada", "score": Decimal("12.5"), "tags": {"a", "b"}, "raw": b"\x00\xff", "count": 1,
                         "nested": {"list": [1, "two", None, True]}})
    item = table.get_item(Key={"p": "user", "s": 1}, ConsistentRead=True)["Item"]
    nested = item["nested"]["list"]
    say("item", item["name"], item["score"], sorted(item["tags"]), bytes(item["raw"]).hex(), nested[0], nested[1], nested[2] is None, nested[3])

    changed = table.update_item(Key={"p": "user", "s": 1}, UpdateExpression="SET #c = #c + :one REMOVE score", ReturnValues="ALL_NEW",
                                ConditionExpression=Attr("name").eq("Ada"), ExpressionAttributeNames={"#c": "count"},
                                ExpressionAttributeValues={":one": 1})["Attributes"]
    say("updated", changed["count"], "score" in changed)
    try:
        table.put_item(Item={"p": "user", "s": 1}, ConditionExpression="attribute_not_exists(p)")
    except resource.meta.client.exceptions.ConditionalCheckFailedException as e:
        say("refused", e.response["Error"]["Code"], e.response["ResponseMetadata"]["HTTPStatusCode"])

    with table.batch_writer() as batch:
        for i in range(30):
            batch.put_item(Item={"p": "batch", "s": i})
    found = table.query(KeyConditionExpression=Key("p").eq("batch") & Key("s").between(10, 19), ScanIndexForward=False)["Items"]
    say("query", len(found), found[0]["s"], found[-1]["s"])
    scanned, pages, start = 0, 0, {}
    while True:
        page = table.scan(Limit=7, FilterExpression=Attr("s").lt(20), **start)
        scanned, pages = scanned + page["Count"], pages + 1
        if "LastEvaluatedKey" not in page:
            break
        start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
    say("scan", scanned, pages)
    try:
        resource.meta.client.transact_write_items(TransactItems=[
            {"Put": {"TableName": name, "Item": {"p": "never", "s": 1}}},
            {"ConditionCheck": {"TableName": name, "Key": {"p": "user", "s": 1}, "ConditionExpression": "attribute_exists(score)"}}])
    except resource.meta.client.exceptions.TransactionCanceledException as e:
        say("cancelled", [reason["Code"] for reason in e.response["CancellationReasons"]])
    say("statement", len(resource.meta.client.execute_statement(Statement=f'SELECT s FROM "{name}" WHERE p = ?', Parameters=["batch"])["Items"]))
    table.delete()
    try:
        while True:
            table.load()
    except resource.meta.client.exceptions.ResourceNotFoundException as e:
        say("missing", e.response["Error"]["Code"], e.response["ResponseMetadata"]["HTTPStatusCode"])


if __name__ == "__main__":
    {"dynamodb": dynamodb_steps, "s3": s3_steps, "sqs": sqs_steps}[sys.argv[1]](sys.argv[2], sys.argv[3])
