"""Archives whose events stand under a key of KMS."""
import datetime
import json
import time

import pytest
from botocore.exceptions import ClientError

ACCOUNT = "000000000000"
MINUTE = 60_000


def make_key(kms, bus):
    """A key that EventBridge may use for that bus, as the user guide's policy lets it."""
    policy = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "kms:*", "Resource": "*"},
        {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "kms:DescribeKey", "Resource": "*"},
        {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": ["kms:GenerateDataKey", "kms:Decrypt"], "Resource": "*",
         "Condition": {"StringEquals": {"kms:EncryptionContext:aws:events:event-bus:arn": bus}}}]}
    return kms.create_key(Policy=json.dumps(policy))["KeyMetadata"]["Arn"]


class Archive:
    def __init__(self, brume, events, bus):
        self.brume, self.events, self.bus, self.replays = brume, events, bus, 0

    def put(self, n):
        self.events.put_events(Entries=[{"EventBusName": self.bus, "Source": "s", "DetailType": "d", "Detail": json.dumps({"n": n})}])

    def size(self):
        shown = self.events.describe_archive(ArchiveName="a")
        return shown["EventCount"], shown["SizeBytes"]

    def replay(self):
        self.replays += 1
        now = datetime.datetime.fromtimestamp(0, datetime.timezone.utc)
        self.events.start_replay(ReplayName=f"r{self.replays}", EventSourceArn=f"arn:aws:events:us-east-1:{ACCOUNT}:archive/a", EventStartTime=now,
                                 EventEndTime=now + datetime.timedelta(days=40000), Destination={"Arn": self.bus})
        end = time.time() + 10
        while (shown := self.events.describe_replay(ReplayName=f"r{self.replays}"))["State"] in ("STARTING", "RUNNING") and time.time() < end:
            time.sleep(0.02)
        return shown["State"], shown.get("StateReason", "")


def test_a_key_seals_what_is_archived(start_brume):
    brume = start_brume()
    events, kms = brume.client("events"), brume.client("kms")
    bus = events.create_event_bus(Name="b")["EventBusArn"]
    key = make_key(kms, bus)
    events.create_archive(ArchiveName="a", EventSourceArn=bus, KmsKeyIdentifier=key)
    assert events.describe_archive(ArchiveName="a")["KmsKeyIdentifier"] == key
    archive = Archive(brume, events, bus)
    archive.put(1)
    count, size = archive.size()
    assert count == 1 and 100 < size < 400  # of the event, not of its seal
    assert archive.replay() == ("COMPLETED", "")
    kms.disable_key(KeyId=key)
    brume.advance_clock(6 * MINUTE)  # a data key is used for five
    archive.put(2)
    assert archive.size() == (count, size)  # nothing is kept that the key does not seal
    state, reason = archive.replay()
    assert state == "FAILED" and "disabled" in reason
    kms.enable_key(KeyId=key)
    archive.put(3)
    assert archive.size()[0] == 2 and archive.replay() == ("COMPLETED", "")
    other = make_key(kms, bus)
    events.update_archive(ArchiveName="a", KmsKeyIdentifier=other)
    archive.put(4)
    kms.disable_key(KeyId=key)
    brume.advance_clock(6 * MINUTE)
    assert archive.replay()[0] == "FAILED"  # what was archived before stays under the key of then
    kms.enable_key(KeyId=key)
    events.update_archive(ArchiveName="a", KmsKeyIdentifier="")
    kms.disable_key(KeyId=other)
    archive.put(5)
    assert archive.size()[0] == 4


def test_a_key_that_eventbridge_may_not_use(brume):
    events, kms = brume.client("events"), brume.client("kms")
    bus = events.describe_event_bus()["Arn"]
    shut = kms.create_key()["KeyMetadata"]["Arn"]
    for key in (shut, shut[:-1] + ("0" if shut[-1] != "0" else "1")):
        with pytest.raises(ClientError) as refused:
            events.create_archive(ArchiveName="shut", EventSourceArn=bus, KmsKeyIdentifier=key)
        assert refused.value.response["Error"]["Code"] == "ValidationException"
    with pytest.raises(events.exceptions.ResourceNotFoundException):
        events.describe_archive(ArchiveName="shut")
