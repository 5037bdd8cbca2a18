"""What a password costs the server: one small hash each, two of them at a time."""

from __future__ import annotations

import io
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.core.management import call_command
from django.db import connection
from django.test import Client

from scim.models import Organization
from tests.scim.racing import at_once
from tests.situations import PASSWORD, administrator_of, signed_in_as
from zportal.models import Administrator, SignInCount
from zportal.sign_in import passwords

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.test.client import _MonkeyPatchedWSGIResponse as Response

NEW = "umber-Kestrel-93-harbour"
OWASP = "argon2$argon2id$v=19$m=19456,t=2,p=1$"
ORGANIZATIONS = "/administration/organizations/new/"


@pytest.fixture(autouse=True)
def _real_hasher(settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["zportal.sign_in.passwords.PasswordHasher"]


@pytest.fixture
def superuser(contoso: Organization) -> Administrator:
    return administrator_of(contoso, "admin", is_superuser=True)


@pytest.fixture
def hashes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What Django's hasher is asked for."""
    asked: list[str] = []
    for name in ("encode", "verify"):
        made = getattr(Argon2PasswordHasher, name)

        def noted(*args: Any, name: str = name, made: Any = made) -> Any:
            asked.append(name)
            return made(*args)

        monkeypatch.setattr(Argon2PasswordHasher, name, noted)
    return asked


@pytest.fixture
def both_turns_taken(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Two hashes are being made for as long as anybody waits."""
    monkeypatch.setattr(passwords, "PATIENCE", 0.01)
    for _ in range(passwords.HASHES_AT_ONCE):
        passwords._turns.acquire()
    yield
    for _ in range(passwords.HASHES_AT_ONCE):
        passwords._turns.release()


def sign_in(password: str = PASSWORD, *, login: str = "admin") -> Response:
    return Client().post("/sign-in/", {"username": login, "password": password})


def change_password(client: Client) -> Response:
    return client.post(
        "/profile/password/",
        {"old_password": PASSWORD, "new_password1": NEW, "new_password2": NEW},
    )


def make_organization(client: Client) -> Response:
    return client.post(
        ORGANIZATIONS,
        {
            "name": "Litware",
            "domains": "litware.example",
            "package": "enterprise",
            "profile": "zscaler",
            "admin": "lee",
        },
    )


def test_new_hashes_are_made_with_the_parameters_of_owasp(
    superuser: Administrator,
) -> None:
    assert superuser.password.startswith(OWASP)


def test_an_old_hash_is_replaced_at_sign_in(superuser: Administrator) -> None:
    old = Argon2PasswordHasher().encode(PASSWORD, "an-old-salt-of-20-ch")
    assert "m=102400,t=2,p=8" in old
    Administrator.objects.update(password=old)

    assert sign_in("wrong").status_code == 200
    superuser.refresh_from_db()
    assert superuser.password == old

    assert sign_in().status_code == 302
    superuser.refresh_from_db()
    assert superuser.password.startswith(OWASP)
    assert sign_in().status_code == 302


def test_an_old_hash_is_replaced_in_an_open_session_which_goes_on(
    superuser: Administrator,
) -> None:
    """Somebody was signed in while the server was brought up to date."""
    superuser.password = Argon2PasswordHasher().encode(PASSWORD, "an-old-salt-of-20-ch")
    superuser.save()
    client = signed_in_as(superuser)

    refused = client.post("/profile/password/", {"old_password": PASSWORD})

    assert b"This field is required" in refused.content
    superuser.refresh_from_db()
    assert superuser.password.startswith(OWASP)
    assert client.get("/profile/").status_code == 200


@pytest.mark.parametrize(
    ("login", "asked"), [("admin", ["verify"]), ("nobody", ["encode"])]
)
def test_a_wrong_login_costs_what_a_wrong_password_costs(
    superuser: Administrator, hashes: list[str], login: str, asked: list[str]
) -> None:
    hashes.clear()
    sign_in("wrong", login=login)
    assert hashes == asked


@pytest.mark.parametrize("login", ["admin", "nobody"])
def test_a_locked_login_costs_no_hash(
    superuser: Administrator, hashes: list[str], login: str
) -> None:
    for _ in range(5):
        sign_in("wrong", login=login)
    hashes.clear()
    assert sign_in(login=login).status_code == 429
    assert hashes == []


def test_a_process_makes_two_hashes_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    lock, now, most = threading.Lock(), 0, 0

    def slow(*_: object) -> str:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        time.sleep(0.02)
        with lock:
            now -= 1
        return ""

    monkeypatch.setattr(Argon2PasswordHasher, "encode", slow)
    monkeypatch.setattr(Argon2PasswordHasher, "verify", slow)
    hasher = passwords.PasswordHasher()

    at_once(
        *[lambda: hasher.encode("password", "salt")] * 6,
        *[lambda: hasher.verify("password", "hash")] * 6,
    )

    assert most == passwords.HASHES_AT_ONCE


def told_to_wait(answer: Response) -> bool:
    return (
        answer.status_code == 429
        and answer["Retry-After"] == "5"
        and answer["Cache-Control"] == "no-store"
        and b"as many passwords as it can" in answer.content
    )


@pytest.mark.usefixtures("both_turns_taken")
def test_who_finds_the_server_busy_is_told_and_not_counted(
    contoso: Organization,
) -> None:
    for _ in range(6):
        assert told_to_wait(sign_in(login="nobody"))
    counts = SignInCount.objects.values_list("wrong", "pending")
    assert set(counts) == {(0, 0)}


def test_a_busy_server_changes_no_password_and_makes_no_organization(
    superuser: Administrator, request: pytest.FixtureRequest
) -> None:
    client = signed_in_as(superuser)
    client.get("/profile/")
    request.getfixturevalue("both_turns_taken")

    for _ in range(6):
        assert told_to_wait(change_password(client))
    assert told_to_wait(make_organization(client))

    assert client.get("/profile/").status_code == 200
    assert not Organization.objects.filter(name="Litware").exists()
    before = superuser.password
    superuser.refresh_from_db()
    assert superuser.password == before


@pytest.mark.django_db(transaction=True)
def test_nobody_waits_for_a_hash_with_the_database_locked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    organization = Organization.objects.create(name="Contoso")
    client = signed_in_as(administrator_of(organization, "admin", is_superuser=True))
    locked: list[bool] = []
    encode = passwords.PasswordHasher.encode

    def noted(*args: Any) -> str:
        locked.append(connection.in_atomic_block)
        return encode(*args)

    monkeypatch.setattr(passwords.PasswordHasher, "encode", noted)

    assert make_organization(client).status_code == 200
    assert Organization.objects.filter(name="Litware").exists()
    assert change_password(client).status_code == 302
    assert locked == [False, False]


def test_the_commands_make_the_same_hashes(
    superuser: Administrator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("getpass.getpass", lambda **_: NEW)
    call_command("changepassword", "admin", stdout=io.StringIO())
    superuser.refresh_from_db()
    assert superuser.password.startswith(OWASP)
    assert sign_in(NEW).status_code == 302

    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", NEW)
    call_command(
        "createsuperuser",
        login="root",
        home=superuser.home_id,
        interactive=False,
        verbosity=0,
    )
    assert sign_in(NEW, login="root").status_code == 302
