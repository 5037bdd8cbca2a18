"""django-scim2's URL names below ``/<org id>/scim``, a trailing slash allowed.

No redirect for a missing slash: a redirected POST loses its body in most clients.
"""

from __future__ import annotations

from django.urls import re_path

from scim import views
from scim.endpoint import Endpoint

app_name = "scim"


def _url(pattern: str, view: type[Endpoint], name: str) -> object:
    # Endpoint names in any letter case: Microsoft's collection asks for /users.
    return re_path(rf"^(?i:{pattern})/?$", view.as_view(), name=name)


_ID = r"(?:/(?P<uuid>[^/]+))?"

urlpatterns = [
    _url("", views.NotOfferedView, "root"),
    _url(r"\.search", views.SearchView, "search"),
    _url(r"Users/\.search", views.UserSearchView, "users-search"),
    _url(rf"Users{_ID}", views.UsersView, "users"),
    _url(r"Groups/\.search", views.GroupSearchView, "groups-search"),
    _url(rf"Groups{_ID}", views.GroupsView, "groups"),
    _url("Me", views.NotOfferedView, "me"),
    _url(
        "ServiceProviderConfig",
        views.ServiceProviderConfigView,
        "service-provider-config",
    ),
    _url(rf"ResourceTypes{_ID}", views.ResourceTypesView, "resource-types"),
    _url(rf"Schemas{_ID}", views.SchemasView, "schemas"),
    _url("Bulk", views.NotOfferedView, "bulk"),
    re_path(r"^.*$", views.UnknownView.as_view(), name="unknown"),
]
