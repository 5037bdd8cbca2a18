"""Messages that cost much before their signature is found to be false.

What they cost is measured by ``python -m bench.limits``; here it is the bound that
answers, not the signature.
"""

from __future__ import annotations

from base64 import b64encode

import pytest
from lxml import etree

from scim.models import ProvisioningEvent
from tests.saml.attacking import Attack, Forgery, Scene, Table
from tests.saml.provider import DS, NAMES
from tests.saml.test_attacks_documents import stuffed

table = Table("Work before a signature is proved")

FORMAT, WRONG = "0xA001", "0xB003"
ENVELOPED = f"{DS}enveloped-signature"
EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"


@table.attack("More than 210,000 elements", FORMAT, is_known=False)
def elements(forgery: Forgery) -> None:
    stuffed(forgery, f"<x xmlns='urn:x'>{'<y/>' * 210_000}</x>")


@table.attack("More than 210,000 XML attributes", FORMAT)
def attributes(forgery: Forgery) -> None:
    many = " ".join(f'a{number}=""' for number in range(50))
    stuffed(forgery, f"<x xmlns='urn:x'>{f'<y {many}/>' * 4_201}</x>")


@table.attack("51 XML attributes of one element", FORMAT)
def attributes_of_one(forgery: Forgery) -> None:
    many = " ".join(f'a{number}=""' for number in range(51))
    stuffed(forgery, f"<x xmlns='urn:x' {many}/>")


@table.attack("More than 20 elements in each other", FORMAT)
def deep(forgery: Forgery) -> None:
    stuffed(forgery, f"<x xmlns='urn:x'>{'<x>' * 18}{'</x>' * 18}</x>")


@table.attack("51 IDs", WRONG)
def idents(forgery: Forgery) -> None:
    many = "".join(f"<y ID='i{number}'/>" for number in range(51))
    stuffed(forgery, f"<x xmlns='urn:x'>{many}</x>")


@table.attack("60,000 transforms in a signature", WRONG)
def transforms(forgery: Forgery) -> None:
    holder = forgery.signature.find("ds:SignedInfo/ds:Reference/ds:Transforms", NAMES)
    for _ in range(60_000):
        etree.SubElement(holder, f"{{{DS}}}Transform", Algorithm=EXCLUSIVE)


@table.attack("100,000 elements beside the reference of a signature", WRONG)
def parts(forgery: Forgery) -> None:
    holder = forgery.signature.find("ds:SignedInfo", NAMES)
    for _ in range(100_000):
        etree.SubElement(holder, "{urn:x}y")


@table.attack("4,000 well-shaped signatures", WRONG)
def signatures(forgery: Forgery) -> None:
    forgery.signature.remove(forgery.signature.find("ds:KeyInfo", NAMES))
    forgery.signature.find("ds:SignatureValue", NAMES).text = "AAAA"
    one = etree.tostring(forgery.signature).decode()
    stuffed(forgery, f"<x xmlns='urn:x'>{one * 4_000}</x>")


FORGED = "ERROR zportal.saml: forged"


def renamed(forgery: Forgery, ident: str) -> None:
    """Let the assertion have the ID *ident*, and its signature be about that."""
    forgery.assertion.set("ID", ident)
    forgery.signature.find("ds:SignedInfo/ds:Reference", NAMES).set("URI", f"#{ident}")


@table.attack("An ID that is a program of XPath", WRONG)
def xpath(forgery: Forgery) -> None:
    renamed(forgery, "x')|//*[count(//*[count(//*)=0])=1]|id('y")
    forgery.assertion.extend(etree.Element("{urn:x}b") for _ in range(3_000))


@table.attack("An ID that is a line of the log", WRONG)
def log_line(forgery: Forgery) -> None:
    renamed(forgery, f"x\n{FORGED}\x9b31m'")


@table.attack("An ID of letters that are no ASCII", WRONG)
def letters(forgery: Forgery) -> None:
    renamed(forgery, "_größe")


def transformed(forgery: Forgery, *algorithms: str) -> None:
    holder = forgery.signature.find("ds:SignedInfo/ds:Reference/ds:Transforms", NAMES)
    for child in list(holder):
        holder.remove(child)
    for algorithm in algorithms:
        etree.SubElement(holder, f"{{{DS}}}Transform", Algorithm=algorithm)
    forgery.name_id.text = f"\n{FORGED}\x9b31m"


@table.attack("Canonicalization twice, which reads its own output", WRONG)
def twice(forgery: Forgery) -> None:
    transformed(forgery, ENVELOPED, EXCLUSIVE, EXCLUSIVE)


@table.attack("Canonicalization before the signature is taken out", WRONG)
def before(forgery: Forgery) -> None:
    transformed(forgery, EXCLUSIVE, ENVELOPED)


@table.attack("Many prefixes for many elements", FORMAT)
def prefixes(forgery: Forgery) -> None:
    names = " ".join("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"[:50])
    for transform in forgery.signature.iterfind(".//ds:Transform", NAMES):
        tag = f"{{{EXCLUSIVE}}}InclusiveNamespaces"
        etree.SubElement(transform, tag, PrefixList=names)
    stuffed(forgery, f"<x xmlns='urn:x'>{'<y/>' * 10_000}</x>")


@table.attack("Three signatures", WRONG)
def three(forgery: Forgery) -> None:
    one = etree.tostring(forgery.signature).decode()
    stuffed(forgery, f"<x xmlns='urn:x'>{one * 2}</x>")


@pytest.mark.parametrize("attack", table.attacks, ids=str)
def test_the_verdict_is_that_of_the_table(
    scene: Scene, attack: Attack, capfd: pytest.CaptureFixture[str]
) -> None:
    scene.run(attack)

    # libxml2 writes what it cannot read past every logger.
    assert FORGED not in capfd.readouterr().err


DETAILS = {
    "51 IDs": "more than 50 IDs",
    "60,000 transforms in a signature": "has to be about one element",
    "100,000 elements beside the reference of a signature": "has to be about one element",
    "4,000 well-shaped signatures": "4,001 signatures; two are most",
    "An ID that is a program of XPath": "has to be about one element",
    "An ID that is a line of the log": "has to be about one element",
    "Canonicalization twice, which reads its own output": "transform that SAML forbids",
    "Canonicalization before the signature is taken out": "transform that SAML forbids",
    "Three signatures": "3 signatures; two are most",
}


@pytest.mark.parametrize(
    "attack", [each for each in table.attacks if each.name in DETAILS], ids=str
)
def test_it_is_refused_before_the_signature_is_verified(
    scene: Scene, attack: Attack
) -> None:
    scene.run(attack)

    assert DETAILS[attack.name] in ProvisioningEvent.objects.get().detail


@table.told("500,000 elements written in UTF-7, where they cannot be counted", FORMAT)
def test_encodings_are_those_whose_brackets_can_be_counted(scene: Scene) -> None:
    asked = scene.browser.start()
    text = (
        '<?xml version="1.0" encoding="UTF-7"?><Response InResponseTo="{}" '
        'xmlns="urn:oasis:names:tc:SAML:2.0:protocol">{}</Response>'
    )
    xml = text.format(asked.id, "+ADw_/>" * 500_000).encode()

    answer = scene.browser.post(b64encode(xml).decode(), asked.relay_state)

    assert answer.status_code == 404
    assert "0xA001" in answer.content.decode()
    assert "The encoding UTF-7 is not taken." in answer.content.decode()


def test_the_bounds_leave_room_for_4_mb_of_groups(scene: Scene) -> None:
    """Entra names groups by GUID; each value is an element with an XML attribute."""
    groups = [f"7d1e3a52-0f5b-4c0a-9a52-{number:012x}" for number in range(27_000)]

    forgery = scene.forgery(attributes={"urn:example:groups": groups})

    assert len(forgery.bytes()) > 3_500_000
    scene.is_accepted(forgery.post(scene.browser))
