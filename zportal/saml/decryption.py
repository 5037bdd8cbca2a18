"""Opening encrypted assertions, which anybody may have encrypted for this service.

libxmlsec1 carries out what such a message asks for: it would fetch cipher text and keys
from files and other hosts, and run transforms over them. So a closed list says what may
stand in an EncryptedAssertion, and a message with anything else is refused unopened.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import xmlsec
from django.views.decorators.debug import sensitive_variables
from lxml import etree
from onelogin.saml2.constants import OneLogin_Saml2_Constants as Constants

from zportal.saml.codes import Refused

# Without them libxmlsec1 opens no file and no connection, whatever a message names. It
# would still run transforms, which is why the list below is needed too.
xmlsec.cleanup_callbacks()

_XENC = "http://www.w3.org/2001/04/xmlenc#"
_XENC11 = "http://www.w3.org/2009/xmlenc11#"
_DS = Constants.NS_DS

ENCRYPTED_ASSERTION = f"{{{Constants.NS_SAML}}}EncryptedAssertion"
ENCRYPTED_DATA = f"{{{_XENC}}}EncryptedData"
MGF = f"{{{_XENC11}}}MGF"
_ENCRYPTED_KEY = f"{{{_XENC}}}EncryptedKey"
_KEY_INFO = f"{{{_DS}}}KeyInfo"
_METHOD = f"{{{_XENC}}}EncryptionMethod"
_RETRIEVAL = f"{{{_DS}}}RetrievalMethod"
_DATA_REFERENCE = f"{{{_XENC}}}DataReference"
_CIPHER: Mapping[str, Any] = {f"{{{_XENC}}}CipherValue": {}}

_X509_DATA: Mapping[str, Any] = {
    f"{{{_DS}}}X509Certificate": {},
    f"{{{_DS}}}X509IssuerSerial": {
        f"{{{_DS}}}X509IssuerName": {},
        f"{{{_DS}}}X509SerialNumber": {},
    },
    f"{{{_DS}}}X509SKI": {},
    f"{{{_DS}}}X509SubjectName": {},
}
_KEY: Mapping[str, Any] = {
    _METHOD: {f"{{{_DS}}}DigestMethod": {}, MGF: {}},
    _KEY_INFO: {f"{{{_DS}}}X509Data": _X509_DATA},
    f"{{{_XENC}}}CipherData": _CIPHER,
    f"{{{_XENC}}}ReferenceList": {_DATA_REFERENCE: {}},
}
_DATA: Mapping[str, Any] = {
    _METHOD: {},
    _KEY_INFO: {_ENCRYPTED_KEY: _KEY, _RETRIEVAL: {}},
    f"{{{_XENC}}}CipherData": _CIPHER,
}
_CONTENT: Mapping[str, Any] = {ENCRYPTED_DATA: _DATA, _ENCRYPTED_KEY: _KEY}
"""Elements that may stand in each other, each of them once at the most."""

_ATTRIBUTES = {
    ENCRYPTED_DATA: {"Id", "Type"},
    _ENCRYPTED_KEY: {"Id", "Recipient"},
    _METHOD: {"Algorithm"},
    f"{{{_DS}}}DigestMethod": {"Algorithm"},
    MGF: {"Algorithm"},
    _RETRIEVAL: {"Type", "URI"},
    _DATA_REFERENCE: {"URI"},
}
"""XML attributes that elements of the list may have; the others have none."""

CONTENT_ALGORITHMS = {
    f"{_XENC}aes128-cbc",  # SimpleSAMLphp
    f"{_XENC}aes256-cbc",  # Entra
    f"{_XENC11}aes128-gcm",
    f"{_XENC11}aes256-gcm",  # saml-idp
}
KEY_ALGORITHMS = {f"{_XENC}rsa-oaep-mgf1p", f"{_XENC11}rsa-oaep"}
"""OAEP only: who may ask often enough can undo the older RSA 1.5 (xmlenc-core1 5.5)."""


def refuse_several(root: Any) -> None:
    """Raise Refused for more than one EncryptedAssertion in the message."""
    if len(list(root.iter(ENCRYPTED_ASSERTION))) > 1:
        raise Refused("0xA022", "A response has to hold exactly one assertion.")


def check_encrypted(holder: Any) -> None:
    """Raise Refused unless *holder*, an EncryptedAssertion, is as the closed list says.

    Nothing of it is opened, fetched or run.
    """
    _check_listed(holder, _CONTENT)
    data = holder.find(ENCRYPTED_DATA)
    keys = list(holder.iter(_ENCRYPTED_KEY))
    if data is None or len(keys) != 1:
        raise _unlisted("it has to hold one EncryptedData and one EncryptedKey")
    [key] = keys
    if data.get("Type") != f"{_XENC}Element":
        raise _unlisted("EncryptedData has to be of the Type Element")
    _check_method(data, CONTENT_ALGORITHMS)
    _check_method(key, KEY_ALGORITHMS)
    for reference in holder.iter(_DATA_REFERENCE):
        if reference.get("URI") != f"#{data.get('Id')}":
            raise _unlisted("DataReference has to name the EncryptedData")
    for method in holder.iter(_RETRIEVAL):
        # The one reference that is followed: to the key beside, by hand.
        named = {"URI": f"#{key.get('Id')}", "Type": f"{_XENC}EncryptedKey"}
        if key.getparent() is not holder or dict(method.attrib) != named:
            raise _unlisted("RetrievalMethod has to name the EncryptedKey beside")


def _check_listed(node: Any, allowed: Mapping[str, Any]) -> None:
    """Compare what stands in *node* with the list; it is seven elements deep."""
    found = set()
    for child in node.iterchildren("*"):
        if child.tag not in allowed or child.tag in found:
            name = etree.QName(child).localname[:64]
            raise _unlisted(f"there is one {name} too many in it")
        found.add(child.tag)
        if set(child.keys()) - _ATTRIBUTES.get(child.tag, set()):
            name = etree.QName(child).localname
            raise _unlisted(f"{name} has an XML attribute that it must not have")
        _check_listed(child, allowed[child.tag])


def _check_method(node: Any, known: set[str]) -> None:
    method = node.find(_METHOD)
    algorithm = "" if method is None else method.get("Algorithm", "")
    if algorithm not in known:
        raise _unlisted(f"the algorithm “{algorithm[:200]}” is not taken")


def _unlisted(reason: str) -> Refused:
    return Refused("0xA022", f"The encrypted assertion was not opened: {reason}.")


@sensitive_variables()
def decrypt(holder: Any, private_keys: list[str]) -> bytes:
    """Return what *holder* has encrypted, by the first key that opens it.

    *holder* is an EncryptedAssertion that has passed check_encrypted, and is used up;
    keys are in PEM. Raises Refused when none of them opens it.
    """
    data = _without_hints(holder)
    for private_key in private_keys:
        manager = xmlsec.KeysManager()
        manager.add_key(xmlsec.Key.from_memory(private_key, xmlsec.KeyFormat.PEM))
        try:
            return bytes(xmlsec.EncryptionContext(manager).decrypt(data))
        except xmlsec.Error:
            continue
    raise Refused(
        "0xA022",
        "The assertion is encrypted for another certificate than those of this service.",
    )


def _without_hints(holder: Any) -> Any:
    """Return the EncryptedData with its EncryptedKey in it, and with nothing that says
    where else to look for keys."""
    data, [key] = holder.find(ENCRYPTED_DATA), holder.iter(_ENCRYPTED_KEY)
    for node in (key, data):
        for info in node.findall(_KEY_INFO):
            node.remove(info)
    info = data.makeelement(_KEY_INFO)
    info.append(key)
    data.find(_METHOD).addnext(info)
    # Of an element libxmlsec1 makes XML itself, and writes what it cannot read, which
    # a stranger may have chosen, into the log.
    del data.attrib["Type"]
    return data
