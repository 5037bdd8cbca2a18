"""The organization itself: its name and its package."""

from __future__ import annotations

import logging

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction

from scim.db.database_errors import is_conflict
from scim.models import Organization
from scim.services.organizations import check_name
from zportal.frame import audit
from zportal.frame.locks import lock_organization
from zportal.models import Administrator, AuditLog

logger = logging.getLogger(__name__)


def save_company_profile(
    *, administrator: Administrator, client_ip: str | None, name: str, package: str
) -> Organization:
    """Store the name and the package of the organization.

    Raises ValidationError when the name is none or is taken, and PermissionDenied for
    a package that differs unless a superuser asks.
    """
    try:
        with transaction.atomic():
            return _save(administrator, client_ip, name.strip(), package)
    except IntegrityError as error:
        if not is_conflict(error):
            raise
        raise ValidationError("That name was taken a moment ago.") from error


def _save(
    administrator: Administrator, client_ip: str | None, name: str, package: str
) -> Organization:
    organization = lock_organization(administrator)
    if package != organization.package and not administrator.may_make_organizations:
        raise PermissionDenied
    check_name(name, of=organization)
    before = {"Name": organization.name, "Package": organization.get_package_display()}
    organization.name = name
    organization.package = package
    organization.save(update_fields=["name", "name_key", "package"])
    after = {"Name": organization.name, "Package": organization.get_package_display()}
    changes = audit.differences(before, after)
    if changes:
        audit.record(
            administrator=administrator,
            client_ip=client_ip,
            category=AuditLog.Category.COMPANY_PROFILE,
            action=AuditLog.Action.UPDATE,
            resource="Company Profile",
            changes=changes,
        )
    logger.info(
        "%s saved the Company Profile of %s", administrator.login, organization.pk
    )
    return organization
