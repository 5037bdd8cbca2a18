"""Reading what an identity provider posted, before anything of it is believed."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from lxml import etree
from onelogin.saml2.constants import OneLogin_Saml2_Constants as Constants
from onelogin.saml2.errors import OneLogin_Saml2_Error, OneLogin_Saml2_ValidationError
from onelogin.saml2.response import OneLogin_Saml2_Response
from onelogin.saml2.utils import OneLogin_Saml2_Utils
from onelogin.saml2.xml_utils import OneLogin_Saml2_XML

from zportal.saml.codes import Refused
from zportal.saml.trust import Trust

LARGEST = 4 * 1024 * 1024
"""Bytes of a response (https://help.zscaler.com/zia/understanding-saml)."""

RESPONSE = f"{{{Constants.NS_SAMLP}}}Response"
NAMES = {"saml": Constants.NS_SAML, "samlp": Constants.NS_SAMLP, "ds": Constants.NS_DS}


@dataclass(frozen=True)
class Posted:
    """A response as it was posted: what only says which organization is to judge it."""

    encoded: str
    xml: bytes
    in_response_to: str

    @property
    def text(self) -> str:
        """The XML as it came."""
        return self.xml.decode("utf-8", "replace")


def read_posted(encoded: str) -> Posted:
    """Read the form field SAMLResponse (saml-bindings 3.5.4).

    Raises Refused when it is too large, no base-64, no XML, XML with a document type,
    or another message than a Response.
    """
    packed = "".join(encoded.split())
    if len(packed) > LARGEST * 4 // 3 + 4:
        raise Refused("0xE5624", f"It has more than {LARGEST:,} bytes.")
    if not packed:
        raise Refused("0xA001", "The form field SAMLResponse is missing or empty.")
    try:
        xml = base64.b64decode(packed, validate=True)
    except (binascii.Error, ValueError) as problem:
        raise Refused("0xA001", "SAMLResponse is not base-64.") from problem
    root = _parsed(xml)
    if root.tag != RESPONSE:
        name = etree.QName(root).localname[:64]
        raise Refused("0xA001", f"The message is {name}, not a Response of SAML 2.0.")
    return Posted(packed, xml, root.get("InResponseTo", ""))


def _parsed(xml: bytes) -> Any:
    try:
        return OneLogin_Saml2_XML.to_etree(xml)
    except (etree.XMLSyntaxError, ValueError) as problem:
        # A document type is refused as ValueError: entities come with it.
        reason = "it has a document type" if b"<!DOCTYPE" in xml else "it is damaged"
        raise Refused("0xA001", f"The XML cannot be read: {reason}.") from problem


class Message:
    """A response with python3-saml's reading of it, decrypted when it was encrypted.

    Until its signature is verified, everything here is what somebody claims.
    """

    def __init__(self, posted: Posted, response: OneLogin_Saml2_Response) -> None:
        self.posted = posted
        self.response = response

    @classmethod
    def read(cls, posted: Posted, trust: Trust) -> Message:
        """Raises Refused when it is encrypted and no key of ours opens it."""
        settings = trust.library_settings(issuer=_issuer(posted))
        try:
            return cls(posted, OneLogin_Saml2_Response(settings, posted.encoded))
        except OneLogin_Saml2_Error as problem:
            if problem.code != OneLogin_Saml2_Error.PRIVATE_KEY_NOT_FOUND:
                raise
        return cls(posted, _decrypted(posted, trust))

    @property
    def root(self) -> Any:
        """The element Response."""
        return self.response.get_xml_document()

    @property
    def is_encrypted(self) -> bool:
        return bool(self.response.encrypted)

    @cached_property
    def issuers(self) -> list[str]:
        """The issuers of message and assertion; more than one is one too many."""
        found = self.root.xpath(
            "saml:Issuer | saml:Assertion/saml:Issuer", namespaces=NAMES
        )
        return sorted({(node.text or "").strip() for node in found})

    def assertion(self, path: str = "") -> list[Any]:
        """Return what *path* finds in the assertion that the signature is about."""
        found: list[Any] = self.response._query_assertion(path)  # noqa: SLF001
        return found

    def confirmations(self) -> Iterator[Any]:
        """Yield the SubjectConfirmationData of bearer confirmations."""
        for node in self.assertion("/saml:Subject/saml:SubjectConfirmation"):
            if node.get("Method") == Constants.CM_BEARER:
                yield from node.iterchildren(
                    f"{{{Constants.NS_SAML}}}SubjectConfirmationData"
                )

    @property
    def begins(self) -> list[datetime]:
        """From when on the assertion is valid. Raises Refused for what is no time."""
        limits = self.assertion("/saml:Conditions[@NotBefore]")
        return [moment(node.get("NotBefore")) for node in limits]

    @property
    def ends(self) -> list[datetime]:
        """Until when it is valid. Raises Refused for what is no time."""
        limits = self.assertion("/saml:Conditions[@NotOnOrAfter]")
        bearers = [each for each in self.confirmations() if each.get("NotOnOrAfter")]
        return [moment(node.get("NotOnOrAfter")) for node in (*limits, *bearers)]

    @property
    def pretty(self) -> str:
        """The XML, decrypted and indented, for people to read."""
        copy = etree.fromstring(etree.tostring(self.root), _reader())
        etree.indent(copy)
        return str(etree.tostring(copy, encoding="unicode"))


def moment(text: str) -> datetime:
    """Read a time of SAML (saml-core 1.3.3). Raises Refused."""
    try:
        return datetime.fromtimestamp(
            OneLogin_Saml2_Utils.parse_SAML_to_time(text), UTC
        )
    except (ValueError, TypeError, OverflowError, OSError) as problem:
        raise Refused("0xA022", f"{text[:64]} is no time of SAML.") from problem


def _reader() -> etree.XMLParser:
    """Reads again what the library's parser has let through."""
    return etree.XMLParser(resolve_entities=False, no_network=True)


def _issuer(posted: Posted) -> str:
    found = _parsed(posted.xml).findtext("saml:Issuer", "", NAMES)
    return str(found).strip()


def _decrypted(posted: Posted, trust: Trust) -> OneLogin_Saml2_Response:
    """Try the keys of the service provider, the one in use first."""
    if not trust.keys:
        raise Refused(
            "0xE5637", "The assertion is encrypted, and this service has no key for it."
        )
    for key in trust.keys:
        settings = trust.library_settings(issuer=_issuer(posted), key=key)
        try:
            return OneLogin_Saml2_Response(settings, posted.encoded)
        except OneLogin_Saml2_ValidationError as problem:
            raise Refused("0xA022", f"{problem}.") from problem
        except Exception:  # noqa: BLE001, S112 - xmlsec has no common class of errors
            continue
    raise Refused(
        "0xA022",
        "The assertion is encrypted for another certificate than those of this service.",
    )
