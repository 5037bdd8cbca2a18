"""Headless set-up: an organization, ready for an identity provider."""

from __future__ import annotations

import json
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from scim.models import Organization
from scim.profiles import PROFILES
from zportal.models import Administrator
from zportal.organizations.setup import NewOrganization, set_up_organization


class Command(BaseCommand):
    help = (
        "Make an organization with its domains, and an administrator and SCIM access."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", metavar="NAME")
        parser.add_argument(
            "--domain",
            action="append",
            default=[],
            dest="domains",
            metavar="D",
            help="a registered domain; repeat it for more",
        )
        parser.add_argument(
            "--admin", metavar="LOGIN", help="also make this administrator"
        )
        parser.add_argument(
            "--role",
            choices=Administrator.Role.values,
            default=Administrator.Role.SUPER_ADMIN.value,
        )
        parser.add_argument(
            "--package",
            choices=Organization.Package.values,
            default=Organization.Package.ENTERPRISE.value,
        )
        parser.add_argument("--profile", choices=list(PROFILES), default="zscaler")
        parser.add_argument(
            "--enable-scim",
            action="store_true",
            help="choose SAML, live, switch SCIM on and issue a bearer token",
        )
        parser.add_argument(
            "--json", action="store_true", help="print the result as one line of JSON"
        )

    def handle(self, **options: Any) -> None:
        try:
            made = set_up_organization(
                name=options["name"],
                domains=options["domains"],
                package=options["package"],
                profile=options["profile"],
                admin=options["admin"],
                role=options["role"],
                enable_scim=options["enable_scim"],
                actor="create_organization",
            )
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        except DatabaseError as error:
            raise CommandError(
                f"The database did not take it: {str(error).strip()}. If tables are "
                "missing, run: manage.py migrate. If it is locked or away, try again."
            ) from error
        result = as_document(made)
        if options["json"]:
            self.stdout.write(json.dumps(result))
            return
        for key, value in result.items():
            text = ", ".join(value) if isinstance(value, list) else value
            self.stdout.write(f"{key.replace('_', ' ') + ':':16}{text}")


def as_document(made: NewOrganization) -> dict[str, Any]:
    """What was made; secrets are in it only when they were made, too."""
    organization = made.organization
    document: dict[str, Any] = {
        "org_id": organization.org_id,
        "name": organization.name,
        "domains": made.domains,
        "profile": organization.profile,
        "package": str(organization.package),
        "base_url": made.base_url,
    }
    if made.administrator:
        document["admin_login"] = made.administrator.login
        document["admin_password"] = made.administrator.password
    if made.bearer_token:
        document["bearer_token"] = made.bearer_token
    return document
