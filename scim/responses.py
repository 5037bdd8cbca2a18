"""SCIM responses from plain documents."""

from __future__ import annotations

from typing import Any

import orjson
from django.http import HttpResponse
from django_scim.constants import SCIM_CONTENT_TYPE

from scim.errors import ScimError


def scim_response(
    document: dict[str, Any], *, status: int = 200, location: str = ""
) -> HttpResponse:
    """Return *document* as application/scim+json, whatever Accept said (RFC 7644, 3.8)."""
    response = HttpResponse(
        orjson.dumps(document), content_type=SCIM_CONTENT_TYPE, status=status
    )
    # Personal data of one client: no cache between us may keep it.
    response["Cache-Control"] = "private"
    if location:
        response["Location"] = location
    return response


def no_content() -> HttpResponse:
    return HttpResponse(status=204, content_type=SCIM_CONTENT_TYPE)


def error_response(error: ScimError) -> HttpResponse:
    response = scim_response(error.body(), status=error.status)
    for name, value in error.headers.items():
        response[name] = value
    return response
