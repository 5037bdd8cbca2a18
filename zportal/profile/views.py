"""The page Profile: who is signed in, their password, theme and sessions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth import logout, update_session_auth_hash
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path
from django.views.decorators.debug import (
    sensitive_post_parameters,
    sensitive_variables,
)
from django.views.decorators.http import require_POST, require_safe

from zportal.frame.access import administrator_of
from zportal.frame.middleware import client_ip
from zportal.frame.page import page_context
from zportal.models import AdministratorSession
from zportal.profile import services
from zportal.profile.forms import PasswordForm, ThemeForm
from zportal.sign_in.audit_trail import record_sign_out
from zportal.sign_in.passwords import TooManyPasswords
from zportal.sign_in.session_middleware import SESSION_ROW, end_this_session

PAGE = "admin:profile"

SESSIONS_SHOWN = 50
LARGEST_KEY = 2**63 - 1


def urls(admin_view: Callable[..., Any]) -> list[URLPattern]:
    return [
        path("profile/", admin_view(profile), name="profile"),
        path("profile/theme/", admin_view(theme), name="choose_theme"),
        path("profile/password/", admin_view(password), name="change_password"),
        path("profile/end-session/", admin_view(end_session), name="end_session"),
        path(
            "profile/end-other-sessions/",
            admin_view(end_other_sessions),
            name="end_other_sessions",
        ),
    ]


@require_safe
def profile(request: HttpRequest) -> HttpResponse:
    return _page(request)


@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Choose System, Light or Dark."""
    form = ThemeForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Nothing was saved: choose System, Light or Dark.")
        return redirect(PAGE)
    services.choose_theme(
        administrator=administrator_of(request),
        client_ip=client_ip(request),
        theme=form.cleaned_data["theme"],
    )
    messages.success(request, "The theme is saved.")
    return redirect(PAGE)


@sensitive_post_parameters()
@require_POST
@sensitive_variables()
def password(request: HttpRequest) -> HttpResponse:
    """Change the password; this session goes on, the others end."""
    administrator = administrator_of(request)
    session = request.session[SESSION_ROW]
    if not services.begin_password_try(session):
        return _sign_out(request)
    form = PasswordForm(administrator, request.POST)
    try:
        is_valid = form.is_valid()
        if is_valid:
            services.change_password(
                administrator=administrator,
                client_ip=client_ip(request),
                password=form.cleaned_data["new_password1"],
                session=session,
            )
    except TooManyPasswords:
        services.take_back_password_try(session)
        raise
    if "old_password" in form.errors:
        spent = services.has_no_password_try(session)
        return _sign_out(request) if spent else _page(request, password_form=form)
    services.forget_wrong_passwords(session)
    # Also when an old hash was replaced: the session is bound to the stored one.
    update_session_auth_hash(request, administrator)
    if not is_valid:
        return _page(request, password_form=form)
    messages.success(request, "The password is changed. Your other sessions ended.")
    return redirect(PAGE)


def _sign_out(request: HttpRequest) -> HttpResponse:
    """End a session in which somebody guesses: whoever found it open must not go on."""
    with transaction.atomic():
        end_this_session(request)
        record_sign_out(
            administrator=administrator_of(request),
            client_ip=client_ip(request),
            note="Signed out after too many wrong current passwords.",
        )
        logout(request)
    return redirect("admin:login")


@require_POST
def end_session(request: HttpRequest) -> HttpResponse:
    """End the posted session of the administrator."""
    key = request.POST.get("session", "")
    is_key = key.isascii() and key.isdecimal() and len(key) < len(str(LARGEST_KEY))
    ended = is_key and services.end_session(
        administrator=administrator_of(request),
        client_ip=client_ip(request),
        session=int(key),
    )
    if ended:
        messages.success(request, "The session is ended.")
    else:
        messages.error(request, "Nothing was ended: that session is over already.")
    return redirect(PAGE)


@require_POST
def end_other_sessions(request: HttpRequest) -> HttpResponse:
    """End every session of the administrator but this one."""
    ended = services.end_other_sessions(
        administrator=administrator_of(request),
        client_ip=client_ip(request),
        session=request.session.get(SESSION_ROW),
    )
    number = "1 session is" if ended == 1 else f"{ended} sessions are"
    messages.success(request, f"{number} ended.")
    return redirect(PAGE)


@sensitive_variables()
def _page(
    request: HttpRequest, *, password_form: PasswordForm | None = None
) -> HttpResponse:
    administrator = administrator_of(request)
    sessions = AdministratorSession.objects.of(administrator).newest_first()
    context = {
        **page_context(title="Profile", breadcrumbs=()),
        "administrator": administrator,
        "theme_form": ThemeForm(initial={"theme": administrator.theme}),
        "password_form": password_form or PasswordForm(administrator),
        "sessions": sessions.going_on()[:SESSIONS_SHOWN],
        "this_session": request.session.get(SESSION_ROW),
    }
    return render(request, "profile/page.html", context)
