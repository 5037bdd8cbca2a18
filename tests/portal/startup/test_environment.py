"""Malformed environment values end the start with a sentence instead of a traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.portal.startup.test_checks import GOOD_KEY, ROOT, load_wsgi
from zportal.startup.environment import database_of

SQLITE = "sqlite:///:memory:"

MALFORMED = [
    ("PORT", "80a", "“80a”, not a whole number from 1 to 65535", "PORT=8000"),
    ("PORT", "", "is empty, not a whole number", "PORT=8000"),
    ("PORT", "70000", "“70000”, not a whole number", "PORT=8000"),
    ("PORT", "9" * 5_000, f"“{'9' * 40}…”", "PORT=8000"),
    ("PORT", "8000\n\x1b[2J", r"“8000\n\x1b[2J”", "PORT=8000"),
    ("PORT", "$PORT", "refers to itself", "begins with $"),
    ("WEB_CONCURRENCY", "two", "“two”, not a whole number", "WEB_CONCURRENCY=2"),
    ("WEB_CONCURRENCY", "0", "“0”, not a whole number", "WEB_CONCURRENCY=2"),
    ("LOCK_SECONDS", "0", "“0”, not a whole number from 1", "LOCK_SECONDS=20"),
    ("LOCK_SECONDS", "1.5", "“1.5”, not a whole number", "LOCK_SECONDS=20"),
    ("EVENT_DELAY", "soon", "“soon”, not a number of seconds", "EVENT_DELAY=0.25"),
    ("PRUNE_EVERY", "hourly", "“hourly”, not a number of seconds", "PRUNE_EVERY=300"),
    ("EVENT_DELAY", "nan", "“nan”, not a number of seconds", "EVENT_DELAY=0.25"),
    ("EVENT_DELAY", "-1", "“-1”, not a number of seconds", "EVENT_DELAY=0.25"),
    ("DATABASE_URL", "", "is empty", "postgres://user:password@"),
    ("DATABASE_URL", "sqlite://var/x", "a third /", "sqlite:///var/"),
    ("DATABASE_URL", "sqlite:////dev/null/x", "cannot be made", "sqlite:///var/"),
]


def refused(run: subprocess.CompletedProcess[str], name: str) -> str:
    """Return what *run* said: one finding about *name*, its hint, and the end."""
    assert run.returncode == 3
    finding, hint, end = run.stderr.splitlines()
    assert finding.startswith(f"zportal error zportal.E009: {name} ")
    assert end == "zportal does not start with these settings."
    return f"{finding}\n{hint}"


@pytest.mark.parametrize(("name", "value", "problem", "example"), MALFORMED)
def test_a_malformed_value_is_named_with_an_example(
    name: str, value: str, problem: str, example: str
) -> None:
    started = load_wsgi(**{"SECRET_KEY": GOOD_KEY, "DEBUG": "1", name: value})

    said = refused(started, name)
    finding, _, hint = said.partition("\n")
    assert problem in finding
    assert example in hint
    assert started.stdout == ""


@pytest.mark.parametrize(
    "url",
    [
        "mysql://admin:sEcret@db/zportal",
        "admin:sEcret@db/zportal",
        "postgres://admin:sEcret@db",
        "postgres://admin:sEcret@db:port/zportal",
        "postgres://admin:sEcret@db:70000/zportal",
        "postgres://admin:sE/cret@db/zportal",
        "postgres://admin:12/sEcret@db/zportal",
        "postgres://admin:12?sEcret@db/zportal",
        "sqlite://admin:sEcret@db/zportal",
    ],
)
def test_a_password_in_a_malformed_url_is_not_printed(url: str) -> None:
    started = load_wsgi(SECRET_KEY=GOOD_KEY, DEBUG="1", DATABASE_URL=url)

    said = refused(started, "DATABASE_URL")
    for part in ("sEcret", "cret@", "sE", "admin"):
        assert part not in said


@pytest.mark.parametrize(
    ("url", "password", "host", "name"),
    [
        ("postgres://me:s%2Fe%40c@db:5432/zportal", "s/e@c", "db", "zportal"),
        ("postgres://me:s#c@db/zportal", "s#c", "db", "zportal"),
        ("POSTGRESQL://me@[::1]:5432/zportal", "", "::1", "zportal"),
        ("postgres://me@/zportal?host=/run", "", "", "zportal"),
        ("postgres://me@db/na%40me", "", "db", "na@me"),
        ("postgres://db/?service=x", "", "db", ""),
    ],
)
def test_urls_of_postgresql_are_read(
    url: str, password: str, host: str, name: str
) -> None:
    database = database_of(url)

    assert database["ENGINE"] == "django.db.backends.postgresql"
    assert (database["PASSWORD"], database["HOST"]) == (password, host)
    assert database["NAME"] == name


@pytest.mark.parametrize(
    "url", ["sqlite://:memory:", "sqlite://", "sqlite:///:memory:"]
)
def test_a_database_in_memory(url: str) -> None:
    assert database_of(url)["NAME"] == ":memory:"


def test_the_directory_of_a_database_is_made_for_its_owner_only(tmp_path: Path) -> None:
    file = tmp_path / "new" / "zportal.sqlite3"
    started = load_wsgi(
        SECRET_KEY=GOOD_KEY, DEBUG="1", DATABASE_URL=f"sqlite:///{file}"
    )

    assert (started.returncode, started.stderr) == (0, "")
    assert file.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    "command",
    [
        ["manage.py", "prepare"],
        ["manage.py", "migrate", "--noinput"],
        ["-m", "gunicorn", "-c", "python:zportal.serving.gunicorn", "zportal.wsgi"],
    ],
    ids=["prepare", "migrate", "gunicorn"],
)
def test_every_command_ends_in_the_same_way(command: list[str]) -> None:
    run = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, *command],
        cwd=ROOT,
        env={"PATH": os.defpath, "SECRET_KEY": GOOD_KEY, "DATABASE_URL": "db.sqlite3"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "is not the URL of a database" in refused(run, "DATABASE_URL")


def test_make_run_ends_before_gunicorn_reads_its_own_value() -> None:
    """gunicorn reads WEB_CONCURRENCY when it is imported, and ends in a traceback."""
    run = subprocess.run(
        [sys.executable, "manage.py", "prepare"],
        cwd=ROOT,
        env={"PATH": os.defpath, "DATABASE_URL": SQLITE, "WEB_CONCURRENCY": "two"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "“two”" in refused(run, "WEB_CONCURRENCY")
