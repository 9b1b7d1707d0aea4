"""A bucket as a website, as a browser sees it: by its own host, unsigned."""
import http.client
import json
import re

import pytest
from botocore.exceptions import ClientError

PAGE = """<html>
<head><title>{title}</title></head>
<body>
<h1>{title}</h1>
<ul>
{items}
<li>RequestId: *</li>
<li>HostId: *</li>
</ul>
{more}<hr/>
</body>
</html>
"""


def page(title, *items, failed=()):
    shown = lambda pairs: "\n".join(f"<li>{pair}</li>" for pair in pairs)
    more = f"<h3>An Error Occurred While Attempting to Retrieve a Custom Error Document</h3>\n<ul>\n{shown(failed)}\n</ul>\n" if failed else ""
    return PAGE.format(title=title, items=shown(items), more=more)


class Site:
    def __init__(self, brume, s3, name, public=True):
        self.brume, self.s3, self.name = brume, s3, name
        self.host = f"{name}.s3-website-us-east-1.localhost:{brume.port}"
        s3.create_bucket(Bucket=name)
        s3.delete_public_access_block(Bucket=name)
        if public:
            self.allow("s3:GetObject", "s3:ListBucket")

    def allow(self, *actions):
        self.s3.put_bucket_policy(Bucket=self.name, Policy=json.dumps({"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": "*", "Action": list(actions),
            "Resource": [f"arn:aws:s3:::{self.name}", f"arn:aws:s3:::{self.name}/*"]}]}))

    def configure(self, **configuration):
        self.s3.put_bucket_website(Bucket=self.name, WebsiteConfiguration=configuration)

    def put(self, key, body=None, **more):
        self.s3.put_object(Bucket=self.name, Key=key, Body=body or key.encode(), ContentType="text/html", **more)

    def ask(self, path, method="GET", headers=None, host=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.brume.port)
        connection.request(method, path, headers={"Host": host or self.host, **(headers or {})})
        answer = connection.getresponse()
        answer.text = re.sub(r"(RequestId|HostId): [^<]+", r"\1: *", answer.read().decode())
        connection.close()
        return answer

    def redirect(self, path):
        answer = self.ask(path)
        return answer.status, answer.getheader("Location")


@pytest.fixture
def site(brume, s3, request):
    made = Site(brume, s3, ("w-" + re.sub("[^a-z0-9]+", "-", request.node.name.lower()))[:60].strip("-"))
    made.configure(IndexDocument={"Suffix": "index.html"})
    return made


def test_index_documents(site):
    site.put("index.html", b"home")
    site.put("docs/index.html", b"docs")
    site.put("docs/page", b"page", Metadata={"by": "me"}, CacheControl="max-age=60")
    assert [site.ask(path).text for path in ("/", "/docs/", "/docs/page", "/?versionId=none")] == ["home", "docs", "page", "home"]
    answer = site.ask("/docs/page")
    assert (answer.getheader("x-amz-meta-by"), answer.getheader("Cache-Control"), answer.getheader("Content-Type")) == ("me", "max-age=60", "text/html")
    answer = site.ask("/docs")
    assert (answer.status, answer.getheader("Location")) == (302, "/docs/")
    assert answer.text == page("302 Found", "Code: Found", "Message: Resource Found")
    site.put("docs", b"a file of that name")
    assert site.ask("/docs").text == "a file of that name"


def test_hosts_with_dot_and_dash(site):
    site.put("index.html", b"home")
    for end in ("s3-website-eu-west-1.localhost.localstack.cloud:4566", "s3-website.us-east-1.localhost", "s3-website.us-east-1.amazonaws.com"):
        assert site.ask("/", host=f"{site.name}.{end}").text == "home"


def test_head_conditions_and_ranges(site):
    site.put("k", b"0123456789")
    etag = site.ask("/k").getheader("ETag")
    head = site.ask("/k", "HEAD")
    assert (head.status, head.getheader("Content-Length"), head.text) == (200, "10", "")
    assert site.ask("/k", headers={"If-None-Match": etag}).status == 304
    part = site.ask("/k", headers={"Range": "bytes=2-4"})
    assert (part.status, part.text, part.getheader("Content-Range")) == (206, "234", "bytes 2-4/10")
    assert site.ask("/k", headers={"If-Match": '"other"'}).status == 412
    assert site.ask("/none", "HEAD").status == 404


def test_what_is_not_there(site):
    answer = site.ask("/gone")
    assert answer.status == 404 and answer.getheader("Content-Type").startswith("text/html")
    assert (answer.getheader("x-amz-error-code"), answer.getheader("x-amz-error-detail-Key")) == ("NoSuchKey", "gone")
    assert answer.text == page("404 Not Found", "Code: NoSuchKey", "Message: The specified key does not exist.", "Key: gone")
    assert "<li>Key: gone/index.html</li>" in site.ask("/gone/").text
    assert "<li>Key: &lt;b&gt;</li>" in site.ask("/%3Cb%3E").text


def test_error_document(site):
    site.configure(IndexDocument={"Suffix": "index.html"}, ErrorDocument={"Key": "error.html"})
    lost = ["Code: NoSuchKey", "Message: The specified key does not exist."]
    assert site.ask("/gone").text == page("404 Not Found", *lost, "Key: gone", failed=[*lost, "Key: error.html"])
    site.put("error.html", b"sorry", Metadata={"kind": "apology"})
    answer = site.ask("/gone", headers={"Range": "bytes=1-2"})
    assert (answer.status, answer.text, answer.getheader("x-amz-meta-kind")) == (404, "sorry", "apology")
    assert answer.getheader("x-amz-error-code") == "NoSuchKey"


def test_what_is_not_public(brume, s3):
    site = Site(brume, s3, "w-private", public=False)
    site.configure(IndexDocument={"Suffix": "index.html"})
    site.put("index.html")
    answer = site.ask("/")
    assert answer.status == 403 and "<li>Code: AccessDenied</li>" in answer.text
    site.allow("s3:GetObject")
    assert site.ask("/").status == 200
    site.put("d/index.html")
    assert site.redirect("/d") == (302, "/d/") # even where nobody may list
    assert site.ask("/gone").status == 403 # who may not list must not learn what is absent
    s3.put_public_access_block(Bucket=site.name, PublicAccessBlockConfiguration={"RestrictPublicBuckets": True})
    assert site.ask("/").status == 403


def test_public_by_a_list_of_rights(brume, s3):
    site = Site(brume, s3, "w-by-acl", public=False)
    site.configure(IndexDocument={"Suffix": "index.html"})
    s3.put_bucket_ownership_controls(Bucket=site.name, OwnershipControls={"Rules": [{"ObjectOwnership": "ObjectWriter"}]})
    site.put("index.html", b"home", ACL="public-read")
    site.put("secret")
    assert site.ask("/").text == "home"
    assert site.ask("/secret").status == 403


def test_methods(site):
    for method in ("DELETE", "POST", "PUT"):
        answer = site.ask("/k", method)
        assert answer.status == 405
        assert answer.text == page("405 Method Not Allowed", "Code: MethodNotAllowed",
                                   "Message: The specified method is not allowed against this resource.", f"Method: {method}", "ResourceType: OBJECT")


def test_no_bucket_and_no_website(site, s3):
    answer = site.ask("/", host="w-nowhere.s3-website-us-east-1.localhost")
    assert answer.status == 404
    assert answer.text == page("404 Not Found", "Code: NoSuchBucket", "Message: The specified bucket does not exist", "BucketName: w-nowhere")
    s3.delete_bucket_website(Bucket=site.name)
    answer = site.ask("/")
    assert answer.status == 404 and "<li>Code: NoSuchWebsiteConfiguration</li>" in answer.text


def test_redirects_of_objects(site):
    site.put("old", WebsiteRedirectLocation="/new")
    site.put("away", WebsiteRedirectLocation="https://example.com/x")
    assert site.redirect("/old") == (301, "/new")
    assert site.redirect("/away") == (301, "https://example.com/x")
    assert site.s3.get_object(Bucket=site.name, Key="old")["Body"].read() == b"old" # the other endpoint serves it


def test_redirect_of_everything(site):
    site.configure(RedirectAllRequestsTo={"HostName": "www.example.com"})
    assert site.redirect("/a%20b/c?x=1") == (301, "http://www.example.com/a%20b/c?x=1")
    site.configure(RedirectAllRequestsTo={"HostName": "www.example.com", "Protocol": "https"})
    assert site.redirect("/") == (301, "https://www.example.com/")


def test_routing_rules(site):
    site.put("here")
    site.configure(IndexDocument={"Suffix": "index.html"}, RoutingRules=[
        {"Condition": {"KeyPrefixEquals": "docs/"}, "Redirect": {"ReplaceKeyPrefixWith": "documents/"}},
        {"Condition": {"KeyPrefixEquals": "one"}, "Redirect": {"ReplaceKeyWith": "two", "HttpRedirectCode": "307"}},
        {"Condition": {"KeyPrefixEquals": "far/"}, "Redirect": {"HostName": "example.com", "Protocol": "https"}},
        {"Condition": {"KeyPrefixEquals": "app/", "HttpErrorCodeReturnedEquals": "404"}, "Redirect": {"ReplaceKeyPrefixWith": "#!/"}},
        {"Condition": {"HttpErrorCodeReturnedEquals": "404"}, "Redirect": {"HostName": "old.example.com", "HttpRedirectCode": "302"}}])
    assert site.redirect("/docs/a?q=1") == (301, f"http://{site.host}/documents/a?q=1")
    assert site.redirect("/one/more") == (307, f"http://{site.host}/two")
    assert site.redirect("/far/x%20y") == (301, "https://example.com/far/x%20y")
    assert site.redirect("/app/page") == (301, f"http://{site.host}/#!/page")
    assert site.redirect("/gone") == (302, "http://old.example.com/gone")
    assert site.ask("/here").text == "here"


@pytest.mark.parametrize("condition, code, words", [
    ({"KeyPrefixEquals": "a"}, "300", "The provided HTTP redirect code (300) is not valid. Valid codes are 3XX except 300."),
    ({"HttpErrorCodeReturnedEquals": "302"}, "301", "The provided HTTP error code (302) is not valid. Valid codes are 4XX or 5XX.")])
def test_codes_that_are_none(site, condition, code, words):
    with pytest.raises(ClientError) as error:
        site.configure(IndexDocument={"Suffix": "i"}, RoutingRules=[{"Condition": condition, "Redirect": {"HostName": "h", "HttpRedirectCode": code}}])
    assert (error.value.response["Error"]["Code"], error.value.response["Error"]["Message"]) == ("InvalidRequest", words)


def test_browsers_of_other_origins(site):
    site.put("k")
    site.s3.put_bucket_cors(Bucket=site.name, CORSConfiguration={"CORSRules": [{"AllowedMethods": ["GET"], "AllowedOrigins": ["https://a.example"]}]})
    assert site.ask("/k", headers={"Origin": "https://a.example"}).getheader("Access-Control-Allow-Origin") == "https://a.example"
    asked = {"Origin": "https://a.example", "Access-Control-Request-Method": "GET"}
    assert site.ask("/k", "OPTIONS", headers=asked).status == 200
