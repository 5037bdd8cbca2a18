"""What locks whom: a login, a browser that signed in before, an address."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from tests.situations import PASSWORD, administrator_of
from zportal.models import SignInCount
from zportal.sign_in.login import WRONG_OF_ADDRESS

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Response

    from scim.models import Organization
    from zportal.models import Administrator

NEW = "umber-Kestrel-93-harbour"


def sign_in(
    password: str = PASSWORD,
    *,
    login: str = "admin",
    client: Client | None = None,
    address: str = "192.0.2.1",
) -> Response:
    return (client or Client()).post(
        "/sign-in/", {"username": login, "password": password}, REMOTE_ADDR=address
    )


def signs_in(**more: str | Client) -> bool:
    return sign_in(**more).status_code == 302  # type: ignore[arg-type]


def lock(login: str = "admin") -> None:
    """A stranger guesses until the login is locked."""
    answers = [sign_in("wrong", login=login, address="203.0.113.9") for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200] * 4 + [429]


def known_browser() -> Client:
    """The browser of the owner, who has logged out again."""
    client = Client()
    assert signs_in(client=client)
    client.post("/log-out/")
    return client


def exhaust(address: str, but: int = 0) -> None:
    for number in range(WRONG_OF_ADDRESS - but):
        sign_in("wrong", login=f"nobody{number}", address=address)


# ------------------------------------------------------------------ known browsers
def test_strangers_lock_a_login_for_strangers_only(super_admin: Administrator) -> None:
    owner = known_browser()
    lock()
    assert not signs_in()
    assert signs_in(client=owner)
    assert not signs_in(), "the owner's success is no reason to let strangers guess on"


def test_an_address_that_guesses_does_not_lock_out_known_browsers(
    super_admin: Administrator,
) -> None:
    owner = known_browser()
    exhaust("192.0.2.1")
    assert not signs_in()
    assert signs_in(client=owner)


def test_five_wrong_passwords_lock_a_known_browser_and_no_other(
    super_admin: Administrator,
) -> None:
    owner, other = known_browser(), known_browser()
    start = timezone.now()
    with time_machine.travel(start, tick=False) as clock:
        for _ in range(4):
            assert sign_in("wrong", client=owner).status_code == 200
        locked = sign_in("wrong", client=owner)
        assert locked.status_code == 429
        assert locked["Retry-After"] == "300"
        assert b"locked this Login ID in this browser" in locked.content
        assert not signs_in(client=owner)
        assert signs_in(client=other)
        assert signs_in(), "nobody else mistyped"
        clock.move_to(start + timedelta(minutes=5, seconds=1))
        assert signs_in(client=owner)


def test_success_forgets_the_wrong_passwords_of_a_browser(
    super_admin: Administrator,
) -> None:
    owner = known_browser()
    for _ in range(3):
        for _ in range(4):
            sign_in("wrong", client=owner)
        assert signs_in(client=owner)
        owner.post("/log-out/")


def test_the_cookie_is_for_the_sign_in_page_and_no_script(
    super_admin: Administrator,
) -> None:
    cookies = sign_in().cookies
    (name,) = (name for name in cookies if name.startswith("known_browser_"))
    cookie = cookies[name]
    assert cookie["httponly"] is True
    assert cookie["samesite"] == "Lax"
    assert cookie["path"] == "/sign-in/"
    assert cookie["max-age"] == 90 * 24 * 60 * 60
    assert "admin" not in name + cookie.value


def test_a_changed_password_ends_what_browsers_were_known(
    super_admin: Administrator,
) -> None:
    owner = known_browser()
    super_admin.set_password(NEW)
    super_admin.save()
    lock()
    assert not signs_in(client=owner, password=NEW)


def test_a_browser_is_known_for_ninety_days(super_admin: Administrator) -> None:
    start = timezone.now()
    with time_machine.travel(start, tick=False) as clock:
        owner = known_browser()
        # The clock of the browser stands still: it goes on sending the cookie.
        for cookie in owner.cookies.values():
            cookie["max-age"] = cookie["expires"] = ""
        for days, known in [(89, True), (91, False)]:
            clock.move_to(start + timedelta(days=days))
            lock()
            keep = {name: cookie.value for name, cookie in owner.cookies.items()}
            assert signs_in(client=owner) is known
            owner.cookies.load(keep)


def test_a_browser_that_two_people_use_is_known_to_both(
    super_admin: Administrator, auditor: Administrator
) -> None:
    browser = known_browser()
    assert signs_in(login="auditor", client=browser)
    browser.post("/log-out/")
    lock("admin")
    lock("auditor")
    assert signs_in(client=browser)
    browser.post("/log-out/")
    assert signs_in(login="auditor", client=browser)


def test_the_cookie_of_one_login_is_worth_nothing_for_another(
    super_admin: Administrator, auditor: Administrator
) -> None:
    browser = known_browser()
    (mine,) = (name for name in browser.cookies if name.startswith("known_browser_"))
    (theirs,) = (
        name
        for name in sign_in(login="auditor").cookies
        if name.startswith("known_browser_")
    )
    browser.cookies[theirs] = browser.cookies[mine].value
    lock("auditor")
    assert not signs_in(login="auditor", client=browser)


@pytest.mark.parametrize("value", ["", "x", "a:b:c", "a:b:c:d", "\\u0000", "é" * 50])
def test_a_forged_cookie_is_worth_nothing(
    super_admin: Administrator, value: str
) -> None:
    browser = known_browser()
    (name,) = (name for name in browser.cookies if name.startswith("known_browser_"))
    browser.cookies[name] = value
    lock()
    assert sign_in(client=browser).status_code == 429


# ---------------------------------------------------------------------- addresses
def test_a_class_behind_one_address_signs_in_although_each_mistypes_twice(
    contoso: Organization,
) -> None:
    logins = [f"trainee{number}" for number in range(30)]
    for login in logins:
        administrator_of(contoso, login)
    for _ in range(2):
        for login in logins:
            assert sign_in("wrong", login=login).status_code == 200
    assert all(signs_in(login=login) for login in logins)


def test_a_hundred_wrong_passwords_lock_an_address(super_admin: Administrator) -> None:
    start = timezone.now()
    with time_machine.travel(start, tick=False) as clock:
        exhaust("192.0.2.1", but=1)
        clock.move_to(start + timedelta(minutes=4))
        last = sign_in("wrong", login="another")
        assert last.status_code == 429
        assert last["Retry-After"] == "60"
        assert b"came from your network address" in last.content
        assert b"Try again in 1 minute" in last.content
        assert not signs_in()
        assert signs_in(address="192.0.2.2")
        # Other than those of a login: the five minutes began with the first.
        clock.move_to(start + timedelta(minutes=5, seconds=1))
        assert signs_in()


def test_of_ipv6_a_whole_network_is_one_address(super_admin: Administrator) -> None:
    for number in range(WRONG_OF_ADDRESS):
        sign_in("wrong", login=f"nobody{number}", address=f"2001:db8::{number:x}")
    assert not signs_in(address="2001:db8::ffff:1:2")
    assert signs_in(address="2001:db8:0:1::1")


def test_an_address_pays_for_wrong_passwords_only(super_admin: Administrator) -> None:
    exhaust("192.0.2.1", but=1)
    for _ in range(3):
        assert signs_in()
    # A login that is locked is not looked at: no password was wrong.
    lock("somebody")
    for _ in range(3):
        assert not signs_in(login="somebody")
    assert signs_in()


# ------------------------------------------------------------------------ storage
def test_counts_that_are_over_are_deleted(super_admin: Administrator) -> None:
    start = timezone.now()
    with time_machine.travel(start, tick=False) as clock:
        for number in range(20):
            sign_in("wrong", login=f"nobody{number}")
        assert SignInCount.objects.count() == 21
        clock.move_to(start + timedelta(minutes=6))
        assert signs_in()
        assert SignInCount.objects.count() == 2
