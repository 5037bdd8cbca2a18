"""Every address of the portal, by every method, for each kind of visitor.

The addresses are read from the URL table: a new page is walked without being named
here. Only what deviates from the rule is named, so that a deviation is a decision.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.apps import apps
from django.test import Client
from django.urls import NoReverseMatch, URLPattern, URLResolver, reverse

from tests.portal import factories
from tests.situations import administrator_of, signed_in_as
from zportal.models import (
    Administrator,
    AdministratorSession,
    AuditLog,
    SigningKey,
    SignOnTest,
)
from zportal.saml.codes import Refused
from zportal.saml.messages import Posted
from zportal.saml.report import report_of
from zportal.sites import portal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scim.models import Organization

SAFE = {"get", "head", "options", "trace"}
METHODS = ("get", "head", "options", "post", "put", "patch", "delete", "trace")

OPEN = {"admin:index", "admin:login", "admin:logout"}
"""What may be asked for without a session. Everything else leads to sign-in."""

OF_SUPERUSERS = {
    "admin:organizations",
    "admin:new_organization",
    "admin:switch_organization",
}

OF_SUPER_ADMINS = {"admin:start_saml_test"}
"""What an Auditor may not even look at: it sends them to the identity provider."""

OWN_AFFAIRS = {
    "admin:login",
    "admin:logout",
    "admin:choose_theme",
    "admin:change_password",
    "admin:end_session",
    "admin:end_other_sessions",
}
"""What an Auditor may send, too: it changes nothing but their own account."""


def names(patterns: list[Any] | None = None) -> Iterator[str]:
    for pattern in portal.get_urls() if patterns is None else patterns:
        if isinstance(pattern, URLResolver):
            yield from names(pattern.url_patterns)
        elif isinstance(pattern, URLPattern) and pattern.name:
            yield f"admin:{pattern.name}"


NAMES = sorted(set(names()))


Keys = dict[str, int]
"""Contoso's person, group, department and so on, by the name of the page's model."""


def address(name: str, key: Keys) -> str:
    try:
        return reverse(name)
    except NoReverseMatch:
        return reverse(name, args=[key[name.removeprefix("admin:").rpartition("_")[0]]])


def rows() -> dict[str, list[Any]]:
    """Return every row of our own tables, but what notes requests: sessions, refusals."""
    models = [
        model
        for label in ("scim", "zportal")
        for model in apps.get_app_config(label).get_models()
        if model not in {AdministratorSession, AuditLog}
    ]
    return {
        model._meta.label: list(model._default_manager.order_by("pk").values())
        for model in models
    }


@pytest.fixture
def key(contoso: Organization) -> Keys:
    group = factories.group(contoso, "Skunkworks")
    user = factories.person(contoso, groups=[group], dept="Black Ops")
    assert user.department is not None
    signing_key = SigningKey.objects.create(
        organization=contoso, certificate="Black Ops"
    )
    test = SignOnTest.objects.create(
        organization=contoso, actor="Black Ops", report=_report(Posted("", b"", ""))
    )
    return {
        "scim_directoryuser": user.pk,
        "scim_directorygroup": group.pk,
        "scim_department": user.department.pk,
        "zportal_signingkey": signing_key.pk,
        "zportal_signontest": test.pk,
    }


def _report(posted: Posted) -> dict[str, Any]:
    return report_of(posted, None, Refused("0xA001", "Black Ops"))


def test_the_table_was_read() -> None:
    assert {"admin:company_profile", "admin:scim_directoryuser_change"} <= set(NAMES)
    assert len(NAMES) > 20
    assert set(NAMES) >= OPEN | OF_SUPERUSERS | OF_SUPER_ADMINS | OWN_AFFAIRS


@pytest.mark.parametrize("name", NAMES)
def test_nobody_signed_in_gets_nowhere(key: Keys, name: str) -> None:
    before = rows()
    for method in METHODS:
        response = getattr(Client(), method)(address(name, key))
        if name in OPEN:
            assert response.status_code in {200, 302, 405}
            assert b"Log Out" not in response.content
        else:
            assert response.status_code == 302, method
            assert response.headers["Location"].startswith("/sign-in/?next=")
    assert rows() == before


@pytest.mark.parametrize("name", NAMES)
def test_an_auditor_reads_and_changes_nothing(
    auditor_signed_in: Client, auditor: Administrator, key: Keys, name: str
) -> None:
    url = address(name, key)
    before = rows()
    read = auditor_signed_in.get(url)
    assert read.status_code in (
        {403, 405} if name in OF_SUPERUSERS | OF_SUPER_ADMINS else {200, 302, 405}
    )
    for method in METHODS:
        if name in OPEN or (method == "post" and name in OWN_AFFAIRS):
            continue
        refusals = AuditLog.objects.count()
        response = getattr(auditor_signed_in, method)(url, {"domain": "x.example"})
        if method not in {"get", "head", "options"}:
            assert response.status_code in {403, 405}, method
        is_noted = response.status_code == 403 and method not in SAFE
        assert AuditLog.objects.count() == refusals + is_noted, method
    assert rows() == before
    assert not AuditLog.objects.filter(result="success").exists()


@pytest.mark.parametrize("name", NAMES)
def test_another_organizations_super_admin_sees_and_changes_nothing_here(
    stranger_signed_in: Client, contoso: Organization, key: Keys, name: str
) -> None:
    own = ("organization", "organization_id", "home_id", "org_id")

    def of_contoso() -> dict[str, list[Any]]:
        return {
            label: [
                row for row in found if contoso.pk in (row.get(name) for name in own)
            ]
            for label, found in rows().items()
        }

    url = address(name, key)
    body = {
        "organization": contoso.pk,
        "session": key["scim_directoryuser"],
        "domain": "contoso.example",
    }
    before = of_contoso()
    assert sum(map(len, before.values())) > 5
    for method in METHODS:
        response = getattr(stranger_signed_in, method)(url, body)
        assert response.status_code in {200, 302, 403, 404, 405}, method
        for word in ("Skunkworks", "Black Ops", "adele", str(contoso.pk)):
            assert word.encode() not in getattr(response, "content", b""), method
    assert of_contoso() == before


@pytest.mark.parametrize("name", NAMES)
def test_a_super_admin_gets_an_answer_to_everything(
    super_admin: Administrator, key: Keys, name: str
) -> None:
    url = address(name, key)
    for method in METHODS:
        client = signed_in_as(super_admin)
        response = getattr(client, method)(url)
        assert response.status_code in {200, 302, 403, 405}, method
        if response.status_code in {200, 302}:
            assert "no-store" in response.headers["Cache-Control"], method
        assert "default-src 'self'" in response.headers["Content-Security-Policy"]
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(super_admin)
    for method in ("post", "put", "patch", "delete"):
        assert getattr(browser, method)(url).status_code in {403, 405}, method


def test_each_exception_is_still_a_page(contoso: Organization) -> None:
    root = signed_in_as(administrator_of(contoso, "root", is_superuser=True))
    for name in OF_SUPERUSERS:
        assert root.get(address(name, {})).status_code in {200, 405}
