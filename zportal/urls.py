from __future__ import annotations

from django.urls import include, path, re_path

from zportal.sites import portal

# /healthz and /readyz are answered before any URL is looked up (HealthMiddleware).
urlpatterns = [
    re_path(r"^(?P<org_id>[0-9]{8})/scim(?:/|$)", include("scim.urls")),
    path("", include("zportal.saml.urls")),
    path("", portal.urls),
]

handler500 = "zportal.frame.error_pages.server_error"
