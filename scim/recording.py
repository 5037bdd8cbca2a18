"""Provisioning events of SCIM calls: what came, from whom, what became of it."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from scim.models import BearerToken, Organization, ProvisioningEvent
from scim.models.event import BODY_LIMIT

MASK = "********"
UNAUTHORIZED_PER_MINUTE = 20
"""Events kept of refused tokens, per organization and minute: anyone can send those."""

_CUT = "…"
"""Ends a body of which only the beginning was kept."""

_PASSWORD_PATH = re.compile(r"(?:^|[:.])password$", re.IGNORECASE)


def draft(
    request: HttpRequest, organization: Organization, token: BearerToken | None
) -> ProvisioningEvent:
    """Return the unsaved event of a call; services fill in what they do."""
    return ProvisioningEvent(
        organization=organization,
        actor=f"token {token}" if token else "",
        client_ip=getattr(request, "client_ip", None),
        method=request.method or "",
        path=request.path.replace("\0", "")[:1024],
        query=request.META.get("QUERY_STRING", "").replace("\0", "")[:2048],
    )


def record(
    event: ProvisioningEvent, request: HttpRequest, response: HttpResponse
) -> None:
    """Complete *event* with request and response and insert it."""
    event.time = timezone.now()
    event.status = response.status_code
    # A refusal may quote an id of the URL; PostgreSQL stores no NUL.
    event.detail = event.detail.replace("\0", "")
    if response.status_code >= 400:
        event.outcome = ProvisioningEvent.Outcome.REFUSED
    event.request_body = masked(_sent(request))
    event.response_body = masked(response.content)
    event.save(force_insert=True)


def record_unauthorized(
    event: ProvisioningEvent, request: HttpRequest, response: HttpResponse
) -> None:
    """As record, but capped: whoever knows the address can cause such an event."""
    recent = ProvisioningEvent.objects.for_organization(event.organization).filter(
        outcome=ProvisioningEvent.Outcome.REFUSED,
        time__gt=timezone.now() - timedelta(minutes=1),
        status=401,
    )
    if recent.count() < UNAUTHORIZED_PER_MINUTE:
        record(event, request, response)


def _sent(request: HttpRequest) -> bytes:
    """The body as far as it was read: one over the limit never was."""
    sent: bytes = getattr(request, "sent_body", b"")
    return sent


def masked(raw: bytes) -> str:
    """Return a body as text for the log, passwords masked, at most BODY_LIMIT bytes."""
    if not raw:
        return ""
    if b"password" in raw.lower() or b"\\u" in raw:
        try:
            raw = orjson.dumps(_mask(orjson.loads(raw)))
        except (orjson.JSONDecodeError, orjson.JSONEncodeError, RecursionError):
            # Broken JSON cannot be masked piece by piece, so none of it is kept.
            return "(not JSON; left out because it may hold a password)"
    if len(raw) <= BODY_LIMIT:
        return raw.decode(errors="ignore").replace("\0", "")
    kept = raw[: BODY_LIMIT - len(_CUT.encode())]
    return kept.decode(errors="ignore").replace("\0", "") + _CUT


def _mask(value: Any) -> Any:
    if isinstance(value, list):
        return [_mask(item) for item in value]
    if not isinstance(value, dict):
        return value
    # Operations are read without letter case, so they are masked without it.
    path = next((item for key, item in value.items() if key.lower() == "path"), None)
    named = isinstance(path, str) and _PASSWORD_PATH.search(path.strip())
    return {
        key: MASK
        if _PASSWORD_PATH.search(key) or (named and key.lower() == "value")
        else _mask(item)
        for key, item in value.items()
    }
