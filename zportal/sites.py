"""The portal's site: django.contrib.admin with the vendor's addresses and words."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.views import LogoutView
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, URLResolver, include, path, re_path, reverse
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache

import zportal.advanced.views
import zportal.company_profile.views
import zportal.organizations.views
import zportal.profile.views
import zportal.schema_extensions.views
import zportal.search.views
from zportal.authentication import activation_views, settings_views, sign_on_views
from zportal.frame.access import administrator_of
from zportal.frame.middleware import client_ip
from zportal.models import Administrator
from zportal.sign_in.audit_trail import record_sign_out
from zportal.sign_in.session_middleware import end_this_session
from zportal.sign_in.views import SignInView


class PortalAdminSite(admin.AdminSite):
    """Serves the pages of the portal at the root of the site.

    A ModelAdmin of ``zportal.user_management`` is mounted at its ``portal_path``; the
    names of its URL patterns stay the admin's own
    (``admin:scim_directoryuser_changelist``).
    The stock index, application list, password and translation pages do not exist.
    """

    site_title = "zportal"
    site_header = "zportal"
    enable_nav_sidebar = False

    def has_permission(self, request: HttpRequest) -> bool:
        """Only active administrators sign in; nobody else is in that table."""
        return isinstance(request.user, Administrator) and request.user.is_active

    def each_context(self, request: Any) -> dict[str, Any]:
        """Return what the admin's own templates expect, without its application list."""
        return {
            "site_title": self.site_title,
            "site_header": self.site_header,
            "site_url": None,
            "has_permission": self.has_permission(request),
            "available_apps": [],
            "is_popup": False,
            "is_nav_sidebar_enabled": False,
            "log_entries": [],
        }

    def get_urls(self) -> list[URLPattern | URLResolver]:
        return [
            path("", self.home, name="index"),
            path("sign-in/", self.sign_in, name="login"),
            path("log-out/", self.admin_view(self.log_out), name="logout"),
            *self._authentication_settings_urls(),
            *zportal.company_profile.views.urls(self.admin_view),
            *zportal.organizations.views.urls(self.admin_view),
            *zportal.profile.views.urls(self.admin_view),
            *zportal.advanced.views.urls(self.admin_view),
            *sign_on_views.urls(self.admin_view),
            *zportal.schema_extensions.views.urls(self.admin_view),
            *zportal.search.views.urls(self.admin_view),
            *activation_views.urls(self.admin_view),
            *(
                path(getattr(page, "portal_path"), include(page.urls))  # noqa: B009
                for page in self._registry.values()
            ),
            re_path(r"(?P<url>.*)$", self.admin_view(self.catch_all_view)),
        ]

    def _authentication_settings_urls(self) -> list[URLPattern]:
        root = "administration/authentication-settings/"
        return [
            path(
                root,
                self.admin_view(settings_views.authentication_settings),
                name="authentication_settings",
            ),
            path(
                f"{root}bearer-token/",
                self.admin_view(settings_views.bearer_token),
                name="bearer_token",
            ),
            path(
                f"{root}cancel/",
                self.admin_view(settings_views.cancel),
                name="authentication_settings_cancel",
            ),
            path(
                f"{root}reauthentication/",
                self.admin_view(settings_views.reauthentication),
                name="reauthentication",
            ),
        ]

    @method_decorator(never_cache)
    def home(self, request: HttpRequest) -> HttpResponse:
        """Lead to Authentication Settings, or to sign-in."""
        if self.has_permission(request):
            return redirect("admin:authentication_settings")
        return redirect("admin:login")

    @method_decorator(never_cache)
    def sign_in(self, request: HttpRequest) -> HttpResponseBase:
        return SignInView.as_view()(request)

    def log_out(self, request: HttpRequest) -> HttpResponseBase:
        view = LogoutView.as_view(next_page=reverse("admin:login"))
        if request.method != "POST":
            return view(request)
        with transaction.atomic():
            end_this_session(request)
            record_sign_out(
                administrator=administrator_of(request), client_ip=client_ip(request)
            )
            return view(request)


portal = PortalAdminSite(name="portal")
