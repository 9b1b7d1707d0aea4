"""The README's first five minutes, as whoever follows it types them."""
import os
import re
import subprocess
from pathlib import Path

README = (Path(__file__).resolve().parents[2] / "README.md").read_text()


def blocks():
    """(commands, expected output) of each sh block and the text block after it."""
    return re.findall(r"^```sh\n(.*?)^```\n```text\n(.*?)^```$", README, re.S | re.M)


def first_five_minutes(url, aws, folder):
    """The blocks in their order, with the program `aws`, against the brume at `url`: what they show is what comes out."""
    programs = folder / "bin"
    programs.mkdir()
    (programs / "aws").symlink_to(aws)
    script, expected = "set -eu\n", ""
    assert len(blocks()) >= 6
    for commands, output in blocks():
        script += commands.replace("http://localhost:4566", url)
        expected += output
    environment = dict(os.environ, PATH=f"{programs}:{os.environ['PATH']}", HOME=str(folder), AWS_PAGER="")
    done = subprocess.run(["bash", "-c", script], cwd=folder, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout == expected
