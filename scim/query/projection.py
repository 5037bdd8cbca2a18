"""attributes and excludedAttributes (RFC 7644 section 3.9), on plain documents.

A projection is made from the request before anything is queried, so that a view can
ask it whether anybody wants the members of a group.
"""

from __future__ import annotations

import re
from typing import Any

from scim.errors import InvalidValue
from scim.resources.schemas import GROUP, USER

ALWAYS = frozenset({"schemas", "id"})
"""Attributes with ``returned: always``, in lower case."""

_CORE = (f"{USER}:".lower(), f"{GROUP}:".lower())
_EXTENSION = re.compile(
    r"(urn:ietf:params:scim:schemas:extension:[^:]+:2\.0:user)(?::(.+))?"
)
"""The enterprise extension and those of organizations; what it has none of is absent."""

MAX_NAMES = 1_000
"""Names in one parameter; a user has 600 attributes and parts, extensions included."""

Names = dict[str, Any]
"""Attribute to the Names of its parts, or to None for the whole; keys in lower case.

A name that was sent with the URN of a core schema keeps it: ``urn:...:User:displayName``
is no attribute of a group.
"""


def _names(parameter: str, text: str) -> Names:
    """Read a list of attribute names: ``name.familyName``, with or without URN.

    A value filter is left out: Microsoft's collection asks for
    ``emails[type eq "work"]`` and means ``emails``. Raises InvalidValue for too many.
    """
    if text.count(",") >= MAX_NAMES:
        raise InvalidValue(
            f"{parameter} takes at most {MAX_NAMES:,} names. Name fewer, or leave it "
            "out to get everything."
        )
    names: Names = {}
    for raw in text.split(","):
        name = raw.strip().split("[", 1)[0].lower()
        core = next((urn for urn in _CORE if name.startswith(urn)), "")
        if extension := _EXTENSION.fullmatch(name):
            head, part = extension[1], extension[2] or ""
        else:
            head, _, part = name.removeprefix(core).partition(".")
        if head:
            below: Names | None = None
            # In an extension a part may be complex itself; nothing goes deeper.
            for step in reversed(part.split(".", 1) if part else []):
                below = {step: below}
            _include(names, core + head, below)
    return names


def _include(names: Names, name: str, below: Names | None) -> None:
    """Add an attribute, whole or these parts of it; the whole includes every part."""
    if below is None:
        names[name] = None
    elif (known := names.setdefault(name, {})) is not None:
        for part, deeper in below.items():
            _include(known, part, deeper)


def _within(names: Names, schema: str) -> Names:
    """Return *names* with those of *schema* freed of its URN."""
    core = f"{schema}:".lower()
    freed: Names = {}
    for name, below in names.items():
        _include(freed, name.removeprefix(core), below)
    return freed


class Projection:
    """What of a resource is returned."""

    def __init__(self, attributes: str = "", excluded: str = "") -> None:
        """The parameters are lists of names with commas between them."""
        wanted = _names("attributes", attributes)
        unwanted = _names("excludedAttributes", excluded)
        self.explicit = bool(wanted)
        """Whether the client named attributes it wants."""
        # Once for each schema: a page has a thousand resources.
        self._names = {
            schema: (_within(wanted, schema), _within(unwanted, schema))
            for schema in (USER, GROUP)
        }

    def wants(self, name: str, schema: str) -> bool:
        """Whether any part of *name*, an attribute of resources of *schema*, is returned."""
        wanted, unwanted = self._names[schema]
        return (not wanted or name in wanted) and unwanted.get(name, {}) is not None

    def apply(self, document: dict[str, Any]) -> dict[str, Any]:
        """Return the resource *document* with only what is wanted."""
        wanted, unwanted = self._names[document["schemas"][0]]
        if not (wanted or unwanted):
            return document
        kept = (
            (key, _kept(key.lower(), value, wanted, unwanted))
            for key, value in document.items()
        )
        return {key: value for key, value in kept if value is not None}


def _kept(name: str, value: Any, wanted: Names, unwanted: Names) -> Any:
    """Return what of the attribute *name* is returned; None for nothing."""
    if name in ALWAYS:
        return value
    if wanted:
        if name not in wanted:
            return None
        below = wanted[name]
        value = value if below is None else _part(value, below, keep=True)
    if value is None or name not in unwanted:
        return value
    below = unwanted[name]
    return None if below is None else _part(value, below, keep=False)


def _part(value: Any, names: Names, *, keep: bool) -> Any:
    """Keep or drop the parts *names*; the result is None when nothing is left."""
    if isinstance(value, list):
        parts = [_part(item, names, keep=keep) for item in value]
        return [part for part in parts if part] or None
    if not isinstance(value, dict):
        return None if keep else value
    part: dict[str, Any] = {}
    for key, item in value.items():
        name = key.lower()
        if name not in names:
            kept = None if keep else item
        elif names[name] is None:
            kept = item if keep else None
        else:
            kept = _part(item, names[name], keep=keep)
        if kept is not None:
            part[key] = kept
    return part or None
