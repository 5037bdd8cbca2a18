from __future__ import annotations

import os
from collections.abc import Callable
from types import SimpleNamespace

from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare


class BearerMiddleware:
    """Signs the one token in; the library refuses whoever is not signed in."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.token = os.environ["BENCH_TOKEN"]

    def __call__(self, request: HttpRequest) -> HttpResponse:
        sent = request.headers.get("Authorization", "")
        known = constant_time_compare(sent, f"Bearer {self.token}")
        request.user = SimpleNamespace(is_authenticated=known)  # type: ignore[assignment]
        return self.get_response(request)
