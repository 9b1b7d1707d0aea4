"""Accounts and regions do not see each other."""


def test_two_accounts_and_two_regions_are_apart(brume):
    """The same queue name four times; the same bucket name twice."""
    queues = [brume.client("sqs", account=account, region=region) for account in ("test", "111122223333") for region in ("us-east-1", "eu-west-1")]
    for i, sqs in enumerate(queues):
        sqs.send_message(QueueUrl=sqs.create_queue(QueueName="apart")["QueueUrl"], MessageBody=f"for {i}")
    for i, sqs in enumerate(queues):
        messages = sqs.receive_message(QueueUrl=sqs.get_queue_url(QueueName="apart")["QueueUrl"], MaxNumberOfMessages=10)["Messages"]
        assert [m["Body"] for m in messages] == [f"for {i}"]
    # DIFFERS: a bucket's name is unique within its account (services/s3/README.md).
    for account in ("test", "111122223333"):
        brume.client("s3", account=account).create_bucket(Bucket="apart")
        brume.client("s3", account=account).put_object(Bucket="apart", Key="owner", Body=account.encode())
    for account in ("test", "111122223333"):
        s3 = brume.client("s3", account=account)
        assert s3.get_object(Bucket="apart", Key="owner")["Body"].read() == account.encode()
        assert brume.client("sts", account=account).get_caller_identity()["Account"] == {"test": "000000000000"}.get(account, account)
