"""The requests that are measured, in the words of Entra's newer flavour."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus

from bench import people
from bench.people import ENTERPRISE, USER, Size

PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
PAGE = 100


@dataclass(frozen=True)
class Call:
    """One request; the path is relative to the Base URL."""

    method: str
    path: str
    body: bytes = b""


def get_user(scim_id: str) -> Call:
    return Call("GET", f"/Users/{scim_id}")


def find_user(user_name: str) -> Call:
    text = quote_plus(f'userName eq "{user_name}"')
    return Call("GET", f"/Users?filter={text}")


def find_group(name: str) -> Call:
    text = quote_plus(f'displayName eq "{name}"')
    return Call("GET", f"/Groups?excludedAttributes=members&filter={text}")


def page_of_users(start: int) -> Call:
    return Call("GET", f"/Users?startIndex={start}&count={PAGE}")


def deep_start(size: Size) -> int:
    """Where a page near the end begins that is full."""
    return max(1, size.users - PAGE - 49)


def create_user(key: str) -> Call:
    """Create the person of a unique *key*, with the attributes of Entra's mapping."""
    name = f"{key}@{people.DOMAIN}"
    return _write(
        "POST",
        "/Users",
        {
            "schemas": [USER, ENTERPRISE],
            "externalId": key,
            "userName": name,
            "active": True,
            "displayName": f"Person {key}",
            "emails": [{"primary": True, "type": "work", "value": name}],
            "meta": {"resourceType": "User"},
            "name": {
                "formatted": f"Person {key}",
                "familyName": key,
                "givenName": "Person",
            },
            ENTERPRISE: {"department": people.department(1)},
        },
    )


def delete_user(scim_id: str) -> Call:
    return Call("DELETE", f"/Users/{scim_id}")


def change_user(scim_id: str, attribute: str, value: Any) -> Call:
    operation = {"op": "replace", "path": attribute, "value": value}
    return _patch(f"/Users/{scim_id}", operation)


def add_member(group: str, user: str) -> Call:
    operation = {"op": "add", "path": "members", "value": [{"value": user}]}
    return _patch(f"/Groups/{group}", operation)


def remove_member(group: str, user: str) -> Call:
    operation = {"op": "remove", "path": f'members[value eq "{user}"]'}
    return _patch(f"/Groups/{group}", operation)


def remove_member_by_value(group: str, user: str) -> Call:
    """In the words of Entra's older flavour, all that stock django-scim2 understands."""
    operation = {"op": "remove", "path": "members", "value": [{"value": user}]}
    return _patch(f"/Groups/{group}", operation)


def get_group(group: str) -> Call:
    return Call("GET", f"/Groups/{group}")


def get_group_without_members(group: str) -> Call:
    return Call("GET", f"/Groups/{group}?excludedAttributes=members")


def _patch(path: str, operation: dict[str, Any]) -> Call:
    return _write("PATCH", path, {"schemas": [PATCH_OP], "Operations": [operation]})


def _write(method: str, path: str, body: dict[str, Any]) -> Call:
    return Call(method, path, json.dumps(body).encode())
