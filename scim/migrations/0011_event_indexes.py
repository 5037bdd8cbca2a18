"""Gives what is asked of the event log indexes that hold nothing else, and drops one
that every call wrote and nothing asks any more."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('scim', '0010_drop_indexes_of_foreign_keys'),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name='provisioningevent',
            name='scim_event_outcome',
        ),
        migrations.AddIndex(
            model_name='provisioningevent',
            index=models.Index(condition=models.Q(models.Q(('actor', 'unknown'), _negated=True), models.Q(('actor', 'SAML sign-on'), _negated=True)), fields=['organization', '-id'], name='scim_event_client'),
        ),
        migrations.AddIndex(
            model_name='provisioningevent',
            index=models.Index(condition=models.Q(('actor', 'unknown')), fields=['organization', 'time'], name='scim_event_anonymous'),
        ),
        migrations.AddIndex(
            model_name='provisioningevent',
            index=models.Index(condition=models.Q(('action', 'sign-on'), ('outcome', 'refused')), fields=['organization', 'time'], name='scim_event_refused_sign_on'),
        ),
        migrations.AddIndex(
            model_name='provisioningevent',
            index=models.Index(condition=models.Q(('outcome', 'refused'), models.Q(('refused_domain', ''), _negated=True)), fields=['organization', '-id'], name='scim_event_refused_domain'),
        ),
    ]
