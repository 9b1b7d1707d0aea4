"""A stranger's first hour: in a tree of bare Debian 12, with ca-certificates, make and git, the README's two commands
install what they need and do what it says.

The committed project is what is tried. Packages come from where this machine has its own: its apt's sources, proxies,
certificates, what pip, npm and Go are told. BRUME_FRESH_DEBIAN is what `make test` is asked for, "unit sts" if it is not
there; if it is empty, everything. How far it is stands in build/fresh-debian.log."""
import os
import re
import shutil
import subprocess
import threading
import time
from pathlib import Path

import pytest
from client_kit import DEPS, run
from readme_kit import first_five_minutes

ROOT = DEPS.parent
AUTHORITIES = "/usr/local/share/ca-certificates"
KEYS = "/usr/share/keyrings/debian-archive-keyring.gpg"
TESTS = os.environ.get("BRUME_FRESH_DEBIAN", "unit sts")
LIMIT_S = 3 * 3600
# What runs so sees its own mounts and processes; they are gone with the first of them.
ISOLATED = ["unshare", "--mount", "--pid", "--fork", "--kill-child"]
ENTER = """mount --bind "$0" "$0" && cd "$0" && mount -t proc proc proc && mount --rbind /dev dev &&
    pivot_root . mnt && umount -l mnt && cd /root/brume && exec /bin/bash"""
# How this machine reaches the registries of packages.
VARIABLES = re.compile(r"(?i)(.*(proxy|cert|_ca_|_cainfo)|pip_|npm_config_|gosumdb|maven_)")
FILES = ["/etc/hosts", "/etc/resolv.conf", "/etc/pip.conf", "/etc/npmrc"]
FILES_AT_HOME = [".config/pip/pip.conf", ".pip/pip.conf", ".npmrc", ".config/go/env", ".m2/settings.xml"]


@pytest.fixture
def sources():
    """Where this machine's apt has Debian 12 from, as a sources.list; who cannot make a tree of it is told why."""
    if os.geteuid() != 0:
        pytest.skip("a tree of Debian is made by root alone")
    if not shutil.which("mmdebstrap"):
        pytest.skip("mmdebstrap is not installed (tools/deps test)")
    if subprocess.run([*ISOLATED, "true"], capture_output=True).returncode:
        pytest.skip("no mount namespace may be made here")
    listed = run("apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE) $(COMPONENT)", "Created-By: Packages", "Origin: Debian")
    found = dict.fromkeys(line for line in listed.splitlines() if re.fullmatch(r"\S+ bookworm(-updates|-security)? main", line))
    if not found:
        pytest.skip("this machine's apt knows no Debian 12 (apt-get update?)")
    return "".join(f"deb [signed-by={KEYS}] {line}\n" for line in found)


class Shell:
    """A shell in the tree; the log has what it says. With it ends whatever it began."""

    def __init__(self, tree, log):
        environment = {k: v for k, v in os.environ.items() if VARIABLES.match(k)}
        environment.update(HOME="/root", PATH="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", LANG="C.UTF-8")
        self.log = log
        self.process = subprocess.Popen([*ISOLATED, "sh", "-c", ENTER, str(tree)], env=environment, text=True, errors="replace",
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.watch = threading.Timer(LIMIT_S, self.process.kill)
        self.watch.start()

    def type(self, line):
        self.log(f"$ {line}")
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def hear(self, pattern):
        """Reads on until a line has the pattern."""
        said = []
        for line in self.process.stdout:
            self.log(line.rstrip("\n"))
            said.append(line)
            if match := re.search(pattern, line):
                return match
        pytest.fail(f"the shell ended before it said {pattern}:\n" + "".join(said[-60:]))

    def end(self):
        self.watch.cancel()
        self.process.kill()
        self.process.stdout.read()  # to its end: nobody is left who could write
        self.process.wait()


@pytest.fixture
def log(capfd, sources):
    begun = time.time()
    with open(ROOT / "build/fresh-debian.log", "w") as file:
        def tell(line):
            print(f"{time.time() - begun:5.0f} s  {line}", file=file, flush=True)
            if line.startswith("$ "):
                with capfd.disabled():
                    print(f"{time.time() - begun:5.0f} s  {line}", flush=True)
        yield tell


@pytest.fixture
def tree(tmp_path, sources, log):
    """Bare Debian 12 with a clone of the project in /root/brume."""
    where, settings = tmp_path / "tree", tmp_path / "apt.conf"
    dump = run("apt-config", "dump", "Acquire").splitlines()
    settings.write_text("\n".join(line for line in dump if re.match(r"Acquire::(https?|Retries|Check-)", line)) + "\n")
    (tmp_path / "sources.list").write_text(sources)
    try:
        log("$ mmdebstrap")
        run(*ISOLATED, "mmdebstrap", "--mode=root", "--variant=minbase", "--include=ca-certificates,make,git", f"--aptopt={settings}",
            "bookworm", where, tmp_path / "sources.list", timeout=1800)
        home = Path.home()
        for file, target in [(Path(f), where / f[1:]) for f in FILES] + [(home / f, where / "root" / f) for f in FILES_AT_HOME]:
            if file.is_file():
                target.parent.mkdir(parents=True, exist_ok=True)
                target.unlink(missing_ok=True)
                shutil.copy(file, target)
        if os.path.isdir(AUTHORITIES):
            shutil.copytree(AUTHORITIES, where / AUTHORITIES[1:], dirs_exist_ok=True)
            run("chroot", where, "update-ca-certificates")
        run("git", "clone", "-q", "--depth", "1", f"file://{ROOT}", where / "root/brume")
        yield where
    finally:
        assert str(where) not in Path("/proc/mounts").read_text()  # what is mounted would be removed too
        if where.exists():
            shutil.rmtree(where)


def test_the_readmes_two_commands(tree, log, tmp_path):
    shell = Shell(tree, log)
    try:
        shell.type("""{ make run ARGS="--port 0" </dev/null & echo $! >/tmp/run; wait $!; echo "make run ended: $?"; } &""")
        ready = shell.hear("^brume ready (.*)|^make run ended")
        assert ready[1], "make run ended before it was ready"
        five_minutes = tmp_path / "five-minutes"
        five_minutes.mkdir()
        first_five_minutes(ready[1], DEPS / "venv/bin/aws", five_minutes)
        assert (tree / "root/.local/share/brume").is_dir(), "data is not where the README says"
        shell.type("kill -TERM $(cat /tmp/run)")
        shell.hear("^make run ended: 143")  # make's own way to end by a signal, once brume has ended
        shell.type(f"""make test ARGS="{TESTS}" </dev/null; echo make test ended: $?""")
        tally = shell.hear(r"^(\d+) passed, (\d+) failed, (\d+) skipped|^make test ended")
        assert tally[1] and int(tally[1]) > 0 and tally[2] == "0", f"see {ROOT}/build/fresh-debian.log"
        shell.hear("^make test ended: 0")
    finally:
        shell.end()
