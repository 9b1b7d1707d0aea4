"""Pairs of buckets between which objects are replicated."""
import json
import subprocess
import time
import uuid

from botocore.exceptions import ClientError

from conftest import BINARY
from policies import document, statement, trust

SOURCE_RIGHTS = ["s3:GetReplicationConfiguration", "s3:ListBucket", "s3:GetObjectVersionForReplication", "s3:GetObjectVersionAcl",
                 "s3:GetObjectVersionTagging", "s3:GetObjectRetention", "s3:GetObjectLegalHold"]
TARGET_RIGHTS = ["s3:ReplicateObject", "s3:ReplicateDelete", "s3:ReplicateTags", "s3:ObjectOwnerOverrideToBucketOwner"]


def name(prefix):
    return f"{prefix}-{uuid.uuid4().hex[:12]}"


def arn(bucket):
    return f"arn:aws:s3:::{bucket}"


class World:
    """A source bucket, and destinations to which a role may replicate."""

    def __init__(self, server, account="000000000000", lock=False):
        self.server, self.account = server, account
        self.s3, self.iam = (server.client(s, account=account) for s in ("s3", "iam"))
        self.source = self.bucket(lock=lock)
        self.role_name = name("role")
        self.role = self.iam.create_role(RoleName=self.role_name, AssumeRolePolicyDocument=trust({"Service": "s3.amazonaws.com"}))["Role"]["Arn"]
        self.allow(SOURCE_RIGHTS + TARGET_RIGHTS)

    def allow(self, actions, resource="*"):
        self.iam.put_role_policy(RoleName=self.role_name, PolicyName="replicate",
                                 PolicyDocument=document(statement(action=actions, resource=resource)))

    def bucket(self, region="us-east-1", account=None, versions=True, lock=False):
        s3, made = self.server.client("s3", account=account or self.account, region=region), name("bucket")
        where = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        s3.create_bucket(Bucket=made, ObjectLockEnabledForBucket=lock, **where)
        if versions:
            s3.put_bucket_versioning(Bucket=made, VersioningConfiguration={"Status": "Enabled"})
        return made

    def replicate(self, *rules):
        self.s3.put_bucket_replication(Bucket=self.source, ReplicationConfiguration={"Role": self.role, "Rules": list(rules)})

    def put(self, key, body=b"x", **more):
        return self.s3.put_object(Bucket=self.source, Key=key, Body=body, **more).get("VersionId")

    def status(self, key, **more):
        return self.s3.head_object(Bucket=self.source, Key=key, **more).get("ReplicationStatus")

    def settled(self, key, **more):
        """The status when it is no longer PENDING."""
        return until(lambda: self.status(key, **more), lambda s: s != "PENDING")

    def head(self, bucket, key, **more):
        try:
            return self.s3.head_object(Bucket=bucket, Key=key, **more)
        except ClientError as error:
            assert error.response["ResponseMetadata"]["HTTPStatusCode"] in (404, 405)
            return None


def fault(server, *words):
    done = subprocess.run([BINARY, "fault", *words, "--data", str(server.data), "--port", str(server.port)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def until(look, good, seconds=10):
    deadline = time.monotonic() + seconds
    while True:
        seen = look()
        if good(seen):
            return seen
        assert time.monotonic() < deadline, f"still {seen!r}"
        time.sleep(0.02)


def rule(bucket, priority=1, prefix="", markers="Disabled", status="Enabled", **more):
    """Of the second schema. more: Destination members in `to`, and others of the rule."""
    to = more.pop("to", {})
    made = {"ID": more.pop("id", f"rule-{priority}"), "Status": status, "Priority": priority,
            "Filter": more.pop("filter", {"Prefix": prefix}), "DeleteMarkerReplication": {"Status": markers},
            "Destination": {"Bucket": arn(bucket), **to}, **more}
    return made


def grant(server, account, bucket, role, actions=None):
    """The bucket's policy lets a role of another account replicate into it."""
    server.client("s3", account=account).put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": role}, "Action": actions or TARGET_RIGHTS, "Resource": f"{arn(bucket)}/*"}]}))
