"""What Authentication Settings warns of about provisioning, read from its events."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from django.urls import reverse
from django.utils import timezone

from scim.models import (
    BearerToken,
    DirectoryGroup,
    DirectoryUser,
    Organization,
    ProvisioningEvent,
)
from zportal.authentication.certificate_warnings import Caution
from zportal.company_profile.refused_domains import refused_domains
from zportal.models import SamlConfiguration

CALLS_READ = 1_000
"""How many of the newest calls are looked at: a page must not read the whole log."""

NEWS_FOR = timedelta(days=1)
"""How long a new address is news."""

DOMAINS_NAMED = 3

PREPARING = frozenset(
    {
        ProvisioningEvent.Action.TEST,
        ProvisioningEvent.Action.LOOKUP,
        ProvisioningEvent.Action.LIST,
        ProvisioningEvent.Action.READ,
        ProvisioningEvent.Action.DISCOVER,
    }
)
"""What Entra calls before it brings anybody."""


@dataclass(frozen=True)
class Call:
    """What the warnings need to know of a call with a good token."""

    time: datetime
    client_ip: str | None
    action: str


@dataclass(frozen=True)
class Provisioning:
    """The newest calls of an organization, the oldest first."""

    organization: Organization
    live: BearerToken | None
    calls: list[Call]

    @classmethod
    def of(cls, organization: Organization, live: BearerToken | None) -> Self:
        rows = (
            ProvisioningEvent.objects.for_organization(organization)
            .of_clients()
            .newest_first()
            .values_list("time", "client_ip", "action")[:CALLS_READ]
        )
        return cls(organization, live, [Call(*row) for row in reversed(rows)])

    @property
    def new_address(self) -> str:
        """The address of the last call, when others called before and it did not."""
        if self.live is None or not self.live.last_used_from:
            return ""
        address = self.live.last_used_from
        first = next((c for c in self.calls if c.client_ip == address), None)
        if first is None or first is self.calls[0]:
            return ""
        return address if _is_news(first.time) else ""

    @property
    def has_only_been_tested(self) -> bool:
        """Whether calls came, and none of them tried to bring anybody."""
        if not self.calls or any(c.action not in PREPARING for c in self.calls):
            return False
        people = DirectoryUser.objects.for_organization(self.organization)
        groups = DirectoryGroup.objects.for_organization(self.organization)
        return not people.exists() and not groups.exists()


def provisioning_cautions(
    organization: Organization,
    saml: SamlConfiguration,
    live: BearerToken | None,
    *,
    is_on: bool,
) -> list[Caution]:
    """Return the warnings about SCIM, the gravest first."""
    found = []
    if is_on:
        provisioning = Provisioning.of(organization, live)
        found += [*conflict_cautions(saml), *_of_calls(provisioning)]
    if organization.profile != "zscaler":
        found.append(
            Caution(
                "info",
                f"The behaviour profile {organization.profile} is in use: the service "
                "answers as the standards have it, where Zscaler's own is stricter. "
                "What works here may be refused there.",
            )
        )
    return found


def conflict_cautions(saml: SamlConfiguration) -> Iterator[Caution]:
    """Warn, while SCIM is on, of sign-ons that undo what it has brought."""
    if not saml.auto_provisioning:
        return
    yield Caution(
        "warn",
        "SAML auto-provisioning and SCIM are both on. Each sign-on overwrites the "
        "person's name, groups and department with those of the assertion and removes "
        "what it leaves out, whatever SCIM has brought; SCIM repairs it only when "
        "something changes there. Zscaler advises SCIM alone: switch auto-provisioning "
        "off.",
        "Configure SAML",
        f"{reverse('admin:authentication_settings')}#configure-saml",
    )


def _of_calls(provisioning: Provisioning) -> Iterator[Caution]:
    people = reverse("admin:scim_directoryuser_changelist")
    refused = [domain.name for domain in refused_domains(provisioning.organization)]
    if refused:
        yield Caution(
            "warn",
            "People were refused because the domain of their userName is not "
            f"registered: {_listed(refused)}.",
            "User Management",
            people,
        )
    if provisioning.new_address:
        yield Caution(
            "warn",
            f"The Bearer Token was used from {provisioning.new_address}, an address that "
            f"is new among the last {CALLS_READ:,} calls. If that is not your identity "
            "provider, generate a new token and save.",
        )
    if provisioning.live is not None and provisioning.live.last_used_at is None:
        yield Caution(
            "info",
            "The Bearer Token has never been used. Paste Base URL and token into "
            "Entra as Tenant URL and Secret Token, and press Test Connection there.",
        )
    elif provisioning.has_only_been_tested:
        yield Caution(
            "info",
            "Only Test Connection has come so far, and it works. In Entra, assign "
            "people or groups to the application and start provisioning.",
            "User Management",
            people,
        )


def _listed(names: list[str]) -> str:
    shown = ", ".join(names[:DOMAINS_NAMED])
    more = len(names) - DOMAINS_NAMED
    return f"{shown} and {more} more" if more > 0 else shown


def _is_news(time: datetime) -> bool:
    return time > timezone.now() - NEWS_FOR
