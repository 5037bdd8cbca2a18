"""The same requests to our service and to scim2-server's in-memory server.

Hypothesis makes sequences of requests; after each, both must have answered alike. What
the RFCs leave open is in two_services.NORMALISATIONS, what we do otherwise in
DEVIATIONS, and what Microsoft Entra writes otherwise in ENTRA, with what it means.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
import time_machine
from django.db import transaction
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    rule,
    run_state_machine_as_test,
)

from tests.scim import strategies as given
from tests.scim.fuzzing import run_generated
from tests.scim.messages import ENTERPRISE, SEARCH_REQUEST, group, user
from tests.scim.two_services import NORMALISATIONS, START, Pair, pair_for, patch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scim.models import Organization
    from tests.situations import ScimClient

Document = dict[str, Any]
Answer = tuple[int, Any]


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


# ------------------------------------------------------------------------- deviations


@dataclass(frozen=True)
class Deviation:
    """A request that we answer otherwise; answers as status and scimType."""

    reason: str
    request: tuple[Any, ...]
    ours: tuple[int, str | None]
    theirs: tuple[int, str | None]


MANAGER = f"{ENTERPRISE}:manager"
DEPARTMENT = f"{ENTERPRISE}:department"


def _set(path: str, value: Any, op: str = "replace") -> Document:
    return {"op": op, "path": path, "value": value}


def _remove(path: str) -> Document:
    return {"op": "remove", "path": path}


def _patched(path: str, *operations: Document) -> tuple[Any, ...]:
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
        _patched("/Users/@u0", _set(f"{MANAGER}.value", "@u0")),
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


ENTRA: dict[str, tuple[Document, Document]] = {
    "P1": (patch(_set("title", "x", "Replace")), patch(_set("title", "x"))),
    "P2": (patch(_set("nickName", "x", "Add")), patch(_set("nickName", "x", "add"))),
    "P6": (patch(_set("active", "False", "Replace")), patch(_set("active", False))),
    "P7": (
        patch(_set(MANAGER, "@u1", "Add")),
        patch(_remove(MANAGER), _set(MANAGER, {"value": "@u1"})),
    ),
    "P8": (
        patch(_set("manager", [{"value": "@u1"}], "Add")),
        patch(_remove(MANAGER), _set(MANAGER, {"value": "@u1"})),
    ),
    "P12": (patch(_remove("title") | {"value": "Ada"}), patch(_remove("title"))),
    "N2": (
        patch({"op": "replace", "value": {"name.givenName": "x", DEPARTMENT: "y"}}),
        patch(_set("name.givenName", "x"), _set(DEPARTMENT, "y")),
    ),
    "N5": (
        patch(_set(MANAGER, "@u1"), _remove('manager[value eq "@u1"]')),
        patch(_remove(MANAGER)),
    ),
    "quoted booleans": (
        patch(_set("roles", [{"value": "x", "primary": "True"}], "Add")),
        patch(_set("roles", [{"value": "x", "primary": True}], "add")),
    ),
    "LAPP": (
        patch(_set("title", ""), _set(MANAGER, "")),
        patch(_remove("title"), _remove(MANAGER)),
    ),
    "lower-case operations": (
        {"operations": [_set("title", "x")]},
        patch(_set("title", "x")),
    ),
}
ENTRA_GROUPS: dict[str, tuple[Document, Document]] = {
    "G3": (
        patch(_set("members", [{"value": "@u1", "$ref": None}], "Add")),
        patch(_set("members", [{"value": "@u1"}], "add")),
    ),
    "G4": (
        patch(
            _set("members", [{"value": "@u1"}], "Add"),
            _set("members", [{"value": "@u1"}], "Remove"),
        ),
        patch(
            _set("members", [{"value": "@u1"}], "add"),
            _remove('members[value eq "@u1"]'),
        ),
    ),
    "G7": (
        patch({"op": "Replace", "value": {"displayName": "x"}}),
        patch(_set("displayName", "x")),
    ),
}


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
        pair.check("PATCH", "/Users/@u1", patch(_set("title", "x")))
        pair.check("PATCH", "/Groups/@g0", patch(_set("displayName", "group0")))


# -------------------------------------------------------------------------- sequences


class TwoServices(RuleBasedStateMachine):
    """Random requests, in random order, to both."""

    scim: ClassVar[ScimClient]
    organization: ClassVar[Organization]

    def __init__(self) -> None:
        super().__init__()
        self.travel = time_machine.travel(START, tick=False)
        self.both = pair_for(self.scim, self.organization, self.travel.start())
        self.rows = transaction.atomic()
        self.rows.__enter__()

    def teardown(self) -> None:
        """Leave the organization empty for the next sequence."""
        transaction.set_rollback(True)
        self.rows.__exit__(None, None, None)
        self.travel.stop()

    @initialize(
        people=st.tuples(given.good_users, given.good_users), team=given.good_groups
    )
    def fill(self, people: tuple[Document, Document], team: Document) -> None:
        for number, person in enumerate(people):
            self.both.check("POST", "/Users", person | {"userName": f"person{number}"})
        self.both.check("POST", "/Groups", team | {"displayName": "group0"})

    @rule(body=given.user_bodies)
    def create_user(self, body: Document) -> None:
        self.both.check("POST", "/Users", body)

    @rule(body=given.group_bodies)
    def create_group(self, body: Document) -> None:
        self.both.check("POST", "/Groups", body)

    @rule(who=given.users, query=given.projections)
    def read_user(self, who: str, query: dict[str, str]) -> None:
        self.both.check("GET", f"/Users/{who}", None, query)

    @rule(which=given.groups, query=given.projections)
    def read_group(self, which: str, query: dict[str, str]) -> None:
        self.both.check("GET", f"/Groups/{which}", None, query)

    @rule(who=given.users, body=given.user_bodies, query=given.projections)
    def replace_user(self, who: str, body: Document, query: dict[str, str]) -> None:
        self.both.check("PUT", f"/Users/{who}", body, query)

    @rule(which=given.groups, body=given.group_bodies)
    def replace_group(self, which: str, body: Document) -> None:
        self.both.check("PUT", f"/Groups/{which}", body)

    @rule(who=given.users, operations=given.user_operations)
    def patch_user(self, who: str, operations: list[Document]) -> None:
        self.both.check("PATCH", f"/Users/{who}", patch(*operations))

    @rule(who=given.users, shape=st.sampled_from(sorted(ENTRA)))
    def patch_user_as_entra(self, who: str, shape: str) -> None:
        sent, meant = ENTRA[shape]
        self.both.check("PATCH", f"/Users/{who}", sent, meant=meant)

    @rule(
        which=given.groups, operations=given.group_operations, query=given.projections
    )
    def patch_group(
        self, which: str, operations: list[Document], query: dict[str, str]
    ) -> None:
        self.both.check("PATCH", f"/Groups/{which}", patch(*operations), query)

    @rule(which=given.groups, shape=st.sampled_from(sorted(ENTRA_GROUPS)))
    def patch_group_as_entra(self, which: str, shape: str) -> None:
        sent, meant = ENTRA_GROUPS[shape]
        self.both.check("PATCH", f"/Groups/{which}", sent, meant=meant)

    @rule(
        path=given.users.map("/Users/{}".format) | given.groups.map("/Groups/{}".format)
    )
    def delete(self, path: str) -> None:
        self.both.check("DELETE", path)

    @rule(
        text=given.user_filters,
        query=given.projections,
        sort=given.sorts,
        page=given.pages,
    )
    def filter_users(self, text: str, **queries: dict[str, str]) -> None:
        self.both.check(
            "GET", "/Users", None, given.joined({"filter": text}, **queries)
        )

    @rule(
        path=given.users.map("/Users/{}".format)
        | given.groups.map("/Groups/{}".format),
        call=given.guarded_calls,
        guard=given.guards,
    )
    def guard(
        self, path: str, call: tuple[str, Any], guard: tuple[str, int | str]
    ) -> None:
        """RFC 7644 3.14: a read or write that names a version, old or new."""
        method, body = call
        if method == "PUT":
            body = (group if path.startswith("/Groups") else user)("guarded", **body)
        self.both.check(method, path, body, guard=guard)

    @rule(
        text=given.group_filters,
        query=given.projections,
        sort=given.sorts,
        page=given.pages,
    )
    def filter_groups(self, text: str, **queries: dict[str, str]) -> None:
        self.both.check(
            "GET", "/Groups", None, given.joined({"filter": text}, **queries)
        )

    @rule(
        path=st.sampled_from(["/Users", "/Groups"]),
        sort=given.sorts,
        size=given.sizes,
    )
    def walk_a_list(self, path: str, **queries: dict[str, str]) -> None:
        self.both.walk(path, given.joined(**queries))

    @rule(text=given.user_filters, sort=given.sorts, size=given.sizes)
    def walk_what_is_found(self, text: str, **queries: dict[str, str]) -> None:
        self.both.walk("/Users", given.joined({"filter": text}, **queries))

    @rule(
        path=st.sampled_from(["/Users", "/Groups"]),
        query=given.projections,
        page=given.wrong_pages,
    )
    def read_page(self, path: str, query: dict[str, str], page: dict[str, str]) -> None:
        self.both.check("GET", path, None, query | page)

    @rule(
        path=st.sampled_from(["/.search", "/Users/.search", "/Groups/.search"]),
        text=given.user_filters | given.group_filters,
        query=given.projections,
        sort=given.sorts,
    )
    def search(
        self, path: str, text: str, query: dict[str, str], sort: dict[str, str]
    ) -> None:
        names = {name: value.split(",") for name, value in query.items()}
        body = {"schemas": [SEARCH_REQUEST], "filter": text, **names, **sort}
        self.both.check("POST", path, body)


def test_sequences_are_answered_alike(
    rfc_scim: ScimClient, litware: Organization
) -> None:
    """RFC 7644 section 3: reads, writes, filters, pages and projections alike."""
    TwoServices.scim = rfc_scim
    TwoServices.organization = litware

    def run(chosen: settings) -> None:
        several = settings(chosen, stateful_step_count=20)
        run_state_machine_as_test(TwoServices, settings=several)

    run_generated(run, examples=60)
