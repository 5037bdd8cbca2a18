"""What django-scim2 imports while its own modules are still loading.

Its adapters read ``attr_map`` of the filter classes at import time, so this module
must import neither models nor adapters at its top level.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django_scim.filters import FilterQuery

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest

    from scim.models import DirectoryGroup, DirectoryUser


def user_model() -> type[DirectoryUser]:
    from scim.models import DirectoryUser

    return DirectoryUser


def group_model() -> type[DirectoryGroup]:
    from scim.models import DirectoryGroup

    return DirectoryGroup


def base_location(request: HttpRequest | None = None) -> str:
    """Return scheme and host of every location: those of the public URL."""
    return str(settings.PUBLIC_URL)


class UserFilterQuery(FilterQuery):  # type: ignore[misc]
    """A SCIM filter over users; replaces the library's SQL (design, decision 10)."""

    model_getter = user_model
    attr_map: ClassVar[dict[Any, Any]] = {}

    @classmethod
    def search(
        cls, filter_query: str, request: Any = None, *, root: bool = False
    ) -> QuerySet[Any]:
        """Return the users of the request's organization that match the filter."""
        from scim.documents import base_url
        from scim.filters import user_filter

        base = base_url(request.organization)
        users = user_model().objects.for_organization(request.organization)
        extensions = request.organization.served_extensions
        return users.filter(
            user_filter(filter_query, base, root=root, extensions=extensions)
        )


class GroupFilterQuery(FilterQuery):  # type: ignore[misc]
    """A SCIM filter over groups; see UserFilterQuery."""

    model_getter = group_model
    attr_map: ClassVar[dict[Any, Any]] = {}

    @classmethod
    def search(
        cls, filter_query: str, request: Any = None, *, root: bool = False
    ) -> QuerySet[Any]:
        """Return the groups of the request's organization that match the filter."""
        from scim.documents import base_url
        from scim.filters import group_filter

        base = base_url(request.organization)
        groups = group_model().objects.for_organization(request.organization)
        extensions = request.organization.served_extensions
        return groups.filter(
            group_filter(filter_query, base, root=root, extensions=extensions)
        )
