"""The limits of docs/scim.md, each with the worst message that it lets in."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.test import Client

from bench import people
from bench.directory import fill
from bench.people import Size
from scim.http.request_body import MAX_VALUES
from scim.models import DirectoryGroup, DirectoryUser
from scim.query.filters import MAX_LENGTH
from scim.query.projection import MAX_NAMES
from scim.resources.bulk_request import BULK_REQUEST, MAX_OPERATIONS
from scim.resources.validation import MAX_ATTRIBUTE_OPERATIONS, MAX_PARTS
from scim.services import organizations

SEARCH_REQUEST = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"
PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
MIB = 2**20

Document = dict[str, Any]


@dataclass
class Row:
    """A limit, what its worst message is, and what sends that and returns the status."""

    limit: str
    message: str
    send: Callable[[], int]


@dataclass
class Service:
    """A filled directory, and a client of its SCIM service."""

    client: Client
    base: str
    user: str
    """The address of a user with 98 e-mail addresses."""
    group: str
    """That of the large group."""
    ids: list[str]

    @classmethod
    def filled(cls, size: Size) -> Service:
        organization = fill(size)
        organizations.set_provisioning(
            organization=organization, enabled=True, actor=""
        )
        _, secret = organizations.generate_token(organization=organization, actor="")
        organizations.activate_token(organization=organization, actor="")
        client = Client(
            SERVER_NAME="127.0.0.1", headers={"Authorization": f"Bearer {secret}"}
        )
        users = DirectoryUser.objects.for_organization(organization).order_by("pk")
        groups = DirectoryGroup.objects.for_organization(organization).order_by("pk")
        # As filters compare it, with what they read longest.
        entries = [{"value": f"{n}@x.example", "type": "work"} for n in range(2)]
        rows: Any = DirectoryUser.objects.for_organization(organization)
        rows.update(
            search={"title": "head", "emails": entries, "name": {"familyName": "park"}}
        )
        base = organization.scim_path
        user, group = f"/Users/{users[0].scim_id}", f"/Groups/{groups[0].scim_id}"
        service = cls(client, base, user, group, [row.scim_id for row in users])
        emails = [{"value": f"{n}@x.example", "type": f"t{n}"} for n in range(98)]
        body = {"userName": people.user_name(0), "emails": emails}
        assert service.send("PUT", user, body)() == 200  # noqa: S101
        return service

    def send(self, method: str, path: str, body: Any = None) -> Callable[[], int]:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()

        def sent() -> int:
            kind = "application/scim+json"
            answer = self.client.generic(method, f"{self.base}{path}", raw, kind)
            return answer.status_code

        return sent

    def search(self, **query: Any) -> Callable[[], int]:
        body = {"schemas": [SEARCH_REQUEST], **query}
        return self.send("POST", "/Users/.search", body)

    def patch(self, path: str, *operations: Document) -> Callable[[], int]:
        body = {"schemas": [PATCH_OP], "Operations": operations}
        return self.send("PATCH", path, body)


def rows(service: Service) -> Iterator[Row]:
    """Yield them; the first one only warms up."""
    yield Row("(warm-up)", "a page of 1,000 users", service.search(count=1_000))
    yield from _bodies(service)
    yield from _patches(service)
    yield from _searches(service)
    yield from _bulks(service)


def _full(item: bytes, size: int) -> bytes:
    return b'{"a":[' + b",".join([item] * (size // (len(item) + 1))) + b"]}"


def _bodies(service: Service) -> Iterator[Row]:
    send = service.send
    text = json.dumps({"userName": "x", "title": "x" * (10 * MIB - 100)}).encode()
    yield Row("body of 10 MiB", "one text", send("POST", "/Users", text))
    yield Row(
        "",
        "`[],[],…`, refused",
        send("POST", "/Users", _full(b"[]", 10 * MIB - 100)),
    )
    few = _full(b'{"a":1}', (MAX_VALUES // 2 - 2) * 8)
    yield Row("400,000 values", '`{"a":1},…`', send("POST", "/Users", few))
    names = {f"k{n}": n for n in range(MAX_VALUES - 10)}
    yield Row("", "different names, search", service.search(**names))
    members = [{"value": each} for each in service.ids] * 2
    body: Document = {"displayName": "Everybody", "members": members}
    yield Row("members", f"{len(members):,} of a group", send("POST", "/Groups", body))
    parts = {f"k{n}": n for n in range(MAX_PARTS - 20)}
    large: Document = {"userName": people.user_name(1), "name": parts}
    other = f"/Users/{service.ids[1]}"
    yield Row("6,000 values", "parts of a name", send("PUT", other, large))


def _patches(service: Service) -> Iterator[Row]:
    parts = {f"k{n}": n for n in range(MAX_PARTS - 20)}
    adding = {"op": "add", "value": parts}
    yield Row("", "PATCH of unknown names", service.patch(service.user, adding))
    values = [{"value": f"{n}"} for n in range(98)]
    several = [{"op": "add", "path": "roles", "value": values}] * 2
    yield Row(
        "60,000 comparisons", "98 roles, twice", service.patch(service.user, *several)
    )
    few = [{"value": f"{n}@y.example"} for n in range(23)]
    more: Document = {"op": "add", "path": "emails", "value": few}
    fewer: Document = {
        "op": "remove",
        "path": "emails",
        "value": [each["value"] for each in few],
    }
    turns = [more, fewer] * 5
    yield Row(
        "",
        "23 addresses added and removed, 5 times",
        service.patch(service.user, *turns),
    )
    terms = " or ".join(f'value sw "{n}"' for n in range(55))
    selecting = {"op": "replace", "path": f"emails[{terms}].display", "value": "x"}
    yield Row(
        "Operations that select values",
        "20 with 55 terms among 98 values",
        service.patch(service.user, *[selecting] * 20),
    )
    path = "name.givenName"
    plain = [{"op": "add", "path": path, "value": "x" * 10_240}]
    yield Row(
        "100 Operations",
        "texts of 10,240 characters",
        service.patch(service.user, *plain * MAX_ATTRIBUTE_OPERATIONS),
    )
    ids = terms.replace(" sw ", " eq ")
    removing = {"op": "remove", "path": f"members[{ids}]"}
    yield Row(
        "1,000 Operations on members",
        "paths of 1,000 characters",
        service.patch(service.group, *[removing] * 1_000),
    )
    some = [{"value": each} for each in service.ids[:80]]
    replacing = {"op": "replace", "path": "members", "value": some}
    yield Row(
        "",
        "80,000 members, one after the other",
        service.patch(service.group, *[replacing] * 1_000),
    )


def _searches(service: Service) -> Iterator[Row]:
    names = [f"emails.x{n}" for n in range(MAX_NAMES)]
    yield Row(
        "1,000 names",
        "parts of e-mail addresses, 1,000 users",
        service.search(attributes=names, count=1_000),
    )
    depth = MAX_LENGTH // 2 - 10
    yield Row(
        f"filter of {MAX_LENGTH:,} characters",
        "parentheses",
        service.search(filter="(" * depth + 'id eq "x"' + ")" * depth),
    )
    for what, term, number in (
        ("looked up", 'userName eq "x{}"', 148),
        ("e-mail addresses looked up", 'emails eq "x{}"', 148),
        ("of one value", 'title co "x{}"', 23),
        ("of several values", 'emails co "x{}"', 5),
        ("of memberships", 'groups co "x{}"', 5),
    ):
        text = " or ".join(term.format(n) for n in range(number))
        yield Row("work of a filter", f"{number} {what}", service.search(filter=text))
        sorted_too = f"{text} or active pr" if number < 100 else text
        yield Row(
            "",
            "the same, sorted, last page",
            service.search(
                filter=sorted_too, sortBy="name.familyName", startIndex=9_000, count=9
            ),
        )
    yield Row("sortBy", "groups.display", service.search(sortBy="groups.display"))
    yield Row("page", "1,000 users", service.search(count=1_000))


def _bulks(service: Service) -> Iterator[Row]:
    def bulk(operations: list[Document]) -> Callable[[], int]:
        body = {"schemas": [BULK_REQUEST], "Operations": operations}
        return service.send("POST", "/Bulk", body)

    made = [
        {
            "method": "POST",
            "path": "/Users",
            "bulkId": f"b{n}",
            "data": {
                "userName": f"bulk{n}@{people.DOMAIN}",
                people.ENTERPRISE: {
                    "manager": {"value": f"bulkId:b{(n + 1) % MAX_OPERATIONS}"}
                },
            },
        }
        for n in range(MAX_OPERATIONS)
    ]
    yield Row("Bulk of 1,000 operations", "users in one circle", bulk(made))
    referring = [f"bulkId:x{n}" for n in range(170_000)]
    data = {"displayName": "x", "members": referring}
    one = {"method": "POST", "path": "/Groups", "bulkId": "g", "data": data}
    yield Row("Bulk of 4 MiB", "170,000 unknown references", bulk([one]))
