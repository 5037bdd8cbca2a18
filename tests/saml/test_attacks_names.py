"""Who the message is about: NameID and attributes that are read in more than one way."""

from __future__ import annotations

from typing import Any

import pytest
from lxml import etree

from tests.saml.attacking import ACCEPTED, Attack, Forgery, Scene, Table
from tests.saml.idp import ADELE
from tests.saml.provider import DISPLAY_NAME, SAML

table = Table("Names")

DOMAIN = "0xB0030"
NO_MAIL = "0xA021"
UNUSABLE = "0xA022"
EVIL = f"{ADELE}.evil.example"
"""A name that the provider gives to anybody; it begins with Adele's."""

UPN = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn"


def split(node: Any, middle: Any) -> None:
    """Put *middle* between Adele's name and the rest of the evil one."""
    node.text = ADELE
    node.insert(0, middle)
    middle.tail = ".evil.example"


# ------------------------------------------------------- NameID, in more than one piece
@table.attack(
    "A comment inside NameID, after signing: the whole name counts",
    DOMAIN,
    signs=("assertion", "response", "both"),
    says={"name_id": EVIL},
)
def comment(forgery: Forgery) -> None:
    split(forgery.name_id, etree.Comment(""))


@table.said("A comment inside NameID, before signing", DOMAIN)
def said_comment(forgery: Forgery) -> None:
    split(forgery.name_id, etree.Comment(""))


@table.attack(
    "A processing instruction inside NameID, after signing",
    DOMAIN,
    says={"name_id": EVIL},
)
def instruction(forgery: Forgery) -> None:
    split(forgery.name_id, etree.ProcessingInstruction("x", "y"))


@table.said("A processing instruction inside NameID, before signing", "0xB003")
def said_instruction(forgery: Forgery) -> None:
    split(forgery.name_id, etree.ProcessingInstruction("x", "y"))


@table.attack("CDATA inside NameID", DOMAIN, says={"name_id": EVIL})
def cdata(forgery: Forgery) -> None:
    forgery.replace(f"{EVIL}<", f"{ADELE}<![CDATA[.evil]]>.example<")


@table.attack("Character references inside NameID", DOMAIN, says={"name_id": EVIL})
def references(forgery: Forgery) -> None:
    forgery.replace(f"{EVIL}<", f"{ADELE}&#46;evil.example<")


@table.attack(
    "An entity reference inside NameID",
    "0xA001",
    is_known=False,
    says={"name_id": EVIL},
)
def entity(forgery: Forgery) -> None:
    forgery.replace(f"{EVIL}<", f"{ADELE}&dot;evil.example<")


@table.said("An element inside NameID", UNUSABLE)
def element(forgery: Forgery) -> None:
    split(forgery.name_id, etree.Element(f"{{{SAML}}}Issuer"))


@table.said("NameID inside NameID", UNUSABLE)
def nested(forgery: Forgery) -> None:
    split(forgery.name_id, etree.Element(f"{{{SAML}}}NameID"))


@table.said("Two NameIDs", UNUSABLE)
def two(forgery: Forgery) -> None:
    other = etree.Element(f"{{{SAML}}}NameID")
    other.text = "grady.archie@contoso.example"
    forgery.name_id.addnext(other)


@table.said("White space around NameID, which does not count", ACCEPTED)
def spaces(forgery: Forgery) -> None:
    forgery.name_id.text = f"\n  {ADELE}\t"


@table.said("White space inside NameID", NO_MAIL)
def space(forgery: Forgery) -> None:
    forgery.name_id.text = "adele.vance @contoso.example"


@table.said("A line break and another name inside NameID", NO_MAIL)
def line(forgery: Forgery) -> None:
    forgery.name_id.text = f"{ADELE}\ngrady.archie@contoso.example"


@table.said("A no-break space inside NameID", NO_MAIL)
def no_break(forgery: Forgery) -> None:
    forgery.name_id.text = "adele.vance\u00a0@contoso.example"


# ---------------------------------------------------------------- NameID as it must be
@table.said("No NameID", "0xE5617")
def missing(forgery: Forgery) -> None:
    forgery.name_id.getparent().remove(forgery.name_id)


@table.said("No Subject", "0xB000")
def no_subject(forgery: Forgery) -> None:
    subject = forgery.find("saml:Assertion/saml:Subject")
    subject.getparent().remove(subject)


@table.said("An empty NameID", "0xE5617")
def empty(forgery: Forgery) -> None:
    forgery.name_id.text = ""


@table.said("A NameID of white space", NO_MAIL)
def blank(forgery: Forgery) -> None:
    forgery.name_id.text = " \n "


@table.said("A NameID of another service", "0xE5617")
def qualified(forgery: Forgery) -> None:
    forgery.name_id.set("SPNameQualifier", "other.example")


@table.said("An encrypted NameID", "0xE5617")
def encrypted(forgery: Forgery) -> None:
    data = etree.fromstring(
        f'<EncryptedID xmlns="{SAML}"><EncryptedData '
        'xmlns="http://www.w3.org/2001/04/xmlenc#"><CipherData><CipherValue>AAAA'
        "</CipherValue></CipherData></EncryptedData></EncryptedID>"
    )
    forgery.name_id.getparent().replace(forgery.name_id, data)


@table.said("A login name that is no e-mail address", NO_MAIL)
def no_mail(forgery: Forgery) -> None:
    forgery.name_id.text = "S-1-5-21-3623811015"


@table.said("A login name with two at signs", NO_MAIL)
def two_ats(forgery: Forgery) -> None:
    forgery.name_id.text = "adele.vance@evil.example@contoso.example"


@table.said("A login name without a local part", NO_MAIL)
def no_local(forgery: Forgery) -> None:
    forgery.name_id.text = "@contoso.example"


@table.said("A login name that is too long", "0xA02B")
def long(forgery: Forgery) -> None:
    forgery.name_id.text = f"{'a' * 300}@contoso.example"


@table.said("A domain that is not registered", DOMAIN)
def domain(forgery: Forgery) -> None:
    forgery.name_id.text = "adele.vance@tailspin.example"


@table.said("A domain below a registered one", DOMAIN)
def subdomain(forgery: Forgery) -> None:
    forgery.name_id.text = "adele.vance@evil.contoso.example"


@table.said("A registered domain with a dot behind", DOMAIN)
def dot(forgery: Forgery) -> None:
    forgery.name_id.text = f"{ADELE}."


@table.said("Other letter case, in which names are the same", ACCEPTED)
def case(forgery: Forgery) -> None:
    forgery.name_id.text = "Adele.Vance@CONTOSO.example"


@table.said("A Cyrillic letter that looks like ours", DOMAIN)
def cyrillic(forgery: Forgery) -> None:
    forgery.name_id.text = "adele.vance@c\u043entoso.example"


@table.said("SQL, which is a name like any other", "0xB0040", auto_provisioning=False)
def sql(forgery: Forgery) -> None:
    forgery.name_id.text = "'OR/**/1=1--@contoso.example"


# ---------------------------------------------------------------------- the attributes
def attribute(forgery: Forgery, *values: Any, name: str = UPN) -> None:
    """Add an attribute with these values, texts or elements."""
    statement = forgery.find("saml:Assertion/saml:AttributeStatement")
    node = etree.SubElement(statement, f"{{{SAML}}}Attribute", Name=name)
    for value in values:
        holder = etree.SubElement(node, f"{{{SAML}}}AttributeValue")
        if isinstance(value, str):
            holder.text = value
        else:
            split(holder, value)


LOGIN: dict[str, Any] = {"login_name_attribute": UPN}


@table.said("The login name from an attribute", ACCEPTED, **LOGIN)
def login(forgery: Forgery) -> None:
    attribute(forgery, ADELE)


@table.said("The login name attribute is missing", "0xB0090", **LOGIN)
def no_login(forgery: Forgery) -> None:
    attribute(forgery, ADELE, name=UPN.upper())


@table.said("The login name attribute is empty", "0xB0090", **LOGIN)
def empty_login(forgery: Forgery) -> None:
    attribute(forgery, "")


@table.said("The login name attribute comes twice", UNUSABLE, **LOGIN)
def two_logins(forgery: Forgery) -> None:
    attribute(forgery, ADELE)
    attribute(forgery, "grady.archie@contoso.example")


@table.said(
    "The login name attribute has two values: the first counts", ACCEPTED, **LOGIN
)
def two_values(forgery: Forgery) -> None:
    attribute(forgery, ADELE, "grady.archie@contoso.example")


@table.said("A comment inside the login name attribute", DOMAIN, **LOGIN)
def login_comment(forgery: Forgery) -> None:
    attribute(forgery, etree.Comment(""))


@table.said("A processing instruction inside it", "0xB003", **LOGIN)
def login_instruction(forgery: Forgery) -> None:
    attribute(forgery, etree.ProcessingInstruction("x", "y"))


@table.said("An element inside it", UNUSABLE, **LOGIN)
def login_element(forgery: Forgery) -> None:
    attribute(forgery, etree.Element("{urn:example}x"))


@table.said("An element inside a NameID inside it", UNUSABLE, **LOGIN)
def login_name_id(forgery: Forgery) -> None:
    attribute(forgery, ADELE)
    (holder,) = (
        node
        for node in forgery.root.iter(f"{{{SAML}}}AttributeValue")
        if node.text == ADELE
    )
    holder.text = None
    inner = etree.SubElement(holder, f"{{{SAML}}}NameID")
    split(inner, etree.Element("{urn:example}x"))


@table.said("An element inside the display name", UNUSABLE)
def display_name(forgery: Forgery) -> None:
    attribute(forgery, etree.Element("{urn:example}x"), name="title")


@table.said("An encrypted attribute", UNUSABLE)
def encrypted_attribute(forgery: Forgery) -> None:
    statement = forgery.find("saml:Assertion/saml:AttributeStatement")
    data = etree.fromstring(
        f'<EncryptedAttribute xmlns="{SAML}"><EncryptedData '
        'xmlns="http://www.w3.org/2001/04/xmlenc#"><CipherData><CipherValue>AAAA'
        "</CipherValue></CipherData></EncryptedData></EncryptedAttribute>"
    )
    statement.append(data)


@table.said(
    "A display name too long for the directory",
    UNUSABLE,
    display_name_attribute=DISPLAY_NAME,
)
def long_display_name(forgery: Forgery) -> None:
    for node in forgery.root.iter(f"{{{SAML}}}AttributeValue"):
        if node.text == "Adele Vance":
            node.text = "A" * 100_000


@table.said("An issuer with a comment inside", "0xB00A5")
def issuer(forgery: Forgery) -> None:
    for node in forgery.root.iter(f"{{{SAML}}}Issuer"):
        comment = etree.Comment("")
        node.insert(0, comment)
        comment.tail = ".evil.example"


@pytest.mark.parametrize("attack", table.attacks, ids=str)
def test_the_verdict_is_that_of_the_table(scene: Scene, attack: Attack) -> None:
    scene.run(attack)
