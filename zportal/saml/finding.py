"""Which organization somebody belongs to, by the domain of the User Name."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from django import forms

from scim.models import Domain, Organization
from scim.naming.domains import written_domain
from zportal.models import AuthenticationSettings, SamlConfiguration, Stage
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
        return written_domain(str(self.cleaned_data["user_name"]).rpartition("@")[2])


@dataclass(frozen=True)
class WayOn:
    """An organization, and where its people give their password."""

    organization: Organization
    host: str
    """That of the identity provider; empty while none is configured."""


def ways_of(domain: str) -> list[WayOn]:
    """Return those that have registered *domain* and sign on with SAML, by name."""
    with_saml = AuthenticationSettings.objects.filter(
        stage=Stage.ACTIVE, authentication_type=AuthenticationSettings.Type.SAML
    )
    named = Domain.objects.named(domain)
    found = (
        Organization.objects.filter(pk__in=named.values("organization"))
        .filter(pk__in=with_saml.values("organization"))
        .by_name()[:MOST]
    )
    urls = dict(
        SamlConfiguration._base_manager.filter(
            stage=Stage.ACTIVE, organization__in=[each.pk for each in found]
        ).values_list("organization", "portal_url")
    )
    return [WayOn(each, urlsplit(urls.get(each.pk, "")).netloc) for each in found]
