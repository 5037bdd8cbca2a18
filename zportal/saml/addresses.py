"""The addresses and the entity id of the service provider.

As Zscaler's (``login.<cloud>/sfc_sso``), with the public URL in place of its hosts.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from onelogin.saml2.settings import validate_url

from scim.models import Organization
from zportal.models import SamlConfiguration

COMMON = "sfc_sso"
UNSOLICITED = "sso_upd"


NO_PORTAL_URL = (
    "Write the whole address, beginning with https://, as the identity provider shows "
    "it: without login and password, and without a part behind #."
)


def validate_portal_url(url: str) -> None:
    """Raise ValidationError unless requests can be sent to *url*.

    python3-saml is asked too, which knows fewer host names (none outside of ASCII).
    """
    try:
        URLValidator(schemes=["https"])(url)
        parts = urlsplit(url)
    except (ValidationError, ValueError) as problem:
        raise ValidationError(NO_PORTAL_URL) from problem
    if "@" in parts.netloc or "#" in url or not validate_url(url, True):  # noqa: FBT003
        raise ValidationError(NO_PORTAL_URL)


def reply_url() -> str:
    """Where the identity provider answers requests: Reply URL (ACS) in Entra."""
    return f"{settings.PUBLIC_URL}/{COMMON}"


def unsolicited_reply_url(organization: Organization) -> str:
    """Where an identity provider posts responses that nobody requested."""
    return f"{settings.PUBLIC_URL}/{UNSOLICITED}/{organization.pk}"


def sign_on_url(organization: Organization) -> str:
    """Where people of the organization begin: Sign-on URL in Entra."""
    return f"{settings.PUBLIC_URL}/{COMMON}/{organization.pk}"


def entity_id(organization: Organization, saml: SamlConfiguration) -> str:
    """Identifier (Entity ID) in Entra: the cloud's name, or one of the organization."""
    if saml.org_specific_entity_id:
        return sign_on_url(organization)
    return organization.cloud
