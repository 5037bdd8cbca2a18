"""A day's bytes of events have an end for each organization; its calls have none."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from scim.events import quota
from scim.events.quota import MIB, USED_UP, EventSizes
from scim.models import EventDay, Organization, ProvisioningEvent
from tests.scim.messages import created, group, members, patch_op, refused, user
from tests.scim.trouble import write_lock

if TYPE_CHECKING:
    from tests.situations import ScimClient, Tenant


@pytest.fixture(autouse=True)
def sizes(monkeypatch: pytest.MonkeyPatch) -> EventSizes:
    """The counts of a process that has just started."""
    sizes = EventSizes()
    monkeypatch.setattr(quota, "sizes", sizes)
    return sizes


def newest(organization: Organization) -> ProvisioningEvent:
    events = ProvisioningEvent.objects.for_organization(organization)
    event: ProvisioningEvent = events.latest("pk")
    return event


def use_up(organization: Organization, written: int = 256 * MIB) -> None:
    """Let other processes have written as much today, and this one hear of it."""
    day = timezone.now().date()
    EventDay.objects.create(organization=organization, day=day, written=written)
    quota.sizes.add([ProvisioningEvent(organization=organization, size=1)])
    quota.sizes.flush()


def test_bodies_go_and_lines_stay(
    scim: ScimClient, contoso: Organization, fabrikam_tenant: Tenant
) -> None:
    """Whatever the call is, it is answered as ever; only its own organization is cut."""
    ada = created(scim, "/Users", user())["id"]
    use_up(contoso)
    title = patch_op({"op": "replace", "path": "title", "value": "Head"})
    long = patch_op({"op": "replace", "path": "title", "value": "x" * 5_000})
    for method, path, body, status in (
        ("POST", "/Users", user("bo@contoso.example"), 201),
        ("PATCH", f"/Users/{ada}", title, 200),
        ("PATCH", f"/Users/{ada}", long, 200),
        ("POST", "/Groups", group(members=members(ada)), 201),
        ("GET", f"/Users/{ada}", None, 200),
        ("POST", "/Users", user(), 409),
        ("DELETE", f"/Users/{ada}", None, 204),
    ):
        assert scim.request(method, path, body).status_code == status
        event = newest(contoso)
        assert (event.method, event.status) == (method, status)
        assert event.request_body == (USED_UP if body else "")
        assert event.response_body in {"", USED_UP}
        assert event.size < 3_000
        if body == title:
            assert event.changes == {"title": [None, "Head"]}
    beside = type(scim)(
        fabrikam_tenant.organization.scim_path, fabrikam_tenant.token.secret
    )
    created(beside, "/Users", user("cy@fabrikam.example"))
    assert "cy@fabrikam" in newest(fabrikam_tenant.organization).request_body


def test_the_quota_is_the_organizations_and_ends_with_the_day(
    scim: ScimClient, contoso: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_up(contoso)
    scim.get("/Users")
    assert newest(contoso).response_body == USED_UP
    Organization.objects.filter(pk=contoso.pk).update(event_mib_a_day=257)
    scim.get("/Users")
    assert "Resources" in newest(contoso).response_body
    Organization.objects.filter(pk=contoso.pk).update(event_mib_a_day=1)
    scim.get("/Users")
    assert newest(contoso).response_body == USED_UP
    tomorrow = timezone.now() + timedelta(days=1)
    monkeypatch.setattr("django.utils.timezone.now", lambda: tomorrow)
    scim.get("/Users")
    assert "Resources" in newest(contoso).response_body


def test_what_this_process_wrote_counts_at_once(
    scim: ScimClient, contoso: Organization
) -> None:
    """Without asking the database: a flood ends here, not at the next look."""
    Organization.objects.filter(pk=contoso.pk).update(event_mib_a_day=1)
    emails = [{"value": "x" * 10_000} for _ in range(6)]
    for number in range(20):
        created(scim, "/Users", user(f"u{number}@contoso.example", emails=emails))
    events = ProvisioningEvent.objects.for_organization(contoso)
    assert events.filter(request_body=USED_UP).exists()
    assert sum(event.size for event in events) < 1.2 * MIB


def test_a_size_is_that_of_what_is_stored(
    scim: ScimClient, contoso: Organization, sizes: EventSizes
) -> None:
    """Every way an event is written counts, refused and anonymous calls included."""
    created(scim, "/Users", user(title="Ä" * 1_000))
    scim.get("/Users")
    scim.get("/Users/nobody")
    refused(scim.post("/Users", user()), 409, "uniqueness")
    scim.secret = "wrong"
    scim.get("/Users")
    events = list(ProvisioningEvent.objects.for_organization(contoso))
    assert len(events) == 5
    for event in events:
        bodies = (event.request_body + event.response_body).encode()
        assert len(bodies) + quota.ROW <= event.size < len(bodies) + 4_000
    sizes.flush()
    day = EventDay.objects.get(organization=contoso)
    assert (day.day, day.written) == (
        timezone.now().date(),
        sum(event.size for event in events),
    )
    assert day.kept == day.written
    sizes.flush()
    scim.get("/Users")
    sizes.flush()
    day.refresh_from_db()
    assert day.written == sum(
        event.size for event in ProvisioningEvent.objects.for_organization(contoso)
    )


def test_counting_costs_calls_nothing(scim: ScimClient, sizes: EventSizes) -> None:
    """No query of a call has to do with it."""
    scim.get("/Users")
    with CaptureQueriesContext(connection) as queries:
        created(scim, "/Users", user())
        scim.get("/Users")
    assert not [q for q in queries.captured_queries if "eventday" in q["sql"]]


@pytest.mark.django_db(transaction=True)
def test_what_could_not_be_counted_is_counted_later(
    scim: ScimClient, contoso: Organization, sizes: EventSizes
) -> None:
    scim.get("/Users")
    size = newest(contoso).size
    with write_lock("scim_eventday"), pytest.raises(OperationalError):
        sizes.flush()
    assert not EventDay.objects.exists()
    sizes.flush()
    assert EventDay.objects.get().written == size


def test_an_organization_that_is_gone_is_not_counted(
    scim: ScimClient, sizes: EventSizes, fabrikam: Organization
) -> None:
    scim.get("/Users")
    sizes.add([ProvisioningEvent(organization_id=10_000_000, size=5)])
    sizes.flush()
    assert EventDay.objects.count() == 1
