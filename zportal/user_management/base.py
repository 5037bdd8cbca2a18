"""What the pages of User Management have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, cast

from django.contrib import admin
from django.db.models import F, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.decorators import method_decorator
from django.views.decorators.http import require_safe

from scim.models.base import NamedQuerySet
from scim.text import KEY_LENGTH
from zportal.frame.access import organization_of
from zportal.frame.page import Tab, page_context
from zportal.user_management.links import Link, list_url
from zportal.user_management.lists import (
    ChoiceFilter,
    Column,
    DirectoryChangeList,
    KeyBesideOrder,
)
from zportal.user_management.paging import PAGE_SIZE

if TYPE_CHECKING:
    _ModelAdmin = admin.ModelAdmin[Any]
else:
    _ModelAdmin = admin.ModelAdmin

TABS = (
    ("Users", "directoryuser"),
    ("Groups", "directorygroup"),
    ("Departments", "department"),
)


class DirectoryAdmin(_ModelAdmin):
    """A list and a page per row, of the signed-in administrator's organization only.

    Nothing is added, changed or deleted here: the identity provider owns the directory.
    """

    portal_path: str
    """Where PortalAdminSite mounts the list; the page of a row is one segment below."""

    list_template: str
    page_template: str
    tab: str
    columns: tuple[Column, ...]
    list_filter: ClassVar[tuple[type[ChoiceFilter], ...]] = ()
    counted_as: tuple[str, str]
    """What the list counts: the words for one and for many."""

    search_hint: str
    """What the search box says it looks through."""

    actions = None
    list_per_page = PAGE_SIZE
    show_full_result_count = False

    # ------------------------------------------------------------- who sees what
    def get_queryset(self, request: HttpRequest) -> NamedQuerySet:
        rows = cast("NamedQuerySet", self.model._default_manager.all())
        return rows.for_organization(organization_of(request))

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.admin_site.has_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    # -------------------------------------------------------------------- pages
    def get_urls(self) -> list[URLPattern]:
        """The two pages, under the names that django.contrib.admin gives them."""
        name = f"scim_{self.opts.model_name}"
        view = self.admin_site.admin_view
        return [
            path("", view(self.changelist_view), name=f"{name}_changelist"),
            path("<int:object_id>/", view(self.change_view), name=f"{name}_change"),
        ]

    @method_decorator(require_safe)
    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        shown = cast("DirectoryChangeList", self.get_changelist_instance(request))
        context = {
            **self.frame(request),
            "cl": shown,
            "counted_as": self.counted_as[shown.result_count != 1],
            "search_hint": self.search_hint,
            **self.list_context(request, shown),
            **(extra_context or {}),
        }
        return TemplateResponse(request, self.list_template, context)

    @method_decorator(require_safe)
    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        row = self.get_queryset(request).filter(pk=object_id).first()
        if row is None:
            raise Http404
        context = {
            **self.frame(request, str(row)),
            "back": Link(self.tab, list_url(str(self.opts.model_name))),
            **self.page_context(request, row),
            **(extra_context or {}),
        }
        return TemplateResponse(request, self.page_template, context)

    def frame(self, request: HttpRequest, heading: str = "") -> dict[str, Any]:
        """Return what the frame around every page needs."""
        tabs = [
            Tab(label, list_url(model), current=model == self.opts.model_name)
            for label, model in TABS
        ]
        return {
            **self.admin_site.each_context(request),
            **page_context(title="User Management", tabs=tabs),
            "heading": heading or self.tab,
        }

    # -------------------------------------------------- what each list fills in
    def get_changelist(
        self, request: HttpRequest, **kwargs: Any
    ) -> type[DirectoryChangeList]:
        return DirectoryChangeList

    def with_columns(self, rows: NamedQuerySet) -> NamedQuerySet:
        """Return *rows* with just what their columns show."""
        return rows

    def rows_of_page(self, request: HttpRequest, found: list[Any]) -> list[Any]:
        """Return what the template shows for the rows of one page."""
        raise NotImplementedError

    def list_context(
        self, request: HttpRequest, shown: DirectoryChangeList
    ) -> dict[str, Any]:
        """Return what the list's template needs beyond the list."""
        return {}

    def page_context(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        """Return what the template of *row*'s page needs."""
        raise NotImplementedError

    # ------------------------------------------------------------------- search
    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Find what begins with the term, or has it as its SCIM id."""
        term = search_term.strip()
        if not term:
            return queryset, False
        if len(term) > KEY_LENGTH:
            return queryset.none(), False
        rows = self.get_queryset(request)
        # Sorted by the key, which needs no second column to tell ties apart.
        by_key = len(queryset.query.order_by) == 1
        key = F(rows.name_key) if by_key else KeyBesideOrder(rows.name_key)
        found = queryset.alias(sought=key).filter(sought__in=rows.keys_found_by(term))
        filters = (str(each.parameter_name) for each in self.list_filter)
        if not any(request.GET.get(name) for name in filters):
            found.at_least = rows.named_like(term)
        return found, False
