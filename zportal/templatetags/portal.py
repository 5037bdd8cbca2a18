"""Tags of the frame. They also work on error pages, which have less context."""

from __future__ import annotations

from typing import Any

from django import template
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

from scim.models import Organization
from zportal.models import Administrator
from zportal.navigation import MENUS

register = template.Library()

OTHERS_SHOWN = 8
"""Organizations in the menu of the corner; a page lists all."""


def _administrator(context: template.Context) -> Administrator | None:
    """Who is signed in; nobody where there is no request (the page of error 500)."""
    user = getattr(context.get("request"), "user", None)
    return user if isinstance(user, Administrator) and user.is_active else None


@register.simple_tag
def icon(name: str) -> SafeString:
    """An icon of static/img/icons.svg, drawn in the colour of the text."""
    return format_html(
        '<svg class="icon" aria-hidden="true" focusable="false">'
        '<use href="{}#{}"></use></svg>',
        static("img/icons.svg"),
        name,
    )


@register.inclusion_tag("partials/rail.html", takes_context=True)
def rail(context: template.Context) -> dict[str, Any]:
    """The navigation, empty for those who are not signed in."""
    administrator = _administrator(context)
    if administrator is None:
        return {"menus": ()}
    path = context["request"].path
    return {
        "administrator": administrator,
        "path": path,
        "menus": [
            {
                "label": menu.label,
                "icon": menu.icon,
                "current": menu.is_current(path),
                "groups": [
                    {
                        "label": label,
                        "entries": [
                            {
                                "label": entry.label,
                                "url": entry.url,
                                "current": entry.is_current(path),
                            }
                            for entry in entries
                        ],
                    }
                    for label, entries in menu.groups()
                ],
            }
            for menu in MENUS
        ],
    }


@register.inclusion_tag("partials/organization.html", takes_context=True)
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
