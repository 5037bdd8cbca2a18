"""Making active what was saved, or dropping it."""

from __future__ import annotations

import logging

from django.core.exceptions import ValidationError
from django.db import transaction

from scim.models import ProvisioningConnection
from zportal.authentication.settings_services import SWITCH, check_provisioning
from zportal.authentication.staging import RESOURCE, Staging, revision
from zportal.frame import audit
from zportal.frame.locks import lock_organization
from zportal.models import (
    Activation,
    Administrator,
    AuditLog,
    AuthenticationSettings,
    SamlConfiguration,
    Stage,
)
from zportal.saml.sessions import end_all_sessions

logger = logging.getLogger(__name__)

NOTHING_PENDING = "nothing-pending"
CHANGED = "changed"
NOT_CONFIGURED = "not-configured"
PROVISIONING = "provisioning"
"""The codes of the errors that these services raise."""


@transaction.atomic
def activate(
    *, administrator: Administrator, client_ip: str | None, seen: int
) -> Activation:
    """Let sign-on use what is saved.

    *seen* is the revision of the settings that the administrator looked at. Raises
    PermissionDenied for anyone but an active Super Admin, and ValidationError when
    nothing is pending, when it is no longer what was seen, or when SAML is chosen and
    not completely configured, or with a certificate that verifies no signature.
    """
    staging = _pending_as_seen(administrator, seen)
    if staging.settings.is_saml and staging.missing:
        raise ValidationError(
            f"Sign-on with SAML needs {' and '.join(staging.missing)} first.",
            code=NOT_CONFIGURED,
        )
    if staging.settings.is_saml and staging.key_problem:
        raise ValidationError(staging.key_problem, code=NOT_CONFIGURED)
    changes = staging.changes
    _copy(staging, source=Stage.STAGED, target=Stage.ACTIVE)
    if not staging.settings.is_saml:
        end_all_sessions(staging.organization)
    audit.record(
        administrator=administrator,
        client_ip=client_ip,
        category=AuditLog.Category.ACTIVATION,
        action=AuditLog.Action.ACTIVATE,
        resource="Activation",
        changes=changes,
    )
    logger.info("%s activated %s", administrator.login, staging.organization.pk)
    return Activation.objects.create(
        organization=staging.organization, actor=administrator.login, changes=changes
    )


@transaction.atomic
def discard_staged(
    *, administrator: Administrator, client_ip: str | None, seen: int
) -> int:
    """Put the active settings in the place of the saved ones; return how many went.

    Provisioning is not staged and stays as it is. Raises PermissionDenied as activate
    does, and ValidationError when nothing is pending, when it is no longer what was
    seen, or when SCIM is on and cannot be with the active settings.
    """
    staging = _pending_as_seen(administrator, seen)
    _keep_provisioning_possible(staging)
    changes = {label: [new, old] for label, (old, new) in staging.changes.items()}
    _copy(staging, source=Stage.ACTIVE, target=Stage.STAGED)
    audit.record(
        administrator=administrator,
        client_ip=client_ip,
        category=AuditLog.Category.ACTIVATION,
        action=AuditLog.Action.DISCARD,
        resource=RESOURCE,
        changes=changes,
    )
    return len(changes)


def _keep_provisioning_possible(staging: Staging) -> None:
    """Raise ValidationError when SCIM is on and what is active cannot go with it."""
    connections = ProvisioningConnection.objects.for_organization(staging.organization)
    if not connections.filter(enabled=True).exists():
        return
    active = staging.active_settings
    try:
        check_provisioning(
            staging.organization,
            active.authentication_type,
            active.user_repository_type,
        )
    except ValidationError as problem:
        raise ValidationError(
            f"{SWITCH} is on, which the active settings do not allow. Switch it off "
            "before you discard.",
            code=PROVISIONING,
        ) from problem


def _pending_as_seen(administrator: Administrator, seen: int) -> Staging:
    """Lock the organization and return its settings, or say why there is no point."""
    organization = lock_organization(administrator)
    staging = Staging.of(organization)
    if not staging.changes:
        raise ValidationError("No activations are pending.", code=NOTHING_PENDING)
    if revision(organization) != seen:
        raise ValidationError(
            "The saved settings have changed since this page was opened. Nothing was "
            "done: look at the list as it is now, and press again.",
            code=CHANGED,
        )
    return staging


def _copy(staging: Staging, *, source: Stage, target: Stage) -> None:
    is_forward = source == Stage.STAGED
    settings = staging.settings if is_forward else staging.active_settings
    saml = staging.saml if is_forward else staging.active_saml
    AuthenticationSettings.objects.update_or_create(
        organization=staging.organization, stage=target, defaults=settings.values()
    )
    SamlConfiguration.objects.update_or_create(
        organization=staging.organization, stage=target, defaults=saml.values()
    )
