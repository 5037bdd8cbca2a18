"""The addresses of sign-on, mounted at the root beside the portal's own."""

from __future__ import annotations

from django.urls import path, register_converter

from zportal.saml import addresses, views


class OrgIdConverter:
    """A Company ID: eight digits."""

    regex = "[0-9]{8}"

    def to_python(self, value: str) -> int:
        return int(value)

    def to_url(self, value: int) -> str:
        return f"{value:08d}"


register_converter(OrgIdConverter, "org_id")

COMMON, UNSOLICITED = addresses.COMMON, addresses.UNSOLICITED

urlpatterns = [
    path(COMMON, views.answer, name="saml_reply"),
    path(f"{COMMON}/<org_id:org_id>", views.start, name="sign_on_start"),
    path(f"{COMMON}/<org_id:org_id>/metadata", views.metadata, name="sp_metadata"),
    path(f"{UNSOLICITED}/<org_id:org_id>", views.answer, name="saml_unsolicited"),
    path("clstart", views.by_domain, name="sign_on_by_domain"),
    path("sign-on/", views.find, name="sign_on"),
    path("signed-on/", views.signed_on, name="signed_on"),
    path("signed-on/choose/", views.choose, name="sign_on_choose"),
    path("signed-on/sign-off/", views.sign_off, name="sign_off"),
]
