"""Thirty minutes idle or twelve hours in all end a session."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import time_machine
from django.test import Client

from tests.situations import PASSWORD
from zportal.models import Administrator

MONDAY = datetime(2026, 11, 23, 8, tzinfo=UTC)
PAGE = "/administration/authentication-settings/"


def sign_in(client: Client) -> None:
    client.post("/sign-in/", {"username": "admin", "password": PASSWORD})


def is_signed_in(client: Client) -> bool:
    return client.get(PAGE).status_code == 200


def test_an_idle_session_ends_after_thirty_minutes(super_admin: Administrator) -> None:
    client = Client()
    with time_machine.travel(MONDAY, tick=False) as clock:
        sign_in(client)
        clock.shift(timedelta(minutes=29))
        assert is_signed_in(client)
        clock.shift(timedelta(minutes=29))
        assert is_signed_in(client)
        clock.shift(timedelta(minutes=31))
        assert not is_signed_in(client)


def test_a_busy_session_ends_after_twelve_hours(super_admin: Administrator) -> None:
    client = Client()
    with time_machine.travel(MONDAY, tick=False) as clock:
        sign_in(client)
        for _ in range(12 * 3):
            clock.shift(timedelta(minutes=20))
            assert is_signed_in(client)
        clock.shift(timedelta(minutes=1))
        assert not is_signed_in(client)
        # Signing in again starts anew.
        sign_in(client)
        assert is_signed_in(client)
