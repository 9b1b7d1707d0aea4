"""What the tests of this room share."""
import time
import urllib.request
import uuid

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError


def key_schema(hash_name, range_name=None):
    schema = [{"AttributeName": hash_name, "KeyType": "HASH"}]
    return schema + ([{"AttributeName": range_name, "KeyType": "RANGE"}] if range_name else [])


def index(name, hash_name, range_name=None, projection="ALL", include=None):
    shape = {"ProjectionType": projection}
    if include:
        shape["NonKeyAttributes"] = include
    return {"IndexName": name, "KeySchema": key_schema(hash_name, range_name), "Projection": shape}


def make_table(client, attributes="p:S", keys=("p",), **options):
    """A table that is ACTIVE. `attributes`: "p:S s:N"."""
    name = options.pop("name", f"table-{uuid.uuid4().hex[:12]}")
    if "ProvisionedThroughput" not in options:
        options.setdefault("BillingMode", "PAY_PER_REQUEST")
    client.create_table(TableName=name, KeySchema=key_schema(*keys),
                        AttributeDefinitions=[dict(zip(("AttributeName", "AttributeType"), a.split(":"))) for a in attributes.split()],
                        **options)
    wait_active(client, name)
    return name


def wait_until(condition, seconds=10):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError("it did not come to pass")


def wait_active(client, name):
    """Until nothing is under way any more: some changes leave the table ACTIVE meanwhile."""
    def active():
        table = client.describe_table(TableName=name)["Table"]
        parts = [table, *table.get("GlobalSecondaryIndexes", [])]
        states = [table["TableStatus"]] + [index["IndexStatus"] for index in parts[1:]]
        states += [part[of]["Status"] for part in parts for of in ("SSEDescription", "WarmThroughput") if of in part]
        return all(state in ("ACTIVE", "ENABLED") for state in states)
    wait_until(active)


def signed(url, body, operation, api="DynamoDB_20120810"):
    """A signed request with a text that no client of AWS's makes, for urlopen."""
    request = AWSRequest("POST", url, data=body.encode(), headers={"X-Amz-Target": f"{api}.{operation}", "Content-Type": "application/x-amz-json-1.0"})
    SigV4Auth(Credentials("test", "test"), "dynamodb", "us-east-1").add_auth(request)
    return urllib.request.Request(url, data=body.encode(), headers=dict(request.headers), method="POST")


def wait_gone(client, name):
    wait_until(lambda: not exists(client, name))


def exists(client, name):
    """Whether the table is there: ListTables tells of a hundred, and more of other tests may stand before it."""
    try:
        client.describe_table(TableName=name)
    except client.exceptions.ResourceNotFoundException:
        return False
    return True


def scale_writes(brume, name, *indexes, region="us-east-1", most=100):
    """As a replica of a provisioned table wants it: of the table, and of its global indexes."""
    scaling = brume.client("application-autoscaling", region=region)
    for kind, resource in [("table", f"table/{name}")] + [("index", f"table/{name}/index/{i}") for i in indexes]:
        of = {"ServiceNamespace": "dynamodb", "ResourceId": resource, "ScalableDimension": f"dynamodb:{kind}:WriteCapacityUnits"}
        scaling.register_scalable_target(**of, MinCapacity=1, MaxCapacity=most)
        scaling.put_scaling_policy(**of, PolicyName="writes", PolicyType="TargetTrackingScaling", TargetTrackingScalingPolicyConfiguration={
            "TargetValue": 70.0, "PredefinedMetricSpecification": {"PredefinedMetricType": "DynamoDBWriteCapacityUtilization"}})


def refusal(call, **arguments):
    """What the call is refused with: code and message."""
    with pytest.raises(ClientError) as error:
        call(**arguments)
    return error.value.response["Error"]["Code"], error.value.response["Error"]["Message"]
