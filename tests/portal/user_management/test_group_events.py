"""Who joined and left a group, by name, in the events on the group's page."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, Any

import pytest

from scim import ids
from scim.models import DirectoryGroup
from tests.portal import factories
from zportal.user_management import events

if TYPE_CHECKING:
    from django.test import Client
    from pytest_django import DjangoAssertNumQueries

    from scim.models import Organization

GROUPS = "/administration/user-management/groups/"
USERS = "/administration/user-management/users/"


@pytest.fixture
def team(contoso: Organization) -> DirectoryGroup:
    return factories.group(contoso, "Sales")


def happened(team: DirectoryGroup, left: list[str], joined: list[str]) -> None:
    factories.event(
        team.organization,
        resource_type="Group",
        resource_key=team.pk,
        action="change",
        changes={"members": [left, joined]},
    )


def shown(client: Client, team: DirectoryGroup) -> list[str]:
    """The changes as the page shows them, with its links."""
    page = client.get(f"{GROUPS}{team.pk}/").content.decode()
    lines = re.findall(r'<p class="change">(.*?)</p>', page, re.S)
    kept = (re.sub(r"</?(?!a\b|/a\b)\w+[^>]*>", "", line) for line in lines)
    return [" ".join(html.unescape(line).split()) for line in kept]


def test_people_are_named_and_linked(
    signed_in: Client, contoso: Organization, team: DirectoryGroup
) -> None:
    adele = factories.person(contoso, displayName="<b>Adele</b>")
    alex = factories.person(contoso, "alex@contoso.example")
    happened(team, left=[alex.scim_id], joined=[adele.scim_id])
    assert shown(signed_in, team) == [
        f'members added <a href="{USERS}{adele.pk}/"><b>Adele</b></a>',
        f'members removed <a href="{USERS}{alex.pk}/">alex@contoso.example</a>',
    ]


def test_who_is_gone_or_another_organizations_stays_an_id(
    signed_in: Client,
    contoso: Organization,
    fabrikam: Organization,
    team: DirectoryGroup,
) -> None:
    gone = factories.person(contoso).scim_id
    contoso.users.all().delete()
    foreign = factories.person(fabrikam, "spy@fabrikam.example", displayName="Spy")
    happened(team, left=[], joined=[gone, foreign.scim_id, "no id"])
    assert shown(signed_in, team) == [f"members added {gone}, {foreign.scim_id}, no id"]


def test_of_many_the_first_are_named_and_the_others_counted(
    signed_in: Client, team: DirectoryGroup
) -> None:
    listed = [ids.encode(ids.USER_PREFIX, 1_000 + n) for n in range(25)]
    happened(team, left=listed, joined=[*listed, "… and 200 more"])
    added, removed = shown(signed_in, team)
    assert added.endswith(f"{listed[events.MEMBERS_SHOWN - 1]} and 215 more")
    assert removed.endswith(f"{listed[events.MEMBERS_SHOWN - 1]} and 15 more")


def test_a_change_too_large_to_keep_is_told_as_it_was_kept(
    signed_in: Client, team: DirectoryGroup
) -> None:
    kept: Any = "… (70,000 bytes)"
    happened(team, left=kept, joined=kept)
    assert shown(signed_in, team) == [f"members {kept} → {kept}"]


def test_the_names_of_all_events_take_one_query(
    contoso: Organization,
    team: DirectoryGroup,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    for number in range(5):
        person = factories.person(contoso, f"p{number}@contoso.example")
        happened(team, left=[], joined=[person.scim_id])
    with django_assert_num_queries(2):
        rows = events.recent_events(contoso, "Group", team.pk)
    assert len({row.changes[0].members[0].people[0].url for row in rows}) == 5
