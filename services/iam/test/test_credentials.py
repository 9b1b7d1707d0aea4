"""Server certificates, SSH keys, signing certificates, credentials of one service, identity providers."""
import base64
import datetime
import re

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

PEM = serialization.Encoding.PEM


def make(name, issuer=None, key=None, days=30):
    """A certificate and its key: by itself, or by an issuer (certificate, key)."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
    builder = (x509.CertificateBuilder().subject_name(subject).issuer_name(issuer[0].subject if issuer else subject).public_key(key.public_key())
               .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(days=60))
               .not_valid_after(now + datetime.timedelta(days=days))
               .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True))
    return builder.sign(issuer[1] if issuer else key, hashes.SHA256()), key


def pem(thing):
    if isinstance(thing, x509.Certificate):
        return thing.public_bytes(PEM).decode()
    return thing.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()


@pytest.fixture(scope="module")
def authority():
    return make("Authority")


@pytest.fixture(scope="module")
def server(authority):
    return make("www.example.com", authority)


def test_server_certificate(iam, account, refused, authority, server):
    ask = {"ServerCertificateName": "web", "Path": "/cloudfront/", "CertificateBody": pem(server[0]), "PrivateKey": pem(server[1]),
           "CertificateChain": pem(authority[0]), "Tags": [{"Key": "a", "Value": "1"}]}
    meta = iam.upload_server_certificate(**ask)["ServerCertificateMetadata"]
    assert meta["Arn"] == f"arn:aws:iam::{account}:server-certificate/cloudfront/web"
    assert re.fullmatch(r"ASCA[A-Z2-7]{17}", meta["ServerCertificateId"]) and meta["Expiration"] == server[0].not_valid_after_utc
    with refused("EntityAlreadyExists") as r:
        iam.upload_server_certificate(**ask)
    assert r.message == "The Server Certificate with name web already exists."
    got = iam.get_server_certificate(ServerCertificateName="web")["ServerCertificate"]
    assert (got["CertificateBody"], got["CertificateChain"]) == (pem(server[0]).strip(), pem(authority[0]).strip())  # Terraform's provider expects so
    assert got["Tags"] == [{"Key": "a", "Value": "1"}]
    assert "PrivateKey" not in str(got)
    iam.update_server_certificate(ServerCertificateName="web", NewServerCertificateName="site", NewPath="/")
    assert [c["ServerCertificateName"] for c in iam.list_server_certificates(PathPrefix="/")["ServerCertificateMetadataList"]] == ["site"]
    iam.delete_server_certificate(ServerCertificateName="site")
    with refused("NoSuchEntity") as r:
        iam.get_server_certificate(ServerCertificateName="site")
    assert r.message == "The Server Certificate with name site cannot be found."


def test_certificates_that_do_not_fit(iam, refused, authority, server):
    other, key = make("other")
    upload = iam.upload_server_certificate
    with refused("KeyPairMismatch"):
        upload(ServerCertificateName="a", CertificateBody=pem(server[0]), PrivateKey=pem(key))
    with refused("MalformedCertificate"):
        upload(ServerCertificateName="a", CertificateBody="-----BEGIN CERTIFICATE-----\nnone\n-----END CERTIFICATE-----", PrivateKey=pem(key))
    with refused("MalformedCertificate"):
        upload(ServerCertificateName="a", CertificateBody=pem(server[0]) + pem(authority[0]), PrivateKey=pem(server[1]))
    with refused("MalformedCertificate"):
        upload(ServerCertificateName="a", CertificateBody=pem(server[0]), PrivateKey="no key")
    with refused("MalformedCertificate") as r:
        upload(ServerCertificateName="a", CertificateBody=pem(server[0]), PrivateKey=pem(server[1]), CertificateChain=pem(other))
    assert r.message.startswith("Unable to validate certificate chain.")
    assert iam.list_server_certificates()["ServerCertificateMetadataList"] == []


def test_no_private_key_in_the_data_directory(start_brume, server):
    brume = start_brume()
    brume.client("iam").upload_server_certificate(ServerCertificateName="web", CertificateBody=pem(server[0]), PrivateKey=pem(server[1]))
    brume.stop()
    secret = pem(server[1]).splitlines()[1].encode()
    assert not [p for p in brume.data.rglob("*") if p.is_file() and secret in p.read_bytes()]


@pytest.fixture(scope="module")
def ssh():
    return rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key()


def test_ssh_public_key(iam, refused, ssh):
    iam.create_user(UserName="u")
    line = ssh.public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH).decode()
    key = iam.upload_ssh_public_key(UserName="u", SSHPublicKeyBody=line + " me@home")["SSHPublicKey"]
    fingerprint = hashes.Hash(hashes.MD5())
    fingerprint.update(base64.b64decode(line.split()[1]))
    assert key["Fingerprint"] == fingerprint.finalize().hex(":")
    assert (key["SSHPublicKeyBody"], key["Status"]) == (line, "Active") and key["SSHPublicKeyId"].startswith("APKA")
    with refused("DuplicateSSHPublicKey"):
        iam.upload_ssh_public_key(UserName="u", SSHPublicKeyBody=ssh.public_bytes(PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode())
    name = {"UserName": "u", "SSHPublicKeyId": key["SSHPublicKeyId"]}
    got = iam.get_ssh_public_key(**name, Encoding="PEM")["SSHPublicKey"]["SSHPublicKeyBody"]
    assert serialization.load_pem_public_key(got.encode()).public_numbers() == ssh.public_numbers()
    iam.update_ssh_public_key(**name, Status="Inactive")
    assert [k["Status"] for k in iam.list_ssh_public_keys(UserName="u")["SSHPublicKeys"]] == ["Inactive"]
    with refused("DeleteConflict"):
        iam.delete_user(UserName="u")
    iam.delete_ssh_public_key(**name)
    with refused("NoSuchEntity") as r:
        iam.get_ssh_public_key(**name, Encoding="SSH")
    assert r.message == f"The Public Key with id {key['SSHPublicKeyId']} cannot be found."


def test_bad_ssh_keys(iam, refused):
    iam.create_user(UserName="u")
    weak = rsa.generate_private_key(public_exponent=65537, key_size=1024).public_key()
    curve = ec.generate_private_key(ec.SECP256R1()).public_key()
    for bad in (weak.public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH).decode(), "ssh-rsa AAAA",
                curve.public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH).decode(),
                curve.public_bytes(PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode(), "ssh-rsa !!", "nothing"):
        with refused("InvalidPublicKey"):
            iam.upload_ssh_public_key(UserName="u", SSHPublicKeyBody=bad)


def test_signing_certificate(iam, refused):
    iam.create_user(UserName="u")
    body = pem(make("signer")[0])
    made = iam.upload_signing_certificate(UserName="u", CertificateBody=body)["Certificate"]
    assert (made["UserName"], made["Status"]) == ("u", "Active") and len(made["CertificateId"]) >= 24
    with refused("DuplicateCertificate"):
        iam.upload_signing_certificate(UserName="u", CertificateBody=body)
    with refused("InvalidCertificate"):
        iam.upload_signing_certificate(UserName="u", CertificateBody=pem(make("old", days=-1)[0]))
    iam.upload_signing_certificate(UserName="u", CertificateBody=pem(make("second")[0]))
    with refused("LimitExceeded"):
        iam.upload_signing_certificate(UserName="u", CertificateBody=pem(make("third")[0]))
    iam.update_signing_certificate(UserName="u", CertificateId=made["CertificateId"], Status="Inactive")
    states = {c["CertificateId"]: c["Status"] for c in iam.list_signing_certificates(UserName="u")["Certificates"]}
    assert states[made["CertificateId"]] == "Inactive" and len(states) == 2
    for certificate in states:
        iam.delete_signing_certificate(UserName="u", CertificateId=certificate)
    iam.delete_user(UserName="u")


def test_service_specific_credentials(iam, account, refused):
    iam.create_user(UserName="u")
    with refused("NoSuchEntity") as r:
        iam.create_service_specific_credential(UserName="u", ServiceName="lambda.amazonaws.com")
    assert r.message == "No such service lambda.amazonaws.com is supported for Service Specific Credentials"
    first, second = (iam.create_service_specific_credential(UserName="u", ServiceName="codecommit.amazonaws.com")["ServiceSpecificCredential"]
                     for _ in range(2))
    assert first["ServiceUserName"] == f"u-at-{account}" and second["ServiceUserName"] == f"u+1-at-{account}"
    with refused("LimitExceeded"):
        iam.create_service_specific_credential(UserName="u", ServiceName="codecommit.amazonaws.com")
    name = first["ServiceSpecificCredentialId"]
    again = iam.reset_service_specific_credential(UserName="u", ServiceSpecificCredentialId=name)["ServiceSpecificCredential"]
    assert again["ServicePassword"] != first["ServicePassword"]
    iam.update_service_specific_credential(UserName="u", ServiceSpecificCredentialId=name, Status="Inactive")
    listed = iam.list_service_specific_credentials(UserName="u", ServiceName="codecommit.amazonaws.com")["ServiceSpecificCredentials"]
    assert {c["ServiceSpecificCredentialId"]: c["Status"] for c in listed}[name] == "Inactive" and "ServicePassword" not in str(listed)
    assert iam.list_service_specific_credentials(UserName="u", ServiceName="cassandra.amazonaws.com")["ServiceSpecificCredentials"] == []
    with refused("NoSuchEntity") as r:
        iam.delete_service_specific_credential(UserName="wrong-user-name", ServiceSpecificCredentialId=name)
    assert r.message == "The user with name wrong-user-name cannot be found."
    with refused("NoSuchEntity") as r:
        iam.delete_service_specific_credential(UserName="u", ServiceSpecificCredentialId="satisfiesregexbutstillinvalid")
    assert r.message == "No such credential satisfiesregexbutstillinvalid exists"
    with refused("ValidationError") as r:
        iam.delete_service_specific_credential(UserName="u", ServiceSpecificCredentialId="totally-wrong-credential-id-with-hyphens")
    assert r.message == ("1 validation error detected: Value at 'serviceSpecificCredentialId' failed to satisfy constraint: "
                         "Member must satisfy regular expression pattern: [\\w]+")
    with refused("ValidationError") as r:
        iam.update_service_specific_credential(UserName="u", ServiceSpecificCredentialId=name, Status="Wrong")
    assert r.message == "1 validation error detected: Value at 'status' failed to satisfy constraint: Member must satisfy enum value set"
    key = iam.create_service_specific_credential(UserName="u", ServiceName="bedrock.amazonaws.com", CredentialAgeDays=30)["ServiceSpecificCredential"]
    assert key["ServiceCredentialSecret"] and (key["ExpirationDate"] - key["CreateDate"]).days == 30


def test_oidc_provider(iam, account, refused):
    thumb = "AB" * 20
    made = iam.create_open_id_connect_provider(Url="https://issuer.example.com/a", ClientIDList=["one"], ThumbprintList=[thumb],
                                               Tags=[{"Key": "k", "Value": "v"}])
    arn = made["OpenIDConnectProviderArn"]
    assert arn == f"arn:aws:iam::{account}:oidc-provider/issuer.example.com/a"
    with refused("EntityAlreadyExists") as r:
        iam.create_open_id_connect_provider(Url="https://issuer.example.com/a")
    assert r.message == "Provider with url https://issuer.example.com/a already exists."
    iam.add_client_id_to_open_id_connect_provider(OpenIDConnectProviderArn=arn, ClientID="two")
    iam.add_client_id_to_open_id_connect_provider(OpenIDConnectProviderArn=arn, ClientID="two")
    iam.remove_client_id_from_open_id_connect_provider(OpenIDConnectProviderArn=arn, ClientID="one")
    iam.update_open_id_connect_provider_thumbprint(OpenIDConnectProviderArn=arn, ThumbprintList=["12" * 20, "no.certificate.of.these.forty.characters"])
    got = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    assert (got["Url"], got["ClientIDList"], got["ThumbprintList"], got["Tags"]) == (
        "issuer.example.com/a", ["two"], ["12" * 20, "no.certificate.of.these.forty.characters"], [{"Key": "k", "Value": "v"}])
    assert iam.list_open_id_connect_providers()["OpenIDConnectProviderList"] == [{"Arn": arn}]
    for bad in ("http://issuer.example.com", "issuer.example.com", "https://"):
        with refused("ValidationError") as r:
            iam.create_open_id_connect_provider(Url=bad)
        assert r.message == "Invalid Open ID Connect Provider URL"
    with refused("InvalidInput"):
        iam.update_open_id_connect_provider_thumbprint(OpenIDConnectProviderArn=arn, ThumbprintList=["ten words " * 4])
    assert iam.get_account_summary()["SummaryMap"]["Providers"] == 1
    iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    with refused("NoSuchEntity") as r:
        iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    assert r.message == f"OpenIDConnect Provider not found for arn {arn}"


def metadata(certificate, role="IDPSSODescriptor"):
    body = base64.b64encode(certificate.public_bytes(serialization.Encoding.DER)).decode()
    body = "\n".join(body[i:i + 64] for i in range(0, len(body), 64))
    text = f"""<?xml version="1.0"?>
<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://idp.example.com/saml">
  <md:{role} protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
    <md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data><ds:X509Certificate>
{body}
</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>
    <md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://idp.example.com/sso"/>
  </md:{role}>
</md:EntityDescriptor>"""
    return text + "\n<!--" + " " * max(0, 1000 - len(text)) + "-->"


def test_saml_provider(iam, account, refused, authority):
    made = iam.create_saml_provider(Name="idp", SAMLMetadataDocument=metadata(authority[0]))
    arn = made["SAMLProviderArn"]
    assert arn == f"arn:aws:iam::{account}:saml-provider/idp"
    got = iam.get_saml_provider(SAMLProviderArn=arn)
    assert got["SAMLMetadataDocument"] == metadata(authority[0]) and got["ValidUntil"] == authority[0].not_valid_after_utc
    other = make("next", days=10)[0]
    iam.update_saml_provider(SAMLProviderArn=arn, SAMLMetadataDocument=metadata(other))
    assert [p["ValidUntil"] for p in iam.list_saml_providers()["SAMLProviderList"]] == [other.not_valid_after_utc]
    with refused("EntityAlreadyExists"):
        iam.create_saml_provider(Name="idp", SAMLMetadataDocument=metadata(other))
    iam.delete_saml_provider(SAMLProviderArn=arn)
    with refused("NoSuchEntity") as r:
        iam.get_saml_provider(SAMLProviderArn=arn)
    assert r.message == f"Manifest not found for arn {arn}"


def test_bad_metadata(iam, refused, authority):
    good = metadata(authority[0])
    for bad in ("x" * 1000, metadata(authority[0], role="SPSSODescriptor"), good.replace("MII", "!!!", 1), good.replace("entityID", "id"),
                good.replace("</md:EntityDescriptor>", ""), good.replace("<?xml", "<!DOCTYPE a [<!ENTITY b 'c'>]><?xml")):
        with refused("InvalidInput"):
            iam.create_saml_provider(Name="idp", SAMLMetadataDocument=bad)
