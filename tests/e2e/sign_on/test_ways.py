"""Every way to sign on that an identity provider and an organization can agree on."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from scim.models import DirectoryUser, ProvisioningEvent
from tests.e2e.sign_on.conftest import SAID, Scene
from tests.portal.factories import person
from tests.saml.idp import ADELE, key_pair
from zportal.encryption import encrypt
from zportal.models import SignOnSession

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

ACCEPTED = [("sign-on", "User", "accepted")]


@pytest.fixture
def adele(scene: Scene) -> DirectoryUser:
    return person(scene.organization, ADELE, displayName="Adele Vance")


@pytest.mark.parametrize(
    "signs",
    [("assertion",), ("response",), ("assertion", "response")],
    ids=["assertion", "response", "both"],
)
def test_from_the_address_of_the_organization(
    scene: Scene, adele: DirectoryUser, signs: tuple[str, ...]
) -> None:
    scene.set_up(signs=signs)
    scene.sign_on()
    scene.welcomed_as("Adele Vance")
    session = SignOnSession.objects.get()
    assert (session.organization, session.user_key) == (scene.organization, adele.pk)
    assert session.name_id == ADELE
    received = {name: session.attributes[name] for name in SAID}
    assert received == SAID
    assert scene.events() == ACCEPTED
    event = ProvisioningEvent.objects.get()
    assert (event.target, event.resource_key) == (ADELE, adele.pk)
    assert event.request_body.count("SignatureValue>") == 2 * len(signs)


def test_from_the_common_page(scene: Scene, adele: DirectoryUser) -> None:
    scene.set_up()
    page = scene.page
    page.goto(f"{scene.site}/sign-on/")
    page.get_by_label("User Name").fill(ADELE.upper())
    page.get_by_role("button", name="Sign in").click()
    # Any organization may have registered the domain, so the page asks first.
    page.get_by_role("link", name="Sign on to").click()
    page.wait_for_url(lambda url: not url.startswith(scene.site))
    scene.idp.sign_in(page, ADELE)
    scene.welcomed_as("Adele Vance")
    assert SignOnSession.objects.get().user_key == adele.pk
    assert scene.events() == ACCEPTED


def test_sign_off_ends_the_session_here_alone(
    scene: Scene, adele: DirectoryUser
) -> None:
    scene.set_up()
    scene.sign_on()
    scene.welcomed_as("Adele Vance")
    scene.page.reload()
    scene.welcomed_as("Adele Vance")
    scene.page.get_by_role("button", name="Sign Off").click()
    heading = scene.page.get_by_role("heading", level=1)
    expect(heading).to_have_text("Not signed on")
    assert not SignOnSession.objects.exists()
    scene.page.goto(f"{scene.site}/signed-on/")
    expect(heading).to_have_text("Not signed on")
    assert scene.events() == ACCEPTED


def test_from_the_identity_provider(scene: Scene, adele: DirectoryUser) -> None:
    service = scene.set_up(idp_initiated=True)
    scene.page.goto(scene.idp.unsolicited_start(service))
    scene.idp.sign_in(scene.page, ADELE)
    scene.welcomed_as("Adele Vance")
    assert SignOnSession.objects.get().user_key == adele.pk
    assert scene.events() == ACCEPTED


def test_from_the_identity_provider_is_refused_unless_allowed(
    scene: Scene, adele: DirectoryUser
) -> None:
    service = scene.set_up(idp_initiated=False)
    scene.page.goto(scene.idp.unsolicited_start(service))
    scene.idp.sign_in(scene.page, ADELE)
    scene.refused_with("0xB001")
    assert not SignOnSession.objects.exists()


@pytest.mark.parametrize(
    "signs", [("assertion",), ("response",)], ids=lambda item: item[0]
)
def test_with_an_encrypted_assertion(
    scene: Scene, adele: DirectoryUser, signs: tuple[str, ...]
) -> None:
    scene.set_up(encrypts=True, signs=signs, signing_key=scene.make_key())
    scene.sign_on()
    scene.welcomed_as("Adele Vance")
    assert SignOnSession.objects.get().user_key == adele.pk
    posted = ProvisioningEvent.objects.get().request_body
    assert "EncryptedAssertion" in posted
    assert ADELE not in posted


def test_with_an_entity_id_of_its_own(scene: Scene, adele: DirectoryUser) -> None:
    service = scene.set_up(org_specific_entity_id=True)
    assert service.entity_id == scene.address
    scene.sign_on()
    scene.welcomed_as("Adele Vance")
    assert SignOnSession.objects.get().user_key == adele.pk


def test_another_certificate_is_not_believed(
    scene: Scene, adele: DirectoryUser
) -> None:
    scene.set_up(certificate=key_pair("somebody else").certificate)
    scene.sign_on()
    scene.refused_with("0xB003")
    assert not SignOnSession.objects.exists()


@pytest.mark.parametrize("idp", ["php_idp"], indirect=True, ids=["simplesamlphp"])
def test_signed_requests_are_verified(scene: Scene, adele: DirectoryUser) -> None:
    """saml-idp does not look at the signature of a request."""
    service = scene.set_up(sign_request=True, signing_key=scene.make_key())
    assert b'AuthnRequestsSigned="true"' in service.metadata
    scene.sign_on()
    scene.welcomed_as("Adele Vance")
    assert scene.events() == ACCEPTED


@pytest.mark.parametrize("idp", ["php_idp"], indirect=True, ids=["simplesamlphp"])
def test_requests_are_not_verified_with_another_certificate(
    scene: Scene, adele: DirectoryUser
) -> None:
    """It shows that the identity provider looks at the signature."""
    key = scene.make_key()
    scene.set_up(sign_request=True, signing_key=key)
    other = key_pair("another")
    key.encrypted_key = encrypt(other.key)
    key.save()
    scene.page.goto(scene.address)
    expect(scene.page.get_by_label("Password")).to_have_count(0)
    expect(scene.page.get_by_text("Unable to validate Signature")).to_be_visible()
