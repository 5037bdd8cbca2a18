"""What sign-in, sign-out and refused changes leave in the audit trail."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import time_machine
from django.test import Client

from tests.situations import PASSWORD, administrator_of, signed_in_as
from zportal.models import AuditLog
from zportal.sign_in.audit_trail import MOST_FAILURES

if TYPE_CHECKING:
    from scim.models import Organization
    from zportal.models import Administrator

HERE = "192.0.2.9"
MONDAY = datetime(2026, 11, 23, 8, tzinfo=UTC)
PROFILE = "/administration/company-profile/"

Entry = tuple[str, str, str]


def sign_in(client: Client, login: str = "admin", password: str = PASSWORD) -> int:
    data = {"username": login, "password": password}
    return client.post("/sign-in/", data, REMOTE_ADDR=HERE).status_code


def entries(organization: Organization) -> list[AuditLog]:
    return list(AuditLog.objects.for_organization(organization).order_by("pk"))


def brief(organization: Organization) -> list[Entry]:
    return [
        (entry.category, entry.action, entry.result) for entry in entries(organization)
    ]


def test_signing_in_and_out(contoso: Organization, super_admin: Administrator) -> None:
    client = Client()
    assert sign_in(client) == 302
    client.post("/log-out/", REMOTE_ADDR=HERE)

    assert brief(contoso) == [
        ("login", "sign-in", "success"),
        ("login", "sign-out", "success"),
    ]
    for entry in entries(contoso):
        assert (entry.actor, entry.client_ip) == ("admin", HERE)
        assert entry.resource == "Administrator admin"
    assert entries(contoso)[0].get_category_display() == "Login"
    assert entries(contoso)[0].get_action_display() == "Sign In"


def test_a_wrong_password(contoso: Organization, super_admin: Administrator) -> None:
    assert sign_in(Client(), " ADMIN ", "perhaps-this-one") == 200

    (entry,) = entries(contoso)
    assert brief(contoso) == [("login", "sign-in", "failure")]
    assert (entry.actor, entry.client_ip) == ("admin", HERE)
    assert "perhaps" not in str(vars(entry))


@pytest.mark.parametrize("login", ["nobody", "ochre-Lantern-47-willow", ""])
def test_what_is_no_login_is_not_repeated(
    contoso: Organization, super_admin: Administrator, login: str
) -> None:
    sign_in(Client(), login)

    assert not AuditLog.objects.exists()


def test_the_lock(contoso: Organization, super_admin: Administrator) -> None:
    with time_machine.travel(MONDAY, tick=False):
        for _ in range(4):
            assert sign_in(Client(), password="wrong") == 200
        assert sign_in(Client(), password="wrong") == 429
        assert sign_in(Client()) == 429

    assert brief(contoso) == [
        *[("login", "sign-in", "failure")] * 5,
        ("login", "lock", "failure"),
    ]
    assert "locked until 08:05:00 UTC" in entries(contoso)[-1].note


def test_strangers_do_not_fill_the_trail(
    contoso: Organization, super_admin: Administrator
) -> None:
    """They may guess sixty times an hour; the next hour is noted anew."""
    failures = AuditLog.objects.filter(action="sign-in", result="failure")
    with time_machine.travel(MONDAY, tick=False) as clock:
        for _ in range(6):
            for _ in range(5):
                sign_in(Client(), password="wrong")
            clock.shift(timedelta(minutes=6))
        assert failures.count() == MOST_FAILURES
        last = failures.order_by("-pk")[0]
        assert "Further ones within the hour are not recorded" in last.note
        clock.shift(timedelta(hours=1))
        sign_in(Client(), password="wrong")
    assert failures.count() == MOST_FAILURES + 1


def test_each_login_is_counted_alone(
    contoso: Organization, fabrikam: Organization, super_admin: Administrator
) -> None:
    administrator_of(fabrikam, "stranger")
    sign_in(Client(), password="wrong")
    sign_in(Client(), "stranger", "wrong")

    assert len(entries(contoso)) == len(entries(fabrikam)) == 1


def test_it_belongs_to_the_home_of_who_works_elsewhere(
    contoso: Organization, fabrikam: Organization
) -> None:
    root = signed_in_as(administrator_of(contoso, "root", is_superuser=True))
    root.post("/administration/organizations/switch/", {"organization": fabrikam.pk})
    root.post("/log-out/")

    assert brief(contoso) == [("login", "sign-out", "success")]
    assert not entries(fabrikam)


def test_an_auditor_who_tries_to_change_something(
    contoso: Organization, auditor_signed_in: Client
) -> None:
    name = {"name": "Taken over", "package": "enterprise"}
    answer = auditor_signed_in.post(PROFILE, name, REMOTE_ADDR=HERE)

    assert answer.status_code == 403
    contoso.refresh_from_db()
    assert contoso.name == "Contoso"
    (entry,) = entries(contoso)
    assert (entry.actor, entry.client_ip) == ("auditor", HERE)
    assert brief(contoso) == [("role-management", "update", "failure")]
    assert PROFILE in entry.note
    assert "Taken over" not in str(vars(entry))


def test_reading_what_is_closed_leaves_nothing(
    contoso: Organization, auditor_signed_in: Client
) -> None:
    assert auditor_signed_in.get("/administration/organizations/").status_code == 403
    assert not entries(contoso)


def test_a_super_admin_who_tries_what_superusers_do(
    fabrikam: Organization, contoso: Organization, stranger_signed_in: Client
) -> None:
    answer = stranger_signed_in.post(
        "/administration/organizations/switch/", {"organization": contoso.pk}
    )

    assert answer.status_code == 403
    assert brief(fabrikam) == [("role-management", "update", "failure")]
    assert not entries(contoso)


def test_refused_changes_do_not_fill_the_trail(
    contoso: Organization, auditor_signed_in: Client
) -> None:
    for _ in range(MOST_FAILURES + 5):
        assert auditor_signed_in.post(PROFILE, {}).status_code == 403
    assert len(entries(contoso)) == MOST_FAILURES


def test_guessing_the_current_password_ends_in_the_trail(
    contoso: Organization, signed_in: Client
) -> None:
    for _ in range(5):
        signed_in.post("/profile/password/", {"old_password": "wrong"})

    (entry,) = entries(contoso)
    assert (entry.action, entry.resource) == ("sign-out", "Administrator admin")
    assert "wrong current passwords" in entry.note
    assert signed_in.get(PROFILE).status_code == 302
