"""The database is locked by somebody else: 503, nothing half done, reads go on."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

import httpx2
import psycopg
import pytest
from django.db import InterfaceError, OperationalError, connections

from scim import event_queue
from scim.endpoint import ATTEMPTS
from scim.models import ProvisioningEvent
from tests.live import installed, run, served
from tests.scim.messages import (
    created,
    group,
    members,
    patch_op,
    refused,
    user,
)
from tests.scim.trouble import failing_inserts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from django.db.backends.base.base import BaseDatabaseWrapper

    from scim.models import Organization
    from tests.situations import ScimClient

LOCK_SECONDS = 2
STATUSES = """
from scim.models import DirectoryUser, ProvisioningEvent
print(DirectoryUser.objects.count())
print(sorted(ProvisioningEvent.objects.values_list("method", "status")))
"""


@contextmanager
def locked(url: str) -> Iterator[None]:
    """Let nobody else write, as a backup or somebody at a prompt does."""
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as holder:
            holder.execute("BEGIN IMMEDIATE")
            yield
        return
    with psycopg.connect(url) as holder:
        holder.execute(
            "LOCK TABLE scim_directoryuser, scim_bearertoken, scim_provisioningevent "
            "IN EXCLUSIVE MODE"
        )
        yield


def test_somebody_holds_the_lock(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with installed(tmp_path, workers=1) as here:
        here.environment["LOCK_SECONDS"] = str(LOCK_SECONDS)
        headers = {"Authorization": f"Bearer {here.secret}"}
        with (
            served(here.environment, log, here.address),
            httpx2.Client(headers=headers, base_url=here.base_url, timeout=30) as http,
        ):
            with locked(here.environment["DATABASE_URL"]):
                # The first call would write when the token was used.
                started = time.monotonic()
                assert http.get("/Users").json()["totalResults"] == 0
                assert time.monotonic() - started < LOCK_SECONDS
                answer = http.post("/Users", json=user())
                assert answer.status_code == 503
                assert answer.headers["Retry-After"] == "1"
                assert answer.json()["detail"].startswith("The directory is busy")
                # Waited once, not again for the event of the refusal.
                assert time.monotonic() - started < 2 * LOCK_SECONDS
            assert http.post("/Users", json=user()).status_code == 201
        count, statuses = run(
            here.environment, "shell", "--no-imports", "--command", STATUSES
        ).splitlines()
    assert count == "1"
    assert statuses == "[('GET', 200), ('POST', 201), ('POST', 503)]"
    assert "Traceback" not in log.read_text()


def test_two_in_each_others_way_try_again(
    scim: ScimClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A deadlock passes; the pauses before further tries grow, and end."""
    pauses: list[float] = []
    monkeypatch.setattr("scim.endpoint.time.sleep", pauses.append)
    monkeypatch.setattr("scim.endpoint.random.uniform", lambda low, high: high)

    def always(**wishes: object) -> None:
        raise OperationalError("deadlock detected\nDETAIL: Process 1 waits")

    with monkeypatch.context() as patch:
        patch.setattr("scim.provisioning.provision_user", always)
        answer = scim.post("/Users", user())
    assert refused(answer, 503).startswith("The directory is busy")
    assert answer.headers["Retry-After"] == "1"
    assert len(pauses) == ATTEMPTS - 1
    assert pauses == sorted(pauses)
    assert sum(pauses) < 1
    assert scim.get("/Users").json()["totalResults"] == 0
    assert scim.post("/Users", user()).status_code == 201


def test_a_lock_is_waited_for_once(
    scim: ScimClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []

    def taken(**wishes: object) -> None:
        calls.append(wishes)
        raise OperationalError("database is locked")

    monkeypatch.setattr("scim.provisioning.provision_user", taken)
    refused(scim.post("/Users", user()), 503)
    assert len(calls) == 1


@pytest.mark.parametrize(
    "error", [OperationalError("database or disk is full"), InterfaceError("closed")]
)
def test_what_the_database_says_stays_here(
    scim: ScimClient, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """Nothing is half done, whichever of the driver's errors it is."""
    ada = created(scim, "/Users", user())["id"]

    def fails(*args: object, **wishes: object) -> None:
        raise error

    body = group(members=members(ada))
    with monkeypatch.context() as patch:
        patch.setattr("scim.models.GroupMembership.objects.bulk_create", fails)
        refused(scim.post("/Groups", body), 503)
    assert scim.get("/Groups").json()["totalResults"] == 0
    made = created(scim, "/Groups", body)
    assert [member["value"] for member in made["members"]] == [ada]


def test_reads_do_without_their_events(
    scim: ScimClient, contoso: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line says that events are refused, and one that they are taken again."""
    said: list[str] = []
    for level in ("error", "warning"):
        monkeypatch.setattr(
            event_queue.logger, level, lambda text, *args: said.append(text % args)
        )

    full = OperationalError("database or disk is full")
    with failing_inserts(ProvisioningEvent, full):
        for _ in range(3):
            assert scim.get("/Users").status_code == 200
            refused(scim.get("/Users/nobody"), 404)
        refused(scim.post("/Users", user()), 503)
        assert scim.get("/Users").json()["totalResults"] == 0
    assert scim.get("/Groups").status_code == 200
    assert said == [
        "The database takes no events of SCIM calls: database or disk is full",
        "The database takes events of SCIM calls again; 8 were lost.",
    ]
    events = ProvisioningEvent.objects.for_organization(contoso)
    assert [event.path[-7:] for event in events] == ["/Groups"]


def test_a_change_repeats_nothing(scim: ScimClient) -> None:
    """What was answered 503 may be sent again, whatever became of it."""
    ada = created(scim, "/Users", user())["id"]
    risk = created(scim, "/Groups", group())["id"]
    add = patch_op({"op": "add", "path": "members", "value": members(ada)})
    for _ in range(2):
        assert scim.patch(f"/Groups/{risk}", add).status_code == 204
    assert len(scim.get(f"/Groups/{risk}").json()["members"]) == 1
    refused(scim.post("/Users", user()), 409, "uniqueness")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("carried_out", [True, False])
def test_the_end_of_a_transaction_is_not_heard_of(
    scim: ScimClient, monkeypatch: pytest.MonkeyPatch, carried_out: bool
) -> None:
    """The server goes away with the answer to COMMIT: the event tells what happened."""
    backend: Any = type(connections["default"])
    commit = backend._commit

    once = [True]

    def unheard(self: BaseDatabaseWrapper) -> None:
        if carried_out or not once:
            commit(self)
        if not once:
            return
        once.clear()
        self.connection.close()
        self.connection = None
        raise OperationalError("server closed the connection unexpectedly")

    ada = created(scim, "/Users", user())["id"]
    rename = patch_op({"op": "replace", "path": "title", "value": "Head"})
    with monkeypatch.context() as patch:
        patch.setattr(backend, "_commit", unheard)
        answer = scim.patch(f"/Users/{ada}", rename)
    if carried_out:
        assert answer.json()["title"] == "Head"
    else:
        refused(answer, 503)
    assert scim.get(f"/Users/{ada}").json().get("title") == answer.json().get("title")
    events = ProvisioningEvent.objects.filter(method="PATCH")
    assert [event.status for event in events] == [answer.status_code]
