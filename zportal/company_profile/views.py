"""The page Company Profile: the organization itself, and its registered domains."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path
from django.views.decorators.http import require_http_methods, require_POST

from scim.models import Domain, Organization, ProvisioningConnection
from zportal.company_profile.domains import register_domain, remove_domain
from zportal.company_profile.forms import (
    CompanyProfileForm,
    DomainForm,
    RemoveDomainForm,
)
from zportal.company_profile.services import save_company_profile
from zportal.frame.access import administrator_of, organization_of
from zportal.frame.middleware import client_ip
from zportal.frame.page import page_context

PAGE = "admin:company_profile"

CALLS_GET_403 = (
    "SCIM is on, and its calls get 403 until the package is Enterprise again. People "
    "and groups stay as they are."
)


def urls(admin_view: Callable[..., Any]) -> list[URLPattern]:
    root = "administration/company-profile/"
    return [
        path(root, admin_view(company_profile), name="company_profile"),
        path(f"{root}add-domain/", admin_view(domain_added), name="add_domain"),
        path(f"{root}remove-domain/", admin_view(domain_removed), name="remove_domain"),
    ]


@require_http_methods(["GET", "HEAD", "POST"])
def company_profile(request: HttpRequest) -> HttpResponse:
    """Show the page, or save name and package."""
    administrator = administrator_of(request)
    organization = administrator.organization
    if request.method != "POST":
        return _page(request)
    if not administrator.may_change:
        raise PermissionDenied
    form = CompanyProfileForm(
        request.POST, administrator=administrator, organization=organization
    )
    if not form.is_valid():
        return _page(request, form=form)
    try:
        saved = save_company_profile(
            administrator=administrator,
            client_ip=client_ip(request),
            **form.cleaned_data,
        )
    except ValidationError as reason:
        # Somebody else took the name between the form's look and the lock.
        form.add_error("name", reason)
        return _page(request, form=form)
    messages.success(request, "The Company Profile is saved.")
    if _calls_are_refused(saved):
        messages.warning(request, CALLS_GET_403)
    return redirect(PAGE)


@require_POST
def domain_added(request: HttpRequest) -> HttpResponse:
    """Register the posted domain."""
    administrator = administrator_of(request)
    if not administrator.may_change:
        raise PermissionDenied
    form = DomainForm(request.POST)
    if not form.is_valid():
        return _page(request, domain_form=form)
    try:
        domain = register_domain(
            administrator=administrator,
            client_ip=client_ip(request),
            name=form.cleaned_data["domain"],
        )
    except ValidationError as reason:
        form.add_error("domain", reason)
        return _page(request, domain_form=form)
    others = Domain.objects.named(domain.name).of_others(domain.organization).count()
    if others:
        messages.success(
            request,
            f"{domain.name} is registered, as it is in {others} other "
            f"organization{'' if others == 1 else 's'}. Whoever signs on by this domain "
            "is asked for the organization.",
        )
    else:
        messages.success(request, f"{domain.name} is registered.")
    return redirect(PAGE)


@require_POST
def domain_removed(request: HttpRequest) -> HttpResponse:
    """Remove the posted domain, unless people use it."""
    form = RemoveDomainForm(request.POST)
    name = form.cleaned_data["domain"] if form.is_valid() else ""
    try:
        removed = remove_domain(
            administrator=administrator_of(request),
            client_ip=client_ip(request),
            name=name,
        )
    except ValidationError as reason:
        messages.error(request, f"Nothing was removed. {' '.join(reason.messages)}")
    else:
        if removed:
            messages.success(request, f"{name} is no longer registered.")
        else:
            messages.error(request, "Nothing was removed: it is not registered.")
    return redirect(PAGE)


def _page(
    request: HttpRequest,
    *,
    form: CompanyProfileForm | None = None,
    domain_form: DomainForm | None = None,
) -> HttpResponse:
    administrator = administrator_of(request)
    organization = organization_of(request)
    context = {
        **page_context(
            title="Company Profile", breadcrumbs=("Administration", "Settings")
        ),
        "form": form
        or CompanyProfileForm(administrator=administrator, organization=organization),
        "domain_form": domain_form or DomainForm(),
        "organization": organization,
        "domains": Domain.objects.for_organization(organization),
        "may_change": administrator.may_change,
        "may_change_package": administrator.may_make_organizations,
        "is_provisioning": _is_switched_on(organization),
        "calls_are_refused": _calls_are_refused(organization),
        "calls_get_403": CALLS_GET_403,
    }
    return render(request, "company_profile/page.html", context)


def _calls_are_refused(organization: Organization) -> bool:
    has_scim = organization.package == Organization.Package.ENTERPRISE
    return not has_scim and _is_switched_on(organization)


def _is_switched_on(organization: Organization) -> bool:
    connections = ProvisioningConnection.objects.for_organization(organization)
    return connections.filter(enabled=True).exists()
