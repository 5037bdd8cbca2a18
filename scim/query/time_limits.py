"""An end for the statements of a search, on both databases.

A time-out of PostgreSQL's own would have to be set before each search and unset before
each write, and SQLite has none. So one thread of each process looks at the searches that
run, and interrupts the statement of one whose time is up: to a search that ends in time
this costs no query and no thread.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from django.db import Error, OperationalError, connection

from scim.errors import TooMany

SEARCH_SECONDS = 20.0
"""How long the statements of one search may take together."""

LOOK_SECONDS = 0.5
"""How often the thread looks at what runs."""

CANCEL_SECONDS = 5.0
"""How long PostgreSQL may take to accept that a statement is to be ended."""

_QUERY_CANCELED = "57014"
"""PostgreSQL's state of a statement that was interrupted."""


class _Search:
    """A search and the driver's connection that it runs on."""

    def __init__(self, raw: Any) -> None:
        self.end = time.monotonic() + SEARCH_SECONDS
        self.interrupted = False
        self._raw: Any = raw
        self._lock = threading.Lock()

    def interrupt(self) -> None:
        """End the statement that runs; called again if it was between two of them.

        The search waits meanwhile before it is done, so what comes after it on its
        connection, such as a write, is never hit: by then PostgreSQL's process has the
        signal, and one that runs nothing ignores it.
        """
        with self._lock:
            if self._raw is None:
                return
            self.interrupted = True
            # A server that is away ends the statement by that; it is asked again.
            with suppress(Exception):
                if isinstance(self._raw, sqlite3.Connection):
                    self._raw.interrupt()
                else:
                    self._raw.cancel_safe(timeout=CANCEL_SECONDS)

    def done(self) -> None:
        with self._lock:
            self._raw = None


class _Watch:
    """The searches that run in this process, and the thread that looks at them."""

    def __init__(self) -> None:
        self._searches: set[_Search] = set()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def add(self, search: _Search) -> None:
        with self._lock:
            self._searches.add(search)
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name="time limits", daemon=True
                )
                self._thread.start()

    def remove(self, search: _Search) -> None:
        with self._lock:
            self._searches.discard(search)
        search.done()

    def _run(self) -> None:
        pause = threading.Event()
        while True:
            pause.wait(LOOK_SECONDS)
            with self._lock:
                searches = list(self._searches)
            for search in searches:
                if time.monotonic() > search.end:
                    search.interrupt()


@contextmanager
def limited_search() -> Iterator[None]:
    """Run a search, which changes nothing; raise TooMany when its time is up."""
    connection.ensure_connection()
    search = _Search(connection.connection)
    _watch.add(search)
    try:
        yield
    except OperationalError as exc:
        if search.interrupted and _is_interruption(exc):
            raise TooMany(
                f"The search took more than {SEARCH_SECONDS:g} seconds and was ended. "
                "Use fewer or more selective terms in the filter, leave sortBy out, or "
                "ask for fewer resources at once."
            ) from None
        raise
    finally:
        _watch.remove(search)


def _is_interruption(exc: Error) -> bool:
    cause = exc.__cause__
    return (
        getattr(cause, "sqlstate", None) == _QUERY_CANCELED
        or getattr(cause, "sqlite_errorcode", None) == sqlite3.SQLITE_INTERRUPT
    )


_watch = _Watch()


def _begin_anew() -> None:
    """A forked process has none of its parent's threads, nor its searches."""
    global _watch
    _watch = _Watch()


os.register_at_fork(after_in_child=_begin_anew)
