"""SCIM responses from plain documents."""

from __future__ import annotations

from typing import Any

import orjson
from django.http import HttpResponse, HttpResponseNotModified
from django_scim.constants import SCIM_CONTENT_TYPE

from scim.errors import ScimError


def scim_response(
    document: dict[str, Any], *, status: int = 200, location: str = "", etag: str = ""
) -> HttpResponse:
    """Return *document* as application/scim+json, whatever Accept said (RFC 7644, 3.8)."""
    response = HttpResponse(
        orjson.dumps(document), content_type=SCIM_CONTENT_TYPE, status=status
    )
    # Personal data of one client: no cache between us may keep it.
    response["Cache-Control"] = "private"
    if location:
        response["Location"] = location
    if etag:
        response["ETag"] = etag
    return response


def no_content(*, etag: str = "") -> HttpResponse:
    response = HttpResponse(status=204, content_type=SCIM_CONTENT_TYPE)
    if etag:
        response["ETag"] = etag
    return response


def not_modified(*, etag: str) -> HttpResponse:
    """Return a 304 with the headers that the 200 would have (RFC 9110, 15.4.5)."""
    response = HttpResponseNotModified()
    response["Cache-Control"] = "private"
    response["ETag"] = etag
    return response


def error_response(error: ScimError) -> HttpResponse:
    response = scim_response(error.body(), status=error.status)
    for name, value in error.headers.items():
        response[name] = value
    return response
