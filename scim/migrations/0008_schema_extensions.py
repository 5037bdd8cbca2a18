from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("scim", "0007_bulk_action"),
    ]

    operations = [
        migrations.AddField(
            model_name="organization",
            name="schema_extensions",
            field=models.JSONField(
                blank=True,
                default=list,
                help_text="What scim.extensions reads. Changed by scim.services only.",
            ),
        ),
    ]
