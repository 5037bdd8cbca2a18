"""The answers when the server is in trouble, made without the database."""

from __future__ import annotations

import sys
from http import HTTPStatus

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.views import defaults

AGAIN = 5
"""Seconds after which a request may be sent again."""


def unavailable(*, is_stored: bool = False) -> HttpResponse:
    """Say that the database is locked or away, and whether something was stored.

    *is_stored* is for what came after the change itself, of which nobody knows here.
    """
    page = render_to_string("503.html", {"is_stored": is_stored})
    response = HttpResponse(page, status=HTTPStatus.SERVICE_UNAVAILABLE)
    response["Retry-After"] = str(AGAIN)
    response["Cache-Control"] = "no-store"
    return response


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's handler500: what happened outside of a view, where no page is at fault."""
    if isinstance(sys.exception(), InterfaceError | OperationalError):
        return unavailable()
    response: HttpResponse = defaults.server_error(request)
    return response
