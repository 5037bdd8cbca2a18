from __future__ import annotations

from typing import Any, ClassVar, Self

from django.db import models
from django_scim.models import AbstractSCIMUserMixin

from scim import ids
from scim.models.base import KeyField, OrganizationQuerySet, Resource, begins
from scim.models.organization import Department, Organization
from scim.text import comparable, match_key

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


class DirectoryUserQuerySet(OrganizationQuerySet):
    def with_scim_id(self, scim_id: object) -> Self:
        """The user of that SCIM id; none when it does not decode."""
        key = ids.decode(ids.USER_PREFIX, scim_id)
        return self.none() if key is None else self.filter(pk=key)

    def of_domain(self, name: str) -> Self:
        """The people whose userName ends in that domain."""
        return self.filter(user_name_key__endswith=f"@{name}")

    def user_ids(self, most: int) -> list[str]:
        """The first User IDs, *most* of them, in their order."""
        names = self.order_by("user_name_key").values_list("scim_username", flat=True)
        return list(names[:most])

    def named_like(self, key: str, most: int) -> Self:
        """Up to *most* people whose User ID or User Name begins with *key*, a match key.

        Each index yields its first rows, so a single letter costs no more than a name.
        """
        first = self.none()
        for column in ("user_name_key", "display_name_key"):
            found = self.filter(begins(column, key)).order_by(column)
            first |= self.filter(pk__in=found.values("pk")[:most])
        return first.order_by("user_name_key")[:most]


class DirectoryUser(Resource, AbstractSCIMUserMixin):  # type: ignore[misc]
    """A person of the directory: what SCIM serves and User Management shows.

    ``data`` is the truth; ``assign`` derives every other column from it.
    """

    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="users", db_index=False
    )
    scim_external_id = models.CharField(
        "external ID", max_length=254, blank=True, default=""
    )
    scim_username = models.CharField("User ID", max_length=254)
    user_name_key = KeyField(editable=False)
    display_name = models.CharField("User Name", max_length=254, blank=True)
    display_name_key = KeyField(editable=False)
    active = models.BooleanField(null=True, help_text="Absent counts as enabled.")
    department = models.ForeignKey(
        Department,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="users",
    )
    manager_value = models.CharField(max_length=254, blank=True, default="")
    groups = models.ManyToManyField(
        "scim.DirectoryGroup", through="scim.GroupMembership", related_name="users"
    )

    objects = DirectoryUserQuerySet.as_manager()

    class Meta:
        verbose_name = "user"
        ordering: ClassVar = ["user_name_key"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organization", "user_name_key"], name="scim_user_name_unique"
            )
        ]
        indexes: ClassVar = [
            # Those with the key at their end are orders of lists (scim.sorting), whose
            # pages continue behind a row.
            models.Index(fields=["organization", "id"], name="scim_user_order"),
            models.Index(
                fields=["organization", "display_name_key", "id"],
                name="scim_user_display",
            ),
            models.Index(
                fields=["organization", "created", "id"], name="scim_user_by_created"
            ),
            models.Index(
                fields=["organization", "modified", "id"], name="scim_user_by_modified"
            ),
            models.Index(
                fields=["organization", "scim_external_id"], name="scim_user_external"
            ),
            models.Index(
                fields=["organization", "manager_value"], name="scim_user_manager"
            ),
            models.Index(fields=["organization", "department"], name="scim_user_dept"),
            models.Index(fields=["organization", "active"], name="scim_user_active"),
        ]

    def __str__(self) -> str:
        return self.scim_username

    # The library stores a copy of the key in a second UPDATE; ours is derived.
    @property
    def scim_id(self) -> str:
        return ids.encode(ids.USER_PREFIX, self.pk)

    def set_scim_id(self, is_new: bool) -> None:  # noqa: FBT001 - the library's signature
        """Nothing to store: scim_id is derived from the primary key."""

    @property
    def is_enabled(self) -> bool:
        return self.active is not False

    @property
    def department_name(self) -> str:
        """The department exactly as it was sent."""
        return str(self.data.get(ENTERPRISE, {}).get("department", ""))

    def assign(self, document: dict[str, Any]) -> None:
        """Take over *document* and derive the columns, the department row excepted."""
        self.data = document
        self.search = comparable(document)
        self.scim_username = document["userName"]
        self.user_name_key = match_key(self.scim_username)
        self.display_name = document.get("displayName", "")
        self.display_name_key = match_key(self.display_name)
        self.scim_external_id = document.get("externalId", "")
        self.active = document.get("active")
        manager = document.get(ENTERPRISE, {}).get("manager", {})
        self.manager_value = manager.get("value", "")
