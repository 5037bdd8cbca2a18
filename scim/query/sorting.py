"""sortBy and sortOrder (RFC 7644 section 3.4.2.3): what rows are ordered by, as SQL.

scim2-models reads and binds the attribute; here a column stands for it where there is
one, so that an index gives the order, and an expression on ``search`` otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Union

from django.db.models import F, OuterRef, Q, Subquery, Value
from pydantic import ValidationError
from scim2_models import SearchRequest
from scim2_models.path import AttributeBinding

from scim.errors import InvalidPath, InvalidValue
from scim.models import GroupMembership
from scim.query.comparisons import document_path
from scim.query.filter_sql import DocumentValue
from scim.query.matched import MATCHED
from scim.query.membership_filters import OF_GROUP, OF_USER
from scim.resources.schemas import Kind

MAX_LENGTH = 1_024
"""Characters of sortBy, as of a path."""

VALUE = "sort_value"
"""The annotation that holds what a row is ordered by."""


@dataclass(frozen=True)
class Key:
    """What rows of one resource type are ordered by.

    *present* selects those that have a value; *absent* the others, None where every
    row has one. Both may name VALUE.
    """

    value: Any
    present: Q
    absent: Q | None


def _always(column: str) -> Key:
    return Key(F(column), Q(), None)


def _if_any(value: Any) -> Key:
    return Key(value, Q(**{f"{VALUE}__isnull": False}), Q(**{f"{VALUE}__isnull": True}))


_COLUMNS = {
    "username": _always(MATCHED["username"].column),
    "meta.created": _always("created"),
    "meta.lastmodified": _always("modified"),
    "active": _if_any(F("active")),
}

_AS_ID = frozenset({"id", "meta.location", "meta.resourcetype", "schemas"})
"""Attributes that order resources as their ids do, also those of several types."""


@dataclass(frozen=True)
class Sort:
    """The order of a search; without *by* that of the ids, which is that of creation."""

    by: str | None = None
    descending: bool = False

    @classmethod
    def of(cls, by: Any, order: Any) -> Sort:
        """Read sortBy and sortOrder, either of which may be None."""
        if order not in (None, "ascending", "descending"):
            raise InvalidValue("sortOrder must be ascending or descending.")
        if by is None:
            return cls()
        if not isinstance(by, str):
            raise InvalidValue("sortBy must be a string.")
        if len(by) > MAX_LENGTH:
            raise InvalidPath(f"sortBy is longer than {MAX_LENGTH} characters.")
        return cls(by, order == "descending")

    def keys(self, kinds: list[Kind]) -> list[Key | None]:
        """Return the key of each kind; None orders by id, as does a kind without it.

        Raises InvalidPath for an attribute that none of them declares or orders by.
        """
        if self.by is None:
            return [None for _ in kinds]
        request_type = _request_type(*(kind.model for kind in kinds))
        try:
            request = request_type.model_validate({"sortBy": self.by})
        except ValidationError as exc:
            reason = exc.errors(include_url=False, include_input=False)[0]["msg"]
            raise InvalidPath(f"sortBy cannot be used: {reason}.") from None
        bindings = [request.sort_binding(kind.model) for kind in kinds]
        return [
            binding and _key(kind, binding)
            for kind, binding in zip(kinds, bindings, strict=True)
        ]


@lru_cache(maxsize=64)
def _request_type(*models: Any) -> Any:
    """Return the search request over resources of these *models*.

    Pydantic takes longer to make the class than most searches take, and keeps no class
    that nobody holds.
    """
    resource: Any = Union[models]  # noqa: UP007
    return SearchRequest.__class_getitem__(resource)


def _key(kind: Kind, binding: AttributeBinding) -> Key | None:
    name = binding.urn.lower().removeprefix(f"{kind.schema}:".lower())
    if name in _AS_ID:
        return None
    if name == "meta.version":
        raise InvalidPath("sortBy cannot be used: a version says nothing by its order.")
    if name == "displayname":
        return _display_name(kind)
    if name in _COLUMNS:
        return _COLUMNS[name]
    head, _, part = name.partition(".")
    if head in {"groups", "members"}:
        return _if_any(_membership(head, part))
    path = document_path(binding)
    several = binding.is_multivalued
    return _if_any(DocumentValue(path, binding.target_type, several=several))


def _display_name(kind: Kind) -> Key:
    """Absent is stored as "" in the column; a group always has a name."""
    column = MATCHED["displayname"].column
    if kind.name == "Group":
        return _always(column)
    return Key(F(column), Q(**{f"{column}__gt": ""}), Q(**{column: ""}))


def _membership(head: str, part: str) -> Any:
    """What stands for a part of the first of a user's groups or a group's members."""
    side = OF_USER if head == "groups" else OF_GROUP
    other = f"{side.other}_id"
    rows = GroupMembership.objects.for_organization(OuterRef("organization"))
    rows = rows.filter(**{side.mine: OuterRef("pk")}).order_by(other)
    if part == "display":
        return Subquery(rows.values("group__display_name_key")[:1])
    if part == "type":
        return Subquery(rows.annotate(type=Value(side.type)).values("type")[:1])
    # Of value and $ref the order is that of the keys in them.
    return Subquery(rows.values(other)[:1])
