"""Reading the identity provider's certificate, and saying what is wrong with it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import PublicKeyAlgorithmOID
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

UPLOAD_LIMIT = 64 * 1024
"""The largest file that is looked at, in bytes; a certificate has one or two KiB."""

EXPIRES_SOON = timedelta(days=30)

MOST_RSA_BITS = 8192
EXPONENT_BITS = 64
"""OpenSSL verifies with no larger exponent, and with no modulus of twice the bits."""

_SMALL_PRIMES = math.prod(
    n for n in range(2, 752) if all(n % divisor for divisor in range(2, n))
)

RSA_BITS = 2048
EC_BITS = 224
"""The least of a key: 112 bits of security (NIST SP 800-131A revision 2, section 3)."""

_BEGIN = b"-----BEGIN CERTIFICATE-----"

TOO_LARGE = (
    "The file is larger than 64 KiB, so it is no single certificate. Upload the "
    "certificate alone, in PEM."
)
PRIVATE_KEY = (
    "The file holds a private key, which must not leave the identity provider. It was "
    "not stored. Upload the certificate alone, and consider replacing that key."
)
BINARY = (
    "The certificate is in the binary format DER. Download it as "
    "“Certificate (Base64)” in Entra and upload that file."
)
NOT_PEM = (
    "The file is no certificate in PEM, which begins with “-----BEGIN "
    "CERTIFICATE-----”. Download “Certificate (Base64)” in Entra and upload that file."
)
SEVERAL = (
    "The file holds {} certificates. Upload the signing certificate of the identity "
    "provider alone."
)
DAMAGED = (
    "The certificate cannot be read: the file is damaged or cut off. Download it "
    "again and upload the new file."
)
SHORT_KEY = (
    "The certificate has {} key of {} bits, which can be forged; {} are the least. Make "
    "a new signing certificate at the identity provider and upload that one."
)
FACTORED_KEY = (
    "The certificate has an RSA key that anybody can work out, because its modulus is not "
    "the product of two large primes. Make a new signing certificate at the identity "
    "provider and upload that one."
)
OTHER_KEY = (
    "The certificate has a key of a kind that no signature of SAML can be verified with "
    "here. Make a signing certificate with an RSA key of 2,048 bits or more, or with an "
    "ECDSA key, at the identity provider, and upload that one."
)
EXPIRED = (
    "The certificate expired on {:%-d %B %Y}. Make a new signing certificate in Entra, "
    "make it active there, and upload it."
)


@dataclass(frozen=True)
class Certificate:
    """What the window shows of a certificate, and the certificate itself as PEM."""

    subject: str
    issuer: str
    not_before: datetime
    expires: datetime
    fingerprint: str
    """SHA-256, in hex."""
    pem: str
    key_problem: str = ""
    """Why signatures are not verified with its key, in a sentence; empty when they are."""

    @property
    def is_expired(self) -> bool:
        return self.expires <= timezone.now()

    @property
    def is_due(self) -> bool:
        """Whether it has to be replaced now: 30 days ahead, as at the vendor's."""
        return self.expires <= timezone.now() + EXPIRES_SOON

    @property
    def time_left(self) -> str:
        days = (self.expires - timezone.now()).days
        if days < 1:
            return "in less than a day"
        return f"in {days} day{'s' if days > 1 else ''}"

    @property
    def is_premature(self) -> bool:
        return self.not_before > timezone.now()


@sensitive_variables("content")
def read_certificate(content: bytes) -> Certificate:
    """Read one certificate in PEM that is good today and has a key that is.

    Raises ValidationError with a sentence that says what to do; no sentence ever
    repeats a part of *content*.
    """
    _refuse_other_files(content)
    found = parse_certificate(content)
    if found.key_problem:
        raise ValidationError(found.key_problem)
    if found.is_expired:
        raise ValidationError(EXPIRED.format(found.expires))
    return found


def parse_certificate(content: bytes) -> Certificate:
    """Read a certificate in PEM, whatever its dates and its key.

    Raises ValidationError.
    """
    try:
        parsed = x509.load_pem_x509_certificate(content)
        return Certificate(
            subject=parsed.subject.rfc4514_string(),
            issuer=parsed.issuer.rfc4514_string(),
            not_before=parsed.not_valid_before_utc,
            expires=parsed.not_valid_after_utc,
            fingerprint=parsed.fingerprint(SHA256()).hex(),
            pem=parsed.public_bytes(Encoding.PEM).decode("ascii"),
            key_problem=_key_problem(parsed),
        )
    except (ValueError, TypeError, x509.InvalidVersion) as problem:
        raise ValidationError(DAMAGED) from problem


def _key_problem(certificate: x509.Certificate) -> str:
    """Say why libxmlsec1 could not, or should not, verify with the certificate's key."""
    try:
        key = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        # An unknown curve, or an RSA exponent of 1, for which everything is signed.
        return OTHER_KEY
    if isinstance(key, rsa.RSAPublicKey):
        numbers = key.public_numbers()
        if numbers.e >> EXPONENT_BITS or key.key_size > MOST_RSA_BITS:
            return OTHER_KEY
        # A key for RSASSA-PSS alone does not verify what SAML calls rsa-sha256.
        if (
            certificate.public_key_algorithm_oid
            != PublicKeyAlgorithmOID.RSAES_PKCS1_v1_5
        ):
            return OTHER_KEY
        if not _has_secret_factors(numbers.n):
            return FACTORED_KEY
        return _short("an RSA", key.key_size, RSA_BITS)
    if isinstance(key, ec.EllipticCurvePublicKey):
        return _short("an ECDSA", key.key_size, EC_BITS)
    return OTHER_KEY


@lru_cache(maxsize=64)
def _has_secret_factors(modulus: int) -> bool:
    """Whether *modulus* may be the product of two secret primes of an RSA key.

    It is none of what anybody can factor at once: a prime, a square, or a multiple of
    a small prime (NIST SP 800-89, section 5.3.3, tests public keys so).
    """
    if math.gcd(modulus, _SMALL_PRIMES) != 1 or math.isqrt(modulus) ** 2 == modulus:
        return False
    # Fermat's test: true of each prime, and of no modulus that is made by chance.
    return pow(2, modulus - 1, modulus) != 1


def _short(kind: str, bits: int, least: int) -> str:
    return SHORT_KEY.format(kind, f"{bits:,}", f"{least:,}") if bits < least else ""


def stored_certificate(pem: str) -> Certificate | None:
    """Read what was stored; None for nothing, or for what cannot be read."""
    try:
        return parse_certificate(pem.encode()) if pem else None
    except ValidationError:
        return None


def described(pem: str) -> str:
    """Tell one stored certificate from another in a few words; empty for none."""
    found = stored_certificate(pem)
    if found is None:
        return "a certificate that cannot be read" if pem else ""
    return (
        f"{found.subject or '(no subject)'}, valid to {found.expires:%-d %b %Y}, "
        f"SHA-256 {found.fingerprint[:16]}…"
    )


@sensitive_variables("content")
def _refuse_other_files(content: bytes) -> None:
    if len(content) > UPLOAD_LIMIT:
        raise ValidationError(TOO_LARGE)
    if b"PRIVATE KEY-----" in content:
        raise ValidationError(PRIVATE_KEY)
    number = content.count(_BEGIN)
    if number > 1:
        raise ValidationError(SEVERAL.format(number))
    if number == 0:
        raise ValidationError(BINARY if _is_binary_certificate(content) else NOT_PEM)


def _is_binary_certificate(content: bytes) -> bool:
    try:
        x509.load_der_x509_certificate(content)
    except ValueError:
        return False
    return True
