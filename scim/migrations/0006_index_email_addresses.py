"""Writes the rows by which e-mail addresses are looked up, for users that are there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from django.db import migrations

from scim.models.email import email_keys

BATCH = 2_000


def index(apps: Any, schema_editor: Any) -> None:
    users = apps.get_model("scim", "DirectoryUser").objects.order_by("pk")
    address = apps.get_model("scim", "EmailAddress")

    def rows() -> Iterator[Any]:
        fields = ("pk", "organization_id", "search")
        for pk, organization, search in users.values_list(*fields).iterator(BATCH):
            for place, key in enumerate(email_keys(search)):
                yield address(
                    organization_id=organization,
                    user_id=pk,
                    place=place,
                    value_key=key,
                )

    batch: list[Any] = []
    for row in rows():
        batch.append(row)
        if len(batch) == BATCH:
            address.objects.bulk_create(batch)
            batch = []
    address.objects.bulk_create(batch)


class Migration(migrations.Migration):
    dependencies: ClassVar = [("scim", "0005_email_addresses")]

    operations: ClassVar = [
        migrations.RunPython(index, migrations.RunPython.noop, elidable=True)
    ]
