"""The command line: each command, where settings come from, errors that say what to do, start and stop."""
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time

import pytest

from conftest import BINARY, ROOT


def brume(*arguments, environment=None, **options):
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("BRUME_", "AWS_", "XDG_"))}
    return subprocess.run([BINARY, *map(str, arguments)], capture_output=True, text=True, timeout=60,
                          env={**clean, "HOME": "/nonexistent", **(environment or {})}, **options)


def done(*arguments, **options):
    result = brume(*arguments, **options)
    assert result.returncode == 0, (arguments, result.stderr)
    return result.stdout


def refused(status, *arguments, **options):
    result = brume(*arguments, **options)
    assert result.returncode == status, (arguments, result.returncode, result.stdout, result.stderr)
    assert result.stderr.startswith("brume: ") and result.stderr.count("\n") == 1, result.stderr
    return result.stderr


def values(text):
    return dict(line.split(None, 1) for line in text.splitlines())


# ---- help and tables ----

def test_help_names_every_command_and_option():
    text = done("help")
    assert text == done("--help") == done("-h")
    commands = re.findall(r"^  ([a-z]+) {2,}\S", text.split("\nCommands\n")[1].split("\nOptions\n")[0], re.M)
    assert {"serve", "env", "run", "status", "snapshot", "reset", "clock", "fault", "outbox", "webhook", "scrub", "lab", "usage", "coverage", "version", "help"} == set(commands)
    for command in commands:
        assert f"brume {command}" in done("help", command)
        assert done(command, "--help") == done("help", command)


def test_manual_page_is_the_tables():
    page = ROOT / "docs/brume.1"
    assert page.read_text() == done("help", "--man"), "run: build/src/front/brume help --man > docs/brume.1"


def test_manual_page_formats_without_warning():
    if not shutil.which("groff"):
        pytest.skip("groff is not installed")
    made = subprocess.run(["groff", "-man", "-Tascii", "-ww", str(ROOT / "docs/brume.1")], capture_output=True, text=True)
    assert made.returncode == 0 and made.stderr == ""


def test_version_and_coverage_need_no_server(tmp_path):
    assert re.fullmatch(r"brume \d+\.\d+\.\d+\n", done("version"))
    assert done("--version") == done("version")
    nowhere = ("--data", tmp_path / "none")
    table = {line.split()[0]: line.split()[1:] for line in done("coverage", *nowhere).splitlines()[1:]}
    assert int(table["s3"][0]) > 20
    operations = dict(reversed(line.split()) for line in done("coverage", "s3", *nowhere).splitlines())
    assert operations["PutObject"] == "done"
    assert sum(v == "done" for v in operations.values()) == int(table["s3"][0])
    assert sum(v == "absent" for v in operations.values()) == int(table["s3"][1])
    assert "Did you mean 's3'" in refused(2, "coverage", "s4")
    assert not (tmp_path / "none").exists()


# ---- settings ----

def endpoint(*arguments, **options):
    return re.search(r"AWS_ENDPOINT_URL='(.*)'", done("env", *arguments, **options))[1]


def test_flag_before_variable_before_file_before_default(tmp_path):
    (tmp_path / "brume").mkdir()
    environment = {"XDG_CONFIG_HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path / "data"), "HOME": str(tmp_path)}
    assert endpoint(environment=environment) == "http://localhost:4566"
    (tmp_path / "brume/brume.conf").write_text("port = 3 # three\nregion = eu-west-1\n")
    assert endpoint(environment=environment) == "http://localhost:3"
    environment["BRUME_PORT"] = "2"
    assert endpoint(environment=environment) == "http://localhost:2"
    assert endpoint("--port", 1, environment=environment) == "http://localhost:1"
    assert "AWS_REGION='eu-west-1'" in done("env", environment=environment)
    other = tmp_path / "other.conf"
    other.write_text("listen = 192.0.2.7\n")
    assert endpoint("--config", other, environment=environment) == "http://192.0.2.7:2"


@pytest.mark.parametrize("arguments, words", [
    (["--prot", "1"], "Did you mean --port"),
    (["statsu"], "Did you mean 'status'"),
    (["frobnicate"], "brume help"),
    (["--port", "70000"], "from 0 to 65535"),
    (["--port"], "--port PORT"),
    (["--log", "loud"], "error, warn, info or debug"),
    (["status", "now"], "brume help status"),
    (["snapshot"], "save FILE | load FILE | list"),
    (["snapshot", "keep", "x"], "save FILE | load FILE | list"),
    (["clock", "advance", "soon"], "90d"),
    (["clock", "back", "1d"], "advance DURATION"),
    (["env", "--coalesce"], "brume clock"),
    (["reset", "--account", "12"], "twelve digits"),
    (["run"], "COMMAND"),
    (["--config", "/nonexistent/brume.conf"], "--config FILE"),
    (["lab", "nothing"], "brume lab"),
    (["help", "staus"], "Did you mean 'status'"),
])
def test_slips_are_refused_with_what_to_do(arguments, words, tmp_path):
    assert words in refused(2, *arguments, environment={"HOME": str(tmp_path)})


def test_slips_in_variables_and_files_are_refused(tmp_path):
    assert "BRUME_PORT" in refused(2, "env", environment={"BRUME_PROT": "1"})
    assert "set both" in refused(2, "env", environment={"BRUME_ROOT_ACCESS_KEY_ID": "A"})
    file = tmp_path / "x.conf"
    file.write_text("# fine\nport = 1\nlogg = info\n")
    message = refused(2, "env", "--config", file)
    assert "line 3" in message and "Did you mean log" in message


# ---- shells ----

def test_a_shell_uses_env(start_brume):
    server = start_brume()
    aws = "/usr/bin/aws" if os.path.exists("/usr/bin/aws") else shutil.which("aws")
    if not aws:
        pytest.skip("no aws command")
    clean = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
    script = (f'eval "$({BINARY} env --data {server.data})"; '
              # older ones do not know AWS_ENDPOINT_URL
              f'{aws} --endpoint-url "$AWS_ENDPOINT_URL" sts get-caller-identity --query Account --output text')
    got = subprocess.run(["sh", "-c", script], capture_output=True, text=True, timeout=60, env=clean)
    assert got.stdout.strip() == "000000000000", got.stderr


def test_env_quotes_what_a_shell_would_read():
    secret = "it's $(false) \"x\""
    environment = {**os.environ, "BRUME_ROOT_ACCESS_KEY_ID": "mine", "BRUME_ROOT_SECRET_ACCESS_KEY": secret}
    script = f'eval "$({BINARY} env)"; printf %s "$AWS_SECRET_ACCESS_KEY"'
    assert subprocess.run(["sh", "-c", script], capture_output=True, text=True, timeout=30, env=environment).stdout == secret


def test_env_knows_the_regions():
    assert "eu-south-2" in done("env", "--region", "eu-south-2")
    assert "--region" in refused(1, "env", "--region", "eu-sout-2")


def test_run(start_brume, tmp_path):
    server = start_brume()
    shown = done("run", "--data", server.data, "--", "sh", "-c", "echo $AWS_ENDPOINT_URL $AWS_ACCESS_KEY_ID")
    assert shown.strip() == f"{server.url} test"
    assert brume("run", "--data", server.data, "sh", "-c", "exit 7").returncode == 7
    assert brume("run", "--data", server.data, "--", "/nonexistent").returncode == 127
    assert "--ephemeral" in refused(3, "run", "--data", tmp_path / "none", "--port", free_port(), "--", "true")


def test_run_brings_its_own_cloud(tmp_path):
    environment = {"TMPDIR": str(tmp_path)}
    script = f'{BINARY} run -- true; {BINARY} status --port ${{AWS_ENDPOINT_URL##*:}} | grep ^data; exit 5'
    got = brume("run", "--ephemeral", "--", "sh", "-c", script, environment=environment)
    assert got.returncode == 5, got.stderr
    assert str(tmp_path) in got.stdout
    assert os.listdir(tmp_path) == []


# ---- looking and moving ----

def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def test_no_server(tmp_path):
    message = refused(3, "status", "--data", tmp_path, "--port", free_port())
    assert "Start one with 'brume'" in message


def test_status_clock_usage(start_brume):
    server = start_brume()
    at = ("--data", server.data)
    server.client("s3").create_bucket(Bucket="counted")
    status = values(done("status", *at))
    assert status["endpoint"] == server.url and int(status["store.commits"]) >= 1
    assert values(done("clock", *at)) .keys() == {"now_ms", "ahead_ms", "now"}
    before = int(values(done("clock", "show", *at))["ahead_ms"])
    ahead = int(values(done("clock", "advance", "1d12h", *at))["ahead_ms"])
    assert ahead - before == 36 * 3600 * 1000
    assert int(values(done("clock", *at))["ahead_ms"]) == ahead
    assert done("usage", *at).startswith("ACCOUNT")


def test_a_wrong_key_is_told_where_the_right_one_is(start_brume):
    server = start_brume()
    keys = {"BRUME_ROOT_ACCESS_KEY_ID": "AKIAWRONG", "BRUME_ROOT_SECRET_ACCESS_KEY": "wrong"}
    assert "DATA/credentials" in refused(1, "status", "--data", server.data, environment=keys)


def test_what_cannot_be_broken_is_named(start_brume):
    assert "zone" in done("fault") and "link" in done("fault") and "engine" in done("fault")
    assert "--zones 3" in refused(1, "fault", "zone", "a", "down", "--data", start_brume().data)
    refused(1, "fault", "engine", "x")
    refused(2, "fault", "weather")


# ---- snapshots and reset ----

def fill(server, account="test"):
    s3 = server.client("s3", account=account)
    s3.create_bucket(Bucket="kept")
    s3.put_object(Bucket="kept", Key="small", Body=b"x" * 100)
    s3.put_object(Bucket="kept", Key="middle", Body=b"y" * 30000)
    s3.put_object(Bucket="kept", Key="large", Body=b"z" * 300000)
    upload = s3.create_multipart_upload(Bucket="kept", Key="parts")["UploadId"]
    part = s3.upload_part(Bucket="kept", Key="parts", UploadId=upload, PartNumber=1, Body=b"p" * 200000)
    s3.complete_multipart_upload(Bucket="kept", Key="parts", UploadId=upload,
                                 MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]})
    upload = s3.create_multipart_upload(Bucket="kept", Key="open")["UploadId"]
    s3.upload_part(Bucket="kept", Key="open", UploadId=upload, PartNumber=1, Body=b"q" * 200000)
    return s3


def own_files(server):
    return sorted(p.name for p in (server.data / "zones").rglob("files/**/*") if p.is_file())


def test_snapshot_there_and_back(start_brume, tmp_path):
    server = start_brume()
    fill(server)
    at = ("--data", server.data)
    assert "saved" in done("snapshot", "save", "one", *at)
    done("snapshot", "save", tmp_path / "file.brume", *at)
    assert [line.split()[0] for line in done("snapshot", "list", *at).splitlines()] == ["one"]
    # the saved cloud has no saved cloud in it
    assert abs((server.data / "snapshots/one").stat().st_size - (tmp_path / "file.brume").stat().st_size) < 200000
    assert str(server.process.pid) in refused(1, "snapshot", "load", "one", *at)
    server.stop()
    assert "brume reset" in refused(1, "snapshot", "load", "one", *at)
    copy = tmp_path / "copy"
    done("snapshot", "load", tmp_path / "file.brume", "--data", copy)
    for data in (copy, server.data):
        if data == server.data:
            done("reset", *at)
            done("snapshot", "load", "one", *at)
        again = start_brume(data=data)
        s3 = again.client("s3")
        assert s3.get_object(Bucket="kept", Key="large")["Body"].read() == b"z" * 300000
        assert s3.get_object(Bucket="kept", Key="parts")["Body"].read() == b"p" * 200000
        again.stop()


def test_snapshot_writes_over_nothing_but_snapshots(start_brume, tmp_path):
    server = start_brume()
    precious = tmp_path / "precious.txt"
    precious.write_text("mine")
    assert "not a saved cloud" in refused(1, "snapshot", "save", precious, "--data", server.data)
    assert precious.read_text() == "mine"
    done("snapshot", "save", "again", "--data", server.data)
    done("snapshot", "save", "again", "--data", server.data)
    damaged = tmp_path / "damaged"
    damaged.write_bytes((server.data / "snapshots/again").read_bytes()[:-5])
    assert "Nothing was loaded" in refused(1, "snapshot", "load", damaged, "--data", tmp_path / "new")
    assert "snapshot list" in refused(1, "snapshot", "load", "none", "--data", tmp_path / "new")


def test_reset_of_an_account_leaves_the_others(start_brume):
    server = start_brume()
    fill(server)
    before = own_files(server)
    other = fill(server, account="111111111111")
    queue = server.client("sqs", account="111111111111").create_queue(QueueName="gone")["QueueUrl"]
    server.client("sqs", account="111111111111").send_message(QueueUrl=queue, MessageBody="m", DelaySeconds=1)
    kept = server.client("sqs").create_queue(QueueName="kept")["QueueUrl"]
    assert len(own_files(server)) > len(before) > 0
    assert re.match(r"deleted [1-9]\d* rows of 111111111111", done("reset", "--account", "111111111111", "--data", server.data))
    assert other.list_buckets()["Buckets"] == []
    assert "QueueUrls" not in server.client("sqs", account="111111111111").list_queues()
    assert server.client("sqs").list_queues()["QueueUrls"] == [kept]
    s3 = server.client("s3")
    assert s3.get_object(Bucket="kept", Key="large")["Body"].read() == b"z" * 300000
    wait_for(lambda: own_files(server) == before)
    done("reset", "--data", server.data)
    assert s3.list_buckets()["Buckets"] == []
    wait_for(lambda: own_files(server) == [])
    fill(server)
    assert s3.get_object(Bucket="kept", Key="middle")["Body"].read() == b"y" * 30000


def test_reset_without_a_server(start_brume, tmp_path):
    server = start_brume()
    fill(server)
    server.stop()
    (server.data / "mine.txt").write_text("not brume's")
    done("reset", "--data", server.data)
    assert {"lock", "mine.txt"} == set(os.listdir(server.data))
    assert "nothing to delete" in done("reset", "--data", server.data)
    foreign = tmp_path / "home"
    (foreign / "journal").mkdir(parents=True)
    assert "Check --data" in refused(1, "reset", "--data", foreign)
    assert (foreign / "journal").exists()


def wait_for(condition, seconds=10):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


# ---- start and stop ----

def test_a_second_start_names_the_first(start_brume):
    server = start_brume()
    message = refused(1, "serve", "--port", "0", "--data", server.data)
    assert f"in use by process {server.process.pid}" in message and "--data DIR" in message


def test_a_taken_port_is_told(start_brume, tmp_path):
    server = start_brume()
    assert "--port" in refused(1, "serve", "--port", server.port, "--data", tmp_path / "b")


def half_sent(server):
    """A PUT of which half has been sent and taken."""
    s = socket.create_connection(("127.0.0.1", server.port))
    url = server.client("s3").generate_presigned_url("put_object", Params={"Bucket": "slow", "Key": "k"})
    path = url.split(str(server.port), 1)[1]
    s.sendall(f"PUT {path} HTTP/1.1\r\nHost: localhost:{server.port}\r\nContent-Length: 10\r\nExpect: 100-continue\r\n\r\n".encode())
    assert s.recv(100).startswith(b"HTTP/1.1 100")
    s.sendall(b"01234")
    return s


@pytest.mark.parametrize("which", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_lets_running_requests_end(start_brume, which):
    server = start_brume()
    server.client("s3").create_bucket(Bucket="slow")
    s = half_sent(server)
    server.process.send_signal(which)
    time.sleep(0.3)
    assert server.process.poll() is None
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", server.port)).recv(1)
        raise ConnectionRefusedError
    s.sendall(b"56789")
    assert s.recv(1000).startswith(b"HTTP/1.1 200")
    assert server.process.wait(10) == 0
    assert not (server.data / "endpoint").exists()
    again = start_brume(data=server.data)
    assert again.client("s3").get_object(Bucket="slow", Key="k")["Body"].read() == b"0123456789"


def test_a_second_signal_ends_at_once(start_brume):
    server = start_brume()
    server.client("s3").create_bucket(Bucket="slow")
    s = half_sent(server)
    server.process.send_signal(signal.SIGTERM)
    for _ in range(400):
        if any("stopping" in line for line in server.log):
            break
        time.sleep(0.05)
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(20) == -signal.SIGTERM  # who lets the request end exits with 0
    server.ended = True
    s.close()


def test_ephemeral_leaves_nothing(start_brume, tmp_path):
    server = start_brume("--ephemeral", data=tmp_path / "below")
    server.client("s3").create_bucket(Bucket="gone")
    assert len(os.listdir(tmp_path / "below")) == 1
    server.stop()
    assert os.listdir(tmp_path / "below") == []


def test_open_files_are_raised(start_brume):
    server = start_brume()
    limits = open(f"/proc/{server.process.pid}/limits").read()
    soft, hard = re.search(r"Max open files\s+(\d+)\s+(\d+)", limits).groups()
    assert soft == hard


# ---- the root key ----

def test_variables_give_a_root_key(start_brume):
    keys = {"BRUME_ROOT_ACCESS_KEY_ID": "AKIAMINE", "BRUME_ROOT_SECRET_ACCESS_KEY": "very secret"}
    server = start_brume(environment=keys)
    assert server.client("sts", account="AKIAMINE", secret="very secret").get_caller_identity()["Arn"] == "arn:aws:iam::000000000000:root"
    assert not (server.data / "credentials").exists()
    assert "version" in done("status", "--data", server.data, environment=keys)


def test_beyond_loopback_only_the_made_key_counts(tmp_path):
    """In a network of its own, with an address that is not loopback."""
    probe = "ip link set lo up && ip addr add 192.0.2.1/32 dev lo"
    namespace = ["unshare", "-rn", "sh", "-c"]
    if not shutil.which("unshare") or not shutil.which("ip") or subprocess.run([*namespace, probe], capture_output=True).returncode:
        pytest.skip("no network namespace can be made here (unshare, ip)")
    data = tmp_path / "data"
    inside = tmp_path / "inside.py"
    inside.write_text(INSIDE)
    got = subprocess.run([*namespace, f"{probe} && exec {sys.executable} {inside} {BINARY} {data}"],
                         capture_output=True, text=True, timeout=60, cwd=ROOT)
    assert got.returncode == 0, got.stdout + got.stderr
    assert got.stdout.split() == ["key", "test-refused", "test-from-loopback", "status"]
    file = data / "credentials"
    assert file.stat().st_mode & 0o777 == 0o600
    assert re.search(r"\[default\]\naws_access_key_id = AKIA[A-Z2-7]{16}\naws_secret_access_key = \S{40}\n", file.read_text())


INSIDE = '''
import re, subprocess, sys, boto3
from botocore.config import Config
from botocore.exceptions import ClientError
binary, data = sys.argv[1:]
server = subprocess.Popen([binary, "serve", "--listen", "0.0.0.0", "--port", "4566", "--data", data], stdout=subprocess.PIPE, text=True)
assert server.stdout.readline() == "brume ready http://0.0.0.0:4566\\n"
text = open(data + "/credentials").read()
key, secret = re.search("= (AKIA.*)", text)[1], re.search("secret_access_key = (.*)", text)[1]
def account(host, key, secret):
    return boto3.client("sts", endpoint_url=f"http://{host}:4566", region_name="us-east-1", aws_access_key_id=key, aws_secret_access_key=secret,
                        config=Config(retries={"max_attempts": 0})).get_caller_identity()["Account"]
assert account("192.0.2.1", key, secret) == account("127.0.0.1", key, secret) == "000000000000"
print("key")
for wrong in ("test", "111111111111"):
    try:
        account("192.0.2.1", wrong, "test")
        sys.exit("test was honoured beyond loopback")
    except ClientError as e:
        assert e.response["Error"]["Code"] == "InvalidClientTokenId", e
print("test-refused")
assert account("127.0.0.1", "test", "test") == "000000000000"
print("test-from-loopback")
status = subprocess.run([binary, "status", "--data", data], capture_output=True, text=True)
assert status.returncode == 0 and "uptime_ms" in status.stdout, status.stderr
print("status")
server.terminate()
assert server.wait(10) == 0
'''


def test_a_damaged_credentials_file_is_not_replaced(tmp_path):
    (tmp_path / "credentials").write_text("[default]\naws_access_key_id = x\n")
    message = refused(1, "serve", "--port", "0", "--data", tmp_path)
    assert "Repair it" in message
    assert (tmp_path / "credentials").read_text() == "[default]\naws_access_key_id = x\n"


def test_commands_speak_https(start_brume):
    server = start_brume("--tls")
    at = ("--data", server.data)
    assert server.url.startswith("https:")
    assert values(done("status", *at))["endpoint"] == server.url
    assert f"AWS_CA_BUNDLE='{server.data}/tls/ca.pem'" in done("env", *at)
    (server.data / "tls/ca.pem").rename(server.data / "tls/away.pem")
    refused(3, "status", *at)
