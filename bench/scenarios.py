"""What one client of the load does in each scenario, and what it accepts as an answer.

Every answer is checked, with as little work as proves it; every fiftieth is read as
JSON. A wrong answer is counted and its first example kept, it never ends a run.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from bench import calls
from bench.calls import Call
from bench.people import Size
from bench.wire import Answer, Wire

_TOTAL = re.compile(rb'"totalResults":\s*(\d+)')
_ID = re.compile(rb'"id":\s*"([^"]+)"')
READ_EVERY = 50

TITLES = {
    "get": "get a user by id",
    "eq-hit": "`userName eq`, found",
    "eq-miss": "`userName eq`, nobody",
    "list-first": "page of 100, the first",
    "list-deep": "page of 100, near the end",
    "group-bare": "large group without members",
    "group-full": "large group with members",
    "create": "create a user",
    "patch-name": "user PATCH `displayName`",
    "patch-active": "user PATCH `active`",
    "group-add": "group PATCH, add a member",
    "group-remove": "group PATCH, remove a member",
    "cycle": "Entra cycle (5 requests)",
    "delete": "delete a user",
}
"""The scenarios in the order in which they run: reads first, while totals are known."""


class Wrong(Exception):
    """An answer that is not what the request asked for."""


class NotOffered(Exception):
    """The server says that it cannot do this (501)."""


@dataclass
class Client:
    """One client of the load and what it knows of the directory."""

    wire: Wire
    key: str
    """Begins every name that this client creates."""
    size: Size
    group_id: str
    people: list[tuple[str, str]]
    """Id and userName of existing users that no other client touches."""
    mine: list[str] = field(default_factory=list)
    """Ids of users to add, remove or delete, by no other client."""
    made: list[str] = field(default_factory=list)
    """Ids of users that this client created."""
    done: list[str] = field(default_factory=list)
    """Ids of users that this client added, removed or deleted."""
    written: dict[str, Any] = field(default_factory=dict)
    """User id to the value that was written last."""
    remove: Callable[[str, str], Call] = calls.remove_member
    check: bool = True
    """False for the floor, whose answers are always the same ones."""
    count: int = 0
    remarks: Counter[str] = field(default_factory=Counter)
    """What the server does not do, and the client can live with."""


def ask(client: Client, call: Call, *statuses: int) -> Answer:
    """Send *call*; raise unless the status is one of *statuses*."""
    answer = client.wire.send(call)
    if answer.status == 501:
        raise NotOffered
    if answer.status not in statuses:
        text = answer.body[:200].decode(errors="replace")
        raise Wrong(f"{call.method} answered {answer.status}: {text}")
    client.count += 1
    if answer.body and client.count % READ_EVERY == 0:
        json.loads(answer.body)
    return answer


def expect(client: Client, *, holds: bool, what: str) -> None:
    if client.check and not holds:
        raise Wrong(what)


def total(answer: Answer) -> int:
    found = _TOTAL.search(answer.body)
    return int(found[1]) if found else -1


def _cycled(client: Client) -> Iterator[tuple[str, str]]:
    while True:
        yield from client.people


# Each of these generators makes one request, or one cycle, between two yields.
Steps = Iterator[None]


def get(client: Client) -> Steps:
    for scim_id, name in _cycled(client):
        answer = ask(client, calls.get_user(scim_id), 200)
        found = name.encode() in answer.body
        expect(client, holds=found, what=f"{scim_id} is not {name}")
        yield


def eq_hit(client: Client) -> Steps:
    for scim_id, name in _cycled(client):
        answer = ask(client, calls.find_user(name), 200)
        found = total(answer) == 1 and scim_id.encode() in answer.body
        expect(client, holds=found, what=f"{name} was not found")
        yield


def eq_miss(client: Client) -> Steps:
    while True:
        name = f"nobody.{client.key}.{client.count}@bench.example"
        answer = ask(client, calls.find_user(name), 200)
        expect(client, holds=total(answer) == 0, what=f"{name} was found")
        yield


def _page(client: Client, start: int) -> Steps:
    size = client.size.users
    shown = min(calls.PAGE, size - start + 1)
    while True:
        answer = ask(client, calls.page_of_users(start), 200)
        expect(client, holds=total(answer) == size, what=f"total {total(answer)}")
        number = answer.body.count(b'"userName"')
        expect(client, holds=number == shown, what=f"{number} users of {shown}")
        yield


def list_first(client: Client) -> Steps:
    return _page(client, 1)


def list_deep(client: Client) -> Steps:
    return _page(client, calls.deep_start(client.size))


def group_bare(client: Client) -> Steps:
    while True:
        call = calls.get_group_without_members(client.group_id)
        answer = ask(client, call, 200)
        if client.check and b'"members"' in answer.body:
            client.remarks["excludedAttributes is ignored"] += 1
        yield


def group_full(client: Client) -> Steps:
    while True:
        answer = ask(client, calls.get_group(client.group_id), 200)
        number = answer.body.count(b'"value"')
        whole = number >= client.size.members
        expect(client, holds=whole, what=f"{number} members of {client.size.members}")
        yield


def _create(client: Client) -> str:
    key = f"{client.key}.{client.count}"
    answer = ask(client, calls.create_user(key), 201)
    found = _ID.search(answer.body)
    if found is None or key.encode() not in answer.body:
        expect(client, holds=False, what="the answer is not the new user")
        return ""
    client.made.append(found[1].decode())
    return client.made[-1]


def create(client: Client) -> Steps:
    while True:
        _create(client)
        yield


def patch_name(client: Client) -> Steps:
    for scim_id, _ in _cycled(client):
        value = f"Name {client.key} {client.count}"
        call = calls.change_user(scim_id, "displayName", value)
        answer = ask(client, call, 200, 204)
        shown = answer.status == 204 or value.encode() in answer.body
        expect(client, holds=shown, what="displayName is not in the answer")
        client.written[scim_id] = value
        yield


def patch_active(client: Client) -> Steps:
    for scim_id, _ in _cycled(client):
        # What is written is always a change, except to every tenth user at first.
        value = not client.written.get(scim_id, True)
        ask(client, calls.change_user(scim_id, "active", value), 200, 204)
        client.written[scim_id] = value
        yield


def group_add(client: Client) -> Steps:
    for user in client.mine:
        ask(client, calls.add_member(client.group_id, user), 200, 204)
        client.done.append(user)
        yield


def group_remove(client: Client) -> Steps:
    for user in client.mine:
        call = client.remove(client.group_id, user)
        ask(client, call, 200, 204)
        client.done.append(user)
        yield


def delete(client: Client) -> Steps:
    for user in client.mine:
        ask(client, calls.delete_user(user), 204, 200)
        client.done.append(user)
        yield


def cycle(client: Client) -> Steps:
    """One new person as Entra brings it: match, create, match the group, add, disable."""
    from bench.people import group_name

    while True:
        name = f"{client.key}.{client.count}@bench.example"
        answer = ask(client, calls.find_user(name), 200)
        expect(client, holds=total(answer) == 0, what=f"{name} was found")
        user = _create(client)
        answer = ask(client, calls.find_group(group_name(0)), 200)
        if total(answer) != 1:
            client.remarks["the group is not found by its displayName"] += 1
        ask(client, calls.add_member(client.group_id, user), 200, 204)
        client.done.append(user)
        ask(client, calls.change_user(user, "active", value=False), 200, 204)
        client.written[user] = False
        yield


def _life(client: Client) -> Steps:
    """One request a step: somebody comes, joins the large group, leaves it, and goes."""
    while True:
        user = _create(client)
        yield
        ask(client, calls.add_member(client.group_id, user), 200, 204)
        yield
        ask(client, client.remove(client.group_id, user), 200, 204)
        yield
        ask(client, calls.delete_user(user), 204, 200)
        yield


def _any_page(client: Client) -> Steps:
    while True:
        answer = ask(client, calls.page_of_users(1), 200)
        number = answer.body.count(b'"userName"')
        expect(client, holds=number == calls.PAGE, what=f"{number} users on a page")
        yield


def mixed(client: Client) -> Steps:
    """A bit of everything; the store ends as large as it began."""
    kinds = (get, eq_hit, eq_miss, patch_name, _life, _any_page)
    steps = [kind(client) for kind in kinds]
    # Look-ups lead, as with an identity provider; a page is the rarest.
    order = [0, 1, 4, 2, 3, 1, 4, 0, 2, 4, 1, 3, 4, 0, 1, 2, 4, 1, 0, 5]
    while True:
        for number in order:
            next(steps[number])
            yield


STEPS: dict[str, Callable[[Client], Steps]] = {
    "get": get,
    "eq-hit": eq_hit,
    "eq-miss": eq_miss,
    "list-first": list_first,
    "list-deep": list_deep,
    "group-bare": group_bare,
    "group-full": group_full,
    "create": create,
    "patch-name": patch_name,
    "patch-active": patch_active,
    "group-add": group_add,
    "group-remove": group_remove,
    "cycle": cycle,
    "delete": delete,
    "mixed": mixed,
}
