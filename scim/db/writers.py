"""Who may write, where a database lets one writer in at a time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import OperationalError, connection

_TURN = threading.Lock()


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """On SQLite, let one thread of this process write; the others wait here.

    SQLite itself lets a writer wait by sleeping, longer each time, and then wakes
    whichever looks first: with eight threads, most of the time nobody writes. Raises
    OperationalError after LOCK_SECONDS, as SQLite does.
    """
    if connection.vendor != "sqlite":
        yield
        return
    if not _TURN.acquire(timeout=settings.LOCK_SECONDS):
        raise OperationalError("database is locked by other requests")
    try:
        yield
    finally:
        _TURN.release()
