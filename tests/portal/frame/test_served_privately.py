"""What a real server leaves on the disk, and what cookies it gives under https."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from http.client import HTTPConnection
from http.cookies import SimpleCookie
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

import pytest

from tests.live import ROOT, free_port, installed, run, served
from tests.portal.startup.test_checks import GOOD_KEY, load_wsgi

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def loose_umask() -> Iterator[None]:
    """Nothing is taken from the modes of files, in child processes neither."""
    before = os.umask(0)
    yield
    os.umask(before)


def modes(database: Path) -> dict[str, str]:
    return {
        file.name.removeprefix(database.name): oct(stat.S_IMODE(file.stat().st_mode))
        for file in database.parent.iterdir()
        if file.name.startswith(database.name)
    }


def environment_of(database: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "SECRET_KEY": GOOD_KEY,
        "DATABASE_URL": f"sqlite:///{database}",
        "PUBLIC_URL": "http://127.0.0.1:8000",
        "DEBUG": "true",
    }


def test_the_database_is_its_owners_only(tmp_path: Path, loose_umask: None) -> None:
    database = tmp_path / "data" / "zportal.sqlite3"
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    environment = environment_of(database) | {"PORT": str(port), "PUBLIC_URL": address}
    run(environment, "migrate", "--noinput", "--verbosity=0")
    assert modes(database)[""] == "0o600"
    with served(environment, tmp_path / "gunicorn.log", address):
        call = HTTPConnection("127.0.0.1", port, timeout=30)
        body = urlencode({"username": "x", "password": "x"})
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        call.request("GET", "/sign-in/")
        form = call.getresponse()
        token = SimpleCookie(form.headers["Set-Cookie"])["csrftoken"].value
        form.read()
        headers = kind | {"Cookie": f"csrftoken={token}"}
        call.request(
            "POST", "/sign-in/", f"{body}&csrfmiddlewaretoken={token}", headers
        )
        # It counted the try: something is written.
        assert call.getresponse().status == 200
        assert modes(database) == dict.fromkeys(("", "-wal", "-shm"), "0o600")
        call.close()
    assert stat.S_IMODE(database.parent.stat().st_mode) == 0o700


def test_a_database_of_before_is_closed(tmp_path: Path, loose_umask: None) -> None:
    database = tmp_path / "zportal.sqlite3"
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE kept (word TEXT)")
        assert set(modes(database).values()) == {"0o644"}
        started = load_wsgi(**environment_of(database))

        assert (started.returncode, started.stderr) == (0, "")
        assert modes(database) == dict.fromkeys(("", "-wal", "-shm"), "0o600")
        assert not list(connection.execute("SELECT * FROM kept"))


def test_a_database_that_cannot_be_made_says_so(tmp_path: Path) -> None:
    """The name is taken by what is no file, below a directory that is there."""
    (tmp_path / "file").write_text("")
    started = load_wsgi(**environment_of(tmp_path / "file" / "zportal.sqlite3"))
    assert started.returncode == 3
    assert "DATABASE_URL needs the directory" in started.stderr
    assert "Traceback" not in started.stderr


COOKIES = (
    "from django.conf import settings as s; from zportal.saml import views as v; "
    "from zportal.sign_in.views import REMEMBERED_LOGIN as r; "
    "from zportal.sign_in.known_browsers import _cookie as k; "
    "print(s.SESSION_COOKIE_NAME, s.CSRF_COOKIE_NAME, v.BROWSER_COOKIE, "
    "v.SESSION_COOKIE, v.ARRIVED_COOKIE, r, k('admin')[:-17])"
)


@pytest.mark.parametrize(
    ("url", "host", "secure"),
    [
        ("https://portal.contoso.example", "__Host-", "__Secure-"),
        ("http://127.0.0.1:8000", "", ""),
    ],
)
def test_the_names_of_cookies(tmp_path: Path, url: str, host: str, secure: str) -> None:
    environment = environment_of(tmp_path / "x.sqlite3") | {
        "PUBLIC_URL": url,
        "DEBUG": "false",
    }
    shown = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "manage.py", "shell", "--verbosity=0", "-c", COOKIES],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert shown.stdout.split() == [
        f"{host}sessionid",
        f"{host}csrftoken",
        f"{host}sign_on_browser",
        f"{secure}sign_on",
        f"{secure}sign_on_arrived",
        f"{secure}remembered_login",
        f"{secure}known_browser",
    ]


def test_cookies_behind_a_proxy_that_speaks_https(tmp_path: Path) -> None:
    """Browsers take a __Host- cookie only with Secure, the path / and no domain."""
    with installed(tmp_path) as here:
        port = urlsplit(here.address).port
        assert port
        environment = here.environment | {
            "PUBLIC_URL": f"https://127.0.0.1:{port}",
            "TRUSTED_PROXIES": "127.0.0.1",
        }
        made = run(
            environment,
            "create_organization",
            "Fabrikam",
            "--domain=fabrikam.example",
            "--admin=admin",
            "--json",
        )
        password = made.rpartition('"admin_password": "')[2].partition('"')[0]
        with served(environment, tmp_path / "gunicorn.log", here.address):
            proxied = {
                "X-Forwarded-Proto": "https",
                "X-Forwarded-For": "192.0.2.9",
                "Origin": f"https://127.0.0.1:{port}",
            }
            call = HTTPConnection("127.0.0.1", port, timeout=30)
            call.request("GET", "/sign-in/", headers=proxied)
            form = call.getresponse()
            form.read()
            csrf = SimpleCookie(form.headers["Set-Cookie"])["__Host-csrftoken"]
            body = {
                "username": "admin",
                "password": password,
                "remember": "on",
                "csrfmiddlewaretoken": csrf.value,
            }
            kind = {
                "Content-Type": "application/x-www-form-urlencoded",
                "Cookie": f"__Host-csrftoken={csrf.value}",
            }
            call.request("POST", "/sign-in/", urlencode(body), proxied | kind)
            answer = call.getresponse()
            answer.read()
            assert answer.status == 302
            cookies: SimpleCookie = SimpleCookie()
            for header in answer.headers.get_all("Set-Cookie", []):
                cookies.load(header)
            session = cookies["__Host-sessionid"]
            for cookie in (csrf, session):
                assert (cookie["path"], cookie["domain"]) == ("/", "")
            for cookie in cookies.values():
                assert cookie.key.startswith(("__Host-", "__Secure-"))
                assert cookie["secure"]
                assert cookie["httponly"]
            page = "/administration/authentication-settings/"
            for name, status in (("__Host-sessionid", 200), ("sessionid", 302)):
                sent = proxied | {"Cookie": f"{name}={session.value}"}
                call.request("GET", page, headers=sent)
                answer = call.getresponse()
                answer.read()
                assert answer.status == status, name
            call.close()
