"""A database that refuses: every error here is one that the database itself raises."""

from __future__ import annotations

import socket
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any, NoReturn

import psycopg
import pytest
from django.conf import settings
from django.db import connection

from scim.models import GroupMembership

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from django.db.models import Model

    from scim.models import Organization

IS_POSTGRESQL = "postgresql" in settings.DATABASES["default"]["ENGINE"]


@contextmanager
def failing_inserts(
    model: type[Model], trouble: Callable[[], object]
) -> Iterator[None]:
    """Let *trouble* come in the place of each new row of *model*."""
    insert = f'INSERT INTO "{model._meta.db_table}"'

    def carry_out(
        execute: Callable[..., Any], sql: str, params: Any, many: Any, context: Any
    ) -> Any:
        if sql.startswith(insert):
            trouble()
        return execute(sql, params, many, context)

    with connection.execute_wrapper(carry_out):
        yield


def full(*args: object, **wishes: object) -> NoReturn:
    """Find no room any more, whatever was asked for.

    SQLite gets a limit for its file. A server of PostgreSQL has no such limit, and is
    asked to say what it says then.
    """
    with connection.cursor() as cursor:
        if IS_POSTGRESQL:
            cursor.execute(
                "DO $$ BEGIN RAISE EXCEPTION 'database or disk is full' "
                "USING ERRCODE = 'disk_full'; END $$"
            )
        # What other tests have deleted left free pages in the file.
        free = cursor.execute("PRAGMA freelist_count").fetchone()[0]
        page = cursor.execute("PRAGMA page_size").fetchone()[0]
        cursor.execute("PRAGMA max_page_count = 1")
        try:
            # Of two rows, so that SQLite undoes the statement and not the transaction.
            cursor.execute(
                "INSERT INTO django_migrations (app, name, applied) SELECT "
                "hex(zeroblob(%s)), value, value FROM json_each('[1, 2]')",
                [4_000_000 + free * page],
            )
        finally:
            cursor.execute("PRAGMA max_page_count = 1073741823")
    pytest.fail("There was room.")


def out_of_reach(*args: object, **wishes: object) -> NoReturn:
    """Fail to reach the database, whatever was asked for."""
    with connection.wrap_database_errors:
        if not IS_POSTGRESQL:
            sqlite3.connect("/no/such/directory/zportal.sqlite3")
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))
            psycopg.connect(host="127.0.0.1", port=nobody.getsockname()[1])
    pytest.fail("It was reached.")


def terminated(*args: object, **wishes: object) -> NoReturn:
    """Lose the connection, as by a restart of PostgreSQL, whatever was asked for."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
    pytest.fail("The connection is still there.")


def deadlock(*args: object, **wishes: object) -> NoReturn:
    """Wait, on PostgreSQL, for a transaction that waits for this one."""
    with (
        closing(psycopg.connect(**_access())) as other,
        ThreadPoolExecutor(1) as thread,
        connection.cursor() as cursor,
    ):
        # This transaction is the one that looks for a deadlock, and so its victim.
        cursor.execute("SET LOCAL deadlock_timeout = '10ms'")
        other.execute("SET deadlock_timeout = '1min'")
        cursor.execute("SELECT pg_advisory_xact_lock(1)")
        other.execute("SELECT pg_advisory_xact_lock(2)")
        thread.submit(other.execute, "SELECT pg_advisory_xact_lock(1)")
        # Not time.sleep, by which tests count the tries of a call.
        pause = threading.Event()
        waiting = "SELECT 1 FROM pg_locks WHERE NOT granted AND pid = %s"
        cursor.execute(waiting, [other.info.backend_pid])
        while cursor.fetchone() is None:
            pause.wait(0.01)
            cursor.execute(waiting, [other.info.backend_pid])
        cursor.execute("SELECT pg_advisory_xact_lock(2)")
    pytest.fail("Nobody stood against it.")


def member_deleted_meanwhile(organization: Organization) -> None:
    """Put somebody into a group who is not there: COMMIT will find out."""
    GroupMembership.objects.bulk_create(
        [GroupMembership(organization=organization, group_id=1, user_id=1)]
    )


@contextmanager
def write_lock(*tables: str, waiting: str = "50") -> Iterator[None]:
    """Let another connection keep all others from writing.

    That is to all of SQLite, and to *tables* of PostgreSQL. This connection waits for it
    no longer than *waiting* milliseconds.
    """
    with connection.cursor() as cursor:
        wait = "SET lock_timeout =" if IS_POSTGRESQL else "PRAGMA busy_timeout ="
        usual = settings.LOCK_SECONDS * 1000
        cursor.execute(f"{wait} {waiting}")
        try:
            with closing(_other_connection()) as holder:
                if IS_POSTGRESQL:
                    holder.execute(f"LOCK TABLE {', '.join(tables)} IN EXCLUSIVE MODE")
                else:
                    holder.execute("BEGIN IMMEDIATE")
                yield
        finally:
            cursor.execute(f"{wait} {usual}")


def _other_connection() -> Any:
    if IS_POSTGRESQL:
        return psycopg.connect(**_access())
    return sqlite3.connect(connection.settings_dict["NAME"])


def _access() -> dict[str, Any]:
    """Return how psycopg reaches the database that this test works with."""
    known = connection.get_connection_params()
    return {
        name: known[name]
        for name in ("dbname", "user", "password", "host", "port")
        if name in known
    }
