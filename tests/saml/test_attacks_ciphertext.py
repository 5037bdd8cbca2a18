"""What is encrypted for this service: by the identity provider in each way that is taken,
and by a stranger, since the certificate of this service is public.
"""

from __future__ import annotations

import base64
import os
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from lxml import etree

from scim.models import ProvisioningEvent
from tests.saml.attacking import ACCEPTED, Attack, Forgery, Scene, Table
from tests.saml.idp import key_pair
from tests.saml.provider import DS, SAML, SAMLP
from tests.saml.test_attacks_encryption import OURS, give_key

table = Table("Ways to encrypt, and what a stranger encrypts")

XENC = "http://www.w3.org/2001/04/xmlenc#"
XENC11 = "http://www.w3.org/2009/xmlenc11#"
OAEP = f"{XENC}rsa-oaep-mgf1p"
OAEP11 = f"{XENC11}rsa-oaep"
NAMESPACES = f'xmlns:xenc="{XENC}" xmlns:xenc11="{XENC11}" xmlns:ds="{DS}"'
WRONG, UNUSABLE, FORMAT = "0xB003", "0xA022", "0xA001"

ISSUER = (
    "<ds:KeyInfo><ds:X509Data><ds:X509IssuerSerial><ds:X509IssuerName>CN=x"
    "</ds:X509IssuerName><ds:X509SerialNumber>1</ds:X509SerialNumber>"
    "</ds:X509IssuerSerial></ds:X509Data></ds:KeyInfo>"
)
"""How Microsoft names the certificate that it encrypted for."""


def wrapped(secret: bytes, algorithm: str) -> str:
    """Encrypt the content key for this service, as *algorithm* says; base-64."""
    certificate = x509.load_pem_x509_certificate(key_pair(OURS).certificate.encode())
    key = certificate.public_key()
    assert isinstance(key, RSAPublicKey)
    digest: Any = hashes.SHA256() if algorithm == OAEP11 else hashes.SHA1()  # noqa: S303
    oaep = padding.OAEP(padding.MGF1(digest), digest, None)
    is_old = algorithm.endswith("rsa-1_5")
    packed = key.encrypt(secret, padding.PKCS1v15() if is_old else oaep)
    return base64.b64encode(packed).decode()


def key_of(secret: bytes, algorithm: str, hint: str) -> str:
    """The element EncryptedKey."""
    oaep = (
        f'<ds:DigestMethod Algorithm="{XENC}sha256"/>'
        f'<xenc11:MGF Algorithm="{XENC11}mgf1sha256"/>'
    )
    return (
        f'<xenc:EncryptedKey Id="_key"><xenc:EncryptionMethod Algorithm="{algorithm}">'
        f"{oaep if algorithm == OAEP11 else ''}</xenc:EncryptionMethod>{hint}"
        f"<xenc:CipherData><xenc:CipherValue>{wrapped(secret, algorithm)}"
        "</xenc:CipherValue></xenc:CipherData><xenc:ReferenceList>"
        '<xenc:DataReference URI="#_data"/></xenc:ReferenceList></xenc:EncryptedKey>'
    )


METHOD = f'<ds:RetrievalMethod URI="#_key" Type="{XENC}EncryptedKey"/>'


def holder_of(
    content: bytes,
    *,
    algorithm: str = OAEP,
    named: str | None = None,
    hint: str = "",
    size: int = 256,
) -> Any:
    """An EncryptedAssertion of *content*.

    Its key is inside KeyInfo, or, where *named* says what KeyInfo holds, beside the data.
    """
    secret, nonce = os.urandom(size // 8), os.urandom(12)
    cipher = base64.b64encode(nonce + AESGCM(secret).encrypt(nonce, content, None))
    key = key_of(secret, algorithm, hint)
    info = key if named is None else named
    info = f"<ds:KeyInfo>{info}</ds:KeyInfo>" if info else ""
    text = (
        f'<saml:EncryptedAssertion xmlns:saml="{SAML}" {NAMESPACES}>'
        f'<xenc:EncryptedData Id="_data" Type="{XENC}Element">'
        f'<xenc:EncryptionMethod Algorithm="{XENC11}aes{size}-gcm"/>{info}'
        f"<xenc:CipherData><xenc:CipherValue>{cipher.decode()}</xenc:CipherValue>"
        f"</xenc:CipherData></xenc:EncryptedData>{'' if named is None else key}"
        "</saml:EncryptedAssertion>"
    )
    return etree.fromstring(text, etree.XMLParser(huge_tree=True))


def encrypt(forgery: Forgery, content: bytes | None = None, **how: Any) -> None:
    """Put *content*, or the assertion as it is, into an EncryptedAssertion."""
    assertion = forgery.assertion
    content = etree.tostring(assertion) if content is None else content
    forgery.root.replace(assertion, holder_of(content, **how))


def way(name: str, code: str = ACCEPTED, recorded: str = "", **how: Any) -> None:
    """Add a way in which an identity provider may encrypt what it has signed."""
    table.attack(name, code, recorded=recorded)(lambda forgery: encrypt(forgery, **how))


way("AES-256-GCM, the key in KeyInfo")
way("AES-128-GCM", size=128)
way("RSA-OAEP with SHA-256", algorithm=OAEP11)
way("The certificate named by issuer and serial number, as by Microsoft", hint=ISSUER)
way("The key beside the data, named by RetrievalMethod", named=METHOD)
way("The key beside the data, named by nothing", named="")
way("AES-192, which nobody uses", WRONG, UNUSABLE, size=192)
way("RSA 1.5", WRONG, UNUSABLE, algorithm=f"{XENC}rsa-1_5")
way(
    "KeyName",
    WRONG,
    UNUSABLE,
    hint="<ds:KeyInfo><ds:KeyName>x</ds:KeyName></ds:KeyInfo>",
)
way(
    "RetrievalMethod of another key", WRONG, UNUSABLE, named=METHOD.replace("_key", "_")
)
way("Two RetrievalMethods", WRONG, UNUSABLE, named=METHOD * 2)


def content(name: str, text: str, code: str = UNUSABLE, *, recorded: str = "") -> None:
    """Add what a stranger has encrypted instead of an assertion."""
    table.attack(name, WRONG, recorded=recorded or code)(
        lambda forgery: encrypt(forgery, text.encode())
    )


SIGNATURE = f'<Signature xmlns="{DS}"><SignedInfo><Reference URI="#_1"/></SignedInfo></Signature>'


def deep(levels: int) -> str:
    return "<a>" * levels + "</a>" * levels


content("Nothing at all", "")
content("No XML", "\0\1\2", FORMAT)
content("Text alone", "Adele")
content("A document type", "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", FORMAT)
content("An entity that nobody declared", "<a>&b;</a>", FORMAT)
content("A processing instruction alone", "<?a b?>")
content("Two elements", "<a/><b/>")
content("Tags that close what is around them", "</within><within>", FORMAT)
content("Another element", "<a/>", UNUSABLE)
content("A Response", f'<Response xmlns="{SAMLP}"/>')
content("An EncryptedAssertion", f'<EncryptedAssertion xmlns="{SAML}"/>')
content("Elements 200 levels deep", deep(200), FORMAT)
content("Elements 100,000 levels deep", deep(100_000), FORMAT)
content("200,000 elements", f"<a>{'<b/>' * 200_000}</a>")
content(
    "20,000 namespaces of one element",
    "<a {}/>".format(" ".join(f'xmlns:n{n}="urn:{n}"' for n in range(20_000))),
    FORMAT,
)
content(
    "10,000 signatures",
    f'<Assertion xmlns="{SAML}" ID="_1">{SIGNATURE * 10_000}</Assertion>',
    WRONG,
)


@pytest.fixture
def with_key(scene: Scene) -> Scene:
    give_key(scene.browser.organization)
    return scene


@pytest.mark.parametrize("attack", table.attacks, ids=str)
def test_the_verdict_is_that_of_the_table(with_key: Scene, attack: Attack) -> None:
    with_key.run(attack)


def test_strangers_are_not_told_in_which_way_it_failed(with_key: Scene) -> None:
    """Whoever could tell might decrypt, guess by guess, what was meant for us."""
    pages = set()
    for encoding in ("utf-8", "utf-16"):
        for text in (b"", b"<a/>"):
            forgery = with_key.forgery()
            encrypt(forgery, text)
            forgery.xml = etree.tostring(forgery.root, encoding=encoding)
            page = forgery.post(with_key.browser).content.decode()
            pages.add(page.partition("<h1>")[2].partition("<table>")[0])

    assert len(pages) == 1
    details = ProvisioningEvent.objects.values_list("detail", flat=True)
    assert len(set(details)) == 2
