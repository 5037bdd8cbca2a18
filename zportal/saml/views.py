"""The endpoints of sign-on, open to anybody: people sign on here, not administrators."""

from __future__ import annotations

import logging
from datetime import timedelta
from http import HTTPStatus
from secrets import token_urlsafe

from django.conf import settings
from django.db import IntegrityError, InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_GET, require_POST, require_safe

from scim.models import Organization
from scim.naming.domains import written_domain
from zportal.frame.middleware import client_ip
from zportal.models import Administrator, SignOnSession, Stage
from zportal.saml.arrivals import Arrival, arrival_of
from zportal.saml.codes import Refused
from zportal.saml.events import Occasion, record_refusal
from zportal.saml.finding import FindForm, ways_of
from zportal.saml.requests import LIFETIME, browser_digest
from zportal.saml.services import SignedOn, request_url, sign_on, try_sign_on
from zportal.saml.sessions import (
    end_session,
    ends_with_browser,
    lasts,
    person_of_session,
    session_of,
)
from zportal.saml.sp_metadata import service_provider_metadata
from zportal.saml.trust import Trust

logger = logging.getLogger(__name__)

BROWSER_COOKIE = f"{settings.HOST_PREFIX}sign_on_browser"
"""Marks the browser that a request is sent from; the answer must reach the same one."""

SESSION_COOKIE = f"{settings.SECURE_PREFIX}sign_on"

ARRIVED_COOKIE = f"{settings.SECURE_PREFIX}sign_on_arrived"
"""Who has just been signed on. When a response is posted, the browser does not say who was
before: a page of somebody else may have posted it. The next page, which the browser asks
for by itself, sees both cookies and decides (signed_on)."""

ARRIVED_FOR = timedelta(minutes=5)


@never_cache
@require_safe
def start(request: HttpRequest, org_id: int) -> HttpResponse:
    """The organization's own Sign-on URL: on to its identity provider."""
    organization = Organization.objects.filter(pk=org_id).first()
    if organization is None:
        return refused(request, _nowhere(org_id), None)
    try:
        return to_identity_provider(request, organization)
    except Refused as refusal:
        occasion = Occasion(organization, client_ip(request), "GET", request.path)
        try:
            record_refusal(occasion, refusal)
        except (InterfaceError, OperationalError):
            logger.exception("A refused sign-on met a database that is locked or away")
            return _unavailable(request)
        return refused(request, refusal, organization)


def _nowhere(org_id: int) -> Refused:
    return Refused("0xA00F", f"There is no organization {org_id}.")


def to_identity_provider(
    request: HttpRequest, organization: Organization, *, tester: int = 0
) -> HttpResponse:
    """Redirect there, and mark the browser. Raises Refused."""
    browser = request.COOKIES.get(BROWSER_COOKIE) or token_urlsafe(24)
    url = request_url(organization, browser=browser, tester=tester)
    response = HttpResponse(status=HTTPStatus.FOUND, headers={"Location": url})
    _mark(response, browser, 2 * LIFETIME)
    return response


def _mark(response: HttpResponse, browser: str, lasts: timedelta) -> None:
    """Let the browser keep its mark: until the answer is here, then with the session."""
    response.set_cookie(
        BROWSER_COOKIE,
        browser,
        max_age=lasts,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


@csrf_exempt
@never_cache
@sensitive_variables("signed_on")
def answer(request: HttpRequest, org_id: int | None = None) -> HttpResponse:
    """The assertion consumer service: receive what the identity provider posts.

    *org_id* is given at the address for responses that nobody requested.
    """
    if request.method != "POST":
        # Zscaler gives out this address as Sign-on URL too.
        return redirect(
            "sign_on" if org_id is None else "sign_on_start", *_args(org_id)
        )
    organization = None
    try:
        if org_id is not None:
            organization = Organization.objects.filter(pk=org_id).first()
            if organization is None:
                return refused(request, _nowhere(org_id), None)
        arrival = _arrival(request, organization)
        organization = arrival.organization
        if arrival.is_test:
            return _tested(arrival)
        signed_on = sign_on(arrival)
    except Refused as refusal:
        return refused(request, refusal, organization)
    except (IntegrityError, InterfaceError, OperationalError):
        logger.exception("A sign-on met a database that is locked or away")
        return _unavailable(request)
    return _welcomed(signed_on)


def _unavailable(request: HttpRequest) -> HttpResponse:
    """The database is locked or away: nothing of the response is used yet."""
    answer = render(
        request,
        "saml/unavailable.html",
        {"title": "Try again"},
        status=HTTPStatus.SERVICE_UNAVAILABLE,
    )
    answer["Retry-After"] = "5"
    return answer


def _args(org_id: int | None) -> list[int]:
    return [] if org_id is None else [org_id]


def _arrival(request: HttpRequest, organization: Organization | None) -> Arrival:
    return arrival_of(
        encoded=request.POST.get("SAMLResponse", ""),
        relay_state=request.POST.get("RelayState", ""),
        received_at=f"{settings.PUBLIC_URL}{request.path}",
        organization=organization,
        client_ip=client_ip(request),
    )


def _tested(arrival: Arrival) -> HttpResponse:
    """On to the report, which administrators of the organization can see."""
    tester = arrival.request.tester if arrival.request else 0
    administrator = Administrator.objects.filter(pk=tester).first()
    if administrator is None:
        raise Refused("0xE5501", "The administrator who began the test is gone.")
    test = try_sign_on(arrival, administrator)
    return redirect("admin:zportal_signontest_report", test.pk)


@sensitive_variables("signed_on")
def _welcomed(signed_on: SignedOn) -> HttpResponse:
    """On by GET: Reload and Back post nothing again."""
    response = HttpResponse(
        status=HTTPStatus.SEE_OTHER, headers={"Location": reverse("signed_on")}
    )
    _set_cookie(response, ARRIVED_COOKIE, signed_on.secret, ARRIVED_FOR)
    return response


def _set_cookie(
    response: HttpResponse, name: str, secret: str, lasts: timedelta | None
) -> None:
    """Give the browser the secret of a session, for the pages about it only."""
    response.set_cookie(
        name,
        secret,
        max_age=lasts,
        path=reverse("signed_on"),
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def _keep(response: HttpResponse, secret: str, organization: Organization) -> None:
    """Let the browser keep a session, as long as the Authentication Frequency says."""
    active = Trust.of(organization, Stage.ACTIVE).settings
    kept = None if ends_with_browser(active) else lasts(active)
    _set_cookie(response, SESSION_COOKIE, secret, kept)
    response.delete_cookie(ARRIVED_COOKIE, path=reverse("signed_on"))


def refused(
    request: HttpRequest,
    refusal: Refused,
    organization: Organization | None,
    *,
    is_test: bool = False,
) -> HttpResponse:
    """The page that says why nobody is signed on, and what to do about it."""
    status = HTTPStatus.NOT_FOUND if organization is None else HTTPStatus.FORBIDDEN
    context = {
        "title": "Sign-on refused",
        "error": refusal.error,
        "detail": refusal.detail,
        "organization": organization,
        "is_test": is_test,
    }
    return render(request, "saml/refused.html", context, status=status)


@never_cache
@require_safe
def signed_on(request: HttpRequest) -> HttpResponse:
    """Who is signed on, with what the identity provider said of the person.

    A response that nobody in this browser asked for does not sign off who is signed on:
    the page asks first.
    """
    present = _session(request, SESSION_COOKIE)
    arrived = _session(request, ARRIVED_COOKIE)
    if arrived is not None and present is not None and _is_to_ask(present, arrived):
        context = {
            "title": "Sign on as somebody else?",
            "present": present,
            "person": person_of_session(present),
            "arrived": arrived,
            "newcomer": person_of_session(arrived),
        }
        return render(request, "saml/choose.html", context)
    response = _page_of(request, arrived or present)
    if arrived is not None:
        _keep(response, request.COOKIES[ARRIVED_COOKIE], arrived.organization)
    elif ARRIVED_COOKIE in request.COOKIES:
        response.delete_cookie(ARRIVED_COOKIE, path=reverse("signed_on"))
    return response


def _session(request: HttpRequest, cookie: str) -> SignOnSession | None:
    browser = request.COOKIES.get(BROWSER_COOKIE, "")
    return session_of(request.COOKIES.get(cookie, ""), browser_digest(browser)[:16])


def _is_to_ask(present: SignOnSession, arrived: SignOnSession) -> bool:
    """Whether *arrived*, which this browser did not ask for, is about somebody else."""
    same = ("organization_id", "user_key")
    is_same = all(getattr(present, name) == getattr(arrived, name) for name in same)
    return not arrived.browser and not is_same


def _page_of(request: HttpRequest, session: SignOnSession | None) -> HttpResponse:
    if session is None:
        return render(request, "saml/nobody.html", {"title": "Not signed on"})
    person = person_of_session(session)
    error = None
    if person is None:
        error = Refused("0xA010", f"{session.name_id} is not here any more.")
    elif not person.is_enabled:
        error = Refused("0xE5639", f"{person.scim_username} is disabled.")
    if error is not None:
        return refused(request, error, session.organization)
    context = {
        "title": "Signed on",
        "session": session,
        # In pairs: a template would take a claim named “items” for the method.
        "attributes": session.attributes.items(),
        "person": person,
        "trust": Trust.of(session.organization, Stage.ACTIVE),
    }
    response = render(request, "saml/signed_on.html", context)
    if session.browser:
        browser = request.COOKIES[BROWSER_COOKIE]
        _mark(response, browser, session.expires - timezone.now())
    return response


@require_POST
def choose(request: HttpRequest) -> HttpResponse:
    """Sign on as who has arrived, or stay who was signed on before."""
    arrived = _session(request, ARRIVED_COOKIE)
    response = redirect("signed_on")
    if arrived is None:
        return response
    secret = request.COOKIES[ARRIVED_COOKIE]
    if request.POST.get("answer") == "switch":
        end_session(request.COOKIES.get(SESSION_COOKIE, ""))
        _keep(response, secret, arrived.organization)
    else:
        end_session(secret)
        response.delete_cookie(ARRIVED_COOKIE, path=reverse("signed_on"))
    return response


@require_POST
def sign_off(request: HttpRequest) -> HttpResponse:
    """End the session here; the identity provider's own session goes on."""
    response = redirect("signed_on")
    for cookie in (SESSION_COOKIE, ARRIVED_COOKIE):
        end_session(request.COOKIES.get(cookie, ""))
        response.delete_cookie(cookie, path=reverse("signed_on"))
    return response


@never_cache
def find(request: HttpRequest) -> HttpResponse:
    """The common page: asks for the User Name and finds the organization by its domain.

    The way on is a link that the person presses, having read where it leads: any
    organization may have registered the domain. It could be no redirect anyway: Chromium
    holds one that a form led to against form-action, which names no identity provider.
    """
    form = FindForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        return render(request, "saml/find.html", {"title": "Sign On", "form": form})
    return _found(request, form, form.domain)


def _found(request: HttpRequest, form: FindForm, domain: str) -> HttpResponse:
    """The organizations of *domain*, or the form with what is wrong with it."""
    context = {"title": "Sign On", "form": form, "domain": domain}
    ways = ways_of(domain)
    if ways:
        return render(request, "saml/found.html", context | {"ways": ways})
    context["problem"] = (
        f"0xA020: no organization has registered “{domain[:253]}”, or none that has "
        "signs on with SAML."
    )
    return render(request, "saml/find.html", context)


@never_cache
@require_GET
def by_domain(request: HttpRequest) -> HttpResponse:
    """Zscaler's address for tests: ``/clstart?_domain=contoso.example``.

    Whoever makes somebody follow such a link chooses the domain, so it leads to nobody's
    identity provider by itself.
    """
    domain = written_domain(request.GET.get("_domain", ""))
    if not domain:
        return redirect("sign_on")
    return _found(request, FindForm(), domain)


@require_safe
def metadata(request: HttpRequest, org_id: int) -> HttpResponse:
    """The metadata of the service provider, with the active settings."""
    organization = Organization.objects.filter(pk=org_id).first()
    if organization is None:
        raise Http404
    xml = service_provider_metadata(Trust.of(organization, Stage.ACTIVE))
    name = f"zportal-{organization.pk}.xml"
    return HttpResponse(
        xml,
        content_type="application/samlmetadata+xml",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
