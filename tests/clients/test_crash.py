"""Killed without warning while clients work: what was acknowledged is there."""
import random

import crash


def test_three_kills_under_eight_uploaders_and_two_senders(start_brume):
    server = start_brume()
    server.client("s3").create_bucket(Bucket="load")
    server.client("sqs").create_queue(QueueName="load", Attributes={"VisibilityTimeout": "600"})
    objects, messages = {}, set()
    for round_ in range(3):
        load = crash.Load(server, "load", lambda: f"{server.url}/000000000000/load", uploaders=8, senders=2)
        load.serial = round_ * 1_000_000
        load.run_until_killed(random.uniform(0.5, 2.0))
        assert load.objects and load.messages
        objects.update(load.objects)
        messages |= load.messages
        server.start()
        crash.check_objects(server.client("s3"), "load", objects)
    got = crash.drain(server.client("sqs"), f"{server.url}/000000000000/load")
    assert messages <= got, f"lost: {sorted(messages - got)[:5]}"
