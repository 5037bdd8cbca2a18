"""The lists of User Management: what they show, find, filter, sort and cost."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from django.urls import reverse
from django.utils import timezone

from scim.models import DirectoryUser
from tests.portal import factories
from zportal.admin import filters, paging

if TYPE_CHECKING:
    from django.test import Client

    from scim.models import Organization

USERS = "/administration/user-management/users/"
GROUPS = "/administration/user-management/groups/"
DEPARTMENTS = "/administration/user-management/departments/"


def names(client: Client, address: str) -> list[str]:
    """Return the first column of a list, without markup."""
    page = client.get(address).content.decode()
    heads = re.findall(r'<th scope="row".*?</th>', page, re.DOTALL)
    return [re.sub(r"<[^>]+>", "", head).strip() for head in heads]


def count(client: Client, address: str) -> str:
    """Return the sentence that says how many rows there are."""
    page = client.get(address).content.decode()
    found = re.search(r'filters__count"[^>]*>([^<]+)<', page)
    assert found is not None
    return found[1].strip()


@pytest.fixture
def staff(contoso: Organization) -> dict[str, DirectoryUser]:
    """Four people of Contoso: two departments, two groups, one of them disabled."""
    everyone = factories.group(contoso, "All Staff")
    sales = factories.group(contoso, "Sales EMEA", externalId="G-77")
    return {
        "adele": factories.person(
            contoso,
            "adele.vance@contoso.example",
            displayName="Adele Vance",
            externalId="AAAA-1111",
            groups=[everyone, sales],
            dept="Sales",
        ),
        "alex": factories.person(
            contoso,
            "Alex.Wilber@contoso.example",
            displayName="Alex Wilber",
            groups=[everyone],
            dept="Marketing",
        ),
        "diego": factories.person(
            contoso,
            "diego@contoso.example",
            displayName="Zo\u0308e Öztürk",
            active=False,
            dept="SALES",
        ),
        "nobody": factories.person(contoso, "bare@contoso.example"),
    }


def test_the_addresses_are_the_vendors_words() -> None:
    assert reverse("admin:scim_directoryuser_changelist") == USERS
    assert reverse("admin:scim_directorygroup_changelist") == GROUPS
    assert reverse("admin:scim_department_changelist") == DEPARTMENTS
    assert reverse("admin:scim_directoryuser_change", args=[7]) == f"{USERS}7/"


@pytest.mark.usefixtures("staff")
def test_the_list_shows_everyone_by_user_id(signed_in: Client) -> None:
    assert names(signed_in, USERS) == [
        "adele.vance@contoso.example",
        "Alex.Wilber@contoso.example",
        "bare@contoso.example",
        "diego@contoso.example",
    ]
    assert count(signed_in, USERS) == "4 people"


def test_a_row_shows_the_person(
    signed_in: Client, staff: dict[str, DirectoryUser]
) -> None:
    page = signed_in.get(USERS).content.decode()
    rows = page.split("<tr")
    adele = next(row for row in rows if "adele.vance@" in row)
    assert f'href="{USERS}{staff["adele"].pk}/"' in adele
    for text in ("Adele Vance", "All Staff", "Sales EMEA", "Sales", "Enabled", "just"):
        assert text in adele
    diego = next(row for row in rows if "diego@" in row)
    assert "Disabled" in diego
    assert "is-disabled" in diego
    assert "Enabled" not in diego


@pytest.mark.usefixtures("staff")
@pytest.mark.parametrize(
    ("term", "found"),
    [
        ("adele", ["adele.vance@contoso.example"]),
        ("ADELE.V", ["adele.vance@contoso.example"]),
        ("wilber", ["Alex.Wilber@contoso.example"]),
        ("zöe öz", ["diego@contoso.example"]),
        ("aaaa-11", ["adele.vance@contoso.example"]),
        ("  adele  ", ["adele.vance@contoso.example"]),
        ("nobody at all", []),
        ("%", []),
        ("_", []),
        ("x" * 3000, []),
    ],
)
def test_search(signed_in: Client, term: str, found: list[str]) -> None:
    assert names(signed_in, f"{USERS}?q={quote(term)}") == found


def test_search_by_scim_id(signed_in: Client, staff: dict[str, DirectoryUser]) -> None:
    address = f"{USERS}?q={staff['alex'].scim_id}"
    assert names(signed_in, address) == ["Alex.Wilber@contoso.example"]


@pytest.mark.usefixtures("staff")
def test_search_of_groups_and_departments(signed_in: Client) -> None:
    assert names(signed_in, f"{GROUPS}?q=emea") == ["Sales EMEA"]
    assert names(signed_in, f"{GROUPS}?q=g-77") == ["Sales EMEA"]
    assert names(signed_in, f"{DEPARTMENTS}?q=mark") == ["Marketing"]


def test_filter_by_status(signed_in: Client, staff: dict[str, DirectoryUser]) -> None:
    unsaid = staff["nobody"]
    unsaid.active = None
    unsaid.save()
    assert names(signed_in, f"{USERS}?status=disabled") == ["diego@contoso.example"]
    assert "bare@contoso.example" in names(signed_in, f"{USERS}?status=enabled")
    assert count(signed_in, f"{USERS}?status=enabled") == "3 people"


def test_filter_by_department_is_blind_to_case(
    signed_in: Client, staff: dict[str, DirectoryUser]
) -> None:
    address = f"{USERS}?department={staff['adele'].department_id}"
    assert names(signed_in, address) == [
        "adele.vance@contoso.example",
        "diego@contoso.example",
    ]


def test_filter_by_group(signed_in: Client, staff: dict[str, DirectoryUser]) -> None:
    sales = staff["adele"].groups.get(scim_display_name="Sales EMEA")
    page = signed_in.get(f"{USERS}?group={sales.pk}").content.decode()
    assert names(signed_in, f"{USERS}?group={sales.pk}") == [
        "adele.vance@contoso.example"
    ]
    assert f'<option value="{sales.pk}" selected>Sales EMEA</option>' in page


@pytest.mark.usefixtures("staff")
def test_filters_and_search_combine_and_can_be_cleared(signed_in: Client) -> None:
    address = f"{USERS}?status=enabled&q=diego"
    page = signed_in.get(address).content.decode()
    assert names(signed_in, address) == []
    assert "Nothing matches" in page
    assert f'href="{USERS}">Clear' in page


@pytest.mark.usefixtures("staff")
@pytest.mark.parametrize("parameter", ["department", "group"])
def test_a_choice_beyond_the_longest_drop_down_is_still_named(
    signed_in: Client,
    contoso: Organization,
    monkeypatch: pytest.MonkeyPatch,
    parameter: str,
) -> None:
    monkeypatch.setattr(filters, "MOST_CHOICES", 1)
    last = (
        factories.department(contoso, "Zeta")
        if parameter == "department"
        else factories.group(contoso, "Zeta")
    )
    page = signed_in.get(f"{USERS}?{parameter}={last.pk}").content.decode()
    assert f'<option value="{last.pk}" selected>Zeta</option>' in page


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
def test_people_without_a_department_come_last_either_way(signed_in: Client) -> None:
    assert names(signed_in, f"{USERS}?o=3")[-1] == "bare@contoso.example"
    assert names(signed_in, f"{USERS}?o=-3")[-1] == "bare@contoso.example"


@pytest.mark.usefixtures("staff")
def test_heads_say_and_turn_the_order(signed_in: Client) -> None:
    page = signed_in.get(f"{USERS}?q=contoso&o=5").content.decode()
    assert 'aria-sort="ascending"><a class="directory__sort" href="?o=-5&amp;q=' in page
    assert page.count("aria-sort") == 1
    # The newest first at the first click, and the filters stay.
    page = signed_in.get(f"{USERS}?q=contoso").content.decode()
    assert 'href="?o=-5&amp;q=contoso">Last change' in page
    assert '<input type="hidden" name="o"' not in page


def test_pages(signed_in: Client, contoso: Organization) -> None:
    for number in range(paging.PAGE_SIZE + 1):
        factories.person(contoso, f"p{number:03}@contoso.example")
    assert len(names(signed_in, USERS)) == paging.PAGE_SIZE
    assert names(signed_in, f"{USERS}?p=2&o=-0") == ["p000@contoso.example"]
    page = signed_in.get(USERS).content.decode()
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


@pytest.mark.usefixtures("staff")
@pytest.mark.parametrize("address", [USERS, GROUPS, DEPARTMENTS])
@pytest.mark.parametrize(
    "query",
    [
        "o=x",
        "o=99",
        "o=--1",
        "o=-",
        "o=%00",
        "o=1.2.-3",
        "o=%D9%A1",
        "p=-1",
        "p=0",
        "p=x",
        "p=1e3",
        f"p={'9' * 5000}",
        "group=abc",
        "group=-1",
        f"group={2**31}",
        f"group={10**30}",
        "group=%00",
        "group=%D9%A1",
        "department=abc",
        "department=%00",
        f"department={'1' * 5000}",
        "status=%00",
        "status=other",
        "q=%00",
        "q=%ED%A0%80",
        "q=%F0%9F%98%80",
        f"q={'%25' * 2000}",
        "e=1",
        "all=1",
        "_facets=1",
        "_popup=1",
        "organization=1",
        "organization__name=Fabrikam",
        "data__userName=x",
        "id__gt=0",
        "user_name_key__regex=(((",
    ],
)
def test_no_parameter_breaks_a_list(
    signed_in: Client, address: str, query: str
) -> None:
    assert signed_in.get(f"{address}?{query}").status_code == 200


@pytest.mark.usefixtures("staff")
def test_unknown_parameters_are_no_lookups(signed_in: Client) -> None:
    assert len(names(signed_in, f"{USERS}?scim_username=diego@contoso.example")) == 4


@pytest.mark.usefixtures("staff")
@pytest.mark.parametrize("value", ["999999", "abc", "%00"])
def test_an_unknown_choice_finds_nothing_and_says_so(
    signed_in: Client, value: str
) -> None:
    assert names(signed_in, f"{USERS}?group={value}") == []
    page = signed_in.get(f"{USERS}?group={value}").content.decode()
    assert "selected>Group: unknown</option>" in page


def test_hostile_names_are_text(signed_in: Client, contoso: Organization) -> None:
    nasty = "<script>alert(1)</script>"
    team = factories.group(contoso, f"{nasty}g")
    factories.person(
        contoso,
        f"{'x' * 230}@contoso.example",
        displayName=nasty,
        dept=f"{nasty}d",
        groups=[team],
    )
    for address in (USERS, GROUPS, DEPARTMENTS):
        page = signed_in.get(address).content.decode()
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_many_groups_are_counted_not_listed(
    signed_in: Client, contoso: Organization
) -> None:
    teams = [factories.group(contoso, f"Team {number}") for number in range(5)]
    factories.person(contoso, groups=teams)
    page = signed_in.get(USERS).content.decode()
    row = page.split("<tbody>")[1]
    assert "Team 2" in row
    assert "Team 3" not in row
    assert "+2" in row


def test_groups_and_departments_count_their_people(
    signed_in: Client, staff: dict[str, DirectoryUser]
) -> None:
    page = signed_in.get(GROUPS).content.decode()
    assert names(signed_in, GROUPS) == ["All Staff", "Sales EMEA"]
    assert '<td data-label="Members">2</td>' in page
    assert '<td data-label="Members">1</td>' in page
    assert "G-77" in page
    page = signed_in.get(DEPARTMENTS).content.decode()
    assert names(signed_in, DEPARTMENTS) == ["Marketing", "Sales"]
    assert '<td data-label="People">2</td>' in page


@pytest.mark.parametrize(
    ("age", "text"),
    [
        (timedelta(seconds=20), "just now"),
        (timedelta(minutes=2), "2 min ago"),
        (timedelta(hours=3), "3 h ago"),
        (timedelta(hours=24), "yesterday"),
        (timedelta(days=4), "4 days ago"),
    ],
)
def test_last_change_says_how_long_ago(
    signed_in: Client, contoso: Organization, age: timedelta, text: str
) -> None:
    user = factories.person(contoso)
    moment = timezone.now() - age
    DirectoryUser.objects.filter(pk=user.pk).update(modified=moment)
    page = signed_in.get(USERS).content.decode()
    assert f">{text}</time>" in page
    assert f"{moment:%H:%M:%S} UTC" in page


@pytest.mark.parametrize("address", [USERS, GROUPS, DEPARTMENTS])
def test_the_queries_of_a_list_do_not_grow(
    signed_in: Client,
    contoso: Organization,
    django_assert_max_num_queries: Any,
    address: str,
) -> None:
    def fill(numbers: range) -> None:
        for number in numbers:
            team = factories.group(contoso, f"Team {number}")
            factories.person(
                contoso, f"p{number}@contoso.example", groups=[team], dept=f"D{number}"
            )

    fill(range(1))
    signed_in.get(address)
    with django_assert_max_num_queries(30) as with_one:
        signed_in.get(address)
    fill(range(1, 50))
    with django_assert_max_num_queries(len(with_one)):
        signed_in.get(address)
    # Session, its row, administrator, organization, the session's new end, what is staged.
    assert len(with_one) <= {USERS: 17, GROUPS: 13, DEPARTMENTS: 13}[address]
