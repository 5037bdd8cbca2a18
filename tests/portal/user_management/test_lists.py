"""The lists of User Management: what they show, find, filter, sort and cost."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.urls import reverse
from django.utils import timezone

from scim.models import DirectoryUser
from tests.portal import factories
from tests.portal.directory import DEPARTMENTS, GROUPS, USERS, count, names
from zportal.user_management import filters

if TYPE_CHECKING:
    from django.test import Client

    from scim.models import Organization


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
def test_heads_say_and_turn_the_order(signed_in: Client) -> None:
    page = signed_in.get(f"{USERS}?q=a&o=5").content.decode()
    assert 'aria-sort="ascending"><a class="directory__sort" href="?o=-5&amp;q=' in page
    assert page.count("aria-sort") == 1
    # The newest first at the first click, and the filters stay.
    page = signed_in.get(f"{USERS}?q=a").content.decode()
    assert 'href="?o=-5&amp;q=a">Last change' in page
    assert '<input type="hidden" name="o"' not in page


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
