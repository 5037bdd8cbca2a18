"""What an error of the database means, told by its code and never by its text.

PostgreSQL quotes the client's values in its text, where a name may say anything. Its code
is the SQLSTATE (appendix A of its manual), and it names the constraint apart. SQLite has
extended result codes (https://www.sqlite.org/rescode.html); only in its text does it name
the columns of a constraint, and there are no values in that.
"""

from __future__ import annotations

from typing import Any

UNIQUE = frozenset(
    {"23505", "SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY"}
)
FOREIGN_KEY = frozenset({"23503", "SQLITE_CONSTRAINT_FOREIGNKEY"})
DEADLOCK = frozenset({"40P01", "40001"})
"""A deadlock, and a transaction that others stood against; SQLite knows neither."""


def is_conflict(exc: Exception) -> bool:
    """Whether there is a row already that may be there only once: a taken name."""
    return _code(exc) in UNIQUE


def passes(exc: Exception) -> bool:
    """Whether doing the same again can help at once: others were in the way, and are not
    any more.

    That is a deadlock, or a row that was deleted while it was referred to. A lock that
    was waited for in vain does not pass so quickly, and a taken name is an answer.
    """
    return _code(exc) in DEADLOCK | FOREIGN_KEY


def broken_constraint(exc: Exception) -> str:
    """Return which unique constraint refused the row: PostgreSQL's name of it, or the
    columns as SQLite lists them, ``table.column, table.column``."""
    cause: Any = exc.__cause__
    if _code(exc).startswith("SQLITE_"):
        return str(cause).partition("UNIQUE constraint failed: ")[2]
    diagnosis = getattr(cause, "diag", None)
    return getattr(diagnosis, "constraint_name", None) or ""


def _code(exc: Exception) -> str:
    """Return SQLSTATE or SQLite's code; Django keeps the driver's error as the cause."""
    cause = exc.__cause__
    code = getattr(cause, "sqlstate", None) or getattr(cause, "sqlite_errorname", None)
    return code or ""
