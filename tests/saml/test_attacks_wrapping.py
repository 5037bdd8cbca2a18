"""Signature wrapping: what is signed stays in the message, what is read is another part.

The eight forms are those of SAML Raider
(https://github.com/CompassSecurity/SAMLRaider, XSWHelpers.java).
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from lxml import etree

from tests.saml.attacking import ACCEPTED, GRADY, Attack, Forgery, Scene, Table
from tests.saml.provider import DS, NAMES, SAML, SAMLP

table = Table("Signature wrapping")

RESPONSES = ("response", "both")
ASSERTIONS = ("assertion", "both")
TWO = "0xA022"
"""Two assertions in one message are refused before any signature is looked at."""


@table.attack("An honest message", ACCEPTED, signs=("assertion", "response", "both"))
def honest(forgery: Forgery) -> None:
    del forgery


def evil(node: Any) -> Any:
    """Make Grady the subject of *node*, under another ID; return *node*."""
    (name_id,) = node.iter(f"{{{SAML}}}NameID")
    name_id.text = GRADY
    node.set("ID", "_evil")
    return node


def unsigned(node: Any) -> Any:
    """Return a copy of *node* without its own signature."""
    copy = deepcopy(node)
    copy.remove(copy.find("ds:Signature", NAMES))
    return copy


def appended(parent: Any, tag: str, namespace: str) -> Any:
    return etree.SubElement(parent, f"{{{namespace}}}{tag}")


# ------------------------------------------------------------------ the eight forms
@table.attack("XSW1: the signed response inside its signature", TWO, signs=RESPONSES)
def xsw1(forgery: Forgery) -> None:
    original = unsigned(forgery.root)
    evil(forgery.root).find("ds:Signature", NAMES).append(original)


@table.attack("XSW2: the signed response before its signature", TWO, signs=RESPONSES)
def xsw2(forgery: Forgery) -> None:
    original = unsigned(forgery.root)
    evil(forgery.root).find("ds:Signature", NAMES).addprevious(original)


@table.attack("XSW3: another assertion before the signed one", TWO, signs=ASSERTIONS)
def xsw3(forgery: Forgery) -> None:
    forgery.assertion.addprevious(evil(unsigned(forgery.assertion)))


@table.attack("XSW4: the signed assertion inside another one", TWO, signs=ASSERTIONS)
def xsw4(forgery: Forgery) -> None:
    original = forgery.assertion
    other = evil(unsigned(original))
    forgery.root.append(other)
    other.append(original)


@table.attack(
    "XSW5: the signature in a changed assertion, the signed one behind",
    TWO,
    signs=ASSERTIONS,
)
def xsw5(forgery: Forgery) -> None:
    original = unsigned(forgery.assertion)
    evil(forgery.assertion)
    forgery.root.append(original)


@table.attack(
    "XSW6: the signature in a changed assertion, the signed one inside it",
    TWO,
    signs=ASSERTIONS,
)
def xsw6(forgery: Forgery) -> None:
    original = unsigned(forgery.assertion)
    evil(forgery.assertion).find("ds:Signature", NAMES).append(original)


@table.attack("XSW7: another assertion in Extensions", TWO, signs=ASSERTIONS)
def xsw7(forgery: Forgery) -> None:
    other = evil(unsigned(forgery.assertion))
    extensions = forgery.root.makeelement(f"{{{SAMLP}}}Extensions")
    forgery.assertion.addprevious(extensions)
    extensions.append(other)


@table.attack(
    "XSW8: the signature in a changed assertion, the signed one in its Object",
    TWO,
    signs=ASSERTIONS,
)
def xsw8(forgery: Forgery) -> None:
    original = unsigned(forgery.assertion)
    signature = evil(forgery.assertion).find("ds:Signature", NAMES)
    appended(signature, "Object", DS).append(original)


# -------------------------------------------------------------------- and beyond them
@table.attack("Two assertions: the signed one, then another", TWO, signs=ASSERTIONS)
def unsigned_second(forgery: Forgery) -> None:
    forgery.root.append(evil(unsigned(forgery.assertion)))


@table.attack("Two assertions with the same ID and signature", TWO)
def same_twice(forgery: Forgery) -> None:
    forgery.root.append(deepcopy(forgery.assertion))


@table.attack("Another assertion in Advice of the signed one", TWO)
def advice(forgery: Forgery) -> None:
    other = evil(unsigned(forgery.assertion))
    place = forgery.assertion.makeelement(f"{{{SAML}}}Advice")
    forgery.conditions.addnext(place)
    place.append(other)


@table.attack(
    "Changed and unsigned, the signed assertion in StatusDetail", TWO, signs=ASSERTIONS
)
def status_detail(forgery: Forgery) -> None:
    original = forgery.assertion
    forgery.root.append(evil(unsigned(original)))
    status = forgery.find("samlp:Status")
    appended(status, "StatusDetail", SAMLP).append(original)


def borrow(forgery: Forgery, other: Any, *, ident: str, wrap: bool = True) -> None:
    """Put *other*, signed truly, into Extensions and its signature into the assertion."""
    signature = other.find("ds:Signature", NAMES)
    assertion = forgery.assertion
    evil(assertion).set("ID", ident)
    assertion.find("saml:Issuer", NAMES).addnext(signature)
    extensions = forgery.root.makeelement(f"{{{SAMLP}}}Extensions")
    forgery.find("saml:Issuer").addnext(extensions)
    if wrap:
        extensions = appended(extensions, "wrap", "urn:example")
    extensions.append(other)


@table.attack(
    "Signature of a sign-off of the provider, found by a duplicate ID",
    "0xB003",
    signs=("nothing",),
)
def sign_off(forgery: Forgery) -> None:
    other = forgery.provider.signed_sign_off()
    borrow(forgery, other, ident=other.get("ID"))


@table.attack(
    "Signature of a failed sign-in, found by a duplicate ID",
    "0xB003",
    signs=("nothing",),
)
def failure(forgery: Forgery) -> None:
    other = forgery.provider.signed_failure(forgery.request_id)
    borrow(forgery, other, ident=other.get("ID"))


@table.attack(
    "The same, with the other ID of the spelling xml:id", "0xB003", signs=("nothing",)
)
def xml_id(forgery: Forgery) -> None:
    other = forgery.provider.signed_failure(forgery.request_id)
    ident = other.get("ID")
    borrow(forgery, other, ident=ident)
    wrap = other.getparent()
    wrap.set("{http://www.w3.org/XML/1998/namespace}id", ident)


@table.attack(
    "Signature of a failed sign-in on the response itself", "0xB003", signs=("nothing",)
)
def failed_response(forgery: Forgery) -> None:
    other = forgery.provider.signed_failure(forgery.request_id)
    signature = other.find("ds:Signature", NAMES)
    evil(forgery.root).set("ID", other.get("ID"))
    forgery.find("saml:Issuer").addnext(signature)
    extensions = forgery.root.makeelement(f"{{{SAMLP}}}Extensions")
    signature.addnext(extensions)
    appended(extensions, "wrap", "urn:example").append(other)


@pytest.mark.parametrize("attack", table.attacks, ids=str)
def test_the_verdict_is_that_of_the_table(scene: Scene, attack: Attack) -> None:
    scene.run(attack)
