"""A database that refuses."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from scim.models.prepared import PreparedInsert

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.db.models import Model


@contextmanager
def failing_inserts(model: type[Model], error: Exception) -> Iterator[None]:
    """Let the database refuse each new row of *model* with *error*."""
    original = PreparedInsert.insert

    def insert(self: Any, row: Any) -> None:
        if isinstance(row, model):
            raise error
        original(self, row)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(PreparedInsert, "insert", insert)
        yield
