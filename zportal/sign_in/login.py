"""How tries to sign in are counted: each before its password is looked at.

A login, a browser that signed in before and an address are counted apart, as OWASP has
it: strangers who lock a login do not lock its owner out.
https://owasp.org/www-community/Slow_Down_Online_Guessing_Attacks_with_Device_Cookies
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime

from django.db import InterfaceError, OperationalError, transaction

from scim.events.anonymous_calls import network_of
from zportal.models.sign_in import Counted, SignInCount
from zportal.sign_in.audit_trail import record_wrong_password
from zportal.sign_in.passwords import PATIENCE, TooManyPasswords

WRONG_PASSWORDS = 5
"""Vendor: five wrong passwords within a minute lock the login for five minutes. Here each
may come within five minutes of the last: slow guessing counts too."""

WRONG_OF_ADDRESS = 100
"""From one address within five minutes. A class of thirty behind one address may mistype
three times each."""

LOOK_AGAIN = 0.05
"""Seconds between two looks whether a try that is being evaluated has ended."""


class SignInLocked(Exception):
    """Too many passwords were wrong; this one was not looked at, or was the last."""

    def __init__(self, kind: str, until: datetime) -> None:
        super().__init__(kind)
        self.kind = kind
        """What is locked: ``login``, ``browser`` or ``address``."""
        self.until = until


def begin_try(
    *, login: str, browser: str | None, address: str | None
) -> Sequence[Counted]:
    """Count a try to sign in, and return by what; the caller says how it ended.

    *browser* is the name in a good cookie for *login*. Raises SignInLocked, and
    TooManyPasswords while as many tries as there is room for are being looked at.
    """
    if browser is not None:
        tried = [Counted("browser", browser, WRONG_PASSWORDS, slides=True)]
    else:
        # Always in this order: two tries that wait for each other would be a deadlock.
        tried = [
            Counted("address", network_of(address), WRONG_OF_ADDRESS, slides=False),
            Counted("login", login, WRONG_PASSWORDS, slides=True),
        ]
    deadline = time.monotonic() + PATIENCE
    while (full := _take(tried)) is not None:
        counted, row = full
        if row.wrong >= counted.most:
            raise SignInLocked(counted.kind, row.ends)
        if time.monotonic() > deadline:
            raise TooManyPasswords
        time.sleep(LOOK_AGAIN)
    return tried


def take_back(tried: Sequence[Counted]) -> None:
    """Forget a try whose password was not looked at after all."""
    with transaction.atomic():
        for counted in tried:
            SignInCount.objects.take_back(counted)


def failed(tried: Sequence[Counted], *, login: str, address: str | None) -> None:
    """Count a wrong password; raise SignInLocked when it was one too many.

    Its entry in the audit trail is in the same transaction: a second one would tell by
    its time whether there is such a *login*.
    """
    with transaction.atomic():
        counted = [(each, SignInCount.objects.failed(each)) for each in tried]
        locks = [SignInLocked(each.kind, row.ends) for each, row in counted if row]
        until = [lock.until for lock in locks if lock.kind != "address"]
        record_wrong_password(
            login=login, client_ip=address, locked_until=until[0] if until else None
        )
    _prune()
    if locks:
        raise locks[0]


def succeeded(tried: Sequence[Counted]) -> None:
    """Forget the try, and the wrong passwords before it."""
    with transaction.atomic():
        for counted in tried:
            SignInCount.objects.succeeded(counted)
    _prune()


def _prune() -> None:
    """Forget what counts no more; the sign-in is decided, and needs no database for it."""
    with suppress(InterfaceError, OperationalError):
        SignInCount.objects.prune()


def _take(tried: Sequence[Counted]) -> tuple[Counted, SignInCount] | None:
    """Count the try everywhere, or nowhere and return what has no room for it."""
    with transaction.atomic():
        for counted in tried:
            row = SignInCount.objects.take(counted)
            if row is not None:
                transaction.set_rollback(True)
                return counted, row
    return None
