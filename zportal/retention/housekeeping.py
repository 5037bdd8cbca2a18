"""The thread of each server process that does what has to be done beside the calls."""

from __future__ import annotations

import atexit
import logging
import threading
import time
from datetime import timedelta

from django.conf import settings
from django.db import Error, close_old_connections, connection

from scim.events import housekeeping
from zportal.retention.pruning import prune

logger = logging.getLogger(__name__)

AT_MOST = 30.0
"""Seconds that are pruned at a stretch; what is left then comes next time."""

LAST_WAIT = 5.0
"""Seconds that a process that ends waits for a batch that is being deleted."""


class Housekeeper(threading.Thread):
    """Writes what was counted every few seconds, and prunes when it is time."""

    def __init__(self) -> None:
        super().__init__(name="housekeeping", daemon=True)
        self._ending = threading.Event()

    def run(self) -> None:
        while not self._ending.wait(housekeeping.EVERY):
            close_old_connections()
            try:
                housekeeping.write_counts()
                if settings.PRUNE_EVERY:
                    self._prune()
            except Error as exc:
                logger.warning("Housekeeping is put off: %s", exc)
                connection.close()
            except Exception:
                # The thread is the only one there is: it outlives whatever this was.
                logger.exception("Housekeeping failed.")
                connection.close()

    def end(self) -> None:
        """Write what was counted before the process ends."""
        self._ending.set()
        self.join(LAST_WAIT)
        try:
            housekeeping.write_everything()
        except Error as exc:
            logger.error("What was counted is lost: %s", exc)  # noqa: TRY400

    def _prune(self) -> None:
        deadline = time.monotonic() + AT_MOST
        done = prune(
            every=timedelta(seconds=settings.PRUNE_EVERY),
            go_on=lambda: not self._ending.is_set() and time.monotonic() < deadline,
        )
        if done:
            logger.info("Pruned: %s.", in_words(done))


def in_words(done: dict[str, int]) -> str:
    """Return what was deleted, as “500 events, 3 sessions”."""
    return ", ".join(f"{number:,} {name}" for name, number in done.items())


def start() -> None:
    """Begin in this process; it ends with the process."""
    housekeeper = Housekeeper()
    housekeeper.start()
    atexit.register(housekeeper.end)
