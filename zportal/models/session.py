from __future__ import annotations

from datetime import timedelta
from typing import Self

from django.conf import settings
from django.db import models
from django.utils import timezone

from zportal.models.administrator import Administrator

NOTED_EVERY = timedelta(minutes=1)
"""A busy session is not written with each of its requests, so that one which idles ends
up to a minute early."""


class AdministratorSessionQuerySet(models.QuerySet["AdministratorSession"]):
    def of(self, administrator: Administrator) -> Self:
        return self.filter(administrator=administrator)

    def going_on(self) -> Self:
        """Those that neither idled too long nor have reached the limit."""
        now = timezone.now()
        # What a clock that was wrong dated ahead would last for as long.
        soon = now + NOTED_EVERY
        return self.filter(
            last_seen__range=(now - settings.SESSION_IDLE, soon),
            started__range=(now - settings.SESSION_LIMIT, soon),
        )

    def over(self) -> Self:
        return self.exclude(pk__in=self.going_on().values("pk"))

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
    def begin(
        cls, administrator: Administrator, address: str | None
    ) -> AdministratorSession:
        """Store a new session, and forget those that are over."""
        cls.objects.of(administrator).over().delete()
        return cls.objects.create(administrator=administrator, address=address)

    def is_to_be_noted(self, address: str | None) -> bool:
        """Whether a request of now, from *address*, is to be written down."""
        is_recent = timezone.now() - self.last_seen < NOTED_EVERY
        return not is_recent or address != self.address

    def seen(self, address: str | None) -> None:
        """Note a request of now, from *address*."""
        # A row that was deleted this moment must stay deleted: no save().
        row = type(self).objects.filter(pk=self.pk)
        row.update(last_seen=timezone.now(), address=address)
