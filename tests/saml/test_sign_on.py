"""Signing on: the main path, and what a person sees."""

from __future__ import annotations

import re

import pytest
from django.conf import settings

from scim.models import DirectoryGroup, DirectoryUser, ProvisioningEvent
from scim.services.saml_provisioning import MOST_GROUPS
from tests.portal.factories import ENTERPRISE, group, person
from tests.saml.conftest import Browser, configure
from tests.saml.idp import ADELE, Answer
from tests.scim.trouble import out_of_reach
from zportal.models import SignOnSession
from zportal.saml.codes import CODES
from zportal.saml.events import REFUSALS_OF_ADDRESS

SAID = {
    "displayName": ["Adele Vance"],
    "memberOf": ["All Staff", "Sales"],
    "department": ["Retail"],
}


def test_a_known_person_is_signed_on(browser: Browser) -> None:
    adele = person(browser.organization, ADELE, displayName="Adele Vance")

    response = browser.sign_on()

    assert response.status_code == 303
    assert response["Location"] == "/signed-on/"
    page = browser.client.get("/signed-on/").content.decode()
    assert "You are signed on as" in page
    assert "Adele Vance" in page
    event = ProvisioningEvent.objects.get()
    assert (event.action, event.outcome, event.resource_key) == (
        "sign-on",
        "accepted",
        adele.pk,
    )
    assert event.actor == "SAML sign-on"
    assert event.target == ADELE
    assert "<samlp:Response" in event.request_body


def test_an_unknown_person_is_refused_without_auto_provisioning(
    browser: Browser,
) -> None:
    response = browser.sign_on()

    assert response.status_code == 403
    assert "0xB0040" in response.content.decode()
    assert not DirectoryUser.objects.exists()
    event = ProvisioningEvent.objects.get()
    assert (event.outcome, event.status, event.target) == ("refused", 403, ADELE)
    assert event.detail.startswith("0xB0040: ")


def test_auto_provisioning_makes_an_unknown_person(browser: Browser) -> None:
    configure(browser.organization, auto_provisioning=True)
    group(browser.organization, "All Staff")

    response = browser.sign_on(attributes=SAID)

    assert response.status_code == 303
    adele = DirectoryUser.objects.get()
    assert adele.data == {
        "userName": ADELE,
        "active": True,
        "displayName": "Adele Vance",
        ENTERPRISE: {"department": "Retail"},
    }
    assert adele.department is not None
    assert adele.department.name == "Retail"
    names = adele.groups.values_list("scim_display_name", flat=True)
    assert sorted(names) == ["All Staff", "Sales"]
    kinds = ProvisioningEvent.objects.order_by("pk").values_list(
        "action", "resource_type"
    )
    assert list(kinds) == [
        ("create", "User"),
        ("change", "Group"),
        ("create", "Group"),
        ("sign-on", "User"),
    ]


def test_auto_provisioning_removes_what_the_assertion_leaves_out(
    browser: Browser,
) -> None:
    configure(browser.organization, auto_provisioning=True)
    staff = group(browser.organization, "All Staff")
    adele = person(
        browser.organization,
        ADELE,
        groups=[staff],
        dept="Retail",
        displayName="Adele Vance",
        title="Buyer",
    )

    assert browser.sign_on().status_code == 303

    adele.refresh_from_db()
    assert adele.data == {"userName": ADELE, "active": True, "title": "Buyer"}
    assert adele.department is None
    assert not adele.groups.exists()
    assert DirectoryGroup.objects.filter(pk=staff.pk).exists()


def test_the_documented_codes_are_those_there_are() -> None:
    page = (settings.BASE_DIR / "docs" / "saml-sign-on.md").read_text()
    listed = re.findall(r"^\| `(0x\w+)` \| (.*) \|$", page, re.MULTILINE)
    assert listed == [(error.code, error.meaning) for error in CODES.values()]


def test_a_database_that_is_away_is_told_and_uses_nothing_up(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    person(browser.organization, ADELE)
    asked = browser.start()
    answer = Answer(asked.id).encoded()

    with monkeypatch.context() as patched:
        patched.setattr("zportal.saml.services.unit_of_work", out_of_reach)
        refused = browser.post(answer, asked.relay_state)

    assert refused.status_code == 503
    assert refused["Retry-After"] == "5"
    assert browser.post(answer, asked.relay_state).status_code == 303


def test_more_groups_than_can_be_are_refused_and_nothing_is_made(
    browser: Browser,
) -> None:
    configure(browser.organization, auto_provisioning=True)
    names = [f"Group {number}" for number in range(MOST_GROUPS + 1)]
    refused = browser.sign_on(attributes={"memberOf": names})
    assert "1,001 groups, and 1,000 are the most" in refused.content.decode()
    assert not DirectoryUser.objects.exists()
    assert not DirectoryGroup.objects.exists()


def test_of_very_many_attributes_the_first_are_kept(browser: Browser) -> None:
    person(browser.organization, ADELE)
    says = {"first": ["1"], "long": ["x" * 50_000, "y" * 50_000], "last": ["2"]}
    assert browser.sign_on(attributes=says).status_code == 303
    kept = SignOnSession.objects.get().attributes
    assert kept == {"first": ["1"], "long": ["x" * 50_000]}


def test_a_flood_of_refusals_is_bounded_and_hides_nobody(browser: Browser) -> None:
    url = f"/sso_upd/{browser.organization.pk}"
    for _ in range(REFUSALS_OF_ADDRESS + 5):
        browser.client.post(url, {"SAMLResponse": "nonsense"}, REMOTE_ADDR="10.0.0.9")
    flood = ProvisioningEvent.objects.filter(client_ip="10.0.0.9")
    assert flood.count() == REFUSALS_OF_ADDRESS
    assert flood[0].detail.startswith("0xA001: ")

    assert browser.sign_on().status_code == 403

    event = ProvisioningEvent.objects.newest_first()[0]
    assert event.detail.startswith("0xB0040: ")


def test_an_address_that_requests_cannot_be_sent_to_is_refused(
    browser: Browser,
) -> None:
    configure(browser.organization, portal_url="https://idp.bücher.example/")
    answer = browser.client.get(f"/sfc_sso/{browser.organization.pk}")
    assert answer.status_code == 403
    assert "0xE5641" in answer.content.decode()
