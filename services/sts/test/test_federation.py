"""Sessions of people from outside: web identity by an issuer of our own over TLS, SAML by a provider of our own."""
import base64
import datetime
import hashlib
import http.server
import ipaddress
import json
import ssl
import threading
import time

import pytest
from botocore import UNSIGNED
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.x509.oid import NameOID
from saml_documents import IdentityProvider
from sts_kit import ACCOUNT, Realm, client, refusal


def url64(data):
    data = data if isinstance(data, bytes) else json.dumps(data).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def number(n, length=None):
    return url64(n.to_bytes(length or (n.bit_length() + 7) // 8, "big"))


class Issuer:
    """An OpenID Connect provider on this machine: discovery, keys, tokens."""

    def __init__(self, folder):
        self.rsa = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.curve = ec.generate_private_key(ec.SECP256R1())
        tls = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "issuer")])
        now = datetime.datetime.now(datetime.timezone.utc)
        certificate = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(tls.public_key()).serial_number(1)
                       .not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(now + datetime.timedelta(days=9))
                       .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
                       .sign(tls, hashes.SHA256()))
        self.thumbprint = hashlib.sha1(certificate.public_bytes(serialization.Encoding.DER)).hexdigest()
        pem = folder / "issuer.pem"
        pem.write_bytes(certificate.public_bytes(serialization.Encoding.PEM) + tls.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()))
        issuer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                documents = {"/.well-known/openid-configuration": {"issuer": issuer.url, "jwks_uri": issuer.url + "/keys"}, "/keys": issuer.keys()}
                body = json.dumps(documents.get(self.path, {})).encode()
                self.send_response(200 if self.path in documents else 404)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.host = f"localhost:{self.server.server_port}"
        self.url = f"https://{self.host}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def keys(self):
        public, point = self.rsa.public_key().public_numbers(), self.curve.public_key().public_numbers()
        return {"keys": [{"kty": "RSA", "kid": "r", "use": "sig", "alg": "RS256", "n": number(public.n), "e": number(public.e)},
                         {"kty": "EC", "kid": "c", "use": "sig", "crv": "P-256", "x": number(point.x, 32), "y": number(point.y, 32)}]}

    def token(self, kid="r", algorithm=None, key=None, **claims):
        now = int(time.time())
        body = {"iss": self.url, "sub": "user-1", "aud": "app", "iat": now, "exp": now + 300, **claims}
        head = {"alg": algorithm or {"r": "RS256", "c": "ES256"}[kid], "kid": kid, "typ": "JWT"}
        signed = f"{url64(head)}.{url64(body)}"
        if kid == "r":
            signature = (key or self.rsa).sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        else:
            r, s = decode_dss_signature(self.curve.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
            signature = r.to_bytes(32, "big") + s.to_bytes(32, "big")
        return f"{signed}.{url64(signature)}"


@pytest.fixture(scope="module")
def realm(brume):
    return Realm(brume)


@pytest.fixture(scope="module")
def issuer(tmp_path_factory):
    issuer = Issuer(tmp_path_factory.mktemp("issuer"))
    yield issuer
    issuer.server.shutdown()
    issuer.server.server_close()


@pytest.fixture(scope="module")
def provider(realm, issuer):
    return realm.iam.create_open_id_connect_provider(Url=issuer.url, ClientIDList=["app"], ThumbprintList=[issuer.thumbprint])["OpenIDConnectProviderArn"]


@pytest.fixture(scope="module")
def anonymous(brume):
    return brume.client("sts", config={"signature_version": UNSIGNED})


def web_role(realm, provider, issuer, **options):
    options.setdefault("condition", {"StringEquals": {f"{issuer.host}:sub": "user-1"}})
    return realm.role({"Federated": provider}, action=options.pop("action", "sts:AssumeRoleWithWebIdentity"), **options)


@pytest.mark.parametrize("kid", ["r", "c"])
def test_web_identity(realm, issuer, provider, anonymous, kid):
    role = web_role(realm, provider, issuer)
    answer = anonymous.assume_role_with_web_identity(RoleArn=role, RoleSessionName="app-1", WebIdentityToken=issuer.token(kid))
    assert answer["SubjectFromWebIdentityToken"] == "user-1" and answer["Audience"] == "app" and answer["Provider"] == provider
    arn = f"arn:aws:sts::{ACCOUNT}:assumed-role/{role.rsplit('/', 1)[1]}/app-1"
    assert answer["AssumedRoleUser"]["Arn"] == arn
    assert client(realm.server, "sts", answer["Credentials"]).get_caller_identity()["Arn"] == arn


def test_web_identity_refused(realm, issuer, provider, anonymous):
    role = web_role(realm, provider, issuer)

    def of(token, role=role):
        return refusal(anonymous.assume_role_with_web_identity, RoleArn=role, RoleSessionName="app-1", WebIdentityToken=token)

    assert of("no.jwt.here") == ("InvalidIdentityToken", "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)")
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    assert of(issuer.token(key=other))[0] == "InvalidIdentityToken"
    good = issuer.token()
    head, body, signature = good.split(".")
    assert of(f"{head}.{url64({**json.loads(base64.urlsafe_b64decode(body + '==')), 'sub': 'admin'})}.{signature}")[0] == "InvalidIdentityToken"
    assert of(f"{url64({'alg': 'none'})}.{body}.{url64(b'x')}")[0] == "InvalidIdentityToken"
    assert of(issuer.token(aud="another")) == ("InvalidIdentityToken", "Incorrect token audience")
    assert of(issuer.token(exp=int(time.time()) - 10))[0] == "ExpiredTokenException"
    assert of(issuer.token(iss="https://elsewhere.example")) == (
        "InvalidIdentityToken", "No OpenIDConnect provider found in your account for https://elsewhere.example")
    assert of(issuer.token(sub="user-2")) == ("AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity")
    assert of(good, realm.role())[0] == "AccessDenied"  # a role that trusts the account only
    assert of(good, f"arn:aws:iam::{ACCOUNT}:role/missing")[0] == "AccessDenied"


def test_web_identity_tags(realm, issuer, provider, anonymous):
    role = web_role(realm, provider, issuer, action=["sts:AssumeRoleWithWebIdentity", "sts:TagSession"], policy={"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "iam:ListUsers", "Resource": "*", "Condition": {"StringEquals": {"aws:PrincipalTag/team": "blue"}}}]})
    tags = {"https://aws.amazon.com/tags": {"principal_tags": {"team": ["blue"]}, "transitive_tag_keys": ["team"]}}
    answer = anonymous.assume_role_with_web_identity(RoleArn=role, RoleSessionName="app-1", WebIdentityToken=issuer.token(**tags))
    client(realm.server, "iam", answer["Credentials"]).list_users()
    bare = anonymous.assume_role_with_web_identity(RoleArn=role, RoleSessionName="app-1", WebIdentityToken=issuer.token())
    assert refusal(client(realm.server, "iam", bare["Credentials"]).list_users)[0] == "AccessDenied"
    untagged = web_role(realm, provider, issuer)
    assert refusal(anonymous.assume_role_with_web_identity, RoleArn=untagged, RoleSessionName="app-1",
                   WebIdentityToken=issuer.token(**tags)) == ("AccessDenied", "Not authorized to perform sts:TagSession")


def test_an_issuer_with_another_certificate(realm, issuer, anonymous):
    """The thumbprint is what the account trusts: with another one the keys are not fetched."""
    there = Realm(realm.server, "440000000003")
    wrong = there.iam.create_open_id_connect_provider(Url=issuer.url, ClientIDList=["app"], ThumbprintList=["0" * 40])["OpenIDConnectProviderArn"]
    code, message = refusal(anonymous.assume_role_with_web_identity, RoleArn=web_role(there, wrong, issuer), RoleSessionName="app-1",
                            WebIdentityToken=issuer.token())
    assert code == "InvalidIdentityToken" and message.startswith("Couldn't retrieve verification key from your identity provider")


# ---- SAML ----


@pytest.fixture(scope="module")
def idp():
    return IdentityProvider()


@pytest.fixture(scope="module")
def saml(realm, idp):
    return realm.iam.create_saml_provider(Name="company", SAMLMetadataDocument=idp.metadata())["SAMLProviderArn"]


def saml_role(realm, saml, **options):
    options.setdefault("condition", {"StringEquals": {"SAML:aud": "https://signin.aws.amazon.com/saml"}})
    return realm.role({"Federated": saml}, action=options.pop("action", "sts:AssumeRoleWithSAML"), **options)


def attributes(role, saml, **more):
    return {"Role": f"{role},{saml}", "RoleSessionName": "ada@example.org", **more}


def test_saml(realm, idp, saml, anonymous):
    role = saml_role(realm, saml)
    document = idp.response(idp.sign(idp.assertion(attributes(role, saml, SessionDuration="1800"))))
    answer = anonymous.assume_role_with_saml(RoleArn=role, PrincipalArn=saml, SAMLAssertion=document)
    assert answer["Issuer"] == idp.entity_id and answer["Subject"] == "ada" and answer["SubjectType"] == "persistent"
    assert answer["Audience"] == "https://signin.aws.amazon.com/saml"
    digest = hashlib.sha1(f"{idp.entity_id}{ACCOUNT}/company".encode()).digest()
    assert answer["NameQualifier"] == base64.b64encode(digest).decode()
    left = answer["Credentials"]["Expiration"] - datetime.datetime.now(datetime.timezone.utc)
    assert 1700 < left.total_seconds() <= 1800
    caller = client(realm.server, "sts", answer["Credentials"]).get_caller_identity()
    assert caller["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/{role.rsplit('/', 1)[1]}/ada@example.org"


def test_saml_refused(realm, idp, saml, anonymous):
    role = saml_role(realm, saml)

    def of(document, principal=saml, role=role):
        return refusal(anonymous.assume_role_with_saml, RoleArn=role, PrincipalArn=principal, SAMLAssertion=document)

    def signed(**options):
        return idp.response(idp.sign(idp.assertion(attributes(role, saml), **options)))

    unsigned = idp.response(idp.assertion(attributes(role, saml)))
    assert "Response signature invalid" in of(unsigned)[1]
    stranger = IdentityProvider(idp.entity_id)
    assert "Response signature invalid" in of(stranger.response(stranger.sign(stranger.assertion(attributes(role, saml)))))[1]
    assert "Response signature invalid" in of(idp.response(idp.sign(idp.assertion(attributes(role, saml))).replace(">ada<", ">eve<")))[1]
    assert of("x" * 7)[0] == "InvalidIdentityToken"
    assert of(signed(expires=-10))[0] == "ExpiredTokenException"
    assert of(signed(recipient="https://evil.example/saml"))[0] == "InvalidIdentityToken"
    assert of(signed(issuer="https://other.example"))[1] == "Issuer not present in specified provider"
    assert of(signed(), principal=saml + "x")[1] == "Specified provider doesn't exist"
    assert of(signed(), role=saml_role(realm, saml)) == ("AccessDenied", "Not authorized to perform sts:AssumeRoleWithSAML")
    nameless = idp.response(idp.sign(idp.assertion({"Role": f"{role},{saml}"})))
    assert of(nameless)[1] == "RoleSessionName is required in AuthnResponse"
    elsewhere = saml_role(realm, saml, condition={"StringEquals": {"SAML:sub": "grace"}})
    document = idp.response(idp.sign(idp.assertion(attributes(elsewhere, saml))))
    assert of(document, role=elsewhere) == ("AccessDenied", "Not authorized to perform sts:AssumeRoleWithSAML")


def test_saml_wrapped(realm, idp, saml, anonymous):
    """The signed assertion inside a foreign one: who the foreign one names does not come in."""
    role = saml_role(realm, saml)
    good = idp.sign(idp.assertion(attributes(role, saml)))
    evil = idp.assertion(attributes(role, saml), subject="root").replace("</saml:Issuer>", "</saml:Issuer>" + good, 1).replace('ID="_a1"', 'ID="_evil"', 1)
    assert "Response signature invalid" in refusal(anonymous.assume_role_with_saml, RoleArn=role, PrincipalArn=saml, SAMLAssertion=idp.response(evil))[1]
    before = idp.assertion(attributes(role, saml), subject="root") + good
    answer = anonymous.assume_role_with_saml(RoleArn=role, PrincipalArn=saml, SAMLAssertion=idp.response(before))
    assert answer["Subject"] == "ada"


def test_saml_tags(realm, idp, saml, anonymous):
    role = saml_role(realm, saml, action=["sts:AssumeRoleWithSAML", "sts:TagSession"], policy={"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "iam:ListUsers", "Resource": "*", "Condition": {"StringEquals": {"aws:PrincipalTag/team": "blue"}}}]})
    document = idp.response(idp.sign(idp.assertion(attributes(role, saml, **{"PrincipalTag:team": "blue"}))))
    answer = anonymous.assume_role_with_saml(RoleArn=role, PrincipalArn=saml, SAMLAssertion=document)
    client(realm.server, "iam", answer["Credentials"]).list_users()


# ---- encrypted assertions ----

def pem(key, form=serialization.PrivateFormat.PKCS8):
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()


@pytest.fixture(scope="module")
def decrypting():
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture(scope="module")
def sealed(realm, idp, decrypting):
    """A provider that takes encrypted assertions alone."""
    return realm.iam.create_saml_provider(Name="sealed", SAMLMetadataDocument=idp.metadata(), AssertionEncryptionMode="Required",
                                          AddPrivateKey=pem(decrypting))["SAMLProviderArn"]


@pytest.mark.parametrize("cipher,transport,beside", [
    ("aes128-cbc", "rsa-oaep-mgf1p", False), ("aes192-cbc", "rsa-oaep", False), ("aes256-cbc", "rsa-oaep-mgf1p", True),
    ("aes128-gcm", "rsa-oaep", True), ("aes192-gcm", "rsa-oaep-mgf1p", False), ("aes256-gcm", "rsa-oaep", False)])
def test_saml_encrypted(realm, idp, sealed, decrypting, anonymous, cipher, transport, beside):
    """Signed and then encrypted; or encrypted within an answer that is signed."""
    role = saml_role(realm, sealed)
    plain = idp.assertion(attributes(role, sealed))
    inner = idp.encrypted(idp.sign(plain), decrypting.public_key(), cipher, transport, beside)
    outer = idp.encrypted(plain, decrypting.public_key(), cipher, transport, beside)
    for document in (idp.response(inner), idp.signed_response(outer), idp.signed_response(inner)):
        answer = anonymous.assume_role_with_saml(RoleArn=role, PrincipalArn=sealed, SAMLAssertion=document)
        assert (answer["Subject"], answer["Issuer"]) == ("ada", idp.entity_id)


def test_saml_encrypted_refused(realm, idp, saml, sealed, decrypting, anonymous):
    role, open_role = saml_role(realm, sealed), saml_role(realm, saml)
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key()
    plain = idp.assertion(attributes(role, sealed))
    good = idp.sign(plain)

    def of(document, role=role, principal=sealed):
        return refusal(anonymous.assume_role_with_saml, RoleArn=role, PrincipalArn=principal, SAMLAssertion=document)

    shut = ("InvalidIdentityToken", "The encrypted assertion could not be decrypted")
    assert of(idp.response(good)) == ("InvalidIdentityToken", "The provider requires encrypted assertions")
    assert of(idp.response(idp.encrypted(good, other))) == shut
    assert of(idp.response(idp.encrypted(good, decrypting.public_key(), transport="rsa-1_5"))) == shut
    assert of(idp.response(idp.encrypted(good, decrypting.public_key())), open_role, saml) == shut  # it has no key
    assert "Response signature invalid" in of(idp.response(idp.encrypted(plain, decrypting.public_key())))[1]  # nobody signed it
    eve = IdentityProvider(idp.entity_id)
    assert "Response signature invalid" in of(idp.response(idp.encrypted(eve.sign(plain), decrypting.public_key())))[1]
    assert "Response signature invalid" in of(eve.signed_response(idp.encrypted(plain, decrypting.public_key())))[1]
    decoy = idp.sign(idp.assertion(attributes(role, sealed))) + idp.encrypted(eve.assertion(attributes(role, sealed), subject="root"), decrypting.public_key())
    assert of(idp.response(decoy)) == ("InvalidIdentityToken", "The provider requires encrypted assertions")


def test_keys_of_a_provider_are_changed(realm, idp, anonymous):
    old, new = (rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2))
    iam = realm.iam
    arn = iam.create_saml_provider(Name="changing", SAMLMetadataDocument=idp.metadata(), AssertionEncryptionMode="Allowed",
                                   AddPrivateKey=pem(old, serialization.PrivateFormat.TraditionalOpenSSL))["SAMLProviderArn"]
    role = saml_role(realm, arn)

    def enter(key):
        document = idp.response(idp.encrypted(idp.sign(idp.assertion(attributes(role, arn))), key.public_key()))
        return anonymous.assume_role_with_saml(RoleArn=role, PrincipalArn=arn, SAMLAssertion=document)

    anonymous.assume_role_with_saml(RoleArn=role, PrincipalArn=arn, SAMLAssertion=idp.response(idp.sign(idp.assertion(attributes(role, arn)))))
    enter(old)
    assert refusal(enter, key=new)[0] == "InvalidIdentityToken"
    iam.update_saml_provider(SAMLProviderArn=arn, AddPrivateKey=pem(new))
    enter(old), enter(new)
    assert refusal(iam.update_saml_provider, SAMLProviderArn=arn, AddPrivateKey=pem(new))[0] == "LimitExceeded"
    told = iam.get_saml_provider(SAMLProviderArn=arn)
    assert told["AssertionEncryptionMode"] == "Allowed" and len(told["PrivateKeyList"]) == 2
    first = told["PrivateKeyList"][0]["KeyId"]
    iam.update_saml_provider(SAMLProviderArn=arn, RemovePrivateKey=first)
    assert [k["KeyId"] for k in iam.get_saml_provider(SAMLProviderArn=arn)["PrivateKeyList"]] == [told["PrivateKeyList"][1]["KeyId"]]
    enter(new)
    assert refusal(enter, key=old)[0] == "InvalidIdentityToken"
    assert refusal(iam.update_saml_provider, SAMLProviderArn=arn, RemovePrivateKey=first)[0] == "NoSuchEntity"
    assert refusal(iam.update_saml_provider, SAMLProviderArn=arn, AddPrivateKey="no key")[0] == "InvalidInput"
    assert refusal(iam.create_saml_provider, Name="bare", SAMLMetadataDocument=idp.metadata(), AssertionEncryptionMode="Required")[0] == "InvalidInput"
    assert not any(pem(new).splitlines()[3].encode() in f.read_bytes() for f in realm.server.data.rglob("*") if f.is_file())


def events(realm, role):
    """Of the role's account, that are about the role; the latest first."""
    trail = realm.server.client("cloudtrail", account=realm.account).get_paginator("lookup_events")
    pages = trail.paginate(LookupAttributes=[{"AttributeKey": "ResourceName", "AttributeValue": role}])
    return [json.loads(event["CloudTrailEvent"]) for page in pages for event in page["Events"]]


def test_who_came_by_web_identity_is_on_record(realm, issuer, provider, anonymous):
    role = web_role(realm, provider, issuer)
    refusal(anonymous.assume_role_with_web_identity, RoleArn=role, RoleSessionName="app-1", WebIdentityToken="no.jwt.here")
    refusal(anonymous.assume_role_with_web_identity, RoleArn=role, RoleSessionName="app-1", WebIdentityToken=issuer.token(sub="user-2"))
    anonymous.assume_role_with_web_identity(RoleArn=role, RoleSessionName="app-1", WebIdentityToken=issuer.token())
    found = events(realm, role)
    by_type = {(event["userIdentity"]["type"], event["userIdentity"].get("userName")): event for event in found}
    assert set(by_type) >= {("WebIdentityUser", "user-1"), ("WebIdentityUser", "user-2"), ("AWSAccount", None)}
    event = by_type["WebIdentityUser", "user-1"]
    assert event["userIdentity"] == {"type": "WebIdentityUser", "principalId": f"{provider}:app:user-1", "userName": "user-1", "identityProvider": provider}
    assert event["recipientAccountId"] == ACCOUNT and "errorCode" not in event and "sharedEventID" not in event
    assert event["resources"] == [{"accountId": ACCOUNT, "type": "AWS::IAM::Role", "ARN": role}]
    assert by_type["WebIdentityUser", "user-2"]["errorCode"] == "AccessDenied"
    assert by_type["AWSAccount", None]["errorCode"] == "InvalidIdentityTokenException"


def test_who_came_by_saml_is_on_record(realm, idp, saml, anonymous):
    role = saml_role(realm, saml)
    document = idp.response(idp.sign(idp.assertion(attributes(role, saml))))
    answer = anonymous.assume_role_with_saml(RoleArn=role, PrincipalArn=saml, SAMLAssertion=document)
    [event] = [e for e in events(realm, role) if e["eventName"] == "AssumeRoleWithSAML"]
    assert event["userIdentity"] == {"type": "SAMLUser", "principalId": f"{answer['NameQualifier']}:{answer['Subject']}",
                                     "userName": answer["Subject"], "identityProvider": answer["NameQualifier"]}
    assert event["recipientAccountId"] == ACCOUNT
