"""A request says once which host it is for (RFC 9112, 3.2)."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

if TYPE_CHECKING:
    from tests.live import LiveService


def status_of(service: LiveService, path: str, version: str, *hosts: str) -> int:
    url = urlsplit(service.base_url)
    head = [
        f"GET {path} HTTP/{version}",
        f"Authorization: Bearer {service.secret}",
        "Connection: close",
        *(f"Host: {host}" for host in hosts),
    ]
    with socket.create_connection((url.hostname, url.port), timeout=30) as connection:
        connection.sendall("\r\n".join([*head, "", ""]).encode())
        answer = b""
        while block := connection.recv(65536):
            answer += block
    return int(answer.split()[1])


@pytest.mark.parametrize("of_scim", [True, False])
@pytest.mark.parametrize(
    ("version", "hosts", "allowed"),
    [
        ("1.1", ("OWN",), True),
        ("1.1", (), False),
        ("1.1", ("OWN", "OWN"), False),
        ("1.1", ("OWN", "evil.example"), False),
        ("1.1", ("",), False),
        ("1.1", ("evil.example",), False),
        # Before there was such a header: the address that was reached is meant.
        ("1.0", (), True),
        ("1.0", ("OWN", "OWN"), False),
    ],
)
def test_the_host_is_sent_once(
    service: LiveService,
    version: str,
    hosts: tuple[str, ...],
    allowed: bool,
    of_scim: bool,
) -> None:
    own = urlsplit(service.base_url)
    sent = [own.netloc if host == "OWN" else host for host in hosts]
    path = f"{own.path}/Users?count=0" if of_scim else "/sign-in/"

    assert status_of(service, path, version, *sent) == (200 if allowed else 400)
