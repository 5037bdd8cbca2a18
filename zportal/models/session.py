from __future__ import annotations

from datetime import timedelta
from typing import Self

from django.conf import settings
from django.db import models
from django.utils import timezone

from zportal.models.administrator import Administrator

NOTED_EVERY = timedelta(minutes=1)
"""A busy session is not written with each of its requests."""


class AdministratorSessionQuerySet(models.QuerySet["AdministratorSession"]):
    def of(self, administrator: Administrator) -> Self:
        return self.filter(administrator=administrator)

    def over(self) -> Self:
        """Those that idled too long or have reached the limit."""
        now = timezone.now()
        idle = now - timedelta(seconds=settings.SESSION_COOKIE_AGE) - NOTED_EVERY
        return self.filter(
            models.Q(last_seen__lt=idle)
            | models.Q(started__lt=now - settings.SESSION_LIMIT)
        )

    def count_password(self, key: int, most: int) -> bool:
        """Count a current password before it is looked at; False when there were *most*."""
        room = self.filter(pk=key, wrong_passwords__lt=most)
        return bool(room.update(wrong_passwords=models.F("wrong_passwords") + 1))

    def uncount_password(self, key: int) -> None:
        """Forget a password that was counted and not looked at after all."""
        counted = self.filter(pk=key, wrong_passwords__gt=0)
        counted.update(wrong_passwords=models.F("wrong_passwords") - 1)

    def newest_first(self) -> Self:
        return self.order_by("-last_seen", "-pk")


class AdministratorSession(models.Model):
    """A browser in which an administrator is signed in; deleting the row ends it.

    Its primary key is in the session, so nothing here opens one.
    """

    administrator = models.ForeignKey(
        Administrator, on_delete=models.CASCADE, related_name="sessions"
    )
    started = models.DateTimeField(default=timezone.now)
    last_seen = models.DateTimeField(default=timezone.now)
    address = models.GenericIPAddressField(null=True)
    wrong_passwords = models.PositiveSmallIntegerField(
        default=0, help_text="Typed as the current password since the last right one."
    )

    objects = AdministratorSessionQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.administrator_id} since {self.started:%Y-%m-%d %H:%M}"

    @classmethod
    def begin(cls, administrator: Administrator, address: str | None) -> Self:
        """Store a new session, and forget those that are over."""
        cls.objects.of(administrator).over().delete()
        return cls.objects.create(administrator=administrator, address=address)

    def seen(self, address: str | None) -> None:
        """Note a request of now, from *address*."""
        now = timezone.now()
        if now - self.last_seen < NOTED_EVERY and address == self.address:
            return
        # A row that was deleted this moment must stay deleted: no save().
        type(self).objects.filter(pk=self.pk).update(last_seen=now, address=address)
