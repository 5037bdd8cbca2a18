"""Register a domain that the identity provider's people were refused for."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from scim.models import Organization
from zportal.company_profile.domains import register_domain as register
from zportal.company_profile.refused_domains import refused_domains
from zportal.frame.access import administrator_of
from zportal.frame.middleware import client_ip

PAGE = "admin:scim_directoryuser_changelist"


class RegisterDomainForm(forms.Form):
    """Takes no domain but one that was refused for this organization."""

    domain = forms.CharField(max_length=253)

    def __init__(self, organization: Organization, data: object) -> None:
        super().__init__(data)  # type: ignore[arg-type]
        self.organization = organization

    def clean_domain(self) -> str:
        name: str = self.cleaned_data["domain"]
        refused = refused_domains(self.organization)
        if name not in {domain.name for domain in refused if domain.can_be_registered}:
            raise ValidationError("not refused")
        return name


@require_POST
def register_domain(request: HttpRequest) -> HttpResponse:
    """Register the posted domain and lead back to the list of users."""
    administrator = administrator_of(request)
    if not administrator.may_change:
        raise PermissionDenied
    form = RegisterDomainForm(administrator.organization, request.POST)
    if not form.is_valid():
        messages.error(
            request,
            "Nothing was registered: in the last 24 hours nobody was refused for that "
            "domain, or it has been registered since.",
        )
        return redirect(PAGE)
    try:
        domain = register(
            administrator=administrator,
            client_ip=client_ip(request),
            name=form.cleaned_data["domain"],
        )
    except ValidationError as reason:
        messages.error(request, f"Nothing was registered. {' '.join(reason.messages)}")
    else:
        messages.success(
            request,
            f"{domain.name} is registered. Its people arrive with the next provisioning "
            "cycle; Provision on demand in Entra brings one of them at once.",
        )
    return redirect(PAGE)
