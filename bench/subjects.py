"""What is measured, and how each is started and stopped."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench import calls, processes
from bench.calls import Call
from bench.load import Target
from bench.peers.serving import ROOT, START_UP, Ready
from bench.people import Size

WITH_POSTGRES = str(ROOT / ".ci" / "with-postgres")


class Skipped(Exception):
    """A subject that cannot be measured here, and why."""


@dataclass(frozen=True)
class Subject:
    key: str
    title: str
    module: str
    store: str
    """Where it keeps what it is told, for the reader."""
    postgresql: bool = False
    is_floor: bool = False
    remove: Callable[[str, str], Call] = calls.remove_member


_OURS = "bench.peers.ours"

SUBJECTS = [
    Subject("ours-sqlite", "this project, SQLite", _OURS, "file, events on"),
    Subject(
        "ours-postgresql",
        "this project, PostgreSQL",
        _OURS,
        "server, events on",
        postgresql=True,
    ),
    Subject(
        "stock",
        "stock django-scim2",
        "bench.peers.stock",
        "SQLite file",
        remove=calls.remove_member_by_value,
    ),
    Subject("scim2-server", "scim2-server", "bench.peers.scim2_server", "memory"),
    Subject("scimmy", "SCIMMY on Express 4", "bench.peers.scimmy", "memory"),
    Subject("floor-sqlite", "floor, SQLite", _OURS, "file", is_floor=True),
    Subject(
        "floor-postgresql",
        "floor, PostgreSQL",
        _OURS,
        "server",
        postgresql=True,
        is_floor=True,
    ),
]


@dataclass
class Course:
    """A running subject and what became of its store so far."""

    subject: Subject
    target: Target
    ready: Ready
    made: list[str] = field(default_factory=list)
    """Users created by the scenario for that, not yet deleted."""
    cycled: int = 0
    """Users created by the Entra cycle."""
    members: set[str] = field(default_factory=set)
    """Users added to the large group and not removed again."""

    @property
    def users(self) -> int:
        return self.target.size.users + len(self.made) + self.cycled

    @property
    def pids(self) -> list[int]:
        return [self.ready.pid, *self.ready.also]

    def settle(self, most: float = 240) -> None:
        """Wait until the server rests: a client may have given up on an answer."""
        deadline = time.monotonic() + most
        while time.monotonic() < deadline:
            before = processes.processor_seconds(self.pids)
            time.sleep(0.1)
            if processes.processor_seconds(self.pids) - before < 0.03:
                return


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running(subject: Subject, size: Size) -> Iterator[Course]:
    """Fill and serve *subject*; raise Skipped where it cannot be had."""
    command = [sys.executable, "-m", subject.module, f"--users={size.users}"]
    environment = _environment(subject)
    if subject.postgresql:
        command = [WITH_POSTGRES, *command]
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="zportal-bench-") as name:
        state = Path(name)
        log = state / "launcher.log"
        with log.open("wb") as output:
            launcher = subprocess.Popen(  # noqa: S603 - our own launchers
                [*command, f"--port={port}", f"--state={state}"],
                cwd=ROOT,
                env=environment,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            ready = _await(launcher, state, log)
            yield Course(
                subject,
                Target(
                    port=port,
                    base=ready.base,
                    token=ready.token,
                    group_id=ready.group_id,
                    size=size,
                    remove=subject.remove,
                    check=not subject.is_floor,
                ),
                ready,
            )
        finally:
            _stop(launcher)


def _environment(subject: Subject) -> dict[str, str]:
    """Return ours without what would lead a subject to somebody's database."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in {"DATABASE_URL", "DJANGO_SETTINGS_MODULE"}
    }
    environment["PYTHONPATH"] = str(ROOT)
    if not subject.postgresql:
        environment.pop("TEST_DATABASE_URL", None)
    if subject.is_floor:
        environment["BENCH_FLOOR"] = "yes"
    return environment


def _await(launcher: subprocess.Popen[bytes], state: Path, log: Path) -> Ready:
    deadline = time.monotonic() + START_UP + 300
    file = state / "ready.json"
    while time.monotonic() < deadline:
        if file.is_file():
            content: dict[str, Any] = json.loads(file.read_text())
            content["people"] = [(scim_id, name) for scim_id, name in content["people"]]
            return Ready(**content)
        if launcher.poll() is not None:
            break
        time.sleep(0.05)
    text = log.read_text()
    if "SKIPPED" in text:
        raise Skipped(text.strip().splitlines()[-1])
    raise RuntimeError(f"The launcher failed:\n{text}")


def _stop(launcher: subprocess.Popen[bytes]) -> None:
    """End the launcher, which ends its server; a wrapper around it ends by itself."""
    for pid in reversed(processes.tree([launcher.pid])):
        if _is_launcher(pid):
            os.kill(pid, 15)
            break
    else:
        launcher.terminate()
    try:
        launcher.wait(timeout=60)
    except subprocess.TimeoutExpired:
        launcher.kill()


def _is_launcher(pid: int) -> bool:
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
    return b"\0-m\0bench.peers." in command and b"--state=" in command
