"""Pages that are large by their memberships: whole, in order, and in bounded memory."""

from __future__ import annotations

import json
import time
from contextlib import closing, suppress
from http.client import HTTPConnection
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

import pytest
from django.utils import timezone

from bench import processes
from scim.http import adapters, recording, responses
from scim.models import (
    DirectoryGroup,
    DirectoryUser,
    GroupMembership,
    Organization,
    ProvisioningEvent,
)
from scim.resources import representation
from tests.live import installed, peak_of, run, served
from tests.scim.messages import refused

if TYPE_CHECKING:
    from pytest_django import DjangoAssertNumQueries

    from tests.live import Installation
    from tests.situations import ScimClient

SEARCH = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"


def fill(organization: Organization, groups: int, people: int) -> None:
    """Make groups of which each has all people, and one more without any."""
    now = timezone.now()
    new: dict[str, Any] = {
        "organization": organization,
        "created": now,
        "modified": now,
    }
    users = []
    for number in range(people):
        user = DirectoryUser(**new)
        user.assign({"userName": f"u{number}@contoso.example"})
        users.append(user)
    users = DirectoryUser.objects.bulk_create(users)
    rows = []
    for number in range(groups + 1):
        row = DirectoryGroup(**new)
        row.assign({"displayName": f"Group {number:03}"})
        rows.append(row)
    for row in DirectoryGroup.objects.bulk_create(rows)[:groups]:
        GroupMembership.objects.bulk_create(
            [
                GroupMembership(organization=organization, group=row, user=user)
                for user in users
            ],
            batch_size=5_000,
        )


def body_of(response: Any) -> bytes:
    assert response.status_code == 200
    body = b"".join(response) if response.streaming else response.content
    assert response["Content-Length"] == str(len(body))
    assert response["Content-Type"] == "application/scim+json"
    return bytes(body)


@pytest.fixture
def filled(scim: ScimClient, contoso: Organization) -> ScimClient:
    fill(contoso, groups=6, people=20)
    return scim


QUERIES: list[dict[str, str]] = [
    {},
    {"count": "3"},
    {"startIndex": "2", "count": "4"},
    {"cursor": "", "count": "5"},
    {"sortBy": "displayName", "sortOrder": "descending"},
    {"filter": 'displayName co "group 00"'},
    {"filter": 'displayName eq "group 001"'},
    {"attributes": "members"},
    {"attributes": "displayName,members.value"},
    {"attributes": "members.nothing"},
    {"excludedAttributes": "members.$ref,members.type,members.value"},
    {"excludedAttributes": "members"},
    {"excludedAttributes": "groups"},
]


@pytest.mark.parametrize(
    "endpoint", ["/Users", "/Groups", "/Users/.search", "/.search"]
)
@pytest.mark.parametrize("query", QUERIES, ids=str)
def test_an_answer_is_the_same_however_it_is_made(
    filled: ScimClient,
    monkeypatch: pytest.MonkeyPatch,
    endpoint: str,
    query: dict[str, str],
) -> None:
    """In one piece and with one query, or in many, from a file."""

    def ask() -> Any:
        if not endpoint.endswith(".search"):
            return filled.get(f"{endpoint}?{urlencode(query)}")
        names = {"attributes", "excludedAttributes"}
        body = {k: v.split(",") if k in names else v for k, v in query.items()}
        return filled.post(endpoint, json.dumps({"schemas": [SEARCH], **body}))

    whole = json.loads(body_of(ask()))
    for limit in (1, 7, 25, 50):
        monkeypatch.setattr(representation, "READ_AT_ONCE", limit)
        monkeypatch.setattr(adapters, "MEMBERS_AT_ONCE", limit)
        monkeypatch.setattr(responses, "IN_MEMORY", 100)
        answer = ask()
        assert answer.streaming
        assert json.loads(body_of(answer)) == whole
    for resource in whole["Resources"]:
        for one, next_one in pairwise(resource.get("members", [])):
            assert one.get("value", "") <= next_one.get("value", "")


def test_a_group_alone_is_the_same_however_it_is_made(
    filled: ScimClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    group = json.loads(body_of(filled.get("/Groups?count=1")))["Resources"][0]
    path = f"/Groups/{group['id']}"
    assert len(group["members"]) == 20
    monkeypatch.setattr(adapters, "MEMBERS_AT_ONCE", 7)
    monkeypatch.setattr(responses, "IN_MEMORY", 100)
    answer = filled.get(path)
    assert json.loads(body_of(answer)) == group
    assert answer["ETag"] == group["meta"]["version"]
    assert (
        filled.get(path, headers={"If-None-Match": answer["ETag"]}).status_code == 304
    )
    without = json.loads(body_of(filled.get(f"{path}?excludedAttributes=members")))
    assert without == {k: v for k, v in group.items() if k != "members"}


def test_queries_by_memberships_not_by_groups(
    filled: ScimClient,
    monkeypatch: pytest.MonkeyPatch,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    """120 memberships, 40 at once: what a page costs anyway, one more, and three."""
    # The first call also notes that the token was used.
    body_of(filled.get("/Groups"))
    with django_assert_max_num_queries(50) as before:
        body_of(filled.get("/Groups"))
    monkeypatch.setattr(representation, "READ_AT_ONCE", 40)
    with django_assert_max_num_queries(50) as after:
        body_of(filled.get("/Groups"))
    assert len(after) - len(before) == 1 + 3


def test_the_event_keeps_the_beginning(
    filled: ScimClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(responses, "BODY_LIMIT", 1_000)
    monkeypatch.setattr(recording, "READ_LIMIT", 1_000)
    monkeypatch.setattr(responses, "IN_MEMORY", 1_000)
    body = body_of(filled.get("/Groups"))
    event = ProvisioningEvent.objects.newest_first()[0]
    assert (event.status, event.outcome, event.action) == (200, "accepted", "list")
    assert event.response_body == body.decode()[: 1_000 - len("…".encode())] + "…"


def test_no_room_for_the_file(
    filled: ScimClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told before anything is sent, and the service goes on."""
    monkeypatch.setattr(responses, "IN_MEMORY", 100)
    monkeypatch.setattr("tempfile.tempdir", "/proc/self/nowhere")
    assert "count" in refused(filled.get("/Groups"), 503)
    event = ProvisioningEvent.objects.newest_first()[0]
    assert (event.status, event.outcome) == (503, "refused")
    monkeypatch.undo()
    assert filled.get("/Groups").status_code == 200


# ------------------------------------------------------------------- the real server
GROUPS, PEOPLE = 60, 5_000
MOST_MIB = 32
"""docs/scim.md, Limits."""


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory, django_db_setup: None) -> Any:
    directory = tmp_path_factory.mktemp("large")
    with installed(directory, workers=1) as here:
        run(
            here.environment,
            "shell",
            "--no-imports",
            "--command",
            "from scim.models import Organization\n"
            "from tests.scim.http.test_large_answers import fill\n"
            f"fill(Organization.objects.get(), {GROUPS}, {PEOPLE})",
        )
        log = directory / "log"
        with served(here.environment, log, here.address) as master:
            yield here, master.pid


def ask(here: Installation, http: HTTPConnection, method: str, path: str) -> Any:
    url = urlsplit(here.base_url)
    headers = {"Authorization": f"Bearer {here.secret}"}
    http.request(method, url.path + path, headers=headers)
    return http.getresponse()


def test_memory_is_bounded_whatever_a_page_holds(
    large: tuple[Installation, int],
) -> None:
    """Groups with 300,000 members, 43 MiB of JSON, on one connection that stays open."""
    here, pid = large
    url = urlsplit(here.base_url)
    with closing(HTTPConnection(url.hostname or "", url.port, timeout=120)) as http:
        ask(here, http, "GET", "/Groups?count=1&attributes=id").read()
        sock = http.sock
        before = processes.memory([pid])[1]
        with peak_of(pid) as peak:
            answer = ask(here, http, "GET", "/Groups")
            length = int(answer.headers["Content-Length"])
            page = json.loads(answer.read())
        assert length > 40_000_000
        assert page["itemsPerPage"] == page["totalResults"] == GROUPS + 1
        members = [len(each.get("members", ())) for each in page["Resources"]]
        assert members == [PEOPLE] * GROUPS + [0]
        assert peak[0] - before < MOST_MIB
        head = ask(here, http, "HEAD", "/Groups")
        assert head.headers["Content-Length"] == str(length)
        assert head.read() == b""
        assert ask(here, http, "GET", "/Groups?count=1").read()
        assert http.sock is sock


def temporary_files(pid: int) -> int:
    """How many files the server has open that have no name."""
    links = []
    for each in processes.tree([pid]):
        for link in (processes.PROC / str(each) / "fd").iterdir():
            # One may be closed at this moment.
            with suppress(OSError):
                links.append(str(link.readlink()))
    return sum(link.endswith("(deleted)") for link in links)


def test_who_goes_away_in_the_middle_leaves_nothing(
    large: tuple[Installation, int],
) -> None:
    here, pid = large
    url = urlsplit(here.base_url)
    before = temporary_files(pid)
    for _ in range(3):
        with closing(HTTPConnection(url.hostname or "", url.port, timeout=120)) as http:
            assert len(ask(here, http, "GET", "/Groups").read(100_000)) == 100_000
    with closing(HTTPConnection(url.hostname or "", url.port, timeout=120)) as http:
        assert ask(here, http, "GET", "/Groups?count=1").read()
    deadline = time.monotonic() + 20
    while temporary_files(pid) > before and time.monotonic() < deadline:
        time.sleep(0.1)
    assert temporary_files(pid) == before
