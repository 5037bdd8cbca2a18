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

os.environ.update(DEBUG="false", SECRET_KEY=secrets.token_hex(32))
os.environ.setdefault("DATABASE_URL", "sqlite://:memory:")
os.environ["DJANGO_SETTINGS_MODULE"] = "zportal.settings"

import django

django.setup()

from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from bench.directory import fill
from bench.people import Size
from scim.models import DirectoryGroup, DirectoryUser, Organization
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
    parser.add_argument("--times", type=int, default=5)
    options = parser.parse_args()
    with scratch_database():
        size = Size(options.users)
        organization = fill(size)
        administrator = Administrator.objects.create_user("bench", home=organization)
        client = Client(SERVER_NAME="127.0.0.1")
        client.force_login(administrator)
        print(
            f"{connection.vendor}: {size.users:,} users, {size.groups:,} groups, "
            f"one of {size.members:,}; median of {options.times}"
        )
        for name, address in pages(organization):
            taken, queries = measure(client, address, options.times)
            mark = f"   over {BAR} ms" if taken > BAR else ""
            print(f"  {name:42}{taken:7.1f} ms {queries:4} queries{mark}")


if __name__ == "__main__":
    main()
