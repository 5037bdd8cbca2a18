"""Requests as clients write them, and what the tests read out of the answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Response

    from tests.situations import ScimClient

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
LIST_RESPONSE = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
SEARCH_REQUEST = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"
ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
ADSCIM_GROUP = (
    "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"
)

Document = dict[str, Any]


def user(name: str = "ada@contoso.example", /, **attributes: Any) -> Document:
    """Return the body that creates a user; *attributes* join or replace."""
    return {"schemas": [USER], "userName": name, **attributes}


def group(name: str = "Risk EU", /, **attributes: Any) -> Document:
    return {"schemas": [GROUP], "displayName": name, **attributes}


def members(*scim_ids: str) -> list[Document]:
    return [{"value": scim_id} for scim_id in scim_ids]


def patch_op(*operations: Document) -> Document:
    """Return a PATCH as Entra orders it: Operations first."""
    return {"Operations": list(operations), "schemas": [PATCH_OP]}


def filter_query(text: str, **parameters: Any) -> str:
    """Return a query with a filter, encoded as a form: spaces are pluses."""
    given = {**parameters, "filter": text}
    return "&".join(f"{name}={quote_plus(str(value))}" for name, value in given.items())


def created(scim: ScimClient, endpoint: str, body: Document) -> Document:
    """Create a resource that the story needs, and return it as answered."""
    response = scim.post(endpoint, body)
    assert response.status_code == 201, response.content
    document: Document = response.json()
    return document


def read(scim: ScimClient, endpoint: str, scim_id: str, query: str = "") -> Document:
    response = scim.get(f"{endpoint}/{scim_id}{query}")
    assert response.status_code == 200, response.content
    document: Document = response.json()
    return document


def patched(
    scim: ScimClient, endpoint: str, scim_id: str, *operations: Document
) -> Response:
    """Send a PATCH that must be accepted, and return its answer."""
    response = scim.patch(f"{endpoint}/{scim_id}", patch_op(*operations))
    assert response.status_code in (200, 204), response.content
    return response


def listed(response: Response) -> list[Document]:
    """Return the resources of a ListResponse."""
    assert response.status_code == 200, response.content
    answer = response.json()
    assert answer["schemas"] == [LIST_RESPONSE]
    resources: list[Document] = answer["Resources"]
    assert answer["itemsPerPage"] == len(resources)
    return resources


def found(scim: ScimClient, endpoint: str, text: str) -> set[str]:
    """Return the names of what a filter finds."""
    resources = listed(scim.get(f"{endpoint}?{filter_query(text)}"))
    return {item.get("userName") or item["displayName"] for item in resources}


def member_ids(scim: ScimClient, group_id: str) -> set[str]:
    document = read(scim, "/Groups", group_id)
    return {member["value"] for member in document.get("members", [])}


def refused(response: Response, status: int, scim_type: str = "") -> str:
    """Check an error answer (RFC 7644 section 3.12) and return its detail."""
    assert response.status_code == status, response.content
    assert response.headers["Content-Type"] == "application/scim+json"
    body = response.json()
    assert body["schemas"] == [ERROR]
    assert body["status"] == str(status)
    assert body.get("scimType", "") == scim_type
    detail: str = body["detail"]
    assert detail.endswith((".", "…")), detail
    for leak in ("UNIQUE constraint", "duplicate key", "psycopg", "sqlite", "scim_"):
        assert leak not in detail
    return detail
