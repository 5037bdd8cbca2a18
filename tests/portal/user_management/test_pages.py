"""The pages of one person, one group, one department."""

from __future__ import annotations

import html
import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from scim.models import DirectoryUser, GroupMembership
from scim.resources.representation import user_document
from tests.portal import factories
from tests.portal.directory import DEPARTMENTS, GROUPS, USERS, facts, page_of
from zportal.user_management import paging, users

if TYPE_CHECKING:
    from django.test import Client

    from scim.models import Organization


def reports_to(organization: Organization, manager: str) -> DirectoryUser:
    """Store a person whose manager is *manager*, as it is sent."""
    attributes: dict[str, Any] = {factories.ENTERPRISE: {"manager": {"value": manager}}}
    return factories.person(organization, **attributes)


def test_the_raw_resource_is_what_scim_serves(
    signed_in: Client, contoso: Organization
) -> None:
    team = factories.group(contoso, "Sales </code> EMEA")
    user = factories.person(contoso, groups=[team], displayName="Ünï <b>")
    page = page_of(signed_in, f"{USERS}{user.pk}/")
    raw = re.search(r'<code id="raw-json">(.*?)</code>', page, re.S)
    assert raw is not None
    assert json.loads(html.unescape(raw[1])) == user_document(user)
    assert 'data-copy="raw-json"' in page


def test_groups_are_links(signed_in: Client, contoso: Organization) -> None:
    teams = [factories.group(contoso, name) for name in ("Zeta", "Alpha")]
    user = factories.person(contoso, groups=teams)
    page = page_of(signed_in, f"{USERS}{user.pk}/")
    assert facts(page)["groups"] == "Alpha , Zeta"
    assert f'href="{GROUPS}{teams[0].pk}/"' in page


def test_very_many_groups_are_cut_and_it_says_so(
    signed_in: Client, contoso: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(users, "GROUPS_LISTED", 2)
    teams = [factories.group(contoso, f"Team {number}") for number in range(3)]
    user = factories.person(contoso, groups=teams)
    assert facts(page_of(signed_in, f"{USERS}{user.pk}/"))["groups"] == (
        "Team 0 , Team 1 The first 2 groups."
    )


def test_a_manager_of_this_organization_is_a_link(
    signed_in: Client, contoso: Organization
) -> None:
    boss = factories.person(contoso, "lidia@contoso.example", displayName="Lidia H")
    user = reports_to(contoso, boss.scim_id)
    page = page_of(signed_in, f"{USERS}{user.pk}/")
    assert facts(page)["manager"] == "Lidia H"
    assert f'<a href="{USERS}{boss.pk}/" dir="auto">Lidia H</a>' in page


def test_a_manager_of_another_organization_is_only_text(
    signed_in: Client, contoso: Organization, fabrikam: Organization
) -> None:
    other = factories.person(fabrikam, "x@fabrikam.example", displayName="Secret Name")
    user = reports_to(contoso, other.scim_id)
    page = page_of(signed_in, f"{USERS}{user.pk}/")
    assert facts(page)["manager"].startswith(other.scim_id)
    assert "Secret Name" not in page


def test_disabled_is_plain_to_see(signed_in: Client, contoso: Organization) -> None:
    user = factories.person(contoso, active=False)
    page = page_of(signed_in, f"{USERS}{user.pk}/")
    assert page.count('badge--off">Disabled') == 2
    assert ">Enabled<" not in page


def test_absent_active_counts_as_enabled(
    signed_in: Client, contoso: Organization
) -> None:
    user = factories.person(contoso)
    user.assign({"userName": user.scim_username})
    user.save()
    shown = facts(page_of(signed_in, f"{USERS}{user.pk}/"))
    assert shown["active"].startswith("Enabled The identity provider sent no value")


def test_the_department_reads_as_it_was_sent(
    signed_in: Client, contoso: Organization
) -> None:
    factories.department(contoso, "Sales")
    user = factories.person(contoso, dept="SALES")
    page = page_of(signed_in, f"{USERS}{user.pk}/")
    assert facts(page)["department"] == "SALES"
    assert f'href="{DEPARTMENTS}{user.department_id}/"' in page


def test_recent_events_of_that_person_only(
    signed_in: Client, contoso: Organization, fabrikam: Organization
) -> None:
    user = factories.person(contoso)
    about = {"resource_type": "User", "resource_key": user.pk}
    factories.event(
        contoso,
        **about,
        action="change",
        status=200,
        changes={
            f"{factories.ENTERPRISE}:department": ["Marketing", "Sales"],
            "nickName": ["Addie", None],
            "title": ["<i>old</i>", "x" * 1000],
        },
    )
    factories.event(
        contoso, **about, outcome="refused", status=400, detail="Too long. Shorten it."
    )
    factories.event(fabrikam, **about, detail="Event of Fabrikam")
    factories.event(
        contoso, resource_type="Group", resource_key=user.pk, detail="Of a group"
    )
    page = page_of(signed_in, f"{USERS}{user.pk}/")
    events = page.split('id="events"')[1].split("</table>")[0]
    text = " ".join(html.unescape(re.sub(r"<[^>]+>", " ", events)).split())
    assert "200 Accepted token q7Fh2m nickName Addie → removed title" in text
    assert "department Marketing → Sales" in text
    assert "<i>old</i> → " + "x" * 300 + "…" in text
    assert "400 Refused token q7Fh2m Too long. Shorten it." in text
    assert text.index("Too long") < text.index("Marketing")
    assert "Fabrikam" not in page
    assert "Of a group" not in page


def test_no_events_yet(signed_in: Client, contoso: Organization) -> None:
    user = factories.person(contoso)
    assert "No events yet." in page_of(signed_in, f"{USERS}{user.pk}/")


def test_a_group_shows_its_members_in_pages(
    signed_in: Client, contoso: Organization
) -> None:
    team = factories.group(contoso, "Sales EMEA", externalId="G-1")
    other = factories.group(contoso, "Other")
    factories.person(contoso, "outside@contoso.example", groups=[other])
    for number in range(paging.PAGE_SIZE + 2):
        factories.person(contoso, f"p{number:03}@contoso.example", groups=[team])
    page = page_of(signed_in, f"{GROUPS}{team.pk}/")
    assert "<bdi>Sales EMEA</bdi>" in page
    assert f"{paging.PAGE_SIZE + 2} people" in page
    assert "p000@" in page
    assert "p051@" not in page
    assert "outside@" not in page
    assert 'href="?p=2#people"' in page
    assert facts(page)["id"].startswith(team.scim_id)
    second = page_of(signed_in, f"{GROUPS}{team.pk}/?p=2")
    assert "p051@" in second
    assert "p000@" not in second
    assert '"members"' not in page


def test_a_department_shows_its_people(
    signed_in: Client, contoso: Organization
) -> None:
    user = factories.person(contoso, dept="Sales")
    factories.person(contoso, "alex@contoso.example", dept="Marketing")
    page = page_of(signed_in, f"{DEPARTMENTS}{user.department_id}/")
    assert "adele.vance@" in page
    assert "alex@" not in page
    assert "1 person" in page


def test_empty_groups_and_departments_say_so(
    signed_in: Client, contoso: Organization
) -> None:
    team = factories.group(contoso)
    dept = factories.department(contoso, "Sales")
    assert "This group has no members." in page_of(signed_in, f"{GROUPS}{team.pk}/")
    assert "Nobody is in this department" in page_of(
        signed_in, f"{DEPARTMENTS}{dept.pk}/"
    )


@pytest.mark.parametrize("query", ["p=-1", "p=x", "p=%00", f"p={'9' * 5000}"])
def test_no_parameter_breaks_a_page(
    signed_in: Client, contoso: Organization, query: str
) -> None:
    team = factories.group(contoso)
    user = factories.person(contoso, groups=[team], dept="Sales")
    for address in (
        f"{GROUPS}{team.pk}/",
        f"{DEPARTMENTS}{user.department_id}/",
        f"{USERS}{user.pk}/",
    ):
        assert "adele.vance@" in page_of(signed_in, f"{address}?{query}")


@pytest.mark.parametrize(
    "tail",
    [
        "999999/",
        "0/",
        "-1/",
        "abc/",
        f"{2**31}/",
        f"{10**30}/",
        f"{'9' * 5000}/",
        "%00/",
        "add/",
        "{pk}/change/",
        "{pk}/history/",
        "{pk}/delete/",
        "autocomplete/",
    ],
)
@pytest.mark.parametrize("root", [USERS, GROUPS, DEPARTMENTS])
def test_other_addresses_are_not_found(
    signed_in: Client, contoso: Organization, root: str, tail: str
) -> None:
    user = factories.person(contoso, groups=[factories.group(contoso)], dept="Sales")
    address = root + tail.replace("{pk}", str(user.pk))
    assert signed_in.get(address).status_code == 404


def test_the_queries_of_a_page_do_not_grow(
    signed_in: Client, contoso: Organization, django_assert_max_num_queries: Any
) -> None:
    team = factories.group(contoso)
    boss = factories.person(contoso, "boss@contoso.example", groups=[team], dept="S")
    addresses = [
        f"{USERS}{boss.pk}/",
        f"{GROUPS}{team.pk}/",
        f"{DEPARTMENTS}{boss.department_id}/",
    ]
    costs = []
    for address in addresses:
        with django_assert_max_num_queries(30) as used:
            page_of(signed_in, address)
        costs.append(len(used))
    for number in range(49):
        another = factories.group(contoso, f"Team {number}")
        factories.person(
            contoso, f"p{number}@contoso.example", groups=[team, another], dept="S"
        )
        GroupMembership.objects.create(organization=contoso, group=another, user=boss)
        factories.event(contoso, resource_type="User", resource_key=boss.pk)
        factories.event(contoso, resource_type="Group", resource_key=team.pk)
    for address, cost in zip(addresses, costs, strict=True):
        with django_assert_max_num_queries(cost):
            page_of(signed_in, address)
