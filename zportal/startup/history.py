"""A system check: whether the tables are those that the migrations believe in.

The migrations of before the first release are one of each app now. A database that had
all of the old ones is as that one makes it. One that had some of them is not, and nothing
is left that would bring it there.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.core.checks import CheckMessage, Error, Tags, register
from django.db import connections
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder


@register(Tags.database)
def check_history(
    databases: Iterable[str] | None = None, **_: Any
) -> list[CheckMessage]:
    """Find apps that stopped between migrations that are one today.

    ``manage.py migrate`` checks before it reads the history itself, which it would do
    with a traceback that names neither the app nor a remedy.
    """
    found: list[CheckMessage] = []
    for alias in databases or ():
        recorded = MigrationRecorder(connections[alias]).applied_migrations()
        for key, migration in MigrationLoader(None).replacements.items():
            missing = [old for old in migration.replaces if old not in recorded]
            has_begun = key in recorded or len(missing) < len(migration.replaces)
            if has_begun and missing:
                found.append(_unfinished(*missing[0]))
    return found


def _unfinished(app: str, name: str) -> Error:
    return Error(
        f"The tables of {app} are of a time before the first release, and the database "
        f"has not seen all that followed: {name} was not applied, and is gone.",
        hint="Begin with an empty database. Or check out the last revision that has "
        f"{app}/migrations/{name}.py, run manage.py migrate there, and come back.",
        id="zportal.E013",
    )
