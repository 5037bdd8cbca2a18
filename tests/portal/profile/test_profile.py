"""The page Profile: password, theme and sessions of who is signed in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import time_machine
from django.test import Client

from tests.situations import PASSWORD, administrator_of, signed_in_as
from zportal.models import Administrator, AdministratorSession, AuditLog

if TYPE_CHECKING:
    from scim.models import Organization

PAGE = "/profile/"
THEME = f"{PAGE}theme/"
CHANGE = f"{PAGE}password/"
END = f"{PAGE}end-session/"
END_OTHERS = f"{PAGE}end-other-sessions/"
NEW = "umber-Kestrel-93-harbour"


def signed_in_with(password: str, *, address: str = "192.0.2.7") -> Client:
    client = Client(REMOTE_ADDR=address)
    client.post("/sign-in/", {"username": "admin", "password": password})
    return client


def passwords(old: str = PASSWORD, new: str = NEW, again: str = "") -> dict[str, str]:
    return {
        "old_password": old,
        "new_password1": new,
        "new_password2": again or new,
    }


def is_signed_in(client: Client) -> bool:
    return client.get(PAGE).status_code == 200


# ------------------------------------------------------------------------ the page
def test_the_page_tells_who_is_signed_in(
    auditor_signed_in: Client, contoso: Organization
) -> None:
    html = auditor_signed_in.get(PAGE).content.decode()
    assert "<bdi>auditor</bdi></dd>" in html
    assert "Auditor" in html
    assert f"Company ID {contoso.pk}" in html
    assert 'aria-current="page"' in html


def test_nobody_signed_in_is_led_to_sign_in(client: Client, db: None) -> None:
    for url in (PAGE, THEME, CHANGE, END, END_OTHERS):
        assert client.post(url).headers["Location"].startswith("/sign-in/")


# ------------------------------------------------------------------------- password
def test_the_password_is_changed_and_other_sessions_end(
    super_admin: Administrator,
) -> None:
    here, there = signed_in_with(PASSWORD), signed_in_with(PASSWORD)
    page = here.post(CHANGE, passwords(), follow=True)
    assert b"The password is changed." in page.content
    assert is_signed_in(here)
    assert not is_signed_in(there)
    assert not is_signed_in(signed_in_with(PASSWORD))
    assert is_signed_in(signed_in_with(NEW))


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (passwords(old="wrong"), "old password was entered incorrectly"),
        (passwords(old=""), "This field is required"),
        (passwords(again="other"), "match"),
        (passwords(new="fourteen chars"), "too short. It must contain at least 15"),
        (passwords(new="123456789123456789"), "too common"),
        (passwords(new="1Q2W3E4R5T6Y7U8I9O0P"), "too common"),
        (passwords(new="adminadm"), "too similar to the Login ID"),
        (passwords(new="Wilhelmina"), "too similar to the name"),
        (passwords(new="x" * 1025), "1024 characters"),
        ({}, "This field is required"),
    ],
)
def test_a_weak_or_wrong_password_is_refused(
    signed_in: Client, super_admin: Administrator, sent: dict[str, str], reason: str
) -> None:
    Administrator.objects.update(name="Wilhelmina")
    page = signed_in.post(CHANGE, sent)
    assert reason in page.content.decode()
    for value in sent.values():
        assert not value or f'value="{value}"' not in page.content.decode()
    super_admin.refresh_from_db()
    assert super_admin.check_password(PASSWORD)


def test_the_fifth_wrong_current_password_ends_the_session(
    super_admin: Administrator,
) -> None:
    """Somebody at a screen left open cannot go on guessing."""
    here, there = signed_in_with(PASSWORD), signed_in_with(PASSWORD)
    for _ in range(4):
        here.post(CHANGE, passwords(old="not-it"))
    assert is_signed_in(here)
    answer = here.post(CHANGE, passwords(old="not-it"))
    assert answer["Location"] == "/sign-in/"
    assert not is_signed_in(here)
    assert is_signed_in(there)


def test_the_trail_knows_of_the_change_and_no_password(signed_in: Client) -> None:
    signed_in.post(CHANGE, passwords())
    row = AuditLog.objects.get()
    assert (row.actor, row.resource) == ("admin", "Administrator admin")
    assert NEW not in str(row.__dict__)


# ---------------------------------------------------------------------------- theme
def test_the_theme_decides_which_colours_are_linked(signed_in: Client) -> None:
    dark = "css/frame/tokens-dark.css"
    system = signed_in.get(PAGE).content.decode()
    assert f'{dark}" media="screen and (prefers-color-scheme: dark)"' in system
    signed_in.post(THEME, {"theme": "dark"})
    assert f'{dark}" media="screen"' in signed_in.get(PAGE).content.decode()
    signed_in.post(THEME, {"theme": "light"})
    assert dark not in signed_in.get(PAGE).content.decode()
    assert [row.changes for row in AuditLog.objects.order_by("pk")] == [
        {"Theme": ["System", "Dark"]},
        {"Theme": ["Dark", "Light"]},
    ]


@pytest.mark.parametrize("theme", ["", "blue", "<b>", "x" * 500])
def test_other_themes_do_not_exist(
    signed_in: Client, super_admin: Administrator, theme: str
) -> None:
    page = signed_in.post(THEME, {"theme": theme}, follow=True)
    assert b"Nothing was saved" in page.content
    super_admin.refresh_from_db()
    assert super_admin.theme == "system"


# ------------------------------------------------------------------------- sessions
def test_sessions_are_listed_with_address_and_this_one(
    super_admin: Administrator,
) -> None:
    here = signed_in_with(PASSWORD, address="192.0.2.1")
    signed_in_with(PASSWORD, address="192.0.2.2")
    html = here.get(PAGE).content.decode()
    assert "192.0.2.1" in html
    assert "192.0.2.2" in html
    assert html.count("this one") == 1
    assert html.count('name="session"') == 1
    assert str(here.session.session_key) not in html


def test_one_session_is_ended_from_another(super_admin: Administrator) -> None:
    here, there = signed_in_with(PASSWORD), signed_in_with(PASSWORD)
    other = AdministratorSession.objects.order_by("-pk")[0]
    page = here.post(END, {"session": other.pk}, follow=True)
    assert b"The session is ended." in page.content
    assert is_signed_in(here)
    assert not is_signed_in(there)
    again = here.post(END, {"session": other.pk}, follow=True)
    assert b"over already" in again.content


def test_all_others_are_ended(super_admin: Administrator) -> None:
    here, *others = [signed_in_with(PASSWORD) for _ in range(3)]
    page = here.post(END_OTHERS, follow=True)
    assert b"2 sessions are ended." in page.content
    assert is_signed_in(here)
    assert not any(map(is_signed_in, others))


@pytest.mark.parametrize("key", ["", "abc", "-1", "9" * 40, "<b>", "٣"])
def test_what_is_no_session_is_not_ended(signed_in: Client, key: str) -> None:
    page = signed_in.post(END, {"session": key}, follow=True)
    assert b"over already" in page.content


def test_another_administrators_session_is_out_of_reach(
    signed_in: Client, contoso: Organization
) -> None:
    other = signed_in_as(administrator_of(contoso, "other"))
    assert is_signed_in(other)
    key = AdministratorSession.objects.get(administrator__login="other").pk
    signed_in.post(END, {"session": key})
    signed_in.post(END_OTHERS)
    assert is_signed_in(other)


def test_logging_out_takes_the_session_from_the_list(
    super_admin: Administrator,
) -> None:
    client = signed_in_with(PASSWORD)
    assert AdministratorSession.objects.count() == 1
    client.post("/log-out/")
    assert AdministratorSession.objects.count() == 0
    assert not is_signed_in(client)


def test_idle_sessions_leave_the_list(super_admin: Administrator) -> None:
    monday = datetime(2026, 11, 23, 8, tzinfo=UTC)
    with time_machine.travel(monday, tick=False) as clock:
        signed_in_with(PASSWORD, address="192.0.2.1")
        clock.shift(timedelta(minutes=40))
        here = signed_in_with(PASSWORD, address="192.0.2.2")
        assert "192.0.2.1" not in here.get(PAGE).content.decode()
        assert AdministratorSession.objects.count() == 1
        clock.shift(timedelta(minutes=20))
        here.get(PAGE)
        row = AdministratorSession.objects.get()
        assert row.last_seen == monday + timedelta(hours=1)


@pytest.mark.parametrize("url", [THEME, CHANGE, END, END_OTHERS])
def test_forms_demand_a_token(super_admin: Administrator, url: str) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(super_admin)
    assert browser.post(url, {"theme": "dark"}).status_code == 403


@pytest.mark.parametrize(
    "new", ["fifteen letters", "271828182845904", "ключ от квартиры"]
)
def test_fifteen_characters_of_any_kind_are_enough(
    signed_in: Client, super_admin: Administrator, new: str
) -> None:
    """NIST SP 800-63B-4 section 3.1.1.2."""
    signed_in.post(CHANGE, passwords(new=new))
    assert is_signed_in(signed_in_with(new))


def test_a_shorter_password_that_is_in_use_goes_on_working(
    super_admin: Administrator,
) -> None:
    super_admin.set_password("xk7-Quill")
    super_admin.save()
    assert is_signed_in(signed_in_with("xk7-Quill"))
