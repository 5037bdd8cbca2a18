"""What every endpoint has: authentication, one unit of work, errors, the event.

A request runs as one unit: a write in a transaction that also holds its event, the row
locked before it is read; a refusal is rolled back first and recorded afterwards.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

from django.db import IntegrityError, OperationalError, transaction
from django.http import HttpRequest, HttpResponseBase
from django.utils.decorators import method_decorator
from django.views.decorators.csrf import csrf_exempt
from django.views.generic import View
from django_scim.views import SCIMView

from scim.db.database_errors import passes
from scim.db.writers import one_at_a_time
from scim.errors import MethodNotAllowed, ScimError, translate
from scim.http.authentication import BearerAuthentication
from scim.http.recording import draft, record, record_apart, record_soon, was_stored
from scim.http.responses import error_response, no_content
from scim.http.scim_request import ScimRequest
from scim.models import ProvisioningEvent

logger = logging.getLogger(__name__)

ATTEMPTS = 5
"""Tries of one request when another one got in its way."""

PAUSE = 0.02
"""Seconds before the second try, at the most; before each further one twice as many."""

Action = ProvisioningEvent.Action
WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})


class Endpoint(SCIMView):  # type: ignore[misc]
    """What every endpoint has: authentication, one unit of work, errors, the event."""

    open_to_anyone = False
    action = Action.OTHER
    takes_lock = True
    """Whether a POST changes anything, and so needs a transaction."""

    @method_decorator(csrf_exempt)
    @method_decorator(BearerAuthentication)
    def dispatch(
        self, request: ScimRequest, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        """Serve one call; replaces the library's, which swallows the transaction."""
        try:
            return self.serve(request, *args, **kwargs)
        finally:
            # By it a view refers to itself (Django's View.setup): the request and its
            # event, with both bodies, would stay until the collector comes by.
            self.__dict__.pop("head", None)

    def serve(
        self, request: ScimRequest, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        """Serve a call whose caller is known, or an operation of a Bulk as one."""
        try:
            request.event = self._draft(request)
            self.prepare(request)
            return self._attempted(request, *args, **kwargs)
        except Exception as exc:  # noqa: BLE001 - whatever it is, the client gets SCIM
            # The frames that it passed hold the request: bodies would stay in memory.
            refusal = translate(exc).with_traceback(None)
        response = error_response(refusal)
        request.event = self._refused(request, refusal)
        self.note_refusal(request, response)
        return response

    def prepare(self, request: ScimRequest) -> None:
        """Refuse, or read, what needs no database, before any lock is taken.

        A body arrives as slowly as its sender likes, and to validate it takes as long as
        to store it; nobody else may wait for that.
        """

    def _attempted(
        self, request: ScimRequest, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        for attempt in range(1, ATTEMPTS + 1):
            response: Any = None
            try:
                if attempt > 1:
                    request.event = self._draft(request)
                with self._unit(request):
                    response = View.dispatch(self, request, *args, **kwargs)
                    self.note(request, response)
            except (IntegrityError, OperationalError) as exc:
                if response is not None and was_stored(request.event):
                    return cast("HttpResponseBase", response)
                if attempt == ATTEMPTS or not passes(exc):
                    raise
                logger.info("Trying a SCIM call again: %s", str(exc).splitlines()[0])
                # By chance, so that two that met do not meet again.
                time.sleep(random.uniform(0, PAUSE * 2 ** (attempt - 1)))  # noqa: S311
            else:
                return cast("HttpResponseBase", response)
        raise AssertionError

    def _changes(self, request: HttpRequest) -> bool:
        """Whether the call may change something, and so runs in a transaction."""
        return request.method in WRITES and self.takes_lock

    def note(self, request: ScimRequest, response: HttpResponseBase) -> None:
        """Record an accepted call: with its changes, or beside the requests."""
        if self._changes(request):
            record(request.event, request, response)
        else:
            record_soon(request.event, request, response)

    def note_refusal(self, request: ScimRequest, response: HttpResponseBase) -> None:
        """Record a refused call. One that only reads waits for no writer, refused or not."""
        if self._changes(request):
            record_apart(request.event, request, response)
        else:
            record_soon(request.event, request, response)

    @contextmanager
    def _unit(self, request: HttpRequest) -> Iterator[None]:
        if self._changes(request):
            with one_at_a_time(), transaction.atomic():
                yield
        else:
            yield

    def _draft(self, request: ScimRequest) -> ProvisioningEvent:
        event = draft(request, request.organization, request.token)
        event.action = self.action
        return event

    def _refused(self, request: ScimRequest, refusal: ScimError) -> ProvisioningEvent:
        """A fresh event with what the failed attempt knew: nothing of it was stored."""
        event = self._draft(request)
        tried = getattr(request, "event", None)
        if tried is not None:
            event.action = tried.action
            event.resource_type = tried.resource_type
            event.resource_key = tried.resource_key if tried.method != "POST" else None
            event.target = tried.target
            event.refused_domain = tried.refused_domain
        event.scim_type = refusal.scim_type
        event.detail = refusal.detail[:1024]
        return event

    def http_method_not_allowed(
        self, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        raise MethodNotAllowed(request.method or "", self._allowed_methods())

    def options(
        self, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        response = no_content()
        response["Allow"] = ", ".join(self._allowed_methods())
        return response
