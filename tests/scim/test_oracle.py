"""The same sequences of requests to our service and to scim2-server's in-memory server.

Hypothesis makes them; after each request, both must have answered alike. What the RFCs
leave open is in two_services.NORMALISATIONS, what we do otherwise in
test_oracle_requests.DEVIATIONS, and what Microsoft Entra writes otherwise, with what it
means, in entra_shapes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

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
from tests.scim.entra_shapes import ENTRA, ENTRA_GROUPS
from tests.scim.fuzzing import run_generated
from tests.scim.messages import SEARCH_REQUEST, group, user
from tests.scim.two_services import START, pair_for, patch

if TYPE_CHECKING:
    from scim.models import Organization
    from tests.situations import ScimClient

Document = dict[str, Any]


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
        text=given.equalities,
        sort=given.good_sorts,
        size=given.sizes,
        page=given.pages,
    )
    def look_up_and_sort(
        self,
        text: str,
        sort: dict[str, str],
        size: dict[str, str],
        page: dict[str, str],
    ) -> None:
        query = {"filter": text, **sort}
        self.both.walk("/Users", query | size)
        self.both.check("GET", "/Users", None, query | page)

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
