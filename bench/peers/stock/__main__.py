"""Fills and serves the stock project, with the gunicorn settings of this project."""

from __future__ import annotations

import os

import django

from bench import people
from bench.peers.serving import (
    Ready,
    gunicorn,
    new_token,
    options,
    sampled_people,
    serve,
)
from bench.people import Size

BATCH = 5_000


def fill(size: Size) -> None:
    from django.db import connection

    from bench.peers.stock.models import Group, User

    numbers = range(size.users)
    # The library makes the SCIM id of the key.
    User.objects.bulk_create(
        (
            User(
                id=n + 1,
                scim_id=str(n + 1),
                scim_external_id=f"{n:08x}-bench",
                scim_username=people.user_name(n),
                username=people.user_name(n),
                first_name=people.given_name(n),
                last_name=people.family_name(n),
                email=people.user_name(n),
                is_active=people.is_active(n),
            )
            for n in numbers
        ),
        BATCH,
    )
    Group.objects.bulk_create(
        Group(
            id=n + 1,
            scim_id=str(n + 1),
            name=people.group_name(n),
            scim_display_name=people.group_name(n),
        )
        for n in range(size.groups)
    )
    membership = User.scim_groups.through
    pairs = [(0, n) for n in range(size.members)]
    pairs += [(size.group_of(n), n) for n in numbers]
    membership.objects.bulk_create(
        (membership(group_id=group + 1, user_id=user + 1) for group, user in pairs),
        BATCH,
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    connection.close()


def main() -> None:
    given = options()
    token = new_token()
    os.environ.update(
        DJANGO_SETTINGS_MODULE="bench.peers.stock.settings",
        BENCH_DATABASE=str(given.state / "stock.sqlite3"),
        BENCH_TOKEN=token,
        PORT=str(given.port),
    )
    django.setup()
    from django.core.management import call_command

    call_command("migrate", run_syncdb=True, verbosity=0, interactive=False)
    fill(given.size)
    sampled = sampled_people(given.size, lambda number: str(number + 1))
    serve(
        gunicorn("bench.peers.stock.wsgi"),
        given,
        Ready(base="/scim/v2", token=token, group_id="1", people=sampled),
    )


if __name__ == "__main__":
    main()
