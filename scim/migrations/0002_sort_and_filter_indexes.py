from __future__ import annotations

from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models

import scim.models.base


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("scim", "0001_initial"),
    ]

    operations: ClassVar = [
        migrations.CreateModel(
            name="EmailAddress",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "organization",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        to="scim.organization",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="email_addresses",
                        to="scim.directoryuser",
                    ),
                ),
                (
                    "place",
                    models.PositiveSmallIntegerField(
                        help_text="Counted within the user."
                    ),
                ),
                ("value_key", scim.models.base.KeyField(max_length=254)),
            ],
        ),
        migrations.RemoveIndex(
            model_name="directorygroup",
            name="scim_group_modified",
        ),
        migrations.RemoveIndex(
            model_name="directoryuser",
            name="scim_user_display",
        ),
        migrations.RemoveIndex(
            model_name="directoryuser",
            name="scim_user_modified",
        ),
        migrations.AlterField(
            model_name="directorygroup",
            name="organization",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="groups",
                to="scim.organization",
            ),
        ),
        migrations.AlterField(
            model_name="directoryuser",
            name="organization",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="users",
                to="scim.organization",
            ),
        ),
        migrations.AddIndex(
            model_name="directorygroup",
            index=models.Index(fields=["organization", "id"], name="scim_group_order"),
        ),
        migrations.AddIndex(
            model_name="directorygroup",
            index=models.Index(
                fields=["organization", "created", "id"], name="scim_group_by_created"
            ),
        ),
        migrations.AddIndex(
            model_name="directorygroup",
            index=models.Index(
                fields=["organization", "modified", "id"], name="scim_group_by_modified"
            ),
        ),
        migrations.AddIndex(
            model_name="directoryuser",
            index=models.Index(fields=["organization", "id"], name="scim_user_order"),
        ),
        migrations.AddIndex(
            model_name="directoryuser",
            index=models.Index(
                fields=["organization", "display_name_key", "id"],
                name="scim_user_display",
            ),
        ),
        migrations.AddIndex(
            model_name="directoryuser",
            index=models.Index(
                fields=["organization", "created", "id"], name="scim_user_by_created"
            ),
        ),
        migrations.AddIndex(
            model_name="directoryuser",
            index=models.Index(
                fields=["organization", "modified", "id"], name="scim_user_by_modified"
            ),
        ),
        migrations.AddIndex(
            model_name="directoryuser",
            index=models.Index(
                fields=["organization", "manager_value"], name="scim_user_manager"
            ),
        ),
        migrations.AddIndex(
            model_name="emailaddress",
            index=models.Index(
                fields=["organization", "value_key", "user"], name="scim_email_value"
            ),
        ),
        migrations.AddConstraint(
            model_name="emailaddress",
            constraint=models.UniqueConstraint(
                fields=("user", "place"), name="scim_email_place"
            ),
        ),
    ]
