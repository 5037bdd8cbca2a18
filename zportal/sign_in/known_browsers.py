"""Browsers in which an administrator signed in before, told by a cookie of their own.

Guesses of strangers lock a login for strangers only. The cookie opens nothing; it says
that wrong passwords from this browser are counted apart.
https://owasp.org/www-community/Slow_Down_Online_Guessing_Attacks_with_Device_Cookies
"""

from __future__ import annotations

import secrets
from datetime import timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import resolve_url
from django.utils.crypto import salted_hmac

from zportal.models import Administrator

LASTS = timedelta(days=90)
"""Since the last sign-in from the browser."""


def known_browser(request: HttpRequest | None, login: str) -> str | None:
    """Return the name of the browser, if *login*, folded, signed in there before.

    The name is a random one of the last sign-in. A cookie that is forged, too old, of
    another login or from before a change of the password is worth nothing.
    """
    cookie = _cookie(login)
    if request is None or cookie not in request.COOKIES:
        return None
    administrator = Administrator.objects.filter(login=login).first()
    if administrator is None:
        return None
    name: str | None = request.get_signed_cookie(
        cookie, default=None, salt=_salt(administrator), max_age=LASTS
    )
    return name


def remember_browser(response: HttpResponse, administrator: Administrator) -> None:
    """Let the browser that gets *response* be known as one of *administrator*."""
    response.set_signed_cookie(
        _cookie(administrator.login),
        secrets.token_urlsafe(16),
        salt=_salt(administrator),
        max_age=LASTS,
        path=resolve_url(settings.LOGIN_URL),
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def _cookie(login: str) -> str:
    """A name for each login: several people may use one browser."""
    digest = salted_hmac("zportal.known-browser", login).hexdigest()[:16]
    return f"{settings.SECURE_PREFIX}known_browser_{digest}"


def _salt(administrator: Administrator) -> str:
    # It follows from the hash of the password, so that it ends with the password.
    return f"zportal.known-browser:{administrator.get_session_auth_hash()}"
