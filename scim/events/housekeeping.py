"""What has to be done beside the calls, in each process that serves them."""

from __future__ import annotations

from scim.events import anonymous_calls, queue, quota

EVERY = quota.FLUSH_EVERY
"""Seconds from one time to the next."""


def write_counts() -> None:
    """Write what was only counted: calls without events of their own, bytes of events.

    Raises the database's error; what was not written is written the next time.
    """
    anonymous_calls.crowd.write()
    quota.sizes.flush()


def write_everything() -> None:
    """Write what waits, before the process ends. Raises the database's error."""
    queue.queue.flush()
    anonymous_calls.crowd.write(everything=True)
    quota.sizes.flush()
