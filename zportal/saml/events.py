"""The events of sign-ons, beside those of SCIM: what came, and what it changed."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus

from django.utils import timezone

from scim.events import anonymous_calls
from scim.events.anonymous_calls import MINUTE, Limits, Stranger, network_of
from scim.events.quota import keep
from scim.models import DirectoryUser, Organization, ProvisioningEvent
from scim.models.event import BODY_LIMIT, SIGN_ON
from zportal.saml.codes import Refused
from zportal.saml.kept_text import readable

REFUSALS_PER_MINUTE = 60
"""Refused sign-ons of an organization with events of their own: anybody can make one."""

REFUSALS_OF_ADDRESS = 20
"""Those from one network: whoever floods the log hides nobody else's."""

DISTINCT_PER_MINUTE = 120
"""The same with those from a new network, or refused with a new code."""

_LIMITS = Limits(REFUSALS_PER_MINUTE, REFUSALS_OF_ADDRESS, DISTINCT_PER_MINUTE)

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
        time=timezone.now(),
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
    """Insert the event of a refused sign-on, or only count it as one of very many."""
    events = ProvisioningEvent.objects.for_organization(occasion.organization)
    recent = events.refused_sign_ons_since(timezone.now() - MINUTE)
    before = [
        (network_of(client_ip), detail.partition(":")[0])
        for client_ip, detail in recent.values_list("client_ip", "detail")[
            :DISTINCT_PER_MINUTE
        ]
    ]
    event = draft(occasion)
    event.outcome = ProvisioningEvent.Outcome.REFUSED
    event.status = HTTPStatus.FORBIDDEN
    error = refusal.error
    stranger = Stranger(network_of(occasion.client_ip), error.code)
    if not _LIMITS.have_room(before, stranger):
        anonymous_calls.crowd.count(event, event.status, stranger.network)
        return
    event.target = login[:254]
    event.detail = f"{error.code}: {error.meaning} {refusal.detail}"[:1024]
    if len(before) < BODIES_PER_MINUTE:
        event.request_body = _kept(occasion.text, REFUSED_BODY)
    keep(event)


def _members(event: ProvisioningEvent) -> tuple[list[str], list[str]]:
    gone, came = event.changes.get("members", ([], []))
    return gone, came


def _groups(number: int) -> str:
    return f"{number} group{'' if number == 1 else 's'}"


def _kept(text: str, size: int) -> str:
    return readable(text).encode()[:size].decode(errors="ignore")
