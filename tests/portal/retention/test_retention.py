"""The section Retention of the tab Advanced, and what it does to the logs."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client
from django.utils import timezone

from scim.models import EventDay, Organization, ProvisioningEvent
from zportal.models import AuditLog
from zportal.retention.pruning import prune

if TYPE_CHECKING:
    from zportal.models import Administrator

PAGE = "/administration/authentication-settings/advanced/"
SAVE = f"{PAGE}retention/"
DEFAULTS = {
    "event_days": 14,
    "event_mib": 1024,
    "event_mib_a_day": 256,
    "audit_months": 6,
}
CHANGED = {
    "event_days": 3,
    "event_mib": 2048,
    "event_mib_a_day": 16,
    "audit_months": 1,
}


def stored(organization: Organization) -> dict[str, int]:
    organization.refresh_from_db()
    return {name: getattr(organization, name) for name in DEFAULTS}


def test_the_vendors_figures_are_the_default(
    auditor_signed_in: Client, contoso: Organization
) -> None:
    assert stored(contoso) == DEFAULTS
    day = timezone.now().date()
    EventDay.objects.create(
        organization=contoso, day=day, kept=5 * 1024**2, written=7 * 1024**2
    )
    html = auditor_signed_in.get(PAGE).content.decode()
    for name, value in DEFAULTS.items():
        assert f'name="{name}" value="{value}"' in html
    text = " ".join(html.replace("\xa0", " ").split())
    assert "Events take 5.0 MB now, of which 7.0 MB were written today." in text
    assert ">Save</button>" not in html


def test_a_super_admin_saves_it_and_it_is_recorded(
    signed_in: Client, contoso: Organization, fabrikam: Organization
) -> None:
    page = signed_in.post(SAVE, CHANGED, follow=True)
    assert b"Retention is saved" in page.content
    assert stored(contoso) == CHANGED
    assert stored(fabrikam) == DEFAULTS
    entry = AuditLog.objects.get()
    assert (entry.resource, entry.actor, entry.organization) == (
        "Retention",
        "admin",
        contoso,
    )
    assert entry.changes == {
        "Events, days": ["14", "3"],
        "Events, MiB": ["1,024", "2,048"],
        "Events of a day with bodies, MiB": ["256", "16"],
        "Audit entries, months": ["6", "1"],
    }
    signed_in.post(SAVE, CHANGED)
    assert AuditLog.objects.count() == 1


@pytest.mark.parametrize("name", list(DEFAULTS))
@pytest.mark.parametrize("value", ["", "0", "-1", "1.5", "ten", "9" * 400, "<b>"])
def test_what_is_no_limit_is_refused(
    signed_in: Client, contoso: Organization, name: str, value: str
) -> None:
    """Nothing of the form is saved then, and each field says what it takes."""
    page = signed_in.post(SAVE, {**CHANGED, name: value})
    html = page.content.decode()
    assert page.status_code == 200
    assert html.count("Nothing was saved. Correct what is marked") == 1
    assert html.count("A whole number from 1 to") == 1
    assert "Ensure" not in html
    assert stored(contoso) == DEFAULTS
    assert not AuditLog.objects.exists()


def test_nobody_else_changes_it(
    client: Client,
    auditor_signed_in: Client,
    stranger_signed_in: Client,
    super_admin: Administrator,
    contoso: Organization,
) -> None:
    data = {**CHANGED, "organization": contoso.pk, "org_id": contoso.pk}
    assert client.post(SAVE, data).headers["Location"].startswith("/sign-in/")
    assert auditor_signed_in.post(SAVE, data).status_code == 403
    assert stranger_signed_in.post(SAVE, data).status_code == 302
    unprotected = Client(enforce_csrf_checks=True)
    unprotected.force_login(super_admin)
    assert unprotected.post(SAVE, data).status_code == 403
    assert stored(contoso) == DEFAULTS
    # What the trail has is that the Auditor tried.
    entry = AuditLog.objects.for_organization(contoso).get()
    assert (entry.actor, entry.result) == ("auditor", AuditLog.Result.FAILURE)


def test_it_is_found_by_search(signed_in: Client) -> None:
    html = signed_in.get("/search/", {"q": "audit entries"}).content.decode()
    assert f'href="{PAGE}#id_audit_months"' in html
    html = signed_in.get("/search/", {"q": "retention"}).content.decode()
    assert f'href="{PAGE}#retention"' in html


def test_the_next_pruning_keeps_to_it(signed_in: Client, contoso: Organization) -> None:
    """The entry that tells of the change is young, and stays."""

    def left() -> tuple[int, int]:
        logs: list[Any] = [ProvisioningEvent, AuditLog]
        events, entries = (log.objects.for_organization(contoso) for log in logs)
        return events.count(), entries.count()

    now = timezone.now()
    ProvisioningEvent.objects.bulk_create(
        ProvisioningEvent(organization=contoso, time=now - timedelta(days=days))
        for days in (15, 13, 4, 2)
    )
    AuditLog.objects.bulk_create(
        AuditLog(organization=contoso, time=now - timedelta(days=days))
        for days in (187, 185, 32, 30)
    )
    prune()
    assert left() == (3, 3)
    signed_in.post(SAVE, CHANGED)
    prune()
    assert left() == (1, 2)
