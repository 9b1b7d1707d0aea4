"""No call can be missing: a change is on record with its commit, and what else cannot be put on record is not answered."""
import pytest
from botocore.exceptions import ConnectionClosedError


def test_what_is_not_on_record_is_not_answered(start_brume):
    """A journal that cannot be written: its folder is away while the first call since the start comes in."""
    server = start_brume()
    server.stop()
    server.start()
    calls, away = server.data / "journal" / "calls", server.data / "journal" / "away"
    calls.rename(away)
    sqs, trail = server.client("sqs"), server.client("cloudtrail")
    made = sqs.create_queue(QueueName="made")["QueueUrl"]  # its event was committed with it
    reads = [sqs.list_queues, lambda: sqs.get_queue_attributes(QueueUrl=made)]
    refusals = [lambda: sqs.create_queue(QueueName="no name"), lambda: sqs.delete_queue(QueueUrl=made + "-not")]
    for call in reads + refusals:
        with pytest.raises(ConnectionClosedError):
            call()
    away.rename(calls)
    assert [url.rsplit("/", 1)[1] for url in sqs.list_queues()["QueueUrls"]] == ["made"]
    events = [e for e in trail.lookup_events()["Events"] if e["EventSource"] == "sqs.amazonaws.com"]
    assert [e["EventName"] for e in events] == ["ListQueues", "CreateQueue"]  # whose answers left
