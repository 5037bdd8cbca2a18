"""How passwords of administrators are hashed, at a cost that strangers cannot raise.

Whoever reaches the sign-in page makes the server hash. A hash is meant to be expensive,
so a process makes two at a time, and no more memory than those is ever in use.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore

from django.contrib.auth.hashers import Argon2PasswordHasher
from django.views.decorators.debug import sensitive_variables

HASHES_AT_ONCE = 2
"""In a process; each takes memory_cost KiB and a processor for some 20 ms."""

PATIENCE = 2.0
"""Seconds that a password waits for its turn."""

_turns = BoundedSemaphore(HASHES_AT_ONCE)


class TooManyPasswords(Exception):
    """The password was not looked at: others were, for as long as it waited."""


class PasswordHasher(Argon2PasswordHasher):
    """Argon2id with OWASP's parameters: 19 MiB, two passes, one lane.

    https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html
    Django's own take 100 MiB and eight threads. Hashes made with those are verified, and
    replaced when their owner signs in. Raises TooManyPasswords after PATIENCE seconds.
    """

    time_cost = 2
    memory_cost = 19 * 1024
    parallelism = 1

    @sensitive_variables("password")
    def encode(self, password: str, salt: str) -> str:
        with _turn():
            return super().encode(password, salt)

    @sensitive_variables("password")
    def verify(self, password: str, encoded: str) -> bool:
        with _turn():
            return super().verify(password, encoded)


@contextmanager
def _turn() -> Iterator[None]:
    if not _turns.acquire(timeout=PATIENCE):
        raise TooManyPasswords
    try:
        yield
    finally:
        _turns.release()
