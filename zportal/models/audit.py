"""What was done in the portal, and by whom."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Self

from django.db import models
from django.utils import timezone

from scim.models import Organization
from scim.models.base import OrganizationQuerySet


class AuditLogQuerySet(OrganizationQuerySet):
    def newest_first(self) -> Self:
        return self.order_by("-pk")

    def about(self, resource: str) -> Self:
        return self.filter(resource=resource)

    def failures_since(self, time: datetime) -> Self:
        return self.filter(result=AuditLog.Result.FAILURE, time__gt=time)


class AuditLog(models.Model):
    """A change, a sign-in or a refusal of either. zportal.frame.audit writes it, once."""

    class Category(models.TextChoices):
        AUTHENTICATION_SETTINGS = "authentication-settings", "Authentication Settings"
        ACTIVATION = "activation", "Activation"
        COMPANY_PROFILE = "company-profile", "Company Profile"
        ADMINISTRATOR_MANAGEMENT = (
            "administrator-management",
            "Administrator Management",
        )
        ROLE_MANAGEMENT = "role-management", "Role Management"
        USER_MANAGEMENT = "user-management", "User Management"
        LOGIN = "login", "Login"

    class Action(models.TextChoices):
        CREATE = "create", "Create"
        UPDATE = "update", "Update"
        DELETE = "delete", "Delete"
        ACTIVATE = "activate", "Activate"
        DISCARD = "discard", "Discard"
        RUN = "run", "Run"
        SIGN_IN = "sign-in", "Sign In"
        SIGN_OUT = "sign-out", "Sign Out"
        LOCK = "lock", "Lock"

    class Result(models.TextChoices):
        SUCCESS = "success", "Success"
        FAILURE = "failure", "Failure"

    id = models.BigAutoField(primary_key=True)
    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="audit_logs"
    )
    time = models.DateTimeField(default=timezone.now)
    actor = models.CharField(
        max_length=254, help_text="The login as text: it outlives the administrator."
    )
    client_ip = models.GenericIPAddressField(null=True)
    category = models.CharField(max_length=32, choices=Category.choices)
    action = models.CharField(max_length=16, choices=Action.choices)
    result = models.CharField(
        max_length=8, choices=Result.choices, default=Result.SUCCESS
    )
    resource = models.CharField(
        max_length=254, help_text="What was changed, in the words of the portal."
    )
    changes = models.JSONField(
        default=dict,
        help_text="Label of the field to [old value, new value], as the page words "
        "them. Never a secret.",
    )
    note = models.CharField(max_length=1024, blank=True)

    objects = AuditLogQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-id"]
        indexes: ClassVar = [
            models.Index(fields=["organization", "-id"], name="audit_newest"),
            models.Index(
                fields=["organization", "resource", "-id"], name="audit_resource"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.actor}: {self.get_action_display()} {self.resource}"
