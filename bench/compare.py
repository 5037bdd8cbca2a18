"""The SCIM service beside its peers, in one run. Run by ``make bench-scim``.

Every subject is filled with the same directory and served on this machine; then, one
scenario after the other, each of them gets the same load in turn while the others rest.
Writes docs/benchmarks.md, its chart, and the raw figures below var/.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import time
from contextlib import ExitStack
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any

from bench import measure, processes, report, soak, versions
from bench.load import Load
from bench.measure import Result
from bench.peers.serving import ROOT
from bench.people import Size
from bench.scenarios import TITLES
from bench.subjects import SUBJECTS, Course, Skipped, Subject, running

RAW = ROOT / "var" / "bench" / "scim.json"


def compare(
    subjects: list[Subject],
    sizes: list[int],
    seconds: float,
    repeat: int,
    scenarios: list[str],
    raw: Path,
) -> dict[str, Any]:
    """Measure, and return everything that the report needs.

    It is kept in *raw* after each scenario, so that a run that is broken off tells what
    it saw.
    """
    run: dict[str, Any] = {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": seconds,
        "repeat": repeat,
        "sizes": sizes,
        "versions": versions.of_this_machine(),
        "skipped": {},
        "results": [],
        "memory": [],
        "queries": {},
        "load_average": [os.getloadavg()[0]],
    }
    load = Load()
    run["clients"] = load.clients
    try:
        for users in sizes:
            _at_size(run, load, subjects, Size(users), scenarios, raw)
            run["load_average"].append(os.getloadavg()[0])
    finally:
        load.close()
    return run


def _at_size(
    run: dict[str, Any],
    load: Load,
    subjects: list[Subject],
    size: Size,
    scenarios: list[str],
    raw: Path,
) -> None:
    with ExitStack() as stack:
        courses = []
        for subject in subjects:
            began = time.monotonic()
            try:
                course = stack.enter_context(running(subject, size))
            except Skipped as skipped:
                run["skipped"][subject.key] = str(skipped)
                print(f"{subject.title}: SKIPPED, {skipped}", flush=True)
                continue
            took = time.monotonic() - began
            said = f"{size.users:,} users, filled in {took:.1f} s"
            print(f"{subject.title}: {said}", flush=True)
            run["versions"] |= course.ready.versions
            if not subject.is_floor and course.ready.queries:
                run["queries"][subject.key] = course.ready.queries
            courses.append(course)
        for scenario in scenarios:
            _scenario(run, load, courses, scenario)
            keep(run, raw)
        for course in courses:
            rss, pss = processes.memory(course.pids)
            own = processes.memory([course.ready.pid])[1]
            run["memory"].append(
                {
                    "subject": course.subject.key,
                    "users": size.users,
                    "rss": rss,
                    "pss": pss,
                    "own_pss": own,
                }
            )


def _scenario(
    run: dict[str, Any], load: Load, courses: list[Course], scenario: str
) -> None:
    found: dict[str, list[Result]] = {}
    for turn in range(run["repeat"]):
        for course in courses:
            key = f"{turn}{scenario}"
            result = measure.run(load, course, scenario, run["seconds"], key)
            found.setdefault(course.subject.key, []).append(result)
    for results in found.values():
        result = measure.median(results)
        run["results"].append(asdict(result))
        _say(result)


def _say(result: Result) -> None:
    said = f"  {result.scenario:13}{result.subject:18}{result.rate:9.1f}/s"
    said += f"  p95 {result.p95:8.1f} ms  cpu {result.processor:7.2f} ms"
    said += f"  client {result.client:5.2f} ms"
    if result.not_offered:
        said += "  501"
    if result.wrong or result.lost:
        said += f"  WRONG {result.wrong} {result.lost}"
    if result.remarks:
        said += f"  ({', '.join(result.remarks)})"
    print(said, flush=True)


def arguments(given: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--sizes", default="1000,10000,100000", help="numbers of users, with commas"
    )
    parser.add_argument("--seconds", type=float, default=4, help="of each scenario")
    parser.add_argument("--repeat", type=int, default=1, help="the median is kept")
    parser.add_argument(
        "--subjects",
        default="",
        help=f"of {', '.join(subject.key for subject in SUBJECTS)}; all when empty",
    )
    parser.add_argument(
        "--scenarios", default="", help=f"of {', '.join(TITLES)}; all when empty"
    )
    parser.add_argument(
        "--soak",
        type=int,
        nargs="?",
        const=100_000,
        default=0,
        metavar="REQUESTS",
        help="watch the memory of one subject instead; the first of --subjects",
    )
    parser.add_argument("--from", dest="source", type=Path, help="raw figures to use")
    parser.add_argument("--raw", type=Path, default=RAW, help="where to keep them")
    parser.add_argument("--docs", type=Path, default=ROOT / "docs")
    return parser.parse_args(given)


def chosen(text: str, known: list[str]) -> list[str]:
    """Return the names in *text*, or all that are known; end when one is not."""
    names = [name for name in text.split(",") if name] or known
    if unknown := [name for name in names if name not in known]:
        sys.exit(f"{', '.join(unknown)}: known are {', '.join(known)}")
    return [name for name in known if name in names]


def main(given: list[str] | None = None) -> None:
    options = arguments(given)
    run = json.loads(options.source.read_text()) if options.source else _run(options)
    if not run:
        return
    for path in report.write(run, options.docs):
        print(f"written: {path}")


def _run(options: argparse.Namespace) -> dict[str, Any]:
    """Measure what the options ask for, and keep the raw figures."""
    keys = chosen(options.subjects, [subject.key for subject in SUBJECTS])
    subjects = [subject for subject in SUBJECTS if subject.key in keys]
    sizes = [int(size) for size in options.sizes.split(",")]
    run: dict[str, Any] = {}
    if options.soak:
        soaked = soak.soak(subjects[0], Size(sizes[0]), options.soak)
        if options.raw.is_file():
            run = json.loads(options.raw.read_text())
            run["soak"] = soaked
    else:
        scenarios = chosen(options.scenarios, list(TITLES))
        run = compare(
            subjects, sizes, options.seconds, options.repeat, scenarios, options.raw
        )
    if run:
        keep(run, options.raw)
    return run


def keep(run: dict[str, Any], raw: Path) -> None:
    raw.parent.mkdir(parents=True, exist_ok=True)
    raw.write_text(json.dumps(run, indent=1))


def _end(number: int, frame: FrameType | None) -> None:
    sys.exit(128 + number)


if __name__ == "__main__":
    # Ended from outside, it still ends what it started.
    signal.signal(signal.SIGTERM, _end)
    main()
