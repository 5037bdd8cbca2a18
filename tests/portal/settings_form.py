"""What a browser posts from Authentication Settings, and certificates to upload."""

from __future__ import annotations

import datetime
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID
from django.core.files.uploadedfile import SimpleUploadedFile

PAGE = "/administration/authentication-settings/"
GENERATE = f"{PAGE}bearer-token/"
CANCEL = f"{PAGE}cancel/"
REAUTHENTICATE = f"{PAGE}reauthentication/"

DEFAULTS = {
    # As if the page had been opened after everything that was ever saved.
    "revision": str(2**63 - 1),
    "user_repository_type": "hosted-db",
    "authentication_frequency": "only-once",
    "temporary_authentication": "none",
    "password_strength": "medium",
    "password_expiration": "never",
    "authentication_type": "saml",
    "portal_url": "",
    "login_name_attribute": "NameID",
    "display_name_attribute": "displayName",
    "group_name_attribute": "memberOf",
    "department_name_attribute": "department",
    "scim": "on",
}


def form(**changes: Any) -> dict[str, Any]:
    """The form with SAML and SCIM on; None leaves a field out, as an unticked box."""
    values = {**DEFAULTS, **changes}
    return {name: value for name, value in values.items() if value is not None}


@cache
def _key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def private_key() -> bytes:
    return _key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def certificate(
    *,
    days: int = 365,
    subject: str = "Federated SSO",
    encoding: Encoding = Encoding.PEM,
) -> bytes:
    """A self-signed certificate that expires in *days*."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(_key().public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=3650))
        .not_valid_after(now + datetime.timedelta(days=days))
        .sign(_key(), hashes.SHA256())
    )
    return made.public_bytes(encoding)


def upload(content: bytes, name: str = "entra.pem") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)
