"""Keys are bytes: what paths, URLs, XML and SDKs might take for something else comes back as it went."""
import random
import urllib.parse
import xml.etree.ElementTree as ElementTree

import pytest
from botocore.exceptions import ClientError
from s3_requests import ask

ODD = ["/", "//", "///a", "a//b", "a///", ".", "..", "./a", "../a", "a/..", "a/../b", "a/./b", "a/", "a/b/", "%", "%2F", "a%2Fb", "%252F", "+", " ", "a b",
       "a+b", "a%20b", "  two  ", "\t", "\n", "a\r\nb", "\x01\x1f\x7f", "?", "a?b=c", "#", "&", "<&>\"'", "a=b&c=d", ";", ":", "*", "\\", "\u00e9",
       "e\u0301", "日本語", "\U0001f600", "\u202e", "\ufeff", "soap", "index.html", "?acl", "a?versioning", "-", "~", "a:b@c", "{}[]|^`"]


@pytest.fixture(scope="module")
def bucket(s3):
    name = "odd-keys-test"
    s3.create_bucket(Bucket=name)
    for key in ODD:
        s3.put_object(Bucket=name, Key=key, Body=key.encode())
    return name


@pytest.mark.parametrize("key", ODD)
def test_each_is_its_own(s3, bucket, key):
    """Nothing is normalised: what was put under one key is not under another."""
    assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == key.encode()
    assert s3.head_object(Bucket=bucket, Key=key)["ContentLength"] == len(key.encode())
    s3.copy_object(Bucket=bucket, Key="copied", CopySource={"Bucket": bucket, "Key": key})
    assert s3.get_object(Bucket=bucket, Key="copied")["Body"].read() == key.encode()
    s3.delete_object(Bucket=bucket, Key="copied")


def test_all_are_listed_in_byte_order(s3, bucket):
    want = sorted(ODD, key=str.encode)
    assert [o["Key"] for o in s3.list_objects_v2(Bucket=bucket)["Contents"]] == want
    assert [o["Key"] for page in s3.get_paginator("list_objects").paginate(Bucket=bucket, PaginationConfig={"PageSize": 7}) for o in page["Contents"]] == want
    assert [v["Key"] for v in s3.list_object_versions(Bucket=bucket)["Versions"]] == want
    for key in ODD:  # each is a prefix, too, and a place to go on behind
        assert [o["Key"] for o in s3.list_objects_v2(Bucket=bucket, Prefix=key)["Contents"]] == [k for k in want if k.startswith(key)]
        got = s3.list_objects_v2(Bucket=bucket, StartAfter=key)
        assert [o["Key"] for o in got.get("Contents", [])] == [k for k in want if k.encode() > key.encode()] and got["StartAfter"] == key


def test_empty_segments_are_groups(s3, bucket):
    page = s3.list_objects_v2(Bucket=bucket, Prefix="a", Delimiter="//")
    assert [p["Prefix"] for p in page["CommonPrefixes"]] == ["a//"]
    page = s3.list_objects_v2(Bucket=bucket, Delimiter="/")
    groups = sorted({key[:key.index("/") + 1] for key in ODD if "/" in key}, key=str.encode)
    assert [p["Prefix"] for p in page["CommonPrefixes"]] == groups
    page = s3.list_objects_v2(Bucket=bucket, Prefix="/", Delimiter="/")
    assert [p["Prefix"] for p in page["CommonPrefixes"]] == ["//"] and [o["Key"] for o in page["Contents"]] == ["/"]


def test_delete_by_document(s3):
    """Keys in XML: botocore writes what XML has no letter for as references."""
    s3.create_bucket(Bucket="odd-deleted")
    for key in ODD:
        s3.put_object(Bucket="odd-deleted", Key=key, Body=b"")
    plain = [key for key in ODD if not set(key) & {chr(c) for c in range(32)} - set("\t\n\r")]
    answer = s3.delete_objects(Bucket="odd-deleted", Delete={"Objects": [{"Key": key} for key in plain]})
    assert sorted(d["Key"] for d in answer["Deleted"]) == sorted(plain)
    left = [o["Key"] for o in s3.list_objects_v2(Bucket="odd-deleted").get("Contents", [])]
    assert left == sorted(set(ODD) - set(plain))


def test_controls_in_xml(brume, s3):
    """XML 1.0 has no letter for most of them; S3 writes references, which few parsers take, or URL-encodes when asked to."""
    s3.create_bucket(Bucket="odd-controls")
    keys = [chr(c) for c in range(1, 33)] + ["\x7f", "\x80", "\x9f"]
    for key in keys:
        s3.put_object(Bucket="odd-controls", Key=key, Body=b"")
    body = ask(brume, "GET", "/odd-controls?list-type=2").body
    for key in keys:
        if ord(key) < 32 and key not in "\t\n":
            assert f"<Key>&#x{ord(key):X};</Key>" in body or f"<Key>&#x{ord(key):x};</Key>" in body, key
        else:
            assert f"<Key>{key}</Key>" in body, key
    with pytest.raises(ElementTree.ParseError):
        ElementTree.fromstring(body)
    body = ask(brume, "GET", "/odd-controls?list-type=2&encoding-type=url&prefix=%01&start-after=%00&delimiter=%02").body
    page = {e.tag.split("}")[1]: e.text for e in ElementTree.fromstring(body).iter()}
    assert (page["EncodingType"], page["Prefix"], page["StartAfter"], page["Delimiter"], page["Key"]) == ("url", "%01", "%00", "%02", "%01")
    body = ask(brume, "GET", "/odd-controls?encoding-type=url").body
    encoded = [e.text for e in ElementTree.fromstring(body).iter() if e.tag.endswith("}Key")]
    assert [urllib.parse.unquote_plus(text) for text in encoded] == sorted(keys, key=str.encode)
    error = ask(brume, "GET", "/odd-controls/absent%01").body
    assert ElementTree.fromstring(error).findtext("Key") == "absent\ufffd"  # an error stays XML


def test_what_urls_encode(brume, s3):
    """encoding-type=url: letters, digits and -_.*/ stay, a space is a plus."""
    s3.create_bucket(Bucket="odd-encoded")
    s3.put_object(Bucket="odd-encoded", Key="a b+c~d*e-f_g.h/%é&", Body=b"")
    for version in ("", "&list-type=2", "&versions"):
        body = ask(brume, "GET", f"/odd-encoded?encoding-type=url{version}").body
        assert "<Key>a+b%2Bc%7Ed*e-f_g.h/%25%C3%A9%26</Key>" in body


def random_key(seed, size):
    """Exactly `size` bytes of UTF-8 of every length."""
    rng, key = random.Random(seed), b""
    while len(key) < size:
        letter = chr(rng.choice([rng.randrange(33, 127), rng.randrange(0xa1, 0x800), rng.randrange(0x800, 0xd800), rng.randrange(0x10000, 0x110000)]))
        if len(key) + len(letter.encode()) <= size:
            key += letter.encode()
    return key.decode()


def test_1024_bytes_and_not_one_more(s3):
    s3.create_bucket(Bucket="odd-long")
    keys = {random_key(seed, 1024) for seed in range(20)} | {"/" * 1024, "é" * 512, "\U0001f600" * 256, "%" * 1024, " " * 1024, "../" * 341 + "x"}
    for key in keys:
        s3.put_object(Bucket="odd-long", Key=key, Body=key[:9].encode())
    listed = [o["Key"] for page in s3.get_paginator("list_objects_v2").paginate(Bucket="odd-long", PaginationConfig={"PageSize": 5}) for o in page["Contents"]]
    assert listed == sorted(keys, key=str.encode)
    for key in keys:
        assert s3.get_object(Bucket="odd-long", Key=key)["Body"].read() == key[:9].encode()
    for key in ("k" * 1025, "é" * 512 + "k", "\U0001f600" * 256 + "k"):
        for call, arguments in ((s3.put_object, {}), (s3.create_multipart_upload, {}), (s3.copy_object, {"CopySource": "odd-long/k"}),
                                (s3.get_object, {}), (s3.delete_object, {})):
            with pytest.raises(ClientError) as refused:
                call(Bucket="odd-long", Key=key, **arguments)
            error = refused.value.response["Error"]
            assert (error["Code"], error["Message"]) == ("KeyTooLongError", "Your key is too long")
            assert (error["Size"], error["MaxSizeAllowed"]) == (str(len(key.encode())), "1024")


@pytest.mark.parametrize("path", ["%FF%FE", "%C3%28", "%ED%A0%80", "%C0%AF", "%F4%90%80%80", "a%E2%82", "%80"])
def test_bytes_that_are_no_text(brume, bucket, path):
    for method in ("PUT", "GET", "DELETE"):
        answer = ask(brume, method, f"/{bucket}/{path}")
        assert (answer.status, answer["Code"], answer["Message"]) == (400, "InvalidURI", "Couldn't parse the specified URI.")


@pytest.mark.parametrize("path", ["a/b%2Bc%20d~e", "a%2Fb%2Bc%20d~e"])
def test_paths_as_they_came(brume, s3, bucket, path):
    """The same key, however the client wrote it."""
    s3.put_object(Bucket=bucket, Key="a/b+c d~e", Body=b"written")
    assert ask(brume, "GET", f"/{bucket}/{path}").bytes == b"written"


@pytest.mark.parametrize("target", ["/{}//", "/{}/.", "/{}/..", "/{}/a/../b", "/{}/%2F", "/{}/a//b"])
def test_by_hand(brume, bucket, target):
    """No client between: the path on the wire, the key in the listing."""
    key = urllib.parse.unquote(target.format("")[2:])
    got = ask(brume, "GET", target.format(bucket))
    assert (got.status, got.bytes) == (200, key.encode())


def test_keys_of_one_level_up_are_no_files(start_brume):
    """Nothing of a key reaches the disk as a name."""
    server = start_brume()
    s3 = server.client("s3")
    s3.create_bucket(Bucket="level-up")
    before = {p for p in server.data.parent.rglob("*") if "zones" not in p.parts and "journal" not in p.parts}
    for key in ("../../escaped", "/etc/escaped", "a/../../../escaped", "..\\escaped"):
        s3.put_object(Bucket="level-up", Key=key, Body=b"x" * 100_000)
    assert not list(server.data.parent.rglob("*escaped*"))
    assert {p for p in server.data.parent.rglob("*") if "zones" not in p.parts and "journal" not in p.parts} == before
