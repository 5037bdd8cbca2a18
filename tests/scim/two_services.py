"""Our service beside the oracle: one request to both, and how answers are compared.

NORMALISATIONS is all that is made equal before; each says what leaves it open.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from scim.http import discovery
from tests.scim import strategies
from tests.scim.messages import PATCH_OP
from tests.scim.oracle import Oracle

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scim.models import Organization
    from tests.situations import ScimClient

Document = dict[str, Any]
Answer = tuple[int, Any]
TwoCursors = dict[str, tuple[str, str]]
"""Cursors by their names in an answer: ours and that of the oracle."""

PAGES = 20
"""More than a list of the tests has."""

START = datetime(2026, 3, 1, 12, tzinfo=UTC)


def patch(*operations: Document) -> Document:
    return {"schemas": [PATCH_OP], "Operations": list(operations)}


@dataclass
class Versions:
    """The versions of each resource that were seen, as each service writes them."""

    pairs: dict[str, list[tuple[str, str]]] = field(
        default_factory=lambda: defaultdict(list)
    )

    def alike(self, scim_id: str, ours: str | None, theirs: str | None) -> bool:
        """Whether both say the same of it: this version is new, or that one again."""
        if ours is None or theirs is None:
            return ours is theirs
        known = self.pairs[scim_id]
        before = [pair for pair in known if ours in pair[:1] or theirs in pair[1:]]
        if not before:
            known.append((ours, theirs))
        return before in ([], [(ours, theirs)])

    def headers(
        self, path: str, guard: tuple[str, int | str] | None
    ) -> Iterator[dict[str, str]]:
        """Yield the header of *guard* for us and for them.

        Its number says which of the versions seen of the resource at *path* it names.
        """
        for side in (0, 1):
            if guard is None:
                yield {}
                continue
            name, which = guard
            known = self.pairs[path.rpartition("/")[2]]
            if isinstance(which, int):
                which = known[which % len(known)][side] if known else '"unknown"'
            yield {name: which}


@dataclass
class Exchange:
    """One request, and the two answers as far as they must be alike."""

    method: str
    path: str
    body: Any
    query: dict[str, str]
    ours: Answer
    theirs: Answer
    tags: tuple[str | None, str | None]
    known: Versions

    @property
    def projected(self) -> bool:
        asked = {*self.query, *(self.body or {})}
        return bool(asked & {"attributes", "excludedAttributes"})

    def resources(self) -> Iterator[Document]:
        for answer in (self.ours, self.theirs):
            yield from _resources(answer)


def _resources(answer: Answer) -> Iterator[Document]:
    status, body = answer
    if status < 300 and body is not None:
        yield from body.get("Resources", [body])


def sentences(exchange: Exchange) -> None:
    """detail is free text (RFC 7644 section 3.12)."""
    for _, body in (exchange.ours, exchange.theirs):
        if body is not None:
            body.pop("detail", None)


def versions(exchange: Exchange) -> None:
    """How a version is written is open; when it is another one is not (3.14)."""
    ours, theirs = (
        {resource["id"]: resource.get("meta", {}) for resource in _resources(answer)}
        for answer in (exchange.ours, exchange.theirs)
    )
    for scim_id in ours.keys() & theirs.keys():
        mine, yours = ours[scim_id], theirs[scim_id]
        if exchange.known.alike(scim_id, mine.get("version"), yours.get("version")):
            yours.pop("version", None)
            mine.pop("version", None)
    scim_id = exchange.path.rpartition("/")[2]
    if exchange.method == "POST" and exchange.ours[0] == 201:
        scim_id = exchange.ours[1]["id"]
    if exchange.known.alike(scim_id, *exchange.tags):
        exchange.tags = (None, None)


def moments(exchange: Exchange) -> None:
    """A dateTime has more than one spelling (RFC 7643 section 2.3.5)."""
    for resource in exchange.resources():
        meta = resource.get("meta", {})
        for name in meta.keys() & {"created", "lastModified"}:
            meta[name] = datetime.fromisoformat(meta[name])


def extensions_listed(exchange: Exchange) -> None:
    """Whether schemas names an extension that a projection left out is not said."""
    if exchange.projected:
        for resource in exchange.resources():
            resource["schemas"] = resource["schemas"][:1]


def cursors(exchange: Exchange) -> None:
    """What stands in a cursor is the service's own business (RFC 9865 section 2)."""
    for status, body in (exchange.ours, exchange.theirs):
        if status == 200:
            for name in body.keys() & {"nextCursor", "previousCursor"}:
                body[name] = bool(body[name])


def empty_lists(exchange: Exchange) -> None:
    """Resources is required only where there are any (RFC 7644 section 3.4.2)."""
    for status, body in (exchange.ours, exchange.theirs):
        if status == 200 and not body.get("Resources", True):
            del body["Resources"]


def first_fault(exchange: Exchange) -> None:
    """Of several faults, which is named is open: 404 or 400, operation or operation,
    filter or order.

    We look for the resource before the body, at members before the rest, and at
    booleans before the paths of the operations that follow.
    """
    if exchange.theirs[0] != 400:
        return
    unknown = exchange.ours[0] == 404 and exchange.method in {"PUT", "PATCH"}
    operations = (exchange.body or {}).get("Operations", [])
    several = len(operations) > 1 or any("path" not in each for each in operations)
    asked = {*exchange.query, *(exchange.body or {})}
    several = several or len(asked & {"filter", "sortBy", "sortOrder"}) > 1
    if unknown or (several and exchange.ours[0] == 400):
        exchange.theirs = exchange.ours


NORMALISATIONS: list[Callable[[Exchange], None]] = [
    sentences,
    versions,
    moments,
    extensions_listed,
    cursors,
    empty_lists,
    first_fault,
]


# ------------------------------------------------------------------- the two services


@dataclass
class Pair:
    """Our service for one organization beside the oracle, with the same contents."""

    scim: ScimClient
    oracle: Oracle
    clock: Any
    users: list[str] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)
    known: Versions = field(default_factory=Versions)

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        query: dict[str, str] | None = None,
        *,
        meant: Any = None,
        their_cursor: str | None = None,
        guard: tuple[str, int | str] | None = None,
    ) -> Exchange:
        """Send a request to both; the oracle gets *meant* for a *body* of Entra's.

        It gets *their_cursor*, one of its own, in place of that of the query.

        A second passes, so that lastModified tells whether anything was written.
        """
        self.clock.shift(timedelta(seconds=1))
        path, body, query, meant = strategies.resolved(
            [path, body, query or {}, meant], self.users, self.groups
        )
        address = f"{path}?{urlencode(query)}" if query else path
        mine, yours = self.known.headers(path, guard)
        response = self.scim.request(method, address, body, headers=mine)
        answer = response.json() if response.content else None
        new_ids = {}
        if response.status_code == 201 and answer is not None:
            is_user = path == "/Users"
            (self.users if is_user else self.groups).append(answer["id"])
            name = body["userName" if is_user else "displayName"]
            new_ids["User" if is_user else "Group", name] = answer["id"]
        asked = body if meant is None else meant
        raw = b"" if asked is None else json.dumps(asked).encode()
        own = {} if their_cursor is None else {"cursor": their_cursor}
        status, document, tag = self.oracle.call(
            method, path, query | own, raw, headers=yours, new_ids=new_ids
        )
        return Exchange(
            method,
            path,
            body,
            query,
            (response.status_code, answer),
            (status, json.loads(json.dumps(document))),
            (response.headers.get("ETag"), tag),
            self.known,
        )

    def check(self, *args: Any, **options: Any) -> None:
        """Send, and hold the two answers to be alike."""
        compare(self.send(*args, **options))

    def walk(self, path: str, query: dict[str, str]) -> None:
        """Read a list by cursor, page by page to the last one, and one page back."""
        given = self._page(path, query, {"nextCursor": ("", "")}, "nextCursor")
        pages = 1
        while "nextCursor" in given and pages < PAGES:
            given = self._page(path, query, given, "nextCursor")
            pages += 1
        if "previousCursor" in given:
            self._page(path, query, given, "previousCursor")

    def _page(
        self, path: str, query: dict[str, str], given: TwoCursors, name: str
    ) -> TwoCursors:
        """Read the page of a cursor of each, and return the cursors that both gave."""
        ours, theirs = given[name]
        exchange = self.send(
            "GET", path, None, query | {"cursor": ours}, their_cursor=theirs
        )
        bodies = [body or {} for _, body in (exchange.ours, exchange.theirs)]
        both = {
            name: (bodies[0][name], bodies[1][name])
            for name in ("nextCursor", "previousCursor")
            if all(name in body for body in bodies)
        }
        compare(exchange)
        return both


def compare(exchange: Exchange) -> None:
    for normalise in NORMALISATIONS:
        normalise(exchange)
    assert exchange.ours == exchange.theirs, exchange
    assert exchange.tags == (None, None), exchange


def pair_for(scim: ScimClient, organization: Organization, clock: Any) -> Pair:
    config = discovery.service_provider_config(organization)
    return Pair(scim, Oracle(f"http://testserver{scim.base}", config), clock)
