"""Middleware that answers for every page what none of them knows how to answer."""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.core.exceptions import PermissionDenied
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse

from zportal.frame.error_pages import unavailable
from zportal.frame.middleware import SAFE_METHODS, client_ip
from zportal.models import Administrator
from zportal.sign_in.audit_trail import record_refused_change
from zportal.sign_in.login import SignInLocked
from zportal.sign_in.passwords import TooManyPasswords
from zportal.sign_in.views import busy, locked

logger = logging.getLogger(__name__)

GetResponse = Callable[[HttpRequest], HttpResponse]


class RefusalMiddleware:
    """Answers for every page of the portal what none of them knows how to answer."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    @staticmethod
    def process_exception(
        request: HttpRequest, exception: Exception
    ) -> HttpResponse | None:
        try:
            if isinstance(exception, SignInLocked):
                return locked(request, exception)
            if isinstance(exception, TooManyPasswords):
                return busy(request)
            if isinstance(exception, PermissionDenied):
                note_refused_change(request)
        except (InterfaceError, OperationalError) as problem:
            exception = problem
        if isinstance(exception, InterfaceError | OperationalError):
            logger.error("The database refused a request of the portal: %s", exception)
            return unavailable()
        return None


def note_refused_change(request: HttpRequest) -> None:
    """Leave a trace of an administrator who tried to change what they may not."""
    if request.method in SAFE_METHODS or not isinstance(request.user, Administrator):
        return
    record_refused_change(
        administrator=request.user,
        client_ip=client_ip(request),
        page=request.path,
    )
