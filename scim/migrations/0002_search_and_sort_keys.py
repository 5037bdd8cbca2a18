"""Columns by which the portal's lists search and sort."""

import django.db.models.deletion
import scim.models.base
from django.db import migrations, models
from django.db.models import OuterRef, Subquery

from scim.models.user import family_name_key
from scim.text import last_word

BATCH = 500


def derive(apps, schema_editor):
    """Fill the new columns of the rows there are, as assign() does from now on."""
    users = apps.get_model("scim", "DirectoryUser").objects
    departments = apps.get_model("scim", "Department").objects
    users.filter(active=False).update(is_enabled=False)
    named = departments.filter(pk=OuterRef("department")).values("name_key")
    users.filter(department__isnull=False).update(department_key=Subquery(named))
    for some in batches(users.only("search", "display_name_key")):
        for user in some:
            user.family_name_key = family_name_key(user.search, user.display_name_key)
        users.bulk_update(some, ["family_name_key"])
    groups = apps.get_model("scim", "DirectoryGroup").objects
    for some in batches(groups.only("display_name_key")):
        for group in some:
            group.last_word_key = last_word(group.display_name_key)
        groups.bulk_update(some, ["last_word_key"])


def batches(rows):
    """Yield lists of *rows*, by key: what was changed is not met again."""
    last = 0
    while some := list(rows.filter(pk__gt=last).order_by("pk")[:BATCH]):
        yield some
        last = some[-1].pk


class Migration(migrations.Migration):

    dependencies = [
        ('scim', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='directorygroup',
            name='last_word_key',
            field=scim.models.base.KeyField(default='', editable=False, max_length=762),
        ),
        migrations.AddField(
            model_name='directoryuser',
            name='department_key',
            field=scim.models.base.KeyField(editable=False, help_text="The department's name_key, to sort by.", max_length=762, null=True),
        ),
        migrations.AddField(
            model_name='directoryuser',
            name='family_name_key',
            field=scim.models.base.KeyField(default='', editable=False, max_length=762),
        ),
        migrations.AddField(
            model_name='directoryuser',
            name='is_enabled',
            field=models.BooleanField(default=True, editable=False),
        ),
        migrations.AlterField(
            model_name='directoryuser',
            name='organization',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='users', to='scim.organization'),
        ),
        migrations.AlterField(
            model_name='directorygroup',
            name='scim_external_id',
            field=scim.models.base.KeyField(blank=True, default='', max_length=254, verbose_name='external ID'),
        ),
        migrations.AlterField(
            model_name='directoryuser',
            name='scim_external_id',
            field=scim.models.base.KeyField(blank=True, default='', max_length=254, verbose_name='external ID'),
        ),
        migrations.RunPython(derive, migrations.RunPython.noop, elidable=True),
    ]
