"""What calls leave behind beside their answer, written in batches beside the requests.

That is the events of calls that changed nothing, and the last use of a token. The event
of a write belongs to its transaction and never comes here. That of a read would
otherwise be a transaction of its own: on SQLite a wait for the disk, and for every other
writer, only to note that somebody looked.

Each process has one queue and one thread, started with its first event. What a killed
process had not written yet, EVENT_DELAY seconds of reads at most, is lost; what a
stopped one had not, it writes before it ends. While the database takes nothing, because
it is away, locked or full, FULL events wait for it, or FULL_BYTES of bodies, and more are
lost and counted: no call is refused for its event.
"""

from __future__ import annotations

import atexit
import logging
import os
import threading
from collections.abc import Callable, Hashable
from itertools import accumulate

from django.conf import settings
from django.db import (
    DatabaseError,
    Error,
    InterfaceError,
    OperationalError,
    close_old_connections,
    connection,
    transaction,
)

from scim.db.writers import one_at_a_time
from scim.events import quota
from scim.models import ProvisioningEvent

logger = logging.getLogger(__name__)

FULL = 1_000
"""Events that wait at the most. Whoever adds another one writes it himself."""

FULL_BYTES = 8 * 1024 * 1024
"""Bytes of bodies, more or less, with which as many wait as can."""

BATCH = 200
"""Events in one statement; and so many make the thread write before its time."""

BATCH_BYTES = 2 * 1024 * 1024
"""The same in bytes of bodies: driver and database hold them once more each."""

AGAIN = 1.0
"""Seconds until the next try when the database took nothing."""

Finish = Callable[[], ProvisioningEvent]
"""Completes an event, any number of times: masking bodies is done beside the request."""

Waiting = tuple[Finish, int]
"""An event and the bytes of the bodies that wait with it."""


class EventQueue:
    """The events of this process that wait to be written."""

    def __init__(self) -> None:
        self._waiting: list[Waiting] = []
        self._held = 0
        """Bytes of what waits."""
        self._notes: dict[Hashable, Callable[[], object]] = {}
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None
        self._refused = False
        """Whether the database took nothing when it was last asked."""
        self._lost = 0

    def add(self, finish: Finish, size: int) -> None:
        """Write the event soon; at once where EVENT_DELAY is 0, or the queue is full.

        *size* is that of the bodies that *finish* keeps in memory, in bytes.
        """
        if not settings.EVENT_DELAY:
            self._attempt(finish)
            return
        with self._lock:
            full = len(self._waiting) >= FULL or self._held >= FULL_BYTES
            if not full:
                self._waiting.append((finish, size))
                self._held += size
            elif self._refused:
                self._lost += 1
            self._start()
            much = len(self._waiting) >= BATCH or self._held >= BATCH_BYTES
            if much and not self._refused:
                self._wake.set()
        if full and not self._refused:
            self._attempt(finish)

    def note(self, key: Hashable, write: Callable[[], object]) -> None:
        """Call *write* soon; another note of the same *key* takes its place."""
        if not settings.EVENT_DELAY:
            write()
            return
        with self._lock:
            self._notes[key] = write
            self._start()

    def flush(self) -> None:
        """Write what waits, now, in the calling thread; keep what is not taken."""
        with self._writing:
            with self._lock:
                taken, self._waiting, self._held = self._waiting, [], 0
                notes, self._notes = self._notes, {}
            if not (taken or notes):
                return
            try:
                while notes:
                    key, write = notes.popitem()
                    notes[key] = write
                    write()
                    del notes[key]
                while taken:
                    batch = _fitting(taken, BATCH, BATCH_BYTES)
                    _write([finish() for finish, _ in batch])
                    del taken[: len(batch)]
            except (OperationalError, InterfaceError) as exc:
                self._keep(taken, notes)
                self._say_refused(exc)
            else:
                self._say_taken()

    def _keep(
        self, events: list[Waiting], notes: dict[Hashable, Callable[[], object]]
    ) -> None:
        with self._lock:
            known = events + self._waiting
            self._waiting = _fitting(known, FULL, FULL_BYTES)
            self._held = sum(size for _, size in self._waiting)
            self._lost += len(known) - len(self._waiting)
            self._notes = notes | self._notes

    def _attempt(self, finish: Finish) -> None:
        """Write one event in the calling thread; it is lost when that is refused."""
        try:
            with transaction.atomic():
                _begin_again(event := finish())
                event.save(force_insert=True)
            quota.sizes.add([event])
        except Error as exc:
            self._lost += 1
            self._say_refused(exc)
        else:
            self._say_taken()

    def _say_refused(self, exc: Exception) -> None:
        if not self._refused:
            logger.error("The database takes no events of SCIM calls: %s", exc)
        self._refused = True

    def _say_taken(self) -> None:
        if self._refused:
            logger.warning(
                "The database takes events of SCIM calls again; %d were lost.",
                self._lost,
            )
        self._refused, self._lost = False, 0

    def _start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(
                target=self._run, name="events", daemon=True
            )
            self._thread.start()

    def _run(self) -> None:
        while True:
            # Without a delay nothing is handed over here, and to wait for no time at all
            # would take a processor.
            delay = settings.EVENT_DELAY or AGAIN
            self._wake.wait(AGAIN if self._refused else delay)
            self._wake.clear()
            if not (self._waiting or self._notes):
                continue
            try:
                close_old_connections()
                self.flush()
            except Exception:
                # The thread is the only one there is: it outlives whatever this was.
                logger.exception("Events of SCIM calls could not be recorded.")
                connection.close()

    def end(self) -> None:
        """Write what waits before the process ends; say what could not be written."""
        self.flush()
        lost = len(self._waiting) + self._lost
        if lost:
            logger.error("%d events of SCIM calls were not written.", lost)


def _fitting(events: list[Waiting], most: int, room: int) -> list[Waiting]:
    """Return the first of *events*: *most* of them, until *room* bytes are reached."""
    before = accumulate((size for _, size in events), initial=0)
    few = zip(events[:most], before, strict=False)
    return [event for event, held in few if held < room]


def _write(events: list[ProvisioningEvent]) -> None:
    """Insert *events* in one transaction, or each in its own when that is refused.

    Raises OperationalError or InterfaceError when the database takes nothing.
    """
    for event in events:
        _begin_again(event)
    try:
        with one_at_a_time(), transaction.atomic():
            ProvisioningEvent.objects.bulk_create(events, BATCH)
        quota.sizes.add(events)
    except OperationalError:
        raise
    except DatabaseError:
        for event in events:
            _write_alone(event)


def _write_alone(event: ProvisioningEvent) -> None:
    """Insert one event; its organization may be gone."""
    _begin_again(event)
    try:
        with transaction.atomic():
            event.save(force_insert=True)
        quota.sizes.add([event])
    except OperationalError:
        raise
    except DatabaseError:
        logger.exception("The event of a SCIM call could not be recorded.")


def _begin_again(event: ProvisioningEvent) -> None:
    """Forget the key of an insert that was rolled back: it is another event's now."""
    event.pk = None


queue = EventQueue()


def _begin_anew() -> None:
    """A forked process has none of its parent's threads, nor its events."""
    global queue
    queue = EventQueue()


os.register_at_fork(after_in_child=_begin_anew)
atexit.register(lambda: queue.end())
