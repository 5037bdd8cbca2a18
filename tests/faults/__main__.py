"""Run the scenarios: python -m tests.faults [NAME ...]; exits with 1 if one failed."""

from __future__ import annotations

import os
import sys
import tempfile
from contextlib import ExitStack, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

from tests.faults.databases import CannotRun, postgres
from tests.faults.scenarios import SCENARIOS, Stage
from tests.live import installed

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.faults.scenarios import Outcome


def run_on(engine: str, names: list[str]) -> int:
    """Run the scenarios on one kind of database; return how many failed."""
    failed = 0
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        server = stack.enter_context(postgres()) if engine == "PostgreSQL" else None
        url = server.url if server else f"sqlite:///{directory / 'live.sqlite3'}"
        here = stack.enter_context(installed(directory, database=nullcontext(url)))
        for scenario in SCENARIOS:
            if not names or scenario.__name__ in names:
                stage = Stage(here, directory, server)
                failed += not report(engine, scenario, stage)
                stage.log.unlink(missing_ok=True)
    return failed


def report(engine: str, scenario: Callable[[Stage], Outcome], stage: Stage) -> bool:
    """Run one scenario and print its figures; return whether all is well."""
    name = f"{engine} {scenario.__name__}"
    try:
        outcome = scenario(stage)
    except CannotRun as exc:
        print(f"SKIPPED {name}: {exc}.", flush=True)
        return True
    print(f"{'PASSED' if outcome.is_good else 'FAILED'} {name}")
    for line in (str(outcome.verdict), *outcome.notes, *outcome.complaints):
        print(f"    {line}", flush=True)
    if not outcome.is_good:
        print(stage.log.read_text()[-4000:], flush=True)
    return outcome.is_good


def main(names: list[str]) -> int:
    failed = 0
    engines = [name for name in names if name in ("SQLite", "PostgreSQL")]
    scenarios = [name for name in names if name not in engines]
    for engine in engines or ["SQLite", "PostgreSQL"]:
        try:
            failed += run_on(engine, scenarios)
        except CannotRun as exc:
            print(f"SKIPPED {engine}: {exc}.", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
