"""Saving Authentication Settings, and the bearer tokens that go with it."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.views.decorators.debug import sensitive_variables

from scim.models import BearerToken, Organization, ProvisioningConnection
from scim.services import (
    activate_token,
    discard_pending_tokens,
    generate_token,
    set_provisioning,
)
from zportal.models import (
    Administrator,
    AuthenticationSettings,
    SamlConfiguration,
    Stage,
)
from zportal.services.access import lock_organization

logger = logging.getLogger(__name__)

SWITCH = "Enable SCIM-Based Provisioning"


def why_not_provisioning(organization: Organization, authentication_type: str) -> str:
    """Say why SCIM cannot be on with that Authentication Type; empty when it can."""
    if organization.package != Organization.Package.ENTERPRISE:
        return (
            f"{SWITCH} needs the package Enterprise; {organization.name} has "
            f"{organization.get_package_display()}. Switch it off to save."
        )
    if authentication_type != AuthenticationSettings.Type.SAML:
        return (
            f"{SWITCH} is on and needs Authentication Type SAML. Choose SAML, or "
            "switch it off in Configure SAML first."
        )
    return ""


@sensitive_variables("secret")
@transaction.atomic
def save_authentication_settings(
    *,
    administrator: Administrator,
    authentication_type: str,
    saml: Mapping[str, Any],
    scim: bool,
) -> str | None:
    """Store the page Authentication Settings with its window Configure SAML.

    What concerns sign-on is staged until the next activation. Provisioning takes
    effect at once: the switch, and the newest token that *administrator* generated,
    which replaces the live one. When SCIM is on and there is no token at all, one is
    made and its secret is returned, this once.

    Raises PermissionDenied for anyone but an active Super Admin, and ValidationError
    when SCIM cannot be on.
    """
    organization = lock_organization(administrator)
    if scim and (reason := why_not_provisioning(organization, authentication_type)):
        raise ValidationError(reason)
    _stage(
        AuthenticationSettings,
        organization,
        {"authentication_type": authentication_type},
    )
    _stage(SamlConfiguration, organization, saml)
    _switch_provisioning(organization, enabled=scim, actor=administrator.login)
    secret = _settle_tokens(organization, needed=scim, actor=administrator.login)
    logger.info(
        "%s saved Authentication Settings of %s", administrator.login, organization.pk
    )
    return secret


@transaction.atomic
def issue_token(*, administrator: Administrator) -> tuple[BearerToken, str]:
    """Store a pending token of *administrator* and return it with its secret.

    It works once the administrator saves. Raises PermissionDenied for anyone but an
    active Super Admin of an organization whose package has SCIM.
    """
    organization = lock_organization(administrator)
    if organization.package != Organization.Package.ENTERPRISE:
        raise PermissionDenied
    return generate_token(organization=organization, actor=administrator.login)


def discard_changes(*, administrator: Administrator) -> None:
    """Forget the tokens that *administrator* generated and did not save."""
    if not administrator.may_change:
        raise PermissionDenied
    discard_pending_tokens(
        organization=administrator.organization, actor=administrator.login
    )


def _stage(
    table: type[AuthenticationSettings | SamlConfiguration],
    organization: Organization,
    values: Mapping[str, Any],
) -> None:
    table.objects.update_or_create(
        organization=organization, stage=Stage.STAGED, defaults=dict(values)
    )


def _switch_provisioning(
    organization: Organization, *, enabled: bool, actor: str
) -> None:
    """Set the switch when it differs: who changed it last stays true that way."""
    connections = ProvisioningConnection.objects.for_organization(organization)
    if connections.filter(enabled=True).exists() != enabled:
        set_provisioning(organization=organization, enabled=enabled, actor=actor)


@sensitive_variables("secret")
def _settle_tokens(
    organization: Organization, *, needed: bool, actor: str
) -> str | None:
    """Activate the actor's pending token; make one when it is *needed* and missing."""
    if activate_token(organization=organization, actor=actor) or not needed:
        return None
    if BearerToken.objects.for_organization(organization).live().exists():
        return None
    secret = generate_token(organization=organization, actor=actor)[1]
    activate_token(organization=organization, actor=actor)
    return secret
