"""Resource Groups Tagging API: resources of all services found by tag, and tagged, in an account of each test's own."""
import json
import uuid

import pytest
from botocore.exceptions import ClientError
from organization_kit import Organization

TRUST = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sts:AssumeRole"}]})


class Account:
    """Twelve digits that nobody else uses, and clients in it."""

    def __init__(self, brume, number=None):
        self.brume, self.number, self.clients = brume, number or f"{uuid.uuid4().int % 10**12:012}", {}

    def client(self, service, region="us-east-1"):
        if (service, region) not in self.clients:
            self.clients[service, region] = self.brume.client(service, account=self.number, region=region)
        return self.clients[service, region]

    def root(self, service, region="us-east-1"):
        """As the root, also where the tests run as users: for what only prepares."""
        import boto3
        return boto3.client(service, endpoint_url=self.brume.url, aws_access_key_id=self.number, aws_secret_access_key="test", region_name=region)

    def tagging(self, region="us-east-1"):
        return self.client("resourcegroupstaggingapi", region)

    def arn(self, service, resource, region="us-east-1"):
        return f"arn:aws:{service}:{region}:{self.number}:{resource}"

    def queue(self, name, region="us-east-1", **tags):
        self.root("sqs", region).create_queue(QueueName=name, tags=tags)
        return self.arn("sqs", name, region)

    def topic(self, name, **tags):
        return self.root("sns").create_topic(Name=name, Tags=[{"Key": k, "Value": v} for k, v in tags.items()])["TopicArn"]

    def found(self, region="us-east-1", **question):
        """{ARN: tags} of all pages."""
        pages = self.tagging(region).get_paginator("get_resources").paginate(**question)
        rows = [r for page in pages for r in page["ResourceTagMappingList"]]
        assert len({r["ResourceARN"] for r in rows}) == len(rows), "a resource came twice"
        return {r["ResourceARN"]: {t["Key"]: t["Value"] for t in r["Tags"]} for r in rows}


@pytest.fixture
def account(brume):
    return Account(brume)


def refused(code, call, **arguments):
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    assert caught.value.response["Error"]["Code"] == code
    return caught.value.response["Error"]["Message"]


def key_values(tags):
    return [{"Key": k, "Value": v} for k, v in tags.items()]


def one_of_each(account, tags):
    """A resource of each service, tagged when it is made: {its ARN: how it is deleted}."""
    of, listed = account.root, key_values(tags)
    account.queue("orders", **tags)
    topic = account.topic("orders", **tags)
    bucket = f"orders-{account.number}"
    of("s3").create_bucket(Bucket=bucket)
    of("s3").put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": listed})
    attributes = {"AttributeDefinitions": [{"AttributeName": "k", "AttributeType": "S"}], "KeySchema": [{"AttributeName": "k", "KeyType": "HASH"}]}
    of("dynamodb").create_table(TableName="orders", BillingMode="PAY_PER_REQUEST", Tags=listed, **attributes)
    key = of("kms").create_key(Tags=[{"TagKey": k, "TagValue": v} for k, v in tags.items()])["KeyMetadata"]
    of("logs").create_log_group(logGroupName="/orders", tags=tags)
    bus = of("events").create_event_bus(Name="orders", Tags=listed)["EventBusArn"]
    rule = of("events").put_rule(Name="orders", ScheduleExpression="rate(1 day)", Tags=listed)["RuleArn"]
    group = of("scheduler").create_schedule_group(Name="orders", Tags=listed)["ScheduleGroupArn"]
    registry = of("schemas").create_registry(RegistryName="orders", Tags=tags)["RegistryArn"]
    of("cloudwatch").put_metric_alarm(AlarmName="orders", Namespace="n", MetricName="m", Period=60, EvaluationPeriods=1, Threshold=1,
                                      Statistic="Sum", ComparisonOperator="GreaterThanThreshold", Tags=listed)
    policy = of("iam").create_policy(PolicyName="orders", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}]}), Tags=listed)["Policy"]["Arn"]
    store = of("cloudtrail").create_event_data_store(Name="orders", TerminationProtectionEnabled=False, TagsList=listed)["EventDataStoreArn"]
    return {
        account.arn("sqs", "orders"): lambda: of("sqs").delete_queue(QueueUrl=of("sqs").get_queue_url(QueueName="orders")["QueueUrl"]),
        topic: lambda: of("sns").delete_topic(TopicArn=topic),
        f"arn:aws:s3:::{bucket}": lambda: of("s3").delete_bucket(Bucket=bucket),
        account.arn("dynamodb", "table/orders"): None,  # a table goes on the clock
        key["Arn"]: None,  # a key goes after days
        account.arn("logs", "log-group:/orders"): lambda: of("logs").delete_log_group(logGroupName="/orders"),
        bus: lambda: of("events").delete_event_bus(Name="orders"),
        rule: lambda: of("events").delete_rule(Name="orders"),
        group: None,  # a group goes after its schedules
        registry: lambda: of("schemas").delete_registry(RegistryName="orders"),
        account.arn("cloudwatch", "alarm:orders"): lambda: of("cloudwatch").delete_alarms(AlarmNames=["orders"]),
        policy: lambda: of("iam").delete_policy(PolicyArn=policy),
        store: None,  # a store goes after days
    }


def test_resources_of_all_services_are_found_until_they_are_deleted(account):
    made = one_of_each(account, {"team": "blue", "stage": "test"})
    assert account.found(TagFilters=[{"Key": "team", "Values": ["blue"]}]) == {arn: {"team": "blue", "stage": "test"} for arn in made}
    assert account.found() == account.found(TagFilters=[{"Key": "stage"}])
    for delete in made.values():
        if delete:
            delete()
    assert set(account.found()) == {arn for arn, delete in made.items() if not delete}


def test_keys_are_anded_and_values_ored(account):
    a = account.queue("a", colour="red", size="s")
    b = account.queue("b", colour="blue", size="s")
    c = account.queue("c", colour="green", size="l")
    account.queue("d")
    ask = lambda *filters: set(account.found(TagFilters=[{"Key": k, "Values": v} for k, v in filters]))  # noqa: E731
    assert ask(("colour", ["red"])) == {a}
    assert ask(("colour", ["red", "green"])) == {a, c}
    assert ask(("colour", [])) == {a, b, c}
    assert ask(("size", ["s"]), ("colour", ["blue", "green"])) == {b}
    assert ask(("colour", ["blue", "green"]), ("size", [])) == {b, c}
    assert ask(("colour", ["red"]), ("size", ["l"])) == set()
    assert ask(("colour", ["re"])) == ask(("Colour", [])) == ask(("absent", [])) == set()


def test_types_choose(account):
    made = one_of_each(account, {"team": "blue"})
    services = {arn.split(":")[2] for arn in made}
    for service in services:
        assert set(account.found(ResourceTypeFilters=[service])) == {arn for arn in made if arn.split(":")[2] == service}
    one = lambda *types: [arn.split(":", 5)[5] for arn in account.found(ResourceTypeFilters=list(types), TagFilters=[{"Key": "team"}])]  # noqa: E731
    assert one("dynamodb:table") == ["table/orders"] and one("sqs:queue") == one("sns:topic") == ["orders"]
    assert one("s3:bucket") == [f"orders-{account.number}"]
    assert one("logs:log-group") == ["log-group:/orders"] and one("cloudwatch:alarm") == ["alarm:orders"]
    assert sorted(one("events:rule", "events:event-bus")) == ["event-bus/orders", "rule/orders"]
    assert one("ec2", "sqs:table") == []


def test_pages(account):
    made = {account.queue(f"q{i:02}", **{f"k{j}": "v" for j in range(1 + i % 3)}) for i in range(11)}
    tagging = account.tagging()
    for question in ({}, {"TagFilters": [{"Key": "k0", "Values": ["v"]}]}, {"TagFilters": [{"Key": "k0"}], "ResourceTypeFilters": ["sqs"]}):
        for size in (1, 4, 11, 100):
            sizes = [len(p["ResourceTagMappingList"]) for p in tagging.get_paginator("get_resources").paginate(ResourcesPerPage=size, **question)]
            assert sum(sizes) == 11 and max(sizes) <= size and len(sizes) == -(-11 // size)
            assert set(account.found(ResourcesPerPage=size, **question)) == made
    assert tagging.get_resources()["PaginationToken"] == ""


def test_tags_per_page_keeps_resources_whole(account):
    made = {account.queue(f"q{i}", **{f"k{j}": "v" for j in range(40)}) for i in range(5)}
    pages = [p["ResourceTagMappingList"] for p in account.tagging().get_paginator("get_resources").paginate(TagsPerPage=100)]
    assert [len(p) for p in pages] == [2, 2, 1]
    assert {r["ResourceARN"] for p in pages for r in p} == made and all(len(r["Tags"]) == 40 for p in pages for r in p)


def test_tokens_serve_their_question_alone(account):
    for i in range(3):
        account.queue(f"q{i}", team="blue")
    tagging = account.tagging()
    token = tagging.get_resources(ResourcesPerPage=1)["PaginationToken"]
    assert len(tagging.get_resources(ResourcesPerPage=100, PaginationToken=token)["ResourceTagMappingList"]) == 2
    refused("InvalidParameterException", tagging.get_resources, PaginationToken=token, TagFilters=[{"Key": "team"}])
    refused("InvalidParameterException", tagging.get_resources, PaginationToken="nonsense")
    refused("InvalidParameterException", tagging.get_tag_keys, PaginationToken=token)


def test_tokens_expire(start_brume):
    brume = start_brume()
    account = Account(brume)
    for i in range(2):
        account.queue(f"q{i}", team="blue")
    token = account.tagging().get_resources(ResourcesPerPage=1)["PaginationToken"]
    brume.advance_clock(14 * 60_000)
    assert account.tagging().get_resources(PaginationToken=token)["ResourceTagMappingList"]
    brume.advance_clock(2 * 60_000)
    refused("PaginationTokenExpiredException", account.tagging().get_resources, PaginationToken=token)


def test_by_arn(account):
    blue, green, never = account.queue("blue", team="blue"), account.queue("green", team="green"), account.queue("never")
    elsewhere = account.queue("elsewhere", region="eu-west-1", team="blue")
    absent = account.arn("sqs", "absent")
    assert account.found(ResourceARNList=[green, blue, never, elsewhere, absent]) == {blue: {"team": "blue"}, green: {"team": "green"}}
    assert account.found(ResourceARNList=[green, blue], TagFilters=[{"Key": "team", "Values": ["blue"]}]) == {blue: {"team": "blue"}}
    for more in ({"ResourcesPerPage": 5}, {"TagsPerPage": 100}, {"PaginationToken": "x"}):
        refused("InvalidParameterException", account.tagging().get_resources, ResourceARNList=[blue], **more)


@pytest.mark.parametrize("question", [{"ResourcesPerPage": 0}, {"ResourcesPerPage": 101}, {"TagsPerPage": 99}, {"TagsPerPage": 501},
                                      {"TagFilters": [{"Values": ["x"]}]}, {"ExcludeCompliantResources": True}], ids=lambda q: str(*q))
def test_questions_that_are_refused(account, question):
    refused("InvalidParameterException", account.tagging().get_resources, **question)


def test_what_was_tagged_once_stays_with_no_tags(account):
    arn, never = account.queue("once", team="blue"), account.queue("never")
    url = account.root("sqs").get_queue_url(QueueName="once")["QueueUrl"]
    account.root("sqs").untag_queue(QueueUrl=url, TagKeys=["team"])
    assert account.found() == {arn: {}}
    assert account.found(TagFilters=[{"Key": "team"}]) == {}
    assert account.found(ResourceARNList=[arn, never]) == {arn: {}}
    assert account.tagging().get_tag_keys()["TagKeys"] == []


def test_regions_and_accounts_are_apart(account, brume):
    here, there = account.queue("q", team="blue"), account.queue("q", region="eu-west-1", team="blue")
    other = Account(brume)
    other.queue("q", team="blue")
    bucket = f"far-{account.number}"
    account.root("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})  # by the endpoint of us-east-1
    account.root("s3").put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": key_values({"team": "blue"})})
    assert set(account.found()) == {here}
    assert set(account.found("eu-west-1")) == {there, f"arn:aws:s3:::{bucket}"}
    assert set(other.found()) == {other.arn("sqs", "q")}


def test_who_tags_across_accounts_tags_the_owners_resource(account, brume):
    other, bucket = Account(brume), f"shared-{account.number}"
    account.root("s3").create_bucket(Bucket=bucket)
    account.root("s3").put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{other.number}:root"}, "Action": "s3:*", "Resource": f"arn:aws:s3:::{bucket}"}]}))
    other.root("s3").put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": key_values({"team": "blue"})})
    assert account.found() == {f"arn:aws:s3:::{bucket}": {"team": "blue"}} and other.found() == {}


def test_keys_and_values(account):
    long = "v" * 200  # stands in the index by its digest
    account.queue("a", team="blue", stage=long)
    account.queue("b", team="green", stage="prod")
    account.topic("c", team="blue", owner="")
    tagging = account.tagging()
    keys = tagging.get_tag_keys()
    assert (keys["TagKeys"], keys["PaginationToken"]) == (["owner", "stage", "team"], "")
    assert tagging.get_tag_values(Key="team")["TagValues"] == ["blue", "green"]
    assert sorted(tagging.get_tag_values(Key="stage")["TagValues"]) == ["prod", long]
    assert tagging.get_tag_values(Key="owner")["TagValues"] == [""] and tagging.get_tag_values(Key="absent")["TagValues"] == []
    assert account.tagging("eu-west-1").get_tag_keys()["TagKeys"] == []


@pytest.mark.as_root  # a user needs the rights of each service
def test_many_keys_come_in_pages(account):
    arns = [account.queue(f"q{i}") for i in range(13)]
    want = []
    for i, arn in enumerate(arns):
        tags = {f"key-{i:02}-{j:02}": "v" for j in range(50)}
        assert account.tagging().tag_resources(ResourceARNList=[arn], Tags=tags)["FailedResourcesMap"] == {}
        want += tags
    pages = [p["TagKeys"] for p in account.tagging().get_paginator("get_tag_keys").paginate()]
    assert len(pages) == 2 and sum(pages, []) == want


@pytest.mark.as_root  # a user needs the rights of each service
def test_tag_and_untag_by_each_services_own_operation(account):
    made = list(one_of_each(account, {"old": "1"}))
    made.append(account.root("iam").create_role(RoleName="orders", Path="/shop/", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"])
    made.append(account.root("iam").create_user(UserName="orders")["User"]["Arn"])
    tagging = account.tagging()
    for arns in (made[:8], made[8:]):
        assert tagging.tag_resources(ResourceARNList=arns, Tags={"team": "blue", "stage": "test"})["FailedResourcesMap"] == {}
    shown = {arn for arn in made if ":role/" not in arn and ":user/" not in arn}  # which AWS does not show there
    assert account.found(TagFilters=[{"Key": "team"}]) == {arn: {"old": "1", "team": "blue", "stage": "test"} for arn in shown}
    assert account.root("iam").list_role_tags(RoleName="orders")["Tags"] == key_values({"stage": "test", "team": "blue"})
    for arns in (made[:8], made[8:]):
        assert tagging.untag_resources(ResourceARNList=arns, TagKeys=["team", "absent"])["FailedResourcesMap"] == {}
    assert account.found() == {arn: {"old": "1", "stage": "test"} for arn in shown}
    assert account.root("iam").list_user_tags(UserName="orders")["Tags"] == key_values({"stage": "test"})
    tagging.untag_resources(ResourceARNList=[f"arn:aws:s3:::orders-{account.number}"], TagKeys=["old", "stage"])
    refused("NoSuchTagSet", account.root("s3").get_bucket_tagging, Bucket=f"orders-{account.number}")


@pytest.mark.as_root
def test_an_access_point_is_s3_controls(account):
    bucket = f"points-{account.number}"
    account.root("s3").create_bucket(Bucket=bucket)
    arn = account.root("s3control").create_access_point(AccountId=account.number, Name="door", Bucket=bucket)["AccessPointArn"]
    assert account.tagging().tag_resources(ResourceARNList=[arn], Tags={"team": "blue"})["FailedResourcesMap"] == {}
    assert account.found(ResourceTypeFilters=["s3:accesspoint"]) == {arn: {"team": "blue"}}
    assert account.tagging().untag_resources(ResourceARNList=[arn], TagKeys=["team"])["FailedResourcesMap"] == {}
    assert account.found() == {arn: {}}


@pytest.mark.as_root
def test_what_fails_is_told_by_resource(account):
    there, elsewhere = account.queue("there"), account.queue("elsewhere", region="eu-west-1")
    absent, foreign = account.arn("sqs", "absent"), "arn:aws:sqs:us-east-1:999999999999:q"
    unknown, bucket = account.arn("ec2", "instance/i-1"), f"arn:aws:s3:::absent-{account.number}"
    answer = account.tagging().tag_resources(ResourceARNList=[absent, elsewhere, there, foreign, unknown, bucket], Tags={"team": "blue"})
    failed = {arn: (f["StatusCode"], f["ErrorCode"]) for arn, f in answer["FailedResourcesMap"].items()}
    invalid = (400, "InvalidParameterException")
    assert failed == {absent: (400, "QueueDoesNotExist"), elsewhere: invalid, foreign: invalid, unknown: invalid, bucket: (404, "NoSuchBucket")}
    assert all(f["ErrorMessage"] for f in answer["FailedResourcesMap"].values())
    assert account.found() == {there: {"team": "blue"}} and account.found("eu-west-1") == {}


def test_what_is_no_arn_fails_the_whole_call(account):
    arn = account.queue("q")
    for wrong in ("q", "arn:aws:sqs", "arn:aws-cn:sqs:us-east-1:000000000000:q"):
        message = refused("InvalidParameterException", account.tagging().tag_resources, ResourceARNList=[arn, wrong], Tags={"team": "blue"})
        assert message == f"{wrong} is not a valid AmazonResourceName (ARN)"
        refused("InvalidParameterException", account.tagging().untag_resources, ResourceARNList=[wrong], TagKeys=["team"])
    assert account.found() == {}


def user_with(account, *actions):
    iam, name = account.root("iam"), f"u-{uuid.uuid4().hex[:8]}"
    iam.create_user(UserName=name)
    iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": list(actions), "Resource": "*"}]}))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return account.brume.client("resourcegroupstaggingapi", account=key["AccessKeyId"], secret=key["SecretAccessKey"])


def test_the_callers_own_rights_decide(account):
    queue, topic = account.queue("q"), account.topic("t")
    user = user_with(account, "tag:*", "sqs:TagQueue")
    failed = user.tag_resources(ResourceARNList=[queue, topic], Tags={"team": "blue"})["FailedResourcesMap"]
    assert set(failed) == {topic} and "SNS:TagResource" in failed[topic]["ErrorMessage"] and failed[topic]["StatusCode"] == 403, failed
    assert account.found() == {queue: {"team": "blue"}}
    failed = user.untag_resources(ResourceARNList=[queue], TagKeys=["team"])["FailedResourcesMap"]
    assert "sqs:untagqueue" in failed[queue]["ErrorMessage"].lower()
    nobody = user_with(account, "sqs:*")
    for call, arguments in ((nobody.get_resources, {}), (nobody.get_tag_keys, {}), (nobody.get_tag_values, {"Key": "team"}),
                            (nobody.tag_resources, {"ResourceARNList": [queue], "Tags": {"a": "b"}})):
        refused("AccessDeniedException", call, **arguments)


@pytest.mark.as_root  # a user needs the right to read the policy
def test_compliance_with_the_tag_policy(brume):
    org = Organization(brume)
    org.client.enable_policy_type(RootId=org.root, PolicyType="TAG_POLICY")
    content = {"tags": {"CostCenter": {"tag_key": {"@@assign": "CostCenter"}, "tag_value": {"@@assign": ["100", "2*"]}}, "Project": {"tag_key": {"@@assign": "Project"}}}}
    policy = org.client.create_policy(Content=json.dumps(content), Name="tags", Description="", Type="TAG_POLICY")["Policy"]["PolicySummary"]["Id"]
    account = Account(brume, org.management)
    good, free = account.queue("good", CostCenter="234", Project="any"), account.queue("free", other="x")
    value, case = account.queue("value", CostCenter="300"), account.queue("case", costcenter="100")

    def details(**more):
        rows = account.tagging().get_resources(IncludeComplianceDetails=True, **more)["ResourceTagMappingList"]
        return {r["ResourceARN"]: r.get("ComplianceDetails") for r in rows}
    complies = {"ComplianceStatus": True, "NoncompliantKeys": [], "KeysWithNoncompliantValues": [], "MissingTagKeys": []}
    assert details() == dict.fromkeys((good, free, value, case), complies) and details(ExcludeCompliantResources=True) == {}
    org.client.attach_policy(PolicyId=policy, TargetId=org.root)
    assert details() == {
        good: complies, free: complies,
        value: {**complies, "ComplianceStatus": False, "KeysWithNoncompliantValues": ["CostCenter"]},
        case: {**complies, "ComplianceStatus": False, "NoncompliantKeys": ["costcenter"], "KeysWithNoncompliantValues": ["CostCenter"]}}
    assert set(details(ExcludeCompliantResources=True)) == {value, case}
    outsider = Account(brume)
    outsider.queue("q", CostCenter="300")
    assert outsider.tagging().get_resources(IncludeComplianceDetails=True)["ResourceTagMappingList"][0]["ComplianceDetails"] == complies
    assert "ComplianceDetails" not in outsider.tagging().get_resources()["ResourceTagMappingList"][0]


@pytest.mark.as_root
def test_required_tags(brume):
    """What a policy requires of types of resources is listed, and missed where it is not."""
    org = Organization(brume)
    account = Account(brume, org.management)
    tagging = account.tagging()
    assert tagging.list_required_tags()["RequiredTags"] == []
    org.client.enable_policy_type(RootId=org.root, PolicyType="TAG_POLICY")
    content = {"tags": {"Owner": {"tag_key": {"@@assign": "Owner"}, "report_required_tag_for": {"@@assign": ["sqs:queue", "sns:ALL_SUPPORTED"]}},
                        "Stage": {"tag_key": {"@@assign": "Stage"}, "report_required_tag_for": {"@@assign": ["sqs:queue", "ec2:instance"]}},
                        "Free": {"tag_key": {"@@assign": "Free"}}}}
    policy = org.client.create_policy(Content=json.dumps(content), Name="tags", Description="", Type="TAG_POLICY")["Policy"]["PolicySummary"]["Id"]
    org.client.attach_policy(PolicyId=policy, TargetId=org.root)
    required = {r["ResourceType"]: (r["CloudFormationResourceTypes"], sorted(r["ReportingTagKeys"])) for r in tagging.list_required_tags()["RequiredTags"]}
    assert required == {"sqs:queue": (["AWS::SQS::Queue"], ["Owner", "Stage"]), "sns:ALL_SUPPORTED": (["AWS::SNS::Topic"], ["Owner"]), "ec2:instance": ([], ["Stage"])}
    pages = tagging.get_paginator("list_required_tags").paginate(PaginationConfig={"PageSize": 1})
    assert [len(page["RequiredTags"]) for page in pages] == [1, 1, 1]
    whole, part, case = account.queue("whole", Owner="a", Stage="b"), account.queue("part", Owner="a"), account.queue("case", owner="a", Stage="b")
    topic = account.root("sns").create_topic(Name="t", Tags=[{"Key": "Free", "Value": "x"}])["TopicArn"]
    rows = tagging.get_resources(IncludeComplianceDetails=True, ExcludeCompliantResources=True)["ResourceTagMappingList"]
    missing = {r["ResourceARN"]: sorted(r["ComplianceDetails"]["MissingTagKeys"]) for r in rows}
    assert missing == {part: ["Stage"], case: [], topic: ["Owner"]} and whole not in missing
    refused("InvalidParameterException", tagging.list_required_tags, NextToken="no token")
    user = user_with(account, "tag:ListRequiredTags")
    assert len(user.list_required_tags()["RequiredTags"]) == 3


def test_a_change_stands_on_the_trail_of_both_services(account):
    account.queue("q")
    user_with(account, "tag:*", "sqs:*").tag_resources(ResourceARNList=[account.arn("sqs", "q")], Tags={"team": "blue"})
    events = account.root("cloudtrail").lookup_events()["Events"]
    sources = {e["EventName"]: e["EventSource"] for e in events}
    assert sources["TagResources"] == "tagging.amazonaws.com" and sources["TagQueue"] == "sqs.amazonaws.com"
