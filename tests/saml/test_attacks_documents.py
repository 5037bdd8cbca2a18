"""Messages that are no SAML, or XML that means harm to its reader."""

from __future__ import annotations

import base64
import socket
import time
from typing import TYPE_CHECKING

import pytest
from lxml import etree

from tests.saml.attacking import ACCEPTED, GRADY, Attack, Forgery, Scene, Table
from tests.saml.provider import NAMES, SAMLP
from zportal.saml.messages import LARGEST

if TYPE_CHECKING:
    from collections.abc import Iterator

table = Table("Documents")

FORMAT = "0xA001"
ENOUGH = 20.0
"""Seconds that no message may take."""


def with_type(forgery: Forgery, declarations: str, text: str) -> None:
    """Declare a document type, and put *text* in place of the name."""
    xml = etree.tostring(forgery.root).decode()
    xml = xml.replace("adele.vance@contoso.example<", f"{text}<")
    forgery.xml = f"<!DOCTYPE r [{declarations}]>{xml}".encode()


def laughs(levels: int) -> str:
    """Return entities of which each holds ten of the one before."""
    lines = ['<!ENTITY a0 "ha">']
    lines += [
        f"<!ENTITY a{level} '{10 * (f'&a{level - 1};')}'>" for level in range(1, levels)
    ]
    return "".join(lines)


for _name, _declarations, _text in (
    ("A document type alone", "", GRADY),
    ("An entity", f'<!ENTITY e "{GRADY}">', "&e;"),
    ("Entities in entities (billion laughs)", laughs(10), "&a9;"),
    (
        "A long entity many times (quadratic blowup)",
        f'<!ENTITY e "{"x" * 50_000}">',
        "&e;" * 20_000,
    ),
    (
        "An external entity of a file",
        '<!ENTITY e SYSTEM "file:///etc/hostname">',
        "&e;",
    ),
    ("A parameter entity", "<!ENTITY % e \"<!ENTITY f 'x'>\">%e;", "&f;"),
    (
        "An attribute with a default, by a document type",
        "<!ATTLIST r ID ID #IMPLIED>",
        GRADY,
    ),
):
    table.attack(_name, FORMAT, is_known=False)(
        lambda forgery, declarations=_declarations, text=_text: with_type(
            forgery, declarations, text
        )
    )


@table.attack("Entities in an attribute", FORMAT, is_known=False)
def attribute_entities(forgery: Forgery) -> None:
    with_type(forgery, laughs(10), "x")
    forgery.replace(' Version="2.0"', ' Version="&a9;"')


@table.attack("An entity that is not declared", FORMAT, is_known=False)
def undeclared(forgery: Forgery) -> None:
    forgery.replace("adele.vance@", "&who;adele.vance@")


# ------------------------------------------------------------------- size and depth
def stuffed(forgery: Forgery, xml: str) -> None:
    """Put *xml* into Extensions of the response, which nothing has signed."""
    forgery.replace(
        "<ns0:Status>", f"<ns0:Extensions>{xml}</ns0:Extensions><ns0:Status>"
    )


@table.attack("Elements 100,000 levels deep", FORMAT, is_known=False)
def deep(forgery: Forgery) -> None:
    stuffed(
        forgery, "<x:x xmlns:x='urn:x'>" + "<x>" * 100_000 + "</x>" * 100_000 + "</x:x>"
    )


@table.attack("100,000 attributes of one element", FORMAT, signs=("response",))
def many_attributes(forgery: Forgery) -> None:
    many = " ".join(f'a{number}=""' for number in range(100_000))
    stuffed(forgery, f"<x xmlns='urn:x' {many}/>")


@table.attack("60,000 attributes of as many namespaces", FORMAT, signs=("response",))
def many_attributes_of_namespaces(forgery: Forgery) -> None:
    numbers = range(60_000)
    many = " ".join(f'xmlns:a{each}="u:{each}" a{each}:b=""' for each in numbers)
    stuffed(forgery, f"<x xmlns='urn:x' {many}/>")


@table.attack("20,000 namespaces of one element", FORMAT, signs=("response",))
def many_namespaces(forgery: Forgery) -> None:
    for node in forgery.root.iterfind(f".//{{{NAMES['ds']}}}CanonicalizationMethod"):
        node.set("Algorithm", "http://www.w3.org/TR/2001/REC-xml-c14n-20010315")
    many = " ".join(f'xmlns:a{number}="u:{number}"' for number in range(20_000))
    forgery.replace("<ns0:Response ", f"<ns0:Response {many} ")


@table.attack("10,000 prefixes to be canonicalized", FORMAT, signs=("response",))
def many_prefixes(forgery: Forgery) -> None:
    tag = "{http://www.w3.org/2001/10/xml-exc-c14n#}InclusiveNamespaces"
    prefixes = " ".join(f"a{number}" for number in range(10_000))
    for node in forgery.root.iterfind(f".//{{{NAMES['ds']}}}Transform"):
        etree.SubElement(node, tag, PrefixList=prefixes)
    stuffed(forgery, f"<x xmlns='urn:x'>{'<y/>' * 100_000}</x>")


@table.attack("200,000 elements", "0xB003", signs=("response",))
def many_elements(forgery: Forgery) -> None:
    stuffed(forgery, f"<x xmlns='urn:x'>{'<y/>' * 200_000}</x>")


@table.attack("10,000 signatures", "0xB003")
def many_signatures(forgery: Forgery) -> None:
    one = f"<Signature xmlns='{NAMES['ds']}'/>"
    stuffed(forgery, f"<x xmlns='urn:x'>{one * 10_000}</x>")


@table.attack("More than 4 MB", "0xE5624", is_known=False)
def too_large(forgery: Forgery) -> None:
    forgery.xml = etree.tostring(forgery.root) + b" " * LARGEST


@table.attack("Just 4 MB", ACCEPTED)
def large(forgery: Forgery) -> None:
    xml = etree.tostring(forgery.root)
    forgery.xml = xml + b" " * (LARGEST - len(xml))


# ------------------------------------------------------------------------- encodings
def encoded_as(forgery: Forgery, encoding: str) -> None:
    xml = etree.tostring(forgery.root).decode()
    head = f'<?xml version="1.0" encoding="{encoding}"?>'
    forgery.xml = (head + xml).encode(encoding)


@table.attack("UTF-16, which XML allows", ACCEPTED)
def utf16(forgery: Forgery) -> None:
    encoded_as(forgery, "UTF-16")


@table.attack("UTF-16 with a document type", FORMAT, is_known=False)
def utf16_type(forgery: Forgery) -> None:
    with_type(forgery, f'<!ENTITY e "{GRADY}">', "&e;")
    xml = (forgery.xml or b"").decode()
    forgery.xml = f'<?xml version="1.0" encoding="UTF-16"?>{xml}'.encode("UTF-16")


@table.attack("UTF-7", FORMAT, is_known=False)
def utf7(forgery: Forgery) -> None:
    xml = etree.tostring(forgery.root).decode().replace("<", "+ADw-")
    forgery.xml = f'<?xml version="1.0" encoding="UTF-7"?>{xml}'.encode()


@table.attack("An encoding that nobody knows", FORMAT, is_known=False)
def unknown_encoding(forgery: Forgery) -> None:
    xml = etree.tostring(forgery.root)
    forgery.xml = b'<?xml version="1.0" encoding="x-none"?>' + xml


@table.attack("A NUL byte", FORMAT, is_known=False)
def nul(forgery: Forgery) -> None:
    forgery.replace("adele.vance@", "adele\0vance@")


@table.attack("A NUL as character reference", FORMAT, is_known=False)
def nul_reference(forgery: Forgery) -> None:
    forgery.replace("adele.vance@", "adele&#0;vance@")


@table.attack("Bytes that are no UTF-8", FORMAT, is_known=False)
def no_utf8(forgery: Forgery) -> None:
    forgery.xml = etree.tostring(forgery.root).replace(b"adele.vance@", b"\xff\xfe@")


# ---------------------------------------------------------------------- the form field
def as_base64(forgery: Forgery) -> str:
    return base64.b64encode(etree.tostring(forgery.root)).decode()


@table.attack("Base-64 that is cut", FORMAT, is_known=False)
def cut(forgery: Forgery) -> None:
    whole = as_base64(forgery)
    forgery.encoded = whole[: len(whole) // 2 - 1]


@table.attack("No base-64", FORMAT, is_known=False)
def no_base64(forgery: Forgery) -> None:
    forgery.encoded = etree.tostring(forgery.root).decode()


@table.attack("Letters that are no base-64 between", FORMAT, is_known=False)
def noise(forgery: Forgery) -> None:
    forgery.encoded = "-_!*".join(as_base64(forgery))


@table.attack("Letters that are no ASCII", FORMAT, is_known=False)
def no_ascii(forgery: Forgery) -> None:
    forgery.encoded = "ß" + as_base64(forgery)


@table.attack("Base-64 of nothing", FORMAT, is_known=False)
def nothing(forgery: Forgery) -> None:
    forgery.encoded = base64.b64encode(b" ").decode()


@table.attack("An empty field", FORMAT, is_known=False)
def empty(forgery: Forgery) -> None:
    forgery.encoded = ""


@table.attack("No field", FORMAT, is_known=False)
def missing(forgery: Forgery) -> None:
    forgery.fields = {"SAMLResponse": None}


@table.attack("The field twice, the true one first", "0xB003")
def field_twice(forgery: Forgery) -> None:
    true = as_base64(forgery)
    forgery.name_id.text = GRADY
    forgery.fields = {"SAMLResponse": [true, as_base64(forgery)]}


@table.attack("The field twice, the true one last: it alone is read", ACCEPTED)
def field_twice_last(forgery: Forgery) -> None:
    true = as_base64(forgery)
    forgery.name_id.text = GRADY
    forgery.fields = {"SAMLResponse": [as_base64(forgery), true]}


# ------------------------------------------------------------------- another message
@table.attack("A message of another kind", FORMAT, is_known=False)
def other_message(forgery: Forgery) -> None:
    forgery.root = forgery.provider.signed_sign_off()


@table.attack("An assertion without response", FORMAT, is_known=False)
def bare(forgery: Forgery) -> None:
    forgery.root = forgery.assertion


@table.attack("A response of another namespace", FORMAT, is_known=False)
def other_namespace(forgery: Forgery) -> None:
    forgery.replace(SAMLP, "urn:oasis:names:tc:SAML:1.0:protocol")


@table.attack("Two documents in one", FORMAT, is_known=False)
def two_documents(forgery: Forgery) -> None:
    forgery.xml = etree.tostring(forgery.root) * 2


@table.attack("Another version of SAML", "0xA022")
def version(forgery: Forgery) -> None:
    forgery.root.set("Version", "1.1")


@table.attack("A response without ID", "0xA022")
def no_id(forgery: Forgery) -> None:
    del forgery.root.attrib["ID"]


@table.attack("What no schema of SAML has", "0xA022")
def no_schema(forgery: Forgery) -> None:
    etree.SubElement(forgery.root, "{urn:x}Surprise")


@table.attack("XInclude of a file: left as it is", ACCEPTED)
def xinclude(forgery: Forgery) -> None:
    stuffed(
        forgery,
        '<x:include xmlns:x="http://www.w3.org/2001/XInclude" '
        'href="file:///etc/hostname" parse="text"/>',
    )


@pytest.mark.parametrize("attack", table.attacks, ids=str)
def test_the_verdict_is_that_of_the_table(scene: Scene, attack: Attack) -> None:
    began = time.monotonic()
    scene.run(attack)
    assert time.monotonic() - began < ENOUGH


# --------------------------------------------------------------- nothing is fetched
@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A server that somebody may be made to ask."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        yield server


FETCHING = {
    "An external entity of another host": (
        '<!DOCTYPE r [<!ENTITY e SYSTEM "{url}">]>',
        "&e;",
        FORMAT,
    ),
    "An external document type": ('<!DOCTYPE r SYSTEM "{url}">', GRADY, FORMAT),
    "An external parameter entity": (
        '<!DOCTYPE r [<!ENTITY % e SYSTEM "{url}">%e;]>',
        GRADY,
        FORMAT,
    ),
}
for _name in FETCHING:
    table.told(_name, FORMAT)


@pytest.mark.parametrize("name", FETCHING)
def test_nothing_is_fetched_for_entities(
    scene: Scene, listener: socket.socket, name: str
) -> None:
    head, text, code = FETCHING[name]
    forgery = scene.forgery()
    xml = etree.tostring(forgery.root).decode()
    xml = xml.replace("adele.vance@contoso.example<", f"{text}<")
    forgery.xml = (head.replace("{url}", address(listener)) + xml).encode()

    response = forgery.post(scene.browser)

    scene.is_refused(response, code, is_known=False)
    assert not was_asked(listener)


@table.told("A schema or stylesheet that is to be fetched: left alone", ACCEPTED)
def test_nothing_is_fetched_for_schemas(scene: Scene, listener: socket.socket) -> None:
    forgery = scene.forgery()
    forgery.root.set(
        "{http://www.w3.org/2001/XMLSchema-instance}schemaLocation",
        f"urn:x {address(listener)}",
    )
    stuffed(forgery, "<x xmlns='urn:x'/>")
    style = f"<?xml-stylesheet type='text/xsl' href='{address(listener)}'?>"
    forgery.xml = style.encode() + forgery.bytes()

    scene.is_accepted(forgery.post(scene.browser))

    assert not was_asked(listener)


def address(listener: socket.socket) -> str:
    return f"http://127.0.0.1:{listener.getsockname()[1]}/x"


def was_asked(listener: socket.socket) -> bool:
    try:
        connection, _ = listener.accept()
    except TimeoutError:
        return False
    connection.close()
    return True
