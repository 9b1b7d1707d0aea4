"""Trails of a whole organization: the events of its members in one bucket, seen by all, changed by few."""
import datetime
import gzip
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from organization_kit import Organization, refusal

MINUTE, HOUR = 60 * 1000, 3600 * 1000


def policy(bucket):
    service = {"Service": "cloudtrail.amazonaws.com"}
    return json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": service, "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{bucket}/*"}]})


@pytest.fixture
def world(start_brume):
    server = start_brume()
    organization = Organization(server)
    s3 = organization.of(organization.management, "s3")
    s3.create_bucket(Bucket="logs")
    s3.put_bucket_policy(Bucket="logs", Policy=policy("logs"))
    organization.s3 = s3
    organization.trail = organization.of(organization.management, "cloudtrail")
    return organization


def keys(world, part):
    return [o["Key"] for o in world.s3.list_objects_v2(Bucket="logs").get("Contents", []) if part in o["Key"] and o["Key"].endswith(".gz")]


def names(world, part):
    bodies = [world.s3.get_object(Bucket="logs", Key=k)["Body"].read() for k in keys(world, part)]
    return [r["eventName"] for b in bodies for r in json.loads(gzip.decompress(b))["Records"]]


def enabled(world, **options):
    world.client.enable_aws_service_access(ServicePrincipal="cloudtrail.amazonaws.com")
    arn = world.trail.create_trail(Name="everybody", S3BucketName="logs", IsOrganizationTrail=True, **options)["TrailARN"]
    world.trail.start_logging(Name="everybody")
    return arn


def test_who_may_have_one(world):
    member = world.account()
    wanted = {"Name": "everybody", "S3BucketName": "logs", "IsOrganizationTrail": True}
    assert refusal(world.of("450000000009", "cloudtrail").create_trail, **wanted)[0] == "OrganizationsNotInUseException"
    assert refusal(world.trail.create_trail, **wanted)[0] == "CloudTrailAccessNotEnabledException"
    assert refusal(world.of(member, "cloudtrail").create_trail, **wanted)[0] == "NotOrganizationMasterAccountException"
    assert enabled(world) == f"arn:aws:cloudtrail:us-east-1:{world.management}:trail/everybody"
    assert world.trail.get_trail(Name="everybody")["Trail"]["IsOrganizationTrail"]


def test_members_events_stand_in_the_one_bucket(world):
    member, other = world.account(), world.account("other")
    enabled(world)
    world.of(member, "sqs").create_queue(QueueName="q")
    world.of(other, "sqs").list_queues()
    world.of("450000000010", "sqs").create_queue(QueueName="not-ours")
    world.server.advance_clock(5 * MINUTE)
    place = f"AWSLogs/{world.made['Id']}"
    assert keys(world, f"{place}/{member}/CloudTrail/us-east-1/")[0].rsplit("/", 1)[1].startswith(f"{member}_CloudTrail_us-east-1_")
    assert "CreateQueue" in names(world, f"{place}/{member}/") and names(world, f"{place}/{other}/").count("ListQueues") == 1
    assert keys(world, f"{place}/{world.management}/") and not keys(world, "450000000010")
    late = world.account("late")  # who joins is on the trail
    world.of(late, "sqs").create_queue(QueueName="q")
    world.server.advance_clock(5 * MINUTE)
    assert "CreateQueue" in names(world, f"{place}/{late}/")


def test_members_see_it_and_leave_it_alone(world):
    member = world.account()
    arn = enabled(world)
    trail = world.of(member, "cloudtrail")
    shown, = trail.describe_trails()["trailList"]
    assert (shown["TrailARN"], shown["IsOrganizationTrail"], shown["HomeRegion"]) == (arn, True, "us-east-1")
    assert trail.list_trails()["Trails"] == [{"TrailARN": arn, "Name": "everybody", "HomeRegion": "us-east-1"}]
    assert trail.get_trail(Name=arn)["Trail"] == shown and trail.get_trail_status(Name=arn)["IsLogging"]
    for call, options in [(trail.stop_logging, {"Name": arn}), (trail.delete_trail, {"Name": arn}), (trail.update_trail, {"Name": arn}),
                          (trail.put_event_selectors, {"TrailName": arn, "EventSelectors": [{"ReadWriteType": "All"}]})]:
        assert refusal(call, **options)[0] == "NotOrganizationMasterAccountException"
    assert world.of("450000000011", "cloudtrail").describe_trails()["trailList"] == []


@pytest.mark.as_root
def test_delegated_administrator(world):
    member = world.account()
    arn = enabled(world)
    world.trail.register_organization_delegated_admin(MemberAccountId=member)
    administrator = world.of(member, "cloudtrail")
    administrator.stop_logging(Name=arn)
    assert not world.trail.get_trail_status(Name=arn)["IsLogging"]
    made = administrator.create_trail(Name="second", S3BucketName="logs", IsOrganizationTrail=True)
    assert made["TrailARN"] == f"arn:aws:cloudtrail:us-east-1:{world.management}:trail/second"
    assert refusal(administrator.register_organization_delegated_admin, MemberAccountId=member)[0] == "NotOrganizationManagementAccountException"
    world.trail.deregister_organization_delegated_admin(DelegatedAdminAccountId=member)
    assert refusal(administrator.start_logging, Name=arn)[0] == "NotOrganizationMasterAccountException"


def test_data_events_of_members(world):
    member = world.account()
    enabled(world)
    world.trail.put_event_selectors(TrailName="everybody", EventSelectors=[
        {"ReadWriteType": "All", "IncludeManagementEvents": False, "DataResources": [{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3"]}]}])
    s3 = world.of(member, "s3")
    s3.create_bucket(Bucket="theirs")
    s3.put_object(Bucket="theirs", Key="k", Body=b"x")
    world.server.advance_clock(5 * MINUTE)
    assert names(world, f"/{member}/CloudTrail/") == ["PutObject"]


def test_a_members_digests_are_valid(world):
    member = world.account()
    arn = enabled(world, EnableLogFileValidation=True)
    for hour in range(2):
        world.of(member, "sqs").create_queue(QueueName=f"q{hour}")
        world.server.advance_clock(HOUR)
    world.server.advance_clock(HOUR)
    now = datetime.datetime.now(datetime.timezone.utc)
    command = [str(Path(sys.executable).parent / "aws"), "--endpoint-url", world.server.url, "cloudtrail", "validate-logs", "--trail-arn", arn, "--account-id", member,
               "--start-time", (now - datetime.timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ"),
               "--end-time", (now + datetime.timedelta(hours=6)).strftime("%Y-%m-%dT%H:%M:%SZ"), "--verbose"]
    environment = dict(os.environ, AWS_ACCESS_KEY_ID=world.management, AWS_SECRET_ACCESS_KEY="test", AWS_DEFAULT_REGION="us-east-1", AWS_ENDPOINT_URL=world.server.url)
    answer = subprocess.run(command, capture_output=True, text=True, env=environment)
    digests = keys(world, f"/{member}/CloudTrail-Digest/")
    assert answer.returncode == 0 and len(digests) >= 2, answer.stdout + answer.stderr
    assert f"{len(digests)}/{len(digests)} digest files valid" in answer.stdout and "2/2 log files valid" in answer.stdout
