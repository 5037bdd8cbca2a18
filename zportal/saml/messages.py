"""Reading what an identity provider posted, before anything of it is believed."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from lxml import etree
from onelogin.saml2.constants import OneLogin_Saml2_Constants as Constants
from onelogin.saml2.response import OneLogin_Saml2_Response
from onelogin.saml2.utils import OneLogin_Saml2_Utils
from onelogin.saml2.xml_utils import OneLogin_Saml2_XML

from zportal.saml.codes import Refused
from zportal.saml.decryption import (
    ENCRYPTED_DATA,
    MGF,
    check_encrypted,
    decrypt,
    refuse_several,
)
from zportal.saml.trust import Trust

LARGEST = 4 * 1024 * 1024
"""Bytes of a response (https://help.zscaler.com/zia/understanding-saml)."""

MOST = 50
"""XML attributes of an element, and namespaces in its scope.

Canonicalization takes the square of their numbers, and comes before a false signature is
found out: 20,000 namespaces, in a message of 440 KB, took two minutes.
"""

LONGEST_PREFIXES = 100
"""Characters of a PrefixList."""

ENCODINGS = {"utf-8", "utf-16", "us-ascii", "ascii", "iso-8859-1", "windows-1252"}
"""In which a bracket is a bracket: in UTF-7 elements could not be counted."""

DEEPEST = 20
"""Elements in each other; libxmlsec1 looks at all of them for each one that is signed."""

MOST_ELEMENTS = 210_000
"""Elements, counted by their opening brackets, and XML attributes of a message.

4 MB of the names of groups have about 100,000 of each.
"""

RESPONSE = f"{{{Constants.NS_SAMLP}}}Response"
NAMES = {"saml": Constants.NS_SAML, "samlp": Constants.NS_SAMLP, "ds": Constants.NS_DS}


@dataclass(frozen=True)
class Posted:
    """A response as it was posted: what only says which organization is to judge it."""

    encoded: str
    xml: bytes
    in_response_to: str
    root: Any = field(default=None, repr=False)
    """The element Response."""

    @property
    def is_encrypted(self) -> bool:
        """Whether a part of it says that it is."""
        return next(self.root.iter(ENCRYPTED_DATA), None) is not None

    @property
    def encrypted_assertion(self) -> Any:
        """The EncryptedAssertion of the response; None without one."""
        return self.root.find("saml:EncryptedAssertion", NAMES)

    @property
    def issuer(self) -> str:
        """Who sent it, as the message itself says."""
        return str(self.root.findtext("saml:Issuer", "", NAMES)).strip()

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
    return Posted(packed, xml, root.get("InResponseTo", ""), root)


_DECLARED = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([\w.:-]{1,40})"
)


def _parsed(xml: bytes) -> Any:
    """Return the root element; the parser leaves comments and instructions out."""
    declared = _DECLARED.match(xml)
    if declared and declared[1].decode().lower() not in ENCODINGS:
        raise Refused("0xA001", f"The encoding {declared[1].decode()} is not taken.")
    if xml.count(b"<") > MOST_ELEMENTS:
        raise Refused("0xA001", f"It has more than {MOST_ELEMENTS:,} elements.")
    try:
        return OneLogin_Saml2_XML.to_etree(xml)
    except (etree.XMLSyntaxError, ValueError) as problem:
        # A document type is refused as ValueError: entities come with it.
        reason = "it has a document type" if b"<!DOCTYPE" in xml else "it is damaged"
        raise Refused("0xA001", f"The XML cannot be read: {reason}.") from problem


def _parsed_within(namespaces: dict[str | None, str], xml: bytes) -> Any:
    """Return the element that was encrypted where *namespaces* are declared."""
    around = etree.tostring(etree.Element("within", nsmap=namespaces)).removesuffix(
        b"/>"
    )
    within = _parsed(b"%b>%b</within>" % (around, xml))
    if len(within) != 1:
        raise Refused("0xA022", "What was encrypted is not one element.")
    return within[0]


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
        _check_readable(posted.root)
        if posted.encrypted_assertion is not None:
            refuse_several(posted.root)
            check_encrypted(posted.encrypted_assertion)
        message = cls(posted, _Response(posted, trust))
        if message.is_encrypted:
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


_MANY = (
    f"boolean(//*[count(@*) > {MOST} or string-length(@PrefixList) > "
    f"{LONGEST_PREFIXES}])"
)


def _check_readable(root: Any) -> None:
    """Raise Refused for what the libraries cannot read, or not in reasonable time."""
    if root.xpath(f"count(//@*) > {MOST_ELEMENTS}"):
        raise Refused("0xA001", f"It has more than {MOST_ELEMENTS:,} XML attributes.")
    if root.xpath(f"boolean({'/*' * (DEEPEST + 1)})"):
        raise Refused("0xA001", f"It has more than {DEEPEST} elements in each other.")
    if root.xpath(_MANY) or _namespaces_at_once(root) > MOST:
        raise Refused(
            "0xA001",
            f"An element has more than {MOST} XML attributes or namespaces.",
        )
    # Canonicalization looks for each of these names at every element.
    lists = root.xpath("//*[local-name() = 'InclusiveNamespaces']/@PrefixList")
    names = sum(len(each.split()) for each in lists)
    if names and root.xpath("count(//*)") * (1 + names) > MOST_ELEMENTS:
        raise Refused("0xA001", "PrefixList has too many names for so many elements.")
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


class _Response(OneLogin_Saml2_Response):  # type: ignore[misc]
    """python3-saml's response, with every key of the organization to decrypt it by.

    The library decrypts while it is made, with one key, and follows what is referred to.
    """

    def __init__(self, posted: Posted, trust: Trust) -> None:
        self._trust = trust
        settings = trust.library_settings(issuer=posted.issuer)
        super().__init__(settings, posted.encoded)

    def _decrypt_assertion(self, xml: Any) -> Any:
        if not self._trust.keys:
            raise Refused(
                "0xE5637",
                "The assertion is encrypted, and this service has no key for it.",
            )
        keys = [self._trust.private_key(key) for key in self._trust.keys]
        holder = xml.find("saml:EncryptedAssertion", NAMES)
        namespaces = holder.nsmap
        opened = _parsed_within(namespaces, decrypt(holder, keys))
        xml.replace(holder, opened)
        if self.document.find("ds:Signature", NAMES) is None:
            # The library's schema does not know the element, which has done its work.
            # A signed response has to stay as it is, and is refused with one.
            for element in list(self.document.iter(MGF)):
                element.getparent().remove(element)
        return xml
