"""Messages that ask this service to open something: nothing is, whoever sends them.

Every row is tried with each way to name a file or a host, at the address for unsolicited
responses, with IdP-initiated sign-on switched on and off, and as the answer to a request.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client
from lxml import etree

from tests.saml.attacking import Forgery, Scene, Table
from tests.saml.conftest import configure
from tests.saml.idp import key_pair
from tests.saml.provider import DS, NAMES, SAML
from tests.saml.test_attacks_encryption import OURS, XENC, give_key
from tests.saml.trap import Trap
from zportal.models import SignOnSession

table = Table("What is to be fetched or run")

UNSOLICITED = "0xB001"
XENC_NS = XENC["xenc"]
DSIG11 = "http://www.w3.org/2009/xmldsig11#"
XSLT = "http://www.w3.org/TR/1999/REC-xslt-19991116"
XSL = "http://www.w3.org/1999/XSL/Transform"
XPATH = "http://www.w3.org/TR/1999/REC-xpath-19991116"
ENCRYPTED_KEY = f"{XENC_NS}EncryptedKey"

Mutation = Callable[[Forgery, str], None]
PLACES: dict[str, Mutation] = {}


def place(name: str, code: str = "0xB003") -> Callable[[Mutation], Mutation]:
    """Add what the decorated function asks for: it is given a message and an address."""

    def add(mutate: Mutation) -> Mutation:
        table.told(name, code)(mutate)
        PLACES[name] = mutate
        return mutate

    return add


def encrypted(forgery: Forgery) -> None:
    forgery.root = forgery.provider.encrypt(forgery.root, key_pair(OURS).certificate)


def part(forgery: Forgery, path: str) -> Any:
    found = forgery.root.find(f".//{path}", XENC)
    assert found is not None, path
    return found


def emptied(node: Any) -> Any:
    for child in list(node):
        node.remove(child)
    return node


def transforms(parent: Any, address: str, tag: str = f"{{{DS}}}Transforms") -> None:
    """XSLT that reads *address*, as a transform of *parent*."""
    holder = etree.SubElement(parent, tag)
    transform = etree.SubElement(holder, f"{{{DS}}}Transform", Algorithm=XSLT)
    transform.append(stylesheet(address))


def stylesheet(address: str) -> Any:
    sheet = etree.Element(f"{{{XSL}}}stylesheet", version="1.0")
    template = etree.SubElement(sheet, f"{{{XSL}}}template", match="/")
    etree.SubElement(template, f"{{{XSL}}}copy-of", select=f"document('{address}')|//*")
    return sheet


def cipher_reference(data: Any, address: str) -> Any:
    holder = emptied(data)
    return etree.SubElement(holder, f"{{{XENC_NS}}}CipherReference", URI=address)


DATA = "xenc:EncryptedData/xenc:CipherData"
KEY = "xenc:EncryptedKey/xenc:CipherData"
DATA_INFO = "xenc:EncryptedData/ds:KeyInfo"


@place("CipherReference of the data")
def data_reference(forgery: Forgery, address: str) -> None:
    encrypted(forgery)
    cipher_reference(part(forgery, DATA), address)


@place("CipherReference of the key")
def key_reference(forgery: Forgery, address: str) -> None:
    encrypted(forgery)
    cipher_reference(part(forgery, KEY), address)


@place("CipherReference beside the CipherValue")
def reference_beside(forgery: Forgery, address: str) -> None:
    encrypted(forgery)
    data = part(forgery, DATA)
    data.insert(0, etree.Element(f"{{{XENC_NS}}}CipherReference", URI=address))


@place("CipherReference within the message, with XSLT that reads a file")
def reference_transformed(forgery: Forgery, address: str) -> None:
    encrypted(forgery)
    reference = cipher_reference(part(forgery, DATA), "")
    transforms(reference, address, f"{{{XENC_NS}}}Transforms")


@place("CipherReference of the key within the message, with XSLT that reads a file")
def key_reference_transformed(forgery: Forgery, address: str) -> None:
    encrypted(forgery)
    reference = cipher_reference(part(forgery, KEY), "#xpointer(/)")
    transforms(reference, address, f"{{{XENC_NS}}}Transforms")


@place("RetrievalMethod of the data's key")
def retrieval(forgery: Forgery, address: str) -> None:
    encrypted(forgery)
    info = emptied(part(forgery, DATA_INFO))
    etree.SubElement(info, f"{{{DS}}}RetrievalMethod", URI=address, Type=ENCRYPTED_KEY)


@place("RetrievalMethod before the data's key")
def retrieval_before(forgery: Forgery, address: str) -> None:
    encrypted(forgery)
    method = etree.Element(f"{{{DS}}}RetrievalMethod", URI=address, Type=ENCRYPTED_KEY)
    part(forgery, DATA_INFO).insert(0, method)


@place("RetrievalMethod of a certificate, for the key of the key")
def retrieval_of_key(forgery: Forgery, address: str) -> None:
    encrypted(forgery)
    key = part(forgery, "xenc:EncryptedKey")
    info = etree.Element(f"{{{DS}}}KeyInfo")
    etree.SubElement(
        info,
        f"{{{DS}}}RetrievalMethod",
        URI=address,
        Type="http://www.w3.org/2000/09/xmldsig#rawX509Certificate",
    )
    key.insert(1, info)


@place("RetrievalMethod beside the data")
def retrieval_beside(forgery: Forgery, address: str) -> None:
    encrypted(forgery)
    holder = part(forgery, "saml:EncryptedAssertion")
    etree.SubElement(
        holder, f"{{{DS}}}RetrievalMethod", URI=address, Type=ENCRYPTED_KEY
    )


@place("RetrievalMethod of the key beside, with XSLT that reads a file")
def retrieval_transformed(forgery: Forgery, address: str) -> None:
    encrypted(forgery)
    info = part(forgery, DATA_INFO)
    key = info.find("xenc:EncryptedKey", XENC)
    info.remove(key)
    info.getparent().getparent().append(key)
    method = etree.SubElement(
        info, f"{{{DS}}}RetrievalMethod", URI=f"#{key.get('Id')}", Type=ENCRYPTED_KEY
    )
    transforms(method, address)


@place("KeyInfoReference of the data's key")
def info_reference(forgery: Forgery, address: str) -> None:
    encrypted(forgery)
    info = emptied(part(forgery, DATA_INFO))
    etree.SubElement(info, f"{{{DSIG11}}}KeyInfoReference", URI=address)


@place("KeyInfoReference before the data's key")
def info_reference_before(forgery: Forgery, address: str) -> None:
    encrypted(forgery)
    reference = etree.Element(f"{{{DSIG11}}}KeyInfoReference", URI=address)
    part(forgery, DATA_INFO).insert(0, reference)


@place("KeyInfoReference of the key's key")
def info_reference_of_key(forgery: Forgery, address: str) -> None:
    encrypted(forgery)
    info = etree.Element(f"{{{DS}}}KeyInfo")
    etree.SubElement(info, f"{{{DSIG11}}}KeyInfoReference", URI=address)
    part(forgery, "xenc:EncryptedKey").insert(1, info)


@place("DataReference to elsewhere")
def list_reference(forgery: Forgery, address: str) -> None:
    encrypted(forgery)
    key = part(forgery, "xenc:EncryptedKey")
    holder = etree.SubElement(key, f"{{{XENC_NS}}}ReferenceList")
    etree.SubElement(holder, f"{{{XENC_NS}}}DataReference", URI=address)


@place(
    "A second EncryptedAssertion in Extensions, whose cipher text is elsewhere",
    "0xA022",
)
def hidden(forgery: Forgery, address: str) -> None:
    encrypted(forgery)
    extensions = forgery.root.makeelement(f"{{{NAMES['samlp']}}}Extensions")
    forgery.find("samlp:Status").addprevious(extensions)
    holder = etree.SubElement(extensions, f"{{{SAML}}}EncryptedAssertion")
    data = etree.SubElement(holder, f"{{{XENC_NS}}}EncryptedData")
    cipher = etree.SubElement(data, f"{{{XENC_NS}}}CipherData")
    cipher_reference(cipher, address)


@place("An encrypted NameID beside, whose cipher text is elsewhere")
def name_id(forgery: Forgery, address: str) -> None:
    subject = forgery.name_id.getparent()
    subject.remove(forgery.name_id)
    holder = etree.Element(f"{{{SAML}}}EncryptedID")
    subject.insert(0, holder)
    data = etree.SubElement(holder, f"{{{XENC_NS}}}EncryptedData")
    cipher = etree.SubElement(data, f"{{{XENC_NS}}}CipherData")
    cipher_reference(cipher, address)


# ------------------------------------------------------------------- of signatures
@place("A signature about a file")
def signed_file(forgery: Forgery, address: str) -> None:
    forgery.signature.find("ds:SignedInfo/ds:Reference", NAMES).set("URI", address)


@place("A signature with XSLT that reads a file")
def signed_transformed(forgery: Forgery, address: str) -> None:
    holder = emptied(
        forgery.signature.find("ds:SignedInfo/ds:Reference/ds:Transforms", NAMES)
    )
    transform = etree.SubElement(holder, f"{{{DS}}}Transform", Algorithm=XSLT)
    transform.append(stylesheet(address))


@place("XSLT that reads a file, in place of the signature's canonicalization")
def canonicalized(forgery: Forgery, address: str) -> None:
    method = forgery.signature.find("ds:SignedInfo/ds:CanonicalizationMethod", NAMES)
    method.set("Algorithm", XSLT)
    method.append(stylesheet(address))


@place("RetrievalMethod of the signature's key")
def signature_retrieval(forgery: Forgery, address: str) -> None:
    info = emptied(key_info(forgery))
    etree.SubElement(
        info,
        f"{{{DS}}}RetrievalMethod",
        URI=address,
        Type="http://www.w3.org/2000/09/xmldsig#rawX509Certificate",
    )


@place("KeyInfoReference of the signature's key")
def signature_info_reference(forgery: Forgery, address: str) -> None:
    info = emptied(key_info(forgery))
    etree.SubElement(info, f"{{{DSIG11}}}KeyInfoReference", URI=address)


def key_info(forgery: Forgery) -> Any:
    # Changed, so that the true key does not verify it before the KeyInfo is looked at.
    forgery.signature.find("ds:SignatureValue", NAMES).text = "AAAA"
    return forgery.signature.find("ds:KeyInfo", NAMES)


@pytest.fixture
def trap(tmp_path: Any) -> Iterator[Trap]:
    with Trap(tmp_path) as trap:
        yield trap


@pytest.fixture
def with_key(scene: Scene) -> Scene:
    give_key(scene.browser.organization)
    return scene


def posted(scene: Scene, name: str, address: str, **options: Any) -> Any:
    """Post a message that asks for *address* in the place *name*."""
    forgery = scene.forgery(**options)
    PLACES[name](forgery, address)
    return forgery.post(scene.browser)


@pytest.mark.parametrize("name", PLACES)
def test_the_answer_to_a_request_opens_nothing(
    with_key: Scene, trap: Trap, name: str
) -> None:
    for address in trap.addresses.values():
        response = posted(with_key, name, address)

        trap.assert_untouched()
        page = response.content.decode()
        assert response.status_code == 403
        assert f"<code>{table.rows[name]}</code>" in page
        assert not SignOnSession.objects.exists()


@pytest.mark.parametrize("idp_initiated", [True, False])
@pytest.mark.parametrize("name", PLACES)
def test_a_message_of_a_stranger_opens_nothing(
    with_key: Scene, trap: Trap, name: str, idp_initiated: bool
) -> None:
    organization = with_key.browser.organization
    configure(organization, idp_initiated=idp_initiated)
    url = f"/sso_upd/{organization.pk}"
    for address in trap.addresses.values():
        forgery = with_key.forgery()
        for each in forgery.root.iter():
            each.attrib.pop("InResponseTo", None)
        PLACES[name](forgery, address)
        forgery.url = url
        stranger = Client()

        response = stranger.post(
            url, {"SAMLResponse": forgery.encoded_bytes(), "RelayState": ""}
        )

        trap.assert_untouched()
        assert response.status_code == 403
        if not idp_initiated:
            assert f"<code>{UNSOLICITED}</code>" in response.content.decode()
        assert not SignOnSession.objects.exists()


def test_the_traps_tell_what_is_touched(trap: Trap) -> None:
    assert trap.fifo.read_bytes() == b""

    with pytest.raises(AssertionError, match="FIFO was opened"):
        trap.assert_untouched()
