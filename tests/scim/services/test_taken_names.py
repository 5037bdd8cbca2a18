"""A taken name is 409 uniqueness, whatever words of the database the name is made of.

PostgreSQL quotes the name in what it says of the violation, so these names say there
that it was something else, or somebody else's name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from scim.models import DirectoryGroup, DirectoryUser, EmailAddress, GroupMembership
from tests.scim.bulks import patch, post, put, results
from tests.scim.messages import created, group, patch_op, refused, user

if TYPE_CHECKING:
    from tests.situations import ScimClient

NAMES = [
    "plain",
    "foreign key",
    "FOREIGN KEY constraint failed",
    'violates foreign key constraint "x"',
    "scim_user_name_unique",
    "the user_name_key club",
    "scim_group_name_unique",
    "scim_directorygroup.display_name_key",
    "UNIQUE constraint failed: scim_directoryuser.user_name_key",
    "UNIQUE constraint failed: scim_directorygroup.display_name_key",
    "deadlock detected",
    "could not serialize access",
    "database is locked",
    "database or disk is full",
    "23503 40P01 40001",
    "SQLITE_CONSTRAINT_FOREIGNKEY",
    "server closed the connection unexpectedly",
]

KINDS = {
    "/Users": ("userName", user, "userName is taken by another user"),
    "/Groups": ("displayName", group, "displayName is taken by another group"),
}


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses before another try of a call: none is worth one here."""
    made: list[float] = []
    monkeypatch.setattr("scim.http.endpoint.time.sleep", made.append)
    return made


def stored() -> list[Any]:
    return [
        list(model.objects.order_by("pk").values())
        for model in (DirectoryUser, DirectoryGroup, GroupMembership, EmailAddress)
    ]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("endpoint", list(KINDS))
def test_a_taken_name_is_told_by_every_verb(
    rfc_scim: ScimClient, pauses: list[float], endpoint: str, name: str
) -> None:
    attribute, body, sentence = KINDS[endpoint]
    # Of the other kind somebody has the name as well, which is nobody's trouble.
    for other, (_, their_body, _) in KINDS.items():
        created(rfc_scim, other, their_body(name))
    mine = created(rfc_scim, endpoint, body("mine"))["id"]
    before = stored()
    taken = name.upper()
    rename: Any = {"op": "replace", "path": attribute, "value": taken}
    without_path: Any = {"op": "replace", "value": {attribute: taken}}
    path = f"{endpoint}/{mine}"

    answers = [
        rfc_scim.post(endpoint, body(taken)),
        rfc_scim.put(path, body(taken)),
        rfc_scim.patch(path, patch_op(rename)),
        rfc_scim.patch(path, patch_op(without_path)),
    ]
    for answer in answers:
        assert refused(answer, 409, "uniqueness").startswith(sentence)
        assert "Retry-After" not in answer.headers
    in_bulk = results(
        rfc_scim,
        post(endpoint, "new", body(taken)),
        put(path, body(taken)),
        patch(path, patch_op(rename)),
    )
    for result in in_bulk:
        assert result["status"] == "409"
        assert result["response"]["scimType"] == "uniqueness"
        assert result["response"]["detail"].startswith(sentence)

    assert stored() == before
    assert pauses == []


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_taken_by_two_creations_of_one_bulk(
    rfc_scim: ScimClient, pauses: list[float], name: str
) -> None:
    found = results(
        rfc_scim,
        post("/Groups", "first", group(name)),
        post("/Groups", "second", group(name)),
    )
    assert [result["status"] for result in found] == ["201", "409"]
    assert DirectoryGroup.objects.get().scim_display_name == name
    assert pauses == []
