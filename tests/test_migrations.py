"""One migration makes the tables of an app; databases from before it stay what they are."""

from __future__ import annotations

import ast
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from django.apps import apps
from django.db import connection

from scim.models.base import KeyField
from tests import live
from tests.test_project import run

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]

BEFORE = {
    "scim": [
        "0001_initial",
        "0002_search_and_sort_keys",
        "0003_search_and_sort_indexes",
        "0004_rate_window",
        "0005_email_addresses",
        "0006_index_email_addresses",
        "0007_bulk_action",
        "0008_schema_extensions",
        "0009_sign_ons",
        "0010_drop_indexes_of_foreign_keys",
        "0011_event_indexes",
        "0012_event_sizes",
        "0013_retention",
        "0014_domain_taken_once",
    ],
    "zportal": [
        "0001_initial",
        "0002_saml_sign_on",
        "0003_sign_in_counts",
        "0004_audit_of_sign_in",
    ],
}
"""What an installation had applied when the migrations of each app became one."""


Row = tuple[Any, ...]


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[live.Installation]:
    """An installation, whose history each test writes itself."""
    with live.installed(tmp_path_factory.mktemp("migrated")) as installation:
        yield installation


def ask(here: live.Installation, *statements: str) -> list[Row]:
    """Run *statements* on the database, and return what the last one found."""
    url = here.environment["DATABASE_URL"]
    database: Any = (
        sqlite3.connect(url.removeprefix("sqlite:///"))
        if url.startswith("sqlite")
        else psycopg.connect(url)
    )
    with closing(database):
        cursor = database.cursor()
        for statement in statements:
            cursor.execute(statement)
        found: list[Row] = cursor.fetchall() if cursor.description else []
        database.commit()
    return found


def history(here: live.Installation) -> list[Row]:
    return ask(
        here,
        "SELECT app, name FROM django_migrations WHERE app IN ('scim', 'zportal') "
        "ORDER BY app, name",
    )


def have_applied(here: live.Installation, names: dict[str, list[str]]) -> list[Row]:
    """Make *names* the history of both apps, as an earlier revision left it."""
    rows = [(app, name) for app, applied in names.items() for name in applied]
    values = ", ".join(f"('{app}', '{name}', CURRENT_TIMESTAMP)" for app, name in rows)
    ask(
        here,
        "DELETE FROM django_migrations WHERE app IN ('scim', 'zportal')",
        f"INSERT INTO django_migrations (app, name, applied) VALUES {values}",  # noqa: S608
    )
    return rows


def kept(here: live.Installation) -> list[list[Row]]:
    tables = ("organization", "domain", "provisioningconnection", "bearertoken")
    return [ask(here, f"SELECT * FROM scim_{table}") for table in tables]  # noqa: S608


def test_a_database_of_before_opens_as_it_is(here: live.Installation) -> None:
    rows, before = have_applied(here, BEFORE), kept(here)
    assert all(before)

    applied = live.run(here.environment, "migrate", "--noinput")
    live.run(here.environment, "migrate", "--check")
    live.run(here.environment, "prepare")

    assert "No migrations to apply." in applied
    assert history(here) == rows
    assert kept(here) == before


def test_a_new_database_has_the_same_history(tmp_path: Path) -> None:
    """So nobody has to know which of the two a database is."""
    with live.installed(tmp_path) as fresh:
        assert history(fresh) == [(app, name) for app in BEFORE for name in BEFORE[app]]


@pytest.mark.parametrize("command", ["migrate", "prepare"])
@pytest.mark.parametrize(
    ("app", "applied"), [("scim", 1), ("scim", 10), ("zportal", 3)]
)
def test_one_that_stopped_on_its_way_is_told_what_to_do(
    here: live.Installation, app: str, applied: int, command: str
) -> None:
    """Django alone would make the tables again, or fail without naming the app."""
    rows = have_applied(here, {**BEFORE, app: BEFORE[app][:applied]})

    ended = run(sys.executable, "manage.py", command, environment=here.environment)

    assert ended.returncode != 0
    assert "zportal.E013" in ended.stderr
    assert f"The tables of {app} are" in ended.stderr
    assert f"{app}/migrations/{BEFORE[app][applied]}.py" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert history(here) == rows


def test_the_models_are_those_of_the_migrations(here: live.Installation) -> None:
    have_applied(here, BEFORE)
    live.run(here.environment, "makemigrations", "--check", "--dry-run")


@pytest.mark.django_db
def test_keys_are_compared_byte_by_byte() -> None:
    expected = "C" if connection.vendor == "postgresql" else None
    keys = [
        (model._meta.db_table, field.column)
        for model in apps.get_models()
        for field in model._meta.local_concrete_fields
        if isinstance(field, KeyField)
    ]
    assert ("scim_directoryuser", "user_name_key") in keys
    for table, key in keys:
        with connection.cursor() as cursor:
            columns = connection.introspection.get_table_description(cursor, table)
        [collation] = [column.collation for column in columns if column.name == key]
        assert (table, key, collation) == (table, key, expected)


def imports(file: Path) -> Iterator[str]:
    """Yield the names of the modules that *file* imports."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield f"{'.' * node.level}{node.module or ''}"


def test_migrations_stand_alone() -> None:
    """What they import may not change, so it is Django's, Python's or their own."""
    strangers = {
        name
        for file in ROOT.glob("*/migrations/*.py")
        for name in imports(file)
        if name.partition(".")[0] not in {"django", *sys.stdlib_module_names}
    }
    assert strangers == {"scim.migrations._key_field"}
