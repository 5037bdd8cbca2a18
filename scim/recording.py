"""Provisioning events of SCIM calls: what came, from whom, what became of it."""

from __future__ import annotations

import re
import time
from datetime import timedelta
from functools import partial
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote_plus

import orjson
from django.db import Error, transaction
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone

from scim import event_queue
from scim.models import BearerToken, Organization, ProvisioningEvent
from scim.models.event import ANONYMOUS, BODY_LIMIT, CLIENT
from scim.responses import body_of

MASK = "********"
ANONYMOUS_PER_MINUTE = 20
"""Events kept of such calls, per organization and minute."""

DOUBT_SECONDS = 4.0
"""How long a server that went away is waited for, to learn what became of a change."""

LONG_VALUE = 512
"""Bytes of JSON of a value that is kept when a change is too large to keep whole."""

_LEFT_OUT = "(left out because it may hold a password)"

_CUT = "…"
"""Ends a body of which only the beginning was kept."""

_PASSWORD_PATH = re.compile(r"(?:^|[:.])password$", re.IGNORECASE)
_PASSWORD_FILTER = re.compile(r"\bpassword\s+[a-z]{2}\s", re.IGNORECASE)


def draft(
    request: HttpRequest, organization: Organization, token: BearerToken | None
) -> ProvisioningEvent:
    """Return the unsaved event of a call; services fill in what they do."""
    return ProvisioningEvent(
        organization=organization,
        actor=f"{CLIENT}{token}" if token else ANONYMOUS,
        client_ip=getattr(request, "client_ip", None),
        method=(request.method or "")[:20],
        path=request.path.replace("\0", "")[:1024],
        query=_shown_query(request.META.get("QUERY_STRING", "")),
    )


def record(
    event: ProvisioningEvent, request: HttpRequest, response: HttpResponseBase
) -> None:
    """Complete *event* with request and response and insert it, in this transaction.

    Calls that proved nothing are capped: whoever knows an address can make them.
    """
    if event.actor == ANONYMOUS and _too_many(event):
        return
    event.time = timezone.now()
    event_queue.INSERT.insert(_completed(event, request, response))


def record_soon(
    event: ProvisioningEvent, request: HttpRequest, response: HttpResponseBase
) -> None:
    """Complete and insert the event of a call that changed nothing, beside requests."""
    if event.actor == ANONYMOUS:
        # Counted before it is written, so it is written before the next is counted.
        record_apart(event, request, response)
        return
    event.time = timezone.now()
    _add(event, request, response)


def record_apart(
    event: ProvisioningEvent, request: HttpRequest, response: HttpResponseBase
) -> None:
    """Insert an event that no change is stored with: now, or when the database takes it.

    It has just shown that it takes nothing when the refusal is a 503; asking again would
    only make the caller wait again.
    """
    event.time = timezone.now()
    takes_nothing = response.status_code == HTTPStatus.SERVICE_UNAVAILABLE
    if takes_nothing or not _was_recorded(event, request, response):
        _add(event, request, response)


def _was_recorded(
    event: ProvisioningEvent, request: HttpRequest, response: HttpResponseBase
) -> bool:
    """Record in a transaction of its own; whatever comes of it, the caller is answered.

    What is not going to be kept waits for no writer, and keeps none waiting.
    """
    try:
        if event.actor == ANONYMOUS and _too_many(event):
            return True
        with transaction.atomic():
            record(event, request, response)
    except Error:
        return False
    return True


def was_stored(event: ProvisioningEvent) -> bool:
    """Whether the transaction of *event* was carried out, though nobody heard so.

    A server that goes away between carrying it out and saying so leaves that open. The
    event is part of the transaction, so it tells, once the server is back. After
    DOUBT_SECONDS it stays open, and False is returned.
    """
    if not event.pk:
        return False
    deadline = time.monotonic() + DOUBT_SECONDS
    while time.monotonic() < deadline:
        try:
            # The key alone does not: a crash may give it to another event.
            same = ProvisioningEvent.objects.for_organization(event.organization_id)
            return same.filter(pk=event.pk, time=event.time).exists()
        except Error:
            time.sleep(DOUBT_SECONDS / 20)
    return False


def _add(
    event: ProvisioningEvent, request: HttpRequest, response: HttpResponseBase
) -> None:
    """Let the event be written later; of large bodies, only what is kept waits for it."""
    sizes = [len(body_of(response)), len(_sent(request))]
    finish: event_queue.Finish = partial(_completed, event, request, response)
    if max(sizes) > BODY_LIMIT:
        _completed(event, request, response)
        sizes = [len(event.response_body), len(event.request_body)]
        finish = partial(_itself, event)
    event_queue.queue.add(finish, sum(sizes))


def _itself(event: ProvisioningEvent) -> ProvisioningEvent:
    return event


def _completed(
    event: ProvisioningEvent, request: HttpRequest, response: HttpResponseBase
) -> ProvisioningEvent:
    event.status = response.status_code
    # A refusal may quote an id of the URL; PostgreSQL stores no NUL.
    event.detail = event.detail.replace("\0", "")
    if response.status_code >= 400:
        event.outcome = ProvisioningEvent.Outcome.REFUSED
    event.changes = _capped(event.changes)
    event.request_body = masked(_sent(request))
    event.response_body = masked(body_of(response))
    return event


def _capped(changes: dict[str, Any]) -> dict[str, Any]:
    """Return *changes* as they are, or without their long values: 64 KiB at most."""
    if len(orjson.dumps(changes)) <= BODY_LIMIT:
        return changes
    short = {path: [_short(value) for value in pair] for path, pair in changes.items()}
    kept: dict[str, Any] = {}
    room = BODY_LIMIT
    for path, pair in short.items():
        room -= len(orjson.dumps({path: pair}))
        if room < 0:
            break
        kept[path] = pair
    return kept


def _short(value: Any) -> Any:
    size = len(orjson.dumps(value))
    return value if size <= LONG_VALUE else f"… ({size:,} bytes)"


def _too_many(event: ProvisioningEvent) -> bool:
    """Whether as many calls that proved nothing were just recorded as are kept."""
    events = ProvisioningEvent.objects.for_organization(event.organization)
    recent = events.anonymous_since(timezone.now() - timedelta(minutes=1))
    return recent[:ANONYMOUS_PER_MINUTE].count() == ANONYMOUS_PER_MINUTE


def _shown_query(query: str) -> str:
    if "password" in unquote_plus(query).lower():
        return _LEFT_OUT
    return query.replace("\0", "")[:2048]


def _sent(request: HttpRequest) -> bytes:
    """The body as far as it was read: one over the limit never was."""
    sent: bytes = getattr(request, "sent_body", b"")
    return sent


def masked(raw: bytes) -> str:
    """Return a body as text for the log, passwords masked, at most BODY_LIMIT bytes."""
    if not raw:
        return ""
    # What is cut off anyway needs no looking through: a group may be a megabyte.
    head = raw[:BODY_LIMIT]
    if b"password" in head.lower() or b"\\u" in head:
        try:
            raw = orjson.dumps(_mask(orjson.loads(raw)))
        except (orjson.JSONDecodeError, orjson.JSONEncodeError, RecursionError):
            # Broken JSON cannot be masked piece by piece, so none of it is kept.
            return _LEFT_OUT
    if len(raw) <= BODY_LIMIT:
        return raw.decode(errors="ignore").replace("\0", "")
    kept = raw[: BODY_LIMIT - len(_CUT.encode())]
    return kept.decode(errors="ignore").replace("\0", "") + _CUT


def _mask(value: Any) -> Any:
    if isinstance(value, list):
        return [_mask(item) for item in value]
    if isinstance(value, str) and _PASSWORD_FILTER.search(value):
        return _LEFT_OUT
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
