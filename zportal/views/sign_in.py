"""Sign-in, and the answer while a login is locked."""

from __future__ import annotations

import math
from typing import Any

from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from zportal.forms import SignInForm
from zportal.services import sign_in_name

REMEMBERED_LOGIN = "remembered_login"
REMEMBERED_FOR = 365 * 24 * 60 * 60


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
        response = super().form_valid(form)
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


def locked(
    request: HttpRequest, response: HttpResponse, credentials: dict[str, Any] | None
) -> HttpResponse:
    """Answer for django-axes: this login is locked, and when to try again."""
    attempt = (
        AccessAttempt.objects.filter(username=sign_in_name(request, credentials))
        .order_by("-attempt_time")
        .first()
    )
    now = timezone.now()
    until = (attempt.attempt_time if attempt else now) + settings.AXES_COOLOFF_TIME
    seconds = max(1, math.ceil((until - now).total_seconds()))
    context = {
        "title": "Sign-in is locked",
        "until": until,
        "minutes": math.ceil(seconds / 60),
    }
    answer = render(request, "sign_in/locked.html", context, status=429)
    answer["Retry-After"] = str(seconds)
    answer["Cache-Control"] = "no-store"
    return answer
