"""PATCH of users in Entra's two flavours: P1 to P9 and N1 to N7 of docs/scim.md.

Every test compares the whole user, so that a change that is answered with 200 but not
stored, or that touches another attribute, is seen (K3).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from scim.models import DirectoryUser
from tests.scim.messages import (
    ENTERPRISE,
    USER,
    Document,
    created,
    patched,
    read,
    user,
)

if TYPE_CHECKING:
    from tests.situations import ScimClient

MANAGER = f"{ENTERPRISE}:manager"
WORK = 'emails[type eq "work"].value'


@pytest.fixture
def ada(scim: ScimClient) -> Document:
    return created(
        scim,
        "/Users",
        user(
            displayName="Ada Park",
            active=True,
            name={"givenName": "Ada", "familyName": "Park"},
            emails=[{"type": "work", "primary": True, "value": "old@contoso.example"}],
            **{ENTERPRISE: {"department": "Risk", "manager": {"value": "m-1"}}},
        ),
    )


def after(scim: ScimClient, before: Document, *operations: Document) -> Document:
    """Send the operations; return what changed, by attribute.

    The answer of the PATCH must be the user as it is read afterwards.
    """
    answer = patched(scim, "/Users", before["id"], *operations).json()
    now = read(scim, "/Users", before["id"])
    assert answer == now
    keys = (before.keys() | now.keys()) - {"meta"}
    return {
        key: now.get(key) for key in sorted(keys) if now.get(key) != before.get(key)
    }


def enterprise(**changes: Any) -> Document:
    """The enterprise part of Ada after a change; None takes an attribute away."""
    part = {"department": "Risk", "manager": {"value": "m-1"}} | changes
    return {ENTERPRISE: {key: item for key, item in part.items() if item is not None}}


OLD_FLAVOUR: list[tuple[str, Document, Document]] = [
    ("P1", {"op": "Replace", "path": "displayName", "value": "A"}, {"displayName": "A"}),
    ("P2", {"op": "Add", "path": "nickName", "value": "Addy"}, {"nickName": "Addy"}),
    (
        "P3",
        {"op": "Replace", "path": WORK, "value": "a@x.example"},
        {"emails": [{"type": "work", "primary": True, "value": "a@x.example"}]},
    ),
    (
        "P3 Add on a missing element",
        {"op": "Add", "path": 'phoneNumbers[type eq "mobile"].value', "value": "+44 7"},
        {"phoneNumbers": [{"type": "mobile", "value": "+44 7"}]},
    ),
    (
        "P3 Replace on a missing element",
        {"op": "Replace", "path": 'addresses[type eq "work"].country', "value": "GB"},
        {"addresses": [{"type": "work", "country": "GB"}]},
    ),
    (
        "P4",
        {"op": "Replace", "path": "name.familyName", "value": "Parker"},
        {"name": {"givenName": "Ada", "familyName": "Parker"}},
    ),
    (
        "P5",
        {"op": "Replace", "path": f"{ENTERPRISE}:department", "value": "Ops"},
        enterprise(department="Ops"),
    ),
    ("P6", {"op": "Replace", "path": "active", "value": "False"}, {"active": False}),
    ("P6 lower", {"op": "Replace", "path": "active", "value": "false"}, {"active": False}),
    ("P6 boolean", {"op": "Replace", "path": "active", "value": False}, {"active": False}),
    (
        "P7",
        {"op": "Add", "path": MANAGER, "value": "m-2"},
        enterprise(manager={"value": "m-2"}),
    ),
    (
        "P8",
        {
            "op": "Add",
            "path": "manager",
            "value": [{"$ref": "https://x.example/Users/m-2", "value": "m-2"}],
        },
        enterprise(manager={"value": "m-2", "$ref": "https://x.example/Users/m-2"}),
    ),
    (
        "P9",
        {"op": "Replace", "path": MANAGER, "value": {"value": "m-2"}},
        enterprise(manager={"value": "m-2"}),
    ),
    (
        "P11",
        {"op": "Add", "path": 'roles[primary eq "True"].value', "value": "Admin"},
        {"roles": [{"primary": True, "value": "Admin"}]},
    ),
    ("P12", {"op": "Remove", "path": MANAGER}, enterprise(manager=None)),
    ("P12 value", {"op": "Remove", "path": MANAGER, "value": "m-1"}, enterprise(manager=None)),
]  # fmt: skip

NEW_FLAVOUR: list[tuple[str, Document, Document]] = [
    ("N1", {"op": "replace", "path": "active", "value": False}, {"active": False}),
    (
        "N2",
        {
            "op": "replace",
            "value": {
                "displayName": "Ada P.",
                "name.givenName": "Adah",
                "name.familyName": "Parker",
                f"{ENTERPRISE}:employeeNumber": "7732",
            },
        },
        {
            "displayName": "Ada P.",
            "name": {"givenName": "Adah", "familyName": "Parker"},
            **enterprise(employeeNumber="7732"),
        },
    ),
    (
        "N3",
        {"op": "replace", "path": WORK, "value": "a@x.example"},
        {"emails": [{"type": "work", "primary": True, "value": "a@x.example"}]},
    ),
    ("N4", {"op": "add", "path": "nickName", "value": "Addy"}, {"nickName": "Addy"}),
    (
        "N5 add",
        {"op": "add", "path": MANAGER, "value": "m-2"},
        enterprise(manager={"value": "m-2"}),
    ),
    ("N5 remove", {"op": "remove", "path": 'manager[value eq "m-1"]'}, enterprise(manager=None)),
    ("N5 stale", {"op": "remove", "path": 'manager[value eq "m-0"]'}, {}),
    (
        "N6",
        {"op": "replace", "path": "roles", "value": [{"primary": False, "value": "User"}]},
        {"roles": [{"primary": False, "value": "User"}]},
    ),
    (
        "N7 extension as an object",
        {"op": "replace", "value": {ENTERPRISE: {"department": "Ops"}}},
        enterprise(department="Ops"),
    ),
    (
        "N7 core URN",
        {"op": "replace", "path": f"{USER}:displayName", "value": "A"},
        {"displayName": "A"},
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("operation", "changes"),
    [pytest.param(*case[1:], id=case[0]) for case in OLD_FLAVOUR + NEW_FLAVOUR],
)
def test_one_operation(
    scim: ScimClient, ada: Document, operation: Document, changes: Document
) -> None:
    """P1 to P12 and N1 to N7: exactly the asked change, in the answer and when read."""
    assert after(scim, ada, operation) == changes


def test_many_operations_of_the_old_flavour(scim: ScimClient, ada: Document) -> None:
    """P1: one operation an attribute, many in a request, carried out in order."""
    changes = after(
        scim,
        ada,
        {"op": "Replace", "path": "displayName", "value": "Ada P."},
        {"op": "Add", "path": "title", "value": "Analyst"},
        {"op": "Replace", "path": "title", "value": "Head"},
        {"op": "Replace", "path": "active", "value": "False"},
        {"op": "Add", "path": 'emails[type eq "home"].value', "value": "h@x.example"},
    )
    assert changes == {
        "active": False,
        "displayName": "Ada P.",
        "emails": [*ada["emails"], {"type": "home", "value": "h@x.example"}],
        "title": "Head",
    }
    row = DirectoryUser.objects.get()
    assert (row.active, row.display_name) == (False, "Ada P.")


def test_folded_and_value_path_operations_together(
    scim: ScimClient, ada: Document
) -> None:
    """N3: the folded operation and those with a value path come in one request."""
    changes = after(
        scim,
        ada,
        {"op": "replace", "value": {"displayName": "Ada P.", "title": "Head"}},
        {"op": "replace", "path": WORK, "value": "a@x.example"},
        {"op": "add", "path": "nickName", "value": "Addy"},
    )
    assert changes == {
        "displayName": "Ada P.",
        "emails": [{"type": "work", "primary": True, "value": "a@x.example"}],
        "nickName": "Addy",
        "title": "Head",
    }


def test_a_stale_manager_changes_nothing(scim: ScimClient, ada: Document) -> None:
    """N5: removing a manager who is no longer the manager is no change at all."""
    meta = read(scim, "/Users", ada["id"])["meta"]
    stale = {"op": "remove", "path": 'manager[value eq "m-0"]'}
    assert after(scim, ada, stale) == {}
    assert read(scim, "/Users", ada["id"])["meta"] == meta


@pytest.mark.parametrize("value", ["", None, [], {"value": ""}, {"value": None}])
@pytest.mark.parametrize("op", ["Replace", "add"])
def test_clearing_the_manager(
    scim: ScimClient, ada: Document, op: str, value: Any
) -> None:
    """1.4 Clearing: both validators' ways leave the manager unassigned."""
    operation = {"op": op, "path": MANAGER, "value": value}
    assert after(scim, ada, operation) == enterprise(manager=None)
    assert DirectoryUser.objects.get().manager_value == ""


@pytest.mark.parametrize("value", ["", None])
@pytest.mark.parametrize("folded", [False, True], ids=["path", "folded"])
def test_clearing_optional_attributes(
    scim: ScimClient, ada: Document, value: Any, folded: bool
) -> None:
    """1.4 Clearing: Microsoft's harness sends "" and null, by path or folded."""
    paths = ["displayName", "name.givenName", f"{ENTERPRISE}:department"]
    if folded:
        operations = [{"op": "replace", "value": dict.fromkeys(paths, value)}]
    else:
        operations = [{"op": "Replace", "path": path, "value": value} for path in paths]
    assert after(scim, ada, *operations) == {
        "displayName": None,
        "name": {"familyName": "Park"},
        **enterprise(department=None),
    }
    row = DirectoryUser.objects.get()
    assert (row.display_name, row.department) == ("", None)
