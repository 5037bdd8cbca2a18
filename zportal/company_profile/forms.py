from __future__ import annotations

from typing import Any

from django import forms

from scim.models import Organization
from scim.naming.domains import validate_domain, written_domain
from scim.services.organizations import check_name
from zportal.models import Administrator


class CompanyProfileForm(forms.Form):
    """Name and package. The package is a superuser's to change, whatever is posted."""

    name = forms.CharField(
        label="Name",
        max_length=254,
        widget=forms.TextInput(attrs={"class": "input", "autocomplete": "off"}),
        error_messages={"required": "An organization needs a name."},
    )
    package = forms.ChoiceField(
        label="Package",
        choices=Organization.Package.choices,
        widget=forms.Select(attrs={"class": "select"}),
    )

    def __init__(
        self,
        data: Any = None,
        *,
        administrator: Administrator,
        organization: Organization,
    ) -> None:
        stored = {"name": organization.name, "package": organization.package}
        super().__init__(data, initial=stored, label_suffix="")
        self.organization = organization
        self.fields["name"].disabled = not administrator.may_change
        self.fields["package"].disabled = not administrator.may_make_organizations
        if not administrator.may_make_organizations:
            self.fields["package"].help_text = "Only a superuser changes the package."

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        check_name(name, of=self.organization)
        return name


class DomainForm(forms.Form):
    """A domain to be registered, in any of its spellings."""

    domain = forms.CharField(
        label="Domain",
        max_length=253,
        widget=forms.TextInput(
            attrs={
                "class": "input",
                "placeholder": "company.example",
                "autocapitalize": "none",
                "autocomplete": "off",
                "spellcheck": "false",
            }
        ),
        error_messages={"required": "Name the domain, such as company.example."},
    )

    def __init__(self, data: Any = None) -> None:
        super().__init__(data, label_suffix="")

    def clean_domain(self) -> str:
        name = written_domain(self.cleaned_data["domain"])
        validate_domain(name)
        return name


class RemoveDomainForm(forms.Form):
    """A domain as it is registered. What is no text of a database is invalid."""

    domain = forms.CharField(max_length=253)
