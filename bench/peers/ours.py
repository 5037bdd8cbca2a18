"""This project, as ``make run`` serves it, on the engine that DATABASE_URL names.

With BENCH_FLOOR the same database is served by bench.peers.floor instead: the same SQL
and the same answers without Django and without this project. With BENCH_EVENTS its log
holds so many calls.
"""

from __future__ import annotations

import os
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit, urlunsplit

import psycopg

from bench.peers.serving import (
    Options,
    Ready,
    gunicorn,
    options,
    sample,
    serve,
)


@contextmanager
def fresh_database(given: Options) -> Iterator[str]:
    """Yield the URL of an empty database beside the one of DATABASE_URL."""
    server = os.environ.get("DATABASE_URL", "")
    if not server.startswith("postgres"):
        yield f"sqlite:///{given.state / 'bench.sqlite3'}"
        return
    name = f"bench_scim_{os.getpid()}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    try:
        parts = urlsplit(server)
        yield urlunsplit((parts.scheme, parts.netloc, f"/{name}", parts.query, ""))
    finally:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def main() -> None:
    given = options()
    with fresh_database(given) as url:
        os.environ.update(
            DATABASE_URL=url,
            SECRET_KEY=secrets.token_hex(32),
            PUBLIC_URL=given.address,
            HOST="127.0.0.1",
            PORT=str(given.port),
            DEBUG="false",
            TRUSTED_PROXIES="",
            DJANGO_SETTINGS_MODULE="zportal.settings",
        )
        ready = prepare(given)
        floor = os.environ.get("BENCH_FLOOR")
        application = "bench.peers.floor" if floor else "zportal.wsgi"
        serve(
            gunicorn(application, "python:zportal.serving.gunicorn"),
            given,
            ready,
            BENCH_TOKEN=ready.token,
        )


def prepare(given: Options) -> Ready:
    """Migrate and fill, as the set-up of an installation would."""
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    from zportal.startup.static_files import collect_static_files

    call_command("migrate", verbosity=0, interactive=False)
    collect_static_files()
    from bench.captured import captured_requests
    from bench.directory import fill, fill_events
    from scim.models import DirectoryGroup, DirectoryUser
    from scim.services import organizations
    from zportal.models import AuthenticationSettings, Stage

    organization = fill(given.size)
    if events := int(os.environ.get("BENCH_EVENTS", "0")):
        fill_events(organization, events)
    for stage in (Stage.STAGED, Stage.ACTIVE):
        AuthenticationSettings.objects.create(
            organization=organization,
            stage=stage,
            authentication_type=AuthenticationSettings.Type.SAML,
        )
    organizations.set_provisioning(
        organization=organization, enabled=True, actor="bench"
    )
    _, token = organizations.generate_token(organization=organization, actor="bench")
    organizations.activate_token(organization=organization, actor="bench")
    users = DirectoryUser.objects.for_organization(organization).order_by("pk")
    rows = list(users.only("pk", "scim_username"))
    group = DirectoryGroup.objects.for_organization(organization).order_by("pk")[0]
    ready = Ready(
        base=organization.scim_path,
        token=token,
        group_id=group.scim_id,
        people=[(rows[n].scim_id, rows[n].scim_username) for n in sample(given.size)],
        also=[postmaster()] if connection.vendor == "postgresql" else [],
        versions=versions(),
    )
    requests = captured_requests(token)
    ready.queries = {name: request.queries for name, request in requests.items()}
    connection.close()
    return ready


def postmaster() -> int:
    """Return the process that all backends of the PostgreSQL server come from."""
    from bench.processes import parent_of

    with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
        return parent_of(connection.info.backend_pid)


def versions() -> dict[str, str]:
    from django.db import connection

    if connection.vendor == "sqlite":
        return {"SQLite": sqlite3.sqlite_version}
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        return {"PostgreSQL": str(cursor.fetchone()[0]).split(" ")[0]}


if __name__ == "__main__":
    main()
