"""Cursors (RFC 9865): where a page begins, signed and bound to the query they are for.

A cursor needs no state here and never expires. It holds what the client was shown, the
sort value and the key of a row, so it is signed and not encrypted.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.signing import BadSignature, Signer

from scim.errors import InvalidCursor
from scim.query.paging import Place

MAX_LENGTH = 4_096
"""Characters of a cursor; ours have a third of that at most."""

# RFC 9865 section 2 has the unreserved characters of RFC 3986.
_SHAPE = re.compile(rf"[A-Za-z0-9._~-]{{1,{MAX_LENGTH}}}")


@dataclass(frozen=True)
class Cursor:
    """A page behind, or before, a place; *count* and *total* are those of the query."""

    place: Place
    backward: bool
    count: int
    total: int


class Cursors:
    """Seals and opens the cursors of one query; no other query opens them."""

    def __init__(self, *query: Any) -> None:
        """*query* is all that makes the query what it is: text, numbers and None."""
        digest = hashlib.sha256(json.dumps(query).encode()).hexdigest()
        self.signer = Signer(sep=".", salt=f"scim.cursor.1:{digest}")

    def seal(self, cursor: Cursor) -> str:
        place, value = cursor.place, cursor.place.value
        if isinstance(value, datetime):
            value = [value.isoformat()]
        content = [
            value,
            place.rank,
            place.pk,
            cursor.backward,
            cursor.count,
            cursor.total,
        ]
        text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
        sealed = base64.urlsafe_b64encode(text.encode()).rstrip(b"=")
        return self.signer.sign(sealed.decode())

    def open(self, text: str) -> Cursor:
        """Raises InvalidCursor for whatever ``seal`` did not return for this query."""
        if not _SHAPE.fullmatch(text):
            raise InvalidCursor
        try:
            sealed = self.signer.unsign(text)
        except BadSignature:
            raise InvalidCursor from None
        padded = sealed + "=" * (-len(sealed) % 4)
        value, rank, pk, *rest = json.loads(base64.urlsafe_b64decode(padded))
        if isinstance(value, list):
            value = datetime.fromisoformat(value[0])
        return Cursor(Place(value, rank, pk), *rest)
