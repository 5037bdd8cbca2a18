"""Groups as Microsoft Entra ID sends them; numbers are those of docs/scim.md."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from scim.models import DirectoryGroup, GroupMembership
from tests.scim.messages import (
    ADSCIM_GROUP,
    GROUP,
    Document,
    created,
    filter_query,
    found,
    group,
    listed,
    member_ids,
    members,
    patch_op,
    patched,
    read,
    refused,
    user,
)

if TYPE_CHECKING:
    from tests.situations import ScimClient

ENTRA_ID = "c4d56c3c-bf3b-4e96-9b64-837018d6060e"


@pytest.fixture
def risk(scim: ScimClient) -> str:
    """The id of a group, made as Entra makes it: empty, with its own URN (G1, G2)."""
    body = {
        "schemas": [GROUP, ADSCIM_GROUP],
        "externalId": ENTRA_ID,
        "displayName": "Risk EU",
        "meta": {"resourceType": "Group"},
    }
    scim_id: str = created(scim, "/Groups", body)["id"]
    return scim_id


@pytest.fixture
def people(scim: ScimClient) -> list[str]:
    """The ids of three users."""
    return [
        created(scim, "/Users", user(f"{name}@contoso.example"))["id"]
        for name in ("ada", "bo", "cy")
    ]


def old_add(*ids: str) -> Document:
    values = [{"$ref": None, "value": scim_id} for scim_id in ids]
    return {"op": "Add", "path": "members", "value": values}


def old_remove(*ids: str) -> Document:
    return old_add(*ids) | {"op": "Remove"}


def new_add(*ids: str) -> Document:
    return {"op": "add", "path": "members", "value": members(*ids)}


def new_remove(scim_id: str) -> Document:
    return {"op": "remove", "path": f'members[value eq "{scim_id}"]'}


def test_the_urn_of_microsoft_is_accepted_and_not_shown(
    scim: ScimClient, risk: str
) -> None:
    """G1 and G2: the complete answer of an empty group, known by the RFC's URN only."""
    answer = read(scim, "/Groups", risk)
    assert answer == {
        "schemas": [GROUP],
        "id": risk,
        "externalId": ENTRA_ID,
        "displayName": "Risk EU",
        "meta": answer["meta"],
    }


@pytest.mark.parametrize("body", [{}, {"members": []}, {"members": None}])
def test_created_empty(scim: ScimClient, body: Document) -> None:
    """G2: members absent, empty or null are one state."""
    answer = created(scim, "/Groups", group(**body))
    assert "members" not in answer
    assert not GroupMembership.objects.exists()


@pytest.mark.parametrize("add", [old_add, new_add], ids=["old", "new"])
def test_members_are_added(
    scim: ScimClient, risk: str, people: list[str], add: Any
) -> None:
    """G3, G8 and G11: several in one array; 204 and nothing else is the answer."""
    response = patched(scim, "/Groups", risk, add(*people[:2]))
    assert (response.status_code, response.content) == (204, b"")
    assert response.headers["Content-Type"] == "application/scim+json"
    assert member_ids(scim, risk) == set(people[:2])


def test_the_member_shows_its_group(
    scim: ScimClient, risk: str, people: list[str]
) -> None:
    """RFC 7643 4.1.2: groups of a user is read-only and says direct; members refer."""
    patched(scim, "/Groups", risk, new_add(people[0]))
    document = read(scim, "/Groups", risk)
    person = read(scim, "/Users", people[0])
    assert person["groups"] == [
        {
            "value": risk,
            "$ref": document["meta"]["location"],
            "display": "Risk EU",
            "type": "direct",
        }
    ]
    location = person["meta"]["location"]
    assert document["members"] == [
        {"value": people[0], "$ref": location, "type": "User"}
    ]


@pytest.mark.parametrize("remove", [old_remove, new_remove], ids=["old", "new"])
def test_only_the_listed_member_is_removed(
    scim: ScimClient, risk: str, people: list[str], remove: Any
) -> None:
    """G4, G5 and K4: the others stay."""
    patched(scim, "/Groups", risk, new_add(*people))
    patched(scim, "/Groups", risk, remove(people[1]))
    assert member_ids(scim, risk) == {people[0], people[2]}


def test_members_are_selected_with_or(
    scim: ScimClient, risk: str, people: list[str]
) -> None:
    """G5, RFC 7644 3.5.2: a value path may name several."""
    patched(scim, "/Groups", risk, new_add(*people))
    selection = f'members[value eq "{people[0]}" or value eq "{people[2]}"]'
    patched(scim, "/Groups", risk, {"op": "remove", "path": selection})
    assert member_ids(scim, risk) == {people[1]}


def test_remove_without_a_value_empties_the_group(
    scim: ScimClient, risk: str, people: list[str]
) -> None:
    """G6, RFC 7644 3.5.2.2: no filter, so every member."""
    patched(scim, "/Groups", risk, new_add(*people))
    patched(scim, "/Groups", risk, {"op": "remove", "path": "members"})
    assert member_ids(scim, risk) == set()


@pytest.mark.parametrize("path", ["members", f"{GROUP}:members", None])
def test_replace_sets_the_members(
    scim: ScimClient, risk: str, people: list[str], path: str | None
) -> None:
    """G6: whoever is not named is out, by path, URN or folded."""
    patched(scim, "/Groups", risk, new_add(*people[:2]))
    wanted: Any = members(*people[1:])
    operation = {"op": "replace", "path": path, "value": wanted}
    if path is None:
        operation = {"op": "replace", "value": {"members": wanted}}
    patched(scim, "/Groups", risk, operation)
    assert member_ids(scim, risk) == set(people[1:])


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "Replace", "path": "displayName", "value": "Risk"},
        {"op": "replace", "value": {"displayName": "Risk"}},
    ],
    ids=["old", "new"],
)
def test_rename(scim: ScimClient, risk: str, operation: Document) -> None:
    """G7: the new name is found, the old one is not; members and externalId stay."""
    patched(scim, "/Groups", risk, operation)
    assert found(scim, "/Groups", 'displayName eq "RISK"') == {"Risk"}
    assert found(scim, "/Groups", 'displayName eq "Risk EU"') == set()
    assert read(scim, "/Groups", risk)["externalId"] == ENTRA_ID
    row = DirectoryGroup.objects.get()
    assert (row.scim_display_name, row.version) == ("Risk", 2)


def test_external_id_changes_without_path(scim: ScimClient, risk: str) -> None:
    """G7: the validator sends {"externalId": ...} folded."""
    patched(scim, "/Groups", risk, {"op": "replace", "value": {"externalId": "x-2"}})
    assert found(scim, "/Groups", 'externalId eq "x-2"') == {"Risk EU"}


def test_operations_on_members_count_in_order(
    scim: ScimClient, risk: str, people: list[str]
) -> None:
    """G8: several operations in one request, the last word on each member wins."""
    ada, bo, cy = people
    patched(
        scim,
        "/Groups",
        risk,
        new_add(ada),
        old_add(bo, cy),
        new_remove(bo),
        old_remove(ada),
        new_add(ada),
        {"op": "replace", "value": {"displayName": "Risk"}},
    )
    assert member_ids(scim, risk) == {ada, cy}
    assert read(scim, "/Groups", risk)["displayName"] == "Risk"


def test_nested_groups_are_refused(scim: ScimClient, risk: str) -> None:
    """G9: a member is the id of a user; a group's id names none (decision 11)."""
    other = created(scim, "/Groups", group("Other"))["id"]
    response = scim.patch(f"/Groups/{risk}", patch_op(new_add(other)))
    assert other in refused(response, 400, "invalidValue")
    assert member_ids(scim, risk) == set()


def test_repeating_is_no_failure_and_no_duplicate(
    scim: ScimClient, risk: str, people: list[str]
) -> None:
    """G10: adding a member again, removing somebody who is none."""
    patched(scim, "/Groups", risk, new_add(people[0]))
    meta = read(scim, "/Groups", risk)["meta"]
    patched(scim, "/Groups", risk, new_add(people[0], people[0]))
    patched(scim, "/Groups", risk, old_add(people[0]), new_remove(people[1]))
    patched(scim, "/Groups", risk, old_remove(people[1], "nobody"))
    answer = read(scim, "/Groups", risk)
    assert [member["value"] for member in answer["members"]] == [people[0]]
    assert answer["meta"] == meta


@pytest.mark.parametrize(
    "text", ['displayName eq "risk eu"', f'externalId eq "{ENTRA_ID}"']
)
def test_matching_leaves_members_out(
    scim: ScimClient, risk: str, people: list[str], text: str
) -> None:
    """1.5 and G12: excludedAttributes=members, in a filter and by id."""
    patched(scim, "/Groups", risk, new_add(*people))
    whole = read(scim, "/Groups", risk)
    without = {key: item for key, item in whole.items() if key != "members"}
    query = filter_query(text, excludedAttributes="members")
    assert listed(scim.get(f"/Groups?{query}")) == [without]
    assert listed(scim.get(f"/Groups?{filter_query(text)}")) == [whole]
    assert read(scim, "/Groups", risk, "?excludedAttributes=members") == without


@pytest.mark.parametrize(
    "text", ['id eq "{0}" and members eq "{1}"', 'members eq "{1}" and id eq "{0}"']
)
def test_membership_check(
    scim: ScimClient, risk: str, people: list[str], text: str
) -> None:
    """G13: in either order; the group when the user is in it, else an empty list."""
    patched(scim, "/Groups", risk, new_add(people[0]))
    hit = filter_query(text.format(risk, people[0]), attributes="id")
    assert listed(scim.get(f"/Groups?{hit}")) == [{"schemas": [GROUP], "id": risk}]
    miss = filter_query(text.format(risk, people[1]), attributes="id")
    assert listed(scim.get(f"/Groups?{miss}")) == []


def test_delete(scim: ScimClient, risk: str, people: list[str]) -> None:
    """G14: 204, then gone; its members stay and are in no group."""
    patched(scim, "/Groups", risk, new_add(*people))
    assert scim.delete(f"/Groups/{risk}").status_code == 204
    refused(scim.get(f"/Groups/{risk}"), 404)
    refused(scim.delete(f"/Groups/{risk}"), 404)
    assert "groups" not in read(scim, "/Users", people[0])
    assert not GroupMembership.objects.exists()
    assert created(scim, "/Groups", group())["id"] != risk


def test_names_are_unique(scim: ScimClient, risk: str) -> None:
    """G15: displayName must be unique for matching."""
    assert "displayName" in refused(scim.post("/Groups", group()), 409, "uniqueness")
    assert DirectoryGroup.objects.count() == 1
