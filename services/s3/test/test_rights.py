"""Who may: lists of rights, ownership, Block Public Access, policies, other accounts and nobody."""
import json
import urllib.request
from urllib.error import HTTPError

import pytest
from botocore.exceptions import ClientError

OTHER = "222222222222"
EVERYBODY = "http://acs.amazonaws.com/groups/global/AllUsers"


def refused(call, **arguments):
    with pytest.raises(ClientError) as error:
        call(**arguments)
    return error.value.response["Error"]["Code"]


def nobody(brume, path):
    try:
        with urllib.request.urlopen(f"{brume.url}/{path}") as answer:
            return answer.status
    except HTTPError as error:
        return error.code


def policy(bucket, principal, action="s3:GetObject", effect="Allow", **more):
    return json.dumps({"Version": "2012-10-17", "Statement": [{
        "Effect": effect, "Principal": principal, "Action": action,
        "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"], **more}]})


@pytest.fixture
def bucket(s3, request):
    name = "r-" + request.node.name.lower().replace("_", "-")[-55:].strip("-")
    s3.create_bucket(Bucket=name)
    s3.put_object(Bucket=name, Key="k", Body=b"mine")
    return name


@pytest.fixture
def open_bucket(s3, bucket):
    """As buckets were before 2023: lists of rights count, and nothing is blocked."""
    s3.put_bucket_ownership_controls(Bucket=bucket, OwnershipControls={"Rules": [{"ObjectOwnership": "ObjectWriter"}]})
    s3.delete_public_access_block(Bucket=bucket)
    return bucket


def test_new_buckets_are_closed(s3, bucket):
    block = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert list(block.values()) == [True] * 4
    rules = s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]["Rules"]
    assert rules == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    assert refused(s3.put_bucket_acl, Bucket=bucket, ACL="public-read") == "AccessControlListNotSupported"
    assert refused(s3.put_object, Bucket=bucket, Key="x", ACL="public-read") == "AccessControlListNotSupported"
    s3.put_object(Bucket=bucket, Key="x", ACL="bucket-owner-full-control")


def test_block_public_access_refuses_public_policies(s3, bucket, brume):
    public = policy(bucket, "*", "s3:PutObject")
    with pytest.raises(ClientError) as error:
        s3.put_bucket_policy(Bucket=bucket, Policy=public)
    assert error.value.response["Error"]["Code"] == "AccessDenied"
    assert "BlockPublicPolicy" in error.value.response["Error"]["Message"]
    s3.delete_public_access_block(Bucket=bucket)
    s3.put_bucket_policy(Bucket=bucket, Policy=policy(bucket, "*"))
    assert s3.get_bucket_policy_status(Bucket=bucket)["PolicyStatus"]["IsPublic"] is True
    assert nobody(brume, f"{bucket}/k") == 200
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration={"RestrictPublicBuckets": True})
    assert nobody(brume, f"{bucket}/k") == 403


@pytest.mark.parametrize("condition,public", [
    (None, True),
    ({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, False),
    ({"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}}, True),
    ({"StringEquals": {"aws:PrincipalOrgID": "o-abcdefghij"}}, False),
    ({"StringLike": {"aws:PrincipalOrgID": "o-*"}}, True),
    ({"StringNotEquals": {"aws:SourceVpc": "vpc-1"}}, True),
    ({"StringEquals": {"aws:SourceVpc": "vpc-1"}}, False),
    ({"StringEquals": {"s3:prefix": "a"}}, True),
])
def test_what_counts_as_public(s3, condition, public):
    name = "r-public-" + str(abs(hash(str(condition))))[:8]
    s3.create_bucket(Bucket=name)
    s3.delete_public_access_block(Bucket=name)
    s3.put_bucket_policy(Bucket=name, Policy=policy(name, "*", **({"Condition": condition} if condition else {})))
    assert s3.get_bucket_policy_status(Bucket=name)["PolicyStatus"]["IsPublic"] is public


def test_another_account_comes_in_by_policy(s3, bucket, brume):
    other = brume.client("s3", account=OTHER)
    assert refused(other.get_object, Bucket=bucket, Key="k") == "AccessDenied"
    s3.put_bucket_policy(Bucket=bucket, Policy=policy(bucket, {"AWS": f"arn:aws:iam::{OTHER}:root"},
                                                      ["s3:GetObject", "s3:PutObject", "s3:ListBucket"]))
    assert s3.get_bucket_policy_status(Bucket=bucket)["PolicyStatus"]["IsPublic"] is False
    assert other.get_object(Bucket=bucket, Key="k")["Body"].read() == b"mine"
    other.put_object(Bucket=bucket, Key="theirs", Body=b"theirs")
    assert [o["Key"] for o in other.list_objects_v2(Bucket=bucket)["Contents"]] == ["k", "theirs"]
    assert s3.get_object(Bucket=bucket, Key="theirs")["Body"].read() == b"theirs"
    assert refused(other.delete_object, Bucket=bucket, Key="k") == "AccessDenied"
    assert refused(other.get_object, Bucket=bucket, Key="k", ExpectedBucketOwner=OTHER) == "AccessDenied"
    third = brume.client("s3", account="333333333333")
    assert refused(third.get_object, Bucket=bucket, Key="k") == "AccessDenied"


def test_a_canonical_user_is_an_account(brume, s3, bucket):
    """Its root by the policy alone, its users by a policy of their own besides; and a denial of it binds both."""
    other = brume.client("s3", account=OTHER)
    iam, name = brume.client("iam", account=OTHER), bucket[:50]
    iam.create_user(UserName=name)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    user = brume.client("s3", account=key["AccessKeyId"], secret=key["SecretAccessKey"])
    other_id, own_id = other.list_buckets()["Owner"]["ID"], s3.list_buckets()["Owner"]["ID"]
    assert refused(other.get_object, Bucket=bucket, Key="k") == "AccessDenied"
    s3.put_bucket_policy(Bucket=bucket, Policy=policy(bucket, {"CanonicalUser": other_id}))
    assert other.get_object(Bucket=bucket, Key="k")["Body"].read() == b"mine"
    assert refused(user.get_object, Bucket=bucket, Key="k") == "AccessDenied"
    iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=json.dumps(
        {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}}))
    assert user.get_object(Bucket=bucket, Key="k")["Body"].read() == b"mine"
    assert s3.get_bucket_policy_status(Bucket=bucket)["PolicyStatus"]["IsPublic"] is False
    s3.put_bucket_policy(Bucket=bucket, Policy=policy(bucket, {"CanonicalUser": own_id}))
    assert refused(other.get_object, Bucket=bucket, Key="k") == refused(user.get_object, Bucket=bucket, Key="k") == "AccessDenied"
    s3.put_bucket_policy(Bucket=bucket, Policy=policy(bucket, {"CanonicalUser": own_id}, effect="Deny"))
    assert refused(s3.get_object, Bucket=bucket, Key="k") == "AccessDenied"
    for bad in ["anybody", own_id[:-1], "z" * 64]:
        assert refused(s3.put_bucket_policy, Bucket=bucket, Policy=policy(bucket, {"CanonicalUser": bad})) == "MalformedPolicy"


def test_a_copy_reads_by_the_source_s_policy(s3, bucket, brume):
    other = brume.client("s3", account=OTHER)
    other.create_bucket(Bucket="r-copies")
    source = {"Bucket": bucket, "Key": "k"}
    assert refused(other.copy_object, Bucket="r-copies", Key="c", CopySource=source) == "AccessDenied"
    s3.put_bucket_policy(Bucket=bucket, Policy=policy(bucket, {"AWS": OTHER}))
    other.copy_object(Bucket="r-copies", Key="c", CopySource=source)
    assert other.get_object(Bucket="r-copies", Key="c")["Body"].read() == b"mine"


def test_a_denial_binds_the_owner_too(s3, bucket):
    s3.put_bucket_policy(Bucket=bucket, Policy=policy(bucket, "*", "s3:PutObject", "Deny"))
    assert refused(s3.put_object, Bucket=bucket, Key="x") == "AccessDenied"
    s3.delete_bucket_policy(Bucket=bucket)
    assert refused(s3.get_bucket_policy, Bucket=bucket) == "NoSuchBucketPolicy"
    s3.put_object(Bucket=bucket, Key="x")


def test_policies_that_are_none(s3, bucket):
    for text in ("", "text", "{}", '{"Statement": []}', policy("elsewhere", "*"), policy(bucket, {"AWS": OTHER}, "sqs:SendMessage")):
        assert refused(s3.put_bucket_policy, Bucket=bucket, Policy=text) == "MalformedPolicy"


def test_lists_of_rights_let_in(s3, open_bucket, brume):
    assert nobody(brume, f"{open_bucket}/k") == 403
    s3.put_object_acl(Bucket=open_bucket, Key="k", ACL="public-read")
    grants = s3.get_object_acl(Bucket=open_bucket, Key="k")["Grants"]
    assert [(g["Grantee"].get("URI"), g["Permission"]) for g in grants] == [(None, "FULL_CONTROL"), (EVERYBODY, "READ")]
    assert nobody(brume, f"{open_bucket}/k") == 200
    assert nobody(brume, open_bucket) == 403
    s3.put_bucket_acl(Bucket=open_bucket, ACL="public-read")
    assert nobody(brume, open_bucket) == 200
    s3.put_public_access_block(Bucket=open_bucket, PublicAccessBlockConfiguration={"IgnorePublicAcls": True})
    assert nobody(brume, open_bucket) == 403
    s3.put_public_access_block(Bucket=open_bucket, PublicAccessBlockConfiguration={"BlockPublicAcls": True})
    assert refused(s3.put_object_acl, Bucket=open_bucket, Key="k", ACL="public-read") == "AccessDenied"


def test_a_grant_to_an_account(s3, open_bucket, brume):
    other = brume.client("s3", account=OTHER)
    other_id = other.list_buckets()["Owner"]["ID"]
    assert refused(other.put_object, Bucket=open_bucket, Key="t") == "AccessDenied"
    s3.put_bucket_acl(Bucket=open_bucket, GrantWrite=f'id="{other_id}"')
    other.put_object(Bucket=open_bucket, Key="t", Body=b"theirs")
    assert other.get_object(Bucket=open_bucket, Key="t")["Body"].read() == b"theirs"
    assert refused(s3.get_object, Bucket=open_bucket, Key="t") == "AccessDenied"  # the writer owns
    other.put_object(Bucket=open_bucket, Key="t", Body=b"shared", ACL="bucket-owner-full-control")
    assert s3.get_object(Bucket=open_bucket, Key="t")["Body"].read() == b"shared"


def test_lists_that_are_none(s3, open_bucket):
    assert refused(s3.put_bucket_acl, Bucket=open_bucket) == "MissingSecurityHeader"
    for more in ({"GrantRead": 'id="nobody"'}, {"GrantRead": 'name="x"'}, {"GrantRead": 'uri="http://x"'}):
        assert refused(s3.put_bucket_acl, Bucket=open_bucket, **more) == "InvalidArgument"
    assert refused(s3.put_bucket_acl, Bucket=open_bucket, ACL="private", GrantRead=f'uri="{EVERYBODY}"') == "InvalidRequest"
    assert refused(s3.put_bucket_acl, Bucket=open_bucket, AccessControlPolicy={}) == "MalformedACLError"


def test_requester_pays(s3, bucket, brume):
    s3.put_bucket_policy(Bucket=bucket, Policy=policy(bucket, {"AWS": OTHER}))
    other = brume.client("s3", account=OTHER)
    s3.put_bucket_request_payment(Bucket=bucket, RequestPaymentConfiguration={"Payer": "Requester"})
    assert refused(other.get_object, Bucket=bucket, Key="k") == "AccessDenied"
    assert other.get_object(Bucket=bucket, Key="k", RequestPayer="requester")["RequestCharged"] == "requester"
    s3.get_object(Bucket=bucket, Key="k")


def browser(brume, method, path, **headers):
    request = urllib.request.Request(f"{brume.url}/{path}", method=method, headers=headers)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.headers
    except HTTPError as error:
        return error.code, error.headers


def test_browsers_meet_the_rules(s3, open_bucket, brume):
    asks = {"Origin": "https://a.example.com", "Access-Control-Request-Method": "PUT",
            "Access-Control-Request-Headers": "x-amz-meta-a, Content-Type"}
    assert browser(brume, "OPTIONS", f"{open_bucket}/k", **asks)[0] == 403
    assert refused(s3.get_bucket_cors, Bucket=open_bucket) == "NoSuchCORSConfiguration"
    rule = {"AllowedOrigins": ["https://*.example.com"], "AllowedMethods": ["PUT", "GET"], "AllowedHeaders": ["x-amz-*", "content-type"],
            "ExposeHeaders": ["ETag"], "MaxAgeSeconds": 300}
    s3.put_bucket_cors(Bucket=open_bucket, CORSConfiguration={"CORSRules": [rule]})
    assert s3.get_bucket_cors(Bucket=open_bucket)["CORSRules"] == [rule]
    status, headers = browser(brume, "OPTIONS", f"{open_bucket}/k", **asks)
    assert status == 200 and headers["Access-Control-Allow-Origin"] == "https://a.example.com"
    assert headers["Access-Control-Allow-Headers"] == "x-amz-meta-a, content-type"
    assert headers["Access-Control-Max-Age"] == "300" and headers["Access-Control-Allow-Credentials"] == "true"
    for other in ({"Origin": "https://a.example.org"}, {"Access-Control-Request-Method": "DELETE"},
                  {"Access-Control-Request-Headers": "authorization"}):
        assert browser(brume, "OPTIONS", f"{open_bucket}/k", **{**asks, **other})[0] == 403
    assert browser(brume, "OPTIONS", f"{open_bucket}/k")[0] == 400
    s3.put_object_acl(Bucket=open_bucket, Key="k", ACL="public-read")
    status, headers = browser(brume, "GET", f"{open_bucket}/k", Origin="https://b.example.com")
    assert status == 200 and headers["Access-Control-Allow-Origin"] == "https://b.example.com"
    assert headers["Access-Control-Expose-Headers"] == "ETag"
    assert "Access-Control-Allow-Origin" not in browser(brume, "GET", f"{open_bucket}/k")[1]


def test_settings_come_back(s3, bucket):
    s3.create_bucket(Bucket="r-logs")
    enabled = {"TargetBucket": "r-logs", "TargetPrefix": "l/"}
    s3.put_bucket_logging(Bucket=bucket, BucketLoggingStatus={"LoggingEnabled": enabled})
    assert s3.get_bucket_logging(Bucket=bucket)["LoggingEnabled"] == enabled
    s3.put_bucket_logging(Bucket=bucket, BucketLoggingStatus={})
    assert "LoggingEnabled" not in s3.get_bucket_logging(Bucket=bucket)
    site = {"IndexDocument": {"Suffix": "index.html"}, "ErrorDocument": {"Key": "e.html"},
            "RoutingRules": [{"Condition": {"KeyPrefixEquals": "a/"}, "Redirect": {"ReplaceKeyPrefixWith": "b/"}}]}
    s3.put_bucket_website(Bucket=bucket, WebsiteConfiguration=site)
    assert {k: v for k, v in s3.get_bucket_website(Bucket=bucket).items() if k != "ResponseMetadata"} == site
    s3.delete_bucket_website(Bucket=bucket)
    assert refused(s3.get_bucket_website, Bucket=bucket) == "NoSuchWebsiteConfiguration"
    s3.put_bucket_accelerate_configuration(Bucket=bucket, AccelerateConfiguration={"Status": "Suspended"})
    assert s3.get_bucket_accelerate_configuration(Bucket=bucket)["Status"] == "Suspended"


@pytest.mark.as_root
def test_the_owner_s_root_can_always_undo_a_policy(s3, bucket, brume):
    s3.put_bucket_policy(Bucket=bucket, Policy=policy(bucket, "*", "s3:*", "Deny"))
    assert refused(s3.list_objects_v2, Bucket=bucket) == "AccessDenied"
    assert "Deny" in s3.get_bucket_policy(Bucket=bucket)["Policy"]
    s3.delete_bucket_policy(Bucket=bucket)
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 1


def test_rights_by_the_tags_of_a_new_object(s3, bucket, brume):
    condition = {"StringEquals": {"s3:RequestObjectTag/team": "blue"}}
    s3.put_bucket_policy(Bucket=bucket, Policy=policy(bucket, {"AWS": OTHER}, ["s3:PutObject", "s3:PutObjectTagging"],
                                                      Condition=condition))
    other = brume.client("s3", account=OTHER)
    other.put_object(Bucket=bucket, Key="t", Body=b"x", Tagging="team=blue")
    assert refused(other.put_object, Bucket=bucket, Key="t", Tagging="team=red") == "AccessDenied"
    assert refused(other.put_object, Bucket=bucket, Key="t") == "AccessDenied"


def test_who_may_list_hears_what_is_absent(s3, open_bucket, brume):
    assert nobody(brume, f"{open_bucket}/absent") == 403
    s3.put_bucket_acl(Bucket=open_bucket, ACL="public-read")
    assert nobody(brume, f"{open_bucket}/absent") == 404


def test_who_may_list_a_prefix_hears_what_is_absent_there(s3, open_bucket, brume):
    s3.put_bucket_policy(Bucket=open_bucket, Policy=policy(open_bucket, "*", "s3:ListBucket", Condition={"StringLike": {"s3:prefix": "shown/*"}}))
    assert nobody(brume, f"{open_bucket}/shown/absent") == 404
    assert nobody(brume, f"{open_bucket}/hidden/absent") == 403
    other = brume.client("s3", account=OTHER)
    assert refused(other.head_object, Bucket=open_bucket, Key="shown/absent") == "404"
    assert refused(other.head_object, Bucket=open_bucket, Key="hidden/absent") == "403"


def test_nobody_s_form_into_a_bucket_open_to_all(s3, open_bucket, brume):
    s3.put_bucket_acl(Bucket=open_bucket, ACL="public-read-write")
    body = "".join(f'--cut\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
                   for name, value in (("key", "form"), ("acl", "private"), ("file", "bytes"))) + "--cut--\r\n"
    request = urllib.request.Request(f"{brume.url}/{open_bucket}", body.encode(), method="POST",
                                     headers={"Content-Type": "multipart/form-data; boundary=cut"})
    with urllib.request.urlopen(request) as answer:
        assert answer.status == 204
    assert s3.get_object(Bucket=open_bucket, Key="form")["Body"].read() == b"bytes"
