"""What every page hands to the frame: its title, its place, its tabs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from zportal.models import Administrator


class AdministratorRequest(HttpRequest):
    """A request that PortalAdminSite.admin_view has let through."""

    user: Administrator


@dataclass(frozen=True)
class Crumb:
    """A step of the path above the title; a link when it has a URL."""

    label: str
    url: str = ""


@dataclass(frozen=True)
class Tab:
    """A tab below the title."""

    label: str
    url: str
    current: bool = False


AUTHENTICATION_SETTINGS = (
    ("Authentication Profile", "admin:authentication_settings"),
    ("SAML Sign-On", "admin:saml_sign_on"),
    ("Schema Extensions", "admin:schema_extensions"),
    ("Advanced", "admin:advanced"),
)


def authentication_tabs(current: str) -> list[Tab]:
    """Return the tabs of Authentication Settings; *current* names a URL pattern."""
    return [
        Tab(label, reverse(name), current=name == current)
        for label, name in AUTHENTICATION_SETTINGS
    ]


def page_context(
    *,
    title: str,
    breadcrumbs: Sequence[str | Crumb] = ("Administration", "Authentication"),
    tabs: Sequence[Tab] = (),
) -> dict[str, Any]:
    """Return the context that templates/admin/base_site.html shows as the title bar.

    Pages extend ``admin/base_site.html`` and fill its block ``content`` with
    ``<div class="page">…</div>`` (and ``<div class="foot">…</div>`` after it). A
    ModelAdmin hands the result on as ``extra_context``. The navigation and the
    organization's corner come from template tags and need nothing here.
    """
    return {
        "title": title,
        "subtitle": None,
        "breadcrumbs": [
            crumb if isinstance(crumb, Crumb) else Crumb(crumb) for crumb in breadcrumbs
        ],
        "tabs": list(tabs),
    }
