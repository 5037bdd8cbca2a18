"""Schema extensions that an organization declares for its users: data, no code.

The definitions are a column of the organization (``Organization.schema_extensions``),
which every call loads anyway. Here they are read into frozen values, which also say
what a value of each type is (RFC 7643 section 2.3), and in which form it is compared.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any
from unicodedata import normalize

from scim.text import comparable, match_key

TYPES = ("string", "boolean", "decimal", "integer", "dateTime", "reference", "binary")
"""RFC 7643 sections 2.3.1 to 2.3.7, in their order."""

ORDERED_TYPES = frozenset({"decimal", "integer", "dateTime"})
"""Those that are compared as numbers and moments, not as text."""

MAX_EXTENSIONS = 10
MAX_ATTRIBUTES = 50
"""Of one extension."""

NAME_LENGTH = 60
DESCRIPTION_LENGTH = 254

LARGEST_INTEGER = 2**63 - 1
DECIMAL_BOUND = 10**15
"""Decimals are smaller; beyond, one database writes them as integers."""

EXTENSION_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
ATTRIBUTE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_$-]*")
"""RFC 7643 section 2.1. Names become part of SQL: nothing else may ever be one."""

_INTEGER = re.compile(r"[+-]?[0-9]{1,19}")
_DECIMAL = re.compile(r"[+-]?[0-9]{1,40}(\.[0-9]{1,40})?([eE][+-]?[0-9]{1,3})?")
_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}"
    r"(\.[0-9]{1,12})?(Z|[+-][0-9]{2}:[0-9]{2})?"
)


class Misfit(ValueError):
    """A value is none of its type. Says so in a clause: "must be true or false"."""


@dataclass(frozen=True, slots=True)
class ExtensionAttribute:
    """A single-valued attribute of an extension. ``case_exact`` concerns strings."""

    name: str
    type: str
    description: str = ""
    case_exact: bool = False

    def __post_init__(self) -> None:
        """Raise ValueError for a name or a type that is none."""
        if not ATTRIBUTE_NAME.fullmatch(self.name) or self.type not in TYPES:
            raise ValueError(f"{self.name} is no attribute")

    @property
    def is_case_exact(self) -> bool:
        """As RFC 7643 sections 2.3.6 and 2.3.7 have it of binaries and references."""
        return self.case_exact or self.type in {"reference", "binary"}

    def read(self, value: Any) -> Any:
        """Return *value* as it is stored; None for none. Raises Misfit.

        Booleans and numbers may be text: Entra sends every attribute as a string. A
        dateTime stays as it was sent.
        """
        if value is None or value == "":
            return None
        match self.type:
            case "boolean":
                return _boolean(value)
            case "integer":
                return _integer(value)
            case "decimal":
                return _decimal(value)
        if not isinstance(value, str):
            raise Misfit("must be a string")
        if self.type == "dateTime":
            instant(value)
        return value

    def comparable(self, value: Any) -> Any:
        """Return a stored *value* as filters compare it."""
        if not isinstance(value, str):
            return value
        if self.type == "dateTime":
            return instant(value)
        return normalize("NFC", value) if self.is_case_exact else match_key(value)

    def fits(self, value: Any) -> bool:
        """Whether *value* is one that ``read`` returns."""
        try:
            found = self.read(value)
        except Misfit:
            return False
        return type(found) is type(value) and found == value


@dataclass(frozen=True, slots=True)
class SchemaExtension:
    name: str
    description: str = ""
    attributes: tuple[ExtensionAttribute, ...] = ()

    def __post_init__(self) -> None:
        """Raise ValueError for a name that is none."""
        if not EXTENSION_NAME.fullmatch(self.name):
            raise ValueError(f"{self.name} is no extension")

    @property
    def urn(self) -> str:
        return f"urn:ietf:params:scim:schemas:extension:{self.name}:2.0:User"

    def attribute(self, name: str) -> ExtensionAttribute | None:
        """The attribute of that name, letter case aside."""
        name = name.lower()
        return next(
            (item for item in self.attributes if item.name.lower() == name), None
        )


Extensions = tuple[SchemaExtension, ...]


def extensions_of(stored: Iterable[dict[str, Any]]) -> Extensions:
    """Read the column. Raises ValueError for names that no service has let in."""
    return tuple(
        SchemaExtension(
            item["name"],
            item["description"],
            tuple(ExtensionAttribute(**attribute) for attribute in item["attributes"]),
        )
        for item in stored
    )


def served(extensions: Iterable[SchemaExtension]) -> Extensions:
    """Return those of the *extensions* that have attributes."""
    return tuple(extension for extension in extensions if extension.attributes)


def stored(extensions: Iterable[SchemaExtension]) -> list[dict[str, Any]]:
    """Return what the column holds for these *extensions*."""
    return [
        {
            "name": extension.name,
            "description": extension.description,
            "attributes": [asdict(attribute) for attribute in extension.attributes],
        }
        for extension in extensions
    ]


def by_whole_name(extensions: Extensions) -> dict[str, ExtensionAttribute]:
    """Return the attributes by their names with URN, in lower case."""
    return {
        f"{extension.urn}:{attribute.name}".lower(): attribute
        for extension in extensions
        for attribute in extension.attributes
    }


def named(extensions: Extensions, name: str) -> SchemaExtension | None:
    """The extension of that name, letter case aside, as URNs are compared."""
    name = name.lower()
    return next((item for item in extensions if item.name.lower() == name), None)


def comparable_document(document: dict[str, Any], extensions: Extensions) -> Any:
    """Return the *document* of a user as filters compare it (scim.text.comparable)."""
    if not extensions:
        return comparable(document)
    own = {extension.urn: extension for extension in extensions}
    return {
        key: _comparable_part(own[key], value) if key in own else comparable(value, key)
        for key, value in document.items()
    }


def _comparable_part(extension: SchemaExtension, part: dict[str, Any]) -> Any:
    values = {}
    for name, value in part.items():
        attribute = extension.attribute(name)
        values[name] = attribute.comparable(value) if attribute else value
    return values


def fitting(document: dict[str, Any], extensions: Extensions) -> dict[str, Any]:
    """Return *document* without values of extensions that no longer fit.

    There are none, unless a definition changed in the very moment the value arrived.
    """
    own = {extension.urn: extension for extension in extensions}
    return {
        key: _fitting_part(own[key], value) if key in own else value
        for key, value in document.items()
    }


def _fitting_part(extension: SchemaExtension, part: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value
        for name, value in part.items()
        if (attribute := extension.attribute(name)) and attribute.fits(value)
    }


def instant(text: str) -> str:
    """Return a dateTime in UTC to the microsecond, which sorts as the moments do.

    Without an offset it counts as UTC. Raises Misfit when it is none.
    """
    clause = "must be a date and time like 2026-03-01T12:00:00Z"
    if not _MOMENT.fullmatch(text):
        raise Misfit(clause)
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        moment = moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise Misfit(clause) from None
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def _boolean(value: Any) -> bool:
    if isinstance(value, str) and value.lower() in {"true", "false"}:
        return value.lower() == "true"
    if isinstance(value, bool):
        return value
    raise Misfit("must be true or false")


def _integer(value: Any) -> int:
    if isinstance(value, str) and _INTEGER.fullmatch(value):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise Misfit("must be a whole number, such as 42")
    if not -LARGEST_INTEGER - 1 <= value <= LARGEST_INTEGER:
        raise Misfit("must fit in 64 bits")
    return value


def _decimal(value: Any) -> float:
    if isinstance(value, str) and _DECIMAL.fullmatch(value):
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Misfit("must be a number, such as 3.5")
    if not -DECIMAL_BOUND < value < DECIMAL_BOUND:
        raise Misfit(f"must lie between -{DECIMAL_BOUND} and {DECIMAL_BOUND}")
    # Minus zero is a number of one database only.
    return float(value) + 0.0
