"""Secrets that have to be read again, such as private keys: encrypted in the database.

With Fernet (AES-128-CBC and HMAC-SHA-256), by FIELD_ENCRYPTION_KEY, else by a key that
is derived from SECRET_KEY. Several keys may be given: the first one encrypts, all of
them decrypt, so that a key can be replaced.
"""

from __future__ import annotations

import base64
from functools import cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.views.decorators.debug import sensitive_variables

PURPOSE = b"zportal: private keys in the database"


class Undecryptable(Exception):
    """What is stored was encrypted with a key that this process does not have."""


@sensitive_variables()
def encrypt(text: str) -> str:
    """Return *text* encrypted, as URL-safe ASCII."""
    return _fernet().encrypt(text.encode()).decode("ascii")


@sensitive_variables()
def decrypt(token: str) -> str:
    """Return the text of *token*. Raises Undecryptable."""
    try:
        return _fernet().decrypt(token.encode()).decode()
    except InvalidToken as problem:
        raise Undecryptable from problem


@sensitive_variables()
def _fernet() -> MultiFernet:
    return _of_keys(tuple(settings.FIELD_ENCRYPTION_KEYS), str(settings.SECRET_KEY))


@cache
@sensitive_variables()
def _of_keys(keys: tuple[str, ...], secret: str) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys or (_derived(secret),)])


@sensitive_variables()
def _derived(secret: str) -> str:
    key = HKDF(SHA256(), length=32, salt=None, info=PURPOSE).derive(secret.encode())
    return base64.urlsafe_b64encode(key).decode("ascii")
