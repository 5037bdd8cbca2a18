from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from operator import or_
from typing import Any, ClassVar, Self
from unicodedata import normalize

from django.db import models
from django_scim.models import AbstractSCIMUserMixin

from scim import ids
from scim.extensions import comparable_document
from scim.models.base import KeyField, NamedQuerySet, Resource
from scim.models.organization import Department, Organization
from scim.naming.domains import spellings
from scim.text import WORD_LENGTH, last_word, match_key

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


def family_name_key(search: dict[str, Any], display_name_key: str) -> str:
    """Return what a person is found by beside User ID and User Name, as a match key.

    That is name.familyName; where it is absent, the last word of the User Name.
    """
    family_name = str(search.get("name", {}).get("familyName", ""))
    return family_name[:WORD_LENGTH] or last_word(display_name_key)


class DirectoryUserQuerySet(NamedQuerySet):
    name_key = "user_name_key"
    also_searched = ("display_name_key", "family_name_key")
    searched_exactly = ("scim_external_id",)

    def with_scim_id(self, scim_id: object) -> Self:
        """The user of that SCIM id; none when it does not decode."""
        key = ids.decode(ids.USER_PREFIX, scim_id)
        return self.none() if key is None else self.filter(pk=key)

    def with_scim_ids(self, scim_ids: Iterable[object]) -> Self:
        """The users of those SCIM ids; what does not decode is nobody's."""
        keys = (ids.decode(ids.USER_PREFIX, scim_id) for scim_id in scim_ids)
        return self.filter(pk__in=[key for key in keys if key is not None])

    def of_domain(self, name: str) -> Self:
        """The people whose userName ends in that domain, as domain_key has it."""
        ends = (
            models.Q(user_name_key__endswith=f"@{end}")
            for end in sorted(spellings(name))
        )
        return self.filter(reduce(or_, ends))

    def user_ids(self, most: int) -> list[str]:
        """The first User IDs, *most* of them, in their order."""
        names = self.order_by("user_name_key").values_list("scim_username", flat=True)
        return list(names[:most])


class DirectoryUser(Resource, AbstractSCIMUserMixin):  # type: ignore[misc]
    """A person of the directory: what SCIM serves and User Management shows.

    ``data`` is the truth; ``assign`` derives every other column from it.
    """

    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="users", db_index=False
    )
    scim_external_id = KeyField("external ID", max_length=254, blank=True, default="")
    scim_username = models.CharField("User ID", max_length=254)
    user_name_key = KeyField(editable=False)
    display_name = models.CharField("User Name", max_length=254, blank=True)
    display_name_key = KeyField(editable=False)
    family_name_key = KeyField(editable=False, default="")
    active = models.BooleanField(null=True, help_text="Absent counts as enabled.")
    is_enabled = models.BooleanField(default=True, editable=False)
    department = models.ForeignKey(
        Department,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="users",
    )
    department_key = KeyField(
        null=True, editable=False, help_text="The department's name_key, to sort by."
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
            # Members of a group by name, without their rows; and those of a foreign key.
            models.Index(
                fields=["organization", "id", "user_name_key"], name="scim_user_key"
            ),
            # SCIM lists go by the key, also where a filter names one of these: without
            # it, SQLite would rather read the whole organization in order.
            models.Index(
                fields=["organization", "scim_external_id", "id"],
                name="scim_user_external",
            ),
            models.Index(
                fields=["organization", "display_name_key", "id"],
                name="scim_user_by_display",
            ),
            models.Index(
                fields=["organization", "modified", "id"], name="scim_user_by_modified"
            ),
            models.Index(
                fields=["organization", "manager_value", "id"], name="scim_user_manager"
            ),
            # The portal's go by User ID, and read no more than an index.
            models.Index(
                fields=["organization", "family_name_key", "user_name_key"],
                name="scim_user_family",
            ),
            models.Index(
                fields=["organization", "is_enabled", "user_name_key"],
                name="scim_user_enabled",
            ),
            # Lists are sorted by these, and often narrowed by the last column.
            models.Index(
                fields=[
                    "organization",
                    "display_name_key",
                    "user_name_key",
                    "is_enabled",
                ],
                name="scim_user_display",
            ),
            models.Index(
                fields=["organization", "modified", "user_name_key", "is_enabled"],
                name="scim_user_modified",
            ),
            models.Index(
                fields=[
                    "organization",
                    "department_key",
                    "user_name_key",
                    "is_enabled",
                ],
                name="scim_user_dept",
            ),
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
    def department_name(self) -> str:
        """The department exactly as it was sent."""
        return str(self.data.get(ENTERPRISE, {}).get("department", ""))

    def assign(self, document: dict[str, Any]) -> None:
        """Take over *document* and derive the columns, the department row excepted."""
        self.data = document
        self.search = comparable_document(document, self.organization.extensions)
        self.scim_username = document["userName"]
        self.user_name_key = match_key(self.scim_username)
        self.display_name = document.get("displayName", "")
        self.display_name_key = match_key(self.display_name)
        self.scim_external_id = normalize("NFC", document.get("externalId", ""))
        self.family_name_key = family_name_key(self.search, self.display_name_key)
        self.active = document.get("active")
        self.is_enabled = self.active is not False
        self.department_key = match_key(self.department_name) or None
        manager = document.get(ENTERPRISE, {}).get("manager", {})
        self.manager_value = normalize("NFC", manager.get("value", ""))
