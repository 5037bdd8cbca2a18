"""Middleware of the administrators' sessions."""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.views import redirect_to_login
from django.contrib.sessions import middleware
from django.contrib.sessions.exceptions import SessionInterrupted
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.cache import patch_vary_headers

from zportal.frame.error_pages import unavailable
from zportal.frame.lock_wait import waiting_briefly
from zportal.frame.middleware import SAFE_METHODS, client_ip
from zportal.models import Administrator, AdministratorSession

logger = logging.getLogger(__name__)

GetResponse = Callable[[HttpRequest], HttpResponse]

SESSION_ROW = "session_row"
"""Where a session keeps the key of its AdministratorSession."""


class SessionMiddleware(middleware.SessionMiddleware):
    """Django's, for a database that may be locked, and a session that may have ended."""

    def process_response(
        self, request: HttpRequest, response: HttpResponse
    ) -> HttpResponse:
        is_safe = request.method in SAFE_METHODS
        try:
            if is_safe and request.session.modified:
                with waiting_briefly():
                    return super().process_response(request, response)
            return super().process_response(request, response)
        except SessionInterrupted:
            return self._ended(request)
        except (InterfaceError, OperationalError) as problem:
            logger.warning("A session could not be stored: %s", problem)
            if is_safe:
                # What was shown is shown once more: only a message was to be forgotten.
                patch_vary_headers(response, ("Cookie",))
                return response
            return unavailable(is_stored=True)

    @staticmethod
    def _ended(request: HttpRequest) -> HttpResponse:
        """The session was signed out in another tab while this request was at work."""
        if request.method in SAFE_METHODS:
            response: HttpResponse = redirect_to_login(request.get_full_path())
        else:
            response = redirect(settings.LOGIN_URL)
        response.delete_cookie(settings.SESSION_COOKIE_NAME, samesite="Lax")
        return response


class AdministratorSessionMiddleware:
    """Keeps the list of sessions under Profile, and ends those that are over.

    A session carries the key of its row; the row never holds the key of the session.
    A session whose row is gone, idled too long or reached the limit is signed out.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # A call without the cookie has no session to load.
        has_session = settings.SESSION_COOKIE_NAME in request.COOKIES
        if has_session and SESSION_ROW in request.session:
            self._go_on(request)
        elif has_session:
            self._begin(request)
        response = self.get_response(request)
        if has_session or request.session.modified:
            try:
                self._begin(request)
            except (InterfaceError, OperationalError) as problem:
                logger.warning("A session could not be begun: %s", problem)
                if request.method not in SAFE_METHODS:
                    # What the view did is done.
                    return unavailable(is_stored=True)
        return response

    @classmethod
    def _go_on(cls, request: HttpRequest) -> None:
        row = None
        if isinstance(request.user, Administrator):
            own = AdministratorSession.objects.of(request.user).going_on()
            row = own.filter(pk=request.session[SESSION_ROW]).first()
        if row is None:
            cls._end(request)
            return
        if row.is_to_be_noted(client_ip(request)):
            try:
                with waiting_briefly():
                    row.seen(client_ip(request))
            except (InterfaceError, OperationalError):
                logger.info("A session was not noted: others hold the database.")

    @staticmethod
    def _end(request: HttpRequest) -> None:
        """Sign out. While the row cannot be deleted, the browser forgets its cookie."""
        try:
            with waiting_briefly():
                logout(request)
        except (InterfaceError, OperationalError):
            request.session = type(request.session)()
            request.user = AnonymousUser()

    @staticmethod
    def _begin(request: HttpRequest) -> None:
        if SESSION_ROW in request.session:
            return
        if isinstance(request.user, Administrator):
            row = AdministratorSession.begin(request.user, client_ip(request))
            request.session[SESSION_ROW] = row.pk
            request.session.clear_expired()


def end_this_session(request: HttpRequest) -> None:
    """Take the session out of the list; logging out ends it."""
    if SESSION_ROW in request.session:
        key = request.session[SESSION_ROW]
        AdministratorSession.objects.filter(pk=key).delete()
