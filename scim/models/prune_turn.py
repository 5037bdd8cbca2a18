from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.db import models
from django.db.models import Q
from django.utils import timezone

TURN = timedelta(seconds=60)
"""After this time a process that says nothing is taken to be gone."""

NEVER = datetime.min.replace(year=1970, tzinfo=UTC)


class PruneTurnQuerySet(models.QuerySet["PruneTurn"]):
    def take(self, every: timedelta) -> bool:
        """Begin a turn; False while another process has its own, or soon after one.

        One UPDATE decides, so that two processes never both begin.
        """
        now = timezone.now()
        if not self.filter(pk=1).exists():
            self.bulk_create([self.model(pk=1)], ignore_conflicts=True)
        # What a clock that was wrong wrote into the future holds nobody up.
        is_free = Q(busy_until__lte=now) | Q(busy_until__gt=now + TURN)
        is_due = Q(done_at__lte=now - every) | Q(done_at__gt=now)
        free = self.filter(is_free, is_due, pk=1)
        return bool(free.update(busy_until=now + TURN))

    def keep(self) -> None:
        """Say that the turn goes on."""
        self.filter(pk=1).update(busy_until=timezone.now() + TURN)

    def end(self, *, is_done: bool) -> None:
        """End the turn; when it is not done, anybody may go on at once."""
        now = timezone.now()
        done = {"done_at": now} if is_done else {}
        self.filter(pk=1).update(busy_until=now, **done)


class PruneTurn(models.Model):
    """Whose turn it is to delete what has reached its end; there is one row."""

    busy_until = models.DateTimeField(default=NEVER)
    done_at = models.DateTimeField(default=NEVER)

    objects = PruneTurnQuerySet.as_manager()

    def __str__(self) -> str:
        return f"busy until {self.busy_until:%H:%M:%S}"
