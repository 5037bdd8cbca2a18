"""Databases that a scenario may break: a PostgreSQL server of its own, a small disk."""

from __future__ import annotations

import glob
import os
import pwd
import shutil
import sqlite3
import subprocess
import tempfile
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

if TYPE_CHECKING:
    from collections.abc import Iterator

DISK = 256
"""MiB of the disk that runs full."""

PAGES = 4_096
"""By how many pages an SQLite database may grow that runs full."""


class CannotRun(Exception):
    """What this machine lacks for a scenario, in words."""


class Postgres:
    """A throw-away server that keeps its promises: fsync is on."""

    def __init__(self, directory: Path) -> None:
        binaries = sorted(glob.glob("/usr/lib/postgresql/*/bin"))  # noqa: PTH207
        found = shutil.which("initdb")
        if found:
            binaries.append(str(Path(found).resolve().parent))
        if not binaries:
            raise CannotRun("no PostgreSQL server is installed")
        self.bin = Path(binaries[-1])
        self.directory = directory
        self.data = directory / "db"
        # The server refuses to run as root.
        self.owner = "postgres" if os.geteuid() == 0 else None
        self.own(directory)

    def own(self, path: Path) -> None:
        if self.owner:
            account = pwd.getpwnam(self.owner)
            os.chown(path, account.pw_uid, account.pw_gid)

    def run(self, program: str, *arguments: str) -> None:
        subprocess.run(  # noqa: S603 - the server's own programs
            [str(self.bin / program), "-D", str(self.data), *arguments],
            check=True,
            user=self.owner,
            group=self.owner,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def start(self) -> None:
        options = f"-k {self.directory} -c listen_addresses="
        log = str(self.directory / "log")
        self.run("pg_ctl", "-l", log, "-w", "start", "-o", options)

    def stop(self, mode: str) -> None:
        """*mode* fast ends connections; immediate is a crash of the server."""
        self.run("pg_ctl", "-m", mode, "-w", "stop")

    def execute(self, statement: str) -> None:
        with psycopg.connect(
            host=str(self.directory), user="postgres", autocommit=True
        ) as server:
            server.execute(statement.encode())

    @property
    def url(self) -> str:
        return f"postgres://postgres@/zportal?host={self.directory}"


@contextmanager
def postgres() -> Iterator[Postgres]:
    directory = Path(tempfile.mkdtemp(prefix="zportal-faults-"))
    server = None
    try:
        server = Postgres(directory)
        server.run("initdb", "-U", "postgres", "-A", "trust", "-E", "UTF8", "-N")
        server.start()
        server.execute("CREATE DATABASE zportal")
        yield server
    finally:
        if server is not None and (server.data / "postmaster.pid").exists():
            server.stop("immediate")
        shutil.rmtree(directory)


@contextmanager
def small_disk() -> Iterator[Path]:
    """Mount a disk of DISK MiB in memory; raise CannotRun where that is forbidden."""
    directory = Path(tempfile.mkdtemp(prefix="zportal-disk-"))
    mount = shutil.which("mount") or "mount"
    try:
        done = subprocess.run(  # noqa: S603
            [mount, "-t", "tmpfs", "-o", f"size={DISK}m", "zportal", str(directory)],
            check=False,
            capture_output=True,
        )
        if done.returncode:
            raise CannotRun("mounting a small disk needs root")
        try:
            yield directory
        finally:
            subprocess.run([shutil.which("umount") or "umount", directory], check=True)  # noqa: S603
    finally:
        directory.rmdir()


def fill(directory: Path) -> Path:
    """Leave no room on the disk; return the file to delete."""
    ballast = directory / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while file.write(b"\0" * 65536):
                pass
        except OSError:
            pass
        try:
            while file.write(b"\0" * 512):
                pass
        except OSError:
            pass
    return ballast


class LimitedPages:
    """An SQLite database whose connections may let it grow by PAGES, and a ballast."""

    def __init__(self, file: Path) -> None:
        self.file = file
        with self._open() as link:
            self.most = link.execute("PRAGMA page_count").fetchone()[0] + PAGES

    def fill(self) -> None:
        """Leave no page, with the same limit as everybody else."""
        with self._open() as link:
            link.execute(f"PRAGMA max_page_count={self.most}")
            link.execute("CREATE TABLE ballast (content BLOB)")
            for size in (1_048_576, 65_536, 2_048):
                with suppress(sqlite3.OperationalError):
                    while True:
                        link.execute("INSERT INTO ballast VALUES (zeroblob(?))", [size])

    def make_room(self) -> None:
        with self._open() as link:
            link.execute("DROP TABLE ballast")

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with closing(
            sqlite3.connect(self.file, timeout=60, isolation_level=None)
        ) as link:
            yield link
