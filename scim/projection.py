"""attributes and excludedAttributes (RFC 7644 section 3.9), on plain documents.

A projection is made from the request before anything is queried, so that a view can
ask it whether anybody wants the members of a group.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from scim.schema import ENTERPRISE, GROUP, USER

ALWAYS = frozenset({"schemas", "id"})
"""Attributes with ``returned: always``, in lower case."""

_CORE = (f"{USER}:".lower(), f"{GROUP}:".lower())
_EXTENSION = ENTERPRISE.lower()

Names = dict[str, set[str] | None]
"""Attribute to its sub-attributes, or None for the whole; keys in lower case."""


def _names(text: str) -> Names:
    """Read a list of attribute names: ``name.familyName``, with or without URN.

    A value filter is left out: Microsoft's collection asks for
    ``emails[type eq "work"]`` and means ``emails``.
    """
    names: Names = {}
    for raw in text.split(","):
        name = raw.strip().split("[")[0].lower()
        for core in _CORE:
            name = name.removeprefix(core)
        if name.startswith(f"{_EXTENSION}:"):
            head, sub = _EXTENSION, name.removeprefix(f"{_EXTENSION}:")
        elif name == _EXTENSION:
            head, sub = _EXTENSION, ""
        else:
            head, _, sub = name.partition(".")
        if not head:
            continue
        if not sub:
            names[head] = None
        elif (subs := names.setdefault(head, set())) is not None:
            subs.add(sub)
    return names


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
        if self.attributes and name not in self.attributes:
            return False
        return not (name in self.excluded and self.excluded[name] is None)

    def apply(self, document: dict[str, Any]) -> dict[str, Any]:
        """Return *document* with only what is wanted."""
        if self.attributes:
            document = {
                key: kept
                for key, value in document.items()
                if (kept := self._included(key.lower(), value)) is not None
            }
        if self.excluded:
            document = {
                key: kept
                for key, value in document.items()
                if (kept := self._not_excluded(key.lower(), value)) is not None
            }
        return document

    def _included(self, name: str, value: Any) -> Any:
        if name in ALWAYS:
            return value
        if name not in self.attributes:
            return None
        subs = self.attributes[name]
        return value if subs is None else _part(value, subs, keep=True)

    def _not_excluded(self, name: str, value: Any) -> Any:
        if name in ALWAYS or name not in self.excluded:
            return value
        subs = self.excluded[name]
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
