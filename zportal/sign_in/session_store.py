"""Sessions in the database, where no row tells what opens the session."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from django.contrib.sessions.backends import db
from django.contrib.sessions.backends.base import UpdateError
from django.db import OperationalError
from django.utils import timezone


class SessionStore(db.SessionStore):
    """Django's sessions in the database; the key of a row is a digest of the cookie.

    Whoever reads the database, or a copy of it, signs in with nothing that is there.
    """

    def _get_session_from_db(self) -> Any:
        rows = self.model.objects.filter(expire_date__gt=timezone.now())
        row = rows.filter(session_key=stored_key(self.session_key or "")).first()
        if row is None:
            self._session_key = None
        return row

    def exists(self, session_key: str) -> bool:
        return super().exists(stored_key(session_key))

    def create_model_instance(self, data: dict[str, Any]) -> Any:
        row = super().create_model_instance(data)
        row.session_key = stored_key(row.session_key)
        return row

    def delete(self, session_key: str | None = None) -> None:
        key = session_key or self.session_key
        if key is not None:
            self.model.objects.filter(session_key=stored_key(key)).delete()

    def save(self, must_create: bool = False) -> None:  # noqa: FBT001, FBT002 - Django's
        """Store the session.

        Raises UpdateError when the session has ended, and OperationalError while the
        database is locked or away; Django takes one for the other.
        """
        try:
            super().save(must_create)
        except UpdateError as error:
            if isinstance(error.__context__, OperationalError):
                raise error.__context__ from None
            raise


def stored_key(session_key: str) -> str:
    """Return the key of the row: as much of the SHA-256 digest as Django's column holds.

    That is 160 bits; the cookie itself has 165.
    """
    return sha256(session_key.encode()).hexdigest()[:40]
