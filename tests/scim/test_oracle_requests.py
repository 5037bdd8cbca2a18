"""Single requests to our service and to scim2-server's in-memory server.

What we do otherwise is in DEVIATIONS, with what both answer; what Microsoft Entra writes
otherwise is in entra_shapes. Sequences of generated requests: test_oracle.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
import time_machine

from tests.scim.entra_shapes import ENTRA, ENTRA_GROUPS, MANAGER, assign
from tests.scim.messages import ENTERPRISE, group, user
from tests.scim.two_services import NORMALISATIONS, START, Pair, pair_for, patch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scim.models import Organization
    from tests.situations import ScimClient


@pytest.fixture
def pair(rfc_scim: ScimClient, litware: Organization) -> Iterator[Pair]:
    """Both services with two users and a group of them."""
    with time_machine.travel(START, tick=False) as clock:
        both = pair_for(rfc_scim, litware, clock)
        boss = {"value": "boss", "$ref": "https://hr.example/boss"}
        person = user("person0", title="Ada", **{ENTERPRISE: {"manager": boss}})
        both.check("POST", "/Users", person)
        both.check("POST", "/Users", user("person1"))
        both.check("POST", "/Groups", group("group0", members=[{"value": "@u0"}]))
        yield both


@dataclass(frozen=True)
class Deviation:
    """A request that we answer otherwise; answers as status and scimType."""

    reason: str
    request: tuple[Any, ...]
    ours: tuple[int, str | None]
    theirs: tuple[int, str | None]


def _patched(path: str, *operations: dict[str, Any]) -> tuple[Any, ...]:
    return "PATCH", path, patch(*operations)


def _filtered(text: str) -> tuple[Any, ...]:
    return "GET", "/Users", None, {"filter": text}


DEVIATIONS = {
    "a filter by password": Deviation(
        "would say that nobody has one; passwords are not stored",
        _filtered("password pr"),
        (400, "invalidFilter"),
        (200, None),
    ),
    "a filter by a complex attribute": Deviation(
        "has no meaning; a typing error should not find nobody",
        _filtered('name eq "x"'),
        (400, "invalidFilter"),
        (200, None),
    ),
    "null in an array": Deviation(
        "is unassigned, as null is everywhere else (RFC 7643 section 2.5)",
        ("POST", "/Users", user("person2", phoneNumbers=[None])),
        (201, None),
        (400, "invalidValue"),
    ),
    "an empty string behind a value path": Deviation(
        "clears: Microsoft's Logic App harness adds it to clear; no entry comes of it",
        _patched(
            "/Users/@u0",
            {"op": "add", "path": 'emails[type eq "work"].value', "value": ""},
        ),
        (200, None),
        (200, None),
    ),
    "a cleared value behind a value path": Deviation(
        "takes its entry along: Microsoft's harness wants to read it as unassigned",
        _patched(
            "/Users/@u0",
            {"op": "add", "path": "emails", "value": [{"value": "x", "type": "work"}]},
            {"op": "remove", "path": 'emails[type eq "work"].value'},
        ),
        (200, None),
        (200, None),
    ),
    "the $ref of a manager who is replaced": Deviation(
        "goes with him: a client that sends values only would leave a wrong address",
        _patched("/Users/@u0", assign(f"{MANAGER}.value", "@u0")),
        (200, None),
        (200, None),
    ),
    "a member without value": Deviation(
        "names nobody; storing it would lose what the client meant",
        _patched("/Groups/@g0", {"op": "add", "path": "members", "value": [{}]}),
        (400, "invalidValue"),
        (200, None),
    ),
    "a member as a string": Deviation(
        "is its id, as in Microsoft's documentation of removals",
        _patched("/Groups/@g0", {"op": "add", "path": "members", "value": ["@u1"]}),
        (200, None),
        (400, "invalidValue"),
    ),
    "a change inside selected members": Deviation(
        "is not possible: the parts of a member are immutable",
        _patched(
            "/Groups/@g0",
            {
                "op": "replace",
                "path": 'members[value eq "@u1"]',
                "value": {"value": "@u1"},
            },
        ),
        (400, "invalidPath"),
        (200, None),
    ),
    "attributes of a POST": Deviation(
        "apply to every answer with a resource (RFC 7644 section 3.9)",
        ("POST", "/Users", user("person2"), {"attributes": "userName"}),
        (201, None),
        (201, None),
    ),
}


@pytest.mark.parametrize("name", DEVIATIONS)
def test_a_deviation_is_still_one(pair: Pair, name: str) -> None:
    """Each is answered as written down, by both, and differs."""
    deviation = DEVIATIONS[name]
    exchange = pair.send(*deviation.request)
    for answer, expected in (
        (exchange.ours, deviation.ours),
        (exchange.theirs, deviation.theirs),
    ):
        status, body = answer
        assert (status, body.get("scimType")) == expected, body
    for normalise in NORMALISATIONS:
        normalise(exchange)
    assert exchange.ours != exchange.theirs


@pytest.mark.parametrize("name", [*ENTRA, *ENTRA_GROUPS])
def test_entra_means_what_the_rfc_writes(pair: Pair, name: str) -> None:
    endpoint = "/Users/@u0" if name in ENTRA else "/Groups/@g0"
    sent, meant = (ENTRA | ENTRA_GROUPS)[name]
    pair.check("PATCH", endpoint, sent, meant=meant)
    pair.check("GET", endpoint)
    assert sent != meant


def test_a_repeated_write_moves_nothing(pair: Pair) -> None:
    """RFC 7643 section 3.1: lastModified is when the details were last changed."""
    for _ in range(2):
        pair.check("PUT", "/Users/@u1", user("person1", title="x"))
        pair.check("PATCH", "/Users/@u1", patch(assign("title", "x")))
        pair.check("PATCH", "/Groups/@g0", patch(assign("displayName", "group0")))
