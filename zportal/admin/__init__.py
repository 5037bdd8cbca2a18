"""User Management, through django.contrib.admin on the models that SCIM serves."""

from __future__ import annotations

from zportal.admin.departments import DepartmentAdmin
from zportal.admin.groups import GroupAdmin
from zportal.admin.users import UserAdmin

__all__ = ["DepartmentAdmin", "GroupAdmin", "UserAdmin"]
