from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest

from scim.models import Department, DirectoryUser
from zportal.access import organization_of
from zportal.admin.base import DirectoryAdmin
from zportal.admin.links import page_url
from zportal.admin.lists import Column
from zportal.admin.people import people_table
from zportal.sites import portal


@dataclass(frozen=True)
class DepartmentRow:
    """A row of the list of departments."""

    department: Department
    url: str
    people: int


@admin.register(Department, site=portal)
class DepartmentAdmin(DirectoryAdmin):
    portal_path = "administration/user-management/departments/"
    list_template = "user_management/departments.html"
    page_template = "user_management/department.html"
    tab = "Departments"
    counted_as = ("department", "departments")
    search_hint = "Search name"
    columns = (Column("Name", order="name_key"), Column("People"))
    search_fields = ("name_key__contains",)

    def rows_of_page(
        self, request: HttpRequest, found: list[Any]
    ) -> list[DepartmentRow]:
        people = dict(
            DirectoryUser.objects.for_organization(organization_of(request))
            .filter(department__in=[department.pk for department in found])
            .order_by()
            .values_list("department_id")
            .annotate(Count("pk"))
        )
        return [
            DepartmentRow(row, page_url("department", row.pk), people.get(row.pk, 0))
            for row in found
        ]

    def page_context(self, request: HttpRequest, row: Department) -> dict[str, Any]:
        people = DirectoryUser.objects.for_organization(organization_of(request))
        return {
            "department": row,
            "people": people_table(
                request, people.filter(department=row).order_by("user_name_key")
            ),
        }

    def found_by_id(self, rows: QuerySet[Any], term: str) -> Q:
        """Departments have no SCIM id."""
        return Q(pk__in=[])
