"""The page Authentication Settings. Its window Configure SAML is part of its form."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods

from zportal.authentication.reauthentication import force_reauthentication
from zportal.authentication.revision import SeenForm
from zportal.authentication.settings_form import (
    AuthenticationSettingsForm,
    unsaved_values,
)
from zportal.authentication.settings_services import (
    discard_changes,
    issue_token,
    save_authentication_settings,
)
from zportal.authentication.staging import ChangedMeanwhile
from zportal.authentication.state import SettingsState
from zportal.frame.middleware import client_ip
from zportal.frame.page import (
    AdministratorRequest,
    authentication_tabs,
    page_context,
)

FRAGMENT_HEADER = "X-Fragment"
"""Sent by our scripts: answer with the changed part of the page only."""


@require_http_methods(["GET", "HEAD", "POST"])
def authentication_settings(request: AdministratorRequest) -> HttpResponse:
    """Show the page, or save all of it."""
    state = SettingsState.of(request.user)
    if request.method != "POST":
        return _page(request, state, _form(request, state))
    if not request.user.may_change:
        raise PermissionDenied
    return _save(request, state)


@sensitive_variables("secret")
def _save(request: AdministratorRequest, state: SettingsState) -> HttpResponse:
    form = AuthenticationSettingsForm(
        request.POST, request.FILES, organization=state.organization
    )
    if not form.is_valid():
        return _refused(request, state, form)
    try:
        secret = save_authentication_settings(
            administrator=request.user,
            client_ip=client_ip(request),
            profile=form.profile,
            saml=form.saml,
            scim=form.cleaned_data["scim"],
            keep_certificate=form.cleaned_data["keep_certificate"],
            remove_other_certificate=form.cleaned_data["remove_other_certificate"],
            seen=SeenForm(request.POST).seen,
        )
    except ValidationError as reasons:
        # The package was taken away between the form's look and the lock.
        form.add_error(None, reasons)
        return _refused(request, state, form)
    except ChangedMeanwhile as meanwhile:
        return _overtaken(request, form, meanwhile)
    if form.file_name_hint:
        messages.warning(request, form.file_name_hint)
    if secret:
        # A redirect would have to park the secret somewhere: this answer shows it.
        state = SettingsState.of(request.user)
        return _page(
            request, state, _form(request, state), window_open=True, secret=secret
        )
    messages.success(request, _what_was_saved(state))
    return redirect("admin:authentication_settings")


def _refused(
    request: AdministratorRequest,
    state: SettingsState,
    form: AuthenticationSettingsForm,
) -> HttpResponse:
    return _page(
        request,
        state,
        form,
        is_typed=True,
        window_open=form.has_window_errors,
        lost_file=bool(request.FILES),
    )


def _overtaken(
    request: AdministratorRequest,
    form: AuthenticationSettingsForm,
    meanwhile: ChangedMeanwhile,
) -> HttpResponse:
    """Show what others saved, and what was typed; the next Save knows of theirs."""
    return _page(
        request,
        SettingsState.of(request.user),
        form,
        is_typed=True,
        window_open=bool(request.FILES),
        lost_file=bool(request.FILES),
        meanwhile=meanwhile,
    )


@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_variables("secret")
def bearer_token(request: AdministratorRequest) -> HttpResponse:
    """Generate Token: show the secret of a new pending token, in this answer only."""
    if request.method != "POST":
        # Without a script the address stays in the browser's bar after the answer.
        return redirect("admin:authentication_settings")
    _, secret = issue_token(administrator=request.user, client_ip=client_ip(request))
    state = SettingsState.of(request.user)
    if FRAGMENT_HEADER in request.headers:
        return render(
            request,
            "authentication/settings/_bearer_token.html",
            {"state": state, "secret": secret},
        )
    form = AuthenticationSettingsForm(
        initial=unsaved_values(request), organization=state.organization
    )
    return _page(
        request,
        state,
        form,
        is_typed=True,
        window_open=True,
        secret=secret,
        lost_file=bool(request.FILES),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def cancel(request: AdministratorRequest) -> HttpResponse:
    """Cancel: drop the generated token; what was typed is dropped by not storing it."""
    if request.method != "POST":
        return redirect("admin:authentication_settings")
    discard_changes(administrator=request.user, client_ip=client_ip(request))
    if FRAGMENT_HEADER in request.headers:
        return render(
            request,
            "authentication/settings/_bearer_token.html",
            {"state": SettingsState.of(request.user), "secret": None},
        )
    return redirect("admin:authentication_settings")


@require_http_methods(["GET", "HEAD", "POST"])
def reauthentication(request: AdministratorRequest) -> HttpResponse:
    """Start: everybody has to authenticate again."""
    if request.method == "POST":
        force_reauthentication(administrator=request.user, client_ip=client_ip(request))
        messages.success(request, "All users have to authenticate again from now on.")
    return redirect("admin:authentication_settings")


def _form(
    request: AdministratorRequest, state: SettingsState
) -> AuthenticationSettingsForm:
    return AuthenticationSettingsForm(
        initial=state.form_values(),
        organization=state.organization,
        read_only=not request.user.may_change,
    )


@sensitive_variables()
def _page(
    request: AdministratorRequest,
    state: SettingsState,
    form: AuthenticationSettingsForm,
    *,
    is_typed: bool = False,
    window_open: bool = False,
    secret: str | None = None,
    lost_file: bool = False,
    meanwhile: ChangedMeanwhile | None = None,
) -> HttpResponse:
    context: dict[str, Any] = {
        **page_context(
            title="Authentication Settings",
            tabs=authentication_tabs("admin:authentication_settings"),
        ),
        "form": form,
        "state": state,
        "secret": secret,
        "window_open": window_open,
        "lost_file": lost_file,
        "meanwhile": meanwhile.changes if meanwhile else (),
        # What was typed before is about what was seen then, unless it is told now.
        "revision": SeenForm(request.POST).seen
        if is_typed and meanwhile is None
        else state.revision,
        "is_typed": is_typed,
    }
    return render(request, "authentication/settings/page.html", context)


def _what_was_saved(before: SettingsState) -> str:
    words = "Authentication Settings are saved."
    if before.pending:
        words += " The new Bearer Token is live."
    if before.pending and before.live:
        words += " The one before it no longer works."
    return words
