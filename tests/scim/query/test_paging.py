"""Paging (RFC 7644 section 3.4.2.4) and what profiles say about it (decision 11)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest
from django.utils import timezone

from scim.models import DirectoryUser
from scim.profiles import LARGEST_PAGE, PROFILES
from tests.scim.messages import (
    Document,
    created,
    filter_query,
    group,
    refused,
    user,
)

if TYPE_CHECKING:
    from scim.models import Organization
    from tests.situations import ScimClient

NAMES = [f"user{number}@contoso.example" for number in range(7)]


@pytest.fixture
def seven(scim: ScimClient) -> ScimClient:
    for name in NAMES:
        created(scim, "/Users", user(name))
    return scim


def page(scim: ScimClient, query: str) -> Document:
    response = scim.get(f"/Users?{query}")
    assert response.status_code == 200, response.content
    answer: Document = response.json()
    return answer


CASES: list[tuple[str, int, list[str]]] = [
    ("", 1, NAMES),
    ("count=3", 1, NAMES[:3]),
    ("startIndex=4&count=3", 4, NAMES[3:6]),
    ("startIndex=6&count=3", 6, NAMES[5:]),
    ("startIndex=7", 7, NAMES[6:]),
    ("startIndex=8", 8, []),
    ("startIndex=0&count=1", 1, NAMES[:1]),
    ("startIndex=-5&count=1", 1, NAMES[:1]),
    ("count=0", 1, []),
    ("count=-1", 1, []),
    ("count=7", 1, NAMES),
    ("startIndex=&count=", 1, NAMES),
]


@pytest.mark.parametrize(
    ("query", "start", "names"), CASES, ids=[case[0] or "all" for case in CASES]
)
def test_pages(seven: ScimClient, query: str, start: int, names: list[str]) -> None:
    """3.4.2.4: startIndex from 1, below it means 1; a negative count means 0."""
    answer = page(seven, query)
    assert [item["userName"] for item in answer["Resources"]] == names
    assert answer["totalResults"] == 7
    assert answer["startIndex"] == start
    assert answer["itemsPerPage"] == len(names)


@pytest.mark.parametrize("digits", ["1" + "0" * 30, "-" + "9" * 30, str(2**63)])
def test_numbers_beyond_any_row(seven: ScimClient, digits: str) -> None:
    """Larger than any database counts: an empty page, or a full one, never a 500."""
    answer = page(seven, f"startIndex={digits}")
    assert answer["totalResults"] == 7
    assert len(answer["Resources"]) in (0, 7)
    assert page(seven, f"count={digits}")["totalResults"] == 7


@pytest.mark.parametrize("name", ["startIndex", "count"])
@pytest.mark.parametrize("value", ["one", "1.5", "1e3", "true", "%00", "9" * 5_000])
def test_numbers_that_are_none(seven: ScimClient, name: str, value: str) -> None:
    """RFC 7644 3.12: 400 invalidValue that names the parameter."""
    response = seven.get(f"/Users?{name}={value}")
    assert name in refused(response, 400, "invalidValue")


def test_all_pages_together_are_the_list(seven: ScimClient) -> None:
    """Microsoft's validator reads pages of 5; none twice, none left out."""
    seen: list[str] = []
    while True:
        answer = page(seven, f"startIndex={len(seen) + 1}&count=2")
        if not answer["Resources"]:
            break
        seen += [item["userName"] for item in answer["Resources"]]
    assert seen == NAMES


def test_filtered_pages(seven: ScimClient) -> None:
    """3.4.2: totalResults counts what the filter finds, not what the page holds."""
    query = filter_query('userName ne "user0@contoso.example"', startIndex=2, count=2)
    answer = page(seven, query)
    assert [item["userName"] for item in answer["Resources"]] == NAMES[2:4]
    assert answer["totalResults"] == 6


@pytest.mark.parametrize(("rule", "length"), [("default_page", 3), ("max_page", 2)])
def test_the_profile_limits_a_page(
    seven: ScimClient, contoso: Organization, rule: str, length: int
) -> None:
    contoso.profile_overrides = {rule: length}
    contoso.save()
    answer = page(seven, "" if rule == "default_page" else "count=5")
    assert answer["itemsPerPage"] == length
    assert answer["totalResults"] == 7


def test_no_rule_makes_a_page_larger_than_is_read(
    scim: ScimClient, contoso: Organization
) -> None:
    """A look-up by one column reads so many rows and not one more: none may be missed."""
    contoso.profile_overrides = {"max_page": 3_000, "default_page": 3_000}
    contoso.save()
    now = timezone.now()
    people = []
    for number in range(LARGEST_PAGE + 5):
        person = DirectoryUser(organization=contoso, created=now, modified=now)
        name = f"u{number}@contoso.example"
        person.assign({"userName": name, "displayName": "Ada Park"})
        people.append(person)
    DirectoryUser.objects.bulk_create(people)
    for query in ({}, {"count": "2000"}, {"filter": 'displayName eq "ada park"'}):
        page = scim.get(f"/Users?{urlencode(query)}").json()
        assert page["totalResults"] == len(people)
        assert page["itemsPerPage"] == len(page["Resources"]) == LARGEST_PAGE


def test_the_pages_of_the_profiles() -> None:
    """Decision 11: 1,000 as Zscaler documents it; 100 in rfc; never above 1,000."""
    pages = {name: (p.default_page, p.max_page) for name, p in PROFILES.items()}
    assert pages == {"zscaler": (1_000, 1_000), "rfc": (100, 1_000)}


def test_groups_are_paged_too(scim: ScimClient) -> None:
    for number in range(3):
        created(scim, "/Groups", group(f"Group {number}"))
    answer: Any = scim.get("/Groups?startIndex=2&count=1").json()
    assert [item["displayName"] for item in answer["Resources"]] == ["Group 1"]
    assert answer["totalResults"] == 3
