"""What an event keeps of bodies and changes: each thing once, and no more than it is told."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from scim.events.changes import WHOLE
from scim.http.recording import READ_LIMIT
from scim.models import ProvisioningEvent
from scim.models.event import BODY_LIMIT
from tests.scim.bulks import delete, patch, results
from tests.scim.messages import (
    SEARCH_REQUEST,
    created,
    filter_query,
    group,
    members,
    patch_op,
    user,
)

if TYPE_CHECKING:
    from scim.models import Organization
    from tests.situations import ScimClient

ENTRIES = [{"value": f"{number}@{'x' * 200}.example"} for number in range(100)]
"""A list of 22 KiB, which is also twenty times what a usual call sends."""


def newest() -> ProvisioningEvent:
    return ProvisioningEvent.objects.latest("pk")


def stored(event: ProvisioningEvent) -> int:
    """Return the bytes of bodies and changes that *event* takes."""
    bodies = event.request_body + event.response_body
    return len(bodies.encode()) + len(orjson.dumps(event.changes))


def test_accepted_writes_keep_no_copy_of_the_resource(scim: ScimClient) -> None:
    """What was sent, and what changed: the row and these tell the rest."""
    answer = scim.post("/Users", user())
    ada = answer.json()["id"]
    title = patch_op({"op": "replace", "path": "title", "value": "Head"})
    calls: list[tuple[str, str, Any]] = [
        ("PATCH", f"/Users/{ada}", title),
        ("PUT", f"/Users/{ada}", user(title="Chief")),
        ("POST", "/Groups", group(members=members(ada))),
        ("DELETE", f"/Users/{ada}", None),
    ]
    assert (json.loads(newest().request_body), newest().response_body) == (user(), "")
    for method, path, body in calls:
        assert scim.request(method, path, body).status_code < 300
        event = newest()
        assert event.request_body == (json.dumps(body) if body else "")
        assert event.response_body == ""
        assert event.changes


def test_refusals_keep_their_answer(scim: ScimClient) -> None:
    ada = created(scim, "/Users", user())["id"]
    for method, path, body in (
        ("POST", "/Users", user()),
        ("PUT", f"/Users/{ada}", {}),
        ("PATCH", "/Users/nobody", patch_op({"op": "remove", "path": "title"})),
        ("DELETE", "/Users/nobody", None),
        ("GET", "/Users/nobody", None),
        ("POST", "/Bulk", {}),
    ):
        answer = scim.request(method, path, body)
        assert answer.status_code >= 400
        assert newest().response_body.encode() == answer.content


def test_reads_keep_the_beginning_of_their_answer(scim: ScimClient) -> None:
    """A user whole; of a long list as much as shows what it began with."""
    ada = created(scim, "/Users", user())["id"]
    search = {"schemas": [SEARCH_REQUEST], "filter": "userName pr"}
    one = scim.get(f"/Users/{ada}")
    assert newest().response_body.encode() == one.content
    found = scim.get("/Users?" + filter_query('userName eq "ada@contoso.example"'))
    assert newest().response_body.encode() == found.content
    created(scim, "/Users", user("bo@contoso.example", emails=ENTRIES))
    for answer in (scim.get("/Users"), scim.post("/Users/.search", search)):
        kept = newest().response_body.encode()
        assert kept.endswith("…".encode())
        assert answer.content.startswith(kept.removesuffix("…".encode()))
        assert READ_LIMIT - 8 < len(kept) <= READ_LIMIT


@pytest.mark.parametrize("letter", ["a", "ä", "€", "😀"])
def test_requests_are_capped(rfc_scim: ScimClient, letter: str) -> None:
    """At 64 KiB, cut between characters; changes at as much."""
    entries = [{"value": letter * 5_000} for _ in range(20)]
    created(rfc_scim, "/Users", user("ada", emails=entries))
    event = newest()
    assert BODY_LIMIT - 8 < len(event.request_body.encode()) <= BODY_LIMIT
    assert event.request_body.endswith("…")
    assert "�" not in event.request_body
    assert len(orjson.dumps(event.changes)) <= BODY_LIMIT


def test_of_a_long_list_only_what_differs_is_kept(scim: ScimClient) -> None:
    """Another entry of a hundred is a change of one entry."""
    ada = created(scim, "/Users", user(emails=ENTRIES))["id"]
    path = f'emails[value eq "{ENTRIES[7]["value"]}"].type'
    operation = {"op": "replace", "path": path, "value": "home"}
    assert scim.patch(f"/Users/{ada}", patch_op(operation)).status_code == 200
    assert newest().changes == {
        "emails": [
            [ENTRIES[7]],
            [{**ENTRIES[7], "type": "home"}, "… and 99 that stayed"],
        ]
    }


def test_a_group_keeps_the_ids_of_who_joined(scim: ScimClient) -> None:
    """However many there are in it: those who were there already are not told again."""
    people = [
        created(scim, "/Users", user(f"u{number}@contoso.example"))["id"]
        for number in range(150)
    ]
    risk = created(scim, "/Groups", group(members=members(*people[:-1])))["id"]
    assert newest().changes["members"] == [[], people[:-1]]
    everybody = group(members=members(*people))
    assert scim.put(f"/Groups/{risk}", everybody).status_code == 200
    assert newest().changes["members"] == [[], people[-1:]]


def test_a_small_bulk_writes_little(scim: ScimClient, contoso: Organization) -> None:
    """Not the user again with each operation, nor a list of which one value changed."""
    ada = created(scim, "/Users", user(emails=ENTRIES))["id"]
    ProvisioningEvent.objects.all().delete()
    long = {"op": "replace", "path": "title", "value": "x" * 10_000}
    home = f'emails[value eq "{ENTRIES[0]["value"]}"].type'
    operations = [patch(f"/Users/{ada}", patch_op(long))]
    for number in range(100):
        operation = {"op": "replace", "path": home, "value": f"t{number}"}
        operations.append(patch(f"/Users/{ada}", patch_op(operation)))
        operation = {"op": "replace", "path": "title", "value": f"t{number}"}
        operations.append(patch(f"/Users/{ada}", patch_op(operation)))
    operations.append(delete(f"/Users/{ada}"))
    found = results(scim, *operations)
    assert {each["status"] for each in found} == {"200", "204"}

    events = ProvisioningEvent.objects.for_organization(contoso)
    assert events.count() == len(operations) + 1
    assert [event.response_body for event in events if event.response_body] == []
    bulk = events.get(action="bulk")
    assert bulk.request_body.startswith("{")
    sent = len(orjson.dumps(operations))
    assert sum(map(stored, events)) < 4 * sent
    for event in events.exclude(pk=bulk.pk):
        most = max(WHOLE, len(event.request_body))
        assert len(orjson.dumps(event.changes)) <= most
