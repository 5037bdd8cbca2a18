"""Client processes that provision as Entra does, and note every answer they get."""

from __future__ import annotations

import json
import multiprocessing
import time
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus, urlsplit

from tests.scim.messages import ENTERPRISE, group, members, patch_op, user

if TYPE_CHECKING:
    from multiprocessing.queues import Queue
    from multiprocessing.synchronize import Event

    from tests.live import Installation

CLIENTS = 4
PATIENCE = 60
"""Seconds that a client waits for an answer, and for the service to come back."""


@dataclass
class Note:
    """One call: what it was to do to whom, and its status; 0 is no answer at all."""

    person: str
    verb: str
    value: str
    status: int
    time: float
    """When the answer, or the end of the connection, came (monotonic clock)."""
    took: float
    refused: bool = False
    """Whether nobody listened: the call was never made."""


@dataclass
class Client:
    """One identity provider with one connection."""

    base_url: str
    secret: str
    notes: list[Note] = field(default_factory=list)

    def __post_init__(self) -> None:
        url = urlsplit(self.base_url)
        self.path = url.path
        self.http = HTTPConnection(url.hostname or "", url.port, timeout=PATIENCE)

    def call(
        self,
        method: str,
        endpoint: str,
        body: Any = None,
        *,
        note: tuple[str, ...] = (),
    ) -> tuple[int, Any]:
        """Return status and body; status 0 when the connection broke."""
        headers = {
            "Authorization": f"Bearer {self.secret}",
            "Content-Type": "application/scim+json",
        }
        raw, refused, started = b"", False, time.monotonic()
        try:
            data = None if body is None else json.dumps(body)
            self.http.request(method, f"{self.path}{endpoint}", data, headers)
            response = self.http.getresponse()
            status, raw = response.status, response.read()
        except (OSError, HTTPException) as exc:
            status, refused = 0, isinstance(exc, ConnectionRefusedError)
            self.http.close()
        person, verb, value = note or ("", "read", "")
        now = time.monotonic()
        self.notes.append(
            Note(person, verb, value, status, now, now - started, refused)
        )
        if not status:
            time.sleep(0.05)
        return status, json.loads(raw) if status and raw else None

    def find(self, name: str) -> str | None:
        """Ask for the id of *name* until the service answers, as Entra matches."""
        query = quote_plus(f'userName eq "{name}"')
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            status, found = self.call("GET", f"/Users?filter={query}")
            if status == 200:
                return found["Resources"][0]["id"] if found["Resources"] else None
            time.sleep(0.1)
        return None

    def provision(self, name: str, group_id: str, turn: int) -> None:
        """Create a person, change, assign and sometimes delete them again."""
        body = user(name, **{ENTERPRISE: {"department": f"Risk {turn % 5}"}})
        _, created = self.call("POST", "/Users", body, note=(name, "create", ""))
        scim_id = created["id"] if created and "userName" in created else None
        if scim_id is None and (scim_id := self.find(name)) is None:
            return
        operation = {"op": "replace", "path": "title", "value": str(turn)}
        note = (name, "title", str(turn))
        self.call("PATCH", f"/Users/{scim_id}", patch_op(operation), note=note)
        join = patch_op({"op": "add", "path": "members", "value": members(scim_id)})
        self.call("PATCH", f"/Groups/{group_id}", join, note=(name, "join", ""))
        self.call("GET", f"/Users/{scim_id}")
        if turn % 3 == 0:
            path = f'members[value eq "{scim_id}"]'
            leave = patch_op({"op": "remove", "path": path})
            status, _ = self.call(
                "PATCH", f"/Groups/{group_id}", leave, note=(name, "leave", "")
            )
            if turn % 2 == 0 and status in (200, 204):
                self.call("DELETE", f"/Users/{scim_id}", note=(name, "delete", ""))


def _cycle(  # runs in a process of its own
    base_url: str, secret: str, prefix: str, group_id: str, stop: Event, out: Queue[Any]
) -> None:
    client = Client(base_url, secret)
    turn = 0
    while not stop.is_set():
        client.provision(f"{prefix}-{turn}@litware.example", group_id, turn)
        turn += 1
    client.http.close()
    out.put(client.notes)


class Load:
    """Clients in processes of their own, from ``with`` until the end of the block."""

    def __init__(self, here: Installation, scenario: str) -> None:
        self.here = here
        self.scenario = scenario
        self.notes: list[Note] = []
        context = multiprocessing.get_context("spawn")
        self.stop, self.out = context.Event(), context.Queue()
        self.group_id = self._make_group()
        self.processes = [
            context.Process(
                target=_cycle,
                args=(
                    here.base_url,
                    here.secret,
                    f"{scenario}-{number}",
                    self.group_id,
                    self.stop,
                    self.out,
                ),
            )
            for number in range(CLIENTS)
        ]

    def _make_group(self) -> str:
        client = Client(self.here.base_url, self.here.secret)
        status, made = client.call("POST", "/Groups", group(self.scenario))
        client.http.close()
        assert status == 201, made
        group_id: str = made["id"]
        return group_id

    def __enter__(self) -> Load:
        for process in self.processes:
            process.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop.set()
        for _ in self.processes:
            with suppress(Exception):
                self.notes += self.out.get(timeout=3 * PATIENCE)
        for process in self.processes:
            process.join(10)
            if process.is_alive():
                process.kill()
