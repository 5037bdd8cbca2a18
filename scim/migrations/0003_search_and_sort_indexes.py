"""Indexes by which the portal's lists search and sort.

Apart from 0002, because PostgreSQL makes no index in the transaction that filled the rows.
"""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('scim', '0002_search_and_sort_keys'),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name='directorygroup',
            name='scim_group_external',
        ),
        migrations.RemoveIndex(
            model_name='directorygroup',
            name='scim_group_modified',
        ),
        migrations.RemoveIndex(
            model_name='directoryuser',
            name='scim_user_external',
        ),
        migrations.RemoveIndex(
            model_name='directoryuser',
            name='scim_user_display',
        ),
        migrations.RemoveIndex(
            model_name='directoryuser',
            name='scim_user_modified',
        ),
        migrations.RemoveIndex(
            model_name='directoryuser',
            name='scim_user_dept',
        ),
        migrations.RemoveIndex(
            model_name='directoryuser',
            name='scim_user_active',
        ),
        migrations.AddIndex(
            model_name='directorygroup',
            index=models.Index(fields=['organization', 'scim_external_id', 'display_name_key'], name='scim_group_external'),
        ),
        migrations.AddIndex(
            model_name='directorygroup',
            index=models.Index(fields=['organization', 'last_word_key', 'display_name_key'], name='scim_group_last_word'),
        ),
        migrations.AddIndex(
            model_name='directorygroup',
            index=models.Index(fields=['organization', 'modified', 'display_name_key'], name='scim_group_modified'),
        ),
        migrations.AddIndex(
            model_name='directoryuser',
            index=models.Index(fields=['organization', 'id', 'user_name_key'], name='scim_user_key'),
        ),
        migrations.AddIndex(
            model_name='directoryuser',
            index=models.Index(fields=['organization', 'scim_external_id', 'user_name_key'], name='scim_user_external'),
        ),
        migrations.AddIndex(
            model_name='directoryuser',
            index=models.Index(fields=['organization', 'family_name_key', 'user_name_key'], name='scim_user_family'),
        ),
        migrations.AddIndex(
            model_name='directoryuser',
            index=models.Index(fields=['organization', 'is_enabled', 'user_name_key'], name='scim_user_enabled'),
        ),
        migrations.AddIndex(
            model_name='directoryuser',
            index=models.Index(fields=['organization', 'display_name_key', 'user_name_key', 'is_enabled'], name='scim_user_display'),
        ),
        migrations.AddIndex(
            model_name='directoryuser',
            index=models.Index(fields=['organization', 'modified', 'user_name_key', 'is_enabled'], name='scim_user_modified'),
        ),
        migrations.AddIndex(
            model_name='directoryuser',
            index=models.Index(fields=['organization', 'department_key', 'user_name_key', 'is_enabled'], name='scim_user_dept'),
        ),
    ]
