"""The domains whose people may be provisioned."""

from __future__ import annotations

from django.db import transaction

from scim.models import Domain
from scim.services import organizations as scim
from zportal.frame import audit
from zportal.frame.locks import lock_organization
from zportal.models import Administrator, AuditLog


@transaction.atomic
def register_domain(
    *, administrator: Administrator, client_ip: str | None, name: str
) -> Domain:
    """Register a domain of the administrator's organization; twice is no error.

    Only a superuser registers what another organization has. Raises PermissionDenied for
    anyone but an active Super Admin, and ValidationError for a domain of another
    organization, or when it is no domain name.
    """
    organization = lock_organization(administrator)
    domains = Domain.objects.for_organization(organization)
    before = set(domains.values_list("pk", flat=True))
    domain = scim.register_domain(
        organization=organization,
        name=name,
        may_share=administrator.may_make_organizations,
    )
    if domain.pk not in before:
        audit.record(
            administrator=administrator,
            client_ip=client_ip,
            category=AuditLog.Category.COMPANY_PROFILE,
            action=AuditLog.Action.CREATE,
            resource=f"Domain {domain.name}",
        )
    return domain


@transaction.atomic
def remove_domain(
    *, administrator: Administrator, client_ip: str | None, name: str
) -> bool:
    """Remove a registered domain; False when it is not registered.

    Raises PermissionDenied for anyone but an active Super Admin, and ValidationError
    while people use the domain, or when it is the last one.
    """
    organization = lock_organization(administrator)
    removed = scim.unregister_domain(organization=organization, name=name)
    if removed:
        audit.record(
            administrator=administrator,
            client_ip=client_ip,
            category=AuditLog.Category.COMPANY_PROFILE,
            action=AuditLog.Action.DELETE,
            resource=f"Domain {name}",
        )
    return removed
