"""Fixtures of the black-box tests: a brume of one's own on a free port with its own data directory.

Every test session has one server; a test that must stop, kill or configure its server asks for
`start_brume`. BRUME_BINARY names the program under test."""
import contextlib
import datetime
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials

# Clients of S3 put names in front of the host; names below localhost are loopback (RFC 6761), but not every system knows.
_getaddrinfo = socket.getaddrinfo
socket.getaddrinfo = lambda host, *more, **named: _getaddrinfo("127.0.0.1" if str(host).endswith(".localhost") else host, *more, **named)

ROOT = Path(__file__).resolve().parent
LIBRARIES = {"BRUME_DUCKDB": str(ROOT / ".deps/duckdb/libduckdb.so")}  # opened by who asks in SQL
BINARY = os.environ.get("BRUME_BINARY", str(ROOT / "build/src/front/brume"))


# The rooms' tests again, but as users who may use the service under test alone: BRUME_TESTS_AS=user.
AS_USER = os.environ.get("BRUME_TESTS_AS") == "user"
USERS = {}

# A cloud of one's own begins so many milliseconds after a full minute of its clock: what a test puts into one minute, or one
# after the other into the next, is there however slow the machine is. BRUME_TESTS_BEGIN=59300 hunts for tests that trust in
# more than that; it moves the shared cloud too.
BEGIN = int(os.environ.get("BRUME_TESTS_BEGIN", "1000"))


class Brume:
    """A running brume. `url` is its endpoint."""

    def __init__(self, data, arguments=(), environment=None):
        self.data = Path(data)
        self.arguments = list(arguments)
        self.environment = dict(environment or {})
        self.process = None
        self.url = None
        self.log = []
        self.reader = None  # of the log
        self.ended = False  # by the test

    def start(self):
        command = [BINARY, "serve", "--port", "0", "--data", str(self.data), *self.arguments]
        self.ended = False
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                        env={**LIBRARIES, **os.environ, **self.environment})
        self.reader = threading.Thread(target=self._drain, args=(self.process.stderr,), daemon=True)
        self.reader.start()
        ready = self.process.stdout.readline()
        match = re.match(r"brume ready (\S+)", ready)
        if not match:
            self.process.wait(10)
            raise RuntimeError(f"brume did not start: {ready!r} {self.log[-20:]}")
        self.url = match[1]
        return self

    def _drain(self, pipe):
        for line in pipe:
            self.log.append(line.rstrip())

    @property
    def port(self):
        return int(self.url.rsplit(":", 1)[1])

    def kill(self):
        """As the power would: no warning."""
        self.ended = True
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        """SIGTERM, and the exit status must be 0: a sanitizer's finding shows here, and who ended by itself."""
        self.ended = True
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(30)
        if status:
            self.reader.join(5)
            print(*self.log[-60:], sep="\n", file=sys.stderr)
        assert status == 0, "what it said last stands in the captured standard error"

    def advance_clock(self, ms, coalesce=False):
        """Moves the cloud's clock; returns when what fell due is done. For a server of one's own."""
        return self.admin("POST", "clock", by_ms=int(ms), **({"coalesce": "true"} if coalesce else {}))

    def now(self):
        """What the cloud's clock shows."""
        return datetime.datetime.fromtimestamp(self.admin("GET", "clock")["now_ms"] / 1000, datetime.timezone.utc)

    def begin_minute(self):
        with contextlib.suppress(urllib.error.URLError):  # who has another root, or TLS, begins as it comes
            self.advance_clock((BEGIN - self.admin("GET", "clock")["now_ms"]) % 60000)

    def admin(self, method, name, **query):
        """An administrative call, signed as root."""
        url = f"{self.url}/_brume/{name}?{urllib.parse.urlencode(query)}"
        request = AWSRequest(method, url, data=b"")
        SigV4Auth(Credentials("test", "test"), "brume", "us-east-1").add_auth(request)
        call = urllib.request.Request(url, data=b"" if method == "POST" else None, headers=dict(request.headers), method=method)
        with urllib.request.urlopen(call) as answer:
            return json.load(answer)

    def client(self, service, account="test", region="us-east-1", secret="test", **options):
        if AS_USER and secret == "test" and service not in ("iam", "sts", "organizations"):
            account, secret = self._least_user(service, account)
        config = Config(retries={"max_attempts": 0}, **options.pop("config", {}))
        return boto3.client(service, endpoint_url=self.url, aws_access_key_id=account, aws_secret_access_key=secret,
                            region_name=region, config=config, verify=options.pop("verify", None), **options)

    def identity_of(self, client):
        """Who a client signs as: GetCallerIdentity by its own keys."""
        keys = client._request_signer._credentials
        sts = boto3.client("sts", endpoint_url=self.url, aws_access_key_id=keys.access_key, aws_secret_access_key=keys.secret_key, region_name="us-east-1")
        return sts.get_caller_identity()

    def _least_user(self, service, account):
        """Keys of a user of the account who may use this service, give it roles, and nothing else."""
        known = USERS.setdefault(str(self.data), {})  # they outlive a restart, as the data does
        if (service, account) not in known:
            iam, name = boto3.client("iam", endpoint_url=self.url, aws_access_key_id=account, aws_secret_access_key="test", region_name="us-east-1"), f"tests-{service}"
            prefix = "tag" if service == "resourcegroupstaggingapi" else service.removesuffix("streams").removesuffix("control")
            rights = {"Version": "2012-10-17", "Statement": [
                {"Effect": "Allow", "Action": f"{prefix}:*", "Resource": "*"},
                {"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*", "Condition": {"StringEquals": {"iam:PassedToService": f"{prefix}.amazonaws.com"}}}]}
            iam.create_user(UserName=name)
            iam.put_user_policy(UserName=name, PolicyName="least", PolicyDocument=json.dumps(rights))
            key = iam.create_access_key(UserName=name)["AccessKey"]
            known[service, account] = key["AccessKeyId"], key["SecretAccessKey"]
        return known[service, account]


def pytest_collection_modifyitems(config, items):
    """What is about the root user is no test of a user: not selected, since a skip says that the machine lacks something."""
    roots = [item for item in items if AS_USER and item.get_closest_marker("as_root")]
    if roots:
        config.hook.pytest_deselected(items=roots)
        items[:] = [item for item in items if item not in roots]


@pytest.fixture(scope="session")
def brume(tmp_path_factory):
    server = Brume(tmp_path_factory.mktemp("brume")).start()
    yield server
    server.stop()


@pytest.fixture(autouse="BRUME_TESTS_BEGIN" in os.environ)
def _begin(request):
    if "brume" in request.fixturenames:
        request.getfixturevalue("brume").begin_minute()


@pytest.fixture
def start_brume(tmp_path):
    """start_brume(*arguments, data=..., environment=...) -> Brume; all are ended with the test."""
    started = []

    def start(*arguments, data=None, environment=None):
        where = Path(data or tmp_path / f"data{len(started)}")
        new = not where.exists()
        server = Brume(where, arguments, environment).start()
        started.append(server)
        if new:
            server.begin_minute()
        return server

    yield start
    for server in started:
        if not server.ended:
            server.stop()


@pytest.fixture(scope="session")
def sqs(brume):
    return brume.client("sqs")


@pytest.fixture(scope="session")
def s3(brume):
    return brume.client("s3")


@pytest.fixture(scope="session")
def sts(brume):
    return brume.client("sts")
