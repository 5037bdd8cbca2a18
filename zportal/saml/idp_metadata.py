"""Reading the metadata of an identity provider (saml-metadata 2.4.3)."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from lxml import etree
from onelogin.saml2.errors import OneLogin_Saml2_Error
from onelogin.saml2.idp_metadata_parser import (
    OneLogin_Saml2_IdPMetadataParser as Parser,
)
from onelogin.saml2.xml_utils import OneLogin_Saml2_XML

from zportal.certificates import Certificate, parse_certificate
from zportal.saml.addresses import validate_portal_url

LARGEST = 1024 * 1024
"""Bytes. Entra's federation metadata of a tenant have about 70 KiB."""

LONGEST_ID = 1024
LONGEST_URL = 2048
"""Characters that the settings hold."""

MOST_CERTIFICATES = 20
"""Zscaler's limit; more is its error 0xE5504."""

TOO_LARGE = "The metadata are larger than 1 MiB. Give those of one identity provider."
NOT_XML = (
    "This is no XML, or it has a document type. In Entra, download “Federation Metadata "
    "XML” and give that file as it is."
)
NO_PROVIDER = (
    "These are no metadata of an identity provider: there is no IDPSSODescriptor in "
    "them. Metadata of a service provider go the other way, into Entra."
)
SEVERAL_PROVIDERS = (
    "These are the metadata of {} identity providers. Give those of the one that "
    "signs your people on."
)
NO_ENTITY_ID = (
    "The metadata have no entityID of 1 to 1,024 characters, without quotation marks."
)
NO_ADDRESS = (
    "The metadata name no address for requests by HTTP redirect, which is what this "
    "service sends. Switch that binding on at the identity provider."
)
NO_PORTAL_URL = (
    "The address for requests is {}. It has to begin with https:// and be a plain "
    "address, without login, password and a part behind #."
)
NO_CERTIFICATE = (
    "The metadata hold no signing certificate that is good today. Make one at the "
    "identity provider and download the metadata again."
)
TOO_MANY = "The metadata hold {} certificates; 20 are the most (0xE5504 at Zscaler)."

_PROVIDERS = "//md:EntityDescriptor[md:IDPSSODescriptor]"


@dataclass(frozen=True)
class IdpMetadata:
    """What an identity provider says of itself."""

    entity_id: str
    portal_url: str
    certificates: list[Certificate]
    """Its signing certificates that are good today, in its order; at least one."""
    wants_signed_requests: bool


def read_idp_metadata(content: bytes) -> IdpMetadata:
    """Read metadata in XML. Raises ValidationError with a sentence that helps."""
    if len(content) > LARGEST:
        raise ValidationError(TOO_LARGE)
    try:
        root = OneLogin_Saml2_XML.to_etree(content)
    except (etree.XMLSyntaxError, ValueError) as problem:
        raise ValidationError(NOT_XML) from problem
    number = len(OneLogin_Saml2_XML.query(root, _PROVIDERS))
    if number != 1:
        raise ValidationError(
            SEVERAL_PROVIDERS.format(number) if number else NO_PROVIDER
        )
    entity_id = OneLogin_Saml2_XML.query(root, _PROVIDERS)[0].get("entityID", "")
    if (
        not entity_id.strip()
        or len(entity_id) > LONGEST_ID
        or set(entity_id) & set("\"'")
    ):
        raise ValidationError(NO_ENTITY_ID)
    try:
        found = Parser.parse(content, entity_id=entity_id)
    except (AttributeError, TypeError, OneLogin_Saml2_Error) as problem:
        # Of an empty certificate, for one.
        raise ValidationError(NO_CERTIFICATE) from problem
    provider = found.get("idp", {})
    return IdpMetadata(
        entity_id=entity_id,
        portal_url=_address(provider),
        certificates=_certificates(provider),
        wants_signed_requests=_wants_signed(root),
    )


def _wants_signed(root: Any) -> bool:
    """xs:boolean is true as 1, too; python3-saml knows the word only, and another name."""
    path = "//md:IDPSSODescriptor/@WantAuthnRequestsSigned"
    return any(
        str(each).strip() in {"true", "1"}
        for each in OneLogin_Saml2_XML.query(root, path)
    )


def _address(provider: dict[str, dict[str, str]]) -> str:
    url = provider.get("singleSignOnService", {}).get("url", "").strip()
    if not url:
        raise ValidationError(NO_ADDRESS)
    try:
        validate_portal_url(url)
    except ValidationError as problem:
        raise ValidationError(NO_PORTAL_URL.format(url[:200])) from problem
    if len(url) > LONGEST_URL:
        raise ValidationError(NO_PORTAL_URL.format(url[:200]))
    return url


def _certificates(provider: dict[str, object]) -> list[Certificate]:
    several = provider.get("x509certMulti")
    signing = several.get("signing", []) if isinstance(several, dict) else []
    single = provider.get("x509cert")
    texts = list(dict.fromkeys([single] if isinstance(single, str) else signing))
    if len(texts) > MOST_CERTIFICATES:
        raise ValidationError(TOO_MANY.format(len(texts)))
    read = [parse_certificate(_pem(text).encode()) for text in texts]
    good = [each for each in read if not each.is_expired]
    if not good:
        raise ValidationError(NO_CERTIFICATE)
    for each in good:
        if each.key_problem:
            raise ValidationError(each.key_problem)
    return good


def _pem(text: str) -> str:
    body = "\n".join(textwrap.wrap(text, 64))
    return f"-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n"
