"""Real files up and down by the tools people use: nothing may differ afterwards."""
import hashlib
import json
import os
import shutil
import urllib.error
import urllib.request

import pytest
import tree
from client_kit import client_environment, run

FILES = 2000  # tests/soak takes 20,000


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tree")
    assert tree.plant(folder, FILES) == FILES
    return folder


@pytest.fixture
def noise(tmp_path):
    """200 MiB that no compression and no hole can shorten."""
    path = tmp_path / "noise"
    with open(path, "wb") as file:
        for _ in range(200):
            file.write(os.urandom(1 << 20))
    yield path
    path.unlink()


def sha256(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def same_trees(one, other):
    run("diff", "-r", one, other)


def test_aws_s3_sync_up_and_down(cli, bucket, planted, tmp_path):
    cli("s3", "sync", "--only-show-errors", planted, f"s3://{bucket}/deep/tree")
    cli("s3", "sync", "--only-show-errors", f"s3://{bucket}/deep/tree", tmp_path)
    same_trees(planted, tmp_path)
    assert cli("s3", "sync", planted, f"s3://{bucket}/deep/tree", "--size-only") == ""  # nothing is left to do


def test_debians_aws_cli_copies_lists_and_removes(old_cli, bucket, planted):
    old_cli("s3", "cp", "--recursive", "--only-show-errors", planted / "odd", f"s3://{bucket}/odd")
    listing = old_cli("s3", "ls", "--recursive", f"s3://{bucket}/")
    for name in tree.ODD:
        assert f"odd/{name}" in listing
    old_cli("s3", "rm", "--recursive", "--only-show-errors", f"s3://{bucket}/odd")
    left = old_cli("s3api", "list-objects-v2", "--no-paginate", "--bucket", bucket, "--query", "KeyCount")
    assert left.strip() == "0"


def test_aws_s3_cp_of_200_mib_in_parts(cli, bucket, noise, tmp_path):
    cli("s3", "cp", "--only-show-errors", noise, f"s3://{bucket}/noise")
    cli("s3", "cp", "--only-show-errors", f"s3://{bucket}/noise", tmp_path / "back")
    assert sha256(noise) == sha256(tmp_path / "back")
    cli("s3", "mv", "--only-show-errors", f"s3://{bucket}/noise", f"s3://{bucket}/moved")  # copies by parts
    cli("s3", "cp", "--only-show-errors", f"s3://{bucket}/moved", tmp_path / "back")
    assert sha256(noise) == sha256(tmp_path / "back")


def test_aws_s3_cp_from_a_pipe(cli, bucket):
    cli("s3", "cp", "-", f"s3://{bucket}/piped", input="through a pipe\n")
    assert cli("s3", "cp", f"s3://{bucket}/piped", "-") == "through a pipe\n"


def test_aws_s3_presign(cli, brume, s3, bucket):
    s3.put_object(Bucket=bucket, Key="odd +%.txt", Body=b"by an address")
    url = cli("s3", "presign", f"s3://{bucket}/odd +%.txt", "--expires-in", "60").strip()
    with urllib.request.urlopen(url) as answer:
        assert answer.read() == b"by an address"
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(url.replace("odd", "other"))
    assert refused.value.code == 403


def test_aws_s3_website(cli, brume, bucket):
    cli("s3api", "put-public-access-block", "--bucket", bucket, "--public-access-block-configuration",
        "BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=false,RestrictPublicBuckets=false")
    cli("s3api", "put-bucket-policy", "--bucket", bucket, "--policy", json.dumps({"Version": "2012-10-17", "Statement": {
        "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/*"}}))
    cli("s3", "website", f"s3://{bucket}", "--index-document", "index.html", "--error-document", "error.html")
    for name in ("index", "error", "sub/index"):
        cli("s3", "cp", "-", f"s3://{bucket}/{name}.html", "--content-type", "text/html", input=f"<p>{name}</p>")
    for path, status, text in (("/", 200, "index"), ("/sub/", 200, "sub/index"), ("/absent", 403, "error")):  # who may not list hears no more
        call = urllib.request.Request(f"{brume.url}{path}", headers={"Host": f"{bucket}.s3-website-us-east-1.localhost:{brume.port}"})
        try:
            answer = urllib.request.urlopen(call)
        except urllib.error.HTTPError as error:
            answer = error
        assert (answer.status, answer.headers["Content-Type"], answer.read().decode()) == (status, "text/html", f"<p>{text}</p>")


def test_aws_s3_mv_and_rb_force(cli, s3, tmp_path):
    cli("s3", "mb", "s3://moved-and-removed")
    for name in tree.ODD[:5]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    cli("s3", "mv", "--recursive", "--only-show-errors", tmp_path, "s3://moved-and-removed/here")
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
    cli("s3", "mv", "--recursive", "--only-show-errors", "s3://moved-and-removed/here", "s3://moved-and-removed/there")
    assert sorted(o["Key"] for o in s3.list_objects_v2(Bucket="moved-and-removed")["Contents"]) == sorted(f"there/{name}" for name in tree.ODD[:5])
    cli("s3", "rb", "s3://moved-and-removed", expect=1)  # not empty
    cli("s3", "rb", "--force", "s3://moved-and-removed")
    assert "moved-and-removed" not in cli("s3", "ls")


@pytest.fixture
def rclone(brume):
    if not shutil.which("rclone"):
        pytest.skip("rclone is not installed")
    environment = client_environment(RCLONE_CONFIG="/dev/null", RCLONE_CONFIG_BRUME_TYPE="s3", RCLONE_CONFIG_BRUME_PROVIDER="Other",
                                     RCLONE_CONFIG_BRUME_ENV_AUTH="true", RCLONE_CONFIG_BRUME_ENDPOINT=brume.url,
                                     RCLONE_CONFIG_BRUME_FORCE_PATH_STYLE="true", RCLONE_S3_UPLOAD_CUTOFF="5Mi",
                                     RCLONE_S3_CHUNK_SIZE="5Mi", RCLONE_RETRIES="1")
    return lambda *words: run("rclone", *words, env=environment)


def test_rclone_copy_check_sync(rclone, bucket, planted, tmp_path):
    source = tmp_path / "source"
    shutil.copytree(planted / "odd", source / "odd")
    (source / "large").write_bytes(os.urandom(12 << 20))
    rclone("copy", source, f"brume:{bucket}/r")
    rclone("check", source, f"brume:{bucket}/r")
    rclone("check", "--download", source, f"brume:{bucket}/r")
    (source / "odd" / tree.ODD[0]).unlink()
    (source / "new").write_text("new")
    rclone("sync", source, f"brume:{bucket}/r")
    rclone("sync", f"brume:{bucket}/r", tmp_path / "back")
    same_trees(source, tmp_path / "back")
    rclone("purge", f"brume:{bucket}/r")
    assert rclone("lsf", f"brume:{bucket}") == ""


@pytest.mark.parametrize("signature", ["v4", "v2"])
def test_s3cmd_put_get_sync(brume, s3, signature, planted, tmp_path):
    if not shutil.which("s3cmd"):
        pytest.skip("s3cmd is not installed")
    bucket = f"s3cmd-{signature}"
    host = brume.url.split("//")[1]

    def s3cmd(*words):
        return run("s3cmd", "--config=/dev/null", "--access_key=test", "--secret_key=test", "--no-ssl", f"--host={host}",
                   f"--host-bucket={host}", "--region=us-east-1", "--multipart-chunk-size-mb=5", "--no-progress",
                   *(["--signature-v2"] if signature == "v2" else []), *words, env=client_environment(LC_ALL="C.UTF-8"))

    s3cmd("mb", f"s3://{bucket}")
    large = tmp_path / "large"
    large.write_bytes(os.urandom(12 << 20))
    s3cmd("put", large, f"s3://{bucket}/large")
    s3cmd("get", f"s3://{bucket}/large", tmp_path / "back")
    assert sha256(large) == sha256(tmp_path / "back")
    s3cmd("sync", f"{planted}/odd/", f"s3://{bucket}/odd/")
    (tmp_path / "odd").mkdir()
    s3cmd("sync", f"s3://{bucket}/odd/", f"{tmp_path}/odd/")
    same_trees(planted / "odd", tmp_path / "odd")
    assert s3.head_object(Bucket=bucket, Key="large")["ContentLength"] == 12 << 20
    s3cmd("rb", "--recursive", "--force", f"s3://{bucket}")
