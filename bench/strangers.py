"""What strangers cost provisioning: POSTs a second, alone and beside calls without a token.

Each engine serves one organization whose log is long, as ``make run`` would. Prints a
Markdown table. Run it as ``python -m bench.strangers``; for PostgreSQL, TEST_DATABASE_URL
names the server, or a throw-away one is started.
"""

from __future__ import annotations

import argparse
import os
import statistics
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from bench.load import Load
from bench.people import Size
from bench.subjects import SUBJECTS, Course, Skipped, running

CALLS_PER_SECOND = 3
USERS = 1_000
ROUNDS = 3

ENGINES = ("ours-sqlite", "ours-postgresql")


@contextmanager
def strangers(course: Course) -> Iterator[None]:
    """Let strangers call meanwhile: discovery without a token, a list with a wrong one."""
    address = f"http://127.0.0.1:{course.target.port}{course.target.base}"
    calls = cycle(
        (
            Request(f"{address}/ServiceProviderConfig"),  # noqa: S310 - our own server
            Request(  # noqa: S310
                f"{address}/Users", headers={"Authorization": "Bearer wrong"}
            ),
        )
    )
    end = threading.Event()

    def call() -> None:
        while not end.wait(1 / CALLS_PER_SECOND):
            try:
                urlopen(next(calls), timeout=60).close()  # noqa: S310 - as above
            except HTTPError as refusal:
                refusal.close()

    caller = threading.Thread(target=call)
    caller.start()
    try:
        yield
    finally:
        end.set()
        caller.join()


def posts_per_second(load: Load, course: Course, seconds: float, key: str) -> float:
    """Create users for so many seconds; end when one of them was not created."""
    outcome = load.run(course.target, "create", seconds, key=key, people=[], mine=[])
    if outcome.wrong:
        raise SystemExit(f"Wrong answers: {dict(outcome.wrong)}")
    return len(outcome.times) / outcome.took


def measure(load: Load, course: Course, seconds: float) -> tuple[float, float]:
    """Return the medians alone and beside strangers, measured in turns."""
    alone, beside = [], []
    posts_per_second(load, course, 2, "warm")
    for number in range(ROUNDS):
        alone.append(posts_per_second(load, course, seconds, f"alone{number}-"))
        with strangers(course):
            beside.append(posts_per_second(load, course, seconds, f"beside{number}-"))
    return statistics.median(alone), statistics.median(beside)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--seconds", type=float, default=10)
    options = parser.parse_args()
    os.environ["BENCH_EVENTS"] = str(options.events)
    load = Load()
    print(
        f"POST /Users a second with {options.events:,} events in the log; medians of "
        f"{ROUNDS} times {options.seconds:g} seconds.\n"
    )
    print(f"| | alone | beside {CALLS_PER_SECOND} calls/s of strangers |")
    print("| --- | --- | --- |")
    for subject in SUBJECTS:
        if subject.key in ENGINES:
            try:
                with running(subject, Size(USERS)) as course:
                    alone, beside = measure(load, course, options.seconds)
            except Skipped as reason:
                print(f"| {subject.title} | {reason} | |")
                continue
            print(f"| {subject.title} | {alone:.0f} | {beside:.0f} |", flush=True)
    load.close()


if __name__ == "__main__":
    main()
