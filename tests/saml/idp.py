"""An identity provider for tests: what it says is given, what it signs is real.

The messages have the shape of Entra's. Those of libraries that nobody here wrote are in
the tests of attacks and in tests/e2e.
"""

from __future__ import annotations

import base64
import datetime
import zlib
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import parse_qs, urlsplit

import xmlsec
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID
from lxml import etree
from onelogin.saml2.utils import OneLogin_Saml2_Utils as Utils

SAML = "urn:oasis:names:tc:SAML:2.0:assertion"
RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
ENTITY_ID = "https://sts.windows.net/7d1e3a52-0f5b-4c0a-9a52-1b6c1f3b0a01/"
LOGIN_URL = "https://login.microsoftonline.com/7d1e3a52/saml2"
ADELE = "adele.vance@contoso.example"


@dataclass(frozen=True)
class KeyPair:
    key: str
    certificate: str


@cache
def key_pair(name: str = "Microsoft Azure Federated SSO Certificate") -> KeyPair:
    """A private key and its self-signed certificate, in PEM; one for each *name*."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=30))
        .not_valid_after(now + datetime.timedelta(days=365))
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return KeyPair(pem.decode(), made.public_bytes(Encoding.PEM).decode())


@dataclass(frozen=True)
class Asked:
    """A request as it arrives at the identity provider."""

    url: str

    @property
    def query(self) -> dict[str, str]:
        return {
            name: values[0]
            for name, values in parse_qs(urlsplit(self.url).query).items()
        }

    @property
    def xml(self) -> Any:
        packed = base64.b64decode(self.query["SAMLRequest"])
        return etree.fromstring(zlib.decompress(packed, -15))

    @property
    def id(self) -> str:
        return str(self.xml.get("ID"))

    @property
    def relay_state(self) -> str:
        return self.query["RelayState"]


@dataclass
class Answer:
    """What the identity provider says. Change a field to make it say something else."""

    in_response_to: str
    reply_url: str = "http://testserver/sfc_sso"
    audience: str = "zscalerone.net"
    issuer: str = ENTITY_ID
    name_id: str = ADELE
    attributes: dict[str, list[str]] = field(default_factory=dict)
    id: str = ""
    status: str = "urn:oasis:names:tc:SAML:2.0:status:Success"
    valid_from: int = -300
    """Seconds from now."""
    valid_for: int = 3600
    session_for: int = 0
    """Seconds of SessionNotOnOrAfter; none is said with 0."""
    destination: str | None = None
    recipient: str | None = None
    signs: tuple[str, ...] = ("assertion",)
    keys: KeyPair = field(default_factory=key_pair)
    signature: str = RSA_SHA256
    digest: str = SHA256

    def xml(self) -> bytes:
        """The response, signed as *signs* says."""
        text = self._assertion()
        if "assertion" in self.signs:
            text = self._signed(text)
        text = self._response(text)
        if "response" in self.signs:
            text = self._signed(text)
        return text.encode()

    def signed_response(self, xml: bytes) -> bytes:
        """Return the response *xml*, signed as a whole."""
        return self._signed(xml.decode()).encode()

    def encoded(self) -> str:
        return base64.b64encode(self.xml()).decode()

    def _signed(self, text: str) -> str:
        signed = Utils.add_sign(
            text,
            self.keys.key,
            self.keys.certificate,
            sign_algorithm=self.signature,
            digest_algorithm=self.digest,
        )
        return signed.decode() if isinstance(signed, bytes) else str(signed)

    def _at(self, seconds: int) -> str:
        moment = datetime.datetime.now(datetime.UTC) + datetime.timedelta(
            seconds=seconds
        )
        return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")

    def _answers(self) -> str:
        return f' InResponseTo="{self.in_response_to}"' if self.in_response_to else ""

    def _assertion(self) -> str:
        recipient = self.reply_url if self.recipient is None else self.recipient
        statement = "".join(
            f'<saml:Attribute Name="{name}">'
            + "".join(
                f"<saml:AttributeValue>{value}</saml:AttributeValue>"
                for value in values
            )
            + "</saml:Attribute>"
            for name, values in self.attributes.items()
        )
        if statement:
            statement = (
                f"<saml:AttributeStatement>{statement}</saml:AttributeStatement>"
            )
        session = (
            f' SessionNotOnOrAfter="{self._at(self.session_for)}"'
            if self.session_for
            else ""
        )
        subject = f"<saml:NameID>{self.name_id}</saml:NameID>" if self.name_id else ""
        return (
            '<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" '
            f'ID="{self.id or f"_a{Utils.generate_unique_id()}"}" Version="2.0" '
            f'IssueInstant="{self._at(0)}">'
            f"<saml:Issuer>{self.issuer}</saml:Issuer>"
            f"<saml:Subject>{subject}"
            '<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer">'
            f'<saml:SubjectConfirmationData{self._answers()} Recipient="{recipient}" '
            f'NotOnOrAfter="{self._at(self.valid_for)}"/>'
            "</saml:SubjectConfirmation></saml:Subject>"
            f'<saml:Conditions NotBefore="{self._at(self.valid_from)}" '
            f'NotOnOrAfter="{self._at(self.valid_for)}"><saml:AudienceRestriction>'
            f"<saml:Audience>{self.audience}</saml:Audience>"
            "</saml:AudienceRestriction></saml:Conditions>"
            f'<saml:AuthnStatement AuthnInstant="{self._at(0)}"{session}><saml:AuthnContext>'
            "<saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password"
            "</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>"
            f"{statement}</saml:Assertion>"
        )

    def _response(self, assertion: str) -> str:
        destination = self.reply_url if self.destination is None else self.destination
        sent_to = f' Destination="{destination}"' if destination else ""
        return (
            '<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" '
            f'ID="_r{Utils.generate_unique_id()}" Version="2.0" '
            f'IssueInstant="{self._at(0)}"{sent_to}{self._answers()}>'
            '<saml:Issuer xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">'
            f"{self.issuer}</saml:Issuer>"
            f'<samlp:Status><samlp:StatusCode Value="{self.status}"/></samlp:Status>'
            f"{assertion}</samlp:Response>"
        )


def encrypted_for(certificate: str, xml: bytes) -> bytes:
    """Return the response *xml* with its assertion encrypted, as Entra encrypts it."""
    root = etree.fromstring(xml)
    assertion = root.find(f"{{{SAML}}}Assertion")
    manager = xmlsec.KeysManager()
    key = xmlsec.Key.from_memory(certificate, xmlsec.KeyFormat.CERT_PEM, None)
    manager.add_key(key)
    data = xmlsec.template.encrypted_data_create(
        root, xmlsec.Transform.AES256, type=xmlsec.EncryptionType.ELEMENT, ns="xenc"
    )
    xmlsec.template.encrypted_data_ensure_cipher_value(data)
    info = xmlsec.template.encrypted_data_ensure_key_info(data, ns="ds")
    encrypted_key = xmlsec.template.add_encrypted_key(info, xmlsec.Transform.RSA_OAEP)
    xmlsec.template.encrypted_data_ensure_cipher_value(encrypted_key)
    context = xmlsec.EncryptionContext(manager)
    context.key = xmlsec.Key.generate(
        xmlsec.KeyData.AES, 256, xmlsec.KeyDataType.SESSION
    )
    context.encrypt_xml(data, assertion)
    data = root.find("{http://www.w3.org/2001/04/xmlenc#}EncryptedData")
    wrapped = etree.Element(f"{{{SAML}}}EncryptedAssertion", nsmap={"saml": SAML})
    root.replace(data, wrapped)
    wrapped.append(data)
    encrypted: bytes = etree.tostring(root)
    return encrypted
