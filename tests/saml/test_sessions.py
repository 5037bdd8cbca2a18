"""Being signed on: for how long, what ends it, and what it does not open."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from scim.models import DirectoryUser, Organization, ProvisioningEvent
from scim.services import organizations
from tests.portal.factories import person
from tests.saml.conftest import Browser, configure
from tests.saml.idp import ADELE, LOGIN_URL, Answer
from tests.situations import administrator_of, signed_in_as
from zportal.authentication.activation import activate
from zportal.authentication.reauthentication import force_reauthentication
from zportal.authentication.staging import revision
from zportal.models import (
    AuthenticationSettings,
    SignOnSession,
    Stage,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test.client import _MonkeyPatchedWSGIResponse as Response

NOT_SIGNED_ON = "Nobody is signed on in this browser"
HOUR = timedelta(hours=1)


@pytest.fixture
def adele(contoso: Organization) -> DirectoryUser:
    return person(contoso, ADELE, displayName="Adele Vance")


def page(browser: Browser) -> str:
    return browser.client.get("/signed-on/").content.decode()


def set_frequency(
    organization: Organization, frequency: str, days: int | None = None
) -> None:
    AuthenticationSettings.objects.update_or_create(
        organization=organization,
        stage=Stage.ACTIVE,
        defaults={"authentication_frequency": frequency, "custom_frequency_days": days},
    )


@pytest.mark.parametrize(
    ("frequency", "days", "lasts", "kept"),
    [
        ("daily", None, timedelta(hours=24), 24 * 3600),
        ("only-once", None, timedelta(days=730), 730 * 24 * 3600),
        ("custom", 3, timedelta(days=3), 3 * 24 * 3600),
        ("once-per-session", None, timedelta(hours=24), ""),
    ],
)
def test_it_lasts_as_long_as_the_frequency_says(
    browser: Browser,
    adele: DirectoryUser,
    frequency: str,
    days: int | None,
    lasts: timedelta,
    kept: int | str,
) -> None:
    set_frequency(browser.organization, frequency, days)
    browser.sign_on()
    cookie = browser.client.get("/signed-on/").cookies["sign_on"]
    assert cookie["max-age"] == kept
    assert (cookie["path"], cookie["httponly"], cookie["samesite"]) == (
        "/signed-on/",
        True,
        "Lax",
    )
    browser.client.get("/signed-on/")
    # The mark of the browser, which the session asks for, is kept as long.
    mark = int(browser.client.cookies["sign_on_browser"]["max-age"])
    assert abs(mark - lasts.total_seconds()) < 60
    with time_machine.travel(timezone.now() + lasts - HOUR):
        assert "You are signed on as" in page(browser)
    with time_machine.travel(timezone.now() + lasts + HOUR):
        assert NOT_SIGNED_ON in page(browser)


def test_forced_reauthentication_ends_it(
    browser: Browser, adele: DirectoryUser
) -> None:
    browser.sign_on()
    admin = administrator_of(browser.organization, "admin")
    force_reauthentication(administrator=admin, client_ip=None)
    assert NOT_SIGNED_ON in page(browser)
    browser.sign_on()
    assert "You are signed on as" in page(browser)


def test_it_ends_when_saml_is_no_longer_active(
    browser: Browser, adele: DirectoryUser
) -> None:
    browser.sign_on()
    AuthenticationSettings.objects.update(authentication_type="form-based")
    assert NOT_SIGNED_ON in page(browser)


def test_it_does_not_come_back_with_saml(
    browser: Browser, adele: DirectoryUser
) -> None:
    browser.sign_on()
    admin = administrator_of(browser.organization, "admin")
    for kind in ("form-based", "saml"):
        AuthenticationSettings.objects.update_or_create(
            organization=browser.organization,
            stage=Stage.STAGED,
            defaults={"authentication_type": kind},
        )
        activate(
            administrator=admin, client_ip=None, seen=revision(browser.organization)
        )
    assert NOT_SIGNED_ON in page(browser)


def test_it_ends_when_the_identity_provider_says(
    browser: Browser, adele: DirectoryUser
) -> None:
    browser.sign_on(session_for=3600)
    with time_machine.travel(timezone.now() + HOUR / 2):
        assert "You are signed on as" in page(browser)
    with time_machine.travel(timezone.now() + 2 * HOUR):
        assert NOT_SIGNED_ON in page(browser)


def test_a_disabled_person_is_told_so(browser: Browser, adele: DirectoryUser) -> None:
    browser.sign_on()
    DirectoryUser.objects.update(is_enabled=False)
    assert "0xE5639" in page(browser)
    assert "Adele Vance" not in page(browser)
    assert browser.sign_on().status_code == 403


def test_a_deleted_person_is_told_so(browser: Browser, adele: DirectoryUser) -> None:
    browser.sign_on()
    adele.delete()
    assert "0xA010" in page(browser)


def test_signing_off_ends_it_everywhere(browser: Browser, adele: DirectoryUser) -> None:
    browser.sign_on()
    browser.client.get("/signed-on/")
    secret = browser.client.cookies["sign_on"].value
    answer = browser.client.post("/signed-on/sign-off/", follow=True)
    assert NOT_SIGNED_ON in answer.content.decode()
    assert not SignOnSession.objects.exists()
    browser.client.cookies["sign_on"] = secret
    assert NOT_SIGNED_ON in page(browser)
    assert browser.client.get("/signed-on/sign-off/").status_code == 405


def test_another_browser_cannot_use_it(browser: Browser, adele: DirectoryUser) -> None:
    """Whoever is made to post somebody else's response is not signed on as them."""
    asked = browser.start()
    victim = Browser(browser.organization)
    victim.post(Answer(asked.id), asked.relay_state)
    assert NOT_SIGNED_ON in page(victim)


def test_no_secret_is_stored(browser: Browser, adele: DirectoryUser) -> None:
    browser.sign_on()
    browser.client.get("/signed-on/")
    secret = browser.client.cookies["sign_on"].value
    assert secret not in str(SignOnSession.objects.values())
    assert secret not in str(ProvisioningEvent.objects.values())


def test_it_opens_nothing_of_the_portal(browser: Browser, adele: DirectoryUser) -> None:
    browser.sign_on()
    answer = browser.client.get("/administration/authentication-settings/")
    assert answer.status_code == 302
    assert answer["Location"].startswith("/sign-in/")


def test_an_administrator_is_nobody_here(contoso: Organization) -> None:
    admin = signed_in_as(administrator_of(contoso, "admin"))
    assert NOT_SIGNED_ON in admin.get("/signed-on/").content.decode()


def test_expired_sessions_are_forgotten(browser: Browser, adele: DirectoryUser) -> None:
    set_frequency(browser.organization, "daily")
    browser.sign_on()
    with time_machine.travel(timezone.now() + 25 * HOUR):
        browser.sign_on()
    assert SignOnSession.objects.count() == 1


# --------------------------------------------------------------- finding the organization
def find(user_name: str) -> Response:
    response: Response = Client().post("/sign-on/", {"user_name": user_name})
    return response


def ways_on(page: str) -> list[str]:
    """Where the links of the page lead, which nobody follows without pressing one."""
    assert "http-equiv" not in page
    return re.findall(r'href="(/sfc_sso/[0-9]+)"', page)


def on_the_common_page(domain: str) -> str:
    return find(f"adele@{domain}").content.decode()


def on_the_vendors_page(domain: str) -> str:
    query = {"version": "1", "_domain": domain}
    return Client().get("/clstart", query).content.decode()


look_up = pytest.mark.parametrize("look_up", [on_the_common_page, on_the_vendors_page])


@look_up
@pytest.mark.parametrize("domain", ["contoso.example", "CONTOSO.example."])
def test_it_shows_where_it_leads_and_asks(
    contoso: Organization, look_up: Callable[[str], str], domain: str
) -> None:
    """Anybody may have registered the domain: nobody is led on without a word."""
    page = look_up(domain)
    assert ways_on(page) == [f"/sfc_sso/{contoso.pk}"]
    assert contoso.name in page
    assert f"<bdi>{urlsplit(LOGIN_URL).netloc}</bdi>" in page


@look_up
def test_it_asks_when_several_have_the_domain(
    contoso: Organization, look_up: Callable[[str], str]
) -> None:
    training = organizations.create_organization(
        name="Training", domains=["contoso.example"]
    )
    configure(training, portal_url="https://elsewhere.example:8443/saml2")
    organizations.create_organization(name="Forms", domains=["contoso.example"])
    page = look_up("contoso.example")
    assert ways_on(page) == [f"/sfc_sso/{each.pk}" for each in (contoso, training)]
    assert "<bdi>elsewhere.example:8443</bdi>" in page


@look_up
def test_it_leads_nowhere_without_an_identity_provider(
    contoso: Organization, look_up: Callable[[str], str]
) -> None:
    configure(contoso, portal_url="")
    page = look_up("contoso.example")
    assert ways_on(page) == []
    assert "None is configured yet." in page


@look_up
def test_a_domain_of_other_letters_is_found_in_every_spelling(
    contoso: Organization, look_up: Callable[[str], str]
) -> None:
    organizations.register_domain(organization=contoso, name="bücher.example")
    for domain in ("bücher.example", "BÜCHER.example.", "xn--bcher-kva.example"):
        assert ways_on(look_up(domain)) == [f"/sfc_sso/{contoso.pk}"]


def test_the_organizations_own_address_stays_a_redirect(contoso: Organization) -> None:
    answer = Client().get(f"/sfc_sso/{contoso.pk}")
    assert answer.status_code == 302
    assert answer["Location"].startswith(LOGIN_URL)


@pytest.mark.parametrize("name", ["x@nowhere.example", "x@contoso.example\0"])
def test_an_unknown_domain_is_told(contoso: Organization, name: str) -> None:
    answer = find(name)
    assert answer.status_code == 200
    assert "/sfc_sso/" not in answer.content.decode()
    assert "field-error" in answer.content.decode()


@pytest.mark.parametrize("name", ["", "adele", "@contoso.example", "a" * 300 + "@x.y"])
def test_what_is_no_user_name_is_told(contoso: Organization, name: str) -> None:
    page = find(name).content.decode()
    assert "field-error" in page
    assert "0xA020" not in page


def test_addresses_that_lead_to_the_common_page(contoso: Organization) -> None:
    assert "0xA020: no organization has registered “x.example”" in on_the_vendors_page(
        "x.example"
    )
    assert Client().get("/clstart")["Location"] == "/sign-on/"
    assert Client().get("/sfc_sso")["Location"] == "/sign-on/"
    assert (
        Client().get(f"/sso_upd/{contoso.pk}")["Location"] == f"/sfc_sso/{contoso.pk}"
    )


def test_who_does_not_use_saml_is_told(contoso: Organization) -> None:
    AuthenticationSettings.objects.update(authentication_type="form-based")
    answer = Client().get(f"/sfc_sso/{contoso.pk}")
    assert answer.status_code == 403
    assert "0xB0010" in answer.content.decode()
    event = ProvisioningEvent.objects.get()
    assert (event.method, event.path) == ("GET", f"/sfc_sso/{contoso.pk}")
    assert event.detail.startswith("0xB0010: ")
    configure(contoso, portal_url="")
    assert "0xE5641" in Client().get(f"/sfc_sso/{contoso.pk}").content.decode()
    assert Client().get("/sfc_sso/00000001").status_code == 404


def test_an_address_with_the_usual_port_is_the_same(
    browser: Browser, adele: DirectoryUser
) -> None:
    """``login.<cloud>:443/sfc_sso`` and the address without :443 are the same."""
    url = "http://testserver:80/sfc_sso"
    assert browser.sign_on(destination=url, recipient=url).status_code == 303
