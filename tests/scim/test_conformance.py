"""What independent judges say of a live server: scim2-tester and scim-sanity."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from django.core.servers.basehttp import WSGIRequestHandler
from httpx2 import Client
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_tester import Status, check_server

from tests.situations import open_tenant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django.live_server_helper import LiveServer

    from tests.situations import Tenant

CHECKS = {"rfc": 135, "zscaler": 133}
"""Held, because the tester checks less, and passes, where discovery breaks.

``zscaler`` does not list ``password`` in /Schemas, so two checks have nothing to try.
"""

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(scope="module", autouse=True)
def prompt_answers() -> Iterator[None]:
    """Django's live server sends head and body apart; Nagle would hold back each body."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(WSGIRequestHandler, "disable_nagle_algorithm", True)
        yield


@pytest.fixture
def judged(request: Any, live_server: LiveServer, settings: Any) -> Tenant:
    """An organization on the live server; the tools' people have no domain."""
    settings.PUBLIC_URL = live_server.url
    tenant = open_tenant(
        "Litware", "litware.example", profile=getattr(request, "param", "rfc")
    )
    tenant.organization.profile_overrides = {"registered_domain_only": False}
    tenant.organization.save()
    return tenant


@pytest.mark.parametrize("judged", ["rfc", "zscaler"], indirect=True)
def test_scim2_tester_finds_nothing(judged: Tenant, live_server: LiveServer) -> None:
    with Client(
        base_url=f"{live_server.url}{judged.organization.scim_path}",
        headers={"Authorization": f"Bearer {judged.token.secret}"},
        timeout=30,
    ) as client:
        results = check_server(SyncSCIMClient(client))
    misses = [
        f"{result.title}: {result.reason}"
        for result in results
        if result.status is not Status.SUCCESS
    ]
    assert misses == []
    assert len(results) == CHECKS[judged.organization.profile]


def test_scim_sanity_finds_nothing(judged: Tenant, live_server: LiveServer) -> None:
    run = subprocess.run(  # noqa: S603 - our own interpreter and address
        [
            sys.executable,
            "-m",
            "scim_sanity.cli",
            "probe",
            f"{live_server.url}{judged.organization.scim_path}",
            "--token",
            judged.token.secret,
            "--i-accept-side-effects",
            "--json-output",
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    report = json.loads(run.stdout)
    totals = Counter(result["status"] for result in report["results"])
    assert totals["fail"] == 0, [r for r in report["results"] if r["status"] == "fail"]
    assert totals["pass"] == 28
