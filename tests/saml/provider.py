"""The identity provider of pysaml2: nobody here wrote its messages.

pysaml2 lets the program xmlsec1 sign and encrypt by templates of its own. Here the same
library does so inside the process (the package xmlsec, which the product reads
signatures with): no program has to be installed, and none is started for each message.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import xmlsec
from lxml import etree

from tests.saml.idp import ADELE, ENTITY_ID, LOGIN_URL, RSA_SHA256, SHA256, KeyPair

SAML = "urn:oasis:names:tc:SAML:2.0:assertion"
SAMLP = "urn:oasis:names:tc:SAML:2.0:protocol"
DS = "http://www.w3.org/2000/09/xmldsig#"
NAMES = {"saml": SAML, "samlp": SAMLP, "ds": DS}
POST = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
REDIRECT = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
PASSWORD = "urn:oasis:names:tc:SAML:2.0:ac:classes:Password"

AUDIENCE = "zscalerone.net"
DISPLAY_NAME = "urn:oid:2.16.840.1.113730.3.1.241"
"""What pysaml2 makes of displayName; other names it leaves as they are."""

SERVICE = f"""<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata"
  entityID="{AUDIENCE}"><SPSSODescriptor protocolSupportEnumeration="{SAMLP}">
  <SingleLogoutService Binding="{POST}" Location="http://testserver/"/>
  <AssertionConsumerService Binding="{POST}" Location="http://testserver/sfc_sso"
  index="0"/></SPSSODescriptor></EntityDescriptor>"""


@dataclass(frozen=True)
class Says:
    """What the identity provider says, and whom it answers."""

    in_response_to: str | None
    name_id: str = ADELE
    attributes: dict[str, list[str]] = field(
        default_factory=lambda: {"displayName": ["Adele Vance"], "memberOf": ["Sales"]}
    )
    reply_url: str = "http://testserver/sfc_sso"
    audience: str = AUDIENCE


class InProcess:
    """What pysaml2 asks of xmlsec1, with libxmlsec1 itself."""

    def sign_statement(
        self, statement: Any, node_name: str, key_file: str, node_id: str
    ) -> str:
        """Sign the element with the ID *node_id* by the template in it."""
        is_bytes = isinstance(statement, bytes)
        root = parsed(statement.decode() if is_bytes else str(statement))
        [node] = [each for each in root.iter() if each.get("ID") == node_id]
        context = xmlsec.SignatureContext()
        context.key = xmlsec.Key.from_file(str(key_file), xmlsec.KeyFormat.PEM)
        context.register_id(node, "ID")
        context.sign(node.find("ds:Signature", NAMES))
        return str(etree.tostring(root).decode())

    def encrypt_assertion(
        self, statement: str, enc_key: str, template: Any, key_type: str
    ) -> str:
        """Replace the assertion in EncryptedAssertion, for the owner of a certificate."""
        root = parsed(str(statement))
        node = root.find("saml:EncryptedAssertion/saml:Assertion", NAMES)
        keys = xmlsec.KeysManager()
        keys.add_key(xmlsec.Key.from_file(str(enc_key), xmlsec.KeyFormat.CERT_PEM))
        context = xmlsec.EncryptionContext(keys)
        assert key_type == "aes-256"
        context.key = xmlsec.Key.generate(
            xmlsec.KeyData.AES, 256, xmlsec.KeyDataType.SESSION
        )
        context.encrypt_xml(parsed(str(template)), node)
        return str(etree.tostring(root).decode())


class Provider:
    """pysaml2's identity provider, with its key in *directory*."""

    def __init__(self, directory: Path, keys: KeyPair) -> None:
        from saml2.config import IdPConfig
        from saml2.server import Server

        self.directory = directory
        self.key = directory / "key.pem"
        self.certificate = directory / "certificate.pem"
        self.key.write_text(keys.key)
        self.certificate.write_text(keys.certificate)
        policy = {"default": {"lifetime": {"minutes": 15}}}
        sign_on = {"single_sign_on_service": [(LOGIN_URL, REDIRECT)]}
        self.server = Server(
            config=IdPConfig().load(
                {
                    "entityid": ENTITY_ID,
                    "key_file": str(self.key),
                    "cert_file": str(self.certificate),
                    # Some file has to be named; it is never started.
                    "xmlsec_binary": str(self.key),
                    "metadata": {"inline": [SERVICE]},
                    "service": {"idp": {"endpoints": sign_on, "policy": policy}},
                }
            )
        )
        self.server.sec.crypto = InProcess()

    def answer(self, says: Says, signs: str = "", **options: Any) -> Any:
        """Return the element Response; *signs* names what is signed, if anything."""
        from saml2.saml import NAMEID_FORMAT_UNSPECIFIED, NameID

        response = self.server.create_authn_response(
            says.attributes,
            says.in_response_to,
            says.reply_url,
            says.audience,
            name_id=NameID(format=NAMEID_FORMAT_UNSPECIFIED, text=says.name_id),
            authn={"class_ref": PASSWORD},
            sign_assertion=signs in {"assertion", "both"},
            sign_response=signs in {"response", "both"},
            **{"sign_alg": RSA_SHA256, "digest_alg": SHA256, **options},
        )
        return parsed(str(response))

    def sign(
        self, root: Any, signs: str, sign_alg: str = RSA_SHA256, digest: str = SHA256
    ) -> Any:
        """Return *root* with its assertion, itself or both signed, as it is now."""
        if signs in {"assertion", "both"}:
            root = self._signed(
                root, root.find("saml:Assertion", NAMES), sign_alg, digest
            )
        if signs in {"response", "both"}:
            root = self._signed(root, root, sign_alg, digest)
        return root

    def encrypt(self, root: Any, certificate: str) -> Any:
        """Return *root* with its assertion encrypted for the owner of *certificate*."""
        from saml2.sigver import pre_encryption_part

        assertion = root.find("saml:Assertion", NAMES)
        holder = root.makeelement(f"{{{SAML}}}EncryptedAssertion")
        root.replace(assertion, holder)
        holder.append(assertion)
        theirs = self.directory / "theirs.pem"
        theirs.write_text(certificate)
        template = pre_encryption_part(
            msg_enc="http://www.w3.org/2001/04/xmlenc#aes256-cbc"
        )
        encrypted = self.server.sec.crypto.encrypt_assertion(
            etree.tostring(root).decode(), str(theirs), template, "aes-256"
        )
        return parsed(encrypted)

    def with_key(self, name: str, keys: KeyPair) -> Provider:
        """Return the same provider as somebody else would run it, with other keys."""
        directory = self.directory / name
        if not directory.exists():
            directory.mkdir()
        return Provider(directory, keys)

    def _signed(self, root: Any, part: Any, sign_alg: str, digest: str) -> Any:
        from saml2.sigver import pre_signature_part

        ident = part.get("ID")
        public = self.server.sec.my_cert
        template = pre_signature_part(
            ident, public, digest_alg=digest, sign_alg=sign_alg
        )
        part.find("saml:Issuer", NAMES).addnext(parsed(str(template)))
        kind = etree.QName(part)
        signed = self.server.sec.crypto.sign_statement(
            etree.tostring(root).decode(),
            f"{kind.namespace}:{kind.localname}",
            str(self.key),
            ident,
        )
        return parsed(signed)

    def signed_sign_off(self) -> Any:
        """Return a signed LogoutResponse: true, and not about anybody's sign-on."""
        from saml2.saml import Issuer
        from saml2.samlp import LogoutRequest

        response = self.server.create_logout_response(
            LogoutRequest(id="_of_anybody", issuer=Issuer(text=AUDIENCE)),
            [POST],
            sign=True,
            sign_alg=RSA_SHA256,
            digest_alg=SHA256,
        )
        return parsed(str(response))

    def signed_failure(self, in_response_to: str) -> Any:
        """Return a signed Response that says that nobody was signed in."""
        response = self.server.create_error_response(
            in_response_to,
            "http://testserver/sfc_sso",
            info=("urn:oasis:names:tc:SAML:2.0:status:AuthnFailed", "no"),
            sign=True,
            sign_alg=RSA_SHA256,
            digest_alg=SHA256,
        )
        return parsed(str(response))


def parsed(text: str) -> Any:
    return etree.fromstring(text.encode(), etree.XMLParser(huge_tree=True))
