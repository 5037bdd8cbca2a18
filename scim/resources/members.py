"""The members of a group in requests: what an operation asks for, never a loaded list.

A change is kept as a net effect (start over? whom to add, whom to remove), so that any
number of operations becomes at most one DELETE and one INSERT, whatever the group holds.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from scim2_models import Path
from scim2_models.exceptions import SCIMException
from scim2_models.path import (
    AttrPath,
    CompareOperator,
    Comparison,
    LogicalExpr,
    LogicalOperator,
    ValuePath,
)

from scim.errors import InvalidPath, InvalidValue
from scim.resources.client_quirks import lookup
from scim.resources.schemas import GROUP

Document = dict[str, Any]

_PREFIX = f"{GROUP}:".lower()


@dataclass
class MemberChange:
    """Wishes about members, by SCIM id as sent; later ones win over earlier ones."""

    reset: bool = False
    add: dict[str, None] = field(default_factory=dict)
    remove: dict[str, None] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return self.reset or bool(self.add) or bool(self.remove)

    def start_over(self, ids: list[str]) -> None:
        """The members shall be exactly *ids*."""
        self.reset = True
        self.add = dict.fromkeys(ids)
        self.remove = {}

    def include(self, ids: list[str]) -> None:
        self.add.update(dict.fromkeys(ids))
        for scim_id in ids:
            self.remove.pop(scim_id, None)

    def leave_out(self, ids: list[str]) -> None:
        for scim_id in ids:
            self.add.pop(scim_id, None)
        if not self.reset:
            self.remove.update(dict.fromkeys(ids))


def members_of_body(body: Document) -> MemberChange:
    """Return the members that a POST or PUT body asks for; none when it names none."""
    change = MemberChange()
    change.start_over(_ids(_members_in(body)))
    return change


def split_operations(
    operations: list[Document],
) -> tuple[list[Document], MemberChange]:
    """Return the operations on other attributes, and what is wished for members.

    The two never touch the same attribute, so parting them keeps the order that counts.
    Raises InvalidPath for a selection of members that is no list of ids.
    """
    others: list[Document] = []
    change = MemberChange()
    for operation in operations:
        if "path" in operation:
            if not _apply_path(operation, change):
                others.append(operation)
        elif rest := _apply_value(operation, change):
            others.append(rest)
    return others, change


def _apply_path(operation: Document, change: MemberChange) -> bool:
    """Take over an operation whose path names members; say whether it does."""
    try:
        node = Path(operation["path"]).ast
    except SCIMException:
        return False
    attr_path = getattr(node, "attr_path", node)
    if not isinstance(attr_path, AttrPath) or not _is_members(attr_path):
        return False
    op, value = operation["op"], operation.get("value")
    if isinstance(node, ValuePath):
        _apply_selection(op, node, change)
    elif attr_path.sub_attr or not isinstance(node, AttrPath):
        raise InvalidPath(
            "Members are added and removed whole; a sub-attribute cannot be changed. "
            'Use the path members, or members[value eq "id"] to remove one.'
        )
    elif op == "remove" and value is None:
        # RFC 7644 section 3.5.2.2: no filter, so all of them (G6). An empty array
        # is a list of nobody, and removes nobody.
        change.start_over([])
    else:
        _apply(op, _ids(value), change)
    return True


def _apply_selection(op: str, node: ValuePath, change: MemberChange) -> None:
    """``remove members[value eq "id"]`` (G5), with ``or`` for several."""
    ids = _selected(node.val_filter)
    if op != "remove" or ids is None or node.sub_attr:
        raise InvalidPath(
            'A selection of members can only be removed, as members[value eq "id"], '
            "several of them joined by or."
        )
    change.leave_out(ids)


def _selected(node: Any) -> list[str] | None:
    if isinstance(node, Comparison):
        names_value = node.attr_path.attr.lower() == "value" and not (
            node.attr_path.sub_attr or node.attr_path.uri
        )
        is_id = node.op == CompareOperator.eq and isinstance(node.value, str)
        return [node.value] if names_value and is_id else None
    if isinstance(node, LogicalExpr) and node.op == LogicalOperator.or_:
        parts = [_selected(term) for term in node.terms]
        return None if None in parts else [i for part in parts for i in part or []]
    return None


def _apply_value(operation: Document, change: MemberChange) -> Document | None:
    """Take the members out of an operation without path; return what remains of it."""
    value = operation.get("value")
    if not isinstance(value, dict):
        return operation
    members = {key: item for key, item in value.items() if _names_members(key)}
    for item in members.values():
        _apply(operation["op"], _ids(item), change)
    rest = {key: item for key, item in value.items() if key not in members}
    if members and not rest:
        return None
    return operation | {"value": rest}


def _apply(op: str, ids: list[str], change: MemberChange) -> None:
    match op:
        case "add":
            change.include(ids)
        case "replace":
            change.start_over(ids)
        case "remove":
            # Entra's first flavour lists whom to remove (G4); the RFC would empty
            # the group, and eight servers did.
            change.leave_out(ids)
        case _:
            raise InvalidValue(f"{op!r} is no operation: add, remove or replace.")


def _ids(value: Any) -> list[str]:
    """Return the ids of a value of members: an array of objects, or a single object."""
    if value is None or value == "":
        return []
    entries = value if isinstance(value, list) else [value]
    ids = []
    for entry in entries:
        scim_id = lookup(entry, "value") if isinstance(entry, dict) else entry
        if not isinstance(scim_id, str) or not scim_id:
            raise InvalidValue(
                'Each member must be an object like {"value": "<id of a user>"}.'
            )
        ids.append(scim_id)
    return ids


def _members_in(body: Document) -> Any:
    return next(
        (item for key, item in body.items() if _names_members(key)),
        None,
    )


def _names_members(key: str) -> bool:
    return key.lower().removeprefix(_PREFIX) == "members"


def _is_members(path: AttrPath) -> bool:
    return path.attr.lower() == "members" and (
        path.uri is None or path.uri.lower() == GROUP.lower()
    )
