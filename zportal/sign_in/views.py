"""Sign-in, and the answers while it is locked and while the server is busy hashing."""

from __future__ import annotations

import math
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.contrib.auth.views import LoginView
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from zportal.frame.middleware import client_ip
from zportal.sign_in.audit_trail import record_sign_in
from zportal.sign_in.forms import SignInForm
from zportal.sign_in.known_browsers import remember_browser
from zportal.sign_in.login import SignInLocked

REMEMBERED_LOGIN = f"{settings.SECURE_PREFIX}remembered_login"
REMEMBERED_FOR = 365 * 24 * 60 * 60

BUSY_SECONDS = 5
"""After which whoever found the server busy may try again."""


class SignInView(LoginView):
    """Login ID and password on one page."""

    template_name = "admin/login.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True
    extra_context = {"title": "Sign In"}

    def get_initial(self) -> dict[str, Any]:
        remembered = self.request.COOKIES.get(REMEMBERED_LOGIN, "")
        return {"username": remembered[:128], "remember": bool(remembered)}

    def form_valid(self, form: Any) -> HttpResponse:
        with transaction.atomic():
            response = super().form_valid(form)
            record_sign_in(
                administrator=form.get_user(), client_ip=client_ip(self.request)
            )
        remember_browser(response, form.get_user())
        if form.cleaned_data["remember"]:
            response.set_cookie(
                REMEMBERED_LOGIN,
                form.get_user().login,
                max_age=REMEMBERED_FOR,
                path=self.request.path,
                secure=settings.SESSION_COOKIE_SECURE,
                httponly=True,
                samesite="Lax",
            )
        else:
            response.delete_cookie(REMEMBERED_LOGIN, path=self.request.path)
        return response


def locked(request: HttpRequest, lock: SignInLocked) -> HttpResponse:
    """Say that too many passwords were wrong, and when to try again."""
    seconds = max(1, math.ceil((lock.until - timezone.now()).total_seconds()))
    context = {
        "title": "Sign-in is locked",
        "kind": lock.kind,
        "until": lock.until,
        "minutes": math.ceil(seconds / 60),
    }
    return _later(request, "sign_in/locked.html", context, seconds)


def busy(request: HttpRequest) -> HttpResponse:
    """Say that the server looked at other passwords: this one counts as never sent."""
    context = {"title": "Too many at once"}
    return _later(request, "sign_in/busy.html", context, BUSY_SECONDS)


def _later(
    request: HttpRequest, template: str, context: dict[str, Any], seconds: int
) -> HttpResponse:
    answer = render(request, template, context, status=HTTPStatus.TOO_MANY_REQUESTS)
    answer["Retry-After"] = str(seconds)
    answer["Cache-Control"] = "no-store"
    return answer
