from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from scim.models import Organization
from scim.naming.domains import validate_domain, written_domain
from scim.profiles import PROFILES
from scim.services.organizations import check_name
from zportal.organizations.setup import reasons_against_login

MOST_DOMAINS = 100
"""At once; more are added on the Company Profile."""


class NewOrganizationForm(forms.Form):
    """What ``manage.py create_organization`` asks for."""

    name = forms.CharField(
        label="Name",
        max_length=254,
        widget=forms.TextInput(attrs={"class": "input", "autocomplete": "off"}),
        error_messages={"required": "An organization needs a name."},
    )
    domains = forms.CharField(
        label="Registered Domains",
        max_length=MOST_DOMAINS * 254,
        widget=forms.Textarea(
            attrs={
                "class": "input",
                "rows": 2,
                "placeholder": "company.example",
                "autocapitalize": "none",
                "spellcheck": "false",
            }
        ),
        help_text="One a line, or separated by spaces or commas.",
        error_messages={"required": "An organization needs a domain."},
    )
    package = forms.ChoiceField(
        label="Package",
        choices=Organization.Package.choices,
        widget=forms.Select(attrs={"class": "select"}),
        help_text="SCIM needs Enterprise.",
    )
    profile = forms.ChoiceField(
        label="Behaviour Profile",
        choices=[(name, name) for name in PROFILES],
        widget=forms.Select(attrs={"class": "select"}),
    )
    admin = forms.CharField(
        label="Administrator's Login ID",
        required=False,
        max_length=128,
        widget=forms.TextInput(
            attrs={
                "class": "input",
                "autocapitalize": "none",
                "autocomplete": "off",
                "spellcheck": "false",
            }
        ),
        help_text="A Super Admin of that organization only; the password is generated "
        "and shown once. Leave it empty to make none.",
    )
    enable_scim = forms.BooleanField(
        label="Enable SCIM-Based Provisioning",
        required=False,
        widget=forms.CheckboxInput(attrs={"class": "switch", "role": "switch"}),
        help_text="Chooses SAML and makes a Bearer Token, which is shown once.",
    )

    def __init__(self, data: Any = None) -> None:
        initial = {"package": Organization.Package.ENTERPRISE, "profile": "zscaler"}
        super().__init__(data, initial=initial, label_suffix="")

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        check_name(name)
        return name

    def clean_domains(self) -> list[str]:
        written = self.cleaned_data["domains"].replace(",", " ").split()
        names = list(dict.fromkeys(map(written_domain, written)))
        if not names:
            raise ValidationError("An organization needs a domain.")
        if len(names) > MOST_DOMAINS:
            raise ValidationError(f"These are more than {MOST_DOMAINS} domains.")
        for name in names:
            validate_domain(name)
        return names

    def clean_admin(self) -> str | None:
        login: str = self.cleaned_data["admin"]
        if login and (reasons := reasons_against_login(login)):
            raise ValidationError(reasons)
        return login or None

    def clean(self) -> None:
        wants_scim = self.cleaned_data.get("enable_scim")
        if wants_scim and self.cleaned_data.get("package") == (
            Organization.Package.BUSINESS
        ):
            self.add_error("enable_scim", "SCIM needs the package Enterprise.")
