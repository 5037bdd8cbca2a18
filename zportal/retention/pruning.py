"""What is stored has an end: what is deleted, when, and who does it.

The server does it every PRUNE_EVERY seconds, one of its processes at a time, and so does
``manage.py prune``. docs/portal.md lists what is kept for how long.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from django.contrib.sessions.models import Session
from django.utils import timezone

from scim.events.pruning import prune_all, prune_before, prune_events
from scim.models import Organization, PruneTurn
from zportal.models import (
    AdministratorSession,
    AuditLog,
    SamlReceipt,
    SignInCount,
    SignOnSession,
)

PAUSE = 0.05
"""Seconds between two batches, in which those who wait may write."""

KEEP_EVERY = 10.0
"""Seconds until others are told again that this process is at it."""

MONTH = timedelta(days=31)

Done = Counter[str]
"""How many rows were deleted, by what they are."""


def prune(
    *, every: timedelta = timedelta(0), go_on: Callable[[], bool] = lambda: True
) -> Done | None:
    """Delete what has reached its end, until *go_on* says no.

    Returns None when another process is at it, or was less than *every* ago. It may take
    minutes, but each of its transactions is short.
    """
    if not PruneTurn.objects.take(every):
        return None
    done: Done = Counter()
    is_done, told = False, time.monotonic()
    try:
        for name, number in _batches():
            done[name] += number
            if not go_on():
                break
            time.sleep(PAUSE)
            if time.monotonic() - told > KEEP_EVERY:
                PruneTurn.objects.keep()
                told = time.monotonic()
        else:
            is_done = True
    finally:
        PruneTurn.objects.end(is_done=is_done)
    return done


def _batches() -> Iterator[tuple[str, int]]:
    for name, rows in _over():
        for number in prune_all(rows):
            yield name, number
    for organization in Organization.objects.order_by("pk"):
        audit = AuditLog.objects.for_organization(organization)
        limit = timezone.now() - organization.audit_months * MONTH
        for number in prune_before(audit, limit):
            yield "audit entries", number
        for number in prune_events(organization):
            yield "events", number


def _over() -> list[tuple[str, Any]]:
    """What has an end of its own, by what it is."""
    return [
        ("sessions", Session.objects.filter(expire_date__lt=timezone.now())),
        ("sessions", AdministratorSession.objects.over()),
        ("sign-ons", SignOnSession.objects.expired()),
        ("SAML receipts", SamlReceipt.objects.expired()),
        ("counts of wrong passwords", SignInCount.objects.over()),
    ]
