"""Who gets in (design, decision 4): one live token of one organization, or nobody."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from scim.models import BearerToken, DirectoryUser, Organization, ProvisioningEvent
from scim.services import organizations
from tests.scim.messages import created, filter_query, refused, user

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Response

    from tests.situations import ScimClient, Tenant, Token


def call(scim: ScimClient, authorization: str | None, path: str = "/Users") -> Response:
    """Call with an Authorization header as it is given, or without one."""
    scim.secret = None
    headers = {} if authorization is None else {"Authorization": authorization}
    return scim.get(path, headers=headers)


@pytest.fixture
def refused_body(scim: ScimClient) -> bytes:
    """The one body that every 401 has."""
    response = scim.__class__(scim.base, secret="unknown").get("/Users")
    assert response.status_code == 401
    return response.content


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Bearer unknown",
        "Bearer tök",
        "Bearer " + "x" * 5_000,
        "Bearer {0} {0}",
        "Bearer  ",
        "Basic {0}",
        "{0}",
        "Bearer {0}x",
        "Digest username=x",
    ],
)
@pytest.mark.parametrize("path", ["/Users", "/Groups/x", "/unknown", "", "/Bulk"])
def test_whatever_is_no_live_token(
    scim: ScimClient,
    contoso_token: Token,
    refused_body: bytes,
    authorization: str | None,
    path: str,
) -> None:
    """RFC 6750 3: 401 with a Bearer challenge; the bodies are identical."""
    sent = authorization and authorization.format(contoso_token.secret)
    response = call(scim, sent, path)
    refused(response, 401)
    assert response.headers["WWW-Authenticate"] == 'Bearer realm="scim"'
    assert response.content == refused_body


def test_the_scheme_is_not_case_sensitive(
    scim: ScimClient, contoso_token: Token
) -> None:
    """RFC 9110 11.1."""
    assert call(scim, f"bearer {contoso_token.secret}").status_code == 200
    assert call(scim, f"BEARER  {contoso_token.secret} ").status_code == 200


def test_a_replaced_token(
    scim: ScimClient, contoso: Organization, refused_body: bytes
) -> None:
    """Decision 6: the new token opens at once, the old one is revoked."""
    _, secret = organizations.generate_token(organization=contoso, actor="admin")
    organizations.activate_token(organization=contoso, actor="admin")
    response = scim.get("/Users")
    assert (response.status_code, response.content) == (401, refused_body)
    event = ProvisioningEvent.objects.first()
    assert event is not None
    assert "replaced" in event.detail
    scim.secret = secret
    assert scim.get("/Users").status_code == 200


@pytest.mark.parametrize(
    ("age", "reason"),
    [
        (timedelta(), "generated but not saved"),
        (timedelta(hours=2), "generated but never saved"),
    ],
)
def test_a_pending_token(
    scim: ScimClient,
    contoso: Organization,
    refused_body: bytes,
    age: timedelta,
    reason: str,
) -> None:
    """Decision 6: 401 like any other; its event says that Save is missing."""
    row, secret = organizations.generate_token(organization=contoso, actor="admin")
    BearerToken.objects.filter(pk=row.pk).update(created_at=timezone.now() - age)
    scim.secret = secret
    response = scim.get("/Users")
    assert (response.status_code, response.content) == (401, refused_body)
    event = ProvisioningEvent.objects.first()
    assert event is not None
    assert reason in event.detail
    assert secret not in f"{event.detail}{event.actor}"


@pytest.mark.parametrize("path", ["/Users", "/Schemas", "/ServiceProviderConfig"])
def test_a_token_of_another_organization(
    scim: ScimClient, fabrikam_token: Token, refused_body: bytes, path: str
) -> None:
    """Decision 4: discovery too, which needs no token, takes no wrong one."""
    response = call(scim, fabrikam_token.header, path)
    assert (response.status_code, response.content) == (401, refused_body)


@pytest.mark.parametrize("path", ["/Users", "/Schemas", "/unknown"])
@pytest.mark.parametrize("sent", [True, False])
def test_an_unknown_organization(
    scim: ScimClient, refused_body: bytes, path: str, sent: bool
) -> None:
    """Decision 4: nothing tells which organizations exist; nothing is stored."""
    before = ProvisioningEvent.objects.count()
    unknown = next(
        key
        for key in range(10_000_000, 10_000_009)
        if not Organization.objects.filter(pk=key).exists()
    )
    scim.base = f"/{unknown}/scim"
    if not sent:
        scim.secret = None
    response = scim.get(path)
    assert (response.status_code, response.content) == (401, refused_body)
    assert ProvisioningEvent.objects.count() == before


@pytest.mark.parametrize("path", ["/Users", "/Schemas"])
def test_switched_off(scim: ScimClient, contoso: Organization, path: str) -> None:
    """Decision 4: 403, and the sentence says where the switch is."""
    organizations.set_provisioning(organization=contoso, enabled=False, actor="admin")
    assert "Configure SAML" in refused(scim.get(path), 403)
    event = ProvisioningEvent.objects.get()
    assert (event.outcome, event.status) == ("refused", 403)
    scim.secret = None
    refused(scim.get("/Schemas"), 403)
    refused(scim.get("/Users"), 401)


def test_package_lost(scim: ScimClient, contoso: Organization) -> None:
    """Decision 4: SCIM belongs to the package Enterprise."""
    Organization.objects.filter(pk=contoso.pk).update(package="business")
    assert "Enterprise" in refused(scim.post("/Users", user()), 403)
    assert not DirectoryUser.objects.exists()


def test_last_use_is_written_once_a_minute(
    scim: ScimClient, contoso_token: Token
) -> None:
    """Decision 6: at most once a minute, and at once from another address."""
    row = contoso_token.row
    with time_machine.travel("2026-03-01T12:00:00Z", tick=False) as clock:
        start = timezone.now()
        scim.get("/Users")
        row.refresh_from_db()
        assert (row.last_used_at, row.last_used_from) == (start, "127.0.0.1")
        clock.shift(59)
        scim.get("/Users")
        row.refresh_from_db()
        assert row.last_used_at == start
        scim.client = Client(REMOTE_ADDR="192.0.2.7")
        scim.get("/Users")
        row.refresh_from_db()
        assert row.last_used_from == "192.0.2.7"
        clock.shift(60)
        scim.get("/Users")
        row.refresh_from_db()
        assert row.last_used_at == start + timedelta(seconds=119)


def test_a_token_opens_nothing_of_the_portal(
    scim: ScimClient, contoso_token: Token
) -> None:
    """Decision 2: a stolen token never reaches a page."""
    created(scim, "/Users", user())
    for path in ("/", "/administration/authentication-settings/"):
        response = Client().get(path, headers={"Authorization": contoso_token.header})
        assert response.status_code in (302, 404)
        assert b"ada@contoso.example" not in response.content


def test_a_signed_in_administrator_is_no_scim_client(
    contoso_tenant: Tenant, signed_in: Client, refused_body: bytes
) -> None:
    """Decision 2: a session opens no SCIM endpoint."""
    path = f"{contoso_tenant.organization.scim_path}/Users"
    response = signed_in.get(f"{path}?{filter_query('userName pr')}")
    assert (response.status_code, response.content) == (401, refused_body)


def test_a_wrong_host_is_answered_in_scim(scim: ScimClient) -> None:
    """A client that calls another name than the Base URL's is told so."""
    response = scim.get("/Users", headers={"Host": "elsewhere.example"})
    assert "Base URL" in refused(response, 400)
