"""What the worst message costs that each limit lets in. Run as ``python -m bench.limits``.

Fills a database of its own, which is deleted afterwards, and sends each message through
Django in this process. A module of rows has a function that yields them (``Row``); one
for another part of the service is added to SOURCES.
"""

from __future__ import annotations

import argparse
import gc
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

# The thread that writes events would hold a connection to the database.
os.environ["EVENT_DELAY"] = "0"

# Sets Django up.
from bench.portal import scratch_database  # isort: split

from django.db import connection

from bench import portal_limits, saml_limits, scim_limits
from bench.people import Size
from bench.scim_limits import Row, Service
from zportal.serving.memory import give_back

BAR = 500
"""Milliseconds of processor time that a message may cost with 10,000 users."""

SOURCES: list[Callable[[Service], Iterator[Row]]] = [
    scim_limits.rows,
    saml_limits.rows,
    portal_limits.rows,
]


@dataclass
class Cost:
    """What one message cost this process; the server's own of PostgreSQL is not in it."""

    status: int
    processor: float
    """Milliseconds."""
    memory: float
    """MiB that the process held at the most, beyond what it held before."""


def measured(row: Row) -> Cost:
    """Send the message once; it is made before the clock starts."""
    gc.collect()
    # Otherwise the message would be given what others before it have left behind.
    give_back()
    # Linux begins to look for the most memory anew (proc(5)).
    Path("/proc/self/clear_refs").write_text("5")
    held, start = memory("VmRSS"), time.process_time()
    status = row.send()
    spent = (time.process_time() - start) * 1000
    return Cost(status, spent, memory("VmHWM") - held)


def memory(name: str) -> float:
    """Return a figure of /proc/self/status in MiB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    [kibibytes] = [line.split()[1] for line in lines if line.startswith(f"{name}:")]
    return int(kibibytes) / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=10_000)
    options = parser.parse_args()
    with scratch_database():
        service = Service.filled(Size(options.users))
        print(f"{connection.vendor}, {options.users:,} users\n")
        print("| Limit | Worst message | Status | Processor | Memory |")
        print("| --- | --- | --- | --- | --- |")
        for source in SOURCES:
            for row in source(service):
                cost = measured(row)
                mark = " **over**" if cost.processor > BAR else ""
                print(
                    f"| {row.limit} | {row.message} | {cost.status} "
                    f"| {cost.processor:,.0f} ms{mark} | {cost.memory:,.0f} MiB |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
