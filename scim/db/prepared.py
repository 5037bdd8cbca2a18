"""Queries that every call asks, compiled once.

Django makes the SQL of a QuerySet anew each time, which takes ten times as long as the
database needs to find a row by its key. Where only the values differ from call to call,
the SQL is kept.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, Generic, TypeVar

from django.db import DEFAULT_DB_ALIAS, connections, models
from django.db.models.query import get_related_populators
from django.db.models.sql.subqueries import DeleteQuery

M = TypeVar("M", bound=models.Model)

_Param = Callable[[tuple[Any, ...]], Any]
"""Makes a parameter of the SQL from the values."""

_STAND_INS: dict[type, Callable[[int], Any]] = {
    int: lambda place: 2_000_000_000 + place,
    str: lambda place: f"\ue000{place}",
}
"""Values that nothing else in a query is equal to: they mark the places of the real ones."""


def _cursor(connection: Any) -> Any:
    """Return a cursor for SQL that comes again.

    PostgreSQL parses and plans a statement for as long as it carries it out, twice as
    long where it joins. A statement that is prepared it parses once in a connection.
    """
    # A log of queries shows their values, which a prepared one does not have.
    if connection.vendor != "postgresql" or connection.queries_logged:
        return connection.cursor()
    connection.ensure_connection()
    raw = connection.connection
    usual, raw.cursor_factory = raw.cursor_factory, _preparing()
    try:
        return connection.cursor()
    finally:
        raw.cursor_factory = usual


@cache
def _preparing() -> Any:
    """Return the class of those cursors; without PostgreSQL there may be no psycopg."""
    from django.db.backends.postgresql import base

    binding: Any = base.ServerBindingCursor

    class PreparingCursor(binding):  # type: ignore[misc]
        """Prepares what it is asked the second time in a connection."""

        def execute(self, query: Any, params: Any = None) -> Any:
            # For these statements only: psycopg would keep the text of all others too,
            # the bodies of events included, to see whether they come again.
            self.connection.prepare_threshold = 1
            try:
                return super().execute(query, params)
            finally:
                self.connection.prepare_threshold = None

    return PreparingCursor


@dataclass(frozen=True)
class _Compiled:
    sql: str
    params: list[_Param]
    """What makes each parameter of the SQL from the values."""

    converters: dict[int, tuple[list[Any], Any]]
    """Place in a row to what Django converts the database's value with."""

    made: Callable[[list[Any]], Any]
    """Makes an instance, or a tuple, of a converted row."""


class Prepared(Generic[M]):
    """A QuerySet whose SQL is made once.

    *make* returns the QuerySet for given values, whose *types* are int or str. It only
    hands them on, and they reach the SQL as they are: no part of a value, no sum, no
    condition on it. Rows are those of the QuerySet, select_related included.
    """

    def __init__(self, make: Callable[..., Any], *types: type) -> None:
        self._make = make
        self._types = types
        self._compiled: dict[str, _Compiled] = {}

    def rows(self, *values: int | str) -> list[Any]:
        """Return the rows for *values*; one query."""
        connection = connections[DEFAULT_DB_ALIAS]
        kept = self._compiled.get(connection.vendor)
        if kept is None:
            kept = self._compiled[connection.vendor] = self._compile()
        with _cursor(connection) as cursor:
            cursor.execute(kept.sql, [param(values) for param in kept.params])
            found = [list(row) for row in cursor.fetchall()]
        for row in found:
            for place, (converters, expression) in kept.converters.items():
                for convert in converters:
                    row[place] = convert(row[place], expression, connection)
        return [kept.made(row) for row in found]

    def first(self, *values: int | str) -> M | None:
        """Return the first row or None; *make* limits the QuerySet to one."""
        rows: list[M] = self.rows(*values)
        return rows[0] if rows else None

    def _compile(self) -> _Compiled:
        compiler, sql, params = _as_sql(self._make, self._types, lambda query: query)
        expressions = [column[0] for column in compiler.select]
        return _Compiled(
            sql,
            params,
            compiler.get_converters(expressions),
            tuple if compiler.query.values_select else _maker(compiler),
        )


class PreparedDelete:
    """The DELETE of the rows of a QuerySet, and of nothing that refers to them.

    *make* and *types* are those of Prepared; the SQL is made once.
    """

    def __init__(self, make: Callable[..., Any], *types: type) -> None:
        self._make = make
        self._types = types
        self._compiled: dict[str, tuple[str, list[_Param]]] = {}

    def delete(self, *values: int | str) -> None:
        """Delete the rows for *values*; one query."""
        connection = connections[DEFAULT_DB_ALIAS]
        kept = self._compiled.get(connection.vendor)
        if kept is None:
            _, sql, params = _as_sql(
                self._make, self._types, lambda query: query.chain(DeleteQuery)
            )
            kept = self._compiled[connection.vendor] = (sql, params)
        sql, params = kept
        with _cursor(connection) as cursor:
            cursor.execute(sql, [param(values) for param in params])


def _as_sql(
    make: Callable[..., Any], types: tuple[type, ...], kind: Callable[[Any], Any]
) -> tuple[Any, str, list[_Param]]:
    """Return compiler, SQL and what makes its parameters of the values."""
    stand_ins = [_STAND_INS[type_](n) for n, type_ in enumerate(types)]
    compiler = kind(make(*stand_ins).query).get_compiler(DEFAULT_DB_ALIAS)
    sql, params = compiler.as_sql()
    missing = [mark for mark in stand_ins if mark not in params]
    if missing:
        raise ValueError(f"The query does not use all of its values: {missing}")
    return compiler, sql, [_param(param, stand_ins) for param in params]


def _maker(compiler: Any) -> Callable[[list[Any]], Any]:
    """Return what makes of a row what the QuerySet would yield (ModelIterable)."""
    info = compiler.klass_info
    start, end = info["select_fields"][0], info["select_fields"][-1] + 1
    names = [column[0].target.attname for column in compiler.select[start:end]]
    # The stubs are those of a later Django.
    related = get_related_populators(  # type: ignore[call-arg]
        info, compiler.select, DEFAULT_DB_ALIAS
    )

    def made(row: list[Any]) -> Any:
        instance = info["model"].from_db(DEFAULT_DB_ALIAS, names, row[start:end])
        for populator in related:
            populator.populate(row, instance)
        return instance

    return made


def _param(param: Any, stand_ins: list[Any]) -> _Param:
    if param not in stand_ins:
        return lambda values: param
    place, kind = stand_ins.index(param), type(param)
    # psycopg tells the width of an integer by a type of its own.
    return lambda values: kind(values[place])
