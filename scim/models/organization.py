from __future__ import annotations

import secrets
from typing import Any, ClassVar, Self

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from scim.extensions import Extensions, extensions_of, served
from scim.models.base import KeyField, NamedQuerySet, OrganizationQuerySet, begins
from scim.naming.domains import LONGEST, domain_key, validate_domain
from scim.profiles import PROFILES, BehaviourProfile, behaviour
from scim.text import match_key

ORG_ID_LENGTH = 8

MOST_MIB = 1024 * 1024
"""Of events, which is a TiB: more is a mistake."""


def new_org_id() -> int:
    """Return a random 8-digit organization id; the real ones are 8 digits too."""
    return 10_000_000 + secrets.randbelow(90_000_000)


class OrgIdField(models.PositiveIntegerField):  # type: ignore[type-arg]
    """The key of an organization, which draws one where none is given."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, "default": new_org_id})

    def deconstruct(self) -> Any:
        """For migrations it is a PositiveIntegerField: the database draws nothing."""
        name, _, args, kwargs = super().deconstruct()
        del kwargs["default"]
        return name, "django.db.models.PositiveIntegerField", args, kwargs


class OrganizationQuerySetForOrganization(models.QuerySet["Organization"]):
    def named(self, name: str) -> Self:
        """The organization of that name, letter case aside."""
        return self.filter(name_key=match_key(name))

    def by_name(self) -> Self:
        return self.order_by("name_key")

    def found_by(self, term: str) -> Self:
        """The organizations whose name begins with *term*, or whose Company ID it is."""
        found = begins("name_key", match_key(term))
        if term.isascii() and term.isdecimal() and len(term) == ORG_ID_LENGTH:
            found |= models.Q(pk=int(term))
        return self.filter(found)


class Organization(models.Model):
    """A tenant. Its 8-digit id is the key that every other row carries."""

    class Package(models.TextChoices):
        BUSINESS = "business", "Business"
        ENTERPRISE = "enterprise", "Enterprise"

    org_id: models.PositiveIntegerField[int, int] = OrgIdField(primary_key=True)
    name = models.CharField(max_length=254)
    name_key = KeyField(unique=True, editable=False)
    cloud = models.CharField(max_length=254, default="zscalerone.net")
    package = models.CharField(
        max_length=16, choices=Package.choices, default=Package.ENTERPRISE
    )
    profile = models.CharField(
        max_length=16, choices=[(name, name) for name in PROFILES], default="zscaler"
    )
    profile_overrides = models.JSONField(default=dict, blank=True)
    schema_extensions = models.JSONField(
        default=list,
        blank=True,
        help_text="What scim.extensions reads. Changed by scim.services only.",
    )
    event_days = models.PositiveSmallIntegerField(
        "Events, days",
        default=14,
        validators=[MinValueValidator(1), MaxValueValidator(3650)],
        help_text="Provisioning calls and sign-ons. Zscaler keeps its event logs for 14 "
        "days.",
    )
    event_mib = models.PositiveIntegerField(
        "Events, MiB",
        default=1024,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_MIB)],
        help_text="When all events are larger, the oldest go before their time.",
    )
    audit_months = models.PositiveSmallIntegerField(
        "Audit entries, months",
        default=6,
        validators=[MinValueValidator(1), MaxValueValidator(120)],
        help_text="What administrators changed. Zscaler keeps its audit logs for 6 "
        "months; a month counts 31 days here.",
    )
    event_mib_a_day = models.PositiveIntegerField(
        "Events of a day with bodies, MiB",
        default=256,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_MIB)],
        help_text="When a day's events are larger, later ones have no bodies until the "
        "next day (UTC). Each call still has its line, and none is refused.",
    )
    created = models.DateTimeField(auto_now_add=True)

    objects = OrganizationQuerySetForOrganization.as_manager()

    def __str__(self) -> str:
        return self.name

    def save(self, *args: object, **kwargs: object) -> None:
        self.name_key = match_key(self.name)
        super().save(*args, **kwargs)  # type: ignore[arg-type]

    @property
    def behaviour(self) -> BehaviourProfile:
        return behaviour(self.profile, self.profile_overrides)

    @property
    def extensions(self) -> Extensions:
        """The schema extensions that the organization has declared for its users."""
        return extensions_of(self.schema_extensions)

    @property
    def served_extensions(self) -> Extensions:
        """Those that have attributes: a schema without any is of no use to a client."""
        return served(self.extensions)

    @property
    def scim_path(self) -> str:
        """Where the SCIM service of this organization starts, without a host."""
        return f"/{self.org_id}/scim"


class DomainField(models.CharField):  # type: ignore[type-arg]
    """The name of a domain, which is checked before it is stored."""

    default_validators = [validate_domain]

    def deconstruct(self) -> Any:
        """For migrations it is a CharField: the database checks nothing."""
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.CharField", args, kwargs


class DomainQuerySet(OrganizationQuerySet):
    def named(self, name: str) -> Self:
        """The rows of that domain, in whichever spelling; none for what is no text."""
        return self.none() if "\0" in name else self.filter(name=domain_key(name))

    def of_others(self, organization: Organization) -> Self:
        """Those of all organizations but this one."""
        return self.exclude(organization=organization)


class Domain(models.Model):
    """A domain whose people may be provisioned.

    Several organizations may share it, but at most one has taken it by itself.
    """

    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="domains"
    )
    name: models.CharField[str, str] = DomainField(
        max_length=LONGEST, help_text="As scim.naming.domains.domain_key has it."
    )
    given = models.BooleanField(
        default=True,
        help_text="Whether somebody registered it who may register what another "
        "organization has, too.",
    )
    created = models.DateTimeField(auto_now_add=True)

    objects = DomainQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["name"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organization", "name"], name="scim_domain_unique"
            ),
            models.UniqueConstraint(
                fields=["name"],
                condition=models.Q(given=False),
                name="scim_domain_taken_once",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class DepartmentQuerySet(NamedQuerySet):
    name_key = "name_key"


class Department(models.Model):
    """A department, made by name when a user arrives with it."""

    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="departments"
    )
    name = models.CharField(max_length=254)
    name_key = KeyField()
    created = models.DateTimeField(auto_now_add=True)

    objects = DepartmentQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["name_key"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organization", "name_key"], name="scim_department_unique"
            )
        ]

    def __str__(self) -> str:
        return self.name
