"""An organization that signs on with SAML, and a browser that does so."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client

from scim.models import Organization
from scim.services import organizations
from tests.portal.factories import group, person
from tests.saml.idp import ADELE, ENTITY_ID, LOGIN_URL, Answer, Asked, key_pair
from tests.saml.provider import Provider
from tests.situations import administrator_of, signed_in_as
from zportal.models import AuthenticationSettings, SamlConfiguration, Stage

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Response

    from tests.saml.attacking import Scene


def configure(
    organization: Organization, stage: Stage | None = None, **saml: Any
) -> None:
    """Give *organization* complete SAML settings, staged and active."""
    values = {
        "portal_url": LOGIN_URL,
        "issuer": ENTITY_ID,
        "certificate": key_pair().certificate,
        **saml,
    }
    for each in [stage] if stage else list(Stage):
        AuthenticationSettings.objects.update_or_create(
            organization=organization,
            stage=each,
            defaults={"authentication_type": AuthenticationSettings.Type.SAML},
        )
        SamlConfiguration.objects.update_or_create(
            organization=organization, stage=each, defaults=values
        )


@dataclass
class Browser:
    """A person's browser at one organization."""

    organization: Organization
    client: Client = field(default_factory=Client)

    def start(self) -> Asked:
        """Open the organization's Sign-on URL; return what the IdP is asked."""
        response = self.client.get(f"/sfc_sso/{self.organization.pk}")
        assert response.status_code == 302, response.content
        return Asked(response["Location"])

    def post(
        self, answer: Answer | str, relay_state: str = "", url: str = "/sfc_sso"
    ) -> Response:
        encoded = answer if isinstance(answer, str) else answer.encoded()
        data = {"SAMLResponse": encoded, "RelayState": relay_state}
        response: Response = self.client.post(url, data)
        return response

    def sign_on(self, **says: Any) -> Response:
        """Sign on as the identity provider says."""
        asked = self.start()
        return self.post(Answer(asked.id, **says), asked.relay_state)


@pytest.fixture
def contoso(db: None) -> Organization:
    organization = organizations.create_organization(
        name="Contoso", domains=["contoso.example"]
    )
    configure(organization)
    return organization


@pytest.fixture
def browser(contoso: Organization) -> Browser:
    return Browser(contoso)


@pytest.fixture(scope="session")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Provider:
    """An identity provider that nobody here wrote."""
    return Provider(tmp_path_factory.mktemp("provider"), key_pair())


@pytest.fixture
def scene(browser: Browser, provider: Provider) -> Scene:
    """Adele and Grady; auto-provisioning is on, so that a forgery could change much."""
    from tests.saml.attacking import GRADY, SETTINGS, Scene

    configure(browser.organization, **SETTINGS)
    sales = group(browser.organization, "Sales")
    person(browser.organization, ADELE, groups=[sales], displayName="Adele Vance")
    person(browser.organization, GRADY, groups=[sales], displayName="Grady Archie")
    return Scene(browser, provider)


@pytest.fixture
def admin(contoso: Organization) -> Client:
    return signed_in_as(administrator_of(contoso, "admin"))


@pytest.fixture
def auditor(contoso: Organization) -> Client:
    return signed_in_as(administrator_of(contoso, "auditor", role="auditor"))
