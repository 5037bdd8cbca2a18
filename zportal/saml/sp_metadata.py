"""The metadata of the service provider (saml-metadata 2.4.4)."""

from __future__ import annotations

from copy import deepcopy

from lxml import etree
from onelogin.saml2.constants import OneLogin_Saml2_Constants as Constants
from onelogin.saml2.metadata import OneLogin_Saml2_Metadata
from onelogin.saml2.xml_utils import OneLogin_Saml2_XML

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
    if trust.saml.idp_initiated:
        return _with_unsolicited(trust, xml)
    return xml if isinstance(xml, bytes) else xml.encode()


def _with_unsolicited(trust: Trust, xml: bytes | str) -> bytes:
    """Add the address for responses that nobody requested; the library writes one."""
    root = OneLogin_Saml2_XML.to_etree(xml)
    [first] = root.iter(f"{{{Constants.NS_MD}}}AssertionConsumerService")
    second = deepcopy(first)
    second.set("Location", addresses.unsolicited_reply_url(trust.organization))
    second.set("index", "2")
    first.addnext(second)
    return bytes(etree.tostring(root))
