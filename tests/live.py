"""The real server for tests: gunicorn with its workers, on a database of its own.

What the live server of pytest-django cannot show: several processes that write to one
database at once, and bodies as they come over a socket. The environment is that of a
headless installation, and nothing of the test process is shared.
"""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import sys
import threading
import time
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.request import urlopen

import psycopg
from django.conf import settings

from bench import processes

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
START_UP = 60
"""Seconds that the server may take until it answers."""


@dataclass(frozen=True)
class LiveService:
    """A running server with one organization whose SCIM service is open."""

    address: str
    base_url: str
    secret: str
    log: Path


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def fresh_database(directory: Path) -> Iterator[str]:
    """Yield the URL of an empty database on the engine that the suite runs on."""
    default = settings.DATABASES["default"]
    if "sqlite" in default["ENGINE"]:
        yield f"sqlite:///{directory / 'live.sqlite3'}"
        return
    name = f"zportal_live_{os.getpid()}_{secrets.token_hex(3)}"
    access = {
        "host": default["HOST"],
        "port": default["PORT"],
        "user": default["USER"],
        "password": default["PASSWORD"],
    }
    account = f"{access['user']}:{access['password']}".rstrip(":")
    with psycopg.connect(**access, dbname="postgres", autocommit=True) as server:
        server.execute(f'CREATE DATABASE "{name}"')
        try:
            yield f"postgres://{account}@{access['host']}:{access['port']}/{name}"
        finally:
            server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@dataclass(frozen=True)
class Installation:
    """A migrated database with one organization whose SCIM service is open."""

    environment: dict[str, str]
    address: str
    base_url: str
    secret: str


@contextmanager
def installed(
    directory: Path,
    *,
    profile: str = "rfc",
    workers: int = 2,
    database: AbstractContextManager[str] | None = None,
) -> Iterator[Installation]:
    """Migrate and make an organization; the database goes when the block ends."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    with database or fresh_database(directory) as database_url:
        environment = {
            "PATH": os.environ["PATH"],
            "SECRET_KEY": secrets.token_hex(32),
            "DATABASE_URL": database_url,
            "PUBLIC_URL": address,
            "ALLOWED_HOSTS": "127.0.0.1",
            "HOST": "127.0.0.1",
            "PORT": str(port),
            "WEB_CONCURRENCY": str(workers),
            # Otherwise the start demands collected static files, in a shared place.
            "DEBUG": "true",
            "TRUSTED_PROXIES": "",
        }
        run(environment, "migrate", "--noinput", "--verbosity=0")
        made = json.loads(
            run(
                environment,
                "create_organization",
                "Litware",
                "--domain=litware.example",
                f"--profile={profile}",
                "--enable-scim",
                "--json",
            ).splitlines()[-1]
        )
        yield Installation(environment, address, made["base_url"], made["bearer_token"])


@contextmanager
def live_service(
    directory: Path, *, profile: str = "rfc", workers: int = 2
) -> Iterator[LiveService]:
    """Serve a new installation; stop when the block ends."""
    log = directory / "gunicorn.log"
    with (
        installed(directory, profile=profile, workers=workers) as here,
        served(here.environment, log, here.address),
    ):
        yield LiveService(here.address, here.base_url, here.secret, log)


def run(environment: dict[str, str], *arguments: str) -> str:
    """Run a command of manage.py and return what it printed."""
    done = subprocess.run(  # noqa: S603 - our own interpreter and arguments
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@contextmanager
def served(
    environment: dict[str, str], log: Path, address: str
) -> Iterator[subprocess.Popen[bytes]]:
    """Yield gunicorn's master process, which has answered; stop it with the block."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "gunicorn",
                "-c",
                "python:zportal.serving.gunicorn",
                "zportal.wsgi",
            ],
            cwd=ROOT,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            wait_for(f"{address}/readyz", process, log)
            yield process
        finally:
            process.terminate()
            process.wait(timeout=40)


def wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Return when *url* answers; fail with the server's log when it does not."""
    deadline = time.monotonic() + START_UP
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urlopen(url, timeout=1):  # noqa: S310 - our own address
                return
        except OSError:
            time.sleep(0.05)
    raise AssertionError(f"The server did not start:\n{log.read_text()}")


@contextmanager
def peak_of(pid: int) -> Iterator[list[float]]:
    """Yield a list that holds, when the block has ended, the most MiB of the processes."""
    most = [0.0]
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.05):
            most[0] = max(most[0], processes.memory([pid])[1])

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield most
    finally:
        over.set()
        watcher.join()
