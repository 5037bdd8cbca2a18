"""Pages of lists that may hold 100,000 rows: none is counted or read as a whole."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.core.paginator import Page, Paginator
from django.utils.functional import cached_property

from scim.models.base import NamedQuerySet

if TYPE_CHECKING:
    _Paginator = Paginator[Any]
else:
    _Paginator = Paginator

CEILING = 10_000
"""Counting stops here; the list then says “10,000+”."""

PAGE_SIZE = 50

_DEEPEST_ROW = 10_000_000
"""No offset goes beyond this, whatever the address asks for."""


def page_number(text: str | None) -> int:
    """Return the page that *text* asks for; what is no number is the first page."""
    try:
        return max(int(text or 1), 1)
    except ValueError:
        return 1


class QuickPage(Page[Any]):
    """One page; whether another follows was seen while fetching it."""

    paginator: QuickPaginator

    def __init__(
        self, rows: list[Any], number: int, paginator: QuickPaginator, *, more: bool
    ) -> None:
        super().__init__(rows[: paginator.per_page], number, paginator)
        self._more = more

    def has_next(self) -> bool:
        return self._more


class QuickPaginator(_Paginator):
    """Pages of keys, then their rows.

    The key is the column that no two rows of an organization have the same. It stands
    in every index that lists are sorted and narrowed by, so an index alone yields the
    keys of a page, however deep it lies; rows are read for that one page only.
    """

    object_list: NamedQuerySet

    def __init__(self, rows: NamedQuerySet) -> None:
        super().__init__(rows, PAGE_SIZE)
        self.key = rows.name_key

    @cached_property
    def count(self) -> int:
        some = self.object_list.at_least
        if some is not None and (number := self._counted(some)) > CEILING:
            # A single letter finds a third of all people: no need to bring together
            # what each index finds, only to learn that it is too much to count.
            return number
        return self._counted(self.object_list)

    def _counted(self, rows: NamedQuerySet) -> int:
        return rows.order_by().values(self.key)[: CEILING + 1].count()

    @property
    def is_capped(self) -> bool:
        """Whether there are more rows than were counted."""
        return self.count > CEILING

    @property
    def count_text(self) -> str:
        """The number of rows as people read it: “1,204” or “10,000+”."""
        return f"{CEILING:,}+" if self.is_capped else f"{self.count:,}"

    def page_of(self, number: int, source: NamedQuerySet) -> QuickPage:
        """Return the page *number* or the nearest there is, with rows of *source*."""
        deepest = _DEEPEST_ROW // self.per_page if self.is_capped else self.num_pages
        number = min(max(number, 1), deepest)
        start = (number - 1) * self.per_page
        keys = list(
            self.object_list.values_list(self.key, flat=True)[
                start : start + self.per_page + 1
            ]
        )
        found = source.filter(**{f"{self.key}__in": keys}).order_by()
        rows = {getattr(row, self.key): row for row in found}
        # A row may have been deleted since its key was read.
        page = [rows[key] for key in keys if key in rows]
        return QuickPage(page, number, self, more=len(keys) > self.per_page)


@dataclass(frozen=True)
class Pager:
    """The links below a list. *address* gives the query string of a page."""

    page: QuickPage
    address: Callable[[int], str]

    @property
    def is_needed(self) -> bool:
        return self.page.number > 1 or self.page.has_next()

    @property
    def text(self) -> str:
        paginator = self.page.paginator
        if paginator.is_capped:
            return f"Page {self.page.number:,}"
        return f"Page {self.page.number:,} of {paginator.num_pages:,}"

    @property
    def first(self) -> str:
        return self.address(1) if self.page.number > 1 else ""

    @property
    def previous(self) -> str:
        return self.address(self.page.number - 1) if self.page.number > 1 else ""

    @property
    def next(self) -> str:
        return self.address(self.page.number + 1) if self.page.has_next() else ""

    @property
    def last(self) -> str:
        """Empty also while the last page is unknown, because counting stopped."""
        paginator = self.page.paginator
        known = self.page.has_next() and not paginator.is_capped
        return self.address(paginator.num_pages) if known else ""
