"""Organizations made without a browser: the first one, and those of pipelines."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from django.contrib.auth.hashers import make_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.views.decorators.debug import sensitive_variables

from scim.db.database_errors import is_conflict
from scim.models import Organization
from scim.resources.representation import base_url
from scim.services import organizations as scim
from scim.text import match_key
from zportal.models import Administrator, AuthenticationSettings, Stage

READABLE_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"
"""Without l, o, 0 and 1, which are mistaken for each other."""


@dataclass(frozen=True)
class NewAdministrator:
    """A new administrator, and the password that is kept nowhere."""

    login: str
    password: str


class NewPassword(NamedTuple):
    """A generated password, and what is stored of it."""

    text: str
    hashed: str


@dataclass(frozen=True)
class NewOrganization:
    """A new organization, and the secrets that were made with it."""

    organization: Organization
    domains: list[str]
    administrator: NewAdministrator | None
    bearer_token: str | None

    @property
    def base_url(self) -> str:
        """What an identity provider is given: Base URL here, Tenant URL in Entra."""
        return base_url(self.organization)


def set_up_organization(
    *,
    name: str,
    domains: Sequence[str],
    package: str = Organization.Package.ENTERPRISE,
    profile: str = "zscaler",
    admin: str | None = None,
    role: str = Administrator.Role.SUPER_ADMIN,
    is_superuser: bool = False,
    enable_scim: bool = False,
    password: NewPassword | None = None,
    actor: str,
) -> NewOrganization:
    """Make an organization and what was asked for with it, or nothing at all.

    *password* is that of *admin*; without one, one is made. Raises ValidationError with
    one sentence for each reason to refuse.
    """
    _refuse(name, domains, package, admin, enable_scim=enable_scim)
    if admin is not None:
        password = password or new_password()
    try:
        with transaction.atomic():
            organization = scim.create_organization(
                name=name, domains=domains, package=package, profile=profile
            )
            administrator = None
            if admin is not None:
                administrator = add_administrator(
                    organization=organization,
                    login=admin,
                    role=role,
                    is_superuser=is_superuser,
                    password=password,
                )
            token = None
            if enable_scim:
                token = open_provisioning(organization=organization, actor=actor)
    except IntegrityError as error:
        if not is_conflict(error):
            raise
        # Another process was quicker with the same name or login.
        raise ValidationError(
            "That organization name or login was taken a moment ago."
        ) from error
    registered = organization.domains.order_by("pk").values_list("name", flat=True)
    return NewOrganization(organization, list(registered), administrator, token)


def add_administrator(
    *,
    organization: Organization,
    login: str,
    role: str = Administrator.Role.SUPER_ADMIN,
    is_superuser: bool = False,
    password: NewPassword | None = None,
) -> NewAdministrator:
    """Make an administrator with a generated password, *password* if there is one.

    Raises ValidationError when the login is no login or is taken.
    """
    password = password or new_password()
    administrator = Administrator(
        login=match_key(login),
        password=password.hashed,
        home=organization,
        role=role,
        is_superuser=is_superuser,
    )
    administrator.full_clean()
    administrator.save()
    return NewAdministrator(administrator.login, password.text)


@transaction.atomic
def open_provisioning(*, organization: Organization, actor: str) -> str:
    """Choose SAML, live, switch SCIM on, and return the secret of a live token."""
    for stage in Stage.values:
        AuthenticationSettings.objects.update_or_create(
            organization=organization,
            stage=stage,
            defaults={"authentication_type": AuthenticationSettings.Type.SAML},
        )
    scim.set_provisioning(organization=organization, enabled=True, actor=actor)
    _, secret = scim.generate_token(organization=organization, actor=actor)
    scim.activate_token(organization=organization, actor=actor)
    return secret


@sensitive_variables()
def new_password() -> NewPassword:
    """Generate a password and hash it, which may raise TooManyPasswords."""
    text = generate_password()
    return NewPassword(text, make_password(text))


def generate_password() -> str:
    """Return 100 random bits as four groups that can be read out and typed."""
    groups = (
        "".join(secrets.choice(READABLE_LETTERS) for _ in range(5)) for _ in range(4)
    )
    return "-".join(groups)


def _refuse(
    name: str,
    domains: Sequence[str],
    package: str,
    admin: str | None,
    *,
    enable_scim: bool,
) -> None:
    """Raise ValidationError with every reason, not only the first that is met."""
    reasons = []
    try:
        scim.check_name(name)
    except ValidationError as error:
        reasons += error.messages
    if not domains:
        reasons.append("An organization needs a domain: --domain contoso.example")
    if admin is not None:
        reasons += reasons_against_login(admin)
    if enable_scim and package != Organization.Package.ENTERPRISE:
        reasons.append("SCIM needs the package enterprise.")
    if reasons:
        raise ValidationError(reasons)


def reasons_against_login(login: str) -> list[str]:
    """Say why *login* cannot be that of a new administrator."""
    longest = Administrator._meta.get_field("login").max_length or 0
    is_login = login.isprintable() and not any(map(str.isspace, login))
    if not login or not is_login or len(match_key(login)) > longest:
        return [f"A login is 1 to {longest} characters long, without spaces."]
    if Administrator.objects.filter(login=match_key(login)).exists():
        return [f"There is an administrator with the login “{login}” already."]
    return []
