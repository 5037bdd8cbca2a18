from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.core.exceptions import PermissionDenied
from django.db import models

from scim.models import Organization
from scim.text import match_key
from zportal.validators import no_control_characters


class AdministratorManager(BaseUserManager["Administrator"]):
    def get_by_natural_key(self, username: str | None) -> Administrator:
        """Logins are compared without letter case, so they are stored folded."""
        return self.get(login=match_key(username or ""))

    def create_user(
        self,
        login: str,
        password: str | None = None,
        **fields: Any,
    ) -> Administrator:
        administrator = self.model(login=match_key(login), **fields)
        administrator.set_password(password)
        administrator.full_clean()
        administrator.save(using=self._db)
        return administrator

    def create_superuser(
        self,
        login: str,
        password: str | None = None,
        *,
        home: Organization | int,
        **fields: Any,
    ) -> Administrator:
        """Make a superuser; ``manage.py createsuperuser`` gives the key of *home*."""
        home_id = home.pk if isinstance(home, Organization) else home
        return self.create_user(
            login, password, home_id=home_id, is_superuser=True, **fields
        )


class Administrator(AbstractBaseUser):
    """A person who signs in to the portal. Never a subject of provisioning."""

    class Role(models.TextChoices):
        SUPER_ADMIN = "super-admin", "Super Admin"
        AUDITOR = "auditor", "Auditor"

    class Theme(models.TextChoices):
        SYSTEM = "system", "System"
        LIGHT = "light", "Light"
        DARK = "dark", "Dark"

    login = models.CharField(
        "Login ID", max_length=128, unique=True, validators=[no_control_characters]
    )
    name = models.CharField(
        max_length=254, blank=True, validators=[no_control_characters]
    )
    home = models.ForeignKey(
        Organization,
        on_delete=models.CASCADE,
        related_name="administrators",
        help_text="The organization that the administrator belongs to.",
    )
    role = models.CharField(
        max_length=16, choices=Role.choices, default=Role.SUPER_ADMIN
    )
    is_superuser = models.BooleanField(
        default=False, help_text="Makes organizations and moves between them."
    )
    is_active = models.BooleanField(default=True)
    theme = models.CharField(max_length=8, choices=Theme.choices, default=Theme.SYSTEM)
    created = models.DateTimeField(auto_now_add=True)

    objects = AdministratorManager()

    _working_in: Organization | None = None

    USERNAME_FIELD = "login"
    REQUIRED_FIELDS: ClassVar = ["home"]

    def __str__(self) -> str:
        return self.login

    @property
    def organization(self) -> Organization:
        """The one organization whose rows this administrator sees and changes now.

        It is home, unless a superuser has switched (``work_in``). Every page and
        service asks here, and nowhere else.
        """
        return self._working_in or self.home

    @property
    def organization_id(self) -> int:
        return self._working_in.org_id if self._working_in else self.home_id

    def work_in(self, organization: Organization) -> None:
        """See and change *organization* from now on, with this object; not stored.

        Raises PermissionDenied for anyone who may not switch.
        """
        if not self.may_switch:
            raise PermissionDenied
        self._working_in = organization

    @property
    def may_switch(self) -> bool:
        """Whether this administrator moves between organizations."""
        return self.is_active and self.is_superuser

    @property
    def may_make_organizations(self) -> bool:
        """Whether this administrator makes organizations and gives them packages."""
        return self.may_switch and self.may_change

    @property
    def is_staff(self) -> bool:
        """Everyone of this table may sign in; django.contrib.admin asks for the name."""
        return self.is_active

    @property
    def may_change(self) -> bool:
        """Whether this administrator changes settings; an Auditor only reads."""
        return self.is_active and self.role == self.Role.SUPER_ADMIN

    def has_perm(self, perm: str, obj: object = None) -> bool:
        """Answer django.contrib.admin: read for every role, the rest for Super Admins."""
        action = perm.rpartition(".")[2].partition("_")[0]
        return self.is_active and (action == "view" or self.may_change)

    def has_module_perms(self, app_label: str) -> bool:
        return self.is_active
