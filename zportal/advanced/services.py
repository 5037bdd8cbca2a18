"""How the SCIM service of an organization behaves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from scim.models import Organization
from scim.services import organizations as scim
from zportal.advanced.rules import RULES
from zportal.frame import audit
from zportal.frame.locks import lock_organization
from zportal.models import Administrator, AuditLog

PROFILE = "Behaviour Profile"

CHANGED_MEANWHILE = (
    "Somebody chose another behaviour profile meanwhile. Look at what is shown now, "
    "and save again."
)


@transaction.atomic
def choose_profile(
    *, administrator: Administrator, client_ip: str | None, profile: str
) -> Organization:
    """Follow *profile* as it is from the next call on; single rules are forgotten.

    Raises PermissionDenied for anyone but an active Super Admin.
    """
    organization = lock_organization(administrator)
    return _set(administrator, client_ip, organization, profile, {})


@transaction.atomic
def save_rules(
    *,
    administrator: Administrator,
    client_ip: str | None,
    profile: str,
    rules: Mapping[str, Any],
) -> Organization:
    """Store validated *rules* over the *profile* that the administrator was shown.

    Raises PermissionDenied as above, and ValidationError when the organization follows
    another profile by now.
    """
    organization = lock_organization(administrator)
    if organization.profile != profile:
        raise ValidationError(CHANGED_MEANWHILE)
    return _set(administrator, client_ip, organization, profile, rules)


def _set(
    administrator: Administrator,
    client_ip: str | None,
    organization: Organization,
    profile: str,
    rules: Mapping[str, Any],
) -> Organization:
    before = _in_words(organization)
    scim.set_behaviour(organization=organization, profile=profile, rules=rules)
    after = _in_words(organization)
    changes = audit.differences(before, after)
    if changes:
        audit.record(
            administrator=administrator,
            client_ip=client_ip,
            category=AuditLog.Category.AUTHENTICATION_SETTINGS,
            action=AuditLog.Action.UPDATE,
            resource="Advanced",
            changes=changes,
        )
    return organization


def _in_words(organization: Organization) -> dict[str, str]:
    rules = organization.behaviour
    return {
        PROFILE: organization.profile,
        **{rule.label: rule.text(getattr(rules, rule.name)) for rule in RULES},
    }
