"""SCIM filters (RFC 7644 section 3.4.2.2) -> Q, or InvalidFilter. No term is dropped.

scim2-models parses and binds; here each bound attribute is turned into a condition on
an indexed column where there is one, on the ``search`` document otherwise.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from django.db.models import CharField, F, Q, Value
from django.db.models.functions import Cast, Concat
from scim2_models import ScimFilter
from scim2_models.path import (
    AttributeBinding,
    AttrPath,
    Comparison,
    FilterNode,
    FilterVisitor,
    LogicalExpr,
    Not,
    Present,
    ValuePath,
)

from scim import ids
from scim.errors import InvalidFilter, TooMany
from scim.extensions import ORDERED_TYPES
from scim.models import EmailAddress, Organization
from scim.query import filter_sql as sql
from scim.query.comparisons import Element, compare, document_path, operand, ordered
from scim.query.matched import MATCHED, Matched
from scim.query.membership_filters import (
    EVERYTHING,
    NOTHING,
    OF_GROUP,
    OF_USER,
    Memberships,
    constant,
    joined,
)
from scim.resources.representation import base_url
from scim.resources.resource_types import user_kind
from scim.resources.schemas import ENTERPRISE, GROUP, GROUP_KIND, USER, Kind

MAX_LENGTH = 4_096
"""Characters of a filter; Entra's are below 300, and 80 ids joined by ``or`` 3,900."""

MOST_WORK = 150
"""What a filter may cost; 5 is about 5 ms for 10,000 users, where nobody is found.

Each term costs 1, which is enough for one that an index serves. One that reads the
documents of all resources costs READING more, one that looks through the values of an
attribute or through memberships READING_VALUES beside that.
"""

_LOOKUPS = {"eq": "exact", "gt": "gt", "ge": "gte", "lt": "lt", "le": "lte"}

_LOOKED_UP = frozenset({"id", *MATCHED})
"""Attributes that have an index of their own; e-mail addresses have rows."""

Condition = Callable[[str, Any], Q]

_PREFIXES = {"User": ids.USER_PREFIX, "Group": ids.GROUP_PREFIX}


def resource_filter(
    name: str, text: str, organization: Organization, *, root: bool = False
) -> Q:
    """Return the condition on the rows of the resource type *name* that *text* means.

    At the *root* the other resource types are searched too: what only they declare
    matches nothing here.
    """
    kinds = {"User": user_kind(organization.served_extensions), "Group": GROUP_KIND}
    kind = kinds.pop(name)
    beside = [*kinds.values()] if root else []
    return _Compiler(text, kind, _PREFIXES[name], organization, beside).condition()


class _Compiler(FilterVisitor[Q]):
    def __init__(
        self,
        text: str,
        kind: Kind,
        prefix: bytes,
        organization: Organization,
        beside: list[Kind],
    ) -> None:
        if len(text) > MAX_LENGTH:
            raise InvalidFilter(f"The filter is longer than {MAX_LENGTH} characters.")
        self.bound = _bound(kind, text)
        self.beside = [_bound(other, text) for other in beside]
        self.kind = kind
        self.prefix = prefix
        self.organization = organization
        self.work = 0
        # What locations and references begin with.
        self.base = base_url(organization)
        self.special: dict[str, Condition] = {
            "id": self._id,
            "meta.created": _moment("created"),
            "meta.lastmodified": _moment("modified"),
            "meta.resourcetype": self._resource_type,
            "meta.location": self._location,
            "meta.version": _no_version if kind.schema == USER else _version,
            "schemas": self._schemas,
            **{name: _column(each) for name, each in MATCHED.items()},
        }

    def condition(self) -> Q:
        return self.visit(self.bound.ast)

    def charge(self, cost: int) -> None:
        """Add what a part of the filter costs; raise TooMany beyond MOST_WORK."""
        self.work += cost
        if self.work > MOST_WORK:
            raise TooMany(
                f"The filter asks for more work than {MOST_WORK}. A term costs 1 when it "
                "is looked up, by eq on id, userName, externalId, displayName or emails; "
                f"{1 + sql.READING} on other attributes; and "
                f"{1 + sql.READING + sql.READING_VALUES} on those of several values. Use "
                "fewer terms, or several requests."
            )

    def tested(self, test: sql.Test) -> Q:
        """Return the condition that the document passes *test*."""
        self.charge(test.cost())
        return Q(sql.DocumentTest(test))

    # ------------------------------------------------------------------- the grammar

    def visit(self, node: FilterNode) -> Q:
        self.charge(1)
        path = getattr(node, "attr_path", None)
        if path is not None and self._is_foreign(_manager_path(path)):
            # RFC 7644 section 3.4.2.1: it has no value, and so matches nothing.
            return NOTHING
        return super().visit(node)

    def visit_logical_expr(self, node: LogicalExpr) -> Q:
        return joined(node, self.visit)

    def visit_not(self, node: Not) -> Q:
        return ~self.visit(node.expr)

    def visit_comparison(self, node: Comparison) -> Q:
        path = _manager_path(node.attr_path)
        # null asks whether there is anything; the rest compares a value.
        binding = self.resolve(path, comparison=node.value is not None)
        op = node.op.value
        if (memberships := self._memberships(path, binding)) is not None:
            return self._compared_memberships(memberships, node, binding)
        if node.value is None:
            return self._null(op, path)
        attribute = self.kind.attributes.get(binding.urn.lower())
        if attribute is not None and attribute.type in ORDERED_TYPES:
            return self.tested(ordered(attribute, document_path(binding), node))
        value = operand(binding, node)
        name = self._name(binding)
        if name in self.special:
            if op != "eq" or name not in _LOOKED_UP:
                self.charge(sql.READING * (1 + len(self.kind.extensions)))
            return self.special[name](op, value)
        _refuse_password(name)
        if not binding.is_multivalued:
            return self.tested(compare(document_path(binding), op, value))
        # No value equals: ``ne`` over several values is universal (scim2-models).
        head, part = document_path(binding)[:-1], document_path(binding)[-1:]
        test = compare(part, "eq" if op == "ne" else op, value)
        found = self._any_element(head, test, [(binding, value)] * (op in {"eq", "ne"}))
        return ~found if op == "ne" else found

    def visit_present(self, node: Present) -> Q:
        path = _manager_path(node.attr_path)
        binding = self.resolve(path)
        name = self._name(binding)
        if name.partition(".")[0] in {"id", "meta", "schemas", "username"}:
            return EVERYTHING
        if (memberships := self._memberships(path, binding)) is not None:
            return memberships.any(Q())
        _refuse_password(name)
        document = document_path(binding)
        if binding.is_multivalued and binding.sub_field_name:
            part = sql.Present(document[-1:])
            return self.tested(sql.AnyElement(document[:-1], part))
        return self.tested(sql.Present(document))

    def visit_value_path(self, node: ValuePath) -> Q:
        binding = self.resolve(node.attr_path)
        if not binding.is_multivalued:
            raise InvalidFilter(f"{node.attr_path} holds one value; drop the brackets.")
        if (memberships := self._memberships(node.attr_path, binding)) is not None:
            return memberships.any(memberships.visit(node.val_filter))
        test = Element(self.part_of(node.attr_path)).visit(node.val_filter)
        head = node.attr_path
        required = [
            (self.resolve(AttrPath(head.attr, part, head.uri)), value)
            for part, value in test.required()
        ]
        return self._any_element(document_path(binding), test, required)

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

    def _is_foreign(self, path: AttrPath) -> bool:
        """Whether *path* is declared only by a resource type searched beside this one."""
        if not self.beside or self.bound.resolve(path, strict=False) is not None:
            return False
        return any(other.resolve(path, strict=False) for other in self.beside)

    def part_of(self, head: AttrPath) -> Callable[[AttrPath], AttributeBinding]:
        """Return what binds the names inside the brackets of *head*."""

        def resolve(path: AttrPath) -> AttributeBinding:
            if path.sub_attr or path.uri:
                raise InvalidFilter(f"{path} is no part of {head}.")
            return self.resolve(AttrPath(head.attr, path.attr, head.uri))

        return resolve

    def _name(self, binding: AttributeBinding) -> str:
        """The name under which ``special`` knows an attribute."""
        return binding.urn.lower().removeprefix(f"{self.kind.schema}:".lower())

    def _null(self, op: str, path: AttrPath) -> Q:
        """null means absent (RFC 7643 section 2.5)."""
        if op not in {"eq", "ne"}:
            raise InvalidFilter("null can only be compared with eq and ne.")
        present = self.visit_present(Present(path))
        return ~present if op == "eq" else present

    def _id(self, op: str, value: Any) -> Q:
        if op != "eq":
            return Q(sql.TextTest(sql.ScimIdText("pk", self.prefix), op, value))
        key = ids.decode(self.prefix, value)
        return NOTHING if key is None else Q(pk=key)

    def _location(self, op: str, value: Any) -> Q:
        like = self.resolve(AttrPath("meta", "location")).comparable
        head = like(f"{self.base}/{self.kind.name}s/")
        return Q(sql.TextTest(sql.ScimIdText("pk", self.prefix, head), op, value))

    def _resource_type(self, op: str, value: Any) -> Q:
        like = self.resolve(AttrPath("meta", "resourceType")).comparable
        return constant(op, like(self.kind.name), value)

    def _schemas(self, op: str, value: Any) -> Q:
        like = self.resolve(AttrPath("schemas")).comparable
        core = constant(op, like(self.kind.schema), value)
        if self.kind.schema == GROUP:
            return core
        found = core
        for urn in (ENTERPRISE, *(item.urn for item in self.kind.extensions)):
            extended = Q(sql.DocumentTest(sql.Present((urn,))))
            listed = constant(op, like(urn), value)
            if op == "ne":
                found &= listed | ~extended
            else:
                found |= listed & extended
        return found

    def _any_element(
        self,
        path: tuple[str, ...],
        test: sql.Test,
        required: list[tuple[AttributeBinding, Any]],
    ) -> Q:
        """Return the condition that an element of the array at *path* passes *test*.

        *required* are values that such an element has: an address is looked up first.
        """
        found = sql.AnyElement(path, test)
        sought = [item for item in required if self._name(item[0]) == "emails.value"]
        if not sought:
            return self.tested(found)
        # Those who are looked up are compared, and an address may be everybody's.
        self.charge(test.cost() - sql.READING)
        condition = Q(sql.DocumentTest(found))
        addresses = EmailAddress.objects.for_organization(self.organization)
        for _, value in sought:
            looked_up = addresses.holding(value).values("user")
            condition = Q(pk__in=looked_up) & condition
        return condition

    # ---------------------------------------------------------------- the memberships

    def _memberships(
        self, path: AttrPath, binding: AttributeBinding
    ) -> Memberships | None:
        """Return the compiler of memberships when *binding* is about them."""
        name = self._name(binding).partition(".")[0]
        side = {"groups": OF_USER, "members": OF_GROUP}.get(name)
        if side is None:
            return None
        head = AttrPath(path.attr, None, path.uri)
        return Memberships(side, self.organization, self.part_of(head), self.charge)

    def _compared_memberships(
        self, memberships: Memberships, node: Comparison, binding: AttributeBinding
    ) -> Q:
        part = AttrPath(binding.urn.rpartition(".")[2])
        if node.op.value == "ne" and node.value is not None:
            equal = Comparison(part, type(node.op)("eq"), node.value)
            return ~memberships.any(memberships.visit_comparison(equal))
        if node.value is None and node.op.value == "eq":
            return ~memberships.any(Q())
        asked = Comparison(part, node.op, node.value)
        return memberships.any(memberships.visit_comparison(asked))


def _bound(kind: Kind, text: str) -> Any:
    return ScimFilter.__class_getitem__(kind.model)(text)


def _column(matched: Matched) -> Condition:
    """A condition on the column that an attribute is compared by."""

    def condition(op: str, value: Any) -> Q:
        if not value and op in {"eq", "ne"}:
            # Absent is stored as "" in columns, and absent equals nothing.
            return EVERYTHING if op == "ne" else NOTHING
        if op in {"eq", "ne"}:
            equal = Q(**{matched.column: value})
            return equal if op == "eq" else ~equal
        return Q(sql.DocumentTest(sql.Compare(matched.path, op, value)))

    return condition


def _moment(column: str) -> Condition:
    def condition(op: str, value: Any) -> Q:
        if not isinstance(value, datetime):
            raise InvalidFilter("A dateTime takes eq, ne, gt, ge, lt or le.")
        try:
            naive = value.tzinfo is None
            value = value.replace(tzinfo=UTC) if naive else value.astimezone(UTC)
        except OverflowError:
            raise InvalidFilter("A dateTime of the filter is out of range.") from None
        if op == "ne":
            return ~Q(**{column: value})
        return Q(**{f"{column}__{_LOOKUPS[op]}": value})

    return condition


def _version(op: str, value: Any) -> Q:
    number = Cast(F("version"), CharField())
    text = Concat(Value('W/"'), number, Value('"'), output_field=CharField())
    return Q(sql.TextTest(text, op, value))


def _no_version(op: str, value: Any) -> Q:
    raise InvalidFilter(
        "The version of a user holds a digest of its groups, which is stored nowhere. "
        "Filter by meta.lastModified, or read the user with If-None-Match."
    )


def _refuse_password(name: str) -> None:
    if name == "password":
        raise InvalidFilter("The service stores no password to filter by.")


def _manager_path(path: AttrPath) -> AttrPath:
    """The short name ``manager`` means the enterprise one (Entra's older queries)."""
    if path.uri is None and path.attr.lower() == "manager":
        return AttrPath(path.attr, path.sub_attr, ENTERPRISE)
    return path
