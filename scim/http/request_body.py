"""Reading the body of a request: size, media type, JSON, and what no string may hold."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, cast

import orjson
from django.conf import settings
from django.core.exceptions import RequestDataTooBig

from scim.errors import (
    InvalidSyntax,
    InvalidValue,
    RequestTimeout,
    TooLarge,
    UnsupportedMediaType,
)
from scim.http.scim_request import ScimRequest

MAX_DEPTH = 16
"""Levels of nesting; the deepest SCIM message (Bulk of PATCH of complex values) has 9."""

MAX_VALUES = 400_000
"""Values in a body; 40,000 members with all their attributes are 200,000.

Each takes up to 200 bytes of memory, and ten times as many fit into 10 MiB.
"""

LONGEST_NAME = 1_024
"""Characters of a name in a body, as of a path: it may be one."""

DISCARDED = 32 * 1024 * 1024
"""How much of a body that is too large is read to no purpose."""

MEDIA_TYPES = frozenset(
    {
        "application/scim+json",
        "application/json",
        # Zscaler's own PATCH example uses it ("SCIM API Examples").
        "application/json-patch+json",
        # A client that sends none means JSON; there is nothing else to mean.
        "",
    }
)


def read_object(request: ScimRequest, *, most: int | None = None) -> dict[str, Any]:
    """Return the JSON object in the body; an operation of a Bulk has it read already.

    *most* are the bytes that a call takes, where it takes fewer than others. Raises
    UnsupportedMediaType, TooLarge, RequestTimeout, InvalidSyntax (not JSON, not an
    object, too deep, too many values) or InvalidValue (a NUL character, which
    PostgreSQL cannot store).
    """
    if (body := getattr(request, "data", None)) is not None:
        return cast("dict[str, Any]", body)
    if (request.content_type or "") not in MEDIA_TYPES:
        raise UnsupportedMediaType
    raw = request.sent_body = _raw(request)
    if most is not None and len(raw) > most:
        raise TooLarge
    if not raw.strip():
        raise InvalidSyntax("The body is empty; this call takes a JSON object.")
    _check_number(raw)
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError as exc:
        raise InvalidSyntax(f"The body is not JSON: {exc}.") from None
    if not isinstance(body, dict):
        raise InvalidSyntax("The body must be a JSON object, not an array or a value.")
    _check(body)
    return body


def _raw(request: ScimRequest) -> bytes:
    """Return the bytes of the body, chunked ones included.

    Django reads CONTENT_LENGTH bytes; .NET's HttpClient, and so possibly Entra, sends
    ``Transfer-Encoding: chunked`` without a length. gunicorn ends that stream itself.
    """
    try:
        if "chunked" not in request.headers.get("transfer-encoding", "").lower():
            return request.body
        return _chunked(request.META["wsgi.input"])
    except RequestDataTooBig:
        _discard(request)
        raise
    except TooLarge:
        raise
    except Exception as exc:
        if _is_late(exc):
            raise RequestTimeout from exc
        # A connection that broke off, or chunks that are none: each WSGI server has
        # exceptions of its own for them.
        raise InvalidSyntax("The body could not be read to its end.") from exc


def _is_late(exc: BaseException | None) -> bool:
    """Whether a time-out is the cause, which Django wraps twice."""
    while exc is not None and not isinstance(exc, TimeoutError):
        exc = exc.__cause__
    return exc is not None


def _chunked(stream: Any) -> bytes:
    limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    raw: bytes = stream.read(limit + 1)
    if len(raw) > limit:
        _discard(stream)
        raise TooLarge
    return raw


def _discard(stream: Any) -> None:
    """Read on for a while: a client that is still sending would not see the answer."""
    left = DISCARDED
    # What it was sending when its time was up, it may not see the answer to.
    with suppress(OSError):
        while left > 0 and (block := stream.read(64 * 1024)):
            left -= len(block)


def _check_number(raw: bytes) -> None:
    """Refuse more than MAX_VALUES, before they are made.

    Each value follows a comma, or is the first one behind a bracket or brace. Those that
    stand in strings are counted with them: it takes a long text of commas to matter.
    """
    if sum(map(raw.count, (b",", b"[", b"{"))) > MAX_VALUES:
        raise InvalidSyntax(
            f"The body holds more than {MAX_VALUES:,} values, counted by its commas and "
            "brackets. Send them in several requests."
        )


def _check(body: Any) -> None:
    """Walk level by level: a recursive walk would itself be open to deep nesting."""
    level = [body]
    for _ in range(MAX_DEPTH):
        below: list[Any] = []
        for item in level:
            if isinstance(item, str):
                if "\0" in item:
                    raise InvalidValue("A string holds a NUL character. Remove it.")
            elif isinstance(item, dict):
                _check_names(item)
                below.extend(item.keys())
                below.extend(item.values())
            elif isinstance(item, list):
                below.extend(item)
        if not below:
            return
        level = below
    raise InvalidSyntax(f"The body is nested more than {MAX_DEPTH} levels deep.")


def _check_names(item: dict[str, Any]) -> None:
    if any(len(name) > LONGEST_NAME for name in item):
        raise InvalidSyntax(
            f"A name in the body is longer than {LONGEST_NAME:,} characters."
        )
