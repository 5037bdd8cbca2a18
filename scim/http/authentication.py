"""Bearer token -> organization. Fails closed.

Named by AUTH_CHECK_MIDDLEWARE and used by django-scim2 as a decorator of a view's
dispatch. The library's own lets every mount pass that its ``scim:root`` does not name;
this one lets nothing pass that it did not prove.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

from django.core.exceptions import DisallowedHost
from django.db import Error, InterfaceError, OperationalError, connection
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone

from scim.db.prepared import Prepared
from scim.errors import (
    Forbidden,
    ScimError,
    TooManyRequests,
    Unauthorized,
    WrongHost,
    translate,
)
from scim.events import queue
from scim.http.recording import draft, record_apart, record_soon
from scim.http.responses import error_response
from scim.models import BearerToken, Organization, ProvisioningConnection
from scim.models.token import digest_of

logger = logging.getLogger(__name__)

LAST_USED_EVERY = timedelta(minutes=1)
"""How often the last use of a token is written."""


class BearerAuthentication:
    """Sets ``request.organization``, ``request.token`` and ``request.event``.

    A view class with ``open_to_anyone`` is served without a token, as Zscaler serves
    its discovery endpoints ("SCIM API Examples"), but not with a wrong one.
    """

    def __init__(self, get_response: Callable[..., HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(
        self, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        org_id = int(kwargs.pop("org_id"))
        # get_response is a partial, which does not tell whose dispatch it is.
        view = getattr(
            getattr(request.resolver_match, "func", None), "view_class", None
        )
        anonymous = getattr(view, "open_to_anyone", False)
        try:
            # Nothing else checks it on this path (zportal.frame.middleware.ScimMiddleware).
            request.get_host()
            refused = self.admit(request, org_id, anonymous=anonymous)
        except DisallowedHost:
            return error_response(WrongHost())
        except Error as exc:
            # Nobody can say who is calling, so nobody gets in.
            return error_response(translate(exc))
        return refused or self.get_response(request, *args, **kwargs)

    def admit(
        self, request: HttpRequest, org_id: int, *, anonymous: bool
    ) -> HttpResponseBase | None:
        """Return None when the caller may go on, the recorded refusal otherwise."""
        try:
            self.authenticate(request, org_id, anonymous=anonymous)
        except ScimError as refusal:
            return self.refuse(request, org_id, refusal)
        return None

    def authenticate(
        self, request: HttpRequest, org_id: int, *, anonymous: bool
    ) -> None:
        """Raise Unauthorized or Forbidden, or leave organization and token behind."""
        secret = bearer_secret(request.headers.get("Authorization", ""))
        if secret is None and anonymous:
            token = None
            organization = _known(org_id)
            if organization is None:
                raise Unauthorized("unknown organization")
        else:
            token = _token(secret)
            _check(token, org_id)
            organization = token.organization
        request.organization = organization  # type: ignore[attr-defined]
        request.token = token  # type: ignore[attr-defined]
        if not organization.connection.is_open:
            raise Forbidden(_closed_because(organization))
        if token is not None:
            note_use(token, getattr(request, "client_ip", None))
            _count_call(organization)

    def refuse(
        self, request: HttpRequest, org_id: int, refusal: ScimError
    ) -> HttpResponseBase:
        """Answer a refusal and record it where there is an organization to record it for."""
        response = error_response(refusal)
        if isinstance(refusal, Unauthorized):
            organization = _known(org_id)
            if organization is None:
                logger.warning("SCIM call to an unknown organization: %s", org_id)
                return response
            event = draft(request, organization, None)
            event.detail = f"Refused: {refusal.reason}."
            record_apart(event, request, response)
            return response
        event = draft(request, request.organization, request.token)  # type: ignore[attr-defined]
        event.detail = refusal.detail
        # It changed nothing, and whoever has a token waits for no writer to be told so.
        record_soon(event, request, response)
        return response


def bearer_secret(header: str) -> str | None:
    """Return the token of an Authorization header, None when there is no header at all.

    Anything that is not ``Bearer <one word>`` gives an empty, and so unknown, token.
    """
    if not header:
        return None
    scheme, _, secret = header.partition(" ")
    secret = secret.strip()
    if scheme.lower() != "bearer" or not secret.isascii() or len(secret) > 512:
        return ""
    return secret


_BY_DIGEST: Prepared[BearerToken] = Prepared(
    lambda digest: BearerToken.objects.filter(digest=digest).select_related(
        "organization__connection"
    )[:1],
    str,
)


def _found(digest: str) -> BearerToken | None:
    """Look up a token by the first query of a call, which shows if the connection lives.

    A question of its own before each call would cost PostgreSQL a round trip.
    """
    connection.health_check_done = True  # type: ignore[attr-defined]
    try:
        return _BY_DIGEST.first(digest)
    except (OperationalError, InterfaceError):
        # It was kept from an earlier call, and the server has gone or come back since.
        connection.close()
        return _BY_DIGEST.first(digest)


def _known(org_id: int) -> Organization | None:
    return Organization.objects.select_related("connection").filter(pk=org_id).first()


def _token(secret: str | None) -> BearerToken:
    """Find a token by its digest: one indexed look-up, nothing secret is compared."""
    if not secret:
        raise Unauthorized("no bearer token was sent")
    token = _found(digest_of(secret))
    if token is None:
        raise Unauthorized("the token is unknown")
    return token


def _check(token: BearerToken, org_id: int) -> None:
    if token.organization_id != org_id:
        raise Unauthorized("the token belongs to another organization")
    if token.is_live:
        return
    if token.revoked_at is not None:
        raise Unauthorized(f"the token {token} was replaced by a newer one")
    if token.is_pending:
        raise Unauthorized(
            f"the token {token} was generated but not saved; "
            "press Save in Configure SAML"
        )
    raise Unauthorized(f"the token {token} was generated but never saved")


def _closed_because(organization: Organization) -> str:
    if not organization.connection.enabled:
        return (
            "SCIM-Based Provisioning is switched off for this organization. Switch it "
            "on in Authentication Settings > Configure SAML, and Save."
        )
    return "SCIM-Based Provisioning needs the Enterprise package."


def _count_call(organization: Organization) -> None:
    """Raise TooManyRequests beyond what the behaviour profile allows in a second.

    Anonymous calls are not counted: strangers could use up the client's.
    """
    most = organization.behaviour.requests_per_second
    if not most:
        return
    mine = ProvisioningConnection.objects.for_organization(organization)
    if not mine.count_call(int(time.time()), most):
        raise TooManyRequests


def note_use(token: BearerToken, client_ip: str | None) -> None:
    """Write when and from where the token was used, once a minute or from a new place.

    Beside the request: a call that only reads waits for no writer.
    """
    now = timezone.now()
    recent = token.last_used_at and now - token.last_used_at < LAST_USED_EVERY
    if recent and token.last_used_from == client_ip:
        return
    row = BearerToken.objects.filter(pk=token.pk)
    queue.queue.note(
        token.pk, partial(row.update, last_used_at=now, last_used_from=client_ip)
    )
