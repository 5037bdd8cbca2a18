"""Events of reads are written beside the requests, and none is lost by a stop."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import httpx2

from scim.events import queue as event_queue
from scim.models import ProvisioningEvent
from tests.live import installed, run, served
from tests.scim.messages import user
from tests.scim.trouble import full

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    import pytest

    from scim.models import Organization
    from tests.live import Installation
    from tests.situations import ScimClient

READS = 50
COUNT = """
from scim.models import ProvisioningEvent
for action in ("create", "read", "list"):
    print(ProvisioningEvent.objects.filter(action=action).count())
"""


def written(here: Installation) -> list[int]:
    """Return how many events of creating, reading and listing the database has."""
    printed = run(here.environment, "shell", "--no-imports", "--command", COUNT)
    return [int(line) for line in printed.splitlines()]


def test_a_stop_writes_what_waits(tmp_path: Path) -> None:
    with installed(tmp_path) as here:
        # So long a delay that nothing but the stop can have written them.
        here.environment["EVENT_DELAY"] = "600"
        headers = {"Authorization": f"Bearer {here.secret}"}
        with (
            served(here.environment, tmp_path / "log", here.address),
            httpx2.Client(headers=headers, base_url=here.base_url) as http,
        ):
            ada = http.post("/Users", json=user()).json()["id"]
            for _ in range(READS):
                assert http.get(f"/Users/{ada}").status_code == 200
                assert http.get("/Users").status_code == 200
            assert written(here) == [1, 0, 0]
        assert written(here) == [1, READS, READS]


def test_a_batch_is_written_after_the_delay(tmp_path: Path) -> None:
    with installed(tmp_path) as here:
        headers = {"Authorization": f"Bearer {here.secret}"}
        with (
            served(here.environment, tmp_path / "log", here.address),
            httpx2.Client(headers=headers, base_url=here.base_url) as http,
        ):
            for _ in range(READS):
                http.get("/Users")
            deadline = time.monotonic() + 20
            while written(here)[2] < READS and time.monotonic() < deadline:
                time.sleep(0.1)
            assert written(here) == [0, 0, READS]


def test_more_than_a_batch_does_not_wait(tmp_path: Path) -> None:
    """Whatever the delay, a full batch is written, and the stop writes the rest."""
    with installed(tmp_path, workers=1) as here:
        here.environment["EVENT_DELAY"] = "600"
        headers = {"Authorization": f"Bearer {here.secret}"}
        with (
            served(here.environment, tmp_path / "log", here.address),
            httpx2.Client(headers=headers, base_url=here.base_url) as http,
        ):
            for _ in range(450):
                http.get("/Users")
        assert written(here) == [0, 0, 450]


def test_what_was_rolled_back_is_written_later(
    scim: ScimClient,
    contoso: Organization,
    monkeypatch: pytest.MonkeyPatch,
    settings: Any,
) -> None:
    """Under a key of its own: meanwhile, another event took the first one."""
    settings.EVENT_DELAY = 600
    queue = event_queue.EventQueue()
    monkeypatch.setattr(event_queue, "queue", queue)
    for _ in range(2):
        assert scim.get("/Users").status_code == 200
    insert = ProvisioningEvent.objects.bulk_create

    def fails_late(events: list[ProvisioningEvent], batch: int) -> None:
        insert(events, batch)
        full()

    with monkeypatch.context() as patch:
        patch.setattr(ProvisioningEvent.objects, "bulk_create", fails_late)
        queue.flush()
    events = ProvisioningEvent.objects.for_organization(contoso)
    assert not events.exists()
    assert scim.post("/Users", user("ada@contoso.example")).status_code == 201
    queue.flush()
    assert sorted(event.action for event in events) == ["create", "list", "list"]


def test_more_than_can_wait_is_lost_and_counted(
    scim: ScimClient,
    contoso: Organization,
    monkeypatch: pytest.MonkeyPatch,
    settings: Any,
) -> None:
    """Memory has an end; no call is refused, and none waits, for its event."""
    settings.EVENT_DELAY = 600
    queue = event_queue.EventQueue()
    said: list[str] = []
    monkeypatch.setattr(event_queue, "queue", queue)
    monkeypatch.setattr(event_queue, "FULL", 3)
    monkeypatch.setattr(
        event_queue.logger, "warning", lambda text, *args: said.append(text % args)
    )

    with monkeypatch.context() as patch:
        patch.setattr(ProvisioningEvent.objects, "bulk_create", full)
        assert scim.get("/Users").status_code == 200
        queue.flush()
        for _ in range(5):
            assert scim.get("/Users").status_code == 200
    queue.flush()
    assert ProvisioningEvent.objects.for_organization(contoso).count() == 3
    assert said == ["The database takes events of SCIM calls again; 3 were lost."]


def test_bodies_that_can_wait_have_an_end_too(
    scim: ScimClient,
    contoso: Organization,
    monkeypatch: pytest.MonkeyPatch,
    settings: Any,
) -> None:
    """What is beyond it is written by its own call while the database takes it."""
    settings.EVENT_DELAY = 600
    queue = event_queue.EventQueue()
    monkeypatch.setattr(event_queue, "queue", queue)
    # The answer to a search is longer.
    monkeypatch.setattr(event_queue, "FULL_BYTES", 100)
    events = ProvisioningEvent.objects.for_organization(contoso)
    for _ in range(3):
        assert scim.get("/Users").status_code == 200
    assert events.count() == 2
    queue.flush()
    assert events.count() == 3
    assert scim.get("/Users").status_code == 200
    assert events.count() == 3


def test_long_bodies_are_written_in_small_batches(
    scim: ScimClient,
    contoso: Organization,
    monkeypatch: pytest.MonkeyPatch,
    settings: Any,
) -> None:
    settings.EVENT_DELAY = 600
    queue = event_queue.EventQueue()
    monkeypatch.setattr(event_queue, "queue", queue)
    written: list[int] = []
    insert = ProvisioningEvent.objects.bulk_create

    def noting(events: list[ProvisioningEvent], batch: int) -> None:
        written.append(len(events))
        insert(events, batch)

    monkeypatch.setattr(ProvisioningEvent.objects, "bulk_create", noting)
    answers = [scim.get("/Users") for _ in range(5)]
    monkeypatch.setattr(event_queue, "BATCH_BYTES", 2 * len(answers[0].content))
    queue.flush()
    assert written == [2, 2, 1]
    assert ProvisioningEvent.objects.for_organization(contoso).count() == 5
