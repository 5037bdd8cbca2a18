"""Traps that tell whether anything outside of a message was touched.

A FIFO blocks whoever opens it until somebody opens its other end. A process of its own
watches it: libxml2 may hold the interpreter's lock while it waits, and no thread of the
test would run.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

WATCH = """
import os, sys, time
fifo, log = sys.argv[1:]
print("ready", flush=True)
while True:
    try:
        end = os.open(fifo, os.O_WRONLY | os.O_NONBLOCK)
    except OSError:
        time.sleep(0.002)
        continue
    with open(log, "a") as opened:
        opened.write("opened\\n")
    # The reader finds nothing and goes on, so the test ends.
    os.close(end)
    time.sleep(0.02)
"""


@dataclass
class Trap:
    """A FIFO and a port of this machine that nobody has a reason to touch."""

    directory: Path

    def __enter__(self) -> Self:
        self.fifo = self.directory / "fifo"
        self.log = self.directory / "opened"
        os.mkfifo(self.fifo)
        self.log.touch()
        self.watcher = subprocess.Popen(  # noqa: S603 - this interpreter, and our text
            [sys.executable, "-c", WATCH, str(self.fifo), str(self.log)],
            stdout=subprocess.PIPE,
        )
        assert self.watcher.stdout is not None
        assert self.watcher.stdout.readline() == b"ready\n"
        self.port = socket.create_server(("127.0.0.1", 0))
        self.port.setblocking(False)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.watcher.kill()
        self.watcher.communicate()
        self.port.close()

    @property
    def addresses(self) -> dict[str, str]:
        """The ways to write where the traps are, by name."""
        up = "../" * 12
        return {
            "file://": f"file://{self.fifo}",
            "file://localhost": f"file://localhost{self.fifo}",
            "a path": str(self.fifo),
            "a relative path": f"{up}{str(self.fifo).removeprefix('/')}",
            "http://": f"http://127.0.0.1:{self.port.getsockname()[1]}/x",
        }

    def assert_untouched(self) -> None:
        # What is opened is logged within two milliseconds.
        time.sleep(0.01)
        assert self.log.read_text() == "", "the FIFO was opened"
        try:
            connection, _ = self.port.accept()
        except BlockingIOError:
            return
        connection.close()
        raise AssertionError("the port was connected to")
