"""django-scim2's settings and the views name the same classes.

Our views name theirs directly, so that the way of a call can be followed by reading. Code
of the library, and of those who use it, asks the settings.
"""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import resolve
from django_scim import utils
from django_scim import views as library
from django_scim.settings import scim_settings

from scim.http.authentication import BearerAuthentication
from scim.http.views import GroupsView, UsersView
from scim.models import Organization
from tests.portal.factories import group, person


@pytest.mark.parametrize(
    ("view", "model", "adapter"),
    [
        (UsersView, utils.get_user_model, utils.get_user_adapter),
        (GroupsView, utils.get_group_model, utils.get_group_adapter),
    ],
)
def test_the_settings_name_what_the_views_use(
    view: Any, model: Any, adapter: Any
) -> None:
    assert view.model_cls is model()
    assert view.scim_adapter is adapter()


def test_the_settings_name_the_authentication_of_every_endpoint() -> None:
    assert scim_settings.AUTH_CHECK_MIDDLEWARE is BearerAuthentication


def test_the_views_are_the_librarys_too() -> None:
    assert issubclass(UsersView, library.UsersView)
    assert issubclass(GroupsView, library.GroupsView)


@pytest.mark.parametrize(
    ("path", "name"),
    [("Users", "users"), ("Groups", "groups"), ("Schemas", "schemas"), ("", "root")],
)
def test_the_addresses_have_the_librarys_names(path: str, name: str) -> None:
    assert resolve(f"/10000001/scim/{path}").view_name == f"scim:{name}"


def test_the_librarys_filters_find_rows_of_the_organization_only(
    contoso: Organization, fabrikam: Organization, rf: Any
) -> None:
    request = rf.get("/")
    request.organization = contoso
    mine = person(contoso, "ada@contoso.example")
    person(fabrikam, "ada@fabrikam.example")
    my_group = group(contoso, "Sales")
    group(fabrikam, "Sales")
    people = utils.get_user_filter_parser().search('userName sw "ada"', request)
    groups = utils.get_group_filter_parser().search('displayName eq "Sales"', request)
    assert (list(people), list(groups)) == ([mine], [my_group])
