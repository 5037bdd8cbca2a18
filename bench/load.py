"""The load: client processes with kept connections, in a closed loop, for some seconds."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from typing import Any

from bench import calls
from bench.calls import Call
from bench.people import Size
from bench.scenarios import STEPS, Client, NotOffered, Wrong
from bench.wire import Wire

CLIENTS = 4
MOST_WRONG = 20
"""Wrong answers in a row, more or less, after which a client gives up."""


@dataclass(frozen=True)
class Target:
    """A running server as the clients see it."""

    port: int
    base: str
    token: str
    group_id: str
    size: Size
    remove: Callable[[str, str], Call] = calls.remove_member
    check: bool = True


@dataclass(frozen=True)
class Task:
    """What one client does."""

    target: Target
    scenario: str
    key: str
    seconds: float
    begin: float
    """When, by the monotonic clock, which all processes share."""
    people: list[tuple[str, str]]
    mine: list[str]
    steps: int
    """How many at most."""


@dataclass
class Outcome:
    """What one client, or all of them together, saw."""

    times: list[float] = field(default_factory=list)
    """Seconds of each step that went well."""
    took: float = 0
    made: list[str] = field(default_factory=list)
    done: list[str] = field(default_factory=list)
    written: dict[str, Any] = field(default_factory=dict)
    wrong: Counter[str] = field(default_factory=Counter)
    not_offered: bool = False
    remarks: Counter[str] = field(default_factory=Counter)
    opened: int = 0
    processor: float = 0
    """Seconds that the client itself worked."""

    def add(self, other: Outcome) -> None:
        self.times += other.times
        self.took = max(self.took, other.took)
        self.made += other.made
        self.done += other.done
        self.written |= other.written
        self.wrong += other.wrong
        self.not_offered |= other.not_offered
        self.remarks += other.remarks
        self.opened += other.opened
        self.processor += other.processor


def work(task: Task) -> Outcome:
    """Run one client; called in a process of its own."""
    target = task.target
    client = Client(
        wire=Wire(target.port, target.base, target.token),
        key=task.key,
        size=target.size,
        group_id=target.group_id,
        people=task.people,
        mine=task.mine,
        remove=target.remove,
        check=target.check,
    )
    outcome = Outcome()
    time.sleep(max(0, task.begin - time.monotonic()))
    before, began = time.process_time(), time.perf_counter()
    try:
        _loop(client, task, outcome, began + task.seconds)
    except NotOffered:
        outcome.not_offered = True
    finally:
        outcome.took = time.perf_counter() - began
        outcome.processor = time.process_time() - before
        client.wire.close()
    outcome.made, outcome.done = client.made, client.done
    outcome.written = client.written
    outcome.remarks = client.remarks
    outcome.opened = client.wire.opened
    return outcome


def _loop(client: Client, task: Task, outcome: Outcome, end: float) -> None:
    """Step until the time is over; a generator that raised is followed by a new one."""
    is_over = False
    while not is_over and outcome.wrong.total() < MOST_WRONG:
        try:
            is_over = _steps(client, task, outcome, end)
        except Wrong as wrong:
            outcome.wrong[str(wrong)] += 1
            client.mine = [user for user in client.mine if user not in client.done]
            client.count += 1
        except OSError as error:
            outcome.wrong[f"{type(error).__name__}: {error}"] += 1
            client.wire.close()
        is_over = is_over or time.perf_counter() >= end


def _steps(client: Client, task: Task, outcome: Outcome, end: float) -> bool:
    """Return True when there is nothing more to do; raise on a wrong answer."""
    steps = STEPS[task.scenario](client)
    while len(outcome.times) < task.steps:
        began = time.perf_counter()
        if began >= end or next(steps, False) is False:
            break
        outcome.times.append(time.perf_counter() - began)
    return True


class Load:
    """The client processes, started once and used for every scenario."""

    def __init__(self, clients: int = CLIENTS) -> None:
        self.clients = clients
        self._pool = ProcessPoolExecutor(clients, mp_context=get_context("spawn"))

    def close(self) -> None:
        self._pool.shutdown(cancel_futures=True)

    def run(
        self,
        target: Target,
        scenario: str,
        seconds: float,
        *,
        key: str,
        people: list[tuple[str, str]],
        mine: list[str],
        steps: int = 10_000_000,
    ) -> Outcome:
        """Let all clients work at once; each has its share of *people* and *mine*.

        They stop after *seconds*, or when each of them has made *steps*.
        """
        begin = time.monotonic() + 0.05
        tasks = [
            Task(
                target,
                scenario,
                f"{key}{number}",
                seconds,
                begin,
                people[number :: self.clients],
                mine[number :: self.clients],
                steps,
            )
            for number in range(self.clients)
        ]
        whole = Outcome()
        for outcome in self._pool.map(work, tasks, timeout=seconds + 300):
            whole.add(outcome)
        return whole
