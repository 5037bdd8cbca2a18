"""The drop-downs above the list of users."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import Model, QuerySet, Subquery, Value
from django.http import HttpRequest

from scim.models import Department, DirectoryGroup, GroupMembership
from zportal.frame.access import organization_of
from zportal.user_management.lists import ChoiceFilter

MOST_CHOICES = 500
"""A longer drop-down is no help; the page of a group or department lists its people."""

_LARGEST_KEY = 2**31 - 1


def row_key(text: str) -> int | None:
    """Return the primary key that *text* spells, or None when it cannot be one."""
    if not (text.isascii() and text.isdecimal() and len(text) <= 10):
        return None
    key = int(text)
    return key if key <= _LARGEST_KEY else None


class StatusFilter(ChoiceFilter):
    title = "Status"
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("enabled", "Enabled"), ("disabled", "Disabled")]

    def narrowed(
        self, request: HttpRequest, rows: QuerySet[Any], chosen: str
    ) -> QuerySet[Any]:
        if chosen not in {"enabled", "disabled"}:
            return rows.none()
        # A bare column, which is what True alone becomes, no index of SQLite serves.
        return rows.filter(is_enabled=Value(chosen == "enabled"))


class NamedRowFilter(ChoiceFilter):
    """A choice of one row of another table of the organization, by its key."""

    named_model: ClassVar[type[Model]]
    named_by: ClassVar[str]

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        rows: Any = self.named_model._default_manager.all()
        named = rows.for_organization(organization_of(request)).values_list(
            "pk", self.named_by
        )
        choices = list(named[:MOST_CHOICES])
        key = row_key(self.value() or "")
        if len(choices) == MOST_CHOICES and key not in dict(choices):
            choices += named.filter(pk=key)
        return [(str(key), name) for key, name in choices]

    def narrowed(
        self, request: HttpRequest, rows: QuerySet[Any], chosen: str
    ) -> QuerySet[Any]:
        key = row_key(chosen)
        return rows.none() if key is None else self.people_of(request, rows, key)

    def people_of(
        self, request: HttpRequest, rows: QuerySet[Any], key: int
    ) -> QuerySet[Any]:
        """Return the *rows* that belong to the named row *key*."""
        raise NotImplementedError


class DepartmentFilter(NamedRowFilter):
    title = "Department"
    parameter_name = "department"
    named_model = Department
    named_by = "name"

    def people_of(
        self, request: HttpRequest, rows: QuerySet[Any], key: int
    ) -> QuerySet[Any]:
        departments = Department.objects.for_organization(organization_of(request))
        chosen = departments.filter(pk=key).values("name_key")
        return rows.filter(department_key=Subquery(chosen))


class GroupFilter(NamedRowFilter):
    title = "Group"
    parameter_name = "group"
    named_model = DirectoryGroup
    named_by = "scim_display_name"

    def people_of(
        self, request: HttpRequest, rows: QuerySet[Any], key: int
    ) -> QuerySet[Any]:
        memberships = GroupMembership.objects.for_organization(organization_of(request))
        return rows.filter(pk__in=memberships.filter(group_id=key).values("user_id"))
