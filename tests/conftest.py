"""Situations that every test may start from; what they are made of: situations.py.

Contoso is the organization of the story: it has a Super Admin, an Auditor and an open
SCIM service. Fabrikam lives beside it; its Super Admin is the stranger. Litware
follows the profile ``rfc``.
"""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from django.test import Client
    from pytest_django import DjangoDbBlocker
    from pytest_django.live_server_helper import LiveServer

    from scim.models import Organization
    from tests.situations import ScimClient, Tenant, Token
    from zportal.models import Administrator


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI a skipped test is a failed one: what was not run was not shown to work."""
    report = yield
    expected = hasattr(report, "wasxfail")
    if report.skipped and not expected and os.environ.get("CI") == "true":
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped in CI: {report.longreprtext}"
    return report


@pytest.fixture(scope="session")
def django_db_setup(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[None]:
    """The test database, which nobody is connected to any more when it is dropped.

    A thread of a live server lives as long as the connection that a browser keeps to
    it, and PostgreSQL drops no database that is in use.
    """
    from django.db import connection

    yield
    with django_db_blocker.unblock():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )


# ------------------------------------------------------------------- organizations
@pytest.fixture
def contoso_tenant(db: None) -> Tenant:
    from tests.situations import open_tenant

    return open_tenant("Contoso", "contoso.example")


@pytest.fixture
def contoso(contoso_tenant: Tenant) -> Organization:
    return contoso_tenant.organization


@pytest.fixture
def contoso_token(contoso_tenant: Tenant) -> Token:
    return contoso_tenant.token


@pytest.fixture
def fabrikam_tenant(db: None) -> Tenant:
    from tests.situations import open_tenant

    return open_tenant("Fabrikam", "fabrikam.example")


@pytest.fixture
def fabrikam(fabrikam_tenant: Tenant) -> Organization:
    return fabrikam_tenant.organization


@pytest.fixture
def fabrikam_token(fabrikam_tenant: Tenant) -> Token:
    return fabrikam_tenant.token


@pytest.fixture
def litware_tenant(db: None) -> Tenant:
    from tests.situations import open_tenant

    return open_tenant("Litware", "litware.example", profile="rfc")


@pytest.fixture
def litware(litware_tenant: Tenant) -> Organization:
    return litware_tenant.organization


# ------------------------------------------------------------------ administrators
@pytest.fixture
def super_admin(contoso: Organization) -> Administrator:
    from tests.situations import administrator_of

    return administrator_of(contoso, "admin")


@pytest.fixture
def auditor(contoso: Organization) -> Administrator:
    from tests.situations import administrator_of

    return administrator_of(contoso, "auditor", role="auditor")


@pytest.fixture
def stranger(fabrikam: Organization) -> Administrator:
    from tests.situations import administrator_of

    return administrator_of(fabrikam, "stranger")


@pytest.fixture
def signed_in(super_admin: Administrator) -> Client:
    """The browser of Contoso's Super Admin."""
    from tests.situations import signed_in_as

    return signed_in_as(super_admin)


@pytest.fixture
def auditor_signed_in(auditor: Administrator) -> Client:
    from tests.situations import signed_in_as

    return signed_in_as(auditor)


@pytest.fixture
def stranger_signed_in(stranger: Administrator) -> Client:
    from tests.situations import signed_in_as

    return signed_in_as(stranger)


# ------------------------------------------------------------------- SCIM clients
@pytest.fixture
def scim(contoso_tenant: Tenant) -> ScimClient:
    """An identity provider with Contoso's live token; profile ``zscaler``."""
    from tests.situations import scim_client_of

    return scim_client_of(contoso_tenant)


@pytest.fixture
def fabrikam_scim(fabrikam_tenant: Tenant) -> ScimClient:
    from tests.situations import scim_client_of

    return scim_client_of(fabrikam_tenant)


@pytest.fixture
def rfc_scim(litware_tenant: Tenant) -> ScimClient:
    """An identity provider with Litware's live token; profile ``rfc``."""
    from tests.situations import scim_client_of

    return scim_client_of(litware_tenant)


# ------------------------------------------------------------------------ browser
@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    """Debian's Chromium (or CHROMIUM); Playwright's own download is not needed."""
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if not chromium:
        pytest.skip("no Chromium: apt-get install chromium, or set CHROMIUM")
    # Playwright keeps an event loop in this thread, which is where the tests ask the
    # database; Django would refuse that.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    return {
        "executable_path": chromium,
        "args": [
            "--no-sandbox",
            "--disable-background-networking",
            # Nothing outside this machine is asked for, and no name server waited for.
            "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
        ],
    }


@pytest.fixture
def site(live_server: LiveServer, settings: Any) -> str:
    """The address of a live server that names itself in Base URL and in locations."""
    settings.PUBLIC_URL = live_server.url
    return live_server.url
