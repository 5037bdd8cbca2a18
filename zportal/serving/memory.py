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

LARGE = 8 * 1024 * 1024
"""Bytes of a block that is returned to the system as soon as it is free. The C library
would raise its own limit to the largest block that it has seen, and keep each of its heaps
as large as the hash of a password: 38 MiB in each process, measured by bench.sign_in."""

_M_ARENA_MAX = -8
_M_MMAP_THRESHOLD = -3
_M_TRIM_THRESHOLD = -1


def share_with_children() -> None:
    """Let the collector leave alone what is there now: before a process forks."""
    gc.collect()
    gc.freeze()


def use_few_heaps() -> None:
    """Keep threads from having a heap each, and heaps from keeping large blocks.

    Call it before threads start.
    """
    # Other C libraries than glibc have no such function, and less need of it.
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, ARENAS)
        mallopt(_M_MMAP_THRESHOLD, LARGE)
        # Otherwise it becomes 128 KiB with the other, and heaps breathe all the time.
        mallopt(_M_TRIM_THRESHOLD, 2 * LARGE)


def give_back() -> None:
    """Return what is free to the system; takes about a millisecond."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
