"""The tab Advanced of Authentication Settings: how the SCIM service behaves, and for how
long the logs are kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from scim.models import EventDay
from zportal.advanced.forms import ProfileForm, RulesForm
from zportal.advanced.services import choose_profile, save_rules
from zportal.frame.access import administrator_of, organization_of
from zportal.frame.middleware import client_ip
from zportal.frame.page import authentication_tabs, page_context
from zportal.retention.forms import RetentionForm
from zportal.retention.services import save_retention

PAGE = "admin:advanced"


def urls(admin_view: Callable[..., Any]) -> list[URLPattern]:
    root = "administration/authentication-settings/advanced/"
    return [
        path(root, admin_view(advanced), name="advanced"),
        path(f"{root}profile/", admin_view(profile), name="choose_profile"),
        path(f"{root}retention/", admin_view(retention), name="save_retention"),
    ]


@require_http_methods(["GET", "HEAD", "POST"])
def advanced(request: HttpRequest) -> HttpResponse:
    """Show the rules, or save them."""
    administrator = administrator_of(request)
    if request.method != "POST":
        return _page(request)
    if not administrator.may_change:
        raise PermissionDenied
    form = RulesForm(request.POST, organization=administrator.organization)
    if not form.is_valid():
        return _page(request, form)
    try:
        saved = save_rules(
            administrator=administrator,
            client_ip=client_ip(request),
            profile=form.cleaned_data["profile"],
            rules=form.rules,
        )
    except ValidationError as reason:
        messages.error(request, f"Nothing was saved. {' '.join(reason.messages)}")
        return redirect(PAGE)
    number = len(saved.profile_overrides)
    differ = {0: "no rule differs", 1: "1 rule differs"}.get(
        number, f"{number} rules differ"
    )
    messages.success(
        request,
        f"The rules are saved and in force; {differ} from the profile {saved.profile}.",
    )
    return redirect(PAGE)


@require_POST
def profile(request: HttpRequest) -> HttpResponse:
    """Follow the posted profile as it is."""
    administrator = administrator_of(request)
    if not administrator.may_change:
        raise PermissionDenied
    form = ProfileForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Nothing was changed: there is no such profile.")
        return redirect(PAGE)
    chosen = choose_profile(
        administrator=administrator,
        client_ip=client_ip(request),
        profile=form.cleaned_data["profile"],
    )
    messages.success(
        request, f"The profile {chosen.profile} is in force, with all of its rules."
    )
    return redirect(PAGE)


@require_POST
def retention(request: HttpRequest) -> HttpResponse:
    """Save for how long the logs are kept."""
    administrator = administrator_of(request)
    if not administrator.may_change:
        raise PermissionDenied
    form = RetentionForm(request.POST, organization=administrator.organization)
    if not form.is_valid():
        return _page(request, retention=form)
    save_retention(
        administrator=administrator,
        client_ip=client_ip(request),
        limits=form.cleaned_data,
    )
    messages.success(
        request, "Retention is saved; it applies from the next pruning on."
    )
    return redirect(PAGE)


def _page(
    request: HttpRequest,
    form: RulesForm | None = None,
    retention: RetentionForm | None = None,
) -> HttpResponse:
    administrator = administrator_of(request)
    organization = organization_of(request)
    days = EventDay.objects.for_organization(organization)
    context = {
        **page_context(
            title="Authentication Settings",
            tabs=authentication_tabs(PAGE),
        ),
        "organization": organization,
        "may_change": administrator.may_change,
        "profile_form": ProfileForm(initial={"profile": organization.profile}),
        "form": form
        or RulesForm(organization=organization, read_only=not administrator.may_change),
        "retention": retention
        or RetentionForm(
            organization=organization, read_only=not administrator.may_change
        ),
        "kept": EventDay.objects.kept(organization.pk),
        "written_today": days.written_on(timezone.now().date()),
        "is_zscaler": organization.profile == "zscaler"
        and not organization.profile_overrides,
    }
    return render(request, "advanced/page.html", context)
