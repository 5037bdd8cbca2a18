"""How django-axes counts wrong passwords here: one row a login."""

from __future__ import annotations

from typing import Any

from axes.handlers.database import AxesDatabaseHandler
from django.http import HttpRequest

NO_ADDRESS = "::"


class LoginLock(AxesDatabaseHandler):  # type: ignore[misc] # axes is not typed
    """Keeps one count a login, whatever the address and browser of the attempts.

    The library keeps a row for each address and browser, each with a time of its own.
    Someone who changes the User-Agent header between guesses would spread the five
    over rows that expire one by one, and so end the lock early.
    """

    def user_login_failed(
        self,
        sender: Any,
        credentials: dict[str, Any],
        request: HttpRequest | None = None,
        **kwargs: Any,
    ) -> None:
        if request is not None:
            # An address, since rows without one are not unique in SQL.
            request.axes_ip_address = NO_ADDRESS  # type: ignore[attr-defined]
            request.axes_user_agent = ""  # type: ignore[attr-defined]
        super().user_login_failed(sender, credentials, request, **kwargs)
