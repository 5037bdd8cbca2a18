"""A response that somebody else made the browser post signs nobody off.

The page of an attacker can let a victim's browser post any response, one of the attacker's
own included. Such a POST comes without the victim's cookies (SameSite=Lax); what the page
behind it does with them is shown here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client

from scim.services import organizations
from tests.portal.factories import person
from tests.saml.conftest import Browser, configure
from tests.saml.idp import ADELE, Answer
from zportal.models import SignOnSession

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Response

    from scim.models import Organization

GRADY = "grady@contoso.example"
QUESTION = "Sign on as somebody else?"
COOKIES = ("sign_on", "sign_on_arrived")


@pytest.fixture
def people(contoso: Organization) -> None:
    configure(contoso, idp_initiated=True)
    person(contoso, ADELE, displayName="Adele Vance")
    person(contoso, GRADY, displayName="Grady Archie")


@pytest.fixture
def victim(browser: Browser, people: None) -> Browser:
    """Adele's browser, in which she is signed on."""
    assert browser.sign_on().status_code == 303
    assert "You are signed on as <bdi>Adele Vance" in page(browser)
    return browser


def page(browser: Browser) -> str:
    return browser.client.get("/signed-on/").content.decode()


def unasked(browser: Browser, name_id: str = GRADY, **says: Any) -> Response:
    """Let the browser post what its identity provider says of its own accord."""
    url = f"/sso_upd/{browser.organization.pk}"
    answer = Answer("", reply_url=f"http://testserver{url}", name_id=name_id, **says)
    return cross_site(browser, answer, url)


def cross_site(
    browser: Browser, answer: Answer | str, url: str = "/sfc_sso", relay_state: str = ""
) -> Response:
    """Post without the browser's cookies; it keeps those that the answer sets."""
    without = Browser(browser.organization, Client())
    response = without.post(answer, relay_state, url)
    browser.client.cookies.update(response.cookies)
    return response


def test_the_answer_to_the_attackers_request_changes_nothing(victim: Browser) -> None:
    attacker = Browser(victim.organization)
    asked = attacker.start()
    answer = Answer(asked.id, name_id=GRADY)

    assert cross_site(victim, answer, relay_state=asked.relay_state).status_code == 303

    assert "You are signed on as <bdi>Adele Vance" in page(victim)
    assert victim.client.cookies["sign_on_arrived"].value == ""
    assert "You are signed on as <bdi>Adele Vance" in page(victim)


def test_an_unsolicited_response_for_somebody_else_asks(victim: Browser) -> None:
    kept = victim.client.cookies["sign_on"].value
    assert unasked(victim).status_code == 303

    shown = page(victim)
    assert QUESTION in shown
    assert f"You are signed on as <bdi>{ADELE}</bdi>" in shown
    assert f"<bdi>{GRADY}</bdi>" in shown
    assert victim.client.cookies["sign_on"].value == kept

    # The choice is a form with a token of its own: nobody else can press its button.
    forced = Client(enforce_csrf_checks=True)
    forced.cookies = victim.client.cookies
    assert forced.post("/signed-on/choose/", {"answer": "switch"}).status_code == 403
    assert QUESTION in page(victim)


def test_to_stay_ends_the_session_that_arrived(victim: Browser) -> None:
    unasked(victim)
    arrived = victim.client.cookies["sign_on_arrived"].value

    victim.client.post("/signed-on/choose/", {"answer": "stay"})

    assert "You are signed on as <bdi>Adele Vance" in page(victim)
    assert not SignOnSession.objects.with_secret(arrived).exists()
    assert SignOnSession.objects.count() == 1


def test_to_switch_ends_the_session_before(victim: Browser) -> None:
    before = victim.client.cookies["sign_on"].value
    unasked(victim)

    victim.client.post("/signed-on/choose/", {"answer": "switch"})

    assert "You are signed on as <bdi>Grady Archie" in page(victim)
    assert not SignOnSession.objects.with_secret(before).exists()
    # Pressed once more, by Back, it changes nothing.
    victim.client.post("/signed-on/choose/", {"answer": "stay"})
    assert "You are signed on as <bdi>Grady Archie" in page(victim)


def test_the_same_person_in_another_organization_is_somebody_else(
    victim: Browser,
) -> None:
    training = organizations.create_organization(
        name="Training", domains=["contoso.example"]
    )
    configure(training, idp_initiated=True, auto_provisioning=True)
    other = Browser(training, victim.client)
    assert unasked(other, ADELE).status_code == 303

    assert QUESTION in page(victim)


def test_nobody_is_asked_about_themselves(victim: Browser) -> None:
    before = victim.client.cookies["sign_on"].value
    assert unasked(victim, ADELE).status_code == 303

    assert "You are signed on as <bdi>Adele Vance" in page(victim)
    assert victim.client.cookies["sign_on"].value != before
    assert victim.client.cookies["sign_on_arrived"].value == ""


def test_who_is_not_signed_on_is_not_asked(browser: Browser, people: None) -> None:
    assert unasked(browser).status_code == 303
    assert "You are signed on as <bdi>Grady Archie" in page(browser)


def test_who_asked_for_it_is_not_asked_again(victim: Browser) -> None:
    assert victim.sign_on(name_id=GRADY).status_code == 303
    assert "You are signed on as <bdi>Grady Archie" in page(victim)


@pytest.mark.parametrize(
    "says",
    [
        {"valid_for": -600},
        {"signs": ()},
        {"name_id": "nobody@contoso.example"},
        {"status": "urn:oasis:names:tc:SAML:2.0:status:Responder"},
    ],
    ids=str,
)
def test_a_refused_response_touches_no_cookie(
    victim: Browser, says: dict[str, Any]
) -> None:
    name_id = says.pop("name_id", GRADY)
    response = unasked(victim, name_id, **says)

    assert response.status_code == 403
    assert not response.cookies
    assert "You are signed on as <bdi>Adele Vance" in page(victim)


@pytest.mark.parametrize("answer", ["", "nonsense", "PGEvPg=="])
def test_what_is_no_response_touches_no_cookie(victim: Browser, answer: str) -> None:
    response = cross_site(victim, answer)

    assert response.status_code in {403, 404}
    assert not response.cookies
    assert "You are signed on as <bdi>Adele Vance" in page(victim)


def test_signing_off_ends_what_arrived_as_well(victim: Browser) -> None:
    unasked(victim)

    victim.client.post("/signed-on/sign-off/")

    assert not SignOnSession.objects.exists()
    assert "Nobody is signed on in this browser" in page(victim)


# ------------------------------------------------------- names that templates know, too
METHODS = ["items", "keys", "values", "update", "get", "pop", "clear", "copy", "0"]


def test_attributes_named_like_methods_are_shown(victim: Browser) -> None:
    says = {name: [f"claim {name}"] for name in METHODS}
    assert victim.sign_on(attributes=says).status_code == 303

    shown = page(victim)
    for name in METHODS:
        assert f"<code>{name}</code>" in shown
        assert f"<bdi>claim {name}</bdi>" in shown
