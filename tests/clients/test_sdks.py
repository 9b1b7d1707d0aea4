"""One program in five dialects: every SDK sees the same cloud.

program.py, js/program.js, go/main.go and java/Program.java take the same steps and report them in the
same words, so a client that reads an answer differently shows as a differing line."""
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from client_kit import DEPS, client_environment, run

HERE = Path(__file__).resolve().parent

# Facts worked out apart from any client: MD5, SHA-256 and CRC-32 of the bodies (with coreutils and zlib),
# and the attribute digest as SQS documents it.
EXPECTED = {
    "dynamodb": """\
table ACTIVE
item Ada 12.5 a b 00ff 1 two true true
updated 2 false
refused ConditionalCheckFailedException 400
query 10 19 10
scan 21 5
cancelled None ConditionalCheckFailed
statement 30
missing ResourceNotFoundException 400
""",
    "s3": """\
identity arn:aws:iam::000000000000:root
object hello, cloud text/plain deep blue "ce37096d54734d9d3a96b5af4630a4e9" 94B1rQ==
stream "c7923994c7ee4054e86d0a69c06a4c12-3" eef5b47a6eaa9ed29191b1635c9dea2331ca572e5f58857a89d30c07e086b19e
range bytes 7-11/12 cloud
presigned put 200
presigned get 200 by a plain client
list 10 10 5 list/00 list/24 true
copy 12 deep blue "ce37096d54734d9d3a96b5af4630a4e9"
deleted 25 left 4
missing NoSuchKey 404
""",
    "sqs": """\
queue true 000000000000
attributes 45
sent d06ea5ae7b3ea0eee9e39fca4c708100 324be560b25fa6de1c10f9c66c47938e
received hello, queue blue 12.5 00ff 1
waited late true
batch fine good bad InvalidParameterValue true
batch deleted one three
missing AWS.SimpleQueueService.NonExistentQueue 400
""",
}


def tool(name):
    """A toolchain: the one that tools/deps put into the virtual environment, else the machine's."""
    own = DEPS / "venv/bin" / name
    return str(own) if own.exists() else shutil.which(name)


@pytest.fixture(scope="session")
def python_new():
    return [sys.executable, HERE / "program.py"]


@pytest.fixture(scope="session")
def python_debian():
    if subprocess.run(["/usr/bin/python3", "-c", "import boto3"], capture_output=True).returncode:
        pytest.skip("Debian's python3-boto3 is not installed")
    return ["/usr/bin/python3", HERE / "program.py"]


@pytest.fixture(scope="session")
def javascript():
    if not tool("node") or not (HERE / "js/node_modules").exists():
        pytest.skip("JavaScript SDK: no node, or no npm to fetch the SDK with")
    return [tool("node"), "--no-warnings", HERE / "js/program.js"]


@pytest.fixture(scope="session")
def go():
    if not tool("go"):
        pytest.skip("Go SDK: no go toolchain")
    environment = client_environment(None, GOPATH=str(DEPS / "go"), GOCACHE=str(DEPS / "go/cache"), GOTOOLCHAIN="local", GOFLAGS="-mod=readonly")
    run(tool("go"), "build", "-o", DEPS / "go/bin/client", ".", cwd=HERE / "go", env=environment, timeout=600)
    return [DEPS / "go/bin/client"]


@pytest.fixture(scope="session")
def java():
    if not shutil.which("javac") or not (DEPS / "java/lib").exists():
        pytest.skip("Java SDK: no javac, or no mvn to fetch the SDK with")
    classes, source = DEPS / "java/classes", HERE / "java/Program.java"
    built = classes / "Program.class"
    if not built.exists() or built.stat().st_mtime < max(f.stat().st_mtime for f in source.parent.glob("*.java")):
        run("javac", "-cp", f"{DEPS}/java/lib/*", "-d", classes, *source.parent.glob("*.java"))
    return ["java", "-XX:TieredStopAtLevel=1", "-cp", f"{DEPS}/java/lib/*:{classes}", "Program"]


@pytest.mark.parametrize("steps", ["dynamodb", "s3", "sqs"])
@pytest.mark.parametrize("language", ["python_new", "python_debian", "javascript", "go", "java"])
def test_program(brume, request, language, steps):
    command = request.getfixturevalue(language)
    name = f"{steps}-{language}".replace("_", "-")
    assert run(*command, steps, brume.url, name, env=client_environment()) == EXPECTED[steps]
