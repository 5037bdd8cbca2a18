"""Queries that every call asks, compiled once.

Django makes the SQL of a QuerySet anew each time, which takes ten times as long as the
database needs to find a row by its key. Where only the values differ from call to call,
the SQL is kept.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.db import DEFAULT_DB_ALIAS, connections, models

M = TypeVar("M", bound=models.Model)

_STAND_INS: dict[type, Callable[[int], Any]] = {
    int: lambda place: 2_000_000_000 + place,
    str: lambda place: f"\ue000{place}",
}
"""Values that nothing else in a query is equal to: they mark the places of the real ones."""


@dataclass(frozen=True)
class _Compiled:
    queryset: Any
    compiler: Any
    sql: str
    params: list[Callable[[tuple[Any, ...]], Any]]
    """What makes each parameter of the SQL from the values."""


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
        # A compiler belongs to a connection, and that to a thread.
        connection = connections[DEFAULT_DB_ALIAS]
        kept = self._compiled.get(connection.vendor)
        if kept is None:
            kept = self._compiled[connection.vendor] = self._compile()
        compiler = copy.copy(kept.compiler)
        compiler.connection = connection
        sql, params = kept.sql, tuple(param(values) for param in kept.params)
        compiler.as_sql = lambda *args, **kwargs: (sql, params)
        bound = kept.queryset.all()
        bound.query.get_compiler = lambda *args, **kwargs: compiler
        return list(bound)

    def first(self, *values: int | str) -> M | None:
        """Return the first row or None; *make* limits the QuerySet to one."""
        rows: list[M] = self.rows(*values)
        return rows[0] if rows else None

    def _compile(self) -> _Compiled:
        stand_ins = [_STAND_INS[kind](n) for n, kind in enumerate(self._types)]
        queryset = self._make(*stand_ins)
        compiler = queryset.query.get_compiler(DEFAULT_DB_ALIAS)
        sql, params = compiler.as_sql()
        missing = [mark for mark in stand_ins if mark not in params]
        if missing:
            raise ValueError(f"The query does not use all of its values: {missing}")
        return _Compiled(
            queryset, compiler, sql, [_param(p, stand_ins) for p in params]
        )


def _param(param: Any, stand_ins: list[Any]) -> Callable[[tuple[Any, ...]], Any]:
    if param not in stand_ins:
        return lambda values: param
    place, kind = stand_ins.index(param), type(param)
    # psycopg tells the width of an integer by a type of its own.
    return lambda values: kind(values[place])
