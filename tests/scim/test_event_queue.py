"""Events of reads are written beside the requests, and none is lost by a stop."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import httpx2

from tests.live import installed, run, served
from tests.scim.messages import user

if TYPE_CHECKING:
    from pathlib import Path

    from tests.live import Installation

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
