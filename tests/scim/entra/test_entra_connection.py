"""Test Connection (1.1 of docs/scim.md) and what is tolerated on the wire (1.0)."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING

import pytest

from scim.models import ProvisioningEvent
from tests.scim.messages import LIST_RESPONSE, created, filter_query, refused, user

if TYPE_CHECKING:
    from tests.situations import ScimClient


@pytest.mark.parametrize(
    ("endpoint", "attribute"),
    [
        ("/Users", "userName"),
        ("/Users", "externalId"),
        ("/Users", 'emails[type eq "work"].value'),
        ("/Groups", "displayName"),
    ],
)
def test_a_random_name_is_an_empty_list(
    scim: ScimClient, endpoint: str, attribute: str
) -> None:
    """1.1 and 1.6: 200 with an empty ListResponse; anything else is a quarantine."""
    text = filter_query(
        f'{attribute} eq "{uuid.uuid4()}"', excludedAttributes="members"
    )
    response = scim.get(f"{endpoint}?{text}")
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/scim+json"
    assert response.json() == {
        "schemas": [LIST_RESPONSE],
        "totalResults": 0,
        "startIndex": 1,
        "itemsPerPage": 0,
        "Resources": [],
    }
    assert ProvisioningEvent.objects.get().action == "test"


def test_a_look_up_of_a_name_is_no_test(scim: ScimClient) -> None:
    """1.2: a match that finds nobody yet is a look-up, not Test Connection."""
    query = filter_query('userName eq "ada@contoso.example"')
    scim.get(f"/Users?{query}")
    assert ProvisioningEvent.objects.get().action == "lookup"


@pytest.mark.parametrize("accept", ["*/*", "application/json", "text/html", None])
def test_accept_never_matters(scim: ScimClient, accept: str | None) -> None:
    """1.0: application/scim+json whatever Accept is (K13: a 406 fails the test)."""
    headers = {"Accept": accept} if accept else {}
    response = scim.get("/Users", headers=headers)
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/scim+json"


@pytest.mark.parametrize(
    "query",
    ["?aadOptscim062020", "?AzureAdScimPatch2017", "?unknown=1"],
)
def test_unknown_parameters_are_ignored(scim: ScimClient, query: str) -> None:
    """1.0: the flag of the Tenant URL may be forwarded, without a value."""
    created(scim, f"/Users{query}", user())
    assert scim.get(f"/Users{query}").json()["totalResults"] == 1


@pytest.mark.parametrize(
    "content_type",
    [
        "application/scim+json; charset=utf-8",
        "application/scim+json",
        "application/json",
        "Application/JSON; Charset=UTF-8",
    ],
)
def test_media_types_of_writes(scim: ScimClient, content_type: str) -> None:
    """1.0: both JSON types, with or without charset."""
    response = scim.post("/Users", json.dumps(user()), content_type=content_type)
    assert response.status_code == 201


@pytest.mark.parametrize("path", ["/Users", "/Users/", "/users", "/USERS/"])
def test_slashes_and_letter_case_of_endpoints(scim: ScimClient, path: str) -> None:
    """1.0: no redirect, which would lose the body of a POST."""
    answer = created(scim, path, user())
    one = scim.get(f"{path.rstrip('/')}/{answer['id']}/")
    assert one.status_code == 200
    assert one.json() == answer


def test_keys_of_a_patch_in_any_letter_case(scim: ScimClient) -> None:
    """1.4 and server requirement 5: structural names are not case-sensitive."""
    answer = created(scim, "/Users", user())
    operation = {"OP": "REPLACE", "Path": "DISPLAYNAME", "VALUE": "Ada"}
    response = scim.patch(f"/Users/{answer['id']}", {"operations": [operation]})
    assert response.status_code == 200
    assert response.json()["displayName"] == "Ada"


def test_a_patch_needs_its_schema_when_it_names_one(scim: ScimClient) -> None:
    """RFC 7644 3.5.2: schemas holds PatchOp; Entra always sends it."""
    answer = created(scim, "/Users", user())
    body = {
        "schemas": ["urn:example:other"],
        "Operations": [{"op": "replace", "path": "title", "value": "x"}],
    }
    response = scim.patch(f"/Users/{answer['id']}", body)
    assert "PatchOp" in refused(response, 400, "invalidSyntax")
