"""The worst messages that the limits of SAML sign-on admit. See ``bench.limits``.

Each answers a request, is well-shaped in all but the limit that it exhausts, and has a
signature that turns out to be false: what it costs is what a stranger can make it cost.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA1
from django.test import Client

from bench.scim_limits import Row, Service
from scim.models import Organization
from scim.services import organizations
from zportal.encryption import encrypt
from zportal.models import (
    AuthenticationSettings,
    SamlConfiguration,
    SigningKey,
    Stage,
)
from zportal.saml.keys import KeyPair, new_key_pair
from zportal.saml.messages import DEEPEST, LARGEST, MOST, MOST_ELEMENTS
from zportal.saml.requests import new_request_id, relay_state_of
from zportal.saml.signatures import MOST_IDS, MOST_SIGNATURES

BROWSER = "bench"
SAML = "urn:oasis:names:tc:SAML:2.0:assertion"
SAMLP = "urn:oasis:names:tc:SAML:2.0:protocol"
DS = "http://www.w3.org/2000/09/xmldsig#"
XENC = "http://www.w3.org/2001/04/xmlenc#"
EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"

AROUND = 8 * 1024
"""Bytes of a message beside what fills it."""

SPARE = 200
"""Elements and XML attributes of a message beside those that fill it."""


def organization() -> Organization:
    """Make an organization that signs on, with as many key pairs as are ever tried."""
    made = organizations.create_organization(
        name="Sign-on", domains=["contoso.example"]
    )
    keys = [new_key_pair(made.name) for _ in range(5)]
    rows = [
        SigningKey.objects.create(
            organization=made,
            created_by="bench",
            certificate=pair.certificate,
            encrypted_key=encrypt(pair.private_key),
        )
        for pair in keys
    ]
    for stage, row in zip(Stage, rows, strict=False):
        AuthenticationSettings.objects.create(
            organization=made,
            stage=stage,
            authentication_type=AuthenticationSettings.Type.SAML,
        )
        SamlConfiguration.objects.create(
            organization=made,
            stage=stage,
            portal_url="https://idp.example/",
            certificate=keys[0].certificate,
            other_certificate=keys[1].certificate,
            signing_key=row,
        )
    return made


def signature(ident: str, prefixes: str = "") -> str:
    """A signature of the right shape whose digest is false."""
    inclusive = (
        f'<c:InclusiveNamespaces xmlns:c="{EXCLUSIVE}" PrefixList="{prefixes}"/>'
        if prefixes
        else ""
    )
    return (
        f'<ds:Signature xmlns:ds="{DS}"><ds:SignedInfo><ds:CanonicalizationMethod '
        f'Algorithm="{EXCLUSIVE}"/><ds:SignatureMethod Algorithm="http://www.w3.org/'
        f'2001/04/xmldsig-more#rsa-sha512"/><ds:Reference URI="#{ident}">'
        f'<ds:Transforms><ds:Transform Algorithm="{DS}enveloped-signature"/>'
        f'<ds:Transform Algorithm="{EXCLUSIVE}">{inclusive}</ds:Transform>'
        f"</ds:Transforms><ds:DigestMethod "
        f'Algorithm="{XENC}sha512"/><ds:DigestValue>AAAA</ds:DigestValue>'
        "</ds:Reference></ds:SignedInfo><ds:SignatureValue>AAAA</ds:SignatureValue>"
        "</ds:Signature>"
    )


def assertion(filling: str, prefixes: str = "") -> str:
    return (
        f'<saml:Assertion xmlns:saml="{SAML}" ID="_a"><saml:Issuer>x</saml:Issuer>'
        f"{signature('_a', prefixes)}{filling}</saml:Assertion>"
    )


def response(asked: str, content: str, *, before: str = "", ident: str = "_r") -> str:
    return (
        f'<samlp:Response xmlns:samlp="{SAMLP}" xmlns:saml="{SAML}" ID="{ident}" '
        f'Version="2.0" InResponseTo="{asked}"><saml:Issuer>x</saml:Issuer>{before}'
        '<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:'
        f'Success"/></samlp:Status>{content}</samlp:Response>'
    )


def encrypted(content: str, pair: KeyPair) -> str:
    """An EncryptedAssertion of *content*, for the last of the key pairs."""
    secret, nonce = os.urandom(32), os.urandom(12)
    key = x509.load_pem_x509_certificate(pair.certificate.encode()).public_key()
    assert isinstance(key, rsa.RSAPublicKey)  # noqa: S101 - for mypy
    # rsa-oaep-mgf1p, which identity providers use, has SHA-1 inside.
    oaep = padding.OAEP(padding.MGF1(SHA1()), SHA1(), None)  # noqa: S303
    wrapped = base64.b64encode(key.encrypt(secret, oaep)).decode()
    cipher = nonce + AESGCM(secret).encrypt(nonce, content.encode(), None)
    return (
        f'<saml:EncryptedAssertion xmlns:xenc="{XENC}" xmlns:ds="{DS}">'
        f'<xenc:EncryptedData Type="{XENC}Element"><xenc:EncryptionMethod '
        'Algorithm="http://www.w3.org/2009/xmlenc11#aes256-gcm"/><ds:KeyInfo>'
        f'<xenc:EncryptedKey><xenc:EncryptionMethod Algorithm="{XENC}rsa-oaep-mgf1p"/>'
        f"<xenc:CipherData><xenc:CipherValue>{wrapped}</xenc:CipherValue>"
        "</xenc:CipherData></xenc:EncryptedKey></ds:KeyInfo><xenc:CipherData>"
        f"<xenc:CipherValue>{base64.b64encode(cipher).decode()}</xenc:CipherValue>"
        "</xenc:CipherData></xenc:EncryptedData></saml:EncryptedAssertion>"
    )


def many(unit: str, room: int = LARGEST - AROUND) -> str:
    """*unit* as often as size, elements and XML attributes of a message allow."""
    times = [room // len(unit)]
    if brackets := unit.count("<"):
        times.append((MOST_ELEMENTS - SPARE) // brackets)
    if attributes := unit.count('="') - unit.count("xmlns"):
        times.append((MOST_ELEMENTS - SPARE) // attributes)
    return unit * min(times)


def fillings() -> Iterator[tuple[str, str, str]]:
    """Yield a limit, the worst that it admits in words, and what fills the message."""
    attributes = " ".join(f'a{number}=""' for number in range(MOST))
    namespaces = " ".join(f'xmlns:n{number}="u{number}"' for number in range(MOST - 5))
    used = " ".join(f'xmlns:n{n}="u{n}" n{n}:a=""' for n in range(MOST // 2 - 3))
    levels = DEEPEST - 3
    down, up = "<b>" * levels, "</b>" * levels
    few = many("<b/>")[: -8 * levels * 4]
    size = f"{LARGEST // 1024**2} MB"
    yield size, "of text", many("abcdefgh")
    yield size, "of character references", many("&#9;")
    yield f"{MOST_ELEMENTS:,} elements", "each with a text", many("<b/>x")
    yield (
        f"{MOST_ELEMENTS:,} XML attributes",
        f"{MOST} of an element",
        many(f"<b {attributes}/>"),
    )
    yield f"{MOST} namespaces", "declared at each element", many(f"<b {namespaces}/>")
    yield (
        f"{MOST} namespaces",
        "declared and used at each element",
        many(f"<b {used}/>"),
    )
    yield f"{DEEPEST} elements in each other", "as many in the last", f"{down}{few}{up}"
    yield (
        f"{MOST_IDS} IDs",
        "among as many elements",
        "".join(f'<b ID="i{n}"/>' for n in range(MOST_IDS - 5)) + few,
    )


def rows(_: Service) -> Iterator[Row]:
    """Yield the rows; they have an organization of their own."""
    made = organization()
    newest = SigningKey.objects.for_organization(made).newest_first()
    last = KeyPair("", newest[0].certificate)
    client = Client(SERVER_NAME="127.0.0.1")
    client.cookies["sign_on_browser"] = BROWSER

    def post(content: str, **options: Any) -> Callable[[], int]:
        asked = new_request_id(made, browser=BROWSER)
        xml = response(asked, content, **options).encode()
        data = {
            "SAMLResponse": base64.b64encode(xml).decode(),
            "RelayState": relay_state_of(asked),
        }
        body, kind = urlencode(data), "application/x-www-form-urlencoded"
        return lambda: client.post("/sfc_sso", body, content_type=kind).status_code

    for limit, worst, filling in fillings():
        yield Row(f"SAML: {limit}", f"{worst}, signed", post(assertion(filling)))
    around = " ".join(f'xmlns:n{n}="u{n}"' for n in range(MOST - 6))
    levels = DEEPEST - 4
    for names in (1, 10, 50):
        number = MOST_ELEMENTS // (1 + names) - SPARE
        inner = "<b>" * levels + "<b/>" * number + "</b>" * levels
        yield Row(
            "SAML: prefixes times elements",
            f"{names} for {number:,} elements, amid {MOST} namespaces",
            post(
                assertion(
                    f"<b {around}>{inner}</b>", " ".join("abcdefghij" * 5)[: 2 * names]
                )
            ),
        )
    elements = many("<b/>x", LARGEST // 2)[: -SPARE * 10]
    yield Row(
        f"SAML: {MOST_SIGNATURES} signatures",
        f"over {MOST_ELEMENTS:,} elements",
        post(assertion(elements), before=signature("_r")),
    )
    text = many("a", (LARGEST - AROUND) * 3 // 4)
    opened = post(encrypted(assertion(text), last))
    yield Row("SAML: 5 keys", "the last one opens 3 MB of text", opened)
    opened = post(encrypted(assertion(elements), last))
    yield Row("SAML: 5 keys", f"the last one opens {MOST_ELEMENTS:,} elements", opened)
