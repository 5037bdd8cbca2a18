"""SCIM filters (RFC 7644 section 3.4.2.2) -> Q, or InvalidFilter. No term is dropped.

scim2-models parses and binds; here each bound attribute is turned into a condition on
an indexed column where there is one, on the ``search`` document otherwise.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q
from scim2_models import ScimFilter
from scim2_models.path import (
    AttributeBinding,
    AttrPath,
    Comparison,
    FilterNode,
    FilterVisitor,
    LogicalExpr,
    LogicalOperator,
    Not,
    Present,
    ValuePath,
    coerce_value,
)

from scim import element_sql as sql
from scim import ids
from scim.errors import InvalidFilter
from scim.models import GroupMembership
from scim.schema import ENTERPRISE, GROUP_KIND, USER_KIND, Kind
from scim.text import match_key

MAX_LENGTH = 4_096
"""Characters of a filter; Entra's are below 300."""

NOTHING = Q(pk__in=[])
EVERYTHING = ~NOTHING

_TESTS: dict[str, Callable[[str, str], bool]] = {
    "eq": lambda value, wanted: value == wanted,
    "ne": lambda value, wanted: value != wanted,
    "co": lambda value, wanted: wanted in value,
    "sw": lambda value, wanted: value.startswith(wanted),
    "ew": lambda value, wanted: value.endswith(wanted),
    "gt": lambda value, wanted: value > wanted,
    "ge": lambda value, wanted: value >= wanted,
    "lt": lambda value, wanted: value < wanted,
    "le": lambda value, wanted: value <= wanted,
}
"""The operators on a value that is the same for every resource."""

_LOOKUPS = {"gt": "gt", "ge": "gte", "lt": "lt", "le": "lte"}


def user_filter(text: str) -> Q:
    """Return the condition on DirectoryUser that *text* stands for."""
    return _compiled(text, USER_KIND, ids.USER_PREFIX)


def group_filter(text: str) -> Q:
    """Return the condition on DirectoryGroup that *text* stands for."""
    return _compiled(text, GROUP_KIND, ids.GROUP_PREFIX)


def _compiled(text: str, kind: Kind, prefix: bytes) -> Q:
    if len(text) > MAX_LENGTH:
        raise InvalidFilter(f"The filter is longer than {MAX_LENGTH} characters.")
    bound: Any = ScimFilter.__class_getitem__(kind.model)(text)
    return _Compiler(bound, kind, prefix).visit(bound.ast)


def constant(op: str, value: str, wanted: object) -> Q:
    """The condition on a value that every resource has."""
    if not isinstance(wanted, str):
        return EVERYTHING if op == "ne" else NOTHING
    return EVERYTHING if _TESTS[op](value, wanted) else NOTHING


class _Compiler(FilterVisitor[Q]):
    def __init__(self, bound: Any, kind: Kind, prefix: bytes) -> None:
        self.bound = bound
        self.kind = kind
        self.prefix = prefix
        self.special: dict[str, Callable[[str, Any], Q]] = {
            "id": self._id,
            "meta.created": self._moment("created"),
            "meta.lastmodified": self._moment("modified"),
            "meta.resourcetype": lambda op, value: constant(op, kind.name, value),
            "meta.version": self._version,
            "schemas": self._schemas,
            "username": _column("user_name_key"),
            "externalid": _column("scim_external_id"),
            "displayname": _column("display_name_key"),
            "groups.value": self._related("user", "group", ids.GROUP_PREFIX),
            "members.value": self._related("group", "user", ids.USER_PREFIX),
            "members.type": self._member_type,
            f"{ENTERPRISE.lower()}:manager.value": _column("manager_value"),
        }

    # ------------------------------------------------------------------- the grammar

    def visit_logical_expr(self, node: LogicalExpr) -> Q:
        first, *others = (self.visit(term) for term in node.terms)
        for other in others:
            first = first & other if node.op == LogicalOperator.and_ else first | other
        return first

    def visit_not(self, node: Not) -> Q:
        return ~self.visit(node.expr)

    def visit_comparison(self, node: Comparison) -> Q:
        path = _manager_path(node.attr_path)
        binding = self.resolve(path, comparison=True)
        value = coerce_value(binding, node.value, node.op)
        _check_value(value)
        if value is None:
            return self._null(node, path)
        name = self._name(binding)
        if name in self.special:
            return self.special[name](node.op.value, value)
        self._refuse_unsearchable(name)
        test = _compare(_path(binding), node.op.value, value, binding)
        if binding.is_multivalued:
            return self._over_elements(binding, node.op.value, test)
        return Q(sql.DocumentTest(test))

    def visit_present(self, node: Present) -> Q:
        binding = self.resolve(_manager_path(node.attr_path))
        name = self._name(binding)
        if name.partition(".")[0] in {"id", "meta", "schemas", "username"}:
            return EVERYTHING
        if name.partition(".")[0] in {"groups", "members"}:
            return self._has_memberships()
        self._refuse_unsearchable(name)
        path = _path(binding)
        if binding.is_multivalued and binding.sub_field_name:
            test: sql.Test = sql.AnyElement(path[:-1], sql.Present(path[-1:]))
        else:
            test = sql.Present(path)
        return Q(sql.DocumentTest(test))

    def visit_value_path(self, node: ValuePath) -> Q:
        binding = self.resolve(node.attr_path)
        if not binding.is_multivalued:
            raise InvalidFilter(f"{node.attr_path} holds one value; drop the brackets.")
        name = self._name(binding)
        if name in {"groups", "members"}:
            return self._selected_memberships(node)
        self._refuse_unsearchable(name)
        test = _Element(self, node.attr_path).visit(node.val_filter)
        return Q(sql.DocumentTest(sql.AnyElement(_path(binding), test)))

    # ----------------------------------------------------------------- the attributes

    def resolve(self, path: AttrPath, *, comparison: bool = False) -> AttributeBinding:
        """Bind *path*, or raise: an attribute nobody declares is never skipped."""
        resolve = self.bound.resolve_comparison if comparison else self.bound.resolve
        binding: AttributeBinding = resolve(path, strict=True)
        parts = getattr(binding.target_type, "model_fields", None)
        if comparison and parts is not None:
            if path.sub_attr or "value" not in parts:
                raise InvalidFilter(f"{path} is complex; compare a part of it.")
            return self.resolve(AttrPath(path.attr, "value", path.uri), comparison=True)
        return binding

    def _name(self, binding: AttributeBinding) -> str:
        """The name under which ``special`` knows an attribute."""
        return binding.urn.lower().removeprefix(f"{self.kind.schema}:".lower())

    def _refuse_unsearchable(self, name: str) -> None:
        if name.partition(".")[0] in {"meta", "groups", "members", "password"}:
            raise InvalidFilter(f"The service does not filter by {name}.")

    def _null(self, node: Comparison, path: AttrPath) -> Q:
        present = self.visit_present(Present(path))
        match node.op.value:
            case "eq":
                return ~present
            case "ne":
                return present
        raise InvalidFilter("null can only be compared with eq and ne.")

    def _over_elements(self, binding: AttributeBinding, op: str, test: sql.Test) -> Q:
        path = _path(binding)
        if op == "ne":
            # No value equals: ``ne`` over several values is universal (scim2-models).
            inner = test.test if isinstance(test, sql.Not) else sql.Not(test)
            found = sql.AnyElement(path[:-1], _inside(inner))
            return ~Q(sql.DocumentTest(found))
        return Q(sql.DocumentTest(sql.AnyElement(path[:-1], _inside(test))))

    def _id(self, op: str, value: Any) -> Q:
        key = ids.decode(self.prefix, value)
        match op:
            case "eq":
                return NOTHING if key is None else Q(pk=key)
            case "ne":
                return EVERYTHING if key is None else ~Q(pk=key)
        raise InvalidFilter("id can only be compared with eq and ne.")

    def _moment(self, column: str) -> Callable[[str, Any], Q]:
        def condition(op: str, value: Any) -> Q:
            if not isinstance(value, datetime):
                raise InvalidFilter("A dateTime takes eq, ne, gt, ge, lt or le.")
            value = _in_utc(value)
            if op in {"eq", "ne"}:
                # meta shows milliseconds; what is shown must also be found.
                equal = _same_millisecond(column, value)
                return equal if op == "eq" else ~equal
            return Q(**{f"{column}__{_LOOKUPS[op]}": value})

        return condition

    def _version(self, op: str, value: Any) -> Q:
        number = str(value).removeprefix('W/"').removesuffix('"')
        if op not in {"eq", "ne"}:
            raise InvalidFilter("meta.version can only be compared with eq and ne.")
        known = number.isascii() and number.isdigit() and len(number) < 10
        equal = Q(version=int(number)) if known else NOTHING
        return equal if op == "eq" else ~equal

    def _schemas(self, op: str, value: Any) -> Q:
        wanted = str(value).lower()
        core = constant(op, self.kind.schema.lower(), wanted)
        if self.kind is not USER_KIND:
            return core
        extended = Q(sql.DocumentTest(sql.Present((ENTERPRISE,))))
        listed = constant(op, ENTERPRISE.lower(), wanted)
        if op == "ne":
            return core & (listed | ~extended)
        return core | (listed & extended)

    # ----------------------------------------------------------------- the memberships

    def _memberships(self, condition: Q) -> Q:
        mine = "user" if self.kind is USER_KIND else "group"
        rows = GroupMembership.objects.filter(condition, **{mine: OuterRef("pk")})
        return Q(Exists(rows))

    def _has_memberships(self) -> Q:
        return self._memberships(Q())

    def _related(self, mine: str, other: str, prefix: bytes) -> Callable[[str, Any], Q]:
        def condition(op: str, value: Any) -> Q:
            key = ids.decode(prefix, value)
            found = (
                NOTHING if key is None else self._memberships(Q(**{f"{other}_id": key}))
            )
            match op:
                case "eq":
                    return found
                case "ne":
                    return ~found
            raise InvalidFilter("An id can only be compared with eq and ne.")

        return condition

    def _member_type(self, op: str, value: Any) -> Q:
        matches = constant(op, "user", match_key(str(value)))
        return self._has_memberships() & matches

    def _selected_memberships(self, node: ValuePath) -> Q:
        inner = node.val_filter
        if isinstance(inner, Comparison):
            head = node.attr_path
            return self.visit_comparison(
                Comparison(
                    AttrPath(head.attr, inner.attr_path.attr, head.uri),
                    inner.op,
                    inner.value,
                )
            )
        raise InvalidFilter(f'Select with {node.attr_path}[value eq "id"].')


class _Element(FilterVisitor[sql.Test]):
    """The filter inside brackets, as a test on one element."""

    def __init__(self, compiler: _Compiler, head: AttrPath) -> None:
        self.compiler = compiler
        self.head = head

    def visit_logical_expr(self, node: LogicalExpr) -> sql.Test:
        word = "AND" if node.op == LogicalOperator.and_ else "OR"
        return sql.Joined(word, tuple(self.visit(term) for term in node.terms))

    def visit_not(self, node: Not) -> sql.Test:
        return sql.Not(self.visit(node.expr))

    def visit_comparison(self, node: Comparison) -> sql.Test:
        binding = self._resolve(node.attr_path)
        value = coerce_value(binding, node.value, node.op)
        _check_value(value)
        path = _path(binding)[-1:]
        if value is None:
            absent = sql.Not(sql.Present(path))
            return absent if node.op.value == "eq" else sql.Present(path)
        return _compare(path, node.op.value, value, binding)

    def visit_present(self, node: Present) -> sql.Test:
        return sql.Present(_path(self._resolve(node.attr_path))[-1:])

    def visit_value_path(self, node: FilterNode) -> sql.Test:
        raise InvalidFilter("Brackets inside brackets are not possible.")

    def _resolve(self, path: AttrPath) -> AttributeBinding:
        if path.sub_attr or path.uri:
            raise InvalidFilter(f"{path} is no part of {self.head}.")
        return self.compiler.resolve(AttrPath(self.head.attr, path.attr, self.head.uri))


def _column(name: str) -> Callable[[str, Any], Q]:
    """A condition on a column that holds what the attribute is compared by."""
    exact = name in {"scim_external_id", "manager_value"}

    def condition(op: str, value: Any) -> Q:
        text = str(value) if exact else match_key(str(value))
        if op in {"eq", "ne"}:
            # Absent is stored as "" in columns, and absent equals nothing.
            equal = Q(**{name: text}) if text else NOTHING
            return equal if op == "eq" else ~equal
        return Q(sql.DocumentTest(sql.Compare(_STORED_AS[name], op, text)))

    return condition


_STORED_AS = {
    "user_name_key": ("userName",),
    "display_name_key": ("displayName",),
    "scim_external_id": ("externalId",),
    "manager_value": (ENTERPRISE, "manager", "value"),
}


def _manager_path(path: AttrPath) -> AttrPath:
    """The short name ``manager`` means the enterprise one (Entra's older queries)."""
    if path.uri is None and path.attr.lower() == "manager":
        return AttrPath(path.attr, path.sub_attr, ENTERPRISE)
    return path


def _path(binding: AttributeBinding) -> tuple[str, ...]:
    """Where the attribute stands in the document; URNs have the declared spelling."""
    schema, _, name = binding.urn.rpartition(":")
    container = (ENTERPRISE,) if schema == ENTERPRISE else ()
    return (*container, *name.split("."))


def _compare(
    path: tuple[str, ...], op: str, value: Any, binding: AttributeBinding
) -> sql.Test:
    if isinstance(value, bool):
        if op not in {"eq", "ne"}:
            raise InvalidFilter("true and false can only be compared with eq and ne.")
        return sql.Compare(path, op, value)
    return sql.Compare(path, op, str(binding.comparable(str(value))))


def _inside(test: sql.Test) -> sql.Test:
    """The same test, on the element instead of the document."""
    if isinstance(test, sql.Not):
        return sql.Not(_inside(test.test))
    if isinstance(test, sql.Compare):
        return sql.Compare(test.path[-1:], test.op, test.value)
    raise TypeError(test)


def _check_value(value: Any) -> None:
    if not isinstance(value, str):
        return
    if "\0" in value:
        raise InvalidFilter("A value of the filter holds a NUL character.")
    if not value.isascii() and any("\ud800" <= char <= "\udfff" for char in value):
        # An escape such as \\ud800; no database takes half a character.
        raise InvalidFilter("A value of the filter holds half a surrogate pair.")


def _in_utc(value: datetime) -> datetime:
    if value.tzinfo is None:
        return value.replace(tzinfo=UTC)
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise InvalidFilter("A dateTime of the filter is out of range.") from None


def _same_millisecond(column: str, value: datetime) -> Q:
    start = value.replace(microsecond=value.microsecond // 1000 * 1000)
    end = start.replace(microsecond=start.microsecond + 999)
    return Q(**{f"{column}__gte": start, f"{column}__lte": end})
