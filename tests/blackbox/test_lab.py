"""brume lab: what its tables say was measured, and nothing stays behind."""
import re
import subprocess

from conftest import BINARY


def test_sqs_sns_eventbridge(start_brume):
    """C-MSG: the same 100 orders by queue, topic and bus while the consumers are away."""
    server = start_brume()
    done = subprocess.run([BINARY, "lab", "sqs-sns-eventbridge", "1", "--port", str(server.port), "--data", str(server.data)],
                          capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    rows = {line[:34].strip(): re.findall(r"[\d.]+", line[34:]) for line in done.stdout.splitlines() if len(line) > 40}
    first, second, topic, bus = map(int, rows["copies: the first two consumers"])
    assert first + second == 100 and first and second  # a queue's message goes to one of them
    assert (topic, bus) == (100, 100)
    assert rows["copies: who wants Europe alone"] == ["25", "25"]
    assert rows["for who came afterwards"] == ["0", "0"]
    assert rows["replayed afterwards"] == ["100"]
    p50, p99 = rows["latency p50, ms"], rows["latency p99, ms"]
    assert all(0 < float(half) <= float(most) for half, most in zip(p50, p99))
    assert "QueueUrls" not in server.client("sqs").list_queues()
    assert server.client("sns").list_topics()["Topics"] == []
    assert [b["Name"] for b in server.client("events").list_event_buses()["EventBuses"]] == ["default"]


def test_a_lab_that_there_is_not(brume):
    done = subprocess.run([BINARY, "lab", "nonsense"], capture_output=True, text=True)
    assert done.returncode == 2 and "no lab 'nonsense'" in done.stderr
    listed = subprocess.run([BINARY, "lab"], capture_output=True, text=True, check=True).stdout
    assert listed.startswith("sqs-sns-eventbridge")
