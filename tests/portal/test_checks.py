"""Unsafe settings fail at start, and say what to do."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.checks import CheckMessage

from zportal import checks

ROOT = Path(__file__).parents[2]
GOOD_KEY = "f3b1c0d86a5e4927b8d1f06c3a97e25d4c81b60fe9a2735dd04b8e1f6c29a753"


def ids(found: list[CheckMessage]) -> list[str | None]:
    assert all(message.hint for message in found)
    return [message.id for message in found]


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (GOOD_KEY, []),
        ("", ["zportal.E001"]),
        ("short-but-Random-8Hq2", ["zportal.E002"]),
        ("abababababababababababababababababababab", ["zportal.E002"]),
        (f"django-insecure-{GOOD_KEY}", ["zportal.E002"]),
    ],
)
def test_the_secret_key_is_set_and_strong(
    settings: Any, key: str, expected: list[str]
) -> None:
    settings.SECRET_KEY = key

    assert ids(checks.check_secret_key()) == expected


def test_the_example_secret_key_is_refused(settings: Any) -> None:
    found = re.search(r"SECRET_KEY=(\S+)", (ROOT / ".env.example").read_text())
    assert found
    settings.SECRET_KEY = found[1]

    assert ids(checks.check_secret_key()) == ["zportal.E002"]


@pytest.mark.parametrize(
    ("debug", "url", "expected"),
    [
        (True, "http://127.0.0.1:8000", []),
        (True, "http://[::1]:8000", []),
        (True, "http://portal.localhost:8000", []),
        (True, "https://portal.contoso.example", ["zportal.E003"]),
        (True, "http://192.0.2.10:8000", ["zportal.E003"]),
        (False, "https://portal.contoso.example", []),
    ],
)
def test_debug_stays_on_this_machine(
    settings: Any, debug: bool, url: str, expected: list[str]
) -> None:
    settings.DEBUG = debug
    settings.PUBLIC_URL = url

    assert ids(checks.check_debug()) == expected


@pytest.mark.parametrize(
    ("hosts", "expected"),
    [
        (["portal.contoso.example", ".contoso.example"], []),
        (["*"], ["zportal.E004"]),
        (["portal.contoso.example", " * "], ["zportal.E004"]),
    ],
)
def test_hosts_are_named(settings: Any, hosts: list[str], expected: list[str]) -> None:
    settings.ALLOWED_HOSTS = hosts

    assert ids(checks.check_allowed_hosts()) == expected


@pytest.mark.parametrize(
    "url",
    [
        "",
        "portal.contoso.example",
        "https://",
        "ftp://portal.contoso.example",
        "https://portal.contoso.example/scim",
        "https://portal.contoso.example?x=1",
        "https://admin:secret@portal.contoso.example",
        "https://portal.contoso.example:99999",
        "https://portal.contoso.example:port",
        "https://[portal",
    ],
)
def test_a_public_url_is_scheme_and_host(settings: Any, url: str) -> None:
    settings.PUBLIC_URL = url

    assert ids(checks.check_public_url()) == ["zportal.E005"]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://portal.contoso.example", []),
        ("https://portal.contoso.example:8443", []),
        ("http://localhost:8000", []),
        ("http://portal.contoso.example", ["zportal.W001"]),
    ],
)
def test_http_is_a_warning_beyond_this_machine(
    settings: Any, url: str, expected: list[str]
) -> None:
    settings.PUBLIC_URL = url

    found = checks.check_public_url()

    assert ids(found) == expected
    assert not any(message.is_serious() for message in found)


@pytest.mark.parametrize(
    ("proxies", "expected"),
    [
        ([], []),
        (["127.0.0.1", "::1", "10.0.0.0/8"], []),
        (["proxy.contoso.example"], ["zportal.E006"]),
        (["10.0.0.0/99"], ["zportal.E006"]),
        (["0.0.0.0/0"], ["zportal.E007"]),
        (["::/0"], ["zportal.E007"]),
    ],
)
def test_trusted_proxies_are_addresses(
    settings: Any, proxies: list[str], expected: list[str]
) -> None:
    settings.TRUSTED_PROXIES = proxies

    assert ids(checks.check_trusted_proxies()) == expected


def test_static_files_are_collected_before_serving(
    settings: Any, tmp_path: Path
) -> None:
    settings.STATIC_ROOT = tmp_path
    assert ids(checks.check_static_files()) == ["zportal.E008"]

    (tmp_path / "staticfiles.json").write_text("{}")
    assert checks.check_static_files() == []


def test_debug_serves_static_files_uncollected(settings: Any, tmp_path: Path) -> None:
    settings.STATIC_ROOT = tmp_path
    settings.DEBUG = True

    assert checks.check_static_files() == []


def test_debug_does_not_listen_to_the_network(settings: Any) -> None:
    """PUBLIC_URL says what is announced; HOST says who can come."""
    settings.DEBUG = True
    settings.PUBLIC_URL = "http://127.0.0.1:8000"
    settings.HOST = "0.0.0.0"  # noqa: S104 - what the check is about

    assert ids(checks.check_debug()) == ["zportal.E003"]


@pytest.mark.parametrize(
    ("given", "origin"),
    [
        ("https://Portal.Contoso.Example:443/", "https://portal.contoso.example"),
        ("http://PORTAL:80", "http://portal"),
        ("https://portal:8443", "https://portal:8443"),
    ],
)
def test_the_public_url_is_what_browsers_call_it(given: str, origin: str) -> None:
    """Otherwise the origin of a form would not be the trusted one."""
    show = "from zportal import settings as s; print(s.PUBLIC_URL, *s.CSRF_TRUSTED_ORIGINS)"
    run = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", show],
        cwd=ROOT,
        env={"PATH": os.defpath, "PUBLIC_URL": given},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert run.stdout.split() == [origin, origin]


def load_wsgi(**environment: str) -> subprocess.CompletedProcess[str]:
    """Import zportal.wsgi as a server does, in a process of its own."""
    usual = {
        "PATH": os.defpath,
        "PUBLIC_URL": "http://127.0.0.1:8000",
        "ALLOWED_HOSTS": "127.0.0.1",
        "TRUSTED_PROXIES": "",
    }
    return subprocess.run(
        [sys.executable, "-c", "import zportal.wsgi; print('serving')"],
        cwd=ROOT,
        env={**usual, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"SECRET_KEY": "weak"}, "zportal.E002"),
        ({"PUBLIC_URL": "https://portal.contoso.example"}, "zportal.E003"),
        ({"ALLOWED_HOSTS": "*"}, "zportal.E004"),
        ({"PUBLIC_URL": "http://localhost/portal"}, "zportal.E005"),
        ({"TRUSTED_PROXIES": "proxy"}, "zportal.E006"),
    ],
)
def test_the_server_refuses_to_start_on_an_error(
    environment: dict[str, str], expected: str
) -> None:
    started = load_wsgi(**{"SECRET_KEY": GOOD_KEY, "DEBUG": "1", **environment})

    # 3 tells gunicorn to stop; any other status and it would try again for ever.
    assert started.returncode == 3
    assert expected in started.stderr
    assert "Traceback" not in started.stderr
    assert GOOD_KEY not in started.stderr
    assert "serving" not in started.stdout


def test_the_server_starts_with_safe_settings() -> None:
    started = load_wsgi(SECRET_KEY=GOOD_KEY, DEBUG="1")

    assert (started.returncode, started.stdout) == (0, "serving\n")
    assert started.stderr == ""
