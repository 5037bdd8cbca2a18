"""Queries that every call asks, compiled once.

Django makes the SQL of a QuerySet anew each time, which takes ten times as long as the
database needs to find a row by its key. Where only the values differ from call to call,
the SQL is kept.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections, models
from django.db.models.query import get_related_populators
from django.db.models.sql.subqueries import InsertQuery

M = TypeVar("M", bound=models.Model)

_STAND_INS: dict[type, Callable[[int], Any]] = {
    int: lambda place: 2_000_000_000 + place,
    str: lambda place: f"\ue000{place}",
}
"""Values that nothing else in a query is equal to: they mark the places of the real ones."""


class PreparedInsert(Generic[M]):
    """The INSERT of one row of *model*, whose SQL is made once.

    Like ``save(force_insert=True)`` it fills in the key, and raises what the database
    raises; signals are not sent, for nothing here listens to them.
    """

    def __init__(self, model: type[M]) -> None:
        self._model = model
        self._compiled: dict[str, tuple[str, list[Any]]] = {}

    def insert(self, row: M) -> None:
        """Insert *row*, which has no key yet; one query."""
        connection = connections[DEFAULT_DB_ALIAS]
        kept = self._compiled.get(connection.vendor)
        if kept is None:
            kept = self._compiled[connection.vendor] = self._compile(row)
        sql, fields = kept
        params = [
            field.get_db_prep_save(field.pre_save(row, add=True), connection)
            for field in fields
        ]
        with connection.cursor() as cursor:
            cursor.execute(sql, params)
            [row.pk] = cursor.fetchone()
        row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS

    def _compile(self, row: M) -> tuple[str, list[Any]]:
        fields = [
            field
            for field in self._model._meta.local_concrete_fields
            if not field.primary_key
        ]
        query = InsertQuery(self._model)
        query.insert_values(fields, [row])
        compiler: Any = query.get_compiler(DEFAULT_DB_ALIAS)
        compiler.returning_fields = [self._model._meta.pk]
        [(sql, _)] = compiler.as_sql()
        return sql, fields


class PreparedUpdate(Generic[M]):
    """The UPDATE of one row of *model* by its key, whose SQL is made once.

    *names* are the fields that it writes; all but the key where there are none.
    """

    def __init__(self, model: type[M], *names: str) -> None:
        self._model = model
        meta = model._meta
        self._fields: list[Any] = [
            field
            for field in meta.local_concrete_fields
            if not field.primary_key and (not names or field.name in names)
        ]
        self._sql: dict[str, str] = {}

    def update(self, row: M) -> None:
        """Write the fields of *row*; one query. Raises DatabaseError when it is gone."""
        connection = connections[DEFAULT_DB_ALIAS]
        sql = self._sql.get(connection.vendor)
        if sql is None:
            sql = self._sql[connection.vendor] = self._compile(connection)
        params = [
            field.get_db_prep_save(field.pre_save(row, add=False), connection)
            for field in self._fields
        ]
        with connection.cursor() as cursor:
            cursor.execute(sql, [*params, row.pk])
            if cursor.rowcount != 1:
                raise DatabaseError("The row to be changed is not there.")

    def _compile(self, connection: Any) -> str:
        quote = connection.ops.quote_name
        meta: Any = self._model._meta
        columns = ", ".join(f"{quote(field.column)} = %s" for field in self._fields)
        # Names are those of the model; values are parameters.
        table, key = quote(meta.db_table), quote(meta.pk.column)
        return f"UPDATE {table} SET {columns} WHERE {key} = %s"  # noqa: S608


@dataclass(frozen=True)
class _Compiled:
    sql: str
    params: list[Callable[[tuple[Any, ...]], Any]]
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
        with connection.cursor() as cursor:
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
        stand_ins = [_STAND_INS[kind](n) for n, kind in enumerate(self._types)]
        queryset = self._make(*stand_ins)
        compiler = queryset.query.get_compiler(DEFAULT_DB_ALIAS)
        sql, params = compiler.as_sql()
        missing = [mark for mark in stand_ins if mark not in params]
        if missing:
            raise ValueError(f"The query does not use all of its values: {missing}")
        expressions = [column[0] for column in compiler.select]
        return _Compiled(
            sql,
            [_param(param, stand_ins) for param in params],
            compiler.get_converters(expressions),
            tuple if queryset.query.values_select else _maker(compiler),
        )


def _maker(compiler: Any) -> Callable[[list[Any]], Any]:
    """Return what makes of a row what the QuerySet would yield (ModelIterable)."""
    info = compiler.klass_info
    model = info["model"]
    start, end = info["select_fields"][0], info["select_fields"][-1] + 1
    names = [column[0].target.attname for column in compiler.select[start:end]]
    # The stubs are those of a later Django.
    related = get_related_populators(  # type: ignore[call-arg]
        info, compiler.select, DEFAULT_DB_ALIAS
    )

    def made(row: list[Any]) -> Any:
        instance = model.from_db(DEFAULT_DB_ALIAS, names, row[start:end])
        for populator in related:
            populator.populate(row, instance)
        return instance

    return made


def _param(param: Any, stand_ins: list[Any]) -> Callable[[tuple[Any, ...]], Any]:
    if param not in stand_ins:
        return lambda values: param
    place, kind = stand_ins.index(param), type(param)
    # psycopg tells the width of an integer by a type of its own.
    return lambda values: kind(values[place])
