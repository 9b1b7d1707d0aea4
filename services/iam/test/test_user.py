"""Users, groups, access keys."""
import re
import time

import pytest
from policies import document

PERSON = {"Path": "/", "UserName": "alice"}


def test_born_and_found(iam, account):
    user = iam.create_user(UserName="Alice", Path="/team/a/", Tags=[{"Key": "team", "Value": "red"}])["User"]
    assert re.fullmatch(r"AIDA[A-Z2-7]{17}", user["UserId"])
    assert user["Arn"] == f"arn:aws:iam::{account}:user/team/a/Alice"
    assert abs(user["CreateDate"].timestamp() - time.time()) < 60
    assert user["Tags"] == [{"Key": "team", "Value": "red"}]
    assert iam.get_user(UserName="alice")["User"] == user  # names are one whatever their case


def test_absent_and_double(iam, refused):
    with refused("NoSuchEntity") as r:
        iam.get_user(UserName="nobody")
    assert (r.message, r.status) == ("The user with name nobody cannot be found.", 404)
    iam.create_user(UserName="bob")
    with refused("EntityAlreadyExists") as r:
        iam.create_user(UserName="BOB")
    assert (r.message, r.status) == ("User with name BOB already exists.", 409)


def test_invalid_names(brume, account, refused):
    iam = brume.client("iam", account=account, config={"parameter_validation": False})
    with refused("ValidationError") as r:
        iam.create_user(UserName="a b")
    assert r.message == "The specified value for userName is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-"


def test_root_is_there_without_a_row(iam, account):
    root = iam.get_user()["User"]
    assert (root["Arn"], root["UserId"]) == (f"arn:aws:iam::{account}:root", account)


def test_rename_takes_everything_along(iam, account):
    iam.create_user(UserName="old", Tags=[{"Key": "k", "Value": "v"}])
    iam.create_group(GroupName="g")
    iam.add_user_to_group(GroupName="g", UserName="old")
    iam.put_user_policy(UserName="old", PolicyName="p", PolicyDocument=document())
    key = iam.create_access_key(UserName="old")["AccessKey"]["AccessKeyId"]
    before = iam.get_user(UserName="old")["User"]
    iam.update_user(UserName="old", NewUserName="new", NewPath="/x/")
    after = iam.get_user(UserName="new")["User"]
    assert after["Arn"] == f"arn:aws:iam::{account}:user/x/new"
    assert (after["UserId"], after["CreateDate"], after["Tags"]) == (before["UserId"], before["CreateDate"], before["Tags"])
    assert [g["GroupName"] for g in iam.list_groups_for_user(UserName="new")["Groups"]] == ["g"]
    assert iam.list_user_policies(UserName="new")["PolicyNames"] == ["p"]
    assert iam.get_access_key_last_used(AccessKeyId=key)["UserName"] == "new"
    assert [u["UserName"] for u in iam.get_group(GroupName="g")["Users"]] == ["new"]
    assert [u["UserName"] for u in iam.list_users()["Users"]] == ["new"]


def test_rename_to_a_name_that_is_taken(iam, refused):
    iam.create_user(UserName="a")
    iam.create_user(UserName="b")
    with refused("EntityAlreadyExists"):
        iam.update_user(UserName="a", NewUserName="B")
    assert {u["UserName"] for u in iam.list_users()["Users"]} == {"a", "b"}


def test_list_in_pages_and_by_path(iam):
    for i in range(7):
        iam.create_user(UserName=f"u{i}", Path="/even/" if i % 2 == 0 else "/odd/")
    names, marker = [], {}
    while True:
        page = iam.list_users(MaxItems=3, **marker)
        assert len(page["Users"]) <= 3
        names += [u["UserName"] for u in page["Users"]]
        if not page["IsTruncated"]:
            assert "Marker" not in page
            break
        marker = {"Marker": page["Marker"]}
    assert names == [f"u{i}" for i in range(7)]
    pages = iam.get_paginator("list_users").paginate(PathPrefix="/odd/", PaginationConfig={"PageSize": 2})
    assert [u["UserName"] for page in pages for u in page["Users"]] == ["u1", "u3", "u5"]


def test_a_foreign_marker(iam, brume, refused):
    for i in range(2):
        iam.create_user(UserName=f"u{i}")
    marker = iam.list_users(MaxItems=1)["Marker"]
    with refused("ValidationError"):
        brume.client("iam", account="999999999999").list_users(Marker=marker)


def test_deletion_wants_a_bare_user(iam, refused):
    iam.create_user(UserName="u")
    iam.create_group(GroupName="g")
    iam.add_user_to_group(GroupName="g", UserName="u")
    key = iam.create_access_key(UserName="u")["AccessKey"]["AccessKeyId"]
    iam.put_user_policy(UserName="u", PolicyName="p", PolicyDocument=document())
    arn = iam.create_policy(PolicyName="m", PolicyDocument=document())["Policy"]["Arn"]
    iam.attach_user_policy(UserName="u", PolicyArn=arn)
    steps = [
        ("Cannot delete entity, must delete access keys first.", lambda: iam.delete_access_key(UserName="u", AccessKeyId=key)),
        ("Cannot delete entity, must remove users from group first.", lambda: iam.remove_user_from_group(GroupName="g", UserName="u")),
        ("Cannot delete entity, must detach all policies first.", lambda: iam.detach_user_policy(UserName="u", PolicyArn=arn)),
        ("Cannot delete entity, must delete policies first.", lambda: iam.delete_user_policy(UserName="u", PolicyName="p")),
    ]
    for message, remedy in steps:
        with refused("DeleteConflict") as r:
            iam.delete_user(UserName="u")
        assert (r.message, r.status) == (message, 409)
        remedy()
    iam.delete_user(UserName="u")
    with refused("NoSuchEntity"):
        iam.get_user(UserName="u")
    assert iam.get_group(GroupName="g")["Users"] == []


def test_same_name_another_id(iam):
    first = iam.create_user(UserName="u")["User"]["UserId"]
    iam.delete_user(UserName="u")
    assert iam.create_user(UserName="u")["User"]["UserId"] != first


def test_groups(iam, account, refused):
    group = iam.create_group(GroupName="g", Path="/p/")["Group"]
    assert group["Arn"] == f"arn:aws:iam::{account}:group/p/g" and group["GroupId"].startswith("AGPA")
    iam.create_user(UserName="u")
    iam.add_user_to_group(GroupName="g", UserName="u")
    iam.add_user_to_group(GroupName="g", UserName="u")
    with refused("DeleteConflict") as r:
        iam.delete_group(GroupName="g")
    assert r.message == "Cannot delete entity, must remove users from group first."
    iam.update_group(GroupName="g", NewGroupName="h")
    assert [u["UserName"] for u in iam.get_group(GroupName="h")["Users"]] == ["u"]
    iam.remove_user_from_group(GroupName="h", UserName="u")
    iam.delete_group(GroupName="h")
    assert iam.list_groups()["Groups"] == []


def test_ten_groups_a_user(iam, refused):
    iam.create_user(UserName="u")
    for i in range(11):
        iam.create_group(GroupName=f"g{i}")
    for i in range(10):
        iam.add_user_to_group(GroupName=f"g{i}", UserName="u")
    with refused("LimitExceeded") as r:
        iam.add_user_to_group(GroupName="g10", UserName="u")
    assert r.message == "Cannot exceed quota for GroupsPerUser: 10"


def test_access_keys(iam, account, refused):
    iam.create_user(UserName="u")
    key = iam.create_access_key(UserName="u")["AccessKey"]
    assert re.fullmatch(r"AKIA[A-Z2-7]{16}", key["AccessKeyId"]) and len(key["SecretAccessKey"]) == 40
    assert (key["Status"], key["UserName"]) == ("Active", "u")
    iam.update_access_key(UserName="u", AccessKeyId=key["AccessKeyId"], Status="Inactive")
    listed = iam.list_access_keys(UserName="u")["AccessKeyMetadata"]
    assert [(k["AccessKeyId"], k["Status"]) for k in listed] == [(key["AccessKeyId"], "Inactive")]
    assert "SecretAccessKey" not in listed[0]
    used = iam.get_access_key_last_used(AccessKeyId=key["AccessKeyId"])
    assert used["AccessKeyLastUsed"] == {"ServiceName": "N/A", "Region": "N/A"}
    iam.create_access_key(UserName="u")
    with refused("LimitExceeded") as r:
        iam.create_access_key(UserName="u")
    assert r.message == "Cannot exceed quota for AccessKeysPerUser: 2"
    iam.delete_access_key(UserName="u", AccessKeyId=key["AccessKeyId"])
    with refused("NoSuchEntity") as r:
        iam.delete_access_key(UserName="u", AccessKeyId=key["AccessKeyId"])
    assert r.message == f"The Access Key with id {key['AccessKeyId']} cannot be found."


def test_a_key_is_its_users_alone(iam, refused):
    iam.create_user(UserName="a")
    iam.create_user(UserName="b")
    key = iam.create_access_key(UserName="a")["AccessKey"]["AccessKeyId"]
    with refused("NoSuchEntity"):
        iam.delete_access_key(UserName="b", AccessKeyId=key)
    assert len(iam.list_access_keys(UserName="a")["AccessKeyMetadata"]) == 1


def test_keys_of_root(iam):
    key = iam.create_access_key()["AccessKey"]
    assert [k["AccessKeyId"] for k in iam.list_access_keys()["AccessKeyMetadata"]] == [key["AccessKeyId"]]
    iam.delete_access_key(AccessKeyId=key["AccessKeyId"])


def test_no_secret_in_the_data_directory(start_brume):
    server = start_brume()
    iam = server.client("iam")
    iam.create_user(UserName="u")
    secret = iam.create_access_key(UserName="u")["AccessKey"]["SecretAccessKey"]
    server.stop()
    stored = [p for p in server.data.rglob("*") if p.is_file()]
    assert any(b"AKIA" in p.read_bytes() for p in stored)
    assert not [p for p in stored if secret.encode() in p.read_bytes()]


def test_accounts_are_apart(iam, brume, refused):
    iam.create_user(UserName="u")
    with refused("NoSuchEntity"):
        brume.client("iam", account="000000000001").get_user(UserName="u")


def test_one_for_all_regions(brume, account):
    west, east = (brume.client("iam", account=account, region=r) for r in ("eu-west-1", "us-east-1"))
    west.create_user(UserName="u", Tags=[{"Key": "a", "Value": "1"}])
    east.untag_user(UserName="u", TagKeys=["A"])
    assert west.get_user(UserName="u")["User"]["UserName"] == "u"
    assert west.list_user_tags(UserName="u")["Tags"] == []


def test_tags(iam, refused):
    iam.create_user(UserName="u")
    iam.tag_user(UserName="u", Tags=[{"Key": "Dept", "Value": "1"}, {"Key": "b", "Value": ""}])
    iam.tag_user(UserName="u", Tags=[{"Key": "dept", "Value": "2"}])
    assert iam.list_user_tags(UserName="u")["Tags"] == [{"Key": "b", "Value": ""}, {"Key": "dept", "Value": "2"}]
    with refused("InvalidInput") as r:
        iam.tag_user(UserName="u", Tags=[{"Key": "x", "Value": "1"}, {"Key": "X", "Value": "2"}])
    assert r.message == "Duplicate tag keys found. Please note that Tag keys are case insensitive."
    iam.tag_user(UserName="u", Tags=[{"Key": f"k{i:02}", "Value": "v"} for i in range(48)])
    with refused("LimitExceeded") as r:
        iam.tag_user(UserName="u", Tags=[{"Key": "one", "Value": "more"}])
    assert r.message == "Cannot exceed quota for TagsPerUser: 50"
    pages = iam.get_paginator("list_user_tags").paginate(UserName="u", PaginationConfig={"PageSize": 20})
    assert len([t for p in pages for t in p["Tags"]]) == 50


def test_survives_a_kill(start_brume):
    server = start_brume()
    server.client("iam").create_user(UserName="u")
    key = server.client("iam").create_access_key(UserName="u")["AccessKey"]
    server.kill()
    again = start_brume(data=server.data)
    assert again.client("iam").list_access_keys(UserName="u")["AccessKeyMetadata"][0]["AccessKeyId"] == key["AccessKeyId"]
