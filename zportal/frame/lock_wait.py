"""How long a statement waits for a lock of the database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction

BRIEFLY = 200
"""Milliseconds: many times as long as the transaction of a SCIM call takes."""


@contextmanager
def waiting_briefly() -> Iterator[None]:
    """Let what is written wait for a lock BRIEFLY only, and not for LOCK_SECONDS.

    It is for what a page notes beside its work: nobody should wait for the page while
    somebody else writes. Raises OperationalError when the lock did not come.
    """
    if connection.vendor == "postgresql":
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = {BRIEFLY}")
            yield
        return
    connection.ensure_connection()
    # The driver's own: SQLite asks nobody, so these are no queries to be counted.
    driver = connection.connection
    usual = driver.execute("PRAGMA busy_timeout").fetchone()[0]
    driver.execute(f"PRAGMA busy_timeout = {BRIEFLY}")
    try:
        yield
    finally:
        driver.execute(f"PRAGMA busy_timeout = {usual}")
