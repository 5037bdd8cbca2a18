"""A search has an end (scim.query.time_limits), on both databases; a write is never cut."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from scim.models import DirectoryUser, ProvisioningEvent
from scim.query import time_limits
from tests.scim.messages import (
    created,
    filter_query,
    group,
    listed,
    members,
    patch_op,
    refused,
    user,
)

if TYPE_CHECKING:
    from scim.models import Organization
    from tests.situations import ScimClient

PEOPLE = 1_000
SLOW = " or ".join(f'emails co "nobody{n}"' for n in range(5))
"""Takes a second with what people hold here: 100 addresses each."""

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def full(rfc_scim: ScimClient, litware: Organization) -> ScimClient:
    first = DirectoryUser(organization=litware, created=timezone.now())
    addresses = [{"value": f"{'x' * 60}{n}@x.example"} for n in range(100)]
    first.assign(user("someone", emails=addresses))
    rows = []
    for number in range(PEOPLE):
        row = DirectoryUser(organization=litware, created=first.created)
        row.modified, row.data, row.search = first.created, first.data, first.search
        row.scim_username = row.user_name_key = f"person{number}"
        rows.append(row)
    DirectoryUser.objects.bulk_create(rows)
    return rfc_scim


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time is up at once, and somebody looks all the time."""
    monkeypatch.setattr(time_limits, "SEARCH_SECONDS", 0.05)
    monkeypatch.setattr(time_limits, "LOOK_SECONDS", 0.005)
    # The thread of before sleeps for as long as it was told.
    monkeypatch.setattr(time_limits, "_watch", time_limits._Watch())


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize("path", ["/Users", "/Users/.search", "/.search"])
def test_a_search_is_ended(full: ScimClient, path: str) -> None:
    """400 tooMany, an event that says so, and a connection that goes on."""
    before = connection.connection
    for _ in range(2):
        if path == "/Users":
            response = full.get(f"{path}?{filter_query(SLOW, sortBy='emails')}")
        else:
            schema = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"
            body = {"schemas": [schema], "filter": SLOW}
            response = full.post(path, body)
        detail = refused(response, 400, "tooMany")
        assert detail.startswith("The search took more than 0.05 seconds")
        event = ProvisioningEvent.objects.latest("pk")
        assert (event.outcome, event.scim_type) == ("refused", "tooMany")
        assert (event.action, event.detail) == ("lookup", detail)
        assert len(listed(full.get('/Users?filter=userName eq "person7"'))) == 1
        ada = created(full, "/Users", user())["id"]
        assert full.delete(f"/Users/{ada}").status_code == 204
    assert connection.connection is before


def test_a_search_that_ends_in_time_costs_nothing(full: ScimClient) -> None:
    """No query, and one thread for all of them."""
    listed(full.get("/Users?count=1"))
    threads = threading.active_count()
    with CaptureQueriesContext(connection) as queries:
        assert not listed(full.get(f"/Users?{filter_query(SLOW)}"))
    assert threading.active_count() == threads
    assert not [q for q in queries.captured_queries if "timeout" in q["sql"].lower()]


@pytest.mark.usefixtures("soon")
def test_a_write_is_not_ended(full: ScimClient, litware: Organization) -> None:
    """Whatever it takes: nobody looks at it."""
    ids = [row.scim_id for row in DirectoryUser.objects.for_organization(litware)]
    for _ in range(3):
        risk = created(full, "/Groups", group(members=members(*ids)))["id"]
        change = {"op": "replace", "path": "members", "value": members(*ids[1:])}
        answer = full.patch(f"/Groups/{risk}", patch_op(change))
        assert answer.status_code in (200, 204)
        assert full.delete(f"/Groups/{risk}").status_code == 204


def test_no_write_is_hit_by_what_was_meant_for_a_search(
    full: ScimClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Searches whose time is up just when they are done, and a write behind each."""
    monkeypatch.setattr(time_limits, "SEARCH_SECONDS", 0.0)
    monkeypatch.setattr(time_limits, "LOOK_SECONDS", 0.0005)
    monkeypatch.setattr(time_limits, "_watch", time_limits._Watch())
    ada = created(full, "/Users", user())["id"]

    statuses = set()
    for number in range(200):
        answer = full.get("/Users?count=5&sortBy=title")
        statuses.add(answer.status_code)
        title = {"op": "replace", "path": "title", "value": f"{number}"}
        answer = full.patch(f"/Users/{ada}", patch_op(title))
        assert answer.json()["title"] == f"{number}"
    assert statuses <= {200, 400}
    assert 400 in statuses
