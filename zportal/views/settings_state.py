"""What is stored for an organization, as Authentication Settings shows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self, cast

from django.conf import settings
from django.core.exceptions import ValidationError

from scim.models import BearerToken, Domain, Organization, ProvisioningConnection
from zportal.certificates import Certificate, parse_certificate
from zportal.forms import AuthenticationSettingsForm
from zportal.forms.authentication_settings import stored_values
from zportal.models import (
    Administrator,
    AuthenticationSettings,
    SamlConfiguration,
    Stage,
)


@dataclass(frozen=True)
class SettingsState:
    """The saved settings of one organization, for one administrator's eyes."""

    organization: Organization
    may_change: bool
    settings: AuthenticationSettings
    saml: SamlConfiguration
    connection: ProvisioningConnection | None
    live: BearerToken | None
    pending: BearerToken | None
    inactive: list[str]
    """The labels of what is saved but waits for the next activation."""

    @classmethod
    def of(cls, administrator: Administrator) -> Self:
        organization = administrator.organization
        staged = AuthenticationSettings.objects.at(organization, Stage.STAGED)
        active = AuthenticationSettings.objects.at(organization, Stage.ACTIVE)
        saml = SamlConfiguration.objects.at(organization, Stage.STAGED)
        active_saml = SamlConfiguration.objects.at(organization, Stage.ACTIVE)
        tokens = BearerToken.objects.for_organization(organization)
        connections = ProvisioningConnection.objects.for_organization(organization)
        own = tokens.pending().filter(created_by=administrator.login)
        return cls(
            organization=organization,
            may_change=administrator.may_change,
            settings=cast("AuthenticationSettings", staged),
            saml=cast("SamlConfiguration", saml),
            connection=connections.first(),
            live=tokens.live().first(),
            pending=own.order_by("-pk").first(),
            inactive=_labels(staged.differing(active) + saml.differing(active_saml)),
        )

    def form_values(self) -> dict[str, Any]:
        return stored_values(self.settings, self.saml, self.connection)

    @property
    def base_url(self) -> str:
        """What Entra calls Tenant URL."""
        return f"{settings.PUBLIC_URL}{self.organization.scim_path}"

    @property
    def domains(self) -> list[str]:
        domains = Domain.objects.for_organization(self.organization)
        return list(domains.values_list("name", flat=True))

    @property
    def has_scim(self) -> bool:
        """Whether the package has SCIM at all."""
        return self.organization.package == Organization.Package.ENTERPRISE

    @property
    def is_provisioning(self) -> bool:
        return self.connection is not None and self.connection.is_open

    @property
    def certificate(self) -> Certificate | None:
        """The stored certificate; none when there is none that can be read."""
        if not self.saml.certificate:
            return None
        try:
            return parse_certificate(self.saml.certificate.encode())
        except ValidationError:
            return None

    @property
    def missing(self) -> list[str]:
        """The labels of what sign-on with SAML still needs."""
        return _labels(
            name
            for name in ("portal_url", "certificate")
            if not getattr(self.saml, name)
        )


def _labels(names: Any) -> list[str]:
    fields = AuthenticationSettingsForm.base_fields
    return [str(fields[name].label) for name in names]
