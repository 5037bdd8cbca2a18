"""Organizations, for superusers: listing them, switching to one, making one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import rotate_token
from django.shortcuts import redirect, render
from django.urls import URLPattern, path, reverse
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from scim.models import Organization
from scim.models.organization import ORG_ID_LENGTH
from zportal.frame.access import administrator_of
from zportal.frame.middleware import WORKING_IN, client_ip
from zportal.frame.page import Crumb, page_context
from zportal.organizations.forms import NewOrganizationForm
from zportal.organizations.services import make_organization
from zportal.organizations.setup import NewOrganization

LISTED = 200
"""On the page; the search finds the others."""


def urls(admin_view: Callable[..., Any]) -> list[URLPattern]:
    root = "administration/organizations/"
    return [
        path(root, admin_view(organizations), name="organizations"),
        path(f"{root}switch/", admin_view(switch), name="switch_organization"),
        path(f"{root}new/", admin_view(new_organization), name="new_organization"),
    ]


@require_safe
def organizations(request: HttpRequest) -> HttpResponse:
    """List the organizations, by name."""
    administrator = administrator_of(request)
    if not administrator.may_switch:
        raise PermissionDenied
    term = request.GET.get("q", "").strip()[:254]
    found = Organization.objects.by_name()
    if term:
        found = found.found_by(term)
    rows = list(found[: LISTED + 1])
    context = {
        **page_context(
            title="Organizations", breadcrumbs=("Administration", "Settings")
        ),
        "rows": rows[:LISTED],
        "more": len(rows) > LISTED,
        "listed": LISTED,
        "term": term,
        "current": administrator.organization_id,
        "home": administrator.home_id,
        "may_make": administrator.may_make_organizations,
    }
    return render(request, "organizations/list.html", context)


@require_POST
def switch(request: HttpRequest) -> HttpResponse:
    """Work in the posted organization from now on, in this session."""
    administrator = administrator_of(request)
    if not administrator.may_switch:
        raise PermissionDenied
    key = request.POST.get("organization", "")
    is_key = key.isascii() and key.isdecimal() and len(key) == ORG_ID_LENGTH
    chosen = Organization.objects.filter(pk=int(key)).first() if is_key else None
    if chosen is None:
        messages.error(request, "There is no such organization; it may be gone.")
        return redirect("admin:organizations")
    request.session[WORKING_IN] = chosen.pk
    # Forms of the organization before, open in other tabs, must not change this one.
    rotate_token(request)
    messages.success(request, f"You are working in {chosen.name} now.")
    return redirect("admin:index")


@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_variables()
def new_organization(request: HttpRequest) -> HttpResponse:
    """Make an organization, and show its secrets in that answer only."""
    administrator = administrator_of(request)
    if not administrator.may_make_organizations:
        raise PermissionDenied
    form = NewOrganizationForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            made = make_organization(
                administrator=administrator,
                client_ip=client_ip(request),
                **form.cleaned_data,
            )
        except ValidationError as reason:
            # Another process was quicker with the same name or login.
            form.add_error(None, reason)
        else:
            return _made(request, made)
    return _page(request, "organizations/new.html", {"form": form})


@sensitive_variables()
def _made(request: HttpRequest, made: NewOrganization) -> HttpResponse:
    # A redirect would have to park the secrets somewhere: this answer shows them.
    return _page(request, "organizations/made.html", {"made": made})


@sensitive_variables()
def _page(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    above = Crumb("Organizations", reverse("admin:organizations"))
    frame = page_context(
        title="New Organization", breadcrumbs=("Administration", "Settings", above)
    )
    return render(request, template, {**frame, **context})
