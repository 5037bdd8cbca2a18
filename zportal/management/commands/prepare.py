"""What ``make run`` does before it serves. Repeating it changes nothing."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import Tags
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import DEFAULT_DB_ALIAS, transaction

from scim.models import Organization
from zportal.models import Administrator
from zportal.organizations.setup import (
    NewAdministrator,
    add_administrator,
    set_up_organization,
)
from zportal.settings import env
from zportal.startup.checks import SETTINGS_CHECKS, refuse_unsafe_settings
from zportal.startup.secret_key import ensure_secret_key
from zportal.startup.static_files import collect_static_files

FIRST_LOGIN = "admin"


class Command(BaseCommand):
    help = (
        "Generate the secret key, migrate, collect static files, and make the first "
        "organization and administrator - each only when it is missing."
    )
    # They would complain about the very things that this command provides.
    requires_system_checks = ()

    def handle(self, **options: Any) -> None:
        # Whoever made it before, and under whatever umask.
        settings.VAR_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
        settings.VAR_DIR.chmod(0o700)
        if not env.str("SECRET_KEY", default=""):
            # This process read its settings before the key existed.
            settings.SECRET_KEY = ensure_secret_key(settings.SECRET_KEY_FILE)
        refuse_unsafe_settings(SETTINGS_CHECKS)
        # A command that is called by another one, such as migrate, checks nothing.
        self.check(tags=[Tags.database], databases=[DEFAULT_DB_ALIAS])
        call_command("migrate", interactive=False, verbosity=0)
        if not settings.DEBUG:
            collect_static_files()
        try:
            first = make_first_administrator()
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        lines = [f"zportal is at  {settings.PUBLIC_URL}/"]
        if first:
            lines += [
                "",
                f"Login ID       {first.login}",
                f"Password       {first.password}",
                "",
                "The password is shown only this once: note it down now.",
            ]
        self.stdout.write(framed(lines) if first else lines[0])


@transaction.atomic
def make_first_administrator() -> NewAdministrator | None:
    """Make an administrator, and an organization for it, when there is none."""
    if Administrator.objects.exists():
        return None
    organization = Organization.objects.order_by("created").first()
    if organization:
        return add_administrator(
            organization=organization, login=FIRST_LOGIN, is_superuser=True
        )
    return set_up_organization(
        name="Contoso",
        domains=[env.str("ORG_DOMAIN", default="contoso.example")],
        admin=FIRST_LOGIN,
        is_superuser=True,
        actor="prepare",
    ).administrator


def framed(lines: list[str]) -> str:
    """Return *lines* in a frame that is not overlooked among log lines."""
    width = max(map(len, lines))
    rule = "*" * (width + 8)
    framed_lines = [f"**  {line:{width}}  **" for line in ["", *lines, ""]]
    return "\n".join(["", rule, *framed_lines, rule, ""])
