"""Unassigning: null, "", [] and absent are one state (RFC 7643 section 2.5).

LAPP, Microsoft's Logic App validation, writes "" and null to every optional attribute,
in path form and folded into a value, and wants it gone on read.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.entra import ENTERPRISE, GROUP, PATCH_OP, USER

FULL: dict[str, Any] = {
    "schemas": [USER, ENTERPRISE],
    "userName": "ada@contoso.example",
    "title": "Analyst",
    "name": {"givenName": "Ada", "familyName": "Park"},
    "active": True,
    "emails": [
        {"type": "work", "value": "ada@work.example", "primary": True},
        {"type": "home", "value": "ada@home.example"},
    ],
    "addresses": [{"type": "work", "locality": "Leith"}],
    ENTERPRISE: {"department": "Risk", "manager": {"value": "m-1"}},
}

WORK = 'emails[type eq "work"].value'
HOME_ONLY = [{"type": "home", "value": "ada@home.example"}]


def patched(scim: Any, *operations: dict[str, Any]) -> dict[str, Any]:
    """Return the user after the operations, read back."""
    path = f"/Users/{scim.post('/Users', FULL).json()['id']}"
    answer = scim.patch(path, {"schemas": [PATCH_OP], "Operations": operations})
    assert answer.status_code == 200, answer.content
    read: dict[str, Any] = scim.get(path).json()
    assert read == answer.json()
    return read


@pytest.mark.parametrize("op", ["Add", "Replace"])
@pytest.mark.parametrize("nothing", ["", None])
@pytest.mark.parametrize(
    ("path", "gone"),
    [
        ("title", "title"),
        ("active", "active"),
        ("emails", "emails"),
        ("name", "name"),
        (f"{USER}:title", "title"),
        (ENTERPRISE, ENTERPRISE),
        ('addresses[type eq "work"].locality', "addresses"),
    ],
)
def test_nothing_by_path_unassigns(
    scim: Any, op: str, nothing: str | None, path: str, gone: str
) -> None:
    user = patched(scim, {"op": op, "path": path, "value": nothing})
    assert gone not in user
    assert user["userName"] == FULL["userName"]


@pytest.mark.parametrize("op", ["add", "replace"])
@pytest.mark.parametrize("nothing", ["", None])
def test_nothing_in_a_folded_value_unassigns(
    scim: Any, op: str, nothing: str | None
) -> None:
    value = {
        "title": nothing,
        "name.givenName": nothing,
        "active": nothing,
        "emails": None,
        f"{ENTERPRISE}:department": nothing,
        ENTERPRISE: {"manager": nothing},
    }
    user = patched(scim, {"op": op, "value": value})
    assert user["name"] == {"familyName": "Park"}
    assert not {"title", "active", "emails", ENTERPRISE} & user.keys()
    assert user["schemas"] == [USER]


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "Replace", "path": WORK, "value": ""},
        {"op": "Add", "path": WORK, "value": None},
        {"op": "Remove", "path": WORK},
        {"op": "Remove", "path": WORK, "value": "ada@work.example"},
        {"op": "Remove", "path": "emails", "value": "ada@work.example"},
        {"op": "Remove", "path": "emails", "value": [{"value": "ada@work.example"}]},
        {"op": "Remove", "path": 'emails[type eq "work"]'},
    ],
)
def test_a_cleared_entry_goes_as_a_whole(scim: Any, operation: dict[str, Any]) -> None:
    """A label (type, primary) without a value is not left behind."""
    assert patched(scim, operation)["emails"] == HOME_ONLY


def test_clearing_what_is_not_there_creates_nothing(scim: Any) -> None:
    """Create-on-miss (P3) is for values; there is no value here."""
    user = patched(
        scim, {"op": "Replace", "path": 'emails[type eq "other"].value', "value": ""}
    )
    assert user["emails"] == FULL["emails"]
    assert user["meta"]["version"] == 'W/"1"'


def test_a_single_value_is_removed_whatever_value_is_named(scim: Any) -> None:
    """P12: Remove with the value it clears."""
    user = patched(scim, {"op": "Remove", "path": "title", "value": "Analyst"})
    assert "title" not in user


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "replace", "path": "manager", "value": None},
        {"op": "replace", "path": f"{ENTERPRISE}:manager", "value": {"value": ""}},
        {"op": "replace", "path": f"{ENTERPRISE}:manager", "value": ""},
        {"op": "replace", "path": f"{ENTERPRISE}:manager", "value": []},
        {"op": "replace", "path": f"{ENTERPRISE}:manager.value", "value": ""},
        {"op": "remove", "path": f"{ENTERPRISE}:manager.value"},
        {"op": "remove", "path": 'manager[value eq "m-1"]'},
        {"op": "replace", "value": {"manager": ""}},
    ],
)
def test_the_manager_is_cleared_in_every_form(
    scim: Any, operation: dict[str, Any]
) -> None:
    assert patched(scim, operation)[ENTERPRISE] == {"department": "Risk"}


def test_a_required_attribute_cannot_be_cleared(scim: Any) -> None:
    """RFC 7644 section 3.5.2.2: mutability."""
    user = scim.post("/Users", FULL).json()
    operation = {"op": "Replace", "path": "userName", "value": ""}
    answer = scim.patch(
        f"/Users/{user['id']}", {"schemas": [PATCH_OP], "Operations": [operation]}
    )
    assert answer.status_code == 400
    assert answer.json()["scimType"] == "mutability"
    assert scim.get(f"/Users/{user['id']}").json() == user


@pytest.mark.parametrize(
    ("operation", "left"),
    [
        ({"op": "remove", "path": "members"}, 0),
        ({"op": "remove", "path": "members", "value": None}, 0),
        ({"op": "Remove", "path": "members", "value": []}, 1),
        ({"op": "Add", "path": "members", "value": []}, 1),
        ({"op": "Replace", "path": "members", "value": []}, 0),
        ({"op": "Replace", "value": {"displayName": "Ops"}}, 1),
    ],
)
def test_a_group_is_emptied_only_when_that_is_asked(
    scim: Any, operation: dict[str, Any], left: int
) -> None:
    """G6 empties; a list of nobody to remove removes nobody (K4)."""
    user = scim.post("/Users", FULL).json()
    body = {
        "schemas": [GROUP],
        "displayName": "Risk EU",
        "members": [{"value": user["id"]}],
    }
    path = f"/Groups/{scim.post('/Groups', body).json()['id']}"
    answer = scim.patch(path, {"schemas": [PATCH_OP], "Operations": [operation]})
    assert answer.status_code == 204
    assert len(scim.get(path).json().get("members", [])) == left
