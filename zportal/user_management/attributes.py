"""SCIM documents as people read them: labels and values, whatever was sent."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from scim.extensions import Extensions

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

_LABELS = {
    "ims": "Instant Messaging",
    "emails": "E-mail Addresses",
    "x509Certificates": "X.509 Certificates",
    "profileUrl": "Profile URL",
    "timezone": "Time Zone",
    "$ref": "Reference",
    "externalId": "External ID",
    "name.formatted": "Full Name",
}
_ORDER = (
    *("name", "formatted", "familyName", "givenName", "middleName"),
    *("honorificPrefix", "honorificSuffix", "nickName", "title", "userType"),
    *("emails", "phoneNumbers", "ims", "addresses", "streetAddress", "locality"),
    *("region", "postalCode", "country", "preferredLanguage", "locale", "timezone"),
    *("profileUrl", "photos", "entitlements", "roles", "x509Certificates"),
    *("employeeNumber", "organization", "division", "department", "costCenter"),
)
_PLACES = {name: place for place, name in enumerate(_ORDER)}
"""A stored document has no order of its own: PostgreSQL sorts names by length."""

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")

_MAIN = ("value", "formatted")
"""What a complex value is shown by; the rest of it stands beside."""


@dataclass(frozen=True)
class Value:
    """One value; what else a multi-valued attribute says about it stands beside."""

    text: str
    kind: str = ""
    primary: bool = False
    details: str = ""

    def __str__(self) -> str:
        beside = [self.kind, "primary" if self.primary else "", self.details]
        words = ", ".join(word for word in beside if word)
        return f"{self.text} ({words})" if words else self.text


@dataclass(frozen=True)
class Attribute:
    """A stored attribute: its label, its SCIM name and its values."""

    label: str
    name: str
    values: list[Value]


@dataclass(frozen=True)
class Section:
    """The attributes of one schema."""

    title: str
    attributes: list[Attribute]
    urn: str = ""


def sections(
    document: dict[str, Any],
    *,
    without: frozenset[str],
    declared: Extensions = (),
) -> list[Section]:
    """Return everything in *document* but schemas and the names in *without*.

    Extensions follow in sections of their own; a name in *without* that belongs to one
    is written ``urn:name``. Those that the organization has *declared* come in that
    order, under their names. Unknown attributes and an unknown order are fine.
    """
    core: dict[str, Any] = {}
    extensions: dict[str, dict[str, Any]] = {}
    for name, value in document.items():
        if name.startswith("urn:") and isinstance(value, dict):
            extensions[name] = {
                part: item
                for part, item in value.items()
                if f"{name}:{part}" not in without
            }
        elif name != "schemas" and name not in without:
            core[name] = value
    found = [
        Section("Attributes", list(_attributes(core))),
        Section("Enterprise User", list(_attributes(extensions.pop(ENTERPRISE, {})))),
    ]
    for extension in declared:
        parts = extensions.pop(extension.urn, {})
        known = [item.name for item in extension.attributes if item.name in parts]
        ordered = [
            Attribute(label_of(name), name, [value_of(parts[name])]) for name in known
        ]
        found.append(Section(extension.name, ordered, extension.urn))
    found += [
        Section(urn, list(_attributes(parts)))
        for urn, parts in sorted(extensions.items())
    ]
    return [section for section in found if section.attributes]


def label_of(path: str) -> str:
    """Return the words of a SCIM name: “name.givenName” is “Given Name”."""
    name = path.rpartition(".")[2]
    words = _HUMP.sub(" ", name)
    return _LABELS.get(path) or _LABELS.get(name) or words[:1].upper() + words[1:]


def text_of(value: Any) -> str:
    """Return any JSON value as text on one line."""
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, dict):
        return ", ".join(
            f"{label_of(name)}: {text_of(item)}" for name, item in _ordered(value)
        )
    if isinstance(value, list):
        return "; ".join(str(value_of(item)) for item in value)
    return "" if value is None else str(value)


def _attributes(
    parts: dict[str, Any], prefix: str = "", heading: str = ""
) -> Iterator[Attribute]:
    """Yield the attributes; those of a complex one are named ``name.givenName``."""
    for name, value in _ordered(parts):
        path = f"{prefix}{name}"
        label = f"{heading}{label_of(path)}"
        if isinstance(value, dict):
            # “Given Name” needs no “Name:” before it.
            inner = "" if path == "name" else f"{label}: "
            yield from _attributes(value, f"{path}.", inner)
        else:
            values = value if isinstance(value, list) else [value]
            yield Attribute(label, path, [value_of(item) for item in values])


def _ordered(parts: dict[str, Any]) -> list[tuple[str, Any]]:
    """Return names and values: the known names in their order, then the others."""
    return sorted(
        parts.items(), key=lambda item: (_PLACES.get(item[0], len(_ORDER)), item[0])
    )


def value_of(item: Any) -> Value:
    """Return one value of an attribute: of any JSON type, complex or simple."""
    if not isinstance(item, dict):
        return Value(text_of(item))
    main = next((name for name in _MAIN if name in item), "")
    others = {
        name: part
        for name, part in item.items()
        if name not in {main, "type", "primary"}
    }
    return Value(
        text=text_of(item[main]) if main else text_of(others),
        kind=text_of(item.get("type")),
        primary=item.get("primary") is True,
        details=text_of(others) if main else "",
    )
