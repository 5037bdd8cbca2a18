"""Bodies of users that are as their schema says, read without scim2-models.

Nearly every body is: the client knows the schema, too. What is not, a mistake, an
unknown name or another spelling included, is left to ``scim.resources.validation``,
which refuses or mends it; a test on generated bodies holds both to the same result.
"""

from __future__ import annotations

from typing import Any

from scim.resources.schemas import ENTERPRISE, USER, Document, Kind, schema_documents

Shape = dict[str, tuple[str, bool, Any]]
"""Name of an attribute -> its type, whether it is multi-valued, the Shape of its parts."""

_STRINGS = frozenset({"string", "reference", "binary"})
_META = {"resourceType": "User"}


class _NotPlainError(Exception):
    """The value has to be looked at by scim2-models."""


def _shape(attributes: list[Document]) -> Shape:
    return {
        item["name"]: (
            item["type"],
            item["multiValued"],
            _shape(item.get("subAttributes", [])),
        )
        for item in attributes
        if item["mutability"] == "readWrite" and item["returned"] == "default"
    }


def _user_shape() -> Shape:
    """Return the shape of a whole user, in the order of a canonical document."""
    parts = {item["id"]: _shape(item["attributes"]) for item in schema_documents()}
    return {
        "externalId": ("string", False, {}),
        **parts[USER],
        ENTERPRISE: ("complex", False, parts[ENTERPRISE]),
    }


_USER_SHAPE = _user_shape()


def read_plainly(kind: Kind, body: Document, *, text: int, values: int) -> Any:
    """Return the canonical document of a POST or PUT body, None when it is not plain.

    A string has up to *text* characters, a multi-valued attribute up to *values* values.
    """
    schemas = body.get("schemas")
    if kind.schema != USER or kind.extensions or not _are_known(schemas):
        return None
    sent = {name: value for name, value in body.items() if name != "schemas"}
    if sent.pop("meta", _META) != _META:
        return None
    if ENTERPRISE in sent and ENTERPRISE not in body["schemas"]:
        return None
    try:
        document = _object(_USER_SHAPE, sent, text, values)
    except _NotPlainError:
        return None
    return document if document.get("userName") else None


def _are_known(schemas: Any) -> bool:
    return schemas == [USER] or (
        isinstance(schemas, list)
        and schemas in ([USER, ENTERPRISE], [ENTERPRISE, USER])
    )


def _object(shape: Shape, sent: Any, text: int, values: int) -> Document:
    """Return what is stored of a complex value: what is not empty, in schema order."""
    if not isinstance(sent, dict) or not sent.keys() <= shape.keys():
        raise _NotPlainError
    stored: Document = {}
    for name, attribute in shape.items():
        if name in sent:
            value = _value(attribute, sent[name], text, values)
            if value not in ("", [], {}):
                stored[name] = value
    return stored


def _value(
    attribute: tuple[str, bool, Shape], sent: Any, text: int, values: int
) -> Any:
    type_, is_multiple, parts = attribute
    if is_multiple:
        return _list(parts, sent, text, values)
    if type_ == "complex":
        return _object(parts, sent, text, values)
    if type_ == "boolean" and isinstance(sent, bool):
        return sent
    if type_ in _STRINGS and isinstance(sent, str) and len(sent) <= text:
        return sent
    raise _NotPlainError


def _list(parts: Shape, sent: Any, text: int, values: int) -> list[Document]:
    if not isinstance(sent, list) or len(sent) > values or not parts:
        raise _NotPlainError
    stored = [_object(parts, item, text, values) for item in sent]
    if sum(item.get("primary", False) for item in stored) > 1:
        raise _NotPlainError
    return [item for item in stored if item]
