"""POST Object: a browser's form, signed by a policy."""
import uuid
import urllib.error
import urllib.request

import pytest


@pytest.fixture(scope="module", params=["s3", "s3v4"])
def s3(brume, request):
    """Both generations of signature: boto3's default still makes version 2 forms."""
    return brume.client("s3", config={"signature_version": request.param})


@pytest.fixture(scope="module")
def bucket(s3):
    name = f"form-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=name)
    return name


def post(url, fields, content, filename="photo.jpg", content_type="image/jpeg", after=b""):
    boundary = "----form-" + uuid.uuid4().hex
    body = b""
    for name, value in fields.items():
        body += f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
    if content is not None:
        body += (f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{filename}"\r\n'
                 f"Content-Type: {content_type}\r\n\r\n").encode() + content + b"\r\n"
    body += f"--{boundary}--\r\n".encode() + after
    request = urllib.request.Request(url, body, {"Content-Type": f"multipart/form-data; boundary={boundary}"})

    class NoRedirect(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *arguments):
            return None

    try:
        with urllib.request.build_opener(NoRedirect).open(request) as answer:
            return answer.status, answer.read().decode(), answer.headers
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(), error.headers


def test_upload(s3, bucket):
    form = s3.generate_presigned_post(bucket, "up/${filename}")
    status, body, headers = post(form["url"], form["fields"], b"\xff\xd8 picture \r\n--- not a boundary")
    assert (status, body) == (204, "")
    got = s3.get_object(Bucket=bucket, Key="up/photo.jpg")
    assert got["Body"].read() == b"\xff\xd8 picture \r\n--- not a boundary"
    assert headers["ETag"] == got["ETag"]


def test_large_upload(s3, bucket):
    form = s3.generate_presigned_post(bucket, "large")
    content = bytes(range(256)) * 40000
    assert post(form["url"], form["fields"], content)[0] == 204
    assert s3.get_object(Bucket=bucket, Key="large")["Body"].read() == content


def test_status_201_and_metadata(s3, bucket):
    fields = {"success_action_status": "201", "Content-Type": "text/plain", "x-amz-meta-who": "me"}
    form = s3.generate_presigned_post(bucket, "k&1", Fields=fields, Conditions=[{k: v} for k, v in fields.items()])
    status, body, _ = post(form["url"], form["fields"], b"x")
    assert status == 201
    assert f"<Bucket>{bucket}</Bucket><Key>k&amp;1</Key>" in body
    head = s3.head_object(Bucket=bucket, Key="k&1")
    assert head["ContentType"] == "text/plain" and head["Metadata"] == {"who": "me"}


def test_redirect(s3, bucket):
    fields = {"success_action_redirect": "http://example.com/done"}
    form = s3.generate_presigned_post(bucket, "r", Fields=fields, Conditions=[fields])
    status, _, headers = post(form["url"], form["fields"], b"x")
    assert status == 303
    assert headers["Location"].startswith(f"http://example.com/done?bucket={bucket}&key=r&etag=%22")


def test_length_range(s3, bucket):
    form = s3.generate_presigned_post(bucket, "len", Conditions=[["content-length-range", 2, 4]])
    assert "EntityTooSmall" in post(form["url"], form["fields"], b"1")[1]
    assert "EntityTooLarge" in post(form["url"], form["fields"], b"12345")[1]
    assert post(form["url"], form["fields"], b"123")[0] == 204


def test_conditions(s3, bucket):
    form = s3.generate_presigned_post(bucket, "cond")
    status, body, _ = post(form["url"], dict(form["fields"], key="other"), b"x")
    assert status == 403 and "Policy Condition failed" in body
    status, body, _ = post(form["url"], dict(form["fields"], **{"x-amz-meta-a": "b"}), b"x")
    assert status == 403 and "Extra input fields: x-amz-meta-a" in body


def test_starts_with(s3, bucket):
    form = s3.generate_presigned_post(bucket, "user/${filename}")
    status, _, _ = post(form["url"], dict(form["fields"], key="user/mine"), b"x")
    assert status == 204
    status, _, _ = post(form["url"], dict(form["fields"], key="admin/mine"), b"x")
    assert status == 403


def test_expired_and_forged(brume, s3, bucket):
    form = s3.generate_presigned_post(bucket, "exp", ExpiresIn=-10)
    status, body, _ = post(form["url"], form["fields"], b"x")
    assert status == 403 and "Policy expired" in body
    form = brume.client("s3", secret="wrong").generate_presigned_post(bucket, "forged")
    status, body, _ = post(form["url"], form["fields"], b"x")
    assert status == 403 and "SignatureDoesNotMatch" in body


def test_missing_parts(s3, bucket):
    form = s3.generate_presigned_post(bucket, "k")
    fields = dict(form["fields"])
    assert "exactly one file" in post(form["url"], fields, None)[1]
    fields.pop("key")
    assert "must contain a field named 'key'" in post(form["url"], fields, b"x")[1]


def test_unsigned_form_is_denied(s3, bucket):
    form = s3.generate_presigned_post(bucket, "k")
    status, body, _ = post(form["url"], {"key": "k"}, b"x")
    assert status == 403 and "AccessDenied" in body


def test_tags_of_a_form(s3, bucket):
    tags = "<Tagging><TagSet><Tag><Key>a + b</Key><Value>1=2</Value></Tag><Tag><Key>c</Key><Value/></Tag></TagSet></Tagging>"
    form = s3.generate_presigned_post(bucket, "tagged", Fields={"tagging": tags}, Conditions=[{"tagging": tags}])
    status, body, _ = post(form["url"], form["fields"], b"x")
    assert status == 204, body
    assert s3.get_object_tagging(Bucket=bucket, Key="tagged")["TagSet"] == [{"Key": "a + b", "Value": "1=2"}, {"Key": "c", "Value": ""}]
    broken = tags.replace("TagSet", "Tags")
    form = s3.generate_presigned_post(bucket, "untagged", Fields={"tagging": broken}, Conditions=[{"tagging": broken}])
    status, body, _ = post(form["url"], form["fields"], b"x")
    assert status == 400 and "MalformedXML" in body


def test_a_field_does_not_choose_the_bucket(s3, bucket):
    """What is signed for one bucket goes into no other, and a field called bucket moves nothing."""
    other = "other-" + bucket[-40:]
    s3.create_bucket(Bucket=other)
    form = s3.generate_presigned_post(bucket, "chosen")
    keys = lambda name: [k["Key"] for k in s3.list_objects_v2(Bucket=name).get("Contents", [])]
    fields = dict({"bucket": bucket}, **form["fields"])
    status, body, _ = post(form["url"].replace(bucket, other), fields, b"x")
    assert status == 403 and "AccessDenied" in body, body
    assert "chosen" not in keys(bucket) + keys(other)
    assert post(form["url"], dict({"bucket": other}, **form["fields"]), b"x")[0] == 204
    assert "chosen" in keys(bucket) and keys(other) == []
