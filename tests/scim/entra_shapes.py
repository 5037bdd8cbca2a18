"""What Microsoft Entra writes otherwise than RFC 7644, and what it means by it.

Names such as P1 and G3 are those of test_entra_*.py. Both halves are bodies of a PATCH;
@u0 and @u1 stand for users that the tests of the oracle make.
"""

from __future__ import annotations

from typing import Any

from tests.scim.messages import ENTERPRISE
from tests.scim.two_services import patch

Document = dict[str, Any]

MANAGER = f"{ENTERPRISE}:manager"
DEPARTMENT = f"{ENTERPRISE}:department"


def assign(path: str, value: Any, op: str = "replace") -> Document:
    return {"op": op, "path": path, "value": value}


def remove(path: str) -> Document:
    return {"op": "remove", "path": path}


ENTRA: dict[str, tuple[Document, Document]] = {
    "P1": (patch(assign("title", "x", "Replace")), patch(assign("title", "x"))),
    "P2": (
        patch(assign("nickName", "x", "Add")),
        patch(assign("nickName", "x", "add")),
    ),
    "P6": (patch(assign("active", "False", "Replace")), patch(assign("active", False))),
    "P7": (
        patch(assign(MANAGER, "@u1", "Add")),
        patch(remove(MANAGER), assign(MANAGER, {"value": "@u1"})),
    ),
    "P8": (
        patch(assign("manager", [{"value": "@u1"}], "Add")),
        patch(remove(MANAGER), assign(MANAGER, {"value": "@u1"})),
    ),
    "P12": (patch(remove("title") | {"value": "Ada"}), patch(remove("title"))),
    "N2": (
        patch({"op": "replace", "value": {"name.givenName": "x", DEPARTMENT: "y"}}),
        patch(assign("name.givenName", "x"), assign(DEPARTMENT, "y")),
    ),
    "N5": (
        patch(assign(MANAGER, "@u1"), remove('manager[value eq "@u1"]')),
        patch(remove(MANAGER)),
    ),
    "quoted booleans": (
        patch(assign("roles", [{"value": "x", "primary": "True"}], "Add")),
        patch(assign("roles", [{"value": "x", "primary": True}], "add")),
    ),
    "LAPP": (
        patch(assign("title", ""), assign(MANAGER, "")),
        patch(remove("title"), remove(MANAGER)),
    ),
    "lower-case operations": (
        {"operations": [assign("title", "x")]},
        patch(assign("title", "x")),
    ),
}
ENTRA_GROUPS: dict[str, tuple[Document, Document]] = {
    "G3": (
        patch(assign("members", [{"value": "@u1", "$ref": None}], "Add")),
        patch(assign("members", [{"value": "@u1"}], "add")),
    ),
    "G4": (
        patch(
            assign("members", [{"value": "@u1"}], "Add"),
            assign("members", [{"value": "@u1"}], "Remove"),
        ),
        patch(
            assign("members", [{"value": "@u1"}], "add"),
            remove('members[value eq "@u1"]'),
        ),
    ),
    "G7": (
        patch({"op": "Replace", "value": {"displayName": "x"}}),
        patch(assign("displayName", "x")),
    ),
}
