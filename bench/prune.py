"""How long writers wait while the event log is pruned: POSTs alone, and beside it.

The server runs as ``make run`` would, and ``manage.py prune`` deletes a log of events
that are too old meanwhile. Prints a Markdown row. Run it as ``python -m bench.prune``;
DATABASE_URL names the engine, on which a database of its own is made.
"""

from __future__ import annotations

import argparse
import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

os.environ.setdefault("SECRET_KEY", secrets.token_hex(32))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "zportal.settings")

import httpx2
from django.db import connection

from tests.live import ROOT, Installation, installed, served

HEAD = (
    "| POSTs, one client | a second | median, ms | 99th percentile | longest |\n"
    "| --- | --- | --- | --- | --- |"
)
ALONE = 20
"""Seconds of the run without pruning."""

FILL = """
from datetime import timedelta
from bench.directory import fill_events
from scim.models import Organization
fill_events(Organization.objects.get(), {number}, age=timedelta(days=20))
"""


def command(here: Installation, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(  # noqa: S603 - our own interpreter and arguments
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env={**here.environment, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )


def posts(http: httpx2.Client, key: str, go_on: Callable[[], bool]) -> list[float]:
    """Create users one after the other; return the seconds of each."""
    times: list[float] = []
    while go_on():
        body = {"userName": f"{key}{len(times)}", "displayName": "x" * 100}
        begun = time.monotonic()
        http.post("/Users", json=body).raise_for_status()
        times.append(time.monotonic() - begun)
    return times


def row(title: str, times: list[float]) -> str:
    ordered = [round(each * 1000, 1) for each in sorted(times)]
    return (
        f"| {title} | {len(times) / sum(times):.0f} | {ordered[len(ordered) // 2]} "
        f"| {ordered[int(len(ordered) * 0.99)]} | {ordered[-1]} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, installed(Path(name)) as here:
        filling = command(here, "shell", "-c", FILL.format(number=options.events))
        if filling.wait():
            raise SystemExit("The log was not filled.")
        # Only the command is to prune.
        here.environment["PRUNE_EVERY"] = "0"
        headers = {"Authorization": f"Bearer {here.secret}"}
        with (
            served(here.environment, Path(name) / "log", here.address),
            httpx2.Client(headers=headers, base_url=here.base_url, timeout=60) as http,
        ):
            print(HEAD, flush=True)
            end = time.monotonic() + ALONE
            alone = posts(http, "alone", lambda: time.monotonic() < end)
            print(row("alone", alone), flush=True)
            begun = time.monotonic()
            pruning = command(here, "prune")
            beside = posts(http, "beside", lambda: pruning.poll() is None)
            took = timedelta(seconds=round(time.monotonic() - begun))
            print(row(f"beside pruning of {options.events:,} events", beside))
            print(f"\n{connection.vendor}: {pruning.communicate()[0].strip()} {took}")


if __name__ == "__main__":
    main()
