"""How many values a body may hold, and what those cost that are let in."""

from __future__ import annotations

import time
import tracemalloc
from typing import TYPE_CHECKING, Any

import pytest

from scim.http.request_body import MAX_VALUES
from scim.resources.validation import MAX_PARTS
from tests.scim.bulks import post, results
from tests.scim.messages import (
    ENTERPRISE,
    USER,
    created,
    group,
    members,
    patch_op,
    read,
    refused,
    user,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.situations import ScimClient

MIB = 2**20
MEMBERS = 40_000
"""As many as the real service takes in a group."""

SENT = [
    ("POST", "/Users"),
    ("POST", "/Groups"),
    ("PUT", "/Users/{user}"),
    ("PUT", "/Groups/{group}"),
    ("PATCH", "/Users/{user}"),
    ("PATCH", "/Groups/{group}"),
    ("POST", "/Users/.search"),
    ("POST", "/.search"),
]


@pytest.fixture
def ids(rfc_scim: ScimClient) -> dict[str, str]:
    ada = created(rfc_scim, "/Users", user("ada"))["id"]
    risk = created(rfc_scim, "/Groups", group(members=members(ada)))["id"]
    return {"user": ada, "group": risk}


def filled(item: bytes, size: int) -> bytes:
    """Return a body of about *size* bytes that is full of *item*."""
    return b'{"a":[' + b",".join([item] * (size // (len(item) + 1))) + b"]}"


@pytest.mark.parametrize("item", [b"[]", b"{}", b'{"a":1}', b'""', b"1", b"[1.5]"])
def test_what_would_fill_the_memory(
    rfc_scim: ScimClient, ids: dict[str, str], item: bytes
) -> None:
    """400 before it is made: 10 MiB of empty arrays took 286 MiB."""
    raw = filled(item, 10 * MIB - 100)
    for method, path in [*SENT, ("POST", "/Bulk")]:
        # A Bulk takes fewer bytes.
        sent = filled(item, 4 * MIB - 100) if path == "/Bulk" else raw
        tracemalloc.start()
        try:
            response = rfc_scim.request(method, path.format(**ids), sent)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        detail = refused(response, 400, "invalidSyntax")
        assert "more than 400,000 values" in detail
        assert peak < 4 * len(sent)


def test_as_many_values_as_there_may_be(rfc_scim: ScimClient) -> None:
    """What the limit lets in takes a third of that."""
    raw = b'{"a":[' + b",".join([b'{"a":1}'] * (MAX_VALUES // 2 - 2)) + b"]}"
    tracemalloc.start()
    try:
        response = rfc_scim.post("/Users", raw)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    refused(response, 400, "invalidValue")
    assert peak < 100 * MIB


def everybody() -> list[dict[str, Any]]:
    """Return 40,000 members with whatever a client may say of one."""
    return [
        {
            "value": f"7a736361-6c65-7200-7363-696d{number:08x}",
            "$ref": f"https://portal.contoso.example/scim/Users/{number}",
            "display": f"Park, Ada (Contoso, Ltd.) {number}",
            "type": "User",
        }
        for number in range(1_000, 1_000 + MEMBERS)
    ]


def test_the_largest_group_is_read(scim: ScimClient) -> None:
    """By POST, PUT, PATCH and Bulk: nobody of them exists, which is all that is said."""
    risk = created(scim, "/Groups", group())["id"]
    body = group(members=everybody())
    changes = [
        {"op": op, "path": "members", "value": everybody()} for op in ("add", "replace")
    ]
    few = members(*(member["value"] for member in everybody()))
    [answer] = results(scim, post("/Groups", "g", group("Bulk", members=few)))
    details = [answer["response"]["detail"]]
    details += [
        refused(response, 400, "invalidValue")
        for response in (
            scim.post("/Groups", group("Large", members=everybody())),
            scim.put(f"/Groups/{risk}", body),
            *(scim.patch(f"/Groups/{risk}", patch_op(change)) for change in changes),
        )
    ]
    for detail in details:
        assert detail.startswith("No user of the organization has the id")
    assert "members" not in read(scim, "/Groups", risk)


def hostile(number: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield what a resource may be filled up with, so many values of it."""
    names = {f"name{n}": 1 for n in range(number)}
    yield "unknown names", names
    yield "parts of a name", {"name": names}
    yield "parts of an extension", {ENTERPRISE: names}
    yield "an unknown list", {"unknown": [*range(number)]}
    yield "parts of a value", {"emails": [names]}
    yield "wrong values", {"emails": {"value": [*range(number)]}}
    yield "paths", {f"name.x{n}": 1 for n in range(number)}
    yield "URNs", {f"urn:x:{n}": {"a": 1} for n in range(number // 2)}


LISTS: dict[str, dict[str, Any]] = {
    "schemas": {"schemas": [USER, *(f"urn:{n}" for n in range(150_000))]},
    "emails": {"emails": [{"value": f"{n}@x.example"} for n in range(50_000)]},
    "roles": {"roles": [f"{n}" for n in range(150_000)]},
}


def calls(
    scim: ScimClient, ids: dict[str, str], parts: dict[str, Any]
) -> Iterator[Any]:
    """Send a resource with these attributes in every way."""
    yield lambda: scim.post("/Users", {"userName": "bo"} | parts)
    yield lambda: scim.put(f"/Users/{ids['user']}", {"userName": "ada"} | parts)
    yield lambda: scim.post("/Groups", {"displayName": "x"} | parts)
    adding = patch_op({"op": "add", "value": parts})
    yield lambda: scim.patch(f"/Users/{ids['user']}", adding)
    yield lambda: scim.patch(f"/Groups/{ids['group']}", adding)
    by_path = [{"op": "add", "path": n, "value": v} for n, v in parts.items()][:1]
    yield lambda: scim.patch(f"/Users/{ids['user']}", patch_op(*by_path))


@pytest.mark.parametrize("what", [what for what, _ in hostile(0)])
def test_a_resource_has_an_end(
    rfc_scim: ScimClient, ids: dict[str, str], what: str
) -> None:
    """As many values as are taken cost half a second at most; more are refused."""
    before = read(rfc_scim, "/Users", ids["user"])
    for call in list(calls(rfc_scim, ids, dict(hostile(40_000))[what]))[:5]:
        assert "more than" in refused(call(), 400, "invalidValue")
    assert read(rfc_scim, "/Users", ids["user"]) == before
    for call in calls(rfc_scim, ids, dict(hostile(MAX_PARTS - 20))[what]):
        start = time.process_time()
        assert call().status_code < 500
        assert time.process_time() - start < 5


@pytest.mark.parametrize("what", LISTS)
def test_a_list_has_an_end(
    rfc_scim: ScimClient, ids: dict[str, str], what: str
) -> None:
    """The refusal names it. 150,000 schemas kept a thread for minutes."""
    for call in list(calls(rfc_scim, ids, LISTS[what]))[:5]:
        detail = refused(call(), 400, "invalidValue")
        assert detail == f"{what} has more than 100 values."


def emails(number: int, first: int = 0) -> list[dict[str, str]]:
    return [{"value": f"{first + n}@x.example"} for n in range(number)]


def texts(number: int) -> list[str]:
    return [f"{n}@y.example" for n in range(number)]


REMOVE = {"op": "remove", "path": "emails", "value": texts(58)}


@pytest.mark.parametrize(
    "operations",
    [
        [REMOVE] * 100,
        [
            {"op": "add", "path": "emails", "value": emails(29, 29 * n)}
            for n in range(80)
        ],
        [{"op": "add", "value": {"emails": emails(29, 29 * n)}} for n in range(80)],
        [
            *(
                {"op": "add", "path": "emails", "value": emails(29, n)}
                for n in range(50)
            ),
            *[REMOVE] * 50,
        ],
    ],
    ids=["removed", "added", "added without path", "both"],
)
def test_values_are_not_compared_without_end(
    rfc_scim: ScimClient, operations: list[dict[str, object]]
) -> None:
    """Two seconds to half a minute of processor time, with the row locked."""
    ada = created(rfc_scim, "/Users", user("ada", emails=emails(98)))["id"]
    before = rfc_scim.get(f"/Users/{ada}").json()

    answer = rfc_scim.patch(f"/Users/{ada}", patch_op(*operations))

    assert "too many values" in refused(answer, 400, "invalidValue")
    assert rfc_scim.get(f"/Users/{ada}").json() == before


@pytest.mark.parametrize(
    "operations",
    [
        [{"op": "add", "path": "emails", "value": emails(100)}],
        [{"op": "add", "path": "emails", "value": emails(1, n)} for n in range(100)],
        [{"op": "replace", "path": "emails", "value": emails(98)}] * 20,
        [{"op": "remove", "path": "emails", "value": texts(100)}],
    ],
    ids=["added", "one by one", "replaced", "removed"],
)
def test_what_identity_providers_send_is_carried_out(
    rfc_scim: ScimClient, operations: list[dict[str, object]]
) -> None:
    ada = created(rfc_scim, "/Users", user("ada", emails=emails(98)))["id"]

    assert rfc_scim.patch(f"/Users/{ada}", patch_op(*operations)).status_code == 200


@pytest.mark.parametrize(
    ("body", "scim_type"),
    [
        ({"x" * 1_025: 1}, "invalidSyntax"),
        ({"name": {"x" * 1_025: 1}}, "invalidSyntax"),
        (patch_op({"op": "add", "value": {"İ" * 1_000_000: 1}}), "invalidSyntax"),
        (patch_op({"op": "İ" * 1_000_000, "path": "title"}), "invalidValue"),
    ],
)
def test_names_and_verbs_have_an_end(
    rfc_scim: ScimClient, body: dict[str, object], scim_type: str
) -> None:
    ada = created(rfc_scim, "/Users", user("ada"))["id"]

    refused(rfc_scim.patch(f"/Users/{ada}", body), 400, scim_type)
