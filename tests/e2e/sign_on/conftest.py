"""Contoso, an identity provider that it trusts, and a browser that has to stay calm."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.request import urlopen

import pytest
from playwright.sync_api import expect

from scim.models import Organization, ProvisioningEvent
from tests.e2e.sign_on.providers import IdentityProvider, ServiceProvider
from tests.e2e.sign_on.saml_idp import SamlIdp, saml_idp
from tests.e2e.sign_on.simplesamlphp import SimpleSamlPhp, simplesamlphp
from tests.saml.conftest import configure
from tests.saml.idp import ADELE, key_pair
from zportal.encryption import encrypt
from zportal.models import SigningKey

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from playwright.sync_api import BrowserContext, ConsoleMessage, Page, WebError

    from tests.situations import Tenant, Token

SAID = {
    "displayName": ["Adele Vance"],
    "memberOf": ["All Staff", "Sales"],
    "department": ["Retail"],
}
"""What the identity provider says of Adele unless a test has it say something else."""

PATIENCE = 20_000
"""Milliseconds until the way through both sides has to be over."""

REFUSED = "Failed to load resource: the server responded with a status of 403"
"""What the console says of a page that tells why nobody is signed on."""


@pytest.fixture(scope="session")
def node_idp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SamlIdp]:
    with saml_idp(tmp_path_factory.mktemp("saml-idp")) as idp:
        yield idp


@pytest.fixture(scope="session")
def php_idp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimpleSamlPhp]:
    with simplesamlphp(tmp_path_factory.mktemp("simplesamlphp")) as idp:
        yield idp


@pytest.fixture(params=["node_idp", "php_idp"], ids=["saml-idp", "simplesamlphp"])
def idp(request: pytest.FixtureRequest) -> IdentityProvider:
    """Each of the two; its process runs once for all tests."""
    found: IdentityProvider = request.getfixturevalue(request.param)
    return found


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    """saml-idp has a certificate that nobody vouches for."""
    return {**browser_context_args, "ignore_https_errors": True}


@contextmanager
def calm(context: BrowserContext, site: str) -> Iterator[BrowserContext]:
    """No page of ours may complain in the console of this browser."""
    complaints: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        ours = message.location["url"].startswith(site)
        if ours and not message.text.startswith(REFUSED):
            complaints.append(f"{message.location['url']}: {message.text}")

    def fail(error: WebError) -> None:
        if error.page is None or error.page.url.startswith(site):
            complaints.append(str(error.error))

    context.on("console", listen)
    context.on("weberror", fail)
    context.add_init_script(
        f"if (location.origin === '{site}')"
        " document.addEventListener('securitypolicyviolation',"
        " event => console.error('CSP', event.violatedDirective, event.blockedURI))"
    )
    yield context
    assert complaints == []


@pytest.fixture
def page(context: BrowserContext, site: str) -> Iterator[Page]:
    """The browser of somebody who signs on."""
    with calm(context, site):
        yield context.new_page()


@dataclass
class Scene:
    """A person's browser, Contoso's service and its identity provider."""

    page: Page
    site: str
    organization: Organization
    token: Token
    idp: IdentityProvider
    said: Mapping[str, list[str]] = field(default_factory=lambda: SAID)

    @property
    def address(self) -> str:
        """Where people of the organization begin to sign on."""
        return f"{self.site}/sfc_sso/{self.organization.pk}"

    def set_up(
        self,
        *,
        signs: tuple[str, ...] = ("assertion",),
        encrypts: bool = False,
        **saml: Any,
    ) -> ServiceProvider:
        """Let both sides trust each other; *saml* is about ours."""
        trusted = {
            "portal_url": self.idp.login_url,
            "issuer": self.idp.entity_id,
            "certificate": self.idp.certificate,
        }
        configure(self.organization, **{**trusted, **saml})
        address = f"{self.address}/metadata"
        with urlopen(address, timeout=10) as answer:  # noqa: S310 - our own address
            metadata = answer.read()
        unsolicited = f"{self.site}/sso_upd/{self.organization.pk}"
        service = ServiceProvider(
            metadata,
            unsolicited_url=unsolicited if "idp_initiated" in saml else "",
            signs=signs,
            encrypts=encrypts,
        )
        self.introduce(service)
        return service

    def introduce(self, service: ServiceProvider) -> None:
        """Tell the identity provider of our service, and of Adele."""
        self.idp.serve(service)
        self.idp.know(ADELE, self.said)

    def make_key(self) -> SigningKey:
        """A key pair of the service, for requests and encrypted assertions."""
        pair = key_pair("zportal")
        return SigningKey.objects.create(
            organization=self.organization,
            created_by="tests",
            certificate=pair.certificate,
            encrypted_key=encrypt(pair.key),
        )

    def sign_on(self) -> None:
        """From the organization's address, as Adele."""
        self.page.goto(self.address)
        self.idp.sign_in(self.page, ADELE)

    def welcomed_as(self, name: str) -> None:
        """The page says who is signed on."""
        expect(self.page).to_have_url(f"{self.site}/signed-on/", timeout=PATIENCE)
        heading = self.page.get_by_role("heading", level=1)
        expect(heading).to_have_text(f"You are signed on as {name}")

    def refused_with(self, code: str) -> None:
        """The page says that nobody is, and why; so does the newest event."""
        alert = self.page.get_by_role("alert")
        expect(alert.get_by_text(code, exact=True)).to_be_visible(timeout=PATIENCE)
        event = ProvisioningEvent.objects.latest("pk")
        assert (event.action, event.outcome, event.status) == (
            "sign-on",
            "refused",
            403,
        )
        assert event.detail.startswith(f"{code}: ")

    def events(self) -> list[tuple[str, str, str]]:
        """The action, the resource and the outcome of each event, oldest first."""
        rows = ProvisioningEvent.objects.order_by("pk")
        return list(rows.values_list("action", "resource_type", "outcome"))


@pytest.fixture
def scene(
    page: Page, site: str, contoso_tenant: Tenant, idp: IdentityProvider
) -> Scene:
    tenant = contoso_tenant
    return Scene(page, site, tenant.organization, tenant.token, idp)
