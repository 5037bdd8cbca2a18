"""Bulk requests as clients write them (RFC 7644 section 3.7), and their results."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.situations import ScimClient

BULK_REQUEST = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
BULK_RESPONSE = "urn:ietf:params:scim:api:messages:2.0:BulkResponse"

Document = dict[str, Any]


def bulk(*operations: Any, **attributes: Any) -> Document:
    return {"schemas": [BULK_REQUEST], "Operations": list(operations), **attributes}


def post(path: str, bulk_id: str, data: Any) -> Document:
    return {"method": "POST", "path": path, "bulkId": bulk_id, "data": data}


def put(path: str, data: Any, **more: Any) -> Document:
    return {"method": "PUT", "path": path, "data": data, **more}


def patch(path: str, data: Any, **more: Any) -> Document:
    return {"method": "PATCH", "path": path, "data": data, **more}


def delete(path: str, **more: Any) -> Document:
    return {"method": "DELETE", "path": path, **more}


def results(scim: ScimClient, *operations: Any, **attributes: Any) -> list[Document]:
    """Send a Bulk that must be accepted as one, and return the result of each operation."""
    response = scim.post("/Bulk", bulk(*operations, **attributes))
    assert response.status_code == 200, response.content
    body = response.json()
    assert body["schemas"] == [BULK_RESPONSE]
    found: list[Document] = body["Operations"]
    for result in found:
        failed = int(result["status"]) >= 400
        assert failed == ("response" in result)
        if failed:
            assert result["response"]["status"] == result["status"]
            assert result["response"]["detail"].endswith("."), result
    return found


def statuses(found: list[Document]) -> str:
    """Return the statuses in a row."""
    return " ".join(result["status"] for result in found)


def id_in(result: Document) -> str:
    """Return the id of the resource that an operation made or changed."""
    scim_id: str = result["location"].rpartition("/")[2]
    return scim_id
