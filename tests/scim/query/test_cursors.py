"""Pages by cursor (RFC 9865)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from scim.models import DirectoryUser
from tests.scim.messages import (
    SEARCH_REQUEST,
    Document,
    created,
    group,
    refused,
    user,
)

if TYPE_CHECKING:
    from tests.situations import ScimClient

UNRESERVED = re.compile(r"[A-Za-z0-9._~-]+")
"""RFC 9865 section 2: what a cursor is made of (RFC 3986 section 2.3)."""

NAMES = ["bo", "Äda", "ada", "cy", "dee", "Eve", "fay"]
TITLES = {"bo": "b", "ada": "B", "dee": "a", "Eve": "\N{GRINNING FACE}"}


@pytest.fixture
def seven(rfc_scim: ScimClient) -> ScimClient:
    for name in NAMES:
        title = {"title": TITLES[name]} if name in TITLES else {}
        created(rfc_scim, "/Users", user(name, active=name != "cy", **title))
    return rfc_scim


def page(scim: ScimClient, path: str = "/Users", **query: Any) -> Document:
    response = scim.get(f"{path}?{urlencode(query)}")
    assert response.status_code == 200, response.content
    answer: Document = response.json()
    assert answer["itemsPerPage"] == len(answer["Resources"])
    return answer


def searched(scim: ScimClient, path: str = "/.search", **query: Any) -> Document:
    response = scim.post(path, {"schemas": [SEARCH_REQUEST], **query})
    assert response.status_code == 200, response.content
    answer: Document = response.json()
    return answer


def names(answer: Document) -> list[str]:
    return [item.get("userName") or item["displayName"] for item in answer["Resources"]]


def walk(read: Any, scim: ScimClient, **query: Any) -> list[Document]:
    """Return all pages, from the one that an empty cursor gives."""
    pages = [read(scim, cursor="", **query)]
    while "nextCursor" in pages[-1]:
        pages.append(read(scim, cursor=pages[-1]["nextCursor"], **query))
    return pages


SORTS: list[Document] = [
    {},
    {"sortBy": "userName"},
    {"sortBy": "title"},
    {"sortBy": "title", "sortOrder": "descending"},
    {"sortBy": "active", "sortOrder": "descending"},
    {"sortBy": "displayName"},
    {"sortBy": "meta.lastModified"},
    {"sortBy": "id", "sortOrder": "descending"},
]


@pytest.mark.parametrize("sort", SORTS, ids=[urlencode(sort) or "id" for sort in SORTS])
@pytest.mark.parametrize("count", [1, 2, 3, 7, 8])
def test_forth_and_back(seven: ScimClient, sort: Document, count: int) -> None:
    """2: every resource once, in order; the way back is the same pages."""
    whole = names(page(seven, **sort))
    pages = walk(page, seven, count=count, **sort)
    assert [name for each in pages for name in names(each)] == whole
    assert {each["totalResults"] for each in pages} == {7}
    assert all("startIndex" not in each for each in pages)
    assert ["previousCursor" in each for each in pages] == [
        number > 0 for number in range(len(pages))
    ]
    back = [pages[-1]]
    while "previousCursor" in back[-1]:
        cursor = back[-1]["previousCursor"]
        back.append(page(seven, cursor=cursor, count=count, **sort))
    assert [names(each) for each in back] == [names(each) for each in pages[::-1]]
    assert "nextCursor" in back[-1] or len(back) == 1


def test_the_default_is_by_number(seven: ScimClient) -> None:
    """2.4: who does not ask for a cursor gets none."""
    answer = page(seven, count=2)
    assert answer["startIndex"] == 1
    assert not {"nextCursor", "previousCursor"} & set(answer)


def test_the_default_size_is_the_profiles(seven: ScimClient) -> None:
    organization = DirectoryUser.objects.all()[0].organization
    organization.profile_overrides = {"default_page": 3}
    organization.save()
    assert [len(names(each)) for each in walk(page, seven)] == [3, 3, 1]


@pytest.mark.parametrize("count", ["0", "-1"])
def test_a_page_of_nothing(seven: ScimClient, count: str) -> None:
    """2: a count of 0 asks for totalResults alone."""
    answer = page(seven, cursor="", count=count)
    assert (answer["totalResults"], answer["Resources"]) == (7, [])
    assert not {"nextCursor", "previousCursor"} & set(answer)


def test_a_filter_goes_with_it(seven: ScimClient) -> None:
    query: Document = {"filter": "title pr", "sortBy": "title", "count": 3}
    pages = walk(page, seven, **query)
    assert [names(each) for each in pages] == [["dee", "bo", "ada"], ["Eve"]]
    assert pages[0]["totalResults"] == 4


@pytest.mark.parametrize("sort", [{}, {"sortBy": "title"}, {"sortBy": "userName"}])
@pytest.mark.parametrize("victim", [0, 1])
def test_what_is_deleted_moves_nobody(
    seven: ScimClient, sort: Document, victim: int
) -> None:
    """A page begins behind a value, whether or not a row still has it."""
    whole = names(page(seven, **sort))
    first = page(seven, cursor="", count=2, **sort)
    item = first["Resources"][victim]
    assert seven.delete(f"/Users/{item['id']}").status_code == 204
    seen = names(first)
    while "nextCursor" in first:
        first = page(seven, cursor=first["nextCursor"], count=2, **sort)
        seen += names(first)
    assert seen == whole


def test_what_is_created_moves_nobody(seven: ScimClient) -> None:
    query: Document = {"sortBy": "userName", "count": 3}
    first = page(seven, cursor="", **query)
    created(seven, "/Users", user("aaa"))
    created(seven, "/Users", user("cya"))
    rest = page(seven, cursor=first["nextCursor"], **query)
    assert names(first) == ["ada", "bo", "cy"]
    assert names(rest) == ["cya", "dee", "Eve"]


@pytest.mark.parametrize(
    "sort",
    [
        {},
        {"sortBy": "displayName"},
        {"sortBy": "displayName", "sortOrder": "descending"},
        {"sortBy": "meta.created"},
        {"sortBy": "members.value"},
        {"sortBy": "meta.lastModified", "sortOrder": "descending"},
    ],
    ids=urlencode,
)
@pytest.mark.parametrize("count", [1, 2, 4])
def test_at_the_root(seven: ScimClient, sort: Document, count: int) -> None:
    """3: in the body of .search, over both resource types as one list."""
    for name in ("Ada", "risk", "Öz"):
        created(seven, "/Groups", group(name))
    created(seven, "/Users", user("gil", displayName="Ben"))
    whole = names(searched(seven, **sort))
    pages = walk(searched, seven, count=count, **sort)
    assert [name for each in pages for name in names(each)] == whole
    assert len(whole) == 11
    last = pages[-1]
    before = searched(seven, cursor=last["previousCursor"], count=count, **sort)
    assert names(before) == names(pages[-2])


def test_a_cursor_fits_into_a_url(rfc_scim: ScimClient) -> None:
    """2: unreserved characters only, also for the longest values."""
    for number in range(2):
        name = "\N{GRINNING FACE}" * 253 + str(number)
        body = user(f"u{number}", displayName=name, nickName=name * 20)
        created(rfc_scim, "/Users", body)
    for sort_by in ("displayName", "nickName", "userName", "id"):
        first, second = walk(page, rfc_scim, count=1, sortBy=sort_by)
        for cursor in (first["nextCursor"], second["previousCursor"]):
            assert UNRESERVED.fullmatch(cursor)
            assert len(cursor) < 1_600
        assert names(first) + names(second) == ["u0", "u1"]


# ----------------------------------------------------------------------- refusals

FORGED = [
    "x",
    "1",
    ".",
    "a.b",
    "W10.W10",
    "%00",
    "\0",
    "\N{GRINNING FACE}",
    "x" * 10_000,
    "../../etc",
    "null",
]


@pytest.mark.parametrize("cursor", FORGED, ids=[repr(text[:10]) for text in FORGED])
def test_forged_cursors(seven: ScimClient, cursor: str) -> None:
    """2.1: 400 invalidCursor, with a sentence that says what to do."""
    response = seven.get(f"/Users?{urlencode({'cursor': cursor})}")
    assert "empty cursor" in refused(response, 400, "invalidCursor")


@pytest.mark.parametrize("place", [0, 5, 20, -1])
def test_tampered_cursors(seven: ScimClient, place: int) -> None:
    cursor = page(seven, cursor="", count=2, sortBy="userName")["nextCursor"]
    letters = list(cursor)
    letters[place] = "A" if letters[place] != "A" else "B"
    query = urlencode({"cursor": "".join(letters), "count": 2, "sortBy": "userName"})
    refused(seven.get(f"/Users?{query}"), 400, "invalidCursor")


@pytest.mark.parametrize(
    ("path", "change"),
    [
        ("/Users", {"filter": 'userName ne "ada"'}),
        ("/Users", {"filter": "title pr "}),
        ("/Users", {"sortBy": "userName"}),
        ("/Users", {"sortOrder": "descending"}),
        ("/Groups", {}),
    ],
)
def test_a_cursor_of_another_query(
    seven: ScimClient, path: str, change: Document
) -> None:
    """2: all but the cursor stays what it was."""
    query: Document = {"filter": "title pr", "sortBy": "title", "count": 2}
    if path == "/Groups":
        query = {"count": 2}
    cursor = page(seven, cursor="", **query)["nextCursor"]
    changed = urlencode({**query, **change, "cursor": cursor})
    refused(seven.get(f"{path}?{changed}"), 400, "invalidCursor")


def test_a_cursor_of_another_organization(seven: ScimClient, scim: ScimClient) -> None:
    cursor = page(seven, cursor="", count=2)["nextCursor"]
    for number in range(3):
        created(scim, "/Users", user(f"u{number}@contoso.example"))
    query = urlencode({"cursor": cursor, "count": 2})
    refused(scim.get(f"/Users?{query}"), 400, "invalidCursor")


def test_a_cursor_of_a_search_serves_a_query(seven: ScimClient) -> None:
    """3: the body has the parameters of the query, so it is the same one."""
    first = searched(seven, "/Users/.search", cursor="", count=2)
    assert names(page(seven, cursor=first["nextCursor"], count=2)) == NAMES[2:4]
    root = searched(seven, cursor="", count=2)
    query = urlencode({"cursor": root["nextCursor"], "count": 2})
    refused(seven.get(f"/Users?{query}"), 400, "invalidCursor")


@pytest.mark.parametrize("count", [{}, {"count": 3}, {"count": 0}])
def test_another_count(seven: ScimClient, count: Document) -> None:
    """2.1: invalidCount where it is not that of the first page."""
    cursor = page(seven, cursor="", count=2)["nextCursor"]
    query = urlencode({"cursor": cursor, **count})
    assert "count" in refused(seven.get(f"/Users?{query}"), 400, "invalidCount")


@pytest.mark.parametrize("cursor", ["", "x"])
def test_cursor_and_start_index(seven: ScimClient, cursor: str) -> None:
    """2.4: a client asks for one of the two methods."""
    query = urlencode({"cursor": cursor, "startIndex": 1})
    assert "cursor" in refused(seven.get(f"/Users?{query}"), 400, "invalidValue")


@pytest.mark.parametrize("cursor", [5, ["x"], {}, True])
def test_wrong_types(seven: ScimClient, cursor: Any) -> None:
    body = {"schemas": [SEARCH_REQUEST], "cursor": cursor}
    refused(seven.post("/Users/.search", body), 400, "invalidValue")


def test_half_a_surrogate_pair(seven: ScimClient) -> None:
    body = f'{{"schemas": ["{SEARCH_REQUEST}"], "cursor": "\\ud800"}}'
    response = seven.post("/Users/.search", body)
    assert response.status_code == 400


@pytest.mark.parametrize("sort", SORTS, ids=[urlencode(sort) or "id" for sort in SORTS])
def test_no_page_skips_rows(seven: ScimClient, sort: Document) -> None:
    """Behind a value, never behind a number of rows; nothing is counted again."""
    first = page(seven, cursor="", count=2, **sort)
    with CaptureQueriesContext(connection) as queries:
        page(seven, cursor=first["nextCursor"], count=2, **sort)
    statements = " ".join(query["sql"] for query in queries.captured_queries)
    assert "LIMIT" in statements
    assert "OFFSET" not in statements
    assert "COUNT(" not in statements
