"""Orders and pages of the lists: whole, stable, and served by indexes."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from django.utils import timezone

from scim.models import DirectoryGroup, DirectoryUser
from tests.portal import factories
from tests.portal.directory import GROUPS, USERS, count, names, page_of
from zportal.user_management import paging

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client

    from scim.models import Organization

ORDERS = ("0", "-0", "1", "-1", "3", "-3", "5", "-5")


def walk(client: Client, address: str, rel: str = "next") -> list[list[str]]:
    """Return the names on each page, from *address* on along the links of *rel*."""
    pages = []
    while address:
        pages.append(names(client, address))
        link = re.search(rf'href="([^"]+)" rel="{rel}"', page_of(client, address))
        address = address.partition("?")[0] + unescape(link[1]) if link else ""
    return pages


def all_of(pages: list[list[str]]) -> list[str]:
    return [name for page in pages for name in page]


@pytest.fixture
def crowd(
    contoso: Organization, monkeypatch: pytest.MonkeyPatch
) -> list[DirectoryUser]:
    """Thirteen people on pages of four, with ties in every column that has them."""
    monkeypatch.setattr(paging, "PAGE_SIZE", 4)
    team = factories.group(contoso, "Team")
    now = timezone.now()
    people = []
    for number in range(13):
        user = factories.person(
            contoso,
            f"p{number:02}@contoso.example",
            displayName=("Zoe", "Adam", "")[number % 3],
            active=number % 4 != 0,
            dept=("Sales", "", "Support", "sales")[number % 4],
            groups=[team] if number % 2 else [],
        )
        user.modified = now - timedelta(days=number % 2)
        user.save()
        people.append(user)
    return people


def in_order(people: list[DirectoryUser], order: str) -> list[str]:
    """Return their User IDs as that order has them; no department comes last."""
    last = chr(0x10FFFF)
    by: dict[str, Callable[[DirectoryUser], Any]] = {
        "0": lambda user: "",
        "1": lambda user: user.display_name_key,
        "3": lambda user: user.department_name.lower() or last,
        "5": lambda user: user.modified,
    }
    column = by[order.removeprefix("-")]
    people = sorted(people, key=lambda user: (column(user), user.user_name_key))
    if order.startswith("-"):
        people.reverse()
    return [user.scim_username for user in people]


@pytest.mark.parametrize("order", ORDERS)
def test_the_pages_of_every_order_are_whole(
    signed_in: Client, crowd: list[DirectoryUser], order: str
) -> None:
    pages = walk(signed_in, f"{USERS}?o={order}")
    assert [len(page) for page in pages] == [4, 4, 4, 1]
    assert all_of(pages) == in_order(crowd, order)
    assert walk(signed_in, f"{USERS}?o={order}&p=4", "prev") == pages[::-1]


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize(
    ("query", "kept"),
    [
        ("status=enabled", lambda user: user.active),
        ("status=disabled", lambda user: not user.active),
        ("department={sales}", lambda user: user.department_name.lower() == "sales"),
        ("group={team}", lambda user: user.pk % 2 == 0),
        ("q=zoe", lambda user: user.display_name == "Zoe"),
        ("q=p&group={team}&status=enabled", lambda user: user.active),
    ],
)
def test_the_pages_of_a_narrowed_list_are_whole(
    signed_in: Client,
    crowd: list[DirectoryUser],
    order: str,
    query: str,
    kept: Callable[[DirectoryUser], bool],
) -> None:
    team = DirectoryGroup.objects.get()
    query = query.format(sales=crowd[0].department_id, team=team.pk)
    rest = [user for user in crowd if kept(user)]
    if "group" in query:
        members = set(team.users.values_list("pk", flat=True))
        rest = [user for user in crowd if user.pk in members]
        if "enabled" in query:
            rest = [user for user in rest if user.active]
    pages = walk(signed_in, f"{USERS}?{query}&o={order}")
    assert all_of(pages) == in_order(rest, order)
    assert all(len(page) == 4 for page in pages[:-1])
    assert count(signed_in, f"{USERS}?{query}").startswith(f"{len(rest)} ")


@pytest.mark.usefixtures("crowd")
def test_a_full_last_page_has_no_next(signed_in: Client) -> None:
    DirectoryUser.objects.get(user_name_key="p12@contoso.example").delete()
    assert [len(page) for page in walk(signed_in, USERS)] == [4, 4, 4]
    page = page_of(signed_in, f"{USERS}?p=3")
    assert "Page 3 of 3" in page
    assert 'rel="next"' not in page


def test_the_members_of_a_group_are_whole(
    signed_in: Client, crowd: list[DirectoryUser]
) -> None:
    team = DirectoryGroup.objects.get()
    pages = walk(signed_in, f"{GROUPS}{team.pk}/?p=1")
    members = [user for number, user in enumerate(crowd) if number % 2]
    assert all_of(pages) == in_order(members, "0")


def test_people_deleted_between_two_pages(
    signed_in: Client, crowd: list[DirectoryUser]
) -> None:
    first = names(signed_in, USERS)
    crowd[0].delete()
    crowd[12].delete()
    assert names(signed_in, f"{USERS}?p=2") == in_order(crowd[5:9], "0")
    assert all_of(walk(signed_in, USERS)) == in_order(crowd[1:12], "0")
    assert names(signed_in, f"{USERS}?p=4") == in_order(crowd[9:12], "0")
    assert len(first) == 4


def test_somebody_deleted_while_a_page_is_read(
    signed_in: Client, crowd: list[DirectoryUser]
) -> None:
    """The keys of a page and its rows are two queries."""

    def meanwhile(execute: Any, sql: str, *rest: Any) -> Any:
        if "scim_username" in sql and crowd[5].pk:
            crowd[5].delete()
        return execute(sql, *rest)

    with connection.execute_wrapper(meanwhile):
        page = page_of(signed_in, f"{USERS}?p=2")
    assert [number for number in range(13) if f"p{number:02}@" in page] == [4, 6, 7, 8]
    assert 'rel="next"' in page


def test_the_number_of_pages_is_said(signed_in: Client, contoso: Organization) -> None:
    for number in range(paging.PAGE_SIZE + 1):
        factories.person(contoso, f"p{number:03}@contoso.example")
    assert len(names(signed_in, USERS)) == paging.PAGE_SIZE
    assert names(signed_in, f"{USERS}?p=2&o=-0") == ["p000@contoso.example"]
    page = page_of(signed_in, USERS)
    assert "Page 1 of 2" in page
    assert 'rel="next"' in page
    assert 'rel="prev"' not in page
    # Beyond the end is the last page.
    assert names(signed_in, f"{USERS}?p=99") == ["p050@contoso.example"]


def test_counting_stops_but_paging_does_not(
    signed_in: Client, contoso: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paging, "CEILING", 10)
    for number in range(paging.PAGE_SIZE + 1):
        factories.person(contoso, f"p{number:03}@contoso.example")
    assert count(signed_in, USERS) == "10+ people"
    assert names(signed_in, f"{USERS}?p=2") == ["p050@contoso.example"]
    assert names(signed_in, f"{USERS}?p={10**30}") == []


def test_a_search_is_counted_as_far_as_a_list(
    signed_in: Client, contoso: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By one index where that is too much already; else by all, each person once."""
    monkeypatch.setattr(paging, "CEILING", 10)
    for number in range(paging.PAGE_SIZE + 1):
        factories.person(
            contoso, f"p{number:03}@contoso.example", displayName=f"q p{number:03}"
        )
    assert count(signed_in, f"{USERS}?q=p") == "10+ people"
    assert names(signed_in, f"{USERS}?q=p&p=2") == ["p050@contoso.example"]
    assert count(signed_in, f"{USERS}?q=p00") == "10 people"
    assert count(signed_in, f"{USERS}?q=q p") == "10+ people"
    assert count(signed_in, f"{USERS}?q=p&status=disabled") == "0 people"
    assert count(signed_in, f"{USERS}?q=p&status=enabled") == "10+ people"


@pytest.mark.usefixtures("staff")
@pytest.mark.parametrize(
    ("order", "first"),
    [
        ("0", "adele.vance@contoso.example"),
        ("-0", "diego@contoso.example"),
        ("-1", "diego@contoso.example"),
        ("3", "Alex.Wilber@contoso.example"),
        ("-5", "bare@contoso.example"),
        ("2", "adele.vance@contoso.example"),
    ],
)
def test_sorting(signed_in: Client, order: str, first: str) -> None:
    assert names(signed_in, f"{USERS}?o={order}")[0] == first


@pytest.mark.usefixtures("staff")
def test_turning_the_order_shows_who_has_no_department(signed_in: Client) -> None:
    assert names(signed_in, f"{USERS}?o=3")[-1] == "bare@contoso.example"
    assert names(signed_in, f"{USERS}?o=-3")[0] == "bare@contoso.example"
