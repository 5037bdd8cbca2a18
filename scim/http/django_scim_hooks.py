"""What django-scim2 imports while its own modules are still loading.

Its adapters read ``attr_map`` of the filter classes at import time, so this module
must import neither models nor adapters at its top level.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django_scim.filters import FilterQuery

if TYPE_CHECKING:
    from django.db.models import Q

    from scim.models import DirectoryUser, Organization


def user_model() -> type[DirectoryUser]:
    from scim.models import DirectoryUser

    return DirectoryUser


class _DirectoryFilter(FilterQuery):  # type: ignore[misc]
    """A SCIM filter over rows; replaces the library's SQL (design, decision 10)."""

    attr_map: ClassVar[dict[Any, Any]] = {}
    kind: ClassVar[str]

    @classmethod
    def condition(
        cls, filter_query: str, organization: Organization, *, root: bool = False
    ) -> Q:
        """Return what the filter means for the rows of *organization*."""
        from scim.query.filters import resource_filter

        return resource_filter(cls.kind, filter_query, organization, root=root)


class UserFilterQuery(_DirectoryFilter):
    kind = "User"


class GroupFilterQuery(_DirectoryFilter):
    kind = "Group"
