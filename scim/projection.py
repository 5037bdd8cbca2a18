"""attributes and excludedAttributes (RFC 7644 section 3.9), on plain documents.

A projection is made from the request before anything is queried, so that a view can
ask it whether anybody wants the members of a group.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from scim.schema import GROUP, USER

ALWAYS = frozenset({"schemas", "id"})
"""Attributes with ``returned: always``, in lower case."""

_CORE = (f"{USER}:".lower(), f"{GROUP}:".lower())
_EXTENSION = re.compile(
    r"(urn:ietf:params:scim:schemas:extension:[^:]+:2\.0:user)(?::(.+))?"
)
"""The enterprise extension and those of organizations; what it has none of is absent."""

_DECLARED_BY = {"groups": USER, "members": GROUP}
"""The schemas of the attributes that cost a query."""

Names = dict[str, set[str] | None]
"""Attribute to its sub-attributes, or None for the whole; keys in lower case.

A name that was sent with the URN of a core schema keeps it: ``urn:...:User:displayName``
is no attribute of a group.
"""


def _names(text: str) -> Names:
    """Read a list of attribute names: ``name.familyName``, with or without URN.

    A value filter is left out: Microsoft's collection asks for
    ``emails[type eq "work"]`` and means ``emails``.
    """
    names: Names = {}
    for raw in text.split(","):
        name = raw.strip().split("[")[0].lower()
        core = next((urn for urn in _CORE if name.startswith(urn)), "")
        if extension := _EXTENSION.fullmatch(name):
            head, sub = extension[1], extension[2] or ""
        else:
            head, _, sub = name.removeprefix(core).partition(".")
        if head:
            _include(names, core + head, {sub} if sub else None)
    return names


def _include(names: Names, head: str, subs: set[str] | None) -> None:
    known = names.get(head, set())
    names[head] = None if subs is None or known is None else known | subs


def _within(names: Names, schema: str) -> Names:
    """Return *names* with those of *schema* freed of its URN."""
    core = f"{schema}:".lower()
    if not any(name.startswith(core) for name in names):
        return names
    freed: Names = {}
    for name, subs in names.items():
        _include(freed, name.removeprefix(core), subs)
    return freed


@dataclass(frozen=True, slots=True)
class Projection:
    """What of a resource is returned."""

    attributes: Names
    excluded: Names

    @classmethod
    def of(cls, attributes: str = "", excluded: str = "") -> Projection:
        return cls(_names(attributes), _names(excluded))

    @property
    def explicit(self) -> bool:
        """Whether the client named attributes it wants."""
        return bool(self.attributes)

    def wants(self, name: str) -> bool:
        """Whether any part of the attribute *name* is returned."""
        name = name.lower()
        mine = self._of(_DECLARED_BY.get(name, ""))
        if mine.attributes and name not in mine.attributes:
            return False
        return not (name in mine.excluded and mine.excluded[name] is None)

    def apply(self, document: dict[str, Any]) -> dict[str, Any]:
        """Return the resource *document* with only what is wanted."""
        if not (self.attributes or self.excluded):
            return document
        mine = self._of(document["schemas"][0])
        kept = ((key, _kept(key.lower(), document[key], mine)) for key in document)
        return {key: value for key, value in kept if value is not None}

    def _of(self, schema: str) -> Projection:
        """This projection as the resources of one core schema understand it."""
        return Projection(
            _within(self.attributes, schema), _within(self.excluded, schema)
        )


def _kept(name: str, value: Any, projection: Projection) -> Any:
    """Return what of the attribute *name* is returned; None for nothing."""
    if name in ALWAYS:
        return value
    if projection.attributes:
        if name not in projection.attributes:
            return None
        subs = projection.attributes[name]
        value = value if subs is None else _part(value, subs, keep=True)
    if value is None or name not in projection.excluded:
        return value
    subs = projection.excluded[name]
    return None if subs is None else _part(value, subs, keep=False)


def _part(value: Any, subs: set[str], *, keep: bool) -> Any:
    """Keep or drop sub-attributes; the result is None when nothing is left.

    Inside an extension a sub-attribute may be complex itself: ``manager.value``.
    """
    if isinstance(value, list):
        parts = [_part(item, subs, keep=keep) for item in value]
        return [part for part in parts if part] or None
    if not isinstance(value, dict):
        return None if keep else value
    part: dict[str, Any] = {}
    for key, item in value.items():
        name = key.lower()
        below = {sub.partition(".")[2] for sub in subs if sub.startswith(f"{name}.")}
        if name in subs:
            kept = item if keep else None
        elif below:
            kept = _part(item, below, keep=keep)
        else:
            kept = None if keep else item
        if kept is not None:
            part[key] = kept
    return part or None
