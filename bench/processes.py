"""What processes cost, as /proc tells: processor time and memory of whole trees."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

PROC = Path("/proc")
TICK = os.sysconf("SC_CLK_TCK")


def _stat(pid: int) -> list[str]:
    """Return the fields after the name, which may itself hold spaces: state, ppid, ..."""
    text = (PROC / str(pid) / "stat").read_text()
    return text.rpartition(")")[2].split()


def parent_of(pid: int) -> int:
    return int(_stat(pid)[1])


def tree(roots: Iterable[int]) -> list[int]:
    """Return the processes *roots* and all that descend from them."""
    children: dict[int, list[int]] = defaultdict(list)
    for entry in PROC.iterdir():
        if entry.name.isdecimal():
            try:
                children[parent_of(int(entry.name))].append(int(entry.name))
            except (FileNotFoundError, ProcessLookupError):
                continue
    found: list[int] = []
    waiting = list(roots)
    while waiting:
        pid = waiting.pop()
        found.append(pid)
        waiting += children[pid]
    return found


def processor_seconds(roots: Iterable[int]) -> float:
    """Return the time that the trees have worked, ended children included."""
    total = 0
    for pid in tree(roots):
        try:
            total += sum(map(int, _stat(pid)[11:15]))
        except (FileNotFoundError, ProcessLookupError):
            continue
    return total / TICK


def memory(roots: Iterable[int]) -> tuple[float, float]:
    """Return the memory of the trees in MiB: RSS, and PSS, which counts shared pages once."""
    kib = {"Rss": 0, "Pss": 0}
    for pid in tree(roots):
        try:
            lines = (PROC / str(pid) / "smaps_rollup").read_text().splitlines()
        except (FileNotFoundError, ProcessLookupError):
            continue
        for line in lines:
            name, _, value = line.partition(":")
            if name in kib:
                kib[name] += int(value.split()[0])
    return kib["Rss"] / 1024, kib["Pss"] / 1024
