from __future__ import annotations

from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "zportal"
    verbose_name = "Portal"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from zportal import checks  # noqa: F401 - registers the system checks
