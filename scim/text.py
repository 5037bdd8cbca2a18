"""How strings are compared without letter case, in one place.

The same rule is applied by scim2-models when it compares (RFC 7643 section 2.2,
RFC 8265 UsernameCaseMapped without width mapping), so a stored key and a filter
evaluated in memory never disagree. Databases are never asked to fold case: SQLite
folds ASCII only and PostgreSQL by locale.
"""

from __future__ import annotations

from typing import Any
from unicodedata import normalize

KEY_LENGTH = 762
"""Room for a key: lower-casing can lengthen 254 characters, threefold at most."""

WORD_LENGTH = 254
"""How much of a word is kept to be searched; PostgreSQL's indexes take no long ones."""


def match_key(value: str) -> str:
    """Return the form under which *value* equals any other spelling of its letters."""
    return normalize("NFC", normalize("NFC", value).lower())


def last_word(key: str) -> str:
    """Return the last word of a match key: of a person's name, mostly the family name."""
    words = key.split()
    return words[-1][:WORD_LENGTH] if words else ""


CASE_EXACT = frozenset({"externalId", "profileUrl", "$ref", "value"})
"""Names of attributes that may be caseExact; ``value`` is so in some places only."""

_EXACT_VALUES = frozenset({"manager", "photos", "x509Certificates"})


def comparable(document: Any, name: str = "", parent: str = "") -> Any:
    """Return *document* as filters compare it: match keys in place of strings.

    caseExact attributes keep their letters and are normalized only, as scim2-models
    compares them (tests hold this table to the schema documents).
    """
    if isinstance(document, dict):
        return {key: comparable(item, key, name) for key, item in document.items()}
    if isinstance(document, list):
        return [comparable(item, name, parent) for item in document]
    if isinstance(document, str):
        if is_case_exact(name, parent):
            return normalize("NFC", document)
        return match_key(document)
    return document


def is_case_exact(name: str, parent: str) -> bool:
    """Whether the stored attribute *name*, inside *parent* if any, is caseExact."""
    if name == "value":
        return parent in _EXACT_VALUES
    return name in CASE_EXACT
