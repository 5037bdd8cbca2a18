"""django-scim2's URL names below ``/<org id>/scim``, a trailing slash allowed.

No redirect for a missing slash: a redirected POST loses its body in most clients.
"""

from __future__ import annotations

import re

from django.urls import path, re_path

from scim.http import views
from scim.http.bulk import BulkView
from scim.http.endpoint import Endpoint

app_name = "scim"


def _any_case(name: str) -> str:
    """Match *name* in any letter case: Microsoft's collection asks for /users.

    Written out, because Django cannot reverse a pattern with inline flags.
    """
    return "".join(
        f"[{letter.upper()}{letter.lower()}]" if letter.isalpha() else re.escape(letter)
        for letter in name
    )


def _url(
    endpoint: str, view: type[Endpoint], name: str, *, ids: bool = False
) -> object:
    tail = r"(?:/(?P<uuid>[^/]+))?" if ids else ""
    return re_path(rf"^{_any_case(endpoint)}{tail}/?$", view.as_view(), name=name)


urlpatterns = [
    path("", views.NotOfferedView.as_view(), name="root"),
    _url(".search", views.SearchView, "search"),
    _url("Users/.search", views.UserSearchView, "users-search"),
    _url("Users", views.UsersView, "users", ids=True),
    _url("Groups/.search", views.GroupSearchView, "groups-search"),
    _url("Groups", views.GroupsView, "groups", ids=True),
    _url("Me", views.MeView, "me"),
    _url(
        "ServiceProviderConfig",
        views.ServiceProviderConfigView,
        "service-provider-config",
    ),
    _url("ResourceTypes", views.ResourceTypesView, "resource-types", ids=True),
    _url("Schemas", views.SchemasView, "schemas", ids=True),
    _url("Bulk", BulkView, "bulk"),
    re_path(r"^[\s\S]*$", views.UnknownView.as_view(), name="unknown"),
]
