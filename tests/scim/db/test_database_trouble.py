"""The database is locked by somebody else: 503, nothing half done, reads go on."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

import httpx2
import psycopg
import pytest
from django.db import OperationalError, connections

from scim.events import queue
from scim.http.endpoint import ATTEMPTS
from scim.models import DirectoryUser, GroupMembership, ProvisioningEvent
from scim.services import provisioning
from tests.live import installed, run, served
from tests.scim.messages import (
    created,
    group,
    members,
    patch_op,
    refused,
    user,
)
from tests.scim.trouble import (
    IS_POSTGRESQL,
    deadlock,
    failing_inserts,
    full,
    member_deleted_meanwhile,
    terminated,
    write_lock,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
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


def trying(organization: Organization, trouble: Callable[..., object]) -> Any:
    """Return a stand-in for provision_user that provisions, and meets *trouble*."""
    provision_user = provisioning.provision_user

    def provision(**wishes: Any) -> None:
        provision_user(**wishes)
        trouble(organization)

    return provision


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses before each further try, at their longest."""
    made: list[float] = []
    monkeypatch.setattr("scim.http.endpoint.time.sleep", made.append)
    monkeypatch.setattr("scim.http.endpoint.random.uniform", lambda low, high: high)
    return made


# SQLite lets one transaction begin at a time, so that none can stand against another.
PASSING = [member_deleted_meanwhile, *([deadlock] if IS_POSTGRESQL else [])]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("trouble", PASSING)
def test_two_in_each_others_way_try_again(
    scim: ScimClient,
    contoso: Organization,
    monkeypatch: pytest.MonkeyPatch,
    pauses: list[float],
    trouble: Callable[..., object],
) -> None:
    """What passes is tried again; the pauses grow, and end."""
    with monkeypatch.context() as patch:
        stand_in = trying(contoso, trouble)
        patch.setattr("scim.services.provisioning.provision_user", stand_in)
        answer = scim.post("/Users", user())
    assert refused(answer, 503).startswith("The directory is busy")
    assert answer.headers["Retry-After"] == "1"
    assert len(pauses) == ATTEMPTS - 1
    assert pauses == sorted(pauses)
    assert sum(pauses) < 1
    assert scim.get("/Users").json()["totalResults"] == 0
    assert scim.post("/Users", user()).status_code == 201


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("trouble", PASSING)
def test_what_has_passed_is_not_told(
    scim: ScimClient,
    contoso: Organization,
    monkeypatch: pytest.MonkeyPatch,
    pauses: list[float],
    trouble: Callable[..., object],
) -> None:
    """The second try decides; there is one person, and one event."""
    once = [trouble]

    def passing(organization: Organization) -> None:
        if once:
            once.pop()(organization)

    stand_in = trying(contoso, passing)
    monkeypatch.setattr("scim.services.provisioning.provision_user", stand_in)
    assert scim.post("/Users", user()).status_code == 201
    assert len(pauses) == 1
    assert DirectoryUser.objects.count() == 1
    assert not GroupMembership.objects.exists()
    assert [event.status for event in ProvisioningEvent.objects.all()] == [201]


@pytest.mark.django_db(transaction=True)
def test_a_lock_is_waited_for_once(scim: ScimClient, pauses: list[float]) -> None:
    with write_lock("scim_directoryuser"):
        answer = scim.post("/Users", user())
    refused(answer, 503)
    assert answer.headers["Retry-After"] == "1"
    assert pauses == []
    assert scim.post("/Users", user()).status_code == 201


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("trouble", [full, *([terminated] if IS_POSTGRESQL else [])])
def test_what_the_database_says_stays_here(
    scim: ScimClient, monkeypatch: pytest.MonkeyPatch, trouble: Callable[..., object]
) -> None:
    """Nothing is half done, whichever of the driver's errors it is."""
    ada = created(scim, "/Users", user())["id"]
    body = group(members=members(ada))
    with monkeypatch.context() as patch:
        patch.setattr("scim.models.GroupMembership.objects.bulk_create", trouble)
        refused(scim.post("/Groups", body), 503)
    assert scim.get("/Groups").json()["totalResults"] == 0
    made = created(scim, "/Groups", body)
    assert [member["value"] for member in made["members"]] == [ada]


def test_what_the_database_will_never_store_is_not_to_be_repeated(
    scim: ScimClient, contoso: Organization, pauses: list[float]
) -> None:
    """A rule of a table that nobody foresaw: a fault of ours, and once is enough."""

    def broken() -> None:
        nothing: Any = None
        ProvisioningEvent.objects.create(organization=contoso, actor=nothing)

    with failing_inserts(DirectoryUser, broken):
        answer = scim.post("/Users", user())
    refused(answer, 500)
    assert "Retry-After" not in answer.headers
    assert pauses == []
    assert not DirectoryUser.objects.exists()


def test_reads_do_without_their_events(
    scim: ScimClient, contoso: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line says that events are refused, and one that they are taken again."""
    said: list[str] = []
    for level in ("error", "warning"):
        monkeypatch.setattr(
            queue.logger, level, lambda text, *args: said.append(text % args)
        )

    with failing_inserts(ProvisioningEvent, full):
        for _ in range(3):
            assert scim.get("/Users").status_code == 200
            refused(scim.get("/Users/nobody"), 404)
        refused(scim.post("/Users", user()), 503)
        assert scim.get("/Users").json()["totalResults"] == 0
    assert scim.get("/Groups").status_code == 200
    refused_them, takes_them = said
    assert refused_them.startswith(
        "The database takes no events of SCIM calls: database or disk is full"
    )
    assert takes_them == "The database takes events of SCIM calls again; 8 were lost."
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
