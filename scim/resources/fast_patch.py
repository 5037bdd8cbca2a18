"""Operations on single plain attributes of a user, carried out without scim2-models.

To enable, disable or rename somebody is most of what an identity provider sends. Types,
paths and copies of the whole resource say nothing more about ``active`` than its schema
does. Whatever is not plain, a mistake included, is left to
``scim.resources.validation``; a test holds both to the same result.
"""

from __future__ import annotations

from typing import Any

from scim.extensions import Extensions
from scim.resources.schemas import ENTERPRISE, USER, Document, schema_documents

EXTERNAL_ID = "externalId"

_PLAIN_TYPES = {"string", "reference"}
_TRUTH = {"true": True, "false": False}
_SIGNIFICANT = ("type", "multiValued", "mutability", "returned")


def _plain_attributes() -> dict[str, tuple[str, type]]:
    """Return name, in lower case -> name and type, of what is set without looking on."""
    [user] = [item for item in schema_documents() if item["id"] == USER]
    plain: dict[str, tuple[str, type]] = {EXTERNAL_ID.lower(): (EXTERNAL_ID, str)}
    for attribute in user["attributes"]:
        type_, *others = (attribute[name] for name in _SIGNIFICANT)
        if others == [False, "readWrite", "default"]:
            name = attribute["name"]
            if type_ in _PLAIN_TYPES:
                plain[name.lower()] = name, str
            elif type_ == "boolean":
                plain[name.lower()] = name, bool
    return plain


_PLAIN = _plain_attributes()
_BY_PATH = _PLAIN | {
    f"{USER}:{name}".lower(): item
    for name, item in _PLAIN.items()
    if name != EXTERNAL_ID.lower()
}
_ORDER = {
    name: place
    for place, name in enumerate(
        [EXTERNAL_ID, *(item["name"] for item in schema_documents()[0]["attributes"])]
    )
}
"""The order of a canonical document; extensions come last."""


def patched_plainly(
    document: Document, operations: list[Document], extensions: Extensions, limit: int
) -> Document | None:
    """Return *document* after the operations, None when one of them is not plain.

    Plain is to add or replace an attribute by a value of its type, which is not empty
    and no longer than *limit* characters. Values of extensions that the organization
    declared, or did, are looked at again with each PATCH, which is not plain.
    """
    if extensions or any(name[:4] == "urn:" for name in document if name != ENTERPRISE):
        return None
    changes: Document = {}
    for operation in operations:
        named = _named(operation)
        if named is None:
            return None
        for item, sent in named:
            if item is None or (value := _read(item[1], sent, limit)) is None:
                return None
            changes[item[0]] = value
    if changes.keys() <= document.keys():
        return {**document, **changes}
    merged = {**document, **changes}
    return {name: merged[name] for name in sorted(merged, key=_place)}


def _place(name: str) -> int:
    return _ORDER.get(name, len(_ORDER))


def _named(
    operation: Document,
) -> list[tuple[tuple[str, type] | None, Any]] | None:
    """Return the attributes that an operation sets, and to what; None for other ones."""
    if operation["op"] not in {"add", "replace"} or "value" not in operation:
        return None
    value = operation["value"]
    if "path" in operation:
        return [(_BY_PATH.get(operation["path"].lower()), value)]
    if not isinstance(value, dict) or len({key.lower() for key in value}) < len(value):
        return None
    # Okta sends an object without a path.
    return [(_PLAIN.get(key.lower()), item) for key, item in value.items()]


def _read(kind: type, value: Any, limit: int) -> Any:
    """Return *value* as an attribute of that type has it, None when it is none."""
    if kind is bool:
        value = _TRUTH.get(value.lower()) if isinstance(value, str) else value
        return value if isinstance(value, bool) else None
    return value if isinstance(value, str) and 0 < len(value) <= limit else None
