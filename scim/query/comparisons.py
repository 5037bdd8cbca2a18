"""Comparisons of filters as tests on the document: operands, types, what is in brackets."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

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
    coerce_value,
)

from scim.errors import InvalidFilter
from scim.extensions import ExtensionAttribute, Misfit
from scim.query import filter_sql as sql
from scim.query.membership_filters import UNSTORABLE, distinct
from scim.resources.schemas import GROUP, USER


def document_path(binding: AttributeBinding) -> tuple[str, ...]:
    """Where the attribute stands in the document; URNs have the declared spelling."""
    schema, _, name = binding.urn.rpartition(":")
    container = () if schema in {USER, GROUP, ""} else (schema,)
    return (*container, *name.split("."))


def compare(path: tuple[str, ...], op: str, value: Any) -> sql.Test:
    if isinstance(value, datetime):
        raise InvalidFilter("Only meta holds dates.")
    return sql.Compare(path, op, value)


class Element(FilterVisitor[sql.Test]):
    """The filter inside brackets, as a test on one element."""

    def __init__(self, resolve: Callable[[AttrPath], AttributeBinding]) -> None:
        self.resolve = resolve

    def visit_logical_expr(self, node: LogicalExpr) -> sql.Test:
        word = "AND" if node.op == LogicalOperator.and_ else "OR"
        return sql.Joined(word, tuple(self.visit(term) for term in distinct(node)))

    def visit_not(self, node: Not) -> sql.Test:
        return sql.Not(self.visit(node.expr))

    def visit_comparison(self, node: Comparison) -> sql.Test:
        binding = self.resolve(node.attr_path)
        path, op = document_path(binding)[-1:], node.op.value
        if node.value is not None:
            return compare(path, op, operand(binding, node))
        if op not in {"eq", "ne"}:
            raise InvalidFilter("null can only be compared with eq and ne.")
        return sql.Not(sql.Present(path)) if op == "eq" else sql.Present(path)

    def visit_present(self, node: Present) -> sql.Test:
        return sql.Present(document_path(self.resolve(node.attr_path))[-1:])

    def visit_value_path(self, node: FilterNode) -> sql.Test:
        raise InvalidFilter("Brackets inside brackets are not possible.")


def operand(binding: AttributeBinding, node: Comparison) -> Any:
    """Return the value of a comparison, in the type and form that is compared."""
    value = coerce_value(binding, node.value, node.op)
    if isinstance(value, str) and UNSTORABLE.search(value):
        raise InvalidFilter("A value of the filter holds NUL or half a surrogate pair.")
    if isinstance(value, bool) and node.op.value not in {"eq", "ne"}:
        raise InvalidFilter("true and false can only be compared with eq and ne.")
    if not isinstance(value, str | bool | datetime):
        raise InvalidFilter(f"{node.attr_path} is compared with a string.")
    return binding.comparable(value)


def ordered(
    attribute: ExtensionAttribute, path: tuple[str, ...], node: Comparison
) -> sql.Test:
    """Return the comparison of a number or a dateTime, which has no parts of text."""
    op = node.op.value
    if op in {"co", "sw", "ew"}:
        raise InvalidFilter(f"{attribute.type} takes eq, ne, gt, ge, lt or le.")
    try:
        value = attribute.read(node.value)
    except Misfit as clause:
        raise InvalidFilter(f"{node.attr_path} {clause} in the filter.") from None
    if value is None:
        raise InvalidFilter(f"{node.attr_path} is compared with nothing.")
    value = attribute.comparable(value)
    return (
        sql.Compare(path, op, value)
        if isinstance(value, str)
        else sql.CompareNumber(path, op, value)
    )
