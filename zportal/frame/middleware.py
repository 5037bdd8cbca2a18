"""Middleware of the whole site."""

from __future__ import annotations

import re
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import resolve

from scim.models import Organization
from zportal.frame.health import healthz, readyz
from zportal.frame.proxies import (
    client_address,
    is_trusted,
    parse_address,
    parse_networks,
)
from zportal.hidden_characters import visible_page
from zportal.models import Administrator

GetResponse = Callable[[HttpRequest], HttpResponse]

BELIEVED = ("HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_HOST")
"""What a trusted proxy may say about the request, besides X-Forwarded-For."""

NEVER_BELIEVED = (
    "HTTP_FORWARDED",
    "HTTP_X_FORWARDED_PORT",
    "HTTP_X_FORWARDED_PROTOCOL",
    "HTTP_X_FORWARDED_SSL",
)


SCIM_PATH = re.compile(r"/[0-9]{8}/scim(?:/|$)")

SAML_PATH = re.compile(r"/(?:sfc_sso|sso_upd)(?:/|$)")

WORKING_IN = "working_in"
"""Where a superuser's session keeps the organization that was switched to."""

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
"""Methods of requests that ask for no change (RFC 9110, 9.2.1)."""


class HealthMiddleware:
    """Answers health probes before anything else looks at the request.

    A probe comes with whatever Host header and session cookie its sender has; neither
    may decide the answer.
    """

    probes = {"/healthz": healthz, "/readyz": readyz}

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        probe = self.probes.get(request.path)
        if probe is None:
            return self.get_response(request)
        response = probe(request)
        if request.method == "HEAD":
            response.content = b""
        return response


class ForwardedHeadersMiddleware:
    """Believes forwarded headers of TRUSTED_PROXIES only, and sets request.client_ip.

    From anybody else the headers are removed, so nothing behind this middleware can
    fall for them; ``client_ip`` is the peer then, or None on a UNIX socket.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self.proxies = parse_networks(settings.TRUSTED_PROXIES)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        meta = request.META
        peer = parse_address(meta.get("REMOTE_ADDR", ""))
        forwarded_for = meta.pop("HTTP_X_FORWARDED_FOR", "")
        client = peer
        if peer is not None and is_trusted(peer, self.proxies):
            client = client_address(peer, forwarded_for, self.proxies)
            self._keep_nearest(request)
        else:
            self._forget(request, BELIEVED)
        self._forget(request, NEVER_BELIEVED)
        request.client_ip = str(client) if client else None  # type: ignore[attr-defined]
        return self.get_response(request)

    @staticmethod
    def _keep_nearest(request: HttpRequest) -> None:
        """Of a list, keep what the proxy next to us said."""
        for name in BELIEVED:
            if name in request.META:
                request.META[name] = request.META[name].rpartition(",")[2].strip()

    @staticmethod
    def _forget(request: HttpRequest, names: tuple[str, ...]) -> None:
        sent = [name for name in names if request.META.pop(name, None) is not None]
        if sent:
            # gunicorn believes a loopback peer's headers by default, and a tunnel on
            # this machine passes on what its clients wrote.
            request.META["wsgi.url_scheme"] = "http"


class UploadLimitMiddleware:
    """Refuses a body that no form of the portal sends, before it is read.

    SCIM has a limit of its own, for bodies that it reads in one piece; a SAML response
    may have 4 MB (https://help.zscaler.com/zia/understanding-saml), encoded a third more.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if SCIM_PATH.match(request.path) or not self.is_too_large(request):
            return self.get_response(request)
        limit = self.limit_of(request) // 1024
        return HttpResponse(
            f"The upload is larger than {limit} KiB, or does not say how large it is. "
            "Go back and send less.\n",
            content_type="text/plain",
            status=413,
        )

    def is_too_large(self, request: HttpRequest) -> bool:
        if "chunked" in request.headers.get("transfer-encoding", "").lower():
            return True
        length = request.headers.get("content-length") or "0"
        return not length.isdecimal() or int(length) > self.limit_of(request)

    @staticmethod
    def limit_of(request: HttpRequest) -> int:
        """Bytes of the largest body that the address takes."""
        if SAML_PATH.match(request.path):
            return settings.SAML_UPLOAD_LIMIT
        return settings.PORTAL_UPLOAD_LIMIT


class ScimMiddleware:
    """Serves the SCIM service without what only browsers need.

    Sessions, CSRF tokens, messages, the Content-Security-Policy and the sign-in lock
    mean nothing to a client with a bearer token, and cost it a third of a short call.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not SCIM_PATH.match(request.path):
            return self.get_response(request)
        match = request.resolver_match = resolve(request.path_info)
        response: HttpResponse = match.func(request, *match.args, **match.kwargs)
        # CommonMiddleware's work; without it gunicorn would send the body in chunks.
        if not response.streaming:
            response.setdefault("Content-Length", str(len(response.content)))
        return response


class HiddenCharactersMiddleware:
    """Makes visible, on every page, what clients sent and nobody would see.

    Names come from identity providers and are stored as sent. Here is the one place that
    no page can forget.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        is_page = response.get("Content-Type", "").startswith("text/html")
        if is_page and not response.streaming:
            response.content = visible_page(response.content.decode()).encode()
        return response


class CurrentOrganizationMiddleware:
    """Lets a superuser work in the organization that the session names.

    A session that names an organization which is gone, or whose administrator may no
    longer switch, is led home: the choice is forgotten.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # As above: without the cookie there is no session to load.
        has_session = settings.SESSION_COOKIE_NAME in request.COOKIES
        if has_session and WORKING_IN in request.session:
            self._place(request)
        return self.get_response(request)

    @staticmethod
    def _place(request: HttpRequest) -> None:
        administrator = request.user
        if isinstance(administrator, Administrator) and administrator.may_switch:
            key = request.session[WORKING_IN]
            if organization := Organization.objects.filter(pk=key).first():
                administrator.work_in(organization)
                return
        del request.session[WORKING_IN]


def client_ip(request: HttpRequest) -> str | None:
    """Return the address of who sent the request, where REMOTE_ADDR may be a proxy's."""
    address: str | None = getattr(request, "client_ip", None)
    return address
