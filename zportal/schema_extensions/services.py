"""The schema extensions of an organization, as its administrators change them.

Each verb raises PermissionDenied for anyone but an active Super Admin, and
ValidationError with what scim.services.schema_extensions has to say.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from hashlib import sha256
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from scim.extensions import ExtensionAttribute, SchemaExtension, named
from scim.services import schema_extensions
from zportal.frame import audit
from zportal.frame.locks import lock_organization
from zportal.models import Administrator, AuditLog

Action = AuditLog.Action

NOTHING = {"Type": "", "Case-sensitive": "", "Description": ""}


def fingerprint(attribute: ExtensionAttribute) -> str:
    """Return what a form posts back to say which definition it was filled in on."""
    return sha256(json.dumps(asdict(attribute)).encode()).hexdigest()[:16]


@transaction.atomic
def add_extension(
    *, administrator: Administrator, client_ip: str | None, name: str, description: str
) -> SchemaExtension:
    organization = lock_organization(administrator)
    added = schema_extensions.add_extension(
        organization=organization, name=name, description=description
    )
    changes = {"URN": ["", added.urn], "Description": ["", description]}
    _record(administrator, client_ip, Action.CREATE, _title(added), changes)
    return added


@transaction.atomic
def describe_extension(
    *, administrator: Administrator, client_ip: str | None, name: str, description: str
) -> SchemaExtension:
    organization = lock_organization(administrator)
    old = named(organization.extensions, name)
    changed = schema_extensions.describe_extension(
        organization=organization, name=name, description=description
    )
    if old and old.description != description:
        changes = {"Description": [old.description, description]}
        _record(administrator, client_ip, Action.UPDATE, _title(changed), changes)
    return changed


@transaction.atomic
def remove_extension(
    *, administrator: Administrator, client_ip: str | None, name: str
) -> SchemaExtension | None:
    """None when there is none of that name: somebody was faster."""
    organization = lock_organization(administrator)
    gone = schema_extensions.remove_extension(organization=organization, name=name)
    if gone:
        changes = {
            "URN": [gone.urn, ""],
            "Attributes": [", ".join(item.name for item in gone.attributes), ""],
        }
        _record(administrator, client_ip, Action.DELETE, _title(gone), changes)
    return gone


@transaction.atomic
def add_attribute(
    *,
    administrator: Administrator,
    client_ip: str | None,
    extension: str,
    attribute: ExtensionAttribute,
) -> SchemaExtension:
    organization = lock_organization(administrator)
    extended = schema_extensions.add_attribute(
        organization=organization, extension=extension, attribute=attribute
    )
    changes = audit.differences(NOTHING, _in_words(attribute))
    title = _title(extended, attribute)
    _record(administrator, client_ip, Action.CREATE, title, changes)
    return extended


@transaction.atomic
def change_attribute(
    *,
    administrator: Administrator,
    client_ip: str | None,
    extension: str,
    attribute: ExtensionAttribute,
    seen: str,
) -> SchemaExtension:
    """*seen* is the fingerprint of the definition that the administrator was shown."""
    organization = lock_organization(administrator)
    mine = named(organization.extensions, extension)
    old = mine.attribute(attribute.name) if mine else None
    if old is None or fingerprint(old) != seen:
        raise ValidationError(
            f"Somebody changed {attribute.name} meanwhile. Look at what is shown now, "
            "and save again."
        )
    changed = schema_extensions.change_attribute(
        organization=organization, extension=extension, attribute=attribute
    )
    changes = audit.differences(_in_words(old), _in_words(attribute))
    if changes:
        title = _title(changed, old)
        _record(administrator, client_ip, Action.UPDATE, title, changes)
    return changed


@transaction.atomic
def remove_attribute(
    *, administrator: Administrator, client_ip: str | None, extension: str, name: str
) -> ExtensionAttribute | None:
    """None when there is none of that name: somebody was faster."""
    organization = lock_organization(administrator)
    mine = named(organization.extensions, extension)
    gone = schema_extensions.remove_attribute(
        organization=organization, extension=extension, name=name
    )
    if mine and gone:
        changes = audit.differences(_in_words(gone), NOTHING)
        title = _title(mine, gone)
        _record(administrator, client_ip, Action.DELETE, title, changes)
    return gone


def _title(
    extension: SchemaExtension, attribute: ExtensionAttribute | None = None
) -> str:
    title = f"Schema Extension {extension.name}"
    return f"{title}, {attribute.name}" if attribute else title


def _in_words(attribute: ExtensionAttribute) -> dict[str, Any]:
    return {
        "Type": attribute.type,
        "Case-sensitive": "yes" if attribute.case_exact else "no",
        "Description": attribute.description,
    }


def _record(
    administrator: Administrator,
    client_ip: str | None,
    action: AuditLog.Action,
    resource: str,
    changes: Mapping[str, Any],
) -> None:
    audit.record(
        administrator=administrator,
        client_ip=client_ip,
        category=AuditLog.Category.AUTHENTICATION_SETTINGS,
        action=action,
        resource=resource,
        changes=changes,
    )
