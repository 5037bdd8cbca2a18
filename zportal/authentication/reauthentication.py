"""Making everybody authenticate again."""

from __future__ import annotations

from django.db import transaction

from zportal.frame import audit
from zportal.frame.locks import lock_organization
from zportal.models import Administrator, AuditLog, ForcedReauthentication


@transaction.atomic
def force_reauthentication(
    *, administrator: Administrator, client_ip: str | None
) -> ForcedReauthentication:
    """End what everybody's earlier sign-on is good for, at once.

    Raises PermissionDenied for anyone but an active Super Admin.
    """
    organization = lock_organization(administrator)
    audit.record(
        administrator=administrator,
        client_ip=client_ip,
        category=AuditLog.Category.AUTHENTICATION_SETTINGS,
        action=AuditLog.Action.RUN,
        resource="Force Reauthentication for all Users",
    )
    return ForcedReauthentication.objects.create(
        organization=organization, actor=administrator.login
    )
