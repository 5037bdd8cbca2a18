"""POST .search (RFC 7644 section 3.4.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from scim.models import ProvisioningEvent
from tests.scim.messages import (
    SEARCH_REQUEST,
    Document,
    created,
    group,
    listed,
    refused,
    user,
)

if TYPE_CHECKING:
    from tests.situations import ScimClient


def search(**parameters: Any) -> Document:
    return {"schemas": [SEARCH_REQUEST], **parameters}


def names(scim: ScimClient, path: str, **parameters: Any) -> list[str]:
    resources = listed(scim.post(path, search(**parameters)))
    return [item.get("userName") or item["displayName"] for item in resources]


@pytest.fixture
def directory(rfc_scim: ScimClient) -> ScimClient:
    for name in ("ada", "bo"):
        created(rfc_scim, "/Users", user(name, displayName=f"{name} at Risk"))
    created(rfc_scim, "/Groups", group("Risk"))
    return rfc_scim


def test_users_and_groups(directory: ScimClient) -> None:
    """3.4.3: the body takes the place of the query, parameter by parameter."""
    assert names(directory, "/Users/.search") == ["ada", "bo"]
    assert names(directory, "/Users/.search", filter='userName eq "BO"') == ["bo"]
    assert names(directory, "/Users/.search", startIndex=2, count=5) == ["bo"]
    assert names(directory, "/Users/.search", count=0) == []
    assert names(directory, "/Groups/.search", filter="displayName pr") == ["Risk"]


def test_projection(directory: ScimClient) -> None:
    body = search(filter='userName eq "ada"', attributes=["displayName"])
    [answer] = listed(directory.post("/Users/.search", body))
    assert answer == {
        "schemas": answer["schemas"],
        "id": answer["id"],
        "displayName": "ada at Risk",
    }
    body = search(excludedAttributes=["meta", "displayName"], count=1)
    [answer] = listed(directory.post("/Users/.search", body))
    assert set(answer) == {"schemas", "id", "userName"}


def test_the_root_searches_both(directory: ScimClient) -> None:
    """3.4.2.1: one list over the resource types; a page may span them."""
    assert names(directory, "/.search") == ["Risk", "ada", "bo"]
    found = names(directory, "/.search", filter='displayName co "risk"')
    assert found == ["Risk", "ada", "bo"]
    assert names(directory, "/.search", startIndex=1, count=2) == ["Risk", "ada"]
    answer = directory.post("/.search", search(startIndex=3, count=1)).json()
    assert (answer["totalResults"], answer["itemsPerPage"]) == (3, 1)


def test_an_attribute_of_one_type_finds_that_type(directory: ScimClient) -> None:
    """3.4.2.1: a type that lacks the attribute has no hits; if none has it, 400."""
    assert names(directory, "/.search", filter='userName eq "ada"') == ["ada"]
    response = directory.post("/.search", search(filter='shoeSize eq "41"'))
    refused(response, 400, "invalidFilter")


@pytest.mark.parametrize("path", ["/.search", "/Users/.search", "/Groups/.search"])
@pytest.mark.parametrize(
    ("body", "scim_type"),
    [
        ({}, "invalidSyntax"),
        ({"schemas": ["urn:example"]}, "invalidSyntax"),
        ({"schemas": SEARCH_REQUEST}, "invalidSyntax"),
        (search(filter=5), "invalidValue"),
        (search(filter="displayName eq"), "invalidFilter"),
        (search(count="many"), "invalidValue"),
        (search(count=1.5), "invalidValue"),
        (search(startIndex=True), "invalidValue"),
        (search(startIndex=[1]), "invalidValue"),
        (search(attributes=[5]), "invalidValue"),
        (search(attributes={"a": 1}), "invalidValue"),
    ],
)
def test_what_is_refused(
    directory: ScimClient, path: str, body: Document, scim_type: str
) -> None:
    refused(directory.post(path, body), 400, scim_type)


@pytest.mark.parametrize("path", ["/.search", "/Users/.search", "/Groups/.search"])
def test_only_post(directory: ScimClient, path: str) -> None:
    """RFC 9110 15.5.6: 405 with Allow."""
    response = directory.get(path)
    refused(response, 405)
    assert response.headers["Allow"] == "POST, OPTIONS"


def test_a_search_is_recorded_as_a_look_up(directory: ScimClient) -> None:
    body = search(filter='userName eq "ada"')
    directory.post("/Users/.search", body)
    event = ProvisioningEvent.objects.first()
    assert event is not None
    assert (event.action, event.target, event.status) == ("lookup", "ada", 200)
    assert event.detail == '1 found: userName eq "ada"'
