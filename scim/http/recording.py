"""Provisioning events of SCIM calls: what came, from whom, what became of it."""

from __future__ import annotations

import re
import time
from functools import partial
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote_plus

import orjson
from django.db import Error, transaction
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone

from scim.events import anonymous_calls, queue, quota
from scim.events.anonymous_calls import MINUTE, Limits, Stranger, network_of
from scim.events.changes import fitting
from scim.http.responses import body_of
from scim.models import BearerToken, Organization, ProvisioningEvent
from scim.models.event import ANONYMOUS, BODY_LIMIT, CLIENT

Action = ProvisioningEvent.Action

MASK = "********"
ANONYMOUS_PER_MINUTE = 20
"""Calls without a good token that have events of their own, per organization and minute."""

DISTINCT_PER_MINUTE = 60
"""The same with those from a new network, or refused for a new reason."""

_LIMITS = Limits(ANONYMOUS_PER_MINUTE, ANONYMOUS_PER_MINUTE, DISTINCT_PER_MINUTE)

DOUBT_SECONDS = 4.0
"""How long a server that went away is waited for, to learn what became of a change."""

READ_LIMIT = 8 * 1024
"""Bytes that are kept of the answer to a call that only read. A user has about one KiB."""

READS = frozenset(
    (Action.TEST, Action.LOOKUP, Action.READ, Action.LIST, Action.DISCOVER)
)

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

    Of many calls that proved nothing some are only counted: whoever knows an address
    can make them.
    """
    if event.actor == ANONYMOUS and _is_one_of_many(event, response):
        return
    event.time = timezone.now()
    _completed(event, request, response).save(force_insert=True)
    quota.sizes.add([event])


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
        if event.actor == ANONYMOUS and _is_one_of_many(event, response):
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
    finish: queue.Finish = partial(_completed, event, request, response)
    if max(sizes) > BODY_LIMIT:
        _completed(event, request, response)
        sizes = [len(event.response_body), len(event.request_body)]
        finish = partial(_itself, event)
    queue.queue.add(finish, sum(sizes))


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
    event.changes = fitting(
        event.changes, getattr(request, "changes_limit", BODY_LIMIT)
    )
    event.request_body = masked(_sent(request))
    event.response_body = masked(body_of(response), _kept_of_answer(event))
    quota.fit(event)
    return event


def _kept_of_answer(event: ProvisioningEvent) -> int:
    """Return how many bytes are kept of the answer to a completed call.

    A refusal says what was wrong, and is kept. The answer to an accepted write is the
    resource once more, of which the event has what changed; that to an accepted Bulk
    has nothing that the events of its operations do not have.
    """
    if event.outcome == ProvisioningEvent.Outcome.REFUSED:
        return BODY_LIMIT
    return READ_LIMIT if event.action in READS else 0


def _is_one_of_many(event: ProvisioningEvent, response: HttpResponseBase) -> bool:
    """Whether the call gets no event of its own, and is only counted."""
    status = response.status_code
    events = ProvisioningEvent.objects.for_organization(event.organization)
    recent = events.anonymous_since(timezone.now() - MINUTE).values_list(
        "client_ip", "action", "status", "detail"
    )
    stranger = Stranger(
        network_of(event.client_ip), _code(event.action, status, event.detail)
    )
    before = (
        (network_of(client_ip), _code(*rest))
        for client_ip, *rest in recent[:DISTINCT_PER_MINUTE]
    )
    if _LIMITS.have_room(before, stranger):
        return False
    if status >= HTTPStatus.BAD_REQUEST:
        event.outcome = ProvisioningEvent.Outcome.REFUSED
    anonymous_calls.crowd.count(event, status, stranger.network)
    return True


def _code(action: str, status: int, detail: str) -> str:
    """Return what came of a call. Only the reason of a 401 is in our words alone."""
    reason = detail if status == HTTPStatus.UNAUTHORIZED else ""
    return f"{action} {status} {reason}"


def _shown_query(query: str) -> str:
    if "password" in unquote_plus(query).lower():
        return _LEFT_OUT
    return query.replace("\0", "")[:2048]


def _sent(request: HttpRequest) -> bytes:
    """The body as far as it was read: one over the limit never was."""
    sent: bytes = getattr(request, "sent_body", b"")
    return sent


def masked(raw: bytes, most: int = BODY_LIMIT) -> str:
    """Return a body as text for the log, passwords masked, at most *most* bytes."""
    if not (raw and most):
        return ""
    # What is cut off anyway needs no looking through: a group may be a megabyte.
    head = raw[:most]
    if b"password" in head.lower() or b"\\u" in head:
        try:
            raw = orjson.dumps(_mask(orjson.loads(raw)))
        except (orjson.JSONDecodeError, orjson.JSONEncodeError, RecursionError):
            # Broken JSON cannot be masked piece by piece, so none of it is kept.
            return _LEFT_OUT
    if len(raw) <= most:
        return raw.decode(errors="ignore").replace("\0", "")
    kept = raw[: most - len(_CUT.encode())]
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
