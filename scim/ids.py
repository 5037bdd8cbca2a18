"""SCIM ids in the shape of the real service (reference: a ZIA wire log of 2024).

A resource id is UUID-shaped: twelve bytes of ASCII, ``zscaler\\0scim`` for users or
``zscaler\\0scii`` for groups, and the integer primary key in the last four bytes, big
endian. It is derived, never stored, and decoded on the way in.
"""

from __future__ import annotations

import re

USER_PREFIX = b"zscaler\0scim"
GROUP_PREFIX = b"zscaler\0scii"

_SHAPE = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_MAX_KEY = 2**31 - 1
"""The largest key a 32-bit signed column holds; beyond it a query would fail."""


def encode(prefix: bytes, key: int) -> str:
    """Return the SCIM id of the row *key*."""
    raw = (prefix + key.to_bytes(4, "big")).hex()
    return f"{raw[:8]}-{raw[8:12]}-{raw[12:16]}-{raw[16:20]}-{raw[20:]}"


def decode(prefix: bytes, scim_id: object) -> int | None:
    """Return the key that *scim_id* stands for, or None when it is no such id.

    ``id`` is caseExact (RFC 7643 section 3.1), so upper-case digits are no id of ours.
    """
    if not isinstance(scim_id, str) or not _SHAPE.fullmatch(scim_id):
        return None
    raw = bytes.fromhex(scim_id.replace("-", ""))
    if raw[:12] != prefix:
        return None
    key = int.from_bytes(raw[12:], "big")
    return key if 0 < key <= _MAX_KEY else None
