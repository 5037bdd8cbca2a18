"""The verbs of sign-on: asking the identity provider, receiving its answer."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass

from django.db import IntegrityError, OperationalError, transaction
from django.views.decorators.debug import sensitive_variables

from scim.db.database_errors import is_conflict, passes
from scim.models import Organization, ProvisioningEvent
from scim.services.saml_provisioning import (
    CannotProvision,
    person_of,
    provision_from_assertion,
    unit_of_work,
)
from zportal.models import Administrator, SignOnSession, SignOnTest, Stage
from zportal.saml import events, people
from zportal.saml.arrivals import Arrival
from zportal.saml.checks import Exchange, Verdict, check_request
from zportal.saml.codes import CODES, Refused
from zportal.saml.decryption import refuse_several
from zportal.saml.judgement import Judgement, judgement_of
from zportal.saml.messages import Message
from zportal.saml.receipts import forget_expired, use_once, use_request_once
from zportal.saml.report import report_of
from zportal.saml.requests import PendingRequest, new_request_id, redirect_url
from zportal.saml.sessions import begin_session
from zportal.saml.trust import Trust

TESTS_KEPT = 20
"""Reports of an organization; a report may have 256 KiB."""

ATTEMPTS = 5
"""Tries when somebody else makes the same person or group at this moment."""

PAUSE = 0.05
"""Seconds before the second try, at the most."""

UNVERIFIED = (
    "The encrypted response could not be read, or its signature is not good; the event "
    "in the portal says which."
)
"""To strangers both are one: who can tell them apart can guess what was encrypted."""


@dataclass(frozen=True)
class SignedOn:
    """A person's session, and the secret of its cookie."""

    session: SignOnSession
    secret: str
    trust: Trust


def request_url(organization: Organization, *, browser: str, tester: int = 0) -> str:
    """Return the address at the identity provider that asks it to sign somebody on.

    *tester* is the key of the administrator of a Test sign-on, which uses the staged
    settings. Raises Refused when sign-on is not configured.
    """
    trust = Trust.of(organization, Stage.STAGED if tester else Stage.ACTIVE)
    refuse_unconfigured(trust)
    key = None
    if trust.saml.sign_request:
        key = trust.saml.signing_key
        if key is None:
            raise Refused("0xE5637", "There is no certificate to sign requests with.")
    request_id = new_request_id(organization, browser=browser, tester=tester)
    return redirect_url(trust.library_settings(key=key), request_id)


def refuse_unconfigured(trust: Trust, request: PendingRequest | None = None) -> None:
    """Raise Refused when the organization does not sign on with SAML."""
    if not trust.settings.is_saml:
        if request is not None:
            raise Refused("0xE5631", "Authentication Type is no longer SAML.")
        raise Refused("0xB0010", "Authentication Type is not SAML.")
    if not trust.is_complete:
        raise Refused(
            "0xE5641", "SAML Portal URL or Public SSL Certificate is missing."
        )


@sensitive_variables("secret")
def sign_on(arrival: Arrival) -> SignedOn:
    """Sign on who the response is about, with the active settings; record the event.

    Raises Refused, whose event is recorded.
    """
    trust = Trust.of(arrival.organization, Stage.ACTIVE)
    judgement: Judgement | None = None
    is_secret = False
    try:
        refuse_unconfigured(trust, arrival.request)
        # Nothing is decrypted for whoever has no reason to send it.
        check_request(trust, arrival.posted, arrival.request, arrival.relay_state)
        refuse_several(arrival.posted.root)
        is_secret = arrival.posted.is_encrypted and bool(trust.keys)
        judgement = judgement_of(_exchange(arrival, trust))
        judgement.refuse_failed()
        return _signed_on(arrival, judgement)
    except Refused as refusal:
        login = (judgement.login or judgement.name_id) if judgement else ""
        events.record_refusal(arrival.occasion, refusal, login)
        if is_secret and not (judgement and judgement.is_verified):
            raise Refused("0xB003", UNVERIFIED) from refusal
        raise
    finally:
        forget_expired(arrival.organization)


def _exchange(arrival: Arrival, trust: Trust) -> Exchange:
    return Exchange(
        trust=trust,
        message=Message.read(arrival.posted, trust),
        received_at=arrival.received_at,
        relay_state=arrival.relay_state,
        request=arrival.request,
    )


@sensitive_variables("secret")
def _signed_on(arrival: Arrival, judgement: Judgement) -> SignedOn:
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with unit_of_work():
                use_once(judgement)
                return _act(arrival, judgement)
        except (IntegrityError, OperationalError) as problem:
            # Somebody made the same person or group, who is found by the next try.
            if attempt == ATTEMPTS or not (is_conflict(problem) or passes(problem)):
                raise
            # By chance, so that two that met do not meet again.
            time.sleep(random.uniform(0, PAUSE * attempt))  # noqa: S311
    raise AssertionError


@sensitive_variables("secret")
def _act(arrival: Arrival, judgement: Judgement) -> SignedOn:
    """Carry out what the response asks for, in the caller's transaction."""
    trust = judgement.exchange.trust
    # Locked and looked at again: SCIM may have changed the person since the checks.
    person = person_of(trust.organization, judgement.login, locked=True)
    people.check_person(trust, judgement.login, person)
    made: list[ProvisioningEvent] = []
    if trust.saml.auto_provisioning:
        try:
            person, made = provision_from_assertion(
                trust.organization,
                judgement.asserted,
                lambda: events.draft(arrival.occasion),
            )
        except CannotProvision as problem:
            raise Refused("0xA022", f"Auto-provisioning: {problem}") from problem
    assert person is not None  # noqa: S101 - check_person has refused who is unknown
    effect = events.record_sign_on(arrival.occasion, person, made)
    session, secret = begin_session(judgement, person, effect)
    return SignedOn(session, secret, trust)


# ------------------------------------------------------------------------------- tests


def try_sign_on(arrival: Arrival, administrator: Administrator) -> SignOnTest:
    """Judge the answer to a Test sign-on by the staged settings; sign nobody on.

    Nothing but the report is stored. Raises Refused for a second answer, for one that
    comes too late, and when *administrator* may not test any more.
    """
    request = arrival.request
    if request is None or not administrator.may_change:
        raise Refused("0xE5501", "The test was begun by somebody who may not test.")
    if request.is_late:
        raise Refused("0xB004", f"The test was begun at {request.sent:%H:%M:%S} UTC.")
    trust = Trust.of(arrival.organization, Stage.STAGED)
    judgement, refusal = None, None
    try:
        refuse_unconfigured(trust, request)
        judgement = judgement_of(_exchange(arrival, trust))
        _add_provisioning(arrival, judgement)
    except Refused as problem:
        refusal = problem
    with unit_of_work():
        use_request_once(arrival.organization, request)
        if judgement is not None and judgement.refusal is None:
            _add_replay(judgement)
        test = SignOnTest.objects.create(
            organization=arrival.organization,
            actor=administrator.login,
            report=report_of(arrival.posted, judgement, refusal),
        )
        tests = SignOnTest.objects.for_organization(arrival.organization)
        kept = tests.newest_first().values_list("pk", flat=True)[:TESTS_KEPT]
        tests.filter(pk__lt=min(kept)).delete()
    return test


def _add_provisioning(arrival: Arrival, judgement: Judgement) -> None:
    """Let auto-provisioning do what it would do, and undo it."""
    trust = judgement.exchange.trust
    if judgement.refusal is not None or not trust.saml.auto_provisioning:
        return
    name = "Auto-provisioning"
    try:
        with unit_of_work():
            _, made = provision_from_assertion(
                trust.organization,
                judgement.asserted,
                lambda: events.draft(arrival.occasion),
            )
            transaction.set_rollback(True)
        verdict = Verdict(name, events.effect_of(made))
    except CannotProvision as problem:
        verdict = Verdict(name, str(problem), CODES["0xA022"])
    judgement.verdicts.append(verdict)


def _add_replay(judgement: Judgement) -> None:
    try:
        use_once(judgement)
        verdict = Verdict("Replay", "used for the first time")
    except Refused as problem:
        verdict = Verdict("Replay", problem.detail, problem.error)
    judgement.verdicts.append(verdict)
