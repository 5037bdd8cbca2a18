"""Warnings that teach: what is about to go wrong, why, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import reverse

from zportal.certificates import Certificate, stored_certificate
from zportal.staging import Staging


@dataclass(frozen=True)
class Caution:
    """One warning, with the page that helps when there is one."""

    level: str
    """That of the notice: info, warn or error."""
    text: str
    link: str = ""
    url: str = ""


def certificate_caution(staging: Staging) -> Caution | None:
    """Warn of the identity provider's certificate, 30 days ahead and when it is over.

    Sign-on uses the active certificate; a good one that is saved has to be activated.
    """
    if not (staging.settings.is_saml or staging.active_settings.is_saml):
        return None
    saved = stored_certificate(staging.saml.certificate)
    active = stored_certificate(staging.active_saml.certificate)
    if saved and saved.is_due:
        return Caution(
            _level(saved),
            f"The certificate of the identity provider {_fate(saved)} Make a new "
            "signing certificate in Entra, make it active there, upload it here, save "
            "and activate.",
            "Configure SAML",
            f"{reverse('admin:authentication_settings')}#configure-saml",
        )
    if saved and active and active.is_due:
        return Caution(
            _level(active),
            f"The certificate that sign-on uses {_fate(active)} A newer one is saved: "
            "activate it.",
            "Activation",
            reverse("admin:activation"),
        )
    return _of_signing_certificate(staging)


def _of_signing_certificate(staging: Staging) -> Caution | None:
    """Warn of the certificate that requests are signed with, as of the other side's."""
    own = staging.signing_certificate
    if not (staging.saml.sign_request and own and own.is_due):
        return None
    day = f"{own.expires:%-d %B %Y}"
    fate = "expired on" if own.is_expired else "expires on"
    return Caution(
        _level(own),
        f"The certificate that signs SAML requests {fate} {day}: the identity provider "
        "may refuse them then. Make a new one, upload it there, and activate.",
        "SAML Sign-On",
        f"{reverse('admin:saml_sign_on')}#signing-certificate",
    )


def _level(certificate: Certificate) -> str:
    return "error" if certificate.is_expired else "warn"


def _fate(certificate: Certificate) -> str:
    day = f"{certificate.expires:%-d %B %Y}"
    if certificate.is_expired:
        return f"expired on {day}: sign-on with SAML fails."
    return f"expires on {day}, {certificate.time_left}."
