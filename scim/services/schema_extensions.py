"""The verbs about the schema extensions of an organization, in force with the next call.

Each is atomic and locks the organization's row, so that two administrators come one
after the other. What people hold values of is neither removed nor given another type;
finding them is a scan, of the database, and an administrator does it rarely.

Provisioning reads the definitions without a lock. A person who arrives at the moment an
attribute goes may keep a value that nobody declares; it is dropped by the next PATCH.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from django.core.exceptions import ValidationError
from django.db import transaction

from scim.extensions import (
    ATTRIBUTE_NAME,
    DESCRIPTION_LENGTH,
    EXTENSION_NAME,
    MAX_ATTRIBUTES,
    MAX_EXTENSIONS,
    NAME_LENGTH,
    ExtensionAttribute,
    SchemaExtension,
    named,
    served,
    stored,
)
from scim.models import DirectoryUser, Organization
from scim.query.filter_sql import DocumentTest, Present
from scim.resources.resource_types import user_kind
from scim.services.organizations import PEOPLE_NAMED, named_people

RESERVED = frozenset({"schemas", "id", "externalid", "meta"})
"""Common attributes (RFC 7643 section 3.1), in lower case."""

OF_THE_LIBRARY = ("modeldump", "modelvalidate")
"""How names begin that pydantic keeps for itself."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f\u2028\u2029\ud800-\udfff]")


def validate_extension_name(name: str) -> None:
    """Raise ValidationError unless an extension may be named so."""
    if not EXTENSION_NAME.fullmatch(name) or len(name) > NAME_LENGTH:
        raise ValidationError(
            f"Begin with a letter; letters, digits, - and _ may follow, {NAME_LENGTH} "
            "characters at most. Write it like Contoso."
        )
    if name.lower() == "enterprise":
        raise ValidationError("The enterprise extension is always there.")


def validate_attribute_name(name: str) -> None:
    """Raise ValidationError unless an attribute may be named so."""
    if not ATTRIBUTE_NAME.fullmatch(name) or len(name) > NAME_LENGTH:
        raise ValidationError(
            f"Begin with a letter; letters, digits, -, _ and $ may follow, "
            f"{NAME_LENGTH} characters at most. Write it like badgeNumber."
        )
    key = re.sub(r"[^a-z]", "", name.lower())
    if name.lower() in RESERVED or key.startswith(OF_THE_LIBRARY):
        raise ValidationError(
            f"{name} means something else in SCIM. Take another name."
        )


def validate_description(text: str) -> None:
    """Raise ValidationError unless *text* is one line that is not too long."""
    if len(text) > DESCRIPTION_LENGTH or _CONTROL.search(text):
        raise ValidationError(
            f"Write one line of at most {DESCRIPTION_LENGTH} characters."
        )


@transaction.atomic
def add_extension(
    *, organization: Organization, name: str, description: str = ""
) -> SchemaExtension:
    """Declare an extension, without attributes as yet.

    Raises ValidationError for a name that is none or taken, a description that is too
    long, and one extension too many.
    """
    validate_extension_name(name)
    validate_description(description)
    _lock(organization)
    extensions = organization.extensions
    if found := named(extensions, name):
        raise ValidationError(f"There is an extension {found.name} already.")
    if len(extensions) >= MAX_EXTENSIONS:
        raise ValidationError(
            f"An organization has at most {MAX_EXTENSIONS} extensions."
        )
    added = SchemaExtension(name, description)
    _store(organization, [*extensions, added])
    return added


@transaction.atomic
def describe_extension(
    *, organization: Organization, name: str, description: str
) -> SchemaExtension:
    """Give the extension of that name another description.

    Raises ValidationError when there is none, and for a description that is too long.
    """
    validate_description(description)
    _lock(organization)
    old = _existing(organization, name)
    changed = replace(old, description=description)
    _replace(organization, old, changed)
    return changed


@transaction.atomic
def remove_extension(
    *, organization: Organization, name: str
) -> SchemaExtension | None:
    """Take an extension away and return it; None when there is none of that name.

    Raises ValidationError, and changes nothing, while people hold values of it.
    """
    _lock(organization)
    gone = named(organization.extensions, name)
    if gone is None:
        return None
    _check_unused(organization, gone.urn)
    _store(organization, (item for item in organization.extensions if item != gone))
    return gone


@transaction.atomic
def add_attribute(
    *, organization: Organization, extension: str, attribute: ExtensionAttribute
) -> SchemaExtension:
    """Add *attribute* to the extension of that name, and return the extension.

    Raises ValidationError for a name that is reserved or taken, a description that is
    too long, one attribute too many, and an extension that is not there.
    """
    validate_attribute_name(attribute.name)
    validate_description(attribute.description)
    _lock(organization)
    mine = _existing(organization, extension)
    if found := mine.attribute(attribute.name):
        raise ValidationError(f"{mine.name} has an attribute {found.name} already.")
    if len(mine.attributes) >= MAX_ATTRIBUTES:
        raise ValidationError(f"An extension has at most {MAX_ATTRIBUTES} attributes.")
    return _put(organization, mine, (*mine.attributes, attribute))


@transaction.atomic
def change_attribute(
    *,
    organization: Organization,
    extension: str,
    attribute: ExtensionAttribute,
) -> SchemaExtension:
    """Put *attribute* in the place of the one that has its name.

    Raises ValidationError when there is none, for a description that is too long, and
    for another type or letter case while people hold values of it.
    """
    validate_description(attribute.description)
    _lock(organization)
    mine = _existing(organization, extension)
    old = mine.attribute(attribute.name)
    if old is None:
        raise ValidationError(
            f"{mine.name} has no attribute {attribute.name} any more."
        )
    changed = replace(attribute, name=old.name)
    if (changed.type, changed.is_case_exact) != (old.type, old.is_case_exact):
        _check_unused(organization, mine.urn, old.name)
    attributes = (changed if item == old else item for item in mine.attributes)
    return _put(organization, mine, tuple(attributes))


@transaction.atomic
def remove_attribute(
    *, organization: Organization, extension: str, name: str
) -> ExtensionAttribute | None:
    """Take an attribute away and return it; None when there is none of that name.

    Raises ValidationError, and changes nothing, while people hold values of it.
    """
    _lock(organization)
    mine = named(organization.extensions, extension)
    gone = mine.attribute(name) if mine else None
    if mine is None or gone is None:
        return None
    _check_unused(organization, mine.urn, gone.name)
    _put(organization, mine, tuple(item for item in mine.attributes if item != gone))
    return gone


def _lock(organization: Organization) -> None:
    """Wait for other administrators, and give *organization* what they stored."""
    row = Organization.objects.select_for_update().get(pk=organization.pk)
    organization.schema_extensions = row.schema_extensions


def _existing(organization: Organization, name: str) -> SchemaExtension:
    found = named(organization.extensions, name)
    if found is None:
        raise ValidationError("There is no such extension any more.")
    return found


def _check_unused(organization: Organization, *path: str) -> None:
    people = DirectoryUser.objects.for_organization(organization).filter(
        DocumentTest(Present(path))
    )
    if number := people.count():
        holders = named_people(number, people.user_ids(PEOPLE_NAMED))
        raise ValidationError(
            f"{path[-1]} has values of {holders}. Clear them in the identity provider "
            "first."
        )


def _put(
    organization: Organization,
    extension: SchemaExtension,
    attributes: tuple[ExtensionAttribute, ...],
) -> SchemaExtension:
    changed = replace(extension, attributes=attributes)
    _replace(organization, extension, changed)
    return changed


def _replace(
    organization: Organization, old: SchemaExtension, new: SchemaExtension
) -> None:
    _store(
        organization, (new if item == old else item for item in organization.extensions)
    )


def _store(organization: Organization, extensions: Iterable[SchemaExtension]) -> None:
    """Raises ValidationError for names of which scim2-models can make no types."""
    wanted = tuple(extensions)
    try:
        user_kind(served(wanted))
    except ValueError:
        raise ValidationError("Take another name; this one cannot be served.") from None
    organization.schema_extensions = stored(wanted)
    organization.save(update_fields=["schema_extensions"])
