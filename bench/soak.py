"""Whether the memory of a service stays flat over many requests of all kinds."""

from __future__ import annotations

from collections import Counter
from typing import Any

from bench import processes
from bench.load import Load
from bench.people import Size
from bench.subjects import Subject, running

SAMPLE_EVERY = 10_000
"""Requests between two looks at the memory."""

MOST_SECONDS = 1_800
"""For so many requests, before they are given up."""

BAR = 250
"""MiB of all processes together."""


def soak(subject: Subject, size: Size, requests: int) -> dict[str, Any]:
    """Send *requests* to the subject and return its memory meanwhile, in MiB."""
    load = Load()
    samples: list[dict[str, float]] = []
    wrong: Counter[str] = Counter()
    try:
        with running(subject, size) as course:
            sent = 0
            while True:
                rss, pss = processes.memory([course.ready.pid])
                samples.append({"requests": sent, "rss": rss, "pss": pss})
                mark = "" if pss < BAR else f"   over {BAR} MiB"
                said = f"  {sent:9,} requests  RSS {rss:6.1f}  PSS {pss:6.1f}{mark}"
                print(said, flush=True)
                if sent >= requests:
                    break
                outcome = load.run(
                    course.target,
                    "mixed",
                    MOST_SECONDS,
                    key=f"s{sent}",
                    people=course.ready.people,
                    mine=[],
                    steps=min(SAMPLE_EVERY, requests - sent) // load.clients,
                )
                sent += len(outcome.times)
                wrong.update(outcome.wrong)
                if outcome.wrong:
                    print(f"  WRONG {dict(outcome.wrong)}")
                if not outcome.times:
                    break
    finally:
        load.close()
    return {
        "subject": subject.key,
        "users": size.users,
        "samples": samples,
        "wrong": wrong.total(),
    }
