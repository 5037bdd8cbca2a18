from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.db.models import Count
from django.http import HttpRequest

from scim.models import Department, DirectoryUser
from zportal.frame.access import organization_of
from zportal.sites import portal
from zportal.user_management.base import DirectoryAdmin
from zportal.user_management.links import page_urls
from zportal.user_management.lists import Column
from zportal.user_management.people import people_table


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
    search_hint = "Name begins with"
    columns = (Column("Name", order="name_key"), Column("People"))

    def rows_of_page(
        self, request: HttpRequest, found: list[Any]
    ) -> list[DepartmentRow]:
        people = dict(
            DirectoryUser.objects.for_organization(organization_of(request))
            .filter(department_key__in=[department.name_key for department in found])
            .order_by()
            .values_list("department_key")
            .annotate(number=Count("*"))
        )
        url_of = page_urls("department")
        return [
            DepartmentRow(row, url_of(row.pk), people.get(row.name_key, 0))
            for row in found
        ]

    def page_context(self, request: HttpRequest, row: Department) -> dict[str, Any]:
        people = DirectoryUser.objects.for_organization(organization_of(request))
        return {
            "department": row,
            "people": people_table(
                request,
                people.filter(department_key=row.name_key).order_by("user_name_key"),
            ),
        }
