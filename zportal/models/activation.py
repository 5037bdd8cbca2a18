"""What took effect at once, for everybody: activations, forced reauthentication."""

from __future__ import annotations

from typing import ClassVar, Self

from django.db import models
from django.utils import timezone

from scim.models import Organization
from scim.models.base import OrganizationQuerySet


class NewestFirstQuerySet(OrganizationQuerySet):
    def newest_first(self) -> Self:
        return self.order_by("-pk")


class Activation(models.Model):
    """One press of Activate, with what it made active."""

    id = models.BigAutoField(primary_key=True)
    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="activations"
    )
    time = models.DateTimeField(default=timezone.now)
    actor = models.CharField(
        max_length=254, help_text="The login as text: it outlives the administrator."
    )
    changes = models.JSONField(
        default=dict, help_text="Label of the setting to [old value, new value]."
    )

    objects = NewestFirstQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-id"]
        indexes: ClassVar = [
            models.Index(fields=["organization", "-id"], name="activation_newest")
        ]

    def __str__(self) -> str:
        return f"Activation by {self.actor}, {self.time:%Y-%m-%d %H:%M}"


class ForcedReauthentication(models.Model):
    """From this time on, whoever signed on earlier has to authenticate again."""

    id = models.BigAutoField(primary_key=True)
    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="reauthentications"
    )
    time = models.DateTimeField(default=timezone.now)
    actor = models.CharField(max_length=254, help_text="The login as text.")

    objects = NewestFirstQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-id"]
        indexes: ClassVar = [
            models.Index(fields=["organization", "-id"], name="reauthentication_newest")
        ]

    def __str__(self) -> str:
        return f"Reauthentication by {self.actor}, {self.time:%Y-%m-%d %H:%M}"
