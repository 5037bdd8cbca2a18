"""Certificates of the identity provider whose key can be forged, or verifies nothing.

They are refused where they come in, where they would take effect, and at sign-on.
"""

from __future__ import annotations

import base64
import datetime
from functools import cache
from typing import Any

import pytest
import xmlsec
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID
from django.test import Client
from lxml import etree

from scim.models import Organization
from tests.portal.factories import person
from tests.portal.settings_form import PAGE, form, upload
from tests.saml.conftest import Browser, configure
from tests.saml.idp import ADELE, SAML, Answer, KeyPair, key_pair
from tests.saml.test_administration import TAB
from zportal.certificates import parse_certificate
from zportal.models import Activation, SamlConfiguration, SignOnSession, Stage

SHORT, OTHER = "which can be forged", "no signature of SAML can be verified with"
FACTORED = "that anybody can work out"

RSASSA_PSS = """\
-----BEGIN CERTIFICATE-----
MIIDdTCCAiigAwIBAgIUUF0TuJpcgwym61Q3XQqtLbaXt94wQgYJKoZIhvcNAQEK
MDWgDzANBglghkgBZQMEAgEFAKEcMBoGCSqGSIb3DQEBCDANBglghkgBZQMEAgEF
AKIEAgIA3jAVMRMwEQYDVQQDDApSU0FTU0EtUFNTMCAXDTI2MTEyNzA2NDg0MFoY
DzIxMjYxMTAzMDY0ODQwWjAVMRMwEQYDVQQDDApSU0FTU0EtUFNTMIIBIDALBgkq
hkiG9w0BAQoDggEPADCCAQoCggEBAIm6tTCJ6/J0kzkIX7DmzariZV8EpQj3DqfE
4puN3JQyyB2LFrlcTEi9XPRKwg+jWL67GYeUVNFNs3icBiMmwT1nzeEL5Dn4Q/nn
tgF1P4QQ+ZVQNgRRDrSpTeJkFGklcvmpKDH0DkgOL5apEVc85zxLl2e6tvNFXux8
YgARxGTP86iFXqTiw2YVYnFQ1YTdHQcrJDlv0WjDrgZ+ItpdnpN84KkCrQ9o368Z
mv0Ydf9pV6ys/eJ7HJ2cP7YesDwPd1NUavTy0L2TsJqNkT48qNu6juO6Pd19gxwC
YaG4NFtOs3II742JQ8p0icQheGeTAfZ5j+Mma79TqeOKT96bRq8CAwEAAaNTMFEw
HQYDVR0OBBYEFG++weAKWGuGYWw0nOiq90pgadZKMB8GA1UdIwQYMBaAFG++weAK
WGuGYWw0nOiq90pgadZKMA8GA1UdEwEB/wQFMAMBAf8wQgYJKoZIhvcNAQEKMDWg
DzANBglghkgBZQMEAgEFAKEcMBoGCSqGSIb3DQEBCDANBglghkgBZQMEAgEFAKIE
AgIA3gOCAQEAQ7SWzR41i6+m8DNfPmZquRlihcWfNL5VXiRUszbRTtzeYmvuVJJV
myr5S76n/5jXbaIYQZcL6OhA4x5PmtgceC1BBtz8NfDYiftS33whCAVaIKv7uNu4
cnmrKPyn6VHZenbH36n7ScX/LrKVUqGVLlKYUkiJRLFA2ACtfsmaGot6FOBsY83k
8WiZqFaVadlC8W6Y3nc63Fz5Mfu2zcAaQyrrTHbJ0JK1FECzXzjg+enuCLCH4JRs
X6d1kFemwEiVpxbEQd7wvwXj4/Ycyo+n3MfMAmYEjMnpYD5B0mLqcuas9wpUovZm
FSOO9ozDkSIm2ZP2bBBWXiqlYeDAn4MPvA==
-----END CERTIFICATE-----
"""
"""Made by ``openssl genpkey -algorithm rsa-pss``; cryptography makes none."""


@cache
def rsa_key(bits: int, exponent: int = 65537) -> Any:
    return rsa.generate_private_key(public_exponent=exponent, key_size=bits)


def certified(public: Any) -> x509.Certificate:
    """A certificate of a key, signed by another: what is asked is which key it holds."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "An identity provider")])
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=365))
        .sign(rsa_key(2048), hashes.SHA256())
    )


def pem_of(key: Any) -> str:
    return certified(key.public_key()).public_bytes(Encoding.PEM).decode()


def modulus(number: int, exponent: int = 65537) -> str:
    """A certificate of an RSA key with that modulus, whose parts nobody keeps."""
    public = rsa.RSAPublicNumbers(exponent, number).public_key()
    return certified(public).public_bytes(Encoding.PEM).decode()


def prime(bits: int) -> int:
    """A prime of so many bits: half of a key of twice as many."""
    return int(rsa_key(2 * bits).private_numbers().p)


def product() -> int:
    return int(rsa_key(2048).public_key().public_numbers().n)


def exponent_of_one() -> str:
    """Whoever knows the certificate can sign: a signature is the digest itself."""
    der = certified(rsa_key(2048, 3).public_key()).public_bytes(Encoding.DER)
    assert der.count(b"\x02\x01\x03\xa3") + der.count(b"\x02\x01\x03\x30") == 1
    for behind in (b"\xa3", b"\x30"):
        der = der.replace(b"\x02\x01\x03" + behind, b"\x02\x01\x01" + behind)
    changed = x509.load_der_x509_certificate(der)
    return changed.public_bytes(Encoding.PEM).decode()


BAD = {
    "RSA of 1,024 bits": (lambda: pem_of(rsa_key(1024)), SHORT),
    "RSA of 2,047 bits": (lambda: pem_of(rsa_key(2047)), SHORT),
    "RSA with an exponent of one": (exponent_of_one, OTHER),
    "RSA whose modulus is a prime": (lambda: modulus(prime(2048)), FACTORED),
    "RSA whose modulus is a square": (lambda: modulus(prime(1024) ** 2), FACTORED),
    "RSA whose modulus is even": (lambda: modulus(product() - 1), FACTORED),
    "RSA whose modulus is a multiple of 3": (
        lambda: modulus(3 * prime(2048)),
        FACTORED,
    ),
    "RSA whose exponent OpenSSL does not take": (
        lambda: modulus(product(), 2**66 + 1),
        OTHER,
    ),
    "RSA of 16,384 bits": (lambda: modulus(product() ** 8), OTHER),
    "RSASSA-PSS": (lambda: RSASSA_PSS, OTHER),
    "ECDSA of 192 bits": (
        lambda: pem_of(ec.generate_private_key(ec.SECP192R1())),
        SHORT,
    ),
    "Ed25519": (lambda: pem_of(ed25519.Ed25519PrivateKey.generate()), OTHER),
    "Ed448": (lambda: pem_of(ed448.Ed448PrivateKey.generate()), OTHER),
    "DSA": (lambda: pem_of(dsa.generate_private_key(2048)), OTHER),
}
GOOD = {
    "RSA of 2,048 bits": lambda: rsa_key(2048),
    "RSA of 3,072 bits": lambda: rsa_key(3072),
    "ECDSA of 256 bits": lambda: ec.generate_private_key(ec.SECP256R1()),
    "ECDSA of 384 bits": lambda: ec.generate_private_key(ec.SECP384R1()),
    "ECDSA of 521 bits": lambda: ec.generate_private_key(ec.SECP521R1()),
}
bad = pytest.mark.parametrize(("make", "words"), BAD.values(), ids=BAD)


def metadata(pem: str) -> str:
    body = "".join(pem.splitlines()[1:-1])
    return (
        '<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="x">'
        '<IDPSSODescriptor protocolSupportEnumeration="'
        'urn:oasis:names:tc:SAML:2.0:protocol"><KeyDescriptor use="signing"><KeyInfo '
        'xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>'
        f"{body}</X509Certificate></X509Data></KeyInfo></KeyDescriptor>"
        '<SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:'
        'HTTP-Redirect" Location="https://idp.example/"/></IDPSSODescriptor>'
        "</EntityDescriptor>"
    )


@bad
def test_an_upload_is_refused(
    contoso: Organization, admin: Client, make: Any, words: str
) -> None:
    before = list(SamlConfiguration.objects.values())

    answer = admin.post(PAGE, form(certificate=upload(make().encode())))

    assert words in answer.content.decode()
    assert list(SamlConfiguration.objects.values()) == before


@bad
def test_metadata_are_refused(
    contoso: Organization, admin: Client, make: Any, words: str
) -> None:
    before = list(SamlConfiguration.objects.values())

    answer = admin.post(f"{TAB}import/", {"text": metadata(make())})

    assert words in answer.content.decode()
    assert list(SamlConfiguration.objects.values()) == before


@bad
@pytest.mark.parametrize("field", ["certificate", "other_certificate"])
def test_activation_is_refused(
    contoso: Organization, admin: Client, make: Any, words: str, field: str
) -> None:
    configure(contoso, Stage.STAGED, **{field: make()})
    page = admin.get("/activation/")
    assert words in page.content.decode()

    answer = admin.post("/activation/", {"revision": page.context["revision"]})

    assert (
        f"Nothing was activated. {parse_certificate(make().encode()).key_problem}"
        in (answer.content.decode())
    )
    active = SamlConfiguration.objects.get(organization=contoso, stage=Stage.ACTIVE)
    assert active.certificate == key_pair().certificate
    assert not active.other_certificate
    assert not Activation.objects.exists()


@bad
def test_nobody_signs_on_with_one_that_is_active_already(
    browser: Browser, make: Any, words: str
) -> None:
    person(browser.organization, ADELE)
    configure(browser.organization, certificate=make())

    answer = browser.sign_on(keys=KeyPair(key_pair().key, make()))

    assert answer.status_code == 403
    assert words in answer.content.decode()
    assert not SignOnSession.objects.exists()


def test_one_that_is_good_beside_it_goes_on_working(browser: Browser) -> None:
    person(browser.organization, ADELE)
    configure(browser.organization, other_certificate=pem_of(rsa_key(1024)))

    assert browser.sign_on().status_code == 303


@pytest.mark.parametrize("make", GOOD.values(), ids=GOOD)
def test_good_keys_go_all_the_way(browser: Browser, admin: Client, make: Any) -> None:
    person(browser.organization, ADELE)
    key = make()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    pair = KeyPair(pem.decode(), pem_of(key))
    admin.post(f"{TAB}import/", {"text": metadata(pair.certificate)})
    page = admin.get("/activation/")
    admin.post("/activation/", {"revision": page.context["revision"]})
    active = SamlConfiguration.objects.get(stage=Stage.ACTIVE)
    assert active.certificate == pair.certificate

    asked = browser.start()
    answer = signed(Answer(asked.id, issuer="x", signs=()).xml(), key, pair)

    assert browser.post(answer, asked.relay_state).status_code == 303


def signed(xml: bytes, key: Any, pair: KeyPair) -> str:
    """Sign the assertion as the kind of the key demands; return base-64."""
    is_rsa = isinstance(key, rsa.RSAPrivateKey)
    kinds = xmlsec.Transform
    root = etree.fromstring(xml)
    assertion = root.find(f"{{{SAML}}}Assertion")
    signature = xmlsec.template.create(
        root, kinds.EXCL_C14N, kinds.RSA_SHA256 if is_rsa else kinds.ECDSA_SHA256
    )
    assertion.insert(1, signature)
    xmlsec.tree.add_ids(root, ["ID"])
    reference = xmlsec.template.add_reference(
        signature, kinds.SHA256, uri=f"#{assertion.get('ID')}"
    )
    xmlsec.template.add_transform(reference, kinds.ENVELOPED)
    xmlsec.template.add_transform(reference, kinds.EXCL_C14N)
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(pair.key, xmlsec.KeyFormat.PEM)
    context.sign(signature)
    return base64.b64encode(etree.tostring(root)).decode()
