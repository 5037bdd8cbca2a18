"""The verbs about an organization itself: making it, its domains, switch and tokens.

Its schema extensions have verbs of their own, in scim.services.schema_extensions.
The verbs about people and groups are in scim.services.provisioning. SCIM and the portal use
both; nobody else changes these rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from scim.db.database_errors import is_conflict
from scim.models import (
    BearerToken,
    DirectoryUser,
    Domain,
    Organization,
    ProvisioningConnection,
)
from scim.naming import organization_names
from scim.naming.domains import written_domain
from scim.profiles import overrides_of

PEOPLE_NAMED = 3
"""Of those whose domain cannot be removed; the others are counted."""


@transaction.atomic
def create_organization(
    *,
    name: str,
    domains: Iterable[str],
    package: str = Organization.Package.ENTERPRISE,
    profile: str = "zscaler",
) -> Organization:
    """Make an organization with its domains and a switched-off connection.

    The domains may be those of other organizations, too. Raises ValidationError for a
    name that check_name refuses, or a domain that is none.
    """
    check_name(name)
    organization = Organization(name=name.strip(), package=package, profile=profile)
    organization.save(force_insert=True)
    for domain in domains:
        register_domain(organization=organization, name=domain, may_share=True)
    ProvisioningConnection.objects.create(organization=organization)
    return organization


def check_name(name: str, *, of: Organization | None = None) -> None:
    """Raise ValidationError unless a new organization, or *of*, may have this name.

    It may not when it is blank, too long or taken, or when it deceives: it hides
    characters, mixes scripts, or looks like the name of another organization.
    """
    name = name.strip()
    longest = Organization._meta.get_field("name").max_length or 0
    if not name or len(name) > longest or organization_names.hides(name):
        raise ValidationError(
            f"An organization name is 1 to {longest} printable characters long, without "
            "any that cannot be seen."
        )
    if organization_names.mixes_scripts(name):
        raise ValidationError(
            f"“{name}” mixes letters of several scripts, which may look alike. Write it "
            "in one; Chinese, Japanese and Korean names may have Latin letters, too."
        )
    others = Organization.objects.all()
    if of is not None:
        others = others.exclude(pk=of.pk)
    if others.named(name).exists():
        raise ValidationError(f"There is an organization named “{name}” already.")
    looks = organization_names.looks(name)
    for other in others.values_list("name", flat=True).iterator():
        if looks & organization_names.looks(other):
            raise ValidationError(
                f"“{name}” looks like the name of another organization. Take one that "
                "nobody mistakes for it."
            )


@transaction.atomic
def register_domain(
    *, organization: Organization, name: str, may_share: bool = False
) -> Domain:
    """Register a domain, so that its people may be provisioned.

    *may_share* says whether it may be one that another organization has; those who sign
    on by their domain choose between the two then. Raises ValidationError when it may
    not and is, or when *name* is no domain name; registering twice is no error.
    """
    key = written_domain(name)
    Domain(organization=organization, name=key).clean_fields()
    domains = Domain.objects.named(key)
    own: Domain | None = domains.for_organization(organization).first()
    if own is not None:
        return own
    taken = ValidationError(
        f"{key} is registered in another organization of this portal. A superuser can "
        "register it here as well, on Company Profile."
    )
    if not may_share and domains.exists():
        raise taken
    try:
        with transaction.atomic():
            own = Domain.objects.create(
                organization=organization, name=key, given=may_share
            )
    except IntegrityError as error:
        if not is_conflict(error):
            raise
        # Somebody was quicker: another administrator here, or of another organization.
        own = domains.for_organization(organization).first()
        if own is None:
            raise taken from error
    return own


def set_behaviour(
    *, organization: Organization, profile: str, rules: Mapping[str, Any]
) -> None:
    """Let the organization follow *profile*, with these *rules* where they differ.

    It takes effect with the next call. Raises KeyError for a profile or a rule that
    does not exist; the values are the caller's to validate.
    """
    organization.profile = profile
    organization.profile_overrides = overrides_of(profile, rules)
    organization.save(update_fields=["profile", "profile_overrides"])


def set_retention(*, organization: Organization, limits: Mapping[str, int]) -> None:
    """Keep the organization's logs as *limits* say, by the names of its fields.

    Those are ``event_days``, ``event_mib``, ``event_mib_a_day`` and ``audit_months``. The
    values are the caller's to validate. What is over a new limit goes with the next
    pruning.
    """
    for name, limit in limits.items():
        setattr(organization, name, limit)
    organization.save(update_fields=list(limits))


@transaction.atomic
def unregister_domain(*, organization: Organization, name: str) -> bool:
    """Remove a registered domain and return True; False when it is not registered.

    Raises ValidationError, and changes nothing, while people of the domain exist or
    when it is the last one. Provisioning looks a domain up without a lock, so a person
    who arrives at this very moment may stay behind without a registered domain, as
    people do who were provisioned before a change of profile.
    """
    Organization.objects.select_for_update().get(pk=organization.pk)
    name = written_domain(name)
    domains = Domain.objects.for_organization(organization)
    if not domains.filter(name=name).exists():
        return False
    people = DirectoryUser.objects.for_organization(organization).of_domain(name)
    if number := people.count():
        raise ValidationError(_in_use(name, number, people.user_ids(PEOPLE_NAMED)))
    if domains.count() == 1:
        raise ValidationError(
            f"{name} is the last registered domain. Register another one first."
        )
    domains.filter(name=name).delete()
    return True


def _in_use(name: str, number: int, first: list[str]) -> str:
    return (
        f"{name} is in use by {named_people(number, first)}. Give them another "
        "userName or delete them in the identity provider first."
    )


def named_people(number: int, first: list[str]) -> str:
    """Return how many people there are, and the names of the *first* of them."""
    people = "1 person" if number == 1 else f"{number:,} people"
    more = f" and {number - len(first):,} more" if number > len(first) else ""
    return f"{people}: {', '.join(first)}{more}"


def set_provisioning(
    *, organization: Organization, enabled: bool, actor: str
) -> ProvisioningConnection:
    """Switch the SCIM service of an organization on or off, at once."""
    connection, _ = ProvisioningConnection.objects.update_or_create(
        organization=organization,
        defaults={
            "enabled": enabled,
            "changed_by": actor,
            "changed_at": timezone.now(),
        },
    )
    return connection


def generate_token(
    *, organization: Organization, actor: str
) -> tuple[BearerToken, str]:
    """Store a pending token and return it with its secret, which is shown only once."""
    BearerToken.objects.for_organization(organization).abandoned().delete()
    token, secret = BearerToken.generate(organization, actor)
    token.save(force_insert=True)
    return token, secret


@transaction.atomic
def activate_token(*, organization: Organization, actor: str) -> BearerToken | None:
    """Put *actor*'s newest pending token in the place of the live one.

    Returns None, and changes nothing, when the actor has no pending token. The
    actor's other pending tokens are deleted: they were never going to work.
    """
    # The row of the organization orders two administrators who save at once.
    Organization.objects.select_for_update().get(pk=organization.pk)
    tokens = BearerToken.objects.for_organization(organization)
    own = tokens.pending().filter(created_by=actor)
    newest: BearerToken | None = own.order_by("-pk").first()
    if newest is None:
        return None
    now = timezone.now()
    tokens.live().update(revoked_at=now)
    newest.activated_at = now
    newest.save(update_fields=["activated_at"])
    own.delete()
    return newest


def discard_pending_tokens(*, organization: Organization, actor: str) -> None:
    """Delete the tokens that *actor* generated and did not save."""
    BearerToken.objects.for_organization(organization).pending().filter(
        created_by=actor
    ).delete()
