"""What `make` has beside run and test: bench, soak and coverage, each in its smallest form."""
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


def run(*command, **options):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=300, **options)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


def test_make_leads_to_them():
    lines = run(shutil.which("make"), "-n", "bench", "soak", "coverage", "ARGS=sts", cwd=ROOT).splitlines()
    assert {"bench/run sts", "tests/run --soak sts", "tests/run --coverage sts"} <= set(lines)


def test_bench_measures(tmp_path):
    said = run(sys.executable, ROOT / "bench/run", "sqs", "--seconds", "0.3", "--no-write", cwd=ROOT, env={**os.environ, "BRUME_BENCH_DIR": str(tmp_path)})
    rows = re.findall(r"^(\w.*?) +32 +([\d,]+) +([\d.]+) +([\d.]+) +([\d.]+) +(\d+)$", said, re.M)
    assert [row[0] for row in rows] == ["GetCallerIdentity", "GetQueueAttributes", "SendMessage 300 B", "Send, Receive, Delete (each one request)"], said
    for _, _, middle, slow, _, errors in rows:  # a row of figures stands for requests that were answered; how many is the machine's
        assert float(middle) <= float(slow) and errors == "0", said
    assert not list(tmp_path.iterdir()), "a bench leaves nothing"


def test_soak_has_its_tests():
    """They take hours: here they are but found, each of them importable with what it needs."""
    said = run(ROOT / ".deps/venv/bin/python", "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", "tests/soak", cwd=ROOT)
    names = set(re.findall(r"^tests/soak/\w+\.py::(\w+)", said, re.M))
    assert {"test_200_kills_of_a_mixed_load", "test_the_stores_own_kills", "test_6_gib_without_holes_by_multipart"} <= names


SOURCE = """int sign(int x) {
    if (x < 0)
        return -1;
    return x > 0;
}
int unused(void) {
    return 7;
}
"""


def test_coverage_counts_lines(tmp_path):
    room, build = tmp_path / "src/room", tmp_path / "build"
    room.mkdir(parents=True)
    build.mkdir()
    (room / "sign.c").write_text(SOURCE)
    for name, argument in (("up", "3"), ("down", "-3")):  # two programs: what one of them reached is reached
        main = room / f"{name}.c"
        main.write_text(f"int sign(int x);\nint main(void) {{ return sign({argument}) * {argument} == 9; }}\n")
        run("gcc", "--coverage", "-O0", "-o", build / name, room / "sign.c", main, cwd=build)
    count = lambda *more: run(sys.executable, ROOT / "tests/coverage", build, *more, env={**os.environ, "BRUME_COVERAGE_ROOT": str(tmp_path)})  # noqa: E731
    run(build / "up")
    assert re.search(r"^src/room/sign.c +3 of +6 +50\.0%  3 6-7$", count("src/room"), re.M), count("src/room")
    run(build / "down")
    assert re.search(r"^src/room/sign.c +4 of +6 +66\.7%  6-7$", count("src/room"), re.M), count("src/room")
    assert re.search(r"^all +\d+ of +\d+ +\d+\.\d%$", count(), re.M)
