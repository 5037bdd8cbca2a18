"""Ceilings of queries (design, section 7); BEGIN and SAVEPOINT are not counted."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from scim.models import DirectoryGroup, DirectoryUser, GroupMembership, Organization
from tests.scim.messages import (
    ENTERPRISE,
    created,
    filter_query,
    group,
    listed,
    members,
    patch_op,
    user,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.situations import ScimClient

NOT_COUNTED = ("BEGIN", "SAVEPOINT", "RELEASE SAVEPOINT", "COMMIT", "ROLLBACK")
SIZES = pytest.mark.parametrize("size", [1, 500])


@contextmanager
def at_most(ceiling: int) -> Iterator[None]:
    with CaptureQueriesContext(connection) as context:
        yield
    queries = [
        query["sql"]
        for query in context.captured_queries
        if not query["sql"].startswith(NOT_COUNTED)
    ]
    assert len(queries) <= ceiling, "\n".join(queries)


def users(organization: Organization, size: int) -> list[DirectoryUser]:
    rows = []
    for number in range(size):
        row = DirectoryUser(organization=organization, created=timezone.now())
        row.modified = row.created
        row.assign({"userName": f"user{number}@contoso.example"})
        rows.append(row)
    return DirectoryUser.objects.bulk_create(rows)


def filled(organization: Organization, people: list[DirectoryUser]) -> DirectoryGroup:
    """Return a group with these members."""
    count = DirectoryGroup.objects.count()
    row = DirectoryGroup(organization=organization, created=timezone.now())
    row.modified = row.created
    row.assign({"displayName": f"Group {count}"})
    row.save()
    GroupMembership.objects.bulk_create(
        GroupMembership(organization=organization, group=row, user=person)
        for person in people
    )
    return row


@pytest.fixture
def warm(scim: ScimClient) -> ScimClient:
    """A client whose token has been used within the minute."""
    scim.get("/Users?count=0")
    return scim


@SIZES
def test_get_and_filter_a_user(
    warm: ScimClient, contoso: Organization, size: int
) -> None:
    """Get 4, filter 4, however many groups the user is in."""
    [ada] = users(contoso, 1)
    for _ in range(min(size, 20)):
        filled(contoso, [ada])
    with at_most(4):
        assert warm.get(f"/Users/{ada.scim_id}").status_code == 200
    query = filter_query(f'userName eq "{ada.scim_username}"')
    with at_most(4):
        assert len(listed(warm.get(f"/Users?{query}"))) == 1


@SIZES
def test_list_of_users(warm: ScimClient, contoso: Organization, size: int) -> None:
    """A list of 100: 5, its groups included."""
    people = users(contoso, size)
    filled(contoso, people)
    with at_most(5):
        found = listed(warm.get("/Users?count=100"))
    assert len(found) == min(size, 100)
    assert "groups" in found[0]
    for query in ("sortBy=userName", "sortBy=title&startIndex=301", "cursor="):
        with at_most(7 if "startIndex" in query else 5):
            listed(warm.get(f"/Users?count=100&{query}"))


def test_post_a_user(warm: ScimClient) -> None:
    """POST 6, and 2 more for a new department."""
    body = user(**{ENTERPRISE: {"department": "Risk"}})
    with at_most(6 + 2):
        assert warm.post("/Users", body).status_code == 201
    body = user("bo@contoso.example", **{ENTERPRISE: {"department": "Risk"}})
    with at_most(6 + 1):
        assert warm.post("/Users", body).status_code == 201
    emails = [{"value": "cy@x.example", "type": "work"}, {"value": "c@y.example"}]
    with at_most(6):
        body = user("cy@contoso.example", emails=emails)
        assert warm.post("/Users", body).status_code == 201


def test_patch_a_user(warm: ScimClient) -> None:
    """8, with the department and the name changing."""
    ada = created(warm, "/Users", user())["id"]
    operations = patch_op(
        {"op": "Replace", "path": "userName", "value": "bo@contoso.example"},
        {"op": "Replace", "path": "active", "value": "False"},
        {"op": "Replace", "path": "title", "value": "Head"},
    )
    with at_most(8):
        assert warm.patch(f"/Users/{ada}", operations).status_code == 200


def test_patch_writes_what_changed(warm: ScimClient) -> None:
    """A column that is written has its indexes written, and there are a dozen."""
    ada = created(warm, "/Users", user())["id"]
    operation = {"op": "Replace", "path": "active", "value": "False"}
    with CaptureQueriesContext(connection) as context:
        assert warm.patch(f"/Users/{ada}", patch_op(operation)).status_code == 200
    [update] = [
        query["sql"]
        for query in context.captured_queries
        if query["sql"].startswith('UPDATE "scim_directoryuser"')
    ]
    for column in ("user_name_key", "display_name_key", "department_id"):
        assert f'"{column}" =' not in update
    row = DirectoryUser.objects.get()
    assert (row.active, row.is_enabled, row.version) == (False, False, 2)
    assert row.data["active"] is row.search["active"] is False


def test_patch_the_emails_of_a_user(warm: ScimClient) -> None:
    """8, with an address changed and a department; and with fewer addresses."""
    emails = [{"value": "a@x.example", "type": "work"}, {"value": "b@x.example"}]
    ada = created(warm, "/Users", user(emails=emails))["id"]
    risk = user("bo@contoso.example", **{ENTERPRISE: {"department": "Risk"}})
    created(warm, "/Users", risk)
    path = 'emails[type eq "work"].value'
    operations = patch_op(
        {"op": "Replace", "path": path, "value": "c@x.example"},
        {"op": "Replace", "path": f"{ENTERPRISE}:department", "value": "Risk"},
    )
    with at_most(8):
        assert warm.patch(f"/Users/{ada}", operations).status_code == 200
    fewer = {"op": "Replace", "path": "emails", "value": [{"value": "d@x.example"}]}
    with at_most(8):
        assert warm.patch(f"/Users/{ada}", patch_op(fewer)).status_code == 200


@SIZES
@pytest.mark.parametrize("op", ["add", "replace", "remove"])
def test_patch_members(
    warm: ScimClient, contoso: Organization, size: int, op: str
) -> None:
    """8 for n members, whatever the group holds and n is."""
    people = users(contoso, 2 * size)
    row = filled(contoso, people[:size])
    wanted = people[:size] if op == "remove" else people[size:]
    values = members(*(person.scim_id for person in wanted))
    operation = {"op": op, "path": "members", "value": values}
    # Django gives SQLite 999 parameters at most: 500 rows of three are two statements.
    inserts = 1 + (size > 333 and op != "remove" and connection.vendor == "sqlite")
    with at_most(7 + inserts):
        response = warm.patch(f"/Groups/{row.scim_id}", patch_op(operation))
    assert response.status_code == 204
    assert (
        row.memberships.count() == {"add": 2 * size, "replace": size, "remove": 0}[op]
    )


@SIZES
def test_get_a_group(warm: ScimClient, contoso: Organization, size: int) -> None:
    """Without members 3; with them one more, in one query."""
    row = filled(contoso, users(contoso, size))
    with at_most(3):
        answer = warm.get(f"/Groups/{row.scim_id}?excludedAttributes=members").json()
    assert "members" not in answer
    with at_most(4):
        answer = warm.get(f"/Groups/{row.scim_id}").json()
    assert len(answer["members"]) == size


@SIZES
def test_match_a_group(warm: ScimClient, contoso: Organization, size: int) -> None:
    """Entra's match asks for no members, and none are read."""
    filled(contoso, users(contoso, size))
    query = filter_query('displayName eq "group 0"', excludedAttributes="members")
    with at_most(3):
        assert len(listed(warm.get(f"/Groups?{query}"))) == 1


@SIZES
def test_list_of_groups(warm: ScimClient, contoso: Organization, size: int) -> None:
    """One query for the members of all groups of the page."""
    people = users(contoso, size)
    for _ in range(3):
        filled(contoso, people)
    with at_most(5):
        assert len(listed(warm.get("/Groups"))) == 3


@SIZES
def test_delete(warm: ScimClient, contoso: Organization, size: int) -> None:
    """Independent of the number of members, and of the groups of a user."""
    people = users(contoso, size)
    row = filled(contoso, people)
    with at_most(10):
        assert warm.delete(f"/Users/{people[0].scim_id}").status_code == 204
    with at_most(8):
        assert warm.delete(f"/Groups/{row.scim_id}").status_code == 204
    assert not created(warm, "/Groups", group()).get("members")
