"""No call can be missing: a change is on record with its commit, and what else cannot be put on record is not answered."""
import json
import ssl
import urllib.request

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


def test_the_tls_of_a_call(start_brume):
    server = start_brume("--tls")
    ca = f"{server.data}/tls/ca.pem"
    context = ssl.create_default_context(cafile=ca)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    urllib.request.urlopen(server.client("sts", verify=ca).generate_presigned_url("get_caller_identity", HttpMethod="GET"), context=context).read()
    trail = server.client("cloudtrail", verify=ca)
    trail.describe_trails()

    def of(name):
        events = trail.lookup_events(LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": name}])["Events"]
        return json.loads(events[0]["CloudTrailEvent"])["tlsDetails"]

    old, new = of("GetCallerIdentity"), of("DescribeTrails")
    assert old["tlsVersion"] == "TLSv1.2" and old["cipherSuite"].startswith("ECDHE-") and old["clientProvidedHostHeader"] == server.url.split("/")[2]
    assert new["tlsVersion"] == "TLSv1.3" and new["cipherSuite"].startswith("TLS_AES_")
