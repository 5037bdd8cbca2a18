"""Making organizations, from the portal."""

from __future__ import annotations

from collections.abc import Sequence

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.views.decorators.debug import sensitive_variables

from zportal.frame import audit
from zportal.models import Administrator, AuditLog
from zportal.organizations.setup import (
    NewOrganization,
    new_password,
    set_up_organization,
)


@sensitive_variables()
def make_organization(
    *,
    administrator: Administrator,
    client_ip: str | None,
    name: str,
    domains: Sequence[str],
    package: str,
    profile: str,
    admin: str | None,
    enable_scim: bool,
) -> NewOrganization:
    """Make an organization and what was asked for with it; its secrets are in it once.

    Raises PermissionDenied for anyone but a superuser who is a Super Admin, and
    ValidationError with one sentence for each reason to refuse.
    """
    if not administrator.may_make_organizations:
        raise PermissionDenied
    # Before the transaction: a hash may wait for its turn, and no writer should for it.
    password = new_password() if admin else None
    with transaction.atomic():
        made = set_up_organization(
            name=name,
            domains=domains,
            package=package,
            profile=profile,
            admin=admin,
            enable_scim=enable_scim,
            password=password,
            actor=administrator.login,
        )
        audit.record(
            administrator=administrator,
            client_ip=client_ip,
            organization=made.organization,
            category=AuditLog.Category.COMPANY_PROFILE,
            action=AuditLog.Action.CREATE,
            resource=f"Organization {made.organization.name}",
            changes={
                "Registered Domains": ["", ", ".join(made.domains)],
                "Package": ["", made.organization.get_package_display()],
                "Behaviour Profile": ["", profile],
                "Administrator": [
                    "",
                    made.administrator.login if made.administrator else "",
                ],
                "SCIM": ["", "on" if enable_scim else "off"],
            },
        )
    return made
