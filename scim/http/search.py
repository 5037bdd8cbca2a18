"""Queries over resources: what a list, a filter or a .search asks for (RFC 7644, 3.4)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import orjson
from django.db.models import Q, QuerySet
from django.http import HttpResponseBase
from django_scim.constants import SchemaURI

from scim.errors import InvalidCount, InvalidFilter, InvalidSyntax, InvalidValue
from scim.http.responses import written_response
from scim.http.scim_request import ScimRequest
from scim.profiles import LARGEST_PAGE, BehaviourProfile
from scim.query.cursors import Cursor, Cursors
from scim.query.lookups import equality_of, matching
from scim.query.paging import Found, Listing, Pieces, Place, Source, resources_of
from scim.query.projection import Projection
from scim.query.sorting import Key, Sort
from scim.query.time_limits import limited_search
from scim.resources.client_quirks import lookup
from scim.resources.representation import groups_of, in_batches, members_of
from scim.resources.resource_types import user_kind
from scim.resources.schemas import GROUP_KIND, Document, Kind

_INTEGER = re.compile(r"[+-]?[0-9]{1,100}")

LARGEST = 2**31 - 1
"""Beyond the last row of any table; larger numbers would not fit an OFFSET."""


@dataclass(frozen=True)
class Search:
    """One query. *start* counts from 1; *count* is within the profile's cap.

    *cursor* is None for a page by number, and "" for the first page by cursor.
    """

    filter: str
    sort: Sort
    start: int
    count: int
    cursor: str | None
    projection: Projection

    @classmethod
    def of_query(cls, query: Any, profile: BehaviourProfile) -> Search:
        """Read the parameters of a GET."""
        return cls._of(query.get, projection_of(query), profile)

    @classmethod
    def of_body(cls, body: Document, profile: BehaviourProfile) -> Search:
        """Read a SearchRequest (RFC 7644 section 3.4.3)."""
        schemas = lookup(body, "schemas")
        if not isinstance(schemas, list) or SchemaURI.SERACH_REQUEST not in schemas:
            raise InvalidSyntax(
                f"schemas of a search must hold {SchemaURI.SERACH_REQUEST}."
            )
        projection = Projection(
            _joined(body, "attributes"), _joined(body, "excludedattributes")
        )
        return cls._of(lambda name: lookup(body, name.lower()), projection, profile)

    @classmethod
    def _of(
        cls,
        get: Callable[[str], Any],
        projection: Projection,
        profile: BehaviourProfile,
    ) -> Search:
        start = _integer("startIndex", get("startIndex"))
        cursor = get("cursor")
        if cursor is not None and not isinstance(cursor, str):
            raise InvalidValue("cursor must be a string.")
        if cursor is not None and start is not None:
            raise InvalidValue("A search has a cursor or a startIndex, not both.")
        return cls(
            filter=_filter(get("filter")),
            sort=Sort.of(get("sortBy"), get("sortOrder")),
            # Below 1 means 1 (RFC 7644 section 3.4.2.4).
            start=max(1, start or 1),
            count=_count(get("count"), profile),
            cursor=cursor,
            projection=projection,
        )


def projection_of(query: Any) -> Projection:
    return Projection(query.get("attributes", ""), query.get("excludedAttributes", ""))


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


def _count(value: Any, profile: BehaviourProfile) -> int:
    """Return how many are wanted, from 0 to the profile's most."""
    number = _integer("count", value)
    wanted = profile.default_page if number is None else number
    return max(0, min(wanted, profile.max_page, LARGEST_PAGE))


# ------------------------------------------------------------------------ the answer

_TYPES: dict[str, tuple[int, str, str, Callable[..., Any]]] = {
    # In the order of their ids, with the attribute that memberships make up, the key of
    # the rows in a membership, and what reads them.
    "Group": (0, "members", "group", members_of),
    "User": (1, "groups", "user", groups_of),
}


@dataclass(frozen=True)
class Target:
    """A resource type that is searched: the organization's rows, and which are meant."""

    adapter: Any
    request: ScimRequest
    known: QuerySet[Any]
    condition: Q

    @property
    def kind(self) -> Kind:
        if self.adapter.resource_type == "Group":
            return GROUP_KIND
        return user_kind(self.request.organization.served_extensions)

    def source(self, key: Key | None, projection: Projection) -> Source:
        rank, related, column, read = _TYPES[self.adapter.resource_type]

        def resources(rows: list[Any]) -> Iterator[Pieces]:
            # A digest of the groups is part of a user's meta.version.
            schema = self.kind.schema
            wanted = projection.wants(related, schema) or (
                related == "groups" and projection.wants("meta", schema)
            )
            if not (rows and wanted):
                return (self._pieces(row, {}, projection) for row in rows)
            batches = in_batches(rows, column, read)
            return (self._pieces(row, others, projection) for row, others in batches)

        # What filters compare is not shown, and as large as what is.
        known = self.known.defer("search")
        return Source(rank, known, self.known.filter(self.condition), key, resources)

    def _pieces(self, row: Any, others: Any, projection: Projection) -> Pieces:
        """Return the JSON of *row*; *others* are its memberships, among those of others."""
        pieces: Pieces = self.adapter(row, request=self.request).pieces(
            projection, others
        )
        return pieces

    def looked_up(self, most: int) -> list[Any] | None:
        """Return the first *most* rows, by id, where one column equals a value.

        That is how clients match, so the SQL is there already. None for other filters.
        """
        equality = equality_of(self.condition)
        if equality is None:
            return None
        organization_id = self.request.organization.pk
        return matching(self.known.model, organization_id, *equality)[:most]


@dataclass(frozen=True)
class Listed:
    """A ListResponse: how many resources there are, the first row of the page, the answer."""

    total: int
    first: Any
    response: HttpResponseBase


def list_response(targets: list[Target], search: Search) -> Listed:
    """Answer *search* with one list over all of the *targets*.

    Raises TooMany when the database takes too long for it.
    """
    with limited_search():
        return _list_response(targets, search)


def _list_response(targets: list[Target], search: Search) -> Listed:
    sort = search.sort
    kinds = [target.kind for target in targets]
    sources = [
        target.source(key, search.projection)
        for target, key in zip(targets, sort.keys(kinds), strict=True)
    ]
    listing = Listing(sources, descending=sort.descending)
    if search.cursor is None:
        found, total, links = _by_number(listing, search, targets)
    else:
        organization = targets[0].request.organization
        names = [kind.name for kind in kinds]
        cursors = Cursors(
            organization.pk, names, search.filter, sort.by, sort.descending
        )
        found, total, links = _by_cursor(listing, search, cursors)
    found = [item for item in found if item.row]
    head = {
        "schemas": [SchemaURI.LIST_RESPONSE],
        "totalResults": total,
        **links,
        "itemsPerPage": len(found),
    }
    first = found[0].row if found else None
    return Listed(total, first, written_response(_list_in_pieces(head, found)))


def _list_in_pieces(head: Document, found: list[Found]) -> Iterator[bytes]:
    yield orjson.dumps(head)[:-1] + b',"Resources":['
    for number, resource in enumerate(resources_of(found)):
        if number:
            yield b","
        yield from resource
    yield b"]}"


_Page = tuple[list[Found], int, Document]


def _by_number(listing: Listing, search: Search, targets: list[Target]) -> _Page:
    """Return the page from ``startIndex``, and how many resources there are.

    One more is read than the page holds: when it is not there, the page is the last
    one and nothing needs to be counted.
    """
    skip, count = search.start - 1, search.count
    found = _numbered(listing, search, targets) if count else []
    is_last = 0 < len(found) <= count or (count and not found and not skip)
    total = skip + len(found) if is_last else listing.count()
    return found[:count], total, {"startIndex": search.start}


def _numbered(listing: Listing, search: Search, targets: list[Target]) -> list[Found]:
    most = search.count + 1
    if len(targets) == 1 and search.sort.by is None and search.start == 1:
        rows = targets[0].looked_up(most)
        if rows is not None:
            [source] = listing.sources
            return [
                Found(Place(None, source.rank, row.pk), source, row) for row in rows
            ]
    return listing.numbered(search.start - 1, most)


def _by_cursor(listing: Listing, search: Search, cursors: Cursors) -> _Page:
    """Return the page of ``cursor`` (RFC 9865).

    totalResults is counted on the first page and handed on, so that all pages cost the
    same.
    """
    count = search.count
    at = cursors.open(search.cursor) if search.cursor else None
    if at is not None and at.count != count:
        raise InvalidCount
    place, backward = (at.place, at.backward) if at is not None else (None, False)
    found = listing.beyond(place, count + 1, backward=backward) if count else []
    more, found = len(found) > count, found[:count]
    if backward:
        found.reverse()
    if at is not None:
        total = at.total
    else:
        total = len(found) if count and not more else listing.count()
    links = {}
    if found and (more or backward):
        after = Cursor(found[-1].place, backward=False, count=count, total=total)
        links["nextCursor"] = cursors.seal(after)
    if found and (more if backward else at is not None):
        before = Cursor(found[0].place, backward=True, count=count, total=total)
        links["previousCursor"] = cursors.seal(before)
    return found, total, links
