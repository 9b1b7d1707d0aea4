"""Terraform builds an application of every kind of resource, finds nothing to change in it, and takes it down.

The program is BRUME_TERRAFORM or `terraform` (or `tofu`) on the path, its AWS provider what `terraform init` fetches; if
the file TF_CLI_CONFIG_FILE names a provider that is on the machine already (dev_overrides), nothing is fetched."""
import os
import shutil
import socket
import subprocess
from pathlib import Path

import pytest
from client_kit import run

TERRAFORM = os.environ.get("BRUME_TERRAFORM") or shutil.which("terraform") or shutil.which("tofu")
CONFIGURATION = Path(__file__).resolve().parent / "terraform/main.tf"


def provider_is_here():
    settings = Path(os.environ.get("TF_CLI_CONFIG_FILE", ""))
    return settings.is_file() and "dev_overrides" in settings.read_text()


def account_host_resolves(account):
    try:
        return bool(socket.getaddrinfo(f"{account}.localhost", 80))
    except OSError:
        return False


@pytest.mark.skipif(not TERRAFORM, reason="no terraform here")
def test_terraform_applies_without_drift_and_destroys(start_brume, tmp_path):
    server = start_brume()
    shutil.copy(CONFIGURATION, tmp_path)
    variables = {"TF_VAR_endpoint": server.url.replace("127.0.0.1", "localhost"), "TF_IN_AUTOMATION": "1",
                 "TF_VAR_s3control": "true" if account_host_resolves("000000000000") else "false"}

    def terraform(*words):
        return run(TERRAFORM, f"-chdir={tmp_path}", *words, "-no-color", env={**os.environ, **variables}, timeout=1800)

    if not provider_is_here():
        fetched = subprocess.run([TERRAFORM, f"-chdir={tmp_path}", "init", "-no-color"], capture_output=True, text=True, timeout=1800)
        if "could not connect to" in fetched.stderr:
            pytest.skip("Terraform's registry cannot be reached from here: TF_CLI_CONFIG_FILE may name a provider (dev_overrides)")
        assert fetched.returncode == 0, fetched.stderr
    terraform("apply", "-auto-approve")
    assert "No changes." in terraform("plan", "-detailed-exitcode")
    terraform("destroy", "-auto-approve")
    assert not server.client("s3").list_buckets()["Buckets"]
    assert not server.client("dynamodb").list_tables()["TableNames"]
    assert not [r for r in server.client("iam").list_roles()["Roles"] if not r["Path"].startswith("/aws-service-role/")]
