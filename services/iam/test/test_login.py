"""Passwords, the account's policy for them, MFA devices."""
import base64
import hashlib
import hmac
import struct
import time
import zlib

import pytest
from policies import document, statement


@pytest.fixture
def user(iam, brume):
    """user(name, policy) -> client of a new user with that right."""

    def make(name, *statements):
        iam.create_user(UserName=name)
        if statements:
            iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=document(*statements))
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return brume.client("iam", account=key["AccessKeyId"], secret=key["SecretAccessKey"])

    return make


def test_login_profile(iam, refused):
    iam.create_user(UserName="u")
    with refused("NoSuchEntity") as r:
        iam.get_login_profile(UserName="u")
    assert r.message == "Login Profile for User u cannot be found."
    made = iam.create_login_profile(UserName="u", Password="Correct-horse-1", PasswordResetRequired=True)["LoginProfile"]
    assert (made["UserName"], made["PasswordResetRequired"]) == ("u", True)
    assert iam.get_login_profile(UserName="u")["LoginProfile"] == made
    with refused("EntityAlreadyExists") as r:
        iam.create_login_profile(UserName="u", Password="Correct-horse-1")
    assert r.message == "Login Profile for user u already exists."
    iam.update_login_profile(UserName="u", PasswordResetRequired=False)
    assert not iam.get_login_profile(UserName="u")["LoginProfile"]["PasswordResetRequired"]
    with refused("DeleteConflict") as r:
        iam.delete_user(UserName="u")
    assert r.message == "Cannot delete entity, must delete login profile first."
    iam.delete_login_profile(UserName="u")
    iam.delete_user(UserName="u")


def test_default_rules(iam, refused):
    iam.create_user(UserName="u")
    for bad in ("short1A", "alllowercase", "alllowercase1"):
        with refused("PasswordPolicyViolation"):
            iam.create_login_profile(UserName="u", Password=bad)
    iam.create_login_profile(UserName="u", Password="Lowercase1")


def test_password_policy(iam, account, refused):
    with refused("NoSuchEntity") as r:
        iam.get_account_password_policy()
    assert r.message == f"The Password Policy with domain name {account} cannot be found."
    iam.update_account_password_policy(MinimumPasswordLength=12, RequireSymbols=True, MaxPasswordAge=90, PasswordReusePrevention=2)
    policy = iam.get_account_password_policy()["PasswordPolicy"]
    assert policy == {"MinimumPasswordLength": 12, "RequireSymbols": True, "RequireNumbers": False, "RequireUppercaseCharacters": False,
                      "RequireLowercaseCharacters": False, "AllowUsersToChangePassword": False, "ExpirePasswords": True,
                      "MaxPasswordAge": 90, "HardExpiry": False, "PasswordReusePrevention": 2}
    iam.create_user(UserName="u")
    for bad, why in (("short!", "a minimum length of 12"), ("longenoughbutplain", "at least one symbol")):
        with refused("PasswordPolicyViolation") as r:
            iam.create_login_profile(UserName="u", Password=bad)
        assert r.message == f"Password should have {why}"
    iam.delete_account_password_policy()
    with refused("NoSuchEntity"):
        iam.delete_account_password_policy()


def test_change_password(iam, user, refused):
    own = user("u")
    iam.create_login_profile(UserName="u", Password="First-password-1", PasswordResetRequired=True)
    with refused("AccessDenied"):
        own.change_password(OldPassword="First-password-1", NewPassword="Second-password-1")
    iam.update_account_password_policy(AllowUsersToChangePassword=True, PasswordReusePrevention=2)
    with refused("AccessDenied") as r:
        own.change_password(OldPassword="wrong", NewPassword="Second-password-1")
    assert r.message == "The old password was incorrect."
    own.change_password(OldPassword="First-password-1", NewPassword="Second-password-1")
    assert not iam.get_login_profile(UserName="u")["LoginProfile"]["PasswordResetRequired"]
    for old in ("First-password-1", "Second-password-1"):
        with refused("PasswordPolicyViolation"):
            own.change_password(OldPassword="Second-password-1", NewPassword=old)
    own.change_password(OldPassword="Second-password-1", NewPassword="Third-password-1")
    own.change_password(OldPassword="Third-password-1", NewPassword="First-password-1")
    with refused("InvalidUserType"):
        iam.change_password(OldPassword="x", NewPassword="y")


def test_no_password_in_the_data_directory(start_brume):
    server = start_brume()
    iam = server.client("iam")
    iam.create_user(UserName="somebody")
    iam.create_login_profile(UserName="somebody", Password="Very-secret-password-77")
    seed = iam.create_virtual_mfa_device(VirtualMFADeviceName="m")["VirtualMFADevice"]["Base32StringSeed"]
    server.stop()
    raw = base64.b32decode(seed)
    for path in (p for p in server.data.rglob("*") if p.is_file()):
        stored = path.read_bytes()
        assert b"Very-secret" not in stored and seed not in stored and raw not in stored


# ---- MFA ----

def code(seed, offset=0):
    """RFC 6238, written down a second time."""
    counter = struct.pack(">Q", int(time.time()) // 30 + offset)
    digest = hmac.new(base64.b32decode(seed), counter, hashlib.sha1).digest()
    at = digest[-1] & 15
    return f"{(int.from_bytes(digest[at:at + 4], 'big') & 0x7fffffff) % 1000000:06}"


def test_virtual_mfa_device(iam, account, refused):
    device = iam.create_virtual_mfa_device(VirtualMFADeviceName="m", Path="/p/")["VirtualMFADevice"]
    serial, seed = device["SerialNumber"], device["Base32StringSeed"]
    assert serial == f"arn:aws:iam::{account}:mfa/p/m" and len(seed) == 64
    with refused("EntityAlreadyExists") as r:
        iam.create_virtual_mfa_device(VirtualMFADeviceName="m", Path="/p/")
    assert r.message == "MFADevice entity at the same path and name already exists."
    iam.create_user(UserName="u")
    with refused("InvalidAuthenticationCode") as r:
        iam.enable_mfa_device(UserName="u", SerialNumber=serial, AuthenticationCode1=code(seed), AuthenticationCode2=code(seed))
    assert (r.message, r.status) == ("Authentication code for device is not valid.", 403)
    assert iam.list_virtual_mfa_devices(AssignmentStatus="Unassigned")["VirtualMFADevices"] == [{"SerialNumber": serial}]
    iam.enable_mfa_device(UserName="u", SerialNumber=serial, AuthenticationCode1=code(seed, -1), AuthenticationCode2=code(seed))
    listed = iam.list_mfa_devices(UserName="u")["MFADevices"]
    assert [(d["UserName"], d["SerialNumber"]) for d in listed] == [("u", serial)]
    assert [d["User"]["UserName"] for d in iam.list_virtual_mfa_devices(AssignmentStatus="Assigned")["VirtualMFADevices"]] == ["u"]
    assert iam.get_mfa_device(SerialNumber=serial, UserName="u")["EnableDate"] == listed[0]["EnableDate"]
    iam.resync_mfa_device(UserName="u", SerialNumber=serial, AuthenticationCode1=code(seed, 2), AuthenticationCode2=code(seed, 3))
    with refused("DeleteConflict") as r:
        iam.delete_virtual_mfa_device(SerialNumber=serial)
    assert r.message == "MFA VirtualDevice in use. Must deactivate first."
    with refused("DeleteConflict") as r:
        iam.delete_user(UserName="u")
    assert r.message == "Cannot delete entity, must delete MFA device first."
    iam.deactivate_mfa_device(UserName="u", SerialNumber=serial)
    with refused("NoSuchEntity") as r:
        iam.deactivate_mfa_device(UserName="u", SerialNumber=serial)
    assert r.message == "MFA Device invalid for user."
    iam.delete_virtual_mfa_device(SerialNumber=serial)
    assert iam.list_virtual_mfa_devices()["VirtualMFADevices"] == []


def picture(png):
    """A PNG of one bit a pixel as bytes of grey, with its checksums checked."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    at, data = 8, b""
    while at < len(png):
        length, kind = struct.unpack(">I4s", png[at:at + 8])
        body = png[at + 8:at + 8 + length]
        assert struct.unpack(">I", png[at + 8 + length:at + 12 + length])[0] == zlib.crc32(kind + body)
        if kind == b"IHDR":
            width, height = struct.unpack(">II", body[:8])
        data += body if kind == b"IDAT" else b""
        at += 12 + length
    rows, stride = zlib.decompress(data), 1 + (width + 7) // 8
    assert len(rows) == stride * height
    grey = bytes(255 * (rows[y * stride + 1 + x // 8] >> (7 - x % 8) & 1) for y in range(height) for x in range(width))
    return memoryview(grey).cast("B", shape=[height, width])


def test_the_picture_is_the_code(iam, account):
    zxingcpp = pytest.importorskip("zxingcpp")
    device = iam.create_virtual_mfa_device(VirtualMFADeviceName="phone")["VirtualMFADevice"]
    if "QRCodePNG" not in device:
        pytest.skip("libqrencode4 is not installed")
    seen = zxingcpp.read_barcodes(picture(device["QRCodePNG"]))
    assert [code.text for code in seen] == [f"otpauth://totp/phone@{account}?secret={device['Base32StringSeed'].decode()}"]


def test_mfa_tags(iam):
    serial = iam.create_virtual_mfa_device(VirtualMFADeviceName="m", Tags=[{"Key": "a", "Value": "1"}])["VirtualMFADevice"]["SerialNumber"]
    iam.tag_mfa_device(SerialNumber=serial, Tags=[{"Key": "b", "Value": "2"}])
    iam.untag_mfa_device(SerialNumber=serial, TagKeys=["a"])
    assert iam.list_mfa_device_tags(SerialNumber=serial)["Tags"] == [{"Key": "b", "Value": "2"}]


def test_a_users_own_device(iam, user, account, refused):
    own = user("u", statement(action="iam:CreateVirtualMFADevice", resource=f"arn:aws:iam::{account}:mfa/${{aws:username}}"),
               statement(action=["iam:EnableMFADevice", "iam:ListMFADevices"], resource=f"arn:aws:iam::{account}:user/${{aws:username}}"))
    with refused("AccessDenied"):
        own.create_virtual_mfa_device(VirtualMFADeviceName="other")
    device = own.create_virtual_mfa_device(VirtualMFADeviceName="u")["VirtualMFADevice"]
    seed = device["Base32StringSeed"]
    own.enable_mfa_device(UserName="u", SerialNumber=device["SerialNumber"], AuthenticationCode1=code(seed, -1), AuthenticationCode2=code(seed))
    assert len(own.list_mfa_devices()["MFADevices"]) == 1


def test_device_of_the_root(iam, user, refused):
    device = iam.create_virtual_mfa_device(VirtualMFADeviceName="root")["VirtualMFADevice"]
    serial, seed = device["SerialNumber"], device["Base32StringSeed"]
    codes = {"AuthenticationCode1": code(seed, -1), "AuthenticationCode2": code(seed)}
    with refused("NoSuchEntity"):
        user("u", statement(action="iam:*")).enable_mfa_device(UserName="root", SerialNumber=serial, **codes)
    iam.enable_mfa_device(UserName="root", SerialNumber=serial, **codes)
    assert iam.get_account_summary()["SummaryMap"]["AccountMFAEnabled"] == 1
    assert [d["SerialNumber"] for d in iam.list_mfa_devices()["MFADevices"]] == [serial]
    assert iam.list_virtual_mfa_devices()["VirtualMFADevices"][0]["User"]["Arn"].endswith(":root")
    iam.deactivate_mfa_device(SerialNumber=serial)
    assert iam.get_account_summary()["SummaryMap"]["AccountMFAEnabled"] == 0
