"""What every row of an organization has in common."""

from __future__ import annotations

import json
from typing import Any, Self

import orjson
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Q

from scim.text import KEY_LENGTH

LAST_CHARACTER = chr(0x10FFFF)


class KeyField(models.CharField):  # type: ignore[type-arg]
    """A match key, which both databases compare byte by byte.

    SQLite does so anyway. PostgreSQL is told to: by a language's rules an index could
    not find the keys that begin with something.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", KEY_LENGTH)
        super().__init__(*args, **kwargs)

    def db_parameters(self, connection: BaseDatabaseWrapper) -> Any:
        parameters: Any = super().db_parameters(connection)
        if connection.vendor == "postgresql":
            parameters["collation"] = "C"
        return parameters


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
