"""Fills this project's database quickly: one INSERT for thousands of rows.

Django must be set up before this module is imported.
"""

from __future__ import annotations

import json
from datetime import timedelta

from django.db import connection
from django.utils import timezone

from bench import people
from bench.people import Size
from scim.events.quota import ROW, sizes
from scim.models import (
    Department,
    DirectoryGroup,
    DirectoryUser,
    EmailAddress,
    GroupMembership,
    Organization,
    ProvisioningEvent,
)
from scim.services import organizations

BATCH = 5_000


def fill(size: Size) -> Organization:
    """Make an organization with that many people and groups, one of them large."""
    organization = organizations.create_organization(
        name="Bench", domains=[people.DOMAIN]
    )
    departments = Department.objects.bulk_create(
        Department(organization=organization, name=name, name_key=name.lower())
        for name in map(people.department, range(200))
    )
    users = [_person(organization, departments, n) for n in range(size.users)]
    users = DirectoryUser.objects.bulk_create(users, BATCH)
    teams = [_group(organization, n) for n in range(size.groups)]
    teams = DirectoryGroup.objects.bulk_create(teams, BATCH)
    large = ((teams[0], user) for user in users[: size.members])
    spread = ((teams[size.group_of(n)], user) for n, user in enumerate(users))
    GroupMembership.objects.bulk_create(
        (
            GroupMembership(organization=organization, group=group, user=user)
            for pairs in (large, spread)
            for group, user in pairs
        ),
        BATCH,
    )
    EmailAddress.objects.bulk_create(
        (row for user in users for row in EmailAddress.of(user)), BATCH
    )
    with connection.cursor() as cursor:
        # As autovacuum leaves the tables of PostgreSQL.
        cursor.execute("ANALYZE" if connection.vendor == "sqlite" else "VACUUM ANALYZE")
    return organization


def fill_events(
    organization: Organization, number: int, age: timedelta = timedelta(0)
) -> None:
    """Log *number* calls of a day: of a client, of strangers, refused sign-ons.

    It is the last day, or one that ended *age* ago.
    """
    kinds = (
        {"actor": "token Bench1", "action": "create"},
        {"actor": "token Bench1", "action": "lookup"},
        {"actor": "unknown", "action": "discover"},
        {"actor": "SAML sign-on", "action": "sign-on", "outcome": "refused"},
    )
    end = timezone.now() - timedelta(minutes=5) - age
    body = json.dumps(people.document(1)).ljust(1_000)
    for first in range(0, number, BATCH):
        events = [
            ProvisioningEvent(
                organization=organization,
                time=end - timedelta(days=1) * (1 - n / number),
                client_ip="192.0.2.1",
                request_body=body,
                response_body=body,
                size=ROW + 2 * len(body),
                **kinds[n % len(kinds)],
            )
            for n in range(first, min(first + BATCH, number))
        ]
        ProvisioningEvent.objects.bulk_create(events)
        sizes.add(events)
    sizes.flush()
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            # As autovacuum does. Nobody does it for SQLite, which then guesses otherwise.
            cursor.execute("VACUUM ANALYZE")


def _person(
    organization: Organization, departments: list[Department], number: int
) -> DirectoryUser:
    now = timezone.now()
    user = DirectoryUser(organization=organization, created=now, modified=now)
    user.assign(people.document(number))
    user.department = departments[number % len(departments)]
    return user


def _group(organization: Organization, number: int) -> DirectoryGroup:
    now = timezone.now()
    group = DirectoryGroup(organization=organization, created=now, modified=now)
    name = people.group_name(number)
    group.assign({"displayName": name, "externalId": f"g-{number}"})
    return group
