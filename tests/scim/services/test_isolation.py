"""Organizations see nothing of each other (design, decision 3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from scim.models import DirectoryGroup, DirectoryUser, GroupMembership
from tests.scim.bulks import delete, patch, post, put, results, statuses
from tests.scim.messages import (
    ENTERPRISE,
    SEARCH_REQUEST,
    created,
    found,
    group,
    listed,
    members,
    patch_op,
    patched,
    read,
    refused,
    user,
)

if TYPE_CHECKING:
    from tests.situations import ScimClient

REPLACE: Any = {
    "op": "replace",
    "path": "displayName",
    "value": "Taken over",
}


@pytest.fixture
def theirs(fabrikam_scim: ScimClient) -> dict[str, str]:
    """The ids of a user of Fabrikam and of the group she is in."""
    ada = created(fabrikam_scim, "/Users", user("ada@fabrikam.example"))["id"]
    body = group("Secret", members=members(ada))
    return {"Users": ada, "Groups": created(fabrikam_scim, "/Groups", body)["id"]}


def stored() -> list[Any]:
    return [
        list(model.objects.order_by("pk").values())
        for model in (DirectoryUser, DirectoryGroup, GroupMembership)
    ]


@pytest.mark.parametrize("endpoint", ["Users", "Groups"])
@pytest.mark.parametrize("tail", ["", "/", "?attributes=id"])
def test_their_ids_are_unknown(
    scim: ScimClient, theirs: dict[str, str], endpoint: str, tail: str
) -> None:
    """Every method answers as for an id that was never given, and changes nothing."""
    before = stored()
    body = {"Users": user(), "Groups": group()}[endpoint]
    nobody = theirs[endpoint][:-2] + "ff"
    for method, sent in (
        ("GET", None),
        ("HEAD", None),
        ("PUT", body),
        ("PATCH", patch_op(REPLACE)),
        ("DELETE", None),
    ):
        path = f"/{endpoint}/{theirs[endpoint]}{tail}"
        answer = scim.request(method, path, sent)
        control = scim.request(method, f"/{endpoint}/{nobody}{tail}", sent)
        assert (answer.status_code, control.status_code) == (404, 404)
        told = answer.content.replace(theirs[endpoint].encode(), nobody.encode())
        assert told == control.content
    assert stored() == before


def test_their_ids_inside_a_bulk(scim: ScimClient, theirs: dict[str, str]) -> None:
    """3.7: each operation is refused as its call would be, and changes nothing."""
    before = stored()
    found = results(
        scim,
        *(
            operation
            for endpoint, body in (("Users", user()), ("Groups", group()))
            for operation in (
                put(f"/{endpoint}/{theirs[endpoint]}", body),
                patch(f"/{endpoint}/{theirs[endpoint]}", patch_op(REPLACE)),
                delete(f"/{endpoint}/{theirs[endpoint]}"),
                delete(f"/{endpoint}/{theirs[endpoint]}", version="*"),
            )
        ),
        post("/Groups", "new", group(members=members(theirs["Users"]))),
    )
    assert statuses(found) == " ".join(["404"] * 8 + ["400"])
    assert stored() == before


def test_lists_filters_and_searches(scim: ScimClient, theirs: dict[str, str]) -> None:
    """3.4.2: an ``or`` must not reach past the organization."""
    created(scim, "/Users", user())
    assert found(scim, "/Users", "userName pr or displayName pr") == {
        "ada@contoso.example"
    }
    for text in (
        f'id eq "{theirs["Users"]}"',
        f'groups.value eq "{theirs["Groups"]}"',
        'userName eq "ada@fabrikam.example"',
        'groups.display eq "Secret"',
    ):
        assert found(scim, "/Users", text) == set()
    assert listed(scim.get("/Groups")) == []
    assert found(scim, "/Groups", f'members.value eq "{theirs["Users"]}"') == set()
    assert found(scim, "/Groups", "not (members pr)") == set()
    search = {"schemas": [SEARCH_REQUEST], "filter": "displayName pr or id pr"}
    names = [item.get("userName") for item in listed(scim.post("/.search", search))]
    assert names == ["ada@contoso.example"]


@pytest.mark.parametrize("op", ["add", "replace"])
def test_their_people_cannot_be_members(
    scim: ScimClient, theirs: dict[str, str], op: str
) -> None:
    mine = created(scim, "/Groups", group())
    before = stored()
    operation = {"op": op, "path": "members", "value": members(theirs["Users"])}
    refused(
        scim.patch(f"/Groups/{mine['id']}", patch_op(operation)), 400, "invalidValue"
    )
    body = group("New", members=members(theirs["Users"]))
    refused(scim.post("/Groups", body), 400, "invalidValue")
    refused(scim.put(f"/Groups/{mine['id']}", body), 400, "invalidValue")
    assert stored() == before


def test_their_people_cannot_be_removed(
    scim: ScimClient, theirs: dict[str, str]
) -> None:
    mine = created(scim, "/Groups", group())
    patched(
        scim,
        "/Groups",
        mine["id"],
        {"op": "remove", "path": f'members[value eq "{theirs["Users"]}"]'},
    )
    assert GroupMembership.objects.count() == 1


def test_a_foreign_manager_reveals_nothing(
    scim: ScimClient, theirs: dict[str, str]
) -> None:
    """Decision 5: manager.value is stored as sent and is no foreign key."""
    body = user(**{ENTERPRISE: {"manager": theirs["Users"]}})
    mine = created(scim, "/Users", body)
    assert read(scim, "/Users", mine["id"])[ENTERPRISE] == {
        "manager": {"value": theirs["Users"]}
    }
    assert found(scim, "/Users", f'manager eq "{theirs["Users"]}"') == {
        "ada@contoso.example"
    }


def test_names_may_be_the_same(scim: ScimClient, fabrikam_scim: ScimClient) -> None:
    """Uniqueness is that of one organization; a delete touches one of them."""
    mine = created(scim, "/Groups", group())
    theirs = created(fabrikam_scim, "/Groups", group())
    assert scim.delete(f"/Groups/{mine['id']}").status_code == 204
    assert read(fabrikam_scim, "/Groups", theirs["id"]) == theirs
