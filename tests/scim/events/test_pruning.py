"""The event log ends: by age and by size, for each organization by its own limits."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from scim.events import pruning, quota
from scim.events.pruning import prune_before, prune_events
from scim.events.quota import MIB, EventSizes
from scim.models import EventDay, Organization, ProvisioningEvent, PruneTurn
from tests.scim.messages import created, user
from zportal.models import AuditLog

if TYPE_CHECKING:
    from tests.situations import ScimClient


@pytest.fixture(autouse=True)
def sizes(monkeypatch: pytest.MonkeyPatch) -> EventSizes:
    sizes = EventSizes()
    monkeypatch.setattr(quota, "sizes", sizes)
    return sizes


def log(organization: Organization, *days: float, size: int = 1_000) -> None:
    """Log an event that many *days* ago, for each of them, the oldest first."""
    now = timezone.now()
    events = [
        ProvisioningEvent(
            organization=organization, time=now - timedelta(days=each), size=size
        )
        for each in sorted(days, reverse=True)
    ]
    ProvisioningEvent.objects.bulk_create(events, 1_000)
    quota.sizes.add(events)
    quota.sizes.flush()


def left(organization: Organization) -> list[int]:
    """Return how many days ago the events that are left were."""
    events = ProvisioningEvent.objects.for_organization(organization).order_by("pk")
    return [(timezone.now() - event.time).days for event in events]


def limits(organization: Organization, **fields: int) -> Organization:
    Organization.objects.filter(pk=organization.pk).update(**fields)
    organization.refresh_from_db()
    return organization


def kept(organization: Organization) -> int:
    return EventDay.objects.kept(organization.pk)


def test_old_events_go(contoso: Organization, fabrikam: Organization) -> None:
    """After 14 days unless the organization says otherwise; others keep theirs."""
    for organization in (contoso, fabrikam):
        log(organization, 30, 20, 14.01, 13.9, 1, 0)
    assert sum(prune_events(contoso)) == 3
    assert left(contoso) == [13, 1, 0]
    assert kept(contoso) == 3_000
    assert len(left(fabrikam)) == 6
    assert sum(prune_events(limits(fabrikam, event_days=1))) == 5
    assert left(fabrikam) == [0]
    assert sum(prune_events(contoso)) == 0


def test_a_clock_that_was_wrong_keeps_no_others(contoso: Organization) -> None:
    """The first event may have a time of next year."""
    log(contoso, -300)
    log(contoso, 20, 1)
    assert sum(prune_events(contoso)) == 1
    assert left(contoso) == [-300, 1]


def test_of_too_many_bytes_the_oldest_go(
    contoso: Organization, fabrikam: Organization
) -> None:
    """However young they are: what is left fits."""
    log(fabrikam, *range(10), size=MIB)
    log(contoso, *range(10), size=MIB)
    limits(contoso, event_mib=4)
    assert sum(prune_events(contoso)) == 6
    assert left(contoso) == [3, 2, 1, 0]
    assert kept(contoso) == 4 * MIB
    assert len(left(fabrikam)) == 10


def test_what_a_day_has_written_stays_written(contoso: Organization) -> None:
    """Deleting makes room in the log, and none in the day's quota."""
    log(contoso, 0, 0, 0, size=MIB)
    assert sum(prune_events(limits(contoso, event_mib=1))) == 2
    day = EventDay.objects.get(organization=contoso)
    assert (day.written, day.kept) == (3 * MIB, MIB)


def test_days_without_events_are_forgotten(contoso: Organization) -> None:
    log(contoso, 20, 15, 2, 0)
    assert EventDay.objects.count() == 4
    list(prune_events(contoso))
    assert EventDay.objects.count() == 2


def test_what_was_counted_wrongly_is_forgotten_with_its_day(
    contoso: Organization, fabrikam: Organization
) -> None:
    """Otherwise it would take away room for ever."""
    for organization in (contoso, fabrikam):
        for days in (20, 5):
            day = (timezone.now() - timedelta(days=days)).date()
            EventDay.objects.create(organization=organization, day=day, kept=5)
    list(prune_events(contoso))
    assert (kept(contoso), kept(fabrikam)) == (5, 10)


def test_batches_are_small(
    contoso: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In rows, and in bytes where events have long bodies; each its own transaction."""
    log(contoso, *[20] * 1_200)
    assert list(prune_events(contoso)) == [500, 500, 200]
    log(contoso, *[20] * 10, size=pruning.BATCH_BYTES // 3 + 1)
    assert list(prune_events(contoso)) == [3, 3, 3, 1]
    assert kept(contoso) == 0


def test_a_batch_asks_the_same_however_long_the_log_is(contoso: Organization) -> None:
    log(contoso, *[20] * 600, *[1] * 600)
    counts = []
    batches = prune_events(contoso)
    for _ in range(2):
        with CaptureQueriesContext(connection) as queries:
            next(batches)
        counts.append(len(queries))
    assert max(counts) <= 8, counts
    with CaptureQueriesContext(connection) as queries:
        assert list(prune_events(contoso)) == []
    assert len(queries) <= 4


def test_events_of_the_service_are_pruned_with_their_sizes(
    scim: ScimClient, contoso: Organization
) -> None:
    """What calls wrote is what pruning takes off."""
    created(scim, "/Users", user())
    scim.get("/Users")
    scim.get("/Users/nobody")
    quota.sizes.flush()
    events = ProvisioningEvent.objects.for_organization(contoso)
    assert kept(contoso) == sum(event.size for event in events) > 0
    events.update(time=timezone.now() - timedelta(days=20))
    assert sum(prune_events(contoso)) == 3
    assert not events.exists()


def test_the_oldest_go_until_one_is_young(contoso: Organization) -> None:
    now = timezone.now()
    rows: Any = AuditLog.objects.for_organization(contoso)
    AuditLog.objects.bulk_create(
        AuditLog(organization=contoso, time=now - timedelta(days=each))
        for each in (*[200] * 700, 186, 180)
    )
    limit = now - timedelta(days=185)
    assert list(prune_before(rows, limit)) == [500, 201]
    assert [(now - row.time).days for row in rows] == [180]


@pytest.mark.django_db
def test_a_turn_is_one_process_at_a_time() -> None:
    turns = PruneTurn.objects
    assert turns.take(timedelta(0))
    assert not turns.take(timedelta(0))
    turns.end(is_done=False)
    assert turns.take(timedelta(minutes=5))
    turns.end(is_done=True)
    assert not turns.take(timedelta(minutes=5))
    assert turns.take(timedelta(0))


@pytest.mark.django_db
def test_who_was_killed_loses_the_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a minute without a word."""
    turns = PruneTurn.objects
    assert turns.take(timedelta(0))
    later = timezone.now() + timedelta(seconds=50)
    monkeypatch.setattr(timezone, "now", lambda: later)
    turns.keep()
    monkeypatch.setattr(timezone, "now", lambda: later + timedelta(seconds=59))
    assert not turns.take(timedelta(0))
    monkeypatch.setattr(timezone, "now", lambda: later + timedelta(seconds=61))
    assert turns.take(timedelta(0))


@pytest.mark.django_db
def test_a_clock_that_was_ahead_stops_no_pruning() -> None:
    with time_machine.travel(timezone.now() + timedelta(days=700)):
        assert PruneTurn.objects.take(timedelta(0))
        PruneTurn.objects.end(is_done=True)

    assert PruneTurn.objects.take(timedelta(minutes=5))


def test_many_events_of_a_clock_that_was_ahead_keep_no_others(
    contoso: Organization,
) -> None:
    now = timezone.now()
    for days, number in ((700, 501), (-400, 3)):
        ProvisioningEvent.objects.bulk_create(
            ProvisioningEvent(organization=contoso, time=now + timedelta(days=days))
            for _ in range(number)
        )

    assert sum(prune_events(contoso)) == 3
    assert ProvisioningEvent.objects.count() == 501
