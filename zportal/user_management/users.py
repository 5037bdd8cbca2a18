from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import URLPattern, path

from scim.models import (
    DirectoryUser,
    GroupMembership,
    Organization,
    ProvisioningConnection,
)
from scim.models.base import NamedQuerySet
from scim.resources.representation import user_document
from zportal.company_profile.refused_domains import refused_domains
from zportal.frame.access import administrator_of, organization_of
from zportal.hidden_characters import visible_json
from zportal.sites import portal
from zportal.user_management.attributes import ENTERPRISE, sections
from zportal.user_management.base import DirectoryAdmin
from zportal.user_management.events import last_calls, recent_events
from zportal.user_management.filters import DepartmentFilter, GroupFilter, StatusFilter
from zportal.user_management.links import Link, page_url, page_urls
from zportal.user_management.lists import Column, DirectoryChangeList
from zportal.user_management.people import PersonRow, person_rows, with_columns
from zportal.user_management.register_domain import register_domain

GROUPS_LISTED = 200
"""On a person's page."""

SHOWN_ABOVE = frozenset(
    {
        "userName",
        "displayName",
        "active",
        "externalId",
        f"{ENTERPRISE}:department",
        f"{ENTERPRISE}:manager",
    }
)
"""What the first card of a person's page shows under the portal's own labels."""


@admin.register(DirectoryUser, site=portal)
class UserAdmin(DirectoryAdmin):
    portal_path = "administration/user-management/users/"
    list_template = "user_management/users.html"
    page_template = "user_management/user.html"
    tab = "Users"
    counted_as = ("person", "people")
    search_hint = "User ID, name or external ID begins with"
    columns = (
        Column("User ID", order="user_name_key"),
        Column("User Name", order="display_name_key"),
        Column("Groups"),
        Column("Department", order="department_key", may_be_empty=True),
        Column("Status"),
        Column("Last change", order="modified", newest_first=True),
    )
    list_filter = (StatusFilter, DepartmentFilter, GroupFilter)

    def get_urls(self) -> list[URLPattern]:
        return [
            path(
                "register-domain/",
                self.admin_site.admin_view(register_domain),
                name="register_domain",
            ),
            *super().get_urls(),
        ]

    def with_columns(self, rows: NamedQuerySet) -> NamedQuerySet:
        return with_columns(rows)

    def rows_of_page(self, request: HttpRequest, found: list[Any]) -> list[PersonRow]:
        return person_rows(organization_of(request), found)

    def list_context(
        self, request: HttpRequest, shown: DirectoryChangeList
    ) -> dict[str, Any]:
        organization = organization_of(request)
        context = {
            "refused": refused_domains(organization),
            "may_register": administrator_of(request).may_change,
            "may_share": administrator_of(request).may_make_organizations,
            "nobody_yet": shown.result_count == 0 and not shown.is_narrowed,
        }
        if context["nobody_yet"]:
            context |= _first_steps(organization)
        return context

    def page_context(self, request: HttpRequest, row: DirectoryUser) -> dict[str, Any]:
        organization = organization_of(request)
        document = user_document(row)
        return {
            "person": row,
            "groups": _groups_of(row),
            "groups_listed": GROUPS_LISTED,
            "manager": _manager_of(row),
            "sections": sections(
                row.data, without=SHOWN_ABOVE, declared=organization.extensions
            ),
            "version": document["meta"]["version"],
            "raw": visible_json(document),
            "events": recent_events(organization, "User", row.pk),
        }


def _first_steps(organization: Organization) -> dict[str, Any]:
    """Return what the list shows while nobody has been provisioned."""
    connection = (
        ProvisioningConnection.objects.for_organization(organization)
        .select_related("organization")
        .first()
    )
    return {
        "is_open": connection is not None and connection.is_open,
        "calls": last_calls(organization),
    }


def _groups_of(person: DirectoryUser) -> list[Link]:
    memberships = (
        GroupMembership.objects.for_organization(person.organization_id)
        .filter(user=person)
        .order_by("group__display_name_key")
        .values_list("group_id", "group__scim_display_name")
    )
    url_of = page_urls("directorygroup")
    return [Link(name, url_of(key)) for key, name in memberships[:GROUPS_LISTED]]


def _manager_of(person: DirectoryUser) -> Link | None:
    """Return the manager when the stored value is the SCIM id of a person here."""
    manager = (
        DirectoryUser.objects.for_organization(person.organization_id)
        .with_scim_id(person.manager_value)
        .first()
    )
    if manager is None:
        return None
    name = manager.display_name or manager.scim_username
    return Link(name, page_url("directoryuser", manager.pk))
