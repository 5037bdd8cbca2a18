"""Typed environment values: a malformed one ends the start with what to write instead.

Django's checks come too late for them, since the settings are made of them: with another
value in its place a command might work on the wrong database. So the process ends here,
in the words and with the status of ``zportal.startup.checks``.
"""

from __future__ import annotations

import math
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

import environ

UNABLE_TO_BOOT = 3
"""The exit status upon which gunicorn stops, instead of starting the worker again."""

MALFORMED = "zportal.E009"

SQLITE = "django.db.backends.sqlite3"
POSTGRESQL_SCHEMES = ("postgres", "postgresql", "psql", "pgsql")

LONGEST_SHOWN = 40
"""Characters of a malformed value that are repeated."""

DATABASE_EXAMPLES = (
    "DATABASE_URL=postgres://user:password@127.0.0.1:5432/zportal or "
    "DATABASE_URL=sqlite:///var/zportal.sqlite3"
)


class Environment(environ.Env):  # type: ignore[misc]
    """The environment, whose typed values are as they must be, or end the process."""

    def whole_number(self, name: str, *, default: int, least: int, most: int) -> int:
        """Return a number from *least* to *most*; *default* where *name* is not set."""
        text = self._given(name)
        if text is None:
            return default
        try:
            number = int(text)
        except ValueError:
            number = least - 1
        if not least <= number <= most:
            refuse(
                f"{name} is {_shown(text)}, not a whole number from {least} to {most}.",
                hint=f"For example: {name}={default}",
            )
        return number

    def seconds(self, name: str, *, default: float, most: float) -> float:
        """Return a number from 0 to *most*; *default* where *name* is not set."""
        text = self._given(name)
        if text is None:
            return default
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if not 0 <= number <= most:
            refuse(
                f"{name} is {_shown(text)}, not a number of seconds from 0 to {most:g}.",
                hint=f"For example: {name}={default:g}",
            )
        return number

    def database(self, name: str, *, default: str) -> dict[str, Any]:
        """Return the database that *name* is the URL of, as Django's settings have it.

        The directory of an SQLite file is made, and the file itself, which SQLite would
        make readable for whoever the umask lets. So are -wal and -shm: they get its mode.
        """
        text = self._given(name)
        try:
            database = database_of(default if text is None else text)
        except ValueError as problem:
            refuse(f"{name} {problem}.", hint=f"For example: {DATABASE_EXAMPLES}")
        if database["ENGINE"] == SQLITE:
            directory = Path(database["NAME"]).parent
            try:
                directory.mkdir(mode=0o700, parents=True, exist_ok=True)
                if database["NAME"] != ":memory:":
                    _keep_private(Path(database["NAME"]))
            except (OSError, ValueError) as problem:
                reason = getattr(problem, "strerror", None) or problem
                refuse(
                    f"{name} needs the directory {directory}, or a file there, which "
                    f"cannot be made: {reason}.",
                    hint=f"For example: {DATABASE_EXAMPLES}",
                )
        return database

    def _given(self, name: str) -> str | None:
        """Return what *name* is set to, or None."""
        if name not in self.ENVIRON:
            return None
        try:
            return str(self.str(name, default=""))
        except RecursionError:
            refuse(
                f"{name} refers to itself.",
                hint="A value that begins with $ is the name of another one.",
            )


def database_of(url: str) -> dict[str, Any]:
    """Return the entry of DATABASES that *url* stands for.

    Raises ValueError with what is wrong, never with a part of *url*: it may be a password.
    """
    scheme, separator, rest = url.partition("://")
    scheme = scheme.lower()
    if not separator or scheme not in ("sqlite", *POSTGRESQL_SCHEMES):
        given = "is empty" if not url else "is not the URL of a database"
        raise ValueError(f"{given}: it must begin with sqlite:// or postgres://")
    if scheme == "sqlite":
        if rest not in ("", ":memory:") and not rest.startswith("/"):
            raise ValueError(
                "has a path right behind sqlite://, where a third / belongs"
            )
        return dict(environ.Env.db_url_config(url))
    try:
        database = dict(environ.Env.db_url_config(url))
    except ValueError:
        database = {}
    # “/” ends the host: behind it, an @ was meant to end a password that has a /.
    path = rest.partition("?")[0].partition("/")[2]
    if not database or "@" in path:
        raise ValueError(
            "cannot be read: its port is no number up to 65535, or its password has one "
            "of / ? # @ : % [ ], which are written %2F %3F %23 %40 %3A %25 %5B %5D"
        )
    if not database["NAME"] and "service" not in database.get("OPTIONS", {}):
        raise ValueError("names no database behind the host")
    return database


def _keep_private(path: Path) -> None:
    """Make the file of an SQLite database, and keep it and its logs to their owner."""
    if not path.exists():
        path.touch(mode=0o600)
    for file in (path, Path(f"{path}-wal"), Path(f"{path}-shm")):
        # Somebody else's file is theirs to keep; SQLite says whether it can be used.
        with suppress(FileNotFoundError, PermissionError):
            if file.is_file() and file.stat().st_mode & 0o077:
                file.chmod(0o600)


def report(kind: str, identity: str | None, text: str, hint: str | None) -> None:
    """Print one finding on stderr; *kind* is error or warning."""
    print(f"zportal {kind} {identity}: {text}", file=sys.stderr)  # noqa: T201
    print(f"    {hint}", file=sys.stderr)  # noqa: T201


def end_start() -> NoReturn:
    """End the process, after the errors have been reported."""
    print("zportal does not start with these settings.", file=sys.stderr)  # noqa: T201
    raise SystemExit(UNABLE_TO_BOOT)


def refuse(text: str, *, hint: str) -> NoReturn:
    """Report a malformed value and end the process."""
    report("error", MALFORMED, text, hint)
    end_start()


def _shown(text: str) -> str:
    """Return *text* in quotation marks, short and on one line; or that it is empty."""
    if not text.strip():
        return "empty"
    shown = text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"
    return f"“{shown}”" if shown.isprintable() else f"“{ascii(shown)[1:-1]}”"
