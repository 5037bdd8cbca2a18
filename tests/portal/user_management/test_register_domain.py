"""Registering a domain from the notice that its people were refused."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.test import Client
from django.utils import timezone

from scim.models import Domain, ProvisioningEvent
from scim.services import organizations
from tests.portal import factories

if TYPE_CHECKING:
    from scim.models import Organization
    from zportal.models import Administrator

USERS = "/administration/user-management/users/"
REGISTER = f"{USERS}register-domain/"


def domains(organization: Organization) -> list[str]:
    return list(
        Domain.objects.for_organization(organization).values_list("name", flat=True)
    )


def answer(client: Client, domain: str) -> str:
    """Post the domain and return the page that follows."""
    response = client.post(REGISTER, {"domain": domain}, follow=True)
    assert response.redirect_chain == [(USERS, 302)]
    return response.content.decode()


def test_a_super_admin_registers_a_refused_domain(
    signed_in: Client, contoso: Organization
) -> None:
    factories.refusal(contoso)
    page = answer(signed_in, "tailspin.example")
    assert domains(contoso) == ["contoso.example", "tailspin.example"]
    assert "tailspin.example is registered." in page
    assert "refused because" not in page


def test_the_button_of_the_page_works(signed_in: Client, contoso: Organization) -> None:
    factories.refusal(contoso)
    page = signed_in.get(USERS).content.decode()
    assert f'<form method="post" action="{REGISTER}">' in page
    assert 'name="domain" value="tailspin.example"' in page


def test_an_auditor_may_not(auditor_signed_in: Client, contoso: Organization) -> None:
    factories.refusal(contoso)
    response = auditor_signed_in.post(REGISTER, {"domain": "tailspin.example"})
    assert response.status_code == 403
    assert domains(contoso) == ["contoso.example"]


def test_nobody_signed_in_is_led_to_sign_in(
    client: Client, contoso: Organization
) -> None:
    factories.refusal(contoso)
    response = client.post(REGISTER, {"domain": "tailspin.example"})
    assert response.status_code == 302
    assert response.headers["Location"].startswith("/sign-in/")
    assert domains(contoso) == ["contoso.example"]


def test_a_deactivated_super_admin_may_not(
    signed_in: Client, contoso: Organization, super_admin: Administrator
) -> None:
    factories.refusal(contoso)
    super_admin.is_active = False
    super_admin.save()
    response = signed_in.post(REGISTER, {"domain": "tailspin.example"})
    assert response.headers["Location"].startswith("/sign-in/")
    assert domains(contoso) == ["contoso.example"]


def test_another_organizations_super_admin_registers_nothing_here(
    stranger_signed_in: Client, contoso: Organization, fabrikam: Organization
) -> None:
    factories.refusal(contoso)
    page = answer(stranger_signed_in, "tailspin.example")
    assert "Nothing was registered" in page
    assert domains(contoso) == ["contoso.example"]
    assert domains(fabrikam) == ["fabrikam.example"]


@pytest.mark.parametrize(
    "domain",
    ["", "never-refused.example", "TAILSPIN.example", "a\0b", "x" * 300, "<b>x</b>"],
)
def test_only_a_refused_domain_is_taken(
    signed_in: Client, contoso: Organization, domain: str
) -> None:
    factories.refusal(contoso)
    page = answer(signed_in, domain)
    assert "Nothing was registered" in page
    assert domains(contoso) == ["contoso.example"]


def test_an_old_refusal_no_longer_counts(
    signed_in: Client, contoso: Organization
) -> None:
    event = factories.refusal(contoso)
    ProvisioningEvent.objects.filter(pk=event.pk).update(
        time=timezone.now() - timedelta(hours=25)
    )
    assert "Nothing was registered" in answer(signed_in, "tailspin.example")
    assert domains(contoso) == ["contoso.example"]


def test_what_is_no_domain_is_not_offered_or_registered(
    signed_in: Client, contoso: Organization
) -> None:
    factories.refusal(contoso, "joni@not a domain")
    page = signed_in.get(USERS).content.decode()
    assert "no domain name that could be registered" in page
    assert "Register not a domain" not in page
    assert "Nothing was registered" in answer(signed_in, "not a domain")
    assert domains(contoso) == ["contoso.example"]


def test_registering_twice_changes_nothing(
    signed_in: Client, contoso: Organization
) -> None:
    factories.refusal(contoso)
    organizations.register_domain(organization=contoso, name="tailspin.example")
    assert "Nothing was registered" in answer(signed_in, "tailspin.example")
    assert domains(contoso) == ["contoso.example", "tailspin.example"]


@pytest.mark.parametrize("method", ["get", "put", "patch", "delete", "head"])
def test_it_only_takes_post(signed_in: Client, method: str) -> None:
    assert getattr(signed_in, method)(REGISTER).status_code == 405


def test_it_demands_a_csrf_token(
    super_admin: Administrator, contoso: Organization
) -> None:
    factories.refusal(contoso)
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(super_admin)
    response = browser.post(REGISTER, {"domain": "tailspin.example"})
    assert response.status_code == 403
    assert domains(contoso) == ["contoso.example"]
