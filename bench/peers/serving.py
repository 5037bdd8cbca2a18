"""What the launchers have in common: their options, their server, their message."""

from __future__ import annotations

import argparse
import json
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import FrameType
from urllib.request import Request, urlopen

from bench import people
from bench.people import Size

ROOT = Path(__file__).resolve().parent.parent.parent
START_UP = 300
"""Seconds until a server must answer; an in-memory store is filled in that time."""

SAMPLE = 8_000
"""People of the store that the clients know and ask for."""


@dataclass(frozen=True)
class Options:
    size: Size
    port: int
    state: Path

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@dataclass
class Ready:
    """What a client and the observer must know of a running server."""

    base: str
    """The path of the Base URL."""
    token: str
    group_id: str
    """The large group."""
    people: list[tuple[str, str]]
    """Id and userName of a sample of the people, in their order."""
    pid: int = 0
    also: list[int] = field(default_factory=list)
    """Other processes that work for the server: that of a database."""
    queries: dict[str, int] = field(default_factory=dict)
    """SQL statements of each scenario's request, where they can be counted."""
    versions: dict[str, str] = field(default_factory=dict)


def options() -> Options:
    parser = argparse.ArgumentParser()
    parser.add_argument("--users", type=int, required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--state", type=Path, required=True)
    given = parser.parse_args()
    return Options(Size(given.users), given.port, given.state)


def new_token() -> str:
    return secrets.token_urlsafe(32)


def sample(size: Size) -> list[int]:
    """Return numbers of people, evenly spread over the whole store."""
    step = max(1, size.users // SAMPLE)
    return list(range(0, size.users, step))[:SAMPLE]


def sampled_people(size: Size, scim_id: Callable[[int], str]) -> list[tuple[str, str]]:
    return [(scim_id(n), people.user_name(n)) for n in sample(size)]


def gunicorn(
    application: str, config: str = "python:bench.peers.gunicorn"
) -> list[str]:
    command = [sys.executable, "-m", "gunicorn", "-c", config]
    return [*command, "--no-control-socket", application]


def serve(
    command: Sequence[str], given: Options, ready: Ready, **environment: str
) -> None:
    """Run the server until SIGTERM comes; announce it when it answers."""
    with (given.state / "server.log").open("wb") as log:
        server = subprocess.Popen(  # noqa: S603 - our own commands
            command,
            cwd=ROOT,
            env={**os.environ, "PORT": str(given.port), **environment},
            stdout=log,
            stderr=subprocess.STDOUT,
        )

    def stop(number: int, frame: FrameType | None) -> None:
        server.terminate()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    try:
        wait_for(server, given, ready)
        ready.pid = server.pid
        whole = given.state / "ready.part"
        whole.write_text(json.dumps(asdict(ready)))
        whole.rename(given.state / "ready.json")
        server.wait()
    finally:
        server.terminate()
        server.wait(timeout=30)


def wait_for(server: subprocess.Popen[bytes], given: Options, ready: Ready) -> None:
    """Return when the server answers a search."""
    request = Request(  # noqa: S310 - our own address
        f"{given.address}{ready.base}/Users?count=1",
        headers={"Authorization": f"Bearer {ready.token}"},
    )
    deadline = time.monotonic() + START_UP
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urlopen(request, timeout=60):  # noqa: S310 - as above
                return
        except OSError:
            time.sleep(0.1)
    sys.exit(f"The server did not start:\n{(given.state / 'server.log').read_text()}")
