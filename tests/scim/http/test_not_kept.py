"""No cache keeps what the SCIM service answers, whatever it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.scim.messages import user

if TYPE_CHECKING:
    from scim.models import Organization
    from tests.situations import ScimClient

BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
SEARCH = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"

DELETE = {"method": "DELETE", "path": "/Users/nobody"}

CALLS: list[tuple[str, str, Any, int]] = [
    ("GET", "/Users", None, 200),
    ("GET", "/Users/nobody", None, 404),
    ("GET", "/Users?filter=nonsense", None, 400),
    ("GET", "/nowhere", None, 404),
    ("GET", "/ServiceProviderConfig", None, 200),
    ("GET", "/Schemas", None, 200),
    ("GET", "/ResourceTypes", None, 200),
    ("GET", "/Me", None, 501),
    ("OPTIONS", "/Users", None, 204),
    ("PUT", "/Users", {}, 405),
    ("POST", "/Users", user("ada"), 201),
    ("POST", "/Users", "{", 400),
    ("POST", "/.search", {"schemas": [SEARCH]}, 200),
    ("POST", "/Bulk", {"schemas": [BULK], "Operations": [DELETE]}, 200),
]


@pytest.mark.parametrize(("method", "path", "body", "status"), CALLS)
def test_every_answer_says_so(
    rfc_scim: ScimClient, method: str, path: str, body: Any, status: int
) -> None:
    answer = rfc_scim.request(method, path, body)

    assert answer.status_code == status, answer.content
    assert answer["Cache-Control"] == "no-store"


def test_so_do_those_of_one_resource(rfc_scim: ScimClient) -> None:
    made = rfc_scim.post("/Users", user("ada"))
    path = f"/Users/{made.json()['id']}"
    version = {"If-None-Match": made["ETag"]}
    answers = [
        (200, rfc_scim.get(path)),
        (304, rfc_scim.get(path, headers=version)),
        (412, rfc_scim.delete(path, headers={"If-Match": 'W/"0"'})),
        (204, rfc_scim.delete(path)),
        (404, rfc_scim.get(path)),
    ]
    for status, answer in answers:
        assert (answer.status_code, answer["Cache-Control"]) == (status, "no-store")


def test_so_do_refusals_of_the_caller(
    rfc_scim: ScimClient, litware: Organization
) -> None:
    rfc_scim.secret = "wrong"
    refused = rfc_scim.get("/Users")
    assert (refused.status_code, refused["Cache-Control"]) == (401, "no-store")
    other_host = rfc_scim.get("/Users", headers={"Host": "evil.example"})
    assert (other_host.status_code, other_host["Cache-Control"]) == (400, "no-store")
