"""The same Bulk to our service and to scim2-server's: order, references, results.

Circular references are not among them: scim2-server answers those with 409, which RFC
7644 section 3.7.1 allows, and we resolve them (test_bulk.py).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from django.db import transaction
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from tests.scim import strategies
from tests.scim.bulks import bulk
from tests.scim.messages import ENTERPRISE, group, patch_op, user
from tests.scim.two_services import START, Pair, Versions, pair_for

if TYPE_CHECKING:
    from scim.models import Organization
    from tests.situations import ScimClient

pytestmark = pytest.mark.django_db

Document = dict[str, Any]
MOST = 6

numbers = st.integers(0, MOST - 1)
names = st.sampled_from(["ada", "Ada", "bob", "cy"])
paths = st.sampled_from(
    ["/Users/@u0", "/Users/@u1", "/Groups/@g0", "/Users/nobody", "/Users/ref"]
)
versions = st.sampled_from([None, None, "*", 'W/"0"'])
title = {"op": "replace", "path": "externalId", "value": "x"}


def creation(number: int, name: str, *, of: int | None, team: bool) -> Document:
    reference = f"bulkId:{of}"
    if team:
        body = group(name, members=[{"value": reference}] if of is not None else [])
    else:
        body = user(name)
        if of is not None:
            body[ENTERPRISE] = {"manager": {"value": reference}}
    path = "/Groups" if team else "/Users"
    return {"method": "POST", "path": path, "bulkId": str(number), "data": body}


def change(method: str, path: str, of: int, version: str | None) -> Document:
    path = path.replace("ref", f"bulkId:{of}")
    whole = (group if "Groups" in path else user)(f"changed{of}", externalId="x")
    operation: Document = {"method": method, "path": path, "version": version}
    if method != "DELETE":
        operation["data"] = whole if method == "PUT" else patch_op(title)
    return {key: item for key, item in operation.items() if item is not None}


@st.composite
def bulks(draw: st.DrawFn) -> Document:
    """Creations and changes. References all go one way, so that no circle comes of it."""
    forward = draw(st.booleans())
    operations = []
    for number in range(draw(st.integers(1, MOST))):
        if draw(st.booleans()):
            method = draw(st.sampled_from(["PUT", "PATCH", "DELETE"]))
            operations.append(
                change(method, draw(paths), draw(numbers), draw(versions))
            )
            continue
        others = range(number + 1, MOST + 2) if forward else range(-1, number)
        of = draw(st.none() | st.sampled_from(others))
        team = draw(st.booleans())
        operations.append(creation(number, draw(names), of=of, team=team))
    most = draw(st.sampled_from([{}, {}, {"failOnErrors": 1}, {"failOnErrors": 2}]))
    return bulk(*operations, **most)


def told(results: list[Document]) -> list[Document]:
    """Return the results without sentences and versions; scimType instead of a body."""
    return [
        {
            **{
                key: result.get(key)
                for key in ("location", "method", "bulkId", "status")
            },
            "scimType": result.get("response", {}).get("scimType"),
        }
        for result in results
    ]


def send_to_both(pair: Pair, body: Document) -> tuple[list[Document], list[Document]]:
    body = strategies.resolved(body, pair.users, pair.groups)
    response = pair.scim.post("/Bulk", body)
    assert response.status_code == 200, response.content
    ours = response.json()["Operations"]
    new_ids = {}
    for result in ours:
        if result["status"] == "201":
            sent = next(
                operation["data"]
                for operation in body["Operations"]
                if operation.get("bulkId") == result["bulkId"]
            )
            name = sent.get("userName") or sent["displayName"]
            scim_id = result["location"].rpartition("/")[2]
            kind = "User" if "userName" in sent else "Group"
            new_ids[kind, name] = scim_id
    raw = json.dumps(body).encode()
    status, answer, _ = pair.oracle.call("POST", "/Bulk", {}, raw, new_ids=new_ids)
    assert status == 200, answer
    return ours, json.loads(json.dumps(answer))["Operations"]


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(body=bulks())
def test_bulks_are_answered_alike(
    rfc_scim: ScimClient, litware: Organization, body: Document
) -> None:
    """RFC 7644 3.7: the same results in the same order, and the same resources after."""
    with transaction.atomic(), time_machine.travel(START, tick=False) as clock:
        pair = pair_for(rfc_scim, litware, clock)
        pair.check("POST", "/Users", user("first"))
        pair.check("POST", "/Users", user("second"))
        pair.check("POST", "/Groups", group("team", members=[{"value": "@u0"}]))
        ours, theirs = send_to_both(pair, body)
        assert told(ours) == told(theirs), (body, ours, theirs)
        seen = Versions()
        for mine, yours in zip(ours, theirs, strict=True):
            where = mine.get("location", "")
            assert seen.alike(where, mine.get("version"), yours.get("version")), body
        event(" ".join(sorted({result["status"] for result in ours})))
        pair.check("GET", "/Users")
        pair.check("GET", "/Groups")
        transaction.set_rollback(True)
