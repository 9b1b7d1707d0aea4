"""The walk-through of CONTRIBUTING.md, applied to a copy of the tree: its operation then answers."""
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
IGNORED = shutil.ignore_patterns("build*", ".git", ".deps", "__pycache__", "node_modules")


def run(*command, cwd, **environment):
    done = subprocess.run(command, cwd=cwd, env=dict(os.environ, **environment), capture_output=True, text=True)
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
    return done.stdout


def test_walk_through(tmp_path):
    tree = tmp_path / "brume"
    shutil.copytree(ROOT, tree, ignore=IGNORED)
    (tree / ".deps").symlink_to(ROOT / ".deps")
    blocks = re.findall(r"^```\w+ (\S+)\n(.*?)^```$", (ROOT / "CONTRIBUTING.md").read_text(), re.S | re.M)
    assert [name for name, _ in blocks] == ["services/sts/access_key.c", "services/sts/meson.build",
                                            "services/sts/test/test_access_key.py"]
    for name, text in blocks:
        assert (ROOT / name).read_text() == text  # what the tree has is what the text says
        (tree / name).unlink()
        (tree / name).write_text(text)
    run("meson", "setup", "build", cwd=tree)
    run("ninja", "-C", "build", "src/front/brume", cwd=tree)
    shown = run(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "services/sts/test/test_access_key.py",
                cwd=tree, BRUME_BINARY=str(tree / "build/src/front/brume"))
    assert "4 passed" in shown
