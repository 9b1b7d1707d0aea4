"""What the client tests share: the environment in which a person runs a stock client, and how to run it."""
import os
import subprocess
from pathlib import Path

DEPS = Path(__file__).resolve().parent.parent.parent / ".deps"


def client_environment(url=None, **more):
    """The environment as a person sets it: nothing of this machine's own AWS configuration gets in."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
    environment.update(AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test", AWS_DEFAULT_REGION="us-east-1",
                       AWS_CONFIG_FILE="/dev/null", AWS_SHARED_CREDENTIALS_FILE="/dev/null",
                       AWS_EC2_METADATA_DISABLED="true", AWS_MAX_ATTEMPTS="1", NO_COLOR="1")
    if url:
        environment["AWS_ENDPOINT_URL"] = url
    environment.update(more)
    return environment


def run(*command, timeout=300, expect=0, **options):
    """Runs a command; its output if it ends as expected, else the test fails and shows what it said."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=timeout, **options)
    assert done.returncode == expect, f"{command[0]} ended with {done.returncode}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout
