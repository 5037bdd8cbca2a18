"""Who may change an organization, one administrator at a time."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied

from scim.models import Organization
from zportal.models import Administrator


def lock_organization(administrator: Administrator) -> Organization:
    """Let one administrator of an organization at a time change its settings.

    Call it in a transaction; the lock ends with it. Raises PermissionDenied for anyone
    but an active Super Admin.
    """
    if not administrator.may_change:
        raise PermissionDenied
    return Organization.objects.select_for_update().get(
        pk=administrator.organization_id
    )
