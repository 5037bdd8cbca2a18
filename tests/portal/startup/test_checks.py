"""Unsafe settings fail at start, and say what to do."""

from __future__ import annotations

import base64
import os
import random
import re
import secrets
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.checks import CheckMessage
from django.core.management.utils import get_random_secret_key

from zportal.startup import checks
from zportal.startup.secret_key import surprises

ROOT = Path(__file__).parents[3]
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
        ("0123456789" * 6, ["zportal.E002"]),
        ("0123456789abcdef" * 4, ["zportal.E002"]),
        (
            "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
            ["zportal.E002"],
        ),
        ("secret" * 10, ["zportal.E002"]),
        ("SecretSECRETsEcReTsecretSecretSECRET", ["zportal.E002"]),
        ("passwordadministratorqwertyuiopwelcomedragonmonkey", ["zportal.E002"]),
        ("iloveyou-sunshine-princess-football-baseball", ["zportal.E002"]),
        ("zportal-zportal-zportal-zportal-zportal-zportal", ["zportal.E002"]),
        ("1234567890qwertyuiopasdfghjklzxcvbnm", ["zportal.E002"]),
        ("x" * 64, ["zportal.E002"]),
        ("\U0001f600" * 64, ["zportal.E002"]),
        (f"django-insecure-{GOOD_KEY}", ["zportal.E002"]),
    ],
)
def test_the_secret_key_is_set_and_strong(
    settings: Any, key: str, expected: list[str]
) -> None:
    settings.SECRET_KEY = key

    assert ids(checks.check_secret_key()) == expected


CHANCE = random.Random(20261127)  # noqa: S311 - the same keys in each run


@pytest.mark.parametrize(
    "generate",
    [
        pytest.param(lambda: CHANCE.randbytes(32).hex(), id="openssl rand -hex 32"),
        pytest.param(lambda: CHANCE.randbytes(16).hex(), id="openssl rand -hex 16"),
        pytest.param(
            lambda: base64.b64encode(CHANCE.randbytes(32)).decode(),
            id="openssl rand -base64 32",
        ),
        pytest.param(get_random_secret_key, id="Django"),
        pytest.param(lambda: secrets.token_urlsafe(48), id="make run"),
    ],
)
def test_a_key_by_chance_is_taken_always(generate: Callable[[], str]) -> None:
    assert min(surprises(generate()) for _ in range(500)) >= checks.FEWEST_SURPRISES


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
        ([".com"], ["zportal.E004"]),
        (["portal.contoso.example", " .COM "], ["zportal.E004"]),
        ([".example"], ["zportal.E004"]),
        ([".co.uk"], ["zportal.E004"]),
        ([".com.au"], ["zportal.E004"]),
        (["."], ["zportal.E004"]),
        ([".contoso.co.uk"], []),
        ([".contoso.de"], []),
        ([".localhost", "localhost", "com"], []),
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
        (["0.0.0.0/1", "128.0.0.0/1"], ["zportal.E007"]),
        (["10.0.0.5", "8.0.0.0/8"], ["zportal.E007"]),
        (["10.0.0.0/7"], ["zportal.E007"]),
        (["2000::/3"], ["zportal.E007"]),
        (["2001::/16"], ["zportal.E007"]),
        (["104.16.0.0/13", "2400:cb00::/32", "fd00::/8", "fc00::/7"], []),
        (["172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8"], []),
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
    ("host", "proxies", "expected"),
    [
        ("127.0.0.1", [], []),
        ("::1", [], []),
        ("localhost", [], []),
        ("0.0.0.0", [], ["zportal.E011"]),  # noqa: S104 - what the check is about
        ("::", [], ["zportal.E011"]),
        ("", [], ["zportal.E011"]),
        ("192.0.2.10", [], ["zportal.E011"]),
        ("0.0.0.0", ["10.0.0.5"], []),  # noqa: S104
        ("::", ["fd00::5"], []),
    ],
)
def test_who_listens_to_others_names_a_proxy(
    settings: Any, host: str, proxies: list[str], expected: list[str]
) -> None:
    """Also where PUBLIC_URL is https: the port itself is open as well."""
    settings.PUBLIC_URL = "https://portal.contoso.example"
    settings.HOST = host
    settings.TRUSTED_PROXIES = proxies

    assert ids(checks.check_listening()) == expected


def test_debug_on_the_other_loopback_address(settings: Any) -> None:
    settings.DEBUG = True
    settings.PUBLIC_URL = "http://[::1]:8000"
    settings.HOST = "::1"

    assert ids(checks.check_debug()) == []


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
        ({"TRUSTED_PROXIES": "0.0.0.0/1,128.0.0.0/1"}, "zportal.E007"),
        ({"HOST": "192.0.2.10", "DEBUG": "0"}, "zportal.E011"),
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
