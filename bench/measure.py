"""One scenario against one subject: warm up, run, then see whether the store agrees."""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from bench import calls, processes
from bench.load import Load, Outcome
from bench.subjects import Course
from bench.wire import Wire

WARM_UP = 0.3
"""Seconds, where a scenario can be repeated at will."""

WARM_UP_USERS = 8
"""Users spent on the warm-up at most, where it cannot."""

SEEN = 40
"""Changed users that are read back."""


@dataclass
class Result:
    """What one scenario showed of one subject; times in milliseconds."""

    subject: str
    scenario: str
    users: int
    requests: int = 0
    rate: float = 0
    """Requests, or cycles, per second."""
    p50: float = 0
    p95: float = 0
    p99: float = 0
    processor: float = 0
    """The server's work for one request, a database's processes included."""
    client: float = 0
    """The load client's own work for one request."""
    not_offered: bool = False
    wrong: dict[str, int] = field(default_factory=dict)
    """Wrong answers: what was wrong, how often."""
    remarks: list[str] = field(default_factory=list)
    """What the server does not do, although it answers."""
    lost: str = ""
    """What the store did not agree with afterwards."""


def run(load: Load, course: Course, scenario: str, seconds: float, turn: str) -> Result:
    """Measure; *turn* makes names unique."""
    mine = _mine(course, scenario)
    few = min(WARM_UP_USERS, max(load.clients, len(mine) // 4))
    warm, mine = mine[:few], mine[few:]
    # A slow server has created few users to add or remove.
    is_spent = bool(warm) and not mine
    outcome, worked = _observed(load, course, scenario, WARM_UP, f"w{turn}", warm)
    written = outcome.written
    if not (is_spent or tells_enough(outcome, seconds)):
        outcome, worked = _observed(load, course, scenario, seconds, f"r{turn}", mine)
    result = _result(course, scenario, outcome, worked)
    if course.target.check and not outcome.not_offered:
        outcome.written = {**written, **outcome.written}
        result.lost = disagreement(course, scenario, outcome)
    return result


def _observed(
    load: Load, course: Course, scenario: str, seconds: float, key: str, mine: list[str]
) -> tuple[Outcome, float]:
    """Return what the clients saw, and the seconds that the server worked for it."""
    before = processes.processor_seconds(course.pids)
    people = course.ready.people
    outcome = load.run(
        course.target, scenario, seconds, key=key, people=people, mine=mine
    )
    course.settle()
    note(course, scenario, outcome)
    return outcome, processes.processor_seconds(course.pids) - before


def tells_enough(first: Outcome, seconds: float) -> bool:
    """Whether more of the same would take long and show no more.

    So it is when one request takes longer than all of them should, and when none of
    them was answered rightly.
    """
    return first.not_offered or max(first.times, default=seconds) >= seconds


def _mine(course: Course, scenario: str) -> list[str]:
    if scenario == "group-add":
        return [user for user in course.made if user not in course.members]
    if scenario == "group-remove":
        return sorted(course.members)
    return list(course.made) if scenario == "delete" else []


def note(course: Course, scenario: str, outcome: Outcome) -> None:
    """Keep account of what the store must hold now."""
    done = set(outcome.done)
    if scenario == "create":
        course.made += outcome.made
    elif scenario == "cycle":
        course.cycled += len(outcome.made)
        course.members |= done
    elif scenario == "group-add":
        course.members |= done
    elif scenario == "group-remove":
        course.members -= done
    elif scenario == "delete":
        course.made = [user for user in course.made if user not in done]
        course.members -= done


def _result(course: Course, scenario: str, outcome: Outcome, worked: float) -> Result:
    times = sorted(outcome.times)
    result = Result(course.subject.key, scenario, course.target.size.users)
    result.not_offered = outcome.not_offered
    result.wrong = dict(outcome.wrong.most_common(5))
    result.remarks = sorted(outcome.remarks)
    if not times:
        return result
    result.requests = len(times)
    result.rate = len(times) / outcome.took
    result.p50, result.p95, result.p99 = (
        _percentile(times, part) * 1000 for part in (0.5, 0.95, 0.99)
    )
    result.processor = worked / len(times) * 1000
    result.client = outcome.processor / len(times) * 1000
    return result


def _percentile(ordered: list[float], part: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))]


def median(results: list[Result]) -> Result:
    """Return the repetition of the median rate, with whatever any of them got wrong."""
    middle = statistics.median_low(result.rate for result in results)
    chosen = next(result for result in results if result.rate == middle)
    for result in results:
        chosen.wrong = {**result.wrong, **chosen.wrong}
        chosen.lost = chosen.lost or result.lost
    return chosen


# ------------------------------------------------------- what the store holds afterwards


def disagreement(course: Course, scenario: str, outcome: Outcome) -> str:
    """Return what the store holds against what it answered, "" when all is well."""
    look = _LOOKS.get(scenario)
    if look is None:
        return ""
    wire = Wire(course.target.port, course.target.base, course.target.token)
    try:
        return look(course, outcome, wire)
    finally:
        wire.close()


def _read(wire: Wire, call: calls.Call) -> Any:
    answer = wire.send(call)
    return json.loads(answer.body) if answer.status == 200 else {}


def _total(course: Course, outcome: Outcome, wire: Wire) -> str:
    found = _read(wire, calls.Call("GET", "/Users?count=1")).get("totalResults")
    return "" if found == course.users else f"{found} users, not {course.users}"


def _attribute(name: str) -> Callable[[Course, Outcome, Wire], str]:
    def look(course: Course, outcome: Outcome, wire: Wire) -> str:
        seen = list(outcome.written.items())[:: max(1, len(outcome.written) // SEEN)]
        stale = [
            user
            for user, value in seen
            if _read(wire, calls.get_user(user)).get(name) != value
        ]
        return f"{len(stale)} of {len(seen)} changes of {name} lost" if stale else ""

    return look


def _members(course: Course, outcome: Outcome, wire: Wire) -> str:
    group = _read(wire, calls.get_group(course.target.group_id))
    present = {str(member["value"]) for member in group.get("members", [])}
    missing = len(course.members - present)
    if missing:
        return f"{missing} of {len(course.members)} added members lost"
    wanted = course.target.size.members + len(course.members)
    if len(present) != wanted:
        return f"{len(present)} members, not {wanted}"
    return ""


def _cycle(course: Course, outcome: Outcome, wire: Wire) -> str:
    looks = (_members, _total, _attribute("active"))
    return "; ".join(filter(None, (look(course, outcome, wire) for look in looks)))


_LOOKS: dict[str, Callable[[Course, Outcome, Wire], str]] = {
    "create": _total,
    "patch-name": _attribute("displayName"),
    "patch-active": _attribute("active"),
    "group-add": _members,
    "group-remove": _members,
    "cycle": _cycle,
    "delete": _total,
}
