"""The scaling of replicas, set and read at once: targets and policies of Application Auto Scaling in each region."""
import pytest
from botocore.exceptions import ClientError

pytestmark = pytest.mark.as_root  # by the rights of who asks, in two services and two regions


def test_replicas_scale(start_brume):
    server = start_brume()
    ddb, there = server.client("dynamodb"), server.client("dynamodb", region="eu-west-1")
    ddb.create_table(TableName="tab", KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}], AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
                     ProvisionedThroughput={"ReadCapacityUnits": 5, "WriteCapacityUnits": 5}, StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"})
    ddb.get_waiter("table_exists").wait(TableName="tab", WaiterConfig={"Delay": 0.05})
    ddb.update_table(TableName="tab", ReplicaUpdates=[{"Create": {"RegionName": "eu-west-1"}}])
    there.get_waiter("table_exists").wait(TableName="tab", WaiterConfig={"Delay": 0.05})
    ddb.get_waiter("table_exists").wait(TableName="tab", WaiterConfig={"Delay": 0.05})
    policy = {"TargetTrackingScalingPolicyConfiguration": {"TargetValue": 70.0, "ScaleInCooldown": 60}}
    answer = ddb.update_table_replica_auto_scaling(
        TableName="tab", ProvisionedWriteCapacityAutoScalingUpdate={"MinimumUnits": 5, "MaximumUnits": 50, "ScalingPolicyUpdate": policy},
        ReplicaUpdates=[{"RegionName": "eu-west-1", "ReplicaProvisionedReadCapacityAutoScalingUpdate": {"MinimumUnits": 2, "MaximumUnits": 20, "ScalingPolicyUpdate": policy}}])
    replicas = {r["RegionName"]: r for r in answer["TableAutoScalingDescription"]["Replicas"]}
    assert replicas == {r["RegionName"]: r for r in ddb.describe_table_replica_auto_scaling(TableName="tab")["TableAutoScalingDescription"]["Replicas"]}
    for region in ("us-east-1", "eu-west-1"):
        writes = replicas[region]["ReplicaProvisionedWriteCapacityAutoScalingSettings"]
        assert (writes["MinimumUnits"], writes["MaximumUnits"], writes["AutoScalingDisabled"]) == (5, 50, False)
        assert writes["ScalingPolicies"][0]["PolicyName"] == "DynamoDBWriteCapacityUtilization:table/tab"
        assert writes["ScalingPolicies"][0]["TargetTrackingScalingPolicyConfiguration"] == {"TargetValue": 70.0, "ScaleInCooldown": 60}
        alarms = server.client("cloudwatch", region=region).describe_alarms(AlarmNamePrefix="TargetTracking-table/tab-AlarmHigh")["MetricAlarms"]
        assert {a["MetricName"] for a in alarms} == {"ConsumedWriteCapacityUnits"} | ({"ConsumedReadCapacityUnits"} if region == "eu-west-1" else set())
    assert replicas["us-east-1"]["ReplicaProvisionedReadCapacityAutoScalingSettings"] == {"AutoScalingDisabled": True}
    assert replicas["eu-west-1"]["ReplicaProvisionedReadCapacityAutoScalingSettings"]["MaximumUnits"] == 20
    answer = ddb.update_table_replica_auto_scaling(TableName="tab", ProvisionedWriteCapacityAutoScalingUpdate={"AutoScalingDisabled": True})
    assert all(r["ReplicaProvisionedWriteCapacityAutoScalingSettings"] == {"AutoScalingDisabled": True} for r in answer["TableAutoScalingDescription"]["Replicas"])
    for wrong in ({}, {"ReplicaUpdates": [{"RegionName": "ap-south-1"}]}):
        with pytest.raises(ClientError) as error:
            ddb.update_table_replica_auto_scaling(TableName="tab", **wrong)
        assert error.value.response["Error"]["Code"] == "ValidationException"
