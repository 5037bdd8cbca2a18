"""Filters with every order and every way of paging find whom they find without.

The table is made of the declared schemas: each attribute that can be filtered by equality
beside each that can be sorted by. The people are few and differ in which attributes they
have, so that each filter finds some with and some without a value to be sorted by.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from scim.resources.schemas import schema_documents
from tests.scim.messages import (
    ENTERPRISE,
    GROUP,
    SEARCH_REQUEST,
    USER,
    Document,
    created,
    group,
    listed,
    members,
    user,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.situations import ScimClient

ORDERS = ["ascending", "descending"]
WAYS = ["one page", "by number", "by cursor"]
COMMON = ["id", "externalId", "meta.created", "meta.lastModified"]
"""Attributes of all resources (RFC 7643 section 3.1) that rows differ in."""

INDEXED = {
    *("id", "userName", "externalId", "displayName", "emails.value"),
    *(f"{ENTERPRISE}:manager.value", "groups.value", "members.value"),
}
"""What filters look up: each is tried with both orders of each attribute."""


def attributes(schema: str) -> Iterator[tuple[str, Document]]:
    """Yield name and definition of whatever of *schema* holds no further parts."""
    [document] = [item for item in schema_documents() if item["id"] == schema]
    prefix = "" if schema in (USER, GROUP) else f"{schema}:"
    for item in document["attributes"]:
        for part in item.get("subAttributes", []):
            yield f"{prefix}{item['name']}.{part['name']}", part
        if "subAttributes" not in item:
            yield f"{prefix}{item['name']}", item


USER_ATTRIBUTES = {**dict(attributes(USER)), **dict(attributes(ENTERPRISE))}
del USER_ATTRIBUTES["password"]
READ_ONLY = {name for name, item in USER_ATTRIBUTES.items() if "Only" in str(item)}


def filled(number: int, names: list[str]) -> Document:
    """Return a user with these attributes; those of an odd number have other values."""
    body: Document = {}
    for name in names:
        definition = USER_ATTRIBUTES[name]
        value: Any = f"{'ab'[number % 2]} {name.rpartition('.')[2]}"
        if definition["type"] == "boolean":
            value = number % 2 == 0
        place, head, part = body, name, ""
        if name.startswith(ENTERPRISE):
            place = body.setdefault(ENTERPRISE, {})
            head = name.removeprefix(f"{ENTERPRISE}:")
        head, _, part = head.partition(".")
        several = head not in {"name", "manager"}
        if not part:
            place[head] = value
        elif several:
            place.setdefault(head, [{}])[0][part] = value
        else:
            place.setdefault(head, {})[part] = value
    return user(f"person{number}", **(body | {"userName": f"person{number}"}))


class Table:
    """The directory, and what is asked of one endpoint of it."""

    def __init__(self, scim: ScimClient, path: str, names: list[str]) -> None:
        self.scim = scim
        self.path = path
        self.names = names
        self.wrong: dict[str, Any] = {}
        self.tried: Counter[str] = Counter()

    def filters(self) -> Iterator[tuple[str, str]]:
        """Yield each attribute with an equality that finds somebody by it, or two."""
        documents = self.ask({"attributes": self.names})["Resources"]
        for name in self.names:
            values: dict[str, None] = {}
            for document in documents:
                values |= dict.fromkeys(_values(document, name))
            if name in {"id", "userName", *COMMON[2:]}:
                # Each is of one person: whoever has everything, and who has nothing.
                values = dict.fromkeys([*values][:1] + [*values][-1:])
            for value in [*values][: 1 + (name in INDEXED)]:
                yield name, f"{name} eq {value}"

    def try_all(self) -> int:
        """Ask for every combination and return how many there were."""
        for one, (name, text) in enumerate(self.filters()):
            expected = sorted(_ids(self.found("one page", {"filter": text})[0]))
            assert expected, text
            for other, sort_by in enumerate(self.names):
                # In turn, so that each attribute meets each order with each way.
                at = one + other
                for turn in (2 * at, 2 * at + 1) if name in INDEXED else (at,):
                    order, way = ORDERS[turn % 2], WAYS[turn // 2 % 3]
                    query = {"filter": text, "sortBy": sort_by, "sortOrder": order}
                    self.check(way, query, expected)
        return self.tried.total()

    def check(self, way: str, query: Document, expected: list[str]) -> None:
        documents, totals = self.found(way, query)
        found = _ids(documents)
        self.tried[way] += 1
        if sorted(found) != expected or totals != {len(expected)}:
            self.wrong[f"{way}: {query}"] = (found, totals)

    def found(self, way: str, query: Document) -> tuple[list[Document], set[int]]:
        """Return the resources of all pages, two each, and what totalResults said."""
        if way == "one page":
            answer = self.ask(query)
            return answer["Resources"], {answer["totalResults"]}
        documents: list[Document] = []
        totals = set()
        where: Document = {"cursor": ""} if way == "by cursor" else {"startIndex": 1}
        while where:
            answer = self.ask(query | where | {"count": 2})
            documents += answer["Resources"]
            totals.add(answer["totalResults"])
            assert len(documents) <= 50, query
            if way == "by cursor":
                after = answer.get("nextCursor")
                where = {"cursor": after} if after else {}
            else:
                more = len(documents) < answer["totalResults"] and answer["Resources"]
                where = {"startIndex": len(documents) + 1} if more else {}
        return documents, totals

    def ask(self, query: Document) -> Document:
        body = {"schemas": [SEARCH_REQUEST], "attributes": ["id"], **query}
        response = self.scim.post(self.path, body)
        listed(response)
        answer: Document = response.json()
        return answer


def _ids(documents: list[Document]) -> list[str]:
    return [document["id"] for document in documents]


def _values(document: Document, name: str) -> list[str]:
    """Return what *document* has of the attribute, as a filter writes it."""
    places: list[Any] = [document]
    if name.startswith(ENTERPRISE):
        places = [document.get(ENTERPRISE, {})]
        name = name.removeprefix(f"{ENTERPRISE}:")
    for part in name.split("."):
        below = [place.get(part) for place in places]
        places = [
            item
            for value in below
            for item in (value if isinstance(value, list) else [value])
            if item is not None
        ]
    return [
        str(value).lower() if isinstance(value, bool) else f'"{value}"'
        for value in places
    ]


@pytest.fixture
def directory(rfc_scim: ScimClient) -> ScimClient:
    """Six people and three groups.

    Two people have every attribute, two each have every other one, one has none.
    """
    names = [name for name in USER_ATTRIBUTES if name not in READ_ONLY]
    bodies = [filled(0, names), filled(1, names)]
    bodies += [filled(number, names[number % 2 :: 2]) for number in (2, 3, 4)]
    bodies.append(user("person5"))
    for number, body in enumerate(bodies[:4]):
        # Entra may send the same for two people.
        body["externalId"] = f"external {number // 2}"
    ids = [created(rfc_scim, "/Users", body)["id"] for body in bodies]
    for name, some in (("b", ids[:2]), ("a", ids[1:3]), ("c", [])):
        body = group(name, members=members(*some), externalId="external 0")
        created(rfc_scim, "/Groups", body)
    return rfc_scim


USERS = [*COMMON, *USER_ATTRIBUTES]
USERS.remove(f"{ENTERPRISE}:manager.displayName")
GROUPS = [*COMMON, *dict(attributes(GROUP))]
BOTH = [*COMMON, "displayName", "userName", "title", "groups.value", "members.value"]


@pytest.mark.parametrize(
    ("path", "names"),
    [("/Users", USERS), ("/Groups", GROUPS), ("", BOTH)],
    ids=["users", "groups", "root"],
)
def test_an_order_changes_nothing_but_the_order(
    directory: ScimClient, path: str, names: list[str], record_property: Any
) -> None:
    """RFC 7644 3.4.2: the same resources, each once, however they come."""
    table = Table(directory, f"{path}/.search", names)
    record_property("combinations", table.try_all())
    assert set(table.tried) == set(WAYS)
    assert not table.wrong, f"{len(table.wrong)} of {table.tried.total()} are wrong"
