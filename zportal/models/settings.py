"""What the Authentication Settings page stores.

Each table holds two rows an organization: ``staged`` is what Save stores and the page
shows, ``active`` is what sign-on uses since the last activation.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models

from scim.models import Organization
from zportal.certificates import described
from zportal.models.saml import SigningKey


class Stage(models.TextChoices):
    STAGED = "staged", "Saved"
    ACTIVE = "active", "Active"


class StagedQuerySet(models.QuerySet["StagedModel"]):
    def at(self, organization: Organization, stage: Stage) -> StagedModel:
        """The row of *organization* at *stage*, unsaved with defaults when there is none."""
        found = self.filter(organization=organization, stage=stage).first()
        return found or self.model(organization=organization, stage=stage)


class StagedModel(models.Model):
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE)
    stage = models.CharField(max_length=8, choices=Stage)

    objects = StagedQuerySet.as_manager()

    class Meta:
        abstract = True
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organization", "stage"], name="%(class)s_one_per_stage"
            )
        ]

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} of {self.organization_id}, {self.stage}"

    @classmethod
    def setting_names(cls) -> list[str]:
        """The fields that an administrator sets, in the order of the page."""
        own = {"id", "organization", "stage"}
        return [field.name for field in cls._meta.fields if field.name not in own]

    def values(self) -> dict[str, Any]:
        """The settings by name."""
        return {name: getattr(self, name) for name in self.setting_names()}

    @classmethod
    def label_of(cls, name: str) -> str:
        """The vendor's label of a setting."""
        return str(cls._meta.get_field(name).verbose_name)  # type: ignore[union-attr]

    def shown(self, name: str) -> str:
        """The value of a setting as people read it; empty when there is none."""
        value: Any = getattr(self, name)
        if value is None:
            return ""
        if isinstance(value, bool):
            return "on" if value else "off"
        wording = getattr(self, f"get_{name}_display", None)
        return str(wording() if wording else value)

    def changes_from(self, other: StagedModel) -> dict[str, list[str]]:
        """Label to [value of *other*, value of this row], where the two differ."""
        return {
            self.label_of(name): [other.shown(name), self.shown(name)]
            for name in self.differing(other)
        }

    def differing(self, other: StagedModel) -> list[str]:
        """The names of the settings in which the two rows differ."""
        return [
            name
            for name in self.setting_names()
            if getattr(self, name) != getattr(other, name)
        ]


class AuthenticationSettings(StagedModel):
    """The tab Authentication Profile."""

    class Repository(models.TextChoices):
        HOSTED_DB = "hosted-db", "Hosted DB"
        ACTIVE_DIRECTORY = "active-directory", "Active Directory"
        OPEN_LDAP = "open-ldap", "OpenLDAP"

    class Frequency(models.TextChoices):
        DAILY = "daily", "Daily"
        ONLY_ONCE = "only-once", "Only Once"
        ONCE_PER_SESSION = "once-per-session", "Once Per Session"
        CUSTOM = "custom", "Custom"

    class Type(models.TextChoices):
        FORM_BASED = "form-based", "Form-Based"
        SAML = "saml", "SAML"

    class Temporary(models.TextChoices):
        NONE = "none", "None"
        ONE_TIME_TOKEN = "one-time-token", "One-Time Token"
        ONE_TIME_LINK = "one-time-link", "One-Time Link"

    class Strength(models.TextChoices):
        NONE = "none", "None"
        MEDIUM = "medium", "Medium"
        STRONG = "strong", "Strong"

    class Expiration(models.TextChoices):
        NEVER = "never", "Never"
        ONE_MONTH = "one-month", "One month"
        THREE_MONTHS = "three-months", "Three months"
        SIX_MONTHS = "six-months", "Six months"

    user_repository_type = models.CharField(
        "User Repository Type",
        max_length=16,
        choices=Repository.choices,
        default=Repository.HOSTED_DB,
    )
    authentication_frequency = models.CharField(
        "Authentication Frequency",
        max_length=16,
        choices=Frequency.choices,
        default=Frequency.ONLY_ONCE,
    )
    custom_frequency_days = models.PositiveSmallIntegerField(
        "Custom Authentication Frequency (days)", null=True, blank=True
    )
    authentication_type = models.CharField(
        "Authentication Type",
        max_length=16,
        choices=Type.choices,
        default=Type.FORM_BASED,
    )
    temporary_authentication = models.CharField(
        "Temporary Authentication",
        max_length=16,
        choices=Temporary.choices,
        default=Temporary.NONE,
    )
    password_strength = models.CharField(
        "Password Strength",
        max_length=16,
        choices=Strength.choices,
        default=Strength.MEDIUM,
    )
    password_expiration = models.CharField(
        "Password Expiration",
        max_length=16,
        choices=Expiration.choices,
        default=Expiration.NEVER,
    )

    @property
    def is_saml(self) -> bool:
        return self.authentication_type == self.Type.SAML


class SamlConfiguration(StagedModel):
    """The identity provider's half of the Configure SAML window."""

    portal_url = models.URLField("SAML Portal URL", max_length=2048, blank=True)
    login_name_attribute = models.CharField(
        "Login Name Attribute", max_length=254, default="NameID"
    )
    issuer = models.CharField("IdP Entity ID", max_length=1024, blank=True)
    certificate = models.TextField("Public SSL Certificate", blank=True)
    other_certificate = models.TextField(
        "Other SSL Certificate",
        blank=True,
        help_text="Believed beside the first one while the IdP changes its key.",
    )
    org_specific_entity_id = models.BooleanField(
        "Org-Specific Entity ID", default=False
    )
    idp_initiated = models.BooleanField("Allow IdP-Initiated SAML", default=False)
    allow_sha1 = models.BooleanField("Allow SHA-1 Signatures", default=False)
    sign_request = models.BooleanField("Sign SAML Request", default=False)
    signing_key = models.ForeignKey(
        SigningKey,
        on_delete=models.RESTRICT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="Request Signing SAML Certificate",
    )
    auto_provisioning = models.BooleanField(
        "Enable SAML Auto-Provisioning", default=False
    )
    display_name_attribute = models.CharField(
        "User Display Name Attribute", max_length=254, default="displayName"
    )
    group_name_attribute = models.CharField(
        "Group Name Attribute", max_length=254, default="memberOf"
    )
    department_name_attribute = models.CharField(
        "Department Name Attribute", max_length=254, default="department"
    )

    @property
    def certificates(self) -> list[str]:
        """The certificates of the identity provider that are believed, in PEM."""
        return [pem for pem in (self.certificate, self.other_certificate) if pem]

    def shown(self, name: str) -> str:
        """A certificate is told by its subject, its last day and its fingerprint."""
        if name in {"certificate", "other_certificate"}:
            return described(getattr(self, name))
        return super().shown(name)
