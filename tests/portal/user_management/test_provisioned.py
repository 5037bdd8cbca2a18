"""User Management beside the SCIM service that fills it: the same rows, at once."""

from __future__ import annotations

import html
import json
import re
from typing import TYPE_CHECKING, Any

from scim.models import DirectoryGroup, DirectoryUser

if TYPE_CHECKING:
    from django.test import Client

    from scim.models import Organization
    from tests.situations import ScimClient

ROOT = "/administration/user-management/"
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


def person(user_name: str) -> dict[str, Any]:
    return {
        "schemas": [USER],
        "userName": user_name,
        "displayName": "Joni Sherman",
        "active": True,
        "title": "Paralegal",
    }


def operations(*items: dict[str, Any]) -> dict[str, Any]:
    return {"schemas": [PATCH], "Operations": list(items)}


def test_from_a_refusal_over_register_domain_to_the_person(
    scim: ScimClient, signed_in: Client
) -> None:
    refused = scim.post("/Users", person("joni@tailspin.example"))
    assert refused.status_code == 400
    page = signed_in.get(f"{ROOT}users/").content.decode()
    assert "1 person was refused" in page
    assert "Create joni@tailspin.example" in page

    signed_in.post(
        f"{ROOT}users/register-domain/", {"domain": "tailspin.example"}, follow=True
    )
    assert scim.post("/Users", person("joni@tailspin.example")).status_code == 201
    page = signed_in.get(f"{ROOT}users/").content.decode()
    assert "joni@tailspin.example</bdi>" in page
    assert "refused" not in page


def test_a_change_of_the_identity_provider_shows_with_its_event(
    scim: ScimClient, signed_in: Client
) -> None:
    created = scim.post("/Users", person("joni@contoso.example")).json()
    team = scim.post(
        "/Groups",
        {
            "schemas": [GROUP],
            "displayName": "Legal",
            "members": [{"value": created["id"]}],
        },
    )
    assert team.status_code == 201
    disable = {"op": "Replace", "path": "active", "value": False}
    scim.patch(f"/Users/{created['id']}", operations(disable))

    key = DirectoryUser.objects.get().pk
    page = signed_in.get(f"{ROOT}users/{key}/").content.decode()
    assert 'badge--off">Disabled' in page
    assert "Legal" in page
    events = page.split('id="events"')[1].split("</table>")[0]
    text = " ".join(html.unescape(re.sub(r"<[^>]+>", " ", events)).split())
    assert "Disable 200 Accepted" in text
    assert "active Yes → No" in text
    raw = re.search(r'<code id="raw-json">(.*?)</code>', page, re.S)
    assert raw is not None
    assert (
        json.loads(html.unescape(raw[1])) == scim.get(f"/Users/{created['id']}").json()
    )

    group = DirectoryGroup.objects.get().pk
    members = signed_in.get(f"{ROOT}groups/{group}/").content.decode()
    assert "joni@contoso.example" in members


def test_a_deleted_person_is_gone_from_every_page(
    scim: ScimClient, signed_in: Client, contoso: Organization
) -> None:
    created = scim.post("/Users", person("joni@contoso.example")).json()
    key = DirectoryUser.objects.get().pk
    assert scim.delete(f"/Users/{created['id']}").status_code == 204
    assert signed_in.get(f"{ROOT}users/{key}/").status_code == 404
    page = signed_in.get(f"{ROOT}users/").content.decode()
    assert "Nobody has been provisioned yet" in page
    assert "Delete joni@contoso.example" in page


def test_test_connection_is_named_among_the_last_calls(
    scim: ScimClient, signed_in: Client
) -> None:
    probe = "8d2a7a9e-3c5b-4b36-8b11-6f5d2f3f9c11"
    assert scim.get(f'/Users?filter=userName eq "{probe}"').status_code == 200
    page = signed_in.get(f"{ROOT}users/").content.decode()
    assert '<span dir="auto">Test Connection' in page
    assert "None yet" not in page
