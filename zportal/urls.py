from __future__ import annotations

from django.urls import include, path, re_path

from zportal.sites import portal
from zportal.views.health import healthz, readyz

urlpatterns = [
    path("healthz", healthz),
    path("readyz", readyz),
    re_path(r"^(?P<org_id>[0-9]{8})/scim(?:/|$)", include("scim.urls")),
    path("", portal.urls),
]
