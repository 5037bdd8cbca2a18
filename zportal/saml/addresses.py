"""The addresses and the entity id of the service provider.

As Zscaler's (``login.<cloud>/sfc_sso``), with the public URL in place of its hosts.
"""

from __future__ import annotations

from django.conf import settings

from scim.models import Organization
from zportal.models import SamlConfiguration

COMMON = "sfc_sso"
UNSOLICITED = "sso_upd"


def reply_url() -> str:
    """Where the identity provider answers requests: Reply URL (ACS) in Entra."""
    return f"{settings.PUBLIC_URL}/{COMMON}"


def unsolicited_reply_url(organization: Organization) -> str:
    """Where an identity provider posts responses that nobody requested."""
    return f"{settings.PUBLIC_URL}/{UNSOLICITED}/{organization.pk}"


def sign_on_url(organization: Organization) -> str:
    """Where people of the organization begin: Sign-on URL in Entra."""
    return f"{settings.PUBLIC_URL}/{COMMON}/{organization.pk}"


def metadata_url(organization: Organization) -> str:
    """Where the metadata of the service provider are."""
    return f"{sign_on_url(organization)}/metadata"


def entity_id(organization: Organization, saml: SamlConfiguration) -> str:
    """Identifier (Entity ID) in Entra: the cloud's name, or one of the organization."""
    if saml.org_specific_entity_id:
        return sign_on_url(organization)
    return organization.cloud
