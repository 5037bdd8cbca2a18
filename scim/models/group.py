from __future__ import annotations

from typing import Any, ClassVar, Self
from unicodedata import normalize

from django.db import models
from django_scim.models import AbstractSCIMGroupMixin

from scim import ids
from scim.models.base import KeyField, NamedQuerySet, OrganizationQuerySet, Resource
from scim.models.organization import Organization
from scim.models.user import DirectoryUser
from scim.text import comparable, last_word, match_key


class DirectoryGroupQuerySet(NamedQuerySet):
    name_key = "display_name_key"
    also_searched = ("last_word_key",)
    searched_exactly = ("scim_external_id",)

    def with_scim_id(self, scim_id: object) -> Self:
        """The group of that SCIM id; none when it does not decode."""
        key = ids.decode(ids.GROUP_PREFIX, scim_id)
        return self.none() if key is None else self.filter(pk=key)


class DirectoryGroup(Resource, AbstractSCIMGroupMixin):  # type: ignore[misc]
    """A group of the directory. Its members are rows of GroupMembership."""

    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="groups", db_index=False
    )
    scim_external_id = KeyField("external ID", max_length=254, blank=True, default="")
    scim_display_name = models.CharField("Name", max_length=254)
    display_name_key = KeyField(editable=False)
    last_word_key = KeyField(editable=False, default="")

    objects = DirectoryGroupQuerySet.as_manager()

    class Meta:
        verbose_name = "group"
        ordering: ClassVar = ["display_name_key"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organization", "display_name_key"],
                name="scim_group_name_unique",
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["organization", "id"], name="scim_group_order"),
            models.Index(
                fields=["organization", "scim_external_id", "id"],
                name="scim_group_external",
            ),
            models.Index(
                fields=["organization", "last_word_key", "display_name_key"],
                name="scim_group_last_word",
            ),
            models.Index(
                fields=["organization", "modified", "display_name_key"],
                name="scim_group_modified",
            ),
        ]

    def __str__(self) -> str:
        return self.scim_display_name

    @property
    def scim_id(self) -> str:
        return ids.encode(ids.GROUP_PREFIX, self.pk)

    def set_scim_id(self, is_new: bool) -> None:  # noqa: FBT001 - the library's signature
        """Nothing to store: scim_id is derived from the primary key."""

    def set_scim_display_name(self, is_new: bool) -> None:  # noqa: FBT001 - as above
        """Nothing to copy: there is no second name column."""

    def assign(self, document: dict[str, Any]) -> None:
        """Take over *document* (without members) and derive the columns."""
        self.data = document
        self.search = comparable(document)
        self.scim_display_name = document["displayName"]
        self.display_name_key = match_key(self.scim_display_name)
        self.last_word_key = last_word(self.display_name_key)
        self.scim_external_id = normalize("NFC", document.get("externalId", ""))


class GroupMembership(models.Model):
    """One user in one group, both of the same organization."""

    id = models.BigAutoField(primary_key=True)
    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, db_index=False
    )
    group = models.ForeignKey(
        DirectoryGroup,
        on_delete=models.CASCADE,
        related_name="memberships",
        db_index=False,
    )
    user = models.ForeignKey(
        DirectoryUser,
        on_delete=models.CASCADE,
        related_name="memberships",
        db_index=False,
    )

    objects = OrganizationQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organization", "group", "user"], name="scim_membership_unique"
            )
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["organization", "user", "group"], name="scim_membership_user"
            ),
            # Foreign keys are checked without the organization.
            models.Index(fields=["user"], name="scim_membership_fk_user"),
            models.Index(fields=["group"], name="scim_membership_fk_group"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.group_id}"
