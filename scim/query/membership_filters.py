"""Filters on groups of a user and members of a group: conditions on membership rows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from django.db.models import Exists, F, OuterRef, Q
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
)

from scim import ids
from scim.errors import InvalidFilter
from scim.models import GroupMembership, Organization
from scim.query.filter_sql import READING, READING_VALUES, ScimIdText, TextTest
from scim.resources.representation import base_url

NOTHING = Q(pk__in=[])
EVERYTHING = ~NOTHING

UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")
"""What escapes in a filter's value can make, and no database takes: NUL, lone surrogates."""

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


def constant(op: str, value: str, wanted: str) -> Q:
    """The condition on a value that is the same for every row."""
    return EVERYTHING if _TESTS[op](value, wanted) else NOTHING


def joined(node: LogicalExpr, visit: Callable[[FilterNode], Q]) -> Q:
    """Return the terms of an ``and`` or ``or``, joined."""
    first, *others = (visit(term) for term in distinct(node))
    for other in others:
        first = first & other if node.op == LogicalOperator.and_ else first | other
    return first


def distinct(node: LogicalExpr) -> Iterable[FilterNode]:
    """Return the terms of an ``and`` or ``or``, of those that are said twice only one."""
    return {_said(term): term for term in node.terms}.values()


def _said(node: Any) -> Any:
    """Return what tells one part of a filter from another: not the letter case of names.

    Values are told by how they are written: to Python ``1`` and ``true`` are equal.
    """
    if isinstance(node, AttrPath):
        return str(node).lower()
    if isinstance(node, tuple):
        return tuple(map(_said, node))
    if is_dataclass(node):
        parts = (_said(getattr(node, each.name)) for each in fields(node))
        return (type(node).__name__, *parts)
    return repr(node)


@dataclass(frozen=True)
class Side:
    """One end of a membership: what a resource shows of the other end."""

    mine: str
    other: str
    prefix: bytes
    endpoint: str
    type: str


OF_USER = Side("user", "group", ids.GROUP_PREFIX, "Groups", "direct")
OF_GROUP = Side("group", "user", ids.USER_PREFIX, "Users", "User")


class Memberships(FilterVisitor[Q]):
    """Compiles what stands in the brackets of ``groups[...]`` or ``members[...]``.

    *resolve* binds the name of a part of the attribute, *charge* is told what a
    comparison costs.
    """

    def __init__(
        self,
        side: Side,
        organization: Organization,
        resolve: Callable[[AttrPath], AttributeBinding],
        charge: Callable[[int], None],
    ) -> None:
        self.side = side
        self.organization = organization
        self.resolve = resolve
        self.charge = charge

    def any(self, condition: Q) -> Q:
        """The condition that some membership of the resource meets *condition*."""
        rows = GroupMembership.objects.for_organization(self.organization)
        if not condition:
            self.charge(READING)
            return Q(Exists(rows.filter(**{self.side.mine: OuterRef("pk")})))
        # A group may have all users as members, so to look it up is no light work either.
        keys = [each for each in condition.children if isinstance(each, tuple)]
        every = condition.connector == Q.AND or len(condition.children) == 1
        looked_up = keys and every and not condition.negated
        self.charge(READING if looked_up else READING_VALUES)
        # Not EXISTS: SQLite would ask it of every row, instead of beginning here.
        return Q(pk__in=rows.filter(condition).values(self.side.mine))

    def visit(self, node: FilterNode) -> Q:
        self.charge(1)
        return super().visit(node)

    def visit_logical_expr(self, node: LogicalExpr) -> Q:
        return joined(node, self.visit)

    def visit_not(self, node: Not) -> Q:
        return ~self.visit(node.expr)

    def visit_present(self, node: Present) -> Q:
        self.resolve(node.attr_path)
        return EVERYTHING

    def visit_value_path(self, node: FilterNode) -> Q:
        raise InvalidFilter("Brackets inside brackets are not possible.")

    def visit_comparison(self, node: Comparison) -> Q:
        binding = self.resolve(node.attr_path)
        op, value = node.op.value, node.value
        if value is None and op in {"eq", "ne"}:
            return EVERYTHING if op == "ne" else NOTHING
        if not isinstance(value, str) or UNSTORABLE.search(value):
            raise InvalidFilter(f"{node.attr_path} is compared with a string.")
        return self._compared(binding, op, binding.comparable(value))

    def _compared(self, binding: AttributeBinding, op: str, value: Any) -> Q:
        side = self.side
        column = f"{side.other}_id"
        part = binding.urn.rpartition(".")[2]
        if part == "value" and op == "eq":
            key = ids.decode(side.prefix, value)
            return NOTHING if key is None else Q(**{column: key})
        self.charge(READING)
        match part:
            case "value":
                return Q(TextTest(ScimIdText(column, side.prefix), op, value))
            case "$ref":
                head = binding.comparable(
                    f"{base_url(self.organization)}/{side.endpoint}/"
                )
                return Q(TextTest(ScimIdText(column, side.prefix, head), op, value))
            case "type":
                return constant(op, binding.comparable(side.type), value)
        return Q(TextTest(F("group__display_name_key"), op, value))
