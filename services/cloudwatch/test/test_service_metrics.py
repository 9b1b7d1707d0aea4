"""The metrics of AWS/<Service>: what services count becomes data once a minute, also over a kill -9."""
import datetime
import json

import pytest
from botocore.exceptions import ClientError

from kit import until


def read(cw, space, name, dimension, stat="Sum", **window):
    now = datetime.datetime.now(datetime.timezone.utc)
    window = {"StartTime": now - datetime.timedelta(hours=1), "EndTime": now + datetime.timedelta(hours=2), **window}
    answer = cw.get_metric_data(ScanBy="TimestampAscending", **window, MetricDataQueries=[{"Id": "m", "MetricStat": {
        "Metric": {"Namespace": space, "MetricName": name, "Dimensions": [{"Name": k, "Value": v} for k, v in dimension.items()]}, "Period": 60, "Stat": stat}}])
    return answer["MetricDataResults"][0]["Values"]


def test_a_queue_has_metrics(own):
    sqs, cw = own.client("sqs"), own.client("cloudwatch")
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    cw.put_metric_alarm(AlarmName="deep", Namespace="AWS/SQS", MetricName="ApproximateNumberOfMessagesVisible", Dimensions=[{"Name": "QueueName", "Value": "q"}], Statistic="Maximum",
                        Period=60, EvaluationPeriods=1, Threshold=1, ComparisonOperator="GreaterThanThreshold")
    sqs.send_message(QueueUrl=url, MessageBody="hello")
    sqs.send_message_batch(QueueUrl=url, Entries=[{"Id": str(i), "MessageBody": "x" * i} for i in (1, 2, 3)])
    received = sqs.receive_message(QueueUrl=url)["Messages"]
    sqs.delete_message(QueueUrl=url, ReceiptHandle=received[0]["ReceiptHandle"])
    own.advance_clock(61500)
    queue = {"QueueName": "q"}
    assert sum(read(cw, "AWS/SQS", "NumberOfMessagesSent", queue)) == 4
    assert sum(read(cw, "AWS/SQS", "SentMessageSize", queue)) == 11 and max(read(cw, "AWS/SQS", "SentMessageSize", queue, "Maximum")) == 5
    assert sum(read(cw, "AWS/SQS", "NumberOfMessagesReceived", queue)) == sum(read(cw, "AWS/SQS", "NumberOfMessagesDeleted", queue)) == 1
    assert read(cw, "AWS/SQS", "ApproximateNumberOfMessagesVisible", queue, "Maximum")[-1] == 3
    names = {m["MetricName"] for m in cw.list_metrics(Namespace="AWS/SQS", Dimensions=[{"Name": "QueueName", "Value": "q"}])["Metrics"]}
    assert names >= {"NumberOfMessagesSent", "SentMessageSize", "ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesDelayed", "ApproximateAgeOfOldestMessage"}
    assert cw.describe_alarms()["MetricAlarms"][0]["StateValue"] == "ALARM"
    own.advance_clock(120000)  # nobody calls: the gauges go on, and the oldest message ages
    assert len(read(cw, "AWS/SQS", "ApproximateNumberOfMessagesVisible", queue)) >= 3
    assert read(cw, "AWS/SQS", "ApproximateAgeOfOldestMessage", queue, "Maximum")[-1] >= 120
    cw.delete_alarms(AlarmNames=["deep"])
    own.advance_clock(7 * 3600 * 1000)  # after an hour it is sampled each five minutes, after six no more
    assert len(read(cw, "AWS/SQS", "ApproximateNumberOfMessagesVisible", queue, EndTime=datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=12))) <= 62 + 60


def test_topics_and_rules_have_metrics(own):
    sns, events, sqs, cw = (own.client(s) for s in ("sns", "events", "sqs", "cloudwatch"))
    topic = sns.create_topic(Name="t")["TopicArn"]
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": ["sns.amazonaws.com", "events.amazonaws.com"]}, "Action": "sqs:SendMessage", "Resource": arn}]})})
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    events.put_rule(Name="r", EventPattern='{"source": ["mine"]}')
    events.put_targets(Rule="r", Targets=[{"Id": "q", "Arn": arn}])
    for _ in range(3):
        sns.publish(TopicArn=topic, Message="m")
    events.create_event_bus(Name="other")
    events.put_rule(Name="r", EventBusName="other", EventPattern='{"source": ["mine"]}')
    events.put_targets(Rule="r", EventBusName="other", Targets=[{"Id": "q", "Arn": arn}])
    events.put_events(Entries=[{"Source": "mine", "DetailType": "d", "Detail": "{}"}] * 2)
    events.put_events(Entries=[{"Source": "mine", "DetailType": "d", "Detail": "{}", "EventBusName": "other"}])
    own.advance_clock(1000)
    own.advance_clock(62000)
    assert sum(read(cw, "AWS/SNS", "NumberOfMessagesPublished", {"TopicName": "t"})) == 3
    assert sum(read(cw, "AWS/SNS", "NumberOfNotificationsDelivered", {"TopicName": "t"})) == 3
    assert sum(read(cw, "AWS/Events", "Invocations", {"RuleName": "r"})) == sum(read(cw, "AWS/Events", "TriggeredRules", {"RuleName": "r"})) == 2
    assert sum(read(cw, "AWS/Events", "Invocations", {"RuleName": "r", "EventBusName": "other"})) == 1
    assert sum(read(cw, "AWS/Events", "PutEventsApproximateCallCount", {})) == 2 and sum(read(cw, "AWS/Events", "PutEventsEntriesCount", {})) == 3
    assert sum(read(cw, "AWS/Events", "PutEventsLatency", {}, "SampleCount")) == 2
    assert sum(read(cw, "AWS/SQS", "NumberOfMessagesSent", {"QueueName": "q"})) == 6


def test_a_table_tells_what_it_used(own):
    ddb, cw = own.client("dynamodb"), own.client("cloudwatch")
    ddb.create_table(TableName="table", BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
                     AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}])
    own.advance_clock(1000)
    ddb.put_item(TableName="table", Item={"k": {"S": "a"}, "v": {"S": "x" * 1500}})
    ddb.get_item(TableName="table", Key={"k": {"S": "a"}}, ConsistentRead=True)
    ddb.get_item(TableName="table", Key={"k": {"S": "a"}})
    for _ in range(2):
        with pytest.raises(ddb.exceptions.ConditionalCheckFailedException):
            ddb.put_item(TableName="table", Item={"k": {"S": "a"}}, ConditionExpression="attribute_not_exists(k)")
    assert ddb.scan(TableName="table")["Count"] == 1
    own.advance_clock(61000)
    assert sum(read(cw, "AWS/DynamoDB", "ConsumedWriteCapacityUnits", {"TableName": "table"})) == 2
    assert sum(read(cw, "AWS/DynamoDB", "ConsumedReadCapacityUnits", {"TableName": "table"})) == 2
    assert sum(read(cw, "AWS/DynamoDB", "SuccessfulRequestLatency", {"TableName": "table", "Operation": "GetItem"}, "SampleCount")) == 2
    assert sum(read(cw, "AWS/DynamoDB", "SuccessfulRequestLatency", {"TableName": "table", "Operation": "PutItem"}, "SampleCount")) == 1
    assert min(read(cw, "AWS/DynamoDB", "SuccessfulRequestLatency", {"TableName": "table", "Operation": "GetItem"}, "Minimum")) > 0
    assert sum(read(cw, "AWS/DynamoDB", "ReturnedItemCount", {"TableName": "table", "Operation": "Scan"})) == 1
    assert sum(read(cw, "AWS/DynamoDB", "ConditionalCheckFailedRequests", {"TableName": "table"})) == 2


def test_a_table_that_has_enough(own):
    ddb, cw = own.client("dynamodb"), own.client("cloudwatch")
    ddb.create_table(TableName="slow", ProvisionedThroughput={"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}, KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
                     AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}])
    own.advance_clock(1000)
    item = {"k": {"S": "a"}, "v": {"S": "x" * 90_000}}
    ddb.put_item(TableName="slow", Item=item)
    refused = 0
    for _ in range(12):  # 300 units may be used at once
        try:
            ddb.put_item(TableName="slow", Item=item)
        except ddb.exceptions.ProvisionedThroughputExceededException:
            refused += 1
    assert refused
    own.advance_clock(61000)
    assert sum(read(cw, "AWS/DynamoDB", "WriteThrottleEvents", {"TableName": "slow"})) == refused
    assert sum(read(cw, "AWS/DynamoDB", "ThrottledRequests", {"TableName": "slow", "Operation": "PutItem"})) == refused
    assert sum(read(cw, "AWS/DynamoDB", "SuccessfulRequestLatency", {"TableName": "slow", "Operation": "PutItem"}, "SampleCount")) == 13 - refused
    assert sum(read(cw, "AWS/DynamoDB", "WriteProvisionedThroughputThrottleEvents", {"TableName": "slow"})) == refused
    assert read(cw, "AWS/DynamoDB", "UserErrors", {}) == []


def test_a_table_on_demand_that_has_enough(own):
    ddb, cw = own.client("dynamodb"), own.client("cloudwatch")
    ddb.create_table(TableName="slow", BillingMode="PAY_PER_REQUEST", OnDemandThroughput={"MaxWriteRequestUnits": 1}, KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
                     AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}])
    own.advance_clock(1000)
    refused = 0
    for _ in range(12):
        try:
            ddb.put_item(TableName="slow", Item={"k": {"S": "a"}, "v": {"S": "x" * 90_000}})
        except ClientError as error:
            assert error.response["Error"]["Code"] == "ThrottlingException"
            refused += 1
    assert refused
    own.advance_clock(61000)
    table = {"TableName": "slow"}
    assert sum(read(cw, "AWS/DynamoDB", "WriteMaxOnDemandThroughputThrottleEvents", table)) == refused == sum(read(cw, "AWS/DynamoDB", "WriteThrottleEvents", table))
    assert read(cw, "AWS/DynamoDB", "OnDemandMaxWriteRequestUnits", table, "Maximum")[-1] == 1
    assert read(cw, "AWS/DynamoDB", "OnDemandMaxReadRequestUnits", table, "Maximum") == read(cw, "AWS/DynamoDB", "UserErrors", {}) == []


def test_a_stream_and_expired_items_have_metrics(own):
    ddb, streams, cw = own.client("dynamodb"), own.client("dynamodbstreams"), own.client("cloudwatch")
    ddb.create_table(TableName="table", BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
                     AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}], StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"})
    own.advance_clock(1000)
    ddb.update_time_to_live(TableName="table", TimeToLiveSpecification={"Enabled": True, "AttributeName": "end"})
    end = str(int(own.now().timestamp()) + 3600)
    for k in "abc":
        ddb.put_item(TableName="table", Item={"k": {"S": k}, "end": {"N": end}})
    table = ddb.describe_table(TableName="table")["Table"]
    shard = streams.describe_stream(StreamArn=table["LatestStreamArn"])["StreamDescription"]["Shards"][0]["ShardId"]
    at = streams.get_shard_iterator(StreamArn=table["LatestStreamArn"], ShardId=shard, ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
    answer = streams.get_records(ShardIterator=at)
    streams.get_records(ShardIterator=answer["NextShardIterator"])  # nothing more
    own.advance_clock(3600 * 1000)
    own.advance_clock(61000)
    stream = {"TableName": "table", "StreamLabel": table["LatestStreamLabel"], "Operation": "GetRecords"}
    assert sum(read(cw, "AWS/DynamoDB", "ReturnedRecordsCount", stream)) == len(answer["Records"]) == 3
    assert sum(read(cw, "AWS/DynamoDB", "ReturnedBytes", stream)) == sum(r["dynamodb"]["SizeBytes"] for r in answer["Records"])
    assert sum(read(cw, "AWS/DynamoDB", "SuccessfulRequestLatency", stream, "SampleCount")) == 2
    assert sum(read(cw, "AWS/DynamoDB", "TimeToLiveDeletedItemCount", {"TableName": "table"})) == 3


def test_what_users_do_wrong_at_tables_is_counted(own):
    """UserErrors of the account and region: every 400 but those that have a metric of their own, also one that no table saw."""
    ddb, streams, cw = own.client("dynamodb", config={"parameter_validation": False}), own.client("dynamodbstreams"), own.client("cloudwatch")
    ddb.create_table(TableName="table", BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
                     AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}])
    own.advance_clock(1000)
    item = {"k": {"S": "a"}}
    ddb.put_item(TableName="table", Item=item)
    iam = own.client("iam")
    iam.create_user(UserName="nobody")
    key = iam.create_access_key(UserName="nobody")["AccessKey"]
    nobody = own.client("dynamodb", account=key["AccessKeyId"], secret=key["SecretAccessKey"])
    forger = own.client("dynamodb", account=key["AccessKeyId"], secret="x" * 40)
    wrong = [lambda: ddb.get_item(TableName="none", Key=item), lambda: ddb.get_item(TableName="table"), lambda: ddb.get_item(TableName="table", Key={"k": {"N": "1"}}),
             lambda: ddb.update_table(TableName="none", DeletionProtectionEnabled=True), lambda: nobody.get_item(TableName="table", Key=item),
             lambda: forger.get_item(TableName="table", Key=item), lambda: streams.describe_stream(StreamArn="arn:aws:dynamodb:us-east-1:000000000000:table/none/stream/x"),
             lambda: ddb.transact_write_items(TransactItems=[{"Put": {"TableName": "table", "Item": item, "ConditionExpression": "attribute_not_exists(k)"}}])]
    for call in wrong:
        with pytest.raises(ClientError) as error:
            call()
        assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    with pytest.raises(ddb.exceptions.ConditionalCheckFailedException):
        ddb.put_item(TableName="table", Item=item, ConditionExpression="attribute_not_exists(k)")
    own.advance_clock(61000)
    assert sum(read(cw, "AWS/DynamoDB", "UserErrors", {})) == len(wrong)


@pytest.mark.as_root  # a key of KMS is lost
def test_what_dynamodb_does_wrong_is_counted(own):
    ddb, kms, cw = own.client("dynamodb"), own.client("kms"), own.client("cloudwatch")
    key = kms.create_key(KeySpec="RSA_2048", KeyUsage="ENCRYPT_DECRYPT")["KeyMetadata"]["Arn"]
    own.advance_clock(1000)
    for _ in range(2):
        with pytest.raises(ddb.exceptions.InternalServerError):
            ddb.create_table(TableName="table", BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
                             AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}], SSESpecification={"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": key})
    own.advance_clock(61000)
    assert sum(read(cw, "AWS/DynamoDB", "SystemErrors", {"TableName": "table", "Operation": "CreateTable"})) == 2
    assert read(cw, "AWS/DynamoDB", "UserErrors", {}) == []


def test_what_an_account_has_of_tables(own):
    """How much of what it may have is provisioned, each five minutes: of all tables, and of the one that has most."""
    ddb, cw = own.client("dynamodb"), own.client("cloudwatch")
    units = lambda read, write: {"ReadCapacityUnits": read, "WriteCapacityUnits": write}
    for name, of_table, of_index in (("one", units(1000, 10), units(4000, 10)), ("other", units(3000, 20), units(2, 60))):
        ddb.create_table(TableName=name, ProvisionedThroughput=of_table, KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
                         AttributeDefinitions=[{"AttributeName": a, "AttributeType": "S"} for a in "kg"],
                         GlobalSecondaryIndexes=[{"IndexName": "by-g", "KeySchema": [{"AttributeName": "g", "KeyType": "HASH"}], "Projection": {"ProjectionType": "ALL"},
                                                  "ProvisionedThroughput": of_index}])
    own.advance_clock(1000)
    ddb.scan(TableName="one")
    own.advance_clock(6 * 60_000)
    told = {"AccountMaxReads": 80000, "AccountMaxWrites": 80000, "AccountMaxTableLevelReads": 40000, "AccountMaxTableLevelWrites": 40000,
            "AccountProvisionedReadCapacityUtilization": 100 * 8002 / 80000, "AccountProvisionedWriteCapacityUtilization": 100 * 100 / 80000,
            "MaxProvisionedTableReadCapacityUtilization": 100 * 4000 / 40000, "MaxProvisionedTableWriteCapacityUtilization": 100 * 60 / 40000}
    for name, value in told.items():
        assert {round(v, 6) for v in read(cw, "AWS/DynamoDB", name, {}, "Maximum")} == {value}, name
    usage = {"Type": "Resource", "Service": "DynamoDB", "Class": "None"}
    assert read(cw, "AWS/Usage", "ResourceCount", {"Resource": "AccountProvisionedReadCapacityUnits", **usage}, "Maximum")[-1] == 8002
    assert read(cw, "AWS/Usage", "ResourceCount", {"Resource": "AccountProvisionedWriteCapacityUnits", **usage}, "Maximum")[-1] == 100


def test_an_index_that_is_made_later(own):
    """What filling it took is no part of what its table's writes consume."""
    ddb, cw = own.client("dynamodb"), own.client("cloudwatch")
    ddb.create_table(TableName="table", BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
                     AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}])
    own.advance_clock(1000)
    for i in range(300):
        ddb.put_item(TableName="table", Item={"k": {"S": str(i)}, **({"g": {"S": "x"}, "v": {"S": "x" * 1100}} if i % 3 else {})})
    ddb.update_table(TableName="table", AttributeDefinitions=[{"AttributeName": a, "AttributeType": "S"} for a in "kg"], GlobalSecondaryIndexUpdates=[{"Create": {
        "IndexName": "by-g", "KeySchema": [{"AttributeName": "g", "KeyType": "HASH"}], "Projection": {"ProjectionType": "ALL"}}}])
    until(lambda: ddb.describe_table(TableName="table")["Table"]["GlobalSecondaryIndexes"][0]["IndexStatus"] == "ACTIVE")
    own.advance_clock(61000)
    index = {"TableName": "table", "GlobalSecondaryIndexName": "by-g"}
    assert sum(read(cw, "AWS/DynamoDB", "OnlineIndexConsumedWriteCapacity", index)) == 200 * 2
    assert read(cw, "AWS/DynamoDB", "ConsumedWriteCapacityUnits", index) == []
    least, most = (read(cw, "AWS/DynamoDB", "OnlineIndexPercentageProgress", index, stat) for stat in ("Minimum", "Maximum"))
    assert 0 < least[0] < 100 == most[-1]


def test_calls_are_counted(own):
    cw, logs = own.client("cloudwatch"), own.client("logs")
    of = {"Type": "API", "Service": "CloudWatch", "Class": "None"}
    for _ in range(3):
        cw.put_metric_data(Namespace="mine", MetricData=[{"MetricName": "m", "Value": 1}])
    with pytest.raises(ClientError):
        cw.get_dashboard(DashboardName="none")
    logs.create_log_group(logGroupName="g")
    own.advance_clock(61000)
    assert sum(read(cw, "AWS/Usage", "CallCount", {"Resource": "PutMetricData", **of})) == 3
    assert sum(read(cw, "AWS/Usage", "CallCount", {"Resource": "GetDashboard", **of})) == 1
    assert sum(read(cw, "AWS/Usage", "CallCount", {"Resource": "CreateLogGroup", **of, "Service": "Logs"})) == 1
    counted = {d["Value"] for m in cw.list_metrics(Namespace="AWS/Usage")["Metrics"] for d in m["Dimensions"] if d["Name"] == "Resource"}
    assert counted >= {"PutMetricData", "GetDashboard", "CreateLogGroup"}


def test_a_pipe_has_metrics(own):
    sqs, pipes, iam, cw = (own.client(s) for s in ("sqs", "pipes", "iam", "cloudwatch"))
    source, target = (sqs.get_queue_attributes(QueueUrl=sqs.create_queue(QueueName=n)["QueueUrl"], AttributeNames=["QueueArn"])["Attributes"]["QueueArn"] for n in ("from", "to"))
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "pipes.amazonaws.com"}, "Action": "sts:AssumeRole"}]}))
    iam.put_role_policy(RoleName="r", PolicyName="p", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}]}))
    pipes.create_pipe(Name="p", Source=source, Target=target, RoleArn=iam.get_role(RoleName="r")["Role"]["Arn"])
    until(lambda: pipes.describe_pipe(Name="p")["CurrentState"] == "RUNNING")
    for i in range(3):
        sqs.send_message(QueueUrl=sqs.get_queue_url(QueueName="from")["QueueUrl"], MessageBody=str(i))
    to, seen = sqs.get_queue_url(QueueName="to")["QueueUrl"], 0
    while seen < 3:
        seen += len(sqs.receive_message(QueueUrl=to, WaitTimeSeconds=20, MaxNumberOfMessages=10).get("Messages", []))
    own.advance_clock(1000)
    own.advance_clock(62000)
    assert sum(read(cw, "AWS/EventBridge/Pipes", "EventCount", {"PipeName": "p"})) == 3


def test_counts_outlive_a_crash(own):
    sqs = own.client("sqs")
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    for _ in range(20):
        sqs.send_message(QueueUrl=url, MessageBody="m")
    own.kill()
    own.start()
    sqs, cw = own.client("sqs"), own.client("cloudwatch")
    url = sqs.get_queue_url(QueueName="q")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="m")
    own.advance_clock(61000)
    assert sum(read(cw, "AWS/SQS", "NumberOfMessagesSent", {"QueueName": "q"})) == 21
    own.advance_clock(120000)
    assert sum(read(cw, "AWS/SQS", "NumberOfMessagesSent", {"QueueName": "q"})) == 21
