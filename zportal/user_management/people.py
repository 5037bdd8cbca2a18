"""People as tables show them, with their groups."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

from django.db.models import Count, F, Window
from django.db.models.functions import RowNumber
from django.http import HttpRequest

from scim.models import DirectoryUser, GroupMembership, Organization
from scim.models.base import NamedQuerySet
from zportal.frame.access import organization_of
from zportal.user_management.links import Link, page_urls
from zportal.user_management.paging import (
    Pager,
    QuickPage,
    QuickPaginator,
    page_number,
)

GROUPS_SHOWN = 3
"""In a row of a table; the person's page lists the others."""


@dataclass(frozen=True)
class GroupsShown:
    links: list[Link]
    more: int


NO_GROUPS = GroupsShown(links=[], more=0)


@dataclass(frozen=True)
class PersonRow:
    """A row of a table of people."""

    person: DirectoryUser
    url: str
    groups: GroupsShown
    department: Link | None


@dataclass(frozen=True)
class PeopleTable:
    """One page of the people of a group or a department."""

    page: QuickPage
    rows: list[PersonRow]
    pager: Pager


def with_columns(people: NamedQuerySet) -> NamedQuerySet:
    """Return *people* with what a row shows, and without their documents."""
    return people.select_related("department").defer("data", "search")


def person_rows(
    organization: Organization, people: list[DirectoryUser]
) -> list[PersonRow]:
    """Return the rows of *people*, whose groups are read in one query."""
    groups = _groups_of(organization, people)
    url_of, department_url = page_urls("directoryuser"), page_urls("department")
    return [
        PersonRow(
            person=person,
            url=url_of(person.pk),
            groups=groups.get(person.pk, NO_GROUPS),
            department=_department_of(person, department_url),
        )
        for person in people
    ]


def people_table(request: HttpRequest, people: NamedQuerySet) -> PeopleTable:
    """Return the page of *people* that the address asks for with ``p``."""
    organization = organization_of(request)
    paginator = QuickPaginator(people)
    source = with_columns(DirectoryUser.objects.for_organization(organization))
    page = paginator.page_of(page_number(request.GET.get("p")), source)
    return PeopleTable(
        page=page,
        rows=person_rows(organization, list(page.object_list)),
        pager=Pager(page, lambda number: f"?p={number}#people"),
    )


def _department_of(person: DirectoryUser, url_of: Callable[[int], str]) -> Link | None:
    department = person.department
    return None if department is None else Link(department.name, url_of(department.pk))


def _groups_of(
    organization: Organization, people: list[DirectoryUser]
) -> dict[int, GroupsShown]:
    """Return the first groups of each person and how many there are beyond them.

    The database keeps GROUPS_SHOWN of each person's memberships, for somebody may be
    in a thousand groups.
    """
    found = (
        GroupMembership.objects.for_organization(organization)
        .filter(user__in=[person.pk for person in people])
        .annotate(
            place=Window(
                RowNumber(),
                partition_by=F("user_id"),
                order_by=[F("group__display_name_key"), F("pk")],
            ),
            total=Window(Count("pk"), partition_by=F("user_id")),
        )
        .filter(place__lte=GROUPS_SHOWN)
        .order_by("user_id", "place")
        .values_list("user_id", "group_id", "group__scim_display_name", "total")
    )
    url_of = page_urls("directorygroup")
    links: dict[int, list[Link]] = defaultdict(list)
    totals: dict[int, int] = {}
    for user, group, name, total in found:
        links[user].append(Link(name, url_of(group)))
        totals[user] = total
    return {
        user: GroupsShown(links=shown, more=totals[user] - len(shown))
        for user, shown in links.items()
    }
