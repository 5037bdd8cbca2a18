"""Writers that start at the same moment, on a server of several processes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from tests.scim.messages import user

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx2

WRITERS = 4
ROUNDS = 8


def at_once(*jobs: Callable[[], Any]) -> list[Any]:
    """Run the jobs in a thread each, all starting at the same moment."""
    barrier = Barrier(len(jobs))

    def start(job: Callable[[], Any]) -> Any:
        barrier.wait()
        return job()

    with ThreadPoolExecutor(len(jobs)) as pool:
        return list(pool.map(start, jobs))


def create(http: httpx2.Client, endpoint: str, body: dict[str, Any]) -> str:
    response = http.post(endpoint, json=body)
    assert response.status_code == 201, response.text
    scim_id: str = response.json()["id"]
    return scim_id


def some_users(http: httpx2.Client, count: int) -> list[str]:
    return [create(http, "/Users", user(f"{uuid4()}")) for _ in range(count)]


def members_of(http: httpx2.Client, group_id: str) -> set[str]:
    document = http.get(f"/Groups/{group_id}").json()
    return {member["value"] for member in document.get("members", [])}
