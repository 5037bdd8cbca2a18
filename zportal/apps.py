from __future__ import annotations

from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "zportal"
    verbose_name = "Portal"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Each of them registers itself: the system checks, and the pages of the admin.
        import zportal.startup.checks
        import zportal.startup.history
        import zportal.user_management.departments
        import zportal.user_management.groups
        import zportal.user_management.users  # noqa: F401
