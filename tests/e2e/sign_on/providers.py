"""What the tests ask of an identity provider, whichever it is."""

from __future__ import annotations

import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol
from urllib.error import HTTPError
from urllib.request import urlopen

from lxml import etree

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from playwright.sync_api import Page

START_UP = 30
"""Seconds that an identity provider may take until it answers."""

NAMES = {
    "md": "urn:oasis:names:tc:SAML:2.0:metadata",
    "ds": "http://www.w3.org/2000/09/xmldsig#",
}


@dataclass(frozen=True)
class ServiceProvider:
    """An organization's service as its metadata describe it, and what it is to get."""

    metadata: bytes
    unsolicited_url: str = ""
    """Where responses go that nobody requested; empty to send none."""
    signs: tuple[str, ...] = ("assertion",)
    encrypts: bool = False

    def _one(self, path: str) -> str:
        found = etree.fromstring(self.metadata).xpath(path, namespaces=NAMES)
        return str(found[0]).strip()

    @property
    def entity_id(self) -> str:
        return self._one("/md:EntityDescriptor/@entityID")

    @property
    def reply_url(self) -> str:
        return self._one("//md:AssertionConsumerService/@Location")

    @property
    def encryption_certificate(self) -> str:
        """In PEM."""
        packed = self._one(
            "//md:KeyDescriptor[@use='encryption']//ds:X509Certificate/text()"
        )
        body = "".join(packed.split())
        lines = "\n".join(body[at : at + 64] for at in range(0, len(body), 64))
        return f"-----BEGIN CERTIFICATE-----\n{lines}\n-----END CERTIFICATE-----\n"


class IdentityProvider(Protocol):
    """A running identity provider, with one service and one person at a time."""

    entity_id: str
    certificate: str

    @property
    def login_url(self) -> str:
        """SAML Portal URL."""
        ...

    def serve(self, service: ServiceProvider) -> None:
        """Answer that service from now on, and as it wants."""
        ...

    def know(self, login: str, attributes: Mapping[str, list[str]]) -> None:
        """Know that person and say these attributes of them."""
        ...

    def sign_in(self, page: Page, login: str) -> None:
        """Do on its page what a person does there."""
        ...

    def metadata(self) -> bytes:
        """What it publishes of itself."""
        ...

    def unsolicited_start(self, service: ServiceProvider) -> str:
        """The address where people begin who come from the identity provider."""
        ...


@contextmanager
def running(
    command: list[str],
    environment: dict[str, str],
    log: Path,
    answers_at: str,
    tls: ssl.SSLContext | None = None,
) -> Iterator[None]:
    """Run *command* for the block, which begins when *answers_at* answers anything."""
    with log.open("ab") as output:
        process = subprocess.Popen(  # noqa: S603 - a program of this machine
            command, env=environment, stdout=output, stderr=subprocess.STDOUT
        )
        try:
            _wait_for(answers_at, process, log, tls)
            yield
        finally:
            process.terminate()
            process.wait(timeout=20)


def _wait_for(
    url: str, process: subprocess.Popen[bytes], log: Path, tls: ssl.SSLContext | None
) -> None:
    deadline = time.monotonic() + START_UP
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urlopen(url, timeout=5, context=tls):  # noqa: S310 - our own address
                return
        except HTTPError as answer:
            answer.close()
            return
        except OSError:
            time.sleep(0.05)
    raise AssertionError(f"The identity provider did not start:\n{log.read_text()}")
