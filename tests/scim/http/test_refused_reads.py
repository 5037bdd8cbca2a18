"""A read that is refused waits for no writer, as one that is answered waits for none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from scim.events import queue as event_queue
from scim.models import ProvisioningEvent
from scim.services import organizations
from tests.scim.messages import SEARCH_REQUEST, created, user
from tests.scim.trouble import write_lock

if TYPE_CHECKING:
    from scim.models import Organization
    from tests.situations import ScimClient

LOG = "scim_provisioningevent, scim_bearertoken"
BAD_SEARCH = {"schemas": [SEARCH_REQUEST], "filter": "userName eq"}

REFUSED: list[tuple[str, str, Any, int]] = [
    ("GET", "/Users/nobody", None, 404),
    ("HEAD", "/Users/nobody", None, 404),
    ("GET", "/Groups/nobody", None, 404),
    ("GET", "/Users?filter=userName%20eq", None, 400),
    ("GET", "/Users?sortBy=nothing", None, 400),
    ("GET", "/Users?cursor=none", None, 400),
    ("POST", "/Users/.search", BAD_SEARCH, 400),
    ("POST", "/.search", "no JSON", 400),
    ("GET", "/Schemas/nothing", None, 404),
    ("GET", "/Me", None, 501),
    ("GET", "/nothing", None, 404),
]


@pytest.fixture
def queue(monkeypatch: pytest.MonkeyPatch, settings: Any) -> event_queue.EventQueue:
    """The queue of a server that writes no event of its own accord."""
    settings.EVENT_DELAY = 600
    queue = event_queue.EventQueue()
    monkeypatch.setattr(queue, "_start", lambda: None)
    monkeypatch.setattr(event_queue, "queue", queue)
    return queue


def only_selects(queries: CaptureQueriesContext) -> None:
    assert queries.captured_queries
    for query in queries.captured_queries:
        assert query["sql"].startswith("SELECT"), query["sql"]


@pytest.mark.django_db(transaction=True)
def test_refused_reads_wait_for_no_writer(
    scim: ScimClient, contoso: Organization, queue: event_queue.EventQueue
) -> None:
    """While somebody holds the lock they ask, and do not so much as begin to write."""
    created(scim, "/Users", user())
    with write_lock(LOG), CaptureQueriesContext(connection) as queries:
        for method, path, body, status in REFUSED:
            answer = scim.request(method, path, body)
            assert answer.status_code == status, (method, path)
    only_selects(queries)
    queue.flush()
    events = ProvisioningEvent.objects.for_organization(contoso).order_by("pk")
    kept = [(event.method, event.status, event.outcome) for event in events][1:]
    assert kept == [(method, status, "refused") for method, _, _, status in REFUSED]


@pytest.mark.django_db(transaction=True)
def test_a_closed_service_says_so_at_once(
    scim: ScimClient, contoso: Organization, queue: event_queue.EventQueue
) -> None:
    """403 is known before anything is read or written, whatever the call wanted."""
    organizations.set_provisioning(organization=contoso, enabled=False, actor="tests")
    with write_lock(LOG), CaptureQueriesContext(connection) as queries:
        assert scim.get("/Users").status_code == 403
        assert scim.post("/Users", user()).status_code == 403
    only_selects(queries)
    queue.flush()
    events = ProvisioningEvent.objects.for_organization(contoso)
    assert [event.status for event in events] == [403, 403]


@pytest.mark.django_db(transaction=True)
def test_the_refusal_of_a_write_is_stored_before_it_is_answered(
    scim: ScimClient, contoso: Organization, queue: event_queue.EventQueue
) -> None:
    """A killed server loses none of them, a Bulk included."""
    assert scim.post("/Users", user("x")).status_code == 400
    assert scim.post("/Bulk", {}).status_code == 400
    events = ProvisioningEvent.objects.for_organization(contoso)
    assert sorted(event.path[-6:] for event in events) == ["/Users", "m/Bulk"]
