"""SCIM responses from plain documents."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from contextlib import ExitStack
from tempfile import SpooledTemporaryFile
from typing import Any
from wsgiref.util import FileWrapper

import orjson
from django.http import (
    HttpResponse,
    HttpResponseBase,
    HttpResponseNotModified,
    StreamingHttpResponse,
)
from django_scim.constants import SCIM_CONTENT_TYPE

from scim.errors import ScimError, Unavailable
from scim.models.event import BODY_LIMIT

logger = logging.getLogger(__name__)

IN_MEMORY = 4 * 1024 * 1024
"""Bytes of an answer that is kept in memory; a larger one lies in a temporary file."""

CHUNK = 64 * 1024
"""Bytes of such a file that are sent at once."""

NOT_KEPT = {"Cache-Control": "no-store"}
"""Personal data for one client: no cache keeps it. Who asks for changes by If-None-Match
keeps a copy of his own (RFC 9111, 5.2.2.5)."""


def scim_response(
    document: dict[str, Any], *, status: int = 200, location: str = "", etag: str = ""
) -> HttpResponse:
    """Return *document* as application/scim+json, whatever Accept said (RFC 7644, 3.8)."""
    response = HttpResponse(orjson.dumps(document), content_type=SCIM_CONTENT_TYPE)
    _head(response, status, location, etag)
    return response


def _head(response: HttpResponseBase, status: int, location: str, etag: str) -> None:
    response.status_code = status
    for name, value in NOT_KEPT.items():
        response[name] = value
    if location:
        response["Location"] = location
    if etag:
        response["ETag"] = etag


class FileResponse(StreamingHttpResponse):
    """An answer that lies in a temporary file, which is gone when it was sent."""

    beginning: bytes
    """A little more of it than an event keeps."""

    def __init__(self, file: Any) -> None:
        size = file.tell()
        file.seek(0)
        self.beginning = file.read(BODY_LIMIT + 1)
        file.seek(0)
        super().__init__(FileWrapper(file, CHUNK), content_type=SCIM_CONTENT_TYPE)
        self["Content-Length"] = str(size)


def written_response(
    pieces: Iterable[bytes], *, status: int = 200, location: str = "", etag: str = ""
) -> HttpResponseBase:
    """Return *pieces* of JSON as scim_response would, however much they are.

    All of it is written before any of it is sent, so that whatever fails meanwhile is
    answered with its error. Raises Unavailable when there is no room for the file.
    """
    with ExitStack() as stack:
        file = stack.enter_context(SpooledTemporaryFile(max_size=IN_MEMORY))
        response: HttpResponseBase
        try:
            for piece in pieces:
                file.write(piece)
            if file.tell() > IN_MEMORY:
                response = FileResponse(file)
                # It is closed when it was sent.
                stack.pop_all()
            else:
                file.seek(0)
                response = HttpResponse(file.read(), content_type=SCIM_CONTENT_TYPE)
        except OSError as error:
            logger.exception("A SCIM answer has no room in the temporary directory")
            raise Unavailable(
                "There is no room for so large an answer. Ask for fewer resources at "
                "once, with count, or for fewer attributes."
            ) from error
    _head(response, status, location, etag)
    return response


def body_of(response: HttpResponseBase) -> bytes:
    """Return what is kept of the body in an event: all of it, or the beginning."""
    if isinstance(response, FileResponse):
        return response.beginning
    assert isinstance(response, HttpResponse)  # noqa: S101 - for mypy
    return response.content


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
