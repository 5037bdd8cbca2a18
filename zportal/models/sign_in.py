from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple, Self

from django.db import models, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.crypto import salted_hmac

LOCK = timedelta(minutes=5)
"""How long wrong passwords count, and so how long they lock."""

PRUNED_AT_ONCE = 100


class Counted(NamedTuple):
    """What wrong passwords are counted by: a login, a known browser or an address."""

    kind: str
    name: str
    most: int
    """Wrong passwords at which it is locked."""
    slides: bool
    """Whether each try makes those before it count for another LOCK."""

    @property
    def key(self) -> str:
        """A digest, since people type passwords where a login is asked for."""
        text = f"{self.kind}:{self.name}"
        return salted_hmac("zportal.sign-in", text, algorithm="sha256").hexdigest()


class SignInCountQuerySet(models.QuerySet["SignInCount"]):
    def take(self, counted: Counted) -> SignInCount | None:
        """Count a try whose password nobody has looked at yet; in a transaction.

        Returns None, or the row that leaves no room for a try. One UPDATE decides, so
        that tries at the same moment never find the same room.
        """
        now = timezone.now()
        rows = self.filter(key=counted.key)
        rows.filter(ends__lte=now).delete()
        row = self.model(key=counted.key, ends=now + LOCK)
        self.bulk_create([row], ignore_conflicts=True)
        changes = {"ends": row.ends} if counted.slides else {}
        room = rows.filter(pending__lt=counted.most - F("wrong"))
        return (
            None if room.update(pending=F("pending") + 1, **changes) else rows.first()
        )

    def take_back(self, counted: Counted) -> None:
        """Forget a try that was taken."""
        self._of(counted).update(pending=F("pending") - 1)

    def failed(self, counted: Counted) -> SignInCount | None:
        """Turn a try that was taken into a wrong password; return the row when full."""
        self._of(counted).update(pending=F("pending") - 1, wrong=F("wrong") + 1)
        return self.filter(key=counted.key, wrong__gte=counted.most).first()

    def succeeded(self, counted: Counted) -> None:
        """Forget a try that was taken; of a login or browser, the wrong ones as well."""
        changes = {"wrong": 0} if counted.slides else {}
        self._of(counted).update(pending=F("pending") - 1, **changes)

    def over(self) -> Self:
        """Those that count no more."""
        return self.filter(ends__lte=timezone.now())

    @transaction.atomic
    def prune(self) -> None:
        """Delete some rows that count no more, and wait for nobody who is at them."""
        over = self.over().select_for_update(skip_locked=True)
        self.filter(pk__in=over.values("pk")[:PRUNED_AT_ONCE]).delete()

    def _of(self, counted: Counted) -> SignInCountQuerySet:
        # A row that ended meanwhile, and was begun anew, knows nothing of the try.
        return self.filter(key=counted.key, pending__gt=0)


class SignInCount(models.Model):
    """Wrong passwords of one login, known browser or address; who it is, is a digest."""

    key = models.CharField(max_length=64, unique=True)
    wrong = models.PositiveIntegerField(default=0)
    pending = models.PositiveIntegerField(
        default=0, help_text="Tries whose password is being looked at."
    )
    ends = models.DateTimeField(db_index=True)

    objects = SignInCountQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.wrong} wrong passwords until {self.ends:%H:%M:%S}"
