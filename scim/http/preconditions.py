"""If-Match and If-None-Match (RFC 7644 section 3.14, RFC 9110 section 13).

Both are compared weakly. RFC 9110 wants strong comparison for If-Match, which no weak
tag can ever pass; SCIM prefers weak tags and shows If-Match with them, so a write is
guarded by the version that the client read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from django.utils.http import parse_etags

from scim.errors import PreconditionFailed

READS = frozenset({"GET", "HEAD"})


def unmodified(
    headers: Mapping[str, str], method: str | None, version: Callable[[], str]
) -> bool:
    """Return whether the client has the resource already, so that 304 answers it.

    *version* is asked only when a header names one. Raises PreconditionFailed when the
    call must not be carried out. Whatever cannot be read as a tag matches nothing.
    """
    match, none_match = headers.get("If-Match"), headers.get("If-None-Match")
    if match is not None and not _names(match, version):
        raise PreconditionFailed
    if none_match is None or not _names(none_match, version):
        return False
    if method in READS:
        return True
    raise PreconditionFailed(
        "If-None-Match names what the resource is now, or * for any. Leave the header "
        "out to change it."
    )


def _names(header: str, version: Callable[[], str]) -> bool:
    """Whether *header*, of a resource that exists, names its version."""
    tags = parse_etags(header)
    if tags == ["*"]:
        return True
    return _opaque(version()) in {_opaque(tag) for tag in tags}


def _opaque(tag: str) -> str:
    return tag.removeprefix("W/")
