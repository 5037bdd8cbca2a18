"""What administrators change about sign-on beside the window Configure SAML."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.views.decorators.debug import sensitive_variables

from scim.models import Organization
from zportal.authentication.staging import RESOURCE, refuse_unseen
from zportal.certificates import stored_certificate
from zportal.encryption import encrypt
from zportal.frame import audit
from zportal.frame.locks import lock_organization
from zportal.models import (
    Administrator,
    AuditLog,
    SamlConfiguration,
    SigningKey,
    Stage,
)
from zportal.saml.idp_metadata import IdpMetadata
from zportal.saml.keys import new_key_pair

CERTIFICATES_KEPT = 2
"""Of an identity provider: the one in use, and its successor or predecessor."""


@transaction.atomic
def import_idp_metadata(
    *,
    administrator: Administrator,
    client_ip: str | None,
    metadata: IdpMetadata,
    seen: int,
) -> list[str]:
    """Stage what *metadata* say of the identity provider; return the labels that changed.

    It takes effect with the next activation. Raises PermissionDenied for anyone but an
    active Super Admin, and ChangedMeanwhile as Save does.
    """
    organization = lock_organization(administrator)
    changes = stage_saml(
        organization,
        {
            "portal_url": metadata.portal_url,
            "issuer": metadata.entity_id,
            **_certificates(organization, metadata),
        },
    )
    if changes:
        refuse_unseen(organization, seen)
        record(administrator, client_ip, changes, "Imported from IdP metadata.")
    return list(changes)


def _certificates(organization: Organization, metadata: IdpMetadata) -> dict[str, str]:
    """Return both certificates as *metadata* have them.

    Where they have one, what is saved beside or instead of it stays believed: the
    identity provider may sign with that for a while.
    """
    first, *others = [each.pem for each in metadata.certificates]
    if others:
        return {"certificate": first, "other_certificate": others[0]}
    saved = SamlConfiguration.objects.at(organization, Stage.STAGED).values()
    present = stored_certificate(saved["certificate"])
    if present is None or present.is_expired or present.pem == first:
        return {"certificate": first}
    return {"certificate": first, "other_certificate": present.pem}


@sensitive_variables("pair")
@transaction.atomic
def make_signing_key(
    *, administrator: Administrator, client_ip: str | None
) -> SigningKey:
    """Make a key pair and stage it; the active one signs until the next activation.

    Assertions that are encrypted for an earlier one can still be read. Raises
    PermissionDenied for anyone but an active Super Admin.
    """
    organization = lock_organization(administrator)
    pair = new_key_pair(f"zportal {organization.pk}")
    key = SigningKey.objects.create(
        organization=organization,
        created_by=administrator.login,
        certificate=pair.certificate,
        encrypted_key=encrypt(pair.private_key),
    )
    changes = stage_saml(organization, {"signing_key": key})
    record(administrator, client_ip, changes, "Made by this service.")
    return key


def stage_saml(
    organization: Organization, values: dict[str, Any]
) -> dict[str, list[str]]:
    """Store *values* of SamlConfiguration in the staged row; return what they changed."""
    before = SamlConfiguration.objects.at(organization, Stage.STAGED)
    staged, _ = SamlConfiguration.objects.update_or_create(
        organization=organization, stage=Stage.STAGED, defaults=values
    )
    return staged.changes_from(before)


def record(
    administrator: Administrator,
    client_ip: str | None,
    changes: dict[str, list[str]],
    note: str,
) -> None:
    audit.record(
        administrator=administrator,
        client_ip=client_ip,
        category=AuditLog.Category.AUTHENTICATION_SETTINGS,
        action=AuditLog.Action.UPDATE,
        resource=RESOURCE,
        changes=changes,
        note=note,
    )
