"""S3 and SQS without an SDK: curl, presigned URLs, forms, host names, TLS and HTTP/2."""
import hashlib
import socket
import ssl
import urllib.error
import urllib.parse
import urllib.request
import uuid

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import h2.connection
import h2.events
import pytest
from client_kit import client_environment, run

HELLO = b"hello, plain world"


def fetch(method, url, body=None, headers=()):
    """Status, body and headers; an error's answer is an answer."""
    request = urllib.request.Request(url, data=body, method=method, headers=dict(headers))
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.read(), answer.headers
    except urllib.error.HTTPError as error:
        return error.code, error.read(), error.headers


def curl(*words, secret="test"):
    """Curl before 8 signs for S3 only with this header given by hand; S3 asks for it."""
    return run("curl", "-sS", "--max-time", "30", "--aws-sigv4", "aws:amz:us-east-1:s3", "--user", f"test:{secret}",
               "-H", "x-amz-content-sha256: UNSIGNED-PAYLOAD", *words, env=client_environment())


def test_curl_signs_path_style(brume, bucket, tmp_path):
    (tmp_path / "hello").write_bytes(HELLO)
    assert curl("-f", "-T", tmp_path / "hello", f"{brume.url}/{bucket}/hello") == ""
    assert curl("-f", f"{brume.url}/{bucket}/hello") == HELLO.decode()


def test_curl_signs_virtual_host_style(brume, bucket, s3):
    s3.put_object(Bucket=bucket, Key="a b/hello", Body=HELLO)
    assert curl("-f", f"http://{bucket}.localhost:{brume.port}/a%20b/hello") == HELLO.decode()


def test_curl_with_the_wrong_secret_is_refused(brume, bucket):
    assert "<Code>SignatureDoesNotMatch</Code>" in curl(f"{brume.url}/{bucket}", secret="wrong")


@pytest.fixture
def localhost_names(monkeypatch):
    """*.localhost is this machine (RFC 6761); glibc does not know it, browsers and curl do."""
    resolve = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo",
                        lambda host, *rest, **more: resolve("localhost" if str(host).endswith(".localhost") else host, *rest, **more))


def test_boto3_virtual_host_style(brume, bucket, localhost_names):
    s3 = brume.client("s3", config={"s3": {"addressing_style": "virtual"}})
    seen = []
    s3.meta.events.register("before-send.s3", lambda request, **_: seen.append(request.url))
    s3.put_object(Bucket=bucket, Key="grüße/+ %.txt", Body=HELLO)
    assert s3.get_object(Bucket=bucket, Key="grüße/+ %.txt")["Body"].read() == HELLO
    assert [o["Key"] for o in s3.list_objects_v2(Bucket=bucket)["Contents"]] == ["grüße/+ %.txt"]
    assert all(urllib.parse.urlsplit(url).hostname == f"{bucket}.localhost" for url in seen)


@pytest.mark.parametrize("signature", [None, "s3", "s3v4"])
def test_presigned_urls(brume, bucket, signature):
    """None is what boto3 does unasked: for S3 its presigned URLs are still of SigV2."""
    s3 = brume.client("s3", config={"signature_version": signature} if signature else {})
    put = s3.generate_presigned_url("put_object", {"Bucket": bucket, "Key": "p", "ContentType": "text/x-note"}, ExpiresIn=60)
    assert fetch("PUT", put, HELLO, {"Content-Type": "text/x-note"})[0] == 200
    get = s3.generate_presigned_url("get_object", {"Bucket": bucket, "Key": "p", "ResponseContentType": "text/y-note",
                                                   "ResponseContentDisposition": "attachment"}, ExpiresIn=60)
    assert ("Signature=" in get) and ("X-Amz-Algorithm" in get) == (signature == "s3v4")
    status, body, headers = fetch("GET", get)
    assert (status, body, headers["Content-Type"], headers["Content-Disposition"]) == (200, HELLO, "text/y-note", "attachment")
    status, body, _ = fetch("GET", get.replace("/p?", "/q?"))
    assert status == 403 and b"<Code>SignatureDoesNotMatch</Code>" in body
    status, body, _ = fetch("DELETE", get)
    assert status == 403


def test_presigned_url_expires(brume, bucket, s3):
    client = brume.client("s3", config={"signature_version": "s3v4"})
    s3.put_object(Bucket=bucket, Key="p", Body=HELLO)
    url = client.generate_presigned_url("get_object", {"Bucket": bucket, "Key": "p"}, ExpiresIn=-1)
    status, body, _ = fetch("GET", url)
    assert status in (400, 403)
    assert HELLO not in body


def form(fields, content):
    boundary = uuid.uuid4().hex
    parts = [f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode() for name, value in fields.items()]
    parts.append(f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="photo.txt"\r\nContent-Type: text/plain\r\n\r\n'.encode())
    return b"".join(parts) + content + f"\r\n--{boundary}--\r\n".encode(), {"Content-Type": f"multipart/form-data; boundary={boundary}"}


@pytest.mark.parametrize("signature", ["s3", "s3v4"])
def test_post_form(brume, bucket, s3, signature):
    client = brume.client("s3", config={"signature_version": signature})
    post = client.generate_presigned_post(bucket, "up/${filename}", Fields={"success_action_status": "201", "x-amz-meta-from": "a form"},
                                          Conditions=[{"success_action_status": "201"}, ["content-length-range", 1, 100],
                                                      ["starts-with", "$x-amz-meta-from", ""]])
    body, headers = form(post["fields"], HELLO)
    status, answer, _ = fetch("POST", post["url"], body, headers)
    assert status == 201, answer
    assert b"<Key>up/photo.txt</Key>" in answer
    got = s3.get_object(Bucket=bucket, Key="up/photo.txt")
    assert got["Body"].read() == HELLO and got["Metadata"] == {"from": "a form"}

    body, headers = form(post["fields"], HELLO * 10)  # longer than the policy allows
    status, answer, _ = fetch("POST", post["url"], body, headers)
    assert status == 400 and b"<Code>EntityTooLarge</Code>" in answer
    body, headers = form(dict(post["fields"], **{"x-amz-meta-other": "not in the policy"}), HELLO)
    assert fetch("POST", post["url"], body, headers)[0] == 403


@pytest.fixture(scope="module")
def tls(brume, tmp_path_factory):
    server = type(brume)(tmp_path_factory.mktemp("tls"), ["--tls"]).start()
    yield server
    server.stop()


def test_tls_with_brumes_own_ca(tls, localhost_names):
    ca = str(tls.data / "tls/ca.pem")
    assert tls.url.startswith("https://")
    s3 = tls.client("s3", verify=ca)
    s3.create_bucket(Bucket="sealed")
    s3.put_object(Bucket="sealed", Key="k", Body=HELLO)  # over TLS the checksum comes as an unsigned trailer
    virtual = tls.client("s3", verify=ca, config={"s3": {"addressing_style": "virtual"}})
    assert virtual.get_object(Bucket="sealed", Key="k")["Body"].read() == HELLO
    queue = tls.client("sqs", verify=ca).create_queue(QueueName="sealed")["QueueUrl"]
    assert queue.startswith(tls.url)


def test_tls_aws_cli_by_ca_bundle(tls):
    from client_kit import DEPS
    environment = client_environment(tls.url, AWS_CA_BUNDLE=str(tls.data / "tls/ca.pem"))
    run(DEPS / "venv/bin/aws", "s3", "mb", "s3://by-cli", env=environment)
    assert "by-cli" in run(DEPS / "venv/bin/aws", "s3", "ls", env=environment)


def test_tls_without_the_ca_is_refused_by_the_client(tls):
    with pytest.raises(ssl.SSLError):
        with socket.create_connection(("localhost", tls.port), 10) as plain:
            ssl.create_default_context().wrap_socket(plain, server_hostname="localhost")


def test_curl_http2_over_tls_and_in_clear(brume, tls, s3, bucket):
    s3.put_object(Bucket=bucket, Key="two", Body=HELLO)
    words = ["-w", " %{http_version}"]
    assert curl("--http2-prior-knowledge", *words, f"{brume.url}/{bucket}/two") == HELLO.decode() + " 2"
    out = curl("--http2", "--cacert", tls.data / "tls/ca.pem", *words, f"{tls.url}/")
    assert "<ListAllMyBucketsResult" in out and out.endswith(" 2")


def test_h2_client_puts_and_gets(brume, bucket):
    """An HTTP/2 client of its own (h2), two signed calls over one connection."""
    def signed(method, path, body=b""):
        request = botocore.awsrequest.AWSRequest(method=method, url=f"{brume.url}{path}", data=body)
        request.headers["X-Amz-Content-SHA256"] = hashlib.sha256(body).hexdigest()
        botocore.auth.S3SigV4Auth(botocore.credentials.Credentials("test", "test"), "s3", "us-east-1").add_auth(request)
        return [(":method", method), (":scheme", "http"), (":authority", f"localhost:{brume.port}"), (":path", path),
                *((k.lower(), v) for k, v in request.headers.items())]

    with socket.create_connection(("localhost", brume.port), 30) as wire:
        connection = h2.connection.H2Connection()
        connection.initiate_connection()

        def call(method, path, body=b""):
            stream = connection.get_next_available_stream_id()
            connection.send_headers(stream, signed(method, path, body), end_stream=not body)
            if body:
                connection.send_data(stream, body, end_stream=True)
            wire.sendall(connection.data_to_send())
            status, got = None, b""
            while True:
                for event in connection.receive_data(wire.recv(65536)):
                    if isinstance(event, h2.events.ResponseReceived):
                        status = int(dict(event.headers).get(b":status") or dict(event.headers)[":status"])
                    elif isinstance(event, h2.events.DataReceived):
                        got += event.data
                        connection.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                    elif isinstance(event, h2.events.StreamEnded):
                        wire.sendall(connection.data_to_send())
                        return status, got
                wire.sendall(connection.data_to_send())

        assert call("PUT", f"/{bucket}/two", HELLO * 500) == (200, b"")
        assert call("GET", f"/{bucket}/two") == (200, HELLO * 500)
