"""What is stored for an organization, as Authentication Settings shows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from scim.models import BearerToken, Domain, Organization, ProvisioningConnection
from scim.resources.representation import base_url
from zportal.authentication.certificate_warnings import Caution
from zportal.authentication.provisioning_warnings import provisioning_cautions
from zportal.authentication.settings_form import stored_values
from zportal.authentication.staging import RESOURCE, Staging
from zportal.models import Administrator, AuditLog, ForcedReauthentication


@dataclass(frozen=True)
class SettingsState:
    """The saved settings of one organization, for one administrator's eyes."""

    organization: Organization
    may_change: bool
    staging: Staging
    connection: ProvisioningConnection | None
    live: BearerToken | None
    pending: BearerToken | None
    last_save: AuditLog | None
    reauthentication: ForcedReauthentication | None

    @classmethod
    def of(cls, administrator: Administrator) -> Self:
        organization = administrator.organization
        tokens = BearerToken.objects.for_organization(organization)
        connections = ProvisioningConnection.objects.for_organization(organization)
        saves = AuditLog.objects.for_organization(organization).about(RESOURCE)
        reauthentications = ForcedReauthentication.objects.for_organization(
            organization
        )
        own = tokens.pending().filter(created_by=administrator.login)
        return cls(
            organization=organization,
            may_change=administrator.may_change,
            staging=Staging.of(organization),
            connection=connections.first(),
            live=tokens.live().first(),
            pending=own.order_by("-pk").first(),
            last_save=saves.newest_first().first(),
            reauthentication=reauthentications.newest_first().first(),
        )

    def form_values(self) -> dict[str, Any]:
        return stored_values(self.staging.settings, self.staging.saml, self.connection)

    @property
    def revision(self) -> int:
        """What Save has to bring back, so that nobody overwrites what they never saw."""
        return self.last_save.pk if self.last_save else 0

    @property
    def base_url(self) -> str:
        """What Entra calls Tenant URL."""
        return base_url(self.organization)

    @property
    def domains(self) -> list[str]:
        domains = Domain.objects.for_organization(self.organization)
        return list(domains.values_list("name", flat=True))

    @property
    def has_scim(self) -> bool:
        """Whether the package has SCIM at all."""
        return self.organization.package == Organization.Package.ENTERPRISE

    @property
    def cautions(self) -> list[Caution]:
        """What the page warns of about provisioning."""
        return provisioning_cautions(
            self.organization,
            self.staging.saml,
            self.live,
            is_on=self.is_provisioning,
        )

    @property
    def is_provisioning(self) -> bool:
        return self.connection is not None and self.connection.is_open
