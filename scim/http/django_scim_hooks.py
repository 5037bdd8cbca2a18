"""What django-scim2 imports while its own modules are still loading.

Its adapters read ``attr_map`` of the filter classes at import time, so this module
must import neither models nor adapters at its top level.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, cast

from django_scim.filters import FilterQuery

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from scim.models import DirectoryUser


def user_model() -> type[DirectoryUser]:
    from scim.models import DirectoryUser

    return DirectoryUser


class _DirectoryFilter(FilterQuery):  # type: ignore[misc]
    """A SCIM filter over rows; replaces the library's SQL (design, decision 10)."""

    attr_map: ClassVar[dict[Any, Any]] = {}
    kind: ClassVar[str]

    @classmethod
    def search(cls, filter_query: str, request: Any = None) -> QuerySet[Any]:
        """Return the rows of the request's organization that match the filter."""
        from scim.models import DirectoryGroup, DirectoryUser
        from scim.query.filters import resource_filter

        model: Any = {"User": DirectoryUser, "Group": DirectoryGroup}[cls.kind]
        organization = request.organization
        known = model.objects.for_organization(organization)
        matching = known.filter(resource_filter(cls.kind, filter_query, organization))
        return cast("QuerySet[Any]", matching)


class UserFilterQuery(_DirectoryFilter):
    kind = "User"


class GroupFilterQuery(_DirectoryFilter):
    kind = "Group"
