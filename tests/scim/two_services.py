"""Our service beside the oracle: one request to both, and how answers are compared.

NORMALISATIONS is all that is made equal before; each says what leaves it open.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from scim import discovery
from tests.scim import strategies
from tests.scim.messages import PATCH_OP
from tests.scim.oracle import Oracle

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scim.models import Organization
    from tests.situations import ScimClient

Document = dict[str, Any]
Answer = tuple[int, Any]

START = datetime(2026, 3, 1, 12, tzinfo=UTC)


def patch(*operations: Document) -> Document:
    return {"schemas": [PATCH_OP], "Operations": list(operations)}


@dataclass
class Exchange:
    """One request, and the two answers as far as they must be alike."""

    method: str
    path: str
    body: Any
    query: dict[str, str]
    ours: Answer
    theirs: Answer

    @property
    def projected(self) -> bool:
        asked = {*self.query, *(self.body or {})}
        return bool(asked & {"attributes", "excludedAttributes"})

    def resources(self) -> Iterator[Document]:
        for status, body in (self.ours, self.theirs):
            if status < 300 and body is not None:
                yield from body.get("Resources", [body])


def sentences(exchange: Exchange) -> None:
    """detail is free text (RFC 7644 section 3.12)."""
    for _, body in (exchange.ours, exchange.theirs):
        if body is not None:
            body.pop("detail", None)


def versions(exchange: Exchange) -> None:
    """We show meta.version before we announce ETags, which issue 4 brings."""
    for resource in exchange.resources():
        resource.get("meta", {}).pop("version", None)
        if not resource.get("meta", True):
            del resource["meta"]


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


def order_of_types(exchange: Exchange) -> None:
    """Without sortBy, the order of a search at the root is ours to choose."""
    if exchange.path == "/.search":
        for status, body in (exchange.ours, exchange.theirs):
            if status == 200:
                body.get("Resources", []).sort(key=lambda resource: resource["id"])


def empty_lists(exchange: Exchange) -> None:
    """Resources is required only where there are any (RFC 7644 section 3.4.2)."""
    for status, body in (exchange.ours, exchange.theirs):
        if status == 200 and not body.get("Resources", True):
            del body["Resources"]


def first_fault(exchange: Exchange) -> None:
    """Of several faults, which is named is open: 404 or 400; one operation or another.

    We look for the resource before the body, at members before the rest, and at
    booleans before the paths of the operations that follow.
    """
    if exchange.theirs[0] != 400:
        return
    unknown = exchange.ours[0] == 404 and exchange.method in {"PUT", "PATCH"}
    operations = (exchange.body or {}).get("Operations", [])
    several = len(operations) > 1 or any("path" not in each for each in operations)
    if unknown or (several and exchange.ours[0] == 400):
        exchange.theirs = exchange.ours


NORMALISATIONS: list[Callable[[Exchange], None]] = [
    sentences,
    versions,
    moments,
    extensions_listed,
    order_of_types,
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

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        query: dict[str, str] | None = None,
        *,
        meant: Any = None,
    ) -> Exchange:
        """Send a request to both; the oracle gets *meant* for a *body* of Entra's.

        A second passes, so that lastModified tells whether anything was written.
        """
        self.clock.shift(timedelta(seconds=1))
        path, body, query, meant = strategies.resolved(
            [path, body, query or {}, meant], self.users, self.groups
        )
        address = f"{path}?{urlencode(query)}" if query else path
        response = self.scim.request(method, address, body)
        answer = response.json() if response.content else None
        new_id = "refused"
        if response.status_code == 201 and answer is not None:
            new_id = answer["id"]
        asked = body if meant is None else meant
        raw = b"" if asked is None else json.dumps(asked).encode()
        status, document = self.oracle.call(method, path, query, raw, new_id=new_id)
        if response.status_code == 201:
            (self.users if path == "/Users" else self.groups).append(new_id)
        theirs = json.loads(json.dumps(document))
        return Exchange(
            method, path, body, query, (response.status_code, answer), (status, theirs)
        )

    def check(self, *args: Any, **options: Any) -> None:
        """Send, and hold the two answers to be alike."""
        exchange = self.send(*args, **options)
        for normalise in NORMALISATIONS:
            normalise(exchange)
        assert exchange.ours == exchange.theirs, exchange


def pair_for(scim: ScimClient, organization: Organization, clock: Any) -> Pair:
    request = SimpleNamespace(organization=organization)
    config = discovery.ServiceProviderConfig(request=request).to_dict()
    return Pair(scim, Oracle(f"http://testserver{scim.base}", config), clock)
