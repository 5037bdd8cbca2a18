"""Attributes named as a template names the methods of a dict break no page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.test import Client

from scim.extensions import ExtensionAttribute
from scim.services import schema_extensions

if TYPE_CHECKING:
    from scim.models import Organization
    from tests.situations import ScimClient

NAMES = ["items", "keys", "values", "update", "get", "pop"]
USERS = "/administration/user-management/users/"
EXTENSIONS = "/administration/authentication-settings/schema-extensions/"


@pytest.mark.parametrize("extension", ["items", "values"])
def test_extensions_of_such_names(
    contoso: Organization, scim: ScimClient, signed_in: Client, extension: str
) -> None:
    schema_extensions.add_extension(
        organization=contoso, name=extension, description=""
    )
    for name in NAMES:
        attribute = ExtensionAttribute(name, "string", "")
        schema_extensions.add_attribute(
            organization=contoso, extension=extension, attribute=attribute
        )
    urn = f"urn:ietf:params:scim:schemas:extension:{extension}:2.0:User"
    user = "urn:ietf:params:scim:schemas:core:2.0:User"
    sent = {
        "schemas": [user, urn],
        "userName": "adele@contoso.example",
        urn: {name: f"value of {name}" for name in NAMES},
    }
    made = scim.post("/Users", sent)
    assert made.status_code == 201, made.content
    changes = {name: f"new {name}" for name in NAMES}
    operation = {"op": "replace", "path": urn, "value": changes}
    patch = {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [operation],
    }
    path = f"/Users/{made.json()['id']}"
    assert scim.patch(path, patch).status_code == 200

    key = contoso.users.get().pk
    person = signed_in.get(f"{USERS}{key}/").content.decode()
    declared = signed_in.get(EXTENSIONS).content.decode()
    for name in NAMES:
        # With their values, and in the events with what was there before.
        assert f"new {name}" in person
        assert f"value of {name}" in person
        assert f"{urn}:{name}" in declared
