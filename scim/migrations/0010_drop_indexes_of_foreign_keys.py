"""Drops two indexes that others begin with: every event and member wrote them as well.

By SQL, because Django would write the whole table anew on SQLite.
"""

import django.db.models.deletion
from django.db import migrations, models


def dropped(name, table):
    return migrations.RunSQL(
        f'DROP INDEX IF EXISTS "{name}"',
        f'CREATE INDEX "{name}" ON "{table}" ("organization_id")',
    )


class Migration(migrations.Migration):
    dependencies = [
        ("scim", "0009_sign_ons"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                dropped(
                    "scim_provisioningevent_organization_id_bc86d5cb",
                    "scim_provisioningevent",
                ),
                dropped(
                    "scim_groupmembership_organization_id_cfe5d0d4",
                    "scim_groupmembership",
                ),
            ],
            state_operations=[
                migrations.AlterField(
                    model_name="provisioningevent",
                    name="organization",
                    field=models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="events",
                        to="scim.organization",
                    ),
                ),
                migrations.AlterField(
                    model_name="groupmembership",
                    name="organization",
                    field=models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        to="scim.organization",
                    ),
                ),
            ],
        ),
    ]
