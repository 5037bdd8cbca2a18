"""What asks the event log reads what it shows, however long the log is, and of what.

Strangers can add to it, and each of their calls asks it, so that a query that reads on
past their events would let them stop everybody else.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from scim.models import Organization, ProvisioningEvent
from scim.models.event import ANONYMOUS, SIGN_ON
from tests.portal import factories

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.situations import ScimClient

SIZE = 5_000
"""Events in the log: enough for PostgreSQL to prefer an index to reading them all."""

SPARE = 60
"""Rows that a query may read beyond those it returns; it may count as many refusals."""

STEPS = 50
"""Instructions of SQLite's virtual machine that a row takes, at the most."""

REFUSED = {"outcome": "refused"}
DOMAIN = {"actor": "token q7Fh2m", "refused_domain": "wing.test", **REFUSED}
SIGN_ONS = {"actor": SIGN_ON, "action": "sign-on"}

MIXES: dict[str, dict[str, Any]] = {
    "nothing": {},
    "a client's changes": {"actor": "token q7Fh2m", "action": "create"},
    "a client's refusals": {"actor": "token q7Fh2m", **REFUSED},
    "refusals for a domain": DOMAIN,
    "strangers": {"actor": ANONYMOUS, "action": "discover"},
    "refused strangers": {"actor": ANONYMOUS, **REFUSED},
    "sign-ons": SIGN_ONS,
    "refused sign-ons": {**SIGN_ONS, **REFUSED},
    "auto-provisioning": {"actor": SIGN_ON, "action": "create"},
}


def log(organization: Organization, fields: dict[str, Any], age: timedelta) -> None:
    """Let the log hold SIZE such events, or none without *fields*."""
    time = timezone.now() - age
    ProvisioningEvent.objects.bulk_create(
        (
            ProvisioningEvent(organization=organization, time=time, **fields)
            for _ in range(SIZE if fields else 0)
        ),
        1_000,
    )
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE scim_provisioningevent")


class Asked:
    """The queries on the log that come meanwhile, as the database gets them."""

    def __init__(self) -> None:
        self.queries: list[tuple[str, Any]] = []

    def __call__(
        self, execute: Any, sql: str, params: Any, many: bool, context: Any
    ) -> Any:
        if sql.startswith("SELECT") and 'FROM "scim_provisioningevent"' in sql:
            self.queries.append((sql, params))
        return execute(sql, params, many, context)


def rows_read(sql: str, params: Any) -> int:
    """Return how many rows of the log a query reads."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", params)
            plan = cursor.fetchone()[0]
            [whole] = json.loads(plan) if isinstance(plan, str) else plan
            return sum(_rows_of(node) for node in _nodes(whole["Plan"]))
        steps = 0

        def step() -> int:
            nonlocal steps
            steps += 1
            return 0

        raw: Any = connection.connection
        raw.set_progress_handler(step, STEPS)
        try:
            cursor.execute(sql, params)
            cursor.fetchall()
        finally:
            raw.set_progress_handler(None, 0)
        return steps


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", []):
        yield from _nodes(part)


def _rows_of(node: dict[str, Any]) -> int:
    """Return the rows that a scan reads; those that it drops are counted, too."""
    if not node["Node Type"].endswith("Scan") or node["Node Type"] == "Subquery Scan":
        return 0
    rows = node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
    return int(rows * node["Actual Loops"])


def rows_returned(sql: str, params: Any) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return len(cursor.fetchall())


@pytest.mark.parametrize("age", [timedelta(0), timedelta(hours=1), timedelta(days=2)])
@pytest.mark.parametrize("mix", list(MIXES))
def test_a_query_on_the_log_reads_what_it_returns(
    signed_in: Client,
    contoso: Organization,
    scim: ScimClient,
    mix: str,
    age: timedelta,
) -> None:
    user = factories.person(contoso, "ada@contoso.example")
    team = factories.group(contoso, "Risk EU")
    resources = "/administration/user-management"
    settings = "/administration/authentication-settings"
    log(contoso, MIXES[mix], age)
    scim.secret = "wrong"
    asked = Asked()
    with connection.execute_wrapper(asked):
        for page in (
            f"{resources}/users/",
            f"{resources}/users/{user.pk}/",
            f"{resources}/groups/{team.pk}/",
            f"{settings}/",
            f"{settings}/saml-sign-on/",
        ):
            assert signed_in.get(page).status_code == 200, page
        assert scim.get("/Users").status_code == 401
        scim.secret = None
        assert scim.get("/ServiceProviderConfig").status_code == 200
        refused = Client().post(f"/sso_upd/{contoso.pk}", {"SAMLResponse": "nonsense"})
        assert refused.status_code == 403
    assert len(asked.queries) >= 8
    too_much = {
        sql: read
        for sql, params in asked.queries
        if (read := rows_read(sql, params)) > rows_returned(sql, params) + SPARE
    }
    assert too_much == {}
