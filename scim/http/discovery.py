"""The discovery documents (RFC 7644 section 4), generated from what is really on."""

from __future__ import annotations

from django.conf import settings
from django_scim.constants import SchemaURI

from scim.errors import Forbidden
from scim.models import Organization
from scim.resources.bulk_request import MAX_OPERATIONS, max_payload
from scim.resources.representation import base_url
from scim.resources.schemas import USER, Document, schema_documents


class FilterOnDiscovery(Forbidden):
    sentence = "Discovery endpoints take no filter."
    section = "4"


def service_provider_config(organization: Organization) -> Document:
    """Return what this service can do. A feature is announced when it works."""
    profile = organization.behaviour
    base = base_url(organization)
    return {
        "schemas": [SchemaURI.SERVICE_PROVIDER_CONFIG],
        "patch": {"supported": True},
        "bulk": {
            "supported": True,
            "maxOperations": MAX_OPERATIONS,
            "maxPayloadSize": max_payload(),
        },
        "filter": {"supported": True, "maxResults": profile.max_page},
        "changePassword": {"supported": False},
        "sort": {"supported": True},
        "etag": {"supported": True},
        # RFC 9865 section 4. No cursorTimeout: cursors do not expire.
        "pagination": {
            "cursor": True,
            "index": True,
            "defaultPaginationMethod": "index",
            "defaultPageSize": profile.default_page,
            "maxPageSize": profile.max_page,
        },
        "authenticationSchemes": settings.SCIM_SERVICE_PROVIDER[
            "AUTHENTICATION_SCHEMES"
        ],
        "meta": {
            "resourceType": "ServiceProviderConfig",
            "location": f"{base}/ServiceProviderConfig",
        },
    }


def schemas(organization: Organization) -> list[Document]:
    """Return the schema documents of *organization*, with their locations."""
    base = base_url(organization)
    shown = []
    for document in schema_documents(organization.served_extensions):
        if document["id"] == USER and not organization.behaviour.password_in_schema:
            document = document | {
                "attributes": [
                    item
                    for item in document["attributes"]
                    if item["name"] != "password"
                ]
            }
        meta = {
            "resourceType": "Schema",
            "location": f"{base}/Schemas/{document['id']}",
        }
        shown.append(document | {"meta": meta})
    return shown


def listed(documents: list[Document]) -> Document:
    """Return a ListResponse that holds all of *documents*."""
    return {
        "schemas": [SchemaURI.LIST_RESPONSE],
        "totalResults": len(documents),
        "startIndex": 1,
        "itemsPerPage": len(documents),
        "Resources": documents,
    }
