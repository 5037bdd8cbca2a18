"""The events of sign-ons, beside those of SCIM: what came, and what it changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus

from django.utils import timezone

from scim.event_sizes import keep
from scim.models import DirectoryUser, Organization, ProvisioningEvent
from scim.models.event import BODY_LIMIT, SIGN_ON
from zportal.saml.codes import Refused

REFUSALS_PER_MINUTE = 60
"""Events kept of an organization's refused sign-ons: anybody can make one."""

REFUSALS_OF_ADDRESS = 20
"""Those of one client address: whoever floods the log hides nobody else's."""

BODIES_PER_MINUTE = 3
"""Refusals whose response is kept, and of it REFUSED_BODY bytes."""

REFUSED_BODY = 16 * 1024

Action = ProvisioningEvent.Action


@dataclass(frozen=True)
class Occasion:
    """Where and with what somebody tries to sign on."""

    organization: Organization
    client_ip: str | None
    method: str
    path: str
    text: str = ""
    """The response as it came."""


def draft(occasion: Occasion) -> ProvisioningEvent:
    """Return the unsaved event of a sign-on that was accepted."""
    return ProvisioningEvent(
        organization=occasion.organization,
        actor=SIGN_ON,
        client_ip=occasion.client_ip,
        action=Action.SIGN_ON,
        resource_type="User",
        method=occasion.method,
        path=occasion.path,
        status=HTTPStatus.OK,
    )


def record_sign_on(
    occasion: Occasion, person: DirectoryUser, changes: list[ProvisioningEvent]
) -> str:
    """Insert *changes* and the event of the sign-on; return what changed, in words.

    Call it in the transaction of the changes.
    """
    effect = effect_of(changes)
    event = draft(occasion)
    event.resource_key = person.pk
    event.target = person.scim_username[:254]
    event.detail = f"Signed on; {effect}."
    event.request_body = _kept(occasion.text, BODY_LIMIT)
    keep(*changes, event)
    return effect


def effect_of(changes: list[ProvisioningEvent]) -> str:
    """Return what the events of auto-provisioning amount to."""
    if not changes:
        return "nothing changed in the directory"
    words = [
        "made" if event.action == Action.CREATE else "changed"
        for event in changes
        if event.resource_type == "User"
    ]
    joined = sum(1 for event in changes if _members(event)[1])
    left = sum(1 for event in changes if _members(event)[0])
    words += [
        f"{verb} {_groups(n)}" for verb, n in (("joined", joined), ("left", left)) if n
    ]
    return ", ".join(words)


def record_refusal(occasion: Occasion, refusal: Refused, login: str = "") -> None:
    """Insert the event of a refused sign-on, unless there were very many just now."""
    events = ProvisioningEvent.objects.for_organization(occasion.organization)
    recent = events.refused_sign_ons_since(timezone.now() - timedelta(minutes=1))
    addresses = list(recent.values_list("client_ip", flat=True)[:REFUSALS_PER_MINUTE])
    mine = addresses.count(occasion.client_ip)
    if len(addresses) == REFUSALS_PER_MINUTE or mine >= REFUSALS_OF_ADDRESS:
        return
    event = draft(occasion)
    event.outcome = ProvisioningEvent.Outcome.REFUSED
    event.status = HTTPStatus.FORBIDDEN
    event.target = login[:254]
    error = refusal.error
    event.detail = f"{error.code}: {error.meaning} {refusal.detail}"[:1024]
    if len(addresses) < BODIES_PER_MINUTE:
        event.request_body = _kept(occasion.text, REFUSED_BODY)
    keep(event)


def _members(event: ProvisioningEvent) -> tuple[list[str], list[str]]:
    gone, came = event.changes.get("members", ([], []))
    return gone, came


def _groups(number: int) -> str:
    return f"{number} group{'' if number == 1 else 's'}"


def _kept(text: str, size: int) -> str:
    kept = text.encode()[:size].decode(errors="ignore")
    return kept.replace("\0", "")
