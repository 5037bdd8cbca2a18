"""Queries that every call asks, compiled once.

Django makes the SQL of a QuerySet anew each time, which takes ten times as long as the
database needs to find a row by its key. Where only the values differ from call to call,
the SQL is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, Generic, TypeVar

from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections, models
from django.db.models.base import ModelState
from django.db.models.query import get_related_populators
from django.db.models.sql.subqueries import DeleteQuery, InsertQuery

M = TypeVar("M", bound=models.Model)

UPDATES_KEPT = 256
"""Sets of columns of one model whose UPDATE is kept; clients send a few dozen."""

_Param = Callable[[tuple[Any, ...]], Any]
"""Makes a parameter of the SQL from the values."""

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
        self._compiled: dict[str, tuple[str, list[_Column]]] = {}

    def insert(self, row: M) -> None:
        """Insert *row*, which has no key yet; one query."""
        connection = connections[DEFAULT_DB_ALIAS]
        kept = self._compiled.get(connection.vendor)
        if kept is None:
            kept = self._compiled[connection.vendor] = self._compile(row)
        sql, columns = kept
        with _cursor(connection) as cursor:
            cursor.execute(sql, _params(columns, row, connection, add=True))
            [row.pk] = cursor.fetchone()
        row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS

    def _compile(self, row: M) -> tuple[str, list[_Column]]:
        fields = _written(self._model)
        query = InsertQuery(self._model)
        query.insert_values(fields, [row])
        compiler: Any = query.get_compiler(DEFAULT_DB_ALIAS)
        compiler.returning_fields = [self._model._meta.pk]
        [(sql, _)] = compiler.as_sql()
        vendor = compiler.connection.vendor
        return sql, [_Column.of(field, vendor) for field in fields]


class PreparedUpdate(Generic[M]):
    """The UPDATE of one row of *model* by its key, whose SQL is made once.

    Only columns that differ are named: SQLite writes every index of a column that is,
    whether its value is another one or not.
    """

    def __init__(self, model: type[M]) -> None:
        self._model = model
        self._fields = _written(model)
        self._compiled = lru_cache(maxsize=UPDATES_KEPT)(self._compile)

    def values(self, row: M) -> tuple[Any, ...]:
        """Return what *row* has in each column, to be compared with later."""
        known = row.__dict__
        return tuple(known.get(field.attname) for field in self._fields)

    def update(self, row: M, before: tuple[Any, ...]) -> None:
        """Write the columns in which *row* differs from *before*; one query.

        Raises DatabaseError when the row is gone.
        """
        now = self.values(row)
        self.write(
            row,
            [
                field.attname
                for field, new, old in zip(self._fields, now, before, strict=True)
                if new != old
            ],
        )

    def write(self, row: M, names: Iterable[str]) -> None:
        """Write the columns *names* of *row*; one query.

        Raises DatabaseError when the row is gone.
        """
        connection = connections[DEFAULT_DB_ALIAS]
        sql, columns = self._compiled(connection.vendor, tuple(names))
        params = _params(columns, row, connection, add=False)
        with _cursor(connection) as cursor:
            cursor.execute(sql, [*params, row.pk])
            if cursor.rowcount != 1:
                raise DatabaseError("The row to be changed is not there.")

    def _compile(
        self, vendor: str, names: tuple[str, ...]
    ) -> tuple[str, list[_Column]]:
        fields = [field for field in self._fields if field.attname in names]
        quote = connections[DEFAULT_DB_ALIAS].ops.quote_name
        meta: Any = self._model._meta
        columns = ", ".join(f"{quote(field.column)} = %s" for field in fields)
        # Names are those of the model; values are parameters.
        table, key = quote(meta.db_table), quote(meta.pk.column)
        sql = f"UPDATE {table} SET {columns} WHERE {key} = %s"  # noqa: S608
        return sql, [_Column.of(field, vendor) for field in fields]


@dataclass(frozen=True, slots=True)
class _Column:
    """A column that is written, and what of its values needs no preparation."""

    field: Any
    name: str
    ready: frozenset[type]

    @classmethod
    def of(cls, field: Any, vendor: str) -> _Column:
        ready: set[type] = set()
        # A date may be set as it is saved (auto_now), so it is always asked.
        if not isinstance(field, models.DateField):
            ready.add(type(None))
        if isinstance(field, models.CharField | models.TextField):
            ready.add(str)
        if isinstance(field, models.BooleanField):
            ready.add(bool)
        # psycopg tells the width of an integer by a type of its own.
        if vendor == "sqlite" and isinstance(
            field, models.IntegerField | models.ForeignKey
        ):
            ready.add(int)
        return cls(field, field.attname, frozenset(ready))


def _params(
    columns: list[_Column], row: models.Model, connection: Any, *, add: bool
) -> list[Any]:
    """Return the values of *row* as the database takes them.

    A text is what it is: to ask each field for it was a third of an INSERT.
    """
    values = row.__dict__
    return [
        value
        if type(value := values.get(column.name)) in column.ready
        else column.field.get_db_prep_save(column.field.pre_save(row, add), connection)
        for column in columns
    ]


def _written(model: type[models.Model]) -> list[Any]:
    meta: Any = model._meta
    return [field for field in meta.local_concrete_fields if not field.primary_key]


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
    _make_quickly(related)
    model = _Loaded(info["model"])

    def made(row: list[Any]) -> Any:
        instance = model.from_db(DEFAULT_DB_ALIAS, names, row[start:end])
        for populator in related:
            populator.populate(row, instance)
        return instance

    return made


class _Loaded:
    """Makes instances of rows as Model.from_db does, in a third of its time.

    That goes through ``__init__``, its signals and a descriptor for each column, to set
    what is only an entry of ``__dict__``. Columns that were not asked for stay out of it
    and are loaded when they are wanted, as ever.
    """

    def __init__(self, model: Any) -> None:
        if model.__init__ is not models.Model.__init__:
            raise TypeError(f"{model.__name__} does more when it is made.")
        self._model = model

    def from_db(self, db: str, names: list[str], values: list[Any]) -> Any:
        instance = self._model.__new__(self._model)
        state = ModelState()
        state.db, state.adding = db, False
        instance.__dict__.update(zip(names, values, strict=True), _state=state)
        return instance


def _make_quickly(populators: list[Any]) -> None:
    for populator in populators:
        populator.model_cls = _Loaded(populator.model_cls)
        _make_quickly(populator.related_populators)


def _param(param: Any, stand_ins: list[Any]) -> _Param:
    if param not in stand_ins:
        return lambda values: param
    place, kind = stand_ins.index(param), type(param)
    # psycopg tells the width of an integer by a type of its own.
    return lambda values: kind(values[place])
