"""How a failed sign-in is counted."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from scim.text import match_key


def sign_in_name(
    request: HttpRequest | None, credentials: dict[str, Any] | None
) -> str:
    """The login under which django-axes counts failures: folded, as it is stored."""
    name = (credentials or {}).get("username")
    if name is None and request is not None:
        name = request.POST.get("username")
    return match_key(str(name or ""))
