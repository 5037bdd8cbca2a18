"""What a signature of SAML may look like, before libxmlsec1 carries any of it out."""

from __future__ import annotations

import re
from typing import Any

from zportal.saml.codes import Refused
from zportal.saml.messages import NAMES

SIGNATURES = {
    f"http://www.w3.org/2001/04/xmldsig-more#{name}"
    for name in (
        "rsa-sha256",
        "rsa-sha384",
        "rsa-sha512",
        "ecdsa-sha256",
        "ecdsa-sha384",
        "ecdsa-sha512",
    )
}
DIGESTS = {
    "http://www.w3.org/2001/04/xmlenc#sha256",
    "http://www.w3.org/2001/04/xmldsig-more#sha384",
    "http://www.w3.org/2001/04/xmlenc#sha512",
}
SHA1_SIGNATURES = {
    "http://www.w3.org/2000/09/xmldsig#rsa-sha1",
    "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha1",
}
SHA1_DIGEST = "http://www.w3.org/2000/09/xmldsig#sha1"
ENVELOPED = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
TRANSFORMS = (
    [ENVELOPED],
    [ENVELOPED, EXCLUSIVE],
    [ENVELOPED, f"{EXCLUSIVE}WithComments"],
)
"""Those that saml-core 5.4.4 allows, in their order; others can run programs or select
other nodes, and after another order libxmlsec1 reads its own output once more."""

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,255}")
"""What an ID may be (NCName of XML, in ASCII): libxmlsec1 pastes it into an XPath."""

MOST_SIGNATURES = 2
"""Of a message: that of the response and that of its assertion."""

MOST_PARTS = 12
"""Elements in SignedInfo; honest ones have eight to eleven.

libxmlsec1 calls itself for each transform: 60,000 of them ended the process.
"""

CANONICALIZATIONS = {
    f"{algorithm}{comments}"
    for algorithm in (
        EXCLUSIVE,
        "http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
        "http://www.w3.org/2006/12/xml-c14n11",
    )
    for comments in ("", "WithComments", "#WithComments")
}

MOST_IDS = 50
"""IDs in a message, all of which libxmlsec1 notes; an honest one has two or three."""

_IDS = "//@*[translate(local-name(), 'ID', 'id') = 'id']"
"""In any spelling by which libxmlsec1 could find an element."""


def check_shape(document: Any, *, allow_sha1: bool) -> None:
    """Raise Refused for a signature in *document* that no honest message has."""
    signatures = document.xpath("//ds:Signature", namespaces=NAMES)
    if len(signatures) > MOST_SIGNATURES:
        raise Refused("0xB003", f"It has {len(signatures):,} signatures; two are most.")
    if document.xpath(f"count({_IDS}) > {MOST_IDS}"):
        raise Refused("0xB003", f"It has more than {MOST_IDS} IDs.")
    idents = document.xpath(_IDS)
    for signature in signatures:
        ident = signature.getparent().get("ID", "")
        if not _is_about(signature, ident) or idents.count(ident) != 1:
            raise Refused(
                "0xB003",
                "A signature has to be about one element, the one that holds it, named "
                "by an ID that nothing else has.",
            )
        transforms = signature.xpath(
            "ds:SignedInfo//ds:Transform/@Algorithm", namespaces=NAMES
        )
        method = _algorithms(signature, "ds:SignedInfo/ds:CanonicalizationMethod")
        if transforms not in TRANSFORMS or method - CANONICALIZATIONS:
            raise Refused("0xB003", "The signature uses a transform that SAML forbids.")
        _algorithms_allowed(signature, allow_sha1=allow_sha1)


def _is_about(signature: Any, ident: str) -> bool:
    """Whether what is verified is what is read.

    xmlsec verifies the first element that has the ID, whatever it is: any message that
    the identity provider ever signed would do, hidden in Extensions.
    """
    strange = (
        f".//ds:Object or .//ds:Manifest or count(ds:SignedInfo//*) > {MOST_PARTS}"
    )
    if signature.xpath(strange, namespaces=NAMES):
        return False
    references = signature.xpath("ds:SignedInfo/ds:Reference", namespaces=NAMES)
    named = [each.get("URI") for each in references]
    return NAME.fullmatch(ident) is not None and named == [f"#{ident}"]


def _algorithms_allowed(signature: object, *, allow_sha1: bool) -> None:
    methods = _algorithms(signature, "ds:SignedInfo/ds:SignatureMethod")
    digests = _algorithms(signature, "ds:SignedInfo/ds:Reference/ds:DigestMethod")
    if (methods & SHA1_SIGNATURES) or SHA1_DIGEST in digests:
        if not allow_sha1:
            raise Refused("0xE5636", "The response is signed with SHA-1.")
        methods, digests = methods - SHA1_SIGNATURES, digests - {SHA1_DIGEST}
    if (methods - SIGNATURES) or (digests - DIGESTS):
        names = ", ".join(sorted((methods - SIGNATURES) | (digests - DIGESTS)))
        raise Refused("0xE5636", f"This service does not verify {names[:200]}.")


def _algorithms(node: object, path: str) -> set[str]:
    found = node.xpath(path, namespaces=NAMES)  # type: ignore[attr-defined]
    return {str(item.get("Algorithm", "")) for item in found}
