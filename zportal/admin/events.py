"""Provisioning events as the pages of User Management show them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone

from scim.models import Domain, Organization, ProvisioningEvent
from scim.models.organization import validate_domain
from zportal.admin.attributes import text_of

EVENTS_SHOWN = 20
CALLS_SHOWN = 5

REFUSALS_READ = 1_000
REFUSALS_WITHIN = timedelta(hours=24)

_LONGEST_VALUE = 300


@dataclass(frozen=True)
class Change:
    """What an event changed: an attribute, its old and its new value."""

    path: str
    name: str
    old: str
    new: str


@dataclass(frozen=True)
class EventRow:
    event: ProvisioningEvent
    changes: list[Change]


@dataclass
class RefusedDomain:
    """A domain that is not registered, and the people refused for it lately."""

    name: str
    last: datetime
    people: set[str]

    @property
    def can_be_registered(self) -> bool:
        """Whether it is a domain name at all; userName may hold anything after the @."""
        try:
            validate_domain(self.name)
        except ValidationError:
            return False
        return True


def recent_events(
    organization: Organization, resource_type: str, key: int
) -> list[EventRow]:
    """Return the newest events about one user or group, the newest first."""
    events = _light(organization).about(resource_type, key).newest_first()
    return [EventRow(event, _changes(event.changes)) for event in events[:EVENTS_SHOWN]]


def last_calls(organization: Organization) -> list[ProvisioningEvent]:
    """Return the newest calls that reached the organization's SCIM service."""
    return list(_light(organization).newest_first()[:CALLS_SHOWN])


def refused_domains(organization: Organization) -> list[RefusedDomain]:
    """Return the domains people were refused for, by name, unless registered since."""
    refusals = (
        ProvisioningEvent.objects.for_organization(organization)
        .refused()
        .filter(time__gte=timezone.now() - REFUSALS_WITHIN)
        .exclude(refused_domain="")
        .newest_first()
        .values_list("refused_domain", "time", "target")[:REFUSALS_READ]
    )
    registered = set(
        Domain.objects.for_organization(organization).values_list("name", flat=True)
    )
    found: dict[str, RefusedDomain] = {}
    for name, time, target in refusals:
        if name not in registered:
            domain = found.setdefault(name, RefusedDomain(name, time, set()))
            domain.people.add(target.lower())
    return [found[name] for name in sorted(found)]


def _light(organization: Organization) -> Any:
    """The events without their bodies, which may be 64 KiB each."""
    events = ProvisioningEvent.objects.for_organization(organization)
    return events.defer("request_body", "response_body")


def _changes(changes: dict[str, Any]) -> list[Change]:
    return [
        Change(path, path.rpartition(":")[2], _shortened(old), _shortened(new))
        for path, (old, new) in sorted(changes.items())
    ]


def _shortened(value: Any) -> str:
    text = text_of(value)
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}…"
