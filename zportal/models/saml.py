"""What SAML sign-on keeps: keys, what was answered already, sessions, tests."""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256
from typing import ClassVar, Self

from django.db import models
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from scim.models import Organization
from scim.models.base import OrganizationQuerySet
from zportal.certificates import described
from zportal.encryption import decrypt
from zportal.models.activation import NewestFirstQuerySet


class SigningKey(models.Model):
    """A key pair of the service provider: signs requests, decrypts assertions."""

    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="signing_keys"
    )
    created = models.DateTimeField(default=timezone.now)
    created_by = models.CharField(max_length=254, help_text="The login as text.")
    certificate = models.TextField(help_text="Self-signed, in PEM.")
    encrypted_key = models.TextField(help_text="What zportal.encryption made of it.")

    objects = NewestFirstQuerySet.as_manager()

    def __str__(self) -> str:
        return described(self.certificate)

    @property
    @sensitive_variables()
    def private_key(self) -> str:
        """The private key in PEM. Raises zportal.encryption.Undecryptable."""
        return decrypt(self.encrypted_key)


class SamlReceiptQuerySet(OrganizationQuerySet):
    def expired(self) -> Self:
        """Those whose message would be refused for its time alone."""
        return self.filter(expires__lt=timezone.now())


class SamlReceipt(models.Model):
    """A request that was answered, or an assertion that was used: once is enough.

    The unique row makes that true for all processes.
    """

    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, db_index=False
    )
    digest = models.CharField(max_length=64)
    expires = models.DateTimeField(db_index=True)

    objects = SamlReceiptQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organization", "digest"], name="saml_receipt_once"
            )
        ]

    def __str__(self) -> str:
        return self.digest

    @classmethod
    def of(cls, organization: Organization, subject: str, expires: datetime) -> Self:
        """Return the unsaved receipt of *subject*, the id of a message and its kind."""
        digest = sha256(subject.encode()).hexdigest()
        return cls(organization=organization, digest=digest, expires=expires)


class SignOnSessionQuerySet(OrganizationQuerySet):
    def expired(self) -> Self:
        return self.filter(expires__lt=timezone.now())

    def with_secret(self, secret: str) -> Self:
        """The session whose cookie holds *secret*, unless its time is over."""
        digest = sha256(secret.encode()).hexdigest()
        return self.filter(digest=digest, expires__gte=timezone.now())


class SignOnSession(models.Model):
    """A person of the directory who is signed on. It opens nothing of the portal.

    The person is named by its key, which is never used again: a person may be deleted
    meanwhile, by SQL that knows nothing of this table.
    """

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE)
    user_key = models.PositiveIntegerField()
    digest = models.CharField(max_length=64, unique=True)
    browser = models.CharField(
        max_length=64,
        blank=True,
        help_text="Beginning of the digest of the cookie of the browser that asked; "
        "empty for none.",
    )
    started = models.DateTimeField(default=timezone.now)
    expires = models.DateTimeField(db_index=True)
    name_id = models.CharField(max_length=1024)
    attributes = models.JSONField(default=dict, help_text="As the assertion had them.")
    effect = models.CharField(max_length=254, help_text="What it did to the directory.")

    objects = SignOnSessionQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.name_id} since {self.started:%Y-%m-%d %H:%M}"


class SignOnTest(models.Model):
    """The outcome of a Test sign-on, for the administrators of the organization."""

    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="sign_on_tests"
    )
    time = models.DateTimeField(default=timezone.now)
    actor = models.CharField(max_length=254, help_text="The login as text.")
    report = models.JSONField()

    objects = NewestFirstQuerySet.as_manager()

    def __str__(self) -> str:
        return f"Test by {self.actor}, {self.time:%Y-%m-%d %H:%M}"
