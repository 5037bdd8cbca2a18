"""Activation: what is saved and not active, and the two ways on from there."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path
from django.views.decorators.http import require_http_methods

from zportal.authentication.activation import NOTHING_PENDING, activate, discard_staged
from zportal.authentication.revision import SeenForm
from zportal.authentication.staging import Staging, revision
from zportal.frame.middleware import client_ip
from zportal.frame.page import AdministratorRequest, page_context
from zportal.models import Activation

ACTIVATIONS_SHOWN = 10


def urls(protected: Callable[..., Callable[..., HttpResponse]]) -> list[URLPattern]:
    """Return the addresses of the page; *protected* lets administrators through."""
    return [
        path("activation/", protected(activation), name="activation"),
        path("activation/discard/", protected(discard), name="activation_discard"),
    ]


@require_http_methods(["GET", "HEAD", "POST"])
def activation(request: AdministratorRequest) -> HttpResponse:
    """Show what is pending, or activate it."""
    if request.method != "POST":
        return _page(request)
    try:
        done = activate(
            administrator=request.user,
            client_ip=client_ip(request),
            seen=SeenForm(request.POST).seen,
        )
    except ValidationError as reason:
        return _refused(request, reason)
    number = len(done.changes)
    messages.success(
        request, f"Activated. {_counted(number)} in effect for sign-on now."
    )
    return redirect("admin:activation")


@require_http_methods(["GET", "HEAD", "POST"])
def discard(request: AdministratorRequest) -> HttpResponse:
    """Drop what is pending."""
    if request.method != "POST":
        return redirect("admin:activation")
    try:
        number = discard_staged(
            administrator=request.user,
            client_ip=client_ip(request),
            seen=SeenForm(request.POST).seen,
        )
    except ValidationError as reason:
        return _refused(request, reason)
    messages.success(
        request,
        f"Discarded. {_counted(number)} back to what is active; provisioning is as it "
        "was.",
    )
    return redirect("admin:activation")


def _refused(request: AdministratorRequest, reason: ValidationError) -> HttpResponse:
    """Show the page again with the reason; nothing pending is no mistake of anybody."""
    if reason.code == NOTHING_PENDING:
        messages.info(request, "Nothing was done: no activations are pending.")
        return redirect("admin:activation")
    return _page(request, problem=reason)


def _page(
    request: AdministratorRequest, *, problem: ValidationError | None = None
) -> HttpResponse:
    organization = request.user.organization
    staging = Staging.of(organization)
    activations = Activation.objects.for_organization(organization).newest_first()
    context = {
        **page_context(title="Activation", breadcrumbs=()),
        "pending": staging.pending(),
        "missing": staging.missing if staging.settings.is_saml else [],
        "key_problem": staging.key_problem if staging.settings.is_saml else "",
        "may_change": request.user.may_change,
        "problem": problem,
        "activations": list(activations[:ACTIVATIONS_SHOWN]),
        "revision": revision(organization),
    }
    return render(request, "authentication/activation/page.html", context)


def _counted(number: int) -> str:
    return f"{number} change{' is' if number == 1 else 's are'}"
