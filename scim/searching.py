"""Queries over resources: what a list, a filter or a .search asks for (RFC 7644, 3.4)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django_scim.constants import SchemaURI

from scim.documents import groups_of, members_of
from scim.errors import InvalidFilter, InvalidSyntax, InvalidValue
from scim.leniency import lookup
from scim.profiles import BehaviourProfile
from scim.projection import Projection
from scim.schema import Document

_INTEGER = re.compile(r"[+-]?[0-9]{1,100}")

LARGEST = 2**31 - 1
"""Beyond the last row of any table; larger numbers would not fit an OFFSET."""


@dataclass(frozen=True)
class Search:
    """One query. *start* counts from 1; *count* is within the profile's cap."""

    filter: str
    start: int
    count: int
    projection: Projection

    @classmethod
    def of_query(cls, query: Any, profile: BehaviourProfile) -> Search:
        """Read the parameters of a GET."""
        return cls(
            filter=_filter(query.get("filter")),
            start=_start(query.get("startIndex")),
            count=_count(query.get("count"), profile),
            projection=projection_of(query),
        )

    @classmethod
    def of_body(cls, body: Document, profile: BehaviourProfile) -> Search:
        """Read a SearchRequest (RFC 7644 section 3.4.3)."""
        schemas = lookup(body, "schemas")
        if not isinstance(schemas, list) or SchemaURI.SERACH_REQUEST not in schemas:
            raise InvalidSyntax(
                f"schemas of a search must hold {SchemaURI.SERACH_REQUEST}."
            )
        return cls(
            filter=_filter(lookup(body, "filter")),
            start=_start(lookup(body, "startindex")),
            count=_count(lookup(body, "count"), profile),
            projection=Projection.of(
                _joined(body, "attributes"), _joined(body, "excludedattributes")
            ),
        )


def projection_of(query: Any) -> Projection:
    return Projection.of(
        query.get("attributes", ""), query.get("excludedAttributes", "")
    )


def _filter(text: Any) -> str:
    """Return the filter, "" for none. An empty one is not none: it selects nothing."""
    if text is None:
        return ""
    if not isinstance(text, str):
        raise InvalidValue("filter must be a string.")
    if not text.strip():
        raise InvalidFilter("The filter is empty. Leave it out to list everything.")
    return text


def _joined(body: Document, name: str) -> str:
    value = lookup(body, name)
    values = [] if value is None else value if isinstance(value, list) else [value]
    if not all(isinstance(item, str) for item in values):
        raise InvalidValue(f"{name} must be an array of strings.")
    return ",".join(values)


def _integer(name: str, value: Any) -> int | None:
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise InvalidValue(f"{name} must be an integer.")
    if isinstance(value, str) and not _INTEGER.fullmatch(value):
        raise InvalidValue(f"{name} must be an integer.")
    return max(-1, min(int(value), LARGEST))


def _start(value: Any) -> int:
    """Below 1 means 1 (RFC 7644 section 3.4.2.4)."""
    return max(1, _integer("startIndex", value) or 1)


def _count(value: Any, profile: BehaviourProfile) -> int:
    """Negative means 0; more than the cap means the cap."""
    number = _integer("count", value)
    wanted = profile.default_page if number is None else number
    return max(0, min(wanted, profile.max_page))


@dataclass(frozen=True)
class Source:
    """A QuerySet to be paged, and how a page of its rows becomes documents."""

    rows: QuerySet[Any]
    documents: Callable[[list[Any]], list[Document]]

    def page(self, start: int, count: int) -> tuple[list[Document], int]:
        """Return the documents from *start* (from 0), and how many rows there are.

        The total is counted only where the page does not tell: a page that is not
        full, and not beyond the end, is the last one.
        """
        page = list(self.rows.order_by("pk")[start : start + count]) if count else []
        known = len(page) < count and (page or start == 0)
        total = start + len(page) if known else self.rows.order_by().count()
        return self.documents(page), total


def users_source(
    rows: QuerySet[Any], adapter: Any, request: Any, search: Search
) -> Source:
    def documents(page: list[Any]) -> list[Document]:
        # Their digest is part of meta.version.
        wanted = search.projection.wants("groups") or search.projection.wants("meta")
        groups = groups_of(page) if wanted else {}
        return [
            adapter(user, request=request).to_dict(search.projection, groups)
            for user in page
        ]

    return Source(rows, documents)


def groups_source(
    rows: QuerySet[Any], adapter: Any, request: Any, search: Search
) -> Source:
    def documents(page: list[Any]) -> list[Document]:
        wanted = page and search.projection.wants("members")
        members = members_of(page) if wanted else {}
        return [
            adapter(group, request=request).to_dict(search.projection, members)
            for group in page
        ]

    return Source(rows, documents)


def list_response(sources: list[Source], search: Search) -> Document:
    """Return the ListResponse of *search* over the sources, one after the other."""
    resources: list[Document] = []
    total = 0
    for source in sources:
        skip = max(0, search.start - 1 - total)
        room = search.count - len(resources)
        page, size = source.page(skip, room)
        resources += page
        total += size
    return {
        "schemas": [SchemaURI.LIST_RESPONSE],
        "totalResults": total,
        "startIndex": search.start,
        "itemsPerPage": len(resources),
        "Resources": resources,
    }
