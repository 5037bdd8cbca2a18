"""What real clients send and scim2-models rightly refuses, mended on its way in.

Each mending names the client. Numbers like P7 are those of Entra's requests in
docs/scim.md; LAPP is Microsoft's Logic App validation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from scim2_models.exceptions import SCIMException
from scim2_models.path import AttrPath, Comparison, ValuePath

from scim.errors import InvalidValue
from scim.extensions import ExtensionAttribute, Misfit, SchemaExtension
from scim.resources.schemas import ENTERPRISE, Kind

Document = dict[str, Any]

MANAGER = f"{ENTERPRISE}:manager"
_BOOLEANS = {"active", "primary"}


def lookup(body: Document, name: str) -> Any:
    """Return the member *name* (lower case) of an object, whatever its letter case."""
    return next((value for key, value in body.items() if key.lower() == name), None)


def lenient_resource(kind: Kind, body: Document) -> Document:
    """Mend a resource, or what an operation without path holds of one."""
    return {key: _lenient_part(kind, key, value) for key, value in body.items()}


def _lenient_part(kind: Kind, key: str, value: Any) -> Any:
    # Entra's second flavour names an attribute of an extension with its URN (N2).
    if attribute := kind.attributes.get(key.lower()):
        return extension_value(attribute, key, value)
    if extension := kind.extension(key):
        return lenient_extension(extension, value)
    return _lenient_member(key, value)


def lenient_extension(extension: SchemaExtension, value: Any) -> Any:
    """Mend the attributes of an extension that an organization declared."""
    if not isinstance(value, dict):
        return value
    return {
        key: extension_value(attribute, f"{extension.urn}:{attribute.name}", item)
        if (attribute := extension.attribute(key))
        else item
        for key, item in value.items()
    }


def extension_value(attribute: ExtensionAttribute, name: str, value: Any) -> Any:
    """Read a value by its type: Entra sends numbers and booleans as strings.

    Raises InvalidValue, with the whole *name*: several extensions may have it.
    """
    try:
        return attribute.read(value)
    except Misfit as clause:
        raise InvalidValue(f"{name} {clause}.") from None


def lenient(value: Any) -> Any:
    """Mend booleans sent as text and managers sent as string or array, at any depth."""
    if isinstance(value, list):
        return [lenient(item) for item in value if item is not None]
    if not isinstance(value, dict):
        return value
    return {key: _lenient_member(key, item) for key, item in value.items()}


def _lenient_member(key: str, value: Any) -> Any:
    # A key may be a path: "name.givenName", "urn:...:User:manager" (N2).
    name = key.rpartition(":")[2].rpartition(".")[2].lower()
    if name in _BOOLEANS:
        return boolean(key, value)
    if name == "manager":
        return manager(value)
    return lenient(value)


def boolean(name: str, value: Any) -> bool | None:
    """Read a boolean, also as text: Entra's first flavour sends "True" (P6).

    "" and null are no value (LAPP). Numbers are none of it: 1 is not true.
    """
    if value is None or value == "" or isinstance(value, bool):
        return value if isinstance(value, bool) else None
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    raise InvalidValue(f"{name} must be true or false.")


def manager(value: Any) -> Any:
    """Return a manager as an object, None when nobody is meant.

    Entra sends the id as a string (P7) or an object in an array (P8); Microsoft's
    validators clear with {"value": ""} or "".
    """
    if isinstance(value, list):
        value = value[0] if value else None
    if isinstance(value, str):
        value = {"value": value}
    if isinstance(value, dict):
        return {
            key: item for key, item in value.items() if item not in ("", None)
        } or None
    return value


@dataclass(frozen=True)
class Target:
    """What the path of an operation names."""

    node: Any
    name: str
    """The attribute, without URN and sub-attribute, as the schema spells it."""

    attribute: ExtensionAttribute | None
    """The one that is named of an extension that the organization declared."""

    is_boolean: bool
    takes_values: bool
    """Whether the value of a remove selects values: a whole multi-valued attribute."""

    @property
    def is_part_of_entry(self) -> bool:
        """Whether a sub-attribute of a selected entry is named."""
        return isinstance(self.node, ValuePath) and self.node.sub_attr is not None

    @property
    def is_manager(self) -> bool:
        path = self.node if isinstance(self.node, AttrPath) else self.node.attr_path
        uri = (path.uri or ENTERPRISE).lower()
        return path.attr.lower() == "manager" and uri == ENTERPRISE.lower()


def target_of(kind: Kind, path: str) -> Target | None:
    """Return what *path* names; None when it is no path, which the PATCH will say."""
    try:
        parsed = kind.path(path)
        binding = parsed.resolve()
    except SCIMException:
        return None
    if not isinstance(parsed.ast, AttrPath | ValuePath):
        return None
    return Target(
        node=parsed.ast,
        name=binding.urn.rpartition(":")[2].partition(".")[0] if binding else "",
        attribute=kind.attributes.get(binding.urn.lower()) if binding else None,
        is_boolean=binding is not None and binding.target_type is bool,
        takes_values=binding is None
        or (
            isinstance(parsed.ast, AttrPath)
            and binding.is_multivalued
            and binding.sub_field_name is None
        ),
    )


class UserOperations:
    """The operations of one PATCH of a user, mended in their order."""

    def __init__(self, kind: Kind, document: Document) -> None:
        self._kind = kind
        current = document.get(ENTERPRISE, {}).get("manager", {})
        self._manager = current.get("value")
        self.cleared: set[str] = set()
        """Multi-valued attributes of which an operation cleared a part."""

    def mended(self, operations: list[Document]) -> list[Document]:
        """Return the operations as scim2-models takes them, without empty ones."""
        return [mended for operation in operations for mended in self._mend(operation)]

    def _mend(self, operation: Document) -> list[Document]:
        path = operation.get("path")
        if path is None:
            return [operation | {"value": self._without_path(operation.get("value"))}]
        target = target_of(self._kind, path)
        if target is None:
            return [operation]
        if not target.is_manager:
            mended = _mend_attribute(self._kind, operation, target)
            if target.is_part_of_entry and mended.get("value") is None:
                self.cleared.add(target.name)
            return [mended]
        if operation["op"] == "remove":
            return self._remove_manager(target.node)
        return self._set_manager(operation, target.node)

    def _without_path(self, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        # The short name means the enterprise attribute (design, decision 5).
        mended = lenient_resource(
            self._kind,
            {
                MANAGER if key.lower() == "manager" else key: item
                for key, item in value.items()
            },
        )
        if isinstance(mine := lookup(mended, MANAGER.lower()), dict):
            self._manager = lookup(mine, "value")
        return mended

    def _remove_manager(self, node: Any) -> list[Document]:
        """N5: ``remove manager[value eq "x"]``, a filter on a single value."""
        if isinstance(node, ValuePath):
            if not self._manager_is(node.val_filter):
                return []
        elif node.sub_attr and node.sub_attr.lower() != "value":
            return [{"op": "remove", "path": f"{MANAGER}.{node.sub_attr}"}]
        self._manager = None
        return [{"op": "remove", "path": MANAGER}]

    def _set_manager(self, operation: Document, node: Any) -> list[Document]:
        """P7 to P9. A new manager takes nothing over from the old one, $ref included."""
        value = operation.get("value")
        mended = manager({node.sub_attr: value} if node.sub_attr else value)
        removal = {"op": "remove", "path": MANAGER}
        if mended is None:
            self._manager = None
            return [removal]
        setting = operation | {"path": MANAGER, "value": mended}
        if not isinstance(mended, dict):
            return [setting]
        named = lookup(mended, "value")
        if named is None or named == self._manager:
            return [setting]
        self._manager = named
        return [removal, setting]

    def _manager_is(self, val_filter: Any) -> bool:
        return (
            isinstance(val_filter, Comparison)
            and val_filter.attr_path.attr.lower() == "value"
            and val_filter.value == self._manager
        )


def _mend_attribute(kind: Kind, operation: Document, target: Target) -> Document:
    path = operation["path"]
    if operation["op"] == "remove":
        if not target.takes_values or operation.get("value") is None:
            # P12: Entra may name the value it clears; a single one needs no naming.
            return {"op": "remove", "path": path}
        return operation | {"value": _selecting(operation["value"])}
    if "value" not in operation:
        return operation
    mended = _mend_value(kind, path, target, operation["value"])
    if mended is not None and mended != "":
        return operation | {"value": mended}
    # LAPP clears with "" or null, by add as well as by replace.
    if not target.name:
        return {"op": "remove", "path": path}
    return {"op": "replace", "path": path, "value": None}


def _mend_value(kind: Kind, path: str, target: Target, value: Any) -> Any:
    if target.attribute:
        return extension_value(target.attribute, path, value)
    if target.is_boolean:
        return boolean(path, value)
    if extension := kind.extension(path):
        return lenient_extension(extension, value)
    return lenient(value)


def _selecting(value: Any) -> Any:
    """Return the value of a remove as objects: a plain value selects by ``value``."""
    values = value if isinstance(value, list) else [value]
    return [{"value": item} if isinstance(item, str) else item for item in values]
