"""An identity provider: SAML metadata and signed answers, made with cryptography and the standard library.

The documents are written in canonical form, so that what is signed needs no canonicalisation of its own: brume
must come to the same bytes by its own way."""
import base64
import datetime
import hashlib
import os
import re

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.x509.oid import NameOID

PREFIX = "https://aws.amazon.com/SAML/Attributes/"


def stamp(seconds=0):
    now = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    return now.strftime("%Y-%m-%dT%H:%M:%SZ")


class IdentityProvider:
    def __init__(self, entity_id="https://idp.example.org/saml"):
        self.entity_id = entity_id
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "idp")])
        now = datetime.datetime.now(datetime.timezone.utc)
        certificate = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(self.key.public_key())
                       .serial_number(1).not_valid_before(now).not_valid_after(now + datetime.timedelta(days=1000))
                       .sign(self.key, hashes.SHA256()))
        self.certificate = base64.b64encode(certificate.public_bytes(serialization.Encoding.DER)).decode()

    def metadata(self):
        return (f'<?xml version="1.0"?><md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{self.entity_id}">'
                '<md:IDPSSODescriptor WantAuthnRequestsSigned="false" protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">'
                '<md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data>'
                f'<ds:X509Certificate>{self.certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>'
                '<md:NameIDFormat>urn:oasis:names:tc:SAML:2.0:nameid-format:persistent</md:NameIDFormat>'
                '<md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://idp.example.org/sso"/>'
                '</md:IDPSSODescriptor></md:EntityDescriptor>' + " " * 1000)

    def assertion(self, attributes, subject="ada", expires=300, recipient="https://signin.aws.amazon.com/saml", issuer=None):
        """In canonical form: namespaces before attributes, attributes in order, no empty-element tags."""
        values = "".join(f'<saml:Attribute Name="{PREFIX}{name}">' + "".join(
            f"<saml:AttributeValue>{value}</saml:AttributeValue>" for value in ([given] if isinstance(given, str) else given)) + "</saml:Attribute>"
            for name, given in attributes.items())
        return (f'<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_a1" IssueInstant="{stamp()}" Version="2.0">'
                f"<saml:Issuer>{issuer or self.entity_id}</saml:Issuer>\n"
                f'<saml:Subject><saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent">{subject}</saml:NameID>'
                '<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer">'
                f'<saml:SubjectConfirmationData NotOnOrAfter="{stamp(expires)}" Recipient="{recipient}"></saml:SubjectConfirmationData>'
                f'</saml:SubjectConfirmation></saml:Subject><saml:Conditions NotBefore="{stamp(-60)}" NotOnOrAfter="{stamp(expires)}">'
                "<saml:AudienceRestriction><saml:Audience>urn:amazon:webservices</saml:Audience></saml:AudienceRestriction></saml:Conditions>"
                f"<saml:AttributeStatement>{values}</saml:AttributeStatement></saml:Assertion>")

    def sign(self, element, place="</saml:Issuer>", identifier="_a1"):
        """The element with its signature behind the Issuer."""
        digest = base64.b64encode(hashlib.sha256(element.encode()).digest()).decode()
        info = ('<ds:SignedInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#">'
                '<ds:CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"></ds:CanonicalizationMethod>'
                '<ds:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"></ds:SignatureMethod>'
                f'<ds:Reference URI="#{identifier}"><ds:Transforms>'
                '<ds:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"></ds:Transform>'
                '<ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"></ds:Transform></ds:Transforms>'
                '<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"></ds:DigestMethod>'
                f"<ds:DigestValue>{digest}</ds:DigestValue></ds:Reference></ds:SignedInfo>")
        value = base64.b64encode(self.key.sign(info.encode(), padding.PKCS1v15(), hashes.SHA256())).decode()
        signature = (f'<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#">{info.replace(" xmlns:ds=" + chr(34) + "http://www.w3.org/2000/09/xmldsig#" + chr(34), "")}'
                     f"<ds:SignatureValue>{value}</ds:SignatureValue></ds:Signature>")
        return element.replace(place, place + signature, 1)

    def response(self, assertion):
        """Not canonical, as providers write it: brume has to bring the signed part into its form."""
        loose = re.sub(r"<ds:CanonicalizationMethod ([^>]*)></ds:CanonicalizationMethod>", r"<ds:CanonicalizationMethod  \1 />", assertion)
        text = ('<?xml version="1.0" encoding="UTF-8"?>\n<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" '
                'xmlns:unused="urn:unused" ID="_r1" Version="2.0">\n  <samlp:Status><samlp:StatusCode '
                f'Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>{loose}\n</samlp:Response>')
        return base64.b64encode(text.encode()).decode()

    def encrypted(self, assertion, public_key, cipher="aes256-gcm", transport="rsa-oaep", beside=False):
        """The assertion as an EncryptedAssertion; its key within the data or beside it."""
        mode, size = cipher.split("-")[1], int(cipher[3:6]) // 8
        key, data = os.urandom(size), assertion.encode()
        if mode == "gcm":
            nonce = os.urandom(12)
            sealed = nonce + AESGCM(key).encrypt(nonce, data, None)
        else:
            vector, pad = os.urandom(16), 16 - len(data) % 16
            encryptor = Cipher(algorithms.AES(key), modes.CBC(vector)).encryptor()
            sealed = vector + encryptor.update(data + os.urandom(pad - 1) + bytes([pad])) + encryptor.finalize()
        digest = {"rsa-oaep": hashes.SHA256(), "rsa-oaep-mgf1p": hashes.SHA1(), "rsa-1_5": None}[transport]
        wrapped = public_key.encrypt(key, padding.OAEP(padding.MGF1(digest), digest, None) if digest else padding.PKCS1v15())
        xenc, ds = ' xmlns:xenc="http://www.w3.org/2001/04/xmlenc#"', ' xmlns:ds="http://www.w3.org/2000/09/xmldsig#"'
        details = (f'<ds:DigestMethod{ds if beside else ""} Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/>'
                   '<xenc11:MGF xmlns:xenc11="http://www.w3.org/2009/xmlenc11#" Algorithm="http://www.w3.org/2009/xmlenc11#mgf1sha256"/>') if transport == "rsa-oaep" else ""
        old, new = "http://www.w3.org/2001/04/xmlenc#", "http://www.w3.org/2009/xmlenc11#"
        encrypted_key = (f'<xenc:EncryptedKey{xenc if beside else ""}><xenc:EncryptionMethod Algorithm="{new if transport == "rsa-oaep" else old}{transport}">{details}</xenc:EncryptionMethod>'
                         f"<xenc:CipherData><xenc:CipherValue>{base64.b64encode(wrapped).decode()}</xenc:CipherValue></xenc:CipherData></xenc:EncryptedKey>")
        info = "" if beside else f"<ds:KeyInfo{ds}>{encrypted_key}</ds:KeyInfo>"
        value = "\n".join(re.findall(".{1,76}", base64.b64encode(sealed).decode()))
        return ('<saml:EncryptedAssertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">'
                f'<xenc:EncryptedData{xenc} Type="http://www.w3.org/2001/04/xmlenc#Element"><xenc:EncryptionMethod Algorithm="{new if mode == "gcm" else old}{cipher}"/>'
                f"{info}<xenc:CipherData><xenc:CipherValue>{value}</xenc:CipherValue></xenc:CipherData></xenc:EncryptedData>"
                f"{encrypted_key if beside else ''}</saml:EncryptedAssertion>")

    def signed_response(self, content):
        """An answer that is itself signed, in canonical form."""
        content = re.sub(r"<([\w:]+)([^<>]*)/>", r"<\1\2></\1>", content)
        text = ('<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="_r1" Version="2.0">'
                f'<saml:Issuer xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">{self.entity_id}</saml:Issuer>{content}</samlp:Response>')
        return base64.b64encode(self.sign(text, identifier="_r1").encode()).decode()
