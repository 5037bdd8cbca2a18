"""How long a statement waits for a lock of the database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction

BRIEFLY = 200
"""Milliseconds: many times as long as the transaction of a SCIM call takes."""


@contextmanager
def waiting_briefly() -> Iterator[None]:
    """Run a transaction that waits for a lock BRIEFLY only, and not for LOCK_SECONDS.

    It is for what a page notes beside its work: nobody should wait for the page while
    somebody else writes. Raises OperationalError when the lock did not come.
    """
    if connection.vendor == "postgresql":
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = {BRIEFLY}")
            yield
        return
    with connection.cursor() as cursor:
        usual = cursor.execute("PRAGMA busy_timeout").fetchone()[0]
        cursor.execute(f"PRAGMA busy_timeout = {BRIEFLY}")
        try:
            with transaction.atomic():
                yield
        finally:
            cursor.execute(f"PRAGMA busy_timeout = {usual}")
