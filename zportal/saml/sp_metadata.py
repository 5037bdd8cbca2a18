"""The metadata of the service provider (saml-metadata 2.4.4)."""

from __future__ import annotations

from onelogin.saml2.constants import OneLogin_Saml2_Constants as Constants
from onelogin.saml2.metadata import OneLogin_Saml2_Metadata

from zportal.saml import addresses
from zportal.saml.trust import Trust


def service_provider_metadata(trust: Trust) -> bytes:
    """Return an EntityDescriptor: entity id, reply URL, and the certificate if any.

    It never runs out: what an identity provider has imported stays true until the
    certificate is replaced.
    """
    xml = OneLogin_Saml2_Metadata.builder(
        {
            "entityId": trust.entity_id,
            "NameIDFormat": Constants.NAMEID_UNSPECIFIED,
            "assertionConsumerService": {
                "url": addresses.reply_url(),
                "binding": Constants.BINDING_HTTP_POST,
            },
        },
        authnsign=trust.saml.sign_request,
        wsign=True,
        valid_until="",
        cache_duration="",
    )
    if trust.saml.signing_key is not None:
        xml = OneLogin_Saml2_Metadata.add_x509_key_descriptors(
            xml, trust.saml.signing_key.certificate
        )
    return xml if isinstance(xml, bytes) else xml.encode()
