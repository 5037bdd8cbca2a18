"""The people and things that the tests' fixtures are made of."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.test import Client

from scim.models import BearerToken, Organization
from scim.services import organizations
from zportal.models import Administrator, AuthenticationSettings, Stage

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Response

PASSWORD = "ochre-Lantern-47-willow"
"""What every administrator of the tests signs in with."""

SCIM_JSON = "application/scim+json"


@dataclass(frozen=True)
class Token:
    """A bearer token with the secret that only its maker ever saw."""

    row: BearerToken
    secret: str

    @property
    def header(self) -> str:
        """The value of Authorization."""
        return f"Bearer {self.secret}"


@dataclass(frozen=True)
class Tenant:
    """An organization whose SCIM service is open, and the token that opens it."""

    organization: Organization
    token: Token


def open_tenant(name: str, domain: str, **fields: Any) -> Tenant:
    """Make an organization that signs on with SAML and is ready to be provisioned."""
    organization = organizations.create_organization(
        name=name, domains=[domain], **fields
    )
    for stage in (Stage.STAGED, Stage.ACTIVE):
        AuthenticationSettings.objects.create(
            organization=organization,
            stage=stage,
            authentication_type=AuthenticationSettings.Type.SAML,
        )
    organizations.set_provisioning(
        organization=organization, enabled=True, actor="tests"
    )
    token, secret = organizations.generate_token(
        organization=organization, actor="tests"
    )
    organizations.activate_token(organization=organization, actor="tests")
    token.refresh_from_db()
    return Tenant(organization, Token(token, secret))


def administrator_of(
    organization: Organization, login: str, **fields: Any
) -> Administrator:
    """Make an administrator who signs in with PASSWORD."""
    return Administrator.objects.create_user(
        login, PASSWORD, home=organization, **fields
    )


def signed_in_as(administrator: Administrator) -> Client:
    client = Client()
    client.force_login(administrator)
    return client


@dataclass
class ScimClient:
    """Calls the SCIM service of one organization.

    Paths are relative to its Base URL: ``scim.get("/Users?count=1")``. A body is sent
    as JSON unless it is already text or bytes. Headers are given by their HTTP names.
    """

    base: str
    secret: str | None = None
    client: Client = field(default_factory=Client)

    def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        headers: dict[str, str] | None = None,
        content_type: str = SCIM_JSON,
    ) -> Response:
        sent = {"Authorization": f"Bearer {self.secret}"} if self.secret else {}
        verb = getattr(self.client, method.lower())
        extra: dict[str, Any] = {"headers": {**sent, **(headers or {})}}
        if body is not None:
            extra |= {"data": body, "content_type": content_type}
        response: Response = verb(self.base + path, **extra)
        return response

    def get(self, path: str = "", **options: Any) -> Response:
        return self.request("GET", path, **options)

    def post(self, path: str, body: Any, **options: Any) -> Response:
        return self.request("POST", path, body, **options)

    def put(self, path: str, body: Any, **options: Any) -> Response:
        return self.request("PUT", path, body, **options)

    def patch(self, path: str, body: Any, **options: Any) -> Response:
        return self.request("PATCH", path, body, **options)

    def delete(self, path: str, **options: Any) -> Response:
        return self.request("DELETE", path, **options)


def scim_client_of(tenant: Tenant) -> ScimClient:
    return ScimClient(tenant.organization.scim_path, tenant.token.secret)
