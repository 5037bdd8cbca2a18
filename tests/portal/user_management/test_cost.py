"""What the lists of User Management cost: a fixed number of queries, from indexes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from scim.models import DirectoryGroup, DirectoryUser, GroupMembership
from tests.portal import factories
from tests.portal.directory import DEPARTMENTS, GROUPS, USERS, page_of

if TYPE_CHECKING:
    from django.test import Client

    from scim.models import Organization

FEW, MANY = 3, 200
TWO_PAGES = 60


def fill(organization: Organization, numbers: range) -> None:
    """Add people, a group and a department for each, and all of them to one group."""
    everyone = (
        DirectoryGroup.objects.for_organization(organization)
        .filter(display_name_key="all")
        .first()
    ) or factories.group(organization, "All")
    now = timezone.now()
    people, teams = [], []
    for number in numbers:
        user = DirectoryUser(organization=organization, created=now, modified=now)
        dept = {"department": f"D{number % 60 if number % 2 else 0}"}
        user.assign(
            {
                "userName": f"p{number:03}@contoso.example",
                "displayName": f"Person {number}",
                "active": number % 3 != 0,
                factories.ENTERPRISE: dept,
            }
        )
        user.department = factories.department(organization, dept["department"])
        people.append(user)
        team = DirectoryGroup(organization=organization, created=now, modified=now)
        team.assign({"displayName": f"Team {number}"})
        teams.append(team)
    DirectoryUser.objects.bulk_create(people)
    DirectoryGroup.objects.bulk_create(teams)
    GroupMembership.objects.bulk_create(
        GroupMembership(organization=organization, group=group, user=user)
        for user, team in zip(people, teams, strict=True)
        for group in (everyone, team)
    )


def addresses() -> dict[str, int]:
    """Return each address, and the most queries that it may take.

    Eleven are of the frame: session, its row, administrator, organization, the
    session's new end, what is staged. A search that no filter narrows first counts what
    one index finds.
    """
    user = DirectoryUser.objects.get(user_name_key="p000@contoso.example")
    team = DirectoryGroup.objects.get(display_name_key="all")
    users = (
        "",
        *(f"?o={order}" for order in ("0", "-0", "1", "-1", "3", "-3", "5", "-5")),
        "?p=2",
        "?status=enabled",
        "?status=disabled&o=1",
        f"?department={user.department_id}",
        f"?group={team.pk}",
        f"?q=p&status=enabled&department={user.department_id}&group={team.pk}&o=5",
    )
    return {
        **{f"{USERS}{query}": 17 for query in users},
        **{f"{USERS}?q={text}": 18 for text in ("p", "person&o=-5", user.scim_id)},
        f"{USERS}{user.pk}/": 15,
        GROUPS: 13,
        f"{GROUPS}?q=team": 14,
        f"{GROUPS}?o=-3": 13,
        f"{GROUPS}{team.pk}/": 16,
        DEPARTMENTS: 13,
        f"{DEPARTMENTS}?q=d": 14,
        f"{DEPARTMENTS}{user.department_id}/": 14,
        "/search/?q=p": 11,
    }


def queries_of(client: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as queries:
        page_of(client, address)
    return len(queries)


def test_the_queries_of_a_page_are_the_same_for_few_and_many(
    signed_in: Client, contoso: Organization
) -> None:
    fill(contoso, range(FEW))
    page_of(signed_in, USERS)
    few = {address: queries_of(signed_in, address) for address in addresses()}
    fill(contoso, range(FEW, MANY))
    many = {address: queries_of(signed_in, address) for address in addresses()}
    assert many == few
    assert {name: most for name, most in addresses().items() if many[name] > most} == {}


def keys_query(client: Client, address: str) -> str:
    """Return the query for the keys of the page at *address*."""
    with CaptureQueriesContext(connection) as queries:
        page_of(client, address)
    [found] = [
        query["sql"]
        for query in queries
        if query["sql"].startswith('SELECT "scim_directoryuser"."user_name_key" ')
    ]
    return found


def plan_of(sql: str) -> str:
    """Return how the database would run *sql* on a large table."""
    explain = "EXPLAIN QUERY PLAN" if connection.vendor == "sqlite" else "EXPLAIN"
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # The table is too small for PostgreSQL to want an index by itself.
            for other in ("seqscan", "bitmapscan", "sort"):
                cursor.execute(f"SET LOCAL enable_{other} = off")
        cursor.execute(f"{explain} {sql}")
        return "\n".join(str(row[-1]) for row in cursor.fetchall())


@pytest.mark.parametrize(
    ("query", "index"),
    [
        ("", ""),
        ("?o=-0&p=3", ""),
        ("?o=1", "scim_user_display"),
        ("?o=-1&p=3", "scim_user_display"),
        ("?o=3", "scim_user_dept"),
        ("?o=-3&p=3", "scim_user_dept"),
        ("?o=5", "scim_user_modified"),
        ("?o=-5&p=3", "scim_user_modified"),
        ("?status=enabled", "scim_user_enabled"),
        ("?status=disabled&o=-0", "scim_user_enabled"),
        ("?status=enabled&o=1", "scim_user_display"),
        ("?department={department}", "scim_user_dept"),
        ("?department={department}&o=-0&p=2", "scim_user_dept"),
    ],
)
def test_an_index_yields_the_page_in_its_order(
    signed_in: Client, contoso: Organization, query: str, index: str
) -> None:
    fill(contoso, range(TWO_PAGES))
    department = factories.department(contoso, "D0").pk
    address = USERS + query.format(department=department)
    plan = plan_of(keys_query(signed_in, address))
    assert "Seq Scan" not in plan
    assert "TEMP B-TREE" not in plan
    assert "Sort" not in plan
    if connection.vendor == "sqlite":
        # PostgreSQL chooses among indexes by the size of the table, which is small here.
        assert f"COVERING INDEX {index}" in plan


def test_a_search_reads_indexes_only(signed_in: Client, contoso: Organization) -> None:
    fill(contoso, range(TWO_PAGES))
    plan = plan_of(keys_query(signed_in, f"{USERS}?q=person"))
    assert "SCAN scim_" not in plan
    assert "Seq Scan" not in plan
    # Of an external ID few rows begin alike, and SCIM shares its index.
    lines = [line for line in plan.splitlines() if "scim_user_external" not in line]
    assert "USING INDEX" not in "\n".join(lines)
    if connection.vendor == "sqlite":
        for index in ("scim_user_display", "scim_user_family", "scim_user_external"):
            assert index in plan


def test_the_members_of_a_group_are_ordered_without_their_rows(
    signed_in: Client, contoso: Organization
) -> None:
    fill(contoso, range(TWO_PAGES))
    team = DirectoryGroup.objects.get(display_name_key="all")
    plan = plan_of(keys_query(signed_in, f"{USERS}?group={team.pk}"))
    assert "SCAN scim_" not in plan
    assert "Seq Scan" not in plan
