"""Sessions at rest: nothing in the database opens one."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import time_machine
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from tests.situations import PASSWORD
from zportal.sign_in.session_store import SessionStore

if TYPE_CHECKING:
    from zportal.models import Administrator

PAGE = "/administration/authentication-settings/"


def sign_in() -> Client:
    client = Client()
    client.post("/sign-in/", {"username": "admin", "password": PASSWORD})
    assert client.get(PAGE).status_code == 200
    return client


def test_a_stolen_row_opens_no_session(super_admin: Administrator) -> None:
    cookie = sign_in().cookies["sessionid"].value
    row = Session.objects.get()
    assert cookie not in str(vars(row))
    assert cookie not in str(row.get_decoded())

    for stolen in (row.session_key, row.session_data):
        thief = Client()
        thief.cookies["sessionid"] = stolen
        assert thief.get(PAGE).status_code == 302


def test_a_row_of_a_key_as_it_was_stored_before_opens_nothing(
    super_admin: Administrator,
) -> None:
    cookie = sign_in().cookies["sessionid"].value
    row = Session.objects.get()
    Session.objects.filter(pk=row.pk).update(session_key=cookie)
    thief = Client()
    thief.cookies["sessionid"] = cookie
    assert thief.get(PAGE).status_code == 302


def test_signing_out_and_changing_the_key_leave_no_row(
    super_admin: Administrator,
) -> None:
    client = sign_in()
    before = Session.objects.get().session_key
    new = "umber-Harbour-29-thistle"
    names = ("old_password", "new_password1", "new_password2")
    passwords = dict(zip(names, (PASSWORD, new, new), strict=True))
    client.post("/profile/password/", passwords)
    assert client.get(PAGE).status_code == 200
    assert Session.objects.get().session_key != before

    client.post("/log-out/")
    assert not Session.objects.exists()


def test_sessions_that_are_over_are_cleared(super_admin: Administrator) -> None:
    sign_in()
    with time_machine.travel(timezone.now() + timedelta(hours=13)):
        call_command("clearsessions")
        assert not Session.objects.exists()

    sign_in()
    with time_machine.travel(timezone.now() + timedelta(hours=13)):
        # Nobody has to remember the command: the next sign-in does it.
        sign_in()
        assert Session.objects.count() == 1


def test_the_store_keeps_djangos_contract(db: None) -> None:
    store = SessionStore()
    store["colour"] = "ochre"
    store.create()
    key = store.session_key
    assert key
    assert SessionStore(key)["colour"] == "ochre"
    assert store.exists(key)
    assert not store.exists("another")
    store.cycle_key()
    assert store.session_key != key
    assert not store.exists(key)
    assert SessionStore(store.session_key)["colour"] == "ochre"
    store.delete()
    assert SessionStore(store.session_key).get("colour") is None
