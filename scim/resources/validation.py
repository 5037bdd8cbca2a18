"""Input -> canonical documents: validation and PATCH, done by scim2-models.

A canonical document holds what is stored of a resource: declared attributes in their
declared spelling, nothing null or empty (one state with absent, RFC 7643 section 2.5),
and nothing that the server itself assigns.
"""

from __future__ import annotations

from typing import Any

from django_scim.constants import SchemaURI
from scim2_models import Context

from scim.errors import InvalidPath, InvalidSyntax, InvalidValue
from scim.extensions import fitting
from scim.resources.client_quirks import (
    UserOperations,
    extension_value,
    lenient_resource,
    lookup,
)
from scim.resources.fast_body import read_plainly
from scim.resources.fast_patch import patched_plainly
from scim.resources.representation import extensions_in
from scim.resources.schemas import POLICY, Kind, schema_documents

Document = dict[str, Any]

TEXT_LIMIT = 10_240
"""Characters of a string without a shorter limit: Zscaler's longest text (Comments)."""

MAX_OPERATIONS = 1_000
"""Operations in one PATCH: on members, each is cheap and Entra may send hundreds."""

MAX_ATTRIBUTE_OPERATIONS = 100
"""Those on other attributes, which cost more the more there are; validators send 36."""

MAX_VALUES = 100
"""Values of one multi-valued attribute."""

MAX_PARTS = 6_000
"""Values in a body, members aside, nested ones and unknown ones included.

A user with 100 values of everything has 5,000; scim2-models takes 0.07 ms for each.
"""

MAX_COMPARISONS = 2_500
"""Operations that select values, times the values there may be: about a second."""

MAX_COMPARED = 60_000
"""Values that are added or removed, times the values they are compared with: about half
a second. 100 values beside 100 others are 20,000."""

LONGEST_OP = 16
"""Characters; “replace” has seven."""

MAX_PATH = 1_024
"""Characters of a path."""

_LABELS = {"type", "primary"}
"""What is left of an entry whose value was cleared; by itself it says nothing."""

_SEVERAL = {"schemas"} | {
    attribute["name"].lower()
    for document in schema_documents()
    for attribute in document["attributes"]
    if attribute["multiValued"]
}
"""Names of attributes that hold several values, in lower case."""

_NOT_STORED = ("schemas", "id", "meta", "groups", "members", "password")


def read_resource(kind: Kind, body: Document) -> Document:
    """Return the canonical document of a POST or PUT body.

    Raises what scim2-models raises on a wrong type or a missing required attribute,
    and InvalidValue for a boolean that is none or a text that is too long.
    """
    _check_values(body)
    _check_parts(body)
    plain: Document | None = read_plainly(
        kind, body, text=TEXT_LIMIT, values=MAX_VALUES
    )
    return read_resource_fully(kind, body) if plain is None else plain


def read_resource_fully(kind: Kind, body: Document) -> Document:
    """Do what read_resource does, by scim2-models whatever the body is."""
    resource = kind.model.model_validate(
        lenient_resource(kind, body),
        scim_ctx=Context.RESOURCE_CREATION_REQUEST,
        scim_policy=POLICY,
    )
    return _canonical(kind, resource)


def patch_user(kind: Kind, document: Document, operations: list[Document]) -> Document:
    """Return the user *document* after the operations, in order, all or none.

    An entry that an operation cleared (``emails[type eq "work"].value`` to "") goes as
    a whole: what Microsoft's harness cleared must read back as unassigned.
    """
    check_size(operations)
    if len(operations) <= MAX_ATTRIBUTE_OPERATIONS:
        plain = patched_plainly(document, operations, kind.extensions, TEXT_LIMIT)
        if plain is not None:
            return plain
    return patch_user_fully(kind, document, operations)


def patch_user_fully(
    kind: Kind, document: Document, operations: list[Document]
) -> Document:
    """Do what patch_user does, by scim2-models whatever the operations are."""
    wishes = UserOperations(kind, document)
    patched = patch(kind, document, wishes.mended(operations))
    for name in wishes.cleared & patched.keys():
        kept = [entry for entry in patched[name] if entry.keys() - _LABELS]
        patched = {**patched, name: kept}
    pruned: Document = _pruned(patched)
    return pruned


def patch(kind: Kind, document: Document, operations: list[Document]) -> Document:
    """Return *document* after the operations (RFC 7644 section 3.5.2)."""
    if not operations:
        return document
    _check_cost(document, operations)
    schemas = [kind.schema, *extensions_in(document)]
    resource = kind.model.model_validate(
        {**fitting(document, kind.extensions), "schemas": schemas}, scim_policy=POLICY
    )
    message = kind.patch.model_validate(
        {"schemas": [SchemaURI.PATCH_OP], "Operations": operations},
        scim_ctx=Context.RESOURCE_PATCH_REQUEST,
        scim_policy=POLICY,
    )
    message.patch(resource, scim_policy=POLICY)
    return _canonical(kind, resource)


def _check_parts(body: Any) -> None:
    parts = 0
    level = [body]
    while level:
        parts += len(level)
        if parts > MAX_PARTS:
            raise InvalidValue(
                f"The body holds more than {MAX_PARTS:,} values beside members. Leave "
                "out what no schema declares, or send it in several requests."
            )
        inner = [item for item in level if isinstance(item, dict | list)]
        level = [
            part
            for item in inner
            for part in (item.values() if isinstance(item, dict) else item)
        ]


def _check_values(body: Document) -> None:
    """Refuse more values of an attribute than there may be, before they are compared.

    scim2-models looks at each of them beside each other one.
    """
    for key, item in body.items():
        name = key.rpartition(":")[2].lower()
        if isinstance(item, list) and len(item) > MAX_VALUES and name in _SEVERAL:
            raise InvalidValue(f"{key} has more than {MAX_VALUES} values.")


def check_size(operations: list[Document]) -> None:
    """Refuse what operations on attributes other than members hold too much of."""
    values = [operation.get("value") for operation in operations]
    for operation, value in zip(operations, values, strict=True):
        if isinstance(value, dict):
            _check_values(value)
        elif isinstance(value, list) and len(value) > MAX_VALUES:
            name = operation.get("path", "value")
            raise InvalidValue(f"{name} has more than {MAX_VALUES} values.")
    _check_parts(values)


def _check_cost(document: Document, operations: list[Document]) -> None:
    """Refuse what would keep the row locked for long."""
    if len(operations) > MAX_ATTRIBUTE_OPERATIONS:
        raise InvalidValue(
            f"A PATCH takes at most {MAX_ATTRIBUTE_OPERATIONS} Operations on attributes "
            "other than members. Send the rest in another one."
        )
    selecting = sum("[" in operation.get("path", "") for operation in operations)
    values = [len(value) for value in document.values() if isinstance(value, list)]
    added = sum(_values_in(operation.get("value")) for operation in operations)
    # Each of them may also add a value.
    if selecting * (max(values, default=0) + added + selecting) > MAX_COMPARISONS:
        raise InvalidValue(
            f"{selecting} Operations that select values are too many for this resource. "
            "Send them in several PATCH requests."
        )
    _check_compared(document, operations)


def _check_compared(document: Document, operations: list[Document]) -> None:
    """Refuse Operations that add or remove too many values one by one.

    scim2-models compares each of them with each that is there, those added before
    included.
    """
    lists = [len(value) for value in document.values() if isinstance(value, list)]
    there, compared = max(lists, default=0), 0
    for operation in operations:
        if operation["op"] == "replace":
            continue
        here = _values_in(operation.get("value"))
        there += here
        compared += here * there
    if compared > MAX_COMPARED:
        raise InvalidValue(
            "The Operations add or remove too many values of attributes. Send them in "
            "several PATCH requests."
        )


def _values_in(value: Any) -> int:
    """Return how many values of attributes an operation holds at the most."""
    parts = value.values() if isinstance(value, dict) else [value]
    return sum(len(part) for part in parts if isinstance(part, list))


def read_operations(body: Document) -> list[Document]:
    """Return the operations of a PATCH body, its structure checked.

    Names of members are matched without letter case: Microsoft asks not to require it
    of structural elements.
    """
    schemas = lookup(body, "schemas")
    if schemas is not None and not _names_patch(schemas):
        raise InvalidSyntax(f"schemas of a PATCH must hold {SchemaURI.PATCH_OP}.")
    operations = lookup(body, "operations")
    if not isinstance(operations, list) or not operations:
        raise InvalidSyntax("A PATCH needs Operations, an array of at least one.")
    if len(operations) > MAX_OPERATIONS:
        raise InvalidValue(f"A PATCH takes at most {MAX_OPERATIONS} Operations.")
    if not all(isinstance(operation, dict) for operation in operations):
        raise InvalidSyntax("Each entry of Operations must be an object.")
    return [_operation(operation) for operation in operations]


def _operation(sent: Document) -> Document:
    given = {key.lower() for key in sent}
    operation: Document = {
        name: lookup(sent, name) for name in ("op", "path", "value") if name in given
    }
    op = operation.get("op")
    if not isinstance(op, str) or len(op) > LONGEST_OP:
        raise InvalidValue("op must be add, remove or replace.")
    operation["op"] = op.lower()
    if operation.get("path") is None:
        operation.pop("path", None)
    elif not isinstance(operation["path"], str):
        raise InvalidValue("path must be a string.")
    elif len(operation["path"]) > MAX_PATH:
        raise InvalidPath(f"path is longer than {MAX_PATH} characters.")
    return operation


def _names_patch(schemas: Any) -> bool:
    values = schemas if isinstance(schemas, list) else [schemas]
    wanted = SchemaURI.PATCH_OP.lower()
    return any(isinstance(value, str) and value.lower() == wanted for value in values)


def _canonical(kind: Kind, resource: Any) -> Document:
    document: Document = resource.model_dump()
    for name in _NOT_STORED:
        document.pop(name, None)
    pruned: Document = _pruned(document)
    _check_lengths(pruned)
    _check_extensions(kind, pruned)
    return pruned


def _check_extensions(kind: Kind, document: Document) -> None:
    """Refuse values that no database, or only one, can compare, however they came."""
    for extension in kind.extensions:
        part = document.get(extension.urn, {})
        for attribute in extension.attributes:
            name = f"{extension.urn}:{attribute.name}"
            extension_value(attribute, name, part.get(attribute.name))


def _pruned(value: Any) -> Any:
    if isinstance(value, dict):
        items = {key: _pruned(item) for key, item in value.items()}
        return {key: item for key, item in items.items() if not _is_empty(item)}
    if isinstance(value, list):
        return [item for item in map(_pruned, value) if not _is_empty(item)]
    return value


def _is_empty(value: Any) -> bool:
    return value is None or value in ("", [], {})


def _check_lengths(value: Any, path: str = "") -> None:
    if isinstance(value, dict):
        for key, item in value.items():
            _check_lengths(item, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        if len(value) > MAX_VALUES:
            raise InvalidValue(f"{path} has more than {MAX_VALUES} values.")
        for item in value:
            _check_lengths(item, path)
    elif isinstance(value, str) and len(value) > TEXT_LIMIT:
        raise InvalidValue(f"{path} is longer than {TEXT_LIMIT} characters.")
