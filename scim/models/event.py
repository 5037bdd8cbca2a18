from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Self

from django.db import models
from django.utils import timezone

from scim.models.base import DocumentField, OrganizationQuerySet
from scim.models.organization import Organization

BODY_LIMIT = 64 * 1024
"""How much of a request or response is kept, in bytes of UTF-8."""

CLIENT = "token "
"""How the actor of a call with a good token begins; the token's name follows."""

ANONYMOUS = "unknown"
"""The actor of a call without a token, or with one that does not open the service."""

SIGN_ON = "SAML sign-on"
"""The actor of a sign-on, and of the changes that auto-provisioning makes with it."""


class ProvisioningEventQuerySet(OrganizationQuerySet):
    """The log, which may be long, and which strangers write to as well.

    All but refused() have an index of their own that holds no other rows: a query with a
    limit reads no more rows than it returns, whatever else is logged.
    """

    def newest_first(self) -> Self:
        return self.order_by("-pk")

    def anonymous_since(self, time: datetime) -> Self:
        """Calls that proved nothing, later than *time*, the newest first."""
        return self.filter(actor=ANONYMOUS, time__gt=time).order_by("-time")

    def of_clients(self) -> Self:
        """Calls that a token admitted."""
        # SQLite uses no partial index whose condition is a LIKE. So the index leaves out
        # the other two actors, and the query has to name them as well.
        mine = self.filter(actor__startswith=CLIENT)
        return mine.exclude(actor=ANONYMOUS).exclude(actor=SIGN_ON)

    def refused(self) -> Self:
        return self.filter(outcome=ProvisioningEvent.Outcome.REFUSED)

    def sign_ons(self) -> Self:
        """Those of people who signed on, or were refused to."""
        return self.filter(action=ProvisioningEvent.Action.SIGN_ON)

    def refused_sign_ons_since(self, time: datetime) -> Self:
        """Those of people who were refused later than *time*, the newest first."""
        return self.sign_ons().refused().filter(time__gt=time).order_by("-time")

    def refused_for_domain(self) -> Self:
        """Calls refused because the domain of a userName was not registered."""
        return self.refused().exclude(refused_domain="")

    def about(self, resource_type: str, key: int) -> Self:
        return self.filter(resource_type=resource_type, resource_key=key)


class ProvisioningEvent(models.Model):
    """One call, or one change made in the portal: who sent what, and what became of it."""

    class Outcome(models.TextChoices):
        ACCEPTED = "accepted", "Accepted"
        REFUSED = "refused", "Refused"

    class Action(models.TextChoices):
        TEST = "test", "Test Connection"
        LOOKUP = "lookup", "Lookup"
        READ = "read", "Read"
        LIST = "list", "List"
        DISCOVER = "discover", "Discovery"
        CREATE = "create", "Create"
        CHANGE = "change", "Change"
        DISABLE = "disable", "Disable"
        ENABLE = "enable", "Enable"
        DELETE = "delete", "Delete"
        BULK = "bulk", "Bulk"
        SIGN_ON = "sign-on", "Sign-on"
        OTHER = "other", "Other"

    id = models.BigAutoField(primary_key=True)
    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="events", db_index=False
    )
    time = models.DateTimeField(default=timezone.now)
    actor = models.CharField(
        max_length=254,
        help_text="Text, never a key: “token q7Fh2m” or an administrator's login.",
    )
    client_ip = models.GenericIPAddressField(null=True)
    action = models.CharField(
        max_length=16, choices=Action.choices, default=Action.OTHER
    )
    resource_type = models.CharField(max_length=16, blank=True)
    resource_key = models.PositiveIntegerField(null=True)
    target = models.CharField(
        max_length=254, blank=True, help_text="userName or displayName, as known."
    )
    outcome = models.CharField(
        max_length=16, choices=Outcome.choices, default=Outcome.ACCEPTED
    )
    method = models.CharField(max_length=20, blank=True)
    path = models.CharField(max_length=1024, blank=True)
    query = models.CharField(max_length=2048, blank=True)
    status = models.PositiveSmallIntegerField(null=True)
    scim_type = models.CharField(max_length=32, blank=True)
    detail = models.CharField(
        max_length=1024, blank=True, help_text="Why it was refused, or a note."
    )
    refused_domain = models.CharField(
        max_length=253,
        blank=True,
        help_text="The unregistered domain of a refused userName.",
    )
    changes = DocumentField(
        default=dict,
        help_text="Attribute path to [old value, new value]; for members of a group, "
        "[ids that went, ids that came].",
    )
    request_body = models.TextField(blank=True)
    response_body = models.TextField(blank=True)
    size = models.PositiveIntegerField(
        default=0, help_text="Bytes that it takes, more or less (scim.events.quota)."
    )

    objects = ProvisioningEventQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-id"]
        indexes: ClassVar = [
            models.Index(fields=["organization", "-id"], name="scim_event_newest"),
            models.Index(
                fields=["organization", "resource_type", "resource_key", "-id"],
                name="scim_event_resource",
            ),
            models.Index(
                fields=["organization", "-id"],
                condition=~models.Q(actor=ANONYMOUS) & ~models.Q(actor=SIGN_ON),
                name="scim_event_client",
            ),
            # The others are few among calls, and calls are not to pay for their indexes.
            models.Index(
                fields=["organization", "time"],
                condition=models.Q(actor=ANONYMOUS),
                name="scim_event_anonymous",
            ),
            models.Index(
                fields=["organization", "-id"],
                condition=models.Q(action="sign-on"),
                name="scim_event_sign_on",
            ),
            models.Index(
                fields=["organization", "time"],
                condition=models.Q(action="sign-on", outcome="refused"),
                name="scim_event_refused_sign_on",
            ),
            models.Index(
                fields=["organization", "-id"],
                condition=models.Q(outcome="refused") & ~models.Q(refused_domain=""),
                name="scim_event_refused_domain",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.method} {self.path} {self.status}"
