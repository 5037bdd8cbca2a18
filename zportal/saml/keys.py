"""Key pairs of the service provider: they sign requests and decrypt assertions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID
from django.views.decorators.debug import sensitive_variables

BITS = 2048
"""Of the RSA key: what Entra's own signing keys have."""

LASTS = timedelta(days=3 * 365)


@dataclass(frozen=True)
class KeyPair:
    """A private key and its self-signed certificate, both in PEM."""

    private_key: str
    certificate: str

    def __repr__(self) -> str:
        return "KeyPair(…)"


@sensitive_variables()
def new_key_pair(name: str) -> KeyPair:
    """Make a key pair whose certificate is for *name* (RSA, SHA-256, three years)."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=BITS)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        # The other side's clock may be a little behind.
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + LASTS)
        .sign(key, SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return KeyPair(
        private.decode("ascii"),
        certificate.public_bytes(Encoding.PEM).decode("ascii"),
    )
