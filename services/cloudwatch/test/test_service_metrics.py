"""The metrics of AWS/<Service>: what services count becomes data once a minute, also over a kill -9."""
import datetime
import json


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
    events.put_events(Entries=[{"Source": "mine", "DetailType": "d", "Detail": "{}"}] * 2)
    own.advance_clock(1000)
    own.advance_clock(62000)
    assert sum(read(cw, "AWS/SNS", "NumberOfMessagesPublished", {"TopicName": "t"})) == 3
    assert sum(read(cw, "AWS/SNS", "NumberOfNotificationsDelivered", {"TopicName": "t"})) == 3
    assert sum(read(cw, "AWS/Events", "Invocations", {"RuleName": "r"})) == 2
    assert sum(read(cw, "AWS/SQS", "NumberOfMessagesSent", {"QueueName": "q"})) == 5


def test_a_table_tells_what_it_used(own):
    ddb, cw = own.client("dynamodb"), own.client("cloudwatch")
    ddb.create_table(TableName="table", BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
                     AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}])
    own.advance_clock(1000)
    ddb.put_item(TableName="table", Item={"k": {"S": "a"}, "v": {"S": "x" * 1500}})
    ddb.get_item(TableName="table", Key={"k": {"S": "a"}}, ConsistentRead=True)
    ddb.get_item(TableName="table", Key={"k": {"S": "a"}})
    own.advance_clock(61000)
    assert sum(read(cw, "AWS/DynamoDB", "ConsumedWriteCapacityUnits", {"TableName": "table"})) == 2
    assert sum(read(cw, "AWS/DynamoDB", "ConsumedReadCapacityUnits", {"TableName": "table"})) == 1.5


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
