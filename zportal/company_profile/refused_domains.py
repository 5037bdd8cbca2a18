"""The domains for which people were refused lately, for every page that tells of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.utils import timezone

from scim.models import Domain, Organization, ProvisioningEvent
from scim.naming.domains import validate_domain

REFUSALS_READ = 1_000
"""How many of the newest are looked at: a page must not read the whole log."""

REFUSALS_WITHIN = timedelta(hours=24)


@dataclass
class RefusedDomain:
    """A domain that is not registered, and the people refused for it lately."""

    name: str
    last: datetime
    people: set[str]
    is_taken: bool
    """Whether another organization has it: only a superuser registers it here then."""

    @property
    def can_be_registered(self) -> bool:
        """Whether it is a domain name at all; userName may hold anything after the @."""
        try:
            validate_domain(self.name)
        except ValidationError:
            return False
        return True


def refused_domains(organization: Organization) -> list[RefusedDomain]:
    """Return the domains people were refused for, by name, unless registered since."""
    since = timezone.now() - REFUSALS_WITHIN
    newest = (
        ProvisioningEvent.objects.for_organization(organization)
        .refused_for_domain()
        .newest_first()
        .values_list("refused_domain", "time", "target")[:REFUSALS_READ]
    )
    refusals = [refusal for refusal in newest if refusal[1] >= since]
    if not refusals:
        return []
    registered = Domain.objects.filter(name__in={name for name, _, _ in refusals})
    own = registered.for_organization(organization).values_list("name", flat=True)
    taken = set(registered.values_list("name", flat=True))
    found: dict[str, RefusedDomain] = {}
    for name, time, target in refusals:
        if name not in found:
            found[name] = RefusedDomain(name, time, set(), name in taken)
        found[name].people.add(target.lower())
    return [found[name] for name in sorted(found.keys() - set(own))]
