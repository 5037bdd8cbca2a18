from __future__ import annotations

from django.apps import AppConfig


class ScimConfig(AppConfig):
    name = "scim"
    verbose_name = "Directory"
    # Ids of people and groups are shown in 32 bits (scim.ids), so the key is too.
    default_auto_field = "django.db.models.AutoField"
