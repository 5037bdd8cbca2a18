"""SCIM responses from plain documents."""

from __future__ import annotations

from typing import Any

import orjson
from django.http import HttpResponse, HttpResponseNotModified
from django_scim.constants import SCIM_CONTENT_TYPE

from scim.errors import ScimError

NOT_KEPT = {"Cache-Control": "no-store"}
"""Personal data for one client: no cache keeps it. Who asks for changes by If-None-Match
keeps a copy of his own (RFC 9111, 5.2.2.5)."""


def scim_response(
    document: dict[str, Any], *, status: int = 200, location: str = "", etag: str = ""
) -> HttpResponse:
    """Return *document* as application/scim+json, whatever Accept said (RFC 7644, 3.8)."""
    response = HttpResponse(
        orjson.dumps(document),
        content_type=SCIM_CONTENT_TYPE,
        status=status,
        headers=NOT_KEPT,
    )
    if location:
        response["Location"] = location
    if etag:
        response["ETag"] = etag
    return response


def no_content(*, etag: str = "") -> HttpResponse:
    response = HttpResponse(
        status=204, content_type=SCIM_CONTENT_TYPE, headers=NOT_KEPT
    )
    if etag:
        response["ETag"] = etag
    return response


def not_modified(*, etag: str) -> HttpResponse:
    """Return a 304 with the headers that the 200 would have (RFC 9110, 15.4.5)."""
    response = HttpResponseNotModified(headers=NOT_KEPT)
    response["ETag"] = etag
    return response


def error_response(error: ScimError) -> HttpResponse:
    response = scim_response(error.body(), status=error.status)
    for name, value in error.headers.items():
        response[name] = value
    return response
