"""sortBy and sortOrder (RFC 7644 section 3.4.2.3)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scim2_models import SearchRequest

from scim.models import DirectoryGroup, DirectoryUser
from scim.resources.schemas import GROUP_KIND, USER_KIND
from tests.scim.messages import (
    ENTERPRISE,
    GROUP,
    SEARCH_REQUEST,
    USER,
    Document,
    created,
    group,
    listed,
    members,
    refused,
    user,
)

if TYPE_CHECKING:
    from tests.situations import ScimClient

LONG = "x" * 256
PEOPLE: list[Document] = [
    user(
        "bo",
        displayName="Öz",
        active=False,
        externalId="b",
        profileUrl="B",
        emails=[{"value": "z@x.example"}, {"value": "A@x.example", "primary": True}],
        name={"familyName": "park", "givenName": "Bo"},
        **{ENTERPRISE: {"department": "Risk", "manager": {"value": "a"}}},
    ),
    user("Äda", displayName="ada", active=True, externalId="B", profileUrl="a"),
    user(
        "ada",
        title="\N{GRINNING FACE}",
        emails=[{"type": "work", "value": "m@x.example"}, {"value": "b@x.example"}],
        name={"familyName": "Park", "givenName": "Ada"},
        photos=[{"value": "B"}, {"value": "a", "type": "photo"}],
        **{ENTERPRISE: {"department": "risk", "employeeNumber": "10"}},
    ),
    user("cy", title="\uffee", emails=[{"type": "home"}, {"value": "c@x.example"}]),
    user("dee", title="Zoë", addresses=[{"locality": "Ulm"}], active=True),
    user("Eve", title="zoe", **{ENTERPRISE: {"manager": {"value": "B"}}}),
    user("fay", nickName=f"{LONG}b", profileUrl="b"),
    user("gil", nickName=f"{LONG}a", addresses=[{"locality": "aachen"}]),
]
SORTS = [
    "id",
    "userName",
    "USERNAME",
    f"{USER}:userName",
    "externalId",
    "displayName",
    "title",
    "profileUrl",
    "active",
    "name.familyName",
    "name.givenName",
    "emails",
    "emails.value",
    "emails.type",
    "emails.primary",
    "photos",
    "addresses.locality",
    f"{ENTERPRISE}:department",
    f"{ENTERPRISE}:employeeNumber",
    f"{ENTERPRISE}:manager.value",
    "meta.created",
    "meta.lastModified",
    "meta.resourceType",
    "meta.location",
    "schemas",
    "groups",
    "groups.value",
    "groups.$ref",
    "groups.display",
    "groups.type",
    "members",
    "members.value",
    "members.$ref",
    "members.type",
    f"{GROUP}:displayName",
]
OF_GROUPS_ONLY = ("members", GROUP)
ORDERS = ["ascending", "descending"]


class Directory:
    """What is sorted; its repr must not fill pages of a failing report."""

    def __init__(self, scim: ScimClient) -> None:
        self.scim = scim
        self.users = listed(scim.get("/Users"))
        self.groups = listed(scim.get("/Groups"))

    def found(self, path: str, **body: Any) -> list[str]:
        body |= {"schemas": [SEARCH_REQUEST]}
        return [item["id"] for item in listed(self.scim.post(path, body))]


@pytest.fixture
def directory(rfc_scim: ScimClient) -> Directory:
    """Eight people, and three groups with members; times in another order than ids."""
    ids = [created(rfc_scim, "/Users", body)["id"] for body in PEOPLE]
    for name, number in (("risk", 3), ("Öz", 1), ("Ada", 0)):
        team = group(name, members=members(*ids[number : 2 * number]))
        created(rfc_scim, "/Groups", team)
    start = datetime(2026, 3, 1, 11, 59, 59, tzinfo=UTC)
    rows = [*DirectoryUser.objects.order_by("pk"), *DirectoryGroup.objects.all()]
    for number, row in enumerate(rows):
        row.created = start - timedelta(milliseconds=number % 5)
        row.modified = start + timedelta(milliseconds=number * 7 % 10)
        row.save()
    return Directory(rfc_scim)


def expected(documents: list[Document], sort_by: str, order: str) -> list[str]:
    """Return the ids as scim2-models sorts; those of equal resources by id."""
    asked = {"sortBy": sort_by, "sortOrder": order}
    request: Any = SearchRequest.model_validate(asked)
    resources = [
        (USER_KIND if USER in item["schemas"] else GROUP_KIND).model.model_validate(
            item
        )
        for item in sorted(
            documents, key=lambda item: item["id"], reverse=order == "descending"
        )
    ]
    return [resource.id for resource in request.sort(resources)]


@settings(
    max_examples=120,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    sort_by=st.sampled_from(SORTS),
    order=st.sampled_from(ORDERS),
    start=st.integers(1, 12),
    count=st.integers(1, 12),
)
def test_sql_sorts_as_scim2_models(
    directory: Directory, sort_by: str, order: str, start: int, count: int
) -> None:
    """Any page of any order, of one resource type and of both."""
    sort = {"sortBy": sort_by, "sortOrder": order, "startIndex": start, "count": count}
    window = slice(start - 1, start - 1 + count)
    both = [*directory.users, *directory.groups]
    # Beyond 256 characters they are equal to us.
    shown = [item | ({"nickName": LONG} if "nickName" in item else {}) for item in both]
    found = directory.found("/.search", **sort)
    assert found == expected(shown, sort_by, order)[window]
    if not sort_by.startswith(OF_GROUPS_ONLY):
        found = directory.found("/Users/.search", **sort)
        assert found == expected(directory.users, sort_by, order)[window]


def names(scim: ScimClient, path: str = "/Users", **query: Any) -> list[str]:
    resources = listed(scim.get(f"{path}?{urlencode(query)}"))
    return [item.get("userName") or item["displayName"] for item in resources]


CASES: dict[str, list[str]] = {
    # Without letter case, and by code point: ä is behind z.
    "userName": ["ada", "bo", "cy", "dee", "Eve", "fay", "gil", "Äda"],
    # Missing ones last, by id.
    "displayName": ["Äda", "bo", "ada", "cy", "dee", "Eve", "fay", "gil"],
    # Exactly: B before b.
    "externalId": ["Äda", "bo", "ada", "cy", "dee", "Eve", "fay", "gil"],
    "active": ["bo", "Äda", "dee", "ada", "cy", "Eve", "fay", "gil"],
    # By the primary one, else the first, which has none with Cy.
    "emails": ["bo", "ada", "Äda", "cy", "dee", "Eve", "fay", "gil"],
    # U+FFEE is before an emoji, though not in UTF-16.
    "title": ["Eve", "dee", "cy", "ada", "bo", "Äda", "fay", "gil"],
    "name.familyName": ["bo", "ada", "Äda", "cy", "dee", "Eve", "fay", "gil"],
    f"{ENTERPRISE}:manager.value": [
        "Eve",
        "bo",
        "Äda",
        "ada",
        "cy",
        "dee",
        "fay",
        "gil",
    ],
    # The first 256 characters are equal.
    "nickName": ["fay", "gil", "bo", "Äda", "ada", "cy", "dee", "Eve"],
}


@pytest.mark.parametrize("sort_by", CASES)
def test_orders(directory: Directory, sort_by: str) -> None:
    """3.4.2.3: case as caseExact says; no value last, or first when descending."""
    assert names(directory.scim, sortBy=sort_by) == CASES[sort_by]
    found = names(directory.scim, sortBy=sort_by, sortOrder="descending")
    assert found == CASES[sort_by][::-1]


def test_the_root_sorts_both_types_together(directory: Directory) -> None:
    """3.4.2.1, 3.4.2.3: one list; what a type does not declare, it does not have."""

    def found(**body: Any) -> list[str]:
        body |= {"schemas": [SEARCH_REQUEST]}
        resources = listed(directory.scim.post("/.search", body))
        return [item.get("userName") or item["displayName"] for item in resources]

    assert found(sortBy="displayName", count=6) == [
        "Ada",
        "Äda",
        "risk",
        "Öz",
        "bo",
        "ada",
    ]
    assert found(sortBy="displayName", startIndex=3, count=2) == ["risk", "Öz"]
    by_name = found(sortBy="userName")
    assert by_name[:2] == ["ada", "bo"]
    assert by_name[-3:] == ["risk", "Öz", "Ada"]
    assert found(sortBy="userName", sortOrder="descending") == by_name[::-1]


def test_sorting_with_a_filter(directory: Directory) -> None:
    found = names(directory.scim, filter="title pr", sortBy="title", count=3)
    assert found == ["Eve", "dee", "cy"]


def test_order_without_sort_by_is_ignored(directory: Directory) -> None:
    """3.4.2.3: sortOrder is the order in which sortBy is applied."""
    found = names(directory.scim, sortOrder="descending")
    assert found == [body["userName"] for body in PEOPLE]


REFUSED = [
    "shoeSize",
    "name",
    "meta",
    "meta.version",
    "addresses",
    "password",
    "manager",
    f"{ENTERPRISE}",
    f"{ENTERPRISE}:manager",
    "urn:example:other:userName",
    "userName.x",
    'emails[type eq "work"].value',
    'emails[type eq "work"]',
    "user name",
    "userName,title",
    "",
    "\0",
    "title\0",
    "title'--",
    'title" DESC',
    "x" * 1_024,
    "x" * 5_000,
    ".".join(["a"] * 400),
]


@pytest.mark.parametrize(
    "sort_by", REFUSED, ids=[f"{n}-{text[:20]!r}" for n, text in enumerate(REFUSED)]
)
def test_what_cannot_be_sorted_by(rfc_scim: ScimClient, sort_by: str) -> None:
    """400 invalidPath, of RFC 7644 table 9 the type for names of attributes."""
    response = rfc_scim.get(f"/Users?{urlencode({'sortBy': sort_by})}")
    assert "sortBy" in refused(response, 400, "invalidPath")
    # No body may hold NUL.
    scim_type = "invalidValue" if "\0" in sort_by else "invalidPath"
    for path in ("/Users/.search", "/.search"):
        body = {"schemas": [SEARCH_REQUEST], "sortBy": sort_by}
        refused(rfc_scim.post(path, body), 400, scim_type)


def test_a_type_is_asked_for_its_own_attributes(rfc_scim: ScimClient) -> None:
    refused(rfc_scim.get("/Groups?sortBy=userName"), 400, "invalidPath")
    refused(rfc_scim.get("/Users?sortBy=members"), 400, "invalidPath")


WRONG_ORDERS: list[Any] = ["up", "", "Ascending", 1, ["ascending"], {}]
WRONG_NAMES: list[Any] = [5, ["userName"], {"a": "b"}, True]


@pytest.mark.parametrize(
    "query",
    [{"sortOrder": order} for order in WRONG_ORDERS]
    + [{"sortBy": name} for name in WRONG_NAMES],
)
def test_wrong_types(rfc_scim: ScimClient, query: Document) -> None:
    """400 invalidValue that names the parameter."""
    body = {"schemas": [SEARCH_REQUEST], "sortBy": "userName", **query}
    response = rfc_scim.post("/Users/.search", body)
    assert next(iter(query)) in refused(response, 400, "invalidValue")
