"""What is saved, what is active, and who made the difference."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Self, TypeVar, cast

from scim.models import Organization
from zportal.certificates import DAMAGED, Certificate, stored_certificate
from zportal.models import (
    AuditLog,
    AuthenticationSettings,
    SamlConfiguration,
    Stage,
)
from zportal.models.settings import StagedModel

RESOURCE = "Authentication Settings"
"""The settings that are staged, as the audit trail names them."""

ENTRIES_READ = 500
"""How far back the maker of a pending change is looked for."""

Row = TypeVar("Row", bound=StagedModel)


@dataclass(frozen=True)
class PendingChange:
    """A setting whose saved value waits for activation."""

    label: str
    old: str
    new: str
    actor: str
    """Who saved it; empty when it was not saved in the portal."""
    time: datetime | None


@dataclass(frozen=True)
class Staging:
    """The settings of one organization, saved and active."""

    organization: Organization
    settings: AuthenticationSettings
    active_settings: AuthenticationSettings
    saml: SamlConfiguration
    active_saml: SamlConfiguration

    @classmethod
    def of(cls, organization: Organization) -> Self:
        return cls(
            organization,
            *_both(AuthenticationSettings, organization),
            *_both(SamlConfiguration, organization),
        )

    @property
    def changes(self) -> dict[str, list[str]]:
        """Label to [active value, saved value], where the two differ."""
        return {
            **self.settings.changes_from(self.active_settings),
            **self.saml.changes_from(self.active_saml),
        }

    @property
    def missing(self) -> list[str]:
        """The labels of what sign-on with SAML still needs, whatever the type is."""
        needed = ["portal_url", "certificate"]
        if self.saml.sign_request:
            needed.append("signing_key")
        return [
            self.saml.label_of(name) for name in needed if not getattr(self.saml, name)
        ]

    @property
    def key_problem(self) -> str:
        """Why a saved certificate of the identity provider verifies nothing, or ""."""
        for pem in self.saml.certificates:
            found = stored_certificate(pem)
            problem = DAMAGED if found is None else found.key_problem
            if problem:
                return problem
        return ""

    @property
    def certificate(self) -> Certificate | None:
        """The saved certificate; none when there is none that can be read."""
        return stored_certificate(self.saml.certificate)

    @property
    def other_certificate(self) -> Certificate | None:
        """The certificate that is believed beside it, during a change of keys."""
        return stored_certificate(self.saml.other_certificate)

    @property
    def certificates(self) -> list[Certificate]:
        """The saved certificates of the identity provider that can be read."""
        return _readable(self.saml)

    @property
    def active_certificates(self) -> list[Certificate]:
        """Those that sign-on believes now."""
        return _readable(self.active_saml)

    @property
    def signing_certificate(self) -> Certificate | None:
        """The saved certificate that requests are signed with."""
        return _signing(self.saml)

    @property
    def active_signing_certificate(self) -> Certificate | None:
        """The one that they are signed with now."""
        return _signing(self.active_saml)

    def pending(self) -> list[PendingChange]:
        """What waits for activation, in the order of the page, with its makers."""
        changes = self.changes
        makers = _makers(self.organization, set(changes))
        return [
            PendingChange(label, old, new, *makers.get(label, ("", None)))
            for label, (old, new) in changes.items()
        ]


@dataclass(frozen=True)
class Overtaken:
    """A setting that somebody else has changed since a form was opened."""

    label: str
    value: str
    actor: str
    time: datetime


class ChangedMeanwhile(Exception):
    """The settings are no longer those that the administrator changed."""

    def __init__(self, changes: list[Overtaken]) -> None:
        super().__init__(", ".join(change.label for change in changes))
        self.changes = changes


def refuse_unseen(organization: Organization, seen: int) -> None:
    """Raise ChangedMeanwhile when the settings changed after the revision *seen*."""
    entries = AuditLog.objects.for_organization(organization).about(RESOURCE)
    found: dict[str, Overtaken] = {}
    for entry in entries.filter(pk__gt=seen).order_by("pk")[:ENTRIES_READ]:
        for label, (_, value) in entry.changes.items():
            found[label] = Overtaken(label, value, entry.actor, entry.time)
    if found:
        raise ChangedMeanwhile(list(found.values()))


def revision(organization: Organization) -> int:
    """Return a number that grows whenever the saved settings change."""
    entries = AuditLog.objects.for_organization(organization).about(RESOURCE)
    newest = entries.newest_first().values_list("pk", flat=True).first()
    return newest or 0


def _readable(saml: SamlConfiguration) -> list[Certificate]:
    read = (stored_certificate(pem) for pem in saml.certificates)
    return [each for each in read if each]


def _signing(saml: SamlConfiguration) -> Certificate | None:
    key = saml.signing_key
    return stored_certificate(key.certificate) if key else None


def _both(table: type[Row], organization: Organization) -> tuple[Row, Row]:
    """Return the staged and the active row, with defaults for one that is missing."""
    stored = table._default_manager.filter(organization=organization)
    rows: dict[str, Row] = {row.stage: cast("Row", row) for row in stored}
    staged, active = (
        rows.get(stage) or table(organization=organization, stage=stage)
        for stage in (Stage.STAGED, Stage.ACTIVE)
    )
    return staged, active


def _makers(
    organization: Organization, labels: set[str]
) -> dict[str, tuple[str, datetime]]:
    """Return who changed each of the settings last, and when."""
    if not labels:
        return {}
    entries = AuditLog.objects.for_organization(organization).about(RESOURCE)
    found: dict[str, tuple[str, datetime]] = {}
    for entry in entries.newest_first()[:ENTRIES_READ]:
        for label in labels.intersection(entry.changes).difference(found):
            found[label] = entry.actor, entry.time
    return found
