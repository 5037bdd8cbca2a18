"""What the same answers cost at least: this project's SQL, repeated by the driver.

A bare WSGI callable under the same gunicorn settings on the same database. It looks at
the request only to tell which one it is and whom it names, sends the statements that
this project sends for it, the event of a write and COMMIT included, and answers with the
same bytes. The events of reads are left out: this project writes them in batches, beside
its answers. It is no SCIM server: it shows what Django, the SCIM engine and the checks
add.
"""

from __future__ import annotations

import itertools
import os
import re
import sqlite3
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import django
import psycopg

django.setup()

from django.conf import settings
from django.db import connection

from bench import people
from bench.captured import FIND_GROUP, MARK, Captured, Statement, captured_requests
from scim import ids

VARIANTS = 32
"""People whose requests are repeated; one alone would be a single row to queue for."""

OF_A_PERSON = frozenset({"get", "eq-hit", "patch-name", "patch-active"})

REASONS = {200: "200 OK", 201: "201 Created", 204: "204 No Content"}

_KNOWN = re.compile(
    rf"filter=userName\+eq\+%22(?:{'|'.join(people.GIVEN)})\.", re.IGNORECASE
)
_EXTERNAL_ID = re.compile(rb'"externalId": "([^"]+)"')
_USER_ID = re.compile(
    ids.encode(ids.USER_PREFIX, 0)[:-8].encode() + rb"[0-9a-f]{8}(?![0-9a-f])"
)


def key_of(method: str, path: str, query: str, body: bytes) -> str:
    """Return the key of the scenario that the request belongs to."""
    in_groups = "/Groups" in path
    if method == "PATCH":
        if in_groups:
            return "group-remove" if b'"remove"' in body else "group-add"
        return "patch-active" if b'"active"' in body else "patch-name"
    if method != "GET":
        return {"POST": "create", "DELETE": "delete"}[method]
    return _key_of_group(query) if in_groups else _key_of_user(query)


def _key_of_group(query: str) -> str:
    if "filter=" in query:
        return FIND_GROUP
    return "group-bare" if "excluded" in query else "group-full"


def _key_of_user(query: str) -> str:
    if "filter=" in query:
        return "eq-hit" if _KNOWN.match(query) else "eq-miss"
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


@dataclass
class Stand:
    """What stands in a repeated write where the captured one has its own newcomer."""

    request: Captured
    mark: str
    key: int | None = None
    """Of the user; of a creation known when the row has been inserted."""

    @property
    def scim_id(self) -> str:
        return ids.encode(ids.USER_PREFIX, self.key or 0)

    def ins(self, item: Any) -> Any:
        """Return the parameter *item* as it belongs to this request."""
        if isinstance(item, str):
            text = item.replace(MARK, self.mark)
            if self.key and self.request.newcomer:
                text = text.replace(self.request.newcomer_id, self.scim_id)
            return text
        is_newcomer = self.key and type(item) is int and item == self.request.newcomer
        return self.key if is_newcomer else item

    def answer(self) -> bytes:
        """Return the captured answer with this request's name and id."""
        body = self.request.body.replace(MARK.encode(), self.mark.encode())
        if self.request.newcomer:
            old = self.request.newcomer_id
            body = body.replace(old.encode(), self.scim_id.encode())
        return body


def stand(request: Captured, number: int, path: str, body: bytes) -> Stand:
    """Return who takes the newcomer's place: whom *path* or *body* names."""
    if named := _EXTERNAL_ID.search(body):
        return Stand(request, named[1].decode())
    mark = f"{os.getpid()}-{number}"
    found = _USER_ID.search(path.encode() + b" " + body)
    key = ids.decode(ids.USER_PREFIX, found[0].decode()) if found else None
    return Stand(request, mark, key if request.newcomer else None)


def _write(
    execute: Callable[[str, Any], Any], statements: list[Statement], who: Stand
) -> None:
    """Repeat a write for *who*."""
    for sql, params in statements:
        rows = execute(sql, [*map(who.ins, params or ())])
        if sql.startswith(_NEW_USER):
            who.key = rows[0][0]


_NEW_USER = 'INSERT INTO "scim_directoryuser"'


def _chosen(key: str, number: int) -> tuple[Captured, list[Statement]]:
    variants = REQUESTS[key]
    return variants[(number * 7 + os.getpid()) % len(variants)]


def application(
    environ: dict[str, Any], start_response: Callable[..., Any]
) -> Iterable[bytes]:
    """Do for a request what this project's database is asked to do."""
    body = b""
    if environ.get("CONTENT_LENGTH"):
        body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
    path = environ["PATH_INFO"]
    key = key_of(environ["REQUEST_METHOD"], path, environ["QUERY_STRING"], body)
    number = next(_numbers)
    request, statements = _chosen(key, number)
    if not hasattr(_local, "execute"):
        _local.execute, _local.begin = _sqlite() if IS_SQLITE else _postgresql()
    execute = _local.execute
    answer = request.body
    if request.is_write:
        who = stand(request, number, path, body)
        execute(_local.begin, None)
        _write(execute, statements, who)
        execute("COMMIT", None)
        answer = who.answer()
    else:
        for sql, params in statements:
            execute(sql, params)
    headers = [("Content-Type", "application/scim+json")]
    if answer:
        headers.append(("Content-Length", str(len(answer))))
    start_response(REASONS[request.status], headers)
    return [answer]
