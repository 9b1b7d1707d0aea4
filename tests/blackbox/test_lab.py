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
    assert listed.startswith("sqs-sns-eventbridge") and "s3-storage-classes" in listed


def test_s3_storage_classes(start_brume):
    """C-TIERS: the same object in seven classes."""
    server = start_brume("--zones", "3")
    done = subprocess.run([BINARY, "lab", "s3-storage-classes", "256", "--port", str(server.port), "--data", str(server.data)],
                          capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    rows = {line.split()[0]: line for line in done.stdout.splitlines() if line[:1].isupper()}
    column = lambda name, pattern: re.search(pattern, rows[name]).group(1)
    for name in ("STANDARD", "INTELLIGENT_TIERING", "STANDARD_IA", "GLACIER_IR"):
        assert float(column(name, r"([\d.]+) ms +no ")) > 0
        assert "3 of 3" in rows[name]
    assert 1 <= int(column("ONEZONE_IA", r"(\d) of 3")) < 3  # it stands in one
    assert int(column("GLACIER", r"refused +(\d+) h")) == 5 and int(column("DEEP_ARCHIVE", r"refused +(\d+) h")) == 12
    minimums = {name: int(column(name, r"(\d+) days")) for name in rows if "days" in rows[name]}
    assert minimums == {"STANDARD_IA": 30, "ONEZONE_IA": 30, "GLACIER_IR": 90, "GLACIER": 90, "DEEP_ARCHIVE": 180}
    assert {name: column(name, r"(\d+) KiB") for name in ("STANDARD_IA", "ONEZONE_IA", "GLACIER_IR")} == dict.fromkeys(("STANDARD_IA", "ONEZONE_IA", "GLACIER_IR"), "128")
    assert "Retrieval-SIA EarlyDelete-SIA" in rows["STANDARD_IA"] and "Retrieval" not in rows["STANDARD"]
    day = dict(re.findall(r"^  (TimedStorage\S+) +(\d+)$", done.stdout, re.M))
    assert {"TimedStorage-ByteHrs", "TimedStorage-SIA-ByteHrs", "TimedStorage-ZIA-ByteHrs", "TimedStorage-GIR-ByteHrs",
            "TimedStorage-GDA-ByteHrs", "TimedStorage-INT-FA-ByteHrs"} <= set(day)
    assert server.client("s3").list_buckets()["Buckets"] == []
