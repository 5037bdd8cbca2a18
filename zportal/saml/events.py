"""The events of sign-ons, beside those of SCIM: what came, and what it changed."""

from __future__ import annotations

from datetime import timedelta
from http import HTTPStatus

from django.utils import timezone

from scim.models import DirectoryUser, ProvisioningEvent
from scim.models.event import BODY_LIMIT
from zportal.saml.arrivals import Arrival
from zportal.saml.codes import Refused

ACTOR = "SAML sign-on"

REFUSALS_PER_MINUTE = 20
"""Events kept of refused sign-ons, an organization and minute: anybody can post one."""

Action = ProvisioningEvent.Action


def draft(arrival: Arrival) -> ProvisioningEvent:
    """Return the unsaved event of a sign-on that was accepted."""
    return ProvisioningEvent(
        organization=arrival.organization,
        actor=ACTOR,
        client_ip=arrival.client_ip,
        action=Action.SIGN_ON,
        resource_type="User",
        method="POST",
        path=arrival.path,
        status=HTTPStatus.OK,
    )


def record_sign_on(
    arrival: Arrival, person: DirectoryUser, changes: list[ProvisioningEvent]
) -> str:
    """Insert *changes* and the event of the sign-on; return what changed, in words.

    Call it in the transaction of the changes.
    """
    effect = effect_of(changes)
    event = draft(arrival)
    event.resource_key = person.pk
    event.target = person.scim_username[:254]
    event.detail = f"Signed on; {effect}."
    event.request_body = _kept(arrival)
    ProvisioningEvent.objects.bulk_create([*changes, event])
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


def record_refusal(arrival: Arrival, refusal: Refused, login: str) -> None:
    """Insert the event of a refused sign-on: REFUSALS_PER_MINUTE of them at the most."""
    recent = ProvisioningEvent.objects.for_organization(arrival.organization).refused()
    since = timezone.now() - timedelta(minutes=1)
    if recent.filter(actor=ACTOR, time__gt=since).count() >= REFUSALS_PER_MINUTE:
        return
    event = draft(arrival)
    event.outcome = ProvisioningEvent.Outcome.REFUSED
    event.status = HTTPStatus.FORBIDDEN
    event.target = login[:254]
    error = refusal.error
    event.detail = f"{error.code}: {error.meaning} {refusal.detail}"[:1024]
    event.request_body = _kept(arrival)
    event.save(force_insert=True)


def _members(event: ProvisioningEvent) -> tuple[list[str], list[str]]:
    gone, came = event.changes.get("members", ([], []))
    return gone, came


def _groups(number: int) -> str:
    return f"{number} group{'' if number == 1 else 's'}"


def _kept(arrival: Arrival) -> str:
    text = arrival.posted.text
    kept = text.encode()[:BODY_LIMIT].decode(errors="ignore")
    return kept.replace("\0", "")
