"""What the same answers cost at least: this project's SQL, repeated by the driver.

A bare WSGI callable under the same gunicorn settings on the same database. It looks at
the request only to tell which one it is, sends the statements that this project sends
for it, events included, and answers with the same bytes. It is no SCIM server: it shows
what Django, the SCIM engine and the checks add.
"""

from __future__ import annotations

import itertools
import os
import sqlite3
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

import django
import psycopg

django.setup()

from django.conf import settings
from django.db import connection

from bench.captured import MARK, Captured, Statement, captured_requests

VARIANTS = 32
"""People whose requests are repeated; one alone would be a single row to queue for."""

OF_A_PERSON = frozenset({"get", "eq-hit", "patch-name"})

REASONS = {200: "200 OK", 201: "201 Created", 204: "204 No Content"}


def key_of(method: str, path: str, query: str) -> str:
    """Return the key of the scenario that the request belongs to."""
    if method == "POST":
        return "create"
    if method == "PATCH":
        return "patch-name"
    if "/Groups/" in path:
        return "group-bare" if "excluded" in query else "group-full"
    if "filter=" in query:
        return "eq-miss" if "nobody" in query else "eq-hit"
    if "startIndex=" not in query:
        return "get"
    return "list-first" if "startIndex=1&" in query else "list-deep"


def _sqlite() -> tuple[Callable[[str, Any], Any], str]:
    default = settings.DATABASES["default"]
    link = sqlite3.connect(
        default["NAME"], timeout=20, isolation_level=None, cached_statements=256
    )
    link.execute("PRAGMA journal_mode=WAL")

    def execute(sql: str, params: Any) -> Any:
        return link.execute(sql, params or ()).fetchall()

    return execute, "BEGIN IMMEDIATE"


def _postgresql() -> tuple[Callable[[str, Any], Any], str]:
    link = psycopg.connect(os.environ["DATABASE_URL"], autocommit=True)

    def execute(sql: str, params: Any) -> Any:
        cursor = link.execute(sql, params)
        return cursor.fetchall() if cursor.description else None

    return execute, "BEGIN"


IS_SQLITE = connection.vendor == "sqlite"
_local = threading.local()
_numbers = itertools.count()


def _prepared(statement: Statement) -> Statement:
    sql, params = statement
    return (sql.replace("%s", "?") if IS_SQLITE else sql), params


def _variants() -> dict[str, list[tuple[Captured, list[Statement]]]]:
    found: dict[str, list[tuple[Captured, list[Statement]]]] = defaultdict(list)
    for number in range(VARIANTS):
        captured = captured_requests(
            os.environ["BENCH_TOKEN"],
            number / VARIANTS,
            only=OF_A_PERSON if number else (),
        )
        for key, request in captured.items():
            found[key].append((request, [*map(_prepared, request.statements)]))
    # Each thread of each worker has a connection of its own.
    connection.close()
    return found


REQUESTS = _variants()


def _write(execute: Callable[[str, Any], Any], key: str, number: int) -> None:
    """Repeat a write: with something unique in it, and the key of what it made."""
    request, statements = _chosen(key, number)
    mark = f"{os.getpid()}-{number}"
    keys: dict[int, int] = {}
    for sql, params in statements:
        rows = execute(sql, [_own(item, mark, keys) for item in params or ()])
        if request.created is not None and sql.startswith(_NEW_USER):
            keys[request.created] = rows[0][0]


_NEW_USER = 'INSERT INTO "scim_directoryuser"'


def _own(item: Any, mark: str, keys: dict[int, int]) -> Any:
    if isinstance(item, str):
        return item.replace(MARK, mark)
    return keys.get(item, item) if isinstance(item, int) else item


def _chosen(key: str, number: int) -> tuple[Captured, list[Statement]]:
    variants = REQUESTS[key]
    return variants[(number * 7 + os.getpid()) % len(variants)]


def application(
    environ: dict[str, Any], start_response: Callable[..., Any]
) -> Iterable[bytes]:
    """Do for a request what this project's database is asked to do."""
    key = key_of(
        environ["REQUEST_METHOD"], environ["PATH_INFO"], environ["QUERY_STRING"]
    )
    number = next(_numbers)
    request, statements = _chosen(key, number)
    if environ.get("CONTENT_LENGTH"):
        environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
    if not hasattr(_local, "execute"):
        _local.execute, _local.begin = _sqlite() if IS_SQLITE else _postgresql()
    execute = _local.execute
    if request.is_write:
        execute(_local.begin, None)
        _write(execute, key, number)
        execute("COMMIT", None)
    else:
        for sql, params in statements:
            execute(sql, params)
    headers = [
        ("Content-Type", "application/scim+json"),
        ("Content-Length", str(len(request.body))),
    ]
    start_response(REASONS[request.status], headers)
    return [request.body]
