"""Signing in and out, the lock after five wrong passwords, and what strangers see."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from tests.situations import PASSWORD
from zportal.models import SignInCount

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Response

    from zportal.models import Administrator

HOME = "/administration/authentication-settings/"


def sign_in(
    login: str = "admin",
    password: str = PASSWORD,
    client: Client | None = None,
    **more: str,
) -> Response:
    return (client or Client()).post(
        "/sign-in/", {"username": login, "password": password, **more}
    )


def wrong(times: int, login: str = "admin") -> None:
    for number in range(times):
        # Another browser each time: the lock belongs to the login, not to the browser.
        Client(headers={"user-agent": f"guess {number}"}).post(
            "/sign-in/", {"username": login, "password": "wrong"}
        )


def test_the_root_leads_to_sign_in_and_then_to_authentication_settings(
    super_admin: Administrator,
) -> None:
    client = Client()
    assert client.get("/").headers["Location"] == "/sign-in/"
    assert sign_in(client=client).headers["Location"] == "/"
    assert client.get("/").headers["Location"] == HOME
    assert client.get("/sign-in/").headers["Location"] == "/"


@pytest.mark.parametrize("login", ["admin", "ADMIN", " Admin "])
def test_letter_case_of_the_login_does_not_matter(
    super_admin: Administrator, login: str
) -> None:
    assert sign_in(login).status_code == 302


@pytest.mark.parametrize(
    ("login", "password"),
    [("admin", "mistaken-1"), ("nobody", PASSWORD), ("admin", PASSWORD.upper())],
)
def test_it_refuses_a_wrong_login_or_password_in_the_same_words(
    super_admin: Administrator, login: str, password: str
) -> None:
    answer = sign_in(login, password)
    assert answer.status_code == 200
    assert b"The Login ID or the Password is wrong" in answer.content
    assert password.encode() not in answer.content
    assert not Session.objects.exists()


def test_a_switched_off_administrator_cannot_sign_in(
    super_admin: Administrator,
) -> None:
    super_admin.is_active = False
    super_admin.save()
    assert sign_in().status_code == 200


def test_an_administrator_switched_off_during_a_session_is_out(
    signed_in: Client, super_admin: Administrator
) -> None:
    assert signed_in.get(HOME).status_code == 200
    super_admin.is_active = False
    super_admin.save()
    assert signed_in.get(HOME).headers["Location"] == f"/sign-in/?next={HOME}"


@pytest.mark.parametrize(
    ("login", "password"),
    [("a\0b", "x"), ("a" * 129, "x"), ("admin", "x" * 1025), ("", "")],
)
def test_impossible_input_is_refused_and_not_counted(
    super_admin: Administrator, login: str, password: str
) -> None:
    assert sign_in(login, password).status_code == 200
    assert not SignInCount.objects.exists()


def test_five_wrong_passwords_lock_the_login_for_five_minutes(
    super_admin: Administrator,
) -> None:
    start = timezone.now().replace(microsecond=0)
    with time_machine.travel(start, tick=False) as clock:
        wrong(4)
        assert sign_in(password="wrong").status_code == 429
        clock.move_to(start + timedelta(minutes=4))
        locked = sign_in()
        assert locked.status_code == 429
        assert locked.headers["Retry-After"] == "60"
        assert locked.headers["Cache-Control"] == "no-store"
        assert "Try again in 1 minute" in locked.content.decode()
        assert (start + timedelta(minutes=5)).strftime("%H:%M:%S") in (
            locked.content.decode()
        )
        clock.move_to(start + timedelta(minutes=5, seconds=1))
        assert sign_in().status_code == 302


def test_tries_during_the_lock_do_not_extend_it(super_admin: Administrator) -> None:
    start = timezone.now()
    with time_machine.travel(start, tick=False) as clock:
        wrong(5)
        for minute in range(1, 5):
            clock.move_to(start + timedelta(minutes=minute))
            wrong(2)
        clock.move_to(start + timedelta(minutes=5, seconds=1))
        assert sign_in().status_code == 302


def test_changing_browsers_does_not_end_the_lock_early(
    super_admin: Administrator,
) -> None:
    start = timezone.now()
    with time_machine.travel(start, tick=False) as clock:
        for minute in range(5):
            clock.move_to(start + timedelta(minutes=minute))
            Client(headers={"user-agent": f"{minute}"}).post(
                "/sign-in/",
                {"username": "admin", "password": "wrong"},
                REMOTE_ADDR=f"192.0.2.{minute}",
            )
        clock.move_to(start + timedelta(minutes=8))
        assert sign_in().status_code == 429
        clock.move_to(start + timedelta(minutes=9, seconds=1))
        assert sign_in().status_code == 302


def test_letter_case_does_not_evade_the_lock(super_admin: Administrator) -> None:
    for login in ("admin", "ADMIN", "Admin", " admin", "aDmin"):
        sign_in(login, "wrong")
    assert sign_in("adMIN").status_code == 429


def test_slow_guesses_do_not_add_up(super_admin: Administrator) -> None:
    start = timezone.now()
    with time_machine.travel(start, tick=False) as clock:
        for number in range(8):
            clock.move_to(start + timedelta(minutes=6 * number))
            assert sign_in(password="wrong").status_code == 200


def test_a_lock_concerns_one_login(
    super_admin: Administrator, auditor: Administrator
) -> None:
    wrong(5)
    assert sign_in("auditor").status_code == 302


def test_success_forgets_the_wrong_passwords(super_admin: Administrator) -> None:
    wrong(4)
    assert sign_in().status_code == 302
    wrong(4)
    assert sign_in().status_code == 302


def test_nothing_that_is_typed_is_kept_with_the_counts(
    super_admin: Administrator,
) -> None:
    sign_in("a-secret-typed-as-login", "a-secret-guess")
    rows = list(SignInCount.objects.values())
    assert len(rows) == 2
    assert "a-secret" not in str(rows)


@pytest.mark.parametrize(
    ("target", "lands_on"),
    [
        ("/administration/user-management/users/", None),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("javascript:alert(1)", "/"),
    ],
)
def test_next_stays_on_this_site(
    super_admin: Administrator, target: str, lands_on: str | None
) -> None:
    assert sign_in(next=target).headers["Location"] == (lands_on or target)


def test_the_login_id_is_remembered_when_asked(super_admin: Administrator) -> None:
    client = Client()
    sign_in(client=client, remember="on")
    client.post("/log-out/")
    assert b'value="admin"' in client.get("/sign-in/").content
    sign_in(client=client)
    client.post("/log-out/")
    assert b'value="admin"' not in client.get("/sign-in/").content


def test_log_out_ends_the_session_by_post_only(signed_in: Client) -> None:
    assert signed_in.get("/log-out/").status_code == 405
    assert signed_in.get(HOME).status_code == 200
    assert signed_in.post("/log-out/").headers["Location"] == "/sign-in/"
    assert signed_in.get(HOME).status_code == 302
    assert not Session.objects.exists()


def test_log_out_of_a_stranger_leads_to_sign_in(db: None) -> None:
    assert Client().post("/log-out/").headers["Location"] == "/"


def test_sign_in_needs_the_csrf_token(super_admin: Administrator) -> None:
    answer = sign_in(client=Client(enforce_csrf_checks=True))
    assert answer.status_code == 403
    assert b"The form has expired" in answer.content
