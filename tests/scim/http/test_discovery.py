"""/Schemas, /ResourceTypes and /ServiceProviderConfig (RFC 7644 section 4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from scim2_models import ResourceType, Schema, ServiceProviderConfig

from tests.scim.messages import (
    ENTERPRISE,
    GROUP,
    LIST_RESPONSE,
    USER,
    Document,
    refused,
    user,
)

if TYPE_CHECKING:
    from tests.situations import ScimClient

ENDPOINTS = ["/Schemas", "/ResourceTypes", "/ServiceProviderConfig"]


def resources(scim: ScimClient, path: str) -> list[Document]:
    answer = scim.get(path).json()
    assert answer["schemas"] == [LIST_RESPONSE]
    found: list[Document] = answer["Resources"]
    assert answer["totalResults"] == answer["itemsPerPage"] == len(found)
    assert answer["startIndex"] == 1
    return found


def holes(value: Any) -> bool:
    """Whether a null stands anywhere: Entra's discovery does not take one (1.1)."""
    if isinstance(value, dict):
        return any(map(holes, value.values()))
    if isinstance(value, list):
        return any(map(holes, value))
    return value is None


@pytest.mark.parametrize("path", ENDPOINTS)
def test_without_a_token(scim: ScimClient, path: str) -> None:
    """Decision 11: open to anyone, as Zscaler's are; the same answer as with one."""
    with_token = scim.get(path)
    scim.secret = None
    response = scim.get(path)
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/scim+json"
    assert response.content == with_token.content
    assert not holes(response.json())


@pytest.mark.parametrize("path", [*ENDPOINTS, f"/Schemas/{USER}"])
def test_a_filter_is_forbidden(scim: ScimClient, path: str) -> None:
    """RFC 7644 4: discovery with a filter is answered with 403."""
    refused(scim.get(f"{path}?filter=id+pr"), 403)


@pytest.mark.parametrize("profile", ["scim", "rfc_scim"])
def test_schemas(request: pytest.FixtureRequest, profile: str) -> None:
    """RFC 7643 7: three documents that scim2-models accepts; password only in rfc."""
    scim: ScimClient = request.getfixturevalue(profile)
    documents = resources(scim, "/Schemas")
    assert [item["id"] for item in documents] == [USER, ENTERPRISE, GROUP]
    for document in documents:
        Schema.model_validate(document)
        location = f"http://testserver{scim.base}/Schemas/{document['id']}"
        assert document["meta"] == {"resourceType": "Schema", "location": location}
        assert scim.get(f"/Schemas/{document['id']}").json() == document
        assert scim.get(f"/Schemas/{document['id'].lower()}").json() == document
    names = {attribute["name"] for attribute in documents[0]["attributes"]}
    assert len(names - {"password"}) == 20
    assert ("password" in names) is (profile == "rfc_scim")


def test_the_schemas_are_those_of_the_rfc(rfc_scim: ScimClient) -> None:
    """RFC 7643 4.1 to 4.3: no attribute is missing, none is invented."""
    documents = resources(rfc_scim, "/Schemas")
    tree = {
        document["id"]: {
            item["name"]: [sub["name"] for sub in item.get("subAttributes", [])]
            for item in document["attributes"]
        }
        for document in documents
    }
    values = ["value", "display", "type", "primary"]
    assert tree[USER]["emails"] == tree[USER]["x509Certificates"] == values
    assert tree[USER]["groups"] == ["value", "$ref", "display", "type"]
    assert len(tree[USER]["name"]) == 6
    assert len(tree[USER]["addresses"]) == 8
    assert list(tree[ENTERPRISE]) == [
        "employeeNumber",
        "costCenter",
        "organization",
        "division",
        "department",
        "manager",
    ]
    assert tree[ENTERPRISE]["manager"] == ["value", "$ref", "displayName"]
    assert tree[GROUP] == {"displayName": [], "members": ["value", "$ref", "type"]}


def test_what_only_the_server_writes(rfc_scim: ScimClient) -> None:
    """RFC 7643 2.2: mutability and required, as the service really behaves."""
    unusual, required = {}, set()
    for document in resources(rfc_scim, "/Schemas"):
        for item in document["attributes"]:
            for part in (item, *item.get("subAttributes", [])):
                name = (
                    item["name"] if part is item else f"{item['name']}.{part['name']}"
                )
                if part["mutability"] != "readWrite":
                    unusual[name] = part["mutability"]
                if part["required"]:
                    required.add(name)
    parts = [
        "groups",
        *(f"groups.{name}" for name in ("value", "$ref", "display", "type")),
    ]
    assert unusual == {
        **dict.fromkeys([*parts, "manager.displayName"], "readOnly"),
        **{f"members.{name}": "immutable" for name in ("value", "$ref", "type")},
        "password": "writeOnly",
    }
    assert required == {"userName", "displayName"}


def test_resource_types(scim: ScimClient) -> None:
    """RFC 7643 6: endpoints are relative to the Base URL, the extension optional."""
    documents = resources(scim, "/ResourceTypes")
    shown = {
        item["id"]: (item["endpoint"], item["schema"], item.get("schemaExtensions"))
        for item in documents
    }
    assert shown == {
        "User": ("/Users", USER, [{"schema": ENTERPRISE, "required": False}]),
        "Group": ("/Groups", GROUP, None),
    }
    for document in documents:
        ResourceType.model_validate(document)
        path = f"/ResourceTypes/{document['id']}"
        assert scim.get(path).json() == document
        assert document["meta"] == {
            "resourceType": "ResourceType",
            "location": f"http://testserver{scim.base}{path}",
        }
        assert scim.get(document["endpoint"]).status_code == 200


@pytest.mark.parametrize("path", ["/Schemas/urn:x", "/ResourceTypes/Device"])
def test_unknown_documents(scim: ScimClient, path: str) -> None:
    refused(scim.get(path), 404)


def test_service_provider_config(scim: ScimClient) -> None:
    """RFC 7643 5: announced is what works, and what is not announced does not."""
    config = scim.get("/ServiceProviderConfig").json()
    ServiceProviderConfig.model_validate(config)
    assert {
        name: config[name]["supported"]
        for name in ("patch", "bulk", "filter", "changePassword", "sort", "etag")
    } == {
        "patch": True,
        "bulk": True,
        "filter": True,
        "changePassword": False,
        "sort": True,
        "etag": True,
    }
    # RFC 9865 section 4; cursors do not expire.
    assert config["pagination"] == {
        "cursor": True,
        "index": True,
        "defaultPaginationMethod": "index",
        "defaultPageSize": 1_000,
        "maxPageSize": 1_000,
    }
    assert config["bulk"]["maxOperations"] == 1_000
    assert config["bulk"]["maxPayloadSize"] == 4 * 1024 * 1024
    assert config["filter"]["maxResults"] == 1_000
    [scheme] = config["authenticationSchemes"]
    assert scheme["type"] == "oauthbearertoken"
    assert scim.get("/Users?count=0").headers.get("ETag") is None
    made = scim.post("/Users", user())
    assert made.headers["ETag"] == made.json()["meta"]["version"]


@pytest.mark.parametrize("path", ENDPOINTS)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_discovery_is_read_only(scim: ScimClient, path: str, method: str) -> None:
    """RFC 9110 15.5.6: 405 with Allow."""
    response = scim.request(method, path, {})
    refused(response, 405)
    assert response.headers["Allow"] == "GET, HEAD, OPTIONS"
