"""Everything stored has an end: ``manage.py prune``, and the server of its own accord."""

from __future__ import annotations

import time
from datetime import timedelta
from io import StringIO
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from scim.events import quota
from scim.events.quota import EventSizes
from scim.models import Organization, ProvisioningEvent, PruneTurn
from tests.live import installed, run, served
from tests.scim.messages import user
from tests.scim.trouble import _other_connection
from zportal.models import (
    Administrator,
    AdministratorSession,
    AuditLog,
    SamlReceipt,
    SignInCount,
    SignOnSession,
)
from zportal.retention import pruning
from zportal.retention.pruning import prune

if TYPE_CHECKING:
    from pathlib import Path

    from tests.live import Installation


@pytest.fixture(autouse=True)
def sizes(monkeypatch: pytest.MonkeyPatch) -> EventSizes:
    sizes = EventSizes()
    monkeypatch.setattr(quota, "sizes", sizes)
    monkeypatch.setattr(pruning, "PAUSE", 0)
    return sizes


def command() -> str:
    out = StringIO()
    call_command("prune", stdout=out)
    return out.getvalue().strip()


def old_events(organization: Organization, number: int) -> None:
    time = timezone.now() - timedelta(days=20)
    ProvisioningEvent.objects.bulk_create(
        ProvisioningEvent(organization=organization, time=time) for _ in range(number)
    )


def of_each(organization: Organization, administrator: Administrator) -> None:
    """Store of each kind one row that has reached its end, and one that has not."""
    now = timezone.now()
    for name, age in (("young", timedelta(minutes=-5)), ("old", timedelta(hours=13))):
        end = now - age
        Session.objects.create(session_key=name, expire_date=end)
        begun = min(end, now)
        AdministratorSession.objects.create(
            administrator=administrator, started=begun, last_seen=begun
        )
        SignOnSession.objects.create(
            organization=organization, user_key=1, digest=name, expires=end
        )
        SamlReceipt.objects.create(organization=organization, digest=name, expires=end)
        SignInCount.objects.create(key=name, ends=end)
    for days in (13, 15):
        ProvisioningEvent.objects.create(
            organization=organization, time=now - timedelta(days=days)
        )
    for days in (180, 190):
        AuditLog.objects.create(
            organization=organization, time=now - timedelta(days=days)
        )


KINDS: list[Any] = [
    Session,
    AdministratorSession,
    SignOnSession,
    SamlReceipt,
    SignInCount,
    ProvisioningEvent,
    AuditLog,
]


def test_what_has_reached_its_end_goes_and_nothing_else(
    contoso: Organization, super_admin: Administrator
) -> None:
    of_each(contoso, super_admin)
    assert {kind.objects.count() for kind in KINDS} == {2}
    assert command() == (
        "Deleted: 2 sessions, 1 sign-ons, 1 SAML receipts, 1 counts of wrong passwords, "
        "1 audit entries, 1 events."
    )
    assert {kind.objects.count() for kind in KINDS} == {1}
    assert Session.objects.get().pk == "young"
    assert SamlReceipt.objects.get().digest == "young"
    assert SignOnSession.objects.get().digest == "young"
    assert SignInCount.objects.get().key == "young"
    assert command() == "Nothing has reached its end."


def test_one_process_at_a_time(contoso: Organization) -> None:
    old_events(contoso, 3)
    assert PruneTurn.objects.take(timedelta(0))
    assert command() == "Another process is pruning at this moment."
    assert ProvisioningEvent.objects.count() == 3
    PruneTurn.objects.end(is_done=False)
    assert prune(every=timedelta(minutes=5)) == {"events": 3}
    old_events(contoso, 1)
    assert prune(every=timedelta(minutes=5)) is None
    assert command() == "Deleted: 1 events."


def test_who_stops_leaves_the_rest_to_the_next(contoso: Organization) -> None:
    """At once, though somebody pruned a moment ago: it was not done."""
    old_events(contoso, 1_200)
    assert prune(go_on=lambda: False) == {"events": 500}
    assert prune(every=timedelta(minutes=5)) == {"events": 700}


def test_a_turn_ends_with_an_error(
    contoso: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    old_events(contoso, 1)

    def broken(rows: Any) -> Any:
        raise ValueError("broken")

    with monkeypatch.context() as patch:
        patch.setattr(pruning, "prune_all", broken)
        with pytest.raises(ValueError, match="broken"):
            prune()
    assert command() == "Deleted: 1 events."


@pytest.mark.django_db(transaction=True)
def test_others_write_between_two_batches(
    contoso: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another connection, which waits for nobody, gets the lock in each pause."""
    old_events(contoso, 1_200)
    written = []

    def write(seconds: float) -> None:
        other = _other_connection()
        try:
            if connection.vendor == "sqlite":
                other.execute("PRAGMA busy_timeout = 0")
            other.execute("UPDATE scim_provisioningevent SET target = 'seen'")
            other.commit()
        finally:
            other.close()
        written.append(seconds)

    monkeypatch.setattr("zportal.retention.pruning.time.sleep", write)
    monkeypatch.setattr(pruning, "PAUSE", 0.05)
    assert prune() == {"events": 1_200}
    assert written == [0.05] * 3


def test_nothing_to_do_asks_little(
    contoso: Organization, fabrikam: Organization
) -> None:
    """However long the logs are: one look at the oldest row of each."""
    now = timezone.now()
    for organization in (contoso, fabrikam):
        ProvisioningEvent.objects.bulk_create(
            ProvisioningEvent(organization=organization, time=now) for _ in range(600)
        )
    prune()
    with CaptureQueriesContext(connection) as queries:
        assert prune() == {}
    # 4 for the turn and the list of organizations, 2 for each kind that ends of itself,
    # 5 for each organization.
    asked = [each for each in queries if each["sql"].startswith(("SEL", "UPD", "DEL"))]
    assert len(asked) <= 4 + 5 * 2 + 2 * 5


# ------------------------------------------------------------------- the real server
OLD = """
from datetime import timedelta
from django.utils import timezone
from scim.models import Organization, ProvisioningEvent
old = timezone.now() - timedelta(days=20)
ProvisioningEvent.objects.bulk_create(
    ProvisioningEvent(organization=Organization.objects.get(), time=old, target="old")
    for _ in range(1200)
)
"""
COUNT = """
from scim.models import ProvisioningEvent
print(ProvisioningEvent.objects.filter(target="old").count())
"""
SIZES = """
import re
from scim.models import EventDay, ProvisioningEvent
events = list(ProvisioningEvent.objects.all())
print(sum(event.size for event in events), sum(day.written for day in EventDay.objects.all()))
more = [re.match("And ([0-9,]+) more", event.detail) for event in events]
print(sum(int(found[1]) for found in more if found), len(events) - sum(map(bool, more)))
"""


def shell(here: Installation, script: str) -> list[int]:
    printed = run(here.environment, "shell", "--no-imports", "--command", script)
    return [int(word) for word in printed.split()]


def test_the_server_prunes_of_its_own_accord(tmp_path: Path) -> None:
    with installed(tmp_path) as here:
        here.environment["PRUNE_EVERY"] = "1"
        shell(here, OLD)
        assert shell(here, COUNT) == [1200]
        headers = {"Authorization": f"Bearer {here.secret}"}
        with (
            served(here.environment, tmp_path / "log", here.address),
            httpx2.Client(headers=headers, base_url=here.base_url) as http,
        ):
            deadline = time.monotonic() + 60
            while shell(here, COUNT) != [0] and time.monotonic() < deadline:
                assert http.post("/Users", json=user(f"{time.time()}")).is_success
            assert shell(here, COUNT) == [0]
    log = (tmp_path / "log").read_text()
    assert "Pruned: 1,200 events." in log
    assert "Traceback" not in log


def test_a_stop_writes_what_was_only_counted(tmp_path: Path) -> None:
    """Sizes for the quota, and calls that have no rows of their own."""
    with installed(tmp_path) as here:
        headers = {"Authorization": f"Bearer {here.secret}"}
        with (
            served(here.environment, tmp_path / "log", here.address),
            httpx2.Client(base_url=here.base_url) as http,
        ):
            for number in range(10):
                name = user(f"u{number}")
                assert http.post("/Users", json=name, headers=headers).is_success
                assert http.get("/Users", headers=headers).is_success
            for _ in range(50):
                assert http.get("/Users").status_code == 401
        size, written, more, rows = shell(here, SIZES)
    assert more == 30
    assert rows == 10 + 10 + 20
    assert written == size > 40 * quota.ROW
