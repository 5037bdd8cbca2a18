"""The scenarios: each breaks something, and returns what it counted."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from tests.faults.clients import Load
from tests.faults.databases import (
    CannotRun,
    LimitedPages,
    Postgres,
    fill,
    small_disk,
)
from tests.faults.facts import facts_of, judge
from tests.live import run, served

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.faults.facts import Verdict
    from tests.live import Installation

BEFORE = 3
"""Seconds of load before the first fault, between two, and after the last."""


@dataclass
class Outcome:
    """What a scenario counted, and sentences about what else was not as it should be."""

    verdict: Verdict
    notes: list[str]
    complaints: list[str]

    @property
    def is_good(self) -> bool:
        return self.verdict.is_good and not self.complaints


class Stage:
    """An installation on one kind of database, and where its log goes."""

    def __init__(
        self, here: Installation, directory: Path, server: Postgres | None
    ) -> None:
        self.here = here
        self.directory = directory
        self.server = server
        self.log = directory / "gunicorn.log"

    @contextmanager
    def serving(self) -> Iterator[subprocess.Popen[bytes]]:
        with served(self.here.environment, self.log, self.here.address) as master:
            yield master

    def outcome(self, load: Load, faults: list[float], *notes: str) -> Outcome:
        """Judge what the clients of *load* were told; *faults* is when it broke."""
        facts = facts_of(self.here, load.scenario)
        verdict = judge(load.notes, facts, load.scenario)
        said = list(notes)
        complaints = []
        done = sorted(n.time for n in load.notes if 200 <= n.status < 300)
        back = [
            min((moment for moment in done if moment > fault), default=0) - fault
            for fault in faults
        ]
        if min(back, default=0) < 0:
            complaints.append("the service did not come back")
        elif back:
            said.append(f"answers again after {max(back):.1f} s at the most")
        said.append(f"slowest answer {max(n.took for n in load.notes):.1f} s")
        if "Traceback" in self.log.read_text():
            complaints.append(f"a traceback in {self.log}")
        return Outcome(verdict, said, complaints)


def children_of(pid: int) -> list[int]:
    path = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(child) for child in path.read_text().split()]


def worker_killed(stage: Stage) -> Outcome:
    """kill -9 of one worker after the other."""
    faults = []
    with stage.serving() as master, Load(stage.here, "worker-killed") as load:
        for _ in range(4):
            time.sleep(BEFORE)
            faults.append(time.monotonic())
            os.kill(children_of(master.pid)[0], signal.SIGKILL)
        time.sleep(BEFORE)
        workers = len(children_of(master.pid))
    outcome = stage.outcome(load, faults, f"{workers} workers at the end")
    if workers != 2:
        outcome.complaints.append("a killed worker was not replaced")
    return outcome


def server_killed(stage: Stage) -> Outcome:
    """kill -9 of master and workers at once, and a new start."""
    faults = []
    with ExitStack() as servers:
        master = servers.enter_context(stage.serving())
        with Load(stage.here, "server-killed") as load:
            for _ in range(2):
                time.sleep(BEFORE)
                for pid in [master.pid, *children_of(master.pid)]:
                    os.kill(pid, signal.SIGKILL)
                faults.append(time.monotonic())
                master.wait()
                master = servers.enter_context(stage.serving())
            time.sleep(BEFORE)
    return stage.outcome(load, faults)


def reloaded(stage: Stage) -> Outcome:
    """SIGHUP twice: not one call without an answer."""
    with stage.serving() as master, Load(stage.here, "reloaded") as load:
        for _ in range(2):
            time.sleep(BEFORE)
            os.kill(master.pid, signal.SIGHUP)
        time.sleep(BEFORE)
    outcome = stage.outcome(load, [])
    broken = sum(note.status == 0 for note in load.notes)
    if broken:
        outcome.complaints.append(f"{broken} calls without an answer")
    return outcome


def stopped(stage: Stage) -> Outcome:
    """SIGTERM under load, and a new start: what was accepted is answered."""
    with ExitStack() as servers:
        master = servers.enter_context(stage.serving())
        with Load(stage.here, "stopped") as load:
            time.sleep(BEFORE)
            master.terminate()
            master.wait(40)
            gone = time.monotonic()
            servers.enter_context(stage.serving())
            time.sleep(BEFORE)
    outcome = stage.outcome(load, [gone])
    broken = sum(note.status == 0 and not note.refused for note in load.notes)
    if broken:
        outcome.complaints.append(f"{broken} calls broken off")
    return outcome


def postgres_restarted(stage: Stage) -> Outcome:
    """Once orderly, once by a crash, and once away for three seconds."""
    server = stage.server
    if server is None:
        raise CannotRun("SQLite has no server to restart")
    faults = []
    with stage.serving(), Load(stage.here, "postgres-restarted") as load:
        for mode, away in (("fast", 0), ("immediate", 0), ("immediate", 3)):
            time.sleep(BEFORE)
            server.stop(mode)
            time.sleep(away)
            server.start()
            faults.append(time.monotonic())
        time.sleep(BEFORE)
    return stage.outcome(load, faults)


def disk_full(stage: Stage) -> Outcome:
    """No room on the database's disk for a while, its log included; then room again."""
    with small_disk() as disk, _moved_to(stage, disk) as here:
        ballast: list[Path] = []
        return _full(
            _elsewhere(stage, here),
            "disk-full",
            lambda: ballast.append(fill(disk)),
            lambda: ballast[0].unlink(),
        )


def database_full(stage: Stage) -> Outcome:
    """No page left in an SQLite database (max_page_count) for a while, then room."""
    if stage.server is not None:
        raise CannotRun("PostgreSQL has no such limit")
    pages = LimitedPages(_file_of(stage.here))
    limit = {
        "DJANGO_SETTINGS_MODULE": "tests.faults.limited",
        "MAX_PAGES": str(pages.most),
    }
    here = replace(stage.here, environment=stage.here.environment | limit)
    there = _elsewhere(stage, here)
    return _full(there, "database-full", pages.fill, pages.make_room)


def _full(
    stage: Stage, name: str, fill_it: Callable[[], None], make_room: Callable[[], None]
) -> Outcome:
    """Let there be no room for a while; the server is not restarted."""
    with stage.serving(), Load(stage.here, name) as load:
        time.sleep(BEFORE)
        fill_it()
        full = time.monotonic()
        time.sleep(2 * BEFORE)
        room = time.monotonic()
        make_room()
        time.sleep(2 * BEFORE)
    during = [note for note in load.notes if full + 1 < note.time < room]
    reads = [note for note in during if note.verb == "read"]
    served = sum(note.status == 200 for note in reads)
    refused = sum(note.status == 503 for note in during)
    outcome = stage.outcome(load, [room], f"while full: {refused} refused with 503")
    outcome.notes.append(f"{served} of {len(reads)} reads served")
    if not refused:
        outcome.complaints.append("nothing was refused: it was not full")
    if served < len(reads):
        outcome.complaints.append("a read was refused because there was no room")
    return outcome


def _elsewhere(stage: Stage, here: Installation) -> Stage:
    return Stage(here, stage.directory, stage.server)


def _file_of(here: Installation) -> Path:
    return Path(here.environment["DATABASE_URL"].removeprefix("sqlite:///"))


@contextmanager
def _moved_to(stage: Stage, disk: Path) -> Iterator[Installation]:
    """Yield the installation with its database on *disk*; of PostgreSQL, the tables.

    Its log of changes stays: without room for that the whole server stops.
    """
    if stage.server is None:
        shutil.copy(_file_of(stage.here), disk / "live.sqlite3")
        url = f"sqlite:///{disk / 'live.sqlite3'}"
        environment = stage.here.environment | {"DATABASE_URL": url}
        yield replace(stage.here, environment=environment)
        return
    space = disk / "space"
    space.mkdir()
    stage.server.own(space)
    stage.server.own(disk)
    stage.server.execute(f"CREATE TABLESPACE small LOCATION '{space}'")
    stage.server.execute("ALTER DATABASE zportal SET TABLESPACE small")
    try:
        yield stage.here
    finally:
        stage.server.execute("ALTER DATABASE zportal SET TABLESPACE pg_default")
        stage.server.execute("DROP TABLESPACE small")


def count_reads(stage: Stage) -> int:
    """Count the events of calls that only read."""
    code = (
        "from scim.models import ProvisioningEvent as E; "
        "print(E.objects.filter(method='GET').count())"
    )
    return int(run(stage.here.environment, "shell", "--no-imports", "--command", code))


def reads_recorded(stage: Stage) -> Outcome:
    """A stop under load loses no event of a read; what a kill loses is counted."""
    before = count_reads(stage)
    with stage.serving(), Load(stage.here, "reads-recorded") as load:
        time.sleep(BEFORE)
    read = sum(n.verb == "read" and n.status > 0 for n in load.notes)
    kept = count_reads(stage) - before
    outcome = stage.outcome(load, [], f"stop: {read} reads, {kept} events")
    if read != kept:
        outcome.complaints.append("a stop lost events of reads")
    return outcome


SCENARIOS = (
    worker_killed,
    server_killed,
    reloaded,
    stopped,
    reads_recorded,
    postgres_restarted,
    database_full,
    disk_full,
)
