"""Warnings that teach: each comes when it helps, and goes when it is settled."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client
from django.utils import timezone

from scim.models import ProvisioningEvent
from tests.portal import factories
from tests.portal.settings_form import PAGE, form
from tests.situations import administrator_of, signed_in_as
from zportal.authentication.provisioning_warnings import CALLS_READ, Provisioning

if TYPE_CHECKING:
    from scim.models import Organization
    from tests.situations import ScimClient

BOTH_ON = "SAML auto-provisioning and SCIM are both on."
NEVER_USED = "The Bearer Token has never been used."
NEW_ADDRESS = "is new among the last 1,000 calls"
ONLY_TESTED = "Only Test Connection has come so far"
REFUSED = "the domain of their userName is not registered"
PROFILE = "The behaviour profile"
ALL = (BOTH_ON, NEVER_USED, NEW_ADDRESS, ONLY_TESTED, REFUSED, PROFILE)


def warned(client: Client) -> set[str]:
    page = client.get(PAGE).content.decode()
    return {words for words in ALL if words in page}


def called_from(
    organization: Organization, address: str, *, hours_ago: int = 0, **fields: Any
) -> None:
    """A call came with the live token, which noted it."""
    time = timezone.now() - timedelta(hours=hours_ago)
    factories.event(organization, client_ip=address, time=time, **fields)
    organization.tokens.live().update(last_used_at=time, last_used_from=address)


def test_a_token_that_was_never_used(contoso: Organization, signed_in: Client) -> None:
    assert warned(signed_in) == {NEVER_USED}


def test_an_auditor_is_warned_too(
    contoso: Organization, auditor_signed_in: Client
) -> None:
    assert warned(auditor_signed_in) == {NEVER_USED}


def test_from_test_connection_to_the_first_person(
    scim: ScimClient, signed_in: Client
) -> None:
    answer = scim.get(
        '/Users?filter=userName eq "00000000-0000-4000-8000-000000000000"'
    )
    assert answer.status_code == 200
    assert warned(signed_in) == {ONLY_TESTED}
    scim.post(
        "/Users",
        {
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
            "userName": "adele@contoso.example",
        },
    )
    assert warned(signed_in) == set()


def test_a_refused_person_is_more_than_a_test(
    scim: ScimClient, signed_in: Client, contoso: Organization
) -> None:
    scim.get('/Users?filter=userName eq "x"')
    scim.post(
        "/Users",
        {
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
            "userName": "joni@tailspin.example",
        },
    )
    assert warned(signed_in) == {REFUSED}
    assert "registered: tailspin.example." in signed_in.get(PAGE).content.decode()
    contoso.domains.create(name="tailspin.example")
    assert warned(signed_in) == set()


def test_old_refusals_are_no_news(contoso: Organization, signed_in: Client) -> None:
    factories.refusal(contoso, time=timezone.now() - timedelta(days=2))
    assert REFUSED not in warned(signed_in)


def test_many_refused_domains_are_not_all_named(
    contoso: Organization, signed_in: Client
) -> None:
    for number in range(5):
        factories.refusal(contoso, f"joni@d{number}.example")
    page = signed_in.get(PAGE).content.decode()
    assert "d0.example, d1.example, d2.example and 2 more." in page


def test_auto_provisioning_beside_scim(
    contoso: Organization, signed_in: Client
) -> None:
    signed_in.post(PAGE, form(auto_provisioning="on"))
    assert BOTH_ON in warned(signed_in)
    signed_in.post(PAGE, form(auto_provisioning="on", scim=None))
    assert BOTH_ON not in warned(signed_in)


def test_an_address_that_had_not_called_before(
    contoso: Organization, signed_in: Client
) -> None:
    called_from(contoso, "192.0.2.1", hours_ago=50, action="create")
    assert NEW_ADDRESS not in warned(signed_in)
    called_from(contoso, "203.0.113.9", hours_ago=1)
    assert NEW_ADDRESS in warned(signed_in)
    page = signed_in.get(PAGE).content.decode()
    assert "was used from 203.0.113.9, an address" in page


def test_an_address_that_has_called_for_a_day_is_known(
    contoso: Organization, signed_in: Client
) -> None:
    called_from(contoso, "192.0.2.1", hours_ago=50, action="create")
    called_from(contoso, "203.0.113.9", hours_ago=30)
    called_from(contoso, "203.0.113.9")
    assert NEW_ADDRESS not in warned(signed_in)


def test_calls_with_no_good_token_teach_nothing(
    contoso: Organization, signed_in: Client
) -> None:
    factories.event(contoso, actor="unknown token", client_ip="198.51.100.1")
    called_from(contoso, "203.0.113.9", action="create")
    assert warned(signed_in) == set()


def test_nothing_is_said_about_a_service_that_is_off(
    contoso: Organization, signed_in: Client
) -> None:
    factories.refusal(contoso)
    contoso.connection.enabled = False
    contoso.connection.save()
    assert warned(signed_in) == set()


def test_another_profile_is_told(litware: Organization) -> None:
    client = signed_in_as(administrator_of(litware, "litware-admin"))
    assert PROFILE in warned(client)
    assert "profile rfc is in use" in client.get(PAGE).content.decode()


def test_another_organizations_calls_are_its_own(
    contoso: Organization, fabrikam: Organization, stranger_signed_in: Client
) -> None:
    factories.refusal(contoso)
    called_from(contoso, "192.0.2.1", hours_ago=50)
    called_from(contoso, "203.0.113.9")
    assert warned(stranger_signed_in) == {NEVER_USED}


@pytest.mark.usefixtures("signed_in")
def test_only_the_newest_calls_are_read(contoso: Organization) -> None:
    ProvisioningEvent.objects.bulk_create(
        ProvisioningEvent(organization=contoso, actor="token q7Fh2m")
        for _ in range(CALLS_READ + 5)
    )
    calls = Provisioning.of(contoso, None).calls
    assert len(calls) == CALLS_READ
    assert calls[0].time <= calls[-1].time
