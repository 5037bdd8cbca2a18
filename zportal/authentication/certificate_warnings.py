"""Warnings that teach: what is about to go wrong, why, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import reverse

from zportal.authentication.staging import Staging
from zportal.certificates import Certificate


@dataclass(frozen=True)
class Caution:
    """One warning, with the page that helps when there is one."""

    level: str
    """That of the notice: info, warn or error."""
    text: str
    link: str = ""
    url: str = ""


def certificate_caution(staging: Staging) -> Caution | None:
    """Warn of certificates of both sides, 30 days ahead and when they are over.

    Sign-on uses the active ones; a good one that is saved has to be activated.
    """
    if not (staging.settings.is_saml or staging.active_settings.is_saml):
        return None
    saved, active = staging.certificates, staging.active_certificates
    if caution := _of_saved(saved):
        return caution
    if saved and active and (due := _due(active)):
        return Caution(
            _level(active),
            f"The certificate that sign-on uses {_fate(due, active)} A newer one is "
            "saved: activate it.",
            "Activation",
            reverse("admin:activation"),
        )
    return _of_signing_certificate(staging)


def _of_saved(saved: list[Certificate]) -> Caution | None:
    due = _due(saved)
    if due is None:
        return None
    remedy = (
        "Make a new signing certificate in Entra, make it active there, upload it here, "
        "save and activate."
    )
    which = "The certificate of the identity provider"
    if len(saved) > 1 and not all(each.is_due for each in saved):
        remedy = (
            "Once the identity provider signs with the other one, remove or replace it, "
            "save and activate."
        )
        which = "One of the two certificates of the identity provider"
    return Caution(
        _level(saved),
        f"{which} {_fate(due, saved)} {remedy}",
        "Configure SAML",
        f"{reverse('admin:authentication_settings')}#configure-saml",
    )


def _of_signing_certificate(staging: Staging) -> Caution | None:
    """Warn of the certificate that requests are signed with, as of the other side's."""
    own = staging.signing_certificate
    in_use = staging.active_signing_certificate
    if staging.saml.sign_request and own and own.is_due:
        return Caution(
            _level([own]),
            f"The certificate that signs SAML requests {_when(own)}: the identity "
            "provider may refuse them then. Make a new one, upload it there, and "
            "activate.",
            "SAML Sign-On",
            f"{reverse('admin:saml_sign_on')}#signing-certificate",
        )
    if staging.active_saml.sign_request and in_use and in_use.is_due:
        return Caution(
            _level([in_use]),
            f"The certificate that signs SAML requests now {_when(in_use)}. A newer one "
            "is saved: upload it at the identity provider, and activate.",
            "Activation",
            reverse("admin:activation"),
        )
    return None


def _due(certificates: list[Certificate]) -> Certificate | None:
    """The first to run out of those that are due; None when none is."""
    due = [each for each in certificates if each.is_due]
    return min(due, key=lambda each: each.expires, default=None)


def _level(certificates: list[Certificate]) -> str:
    """An error only when no certificate is left that is believed."""
    return "error" if all(each.is_expired for each in certificates) else "warn"


def _fate(certificate: Certificate, certificates: list[Certificate]) -> str:
    if not certificate.is_expired:
        return f"{_when(certificate)}, {certificate.time_left}."
    if all(each.is_expired for each in certificates):
        return f"{_when(certificate)}: sign-on with SAML fails."
    return f"{_when(certificate)}."


def _when(certificate: Certificate) -> str:
    verb = "expired on" if certificate.is_expired else "expires on"
    return f"{verb} {certificate.expires:%-d %B %Y}"
