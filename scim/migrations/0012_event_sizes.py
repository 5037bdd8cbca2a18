"""Counts what events take, so that each organization's log can have an end."""

from datetime import UTC

import django.core.validators
import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Sum
from django.db.models.functions import Length, TruncDate


def count_what_is_there(apps, schema_editor):
    events = apps.get_model("scim", "ProvisioningEvent").objects
    # 500 for the row and its indexes, as scim.events.quota has it.
    events.update(size=500 + Length("request_body") + Length("response_body"))
    days = (
        events.order_by()
        .annotate(day=TruncDate("time", tzinfo=UTC))
        .values_list("organization", "day")
        .annotate(Sum("size"))
    )
    EventDay = apps.get_model("scim", "EventDay")
    EventDay.objects.bulk_create(
        EventDay(organization_id=organization, day=day, written=size, kept=size)
        for organization, day, size in days
    )


class Migration(migrations.Migration):

    dependencies = [
        ('scim', '0011_event_indexes'),
    ]

    operations = [
        migrations.AddField(
            model_name='organization',
            name='event_mib_a_day',
            field=models.PositiveIntegerField(default=256, help_text="When a day's events are larger, later ones have no bodies until the next day (UTC). Each call still has its line, and none is refused.", validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(1048576)], verbose_name='Events of a day with bodies, MiB'),
        ),
        migrations.AddField(
            model_name='provisioningevent',
            name='size',
            field=models.PositiveIntegerField(default=0, help_text='Bytes that it takes, more or less (scim.events.quota).'),
        ),
        migrations.CreateModel(
            name='EventDay',
            fields=[
                ('id', models.AutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField()),
                ('written', models.PositiveBigIntegerField(default=0)),
                ('kept', models.PositiveBigIntegerField(default=0)),
                ('organization', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, to='scim.organization')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('organization', 'day'), name='scim_event_day_unique')],
            },
        ),
        migrations.RunPython(count_what_is_there, migrations.RunPython.noop, elidable=True),
    ]
