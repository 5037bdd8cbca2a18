"""A clean clone of the working tree, served by ``make run`` and nothing else."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 300
"""Seconds until `make run` must answer; the bar of 120 is printed, not asserted."""


@dataclass(frozen=True)
class Served:
    """What ``make run`` printed, and when it was started (time.monotonic)."""

    address: str
    login: str
    password: str
    started: float

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.started


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def clone_to(target: Path) -> None:
    """Copy what git would clone, uncommitted work included."""
    listed = subprocess.run(
        ["git", "ls-files", "-coz", "--exclude-standard"],  # noqa: S607
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        source, copy = ROOT / name, target / name
        if source.is_file():
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, copy)


def bare_environment() -> dict[str, str]:
    """Where programs and the package cache are, and how packages are reached."""
    kept = ("HOME", "PATH", "LANG")
    return {
        name: value
        for name, value in os.environ.items()
        if name in kept or name.startswith("PIP_")
    }


@contextlib.contextmanager
def make_run(clone: Path) -> Iterator[Served]:
    """Serve *clone*; stop the server and its workers at the end."""
    port = free_port()
    log = clone / "make-run.log"
    started = time.monotonic()
    with log.open("wb") as output:
        process = subprocess.Popen(
            ["make", "run"],  # noqa: S607
            cwd=clone,
            env=bare_environment() | {"PORT": str(port)},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _wait_for(port, process, log)
        printed = log.read_text()
        yield Served(
            address=f"http://127.0.0.1:{port}",
            login=_printed(printed, "Login ID"),
            password=_printed(printed, "Password"),
            started=started,
        )
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=60)


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        with (
            contextlib.suppress(OSError),
            socket.create_connection(("127.0.0.1", port), timeout=1),
        ):
            return
        time.sleep(0.1)
    raise AssertionError(f"make run does not serve:\n{log.read_text()}")


def _printed(text: str, name: str) -> str:
    found = re.search(rf"{name}\s*:?\s+(\S+)", text)
    assert found, text
    return found[1]
