"""The lists of User Management: django.contrib.admin's, made strict and quick."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.contrib.admin import SimpleListFilter
from django.contrib.admin.views.main import ORDER_VAR, PAGE_VAR, ChangeList
from django.db.models import F, OrderBy, QuerySet
from django.db.models.expressions import Combinable
from django.http import HttpRequest

from zportal.admin.paging import Pager, QuickPage, QuickPaginator

if TYPE_CHECKING:
    from zportal.admin.base import DirectoryAdmin


@dataclass(frozen=True)
class Column:
    """A column of a list; *order* is the field it sorts by, if it does."""

    label: str
    order: str = ""
    newest_first: bool = False
    """Whether its first click sorts downwards."""

    may_be_empty: bool = False
    """Whether rows without a value exist; they come last, on every database."""

    def ordering(self, *, descending: bool) -> list[OrderBy]:
        """Ties are broken in the same direction, so that an index serves the order."""
        last = {"nulls_last": True} if self.may_be_empty else {}
        if descending:
            return [F(self.order).desc(**last), F("pk").desc()]
        return [F(self.order).asc(**last), F("pk").asc()]


@dataclass(frozen=True)
class Header:
    """The head of a column; *url* sorts by it, the other way round the second time."""

    text: str
    url: str = ""
    direction: str = ""
    """“ascending” or “descending” while the list is sorted by it, else empty."""


@dataclass(frozen=True)
class SortedBy:
    place: int
    descending: bool


class ChoiceFilter(SimpleListFilter):
    """A drop-down above the list. A value that is none of its choices finds nothing."""

    def has_output(self) -> bool:
        """Shown always: a list without groups yet still says that they filter it."""
        return True

    @property
    def options(self) -> list[tuple[str, str, bool]]:
        """Value, text and whether it is the one in force, “any” first."""
        chosen = self.value() or ""
        choices = [("", f"{self.title}: any"), *self.lookup_choices]
        if chosen not in {value for value, _ in choices}:
            # Otherwise the drop-down would say “any” beside an empty list.
            choices.append((chosen, f"{self.title}: unknown"))
        return [(value, str(text), value == chosen) for value, text in choices]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Any]
    ) -> QuerySet[Any] | None:
        chosen = self.value()
        return self.narrowed(request, queryset, chosen) if chosen else None

    def narrowed(
        self, request: HttpRequest, rows: QuerySet[Any], chosen: str
    ) -> QuerySet[Any]:
        """Return the *rows* that *chosen*, as it came in the address, stands for."""
        raise NotImplementedError


class DirectoryChangeList(ChangeList):
    """Search, filters, order and page of one list, as its address says.

    Parameters that the list does not know are ignored; django.contrib.admin would take
    them for lookups into the table. What cannot be read is the default.
    """

    model_admin: DirectoryAdmin
    paginator: QuickPaginator
    page: QuickPage
    rows: list[Any]

    def get_filters_params(
        self, params: dict[str, Any] | None = None
    ) -> dict[str, list[str]]:
        known = {item.parameter_name for item in self.model_admin.list_filter}
        sent = params or self.filter_params
        return {name: value for name, value in sent.items() if name in known}

    def get_ordering(
        self, request: HttpRequest, queryset: QuerySet[Any]
    ) -> list[str | Combinable]:
        order = self.sorted_by
        column = self.model_admin.columns[order.place]
        return [*column.ordering(descending=order.descending)]

    def get_results(self, request: HttpRequest) -> None:
        self.paginator = QuickPaginator(self.queryset, self.list_per_page)
        source = self.model_admin.with_columns(self.root_queryset)
        self.page = self.paginator.page_of(self.page_num, source)
        self.result_count = self.paginator.count
        self.result_list = self.page.object_list
        self.rows = self.model_admin.rows_of_page(request, list(self.result_list))

    @property
    def sorted_by(self) -> SortedBy:
        """The order in force: that of the address, or by the first column."""
        text = self.sort
        descending = text.startswith("-")
        place = text.removeprefix("-")
        if place.isascii() and place.isdecimal() and len(place) == 1:
            columns = self.model_admin.columns
            if int(place) < len(columns) and columns[int(place)].order:
                return SortedBy(int(place), descending)
        return SortedBy(0, descending=False)

    @property
    def sort(self) -> str:
        """The order as it stands in the address; empty by default."""
        return str(self.params.get(ORDER_VAR, ""))

    @property
    def is_narrowed(self) -> bool:
        """Whether a search or a filter is in force."""
        chosen = (spec.used_parameters for spec in self.filter_specs)
        return bool(self.query) or any(any(sent.values()) for sent in chosen)

    @property
    def headers(self) -> list[Header]:
        return [
            self._header(place, column)
            for place, column in enumerate(self.model_admin.columns)
        ]

    def _header(self, place: int, column: Column) -> Header:
        if not column.order:
            return Header(column.label)
        order = self.sorted_by
        if order.place != place:
            sign, direction = "-" if column.newest_first else "", ""
        elif order.descending:
            sign, direction = "", "descending"
        else:
            sign, direction = "-", "ascending"
        url = self.get_query_string({ORDER_VAR: f"{sign}{place}"})
        return Header(column.label, url, direction)

    @property
    def pager(self) -> Pager:
        return Pager(
            self.page, lambda number: self.get_query_string({PAGE_VAR: number})
        )
