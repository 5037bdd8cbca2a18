"""The package saml-idp of npm, with the library samlp; it has HTTPS by itself."""

from __future__ import annotations

import json
import os
import shutil
import ssl
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.e2e.sign_on.providers import ServiceProvider, running
from tests.live import free_port
from tests.saml.idp import key_pair

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from playwright.sync_api import Page

PACKAGE = Path(__file__).parent / "package.json"
INSTALLED = Path(__file__).resolve().parents[3] / "var" / "sign-on-idp"

ATTRIBUTES = {"displayName": False, "memberOf": True, "department": False}
"""What it says of a person, and whether that may have several values."""

PROFILE = {
    "userName": "nobody@contoso.example",
    "nameIdFormat": "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress",
    **dict.fromkeys(ATTRIBUTES, ""),
}


@dataclass
class SamlIdp:
    """Its pages Settings and Sign in are posted to; what they change, it keeps."""

    address: str
    tls: ssl.SSLContext
    certificate: str
    entity_id: str = "https://idp.contoso.example/saml-idp"

    @property
    def login_url(self) -> str:
        return f"{self.address}/saml/sso"

    def _post(self, path: str, form: Mapping[str, str]) -> None:
        answer = httpx2.post(f"{self.address}{path}", data=form, verify=self.tls)
        assert answer.status_code < 400, answer.text

    def serve(self, service: ServiceProvider) -> None:
        goes_to = service.unsolicited_url or service.reply_url
        form = {
            "audience": service.entity_id,
            "serviceProviderId": service.entity_id,
            **dict.fromkeys(("acsUrl", "recipient", "destination"), goes_to),
            "signAssertion": _said("assertion" in service.signs),
            "signResponse": _said("response" in service.signs),
            "encryptAssertion": _said(service.encrypts),
        }
        if service.encrypts:
            certificate = service.encryption_certificate
            form |= {
                "encryptionCert": certificate,
                "encryptionPublicKey": _public_key(certificate),
                # The library has refused AES-CBC, its setting, since it is insecure.
                "encryptionAlgorithm": "http://www.w3.org/2009/xmlenc11#aes256-gcm",
            }
        self._post("/settings", form)

    def know(self, login: str, attributes: Mapping[str, list[str]]) -> None:
        said = {name: ",".join(attributes.get(name, [])) for name in ATTRIBUTES}
        self._post("/signin", {"userName": login, **said})

    def sign_in(self, page: Page, login: str) -> None:
        # It asks for no password: the form has the person whom it knows.
        assert page.get_by_label("Subject NameID").input_value() == login
        page.get_by_role("button", name="Sign in").click()

    def metadata(self) -> bytes:
        answer = httpx2.get(f"{self.address}/metadata", verify=self.tls)
        return answer.raise_for_status().content

    def unsolicited_start(self, service: ServiceProvider) -> str:
        assert service.unsolicited_url
        return self.login_url


def _said(value: bool) -> str:
    return "true" if value else "false"


def _public_key(certificate: str) -> str:
    key = x509.load_pem_x509_certificate(certificate.encode()).public_key()
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def _install(npm: str) -> None:
    """Install below var/, where a second run finds it."""
    INSTALLED.mkdir(parents=True, exist_ok=True)
    have, wanted = INSTALLED / "package.json", PACKAGE.read_text()
    is_there = have.is_file() and have.read_text() == wanted
    if is_there and (INSTALLED / "node_modules" / "saml-idp").is_dir():
        return
    have.write_text(wanted)
    done = subprocess.run(  # noqa: S603 - the npm of this machine
        [npm, "install", "--no-audit", "--no-fund", "--silent"],
        cwd=INSTALLED,
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )
    if done.returncode:
        have.unlink()
        pytest.skip(f"npm could not install saml-idp: {done.stderr[-300:]}")


@contextmanager
def saml_idp(directory: Path) -> Iterator[SamlIdp]:
    """Run saml-idp for the block; skip where it cannot be had."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not (node and npm):
        pytest.skip("no Node.js for saml-idp: apt-get install nodejs npm")
    _install(npm)
    keys = key_pair("saml-idp")
    key, certificate = directory / "idp.key", directory / "idp.crt"
    key.write_text(keys.key)
    certificate.write_text(keys.certificate)
    config = directory / "config.json"
    config.write_text(json.dumps({"user": PROFILE, "metadata": _attributes()}))
    tls = ssl.create_default_context(cadata=keys.certificate)
    tls.check_hostname = False
    port = free_port()
    idp = SamlIdp(f"https://127.0.0.1:{port}", tls, keys.certificate)
    command = [
        *(node, str(INSTALLED / "node_modules" / "saml-idp" / "app.js")),
        *("--host", "127.0.0.1", "--port", str(port), "--issuer", idp.entity_id),
        *("--key", str(key), "--cert", str(certificate), "--configFile", str(config)),
        *("--https", "--httpsPrivateKey", str(key), "--httpsCert", str(certificate)),
        # Both are set again for each service.
        *("--acsUrl", idp.address, "--audience", idp.address),
    ]
    environment = {"PATH": os.environ["PATH"]}
    log = directory / "node.log"
    with running(command, environment, log, f"{idp.address}/metadata", tls):
        yield idp


def _attributes() -> list[dict[str, object]]:
    return [
        {"id": name, "optional": True, "displayName": name, "multiValue": several}
        for name, several in ATTRIBUTES.items()
    ]
