from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from typing import ClassVar, Self

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from scim.models.base import OrganizationQuerySet
from scim.models.organization import Organization

PENDING_FOR = timedelta(hours=1)
REMEMBERED_FOR = timedelta(days=30)
"""How long the event log can tell that a refused token was never saved."""

SECRET_BYTES = 32
"""32 random bytes are 43 URL-safe characters."""
PREFIX_LENGTH = 6


class ProvisioningConnectionQuerySet(OrganizationQuerySet):
    def count_call(self, second: int, most: int) -> bool:
        """Count a call made in *second* (of Unix time); False when *most* were counted.

        Single statements, so processes that count at once agree without a lock. Of one
        organization's row. A call that comes late may find the next second begun, and is
        counted there; any other second is over, or was told by a clock that went back.
        """
        current = Q(window_start__in=(second, second + 1))
        more = self.filter(current, window_calls__lt=most)
        one_more = {"window_calls": F("window_calls") + 1}
        return bool(
            more.update(**one_more)
            or self.exclude(current).update(window_start=second, window_calls=1)
            # Somebody else may just have begun this second.
            or more.update(**one_more)
        )


class ProvisioningConnection(models.Model):
    """The SCIM side of an organization: on or off."""

    organization = models.OneToOneField(
        Organization,
        on_delete=models.CASCADE,
        primary_key=True,
        related_name="connection",
    )
    enabled = models.BooleanField(default=False)
    changed_by = models.CharField(max_length=254, blank=True)
    changed_at = models.DateTimeField(null=True)
    window_start = models.PositiveBigIntegerField(
        default=0,
        help_text="The second of Unix time whose calls are counted, where "
        "requests_per_second limits them.",
    )
    window_calls = models.PositiveIntegerField(default=0)

    objects = ProvisioningConnectionQuerySet.as_manager()

    def __str__(self) -> str:
        return f"SCIM of {self.organization_id}: {'on' if self.enabled else 'off'}"

    @property
    def is_open(self) -> bool:
        """Whether calls are served: switched on, and the package still has SCIM."""
        return (
            self.enabled
            and self.organization.package == Organization.Package.ENTERPRISE
        )


def digest_of(secret: str) -> str:
    """Return the SHA-256 digest under which *secret* is stored, in hex."""
    return hashlib.sha256(secret.encode()).hexdigest()


class BearerTokenQuerySet(OrganizationQuerySet):
    def live(self) -> Self:
        """Activated and not revoked: the token that opens the service."""
        return self.filter(activated_at__isnull=False, revoked_at__isnull=True)

    def pending(self) -> Self:
        """Generated within the hour, not yet saved."""
        return self.filter(
            activated_at__isnull=True,
            revoked_at__isnull=True,
            created_at__gt=timezone.now() - PENDING_FOR,
        )

    def abandoned(self) -> Self:
        """Never saved, and so long ago that nobody asks why they do not work."""
        return self.filter(
            activated_at__isnull=True,
            created_at__lt=timezone.now() - PENDING_FOR - REMEMBERED_FOR,
        )


class BearerToken(models.Model):
    """A bearer token of an organization. Only its digest is stored."""

    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="tokens"
    )
    digest = models.CharField(max_length=64, unique=True)
    prefix = models.CharField(max_length=PREFIX_LENGTH)
    created_by = models.CharField(max_length=254)
    created_at = models.DateTimeField(default=timezone.now)
    activated_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)
    last_used_from = models.GenericIPAddressField(null=True)

    objects = BearerTokenQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organization"],
                condition=Q(activated_at__isnull=False, revoked_at__isnull=True),
                name="scim_token_one_live",
            )
        ]

    def __str__(self) -> str:
        return f"{self.prefix}…"

    @property
    def is_live(self) -> bool:
        return self.activated_at is not None and self.revoked_at is None

    @property
    def is_pending(self) -> bool:
        return (
            self.activated_at is None
            and self.revoked_at is None
            and self.created_at > timezone.now() - PENDING_FOR
        )

    @classmethod
    def generate(cls, organization: Organization, actor: str) -> tuple[Self, str]:
        """Return an unsaved token and its secret, which is kept nowhere."""
        secret = secrets.token_urlsafe(SECRET_BYTES)
        token = cls(
            organization=organization,
            digest=digest_of(secret),
            prefix=secret[:PREFIX_LENGTH],
            created_by=actor,
        )
        return token, secret
