"""The rules about users beyond the RFC: names, domains, departments, lengths."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from scim.models import Department, DirectoryUser, ProvisioningEvent
from scim.services.organizations import register_domain
from tests.scim.messages import (
    ENTERPRISE,
    Document,
    created,
    group,
    member_ids,
    members,
    patch_op,
    read,
    refused,
    user,
)

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Response

    from scim.models import Organization
    from tests.situations import ScimClient

METHODS = ["POST", "PUT", "PATCH"]


def rename(scim: ScimClient, method: str, name: Any) -> Response:
    """Give a new user (POST) or the only one there is another userName."""
    if method == "POST":
        return scim.post("/Users", user(name))
    path = f"/Users/{DirectoryUser.objects.get(scim_username='bo@contoso.example').scim_id}"
    if method == "PUT":
        return scim.put(path, user(name))
    return scim.patch(
        path, patch_op({"op": "replace", "path": "userName", "value": name})
    )


@pytest.fixture
def bo(scim: ScimClient) -> Document:
    return created(scim, "/Users", user("bo@contoso.example"))


# ------------------------------------------------------------------------------ names
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", ["Ada@contoso.example", "ADA@CONTOSO.EXAMPLE"])
def test_user_name_is_unique_without_letter_case(
    scim: ScimClient, bo: Document, method: str, name: str
) -> None:
    """RFC 7643 4.1.1: userName is unique and not caseExact (K28); 409, nothing stored."""
    created(scim, "/Users", user("ada@contoso.example"))
    response = rename(scim, method, name)
    assert "userName" in refused(response, 409, "uniqueness")
    assert DirectoryUser.objects.count() == 2
    assert read(scim, "/Users", bo["id"]) == bo


def test_user_name_folds_letters_of_every_script(rfc_scim: ScimClient) -> None:
    """The database is never asked to fold: SQLite would fold ASCII only."""
    created(rfc_scim, "/Users", user("ÄDA Ωmega"))
    refused(rfc_scim.post("/Users", user("äda ωMEGA")), 409, "uniqueness")


def test_a_user_may_change_the_letters_of_its_own_name(
    scim: ScimClient, bo: Document
) -> None:
    """The spelling that was sent is what reads back."""
    response = rename(scim, "PATCH", "Bo@Contoso.example")
    assert response.json()["userName"] == "Bo@Contoso.example"
    assert read(scim, "/Users", bo["id"])["userName"] == "Bo@Contoso.example"


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", ["", "   ", None, 5, ["x"], {"value": "x"}])
def test_user_name_must_be_a_name(rfc_scim: ScimClient, method: str, name: Any) -> None:
    """RFC 7643 4.1.1: userName is required and a string that is not empty."""
    bo = created(rfc_scim, "/Users", user("bo@contoso.example"))
    response = rename(rfc_scim, method, name)
    scim_type = response.json()["scimType"]
    assert scim_type in {"invalidValue", "mutability"}
    refused(response, 400, scim_type)
    assert read(rfc_scim, "/Users", bo["id"]) == bo
    assert DirectoryUser.objects.count() == 1


# ---------------------------------------------------------------------------- domains
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("name", "domain"),
    [
        ("ada@fabrikam.example", "fabrikam.example"),
        ("ada@mail.contoso.example", "mail.contoso.example"),
        ("ada@CONTOSO.EXAMPLE.", "contoso.example."),
        ("ada@", ""),
        ("@contoso.example", ""),
        ("ada", ""),
        ("ada@x@contoso.example", ""),
    ],
)
def test_only_people_of_registered_domains(
    scim: ScimClient, bo: Document, method: str, name: str, domain: str
) -> None:
    """Decision 11: else 400 invalidValue, and the event names the domain to register."""
    detail = refused(rename(scim, method, name), 400, "invalidValue")
    event = ProvisioningEvent.objects.first()
    assert event is not None
    assert event.refused_domain == domain
    assert (event.outcome, event.status) == ("refused", 400)
    assert event.detail == detail
    if domain:
        assert domain in detail
    assert [row.scim_id for row in DirectoryUser.objects.all()] == [bo["id"]]
    assert read(scim, "/Users", bo["id"]) == bo


@pytest.mark.parametrize("method", METHODS)
def test_the_domain_is_compared_without_letter_case(
    scim: ScimClient, bo: Document, method: str
) -> None:
    response = rename(scim, method, "ada@Contoso.EXAMPLE")
    assert response.status_code in (200, 201)
    assert response.json()["userName"] == "ada@Contoso.EXAMPLE"


def test_a_newly_registered_domain_is_open(
    scim: ScimClient, contoso: Organization
) -> None:
    refused(scim.post("/Users", user("a@tailspin.example")), 400, "invalidValue")
    register_domain(organization=contoso, name="Tailspin.example")
    created(scim, "/Users", user("a@tailspin.example"))


@pytest.mark.parametrize("method", METHODS)
def test_the_rfc_profile_takes_any_name(rfc_scim: ScimClient, method: str) -> None:
    """Decision 11: with the profile rfc, userName is any text."""
    created(rfc_scim, "/Users", user("bo@contoso.example"))
    response = rename(rfc_scim, method, "nobody in particular")
    assert response.status_code in (200, 201)


# ------------------------------------------------------------------------ departments
def test_departments_are_made_by_name(scim: ScimClient, contoso: Organization) -> None:
    """Decision 5: one row whatever the letter case; each reads back as it was sent."""
    ada = created(scim, "/Users", user(**{ENTERPRISE: {"department": "Risk & Söhne"}}))
    bo = created(
        scim,
        "/Users",
        user("bo@contoso.example", **{ENTERPRISE: {"department": "RISK & SÖHNE"}}),
    )
    assert ada[ENTERPRISE]["department"] == "Risk & Söhne"
    assert bo[ENTERPRISE]["department"] == "RISK & SÖHNE"
    row = Department.objects.get()
    assert (row.name, row.organization) == ("Risk & Söhne", contoso)
    assert row.users.count() == 2


def test_departments_belong_to_one_organization(
    scim: ScimClient, fabrikam_scim: ScimClient
) -> None:
    body = {ENTERPRISE: {"department": "Risk"}}
    created(scim, "/Users", user(**body))
    created(fabrikam_scim, "/Users", user("ada@fabrikam.example", **body))
    assert Department.objects.count() == 2
    assert [row.users.count() for row in Department.objects.all()] == [1, 1]


# ---------------------------------------------------------------------------- lengths
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("profile", "attribute", "limit"),
    [
        ("zscaler", "userName", 127),
        ("zscaler", "displayName", 127),
        ("zscaler", f"{ENTERPRISE}:department", 128),
        ("zscaler", "externalId", 254),
        ("rfc", "userName", 254),
        ("rfc", "displayName", 254),
        ("rfc", f"{ENTERPRISE}:department", 254),
        ("rfc", f"{ENTERPRISE}:manager", 254),
        ("rfc", "title", 10_240),
    ],
)
def test_lengths(
    request: pytest.FixtureRequest,
    method: str,
    profile: str,
    attribute: str,
    limit: int,
) -> None:
    """Decision 11: checked in Python, so both databases give the same answer."""
    name = {"zscaler": "scim", "rfc": "rfc_scim"}[profile]
    scim: ScimClient = request.getfixturevalue(name)
    bo = created(scim, "/Users", user("bo@contoso.example"))
    # Letters of two bytes: the limit is one of characters.
    tail = "@contoso.example" if attribute == "userName" else ""

    def send(length: int) -> Response:
        text = "ä" * (length - len(tail)) + tail
        if method == "PATCH":
            operation = {"op": "add", "path": attribute, "value": text}
            return scim.patch(f"/Users/{bo['id']}", patch_op(operation))
        extension, _, short = attribute.rpartition(":")
        attributes = {extension: {short: text}} if extension else {short: text}
        other = "bo" if method == "PUT" else "ada"
        body = user(f"{other}@contoso.example") | attributes
        if method == "PUT":
            return scim.put(f"/Users/{bo['id']}", body)
        return scim.post("/Users", body)

    before = DirectoryUser.objects.count()
    assert str(limit) in refused(send(limit + 1), 400, "invalidValue")
    assert DirectoryUser.objects.count() == before
    assert read(scim, "/Users", bo["id"]) == bo
    assert send(limit).status_code in (200, 201)


# -------------------------------------------------------------------------------- ids
def test_a_deleted_user_leaves_its_groups_and_its_id(scim: ScimClient) -> None:
    """RFC 7643 3.1: an id is never reassigned; the group's lastModified moves."""
    ada = created(scim, "/Users", user())
    bo = created(scim, "/Users", user("bo@contoso.example"))
    risk = created(scim, "/Groups", group(members=members(ada["id"], bo["id"])))
    assert scim.delete(f"/Users/{bo['id']}").status_code == 204
    assert member_ids(scim, risk["id"]) == {ada["id"]}
    meta = read(scim, "/Groups", risk["id"])["meta"]
    assert meta["version"] == 'W/"2"'
    assert meta["lastModified"] > risk["meta"]["lastModified"]
    # The newest row was deleted: the next must not get its key.
    assert created(scim, "/Users", user("cy@contoso.example"))["id"] > bo["id"]
