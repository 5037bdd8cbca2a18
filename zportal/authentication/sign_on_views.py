"""The tab SAML Sign-On: what goes into Entra, IdP metadata, certificate, test."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path, reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from scim.models import Organization, ProvisioningConnection, ProvisioningEvent
from zportal.authentication.certificate_warnings import Caution
from zportal.authentication.idp_metadata_form import IdpMetadataForm
from zportal.authentication.provisioning_warnings import conflict_cautions
from zportal.authentication.revision import SeenForm
from zportal.authentication.sign_on_services import (
    CERTIFICATES_KEPT,
    import_idp_metadata,
    make_signing_key,
)
from zportal.authentication.staging import ChangedMeanwhile, Staging, revision
from zportal.frame.access import administrator_of, organization_of
from zportal.frame.middleware import client_ip
from zportal.frame.page import Crumb, authentication_tabs, page_context
from zportal.models import SigningKey, SignOnTest, Stage
from zportal.saml import addresses
from zportal.saml.codes import Refused
from zportal.saml.sp_metadata import service_provider_metadata
from zportal.saml.trust import Trust
from zportal.saml.views import refused, to_identity_provider

PAGE = "admin:saml_sign_on"
SIGN_ONS_SHOWN = 10
TESTS_SHOWN = 5


def urls(admin_view: Callable[..., Any]) -> list[URLPattern]:
    root = "administration/authentication-settings/saml-sign-on/"
    return [
        path(root, admin_view(saml_sign_on), name="saml_sign_on"),
        path(f"{root}metadata/", admin_view(metadata), name="saml_metadata"),
        path(f"{root}import/", admin_view(import_metadata), name="import_idp_metadata"),
        path(
            f"{root}certificate/", admin_view(make_certificate), name="make_signing_key"
        ),
        path(
            f"{root}certificate/<int:key>/",
            admin_view(certificate),
            name="zportal_signingkey_download",
        ),
        path(f"{root}test/", admin_view(start_test), name="start_saml_test"),
        path(
            f"{root}test/<int:key>/", admin_view(test), name="zportal_signontest_report"
        ),
    ]


@require_safe
def saml_sign_on(request: HttpRequest) -> HttpResponse:
    return _page(request, IdpMetadataForm())


@require_safe
def metadata(request: HttpRequest) -> HttpResponse:
    """The service provider's metadata with what is saved, before it is active."""
    trust = Trust.of(organization_of(request), Stage.STAGED)
    return _download(
        service_provider_metadata(trust),
        f"zportal-{trust.organization.pk}.xml",
        "application/samlmetadata+xml",
    )


@require_POST
def import_metadata(request: HttpRequest) -> HttpResponse:
    administrator = administrator_of(request)
    if not administrator.may_change:
        raise PermissionDenied
    form = IdpMetadataForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, form)
    try:
        changed = import_idp_metadata(
            administrator=administrator,
            client_ip=client_ip(request),
            metadata=form.metadata,
            seen=SeenForm(request.POST).seen,
        )
    except ChangedMeanwhile as meanwhile:
        form.add_error(
            None,
            "Meanwhile somebody else changed: "
            f"{', '.join(change.label for change in meanwhile.changes)}. Nothing was "
            "imported; look at the settings and import again.",
        )
        return _page(request, form)
    messages.success(request, _imported(changed))
    left_out = len(form.metadata.certificates) - CERTIFICATES_KEPT
    if left_out > 0:
        messages.warning(
            request,
            f"The metadata have {left_out} more signing certificates than the "
            f"{CERTIFICATES_KEPT} that are kept here: the first ones were taken.",
        )
    if form.metadata.wants_signed_requests:
        messages.warning(
            request,
            "The identity provider wants signed requests: switch Sign SAML Request on "
            "in Configure SAML.",
        )
    return redirect(PAGE)


@require_POST
def make_certificate(request: HttpRequest) -> HttpResponse:
    make_signing_key(
        administrator=administrator_of(request), client_ip=client_ip(request)
    )
    messages.success(
        request,
        "A certificate is made and saved. Download it, upload it at the identity "
        "provider, then activate.",
    )
    return redirect(PAGE)


@require_safe
def certificate(request: HttpRequest, key: int) -> HttpResponse:
    """One of the organization's certificates, as PEM."""
    own = SigningKey.objects.for_organization(organization_of(request))
    found = get_object_or_404(own, pk=key)
    return _download(
        found.certificate.encode(),
        f"zportal-{found.organization_id}-{found.pk}.pem",
        "application/x-pem-file",
    )


@never_cache
@require_safe
def start_test(request: HttpRequest) -> HttpResponse:
    """On to the identity provider with the saved settings, to sign nobody on.

    By GET: Chromium would hold the redirect of a form against form-action.
    """
    administrator = administrator_of(request)
    if not administrator.may_change:
        raise PermissionDenied
    organization = organization_of(request)
    if request.method == "HEAD":
        return HttpResponse()
    try:
        return to_identity_provider(request, organization, tester=administrator.pk)
    except Refused as refusal:
        return refused(request, refusal, organization, is_test=True)


@never_cache
@require_safe
def test(request: HttpRequest, key: int) -> HttpResponse:
    """What came of a test: every check with its verdict, the response, the mapping."""
    own = SignOnTest.objects.for_organization(organization_of(request))
    found = own.filter(pk=key).first()
    if found is None:
        raise Http404
    context = {
        **page_context(
            title="Test sign-on",
            breadcrumbs=(
                "Administration",
                "Authentication",
                Crumb("SAML Sign-On", reverse(PAGE)),
            ),
        ),
        "test": found,
        "report": found.report,
        # In pairs: a template would take a claim named “items” for the method.
        "attributes": found.report["attributes"].items(),
        "changes": (found.report["plan"] or {"changes": {}})["changes"].items(),
    }
    return render(request, "authentication/sign_on/test.html", context)


def _page(request: HttpRequest, form: IdpMetadataForm) -> HttpResponse:
    organization = organization_of(request)
    staging = Staging.of(organization)
    events = ProvisioningEvent.objects.for_organization(organization).sign_ons()
    tests = SignOnTest.objects.for_organization(organization).newest_first()
    context = {
        **page_context(title="Authentication Settings", tabs=authentication_tabs(PAGE)),
        "may_change": administrator_of(request).may_change,
        "organization": organization,
        "staging": staging,
        "form": form,
        "cautions": _cautions(organization, staging),
        "revision": revision(organization),
        "entity_id": addresses.entity_id(organization, staging.saml),
        "reply_url": addresses.reply_url(),
        "sign_on_url": addresses.sign_on_url(organization),
        "unsolicited_url": addresses.unsolicited_reply_url(organization),
        "events": events.defer("request_body", "response_body").newest_first()[
            :SIGN_ONS_SHOWN
        ],
        "tests": tests.defer("report")[:TESTS_SHOWN],
    }
    return render(request, "authentication/sign_on/page.html", context)


def _cautions(organization: Organization, staging: Staging) -> list[Caution]:
    connections = ProvisioningConnection.objects.for_organization(organization)
    connection = connections.select_related("organization").first()
    if connection is None or not connection.is_open:
        return []
    return list(conflict_cautions(staging.saml))


def _imported(changed: list[str]) -> str:
    if not changed:
        return "The metadata say what was saved already; nothing changed."
    return f"Imported and saved: {', '.join(changed)}. Activate it under Activation."


def _download(content: bytes, name: str, content_type: str) -> HttpResponse:
    return HttpResponse(
        content,
        content_type=content_type,
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
