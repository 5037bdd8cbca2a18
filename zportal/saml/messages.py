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

MOST = 100
"""XML attributes of an element, namespaces in its scope, letters of a PrefixList.

Canonicalization takes the square of their numbers, and comes before a false signature is
found out: 20,000 namespaces, in a message of 440 KB, took two minutes.
"""

RESPONSE = f"{{{Constants.NS_SAMLP}}}Response"
NAMES = {"saml": Constants.NS_SAML, "samlp": Constants.NS_SAMLP, "ds": Constants.NS_DS}


@dataclass(frozen=True)
class Posted:
    """A response as it was posted: what only says which organization is to judge it."""

    encoded: str
    xml: bytes
    in_response_to: str

    @property
    def is_encrypted(self) -> bool:
        """Whether a part is, by its looks."""
        return b"EncryptedData" in self.xml

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
        """Raises Refused when it is encrypted and no key of ours opens it, or when it
        cannot be read."""
        message = cls(posted, _response(posted, trust))
        if message.is_encrypted:
            # The parser drops them everywhere but in what is decrypted later; there
            # they would end a text that goes on.
            etree.strip_tags(message.root, etree.Comment, etree.ProcessingInstruction)
            _check_readable(message.response.document)
        _check_readable(message.root)
        return message

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
        until = [moment(node.get("NotOnOrAfter")) for node in limits]
        return until + self.confirmed_until

    @property
    def confirmed_until(self) -> list[datetime]:
        """Until when its bearers may use it. Raises Refused for what is no time."""
        until = (data.get("NotOnOrAfter") for data in self.confirmations())
        return [moment(text) for text in until if text]

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
    except Exception as problem:  # the library's own is a bare Exception
        raise Refused("0xA022", f"{text[:64]} is no time of SAML.") from problem


def _reader() -> etree.XMLParser:
    """Reads again what the library's parser has let through."""
    return etree.XMLParser(resolve_entities=False, no_network=True)


def _issuer(posted: Posted) -> str:
    found = _parsed(posted.xml).findtext("saml:Issuer", "", NAMES)
    return str(found).strip()


def _check_readable(root: Any) -> None:
    """Raise Refused for what the libraries cannot read, or not in reasonable time."""
    long = f"boolean(//*[count(@*) > {MOST} or string-length(@PrefixList) > {MOST}])"
    if root.xpath(long) or _namespaces_at_once(root) > MOST:
        raise Refused(
            "0xA001",
            f"An element has more than {MOST} XML attributes or namespaces.",
        )
    if root.xpath("boolean(//ds:Reference[not(@URI)])", namespaces=NAMES):
        # python3-saml follows it wherever it looks for something in the assertion.
        raise Refused("0xB003", "A signature does not name what it is about.")


def _namespaces_at_once(root: Any) -> int:
    """Return how many namespaces an element has in scope at the most, or MOST + 1."""
    most = scope = 0
    for event, _ in etree.iterwalk(root, events=("start-ns", "end-ns")):
        scope += 1 if event == "start-ns" else -1
        most = max(most, scope)
        if most > MOST:
            break
    return most


def _response(posted: Posted, trust: Trust) -> OneLogin_Saml2_Response:
    settings = trust.library_settings(issuer=_issuer(posted))
    try:
        return OneLogin_Saml2_Response(settings, posted.encoded)
    except OneLogin_Saml2_Error as problem:
        if problem.code != OneLogin_Saml2_Error.PRIVATE_KEY_NOT_FOUND:
            raise
    return _decrypted(posted, trust)


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
