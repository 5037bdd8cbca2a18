"""What provisioning asks and writes, one row at a time, with SQL that is made once."""

from __future__ import annotations

from scim.db.prepared import (
    Prepared,
    PreparedDelete,
    PreparedInsert,
    PreparedUpdate,
)
from scim.models import (
    Department,
    DirectoryGroup,
    DirectoryUser,
    Domain,
    EmailAddress,
    GroupMembership,
)

NEW_USER = PreparedInsert(DirectoryUser)
NEW_EMAIL = PreparedInsert(EmailAddress)
CHANGED_USER = PreparedUpdate(DirectoryUser)
CHANGED_GROUP = PreparedUpdate(DirectoryGroup)
MEMBERSHIPS_OF = PreparedDelete(
    lambda organization, user: GroupMembership.objects.for_organization(
        organization
    ).filter(user=user),
    int,
    int,
)
EMAILS_OF = PreparedDelete(
    lambda organization, user: EmailAddress.objects.for_organization(
        organization
    ).filter(user=user),
    int,
    int,
)
THE_USER = PreparedDelete(
    lambda organization, key: DirectoryUser.objects.for_organization(
        organization
    ).filter(pk=key),
    int,
    int,
)

REGISTERED: Prepared[Domain] = Prepared(
    lambda organization, name: (
        Domain.objects.for_organization(organization)
        .filter(name=name)
        .values_list("pk")[:1]
    ),
    int,
    str,
)

DEPARTMENT: Prepared[Department] = Prepared(
    lambda organization, key: Department.objects.for_organization(organization).filter(
        name_key=key
    )[:1],
    int,
    str,
)
