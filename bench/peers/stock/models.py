from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import models
from django_scim.models import AbstractSCIMGroupMixin, AbstractSCIMUserMixin


class Group(AbstractSCIMGroupMixin):  # type: ignore[misc]
    name = models.CharField(max_length=254, unique=True)

    class Meta:
        app_label = "stock"

    def __str__(self) -> str:
        return self.name


class User(AbstractSCIMUserMixin, AbstractUser):  # type: ignore[misc]
    scim_groups = models.ManyToManyField(Group, related_name="user_set")
    # Django's own groups would take the name of the other side.
    groups = None  # type: ignore[assignment]
    user_permissions = None  # type: ignore[assignment]

    class Meta(AbstractUser.Meta):
        app_label = "stock"
