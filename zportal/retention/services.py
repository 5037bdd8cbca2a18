"""For how long an organization's logs are kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from scim.models import Organization
from scim.services import organizations as scim
from zportal.frame import audit
from zportal.frame.locks import lock_organization
from zportal.models import Administrator, AuditLog


@transaction.atomic
def save_retention(
    *, administrator: Administrator, client_ip: str | None, limits: Mapping[str, int]
) -> None:
    """Store validated *limits*, by the names of Organization's fields.

    Raises PermissionDenied for anyone but an active Super Admin.
    """
    organization = lock_organization(administrator)
    before = _in_words(organization, limits)
    scim.set_retention(organization=organization, limits=limits)
    changes = audit.differences(before, _in_words(organization, limits))
    if changes:
        audit.record(
            administrator=administrator,
            client_ip=client_ip,
            category=AuditLog.Category.AUTHENTICATION_SETTINGS,
            action=AuditLog.Action.UPDATE,
            resource="Retention",
            changes=changes,
        )


def _in_words(organization: Organization, limits: Mapping[str, int]) -> dict[str, str]:
    fields: Any = [Organization._meta.get_field(name) for name in limits]
    return {
        str(field.verbose_name): f"{getattr(organization, field.name):,}"
        for field in fields
    }
