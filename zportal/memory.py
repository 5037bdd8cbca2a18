"""What keeps the processes of the server small, measured by bench.compare.

The master process imports everything and its workers share its pages, until somebody
writes to them. Python writes a lot: it counts references, and its collector marks what
it looks at. The C library in turn keeps what threads gave back, for each of them.
"""

from __future__ import annotations

import ctypes
import gc

ARENAS = 2
"""Heaps of the C library in a process. It would make eight a processor, and each keeps
its own free memory; threads that hold Python's lock in turn hardly contend for them."""

_M_ARENA_MAX = -8


def share_with_children() -> None:
    """Let the collector leave alone what is there now: before a process forks."""
    gc.collect()
    gc.freeze()


def use_few_heaps() -> None:
    """Keep threads from having a heap each; call it before they start."""
    # Other C libraries than glibc have no such function, and less need of it.
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, ARENAS)


def give_back() -> None:
    """Return what is free to the system; takes about a millisecond."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
