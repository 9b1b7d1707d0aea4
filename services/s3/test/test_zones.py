"""Availability zones: what survives the loss of one, what comes back with it, and what the scrub mends."""
import json
import os
import shutil
import subprocess

import pytest
from botocore.exceptions import ClientError

from conftest import BINARY

SMALL, LARGE = b"s" * 5000, os.urandom(300000)
CLASSES = ("STANDARD", "STANDARD_IA", "GLACIER_IR", "ONEZONE_IA")


def command(server, *words):
    done = subprocess.run([BINARY, *words, "--data", str(server.data), "--port", str(server.port)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def numbers(text):
    return {line.split()[0]: int(line.split()[1]) for line in text.splitlines() if len(line.split()) == 2 and line.split()[1].isdigit()}


@pytest.fixture
def cloud(start_brume):
    server = start_brume("--zones", "3")
    s3 = server.client("s3", config={"connect_timeout": 5, "read_timeout": 20})
    s3.create_bucket(Bucket="zoned")
    return server, s3


def fill(s3, rounds=6):
    for i in range(rounds):
        for name in CLASSES:
            s3.put_object(Bucket="zoned", Key=f"{name}/{i}/small", Body=SMALL, StorageClass=name)
            s3.put_object(Bucket="zoned", Key=f"{name}/{i}/large", Body=LARGE, StorageClass=name)


def readable(s3, prefix):
    """How many of the class's objects read whole, and how many fail; never wrong bytes."""
    good = bad = 0
    for entry in s3.list_objects_v2(Bucket="zoned", Prefix=prefix + "/")["Contents"]:
        try:
            body = s3.get_object(Bucket="zoned", Key=entry["Key"])["Body"].read()
            assert body == (SMALL if entry["Key"].endswith("small") else LARGE)
            good += 1
        except AssertionError:
            raise
        except Exception:
            bad += 1
    return good, bad


def test_one_zone_down(cloud):
    server, s3 = cloud
    fill(s3)
    assert "down" in command(server, "fault", "zone", "b", "down")
    for name in CLASSES[:3]:
        assert readable(s3, name) == (12, 0)
    good, bad = readable(s3, "ONEZONE_IA")
    assert good + bad == 12 and 0 < bad < 12  # those that stand in b alone
    s3.put_object(Bucket="zoned", Key="ONEZONE_IA/new", Body=LARGE, StorageClass="ONEZONE_IA")  # goes elsewhere
    assert s3.get_object(Bucket="zoned", Key="ONEZONE_IA/new")["Body"].read() == LARGE
    server.kill()
    server.start()
    s3 = server.client("s3")
    assert readable(s3, "ONEZONE_IA")[1] == bad  # a restart does not bring it back
    command(server, "fault", "zone", "b", "up")
    assert readable(s3, "ONEZONE_IA") == (13, 0)


@pytest.mark.parametrize("lost", [0, 1, 2])
def test_a_lost_directory_is_filled_again(cloud, lost):
    server, s3 = cloud
    fill(s3, 3)
    letter = "abc"[lost]
    command(server, "fault", "zone", letter, "down")
    shutil.rmtree(server.data / "zones" / str(lost))
    s3.put_object(Bucket="zoned", Key="STANDARD/meanwhile/large", Body=LARGE)
    for part in ("segments", "files"):
        (server.data / "zones" / str(lost) / part).mkdir(parents=True)
    command(server, "fault", "zone", letter, "up")
    report = numbers(command(server, "scrub"))
    single = readable(s3, "ONEZONE_IA")
    assert report["lost"] == single[1]  # one copy is one copy
    assert numbers(command(server, "scrub"))["damaged"] == report["lost"]
    other = "abc"[(lost + 1) % 3]
    command(server, "fault", "zone", other, "down")  # now the mended copies must carry
    for name in CLASSES[:3]:
        assert readable(s3, name)[1] == 0


def test_the_scrub_finds_and_mends_a_flipped_bit(cloud):
    server, s3 = cloud
    fill(s3, 1)
    assert numbers(command(server, "scrub"))["damaged"] == 0
    flipped = 0
    for file in (server.data / "zones" / "0").rglob("*"):
        if file.is_file() and file.stat().st_size:
            at = file.stat().st_size // 2
            with open(file, "r+b") as f:
                f.seek(at)
                byte = f.read(1)
                f.seek(at)
                f.write(bytes([byte[0] ^ 1]))
            flipped += 1
    assert flipped
    for name in CLASSES[:3]:
        assert readable(s3, name) == (2, 0)
    report = numbers(command(server, "scrub"))
    assert report["damaged"] > 0 and report["repaired"] == report["damaged"] - report["lost"]
    again = numbers(command(server, "scrub"))
    assert again["damaged"] == again["lost"] == report["lost"]
    server.stop()  # its log is whole then
    server.reader.join(10)
    assert any("blob_scrub" in line for line in server.log)


def test_with_one_zone_damage_is_reported_and_never_read(start_brume):
    server = start_brume()
    s3 = server.client("s3", config={"read_timeout": 10})
    s3.create_bucket(Bucket="zoned")
    s3.put_object(Bucket="zoned", Key="STANDARD/large", Body=LARGE)
    file = next(f for f in (server.data / "zones" / "0" / "files").rglob("*") if f.is_file())
    with open(file, "r+b") as f:
        f.seek(1000)
        f.write(b"\xff\x00\xff\x00")
    report = numbers(command(server, "scrub"))
    assert report == {"blobs": 1, "bytes": len(LARGE), "damaged": 1, "repaired": 0, "lost": 1}
    with pytest.raises(Exception):
        s3.get_object(Bucket="zoned", Key="STANDARD/large")["Body"].read()
