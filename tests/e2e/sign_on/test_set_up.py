"""An administrator sets sign-on up by clicking; then somebody signs on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from scim.models import DirectoryUser, ProvisioningEvent
from tests.e2e.sign_on.conftest import PATIENCE, Scene, calm
from tests.e2e.sign_on.providers import ServiceProvider
from tests.e2e.test_tutorial import open_from_menu
from tests.portal.factories import person
from tests.saml.idp import ADELE
from tests.situations import PASSWORD, administrator_of
from zportal.models import (
    AuthenticationSettings,
    SamlConfiguration,
    SignOnSession,
    SignOnTest,
    Stage,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import BrowserContext, Download, Page

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def admin(scene: Scene, new_context: Callable[[], BrowserContext]) -> Iterator[Page]:
    """The Super Admin of an organization whose people have passwords, signed in."""
    AuthenticationSettings.objects.all().delete()
    administrator = administrator_of(scene.organization, "admin")
    with calm(new_context(), scene.site) as context:
        page = context.new_page()
        page.goto(scene.site)
        page.get_by_label("Login ID", exact=True).fill(administrator.login)
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="Sign In").click()
        yield page


def is_not_configured(scene: Scene) -> None:
    """What is only saved is not in effect."""
    scene.page.goto(scene.address)
    alert = scene.page.get_by_role("alert")
    expect(alert.get_by_text("0xB0010", exact=True)).to_be_visible()


def activate(admin: Page) -> None:
    admin.get_by_role("link", name="Activation").first.click()
    admin.get_by_role("button", name="Activate", exact=True).click()
    expect(admin.get_by_text("No Activations Pending")).to_be_visible()


def active(scene: Scene) -> SamlConfiguration:
    saml = SamlConfiguration.objects.at(scene.organization, Stage.ACTIVE)
    assert isinstance(saml, SamlConfiguration)
    return saml


def content(download: Download) -> bytes:
    return Path(download.path()).read_bytes()


def test_by_the_window(scene: Scene, admin: Page) -> None:
    is_not_configured(scene)
    open_from_menu(admin, "Authentication Settings")
    admin.get_by_role("radio", name="SAML").check()
    admin.get_by_role("button", name="Configure SAML").click()
    window = admin.get_by_role("dialog", name="Configure SAML")
    window.get_by_label("SAML Portal URL").fill(scene.idp.login_url)
    window.get_by_label("IdP Entity ID").fill(scene.idp.entity_id)
    window.get_by_label("Public SSL Certificate").set_input_files(
        {
            "name": "idp.cer",
            "mimeType": "application/x-x509-ca-cert",
            "buffer": scene.idp.certificate.encode(),
        }
    )
    window.get_by_role("switch", name="Enable SAML Auto-Provisioning").check()
    window.get_by_role("button", name="Save", exact=True).click()
    expect(admin.get_by_text("Authentication Settings are saved.")).to_be_visible()
    is_not_configured(scene)
    activate(admin)
    saml = active(scene)
    assert (saml.portal_url, saml.issuer) == (scene.idp.login_url, scene.idp.entity_id)
    assert saml.certificate.strip() == scene.idp.certificate.strip()

    open_from_menu(admin, "Authentication Settings")
    admin.get_by_role("link", name="SAML Sign-On").click()
    with admin.expect_download() as metadata:
        admin.get_by_role("link", name="Download", exact=True).click()
    scene.introduce(ServiceProvider(content(metadata.value)))
    scene.sign_on()
    scene.welcomed_as("Adele Vance")
    adele = DirectoryUser.objects.get()
    assert adele.department is not None
    assert adele.department.name == "Retail"
    assert SignOnSession.objects.get().user_key == adele.pk
    admin.reload()
    last = admin.get_by_role("region", name="Last sign-ons")
    expect(last.get_by_text(ADELE).first).to_be_visible()


def test_by_metadata_with_a_certificate_and_a_test_sign_on(
    scene: Scene, admin: Page
) -> None:
    adele = person(scene.organization, ADELE, displayName="Adele Vance")
    open_from_menu(admin, "Authentication Settings")
    admin.get_by_role("radio", name="SAML").check()
    admin.get_by_role("button", name="Configure SAML").click()
    window = admin.get_by_role("dialog", name="Configure SAML")
    window.get_by_role("switch", name="Org-Specific Entity ID").check()
    window.get_by_role("button", name="Save", exact=True).click()
    expect(admin.get_by_text("Authentication Settings are saved.")).to_be_visible()

    admin.get_by_role("link", name="SAML Sign-On").click()
    admin.get_by_label("Federation Metadata XML").set_input_files(
        {
            "name": "metadata.xml",
            "mimeType": "application/samlmetadata+xml",
            "buffer": scene.idp.metadata(),
        }
    )
    admin.get_by_role("button", name="Import").click()
    expect(admin.get_by_text("Imported and saved")).to_be_visible()
    admin.get_by_role("button", name="Make a Certificate").click()
    expect(admin.get_by_text("A certificate is made and saved.")).to_be_visible()

    admin.get_by_role("link", name="Authentication Profile").click()
    admin.get_by_role("button", name="Configure SAML").click()
    window.get_by_role("switch", name="Sign SAML Request").check()
    window.get_by_role("button", name="Save", exact=True).click()
    expect(admin.get_by_text("Authentication Settings are saved.")).to_be_visible()
    admin.get_by_role("link", name="SAML Sign-On").click()
    with admin.expect_download() as metadata:
        admin.get_by_role("link", name="Download", exact=True).click()
    service = ServiceProvider(content(metadata.value), encrypts=True)
    assert service.entity_id == scene.address
    scene.introduce(service)

    with admin.expect_popup() as popup:
        admin.get_by_role("link", name="Test sign-on").click()
    report = popup.value
    scene.idp.sign_in(report, ADELE)
    passed = report.get_by_text("All checks passed")
    expect(passed).to_be_visible(timeout=PATIENCE)
    expect(report.get_by_text(ADELE).first).to_be_visible()
    assert SignOnTest.objects.get().report["is_accepted"] is True
    assert not SignOnSession.objects.exists()
    assert not ProvisioningEvent.objects.exists()
    is_not_configured(scene)

    activate(admin)
    saml = active(scene)
    assert (saml.portal_url, saml.issuer) == (scene.idp.login_url, scene.idp.entity_id)
    assert (saml.sign_request, saml.org_specific_entity_id) == (True, True)
    scene.sign_on()
    scene.welcomed_as("Adele Vance")
    assert SignOnSession.objects.get().user_key == adele.pk
    assert "EncryptedAssertion" in ProvisioningEvent.objects.latest("pk").request_body
