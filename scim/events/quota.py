"""How much each organization writes to the event log, and what it may keep of it.

Each process counts the bytes of its events in memory and adds them to the rows of the
day every few seconds, beside the requests: no call asks or waits for these numbers. So
an organization may exceed its day's quota by what all processes write in FLUSH_EVERY
seconds, and a killed process takes the numbers of as many seconds along.
"""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date

from django.db import Error, transaction
from django.utils import timezone

from scim.db.writers import one_at_a_time
from scim.events.changes import fitting, size_of
from scim.models import EventDay, Organization, ProvisioningEvent

FLUSH_EVERY = 5.0
"""Seconds until what was counted is added to the rows of the day."""

MIB = 1024 * 1024

ROW = 500
"""Bytes that an event takes in its table and its indexes, texts aside."""

CHANGES_LIMIT = 1024
"""Bytes of JSON that an event keeps of its changes when the day's quota is used up."""

USED_UP = "(left out: the day's quota of the event log is used up)"

_Key = tuple[int, date]
"""Organization and day."""


class EventSizes:
    """The bytes of events that this process has written."""

    def __init__(self) -> None:
        self._new: Counter[_Key] = Counter()
        """Those that the database does not know yet."""
        self._known: dict[_Key, int] = {}
        """Those of all processes, as the database last said."""
        self._lock = threading.Lock()

    def add(self, events: Iterable[ProvisioningEvent]) -> None:
        """Count events that were inserted."""
        with self._lock:
            for event in events:
                self._new[event.organization_id, _day_of(event)] += event.size

    def is_used_up(self, organization: Organization) -> bool:
        """Whether the day's quota of *organization* is used up, as far as is known here."""
        key = organization.pk, timezone.now().astimezone(UTC).date()
        written = self._known.get(key, 0) + self._new[key]
        return written >= organization.event_mib_a_day * MIB

    def flush(self) -> None:
        """Add what was counted to the rows of the day, in a transaction of its own.

        Raises the database's error; what was not added is added the next time.
        """
        with self._lock:
            new, self._new = self._new, Counter()
        new = +new
        if not new:
            return
        known: dict[_Key, int] = {}
        try:
            with one_at_a_time(), transaction.atomic():
                there = set(
                    Organization.objects.filter(
                        pk__in={organization for organization, _ in new}
                    ).values_list("pk", flat=True)
                )
                for key in sorted(new):
                    if key[0] in there:
                        known[key] = EventDay.objects.add(*key, new[key])
        except Error:
            with self._lock:
                self._new += new
            raise
        with self._lock:
            today = timezone.now().astimezone(UTC).date()
            known = self._known | known
            self._known = {key: size for key, size in known.items() if key[1] == today}


def fit(event: ProvisioningEvent) -> None:
    """Leave out of a complete event what the day's quota has no room for; note its size.

    The line itself always stays, and so does a small change.
    """
    if sizes.is_used_up(event.organization):
        event.request_body = USED_UP if event.request_body else ""
        event.response_body = USED_UP if event.response_body else ""
        event.changes = fitting(event.changes, CHANGES_LIMIT)
    texts = (
        event.path,
        event.query,
        event.detail,
        event.request_body,
        event.response_body,
    )
    event.size = ROW + size_of(event.changes) + sum(len(t.encode()) for t in texts)


def keep(*events: ProvisioningEvent) -> None:
    """Insert complete events in the caller's transaction, as far as they fit."""
    for event in events:
        fit(event)
    ProvisioningEvent.objects.bulk_create(events)
    sizes.add(events)


def _day_of(event: ProvisioningEvent) -> date:
    return event.time.astimezone(UTC).date()


sizes = EventSizes()


def _begin_anew() -> None:
    """A forked process has written none of its parent's events."""
    global sizes
    sizes = EventSizes()


os.register_at_fork(after_in_child=_begin_anew)
