"""Backups by the tools that people trust with them: made, checked by reading all, restored, pruned."""
import os
import shutil
import subprocess
import time

import pytest
import tree
from client_kit import client_environment, run


def files(folder):
    """A small tree, odd names and a large file."""
    folder.mkdir()
    for i, name in enumerate(tree.ODD):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(os.urandom(100 * i))
    (folder / "large").write_bytes(os.urandom(20 << 20))
    return folder


@pytest.fixture
def restic(brume, bucket, tmp_path):
    if not shutil.which("restic"):
        pytest.skip("restic is not installed")
    environment = client_environment(RESTIC_REPOSITORY=f"s3:{brume.url}/{bucket}/backup", RESTIC_PASSWORD="secret", RESTIC_CACHE_DIR=str(tmp_path / "cache"))
    return lambda *words, **options: run("restic", "--quiet", *words, env=environment, **options)


def test_restic_backup_check_restore_prune(restic, bucket, s3, tmp_path):
    source = files(tmp_path / "source")
    restic("init")
    restic("backup", ".", cwd=source)
    restic("check", "--read-data")
    (source / "large").unlink()
    restic("backup", ".", cwd=source)
    restic("restore", "latest", "--target", tmp_path / "back")
    run("diff", "-r", source, tmp_path / "back")
    before = sum(o["Size"] for o in s3.list_objects_v2(Bucket=bucket)["Contents"])
    restic("forget", "--keep-last", "1", "--prune")
    after = sum(o["Size"] for o in s3.list_objects_v2(Bucket=bucket)["Contents"])
    assert before - after > 19 << 20  # the large file is gone
    restic("check", "--read-data")


def test_duplicity_full_incremental_verify_restore(brume, bucket, tmp_path):
    if not shutil.which("duplicity"):
        pytest.skip("duplicity is not installed")
    source, target = files(tmp_path / "source"), f"boto3+s3://{bucket}/backup"
    environment = client_environment(HOME=str(tmp_path))
    common = ("--no-encryption", f"--s3-endpoint-url={brume.url}", f"--archive-dir={tmp_path / 'archive'}", "--volsize=5")
    duplicity = lambda *words: run("duplicity", *words, *common, env=environment)
    duplicity("full", source, target)
    (source / "later").write_text("later")
    assert "RawDeltaSize 5 (5 bytes)" in duplicity("incremental", source, target)
    duplicity("verify", "--compare-data", target, source)
    duplicity("restore", target, tmp_path / "back")
    run("diff", "-r", source, tmp_path / "back")


def test_s3fs_mount(brume, bucket, s3, tmp_path):
    """A bucket as a folder; skipped where nothing may be mounted."""
    if not shutil.which("s3fs"):
        pytest.skip("s3fs is not installed")
    secret, folder = tmp_path / "secret", tmp_path / "mounted"
    secret.write_text("test:test")
    secret.chmod(0o600)
    folder.mkdir()
    mount = subprocess.run(["s3fs", bucket, folder, "-o", f"url={brume.url},use_path_request_style,passwd_file={secret}"], env=client_environment(),
                           capture_output=True, text=True)
    deadline = time.monotonic() + 5
    while mount.returncode == 0 and not os.path.ismount(folder) and time.monotonic() < deadline:
        time.sleep(0.05)
    if not os.path.ismount(folder):
        pytest.skip(f"nothing may be mounted here: {mount.stderr.strip()[-200:]}")
    try:
        body = os.urandom(12 << 20)
        (folder / "sub").mkdir()
        (folder / "sub" / "large").write_bytes(body)
        assert s3.get_object(Bucket=bucket, Key="sub/large")["Body"].read() == body
        (folder / "sub" / "large").rename(folder / "sub" / "moved")
        s3.put_object(Bucket=bucket, Key="from outside", Body=b"seen")
        assert (folder / "from outside").read_bytes() == b"seen"
        assert (folder / "sub" / "moved").read_bytes() == body
        assert sorted(os.listdir(folder / "sub")) == ["moved"]
    finally:
        run("fusermount3" if shutil.which("fusermount3") else "fusermount", "-u", folder)
