"""Calls without a good token are answered, and stop nobody who has one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from scim.http.recording import ANONYMOUS_PER_MINUTE
from scim.models import ProvisioningEvent
from tests.scim.messages import refused, user
from tests.scim.trouble import write_lock
from zportal.saml.events import REFUSALS_OF_ADDRESS

if TYPE_CHECKING:
    from scim.models import Organization
    from tests.situations import ScimClient

LOG = "scim_provisioningevent"


@pytest.mark.django_db(transaction=True)
def test_what_is_not_recorded_waits_for_no_writer(
    scim: ScimClient, contoso: Organization
) -> None:
    """Beyond the cap a call that is no news asks the log, and does not begin to write."""
    wrong, nobody = (
        type(scim)(scim.base, secret, scim.client) for secret in ("wrong", None)
    )
    for _ in range(ANONYMOUS_PER_MINUTE):
        wrong.get("/Users")
    nobody.get("/Users")
    nobody.get("/Schemas")
    events = ProvisioningEvent.objects.for_organization(contoso)
    kept = ANONYMOUS_PER_MINUTE + 2
    assert events.count() == kept

    with write_lock(LOG), CaptureQueriesContext(connection) as queries:
        refused(wrong.get("/Users"), 401)
        refused(wrong.post("/Users", user()), 401)
        refused(nobody.post("/Users", user()), 401)
        for path in ("ServiceProviderConfig", "Schemas", "ResourceTypes"):
            assert nobody.get(f"/{path}").status_code == 200
            refused(wrong.get(f"/{path}"), 401)
    assert queries.captured_queries
    for query in queries.captured_queries:
        assert query["sql"].startswith("SELECT"), query["sql"]

    assert scim.post("/Users", user()).status_code == 201
    assert events.count() == kept + 1


@pytest.mark.django_db(transaction=True)
def test_sign_ons_that_are_not_recorded_wait_for_no_writer(
    contoso: Organization,
) -> None:
    """Neither do those, whoever floods the log with them."""
    address, response = f"/sso_upd/{contoso.pk}", {"SAMLResponse": "nonsense"}
    for _ in range(REFUSALS_OF_ADDRESS):
        Client().post(address, response)
    events = ProvisioningEvent.objects.for_organization(contoso)
    assert events.count() == REFUSALS_OF_ADDRESS

    with write_lock(LOG), CaptureQueriesContext(connection) as queries:
        assert Client().post(address, response).status_code == 403
    for query in queries.captured_queries:
        assert query["sql"].startswith("SELECT"), query["sql"]
    assert events.count() == REFUSALS_OF_ADDRESS


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_sign_on_whose_refusal_cannot_be_recorded_is_to_be_tried_again(
    contoso: Organization, method: str
) -> None:
    """While the database is locked, nothing is answered but to come back."""
    address = f"/sfc_sso/{contoso.pk}" if method == "get" else f"/sso_upd/{contoso.pk}"
    with write_lock(LOG):
        answer = getattr(Client(), method)(address)
    assert answer.status_code == 503
    assert answer["Retry-After"] == "5"
    assert not ProvisioningEvent.objects.exists()
