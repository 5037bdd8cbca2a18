"""What every row of an organization has in common."""

from __future__ import annotations

import json
from typing import Any, ClassVar, Self

import orjson
from django.db import models
from django.db.models import Q

from scim.migrations import _key_field
from scim.text import KEY_LENGTH, match_key

LAST_CHARACTER = chr(0x10FFFF)


class KeyField(_key_field.KeyField):
    """A match key, which both databases compare byte by byte."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", KEY_LENGTH)
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        """For migrations it is the class that they keep: this one may change."""
        name, _, args, kwargs = super().deconstruct()
        return name, "scim.migrations._key_field.KeyField", args, kwargs


class _Decoder(json.JSONDecoder):
    def decode(self, s: str, *_: Any) -> Any:
        return orjson.loads(s)


class _Encoder(json.JSONEncoder):
    def encode(self, o: Any) -> str:
        return orjson.dumps(o).decode()


class DocumentField(models.JSONField):
    """JSON, read and written by orjson, which takes a quarter of the time."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs |= {"encoder": _Encoder, "decoder": _Decoder}
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        """For migrations it is a JSONField: the database sees no difference."""
        name, _, args, kwargs = super().deconstruct()
        del kwargs["encoder"], kwargs["decoder"]
        return name, "django.db.models.JSONField", args, kwargs


def begins(column: str, key: str) -> Q:
    """Return the condition that the KeyField *column* begins with *key*.

    A range, because an index serves it on both databases; LIKE it does on neither.
    """
    if "\0" in key:
        # No text of a database holds it, and PostgreSQL refuses to look.
        return Q(pk__in=[])
    return Q(**{f"{column}__gte": key, f"{column}__lt": key + LAST_CHARACTER})


class OrganizationQuerySet(models.QuerySet[Any]):
    """Rows that belong to organizations. Every query goes through for_organization."""

    def for_organization(self, organization: Any) -> Self:
        """Only the rows of *organization* (an Organization or its 8-digit key)."""
        return self.filter(organization=organization)

    def delete_alone(self) -> int:
        """Delete the rows, and nothing that refers to them: the caller has done that.

        Returns their number. Django's delete() asks for each kind of such rows first.
        """
        return self._raw_delete(using=self.db)


class NamedQuerySet(OrganizationQuerySet):
    """Rows that people look for by the beginning of a name.

    The index of each column starts with the organization and ends with *name_key*, so
    that a search reads no row that it does not show.
    """

    name_key: ClassVar[str]
    """The KeyField that no other row of the organization has the same."""

    also_searched: ClassVar[tuple[str, ...]] = ()
    """Other KeyFields that are searched, without letter case."""

    searched_exactly: ClassVar[tuple[str, ...]] = ()
    """Those that are searched as they are, letter case included."""

    at_least: Self | None = None
    """Some of the rows of a search, which are counted quicker than all of them."""

    def keys_found_by(self, text: str) -> models.QuerySet[Any]:
        """The keys of rows of which a column begins with *text*, or whose id it is."""
        by_name, *others = self._found(text)
        # What a name finds is mostly in the other columns too, and bringing together
        # what is found twice is what costs.
        others = [
            rows.exclude(begins(self.name_key, match_key(text))) for rows in others
        ]
        return self._keys([rows.order_by() for rows in (by_name, *others)])

    def named_like(self, text: str) -> Self:
        """The rows whose *name_key* begins with *text*: most of what a search finds."""
        return self.filter(begins(self.name_key, match_key(text)))

    def first_found_by(self, text: str, most: int) -> Self:
        """Up to *most* of them, by name.

        Each index yields its first rows, so a single letter costs no more than a name.
        """
        # A compound statement takes no LIMIT on SQLite, but a subquery does.
        first = [
            self.filter(pk__in=rows.values("pk")[:most]).order_by()
            for rows in self._found(text)
        ]
        found = self.filter(**{f"{self.name_key}__in": self._keys(first)})
        return found.order_by(self.name_key)[:most]

    def with_scim_id(self, scim_id: object) -> Self:
        """The row of that SCIM id; none when it does not decode, or rows have none."""
        return self.none()

    def _found(self, text: str) -> list[Self]:
        """Return the rows that each index finds, in its order; those by name first."""
        key = match_key(text)
        sought = [(column, key) for column in (self.name_key, *self.also_searched)]
        sought += [(column, text) for column in self.searched_exactly]
        return [
            *(
                self.filter(begins(column, start)).order_by(column)
                for column, start in sought
            ),
            self.with_scim_id(text),
        ]

    def _keys(self, found: list[Self]) -> models.QuerySet[Any]:
        """Return the keys of the rows that at least one of *found* has."""
        keys = [rows.values(self.name_key) for rows in found]
        return keys[0].union(*keys[1:])


class Resource(models.Model):
    """The columns that users and groups share: document, version and times."""

    data = DocumentField(
        default=dict,
        help_text="The SCIM attributes as accepted, in canonical spelling, without "
        "id, meta, groups and members. The other columns are derived from it.",
    )
    search = DocumentField(
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
