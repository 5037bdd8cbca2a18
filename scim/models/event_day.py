from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import ClassVar

from django.db import models
from django.db.models import F, Sum, Value
from django.db.models.functions import Greatest

from scim.models.base import OrganizationQuerySet
from scim.models.organization import Organization


class EventDayQuerySet(OrganizationQuerySet):
    def add(self, organization: int, day: date, size: int) -> int:
        """Count *size* more bytes, in a transaction; return those of the whole day."""
        rows = self.for_organization(organization).filter(day=day)
        more = {"written": F("written") + size, "kept": F("kept") + size}
        if not rows.update(**more):
            row = self.model(organization_id=organization, day=day)
            self.bulk_create([row], ignore_conflicts=True)
            rows.update(**more)
        written: int = rows.values_list("written", flat=True).get()
        return written

    def take_off(self, organization: int, sizes: Mapping[date, int]) -> None:
        """Count bytes of events of these days as deleted, in a transaction."""
        for day, size in sorted(sizes.items()):
            rows = self.for_organization(organization).filter(day=day)
            rows.update(kept=Greatest(F("kept") - size, Value(0)))

    def written_on(self, day: date) -> int:
        """Return the bytes that were written on *day*, deleted ones included."""
        return self.filter(day=day).aggregate(Sum("written"))["written__sum"] or 0

    def kept(self, organization: int) -> int:
        """Return the bytes of the organization's events that are not deleted."""
        total = self.for_organization(organization).aggregate(Sum("kept"))
        return total["kept__sum"] or 0


class EventDay(models.Model):
    """How many bytes of events an organization wrote on a day (UTC), and still has.

    A process counts what it writes and adds it every few seconds (scim.events.quota). One
    that is killed before leaves the numbers that much too low.
    """

    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, db_index=False
    )
    day = models.DateField()
    written = models.PositiveBigIntegerField(default=0)
    kept = models.PositiveBigIntegerField(default=0)

    objects = EventDayQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organization", "day"], name="scim_event_day_unique"
            )
        ]

    def __str__(self) -> str:
        return f"{self.written:,} bytes on {self.day}"
