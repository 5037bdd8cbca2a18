"""Groups by POST, GET, PUT, PATCH and DELETE (RFC 7644 sections 3.3 to 3.6)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from scim.models import DirectoryGroup, GroupMembership, ProvisioningEvent
from tests.scim.messages import (
    GROUP,
    Document,
    created,
    group,
    member_ids,
    members,
    patch_op,
    patched,
    read,
    refused,
    user,
)

if TYPE_CHECKING:
    from tests.situations import ScimClient, Tenant

METHODS = ["POST", "PUT", "PATCH"]


@pytest.fixture
def people(scim: ScimClient) -> list[str]:
    return [
        created(scim, "/Users", user(f"{name}@contoso.example"))["id"]
        for name in ("ada", "bo", "cy")
    ]


def test_post_and_get(scim: ScimClient, people: list[str]) -> None:
    """RFC 7644 3.3: 201, Location, and the whole group with its members."""
    body = group(externalId="g-1", members=members(*people[:2]))
    response = scim.post("/Groups", body)
    assert response.status_code == 201
    answer = response.json()
    base = f"http://testserver{scim.base}"
    assert answer == {
        "schemas": [GROUP],
        "id": answer["id"],
        "externalId": "g-1",
        "displayName": "Risk EU",
        "members": [
            {"value": scim_id, "$ref": f"{base}/Users/{scim_id}", "type": "User"}
            for scim_id in people[:2]
        ],
        "meta": {
            "resourceType": "Group",
            "created": answer["meta"]["created"],
            "lastModified": answer["meta"]["created"],
            "location": f"{base}/Groups/{answer['id']}",
            "version": 'W/"1"',
        },
    }
    assert response.headers["Location"] == answer["meta"]["location"]
    assert read(scim, "/Groups", answer["id"]) == answer


def test_put_replaces_everything(scim: ScimClient, people: list[str]) -> None:
    """RFC 7644 3.5.1: members and externalId are gone unless sent again."""
    body = group(externalId="g-1", members=members(*people[:2]))
    first = created(scim, "/Groups", body)
    again = group("Risk", members=members(*people[1:]))
    answer = scim.put(f"/Groups/{first['id']}", again).json()
    assert "externalId" not in answer
    assert answer["displayName"] == "Risk"
    assert [member["value"] for member in answer["members"]] == people[1:]
    assert read(scim, "/Groups", first["id"]) == answer
    bare = scim.put(f"/Groups/{first['id']}", group("Risk")).json()
    assert "members" not in bare
    assert not GroupMembership.objects.exists()


def test_a_repeated_put_or_patch_changes_nothing(
    scim: ScimClient, people: list[str]
) -> None:
    body = group(members=members(*people))
    first = created(scim, "/Groups", body)
    assert scim.put(f"/Groups/{first['id']}", body).json() == first
    same = {"op": "replace", "path": "displayName", "value": "Risk EU"}
    patched(scim, "/Groups", first["id"], same)
    everybody = {"op": "replace", "path": "members", "value": body["members"]}
    patched(scim, "/Groups", first["id"], everybody)
    assert read(scim, "/Groups", first["id"]) == first


@pytest.mark.parametrize("method", METHODS)
def test_display_name_is_unique_without_letter_case(
    scim: ScimClient, method: str
) -> None:
    """G15: 409 uniqueness, and neither group changes."""
    created(scim, "/Groups", group("Risk EU"))
    other = created(scim, "/Groups", group("Other"))
    if method == "POST":
        response = scim.post("/Groups", group("RISK eu"))
    elif method == "PUT":
        response = scim.put(f"/Groups/{other['id']}", group("RISK eu"))
    else:
        operation = {"op": "replace", "path": "displayName", "value": "RISK eu"}
        response = scim.patch(f"/Groups/{other['id']}", patch_op(operation))
    assert "displayName" in refused(response, 409, "uniqueness")
    assert read(scim, "/Groups", other["id"]) == other
    assert DirectoryGroup.objects.count() == 2


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", ["", " ", None, 5, ["x"], "g" * 129])
def test_display_name_must_be_a_name(scim: ScimClient, method: str, name: Any) -> None:
    """RFC 7643 4.2: displayName is required; 128 characters at most (decision 11)."""
    first = created(scim, "/Groups", group("g" * 128))
    path = f"/Groups/{first['id']}"
    if method == "POST":
        response = scim.post("/Groups", group() | {"displayName": name})
    elif method == "PUT":
        response = scim.put(path, group() | {"displayName": name})
    else:
        operation = {"op": "replace", "path": "displayName", "value": name}
        response = scim.patch(path, patch_op(operation))
    scim_type = response.json()["scimType"]
    assert scim_type in {"invalidValue", "mutability"}
    refused(response, 400, scim_type)
    assert read(scim, "/Groups", first["id"]) == first
    assert DirectoryGroup.objects.count() == 1


UNKNOWN = ["nobody", "7a736361-6c65-7200-7363-696d00ffffff"]


@pytest.mark.parametrize("unknown", UNKNOWN)
@pytest.mark.parametrize("method", METHODS)
def test_unknown_members_are_refused_whole(
    scim: ScimClient, people: list[str], method: str, unknown: str
) -> None:
    """Decision 11, profile zscaler: 400 invalidValue and nothing of it applied."""
    first = created(scim, "/Groups", group("Other", members=members(people[0])))
    wanted = members(people[1], unknown)
    path = f"/Groups/{first['id']}"
    if method == "POST":
        response = scim.post("/Groups", group(members=wanted))
    elif method == "PUT":
        response = scim.put(path, group("New name", members=wanted))
    else:
        response = scim.patch(
            path,
            patch_op(
                {"op": "replace", "path": "displayName", "value": "New name"},
                {"op": "add", "path": "members", "value": wanted},
            ),
        )
    assert unknown in refused(response, 400, "invalidValue")
    assert read(scim, "/Groups", first["id"]) == first
    assert DirectoryGroup.objects.count() == 1


@pytest.mark.parametrize("unknown", UNKNOWN)
def test_unknown_members_are_left_out_in_rfc(
    rfc_scim: ScimClient, unknown: str
) -> None:
    """Decision 11, profile rfc: ignored, and noted in the event."""
    ada = created(rfc_scim, "/Users", user())
    body = group(members=members(ada["id"], unknown))
    first = created(rfc_scim, "/Groups", body)
    assert member_ids(rfc_scim, first["id"]) == {ada["id"]}
    event = ProvisioningEvent.objects.get(resource_type="Group", action="create")
    assert (event.outcome, event.status) == ("accepted", 201)
    assert unknown in event.detail


def test_patch_answers_by_profile(scim: ScimClient, rfc_scim: ScimClient) -> None:
    """RFC 7644 3.5.2 and decision 11: 204, or 200 with the group; 200 when asked."""
    rename = {"op": "replace", "path": "displayName", "value": "Renamed"}
    mine = created(scim, "/Groups", group())
    assert patched(scim, "/Groups", mine["id"], rename).status_code == 204
    asked = scim.patch(
        f"/Groups/{mine['id']}?attributes=displayName",
        patch_op(rename | {"value": "Again"}),
    )
    assert asked.status_code == 200
    assert asked.json() == {
        "schemas": [GROUP],
        "id": mine["id"],
        "displayName": "Again",
    }
    theirs = created(rfc_scim, "/Groups", group())
    answer = patched(rfc_scim, "/Groups", theirs["id"], rename)
    assert answer.status_code == 200
    assert answer.json() == read(rfc_scim, "/Groups", theirs["id"])


def test_a_large_group_is_never_sent_back(
    rfc_scim: ScimClient, litware_tenant: Tenant
) -> None:
    """Decision 11, profile rfc: 204 above body_member_limit members."""
    litware = litware_tenant.organization
    litware.profile_overrides = {"body_member_limit": 1}
    litware.save()
    ids = [created(rfc_scim, "/Users", user(f"user {n}"))["id"] for n in range(2)]
    first = created(rfc_scim, "/Groups", group())
    for scim_id, status in zip(ids, (200, 204), strict=True):
        add = {"op": "add", "path": "members", "value": members(scim_id)}
        assert patched(rfc_scim, "/Groups", first["id"], add).status_code == status


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "replace", "path": 'members[value eq "x"].display', "value": "y"},
        {"op": "replace", "path": "members.value", "value": "y"},
        {"op": "remove", "path": 'members[type eq "User"]'},
        {"op": "remove", "path": 'members[value ne "x"]'},
        {"op": "add", "path": 'members[value eq "x"]', "value": "y"},
    ],
)
def test_members_are_selected_by_id_only(
    scim: ScimClient, people: list[str], operation: Document
) -> None:
    """RFC 7644 3.5.2: what cannot be done is invalidPath, never a guess (K4)."""
    first = created(scim, "/Groups", group(members=members(*people)))
    response = scim.patch(f"/Groups/{first['id']}", patch_op(operation))
    refused(response, 400, "invalidPath")
    assert read(scim, "/Groups", first["id"]) == first
