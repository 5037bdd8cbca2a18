"""Saving Authentication Settings, and the bearer tokens that go with it."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.views.decorators.debug import sensitive_variables

from scim.models import BearerToken, Organization, ProvisioningConnection
from scim.services.organizations import (
    activate_token,
    discard_pending_tokens,
    generate_token,
    set_provisioning,
)
from zportal.authentication.staging import RESOURCE, refuse_unseen
from zportal.frame import audit
from zportal.frame.locks import lock_organization
from zportal.models import (
    Administrator,
    AuditLog,
    AuthenticationSettings,
    SamlConfiguration,
    Stage,
)

logger = logging.getLogger(__name__)

BEARER_TOKEN = "Bearer Token"  # noqa: S105 -- a label
SWITCH = "Enable SCIM-Based Provisioning"


def check_provisioning(
    organization: Organization, authentication_type: str, user_repository_type: str
) -> None:
    """Raise ValidationError, by field, when SCIM cannot be on with these settings."""
    if organization.package != Organization.Package.ENTERPRISE:
        reason = (
            f"{SWITCH} needs the package Enterprise; {organization.name} has "
            f"{organization.get_package_display()}. Switch it off to save."
        )
        raise ValidationError({"scim": reason})
    if authentication_type != AuthenticationSettings.Type.SAML:
        # The window is closed then: the page itself has to say it.
        reason = (
            f"{SWITCH} is on and needs Authentication Type SAML. Choose SAML, or "
            "switch it off in Configure SAML first."
        )
        raise ValidationError({"authentication_type": reason})
    if user_repository_type != AuthenticationSettings.Repository.HOSTED_DB:
        reason = (
            "Active Directory and OpenLDAP go only without SCIM, which provisions a "
            f"hosted directory. Choose Hosted DB, or switch {SWITCH} off in Configure "
            "SAML first."
        )
        raise ValidationError({"user_repository_type": reason})


@sensitive_variables("secret")
@transaction.atomic
def save_authentication_settings(
    *,
    administrator: Administrator,
    client_ip: str | None,
    profile: Mapping[str, Any],
    saml: Mapping[str, Any],
    scim: bool,
    seen: int,
    keep_certificate: bool = False,
    remove_other_certificate: bool = False,
) -> str | None:
    """Store the page Authentication Settings with its window Configure SAML.

    What concerns sign-on is staged until the next activation: *profile* are values of
    AuthenticationSettings, *saml* those of SamlConfiguration. Provisioning takes
    effect at once: the switch, and the newest token that *administrator* generated,
    which replaces the live one. When SCIM is on and there is no token at all, one is
    made and its secret is returned, this once.

    *keep_certificate* moves the certificate that *saml* replaces to the other one, so
    that both are believed; *remove_other_certificate* forgets that one. *seen* is the
    revision of the settings that the administrator changed. Raises PermissionDenied for
    anyone but an active Super Admin, ValidationError when SCIM
    cannot be on, and ChangedMeanwhile when it would overwrite what was saved since.
    """
    organization = lock_organization(administrator)
    if scim:
        check_provisioning(
            organization,
            profile["authentication_type"],
            profile["user_repository_type"],
        )
    saml = _with_certificates(
        organization,
        saml,
        keep=keep_certificate,
        remove_other=remove_other_certificate,
    )
    actor = administrator.login
    replaced = _live_token(organization)
    changes = {
        **_stage(AuthenticationSettings, organization, profile),
        **_stage(SamlConfiguration, organization, saml),
        **_switch_provisioning(organization, enabled=scim, actor=actor),
    }
    secret = _settle_tokens(organization, needed=scim, actor=actor)
    if (live := _live_token(organization)) != replaced:
        changes[BEARER_TOKEN] = [str(replaced or ""), str(live)]
    if changes:
        # Raised here, it takes back what was written above.
        refuse_unseen(organization, seen)
        audit.record(
            administrator=administrator,
            client_ip=client_ip,
            category=AuditLog.Category.AUTHENTICATION_SETTINGS,
            action=AuditLog.Action.UPDATE,
            resource=RESOURCE,
            changes=changes,
        )
    logger.info("%s saved Authentication Settings of %s", actor, organization.pk)
    return secret


@transaction.atomic
def issue_token(
    *, administrator: Administrator, client_ip: str | None
) -> tuple[BearerToken, str]:
    """Store a pending token of *administrator* and return it with its secret.

    It works once the administrator saves. Raises PermissionDenied for anyone but an
    active Super Admin of an organization whose package has SCIM.
    """
    organization = lock_organization(administrator)
    if organization.package != Organization.Package.ENTERPRISE:
        raise PermissionDenied
    token, secret = generate_token(organization=organization, actor=administrator.login)
    audit.record(
        administrator=administrator,
        client_ip=client_ip,
        category=AuditLog.Category.AUTHENTICATION_SETTINGS,
        action=AuditLog.Action.CREATE,
        resource=f"{BEARER_TOKEN} {token}",
        note="Generated; it works once it is saved.",
    )
    return token, secret


@transaction.atomic
def discard_changes(*, administrator: Administrator, client_ip: str | None) -> None:
    """Forget the tokens that *administrator* generated and did not save."""
    organization = lock_organization(administrator)
    tokens = BearerToken.objects.for_organization(organization).pending()
    dropped = list(tokens.filter(created_by=administrator.login).order_by("pk"))
    discard_pending_tokens(organization=organization, actor=administrator.login)
    for token in dropped:
        audit.record(
            administrator=administrator,
            client_ip=client_ip,
            category=AuditLog.Category.AUTHENTICATION_SETTINGS,
            action=AuditLog.Action.DELETE,
            resource=f"{BEARER_TOKEN} {token}",
            note="It was generated, and never saved.",
        )


def _live_token(organization: Organization) -> BearerToken | None:
    live: BearerToken | None = (
        BearerToken.objects.for_organization(organization).live().first()
    )
    return live


def _stage(
    table: type[AuthenticationSettings | SamlConfiguration],
    organization: Organization,
    values: Mapping[str, Any],
) -> dict[str, list[str]]:
    """Store *values* in the staged row; return what they changed."""
    before = table.objects.at(organization, Stage.STAGED)
    staged, _ = table.objects.update_or_create(
        organization=organization, stage=Stage.STAGED, defaults=dict(values)
    )
    return staged.changes_from(before)


def _with_certificates(
    organization: Organization,
    saml: Mapping[str, Any],
    *,
    keep: bool,
    remove_other: bool,
) -> Mapping[str, Any]:
    """Return *saml* with what becomes of the other certificate."""
    staged = SamlConfiguration.objects.at(organization, Stage.STAGED)
    old = staged.values()["certificate"]
    new = saml.get("certificate", old)
    if keep and old and new != old:
        return {**saml, "other_certificate": old}
    return {**saml, "other_certificate": ""} if remove_other else saml


def _switch_provisioning(
    organization: Organization, *, enabled: bool, actor: str
) -> dict[str, list[str]]:
    """Set the switch when it differs: who changed it last stays true that way."""
    connections = ProvisioningConnection.objects.for_organization(organization)
    if connections.filter(enabled=True).exists() == enabled:
        return {}
    set_provisioning(organization=organization, enabled=enabled, actor=actor)
    return {SWITCH: ["off", "on"] if enabled else ["on", "off"]}


@sensitive_variables("secret")
def _settle_tokens(
    organization: Organization, *, needed: bool, actor: str
) -> str | None:
    """Activate the actor's pending token; make one when it is *needed* and missing."""
    if activate_token(organization=organization, actor=actor) or not needed:
        return None
    if _live_token(organization) is not None:
        return None
    secret = generate_token(organization=organization, actor=actor)[1]
    activate_token(organization=organization, actor=actor)
    return secret
