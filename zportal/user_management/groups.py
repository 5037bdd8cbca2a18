from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.db.models import Count
from django.http import HttpRequest

from scim.models import DirectoryGroup, DirectoryUser, GroupMembership
from scim.models.base import NamedQuerySet
from scim.resources.representation import group_document
from zportal.frame.access import organization_of
from zportal.hidden_characters import visible_json
from zportal.sites import portal
from zportal.user_management.attributes import sections
from zportal.user_management.base import DirectoryAdmin
from zportal.user_management.events import recent_events
from zportal.user_management.links import page_urls
from zportal.user_management.lists import Column
from zportal.user_management.people import people_table


@dataclass(frozen=True)
class GroupRow:
    """A row of the list of groups."""

    group: DirectoryGroup
    url: str
    members: int


@admin.register(DirectoryGroup, site=portal)
class GroupAdmin(DirectoryAdmin):
    portal_path = "administration/user-management/groups/"
    list_template = "user_management/groups.html"
    page_template = "user_management/group.html"
    tab = "Groups"
    counted_as = ("group", "groups")
    search_hint = "Name or external ID begins with"
    columns = (
        Column("Name", order="display_name_key"),
        Column("Members"),
        Column("External ID"),
        Column("Last change", order="modified", newest_first=True),
    )

    def with_columns(self, rows: NamedQuerySet) -> NamedQuerySet:
        return rows.defer("data", "search")

    def rows_of_page(self, request: HttpRequest, found: list[Any]) -> list[GroupRow]:
        members = dict(
            GroupMembership.objects.for_organization(organization_of(request))
            .filter(group__in=[group.pk for group in found])
            .order_by()
            .values_list("group_id")
            .annotate(number=Count("*"))
        )
        url_of = page_urls("directorygroup")
        return [
            GroupRow(group, url_of(group.pk), members.get(group.pk, 0))
            for group in found
        ]

    def page_context(self, request: HttpRequest, row: DirectoryGroup) -> dict[str, Any]:
        organization = organization_of(request)
        memberships = GroupMembership.objects.for_organization(organization)
        members = DirectoryUser.objects.for_organization(organization).filter(
            pk__in=memberships.filter(group=row).values("user_id")
        )
        document = group_document(row, with_members=False)
        return {
            "group": row,
            "people": people_table(request, members.order_by("user_name_key")),
            "sections": sections(
                row.data, without=frozenset({"displayName", "externalId"})
            ),
            "version": document["meta"]["version"],
            "raw": visible_json(document),
            "events": recent_events(organization, "Group", row.pk),
        }
