"""Application Auto Scaling: provisioned tables grow and shrink under load, by alarms and by the clock."""
import datetime
import json
import time

import pytest
from botocore.exceptions import ClientError

TABLE = "table/tab"
READ, WRITE = "dynamodb:table:ReadCapacityUnits", "dynamodb:table:WriteCapacityUnits"
OF = {"ServiceNamespace": "dynamodb", "ResourceId": TABLE, "ScalableDimension": WRITE}
LINKED = "dynamodb.application-autoscaling.amazonaws.com"


class World:
    def __init__(self, server, read=5, write=5, **table):
        self.server = server
        server.client("iam").create_service_linked_role(AWSServiceName=LINKED)
        self.scaling, self.ddb, self.cw = (server.client(s) for s in ("application-autoscaling", "dynamodb", "cloudwatch"))
        self.ddb.create_table(TableName="tab", KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}], AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
                              ProvisionedThroughput={"ReadCapacityUnits": read, "WriteCapacityUnits": write}, **table)
        self.ddb.get_waiter("table_exists").wait(TableName="tab", WaiterConfig={"Delay": 0.05})

    def units(self):
        for _ in range(100):
            table = self.ddb.describe_table(TableName="tab")["Table"]
            if table["TableStatus"] == "ACTIVE":
                break
            time.sleep(0.02)
        return table["ProvisionedThroughput"]["ReadCapacityUnits"], table["ProvisionedThroughput"]["WriteCapacityUnits"]

    def write(self, units):
        """Of 1 KiB each, within this minute of the cloud's clock."""
        for start in range(0, units, 400):
            n = min(400, units - start)
            sizes = [100] * (n // 100) + ([n % 100] if n % 100 else [])
            for i, size in enumerate(sizes):
                self.ddb.put_item(TableName="tab", Item={"id": {"S": str(i)}, "x": {"S": "y" * (1024 * size - 20)}})

    def minute(self, units=0):
        if units:
            self.write(units)
        self.server.advance_clock(60000)

    def alarms(self):
        return {a["AlarmName"].rsplit("-", 6)[1]: a for a in self.cw.describe_alarms(AlarmNamePrefix="TargetTracking-table/tab-")["MetricAlarms"]}

    def activities(self, **more):
        return self.scaling.describe_scaling_activities(ServiceNamespace="dynamodb", **more)["ScalingActivities"]


@pytest.fixture
def world(start_brume):
    return World(start_brume())


def register(world, low=5, high=50, **more):
    return world.scaling.register_scalable_target(**{**OF, "MinCapacity": low, "MaxCapacity": high, **more})


def track(world, value=50.0, name="half", **more):
    return world.scaling.put_scaling_policy(PolicyName=name, PolicyType="TargetTrackingScaling", **OF, TargetTrackingScalingPolicyConfiguration={
        "TargetValue": value, "PredefinedMetricSpecification": {"PredefinedMetricType": "DynamoDBWriteCapacityUtilization"}, **more})


def code(call, **arguments):
    with pytest.raises(ClientError) as error:
        call(**arguments)
    return error.value.response["Error"]["Code"]


def test_a_table_grows_and_shrinks_under_load(world):
    register(world)
    put = track(world)
    assert {a["AlarmName"].rsplit("-", 6)[1] for a in put["Alarms"]} == {"AlarmHigh", "AlarmLow", "ProvisionedCapacityHigh", "ProvisionedCapacityLow"}
    alarms = world.alarms()
    assert (alarms["AlarmHigh"]["Threshold"], alarms["AlarmHigh"]["EvaluationPeriods"], alarms["AlarmHigh"]["Statistic"]) == (150.0, 2, "Sum")
    assert (alarms["AlarmLow"]["Threshold"], alarms["AlarmLow"]["EvaluationPeriods"]) == (90.0, 15)
    assert alarms["AlarmHigh"]["AlarmActions"] == [put["PolicyARN"]] and ":scalingPolicy:" in put["PolicyARN"]
    assert put["PolicyARN"].endswith(":resource/dynamodb/table/tab:policyName/half")
    for _ in range(3):  # 300 units a minute are 5 a second, which are half of 10
        world.minute(300)
    assert world.units() == (5, 10)
    newest = world.activities()[0]
    assert newest["Description"] == "Setting write capacity units to 10." and newest["StatusCode"] == "Successful"
    assert newest["StatusMessage"] == "Successfully set write capacity units to 10. Change successfully fulfilled by dynamodb."
    assert newest["Cause"] == f"monitor alarm {world.alarms()['AlarmHigh']['AlarmName']} in state ALARM triggered policy half"
    assert world.alarms()["AlarmHigh"]["Threshold"] == 300.0  # the alarms follow
    for _ in range(18):
        world.minute(60)
    assert world.units() == (5, 5)
    assert [a["Description"] for a in world.activities()] == ["Setting write capacity units to 5.", "Setting write capacity units to 10."]
    world.scaling.delete_scaling_policy(PolicyName="half", **OF)
    assert world.alarms() == {}


def test_bounds_hold(world):
    register(world, high=6)
    track(world)
    for _ in range(3):
        world.minute(600)
    assert world.units() == (5, 6)
    world.minute(600)
    stuck = world.activities(IncludeNotScaledActivities=True)[0]
    assert stuck["NotScaledReasons"] == [{"Code": "AlreadyAtMaxCapacity", "MaxCapacity": 6}]
    assert len(world.activities()) == 1
    register(world, low=8, high=20)  # below its minimum: it is brought there at once
    assert world.units() == (5, 8)
    assert world.activities()[0]["Cause"] == "minimum capacity was set to 8"
    register(world, low=2, high=4)
    assert world.units() == (5, 4)


def test_cooldown_and_scale_in_that_is_off(world):
    register(world)
    track(world, ScaleInCooldown=3600, DisableScaleIn=True)
    assert "AlarmLow" not in world.alarms()
    for _ in range(3):
        world.minute(300)
    assert world.units() == (5, 10)
    for _ in range(17):
        world.minute(60)
    assert world.units() == (5, 10)
    shown = world.scaling.describe_scaling_policies(ServiceNamespace="dynamodb")["ScalingPolicies"][0]["TargetTrackingScalingPolicyConfiguration"]
    assert shown["DisableScaleIn"] and shown["ScaleInCooldown"] == 3600 and "ScaleOutCooldown" not in shown


def test_suspended(world):
    register(world, SuspendedState={"DynamicScalingOutSuspended": True, "ScheduledScalingSuspended": True})
    track(world)
    world.scaling.put_scheduled_action(ScheduledActionName="more", Schedule="rate(2 minutes)", ScalableTargetAction={"MinCapacity": 20}, **OF)
    for _ in range(3):
        world.minute(300)
    assert world.units() == (5, 5) and world.activities() == []
    register(world, SuspendedState={"DynamicScalingOutSuspended": False})
    state = world.scaling.describe_scalable_targets(ServiceNamespace="dynamodb")["ScalableTargets"][0]["SuspendedState"]
    assert state == {"DynamicScalingInSuspended": False, "DynamicScalingOutSuspended": False, "ScheduledScalingSuspended": True}
    world.minute(300)  # the alarm still rings
    assert world.units() == (5, 10)


def test_an_index_scales_by_itself(start_brume):
    throughput = {"ReadCapacityUnits": 5, "WriteCapacityUnits": 5}
    server = start_brume()
    server.client("iam").create_service_linked_role(AWSServiceName=LINKED)
    ddb, scaling = server.client("dynamodb"), server.client("application-autoscaling")
    ddb.create_table(TableName="tab", KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}], ProvisionedThroughput={"ReadCapacityUnits": 5, "WriteCapacityUnits": 40},
                     AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}, {"AttributeName": "g", "AttributeType": "S"}],
                     GlobalSecondaryIndexes=[{"IndexName": "idx", "KeySchema": [{"AttributeName": "g", "KeyType": "HASH"}], "Projection": {"ProjectionType": "ALL"}, "ProvisionedThroughput": throughput}])
    ddb.get_waiter("table_exists").wait(TableName="tab", WaiterConfig={"Delay": 0.05})
    of = {"ServiceNamespace": "dynamodb", "ResourceId": "table/tab/index/idx", "ScalableDimension": "dynamodb:index:WriteCapacityUnits"}
    scaling.register_scalable_target(MinCapacity=1, MaxCapacity=30, **of)
    scaling.put_scaling_policy(PolicyName="p", PolicyType="TargetTrackingScaling", **of, TargetTrackingScalingPolicyConfiguration={
        "TargetValue": 50.0, "PredefinedMetricSpecification": {"PredefinedMetricType": "DynamoDBWriteCapacityUtilization"}})
    for n in range(3):
        for i in range(6):
            ddb.put_item(TableName="tab", Item={"id": {"S": f"{n}-{i}"}, "g": {"S": "g"}, "x": {"S": "y" * (1024 * 50 - 100)}})
        server.advance_clock(60000)
    table = ddb.describe_table(TableName="tab")["Table"]
    assert table["GlobalSecondaryIndexes"][0]["ProvisionedThroughput"]["WriteCapacityUnits"] == 10
    assert table["ProvisionedThroughput"]["WriteCapacityUnits"] == 40


def test_scheduled_actions_move_the_bounds(world):
    register(world)
    action = world.scaling.put_scheduled_action
    action(ScheduledActionName="evening", Schedule="rate(1 hour)", ScalableTargetAction={"MinCapacity": 12, "MaxCapacity": 30}, **OF)
    shown = world.scaling.describe_scheduled_actions(ServiceNamespace="dynamodb")["ScheduledActions"]
    assert [(s["ScheduledActionName"], s["Schedule"], s["ScalableTargetAction"]) for s in shown] == [("evening", "rate(1 hour)", {"MinCapacity": 12, "MaxCapacity": 30})]
    assert ":scheduledAction:" in shown[0]["ScheduledActionARN"] and shown[0]["ScheduledActionARN"].endswith(":resource/dynamodb/table/tab:scheduledActionName/evening")
    assert world.units() == (5, 5)
    world.server.advance_clock(3601 * 1000)
    assert world.units() == (5, 12)
    target = world.scaling.describe_scalable_targets(ServiceNamespace="dynamodb", ResourceIds=[TABLE])["ScalableTargets"][0]
    assert (target["MinCapacity"], target["MaxCapacity"]) == (12, 30)
    world.scaling.delete_scheduled_action(ScheduledActionName="evening", **OF)
    in_two_hours = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=3)
    action(ScheduledActionName="once", Schedule=f"at({in_two_hours:%Y-%m-%dT%H:%M:%S})", ScalableTargetAction={"MinCapacity": 3, "MaxCapacity": 4}, **OF)
    world.server.advance_clock(3 * 3600 * 1000)
    assert world.units() == (5, 4)
    assert code(action, ScheduledActionName="bad", Schedule="every hour", ScalableTargetAction={"MinCapacity": 3}, **OF) == "ValidationException"
    assert code(action, ScheduledActionName="bad", Schedule="rate(1 hour)", **OF) == "ValidationException"
    assert code(action, ScheduledActionName="bad", Schedule="rate(1 hour)", Timezone="Nowhere/At_All", ScalableTargetAction={"MinCapacity": 3}, **OF) == "ValidationException"


def test_a_scheduled_action_put_again(world):
    register(world)
    at = datetime.datetime(2040, 1, 1, tzinfo=datetime.timezone.utc)

    def put(**changed):
        world.scaling.put_scheduled_action(ScheduledActionName="evening", **changed, **OF)
        shown = world.scaling.describe_scheduled_actions(ServiceNamespace="dynamodb")["ScheduledActions"][0]
        return shown["Schedule"], shown["ScalableTargetAction"], shown.get("StartTime"), shown.get("EndTime")
    assert put(Schedule="rate(1 hour)", ScalableTargetAction={"MinCapacity": 2}, StartTime=at, EndTime=at.replace(year=2041)) == ("rate(1 hour)", {"MinCapacity": 2}, at, at.replace(year=2041))
    assert put(ScalableTargetAction={"MaxCapacity": 10}, StartTime=at) == ("rate(1 hour)", {"MaxCapacity": 10}, at, None)
    assert put(Schedule="rate(2 hours)") == ("rate(2 hours)", {"MaxCapacity": 10}, None, None)


def test_alarms_follow_a_change_by_hand(world):
    register(world)
    track(world)
    world.minute(10)
    world.ddb.update_table(TableName="tab", ProvisionedThroughput={"ReadCapacityUnits": 5, "WriteCapacityUnits": 20})
    for _ in range(17):
        world.minute(10 * 60)
    assert world.alarms()["AlarmHigh"]["Threshold"] == 600.0


def test_what_is_refused(world):
    scaling = world.scaling
    assert code(scaling.register_scalable_target, **{**OF, "ResourceId": "table/none"}, MinCapacity=1, MaxCapacity=2) == "ValidationException"
    assert code(scaling.register_scalable_target, **{**OF, "ResourceId": "t"}, MinCapacity=1, MaxCapacity=2) == "ValidationException"
    assert code(scaling.register_scalable_target, **OF, MinCapacity=1) == "ValidationException"
    assert code(scaling.register_scalable_target, **OF, MinCapacity=3, MaxCapacity=2) == "ValidationException"
    assert code(scaling.deregister_scalable_target, **OF) == "ObjectNotFoundException"
    with pytest.raises(ClientError) as error:
        track(world)
    assert error.value.response["Error"]["Message"] == f"No scalable target registered for service namespace: dynamodb, resource ID: {TABLE}, scalable dimension: {WRITE}"
    register(world)
    assert code(scaling.delete_scaling_policy, PolicyName="none", **OF) == "ObjectNotFoundException"
    assert code(scaling.delete_scheduled_action, ScheduledActionName="none", **OF) == "ObjectNotFoundException"
    assert code(scaling.put_scaling_policy, PolicyName="p", PolicyType="StepScaling", **OF, StepScalingPolicyConfiguration={
        "AdjustmentType": "ExactCapacity", "StepAdjustments": [{"ScalingAdjustment": 1, "MetricIntervalLowerBound": 0.0}]}) == "ValidationException"
    reads = {"TargetValue": 50.0, "PredefinedMetricSpecification": {"PredefinedMetricType": "DynamoDBReadCapacityUtilization"}}
    assert code(scaling.put_scaling_policy, PolicyName="p", PolicyType="TargetTrackingScaling", **OF, TargetTrackingScalingPolicyConfiguration=reads) == "ValidationException"
    assert code(scaling.describe_scalable_targets, ServiceNamespace="dynamodb", NextToken="x") == "InvalidNextTokenException"
    assert code(scaling.describe_scaling_policies, ServiceNamespace="dynamodb", ScalableDimension=WRITE) == "ValidationException"


def test_pages_tags_and_an_end(world):
    scaling = world.scaling
    arn = register(world, Tags={"team": "a"})["ScalableTargetARN"]
    scaling.register_scalable_target(**{**OF, "ScalableDimension": READ}, MinCapacity=1, MaxCapacity=9)
    assert register(world)["ScalableTargetARN"] == arn
    page = scaling.describe_scalable_targets(ServiceNamespace="dynamodb", MaxResults=1)
    rest = scaling.describe_scalable_targets(ServiceNamespace="dynamodb", NextToken=page["NextToken"])
    assert [t["ScalableDimension"] for t in page["ScalableTargets"] + rest["ScalableTargets"]] == [READ, WRITE]
    assert rest["ScalableTargets"][0]["RoleARN"].endswith(f":role/aws-service-role/{LINKED}/AWSServiceRoleForApplicationAutoScaling_DynamoDBTable")
    scaling.tag_resource(ResourceARN=arn, Tags={"stage": "x"})
    scaling.untag_resource(ResourceARN=arn, TagKeys=["team"])
    assert scaling.list_tags_for_resource(ResourceARN=arn)["Tags"] == {"stage": "x"}
    track(world)
    scaling.deregister_scalable_target(**OF)
    assert world.alarms() == {} and scaling.describe_scaling_policies(ServiceNamespace="dynamodb")["ScalingPolicies"] == []
    assert code(scaling.list_tags_for_resource, ResourceARN=arn) == "ResourceNotFoundException"


@pytest.mark.as_root
def test_the_role_comes_with_the_first_target(start_brume):
    server = start_brume()
    ddb, scaling, iam = server.client("dynamodb"), server.client("application-autoscaling"), server.client("iam")
    ddb.create_table(TableName="tab", KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}], AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
                     ProvisionedThroughput={"ReadCapacityUnits": 1, "WriteCapacityUnits": 1})
    ddb.get_waiter("table_exists").wait(TableName="tab", WaiterConfig={"Delay": 0.05})
    iam.create_user(UserName="u")
    iam.put_user_policy(UserName="u", PolicyName="p", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": {
        "Effect": "Allow", "Action": "application-autoscaling:*", "Resource": "*", "Condition": {"StringEquals": {"application-autoscaling:service-namespace": "dynamodb"}}}}))
    key = iam.create_access_key(UserName="u")["AccessKey"]
    user = server.client("application-autoscaling", account=key["AccessKeyId"], secret=key["SecretAccessKey"])
    assert code(user.register_scalable_target, **OF, MinCapacity=1, MaxCapacity=2) == "AccessDeniedException"  # nor may the user make the role
    scaling.register_scalable_target(**OF, MinCapacity=1, MaxCapacity=2)
    assert iam.get_role(RoleName="AWSServiceRoleForApplicationAutoScaling_DynamoDBTable")["Role"]["Path"] == f"/aws-service-role/{LINKED}/"
    user.register_scalable_target(**OF, MinCapacity=1, MaxCapacity=3)
