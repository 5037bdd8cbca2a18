"""Encrypted assertions: anybody may encrypt for this service, so it proves nothing."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from lxml import etree

from scim.models import Organization
from tests.saml.attacking import (
    ACCEPTED,
    GRADY,
    SETTINGS,
    Attack,
    Forgery,
    Scene,
    Table,
)
from tests.saml.conftest import configure
from tests.saml.idp import ADELE, key_pair
from tests.saml.provider import NAMES, SAML, parsed
from zportal.encryption import encrypt
from zportal.models import SigningKey

table = Table("Encrypted assertions")

XENC = {"xenc": "http://www.w3.org/2001/04/xmlenc#", **NAMES}
EVIL = f"{ADELE}.evil.example"
UNUSABLE = "0xA022"
WRONG = "0xB003"
UNSIGNED = ("nothing",)
UPN = "urn:example:upn"
OURS = "The service's own key"


def encrypted(forgery: Forgery, name: str = OURS) -> None:
    """Encrypt the assertion as it is now, as pysaml2 does it."""
    forgery.root = forgery.provider.encrypt(forgery.root, key_pair(name).certificate)


@table.attack("An honest message", ACCEPTED)
def honest(forgery: Forgery) -> None:
    encrypted(forgery)


@table.attack("An honest message, with the response signed last", ACCEPTED)
def response_last(forgery: Forgery) -> None:
    encrypted(forgery)
    forgery.root = forgery.provider.sign(forgery.root, "response")


@table.attack("Unsigned, encrypted for this service by anybody", WRONG, signs=UNSIGNED)
def unsigned(forgery: Forgery) -> None:
    forgery.name_id.text = GRADY
    encrypted(forgery)


@table.attack("Changed after signing, then encrypted", WRONG)
def changed(forgery: Forgery) -> None:
    forgery.name_id.text = GRADY
    encrypted(forgery)


@table.attack(
    "Changed after the response was signed, then encrypted", WRONG, signs=("response",)
)
def changed_response(forgery: Forgery) -> None:
    encrypted(forgery)


@table.attack("Encrypted for somebody else", WRONG, recorded=UNUSABLE)
def somebody_else(forgery: Forgery) -> None:
    encrypted(forgery, "Somebody else")


@table.attack("Beside a plain one", WRONG, recorded=UNUSABLE)
def beside(forgery: Forgery) -> None:
    plain = deepcopy(forgery.assertion)
    encrypted(forgery)
    forgery.root.append(plain)


@table.attack("Beside a plain one that nobody signed", WRONG, recorded=UNUSABLE)
def beside_unsigned(forgery: Forgery) -> None:
    plain = deepcopy(forgery.assertion)
    plain.remove(plain.find("ds:Signature", NAMES))
    plain.find("saml:Subject/saml:NameID", NAMES).text = GRADY
    encrypted(forgery)
    forgery.root.append(plain)


@table.attack("Two of them", UNUSABLE)
def two(forgery: Forgery) -> None:
    encrypted(forgery)
    forgery.root.append(deepcopy(forgery.find("saml:EncryptedAssertion")))


@table.attack("One inside Extensions", WRONG)
def extensions(forgery: Forgery) -> None:
    encrypted(forgery)
    hidden = forgery.find("saml:EncryptedAssertion")
    place = forgery.root.makeelement(f"{{{NAMES['samlp']}}}Extensions")
    forgery.find("samlp:Status").addprevious(place)
    place.append(hidden)


def data(forgery: Forgery, path: str) -> Any:
    found = forgery.root.find(f".//saml:EncryptedAssertion/{path}", XENC)
    assert found is not None
    return found


@table.attack("The cipher text is changed", WRONG, recorded=UNUSABLE)
def cipher(forgery: Forgery) -> None:
    encrypted(forgery)
    value = data(forgery, "xenc:EncryptedData/xenc:CipherData/xenc:CipherValue")
    value.text = "".join(value.text.split())[:-64]


@table.attack("The cipher text is empty", WRONG, recorded=UNUSABLE)
def empty(forgery: Forgery) -> None:
    encrypted(forgery)
    data(forgery, "xenc:EncryptedData/xenc:CipherData/xenc:CipherValue").text = ""


@table.attack("Nothing is in EncryptedAssertion", UNUSABLE)
def hollow(forgery: Forgery) -> None:
    encrypted(forgery)
    node = data(forgery, "xenc:EncryptedData")
    node.getparent().remove(node)


@table.attack("No KeyInfo", WRONG, recorded=UNUSABLE)
def no_key_info(forgery: Forgery) -> None:
    encrypted(forgery)
    node = data(forgery, "xenc:EncryptedData/ds:KeyInfo")
    node.getparent().remove(node)


@table.attack("KeyInfo without content", WRONG, recorded=UNUSABLE)
def empty_key_info(forgery: Forgery) -> None:
    encrypted(forgery)
    for node in list(data(forgery, "xenc:EncryptedData/ds:KeyInfo")):
        node.getparent().remove(node)


@table.attack("A key that is to be fetched", WRONG, recorded=UNUSABLE)
def retrieval(forgery: Forgery) -> None:
    encrypted(forgery)
    info = data(forgery, "xenc:EncryptedData/ds:KeyInfo")
    for node in list(info):
        info.remove(node)
    etree.SubElement(info, f"{{{NAMES['ds']}}}RetrievalMethod", URI="#_other")


@table.attack("A cipher that nobody knows", WRONG, recorded=UNUSABLE)
def unknown(forgery: Forgery) -> None:
    encrypted(forgery)
    method = data(forgery, "xenc:EncryptedData/xenc:EncryptionMethod")
    method.set("Algorithm", "urn:example:none")


@table.attack("Cipher text that is to be fetched", WRONG, recorded=UNUSABLE)
def reference(forgery: Forgery) -> None:
    encrypted(forgery)
    holder = data(forgery, "xenc:EncryptedData/xenc:CipherData")
    for node in list(holder):
        holder.remove(node)
    tag = f"{{{XENC['xenc']}}}CipherReference"
    etree.SubElement(holder, tag, URI="file:///etc/hostname")


# -------------------------------------------------------------- what the parser drops
def split(node: Any, middle: Any) -> None:
    node.text = ADELE
    node.insert(0, middle)
    middle.tail = ".evil.example"


@table.attack(
    "A comment inside the encrypted NameID", "0xB0030", says={"name_id": EVIL}
)
def comment(forgery: Forgery) -> None:
    split(forgery.name_id, etree.Comment(""))
    encrypted(forgery)


@table.attack(
    "A comment inside an encrypted attribute with a NameID",
    "0xB0030",
    signs=UNSIGNED,
    login_name_attribute=UPN,
)
def attribute_comment(forgery: Forgery) -> None:
    statement = forgery.find("saml:Assertion/saml:AttributeStatement")
    attribute = etree.SubElement(statement, f"{{{SAML}}}Attribute", Name=UPN)
    value = etree.SubElement(attribute, f"{{{SAML}}}AttributeValue")
    name_id = etree.SubElement(value, f"{{{SAML}}}NameID")
    name_id.text = EVIL
    forgery.root = forgery.provider.sign(forgery.root, "assertion")
    (name_id,) = forgery.root.iterfind(".//saml:AttributeValue/saml:NameID", NAMES)
    split(name_id, etree.Comment(""))
    encrypted(forgery)


@table.attack(
    "A processing instruction inside the encrypted NameID, signed",
    WRONG,
    signs=UNSIGNED,
)
def instruction(forgery: Forgery) -> None:
    split(forgery.name_id, etree.ProcessingInstruction("x", "y"))
    forgery.root = forgery.provider.sign(forgery.root, "assertion")
    encrypted(forgery)


@table.attack("5,000 attributes of one element, encrypted", WRONG, recorded="0xA001")
def many(forgery: Forgery) -> None:
    many = " ".join(f'a{number}=""' for number in range(5_000))
    forgery.replace("<ns1:NameID ", f"<ns1:NameID {many} ")
    forgery.root, forgery.xml = parsed(forgery.bytes().decode()), None
    encrypted(forgery)


@table.attack(
    "10,000 attributes around the cipher text, the response signed",
    WRONG,
    recorded="0xA001",
)
def many_around(forgery: Forgery) -> None:
    encrypted(forgery)
    forgery.root = forgery.provider.sign(forgery.root, "response")
    holder = data(forgery, "xenc:EncryptedData/xenc:CipherData")
    for number in range(10_000):
        holder.set(f"a{number}", "")


@pytest.fixture
def with_key(scene: Scene) -> Scene:
    give_key(scene.browser.organization)
    return scene


def give_key(organization: Organization) -> None:
    keys = key_pair(OURS)
    row = SigningKey.objects.create(
        organization=organization,
        created_by="tests",
        certificate=keys.certificate,
        encrypted_key=encrypt(keys.key),
    )
    configure(organization, signing_key=row, **SETTINGS)


@pytest.mark.parametrize("attack", table.attacks, ids=str)
def test_the_verdict_is_that_of_the_table(with_key: Scene, attack: Attack) -> None:
    with_key.run(attack)


@table.told("Encrypted, while this service has no key", "0xE5637")
def test_without_a_key(scene: Scene) -> None:
    forgery = scene.forgery()
    encrypted(forgery)

    scene.is_refused(forgery.post(scene.browser), "0xE5637")
