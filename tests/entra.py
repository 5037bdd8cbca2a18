"""A client that speaks as Microsoft Entra ID's provisioning service does.

Two flavours: the default one, and the one that a Tenant URL ending in
``?aadOptscim062020`` asks for. It knows a directory only by what the service answers,
as Entra does: it matches by userName or displayName, remembers the id, and sends
differences. docs/scim.md numbers the shapes.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote_plus

import httpx2

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
ADSCIM_GROUP = (
    "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"
)


@dataclass(frozen=True)
class Person:
    """A user of the Entra tenant, with the attributes of the default mapping."""

    user_name: str
    given_name: str
    family_name: str
    department: str
    mail_nickname: str

    @property
    def display_name(self) -> str:
        return f"{self.given_name} {self.family_name}"

    def resource(self) -> dict[str, Any]:
        return {
            "schemas": [USER, ENTERPRISE],
            "externalId": self.mail_nickname,
            "userName": self.user_name,
            "active": True,
            "displayName": self.display_name,
            "emails": [{"primary": True, "type": "work", "value": self.user_name}],
            "meta": {"resourceType": "User"},
            "name": {
                "formatted": self.display_name,
                "familyName": self.family_name,
                "givenName": self.given_name,
            },
            "roles": [],
            ENTERPRISE: {"department": self.department},
        }


@dataclass
class Entra:
    """The provisioning service of one enterprise application."""

    tenant_url: str
    secret_token: str
    new_flavour: bool = False
    links: dict[str, str] = field(default_factory=dict)
    """userName or displayName to the id that the service gave."""

    def __post_init__(self) -> None:
        self.http = httpx2.Client(
            headers={
                "Authorization": f"Bearer {self.secret_token}",
                "Accept": "application/scim+json",
            },
            timeout=30,
        )

    def __enter__(self) -> Entra:
        return self

    def __exit__(self, *exc: object) -> None:
        self.http.close()

    # ------------------------------------------------------------------------ cycle

    def test_connection(self) -> None:
        """Ask for a user and a group that cannot exist; both must be empty lists."""
        name = uuid.uuid4()
        for found in (
            self._find("Users", f'userName eq "{name}"'),
            self._find_group(str(name)),
        ):
            assert found["totalResults"] == 0, found
            assert found["Resources"] == [], found

    def provision(self, person: Person) -> httpx2.Response:
        """Match by userName, then create; return the answer of the creation."""
        found = self._find("Users", f'userName eq "{person.user_name}"')
        assert found["totalResults"] == 0, found
        response = self._send("POST", "/Users", person.resource(), expect=201)
        self.links[person.user_name] = response.json()["id"]
        return response

    def provision_group(self, name: str) -> None:
        """Match by displayName, then create the group, empty."""
        assert self._find_group(name)["totalResults"] == 0
        body = {
            "schemas": [GROUP, ADSCIM_GROUP],
            "externalId": str(uuid.uuid4()),
            "displayName": name,
            "meta": {"resourceType": "Group"},
        }
        response = self._send("POST", "/Groups", body, expect=201)
        self.links[name] = response.json()["id"]

    def add_members(self, group: str, people: list[Person]) -> None:
        if self.new_flavour:
            values: list[dict[str, Any]] = [
                {"value": self.links[person.user_name]} for person in people
            ]
            operation = {"op": "add", "path": "members", "value": values}
        else:
            values = [
                {"$ref": None, "value": self.links[person.user_name]}
                for person in people
            ]
            operation = {"op": "Add", "path": "members", "value": values}
        self._patch("Groups", group, [operation], expect=204)

    def remove_member(self, group: str, person: Person) -> None:
        scim_id = self.links[person.user_name]
        if self.new_flavour:
            operation: dict[str, Any] = {
                "op": "remove",
                "path": f'members[value eq "{scim_id}"]',
            }
        else:
            operation = {
                "op": "Remove",
                "path": "members",
                "value": [{"$ref": None, "value": scim_id}],
            }
        self._patch("Groups", group, [operation], expect=204)

    def rename_group(self, group: str, name: str) -> None:
        if self.new_flavour:
            operation: dict[str, Any] = {
                "op": "replace",
                "value": {"displayName": name},
            }
        else:
            operation = {"op": "Replace", "path": "displayName", "value": name}
        self._patch("Groups", group, [operation], expect=204)
        self.links[name] = self.links.pop(group)

    def rename(self, person: Person, family_name: str) -> None:
        """Send a new family name and what the mapping derives from it."""
        display = f"{person.given_name} {family_name}"
        values = {"displayName": display, "name.familyName": family_name}
        if self.new_flavour:
            operations = [{"op": "replace", "value": values}]
        else:
            operations = [
                {"op": "Replace", "path": path, "value": value}
                for path, value in values.items()
            ]
        self._patch("Users", person.user_name, operations)

    def set_manager(self, person: Person, manager: Person) -> None:
        operation = {
            "op": "add" if self.new_flavour else "Add",
            "path": f"{ENTERPRISE}:manager",
            "value": self.links[manager.user_name],
        }
        self._patch("Users", person.user_name, [operation])

    def disable(self, person: Person) -> None:
        self._set_active(person, active=False)

    def restore(self, person: Person) -> None:
        self._set_active(person, active=True)

    def delete(self, person: Person) -> None:
        scim_id = self.links.pop(person.user_name)
        self._send("DELETE", f"/Users/{scim_id}", expect=204)

    def delete_group(self, name: str) -> None:
        self._send("DELETE", f"/Groups/{self.links.pop(name)}", expect=204)

    def read(self, person: Person) -> dict[str, Any]:
        answer = self._send("GET", f"/Users/{self.links[person.user_name]}")
        resource: dict[str, Any] = answer.json()
        return resource

    # ------------------------------------------------------------------------- wire

    def _set_active(self, person: Person, *, active: bool) -> None:
        operation: dict[str, Any] = {"path": "active"}
        if self.new_flavour:
            operation |= {"op": "replace", "value": active}
        else:
            # The mapping's Switch() makes text of it.
            operation |= {"op": "Replace", "value": str(active)}
        self._patch("Users", person.user_name, [operation])

    def _find(self, endpoint: str, text: str) -> dict[str, Any]:
        answer = self._send("GET", f"/{endpoint}?filter={quote_plus(text)}")
        found: dict[str, Any] = answer.json()
        return found

    def _find_group(self, name: str) -> dict[str, Any]:
        text = quote_plus(f'displayName eq "{name}"')
        answer = self._send("GET", f"/Groups?excludedAttributes=members&filter={text}")
        found: dict[str, Any] = answer.json()
        return found

    def _patch(
        self,
        endpoint: str,
        name: str,
        operations: list[dict[str, Any]],
        expect: int = 200,
    ) -> None:
        # Entra puts schemas last; JSON gives no order anyway.
        body = {"Operations": operations, "schemas": [PATCH_OP]}
        self._send("PATCH", f"/{endpoint}/{self.links[name]}", body, expect=expect)

    def _send(
        self, method: str, path: str, body: Any = None, *, expect: int = 200
    ) -> httpx2.Response:
        content, headers = None, {}
        if body is not None:
            content = json.dumps(body).encode()
            headers["Content-Type"] = "application/scim+json; charset=utf-8"
        response = self.http.request(
            method, f"{self.tenant_url}{path}", content=content, headers=headers
        )
        assert response.status_code == expect, (method, path, response.text)
        if response.content:
            assert response.headers["Content-Type"] == "application/scim+json"
        return response
