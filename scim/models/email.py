from __future__ import annotations

from typing import Any, ClassVar

from django.db import models

from scim.models.base import KeyField, OrganizationQuerySet
from scim.models.organization import Organization
from scim.models.user import DirectoryUser

INDEXED_LENGTH = 254
"""Characters of a value that are looked up; an index takes no value of any length."""


def email_keys(search: dict[str, Any]) -> list[str]:
    """Return what the e-mail addresses of a ``search`` document are looked up by."""
    values = (entry.get("value") for entry in search.get("emails", []))
    return list(dict.fromkeys(value[:INDEXED_LENGTH] for value in values if value))


class EmailAddressQuerySet(OrganizationQuerySet):
    def holding(self, value: str) -> EmailAddressQuerySet:
        """The addresses that may equal *value*, a match key: their beginnings do."""
        return self.filter(value_key=value[:INDEXED_LENGTH])

    def follow(self, user: DirectoryUser, before: list[str]) -> None:
        """Make the rows of *user*, which stand for *before*, those of its document.

        Costs nothing when no address changed, a query when some did, and one more when
        there are fewer than before.
        """
        keys = email_keys(user.search)
        if len(keys) < len(before):
            self.filter(user=user, place__gte=len(keys)).delete()
        rows = [row for row in EmailAddress.of(user) if row.is_new_to(before)]
        if rows:
            self.bulk_create(
                rows,
                update_conflicts=True,
                unique_fields=["user", "place"],
                update_fields=["value_key"],
            )


class EmailAddress(models.Model):
    """An e-mail address of a user, in the form in which a filter looks it up.

    Derived from ``DirectoryUser.search``, which stays what decides: a row says who is
    worth comparing (docs/decisions/0002).
    """

    id = models.BigAutoField(primary_key=True)
    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, db_index=False
    )
    user = models.ForeignKey(
        DirectoryUser,
        on_delete=models.CASCADE,
        related_name="email_addresses",
        db_index=False,
    )
    place = models.PositiveSmallIntegerField(help_text="Counted within the user.")
    value_key = KeyField(max_length=INDEXED_LENGTH)

    objects = EmailAddressQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user", "place"], name="scim_email_place")
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["organization", "value_key", "user"], name="scim_email_value"
            )
        ]

    def __str__(self) -> str:
        return str(self.value_key)

    @classmethod
    def of(cls, user: DirectoryUser) -> list[EmailAddress]:
        """The rows that *user* is to have, unsaved."""
        return [
            cls(
                organization_id=user.organization_id,
                user=user,
                place=place,
                value_key=key,
            )
            for place, key in enumerate(email_keys(user.search))
        ]

    def is_new_to(self, keys: list[str]) -> bool:
        """Whether *keys* has something else, or nothing, at this row's place."""
        return keys[self.place : self.place + 1] != [self.value_key]
