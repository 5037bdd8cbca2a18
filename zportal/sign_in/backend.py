"""The way a password is proved: Django's, with each try counted first."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest
from django.views.decorators.debug import sensitive_variables

from scim.text import match_key
from zportal.frame.middleware import client_ip
from zportal.models import Administrator
from zportal.sign_in import login as sign_in
from zportal.sign_in.known_browsers import known_browser


class CountingBackend(ModelBackend):
    """Proves a login and password, as many times as wrong ones leave room for."""

    @sensitive_variables("password")
    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **_: Any,
    ) -> Administrator | None:
        """Return the administrator, or None for a wrong login or password.

        Raises SignInLocked and TooManyPasswords; RefusalMiddleware answers them.
        """
        if username is None or password is None:
            return None
        login = match_key(username)
        address = client_ip(request) if request else None
        tried = sign_in.begin_try(
            login=login, browser=known_browser(request, login), address=address
        )
        try:
            administrator = super().authenticate(request, username, password)
        except BaseException:
            sign_in.take_back(tried)
            raise
        if administrator is None:
            sign_in.failed(tried, login=login, address=address)
        else:
            sign_in.succeeded(tried)
        return administrator
