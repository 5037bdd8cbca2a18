"""Deleting what has reached its end, in batches that keep nobody waiting for long.

Each function deletes one batch, in a short transaction of its own, whenever the next
number is asked for; so the caller decides on pauses, and when to stop.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from scim.db.writers import one_at_a_time
from scim.events.quota import MIB
from scim.models import EventDay, Organization, ProvisioningEvent

BATCH = 500
"""Rows that are deleted at once."""

BATCH_BYTES = 4 * MIB
"""Of events, more or less: those with long bodies take longer to delete."""


def prune_events(organization: Organization) -> Iterator[int]:
    """Delete events that are too old, then the oldest until the rest fits.

    Yields how many each batch deleted. The limits are the organization's ``event_days``
    and ``event_mib``.
    """
    events = ProvisioningEvent.objects.for_organization(organization)
    limit = timezone.now() - timedelta(days=organization.event_days)
    excess = EventDay.objects.kept(organization.pk) - organization.event_mib * MIB
    # Most of the time there is nothing to do, which their times tell without a look at
    # what is stored behind long bodies.
    times = _of_now(events).order_by("pk").values_list("time", flat=True)[:BATCH]
    if excess > 0 or any(time < limit for time in times):
        yield from _in_batches(organization, limit, excess)
    # Whatever was counted for days of which there is nothing left was counted wrongly.
    days = EventDay.objects.for_organization(organization)
    over = Q(day__lt=limit.date()) | Q(day__lt=timezone.now().date(), kept=0)
    days.filter(over).delete()


def prune_before(rows: Any, limit: datetime) -> Iterator[int]:
    """Delete *rows*, the oldest first, until one has a time that is not before *limit*.

    Yields how many each batch deleted. Keys have to grow with time.
    """
    last = 0
    rows = _of_now(rows)
    while True:
        oldest = rows.filter(pk__gt=last).order_by("pk").values_list("pk", "time")
        due = [key for key, time in oldest[:BATCH] if time < limit]
        if not due:
            return
        with one_at_a_time(), transaction.atomic():
            number = rows.filter(pk__in=due).delete_alone()
        last = due[-1]
        yield number


def prune_all(rows: QuerySet[Any]) -> Iterator[int]:
    """Delete all *rows* that nobody is at; yields how many each batch deleted."""
    while True:
        with one_at_a_time(), transaction.atomic():
            free = rows.select_for_update(skip_locked=True)
            keys = list(free.values_list("pk", flat=True)[:BATCH])
            if keys:
                rows.filter(pk__in=keys).delete()
        if not keys:
            return
        yield len(keys)


def _of_now(rows: Any) -> Any:
    """Leave out what a clock that was wrong dated ahead: it keeps no others."""
    return rows.filter(time__lte=timezone.now() + timedelta(days=1))


def _in_batches(
    organization: Organization, limit: datetime, excess: int
) -> Iterator[int]:
    events = ProvisioningEvent.objects.for_organization(organization)
    if excess <= 0:
        events = _of_now(events)
    last = 0
    while due := _due(events.filter(pk__gt=last), limit, excess):
        sizes: Counter[date] = Counter()
        for _, time, size in due:
            sizes[time.astimezone(UTC).date()] += size
        with one_at_a_time(), transaction.atomic():
            number = events.filter(pk__in=[key for key, _, _ in due]).delete_alone()
            EventDay.objects.take_off(organization.pk, sizes)
        excess -= sizes.total()
        last = due[-1][0]
        yield number


def _due(events: Any, limit: datetime, excess: int) -> list[tuple[int, datetime, int]]:
    """Return key, time and size of the oldest events that are to go: one batch."""
    oldest = events.order_by("pk").values_list("pk", "time", "size")[:BATCH]
    due: list[tuple[int, datetime, int]] = []
    room = BATCH_BYTES
    for key, time, size in oldest:
        if room <= 0:
            break
        # One of a clock that was wrong keeps no others.
        if time >= limit and excess <= 0:
            continue
        due.append((key, time, size))
        excess -= size
        room -= size
    return due
