"""People, groups and events as if an identity provider had sent them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils import timezone

from scim.models import (
    Department,
    DirectoryGroup,
    DirectoryUser,
    GroupMembership,
    Organization,
    ProvisioningEvent,
)
from scim.text import match_key

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


def department(organization: Organization, name: str) -> Department:
    return Department.objects.get_or_create(
        organization=organization, name_key=match_key(name), defaults={"name": name}
    )[0]


def person(
    organization: Organization,
    user_name: str = "adele.vance@contoso.example",
    *,
    groups: Iterable[DirectoryGroup] = (),
    dept: str = "",
    **attributes: Any,
) -> DirectoryUser:
    """Store a person with these SCIM attributes, in these groups."""
    document = {"userName": user_name, "active": True, **attributes}
    if dept:
        document[ENTERPRISE] = {**document.get(ENTERPRISE, {}), "department": dept}
    now = timezone.now()
    user = DirectoryUser(organization=organization, created=now, modified=now)
    user.assign(document)
    user.department = department(organization, dept) if dept else None
    user.save()
    for item in groups:
        GroupMembership.objects.create(organization=organization, group=item, user=user)
    return user


def group(
    organization: Organization, name: str = "All Staff", **attributes: Any
) -> DirectoryGroup:
    now = timezone.now()
    row = DirectoryGroup(organization=organization, created=now, modified=now)
    row.assign({"displayName": name, **attributes})
    row.save()
    return row


def event(organization: Organization, **fields: Any) -> ProvisioningEvent:
    return ProvisioningEvent.objects.create(
        organization=organization, **{"actor": "token q7Fh2m", **fields}
    )


def refusal(
    organization: Organization,
    user_name: str = "joni@tailspin.example",
    **fields: Any,
) -> ProvisioningEvent:
    """Store the event of a person who was refused for their domain."""
    return event(
        organization,
        outcome=ProvisioningEvent.Outcome.REFUSED,
        action=ProvisioningEvent.Action.CREATE,
        resource_type="User",
        target=user_name,
        method="POST",
        path=f"{organization.scim_path}/Users",
        status=400,
        refused_domain=user_name.partition("@")[2],
        **fields,
    )
