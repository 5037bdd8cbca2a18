"""What every row of an organization has in common."""

from __future__ import annotations

from typing import Any, Self

from django.db import models


class OrganizationQuerySet(models.QuerySet[Any]):
    """Rows that belong to organizations. Every query goes through for_organization."""

    def for_organization(self, organization: Any) -> Self:
        """Only the rows of *organization* (an Organization or its 8-digit key)."""
        return self.filter(organization=organization)


class Resource(models.Model):
    """The columns that users and groups share: document, version and times."""

    data = models.JSONField(
        default=dict,
        help_text="The SCIM attributes as accepted, in canonical spelling, without "
        "id, meta, groups and members. The other columns are derived from it.",
    )
    search = models.JSONField(
        default=dict,
        editable=False,
        help_text="The same document as filters compare it: strings without letter "
        "case where the attribute is not caseExact.",
    )
    version = models.PositiveIntegerField(default=1)
    created = models.DateTimeField(editable=False)
    modified = models.DateTimeField(editable=False)

    class Meta:
        abstract = True
