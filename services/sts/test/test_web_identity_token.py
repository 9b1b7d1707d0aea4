"""Tokens for services outside: an account vouches for its users and roles, and anybody can check it."""
import base64
import hashlib
import json
import ssl
import urllib.error
import urllib.request

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from sts_kit import Realm, client, refusal

OWN = "https://sts.amazonaws.com/"


def fetch(url):
    with urllib.request.urlopen(url, timeout=10) as answer:
        assert answer.headers["Content-Type"] == "application/json"
        return json.load(answer)


def unpack(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def number(text):
    return int.from_bytes(unpack(text), "big")


def check(token):
    """As a service outside does: the issuer's configuration, its keys, the signature; then what the token says."""
    head, body, signature = token.split(".")
    header, claims = json.loads(unpack(head)), json.loads(unpack(body))
    configuration = fetch(claims["iss"] + "/.well-known/openid-configuration")
    assert configuration["issuer"] == claims["iss"] and header["alg"] in configuration["id_token_signing_alg_values_supported"]
    key, = (k for k in fetch(configuration["jwks_uri"])["keys"] if k["kid"] == header["kid"])
    assert key["alg"] == header["alg"] and key["use"] == "sig" and header["typ"] == "JWT"
    signed, raw = f"{head}.{body}".encode(), unpack(signature)
    if key["kty"] == "RSA":
        rsa.RSAPublicNumbers(number(key["e"]), number(key["n"])).public_key().verify(raw, signed, padding.PKCS1v15(), hashes.SHA256())
    else:
        assert key["crv"] == "P-384" and len(raw) == 96
        public = ec.EllipticCurvePublicNumbers(number(key["x"]), number(key["y"]), ec.SECP384R1()).public_key()
        public.verify(encode_dss_signature(int.from_bytes(raw[:48], "big"), int.from_bytes(raw[48:], "big")), signed, ec.ECDSA(hashes.SHA384()))
    return header, claims


@pytest.fixture(scope="module")
def realm(brume):
    realm = Realm(brume, "440000000077")
    realm.iam.enable_outbound_web_identity_federation()
    return realm


def test_switched_on_and_off(brume):
    realm = Realm(brume, "440000000078")
    iam, sts = realm.iam, realm.sts(realm.user())
    ask = {"Audience": ["https://api.example.com"], "SigningAlgorithm": "ES384"}
    assert refusal(iam.get_outbound_web_identity_federation_info)[0] == "FeatureDisabled"
    assert refusal(iam.disable_outbound_web_identity_federation)[0] == "FeatureDisabled"
    assert refusal(sts.get_web_identity_token, **ask)[0] == "OutboundWebIdentityFederationDisabledException"
    url = iam.enable_outbound_web_identity_federation()["IssuerIdentifier"]
    told = iam.get_outbound_web_identity_federation_info()
    assert (told["IssuerIdentifier"], told["JwtVendingEnabled"]) == (url, True)
    assert refusal(iam.enable_outbound_web_identity_federation)[0] == "FeatureEnabled"
    token = sts.get_web_identity_token(**ask)["WebIdentityToken"]
    assert check(token)[1]["iss"] == url
    iam.disable_outbound_web_identity_federation()
    assert refusal(sts.get_web_identity_token, **ask)[0] == "OutboundWebIdentityFederationDisabledException"
    check(token)  # what was issued can be checked until it ends
    assert iam.enable_outbound_web_identity_federation()["IssuerIdentifier"] == url
    with pytest.raises(urllib.error.HTTPError):
        fetch(url.rsplit("/", 1)[0] + "/00000000-0000-4000-8000-000000000000/.well-known/jwks.json")


@pytest.mark.parametrize("algorithm,key", [("RS256", "RSA_1"), ("ES384", "EC384_1")])
def test_a_user_s_token(realm, algorithm, key):
    user = realm.user()
    realm.iam.tag_user(UserName=user["UserName"], Tags=[{"Key": "team", "Value": "blue"}])
    answer = realm.sts(user).get_web_identity_token(Audience=["https://api.example.com"], SigningAlgorithm=algorithm)
    header, claims = check(answer["WebIdentityToken"])
    assert (header["alg"], header["kid"]) == (algorithm, key)
    assert (claims["aud"], claims["sub"]) == ("https://api.example.com", realm.arn(user))
    assert claims["exp"] - claims["iat"] == 300 and claims["exp"] == answer["Expiration"].timestamp()
    own = claims[OWN]
    assert (own["aws_account"], own["source_region"], own["principal_tags"]) == (realm.account, "us-east-1", {"team": "blue"})
    assert "original_session_exp" not in own and "org_id" not in own and "request_tags" not in own


def test_a_role_s_token(realm):
    role = realm.role(action=["sts:AssumeRole", "sts:TagSession"], Tags=[{"Key": "team", "Value": "blue"}, {"Key": "stage", "Value": "test"}])
    session = realm.sts(realm.user()).assume_role(RoleArn=role, RoleSessionName="s1", DurationSeconds=900,
                                                  Tags=[{"Key": "Team", "Value": "red"}])["Credentials"]
    sts = client(realm.server, "sts", session)
    ask = {"Audience": ["one", "two"], "SigningAlgorithm": "ES384"}
    claims = check(sts.get_web_identity_token(**ask, DurationSeconds=60, Tags=[{"Key": "job", "Value": "7"}])["WebIdentityToken"])[1]
    assert claims["sub"] == role and claims["aud"] == ["one", "two"] and claims["exp"] - claims["iat"] == 60
    assert claims[OWN]["principal_tags"] == {"Team": "red", "stage": "test"}
    assert claims[OWN]["request_tags"] == {"job": "7"}
    assert claims[OWN]["original_session_exp"] == session["Expiration"].strftime("%Y-%m-%dT%H:%M:%SZ")
    assert refusal(sts.get_web_identity_token, **ask, DurationSeconds=3600)[0] == "SessionDurationEscalationException"


def test_mistakes(realm):
    sts = realm.sts(realm.user())
    ask = {"Audience": ["a"], "SigningAlgorithm": "ES384"}
    assert refusal(sts.get_web_identity_token, Audience=["a"], SigningAlgorithm="HS256")[0] == "ValidationError"
    assert refusal(sts.get_web_identity_token, **ask, DurationSeconds=3601)[0] == "ValidationError"
    assert refusal(sts.get_web_identity_token, **ask, Tags=[{"Key": "a", "Value": "1"}, {"Key": "A", "Value": "2"}])[0] == "InvalidParameterValue"


def test_conditions(realm):
    """Audience, lifetime, algorithm; and tags need a right of their own."""
    allow = {"Effect": "Allow", "Action": "sts:GetWebIdentityToken", "Resource": "*", "Condition": {
        "ForAllValues:StringEquals": {"sts:IdentityTokenAudience": ["https://api.example.com", "https://b.example.com"]},
        "Null": {"sts:IdentityTokenAudience": "false"}, "NumericLessThanEquals": {"sts:DurationSeconds": "300"},
        "StringEquals": {"sts:SigningAlgorithm": "ES384"}}}
    tagger = {"Effect": "Allow", "Action": "sts:TagGetWebIdentityToken", "Resource": "*", "Condition": {
        "ForAllValues:StringEquals": {"aws:TagKeys": ["scope"]}, "StringEquals": {"aws:RequestTag/scope": "read"}}}
    sts = realm.sts(realm.user({"Version": "2012-10-17", "Statement": [allow, tagger]}))

    def ask(audience=("https://api.example.com",), algorithm="ES384", **more):
        return sts.get_web_identity_token(Audience=list(audience), SigningAlgorithm=algorithm, **more)

    check(ask()["WebIdentityToken"])
    check(ask(["https://api.example.com", "https://b.example.com"], DurationSeconds=60)["WebIdentityToken"])
    check(ask(Tags=[{"Key": "scope", "Value": "read"}])["WebIdentityToken"])
    for wrong in ({"audience": ["https://c.example.com"]}, {"audience": ["https://api.example.com", "x"]}, {"algorithm": "RS256"}, {"DurationSeconds": 301}):
        code, message = refusal(ask, **wrong)
        assert code == "AccessDenied" and "sts:GetWebIdentityToken" in message
    code, message = refusal(ask, Tags=[{"Key": "scope", "Value": "write"}])
    assert code == "AccessDenied" and "sts:TagGetWebIdentityToken" in message


def test_another_account_takes_it(start_brume, monkeypatch):
    """The token opens a role of an account that knows the issuer: discovery and keys are fetched over TLS."""
    server = start_brume("--tls")
    monkeypatch.setenv("AWS_CA_BUNDLE", str(server.data / "tls/ca.pem"))
    thumbprint = hashlib.sha1(ssl.PEM_cert_to_DER_cert((server.data / "tls/ca.pem").read_text())).hexdigest()
    issuing, taking = Realm(server, "440000000079"), Realm(server, "440000000080")
    url = issuing.iam.enable_outbound_web_identity_federation()["IssuerIdentifier"]
    provider = taking.iam.create_open_id_connect_provider(Url=url, ClientIDList=["partner"], ThumbprintList=[thumbprint])["OpenIDConnectProviderArn"]
    user = issuing.user()
    name = url.removeprefix("https://")
    role = taking.role({"Federated": provider}, "sts:AssumeRoleWithWebIdentity", {"StringEquals": {f"{name}:sub": issuing.arn(user)}})
    for algorithm in ("RS256", "ES384"):
        token = issuing.sts(user).get_web_identity_token(Audience=["partner"], SigningAlgorithm=algorithm)["WebIdentityToken"]
        session = taking.sts(user).assume_role_with_web_identity(RoleArn=role, RoleSessionName="s1", WebIdentityToken=token)
        assert session["SubjectFromWebIdentityToken"] == issuing.arn(user)
    other = issuing.sts(issuing.user()).get_web_identity_token(Audience=["partner"], SigningAlgorithm="ES384")["WebIdentityToken"]
    assert refusal(taking.sts(user).assume_role_with_web_identity, RoleArn=role, RoleSessionName="s1", WebIdentityToken=other)[0] == "AccessDenied"
