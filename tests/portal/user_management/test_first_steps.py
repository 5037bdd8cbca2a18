"""What the list of users says before anybody has arrived, and about refusals."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from scim.models import ProvisioningEvent
from scim.services import organizations
from tests.portal import factories
from zportal.company_profile import refused_domains

if TYPE_CHECKING:
    from django.test import Client

    from scim.models import Organization

USERS = "/administration/user-management/users/"


def text_of(client: Client, address: str = USERS) -> str:
    """Return a page as a person reads it."""
    response = client.get(address)
    assert response.status_code == 200
    main = response.content.decode().split('class="page"')[1]
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", main)).split())


def test_it_explains_how_to_connect(signed_in: Client) -> None:
    page = signed_in.get(USERS).content.decode()
    text = text_of(signed_in)
    assert "Nobody has been provisioned yet" in text
    for word in ("Base URL", "Bearer Token", "Configure SAML", "Test Connection"):
        assert word in text
    assert "Tenant URL" in text
    assert "Secret Token" in text
    assert 'href="/administration/authentication-settings/"' in page
    assert "None yet. Test Connection" in text


def test_it_says_whether_the_switch_is_on(
    signed_in: Client, contoso: Organization
) -> None:
    assert "SCIM-Based Provisioning is On" in text_of(signed_in)
    organizations.set_provisioning(organization=contoso, enabled=False, actor="admin")
    assert "SCIM-Based Provisioning is Off" in text_of(signed_in)


def test_it_shows_the_last_five_calls_of_this_organization(
    signed_in: Client, contoso: Organization, fabrikam: Organization
) -> None:
    for number in range(6):
        factories.event(
            contoso, action="lookup", target=f"p{number}@contoso.example", status=200
        )
    factories.event(
        contoso,
        action="test",
        outcome="refused",
        status=401,
        method="GET",
        path=f"{contoso.scim_path}/Users",
        detail="The token was generated but not saved.",
    )
    factories.event(fabrikam, target="x@fabrikam.example", status=200)
    text = text_of(signed_in)
    assert "Test Connection GET" in text
    assert "401 Refused The token was generated but not saved." in text
    assert "just now Lookup p5@contoso.example" in text
    assert "p2@contoso.example" in text
    assert "p1@contoso.example" not in text
    assert "fabrikam" not in text


def test_it_is_gone_once_somebody_arrived(
    signed_in: Client, contoso: Organization
) -> None:
    factories.person(contoso)
    assert "Nobody has been provisioned" not in text_of(signed_in)
    assert "Nothing matches" in text_of(signed_in, f"{USERS}?q=zzz")


def test_a_search_is_answered_even_before_anybody_arrived(signed_in: Client) -> None:
    assert "Nothing matches" in text_of(signed_in, f"{USERS}?q=zzz")


def test_people_of_another_organization_are_nobody(
    signed_in: Client, fabrikam: Organization
) -> None:
    factories.person(fabrikam)
    assert "Nobody has been provisioned yet" in text_of(signed_in)


def test_refused_people_are_counted_by_domain(
    signed_in: Client, contoso: Organization
) -> None:
    for user_name in ("joni@tailspin.example", "JONI@tailspin.example", "a@wing.test"):
        factories.refusal(contoso, user_name)
    factories.refusal(contoso, "nestor@tailspin.example")
    text = text_of(signed_in)
    assert "2 people were refused because tailspin.example is not a registered" in text
    assert "1 person was refused because wing.test is not" in text
    assert "Last refused just now" in text
    assert "Register tailspin.example" in text


@pytest.mark.parametrize(
    "fields",
    [
        {"refused_domain": ""},
        {"outcome": ProvisioningEvent.Outcome.ACCEPTED},
        {"time": timezone.now() - timedelta(hours=25)},
        {"refused_domain": "contoso.example"},
    ],
)
def test_nothing_is_said_of_other_events(
    signed_in: Client, contoso: Organization, fields: dict[str, Any]
) -> None:
    event = factories.refusal(contoso)
    ProvisioningEvent.objects.filter(pk=event.pk).update(**fields)
    assert "refused because" not in text_of(signed_in)


def test_refusals_of_another_organization_are_not_shown(
    signed_in: Client, fabrikam: Organization
) -> None:
    factories.refusal(fabrikam)
    assert "tailspin" not in text_of(signed_in)


def test_an_auditor_sees_the_notice_without_the_button(
    auditor_signed_in: Client, contoso: Organization
) -> None:
    factories.refusal(contoso)
    text = text_of(auditor_signed_in)
    assert "tailspin.example is not a registered domain" in text
    assert "A Super Admin can register it." in text
    assert "Register tailspin.example" not in text


def test_only_the_newest_refusals_are_read(
    signed_in: Client, contoso: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refused_domains, "REFUSALS_READ", 1)
    factories.refusal(contoso, "old@old.example")
    factories.refusal(contoso, "new@new.example")
    text = text_of(signed_in)
    assert "because new.example is not" in text
    assert "because old.example is not" not in text


def test_a_hostile_domain_is_text(signed_in: Client, contoso: Organization) -> None:
    factories.refusal(contoso, "a@<script>alert(1)</script>")
    page = signed_in.get(USERS).content.decode()
    assert "<script>alert" not in page
