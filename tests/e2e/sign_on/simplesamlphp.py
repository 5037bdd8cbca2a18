"""SimpleSAMLphp as Debian packages it, on PHP's own server."""

from __future__ import annotations

import json
import os
import secrets
import shutil
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import httpx2
import pytest

from tests.e2e.sign_on.providers import ServiceProvider, running
from tests.e2e.sign_on.tls_front import tls_front
from tests.live import free_port
from tests.saml.idp import key_pair

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from playwright.sync_api import Page

PAGES = Path("/usr/share/simplesamlphp/www")
CONFIGURATION = Path(__file__).parent / "simplesamlphp"
PASSWORD = "Amber-kettle-19"


@dataclass
class SimpleSamlPhp:
    """Its configuration reads settings.json, which is written anew with each change."""

    directory: Path
    address: str
    behind: str
    """Its address without TLS."""
    certificate: str
    entity_id: str = "https://idp.contoso.example/simplesaml"
    settings: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._change(
            address=self.address,
            entity_id=self.entity_id,
            salt=secrets.token_hex(16),
            people={},
            answers={},
        )

    def _change(self, **settings: Any) -> None:
        self.settings |= settings
        text = json.dumps(self.settings)
        (self.directory / "settings.json").write_text(text)

    @property
    def login_url(self) -> str:
        return f"{self.address}/saml2/idp/SSOService.php"

    def serve(self, service: ServiceProvider) -> None:
        metadata = service.metadata
        if service.unsolicited_url:
            metadata = metadata.replace(
                service.reply_url.encode(), service.unsolicited_url.encode()
            )
        if "assertion" not in service.signs:
            # Otherwise it does as our metadata ask.
            metadata = metadata.replace(
                b'WantAssertionsSigned="true"', b'WantAssertionsSigned="false"'
            )
        (self.directory / "sp.xml").write_bytes(metadata)
        self._change(
            answers={
                "saml20.sign.assertion": "assertion" in service.signs,
                "saml20.sign.response": "response" in service.signs,
                "assertion.encryption": service.encrypts,
            }
        )

    def know(self, login: str, attributes: Mapping[str, list[str]]) -> None:
        person = {"mail": [login], **attributes}
        self._change(people={f"{login}:{PASSWORD}": person})

    def sign_in(self, page: Page, login: str) -> None:
        page.get_by_label("Username").fill(login)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Login").click()

    def metadata(self) -> bytes:
        address = f"{self.behind}/saml2/idp/metadata.php"
        return httpx2.get(address).raise_for_status().content

    def unsolicited_start(self, service: ServiceProvider) -> str:
        return f"{self.login_url}?{urlencode({'spentityid': service.entity_id})}"


@contextmanager
def simplesamlphp(directory: Path) -> Iterator[SimpleSamlPhp]:
    """Run SimpleSAMLphp for the block; skip where it is not installed."""
    php = shutil.which("php")
    if not (php and PAGES.is_dir()):
        pytest.skip("no SimpleSAMLphp: apt-get install simplesamlphp php-cli php-xml")
    shutil.copytree(CONFIGURATION, directory, dirs_exist_ok=True)
    keys = key_pair("SimpleSAMLphp")
    key, certificate = directory / "idp.key", directory / "idp.crt"
    key.write_text(keys.key)
    certificate.write_text(keys.certificate)
    environment = {
        "PATH": os.environ["PATH"],
        "SIMPLESAMLPHP_CONFIG_DIR": str(directory / "config"),
    }
    behind = free_port()
    command = [php, "-S", f"127.0.0.1:{behind}", "-t", str(PAGES)]
    with tls_front(certificate, key, behind) as port:
        # By its number it is another site than localhost, where the service is.
        idp = SimpleSamlPhp(
            directory,
            address=f"https://127.0.0.1:{port}",
            behind=f"http://127.0.0.1:{behind}",
            certificate=keys.certificate,
        )
        style = f"{idp.behind}/resources/default.css"
        with running(command, environment, directory / "php.log", style):
            yield idp
