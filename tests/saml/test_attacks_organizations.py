"""Two organizations, people and administrators: none of them opens another's doors."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from scim.models import DirectoryUser, Organization, ProvisioningEvent
from scim.services import organizations
from tests.portal.factories import person
from tests.saml.attacking import (
    ACCEPTED,
    CLOSED,
    GRADY,
    SETTINGS,
    Forgery,
    Scene,
    Table,
)
from tests.saml.conftest import Browser, configure
from tests.saml.idp import ADELE
from tests.saml.provider import Says
from tests.situations import administrator_of, signed_in_as
from zportal.models import SignOnSession, SignOnTest
from zportal.saml.requests import new_request_id, relay_state_of

table = Table("Organizations, tests and administrators")

NOT_HERE = "0xB000"


@pytest.fixture
def fabrikam(scene: Scene) -> Organization:
    """With the same identity provider, certificate and entity id, and an Adele too."""
    del scene
    organization = organizations.create_organization(
        name="Fabrikam", domains=["fabrikam.example"]
    )
    configure(organization, idp_initiated=True, **SETTINGS)
    person(organization, ADELE, displayName="Adele of Fabrikam")
    return organization


def unsolicited(scene: Scene, organization: Organization, where: str) -> Forgery:
    """Return what the provider says, unasked, at the address of *organization*."""
    reply_url = f"http://testserver/sso_upd/{organization.pk}"
    forgery = scene.forgery()
    forgery.url, forgery.relay_state = where, ""
    forgery.root = scene.provider.answer(Says(None, reply_url=reply_url), "both")
    return forgery


@table.told("Made for one organization, posted to another, unsolicited", NOT_HERE)
def test_posted_to_another(scene: Scene, fabrikam: Organization) -> None:
    ours = scene.browser.organization
    configure(ours, idp_initiated=True, **SETTINGS)
    forgery = unsolicited(scene, ours, f"/sso_upd/{fabrikam.pk}")

    response = forgery.post(scene.browser)

    scene.is_refused(response, NOT_HERE)
    assert ProvisioningEvent.objects.get().organization == fabrikam


@table.told("An answer to one organization's request, posted to another", NOT_HERE)
def test_answer_posted_to_another(scene: Scene, fabrikam: Organization) -> None:
    forgery = scene.forgery()
    forgery.url = f"/sso_upd/{fabrikam.pk}"

    scene.is_refused(forgery.post(scene.browser), NOT_HERE)
    event = ProvisioningEvent.objects.get()
    assert (event.organization, event.request_body) == (fabrikam, "")


@table.told("Said for one organization, in answer to another's request", NOT_HERE)
def test_said_for_another(scene: Scene, fabrikam: Organization) -> None:
    forgery = scene.forgery()
    forgery.root = scene.provider.answer(
        Says(
            forgery.request_id,
            reply_url=f"http://testserver/sso_upd/{fabrikam.pk}",
        ),
        "both",
    )

    scene.is_refused(forgery.post(scene.browser), NOT_HERE)


@table.told(
    "Said in answer to one's request, sent as the answer to another's", NOT_HERE
)
def test_another_request(scene: Scene, fabrikam: Organization) -> None:
    theirs = Browser(fabrikam).start()
    forgery = scene.forgery()
    forgery.root.set("InResponseTo", theirs.id)
    forgery.relay_state = theirs.relay_state

    response = forgery.post(scene.browser)

    scene.is_refused(response, NOT_HERE)
    assert ProvisioningEvent.objects.get().organization == fabrikam


@table.told("The organization's own entity id, said to another", "0xA022")
def test_own_entity_id(scene: Scene, fabrikam: Organization) -> None:
    configure(scene.browser.organization, org_specific_entity_id=True, **SETTINGS)
    forgery = scene.forgery(audience=f"http://testserver/sfc_sso/{fabrikam.pk}")

    scene.is_refused(forgery.post(scene.browser), "0xA022")


@table.told("Somebody of a domain of another organization", "0xB0030")
def test_domain_of_another(scene: Scene, fabrikam: Organization) -> None:
    assert fabrikam.domains.exists()
    forgery = scene.forgery(name_id="adele.vance@fabrikam.example")

    scene.is_refused(forgery.post(scene.browser), "0xB0030")


@table.told("A person of the same name in both: each signs on as their own", ACCEPTED)
def test_same_name(scene: Scene, fabrikam: Organization) -> None:
    before = list(DirectoryUser.objects.filter(organization=fabrikam).values())

    response = scene.forgery().post(scene.browser)

    assert response.status_code == 303
    session = SignOnSession.objects.get()
    adele = DirectoryUser.objects.get(pk=session.user_key)
    assert adele.organization == scene.browser.organization
    page = scene.browser.client.get("/signed-on/").content.decode()
    assert "Contoso" in page
    assert "Fabrikam" not in page
    assert list(DirectoryUser.objects.filter(organization=fabrikam).values()) == before


# ----------------------------------------------------------------------- Test sign-on
def tried(scene: Scene, **says: Any) -> Any:
    """Answer a Test sign-on of an administrator; return the response."""
    organization = scene.browser.organization
    tester = administrator_of(organization, "admin")
    request_id = new_request_id(organization, browser="x", tester=tester.pk)
    forgery = scene.forgery()
    forgery.relay_state = relay_state_of(request_id)
    forgery.root = scene.provider.answer(Says(request_id, **says), "both")
    return forgery.post(scene.browser)


@table.told("The answer to a Test sign-on: only its report is stored", CLOSED)
def test_the_answer_to_a_test(scene: Scene) -> None:
    response = tried(scene)

    assert response.status_code == 302
    assert SignOnTest.objects.get().report["is_accepted"]
    assert not SignOnSession.objects.exists()
    assert not ProvisioningEvent.objects.exists()
    assert "sign_on" not in scene.browser.client.cookies
    report = scene.browser.client.get(response["Location"])
    assert report.status_code == 302
    assert "sign-in" in report["Location"]


@table.told("The answer to a Test sign-on about somebody new: nobody is made", CLOSED)
def test_a_test_about_somebody_new(scene: Scene) -> None:
    tried(scene, name_id="new@contoso.example")

    assert DirectoryUser.objects.count() == 2


@table.told("A Test sign-on's report, opened by an administrator elsewhere", CLOSED)
def test_a_report_is_not_for_others(scene: Scene, fabrikam: Organization) -> None:
    location = tried(scene)["Location"]
    stranger = signed_in_as(administrator_of(fabrikam, "stranger"))

    assert stranger.get(location).status_code == 404


@table.told("An answer to a person's request, changed into a test's", NOT_HERE)
def test_into_a_test(scene: Scene) -> None:
    organization = scene.browser.organization
    tester = administrator_of(organization, "tester").pk
    request_id = new_request_id(organization, browser="x", tester=tester)
    forgery = scene.forgery()
    forgery.root.set("InResponseTo", request_id)
    forgery.relay_state = relay_state_of(request_id)

    forgery.post(scene.browser)

    report = SignOnTest.objects.get().report
    codes = [each["error"]["code"] for each in report["verdicts"] if each["error"]]
    assert codes == [NOT_HERE]
    assert not SignOnSession.objects.exists()


# ------------------------------------------------------------- people, administrators
PAGES = (
    "/",
    "/administration/authentication-settings/",
    "/administration/user-management/",
    "/administration/company-profile/",
    "/administration/activation/",
)


@table.told("A person's session at the pages of administration", CLOSED)
@pytest.mark.parametrize("page", PAGES)
def test_a_person_is_no_administrator(scene: Scene, page: str) -> None:
    """Neither as its own cookie nor under the name of the administrators' one."""
    scene.is_accepted(scene.forgery().post(scene.browser))
    secret = scene.browser.client.cookies["sign_on"].value
    for name in ("sign_on", "sessionid", "__Host-sessionid"):
        client = Client()
        client.cookies[name] = secret

        response = client.get(page)

        assert response.status_code in {302, 404}
        if response.status_code == 302:
            assert "sign-in" in response["Location"]


@table.told("An administrator's session at the page of the signed-on", CLOSED)
def test_an_administrator_is_nobody_there(scene: Scene) -> None:
    scene.is_accepted(scene.forgery().post(scene.browser))
    client = signed_in_as(administrator_of(scene.browser.organization, "admin"))
    client.cookies["sign_on"] = client.cookies["sessionid"].value

    assert b"Nobody is signed on" in client.get("/signed-on/").content


@table.told("An administrator's name, said by the identity provider", "0xA021")
def test_the_name_of_an_administrator(scene: Scene) -> None:
    administrator_of(scene.browser.organization, "admin")
    forgery = scene.forgery(name_id="admin")

    scene.is_refused(forgery.post(scene.browser), "0xA021")
    assert "sessionid" not in scene.browser.client.cookies


@table.told("A session guessed, or by its digest from a copied database", CLOSED)
def test_a_digest_is_no_secret(scene: Scene) -> None:
    scene.is_accepted(scene.forgery().post(scene.browser))
    digest = SignOnSession.objects.get().digest
    scene.browser.client.cookies["sign_on"] = digest

    page = scene.browser.client.get("/signed-on/").content

    assert b"Nobody is signed on" in page
    assert GRADY.encode() not in page
