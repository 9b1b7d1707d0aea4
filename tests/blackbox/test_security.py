"""Statements of docs/SECURITY.md that a running brume can be held to."""
import os
import stat
from pathlib import Path


def test_nobody_else_reads_the_data_directory(start_brume):
    server = start_brume("--tls")
    server.stop()
    for path in [server.data, *Path(server.data).rglob("*")]:
        mode = stat.S_IMODE(path.stat().st_mode)
        if path.suffix == ".pem" and "ca" in path.name and "key" not in path.name:
            continue  # the authority's certificate, which clients shall read
        assert not mode & 0o077 or path == server.data, f"{path} {mode:o}"
    assert stat.S_IMODE(os.stat(server.data).st_mode) & 0o077 == 0


def test_a_crash_leaves_no_core(start_brume):
    server = start_brume()
    limits = Path(f"/proc/{server.process.pid}/limits").read_text()
    assert next(line for line in limits.splitlines() if line.startswith("Max core file size")).split()[4] == "0"
