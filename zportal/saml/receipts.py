"""Each assertion, and each request, is good for one sign-on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.db import IntegrityError, transaction
from django.utils import timezone

from scim.db.database_errors import is_conflict
from scim.models import Organization
from zportal.models import SamlReceipt
from zportal.saml.checks import SKEW
from zportal.saml.codes import Refused
from zportal.saml.judgement import Judgement
from zportal.saml.requests import LIFETIME, PendingRequest


def use_once(judgement: Judgement) -> None:
    """Store that assertion and request are used. Raises Refused when they were.

    Runs in the caller's transaction: of two processes with the same response, one waits
    for the other and finds it used.
    """
    exchange = judgement.exchange
    organization = exchange.trust.organization
    assertion = exchange.message.response.get_assertion_id() or ""
    used = [(f"assertion {exchange.message.issuers} {assertion}", ends_of(judgement))]
    if exchange.request is not None:
        ends = exchange.request.sent + LIFETIME + SKEW
        used.append((f"request {exchange.request.id}", ends))
    _store(organization, used)


def use_request_once(organization: Organization, request: PendingRequest) -> None:
    """Store that *request* is answered, whatever the answer is. Raises Refused."""
    ends = request.sent + LIFETIME + SKEW
    _store(organization, [(f"test {request.id}", ends)])


def forget_expired(organization: Organization) -> None:
    """Delete what would be refused for its time. Not in the transaction of a sign-on:
    two of them would wait for each other."""
    receipts = SamlReceipt.objects.for_organization(organization).expired()
    if receipts.exists():
        receipts.delete_alone()


def _store(organization: Organization, used: list[tuple[str, datetime]]) -> None:
    receipts = [SamlReceipt.of(organization, *each) for each in used]
    try:
        with transaction.atomic():
            SamlReceipt.objects.bulk_create(receipts)
    except IntegrityError as problem:
        if not is_conflict(problem):
            raise
        raise Refused(
            "0xE5640", "The assertion, or an answer to its request, was used before."
        ) from problem


def ends_of(judgement: Judgement) -> datetime:
    """When the assertion would be refused for its time: its receipt is kept till then."""
    latest = datetime.max.replace(tzinfo=UTC) - timedelta(days=1)
    ends = judgement.exchange.message.ends
    return min(max(ends), latest - SKEW) + SKEW if ends else timezone.now() + LIFETIME
