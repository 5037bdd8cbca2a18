"""Events of calls that changed nothing, written in batches beside the requests.

The event of a write belongs to its transaction and never comes here. That of a read
would otherwise be a transaction of its own: on SQLite a wait for the disk, and for every
other writer, only to note that somebody looked.

Each process has one queue and one thread, started with its first event. What a killed
process had not written yet, EVENT_DELAY seconds of reads at most, is lost; what a
stopped one had not, it writes before it ends.
"""

from __future__ import annotations

import atexit
import logging
import os
import threading
from collections.abc import Callable

from django.conf import settings
from django.db import DatabaseError, close_old_connections, connection, transaction

from scim.models import ProvisioningEvent

logger = logging.getLogger(__name__)

FULL = 1_000
"""Events that wait at the most. Whoever adds another one writes it himself."""

BATCH = 200
"""Events in one statement; and so many make the thread write before its time."""

Finish = Callable[[], ProvisioningEvent]
"""Completes an event: masking and cutting bodies is done beside the request too."""


class EventQueue:
    """The events of this process that wait to be written."""

    def __init__(self) -> None:
        self._waiting: list[Finish] = []
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None

    def add(self, finish: Finish) -> None:
        """Write the event soon; at once where EVENT_DELAY is 0, or the queue is full."""
        if not settings.EVENT_DELAY:
            finish().save(force_insert=True)
            return
        with self._lock:
            full = len(self._waiting) >= FULL
            if not full:
                self._waiting.append(finish)
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name="events", daemon=True
                )
                self._thread.start()
            if len(self._waiting) >= BATCH:
                self._wake.set()
        if full:
            finish().save(force_insert=True)

    def flush(self) -> None:
        """Write what waits, now, in the calling thread."""
        with self._writing:
            with self._lock:
                taken, self._waiting = self._waiting, []
            for start in range(0, len(taken), BATCH):
                _write([finish() for finish in taken[start : start + BATCH]])

    def _run(self) -> None:
        while True:
            self._wake.wait(settings.EVENT_DELAY)
            self._wake.clear()
            if not self._waiting:
                continue
            try:
                close_old_connections()
                self.flush()
            except Exception:
                # The thread is the only one there is: it outlives whatever this was.
                logger.exception("Events of SCIM calls could not be recorded.")
                connection.close()


def _write(events: list[ProvisioningEvent]) -> None:
    """Insert *events* in one transaction, or each in its own when that is refused."""
    try:
        with transaction.atomic():
            ProvisioningEvent.objects.bulk_create(events, BATCH)
    except DatabaseError:
        for event in events:
            _write_alone(event)


def _write_alone(event: ProvisioningEvent) -> None:
    """Insert one event; its organization may be gone, or the database away."""
    try:
        with transaction.atomic():
            event.save(force_insert=True)
    except DatabaseError:
        logger.exception("The event of a SCIM call could not be recorded.")


queue = EventQueue()


def _begin_anew() -> None:
    """A forked process has none of its parent's threads, nor its events."""
    global queue
    queue = EventQueue()


os.register_at_fork(after_in_child=_begin_anew)
atexit.register(lambda: queue.flush())
