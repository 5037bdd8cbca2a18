"""The measuring itself: what it notices, what it writes, and one short run of it all."""

from __future__ import annotations

import json
import socket
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from bench import calls, compare, measure
from bench.load import Outcome, Target
from bench.peers.serving import Ready
from bench.people import Size
from bench.scenarios import Client, NotOffered, Wrong, group_bare, list_first
from bench.subjects import SUBJECTS, Course, running
from bench.wire import Wire


@contextmanager
def answering(*answers: bytes) -> Iterator[int]:
    """Serve each of *answers* to one request, byte for byte; yield the port."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            waiting = list(answers)
            while waiting:
                link, _ = server.accept()
                with link:
                    while waiting and link.recv(65_536):
                        answer = waiting.pop(0)
                        link.sendall(answer)
                        if b"close" in answer:
                            break

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        thread.join(timeout=5)


def as_json(document: Any, status: str = "200 OK") -> bytes:
    body = json.dumps(document).encode()
    return b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s" % (
        status.encode(),
        len(body),
        body,
    )


def client_of(port: int, users: int = 10) -> Client:
    return Client(Wire(port, "/scim", "secret"), "k", Size(users), "1", [("1", "a")])


class TestWire:
    def test_answers_of_every_framing_are_read_whole(self):
        chunked = (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"4\r\n{}{}\r\n3\r\n[1]\r\n0\r\n\r\n"
        )
        unbounded = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nto the end"
        nothing = b"HTTP/1.1 204 No Content\r\n\r\n"
        with answering(chunked, nothing, as_json({}), unbounded) as port:
            wire = Wire(port, "", "secret")
            answers = [wire.send(calls.get_user("1")) for _ in range(4)]
            wire.close()
        assert [answer.status for answer in answers] == [200, 204, 200, 200]
        bodies = [answer.body for answer in answers]
        assert bodies == [b"{}{}[1]", b"", b"{}", b"to the end"]
        assert wire.opened == 1

    def test_a_connection_that_the_server_ended_is_opened_again(self):
        last = b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"
        with answering(last, as_json({})) as port:
            wire = Wire(port, "", "secret")
            assert wire.send(calls.get_user("1")).status == 204
            assert wire.send(calls.get_user("1")).status == 200
            wire.close()
        assert wire.opened == 2


class TestChecks:
    def test_a_page_with_a_wrong_total_is_wrong(self):
        page = {"totalResults": 9, "Resources": [{"userName": "a"}] * 10}
        with answering(as_json(page)) as port:
            client = client_of(port)
            with pytest.raises(Wrong, match="total 9"):
                next(list_first(client))
            client.wire.close()

    def test_what_a_server_does_not_offer_is_no_error(self):
        with answering(as_json({}, "501 Not Implemented")) as port:
            client = client_of(port)
            with pytest.raises(NotOffered):
                next(list_first(client))
            client.wire.close()

    def test_members_that_were_not_wanted_are_remarked(self):
        with answering(as_json({"members": []})) as port:
            client = client_of(port)
            next(group_bare(client))
            client.wire.close()
        assert list(client.remarks) == ["excludedAttributes is ignored"]

    def test_lost_members_and_changes_are_noticed(self):
        group = {"members": [{"value": "7"}, {"value": "8"}]}
        with answering(as_json(group), as_json({"active": True})) as port:
            target = Target(port, "/scim", "secret", "1", Size(1))
            course = Course(SUBJECTS[0], target, Ready("/scim", "secret", "1", []))
            course.members = {"8", "9"}
            outcome = Outcome(written={"8": False})
            lost = measure.disagreement(course, "group-add", outcome)
            stale = measure.disagreement(course, "patch-active", outcome)
        assert lost == "1 of 2 added members lost"
        assert stale == "1 of 1 changes of active lost"


class TestWarmUp:
    def test_one_request_longer_than_the_run_tells_enough(self):
        assert measure.tells_enough(Outcome(times=[0.1, 2.5]), 2)
        assert not measure.tells_enough(Outcome(times=[0.1, 1.5]), 2)

    def test_so_do_refusals(self):
        assert measure.tells_enough(Outcome(), 2)
        assert measure.tells_enough(Outcome(times=[0.1], not_offered=True), 2)


def result(subject: str, scenario: str, users: int, rate: float, **more: Any) -> Any:
    made = measure.Result(subject, scenario, users, rate=rate, p95=12.5, processor=3)
    return vars(made) | more


FIGURES: dict[str, Any] = {
    "when": "2026-01-02T03:04:05+00:00",
    "seconds": 2.0,
    "repeat": 3,
    "clients": 4,
    "sizes": [1_000, 10_000],
    "versions": {"Python": "3.11", "this project": "abc1234"},
    "skipped": {"scimmy": "node and npm are needed"},
    "load_average": [0.5, 1.5],
    "queries": {"ours-sqlite": {"get": 4, "eq-hit": 4}},
    "memory": [
        {
            "subject": "ours-sqlite",
            "users": 1_000,
            "rss": 200,
            "pss": 150,
            "own_pss": 120,
        }
    ],
    "soak": {
        "subject": "ours-sqlite",
        "users": 1_000,
        "wrong": 0,
        "samples": [{"requests": 10_000, "rss": 201.0, "pss": 151.0}],
    },
    "results": [
        result("ours-sqlite", "eq-hit", 1_000, 800),
        result("ours-sqlite", "eq-hit", 10_000, 760),
        result("stock", "eq-hit", 1_000, 400),
        result("stock", "eq-hit", 10_000, 95, remarks=["letter case counts"]),
        result("ours-sqlite", "patch-name", 1_000, 300),
        result("stock", "patch-name", 1_000, 0, not_offered=True),
        result("ours-sqlite", "group-add", 1_000, 250),
        result("stock", "group-add", 1_000, 50, lost="3 of 9 added members lost"),
    ],
}


class TestDocument:
    @pytest.fixture
    def docs(self, tmp_path: Path) -> Path:
        raw = tmp_path / "raw.json"
        raw.write_text(json.dumps(FIGURES))
        compare.main(["--from", str(raw), "--docs", str(tmp_path)])
        return tmp_path

    def test_it_tells_rates_refusals_and_losses(self, docs: Path):
        text = (docs / "benchmarks.md").read_text()
        assert "| `userName eq`, found | 800 (12.5) | 400 (12.5) |" in text
        assert "| user PATCH `displayName` | 300 (12.5) | 501 |" in text
        assert "| group PATCH, add a member | 250 (12.5) | 50.0 (12.5) [1] |" in text
        assert (
            "1. stock django-scim2, group PATCH, add a member: 3 of 9 added members lost"
        ) in text
        assert "letter case counts" in text
        assert "SCIMMY on Express 4 was skipped: node and npm are needed." in text

    def test_it_compares(self, docs: Path):
        text = (docs / "benchmarks.md").read_text()
        assert "| `userName eq`, found | 2.0 × |" in text
        assert "| `userName eq`, found | 8.0 × |" in text
        assert "| this project, SQLite | 800 | 760 | -5 % |" in text
        assert "| stock django-scim2 | 400 | 95.0 | -76 % |" in text

    def test_it_tells_queries_and_memory(self, docs: Path):
        text = (docs / "benchmarks.md").read_text()
        assert "| get a user by id | 4 |" in text
        assert "| this project, SQLite | 120 + 30 | – |" in text
        assert "| 10,000 | 201 | 151 |" in text

    def test_the_chart_is_drawn_for_light_and_dark(self, docs: Path):
        text = (docs / "images" / "benchmarks.svg").read_text()
        drawing = ET.fromstring(text)  # noqa: S314 - our own
        words = [element.text for element in drawing.iter() if element.text]
        assert "this project, SQLite" in words
        assert "760" in words
        assert "95.0 *" in words
        assert "prefers-color-scheme: dark" in text


def rows(pid: int, sql: str) -> list[Any]:
    """Read from the SQLite database that the server *pid* works with."""
    environment = Path(f"/proc/{pid}/environ").read_bytes().decode().split("\0")
    url = next(line for line in environment if line.startswith("DATABASE_URL="))
    with closing(sqlite3.connect(url.partition("sqlite:///")[2])) as link:
        return link.execute(sql).fetchall()


class TestFloor:
    def test_its_writes_are_those_that_were_asked_for(
        self, monkeypatch: pytest.MonkeyPatch
    ):
        # Its captures must not meet the events of the calls that they make.
        monkeypatch.setenv("EVENT_DELAY", "0.001")
        monkeypatch.setenv("LOCK_SECONDS", "2")
        floor = next(item for item in SUBJECTS if item.key == "floor-sqlite")
        people = "SELECT id, scim_username FROM scim_directoryuser WHERE id > 60"
        members = "SELECT user_id FROM scim_groupmembership WHERE user_id > 60"
        with running(floor, Size(60)) as course:
            wire = Wire(course.target.port, course.ready.base, course.ready.token)
            pid, group = course.ready.pid, course.ready.group_id
            made = [json.loads(wire.send(calls.create_user(k)).body) for k in "abc"]
            names = [f"{key}@bench.example" for key in "abc"]
            assert [user["userName"] for user in made] == names
            assert [name for _, name in rows(pid, people)] == names
            one, two, alone = [user["id"] for user in made]
            keys = [key for key, _ in rows(pid, people)]
            assert wire.send(calls.add_member(group, one)).status == 204
            assert wire.send(calls.add_member(group, two)).status == 204
            assert rows(pid, members) == [(keys[0],), (keys[1],)]
            assert wire.send(calls.remove_member(group, one)).status == 204
            assert rows(pid, members) == [(keys[1],)]
            # Whom the scenario deletes is in no group, and so is who was captured.
            assert wire.send(calls.delete_user(alone)).status == 204
            assert rows(pid, members) == [(keys[1],)]
            assert [key for key, _ in rows(pid, people)] == keys[:2]
            for attribute, value in (("displayName", "x"), ("active", True)):
                call = calls.change_user(course.ready.people[0][0], attribute, value)
                assert wire.send(call).status == 200
            assert wire.send(calls.find_group("Team 00000")).status == 200
            wire.close()
            events = "SELECT method, count(*) FROM scim_provisioningevent GROUP BY 1"
            written = dict(rows(pid, events))
        assert written == {"POST": 3, "PATCH": 5, "DELETE": 1}


def test_a_short_run_measures_this_project(tmp_path: Path):
    raw = tmp_path / "raw.json"
    wanted = "list-first,create,group-add,delete"
    compare.main(
        [
            "--sizes=60",
            "--seconds=0.2",
            "--subjects=ours-sqlite",
            f"--scenarios={wanted}",
            f"--raw={raw}",
            f"--docs={tmp_path}",
        ]
    )
    run = json.loads(raw.read_text())
    assert {row["scenario"] for row in run["results"]} == set(wanted.split(","))
    for row in run["results"]:
        assert row["rate"] > 0, row
        assert not row["wrong"], row
        assert not row["lost"], row
        assert row["processor"] > 0, row
    assert 0 < run["queries"]["ours-sqlite"]["get"] <= 4
    assert run["memory"][0]["pss"] > 10
    assert "## 60 users" in (tmp_path / "benchmarks.md").read_text()
