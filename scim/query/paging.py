"""One page of an ordered list over one or several tables, by number or behind a row.

The order of a list is that of (value, resource type, key), the rows without a value last;
descending it is the reverse of that. It is cut into runs, each of which an index can give:
the rows with a value, and the rows without one of each resource type. No run is read
further than the page needs, and a page behind a row is found by comparison, never by
counting.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import BooleanField, Expression, F, QuerySet, Subquery, Value

from scim.query.filter_sql import SqlWithParams
from scim.query.sorting import VALUE, Key

Pieces = Iterable[bytes]
"""JSON of a resource, in as many pieces as its size needs."""


class Beyond(Expression):
    """Whether (value, key) of a row is beyond that of a place: a comparison of rows."""

    conditional = True
    output_field = BooleanField()

    def __init__(self, name: str, word: str, value: Any, key: int) -> None:
        """*name* is that of the value; *word* is ``gt`` or ``lt``."""
        super().__init__()
        self.sign = {"gt": ">", "lt": "<"}[word]
        self.sides: list[Any] = [F(name), F("pk"), Value(value), Value(key)]

    def get_source_expressions(self) -> list[Any]:
        return self.sides

    def set_source_expressions(self, exprs: list[Any]) -> None:  # type: ignore[override]
        self.sides = exprs

    def as_sql(self, compiler: Any, connection: Any) -> SqlWithParams:  # type: ignore[override]
        compiled = [compiler.compile(side) for side in self.sides]
        one, two, three, four = (sql for sql, _ in compiled)
        params = [param for _, each in compiled for param in each]
        return f"(({one}, {two}) {self.sign} ({three}, {four}))", params


class Among(Expression):
    """Whether the key of a row is one of *keys*, a QuerySet that is read once.

    With ``pk__in``, PostgreSQL reads a QuerySet that has a limit once for each row when
    it takes the table for small: it does until autovacuum has counted the rows, and it
    may where one organization of many is large.
    """

    conditional = True
    output_field = BooleanField()

    def __init__(self, keys: Any) -> None:
        super().__init__()
        self.sides: list[Any] = [F("pk"), Subquery(keys)]

    def get_source_expressions(self) -> list[Any]:
        return self.sides

    def set_source_expressions(self, exprs: list[Any]) -> None:  # type: ignore[override]
        self.sides = exprs

    def as_sql(self, compiler: Any, connection: Any) -> SqlWithParams:  # type: ignore[override]
        key, keys = (compiler.compile(side) for side in self.sides)
        array = connection.vendor == "postgresql"
        rest = f"= ANY(ARRAY{keys[0]})" if array else f"IN {keys[0]}"
        return f"({key[0]} {rest})", [*key[1], *keys[1]]


@dataclass(frozen=True)
class Source:
    """Rows of one resource type that a list holds, and how they become resources.

    *rank* is the place of the type among others; *known* are the rows of the
    organization, *rows* those of them that match.
    """

    rank: int
    known: QuerySet[Any]
    rows: QuerySet[Any]
    key: Key | None
    resources: Callable[[list[Any]], Iterator[Pieces]]


@dataclass(frozen=True)
class Place:
    """Where a row stands in the order of a list. *value* is None for those without."""

    value: Any
    rank: int
    pk: int


@dataclass(frozen=True)
class Found:
    """A row of a list, or None when it was deleted meanwhile, and where it stands."""

    place: Place
    source: Source
    row: Any


@dataclass(frozen=True)
class Run:
    """Rows that follow each other: those with a value, or those without of one type."""

    sources: list[Source]
    valued: bool

    def holds(self, place: Place) -> bool:
        if self.valued:
            return place.value is not None
        return place.value is None and place.rank == self.sources[0].rank

    def count(self) -> int:
        return sum(self._rows(source).order_by().count() for source in self.sources)

    def read(
        self, *, descending: bool, behind: Place | None, skip: int, most: int
    ) -> list[Found]:
        """Return up to *most* rows behind a place, or behind the first *skip*."""
        window = slice(skip, skip + most)
        parts = [
            self._behind(source, behind, descending=descending)
            for source in self.sources
        ]
        if len(parts) > 1:
            return self._read_merged(parts, window, descending=descending)
        return self._read_one(parts[0], window, descending=descending)

    def _read_one(
        self, part: QuerySet[Any], window: slice, *, descending: bool
    ) -> list[Found]:
        [source] = self.sources
        names = [VALUE, "pk"] if self.valued else ["pk"]
        # The keys first, from an index alone: rows that are skipped are not read.
        keys = part.order_by(*_directed(names, descending=descending))
        rows = self._annotated(source, source.known)
        found = [
            Found(Place(getattr(row, VALUE, None), source.rank, row.pk), source, row)
            for row in rows.filter(Among(keys.values("pk")[window])).order_by()
        ]
        # Python compares texts by code point, as the databases were told to.
        return sorted(found, key=self._in_run, reverse=descending)

    def _in_run(self, item: Found) -> tuple[Any, ...]:
        place = item.place
        return (place.value, place.pk) if self.valued else (place.pk,)

    def _read_merged(
        self, parts: list[QuerySet[Any]], window: slice, *, descending: bool
    ) -> list[Found]:
        sources = {source.rank: source for source in self.sources}
        names = [VALUE, "rank", "pk"]
        first, *others = (
            part.annotate(rank=Value(rank)).values_list(*names).order_by()
            for rank, part in zip(sources, parts, strict=True)
        )
        merged = first.union(*others, all=True)
        order = _directed(names, descending=descending)
        places = [Place(*place) for place in merged.order_by(*order)[window]]
        rows = {
            rank: source.known.in_bulk([at.pk for at in places if at.rank == rank])
            for rank, source in sources.items()
        }
        return [
            Found(place, sources[place.rank], rows[place.rank].get(place.pk))
            for place in places
        ]

    def _annotated(self, source: Source, rows: Any) -> Any:
        if source.key is None or not self.valued:
            return rows
        return rows.annotate(**{VALUE: source.key.value})

    def _rows(self, source: Source) -> Any:
        if source.key is None:
            return source.rows
        if self.valued:
            return self._annotated(source, source.rows).filter(source.key.present)
        return source.rows.alias(**{VALUE: source.key.value}).filter(source.key.absent)

    def _behind(self, source: Source, place: Place | None, *, descending: bool) -> Any:
        rows = self._rows(source)
        if place is None:
            return rows
        word = "lt" if descending else "gt"
        if not self.valued:
            return rows.filter(**{f"pk__{word}": place.pk})
        if source.rank == place.rank:
            return rows.filter(Beyond(VALUE, word, place.value, place.pk))
        # Equal values stand beyond if their resource type does.
        with_equal = "e" if (source.rank > place.rank) is not descending else ""
        return rows.filter(**{f"{VALUE}__{word}{with_equal}": place.value})


def _directed(names: list[str], *, descending: bool) -> list[str]:
    return [f"-{name}" if descending else name for name in names]


class Listing:
    """The ordered rows of one or several sources."""

    def __init__(self, sources: list[Source], *, descending: bool) -> None:
        self.sources = sorted(sources, key=lambda source: source.rank)
        self.descending = descending
        valued = [source for source in self.sources if source.key is not None]
        lacking = [s for s in self.sources if s.key is None or s.key.absent is not None]
        runs = [Run(valued, valued=True)] if valued else []
        runs += [Run([source], valued=False) for source in lacking]
        self.runs = runs[::-1] if descending else runs

    def count(self) -> int:
        return sum(source.rows.order_by().count() for source in self.sources)

    def numbered(self, skip: int, most: int) -> list[Found]:
        """Return up to *most* rows behind the first *skip*."""
        found: list[Found] = []
        for number, run in enumerate(self.runs, start=1):
            found += run.read(
                descending=self.descending,
                behind=None,
                skip=skip,
                most=most - len(found),
            )
            if len(found) == most:
                break
            if found:
                skip = 0
            elif skip and number < len(self.runs):
                skip = max(0, skip - run.count())
        return found

    def beyond(self, place: Place | None, most: int, *, backward: bool) -> list[Found]:
        """Return up to *most* rows behind a place, or before it, the nearest first."""
        runs = self.runs[::-1] if backward else self.runs
        if place is not None:
            at = next((n for n, run in enumerate(runs) if run.holds(place)), len(runs))
            runs = runs[at:]
        found: list[Found] = []
        for run in runs:
            found += run.read(
                descending=self.descending is not backward,
                behind=place,
                skip=0,
                most=most - len(found),
            )
            place = None
            if len(found) == most:
                break
        return found


def resources_of(found: list[Found]) -> Iterator[Pieces]:
    """Yield the resources of rows that were found, in their order, as pieces of JSON.

    What belongs to them is read in batches, as they are asked for.
    """
    sources = {item.source.rank: item.source for item in found}
    made = {
        rank: source.resources([i.row for i in found if i.source is source])
        for rank, source in sources.items()
    }
    return (next(made[item.source.rank]) for item in found)
