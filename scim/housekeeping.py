"""What has to be done beside the calls, in each process that serves them."""

from __future__ import annotations

from scim import event_queue, event_sizes, strangers

EVERY = event_sizes.FLUSH_EVERY
"""Seconds from one time to the next."""


def write_counts() -> None:
    """Write what was only counted: calls without events of their own, bytes of events.

    Raises the database's error; what was not written is written the next time.
    """
    strangers.crowd.write()
    event_sizes.sizes.flush()


def write_everything() -> None:
    """Write what waits, before the process ends. Raises the database's error."""
    event_queue.queue.flush()
    strangers.crowd.write(everything=True)
    event_sizes.sizes.flush()
