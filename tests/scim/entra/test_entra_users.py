"""Users as Microsoft Entra ID sends them; numbers are those of docs/scim.md."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from scim.models import DirectoryUser
from tests.scim.messages import (
    ENTERPRISE,
    USER,
    created,
    filter_query,
    listed,
    patch_op,
    patched,
    read,
    user,
)

if TYPE_CHECKING:
    from tests.situations import ScimClient

ADA = "ada.park@contoso.example"
MANAGER_PATH = f"{ENTERPRISE}:manager"


def default_mapping(manager: Any) -> dict[str, Any]:
    """The full default mapping of an enterprise application (1.3)."""
    return {
        "schemas": [USER, ENTERPRISE],
        "externalId": "apark",
        "userName": ADA,
        "active": True,
        "displayName": "Ada Park",
        "title": "Analyst",
        "preferredLanguage": "en-GB",
        "emails": [{"primary": True, "type": "work", "value": ADA}],
        "addresses": [
            {
                "primary": True,
                "type": "work",
                "formatted": "Dock 4",
                "streetAddress": "4 Quay Rd",
                "locality": "Leith",
                "region": "Edinburgh",
                "postalCode": "EH6 6AA",
                "country": "GB",
            }
        ],
        "phoneNumbers": [
            {"primary": True, "type": "work", "value": "+44 131 555 0101"},
            {"type": "mobile", "value": "+44 7700 900111"},
            {"type": "fax", "value": "+44 131 555 0102"},
        ],
        "meta": {"resourceType": "User"},
        "name": {"formatted": "Ada Park", "familyName": "Park", "givenName": "Ada"},
        "roles": [],
        ENTERPRISE: {
            "employeeNumber": "7731",
            "department": "Risk",
            "manager": manager,
        },
    }


@pytest.fixture
def ada(scim: ScimClient) -> str:
    """The id of a user whom Entra has created with the full default mapping."""
    scim_id: str = created(scim, "/Users", default_mapping("m-1"))["id"]
    return scim_id


@pytest.mark.parametrize("manager", ["m-1", {"value": "m-1"}], ids=["text", "object"])
def test_the_default_mapping_makes_the_round_trip(
    scim: ScimClient, manager: Any
) -> None:
    """1.3: the answer of POST, GET and a filtered GET is what was sent, and complete."""
    response = scim.post("/Users", default_mapping(manager))
    assert response.status_code == 201
    assert response.headers["Content-Type"] == "application/scim+json"
    answer = response.json()
    expected = default_mapping({"value": "m-1"}) | {
        "id": answer["id"],
        "meta": answer["meta"],
    }
    # An empty array is one state with absent (RFC 7643 section 2.5).
    expected.pop("roles")
    assert answer == expected
    assert response.headers["Location"] == answer["meta"]["location"]
    assert read(scim, "/Users", answer["id"]) == answer
    query = filter_query(f'userName eq "{ADA}"')
    assert listed(scim.get(f"/Users?{query}")) == [answer]
    row = DirectoryUser.objects.with_scim_id(answer["id"]).get()
    assert (row.scim_username, row.display_name) == (ADA, "Ada Park")
    assert (row.scim_external_id, row.manager_value) == ("apark", "m-1")
    assert row.active is True
    assert row.department is not None
    assert row.department.name == "Risk"


def test_nulls_and_empty_values_are_absent(scim: ScimClient) -> None:
    """1.3: null members, whole attributes or parts of them, are treated as absent."""
    body = user(
        ADA,
        title=None,
        addresses=None,
        name={"givenName": "Ada", "formatted": None},
        emails=[{"type": "work", "value": ADA, "display": None}],
        **{ENTERPRISE: {"department": None, "manager": None}},
    )
    answer = created(scim, "/Users", body)
    assert set(answer) == {"schemas", "id", "userName", "name", "emails", "meta"}
    assert answer["schemas"] == [USER]
    assert answer["name"] == {"givenName": "Ada"}
    assert answer["emails"] == [{"type": "work", "value": ADA}]


def test_meta_id_and_unknown_attributes_of_the_client_are_ignored(
    scim: ScimClient,
) -> None:
    """1.3 and K21: the server alone says id and meta; what nobody declared is left out."""
    unknown = "urn:ietf:params:scim:schemas:extension:Custom:2.0:User"
    body = user(
        ADA,
        id="mine",
        meta={"resourceType": "User", "version": "W/7", "location": "https://x"},
        shoeSize=41,
        **{unknown: {"floor": "3"}},
    )
    answer = created(scim, "/Users", body)
    assert answer["id"] != "mine"
    assert answer["meta"]["version"] == 'W/"1"'
    assert answer["meta"]["location"].endswith(f"/Users/{answer['id']}")
    assert "shoeSize" not in answer
    assert unknown not in answer


@pytest.mark.parametrize(
    ("sent", "stored"),
    [(True, True), ("True", True), ("False", False), ("false", False)],
    ids=["boolean", "True", "False", "false"],
)
def test_active_as_text_is_stored_as_a_boolean(
    scim: ScimClient, sent: Any, stored: bool
) -> None:
    """1.3: the older flow sends "True"; K2: a refused or ignored one keeps access."""
    answer = created(scim, "/Users", user(ADA, active=sent))
    assert answer["active"] is stored
    assert DirectoryUser.objects.get().active is stored


def test_roles_with_primary_as_text(scim: ScimClient) -> None:
    """1.3: Microsoft's validator sends roles[].primary as the string "True"."""
    role = {"type": "WindowsAzureActiveDirectoryRole", "value": "Admin"}
    answer = created(scim, "/Users", user(ADA, roles=[role | {"primary": "True"}]))
    assert answer["roles"] == [role | {"primary": True}]


@pytest.mark.parametrize(
    "text",
    [
        f'userName eq "{ADA}"',
        f'userName eq "{ADA.upper()}"',
        f'USERNAME EQ "{ADA}"',
        'externalId eq "apark"',
        f'emails[type eq "work"].value eq "{ADA}"',
        f'emails[type eq "work" and value eq "{ADA}"]',
        f'emails.value eq "{ADA}"',
        f'{USER}:userName eq "{ADA}"',
        f'{ENTERPRISE}:employeeNumber eq "7731"',
        f'{ENTERPRISE}:manager eq "m-1"',
    ],
)
def test_matching_filters_find_the_user(scim: ScimClient, ada: str, text: str) -> None:
    """1.2: every form of a matching filter, encoded as a form."""
    created(scim, "/Users", user("other@contoso.example", externalId="other"))
    found = listed(scim.get(f"/Users?{filter_query(text)}"))
    assert [item["id"] for item in found] == [ada]


@pytest.mark.parametrize(
    "text", ['userName eq "{0}" and id eq "{1}"', 'id eq "{1}" and userName eq "{0}"']
)
def test_filters_as_on_the_wire_with_brackets_escaped(
    scim: ScimClient, ada: str, text: str
) -> None:
    """1.0: spaces are pluses, quotes %22, brackets %5B; the flag may come along."""
    wire = f"emails%5Btype+eq+%22work%22%5D.value+eq+%22{ADA.replace('@', '%40')}%22"
    found = listed(scim.get(f"/Users?aadOptscim062020&filter={wire}"))
    assert [item["id"] for item in found] == [ada]
    both = filter_query(text.format(ADA, ada))
    assert [item["id"] for item in listed(scim.get(f"/Users?{both}"))] == [ada]


@pytest.mark.parametrize(
    "text", ['id eq "{0}" and manager eq "{1}"', 'manager eq "{1}" and id eq "{0}"']
)
def test_reference_check_of_the_manager(scim: ScimClient, ada: str, text: str) -> None:
    """1.2: attributes=id with id and manager, in either order of the operands."""
    hit = filter_query(text.format(ada, "m-1"), attributes="id")
    assert listed(scim.get(f"/Users?{hit}")) == [
        {"schemas": [USER, ENTERPRISE], "id": ada}
    ]
    miss = filter_query(text.format(ada, "m-2"), attributes="id")
    assert listed(scim.get(f"/Users?{miss}")) == []


def test_disable_and_restore_keep_the_user_and_its_memberships(
    scim: ScimClient, ada: str
) -> None:
    """1.4 and K18: a disabled user is still read, found, and in its groups."""
    created(scim, "/Groups", {"displayName": "Risk EU", "members": [{"value": ada}]})
    before = read(scim, "/Users", ada)
    answer = patched(
        scim, "/Users", ada, {"op": "Replace", "path": "active", "value": "False"}
    ).json()
    assert answer["active"] is False
    assert read(scim, "/Users", ada) == answer
    assert answer["groups"] == before["groups"]
    query = filter_query(f'userName eq "{ADA}"')
    assert listed(scim.get(f"/Users?{query}")) == [answer]
    restored = patched(
        scim, "/Users", ada, {"op": "Replace", "path": "active", "value": "True"}
    ).json()
    assert {**restored, "meta": None} == {**before, "meta": None}


def test_delete_is_final(scim: ScimClient, ada: str) -> None:
    """1.4: 204, and then 404 for reading and for deleting again."""
    response = scim.delete(f"/Users/{ada}")
    assert (response.status_code, response.content) == (204, b"")
    for answer in (
        scim.get(f"/Users/{ada}"),
        scim.delete(f"/Users/{ada}"),
        scim.patch(
            f"/Users/{ada}",
            patch_op({"op": "Replace", "path": "active", "value": "True"}),
        ),
    ):
        assert answer.status_code == 404
    assert not DirectoryUser.objects.exists()
    again = created(scim, "/Users", default_mapping("m-1"))
    assert again["id"] != ada
