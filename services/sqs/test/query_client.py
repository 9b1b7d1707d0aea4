"""Run by a Python whose boto3 still speaks the query protocol (Debian's 1.26): prints what it saw as JSON."""
import json
import sys

import boto3
import botocore
from botocore.exceptions import ClientError

endpoint, queue = sys.argv[1], sys.argv[2]
sqs = boto3.client("sqs", endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test")
assert sqs.meta.service_model.metadata["protocol"] == "query", botocore.__version__


def refusal(call):
    try:
        call()
    except ClientError as error:
        answer = error.response
        return [answer["Error"]["Code"], answer["Error"]["Message"], answer["ResponseMetadata"]["HTTPStatusCode"]]
    return None


seen = {}
url = sqs.create_queue(QueueName=queue, Attributes={"VisibilityTimeout": "7"}, tags={"a": "b"})["QueueUrl"]
seen["url"] = url
seen["tags"] = sqs.list_queue_tags(QueueUrl=url)["Tags"]
seen["attributes"] = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout", "QueueArn"])["Attributes"]
sent = sqs.send_message(QueueUrl=url, MessageBody="<&>", MessageAttributes={"n": {"DataType": "Number", "StringValue": "1"},
                                                                            "b": {"DataType": "Binary", "BinaryValue": b"\0\1"}})
got = sqs.receive_message(QueueUrl=url, AttributeNames=["All"], MessageAttributeNames=["All"])["Messages"][0]
seen["body"] = got["Body"]
seen["same_digests"] = [got["MD5OfBody"] == sent["MD5OfMessageBody"], got["MD5OfMessageAttributes"] == sent["MD5OfMessageAttributes"]]
seen["binary"] = list(got["MessageAttributes"]["b"]["BinaryValue"])
seen["count"] = got["Attributes"]["ApproximateReceiveCount"]
sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=got["ReceiptHandle"], VisibilityTimeout=0)
batch = sqs.send_message_batch(QueueUrl=url, Entries=[{"Id": "x", "MessageBody": "1"}, {"Id": "y", "MessageBody": "\x01"}])
seen["batch"] = [[e["Id"] for e in batch["Successful"]], [[e["Id"], e["Code"], e["SenderFault"]] for e in batch["Failed"]]]
handles = [m["ReceiptHandle"] for m in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]]
gone = sqs.delete_message_batch(QueueUrl=url, Entries=[{"Id": str(i), "ReceiptHandle": h} for i, h in enumerate(handles)])
seen["deleted"] = len(gone["Successful"])
seen["empty"] = "Messages" in sqs.receive_message(QueueUrl=url)
seen["listed"] = url in sqs.list_queues(QueueNamePrefix=queue)["QueueUrls"]
sqs.add_permission(QueueUrl=url, Label="l", AWSAccountIds=["111111111111"], Actions=["SendMessage"])
seen["policy"] = "Policy" in sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
sqs.delete_queue(QueueUrl=url)
seen["absent"] = refusal(lambda: sqs.get_queue_url(QueueName="absent-queue"))
seen["deleted_recently"] = refusal(lambda: sqs.create_queue(QueueName=queue))
fifo = sqs.create_queue(QueueName=queue + ".fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
seen["no_group"] = refusal(lambda: sqs.send_message(QueueUrl=fifo, MessageBody="x"))
seen["no_dedup"] = refusal(lambda: sqs.send_message(QueueUrl=fifo, MessageBody="x", MessageGroupId="g"))
seen["empty_batch"] = refusal(lambda: sqs.send_message_batch(QueueUrl=fifo, Entries=[{"Id": "a b", "MessageBody": "x"}]))
print(json.dumps(seen))
