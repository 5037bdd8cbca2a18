"""How long the portal's pages take with a large directory. Run by ``make bench``.

Fills a database of its own, which is deleted afterwards, and asks for each page several
times in this process: what is measured is the time of the server, without a network.
"""

from __future__ import annotations

import argparse
import os
import secrets
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.update(DEBUG="false", SECRET_KEY=secrets.token_hex(32))
os.environ.setdefault("DATABASE_URL", "sqlite://:memory:")
os.environ["DJANGO_SETTINGS_MODULE"] = "zportal.settings"

import django

django.setup()

from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from scim import services
from scim.models import (
    Department,
    DirectoryGroup,
    DirectoryUser,
    GroupMembership,
    Organization,
)
from zportal.models import Administrator

USERS = "/administration/user-management/users/"
GROUPS = "/administration/user-management/groups/"
DEPARTMENTS = "/administration/user-management/departments/"

BAR = 100
"""Milliseconds that a page may take."""

# The names of collected files belong to "make run"; a page takes as long without them.
settings.STORAGES["staticfiles"]["BACKEND"] = (
    "django.contrib.staticfiles.storage.StaticFilesStorage"
)
settings.MIDDLEWARE.remove("whitenoise.middleware.WhiteNoiseMiddleware")

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
GIVEN = ("Adele", "Alex", "Diego", "Grady", "Isaiah", "Joni", "Lee", "Megan", "Nestor")
FAMILY = ("Vance", "Wilber", "Siciliani", "Archie", "Langer", "Sherman", "Gu", "Bowen")
BATCH = 5_000


def fill(people: int, groups: int, members: int) -> Organization:
    """Make an organization with that many people and groups, one of them large."""
    organization = services.create_organization(name="Bench", domains=["bench.example"])
    departments = Department.objects.bulk_create(
        Department(organization=organization, name=f"D{n:03}", name_key=f"d{n:03}")
        for n in range(200)
    )
    users = [_person(organization, departments, n) for n in range(people)]
    users = DirectoryUser.objects.bulk_create(users, BATCH)
    teams = [_group(organization, n) for n in range(groups)]
    teams = DirectoryGroup.objects.bulk_create(teams, BATCH)
    large = ((teams[0], user) for user in users[:members])
    spread = ((teams[1 + n % (groups - 1)], user) for n, user in enumerate(users))
    GroupMembership.objects.bulk_create(
        (
            GroupMembership(organization=organization, group=group, user=user)
            for pairs in (large, spread)
            for group, user in pairs
        ),
        BATCH,
    )
    with connection.cursor() as cursor:
        # As autovacuum leaves the tables of PostgreSQL.
        cursor.execute("ANALYZE" if connection.vendor == "sqlite" else "VACUUM ANALYZE")
    return organization


def _person(
    organization: Organization, departments: list[Department], number: int
) -> DirectoryUser:
    given, family = GIVEN[number % len(GIVEN)], FAMILY[number // 7 % len(FAMILY)]
    department = departments[number % len(departments)]
    now = timezone.now()
    user = DirectoryUser(organization=organization, created=now, modified=now)
    user.assign(
        {
            "userName": f"{given}.{family}.{number}@bench.example".lower(),
            "externalId": f"{number:08x}-bench",
            "displayName": f"{given} {family} {number}",
            "active": number % 10 != 0,
            "name": {"givenName": given, "familyName": family},
            ENTERPRISE: {"department": department.name},
        }
    )
    user.department = department
    return user


def _group(organization: Organization, number: int) -> DirectoryGroup:
    now = timezone.now()
    group = DirectoryGroup(organization=organization, created=now, modified=now)
    group.assign({"displayName": f"Team {number:05}", "externalId": f"g-{number}"})
    return group


def pages(organization: Organization) -> Iterator[tuple[str, str]]:
    """Yield what is measured: a name and an address."""
    user = DirectoryUser.objects.for_organization(organization).order_by("-pk")[0]
    group = DirectoryGroup.objects.for_organization(organization).order_by("pk")[0]
    yield "Users", USERS
    yield "Users, page 1,000", f"{USERS}?p=1000"
    yield "Users by last change", f"{USERS}?o=-5"
    yield "Users by department", f"{USERS}?o=3"
    yield "Users by name", f"{USERS}?o=1"
    yield "Users by name, page 1,000", f"{USERS}?o=1&p=1000"
    yield "Users by last change, page 1,000", f"{USERS}?o=5&p=1000"
    yield "Users by department, page 1,000", f"{USERS}?o=-3&p=1000"
    yield "Users: disabled", f"{USERS}?status=disabled"
    yield "Users: enabled, page 1,000", f"{USERS}?status=enabled&p=1000"
    yield "Users: enabled by name, page 1,000", f"{USERS}?status=enabled&o=1&p=1000"
    yield "Users: of a department", f"{USERS}?department={user.department_id}"
    yield "Users: of the large group", f"{USERS}?group={group.pk}"
    yield "Users: search “adele”", f"{USERS}?q=adele"
    yield "Users: search “vance”", f"{USERS}?q=vance"
    yield "Users: search one person", f"{USERS}?q={user.scim_username}"
    yield "Users: search “a”", f"{USERS}?q=a"
    yield "Users: search “a” by last change", f"{USERS}?q=a&o=-5"
    yield "Users: search “a”, page 200", f"{USERS}?q=a&p=200"
    yield "Users: search “a”, enabled", f"{USERS}?q=a&status=enabled"
    yield "Users: search “a” in the large group", f"{USERS}?q=a&group={group.pk}"
    yield (
        "Large group, disabled, by last change",
        f"{USERS}?group={group.pk}&status=disabled&o=-5",
    )
    yield "Large group, page 150", f"{USERS}?group={group.pk}&p=150"
    yield "Users: search nothing", f"{USERS}?q=zzzz"
    yield "A person", f"{USERS}{user.pk}/"
    yield "Groups", GROUPS
    yield "Groups: search", f"{GROUPS}?q=team 04"
    yield "The large group", f"{GROUPS}{group.pk}/"
    yield "Departments", DEPARTMENTS
    yield "Search “a”", "/search/?q=a"
    yield "Search one person", f"/search/?q={user.scim_username}"


def measure(client: Client, address: str, times: int) -> tuple[float, int]:
    """Return the median in milliseconds, and the number of queries."""
    with CaptureQueriesContext(connection) as queries:
        response = client.get(address)
    number = len(queries)
    if response.status_code != 200:
        sys.exit(f"{address} answered {response.status_code}")
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        client.get(address)
        taken.append((time.perf_counter() - start) * 1000)
    return statistics.median(taken), number


@contextmanager
def scratch_database() -> Iterator[None]:
    """Work in a new database beside the configured one, and delete it afterwards."""
    with tempfile.TemporaryDirectory(prefix="zportal-bench-") as directory:
        name = str(Path(directory) / "bench.sqlite3")
        if connection.vendor != "sqlite":
            name = f"bench_zportal_{os.getpid()}"
        settings.DATABASES["default"]["TEST"]["NAME"] = name
        configured = settings.DATABASES["default"]["NAME"]
        connection.creation.create_test_db(verbosity=0, serialize=False)
        try:
            yield
        finally:
            connection.creation.destroy_test_db(str(configured), verbosity=0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=100_000)
    parser.add_argument("--groups", type=int, default=5_000)
    parser.add_argument("--members", type=int, default=10_000)
    parser.add_argument("--times", type=int, default=5)
    options = parser.parse_args()
    with scratch_database():
        organization = fill(options.users, options.groups, options.members)
        administrator = Administrator.objects.create_user("bench", home=organization)
        client = Client(SERVER_NAME="127.0.0.1")
        client.force_login(administrator)
        print(
            f"{connection.vendor}: {options.users:,} users, {options.groups:,} groups, "
            f"one of {options.members:,}; median of {options.times}"
        )
        for name, address in pages(organization):
            taken, queries = measure(client, address, options.times)
            mark = f"   over {BAR} ms" if taken > BAR else ""
            print(f"  {name:42}{taken:7.1f} ms {queries:4} queries{mark}")


if __name__ == "__main__":
    main()
