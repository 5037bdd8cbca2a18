"""Search, in the rail and with the key /."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path
from django.views.decorators.http import require_safe

from zportal.frame.access import administrator_of
from zportal.frame.page import page_context
from zportal.search import index

LONGEST = 254


def urls(admin_view: Callable[..., Any]) -> list[URLPattern]:
    return [path("search/", admin_view(search), name="search")]


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """Show what ``q`` finds."""
    text = request.GET.get("q", "").strip()[:LONGEST]
    found = index.search(administrator_of(request), text)
    context = {
        **page_context(title="Search", breadcrumbs=()),
        "text": text,
        "found": found,
        "most": index.MOST,
        "sections": [
            ("Pages", found.pages),
            ("Settings", found.settings),
            ("People", found.people),
            ("Groups", found.groups),
        ],
    }
    return render(request, "search/page.html", context)
