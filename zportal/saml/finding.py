"""Which organization somebody belongs to, by the domain of the User Name."""

from __future__ import annotations

from django import forms

from scim.models import Domain, Organization
from zportal.models import AuthenticationSettings, Stage
from zportal.validators import no_control_characters

MOST = 100
"""Organizations of one domain that are listed."""


class FindForm(forms.Form):
    """The User Name of somebody who wants to sign on."""

    user_name = forms.CharField(
        label="User Name",
        max_length=254,
        validators=[no_control_characters],
        widget=forms.TextInput(
            attrs={
                "class": "input",
                "autocomplete": "username",
                "autocapitalize": "none",
                "spellcheck": "false",
                "autofocus": True,
            }
        ),
        error_messages={
            "required": "Write your User Name, such as adele@contoso.example."
        },
    )

    def __init__(self, data: object = None) -> None:
        super().__init__(data, label_suffix="")  # type: ignore[arg-type]

    def clean_user_name(self) -> str:
        name = str(self.cleaned_data["user_name"]).strip()
        local, at, domain = name.rpartition("@")
        if not (local and at and domain):
            raise forms.ValidationError(
                "Write the whole User Name: user@domain, such as adele@contoso.example."
            )
        return name

    @property
    def domain(self) -> str:
        return str(self.cleaned_data["user_name"]).rpartition("@")[2].lower()


def organizations_of(domain: str) -> list[Organization]:
    """Return those that have registered *domain* and sign on with SAML, by name."""
    with_saml = AuthenticationSettings.objects.filter(
        stage=Stage.ACTIVE, authentication_type=AuthenticationSettings.Type.SAML
    )
    named = Domain.objects.filter(name=domain) if "\0" not in domain else None
    if named is None:
        return []
    found = Organization.objects.filter(pk__in=named.values("organization")).filter(
        pk__in=with_saml.values("organization")
    )
    return list(found.by_name()[:MOST])
