"""SQL that filters need beyond the ORM, for both databases.

A small language of tests (is, contains, is present, and, or, not) that compiles to a
condition on the ``search`` column. No test is ever NULL, so ``not`` means what the RFC
says: an absent value does not equal anything. Values are always parameters; names come
from our own schema documents and from extensions, which take no others (scim.extensions).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import (
    BigIntegerField,
    BooleanField,
    Expression,
    F,
    Field,
    FloatField,
    Func,
    TextField,
    Value,
)

from scim import ids

SqlWithParams = tuple[str, list[Any]]

READING = 5
"""What a test of one value costs (scim.query.filters.MOST_WORK): each document is read."""

READING_VALUES = 20
"""What it costs beside that to look through the values of an attribute."""

ORDERED_LENGTH = 256
"""Characters by which texts are ordered: as many as a cursor in a URL can hold."""


@dataclass(frozen=True)
class Node:
    """A place in a document: the column, or one element of an array in it."""

    sql: str
    vendor: str

    def text(self, path: tuple[str, ...]) -> str:
        """SQL of the text (or SQLite's own type) at *path*."""
        if self.vendor == "postgresql":
            names = ",".join(f"'{name}'" for name in path)
            return f"({self.sql} #>> ARRAY[{names}])"
        return f"JSON_EXTRACT({self.sql}, '{_json_path(path)}')"

    def number(self, path: tuple[str, ...]) -> str:
        """SQL of the number at *path*: jsonb, which compares it exactly, or SQLite's."""
        if self.vendor == "postgresql":
            names = ",".join(f"'{name}'" for name in path)
            return f"({self.sql} #> ARRAY[{names}])"
        return self.text(path)

    def elements(self, path: tuple[str, ...]) -> str:
        """SQL of the table of the array's elements at *path*, aliased ``element``."""
        if self.vendor == "postgresql":
            names = ",".join(f"'{name}'" for name in path)
            array = f"{self.sql} #> ARRAY[{names}]"
            return f"jsonb_array_elements(COALESCE({array}, '[]'::jsonb)) AS element"
        return f"JSON_EACH({self.sql}, '{_json_path(path)}') AS element"

    def preferred(self, path: tuple[str, ...], part: str) -> str:
        """SQL of the text of *part* of the primary, else the first, element at *path*."""
        if self.vendor == "postgresql":
            primary = f'{_json_path(path)}[*] ? (@."primary" == true)'
            first = ",".join(f"'{name}'" for name in (*path, "0"))
            entry = (
                f"COALESCE(JSONB_PATH_QUERY_FIRST({self.sql}, '{primary}'), "
                f"{self.sql} #> ARRAY[{first}])"
            )
            return Node(entry, self.vendor).text((part,))
        element = self.element()
        text, primary = element.text((part,)), element.text(("primary",))
        # Names come from our schema documents.
        return (
            f"(SELECT {text} FROM {self.elements(path)} "  # noqa: S608
            f"ORDER BY COALESCE({primary}, 0) DESC, element.key LIMIT 1)"
        )

    def element(self) -> Node:
        value = "element" if self.vendor == "postgresql" else "element.value"
        return Node(value, self.vendor)


def _json_path(path: tuple[str, ...]) -> str:
    return "$" + "".join(f'."{name}"' for name in path)


def condition_on(
    text: str,
    op: str,
    value: str | bool,  # noqa: FBT001 - an operand, no flag
    vendor: str,
) -> SqlWithParams:
    """Return the SQL of an operator of RFC 7644 (but ``ne``) on *text*, named once."""
    postgresql = vendor == "postgresql"
    if isinstance(value, bool):
        return f"{text} = %s", [str(value).lower() if postgresql else int(value)]
    position = "STRPOS" if postgresql else "INSTR"
    length = len(value)
    match op:
        case "eq":
            return f"{text} = %s", [value]
        case "co":
            return f"{position}({text}, %s) > 0", [value]
        case "sw":
            return f"SUBSTR({text}, 1, {length}) = %s", [value]
        case "ew" if length == 0:
            return f"{text} IS NOT NULL", []
        case "ew" if postgresql:
            return f"RIGHT({text}, {length}) = %s", [value]
        case "ew":
            return f"SUBSTR({text}, -{length}) = %s", [value]
    sign = {"gt": ">", "ge": ">=", "lt": "<", "le": "<="}[op]
    # Code points decide, as in Python; SQLite compares bytes anyway.
    collation = ' COLLATE "C"' if postgresql else ""
    return f"{text}{collation} {sign} %s", [value]


class Test:
    """A condition on a Node."""

    def sql(self, node: Node) -> SqlWithParams:
        raise NotImplementedError

    def required(self) -> Iterator[tuple[str, str]]:
        """Yield names and texts of parts that the node has wherever the test passes."""
        yield from ()

    def cost(self) -> int:
        return READING


@dataclass(frozen=True)
class Present(Test):
    path: tuple[str, ...]

    def sql(self, node: Node) -> SqlWithParams:
        return f"({node.text(self.path)} IS NOT NULL)", []


@dataclass(frozen=True)
class Compare(Test):
    """``op`` is one of RFC 7644's; *value* a string, or True or False for booleans."""

    path: tuple[str, ...]
    op: str
    value: str | bool

    def sql(self, node: Node) -> SqlWithParams:
        text = node.text(self.path)
        if self.op == "ne":
            equal, params = Compare(self.path, "eq", self.value).sql(node)
            return f"(NOT {equal})", params
        condition, params = condition_on(text, self.op, self.value, node.vendor)
        return f"({text} IS NOT NULL AND {condition})", params

    def required(self) -> Iterator[tuple[str, str]]:
        if self.op == "eq" and isinstance(self.value, str):
            yield ".".join(self.path), self.value


@dataclass(frozen=True)
class CompareNumber(Test):
    """``op`` is an ordering or equality of RFC 7644; what is no number is not compared."""

    path: tuple[str, ...]
    op: str
    value: float

    def sql(self, node: Node) -> SqlWithParams:
        number = node.number(self.path)
        value: str | float
        if node.vendor == "postgresql":
            is_number = f"jsonb_typeof({number}) = 'number'"
            operand, value = "%s::jsonb", json.dumps(self.value)
        else:
            is_number = f"TYPEOF({number}) IN ('integer', 'real')"
            operand, value = "%s", self.value
        sign = {"gt": ">", "ge": ">=", "lt": "<", "le": "<="}.get(self.op, "=")
        condition = (
            f"({number} IS NOT NULL AND {is_number} AND {number} {sign} {operand})"
        )
        return f"(NOT {condition})" if self.op == "ne" else condition, [value]


@dataclass(frozen=True)
class Not(Test):
    test: Test

    def sql(self, node: Node) -> SqlWithParams:
        inner, params = self.test.sql(node)
        return f"(NOT {inner})", params

    def cost(self) -> int:
        return 1 + self.test.cost()


@dataclass(frozen=True)
class Joined(Test):
    word: str
    """AND or OR."""
    tests: tuple[Test, ...]

    def sql(self, node: Node) -> SqlWithParams:
        parts = [test.sql(node) for test in self.tests]
        joined = f" {self.word} ".join(sql for sql, _ in parts)
        return f"({joined})", [param for _, params in parts for param in params]

    def required(self) -> Iterator[tuple[str, str]]:
        if self.word == "AND":
            for test in self.tests:
                yield from test.required()

    def cost(self) -> int:
        return sum(test.cost() for test in self.tests)


@dataclass(frozen=True)
class AnyElement(Test):
    """At least one element of the array at *path* passes *test*."""

    path: tuple[str, ...]
    test: Test

    def sql(self, node: Node) -> SqlWithParams:
        inner, params = self.test.sql(node.element())
        table = node.elements(self.path)
        # Names come from our schema documents, values are parameters.
        return f"EXISTS (SELECT 1 FROM {table} WHERE {inner})", params  # noqa: S608

    def cost(self) -> int:
        return READING_VALUES + self.test.cost()


class DocumentTest(Expression):
    """A Test as a condition of a QuerySet: ``filter(DocumentTest(test))``."""

    conditional = True
    output_field = BooleanField()

    def __init__(self, test: Test) -> None:
        super().__init__()
        self.test = test
        self.column: Any = F("search")

    def get_source_expressions(self) -> list[Any]:
        return [self.column]

    def set_source_expressions(self, exprs: list[Any]) -> None:  # type: ignore[override]
        [self.column] = exprs

    def as_sql(self, compiler: Any, connection: Any) -> SqlWithParams:  # type: ignore[override]
        column, _ = compiler.compile(self.column)
        return self.test.sql(Node(column, connection.vendor))


_TYPED: dict[Any, tuple[Field[Any, Any], str]] = {
    bool: (BooleanField(), "boolean"),
    int: (BigIntegerField(), "bigint"),
    float: (FloatField(), "double precision"),
    Decimal: (FloatField(), "double precision"),
}
"""Values that are not ordered as text: their field, and PostgreSQL's type."""


class DocumentValue(Expression):
    """What a row is ordered by: the value at a path of the document, or NULL.

    Of several values it is the primary's, else the first one's (RFC 7644 section
    3.4.2.3). Of a text the first ORDERED_LENGTH characters count, by code point.
    """

    def __init__(self, path: tuple[str, ...], kind: Any, *, several: bool) -> None:
        """*kind* is the Python type of the attribute's values."""
        field, self.type = _TYPED.get(kind, (TextField(), ""))
        super().__init__(field)
        self.path = path
        self.several = several
        self.column: Any = F("search")

    def get_source_expressions(self) -> list[Any]:
        return [self.column]

    def set_source_expressions(self, exprs: list[Any]) -> None:  # type: ignore[override]
        [self.column] = exprs

    def as_sql(self, compiler: Any, connection: Any) -> SqlWithParams:  # type: ignore[override]
        column, _ = compiler.compile(self.column)
        node = Node(column, connection.vendor)
        *head, part = self.path
        value = node.preferred((*head,), part) if self.several else node.text(self.path)
        text = f"SUBSTR({value}, 1, {ORDERED_LENGTH})"
        if connection.vendor == "postgresql":
            return (
                f"{value}::{self.type}" if self.type else f'({text} COLLATE "C")'
            ), []
        return value if self.type else text, []


class TextTest(Expression):
    """An operator of RFC 7644 on the text of an expression that is never NULL."""

    conditional = True
    output_field = BooleanField()

    def __init__(self, text: Any, op: str, value: str) -> None:
        super().__init__()
        self.text = text
        self.op = op
        self.value = value

    def get_source_expressions(self) -> list[Any]:
        return [self.text]

    def set_source_expressions(self, exprs: list[Any]) -> None:  # type: ignore[override]
        [self.text] = exprs

    def as_sql(self, compiler: Any, connection: Any) -> SqlWithParams:  # type: ignore[override]
        text, params = compiler.compile(self.text)
        operator = "eq" if self.op == "ne" else self.op
        condition, more = condition_on(
            f"({text})", operator, self.value, connection.vendor
        )
        negation = "NOT " if self.op == "ne" else ""
        return f"({negation}{condition})", [*params, *more]


class ScimIdText(Func):
    """The SCIM id of the row whose key *column* holds, after a *head* (scim.ids)."""

    output_field = TextField()

    def __init__(self, column: str, prefix: bytes, head: str = "") -> None:
        super().__init__(F(column), Value(f"{head}{ids.encode(prefix, 0)[:-8]}"))

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self._as(compiler, "PRINTF('%%08x', {})")

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self._as(compiler, "LPAD(TO_HEX({}), 8, '0')")

    def _as(self, compiler: Any, digits: str) -> SqlWithParams:
        key, head = self.get_source_expressions()
        column, _ = compiler.compile(key)
        return f"(%s || {digits.format(column)})", [head.value]
