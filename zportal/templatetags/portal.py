"""Tags of the frame. They also work on error pages, which have less context."""

from __future__ import annotations

from typing import Any

from django import template
from django.templatetags.static import static
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from scim.models import Organization
from zportal.authentication.certificate_warnings import certificate_caution
from zportal.authentication.staging import Staging
from zportal.frame.navigation import MENUS, SHORTCUTS
from zportal.hidden_characters import hides
from zportal.models import Administrator

register = template.Library()

OTHERS_SHOWN = 8
"""Organizations in the menu of the corner; a page lists all."""
CAUTIOUS = "admin:authentication_settings"
"""The entry of the menu that is marked when a certificate runs out."""

STAGING = "zportal-staging"
"""Where a rendering keeps the settings of the organization."""


def _administrator(context: template.Context) -> Administrator | None:
    """Who is signed in; nobody where there is no request (the page of error 500)."""
    user = getattr(context.get("request"), "user", None)
    return user if isinstance(user, Administrator) and user.is_active else None


register.filter("hides", hides)


@register.simple_tag
def icon(name: str) -> SafeString:
    """An icon of static/img/icons.svg, drawn in the colour of the text."""
    return format_html(
        '<svg class="icon" aria-hidden="true" focusable="false">'
        '<use href="{}#{}"></use></svg>',
        static("img/icons.svg"),
        name,
    )


@register.inclusion_tag("frame/rail.html", takes_context=True)
def rail(context: template.Context) -> dict[str, Any]:
    """The navigation, empty for those who are not signed in."""
    administrator = _administrator(context)
    if administrator is None:
        return {"menus": ()}
    path = context["request"].path
    staging = _staging(context, administrator)
    return {
        "administrator": administrator,
        "path": path,
        "menus": [
            {
                "label": menu.label,
                "icon": menu.icon,
                "current": menu.is_current(path),
                "shows_caution": any(
                    entry.url_name == CAUTIOUS for entry in menu.entries
                ),
                "groups": [
                    {
                        "label": label,
                        "entries": [
                            {
                                "label": entry.label,
                                "url": entry.url,
                                "current": entry.is_current(path),
                                "shows_caution": entry.url_name == CAUTIOUS,
                            }
                            for entry in entries
                        ],
                    }
                    for label, entries in menu.groups()
                ],
            }
            for menu in MENUS
        ],
        "shortcuts": [
            {
                "label": shortcut.label,
                "icon": shortcut.icon,
                "url": shortcut.url,
                "current": shortcut.is_current(path),
            }
            for shortcut in SHORTCUTS
        ],
        "number_pending": len(staging.changes),
        "caution": certificate_caution(staging),
    }


def _staging(context: template.Context, administrator: Administrator) -> Staging:
    """The settings of the organization, read once for the whole page."""
    known = context.render_context
    if STAGING not in known:
        # A page about the settings has read them itself.
        read = context.get("staging") or getattr(context.get("state"), "staging", None)
        is_read = isinstance(read, Staging)
        known[STAGING] = read if is_read else Staging.of(administrator.organization)
    found: Staging = known[STAGING]
    return found


@register.inclusion_tag("frame/caution.html", takes_context=True)
def certificate_notice(context: template.Context) -> dict[str, Any]:
    """The warning that the identity provider's certificate runs out, if it does."""
    administrator = _administrator(context)
    staging = _staging(context, administrator) if administrator else None
    return {"caution": certificate_caution(staging) if staging else None}


@register.inclusion_tag("frame/pending_banner.html", takes_context=True)
def pending_banner(context: template.Context) -> dict[str, Any]:
    """What is saved and not active; nothing where it is listed anyway."""
    administrator = _administrator(context)
    if administrator is None or context["request"].path == reverse("admin:activation"):
        return {"number": 0}
    return {
        "number": len(_staging(context, administrator).changes),
        "may_change": administrator.may_change,
    }


@register.inclusion_tag("frame/organization.html", takes_context=True)
def organization_corner(context: template.Context) -> dict[str, Any]:
    """The organization at work, with the others for those who may switch."""
    administrator = _administrator(context)
    if administrator is None:
        return {"organization": None}
    corner: dict[str, Any] = {
        "organization": administrator.organization,
        "may_switch": administrator.may_switch,
    }
    if administrator.may_switch:
        corner["others"] = Organization.objects.exclude(
            pk=administrator.organization_id
        ).by_name()[:OTHERS_SHOWN]
        corner["csrf_token"] = context.get("csrf_token", "")
    return corner


@register.simple_tag(takes_context=True)
def signed_in(context: template.Context) -> bool:
    """Whether the rail is shown."""
    return _administrator(context) is not None


@register.simple_tag(takes_context=True)
def theme(context: template.Context) -> str:
    """“light” or “dark” as chosen under Profile; “system” for everybody else."""
    administrator = _administrator(context)
    return administrator.theme if administrator else Administrator.Theme.SYSTEM.value
