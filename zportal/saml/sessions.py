"""Being signed on: for how long, and what ends it. It opens nothing of the portal."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from scim.models import DirectoryUser, Organization
from zportal.models import (
    AuthenticationSettings,
    ForcedReauthentication,
    SignOnSession,
    Stage,
)
from zportal.saml.judgement import Judgement
from zportal.saml.people import shortened

Frequency = AuthenticationSettings.Frequency

LASTS = {
    # Vendor: "12 - 24 h"; the longest.
    Frequency.DAILY: timedelta(hours=24),
    # Vendor: "about two years".
    Frequency.ONLY_ONCE: timedelta(days=730),
    # Until the browser is closed; a browser that never is, at most a day.
    Frequency.ONCE_PER_SESSION: timedelta(hours=24),
}


def lasts(settings: AuthenticationSettings) -> timedelta:
    """Return how long a sign-on is good for, by the Authentication Frequency."""
    if settings.authentication_frequency == Frequency.CUSTOM:
        return timedelta(days=settings.custom_frequency_days or 1)
    return LASTS[Frequency(settings.authentication_frequency)]


def ends_with_browser(settings: AuthenticationSettings) -> bool:
    return settings.authentication_frequency == Frequency.ONCE_PER_SESSION


@sensitive_variables("secret")
def begin_session(
    judgement: Judgement, person: DirectoryUser, effect: str
) -> tuple[SignOnSession, str]:
    """Store the session of *person* and return it with the secret of its cookie."""
    trust, request = judgement.exchange.trust, judgement.exchange.request
    secret = secrets.token_urlsafe(32)
    now = timezone.now()
    organizations = SignOnSession.objects.for_organization(trust.organization)
    organizations.expired().delete()
    session = SignOnSession.objects.create(
        organization=trust.organization,
        user_key=person.pk,
        digest=sha256(secret.encode()).hexdigest(),
        browser=request.browser if request else "",
        started=now,
        expires=_ends(judgement, now),
        name_id=judgement.name_id[:1024],
        attributes=shortened(judgement.attributes),
        effect=effect[:254],
    )
    return session, secret


@sensitive_variables("secret")
def session_of(secret: str, browser: str) -> SignOnSession | None:
    """Return the session that the cookies of a browser belong to; None for none.

    *browser* is the beginning of the digest of the browser's own cookie: the session
    belongs to the browser that asked for it, whoever was made to post the response.
    The page keeps that cookie alive as long as the session is.
    """
    found: SignOnSession | None = (
        SignOnSession.objects.select_related("organization").with_secret(secret).first()
        if secret
        else None
    )
    if found is None or (found.browser and found.browser != browser) or _is_over(found):
        return None
    return found


def person_of_session(session: SignOnSession) -> DirectoryUser | None:
    """Return who is signed on; None when the person was deleted since."""
    people = DirectoryUser.objects.for_organization(session.organization_id)
    person: DirectoryUser | None = people.filter(pk=session.user_key).first()
    return person


@sensitive_variables("secret")
def end_session(secret: str) -> None:
    """Sign off: the cookie is worth nothing any more."""
    SignOnSession.objects.with_secret(secret).delete()


def end_all_sessions(organization: Organization) -> None:
    """Sign everybody of *organization* off: SAML is not in force any more."""
    SignOnSession.objects.for_organization(organization).delete()


def _ends(judgement: Judgement, now: datetime) -> datetime:
    """When the session is over: by the frequency, or before where the IdP says so.

    SessionNotOnOrAfter should be kept to (saml-profiles 4.1.4.3). Entra sends none.
    """
    ends = now + lasts(judgement.exchange.trust.settings)
    seconds = judgement.exchange.message.response.get_session_not_on_or_after()
    if seconds is None:
        return ends
    return min(ends, datetime.fromtimestamp(seconds, UTC))


def _is_over(session: SignOnSession) -> bool:
    """Whether SAML was switched off since, or everybody has to authenticate again."""
    settings = AuthenticationSettings.objects.at(session.organization, Stage.ACTIVE)
    if not settings.is_saml:  # type: ignore[attr-defined]
        return True
    forced = ForcedReauthentication.objects.for_organization(session.organization)
    return forced.filter(time__gte=session.started).exists()
