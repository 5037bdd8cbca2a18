"""Signatures that are missing, broken, weak, or made by somebody else."""

from __future__ import annotations

from copy import deepcopy
from importlib import import_module
from typing import Any

import pytest
from lxml import etree

from tests.saml.attacking import ACCEPTED, GRADY, Attack, Forgery, Scene, Table
from tests.saml.idp import key_pair
from tests.saml.provider import DS, NAMES, SAMLP

table = Table("Signatures")

xmlsec: Any = import_module("xmlsec")  # its types leave most of it out

ANY = ("assertion", "response", "both")
WRONG = "0xB003"
WEAK = "0xE5636"
UNSIGNED = ("nothing",)

SHA1 = f"{DS}sha1"
RSA_SHA1 = f"{DS}rsa-sha1"
XSLT = "http://www.w3.org/TR/1999/REC-xslt-19991116"
XPATH = "http://www.w3.org/TR/1999/REC-xpath-19991116"


def child(parent: Any, tag: str, **attributes: str) -> Any:
    return etree.SubElement(parent, f"{{{DS}}}{tag}", attributes)


def each(forgery: Forgery, path: str) -> list[Any]:
    """Return the elements that *path* finds in every signature."""
    found = [node for one in forgery.signatures for node in one.iterfind(path, NAMES)]
    assert found, path
    return found


# ------------------------------------------------------------------------ none at all
@table.attack("An unsigned message", WRONG, signs=UNSIGNED)
def unsigned(forgery: Forgery) -> None:
    forgery.name_id.text = GRADY


@table.attack("The signature is removed", WRONG, signs=ANY)
def removed(forgery: Forgery) -> None:
    for signature in forgery.signatures:
        signature.getparent().remove(signature)


@table.attack("SignatureValue is empty", WRONG, signs=ANY)
def empty(forgery: Forgery) -> None:
    for value in each(forgery, "ds:SignatureValue"):
        value.text = ""


@table.attack("SignatureValue is missing", WRONG)
def no_value(forgery: Forgery) -> None:
    forgery.signature.remove(forgery.signature.find("ds:SignatureValue", NAMES))


@table.attack("Signature has no content", WRONG)
def hollow(forgery: Forgery) -> None:
    for node in list(forgery.signature):
        forgery.signature.remove(node)


@table.attack("Signature of another namespace", WRONG)
def other_namespace(forgery: Forgery) -> None:
    forgery.signature.tag = "{urn:example}Signature"


# ------------------------------------------------------------------- what was changed
@table.attack("NameID is changed after signing", WRONG, signs=ANY)
def changed_name(forgery: Forgery) -> None:
    forgery.name_id.text = GRADY


@table.attack("An attribute is changed after signing", WRONG, signs=ANY)
def changed_attribute(forgery: Forgery) -> None:
    forgery.replace(">Sales<", ">Executives<")


@table.attack("The digest is changed, as after a change", WRONG, signs=ANY)
def changed_digest(forgery: Forgery) -> None:
    for value in each(forgery, "ds:SignedInfo/ds:Reference/ds:DigestValue"):
        value.text = "AAAA" + value.text[4:]


@table.attack("A comment splits DigestValue, another digest before it", WRONG)
def commented_digest(forgery: Forgery) -> None:
    (value,) = each(forgery, "ds:SignedInfo/ds:Reference/ds:DigestValue")
    forgery.replace(f">{value.text}<", f">AAAA<!--{value.text}--><")


@table.attack("A second SignedInfo, with another digest, before the signed one", WRONG)
def two_signed_infos(forgery: Forgery) -> None:
    (info,) = each(forgery, "ds:SignedInfo")
    other = deepcopy(info)
    other.find("ds:Reference/ds:DigestValue", NAMES).text = "AAAA"
    info.addprevious(other)


@table.attack("A namespace that cannot be canonicalized", WRONG)
def void(forgery: Forgery) -> None:
    forgery.name_id.text = GRADY
    forgery.replace("<ns1:Subject>", '<ns1:Subject xmlns:void="1">')


# ------------------------------------------------------------------- who has signed it
def signed_by(forgery: Forgery, name: str, part: str = "assertion") -> None:
    forgery.name_id.text = GRADY
    other = forgery.provider.with_key("stranger", key_pair(name))
    forgery.root = other.sign(forgery.root, part)


@table.attack(
    "Signed with another key, its certificate embedded", WRONG, signs=UNSIGNED
)
def stranger(forgery: Forgery) -> None:
    signed_by(forgery, "A stranger")


@table.attack("The response signed so", WRONG, signs=UNSIGNED)
def stranger_response(forgery: Forgery) -> None:
    signed_by(forgery, "A stranger", "response")


@table.attack("Signed with another key, no certificate embedded", WRONG, signs=UNSIGNED)
def stranger_silent(forgery: Forgery) -> None:
    signed_by(forgery, "A stranger")
    forgery.signature.remove(forgery.signature.find("ds:KeyInfo", NAMES))


@table.attack(
    "Signed with another key, the true certificate embedded", WRONG, signs=UNSIGNED
)
def stranger_in_disguise(forgery: Forgery) -> None:
    true = forgery.provider.server.sec.my_cert
    signed_by(forgery, "A stranger")
    for node in each(forgery, "ds:KeyInfo/ds:X509Data/ds:X509Certificate"):
        node.text = true


@table.attack(
    "Signed with another key, its value embedded as KeyValue", WRONG, signs=UNSIGNED
)
def key_value(forgery: Forgery) -> None:
    signed_by(forgery, "A stranger")
    (info,) = each(forgery, "ds:KeyInfo")
    for node in list(info):
        info.remove(node)
    numbers = public_numbers("A stranger")
    value = child(child(info, "KeyValue"), "RSAKeyValue")
    for tag, number in zip(("Modulus", "Exponent"), numbers, strict=True):
        child(value, tag).text = number


@table.attack("A self-signed certificate with the same subject", WRONG, signs=UNSIGNED)
def namesake(forgery: Forgery) -> None:
    keys = key_pair.__wrapped__()
    forgery.name_id.text = GRADY
    other = forgery.provider.with_key("namesake", keys)
    forgery.root = other.sign(forgery.root, "assertion")


@table.attack("Assertion signed truly, response by a stranger", WRONG)
def half(forgery: Forgery) -> None:
    other = forgery.provider.with_key("stranger", key_pair("A stranger"))
    forgery.root = other.sign(forgery.root, "response")


@table.attack("HMAC with the public certificate as the key", WEAK, signs=UNSIGNED)
def hmac(forgery: Forgery) -> None:
    forgery.name_id.text = GRADY
    node = xmlsec.template.create(
        forgery.root, xmlsec.Transform.EXCL_C14N, xmlsec.Transform.HMAC_SHA256, ns="ds"
    )
    forgery.assertion.find("saml:Issuer", NAMES).addnext(node)
    ident = forgery.assertion.get("ID")
    reference = xmlsec.template.add_reference(
        node, xmlsec.Transform.SHA256, uri=f"#{ident}"
    )
    for transform in (xmlsec.Transform.ENVELOPED, xmlsec.Transform.EXCL_C14N):
        xmlsec.template.add_transform(reference, transform)
    xmlsec.tree.add_ids(forgery.root, ["ID"])
    context = xmlsec.SignatureContext()
    public = key_pair().certificate.encode()
    context.key = xmlsec.Key.from_binary_data(xmlsec.KeyData.HMAC, public)
    context.sign(node)


# ----------------------------------------------------------------------- weak and odd
def with_sha1(forgery: Forgery) -> None:
    forgery.root = forgery.provider.sign(
        forgery.root, "assertion", sign_alg=RSA_SHA1, digest=SHA1
    )


def with_sha1_digest(forgery: Forgery) -> None:
    forgery.root = forgery.provider.sign(forgery.root, "assertion", digest=SHA1)


table.attack("SHA-1", WEAK, signs=UNSIGNED)(with_sha1)
table.attack("SHA-1 as digest only", WEAK, signs=UNSIGNED)(with_sha1_digest)
table.attack(
    "SHA-1 with Allow SHA-1 Signatures", ACCEPTED, signs=UNSIGNED, allow_sha1=True
)(with_sha1)


@table.attack(
    "SHA-1, changed, with Allow SHA-1 Signatures",
    WRONG,
    signs=UNSIGNED,
    allow_sha1=True,
)
def sha1_changed(forgery: Forgery) -> None:
    with_sha1(forgery)
    forgery.name_id.text = GRADY


def algorithm(forgery: Forgery, path: str, value: str) -> None:
    for node in each(forgery, path):
        node.set("Algorithm", value)


@table.attack("A signature algorithm that nobody knows", WEAK, signs=ANY)
def unknown_method(forgery: Forgery) -> None:
    algorithm(forgery, "ds:SignedInfo/ds:SignatureMethod", "urn:example:none")


@table.attack("MD5", WEAK)
def md5(forgery: Forgery) -> None:
    md5 = "http://www.w3.org/2001/04/xmldsig-more#"
    algorithm(forgery, "ds:SignedInfo/ds:SignatureMethod", f"{md5}rsa-md5")
    algorithm(forgery, "ds:SignedInfo/ds:Reference/ds:DigestMethod", f"{md5}md5")


@table.attack("Another algorithm than it was signed with", WRONG)
def other_method(forgery: Forgery) -> None:
    more = "http://www.w3.org/2001/04/xmldsig-more#"
    algorithm(forgery, "ds:SignedInfo/ds:SignatureMethod", f"{more}rsa-sha512")


@table.attack("XSLT as canonicalization", WRONG)
def xslt_canonicalization(forgery: Forgery) -> None:
    algorithm(forgery, "ds:SignedInfo/ds:CanonicalizationMethod", XSLT)


@table.attack("No signature algorithm at all", WEAK)
def no_method(forgery: Forgery) -> None:
    for node in each(forgery, "ds:SignedInfo/ds:SignatureMethod"):
        del node.attrib["Algorithm"]


# ---------------------------------------------------------------- what it is about
@table.attack("Two References in a signature", WRONG, signs=ANY)
def two_references(forgery: Forgery) -> None:
    for reference in each(forgery, "ds:SignedInfo/ds:Reference"):
        reference.addnext(deepcopy(reference))


@table.attack("No Reference in a signature", WRONG, signs=ANY)
def no_reference(forgery: Forgery) -> None:
    for reference in each(forgery, "ds:SignedInfo/ds:Reference"):
        reference.getparent().remove(reference)


def refer(forgery: Forgery, uri: str | None) -> None:
    for reference in each(forgery, "ds:SignedInfo/ds:Reference"):
        if uri is None:
            del reference.attrib["URI"]
        else:
            reference.set("URI", uri.format(reference.get("URI")[1:]))


URIS = {
    "Reference without URI": None,
    "Reference with an empty URI": "",
    "Reference with an empty fragment": "#",
    "Reference to an ID that is not there": "#_nothing",
    "Reference by XPointer": "#xpointer(id('{0}'))",
    "Reference to the whole document by XPointer": "#xpointer(/)",
    "Reference to another host": "http://127.0.0.1:9/{0}",
    "Reference to a file": "file:///etc/hostname",
    "Reference without the number sign": "{0}",
}
for _name, _uri in URIS.items():
    table.attack(_name, WRONG, signs=ANY)(lambda forgery, uri=_uri: refer(forgery, uri))


@table.attack("The signed element loses its ID", WRONG, signs=ANY)
def no_id(forgery: Forgery) -> None:
    for signature in forgery.signatures:
        del signature.getparent().attrib["ID"]


def transform(forgery: Forgery, value: str) -> None:
    path = "ds:SignedInfo/ds:Reference/ds:Transforms"
    for transforms in each(forgery, path):
        child(transforms, "Transform", Algorithm=value)


for _name, _value in {
    "A transform of XSLT": XSLT,
    "A transform of XPath": XPATH,
    "A transform of XPath Filter 2": "http://www.w3.org/2002/06/xmldsig-filter2",
    "A transform of base-64": f"{DS}base64",
    "A transform of XPointer": "http://www.w3.org/2001/04/xmldsig-more/xptr",
}.items():
    table.attack(_name, WRONG, signs=ANY)(
        lambda forgery, value=_value: transform(forgery, value)
    )


@table.attack("An Object in the signature", WRONG, signs=ANY)
def with_object(forgery: Forgery) -> None:
    for signature in forgery.signatures:
        child(signature, "Object").text = "anything"


@table.attack("A Manifest in the signature", WRONG)
def with_manifest(forgery: Forgery) -> None:
    manifest = child(child(forgery.signature, "Object"), "Manifest")
    (reference,) = each(forgery, "ds:SignedInfo/ds:Reference")
    manifest.append(deepcopy(reference))


@table.attack("KeyInfo that is to be fetched", WRONG)
def retrieval(forgery: Forgery) -> None:
    (info,) = each(forgery, "ds:KeyInfo")
    for node in list(info):
        info.remove(node)
    child(info, "RetrievalMethod", URI="http://127.0.0.1:9/key", Type=f"{DS}X509Data")
    forgery.name_id.text = GRADY


# ------------------------------------------------------------------- where it stands
def moved(forgery: Forgery, parent: Any) -> None:
    forgery.name_id.text = GRADY
    parent.append(forgery.signature)


@table.attack("The signature in Extensions", WRONG, signs=("assertion", "response"))
def in_extensions(forgery: Forgery) -> None:
    extensions = forgery.root.makeelement(f"{{{SAMLP}}}Extensions")
    forgery.find("samlp:Status").addprevious(extensions)
    moved(forgery, extensions)


@table.attack("The signature in StatusDetail", WRONG, signs=("assertion", "response"))
def in_status(forgery: Forgery) -> None:
    detail = etree.SubElement(forgery.find("samlp:Status"), f"{{{SAMLP}}}StatusDetail")
    moved(forgery, detail)


@table.attack("The assertion's signature at the response", WRONG)
def at_response(forgery: Forgery) -> None:
    signature = forgery.signature
    forgery.name_id.text = GRADY
    forgery.find("saml:Issuer").addnext(signature)


@table.attack("The assertion's signature in its Subject", WRONG)
def in_subject(forgery: Forgery) -> None:
    moved(forgery, forgery.find("saml:Assertion/saml:Subject"))


@table.attack("The same signature twice", WRONG, signs=("assertion", "response"))
def twice(forgery: Forgery) -> None:
    forgery.signature.addnext(deepcopy(forgery.signature))


@table.attack("An ID that another element has too", WRONG, signs=ANY)
def duplicate_id(forgery: Forgery) -> None:
    extensions = forgery.root.makeelement(f"{{{SAMLP}}}Extensions")
    forgery.find("samlp:Status").addprevious(extensions)
    for signature in forgery.signatures:
        same = {"Id": signature.getparent().get("ID")}
        etree.SubElement(extensions, "{urn:example}other", same)


def public_numbers(name: str) -> tuple[str, str]:
    """Return modulus and exponent of the key of *name*, as RSAKeyValue has them."""
    import base64

    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    key = x509.load_pem_x509_certificate(
        key_pair(name).certificate.encode()
    ).public_key()
    assert isinstance(key, RSAPublicKey)
    found = key.public_numbers()
    modulus, exponent = (
        base64.b64encode(number.to_bytes((number.bit_length() + 7) // 8)).decode()
        for number in (found.n, found.e)
    )
    return modulus, exponent


@pytest.mark.parametrize("attack", table.attacks, ids=str)
def test_the_verdict_is_that_of_the_table(scene: Scene, attack: Attack) -> None:
    scene.run(attack)
