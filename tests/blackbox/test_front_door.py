"""The front door: who is let in, from where, and what a stranger is told."""
import datetime
import http.client
import json
import socket
import urllib.error
import urllib.request

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import pytest
from botocore.exceptions import ClientError


def signed(brume, body="Action=GetCallerIdentity&Version=2011-06-15", key="test", secret="test", host=None, extra=None,
           service="sts", path="/", method="POST", when=None):
    """A signed request's method, path, headers and body, to be sent by hand."""
    url = f"http://{host or 'localhost:%d' % brume.port}{path}"
    headers = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"} if body else {}
    request = botocore.awsrequest.AWSRequest(method=method, url=url, data=body, headers=headers)
    signer = botocore.auth.SigV4Auth(botocore.credentials.Credentials(key, secret), service, "us-east-1")
    if when:
        original = botocore.auth.get_current_datetime
        botocore.auth.get_current_datetime = lambda *a, **k: when
        try:
            signer.add_auth(request)
        finally:
            botocore.auth.get_current_datetime = original
    else:
        signer.add_auth(request)
    return method, path, dict(request.headers, Host=url.split("/")[2], **(extra or {})), body


def send(brume, method, path, headers, body):
    connection = http.client.HTTPConnection("127.0.0.1", brume.port, timeout=10)
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    return answer.status, answer.read().decode(), answer.headers


def raw(brume, data, timeout=5):
    with socket.create_connection(("127.0.0.1", brume.port), timeout) as s:
        s.sendall(data)
        s.shutdown(socket.SHUT_WR)
        got = b""
        while chunk := s.recv(65536):
            got += chunk
    return got


@pytest.mark.parametrize("path", ["/_brume/health", "/_localstack/health"])
def test_health_is_json_and_unsigned(brume, path):
    with urllib.request.urlopen(brume.url + path) as answer:
        assert answer.status == 200
        services = json.load(answer)["services"]
    assert {"s3", "sqs", "sts"} <= set(services)


def test_ready(brume):
    with urllib.request.urlopen(brume.url + "/_brume/ready") as answer:
        assert json.load(answer) == {"ready": True}


def test_front_page_answers_200(brume):
    with urllib.request.urlopen(brume.url + "/") as answer:
        assert answer.status == 200


def test_other_brume_paths_want_root_signature(brume):
    connection = http.client.HTTPConnection("127.0.0.1", brume.port)
    connection.request("GET", "/_brume/status")
    assert connection.getresponse().status == 403


def test_status_signed_as_root(brume):
    status, body, _ = send(brume, *signed(brume, body="", path="/_brume/status", method="GET"))
    assert status == 200 and json.loads(body)["store"]["commits"] >= 0


def test_loopback_is_root(brume):
    assert send(brume, *signed(brume))[0] == 200


def test_foreign_host_name_is_refused(brume):
    """DNS rebinding: a page of attacker.example, resolved to 127.0.0.1, signs with test/test."""
    status, body, _ = send(brume, *signed(brume, host=f"attacker.example:{brume.port}"))
    assert status == 403 and "InvalidClientTokenId" in body


@pytest.mark.parametrize("headers", [
    {"Origin": "https://attacker.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"},
])
def test_foreign_web_page_is_refused(brume, headers):
    status, body, _ = send(brume, *signed(brume, extra=headers))
    assert status == 403 and "InvalidClientTokenId" in body


def test_own_web_page_is_root(brume):
    extra = {"Origin": f"http://localhost:{brume.port}", "Sec-Fetch-Site": "same-origin"}
    assert send(brume, *signed(brume, extra=extra))[0] == 200


def test_old_signature(brume):
    when = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None) - datetime.timedelta(minutes=10)
    status, body, headers = send(brume, *signed(brume, when=when))
    assert status == 403 and "Signature expired" in body and headers["Date"]


def test_altered_body(brume):
    method, path, headers, body = signed(brume)
    status, text, _ = send(brume, method, path, headers, body.replace("2011-06-15", "2011-06-16"))
    assert status == 403 and "SignatureDoesNotMatch" in text


def test_unsigned_call_is_refused(brume):
    connection = http.client.HTTPConnection("127.0.0.1", brume.port)
    connection.request("POST", "/", "Action=GetCallerIdentity&Version=2011-06-15",
                       {"Content-Type": "application/x-www-form-urlencoded"})
    answer = connection.getresponse()
    assert answer.status == 403 and b"MissingAuthenticationToken" in answer.read()


def test_unsigned_bucket_is_refused(brume):
    connection = http.client.HTTPConnection("127.0.0.1", brume.port)
    connection.request("GET", "/some-bucket/key")
    answer = connection.getresponse()
    assert answer.status in (403, 404) and b"<Error>" in answer.read()


@pytest.mark.parametrize("service, operation", [
    ("kinesis", "list_streams"), ("lambda", "list_functions"), ("ec2", "describe_vpcs"), ("cloudformation", "list_stacks"),
    ("route53", "list_hosted_zones"), ("cloudfront", "list_distributions"),
])
def test_unknown_service_names_itself(brume, service, operation):
    """Whatever protocol its client speaks."""
    with pytest.raises(ClientError) as error:
        getattr(brume.client(service), operation)()
    response = error.value.response
    assert (response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"]) == (501, "NotImplemented")
    assert f"the service '{service}'" in response["Error"]["Message"]


@pytest.mark.parametrize("garbage", [
    b"\x00\x01\x02\x03\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n\r\n", b"GET / HTTP/9.9\r\nHost: x\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 200000 + b"\r\n\r\n",
], ids=["binary", "no-host", "version", "two-lengths", "negative-length", "long-header"])
def test_malformed_http_is_4xx_and_survived(brume, garbage):
    answer = raw(brume, garbage)
    assert answer == b"" or answer.startswith((b"HTTP/1.1 4", b"HTTP/1.1 505", b"HTTP/1.1 200"))
    test_ready(brume)


def test_two_accounts_and_two_regions_are_apart(brume):
    for account in ("111111111111", "222222222222"):
        brume.client("s3", account=account).create_bucket(Bucket="same-name")
        brume.client("s3", account=account).put_object(Bucket="same-name", Key="who", Body=account.encode())
    for account in ("111111111111", "222222222222"):
        body = brume.client("s3", account=account).get_object(Bucket="same-name", Key="who")["Body"].read()
        assert body == account.encode()


def test_listens_on_loopback_only(brume):
    """The default address is not reachable by another of this machine's addresses."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing; tells our own address
        except OSError:
            pytest.skip("this machine has no other address")
        own = probe.getsockname()[0]
    if own.startswith("127."):
        pytest.skip("this machine has no other address")
    with pytest.raises(OSError):
        socket.create_connection((own, brume.port), 2)


def test_a_region_that_there_is_not(brume):
    """Every region of the aws partition is served; others are refused as AWS refuses them."""
    for region in ("us-east-9", "cn-north-1", "us-gov-west-1"):
        with pytest.raises(ClientError) as refused:
            brume.client("sqs", region=region).list_queues()
        assert refused.value.response["Error"]["Message"].strip() == "Credential should be scoped to a valid region."
        assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
        request = botocore.awsrequest.AWSRequest("GET", f"{brume.url}/b")
        botocore.auth.S3SigV4Auth(botocore.credentials.Credentials("test", "test"), "s3", region).add_auth(request)
        with pytest.raises(urllib.error.HTTPError) as malformed:
            urllib.request.urlopen(urllib.request.Request(request.url, headers=dict(request.headers)))
        answer = malformed.value.read().decode()
        assert malformed.value.code == 400 and "<Code>AuthorizationHeaderMalformed</Code>" in answer
        assert f"the region '{region}' is wrong; expecting 'us-east-1'" in answer and "<Region>us-east-1</Region>" in answer
    with pytest.raises(ClientError) as redirected:  # SDKs take the hint and come again
        brume.client("s3", region="cn-north-1").list_objects_v2(Bucket="there-is-none")
    assert redirected.value.response["Error"]["Code"] == "NoSuchBucket"
    for region in ("ap-southeast-7", "sa-east-1"):
        assert "QueueUrls" not in brume.client("sqs", region=region).list_queues(QueueNamePrefix="region-test")


BROWSER = {"Origin": "https://page.example", "Access-Control-Request-Method": "POST",
           "Access-Control-Request-Headers": "authorization,content-type,x-amz-date,x-amz-target"}


@pytest.mark.parametrize("host", ["localhost", "dynamodb.us-east-1.amazonaws.com"])
def test_a_page_may_ask_a_service(brume, host):
    """Browsers ask first, without a signature; AWS's endpoints let every page (scylladb's test_cors.py has recorded it of DynamoDB)."""
    status, body, headers = send(brume, "OPTIONS", "/", dict(BROWSER, Host=host), None)
    assert status == 200 and body == ""
    assert headers["Access-Control-Allow-Origin"] == "*" and headers["Access-Control-Max-Age"] == "172800"
    assert headers["Access-Control-Allow-Methods"] == "POST"
    assert headers["Access-Control-Allow-Headers"] == BROWSER["Access-Control-Request-Headers"]


def test_answers_of_services_are_for_every_page(brume):
    for asked in (signed(brume), signed(brume, key="AKIANOBODYKNOWSTHIS0")):  # errors, too
        method, path, headers, body = asked
        _, _, answer = send(brume, method, path, dict(headers, Origin="https://page.example"), body)
        assert answer["Access-Control-Allow-Origin"] == "*" and "x-amzn-RequestId" in answer["Access-Control-Expose-Headers"]
        assert "Access-Control-Max-Age" not in answer
        assert "Access-Control-Allow-Origin" not in send(brume, method, path, headers, body)[2]


def test_a_bucket_has_rules_of_its_own_for_pages(brume):
    assert send(brume, "OPTIONS", "/bucket-without-rules/k", dict(BROWSER, **{"Access-Control-Request-Headers": "x-amz-date"}), None)[0] == 403
    method, path, headers, body = signed(brume, body="", service="s3", method="GET")
    assert "Access-Control-Allow-Origin" not in send(brume, method, path, dict(headers, Origin="https://page.example"), body)[2]


def test_an_endpoint_is_healthy(brume):
    status, body, _ = send(brume, "GET", "/", {"Host": "dynamodb.us-east-1.amazonaws.com"}, None)
    assert (status, body.strip()) == (200, "healthy: dynamodb.us-east-1.amazonaws.com")


def test_the_clock_outranks_the_day_of_the_scope(brume):
    """A header without commas, long expired (scylladb's test_authorization.py, which AWS passes)."""
    for date, says in (("20170101T010101Z", "Signature expired: "), ("30200101T010101Z", "Signature not yet current: ")):
        status, body, _ = send(brume, "POST", "/", {
            "Content-Type": "application/x-amz-json-1.0", "X-Amz-Date": date, "X-Amz-Target": "DynamoDB_20120810.DescribeEndpoints",
            "Authorization": "AWS4-HMAC-SHA256 Credential=somebody/2/3/4/aws4_request SignedHeaders=x-amz-date;host Signature=123"}, "{}")
        assert status == 400 and "InvalidSignatureException" in body and says in body


@pytest.mark.parametrize("key", ["AK\x01\x00\x1f", "\ufffe\uffff<&", "\x7f\U0001f600"])
def test_a_refusal_stays_xml_whatever_it_quotes(brume, key):
    sts = brume.client("sts", config={"parameter_validation": False})
    with pytest.raises(ClientError, match="ValidationError"):
        sts.get_access_key_info(AccessKeyId=key)


@pytest.mark.parametrize("seconds", ["9223372036854775", "253402300800", "1e300", "-62135596801"])
def test_a_time_has_a_year_of_four_digits(brume, seconds):
    cloudtrail = brume.client("cloudtrail")

    def rewrite(request, **_):
        request.data = b'{"StartTime": %s}' % seconds.encode()

    cloudtrail.meta.events.register("before-sign.cloudtrail.LookupEvents", rewrite)
    with pytest.raises(ClientError, match="SerializationException"):
        cloudtrail.lookup_events()
