"""The scaling of replicas, set and read at once: targets and policies of Application Auto Scaling in each region."""
import pytest

from services.dynamodb.test.ddb_tables import exists, index, make_table, refusal, scale_writes, wait_active

pytestmark = pytest.mark.as_root  # by the rights of who asks, in two services and two regions


def test_replicas_scale(start_brume):
    server = start_brume()
    ddb, there = server.client("dynamodb"), server.client("dynamodb", region="eu-west-1")
    ddb.create_table(TableName="tab", KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}], AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
                     ProvisionedThroughput={"ReadCapacityUnits": 5, "WriteCapacityUnits": 5}, StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"})
    ddb.get_waiter("table_exists").wait(TableName="tab", WaiterConfig={"Delay": 0.05})
    scale_writes(server, "tab")
    ddb.update_table(TableName="tab", ReplicaUpdates=[{"Create": {"RegionName": "eu-west-1"}}])
    there.get_waiter("table_exists").wait(TableName="tab", WaiterConfig={"Delay": 0.05})
    ddb.get_waiter("table_exists").wait(TableName="tab", WaiterConfig={"Delay": 0.05})
    policy = {"TargetTrackingScalingPolicyConfiguration": {"TargetValue": 70.0, "ScaleInCooldown": 60}}
    off = {"AutoScalingDisabled": True, "ScalingPolicies": []}

    def replicas(answer):
        return answer["TableAutoScalingDescription"]["Replicas"]
    answer = ddb.update_table_replica_auto_scaling(
        TableName="tab", ProvisionedWriteCapacityAutoScalingUpdate={"MinimumUnits": 5, "MaximumUnits": 50, "ScalingPolicyUpdate": policy},
        ReplicaUpdates=[{"RegionName": "eu-west-1", "ReplicaProvisionedReadCapacityAutoScalingUpdate": {"MinimumUnits": 2, "MaximumUnits": 20, "ScalingPolicyUpdate": policy}}])
    assert [(r["RegionName"], r["ReplicaProvisionedReadCapacityAutoScalingSettings"]) for r in replicas(answer)] == [("eu-west-1", off), ("us-east-1", off)]  # as it was before
    ireland, virginia = replicas(there.describe_table_replica_auto_scaling(TableName="tab"))
    for region, told in (("us-east-1", virginia), ("eu-west-1", ireland)):
        writes = told["ReplicaProvisionedWriteCapacityAutoScalingSettings"]
        assert (writes["MinimumUnits"], writes["MaximumUnits"]) == (5, 50) and "AutoScalingDisabled" not in writes
        assert writes["ScalingPolicies"][0]["PolicyName"] == "DynamoDBWriteCapacityUtilization:table/tab"
        assert writes["ScalingPolicies"][0]["TargetTrackingScalingPolicyConfiguration"] == {"TargetValue": 70.0, "ScaleInCooldown": 60}
        alarms = server.client("cloudwatch", region=region).describe_alarms(AlarmNamePrefix="TargetTracking-table/tab-AlarmHigh")["MetricAlarms"]
        assert {a["MetricName"] for a in alarms} == {"ConsumedWriteCapacityUnits"} | ({"ConsumedReadCapacityUnits"} if region == "eu-west-1" else set())
    assert virginia["ReplicaProvisionedReadCapacityAutoScalingSettings"] == off
    assert ireland["ReplicaProvisionedReadCapacityAutoScalingSettings"]["MaximumUnits"] == 20
    ddb.update_table_replica_auto_scaling(TableName="tab", ProvisionedWriteCapacityAutoScalingUpdate={"AutoScalingDisabled": True})
    assert all(r["ReplicaProvisionedWriteCapacityAutoScalingSettings"] == off for r in replicas(ddb.describe_table_replica_auto_scaling(TableName="tab")))
    what = "Failed to update settings for global table with name: ‘tab’"
    reads = {"ReplicaProvisionedReadCapacityAutoScalingUpdate": {"AutoScalingDisabled": True}}
    for wrong, told in (({}, what + " because at least one update parameter must be specified."),
                        ({"ReplicaUpdates": [{"RegionName": "us-east-1"}]}, what + " because at least one update parameter must be specified for region: ‘us-east-1’."),
                        ({"ReplicaUpdates": 2 * [{"RegionName": "us-east-1", **reads}]}, what + " because the regions: ‘[us-east-1]’ were specified more than once."),
                        ({"ProvisionedWriteCapacityAutoScalingUpdate": {}},
                         what + ": Parameters 'MaximumUnits', 'ScalingPolicyUpdate', 'MinimumUnits' are required unless auto scaling is being disabled."),
                        ({"ProvisionedWriteCapacityAutoScalingUpdate": {"AutoScalingDisabled": True, "MinimumUnits": 1, "MaximumUnits": 2}},
                         "Failed to update settings for global table with name ‘tab’: Parameters 'MaximumUnits', 'MinimumUnits' must be left blank when disabling auto scaling.")):
        assert refusal(ddb.update_table_replica_auto_scaling, TableName="tab", **wrong) == ("ValidationException", told)
    assert refusal(ddb.update_table_replica_auto_scaling, TableName="tab", ReplicaUpdates=[{"RegionName": "ap-south-1", **reads}])[0] == "ResourceNotFoundException"


def test_a_replica_of_a_provisioned_table_scales(start_brume):
    """Writes of the table and of each global index scale before there is a replica; then they do in its region, too."""
    server = start_brume()
    ddb, there = server.client("dynamodb"), server.client("dynamodb", region="eu-west-1")
    units = {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}
    name = make_table(ddb, "p:S g:S", ProvisionedThroughput=units, GlobalSecondaryIndexes=[{**index("gsi", "g"), "ProvisionedThroughput": units}])
    create = {"TableName": name, "ReplicaUpdates": [{"Create": {"RegionName": "eu-west-1"}}]}
    words = "{} write capacity should either be Pay-Per-Request or AutoScaled."
    scaling = server.client("application-autoscaling")
    assert refusal(ddb.update_table, **create) == ("ValidationException", words.format("Table"))
    scaling.register_scalable_target(ServiceNamespace="dynamodb", ResourceId=f"table/{name}", ScalableDimension="dynamodb:table:WriteCapacityUnits", MinCapacity=1, MaxCapacity=10)
    assert refusal(ddb.update_table, **create) == ("ValidationException", words.format("Table"))  # bounds alone scale nothing
    scale_writes(server, name)
    assert refusal(ddb.update_table, **create) == ("ValidationException", words.format("GSI"))
    assert not exists(there, name)
    scale_writes(server, name, "gsi", most=10)
    ddb.update_table(**create)
    for client in (ddb, there):
        wait_active(client, name)
    found = server.client("application-autoscaling", region="eu-west-1").describe_scalable_targets(ServiceNamespace="dynamodb")["ScalableTargets"]
    assert sorted((t["ResourceId"], t["ScalableDimension"], t["MinCapacity"], t["MaxCapacity"]) for t in found) == [
        (f"table/{name}", "dynamodb:table:WriteCapacityUnits", 1, 10), (f"table/{name}/index/gsi", "dynamodb:index:WriteCapacityUnits", 1, 10)]
    for told in ddb.describe_table_replica_auto_scaling(TableName=name)["TableAutoScalingDescription"]["Replicas"]:
        assert told["ReplicaProvisionedWriteCapacityAutoScalingSettings"]["ScalingPolicies"][0]["PolicyName"] == "writes"


def test_tables_that_do_not_scale_so(start_brume):
    """A table without replicas is nothing to this API; one that is paid for by request has nothing to scale."""
    server = start_brume()
    ddb = server.client("dynamodb")
    name = make_table(ddb, BillingMode="PAY_PER_REQUEST")
    absent = ("ResourceNotFoundException", f"Global table with name: '{name}' does not exist.")
    write = {"ProvisionedWriteCapacityAutoScalingUpdate": {"MinimumUnits": 1, "MaximumUnits": 2, "ScalingPolicyUpdate": {"TargetTrackingScalingPolicyConfiguration": {"TargetValue": 70.0}}}}
    assert refusal(ddb.describe_table_replica_auto_scaling, TableName=name) == absent
    assert refusal(ddb.update_table_replica_auto_scaling, TableName=name, **write) == absent
    ddb.update_table(TableName=name, ReplicaUpdates=[{"Create": {"RegionName": "eu-west-1"}}])
    wait_active(ddb, name)
    assert refusal(ddb.update_table_replica_auto_scaling, TableName=name, **write) == (
        "ValidationException", f"Failed to update global table with name ‘{name}‘. Replicas 'EU-WEST-1', 'US-EAST-1' BillingMode is PayPerRequest. You must convert "
        "table's BillingMode to PROVISIONED to set parameters: 'GlobalTableProvisionedWriteCapacityAutoScalingSettingsUpdate'.")
    ddb.update_table_replica_auto_scaling(TableName=name, ProvisionedWriteCapacityAutoScalingUpdate={"AutoScalingDisabled": True})
