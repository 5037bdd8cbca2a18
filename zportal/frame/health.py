"""Probes for whatever keeps the service running."""

from __future__ import annotations

import logging

from django.db import Error, connection
from django.http import HttpRequest, HttpResponse

logger = logging.getLogger(__name__)


def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return _plain("ok")


def readyz(request: HttpRequest) -> HttpResponse:
    """The process answers and so does its database."""
    try:
        with connection.cursor() as cursor:
            # A table of ours: SQLite makes an empty database where there was none.
            cursor.execute("SELECT 1 FROM django_migrations LIMIT 1")
    except Error as error:
        logger.warning("Not ready, the database does not answer: %s", error)
        return _plain("The database does not answer.", status=503)
    return _plain("ok")


def _plain(text: str, status: int = 200) -> HttpResponse:
    response = HttpResponse(f"{text}\n", content_type="text/plain", status=status)
    response["Cache-Control"] = "no-store"
    return response
