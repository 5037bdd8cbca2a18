"""The SQL of this project's own requests, as it leaves the ORM.

Each request is made once, in process, and rolled back: what is left is a list of
statements and the answer, for counting and for the floor to repeat.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import orjson
from django.db import connection, transaction
from django.test import Client

from bench import calls, people
from bench.calls import Call
from bench.people import Size
from scim import ids
from scim.models import DirectoryGroup, DirectoryUser, Organization

MARK = "floor-mark"
"""In what a captured request creates; the floor puts something unique in its place."""

_CONTROL = ("BEGIN", "SAVEPOINT", "RELEASE")

Statement = tuple[str, Any]


@dataclass(frozen=True)
class Captured:
    statements: list[Statement]
    """Without those that begin, save or end a transaction."""
    is_write: bool
    status: int
    body: bytes

    @property
    def created(self) -> int | None:
        """The key of the user that a creation made; its other rows name it."""
        if self.status != HTTPStatus.CREATED:
            return None
        return ids.decode(ids.USER_PREFIX, orjson.loads(self.body)["id"])

    @property
    def queries(self) -> int:
        return len(self.statements)


def captured_requests(
    token: str, variant: float = 0.5, *, only: Collection[str] = ()
) -> dict[str, Captured]:
    """Return what each scenario's request does, or *only* some, by the scenario's key.

    *variant*, from 0 to below 1, is where in the directory the person asked for stands.
    """
    organization = Organization.objects.get(name="Bench")
    users = DirectoryUser.objects.for_organization(organization).order_by("pk")
    groups = DirectoryGroup.objects.for_organization(organization).order_by("pk")
    size = Size(users.count())
    number = int(size.users * variant)
    person, large = users[number], groups[0]
    own = size.group_of(number)
    # The person is in this group and perhaps in the large one, in no other.
    own_group, other_group = groups[own], groups[1 + own % (size.groups - 1)]
    requests = {
        "get": calls.get_user(person.scim_id),
        "eq-hit": calls.find_user(person.scim_username),
        "eq-miss": calls.find_user(f"nobody@{people.DOMAIN}"),
        "list-first": calls.page_of_users(1),
        "list-deep": calls.page_of_users(calls.deep_start(size)),
        "group-bare": calls.get_group_without_members(large.scim_id),
        "group-full": calls.get_group(large.scim_id),
        "create": calls.create_user(MARK),
        "patch-name": calls.change_user(person.scim_id, "displayName", MARK),
        "patch-active": calls.change_user(
            person.scim_id, "active", value=not person.is_enabled
        ),
        "group-add": calls.add_member(other_group.scim_id, person.scim_id),
        "group-remove": calls.remove_member(own_group.scim_id, person.scim_id),
        "delete": calls.delete_user(person.scim_id),
    }
    client = Client(
        SERVER_NAME="127.0.0.1", headers={"Authorization": f"Bearer {token}"}
    )
    # The first call of a token also notes its use.
    client.get(f"{organization.scim_path}/Users?count=1")
    return {
        name: _captured(client, organization.scim_path, call)
        for name, call in requests.items()
        if not only or name in only
    }


def _captured(client: Client, base: str, call: Call) -> Captured:
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

    verb = getattr(client, call.method.lower())
    body: dict[str, Any] = {}
    if call.body:
        body = {"data": call.body, "content_type": "application/scim+json"}
    with transaction.atomic():
        with connection.execute_wrapper(note):
            response = verb(base + call.path, **body)
        transaction.set_rollback(True)
    return Captured(
        statements, call.method != "GET", response.status_code, response.content
    )
