"""The SQL of this project's own requests, as it leaves the ORM.

Each request is made once, in process, and rolled back: what is left is a list of
statements and the answer, for counting and for the floor to repeat.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import orjson
from django.db import connection, transaction
from django.test import Client

from bench import calls, people
from bench.calls import Call
from bench.people import Size
from scim import ids
from scim.events import queue
from scim.models import DirectoryGroup, DirectoryUser, Organization

MARK = "floor-mark"
"""In what a captured request creates; the floor puts something unique in its place."""

FIND_GROUP = "group-eq"
"""The Entra cycle looks for the group by name; no scenario of its own."""

_CONTROL = ("BEGIN", "SAVEPOINT", "RELEASE")

Statement = tuple[str, Any]


@dataclass(frozen=True)
class Captured:
    statements: list[Statement]
    """Without those that begin, save or end a transaction."""
    is_write: bool
    status: int
    body: bytes
    newcomer: int | None
    """The key of the person who was created by the request, or to make it."""

    @property
    def newcomer_id(self) -> str:
        """The SCIM id of the newcomer, "" when there is none."""
        return ids.encode(ids.USER_PREFIX, self.newcomer) if self.newcomer else ""

    @property
    def queries(self) -> int:
        return len(self.statements)


@dataclass(frozen=True)
class _Wanted:
    """A request, and what has to be there before it."""

    call: Callable[[str], Call]
    """Takes the SCIM id of the newcomer, "" when there is none."""
    has_newcomer: bool = False
    is_member: bool = False
    """Whether the newcomer is in the large group."""


def _always(call: Call) -> Callable[[str], Call]:
    return lambda newcomer: call


class _Silent(queue.EventQueue):
    """Takes no events: its thread would wait for the transaction of a capture.

    And the capture for the thread, until one of them gives up (``scim.db.writers``).
    """

    def add(self, finish: queue.Finish, size: int) -> None:
        pass

    def note(self, key: Hashable, write: Callable[[], object]) -> None:
        pass


@contextmanager
def _no_events_beside() -> Iterator[None]:
    """Let the events that are written in batches, those of reads, be lost."""
    kept, queue.queue = queue.queue, _Silent()
    try:
        yield
    finally:
        queue.queue = kept


def captured_requests(
    token: str, variant: float = 0.5, *, only: Collection[str] = ()
) -> dict[str, Captured]:
    """Return what each scenario's request does, or *only* some, by the scenario's key.

    *variant*, from 0 to below 1, is where in the directory the person asked for stands.
    Raises RuntimeError when a request is refused.
    """
    organization = Organization.objects.get(name="Bench")
    users = DirectoryUser.objects.for_organization(organization).order_by("pk")
    groups = DirectoryGroup.objects.for_organization(organization).order_by("pk")
    size = Size(users.count())
    person, large = users[int(size.users * variant)], groups[0].scim_id
    fixed = {
        "get": calls.get_user(person.scim_id),
        "eq-hit": calls.find_user(person.scim_username),
        "eq-miss": calls.find_user(f"nobody@{people.DOMAIN}"),
        "list-first": calls.page_of_users(1),
        "list-deep": calls.page_of_users(calls.deep_start(size)),
        "group-bare": calls.get_group_without_members(large),
        "group-full": calls.get_group(large),
        FIND_GROUP: calls.find_group(people.group_name(0)),
        "create": calls.create_user(MARK),
        "patch-name": calls.change_user(person.scim_id, "displayName", MARK),
        "patch-active": calls.change_user(
            person.scim_id, "active", value=not person.is_enabled
        ),
    }
    wanted = {name: _Wanted(_always(call)) for name, call in fixed.items()}
    wanted |= {
        "group-add": _Wanted(
            lambda new: calls.add_member(large, new), has_newcomer=True
        ),
        "group-remove": _Wanted(
            lambda new: calls.remove_member(large, new),
            has_newcomer=True,
            is_member=True,
        ),
        "delete": _Wanted(calls.delete_user, has_newcomer=True),
    }
    client = Client(
        SERVER_NAME="127.0.0.1", headers={"Authorization": f"Bearer {token}"}
    )
    with _no_events_beside():
        return {
            name: _captured(client, organization.scim_path, request, large)
            for name, request in wanted.items()
            if not only or name in only
        }


def _captured(client: Client, base: str, wanted: _Wanted, large: str) -> Captured:
    statements: list[Statement] = []

    def note(
        execute: Callable[..., Any],
        sql: str,
        params: Any,
        many: bool,  # noqa: FBT001 - Django's signature
        context: Any,
    ) -> Any:
        if not sql.startswith(_CONTROL):
            statements.append((sql, params))
        return execute(sql, params, many, context)

    with transaction.atomic():
        newcomer = ""
        if wanted.has_newcomer:
            newcomer = _id(_sent(client, base, calls.create_user(MARK)))
        if wanted.is_member:
            _sent(client, base, calls.add_member(large, newcomer))
        call = wanted.call(newcomer)
        with connection.execute_wrapper(note):
            response = _sent(client, base, call)
        transaction.set_rollback(True)
    if call.method == "POST":
        newcomer = _id(response)
    return Captured(
        statements,
        call.method != "GET",
        response.status_code,
        response.content,
        ids.decode(ids.USER_PREFIX, newcomer),
    )


def _sent(client: Client, base: str, call: Call) -> Any:
    body: dict[str, Any] = {}
    if call.body:
        body = {"data": call.body, "content_type": "application/scim+json"}
    response = getattr(client, call.method.lower())(base + call.path, **body)
    if response.status_code >= 300:
        raise RuntimeError(f"{call.method} {call.path}: {response.content.decode()}")
    return response


def _id(response: Any) -> str:
    scim_id: str = orjson.loads(response.content)["id"]
    return scim_id
