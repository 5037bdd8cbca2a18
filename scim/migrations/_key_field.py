"""The column of match keys, as the migrations make it.

Installations were made with it, so it does not change: columns that are to be made
otherwise get a class of their own, and a migration that alters them.
"""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper


class KeyField(models.CharField):  # type: ignore[type-arg]
    """Text that both databases compare byte by byte.

    SQLite does so anyway. PostgreSQL is told to: by a language's rules an index could
    not find the keys that begin with something.
    """

    def db_parameters(self, connection: BaseDatabaseWrapper) -> Any:
        """Return what Django makes the column of; Django's own class has no collation
        for one database alone."""
        parameters: Any = super().db_parameters(connection)
        if connection.vendor == "postgresql":
            parameters["collation"] = "C"
        return parameters
